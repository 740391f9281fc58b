#include <cstdio>
int main() { std::puts("leat"); }

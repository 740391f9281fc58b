// The program: hands its arguments, the real world and the terminal to the command line.
#include <string>
#include <vector>

#include "cli/app.h"
#include "cli/console.h"
#include "io/environment.h"
#include "io/terminal.h"

int main(int argc, char** argv) {
  leat::io::PrepareStandardStreams();
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  return leat::cli::Main(leat::io::SystemEnvironment(), leat::cli::SystemConsole(), arguments);
}

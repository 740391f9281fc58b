"""The check of scripts/lint.py that a file includes the standard and fmt headers of what it uses.

Precompiled headers (cmake/headers.cmake) let a file compile that includes too little. Here the names a file uses are
looked up in a table, and one of the headers that declare them must be reached from the file: by itself, or by headers of
src/ that it includes. `make test-includes` proves the same with the compiler, for all names, and takes minutes.
"""

import re
from typing import Iterator

# Header: the names that it declares, as a pattern behind `std::`.
STANDARD = {
    "algorithm": r"sort|stable_sort|find|find_if|find_if_not|any_of|all_of|none_of|min|max|clamp|count|count_if|transform|copy|"
                 r"copy_n|copy_if|fill|fill_n|replace|reverse|remove|remove_if|unique|lower_bound|upper_bound|equal_range|"
                 r"binary_search|merge|max_element|min_element|equal|search|mismatch|rotate|partition|for_each|is_sorted|"
                 r"lexicographical_compare|set_difference|set_intersection|includes|ranges::\w+",
    "array": r"array|to_array",
    "atomic": r"atomic\w*",
    "bit": r"bit_cast|countr_zero|countl_zero|popcount|endian|has_single_bit|bit_ceil|bit_width",
    "cctype": r"isdigit|isalpha|isalnum|isspace|tolower|toupper|isxdigit|isupper|islower|ispunct",
    "charconv": r"from_chars|to_chars|chars_format",
    "chrono": r"chrono",
    "cmath": r"isnan|isfinite|isinf|floor|ceil|pow|sqrt|log10|round|trunc|llround|signbit|fabs|log|exp|ldexp|frexp",
    "condition_variable": r"condition_variable\w*",
    "cstdint": r"u?int(?:8|16|32|64|ptr|max)_t",
    "cstring": r"memcpy|memcmp|memset|memmove|strlen|memchr|strerror|strcmp",
    "deque": r"deque",
    "exception": r"exception|exception_ptr|current_exception|rethrow_exception|terminate",
    "filesystem": r"filesystem",
    "fstream": r"ifstream|ofstream|fstream",
    "functional": r"function|hash|less|greater|reference_wrapper|ref|cref|bind|invoke",
    "future": r"future|promise|async|packaged_task|shared_future",
    "limits": r"numeric_limits",
    "list": r"list",
    "map": r"map|multimap",
    "memory": r"unique_ptr|shared_ptr|weak_ptr|make_unique|make_shared|enable_shared_from_this|addressof",
    "mutex": r"mutex|lock_guard|unique_lock|scoped_lock|once_flag|call_once|recursive_mutex",
    "numeric": r"accumulate|iota|gcd|lcm|reduce",
    "optional": r"optional|nullopt|make_optional",
    "queue": r"queue|priority_queue",
    "set": r"set|multiset",
    "span": r"span",
    "sstream": r"istringstream|ostringstream|stringstream",
    "string": r"string|to_string|stoi|stol|getline|char_traits",
    "string_view": r"string_view",
    "thread": r"thread|this_thread|jthread",
    "tuple": r"tuple|tie|make_tuple|forward_as_tuple",
    "unordered_map": r"unordered_map",
    "unordered_set": r"unordered_set",
    "utility": r"move|forward|pair|make_pair|swap|exchange|index_sequence",
    "variant": r"variant|visit|get_if|holds_alternative|monostate",
    "vector": r"vector",
}
NAMES = {header: re.compile(rf"\bstd::(?:{names})\b") for header, names in STANDARD.items()}
NAMES["fmt/format.h"] = re.compile(r"\bfmt::(?:format|join|format_to|runtime)\b")

# Headers that bring those of others with them, in every library.
ALSO = {
    "chrono": {"thread", "condition_variable", "future", "date/date.h", "date/tz.h"},
    "condition_variable": {"future"},
    "cstdint": {"string", "charconv", "vector", "atomic", "chrono"},
    "exception": {"stdexcept", "string"},
    "functional": {"memory", "string", "string_view", "optional", "variant"},
    "string": {"sstream", "fstream", "fmt/format.h"},
    "string_view": {"string"},
    "tuple": {"map", "functional", "memory", "utility"},
    "utility": {"string", "vector", "map", "memory", "optional", "functional", "algorithm", "variant", "tuple", "set",
                "unordered_map", "fmt/format.h"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:<([^>]+)>|"([^"]+)")', re.M)


class Includes:
    """The library headers that files of a tree reach."""

    def __init__(self, tree):
        self.tree = tree
        self.direct = {}

    def of(self, path: str) -> set:
        """The headers that the file includes: names of libraries' headers, and paths below src/."""
        if path not in self.direct:
            found = INCLUDE.findall(self.tree.text(path))
            self.direct[path] = {library or own for library, own in found}
        return self.direct[path]

    def reached(self, path: str) -> set:
        seen, queue, libraries = {path}, [path], set()
        while queue:
            for name in self.of(queue.pop()):
                own = "src/" + name
                if not (self.tree.root / own).is_file():
                    libraries.add(name)
                elif own not in seen:
                    seen.add(own)
                    queue.append(own)
        return libraries


def missing(tree, paths: list, code_of) -> Iterator[tuple]:
    """(path, offset in the code, name, header) of what is used without a header of it."""
    includes = Includes(tree)
    for path in paths:
        code, reached = code_of(path), includes.reached(path)
        for header, names in NAMES.items():
            match = names.search(code)
            if match and not reached & ({header} | ALSO.get(header, set())):
                yield path, match.start(), match.group(), header

#!/usr/bin/env python3
"""Checks the rules of docs/STYLE.md that a machine can check.

Prints `file:line: error: what, and what to do instead` for every violation and exits with 1 if there is one.
With `--root DIR` another tree of the same layout is checked (used by tests/lint/lint_test.py).
`--no-tools` leaves out clang-format and clang-tidy. clang-tidy runs on request (`make tidy`), since a full pass takes
longer than all tests: LINT_TIDY=src reads the product's files, LINT_TIDY=all also the tests and the files of
src/engine, which take long because of DuckDB's headers. Files found clean are remembered until they change.
"""

import argparse
import concurrent.futures
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Iterator, NamedTuple

import lint_includes

MAX_FILE_BYTES = 256 * 1024
MAX_GOLDEN_BYTES = 3 * 1024 * 1024  # tables of other programs, which nothing here can make again
MAX_FUNCTION_LINES = 70
MAX_FILE_LINES = 600
TIDY_EXCLUDED = re.compile(r"^src/engine/|_test\.cc$")


class Finding(NamedTuple):
    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: error: {self.message}"


class Ban(NamedTuple):
    """A pattern of code (comments and string literals blanked) that only the `allowed` folders or files may contain."""

    pattern: re.Pattern
    allowed: tuple
    message: str

    def applies_to(self, path: str) -> bool:
        if path.endswith("_test.cc") and "_test.cc" in self.allowed:
            return False
        return path.split("/")[1] not in self.allowed and path.removeprefix("src/") not in self.allowed

    def place(self) -> str:
        return f" outside src/{self.allowed[0]}" if self.allowed else ""


# A call of a free function: not a member, not qualified by anything but std:: or the global scope.
def call(names: str) -> str:
    return rf"(?<![\w.>:~])(?:std::|::)?(?:{names})\s*\("


BANS = [
    Ban(re.compile(pattern), allowed, message)
    for pattern, allowed, message in [
        (r"\bstd::filesystem\b|#\s*include\s*<filesystem>", ("io",),
         "std::filesystem; use io::FileSystem and the path functions of io/file_system.h"),
        (r"\bstd::[io]?fstream\b|#\s*include\s*<fstream>|" + call("fopen|freopen|tmpfile"), ("io",),
         "opens a file; use io::FileSystem"),
        (r"(?<![\w>])::(?:open|openat|read|write|close|stat|lstat|mkdir|opendir)\s*\(", ("io",),
         "a file system call; use io::FileSystem"),
        (call("rename|renameat2?|link|linkat|fsync|fdatasync|unlink"), ("io",),
         "a durable change past the helper; use FileSystem::ReplaceFile, CreateFile, Rename or Remove"),
        (r"\b(?:system|steady|high_resolution|utc)_clock\b|" + call("time|gettimeofday|clock_gettime|localtime|gmtime"),
         ("io",), "reads a clock; use io::Clock"),
        (r"\bsleep_(?:for|until)\b|" + call("sleep|usleep|nanosleep"), ("io",), "sleeps; use io::Clock::Sleep"),
        (call("(?:secure_)?getenv"), ("io",), "reads the environment; use io::GetEnv"),
        (call("setenv|unsetenv|putenv|clearenv"), ("io", "_test.cc"), "changes the environment; pass values instead"),
        (r"\brandom_device\b|\bmt19937(?:_64)?\b|" + call("rand|srand|drand48|getrandom"), ("io",),
         "a random source; use io::Random"),
        (r"(?<![\w.>:~])(?:::)?(?:socket|connect|bind|listen|accept|getaddrinfo|curl_\w+)\s*\(", ("io",),
         "talks to the network; use the client in io/"),
        (call("fork|vfork|execve?|execvpe?|execlp?|popen|system|posix_spawnp?"), ("io", "_test.cc"),
         "starts a process; use io/ (tests may, to prove what happens when one dies)"),
        (r"\bstd::(?:cout|cerr|clog)\b|" + call("printf|fprintf|puts|putchar|fputs") + r"|\bfmt::print\s*\(",
         ("cli", "app"), "prints; return text or a Result and let cli/ print it"),
        (r"\bfmt::(?:runtime|vformat(?:_to)?)\b", (),
         "makes a format string at run time, where a brace in a path or a name ends the program; use fmt::format"),
        (r"#\s*include\s*[<\"]duckdb", ("engine",), "DuckDB's headers; use engine/engine.h"),
        (r"#\s*include\s*[<\"]sqlite3", ("state",), "SQLite's header; use the state/ module"),
        (r"#\s*include\s*[<\"]curl/", ("io",), "libcurl's header; use the client in io/"),
        (r"#\s*include\s*[<\"]CLI/", ("cli", "app"), "CLI11's header; belongs into cli/"),
    ]
]

# Written apart so that this file does not contain the words it looks for.
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b")
DISABLED_TEST = re.compile(r"\bDISABLED" r"_\w|\bGTEST" r"_SKIP\b|@unittest\.skip|\.skip" r"Test\(|^\s*skip" r"\s*:")

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')
LITERAL_OR_COMMENT = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<tag>[^()\s\\]{0,16})\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"|'
    r"(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",
    re.S)
INCLUDE_LINE = re.compile(r"^\s*#\s*include\b.*$", re.M)


def blank_literals(text: str) -> str:
    """The code with comments and the contents of literals blanked; lines stay where they are."""
    includes = {m.start(): m.group() for m in INCLUDE_LINE.finditer(text)}

    def blank(match: re.Match) -> str:
        line_start = text.rfind("\n", 0, match.start()) + 1
        if line_start in includes and match.group().startswith('"'):
            return match.group()
        return re.sub(r"[^\n]", " ", match.group())

    return LITERAL_OR_COMMENT.sub(blank, text)


def line_of(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


class Tree:
    """The files of a checkout: those git knows or would add, or all of a folder that is no repository."""

    def __init__(self, root: Path):
        self.root = root
        self.paths = sorted(self._list())

    def _list(self) -> Iterator[str]:
        if (self.root / ".git").exists():
            out = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                                 cwd=self.root, capture_output=True, check=True, text=True).stdout
            for path in out.split("\0"):
                if path and (self.root / path).is_file():
                    yield path
        else:
            for path in self.root.rglob("*"):
                if path.is_file():
                    yield path.relative_to(self.root).as_posix()

    def text(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8", errors="replace")

    def cpp(self, *folders: str) -> list:
        return [p for p in self.paths if p.endswith((".cc", ".h")) and p.startswith(folders)]

    def folders_of_src(self) -> list:
        return sorted({p.split("/")[1] for p in self.paths if p.startswith("src/") and p.count("/") > 1})


def check_layers(tree: Tree) -> Iterator[Finding]:
    ranks = {}
    for number, line in enumerate(tree.text("src/layers.txt").splitlines(), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        if len(words) != 2 or not words[1].isdigit():
            yield Finding("src/layers.txt", number, f"expected 'folder rank', found '{line}'")
            continue
        ranks[words[0]] = int(words[1])
    for folder in tree.folders_of_src():
        if folder not in ranks:
            yield Finding("src/layers.txt", 1, f"src/{folder} has no rank; add it with a decision record")
    for path in tree.cpp("src/"):
        own = path.split("/")[1]
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            target = match.group(1).split("/")[0]
            if "/" not in match.group(1) or not (tree.root / "src" / match.group(1)).is_file():
                if target not in {"duckdb", "duckdb.hpp", "duckdb.h"}:
                    yield Finding(path, number, f'"{match.group(1)}" is no file below src/; use <> for libraries')
            elif target != own and target in ranks and own in ranks and ranks[target] >= ranks[own]:
                yield Finding(path, number, f"{own} (rank {ranks[own]}) includes {target} (rank {ranks[target]}); "
                              "includes point to strictly lower ranks (src/layers.txt)")


def check_bans(tree: Tree) -> Iterator[Finding]:
    for path in tree.cpp("src/"):
        code = blank_literals(tree.text(path))
        for ban in BANS:
            if not ban.applies_to(path):
                continue
            for match in ban.pattern.finditer(code):
                yield Finding(path, line_of(code, match.start()),
                              f"'{match.group().strip()}'{ban.place()}: {ban.message}")


def functions(code: str) -> Iterator[tuple]:
    """(first line, last line) of every outermost function body in code without literals and comments."""
    code = re.sub(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", lambda m: re.sub(r"[^\n]", " ", m.group()), code, flags=re.M)
    depth, function_depth, function_start, head_start = 0, None, 0, 0
    for match in re.finditer(r"[{};]", code):
        token = match.group()
        if token == "{":
            head = code[head_start:match.start()]
            is_scope = re.match(r"\s*(?:template\s*<.*?>\s*)?(?:inline\s+)?(?:namespace|class|struct|union|enum|extern)\b",
                                head, re.S)
            is_function = ")" in head and not is_scope and not head.rstrip().endswith(("=", ","))
            if function_depth is None and is_function:
                function_depth = depth
                function_start = head_start + len(head) - len(head.lstrip())
            depth += 1
        elif token == "}":
            depth -= 1
            if function_depth == depth:
                yield line_of(code, function_start), line_of(code, match.start())
                function_depth = None
        if function_depth is None:
            head_start = match.end()


def check_sizes(tree: Tree) -> Iterator[Finding]:
    for path in tree.paths:
        size = (tree.root / path).stat().st_size
        limit = MAX_GOLDEN_BYTES if path.startswith("tests/golden/") else MAX_FILE_BYTES
        if size > limit:
            yield Finding(path, 1, f"{size} bytes; files in git stay under {limit} (generate or fetch it)")
    for path in tree.cpp("src/", "tests/", "bench/", "fuzz/"):
        text = tree.text(path)
        lines = text.count("\n")
        if lines > MAX_FILE_LINES:
            yield Finding(path, MAX_FILE_LINES, f"{lines} lines; split the file (at most {MAX_FILE_LINES})")
        for first, last in functions(blank_literals(text)):
            if last - first + 1 > MAX_FUNCTION_LINES:
                yield Finding(path, first, f"function of {last - first + 1} lines; split it "
                              f"(at most {MAX_FUNCTION_LINES})")


def check_unfinished(tree: Tree) -> Iterator[Finding]:
    code = (".cc", ".h", ".py", ".sh", ".cmake", ".txt", "Makefile")
    data = (".yml", ".sql")  # only their comments: 'XX' 'X' is an airport in the tests of an example
    for path in tree.paths:
        if not path.endswith(code + data):
            continue
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            comment = re.search("(?:#|--).*", line)
            if match := UNFINISHED.search(line if path.endswith(code) else comment.group() if comment else ""):
                yield Finding(path, number, f"'{match.group()}': finish it, or write an issue")
            if path.startswith(("src/", "tests/")) and (match := DISABLED_TEST.search(line)):
                yield Finding(path, number, f"'{match.group().strip()}': a test runs or is deleted")


def check_readme(tree: Tree) -> Iterator[Finding]:
    if "README.md" not in tree.paths:
        return
    text = tree.text("README.md")
    listed = {m.group(1): line_of(text, m.start()) for m in re.finditer(r"\bsrc/(\w+)", text)}
    for folder in tree.folders_of_src():
        if folder not in listed:
            yield Finding("README.md", 1, f"src/{folder}/ is missing from the list of folders")
    for folder, line in listed.items():
        if folder not in tree.folders_of_src() and not (tree.root / "src" / folder).is_file():
            if folder != "layers":
                yield Finding("README.md", line, f"src/{folder}/ is listed and does not exist")


def check_cmake(tree: Tree) -> Iterator[Finding]:
    text = tree.text("CMakeLists.txt")
    for folder in tree.folders_of_src():
        if f"leat_module({folder}" not in text and f"src/{folder}/" not in text:
            yield Finding("CMakeLists.txt", 1, f"src/{folder}/ is not built; add leat_module({folder} ...)")


def check_includes(tree: Tree) -> Iterator[Finding]:
    code = {path: blank_literals(tree.text(path)) for path in tree.cpp("src/", "tests/", "bench/", "fuzz/")}
    for path, offset, name, header in lint_includes.missing(tree, list(code), code.get):
        yield Finding(path, line_of(code[path], offset), f"'{name}' without #include <{header}>, which only the "
                      "precompiled headers bring; include it")


def check_format(tree: Tree) -> Iterator[Finding]:
    files = tree.cpp("src/", "tests/", "bench/", "fuzz/")
    if not files:
        return
    result = subprocess.run(["clang-format-19", "--dry-run", "-Werror", *files], cwd=tree.root,
                            capture_output=True, text=True)
    first_lines = {}
    for match in re.finditer(r"^(\S+?):(\d+):\d+: error: code should be clang-formatted", result.stderr, re.M):
        first_lines.setdefault(match.group(1), int(match.group(2)))
    for path, line in first_lines.items():
        yield Finding(path, line, "not formatted from here on; run `make fmt`")
    if result.returncode != 0 and not first_lines:
        yield Finding(".clang-format", 1, result.stderr.strip())


class Tidy:
    """clang-tidy over all translation units; a clean result is remembered by the sum of all that it depends on."""

    def __init__(self, tree: Tree):
        self.tree = tree
        self.build = tree.root / "build/release"
        self.cache = tree.root / "build/lint"
        self.config = hashlib.sha256((tree.text(".clang-tidy") + tree.text("CMakeLists.txt")).encode()).hexdigest()

    def key(self, path: str) -> str:
        seen, queue = set(), [path]
        while queue:
            current = queue.pop()
            if current in seen:
                continue
            seen.add(current)
            for line in self.tree.text(current).splitlines():
                if (m := INCLUDE.match(line)) and (self.tree.root / "src" / m.group(1)).is_file():
                    queue.append("src/" + m.group(1))
        digest = hashlib.sha256(self.config.encode())
        for name in sorted(seen):
            digest.update(name.encode() + b"\0" + self.tree.text(name).encode())
        return digest.hexdigest()

    def run(self, path: str) -> list:
        mark = self.cache / self.key(path)
        if mark.exists():
            return []
        result = subprocess.run(["clang-tidy-19", "--quiet", "-p", str(self.build), path], cwd=self.tree.root,
                                capture_output=True, text=True)
        findings = {}
        for match in re.finditer(r"^(\S+?):(\d+):\d+: (?:warning|error): (.*)$", result.stdout, re.M):
            name = os.path.relpath(os.path.join(self.tree.root, match.group(1)), self.tree.root)
            findings[Finding(name, int(match.group(2)), match.group(3))] = None
        if result.returncode != 0 and not findings:
            findings[Finding(path, 1, "clang-tidy failed: " + (result.stderr or result.stdout).strip())] = None
        if not findings:
            mark.touch()
        return list(findings)

    def findings(self) -> Iterator[Finding]:
        if not os.environ.get("LINT_TIDY"):
            return
        if not (self.build / "compile_commands.json").exists():
            yield Finding("CMakeLists.txt", 1, "clang-tidy needs build/release/compile_commands.json; run `make configure`")
            return
        self.cache.mkdir(parents=True, exist_ok=True)
        units = [p for p in self.tree.cpp("src/") if p.endswith(".cc")]
        if os.environ.get("LINT_TIDY") != "all":
            units = [p for p in units if not TIDY_EXCLUDED.search(p)]
        with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            for found in pool.map(self.run, units):
                yield from found


TEXT_CHECKS = [check_layers, check_bans, check_sizes, check_unfinished, check_readme, check_cmake, check_includes]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--no-tools", action="store_true", help="leave out clang-format and clang-tidy")
    options = parser.parse_args()
    tree = Tree(options.root.resolve())
    checks = [lambda check=check: check(tree) for check in TEXT_CHECKS]
    if not options.no_tools:
        checks += [lambda: check_format(tree), lambda: Tidy(tree).findings()]
    seen = set()
    for check in checks:
        for finding in check():
            if finding not in seen:
                seen.add(finding)
                print(finding, flush=True)
    print(f"lint: {len(tree.paths)} files, {len(seen)} errors")
    return 1 if seen else 0


if __name__ == "__main__":
    sys.exit(main())

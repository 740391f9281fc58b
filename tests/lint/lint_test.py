#!/usr/bin/env python3
"""Proves that every rule of scripts/lint.py fires on a bad sample, and stays quiet on a good one."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LINT = ROOT / "scripts" / "lint.py"

GOOD = {
    "src/layers.txt": "# folder rank\nbase 0\nio 1\nengine 4\ncli 9\n",
    "src/base/text.h": "#pragma once\n",
    "src/io/files.cc": '#include <filesystem>\n#include "base/text.h"\nint x = ::open("a", 0);\n',
    "src/engine/run.cc": '#include "duckdb.hpp"\n#include "io/../base/text.h"\n',
    "src/cli/main.cc": "#include <iostream>\nvoid F() { std::cout << 1; }\n",
    "CMakeLists.txt": "leat_module(base)\nleat_module(io)\nleat_module(engine)\nleat_module(cli)\n",
    "README.md": "src/base/ src/io/ src/engine/ src/cli/ and src/layers.txt\n",
}
UNFINISHED = "TO" "DO"
DISABLED = "DISABLED" "_Sum"


def lint(changes: dict) -> tuple:
    """Exit code and output of the lint over the good tree with these files put in (or, with None, left out)."""
    with tempfile.TemporaryDirectory() as folder:
        for path, content in {**GOOD, **changes}.items():
            if content is None:
                continue
            file = Path(folder) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        result = subprocess.run([sys.executable, str(LINT), "--no-tools", "--root", folder], capture_output=True,
                                text=True)
        return result.returncode, result.stdout + result.stderr


class LintTest(unittest.TestCase):
    def expect_clean(self, changes: dict) -> None:
        code, output = lint(changes)
        self.assertEqual(code, 0, output)

    def expect_error(self, changes: dict, *fragments: str) -> None:
        code, output = lint(changes)
        self.assertEqual(code, 1, output)
        for fragment in fragments:
            self.assertIn(fragment, output)

    def test_good_tree_passes(self):
        self.expect_clean({})

    def test_include_of_equal_or_higher_rank_is_an_error(self):
        self.expect_error({"src/base/up.cc": '\n#include "io/files.h"\n', "src/io/files.h": ""},
                          "src/base/up.cc:2: error:", "rank 1")
        self.expect_error({"src/layers.txt": "base 0\nio 0\nengine 4\ncli 9\n"}, "src/io/files.cc:2: error:")

    def test_folder_without_rank_is_an_error(self):
        self.expect_error({"src/util/a.h": "", "CMakeLists.txt": GOOD["CMakeLists.txt"] + "leat_module(util)\n"},
                          "src/util has no rank")

    def test_malformed_layers_line_is_an_error(self):
        self.expect_error({"src/layers.txt": GOOD["src/layers.txt"] + "extra rank five\n"}, "src/layers.txt:6: error:")

    def test_include_of_missing_file_is_an_error(self):
        self.expect_error({"src/io/a.cc": '#include "base/gone.h"\n'}, "src/io/a.cc:1: error:", "no file below src/")

    def test_vendor_headers_outside_their_folder_are_errors(self):
        for header in ["duckdb.hpp", "duckdb/main/connection.hpp", "sqlite3.h", "curl/curl.h", "CLI/CLI.hpp"]:
            with self.subTest(header):
                self.expect_error({"src/base/a.cc": f"\n#include <{header}>\n"}, "src/base/a.cc:2: error:")

    def test_banned_calls_are_errors_outside_their_folder(self):
        for statement in [
            "std::filesystem::path p;", "std::ofstream f;", 'fopen("a", "r");', '::open("a", 0);', "::read(1, b, 2);",
            'rename("a", "b");', "std::rename(a, b);", "::fsync(3);", "link(a, b);", "unlink(a);",
            "auto t = time(nullptr);", "std::chrono::system_clock::now();", "std::chrono::steady_clock::now();",
            "std::this_thread::sleep_for(d);", 'std::getenv("HOME");', "std::random_device r;", "std::mt19937_64 g;",
            "int r = rand();", "socket(1, 2, 3);", "connect(1, a, b);", "curl_easy_init();", "fork();", 'system("ls");',
            "fmt::format(fmt::runtime(text), 1);", "fmt::vformat(text, arguments);",
            "std::cout << 1;", 'printf("x");', 'fprintf(stderr, "x");', 'fmt::print("x");',
        ]:
            with self.subTest(statement):
                self.expect_error({"src/base/a.cc": f"\nvoid F() {{ {statement} }}\n"}, "src/base/a.cc:2: error:")

    def test_members_comments_and_literals_that_look_banned_pass(self):
        for statement in ["files.rename(a);", "clock->time();", "Engine::open(a);", "// printf(1)", 'Log("printf(1)");',
                          "/* std::cout */", "runtime(1);", "sleep_ms(1);", 'auto s = R"(fopen(1))";', "Table::Connect(x);",
                          "std::optional<int> interval_time (3);", "std::bind(f);"]:
            with self.subTest(statement):
                self.expect_clean({"src/base/a.cc": f"#include <functional>\n#include <optional>\nvoid F() {{ {statement}\n }}\n"})

    def test_large_file_is_an_error(self):
        self.expect_error({"docs/blob.bin": "x" * (256 * 1024 + 1)}, "docs/blob.bin:1: error:")

    def test_long_source_file_is_an_error(self):
        self.expect_error({"src/base/a.cc": "int x;\n" * 601}, "601 lines")

    def test_long_function_is_an_error(self):
        body = "  x += 1;\n" * 69
        self.expect_error({"src/base/a.cc": f"namespace n {{\n\nint F(int x)\n    const {{\n{body}}}\n}}\n"},
                          "src/base/a.cc:3: error: function of 72 lines")

    def test_long_method_in_a_class_is_an_error(self):
        body = "    if (x) { y(); }\n" * 70
        self.expect_error({"src/base/a.h": f"class A : public B<int> {{\n  void F() override {{\n{body}  }}\n}};\n"},
                          "src/base/a.h:2: error: function of 72 lines")

    def test_long_class_and_table_of_short_functions_pass(self):
        methods = "  int F() { return 1; }\n" * 80
        rows = '  {"a", F(1)},\n' * 80
        self.expect_clean({"src/base/a.h": f"class A {{\n{methods}}};\nconst Row kRows[] = {{\n{rows}}};\n"})

    def test_unfinished_work_is_an_error(self):
        self.expect_error({"src/base/a.cc": f"\n// {UNFINISHED}: later\n"}, "src/base/a.cc:2: error:")
        self.expect_error({"scripts/a.sh": f"# {UNFINISHED}\n"}, "scripts/a.sh:1: error:")
        self.expect_error({"examples/a.sql": f"select 1 -- {UNFINISHED}\n"}, "examples/a.sql:1: error:")
        self.expect_clean({"examples/a.sql": f"select '{UNFINISHED}'\n"})

    def test_disabled_test_is_an_error(self):
        self.expect_error({"src/base/a_test.cc": f"TEST(Add, {DISABLED}) {{}}\n"}, "src/base/a_test.cc:1: error:")
        self.expect_error({"tests/projects/a/case.yml": "skip" ": true\n"}, "tests/projects/a/case.yml:1: error:")

    def test_readme_that_differs_from_src_is_an_error(self):
        self.expect_error({"README.md": "src/base/ src/io/ src/cli/\n"}, "README.md:1: error:", "src/engine/ is missing")
        self.expect_error({"README.md": GOOD["README.md"] + "src/gone/\n"}, "README.md:2: error:", "does not exist")

    def test_name_without_its_header_is_an_error(self):
        code = '#include "io/files.h"\n// std::map\nstd::vector<int> list;\n'
        self.expect_error({"src/io/files.h": "#pragma once\n", "src/io/list.cc": code},
                          "src/io/list.cc:3: error:", "'std::vector' without #include <vector>")
        self.expect_clean({"src/io/files.h": "#pragma once\n#include <vector>\n", "src/io/list.cc": code})
        self.expect_clean({"src/io/list.cc": '#include <fmt/format.h>\nauto text = fmt::format("std::map");\n'})

    def test_folder_that_is_not_built_is_an_error(self):
        self.expect_error({"CMakeLists.txt": "leat_module(base)\nleat_module(io)\nleat_module(cli)\n"},
                          "CMakeLists.txt:1: error:", "src/engine/")


class ToolsTest(unittest.TestCase):
    def lint(self, changes: dict) -> str:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            config = {name: (ROOT / name).read_text() for name in [".clang-format", ".clang-tidy"]}
            good = {path: content for path, content in GOOD.items() if not path.endswith(".cc")}
            for path, content in {**good, **config, **changes}.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(content.replace("${ROOT}", folder))
            result = subprocess.run([sys.executable, str(LINT), "--root", folder], capture_output=True, text=True,
                                    env={**os.environ, "LINT_TIDY": "src"})
            self.assertEqual(result.returncode, 1)
            return result.stdout

    def test_unformatted_file_is_an_error(self):
        self.assertIn("src/base/bad.cc:2: error: not formatted",
                      self.lint({"src/base/bad.cc": "int a;\nint   b ;\n"}))

    def test_finding_of_clang_tidy_is_an_error(self):
        commands = json.dumps([{"directory": "${ROOT}", "file": "src/base/bad.cc", "command": "c++ -c src/base/bad.cc"}])
        self.assertIn("src/base/bad.cc:1: error: use nullptr",
                      self.lint({"src/base/bad.cc": "int* p = 0;\n", "build/release/compile_commands.json": commands}))

    def test_missing_compile_commands_is_an_error(self):
        self.assertIn("clang-tidy needs build/release/compile_commands.json", self.lint({}))


if __name__ == "__main__":
    unittest.main()

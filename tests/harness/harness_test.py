#!/usr/bin/env python3
"""Proves that tests/run_projects.py notices what it must notice, with a small script in the place of the program."""

import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

RUNNER = Path(__file__).resolve().parent.parent / "run_projects.py"
PROGRAM = """\
    #!/bin/sh
    case $1 in
      init) mkdir -p "$4"; echo "from $3" > "$4/made.txt" ;;
      echo) shift; printf '%s\\n' "$*" ;;
      cat) cat "$2" ;;
      input) cat ;;
      fail) echo "it failed" >&2; exit "$2" ;;
      json) echo '{"run_id": "0b5c0d4e-3f8e-4d0a-9a53-6f1f0a7a2f11", "duration_ms": 17, "tasks": [{"asset": "b"}, {"asset": "a"}]}' ;;
      now) date -u +%Y-%m-%dT%H:%M:%SZ; echo "2001-01-01T00:00:00Z in $PWD after 12 ms" ;;
      wait) trap 'kill $!; exit 130' INT; sleep 5 & wait ;;
      big) head -c 100000 /dev/zero > big || exit 3 ;;
      env) echo "$NAME $FLIGHTS" ;;
    esac
"""


class HarnessTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.root = Path(temporary.name)
        self.program = self.root / "leat"
        self.program.write_text(textwrap.dedent(PROGRAM))
        self.program.chmod(0o755)
        self.case = self.root / "cases/one"
        (self.case / "project").mkdir(parents=True)
        (self.case / "project/data.txt").write_text("from the project\n")

    def run_case(self, text: str, *flags: str) -> subprocess.CompletedProcess:
        (self.case / "case.yml").write_text(textwrap.dedent(text))
        return subprocess.run([sys.executable, str(RUNNER), "--leat", str(self.program), "--cases",
                               str(self.root / "cases"), *flags], capture_output=True, text=True)

    def expect_pass(self, text: str) -> None:
        result = self.run_case(text)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertEqual(result.stdout.splitlines()[-1], "1 passed, 0 failed")

    def expect_fail(self, text: str, *fragments: str) -> None:
        result = self.run_case(text)
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertEqual(result.stdout.splitlines()[-1], "0 passed, 1 failed")
        for fragment in fragments:
            self.assertIn(fragment, result.stdout)

    def test_truncate_keeps_the_beginning_and_refuses_to_cut_nothing(self):
        self.expect_pass('steps: [{truncate: {data.txt: 4}, run: leat cat data.txt, stdout: from}]')
        self.expect_fail('steps: [{truncate: {data.txt: 4000}, run: leat cat data.txt}]', "data.txt", "nothing to cut off")

    def test_exact_output_passes_and_a_difference_is_shown_as_diff(self):
        self.expect_pass('steps: [{run: leat echo hello, stdout: "hello\\n"}]')
        self.expect_fail('steps: [{run: leat echo hello, stdout: "hullo\\n"}]', "step 1: leat echo hello", "-hullo", "+hello")

    def test_unexpected_exit_code_fails_and_shows_the_error_output(self):
        self.expect_pass("steps: [{run: leat fail 2, exit: 2}]")
        self.expect_fail("steps: [{run: leat fail 1}]", "exit code 1, expected 0", "it failed")

    def test_contains_lacks_matches_and_empty(self):
        self.expect_pass("steps: [{run: leat fail 1, exit: 1, stderr: {contains: failed, lacks: [x, y], matches: '^it'}, "
                         "stdout: {empty: true}}]")
        for wrong in ["{contains: success}", "{lacks: failed}", "{matches: '^failed'}", "{empty: true}"]:
            with self.subTest(wrong):
                self.expect_fail(f"steps: [{{run: leat fail 1, exit: 1, stderr: {wrong}}}]", "stderr")

    def test_json_is_compared_as_subset(self):
        self.expect_pass('steps: [{run: leat json, stdout: {json: {run_id: <uuid>, duration_ms: <duration>, '
                         'tasks: [{asset: b}, <any>]}}}]')
        self.expect_pass("steps: [{run: leat json, stdout: {json: {tasks: {any_of: [{asset: a}]}}}}]")
        for wrong in ["{tasks: [{asset: b}]}", "{tasks: [{asset: a}, {asset: b}]}", "{gone: 1}",
                      "{tasks: {any_of: [{asset: c}]}}"]:
            with self.subTest(wrong):
                self.expect_fail(f"steps: [{{run: leat json, stdout: {{json: {wrong}}}}}]", "$.")

    def test_times_of_the_run_are_normalised_and_times_of_data_stay(self):
        self.expect_pass('steps: [{run: leat now, stdout: "<time>\\n2001-01-01T00:00:00Z in ${TMP}/project after <duration>\\n"}]')

    def test_files_are_written_before_the_command_runs(self):
        self.expect_pass('steps: [{write: {a/b.txt: "x\\n"}, run: leat cat a/b.txt, stdout: "x\\n", files: {a/b.txt: "x\\n", c: false}}]')
        self.expect_pass('steps: [{run: leat cat data.txt, stdout: "from the project\\n"}]')
        self.expect_pass('steps: [{write: {z: {base64: aGk=}}, symlink: {l: z}, run: leat cat l, stdout: hi}]')
        self.expect_pass('steps: [{write: {z: {repeat: ab, times: 3, end: c}}, run: leat cat z, stdout: abababc}]')
        self.expect_fail("steps: [{run: leat echo, files: {gone.txt: true}}]", "gone.txt is missing")
        self.expect_fail("steps: [{run: leat echo, files: {data.txt: false}}]", "data.txt exists")

    def test_template_environment_and_input(self):
        project = self.case / "project"
        (project / "data.txt").unlink()
        project.rmdir()
        self.expect_pass('{template: shop, steps: [{run: leat cat made.txt, stdout: "from shop\\n"}]}')
        self.expect_pass('{template: none, env: {NAME: x}, steps: [{run: leat env, stdout: "x \\n"}, '
                         '{run: leat env, env: {NAME: y}, stdout: "y \\n"}, {run: leat input, stdin: abc, stdout: abc}]}')

    def test_signal_timeout_and_limits(self):
        self.expect_pass("steps: [{run: leat wait, signal: {name: INT, after_ms: 300}, within: 2, exit: 130}]")
        self.expect_fail("steps: [{run: leat wait, timeout: 0.3}]", "killed after 0.3 s")
        self.expect_fail("steps: [{run: leat wait, timeout: 0.6, within: 0.2, exit: -9}]", "at most 0.2 s")
        self.expect_pass("steps: [{run: leat big}, {run: leat big, limits: {file_size_bytes: 4096}, exit: 3}]")

    def test_later_steps_do_not_run_after_a_failure(self):
        result = self.run_case("steps: [{run: leat fail 1}, {run: leat fail 9}]")
        self.assertNotIn("step 2", result.stdout)

    def test_wrong_cases_are_failures(self):
        self.expect_fail("steps: [{run: leat echo, stdot: x}]", "unknown keys stdot")
        self.expect_fail("steps: [{run: leat echo, stdout: {contain: x}}]", "unknown keys contain")
        self.expect_fail("steps: [{run: sh -c true}]", "steps run leat")
        self.expect_fail("needs: [moon]\nsteps: [{run: leat echo}]", "needs 'moon'")
        self.expect_fail("template: none\nsteps: [{run: leat echo}]", "either a project/ folder or a `template:`")
        self.expect_fail("steps: [{run: [", "case.yml")
        self.expect_fail("description: nothing\n", "at least `steps`")

    def test_update_rewrites_only_the_expectations(self):
        text = """\
            # a comment
            steps:
              - run: leat echo hello
                stdout: "old"
              - run: leat echo "  two  lines"
                stdout:
                  contains: two   # stays
                  expect: |
                    older
                    text

              - run: leat now
                stdout: ""
            """
        self.assertEqual(self.run_case(text, "--update").returncode, 1)
        updated = (self.case / "case.yml").read_text()
        self.assertEqual(updated, textwrap.dedent("""\
            # a comment
            steps:
              - run: leat echo hello
                stdout: |
                  hello
              - run: leat echo "  two  lines"
                stdout:
                  contains: two   # stays
                  expect: |2
                      two  lines
              - run: leat now
                stdout: |
                  <time>
                  2001-01-01T00:00:00Z in ${TMP}/project after <duration>
            """))
        self.expect_pass(updated)

    def test_filter_selects_cases_and_no_match_is_an_error(self):
        self.assertIn("1 passed", self.run_case("steps: [{run: leat echo}]", "-k", "on").stdout)
        result = self.run_case("steps: [{run: leat echo}]", "-k", "two")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("no case", result.stderr)

    def test_folder_without_case_file_is_an_error(self):
        (self.root / "cases/two").mkdir()
        self.assertIn("without a case.yml: two", self.run_case("steps: [{run: leat echo}]").stderr)


if __name__ == "__main__":
    unittest.main()

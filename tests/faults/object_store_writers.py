#!/usr/bin/env python3
"""Many processes write one table in an object store at the same time.

They append, remove files of their own and compact (object_store_writer.cc). Afterwards the versions in the log have no
gap, each was acknowledged to exactly one process, and the rows are exactly those that the acknowledgements add up to.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness.object_store import ObjectStore  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent
TIMEOUT_S = 3000
WRITERS = 16
COMMITS = 6
COMMITS_IN_LONG_FORM = 200


def environment(extra: dict) -> dict:
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TZ": "UTC", "LC_ALL": "C.UTF-8", **extra}


def run_writers(writer: Path, table: str, commits: int, env: dict) -> list:
    """What was acknowledged, in no particular order."""
    processes = [subprocess.Popen([writer, table, str(number), str(commits)], env=env, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE) for number in range(WRITERS)]
    acknowledged = []
    for number, process in enumerate(processes):
        out, err = process.communicate(timeout=TIMEOUT_S)
        if process.returncode != 0:
            raise AssertionError(f"writer {number} exited with {process.returncode}: {err}")
        acknowledged += [json.loads(line) for line in out.splitlines()]
    return acknowledged


def rows_of(leat: Path, table: str, env: dict) -> list:
    query = f"select writer, number from delta_scan('{table}') order by all"
    result = subprocess.run([leat, "query", query, "-o", "json", "--limit", "1000000"], env=env, text=True, cwd="/",
                            capture_output=True, timeout=TIMEOUT_S)
    if result.returncode != 0:
        raise AssertionError(f"the table cannot be read: {result.stderr}")
    return [(row["writer"], row["number"]) for row in json.loads(result.stdout)]


def check(acknowledged: list, log: Path, rows: list, commits: int) -> str:
    versions = sorted(int(name[:20]) for name in os.listdir(log) if re.fullmatch(r"\d{20}\.json", name))
    if versions != list(range(len(versions))):
        raise AssertionError(f"the log has gaps: {versions}")
    if sorted(entry["version"] for entry in acknowledged) != versions:
        raise AssertionError("not every version was acknowledged to exactly one writer")
    expected = {tuple(entry["added"]) for entry in acknowledged if entry["added"]}
    if len(expected) != WRITERS * commits:
        raise AssertionError(f"{len(expected)} rows were acknowledged of {WRITERS * commits}")
    expected -= {tuple(entry["removed"]) for entry in acknowledged if entry["removed"]}
    if rows != sorted(expected):
        lost, extra = expected - set(rows), [row for row in rows if row not in expected]
        raise AssertionError(f"{len(rows)} rows, {len(expected)} acknowledged; lost {lost}, not expected {extra}")
    return f"{len(versions)} versions, {len(rows)} rows"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leat", type=Path, default=ROOT / "build/release/leat", help="the program to test")
    parser.add_argument("--all", action="store_true", help=f"{COMMITS_IN_LONG_FORM} commits of each process")
    options = parser.parse_args()
    leat = options.leat.resolve()
    commits = COMMITS_IN_LONG_FORM if options.all else COMMITS
    with tempfile.TemporaryDirectory(prefix="leat-writers-") as temporary, ObjectStore(Path(temporary)) as store:
        table, env = store.make_bucket("bucket") + "/t", environment(store.env())
        begun = time.monotonic()
        try:
            acknowledged = run_writers(leat.parent / "leat_object_store_writer", table, commits, env)
            result = check(acknowledged, store.data / "bucket/t/_delta_log", rows_of(leat, table, env), commits)
        except AssertionError as error:
            print(f"FAILED: {error}")
            return 1
        print(f"passed: {WRITERS} writers, {result}, {time.monotonic() - begun:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())

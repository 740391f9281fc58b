#!/usr/bin/env python3
"""Interrupts the real program at random moments of a merge of many rows, and proves that it ends soon and loses nothing.

A project has a merge of --rows rows, which also writes into its quarantine, and a model that reads the merged table.
Everything is built once; then the same run, with another value in every row, is ended again and again, each time at a
random moment:

  ctrl-c    SIGINT: the program ends within two seconds; every table reads as before or as after, no data file is left
            that no table names; the next run makes all of it new
  timeout   the same by the asset's `timeout:`
  kill      SIGKILL: `leat status` tells what did not run, `leat logs` ends with a line that the run was cut off, and
            `leat retry` runs everything that the run still owed

The moments come from the seed, which is printed, and can be given with --seed.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ENDS_WITHIN_S = 2.0
TIMEOUT_S = 300

MERGE = """/* @leat
materialized: merge
key: [id]
timeout: %s
checks: [{name: odd_row, sql: "select * from this where id %% 1000 = 7", on_fail: quarantine}]
@leat */
select range as id, $value as value, md5(cast(range as varchar)) as text
from range($rows)
"""
FILES = {
    "leat.yml": "name: interrupts\nstorage: ./lake\nvars: {value: 0, rows: %d}\n",
    "assets/silver/big.sql": MERGE % "10m",
    "assets/gold/sums.sql": "select min(value) as least, max(value) as greatest, count(*) as rows from silver.big\n",
}


class Failure(Exception):
    """A promise that was broken."""


def environment(value: int) -> dict:
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TZ": "UTC", "NO_COLOR": "1", "LC_ALL": "C.UTF-8",
            "LEAT_VARS_VALUE": str(value)}


class Project:
    def __init__(self, leat: Path, folder: Path, rows: int):
        self.leat, self.folder, self.rows = leat, folder, rows

    def create(self) -> None:
        for name, text in FILES.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text % self.rows if name == "leat.yml" else text)

    def call(self, value: int, *words: str, expected: tuple = (0,)) -> subprocess.CompletedProcess:
        result = subprocess.run([self.leat, *words], cwd=self.folder, env=environment(value), capture_output=True,
                                text=True, timeout=TIMEOUT_S)
        if result.returncode not in expected:
            raise Failure(f"leat {' '.join(words)} exited with {result.returncode}:\n{result.stdout}\n{result.stderr}")
        return result

    def query(self, sql: str) -> list:
        return json.loads(self.call(0, "query", sql, "-o", "json").stdout)

    def value(self) -> int:
        """That of all rows of the merged table, which are all there."""
        row = self.query("select min(value) as least, max(value) as greatest, count(*) as rows, count(distinct id) as ids "
                         "from silver.big")[0]
        kept = self.rows - len(range(7, self.rows, 1000))
        if row["least"] != row["greatest"] or row["rows"] != kept or row["ids"] != kept:
            raise Failure(f"the merged table is neither before nor after: {row}")
        return row["least"]

    def expect_no_orphans(self) -> None:
        for log in self.folder.glob("lake/*/*/_delta_log"):
            named = "".join(entry.read_text() for entry in log.glob("*.json"))
            for file in log.parent.rglob("*.parquet"):
                if "_delta_log" not in file.parts and file.name not in named:
                    raise Failure(f"{file.relative_to(self.folder)} is left over: no table names it")

    def expect_repaired(self, value: int, *words: str) -> None:
        self.call(value, *words)
        if self.value() != value:
            raise Failure(f"after leat {words[0]} the merged table has the value {self.value()}, not {value}")
        sums = self.query("select least, greatest from gold.sums")[0]
        if sums != {"least": value, "greatest": value}:
            raise Failure(f"after leat {words[0]} what reads the merged table is stale: {sums}")


def interrupt(project: Project, value: int, delay_s: float, number: int) -> str:
    run = subprocess.Popen([project.leat, "run"], cwd=project.folder, env=environment(value), stdout=subprocess.DEVNULL,
                           stderr=subprocess.PIPE, text=True)
    time.sleep(delay_s)
    run.send_signal(number)
    begin = time.monotonic()
    try:
        _, errors = run.communicate(timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        run.kill()
        raise Failure("the program does not end") from None
    took_s = time.monotonic() - begin
    if took_s > ENDS_WITHIN_S:
        raise Failure(f"the program ended {took_s:.1f} s after the signal")
    # A signal before the program listens ends it by itself; one after its end finds nothing.
    if run.returncode not in (0, 1, -number):
        raise Failure(f"the program exited with {run.returncode}:\n{errors}")
    return f"ended after {took_s:.2f} s with {run.returncode}"


def try_ctrl_c(project: Project, value: int, delay_s: float) -> str:
    before = project.value()
    said = interrupt(project, value, delay_s, signal.SIGINT)
    after = project.value()
    if after not in (before, value):
        raise Failure(f"the merged table has the value {after}")
    project.expect_no_orphans()
    project.expect_repaired(value, "run", "-q")
    return f"{said}, {'after' if after == value else 'before'}"


def try_timeout(project: Project, value: int, delay_s: float) -> str:
    before = project.value()
    model = project.folder / "assets/silver/big.sql"
    model.write_text(MERGE % f"{max(1, round(delay_s * 1000))}ms")
    begin = time.monotonic()
    result = project.call(value, "run", "-o", "json", expected=(0, 1))
    took_s = time.monotonic() - begin
    task = next(task for task in json.loads(result.stdout)["tasks"] if task["asset"] == "silver.big")
    if task["status"] != "succeeded":
        if "timed out" not in (task["error"] or ""):
            raise Failure(f"the task failed for another reason: {task['error']}")
        attempts = task["attempt"]
        if task["duration_ms"] / 1000 > attempts * (delay_s + ENDS_WITHIN_S) + 5:
            raise Failure(f"{attempts} attempts of {delay_s:.2f} s took {task['duration_ms']} ms")
    after = project.value()
    if after not in (before, value) or (task["status"] == "succeeded") != (after == value):
        raise Failure(f"the task {task['status']}, and the merged table has the value {after}")
    project.expect_no_orphans()
    model.write_text(FILES["assets/silver/big.sql"])
    project.expect_repaired(value, "run", "-q")
    return f"{task['status']} within {took_s:.2f} s"


def try_kill(project: Project, value: int, delay_s: float) -> str:
    said = interrupt(project, value, delay_s, signal.SIGKILL)
    runs = json.loads(project.call(0, "status", "-o", "json").stdout)
    project.value()
    if runs["runs"][0]["error"] == "interrupted":
        owed = [asset["asset"] for asset in runs["assets"] if asset["status"] != "succeeded"]
        if not owed:  # killed between the last task's end and the run's: compaction, notifications
            sums = project.query("select least, greatest from gold.sums")[0]
            if project.value() != value or sums != {"least": value, "greatest": value}:
                raise Failure("the run was interrupted, not all is new, and status shows nothing that it owed")
            return f"{said}; all was done"
        last = project.call(0, "logs").stdout.strip().splitlines()[-1]
        if "cut off" not in last:
            raise Failure(f"the log ends with: {last}")
        project.expect_repaired(value, "retry", "-q")
        return f"{said}; owed {', '.join(owed)}"
    project.expect_repaired(value, "run", "-q")
    return f"{said}; nothing was owed"


KINDS = {"ctrl-c": try_ctrl_c, "timeout": try_timeout, "kill": try_kill}


def measure(project: Project) -> float:
    """How long an undisturbed run takes, other than the first."""
    project.call(0, "run", "-q")
    begin = time.monotonic()
    project.call(1, "run", "-q")
    return time.monotonic() - begin


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leat", type=Path, default=ROOT / "build/release/leat")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=3, help="of each kind")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    arguments = parser.parse_args()
    print(f"interrupts: seed {arguments.seed}, {arguments.rows} rows", flush=True)
    moments = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory(prefix="leat-interrupts-") as folder:
        project = Project(arguments.leat.resolve(), Path(folder), arguments.rows)
        project.create()
        duration_s = measure(project)
        value = 1
        for kind, attempt in KINDS.items():
            for number in range(1, arguments.times + 1):
                value += 1
                delay_s = moments.uniform(0.02, duration_s * 1.05)
                try:
                    said = attempt(project, value, delay_s)
                except Failure as failure:
                    print(f"{kind} {number} at {delay_s:.3f} s of {duration_s:.1f} s: {failure}\n"
                          f"FAILED: repeat with --seed {arguments.seed} --rows {arguments.rows}")
                    return 1
                print(f"{kind} {number} at {delay_s:.3f} s of {duration_s:.1f} s: {said}", flush=True)
                if number % 10 == 0:  # versions pile up
                    shutil.rmtree(project.folder / "lake")
                    project.call(value, "run", "-q", "--full-refresh")
    print(f"passed: {arguments.times} of each kind")
    return 0


if __name__ == "__main__":
    sys.exit(main())

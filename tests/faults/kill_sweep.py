#!/usr/bin/env python3
"""Kills the real program at the system calls that change the disk, and proves that a run afterwards puts all right.

A tiny project (a source, a merge, an interval) is run once and changed, so that the next run writes to every table. That
run is repeated, each time killed by SIGKILL as it enters the N-th call of one kind, N = 1, 2, ... until it completes.
After each kill every table reads as it was before or as it is after that run, and one more plain run makes all tables
equal to those of an undisturbed run. Without --all an evenly spread sample of the points is taken.

strace counts the calls of each thread by itself: a point is the moment at which the first thread makes its N-th call.
Calls of a thread that another one is ahead of are not reached; the commits, which one thread makes, all are.
"""

import argparse
import collections
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# Calls that change what is on the disk. A name with "?" need not exist on this machine.
CALLS = ["?open,openat", "write", "pwrite64", "fsync", "fdatasync", "?link,linkat", "?rename,renameat,renameat2",
         "?unlink,unlinkat", "?mkdir,mkdirat", "ftruncate"]
TABLES = ["bronze.orders", "silver.orders", "gold.days"]
MODEL_COLUMNS = {"bronze.orders": "id, ts, n", "silver.orders": "*", "gold.days": "*"}
TIMEOUT_S = 60
SAMPLE_SECONDS = 50

FILES = {
    "leat.yml": "name: sweep\nstorage: ./lake\nstart: 2026-01-01\n",
    "assets/bronze/orders.yml": "type: source\nfrom: {file: landing/*.csv}\nerror_budget: {rows: 9}\n"
                                "columns: {id: {type: bigint}, ts: {type: timestamp}, n: {type: bigint}}\n",
    "assets/silver/orders.sql": "/* @leat\nmaterialized: merge\nkey: [id]\n@leat */\n"
                                "select id, max_by(ts, ts) as ts, max_by(n, ts) as n from bronze.orders group by id\n",
    "assets/gold/days.sql": "/* @leat\nmaterialized: interval\ntime_column: day\nschedule: \"@daily\"\n@leat */\n"
                            "select cast(ts as date) as day, sum(n) as n from silver.orders\n"
                            "where ts >= $start and ts < $end group by all\n",
    "landing/a.csv": "id,ts,n\n1,2026-01-01T10:00:00Z,1\n2,2026-01-02T10:00:00Z,2\n",
}
CHANGE = "id,ts,n\n2,2026-01-02T11:00:00Z,20\n3,2026-01-03T10:00:00Z,3\nnonsense,2026-01-03T10:00:00Z,4\n"
RUN = ["run", "-j", "1", "--start", "2026-01-01", "--end", "2026-01-04"]


class Failure(Exception):
    """A promise that was broken at a point."""


def environment() -> dict:
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TZ": "UTC", "NO_COLOR": "1", "LC_ALL": "C.UTF-8"}


def call(argv: list, folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run(argv, cwd=folder, env=environment(), capture_output=True, text=True, timeout=TIMEOUT_S)


def must_run(leat: Path, folder: Path) -> None:
    result = call([leat, *RUN], folder)
    if result.returncode != 0:
        raise Failure(f"leat run exited with {result.returncode}:\n{result.stdout}\n{result.stderr}")


def contents(leat: Path, folder: Path, tables: dict) -> dict:
    """Each table's rows as CSV text; a table that cannot be read is a Failure."""
    found = {}
    for table, columns in tables.items():
        result = call([leat, "query", f"select {columns} from {table} order by all", "-o", "csv"], folder)
        if result.returncode != 0:
            raise Failure(f"{table} cannot be read:\n{result.stderr}")
        found[table] = result.stdout
    return found


def prepare(leat: Path, folder: Path) -> None:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    must_run(leat, folder)
    (folder / "landing/b.csv").write_text(CHANGE)


def count_calls(leat: Path, folder: Path) -> dict:
    """How often that thread of an undisturbed run which makes most of them makes each of CALLS."""
    counts = {}
    log = folder.parent / "strace.log"
    for kind in CALLS:
        scratch = folder.parent / "counting"
        shutil.copytree(folder, scratch)
        result = call(["strace", "-f", "-qq", "-o", log, "-e", f"trace={kind}", "-e", "signal=none", leat, *RUN], scratch)
        if result.returncode != 0:
            raise Failure(f"strace -e trace={kind} exited with {result.returncode}:\n{result.stderr}")
        threads = collections.Counter(line.split()[0] for line in log.read_text().splitlines() if "resumed>" not in line)
        counts[kind] = max(threads.values(), default=0)
        shutil.rmtree(scratch)
    return counts


def kill_at(leat: Path, folder: Path, kind: str, number: int) -> bool:
    """Runs, killed at the number-th call; False when the run completed before."""
    names = kind.replace("?", "")
    result = call(["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={kind}", "-e",
                   f"inject={names}:signal=SIGKILL:when={number}", leat, *RUN], folder)
    if result.returncode == 0:
        return False
    if result.returncode not in (-signal.SIGKILL, 128 + signal.SIGKILL):
        raise Failure(f"exit code {result.returncode} instead of death by SIGKILL:\n{result.stderr}")
    return True


def check_point(leat: Path, base: Path, kind: str, number: int, before: dict, after: dict) -> bool:
    """False when the run has fewer than `number` such calls."""
    folder = base.parent / "point"
    shutil.copytree(base, folder)
    try:
        if not kill_at(leat, folder, kind, number):
            return False
        for table, rows in contents(leat, folder, MODEL_COLUMNS).items():
            if rows not in (before[table], after[table]):
                raise Failure(f"{table} is neither as before nor as after:\n{rows}")
        must_run(leat, folder)
        quarantine = {"bronze.orders_quarantine": "source, position, raw"}
        for table, rows in contents(leat, folder, {**MODEL_COLUMNS, **quarantine}).items():
            if rows != after[table]:
                raise Failure(f"after one more run {table} is\n{rows}instead of\n{after[table]}")
        return True
    finally:
        shutil.rmtree(folder)


def points_of(counts: dict, take_all: bool) -> list:
    """(kind, number) in an order that covers every kind early: first, last, middle, quarters, ..."""
    ordered = []
    for kind, count in counts.items():
        step, numbers = max(1, count), []
        while step >= 1 and len(numbers) < count:
            numbers += [n for n in range(1, count + 1, step) if n not in numbers]
            step //= 2
        ordered += [(position, kind, number) for position, number in enumerate(numbers)]
    ordered.sort(key=lambda point: (point[0], CALLS.index(point[1])))
    points = [(kind, number) for _, kind, number in ordered]
    return sorted(points, key=lambda point: (CALLS.index(point[0]), point[1])) if take_all else points


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leat", type=Path, default=ROOT / "build/release/leat", help="the program to test")
    parser.add_argument("--all", action="store_true", help="every point, however long it takes")
    options = parser.parse_args()
    leat = options.leat.resolve()
    if shutil.which("strace") is None:
        sys.exit("error: strace is not installed; run `make setup`")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="leat-kill-") as temporary:
        base, undisturbed = Path(temporary) / "base", Path(temporary) / "undisturbed"
        base.mkdir()
        prepare(leat, base)
        before = contents(leat, base, MODEL_COLUMNS)
        counts = count_calls(leat, base)
        shutil.copytree(base, undisturbed)
        must_run(leat, undisturbed)
        after = contents(leat, undisturbed, {**MODEL_COLUMNS, "bronze.orders_quarantine": "source, position, raw"})
        points = points_of(counts, options.all)
        done = failed = 0
        for kind, number in points:
            if not options.all and time.monotonic() - began > SAMPLE_SECONDS:
                break
            try:
                done += check_point(leat, base, kind, number, before, after)
            except Failure as failure:
                failed += 1
                print(f"FAILED kill at call {number} of {kind}: {failure}", flush=True)
    print(f"{done} of {len(points)} kill points passed, {failed} failed, in {time.monotonic() - began:.0f} s")
    return 1 if failed or done == 0 else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Kills the real program at the system calls that change the disk, or lets them fail, and proves that nothing is lost.

A tiny project (a source, a merge, an interval) is prepared for each operation: a run with new files, `leat maintain`,
`leat restore`. The operation is repeated, each time killed by SIGKILL as it enters the N-th call of one kind, or with
that call failing as on a full or broken disk, N = 1, 2, ... until it completes. After each every table reads as it was
before or as it is after that operation; a program that said it was done has done it; and the operation repeated once
more makes all tables equal to those of an undisturbed one. Without --all an evenly spread sample of the points is taken.

strace counts the calls of each thread by itself: a point is the moment at which the first thread makes its N-th call.
Calls of a thread that another one is ahead of are not reached; the commits, which one thread makes, all are.
"""

import argparse
import collections
import concurrent.futures
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# Calls that change what is on the disk, and how they fail. A name with "?" need not exist on this machine.
CALLS = {"?open,openat": "EMFILE", "write": "ENOSPC", "pwrite64": "ENOSPC", "fsync": "EIO", "fdatasync": "EIO",
         "?link,linkat": "EIO", "?rename,renameat,renameat2": "EIO", "?unlink,unlinkat": "EIO", "?mkdir,mkdirat": "ENOSPC",
         "ftruncate": "ENOSPC"}
TIMEOUT_S = 60
SAMPLE_SECONDS = 8  # for each operation and kind of fault
WORKERS = 2

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
TABLES = {"bronze.orders": "id, ts, n", "silver.orders": "*", "gold.days": "*"}
# Rows that were refused are kept for good by the operation that follows; in between they may wait there.
QUARANTINE = {"bronze.orders_quarantine": "source, position, raw"}


class Failure(Exception):
    """A promise that was broken at a point."""


@dataclasses.dataclass
class Operation:
    """A command, on a project in `base`, whose tables hold the rows `before`, and `after` it."""
    name: str
    command: list
    base: Path
    before: dict = dataclasses.field(default_factory=dict)
    after: dict = dataclasses.field(default_factory=dict)
    counts: dict = dataclasses.field(default_factory=dict)  # of calls, by kind


def environment() -> dict:
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TZ": "UTC", "NO_COLOR": "1", "LC_ALL": "C.UTF-8"}


def call(argv: list, folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run(argv, cwd=folder, env=environment(), capture_output=True, text=True, timeout=TIMEOUT_S)


def must(leat: Path, folder: Path, *words: str) -> None:
    result = call([leat, *words], folder)
    if result.returncode != 0:
        raise Failure(f"leat {' '.join(words)} exited with {result.returncode}:\n{result.stdout}\n{result.stderr}")


def contents(leat: Path, folder: Path, tables: dict) -> dict:
    """Each table's rows as JSON text; a table that cannot be read is a Failure."""
    sql = " union all ".join(f"select '{table}' as t, r::varchar as r from (select {columns} from {table}) r"
                             for table, columns in tables.items())
    result = call([leat, "query", f"{sql} order by all", "-o", "json", "--limit", "0"], folder)
    if result.returncode != 0:
        raise Failure(f"the tables cannot be read:\n{result.stderr}")
    found = {table: [] for table in tables}
    for row in json.loads(result.stdout):
        found[row["t"]].append(row["r"])
    return found


def prepare_run(leat: Path, folder: Path) -> None:
    """Loaded once, and then changed: the next run writes to every table."""
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    must(leat, folder, *RUN)
    (folder / "landing/b.csv").write_text(CHANGE)


def expire_log_at_once(table: Path) -> None:
    """Commits the property by which maintenance finds entries of the log to remove."""
    log = table / "_delta_log"
    entries = sorted(log.glob("*.json"))
    metadata = next(json.loads(line) for entry in reversed(entries) for line in entry.read_text().splitlines()
                    if line.startswith('{"metaData"'))
    metadata["metaData"]["configuration"]["delta.logRetentionDuration"] = "interval 0 seconds"
    (log / f"{len(entries):020}.json").write_text(json.dumps(metadata) + "\n")


def prepare_maintenance(leat: Path, folder: Path) -> None:
    """Small files, files that nothing needs, and a log that is long enough for a checkpoint."""
    prepare_run(leat, folder)
    for number in range(11):
        (folder / f"landing/m{number}.csv").write_text(f"id,ts,n\n{number % 3},2026-01-02T12:00:{number:02}Z,{number}\n")
        must(leat, folder, *RUN)
    for table in TABLES:
        expire_log_at_once(folder / "lake" / table.replace(".", "/"))


def prepare_restore(leat: Path, folder: Path) -> None:
    prepare_run(leat, folder)
    must(leat, folder, *RUN)


OPERATIONS = {
    "run": (prepare_run, RUN),
    "maintain": (prepare_maintenance, ["maintain", "--retention", "0h", "--force"]),
    "restore": (prepare_restore, ["restore", "silver.orders", "--to", "0"]),
}


def count_calls(leat: Path, operation: Operation) -> dict:
    """How often that thread of an undisturbed operation which makes most of them makes each of CALLS."""
    counts = {}
    log, scratch = operation.base.parent / "strace.log", operation.base.parent / "counting"
    for kind in CALLS:
        shutil.copytree(operation.base, scratch)
        result = call(["strace", "-f", "-qq", "-o", log, "-e", f"trace={kind}", "-e", "signal=none", leat,
                       *operation.command], scratch)
        if result.returncode != 0:
            raise Failure(f"strace -e trace={kind} exited with {result.returncode}:\n{result.stderr}")
        threads = collections.Counter(line.split()[0] for line in log.read_text().splitlines() if "resumed>" not in line)
        counts[kind] = max(threads.values(), default=0)
        shutil.rmtree(scratch)
    return counts


def make_operation(leat: Path, name: str, root: Path) -> Operation:
    prepare, command = OPERATIONS[name]
    base, undisturbed = root / "base", root / "undisturbed"
    base.mkdir(parents=True)
    prepare(leat, base)
    operation = Operation(name, command, base, contents(leat, base, TABLES))
    operation.counts = count_calls(leat, operation)
    shutil.copytree(base, undisturbed)
    must(leat, undisturbed, *command)
    operation.after = contents(leat, undisturbed, {**TABLES, **(QUARANTINE if name == "run" else {})})
    return operation


def disturbed(leat: Path, folder: Path, operation: Operation, kind: str, number: int, fault: str) -> bool:
    """Repeats the operation with a fault at the number-th call; whether it said that it was done."""
    names = kind.replace("?", "")
    what = "signal=SIGKILL" if fault == "kill" else f"error={CALLS[kind]}"
    if what == "error=EMFILE":
        number = f"{number}+"  # who has reached the limit stays there
    result = call(["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={kind}", "-e",
                   f"inject={names}:{what}:when={number}", leat, *operation.command], folder)
    if result.returncode == 0:
        return True
    if fault == "kill":
        if result.returncode not in (-signal.SIGKILL, 128 + signal.SIGKILL):
            raise Failure(f"exit code {result.returncode} instead of death by SIGKILL:\n{result.stderr}")
    elif result.returncode == -signal.SIGABRT and what == "error=EMFILE":
        pass  # DuckDB's end when it runs out of files while it opens, before anything is written
    # 127: the dynamic linker. The call that fails may be the one that says why the program fails.
    elif result.returncode not in (1, 2, 127) or (kind != "write" and not result.stderr.strip()):
        raise Failure(f"exit code {result.returncode} after {CALLS[kind]}:\n{result.stdout}{result.stderr}")
    return False


def check_point(leat: Path, operation: Operation, kind: str, number: int, fault: str) -> None:
    folder = Path(tempfile.mkdtemp(prefix="point-", dir=operation.base.parent))
    try:
        shutil.copytree(operation.base, folder, dirs_exist_ok=True)
        done = disturbed(leat, folder, operation, kind, number, fault)
        for table, rows in contents(leat, folder, TABLES).items():
            allowed = (operation.after[table],) if done else (operation.before[table], operation.after[table])
            if rows not in allowed:
                raise Failure(f"{table} is {'not as after' if done else 'neither as before nor as after'}:\n{rows}")
        must(leat, folder, *operation.command)
        for table, rows in contents(leat, folder, {table: {**TABLES, **QUARANTINE}[table] for table in operation.after}).items():
            if rows != operation.after[table]:
                raise Failure(f"repeated, {table} is\n{rows}\ninstead of\n{operation.after[table]}")
    finally:
        shutil.rmtree(folder)


def points_of(counts: dict) -> list:
    """(kind, number) in an order that covers every kind early: last, middle, quarters, ..."""
    ordered = []
    for kind, count in counts.items():
        step, numbers = max(1, count), []
        while step >= 1 and len(numbers) < count:
            numbers += [n for n in range(step, count + 1, step) if n not in numbers]
            step //= 2
        ordered += [(position, kind, number) for position, number in enumerate(numbers)]
    ordered.sort(key=lambda point: point[0])
    return [(kind, number) for _, kind, number in ordered]


def sweep(leat: Path, operation: Operation, fault: str, take_all: bool) -> tuple:
    """How many points passed, failed, and how many there are."""
    points = points_of(operation.counts)
    began = time.monotonic()

    def check(point: tuple) -> bool:
        if not take_all and time.monotonic() - began > SAMPLE_SECONDS:
            return None
        try:
            check_point(leat, operation, *point, fault)
            return True
        except Failure as failure:
            print(f"FAILED {operation.name}, {fault} at call {point[1]} of {point[0]}: {failure}", flush=True)
            return False

    with concurrent.futures.ThreadPoolExecutor(max_workers=WORKERS) as pool:
        results = list(pool.map(check, points))
    return results.count(True), results.count(False), len(points)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leat", type=Path, default=ROOT / "build/release/leat", help="the program to test")
    parser.add_argument("--all", action="store_true", help="every point, however long it takes")
    parser.add_argument("-k", metavar="OPERATION", choices=OPERATIONS, help="only this operation")
    options = parser.parse_args()
    leat = options.leat.resolve()
    if shutil.which("strace") is None:
        sys.exit("error: strace is not installed; run `make setup`")
    began, done, failed = time.monotonic(), 0, 0
    with tempfile.TemporaryDirectory(prefix="leat-kill-") as temporary:
        for name in [options.k] if options.k else OPERATIONS:
            operation = make_operation(leat, name, Path(temporary) / name)
            for fault in ("kill", "fail"):
                passed, wrong, points = sweep(leat, operation, fault, options.all)
                print(f"leat {name}, {fault}: {passed} of {points} points passed, {wrong} failed", flush=True)
                done, failed = done + passed, failed + wrong
    print(f"fault points in {time.monotonic() - began:.0f} s:\n{done} passed, {failed} failed")
    return 1 if failed or done == 0 else 0


if __name__ == "__main__":
    sys.exit(main())

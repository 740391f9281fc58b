#!/usr/bin/env python3
"""Proves by its system calls that the real program makes nothing visible that is not durable yet.

A run, `leat maintain` and `leat restore` are traced. When an entry of a table's log, or a checkpoint, gets its name,
its bytes were synced after their last write; so were the data files that an entry adds, and the folders that these were
made in. After it, and before the program says that it is done, the log's folder is synced. (What an unsynced disk makes
of each single call is simulated in src/delta/fault_sweep_test.cc.)
"""

import argparse
import dataclasses
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import kill_sweep

CALLS = "?open,openat,write,pwrite64,writev,ftruncate,fsync,fdatasync,?link,linkat,?rename,renameat,renameat2,?mkdir,mkdirat"
LINE = re.compile(r"^(\d+) +(?:<\.\.\. (\w+) resumed>|(\w+)\()(.*)$")
RESULT = re.compile(r"\) += (-?\d+)(?:<[^>]*>)?(?: .*)?$")
DESCRIPTOR = re.compile(r"^\d+<([^>]*)>")
NAMED = re.compile(r'(?:AT_FDCWD<([^>]*)>, |\d+<([^>]*)>, )?"((?:[^"\\]|\\.)*)"')


@dataclasses.dataclass
class Call:
    name: str
    paths: list
    creates: bool
    begin: int  # numbers of lines in the trace
    end: int


def paths_in(name: str, arguments: str) -> list:
    descriptor = DESCRIPTOR.match(arguments)
    if name in ("write", "pwrite64", "writev", "ftruncate", "fsync", "fdatasync"):
        return [descriptor.group(1)] if descriptor else []
    return [os.path.normpath(os.path.join(cwd or folder or "/", path)) for cwd, folder, path in NAMED.findall(arguments)]


def read_trace(text: str) -> list:
    """The calls that succeeded, in the order in which they ended."""
    calls, waiting = [], {}
    for number, line in enumerate(text.splitlines()):
        match = LINE.match(line)
        if not match:
            continue
        thread, resumed, name, rest = match.groups()
        if resumed:
            name, begin, start = waiting.pop(thread)
            rest = start + rest
        else:
            begin = number
        if rest.endswith("<unfinished ...>"):
            waiting[thread] = (name, begin, rest.removesuffix("<unfinished ...>"))
            continue
        result = RESULT.search(rest)
        if result and int(result.group(1)) >= 0:
            creates = name.startswith("mkdir") or (name.startswith("open") and "O_CREAT" in rest)
            calls.append(Call(name, paths_in(name, rest), creates, begin, number))
    return calls


class Trace:
    def __init__(self, text: str):
        self.calls = read_trace(text)

    def syncs(self, path: str) -> list:
        return [call for call in self.calls if call.name in ("fsync", "fdatasync") and call.paths == [path]]

    def bytes_are_durable(self, path: str, before: int) -> bool:
        writes = [call.end for call in self.calls if call.name in ("write", "pwrite64", "writev", "ftruncate")
                  and call.paths == [path] and call.begin < before]
        last = max(writes, default=-1)
        return last >= 0 and any(last < call.begin and call.end < before for call in self.syncs(path))

    def name_is_durable(self, path: str, before: int) -> bool:
        """Whether the folder was synced since the file was made in it."""
        made = [call.end for call in self.calls if call.begin < before and path in call.paths
                and (call.creates or call.name.startswith(("rename", "link")))]
        return bool(made) and any(min(made) < call.begin and call.end < before
                                  for call in self.syncs(os.path.dirname(path)))

    def named_files(self) -> list:
        """(temporary name, final name, call) of each file that got its name in a log."""
        return [(*call.paths[:2], call) for call in self.calls
                if call.name.startswith(("rename", "link")) and len(call.paths) == 2
                and os.path.basename(os.path.dirname(call.paths[1])) == "_delta_log"]


def added_files(entry: str) -> list:
    table = os.path.dirname(os.path.dirname(entry))
    actions = [json.loads(line) for line in Path(entry).read_text().splitlines()]
    return [os.path.join(table, action["add"]["path"]) for action in actions if "add" in action]


def problems_of(trace: Trace) -> list:
    problems = []
    for temporary, final, call in trace.named_files():
        if final.endswith(".crc"):
            continue  # may get lost: readers do without
        if not trace.bytes_are_durable(temporary, call.begin):
            problems.append(f"{final} got its name before its bytes were synced")
        if not any(call.end < sync.begin for sync in trace.syncs(os.path.dirname(final))):
            problems.append(f"the folder of {final} was not synced after it got its name")
        for made in trace.calls:
            if made.name.startswith("mkdir") and final.startswith(made.paths[0] + "/") and made.begin < call.begin:
                if not trace.name_is_durable(made.paths[0], call.begin):
                    problems.append(f"{final} got its name before the folder {made.paths[0]} was durable")
        if not final.endswith(".json") or not os.path.basename(final)[0].isdigit():
            continue
        for path in added_files(final):
            if not any(path in made.paths for made in trace.calls if made.creates):
                continue  # an older file, which a restore brings back
            if not trace.bytes_are_durable(path, call.begin):
                problems.append(f"{path} was committed before its bytes were synced")
            if not trace.name_is_durable(path, call.begin):
                problems.append(f"{path} was committed before its folder was synced")
    return problems


def check(leat: Path, name: str, root: Path) -> list:
    prepare, command = kill_sweep.OPERATIONS[name]
    folder = root / name
    folder.mkdir()
    prepare(leat, folder)
    log = root / f"{name}.trace"
    result = kill_sweep.call(["strace", "-f", "-y", "-qq", "-s", "4096", "-o", log, "-e", f"trace={CALLS}", "-e",
                              "signal=none", leat, *command], folder)
    if result.returncode != 0:
        return [f"exit code {result.returncode}: {result.stderr}"]
    trace = Trace(log.read_text())
    if not any(final.endswith(".json") for _, final, _ in trace.named_files()):
        return ["no commit was seen"]
    return problems_of(trace)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leat", type=Path, default=kill_sweep.ROOT / "build/release/leat", help="the program to test")
    leat = parser.parse_args().leat.resolve()
    failed = 0
    with tempfile.TemporaryDirectory(prefix="leat-sync-") as temporary:
        for name in kill_sweep.OPERATIONS:
            problems = check(leat, name, Path(os.path.realpath(temporary)))
            failed += bool(problems)
            print("\n  ".join([f"{'FAILED' if problems else 'passed'} order of syncs of leat {name}", *problems]))
    print(f"{len(kill_sweep.OPERATIONS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

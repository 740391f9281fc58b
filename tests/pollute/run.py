#!/usr/bin/env python3
"""Loads polluted files of all kinds and tells what became of each: nothing may be wrong or lost.

Each file is loaded three times: as it is, with its columns declared as text, and with its dialect told and its types declared.
`--files N` files, `--seed N`; `--kind TEXT` only kinds whose name contains it; `--case SEED` one file, printed, with `--keep`.
"""

import argparse
import collections
import gzip
import os
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.oracle.known import KnownFaults  # noqa: E402
from tests.oracle.project import Project, ROOT  # noqa: E402
from tests.pollute.file import Polluted  # noqa: E402
from tests.pollute.judge import judge  # noqa: E402
from tests.pollute.kinds import KINDS  # noqa: E402

FILES_PER_PROJECT = 60
MODES = ["plain", "text", "told"]
# Among fewer files a known fault may be missing by chance.
ENOUGH = 1000


def make(seed: int, chosen: list) -> Polluted:
    """The file of a seed; the kinds take turns."""
    return chosen[seed % len(chosen)](random.Random(seed))


def keys_of(file: Polluted, mode: str) -> tuple:
    """The source's keys, and the types of its columns where they are declared."""
    keys = {"error_budget": {"fraction": 1}, "from": {}}
    names = [name and name.strip() for name in file.names or file.table.names]  # blanks around a name are none of it
    declarable = all(names) and len({name.lower() for name in names}) == len(names) and not any(name.startswith("_leat") for name in names)
    if mode == "plain" or (mode == "text" and not (declarable and file.header)):
        return keys, None
    types = ["string"] * len(names) if mode == "text" else [*file.table.types, *["string"] * len(names)][:len(names)]
    if mode == "told":
        keys["from"] = dict(file.told)
    if not declarable:
        return keys, None
    keys["columns"] = {name: {"type": kind} for name, kind in zip(names, types)}
    return keys, types


def load(options, files: dict, mode: str, verdicts: dict) -> None:
    """One project with a source per file."""
    with Project(options.leat, options.keep) as project:
        kinds = {}
        for seed, file in files.items():
            keys, kinds[seed] = keys_of(file, mode)
            project.source(f"f{seed}", **keys)
            content = file.encoded()
            name = f"landing/f{seed}/a.{file.extension}"
            if file.compress:
                content, name = gzip.compress(content), name + ".gz"
            project.write(name, content)
        outcome = project.run()
        for seed, file in files.items():
            asset = f"bronze.f{seed}"
            if outcome.crashed or asset not in outcome.statuses:
                told = ["crashed: " + outcome.stderr.strip()[-300:]]
                verdicts[seed, mode] = ("not valid" if outcome.code == 2 else "crashed", told if len(files) == 1 else None)
                continue
            error = None if outcome.statuses[asset] == "succeeded" else outcome.errors[asset]
            verdict = judge(file, project.table(asset), project.quarantine(asset), error, kinds[seed], mode == "told")
            verdicts[seed, mode] = (verdict.outcome, verdict.faults)
            if options.case is not None:
                print(f"{mode}: {verdict.outcome} {error or ''}")


def load_all(options, files: dict) -> dict:
    verdicts: dict = {}
    for mode in MODES:
        seeds = list(files)
        for begin in range(0, len(seeds), FILES_PER_PROJECT):
            load(options, {seed: files[seed] for seed in seeds[begin:begin + FILES_PER_PROJECT]}, mode, verdicts)
        # What stood beside a file that crashes, or whose definition is refused, is tried alone.
        for seed in [seed for seed in seeds if verdicts[seed, mode][1] is None]:
            load(options, {seed: files[seed]}, mode, verdicts)
    return verdicts


BAD = {"wrong", "lost", "crashed", "unclear", "refused although right", "rejected although right"}


def report(options, files: dict, verdicts: dict, seconds: float) -> int:
    counts = collections.defaultdict(collections.Counter)
    by_kind = collections.defaultdict(list)
    known = KnownFaults(Path(__file__).parent / "known_faults.txt")
    for (seed, mode), (outcome, faults) in verdicts.items():
        is_known = outcome in BAD and all(known.has(files[seed].kind, f"{mode}: {fault}") for fault in faults or [outcome])
        counts[mode]["known faults" if is_known else outcome] += 1
        if outcome in BAD and not is_known:
            by_kind[files[seed].kind].append((seed, mode, outcome, faults))
    for kind, found in sorted(by_kind.items()):
        print(f"FAILED {kind}: {len(found)} loads")
        for seed, mode, outcome, faults in found[:options.show]:
            print(f"    --case {seed}, {mode}: " + "; ".join((faults or [outcome])[:2])[:500])
    for one in known.gone({file.kind for file in files.values()}) if len(files) >= ENOUGH else []:
        by_kind[one.where].append((0, "all", f"the known fault is gone, take it off the list: {one.what}: {one.reason}", None))
    for mode in MODES:
        print(f"pollute, {mode}: " + ", ".join(f"{count} {outcome}" for outcome, count in counts[mode].most_common()))
    print(f"pollute: {len(files)} files from seed {options.seed} on, {len(verdicts)} loads in {seconds:.0f} s")
    failed = sum(len({seed for seed, *_ in found}) for found in by_kind.values())
    print(f"{len(files) - failed} passed, {failed} failed")
    return 1 if failed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leat", type=Path, default=ROOT / "build/release/leat")
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", default="")
    parser.add_argument("--case", type=int, help="only the file of this seed, printed")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--show", type=int, default=3, help="faults shown per kind")
    options = parser.parse_args()
    options.leat = options.leat.resolve()
    chosen = [kind for kind in KINDS if options.kind in kind.__name__]
    seeds = [options.case] if options.case is not None else range(options.seed, options.seed + options.files)
    begun = time.monotonic()
    files = {seed: make(seed, chosen) for seed in seeds}
    if options.case is not None:
        print(files[options.case].encoded()[:3000])
    verdicts = load_all(options, files)
    return report(options, files, verdicts, time.monotonic() - begun)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # the threads of pyarrow and delta-rs may outlive the interpreter, which then aborts

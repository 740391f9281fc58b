#!/usr/bin/env python3
"""Runs the cases below tests/projects/: a project folder, commands of the real program, what must come out.

The format of a case is described in tests/projects/README.md. The last line is "N passed, N failed".
"""

import argparse
import concurrent.futures
import contextlib
import fnmatch
import os
import sys
import tempfile
import traceback
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent))
from harness import case as cases  # noqa: E402
from harness import update  # noqa: E402
from harness.object_store import ObjectStore  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
# Cases about the folder of the lake: files in it, a disk that is full, its name in messages.
ON_DISK_ONLY = {"bad_full_disk", "bad_paths", "cli_query", "convert_and_clone", "nothing_stale_in_silence", "query_and_export",
                "store_checkpoint_in_the_way", "store_checkpoints", "time_travel", "timeouts_and_retries", "validate_refuses"}


def storage_for(folder: Path, store: ObjectStore | None) -> dict:
    """The variables that put the case's tables into a bucket of their own."""
    if store is None:
        return {}
    bucket = store.make_bucket(folder.name.replace("_", "-"))
    return {**store.env(), "LEAT_STORAGE": f"{bucket}/lake"}


def run_case(folder: Path, options, store: ObjectStore | None) -> tuple:
    """The case's failures as text, and the edits that --update would make to its case.yml."""
    try:
        case = cases.load(folder)
        with contextlib.ExitStack() as stack:
            if options.keep:
                temporary = tempfile.mkdtemp(prefix=f"leat-{folder.name}-")
                print(f"kept: {temporary}", flush=True)
            else:
                temporary = stack.enter_context(tempfile.TemporaryDirectory(prefix="leat-case-"))
                stack.callback(cases.make_removable, temporary)
            return cases.run(case, Path(temporary), options.leat, storage_for(folder, store))
    except cases.CaseError as error:
        return [str(error)], []
    except Exception:  # a broken case must not end the run of the others
        return [traceback.format_exc()], []


def select(folder: Path, pattern: str) -> list:
    found = sorted(path.parent for path in folder.glob("*/case.yml"))
    strays = [path.name for path in folder.iterdir() if path.is_dir() and not (path / "case.yml").exists()]
    if strays:
        sys.exit(f"error: {folder} has folders without a case.yml: {', '.join(sorted(strays))}")
    return [path for path in found if pattern in path.name or fnmatch.fnmatch(path.name, pattern)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-k", metavar="PATTERN", default="", help="only cases whose name contains or matches this")
    parser.add_argument("-j", metavar="N", type=int, default=1, help="cases at the same time")
    parser.add_argument("--update", action="store_true", help="write what came out into the `expect:` of case.yml")
    parser.add_argument("--keep", action="store_true", help="keep and name the temporary folders")
    parser.add_argument("--leat", type=Path, default=ROOT / "build/release/leat", help="the program to test")
    parser.add_argument("--in-object-store", action="store_true",
                        help="with all tables in an S3 server, without the cases that look at them on the disk")
    parser.add_argument("--cases", type=Path, default=ROOT / "tests/projects", help="the folder of cases")
    options = parser.parse_args()
    options.leat = options.leat.resolve()
    if not options.leat.exists():
        sys.exit(f"error: {options.leat} does not exist; run `make build`")

    folders = select(options.cases, options.k)
    if not folders:
        sys.exit(f"error: no case in {options.cases} matches '{options.k}'")
    if not options.in_object_store:
        return run_all(folders, options, None)
    with tempfile.TemporaryDirectory(prefix="leat-store-") as temporary, ObjectStore(Path(temporary)) as store:
        return run_all([folder for folder in folders if folder.name not in ON_DISK_ONLY], options, store)


def run_all(folders: list, options, store: ObjectStore | None) -> int:
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=options.j) as pool:
        for folder, (failures, edits) in zip(folders, pool.map(lambda f: run_case(f, options, store), folders)):
            if options.update and edits:
                update.rewrite(folder / "case.yml", edits)
                print(f"updated {folder.name}", flush=True)
            if failures:
                failed += 1
                print(f"FAILED {folder.name}\n" + "\n".join(failures), flush=True)
            else:
                passed += 1
                print(f"passed {folder.name}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

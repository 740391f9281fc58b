#!/usr/bin/env python3
"""Interoperability: Leat reads what delta-rs and Spark have written, and they read and change what Leat has written.

A case is a public function of one of the modules in MODULES; its name says scenario and outcome. See README.md here.
The last line is "N passed, N failed".
"""

import argparse
import concurrent.futures
import fnmatch
import inspect
import itertools
import os
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import delta_rs_to_leat  # noqa: E402
import leat_changes  # noqa: E402
import leat_to_delta_rs  # noqa: E402
import leat_to_spark  # noqa: E402
import shop  # noqa: E402
import spark  # noqa: E402
import spark_to_leat  # noqa: E402
from case import Case  # noqa: E402
from rows import Different  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent
MODULES = [delta_rs_to_leat, leat_to_delta_rs, spark_to_leat, leat_to_spark, leat_changes]
CASES_AT_ONCE = 4


def cases_of(module, pattern: str) -> list:
    """(name, function) of the public functions that the module itself defines, in their order there."""
    functions = [(f"{module.__name__}.{name}", function) for name, function in vars(module).items()
                 if inspect.isfunction(function) and function.__module__ == module.__name__ and name[0] != "_"]
    return [case for case in functions if pattern in case[0] or fnmatch.fnmatch(case[0], pattern)]


def run_case(function, options) -> str:
    """Why the case failed, or an empty text."""
    folder = Path(tempfile.mkdtemp(prefix="leat-interop-"))
    try:
        function(Case(options.leat, folder))
        return ""
    except Different as error:
        return str(error)
    except Exception:  # a broken case must not end the run of the others
        return traceback.format_exc()
    finally:
        if options.keep:
            print(f"kept: {folder}", flush=True)
        else:
            shutil.rmtree(folder)


def report(case: tuple, options) -> bool:
    """Runs a case, says what came of it, and returns whether it passed."""
    name, function = case
    began = time.monotonic()
    failure = run_case(function, options)
    line = f"{'FAILED' if failure else 'passed'} {name} ({time.monotonic() - began:.1f} s)\n"
    sys.stdout.write(line + (failure + "\n" if failure else ""))  # in one piece: others write too
    sys.stdout.flush()
    return not failure


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-k", metavar="PATTERN", default="", help="only cases whose name contains or matches this")
    parser.add_argument("--keep", action="store_true", help="keep and name the temporary folders")
    parser.add_argument("--leat", type=Path, default=ROOT / "build/release/leat", help="the program to test")
    options = parser.parse_args()
    options.leat = options.leat.resolve()
    if not options.leat.exists():
        sys.exit(f"error: {options.leat} does not exist; run `make build`")

    # Side by side, as much of a case is waiting for one process or one planner; in turn from each module, so that there
    # is work for all while Spark starts.
    turns = itertools.zip_longest(*[cases_of(module, options.k) for module in MODULES])
    chosen = [case for turn in turns for case in turn if case]
    if not chosen:
        sys.exit(f"error: no case matches '{options.k}'")
    with concurrent.futures.ThreadPoolExecutor(max_workers=CASES_AT_ONCE) as pool:
        passed = sum(pool.map(lambda case: report(case, options), chosen))
    print(f"{passed} passed, {len(chosen) - passed} failed")
    return 0 if passed == len(chosen) else 1


if __name__ == "__main__":
    code = main()
    spark.stop()
    shop.close()
    sys.stdout.flush()
    # Without the interpreter's end: threads of the engines that still run then abort it now and then.
    os._exit(code)

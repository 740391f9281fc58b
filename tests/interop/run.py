#!/usr/bin/env python3
"""Interoperability: Leat reads what delta-rs and Spark have written, and they read and change what Leat has written.

A case is a public function of one of the modules in MODULES; its name says scenario and outcome. See README.md here.
The last line is "N passed, N failed".
"""

import argparse
import concurrent.futures
import fnmatch
import inspect
import os
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import delta_rs_to_leat  # noqa: E402
import leat_to_delta_rs  # noqa: E402
import leat_to_spark  # noqa: E402
import spark  # noqa: E402
import spark_to_leat  # noqa: E402
from case import Case  # noqa: E402
from rows import Different  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent
MODULES = [delta_rs_to_leat, leat_to_delta_rs, spark_to_leat, leat_to_spark]


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


def run_module(cases: list, options) -> int:
    """Runs the cases one after another and returns how many failed."""
    failed = 0
    for name, function in cases:
        began = time.monotonic()
        failure = run_case(function, options)
        failed += bool(failure)
        line = f"{'FAILED' if failure else 'passed'} {name} ({time.monotonic() - began:.1f} s)\n"
        sys.stdout.write(line + (failure + "\n" if failure else ""))  # in one piece: others write too
        sys.stdout.flush()
    return failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-k", metavar="PATTERN", default="", help="only cases whose name contains or matches this")
    parser.add_argument("--keep", action="store_true", help="keep and name the temporary folders")
    parser.add_argument("--leat", type=Path, default=ROOT / "build/release/leat", help="the program to test")
    options = parser.parse_args()
    options.leat = options.leat.resolve()
    if not options.leat.exists():
        sys.exit(f"error: {options.leat} does not exist; run `make build`")

    chosen = [cases_of(module, options.k) for module in MODULES]
    count = sum(len(cases) for cases in chosen)
    if not count:
        sys.exit(f"error: no case matches '{options.k}'")
    # The modules run side by side: most of the time a case waits for one process or one planner.
    with concurrent.futures.ThreadPoolExecutor(max_workers=len(MODULES)) as pool:
        failed = sum(pool.map(lambda cases: run_module(cases, options), chosen))
    print(f"{count - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    code = main()
    spark.stop()
    sys.stdout.flush()
    # Without the interpreter's end: threads of the engines that still run then abort it now and then.
    os._exit(code)

#!/usr/bin/env python3
"""Runs leat_many_writers: processes that append to, merge into, compact, vacuum and checkpoint one table at the same time.

In short by default; with --all 16 processes with 200 commits each.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SHORT = {"writers": 16, "commits": 25, "retention_s": 3600, "timeout_s": 300}
LONG = {"writers": 16, "commits": 200, "retention_s": 60, "timeout_s": 3600}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, default=ROOT / "build/release/leat_many_writers")
    parser.add_argument("--all", action="store_true", help="16 processes, 200 commits each; takes minutes")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100000)
    options = parser.parse_args()
    size = LONG if options.all else SHORT
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="leat-writers-") as folder:
        code = subprocess.run([options.program.resolve(), folder, str(size["writers"]), str(size["commits"]),
                               str(size["retention_s"]), str(options.seed)], timeout=size["timeout_s"]).returncode
    print(f"many writers in {time.monotonic() - began:.0f} s:\n{int(code == 0)} passed, {int(code != 0)} failed")
    return 1 if code else 0


if __name__ == "__main__":
    sys.exit(main())

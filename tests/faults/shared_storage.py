#!/usr/bin/env python3
"""What the project cases cannot do: runs at the same time over one storage, and a file that may not be read.

Root may read every file: the program then runs without this privilege.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TIMEOUT_S = 100
WITHOUT_PRIVILEGE = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
RUNS_AT_ONCE = 4
ROWS = 1000


def environment() -> dict:
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TZ": "UTC", "NO_COLOR": "1", "LC_ALL": "C.UTF-8"}


def start(leat: Path, folder: Path, *words: str) -> subprocess.Popen:
    prefix = WITHOUT_PRIVILEGE if os.geteuid() == 0 else []
    return subprocess.Popen([*prefix, leat, *words], cwd=folder, env=environment(), text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(process: subprocess.Popen) -> tuple:
    out, err = process.communicate(timeout=TIMEOUT_S)
    return process.returncode, out, err


def expect(condition: bool, what: str) -> None:
    if not condition:
        raise AssertionError(what)


def make_project(folder: Path) -> None:
    (folder / "assets/bronze").mkdir(parents=True)
    (folder / "assets/silver").mkdir()
    (folder / "landing").mkdir()
    (folder / "leat.yml").write_text("name: shared\nstorage: ./lake\n")
    (folder / "assets/bronze/orders.yml").write_text("type: source\nfrom: {file: landing/*.csv}\n")
    (folder / "assets/silver/orders.sql").write_text(
        "/* @leat\nmaterialized: merge\nkey: [id]\n@leat */\nselect distinct id from bronze.orders\n")
    (folder / "landing/a.csv").write_text("id\n" + "".join(f"{n}\n" for n in range(ROWS)))


def runs_at_the_same_time(leat: Path, folder: Path) -> None:
    """Whoever wins: each file arrives exactly once, a loser says why, and one more run finishes the work."""
    make_project(folder)
    for code, out, err in [finish(p) for p in [start(leat, folder, "run") for _ in range(RUNS_AT_ONCE)]]:
        expect(code in (0, 1, 2), f"exit code {code}:\n{out}{err}")
        expect(code == 0 or "error" in err or "failed" in err, f"exit code {code} without a reason:\n{out}{err}")
    code, out, err = finish(start(leat, folder, "run"))
    expect(code == 0, f"the next run exited with {code}:\n{out}{err}")
    for table in ("bronze.orders", "silver.orders"):
        sql = f"select count(*) as n, count(distinct id) as ids from {table}"
        code, out, err = finish(start(leat, folder, "query", sql, "-o", "csv"))
        expect(out == f"n,ids\n{ROWS},{ROWS}\n", f"{table} holds\n{out}{err}")


def file_without_permission(leat: Path, folder: Path) -> None:
    make_project(folder)
    (folder / "landing/a.csv").chmod(0)
    code, out, err = finish(start(leat, folder, "run"))
    expect(code == 1, f"exit code {code}:\n{out}{err}")
    expect("landing/a.csv: Permission denied" in err, f"no word of the file:\n{err}")
    (folder / "landing/a.csv").chmod(0o600)
    code, out, err = finish(start(leat, folder, "run"))
    expect(code == 0, f"with permission the run exited with {code}:\n{out}{err}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leat", type=Path, default=ROOT / "build/release/leat", help="the program to test")
    leat = parser.parse_args().leat.resolve()
    failed = 0
    for test in (runs_at_the_same_time, file_without_permission):
        with tempfile.TemporaryDirectory(prefix="leat-shared-") as temporary:
            try:
                test(leat, Path(temporary) / "project")
                print(f"passed {test.__name__}")
            except AssertionError as error:
                failed += 1
                print(f"FAILED {test.__name__}: {error}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

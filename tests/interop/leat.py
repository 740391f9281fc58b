"""The program under test: queries, exports, and small projects."""

import dataclasses
import json
import os
import subprocess
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

TIMEOUT_S = 60


@dataclasses.dataclass
class Outcome:
    command: str
    exit: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"$ {self.command}\nexit code {self.exit}\n{self.out}{self.err}"


class Leat:
    """Runs the program in a folder; every call is a process."""

    def __init__(self, program: Path, scratch: Path):
        self.program = program
        self.scratch = scratch
        self.exports = 0

    def call(self, *words, folder: Path = None) -> Outcome:
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.scratch), "TMPDIR": str(self.scratch), "TZ": "UTC",
                       "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}
        done = subprocess.run([self.program, *words], cwd=folder or self.scratch, env=environment, text=True,
                              capture_output=True, timeout=TIMEOUT_S)
        return Outcome(" ".join(["leat", *map(str, words)]), done.returncode, done.stdout, done.stderr)

    def must(self, *words, folder: Path = None) -> str:
        done = self.call(*words, folder=folder)
        if done.exit != 0:
            raise AssertionError(str(done))
        return done.out

    def table(self, sql: str, folder: Path = None) -> pa.Table:
        """The query's result with its types, by `leat export` to a Parquet file."""
        self.exports += 1
        file = self.scratch / f"export-{self.exports}.parquet"
        self.must("export", sql, "--to", str(file), "--format", "parquet", folder=folder)
        return pa.parquet.ParquetFile(file).read()

    def json_text(self, sql: str, folder: Path = None) -> str:
        return self.must("query", sql, "-o", "json", "--limit", "0", folder=folder)

    def rows(self, sql: str, folder: Path = None) -> list:
        return json.loads(self.json_text(sql, folder))


def scan(path, version: int = None) -> str:
    quoted = str(path).replace("'", "''")
    return f"from delta_scan('{quoted}'" + (f", version => {version})" if version is not None else ")")


def files_of(table: Path) -> dict:
    """Every file of a table with its size and time: what a refused write must leave as it was."""
    return {str(path.relative_to(table)): (path.stat().st_size, path.stat().st_mtime_ns)
            for path in sorted(table.rglob("*")) if path.is_file()}

"""What a case is given: a folder of its own, the program, the other engines, and how to compare."""

import json
import os
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable

import spark
from leat import Leat, scan
from rows import expect_same, parse_json_rows


class Case:
    def __init__(self, program: Path, folder: Path):
        self.folder = folder
        scratch = folder / "scratch"
        scratch.mkdir()
        self.leat = Leat(program, scratch)

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def expect_leat_reads(self, table, expected: pa.Table, version: int = None) -> None:
        """Both ways out of Leat, typed Parquet and JSON, hold these rows."""
        name = f"{os.path.basename(str(table))}{'' if version is None else f' at version {version}'}"
        expect_same(expected, self.leat.table(scan(table, version)), f"leat export of {name}")
        document = self.leat.json_text(scan(table, version))
        expect_same(expected, parse_json_rows(document, expected.schema), f"leat query -o json of {name}")

    def expect_leat_reads_as_delta_rs(self, table, version: int = None) -> pa.Table:
        expected = DeltaTable(table, version=version).to_pyarrow_table()
        self.expect_leat_reads(table, expected, version)
        return expected

    def expect_leat_reads_all_versions_as_delta_rs(self, table) -> None:
        for version in range(DeltaTable(table).version() + 1):
            self.expect_leat_reads_as_delta_rs(table, version)
        self.expect_leat_reads_as_delta_rs(table)

    def expect_leat_reads_as_spark(self, table, version: int = None) -> pa.Table:
        expected = spark.rows(table, version)
        self.expect_leat_reads(table, expected, version)
        return expected

    def expect_leat_reads_versions_as_spark(self, table, *versions: int) -> None:
        """These versions, and the last one."""
        reads = (*versions, None)
        for version, expected in zip(reads, spark.rows_of_all([(table, version) for version in reads])):
            self.expect_leat_reads(table, expected, version)


def latest_version(table) -> int:
    return max(int(entry.stem) for entry in (Path(table) / "_delta_log").glob("*.json") if entry.stem.isdigit())


def log_actions(table, kind: str) -> list:
    """All actions of one kind in the entries of the log, oldest first."""
    entries = sorted(entry for entry in (Path(table) / "_delta_log").glob("*.json") if entry.stem.isdigit())
    actions = [json.loads(line) for entry in entries for line in entry.read_text().splitlines()]
    return [action[kind] for action in actions if kind in action]


def expect(condition: bool, what: str) -> None:
    if not condition:
        raise AssertionError(what)

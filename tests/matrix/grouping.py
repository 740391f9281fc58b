#!/usr/bin/env python3
"""The same files give the same rows and types, or are refused, in whatever groups and order they arrive.

Random small sets of files; each set is loaded in each order and grouping of up to three files, and in some of four. `--sets N`,
`--seed N`, `--set SEED` for one set, with its files printed.
"""

import argparse
import collections
import decimal
import itertools
import os
import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.oracle import arrow, files  # noqa: E402
from tests.oracle.project import Project, ROOT  # noqa: E402

SOURCES_PER_PROJECT = 120
ORDERS_OF_FOUR = 8
CELLS = {
    "int": ["1", "42", "-7", "9007199254740993"], "long": ["12345678901234567890", "1"], "fraction": ["1.5", "2.25", "0.1"], "exponent": ["1e3", "2.5e-1"],
    "text": ["abc", "x y", "é"], "zeros": ["007", "01"], "flag": ["true", "false"], "day": ["2026-01-06", "2026-12-31"],
    "ambiguous": ["01/02/2026", "03/04/2026"], "day_first": ["31/01/2026", "13/02/2026"], "month_first": ["01/31/2026", "02/13/2026"],
    "time": ["2026-01-06 10:00:00", "2026-01-06T10:00:00Z"], "clock": ["10:30", "11:45"], "empty": [""], "null_word": ["NULL", "N/A"], "day_dots": ["06.01.2026"]}
JSON_VALUES = ["1", "9007199254740993", "1.5", "12345678901234567890", "1e400", '"x"', '"2026-01-06"', '"2026-01-06T10:00:00Z"', '"01/02/2026"', "true", "null",
               "[]", "[1]", "[1.5]", '["a"]', "{}", '{"x":1}', '{"x":1.5}', '{"y":"a"}', '{"X":1}', '[{"x":1}]', '[{"y":2}]', '[{"x":{"z":1}}]', "[[1]]", '{"x":null}', '[null]']
ARROW_VALUES = [(pa.int32(), 1), (pa.int64(), 2**53 + 1), (pa.uint64(), 2**64 - 1), (pa.float64(), 1.5), (pa.float32(), 2.5), (pa.decimal128(10, 2), decimal.Decimal("1.25")), (pa.decimal128(12, 4), decimal.Decimal("1.2500")),
                (pa.string(), "x"), (pa.bool_(), True), (pa.date32(), 20_000), (pa.timestamp("us"), 10**15), (pa.timestamp("us", "UTC"), 10**15), (pa.list_(pa.int64()), [1]),
                (pa.list_(pa.float64()), [1.5]), (pa.struct([("x", pa.int64())]), {"x": 1}), (pa.struct([("x", pa.int64()), ("y", pa.string())]), {"x": 1, "y": "a"}),
                (pa.struct([("x", pa.float64())]), {"x": 1.5}), (pa.null(), None)]


@dataclass
class Set:
    seed: int
    format: str
    contents: list


def csv_content(rng: random.Random) -> bytes:
    names = [name for name in ["id", "a", "b", "c", "d"] if rng.random() < 0.8] or ["id"]
    rng.shuffle(names)
    kinds = {name: rng.choice(list(CELLS)) for name in names}
    rows = [[rng.choice(CELLS[kinds[name]]) or None for name in names] for _ in range(rng.randrange(1, 4))]
    return files.csv_file(names, rows, rng.choice([",", ",", ",", ";", "|", "\t"])).content


def json_content(rng: random.Random, lines: bool) -> bytes:
    records = []
    for _ in range(rng.randrange(1, 4)):
        names = [name for name in ["id", "a", "b", "n"] if rng.random() < 0.8] or ["id"]
        records.append("{" + ",".join(f'"{name}":{rng.choice(JSON_VALUES)}' for name in names) + "}")
    return (files.ndjson_file(records) if lines else files.json_file(records)).content


def parquet_content(rng: random.Random) -> bytes:
    columns = {}
    for name in ["id", "a", "b"]:
        if rng.random() < 0.8:
            of, value = rng.choice(ARROW_VALUES)
            physical = {pa.date32(): pa.int32(), pa.timestamp("us"): pa.int64(), pa.timestamp("us", "UTC"): pa.int64()}.get(of, of)
            columns[name] = pa.array([value, None], physical).cast(of)
    return files.parquet_file(columns or {"id": pa.array([1])}).content


def make_set(seed: int) -> Set:
    rng = random.Random(seed)
    format = rng.choice(["csv", "csv", "json", "ndjson", "parquet"])
    make = {"csv": csv_content, "json": lambda r: json_content(r, False), "ndjson": lambda r: json_content(r, True), "parquet": parquet_content}[format]
    return Set(seed, format, [make(rng) for _ in range(rng.choice([2, 2, 3, 3, 4]))])


def arrivals(count: int, rng: random.Random) -> list:
    """Ordered groups of the files' indexes: all ways for up to three files."""
    found = set()
    for order in itertools.permutations(range(count)):
        for cuts in range(2 ** (count - 1)):
            groups, group = [], [order[0]]
            for index, file in enumerate(order[1:]):
                if cuts >> index & 1:
                    groups.append(tuple(sorted(group)))
                    group = []
                group.append(file)
            found.add((*groups, tuple(sorted(group))))
    ways = sorted(found)
    return ways if count <= 3 else [((0, 1, 2, 3),), *rng.sample(ways, ORDERS_OF_FOUR)]


@dataclass
class Result:
    """Comparable: whether it was refused, the columns' types, and the rows."""

    refused: bool
    types: tuple = ()
    rows: tuple = ()
    error: str = ""

    def key(self) -> tuple:
        return (True,) if self.refused else (False, self.types, self.rows)

    def __str__(self) -> str:
        return f"refused: {self.error[:160]}" if self.refused else f"{dict(self.types)} rows {self.rows}"[:700]


def result_of(project: Project, asset: str, error: str | None) -> Result:
    if error is not None:
        return Result(True, error=error)
    table = project.table(asset)
    if table is None:
        return Result(False)
    names = sorted(name for name in table.column_names if not name.startswith("_leat"))
    # Of names that differ in case alone, the first to come is kept.
    columns = [lowered(arrow.canonical(table.column(name))) for name in names]
    places = list(zip(table.column("_leat_source").to_pylist(), table.column("_leat_position").to_pylist()))
    rows = [(Path(source).name, position, *(repr(column[row]) for column in columns)) for row, (source, position) in enumerate(places)]
    rejected = [(Path(row.source).name, row.position, "rejected") for row in project.quarantine(asset)]
    return Result(False, tuple((name.lower(), type_text(table.schema.field(name).type)) for name in names), tuple(sorted(map(repr, rows + rejected))))


def lowered(value):
    """With the names of structs' fields in lower case."""
    if isinstance(value, list):
        return [lowered(item) for item in value]
    if isinstance(value, tuple) and value[:1] == ("struct",):
        return ("struct", tuple(sorted((name.lower(), lowered(item)) for name, item in value[1])))
    return tuple(lowered(item) for item in value) if isinstance(value, tuple) else value


def type_text(of: pa.DataType) -> str:
    """Fields of structs in the order of their names: which file came first may be seen in their order."""
    if pa.types.is_struct(of):
        return "struct<" + ", ".join(f"{child.name.lower()}: {type_text(child.type)}" for child in sorted(of, key=lambda child: child.name.lower())) + ">"
    if pa.types.is_list(of) or pa.types.is_large_list(of):
        return f"list<{type_text(of.value_type)}>"
    return str(of).replace("large_", "")


def load(options, part: list) -> dict:
    """`part` are (set, arrival). Each arrival is a source of its own."""
    results = {}
    with Project(options.leat, options.keep) as project:
        names = {}
        for index, (one, arrival) in enumerate(part):
            names[index] = f"s{one.seed}_{index}"
            project.source(names[index], error_budget={"fraction": 1})
        last: dict = {}
        for step in range(max(len(arrival) for _, arrival in part)):
            for index, (one, arrival) in enumerate(part):
                for file in arrival[step] if step < len(arrival) else ():
                    project.write(f"landing/{names[index]}/{file}.{one.format}", one.contents[file])
            outcome = project.run()
            if outcome.crashed:
                return {index: Result(True, error=f"crashed: {outcome.stderr.strip()[-200:]}") for index in names}
            for index in names:
                asset = f"bronze.{names[index]}"
                # A source without new files is not in later runs.
                if asset in outcome.statuses:
                    last[index] = None if outcome.statuses[asset] == "succeeded" else outcome.errors[asset]
        for index in names:
            results[index] = result_of(project, f"bronze.{names[index]}", last.get(index, "never loaded"))
    return results


def compare(options, sets: list) -> int:
    part = [(one, arrival) for one in sets for arrival in arrivals(len(one.contents), random.Random(one.seed))]
    by_set = collections.defaultdict(list)
    for begin in range(0, len(part), SOURCES_PER_PROJECT):
        chunk = part[begin:begin + SOURCES_PER_PROJECT]
        for index, result in load(options, chunk).items():
            by_set[chunk[index][0].seed].append((chunk[index][1], result))
    failed = refused = 0
    for one in sets:
        found = by_set[one.seed]
        different = {result.key(): (arrival, result) for arrival, result in reversed(found)}
        crashed = [result for _, result in found if result.error.startswith("crashed") or "mistake in Leat" in result.error]
        refused += all(result.refused for _, result in found)
        if len(different) > 1 or crashed:
            failed += 1
            print(f"FAILED --set {one.seed} ({one.format}): {len(different)} results of {len(found)} arrivals")
            for arrival, result in list(different.values())[:options.show]:
                print(f"    {arrival}: {result}")
        if options.set is not None:
            for index, content in enumerate(one.contents):
                print(f"    file {index}: {content[:500]}")
            for arrival, result in found:
                print(f"    {arrival}: {result}")
    print(f"grouping: {len(sets)} sets from seed {options.seed} on, {len(part)} arrivals; {refused} sets refused in all of them")
    print(f"{len(sets) - failed} passed, {failed} failed")
    return 1 if failed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leat", type=Path, default=ROOT / "build/release/leat")
    parser.add_argument("--sets", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--set", type=int, help="only the set of this seed, printed")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--show", type=int, default=2, help="results shown of a set")
    options = parser.parse_args()
    options.leat = options.leat.resolve()
    seeds = [options.set] if options.set is not None else range(options.seed, options.seed + options.sets)
    begun = time.monotonic()
    code = compare(options, [make_set(seed) for seed in seeds])
    print(f"grouping: {time.monotonic() - begun:.0f} s")
    return code


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # the threads of pyarrow and delta-rs may outlive the interpreter, which then aborts

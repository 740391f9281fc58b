#!/usr/bin/env python3
"""Writes random values with Leat, reads them with others, and compares. See README.md."""
import argparse
import datetime
import decimal
import json
import math
import pathlib
import random
import subprocess
import sys
import tempfile

import duckdb
import pandas
import pyarrow.csv
import pyarrow.parquet

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
INFINITE = {"infinity", "-infinity"}
FAR = {  # beyond Python's years: the text that Leat writes, and DuckDB's
    "290000-01-01T00:00:00Z": "290000-01-01 00:00:00+00",
    "10000-02-03T04:05:06.789Z": "10000-02-03 04:05:06.789+00",
    "-0043-03-15T12:30:00.123456Z": "0044-03-15 (BC) 12:30:00.123456+00",
}


class Kind:
    """A column type: its name in SQL, how values are made, and how they stand in text."""

    def __init__(self, sql, make, literal, text, is_bare=lambda value: False):
        self.sql, self.make, self.literal, self.text, self.is_bare = sql, make, literal, text, is_bare


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def make_text(rng):
    pieces = ["", "a", " ", ",", '"', '""', "\n", "\r\n", "ü", "😀", "NULL", "null", "\\N", "\t", "#", "'", "{", "1", "\\", "true", "é́"]
    return "".join(rng.choice(pieces) for _ in range(rng.choice([0, 1, 1, 2, 4])))


def whole_text(value):
    is_whole = value == int(value) and abs(value) < 1e16 and math.copysign(1, value) * value != 0 or (value == 0 and math.copysign(1, value) > 0)
    return str(int(value)) if is_whole else repr(value)


def make_double(rng):
    return rng.choice([
        lambda: rng.choice([math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, 0.1, 1e16, 1e22, 2.2250738585072014e-308, 1.7976931348623157e308]),
        lambda: rng.uniform(-1e6, 1e6),
        lambda: rng.uniform(-1, 1) * 10.0 ** rng.randint(-300, 300),
    ])()


def make_integer(rng):
    return rng.choice([0, -1, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63), rng.randint(-100, 100), rng.randint(-(2**62), 2**62)])


def make_decimal(rng):
    digits = rng.randint(0, 10 ** rng.randint(0, 38) - 1) if rng.random() < 0.9 else 10**38 - 1
    return decimal.Decimal(rng.choice([-1, 1]) * digits).scaleb(-9, decimal.Context(prec=60))


def make_time(rng):
    if rng.random() < 0.2:
        return rng.choice(sorted(INFINITE | set(FAR)))
    micros = rng.choice([0, 1, 1000, 999999, 500000])
    return EPOCH + datetime.timedelta(days=rng.randint(-700000, 2900000), seconds=rng.randint(0, 86399), microseconds=micros)


def make_date(rng):
    return rng.choice(["infinity", "-infinity"]) if rng.random() < 0.1 else datetime.date(1, 1, 1) + datetime.timedelta(days=rng.randint(0, 3652058))


def time_text(value):
    if isinstance(value, str):
        return value
    text = value.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    if value.microsecond % 1000:
        text += f".{value.microsecond:06}"
    elif value.microsecond:
        text += f".{value.microsecond // 1000:03}"
    return text + "Z"


def double_text(value):
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value == math.inf else "-Infinity" if value == -math.inf else whole_text(value)


def decimal_text(value):
    return f"{value:.9f}"


def make_list(rng):
    return [None if rng.random() < 0.2 else make_integer(rng) for _ in range(rng.randint(0, 3))]


def make_struct(rng):
    return {"d": make_decimal(rng), "t": None if rng.random() < 0.2 else make_text(rng)}


KINDS = {
    "n": Kind("BIGINT", make_integer, lambda v: f"'{v}'::BIGINT", str, lambda v: abs(v) <= 2**53),
    "d": Kind("DECIMAL(38,9)", make_decimal, lambda v: f"'{decimal_text(v)}'::DECIMAL(38,9)", decimal_text),
    "x": Kind("DOUBLE", make_double, lambda v: f"'{double_text(v)}'::DOUBLE", double_text, math.isfinite),
    "b": Kind("BOOLEAN", lambda rng: rng.random() < 0.5, lambda v: str(v).lower(), lambda v: str(v).lower(), lambda v: True),
    "s": Kind("VARCHAR", make_text, quoted, lambda v: v),
    "day": Kind("DATE", make_date, lambda v: f"DATE '{v}'", str),
    "t": Kind("TIMESTAMPTZ", make_time, lambda v: "TIMESTAMPTZ " + quoted(FAR.get(v, v) if isinstance(v, str) else v.isoformat()), time_text),
    "l": Kind("BIGINT[]", make_list, lambda v: "[" + ", ".join("NULL" if i is None else f"'{i}'" for i in v) + "]::BIGINT[]", None),
    "o": Kind("STRUCT(d DECIMAL(38,9), t VARCHAR)", make_struct,
              lambda v: f"{{'d': '{decimal_text(v['d'])}', 't': {'NULL' if v['t'] is None else quoted(v['t'])}}}::STRUCT(d DECIMAL(38,9), t VARCHAR)", None),
}


def as_json(name, value):
    """The value as the JSON that Leat is documented to write."""
    if value is None:
        return None
    if name == "l":
        return [as_json("n", item) for item in value]
    if name == "o":
        return {"d": decimal_text(value["d"]), "t": value["t"]}
    kind = KINDS[name]
    return value if kind.is_bare(value) else kind.text(value)


def as_csv(name, value):
    if value is None or name in ("l", "o"):
        return None if value is None else json.dumps(as_json(name, value), ensure_ascii=False, separators=(",", ":"))
    return KINDS[name].text(value)


def same(got, wanted):
    if isinstance(wanted, float) and isinstance(got, float):
        return (math.isnan(got) and math.isnan(wanted)) or (got == wanted and math.copysign(1, got) == math.copysign(1, wanted))
    if isinstance(wanted, list) and isinstance(got, list):
        return len(got) == len(wanted) and all(map(same, got, wanted))
    if isinstance(wanted, dict) and isinstance(got, dict):
        return got.keys() == wanted.keys() and all(same(got[key], wanted[key]) for key in wanted)
    return type(got) is type(wanted) and got == wanted


class Run:
    def __init__(self, leat, folder, rng, count):
        self.leat, self.folder, self.failures, self.checked = leat, folder, 0, 0
        self.rows = [{"id": i} | {name: None if rng.random() < 0.15 else kind.make(rng) for name, kind in KINDS.items()} for i in range(count)]
        values = ",\n".join(
            f"({row['id']}, " + ", ".join(f"NULL::{k.sql}" if row[n] is None else k.literal(row[n]) for n, k in KINDS.items()) + ")" for row in self.rows)
        self.sql = f"SELECT * FROM (VALUES {values}) v(id, {', '.join(KINDS)}) ORDER BY id"

    def run(self, *words):
        done = subprocess.run([self.leat, *words], cwd=self.folder, capture_output=True, check=False)
        if done.returncode != 0:
            sys.exit(f"leat {' '.join(words)[:200]}: {done.stderr.decode()}")
        return done.stdout

    def query(self, sql, form):
        (self.folder / "q.sql").write_text(sql)
        with (self.folder / "q.sql").open("rb") as stdin:
            done = subprocess.run([self.leat, "query", "-", "-o", form], cwd=self.folder, stdin=stdin, capture_output=True, check=False)
        if done.returncode != 0:
            sys.exit(f"leat query -o {form}: {done.stderr.decode()}")
        return done.stdout

    def compare(self, what, got_rows, wanted_of, names=tuple(KINDS)):
        if len(got_rows) != len(self.rows):
            self.failures += 1
            print(f"FAIL {what}: {len(got_rows)} rows of {len(self.rows)}")
            return
        for got, row in zip(got_rows, self.rows):
            for name in names:
                self.checked += 1
                wanted = wanted_of(name, row[name])
                if not same(got[name], wanted):
                    self.failures += 1
                    if self.failures <= 20:
                        print(f"FAIL {what}: row {row['id']}, {name}: {got[name]!r} for {wanted!r}")

    def export(self, name):
        self.run("export", self.sql, "--to", name)
        return self.folder / name


def check_csv(run):
    path = run.export("rows.csv")
    if run.query(run.sql, "csv") != path.read_bytes():
        run.failures += 1
        print("FAIL csv: query and export differ")
    columns = {"id": pyarrow.string()} | {name: pyarrow.string() for name in KINDS}
    table = pyarrow.csv.read_csv(path, parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True), convert_options=pyarrow.csv.ConvertOptions(
        column_types=columns, strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""]))
    run.compare("csv, pyarrow", table.to_pylist(), as_csv)
    frame = pandas.read_csv(path, dtype=str, keep_default_na=False, skip_blank_lines=False)
    run.compare("csv, pandas", frame.to_dict("records"), lambda n, v: as_csv(n, v) or "", [n for n in KINDS if n not in ("s", "o")])
    types = ", ".join(f"'{n}': '{'VARCHAR' if n in ('l', 'o') else k.sql}'" for n, k in KINDS.items())
    read = f"read_csv('{path}', header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"', new_line = '\\n', " \
           f"allow_quoted_nulls = false, columns = {{'id': 'BIGINT', {types}}})"
    check_typed(run, "csv", read, nested=False)


def check_json(run):
    lines = [json.loads(line) for line in run.export("rows.json").read_text().split("\n") if line]
    run.compare("json, Python", lines, as_json)
    array = json.loads(run.query(run.sql, "json"))
    run.compare("json of query, Python", array, as_json)
    frame = pandas.read_json(run.folder / "rows.json", lines=True, dtype=False, convert_dates=False, precise_float=True)
    run.compare("json, pandas", frame.to_dict("records"), lambda n, v: as_json(n, v), ["s"] if frame["s"].notna().all() else [])
    types = ", ".join(f"'{n}': '{k.sql}'" for n, k in KINDS.items())
    check_typed(run, "json", f"read_json('{run.folder}/rows.json', format = 'newline_delimited', columns = {{'id': 'BIGINT', {types}}})", nested=True)


def check_parquet(run):
    path = run.export("rows.parquet")
    near = [i for i, row in enumerate(run.rows) if not isinstance(row["t"], str) and not isinstance(row["day"], str)]
    table = pyarrow.parquet.read_table(path).take(near)
    whole, run.rows = run.rows, [run.rows[i] for i in near]
    run.compare("parquet, pyarrow", table.to_pylist(), lambda n, v: v, [n for n in KINDS if n != "t"])
    instants = table.column("t").cast("int64").to_pylist()
    micros = lambda n, v: None if v is None else (v - EPOCH) // datetime.timedelta(microseconds=1)
    run.compare("parquet, pyarrow times", [{"t": value} for value in instants], micros, ["t"])
    frame = table.select(["id", "n", "s", "d"]).to_pandas(types_mapper=pandas.ArrowDtype)
    got = [{name: None if pandas.isna(value) else value for name, value in record.items()} for record in frame.to_dict("records")]
    run.compare("parquet, pandas", got, lambda n, v: v, ["n", "s", "d"])
    run.rows = whole
    check_typed(run, "parquet", f"read_parquet('{path}')", nested=True)


def check_typed(run, what, relation, nested):
    """DuckDB and Leat read the file with its types, and find no row that differs."""
    same_rows = " AND ".join(
        f"a.{n} IS NOT DISTINCT FROM b.{n}" + (f" AND (a.{n} IS NULL OR signbit(a.{n}) = signbit(b.{n}) OR isnan(a.{n}))" if n == "x" else "")
        for n in KINDS if nested or n not in ("l", "o"))
    sql = f"SELECT count(*) AS n, count(*) FILTER ({same_rows}) AS m FROM ({run.sql}) a LEFT JOIN {relation} b ON a.id = b.id"
    connection = duckdb.connect()
    found = {"DuckDB": connection.execute(sql).fetchone(), "Leat": tuple(json.loads(run.query(sql, "json"))[0].values())}
    for reader, (total, equal) in found.items():
        run.checked += total * len(KINDS)
        if total != len(run.rows) or equal != total:
            run.failures += 1
            print(f"FAIL {what}, {reader}: {equal} of {total} rows are the same")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leat", required=True, type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--rows", type=int, default=300)
    options = parser.parse_args()
    print(f"round trip: seed {options.seed}")
    with tempfile.TemporaryDirectory() as folder:
        run = Run(str(options.leat.resolve()), pathlib.Path(folder), random.Random(options.seed), options.rows)
        for check in (check_csv, check_json, check_parquet):
            check(run)
    print(f"{run.checked} values compared, {run.failures} differ")
    sys.exit(1 if run.failures else 0)


if __name__ == "__main__":
    main()

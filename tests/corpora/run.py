#!/usr/bin/env python3
"""Loads the files of others and classifies each as exact, quarantined, refused, wrong or lost; see README.md beside this."""

import argparse
import collections
import io
import json
import os
import re
import sys
import tarfile
import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.corpora import csv_oracle  # noqa: E402
from tests.oracle import arrow, convert  # noqa: E402
from tests.oracle.project import Project, ROOT  # noqa: E402

HERE = Path(__file__).resolve().parent
FILES_PER_PROJECT = 60
OWN = re.compile(r"_leat_(run_id|ingested_at|source|position)$")
# What the oracle for delimited text, which tries all dialects, takes its time for.
LARGEST_CSV = 200_000
# Maps with texts of a GiB, which pyarrow, the oracle, does not read.
UNJUDGED = "large_string_map.brotli.parquet"


@dataclass
class Sample:
    """A file as Leat gets it. `name` says where it came from, and in which form it is tried."""

    name: str
    extension: str
    content: bytes
    oracle: str  # csv, json, ndjson, parquet
    record: bytes | None = None  # the JSON text whose value the column v is to have


def extension_of(path: str) -> str | None:
    name = path.lower().removesuffix(".gz").removesuffix(".gzz").removesuffix(".zst")
    packed = path[len(name):]
    for ending in (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".geojsonl", ".parquet"):
        if name.endswith(ending):
            known = {".jsonl": ".ndjson", ".geojsonl": ".ndjson"}.get(ending, ending)
            return known[1:] + {".gzz": ".gz"}.get(packed, packed)
    return "csv" if "/csv/" in path else None


def samples_of(path: str, content: bytes) -> list:
    if "json-test-suite" in path and path.endswith(".json"):
        forms = [Sample(path, "json", content, "json"),
                 Sample(path + " in an array", "json", b'[{"id":1,"v":' + content + b"}]", "json")]
        if b"\n" not in content.strip() and b"\r" not in content:
            forms += [Sample(path + " as a line", "ndjson", content.strip(b" \n") + b"\n", "ndjson"),
                      Sample(path + " in a line", "ndjson", b'{"id":1,"v":' + content.strip() + b"}\n", "ndjson")]
        return forms
    extension = extension_of(path)
    if extension is None:
        return []
    kind = extension.split(".")[0]
    return [Sample(path, extension, content, "csv" if kind == "tsv" else kind)]


def from_archives() -> list:
    found = []
    for archive in sorted((HERE / "data").glob("*.tar.xz")):
        with tarfile.open(archive) as tar:
            for member in tar:
                if member.isfile() and not member.name.lower().endswith(("license", "license.txt", ".md")):
                    found += samples_of(member.name, tar.extractfile(member).read())
    return found


def from_folder(folder: Path) -> list:
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found += samples_of(str(path.relative_to(folder.parent)), path.read_bytes())
    return found


# Judging --------------------------------------------------------------------------------------------------------------

def stored(table) -> tuple:
    """Names of the columns that came of the file, and (position, values) of the rows."""
    if table is None:
        return [], []
    kept = [index for index, name in enumerate(table.column_names) if not OWN.match(name)]
    columns = [arrow.canonical(table.column(index)) for index in kept]
    positions = table.column("_leat_position").to_pylist()
    return ([table.column_names[index] for index in kept],
            [(positions[row], [column[row] for column in columns]) for row in range(table.num_rows)])


def judge(sample: Sample, table, rejected: list) -> csv_oracle.Reading:
    if any(not row.error for row in rejected):
        return csv_oracle.Reading("wrong", "rejected without a reason")
    names, rows = stored(table)
    if sample.oracle == "csv":
        content = csv_oracle.unpacked(sample.content)
        if content is not None and len(content) > LARGEST_CSV:
            return csv_oracle.Reading("loaded")
        return csv_oracle.judge(sample.content, rows, rejected)
    if sample.oracle == "parquet":
        return judge_parquet(sample, names, rows, rejected)
    return judge_json(sample, names, rows, rejected)


def json_records(sample: Sample) -> list | None:
    """The records' tokens, None for one that is no JSON object; None when the whole document is no JSON."""
    content = csv_oracle.unpacked(sample.content)
    try:
        text = content.decode("utf-8").removeprefix("\ufeff")
    except (UnicodeDecodeError, AttributeError):
        return None
    lines = [convert.parse_json(line) for line in re.split("[\r\n]+", text) if line.strip()]
    token = convert.parse_json(text)
    if sample.oracle == "ndjson":
        return lines
    if token is None:
        return objects_in_row(text) or lines
    values = token.value if isinstance(token.value, list) else [token.value]
    return [convert.Token(value) for value in values]


def objects_in_row(text: str) -> list | None:
    """Documents one after the other, not one a line."""
    decoder = json.JSONDecoder(parse_float=convert.Number, parse_int=convert.Number, parse_constant=convert.no_constant,
                               object_pairs_hook=lambda pairs: convert.Pairs(tuple(pairs)))
    found, index = [], 0
    while text[index:].strip():
        index += len(text[index:]) - len(text[index:].lstrip())
        try:
            value, index = decoder.raw_decode(text, index)
        except (ValueError, RecursionError):
            return None
        found += [convert.Token(item) for item in (value if isinstance(value, list) else [value])]
    return found


def judge_json(sample: Sample, names: list, rows: list, rejected: list) -> csv_oracle.Reading:
    records = json_records(sample)
    if records is None or None in records:
        return judge_by_place(sample, names, rows, rejected)
    readings = [judge_records(records, names, rows, rejected)]
    # An array may come in a file named for lines.
    if len(records) == 1 and isinstance(records[0].value, list):
        readings.append(judge_records([convert.Token(item) for item in records[0].value], names, rows, rejected))
    return next((reading for reading in readings if reading.outcome not in BAD), readings[0])


def judge_by_place(sample: Sample, names: list, rows: list, rejected: list) -> csv_oracle.Reading:
    """Of what is not JSON as a whole: a row is the object at its place, and all but brackets and commas is a row or rejected."""
    content = csv_oracle.unpacked(sample.content)
    if content is None:
        return csv_oracle.Reading("wrong", "rows of what cannot be unpacked") if rows else csv_oracle.Reading("unreadable")
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):  # places are those in the text as UTF-8
        content = content.decode("utf-16", "replace").encode()
    for first, encoding in ((0, "utf-16-be"), (1, "utf-16-le")):
        if len(content) > 3 and set(content[first::2]) == {0}:
            content = content.decode(encoding, "replace").encode()
    left = bytearray(content.removeprefix(b"\xef\xbb\xbf"))
    offset = len(content) - len(left)
    starts = sorted({position - offset for position, _ in rows} | {row.position - offset for row in rejected} | {len(left)})
    decoder = json.JSONDecoder(parse_float=convert.Number, parse_int=convert.Number, parse_constant=convert.no_constant,
                               object_pairs_hook=lambda pairs: convert.Pairs(tuple(pairs)))
    for position, values in rows:
        begin = position - offset
        text = bytes(left[begin:]).decode("utf-8", "surrogateescape")
        try:
            value, end = decoder.raw_decode(text)
        except (ValueError, RecursionError):
            return csv_oracle.Reading("wrong", f"a row at {position}, where no value is")
        if not isinstance(value, convert.Pairs) or not same_record(convert.Token(value), names, values):
            return csv_oracle.Reading("wrong", f"row {str(dict(zip(names, values)))[:200]} at {position}")
        size = len(text[:end].encode("utf-8", "surrogateescape"))
        left[begin:begin + size] = b" " * size
    for row in rejected:
        begin = row.position - offset
        size = len((row.raw or "").encode())
        if b"\xef\xbf\xbd" in (row.raw or "").encode() or content.count(b"\0"):  # not as in the file: up to what comes next
            size = next((start for start in starts if start > begin), len(left)) - begin
        elif bytes(left[begin:begin + size]) != (row.raw or "").encode():
            return csv_oracle.Reading("wrong", f"rejected at {row.position}, where it does not stand or a row is: {row.raw[:80]!r}")
        left[begin:begin + size] = b" " * size
    if bytes(left).strip(b" \t\r\n[],"):
        return csv_oracle.Reading("lost", f"neither row nor rejected: {bytes(left).strip()[:80]!r}")
    return csv_oracle.Reading("quarantined" if rejected else "exact" if rows else "empty")


def judge_records(records: list, names: list, rows: list, rejected: list) -> csv_oracle.Reading:
    left = [record for record in records if record is not None and isinstance(record.value, convert.Pairs)]
    for _, values in sorted(rows, key=lambda row: row[0] if row[0] is not None else 0):
        match = next((index for index, record in enumerate(left) if same_record(record, names, values)), None)
        if match is None:
            return csv_oracle.Reading("wrong", f"row {str(dict(zip(names, values)))[:200]}")
        del left[match]
    if len(rows) + sum(records_in(row.raw) for row in rejected) < len(records):
        return csv_oracle.Reading("lost", f"{len(records)} records, {len(rows)} rows, {len(rejected)} rejected")
    return csv_oracle.Reading("quarantined" if rejected else "exact" if rows else "empty")


def records_in(raw: str) -> int:
    """An array that was rejected as a whole stands for its elements."""
    token = convert.parse_json(raw or "")
    return max(1, len(token.value)) if token is not None and isinstance(token.value, list) else 1


def same_record(record: convert.Token, names: list, values: list) -> bool:
    received = {name.lower(): item for name, item in record.value.pairs}
    if len(received) != len(record.value.pairs):
        return False
    kept = dict(zip([name.lower() for name in names], values))
    return (all(convert.is_faithful_json(convert.Token(item), kept.get(name)) for name, item in received.items()) and
            all(value is None for name, value in kept.items() if name not in received))


def judge_parquet(sample: Sample, names: list, rows: list, rejected: list) -> csv_oracle.Reading:
    try:
        table = pq.read_table(io.BytesIO(sample.content), coerce_int96_timestamp_unit="us")
        columns = [arrow.canonical(column) for column in table.columns]
    except Exception as error:  # whatever pyarrow cannot read is for Leat to judge
        return csv_oracle.Reading("unjudged", str(error)[:100])
    if len(rows) + len(rejected) != table.num_rows:
        return csv_oracle.Reading("lost", f"{table.num_rows} rows in the file, {len(rows)} stored, {len(rejected)} rejected")
    if rejected:
        return csv_oracle.Reading("quarantined")
    order = sorted(range(len(rows)), key=lambda index: rows[index][0] if rows[index][0] is not None else index)
    for row, index in enumerate(order):
        for column, name in enumerate(table.column_names):
            kept = rows[index][1][names.index(name)] if name in names else None
            if not same_value(columns[column][row], kept, table.schema.field(column).type):
                return csv_oracle.Reading("wrong", f"row {row}, {name}: {str(kept)[:100]}, not {str(columns[column][row])[:100]}")
    return csv_oracle.Reading("exact")


def same_value(received, kept, of: pa.DataType) -> bool:
    if convert.same(received, kept):
        return True
    if received is None or kept is None:
        return False
    if isinstance(received, (int, Fraction)) and isinstance(kept, (int, Fraction)) and not isinstance(received, bool):
        return received == kept
    if isinstance(received, (str, bytes)) and isinstance(kept, (str, bytes)):
        return arrow.from_bytes(received, convert.Type("string")).admits(kept) if isinstance(received, bytes) else received.encode() == kept
    if isinstance(received, tuple) and received[:1] in (("clock",), ("nanoseconds",)):
        return arrow.Moments(received).admits(kept)
    return nested_same(received, kept, of)


def nested_same(received, kept, of: pa.DataType) -> bool:
    if not isinstance(received, tuple) or not isinstance(kept, tuple):
        return False
    if pa.types.is_struct(of) and received[:1] == kept[:1] == ("struct",):
        wanted, found = dict(received[1]), dict(kept[1])
        return wanted.keys() == found.keys() and all(same_value(wanted[name], found[name], of.field(name).type) for name in wanted)
    if pa.types.is_map(of):
        return len(received) == len(kept) and all(
            same_value(a[0], b[0], of.key_type) and same_value(a[1], b[1], of.item_type) for a, b in zip(received, kept))
    if pa.types.is_list(of) or pa.types.is_large_list(of):
        return len(received) == len(kept) and all(same_value(a, b, of.value_type) for a, b in zip(received, kept))
    return False


# Running --------------------------------------------------------------------------------------------------------------

def load(options, part: list, readings: dict) -> None:
    with Project(options.leat, options.keep) as project:
        for index, sample in enumerate(part):
            # The name tells the format where a user would tell it by the name.
            keys = {} if "." in Path(sample.name).name else {"from": {"format": "csv"}}
            project.source(f"f{index}", error_budget={"fraction": 1}, **keys)
            project.write(f"landing/f{index}/a.{sample.extension}", sample.content)
        outcome = project.run()
        for index, sample in enumerate(part):
            asset = f"bronze.f{index}"
            if outcome.crashed or asset not in outcome.statuses:
                readings[sample.name] = (csv_oracle.Reading("crashed", outcome.stderr.strip()[-200:]) if len(part) == 1 else None)
            elif outcome.statuses[asset] != "succeeded":
                error = outcome.errors[asset]
                clear = error.strip() and "mistake in Leat" not in error
                readings[sample.name] = csv_oracle.Reading("refused" if clear else "unclear", error[:200])
            else:
                readings[sample.name] = judge(sample, project.table(asset), project.quarantine(asset))


BAD = {"wrong", "lost", "crashed", "unclear"}


def load_all(options, samples: list) -> dict:
    readings: dict = {}
    for begin in range(0, len(samples), FILES_PER_PROJECT):
        load(options, samples[begin:begin + FILES_PER_PROJECT], readings)
    for sample in [sample for sample in samples if readings[sample.name] is None]:
        load(options, [sample], readings)
    return readings


def expected() -> dict:
    lines = (HERE / "expected.txt").read_text().splitlines() if (HERE / "expected.txt").exists() else []
    return dict(reversed(line.split(" ", 1)) for line in lines if line and not line.startswith("#"))


def report(options, readings: dict, seconds: float) -> int:
    known = None if options.folder or options.update else expected()
    failed = []
    for name, reading in readings.items():
        before = known.get(name, "not listed") if known is not None else reading.outcome
        if before != reading.outcome or (known is None and reading.outcome in BAD):
            failed.append(name)
            print(f"FAILED {name}: {reading.outcome}" + (f", not {before}" if before != reading.outcome else "") + f": {reading.detail}")
    counts: dict = collections.defaultdict(collections.Counter)
    for name, reading in readings.items():
        counts[name.split("/")[0] + "/" + (name.split("/")[1] if "duckdb" in name else "")][reading.outcome] += 1
    for suite, outcomes in counts.items():
        print(f"corpora: {suite} {sum(outcomes.values())}: " + ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common()))
    if options.update:
        (HERE / "expected.txt").write_text("# The outcome of each file, as reviewed; see README.md.\n" + "".join(
            f"{reading.outcome} {name}\n" for name, reading in sorted(readings.items())))
    print(f"corpora: {len(readings)} files in {seconds:.0f} s")
    print(f"{len(readings) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leat", type=Path, default=ROOT / "build/release/leat")
    parser.add_argument("--folder", type=Path, help="files to classify, instead of those kept here")
    parser.add_argument("--name", default="", help="only files whose name contains this")
    parser.add_argument("--update", action="store_true", help="rewrite expected.txt")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    options.leat = options.leat.resolve()
    begun = time.monotonic()
    samples = from_folder(options.folder.resolve()) if options.folder else from_archives()
    samples = [sample for sample in samples if options.name in sample.name and UNJUDGED not in sample.name]
    return report(options, load_all(options, samples), time.monotonic() - begun)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # the threads of pyarrow and delta-rs may outlive the interpreter, which then aborts

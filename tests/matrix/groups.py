"""Groups of cells: one source or seed with its files, made from the table, and the worth of each cell."""

import dataclasses
import json
from dataclasses import dataclass, field

import pyarrow as pa

from tests.oracle import arrow, convert, files, leat_types as t
from tests.oracle.convert import Token, Worth
from tests.oracle.leat_types import Type

from . import table

TEXT_FORMATS = {"csv": ",", "tsv": "\t", "seed": ","}
EXTENSIONS = {"csv": "csv", "tsv": "tsv", "seed": "csv", "json": "json", "ndjson": "ndjson", "parquet": "parquet"}
# Rows of a second file have the same values, and ids from here on.
LATER = 1_000_000


@dataclass
class Cell:
    """One value in one place; `received` is how the file has it, `worth` what may be stored."""

    received: object
    worth: Worth


@dataclass
class Group:
    """`kind`: rows (a cell per row), columns (a cell per column of one row), or evolving (columns, in a later file).

    `first` is what settles a detected type: the first file's row, or the other row of columns.
    """

    name: str
    format: str
    kind: str
    cells: list
    to: Type | None = None
    nesting: str = "alone"
    first: object = None
    arrow_type: pa.DataType | None = None
    encoding: str = ""
    passes: list = field(default_factory=lambda: ["first", "later"])
    origin: str = ""  # the group that this one is a part of
    isolated: bool = False  # to run in a project of its own, after a crash

    def __post_init__(self):
        self.origin = self.origin or self.name

    def parts(self, place: str) -> list:
        """The group in eight parts, to find out which cell made it be refused."""
        size = -(-len(self.cells) // 8)
        return [dataclasses.replace(self, name=f"{self.name}_{begin}", cells=self.cells[begin:begin + size],
                                    passes=["later"] if place == "later" else self.passes)
                for begin in range(0, len(self.cells), size)]


# Files ----------------------------------------------------------------------------------------------------------------

def rows_file(group: Group, cells: list, first_id: int) -> files.File:
    received = [(first_id + index, cell.received) for index, cell in enumerate(cells)]
    if group.format in TEXT_FORMATS:
        return files.csv_file(["id", "v"], [(str(key), value) for key, value in received], TEXT_FORMATS[group.format])
    if group.format == "parquet":
        values = arrow_array([value for _, value in received], group.arrow_type)
        return files.parquet_file({"id": pa.array([key for key, _ in received], pa.int64()), "v": values})
    records = [f'{{"id":{key},"v":{value}}}' for key, value in received]
    return files.ndjson_file(records) if group.format == "ndjson" else files.json_file(records)


def arrow_array(values: list, of: pa.DataType) -> pa.Array:
    """Times are given as integers."""
    if is_time(of):
        physical = pa.int32() if of.bit_width == 32 else pa.int64()
        return pa.array(values, physical).cast(of)
    if pa.types.is_string(of) and any(isinstance(value, bytes) for value in values):
        return pa.array(values, pa.binary()).view(of)
    if pa.types.is_list(of):
        flat = [item for value in values if value is not None for item in value]
        offsets, total = [0], 0
        for value in values:
            total += len(value)
            offsets.append(total)
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), arrow_array(flat, of.value_type))
    if pa.types.is_struct(of):
        return pa.StructArray.from_arrays([arrow_array([value[child.name] for value in values], child.type) for child in of],
                                          names=[child.name for child in of])
    if pa.types.is_map(of):
        items = arrow_array([value[0][1] for value in values], of.item_type)
        return pa.MapArray.from_arrays(pa.array(range(len(values) + 1), pa.int32()), pa.array([value[0][0] for value in values]), items)
    return pa.array(values, of)


def is_time(of: pa.DataType) -> bool:
    return pa.types.is_timestamp(of) or pa.types.is_date(of) or pa.types.is_time(of)


def columns_file(group: Group, later: bool) -> files.File:
    """One row, 1, whose columns are the cells, and, where there is company, another, 2, with that in all columns: in the same
    file, or in the first of two."""
    names = [f"c{index}" for index in range(len(group.cells))]
    rows = {1: [cell.received for cell in group.cells], 2: [group.first] * len(names)}
    if group.first is None or group.kind == "evolving":
        del rows[2 if later or group.first is None else 1]
    if group.format in TEXT_FORMATS:
        return files.csv_file(["id", *names], [[str(key), *row] for key, row in rows.items()], TEXT_FORMATS[group.format])
    records = ["{" + f'"id":{key},' + ",".join(f'"{name}":{value}' for name, value in zip(names, row)) + "}"
               for key, row in rows.items()]
    return files.ndjson_file(records) if group.format == "ndjson" else files.json_file(records)


# Groups ---------------------------------------------------------------------------------------------------------------

def of_texts(to: Type) -> list:
    """Cells of CSV; null among them."""
    cells = [Cell(None, convert.must(None))]
    for text in table.ALL_TEXTS:
        worth = convert.from_text(text, to)
        if text.strip() == "" and to.kind not in ("string", "binary"):
            worth = convert.may(None)  # whether "" is a null of numbers is for the reader to say
        cells.append(Cell(text, worth))
    return cells


def declared_texts(format: str, wanted) -> list:
    passes = ["first"] if format == "seed" else ["first", "later"]
    return [Group(name, format, "rows", of_texts(to), to, passes=passes)
            for to in t.SCALARS if wanted(name := f"{format}_{to.slug}")]


def nested_texts(format: str, wanted) -> list:
    """Nested values in CSV: as JSON, with what its strings may hold."""
    found = []
    for to in t.SCALARS:
        for nesting in ("list", "struct", "map"):
            if not wanted(name := f"{format}_{nesting}_{to.slug}"):
                continue
            whole = table.nested_type(to, nesting)
            texts = [table.nested_json(value, nesting) for value in table.json_values() if len(value) < 1000]
            cells = [Cell(text, Worth(convert.from_json(convert.parse_json(text), whole).values)) for text in texts]
            found.append(Group(name, format, "rows", cells, whole, nesting))
    return found


def declared_json(format: str, wanted) -> list:
    found = []
    for to in t.SCALARS:
        for nesting in table.NESTINGS:
            if not wanted(name := f"{format}_{nesting}_{to.slug}"):
                continue
            whole = table.nested_type(to, nesting)
            values = table.json_values()
            texts = [table.nested_json(value, nesting) for value in values if nesting == "alone" or len(value) < 1000]
            cells = [Cell(text, convert.from_json(convert.parse_json(text), whole)) for text in texts]
            found.append(Group(name, format, "rows", cells, whole, nesting))
    for number, (to, values) in enumerate(table.NESTED_COLUMNS):
        if not wanted(name := f"{format}_whole_{number}"):
            continue
        cells = [Cell(text, convert.from_json(convert.parse_json(text), to)) for text in values]
        found.append(Group(name, format, "rows", cells, to, "whole"))
    return found


def broken_texts(wanted) -> list:
    """Bytes that are no UTF-8, in each format that has texts; whoever wrote them, no text is what they say."""
    found = []
    for to in (t.STRING, t.BINARY, t.BIGINT):
        worth = [convert.may(part) if to.kind == "binary" else convert.NEVER for part in table.BROKEN]
        escaped = [part.decode("utf-8", "surrogateescape") for part in table.BROKEN]
        forms = {"csv": escaped, "tsv": escaped, "ndjson": [f'"{text}"' for text in escaped], "parquet": table.BROKEN}
        for format, received in forms.items():
            if wanted(name := f"{format}_broken_{to.slug}"):
                cells = [Cell(value, one) for value, one in zip(received, worth)]
                found.append(Group(name, format, "rows", cells, to, arrow_type=pa.string(), encoding="utf-8" if format in TEXT_FORMATS else ""))
    return found


def slug_of(of: pa.DataType) -> str:
    return "".join(character if character.isalnum() else "_" for character in str(of)).strip("_").lower()


def wrap(value: object, of: pa.DataType, nesting: str) -> tuple:
    if nesting == "list":
        return [value], pa.list_(of)
    if nesting == "struct":
        return {"a": 1, "f": value}, pa.struct([("a", pa.int32()), ("f", of)])
    if nesting == "map":
        return [("k", value)], pa.map_(pa.string(), of)
    return value, of


def declared_parquet(wanted) -> list:
    found = []
    for of, values in table.ARROW_COLUMNS:
        for to in t.SCALARS:
            for nesting in ("alone", "list", "struct", "map"):
                if not wanted(name := f"parquet_{nesting}_{slug_of(of)}_to_{to.slug}"):
                    continue
                whole = table.nested_type(to, nesting)
                wrapped = [wrap(value, of, nesting)[0] for value in values]
                arrow_type = wrap(None, of, nesting)[1]
                exact = arrow.canonical(arrow_array(wrapped, arrow_type))
                cells = [Cell(value, arrow.from_value(one, arrow_type, whole)) for value, one in zip(wrapped, exact)]
                found.append(Group(name, "parquet", "rows", cells, whole, nesting, arrow_type=arrow_type))
    return found


# What settles a column's type in the first file: a value, and the type that it should get.
SETTLED = [("true", "true", t.BOOLEAN), ("7", "7", t.BIGINT), ("1.5", "1.5", t.DOUBLE), ("abc", '"abc"', t.STRING),
           ("2026-01-31", '"2026-01-31"', t.DATE), ("2026-01-31T10:00:00Z", '"2026-01-31T10:00:00Z"', t.TIMESTAMP)]


def settled(format: str, wanted) -> list:
    """A first file settles the type, a later one has all values, and the schema policy keeps types as they are."""
    found = []
    for text, value, to in SETTLED:
        if format in TEXT_FORMATS:
            if wanted(name := f"{format}_settled_{to.slug}"):
                found.append(Group(name, format, "rows", of_texts(to), None, first=text, passes=["later"]))
            continue
        for nesting in ("alone", "list", "struct"):
            if not wanted(name := f"{format}_settled_{nesting}_{to.slug}"):
                continue
            whole = table.nested_type(to, nesting)
            texts = [table.nested_json(value, nesting) for value in table.json_values() if len(value) < 1000]
            cells = [Cell(text, convert.from_json(convert.parse_json(text), whole)) for text in texts]
            found.append(Group(name, format, "rows", cells, None, nesting,
                               first=table.nested_json(value, nesting), passes=["later"]))
    return found


class FaithfulText(Worth):
    def __init__(self, text: str | None):
        super().__init__(must=True)
        self.text = text

    def admits(self, value) -> bool:
        if value is None:
            # Whether "" is a null where it is no value is for the reader to say; judge_columns() looks at columns of text.
            return self.text is None or self.text == ""
        return self.text is not None and convert.is_faithful_text(self.text, value)


class FaithfulJson(Worth):
    def __init__(self, text: str):
        # Keys that no column can have may be refused.
        super().__init__(must='"":' not in text)
        self.token = convert.parse_json(text)

    def admits(self, value) -> bool:
        return convert.is_faithful_json(self.token, value)


# What stands in the other row of a detected column; None: nothing does.
COMPANY = [None, "1", "1.5", "abc", "true", "2026-01-31", "2026-01-31 10:00:00", "007"]
JSON_COMPANY = [None, "1", "1.5", '"abc"', "true", '"2026-01-31"', '"2026-01-31T10:00:00Z"', "null", "[]", "{}", "[1]", '{"a":1}', "[1.5]", '{"b":"x"}']


def detected(format: str, wanted) -> list:
    found = []
    if format in TEXT_FORMATS:
        cells = [Cell(text, FaithfulText(text)) for text in [None, *table.ALL_TEXTS] if text is None or (len(text) < 1000)]
        return [Group(name, format, "columns", cells, first=company, passes=["first"])
                for index, company in enumerate(COMPANY) if wanted(name := f"{format}_detected_{index}")]
    for nesting in ("alone", "list", "struct"):
        for index, company in enumerate(JSON_COMPANY):
            if not wanted(name := f"{format}_detected_{nesting}_{index}"):
                continue
            texts = [table.nested_json(value, nesting) for value in table.json_values() if len(value) < 1000]
            cells = [Cell(text, FaithfulJson(text)) for text in texts]
            found.append(Group(name, format, "columns", cells, None, nesting,
                               None if company is None else table.nested_json(company, nesting), passes=["first"]))
    return found


def evolving(format: str, wanted) -> list:
    """As detected(), with the company in a file that came before."""
    return [dataclasses.replace(group, name=name, origin=name, kind="evolving", passes=["later"])
            for group in detected(format, lambda name: True)
            if group.first is not None and wanted(name := group.name.replace("detected", "evolving"))]


def company_worth(group: Group) -> Worth:
    return FaithfulText(group.first) if group.format in TEXT_FORMATS else FaithfulJson(group.first)


def id_of(raw: str) -> int | None:
    """The id of a rejected record, of its own text."""
    head = raw[:40].lstrip("[ \n")
    if head.startswith("{"):
        digits = head.split(":", 1)[1].lstrip(' "') if ":" in head else ""
    else:
        digits = head.lstrip('"')
    number = ""
    for character in digits:
        if not character.isdigit():
            break
        number += character
    return int(number) if number else None


def describe(received: object) -> str:
    text = json.dumps(received if isinstance(received, str) else repr(received), ensure_ascii=False).encode("utf-8", "replace").decode()
    return text if len(text) < 90 else text[:80] + f"… ({len(text)} characters)"

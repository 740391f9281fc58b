"""Compares tables of two engines: the names and types of their columns, and their rows as multisets."""

import collections
import datetime
import decimal
import json
import re

import pyarrow as pa

SHOWN_ROWS = 8
SAME_TYPES = {"large_string": "string", "string_view": "string", "large_binary": "binary", "binary_view": "binary",
              "float": "float32", "double": "float64"}
ESCAPED_BYTE = re.compile(r"\\x([0-9A-F]{2})")


class Different(AssertionError):
    """Two tables that should say the same do not; the text shows how."""


def type_name(kind: pa.DataType) -> str:
    """The type's name, without what engines may choose freely: widths of offsets, names of elements, nullability."""
    types = pa.types
    if types.is_dictionary(kind):
        return type_name(kind.value_type)
    if types.is_map(kind):
        return f"map<{type_name(kind.key_type)},{type_name(kind.item_type)}>"
    if types.is_struct(kind):
        return "struct<" + ",".join(f"{field.name}:{type_name(field.type)}" for field in kind) + ">"
    if is_list(kind):
        return f"list<{type_name(kind.value_type)}>"
    if types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if types.is_timestamp(kind):
        return f"timestamp[{kind.unit}{' with zone' if kind.tz else ''}]"
    return SAME_TYPES.get(str(kind), str(kind))


def is_list(kind: pa.DataType) -> bool:
    types = pa.types
    return (types.is_list(kind) or types.is_large_list(kind) or types.is_list_view(kind)
            or types.is_large_list_view(kind) or types.is_fixed_size_list(kind))


def canonical(value, kind: pa.DataType):
    """A hashable value that is equal exactly when the values are: NaN to NaN, not 0.0 to -0.0, instants as instants."""
    types = pa.types
    if value is None:
        return None
    if types.is_dictionary(kind):
        return canonical(value, kind.value_type)
    if types.is_map(kind):
        pairs = [(canonical(key, kind.key_type), canonical(item, kind.item_type)) for key, item in value]
        return tuple(sorted(pairs, key=repr))
    if types.is_struct(kind):
        return tuple(canonical(value[field.name], field.type) for field in kind)
    if is_list(kind):
        return tuple(canonical(item, kind.value_type) for item in value)
    if types.is_floating(kind):
        return repr(float(value))
    if types.is_timestamp(kind):
        return (value.astimezone(datetime.timezone.utc) if kind.tz else value).isoformat(timespec="microseconds")
    return value


def multiset(table: pa.Table) -> collections.Counter:
    fields = list(table.schema)
    columns = [[canonical(value, field.type) for value in table.column(at).to_pylist()]
               for at, field in enumerate(fields)]
    return collections.Counter(zip(*columns)) if fields else collections.Counter()


def columns_of(schema: pa.Schema) -> list:
    return [f"{field.name}: {type_name(field.type)}" for field in schema]


def describe(rows: collections.Counter) -> list:
    lines = [f"    {count} x {row!r}" for row, count in sorted(rows.items(), key=repr)[:SHOWN_ROWS]]
    return lines + ([f"    … and {len(rows) - SHOWN_ROWS} more"] if len(rows) > SHOWN_ROWS else [])


def expect_same(expected: pa.Table, actual: pa.Table, what: str) -> None:
    """Raises Different unless both tables have the same columns, in order, and the same rows, in any order."""
    if columns_of(expected.schema) != columns_of(actual.schema):
        raise Different("\n".join([f"{what}: other columns", "  expected:", *(f"    {c}" for c in columns_of(
            expected.schema)), "  actual:", *(f"    {c}" for c in columns_of(actual.schema))]))
    wanted, found = multiset(expected), multiset(actual)
    if wanted != found:
        raise Different("\n".join([f"{what}: other rows (columns: {', '.join(columns_of(expected.schema))})",
                                   f"  expected {expected.num_rows} rows; these are missing:",
                                   *describe(wanted - found),
                                   f"  actual {actual.num_rows} rows; these are too many:", *describe(found - wanted)]))


def parse_json_rows(text: str, schema: pa.Schema) -> pa.Table:
    """What `leat query -o json` printed, as a table of these types."""
    documents = json.loads(text)
    if documents and list(documents[0]) != schema.names:
        raise Different(f"JSON has the keys {list(documents[0])} and not {schema.names}")
    columns = [pa.array([from_json(row[field.name], field.type) for row in documents], plain(field.type))
               for field in schema]
    return pa.Table.from_arrays(columns, names=schema.names)


def plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def from_json(value, kind: pa.DataType):
    types = pa.types
    if value is None:
        return None
    if types.is_dictionary(kind):
        return from_json(value, kind.value_type)
    if types.is_map(kind):
        return [(from_json(key, kind.key_type), from_json(item, kind.item_type)) for key, item in value.items()]
    if types.is_struct(kind):
        return {field.name: from_json(value[field.name], field.type) for field in kind}
    if is_list(kind):
        return [from_json(item, kind.value_type) for item in value]
    if types.is_boolean(kind):
        return {"true": True, "false": False}.get(value, value)
    if types.is_integer(kind):
        return int(value)
    if types.is_floating(kind):
        return float(value)
    if types.is_decimal(kind):
        return decimal.Decimal(value)
    if types.is_date(kind):
        return datetime.date.fromisoformat(value)
    if types.is_timestamp(kind):
        instant = datetime.datetime.fromisoformat(value)
        return instant if kind.tz else instant.replace(tzinfo=None)
    if types.is_binary(kind) or types.is_large_binary(kind):
        return from_escaped(value)
    return value


def from_escaped(text: str) -> bytes:
    parts = ESCAPED_BYTE.split(text)
    return b"".join(bytes.fromhex(part) if at % 2 else part.encode("ascii") for at, part in enumerate(parts))

"""Arrow's values in the canonical form of convert.py, and what they are worth in a type."""

import math
import re
from fractions import Fraction

import pyarrow as pa
import pyarrow.compute as pc

from . import convert
from .convert import MICROS_PER_DAY, NEVER, Worth, may, must
from .leat_types import INTEGER_BITS, Type


def canonical(array) -> list:
    """The values of an array or chunked array."""
    if isinstance(array, pa.ChunkedArray):
        return [value for chunk in array.chunks for value in canonical(chunk)]
    of = array.type
    if pa.types.is_dictionary(of):
        return canonical(array.dictionary_decode())
    if pa.types.is_decimal(of):
        return [None if value is None else Fraction(value) for value in array.to_pylist()]
    if pa.types.is_date32(of):
        return [None if value is None else ("date", value) for value in array.cast(pa.int32()).to_pylist()]
    if pa.types.is_date64(of):
        return [None if value is None else ("date", value // 86_400_000) for value in array.cast(pa.int64()).to_pylist()]
    if pa.types.is_timestamp(of):
        return [None if value is None else micros(value, of.unit) for value in array.cast(pa.int64()).to_pylist()]
    if pa.types.is_time(of):
        return canonical_times(array)
    if pa.types.is_map(of):
        pairs = list(zip(canonical(array.keys), canonical(array.items)))
        return [value if value is None else tuple(sorted(value, key=repr)) for value in slices(array, pairs)]
    if pa.types.is_list(of) or pa.types.is_large_list(of):
        return slices(array, canonical(array.values))
    if pa.types.is_struct(of):
        return canonical_structs(array)
    try:
        return array.to_pylist()
    except UnicodeDecodeError:  # a fault of whoever wrote it, which is then seen as a text of its own
        raw = array.view(pa.large_binary() if pa.types.is_large_string(of) else pa.binary()).to_pylist()
        return [None if value is None else value.decode("utf-8", "surrogateescape") for value in raw]


def micros(value: int, unit: str):
    """A time; one with nanoseconds that no microsecond can hold is a value of its own, equal to no stored one."""
    if unit == "ns":
        return ("time", value // 1000) if value % 1000 == 0 else ("nanoseconds", value)
    return ("time", value * {"s": 1_000_000, "ms": 1000, "us": 1}[unit])


def canonical_times(array) -> list:
    per_second = {"s": 1, "ms": 1000, "us": 1_000_000, "ns": 1_000_000_000}[array.type.unit]
    whole = array.cast(pa.int32() if array.type.bit_width == 32 else pa.int64()).to_pylist()
    return [None if value is None else ("clock", Fraction(value, per_second)) for value in whole]


def slices(array, children: list) -> list:
    """Of an array of lists or maps, whose children stand one after the other."""
    offsets, valid = array.offsets.to_pylist(), pc.is_valid(array).to_pylist()
    return [tuple(children[offsets[index]:offsets[index + 1]]) if there else None for index, there in enumerate(valid)]


def canonical_structs(array) -> list:
    names = [field.name for field in array.type]
    columns = [canonical(child) for child in array.flatten()]
    valid = pc.is_valid(array).to_pylist()
    return [convert.make_struct(names, [column[index] for column in columns]) if there else None
            for index, there in enumerate(valid)]


def is_number(of: pa.DataType) -> bool:
    return pa.types.is_integer(of) or pa.types.is_floating(of) or pa.types.is_decimal(of)


def from_value(value, of: pa.DataType, to: Type) -> Worth:
    """The worth of a canonical value that had the Arrow type `of`."""
    if value is None:
        return must(None)
    if pa.types.is_list(of) or pa.types.is_large_list(of) or pa.types.is_struct(of) or pa.types.is_map(of):
        return from_nested(value, of, to)
    if pa.types.is_string(of) or pa.types.is_large_string(of):
        worth = convert.from_text(value, to)
        return worth if to.kind == "string" else Worth(worth.values)
    if pa.types.is_boolean(of):
        return from_boolean(value, to)
    if is_number(of):
        return from_number(value, of, to)
    if pa.types.is_binary(of) or pa.types.is_large_binary(of) or pa.types.is_fixed_size_binary(of):
        return from_bytes(value, to)
    return from_time(value, to)


def from_boolean(value: bool, to: Type) -> Worth:
    if to.kind == "boolean":
        return must(value)
    if to.kind == "string":
        return may("true" if value else "false")
    if to.kind in INTEGER_BITS:
        return may(int(value))
    return may(Fraction(int(value))) if to.kind == "decimal" else may(float(value)) if to.kind in ("float", "double") else NEVER


def from_number(value, of: pa.DataType, to: Type) -> Worth:
    if to.kind == "string":
        return Texts(value, of)
    if isinstance(value, float) and not math.isfinite(value):
        if to.kind == "double" or (to.kind == "float" and of.bit_width <= 32):
            return must(value)
        return may(value) if to.kind == "float" else NEVER
    exact = Fraction(value)
    if to.kind in INTEGER_BITS:
        bits = INTEGER_BITS[to.kind]
        fits = exact.denominator == 1 and -(2 ** (bits - 1)) <= exact < 2 ** (bits - 1)
        return Worth([int(exact)], pa.types.is_integer(of)) if fits else NEVER
    if to.kind == "decimal":
        return decimal_of(value, exact, of, to)
    if to.kind in ("float", "double"):
        return float_of(value, exact, of, to.kind == "float")
    if to.kind == "boolean":
        return may(bool(exact)) if exact in (0, 1) else NEVER
    return NEVER


class Texts(Worth):
    """A number as text: any text that reads as the number."""

    def __init__(self, value, of: pa.DataType):
        super().__init__()
        self.number, self.of = value, of

    def admits(self, value) -> bool:
        if not isinstance(value, str):
            return False
        if pa.types.is_floating(self.of):
            try:
                read = convert.to_float32(float(value)) if self.of.bit_width <= 32 else float(value)
            except ValueError:
                return False
            return convert.same(read, float(self.number))
        return convert.number_of(value) == Fraction(self.number)


def shortest(value: float, of: pa.DataType) -> str:
    if of.bit_width >= 64:
        return repr(value)
    return next(text for digits in range(1, 10) if convert.to_float32(float(text := f"{value:.{digits}g}")) == value)


def decimal_of(value, exact: Fraction, of: pa.DataType, to: Type) -> Worth:
    candidates = [exact]
    if isinstance(value, float):
        candidates.append(Fraction(shortest(value, of)))
    fitting = [number for number in candidates
               if (number * 10**to.scale).denominator == 1 and abs(number) * 10**to.scale < 10**to.precision]
    return Worth(fitting, bool(fitting) and not isinstance(value, float))


def float_of(value, exact: Fraction, of: pa.DataType, narrow: bool) -> Worth:
    try:
        stored = convert.to_float32(float(exact)) if narrow else float(exact)
    except OverflowError:
        return NEVER
    if math.isfinite(stored) and Fraction(stored) == exact:
        return Worth([stored], pa.types.is_floating(of) or (pa.types.is_integer(of) and abs(exact) < 2**24))
    if isinstance(value, float) or pa.types.is_integer(of):
        return NEVER
    # A decimal has a decimal text, so the rule for texts holds.
    text = f"{value.numerator}/{value.denominator}" if exact.denominator == 1 else decimal_text(exact)
    return Worth(convert.float_from_text(text, narrow).values) if "/" not in text else NEVER


def decimal_text(exact: Fraction) -> str:
    scale = next(scale for scale in range(80) if (exact * 10**scale).denominator == 1)
    digits = str(abs(int(exact * 10**scale))).rjust(scale + 1, "0")
    return ("-" if exact < 0 else "") + digits[:-scale] + "." + digits[-scale:]


def from_bytes(value: bytes, to: Type) -> Worth:
    if to.kind == "binary":
        return must(value)
    if to.kind != "string":
        return NEVER
    values = ["".join(chr(byte) if 32 <= byte < 127 and byte not in b"\\'\"" else f"\\x{byte:02X}" for byte in value)]
    try:
        values.append(value.decode())
    except UnicodeDecodeError:
        pass
    return may(*values)


def from_time(value: tuple, to: Type) -> Worth:
    kind, number = value
    if kind == "date":
        return {"date": must(value), "timestamp": may(("time", number * MICROS_PER_DAY)), "string": Moments(value)}.get(
            to.kind, NEVER)
    if kind == "time":
        whole = number % MICROS_PER_DAY == 0
        return {"timestamp": must(value), "string": Moments(value),
                "date": may(("date", number // MICROS_PER_DAY)) if whole else NEVER}.get(to.kind, NEVER)
    return Moments(value) if to.kind == "string" else NEVER


class Moments(Worth):
    """A date or time as text: any text that reads as it."""

    def __init__(self, value: tuple):
        super().__init__()
        self.moment = value

    def admits(self, value) -> bool:
        if not isinstance(value, str):
            return False
        kind, number = self.moment
        if kind == "date":
            return ("date", number) in convert.date_from_text(value).values
        if kind == "time":
            return ("time", number) in convert.timestamp_from_text(value).values
        if kind == "clock":
            read = re.fullmatch(r"([0-9]{2}):([0-9]{2}):([0-9]{2}(?:\.[0-9]+)?)(?:Z|\+00(?::00)?)?", value)
            return read is not None and Fraction(read[3]) + 60 * int(read[2]) + 3600 * int(read[1]) == number
        # Nanoseconds: the text has them all.
        head, _, fraction = value.partition(".")
        digits = fraction.rstrip("Z+0:")
        return bool(digits) and number % 10**9 == int(digits.ljust(9, "0"))


class Nested(Worth):
    """A nested value, part by part. `kind` is list, struct or map; of structs there are names, of maps the keys come first."""

    def __init__(self, kind: str, parts: list, names: list | None = None):
        super().__init__(must=all(part.must for part in parts))
        self.kind, self.parts, self.names = kind, parts, names

    def admits(self, value) -> bool:
        if not isinstance(value, tuple):
            return False
        if self.kind == "struct":
            kept = dict(value[1])
            return kept.keys() <= set(self.names) and all(
                part.admits(kept.get(name)) for name, part in zip(self.names, self.parts))
        if self.kind == "map":
            value = [key for key, _ in value] + [item for _, item in value]
        return len(value) == len(self.parts) and all(part.admits(one) for part, one in zip(self.parts, value))


def from_nested(value, of: pa.DataType, to: Type) -> Worth:
    if to.kind == "string":
        return Json(value, of)
    if pa.types.is_map(of) and to.kind == "map":
        keys = [from_value(key, of.key_type, to.children[0][1]) for key, _ in value]
        return Nested("map", keys + [from_value(item, of.item_type, to.children[1][1]) for _, item in value])
    if pa.types.is_struct(of) and to.kind == "struct":
        wanted, names = dict(to.children), [name for name, _ in value[1]]
        if any(name not in wanted for name in names):
            return NEVER
        return Nested("struct", [from_value(item, of.field(name).type, wanted[name]) for name, item in value[1]], names)
    if (pa.types.is_list(of) or pa.types.is_large_list(of)) and to.kind == "list":
        return Nested("list", [from_value(item, of.value_type, to.children[0][1]) for item in value])
    return NEVER


class Json(Worth):
    """A nested value as text: JSON that reads as it."""

    def __init__(self, value, of: pa.DataType):
        super().__init__()
        self.value, self.of = value, of

    def admits(self, value) -> bool:
        token = convert.parse_json(value) if isinstance(value, str) else None
        return token is not None and json_is(token.value, self.value, self.of)


def json_is(token, value, of: pa.DataType) -> bool:
    if value is None:
        return token is None
    if isinstance(token, list):
        return isinstance(value, tuple) and len(token) == len(value) and all(
            json_is(one, item, of.value_type) for one, item in zip(token, value))
    if isinstance(token, convert.Pairs):
        kept = dict(token.pairs)
        if pa.types.is_struct(of):
            fields = dict(value[1])
            return all(json_is(item, fields.get(name), of.field(name).type) for name, item in kept.items()) and fields.keys() <= kept.keys()
        return pa.types.is_map(of) and len(kept) == len(value) and all(
            str(key) in kept and json_is(kept[str(key)], item, of.item_type) for key, item in value)
    text = token.text if isinstance(token, convert.Number) else str(token).lower() if isinstance(token, bool) else token
    worth = from_value(value, of, Type("string"))
    return isinstance(text, str) and worth.admits(text)

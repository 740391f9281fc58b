"""What a received text, JSON value or Arrow value is worth in a type: the oracle of the proofs of exactness.

Nothing here asks DuckDB or Leat. Values have one canonical form each, whatever library they come from:

    None, bool, int, str, bytes   as in Python
    decimal                       Fraction
    float, double                 float; -0.0 and 0.0 are the same value, NaN equals NaN
    date                          ("date", days since 1970)
    timestamp                     ("time", microseconds since 1970 in UTC)
    list, map                     tuples; a map is a tuple of (key, value), sorted
    struct                        ("struct", ((name, value), ...)), fields that are null left out, sorted
"""

import calendar
import functools
import json
import math
import re
import struct
import zoneinfo
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from .leat_types import INTEGER_BITS, Type

NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
PLAIN_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
LOOSE_DATE = re.compile(r"(-?[0-9]{1,7})([-/.])([0-9]{1,2})\2([0-9]{1,2})")
TIME = re.compile(
    r"(?P<date>[^Tt ]+(?: \(BC\))?)(?:[Tt]| +)(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]+))?)?"
    r"(?P<zone>\s*(?:Z|z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?(?::?[0-9]{2})?|[A-Za-z]+(?:/[A-Za-z_]+)*))?")
MICROS_PER_DAY = 86_400_000_000
# What a signed 64-bit number of microseconds reaches.
TIME_LIMIT = 2**63 - 1
HUGE_EXPONENT = 5_000


@dataclass
class Worth:
    """Shared by all who ask for it, so never changed. The values that may be stored for what was received. `must`: refusing it would be a fault."""

    values: list = field(default_factory=list)
    must: bool = False

    def admits(self, value) -> bool:
        return any(same(value, allowed) for allowed in self.values)


NEVER = Worth()


def must(value) -> Worth:
    return Worth([value], True)


def may(*values) -> Worth:
    return Worth(list(values))


def same(left, right) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return left == right or (math.isnan(left) and math.isnan(right))
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right))
    return type(left) is type(right) and left == right


def days_from_civil(year: int, month: int, day: int) -> int | None:
    """Days since 1970 in the proleptic Gregorian calendar, for any year; None for a day that does not exist."""
    if not 1 <= month <= 12:
        return None
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    length = 29 if month == 2 and leap else calendar.mdays[month]
    if not 1 <= day <= length:
        return None
    shifted = year - 1 if month <= 2 else year
    era, of_era = divmod(shifted, 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def number_of(text: str) -> Fraction | None:
    """The exact value of a number's text; None when it is none, or too large to write out."""
    if not NUMBER.fullmatch(text):
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    if value and abs(value.adjusted()) > HUGE_EXPONENT:
        return None
    return Fraction(value)


def significant_digits(text: str) -> int:
    """Of a number's text; zeros in front are none, nor are those that end a fraction."""
    whole, _, fraction = re.sub(r"[eE].*", "", text).lstrip("+-").partition(".")
    return max(len((whole + fraction.rstrip("0")).lstrip("0")), 1)


def to_float32(value: float) -> float:
    try:
        return struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def prints_as(value: float, text: str, exact: Fraction) -> bool:
    """Whether the float, printed with as many significant digits as the text has, gives the text's digits."""
    if math.isinf(value) or (value == 0.0) != (exact == 0):
        return False
    return Fraction(Decimal(f"{value:.{significant_digits(text) - 1}e}")) == exact


def float_from_text(text: str, narrow: bool) -> Worth:
    trimmed = text.strip(" ")
    word = trimmed.lower().lstrip("+-")
    if word in ("nan", "inf", "infinity"):
        return may(-float(word) if trimmed.startswith("-") else float(word))
    exact = number_of(trimmed)
    if exact is None:
        # An exponent beyond all floats: nothing but zero itself could be exact.
        return may(0.0) if NUMBER.fullmatch(trimmed) and not re.search("[1-9]", re.sub("[eE].*", "", trimmed)) else NEVER
    value = float(trimmed)
    value = to_float32(value) if narrow else value
    if not prints_as(value, trimmed, exact):
        return NEVER
    return must(value) if PLAIN_NUMBER.fullmatch(trimmed) and text == trimmed else may(value)


def integer_from_text(text: str, bits: int) -> Worth:
    trimmed = text.strip()
    exact = number_of(trimmed)
    if exact is None:
        return may(0) if NUMBER.fullmatch(trimmed) and not re.search("[1-9]", re.sub("[eE].*", "", trimmed)) else NEVER
    if exact.denominator != 1 or not -(2 ** (bits - 1)) <= exact < 2 ** (bits - 1):
        return NEVER
    certain = re.fullmatch(r" *[+-]?[0-9]+ *|-?[0-9]+\.0+|[0-9][eE][0-9]", text)
    return Worth([int(exact)], bool(certain))


def decimal_from_text(text: str, of: Type) -> Worth:
    trimmed = text.strip()
    exact = number_of(trimmed)
    if exact is None:
        return (may(Fraction(0)) if NUMBER.fullmatch(trimmed) and not re.search("[1-9]", re.sub("[eE].*", "", trimmed))
                else NEVER)
    scaled = exact * 10**of.scale
    if scaled.denominator != 1 or abs(scaled) >= 10**of.precision:
        return NEVER
    certain = re.fullmatch(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?", text) and significant_digits(text) <= 38
    return Worth([exact], bool(certain))


def boolean_from_text(text: str) -> Worth:
    word = text.strip().lower()
    if word in ("true", "false") and word == text.lower():
        return must(word == "true")
    if word in ("true", "t", "1", "yes", "y", "on"):
        return may(True)
    return may(False) if word in ("false", "f", "0", "no", "n", "off") else NEVER


def date_from_text(text: str) -> Worth:
    match = ISO_DATE.fullmatch(text)
    if match:
        days = days_from_civil(*map(int, match.groups()))
        if days is None:
            return NEVER
        return Worth([("date", days)], match[1] != "0000")
    days = loose_day(text.strip())
    if days is not None:
        return may(("date", days))
    if clear_day(text) is not None:
        return may(clear_day(text))
    time = timestamp_from_text(text.strip())
    return may(*[("date", value // MICROS_PER_DAY) for _, value in time.values if value % MICROS_PER_DAY == 0 and
                 not TIME.fullmatch(text.strip())["zone"]])


def loose_day(text: str) -> int | None:
    """Days of forms that are clear but not ISO: one-digit months, other separators, far years, BC."""
    before_christ = text.endswith(" (BC)")
    match = LOOSE_DATE.fullmatch(text.removesuffix(" (BC)"))
    if not match:
        packed = re.fullmatch(r"([0-9]{4})([0-9]{2})([0-9]{2})", text)
        return days_from_civil(*map(int, packed.groups())) if packed else None
    if len(match[1].lstrip("-")) < 3:
        return None
    year = 1 - int(match[1]) if before_christ else int(match[1])
    return days_from_civil(year, int(match[3]), int(match[4]))


def offset_micros(zone: str) -> int | None:
    match = re.fullmatch(r"([+-])([0-9]{2})(?::?([0-9]{2}))?(?::?([0-9]{2}))?", zone)
    if not match:
        return None
    hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:])
    if hours > 15 or minutes > 59 or seconds > 59:
        return None
    return (1 if match[1] == "+" else -1) * (hours * 3600 + minutes * 60 + seconds) * 1_000_000


def instants(local: int, zone: str) -> list | None:
    """The instants that a local time may be in a zone: two when clocks are set back, none when they are set forward."""
    if zone in ("", "Z", "z", "UTC"):
        return [local]
    offset = offset_micros(zone)
    if offset is not None:
        return [local - offset]
    try:
        info = zoneinfo.ZoneInfo(zone)
        wall = datetime(1970, 1, 1) + timedelta(microseconds=local)
    except (OverflowError, ValueError, zoneinfo.ZoneInfoNotFoundError):
        return None
    found = set()
    for fold in (0, 1):
        moment = wall.replace(tzinfo=info, fold=fold)
        back = moment.astimezone(timezone.utc).astimezone(info)
        if back.replace(tzinfo=None) == wall:
            found.add(local - int(moment.utcoffset().total_seconds() * 1_000_000))
    return sorted(found)


def timestamp_from_text(text: str) -> Worth:
    trimmed = text.strip()
    day = ISO_DATE.fullmatch(trimmed)
    days = days_from_civil(*map(int, day.groups())) if day else loose_day(trimmed)
    if day or days is not None:
        return may(("time", days * MICROS_PER_DAY)) if days is not None else NEVER
    if clear_day(text) is not None:
        return may(("time", clear_day(text)[1] * MICROS_PER_DAY))
    match = TIME.fullmatch(trimmed)
    if not match:
        return NEVER
    day = ISO_DATE.fullmatch(match["date"])
    days = days_from_civil(*map(int, day.groups())) if day else loose_day(match["date"])
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    fraction = (match["fraction"] or "").rstrip("0")
    midnight = hour == 24 and minute == second == 0 and not fraction
    if days is None or (hour > 23 and not midnight) or minute > 59 or second > 59 or len(fraction) > 6:
        return NEVER
    local = days * MICROS_PER_DAY + ((hour * 60 + minute) * 60 + second) * 1_000_000 + int(fraction.ljust(6, "0") or 0)
    zone = (match["zone"] or "").strip()
    moments = [moment for moment in instants(local, zone) or [] if abs(moment) <= TIME_LIMIT]
    if not moments:
        return NEVER
    certain = (re.fullmatch(r"[0-9]{4}-[0-9][0-9]-[0-9][0-9][T ][0-9][0-9]:[0-9][0-9]:[0-9][0-9](\.[0-9]{1,6})?(Z|[+-][0-9][0-9]:[0-9][0-9])?", text) and hour < 24 and
               not text.startswith("0000"))
    return Worth([("time", moment) for moment in moments], bool(certain))


def binary_from_text(text: str) -> Worth:
    values = [text.encode()]
    if re.fullmatch(r"(?:[^\\]|\\x[0-9A-Fa-f]{2})*", text):
        unescaped = re.sub(rb"\\x([0-9A-Fa-f]{2})", lambda match: bytes([int(match[1], 16)]), text.encode())
        values.append(unescaped)
    return Worth(values, bool(re.fullmatch("[ -~]*", text) and "\\" not in text))


@functools.cache
def from_text(text: str, to: Type) -> Worth:
    """The worth of a text cell, which is not null."""
    kind = to.kind
    if kind == "string":
        return must(text)
    if kind in INTEGER_BITS:
        return integer_from_text(text, INTEGER_BITS[kind])
    if kind == "decimal":
        return decimal_from_text(text, to)
    if kind in ("float", "double"):
        return float_from_text(text, kind == "float")
    if kind == "boolean":
        return boolean_from_text(text)
    if kind == "date":
        return date_from_text(text)
    if kind == "timestamp":
        return timestamp_from_text(text)
    if kind == "binary":
        return binary_from_text(text)
    token = parse_json(text)
    if token is None:
        return NEVER
    return Worth(from_json(token, to).values)


# JSON ------------------------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Number:
    """A JSON number as it stands in the file."""

    text: str


@dataclass(frozen=True)
class Pairs:
    """A JSON object with all its keys, in their order."""

    pairs: tuple


@dataclass(frozen=True)
class Token:
    """A parsed JSON value: None, bool, str, Number, Pairs or a list of these."""

    value: object


def no_constant(name: str):
    raise ValueError(f"{name} is not JSON")


def parse_json(text: str) -> Token | None:
    try:
        return Token(json.loads(text, parse_float=Number, parse_int=Number, parse_constant=no_constant,
                                object_pairs_hook=lambda pairs: Pairs(tuple(pairs))))
    except (ValueError, RecursionError):
        return None


def from_json(token: Token, to: Type) -> Worth:
    value = token.value
    if value is None:
        return must(None)
    if to.kind == "list":
        return from_json_list(value, to)
    if to.kind == "struct":
        return from_json_struct(value, to)
    if to.kind == "map":
        return from_json_map(value, to)
    if isinstance(value, str):
        worth = from_text(value, to)
        return worth if to.kind == "string" else Worth(worth.values)
    if isinstance(value, bool):
        return bool_in(value, to)
    if isinstance(value, Number):
        return number_in(value, to)
    return may(*json_texts(value)) if to.kind == "string" else NEVER


def bool_in(value: bool, to: Type) -> Worth:
    if to.kind == "boolean":
        return must(value)
    return may("true" if value else "false") if to.kind == "string" else NEVER


def number_in(value: Number, to: Type) -> Worth:
    if to.kind == "string":
        return may(value.text)
    if to.kind in ("date", "timestamp", "binary"):
        return NEVER
    return from_text(value.text, to)


def json_texts(value) -> list:
    """The texts of a JSON value that are allowed where a column of texts gets it: compact, and with spaces."""
    return [render(value, ",", ":"), render(value, ", ", ": ")]


def render(value, comma: str, colon: str) -> str:
    if isinstance(value, Number):
        return value.text
    if isinstance(value, Pairs):
        return "{" + comma.join(json.dumps(k, ensure_ascii=False) + colon + render(v, comma, colon)
                                for k, v in value.pairs) + "}"
    if isinstance(value, list):
        return "[" + comma.join(render(item, comma, colon) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def combine(parts: list, build) -> Worth:
    """The worth of a nested value of its parts' worths; ambiguous parts stay few, so all choices are written out."""
    choices = [[]]
    for part in parts:
        choices = [choice + [value] for choice in choices for value in part.values][:64]
    return Worth([build(choice) for choice in choices], all(part.must for part in parts))


def from_json_list(value, to: Type) -> Worth:
    if not isinstance(value, list):
        return NEVER
    return combine([from_json(Token(item), to.children[0][1]) for item in value], tuple)


def make_struct(names: list, values: list) -> tuple:
    return ("struct", tuple(sorted((name, value) for name, value in zip(names, values) if value is not None)))


def from_json_struct(value, to: Type) -> Worth:
    if not isinstance(value, Pairs):
        return NEVER
    fields, names = dict(to.children), [name for name, _ in value.pairs]
    if len({name.lower() for name in names}) != len(names):
        return NEVER
    if any(name not in fields for name in names):
        # A new field, which a schema policy decides about; the matrix looks at it elsewhere.
        return NEVER
    return combine([from_json(Token(item), fields[name]) for name, item in value.pairs],
                   lambda values: make_struct(names, values))


def from_json_map(value, to: Type) -> Worth:
    if not isinstance(value, Pairs):
        return NEVER
    names = [name for name, _ in value.pairs]
    if len(set(names)) != len(names):
        return NEVER
    keys = [from_text(name, to.children[0][1]) for name in names]
    values = [from_json(Token(item), to.children[1][1]) for _, item in value.pairs]
    if len({repr(key.values) for key in keys}) != len(keys):
        return NEVER  # "1" and "01" as keys of integers
    return combine(keys + values, lambda all_of: tuple(sorted(zip(all_of[:len(keys)], all_of[len(keys):]), key=repr)))


# Detected types ------------------------------------------------------------------------------------------------------

def plain(text: str) -> bool:
    """Whether a number's text loses nothing when only its value is kept: no leading zeros, no plus."""
    return re.fullmatch(r" *-?(0|[1-9][0-9]*)?(\.[0-9]*)?([eE][+-]?[0-9]+)? *", text) is not None


def is_faithful_text(text: str, value) -> bool:
    """Whether a text cell may have become this value in a column whose type was detected."""
    if isinstance(value, str):
        return value == text
    if isinstance(value, bool):
        return text.strip().lower() == str(value).lower()
    if isinstance(value, (int, Fraction)):
        return plain(text) and number_of(text.strip()) == value
    if isinstance(value, float):
        return (plain(text) or not math.isfinite(value)) and float_from_text(text, False).admits(value)
    if isinstance(value, tuple) and value and value[0] == "date":
        return date_from_text(text).admits(value)
    if isinstance(value, tuple) and value and value[0] == "time":
        return timestamp_from_text(text).admits(value)
    return False


def clear_day(text: str) -> tuple | None:
    """A date written day first or month first that can be only one day."""
    match = re.fullmatch(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})", text.strip())
    if not match:
        return None
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    found = {days_from_civil(year, second, first), days_from_civil(year, first, second)} - {None}
    return ("date", found.pop()) if len(found) == 1 else None


def is_faithful_json(token: Token, value) -> bool:
    """The same of a JSON value: what was no text becomes text only as it stood in the file."""
    received = token.value
    if value is None:
        return received is None
    if isinstance(received, str):
        return not isinstance(value, (int, float, Fraction, bool)) and is_faithful_text(received, value)
    if isinstance(value, str):
        return value in json_texts(received) or same_json(value, received)
    if isinstance(received, bool):
        return received is value
    if isinstance(received, Number):
        return not isinstance(value, bool) and isinstance(value, (int, float, Fraction)) and is_faithful_text(received.text, value)
    if isinstance(received, list):
        return isinstance(value, tuple) and len(value) == len(received) and all(
            is_faithful_json(Token(item), kept) for item, kept in zip(received, value))
    return isinstance(received, Pairs) and is_faithful_object(received, value)


def folded(name: object) -> object:
    return name.lower() if isinstance(name, str) else name


def same_json(text: str, received) -> bool:
    token = parse_json(text)
    return token is not None and not isinstance(received, str) and token.value == received


def is_faithful_object(received: Pairs, value) -> bool:
    """As a struct, or as a map. Names are compared without case: keys that differ in nothing else share a field."""
    if not isinstance(value, tuple):
        return False
    pairs = value[1] if len(value) == 2 and value[0] == "struct" else value
    kept = {folded(pair[0]): pair[1] for pair in pairs if isinstance(pair, tuple) and len(pair) == 2}
    wanted = {folded(name): item for name, item in received.pairs if item is not None or value[:1] != ("struct",)}
    return (len({folded(name) for name, _ in received.pairs}) == len(received.pairs) and kept.keys() == wanted.keys() and
            all(is_faithful_json(Token(item), kept[name]) for name, item in wanted.items()))

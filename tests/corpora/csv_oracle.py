"""Reads delimited text strictly, in every dialect there may be, and finds out whether stored rows agree with one of them."""

import bz2
import gzip
import itertools
import re
from dataclasses import dataclass

from tests.oracle import convert

DELIMITERS = [",", ";", "|", "\t", ":", " ", "~", "^", "\x01", "&", "#", "ab", ", ", "||", "\x00"]
QUOTES = ['"', "'", ""]
ENCODINGS = ["utf-8", "utf-16", "latin-1", "cp1252", "shift_jis", "gb18030"]


@dataclass
class Record:
    start: int  # in bytes of UTF-8
    text: str
    cells: list  # None where the text breaks the dialect's rules


def records_of(text: str, delimiter: str, quote: str, escape: str) -> list:
    """Strict: a quote begins a cell or is plain text, what closes it is followed by a delimiter or the line's end."""
    found, index, start = [], 0, 0
    offset = 0
    while index < len(text):
        cells, index, good = one_record(text, index, delimiter, quote, escape)
        line = text[start:index]
        found.append(Record(offset, line, cells if good else None))
        offset += len(line.encode("utf-8", "surrogatepass"))
        start = index
    return found


def one_record(text: str, index: int, delimiter: str, quote: str, escape: str) -> tuple:
    cells, good = [], True
    while True:
        if quote and text.startswith(quote, index):
            cell, index, closed = quoted_cell(text, index + 1, quote, escape)
            good = good and closed
            cells.append(cell)
            if closed and index < len(text) and not text.startswith(delimiter, index) and text[index] not in "\r\n":
                return skip_line(text, index)
        else:
            end = index
            while end < len(text) and text[end] not in "\r\n" and not text.startswith(delimiter, end):
                end += 1
            cells.append(text[index:end] or None)
            index = end
        if index < len(text) and text.startswith(delimiter, index):
            index += len(delimiter)
            continue
        break
    return cells, past_line_end(text, index), good


def skip_line(text: str, index: int) -> tuple:
    while index < len(text) and text[index] not in "\r\n":
        index += 1
    return [], past_line_end(text, index), False


def past_line_end(text: str, index: int) -> int:
    if text.startswith("\r\n", index):
        return index + 2
    return index + 1 if index < len(text) else index


def quoted_cell(text: str, index: int, quote: str, escape: str) -> tuple:
    parts = []
    while index < len(text):
        character = text[index]
        if escape != quote and character == escape and index + 1 < len(text):
            following = text[index + 1]
            # An escape before anything else than a quote or itself stands for itself.
            parts.append(following if following in (quote, escape) else character + following)
            index += 2
        elif character == quote:
            if escape == quote and text.startswith(quote, index + 1):
                parts.append(quote)
                index += 2
            else:
                return "".join(parts), index + 1, True
        else:
            parts.append(character)
            index += 1
    return "".join(parts), index, False


def unpacked(content: bytes) -> bytes | None:
    if content.startswith(b"\x1f\x8b"):
        try:
            return gzip.decompress(content)
        except (OSError, EOFError, ValueError):
            return None
    if content.startswith(b"BZh"):
        return bz2.decompress(content)
    return None if content.startswith(b"\x28\xb5\x2f\xfd") else content


def texts_of(content: bytes) -> list:
    """What the bytes may mean, a byte order mark taken away."""
    found = []
    for encoding in ENCODINGS:
        try:
            text = content.decode(encoding)
        except (UnicodeDecodeError, UnicodeError):
            continue
        text = text.removeprefix("\ufeff")
        if text not in found:
            found.append(text)
        if encoding == "utf-8":
            break
    return found


# Where a column has a day of 13 or more, it says whether the day or the month is first.
DAY_FIRST, MONTH_FIRST = (3, 1), (1, 3)
SHORT_DATE = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})")


def day_in(cell: str, order: tuple) -> int | None:
    match = SHORT_DATE.fullmatch(cell.strip())
    return convert.days_from_civil(int(match[4]), int(match[order[0]]), int(match[order[1]])) if match else None


def order_of(cells: list) -> tuple | None:
    """The only order in which all of a column's cells are days, if there is one."""
    cells = [cell.strip().split(" ")[0] for cell in cells if cell and cell.strip()]
    days = [cell for cell in cells if SHORT_DATE.fullmatch(cell)]
    orders = [order for order in (DAY_FIRST, MONTH_FIRST) if days and all(day_in(cell, order) is not None for cell in days)]
    return orders[0] if len(orders) == 1 else None


# A delimiter that no text has: each line is a cell.
WHOLE = "\x00no delimiter\x00"


def is_unsplit(rows: list) -> bool:
    return bool(rows) and len(rows[0][1]) == 1


def same_cell(value, cell: str | None, order: tuple | None) -> bool:
    if value is None:
        return cell is None or cell == ""
    if cell is None:
        return False
    return convert.is_faithful_text(cell, value) or value in times_in(cell, order)


CLOCK = re.compile(r"(?P<day>[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4})(?: +(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?(?: ?(?P<half>[AaPp][Mm]))?)?")


def times_in(cell: str, order: tuple | None) -> list:
    """What a day in the column's order, with a time of one digit or two and of twelve hours or not, may be."""
    match = CLOCK.fullmatch(cell.strip())
    if not match:
        return []
    days = convert.loose_day(match["day"]) if order is None else day_in(match["day"], order)
    if days is None:
        return []
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    if match["half"]:
        hour = hour % 12 + (12 if match["half"].lower() == "pm" else 0)
    micros = (days * 86_400 + hour * 3600 + minute * 60 + second) * 1_000_000
    return [("time", micros)] if match["hour"] else [("date", days), ("time", micros)]


def same_row(values: list, cells: list | None, orders: list) -> bool:
    if cells is None or len(cells) != len(values):
        return False
    return all(same_cell(value, cell, order) for value, cell, order in zip(values, cells, orders))


@dataclass
class Reading:
    outcome: str
    detail: str = ""
    score: int = 0


def judge(content: bytes, rows: list, rejected: list) -> Reading:
    """`rows` are (position, values), as stored; `rejected` as in the quarantine table. The reading that explains most."""
    content = unpacked(content)
    if content is None:
        return Reading("unreadable")
    best = Reading("wrong", "no dialect explains the rows", 10**9)
    for text in texts_of(content):
        if is_unsplit(rows):
            for quote, escape in (("", ""), ('"', '"'), ('"', "\\"), ("'", "'"), ("'", "\\")):
                reading = judge_as(records_of(text, WHOLE, quote, escape), rows, rejected)
                if reading.score < best.score:
                    split = any(delimiter in text for delimiter in DELIMITERS[:4])
                    best = Reading("unsplit" if split and reading.score == 0 else reading.outcome, reading.detail, reading.score)
        for delimiter, quote in itertools.product(DELIMITERS, QUOTES):
            if delimiter not in text and delimiter != ",":
                continue
            for escape in ([quote, "\\"] if quote and "\\" in text else [quote]):
                reading = judge_as(records_of(text, delimiter, quote, escape), rows, rejected)
                if reading.score < best.score or (reading.score == 0 and best.outcome == "unsplit"):
                    best = reading
                if best.score == 0 and best.outcome != "unsplit":
                    return best
    return best


def judge_as(records: list, rows: list, rejected: list) -> Reading:
    starts = {record.start: record for record in records}
    widths = {len(values) for _, values in rows}
    width = widths.pop() if widths else 0
    best = None
    for shift in (0, 3, 2):
        reading = judge_shifted(records, starts, rows, rejected, width, shift)
        if best is None or reading.score < best.score:
            best = reading
        if best.score == 0 or not rows:
            break
    return best


def judge_shifted(records: list, starts: dict, rows: list, rejected: list, width: int, shift: int) -> Reading:
    wrong, kept = [], set()
    fitting = [record.cells for record in records if record.cells is not None and len(record.cells) == width]
    # The header's cells are no days, and an odd one among them does no harm.
    orders = [order_of([cells[column] for cells in fitting]) for column in range(width)]
    for position, values in rows:
        record = starts.get((position or 0) - shift)
        if record is None or not same_row(values, record.cells, orders):
            wrong.append(f"row at {position}: {str(values)[:150]} of {record.text[:80] if record else None!r}")
        elif record.start in kept:
            wrong.append(f"twice at {position}")
        else:
            kept.add(record.start)
    lost = lost_records(records, kept, rejected, shift)
    both = [row.position for row in rejected if row.position is not None and row.position - shift in kept]
    wrong += [f"stored and rejected at {position}" for position in both]
    score = len(wrong) + len(lost)
    if wrong:
        return Reading("wrong", "; ".join(wrong[:2]), score)
    if lost:
        return Reading("lost", "; ".join(lost[:2]), score)
    return Reading("quarantined" if rejected else "exact", "", 0)


BLANK = re.compile(r"\s*")


def lost_records(records: list, kept: set, rejected: list, shift: int) -> list:
    """Records behind the first row or reject that are neither, and not blank. What stands before is header and preamble."""
    spans = [(row.position - shift, row.position - shift + max(1, len((row.raw or "").encode("utf-8", "replace"))))
             for row in rejected if row.position is not None]
    first = min([*kept, *[begin for begin, _ in spans]], default=None)
    lost = []
    for index, record in enumerate(records):
        if record.start in kept or BLANK.fullmatch(record.text) or (first is not None and record.start < first):
            continue
        if first is None and index == 0:
            continue  # a header without rows
        if not any(begin <= record.start < end for begin, end in spans):
            lost.append(f"{record.text[:100]!r} at {record.start}")
    return lost

"""What became of a polluted file: exact, quarantined, refused, unsplit; or wrong, lost."""

import re

from tests.oracle import arrow, convert
from tests.oracle.project import Rejected
from tests.oracle.leat_types import BIGINT, BOOLEAN, DATE, DOUBLE, STRING, TIMESTAMP, decimal
from tests.pollute.clean import Record
from tests.pollute.file import Polluted

TYPES = {"bigint": BIGINT, "decimal(12,2)": decimal(12, 2), "double": DOUBLE, "date": DATE, "timestamp": TIMESTAMP, "boolean": BOOLEAN, "string": STRING}
# Columns that every source's table has.
OWN = re.compile(r"_leat_(run_id|ingested_at|source|position)$")


class Verdict:
    def __init__(self):
        self.outcome, self.faults = "exact", []

    def fault(self, kind: str, text: str) -> None:
        self.faults.append(f"{kind}: {text}")
        if self.outcome != "lost":
            self.outcome = kind


def stored_rows(table) -> list:
    """(position, values in the order of the columns) of each row."""
    if table is None:
        return []
    names = table.column_names
    kept = [index for index, name in enumerate(names) if not OWN.match(name)]
    columns = [arrow.canonical(table.column(index)) for index in kept]
    positions = table.column(names.index("_leat_position")).to_pylist()
    return [(positions[row], [column[row] for column in columns]) for row in range(table.num_rows)]


def cell_is(value, text: str | None, kind: str | None) -> bool:
    """`kind` is the declared type, None where it was detected."""
    if text is None or (text == "" and kind != "string" and value is None):
        return value is None
    if value is None:
        return False
    if kind is None:
        return convert.is_faithful_text(text, value)
    return convert.from_text(text, TYPES[kind]).admits(value)


def row_is(values: list, cells: list, kinds: list | None) -> bool:
    """A row may have more columns than the record has cells only where they are null."""
    if len(values) < len(cells):
        return False
    wanted = [*cells, *[None] * (len(values) - len(cells))]
    types = kinds + ["string"] * (len(values) - len(kinds)) if kinds else [None] * len(values)
    return all(cell_is(value, text, kind) for value, text, kind in zip(values, wanted, types))


def whole_line_is(values: list, record: Record, delimiter: str = "") -> bool:
    """Whether the row is the line as it stands, in one cell, or in those that a part of a long delimiter makes."""
    line = record.text.rstrip("\r\n")
    texts = [[line], *[line.split(part) for part in delimiter]]
    return any(len(cells) <= len(values) and row_is(values, [cell or None for cell in cells], None) for cells in texts)


def readings_of(record: Record) -> list:
    """A record of a wrong number of cells has no reading that could be stored."""
    return [] if record.role in ("bad", "header") else [record.cells, *record.readings]


def covers(row: Rejected, record: Record, shift: int) -> bool:
    end = record.start + len(record.text.rstrip("\r\n").encode("utf-8", "surrogateescape"))
    if row.position is not None:
        begin = row.position - shift
        if begin <= record.start and begin + len((row.raw or "").encode("utf-8", "replace")) >= end:
            return True
        if begin == record.start:
            return True
    return bool(record.text.strip()) and record.text.rstrip("\r\n") in (row.raw or "")


def judge(file: Polluted, table, rejected: list, error: str | None, kinds: list | None, told: bool) -> Verdict:
    """`error` is that of a refusal; `kinds` are the declared types by column, `told` whether dialect and encoding were."""
    verdict = judge_as(file, table, rejected, error, kinds, told)
    if told:
        return verdict
    # Bytes that are no UTF-8 may be taken for another encoding, where none was declared.
    for encoding in file.other_encodings if verdict.faults else []:
        other = judge_as(file.read_as(encoding), table, rejected, error, kinds, told)
        if not other.faults:
            return other
    return verdict


def judge_as(file: Polluted, table, rejected: list, error: str | None, kinds: list | None, told: bool) -> Verdict:
    verdict = Verdict()
    file.place()
    if error is not None:
        judge_refusal(file, table, error, verdict)
        return verdict
    rows = stored_rows(table)
    by_start = {record.start: record for record in file.records if record.text}
    shift = mark_length(rows, rejected, by_start) if file.bom else 0
    kept: dict = {}
    unsplit = False
    for position, values in rows:
        record = by_start.get(position - shift) if position is not None else None
        if record is None:
            verdict.fault("wrong", f"a row at {position}, where no record begins: {shown(values)}")
            continue
        if id(record) in kept:
            verdict.fault("wrong", f"two rows of {record.text[:80]!r}")
        kept[id(record)] = record
        if any(row_is(values, reading, kinds) for reading in readings_of(record)):
            continue
        if file.unsplit and not told and whole_line_is(values, record, file.told["delimiter"]):
            unsplit = True
            continue
        if record.role == "extra" and extra_is(values, record, kinds):
            continue
        verdict.fault("wrong", f"{record.role} {record.text[:120]!r} stored as {shown(values)}")
    judge_rest(file, rejected, kept, shift, verdict)
    if not verdict.faults:
        verdict.outcome = "unsplit" if unsplit else "quarantined" if rejected else "exact"
    return verdict


def extra_is(values: list, record: Record, kinds: list | None) -> bool:
    """A line of a preamble or footer that is stored has its text in its cells."""
    return row_is(values, record.cells, kinds) or whole_line_is(values, record)


def judge_refusal(file: Polluted, table, error: str, verdict: Verdict) -> None:
    verdict.outcome = "refused"
    if table is not None and table.num_rows:
        verdict.fault("wrong", f"refused, and {table.num_rows} rows stored")
    elif not error.strip() or "mistake in Leat" in error:
        verdict.fault("unclear", error[:200])
    elif not file.refusable:
        verdict.fault("refused although right", error[:200])


def judge_rest(file: Polluted, rejected: list, kept: dict, shift: int, verdict: Verdict) -> None:
    """Records that no row came of are headers, extras, or rejected; none is both."""
    records = [record for record in file.records if record.text]
    for record in records:
        told = [row for row in rejected if covers(row, record, shift)]
        if id(record) in kept:
            if any(row.position is not None and row.position - shift == record.start for row in told):
                verdict.fault("wrong", f"stored and rejected: {record.text[:80]!r}")
        elif record.role in ("header", "extra"):
            continue
        elif not told:
            verdict.fault("lost", f"{record.role} {record.text[:120]!r} at {record.start}")
        elif not all(row.error for row in told):
            verdict.fault("unclear", f"rejected without a reason: {record.text[:80]!r}")
        elif record.role == "data" and not file.refusable:
            verdict.fault("rejected although right", f"{record.text[:80]!r}: {told[0].error[:150]}")


def mark_length(rows: list, rejected: list, by_start: dict) -> int:
    """Whether positions count a byte order mark: by what fits."""
    positions = [position for position, _ in rows if position is not None] + [row.position for row in rejected if row.position is not None]
    return next((shift for shift in (0, 3, 2) if all(position - shift in by_start for position in positions)), 0)


def shown(values: list) -> str:
    return str(values)[:200]

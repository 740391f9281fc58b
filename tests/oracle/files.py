"""Writers of the formats' files, record by record, that know where each record begins."""

import io
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq


@dataclass
class File:
    """`starts` are the records' offsets in bytes; None where a format has none."""

    content: bytes
    starts: list


def csv_cell(text: str | None, delimiter: str, quote_all: bool = False) -> str:
    """Null is nothing, the empty text is a pair of quotes."""
    if text is None:
        return ""
    if quote_all or text == "" or any(character in text for character in (delimiter, '"', "\n", "\r")):
        return '"' + text.replace('"', '""') + '"'
    return text


def csv_file(header: list, rows: list, delimiter: str = ",", quote_all: bool = False, line_end: str = "\n") -> File:
    content, starts = bytearray(), []
    for row in [header, *rows]:
        starts.append(len(content))
        content += (delimiter.join(csv_cell(cell, delimiter, quote_all) for cell in row) + line_end).encode("utf-8", "surrogateescape")
    return File(bytes(content), starts[1:])


def ndjson_file(records: list) -> File:
    content, starts = bytearray(), []
    for record in records:
        starts.append(len(content))
        content += record.encode("utf-8", "surrogateescape") + b"\n"
    return File(bytes(content), starts)


def json_file(records: list) -> File:
    content, starts = bytearray(b"[\n"), []
    for index, record in enumerate(records):
        starts.append(len(content))
        content += record.encode("utf-8", "surrogateescape") + (b",\n" if index + 1 < len(records) else b"\n")
    return File(bytes(content + b"]\n"), starts)


def parquet_file(columns: dict) -> File:
    target = io.BytesIO()
    table = pa.table(columns)
    pq.write_table(table, target)
    return File(target.getvalue(), [None] * table.num_rows)

"""A polluted file: its bytes, the truth about its records, and how a careful user would declare it."""

from dataclasses import dataclass, field, replace

from tests.pollute.clean import Dialect, Record, Table


@dataclass
class Polluted:
    """`told` are the keys of `from:` that say how to read the file. `refusable`: refusing the whole file is right as well.
    `unsplit`: taking each line for one cell is no mistake where nothing is declared."""

    kind: str
    table: Table
    records: list
    told: dict = field(default_factory=dict)
    encoding: str = "utf-8"
    refusable: bool = True
    unsplit: bool = False
    header: bool = True
    names: list | None = None
    compress: str = ""
    extension: str = "csv"
    content: bytes | None = None
    bom: bool = False
    other_encodings: tuple = ()

    def read_as(self, encoding: str) -> "Polluted":
        """The same file, had its bytes been meant so."""
        def again(text: str | None) -> str | None:
            return None if text is None else text.encode("utf-8", "surrogateescape").decode(encoding)

        records = [replace(record, cells=[again(cell) for cell in record.cells], text=again(record.text),
                           role="odd" if record.role == "bad" else record.role) for record in self.records]
        return replace(self, records=records, other_encodings=())

    def text(self) -> str:
        return "".join(record.text for record in self.records)

    def place(self) -> None:
        """The records' starts, in bytes of UTF-8 without a byte order mark."""
        position = 0
        for record in self.records:
            record.start = position
            position += len(record.text.encode("utf-8", "surrogateescape"))

    def encoded(self) -> bytes:
        if self.content is not None:
            return self.content
        mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff", "utf-8": b"\xef\xbb\xbf"}.get(self.encoding, b"") if self.bom else b""
        return mark + self.text().encode(self.encoding, "surrogateescape" if self.encoding == "utf-8" else "strict")


def written(table: Table, dialect: Dialect, header: bool = True) -> list:
    """The table's records, the header first."""
    records = [Record(table.names, "header", dialect.line(table.names) + dialect.line_end)] if header else []
    return records + [Record(list(row), "data", dialect.line(row) + dialect.line_end) for row in table.rows]


def inserted(records: list, index: int, *new: Record) -> list:
    return records[:index] + list(new) + records[index:]

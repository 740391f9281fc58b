"""Clean tables, and the writer of delimited text that knows every record's cells and place."""

import random
from dataclasses import dataclass, field

WORDS = ["Ada", "Grace", "Edsger", "Barbara", "Donald", "Tony", "Frances", "Alan", "York", "Bath", "Hull", "Rye", "Wells", "Ely", "blue", "green"]
ODD = ["O'Neill", "semi;colon", "pipe|d", "a, b", "#ff0000", "Main St #4", "50 %", "{x}", "[1]", "C:\\temp", "-", "n/a", "x=y", "(y)", "a/b", "1,5", "5 kg", "*"]


@dataclass
class Cell:
    """A cell's text; None is an empty cell without quotes."""

    text: str | None

    @classmethod
    def of(cls, text: str | None):
        return cls(text)


@dataclass
class Record:
    """A record of the file. Its role says what may become of it:

    data   stored with exactly these cells
    bad    rejected
    odd    stored with exactly these cells, or rejected: what stands in it is a matter of opinion
    extra  stored so, rejected or skipped: preambles, footers, blank lines
    """

    cells: list
    role: str = "data"
    text: str = ""
    start: int = 0
    readings: list = field(default_factory=list)  # other cells that are as right


@dataclass
class Dialect:
    delimiter: str = ","
    quote: str = '"'
    escape: str = '"'
    line_end: str = "\n"
    quote_all: bool = False

    def cell(self, text: str | None) -> str:
        if text is None:
            return ""
        special = (self.delimiter, self.quote, "\n", "\r")
        if self.quote_all or text == "" or any(part and part in text for part in special) or text != text.strip():
            inner = text if self.escape == self.quote else text.replace(self.escape, self.escape * 2)
            return self.quote + inner.replace(self.quote, self.escape + self.quote) + self.quote
        return text

    def line(self, cells: list) -> str:
        return self.delimiter.join(self.cell(cell) for cell in cells)


@dataclass
class Table:
    """`types` are Leat's; rows hold texts, None for null."""

    names: list
    types: list
    rows: list


def make_table(rng: random.Random, row_count: int | None = None, odd: bool = True) -> Table:
    count = row_count if row_count is not None else rng.choice([3, 8, 20, 40])
    makers = {
        "bigint": lambda i: str(rng.randrange(10 ** rng.randrange(1, 12))),
        "decimal(12,2)": lambda i: f"{rng.randrange(10**6)}.{rng.randrange(100):02}",
        "double": lambda i: f"{rng.randrange(10**4)}.{rng.randrange(1, 10)}",
        "date": lambda i: f"20{rng.randrange(10, 30)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}",
        "timestamp": lambda i: f"20{rng.randrange(10, 30)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02} {rng.randrange(24):02}:{rng.randrange(60):02}:00",
        "boolean": lambda i: rng.choice(["true", "false"]),
        "string": lambda i: rng.choice(ODD if odd and rng.random() < 0.3 else WORDS) + (f" {i}" if rng.random() < 0.5 else ""),
    }
    kinds = ["bigint", "string"] + rng.choices(list(makers), k=rng.randrange(1, 5))
    names = ["id"] + [f"{kind.split('(')[0][:4]}_{index}" for index, kind in enumerate(kinds) if index]
    rows = []
    for index in range(count):
        row = [str(index + 1)] + [makers[kind](index) for kind in kinds[1:]]
        for column in range(2, len(row)):
            if rng.random() < 0.05:
                row[column] = None
        rows.append(row)
    return Table(names, kinds, rows)

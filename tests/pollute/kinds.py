"""The pollutions, after the catalogue of Pollock (Vitagliano et al., VLDB 2023), and some that users met besides.

Each takes a generator of random numbers and gives a polluted file. The name's first word is the catalogue's class.
"""

import random

from tests.pollute.clean import Dialect, Record, make_table
from tests.pollute.file import Polluted, inserted, written

KINDS = []


def pollution(function):
    KINDS.append(function)
    return function


def base(rng: random.Random, **dialect):
    table = make_table(rng)
    chosen = Dialect(**dialect)
    return table, chosen, written(table, chosen)


def told(dialect: Dialect, **more) -> dict:
    return {"delimiter": dialect.delimiter, "quote": dialect.quote, "escape": dialect.escape, "header": True, **more}


def made(rng, function, table, dialect, records, **keys) -> Polluted:
    keys.setdefault("told", told(dialect))
    return Polluted(function, table, records, **keys)


def any_row(rng: random.Random, records: list) -> int:
    return rng.randrange(1, len(records))


# Payload --------------------------------------------------------------------------------------------------------------

@pollution
def payload_clean(rng):
    table, dialect, records = base(rng)
    return made(rng, "payload_clean", table, dialect, records, refusable=False)


@pollution
def payload_header_only(rng):
    table, dialect, records = base(rng)
    return made(rng, "payload_header_only", table, dialect, records[:1])


@pollution
def payload_one_row(rng):
    table, dialect, records = base(rng)
    return made(rng, "payload_one_row", table, dialect, records[:2], refusable=False)


@pollution
def payload_empty(rng):
    table, dialect, _ = base(rng)
    return made(rng, "payload_empty", table, dialect, [Record([], "extra", rng.choice(["", "\n", "\n\n", " ", "\r\n"]))])


@pollution
def payload_no_last_line_end(rng):
    table, dialect, records = base(rng)
    records[-1].text = records[-1].text[:-1]
    return made(rng, "payload_no_last_line_end", table, dialect, records, refusable=False)


@pollution
def payload_long_cell(rng):
    table = make_table(rng)
    table.rows[rng.randrange(len(table.rows))][1] = "long " * rng.choice([1_000, 10_000, 50_000])
    dialect = Dialect()
    return made(rng, "payload_long_cell", table, dialect, written(table, dialect))


@pollution
def payload_line_breaks_in_cells(rng):
    table = make_table(rng)
    for row in rng.sample(table.rows, max(1, len(table.rows) // 4)):
        row[1] = rng.choice(["two\nlines", "three\n\nlines", "\nfirst", "last\n", "a,b\n\"c\"", "crlf\r\nhere"])
    dialect = Dialect()
    return made(rng, "payload_line_breaks_in_cells", table, dialect, written(table, dialect), refusable=False)


@pollution
def payload_odd_texts(rng):
    table = make_table(rng)
    for row in table.rows:
        row[1] = rng.choice(["NULL", "null", "N/A", "NaN", "", " padded ", "#", "# note", "a # b", "é", "日本語", "😀", "\u00a0", "\x01", "x\x7f", "\\", "\\n", "''", "0123", "+1", "1e3", "10:30", "TRUE", "inf"])
    dialect = Dialect(quote_all=rng.random() < 0.3)
    return made(rng, "payload_odd_texts", table, dialect, written(table, dialect), refusable=False)


@pollution
def payload_nul(rng):
    table = make_table(rng)
    row = rng.randrange(len(table.rows))
    table.rows[row][1] = "nul\x00byte"
    dialect = Dialect()
    records = written(table, dialect)
    records[row + 1].role = "odd"
    return made(rng, "payload_nul", table, dialect, records)


@pollution
def payload_many_columns(rng):
    table = make_table(rng, 5)
    for column in range(rng.choice([50, 300])):
        table.names.append(f"more_{column}")
        table.types.append("bigint")
        for row in table.rows:
            row.append(str(rng.randrange(100)))
    dialect = Dialect()
    return made(rng, "payload_many_columns", table, dialect, written(table, dialect), refusable=False)


# Encoding -------------------------------------------------------------------------------------------------------------

LETTERS = {"utf-8": "äßéñłжשدあ中가", "utf-16-le": "äéжあ中😀", "utf-16-be": "äéжあ中😀", "latin-1": "äößéñ", "cp1252": "äöß€’“", "cp1250": "łąężšč",
           "cp1251": "жшщюя", "cp1253": "αβγδέ", "shift_jis": "あいう漢字ア", "gb18030": "中文汉字€", "euc_jp": "あいう漢字", "euc_kr": "가나다라"}
LEAT_ENCODINGS = {"utf-16-le": "utf-16", "utf-16-be": "utf-16", "cp1252": "windows-1252", "cp1250": "windows-1250", "cp1251": "windows-1251",
                  "cp1253": "windows-1253", "shift_jis": "shift-jis", "euc_jp": "euc-jp", "euc_kr": "euc-kr"}


@pollution
def encoding_other(rng):
    encoding = rng.choice(list(LETTERS))
    table = make_table(rng, odd=False)
    for row in table.rows:
        row[1] = "".join(rng.choices(LETTERS[encoding] + "abc", k=rng.randrange(1, 12)))
    table.names[1] = rng.choice(["name", "n" + LETTERS[encoding][0]])
    dialect = Dialect(line_end=rng.choice(["\n", "\r\n"]))
    return made(rng, f"encoding_{encoding}", table, dialect, written(table, dialect), encoding=encoding,
                told=told(dialect, encoding=LEAT_ENCODINGS.get(encoding, encoding)), bom=encoding.startswith("utf-16"))


@pollution
def encoding_bom(rng):
    table, dialect, records = base(rng)
    return made(rng, "encoding_bom", table, dialect, records, bom=True, refusable=False)


@pollution
def encoding_broken_utf_8(rng):
    table, dialect, records = base(rng)
    index = any_row(rng, records)
    broken = rng.choice([b"\xff", b"\xc3", b"\xe2\x82", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xc0\xaf"]).decode("utf-8", "surrogateescape")
    cells = [*records[index].cells]
    cells[1] = f"bro{broken}ken"
    records[index] = Record(cells, "bad", dialect.line(cells) + "\n")
    return made(rng, "encoding_broken_utf_8", table, dialect, records, told=told(dialect, encoding="utf-8"),
                other_encodings=("latin-1",) if broken in ("\udcf5\udc80\udc80\udc80", "\udced\udca0\udc80") else ("latin-1", "cp1252"))


# Delimiters -----------------------------------------------------------------------------------------------------------

@pollution
def delimiter_usual(rng):
    table, dialect, records = base(rng, delimiter=rng.choice([";", "|", "\t"]), quote_all=rng.random() < 0.4)
    return made(rng, "delimiter_usual", table, dialect, records, refusable=False)


@pollution
def delimiter_rare(rng):
    table, dialect, records = base(rng, delimiter=rng.choice(["^", "~", ":", "\x1f", "&", "!"]))
    return made(rng, "delimiter_rare", table, dialect, records, unsplit=True)


@pollution
def delimiter_long(rng):
    table = make_table(rng, odd=False)
    dialect = Dialect(delimiter=rng.choice(["||", "::", "#|#", ", "]))
    records = written(table, dialect)
    return made(rng, "delimiter_long", table, dialect, records, unsplit=True)


@pollution
def delimiter_other_in_one_row(rng):
    table, dialect, records = base(rng)
    index = any_row(rng, records)
    other = Dialect(delimiter=rng.choice([";", "\t", "|"]))
    line = ";".join(cell or "" for cell in table.rows[index - 1]).replace(";", other.delimiter)
    if "," in line or '"' in line:
        line = other.delimiter.join(["x"] * len(table.names))
    records[index] = Record([line], "bad", line + "\n")
    return made(rng, "delimiter_other_in_one_row", table, dialect, records)


@pollution
def delimiter_other_below_header(rng):
    table = make_table(rng)
    header, rows = Dialect(), Dialect(delimiter=";")
    records = written(table, rows)
    records[0].text = header.line(table.names) + "\n"
    for record in records[1:]:
        record.role = "odd"
    return made(rng, "delimiter_other_below_header", table, rows, records)


# Record delimiters ----------------------------------------------------------------------------------------------------

@pollution
def line_ends_crlf(rng):
    table, dialect, records = base(rng, line_end="\r\n")
    return made(rng, "line_ends_crlf", table, dialect, records, refusable=False)


@pollution
def line_ends_cr(rng):
    table, dialect, records = base(rng, line_end="\r")
    return made(rng, "line_ends_cr", table, dialect, records)


@pollution
def line_ends_mixed(rng):
    table, dialect, records = base(rng)
    for record in records:
        if rng.random() < 0.5:
            record.text = record.text[:-1] + rng.choice(["\r\n", "\r\n", "\r"])
    return made(rng, "line_ends_mixed", table, dialect, records)


@pollution
def line_ends_missing(rng):
    table, dialect, records = base(rng)
    index = rng.randrange(1, len(records) - 1)
    text = records[index].text[:-1] + records[index + 1].text
    joined = Record([], "bad", text)
    return made(rng, "line_ends_missing", table, dialect, records[:index] + [joined] + records[index + 2:])


@pollution
def line_ends_within_a_row(rng):
    table, dialect, records = base(rng)
    index = any_row(rng, records)
    cells = records[index].cells
    cut = rng.randrange(1, len(cells))
    first, second = cells[:cut], cells[cut:]
    parts = [Record(list(part), "bad", dialect.line(part) + "\n") for part in (first, second)]
    if parts[1].text == "\n":
        parts[1].role = "extra"
    return made(rng, "line_ends_within_a_row", table, dialect, records[:index] + parts + records[index + 1:])


# Quotes ---------------------------------------------------------------------------------------------------------------

@pollution
def quotes_all(rng):
    table, dialect, records = base(rng, quote_all=True, delimiter=rng.choice([",", ";", "|", "\t"]))
    return made(rng, "quotes_all", table, dialect, records, refusable=False)


@pollution
def quotes_single(rng):
    table = make_table(rng, odd=False)
    for row in rng.sample(table.rows, max(1, len(table.rows) // 2)):
        row[1] = "a, b"
    dialect = Dialect(quote="'", escape="'", quote_all=rng.random() < 0.5)
    records = written(table, dialect)
    for record in records[1:]:
        if any("," in (cell or "") for cell in record.cells) or dialect.quote_all:
            record.role = "odd"
            # Where nothing is told, the quotes may be a part of the texts.
            plain = [cell or None for cell in record.text.rstrip("\n").split(",")]
            record.readings = [plain] if len(plain) == len(record.cells) else []
    return made(rng, "quotes_single", table, dialect, records, unsplit=True)


def with_text(rng, kind, text, role="odd", cells=None, **keys):
    """A row whose second cell stands in the file as `text`."""
    table, dialect, records = base(rng)
    index = any_row(rng, records)
    row = table.rows[index - 1]
    line = dialect.delimiter.join([dialect.cell(row[0]), text, *[dialect.cell(cell) for cell in row[2:]]]) + "\n"
    read = [row[0], cells if cells is not None else text, *row[2:]]
    records[index] = Record(read, role, line)
    return made(rng, kind, table, dialect, records, **keys), index


@pollution
def quotes_in_plain_cell(rng):
    text = rng.choice(['5" pipe', 'a "b" c', 'it"s', 'end"'])
    return with_text(rng, "quotes_in_plain_cell", text, "odd", text)[0]


@pollution
def quotes_text_behind(rng):
    text = rng.choice(['"Swing" it', '"a"b', '"a" ', '"a""b"c', '"" x'])
    file, index = with_text(rng, "quotes_text_behind", text, "odd", text)
    if text == '"a" ':
        file.records[index].readings = [[file.records[index].cells[0], "a", *file.records[index].cells[2:]]]
    return file


@pollution
def quotes_two_bad_cells(rng):
    table, dialect, records = base(rng)
    index = any_row(rng, records)
    row = [table.rows[index - 1][0], '"Swing" it', *['"Swing" it' for _ in table.names[2:]]]
    records[index] = Record(row, "odd", ",".join(row) + "\n")
    return made(rng, "quotes_two_bad_cells", table, dialect, records)


@pollution
def quotes_not_closed(rng):
    file, index = with_text(rng, "quotes_not_closed", '"never closed', "bad")
    for record in file.records[index + 1:]:
        record.role = "odd"
    return file


@pollution
def quotes_not_escaped(rng):
    text = rng.choice(['"he said "no" to it"', '"5" pipe"', '"a "" b "c" d"'])
    file, index = with_text(rng, "quotes_not_escaped", text, "bad")
    record = file.records[index]
    record.role = "odd"
    record.cells = [record.cells[0], text[1:-1], *record.cells[2:]]
    record.readings = [[record.cells[0], text, *record.cells[2:]]]
    return file


@pollution
def quotes_in_header(rng):
    table, dialect, records = base(rng)
    records[0].text = rng.choice([f'{table.names[0]},"nick" name' + "".join(f",{name}" for name in table.names[2:]),
                                  f'{table.names[0]},"nick' + "".join(f",{name}" for name in table.names[2:])]) + "\n"
    for record in records[1:]:
        record.role = "odd"
    return made(rng, "quotes_in_header", table, dialect, records, names=[table.names[0], None, *table.names[2:]])


@pollution
def quotes_typographic(rng):
    text = rng.choice(["“quoted”", "‘a’", "«b»", "„c“"])
    return with_text(rng, "quotes_typographic", text, "data", text, refusable=False)[0]


# Escapes --------------------------------------------------------------------------------------------------------------

@pollution
def escape_backslash(rng):
    table = make_table(rng, odd=False)
    for row in rng.sample(table.rows, max(1, len(table.rows) // 2)):
        row[1] = rng.choice(['say "hi"', 'a "b", c'])
    dialect = Dialect(escape="\\", quote_all=rng.random() < 0.5)
    records = written(table, dialect)
    for record in records[1:]:
        record.role = "odd"
        record.readings = [[cell.replace('"', '\\"') if cell else cell for cell in record.cells]]
    return made(rng, "escape_backslash", table, dialect, records)


@pollution
def escape_backslash_told_double(rng):
    """One row escapes with a backslash in a file that doubles its quotes."""
    file, index = with_text(rng, "escape_one_row", '"say \\"hi\\" to"', "odd")
    record = file.records[index]
    record.readings = [[record.cells[0], 'say "hi" to', *record.cells[2:]], [record.cells[0], 'say \\"hi\\" to', *record.cells[2:]]]
    return file


# Headers --------------------------------------------------------------------------------------------------------------

@pollution
def header_none(rng):
    table = make_table(rng)
    dialect = Dialect()
    return made(rng, "header_none", table, dialect, written(table, dialect, header=False), told=told(dialect) | {"header": False}, header=False)


@pollution
def header_two_rows(rng):
    table, dialect, records = base(rng)
    second = Record([f"unit {index}" for index in range(len(table.names))], "extra")
    second.text = dialect.line(second.cells) + "\n"
    return made(rng, "header_two_rows", table, dialect, inserted(records, 1, second))


@pollution
def header_names_twice(rng):
    table, dialect, records = base(rng)
    names = [*table.names]
    names[-1] = rng.choice([names[0], names[0].upper(), names[1]])
    records[0].text = dialect.line(names) + "\n"
    return made(rng, "header_names_twice", table, dialect, records, names=names)


@pollution
def header_empty_name(rng):
    table, dialect, records = base(rng)
    names = [*table.names]
    names[rng.randrange(len(names))] = None
    records[0].text = dialect.line(names) + "\n"
    return made(rng, "header_empty_name", table, dialect, records, names=names)


@pollution
def header_name_missing(rng):
    table, dialect, records = base(rng)
    names = table.names[:-1]
    records[0].text = dialect.line(names) + "\n"
    for record in records[1:]:
        record.role = "bad"
    return made(rng, "header_name_missing", table, dialect, records, names=names)


@pollution
def header_name_too_many(rng):
    table, dialect, records = base(rng)
    names = [*table.names, "one_more"]
    records[0].text = dialect.line(names) + "\n"
    for record in records[1:]:
        record.role = "bad"
    return made(rng, "header_name_too_many", table, dialect, records, names=names)


@pollution
def header_repeated(rng):
    table, dialect, records = base(rng)
    again = Record(list(table.names), "extra", records[0].text)
    return made(rng, "header_repeated", table, dialect, inserted(records, any_row(rng, records), again))


@pollution
def header_odd_names(rng):
    table, dialect, records = base(rng)
    names = [*table.names]
    names[rng.randrange(len(names))] = rng.choice(["a b", "1", "2026", "select", "a,b", 'q"q', "line\nbreak", "ä", " x ", "source", "position", "filename", "_leat_source", "a.b", "x" * 300])
    records[0].text = dialect.line(names) + "\n"
    return made(rng, "header_odd_names", table, dialect, records, names=names)


# Preambles and footers ------------------------------------------------------------------------------------------------

@pollution
def preamble_lines(rng):
    table, dialect, records = base(rng)
    lines = rng.choices(["Report of January", "Source: ERP", "", "# made by x", "Generated 2026-01-06, all rights", "a,b"], k=rng.randrange(1, 4))
    extra = [Record(line.split(","), "extra", line + "\n") for line in lines]
    return made(rng, "preamble_lines", table, dialect, extra + records, told=told(dialect, skip_lines=len(lines)))


@pollution
def preamble_comments(rng):
    table, dialect, records = base(rng)
    lines = ["# made by x", "# second"][:rng.randrange(1, 3)]
    extra = [Record([line], "extra", line + "\n") for line in lines]
    return made(rng, "preamble_comments", table, dialect, extra + records, told=told(dialect, skip_lines=len(lines)))


@pollution
def footer_lines(rng):
    table, dialect, records = base(rng)
    total = ",".join(["Total", str(len(table.rows)), *[""] * (len(table.names) - 2)])
    lines = rng.choices([total, "End of report", "", "2 rows", "# end", "Total,5"], k=rng.randrange(1, 4))
    extra = [Record([cell or None for cell in line.split(",")], "extra", line + "\n") for line in lines]
    return made(rng, "footer_lines", table, dialect, records + extra)


@pollution
def tables_second(rng):
    table, dialect, records = base(rng)
    other = make_table(rng, 4)
    blank = [Record([None], "extra", "\n")] if rng.random() < 0.6 else []
    second = [Record(record.cells, "extra", record.text) for record in written(other, dialect)]
    return made(rng, "tables_second", table, dialect, records + blank + second)


# Ragged, empty and doubled --------------------------------------------------------------------------------------------

@pollution
def ragged_less(rng):
    table, dialect, records = base(rng)
    index = any_row(rng, records)
    cells = records[index].cells[:rng.randrange(1, len(table.names))]
    records[index] = Record(cells, "bad", dialect.line(cells) + "\n")
    return made(rng, "ragged_less", table, dialect, records)


@pollution
def ragged_more(rng):
    table, dialect, records = base(rng)
    index = any_row(rng, records)
    cells = [*records[index].cells, *rng.choice([["x"], [None], ["x", "y"], [None, None], [""], [None, "x"]])]
    records[index] = Record(cells, "bad", dialect.line(cells) + "\n")
    return made(rng, "ragged_more", table, dialect, records)


@pollution
def ragged_more_in_front(rng):
    table, dialect, records = base(rng)
    index = any_row(rng, records)
    cells = [None, *records[index].cells[:-1], None]
    records[index] = Record(cells, "bad", dialect.line(cells) + "\n")
    return made(rng, "ragged_more_in_front", table, dialect, records)


@pollution
def ragged_delimiter_at_end(rng):
    """All lines end with a delimiter, the header's too or not."""
    table, dialect, records = base(rng)
    header_too = rng.random() < 0.5
    for record in records[0 if header_too else 1:]:
        record.text = record.text[:-1] + ",\n"
    for record in records[1:]:
        record.cells = [*record.cells, None]
        record.role = "odd" if header_too else "bad"
        record.readings = [record.cells[:-1]] if header_too else []
    return made(rng, "ragged_delimiter_at_end", table, dialect, records, names=[*table.names, None] if header_too else table.names)


@pollution
def ragged_half(rng):
    table, dialect, records = base(rng)
    for index in rng.sample(range(1, len(records)), len(records) // 2):
        cells = records[index].cells[:-1] if rng.random() < 0.5 else [*records[index].cells, "x"]
        records[index] = Record(cells, "bad", dialect.line(cells) + "\n")
    return made(rng, "ragged_half", table, dialect, records)


@pollution
def rows_blank(rng):
    table, dialect, records = base(rng)
    for _ in range(rng.randrange(1, 4)):
        records = inserted(records, rng.randrange(1, len(records) + 1), Record([None], "extra", rng.choice(["\n", "\n", " \n", "\t\n"])))
    return made(rng, "rows_blank", table, dialect, records)


@pollution
def rows_of_empty_cells(rng):
    table, dialect, records = base(rng)
    cells = [None] * len(table.names)
    return made(rng, "rows_of_empty_cells", table, dialect,
                inserted(records, any_row(rng, records), Record(cells, "odd", dialect.line(cells) + "\n")))


@pollution
def rows_twice(rng):
    table, dialect, records = base(rng)
    index = any_row(rng, records)
    twin = Record(records[index].cells, "data", records[index].text)
    return made(rng, "rows_twice", table, dialect, inserted(records, index, twin), refusable=False)


@pollution
def cells_empty(rng):
    table = make_table(rng)
    column = rng.randrange(1, len(table.names))
    for row in table.rows:
        if rng.random() < 0.7:
            row[column] = rng.choice([None, None, ""]) if table.types[column] == "string" else None
    dialect = Dialect()
    return made(rng, "cells_empty", table, dialect, written(table, dialect), refusable=False)


@pollution
def cells_padded(rng):
    table = make_table(rng, odd=False)
    dialect = Dialect()
    records = written(table, dialect)
    for record in records[1:]:
        record.cells = [cell if cell is None else f" {cell} " for cell in record.cells]
        record.text = ",".join(cell or "" for cell in record.cells) + "\n"
        record.role = "odd"
    return made(rng, "cells_padded", table, dialect, records)


@pollution
def cells_wrong_type(rng):
    table, dialect, records = base(rng)
    index = any_row(rng, records)
    column = rng.randrange(1, len(table.names))
    cells = [*records[index].cells]
    cells[column] = rng.choice(["n/a", "12.3.4", "31/02/2026", "1e400", "99999999999999999999", "0x1F", "1.005"])
    records[index] = Record(cells, "odd", dialect.line(cells) + "\n")
    return made(rng, "cells_wrong_type", table, dialect, records)


@pollution
def compressed(rng):
    table, dialect, records = base(rng)
    return made(rng, "compressed", table, dialect, records, compress="gz", refusable=False)

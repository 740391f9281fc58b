"""A small Leat project: sources of CSV and Parquet with all types, and a model of each materialization."""

import datetime
import decimal
import shutil
import tempfile
import threading
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from leat import Leat

DELIVERIES = 12  # more than delta.checkpointInterval, so that every table has a checkpoint
UTC = datetime.timezone.utc
FILES = {
    "leat.yml": "name: shop\nstorage: ./lake\nstart: 2022-01-01\n",
    "assets/bronze/orders.yml": """
type: source
from: {file: "landing/orders/*.csv"}
columns:
  id: {type: bigint, checks: [not_null]}
  amount: {type: "decimal(12,2)"}
  note: {type: string}
  ordered_at: {type: timestamp}
  day: {type: date}
""",
    "assets/bronze/everything.yml": "type: source\nfrom: {file: \"landing/everything/*.parquet\"}\n",
    "assets/silver/everything.sql": """/* @leat
materialized: append
@leat */
select number, boolean, byte::tinyint as byte, short::smallint as short, integer::integer as integer,
  "float"::float as "float", "double", "decimal", string, "binary", date, timestamp,
  timezone('UTC', timestamp_ntz) as timestamp_ntz, struct::struct(a integer, b varchar[]) as struct, "array", "map"
from bronze.everything
""",
    "assets/silver/appended.sql": """/* @leat
materialized: append
@leat */
select id, note, count(*) as copies from bronze.orders where id % 10 = 0 group by all
""",
    "assets/silver/orders.sql": """/* @leat
materialized: merge
key: [id]
@leat */
select id, amount, note, ordered_at, day from bronze.orders
qualify row_number() over (partition by id order by ordered_at desc, amount desc) = 1
""",
    "assets/silver/yearly.sql": """/* @leat
materialized: interval
schedule: "@yearly"
time_column: ordered_at
@leat */
select id, ordered_at, amount from bronze.orders where ordered_at >= $start and ordered_at < $end
""",
    "assets/silver/history.sql": """/* @leat
materialized: scd2
key: [id]
time_column: ordered_at
@leat */
select id, note, ordered_at from silver.orders where ordered_at is not null
""",
    "assets/gold/days.sql": """select day, count(*) as orders, sum(amount) as revenue, list(id order by id) as ids,
  {'first': min(ordered_at), 'notes': list(distinct note order by note)} as details,
  map(['orders', 'ids'], [[count(*)], list(id order by id)]) as numbers
from silver.orders group by day
""",
}
TABLES = ["bronze/orders", "bronze/everything", "silver/everything", "silver/appended", "silver/orders",
          "silver/yearly", "silver/history", "gold/days"]

EVERYTHING = pa.schema([
    ("number", pa.int64()), ("boolean", pa.bool_()), ("byte", pa.int8()), ("short", pa.int16()),
    ("integer", pa.int32()),
    ("float", pa.float32()), ("double", pa.float64()), ("decimal", pa.decimal128(38, 10)), ("string", pa.string()),
    ("binary", pa.binary()), ("date", pa.date32()), ("timestamp", pa.timestamp("us", "UTC")),
    ("timestamp_ntz", pa.timestamp("us")), ("struct", pa.struct([("a", pa.int32()), ("b", pa.list_(pa.string()))])),
    ("array", pa.list_(pa.decimal128(5, 2))),
    ("map", pa.map_(pa.string(), pa.struct([("x", pa.timestamp("us", "UTC"))]))),
])


def everything(number: int) -> list:
    return [
        {"number": 3 * number, "boolean": True, "byte": -128, "short": -32768, "integer": -2**31, "float": 1.1,
         "double": float("nan"), "decimal": decimal.Decimal("-1234567890123456789012345678.0123456789"),
         "string": "Zoë 😀\n\"quoted\"", "binary": b"\x00\xff\\", "date": datetime.date(1900, 2, 28),
         "timestamp": datetime.datetime(1969, 12, 31, 23, 59, 59, 999999, UTC),
         "timestamp_ntz": datetime.datetime(1969, 12, 31, 23, 59, 59, 999999), "struct": {"a": None, "b": ["x", None]},
         "array": [decimal.Decimal("1.50"), None], "map": [("k", {"x": datetime.datetime(2024, 1, 1, tzinfo=UTC)})]},
        {"number": 3 * number + 1, "float": float("-inf"), "double": -0.0, "string": "", "binary": b"", "struct": None,
         "array": [], "map": []},
        {"number": 3 * number + 2},
    ]


class Shop:
    """The project in a folder, fed one delivery at a time."""

    def __init__(self, leat: Leat, folder: Path):
        self.leat = leat
        self.folder = folder
        self.deliveries = 0

    def make(self) -> None:
        for name, text in FILES.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(text)
        for name in ("orders", "everything"):
            (self.folder / "landing" / name).mkdir(parents=True)

    def deliver(self) -> None:
        """New orders, and changes of the last ones."""
        number = self.deliveries
        self.deliveries += 1
        lines = ["id,amount,note,ordered_at,day"]
        for key in range(number * 10, number * 10 + 15):
            note = ["plain", '"with, comma"', "", '""', "ünï"][key % 5]
            lines.append(f"{key},{key * 7 % 100 - 20}.{key % 100:02},{note},"
                         f"{2022 + number % 3}-{number % 12 + 1:02}-{key % 28 + 1:02}T{key % 24:02}:00:00.000001Z,"
                         f"{'' if key % 9 == 0 else f'1969-12-{key % 28 + 1:02}'}")
        (self.folder / f"landing/orders/{number:03}.csv").write_text("\n".join(lines) + "\n")
        pa.parquet.write_table(pa.Table.from_pylist(everything(number), schema=EVERYTHING),
                               self.folder / f"landing/everything/{number:03}.parquet")

    def run(self, *words: str) -> str:
        return self.leat.must("run", *words, folder=self.folder)

    def table(self, name: str) -> str:
        return str(self.folder / "lake" / name)

    def rows(self, name: str, version: int = None) -> pa.Table:
        pinned = "" if version is None else f"@v{version}"
        return self.leat.table(f"from {name.replace('/', '.')}{pinned}", self.folder)


class _Gallery:
    """The project after each number of runs: built once for all cases, each of which gets a copy."""

    def __init__(self):
        self.building = threading.Lock()
        self.root = None
        self.shop = None
        self.folders = []  # [n]: after n + 1 runs

    def folder_after(self, program: Path, runs: int) -> Path:
        with self.building:
            if self.shop is None:
                self.root = Path(tempfile.mkdtemp(prefix="leat-interop-shop-"))
                for name in ("scratch", "shop"):
                    (self.root / name).mkdir()
                self.shop = Shop(Leat(program, self.root / "scratch"), self.root / "shop")
                self.shop.make()
            while len(self.folders) < runs:
                self.shop.deliver()
                self.shop.run()
                self.shop.run("-s", "silver.yearly", "--start", "2022-01-01", "--end", "2025-01-01")
                self.folders.append(shutil.copytree(self.shop.folder, self.root / f"after-{len(self.folders) + 1}"))
            return self.folders[runs - 1]

    def close(self) -> None:
        if self.root:
            shutil.rmtree(self.root)


_gallery = _Gallery()


def close() -> None:
    """Removes what was kept for the cases."""
    _gallery.close()


def shop_after_runs(leat: Leat, folder: Path, runs: int) -> Shop:
    shop = Shop(leat, folder)
    shutil.copytree(_gallery.folder_after(leat.program, runs), folder)
    shop.deliveries = runs
    return shop

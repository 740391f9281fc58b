"""Tables written by delta-rs, read by Leat. What delta-rs itself reads is what must come out."""

import datetime
import decimal
import math

import pyarrow as pa
import pyarrow.parquet
from deltalake import (CommitProperties, DeltaTable, Field, Schema, WriterProperties, convert_to_deltalake,
                       write_deltalake)
from deltalake.schema import PrimitiveType

from case import expect
from leat import scan

UTC = datetime.timezone.utc
Decimal = decimal.Decimal

ALL_TYPES = pa.schema([
    ("id", pa.int32()), ("boolean", pa.bool_()), ("byte", pa.int8()), ("short", pa.int16()), ("integer", pa.int32()),
    ("long", pa.int64()), ("float", pa.float32()), ("double", pa.float64()), ("small_decimal", pa.decimal128(9, 2)),
    ("decimal", pa.decimal128(18, 6)), ("large_decimal", pa.decimal128(38, 10)), ("string", pa.string()),
    ("binary", pa.binary()), ("date", pa.date32()), ("timestamp", pa.timestamp("us", "UTC")),
    ("timestamp_ntz", pa.timestamp("us")),
    ("struct", pa.struct([("a", pa.int32()), ("b", pa.struct([("c", pa.string()), ("d", pa.date32())]))])),
    ("array", pa.list_(pa.decimal128(5, 2))), ("arrays", pa.list_(pa.list_(pa.int64()))),
    ("structs", pa.list_(pa.struct([("when", pa.timestamp("us", "UTC")), ("what", pa.binary())]))),
    ("map", pa.map_(pa.string(), pa.struct([("x", pa.float64()), ("y", pa.list_(pa.string()))]))),
    ("map_by_number", pa.map_(pa.int32(), pa.timestamp("us"))),
])


def _row(**values) -> dict:
    return {name: values.get(name) for name in ALL_TYPES.names}


ROWS_OF_ALL_TYPES = [
    _row(id=1, boolean=True, byte=-128, short=-32768, integer=-2**31, long=-2**63, float=1.1, double=math.pi,
         small_decimal=Decimal("-9999999.99"), decimal=Decimal("0.000001"),
         large_decimal=Decimal("9" * 28 + ".0123456789"), string="", binary=b"", date=datetime.date(1, 1, 1),
         timestamp=datetime.datetime(1, 1, 1, tzinfo=UTC),
         timestamp_ntz=datetime.datetime(1, 1, 1), struct={"a": 1, "b": {"c": "x", "d": datetime.date(1582, 10, 4)}},
         array=[Decimal("1.50"), None], arrays=[[1, None], [], None], structs=[], map=[], map_by_number=[]),
    _row(id=2, boolean=False, byte=127, short=32767, integer=2**31 - 1, long=2**63 - 1, float=math.inf, double=math.nan,
         small_decimal=Decimal("0.00"), decimal=Decimal("-1.5"), large_decimal=Decimal("-0.0000000001"),
         string="Zoë \U0001f600 'quoted' \"twice\" \\ back\nnext\ttab", binary=bytes(range(256)),
         date=datetime.date(9999, 12, 31), timestamp=datetime.datetime(9999, 12, 31, 23, 59, 59, 999999, UTC),
         timestamp_ntz=datetime.datetime(9999, 12, 31, 23, 59, 59, 999999), struct={"a": None, "b": None},
         array=[], arrays=[], structs=[{"when": datetime.datetime(1969, 12, 31, tzinfo=UTC), "what": b"\x00\\"}, None],
         map=[("k", {"x": -0.0, "y": ["", None]}), ("", None)],
         map_by_number=[(-1, datetime.datetime(1900, 2, 28)), (7, None)]),
    _row(id=3, float=-0.0, double=5e-324, date=datetime.date(1969, 12, 31), string="null",
         timestamp=datetime.datetime(1969, 12, 31, 23, 59, 59, 999999, UTC),
         timestamp_ntz=datetime.datetime(1883, 11, 18, 12, 3, 58), struct={"a": 5, "b": {"c": None, "d": None}}),
    _row(id=4),
]


def _numbers(first: int, last: int, **more) -> pa.Table:
    table = pa.table({"id": pa.array(range(first, last + 1), pa.int64()),
                      "name": pa.array([f"name {n}" for n in range(first, last + 1)])})
    for name, values in more.items():
        table = table.append_column(name, values)
    return table


def all_types_are_read_with_their_values(case):
    table = case.path("types")
    write_deltalake(table, pa.Table.from_pylist(ROWS_OF_ALL_TYPES, schema=ALL_TYPES))
    expected = case.expect_leat_reads_as_delta_rs(table)
    expect(expected.num_rows == len(ROWS_OF_ALL_TYPES), "delta-rs lost rows")
    case.expect_leat_reads(table, pa.Table.from_pylist(ROWS_OF_ALL_TYPES, schema=ALL_TYPES))


def an_empty_table_has_its_columns(case):
    table = case.path("empty")
    DeltaTable.create(table, schema=ALL_TYPES)
    expected = DeltaTable(table).to_pyarrow_table()
    expect(expected.num_rows == 0, "the table is not empty")
    case.expect_leat_reads(table, expected)
    write_deltalake(table, pa.Table.from_pylist(ROWS_OF_ALL_TYPES, schema=ALL_TYPES), mode="append")
    DeltaTable(table).delete()
    case.expect_leat_reads_all_versions_as_delta_rs(table)


PARTITION_VALUES = {
    "boolean": (pa.bool_(), [True, False]),
    "byte": (pa.int8(), [-128, 0, 127]),
    "short": (pa.int16(), [-32768, 32767]),
    "integer": (pa.int32(), [-2**31, 2**31 - 1]),
    "long": (pa.int64(), [-2**63, 2**63 - 1]),
    "decimal": (pa.decimal128(20, 3), [Decimal("12345678901234567.001"), Decimal("0.000"), Decimal("1.500")]),
    "date": (pa.date32(), [datetime.date(1, 1, 1), datetime.date(1969, 12, 31), datetime.date(2024, 2, 29)]),
    "timestamp": (pa.timestamp("us", "UTC"), [datetime.datetime(1969, 12, 31, 23, 59, 59, 999999, UTC),
                                              datetime.datetime(2024, 7, 1, 12, 30, tzinfo=UTC)]),
    "timestamp_ntz": (pa.timestamp("us"), [datetime.datetime(1969, 12, 31, 23, 59, 59, 999999),
                                           datetime.datetime(2024, 7, 1, 12, 30)]),
    "float": (pa.float32(), [1.5, -0.25, 1e30]),
    "double": (pa.float64(), [1.1, -2.5e10, 1e-7]),
    "string": (pa.string(), ["plain", "with space", "a/b", "a=b", "a%2Fb", "ü€😀", "'", '"', "..", "a\\b", "#?&+;:*|<>",
                             " leading", "trailing ", "{x}", "[y]", "~^`@!$()", "tab\there", "line\nbreak", "",
                             "__HIVE_DEFAULT_PARTITION__x", "null"]),
}


def _partitioned(case, name: str) -> None:
    kind, values = PARTITION_VALUES[name]
    table = case.path(f"by_{name}")
    rows = pa.table({"id": pa.array(range(len(values) + 1), pa.int32()), "part": pa.array([*values, None], kind)})
    write_deltalake(table, rows, partition_by=["part"])
    case.expect_leat_reads_as_delta_rs(table)


def partitions_by_whole_numbers_and_booleans_are_read(case):
    for name in ("boolean", "byte", "short", "integer", "long"):
        _partitioned(case, name)


def partitions_by_decimals_and_floats_are_read(case):
    for name in ("decimal", "float", "double"):
        _partitioned(case, name)


def partitions_by_dates_and_times_are_read(case):
    for name in ("date", "timestamp", "timestamp_ntz"):
        _partitioned(case, name)


def partitions_by_text_with_special_characters_are_read(case):
    _partitioned(case, "string")


def partitions_by_several_columns_are_read_and_skipped(case):
    table = case.path("by_two")
    rows = pa.table({"id": pa.array(range(8)), "region": ["north", "south", None, "a b"] * 2,
                     "day": pa.array([datetime.date(2024, 1, 1 + n // 4) for n in range(8)])})
    write_deltalake(table, rows, partition_by=["day", "region"])
    expected = case.expect_leat_reads_as_delta_rs(table)
    found = case.leat.rows(scan(table) + " where region = 'a b' and day = date '2024-01-02'")
    expect([row["id"] for row in found] == [7], f"{found}")
    found = case.leat.rows(scan(table) + " where region is null order by id")
    expect([row["id"] for row in found] == [2, 6], f"{found}")
    expect(expected.num_rows == 8, "delta-rs lost rows")


def column_names_with_special_characters_are_read(case):
    table = case.path("names")
    rows = pa.table({"Id": [1, 2], "zwölf": [1, None], "select": ["a", "b"], "a.b": [1, 2], "quo\"te": [1.5, 2.5],
                     "percent%20": ["x", "y"]})
    write_deltalake(table, rows, partition_by=["percent%20"])
    case.expect_leat_reads_as_delta_rs(table)


def every_version_of_changed_rows_is_read(case):
    """Append, update, delete, merge and overwrite."""
    table = case.path("changes")
    write_deltalake(table, _numbers(1, 50))
    write_deltalake(table, _numbers(51, 60), mode="append")
    DeltaTable(table).update(updates={"name": "'updated'"}, predicate="id % 7 = 0")
    DeltaTable(table).delete("id % 5 = 0")
    merge = DeltaTable(table).merge(_numbers(40, 70), "t.id = s.id", source_alias="s", target_alias="t")
    merge.when_matched_update({"name": "concat('merged ', s.name)"}).when_not_matched_insert_all() \
        .when_not_matched_by_source_delete("t.id < 10").execute()
    write_deltalake(table, _numbers(1, 3), mode="overwrite")
    case.expect_leat_reads_all_versions_as_delta_rs(table)


def replaced_partitions_and_predicates_are_read(case):
    table = case.path("replaced")
    part = pa.array(["a", "b"] * 5)
    write_deltalake(table, _numbers(1, 10, part=part), partition_by=["part"])
    write_deltalake(table, _numbers(101, 102, part=pa.array(["a", "a"])), mode="overwrite", predicate="part = 'a'")
    write_deltalake(table, _numbers(6, 7, part=pa.array(["b", "b"])), mode="overwrite",
                    predicate="id >= 6 and id < 100")
    case.expect_leat_reads_all_versions_as_delta_rs(table)


def added_columns_are_null_in_older_rows(case):
    table = case.path("evolved")
    write_deltalake(table, pa.table({"id": [1, 2], "s": pa.array([{"a": 1}, None], pa.struct([("a", pa.int64())]))}))
    wider = pa.struct([("a", pa.int64()), ("b", pa.list_(pa.string()))])
    write_deltalake(table, pa.table({"id": [3, 4], "s": pa.array([{"a": 3, "b": ["x"]}, {"a": None, "b": None}], wider),
                                     "more": [1.5, None]}), mode="append", schema_mode="merge")
    DeltaTable(table).alter.add_columns([Field("later", PrimitiveType("date"))])
    write_deltalake(table, pa.table({"id": [5]}), mode="append", schema_mode="merge")
    case.expect_leat_reads_all_versions_as_delta_rs(table)
    DeltaTable(table).optimize.compact()
    case.expect_leat_reads_as_delta_rs(table)


def a_replaced_schema_is_read_at_each_version(case):
    table = case.path("new_schema")
    write_deltalake(table, _numbers(1, 3))
    write_deltalake(table, pa.table({"name": [1, 2], "other": ["a", "b"]}), mode="overwrite", schema_mode="overwrite",
                    partition_by=["other"])
    case.expect_leat_reads_all_versions_as_delta_rs(table)


def compacted_ordered_and_vacuumed_tables_are_read(case):
    table = case.path("optimized")
    for first in range(0, 100, 10):
        write_deltalake(table, _numbers(first, first + 9), mode="append")
    DeltaTable(table).optimize.compact()
    case.expect_leat_reads_all_versions_as_delta_rs(table)
    DeltaTable(table).optimize.z_order(["name", "id"])
    removed = DeltaTable(table).vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    expect(len(removed) >= 10, "the vacuum removed nothing")
    case.expect_leat_reads_as_delta_rs(table)
    gone = case.leat.call("query", scan(table, 3))
    expect(gone.exit != 0 and ".parquet" in gone.err, f"a version without its files was read:\n{gone}")


def a_restored_table_is_read(case):
    table = case.path("restored")
    write_deltalake(table, _numbers(1, 10))
    DeltaTable(table).delete("id > 3")
    write_deltalake(table, _numbers(90, 95), mode="append")
    DeltaTable(table).restore(0)
    case.expect_leat_reads_all_versions_as_delta_rs(table)


def checkpoints_and_a_cleaned_log_are_read(case):
    table = case.path("checkpoints")
    for first in range(0, 12):
        write_deltalake(table, _numbers(first, first, part=pa.array([first % 3])), mode="append", partition_by=["part"],
                        configuration={"delta.checkpointInterval": "5",
                                       "delta.logRetentionDuration": "interval 0 days"})
    DeltaTable(table).delete("id = 4")
    DeltaTable(table).create_checkpoint()
    DeltaTable(table).cleanup_metadata()
    write_deltalake(table, _numbers(100, 101, part=pa.array([0, 1])), mode="append")
    case.expect_leat_reads_as_delta_rs(table)
    log = case.folder / "checkpoints/_delta_log"
    for entry in sorted(log.glob("*.json"))[:-1]:
        if int(entry.stem) < 12:
            entry.unlink(missing_ok=True)
    case.expect_leat_reads_as_delta_rs(table)


def statistics_never_skip_rows_that_match(case):
    table = case.path("statistics")
    for shift in range(4):
        rows = [dict(row, id=row["id"] + 10 * shift) for row in ROWS_OF_ALL_TYPES]
        write_deltalake(table, pa.Table.from_pylist(rows, schema=ALL_TYPES), mode="append")
    for condition, rows in [("id = 12", 1), ("id > 30", 4), ("double = 5e-324", 4), ("date < date '1970-01-01'", 8),
                            ("timestamp >= timestamptz '9999-12-31 23:59:59.999999Z'", 4), ("string = ''", 4),
                            ("timestamp_ntz < timestamp '1900-01-01'", 8), ("string is null", 4), ("boolean", 4),
                            ("large_decimal > 0", 4), ("float = 'inf'::float", 4), ("struct.a = 5", 4),
                            ("long = 9223372036854775807", 4), ("\"binary\" = ''::blob", 4), ("byte <> 127", 4)]:
        found = case.leat.rows(f"select count(*) as n from ({scan(table)}) where {condition}")
        expect(found == [{"n": rows}], f"{condition}: {found}, expected {rows}")


def constraints_properties_and_change_data_do_not_disturb_reading(case):
    table = case.path("governed")
    write_deltalake(table, _numbers(1, 20), configuration={"delta.enableChangeDataFeed": "true"},
                    name="governed", description="a table with a constraint")
    DeltaTable(table).alter.add_constraint({"positive": "id > 0"})
    DeltaTable(table).alter.set_table_properties({"delta.deletedFileRetentionDuration": "interval 1 days"})
    DeltaTable(table).update(updates={"name": "'new'"}, predicate="id < 5")
    DeltaTable(table).delete("id = 6")
    write_deltalake(table, _numbers(21, 22), mode="append",
                    commit_properties=CommitProperties(custom_metadata={"who": "delta-rs"}))
    expect((case.folder / "governed/_change_data").is_dir(), "delta-rs wrote no change data")
    case.expect_leat_reads_all_versions_as_delta_rs(table)


def a_converted_folder_of_parquet_files_is_read(case):
    folder = case.folder / "converted"
    for part in ("a", "b c"):
        (folder / f"part={part}").mkdir(parents=True)
        pyarrow.parquet.write_table(_numbers(1, 5), folder / f"part={part}" / "data.parquet")
    part = Schema([Field("part", PrimitiveType("string"))])
    convert_to_deltalake(str(folder), partition_by=part, partition_strategy="hive")
    write_deltalake(str(folder), _numbers(6, 7, part=pa.array(["d", None])), mode="append")
    case.expect_leat_reads_all_versions_as_delta_rs(str(folder))


def a_path_with_special_characters_is_read(case):
    table = case.path("my table/ü 100% 'x'#1")
    (case.folder / "my table").mkdir()
    write_deltalake(table, _numbers(1, 3))
    case.expect_leat_reads_as_delta_rs(table)


def files_with_several_row_groups_and_other_codecs_are_read(case):
    table = case.path("codecs")
    for compression in ("SNAPPY", "ZSTD", "GZIP", "LZ4_RAW", "BROTLI", "UNCOMPRESSED"):
        write_deltalake(table, _numbers(1, 3000), mode="append", writer_properties=WriterProperties(
            compression=compression, max_row_group_size=1000, data_page_size_limit=2000, write_batch_size=500))
    case.expect_leat_reads_as_delta_rs(table)


def exports_and_csv_hold_every_row(case):
    table = case.path("exported")
    write_deltalake(table, pa.table({"id": [1, 2, 3], "name": ["a,b", "", None], "day": pa.array(
        [datetime.date(1969, 7, 20), None, datetime.date(2024, 2, 29)])}))
    out = case.leat.must("query", scan(table) + " order by id", "-o", "csv")
    expect(out == 'id,name,day\n1,"a,b",1969-07-20\n2,"",\n3,,2024-02-29\n', out)
    file = case.folder / "out.csv"
    case.leat.must("export", scan(table) + " order by id", "--to", str(file))
    expect(file.read_text() == out, file.read_text())


def conditions_find_nan_beside_statistics_that_leave_it_out(case):
    """NaN is greater than all numbers; delta-rs leaves it out of the minima and maxima of its files."""
    table = case.path("nan")
    write_deltalake(table, pa.table({"d": [1.0, math.nan], "f": pa.array([1.0, math.nan], pa.float32()),
                                     "s": [{"x": 1.0}, {"x": math.nan}]}))
    for condition in ("d = 'nan'::double", "d > 5", "d >= 'nan'::double", "d <> 1", "d in ('nan'::double, 3)",
                      "d between 5 and 'nan'::double", "isnan(d)", "f > 5", "f <> 1", "s.x > 5", "s.x <> 1",
                      "d in (select unnest(['nan'::double, 7]))", "d = (select max(d) from nan)"):
        found = case.leat.rows(f"with nan as ({scan(table)}) select count(*)::int as n from nan where {condition}")
        expect(found == [{"n": 1}], f"{condition}: {found}, expected 1 row")
    greatest = case.leat.rows(f"select d from ({scan(table)}) order by d desc limit 1")
    expect(greatest == [{"d": "NaN"}], f"greatest: {greatest}")


def times_as_keys_of_maps_are_printed_as_times(case):
    table = case.path("keys")
    write_deltalake(table, pa.table({"m": pa.array([[(datetime.datetime(2024, 1, 1, tzinfo=UTC), 1)]],
                                                   pa.map_(pa.timestamp("us", "UTC"), pa.int32()))}))
    found = case.leat.rows(scan(table))
    expect(found == [{"m": {"2024-01-01T00:00:00Z": 1}}], f"{found}; times are RFC 3339 in UTC")

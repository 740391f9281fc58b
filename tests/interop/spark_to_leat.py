"""Tables written by Spark with Delta Lake, read by Leat. What Spark itself reads is what must come out."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

import spark
from case import expect, latest_version, log_actions
from delta_rs_to_leat import ALL_TYPES, PARTITION_VALUES, ROWS_OF_ALL_TYPES
from leat import scan
from rows import expect_same
from spark import sql

DELETION_VECTORS = "'delta.enableDeletionVectors' = 'true'"
NO_DELETION_VECTORS = "'delta.enableDeletionVectors' = 'false'"


def _save(frame, table: str, mode: str = "append", partitions: tuple = (), **options) -> None:
    frame.write.format("delta").mode(mode).options(**options).partitionBy(*partitions).save(table)


def _numbers(first: int, last: int):
    """id, name, part (0 to 2) in one file."""
    return spark.session().range(first, last + 1).selectExpr(
        "id", "concat('name ', id) AS name", "cast(id % 3 AS int) AS part").coalesce(1)


def _feature(table: str, name: str) -> bool:
    protocol = log_actions(table, "protocol")[-1]
    return name in [*protocol.get("readerFeatures", []), *protocol.get("writerFeatures", [])]


def _frame(case, rows: pa.Table):
    """By a Parquet file, which alone keeps timestamp and timestamp_ntz apart."""
    file = case.path("frame.parquet")
    pa.parquet.write_table(rows, file)
    return spark.session().read.parquet(file)


def all_types_are_read_with_their_values(case):
    table = case.path("types")
    _save(_frame(case, pa.Table.from_pylist(ROWS_OF_ALL_TYPES, schema=ALL_TYPES)), table)
    expected = case.expect_leat_reads_as_spark(table)
    expect(expected.num_rows == len(ROWS_OF_ALL_TYPES), "Spark lost rows")
    case.expect_leat_reads(table, pa.Table.from_pylist(ROWS_OF_ALL_TYPES, schema=ALL_TYPES))


def timestamps_of_all_physical_types_are_read(case):
    for kind in ("INT96", "TIMESTAMP_MICROS", "TIMESTAMP_MILLIS"):
        table = case.path(f"times_{kind}")
        with spark.settings(spark__sql__parquet__outputTimestampType=kind):
            sql(f"""CREATE TABLE delta.`{table}` USING delta AS SELECT id, array(t) AS ts, t FROM VALUES
                (1, TIMESTAMP '1969-12-31 23:59:59.999999Z'), (2, TIMESTAMP '1883-11-18 12:03:58Z'),
                (3, TIMESTAMP '2024-07-01 00:00:00.001Z'), (4, NULL),
                (5, TIMESTAMP '1600-01-01 00:00:00Z') AS v(id, t)""")
        case.expect_leat_reads_as_spark(table)


def text_of_limited_length_and_required_columns_are_read(case):
    table = case.path("limited")
    sql(f"""CREATE TABLE delta.`{table}` (id INT NOT NULL COMMENT 'the ''key''', c CHAR(5), v VARCHAR(7),
        s STRUCT<a: INT, b: VARCHAR(3)>) USING delta COMMENT 'a table' TBLPROPERTIES ('who' = 'Spark')""",
        f"INSERT INTO delta.`{table}` VALUES (1, 'abcde', 'cd', struct(1, 'x')), (2, NULL, '', NULL)")
    case.expect_leat_reads_as_spark(table)


PARTITION_TYPES = ("boolean", "byte", "short", "integer", "long", "decimal", "float", "double", "date", "timestamp",
                   "timestamp_ntz", "string")


def partitions_by_every_type_are_read(case):
    """Row n has the n-th value of each type, and nulls after its last one."""
    count = max(len(values) for _, values in PARTITION_VALUES.values()) + 1
    columns = {"id": pa.array(range(count), pa.int32())}
    for name, (kind, values) in PARTITION_VALUES.items():
        negative = [-value for value in values] if name in ("decimal", "float", "double") else []
        columns[f"by_{name}"] = pa.array([*values, *negative, *[None] * count][:count], kind)
    columns["by_binary"] = pa.array([b"abc", b" ", b"~=/", *[None] * count][:count], pa.binary())
    table = case.path("partitioned")
    _save(_frame(case, pa.table(columns)), table, partitions=tuple(name for name in columns if name != "id"))
    case.expect_leat_reads_as_spark(table)


def deleted_updated_and_merged_rows_with_deletion_vectors_are_read(case):
    table = case.path("vectors")
    sql(f"CREATE TABLE delta.`{table}` (id LONG, name STRING, part INT) USING delta TBLPROPERTIES ({DELETION_VECTORS})")
    _save(_numbers(0, 999), table)
    sql(f"DELETE FROM delta.`{table}` WHERE id % 10 = 0",
        f"UPDATE delta.`{table}` SET name = 'updated' WHERE id BETWEEN 100 AND 119",
        f"""MERGE INTO delta.`{table}` t USING (SELECT id + 900 AS id FROM range(200)) s ON t.id = s.id
            WHEN MATCHED AND s.id % 2 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET name = 'merged'
            WHEN NOT MATCHED THEN INSERT (id, name, part) VALUES (s.id, 'inserted', 7)""",
        f"DELETE FROM delta.`{table}` WHERE name = 'updated' OR id > 1090")
    vectors = [add for add in log_actions(table, "add") if add.get("deletionVector")]
    expect(len(vectors) >= 4, f"Spark wrote {len(vectors)} deletion vectors")
    sql(f"OPTIMIZE delta.`{table}`", f"RESTORE TABLE delta.`{table}` TO VERSION AS OF 3")
    case.expect_leat_reads_versions_as_spark(table, 2, 3, 4, 5)
    sql(f"REORG TABLE delta.`{table}` APPLY (PURGE)", f"DELETE FROM delta.`{table}`")
    case.expect_leat_reads_as_spark(table)


def large_deletion_vectors_of_all_shapes_are_read(case):
    """More than 65,536 rows in a file: runs, arrays and bitmaps, and several containers."""
    table = case.path("large_vectors")
    sql(f"CREATE TABLE delta.`{table}` (id LONG) USING delta TBLPROPERTIES ({DELETION_VECTORS})")
    _save(spark.session().range(0, 400000, 1, 1).toDF("id"), table)
    sql(f"""DELETE FROM delta.`{table}` WHERE id BETWEEN 1000 AND 60000 OR (id BETWEEN 70000 AND 130000 AND id % 2 = 0)
        OR (id > 200000 AND id % 999 = 0) OR id = 399999""")
    expect(log_actions(table, "add")[-1]["deletionVector"]["cardinality"] > 80000, "no large deletion vector")
    wanted = spark.session().sql(f"SELECT count(*) AS n, sum(id) AS total FROM delta.`{table}`").collect()[0]
    query = f"select count(*)::int as n, sum(id)::bigint as total from ({scan(table)})"
    found = case.leat.rows(query)[0]
    expect((found["n"], int(found["total"])) == (wanted.n, wanted.total), f"{found}, expected {wanted}")
    found = case.leat.rows(f"{query} where id in (999, 1000, 60001, 70000, 70001, 399998, 399999)")[0]
    expect((found["n"], int(found["total"])) == (4, 999 + 60001 + 70001 + 399998), f"{found}")


def deletion_vectors_in_partitions_and_checkpoints_are_read(case):
    table = case.path("vectors_by_part")
    sql(f"""CREATE TABLE delta.`{table}` (id LONG, name STRING, part INT) USING delta PARTITIONED BY (part)
        TBLPROPERTIES ({DELETION_VECTORS}, 'delta.checkpointInterval' = '3')""")
    _save(_numbers(0, 99), table)
    sql(*[f"DELETE FROM delta.`{table}` WHERE id % 20 = {rest}" for rest in range(5)])
    _expect_files(case, "vectors_by_part/_delta_log/*6.checkpoint.parquet")
    case.expect_leat_reads_versions_as_spark(table, 4)


def _mapped(case, mode: str) -> str:
    table = case.path(f"mapped_by_{mode}")
    sql(f"""CREATE TABLE delta.`{table}` (id INT, `odd name ,;{{}}()=` STRING, part STRING, gone INT,
          s STRUCT<a: INT, b: STRUCT<c: STRING, d: INT>>, list ARRAY<STRUCT<x: INT, y: STRING>>,
          m MAP<STRING, STRUCT<x: INT, y: ARRAY<STRUCT<z: DATE>>>>)
        USING delta PARTITIONED BY (part) TBLPROPERTIES ('delta.columnMapping.mode' = '{mode}', {DELETION_VECTORS})""",
        f"""INSERT INTO delta.`{table}` VALUES
          (1, 'one', 'a b', 10, struct(1, struct('c', 2)), array(struct(1, 'y'), NULL),
            map('k', struct(1, array(struct(DATE '1969-01-01'))), 'n', NULL)),
          (2, NULL, NULL, NULL, NULL, NULL, NULL), (3, '', 'ü=/', 30, struct(NULL, NULL), array(), map())""")
    return table


def _renamed_and_dropped_columns(case, table: str) -> None:
    sql(f"ALTER TABLE delta.`{table}` RENAME COLUMN `odd name ,;{{}}()=` TO `other name`",
        f"ALTER TABLE delta.`{table}` RENAME COLUMN part TO region",
        f"ALTER TABLE delta.`{table}` RENAME COLUMN s.b.c TO renamed",
        f"ALTER TABLE delta.`{table}` RENAME COLUMN list.element.x TO renamed",
        f"ALTER TABLE delta.`{table}` RENAME COLUMN m.value.y TO renamed",
        f"ALTER TABLE delta.`{table}` DROP COLUMN gone",
        f"ALTER TABLE delta.`{table}` DROP COLUMN s.b.d",
        f"ALTER TABLE delta.`{table}` DROP COLUMN list.element.y",
        f"ALTER TABLE delta.`{table}` ADD COLUMNS (gone STRING AFTER id, s.b.d DATE, list.element.y DOUBLE)",
        f"""INSERT INTO delta.`{table}` BY NAME SELECT 4 AS id, 'new' AS gone, 'four' AS `other name`, 'r' AS region,
          named_struct('a', 4, 'b', named_struct('renamed', 'c', 'd', DATE '2024-01-01')) AS s,
          array(named_struct('renamed', 4, 'y', 1.5D)) AS list, map() AS m""",
        f"DELETE FROM delta.`{table}` WHERE id = 3")
    case.expect_leat_reads_versions_as_spark(table, 1, 6)
    for condition, ids in [("region = 'a b'", [1]), ("\"other name\" = 'four'", [4]), ("gone is null", [1, 2]),
                           ("s.b.renamed = 'c'", [1, 4]), ("id > 1", [2, 4])]:
        found = [row["id"] for row in case.leat.rows(f"select id from ({scan(table)}) where {condition} order by id")]
        expect(found == ids, f"{condition}: {found}, expected {ids}")


def columns_mapped_by_name_are_read_after_renames_and_drops(case):
    _renamed_and_dropped_columns(case, _mapped(case, "name"))


def columns_mapped_by_id_are_read_after_renames_and_drops(case):
    _renamed_and_dropped_columns(case, _mapped(case, "id"))


def maps_with_structs_as_keys_are_read(case):
    """Typed only: what JSON makes of such keys is text."""
    table = case.path("keys")
    sql(f"""CREATE TABLE delta.`{table}` (id INT, m MAP<STRUCT<k: INT, t: TIMESTAMP>, ARRAY<INT>>) USING delta
        TBLPROPERTIES ('delta.columnMapping.mode' = 'id')""",
        f"""INSERT INTO delta.`{table}` VALUES
          (1, map(named_struct('k', 1, 't', TIMESTAMP '1969-01-01 00:00:00Z'), array(2),
          named_struct('k', CAST(NULL AS INT), 't', CAST(NULL AS TIMESTAMP)), NULL)),
          (2, map()), (3, NULL)""")
    expect_same(spark.rows(table), case.leat.table(scan(table)), "leat export of keys")


def a_table_that_gets_column_mapping_later_is_read(case):
    table = case.path("mapped_later")
    _save(_numbers(1, 6), table, partitions=("part",))
    sql(f"ALTER TABLE delta.`{table}` SET TBLPROPERTIES ('delta.columnMapping.mode' = 'name')",
        f"ALTER TABLE delta.`{table}` RENAME COLUMN name TO title",
        f"ALTER TABLE delta.`{table}` RENAME COLUMN id TO name",
        f"INSERT INTO delta.`{table}` BY NAME SELECT 7L AS name, 'x' AS title, 1 AS part")
    case.expect_leat_reads_versions_as_spark(table, 0)


def widened_types_are_read_in_old_and_new_files(case):
    table = case.path("widened")
    sql(f"""CREATE TABLE delta.`{table}` (id INT, b TINYINT, s SMALLINT, i INT, i2 INT, f FLOAT, d DATE,
          dec DECIMAL(6, 2), i3 INT, st STRUCT<a: TINYINT, l: ARRAY<SMALLINT>>, m MAP<TINYINT, FLOAT>, part SMALLINT)
        USING delta PARTITIONED BY (part)
        TBLPROPERTIES ('delta.enableTypeWidening' = 'true', 'delta.feature.timestampNtz' = 'supported')""",
        f"""INSERT INTO delta.`{table}` VALUES (1, -128, -32768, -2147483648, 7, 1.1, DATE '1969-12-31', -1234.56, 9,
          struct(1, array(-5)), map(-1, 1.1), -3),
          (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)""")
    for change in ("b TYPE SMALLINT", "b TYPE INT", "s TYPE BIGINT", "i TYPE BIGINT", "i2 TYPE DOUBLE", "f TYPE DOUBLE",
                   "d TYPE TIMESTAMP_NTZ", "dec TYPE DECIMAL(18, 5)", "i3 TYPE DECIMAL(12, 1)", "st.a TYPE INT",
                   "st.l.element TYPE BIGINT", "m.key TYPE SMALLINT", "m.value TYPE DOUBLE", "part TYPE BIGINT"):
        sql(f"ALTER TABLE delta.`{table}` ALTER COLUMN {change}")
    sql(f"""INSERT INTO delta.`{table}` VALUES (3, 100000, 9223372036854775807, 9223372036854775807, 0.5, 1.1D,
          TIMESTAMP_NTZ '2024-01-01 12:00:00.000001', 1234567890123.45678, 12345678901.5,
          struct(70000, array(9223372036854775807)), map(300, 1.1D), 9223372036854775807)""")
    case.expect_leat_reads_versions_as_spark(table, 1, 2, latest_version(table) - 1)
    for condition in ("b < 0", "i < 0", "f > 1", "dec = -1234.56", "d < timestamp '1970-01-01'", "part = -3", "i3 = 9"):
        found = case.leat.rows(f"select id from ({scan(table)}) where {condition} order by id")
        expect({"id": 1} in found, f"{condition}: {found} lacks the row of the old file")


def _drop_entries(table: str, upto: int) -> None:
    for entry in (Path(table) / "_delta_log").glob("*.json"):
        if entry.stem.isdigit() and int(entry.stem) < upto:
            entry.unlink()


def _with_checkpoint(case, name: str, properties: str, **settings) -> str:
    """A table whose log begins with a checkpoint: its earlier entries are gone."""
    table = case.path(name)
    sql(f"""CREATE TABLE delta.`{table}` (id LONG, name STRING, part INT) USING delta PARTITIONED BY (part)
        TBLPROPERTIES ('delta.checkpointInterval' = '4', {DELETION_VECTORS}{properties})""")
    with spark.settings(**settings):
        for first in (0, 10, 20):
            _save(_numbers(first, first + 9), table)
        sql(f"DELETE FROM delta.`{table}` WHERE id IN (3, 13)", f"DELETE FROM delta.`{table}` WHERE id = 23")
    _drop_entries(table, 4)
    return table


def _expect_files(case, pattern: str, at_least: int = 1) -> None:
    found = list(case.folder.glob(pattern))
    expect(len(found) >= at_least, f"Spark wrote {len(found)} files {pattern}, expected {at_least}")


def classic_checkpoints_are_read(case):
    table = _with_checkpoint(case, "classic", "")
    _expect_files(case, "classic/_delta_log/*4.checkpoint.parquet")
    case.expect_leat_reads_as_spark(table)


def checkpoints_with_statistics_as_columns_only_are_read(case):
    table = _with_checkpoint(case, "columns", """, 'delta.checkpoint.writeStatsAsJson' = 'false',
        'delta.checkpoint.writeStatsAsStruct' = 'true'""")
    case.expect_leat_reads_as_spark(table)
    found = case.leat.rows(f"select id from ({scan(table)}) where name = 'name 24'")
    expect(found == [{"id": 24}], f"{found}")


def checkpoints_in_several_parts_are_read(case):
    table = _with_checkpoint(case, "parts", "", spark__databricks__delta__checkpoint__partSize="3")
    _expect_files(case, "parts/_delta_log/*4.checkpoint.*.*.parquet", 2)
    case.expect_leat_reads_as_spark(table)


def checkpoints_of_version_2_in_parquet_are_read(case):
    table = _with_checkpoint(case, "v2_parquet", ", 'delta.checkpointPolicy' = 'v2'",
                             spark__databricks__delta__checkpointV2__topLevelFileFormat="parquet")
    _expect_files(case, "v2_parquet/_delta_log/*4.checkpoint.*-*.parquet")
    _expect_files(case, "v2_parquet/_delta_log/_sidecars/*.parquet")
    case.expect_leat_reads_as_spark(table)


def checkpoints_of_version_2_in_json_are_read(case):
    table = _with_checkpoint(case, "v2_json", ", 'delta.checkpointPolicy' = 'v2'",
                             spark__databricks__delta__checkpointV2__topLevelFileFormat="json",
                             spark__databricks__delta__checkpoint__partSize="3")
    _expect_files(case, "v2_json/_delta_log/*4.checkpoint.*-*.json")
    _expect_files(case, "v2_json/_delta_log/_sidecars/*.parquet", 2)
    case.expect_leat_reads_as_spark(table)


def compacted_log_entries_are_read(case):
    """Written by Delta Kernel; the entries they stand for may be gone."""
    table = case.path("compacted")
    for first in (0, 10, 20, 30):
        _save(_numbers(first, first + 9), table)
    sql(f"DELETE FROM delta.`{table}` WHERE id < 15", f"INSERT INTO delta.`{table}` VALUES (99, 'last', 0)")
    expected = spark.rows(table)
    java = spark.session()._jvm
    engine = java.io.delta.kernel.defaults.engine.DefaultEngine.create(java.org.apache.hadoop.conf.Configuration())
    path = java.io.delta.kernel.internal.fs.Path(f"file:{table}")
    log = java.io.delta.kernel.internal.fs.Path(f"file:{table}/_delta_log")
    java.io.delta.kernel.internal.compaction.LogCompactionWriter(path, log, 1, 4, 0).writeLogCompactionFile(engine)
    _expect_files(case, "compacted/_delta_log/*1.*4.compacted.json")
    case.expect_leat_reads(table, expected)
    for version in (2, 3):
        (case.folder / f"compacted/_delta_log/{version:020}.json").unlink()
    case.expect_leat_reads(table, expected)


def in_commit_timestamps_are_read(case):
    table = case.path("timestamps")
    sql(f"CREATE TABLE delta.`{table}` (id LONG) USING delta TBLPROPERTIES ('delta.enableInCommitTimestamps' = 'true')",
        f"INSERT INTO delta.`{table}` VALUES (1)", f"INSERT INTO delta.`{table}` VALUES (2)")
    expect("inCommitTimestamp" in log_actions(table, "commitInfo")[-1], "no in-commit timestamp")
    case.expect_leat_reads_versions_as_spark(table, 1)


def generated_identity_and_default_columns_are_read(case):
    table = case.path("generated")
    sql(f"""CREATE TABLE delta.`{table}` (id LONG, at TIMESTAMP, day DATE GENERATED ALWAYS AS (CAST(at AS DATE)),
          number BIGINT GENERATED ALWAYS AS IDENTITY, note STRING DEFAULT 'none') USING delta PARTITIONED BY (day)
        TBLPROPERTIES ('delta.feature.allowColumnDefaults' = 'supported')""")
    sql(f"INSERT INTO delta.`{table}` (id, at) VALUES (1, TIMESTAMP '1969-12-31 23:00:00Z'), (2, NULL)",
        f"INSERT INTO delta.`{table}` (id, at, note) VALUES (3, TIMESTAMP '2024-01-01 00:00:00Z', DEFAULT)")
    case.expect_leat_reads_as_spark(table)


def constraints_and_change_data_do_not_disturb_reading(case):
    table = case.path("governed")
    sql(f"""CREATE TABLE delta.`{table}` (id LONG NOT NULL, name STRING) USING delta
        TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true', {NO_DELETION_VECTORS})""",
        f"ALTER TABLE delta.`{table}` ADD CONSTRAINT positive CHECK (id > 0)",
        f"INSERT INTO delta.`{table}` SELECT id + 1, 'x' FROM range(20)",
        f"UPDATE delta.`{table}` SET name = 'changed' WHERE id < 5", f"DELETE FROM delta.`{table}` WHERE id = 7")
    _expect_files(case, "governed/_change_data/*.parquet")
    case.expect_leat_reads_versions_as_spark(table, 2)


def a_change_data_feed_is_read_as_spark_reads_it(case):
    """With files of changes, and where Delta has none because whole files came or went."""
    table = case.path("feed")
    sql(f"""CREATE TABLE delta.`{table}` (id LONG, name STRING, part INT) USING delta PARTITIONED BY (part)
        TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')""",
        f"INSERT INTO delta.`{table}` SELECT id, 'x', cast(id % 2 AS int) FROM range(20)",
        f"UPDATE delta.`{table}` SET name = 'changed' WHERE id < 5", f"DELETE FROM delta.`{table}` WHERE part = 1",
        f"""MERGE INTO delta.`{table}` t USING (SELECT id * 4 AS id FROM range(7)) s ON t.id = s.id
            WHEN MATCHED AND s.id = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET name = 'merged'
            WHEN NOT MATCHED THEN INSERT (id, name, part) VALUES (s.id, 'new', 7)""")
    _expect_files(case, "feed/_change_data/**/*.parquet")
    columns = "id, name, part, _change_type, CAST(_commit_version AS LONG) AS _commit_version"
    theirs = spark.session().read.format("delta").option("readChangeFeed", "true").option("startingVersion", 1).load(
        table).selectExpr(*columns.split(", ")).toArrow()
    expect(theirs.num_rows > 40, f"Spark tells of {theirs.num_rows} changes")
    expect_same(theirs, case.leat.table(f"select {columns} from changes('{table}', 1)"), "changes()")


def tables_with_row_tracking_are_read(case):
    table = case.path("tracked")
    sql(f"""CREATE TABLE delta.`{table}` (id LONG, name STRING) USING delta
        TBLPROPERTIES ('delta.enableRowTracking' = 'true', {DELETION_VECTORS})""",
        f"INSERT INTO delta.`{table}` SELECT id, 'x' FROM range(20)",
        f"UPDATE delta.`{table}` SET name = 'changed' WHERE id < 5", f"DELETE FROM delta.`{table}` WHERE id = 7",
        f"OPTIMIZE delta.`{table}`")
    expect(_feature(table, "rowTracking"), "no row tracking")
    case.expect_leat_reads_versions_as_spark(table, 2, 3)


def clustered_ordered_and_vacuumed_tables_are_read(case):
    clustered, ordered = case.path("clustered"), case.path("ordered")
    sql(f"CREATE TABLE delta.`{clustered}` (id LONG, name STRING, part INT) USING delta CLUSTER BY (part, id)")
    for table in (clustered, ordered):
        _save(_numbers(0, 49), table)
        _save(_numbers(50, 99), table)
        sql(f"OPTIMIZE delta.`{table}`" + (" ZORDER BY (name, id)" if table == ordered else ""),
            f"DELETE FROM delta.`{table}` WHERE id = 5")
        sql(f"VACUUM delta.`{table}` RETAIN 0 HOURS")
        case.expect_leat_reads_as_spark(table)
    expect(_feature(clustered, "clustering"), "no clustering")


def replaced_rows_and_partitions_are_read(case):
    table = case.path("replaced")
    _save(_numbers(0, 29), table, partitions=("part",))
    _save(_numbers(3, 3).selectExpr("id", "'where' AS name", "part"), table, "overwrite", replaceWhere="part = 0")
    _save(_numbers(4, 4).selectExpr("id", "'dynamic' AS name", "part"), table, "overwrite", ("part",),
          partitionOverwriteMode="dynamic")
    sql(f"INSERT INTO delta.`{table}` REPLACE WHERE id BETWEEN 5 AND 8 SELECT 5L, 'sql', 2")
    sql(f"RESTORE TABLE delta.`{table}` TO VERSION AS OF 1", f"TRUNCATE TABLE delta.`{table}`")
    case.expect_leat_reads_versions_as_spark(table, 1, 2, 3, 4)


def evolved_schemas_are_read_at_every_version(case):
    table = case.path("evolved")
    make = spark.session().sql
    _save(make("SELECT 1 AS id, named_struct('a', 1) AS s, array(named_struct('x', 1)) AS l"), table)
    _save(make("""SELECT 2 AS id, named_struct('a', 2, 'b', map('k', 1)) AS s,
        array(named_struct('x', 1, 'y', 'y')) AS l, DATE '2024-01-01' AS day"""), table, mergeSchema="true")
    sql(f"ALTER TABLE delta.`{table}` ADD COLUMNS (first STRING FIRST, s.c DOUBLE AFTER a)",
        f"""MERGE WITH SCHEMA EVOLUTION INTO delta.`{table}` t USING (SELECT 3 AS id, 1.5D AS extra) s ON t.id = s.id
            WHEN NOT MATCHED THEN INSERT *""")
    _save(make("SELECT 'x' AS id, 5 AS other"), table, "overwrite", overwriteSchema="true")
    case.expect_leat_reads_versions_as_spark(table, 1, 2, 3)


def a_converted_folder_of_parquet_files_is_read(case):
    folder = case.path("converted")
    _numbers(0, 20).write.partitionBy("part").parquet(folder)
    sql(f"CONVERT TO DELTA parquet.`{folder}` PARTITIONED BY (part INT)", f"DELETE FROM delta.`{folder}` WHERE id = 4")
    case.expect_leat_reads_versions_as_spark(folder, 0)


def a_shallow_clone_whose_files_lie_elsewhere_is_refused(case):
    source, clone = case.path("original"), case.path("clone")
    _save(_numbers(1, 3), source)
    sql(f"CREATE TABLE delta.`{clone}` SHALLOW CLONE delta.`{source}`")
    refused = case.leat.call("query", scan(clone))
    expect(refused.exit == 2 and "original" in refused.err, f"{refused}")


def variant_columns_are_refused_by_name(case):
    table = case.path("variant")
    sql(f"CREATE TABLE delta.`{table}` USING delta AS SELECT 1 AS id, parse_json('1') AS tree")
    refused = case.leat.call("query", scan(table))
    expect(refused.exit == 2 and "tree" in refused.err and "variant" in refused.err, f"{refused}")


def a_column_of_the_type_void_is_refused_by_name(case):
    table = case.path("void")
    sql(f"CREATE TABLE delta.`{table}` USING delta AS SELECT 1 AS id, NULL AS nothing")
    refused = case.leat.call("query", scan(table))
    expect(refused.exit == 2 and "nothing" in refused.err and "void" in refused.err, f"{refused}")


def everything_at_once_is_read(case):
    """Deletion vectors, mapping, widening, version 2 checkpoints, timestamps, row tracking, clustering, changes."""
    table = case.path("everything")
    sql(f"""CREATE TABLE delta.`{table}` (id INT, name STRING, s STRUCT<a: SMALLINT>) USING delta CLUSTER BY (id)
        TBLPROPERTIES ({DELETION_VECTORS}, 'delta.columnMapping.mode' = 'name', 'delta.enableTypeWidening' = 'true',
          'delta.checkpointPolicy' = 'v2', 'delta.checkpointInterval' = '5', 'delta.enableInCommitTimestamps' = 'true',
          'delta.enableRowTracking' = 'true', 'delta.enableChangeDataFeed' = 'true')""",
        f"INSERT INTO delta.`{table}` SELECT id, concat('n', id), struct(id) FROM range(50)",
        f"DELETE FROM delta.`{table}` WHERE id % 5 = 0", f"ALTER TABLE delta.`{table}` ALTER COLUMN id TYPE BIGINT",
        f"ALTER TABLE delta.`{table}` ALTER COLUMN s.a TYPE INT", f"ALTER TABLE delta.`{table}` RENAME COLUMN s.a TO b",
        f"UPDATE delta.`{table}` SET name = NULL, id = id + 5000000000 WHERE id % 5 = 1", f"OPTIMIZE delta.`{table}`",
        f"MERGE INTO delta.`{table}` t USING (SELECT 7L AS id) s ON t.id = s.id WHEN MATCHED THEN DELETE")
    case.expect_leat_reads_versions_as_spark(table, 2, 5)

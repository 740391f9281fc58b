"""Tables of delta-rs and Spark whose rows `leat change` inserts, updates, deletes and merges, read by their engines again."""

from pathlib import Path

import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet
from deltalake import DeltaTable, write_deltalake

import spark
from case import expect, log_actions
from delta_rs_to_leat import PARTITION_VALUES
from leat import files_of, scan
from rows import expect_same
from spark import sql
from spark_to_leat import DELETION_VECTORS, NO_DELETION_VECTORS


def _change(case, table: str, *statements: str) -> None:
    for statement in statements:
        case.leat.must("change", statement.replace("TABLE", f'"{table}"'))


def _expect_refused(case, table: str, statement: str, *reasons: str) -> None:
    before = files_of(case.folder / table)
    refused = case.leat.call("change", statement.replace("TABLE", f'"{case.path(table)}"'))
    expect(refused.exit != 0, f"expected a refusal:\n{refused}")
    for reason in reasons:
        expect(reason in refused.err, f"'{reason}' is not named:\n{refused}")
    expect(before == files_of(case.folder / table), f"files were changed:\n{refused}")


def _ids(rows: pa.Table) -> list:
    return sorted(rows["id"].to_pylist())


CHANGES = ["insert into TABLE by name select 100 as id, 'inserted' as name, 'a b' as part",
           "insert into TABLE by name select 101 as id, 'to null' as name, null as part",
           "update TABLE set name = 'updated' where id in (1, 2)",
           "update TABLE set part = 'moved/%=' where id = 3",
           "delete from TABLE where id in (4, 101)",
           """merge into TABLE t using (select unnest([5, 6, 200]) as id) s on t.id = s.id
              when matched and s.id = 5 then delete when matched then update set name = 'merged'
              when not matched then insert (id, name, part) values (s.id, 'new', 'z')"""]
IDS_AFTER_CHANGES = [0, 1, 2, 3, 6, 7, 8, 9, 100, 200]


def _numbers() -> pa.Table:
    return pa.table({"id": pa.array(range(10), pa.int64()), "name": [f"n{number}" for number in range(10)],
                     "part": [["x", "a b", None][number % 3] for number in range(10)]})


def tables_partitioned_by_delta_rs_are_changed(case):
    table = case.path("partitioned")
    write_deltalake(table, _numbers(), partition_by=["part"])
    _change(case, table, *CHANGES)
    expect(DeltaTable(table).metadata().partition_columns == ["part"], "no longer partitioned")
    rows = case.expect_leat_reads_as_delta_rs(table)
    expect(_ids(rows) == IDS_AFTER_CHANGES, f"{_ids(rows)}")
    DeltaTable(table).optimize.compact()
    DeltaTable(table).vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    case.expect_leat_reads(table, rows)


def partitions_of_every_type_are_written(case):
    for name, (kind, values) in PARTITION_VALUES.items():
        table = case.path(f"by_{name}")
        rows = pa.table({"id": pa.array(range(len(values) + 1), pa.int32()), "part": pa.array([*values, None], kind)})
        write_deltalake(table, rows.slice(0, 0), partition_by=["part"])
        source = case.path(f"{name}.parquet")
        pa.parquet.write_table(rows, source)
        _change(case, table, f"insert into TABLE select * from '{source}'")
        if name == "string":  # the protocol writes both the empty text and null as nothing
            rows = rows.set_column(1, "part", pa.array([*(value or None for value in values), None], kind))
        expect_same(rows, DeltaTable(table).to_pyarrow_table(), f"delta-rs of Leat's partitions by {name}")
        case.expect_leat_reads(table, rows)


def partitions_by_bytes_are_written_as_spark_does(case):
    table = case.path("bytes")
    sql(f"CREATE TABLE delta.`{table}` (id INT, part BINARY) USING delta PARTITIONED BY (part)",
        f"INSERT INTO delta.`{table}` VALUES (1, CAST('of Spark ü' AS BINARY)), (2, NULL), (3, X'0102')")
    _change(case, table, "insert into TABLE values (4, encode('of Leat ü'))", "insert into TABLE values (5, null)",
            "insert into TABLE values (6, '\\x01\\x02'::blob)", "update TABLE set part = 'a/b=c%'::blob where id = 1")
    rows = case.expect_leat_reads_as_spark(table)
    parts = dict(zip(rows["id"].to_pylist(), rows["part"].to_pylist()))
    expect(parts == {1: b"a/b=c%", 2: None, 3: b"\x01\x02", 4: "of Leat ü".encode(), 5: None, 6: b"\x01\x02"}, f"{parts}")
    case.expect_leat_reads(table, rows)
    _expect_refused(case, "bytes", "insert into TABLE values (7, '\\xff'::blob)", "part", "UTF-8")


def _changed_by_both(case, table: str, properties: str) -> None:
    """Created by Spark, changed by Leat, by Spark, and by Leat again."""
    sql(f"CREATE TABLE delta.`{table}` (id LONG, name STRING, part STRING) USING delta PARTITIONED BY (part) "
        f"TBLPROPERTIES ({properties})")
    source = case.path("numbers.parquet")
    pa.parquet.write_table(_numbers(), source)
    _change(case, table, f"insert into TABLE select * from '{source}'", *CHANGES)
    rows = case.expect_leat_reads_as_spark(table)
    expect(_ids(rows) == IDS_AFTER_CHANGES, f"{_ids(rows)}")
    sql(f"DELETE FROM delta.`{table}` WHERE id = 7", f"UPDATE delta.`{table}` SET name = 'Spark' WHERE id = 8",
        f"OPTIMIZE delta.`{table}`", f"VACUUM delta.`{table}` RETAIN 0 HOURS")
    _change(case, table, "delete from TABLE where id = 9", "update TABLE set name = 'Leat' where id = 8")
    rows = case.expect_leat_reads_as_spark(table)
    expect(_ids(rows) == [number for number in IDS_AFTER_CHANGES if number not in (7, 9)], f"{_ids(rows)}")


def tables_with_deletion_vectors_are_changed(case):
    table = case.path("vectors")
    _changed_by_both(case, table, DELETION_VECTORS)
    ours = [info["engineInfo"] for info in log_actions(table, "commitInfo")]
    expect(any(engine.startswith("Leat") for engine in ours), f"{ours}")


def tables_without_deletion_vectors_are_changed(case):
    _changed_by_both(case, case.path("plain"), NO_DELETION_VECTORS)


def columns_mapped_by_name_are_changed(case):
    _changed_by_both(case, case.path("mapped"), f"'delta.columnMapping.mode' = 'name', {DELETION_VECTORS}")


def columns_mapped_by_id_are_changed(case):
    _changed_by_both(case, case.path("mapped"), f"'delta.columnMapping.mode' = 'id', {NO_DELETION_VECTORS}")


def renamed_and_nested_mapped_columns_are_written(case):
    table = case.path("renamed")
    sql(f"""CREATE TABLE delta.`{table}` (id INT, s STRUCT<a: INT, b: ARRAY<STRUCT<x: INT>>>, m MAP<STRING, STRUCT<y: INT>>)
        USING delta TBLPROPERTIES ('delta.columnMapping.mode' = 'name')""",
        f"INSERT INTO delta.`{table}` VALUES (1, struct(1, array(struct(1))), map('k', struct(1)))",
        f"ALTER TABLE delta.`{table}` RENAME COLUMN id TO `number of it`",
        f"ALTER TABLE delta.`{table}` RENAME COLUMN s.b.element.x TO z", f"ALTER TABLE delta.`{table}` RENAME COLUMN s.a TO c")
    _change(case, table, """insert into TABLE select 2, {'c': 2, 'b': [{'z': 2}, null]}, map {'l': {'y': 2}}""",
            'update TABLE set "number of it" = 3 where "number of it" = 1')
    case.expect_leat_reads_as_spark(table)


def constraints_of_delta_rs_are_kept(case):
    table = case.path("checked")
    write_deltalake(table, _numbers())
    DeltaTable(table).alter.add_constraint({"known": "id >= 0"})
    _change(case, table, "insert into TABLE values (10, 'ten', null)")
    _expect_refused(case, "checked", "insert into TABLE values (-1, 'below', null)", "known")
    expect(_ids(case.expect_leat_reads_as_delta_rs(table)) == list(range(11)), "rows are missing")


def a_change_data_feed_of_leat_is_read_by_spark(case):
    table = case.path("feed")
    sql(f"CREATE TABLE delta.`{table}` (id LONG, name STRING, part STRING) USING delta PARTITIONED BY (part) "
        f"TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true', {DELETION_VECTORS})")
    _change(case, table, "insert into TABLE by name select r as id, 'n' || r as name, ['x', 'a b', null][1 + r % 3] as part "
                         "from range(10) t(r)", *CHANGES)
    columns = "id, name, part, _change_type, CAST(_commit_version AS LONG) AS _commit_version"
    theirs = spark.session().read.format("delta").option("readChangeFeed", "true").option("startingVersion", 1).load(
        table).selectExpr(*columns.split(", ")).toArrow()
    expect({"insert", "delete", "update_preimage", "update_postimage"} == set(theirs["_change_type"].to_pylist()),
           f"{theirs['_change_type'].to_pylist()}")
    expect_same(theirs, case.leat.table(f"select {columns} from changes('{table}', 1)"), "changes()")


def constraints_of_spark_are_kept(case):
    table = case.path("checked")
    sql(f"CREATE TABLE delta.`{table}` (id LONG NOT NULL, name STRING, part STRING) USING delta",
        f"ALTER TABLE delta.`{table}` ADD CONSTRAINT positive CHECK (id > 0 AND length(name) < 10)",
        f"INSERT INTO delta.`{table}` VALUES (1, 'one', 'x')")
    _change(case, table, "insert into TABLE values (2, 'two', null)", "update TABLE set name = 'deux' where id = 2")
    _expect_refused(case, "checked", "insert into TABLE values (0, 'zero', null)", "positive")
    _expect_refused(case, "checked", "update TABLE set name = 'much too long' where id = 1", "positive")
    _expect_refused(case, "checked", "insert into TABLE values (null, 'null', null)", "id")
    rows = case.expect_leat_reads_as_spark(table)
    expect(_ids(rows) == [1, 2], f"{_ids(rows)}")


def _row_ids(table: str) -> dict:
    """Of each row, by its column id: Spark's row id, and the version that wrote it."""
    found = spark.session().sql(
        f"SELECT id, _metadata.row_id AS row, _metadata.row_commit_version AS version FROM delta.`{table}`").toArrow()
    return {row["id"]: (row["row"], row["version"]) for row in found.to_pylist()}


def _keeps_row_ids(case, properties: str) -> None:
    table = case.path("tracked")
    sql(f"CREATE TABLE delta.`{table}` (id LONG, name STRING, part STRING) USING delta PARTITIONED BY (part) "
        f"TBLPROPERTIES ('delta.enableRowTracking' = 'true', {properties})",
        f"INSERT INTO delta.`{table}` SELECT /*+ COALESCE(1) */ id, 'n', 'x' FROM range(10)",
        f"INSERT INTO delta.`{table}` SELECT /*+ COALESCE(1) */ id + 10, 'n', 'y' FROM range(10)",
        f"UPDATE delta.`{table}` SET name = 'Spark' WHERE id = 3")
    before = _row_ids(table)
    version = len(log_actions(table, "commitInfo"))
    _change(case, table, "update TABLE set name = 'updated' where id in (1, 12)", "update TABLE set part = 'z' where id = 5",
            "delete from TABLE where id = 4",
            """merge into TABLE t using (select unnest([6, 7, 200]) as id) s on t.id = s.id
               when matched and s.id = 6 then delete when matched then update set name = 'merged'
               when not matched then insert (id, name, part) values (s.id, 'new', 'z')""")
    after = _row_ids(table)
    changed = {1: version, 12: version, 5: version + 1, 7: version + 3}
    new_row, new_version = after.pop(200)
    expect(new_version == version + 3 and new_row not in {row for row, _ in before.values()}, f"{new_row}, {new_version}")
    expect(after == {number: (row, changed.get(number, wrote)) for number, (row, wrote) in before.items()
                     if number not in (4, 6)}, f"before {before}\nafter {after}")
    sql(f"UPDATE delta.`{table}` SET name = 'again' WHERE id = 200", f"OPTIMIZE delta.`{table}`")
    expect({number: row for number, (row, _) in _row_ids(table).items()} ==
           {200: new_row, **{number: row for number, (row, _) in after.items()}}, "Spark sees other ids after its own changes")
    case.expect_leat_reads_as_spark(table)


def rows_keep_their_ids_when_files_are_written_anew(case):
    _keeps_row_ids(case, NO_DELETION_VECTORS)


def rows_keep_their_ids_beside_deletion_vectors_and_mapped_columns(case):
    _keeps_row_ids(case, f"'delta.columnMapping.mode' = 'name', {DELETION_VECTORS}")


def rows_of_every_version_are_those_that_spark_sees(case):
    table = case.path("versions")
    sql(f"CREATE TABLE delta.`{table}` (id LONG, day DATE) USING delta TBLPROPERTIES ({DELETION_VECTORS})")
    _change(case, table, "insert into TABLE select r, date '2024-01-01' + (r % 3)::int from range(1000) t(r)",
            "delete from TABLE where id % 7 = 0", "update TABLE set day = null where id % 5 = 0",
            "delete from TABLE where day is null")
    case.expect_leat_reads_versions_as_spark(table, 1, 2, 3)
    count = case.leat.rows(f"select count(*)::int as n from ({scan(table)})")
    expect(count == [{"n": sum(1 for n in range(1000) if n % 7 and n % 5)}], f"{count}")


# --- what Leat alters, read and obeyed by the others


def _leat_table(case, **properties: str) -> str:
    """Where a new table of Leat with these properties lies."""
    folder = case.folder / "mine"
    for name in ("assets/silver", "landing"):
        (folder / name).mkdir(parents=True)
    (folder / "leat.yml").write_text("name: mine\nstorage: ./lake\n")
    pa.parquet.write_table(_numbers(), folder / "landing/numbers.parquet")
    (folder / "assets/silver/numbers.sql").write_text(
        "/* @leat\nmaterialized: append\n@leat */\nselect id, name, part, {'a': id::integer, 'b': name} as s "
        "from read_parquet('landing/numbers.parquet')\n")
    case.leat.must("run", folder=folder)
    table = str(folder / "lake/silver/numbers")
    for key, value in properties.items():
        _change(case, table, f"""alter table TABLE set ("{key.replace('__', '.')}" = '{value}')""")
    return table


def rows_keep_their_ids_when_leat_compacts_them(case):
    table = _leat_table(case)
    sql(f"ALTER TABLE delta.`{table}` SET TBLPROPERTIES ('delta.enableRowTracking' = 'true')",
        f"INSERT INTO delta.`{table}` (id, name) SELECT id + 10, 's' FROM range(10)",
        f"UPDATE delta.`{table}` SET name = 'Spark' WHERE id IN (3, 13)")
    before = _row_ids(table)
    case.leat.must("maintain", "-s", "silver.numbers", "--cluster-by", "name", folder=case.folder / "mine")
    expect(len(DeltaTable(table).file_uris()) == 1, "not compacted")
    expect(_row_ids(table) == before, f"before {before}\nafter {_row_ids(table)}")
    case.expect_leat_reads_as_spark(table)


def constraints_of_leat_are_obeyed_by_both(case):
    table = _leat_table(case, delta__constraints__known="id >= 0 and id < 1000")
    _change(case, table, "alter table TABLE alter column id set not null", "insert into TABLE by name select 10 as id")
    for row in ("5000", "CAST(NULL AS LONG)"):
        try:
            sql(f"INSERT INTO delta.`{table}` (id) SELECT {row}")
        except Exception as error:  # Spark's classes of errors differ between its versions
            expect("known" in str(error) or "NOT NULL" in str(error).upper(), f"{error}")
        else:
            raise AssertionError(f"Spark inserted the id {row}")
    try:
        write_deltalake(table, pa.table({"id": [5000]}), mode="append", schema_mode="merge")
    except Exception as error:
        expect("failed validation check" in str(error), f"{error}")
    else:
        raise AssertionError("delta-rs inserted the id 5000")
    sql(f"INSERT INTO delta.`{table}` (id) SELECT 999L")
    expect(_ids(case.expect_leat_reads_as_spark(table)) == [*range(11), 999], "rows are missing")
    case.expect_leat_reads_as_delta_rs(table)


def columns_mapped_renamed_and_dropped_by_leat_are_read_by_spark(case):
    table = _leat_table(case, delta__columnMapping__mode="name")
    _change(case, table, 'alter table TABLE rename column name to "other name"', "alter table TABLE drop column part",
            "alter table TABLE rename column s.a to renamed", "alter table TABLE add column s.a text",
            "alter table TABLE add column part date",
            """insert into TABLE by name select 10 as id, 'ten' as "other name", date '2024-01-01' as part,
               {'renamed': 10, 'b': 'b', 'a': 'new'} as s""",
            "delete from TABLE where id < 3")
    rows = case.expect_leat_reads_as_spark(table)
    expect(_ids(rows) == list(range(3, 11)) and rows.schema.names == ["id", "other name", "s", "part"], f"{rows.schema}")
    sql(f"ALTER TABLE delta.`{table}` RENAME COLUMN part TO day", f"UPDATE delta.`{table}` SET day = NULL WHERE id = 10")
    case.expect_leat_reads_as_spark(table)


def columns_widened_by_leat_are_read_by_spark(case):
    table = _leat_table(case, delta__enableTypeWidening="true")
    _change(case, table, "alter table TABLE add column n integer", "insert into TABLE by name select 10 as id, 7 as n",
            "alter table TABLE alter column n type bigint", "insert into TABLE by name select 11 as id, 5000000000 as n")
    rows = case.expect_leat_reads_as_spark(table)
    expect(set(rows["n"].to_pylist()) == {None, 7, 5000000000}, f"{rows['n']}")


def defaults_change_feed_and_deletion_vectors_that_leat_turns_on_are_understood(case):
    table = _leat_table(case, delta__enableChangeDataFeed="true", delta__enableDeletionVectors="true")
    _change(case, table, "alter table TABLE alter column name set default 'none'",
            "insert into TABLE by name select 10 as id", "delete from TABLE where id = 4",
            "update TABLE set name = 'updated' where id in (1, 2)")
    expect(any(add.get("deletionVector") for add in log_actions(table, "add")), "no deletion vector")
    sql(f"INSERT INTO delta.`{table}` (id) SELECT 11L", f"DELETE FROM delta.`{table}` WHERE id = 5")
    rows = case.expect_leat_reads_as_spark(table)
    names = {row["id"]: row["name"] for row in rows.to_pylist()}
    expect(names[10] == names[11] == "none" and 4 not in names and 5 not in names, f"{names}")


# --- what Leat makes of tables and files of others


def version_2_checkpoints_of_leat_are_read_by_spark(case):
    table = _leat_table(case, delta__checkpointPolicy="v2", delta__checkpointInterval="3")
    _change(case, table, *(f"insert into TABLE by name select {number} as id, 'v2' as name" for number in range(10, 17)),
            "delete from TABLE where id = 12")
    log = Path(table) / "_delta_log"
    newest = max(int(path.name[:20]) for path in log.glob("*.checkpoint.*.json"))
    expect(any((log / "_sidecars").iterdir()), "no sidecars")
    for entry in log.glob("*.json"):
        if entry.stem.isdigit() and int(entry.stem) <= newest:
            entry.unlink()  # so that nobody can do without the checkpoint
    rows = case.expect_leat_reads_as_spark(table)
    expect(_ids(rows) == [number for number in range(17) if number != 12], f"{_ids(rows)}")
    sql(f"INSERT INTO delta.`{table}` (id, name) VALUES (17, 'Spark')", f"UPDATE delta.`{table}` SET name = 'u' WHERE id = 1")
    case.expect_leat_reads_as_spark(table)


def statistics_as_columns_of_leat_are_used_by_spark(case):
    """In classic checkpoints and in sidecars, with and without the JSON; of a table partitioned by a day."""
    for policy, as_json in (("classic", "false"), ("v2", "true")):
        table = case.path(policy)
        sql(f"""CREATE TABLE delta.`{table}` (id LONG, amount DECIMAL(20, 3), ratio FLOAT, at TIMESTAMP, name STRING,
            s STRUCT<a: INT, b: ARRAY<STRING>>, day DATE) USING delta PARTITIONED BY (day) TBLPROPERTIES (
            'delta.checkpoint.writeStatsAsStruct' = 'true', 'delta.checkpoint.writeStatsAsJson' = '{as_json}',
            'delta.checkpointPolicy' = '{policy}', 'delta.checkpointInterval' = '3')""")
        _change(case, table, *(f"""insert into TABLE select {number} as id, {number}.125 as amount, 0.1 as ratio,
            timestamptz '2026-01-01 00:00:00.123456Z' + to_days({number}) as at, 'name {number}' as name,
            {{'a': {number}, 'b': null}} as s, date '2026-02-01' + {number % 2} as day""" for number in range(10)))
        log = Path(table) / "_delta_log"
        newest = max(int(path.name[:20]) for path in log.glob("*.checkpoint.*"))
        expect(newest == 9, f"the newest checkpoint is of version {newest}")
        for entry in log.glob("*.json"):
            if entry.stem.isdigit() and int(entry.stem) <= newest:
                entry.unlink()
        rows = case.expect_leat_reads_as_spark(table)
        expect(_ids(rows) == list(range(10)), f"{_ids(rows)}")
        if policy == "classic":  # all that delta-rs reads
            case.expect_leat_reads_as_delta_rs(table)
        found = {path for path in Path(table).rglob("*.parquet") if "_delta_log" not in path.parts}
        files = spark.session().sql(f"SELECT input_file_name() AS name FROM delta.`{table}` WHERE id = 4").collect()
        kept = {path for path in found if path.name in files[0].name}
        expect(len(found) == 10 and len(kept) == 1, f"{kept} of {found}")
        for gone in found - kept:  # a reader that does not skip them fails
            gone.unlink()
        for condition in ("id = 4", "amount = 4.125", "s.a = 4", "name = 'name 4'", "day = '2026-02-01' AND id = 4"):
            ids = spark.session().sql(f"SELECT id FROM delta.`{table}` WHERE {condition}").toArrow()
            expect(_ids(ids) == [4], f"{condition}: {_ids(ids)}")
            ours = case.leat.rows(f"select id from ({scan(table)}) where {condition.replace('AND', 'and')}")
            expect(ours == [{"id": 4}], f"{condition}: {ours}")


def clones_of_leat_are_read_and_changed_by_spark(case):
    source, clone = case.path("source"), case.path("clone")
    write_deltalake(source, _numbers(), partition_by=["part"])
    DeltaTable(source).delete("id = 4")
    before = case.expect_leat_reads_as_delta_rs(source)
    case.leat.must("clone", source, clone)
    expect_same(before, spark.rows(clone), "Spark of Leat's clone")
    sql(f"UPDATE delta.`{clone}` SET name = 'of the clone' WHERE id = 1", f"DELETE FROM delta.`{clone}` WHERE id = 2")
    expect(_ids(spark.rows(clone)) == [0, 1, 3, 5, 6, 7, 8, 9], f"{_ids(spark.rows(clone))}")
    case.expect_leat_reads(source, before)


def folders_that_leat_converts_are_tables_of_both(case):
    folder = case.path("files")
    pa.parquet.write_to_dataset(_numbers(), folder, partition_cols=["part"])
    case.leat.must("convert", folder, "--partition-by", "part string")
    case.expect_leat_reads_as_delta_rs(folder)
    rows = case.expect_leat_reads_as_spark(folder)
    expect(_ids(rows) == list(range(10)), f"{_ids(rows)}")
    DeltaTable(folder).delete("id = 1")
    sql(f"UPDATE delta.`{folder}` SET name = 'Spark' WHERE id = 2")
    rows = case.expect_leat_reads_as_spark(folder)
    expect(_ids(rows) == [0, *range(2, 10)], f"{_ids(rows)}")

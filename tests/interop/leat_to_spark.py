"""Tables of a Leat project, read, changed and maintained by Spark, and then used by the project again."""

import shutil

import spark
from case import expect, log_actions
from leat import files_of
from rows import expect_same
from shop import DELIVERIES, TABLES, shop_after_runs
from spark import sql


def _expect_spark_reads(shop, *reads) -> None:
    """Each of them a table's name, or its name and version."""
    pinned = [read if isinstance(read, tuple) else (read, None) for read in reads]
    theirs = spark.rows_of_all([(shop.table(name), version) for name, version in pinned])
    for (name, version), rows in zip(pinned, theirs):
        expect_same(shop.rows(name, version), rows, f"Spark's {name} at version {version}")


def _deliver_and_run(shop) -> None:
    shop.deliver()
    shop.run()


def every_table_is_read_by_spark(case):
    shop = shop_after_runs(case.leat, case.folder / "shop", DELIVERIES)
    _expect_spark_reads(shop, *TABLES, ("silver/history", 3), ("silver/orders", 0))


def a_checkpoint_alone_is_enough_for_spark(case):
    shop = shop_after_runs(case.leat, case.folder / "shop", DELIVERIES)
    for name in ("silver/history", "silver/everything"):
        log = shop.folder / "lake" / name / "_delta_log"
        kept = max(int(file.name[:20]) for file in log.glob("*.checkpoint.parquet"))
        for entry in log.glob("*.json"):
            if int(entry.stem) <= kept:
                entry.unlink()
    _expect_spark_reads(shop, "silver/history", "silver/everything")


def files_are_skipped_alike_by_leats_statistics(case):
    shop = shop_after_runs(case.leat, case.folder / "shop", 4)
    for name, condition in [("silver/everything", "timestamp < timestamp '1970-01-01 00:00:00Z'"),
                            ("silver/everything", "`double` > 1"), ("bronze/orders", "amount = -20.00"),
                            ("bronze/orders", "ordered_at = timestamp '2023-02-11 10:00:00.000001Z'"),
                            ("bronze/orders", "note = 'ünï' AND day < date '1969-12-20'")]:
        theirs = spark.session().sql(f"SELECT * FROM delta.`{shop.table(name)}` WHERE {condition}").toArrow()
        ours = case.leat.table(f"from {name.replace('/', '.')} where {condition.replace('`', chr(34))}".replace(
            "< timestamp '", "< timestamptz '").replace("= timestamp '", "= timestamptz '"), shop.folder)
        expect(theirs.num_rows > 0, f"{condition} finds nothing")
        expect_same(theirs, ours, f"{name} where {condition}")


def tables_merged_optimized_and_vacuumed_by_spark_go_on(case):
    shop = shop_after_runs(case.leat, case.folder / "shop", 4)
    orders, appended = shop.table("silver/orders"), shop.table("silver/appended")
    sql(f"""MERGE INTO delta.`{orders}` t USING (SELECT id FROM VALUES (0), (5000) AS v(id)) s ON t.id = s.id
            WHEN MATCHED THEN UPDATE SET note = 'by Spark'
            WHEN NOT MATCHED THEN INSERT (id, note) VALUES (s.id, 'new')""",
        f"DELETE FROM delta.`{orders}` WHERE id = 3",
        f"INSERT INTO delta.`{appended}` VALUES (9001, 'theirs', NULL)")
    for table in (orders, appended):
        sql(f"OPTIMIZE delta.`{table}`", f"VACUUM delta.`{table}` RETAIN 0 HOURS")
    _expect_spark_reads(shop, "silver/orders", "silver/appended")
    expect(not {3} & set(shop.rows("silver/orders")["id"].to_pylist()), "the deleted row is there")
    before = shop.rows("silver/appended").num_rows
    _deliver_and_run(shop)
    _expect_spark_reads(shop, "silver/orders", "silver/appended", "silver/history")
    rows = shop.rows("silver/orders")
    keys = rows["id"].to_pylist()
    expect(len(keys) == len(set(keys)) and {3, 5000} <= set(keys), f"wrong keys: {sorted(keys)}")
    expect(shop.rows("silver/appended").num_rows > before, "nothing was appended after the OPTIMIZE")


def features_that_leat_keeps_are_kept(case):
    """In-commit timestamps, version 2 checkpoints, clustering, type widening: runs go on, Spark reads the result."""
    shop = shop_after_runs(case.leat, case.folder / "shop", 3)
    properties = {"silver/orders": "'delta.enableInCommitTimestamps' = 'true'",
                  "silver/appended": "'delta.checkpointPolicy' = 'v2', 'delta.checkpointInterval' = '2'",
                  "silver/history":
                      "'delta.enableTypeWidening' = 'true', 'delta.feature.vacuumProtocolCheck' = 'supported'"}
    for name, values in properties.items():
        sql(f"ALTER TABLE delta.`{shop.table(name)}` SET TBLPROPERTIES ({values})")
    sql(f"ALTER TABLE delta.`{shop.table('silver/everything')}` CLUSTER BY (number)")
    _deliver_and_run(shop)
    _deliver_and_run(shop)
    _expect_spark_reads(shop, *properties, "silver/everything")
    stamps = [info["inCommitTimestamp"] for info in log_actions(shop.table("silver/orders"), "commitInfo")
              if "inCommitTimestamp" in info]
    expect(len(stamps) == 3 and stamps == sorted(set(stamps)), f"in-commit timestamps {stamps}")
    sql(f"OPTIMIZE delta.`{shop.table('silver/everything')}`")
    _expect_spark_reads(shop, "silver/everything")


FEATURES = {  # table: what Spark does to it
    "silver/orders": "SET TBLPROPERTIES ('delta.columnMapping.mode' = 'name')",
    "silver/appended": "ADD CONSTRAINT known CHECK (id >= 0 AND id < 1000)",
    "bronze/everything": "SET TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')",
    "bronze/orders": "ALTER COLUMN note SET DEFAULT 'none'",
}


def features_that_spark_adds_are_honoured_by_runs(case):
    shop = shop_after_runs(case.leat, case.folder / "shop", 2)
    sql(f"ALTER TABLE delta.`{shop.table('bronze/orders')}` SET TBLPROPERTIES "
        "('delta.feature.allowColumnDefaults' = 'supported')")
    for name, change in FEATURES.items():
        sql(f"ALTER TABLE delta.`{shop.table(name)}` {change}")
    sql(f"ALTER TABLE delta.`{shop.table('silver/orders')}` RENAME COLUMN note TO remark",
        f"ALTER TABLE delta.`{shop.table('silver/orders')}` RENAME COLUMN remark TO note")
    _deliver_and_run(shop)
    _expect_spark_reads(shop, *FEATURES)
    expect(shop.rows("bronze/orders").num_rows == 45 and shop.rows("silver/orders").num_rows == 35, "rows are missing")


def generated_columns_are_refused_and_unchanged(case):
    shop = shop_after_runs(case.leat, case.folder / "shop", 2)
    table = shop.table("silver/appended")
    shutil.rmtree(table)
    sql(f"""CREATE TABLE delta.`{table}` (id LONG, note STRING, copies LONG GENERATED ALWAYS AS (id * 2))
        USING delta""",
        f"INSERT INTO delta.`{table}` (id, note) VALUES (1, 'x')")
    before = files_of(shop.folder / "lake/silver/appended")
    refused = case.leat.call("run", "-s", "silver.appended", folder=shop.folder)
    expect(refused.exit == 1 and "generatedColumns" in refused.out + refused.err, f"{refused}")
    expect(before == files_of(shop.folder / "lake/silver/appended"), f"files were changed:\n{refused}")


def deletion_vectors_of_spark_are_kept_and_replaced(case):
    shop = shop_after_runs(case.leat, case.folder / "shop", 3)
    names = ("silver/orders", "silver/appended", "bronze/orders")
    for name in names:
        table = shop.table(name)
        sql(f"ALTER TABLE delta.`{table}` SET TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')",
            f"DELETE FROM delta.`{table}` WHERE id IN (10, 21)")
        expect(any(add.get("deletionVector") for add in log_actions(table, "add")), f"{name}: no deletion vector")
    _expect_spark_reads(shop, *names)
    _deliver_and_run(shop)
    _expect_spark_reads(shop, *names)
    keys = shop.rows("bronze/orders")["id"].to_pylist()
    expect(10 not in keys and 21 not in keys and len(keys) == 56, f"bronze.orders has {sorted(keys)}")
    keys = shop.rows("silver/orders")["id"].to_pylist()
    expect(len(keys) == len(set(keys)) == 43, f"silver.orders has {sorted(keys)}")


def a_table_partitioned_by_spark_is_written_into_its_partitions(case):
    shop = shop_after_runs(case.leat, case.folder / "shop", 3)
    table = shop.table("silver/orders")
    spark.session().read.format("delta").load(table).write.format("delta").mode("overwrite").option(
        "overwriteSchema", "true").partitionBy("note", "day").save(table)
    expect(log_actions(table, "metaData")[-1]["partitionColumns"] == ["note", "day"], "not partitioned")
    _deliver_and_run(shop)
    expect(log_actions(table, "metaData")[-1]["partitionColumns"] == ["note", "day"], "no longer partitioned")
    _expect_spark_reads(shop, "silver/orders")
    expect(shop.rows("silver/orders").num_rows == 45, "rows are missing")

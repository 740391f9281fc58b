"""Tables of a Leat project, read, changed and maintained by Spark, and then used by the project again."""

import shutil

import spark
from case import expect, log_actions
from leat import files_of
from rows import expect_same
from shop import DELIVERIES, TABLES, shop_after_runs
from spark import sql


def _expect_spark_reads(shop, name: str, version: int = None) -> None:
    expect_same(shop.rows(name, version), spark.rows(shop.table(name), version), f"Spark's {name} at version {version}")


def _deliver_and_run(shop) -> None:
    shop.deliver()
    shop.run()


def every_table_is_read_by_spark(case):
    shop = shop_after_runs(case.leat, case.folder / "shop", DELIVERIES)
    for name in TABLES:
        _expect_spark_reads(shop, name)
    _expect_spark_reads(shop, "silver/history", 3)
    _expect_spark_reads(shop, "silver/orders", 0)


def a_checkpoint_alone_is_enough_for_spark(case):
    shop = shop_after_runs(case.leat, case.folder / "shop", DELIVERIES)
    for name in ("silver/history", "silver/everything"):
        log = shop.folder / "lake" / name / "_delta_log"
        kept = max(int(file.name[:20]) for file in log.glob("*.checkpoint.parquet"))
        for entry in log.glob("*.json"):
            if int(entry.stem) <= kept:
                entry.unlink()
        _expect_spark_reads(shop, name)


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
    for name in ("silver/orders", "silver/appended"):
        _expect_spark_reads(shop, name)
    expect(not {3} & set(shop.rows("silver/orders")["id"].to_pylist()), "the deleted row is there")
    before = shop.rows("silver/appended").num_rows
    _deliver_and_run(shop)
    for name in ("silver/orders", "silver/appended", "silver/history"):
        _expect_spark_reads(shop, name)
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
    for name in (*properties, "silver/everything"):
        _expect_spark_reads(shop, name)
    stamps = [info["inCommitTimestamp"] for info in log_actions(shop.table("silver/orders"), "commitInfo")
              if "inCommitTimestamp" in info]
    expect(len(stamps) == 3 and stamps == sorted(set(stamps)), f"in-commit timestamps {stamps}")
    sql(f"OPTIMIZE delta.`{shop.table('silver/everything')}`")
    _expect_spark_reads(shop, "silver/everything")


REFUSED = {  # table: what Spark does to it, and the feature that Leat must name
    "silver/orders": ("SET TBLPROPERTIES ('delta.columnMapping.mode' = 'name')", "columnMapping"),
    "silver/appended": ("ADD CONSTRAINT known CHECK (id >= 0)", "checkConstraints"),
    "bronze/everything": ("SET TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')", "changeDataFeed"),
    "bronze/orders": ("ALTER COLUMN note SET DEFAULT 'none'", "allowColumnDefaults"),
}


def tables_with_features_that_leat_cannot_write_are_refused_and_unchanged(case):
    shop = shop_after_runs(case.leat, case.folder / "shop", 2)
    sql(f"ALTER TABLE delta.`{shop.table('bronze/orders')}` SET TBLPROPERTIES "
        "('delta.feature.allowColumnDefaults' = 'supported')")
    for name, (change, _) in REFUSED.items():
        sql(f"ALTER TABLE delta.`{shop.table(name)}` {change}")
    before = {name: (files_of(shop.folder / "lake" / name), shop.rows(name)) for name in REFUSED}
    shop.deliver()
    for name, (_, feature) in REFUSED.items():
        refused = case.leat.call("run", "-s", name.replace("/", "."), folder=shop.folder)
        named = feature in refused.out + refused.err
        expect(refused.exit == 1 and named, f"{name}: no refusal with {feature}:\n{refused}")
        files, rows = before[name]
        changed = set(files.items()) ^ set(files_of(shop.folder / "lake" / name).items())
        expect(not changed, f"{name}: files were changed: {changed}")
        expect_same(rows, shop.rows(name), f"{name} after the refusal")


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

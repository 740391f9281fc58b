"""Tables of a Leat project, read, changed and maintained by delta-rs, and then used by the project again."""

import datetime

import pyarrow as pa
import pyarrow.compute
from deltalake import DeltaTable, write_deltalake

from case import expect
from leat import files_of
from rows import expect_same
from shop import DELIVERIES, TABLES, shop_after_runs


def _expect_delta_rs_reads(shop, name: str, version: int = None) -> None:
    theirs = DeltaTable(shop.table(name), version=version).to_pyarrow_table()
    expect_same(shop.rows(name, version), theirs, f"delta-rs' {name} at version {version}")


def every_version_of_every_table_is_read_by_delta_rs(case):
    shop = shop_after_runs(case.leat, case.folder / "shop", DELIVERIES)
    for name in TABLES:
        log = case.folder / "shop/lake" / name / "_delta_log"
        expect(any(log.glob("*.checkpoint.parquet")), f"{name} has no checkpoint")
        for version in (0, DeltaTable(shop.table(name)).version() // 2, None):
            _expect_delta_rs_reads(shop, name, version)


def a_checkpoint_alone_is_enough_for_delta_rs(case):
    shop = shop_after_runs(case.leat, case.folder / "shop", DELIVERIES)
    for name in TABLES:
        log = case.folder / "shop/lake" / name / "_delta_log"
        kept = max(int(file.name[:20]) for file in log.glob("*.checkpoint.parquet"))
        for entry in log.glob("*.json"):
            if int(entry.stem) <= kept:
                entry.unlink()
        _expect_delta_rs_reads(shop, name)


def files_are_skipped_alike_by_leats_statistics(case):
    """A filter that delta-rs pushes down to the statistics that Leat has written finds what Leat finds."""
    shop = shop_after_runs(case.leat, case.folder / "shop", 3)
    day = datetime.date(1969, 12, 20)
    moment = datetime.datetime(2023, 2, 14, tzinfo=datetime.timezone.utc)
    for name, filters, condition in [
            ("silver/orders", [("id", ">=", 20)], "id >= 20"),
            ("silver/orders", [("day", "<", day)], "day < date '1969-12-20'"),
            ("bronze/orders", [("ordered_at", ">", moment)], "ordered_at > timestamptz '2023-02-14 00:00:00Z'"),
            ("silver/orders", [("note", "=", "ünï")], "note = 'ünï'"),
            ("silver/everything", [("timestamp", "<", moment)], "timestamp < timestamptz '2023-02-14 00:00:00Z'")]:
        theirs = DeltaTable(shop.table(name)).to_pyarrow_table(filters=filters)
        ours = case.leat.table(f"from {name.replace('/', '.')} where {condition}", shop.folder)
        expect(ours.num_rows > 0, f"{condition} finds nothing")
        expect_same(ours, theirs, f"delta-rs' {name} where {condition}")


def history_and_properties_are_understood_by_delta_rs(case):
    shop = shop_after_runs(case.leat, case.folder / "shop", 2)
    table = DeltaTable(shop.table("silver/appended"))
    history = table.history()
    expect([entry["version"] for entry in history] == [1, 0], f"{history}")
    expect(all("timestamp" in entry and entry["engineInfo"].startswith("Leat") for entry in history), f"{history}")
    added = pa.table(table.get_add_actions(flatten=True))
    expect(sum(added["num_records"].to_pylist()) == table.to_pyarrow_table().num_rows, "statistics count other rows")


def a_table_appended_to_and_compacted_by_delta_rs_goes_on(case):
    shop = shop_after_runs(case.leat, case.folder / "shop", 4)
    name, table = "silver/appended", shop.table("silver/appended")
    extra = pa.table({"id": pa.array([9001, 9002]), "note": ["theirs", None],
                      "copies": pa.array([1, None], pa.int64())})
    write_deltalake(table, extra, mode="append")
    DeltaTable(table).optimize.compact()
    DeltaTable(table).vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    DeltaTable(table).create_checkpoint()
    before = DeltaTable(table).to_pyarrow_table()
    expect_same(before, shop.rows(name), "Leat after delta-rs' OPTIMIZE and VACUUM")
    shop.deliver()
    shop.run()
    after = shop.rows(name)
    expect(after.num_rows > before.num_rows, "the run appended nothing")
    expect("theirs" in after["note"].to_pylist(), "the run lost the rows of delta-rs")
    _expect_delta_rs_reads(shop, name)


def merged_tables_changed_by_delta_rs_go_on(case):
    shop = shop_after_runs(case.leat, case.folder / "shop", 4)
    table = shop.table("silver/orders")
    source = pa.table({"id": pa.array([0, 5000]), "note": ["by delta-rs", "new"]})
    DeltaTable(table).merge(source, "t.id = s.id", source_alias="s", target_alias="t") \
        .when_matched_update({"note": "s.note"}).when_not_matched_insert({"id": "s.id", "note": "s.note"}).execute()
    DeltaTable(table).delete("id = 3")
    DeltaTable(table).update(predicate="id = 4", updates={"amount": "-1.5"})
    DeltaTable(table).optimize.z_order(["id"])
    DeltaTable(table).vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    expect_same(DeltaTable(table).to_pyarrow_table(), shop.rows("silver/orders"), "Leat after delta-rs' MERGE")
    expect(shop.rows("silver/orders").filter(pa.compute.field("id") == 5000).num_rows == 1, "the merged row is missing")
    shop.deliver()
    shop.run()
    for name in TABLES:
        _expect_delta_rs_reads(shop, name)
    rows = shop.rows("silver/orders").to_pylist()
    keys = [row["id"] for row in rows]
    expect(len(keys) == len(set(keys)), "the merge doubled a key")
    expect(5000 in keys and 3 in keys, "the row of delta-rs is gone, or the deleted one did not come back")


def every_table_optimized_and_vacuumed_by_delta_rs_goes_on(case):
    shop = shop_after_runs(case.leat, case.folder / "shop", DELIVERIES)
    before = {name: shop.rows(name) for name in TABLES}
    for name in TABLES:
        DeltaTable(shop.table(name)).optimize.compact()
        DeltaTable(shop.table(name)).vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
        DeltaTable(shop.table(name)).cleanup_metadata()
        expect_same(before[name], shop.rows(name), f"{name} after OPTIMIZE and VACUUM")
    shop.deliver()
    shop.run()
    shop.run("-s", "silver.yearly", "--start", "2022-01-01", "--end", "2025-01-01")
    for name in TABLES:
        _expect_delta_rs_reads(shop, name)
    expect(shop.rows("bronze/orders").num_rows == 15 * (DELIVERIES + 1), "a file was loaded twice, or not at all")


def a_restored_table_goes_on(case):
    shop = shop_after_runs(case.leat, case.folder / "shop", 3)
    DeltaTable(shop.table("silver/orders")).restore(0)
    _expect_delta_rs_reads(shop, "silver/orders")
    shop.deliver()
    shop.run()
    _expect_delta_rs_reads(shop, "silver/orders")
    expect(shop.rows("silver/orders").num_rows == 45, f"{shop.rows('silver/orders').num_rows} orders and not 45")


def _expect_refused(shop, name: str, *reasons: str) -> None:
    """A run fails for this table, says why, and leaves every file of it as it was; reading goes on."""
    before = files_of(shop.folder / "lake" / name)
    rows = shop.rows(name)
    shop.deliver()
    refused = shop.leat.call("run", folder=shop.folder)
    expect(refused.exit == 1, f"expected exit code 1:\n{refused}")
    for reason in reasons:
        expect(reason in refused.out + refused.err, f"'{reason}' is not named:\n{refused}")
    after = files_of(shop.folder / "lake" / name)
    expect(before == after, f"files were changed: {set(before.items()) ^ set(after.items())}\n{refused}")
    expect_same(rows, shop.rows(name), f"{name} after the refusal")


def a_constraint_of_delta_rs_is_kept_by_runs(case):
    shop = shop_after_runs(case.leat, case.folder / "shop", 2)
    DeltaTable(shop.table("silver/orders")).alter.add_constraint({"known": "id >= 0 AND id < 40"})
    shop.deliver()
    shop.run()
    _expect_delta_rs_reads(shop, "silver/orders")
    expect(shop.rows("silver/orders").num_rows == 35, f"{shop.rows('silver/orders').num_rows} orders and not 35")
    _expect_refused(shop, "silver/orders", "silver.orders", "known")


def an_append_only_table_refuses_replacements_only(case):
    shop = shop_after_runs(case.leat, case.folder / "shop", 2)
    for name in ("silver/appended", "silver/orders"):
        DeltaTable(shop.table(name)).alter.set_table_properties({"delta.appendOnly": "true"})
    before = shop.rows("silver/appended").num_rows
    _expect_refused(shop, "silver/orders", "appendOnly")
    expect(shop.rows("silver/appended").num_rows > before, "an append was refused")


def a_table_partitioned_by_delta_rs_is_written_into_its_partitions(case):
    shop = shop_after_runs(case.leat, case.folder / "shop", 3)
    for name, column in (("silver/orders", "day"), ("silver/appended", "note"), ("bronze/orders", "note")):
        table = shop.table(name)
        write_deltalake(table, DeltaTable(table).to_pyarrow_table(), mode="overwrite", schema_mode="overwrite",
                        partition_by=[column])
    shop.deliver()
    shop.run()
    for name, column in (("silver/orders", "day"), ("silver/appended", "note"), ("bronze/orders", "note")):
        expect(DeltaTable(shop.table(name)).metadata().partition_columns == [column], f"{name} lost its partitions")
        _expect_delta_rs_reads(shop, name)
    expect(shop.rows("bronze/orders").num_rows == 60, "rows are missing")

#!/usr/bin/env python3
"""Every format, type and boundary value: stored exactly, in quarantine, or refused; anything else fails.

`--group TEXT` runs only groups whose name contains it, `--keep` keeps the projects, `--show N` faults per group.
"""

import argparse
import collections
import dataclasses
import os
import re
import sys
import time
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.matrix import groups as g  # noqa: E402
from tests.oracle import arrow  # noqa: E402
from tests.oracle.known import KnownFaults  # noqa: E402
from tests.oracle.project import Project, ROOT  # noqa: E402

# Sources per project: a run stays short, and what a hang takes with it stays little.
SOURCES_PER_PROJECT = 150


class Report:
    """Counts of outcomes, and the faults by group."""

    def __init__(self):
        self.counts = collections.Counter()
        self.faults = collections.defaultdict(list)
        self.groups = set()
        self.known = KnownFaults(Path(__file__).parent / "known_faults.txt")

    def add(self, group: g.Group, outcome: str, count: int = 1) -> None:
        self.groups.add(group.origin)
        self.counts[outcome] += count

    def fault(self, group: g.Group, kind: str, place: str, cell: g.Cell | None, detail: str) -> None:
        self.groups.add(group.origin)
        received = g.describe(cell.received) if cell else ""
        text = f"{kind} ({place}): {received} {detail}"
        if self.known.has(group.origin, text):
            self.counts["known faults"] += 1
            return
        self.counts[kind] += 1
        self.faults[group.origin].append(text)


def project_files(group: g.Group, later: bool) -> dict:
    """The group's files of a pass, and the starts of their records, by path."""
    if group.format == "seed":
        path = f"seeds/{group.name}.csv"
        made = g.columns_file(group, False) if group.kind == "columns" else g.rows_file(group, group.cells, 1)
        return {path: made}
    extension = g.EXTENSIONS[group.format]
    folder = f"landing/{group.name}"
    if group.kind != "rows":
        return {f"{folder}/{'b' if later else 'a'}.{extension}": g.columns_file(group, later)}
    if group.first is not None and not later:
        return {f"{folder}/a.{extension}": g.rows_file(group, [g.Cell(group.first, None)], 0)}
    return {f"{folder}/{'b' if later else 'a'}.{extension}": g.rows_file(group, group.cells, g.LATER if later else 1)}


def define(project: Project, group: g.Group) -> None:
    if group.format == "seed":
        if group.to is not None:
            project.write(f"seeds/{group.name}.yml", f"columns: {{v: {{type: \"{group.to}\"}}}}\n")
        return
    keys = {"error_budget": {"fraction": 1}}
    if group.encoding:
        keys["from"] = {"encoding": group.encoding}
    if group.to is not None:
        keys["columns"] = {"id": {"type": "bigint"}, "v": {"type": str(group.to)}}
    elif group.kind == "rows":
        keys["schema_policy"] = "discard_row"
    project.source(group.name, **keys)


def asset_of(group: g.Group) -> str:
    return f"{'seeds' if group.format == 'seed' else 'bronze'}.{group.name}"


def judge_rows(project: Project, group: g.Group, path: str, starts: list, place: str, report: Report) -> None:
    first_id = g.LATER if place == "later" else 1
    table = project.table(asset_of(group))
    stored = collections.defaultdict(list)
    if table is not None:
        values = arrow.canonical(table.column("v")) if "v" in table.column_names else [None] * table.num_rows
        sources = table.column("_leat_source").to_pylist() if "_leat_source" in table.column_names else [path] * table.num_rows
        for key, value, source in zip(table.column("id").to_pylist(), values, sources):
            if source == path:
                stored[key].append(value)
    rejected = collections.defaultdict(list)
    for row in project.quarantine(asset_of(group)):
        if row.source == path:
            rejected[g.id_of(row.raw or "")].append(row)
    for index, cell in enumerate(group.cells):
        judge_cell(group, cell, place, starts[index], stored.pop(first_id + index, []), rejected.pop(first_id + index, []), report)
    for key in stored:
        report.fault(group, "invented", place, None, f"row {key} {stored[key]}")
    for key in rejected:
        report.fault(group, "invented", place, None, f"rejected {key} {rejected[key][:2]}")


def judge_cell(group: g.Group, cell: g.Cell, place: str, start: int | None, stored: list, rejected: list, report: Report) -> None:
    if len(stored) + len(rejected) != 1:
        kind = "lost" if not stored and not rejected else "twice"
        report.fault(group, kind, place, cell, f"stored {stored}, rejected {rejected}"[:300])
    elif stored and cell.worth.admits(stored[0]):
        report.add(group, "exact")
    elif stored:
        wanted = str(cell.worth.values)[:200] if cell.worth.values else "a rejection"
        report.fault(group, "wrong", place, cell, f"stored {str(stored[0])[:200]!r}, expected {wanted}")
    elif cell.worth.must:
        report.fault(group, "rejected although exact", place, cell, rejected[0].error)
    else:
        judge_rejection(group, cell, place, start, rejected[0], report)


def judge_rejection(group: g.Group, cell: g.Cell, place: str, start: int | None, row, report: Report) -> None:
    if not row.error:
        report.fault(group, "rejected without reason", place, cell, str(row))
    elif start is not None and row.position != start and group.format != "json":
        report.fault(group, "rejected at a wrong place", place, cell, f"position {row.position}, not {start}")
    elif row.column and row.column.split(".")[0].split("[")[0] != "v":
        report.fault(group, "rejected for a wrong column", place, cell, str(row)[:200])
    else:
        report.add(group, "quarantined")


def judge_columns(project: Project, group: g.Group, place: str, report: Report) -> bool:
    """False when the row was not stored, so that nothing is known of its cells."""
    table = project.table(asset_of(group))
    rows = 0 if table is None else table.num_rows
    if rows != (1 if group.first is None else 2):
        return False
    ids = table.column("id").to_pylist()
    row = ids.index(1)
    company = g.company_worth(group) if group.first is not None else None
    for index, cell in enumerate(group.cells):
        name = f"c{index}"
        # A column that had only nulls may be left out.
        values = arrow.canonical(table.column(name)) if name in table.column_names else [None] * rows
        kind = table.schema.field(name).type if name in table.column_names else "no column"
        if not cell.worth.admits(values[row]) or (cell.received == "" and values[row] is None and str(kind) == "string"):
            report.fault(group, "wrong", f"{place}, beside {group.first}", cell, f"stored {str(values[row])[:200]!r} as {kind}")
        elif company is not None and not company.admits(values[1 - row]):
            report.fault(group, "wrong", place, g.Cell(group.first, None),
                         f"beside {g.describe(cell.received)} stored {str(values[1 - row])[:200]!r} as {kind}")
        else:
            report.add(group, "exact")
    return True


def run_pass(project: Project, part: list, place: str, report: Report) -> list:
    """Judges the groups whose pass this is. Returns those to be tried in smaller parts, since they were refused as a whole."""
    written = {}
    for group in part:
        written[group.name] = project_files(group, later=place == "later")
        for path, file in written[group.name].items():
            project.write(path, file.content)
    outcome = project.run()
    mine = [group for group in part if place in group.passes]
    if outcome.crashed or not outcome.statuses:
        return after_crash(mine, place, outcome, report)
    again = []
    for group in mine:
        (path, file), = written[group.name].items()
        if outcome.statuses.get(asset_of(group)) != "succeeded":
            again += after_refusal(group, place, outcome.errors.get(asset_of(group), "no word of it"), report)
        elif group.kind == "rows":
            judge_rows(project, group, path, file.starts, place, report)
        elif not judge_columns(project, group, place, report):
            again += after_rejection(project, group, place, report)
    return again


def after_crash(mine: list, place: str, outcome, report: Report) -> list:
    if len(mine) > 1:
        return [dataclasses.replace(group, isolated=True, passes=[place]) for group in mine]
    again = []
    for group in mine:
        if len(group.cells) == 1:
            report.fault(group, "crashed", place, group.cells[0], f"exit {outcome.code}: {outcome.stderr.strip()[-300:]}")
        else:
            again += [dataclasses.replace(part, isolated=True) for part in group.parts(place)]
    return again


# What docs/guide/reference/files.md says that Leat does not take, whatever the values are.
UNTAKEN = re.compile("has (instants|times) in nanoseconds; Leat stores microseconds")


def after_refusal(group: g.Group, place: str, error: str, report: Report) -> list:
    if len(group.cells) > 1:
        return group.parts(place)
    cell = group.cells[0]
    if cell.worth.must and not UNTAKEN.search(error):
        report.fault(group, "refused although exact", place, cell, error[:300])
    elif not error or "mistake in Leat" in error:
        report.fault(group, "refused without reason", place, cell, error[:300])
    else:
        report.add(group, "refused")
    return []


def after_rejection(project: Project, group: g.Group, place: str, report: Report) -> list:
    """A row of detected columns that was not stored."""
    if len(group.cells) > 1:
        return group.parts(place)
    rejected, cell = project.quarantine(asset_of(group)), group.cells[0]
    if rejected and all(row.error for row in rejected) and not cell.worth.must:
        report.add(group, "quarantined")
    elif rejected and all(row.error for row in rejected):
        report.fault(group, "rejected although detected", place, cell, f"beside {group.first}: {rejected[0].error}")
    else:
        report.fault(group, "lost", place, cell, f"beside {group.first}")
    return []


def run_part(options, part: list, report: Report) -> list:
    with Project(options.leat, options.keep) as project:
        for group in part:
            define(project, group)
        again = run_pass(project, part, "first", report)
        refused = {group.origin for group in again}
        later = [group for group in part if "later" in group.passes and group.origin not in refused]
        return again + (run_pass(project, later, "later", report) if later else [])


def run_groups(options, chosen: list, report: Report) -> None:
    while chosen:
        again = []
        together = [group for group in chosen if not group.isolated]
        parts = [together[begin:begin + SOURCES_PER_PROJECT] for begin in range(0, len(together), SOURCES_PER_PROJECT)]
        parts += [[group] for group in chosen if group.isolated]
        for part in parts:
            again += run_part(options, part, report)
        chosen = again


def all_groups(wanted) -> list:
    found = g.declared_texts("csv", wanted) + g.declared_texts("tsv", wanted) + g.nested_texts("csv", wanted)
    for format in ("csv", "tsv", "ndjson", "json"):
        found += g.settled(format, wanted) + g.detected(format, wanted) + g.evolving(format, wanted)
    found += g.detected("seed", wanted) + g.declared_json("ndjson", wanted) + g.declared_json("json", wanted)
    for group in g.declared_texts("seed", wanted):
        # A seed with a bad row is refused, so the good ones stand together and the others alone.
        good = [cell for cell in group.cells if cell.worth.must]
        others = [cell for cell in group.cells if not cell.worth.must]
        found.append(dataclasses.replace(group, cells=good))
        found += [dataclasses.replace(group, name=f"{group.name}_other_{index}", cells=[cell], origin=group.origin)
                  for index, cell in enumerate(others)]
    return found + g.broken_texts(wanted) + g.declared_parquet(wanted)


# Of what stands for much of the same, the short form takes this part.
SHARES = [("parquet_alone_", 2), ("parquet_", 9), ("json_", 3), ("csv_", 3), ("tsv_", 3), ("ndjson_", 2), ("seed_", 2)]


def in_short_form(name: str) -> bool:
    """Whether a group is in `make test`; the same ones each time. Types alone in CSV and NDJSON all are."""
    if name.startswith(("csv_settled", "csv_detected", "csv_evolving", "csv_broken", "ndjson_broken", "parquet_broken", "ndjson_alone", "ndjson_whole", "seed_detected")) or name.count("_") == 1:
        return True
    share = next((share for prefix, share in SHARES if name.startswith(prefix)), 1)
    return zlib.crc32(name.encode()) % share == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leat", type=Path, default=ROOT / "build/release/leat")
    parser.add_argument("--group", default="", help="only groups whose name contains this")
    parser.add_argument("--all", action="store_true", help="also what takes long")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--show", type=int, default=5, help="faults shown per group")
    options = parser.parse_args()
    options.leat = options.leat.resolve()
    begun = time.monotonic()
    chosen = all_groups(lambda name: options.group in name and (options.all or options.group or in_short_form(name)))
    report = Report()
    run_groups(options, chosen, report)
    for one in report.known.gone(report.groups):
        report.faults[one.where].append(f"the known fault is gone, take it off the list: {one.what}: {one.reason}")
    for name, faults in sorted(report.faults.items()):
        print(f"FAILED {name}: {len(faults)} cells")
        for fault in faults[:options.show]:
            print(f"    {fault}")
    print(f"matrix: {sum(report.counts.values())} cells in {time.monotonic() - begun:.0f} s: " +
          ", ".join(f"{count} {outcome}" for outcome, count in report.counts.most_common()))
    print(f"{len(report.groups - report.faults.keys())} passed, {len(report.faults)} failed")
    return 1 if report.faults else 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # the threads of pyarrow and delta-rs may outlive the interpreter, which then aborts

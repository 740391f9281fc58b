#!/usr/bin/env python3
"""Benchmarks of Leat against its peers, all in one run on the same machine.

    make bench               all jobs
    make bench BENCH=graph   one: flights, csv, ndjson, postgres, files, graph, start, delta, merge, tpch
    make bench-graph         the same

Prints a table per job (median wall and CPU seconds, peak memory of the process tree, Leat's ratio to each peer) and
writes it to build/bench/JOB.json; `bench/run.py --markdown` prints those files as the tables of docs/benchmarks.md. A
peer's silver, quarantine and gold tables must say what Leat's say, or the benchmark fails. The peers of bench/peers.txt are
installed into .deps/bench-venv. Environment: CSV_ROWS and MERGE_ROWS, the rows of the csv and merge jobs (50,000,000), NDJSON_ROWS (5,000,000), POSTGRES_ROWS (20,000,000); RUNS, counted runs (3); TIMEOUT, seconds
for one run (1800); PEERS, a comma-separated choice; LEAT, the program.
"""
import datetime
import importlib.metadata
import itertools
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

from measure import RUNS, measure

ROOT = pathlib.Path(__file__).resolve().parent.parent
LEAT = pathlib.Path(os.environ.get("LEAT", ROOT / "build/release/leat"))
DATA = ROOT / ".deps/data/flights"
VENV = ROOT / ".deps/bench-venv"
RESULTS = ROOT / "build/bench"
CSV_ROWS = int(os.environ.get("CSV_ROWS", "50000000"))
MERGE_ROWS = int(os.environ.get("MERGE_ROWS", "50000000"))
CSV_ROWS_IN_MEMORY = 20_000_000  # more are not held in memory to find the limit
LIMIT = "the limit: DuckDB alone"
POSTGRES_ROWS = int(os.environ.get("POSTGRES_ROWS", "20000000"))
NDJSON_ROWS = int(os.environ.get("NDJSON_ROWS", "5000000"))
PEERS = [name for name in os.environ.get("PEERS", "").split(",") if name]


def install_peers():
    wanted = (ROOT / "bench/peers.txt").read_text()
    stamp = VENV / "installed.txt"
    if not stamp.exists() or stamp.read_text() != wanted:
        if not (VENV / "bin/pip").exists():
            subprocess.run(["/usr/bin/python3", "-m", "venv", VENV], check=True)
        subprocess.run([VENV / "bin/pip", "install", "-q", "-r", ROOT / "bench/peers.txt"], check=True)
        stamp.write_text(wanted)
    return VENV / "bin"


def peer_versions():
    names = [line.split("==")[0] for line in (ROOT / "bench/peers.txt").read_text().split()]
    folder = next((VENV / "lib").glob("python*/site-packages"), None)
    if folder is None:
        return {}
    found = {d.metadata["Name"]: d.version for d in importlib.metadata.distributions(path=[str(folder)])}
    return {name: found[name] for name in names if name in found}


def table(results):
    """Rows of text: name, wall, CPU, peak, how many times Leat's wall time."""
    ours = results["leat"]["wall_s"]
    for name, row in results.items():
        if "failed" in row:
            yield name, row["failed"], "", "", ""
        else:
            ratio = "" if name == "leat" else f"{row['wall_s'] / ours:.2f}x"
            yield name, f"{row['wall_s']:.3f}", f"{row['cpu_s']:.3f}", f"{row['peak_mib']:.0f}", ratio


def report(job, results, note=""):
    if "failed" in results["leat"]:
        sys.exit(f"bench: {job}: leat failed: {results['leat']['failed']}")
    print(f"\n{job}\n{'':24}{'wall s':>12}{'CPU s':>12}{'peak MiB':>12}{'Leat faster':>12}")
    for row in table(results):
        print(f"{row[0]:24}" + "".join(f"{cell:>12}" for cell in row[1:]))
    if note:
        print(note)
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{job}.json").write_text(json.dumps(
        {"job": job, "date": str(datetime.date.today()), "cpus": os.cpu_count(), "versions": peer_versions(),
         "note": note, "results": results}, indent=1))


def markdown():
    for path in sorted(RESULTS.glob("*.json")):
        found = json.loads(path.read_text())
        print(f"### {found['job']}\n\n| | wall s | CPU s | peak MiB | Leat is faster by |\n| --- | ---: | ---: | ---: | ---: |")
        for row in table(found["results"]):
            print("| " + " | ".join(row) + " |")
        versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
        print(f"\n{found['note']}{' ' if found['note'] else ''}{found['date']}, {found['cpus']} CPUs; {versions}.\n")


def limit_of(*arguments):
    """What bench/limits.py says: DuckDB's own part, everything else free. The median of RUNS."""
    command = [install_peers() / "python", ROOT / "bench/limits.py", *arguments]
    runs = [json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in range(RUNS)]
    return sorted(runs, key=lambda run: run["wall_s"])[len(runs) // 2]


def limit_memory():
    """A peer that holds everything in memory fails by itself, before the machine has none left."""
    most = int(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 0.8)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


ANSWERS = {  # what every peer's tables must say
    "silver_flights": "select count(*), sum(delay_minutes), sum(distance_miles), sum(copies), count(origin_city) from {}",
    "quarantine": "select count(*) from {}",
    "gold_airport_delays": "select count(*), sum(flights), sum(late_flights) from {}",
    "gold_worst_routes": "select count(*), sum(flights) from {}",
    "gold_busiest_hours": "select count(*), sum(flights), count(distinct weekday) from {}",
}


def answers(relation_of, folder):
    found = {}
    for name, sql in ANSWERS.items():
        query = sql.format(relation_of(name))
        answer = subprocess.run([LEAT, "-C", folder, "query", query, "-o", "json"], check=True, capture_output=True, text=True)
        found[name] = [str(value) for value in json.loads(answer.stdout)[0].values()]
    return found


def our_relation(name):
    tables = {"quarantine": "delta_scan('lake/silver/flights_quarantine')"}
    return tables.get(name, name.replace("_", ".", 1))


def peer_relation(out):
    return lambda name: (f"delta_scan('{out}/{name}')" if (out / name / "_delta_log").is_dir()
                         else f"read_parquet('{out}/{name}.parquet')")


def pipeline(job, source, work):
    """File to gold, checks included, with every layer stored."""
    project = work / "project"
    subprocess.run([LEAT, "init", "--template", "flights", project], check=True, capture_output=True,
                   env={**os.environ, "LEAT_DATA": str(work / "none")})
    landing = project / "landing/flights"
    landing.mkdir(parents=True, exist_ok=True)
    shutil.copy(DATA / "airports.csv", project / "landing/airports.csv")
    if source.suffix == ".csv":
        bronze = project / "assets/bronze/flights.yml"
        bronze.write_text(bronze.read_text().replace("*.parquet", "*.csv"))
    os.link(source, landing / source.name) if source.parent == work else shutil.copy(source, landing)

    def clean():
        shutil.rmtree(project / "lake", ignore_errors=True)
        shutil.rmtree(project / ".leat", ignore_errors=True)

    python = install_peers() / "python"
    results = {"leat": measure([LEAT, "-C", project, "run", "-q"], clean)}
    if "failed" in results["leat"]:
        report(job, results)
    ours = answers(our_relation, project)
    clean()
    out = work / "peer"
    for peer in PEERS or ("duckdb", "polars", "pandas", "pyspark"):
        results[peer] = measure([python, ROOT / f"bench/flights/{peer}_pipeline.py", source, DATA / "airports.csv", out],
                                lambda: shutil.rmtree(out, ignore_errors=True),
                                preexec_fn=limit_memory if peer == "pandas" else None)
        if "failed" not in results[peer]:
            for name, theirs in answers(peer_relation(out), work).items():
                if theirs != ours[name]:
                    sys.exit(f"bench: {job}: {name} of {peer} says {theirs}, of leat {ours[name]}")
        shutil.rmtree(out, ignore_errors=True)
    if CSV_ROWS_IN_MEMORY >= CSV_ROWS or job == "flights":
        results[LIMIT] = limit_of("pipeline", source, DATA / "airports.csv", out)
    report(job, results)


def bench_flights(work):
    pipeline("flights", DATA / "flights-3m.parquet", work)


def bench_csv(work):
    source = work / "flights.csv"
    subprocess.run([LEAT, "generate", "flights", source, "--rows", str(CSV_ROWS)], check=True, capture_output=True)
    pipeline(f"csv-{CSV_ROWS}", source, work)


def load(job, files, format, work, note):
    """Files into a table, by Leat, and into one Parquet file, by peers. `files` is a glob below work/landing."""
    (work / "assets/bronze").mkdir(parents=True)
    (work / "leat.yml").write_text("name: load\nstorage: ./lake\n")
    (work / "assets/bronze/rows.yml").write_text(f"type: source\nfrom: {{file: landing/{files}}}\n")
    python = install_peers() / "python"

    def clean():
        shutil.rmtree(work / "lake", ignore_errors=True)
        shutil.rmtree(work / ".leat", ignore_errors=True)

    results = {"leat": measure([LEAT, "-C", work, "run", "-q"], clean)}
    out = work / "peer.parquet"
    for peer in PEERS or ("duckdb", "polars"):
        results[peer] = measure([python, ROOT / "bench/readers/peers.py", peer, format, work / "landing" / files, out],
                                lambda: out.unlink(missing_ok=True))
    if format == "ndjson":
        program = ROOT / "build/release/leat_simdjson_columns"
        subprocess.run(["ninja", "-C", ROOT / "build/release", program.name], check=True, capture_output=True)
        results[LIMIT] = limit_of("load", format, work / "landing" / files, out)
        results["simdjson, into memory"] = measure([program, work / "landing" / files], lambda: None)
    report(job, results, note)


def bench_ndjson(work):
    """Events of 8 columns."""
    (work / "landing").mkdir()
    with open(work / "landing/events.ndjson", "w") as file:
        for begin in range(0, NDJSON_ROWS, 100_000):
            file.writelines(
                f'{{"id":{i},"user":{i * 7919 % 1000003},"kind":"{("view", "click", "buy", "leave")[i % 4]}","at":"2026-{i % 12 + 1:02}-{i % 28 + 1:02}T{i % 24:02}:{i % 60:02}:07Z",'
                f'"amount":{i % 10007 / 100},"ok":{"true" if i % 3 else "false"},"country":"{("DE", "US", "FR", "IN", "BR")[i % 5]}","path":"/shop/item/{i % 50021}"}}\n'
                for i in range(begin, min(begin + 100_000, NDJSON_ROWS)))
    load(f"ndjson-{NDJSON_ROWS}", "events.ndjson", "ndjson", work, f"{NDJSON_ROWS:,} events of 8 columns.")


def bench_postgres(work):
    """A table of PostgreSQL's, from a server of Debian's in a temporary folder, into a Delta table."""
    sys.path.append(str(ROOT / "tests/postgres"))
    from server import Server

    (work / "assets/bronze").mkdir(parents=True)
    (work / "leat.yml").write_text("name: load\nstorage: ./lake\n")
    (work / "assets/bronze/orders.yml").write_text("type: source\nfrom: {connection: db, table: orders}\n")
    python = install_peers() / "python"
    with Server(settings=["shared_buffers=2GB", "max_wal_size=8GB"], host_authentication="trust") as server:
        server.sql("create unlogged table orders as select g::bigint as order_id, g % 1000003 as customer_id, 'customer ' || g % 1000003 as customer, "
                   "(g % 100000 / 100.0)::numeric(12,2) as amount, timestamptz '2026-01-01' + g * interval '1 second' as updated_at, "
                   f"date '2026-01-01' + (g % 365)::int as day, g % 7 = 0 as paid, g / 7.0::float8 as score from generate_series(1, {POSTGRES_ROWS}) g; "
                   "vacuum (freeze, analyze) orders")
        (work / "connections.yml").write_text(
            f"connections:\n  db: {{type: postgres, host: 127.0.0.1, port: {server.port}, database: postgres, user: leat}}\n")

        def clean():
            shutil.rmtree(work / "lake", ignore_errors=True)
            shutil.rmtree(work / ".leat", ignore_errors=True)

        results = {"leat": measure([LEAT, "-C", work, "run", "-q"], clean)}
        clean()
        pages = int(server.sql("select pg_relation_size('orders') / 8192"))
        copy = "copy (select * from orders where ctid >= '({},0)' and ctid < '({},0)') to stdout (format binary)"
        halves = " & ".join(f"{server.bin}/psql -X -q -h 127.0.0.1 -p {server.port} -U leat postgres -c \"{copy.format(*half)}\" > /dev/null"
                            for half in ((0, pages // 2), (pages // 2, pages)))
        results["the limit: two binary COPYs"] = measure(["sh", "-c", halves + " & wait"])
        out = work / "peer.parquet"
        for peer in PEERS or ("duckdb", "connectorx"):
            results[peer] = measure([python, ROOT / "bench/databases/peers.py", peer, "127.0.0.1", str(server.port), "postgres", "orders", out],
                                    lambda: out.unlink(missing_ok=True))
        report(f"postgres-{POSTGRES_ROWS}", results, f"{POSTGRES_ROWS:,} rows of 8 columns.")


def bench_files(work):
    """Many small files."""
    (work / "landing").mkdir()
    for i in range(10_000):
        rows = "".join(f"{i * 10 + j},name {j},{j / 4},2026-01-{j + 1:02}\n" for j in range(10))
        (work / f"landing/{i:05}.csv").write_text("id,name,amount,day\n" + rows)
    load("files-10000", "*.csv", "csv", work, "10,000 CSV files of 10 rows.")


BARE = """
import duckdb, sys, time
begin = time.monotonic()
db = duckdb.connect(sys.argv[1])
for i in range(50):
    db.execute(f"create or replace table t{i} as " + ("select 1 as a" if i < 10 else f"select a from t{i - 10}"))
print(time.monotonic() - begin)
"""


def bench_graph(work):
    """50 models that do nothing: what the program itself costs."""
    ours = work / "leat"
    (ours / "assets/m").mkdir(parents=True)
    (ours / "leat.yml").write_text("name: graph\nstorage: ./lake\n")
    dbt = work / "dbt"
    (dbt / "models").mkdir(parents=True)
    (dbt / "dbt_project.yml").write_text("name: fifty\nversion: '1.0'\nprofile: fifty\nmodel-paths: [models]\n"
                                         "models: {fifty: {+materialized: table}}\n")
    (dbt / "profiles.yml").write_text("fifty:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: db.duckdb, threads: 2}\n")
    for i in range(50):
        (ours / f"assets/m/t{i}.sql").write_text("select 1 as a" if i < 10 else f"select a from m.t{i - 10}")
        (dbt / f"models/t{i}.sql").write_text("select 1 as a" if i < 10 else f"select a from {{{{ ref('t{i - 10}') }}}}")
    bin_folder = install_peers()
    # Moved away: where hundreds of files have just been removed, ext4 is slow to make new ones.
    moved = (work / f"moved-{i}" for i in itertools.count())

    def forget(*paths):
        return lambda: [path.rename(next(moved)) for path in paths if path.exists()]

    run_leat = [LEAT, "-C", ours, "run", "-q"]
    run_dbt = [bin_folder / "dbt", "run", "--profiles-dir", ".", "--quiet"]
    bare = measure([bin_folder / "python", "-c", BARE, work / "bare.duckdb"])
    start = measure([LEAT, "--version"])
    first = {"leat": measure(run_leat, forget(ours / "lake", ours / ".leat")),
             "dbt-duckdb": measure(run_dbt, forget(dbt / "target", dbt / "db.duckdb"), cwd=dbt)}
    per_asset = (first["leat"]["wall_s"] - start["wall_s"] - float(bare["last_line"])) * 1000 / 50
    report("graph-50", first, "Everything from nothing, each table durable. "
           f"Above its SQL and the program's start Leat takes {per_asset:.2f} ms per asset "
           f"(the 50 statements alone in DuckDB: {float(bare['last_line']) * 1000:.0f} ms).")
    report("graph-50-again", {"leat": measure(run_leat), "dbt-duckdb": measure(run_dbt, cwd=dbt)},
           "All tables replaced, with what either program has cached.")


def bench_start(work):
    """Start-up, and validation of 1,000 models."""
    big, dbt = work / "big", work / "dbt"
    (big / "assets/m").mkdir(parents=True)
    (big / "leat.yml").write_text("name: big\nstorage: ./lake\n")
    (dbt / "models").mkdir(parents=True)
    (dbt / "dbt_project.yml").write_text("name: big\nversion: '1.0'\nprofile: big\nmodel-paths: [models]\n")
    (dbt / "profiles.yml").write_text("big:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: db.duckdb}\n")
    for i in range(1000):
        rest = f" where a > {i}"
        first = "select 1 as a, 'x' as b"
        (big / f"assets/m/t{i}.sql").write_text(first if i < 10 else f"select a + 1 as a, b from m.t{i - 10}" + rest)
        (dbt / f"models/t{i}.sql").write_text(
            first if i < 10 else f"select a + 1 as a, b from {{{{ ref('t{i - 10}') }}}}" + rest)
    bin_folder = install_peers()
    report("version", {"leat": measure([LEAT, "--version"]), "dbt-duckdb": measure([bin_folder / "dbt", "--version"])})
    report("validate-1000", {
        "leat": measure([LEAT, "-C", big, "validate"]),
        "dbt-duckdb": measure([bin_folder / "dbt", "parse", "--no-partial-parse", "--profiles-dir", "."], cwd=dbt)},
        "Leat also binds each model to its tables and columns, which dbt parse does not.")


def delta_seconds(command):
    done = subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True)
    return sorted(json.loads(done.stdout.splitlines()[-1])["seconds"])  # Spark's resolver prints lines before


def spark_changes():
    """The command of the peer that takes long; nothing unless it is asked for."""
    return [install_peers() / "python", ROOT / "bench/delta/spark_delta.py"] if "spark" in PEERS else []


def bench_delta(work):
    """The log of a Delta table alone: durable commits of one file, seeing one commit, loading 100,000 and a million files.
    Spark takes part where it is asked for (PEERS=spark)."""
    subprocess.run(["ninja", "-C", ROOT / "build/release", "leat_delta_bench"], check=True, capture_output=True)
    ours = ROOT / "build/release/leat_delta_bench"
    theirs = [install_peers() / "python", ROOT / "bench/delta/deltalake_peer.py"]
    small, large = work / "small", work / "large"
    subprocess.run([ours, "make", small, "1", "1"], check=True, capture_output=True)
    subprocess.run([ours, "make", large, "100", "1000"], check=True, capture_output=True)
    rows = {}

    def all_of(name, command, folder, count):
        rows[name] = {}
        for who, program in (("leat", [ours]), ("deltalake", theirs), ("spark", spark_changes())):
            if not program or (who == "spark" and command == "refresh"):
                continue
            own = work / f"own-{who}"  # a table of its own for each: commits stay in it
            shutil.copytree(folder, own, copy_function=os.link)
            rows[name][who] = delta_seconds([*program, command, own, count if who == "leat" else max(count // 10, 9)])
            shutil.rmtree(own)

    all_of("durable commit of one file", "commits", small, 1000)
    all_of("refresh by one commit", "refresh", small, 200)
    all_of("load 100,000 files from 100 entries", "open", large, 9)
    subprocess.run([ours, "checkpoint", large], check=True, capture_output=True)
    all_of("load 100,000 files from a checkpoint", "open", large, 9)
    print(f"\ndelta\n{'':40}{'':12}{'p50 ms':>10}{'p99 ms':>10}{'Leat faster':>12}")
    for name, found in rows.items():
        for who, seconds in found.items():
            middle, last = (seconds[int(len(seconds) * share)] * 1000 for share in (0.5, 0.99))
            ratio = middle / 1000 / found["leat"][len(found["leat"]) // 2]
            print(f"{name:40}{who:12}{middle:>10.3f}{last:>10.3f}" + (f"{ratio:>11.1f}x" if who != "leat" else ""))
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "delta-log.txt").write_text(json.dumps(rows))
    huge = work / "huge"
    subprocess.run([ours, "make", huge, "1000", "1000"], check=True, capture_output=True)
    report("delta-million-files", {"leat": measure([ours, "open", huge, 1]), "deltalake": measure([*theirs, "open", huge, 1])},
           "The whole process, which loads a table of a million files from 1000 entries once.")


TABLE_SQL = """/* @leat
materialized: {how}
properties: {{delta.autoOptimize.autoCompact: false{properties}}}
@leat */
select i as id, 'region ' || (hash(i) % 50) as region, (hash(i + 1) % 1000000) / 100.0 as amount,
       timestamptz '2026-01-01 00:00:00Z' + to_seconds(hash(i + 2) % 20000000) as at
from range({begin}, {end}) t(i)"""
MERGE_SQL = "merge into {table} t using '{source}' s on t.id = s.id when matched then update when not matched then insert"
SUM_SQL = "select count(*), sum(id), sum(round(amount * 100)::bigint) from delta_scan('{table}')"


def table_project(folder, name, sql):
    (folder / "assets/silver").mkdir(parents=True, exist_ok=True)
    (folder / "leat.yml").write_text("name: changes\nstorage: ./lake\n")
    (folder / f"assets/silver/{name}.sql").write_text(sql)
    subprocess.run([LEAT, "-C", folder, "run", "-q", "-s", f"silver.{name}"], check=True, capture_output=True)
    return folder / "lake/silver" / name


def sums(table):
    found = subprocess.run([LEAT, "query", SUM_SQL.format(table=table), "-o", "csv"], check=True, capture_output=True, text=True)
    return found.stdout.splitlines()[1]


def bench_merge(work):
    """MERGE of one row in a hundred, spread over the whole table, and compaction of a thousand files."""
    python = install_peers() / "python"
    peer = ROOT / "bench/delta/deltalake_changes.py"
    source = work / "source.parquet"
    subprocess.run([LEAT, "export", "select (i * 101) % " + str(MERGE_ROWS) + "::bigint as id, 'changed' as region, "
                    "1.5::decimal(20,2)::double as amount, timestamptz '2026-06-01 00:00:00Z' as at from range("
                    + str(MERGE_ROWS // 100) + ") t(i)", "--to", source], check=True, capture_output=True)
    original = {name: table_project(work / name, "big", TABLE_SQL.format(how="table", properties=properties, begin=0, end=MERGE_ROWS))
                for name, properties in (("vectors", ", delta.enableDeletionVectors: true"), ("plain", ""))}
    copy = work / "copy"

    def afresh(name):
        def prepare():
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(original[name], copy, copy_function=os.link)
        return prepare

    results, said = {}, {}
    for who, name, command in (
            ("leat", "vectors", [LEAT, "change", MERGE_SQL.format(table=f"'{copy}'", source=source)]),
            ("leat, files written anew", "plain", [LEAT, "change", MERGE_SQL.format(table=f"'{copy}'", source=source)]),
            ("deltalake", "plain", [python, peer, "merge", copy, source]),
            ("spark", "vectors", [*spark_changes(), "merge", copy, source])):
        if who == "spark" and not spark_changes():
            continue
        results[who] = measure(command, afresh(name))
        said[who] = sums(copy)
    if len(set(said.values())) != 1:
        sys.exit(f"bench: merge: the tables differ: {said}")
    report(f"merge-{MERGE_ROWS}", results, f"{MERGE_ROWS // 100:,} of {MERGE_ROWS:,} rows updated by key, all over the table.")
    compaction(work, python, peer)


def compaction(work, python, peer):
    """A table of many small files, of which Leat and the peer get a copy each."""
    project = work / "small"
    for i in range(200):
        table = table_project(project, "small", TABLE_SQL.format(how="append", properties="", begin=i * 20000, end=(i + 1) * 20000))
    lake = project / "lake/silver"
    kept = work / "kept"
    shutil.move(table, kept)

    def afresh():
        shutil.rmtree(lake / "small", ignore_errors=True)
        shutil.copytree(kept, lake / "small", copy_function=os.link)

    results = {"leat": measure([LEAT, "-C", project, "maintain", "-q"], afresh),
               "deltalake": measure([python, peer, "compact", lake / "small"], afresh)}
    if spark_changes():
        results["spark"] = measure([*spark_changes(), "compact", lake / "small"], afresh)
    report("compact-200", results, "200 files of 20,000 rows into one.")


TPCH_DATA = """
import pathlib, sys, duckdb
from importlib.util import find_spec
folder = pathlib.Path(sys.argv[1])
base = pathlib.Path(find_spec("duckdb_extension_tpch").origin).parent
connection = duckdb.connect()
connection.load_extension(str(next(base.rglob("tpch.duckdb_extension"))))
connection.sql("CALL dbgen(sf=1)")
(folder / "queries").mkdir(parents=True)
for number, sql in connection.sql("FROM tpch_queries()").fetchall():
    (folder / f"queries/{number:02}.sql").write_text(sql)
for (table,) in connection.sql("SHOW TABLES").fetchall():
    (folder / table).mkdir()
    rows = connection.sql(f"SELECT count(*) FROM {table}").fetchone()[0]
    parts = max(1, rows // 1_000_000)
    for part in range(parts):
        begin, end = rows * part // parts, rows * (part + 1) // parts
        connection.sql(f"COPY (SELECT * FROM {table} WHERE rowid >= {begin} AND rowid < {end}) TO '{folder}/{table}/{part}.parquet'")
"""


def bench_tpch(work):
    """The 22 queries of TPC-H, scale factor 1, over Delta tables, and by bare DuckDB over the tables' own Parquet files."""
    python = install_peers() / "python"
    subprocess.run(["ninja", "-C", ROOT / "build/release", "leat_tpch_bench"], check=True, capture_output=True)
    folder = work / "tpch"
    subprocess.run([python, "-c", TPCH_DATA, folder], check=True, capture_output=True)
    for table in sorted(path for path in folder.iterdir() if path.name != "queries"):
        subprocess.run([LEAT, "convert", table], check=True, capture_output=True)
    runs = max(RUNS, 9)
    done = subprocess.run([ROOT / "build/release/leat_tpch_bench", folder, str(runs)], check=True, capture_output=True, text=True)
    queries = json.loads(done.stdout)
    middle = {name: {who: statistics.median(seconds) for who, seconds in found.items()} for name, found in queries.items()}
    print(f"\ntpch\n{'':12}{'leat ms':>10}{'duckdb ms':>12}{'leat/duckdb':>12}")
    for name, found in middle.items():
        print(f"{name:12}{found['leat'] * 1000:>10.1f}{found['duckdb'] * 1000:>12.1f}{found['leat'] / found['duckdb']:>12.3f}")
    total = {who: sum(found[who] for found in middle.values()) for who in ("leat", "duckdb")}
    print(f"{'all':12}{total['leat'] * 1000:>10.1f}{total['duckdb'] * 1000:>12.1f}{total['leat'] / total['duckdb']:>12.3f}")
    print(f"Medians of {runs} runs of each query, in turn, in one process.")
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "tpch-queries.txt").write_text(done.stdout)


JOBS = {"flights": bench_flights, "csv": bench_csv, "ndjson": bench_ndjson, "postgres": bench_postgres, "files": bench_files, "graph": bench_graph, "start": bench_start,
        "delta": bench_delta, "merge": bench_merge, "tpch": bench_tpch}


def main():
    if sys.argv[1:] == ["--markdown"]:
        markdown()
        return
    names = sys.argv[1:] or list(JOBS)
    unknown = [name for name in names if name not in JOBS]
    if unknown:
        sys.exit(f"bench: unknown job {unknown[0]}; known: {', '.join(JOBS)}")
    for name in names:
        with tempfile.TemporaryDirectory(dir=ROOT / "build", prefix="bench-") as work:
            JOBS[name](pathlib.Path(work))


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()

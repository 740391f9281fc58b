#!/usr/bin/env python3
"""Benchmarks of Leat against its peers, all in one run on the same machine.

    make bench               all jobs
    make bench BENCH=graph   one: flights, csv, graph, start

Prints a table per job (median wall seconds, CPU seconds, peak memory of the largest process, Leat's ratio to each
peer) and writes it as JSON to build/bench/. The peers are installed from bench/peers.txt into .deps/bench-venv.
CSV_ROWS sets the rows of the csv job (50,000,000), RUNS the counted runs (3).
"""
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
LEAT = ROOT / "build/release/leat"
DATA = ROOT / ".deps/data/flights"
VENV = ROOT / ".deps/bench-venv"
RUNS = int(os.environ.get("RUNS", "3"))
CSV_ROWS = int(os.environ.get("CSV_ROWS", "50000000"))


def install_peers():
    wanted = (ROOT / "bench/peers.txt").read_text()
    stamp = VENV / "installed.txt"
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        subprocess.run([VENV / "bin/pip", "install", "-q", "-r", ROOT / "bench/peers.txt"], check=True)
        stamp.write_text(wanted)
    return VENV / "bin"


def measure(command, prepare=None, **options):
    """Median wall, CPU and peak memory over RUNS runs after a warm-up; prepare() runs before each, unmeasured."""
    walls, cpus, peaks = [], [], []
    for i in range(RUNS + 1):
        if prepare:
            prepare()
        begin = time.monotonic()
        process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   **options)
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - begin
        if os.waitstatus_to_exitcode(status) != 0:
            sys.exit(f"bench: {command} failed:\n{output.decode(errors='replace')[-3000:]}")
        if i > 0:
            walls.append(wall)
            cpus.append(usage.ru_utime + usage.ru_stime)
            peaks.append(usage.ru_maxrss / 1024)
    return {"wall_s": statistics.median(walls), "cpu_s": statistics.median(cpus), "peak_mib": max(peaks)}


def report(job, results):
    ours = results["leat"]["wall_s"]
    print(f"\n{job}\n{'':24}{'wall s':>10}{'CPU s':>10}{'peak MiB':>10}{'Leat is':>12}")
    for name, row in results.items():
        ratio = "" if name == "leat" else f"{row['wall_s'] / ours:.2f}x"
        print(f"{name:24}{row['wall_s']:10.3f}{row['cpu_s']:10.3f}{row['peak_mib']:10.0f}{ratio:>12}")
    target = ROOT / "build/bench"
    target.mkdir(parents=True, exist_ok=True)
    (target / f"{job}.json").write_text(json.dumps(results, indent=1))


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

    results = {"leat": measure([LEAT, "-C", project, "run", "-q"], clean)}
    clean()
    python = install_peers() / "python"
    for peer in ("duckdb", "polars", "pandas"):
        out = work / "peer"
        results[peer] = measure([python, ROOT / f"bench/flights/{peer}_pipeline.py", source, DATA / "airports.csv", out],
                                lambda: shutil.rmtree(out, ignore_errors=True))
        shutil.rmtree(out, ignore_errors=True)
    report(job, results)


def bench_flights(work):
    pipeline("flights", DATA / "flights-3m.parquet", work)


def bench_csv(work):
    source = work / "flights.csv"
    subprocess.run([LEAT, "generate", "flights", source, "--rows", str(CSV_ROWS)], check=True, capture_output=True)
    pipeline(f"csv-{CSV_ROWS}", source, work)


def bench_graph(work):
    """50 models that do nothing: what the program itself costs."""
    ours = work / "leat"
    (ours / "assets/m").mkdir(parents=True)
    (ours / "leat.yml").write_text("name: graph\nstorage: ./lake\n")
    dbt = work / "dbt"
    (dbt / "models").mkdir(parents=True)
    (dbt / "dbt_project.yml").write_text("name: graph\nversion: '1.0'\nprofile: graph\nmodel-paths: [models]\n"
                                         "models: {graph: {+materialized: table}}\n")
    (dbt / "profiles.yml").write_text("graph:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: db.duckdb, threads: 2}\n")
    for i in range(50):
        (ours / f"assets/m/t{i}.sql").write_text("select 1 as a" if i < 10 else f"select a from m.t{i - 10}")
        (dbt / f"models/t{i}.sql").write_text("select 1 as a" if i < 10 else f"select a from {{{{ ref('t{i - 10}') }}}}")
    bin_folder = install_peers()
    results = {"leat": measure([LEAT, "-C", ours, "run", "-q"], lambda: shutil.rmtree(ours / "lake", ignore_errors=True)),
               "dbt-duckdb": measure([bin_folder / "dbt", "run", "--profiles-dir", ".", "--quiet"], cwd=dbt)}
    report("graph-50", results)


def bench_start(work):
    """Start-up, and validation of 1,000 models."""
    big = work / "big"
    (big / "assets/m").mkdir(parents=True)
    (big / "leat.yml").write_text("name: big\nstorage: ./lake\n")
    for i in range(1000):
        (big / f"assets/m/t{i}.sql").write_text(
            "select 1 as a, 'x' as b" if i < 10 else f"select a + 1 as a, b from m.t{i - 10} where a > {i}")
    report("version", {"leat": measure([LEAT, "--version"])})
    report("validate-1000", {"leat": measure([LEAT, "-C", big, "validate"])})


JOBS = {"flights": bench_flights, "csv": bench_csv, "graph": bench_graph, "start": bench_start}


def main():
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

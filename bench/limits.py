"""What DuckDB alone takes for the statements that Leat has it run, when reading and typing the source, its checks and its commits cost
nothing: rows stand in memory, as they come out of a file, before the clock starts. Prints JSON: wall_s, cpu_s, peak_mib.

    limits.py pipeline SOURCE AIRPORTS OUT   the layers of bench/flights, each written as zstd Parquet
    limits.py load FORMAT FILES OUT          one table, written
"""
import json
import os
import resource
import sys
import time

import duckdb

db = duckdb.connect(config={"preserve_insertion_order": False})
db.execute("SET TimeZone = 'UTC'")


def store(sql, path):
    db.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)")


def pipeline(source, airports, out):
    os.makedirs(out, exist_ok=True)
    reader = f"read_parquet('{source}')" if source.endswith(".parquet") else f"read_csv('{source}')"
    db.execute("CREATE TABLE bronze AS SELECT *, 'run' AS _run_id, 'file' AS _source, row_number() OVER () AS _position, "
               f"now() AS _ingested_at FROM {reader}")
    db.execute(f"CREATE TABLE airports AS FROM read_csv('{airports}')")
    yield
    store("FROM bronze", f"{out}/bronze.parquet")
    store("""
SELECT departure::date AS flight_date, departure AS departure_local, hour(departure)::int AS departure_hour, delay::int AS delay_minutes,
       distance::int AS distance_miles, f.origin, o.city AS origin_city, o.state AS origin_state, f.destination,
       d.city AS destination_city, d.state AS destination_state, copies
FROM (SELECT make_timestamp(epoch_us(date)) AS departure, delay, distance, origin, destination, count(*) AS copies
      FROM bronze GROUP BY ALL) f
LEFT JOIN airports o ON o.iata = f.origin LEFT JOIN airports d ON d.iata = f.destination""", f"{out}/silver.parquet")
    silver = f"read_parquet('{out}/silver.parquet')"
    store("SELECT flight_date, origin, origin_city, origin_state, count(*), count(*) FILTER (delay_minutes >= 15), "
          f"round(avg(delay_minutes), 2), max(delay_minutes) FROM {silver} GROUP BY ALL", f"{out}/airport_delays.parquet")
    store(f"SELECT origin, destination, count(*), round(avg(delay_minutes), 2) FROM {silver} GROUP BY ALL HAVING count(*) >= 300 "
          "ORDER BY avg(delay_minutes) DESC, origin, destination LIMIT 50", f"{out}/worst_routes.parquet")
    store(f"SELECT dayname(flight_date) AS weekday, departure_hour AS hour, count(*), round(avg(delay_minutes), 2) FROM {silver} GROUP BY ALL",
          f"{out}/busiest_hours.parquet")


def load(format, files, out):
    reader = f"read_json('{files}', format = 'newline_delimited')" if format == "ndjson" else f"read_csv('{files}')"
    db.execute("CREATE TABLE rows AS SELECT *, 'run' AS _run_id, 'file' AS _source, row_number() OVER () AS _position, "
               f"now() AS _ingested_at FROM {reader}")
    yield
    store("FROM rows", out)


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


steps = {"pipeline": pipeline, "load": load}[sys.argv[1]](*sys.argv[2:])
next(steps)  # rows are in memory
began, used = time.monotonic(), cpu()
for _ in steps:
    pass
print(json.dumps({"wall_s": time.monotonic() - began, "cpu_s": cpu() - used,
                  "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))

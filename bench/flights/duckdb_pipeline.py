"""The flights pipeline written well in bare DuckDB: every layer stored as zstd Parquet, the same checks."""
import os
import sys

import duckdb

source, airports, out = sys.argv[1:4]
os.makedirs(out, exist_ok=True)
db = duckdb.connect(config={"preserve_insertion_order": False})
db.execute("SET TimeZone = 'UTC'")
if source.endswith(".parquet"):
    reader = f"(SELECT * EXCLUDE (file_row_number), file_row_number AS _position FROM read_parquet('{source}', file_row_number = true))"
else:
    reader = f"(SELECT *, row_number() OVER () AS _position FROM read_csv('{source}'))"


def store(name, sql):
    path = f"{out}/{name}.parquet"
    db.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)")
    db.execute(f"CREATE VIEW {name} AS FROM read_parquet('{path}')")


def check(sql):
    return db.execute(sql).fetchall()


store("bronze_flights", f"SELECT *, '{source}' AS _source, now() AS _ingested_at FROM {reader}")
store("bronze_airports", f"SELECT *, '{airports}' AS _source FROM read_csv('{airports}')")
store("silver_airports", "SELECT iata AS airport, name, nullif(city, 'NA') AS city, nullif(state, 'NA') AS state, "
      "latitude, longitude FROM bronze_airports")
store("silver_staged", """
SELECT departure::date AS flight_date, departure AS departure_local, hour(departure)::int AS departure_hour,
       delay::int AS delay_minutes, distance::int AS distance_miles, f.origin, o.city AS origin_city,
       o.state AS origin_state, f.destination, d.city AS destination_city, d.state AS destination_state, copies
FROM (SELECT make_timestamp(epoch_us(date)) AS departure, delay, distance, origin, destination, count(*) AS copies
      FROM bronze_flights GROUP BY ALL) f
LEFT JOIN silver_airports o ON o.airport = f.origin
LEFT JOIN silver_airports d ON d.airport = f.destination""")
BAD = """delay_minutes < -120 OR (delay_minutes > 1380 AND departure_hour IN (23, 0)) OR origin = destination
  OR distance_miles NOT BETWEEN 20 AND 5100
  OR (departure_local >= TIMESTAMP '2001-04-01 02:00' AND departure_local < TIMESTAMP '2001-04-01 03:00'
      AND origin_state NOT IN ('AZ', 'HI', 'IN', 'PR', 'VI', 'GU', 'CQ', 'AS'))"""
check("SELECT count(*) FILTER (flight_date IS NULL), count(*) FILTER (delay_minutes IS NULL), count(*) FILTER (origin "
      "IS NULL), count(*) FILTER (flight_date NOT BETWEEN '2001-01-01' AND '2001-06-30'), count(*) FILTER (copies > 1), "
      "count(*) FILTER (delay_minutes >= -120 AND delay_minutes < -30 - distance_miles / 10), "
      "count(*) FILTER (origin NOT IN (SELECT airport FROM silver_airports)), count(*) FILTER (destination NOT IN "
      f"(SELECT airport FROM silver_airports)), count(*) FILTER ({BAD}) FROM silver_staged")
store("quarantine", f"SELECT * FROM silver_staged WHERE {BAD}")
store("silver_flights", f"SELECT * FROM silver_staged WHERE ({BAD}) IS NOT TRUE")
store("gold_airport_delays", "SELECT flight_date, origin AS airport, origin_city, origin_state, count(*) AS flights, "
      "count(*) FILTER (delay_minutes >= 15) AS late_flights, round(avg(delay_minutes), 2) AS avg_delay, "
      "max(delay_minutes) AS max_delay FROM silver_flights GROUP BY ALL")
store("gold_worst_routes", "SELECT origin, destination, count(*) AS flights, round(avg(delay_minutes), 2) AS avg_delay "
      "FROM silver_flights GROUP BY ALL HAVING count(*) >= 300 ORDER BY avg(delay_minutes) DESC, origin, destination LIMIT 50")
store("gold_busiest_hours", "SELECT dayname(flight_date) AS weekday, departure_hour AS hour, count(*) AS flights, "
      "round(avg(delay_minutes), 2) AS avg_delay FROM silver_flights GROUP BY ALL")
check("SELECT count(*) - count(DISTINCT (flight_date, airport)) FROM gold_airport_delays")
print(db.execute("SELECT count(*) FROM silver_flights").fetchone()[0])

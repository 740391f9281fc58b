"""The flights pipeline written well in Polars: lazy, streaming, every layer stored as zstd Parquet."""
import os
import sys
from datetime import datetime, timezone

import polars as pl

source, airports, out = sys.argv[1:4]
os.makedirs(out, exist_ok=True)


def store(name, frame):
    path = f"{out}/{name}.parquet"
    frame.sink_parquet(path, compression="zstd", compression_level=1)
    return pl.scan_parquet(path)


raw = pl.scan_parquet(source) if source.endswith(".parquet") else pl.scan_csv(source, try_parse_dates=True)
bronze = store("bronze_flights", raw.with_row_index("_position").with_columns(
    pl.lit(source).alias("_source"), pl.lit(datetime.now(timezone.utc)).alias("_ingested_at")))
places = store("bronze_airports", pl.scan_csv(airports).with_columns(pl.lit(airports).alias("_source")))
airport = store("silver_airports", places.select(
    pl.col("iata").alias("airport"), "name", pl.col("city").replace("NA", None), pl.col("state").replace("NA", None),
    "latitude", "longitude"))
origin = airport.select(pl.col("airport").alias("origin"), pl.col("city").alias("origin_city"),
                        pl.col("state").alias("origin_state"))
destination = airport.select(pl.col("airport").alias("destination"), pl.col("city").alias("destination_city"),
                             pl.col("state").alias("destination_state"))
silver = store("silver_staged", (
    bronze.group_by("date", "delay", "distance", "origin", "destination").agg(pl.len().alias("copies"))
    .with_columns(flight_date=pl.col("date").dt.date(), departure_hour=pl.col("date").dt.hour(),
                  delay_minutes=pl.col("delay").cast(pl.Int32), distance_miles=pl.col("distance").cast(pl.Int32))
    .join(origin, on="origin", how="left").join(destination, on="destination", how="left")
    .drop("delay", "distance").rename({"date": "departure_local"})))
departs = (pl.col("departure_local") >= pl.datetime(2001, 4, 1, 2)) & (pl.col("departure_local") < pl.datetime(2001, 4, 1, 3))
bad = ((pl.col("delay_minutes") < -120)
       | ((pl.col("delay_minutes") > 1380) & pl.col("departure_hour").is_in([23, 0]))
       | (pl.col("origin") == pl.col("destination")) | ~pl.col("distance_miles").is_between(20, 5100)
       | (departs & ~pl.col("origin_state").is_in(["AZ", "HI", "IN", "PR", "VI", "GU", "CQ", "AS"])))
silver.select(pl.col("flight_date").null_count(), pl.col("delay_minutes").null_count(), pl.col("origin").null_count(),
              (~pl.col("flight_date").is_between(pl.date(2001, 1, 1), pl.date(2001, 6, 30))).sum().alias("between"),
              (pl.col("copies") > 1).sum().alias("copies_"),
              ((pl.col("delay_minutes") >= -120) & (pl.col("delay_minutes") < -30 - pl.col("distance_miles") / 10)).sum().alias("early"), bad.sum().alias("bad")).collect(engine="streaming")
for side in ("origin", "destination"):
    silver.join(airport, left_on=side, right_on="airport", how="anti").select(pl.len()).collect(engine="streaming")
store("quarantine", silver.filter(bad))
good = store("silver_flights", silver.filter(bad.fill_null(False).not_()))
delay = pl.col("delay_minutes")
store("gold_airport_delays", good.group_by("flight_date", "origin", "origin_city", "origin_state").agg(
    pl.len().alias("flights"), (delay >= 15).sum().alias("late_flights"), delay.mean().round(2).alias("avg_delay"),
    delay.max().alias("max_delay")))
store("gold_worst_routes", good.group_by("origin", "destination").agg(
    pl.len().alias("flights"), delay.mean().alias("avg_delay"))
    .filter(pl.col("flights") >= 300).sort("avg_delay", "origin", "destination", descending=[True, False, False]).head(50)
    .with_columns(pl.col("avg_delay").round(2)))
store("gold_busiest_hours", good.group_by(pl.col("flight_date").dt.weekday().alias("weekday"), "departure_hour").agg(
    pl.len().alias("flights"), delay.mean().round(2).alias("avg_delay")))
print(good.select(pl.len()).collect(engine="streaming").item())

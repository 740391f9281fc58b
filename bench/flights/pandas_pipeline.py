"""The flights pipeline in pandas with pyarrow: every layer stored as zstd Parquet."""
import os
import sys

import pandas as pd

source, airports, out = sys.argv[1:4]
os.makedirs(out, exist_ok=True)


def store(name, frame):
    frame.to_parquet(f"{out}/{name}.parquet", compression="zstd", index=False)
    return frame


raw = pd.read_parquet(source) if source.endswith(".parquet") else pd.read_csv(source, engine="pyarrow")
bronze = store("bronze_flights", raw.assign(
    _source=source, _position=range(len(raw)), _ingested_at=pd.Timestamp.now("UTC")))
places = store("bronze_airports", pd.read_csv(airports, keep_default_na=False).assign(_source=airports))
airport = store("silver_airports", places.rename(columns={"iata": "airport"})[
    ["airport", "name", "city", "state", "latitude", "longitude"]].replace({"city": {"NA": None}, "state": {"NA": None}}))
silver = bronze.groupby(["date", "delay", "distance", "origin", "destination"], sort=False).size().reset_index(name="copies")
when = pd.to_datetime(silver["date"])
silver = silver.assign(flight_date=when.dt.normalize(), departure_local=when, departure_hour=when.dt.hour.astype("int32"),
                       delay_minutes=silver["delay"].astype("int32"), distance_miles=silver["distance"].astype("int32"))
for side in ("origin", "destination"):
    silver = silver.merge(airport[["airport", "city", "state"]].rename(
        columns={"airport": side, "city": f"{side}_city", "state": f"{side}_state"}), on=side, how="left")
silver = silver.drop(columns=["date", "delay", "distance"])
bad = ((silver.delay_minutes < -120) | ((silver.delay_minutes > 1380) & silver.departure_hour.isin([23, 0]))
       | (silver.origin == silver.destination) | ~silver.distance_miles.between(20, 5100)
       | ((silver.departure_local >= "2001-04-01 02:00") & (silver.departure_local < "2001-04-01 03:00")
          & ~silver.origin_state.isin(["AZ", "HI", "IN", "PR", "VI", "GU", "CQ", "AS"])))
checks = [silver.flight_date.isna().sum(), silver.delay_minutes.isna().sum(), silver.origin.isna().sum(),
          (~silver.flight_date.between("2001-01-01", "2001-06-30")).sum(), (silver.copies > 1).sum(),
          ((silver.delay_minutes >= -120) & (silver.delay_minutes < -30 - silver.distance_miles / 10)).sum(),
          (~silver.origin.isin(airport.airport)).sum(), (~silver.destination.isin(airport.airport)).sum(), bad.sum()]
store("quarantine", silver[bad])
good = store("silver_flights", silver[~bad])
late = good.assign(late=good.delay_minutes >= 15)
store("gold_airport_delays", late.groupby(["flight_date", "origin", "origin_city", "origin_state"], dropna=False).agg(
    flights=("late", "size"), late_flights=("late", "sum"), avg_delay=("delay_minutes", "mean"),
    max_delay=("delay_minutes", "max")).reset_index())
routes = good.groupby(["origin", "destination"]).agg(flights=("copies", "size"), avg_delay=("delay_minutes", "mean")).reset_index()
store("gold_worst_routes", routes[routes.flights >= 300].sort_values(
    ["avg_delay", "origin", "destination"], ascending=[False, True, True]).head(50))
store("gold_busiest_hours", good.assign(weekday=good.flight_date.dt.day_name()).groupby(["weekday", "departure_hour"]).agg(
    flights=("copies", "size"), avg_delay=("delay_minutes", "mean")).reset_index())
print(len(good))

"""The flights pipeline in PySpark over Delta tables: every layer stored, the same checks, bad rows set aside."""
import pathlib
import sys

from pyspark.sql import functions as f

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import spark_session  # noqa: E402

source, airports, out = sys.argv[1:4]
spark = spark_session.start("flights", "6g")


def store(name, frame):
    frame.write.format("delta").mode("overwrite").save(f"{out}/{name}")
    return spark.read.format("delta").load(f"{out}/{name}")


def provenance(frame, name):
    return (frame.withColumn("_source", f.lit(name)).withColumn("_position", f.monotonically_increasing_id())
            .withColumn("_ingested_at", f.current_timestamp()))


if source.endswith(".parquet"):
    raw = spark.read.parquet(source)
else:
    raw = spark.read.schema("date timestamp, delay long, distance long, origin string, destination string").csv(
        source, header=True, timestampFormat="yyyy-MM-dd HH:mm:ss")
bronze = store("bronze_flights", provenance(raw, source))
places = store("bronze_airports", provenance(spark.read.csv(airports, header=True, inferSchema=True), airports))
missing = f.lit(None).cast("string")
airport = store("silver_airports", places.select(
    f.col("iata").alias("airport"), "name", f.when(f.col("city") != "NA", f.col("city")).otherwise(missing).alias("city"),
    f.when(f.col("state") != "NA", f.col("state")).otherwise(missing).alias("state"), "latitude", "longitude"))


def place(side):
    return f.broadcast(airport.select(f.col("airport").alias(side), f.col("city").alias(f"{side}_city"),
                                      f.col("state").alias(f"{side}_state"), f.lit(True).alias(f"{side}_known")))


staged = store("silver_staged", (
    bronze.groupBy("date", "delay", "distance", "origin", "destination").agg(f.count("*").alias("copies"))
    .select(f.to_date("date").alias("flight_date"), f.col("date").alias("departure_local"),
            f.hour("date").alias("departure_hour"), f.col("delay").cast("int").alias("delay_minutes"),
            f.col("distance").cast("int").alias("distance_miles"), "origin", "destination", "copies")
    .join(place("origin"), "origin", "left").join(place("destination"), "destination", "left")))
delay = f.col("delay_minutes")
bad = f.coalesce(
    (delay < -120) | ((delay > 1380) & f.col("departure_hour").isin(23, 0)) | (f.col("origin") == f.col("destination"))
    | ~f.col("distance_miles").between(20, 5100) | f.col("origin_known").isNull() | f.col("destination_known").isNull()
    | ((f.col("departure_local") >= "2001-04-01 02:00:00") & (f.col("departure_local") < "2001-04-01 03:00:00")
       & ~f.col("origin_state").isin("AZ", "HI", "IN", "PR", "VI", "GU", "CQ", "AS")), f.lit(False))


def count(condition):
    return f.count(f.when(condition, True))


staged.select(count(f.col("flight_date").isNull()), count(delay.isNull()), count(f.col("origin").isNull()),
              count(~f.col("flight_date").between("2001-01-01", "2001-06-30")), count(f.col("copies") > 1),
              count((delay >= -120) & (delay < -30 - f.col("distance_miles") / 10)), count(bad)).collect()
store("quarantine", staged.where(bad))
good = store("silver_flights", staged.where(~bad).drop("origin_known", "destination_known"))
store("gold_airport_delays", good.groupBy("flight_date", "origin", "origin_city", "origin_state").agg(
    f.count("*").alias("flights"), count(delay >= 15).alias("late_flights"), f.round(f.avg(delay), 2).alias("avg_delay"),
    f.max(delay).alias("max_delay")))
store("gold_worst_routes", good.groupBy("origin", "destination").agg(
    f.count("*").alias("flights"), f.avg(delay).alias("avg_delay"))
    .where("flights >= 300").orderBy(f.desc("avg_delay"), "origin", "destination").limit(50)
    .withColumn("avg_delay", f.round("avg_delay", 2)))
store("gold_busiest_hours", good.groupBy(f.date_format("flight_date", "EEEE").alias("weekday"), "departure_hour").agg(
    f.count("*").alias("flights"), f.round(f.avg(delay), 2).alias("avg_delay")))
print(good.count())

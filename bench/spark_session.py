"""Spark with Delta as a peer: two threads, everything on this machine."""
from delta import configure_spark_with_delta_pip
from pyspark.sql import SparkSession


def start(name, memory):
    spark = configure_spark_with_delta_pip(
        SparkSession.builder.master("local[2]").appName(name)
        .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
        .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
        .config("spark.driver.memory", memory).config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "4").config("spark.databricks.delta.snapshotPartitions", "2")
        .config("spark.sql.parquet.compression.codec", "zstd").config("spark.sql.session.timeZone", "UTC")
        .config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1")).getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark

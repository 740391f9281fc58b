"""One Spark session with Delta Lake for the whole suite, started by the first case that needs it."""

import contextlib
import functools
import os
import shutil
import tempfile
import threading

import pyarrow as pa
from pyspark.sql import SparkSession

SETTINGS = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.session.timeZone": "UTC",
    "spark.driver.extraJavaOptions": "-Duser.timezone=UTC -XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.driver.memory": "1500m",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.databricks.delta.retentionDurationCheck.enabled": "false",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "2",
    "spark.sql.ansi.enabled": "true",
    "spark.log.level": "FATAL",
}
_starting = threading.Lock()
_of_thread = threading.local()
_work_folders = []


@functools.cache
def _first_session() -> SparkSession:
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    work = tempfile.mkdtemp(prefix="leat-interop-spark-")
    _work_folders.append(work)
    builder = SparkSession.builder.master("local[2]").appName("interop")
    for key, value in SETTINGS.items():
        builder = builder.config(key, value)
    return builder.config("spark.sql.warehouse.dir", work).config("spark.local.dir", work).getOrCreate()


def session() -> SparkSession:
    """The calling thread's own session, with settings of its own, of the one Spark."""
    if not hasattr(_of_thread, "session"):
        with _starting:
            _of_thread.session = _first_session().newSession()
    return _of_thread.session


def stop() -> None:
    """Ends Spark, if it was started, and removes what it kept on disk."""
    if _work_folders:
        _first_session().stop()
        shutil.rmtree(_work_folders.pop(), ignore_errors=True)


def sql(*statements: str) -> None:
    for statement in statements:
        session().sql(statement)


def rows(table: str, version: int = None) -> pa.Table:
    pinned = "" if version is None else f" VERSION AS OF {version}"
    return session().sql(f"SELECT * FROM delta.`{table}`{pinned}").toArrow()


@contextlib.contextmanager
def settings(**values):
    """Session settings for a while; `__` stands for a dot."""
    values = {key.replace("__", "."): value for key, value in values.items()}
    for key, value in values.items():
        session().conf.set(key, value)
    try:
        yield
    finally:
        for key in values:
            if key in SETTINGS:
                session().conf.set(key, SETTINGS[key])
            else:
                session().conf.unset(key)

"""One Spark session with Delta Lake for the whole suite, started by the first case that needs it."""

import contextlib
import functools
import os
import shutil
import tempfile
import threading

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession, functions

SETTINGS = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.session.timeZone": "UTC",
    # For a short life: classes are loaded without a second look, compiled quickly and for good (one level of compilation
    # has little space for code by default), and garbage is collected rarely and in one thread.
    "spark.driver.extraJavaOptions": "-Duser.timezone=UTC -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=512m "
                                     "-XX:+UseSerialGC -Xmn700m -XX:MetaspaceSize=512m -XX:-UsePerfData "
                                     "-XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote",
    "spark.driver.memory": "1500m",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    # Tables are small: what takes time is to plan a query and to generate and compile code for it.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.lightweightPlanChangeValidation": "false",
    "spark.sql.ui.explainMode": "simple",
    "spark.sql.maxPlanStringLength": "0",
    "spark.sql.shuffle.partitions": "1",
    "spark.default.parallelism": "1",
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.databricks.delta.merge.materializeSource": "none",
    # Without checksum files: for each file that it makes, Hadoop starts a process that sets its permissions.
    "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
    "spark.hadoop.fs.AbstractFileSystem.file.impl": "org.apache.hadoop.fs.local.RawLocalFs",
    "spark.databricks.delta.retentionDurationCheck.enabled": "false",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "2",
    "spark.sql.ansi.enabled": "true",
    "spark.log.level": "FATAL",
}
MEMBER = "_member"  # a column that tells the parts of one query apart
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


def _query(table: str, version: int = None) -> str:
    return f"SELECT * FROM delta.`{table}`" + ("" if version is None else f" VERSION AS OF {version}")


def rows(table: str, version: int = None) -> pa.Table:
    return session().sql(_query(table, version)).toArrow()


def rows_of_all(reads: list) -> list:
    """The rows of each (table, version), None for the last one. Those with the same columns are one query: its plan costs
    more time than its rows."""
    frames = [session().sql(_query(table, version)) for table, version in reads]
    found = [None] * len(reads)
    for schema in {frame.schema.json(): frame.schema for frame in frames}.values():
        members = [at for at, frame in enumerate(frames) if frame.schema == schema]
        if MEMBER in schema.names or len(members) == 1:
            for at in members:
                found[at] = frames[at].toArrow()
            continue
        parts = [frames[at].withColumn(MEMBER, functions.lit(at)) for at in members]
        together = functools.reduce(DataFrame.unionAll, parts).toArrow()
        for at in members:
            found[at] = together.filter(pc.field(MEMBER) == at).drop_columns([MEMBER])
    return found


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

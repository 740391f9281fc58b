"""The same as deltalake_peer.py and deltalake_changes.py with Spark: commits FOLDER N | open FOLDER N print one JSON object with
the seconds within a running session; merge TABLE SOURCE | compact TABLE are measured from outside."""
import json
import pathlib
import sys
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import spark_session  # noqa: E402

spark = spark_session.start("changes", "8g")
delta = spark._jvm.org.apache.spark.sql.delta


def timed(work):
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def log_of(folder):
    return delta.DeltaLog.forTable(spark._jsparkSession, folder)


def commits(folder, count):
    log = log_of(folder)
    operation = getattr(getattr(delta, "DeltaOperations$ManualUpdate$"), "MODULE$")
    none = getattr(getattr(spark._jvm.scala, "None$"), "MODULE$")

    def append():
        action = {"add": {"path": f"part-{uuid.uuid4()}.zstd.parquet", "size": 1000000, "partitionValues": {},
                          "modificationTime": 1700000000000, "dataChange": True, "stats": '{"numRecords":1000}'}}
        actions = spark._jvm.java.util.ArrayList()
        actions.add(delta.actions.Action.fromJson(json.dumps(action)))
        actions = spark._jvm.scala.collection.JavaConverters.asScalaBuffer(actions).toSeq()
        log.startTransaction(none, none).commit(actions, operation)

    return [timed(append) for _ in range(count)]


def open_table(folder):
    delta.DeltaLog.clearCache()
    if len(spark.read.format("delta").load(folder).inputFiles()) == 0:
        raise SystemExit("no files")


command, table = sys.argv[1:3]
if command == "merge":
    spark.sql(f"MERGE INTO delta.`{table}` t USING parquet.`{sys.argv[3]}` s ON t.id = s.id "
              "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *")
elif command == "compact":
    spark.sql(f"OPTIMIZE delta.`{table}`")
else:
    count = int(sys.argv[3])
    seconds = commits(table, count) if command == "commits" else [timed(lambda: open_table(table)) for _ in range(count)]
    print(json.dumps({"seconds": seconds}))

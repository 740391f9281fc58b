"""The same as leat_delta.cc with deltalake (delta-rs): COMMAND FOLDER [N]. Prints one JSON object."""
import json
import sys
import time
import uuid

from deltalake import DeltaTable
from deltalake.transaction import AddAction


def action(table_size=1):
    return AddAction(path=f"part-{uuid.uuid4()}.zstd.parquet", size=1_000_000, partition_values={},
                     modification_time=1_700_000_000_000, data_change=True,
                     stats='{"numRecords":1000,"minValues":{"id":0,"name":"a"},"maxValues":{"id":999,"name":"z"},'
                           '"nullCount":{"id":0,"name":3}}')


def append(table):
    table.create_write_transaction([action()], mode="append", schema=table.schema(), partition_by=[])


def timed(work):
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def open_table(folder):
    table = DeltaTable(folder)
    if len(table.file_uris()) == 0:
        raise SystemExit("no files")


def commits(folder, count):
    table = DeltaTable(folder)
    return [timed(lambda: append(table)) for _ in range(count)]


def refresh(folder, count):
    reader, writer, seconds = DeltaTable(folder), DeltaTable(folder), []
    for _ in range(count):
        append(writer)
        seconds.append(timed(reader.update_incremental))
    return seconds


def main():
    command, folder, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if command == "open":
        seconds = [timed(lambda: open_table(folder)) for _ in range(count)]
    else:
        seconds = {"commits": commits, "refresh": refresh}[command](folder, count)
    print(json.dumps({"seconds": seconds}))


main()

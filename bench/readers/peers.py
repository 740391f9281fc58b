"""Files as they come into one Parquet file, by a peer: peers.py duckdb|polars FORMAT FILES OUT."""
import sys

peer, format, files, out = sys.argv[1:]
if peer == "duckdb":
    import duckdb

    reader = {"ndjson": f"read_json('{files}', format = 'newline_delimited')", "csv": f"read_csv('{files}', filename = true)"}[format]
    duckdb.sql(f"copy (from {reader}) to '{out}' (format parquet, compression zstd)")
elif peer == "polars":
    import polars

    scan = polars.scan_ndjson(files) if format == "ndjson" else polars.scan_csv(files, include_file_paths="filename")
    scan.sink_parquet(out, compression="zstd")
else:
    sys.exit(f"peers.py: no peer {peer}")

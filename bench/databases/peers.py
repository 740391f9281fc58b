"""A table of PostgreSQL into one Parquet file, by a peer: peers.py duckdb|connectorx HOST PORT DATABASE TABLE OUT."""
import pathlib
import sys
from importlib.util import find_spec

peer, host, port, database, table, out = sys.argv[1:]
if peer == "duckdb":
    import duckdb

    base = pathlib.Path(find_spec("duckdb_extension_postgres_scanner").origin).parent
    connection = duckdb.connect(config={"preserve_insertion_order": False})
    connection.load_extension(str(next(base.rglob("*.duckdb_extension"))))
    connection.sql(f"attach 'host={host} port={port} dbname={database} user=leat' as pg (type postgres, read_only)")
    connection.sql(f"copy (from pg.public.{table}) to '{out}' (format parquet, compression zstd, compression_level 1)")
elif peer == "connectorx":
    import connectorx
    import pyarrow.parquet

    rows = connectorx.read_sql(f"postgresql://leat@{host}:{port}/{database}", f"select * from {table}", return_type="arrow",
                               partition_on="order_id", partition_num=2)
    pyarrow.parquet.write_table(rows, out, compression="zstd", compression_level=1)
else:
    sys.exit(f"peers.py: no peer {peer}")

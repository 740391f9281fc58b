"""What `leat change` and `leat maintain` do, with deltalake (delta-rs): merge TABLE SOURCE | compact TABLE."""
import sys

import pyarrow.parquet
from deltalake import DeltaTable

command, table = sys.argv[1], DeltaTable(sys.argv[2])
if command == "merge":
    source = pyarrow.parquet.read_table(sys.argv[3])
    (table.merge(source, "t.id = s.id", source_alias="s", target_alias="t")
     .when_matched_update_all().when_not_matched_insert_all().execute())
else:
    table.optimize.compact()

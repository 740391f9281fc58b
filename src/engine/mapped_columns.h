// The columns of a data file under the names that its table gives them today. Includes DuckDB:
// engine/ only.
#pragma once

#include "data/schema.h"
#include "delta/column_mapping.h"
#include "duckdb/common/multi_file/multi_file_data.hpp"

namespace leat::engine {

// Renames a Parquet file's columns, nested ones too, from what column mapping calls them (physical
// names or field ids) to the names of the table's schema. Columns that the table no longer has get
// names that no column can have. Throws DuckDB's InvalidInputException when the table maps by id
// and the file has no ids.
void ApplyColumnMapping(const data::Schema& schema, delta::ColumnMapping mapping,
                        const std::string& file,
                        duckdb::vector<duckdb::MultiFileColumnDefinition>& columns);

}  // namespace leat::engine

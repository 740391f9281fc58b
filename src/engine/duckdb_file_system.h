// Paths in object stores for DuckDB: what its own file system is for the disk. Includes DuckDB:
// engine/ only.
#pragma once

#include "duckdb/common/open_file_info.hpp"
#include "duckdb/main/database.hpp"
#include "io/file_system.h"

namespace leat::engine {

// Lets all SQL of the database read and write "s3://bucket/key" through `files`, which outlives the
// database. Such a file is written from front to back, and appears when it is closed.
void RegisterObjectStores(duckdb::DatabaseInstance& database, io::FileSystem& files);

// A data file, which is never replaced. If its size is known (not 0), it is opened in an object
// store without being looked up, and what was read of it stays good.
duckdb::OpenFileInfo FileOfTable(std::string path, std::int64_t size_bytes);

}  // namespace leat::engine

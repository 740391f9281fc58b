// delta/'s Parquet needs, served by DuckDB over the Arrow C data interface.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "duckdb/common/arrow/arrow_converter.hpp"
#include "duckdb/common/arrow/arrow_wrapper.hpp"
#include "duckdb/function/table/arrow.hpp"
#include "duckdb/main/stream_query_result.hpp"
#include "engine/duckdb_text.h"
#include "engine/engine_error.h"
#include "engine/limits.h"
#include "engine/session_state.h"

namespace leat::engine {
namespace {

// One batch as the source of DuckDB's arrow_scan. DuckDB takes the array over once and the schema
// as often as it binds; the schema copy stays ours, so its release is masked.
struct SingleBatch {
  data::ArrowBatch batch;
  bool served = false;
};

int GetSchema(ArrowArrayStream* stream, ArrowSchema* out) {
  *out = static_cast<SingleBatch*>(stream->private_data)->batch.schema;
  out->release = [](ArrowSchema* schema) { schema->release = nullptr; };
  return 0;
}

int GetNext(ArrowArrayStream* stream, ArrowArray* out) {
  auto& single = *static_cast<SingleBatch*>(stream->private_data);
  *out = ArrowArray{};
  if (single.served) return 0;
  single.served = true;
  *out = single.batch.array;
  single.batch.array.release = nullptr;
  return 0;
}

duckdb::unique_ptr<duckdb::ArrowArrayStreamWrapper> Produce(uintptr_t batch,
                                                            duckdb::ArrowStreamParameters&) {
  auto wrapper = duckdb::make_uniq<duckdb::ArrowArrayStreamWrapper>();
  wrapper->arrow_array_stream =
      ArrowArrayStream{.get_schema = GetSchema,
                       .get_next = GetNext,
                       .get_last_error = [](ArrowArrayStream*) -> const char* { return nullptr; },
                       .release = [](ArrowArrayStream* stream) { stream->release = nullptr; },
                       .private_data = reinterpret_cast<void*>(batch)};
  return wrapper;
}

// DuckDB passes the factory's pointer here, not a stream.
void ProduceSchema(ArrowArrayStream* factory, ArrowSchema& schema) {
  ArrowArrayStream stream{};
  stream.private_data = factory;
  GetSchema(&stream, &schema);
}

// What the caller does next differs: a file that is gone or damaged may have others to stand in for
// it, a disk that does not answer has not.
Error ReadError(const duckdb::ErrorData& data, const std::string& path) {
  Error error = ToError(data, "");
  switch (data.Type()) {
    case duckdb::ExceptionType::INTERRUPT:
    case duckdb::ExceptionType::OUT_OF_MEMORY:
    case duckdb::ExceptionType::PERMISSION:
    case duckdb::ExceptionType::HTTP: break;
    case duckdb::ExceptionType::IO:
      if (error.message().find("No files found") == std::string::npos) break;
      return NotFound(path + " is missing");
    default: error = Corrupt(error.message()); break;
  }
  return std::move(error).WithContext("reading " + path);
}

// Per row group, its rows and its top-level columns, and whether the footer leaves room for a value
// in them: a checkpoint has a column for each kind of action, and reading the nulls of one costs
// as much as reading values.
constexpr const char* kRowGroups =
    "SELECT row_group_id, any_value(row_group_num_rows), split_part(path_in_schema, ', ', 1) AS "
    "column_name, NOT bool_and(coalesce(stats_null_count = num_values, false)) FROM "
    "parquet_metadata({}) GROUP BY row_group_id, column_name ORDER BY row_group_id, "
    "min(column_id)";

class DuckParquetHandler final : public delta::ParquetHandler {
 public:
  explicit DuckParquetHandler(duckdb::DuckDB& database) : database_(database) {}

  Result<std::vector<delta::RowRange>> Ranges(const std::string& path,
                                              const std::vector<std::string>& columns) override {
    try {
      duckdb::Connection connection(database_);
      auto groups = connection.Query(fmt::format(kRowGroups, QuoteLiteral(path)));
      if (groups->HasError()) return ReadError(groups->GetErrorObject(), path);
      std::vector<delta::RowRange> ranges;
      bool is_any_there = false;
      std::int64_t group = -1;
      std::int64_t first_row = 0;
      for (duckdb::idx_t row = 0; row < groups->RowCount(); row++) {
        const auto number = groups->GetValue(0, row).GetValue<std::int64_t>();
        if (number != group) {
          group = number;
          const auto rows = groups->GetValue(1, row).GetValue<std::int64_t>();
          if (rows < 0) return Corrupt(path + " has a row group of less than no rows");
          ranges.push_back({.first_row = first_row, .row_count = rows});
          first_row += rows;
        }
        const std::string name = groups->GetValue(2, row).ToString();
        if (std::find(columns.begin(), columns.end(), name) == columns.end()) continue;
        is_any_there = true;
        const bool has_values = groups->GetValue(3, row).GetValue<bool>();
        if (has_values) ranges.back().columns.push_back(name);
      }
      if (group == -1) {  // a file without rows has no row groups
        LEAT_ASSIGN(is_any_there, HasAnyOf(connection, path, columns));
      }
      if (!is_any_there) return Corrupt("none of the expected columns is in " + path);
      return Joined(std::move(ranges));
    } catch (const std::exception& e) {
      return ReadError(duckdb::ErrorData(e), path);
    }
  }

  Status Read(const std::string& path, const delta::RowRange& range,
              const std::function<Status(const data::ArrowBatch&)>& visit) override {
    try {
      duckdb::Connection connection(database_);
      std::vector<std::string> names;
      for (const std::string& name : range.columns) names.push_back(QuoteIdentifier(name));
      auto result = connection.SendQuery(
          fmt::format("SELECT {} FROM read_parquet({}) WHERE file_row_number BETWEEN {} AND {}",
                      Join(names, ", "), QuoteLiteral(path), range.first_row,
                      range.first_row + range.row_count - 1));
      if (result->HasError()) return ReadError(result->GetErrorObject(), path);
      std::int64_t rows = 0;
      Status visited = VisitBatches(*result, [&](const data::ArrowBatch& batch) {
        rows += batch.row_count();
        return visit(batch);
      });
      if (result->HasError()) return ReadError(result->GetErrorObject(), path);
      LEAT_TRY(std::move(visited));
      if (rows == range.row_count) return Ok();
      return Corrupt(fmt::format("{} has {} rows from row {}, its footer names {}", path, rows,
                                 range.first_row, range.row_count));
    } catch (const std::exception& e) {
      return ReadError(duckdb::ErrorData(e), path);
    }
  }

  Status Write(const std::string& path, data::ArrowBatch batch) override {
    try {
      duckdb::Connection connection(database_);
      SingleBatch single{.batch = std::move(batch)};
      connection
          .TableFunction("arrow_scan",
                         {duckdb::Value::POINTER(reinterpret_cast<uintptr_t>(&single)),
                          duckdb::Value::POINTER(reinterpret_cast<uintptr_t>(&Produce)),
                          duckdb::Value::POINTER(reinterpret_cast<uintptr_t>(&ProduceSchema))})
          ->CreateView("leat_batch", true, true);
      auto result =
          connection.Query("COPY (SELECT * FROM leat_batch) TO " + QuoteLiteral(path) +
                           fmt::format(" (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE {})",
                                       kCheckpointRowGroup));
      if (result->HasError()) return ToError(result->GetErrorObject(), "");
      return Ok();
    } catch (const std::exception& e) {
      return ToError(e, "").WithContext("writing " + path);
    }
  }

 private:
  static Result<bool> HasAnyOf(duckdb::Connection& connection, const std::string& path,
                               const std::vector<std::string>& columns) {
    auto there = connection.Query("FROM read_parquet(" + QuoteLiteral(path) + ") LIMIT 0");
    if (there->HasError()) return ReadError(there->GetErrorObject(), path);
    return std::any_of(there->names.begin(), there->names.end(), [&](const auto& name) {
      return std::find(columns.begin(), columns.end(), name) != columns.end();
    });
  }

  // Small neighbours with the same columns as one: each range costs a query.
  static std::vector<delta::RowRange> Joined(std::vector<delta::RowRange> ranges) {
    std::vector<delta::RowRange> joined;
    for (delta::RowRange& range : ranges) {
      const bool fits = !joined.empty() && joined.back().columns == range.columns &&
                        joined.back().row_count + range.row_count <= kCheckpointRowGroup;
      if (fits) {
        joined.back().row_count += range.row_count;
      } else {
        joined.push_back(std::move(range));
      }
    }
    return joined;
  }

  duckdb::DuckDB& database_;
};

}  // namespace

Status VisitBatches(duckdb::QueryResult& result,
                    const std::function<Status(const data::ArrowBatch&)>& visit) {
  while (auto chunk = result.Fetch()) {
    if (chunk->size() == 0) break;
    data::ArrowBatch batch;
    duckdb::ArrowConverter::ToArrowSchema(&batch.schema, result.types, result.names,
                                          result.client_properties);
    duckdb::ArrowConverter::ToArrowArray(*chunk, &batch.array, result.client_properties, {});
    LEAT_TRY(visit(batch));
  }
  if (result.HasError()) return ToError(result.GetErrorObject(), "");
  return Ok();
}

std::unique_ptr<delta::ParquetHandler> MakeParquetHandler(duckdb::DuckDB& database) {
  return std::make_unique<DuckParquetHandler>(database);
}

}  // namespace leat::engine

// delta/'s Parquet needs, served by DuckDB over the Arrow C data interface.
#include <set>

#include "base/text.h"
#include "duckdb/common/arrow/arrow_converter.hpp"
#include "duckdb/common/arrow/arrow_wrapper.hpp"
#include "duckdb/function/table/arrow.hpp"
#include "duckdb/main/stream_query_result.hpp"
#include "engine/duckdb_text.h"
#include "engine/engine_error.h"
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

class DuckParquetHandler final : public delta::ParquetHandler {
 public:
  explicit DuckParquetHandler(duckdb::DuckDB& database) : database_(database) {}

  Status Read(const std::string& path, const std::vector<std::string>& columns,
              const std::function<Status(const data::ArrowBatch&)>& visit) override {
    try {
      duckdb::Connection connection(database_);
      const std::string from = " FROM read_parquet(" + QuoteLiteral(path) + ")";
      auto there = connection.Query("SELECT * " + from + " LIMIT 0");
      if (there->HasError()) return ReadError(there->GetErrorObject(), path);
      LEAT_ASSIGN(const auto empty, ColumnsWithoutValues(connection, path));
      std::vector<std::string> wanted;
      bool is_any_there = false;
      for (const auto& name : there->names) {
        const bool asked =
            columns.empty() || std::find(columns.begin(), columns.end(), name) != columns.end();
        is_any_there |= asked;
        if (asked && !empty.contains(name)) wanted.push_back(QuoteIdentifier(name));
      }
      if (!is_any_there) return Corrupt("none of the expected columns is in " + path);
      if (wanted.empty()) return Ok();
      auto result = connection.SendQuery("SELECT " + Join(wanted, ", ") + from);
      if (result->HasError()) return ReadError(result->GetErrorObject(), path);
      Status visited = VisitBatches(*result, visit);
      if (result->HasError()) return ReadError(result->GetErrorObject(), path);
      return visited;
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
      auto result = connection.Query("COPY (SELECT * FROM leat_batch) TO " + QuoteLiteral(path) +
                                     " (FORMAT parquet, COMPRESSION snappy)");
      if (result->HasError()) return ToError(result->GetErrorObject(), "");
      return Ok();
    } catch (const std::exception& e) {
      return ToError(e, "").WithContext("writing " + path);
    }
  }

 private:
  // The top-level columns that the footer says to be null in every row: a checkpoint has a column
  // for each kind of action, and reading the nulls of one that the table lacks costs as much as
  // reading values.
  static Result<std::set<std::string>> ColumnsWithoutValues(duckdb::Connection& connection,
                                                            const std::string& path) {
    auto result = connection.Query(
        "SELECT column_name FROM (SELECT split_part(path_in_schema, ', ', 1) AS column_name, "
        "bool_and(coalesce(stats_null_count = num_values, false)) AS is_null FROM "
        "parquet_metadata(" +
        QuoteLiteral(path) + ") GROUP BY 1) WHERE is_null");
    if (result->HasError()) return ReadError(result->GetErrorObject(), path);
    std::set<std::string> columns;
    for (duckdb::idx_t row = 0; row < result->RowCount(); row++) {
      columns.insert(result->GetValue(0, row).ToString());
    }
    return columns;
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

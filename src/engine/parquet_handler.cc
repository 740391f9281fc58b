// delta/'s Parquet needs, served by DuckDB over the Arrow C data interface.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "base/text.h"
#include "duckdb/common/arrow/arrow_converter.hpp"
#include "duckdb/common/arrow/arrow_wrapper.hpp"
#include "duckdb/common/types/column/column_data_collection.hpp"
#include "duckdb/execution/operator/helper/physical_result_collector.hpp"
#include "duckdb/execution/physical_plan_generator.hpp"
#include "duckdb/function/table/arrow.hpp"
#include "duckdb/main/client_config.hpp"
#include "duckdb/main/materialized_query_result.hpp"
#include "duckdb/main/prepared_statement_data.hpp"
#include "duckdb/main/stream_query_result.hpp"
#include "engine/duckdb_text.h"
#include "engine/engine_error.h"
#include "engine/limits.h"
#include "engine/session_state.h"
#include "engine/work_connection.h"

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

Status VisitChunk(duckdb::DataChunk& chunk, const duckdb::vector<std::string>& names,
                  duckdb::ClientProperties& properties,
                  const std::function<Status(const data::ArrowBatch&)>& visit) {
  data::ArrowBatch batch;
  duckdb::ArrowConverter::ToArrowSchema(&batch.schema, chunk.GetTypes(), names, properties);
  duckdb::ArrowConverter::ToArrowArray(chunk, &batch.array, properties, {});
  return visit(batch);
}

// Ends a query by visiting its rows in the threads that make them: nothing is kept, nor passed from
// one thread to another. Parts are DuckDB's batches. An error of the visitor ends the query, which
// then has no error of its own.
class VisitingCollector final : public duckdb::PhysicalResultCollector {
 public:
  // Outlives the query.
  struct Visit {
    const delta::VisitRows& visit;
    std::atomic<std::int64_t> rows{0};
    std::atomic<bool> is_over{false};
    std::mutex mutex;
    Status status = Ok();  // the first that is not
  };

  VisitingCollector(duckdb::PreparedStatementData& data, duckdb::ClientContext& context,
                    Visit& visit)
      : PhysicalResultCollector(*data.physical_plan, data),
        properties_(context.GetClientProperties()),
        visit_(visit) {}

  duckdb::SinkResultType Sink(duckdb::ExecutionContext&, duckdb::DataChunk& chunk,
                              duckdb::OperatorSinkInput& input) const override {
    if (visit_.is_over) return duckdb::SinkResultType::FINISHED;
    const auto part = input.local_state.partition_info.batch_index.GetIndex();
    duckdb::ClientProperties properties = properties_;
    Status status = VisitChunk(chunk, names, properties, [&](const data::ArrowBatch& batch) {
      visit_.rows += batch.row_count();
      return visit_.visit(part, batch);
    });
    if (status.ok()) return duckdb::SinkResultType::NEED_MORE_INPUT;
    const std::lock_guard lock(visit_.mutex);
    if (!visit_.is_over.exchange(true)) visit_.status = std::move(status);
    return duckdb::SinkResultType::FINISHED;
  }
  duckdb::unique_ptr<duckdb::LocalSinkState> GetLocalSinkState(
      duckdb::ExecutionContext&) const override {
    return duckdb::make_uniq<duckdb::LocalSinkState>();
  }
  duckdb::unique_ptr<duckdb::GlobalSinkState> GetGlobalSinkState(
      duckdb::ClientContext& context) const override {
    auto state = duckdb::make_uniq<NoRows>();
    state->rows = CreateCollection(context);
    return state;
  }
  duckdb::unique_ptr<duckdb::QueryResult> GetResult(duckdb::GlobalSinkState& state) const override {
    return duckdb::make_uniq<duckdb::MaterializedQueryResult>(
        statement_type, properties, names, std::move(state.Cast<NoRows>().rows), properties_);
  }
  duckdb::OperatorPartitionInfo RequiredPartitionInfo() const override {
    return duckdb::OperatorPartitionInfo::BatchIndex();
  }
  bool ParallelSink() const override { return true; }

 private:
  // A result must have rows, if none.
  struct NoRows final : duckdb::GlobalSinkState {
    duckdb::unique_ptr<duckdb::ColumnDataCollection> rows;
  };

  const duckdb::ClientProperties properties_;
  Visit& visit_;
};

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

// Of each row group, its rows and its columns, nested ones by their path, and whether the footer
// leaves room for a value in them: a checkpoint has a column for each kind of action, and reading
// the nulls of one costs as much as reading values.
constexpr const char* kColumnChunks =
    "SELECT row_group_id, row_group_num_rows, path_in_schema, "
    "coalesce(stats_null_count <> num_values, true) FROM parquet_metadata({})";

// "add" of "add, deletionVector, offset".
std::string_view TopLevelName(std::string_view path_in_schema) {
  return path_in_schema.substr(0, path_in_schema.find(", "));
}

class DuckParquetHandler final : public delta::ParquetHandler {
 public:
  explicit DuckParquetHandler(duckdb::DuckDB& database) : database_(database) {}

  Result<std::vector<delta::RowRange>> Ranges(const std::string& path,
                                              const std::vector<std::string>& columns) override {
    try {
      WorkConnection own(database_);
      LEAT_TRY(own.RefuseIfStopped());
      duckdb::Connection& connection = *own;
      auto chunks = connection.Query(fmt::format(kColumnChunks, QuoteLiteral(path)));
      if (chunks->HasError()) return ReadError(chunks->GetErrorObject(), path);
      std::vector<delta::RowRange> ranges;
      bool is_any_there = false;
      std::int64_t group = -1;
      std::int64_t first_row = 0;
      for (auto& row : *chunks) {
        const auto number = row.GetValue<std::int64_t>(0);
        if (number != group) {
          group = number;
          const auto rows = row.GetValue<std::int64_t>(1);
          ranges.push_back({.first_row = first_row, .row_count = rows});
          if (rows < 0 || __builtin_add_overflow(first_row, rows, &first_row)) {
            return Corrupt(fmt::format("{} has a row group of {} rows", path, rows));
          }
        }
        const std::string column = row.GetValue<std::string>(2);
        const std::string_view name = TopLevelName(column);
        if (std::find(columns.begin(), columns.end(), name) == columns.end()) continue;
        is_any_there = true;
        auto& found = ranges.back().columns;
        const bool is_new = found.empty() || found.back() != name;
        const bool has_values = row.GetValue<bool>(3);
        if (has_values && is_new) found.emplace_back(name);
      }
      if (group == -1) {  // a file without rows has no row groups
        LEAT_ASSIGN(is_any_there, HasAnyOf(connection, path, columns));
      }
      if (!is_any_there) return Corrupt("none of the expected columns is in " + path);
      return ranges;
    } catch (const std::exception& e) {
      return ReadError(duckdb::ErrorData(e), path);
    }
  }

  Status Read(const std::string& path, const delta::RowRange& range,
              const delta::VisitRows& visit) override {
    try {
      WorkConnection own(database_);
      LEAT_TRY(own.RefuseIfStopped());
      duckdb::Connection& connection = *own;
      std::vector<std::string> names;
      for (const std::string& name : range.columns) names.push_back(QuoteIdentifier(name));
      VisitingCollector::Visit visited{.visit = visit};
      duckdb::ClientConfig::GetConfig(*connection.context).get_result_collector =
          [&](duckdb::ClientContext& context,
              duckdb::PreparedStatementData& data) -> duckdb::unique_ptr<duckdb::PhysicalOperator> {
        return duckdb::make_uniq<VisitingCollector>(data, context, visited);
      };
      auto result = connection.Query(
          fmt::format("SELECT {} FROM read_parquet({}) WHERE file_row_number BETWEEN {} AND {}",
                      Join(names, ", "), QuoteLiteral(path), range.first_row,
                      range.first_row + range.row_count - 1));
      if (result->HasError()) return ReadError(result->GetErrorObject(), path);
      LEAT_TRY(std::move(visited.status));
      if (visited.rows == range.row_count) return Ok();
      return Corrupt(fmt::format("{} has {} rows from row {}, its footer names {}", path,
                                 visited.rows.load(), range.first_row, range.row_count));
    } catch (const std::exception& e) {
      return ReadError(duckdb::ErrorData(e), path);
    }
  }

  Status Write(const std::string& path, data::ArrowBatch batch) override {
    try {
      WorkConnection own(database_);
      LEAT_TRY(own.RefuseIfStopped());
      duckdb::Connection& connection = *own;
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

  duckdb::DuckDB& database_;
};

}  // namespace

Status VisitBatches(duckdb::QueryResult& result,
                    const std::function<Status(const data::ArrowBatch&)>& visit) {
  while (auto chunk = result.Fetch()) {
    if (chunk->size() == 0) break;
    LEAT_TRY(VisitChunk(*chunk, result.names, result.client_properties, visit));
  }
  if (result.HasError()) return ToError(result.GetErrorObject(), "");
  return Ok();
}

std::unique_ptr<delta::ParquetHandler> MakeParquetHandler(duckdb::DuckDB& database) {
  return std::make_unique<DuckParquetHandler>(database);
}

}  // namespace leat::engine

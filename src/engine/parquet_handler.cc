// delta/'s Parquet needs, served by DuckDB over the Arrow C data interface.
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

class DuckParquetHandler final : public delta::ParquetHandler {
 public:
  explicit DuckParquetHandler(duckdb::DuckDB& database) : database_(database) {}

  Status Read(const std::string& path, const std::vector<std::string>& columns,
              const std::function<Status(const data::ArrowBatch&)>& visit) override {
    try {
      duckdb::Connection connection(database_);
      const std::string from = " FROM read_parquet(" + QuoteLiteral(path) + ")";
      auto there = connection.Query("SELECT * " + from + " LIMIT 0");
      if (there->HasError()) return ToError(there->GetErrorObject(), "");
      std::vector<std::string> wanted;
      for (const auto& name : there->names) {
        const bool asked =
            columns.empty() || std::find(columns.begin(), columns.end(), name) != columns.end();
        if (asked) wanted.push_back(QuoteIdentifier(name));
      }
      if (wanted.empty()) return Corrupt("none of the expected columns is in " + path);
      auto result = connection.SendQuery("SELECT " + Join(wanted, ", ") + from);
      if (result->HasError()) return ToError(result->GetErrorObject(), "");
      return VisitBatches(*result, visit);
    } catch (const std::exception& e) {
      return ToError(e, "").WithContext("reading " + path);
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

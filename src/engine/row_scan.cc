// leat_rows(key): the rows of a RowSource that the session knows under the key.
#include <fmt/format.h>

#include <cstring>

#include "base/int128.h"
#include "duckdb/catalog/catalog.hpp"
#include "duckdb/parser/parsed_data/create_table_function_info.hpp"
#include "engine/duckdb_types.h"
#include "engine/session_state.h"

namespace leat::engine {
namespace {

using Batch = std::shared_ptr<const data::ArrowBatch>;  // shared: with the strings of chunks

// Keeps a batch as long as a vector has strings in it.
class BatchBuffer final : public duckdb::VectorBuffer {
 public:
  explicit BatchBuffer(Batch batch)
      : VectorBuffer(duckdb::VectorBufferType::OPAQUE_BUFFER), batch_(std::move(batch)) {}

 private:
  Batch batch_;
};

struct RowsBind final : duckdb::TableFunctionData {
  std::shared_ptr<const RowSource> source;
};

struct RowsGlobal final : duckdb::GlobalTableFunctionState {
  explicit RowsGlobal(std::shared_ptr<const RowSource> of) : source(std::move(of)) {}
  duckdb::idx_t MaxThreads() const override {
    return source->max_threads > 0 ? static_cast<duckdb::idx_t>(source->max_threads)
                                   : GlobalTableFunctionState::MAX_THREADS;
  }

  std::shared_ptr<const RowSource> source;
  std::unique_ptr<RowReader> reader;
  duckdb::vector<duckdb::column_t> columns;
};

struct RowsLocal final : duckdb::LocalTableFunctionState {
  Batch batch;
  std::int64_t offset = 0;  // of the first row that is not handed out yet
};

duckdb::unique_ptr<duckdb::FunctionData> BindRows(duckdb::ClientContext& context,
                                                  duckdb::TableFunctionBindInput& input,
                                                  duckdb::vector<duckdb::LogicalType>& types,
                                                  duckdb::vector<std::string>& names) {
  const auto& known = SessionState::Of(context)->row_sources;
  const auto found = known.find(duckdb::StringValue::Get(input.inputs[0]));
  if (found == known.end())
    throw duckdb::InvalidInputException("leat_rows is for Leat's own queries");
  auto bind = duckdb::make_uniq<RowsBind>();
  bind->source = found->second;
  for (const data::Field& field : bind->source->schema.fields) {
    types.push_back(ToLogicalType(field.type));
    names.push_back(field.name);
  }
  return bind;
}

duckdb::unique_ptr<duckdb::GlobalTableFunctionState> InitGlobal(
    duckdb::ClientContext&, duckdb::TableFunctionInitInput& input) {
  auto state = duckdb::make_uniq<RowsGlobal>(input.bind_data->Cast<RowsBind>().source);
  state->columns = input.column_ids;
  auto reader = state->source->open();
  if (!reader.ok()) Throw(reader.error());
  state->reader = std::move(*reader);
  return state;
}

duckdb::unique_ptr<duckdb::LocalTableFunctionState> InitLocal(duckdb::ExecutionContext&,
                                                              duckdb::TableFunctionInitInput&,
                                                              duckdb::GlobalTableFunctionState*) {
  return duckdb::make_uniq<RowsLocal>();
}

bool BitAt(const void* bits, std::int64_t at) {
  return (static_cast<const std::uint8_t*>(bits)[at / 8] >> (at % 8) & 1U) != 0;
}

void FillValidity(duckdb::Vector& out, const ArrowArray& array, std::int64_t offset,
                  std::int64_t count) {
  if (array.null_count == 0 || array.buffers[0] == nullptr) return;
  auto& mask = duckdb::FlatVector::Validity(out);
  for (std::int64_t i = 0; i < count; i++) {
    if (!BitAt(array.buffers[0], offset + i)) mask.SetInvalid(static_cast<duckdb::idx_t>(i));
  }
}

std::string_view TextAt(const ArrowArray& array, std::int64_t row) {
  const auto* offsets = static_cast<const std::int64_t*>(array.buffers[1]);
  const auto* bytes = static_cast<const char*>(array.buffers[2]);
  return {bytes + offsets[row], static_cast<std::size_t>(offsets[row + 1] - offsets[row])};
}

duckdb::string_t StringOf(std::string_view text) {
  return {text.data(), static_cast<std::uint32_t>(text.size())};
}

template <typename Narrow>
void FillDecimals(duckdb::Vector& out, const Int128* values, std::int64_t count) {
  auto* filled = duckdb::FlatVector::GetData<Narrow>(out);
  for (std::int64_t i = 0; i < count; i++) filled[i] = static_cast<Narrow>(values[i]);
}

void FillDecimal(duckdb::Vector& out, const ArrowArray& array, std::int64_t offset,
                 std::int64_t count) {
  const Int128* values = static_cast<const Int128*>(array.buffers[1]) + offset;
  switch (out.GetType().InternalType()) {
    case duckdb::PhysicalType::INT16: return FillDecimals<std::int16_t>(out, values, count);
    case duckdb::PhysicalType::INT32: return FillDecimals<std::int32_t>(out, values, count);
    case duckdb::PhysicalType::INT64: return FillDecimals<std::int64_t>(out, values, count);
    default:
      std::memcpy(duckdb::FlatVector::GetData(out), values,
                  static_cast<std::size_t>(count) * sizeof(Int128));
  }
}

void Fill(duckdb::Vector& out, const ArrowArray& array, const Batch& batch, std::int64_t offset,
          std::int64_t count);

void FillList(duckdb::Vector& out, const ArrowArray& array, const Batch& batch, std::int64_t offset,
              std::int64_t count) {
  const auto* offsets = static_cast<const std::int32_t*>(array.buffers[1]) + offset;
  auto* entries = duckdb::FlatVector::GetData<duckdb::list_entry_t>(out);
  for (std::int64_t i = 0; i < count; i++) {
    entries[i] = {static_cast<duckdb::idx_t>(offsets[i] - offsets[0]),
                  static_cast<duckdb::idx_t>(offsets[i + 1] - offsets[i])};
  }
  const std::int64_t elements = offsets[count] - offsets[0];
  duckdb::ListVector::Reserve(out, static_cast<duckdb::idx_t>(elements));
  Fill(duckdb::ListVector::GetEntry(out), *array.children[0], batch, offsets[0], elements);
  duckdb::ListVector::SetListSize(out, static_cast<duckdb::idx_t>(elements));
}

void FillText(duckdb::Vector& out, const ArrowArray& array, const Batch& batch, std::int64_t offset,
              std::int64_t count) {
  auto* texts = duckdb::FlatVector::GetData<duckdb::string_t>(out);
  for (std::int64_t i = 0; i < count; i++) texts[i] = StringOf(TextAt(array, offset + i));
  duckdb::StringVector::AddBuffer(out, duckdb::make_buffer<BatchBuffer>(batch));
}

// The array's rows from `offset` into a flat vector.
void Fill(duckdb::Vector& out, const ArrowArray& array, const Batch& batch, std::int64_t offset,
          std::int64_t count) {
  FillValidity(out, array, offset, count);
  const duckdb::LogicalType& type = out.GetType();
  switch (type.id()) {
    case duckdb::LogicalTypeId::BOOLEAN: {
      auto* values = duckdb::FlatVector::GetData<bool>(out);
      for (std::int64_t i = 0; i < count; i++) values[i] = BitAt(array.buffers[1], offset + i);
      return;
    }
    case duckdb::LogicalTypeId::DECIMAL: return FillDecimal(out, array, offset, count);
    case duckdb::LogicalTypeId::VARCHAR:
    case duckdb::LogicalTypeId::BLOB: return FillText(out, array, batch, offset, count);
    case duckdb::LogicalTypeId::LIST:
    case duckdb::LogicalTypeId::MAP: return FillList(out, array, batch, offset, count);
    case duckdb::LogicalTypeId::STRUCT: {
      auto& fields = duckdb::StructVector::GetEntries(out);
      for (std::size_t i = 0; i < fields.size(); i++)
        Fill(*fields[i], *array.children[i], batch, offset, count);
      return;
    }
    default: break;
  }
  const duckdb::idx_t width = duckdb::GetTypeIdSize(type.InternalType());
  std::memcpy(
      duckdb::FlatVector::GetData(out),
      static_cast<const char*>(array.buffers[1]) + static_cast<duckdb::idx_t>(offset) * width,
      static_cast<duckdb::idx_t>(count) * width);
}

void FillConstant(duckdb::Vector& out, const ArrowArray& dictionary, const Batch& batch) {
  out.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
  duckdb::ConstantVector::GetData<duckdb::string_t>(out)[0] = StringOf(TextAt(dictionary, 0));
  duckdb::StringVector::AddBuffer(out, duckdb::make_buffer<BatchBuffer>(batch));
}

void ScanRows(duckdb::ClientContext&, duckdb::TableFunctionInput& input, duckdb::DataChunk& out) {
  auto& global = input.global_state->Cast<RowsGlobal>();
  auto& local = input.local_state->Cast<RowsLocal>();
  while (!local.batch || local.offset == local.batch->row_count()) {
    auto next = global.reader->Next();
    if (!next.ok()) Throw(next.error());
    if (!next->has_value()) {
      out.SetCardinality(0);
      return;
    }
    local.batch = std::make_shared<const data::ArrowBatch>(std::move(**next));
    local.offset = 0;
  }
  const std::int64_t count =
      std::min<std::int64_t>(local.batch->row_count() - local.offset, STANDARD_VECTOR_SIZE);
  for (std::size_t i = 0; i < global.columns.size(); i++) {
    if (duckdb::IsVirtualColumn(global.columns[i])) continue;  // count(*): no values are asked for
    const ArrowArray& array = *local.batch->array.children[global.columns[i]];
    if (array.dictionary != nullptr) {
      FillConstant(out.data[i], *array.dictionary, local.batch);
    } else {
      Fill(out.data[i], array, local.batch, local.offset, count);
    }
  }
  out.SetCardinality(static_cast<duckdb::idx_t>(count));
  local.offset += count;
}

double ProgressOf(duckdb::ClientContext&, const duckdb::FunctionData*,
                  const duckdb::GlobalTableFunctionState* state) {
  const double done = state->Cast<RowsGlobal>().reader->progress();
  return done < 0 ? done : done * 100;
}

}  // namespace

void RegisterRowScan(duckdb::DatabaseInstance& database) {
  duckdb::TableFunction function("leat_rows", {duckdb::LogicalType::VARCHAR}, ScanRows, BindRows,
                                 InitGlobal, InitLocal);
  function.projection_pushdown = true;
  function.table_scan_progress = ProgressOf;
  auto& catalog = duckdb::Catalog::GetSystemCatalog(database);
  duckdb::CreateTableFunctionInfo info(function);
  catalog.CreateTableFunction(duckdb::CatalogTransaction::GetSystemTransaction(database), info);
}

}  // namespace leat::engine

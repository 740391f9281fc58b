// leat_read_csv: DuckDB's CSV reader with one more column, _leat_position: the byte offset (in the
// decoded text) where each row begins. DuckDB knows it for its error messages and keeps it to
// itself; this reads it there, which holds for exactly the pinned version.
#include "duckdb/catalog/catalog.hpp"
#include "duckdb/common/multi_file/multi_file_function.hpp"
#include "duckdb/common/multi_file/multi_file_reader.hpp"
#include "duckdb/execution/operator/csv_scanner/csv_file_scanner.hpp"
#include "duckdb/execution/operator/csv_scanner/csv_multi_file_info.hpp"
#include "duckdb/execution/operator/csv_scanner/global_csv_state.hpp"
#include "duckdb/execution/operator/csv_scanner/string_value_scanner.hpp"
#include "duckdb/function/table/read_csv.hpp"
#include "duckdb/parser/parsed_data/create_table_function_info.hpp"
#include "engine/session_state.h"

namespace leat::engine {

constexpr const char* kPositionColumn = "_leat_position";
constexpr std::int64_t kUnknownPosition = -1;  // read as null

// An explicit instantiation may name a private member ([temp.spec]/6); the friend function hands it
// out.
duckdb::StringValueResult& ResultOf(duckdb::StringValueScanner& scanner);
template <duckdb::StringValueResult duckdb::StringValueScanner::* kMember>
struct ResultAccess {
  friend duckdb::StringValueResult& ResultOf(duckdb::StringValueScanner& scanner) {
    return scanner.*kMember;
  }
};
template struct ResultAccess<&duckdb::StringValueScanner::result>;

namespace {

struct PositionedLocalState final : duckdb::LocalTableFunctionState {
  duckdb::unique_ptr<duckdb::StringValueScanner> scanner;
};

// Positions of the rows of the chunk that this thread scanned last; taken over by FinalizeChunk on
// the same thread.
thread_local std::vector<std::int64_t> t_positions;

class PositionedCsvFile final : public duckdb::CSVFileScan {
 public:
  using CSVFileScan::CSVFileScan;

  bool TryInitializeScan(duckdb::ClientContext&, duckdb::GlobalTableFunctionState& global,
                         duckdb::LocalTableFunctionState& local) override {
    auto& state = local.Cast<PositionedLocalState>();
    auto& csv = global.Cast<duckdb::CSVGlobalState>();
    csv.FinishScan(std::move(state.scanner));
    auto self =
        duckdb::shared_ptr_cast<duckdb::BaseFileReader, duckdb::CSVFileScan>(shared_from_this());
    state.scanner = csv.Next(self);
    return state.scanner != nullptr;
  }

  duckdb::AsyncResult Scan(duckdb::ClientContext& context, duckdb::GlobalTableFunctionState&,
                           duckdb::LocalTableFunctionState& local,
                           duckdb::DataChunk& chunk) override {
    auto& state = local.Cast<PositionedLocalState>();
    if (state.scanner->FinishedIterator())
      return duckdb::AsyncResult(duckdb::SourceResultType::FINISHED);
    state.scanner->Flush(chunk);
    TakePositions(ResultOf(*state.scanner), chunk);
    SessionState::Of(context)->csv_rows += static_cast<std::int64_t>(chunk.size());
    return chunk.size() == 0 ? duckdb::AsyncResult(duckdb::SourceResultType::FINISHED)
                             : duckdb::AsyncResult(duckdb::SourceResultType::HAVE_MORE_OUTPUT);
  }

 private:
  // A chunk from which rows with failed casts were cut holds dictionary vectors over all parsed
  // rows: their selection says which row of the parser each one was.
  static void TakePositions(duckdb::StringValueResult& result, duckdb::DataChunk& chunk) {
    const duckdb::SelectionVector* selection = nullptr;
    for (auto& column : chunk.data) {
      if (column.GetVectorType() == duckdb::VectorType::DICTIONARY_VECTOR) {
        selection = &duckdb::DictionaryVector::SelVector(column);
        break;
      }
    }
    t_positions.clear();
    for (duckdb::idx_t row = 0; row < chunk.size(); row++) {
      const duckdb::idx_t parsed = selection == nullptr ? row : selection->get_index(row);
      const auto found = result.line_positions_per_row.find(parsed);
      t_positions.push_back(found == result.line_positions_per_row.end()
                                ? kUnknownPosition
                                : BeginOf(result, found->second.begin));
    }
  }

  // The parser's position may be that of the line break before the row.
  static std::int64_t BeginOf(duckdb::StringValueResult& result,
                              const duckdb::LinePosition& begin) {
    const auto position = static_cast<std::int64_t>(begin.GetGlobalPosition(result.requested_size));
    const auto buffer = result.buffer_handles.find(begin.buffer_idx);
    if (buffer == result.buffer_handles.end() || begin.buffer_pos >= buffer->second->actual_size)
      return position;
    const char* text = buffer->second->Ptr() + begin.buffer_pos;
    if (text[0] == '\r' && begin.buffer_pos + 1 < buffer->second->actual_size && text[1] == '\n')
      return position + 2;
    return text[0] == '\n' || text[0] == '\r' ? position + 1 : position;
  }
};

struct PositionedCsvInfo final : duckdb::CSVMultiFileInfo {
  static duckdb::unique_ptr<duckdb::MultiFileReaderInterface> CreateInterface(
      duckdb::ClientContext&) {
    return duckdb::make_uniq<PositionedCsvInfo>();
  }
  duckdb::unique_ptr<duckdb::LocalTableFunctionState> InitializeLocalState(
      duckdb::ExecutionContext&, duckdb::GlobalTableFunctionState&) override {
    return duckdb::make_uniq<PositionedLocalState>();
  }
  void FinishReading(duckdb::ClientContext&, duckdb::GlobalTableFunctionState& global,
                     duckdb::LocalTableFunctionState& local) override {
    global.Cast<duckdb::CSVGlobalState>().FinishScan(
        std::move(local.Cast<PositionedLocalState>().scanner));
  }

  duckdb::shared_ptr<duckdb::BaseFileReader> CreateReader(
      duckdb::ClientContext& context, duckdb::GlobalTableFunctionState& global,
      const duckdb::OpenFileInfo& file, duckdb::idx_t file_index,
      const duckdb::MultiFileBindData& bind) override {
    auto& csv = bind.bind_data->Cast<duckdb::ReadCSVData>();
    auto options = csv.options;
    if (bind.file_list->GetExpandResult() == duckdb::FileExpandResult::SINGLE_FILE) {
      options.auto_detect = false;
    }
    duckdb::shared_ptr<duckdb::CSVBufferManager> buffers;
    if (file_index == 0 && csv.buffer_manager && csv.buffer_manager->GetFilePath() == file.path) {
      buffers = csv.buffer_manager;
    }
    duckdb::vector<duckdb::string> names = bind.names;
    duckdb::vector<duckdb::LogicalType> types = bind.types;
    names.pop_back();  // the position is no column of the file
    types.pop_back();
    return duckdb::make_shared_ptr<PositionedCsvFile>(
        context, file, std::move(options), bind.file_options, names, types, csv.csv_schema,
        global.Cast<duckdb::CSVGlobalState>().SingleThreadedRead(), std::move(buffers), false);
  }
};

class PositionedReader final : public duckdb::MultiFileReader {
 public:
  static duckdb::unique_ptr<duckdb::MultiFileReader> Create(const duckdb::TableFunction& function) {
    auto reader = duckdb::make_uniq<PositionedReader>();
    reader->function_name = function.name;
    return reader;
  }
  duckdb::unique_ptr<duckdb::MultiFileReader> Copy() const override {
    return duckdb::make_uniq<PositionedReader>(*this);
  }

  void BindOptions(duckdb::MultiFileOptions& options, duckdb::MultiFileList& files,
                   duckdb::vector<duckdb::LogicalType>& types,
                   duckdb::vector<duckdb::string>& names,
                   duckdb::MultiFileReaderBindData& bind_data) override {
    MultiFileReader::BindOptions(options, files, types, names, bind_data);
    names.emplace_back(kPositionColumn);
    types.emplace_back(duckdb::LogicalType::BIGINT);
  }

  void FinalizeBind(duckdb::MultiFileReaderData& data, const duckdb::MultiFileOptions& options,
                    const duckdb::MultiFileReaderBindData& bind_data,
                    const duckdb::vector<duckdb::MultiFileColumnDefinition>& columns,
                    const duckdb::vector<duckdb::ColumnIndex>& column_ids,
                    duckdb::ClientContext& context,
                    duckdb::optional_ptr<duckdb::MultiFileReaderGlobalState> state) override {
    MultiFileReader::FinalizeBind(data, options, bind_data, columns, column_ids, context, state);
    if (const auto column = PositionColumnOf(state)) {
      data.constant_map.Add(duckdb::MultiFileGlobalIndex(*column),
                            duckdb::Value::BIGINT(kUnknownPosition));
    }
  }

  duckdb::unique_ptr<duckdb::MultiFileReaderGlobalState> InitializeGlobalState(
      duckdb::ClientContext&, const duckdb::MultiFileOptions&,
      const duckdb::MultiFileReaderBindData&, const duckdb::MultiFileList& files,
      const duckdb::vector<duckdb::MultiFileColumnDefinition>& columns,
      const duckdb::vector<duckdb::ColumnIndex>& column_ids) override {
    auto state = duckdb::make_uniq<PositionedGlobalState>(files);
    for (duckdb::idx_t i = 0; i < column_ids.size(); i++) {
      const auto id = column_ids[i].GetPrimaryIndex();
      if (id < columns.size() && columns[id].name == kPositionColumn) state->position_column = i;
    }
    return state;
  }

  void FinalizeChunk(duckdb::ClientContext& context, const duckdb::MultiFileBindData& bind_data,
                     duckdb::BaseFileReader& reader, const duckdb::MultiFileReaderData& data,
                     duckdb::DataChunk& input, duckdb::DataChunk& output,
                     duckdb::ExpressionExecutor& executor,
                     duckdb::optional_ptr<duckdb::MultiFileReaderGlobalState> state) override {
    MultiFileReader::FinalizeChunk(context, bind_data, reader, data, input, output, executor,
                                   state);
    const auto column = PositionColumnOf(state);
    if (!column) return;
    duckdb::Vector filled(duckdb::LogicalType::BIGINT);
    auto* positions = duckdb::FlatVector::GetData<std::int64_t>(filled);
    for (duckdb::idx_t row = 0; row < output.size(); row++) {
      positions[row] = t_positions[row];
      if (t_positions[row] == kUnknownPosition) duckdb::FlatVector::SetNull(filled, row, true);
    }
    output.data[*column].Reference(filled);
  }

 private:
  struct PositionedGlobalState final : duckdb::MultiFileReaderGlobalState {
    explicit PositionedGlobalState(const duckdb::MultiFileList& files)
        : MultiFileReaderGlobalState({},
                                     duckdb::optional_ptr<const duckdb::MultiFileList>(&files)) {}
    std::optional<duckdb::idx_t> position_column;  // among the projected columns
  };

  static std::optional<duckdb::idx_t> PositionColumnOf(
      duckdb::optional_ptr<duckdb::MultiFileReaderGlobalState> state) {
    return static_cast<PositionedGlobalState&>(*state).position_column;
  }
};

}  // namespace

void RegisterPositionedCsv(duckdb::DatabaseInstance& database) {
  duckdb::MultiFileFunction<PositionedCsvInfo> function("leat_read_csv");
  duckdb::ReadCSVTableFunction::ReadCSVAddNamedParameters(function);
  function.get_multi_file_reader = PositionedReader::Create;
  duckdb::CreateTableFunctionInfo info(duckdb::MultiFileReader::CreateFunctionSet(function));
  auto& catalog = duckdb::Catalog::GetSystemCatalog(database);
  catalog.CreateTableFunction(duckdb::CatalogTransaction::GetSystemTransaction(database), info);
}

}  // namespace leat::engine

// leat_parquet: DuckDB's Parquet COPY, but faster for texts that repeat. DuckDB's writer looks
// every text up in a hash table, twice; the numbers of an ENUM it writes as they are. So the first
// rows are held back until they show which columns have few values, and those columns are written
// as ENUM, which in the file is the same dictionary of texts. A row with a value that comes only
// later goes to a second file. Ordered rows are written as DuckDB writes them.
#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>

#include "duckdb/catalog/catalog.hpp"
#include "duckdb/catalog/catalog_entry/copy_function_catalog_entry.hpp"
#include "duckdb/common/types/hash.hpp"
#include "duckdb/execution/execution_context.hpp"
#include "duckdb/execution/operator/persistent/physical_copy_to_file.hpp"
#include "duckdb/function/copy_function.hpp"
#include "duckdb/parallel/thread_context.hpp"
#include "duckdb/parser/parsed_data/copy_info.hpp"
#include "duckdb/parser/parsed_data/create_copy_function_info.hpp"
#include "engine/limits.h"
#include "engine/session_state.h"

namespace leat::engine {
namespace {

using duckdb::idx_t;
using duckdb::string_t;

bool MayBeEnumValue(const string_t& text) {
  if (text.GetSize() > kMaxEnumValueBytes) return false;
  const char* data = text.GetData();
  return std::all_of(data, data + text.GetSize(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x20; });
}

// The values of a column, numbered in the order in which they came: open addressing, linear
// probing.
class Dictionary {
 public:
  static constexpr std::uint32_t kUnknown = UINT32_MAX;

  Dictionary() : values_(duckdb::LogicalType::VARCHAR, kMaxEnumValues), slots_(kSlots) {}

  std::uint32_t Find(const string_t& text) const { return slots_[SlotOf(text)].number; }

  // False if the column cannot be an ENUM.
  bool Add(const string_t& text) {
    Slot& slot = slots_[SlotOf(text)];
    if (slot.number != kUnknown) return true;
    if (count_ == kMaxEnumValues || !MayBeEnumValue(text)) return false;
    slot.text = duckdb::StringVector::AddString(values_, text);
    slot.number = count_;
    duckdb::FlatVector::GetData<string_t>(values_)[count_++] = slot.text;
    return true;
  }

  std::uint32_t count() const { return count_; }
  duckdb::LogicalType MakeType() { return duckdb::LogicalType::ENUM(values_, count_); }

  std::pair<std::string, std::string> MinAndMax() const {
    std::vector<string_t> found;
    for (const Slot& slot : slots_) {
      if (slot.number != kUnknown) found.push_back(slot.text);
    }
    const auto [min, max] = std::minmax_element(found.begin(), found.end());
    return {min->GetString(), max->GetString()};
  }

 private:
  struct Slot {
    string_t text;
    std::uint32_t number = kUnknown;
  };
  static constexpr std::size_t kSlots = std::size_t{4} * kMaxEnumValues;
  static_assert((kSlots & (kSlots - 1)) == 0);

  // A short text is 16 bytes with its length, zeros after its end; they are mixed here, faster than
  // by a call for each row.
  static std::size_t HashOf(const string_t& text) {
    if (!text.IsInlined()) return duckdb::Hash(text);
    std::uint64_t words[2];
    static_assert(sizeof(words) == sizeof(text));
    std::memcpy(words, &text, sizeof(words));
    std::uint64_t mixed = (words[0] ^ (words[1] * 0x9E3779B97F4A7C15)) * 0xBF58476D1CE4E5B9;
    return mixed ^ (mixed >> 32);
  }

  // Where the text is, or where it belongs.
  std::size_t SlotOf(const string_t& text) const {
    std::size_t at = HashOf(text) & (kSlots - 1);
    while (slots_[at].number != kUnknown && slots_[at].text != text) at = (at + 1) & (kSlots - 1);
    return at;
  }

  duckdb::Vector values_;
  std::vector<Slot> slots_;
  std::uint32_t count_ = 0;
};

// The type with the names of structs' fields as in `names`. The rows' vectors stay as they are: a
// struct's fields are told by their order.
duckdb::LogicalType Renamed(const duckdb::LogicalType& type, const data::Type& names) {
  using duckdb::LogicalType;
  switch (type.id()) {
    case duckdb::LogicalTypeId::STRUCT: {
      duckdb::child_list_t<LogicalType> fields;
      std::size_t i = 0;
      for (const auto& [name, field] : duckdb::StructType::GetChildTypes(type)) {
        const data::Field& renamed = names.children.at(i++);
        fields.emplace_back(renamed.name, Renamed(field, renamed.type));
      }
      return LogicalType::STRUCT(std::move(fields));
    }
    case duckdb::LogicalTypeId::LIST:
      return LogicalType::LIST(
          Renamed(duckdb::ListType::GetChildType(type), names.children.at(0).type));
    case duckdb::LogicalTypeId::MAP:
      return LogicalType::MAP(Renamed(duckdb::MapType::KeyType(type), names.children.at(0).type),
                              Renamed(duckdb::MapType::ValueType(type), names.children.at(1).type));
    default: return type;
  }
}

// The FIELD_IDS of DuckDB's writer: {column: id} or {column: {__duckdb_field_id: id, field: …}}.
// Null when no column has an id.
duckdb::Value FieldIds(const std::vector<data::Field>& fields, std::optional<std::int32_t> own) {
  duckdb::child_list_t<duckdb::Value> ids;
  if (own) ids.emplace_back("__duckdb_field_id", duckdb::Value::INTEGER(*own));
  for (const data::Field& field : fields) {
    auto value = FieldIds(field.type.children, delta::ColumnId(field));
    if (!value.IsNull()) ids.emplace_back(field.name, std::move(value));
  }
  if (ids.empty()) return duckdb::Value();
  if (own && ids.size() == 1) return ids[0].second;
  return duckdb::Value::STRUCT(std::move(ids));
}

struct BindData final : duckdb::FunctionData {
  duckdb::CopyFunction parquet{""};
  duckdb::case_insensitive_map_t<duckdb::vector<duckdb::Value>> options;
  duckdb::vector<std::string> names;          // in the file
  duckdb::vector<duckdb::LogicalType> types;  // of the rows
  std::vector<data::Field> columns;           // FileLayout::columns

  duckdb::unique_ptr<duckdb::FunctionData> Copy() const override {
    auto copy = duckdb::make_uniq<BindData>();
    copy->parquet = parquet;
    copy->options = options;
    copy->names = names;
    copy->types = types;
    copy->columns = columns;
    return copy;
  }
  bool Equals(const duckdb::FunctionData& other) const override { return this == &other; }

  duckdb::unique_ptr<duckdb::FunctionData> BindParquet(
      duckdb::ClientContext& context, const std::string& path,
      const duckdb::vector<duckdb::LogicalType>& written) const {
    duckdb::CopyInfo info;
    info.is_from = false;
    info.format = "parquet";
    info.file_path = path;
    info.options = options;
    duckdb::CopyFunctionBindInput input(info, parquet.function_info);
    if (columns.empty()) return parquet.copy_to_bind(context, input, names, written);
    duckdb::vector<duckdb::LogicalType> renamed;
    for (idx_t i = 0; i < written.size(); i++)
      renamed.push_back(Renamed(written[i], columns[i].type));
    return parquet.copy_to_bind(context, input, names, renamed);
  }
};

// One file as DuckDB's own functions write it.
struct File {
  duckdb::unique_ptr<duckdb::FunctionData> bind;
  duckdb::unique_ptr<duckdb::GlobalFunctionData> state;
  std::unique_ptr<ParquetFile> written;
};

struct GlobalState final : duckdb::GlobalFunctionData {
  std::string path;
  duckdb::optional_ptr<const duckdb::PhysicalOperator> copy_operator;
  bool is_unordered = false;  // else the rows stay in order, in one file

  std::mutex mutex;                  // guards the first rows, and opening the late file
  std::atomic<bool> is_open{false};  // the file: from then on nothing changes but `late`
  duckdb::unique_ptr<duckdb::ColumnDataCollection> first;  // rows, until then
  duckdb::ColumnDataAppendState append;
  File file;
  std::vector<std::unique_ptr<Dictionary>> dictionaries;  // by column; null: written as it is
  duckdb::vector<duckdb::LogicalType> types;              // as written
  bool has_dictionary = false;
  File late;
};

struct LocalState final : duckdb::LocalFunctionData {
  duckdb::unique_ptr<duckdb::LocalFunctionData> file, late;
  duckdb::DataChunk encoded;
};

File Open(duckdb::ClientContext& context, const BindData& bind, const GlobalState& global,
          const std::string& path, const duckdb::vector<duckdb::LogicalType>& types) {
  SessionState& session = *SessionState::Of(context);
  {
    const std::lock_guard lock(session.opened_mutex);
    session.opened.push_back(path);
  }
  File file{.bind = bind.BindParquet(context, path, types),
            .state = nullptr,
            .written = std::make_unique<ParquetFile>()};
  file.written->path = path;
  file.state = bind.parquet.copy_to_initialize_global(context, *file.bind, path);
  if (bind.parquet.initialize_operator && global.copy_operator)
    bind.parquet.initialize_operator(*file.state, *global.copy_operator);
  bind.parquet.copy_to_get_written_statistics(context, *file.bind, *file.state,
                                              file.written->statistics);
  return file;
}

std::unique_ptr<Dictionary> FindValues(duckdb::ColumnDataCollection& rows, idx_t column) {
  auto dictionary = std::make_unique<Dictionary>();
  for (auto& chunk : rows.Chunks({column})) {
    duckdb::UnifiedVectorFormat format;
    chunk.data[0].ToUnifiedFormat(chunk.size(), format);
    const auto* texts = duckdb::UnifiedVectorFormat::GetData<string_t>(format);
    for (idx_t row = 0; row < chunk.size(); row++) {
      const idx_t at = format.sel->get_index(row);
      if (format.validity.RowIsValid(at) && !dictionary->Add(texts[at])) return nullptr;
    }
  }
  return dictionary->count() == 0 ? nullptr : std::move(dictionary);
}

enum class Columns { kAsTheyAre, kEnumsWhereFewValues };

// Decides by the first rows which columns are written as ENUM, if any may be.
void OpenFile(duckdb::ClientContext& context, const BindData& bind, GlobalState& global,
              Columns columns) {
  global.types = bind.types;
  global.dictionaries.resize(bind.types.size());
  for (idx_t i = 0; i < bind.types.size(); i++) {
    if (columns == Columns::kAsTheyAre || bind.types[i] != duckdb::LogicalType::VARCHAR) continue;
    global.dictionaries[i] = FindValues(*global.first, i);
    if (!global.dictionaries[i]) continue;
    global.types[i] = global.dictionaries[i]->MakeType();
    global.has_dictionary = true;
  }
  global.file = Open(context, bind, global, global.path, global.types);
  global.is_open = true;
}

// Numbers for texts; adds the rows with an unknown one to `unknown`.
template <typename Number>
void EncodeAs(const Dictionary& dictionary, duckdb::Vector& texts, idx_t count,
              duckdb::Vector& numbers, std::vector<bool>& unknown) {
  duckdb::UnifiedVectorFormat format;
  texts.ToUnifiedFormat(count, format);
  const auto* from = duckdb::UnifiedVectorFormat::GetData<string_t>(format);
  auto* to = duckdb::FlatVector::GetData<Number>(numbers);
  auto& validity = duckdb::FlatVector::Validity(numbers);
  for (idx_t row = 0; row < count; row++) {
    const idx_t at = format.sel->get_index(row);
    to[row] = 0;
    if (!format.validity.RowIsValid(at)) {
      validity.SetInvalid(row);
      continue;
    }
    const std::uint32_t number = dictionary.Find(from[at]);
    if (number == Dictionary::kUnknown) {
      if (unknown.empty()) unknown.resize(count);
      unknown[row] = true;
    } else {
      to[row] = static_cast<Number>(number);
    }
  }
}

void Encode(const Dictionary& dictionary, duckdb::Vector& texts, idx_t count,
            duckdb::Vector& numbers, std::vector<bool>& unknown) {
  switch (numbers.GetType().InternalType()) {
    case duckdb::PhysicalType::UINT8:
      return EncodeAs<std::uint8_t>(dictionary, texts, count, numbers, unknown);
    case duckdb::PhysicalType::UINT16:
      return EncodeAs<std::uint16_t>(dictionary, texts, count, numbers, unknown);
    default: throw duckdb::InternalException("an ENUM of %d values", kMaxEnumValues);
  }
}

void WriteLate(duckdb::ExecutionContext& context, const BindData& bind, GlobalState& global,
               LocalState& local, duckdb::DataChunk& rows) {
  if (!local.late) {
    const SessionState& session = *SessionState::Of(context.client);
    const std::lock_guard lock(global.mutex);
    if (!global.late.state) {
      global.late = Open(context.client, bind, global, session.late_path, bind.types);
    }
    local.late = bind.parquet.copy_to_initialize_local(context, *global.late.bind);
  }
  bind.parquet.copy_to_sink(context, *global.late.bind, *global.late.state, *local.late, rows);
}

void Write(duckdb::ExecutionContext& context, const BindData& bind, GlobalState& global,
           LocalState& local, duckdb::DataChunk& rows) {
  if (!local.file) {
    local.file = bind.parquet.copy_to_initialize_local(context, *global.file.bind);
    if (global.has_dictionary)
      local.encoded.Initialize(duckdb::Allocator::Get(context.client), global.types);
  }
  const auto sink = [&](duckdb::DataChunk& chunk) {
    bind.parquet.copy_to_sink(context, *global.file.bind, *global.file.state, *local.file, chunk);
  };
  if (!global.has_dictionary) return sink(rows);
  local.encoded.Reset();
  std::vector<bool> unknown;  // empty: none
  for (idx_t i = 0; i < rows.ColumnCount(); i++) {
    if (global.dictionaries[i]) {
      Encode(*global.dictionaries[i], rows.data[i], rows.size(), local.encoded.data[i], unknown);
    } else {
      local.encoded.data[i].Reference(rows.data[i]);
    }
  }
  local.encoded.SetCardinality(rows.size());
  if (unknown.empty()) return sink(local.encoded);
  duckdb::SelectionVector known_rows(rows.size()), late_rows(rows.size());
  idx_t known_count = 0, late_count = 0;
  for (idx_t row = 0; row < rows.size(); row++) {
    if (unknown[row]) {
      late_rows.set_index(late_count++, row);
    } else {
      known_rows.set_index(known_count++, row);
    }
  }
  duckdb::DataChunk late;
  late.InitializeEmpty(bind.types);
  late.Reference(rows);
  late.Slice(late_rows, late_count);
  WriteLate(context, bind, global, local, late);
  if (known_count == 0) return;
  local.encoded.Slice(known_rows, known_count);
  sink(local.encoded);
}

// --- the functions of a COPY format ---

duckdb::unique_ptr<duckdb::FunctionData> Bind(duckdb::ClientContext& context,
                                              duckdb::CopyFunctionBindInput& input,
                                              const duckdb::vector<std::string>& names,
                                              const duckdb::vector<duckdb::LogicalType>& types) {
  auto& catalog = duckdb::Catalog::GetSystemCatalog(context);
  auto bind = duckdb::make_uniq<BindData>();
  bind->parquet =
      catalog.GetEntry<duckdb::CopyFunctionCatalogEntry>(context, DEFAULT_SCHEMA, "parquet")
          .function;
  bind->options = input.info.options;
  bind->names = names;
  bind->types = types;
  bind->columns = SessionState::Of(context)->file_columns;
  if (bind->columns.empty()) return bind;
  if (bind->columns.size() != names.size()) {
    throw duckdb::InternalException("a layout of %d columns for %d", bind->columns.size(),
                                    names.size());
  }
  for (idx_t i = 0; i < names.size(); i++) bind->names[i] = bind->columns[i].name;
  auto ids = FieldIds(bind->columns, std::nullopt);
  if (!ids.IsNull()) bind->options["field_ids"] = {std::move(ids)};
  return bind;
}

duckdb::unique_ptr<duckdb::GlobalFunctionData> InitializeGlobal(duckdb::ClientContext&,
                                                                duckdb::FunctionData&,
                                                                const std::string& path) {
  auto global = duckdb::make_uniq<GlobalState>();
  global->path = path;
  return global;
}

duckdb::unique_ptr<duckdb::LocalFunctionData> InitializeLocal(duckdb::ExecutionContext&,
                                                              duckdb::FunctionData&) {
  return duckdb::make_uniq<LocalState>();
}

void InitializeOperator(duckdb::GlobalFunctionData& global, const duckdb::PhysicalOperator& copy) {
  auto& state = global.Cast<GlobalState>();
  state.copy_operator = copy;
  if (copy.type != duckdb::PhysicalOperatorType::COPY_TO_FILE) return;
  const auto& to_file = copy.Cast<duckdb::PhysicalCopyToFile>();
  // A partition's rows come in few large pieces, whose file has no other beside it.
  state.is_unordered = to_file.parallel && !to_file.partition_output;
}

void Sink(duckdb::ExecutionContext& context, duckdb::FunctionData& bind_data,
          duckdb::GlobalFunctionData& global_data, duckdb::LocalFunctionData& local_data,
          duckdb::DataChunk& rows) {
  const auto& bind = bind_data.Cast<BindData>();
  auto& global = global_data.Cast<GlobalState>();
  auto& local = local_data.Cast<LocalState>();
  if (global.is_open) return Write(context, bind, global, local, rows);
  std::unique_lock lock(global.mutex);
  if (!global.is_open && !global.is_unordered)
    OpenFile(context.client, bind, global, Columns::kAsTheyAre);
  if (global.is_open) {
    lock.unlock();
    return Write(context, bind, global, local, rows);
  }
  if (!global.first) {
    global.first = duckdb::make_uniq<duckdb::ColumnDataCollection>(context.client, bind.types);
    global.first->InitializeAppend(global.append);
  }
  global.first->Append(global.append, rows);
  if (global.first->Count() < kRowGroupRows) return;
  OpenFile(context.client, bind, global, Columns::kEnumsWhereFewValues);
  const auto first = std::move(global.first);
  lock.unlock();
  for (auto& chunk : first->Chunks()) Write(context, bind, global, local, chunk);
}

// --- ordered rows, in batches: as DuckDB writes them ---

duckdb::unique_ptr<duckdb::PreparedBatchData> PrepareBatch(
    duckdb::ClientContext& context, duckdb::FunctionData& bind_data,
    duckdb::GlobalFunctionData& global_data,
    duckdb::unique_ptr<duckdb::ColumnDataCollection> rows) {
  const auto& bind = bind_data.Cast<BindData>();
  auto& global = global_data.Cast<GlobalState>();
  {
    const std::lock_guard lock(global.mutex);
    if (!global.is_open) OpenFile(context, bind, global, Columns::kAsTheyAre);
  }
  return bind.parquet.prepare_batch(context, *global.file.bind, *global.file.state,
                                    std::move(rows));
}

void FlushBatch(duckdb::ClientContext& context, duckdb::FunctionData& bind_data,
                duckdb::GlobalFunctionData& global_data, duckdb::PreparedBatchData& batch) {
  auto& global = global_data.Cast<GlobalState>();
  bind_data.Cast<BindData>().parquet.flush_batch(context, *global.file.bind, *global.file.state,
                                                 batch);
}

idx_t DesiredBatchSize(duckdb::ClientContext& context, duckdb::FunctionData& bind_data) {
  const auto& bind = bind_data.Cast<BindData>();
  return bind.parquet.desired_batch_size(context, *bind.BindParquet(context, "", bind.types));
}

void Combine(duckdb::ExecutionContext& context, duckdb::FunctionData& bind_data,
             duckdb::GlobalFunctionData& global_data, duckdb::LocalFunctionData& local_data) {
  const auto& bind = bind_data.Cast<BindData>();
  auto& global = global_data.Cast<GlobalState>();
  auto& local = local_data.Cast<LocalState>();
  if (local.file)
    bind.parquet.copy_to_combine(context, *global.file.bind, *global.file.state, *local.file);
  if (local.late)
    bind.parquet.copy_to_combine(context, *global.late.bind, *global.late.state, *local.late);
}

void Finalize(duckdb::ClientContext& context, duckdb::FunctionData& bind_data,
              duckdb::GlobalFunctionData& global_data) {
  auto& bind = bind_data.Cast<BindData>();
  auto& global = global_data.Cast<GlobalState>();
  if (!global.is_open) {
    OpenFile(context, bind, global, Columns::kAsTheyAre);  // too few rows to tell
    duckdb::ThreadContext thread(context);
    duckdb::ExecutionContext execution(context, thread, nullptr);
    LocalState local;
    if (global.first) {
      for (auto& chunk : global.first->Chunks()) Write(execution, bind, global, local, chunk);
    }
    Combine(execution, bind, global, local);
  }
  auto& written = SessionState::Of(context)->written;
  const auto finish = [&](File& file) {
    bind.parquet.copy_to_finalize(context, *file.bind, *file.state);
    written.push_back(std::move(*file.written));
  };
  finish(global.file);
  for (idx_t i = 0; i < global.dictionaries.size(); i++) {
    if (!global.dictionaries[i]) continue;  // DuckDB's writer keeps no bounds of an ENUM
    auto& column =
        written.back()
            .statistics.column_statistics[duckdb::KeywordHelper::WriteQuoted(bind.names[i], '"')];
    const auto [min, max] = global.dictionaries[i]->MinAndMax();
    column["min"] = duckdb::Value(min);
    column["max"] = duckdb::Value(max);
  }
  if (global.late.state) finish(global.late);
}

// --- what was written

// The names in "\"st\".\"a\"".
std::vector<std::string> UnquotePath(const std::string& quoted) {
  std::vector<std::string> path(1);
  bool inside = false;
  for (std::size_t i = 0; i < quoted.size(); i++) {
    if (!inside && quoted[i] == '.') {
      path.emplace_back();
    } else if (quoted[i] != '"') {
      path.back() += quoted[i];
    } else if (inside && i + 1 < quoted.size() && quoted[i + 1] == '"') {
      path.back() += '"';
      i++;
    } else {
      inside = !inside;
    }
  }
  return path;
}

void Add(ColumnStats& stats, const std::string& key, const std::string& value) {
  if (key == "min") stats.min = value;
  if (key == "max") stats.max = value;
  if (key == "null_count") stats.null_count = std::stoll(value);
  if (key == "has_nan") stats.has_nan = value == "true";
}

}  // namespace

WrittenFile ToWrittenFile(const ParquetFile& written) {
  WrittenFile file{.path = written.path,
                   .row_count = static_cast<std::int64_t>(written.statistics.row_count),
                   .size_bytes = static_cast<std::int64_t>(written.statistics.file_size_bytes)};
  for (const auto& [column, values] : written.statistics.column_statistics) {
    ColumnStats& stats = file.columns.emplace_back(ColumnStats{.path = UnquotePath(column)});
    for (const auto& [key, value] : values) Add(stats, key, value.ToString());
  }
  return file;
}

void RegisterParquetCopy(duckdb::DatabaseInstance& database) {
  auto& catalog = duckdb::Catalog::GetSystemCatalog(database);
  const auto transaction = duckdb::CatalogTransaction::GetSystemTransaction(database);
  auto& schema = catalog.GetSchema(transaction, DEFAULT_SCHEMA);
  duckdb::CopyFunction function =
      schema.GetEntry(transaction, duckdb::CatalogType::COPY_FUNCTION_ENTRY, "parquet")
          ->Cast<duckdb::CopyFunctionCatalogEntry>()
          .function;
  function.name = kParquetCopy;
  function.copy_to_bind = Bind;
  function.copy_to_initialize_local = InitializeLocal;
  function.copy_to_initialize_global = InitializeGlobal;
  function.copy_to_get_written_statistics = nullptr;
  function.copy_to_sink = Sink;
  function.copy_to_combine = Combine;
  function.copy_to_finalize = Finalize;
  function.initialize_operator = InitializeOperator;
  function.prepare_batch = PrepareBatch;
  function.flush_batch = FlushBatch;
  function.desired_batch_size = DesiredBatchSize;
  function.rotate_files = nullptr;
  function.rotate_next_file = nullptr;
  function.serialize = nullptr;
  function.deserialize = nullptr;
  duckdb::CreateCopyFunctionInfo info(std::move(function));
  info.internal = true;
  catalog.CreateCopyFunction(transaction, info);
}

}  // namespace leat::engine

#include "delta/file_skipping.h"

#include <simdjson.h>

#include <algorithm>

#include "base/text.h"
#include "delta/column_mapping.h"
#include "delta/stats_json.h"

namespace leat::delta {
namespace {

namespace json = simdjson::ondemand;

using data::TypeKind;

// Spark keeps this many characters of a text's minimum and maximum.
constexpr std::size_t kStringPrefixCharacters = 32;
// Digits that survive a writer which keeps decimals as 64-bit floating point.
constexpr int kExactDecimalDigits = 15;
// Spark cuts times in statistics to milliseconds: they lie up to this far beyond.
constexpr std::int64_t kMicrosCutOff = kMicrosPerMilli - 1;

const data::Field* FindField(const std::vector<data::Field>& fields, std::string_view name) {
  for (const data::Field& field : fields) {
    if (EqualsIgnoreCase(field.name, name)) return &field;
  }
  return nullptr;
}

// The field a predicate names, and its path by physical names: a top-level name, else a dotted path
// through structs.
const data::Field* ResolveColumn(const data::Schema& schema, ColumnMapping mapping,
                                 const std::string& column, std::vector<std::string>& path) {
  if (const data::Field* field = schema.Find(column)) {
    path = {PhysicalName(mapping, *field)};
    return field;
  }
  const std::vector<data::Field>* fields = &schema.fields;
  const data::Field* field = nullptr;
  for (const std::string& step : Split(column, '.')) {
    field = fields == nullptr ? nullptr : FindField(*fields, step);
    if (field == nullptr) return nullptr;
    path.push_back(PhysicalName(mapping, *field));
    fields = field->type.kind == TypeKind::kStruct ? &field->type.children : nullptr;
  }
  return field;
}

bool IsReal(const data::Type& type) {
  return type.kind == TypeKind::kFloat || type.kind == TypeKind::kDouble;
}

// What the statistics of a file hold for one column, as the log has it.
struct RawColumn {
  std::optional<std::int64_t> record_count;
  std::optional<std::int64_t> null_count;
  std::optional<std::string> min;  // see StatsText
  std::optional<std::string> max;
};

// Nothing for what is no integer.
std::optional<std::int64_t> StatsNumber(json::value value) {
  std::int64_t number = 0;
  if (value.get_int64().get(number) != simdjson::SUCCESS) return std::nullopt;
  return number;
}

// The value at the path below `value`.
bool Descend(json::value& value, const std::vector<std::string>& path) {
  for (const std::string& step : path) {
    json::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS) return false;
    if (object.find_field(step).get(value) != simdjson::SUCCESS) return false;
  }
  return true;
}

// The statistics of one file. Only one may be in use at a time in a thread.
class Statistics {
 public:
  explicit Statistics(std::string_view stats_json) {
    if (stats_json.empty()) return;
    Buffers& buffers = ThreadBuffers();
    buffers.text.assign(stats_json).append(simdjson::SIMDJSON_PADDING, ' ');
    const simdjson::padded_string_view view(buffers.text.data(), stats_json.size(),
                                            buffers.text.size());
    ok_ = buffers.parser.iterate(view).get(document_) == simdjson::SUCCESS;
  }

  // Without a path: the record count only. Broken JSON gives what stands before the break.
  RawColumn Read(const std::vector<std::string>& path) {
    RawColumn column;
    // A document that has met a break is dead.
    if (!ok_ || !document_.is_alive()) return column;
    document_.rewind();
    json::object object;
    if (document_.get_object().get(object) != simdjson::SUCCESS) return column;
    for (auto item : object) {
      json::field field;
      std::string_view key;
      if (std::move(item).get(field) != simdjson::SUCCESS) break;
      if (field.unescaped_key().get(key) != simdjson::SUCCESS) break;
      json::value value = field.value();
      if (key == "numRecords") {
        column.record_count = StatsNumber(value);
        if (path.empty()) break;
      } else if (key == "minValues") {
        if (Descend(value, path)) column.min = StatsText(value);
      } else if (key == "maxValues") {
        if (Descend(value, path)) column.max = StatsText(value);
      } else if (key == "nullCount") {
        if (Descend(value, path)) column.null_count = StatsNumber(value);
      }
    }
    return column;
  }

 private:
  // Kept from file to file, so that looking at 100,000 of them allocates nothing.
  struct Buffers {
    std::string text;
    json::parser parser;
  };
  static Buffers& ThreadBuffers() {
    thread_local Buffers buffers;
    return buffers;
  }

  json::document document_;
  bool ok_ = false;
};

// Where the first `count` characters of UTF-8 text end; the text's size when it is shorter.
std::size_t EndOfCharacters(std::string_view text, std::size_t count) {
  std::size_t at = 0;
  for (; at < text.size(); at++) {
    const bool starts_character = (static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U;
    if (starts_character && count-- == 0) return at;
  }
  return at;
}

// Whether a decimal bound may have been rounded by its writer.
bool MayBeRounded(const data::Type& type, const std::string& text) {
  const auto digits =
      std::count_if(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  return type.precision > kExactDecimalDigits && digits > kExactDecimalDigits;
}

}  // namespace

// What the statistics say about one column of one file.
struct FileSkipper::Range {
  std::optional<std::int64_t> record_count;
  std::optional<std::int64_t> null_count;
  std::optional<Cell> min;
  std::optional<Cell> max;
  bool max_is_prefix = false;  // text that was cut: the maximum starts with it

  Range(const RawColumn& column, const Test& test)
      : record_count(column.record_count),
        null_count(column.null_count),
        min(ReadBound(column.min, test)),
        max(ReadBound(column.max, test)) {
    const bool is_time =
        test.type.kind == TypeKind::kTimestamp || test.type.kind == TypeKind::kTimestampNtz;
    if (is_time && min) AllowForCut(*min, -1);
    if (is_time && max) AllowForCut(*max, 1);
    if (test.type.kind != TypeKind::kString || !max) return;
    auto& text = std::get<std::string>(*max);
    if (EndOfCharacters(text, kStringPrefixCharacters - 1) == text.size()) return;
    // Cut text ends in a character that makes it an upper bound, but writers differ in which: do
    // without it.
    text.resize(EndOfCharacters(text, kStringPrefixCharacters));
    max_is_prefix = true;
  }

  bool all_null() const { return record_count && null_count && *record_count == *null_count; }

  // Each is certain when true.
  bool IsBelowMin(const Cell& cell) const { return min && Compare(cell, *min) < 0; }
  bool IsAtMostMin(const Cell& cell) const { return min && Compare(cell, *min) <= 0; }
  bool IsAboveMax(const Cell& cell) const {
    if (!max || !(Compare(cell, *max) > 0)) return false;
    return !max_is_prefix || !std::get<std::string>(cell).starts_with(std::get<std::string>(*max));
  }
  bool IsAtLeastMax(const Cell& cell) const {
    return max_is_prefix ? IsAboveMax(cell) : max && Compare(cell, *max) >= 0;
  }

 private:
  static std::optional<Cell> ReadBound(const std::optional<std::string>& text, const Test& test) {
    if (!text) return std::nullopt;
    if (test.type.kind == TypeKind::kDecimal && MayBeRounded(test.type, *text)) return std::nullopt;
    return CellFromText(test.type, *text);
  }

  static void AllowForCut(Cell& cell, int direction) {
    auto& us = std::get<std::int64_t>(cell);
    // Before 1970 cutting may have gone either way.
    if (us % kMicrosPerMilli == 0 && (direction > 0 || us < 0)) us += direction * kMicrosCutOff;
  }
};

FileSkipper::FileSkipper(const Snapshot& snapshot, std::vector<Predicate> predicates) {
  const Metadata& metadata = snapshot.metadata();
  const auto mapping = MappingOf(metadata);
  if (!mapping.ok()) return;  // such a table is not loaded
  for (const Predicate& predicate : predicates) {
    Test test{.op = predicate.op};
    const data::Field* field =
        ResolveColumn(metadata.schema, *mapping, predicate.column, test.path);
    if (field == nullptr) continue;
    test.type = field->type;
    test.is_partition =
        std::find(metadata.partition_columns.begin(), metadata.partition_columns.end(),
                  field->name) != metadata.partition_columns.end() &&
        test.path.size() == 1;
    bool known = true;
    for (const data::Value& value : predicate.values) {
      if (std::holds_alternative<std::monostate>(value)) continue;  // nothing equals null
      auto cell = CellFromValue(test.type, value);
      known = known && cell.has_value();
      if (cell) test.cells.push_back(std::move(*cell));
    }
    if (known) tests_.push_back(std::move(test));
  }
}

bool FileSkipper::CanSkip(const AddFile& file) const {
  std::optional<Statistics> statistics;  // parsed when a test needs it
  return std::any_of(tests_.begin(), tests_.end(), [&](const Test& test) {
    if (test.is_partition) return PartitionExcludes(test, file);
    if (file.stats_json.empty()) return false;
    if (!statistics) statistics.emplace(file.stats_json);
    return Excludes(test, Range(statistics->Read(test.path), test));
  });
}

bool FileSkipper::Excludes(const Test& test, const Range& range) {
  if (test.op == Op::kIsNull) return range.null_count && *range.null_count == 0;
  if (range.all_null()) return true;
  if (test.op == Op::kIsNotNull) return false;
  if (test.cells.empty()) return true;  // compares with null only
  // NaN is greater than all numbers, and most writers leave it out of the maximum.
  const bool may_hold_nan = IsReal(test.type);
  const Cell& cell = test.cells[0];
  switch (test.op) {
    case Op::kEqual:
    case Op::kIn:
      return std::all_of(test.cells.begin(), test.cells.end(), [&](const Cell& wanted) {
        return range.IsBelowMin(wanted) || range.IsAboveMax(wanted);
      });
    case Op::kLess: return range.IsAtMostMin(cell);
    case Op::kLessOrEqual: return range.IsBelowMin(cell);
    case Op::kGreater: return !may_hold_nan && range.IsAtLeastMax(cell);
    case Op::kGreaterOrEqual: return !may_hold_nan && range.IsAboveMax(cell);
    case Op::kIsNull:
    case Op::kIsNotNull: return false;
  }
  return false;
}

bool FileSkipper::PartitionExcludes(const Test& test, const AddFile& file) {
  const auto found = file.partition_values.find(test.path[0]);
  if (found == file.partition_values.end()) return false;
  const bool is_null = !found->second.has_value();
  if (test.op == Op::kIsNull) return !is_null;
  if (is_null || (test.op != Op::kIsNotNull && test.cells.empty())) return true;
  if (test.op == Op::kIsNotNull) return false;
  const auto value = CellFromText(test.type, *found->second);
  if (!value) return false;
  return std::all_of(test.cells.begin(), test.cells.end(), [&](const Cell& cell) {
    const std::partial_ordering order = Compare(*value, cell);
    if (order == std::partial_ordering::unordered) return false;
    switch (test.op) {
      case Op::kEqual:
      case Op::kIn: return order != 0;
      case Op::kLess: return order >= 0;
      case Op::kLessOrEqual: return order > 0;
      case Op::kGreater: return order <= 0;
      case Op::kGreaterOrEqual: return order < 0;
      case Op::kIsNull:
      case Op::kIsNotNull: return false;
    }
    return false;
  });
}

std::optional<std::int64_t> RowCount(const AddFile& file) {
  auto count = Statistics(file.stats_json).Read({}).record_count;
  if (count && file.deletion_vector) *count -= file.deletion_vector->cardinality;
  return count;
}

}  // namespace leat::delta

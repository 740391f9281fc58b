#include "delta/file_skipping.h"

#include <simdjson.h>

#include <algorithm>

#include "base/text.h"

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

// The field a predicate names, and its path in the schema's own spelling: a top-level name, else a
// dotted path through structs.
const data::Field* ResolveColumn(const data::Schema& schema, const std::string& column,
                                 std::vector<std::string>& path) {
  if (const data::Field* field = schema.Find(column)) {
    path = {field->name};
    return field;
  }
  const std::vector<data::Field>* fields = &schema.fields;
  const data::Field* field = nullptr;
  for (const std::string& step : Split(column, '.')) {
    field = fields == nullptr ? nullptr : FindField(*fields, step);
    if (field == nullptr) return nullptr;
    path.push_back(field->name);
    fields = field->type.kind == TypeKind::kStruct ? &field->type.children : nullptr;
  }
  return field;
}

bool IsReal(const data::Type& type) {
  return type.kind == TypeKind::kFloat || type.kind == TypeKind::kDouble;
}

// The statistics of one file. Values are looked up where they stand; nothing is kept.
class Statistics {
 public:
  // `stats_json` is copied with the padding that simdjson reads beyond the end.
  explicit Statistics(const std::string& stats_json) : text_(stats_json) {
    text_.append(simdjson::SIMDJSON_PADDING, ' ');
    const simdjson::padded_string_view view(text_.data(), stats_json.size(), text_.size());
    ok_ = !stats_json.empty() && Parser().iterate(view).get(document_) == simdjson::SUCCESS;
  }

  std::optional<std::int64_t> record_count() { return Integer("numRecords", {}); }
  std::optional<std::int64_t> null_count(const std::vector<std::string>& path) {
    return Integer("nullCount", path);
  }

  // A bound as text: a string's own, else the JSON token.
  std::optional<std::string> Bound(std::string_view group, const std::vector<std::string>& path) {
    json::value value;
    if (!Find(group, path, value)) return std::nullopt;
    json::json_type type{};
    if (value.type().get(type) != simdjson::SUCCESS) return std::nullopt;
    if (type == json::json_type::string) {
      std::string_view text;
      if (value.get_string().get(text) != simdjson::SUCCESS) return std::nullopt;
      return std::string(text);
    }
    if (type != json::json_type::number && type != json::json_type::boolean) return std::nullopt;
    return std::string(Trim(value.raw_json_token()));
  }

 private:
  std::optional<std::int64_t> Integer(std::string_view group,
                                      const std::vector<std::string>& path) {
    json::value value;
    std::int64_t number = 0;
    if (!Find(group, path, value)) return std::nullopt;
    if (value.get_int64().get(number) != simdjson::SUCCESS) return std::nullopt;
    return number;
  }

  bool Find(std::string_view group, const std::vector<std::string>& path, json::value& value) {
    // Broken JSON ends a document at the first look that meets the break.
    if (!ok_ || !document_.is_alive()) return false;
    document_.rewind();
    json::object object;
    if (document_.get_object().get(object) != simdjson::SUCCESS) return false;
    if (object.find_field_unordered(group).get(value) != simdjson::SUCCESS) return false;
    for (const std::string& step : path) {
      if (value.get_object().get(object) != simdjson::SUCCESS) return false;
      if (object.find_field_unordered(step).get(value) != simdjson::SUCCESS) return false;
    }
    return true;
  }

  // Its buffers are kept from file to file; only one Statistics is in use at a time in a thread.
  static json::parser& Parser() {
    thread_local json::parser parser;
    return parser;
  }

  std::string text_;
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

  Range(Statistics& statistics, const Test& test)
      : record_count(statistics.record_count()), null_count(statistics.null_count(test.path)) {
    min = ReadBound(statistics, "minValues", test);
    max = ReadBound(statistics, "maxValues", test);
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
  static std::optional<Cell> ReadBound(Statistics& statistics, std::string_view group,
                                       const Test& test) {
    const auto text = statistics.Bound(group, test.path);
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
  for (const Predicate& predicate : predicates) {
    Test test{.op = predicate.op};
    const data::Field* field = ResolveColumn(metadata.schema, predicate.column, test.path);
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
    return Excludes(test, Range(*statistics, test));
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

std::optional<std::int64_t> RecordCount(const AddFile& file) {
  return Statistics(file.stats_json).record_count();
}

}  // namespace leat::delta

// From the statistics of a written Parquet file to those of Delta's log.
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "engine/engine.h"

namespace leat::engine {
namespace {

using nlohmann::json;

// Delta's reference writer keeps this many characters of a text bound.
constexpr std::size_t kMaxTextBytes = 32;
// Statistics of more columns would make the log larger than it helps.
constexpr int kMaxColumns = 32;

const data::Field* FindPath(const std::vector<data::Field>& fields,
                            const std::vector<std::string>& path, std::size_t depth) {
  for (const data::Field& field : fields) {
    if (field.name != path[depth]) continue;
    if (depth + 1 == path.size()) return &field;
    return field.type.kind == data::TypeKind::kStruct
               ? FindPath(field.type.children, path, depth + 1)
               : nullptr;
  }
  return nullptr;
}

// The value as the log writes it; null when it cannot be a bound (text that had to be cut,
// unreadable).
json ToBound(const std::string& text, const data::Type& type, bool is_max) {
  using data::TypeKind;
  switch (type.kind) {
    case TypeKind::kByte:
    case TypeKind::kShort:
    case TypeKind::kInteger:
    case TypeKind::kLong: {
      std::int64_t number = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      return error == std::errc() && end == text.data() + text.size() ? json(number) : json();
    }
    case TypeKind::kFloat:
    case TypeKind::kDouble:
    case TypeKind::kDecimal: {
      json number = ParseJson(text);
      return number.is_discarded() ? json() : number;
    }
    case TypeKind::kDate: return text;
    case TypeKind::kTimestamp: {
      const std::string plain = text.ends_with("+00") ? text.substr(0, text.size() - 3) : text;
      const auto instant = ParseTimestamp(plain);
      if (!instant.ok()) return json();
      // Milliseconds in the log: round the bounds outwards.
      TimestampUs rounded =
          *instant - ((*instant % kMicrosPerMilli) + kMicrosPerMilli) % kMicrosPerMilli;
      if (is_max && rounded != *instant) rounded += kMicrosPerMilli;
      return FormatTimestamp(rounded);
    }
    case TypeKind::kString: {
      if (text.size() <= kMaxTextBytes) return text;
      if (is_max) return json();
      std::size_t end = kMaxTextBytes;
      while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) end--;
      return text.substr(0, end);
    }
    default: return json();
  }
}

void Put(json& object, const std::vector<std::string>& path, json value) {
  json* at = &object;
  for (const std::string& name : path) at = &(*at)[name];
  *at = std::move(value);
}

}  // namespace

delta::AddFile ToAddFile(const WrittenFile& file, const std::string& table_path,
                         const data::Schema& schema, TimestampUs now) {
  json minimum = json::object(), maximum = json::object(), nulls = json::object();
  int columns = 0;
  for (const ColumnStats& stats : file.columns) {
    const data::Field* field = FindPath(schema.fields, stats.path, 0);
    if (field == nullptr || columns >= kMaxColumns) continue;
    columns++;
    if (stats.null_count) Put(nulls, stats.path, *stats.null_count);
    if (stats.has_nan) continue;
    const json low = stats.min ? ToBound(*stats.min, field->type, false) : json();
    const json high = stats.max ? ToBound(*stats.max, field->type, true) : json();
    if (!low.is_null()) Put(minimum, stats.path, low);
    if (!high.is_null()) Put(maximum, stats.path, high);
  }
  const json all = {{"numRecords", file.row_count},
                    {"minValues", minimum},
                    {"maxValues", maximum},
                    {"nullCount", nulls}};
  const std::string prefix = table_path.ends_with('/') ? table_path : table_path + "/";
  return {.path = file.path.starts_with(prefix) ? file.path.substr(prefix.size()) : file.path,
          .partition_values = file.partition_values,
          .size_bytes = file.size_bytes,
          .modified_ms = now / kMicrosPerMilli,
          .data_change = true,
          .stats_json = JsonTextOfAny(all)};
}

}  // namespace leat::engine

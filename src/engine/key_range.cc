#include "engine/key_range.h"

#include <fmt/format.h>

#include "base/text.h"

namespace leat::engine {

Result<std::string> KeyRange(Session& session, const data::Schema& table,
                             const std::vector<KeyColumn>& keys, const std::string& source,
                             NullKeys null_keys) {
  std::vector<const data::Field*> fields;
  std::vector<std::string> bounds;
  for (const KeyColumn& key : keys) {
    const data::Field* field = table.Find(key.table);
    // The text of nested values does not lead back to them for certain.
    if (field == nullptr || !field->type.children.empty()) continue;
    fields.push_back(field);
    bounds.push_back(
        fmt::format("CAST(min({0}) AS VARCHAR), CAST(max({0}) AS VARCHAR), "
                    "typeof(any_value({0})), count(*) - count({0})",
                    QuoteIdentifier(key.source)));
  }
  if (bounds.empty()) return std::string();
  LEAT_ASSIGN(const auto found,
              session.Query(fmt::format("SELECT {} FROM {}", Join(bounds, ", "), source)));
  std::vector<std::string> ranges;
  for (std::size_t i = 0; i < fields.size(); i++) {
    const data::Value* values = &found.rows[0][4 * i];
    const auto* low = std::get_if<std::string>(values);
    const auto* high = std::get_if<std::string>(values + 1);
    const auto* source_type = std::get_if<std::string>(values + 2);
    const std::string type = data::ToSql(fields[i]->type);
    const bool has_nulls = std::get<std::int64_t>(values[3]) > 0;
    if (has_nulls && null_keys == NullKeys::kMatchEachOther) continue;
    if (low == nullptr || high == nullptr || source_type == nullptr || *source_type != type) {
      continue;
    }
    ranges.push_back(fmt::format("{0} BETWEEN CAST({1} AS {3}) AND CAST({2} AS {3})",
                                 QuoteIdentifier(fields[i]->name), QuoteLiteral(*low),
                                 QuoteLiteral(*high), type));
  }
  return ranges.empty() ? std::string() : " WHERE " + Join(ranges, " AND ");
}

}  // namespace leat::engine

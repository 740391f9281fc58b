#include "engine/key_range.h"

#include <fmt/format.h>

#include "base/text.h"

namespace leat::engine {

Result<std::string> KeyRange(Session& session, const data::Schema& table,
                             const std::vector<KeyColumn>& keys, const std::string& source,
                             NullKeys null_keys) {
  std::vector<std::string> ranges;
  for (const KeyColumn& key : keys) {
    const data::Field* field = table.Find(key.table);
    // The text of nested values does not lead back to them for certain.
    if (field == nullptr || !field->type.children.empty()) continue;
    LEAT_ASSIGN(const auto bounds,
                session.Query(fmt::format("SELECT CAST(min({0}) AS VARCHAR), CAST(max({0}) AS "
                                          "VARCHAR), typeof(any_value({0})), count(*) - count({0}) "
                                          "FROM {1}",
                                          QuoteIdentifier(key.source), source)));
    const auto* low = std::get_if<std::string>(&bounds.rows[0][0]);
    const auto* high = std::get_if<std::string>(&bounds.rows[0][1]);
    const auto* source_type = std::get_if<std::string>(&bounds.rows[0][2]);
    const std::string type = data::ToSql(field->type);
    const bool has_nulls = std::get<std::int64_t>(bounds.rows[0][3]) > 0;
    if (has_nulls && null_keys == NullKeys::kMatchEachOther) continue;
    if (low == nullptr || high == nullptr || source_type == nullptr || *source_type != type) {
      continue;
    }
    ranges.push_back(fmt::format("{0} BETWEEN CAST({1} AS {3}) AND CAST({2} AS {3})",
                                 QuoteIdentifier(key.table), QuoteLiteral(*low),
                                 QuoteLiteral(*high), type));
  }
  return ranges.empty() ? std::string() : " WHERE " + Join(ranges, " AND ");
}

}  // namespace leat::engine

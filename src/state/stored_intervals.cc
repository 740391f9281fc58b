#include "state/stored_intervals.h"

#include <nlohmann/json.hpp>

namespace leat::state {
namespace {

std::string ToJson(const IntervalSet& intervals) {
  nlohmann::json list = nlohmann::json::array();
  for (const Interval& interval : intervals.intervals()) {
    list.push_back({interval.start, interval.end});
  }
  return list.dump();
}

std::optional<IntervalSet> FromJson(const std::string& text) {
  const auto list = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!list.is_array()) return std::nullopt;
  IntervalSet intervals;
  for (const auto& pair : list) {
    if (!pair.is_array() || pair.size() != 2) return std::nullopt;
    if (!pair[0].is_number_integer() || !pair[1].is_number_integer()) return std::nullopt;
    intervals.Add({pair[0].get<TimestampUs>(), pair[1].get<TimestampUs>()});
  }
  return intervals;
}

}  // namespace

Status WriteIntervals(Connection& connection, const AssetName& asset,
                      const AssetIntervals& intervals) {
  return connection.Run(
      "insert into intervals (asset, fingerprint, done_json) values (?1, ?2, ?3) "
      "on conflict (asset) do update set fingerprint = ?2, done_json = ?3",
      asset, intervals.fingerprint, ToJson(intervals.done));
}

Result<std::optional<AssetIntervals>> ReadIntervals(Connection& connection,
                                                    const AssetName& asset) {
  std::optional<AssetIntervals> found;
  LEAT_TRY(connection.Query(
      "select fingerprint, done_json from intervals where asset = ?1",
      [&](Statement& row) -> Status {
        auto done = FromJson(row.Text(1));
        if (!done) {
          return Corrupt("state database " + connection.path() + ": the intervals of " +
                         asset.value() + " cannot be read: " + row.Text(1));
        }
        found = AssetIntervals{row.Text(0), std::move(*done)};
        return Ok();
      },
      asset));
  return found;
}

}  // namespace leat::state

#include "orchestrate/ledger.h"

#include "base/text.h"

namespace leat::orchestrate {

Result<IntervalSet> ReadIntervals(const delta::Snapshot& table) {
  IntervalSet intervals;
  const auto property = table.metadata().configuration.find(kIntervalsProperty);
  if (property == table.metadata().configuration.end() || property->second.empty())
    return intervals;
  for (const std::string& text : Split(property->second, ' ')) {
    const auto ends = Split(text, '/');
    const auto start = ParseTimestamp(ends[0]);
    const auto end = ParseTimestamp(ends.size() == 2 ? ends[1] : "");
    if (!start.ok() || !end.ok() || *start >= *end) {
      return Corrupt(std::string("the table property ") + kIntervalsProperty + " holds '" + text +
                     "'")
          .WithHint("rebuild the table with --full-refresh");
    }
    intervals.Add({*start, *end});
  }
  return intervals;
}

std::string WriteIntervals(const IntervalSet& intervals) {
  std::vector<std::string> texts;
  for (const Interval& interval : intervals.intervals()) {
    texts.push_back(FormatTimestamp(interval.start) + "/" + FormatTimestamp(interval.end));
  }
  return Join(texts, " ");
}

std::optional<std::string> ReadFingerprint(const delta::Snapshot& table) {
  const auto property = table.metadata().configuration.find(kFingerprintProperty);
  if (property == table.metadata().configuration.end()) return std::nullopt;
  return property->second;
}

}  // namespace leat::orchestrate

#include "orchestrate/ledger.h"

#include "base/text.h"

namespace leat::orchestrate {
namespace {

Result<IntervalSet> ReadIntervalsOf(const delta::Snapshot& table, const char* name) {
  IntervalSet intervals;
  const auto property = table.metadata().configuration.find(name);
  if (property == table.metadata().configuration.end() || property->second.empty())
    return intervals;
  for (const std::string& text : Split(property->second, ' ')) {
    const auto ends = Split(text, '/');
    const auto start = ParseTimestamp(ends[0]);
    const auto end = ParseTimestamp(ends.size() == 2 ? ends[1] : "");
    if (!start.ok() || !end.ok() || *start >= *end) {
      return Corrupt(std::string("the table property ") + name + " holds '" + text + "'")
          .WithHint("rebuild the table with --full-refresh");
    }
    intervals.Add({*start, *end});
  }
  return intervals;
}

}  // namespace

Result<IntervalSet> ReadIntervals(const delta::Snapshot& table) {
  return ReadIntervalsOf(table, kIntervalsProperty);
}

Result<Outdated> ReadOutdated(const delta::Snapshot& table) {
  Outdated outdated;
  LEAT_ASSIGN(outdated.by_definition, ReadIntervalsOf(table, kOldDefinitionProperty));
  LEAT_ASSIGN(outdated.by_late_rows, ReadIntervalsOf(table, kLateRowsProperty));
  return outdated;
}

void WriteOutdated(const Outdated& outdated, const delta::Snapshot* table,
                   std::map<std::string, std::string>& configuration) {
  const auto write = [&](const char* name, const IntervalSet& intervals) {
    const bool is_set = table != nullptr && table->metadata().configuration.contains(name);
    if (!intervals.intervals().empty() || is_set) configuration[name] = WriteIntervals(intervals);
  };
  write(kOldDefinitionProperty, outdated.by_definition);
  write(kLateRowsProperty, outdated.by_late_rows);
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

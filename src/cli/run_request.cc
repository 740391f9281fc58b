#include "cli/run_request.h"

namespace leat::cli {
namespace {

Result<TimestampUs> TimeOf(const char* option, const std::string& text) {
  auto time = ParseTimestamp(text);
  if (!time.ok()) return std::move(time).error().WithContext(option);
  return time;
}

}  // namespace

std::vector<Option> OptionsOf(SelectionOptions& options) {
  return {{"-s,--select", "SEL",
           "assets: name, +name+, 2+name+1, @name, tag:, path:, state:modified", &options.select},
          {"--exclude", "SEL", "all but these; the same syntax", &options.exclude}};
}

std::vector<Option> OptionsOf(WindowOptions& options) {
  return {{"--start", "TIME", "first instant of interval models, as date or time in UTC",
           &options.start},
          {"--end", "TIME", "the instant after the last (default: now)", &options.end}};
}

Result<std::optional<Interval>> WindowOf(const WindowOptions& options, TimestampUs now) {
  if (options.start.empty() && options.end.empty()) return std::optional<Interval>();
  if (options.start.empty()) {
    return InvalidInput("--end is given without --start").WithHint("add --start");
  }
  LEAT_ASSIGN(const TimestampUs start, TimeOf("--start", options.start));
  TimestampUs end = now;
  if (!options.end.empty()) {
    LEAT_ASSIGN(end, TimeOf("--end", options.end));
  }
  if (end <= start && options.end.empty()) {
    return InvalidInput("--start " + FormatTimestamp(start) + " is in the future")
        .WithHint("without --end, the interval reaches to now");
  }
  if (end <= start) {
    return InvalidInput("--end " + FormatTimestamp(end) + " is not after --start " +
                        FormatTimestamp(start))
        .WithHint("an interval is [start, end): one day is --start 2026-11-01 --end 2026-11-02");
  }
  return std::optional<Interval>({start, end});
}

std::vector<Option> Concat(std::vector<std::vector<Option>> lists) {
  std::vector<Option> all;
  for (std::vector<Option>& list : lists) {
    for (Option& option : list) all.push_back(std::move(option));
  }
  return all;
}

}  // namespace leat::cli

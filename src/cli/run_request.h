// The options that run, plan, check and render share, and what they mean.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "orchestrate/run.h"

namespace leat::cli {

struct SelectionOptions {
  std::vector<std::string> select, exclude;
};
std::vector<Option> OptionsOf(SelectionOptions& options);

struct WindowOptions {
  std::string start, end;  // empty: not given
};
std::vector<Option> OptionsOf(WindowOptions& options);
// None without options. Without --end, the window ends now. kInvalidInput: not a time, --end alone,
// or an end that is not after the start.
Result<std::optional<Interval>> WindowOf(const WindowOptions& options, TimestampUs now);

std::vector<Option> Concat(std::vector<std::vector<Option>> lists);

}  // namespace leat::cli

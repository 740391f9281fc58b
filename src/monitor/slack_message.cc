#include "monitor/slack_message.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "monitor/limits.h"

namespace leat::monitor {
namespace {

using Json = nlohmann::ordered_json;

// The only three characters with a meaning in Slack's text.
std::string Escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      default: escaped += c;
    }
  }
  return escaped;
}

std::string Title(const RunSummary& run) {
  const auto count = [](std::int64_t n, const std::string& noun) {
    return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
  };
  const std::string name =
      run.environment.empty() ? run.project : run.project + " (" + run.environment + ")";
  std::string title = name + ": run " + state::ToString(run.status);
  if (run.tasks_failed > 0) title += ", " + count(run.tasks_failed, "task") + " failed";
  if (!run.failed_checks.empty()) {
    title += ", " + count(std::ssize(run.failed_checks), "check") + " failed";
  }
  return title;
}

Json Section(const std::string& markdown) {
  return {{"type", "section"},
          {"text", {{"type", "mrkdwn"}, {"text", Shorten(markdown, kMaxSectionBytes)}}}};
}

// "*title*" and one line per item, of which at most kMaxListed are shown.
template <typename Item, typename ToLine>
void AddList(Json& blocks, const std::string& title, const std::vector<Item>& items,
             const ToLine& to_line) {
  if (items.empty()) return;
  std::string text = "*" + title + "*";
  for (std::size_t i = 0; i < std::min(items.size(), kMaxListed); i++) {
    text += "\n• " + to_line(items[i]);
  }
  if (items.size() > kMaxListed) text += fmt::format("\n… {} more", items.size() - kMaxListed);
  blocks.push_back(Section(text));
}

std::string CheckLine(const FailedCheck& check, const Redactor& redactor) {
  const std::string column = check.column.empty() ? "" : "." + check.column;
  std::string line =
      fmt::format("`{}{}` {}: ", Escape(check.asset.value()), Escape(column), Escape(check.name));
  if (!check.error.empty()) {
    return line + "could not be evaluated: " +
           Escape(Shorten(redactor.Redact(check.error), kMaxListedErrorBytes));
  }
  line += fmt::format("{} bad {}", check.failing_rows, check.failing_rows == 1 ? "row" : "rows");
  return check.on_fail.empty() ? line : line + " (" + Escape(check.on_fail) + ")";
}

Json Numbers(const RunSummary& run) {
  Json fields = Json::array();
  const auto add = [&](const std::string& name, const std::string& value) {
    fields.push_back({{"type", "mrkdwn"}, {"text", "*" + name + "*\n" + value}});
  };
  add("Tasks", fmt::format("{} succeeded, {} failed, {} skipped, {} cancelled", run.tasks_succeeded,
                           run.tasks_failed, run.tasks_skipped, run.tasks_cancelled));
  add("Rows", fmt::format("{} written, {} quarantined", run.rows_written, run.rows_quarantined));
  add("Started", FormatTimestamp(run.started_us));
  add("Took", fmt::format("{:.1f} s", static_cast<double>(run.ended_us - run.started_us) /
                                          static_cast<double>(kMicrosPerSecond)));
  return {{"type", "section"}, {"fields", std::move(fields)}};
}

}  // namespace

std::string SlackMessage(const RunSummary& run, const Redactor& redactor) {
  const std::string title = redactor.Redact(Title(run));
  Json blocks = Json::array();
  blocks.push_back({{"type", "header"},
                    {"text", {{"type", "plain_text"}, {"text", Shorten(title, kMaxHeaderBytes)}}}});
  blocks.push_back(Numbers(run));
  AddList(blocks, "Failed tasks", run.failed_tasks, [&](const FailedTask& task) {
    return "`" + Escape(task.asset.value()) + "` " +
           Escape(Shorten(redactor.Redact(task.error), kMaxListedErrorBytes));
  });
  AddList(blocks, "Failed checks", run.failed_checks,
          [&](const FailedCheck& check) { return CheckLine(check, redactor); });
  const std::string command = Escape(Shorten(redactor.Redact(run.command), kMaxListedErrorBytes));
  blocks.push_back({{"type", "context"},
                    {"elements",
                     {{{"type", "mrkdwn"},
                       {"text", fmt::format("{}  ·  `leat logs {}`", command, run.id.value())}}}}});
  const Json message = {{"text", Escape(title)}, {"blocks", std::move(blocks)}};
  return JsonTextOfAny(message);
}

}  // namespace leat::monitor

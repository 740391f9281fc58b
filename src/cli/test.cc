#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/text.h"
#include "cli/app.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/run_request.h"
#include "cli/text_width.h"
#include "io/terminal.h"

namespace leat::cli {
namespace {

using TestResults = std::vector<orchestrate::UnitTestResult>;

struct TestOptions {
  std::vector<std::string> select;
};

std::size_t CountPassed(const TestResults& results) {
  return static_cast<std::size_t>(std::count_if(results.begin(), results.end(),
                                                [](const auto& result) { return result.passed; }));
}

Json ToJson(const TestResults& results) {
  Json tests = Json::array();
  for (const orchestrate::UnitTestResult& result : results) {
    tests.push_back({{"name", result.name},
                     {"model", result.model.value()},
                     {"status", result.passed ? "passed" : "failed"},
                     {"message", result.message.empty() ? Json(nullptr) : Json(result.message)},
                     {"file", result.location.file},
                     {"line", result.location.line},
                     {"duration_ms", result.duration_us / kMicrosPerMilli}});
  }
  const std::size_t passed = CountPassed(results);
  return {{"passed", passed}, {"failed", results.size() - passed}, {"tests", tests}};
}

data::Rows ToRows(const TestResults& results) {
  data::Rows rows{.schema = TextColumns({"name", "model", "status", "message", "file", "line"}),
                  .rows = {}};
  for (const orchestrate::UnitTestResult& result : results) {
    rows.rows.push_back({result.name, result.model.value(),
                         std::string(result.passed ? "passed" : "failed"),
                         result.message.empty() ? data::Value() : data::Value(result.message),
                         result.location.file, static_cast<std::int64_t>(result.location.line)});
  }
  return rows;
}

std::string MessageOf(const orchestrate::UnitTestResult& result) {
  return std::string(Trim(result.message));
}

std::string Plain(const App& app, const TestResults& results) {
  constexpr int kStream = io::kStandardOutput;
  std::string text;
  for (const orchestrate::UnitTestResult& result : results) {
    const std::string word = result.passed ? app.Styled(kStream, TextStyle::kGreen, "passed")
                                           : app.Styled(kStream, TextStyle::kRed, "failed");
    text += fmt::format("{}  {}  {}  {}\n", word, result.model.value(), result.name,
                        FormatDuration(result.duration_us));
    if (!result.passed)
      text += fmt::format("{}: {}\n", result.location.ToString(), MessageOf(result));
  }
  if (results.empty()) return "There are no tests: write some in tests/*.yml.\n";
  const std::size_t passed = CountPassed(results);
  return text + fmt::format("{} of {} passed\n", passed, Counted(std::ssize(results), "test"));
}

void PrintFailed(App& app, const TestResults& results) {
  for (const orchestrate::UnitTestResult& result : results) {
    if (result.passed) continue;
    app.Fail(InvalidInput(fmt::format("test '{}' of {}: {}", result.name, result.model.value(),
                                      MessageOf(result)))
                 .At(result.location));
  }
}

int RunTest(App& app, const TestOptions& options) {
  const auto workspace = app.OpenWorkspace(orchestrate::Purpose::kLook, Problems::kInFull);
  if (!workspace) return kError;
  const auto results = orchestrate::RunUnitTests(*workspace, options.select);
  if (!results.ok()) return app.Fail(results.error());
  PrintReport(app, {.json = [&] { return ToJson(*results); },
                    .csv = [&] { return ToRows(*results); },
                    .plain = [&] { return Plain(app, *results); },
                    .is_remark = true});
  if (app.plain() && app.options().quiet) PrintFailed(app, *results);
  const auto& errors = app.problems().errors;
  const bool misses_tests = std::any_of(errors.begin(), errors.end(), [](const Error& error) {
    return error.location() && error.location()->file.starts_with("tests/");
  });
  return CountPassed(*results) == results->size() && !misses_tests ? kDone : kFailed;
}

}  // namespace

Command MakeTest() {
  auto options = std::make_shared<TestOptions>();
  return {.name = "test",
          .summary = "Run the unit tests of models in tests/; touches no table",
          .options = {{"-s,--select", "SEL", "only tests of these models", &options->select}},
          .examples = {{"leat test", "all tests"},
                       {"leat test -s silver.orders", "those of one model"}},
          .run = [options](App& app) { return RunTest(app, *options); }};
}

}  // namespace leat::cli

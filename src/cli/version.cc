#include "cli/version.h"

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "cli/app.h"
#include "cli/command.h"

namespace leat::cli {

std::string Version() { return LEAT_VERSION; }
std::string VersionLine() { return "leat " + Version(); }

namespace {

int RunVersion(App& app) {
  switch (app.format()) {
    case Format::kJson: app.Out(JsonText(nlohmann::json({{"version", Version()}})) + "\n"); break;
    case Format::kCsv: app.Out("version\n" + Version() + "\n"); break;
    case Format::kPlain: app.Out(VersionLine() + "\n"); break;
  }
  return kDone;
}

}  // namespace

Command MakeVersion() {
  return {.name = "version",
          .summary = "Print the version",
          .examples = {{"leat --version", "the same"}},
          .run = RunVersion};
}

}  // namespace leat::cli

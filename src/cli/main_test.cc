// The command line itself: what is understood, what is refused, and how.
#include <gmock/gmock.h>

#include "cli/test_console.h"
#include "cli/version.h"

namespace leat::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

using CommandLine = CommandTest;

TEST_F(CommandLine, PrintsTheVersion) {
  const Outcome outcome = Run({"--version"});
  EXPECT_EQ(outcome.exit_code, kDone);
  EXPECT_EQ(outcome.out, "leat " + Version() + "\n");
  EXPECT_EQ(Run({"version", "-o", "json"}).out, "{\"version\":\"" + Version() + "\"}\n");
}

TEST_F(CommandLine, WithoutCommandShowsHelpAsAnErrorOfUsage) {
  const Outcome outcome = Run({});
  EXPECT_EQ(outcome.exit_code, kError);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("Usage: leat COMMAND"));
}

TEST_F(CommandLine, HelpOfEachCommandHasUsageAndExamples) {
  for (const char* command :
       {"init", "validate", "plan", "run", "retry", "test", "check", "render", "query", "lineage",
        "logs", "status", "history", "quarantine", "generate", "export", "doctor", "completion"}) {
    const Outcome outcome = Run({command, "--help"});
    EXPECT_EQ(outcome.exit_code, kDone) << command;
    EXPECT_THAT(outcome.out, HasSubstr(std::string("Usage: leat ") + command));
    EXPECT_THAT(outcome.out, HasSubstr("Examples:")) << command;
    EXPECT_EQ(outcome.err, "");
  }
}

TEST_F(CommandLine, HelpOfANestedCommandIsItsOwn) {
  EXPECT_THAT(Run({"generate", "retail", "-h"}).out,
              HasSubstr("Usage: leat generate retail [DIR]"));
}

TEST_F(CommandLine, UnknownCommandNamesTheNearest) {
  const Outcome outcome = Run({"valdate"});
  EXPECT_EQ(outcome.exit_code, kError);
  EXPECT_EQ(outcome.err, "error: unknown command 'valdate'\n  hint: did you mean 'validate'?\n");
}

TEST_F(CommandLine, CommandsOfLaterReleasesDoNotExist) {
  for (const char* command : {"apply", "backfill", "diff", "import", "serve"}) {
    const Outcome outcome = Run({command});
    EXPECT_EQ(outcome.exit_code, kError) << command;
    EXPECT_THAT(outcome.err, HasSubstr("unknown command")) << command;
  }
}

TEST_F(CommandLine, UnknownOptionNamesTheNearest) {
  const Outcome outcome = Run({"run", "--full-refrsh"});
  EXPECT_EQ(outcome.exit_code, kError);
  EXPECT_EQ(
      outcome.err,
      "error: leat run has no option --full-refrsh\n  hint: did you mean '--full-refresh'?\n");
}

TEST_F(CommandLine, AMissingArgumentIsAnErrorOfUsage) {
  const Outcome outcome = Run({"query"});
  EXPECT_EQ(outcome.exit_code, kError);
  EXPECT_THAT(outcome.err, HasSubstr("SQL is required"));
}

TEST_F(CommandLine, AnUnknownFormatIsRefused) {
  const Outcome outcome = Run({"query", "select 1", "-o", "xml"});
  EXPECT_EQ(outcome.exit_code, kError);
  EXPECT_THAT(outcome.err, HasSubstr("xml"));
}

TEST_F(CommandLine, GlobalOptionsStandBeforeOrAfterTheCommand) {
  EXPECT_EQ(Run({"-o", "csv", "query", "select 1 as x"}).out, "x\n1\n");
  EXPECT_EQ(Run({"query", "-o", "csv", "select 1 as x"}).out, "x\n1\n");
  EXPECT_EQ(Run({"query", "select 1 as x", "-o", "csv"}).out, "x\n1\n");
}

TEST_F(CommandLine, AnArgumentMayBeNamedLikeACommand) {
  const Outcome outcome = Run({"query", "run"});
  EXPECT_EQ(outcome.exit_code, kError);
  EXPECT_THAT(outcome.err, HasSubstr("query:1:1"));
}

TEST_F(CommandLine, AMissingFolderOfDashCIsNamed) {
  const Outcome outcome = Run({"-C", "/no/such/folder", "validate"});
  EXPECT_EQ(outcome.exit_code, kError);
  EXPECT_THAT(outcome.err, HasSubstr("/no/such/folder"));
}

TEST_F(CommandLine, OutsideAProjectCommandsSayHowToMakeOne) {
  const Outcome outcome = Run({"run"});
  EXPECT_EQ(outcome.exit_code, kError);
  EXPECT_THAT(outcome.err, HasSubstr("leat init DIR"));
}

TEST_F(CommandLine, ColoursAreOnlyForTerminals) {
  EXPECT_THAT(Run({"nope"}, true).err, HasSubstr("\x1b[31m"));
  EXPECT_THAT(Run({"nope"}, false).err, Not(HasSubstr("\x1b")));
  EXPECT_THAT(Run({"validate", "--no-color"}, true).err, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace leat::cli

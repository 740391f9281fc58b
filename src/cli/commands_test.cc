// Commands on real projects, in this process.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>

#include "cli/rows_output.h"
#include "cli/test_console.h"

namespace leat::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

using Commands = CommandTest;

Json Parsed(const Outcome& outcome) {
  Json json = Json::parse(outcome.out, nullptr, false);
  EXPECT_FALSE(json.is_discarded()) << outcome.out << outcome.err;
  return json;
}

TEST_F(Commands, InitMakesAProjectThatIsValidAndNamedLikeItsFolder) {
  const Outcome made = Run({"init", "my shop"});
  EXPECT_EQ(made.exit_code, kDone) << made.err;
  EXPECT_THAT(made.out, HasSubstr("leat validate"));
  EXPECT_THAT(Read("my shop/leat.yml"), HasSubstr("name: my_shop\n"));
  EXPECT_THAT(Read("my shop/.gitignore"), HasSubstr("connections.yml"));
  EXPECT_EQ(Run({"-C", folder_ + "/my shop", "validate"}).exit_code, kDone);
}

TEST_F(Commands, InitRefusesAFolderThatHoldsSomethingButGit) {
  Write("shop/notes.txt", "mine");
  const Outcome refused = Run({"init", "shop"});
  EXPECT_EQ(refused.exit_code, kError);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("not empty"), HasSubstr("notes.txt")));
  Write("cloned/.git/HEAD", "ref");
  EXPECT_EQ(Run({"init", "cloned"}).exit_code, kDone);
}

TEST_F(Commands, RetailTemplateIsValidOnceItsDataIsThere) {
  ASSERT_EQ(Run({"init", "--template", "retail", "retail"}).exit_code, kDone);
  const std::string folder = folder_ + "/retail";
  const Outcome made = Run({"-C", folder, "generate", "retail", "--customers", "20", "--orders",
                            "50", "--days", "3", "-o", "json"});
  EXPECT_EQ(Parsed(made)["files"], 6);
  const Outcome valid = Run({"-C", folder, "validate", "-o", "json"});
  EXPECT_EQ(valid.exit_code, kDone) << valid.out;
}

TEST_F(Commands, ValidateReportsEveryProblemWithItsPlace) {
  WriteShop();
  Write("assets/silver/orders.sql", "select order_idd from bronze.orders\n");
  const Outcome outcome = Run({"validate", "-o", "json"});
  EXPECT_EQ(outcome.exit_code, kError);
  const Json problems = Parsed(outcome);
  EXPECT_EQ(problems["valid"], false);
  ASSERT_EQ(problems["errors"].size(), 1U);
  EXPECT_EQ(problems["errors"][0]["file"], "assets/silver/orders.sql");
  EXPECT_EQ(problems["errors"][0]["line"], 1);
  EXPECT_EQ(problems["errors"][0]["hint"], "did you mean 'order_id'?");
}

TEST_F(Commands, WhatDoesNotBindIsLeftOutAndTheRestRuns) {
  WriteShop();
  Write("assets/gold/sales.sql", "select nope from silver.orders\n");
  const Outcome outcome = Run({"run"});
  EXPECT_EQ(outcome.exit_code, kFailed);
  EXPECT_THAT(outcome.err, HasSubstr("assets/gold/sales.sql:1:8"));
  EXPECT_TRUE(io::LocalFileSystem().Stat(folder_ + "/lake/silver/orders/_delta_log").ok());
  EXPECT_FALSE(io::LocalFileSystem().Stat(folder_ + "/lake/gold/sales/_delta_log").ok());
}

TEST_F(Commands, RunLoadsBuildsChecksAndTellsSo) {
  WriteShop();
  const Outcome run = Run({"run", "-o", "json"});
  EXPECT_EQ(run.exit_code, kDone) << run.err;
  const Json result = Parsed(run);
  EXPECT_EQ(result["status"], "succeeded");
  ASSERT_EQ(result["tasks"].size(), 2U);
  EXPECT_EQ(result["tasks"][1]["asset"], "silver.orders");
  EXPECT_EQ(result["tasks"][1]["rows_written"], 2);
  EXPECT_EQ(result["tasks"][1]["rows_quarantined"], 1);
  EXPECT_EQ(Run({"query", "select order_id from silver.orders order by 1", "-o", "csv"}).out,
            "order_id\n1\n3\n");
  EXPECT_EQ(Run({"query", "select amount from bronze.orders where order_id = 1", "-o", "json"}).out,
            "[\n{\"amount\":\"10.50\"}\n]\n");
}

TEST_F(Commands, StrictTurnsWarningsIntoAnExitCode) {
  WriteShop();
  EXPECT_EQ(Run({"run", "--strict"}).exit_code, kWarnings);
}

TEST_F(Commands, PlainRunEndsWithQualityAndNextSteps) {
  WriteShop();
  const Outcome run = Run({"run"});
  EXPECT_THAT(run.out, AllOf(HasSubstr("silver.orders"), HasSubstr("1 row quarantined"),
                             HasSubstr("leat quarantine show silver.orders")));
  EXPECT_THAT(run.err, HasSubstr("succeeded"));
  const Outcome quiet = Run({"run", "-q"});
  EXPECT_EQ(quiet.out + quiet.err, "");
}

TEST_F(Commands, AFailedRunIsExitCodeOneAndIsRetried) {
  WriteShop();
  Write("assets/silver/orders.sql",
        "/* @leat\ncolumns:\n  amount: {checks: [positive]}\n@leat */\n"
        "select * from bronze.orders\n");
  const Outcome failed = Run({"run"});
  EXPECT_EQ(failed.exit_code, kFailed);
  EXPECT_THAT(failed.out, HasSubstr("leat retry"));
  EXPECT_THAT(Run({"logs"}).out, HasSubstr("silver.orders"));
  EXPECT_EQ(Parsed(Run({"status", "-o", "json"}))["assets"][1]["status"], "failed");
  Write("assets/silver/orders.sql", "select * from bronze.orders\n");
  const Json retried = Parsed(Run({"retry", "-o", "json"}));
  EXPECT_EQ(retried["status"], "succeeded");
  ASSERT_EQ(retried["tasks"].size(), 1U);
  EXPECT_EQ(retried["tasks"][0]["asset"], "silver.orders");
}

TEST_F(Commands, LooksAtWhatARunLeft) {
  WriteShop();
  ASSERT_EQ(Run({"run"}).exit_code, kDone);
  const Json history = Parsed(Run({"history", "silver.orders", "-o", "json"}));
  EXPECT_EQ(history[0]["version"], 0);
  EXPECT_EQ(history[0]["rows"], 2);
  const Json status = Parsed(Run({"status", "-o", "json"}));
  EXPECT_EQ(status["assets"][1]["checks"]["warned"], 1);
  EXPECT_EQ(status["runs"][0]["run_id"], history[0]["run_id"]);
  const Json rejected = Parsed(Run({"quarantine", "show", "silver.orders", "-o", "json"}));
  ASSERT_EQ(rejected.size(), 1U);
  EXPECT_EQ(rejected[0]["check_name"], "amount min");
  EXPECT_EQ(Parsed(Run({"quarantine", "list", "-o", "json"}))[0]["pending"], 1);
  EXPECT_EQ(Run({"check"}).exit_code, kDone);
}

TEST_F(Commands, LineageFollowsColumnsThroughModels) {
  WriteShop();
  Write("assets/gold/sales.sql",
        "select region, sum(amount) as revenue from silver.orders group by all\n");
  const Json lineage = Parsed(Run({"lineage", "gold.sales.revenue", "-o", "json"}));
  EXPECT_EQ(lineage["nodes"].size(), 3U);
  EXPECT_EQ(lineage["edges"].size(), 2U);
  EXPECT_EQ(Dump(lineage["column_edges"][0]),
            R"({"from":{"asset":"bronze.orders","column":"amount"},)"
            R"("to":{"asset":"silver.orders","column":"amount"}})");
  const Outcome tree = Run({"lineage", "silver.orders"});
  EXPECT_THAT(tree.out, AllOf(HasSubstr("└─ bronze.orders"), HasSubstr("└─ gold.sales"),
                              HasSubstr("is_vip <- bronze.orders.amount")));
  EXPECT_THAT(Run({"lineage", "gold.sales.revenu"}).err, HasSubstr("did you mean 'revenue'?"));
}

TEST_F(Commands, RenderFillsInParameters) {
  WriteShop();
  EXPECT_EQ(Run({"render", "silver.orders"}).out,
            "select order_id, region, amount, amount > 1000 as is_vip from bronze.orders\n");
  EXPECT_EQ(Run({"render", "bronze.orders"}).exit_code, kError);
}

TEST_F(Commands, QueryOnlyReads) {
  const Outcome outcome = Run({"query", "create table t as select 1"});
  EXPECT_EQ(outcome.exit_code, kError);
  EXPECT_EQ(Run({"query", "select 1; select 2"}).exit_code, kError);
}

TEST_F(Commands, QueryStopsAtItsLimitAndSaysSo) {
  const Outcome outcome =
      Run({"query", "select * from range(5) t(n)", "--limit", "2", "-o", "csv"});
  EXPECT_EQ(outcome.out, "n\n0\n1\n");
  EXPECT_THAT(outcome.err, HasSubstr("--limit 0"));
  EXPECT_EQ(Run({"query", "select * from range(5) t(n)", "--limit", "0", "-o", "csv"}).err, "");
  EXPECT_EQ(Run({"query", "select 1", "--limit", "-1"}).exit_code, kError);
}

TEST_F(CommandTest, AResultThatCannotBeWrittenIsAnErrorAndAReaderThatLeftIsNot) {
  TestConsole full;
  full.is_full = true;
  const Outcome lost = RunOn(full, {"query", "select 1", "-o", "json"});
  EXPECT_EQ(lost.exit_code, kError);
  EXPECT_EQ(lost.err, "error: cannot write to standard output: No space left on device\n");
  TestConsole left;
  left.has_no_reader = true;
  const Outcome quiet =
      RunOn(left, {"query", "select * from range(300000)", "--limit", "0", "-o", "csv"});
  EXPECT_EQ(quiet.exit_code, kDone);
  EXPECT_EQ(quiet.err, "");
}

TEST_F(Commands, QueryPrintsResultsOfAnySizeInOrder) {
  const Outcome outcome = Run({"query",
                               "select n, n as n, timestamp '2026-11-01 10:00:00' as t from "
                               "range(250000) t(n) order by n desc;",
                               "-o", "csv"});
  EXPECT_EQ(outcome.exit_code, kDone) << outcome.err;
  EXPECT_THAT(outcome.out,
              testing::StartsWith("n,n,t\n249999,249999,2026-11-01T10:00:00Z\n249998,"));
  EXPECT_THAT(outcome.out,
              testing::EndsWith("\n1,1,2026-11-01T10:00:00Z\n0,0,2026-11-01T10:00:00Z\n"));
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 250001);
}

TEST_F(Commands, ExportWritesAFileOfTheFormatItsEndingTells) {
  WriteShop();
  ASSERT_EQ(Run({"run"}).exit_code, kDone);
  EXPECT_EQ(Parsed(Run({"export", "silver.orders", "--to", "out.csv", "-o", "json"}))["rows"], 2);
  EXPECT_THAT(Read("out.csv"), HasSubstr("order_id,region,amount,is_vip\n"));
  EXPECT_EQ(Run({"export", "select 1 as x", "--to", "out.parquet"}).exit_code, kDone);
  EXPECT_EQ(Run({"query", "select x from 'out.parquet'", "-o", "csv"}).out, "x\n1\n");
  EXPECT_EQ(Run({"export", "silver.orders", "--to", "out.txt"}).exit_code, kError);
  EXPECT_THAT(Run({"export", "silver.order", "--to", "out.csv"}).err, HasSubstr("did you mean"));
  EXPECT_EQ(Run({"export", "select nope", "--to", "new.csv"}).exit_code, kError);
  EXPECT_FALSE(io::LocalFileSystem().Stat(folder_ + "/new.csv").ok());
}

TEST_F(Commands, SecretsNeverAppear) {
  WriteShop();
  Write("connections.yml", "connections: {db: {type: postgres, password: hunter2-secret}}\n");
  const Outcome outcome = Run({"query", "select 'hunter2-secret' as password, nope"});
  EXPECT_THAT(outcome.err, Not(HasSubstr("hunter2")));
  EXPECT_EQ(Run({"query", "select 'hunter2-secret' as x", "-o", "csv"}).out, "x\n***\n");
}

TEST_F(Commands, DoctorChecksInstallationAndProject) {
  const Json outside = Parsed(Run({"doctor", "-o", "json"}));
  EXPECT_EQ(outside["healthy"], true);
  WriteShop();
  Write("leat.yml", "name: shop\nstorage: /proc/nowhere\nvars: {vip_threshold: 1000}\n");
  const Outcome inside = Run({"doctor"});
  EXPECT_EQ(inside.exit_code, kFailed);
  EXPECT_THAT(inside.out,
              AllOf(HasSubstr("problem  storage"), HasSubstr("ok       source bronze.orders")));
}

TEST_F(Commands, CompletionScriptsAreSoundAndKnowTheProject) {
  WriteShop();
  EXPECT_EQ(Run({"completion", "assets"}).out, "bronze.orders\nsilver.orders\n");
  Write("leat.bash", Run({"completion", "bash"}).out);
  EXPECT_EQ(std::system(("bash -n '" + folder_ + "/leat.bash'").c_str()), 0);
  EXPECT_THAT(Run({"completion", "zsh"}).out, HasSubstr("compdef _leat leat"));
  EXPECT_THAT(Run({"completion", "fish"}).out, HasSubstr("-a validate"));
}

}  // namespace
}  // namespace leat::cli

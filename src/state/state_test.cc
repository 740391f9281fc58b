#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <thread>

#include "state/limits.h"
#include "state/state_reader.h"
#include "state/state_writer.h"

namespace leat::state {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr TimestampUs kNoon = 1'700'000'000 * kMicrosPerSecond;

class StateTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = io::MakeTemporaryDirectory("leat-state-").value();
    path_ = StatePath(root_);
  }
  void TearDown() override { ASSERT_TRUE(io::RemoveAll(root_).ok()); }

  std::unique_ptr<StateWriter> OpenWriter() {
    auto writer = StateWriter::Open(environment_, path_);
    EXPECT_TRUE(writer.ok()) << writer.error().ToString();
    return writer.ok() ? std::move(writer).value() : nullptr;
  }
  std::unique_ptr<StateReader> OpenReader() {
    auto reader = StateReader::Open(environment_, path_);
    EXPECT_TRUE(reader.ok()) << reader.error().ToString();
    return reader.ok() ? std::move(reader).value() : nullptr;
  }
  // Of a closed database: its log, left beside it, would repair it.
  void Damage(const std::string& content) {
    ASSERT_TRUE(environment_.files.ReplaceFile(path_, content).ok());
    for (const char* log : {"-wal", "-shm"})
      ASSERT_TRUE(environment_.files.Remove(path_ + log).ok());
  }
  // Runs the body in another process, which then ends without any clean-up; true when the body was.
  static bool InOtherProcess(const std::function<bool()>& body) {
    const pid_t child = fork();
    if (child == 0) _exit(body() ? 0 : 1);
    int status = 0;
    return waitpid(child, &status, 0) == child && status == 0;
  }

  io::Environment& environment_ = io::SystemEnvironment();
  std::string root_;
  std::string path_;
};

RunRecord MakeRun(const std::string& id) {
  return {.id = RunId(id), .started_us = kNoon, .command = "run"};
}

TaskRecord MakeTask(const std::string& run, const std::string& asset) {
  return {.run = RunId(run), .asset = AssetName(asset), .started_us = kNoon};
}

TaskRecord Succeeded(TaskRecord task, std::int64_t rows) {
  task.status = TaskStatus::kSucceeded;
  task.ended_us = task.started_us + kMicrosPerSecond;
  task.rows_written = rows;
  task.version = TableVersion(0);
  return task;
}

TEST_F(StateTest, ARunIsReadAsItWasWritten) {
  auto writer = OpenWriter();
  RunRecord run = MakeRun("aa11");
  run.selection = "tag:finance+";
  run.interval = Interval{kNoon, kNoon + kMicrosPerDay};
  run.full_refresh = true;
  ASSERT_TRUE(writer->BeginRun(run).ok());
  auto reader = OpenReader();
  EXPECT_EQ(reader->Run("latest")->status, RunStatus::kRunning);
  EXPECT_EQ(reader->Run("latest")->process, io::CurrentProcess());

  run.status = RunStatus::kPartial;
  run.ended_us = kNoon + 5;
  run.error = "2 of 3 tasks failed";
  ASSERT_TRUE(writer->EndRun(run).ok());
  const RunRecord read = reader->Run("latest").value();
  EXPECT_EQ(read.id, run.id);
  EXPECT_EQ(read.status, RunStatus::kPartial);
  EXPECT_EQ(read.started_us, kNoon);
  EXPECT_EQ(read.ended_us, kNoon + 5);
  EXPECT_EQ(read.command, "run");
  EXPECT_EQ(read.selection, "tag:finance+");
  EXPECT_EQ(read.interval, run.interval);
  EXPECT_TRUE(read.full_refresh);
  EXPECT_EQ(read.error, "2 of 3 tasks failed");
}

TEST_F(StateTest, RunsAreListedNewestFirstAndFoundByTheBeginningOfTheirId) {
  auto writer = OpenWriter();
  for (const std::string id : {"aa11", "aa22", "bb33"}) {
    ASSERT_TRUE(writer->BeginRun(MakeRun(id)).ok());
  }
  auto reader = OpenReader();
  const auto newest = reader->Runs(2).value();
  ASSERT_THAT(newest, SizeIs(2));
  EXPECT_EQ(newest[0].id, RunId("bb33"));
  EXPECT_EQ(newest[1].id, RunId("aa22"));
  EXPECT_EQ(reader->Run("b")->id, RunId("bb33"));
  EXPECT_EQ(reader->Run("aa11")->id, RunId("aa11"));
  const auto ambiguous = reader->Run("aa");
  ASSERT_FALSE(ambiguous.ok());
  EXPECT_EQ(ambiguous.error().kind(), ErrorKind::kInvalidInput);
  EXPECT_THAT(ambiguous.error().message(), HasSubstr("aa11, aa22"));
  EXPECT_EQ(reader->Run("cc").error().kind(), ErrorKind::kNotFound);
  EXPECT_EQ(reader->Run("").error().kind(), ErrorKind::kNotFound);
}

TEST_F(StateTest, ATaskIsReadAsItWasWrittenAndItsAttemptsAndIntervalsAreKeptApart) {
  auto writer = OpenWriter();
  ASSERT_TRUE(writer->BeginRun(MakeRun("r")).ok());
  TaskRecord task = MakeTask("r", "gold.sales");
  task.interval = Interval{kNoon, kNoon + kMicrosPerDay};
  ASSERT_TRUE(writer->BeginTask(task).ok());
  task.status = TaskStatus::kFailed;
  task.ended_us = kNoon + 7;
  task.rows_read = 1;
  task.rows_written = 2;
  task.rows_quarantined = 3;
  task.bytes_written = 4;
  task.error = "no space";
  ASSERT_TRUE(writer->EndTask(task).ok());
  TaskRecord second = task;
  second.attempt = 2;
  second = Succeeded(second, 9);
  second.version = TableVersion(12);
  ASSERT_TRUE(writer->EndTask(second).ok());
  TaskRecord whole = MakeTask("r", "gold.sales");
  ASSERT_TRUE(writer->BeginTask(whole).ok());
  ASSERT_TRUE(writer->EndTask(whole).ok());

  const auto tasks = OpenReader()->Tasks(RunId("r")).value();
  ASSERT_THAT(tasks, SizeIs(3));
  EXPECT_EQ(tasks[0].interval, task.interval);
  EXPECT_EQ(tasks[0].status, TaskStatus::kFailed);
  EXPECT_EQ(tasks[0].ended_us, kNoon + 7);
  EXPECT_EQ(tasks[0].rows_read, 1);
  EXPECT_EQ(tasks[0].rows_written, 2);
  EXPECT_EQ(tasks[0].rows_quarantined, 3);
  EXPECT_EQ(tasks[0].bytes_written, 4);
  EXPECT_EQ(tasks[0].version, std::nullopt);
  EXPECT_EQ(tasks[0].error, "no space");
  EXPECT_EQ(tasks[1].attempt, 2);
  EXPECT_EQ(tasks[1].version, TableVersion(12));
  EXPECT_EQ(tasks[2].interval, std::nullopt);
  EXPECT_EQ(tasks[2].status, TaskStatus::kRunning);
}

TEST_F(StateTest, TheLatestTaskOfEveryAssetComesByName) {
  auto writer = OpenWriter();
  for (const std::string run : {"r1", "r2"}) {
    ASSERT_TRUE(writer->BeginRun(MakeRun(run)).ok());
    ASSERT_TRUE(writer->EndTask(Succeeded(MakeTask(run, "b"), 1)).ok());
    if (run == "r2") continue;
    ASSERT_TRUE(writer->EndTask(Succeeded(MakeTask(run, "a"), 1)).ok());
  }
  const auto latest = OpenReader()->LatestTaskPerAsset().value();
  ASSERT_THAT(latest, SizeIs(2));
  EXPECT_EQ(latest[0].asset, AssetName("a"));
  EXPECT_EQ(latest[0].run, RunId("r1"));
  EXPECT_EQ(latest[1].asset, AssetName("b"));
  EXPECT_EQ(latest[1].run, RunId("r2"));
}

TEST_F(StateTest, RowCountsAreThoseOfTasksThatPublishedNewestFirst) {
  auto writer = OpenWriter();
  for (int i = 1; i <= 4; i++) {
    ASSERT_TRUE(writer->EndTask(Succeeded(MakeTask("r" + std::to_string(i), "a"), i * 10)).ok());
  }
  TaskRecord nothing_new = Succeeded(MakeTask("r5", "a"), 0);
  nothing_new.version.reset();
  TaskRecord failed = Succeeded(MakeTask("r6", "a"), 60);
  failed.status = TaskStatus::kFailed;
  ASSERT_TRUE(writer->AddTasks({nothing_new, failed}).ok());
  EXPECT_THAT(OpenReader()->RowCounts(AssetName("a"), 3).value(), ElementsAre(40, 30, 20));
  EXPECT_THAT(OpenReader()->RowCounts(AssetName("b"), 3).value(), IsEmpty());
}

CheckRecord MakeCheck(const std::string& run, const std::string& asset, const std::string& name) {
  return {.run = RunId(run), .asset = AssetName(asset), .name = name, .column = "id"};
}

TEST_F(StateTest, ACheckIsReadAsItWasWrittenAndARetryReplacesIt) {
  auto writer = OpenWriter();
  CheckRecord check = MakeCheck("r", "a", "not_null");
  check.status = CheckStatus::kError;
  ASSERT_TRUE(writer->AddChecks({check, MakeCheck("r", "a", "unique")}).ok());
  check.status = CheckStatus::kFailed;
  check.failing_rows = 3;
  check.sample_json = R"([{"id":null}])";
  check.on_fail = "quarantine";
  check.message = "3 rows";
  check.checked_us = kNoon;
  ASSERT_TRUE(writer->AddChecks({check}).ok());
  const auto checks = OpenReader()->Checks(RunId("r")).value();
  ASSERT_THAT(checks, SizeIs(2));
  EXPECT_EQ(checks[0].name, "unique");
  EXPECT_EQ(checks[1].status, CheckStatus::kFailed);
  EXPECT_EQ(checks[1].column, "id");
  EXPECT_EQ(checks[1].failing_rows, 3);
  EXPECT_EQ(checks[1].sample_json, R"([{"id":null}])");
  EXPECT_EQ(checks[1].on_fail, "quarantine");
  EXPECT_EQ(checks[1].message, "3 rows");
  EXPECT_EQ(checks[1].checked_us, kNoon);
}

TEST_F(StateTest, TheLatestChecksAreThoseOfTheLastRunThatCheckedTheAsset) {
  auto writer = OpenWriter();
  ASSERT_TRUE(writer->AddChecks({MakeCheck("r1", "a", "x"), MakeCheck("r1", "b", "x")}).ok());
  ASSERT_TRUE(writer->AddChecks({MakeCheck("r2", "a", "y"), MakeCheck("r2", "a", "z")}).ok());
  auto reader = OpenReader();
  const auto all = reader->LatestChecksPerAsset().value();
  ASSERT_THAT(all, SizeIs(3));
  EXPECT_EQ(all[0].name, "y");
  EXPECT_EQ(all[1].name, "z");
  EXPECT_EQ(all[2].asset, AssetName("b"));
}

TEST_F(StateTest, SampleRowsBeyondTheLimitAreDroppedAndTheRestStaysValid) {
  auto writer = OpenWriter();
  CheckRecord check = MakeCheck("r", "a", "x");
  check.sample_json = "[";
  while (check.sample_json.size() < 3 * kMaxSampleBytes) {
    check.sample_json += R"({"text":")" + std::string(1000, 'x') + "\"},";
  }
  check.sample_json.back() = ']';
  CheckRecord one_huge_row = MakeCheck("r", "b", "x");
  one_huge_row.sample_json = "[\"" + std::string(2 * kMaxSampleBytes, 'x') + "\"]";
  ASSERT_TRUE(writer->AddChecks({check, one_huge_row}).ok());
  const auto checks = OpenReader()->Checks(RunId("r")).value();
  EXPECT_LE(checks.at(0).sample_json.size(), kMaxSampleBytes);
  EXPECT_GT(checks.at(0).sample_json.size(), kMaxSampleBytes / 4);
  EXPECT_TRUE(checks.at(0).sample_json.ends_with("\"}]"));
  EXPECT_EQ(checks.at(1).sample_json, "[]");
}

TEST_F(StateTest, LogsComeInOrderForTheRunOrOneAsset) {
  auto writer = OpenWriter();
  ASSERT_TRUE(writer
                  ->AddLogs({{RunId("r"), AssetName(), 1, LogLevel::kInfo, "begins"},
                             {RunId("r"), AssetName("a"), 2, LogLevel::kWarning, "slow"}})
                  .ok());
  ASSERT_TRUE(
      writer->AddLog({RunId("r"), AssetName("b"), 3, LogLevel::kError, std::string(70'000, 'x')})
          .ok());
  auto reader = OpenReader();
  const auto all = reader->Logs(RunId("r")).value();
  ASSERT_THAT(all, SizeIs(3));
  EXPECT_EQ(all[0].message, "begins");
  EXPECT_EQ(all[1].level, LogLevel::kWarning);
  EXPECT_EQ(all[1].time_us, 2);
  EXPECT_LT(all[2].message.size(), kMaxMessageBytes + 10);
  EXPECT_THAT(reader->Logs(RunId("r"), AssetName("a")).value(), SizeIs(1));
  EXPECT_THAT(reader->Logs(RunId("other")).value(), IsEmpty());
}

TEST_F(StateTest, EnvironmentsHaveFilesOfTheirOwnThatStayBelowTheFolderAndOutOfGit) {
  EXPECT_EQ(StatePath("/p"), "/p/.leat/state.db");
  EXPECT_EQ(StatePath("/p", "prod"), "/p/.leat/state-prod.db");
  EXPECT_EQ(StatePath("/p", "../x y"), "/p/.leat/state-%2e%2e%2fx%20y.db");
  OpenWriter();
  EXPECT_EQ(environment_.files.ReadFile(io::JoinPath(root_, ".leat/.gitignore")).value(), "*\n");
}

TEST_F(StateTest, AMissingFileReadsAsEmptyAndIsNotCreated) {
  auto reader = OpenReader();
  EXPECT_EQ(reader->warning(), std::nullopt);
  EXPECT_THAT(reader->Runs(10).value(), IsEmpty());
  EXPECT_THAT(reader->LatestTaskPerAsset().value(), IsEmpty());
  EXPECT_THAT(reader->LatestChecksPerAsset().value(), IsEmpty());
  EXPECT_EQ(reader->Run("latest").error().kind(), ErrorKind::kNotFound);
  EXPECT_EQ(environment_.files.Stat(path_).error().kind(), ErrorKind::kNotFound);
}

TEST_F(StateTest, ARunWhoseProcessVanishedReadsAsInterruptedAndTheNextWriterSaysSo) {
  ASSERT_TRUE(InOtherProcess([&] {
    auto writer = StateWriter::Open(environment_, path_);
    return writer.ok() && (*writer)->BeginRun(MakeRun("crashed")).ok() &&
           (*writer)->BeginTask(MakeTask("crashed", "a")).ok() &&
           (*writer)->AddLog({RunId("crashed"), AssetName(), kNoon + 9, LogLevel::kInfo, "x"}).ok();
  }));
  auto reader = OpenReader();
  EXPECT_EQ(reader->Run("crashed")->status, RunStatus::kFailed);
  EXPECT_EQ(reader->Run("crashed")->error, kInterrupted);
  EXPECT_EQ(reader->Run("crashed")->ended_us, std::nullopt);
  EXPECT_EQ(reader->Tasks(RunId("crashed"))->at(0).status, TaskStatus::kFailed);

  auto writer = OpenWriter();
  ASSERT_TRUE(writer->BeginRun(MakeRun("alive")).ok());
  ASSERT_TRUE(writer->BeginTask(MakeTask("alive", "a")).ok());
  OpenWriter();
  EXPECT_EQ(reader->Run("crashed")->ended_us, kNoon + 9);
  EXPECT_EQ(reader->Tasks(RunId("crashed"))->at(0).error, kInterrupted);
  EXPECT_EQ(reader->Run("alive")->status, RunStatus::kRunning);
  EXPECT_EQ(reader->Tasks(RunId("alive"))->at(0).status, TaskStatus::kRunning);
}

TEST_F(StateTest, WhatAVanishedRunNeverCameToReadsAsCancelledAndIsKeptSo) {
  const Interval day{kNoon, kNoon + kMicrosPerDay};
  const std::vector<PlannedTask> planned = {
      {AssetName("a"), {}}, {AssetName("b"), day}, {AssetName("c"), {}}};
  {
    auto writer = OpenWriter();
    ASSERT_TRUE(writer->BeginRun(MakeRun("before"), planned).ok());
    ASSERT_TRUE(writer->AddTasks({Succeeded(MakeTask("before", "c"), 1)}).ok());
    RunRecord ended = MakeRun("before");
    ended.status = RunStatus::kSucceeded;
    ASSERT_TRUE(writer->EndRun(ended).ok());
  }
  ASSERT_TRUE(InOtherProcess([&] {
    auto writer = StateWriter::Open(environment_, path_);
    return writer.ok() && (*writer)->BeginRun(MakeRun("crashed"), planned).ok() &&
           (*writer)->BeginTask(MakeTask("crashed", "a")).ok();
  }));
  auto reader = OpenReader();
  const auto expect_unbegun = [&] {
    const auto tasks = reader->Tasks(RunId("crashed")).value();
    ASSERT_THAT(tasks, SizeIs(3));
    EXPECT_EQ(tasks[0].status, TaskStatus::kFailed);
    EXPECT_EQ(tasks[1].status, TaskStatus::kCancelled);
    EXPECT_EQ(tasks[1].asset, AssetName("b"));
    EXPECT_EQ(tasks[1].interval, day);
    EXPECT_EQ(tasks[2].error, kInterrupted);
    const auto latest = reader->LatestTaskPerAsset().value();
    ASSERT_THAT(latest, SizeIs(3));
    EXPECT_EQ(latest[2].run, RunId("crashed"));
    EXPECT_EQ(latest[2].status, TaskStatus::kCancelled);
    EXPECT_THAT(reader->Tasks(RunId("before")).value(), SizeIs(1));
  };
  expect_unbegun();
  auto writer = OpenWriter();
  expect_unbegun();
  ASSERT_TRUE(writer->BeginRun(MakeRun("alive"), planned).ok());
  EXPECT_THAT(reader->Tasks(RunId("alive")).value(), IsEmpty());
}

TEST_F(StateTest, ADatabaseOfTheFirstVersionIsMigrated) {
  ASSERT_TRUE(environment_.files.CreateDirectories(io::ParentPath(path_)).ok());
  auto connection = Connection::Open(path_, OpenMode::kReadWrite).value();
  ASSERT_TRUE(Migrate(*connection, Migrations().first(1)).ok());
  ASSERT_TRUE(
      connection
          ->Execute("insert into runs values (1, 'old', 'succeeded', 5, 6, 'run', '', null, "
                    "null, 0, '', 1, 'x'); insert into intervals values ('a', 'f', '[]')")
          .ok());
  connection.reset();
  EXPECT_EQ(OpenReader()->Run("old")->first_started_us, std::nullopt);
  EXPECT_TRUE(OpenWriter()->BeginRun(MakeRun("new"), {{AssetName("a"), {}}}).ok());
  for (const char* made_by : {"one", "two"})
    EXPECT_TRUE(OpenWriter()->PutDefinition(AssetName("v"), made_by).ok());
  EXPECT_EQ(OpenReader()->Definitions().value().at(AssetName("v")), "two");
  EXPECT_THAT(OpenReader()->Runs(9).value(), SizeIs(2));
}

TEST_F(StateTest, TwoProcessesAndTheirThreadsWriteAtTheSameTimeWithoutLoss) {
  constexpr int kTasks = 200;
  const auto write_tasks = [&](const std::string& run) {
    auto writer = StateWriter::Open(environment_, path_);
    if (!writer.ok() || !(*writer)->BeginRun(MakeRun(run)).ok()) return false;
    std::atomic<bool> all_written = true;
    const auto write_half = [&](int begin) {
      for (int i = begin; i < kTasks; i += 2) {
        const TaskRecord task = MakeTask(run, "asset" + std::to_string(i));
        if (!(*writer)->BeginTask(task).ok() || !(*writer)->EndTask(Succeeded(task, i)).ok()) {
          all_written = false;
        }
      }
    };
    std::thread even(write_half, 0);
    write_half(1);
    even.join();
    return all_written.load();
  };
  const pid_t child = fork();
  if (child == 0) _exit(write_tasks("child") ? 0 : 1);
  EXPECT_TRUE(write_tasks("parent"));
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  auto reader = OpenReader();
  EXPECT_THAT(reader->Tasks(RunId("child")).value(), SizeIs(kTasks));
  EXPECT_THAT(reader->Tasks(RunId("parent")).value(), SizeIs(kTasks));
}

TEST_F(StateTest, ADamagedFileIsMovedAsideWithAWarning) {
  OpenWriter();
  Damage("this is no database, and long enough");
  auto reader = OpenReader();
  ASSERT_TRUE(reader->warning().has_value());
  EXPECT_THAT(*reader->warning(), HasSubstr(path_));
  EXPECT_THAT(reader->Runs(10).value(), IsEmpty());

  auto writer = OpenWriter();
  const auto warnings = writer->TakeWarnings();
  ASSERT_THAT(warnings, SizeIs(1));
  EXPECT_THAT(warnings[0], HasSubstr("moved to " + path_ + ".damaged-"));
  EXPECT_THAT(writer->TakeWarnings(), IsEmpty());
  ASSERT_TRUE(writer->BeginRun(MakeRun("r")).ok());
  EXPECT_EQ(OpenReader()->Run("latest")->id, RunId("r"));
  const auto kept = io::Glob(environment_.files, path_ + ".damaged-*").value();
  ASSERT_THAT(kept, SizeIs(1));
  EXPECT_EQ(environment_.files.ReadFile(kept[0].path).value(),
            "this is no database, and long enough");
}

TEST_F(StateTest, AnotherProgramsDatabaseIsNotWrittenTo) {
  ASSERT_TRUE(environment_.files.CreateDirectories(io::ParentPath(path_)).ok());
  ASSERT_TRUE(
      Connection::Open(path_, OpenMode::kReadWrite).value()->Execute("create table t (a)").ok());
  EXPECT_THAT(OpenWriter()->TakeWarnings(), SizeIs(1));
}

TEST_F(StateTest, AnEmptyFileIsTakenAsNew) {
  ASSERT_TRUE(environment_.files.CreateDirectories(io::ParentPath(path_)).ok());
  ASSERT_TRUE(environment_.files.ReplaceFile(path_, "").ok());
  auto writer = OpenWriter();
  EXPECT_THAT(writer->TakeWarnings(), IsEmpty());
  EXPECT_TRUE(writer->BeginRun(MakeRun("r")).ok());
}

TEST_F(StateTest, DamageFoundInTheMiddleOfARunDoesNotStopTheRun) {
  RunRecord run = MakeRun("r");
  {
    auto writer = OpenWriter();
    ASSERT_TRUE(writer->BeginRun(MakeRun("before")).ok());
    for (int i = 0; i < 200; i++) {
      ASSERT_TRUE(writer->EndTask(Succeeded(MakeTask("before", "a" + std::to_string(i)), i)).ok());
    }
  }
  // Everything but the first page, which holds the schema, becomes garbage.
  constexpr std::size_t kPageBytes = 4096;
  std::string content = environment_.files.ReadFile(path_).value();
  ASSERT_GT(content.size(), 10 * kPageBytes);
  std::fill(content.begin() + 3 * kPageBytes, content.end(), '\x5a');
  Damage(content);

  auto writer = OpenWriter();
  ASSERT_TRUE(writer->BeginRun(run).ok());
  ASSERT_TRUE(writer->EndTask(Succeeded(MakeTask("r", "a"), 1)).ok());
  EXPECT_THAT(writer->TakeWarnings(), SizeIs(1));
  run.status = RunStatus::kSucceeded;
  ASSERT_TRUE(writer->EndRun(run).ok());
  auto reader = OpenReader();
  EXPECT_EQ(reader->Run("latest")->status, RunStatus::kSucceeded);
  EXPECT_THAT(reader->Tasks(RunId("r")).value(), SizeIs(1));
}

TEST_F(StateTest, ANewerFileIsRefusedAndLeftAsItIs) {
  OpenWriter();
  ASSERT_TRUE(Connection::Open(path_, OpenMode::kReadWrite)
                  .value()
                  ->Execute("PRAGMA user_version = 99")
                  .ok());
  const auto writer = StateWriter::Open(environment_, path_);
  ASSERT_FALSE(writer.ok());
  EXPECT_EQ(writer.error().kind(), ErrorKind::kInvalidInput);
  EXPECT_THAT(writer.error().ToString(), HasSubstr("version 99"));
  const auto reader = StateReader::Open(environment_, path_);
  ASSERT_FALSE(reader.ok());
  EXPECT_EQ(reader.error().kind(), ErrorKind::kInvalidInput);
}

TEST_F(StateTest, AnOlderFileIsMigratedAndAFailedMigrationChangesNothing) {
  const std::string file = io::JoinPath(root_, "old.db");
  const std::vector<const char*> first{"create table a (x)"};
  const std::vector<const char*> broken{first[0], "create table b (x)", "create table b (x)"};
  const std::vector<const char*> second{first[0],
                                        "create table b (x); insert into b select x from a"};
  auto connection = Connection::Open(file, OpenMode::kReadWrite).value();
  ASSERT_TRUE(Migrate(*connection, first).ok());
  ASSERT_TRUE(connection->Execute("insert into a values (42)").ok());
  EXPECT_FALSE(Migrate(*connection, broken).ok());
  EXPECT_EQ(connection->QueryInteger("PRAGMA user_version").value(), 1);
  EXPECT_EQ(connection->QueryInteger("select count(*) from sqlite_master").value(), 1);
  ASSERT_TRUE(Migrate(*connection, second).ok());
  EXPECT_EQ(connection->QueryInteger("select x from b").value(), 42);
  EXPECT_EQ(connection->QueryInteger("PRAGMA user_version").value(), 2);
  ASSERT_TRUE(Migrate(*connection, second).ok());
  EXPECT_EQ(Migrate(*connection, first).error().kind(), ErrorKind::kInvalidInput);
}

TEST_F(StateTest, AMigrationCutOffByAKillLeavesTheOldVersion) {
  const std::string file = io::JoinPath(root_, "old.db");
  const std::vector<const char*> first{"create table a (x)"};
  ASSERT_TRUE(Migrate(*Connection::Open(file, OpenMode::kReadWrite).value(), first).ok());
  ASSERT_TRUE(InOtherProcess([&] {
    auto connection = Connection::Open(file, OpenMode::kReadWrite).value();
    return !connection
                ->InTransaction([&]() -> Status {
                  LEAT_TRY(connection->Execute("create table b (x); PRAGMA user_version = 2"));
                  _exit(0);
                })
                .ok();
  }));
  auto connection = Connection::Open(file, OpenMode::kReadWrite).value();
  EXPECT_EQ(connection->QueryInteger("PRAGMA user_version").value(), 1);
  EXPECT_EQ(connection->QueryInteger("select count(*) from sqlite_master").value(), 1);
}

TEST_F(StateTest, ACopyOfADatabaseWithAWriteAheadLogCanBeMigratedInMemory) {
  auto writer = OpenWriter();
  ASSERT_TRUE(writer->BeginRun(MakeRun("r")).ok());
  auto source = Connection::Open(path_, OpenMode::kReadOnly).value();
  auto copy = Connection::Open(path_, OpenMode::kMemory).value();
  ASSERT_TRUE(copy->CopyFrom(*source).ok());
  std::vector<const char*> migrations(Migrations().begin(), Migrations().end());
  migrations.push_back("alter table runs add column added integer");
  ASSERT_TRUE(Migrate(*copy, migrations).ok());
  EXPECT_EQ(copy->QueryInteger("select count(*) from runs where added is null").value(), 1);
}

TEST_F(StateTest, AFullDiskIsAnErrorAndWritingGoesOnAfterIt) {
  auto writer = OpenWriter();
  ASSERT_TRUE(writer->BeginRun(MakeRun("r")).ok());
  struct rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto previous_handler = std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit tiny{.rlim_cur = 1, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tiny), 0);
  const Status full = writer->EndTask(Succeeded(MakeTask("r", "a"), 1));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, previous_handler);
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().kind(), ErrorKind::kRetryLater) << full.error().ToString();
  EXPECT_THAT(full.error().message(), HasSubstr(path_));
  EXPECT_THAT(OpenReader()->Tasks(RunId("r")).value(), IsEmpty());
  ASSERT_TRUE(writer->EndTask(Succeeded(MakeTask("r", "a"), 1)).ok());
  EXPECT_THAT(OpenReader()->Tasks(RunId("r")).value(), SizeIs(1));
}

TEST_F(StateTest, APlaceThatCannotBeWrittenIsAnErrorThatNamesIt) {
  ASSERT_TRUE(environment_.files.ReplaceFile(io::JoinPath(root_, ".leat"), "a file").ok());
  const auto writer = StateWriter::Open(environment_, path_);
  ASSERT_FALSE(writer.ok());
  EXPECT_THAT(writer.error().message(), HasSubstr(".leat"));
  const std::string folder = io::JoinPath(root_, "folder.db");
  ASSERT_TRUE(environment_.files.CreateDirectories(folder).ok());
  const auto on_folder = StateWriter::Open(environment_, folder);
  ASSERT_FALSE(on_folder.ok());
  EXPECT_EQ(on_folder.error().kind(), ErrorKind::kDenied);
}

TEST_F(StateTest, RunsBeyondTheLimitAreForgottenWithEverythingTheyHold) {
  auto writer = OpenWriter();
  for (const std::string run : {"old", "new"}) {
    ASSERT_TRUE(writer->BeginRun(MakeRun(run)).ok());
    ASSERT_TRUE(writer->EndTask(Succeeded(MakeTask(run, "a"), 1)).ok());
    ASSERT_TRUE(writer->AddChecks({MakeCheck(run, "a", "x")}).ok());
    ASSERT_TRUE(writer->AddLog({RunId(run), AssetName(), 1, LogLevel::kInfo, "x"}).ok());
  }
  const std::string age =
      "update runs set seq = seq + " + std::to_string(kRunsKept) + " where id = 'new'";
  ASSERT_TRUE(Connection::Open(path_, OpenMode::kReadWrite).value()->Execute(age.c_str()).ok());
  ASSERT_TRUE(writer->EndRun(MakeRun("new")).ok());
  auto reader = OpenReader();
  EXPECT_THAT(reader->Runs(10).value(), SizeIs(1));
  EXPECT_THAT(reader->Tasks(RunId("old")).value(), IsEmpty());
  EXPECT_THAT(reader->Checks(RunId("old")).value(), IsEmpty());
  EXPECT_THAT(reader->Logs(RunId("old")).value(), IsEmpty());
  EXPECT_THAT(reader->Tasks(RunId("new")).value(), SizeIs(1));
}

TEST_F(StateTest, TextsWithQuotesBlanksAndNulsSurvive) {
  auto writer = OpenWriter();
  using std::string_literals::operator""s;
  const std::string odd = "it's \"odd\" \0 ; drop table runs -- ü"s;
  ASSERT_TRUE(writer->EndTask(Succeeded(MakeTask("r", odd), 5)).ok());
  EXPECT_THAT(OpenReader()->RowCounts(AssetName(odd), 1).value(), ElementsAre(5));
}

TEST(StateRecordsTest, WordsAreReadBackAndWrongOnesNameTheNearest) {
  for (int i = 0; i < 5; i++) {
    EXPECT_EQ(ParseRunStatus(ToString(static_cast<RunStatus>(i))).value(),
              static_cast<RunStatus>(i));
    EXPECT_EQ(ParseTaskStatus(ToString(static_cast<TaskStatus>(i))).value(),
              static_cast<TaskStatus>(i));
  }
  EXPECT_EQ(ParseCheckStatus("warned").value(), CheckStatus::kWarned);
  EXPECT_EQ(ParseLogLevel("debug").value(), LogLevel::kDebug);
  EXPECT_THAT(ParseRunStatus("faild").error().ToString(), HasSubstr("failed"));
}

}  // namespace
}  // namespace leat::state

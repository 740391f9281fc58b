// Every call of every kind of commit fails, loses its reply or is the last before a kill; after
// each, a table that is opened afresh is as before or as after, and the next commit works. Also:
// many writers at once.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <thread>

#include "delta/table_test_fixture.h"

namespace leat::delta {
namespace {

using Fault = io::FaultFileSystem::Fault;

struct Workload {
  const char* name;
  int commits_before;  // appends to a table of one file; -1: there is no table
  std::function<Result<CommitOutcome>(Table&)> run;
};

class CrashTest : public TableTest {
 protected:
  static constexpr int kMaxCalls = 60;

  // Thousands of commits: in memory where there is such a folder, as nothing here depends on a real
  // disk.
  void SetUp() override {
    if (io::LocalFileSystem().Stat("/dev/shm").ok()) setenv("TMPDIR", "/dev/shm", 1);
    TableTest::SetUp();
  }
  void TearDown() override {
    TableTest::TearDown();
    unsetenv("TMPDIR");
  }

  // Opened afresh, on a healthy file system: the sorted files, or nothing when there is no table.
  std::optional<std::vector<std::string>> State() {
    auto loaded = Open().Load();
    if (!loaded.ok() && loaded.error().kind() == ErrorKind::kNotFound) return std::nullopt;
    EXPECT_TRUE(loaded.ok()) << loaded.error().ToString();
    if (!loaded.ok()) return std::nullopt;
    auto paths = Paths(**loaded);
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  void Prepare(int commits) {
    files_.Heal();
    ASSERT_TRUE(io::RemoveAll(path_).ok());
    if (commits < 0) return;
    Table table = Open();
    ASSERT_EQ(Version(table.Commit(Creation({File("first")}))), 0);
    for (int i = 0; i < commits; i++) {
      ASSERT_EQ(Version(table.Commit(Append(table.Load().value(), "f" + std::to_string(i)))),
                i + 1);
    }
  }

  void ExpectNextCommitWorks() {
    Table table = Open();
    const auto loaded = table.Load();
    if (!loaded.ok()) {
      EXPECT_EQ(Version(table.Commit(Creation({File("again")}))), 0);
      return;
    }
    const auto outcome = table.Commit(Append(*loaded, "next"));
    EXPECT_EQ(Version(outcome), (*loaded)->version().value() + 1);
    EXPECT_EQ(Open().Load().value()->files().size(), (*loaded)->files().size() + 1);
  }

  void Sweep(const Workload& workload, Fault fault) {
    Prepare(workload.commits_before);
    const auto before = State();
    {
      Table table = Open();
      const auto done = workload.run(table);
      ASSERT_TRUE(done.ok()) << done.error().ToString();
    }
    const auto after = State();
    ASSERT_NE(before, after);
    for (int n = 1; n <= kMaxCalls; n++) {
      SCOPED_TRACE(std::string(workload.name) + ", call " + std::to_string(n));
      Prepare(workload.commits_before);
      files_.FailCall(
          n, fault,
          fault == Fault::kApplyThenFail ? OutcomeUnknown("lost reply") : RetryLater("injected"));
      bool acknowledged = false;
      bool unknown = false;
      {
        Table table = Open();
        const auto outcome = workload.run(table);
        acknowledged = outcome.ok();
        unknown = !outcome.ok() && outcome.error().kind() == ErrorKind::kOutcomeUnknown;
      }
      const bool fired = files_.fired();
      files_.Heal();
      const auto state = State();
      EXPECT_TRUE(state == before || state == after) << "half a commit";
      if (acknowledged) {
        EXPECT_EQ(state, after) << "acknowledged, then lost";
      }
      // A plain error may follow a commit only when the process was killed: nobody was there to
      // hear it.
      const bool killed = fault != Fault::kFail && fault != Fault::kApplyThenFail;
      if (!acknowledged && !unknown && !killed) {
        EXPECT_EQ(state, before) << "refused, yet there";
      }
      ExpectNextCommitWorks();
      if (!fired) return;
    }
    FAIL() << workload.name << " makes more calls than " << kMaxCalls;
  }
};

std::vector<Workload> Workloads(
    std::function<Transaction(const std::shared_ptr<const Snapshot>&)> append,
    std::function<Transaction(const std::shared_ptr<const Snapshot>&)> overwrite,
    std::function<Transaction()> create) {
  const auto on_latest = [](auto make) {
    return [make](Table& table) -> Result<CommitOutcome> {
      LEAT_ASSIGN(const std::shared_ptr<const Snapshot> base, table.Load());
      return table.Commit(make(base));
    };
  };
  return {{"create", -1, [create](Table& table) { return table.Commit(create()); }},
          {"append", 1, on_latest(append)},
          {"overwrite", 3, on_latest(overwrite)},
          {"append with checkpoint", 9, on_latest(append)},
          {"overwrite with checkpoint", 9, on_latest(overwrite)}};
}

TEST_F(CrashTest, EveryCallMayFailInEveryWay) {
  const auto workloads = Workloads([](const auto& base) { return Append(base, "new"); },
                                   [](const auto& base) { return Overwrite(base, "new"); },
                                   [] { return Creation({File("new")}); });
  for (const Workload& workload : workloads) {
    for (const Fault fault : {Fault::kFail, Fault::kApplyThenFail, Fault::kKill, Fault::kKillAfter,
                              Fault::kKillInside}) {
      SCOPED_TRACE("fault " + std::to_string(static_cast<int>(fault)));
      Sweep(workload, fault);
    }
  }
}

TEST_F(CrashTest, AFailedRefreshLeavesTheCachedTableUsable) {
  Prepare(3);
  Table table = Open();
  ASSERT_TRUE(table.Load().ok());
  ASSERT_EQ(Version(Open().Commit(Append(Open().Load().value(), "new"))), 4);
  for (int n = 1; n <= 8; n++) {
    files_.FailCall(n, Fault::kFail, RetryLater("injected"));
    const auto loaded = table.Load();
    if (loaded.ok()) {
      EXPECT_EQ((*loaded)->files().size(), 5U) << n;
    }
    files_.Heal();
    ASSERT_EQ(table.Load().value()->files().size(), 5U) << n;
  }
}

class ConcurrencyTest : public TableTest {
 protected:
  void SetUp() override {
    TableTest::SetUp();
    Transaction creation = Creation();
    creation.metadata->configuration["delta.checkpointInterval"] = interval_;
    ASSERT_EQ(Version(Open().Commit(std::move(creation))), 0);
  }

  // Commits `count` appends; false on the first failure. Every other one starts from the same old
  // base.
  static bool AppendMany(Table& table, const std::string& writer, int count) {
    auto base = table.Load();
    for (int i = 0; i < count; i++) {
      if (!base.ok()) return false;
      Transaction transaction = Append(*base, writer + "-" + std::to_string(i));
      transaction.app_transactions = {{.app_id = writer, .version = i}};
      const auto outcome = table.Commit(std::move(transaction));
      if (!outcome.ok() || !std::holds_alternative<Committed>(*outcome)) return false;
      base = table.Load();  // the next one must know our own application's position
    }
    return true;
  }

  void ExpectEachRowOnce(int writers, int count) {
    const auto snapshot = Open().Load().value();
    EXPECT_EQ(snapshot->version().value(), writers * count) << "one version per commit, none lost";
    auto paths = Paths(*snapshot);
    std::sort(paths.begin(), paths.end());
    EXPECT_EQ(std::unique(paths.begin(), paths.end()), paths.end());
    EXPECT_EQ(paths.size(), static_cast<std::size_t>(writers * count));
    std::int64_t previous_ms = 0;
    auto history = Open().History(10'000).value();
    std::reverse(history.begin(), history.end());
    for (std::size_t i = 0; i < history.size(); i++) {
      EXPECT_EQ(history[i].version.value(), static_cast<long>(i));
      EXPECT_GT(history[i].info.timestamp_ms, previous_ms);
      previous_ms = history[i].info.timestamp_ms;
    }
  }

  std::string interval_ = "10";
};

TEST_F(ConcurrencyTest, ThreadsOnOneTableAndOnTheirOwnLoseNothing) {
  constexpr int kWriters = 4;
  constexpr int kCommits = 25;
  Table shared = Open();
  std::array<bool, kWriters> done{};
  std::vector<std::thread> threads;
  for (int writer = 0; writer < kWriters; writer++) {
    threads.emplace_back([&, writer] {
      Table own = Open();
      done[static_cast<std::size_t>(writer)] =
          AppendMany(writer % 2 == 0 ? shared : own, "w" + std::to_string(writer), kCommits);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const bool writer_done : done) EXPECT_TRUE(writer_done);
  ExpectEachRowOnce(kWriters, kCommits);
}

class ProcessTest : public ConcurrencyTest {
 protected:
  // Checkpoints live in the memory of one process here, so none are made.
  ProcessTest() { interval_ = "1000000"; }
};

TEST_F(ProcessTest, ProcessesLoseNothing) {
  constexpr int kWriters = 3;
  constexpr int kCommits = 20;
  std::vector<pid_t> children;
  for (int writer = 0; writer < kWriters; writer++) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      Table table = Open();
      _exit(AppendMany(table, "p" + std::to_string(writer), kCommits) ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  ExpectEachRowOnce(kWriters, kCommits);
}

TEST_F(ConcurrencyTest, OfManyOverwritesEachSeesTheOneBefore) {
  constexpr int kWriters = 3;
  constexpr int kCommits = 10;
  std::vector<std::thread> threads;
  std::atomic<int> committed{0};
  for (int writer = 0; writer < kWriters; writer++) {
    threads.emplace_back([&, writer] {
      Table table = Open();
      for (int i = 0; i < kCommits;) {
        const auto base = table.Load();
        if (!base.ok()) return;
        const auto outcome =
            table.Commit(Overwrite(*base, std::to_string(writer) + "-" + std::to_string(i)));
        if (!outcome.ok()) return;
        if (std::holds_alternative<CommitConflict>(*outcome))
          continue;  // decide again on the new state
        committed++;
        i++;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(committed, kWriters * kCommits);
  const auto snapshot = Open().Load().value();
  EXPECT_EQ(snapshot->version().value(), kWriters * kCommits);
  EXPECT_EQ(snapshot->files().size(), 1U) << "no overwrite left another's file behind";
}

}  // namespace
}  // namespace leat::delta

// Tables in an object store that goes wrong: no row is lost or doubled, and an answer is never
// guessed.
#include <gmock/gmock.h>

#include <array>
#include <atomic>
#include <mutex>
#include <thread>

#include "delta/table_test_fixture.h"
#include "delta/vacuum.h"
#include "io/s3/s3_file_system.h"
#include "io/s3/s3_test_store.h"
#include "io/s3/test_clock.h"

namespace leat::delta {
namespace {

using io::TestRequest;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Key;
using testing::Not;
using StoreFault = io::S3TestStore::Fault;

constexpr int kAttemptsOfClient = 10;  // as RetryLimits has them

class ObjectStoreTest : public TableTest {
 protected:
  void SetUp() override {
    TableTest::SetUp();
    path_ = "s3://lake/t";
  }

  std::unique_ptr<io::S3FileSystem> OpenStore(bool probes) {
    return std::make_unique<io::S3FileSystem>(io::S3FileSystemOptions{
        .client = {.config = {.endpoint = store_.url()},
                   .credentials = io::FixedCredentials(
                       time_, {.access_key_id = "AKID", .secret_access_key = "test-secret"}),
                   .http = io::SystemHttpClient(),
                   .clock = time_,
                   .random = io::SystemRandom()},
        .probes_conditional_put = probes});
  }
  Table OpenTable() { return Table(world_, parquet_s3_, path_); }
  // What another program sees.
  std::shared_ptr<const Snapshot> Seen() { return OpenTable().Load().value(); }

  static std::string KeyOf(long version) { return "t/_delta_log/" + EntryName(version); }
  static bool IsWriteOf(const TestRequest& request, long version) {
    return request.method == "PUT" && request.key == KeyOf(version);
  }

  // An empty store, then a table of so many commits, each of one file.
  void Prepare(int commits) {
    const auto prepared = prepared_.find(commits);
    if (prepared != prepared_.end()) return store_.Reset(prepared->second);
    store_.Reset();
    Table table = OpenTable();
    for (int i = 0; i < commits; i++) {
      const std::string file = "file" + std::to_string(i);
      ASSERT_EQ(Version(i == 0 ? table.Commit(Creation({File(file)}))
                               : table.Commit(Append(table.Load().value(), file))),
                i);
    }
    prepared_[commits] = store_.objects();
  }

  io::S3TestStore store_;
  std::map<int, std::map<std::string, io::S3TestStore::Object>> prepared_;  // by commits
  io::TestClock time_;
  const std::unique_ptr<io::S3FileSystem> s3_ = OpenStore(/*probes=*/false);
  const io::Environment world_{*s3_, time_, io::SystemRandom()};
  MemoryParquet parquet_s3_{*s3_};
};

// --- every request of a commit, in every way ---

struct Workload {
  std::string name;
  int commits_before;
  std::function<Transaction(const std::shared_ptr<const Snapshot>&)> make;
};

class ObjectStoreFaultTest : public ObjectStoreTest {
 protected:
  static std::vector<Workload> Workloads() {
    return {{"create", 0, [](const auto&) { return Creation({File("new")}); }},
            {"append", 2, [](const auto& base) { return Append(base, "new"); }},
            {"overwrite", 3, [](const auto& base) { return Overwrite(base, "new"); }},
            {"append with checkpoint", 10, [](const auto& base) { return Append(base, "new"); }}};
  }

  Result<CommitOutcome> Run(const Workload& workload) {
    Table table = OpenTable();
    if (workload.commits_before == 0) return table.Commit(workload.make(nullptr));
    LEAT_ASSIGN(const auto base, table.Load());
    return table.Commit(workload.make(base));
  }

  // How many requests it takes when all is well.
  int CountRequests(const Workload& workload) {
    Prepare(workload.commits_before);
    store_.FailRequest(0, StoreFault::kNone);
    EXPECT_EQ(Version(Run(workload)), workload.commits_before);
    return store_.requests();
  }

  // The workload's file is in the table: never twice, since a version would have it twice then.
  bool IsThere() {
    const auto paths = Paths(*Seen());
    const auto count = std::count(paths.begin(), paths.end(), "new");
    EXPECT_LE(count, 1);
    return count == 1;
  }
};

TEST_F(ObjectStoreFaultTest, APassingFaultAtAnyRequestIsNotNoticed) {
  constexpr std::array kFaults = {StoreFault::kError500,     StoreFault::kSlowDown,
                                  StoreFault::kDrop,         StoreFault::kApplyThenDrop,
                                  StoreFault::kApplyThen500, StoreFault::kCut,
                                  StoreFault::kHiddenError,  StoreFault::kConflict409};
  for (const Workload& workload : Workloads()) {
    const int requests = CountRequests(workload);
    for (const StoreFault fault : kFaults) {
      for (int n = 1; n <= requests; n++) {
        SCOPED_TRACE(workload.name + ", fault " + std::to_string(static_cast<int>(fault)) + " at " +
                     std::to_string(n));
        Prepare(workload.commits_before);
        store_.FailRequest(n, fault);
        const auto outcome = Run(workload);
        store_.FailRequest(0, StoreFault::kNone);
        EXPECT_EQ(Version(outcome), workload.commits_before);
        ASSERT_FALSE(std::get<Committed>(*outcome).checkpoint_error);
        EXPECT_TRUE(IsThere());
      }
    }
  }
}

TEST_F(ObjectStoreFaultTest, ALastingOutageEndsInAnAnswerThatIsTrueAndTheNextAttemptInOneCommit) {
  constexpr std::array kFaults = {StoreFault::kError500, StoreFault::kDrop, StoreFault::kCut,
                                  StoreFault::kApplyThenDrop, StoreFault::kDenied};
  int unknown_count = 0;
  for (const Workload& workload : Workloads()) {
    const int requests = CountRequests(workload);
    for (const StoreFault fault : kFaults) {
      for (int n = 1; n <= requests; n++) {
        SCOPED_TRACE(workload.name + ", fault " + std::to_string(static_cast<int>(fault)) +
                     " from " + std::to_string(n));
        Prepare(workload.commits_before);
        store_.FailRequest(n, fault, /*lasting=*/true);
        const auto outcome = Run(workload);
        store_.FailRequest(0, StoreFault::kNone);
        const bool is_unknown =
            !outcome.ok() && outcome.error().kind() == ErrorKind::kOutcomeUnknown;
        unknown_count += is_unknown ? 1 : 0;
        const auto loaded = OpenTable().Load();
        const bool happened = loaded.ok() && IsThere();
        EXPECT_TRUE(is_unknown || outcome.ok() == happened);
        if (!happened) {
          EXPECT_EQ(Version(Run(workload)), workload.commits_before);
        }
        EXPECT_TRUE(IsThere());
        EXPECT_EQ(Seen()->version().value(), workload.commits_before);
      }
    }
  }
  EXPECT_GT(unknown_count, 0);
}

// --- the one request that decides ---

class CommitRequestTest : public ObjectStoreTest {
 protected:
  void SetUp() override {
    ObjectStoreTest::SetUp();
    Prepare(1);
  }

  // Does not let the first `count` writes of version 1 arrive, and keeps what they would write.
  void Delay(int count) {
    store_.choose_fault = [this, count](const TestRequest& request) {
      if (!IsWriteOf(request, 1)) return StoreFault::kNone;
      const std::scoped_lock lock(mutex_);
      delayed_ = request.body;
      return ++writes_ <= count ? StoreFault::kDrop : StoreFault::kNone;
    };
  }

  // Another writer's entry.
  static std::string Foreign() {
    return R"({"commitInfo":{"timestamp":1,"operation":"WRITE","txnId":"another"}})"
           "\n"
           R"({"add":{"path":"theirs","partitionValues":{},"size":1,"modificationTime":1,"dataChange":true}})"
           "\n";
  }

  Result<CommitOutcome> Commit() {
    Table table = OpenTable();
    return table.Commit(Append(table.Load().value(), "new"));
  }

  std::string delayed() {
    const std::scoped_lock lock(mutex_);
    return delayed_;
  }

  std::atomic<int> writes_{0};  // of version 1, which have been sent

 private:
  std::mutex mutex_;     // guards what follows: the server has threads of its own
  std::string delayed_;  // what the last write of version 1 would write
};

TEST_F(CommitRequestTest, ALateRequestThatArrivesBeforeTheEntryIsWrittenAgainIsTheCommit) {
  Delay(kAttemptsOfClient);
  store_.on_request = [&](const TestRequest& request) {
    if (IsWriteOf(request, 1) && writes_ == kAttemptsOfClient) store_.Put(KeyOf(1), delayed());
  };
  EXPECT_EQ(Version(Commit()), 1);
  EXPECT_EQ(writes_, kAttemptsOfClient + 1);
  EXPECT_THAT(Paths(*Seen()), ElementsAre("file0", "new"));
  EXPECT_EQ(Seen()->version().value(), 1);
}

TEST_F(CommitRequestTest, ALateRequestThatArrivesAfterTheEntryWasWrittenAgainIsRefusedByTheStore) {
  Delay(kAttemptsOfClient);
  EXPECT_EQ(Version(Commit()), 1);
  EXPECT_FALSE(*s3_->CreateFile("s3://lake/" + KeyOf(1), delayed())) << "the late request";
  EXPECT_THAT(Paths(*Seen()), ElementsAre("file0", "new"));
}

TEST_F(CommitRequestTest, ARequestThatMayStillArriveIsNeverCalledNotCommitted) {
  Delay(1'000);
  const auto outcome = Commit();
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().kind(), ErrorKind::kOutcomeUnknown) << outcome.error().ToString();
  EXPECT_THAT(outcome.error().message(), HasSubstr("may or may not be committed"));
  EXPECT_EQ(Seen()->version().value(), 0);
  store_.choose_fault = nullptr;
  store_.Put(KeyOf(1), delayed());  // it arrives
  EXPECT_THAT(Paths(*Seen()), ElementsAre("file0", "new"));
}

TEST_F(CommitRequestTest, AVersionThatSomebodyElseGotWhileTheAnswerWasLostIsFollowedByOurs) {
  Delay(1);
  store_.on_request = [&](const TestRequest& request) {
    if (IsWriteOf(request, 1) && writes_ == 1) store_.Put(KeyOf(1), Foreign());
  };
  EXPECT_EQ(Version(Commit()), 2);
  EXPECT_THAT(Paths(*Seen()), ElementsAre("file0", "theirs", "new"));
}

TEST_F(CommitRequestTest, ARefusalOfARequestThatAProxyHasSentTwiceIsTheCommit) {
  // The first of the two was applied; Leat hears of the second only. The proxy drops metadata.
  bool is_first = true;
  store_.on_request = [&](const TestRequest& request) {
    if (IsWriteOf(request, 1) && std::exchange(is_first, false)) {
      store_.Put(KeyOf(1), request.body);
    }
  };
  EXPECT_EQ(Version(Commit()), 1);
  EXPECT_EQ(Seen()->version().value(), 1);
  EXPECT_THAT(Paths(*Seen()), ElementsAre("file0", "new"));
}

TEST_F(CommitRequestTest, AStoreWithoutMetadataIsToldApartByTheEntry) {
  store_.keeps_metadata = false;
  for (const StoreFault fault : {StoreFault::kApplyThenDrop, StoreFault::kApplyThen500}) {
    Prepare(1);
    writes_ = 0;
    store_.choose_fault = [&](const TestRequest& request) {
      return IsWriteOf(request, 1) && ++writes_ == 1 ? fault : StoreFault::kNone;
    };
    EXPECT_EQ(Version(Commit()), 1);
    EXPECT_EQ(Seen()->version().value(), 1);
  }
}

TEST_F(CommitRequestTest, AConflictThatTheStoreTakesBackIsTriedAgain) {
  store_.choose_fault = [&](const TestRequest& request) {
    return IsWriteOf(request, 1) && ++writes_ < 4 ? StoreFault::kConflict409 : StoreFault::kNone;
  };
  EXPECT_EQ(Version(Commit()), 1);
  EXPECT_EQ(writes_, 4);
}

TEST_F(CommitRequestTest, AStoreThatIgnoresConditionsGetsNoCommit) {
  store_.ignores_if_none_match = true;
  const auto probing = OpenStore(/*probes=*/true);
  const io::Environment world{*probing, time_, io::SystemRandom()};
  Table table(world, parquet_s3_, path_);
  const auto outcome = table.Commit(Append(table.Load().value(), "new"));
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().kind(), ErrorKind::kDenied) << outcome.error().ToString();
  EXPECT_THAT(outcome.error().message(), HasSubstr("was not committed"));
  EXPECT_THAT(outcome.error().message(), HasSubstr("ignores 'If-None-Match: *'"));
  EXPECT_EQ(Seen()->version().value(), 0);
  EXPECT_THAT(store_.contents(), Each(Key(Not(HasSubstr("probe")))));
}

// --- many writers, and maintenance ---

TEST_F(ObjectStoreTest, ManyWritersOverAFaultyStoreLoseAndDoubleNothing) {
  constexpr int kWriters = 6;
  constexpr int kCommits = 5;
  Prepare(1);
  std::atomic<int> requests{0};
  constexpr std::array kFaults = {StoreFault::kError500,     StoreFault::kDrop,
                                  StoreFault::kCut,          StoreFault::kApplyThenDrop,
                                  StoreFault::kApplyThen500, StoreFault::kSlowDown};
  store_.choose_fault = [&](const TestRequest&) {
    const int n = ++requests;
    return n % 7 == 0 ? kFaults[static_cast<std::size_t>(n / 7) % kFaults.size()]
                      : StoreFault::kNone;
  };
  std::vector<std::thread> threads;
  for (int writer = 0; writer < kWriters; writer++) {
    threads.emplace_back([&, writer] {
      Table table = OpenTable();
      for (int commit = 0; commit < kCommits; commit++) {
        const std::string file = std::to_string(writer) + "-" + std::to_string(commit);
        EXPECT_GT(Version(table.Commit(Append(table.Load().value(), file))), 0);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  store_.choose_fault = nullptr;
  auto paths = Paths(*Seen());
  EXPECT_EQ(Seen()->version().value(), kWriters * kCommits);
  std::sort(paths.begin(), paths.end());
  EXPECT_EQ(paths.size(), 1U + kWriters * kCommits);
  EXPECT_EQ(std::unique(paths.begin(), paths.end()), paths.end());
}

TEST_F(ObjectStoreTest, CheckpointsAppearUnderTheirNamesAndOldOnesAreCleanedUp) {
  Prepare(21);
  const auto contents = store_.contents();
  EXPECT_TRUE(contents.contains("t/_delta_log/00000000000000000010.checkpoint.parquet"));
  EXPECT_TRUE(contents.contains("t/_delta_log/00000000000000000020.checkpoint.parquet"));
  EXPECT_THAT(contents.at("t/_delta_log/_last_checkpoint"), HasSubstr("\"version\":20"));
  EXPECT_THAT(contents, Each(Key(Not(HasSubstr("/.")))));
  time_.Advance(40 * kMicrosPerDay);
  EXPECT_THAT(*OpenTable().CleanLog(/*dry_run=*/false), Contains(EntryName(0)));
  EXPECT_FALSE(store_.contents().contains(KeyOf(19)));
  EXPECT_TRUE(store_.contents().contains(KeyOf(20)));
  EXPECT_EQ(Seen()->files().size(), 21U);
  Table table = OpenTable();
  EXPECT_EQ(Version(table.Commit(Append(table.Load().value(), "more"))), 21);
}

TEST_F(ObjectStoreTest, VacuumRemovesWhatNoVersionNeeds) {
  Prepare(2);
  for (const char* key : {"t/file0", "t/file1", "t/orphan", "t/p=1/orphan", "t/_hidden"}) {
    store_.Put(key, "x");
  }
  Table table = OpenTable();
  EXPECT_TRUE(Vacuum(world_, table, {})->empty()) << "too young";
  time_.Advance(8 * kMicrosPerDay);
  EXPECT_EQ(Vacuum(world_, table, {})->size(), 2U);
  const auto contents = store_.contents();
  EXPECT_TRUE(contents.contains("t/file0") && contents.contains("t/file1"));
  EXPECT_FALSE(contents.contains("t/orphan") || contents.contains("t/p=1/orphan"));
  EXPECT_TRUE(contents.contains("t/_hidden"));
}

TEST_F(ObjectStoreTest, AFolderWithoutALogIsNoTable) {
  EXPECT_EQ(OpenTable().Load().error().kind(), ErrorKind::kNotFound);
  store_.Put("t/part-1.parquet", "x");
  EXPECT_EQ(OpenTable().Load().error().kind(), ErrorKind::kNotFound);
}

}  // namespace
}  // namespace leat::delta

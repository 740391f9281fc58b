// Every I/O call of every operation on a table (commits of all kinds, deletion vectors, checkpoint,
// compaction, clean-up of the log, vacuum, restore) fails, loses its reply, or is the last before
// the process or the power goes. After each, the table opened afresh has the rows of before or of
// after, and the operation works when it is repeated.
#include <gmock/gmock.h>

#include <algorithm>
#include <functional>

#include "base/text.h"
#include "delta/compaction.h"
#include "delta/deletion_vector.h"
#include "delta/restore.h"
#include "delta/table_test_fixture.h"
#include "delta/vacuum.h"
#include "io/power_loss_file_system.h"

namespace leat::delta {
namespace {

using io::PowerLossFileSystem;
using Fault = io::FaultFileSystem::Fault;

constexpr const char* kPath = "/lake/table";
constexpr int kMaxCalls = 120;

// As MemoryParquet, but as an engine writes: nothing is synced.
class UnsyncedParquet final : public ParquetHandler {
 public:
  explicit UnsyncedParquet(PowerLossFileSystem& disk) : disk_(disk) {}

  Result<std::vector<RowRange>> Ranges(const std::string&,
                                       const std::vector<std::string>& columns) override {
    return std::vector<RowRange>{{.columns = columns}};
  }
  Status Read(const std::string& path, const RowRange&, const VisitRows& visit) override {
    LEAT_ASSIGN(const std::string content, disk_.ReadFile(path));
    const auto found = batches_.find(content);
    if (found == batches_.end()) return Corrupt(path + " is not a Parquet file");
    return visit(0, found->second);
  }
  Status Write(const std::string& path, data::ArrowBatch batch) override {
    const std::string number = "batch " + std::to_string(batches_.size());
    batches_.emplace(number, std::move(batch));
    disk_.WriteUnsynced(path, number);
    return Ok();
  }

 private:
  PowerLossFileSystem& disk_;
  std::map<std::string, data::ArrowBatch> batches_;
};

using Rows = std::vector<std::string>;  // sorted

// What a test does to the table. `run` is given it opened afresh.
struct Operation {
  const char* name;
  std::function<void()> prepare;
  std::function<Status(Table&)> run;
  bool can_be_repeated = false;  // after success, without another effect
};

class FaultSweepTest : public testing::Test, protected RowRewriter {
 protected:
  Table Open() { return Table(environment_, parquet_, kPath); }

  // A data file as a task leaves it: bytes and name are durable when this returns.
  Result<AddFile> Stage(const std::string& name, const Rows& rows) {
    LEAT_ASSIGN(const bool is_new, files_.CreateDirectories(kPath));
    static_cast<void>(is_new);
    const std::string path = io::JoinPath(kPath, name);
    disk_.WriteUnsynced(path, Join(rows, ","));
    LEAT_TRY(files_.SyncFile(path));
    LEAT_TRY(files_.SyncDirectory(kPath));
    return AddFile{.path = name,
                   .size_bytes = 10,
                   .stats_json = "{\"numRecords\":" + std::to_string(rows.size()) + "}"};
  }

  Result<std::vector<AddFile>> Rewrite(const std::string&, const Snapshot&,
                                       const std::vector<AddFile>& files,
                                       const std::vector<std::string>&) override {
    Rows rows;
    for (const AddFile& file : files) {
      LEAT_ASSIGN(const Rows some, RowsOf(file));
      rows.insert(rows.end(), some.begin(), some.end());
    }
    LEAT_ASSIGN(AddFile whole, Stage("whole-" + std::to_string(staged_++), rows));
    return std::vector<AddFile>{std::move(whole)};
  }

  Result<Rows> RowsOf(const AddFile& file) {
    LEAT_ASSIGN(const std::string content, disk_.ReadFile(io::JoinPath(kPath, file.path)));
    const Rows all = content.empty() ? Rows() : Split(content, ',');
    if (file.stats_json != "{\"numRecords\":" + std::to_string(all.size()) + "}") {
      return Corrupt(file.path + " has not the rows that were written");
    }
    if (!file.deletion_vector) return all;
    LEAT_ASSIGN(const DeletionVector deleted,
                ReadDeletionVector(disk_, kPath, *file.deletion_vector));
    Rows kept;
    for (std::size_t i = 0; i < all.size(); i++) {
      if (!deleted.Contains(i)) kept.push_back(all[i]);
    }
    return kept;
  }

  // The table's rows, opened afresh without faults; none when there is no table.
  std::optional<Rows> State() {
    io::Environment healthy{disk_, clock_, io::SystemRandom()};
    Table table(healthy, parquet_, kPath);
    const auto loaded = table.Load();
    if (!loaded.ok() && loaded.error().kind() == ErrorKind::kNotFound) return std::nullopt;
    EXPECT_TRUE(loaded.ok()) << loaded.error().ToString();
    if (!loaded.ok()) return std::nullopt;
    Rows rows;
    for (const AddFile& file : (*loaded)->files()) {
      const auto some = RowsOf(file);
      EXPECT_TRUE(some.ok()) << some.error().ToString();
      if (some.ok()) rows.insert(rows.end(), some->begin(), some->end());
    }
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  static Status CommitOf(Table& table, Transaction transaction) {
    LEAT_ASSIGN(const CommitOutcome outcome, table.Commit(std::move(transaction)));
    if (const auto* conflict = std::get_if<CommitConflict>(&outcome)) {
      return Conflict(conflict->reason);
    }
    return Ok();
  }

  Status Create(Table& table) {
    LEAT_ASSIGN(AddFile first, Stage("first", {"a", "b", "c"}));
    Transaction creation{.protocol = Protocol{.reader_version = 3,
                                              .writer_version = 7,
                                              .reader_features = {"deletionVectors"},
                                              .writer_features = {"deletionVectors"}},
                         .metadata = Metadata(),
                         .adds = {std::move(first)}};
    creation.metadata->schema.fields = {{.name = "row"}};
    creation.info.operation = "CREATE TABLE";
    return CommitOf(table, std::move(creation));
  }
  Status Append(Table& table, const std::string& row) {
    LEAT_ASSIGN(std::shared_ptr<const Snapshot> base, table.Load());
    LEAT_ASSIGN(AddFile file, Stage("file-" + row, {row}));
    Transaction append{.base = std::move(base), .adds = {std::move(file)}};
    append.info.operation = "WRITE";
    return CommitOf(table, std::move(append));
  }
  // Writes the first file anew, with another row, and adds one: what a merge does.
  Status Merge(Table& table) {
    LEAT_ASSIGN(std::shared_ptr<const Snapshot> base, table.Load());
    Transaction merge{.base = base, .scope = ReadScope::kWholeTable};
    merge.info.operation = "MERGE";
    merge.removes = {RemovalOf(base->files()[0])};
    for (const char* name : {"changed", "added"}) {
      LEAT_ASSIGN(AddFile file, Stage(name, {name}));
      merge.adds.push_back(std::move(file));
    }
    return CommitOf(table, std::move(merge));
  }
  Status DeleteByVector(Table& table) {
    LEAT_ASSIGN(std::shared_ptr<const Snapshot> base, table.Load());
    DeletionVector deleted;
    // Too many to stand in the descriptor; all but the first lie behind the file's end.
    for (std::uint64_t row = 1; row < 5'000; row += 7) deleted.Add(row);
    LEAT_ASSIGN(const auto vectors, WriteDeletionVectors(environment_, kPath, {&deleted}));
    Transaction deletion{.base = base, .scope = ReadScope::kFiles};
    deletion.info.operation = "DELETE";
    AddFile file = base->files()[0];
    EXPECT_NE(vectors[0].storage, DeletionVectorDescriptor::Storage::kInline);
    deletion.removes = {RemovalOf(file)};
    file.deletion_vector = vectors[0];
    deletion.adds = {std::move(file)};
    return CommitOf(table, std::move(deletion));
  }
  Status Restore(Table& table, long version) {
    LEAT_ASSIGN(const auto target, table.Load(TableVersion(version)));
    LEAT_ASSIGN(const auto latest, table.Load());
    LEAT_ASSIGN(Transaction restore, MakeRestore(files_, kPath, latest, *target));
    return CommitOf(table, std::move(restore));
  }
  Status CompactAll(Table& table) {
    LEAT_ASSIGN(const CompactionResult done, Compact(environment_, table, *this, {}));
    static_cast<void>(done);
    return Ok();
  }
  Status CleanUp(Table& table) {
    LEAT_ASSIGN(const auto removed, table.CleanLog(false));
    static_cast<void>(removed);
    return Ok();
  }
  Status VacuumAll(Table& table) {
    LEAT_ASSIGN(const auto removed, Vacuum(environment_, table, {}));
    static_cast<void>(removed);
    return Ok();
  }
  // As `leat maintain` does it.
  Status Maintain(Table& table) {
    LEAT_TRY(CompactAll(table));
    LEAT_TRY(table.Checkpoint());
    LEAT_TRY(CleanUp(table));
    return VacuumAll(table);
  }

  // A table of `commits` versions; the last ones are a merge and a deletion.
  void Prepare(int commits) {
    files_.Heal();
    disk_.Format();
    if (commits == 0) return;
    Table table = Open();
    ASSERT_TRUE(Create(table).ok());
    for (int i = 1; i < commits; i++) ASSERT_TRUE(Append(table, "r" + std::to_string(i)).ok());
  }
  // With something to do for all of maintenance: removed files, deleted rows, an old checkpoint.
  void PrepareOld() {
    Prepare(12);
    Table table = Open();
    ASSERT_TRUE(DeleteByVector(table).ok());
    ASSERT_TRUE(Merge(table).ok());
    clock_.now_us += 40 * kMicrosPerDay;
    ASSERT_TRUE(Stage("orphan", {"of a killed task"}).ok());
    ASSERT_TRUE(Append(table, "late").ok());
  }

  std::vector<Operation> Operations() {
    const auto prepare = [this](int commits) { return [this, commits] { Prepare(commits); }; };
    const auto old = [this] { PrepareOld(); };
    const auto append = [this](Table& table) { return Append(table, "new"); };
    const auto merge = [this](Table& table) { return Merge(table); };
    return {
        {"create", prepare(0), [this](Table& table) { return Create(table); }},
        {"append", prepare(2), append},
        {"append with checkpoint", prepare(10), append},
        {"merge", prepare(3), merge},
        {"merge with checkpoint", prepare(10), merge},
        {"delete by vector", prepare(2), [this](Table& table) { return DeleteByVector(table); }},
        {"restore", old, [this](Table& table) { return Restore(table, 12); }},
        {"checkpoint", prepare(5), [](Table& table) { return table.Checkpoint(); }, true},
        {"compaction", old, [this](Table& table) { return CompactAll(table); }, true},
        {"clean-up of the log", old, [this](Table& table) { return CleanUp(table); }, true},
        {"vacuum", old, [this](Table& table) { return VacuumAll(table); }, true},
        {"maintenance", old, [this](Table& table) { return Maintain(table); }, true},
    };
  }

  void ExpectGoesOn(const Operation& operation, const std::optional<Rows>& after) {
    Table table = Open();
    if (operation.can_be_repeated) {
      const Status done = operation.run(table);
      EXPECT_TRUE(done.ok()) << done.error().ToString();
      EXPECT_EQ(State(), after) << "repeated";
    }
    if (!State()) {
      EXPECT_TRUE(Create(table).ok());
    }
    auto wanted = State();
    const Status appended = Append(table, "next");
    ASSERT_TRUE(appended.ok()) << appended.error().ToString();
    wanted->push_back("next");
    std::sort(wanted->begin(), wanted->end());
    EXPECT_EQ(State(), wanted);
  }

  // False when the operation makes fewer calls than `n`.
  bool FailAt(const Operation& operation, int n, Fault fault, const Error& error,
              std::optional<PowerLossFileSystem::Loss> loss) {
    files_.Heal();
    disk_.Restore(prepared_);
    const auto before = State();
    const auto after = after_;
    files_.FailCall(n, fault, error);
    Status done;
    {
      Table table = Open();
      done = operation.run(table);
    }
    const bool fired = files_.fired();
    files_.Heal();
    if (loss) disk_.LosePower(*loss, static_cast<std::uint32_t>(n));
    const auto state = State();
    EXPECT_TRUE(state == before || state == after) << "half an operation";
    if (done.ok()) {
      EXPECT_EQ(state, after) << "acknowledged, then lost";
    }
    const bool was_heard = fault == Fault::kFail || fault == Fault::kApplyThenFail;
    if (!done.ok() && was_heard && done.error().kind() != ErrorKind::kOutcomeUnknown) {
      EXPECT_EQ(state, before) << "refused, yet there: " << done.error().ToString();
    }
    ExpectGoesOn(operation, after);
    return fired;
  }

  void Sweep(Fault fault, const Error& error, std::optional<PowerLossFileSystem::Loss> loss) {
    for (const Operation& operation : Operations()) {
      operation.prepare();
      prepared_ = disk_.Save();
      {
        Table table = Open();
        const Status done = operation.run(table);
        ASSERT_TRUE(done.ok()) << operation.name << ": " << done.error().ToString();
      }
      after_ = State();
      int n = 1;
      while (n <= kMaxCalls) {
        SCOPED_TRACE(std::string(operation.name) + ", call " + std::to_string(n));
        if (!FailAt(operation, n, fault, error, loss)) break;
        n++;
      }
      EXPECT_GT(n, 2) << operation.name << " makes no calls";
      EXPECT_LT(n, kMaxCalls) << operation.name << " makes more calls";
    }
  }

  PowerLossFileSystem disk_;
  io::FaultFileSystem files_{disk_};
  ManualClock clock_;
  io::Environment environment_{files_, clock_, io::SystemRandom()};
  UnsyncedParquet parquet_{disk_};
  PowerLossFileSystem::Image prepared_;
  std::optional<Rows> after_;
  int staged_ = 0;
};

TEST_F(FaultSweepTest, AFullDiskAtAnyCallLeavesTheTableAsItWas) {
  Sweep(Fault::kFail, RetryLater("No space left on device"), std::nullopt);
}

TEST_F(FaultSweepTest, AFailedSyncAtAnyCallIsNeverTakenForSuccess) {
  Sweep(Fault::kFail, OutcomeUnknown("fsync: Input/output error"), PowerLossFileSystem::Loss::kAll);
}

TEST_F(FaultSweepTest, ALostReplyOfAnyCallLosesNothing) {
  Sweep(Fault::kApplyThenFail, OutcomeUnknown("lost reply"), std::nullopt);
}

TEST_F(FaultSweepTest, AKillAtAnyCallLeavesTheRowsOfBeforeOrAfter) {
  for (const Fault fault : {Fault::kKill, Fault::kKillAfter, Fault::kKillInside}) {
    Sweep(fault, RetryLater("killed"), std::nullopt);
  }
}

TEST_F(FaultSweepTest, APowerLossAtAnyCallLeavesTheRowsOfBeforeOrAfter) {
  using Loss = PowerLossFileSystem::Loss;
  for (const Fault fault : {Fault::kKill, Fault::kKillAfter, Fault::kKillInside}) {
    for (const Loss loss : {Loss::kAll, Loss::kBytes, Loss::kSome}) {
      SCOPED_TRACE("loss " + std::to_string(static_cast<int>(loss)));
      Sweep(fault, RetryLater("killed"), loss);
    }
  }
}

}  // namespace
}  // namespace leat::delta

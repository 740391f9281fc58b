// What the tests of tables share: a temporary table, a clock that only moves when told, and a
// Parquet handler that keeps batches in memory (the real one is in engine/, above this folder).
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "delta/table.h"
#include "io/environment.h"
#include "io/fault_file_system.h"

namespace leat::delta {

class ManualClock final : public io::Clock {
 public:
  TimestampUs Now() override { return now_us; }
  std::int64_t MonotonicUs() override { return now_us; }
  void Sleep(std::int64_t duration_us) override { now_us += duration_us; }

  std::atomic<TimestampUs> now_us{1'700'000'000 * kMicrosPerSecond};
};

// Batches live here; the file on disk holds their number, so that renaming and losing it work as
// with real ones.
class MemoryParquet final : public ParquetHandler {
 public:
  explicit MemoryParquet(io::FileSystem& files) : files_(files) {}

  Result<std::vector<RowRange>> Ranges(const std::string&,
                                       const std::vector<std::string>& columns) override {
    return std::vector<RowRange>{{.columns = columns}};
  }
  Status Read(const std::string& path, const RowRange&, const VisitRows& visit) override {
    LEAT_ASSIGN(const std::string content, files_.ReadFile(path));
    const std::lock_guard lock(mutex_);
    const auto found = batches_.find(content);
    if (found == batches_.end()) return Corrupt(path + " is not a Parquet file");
    return visit(0, found->second);
  }

  Status Write(const std::string& path, data::ArrowBatch batch) override {
    std::string number;
    {
      const std::lock_guard lock(mutex_);
      number = "batch " + std::to_string(batches_.size());
      batches_.emplace(number, std::move(batch));
    }
    return files_.ReplaceFile(path, number);
  }

 private:
  io::FileSystem& files_;
  std::mutex mutex_;
  std::map<std::string, data::ArrowBatch> batches_;
};

class TableTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = io::MakeTemporaryDirectory("leat-delta-").value();
    path_ = io::JoinPath(root_, "table");
  }
  void TearDown() override { ASSERT_TRUE(io::RemoveAll(root_).ok()); }

  Table Open() { return Table(environment_, parquet_, path_); }

  std::string LogPath(const std::string& name) const { return path_ + "/_delta_log/" + name; }
  static std::string EntryName(long version) {
    std::string digits = std::to_string(version);
    return std::string(20 - digits.size(), '0') + digits + ".json";
  }
  void WriteEntry(long version, const std::string& content) {
    ASSERT_TRUE(local_.CreateDirectories(path_ + "/_delta_log").ok());
    ASSERT_TRUE(local_.ReplaceFile(LogPath(EntryName(version)), content).ok());
  }
  std::string ReadEntry(long version) {
    return local_.ReadFile(LogPath(EntryName(version))).value();
  }

  static Metadata SimpleMetadata() {
    Metadata metadata;
    metadata.schema.fields = {{.name = "id", .type = {.kind = data::TypeKind::kLong}},
                              {.name = "day", .type = {.kind = data::TypeKind::kDate}}};
    return metadata;
  }
  static AddFile File(const std::string& path) {
    return {.path = path, .size_bytes = 100, .stats_json = R"({"numRecords":10})"};
  }
  static RemoveFile Gone(const std::string& path) { return {.path = path, .size_bytes = 100}; }

  static Transaction Creation(std::vector<AddFile> adds = {}) {
    Transaction transaction{.metadata = SimpleMetadata(), .adds = std::move(adds)};
    transaction.info.operation = "CREATE TABLE";
    return transaction;
  }
  static Transaction Append(std::shared_ptr<const Snapshot> base, const std::string& file) {
    Transaction transaction{.base = std::move(base), .adds = {File(file)}};
    transaction.info.operation = "WRITE";
    return transaction;
  }
  // Replaces all files by one.
  static Transaction Overwrite(const std::shared_ptr<const Snapshot>& base,
                               const std::string& file) {
    Transaction transaction = Append(base, file);
    transaction.scope = ReadScope::kWholeTable;
    for (const AddFile& old : base->files()) transaction.removes.push_back(Gone(old.path));
    return transaction;
  }

  // The version, or a failed expectation and -1.
  static long Version(const Result<CommitOutcome>& outcome) {
    EXPECT_TRUE(outcome.ok()) << outcome.error().ToString();
    if (!outcome.ok()) return -1;
    const auto* committed = std::get_if<Committed>(&*outcome);
    EXPECT_NE(committed, nullptr) << std::get<CommitConflict>(*outcome).reason;
    return committed == nullptr ? -1 : committed->version.value();
  }
  static std::string Conflict(const Result<CommitOutcome>& outcome) {
    EXPECT_TRUE(outcome.ok()) << outcome.error().ToString();
    const auto* conflict = outcome.ok() ? std::get_if<CommitConflict>(&*outcome) : nullptr;
    return conflict == nullptr ? "committed" : conflict->reason;
  }
  static std::vector<std::string> Paths(const Snapshot& snapshot) {
    std::vector<std::string> paths;
    for (const AddFile& file : snapshot.files()) paths.push_back(file.path);
    return paths;
  }

  std::string root_;
  std::string path_;
  io::FileSystem& local_ = io::LocalFileSystem();
  io::FaultFileSystem files_{local_};
  ManualClock clock_;
  io::Environment environment_{files_, clock_, io::SystemRandom()};
  MemoryParquet parquet_{files_};
};

}  // namespace leat::delta

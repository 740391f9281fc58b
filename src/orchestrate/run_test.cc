#include "orchestrate/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "project/loader.h"

namespace leat::orchestrate {
namespace {

using testing::HasSubstr;

// Throws, as a library that we call might, when it is asked for a folder of the table `boom`.
class ThrowingFileSystem final : public io::FileSystem {
 public:
  Result<std::string> ReadFile(const std::string& path) override { return inner_.ReadFile(path); }
  Result<std::string> ReadRange(const std::string& path, std::int64_t offset,
                                std::int64_t size_bytes) override {
    return inner_.ReadRange(path, offset, size_bytes);
  }
  Result<std::vector<io::FileInfo>> List(const std::string& directory) override {
    return inner_.List(directory);
  }
  Result<io::FileInfo> Stat(const std::string& path) override { return inner_.Stat(path); }
  Status ReplaceFile(const std::string& path, std::string_view content) override {
    return inner_.ReplaceFile(path, content);
  }
  Result<bool> CreateFile(const std::string& path, std::string_view content) override {
    return inner_.CreateFile(path, content);
  }
  Status SyncFile(const std::string& path) override { return inner_.SyncFile(path); }
  Status SyncDirectory(const std::string& directory) override {
    return inner_.SyncDirectory(directory);
  }
  Result<bool> CreateDirectories(const std::string& directory) override {
    if (directory.ends_with("/boom")) throw std::runtime_error("a library threw this");
    return inner_.CreateDirectories(directory);
  }
  Status CreateAllDirectories(const std::vector<std::string>& directories) override {
    return inner_.CreateAllDirectories(directories);
  }
  Status Remove(const std::string& path) override { return inner_.Remove(path); }
  Status Rename(const std::string& from, const std::string& to) override {
    return inner_.Rename(from, to);
  }

 private:
  io::FileSystem& inner_ = io::LocalFileSystem();
};

class SilentObserver final : public RunObserver {
 public:
  void RunStarted(const RunId&, const Plan&) override {}
  void TaskStarted(const Step&) override {}
  void TaskProgressed(const Step&, double) override {}
  void TaskFinished(const Step&, const TaskResult&) override {}
};

class RunTest : public testing::Test {
 protected:
  void SetUp() override { root_ = io::MakeTemporaryDirectory("leat-run-").value(); }
  void TearDown() override { ASSERT_TRUE(io::RemoveAll(root_).ok()); }

  void Write(const std::string& path, const std::string& content) {
    const std::string file = io::JoinPath(root_, path);
    ASSERT_TRUE(io::LocalFileSystem().CreateDirectories(io::ParentPath(file)).ok());
    ASSERT_TRUE(io::LocalFileSystem().ReplaceFile(file, content).ok());
  }

  std::unique_ptr<Workspace> Open() {
    auto loaded = project::LoadProject(environment_, root_, {});
    EXPECT_TRUE(loaded.project.has_value());
    return Workspace::Open(environment_, connectors_, *std::move(loaded.project), Purpose::kRun)
        .value();
  }

  static const TaskResult& Of(const RunResult& run, const std::string& asset) {
    return *std::find_if(run.tasks.begin(), run.tasks.end(),
                         [&](const TaskResult& task) { return task.asset.value() == asset; });
  }

  ThrowingFileSystem files_;
  connect::Connectors connectors_;
  io::Environment environment_{files_, io::SystemClock(), io::SystemRandom()};
  std::string root_;
  SilentObserver observer_;
  io::CancelToken cancel_;
};

TEST_F(RunTest, AnExceptionIsTheFailureOfItsTaskAndTheRestGoesOn) {
  Write("leat.yml", "name: t\nstorage: ./lake\n");
  Write("assets/s/boom.sql", "select 1 as n\n");
  Write("assets/s/after.sql", "select n from s.boom\n");
  Write("assets/s/other.sql", "select 1 as n\n");
  const auto workspace = Open();
  const auto run = orchestrate::Run(*workspace, {.jobs = 1, .command = "run"}, observer_, cancel_);
  ASSERT_TRUE(run.ok()) << run.error().ToString();
  EXPECT_EQ(run->status, state::RunStatus::kPartial);
  const TaskResult& failed = Of(*run, "s.boom");
  EXPECT_EQ(failed.status, state::TaskStatus::kFailed);
  EXPECT_EQ(failed.error->kind(), ErrorKind::kBug);
  EXPECT_THAT(failed.error->message(), HasSubstr("a library threw this"));
  EXPECT_EQ(Of(*run, "s.after").status, state::TaskStatus::kSkipped);
  EXPECT_EQ(Of(*run, "s.other").status, state::TaskStatus::kSucceeded);
}

TEST_F(RunTest, ACancelledRunCancelsWhatItHasNotBegun) {
  Write("leat.yml", "name: t\nstorage: ./lake\n");
  Write("assets/s/a.sql", "select 1 as n\n");
  Write("assets/s/b.sql", "select n from s.a\n");
  const auto workspace = Open();
  cancel_.Cancel();
  const auto run = orchestrate::Run(*workspace, {.jobs = 1, .command = "run"}, observer_, cancel_);
  ASSERT_TRUE(run.ok()) << run.error().ToString();
  EXPECT_EQ(run->status, state::RunStatus::kCancelled);
  for (const TaskResult& task : run->tasks) {
    EXPECT_EQ(task.status, state::TaskStatus::kCancelled) << task.asset.value();
  }
}

}  // namespace
}  // namespace leat::orchestrate

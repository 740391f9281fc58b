// A file system for tests that goes wrong on demand: at a chosen call it fails, fails after it has
// worked, or acts as if the process had been killed there.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "io/file_system.h"

namespace leat::io {

// Passes every call on to `inner`, counting from 1, except where a fault is set. Thread-safe.
class FaultFileSystem final : public FileSystem {
 public:
  enum class Fault {
    kFail,           // the call has no effect and returns the error
    kApplyThenFail,  // the call has its effect and returns the error: a lost reply
    kKill,           // neither this call nor any later one has an effect
    kKillAfter,      // this call still has its effect, no later one has
    kKillInside,     // as kKill, but a write leaves its hidden temporary file behind, half written
  };

  explicit FaultFileSystem(FileSystem& inner) : inner_(inner) {}

  // Sets the fault for the n-th call from now, replacing an earlier one, and brings the killed back
  // to life.
  void FailCall(std::int64_t n, Fault fault, Error error) {
    error_ = std::move(error);
    fault_ = fault;
    calls_ = 0;
    target_ = n;
  }
  void Heal() { FailCall(0, Fault::kFail, error_); }

  // Calls since the last FailCall or Heal.
  std::int64_t calls() const { return calls_; }
  // Whether the fault has been met.
  bool fired() const { return target_ > 0 && calls_ >= target_; }

  Result<std::string> ReadFile(const std::string& path) override {
    return Run<Result<std::string>>([&] { return inner_.ReadFile(path); });
  }
  Result<std::string> ReadRange(const std::string& path, std::int64_t offset,
                                std::int64_t size_bytes) override {
    return Run<Result<std::string>>([&] { return inner_.ReadRange(path, offset, size_bytes); });
  }
  Result<std::vector<FileInfo>> List(const std::string& directory) override {
    return Run<Result<std::vector<FileInfo>>>([&] { return inner_.List(directory); });
  }
  Result<FileInfo> Stat(const std::string& path) override {
    return Run<Result<FileInfo>>([&] { return inner_.Stat(path); });
  }
  Status ReplaceFile(const std::string& path, std::string_view content) override {
    return Run<Status>([&] { return inner_.ReplaceFile(path, content); },
                       [&] { LeaveHalf(path, content); });
  }
  Result<bool> CreateFile(const std::string& path, std::string_view content) override {
    return Run<Result<bool>>([&] { return inner_.CreateFile(path, content); },
                             [&] { LeaveHalf(path, content); });
  }
  Result<bool> CreateFileUnsynced(const std::string& path, std::string_view content) override {
    return Run<Result<bool>>([&] { return inner_.CreateFileUnsynced(path, content); },
                             [&] { LeaveHalf(path, content); });
  }
  Status SyncFile(const std::string& path) override {
    return Run<Status>([&] { return inner_.SyncFile(path); });
  }
  Status SyncDirectory(const std::string& directory) override {
    return Run<Status>([&] { return inner_.SyncDirectory(directory); });
  }
  Result<bool> CreateDirectories(const std::string& directory) override {
    return Run<Result<bool>>([&] { return inner_.CreateDirectories(directory); });
  }
  Status CreateAllDirectories(const std::vector<std::string>& directories) override {
    return Run<Status>([&] { return inner_.CreateAllDirectories(directories); });
  }
  Status Remove(const std::string& path) override {
    return Run<Status>([&] { return inner_.Remove(path); });
  }
  Status Rename(const std::string& from, const std::string& to) override {
    return Run<Status>([&] { return inner_.Rename(from, to); });
  }

 private:
  template <typename R, typename Call>
  R Run(Call call) {
    return Run<R>(call, [] {});
  }

  template <typename R, typename Call, typename LeaveRemains>
  R Run(Call call, LeaveRemains leave_remains) {
    const std::int64_t number = ++calls_;
    if (target_ <= 0 || number < target_) return call();
    const bool here = number == target_;
    const bool dies = fault_ != Fault::kFail && fault_ != Fault::kApplyThenFail;
    if (!here && !dies) return call();
    if (here && (fault_ == Fault::kApplyThenFail || fault_ == Fault::kKillAfter)) {
      R applied = call();
      static_cast<void>(applied);  // its answer never arrives
    }
    if (here && fault_ == Fault::kKillInside) leave_remains();
    return error_;
  }

  void LeaveHalf(const std::string& path, std::string_view content) {
    const Status left =
        inner_.ReplaceFile(JoinPath(ParentPath(path), "." + FileName(path) + ".killed.tmp"),
                           content.substr(0, content.size() / 2));
    static_cast<void>(left);  // whether or not the killed process got that far
  }

  FileSystem& inner_;
  std::atomic<std::int64_t> calls_{0};
  std::atomic<std::int64_t> target_{0};
  Fault fault_ = Fault::kFail;
  Error error_ = RetryLater("injected fault");
};

}  // namespace leat::io

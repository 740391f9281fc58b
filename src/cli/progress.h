// Shows the progress of a run: a live block on a terminal, one line per event in a pipe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "cli/style.h"
#include "io/environment.h"

namespace leat::cli {

// The block is drawn again at most this often.
constexpr std::int64_t kRedrawUs = 100 * kMicrosPerMilli;
// In a pipe, a running task reports at most this often.
constexpr std::int64_t kPipeReportUs = 30 * kMicrosPerSecond;
// Running tasks in the block; further ones are counted in a last line.
constexpr std::size_t kMaxLiveTasks = 8;

struct ProgressOptions {
  bool live = false;  // the output is a terminal that knows escape sequences
  bool color = false;
  std::size_t total_tasks = 0;  // 0: unknown
  std::size_t name_width =
      24;  // columns of the names of finished tasks: longer ones shift their line
  std::function<int()> width;  // columns now, asked before each drawing; called from another thread
  // Writes text at once; false when nobody reads any more. Called from several threads, never at
  // the same time.
  std::function<bool(std::string_view)> write;
};

struct TaskProgress {
  double fraction = -1;  // 0 to 1; negative: unknown
  std::optional<std::int64_t> rows_done;
  std::optional<std::int64_t> rows_total;
};

struct TaskOutcome {
  enum class Status { kSucceeded, kFailed, kSkipped, kCancelled };
  Status status = Status::kSucceeded;
  std::optional<std::int64_t> rows_written;
  std::int64_t rows_quarantined = 0;
  std::int64_t duration_us = 0;
  std::string message;  // why it failed or was skipped; its first line is shown
};

// Thread-safe. Finished tasks are lines above the block, marked ✓, ✗ or –; in a pipe they begin
// with the status in words. The cursor is never hidden, and stands at the beginning of the line
// below the block after each drawing: however the program ends, the terminal is left as it should
// be. Texts must not hold secrets.
class Progress {
 public:
  Progress(ProgressOptions options, io::Clock& clock);
  // Like Stop.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `task` identifies and names it: "gold.sales", "gold.sales 2026-11-01". Events of unknown tasks
  // start them.
  void Started(const std::string& task);
  void Progressed(const std::string& task, const TaskProgress& progress);
  void Finished(const std::string& task, const TaskOutcome& outcome);
  // A remark, printed as lines above the block.
  void Print(std::string_view text);
  // Prints what is pending and removes the block. Later events are printed like those in a pipe.
  void Stop();

 private:
  struct RunningTask {
    std::string name;
    std::int64_t started_us = 0;
    std::int64_t reported_us = 0;
    TaskProgress progress;
  };

  RunningTask& Find(const std::string& task);
  void RedrawUntilStopped();
  void Draw();
  std::string Block(std::size_t width) const;
  std::string RunningLine(const RunningTask& task, std::size_t name_width) const;
  std::string FinishedLine(const std::string& task, const TaskOutcome& outcome) const;
  std::string SummaryLine() const;
  void Emit(const std::string& line);

  const ProgressOptions options_;
  io::Clock& clock_;
  const std::int64_t begun_us_;
  mutable std::mutex mutex_;          // guards all below
  std::vector<RunningTask> running_;  // in the order in which they started
  std::string pending_;               // lines to print above the block
  std::size_t done_ = 0;
  std::size_t drawn_lines_ = 0;
  bool live_ = false;
  bool stopping_ = false;
  std::condition_variable wake_;
  std::thread redrawer_;  // only while live_
};

}  // namespace leat::cli

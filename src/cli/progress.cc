#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "cli/text_width.h"

namespace leat::cli {
namespace {

constexpr std::size_t kBarWidth = 12;
constexpr std::int64_t kRateAfterUs = kMicrosPerSecond / 2;  // before, a rate would be noise
constexpr double kTimeLeftAfter = 0.02;

struct StatusLook {
  const char* mark;
  const char* word;
  TextStyle style;
};

StatusLook LookOf(TaskOutcome::Status status) {
  switch (status) {
    case TaskOutcome::Status::kSucceeded: return {"✓", "succeeded", TextStyle::kGreen};
    case TaskOutcome::Status::kFailed: return {"✗", "failed", TextStyle::kRed};
    case TaskOutcome::Status::kSkipped: return {"–", "skipped", TextStyle::kYellow};
    case TaskOutcome::Status::kCancelled: return {"–", "cancelled", TextStyle::kYellow};
  }
  return {"?", "unknown", TextStyle::kPlain};
}

std::string Rows(std::int64_t count) {
  return WithThousands(count) + (count == 1 ? " row" : " rows");
}

std::string Rate(std::int64_t rows, std::int64_t elapsed_us) {
  const double per_second =
      static_cast<double>(rows) * kMicrosPerSecond / static_cast<double>(elapsed_us);
  if (per_second >= 1e6) return fmt::format("{:.1f} M rows/s", per_second / 1e6);
  if (per_second >= 1e4) return fmt::format("{:.0f} k rows/s", per_second / 1e3);
  return fmt::format("{:.0f} rows/s", per_second);
}

std::string Bar(double fraction) {
  const auto full = static_cast<std::size_t>(std::lround(fraction * kBarWidth));
  std::string bar;
  for (std::size_t i = 0; i < kBarWidth; i++) bar += i < full ? "█" : "░";
  return bar;
}

// From the fraction given, or rows done of rows to do; negative when unknown.
double FractionOf(const TaskProgress& progress) {
  double fraction = progress.fraction;
  if (!(fraction >= 0) && progress.rows_done && progress.rows_total.value_or(0) > 0) {
    fraction = static_cast<double>(*progress.rows_done) / static_cast<double>(*progress.rows_total);
  }
  return fraction >= 0 ? std::min(fraction, 1.0) : -1;
}

// "48 %  2.1 s left  1,440/3,000 rows  1.2 M rows/s", the time taken instead of the time left where
// that is unknown.
std::string Numbers(const TaskProgress& progress, std::int64_t elapsed_us) {
  const double fraction = FractionOf(progress);
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : "  ") + part; };
  if (fraction >= 0) add(fmt::format("{:3.0f} %", std::floor(fraction * 100)));
  if (fraction >= kTimeLeftAfter && fraction < 1 && elapsed_us >= kRateAfterUs) {
    const double left_us = static_cast<double>(elapsed_us) * (1 - fraction) / fraction;
    add(FormatDuration(static_cast<std::int64_t>(left_us)) + " left");
  } else {
    add(FormatDuration(elapsed_us));
  }
  if (progress.rows_done) {
    add(progress.rows_total ? WithThousands(*progress.rows_done) + "/" + Rows(*progress.rows_total)
                            : Rows(*progress.rows_done));
    if (elapsed_us >= kRateAfterUs) add(Rate(*progress.rows_done, elapsed_us));
  }
  return text;
}

std::string FirstLine(const std::string& text) { return OneLine(text.substr(0, text.find('\n'))); }

}  // namespace

Progress::Progress(ProgressOptions options, io::Clock& clock)
    : options_(std::move(options)), clock_(clock), begun_us_(clock.MonotonicUs()) {
  if (!options_.live) return;
  live_ = true;
  redrawer_ = std::thread([this] { RedrawUntilStopped(); });
}

Progress::~Progress() { Stop(); }

void Progress::Started(const std::string& task) {
  const std::scoped_lock lock(mutex_);
  Find(task);
}

void Progress::Progressed(const std::string& task, const TaskProgress& progress) {
  const std::scoped_lock lock(mutex_);
  RunningTask& running = Find(task);
  running.progress = progress;
  const std::int64_t now_us = clock_.MonotonicUs();
  if (live_ || now_us - running.reported_us < kPipeReportUs) return;
  running.reported_us = now_us;
  Emit("running    " + OneLine(task) + "  " + Numbers(progress, now_us - running.started_us));
}

void Progress::Finished(const std::string& task, const TaskOutcome& outcome) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(running_, [&](const RunningTask& running) { return running.name == task; });
  done_++;
  Emit(FinishedLine(task, outcome));
}

void Progress::Print(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  const std::scoped_lock lock(mutex_);
  Emit(std::string(text));
}

void Progress::Stop() {
  {
    const std::scoped_lock lock(mutex_);
    if (!live_) return;
    live_ = false;
    stopping_ = true;
  }
  wake_.notify_all();
  redrawer_.join();
  const std::scoped_lock lock(mutex_);
  running_.clear();
  Draw();
}

// The task with that name; begins it when it is not there. mutex_ is held.
Progress::RunningTask& Progress::Find(const std::string& task) {
  const auto found = std::find_if(running_.begin(), running_.end(),
                                  [&](const RunningTask& running) { return running.name == task; });
  if (found != running_.end()) return *found;
  const std::int64_t now_us = clock_.MonotonicUs();
  return running_.emplace_back(
      RunningTask{.name = task, .started_us = now_us, .reported_us = now_us, .progress = {}});
}

void Progress::RedrawUntilStopped() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    Draw();
    wake_.wait_for(lock, std::chrono::microseconds(kRedrawUs), [this] { return stopping_; });
  }
}

// Replaces the block by the pending lines and the new block, in one write. mutex_ is held.
void Progress::Draw() {
  std::string text;
  // Up to the block's first line, and everything from there removed (ECMA-48 CUU and ED).
  if (drawn_lines_ > 0) text += fmt::format("\x1b[{}A\x1b[J", drawn_lines_);
  text += std::exchange(pending_, "");
  const std::string block = stopping_ ? "" : Block(static_cast<std::size_t>(options_.width()));
  drawn_lines_ = static_cast<std::size_t>(std::count(block.begin(), block.end(), '\n'));
  text += block;
  if (!text.empty()) options_.write(text);
}

std::string Progress::Block(std::size_t width) const {
  if (running_.empty()) return "";
  std::size_t name_width = options_.name_width;
  for (const RunningTask& task : running_) {
    name_width = std::max(name_width, DisplayWidth(OneLine(task.name)));
  }
  name_width = std::min(name_width, width / 3);
  std::vector<std::string> lines;
  for (const RunningTask& task : running_) {
    if (lines.size() == kMaxLiveTasks) break;
    lines.push_back(RunningLine(task, name_width));
  }
  lines.push_back(SummaryLine());
  std::string block;
  // A line that fills the last column would wrap on some terminals.
  for (const std::string& line : lines) block += Fit(line, width > 1 ? width - 1 : 1) + "\n";
  return block;
}

std::string Progress::RunningLine(const RunningTask& task, std::size_t name_width) const {
  const double fraction = FractionOf(task.progress);
  std::string line = "  " + PadRight(Fit(OneLine(task.name), name_width), name_width) + "  ";
  if (fraction >= 0) line += Bar(fraction) + " ";
  return line + Numbers(task.progress, clock_.MonotonicUs() - task.started_us);
}

std::string Progress::SummaryLine() const {
  std::string line = "  " + std::to_string(done_);
  if (options_.total_tasks > 0) line += " of " + std::to_string(options_.total_tasks);
  line += fmt::format(" done, {} running", running_.size());
  if (running_.size() > kMaxLiveTasks) {
    line += fmt::format(" ({} not shown)", running_.size() - kMaxLiveTasks);
  }
  return line + ", " + FormatDuration(clock_.MonotonicUs() - begun_us_);
}

std::string Progress::FinishedLine(const std::string& task, const TaskOutcome& outcome) const {
  const StatusLook look = LookOf(outcome.status);
  std::string line = options_.live ? Paint(look.style, look.mark, options_.color)
                                   : PadRight(look.word, DisplayWidth("succeeded"));
  line += (options_.live ? " " : "  ") + PadRight(OneLine(task), options_.name_width);
  if (outcome.rows_written) line += "  " + Rows(*outcome.rows_written);
  if (outcome.rows_quarantined > 0) {
    line += "  " + Paint(TextStyle::kYellow, Rows(outcome.rows_quarantined) + " quarantined",
                         options_.color);
  }
  if (outcome.duration_us > 0) line += "  " + FormatDuration(outcome.duration_us);
  if (!outcome.message.empty()) {
    line += "  " + Paint(outcome.status == TaskOutcome::Status::kSucceeded ? TextStyle::kPlain
                                                                           : look.style,
                         FirstLine(outcome.message), options_.color);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

// Prints a line: with the next drawing, or at once where there is none. mutex_ is held.
void Progress::Emit(const std::string& line) {
  if (live_) {
    pending_ += line + "\n";
  } else {
    options_.write(line + "\n");
  }
}

}  // namespace leat::cli

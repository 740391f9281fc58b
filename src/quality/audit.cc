#include "quality/audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "quality/check_sql.h"
#include "quality/limits.h"
#include "quality/measure.h"
#include "quality/set_aside.h"

namespace leat::quality {
namespace {

using project::Check;
using project::OnFail;

std::vector<engine::WrittenFile> FilesApart(const AuditInput& input, bool is_apart) {
  std::vector<engine::WrittenFile> files;
  for (const engine::WrittenFile& file : input.files) {
    if (file.is_apart == is_apart) files.push_back(file);
  }
  return files;
}

engine::TableSource RowsOf(const AuditInput& input, const std::vector<engine::WrittenFile>& files) {
  if (files.empty()) return engine::SchemaSource{.asset = input.asset.name, .schema = input.schema};
  engine::FilesSource staged{.schema = input.schema};
  for (const engine::WrittenFile& file : files) {
    staged.paths.push_back(file.path);
    staged.row_counts.push_back(file.row_count);
  }
  return staged;
}

engine::TableResolver ResolverFor(const AuditInput& input) {
  const engine::TableSource audited =
      input.published ? *input.published : RowsOf(input, input.files);
  const engine::TableSource apart = RowsOf(input, FilesApart(input, true));
  return [audited, apart, existing = input.existing, tables = input.tables](
             const std::string& schema,
             const std::string& table) -> Result<std::optional<engine::TableSource>> {
    if (schema.empty() && EqualsIgnoreCase(table, kAuditedRows)) return std::optional(audited);
    if (schema.empty() && EqualsIgnoreCase(table, kRowsApart)) return std::optional(apart);
    if (schema.empty() && EqualsIgnoreCase(table, kExistingRows)) return existing;
    if (!tables) return std::optional<engine::TableSource>();
    return tables(schema, table);
  };
}

std::string Rows(std::int64_t count) {
  return count == 1 ? "1 row" : fmt::format("{} rows", count);
}

// What a check of the whole table finds wrong; empty when nothing is.
std::string Judge(const project::RowCount& kind, std::int64_t rows) {
  if (kind.min && rows < *kind.min)
    return fmt::format("{}, at least {} expected", Rows(rows), *kind.min);
  if (kind.max && rows > *kind.max)
    return fmt::format("{}, at most {} expected", Rows(rows), *kind.max);
  return "";
}

std::string Judge(const project::Freshness& kind, std::optional<TimestampUs> newest,
                  TimestampUs now) {
  if (!newest) return fmt::format("no row has a time in {}", kind.column);
  if (now - *newest <= kind.max_age_us) return "";
  return fmt::format("the newest {} is {}, more than {} s before {}", kind.column,
                     FormatTimestamp(*newest), kind.max_age_us / kMicrosPerSecond,
                     FormatTimestamp(now));
}

struct VolumeVerdict {
  bool is_anomaly = false;
  std::string message;
};

VolumeVerdict Judge(const project::VolumeAnomaly& kind, std::int64_t rows,
                    const std::vector<std::int64_t>& history) {
  const std::size_t wanted = std::min(history.size(), static_cast<std::size_t>(kind.history));
  const std::size_t needed = std::min(kMinAnomalyRuns, static_cast<std::size_t>(kind.history));
  if (wanted < needed) {
    return {.message =
                fmt::format("{} of {} earlier runs are known: too few to judge", wanted, needed)};
  }
  const auto first = history.end() - static_cast<std::ptrdiff_t>(wanted);
  double sum = 0;
  for (auto run = first; run != history.end(); ++run) sum += static_cast<double>(*run);
  const double mean = sum / static_cast<double>(wanted);
  double squares = 0;
  for (auto run = first; run != history.end(); ++run)
    squares += std::pow(static_cast<double>(*run) - mean, 2);
  const double deviation =
      std::max(std::sqrt(squares / static_cast<double>(wanted)), kMinRelativeDeviation * mean);
  const double distance = std::abs(static_cast<double>(rows) - mean);
  if (distance <= kind.sensitivity * deviation) return {};
  return {.is_anomaly = true,
          .message = fmt::format("{}, the last {} runs had {:.0f} ± {:.0f}", Rows(rows), wanted,
                                 mean, kind.sensitivity * deviation)};
}

class Auditor {
 public:
  Auditor(engine::Session& session, io::FileSystem& files, const AuditInput& input,
          const engine::WriteOptions& rewrite)
      : session_(session), file_system_(files), input_(input), rewrite_(rewrite) {
    result_.files = input.files;
  }

  Result<AuditResult> Run() {
    LEAT_ASSIGN(measured_, Measure(session_, input_));
    result_.rows = measured_.rows;
    for (const Check& check : checks()) {
      result_.checks.push_back({.name = check.name,
                                .column = check.column,
                                .on_fail = check.on_fail,
                                .location = check.location});
    }
    for (std::size_t i = 0; i < checks().size(); i++) {
      if (!JudgesWholeTable(checks()[i])) LEAT_TRY(JudgeRows(i));
    }
    LEAT_ASSIGN(const SetAside aside, FindSetAside());
    for (std::size_t i = 0; i < checks().size(); i++) {
      if (JudgesWholeTable(checks()[i])) JudgeTable(i, aside);
    }
    result_.publishable =
        std::none_of(result_.checks.begin(), result_.checks.end(), [](const CheckOutcome& outcome) {
          return outcome.status == CheckStatus::kFailed || outcome.status == CheckStatus::kError;
        });
    if (result_.publishable) LEAT_TRY(SetRowsAside(aside));
    return std::move(result_);
  }

 private:
  const std::vector<Check>& checks() const { return input_.asset.checks; }
  bool is_staged() const { return !input_.published.has_value(); }

  // Rows that break a check are handled as it declares: nothing can be set aside of published ones.
  CheckStatus StatusWhenBroken(const Check& check) const {
    switch (check.on_fail) {
      case OnFail::kFail: return CheckStatus::kFailed;
      case OnFail::kWarn: return CheckStatus::kWarned;
      case OnFail::kQuarantine:
      case OnFail::kDrop: return is_staged() ? CheckStatus::kWarned : CheckStatus::kFailed;
    }
    return CheckStatus::kFailed;
  }

  // True when the check could not be evaluated, which is then its outcome.
  bool TakeError(std::size_t i) {
    const auto& error = measured_.checks[i].error;
    if (!error) return false;
    result_.checks[i].status = CheckStatus::kError;
    result_.checks[i].message = error->ToString();
    return true;
  }

  Status JudgeRows(std::size_t i) {
    if (TakeError(i)) return Ok();
    CheckOutcome& outcome = result_.checks[i];
    outcome.failing_rows = measured_.checks[i].value.value_or(0);
    if (outcome.failing_rows == 0) return Ok();
    outcome.status = StatusWhenBroken(checks()[i]);
    outcome.message = fmt::format("{} of {}: {}", outcome.failing_rows, Rows(result_.rows),
                                  Complaint(checks()[i]));
    if (IsToldApart(i)) session_.SetResolver(ResolverFor(RowsApart()));
    auto samples = Sample(session_, input_, checks()[i]);
    if (IsToldApart(i)) session_.SetResolver(ResolverFor(input_));
    if (samples.ok()) {
      outcome.samples = *std::move(samples);
    } else if (samples.error().kind() == ErrorKind::kCancelled) {
      return std::move(samples).error();
    } else {
      outcome.message += "; rows cannot be shown: " + samples.error().message();
    }
    return Ok();
  }

  Result<SetAside> FindSetAside() {
    std::vector<std::size_t> broken;
    for (std::size_t i = 0; i < checks().size(); i++) {
      const CheckOutcome& outcome = result_.checks[i];
      if (IsSetAside(checks()[i]) && outcome.status == CheckStatus::kWarned) broken.push_back(i);
    }
    if (broken.empty()) return SetAside{};
    if (std::all_of(broken.begin(), broken.end(), [&](std::size_t i) { return IsToldApart(i); })) {
      const AuditInput apart = RowsApart();
      session_.SetResolver(ResolverFor(apart));
      auto found = FindRowsToSetAside(session_, apart, broken);
      session_.SetResolver(ResolverFor(input_));
      if (!found.ok()) return found;
      std::int64_t rows = 0;
      for (const engine::WrittenFile& file : apart.files) rows += file.row_count;
      // A condition with random() may judge otherwise now: no row may be lost with its file.
      files_tell_ = rows == found->rows_quarantined + found->rows_dropped;
      if (files_tell_) return found;
    }
    return FindRowsToSetAside(session_, input_, broken);
  }

  // Whether the rows that break a check are all in the files written apart.
  bool IsToldApart(std::size_t i) const {
    return input_.told_apart &&
           SetsRowAside(checks()[i], input_.schema, input_.asset.name.value()).has_value();
  }

  AuditInput RowsApart() const {
    AuditInput apart = input_;
    apart.files = FilesApart(input_, true);
    return apart;
  }

  void JudgeTable(std::size_t i, const SetAside& aside) {
    if (TakeError(i)) return;
    const Check& check = checks()[i];
    CheckOutcome& outcome = result_.checks[i];
    const std::int64_t rows = result_.rows - aside.rows_quarantined - aside.rows_dropped;
    bool broken = false;
    if (const auto* count = std::get_if<project::RowCount>(&check.kind)) {
      outcome.message = Judge(*count, rows);
      broken = !outcome.message.empty();
    } else if (const auto* fresh = std::get_if<project::Freshness>(&check.kind)) {
      if (is_staged() && result_.rows == 0 && !input_.is_whole_table) return;
      outcome.message = Judge(*fresh, measured_.checks[i].value, input_.now);
      broken = !outcome.message.empty();
    } else if (const auto* volume = std::get_if<project::VolumeAnomaly>(&check.kind)) {
      VolumeVerdict verdict = Judge(*volume, rows, input_.row_count_history);
      outcome.message = std::move(verdict.message);
      broken = verdict.is_anomaly;
    }
    if (broken) outcome.status = StatusWhenBroken(check);
  }

  Status SetRowsAside(const SetAside& aside) {
    if (aside.rows_quarantined + aside.rows_dropped == 0) return Ok();
    if (files_tell_) {
      result_.files = FilesApart(input_, false);
    } else {
      LEAT_ASSIGN(result_.files, WriteWithoutThem(session_, input_, rewrite_));
    }
    result_.rows_quarantined = aside.rows_quarantined;
    result_.rows_dropped = aside.rows_dropped;
    result_.quarantine_sql = aside.quarantine_sql;
    for (const engine::WrittenFile& file : input_.files) {
      if (!files_tell_ || file.is_apart) LEAT_TRY(file_system_.Remove(file.path));
    }
    return Ok();
  }

  engine::Session& session_;
  io::FileSystem& file_system_;
  const AuditInput& input_;
  const engine::WriteOptions& rewrite_;
  Measurements measured_;
  bool files_tell_ = false;  // the rows set aside are those written apart
  AuditResult result_;
};

}  // namespace

std::string SetAsideCondition(const project::Asset& asset, const data::Schema& schema) {
  std::vector<std::string> conditions;
  for (const Check& check : asset.checks) {
    if (const auto condition = SetsRowAside(check, schema, asset.name.value()))
      conditions.push_back("coalesce((" + *condition + "), false)");
  }
  return Join(conditions, " OR ");
}

const char* ToString(CheckStatus status) {
  switch (status) {
    case CheckStatus::kPassed: return "passed";
    case CheckStatus::kFailed: return "failed";
    case CheckStatus::kWarned: return "warned";
    case CheckStatus::kError: return "error";
  }
  return "error";
}

const char* ToString(OnFail on_fail) {
  switch (on_fail) {
    case OnFail::kFail: return "fail";
    case OnFail::kQuarantine: return "quarantine";
    case OnFail::kDrop: return "drop";
    case OnFail::kWarn: return "warn";
  }
  return "fail";
}

Result<AuditResult> Audit(engine::Session& session, io::FileSystem& files, const AuditInput& input,
                          const engine::WriteOptions& rewrite) {
  session.SetResolver(ResolverFor(input));
  auto result = Auditor(session, files, input, rewrite).Run();
  session.SetResolver(input.tables);
  if (!result.ok())
    return std::move(result).error().WithContext("auditing " + input.asset.name.value());
  return result;
}

}  // namespace leat::quality

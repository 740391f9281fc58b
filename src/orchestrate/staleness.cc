#include "orchestrate/staleness.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/age.h"
#include "base/text.h"
#include "connect/file/file_source.h"
#include "delta/file_skipping.h"
#include "orchestrate/limits.h"
#include "transform/model.h"

namespace leat::orchestrate {
namespace {

constexpr std::string_view kFilePrefix = "leat:file:";

std::optional<TableVersion> CurrentVersion(Workspace& workspace, const std::string& input) {
  const std::size_t dot = input.rfind('.');
  const project::Asset* asset = workspace.FindTable(
      dot == std::string::npos ? "" : input.substr(0, dot), input.substr(dot + 1));
  if (asset == nullptr || asset->is_view()) return std::nullopt;
  const auto snapshot = workspace.TableOf(asset->name).Load();
  return snapshot.ok() ? std::optional((*snapshot)->version()) : std::nullopt;
}

std::optional<Origin> OriginOf(const delta::CommitInfo& info, const AssetName& asset) {
  const auto found = info.extra.find("leat");
  if (found == info.extra.end()) return std::nullopt;
  const auto json = nlohmann::json::parse(found->second, nullptr, false);
  if (!json.is_object() || json.value("asset", "") != asset.value()) return std::nullopt;
  Origin origin{.run = RunId(json.value("run_id", "")), .inputs = {}};
  const auto inputs = json.find("inputs");
  if (inputs == json.end() || !inputs->is_object()) return origin;
  for (const auto& [name, version] : inputs->items()) {
    if (version.is_number_integer())
      origin.inputs.emplace(name, TableVersion(version.get<std::int64_t>()));
  }
  return origin;
}

std::int64_t CountGrains(Grain grain, const std::vector<Interval>& intervals) {
  std::int64_t count = 0;
  for (const Interval& interval : intervals) {
    for (TimestampUs t = interval.start; t < interval.end; t = NextAfter(grain, t)) count++;
  }
  return count;
}

std::string Counted(std::int64_t count, Grain grain) {
  return fmt::format("{} {}{}", count, ToString(grain), count == 1 ? "" : "s");
}

// Finds the intervals that are done and that rows which came later belong to.
class LateRows {
 public:
  LateRows(Workspace& workspace, engine::Session& session, const engine::TableResolver& tables,
           const project::Asset& model)
      : workspace_(workspace), session_(session), tables_(tables), model_(model) {}

  Status Find(const Origin& origin, const IntervalSet& done, IntervalSet& late) {
    for (const auto& [input, version] : origin.inputs) {
      const auto current = CurrentVersion(workspace_, input);
      if (!current || !(version < *current)) continue;
      LEAT_TRY(FindIn(input, version, *current, done, late));
    }
    return Ok();
  }

 private:
  Status FindIn(const std::string& input, TableVersion read, TableVersion current,
                const IntervalSet& done, IntervalSet& late) {
    const std::size_t dot = input.rfind('.');
    const project::Asset* asset = workspace_.FindTable(
        dot == std::string::npos ? "" : input.substr(0, dot), input.substr(dot + 1));
    // Rows that were written anew as they were cancel each other out.
    const std::string changes = fmt::format(
        "SELECT * EXCLUDE (_change_type, _commit_version, _commit_timestamp) FROM changes({}, {}, "
        "{}) GROUP BY ALL HAVING sum(CASE WHEN _change_type IN ('insert', 'update_postimage') THEN "
        "1 ELSE -1 END) <> 0",
        QuoteLiteral(workspace_.TablePath(asset->name)), read.value() + 1, current.value());
    session_.SetResolver(
        [this, &input, &changes](
            const std::string& schema,
            const std::string& table) -> Result<std::optional<engine::TableSource>> {
          const std::string name = schema.empty() ? table : schema + "." + table;
          if (!EqualsIgnoreCase(name, input)) return tables_(schema, table);
          return std::optional<engine::TableSource>(engine::QuerySource{.sql = changes});
        });
    const Grain grain = ParseGrain(model_.schedule).value_or(Grain::kDay);
    const auto& spec = std::get<project::ModelSpec>(model_.spec);
    const auto& intervals = done.intervals();
    const std::string sql = fmt::format(
        "SELECT DISTINCT epoch_us(date_trunc('{}', CAST({} AS TIMESTAMP))) FROM (\n{}\n)",
        ToString(grain), QuoteIdentifier(spec.time_column), transform::ModelSql(model_));
    const auto rows = session_.Query(
        sql, workspace_.ParametersFor(Interval{intervals.front().start, intervals.back().end}));
    session_.SetResolver(tables_);
    if (!rows.ok()) return rows.error();
    for (const auto& row : rows->rows) {
      const auto* time = std::get_if<std::int64_t>(row.data());
      if (time == nullptr) continue;
      const Interval interval{FloorTo(grain, *time), NextAfter(grain, *time)};
      if (done.Contains(interval)) late.Add(interval);
    }
    return Ok();
  }

  Workspace& workspace_;
  engine::Session& session_;
  const engine::TableResolver& tables_;
  const project::Asset& model_;
};

std::string DayText(TimestampUs time) {
  return time % kMicrosPerDay == 0 ? FormatTimestamp(time).substr(0, 10) : FormatTimestamp(time);
}

}  // namespace

std::optional<std::string> MissingFiles(Workspace& workspace, const project::Asset& source) {
  const auto* options = std::get<project::SourceSpec>(source.spec).files();
  if (options == nullptr) return std::nullopt;
  const auto found =
      connect::FindFiles(workspace.environment().files, workspace.project().root, *options);
  if (!found.ok() || !found->empty()) return std::nullopt;
  std::string text = "no file matches " + options->glob;
  const auto snapshot = workspace.TableOf(source.name).Load();
  if (!snapshot.ok()) return text;
  std::int64_t newest_ms = 0;
  for (const auto& [id, transaction] : (*snapshot)->app_transactions()) {
    if (id.starts_with(kFilePrefix)) newest_ms = std::max(newest_ms, transaction.updated_ms);
  }
  if (newest_ms == 0) return text;
  const TimestampUs now = workspace.environment().clock.Now();
  return text + "; the last new file came " + AgeText(now - newest_ms * kMicrosPerMilli);
}

std::optional<std::int64_t> RowCount(const delta::Snapshot& table) {
  std::int64_t rows = 0;
  for (const delta::AddFile& file : table.files()) {
    const auto count = delta::RowCount(file);
    if (!count) return std::nullopt;
    rows += *count;
  }
  return rows;
}

Result<std::optional<Origin>> NewestOrigin(Workspace& workspace, const AssetName& asset) {
  for (const std::size_t limit : {std::size_t{1}, kMaxOriginVersions}) {
    LEAT_ASSIGN(const auto history, workspace.TableOf(asset).History(limit));
    for (const delta::HistoryEntry& entry : history) {
      if (auto origin = OriginOf(entry.info, asset)) return origin;
    }
  }
  return std::optional<Origin>();
}

Result<std::vector<std::string>> NewerInputs(Workspace& workspace, const project::Asset& model) {
  std::vector<std::string> newer;
  LEAT_ASSIGN(const auto origin, NewestOrigin(workspace, model.name));
  if (!origin) return newer;
  for (const auto& [input, version] : origin->inputs) {
    const auto current = CurrentVersion(workspace, input);
    if (!current || !(version < *current)) continue;
    newer.push_back(
        fmt::format("{} is at version {}, read at {}", input, current->value(), version.value()));
  }
  return newer;
}

Result<IntervalReview> ReviewIntervals(Workspace& workspace, engine::Session& session,
                                       const engine::TableResolver& tables,
                                       const project::Asset& model, const delta::Snapshot* table) {
  IntervalReview review;
  const Grain grain = ParseGrain(model.schedule).value_or(Grain::kDay);
  const auto start = model.start ? model.start : workspace.project().start;
  const TimestampUs now = workspace.environment().clock.Now();
  if (table != nullptr) {
    LEAT_ASSIGN(review.done, ReadIntervals(*table));
    LEAT_ASSIGN(review.outdated, ReadOutdated(*table));
    if (ReadFingerprint(*table) != model.fingerprint) review.outdated.by_definition = review.done;
  }
  if (start && FloorTo(grain, *start) < FloorTo(grain, now)) {
    const Interval whole{FloorTo(grain, *start), FloorTo(grain, now)};
    review.due = CountGrains(grain, {whole});
    review.missing = CountGrains(grain, review.done.Gaps(whole));
  }
  if (review.done.intervals().empty()) return review;
  LEAT_ASSIGN(const auto origin, NewestOrigin(workspace, model.name));
  if (!origin) return review;
  IntervalSet late;
  const Status found = LateRows(workspace, session, tables, model).Find(*origin, review.done, late);
  if (!found.ok() && found.error().kind() == ErrorKind::kCancelled) return found.error();
  if (!found.ok()) review.unknown = found.error().message();
  for (const Interval& interval : late.intervals()) {
    review.found_late |= !review.outdated.by_late_rows.Contains(interval);
    review.outdated.by_late_rows.Add(interval);
  }
  return review;
}

ReviewTexts TextsOf(const IntervalReview& review, const project::Asset& model,
                    std::optional<TimestampUs> start, TimestampUs now) {
  const Grain grain = ParseGrain(model.schedule).value_or(Grain::kDay);
  const std::string& name = model.name.value();
  ReviewTexts texts;
  if (start && *start > now) {
    texts.warnings.push_back(
        fmt::format("it starts at {}, which is in the future: nothing is due", DayText(*start)));
  }
  const auto& old = review.outdated.by_definition.intervals();
  if (!old.empty()) {
    texts.warnings.push_back(
        fmt::format("the definition changed: {} of before keep the old result (leat run -s {} "
                    "--full-refresh)",
                    Counted(CountGrains(grain, old), grain), name));
  }
  const auto& late = review.outdated.by_late_rows.intervals();
  for (std::size_t i = 0; i < late.size() && i < kShownLateIntervals; i++) {
    texts.warnings.push_back(
        fmt::format("rows came late for {} that had been done: leat run -s {} --start {} --end {}",
                    Counted(CountGrains(grain, {late[i]}), grain), name, DayText(late[i].start),
                    DayText(late[i].end)));
  }
  if (late.size() > kShownLateIntervals) {
    texts.warnings.push_back(
        fmt::format("rows came late for {} in all", Counted(CountGrains(grain, late), grain)));
  }
  if (!review.unknown.empty())
    texts.warnings.push_back("whether rows came late is not known: " + review.unknown);
  const bool is_complete = review.missing == 0 && review.due > 0 && texts.warnings.empty();
  texts.state = fmt::format("{}{} of {} done", is_complete ? "up to date: " : "",
                            review.due - review.missing, Counted(review.due, grain));
  return texts;
}

Result<std::vector<Remark>> RemarksOn(Workspace& workspace, const std::vector<AssetName>& assets) {
  std::vector<Remark> remarks;
  for (const AssetName& name : assets) {
    const project::Asset& asset = *workspace.project().Find(name);
    if (!asset.broken.empty()) continue;
    if (std::holds_alternative<project::SourceSpec>(asset.spec)) {
      if (auto missing = MissingFiles(workspace, asset)) remarks.push_back({name, *missing, true});
      continue;
    }
    const auto* model = std::get_if<project::ModelSpec>(&asset.spec);
    if (model == nullptr || model->materialized != project::Materialization::kInterval) continue;
    const auto table = workspace.TableOf(name).Load();
    if (!table.ok() && table.error().kind() != ErrorKind::kNotFound) return table.error();
    LEAT_ASSIGN(const auto session, workspace.NewSession());
    LEAT_ASSIGN(const auto review, ReviewIntervals(workspace, *session, workspace.Resolver(), asset,
                                                   table.ok() ? table->get() : nullptr));
    const auto start = asset.start ? asset.start : workspace.project().start;
    ReviewTexts texts = TextsOf(review, asset, start, workspace.environment().clock.Now());
    for (std::string& warning : texts.warnings) remarks.push_back({name, std::move(warning), true});
    remarks.push_back({name, std::move(texts.state), false});
  }
  return remarks;
}

}  // namespace leat::orchestrate

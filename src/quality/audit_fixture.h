// Audits over staged rows, for tests of quality/.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "quality/audit.h"
#include "quality/quality_fixture.h"

namespace leat::quality {

using project::Check;
using project::CheckKind;
using project::OnFail;

inline constexpr TimestampUs kNow = 1'767'225'600LL * kMicrosPerSecond;  // 2026-01-01

// Counts the statements that read the audited rows.
class CountingSession final : public engine::Session {
 public:
  explicit CountingSession(engine::Session& inner) : inner_(inner) {}

  void SetResolver(engine::TableResolver resolver) override {
    inner_.SetResolver(std::move(resolver));
  }
  void SetTableNames(std::vector<std::string> names) override {
    inner_.SetTableNames(std::move(names));
  }
  Status Execute(const std::string& sql, const engine::Parameters& parameters) override {
    Count(sql);
    return inner_.Execute(sql, parameters);
  }
  Result<data::Rows> Query(const std::string& sql, const engine::Parameters& parameters,
                           std::size_t max_rows) override {
    Count(sql);
    return inner_.Query(sql, parameters, max_rows);
  }
  Status Stream(const std::string& sql, const engine::Parameters& parameters,
                const std::function<Status(const data::ArrowBatch&)>& visit) override {
    Count(sql);
    return inner_.Stream(sql, parameters, visit);
  }
  Result<engine::BoundQuery> Bind(const std::string& sql,
                                  const engine::Parameters& parameters) override {
    return inner_.Bind(sql, parameters);
  }
  Result<engine::WrittenQuery> WriteParquet(const std::string& sql,
                                            const engine::Parameters& parameters,
                                            const engine::WriteOptions& options) override {
    Count(sql);
    return inner_.WriteParquet(sql, parameters, options);
  }
  Result<std::string> ScanOf(const engine::TableFiles& files) override {
    return inner_.ScanOf(files);
  }
  std::string ScanRows(std::shared_ptr<const engine::RowSource> rows) override {
    return inner_.ScanRows(std::move(rows));
  }
  Result<std::vector<engine::MarkedRows>> MarkRows(const std::string& sql,
                                                   const engine::Parameters& parameters) override {
    return inner_.MarkRows(sql, parameters);
  }
  Result<engine::TextWritten> WriteText(
      const std::string& sql, const engine::Parameters& parameters,
      const engine::TextFormat& format,
      const std::function<Status(std::string_view)>& write) override {
    return inner_.WriteText(sql, parameters, format, write);
  }
  Result<std::int64_t> CopyTo(const std::string& sql, const std::string& path,
                              const std::string& format,
                              const engine::Parameters& parameters) override {
    return inner_.CopyTo(sql, path, format, parameters);
  }
  void Interrupt() override { inner_.Interrupt(); }
  engine::QueryProgress Progress() const override { return inner_.Progress(); }

  int scans() const { return scans_; }

 private:
  void Count(const std::string& sql) {
    scans_ += sql.find("FROM this") != std::string::npos ? 1 : 0;
  }

  engine::Session& inner_;
  int scans_ = 0;
};

class AuditTest : public QualityTest {
 protected:
  AuditTest() { asset_.name = AssetName("silver.orders"); }

  void AddCheck(CheckKind kind, const std::string& column = "v", OnFail on_fail = OnFail::kFail) {
    asset_.checks.push_back({.name = fmt::format("check {}", asset_.checks.size()),
                             .column = column,
                             .kind = std::move(kind),
                             .on_fail = on_fail});
  }

  AuditInput Input(const Staged& staged) {
    return {.asset = asset_,
            .schema = staged.schema,
            .files = staged.files,
            .tables = Tables(),
            .row_count_history = history_,
            .now = kNow};
  }

  // Staged with the rows to set aside in files of their own.
  AuditInput Apart(const std::string& sql, const engine::Parameters& parameters = {}) {
    Staged staged{.schema = session_->Bind(sql).value().schema};
    const std::string condition = SetAsideCondition(asset_, staged.schema);
    EXPECT_NE(condition, "");
    session_->SetResolver(Tables());
    auto written =
        session_->WriteParquet(sql, parameters, {.directory = staging_, .apart = condition});
    EXPECT_TRUE(written.ok()) << written.error().ToString();
    staged.files = written->files;
    AuditInput input = Input(staged);
    input.told_apart = true;
    return input;
  }

  AuditResult Run(const AuditInput& input) {
    CountingSession counting(*session_);
    auto result =
        Audit(counting, io::LocalFileSystem(), input, {.directory = staging_, .keep_order = true});
    scans_ = counting.scans();
    EXPECT_TRUE(result.ok()) << result.error().ToString();
    return result.ok() ? *result : AuditResult{};
  }
  AuditResult Run(const Staged& staged) { return Run(Input(staged)); }

  // One check alone over the values of column v.
  CheckOutcome Judge(CheckKind kind, const std::string& values, const std::string& type = "INTEGER",
                     const std::string& column = "v") {
    asset_.checks.clear();
    AddCheck(std::move(kind), column);
    const std::string rows =
        values.empty() ? "SELECT NULL AS v WHERE false" : "SELECT unnest([" + values + "]) AS v";
    const AuditResult result = Run(Stage("SELECT v::" + type + " AS v FROM (" + rows + ")"));
    return result.checks.empty() ? CheckOutcome{} : result.checks[0];
  }
  std::int64_t FailingRows(CheckKind kind, const std::string& values,
                           const std::string& type = "INTEGER") {
    const CheckOutcome outcome = Judge(std::move(kind), values, type);
    EXPECT_NE(outcome.status, CheckStatus::kError) << outcome.message;
    EXPECT_EQ(outcome.status == CheckStatus::kPassed, outcome.failing_rows == 0);
    return outcome.failing_rows;
  }

  project::Asset asset_;
  std::vector<std::int64_t> history_;
  int scans_ = 0;
};

inline Check Custom(const std::string& sql, OnFail on_fail = OnFail::kFail) {
  return {.name = "custom", .kind = project::CustomSql{.sql = sql}, .on_fail = on_fail};
}

}  // namespace leat::quality

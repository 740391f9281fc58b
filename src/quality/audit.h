// Audits the rows of a table before they are published (write, audit, publish), or those already
// published.
//
// How checks judge:
// - Null passes every check but not_null. unique and unique_key look only at rows whose key has no
// null.
// - A table without rows passes every check of rows; row_count decides whether it may be empty.
// - unique, unique_key: with on_fail fail or warn all rows of a repeated key fail. With quarantine
// or drop the first
//   row of a key (in the order of files and rows) stays and the later ones go.
// - row_count and volume_anomaly count the rows that will be published: those set aside do not
// count.
// - freshness: no row may be newer than nothing. A staged batch without rows passes, a published
// table without rows
//   fails, and so do rows whose time is null throughout.
// - A number given for a text column compares the text as number; text that is no number is an
// error then.
// - A custom query with quarantine or drop returns rows of `this` with all its columns (more are
// ignored); all rows
//   of `this` that equal a returned row are set aside.
// - A row that several checks set aside goes to quarantine once, under the first of them;
// quarantine goes before drop.
// - A check that cannot be evaluated (a missing column, wrong SQL, a failed cast) has the status
// kError, never a pass.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/value.h"
#include "engine/engine.h"
#include "project/definition.h"

namespace leat::quality {

// True for the rows that the asset's checks set aside, as far as a row by itself tells; empty when
// no check does. Rows written apart by it need not be looked for, nor the others written again.
std::string SetAsideCondition(const project::Asset& asset, const data::Schema& schema);

struct AuditInput {
  const project::Asset& asset;  // its checks are evaluated
  data::Schema schema;          // of the rows
  // The staged files, which no commit refers to yet. Their statistics answer what they can.
  std::vector<engine::WrittenFile> files;
  // The files were written with SetAsideCondition as engine::WriteOptions::apart.
  bool told_apart = false;
  // For `leat check`: the published rows, instead of staged files. Nothing is set aside then: a
  // check with quarantine or drop that finds rows has failed.
  std::optional<engine::TableSource> published = std::nullopt;
  // Rows that stay in the table beside the staged ones. unique, unique_key and relationships of the
  // table to itself look there as well. None: at the staged rows only.
  std::optional<engine::TableSource> existing = std::nullopt;
  // The table will have the staged rows and no others: freshness judges also when there are none.
  bool is_whole_table = false;
  engine::TableResolver tables;        // the project's other tables
  engine::Parameters parameters = {};  // for custom SQL
  std::vector<std::int64_t> row_count_history =
      {};  // rows published by earlier runs, the latest last
  TimestampUs now = 0;
};

enum class CheckStatus {
  kPassed,
  kFailed,  // blocks publishing
  kWarned,  // broken, and handled as declared: warned of, set aside or dropped
  kError,   // could not be evaluated; blocks publishing
};
// "passed", "failed", "warned", "error".
const char* ToString(CheckStatus status);
// "fail", "quarantine", "drop", "warn".
const char* ToString(project::OnFail on_fail);

struct CheckOutcome {
  std::string name;
  std::string column;  // empty for checks on the table
  CheckStatus status = CheckStatus::kPassed;
  project::OnFail on_fail = project::OnFail::kFail;
  std::int64_t failing_rows = 0;  // 0 for checks that judge the table as a whole
  Location location;              // where the check is declared
  std::string message;            // what is wrong; may be empty when passed
  data::Rows samples;             // some failing rows, within limits.h
};

struct AuditResult {
  std::vector<CheckOutcome> checks;  // in the order of asset.checks
  bool publishable = true;           // no check failed or could not be evaluated
  std::int64_t rows = 0;             // audited
  std::int64_t rows_quarantined = 0;
  std::int64_t rows_dropped = 0;
  // Those to publish: the given ones, less those of rows set aside, or new ones. Not synced. Not
  // publishable: the given ones, untouched.
  std::vector<engine::WrittenFile> files;
  // Selects the rows to quarantine for WriteQuarantine; empty when there are none. Valid in the
  // same session until its next audit.
  std::string quarantine_sql;
};

// Evaluates the checks of the asset: all checks of rows in one pass over the data, and without any
// where the files' statistics suffice. When every blocking check passes and others set rows aside,
// the files are written again without those rows as `rewrite` says and the superseded ones are
// removed from disk. Replaces the session's resolver; afterwards it is `input.tables`. Checks that
// fail are outcomes; an error means that the audit itself broke off.
Result<AuditResult> Audit(engine::Session& session, io::FileSystem& files, const AuditInput& input,
                          const engine::WriteOptions& rewrite);

}  // namespace leat::quality

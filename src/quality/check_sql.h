// Checks as SQL over the table `this`. Internal to quality/.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/schema.h"
#include "engine/engine.h"
#include "project/definition.h"

namespace leat::quality {

// The audited rows, and the rows that stay beside them (AuditInput::existing), as names in SQL.
inline constexpr char kAuditedRows[] = "this";
inline constexpr char kExistingRows[] = "leat_existing_rows";
// Of the audited rows, those in files written apart.
inline constexpr char kRowsApart[] = "leat_rows_apart";
// Virtual columns of files: which file, and which row of it.
inline constexpr const char* kFileColumn = engine::kFileIndexColumn;
inline constexpr const char* kRowColumn = engine::kFileRowColumn;
// Carries a quarantined row's id through the audit of a replay; no part of the row itself.
inline constexpr char kReplayIdColumn[] = "_leat_quarantine_id";

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};

bool IsSetAside(const project::Check& check);  // quarantine or drop
bool JudgesWholeTable(const project::Check& check);

// kNotFound naming the nearest column when one of the check's columns is missing.
Status CheckColumns(const project::Check& check, const data::Schema& schema);

// What is wrong with a row that breaks the check: "region is none of the accepted values".
std::string Complaint(const project::Check& check);

// What a predicate looks at: a column of `this`, or a constant standing for a column's value.
struct Operand {
  std::string sql;
  data::Type type;
};
Operand ColumnOperand(const data::Field& field);

// How relationships find their table: whether rows of the table itself count, and which.
struct SelfReference {
  std::string table;          // the asset's own name
  bool has_existing = false;  // kExistingRows resolves
};

// True for values that break the check, false or null for others. Nothing for checks that do not
// judge each row by itself (keys, custom SQL, whole table).
std::optional<std::string> BreaksCheck(const project::Check& check, const Operand& operand,
                                       const SelfReference& self);
// The same over the rows of `this`, also for custom queries that are no more than a filter of them.
// Nothing as well when the check's column is missing.
std::optional<std::string> BreaksRow(const project::Check& check, const data::Schema& schema,
                                     const SelfReference& self);
// The same for a check that sets rows aside, if nothing but the row and other tables decides.
std::optional<std::string> SetsRowAside(const project::Check& check, const data::Schema& schema,
                                        const std::string& table);
// The good values lie between two bounds: when both ends of a range are good, so is everything
// between.
bool HasConvexGoodRange(const project::Check& check);

// The key of unique and unique_key; empty for other checks.
std::vector<std::string> KeyColumns(const project::Check& check);
// Counts the rows of `this` that break a key check; the first row of a key counts only if
// `count_first`.
std::string CountRepeatedKeys(const std::vector<std::string>& key, bool count_first,
                              bool has_existing);
// True for rows of `this` whose key is there more than once, or also in kExistingRows.
std::string IsRepeatedKey(const std::vector<std::string>& key, bool has_existing);
// Selects file and row of all rows of `this` but the first of each key; of all when the key is in
// kExistingRows.
std::string LaterRowsOfKeys(const std::vector<std::string>& key, bool has_existing);

// "a", "b": quoted and joined; `prefix` stands before each ("t.").
std::string ColumnList(const std::vector<std::string>& columns, const std::string& prefix = "");
// The schema's columns that belong to the rows themselves: without kReplayIdColumn.
std::vector<std::string> RowColumns(const data::Schema& schema);

}  // namespace leat::quality

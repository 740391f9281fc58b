#include "delta/row_tracking.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.h"
#include "delta/file_skipping.h"
#include "delta/table_properties.h"

namespace leat::delta {
namespace {

constexpr const char* kDomain = "delta.rowTracking";
constexpr const char* kHighWaterMark = "rowIdHighWaterMark";
constexpr const char* kIdColumn = "delta.rowTracking.materializedRowIdColumnName";
constexpr const char* kVersionColumn = "delta.rowTracking.materializedRowCommitVersionColumnName";

// The last id given so far; -1 when none was.
Result<std::int64_t> LastRowId(const Snapshot* latest) {
  if (latest == nullptr) return -1;
  const auto& domains = latest->domain_metadata();
  const auto domain = domains.find(kDomain);
  if (domain == domains.end()) return -1;
  const auto json = ParseJson(domain->second.configuration);
  const auto mark = json.find(kHighWaterMark);
  if (mark == json.end() || !mark->is_number_integer()) {
    return Corrupt(fmt::format("the domain {} has no {}", kDomain, kHighWaterMark));
  }
  return mark->get<std::int64_t>();
}

// A file that replaces another entry for itself (a new deletion vector) or comes back keeps its
// ids.
bool CopiesRows(const Transaction& transaction) {
  if (transaction.removes.empty()) return false;
  const bool replaces_all =
      transaction.base != nullptr &&
      transaction.removes.size() == transaction.base->files().size() &&
      std::all_of(transaction.removes.begin(), transaction.removes.end(),
                  [](const RemoveFile& remove) { return remove.data_change; });
  if (replaces_all) return false;
  return std::any_of(transaction.adds.begin(), transaction.adds.end(),
                     [](const AddFile& add) { return !add.base_row_id; });
}

}  // namespace

bool TracksRows(const Protocol& protocol) {
  return std::find(protocol.writer_features.begin(), protocol.writer_features.end(),
                   "rowTracking") != protocol.writer_features.end();
}

bool KeepsRowIds(const Metadata& metadata) { return IsOn(metadata, "delta.enableRowTracking"); }

Result<std::optional<RowIdColumns>> RowIdColumnsOf(const Metadata& metadata) {
  if (!KeepsRowIds(metadata)) return std::optional<RowIdColumns>();
  RowIdColumns columns;
  for (const auto& [property, name] :
       {std::pair(kIdColumn, &columns.id), std::pair(kVersionColumn, &columns.version)}) {
    const auto found = metadata.configuration.find(property);
    if (found == metadata.configuration.end() || found->second.empty()) {
      return Corrupt(fmt::format("the table keeps the ids of its rows, and lacks {}", property));
    }
    *name = found->second;
  }
  return std::optional(std::move(columns));
}

Status CheckRowTracking(const Transaction& transaction, const Metadata& metadata,
                        const std::string& table_path) {
  if (transaction.copies_row_ids || !KeepsRowIds(metadata) || !CopiesRows(transaction)) return Ok();
  return Bug(
      fmt::format("rows of table {} would lose their ids (rowTracking, "
                  "delta.enableRowTracking is true)",
                  table_path));
}

Status AssignRowIds(const Snapshot* latest, TableVersion version, LogEntry& entry) {
  LEAT_ASSIGN(std::int64_t last, LastRowId(latest));
  for (AddFile& add : entry.adds) {
    if (add.base_row_id) {
      last = std::max(last, *add.base_row_id);
      continue;
    }
    const auto rows = RowCount(add);
    if (!rows) {
      return InvalidInput(
          fmt::format("file {} has no row count, which a table with row ids needs", add.path));
    }
    add.base_row_id = last + 1;
    add.default_row_commit_version = version.value();
    last += *rows + (add.deletion_vector ? add.deletion_vector->cardinality : 0);
  }
  std::erase_if(entry.domain_metadata,
                [](const DomainMetadata& domain) { return domain.domain == kDomain; });
  entry.domain_metadata.push_back(
      {.domain = kDomain, .configuration = JsonText(nlohmann::json({{kHighWaterMark, last}}))});
  return Ok();
}

}  // namespace leat::delta

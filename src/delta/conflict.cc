#include "delta/conflict.h"

#include <fmt/format.h>

#include <string_view>
#include <unordered_set>

namespace leat::delta {

std::optional<std::string> FindConflict(const Transaction& transaction, const LogEntry& winner) {
  if (winner.protocol) return "the table's protocol was changed";
  if (winner.metadata) return "the table's schema or configuration was changed";
  for (const AppTransaction& ours : transaction.app_transactions) {
    for (const AppTransaction& theirs : winner.app_transactions) {
      if (ours.app_id == theirs.app_id) {
        return fmt::format("same application transaction '{}'", ours.app_id);
      }
    }
  }
  std::unordered_set<std::string_view> needed;
  for (const RemoveFile& remove : transaction.removes) needed.insert(remove.path);
  const bool whole_table = transaction.scope == ReadScope::kWholeTable;
  for (const RemoveFile& remove : winner.removes) {
    if (needed.contains(remove.path) || (whole_table && remove.data_change)) {
      return fmt::format("file {} was removed", remove.path);
    }
  }
  if (!whole_table) return std::nullopt;
  for (const AddFile& add : winner.adds) {
    if (add.data_change) return fmt::format("file {} was added", add.path);
  }
  return std::nullopt;
}

}  // namespace leat::delta

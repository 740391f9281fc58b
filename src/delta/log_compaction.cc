#include "delta/log_compaction.h"

#include <algorithm>
#include <map>

#include "delta/limits.h"
#include "delta/log_path.h"

namespace leat::delta {

LogEntry Reconcile(std::vector<LogEntry> entries) {
  LogEntry whole;
  std::map<std::string, DomainMetadata> domains;
  for (const LogEntry& entry : entries) {
    if (entry.protocol) whole.protocol = entry.protocol;
    if (entry.metadata) whole.metadata = entry.metadata;
    for (const DomainMetadata& domain : entry.domain_metadata) domains[domain.domain] = domain;
  }
  for (auto& [name, domain] : domains) whole.domain_metadata.push_back(std::move(domain));
  Contents contents = Replay({}, std::move(entries));
  whole.adds.assign(contents.files.begin(), contents.files.end());
  whole.removes = std::move(contents.tombstones);
  for (AddFile& add : whole.adds) add.data_change = false;
  for (RemoveFile& remove : whole.removes) remove.data_change = false;
  for (auto& [app_id, transaction] : contents.app_transactions) {
    whole.app_transactions.push_back(std::move(transaction));
  }
  return whole;
}

Result<std::optional<std::string>> CompactLog(const io::Environment& environment,
                                              const LogReader& reader, bool dry_run) {
  LEAT_ASSIGN(const LogListing listing, reader.List());
  LEAT_ASSIGN(const LogSegment segment, SegmentOf(listing, std::nullopt, reader.table_path()));
  if (segment.entries.size() < kMinEntriesToCompact) return std::optional<std::string>();
  const long first = segment.checkpoint ? segment.checkpoint->version + 1 : 0;
  const std::string name = CompactedFileName(first, segment.version);
  if (dry_run) return std::optional(name);
  LEAT_ASSIGN(std::vector<LogEntry> entries, reader.ReadSegment(listing, segment));
  LEAT_ASSIGN(const std::string content, FormatLogEntry(Reconcile(std::move(entries))));
  const std::string path = io::JoinPath(reader.log_directory(), name);
  LEAT_TRY(environment.files.CreateFile(path, content));  // of another, it says the same
  return std::optional(name);
}

}  // namespace leat::delta

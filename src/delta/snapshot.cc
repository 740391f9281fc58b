#include "delta/snapshot.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "delta/limits.h"

namespace leat::delta {
namespace {

// Which action of the entries decides about each path. Views point into the entries, so they must
// not change.
class LastActions {
 public:
  explicit LastActions(const std::vector<LogEntry>& entries) {
    std::size_t count = 0;
    for (const LogEntry& entry : entries) count += entry.adds.size() + entry.removes.size();
    last_.reserve(count);
    // Within one entry an added file outlives its removal: writers must not do both.
    for (const LogEntry& entry : entries) {
      for (const RemoveFile& remove : entry.removes) last_[remove.path] = &remove;
      for (const AddFile& add : entry.adds) last_[add.path] = &add;
    }
  }

  bool Touches(const std::string& path) const { return last_.contains(path); }
  bool IsLast(const std::string& path, const void* action) const {
    return last_.find(path)->second == action;
  }

 private:
  std::unordered_map<std::string_view, const void*> last_;
};

}  // namespace

Contents Replay(Contents base, std::vector<LogEntry> entries) {
  if (entries.empty()) return base;
  std::vector<AddFile*> adds;
  std::vector<RemoveFile*> removes;
  {
    const LastActions last(entries);
    std::erase_if(base.files, [&](const AddFile& file) { return last.Touches(file.path); });
    std::erase_if(base.tombstones, [&](const RemoveFile& file) { return last.Touches(file.path); });
    for (LogEntry& entry : entries) {
      for (RemoveFile& remove : entry.removes) {
        if (last.IsLast(remove.path, &remove)) removes.push_back(&remove);
      }
      for (AddFile& add : entry.adds) {
        if (last.IsLast(add.path, &add)) adds.push_back(&add);
      }
    }
  }
  base.files.reserve(base.files.size() + adds.size());
  for (AddFile* add : adds) base.files.push_back(std::move(*add));
  for (RemoveFile* remove : removes) base.tombstones.push_back(std::move(*remove));
  for (LogEntry& entry : entries) {
    for (AppTransaction& transaction : entry.app_transactions) {
      const std::string app_id = transaction.app_id;
      base.app_transactions[app_id] = std::move(transaction);
    }
  }
  return base;
}

LogSnapshot::LogSnapshot(SnapshotHead head, std::shared_ptr<const Contents> base, Tail tail)
    : head_(std::move(head)), base_(std::move(base)), tail_(std::move(tail)) {}

const Contents& LogSnapshot::contents() const {
  if (tail_.empty()) return *base_;
  std::call_once(merge_once_, [this] {
    std::vector<LogEntry> entries;
    entries.reserve(tail_.size());
    for (const auto& entry : tail_) entries.push_back(*entry);
    merged_ = std::make_shared<const Contents>(Replay(*base_, std::move(entries)));
    is_merged_.store(true, std::memory_order_release);
  });
  return *merged_;
}

std::optional<std::int64_t> LogSnapshot::AppVersion(const std::string& app_id) const {
  for (auto entry = tail_.rbegin(); entry != tail_.rend(); ++entry) {
    for (const AppTransaction& transaction : (*entry)->app_transactions) {
      if (transaction.app_id == app_id) return transaction.version;
    }
  }
  const auto found = base_->app_transactions.find(app_id);
  if (found == base_->app_transactions.end()) return std::nullopt;
  return found->second.version;
}

std::shared_ptr<const LogSnapshot> LogSnapshot::After(std::shared_ptr<const LogEntry> entry,
                                                      std::int64_t timestamp_ms) const {
  SnapshotHead head = head_;
  head.version = TableVersion(head_.version.value() + 1);
  head.timestamp_ms = timestamp_ms;
  if (entry->protocol) head.protocol = std::make_shared<const Protocol>(*entry->protocol);
  if (entry->metadata) head.metadata = std::make_shared<const Metadata>(*entry->metadata);
  if (tail_.size() >= kMaxTailEntries) contents();
  const bool merged = is_merged_.load(std::memory_order_acquire);
  Tail tail = merged ? Tail() : tail_;
  tail.push_back(std::move(entry));
  return std::make_shared<const LogSnapshot>(std::move(head), merged ? merged_ : base_,
                                             std::move(tail));
}

}  // namespace leat::delta

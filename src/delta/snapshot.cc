#include "delta/snapshot.h"

#include <algorithm>
#include <bit>

#include "delta/limits.h"

namespace leat::delta {
namespace {

// Which files have been seen: open addressing over their numbers, so that the table of 100,000
// files stays in the processor's cache.
class SeenFiles {
 public:
  explicit SeenFiles(std::size_t max_size)
      : slots_(std::bit_ceil(2 * max_size + 1)), mask_(slots_.size() - 1) {
    keys_.reserve(max_size);
  }

  // False when it was there already. The key's views must outlive this object.
  bool Insert(const FileKey& key) {
    const std::size_t hash = FileKeyHash()(key);
    Slot& slot = Find(key, hash);
    if (slot.number != 0) return false;
    keys_.push_back(key);
    slot = {.hash = static_cast<std::uint32_t>(hash >> 32U),
            .number = static_cast<std::uint32_t>(keys_.size())};
    return true;
  }
  bool Contains(const FileKey& key) { return Find(key, FileKeyHash()(key)).number != 0; }

 private:
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t number = 0;  // from 1; 0: empty
  };

  // The file's slot, or the empty one where it belongs. There is always one: half of them stay
  // empty.
  Slot& Find(const FileKey& key, std::size_t hash) {
    for (std::size_t at = hash & mask_;; at = (at + 1) & mask_) {
      Slot& slot = slots_[at];
      if (slot.number == 0) return slot;
      if (slot.hash == static_cast<std::uint32_t>(hash >> 32U) && keys_[slot.number - 1] == key) {
        return slot;
      }
    }
  }

  std::vector<Slot> slots_;
  const std::size_t mask_;
  std::vector<FileKey> keys_;
};

template <typename Action>
void Count(const Action& file, int sign, FileTotals& totals) {
  totals.files += sign;
  totals.size_bytes += sign * file.size_bytes;
  if (!file.deletion_vector) return;
  totals.deletion_vectors += sign;
  totals.deleted_rows += sign * file.deletion_vector->cardinality;
}

void Apply(const std::vector<AppTransaction>& newer,
           std::map<std::string, AppTransaction>& transactions) {
  for (const AppTransaction& transaction : newer) transactions[transaction.app_id] = transaction;
}

void Apply(const std::vector<DomainMetadata>& newer,
           std::map<std::string, DomainMetadata>& domains) {
  for (const DomainMetadata& domain : newer) {
    if (domain.removed) {
      domains.erase(domain.domain);
    } else {
      domains[domain.domain] = domain;
    }
  }
}

// Moves the actions that decide to the ends of the base's lists, oldest first. Each entry's memory
// is given back before the next one's turn, as a table of a million files fills much of it.
void TakeDeciding(std::vector<LogEntry>& entries, const std::vector<bool>& decides,
                  Contents& base) {
  std::size_t at = decides.size();
  for (LogEntry& entry : entries) {
    for (RemoveFile& remove : entry.removes) {
      if (decides[--at]) base.tombstones.push_back(std::move(remove));
    }
    entry.removes = std::vector<RemoveFile>();
    std::erase_if(entry.adds, [&](const AddFile&) { return !decides[--at]; });
    base.files.Append(std::exchange(entry.adds, {}));
  }
}

}  // namespace

Contents Replay(Contents base, std::vector<LogEntry> entries) {
  if (base.files.empty()) base.has_plain_paths = true;
  for (const LogEntry& entry : entries) base.has_plain_paths &= entry.has_plain_paths;
  if (entries.empty()) return base;
  std::size_t count = 0;
  for (const LogEntry& entry : entries) count += entry.adds.size() + entry.removes.size();
  std::vector<bool> decides;  // per file action, newest first
  decides.reserve(count);
  {
    // The first action seen for a file is the one that decides. Within one entry an added file
    // outlives its removal; writers must not do both.
    SeenFiles touched(count);
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
      for (auto add = entry->adds.rbegin(); add != entry->adds.rend(); ++add) {
        decides.push_back(touched.Insert(FileKey(*add)));
      }
      for (auto remove = entry->removes.rbegin(); remove != entry->removes.rend(); ++remove) {
        decides.push_back(touched.Insert(FileKey(*remove)));
      }
    }
    const auto is_touched = [&](const auto& file) { return touched.Contains(FileKey(file)); };
    base.files.EraseIf(is_touched);
    std::erase_if(base.tombstones, is_touched);
  }
  TakeDeciding(entries, decides, base);
  for (const LogEntry& entry : entries) {
    Apply(entry.app_transactions, base.app_transactions);
    Apply(entry.domain_metadata, base.domain_metadata);
  }
  return base;
}

FileTotals FileTotals::Of(const FileList& files) {
  FileTotals totals;
  for (const AddFile& file : files) Count(file, 1, totals);
  return totals;
}

std::optional<FileTotals> FileTotals::After(const LogEntry& entry) const {
  const auto keeps_data = [](const auto& file) { return !file.data_change; };
  const bool rearranges_adds = std::any_of(entry.adds.begin(), entry.adds.end(), keeps_data);
  const bool rearranges_removes =
      std::any_of(entry.removes.begin(), entry.removes.end(), keeps_data);
  if (rearranges_adds != rearranges_removes) return std::nullopt;
  FileTotals totals = *this;
  for (const AddFile& add : entry.adds) Count(add, 1, totals);
  for (const RemoveFile& remove : entry.removes) {
    if (remove.size_bytes == 0) return std::nullopt;
    Count(remove, -1, totals);
  }
  return totals;
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

std::optional<FileTotals> LogSnapshot::totals() const {
  if (head_.totals) return head_.totals;
  if (!tail_.empty() && !is_merged_.load(std::memory_order_acquire)) return std::nullopt;
  return FileTotals::Of(files());
}

std::optional<std::map<std::string, AppTransaction>> LogSnapshot::AppTransactions(
    std::size_t max) const {
  if (base_->app_transactions.size() > max) return std::nullopt;
  auto transactions = base_->app_transactions;
  for (const auto& entry : tail_) Apply(entry->app_transactions, transactions);
  if (transactions.size() > max) return std::nullopt;
  return transactions;
}

std::optional<std::map<std::string, DomainMetadata>> LogSnapshot::Domains(std::size_t max) const {
  if (base_->domain_metadata.size() > max) return std::nullopt;
  auto domains = base_->domain_metadata;
  for (const auto& entry : tail_) Apply(entry->domain_metadata, domains);
  if (domains.size() > max) return std::nullopt;
  return domains;
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
  head.checkpoint_damage.reset();  // told once
  if (entry->protocol) head.protocol = std::make_shared<const Protocol>(*entry->protocol);
  if (entry->metadata) head.metadata = std::make_shared<const Metadata>(*entry->metadata);
  const auto before = totals();
  head.totals = before ? before->After(*entry) : std::nullopt;
  if (tail_.size() >= kMaxTailEntries) contents();
  const bool merged = is_merged_.load(std::memory_order_acquire);
  Tail tail = merged ? Tail() : tail_;
  tail.push_back(std::move(entry));
  return std::make_shared<const LogSnapshot>(std::move(head), merged ? merged_ : base_,
                                             std::move(tail));
}

}  // namespace leat::delta

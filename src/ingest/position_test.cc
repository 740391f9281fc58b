#include "ingest/position.h"

#include <gmock/gmock.h>

#include "delta/snapshot.h"

namespace leat::ingest {
namespace {

// A table whose log has these entries.
class LoggedTable final : public delta::Snapshot {
 public:
  void Commit(const std::vector<delta::AppTransaction>& entries) {
    for (const delta::AppTransaction& entry : entries) transactions_[entry.app_id] = entry;
  }
  void Forget(const std::string& app_id) { transactions_.erase(app_id); }

  TableVersion version() const override { return TableVersion(0); }
  std::int64_t timestamp_ms() const override { return 0; }
  const delta::Protocol& protocol() const override { return protocol_; }
  const delta::Metadata& metadata() const override { return metadata_; }
  const delta::FileList& files() const override { return files_; }
  const std::vector<delta::RemoveFile>& tombstones() const override { return tombstones_; }
  std::optional<std::int64_t> AppVersion(const std::string& app_id) const override {
    const auto found = transactions_.find(app_id);
    return found == transactions_.end() ? std::nullopt : std::optional(found->second.version);
  }
  const std::map<std::string, delta::AppTransaction>& app_transactions() const override {
    return transactions_;
  }
  const std::map<std::string, delta::DomainMetadata>& domain_metadata() const override {
    return domains_;
  }

 private:
  delta::Protocol protocol_;
  delta::Metadata metadata_;
  delta::FileList files_;
  std::vector<delta::RemoveFile> tombstones_;
  std::map<std::string, delta::AppTransaction> transactions_;
  std::map<std::string, delta::DomainMetadata> domains_;
};

TEST(PositionTest, ATextOfAnyLengthSurvives) {
  LoggedTable table;
  EXPECT_EQ(ReadPosition(table).value(), std::nullopt);
  for (const std::size_t size : {0, 1, 6, 7, 8, 13, 14, 15, 100, 5000, 3, 0}) {
    std::string text;
    for (std::size_t i = 0; i < size; i++) text += static_cast<char>(i * 181 + size);
    table.Commit(WritePosition(text));
    EXPECT_EQ(ReadPosition(table).value(), text) << size << " bytes";
  }
  for (const delta::AppTransaction& entry : WritePosition(std::string(100, '\xFF')))
    EXPECT_GE(entry.version, 0) << entry.app_id;
}

TEST(PositionTest, AMissingEntryIsAnError) {
  LoggedTable table;
  table.Commit(WritePosition("a cursor of more than seven bytes"));
  table.Forget("leat:position:2");
  const auto position = ReadPosition(table);
  ASSERT_FALSE(position.ok());
  EXPECT_EQ(position.error().kind(), ErrorKind::kCorrupt);
  EXPECT_THAT(position.error().hint(), testing::HasSubstr("--full-refresh"));
}

}  // namespace
}  // namespace leat::ingest

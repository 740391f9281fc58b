// delta/'s compaction: rows of some files of a table into new ones.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "engine/engine.h"
#include "engine/row_ids.h"
#include "engine/table_writer.h"

namespace leat::engine {
namespace {

// A Z-value has 64 bits; columns share them.
constexpr int kZBits = 62;
constexpr int kMaxBitsPerColumn = 16;

class SqlRowRewriter final : public delta::RowRewriter {
 public:
  SqlRowRewriter(const io::Environment& environment, Session& session)
      : environment_(environment), session_(session) {}

  Result<std::vector<delta::AddFile>> Rewrite(const std::string& table_path,
                                              const delta::Snapshot& snapshot,
                                              const std::vector<delta::AddFile>& files,
                                              const std::vector<std::string>& cluster_by) override {
    LEAT_ASSIGN(const std::string sql, Query(table_path, snapshot, files, cluster_by));
    TableWriter writer(environment_, session_, table_path, snapshot.metadata());
    LEAT_ASSIGN(auto adds, writer.WriteAgain(sql, true));
    const Status synced = writer.Sync();
    if (!synced.ok()) {
      writer.Discard();
      return synced.error();
    }
    return adds;
  }

 private:
  Result<std::string> Query(const std::string& table_path, const delta::Snapshot& snapshot,
                            const std::vector<delta::AddFile>& files,
                            const std::vector<std::string>& cluster_by) {
    LEAT_ASSIGN(const RowIds ids, RowIds::Of(snapshot.metadata()));
    LEAT_ASSIGN(const std::string scan, ids.Scan(session_, {.table_path = table_path,
                                                            .metadata = snapshot.metadata(),
                                                            .files = files}));
    const std::string rows = fmt::format("SELECT {} FROM {}", ids.Selected(), scan);
    if (cluster_by.empty()) return rows;
    return fmt::format("SELECT * EXCLUDE ({}) FROM (SELECT *, {} FROM ({})) ORDER BY {}",
                       RankNames(cluster_by.size()), Ranks(cluster_by), rows,
                       ZValue(cluster_by.size()));
  }

  static std::string Rank(std::size_t i) { return HelperColumn("rank_" + std::to_string(i)); }

  static std::string RankNames(std::size_t columns) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < columns; i++) names.push_back(Rank(i));
    return Join(names, ", ");
  }

  static int BitsPerColumn(std::size_t columns) {
    return std::min(kMaxBitsPerColumn, kZBits / static_cast<int>(columns));
  }

  // Each column's place among its values, in as many steps as its share of the Z-value's bits has.
  static std::string Ranks(const std::vector<std::string>& columns) {
    std::vector<std::string> ranks;
    for (std::size_t i = 0; i < columns.size(); i++) {
      ranks.push_back(fmt::format("ntile({}) OVER (ORDER BY {}) - 1 AS {}",
                                  1LL << BitsPerColumn(columns.size()), QuoteIdentifier(columns[i]),
                                  Rank(i)));
    }
    return Join(ranks, ", ");
  }

  // The ranks' bits, taken in turn.
  static std::string ZValue(std::size_t columns) {
    std::vector<std::string> bits;
    for (int bit = 0; bit < BitsPerColumn(columns); bit++) {
      for (std::size_t i = 0; i < columns; i++) {
        bits.push_back(fmt::format("((({} >> {}) & 1) << {})", Rank(i), bit,
                                   bit * static_cast<int>(columns) + static_cast<int>(i)));
      }
    }
    return Join(bits, " | ");
  }

  const io::Environment environment_;
  Session& session_;
};

}  // namespace

std::unique_ptr<delta::RowRewriter> MakeRowRewriter(const io::Environment& environment,
                                                    Session& session) {
  return std::make_unique<SqlRowRewriter>(environment, session);
}

}  // namespace leat::engine

// Changes a quarantine table: rows are updated, removed and added in one commit, by writing the
// affected files again. Internal to quality/.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "io/environment.h"

namespace leat::quality {

inline constexpr char kPending[] = "pending";
inline constexpr char kReplayed[] = "replayed";

struct QuarantineChange {
  std::string where;  // the rows to change, named `stored`; empty: none
  // Column and expression for those rows; empty: they are removed.
  std::vector<std::pair<std::string, std::string>> set = {};
  std::string insert_sql = "";  // rows to add, with all columns of QuarantineSchema; empty: none
  std::string operation = "WRITE";
};

struct QuarantineChanged {
  std::int64_t rows_changed = 0;
  std::int64_t rows_inserted = 0;
};

// The latest version's rows as a FROM item; nothing when there is no table. kInvalidInput: it is
// another table.
Result<std::optional<std::string>> QuarantineRows(engine::Engine& engine, const std::string& path);

class QuarantineTable {
 public:
  QuarantineTable(engine::Engine& engine, engine::Session& session,
                  const io::Environment& environment, const std::string& path)
      : session_(session), environment_(environment), table_(engine.TableAt(path)) {}

  // `make` says what to change given a FROM item with the rows, as often as another writer comes
  // first. Nothing to do: no commit.
  Result<QuarantineChanged> Apply(
      const std::function<QuarantineChange(const std::string& rows)>& make);

 private:
  struct Attempt;
  Status FindAffected(const std::string& rows, const QuarantineChange& change, Attempt& attempt);
  Status Write(const QuarantineChange& change, Attempt& attempt);
  Result<bool> Commit(const QuarantineChange& change, Attempt& attempt);

  engine::Session& session_;
  const io::Environment& environment_;
  delta::Table& table_;
};

}  // namespace leat::quality

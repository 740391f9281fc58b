// Errors of statements in terms of what the session knows and DuckDB does not.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "engine/session_state.h"
#include "engine/table_names.h"

namespace leat::engine {

Error Explain(Error error, const SessionState& state) {
  constexpr std::string_view kBegin = "Table with name ";
  constexpr std::string_view kEnd = " does not exist";
  const std::string& message = error.message();
  if (message.starts_with(kBegin) && message.ends_with(kEnd)) {
    const std::string name =
        message.substr(kBegin.size(), message.size() - kBegin.size() - kEnd.size());
    return std::move(error).WithHint(HintForTable(name, state.table_names));
  }
  if (error.kind() == ErrorKind::kBug && !state.parquet_read.empty()) {
    return InvalidInput("cannot read " + state.parquet_read + ": " + message)
        .WithHint(
            "the file is damaged, encrypted, or of a kind that the engine does not know: DuckDB "
            "says so by an internal error");
  }
  const auto says = [&message](const char* text) {
    return message.find(text) != std::string::npos;
  };
  // Of an error that came through DuckDB, only the text is left.
  const bool is_gone =
      says("No such file") || says("status 404 ") || error.kind() == ErrorKind::kNotFound;
  const auto table =
      std::find_if(state.bound_tables.begin(), state.bound_tables.end(),
                   [&](const auto& root) { return message.find(root) != std::string::npos; });
  if (!is_gone || table == state.bound_tables.end()) return error;
  return NotFound(fmt::format("a file of table {} is gone: {}", *table, message))
      .WithHint(
          "a vacuum has removed it, if the version that is read is an old one; leat history "
          "lists the versions since. Else restore the file from a backup, or build the table "
          "anew with leat run --full-refresh");
}

}  // namespace leat::engine

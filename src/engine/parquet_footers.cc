#include "engine/parquet_footers.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "base/text.h"
#include "delta/cell.h"

namespace leat::engine {
namespace {

constexpr int kMaxDecimalPrecision = 38;

std::string ListOf(const std::vector<std::string>& paths) {
  std::vector<std::string> literals;
  for (const std::string& path : paths) literals.push_back(QuoteLiteral(path));
  return "[" + Join(literals, ", ") + "]";
}

std::string Text(const data::Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text == nullptr ? "" : *text;
}

std::string ScanOf(const std::string& path) {
  return fmt::format("SELECT * FROM read_parquet({}, hive_partitioning => false)",
                     QuoteLiteral(path));
}

// Of each file, all that its footer says about its columns in one text, and the top-level columns
// that are INT96.
struct Layout {
  std::string signature;
  std::set<std::string> int96;
};

Result<std::map<std::string, Layout>> Layouts(Session& session,
                                              const std::vector<std::string>& paths) {
  LEAT_ASSIGN(const data::Rows rows,
              session.Query(fmt::format("SELECT file_name, concat_ws(' ', name, type, "
                                        "num_children, converted_type, scale, precision, "
                                        "logical_type), name, type FROM parquet_schema({})",
                                        ListOf(paths))));
  std::map<std::string, Layout> layouts;
  for (const auto& row : rows.rows) {
    Layout& layout = layouts[Text(row[0])];
    layout.signature += Text(row[1]) + "\n";
    if (Text(row[3]) == "INT96") layout.int96.insert(Text(row[2]));
  }
  return layouts;
}

// The types as DuckDB prints them; a type that Delta lacks differs from the one Leat would store.
Status CheckStorable(Session& session, const std::string& path, const data::Schema& schema) {
  LEAT_ASSIGN(const data::Rows there, session.Query("DESCRIBE " + ScanOf(path)));
  std::vector<std::string> nulls;
  for (const data::Field& field : schema.fields) {
    nulls.push_back(
        fmt::format("NULL::{} AS {}", data::ToSql(field.type), QuoteIdentifier(field.name)));
  }
  LEAT_ASSIGN(const data::Rows stored, session.Query("DESCRIBE SELECT " + Join(nulls, ", ")));
  for (std::size_t i = 0; i < there.rows.size() && i < stored.rows.size(); i++) {
    if (Text(there.rows[i][1]) == Text(stored.rows[i][1])) continue;
    return InvalidInput(fmt::format("{}: column '{}' has the type {}, which Delta lacks", path,
                                    Text(there.rows[i][0]), Text(there.rows[i][1])))
        .WithHint("write the files again with another type, or load them as a source");
  }
  return Ok();
}

Result<data::Schema> SchemaOf(Session& session, const std::string& path, const Layout& layout) {
  LEAT_ASSIGN(BoundQuery bound, session.Bind(ScanOf(path)));
  LEAT_TRY(CheckStorable(session, path, bound.schema));
  for (data::Field& field : bound.schema.fields) {
    field.nullable = true;
    // Without a zone in Parquet, but an instant for all who write it.
    if (layout.int96.contains(field.name)) field.type = {.kind = data::TypeKind::kTimestamp};
  }
  return std::move(bound.schema);
}

// What differs, as lines for people; empty when nothing does, but the order.
std::vector<std::string> Differences(const data::Schema& a, const std::string& a_path,
                                     const data::Schema& b, const std::string& b_path) {
  std::vector<std::string> lines;
  for (const data::Field& field : a.fields) {
    const data::Field* other = b.Find(field.name);
    if (other == nullptr || other->name != field.name) {
      lines.push_back(fmt::format("'{}' is only in {}", field.name, a_path));
    } else if (other->type != field.type) {
      lines.push_back(fmt::format("'{}' is {} in {} and {} in {}", field.name,
                                  field.type.ToString(), a_path, other->type.ToString(), b_path));
    }
  }
  for (const data::Field& field : b.fields) {
    const data::Field* other = a.Find(field.name);
    if (other == nullptr || other->name != field.name) {
      lines.push_back(fmt::format("'{}' is only in {}", field.name, b_path));
    }
  }
  return lines;
}

// The bounds of one column, over row groups.
class Bounds {
 public:
  explicit Bounds(const data::Type* type) : type_(type) {}

  void Add(const data::Value& min, const data::Value& max, const data::Value& nulls) {
    const auto* count = std::get_if<std::int64_t>(&nulls);
    if (count == nullptr) {
      has_nulls_ = false;
    } else {
      null_count_ += *count;
    }
    const bool no_bounds = !std::holds_alternative<std::string>(min) ||
                           !std::holds_alternative<std::string>(max) || type_ == nullptr;
    if (no_bounds) {
      is_bounded_ = false;
      return;
    }
    Widen(Text(min), min_, std::partial_ordering::less);
    Widen(Text(max), max_, std::partial_ordering::greater);
  }

  ColumnStats Stats(const std::vector<std::string>& path) && {
    ColumnStats stats{.path = path};
    if (has_nulls_) stats.null_count = null_count_;
    if (!is_bounded_) return stats;
    stats.min = std::move(min_);
    stats.max = std::move(max_);
    return stats;
  }

 private:
  std::optional<delta::Cell> CellOf(const std::string& text) const {
    const bool has_zone = text.ends_with("+00");
    return delta::CellFromText(*type_, has_zone ? text.substr(0, text.size() - 3) : text);
  }

  void Widen(std::string text, std::optional<std::string>& bound, std::partial_ordering wanted) {
    const auto cell = CellOf(text);
    const auto current = bound ? CellOf(*bound) : std::nullopt;
    const bool is_wider = !bound || (cell && current && delta::Compare(*cell, *current) == wanted);
    if (!cell) is_bounded_ = false;
    if (is_wider) bound = std::move(text);
  }

  const data::Type* type_;
  std::optional<std::string> min_, max_;
  std::int64_t null_count_ = 0;
  bool has_nulls_ = true;
  bool is_bounded_ = true;
};

// A column, or a field in structs, that has values of its own.
struct Leaf {
  std::vector<std::string> path;
  const data::Type* type = nullptr;  // null for floating point: NaN may lie outside of bounds
};

// By their paths as DuckDB prints them; not those whose paths are printed alike.
void AddLeaves(const std::vector<data::Field>& fields, const std::vector<std::string>& parents,
               std::map<std::string, std::optional<Leaf>>& leaves) {
  for (const data::Field& field : fields) {
    std::vector<std::string> path = parents;
    path.push_back(field.name);
    const data::TypeKind kind = field.type.kind;
    if (kind == data::TypeKind::kStruct) {
      AddLeaves(field.type.children, path, leaves);
    } else if (field.type.children.empty()) {
      const bool is_real = kind == data::TypeKind::kFloat || kind == data::TypeKind::kDouble;
      const auto [found, is_new] = leaves.try_emplace(
          Join(path, ", "), Leaf{.path = path, .type = is_real ? nullptr : &field.type});
      if (!is_new) found->second.reset();
    }
  }
}

}  // namespace

std::string LongDecimalsIn(const std::vector<std::string>& paths) {
  return fmt::format(
      "SELECT file_name, name, concat(precision, ',', scale) FROM parquet_schema({}) WHERE "
      "precision > {} LIMIT 1",
      ListOf(paths), kMaxDecimalPrecision);
}

std::string LongDecimalMessage(const std::string& path, const std::string& column,
                               const std::string& type) {
  return fmt::format(
      "{}: column '{}' is decimal({}), and the engine has decimals of {} digits at most; write the "
      "file again with a smaller decimal, or with text",
      path, column, type, kMaxDecimalPrecision);
}

Status RefuseLongDecimals(Session& session, const std::vector<std::string>& paths) {
  if (paths.empty()) return Ok();
  LEAT_ASSIGN(const auto found, session.Query(LongDecimalsIn(paths)));
  if (found.rows.empty()) return Ok();
  const auto& row = found.rows[0];
  return InvalidInput(LongDecimalMessage(Text(row[0]), Text(row[1]), Text(row[2])));
}

Result<data::Schema> CommonSchema(Session& session, const std::vector<std::string>& paths) {
  LEAT_TRY(RefuseLongDecimals(session, paths));
  LEAT_ASSIGN(const auto layouts, Layouts(session, paths));
  std::set<std::string> seen;
  std::optional<data::Schema> common;
  std::vector<std::string> differences;
  for (const std::string& path : paths) {
    const auto layout = layouts.find(path);
    if (layout == layouts.end()) return Corrupt(path + " has no columns");
    if (!seen.insert(layout->second.signature).second) continue;
    LEAT_ASSIGN(data::Schema schema, SchemaOf(session, path, layout->second));
    if (!common) {
      common = std::move(schema);
      continue;
    }
    for (std::string& line : Differences(*common, paths[0], schema, path)) {
      differences.push_back(std::move(line));
    }
  }
  if (differences.empty()) return std::move(*common);
  return InvalidInput("the files do not have the same columns: " + Join(differences, "; "))
      .WithHint("a table has one schema: write the files that differ again");
}

Result<std::vector<WrittenFile>> ReadFooters(Session& session,
                                             const std::vector<std::string>& paths,
                                             const data::Schema& schema) {
  std::vector<WrittenFile> files;
  std::unordered_map<std::string, std::size_t> numbers;
  for (const std::string& path : paths) {
    numbers[path] = files.size();
    files.push_back({.path = path});
  }
  LEAT_ASSIGN(const data::Rows counts,
              session.Query(fmt::format("SELECT file_name, CAST(num_rows AS BIGINT) "
                                        "FROM parquet_file_metadata({})",
                                        ListOf(paths))));
  for (const auto& row : counts.rows) {
    files[numbers.at(Text(row[0]))].row_count = std::get<std::int64_t>(row[1]);
  }
  LEAT_ASSIGN(const data::Rows chunks,
              session.Query(
                  fmt::format("SELECT file_name, path_in_schema, stats_min_value, stats_max_value, "
                              "CAST(stats_null_count AS BIGINT) FROM parquet_metadata({})",
                              ListOf(paths))));
  std::map<std::string, std::optional<Leaf>> leaves;
  AddLeaves(schema.fields, {}, leaves);
  std::map<std::pair<std::size_t, std::vector<std::string>>, Bounds> bounds;
  for (const auto& row : chunks.rows) {
    const auto leaf = leaves.find(Text(row[1]));
    if (leaf == leaves.end() || !leaf->second) continue;
    const auto [found, is_new] =
        bounds.try_emplace({numbers.at(Text(row[0])), leaf->second->path}, leaf->second->type);
    found->second.Add(row[2], row[3], row[4]);
  }
  for (auto& [key, column] : bounds) {
    files[key.first].columns.push_back(std::move(column).Stats(key.second));
  }
  return files;
}

}  // namespace leat::engine

#include "connect/postgres/postgres.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "connect/column_names.h"
#include "connect/postgres/postgres_connection.h"
#include "connect/postgres/postgres_reader.h"
#include "connect/postgres/postgres_value.h"

namespace leat::connect {
namespace {

using Connection = PostgresConnection;
using project::TableSourceOptions;

constexpr std::int64_t kLeastPages = 1024;  // of a piece: 8 MiB
constexpr std::int64_t kMostPages = 65'536;
constexpr std::int64_t kPiecesPerThread = 8;
constexpr int kRangeScanVersion =
    140'000;  // from there on, a range of ctid is no scan of the whole

std::int64_t ToNumber(const std::optional<std::string>& text) {
  std::int64_t value = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), value);
  return value;
}

// What a source reads from, as SQL.
struct Relation {
  std::string sql;   // for FROM
  std::string oid;   // empty: a query
  std::string kind;  // pg_class.relkind
  bool has_children = false;
};

struct Described {
  Relation relation;
  TableDescription description;
  std::vector<PostgresMapping> mappings;
};

std::string NameOf(const project::Connection& connection, const TableSourceOptions& source) {
  return connection.name + "/" + (source.table.empty() ? "query" : source.table);
}

// "orders" or "public.orders", with or without quotes; as SQL folds it, else exactly as written.
Result<Relation> FindRelation(Connection& connection, const TableSourceOptions& source) {
  if (source.table.empty()) {
    std::string query(Trim(source.query));
    while (query.ends_with(';')) query = std::string(Trim(query.substr(0, query.size() - 1)));
    return Relation{.sql = "(" + query + "\n) AS q", .oid = "", .kind = "", .has_children = false};
  }
  std::string exact;
  for (const std::string& part : Split(source.table, '.'))
    exact += (exact.empty() ? "" : ".") + Connection::QuoteName(part);
  for (const std::string& name : {source.table, exact}) {
    LEAT_ASSIGN(const auto rows,
                connection.Query(
                    "SELECT oid::regclass::text, oid::text, relkind::text, EXISTS (SELECT FROM "
                    "pg_inherits WHERE inhparent = c.oid) FROM pg_class c WHERE oid = "
                    "to_regclass($1)",
                    {name}));
    if (rows.empty()) continue;
    const PostgresRow& row = rows[0];
    return Relation{.sql = *row[0], .oid = *row[1], .kind = *row[2], .has_children = row[3] == "t"};
  }
  return NotFound(fmt::format("connection '{}' has no table '{}' that its user may see",
                              source.connection, source.table))
      .WithHint("leat connect browse " + source.connection + " lists the tables");
}

Result<std::vector<std::string>> KeyOf(Connection& connection, const Relation& relation) {
  std::vector<std::string> key;
  if (relation.oid.empty()) return key;
  LEAT_ASSIGN(const auto rows,
              connection.Query("SELECT a.attname FROM pg_index i, unnest(i.indkey) WITH ORDINALITY "
                               "k(number, place), pg_attribute a WHERE i.indrelid = $1::oid AND "
                               "i.indisprimary AND a.attrelid = i.indrelid AND a.attnum = k.number "
                               "ORDER BY k.place",
                               {relation.oid}));
  for (const PostgresRow& row : rows) key.push_back(*row[0]);
  return key;
}

// PostgreSQL calls columns of a query ?column? that have no name.
Status CheckNames(const std::string& source, std::vector<std::string> names) {
  std::replace(names.begin(), names.end(), std::string("?column?"), std::string());
  const std::string fault = FaultOfNames(names, "column");
  if (fault.empty()) return Ok();
  return InvalidInput(source + " has " + fault)
      .WithHint("read it with query: \"select ... as NAME\"");
}

Result<Described> DescribeIn(Connection& connection, const std::string& name,
                             const TableSourceOptions& source) {
  Described described;
  LEAT_ASSIGN(described.relation, FindRelation(connection, source));
  LEAT_ASSIGN(const auto columns, connection.Describe("SELECT * FROM " + described.relation.sql));
  std::string types, modifiers;
  for (const PostgresColumn& column : columns) {
    described.mappings.push_back(MappingOf(column));
    described.description.schema.fields.push_back(
        {.name = column.name, .type = described.mappings.back().type});
    const char* separator = types.empty() ? "" : ",";
    types += separator + std::to_string(column.type);
    modifiers += separator + std::to_string(column.modifier);
  }
  if (columns.empty()) return InvalidInput(name + " has no columns");
  LEAT_TRY(CheckNames(name, described.description.schema.names()));
  LEAT_ASSIGN(const auto names,
              connection.Query("SELECT format_type(t, m) FROM unnest($1::oid[], $2::int[]) WITH "
                               "ORDINALITY AS x(t, m, place) ORDER BY place",
                               {"{" + types + "}", "{" + modifiers + "}"}));
  for (const PostgresRow& row : names)
    described.description.system_types.push_back(row[0].value_or("?"));
  LEAT_ASSIGN(described.description.key, KeyOf(connection, described.relation));
  return described;
}

// The rows behind the cursor, and those without one, which no cursor tells of.
Result<std::string> Condition(const Described& described, const ExtractInput& input) {
  const TableSourceOptions& source = input.source;
  if (source.cursor.empty()) return std::string();
  const auto& fields = described.description.schema.fields;
  const auto column = std::find_if(fields.begin(), fields.end(), [&](const data::Field& field) {
    return EqualsIgnoreCase(field.name, source.cursor);
  });
  if (column == fields.end()) {
    return InvalidInput(fmt::format("{} has no column '{}' for a cursor",
                                    NameOf(input.connection, source), source.cursor))
        .At(source.cursor_location)
        .WithHint(NearestHint(source.cursor, described.description.schema.names()));
  }
  const std::string& type =
      described.description.system_types[static_cast<std::size_t>(column - fields.begin())];
  const bool is_time =
      column->type.kind == data::TypeKind::kTimestamp || column->type.kind == data::TypeKind::kDate;
  if (source.lag_us > 0 && !is_time) {
    return InvalidInput(fmt::format("'lag' is a time, and the cursor {} is {}", column->name, type))
        .At(source.cursor_location);
  }
  if (!input.cursor) return std::string();
  const std::string name = Connection::QuoteName(column->name);
  std::string bound = Connection::QuoteText(*input.cursor) + "::" + type;
  if (source.lag_us > 0) bound += fmt::format(" - interval '{} microseconds'", source.lag_us);
  return fmt::format("({0} >= {1} OR {0} IS NULL)", name, bound);
}

class Postgres final : public Connector {
 public:
  Result<std::string> Test(const project::Connection& connection) override {
    LEAT_ASSIGN(const auto opened, Connection::Open(connection));
    LEAT_ASSIGN(const auto rows,
                opened->Query("SELECT (SELECT coalesce(version, '') FROM pg_stat_ssl WHERE pid = "
                              "pg_backend_pid() AND ssl), count(*) FROM pg_class WHERE relkind IN "
                              "('r', 'p', 'v', 'm', 'f') AND has_table_privilege(oid, 'select') "
                              "AND relnamespace::regnamespace::text NOT IN ('pg_catalog', "
                              "'information_schema')"));
    return fmt::format("PostgreSQL {} at {}, database {}, as {}, {}; {} tables to read",
                       opened->parameter("server_version"), opened->address(),
                       opened->parameter("database"), opened->parameter("user"),
                       rows[0][0] ? *rows[0][0] : "without TLS", rows[0][1].value_or("0"));
  }

  Result<std::vector<TableInfo>> Tables(const project::Connection& connection) override {
    LEAT_ASSIGN(const auto opened, Connection::Open(connection));
    LEAT_ASSIGN(
        const auto rows,
        opened->Query(
            "SELECT quote_ident(nspname) || '.' || quote_ident(relname), CASE relkind WHEN 'r' "
            "THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view' WHEN 'm' THEN "
            "'materialized view' ELSE 'foreign table' END, CASE WHEN reltuples >= 0 THEN "
            "reltuples::bigint END FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "
            "WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT relispartition AND nspname NOT IN "
            "('pg_catalog', 'information_schema') AND nspname NOT LIKE 'pg_toast%' AND "
            "has_table_privilege(c.oid, 'select') ORDER BY nspname, relname"));
    std::vector<TableInfo> tables;
    for (const PostgresRow& row : rows) {
      tables.push_back({.name = *row[0],
                        .kind = *row[1],
                        .estimated_rows = row[2] ? std::optional(ToNumber(row[2])) : std::nullopt});
    }
    return tables;
  }

  Result<TableDescription> Describe(const project::Connection& connection,
                                    const TableSourceOptions& source) override {
    LEAT_ASSIGN(const auto opened, Connection::Open(connection));
    LEAT_ASSIGN(Described described, DescribeIn(*opened, NameOf(connection, source), source));
    return std::move(described.description);
  }

  Result<Extract> Open(const ExtractInput& input) override {
    LEAT_ASSIGN(auto first, Connection::Open(input.connection));
    LEAT_TRY(BeginReading(*first, ""));
    Extract extract{.name = NameOf(input.connection, input.source),
                    .description = {},
                    .rows = nullptr,
                    .rejects = std::make_shared<RejectLog>(),
                    .cursor = input.cursor};
    LEAT_ASSIGN(Described described, DescribeIn(*first, extract.name, input.source));
    LEAT_ASSIGN(const std::string condition, Condition(described, input));
    if (!input.source.cursor.empty()) {
      LEAT_ASSIGN(
          const auto newest,
          first->Query(fmt::format(
              "SELECT max({})::text FROM {}{}", Connection::QuoteName(CursorOf(described, input)),
              described.relation.sql, condition.empty() ? "" : " WHERE " + condition)));
      if (newest[0][0]) extract.cursor = newest[0][0];
    }
    PostgresReading reading{.connection = input.connection,
                            .first = nullptr,
                            .snapshot = "",
                            .source = extract.name,
                            .columns = described.description.schema.names(),
                            .mappings = described.mappings,
                            .pieces = {},
                            .max_connections = std::max(1, input.max_threads),
                            .rejects = extract.rejects};
    LEAT_ASSIGN(reading.pieces, PiecesOf(*first, described, condition, reading.max_connections));
    reading.max_connections =
        std::min(reading.max_connections, static_cast<int>(std::ssize(reading.pieces)));
    if (reading.max_connections > 1) {
      LEAT_ASSIGN(const auto exported, first->Query("SELECT pg_export_snapshot()"));
      reading.snapshot = exported[0][0].value_or("");
    }
    reading.first = std::move(first);
    extract.description = std::move(described.description);
    extract.rows = RowsOf(extract.description.schema, std::move(reading));
    return extract;
  }

 private:
  static std::string CursorOf(const Described& described, const ExtractInput& input) {
    return described.description.schema.Find(input.source.cursor)->name;
  }

  static std::shared_ptr<const engine::RowSource> RowsOf(const data::Schema& schema,
                                                         PostgresReading reading) {
    auto rows = std::make_shared<engine::RowSource>();
    rows->schema = schema;
    rows->schema.fields.push_back(
        {.name = kRowNumberColumn, .type = {.kind = data::TypeKind::kLong}});
    rows->max_threads = reading.max_connections;
    rows->open = [once = std::make_shared<PostgresReading>(
                      std::move(reading))]() -> Result<std::unique_ptr<engine::RowReader>> {
      if (!once->first) return Bug(once->source + " is read twice");
      return MakePostgresReader(std::move(*once));
    };
    return rows;
  }

  static std::string Select(const Described& described, const std::string& from,
                            const std::vector<std::string>& conditions) {
    std::vector<std::string> columns;
    for (std::size_t i = 0; i < described.mappings.size(); i++) {
      columns.push_back(Connection::QuoteName(described.description.schema.fields[i].name) +
                        (described.mappings[i].is_cast ? "::text" : ""));
    }
    std::string sql = "SELECT " + Join(columns, ", ") + " FROM " + from;
    for (std::size_t i = 0; i < conditions.size(); i++)
      sql += (i == 0 ? " WHERE " : " AND ") + conditions[i];
    return sql;
  }

  // Of a table, by ranges of its pages, those of a partitioned one by its leaves. The last range is
  // open: pages that were added since have no rows of the snapshot, or all that they have.
  static Result<std::vector<std::string>> PiecesOf(Connection& connection,
                                                   const Described& described,
                                                   const std::string& condition, int threads) {
    const Relation& relation = described.relation;
    std::vector<std::string> conditions;
    if (!condition.empty()) conditions.push_back(condition);
    const bool is_plain = (relation.kind == "r" && !relation.has_children) || relation.kind == "m";
    const bool has_ranges = connection.version() >= kRangeScanVersion;
    std::string leaves = "SELECT $1::oid::regclass::text, $1::oid, 'r'";
    if (relation.kind == "p") {
      leaves =
          "SELECT relid::regclass::text, relid::oid, (SELECT relkind::text FROM pg_class WHERE oid "
          "= relid) FROM pg_partition_tree($1::oid) WHERE isleaf";
    }
    const bool is_split = has_ranges && (is_plain || relation.kind == "p");
    if (!is_split) return std::vector<std::string>{Select(described, relation.sql, conditions)};
    LEAT_ASSIGN(const auto found, connection.Query("SELECT name, kind, pg_relation_size(oid) / "
                                                   "current_setting('block_size')::bigint FROM (" +
                                                       leaves + ") AS leaf(name, oid, kind)",
                                                   {relation.oid}));
    std::int64_t pages = 0;
    for (const PostgresRow& leaf : found) pages += ToNumber(leaf[2]);
    const std::int64_t step =
        std::clamp(pages / (kPiecesPerThread * threads), kLeastPages, kMostPages);
    std::vector<std::string> pieces;
    for (const PostgresRow& leaf : found) {
      const std::int64_t count = *leaf[1] == "r" ? ToNumber(leaf[2]) : 0;
      const std::string from = (*leaf[1] == "r" ? "ONLY " : "") + *leaf[0];
      for (std::int64_t page = 0; page == 0 || page < count; page += step) {
        std::vector<std::string> ranged = conditions;
        if (page > 0) ranged.push_back(fmt::format("ctid >= '({},0)'", page));
        if (page + step < count) ranged.push_back(fmt::format("ctid < '({},0)'", page + step));
        pieces.push_back(Select(described, from, ranged));
      }
    }
    if (pieces.empty()) pieces.push_back(Select(described, relation.sql, conditions));
    return pieces;
  }
};

}  // namespace

std::unique_ptr<Connector> MakePostgres() { return std::make_unique<Postgres>(); }

}  // namespace leat::connect

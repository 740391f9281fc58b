#include "project/fingerprint.h"

#include <fmt/format.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "project/sql_scan.h"

namespace leat::project {
namespace {

// Text with its length before it, so that no two sequences of fields have the same bytes.
class Digest {
 public:
  Digest& Add(std::string_view text) {
    bytes_ += fmt::format("{}:", text.size());
    bytes_ += text;
    return *this;
  }
  Digest& Add(std::int64_t number) { return Add(std::to_string(number)); }
  template <typename T>
  Digest& Add(const std::optional<T>& value) {
    if (!value) return Add("none");
    return Add(fmt::format("{}", *value));
  }
  Digest& Add(const std::vector<std::string>& texts) {
    Add(static_cast<std::int64_t>(texts.size()));
    for (const std::string& text : texts) Add(text);
    return *this;
  }

  std::string Hex() const {
    const XXH128_hash_t hash = XXH3_128bits(bytes_.data(), bytes_.size());
    return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
  }

 private:
  std::string bytes_;
};

std::string TextOf(const data::Value& value) {
  struct Visitor {
    std::string operator()(std::monostate) const { return "null"; }
    std::string operator()(bool b) const { return b ? "true" : "false"; }
    std::string operator()(std::int64_t i) const { return fmt::format("i{}", i); }
    std::string operator()(double d) const { return fmt::format("d{}", d); }
    std::string operator()(const std::string& s) const { return "s" + s; }
    std::string operator()(data::Instant t) const { return fmt::format("t{}", t.us); }
  };
  return std::visit(Visitor{}, value);
}

void AddKind(Digest& digest, const CheckKind& kind) {
  struct Visitor {
    Digest& digest;
    void operator()(const NotNull&) const {}
    void operator()(const Unique&) const {}
    void operator()(const Positive&) const {}
    void operator()(const AcceptedValues& k) const { digest.Add(k.values); }
    void operator()(const Relationships& k) const { digest.Add(k.table).Add(k.column); }
    void operator()(const Pattern& k) const { digest.Add(k.regex); }
    void operator()(const Min& k) const { digest.Add(k.value); }
    void operator()(const Max& k) const { digest.Add(k.value); }
    void operator()(const Between& k) const { digest.Add(k.min).Add(k.max); }
    void operator()(const OfType& k) const { digest.Add(k.type); }
    void operator()(const RowCount& k) const { digest.Add(k.min).Add(k.max); }
    void operator()(const Freshness& k) const { digest.Add(k.column).Add(k.max_age_us); }
    void operator()(const UniqueKey& k) const { digest.Add(k.columns); }
    void operator()(const VolumeAnomaly& k) const {
      digest.Add(k.history).Add(fmt::format("{}", k.sensitivity));
    }
    void operator()(const CustomSql& k) const { digest.Add(k.sql); }
  };
  digest.Add(static_cast<std::int64_t>(kind.index()));
  std::visit(Visitor{digest}, kind);
}

// The macros that `sql` names, directly or through others. A word that only looks like a macro's
// name counts too: running once too often is better than not running.
void AddMacros(Digest& digest, const std::string& sql, const Project& project) {
  std::set<std::string> used;
  std::vector<std::string> texts{sql};
  while (!texts.empty()) {
    const std::vector<std::string> words = WordsOfSql(texts.back());
    texts.pop_back();
    for (const engine::MacroDefinition& macro : project.macros) {
      if (!std::binary_search(words.begin(), words.end(), ToLower(macro.name))) continue;
      if (used.insert(macro.sql).second) texts.push_back(macro.sql);
    }
  }
  digest.Add(std::vector<std::string>(used.begin(), used.end()));
}

void AddVars(Digest& digest, const std::string& sql, const Project& project) {
  for (const auto& [name, value] : project.vars) {
    if (FindParameter(sql, name) == std::string_view::npos) continue;
    digest.Add(ToLower(name)).Add(TextOf(value));
  }
}

// A view stores nothing: what it says is a part of the models that read it. Views come before their
// readers in the project.
void AddViews(Digest& digest, const Asset& asset, const Project& project) {
  for (const AssetName& name : asset.dependencies) {
    const Asset* const read = project.Find(name);
    if (read != nullptr && read->is_view()) digest.Add("view").Add(read->fingerprint);
  }
}

void AddSpec(Digest& digest, const ModelSpec& model, const Asset& asset, const Project& project) {
  digest.Add("model").Add(static_cast<std::int64_t>(model.materialized)).Add(model.sql);
  digest.Add(model.key).Add(model.time_column);
  if (model.closes_deleted) digest.Add("deletes: close");
  if (model.materialized == Materialization::kInterval) digest.Add(asset.schedule);
  AddMacros(digest, model.sql, project);
  AddVars(digest, model.sql, project);
  AddViews(digest, asset, project);
}

void AddFrom(Digest& digest, const FileSourceOptions& file) {
  digest.Add("source").Add(file.glob).Add(static_cast<std::int64_t>(file.format));
  digest.Add(file.delimiter).Add(file.quote).Add(file.escape).Add(file.encoding);
  digest.Add(file.compression).Add(file.null_text).Add(file.date_format);
  digest.Add(file.timestamp_format).Add(file.header).Add(file.skip_lines);
  digest.Add(static_cast<std::int64_t>(file.on_change));
}

void AddFrom(Digest& digest, const TableSourceOptions& table) {
  digest.Add("source table").Add(table.connection).Add(table.table).Add(table.query);
  digest.Add(static_cast<std::int64_t>(table.load)).Add(table.key).Add(table.cursor);
  digest.Add(table.lag_us);
}

void AddSpec(Digest& digest, const SourceSpec& source) {
  std::visit([&digest](const auto& from) { AddFrom(digest, from); }, source.from);
  digest.Add(static_cast<std::int64_t>(source.schema_policy));
  digest.Add(source.error_budget.rows).Add(source.error_budget.fraction);
}

}  // namespace

std::string Fingerprint(const Asset& asset, const Project& project, std::string_view seed_content) {
  Digest digest;
  digest.Add("leat asset 1").Add(asset.name.value());
  if (const auto* model = std::get_if<ModelSpec>(&asset.spec)) {
    AddSpec(digest, *model, asset, project);
  } else if (const auto* source = std::get_if<SourceSpec>(&asset.spec)) {
    AddSpec(digest, *source);
  } else {
    digest.Add("seed").Add(seed_content);
  }
  digest.Add(static_cast<std::int64_t>(asset.columns.size()));
  for (const Column& column : asset.columns) {
    digest.Add(column.name).Add(column.type ? column.type->ToString() : "");
  }
  for (const Check& check : asset.checks) {
    digest.Add(check.name).Add(check.column).Add(static_cast<std::int64_t>(check.on_fail));
    AddKind(digest, check.kind);
    if (const auto* custom = std::get_if<CustomSql>(&check.kind)) {
      AddMacros(digest, custom->sql, project);
      AddVars(digest, custom->sql, project);
    }
  }
  return digest.Hex();
}

}  // namespace leat::project

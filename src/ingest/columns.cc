#include "ingest/columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.h"
#include "connect/file/csv_reader.h"
#include "data/convert.h"
#include "data/own_columns.h"

namespace leat::ingest {
namespace {

using connect::DetectedType;
using connect::FilePlan;
using data::Type;
using data::TypeKind;
using project::SchemaPolicy;

using Remembered = std::vector<std::pair<std::string, DetectedType>>;

DetectedType* FindIn(Remembered& columns, std::string_view name) {
  for (auto& [known, type] : columns) {
    if (EqualsIgnoreCase(known, name)) return &type;
  }
  return nullptr;
}

Result<Remembered> ReadRemembered(const delta::Snapshot* table) {
  Remembered columns;
  if (table == nullptr) return columns;
  const auto& configuration = table->metadata().configuration;
  const auto found = configuration.find(kDetectedProperty);
  if (found != configuration.end()) {
    const auto json = nlohmann::ordered_json::parse(found->second, nullptr, false);
    if (!json.is_array())
      return Corrupt(fmt::format("the property {} is damaged", kDetectedProperty));
    for (const auto& column : json) {
      if (!column.is_array() || column.size() != 2 || !column[0].is_string())
        return Corrupt(fmt::format("the property {} is damaged", kDetectedProperty));
      LEAT_ASSIGN(auto type, DetectedType::FromJson(column[1].dump()));
      columns.emplace_back(column[0].get<std::string>(), std::move(type));
    }
  }
  // Columns of tables that do not remember: their types are all that is known.
  for (const data::Field& field : table->schema().fields) {
    if (data::IsProvenance(field.name) || FindIn(columns, field.name) != nullptr) continue;
    DetectedType type;
    type.AddTyped(field.type);
    columns.emplace_back(field.name, std::move(type));
  }
  return columns;
}

std::string WriteRemembered(const Remembered& columns) {
  auto json = nlohmann::ordered_json::array();
  for (const auto& [name, type] : columns)
    json.push_back({name, nlohmann::ordered_json::parse(type.ToJson())});
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// The type of both where the new one only adds nested fields; nothing when values change.
std::optional<Type> Extended(const Type& old, const Type& now) {
  if (old == now) return old;
  if (old.kind != now.kind) return std::nullopt;
  if (old.kind == TypeKind::kArray || old.kind == TypeKind::kMap) {
    Type type = old;
    for (std::size_t i = 0; i < type.children.size(); i++) {
      const auto child = Extended(old.children[i].type, now.children[i].type);
      if (!child) return std::nullopt;
      type.children[i].type = *child;
    }
    return type;
  }
  if (old.kind != TypeKind::kStruct) return std::nullopt;
  Type type = old;
  for (const data::Field& field : now.children) {
    const auto mine = std::find_if(type.children.begin(), type.children.end(), [&](const auto& f) {
      return EqualsIgnoreCase(f.name, field.name);
    });
    if (mine == type.children.end()) {
      type.children.push_back(field);
      continue;
    }
    const auto child = Extended(mine->type, field.type);
    if (!child) return std::nullopt;
    mine->type = *child;
  }
  return type;
}

// Dotted names of the fields that `now` has and `old` lacks.
void AddNewFields(const std::string& path, const Type& old, const Type& now,
                  std::vector<std::string>& names) {
  if (old.kind != now.kind) return;
  if (now.kind == TypeKind::kArray || now.kind == TypeKind::kMap) {
    for (std::size_t i = 0; i < now.children.size(); i++)
      AddNewFields(path, old.children[i].type, now.children[i].type, names);
    return;
  }
  if (now.kind != TypeKind::kStruct) return;
  for (const data::Field& field : now.children) {
    const auto mine = std::find_if(old.children.begin(), old.children.end(), [&](const auto& f) {
      return EqualsIgnoreCase(f.name, field.name);
    });
    const std::string name = path + "." + field.name;
    if (mine == old.children.end()) {
      names.push_back(name);
    } else {
      AddNewFields(name, mine->type, field.type, names);
    }
  }
}

bool IsNullPartition(const std::string& text) {
  return text.empty() || text == "__HIVE_DEFAULT_PARTITION__";
}

class Planner {
 public:
  Planner(const ColumnsInput& input, bool keeps_types)
      : input_(input),
        asset_(input.asset),
        spec_(std::get<project::SourceSpec>(input.asset.spec)),
        keeps_types_(keeps_types || spec_.schema_policy != SchemaPolicy::kEvolve) {}

  Result<PlannedColumns> Run() {
    LEAT_ASSIGN(remembered_, ReadRemembered(input_.table));
    const Remembered before = remembered_;
    for (const FilePlan* file : input_.files) {
      for (const auto& [name, type] : file->format.columns) LEAT_TRY(Remember(*file, name, type));
      for (const auto& [name, value] : file->format.partitions) {
        DetectedType type;
        if (!IsNullPartition(value)) type.AddText(value);
        LEAT_TRY(Remember(*file, name, type));
      }
    }
    AddKnown();
    LEAT_TRY(AddNew());
    for (connect::TargetColumn& column : planned_.columns) {
      LEAT_TRY(SetFormat(column));
      column.is_closed =
          HasDeclaredType(column.name) && spec_.schema_policy != SchemaPolicy::kDiscardValue;
      LEAT_TRY(SetPartition(column));
    }
    NoteMissing();
    planned_.remembered = WriteRemembered(remembered_);
    return std::move(planned_);
  }

 private:
  Status Remember(const FilePlan& file, const std::string& name, const DetectedType& type) {
    if (data::IsProvenance(name)) {
      return InvalidInput(file.file.name + " has a column named " + name +
                          ", a name that Leat uses itself")
          .At(spec_.location())
          .WithHint("rename the column in the file");
    }
    const bool is_listed = std::any_of(first_.begin(), first_.end(), [&](const auto& first) {
      return EqualsIgnoreCase(first.first, name);
    });
    if (!is_listed) first_.emplace_back(name, &file);
    DetectedType* known = FindIn(remembered_, name);
    if (known == nullptr) {
      remembered_.emplace_back(name, type);
    } else {
      const Type was = known->type();
      known->Join(type);
      if (known->type() != was) because_[ToLower(name)] = &file;
    }
    return Ok();
  }

  const project::Column* Declared(const std::string& name) const {
    for (const project::Column& column : asset_.columns) {
      if (EqualsIgnoreCase(column.name, name)) return &column;
    }
    return nullptr;
  }
  bool HasDeclaredType(const std::string& name) const {
    const project::Column* column = Declared(name);
    return column != nullptr && column->type.has_value();
  }
  bool IsPlanned(const std::string& name) const {
    return std::any_of(planned_.columns.begin(), planned_.columns.end(),
                       [&](const auto& column) { return EqualsIgnoreCase(column.name, name); });
  }

  // The columns that the table has, then the declared ones.
  void AddKnown() {
    if (input_.table != nullptr) {
      for (const data::Field& field : input_.table->schema().fields) {
        if (!data::IsProvenance(field.name))
          planned_.columns.push_back({.name = field.name, .type = TypeOfKnown(field)});
      }
    }
    has_shape_ = !planned_.columns.empty() || !asset_.columns.empty();
    for (const project::Column& column : asset_.columns) {
      if (!IsPlanned(column.name) && column.type)
        planned_.columns.push_back({.name = column.name, .type = *column.type});
    }
  }

  Type TypeOfKnown(const data::Field& field) {
    DetectedType* const detected = FindIn(remembered_, field.name);
    if (detected == nullptr || HasDeclaredType(field.name)) return field.type;
    const Type now = Stored(detected->type());
    if (now == field.type) return now;
    if (const auto extended = Extended(field.type, now)) {
      std::vector<std::string> names;
      AddNewFields(field.name, field.type, now, names);
      if (spec_.schema_policy != SchemaPolicy::kEvolve) {
        new_fields_.insert(new_fields_.end(), names.begin(), names.end());
        return field.type;
      }
      for (const std::string& name : names) Note("new field " + name + FromFile(field.name));
      return *extended;
    }
    const std::string change =
        fmt::format("column {} is {} in the table, and {} with what came{}", field.name,
                    field.type.ToString(), now.ToString(), FromFile(field.name));
    if (keeps_types_) {
      if (because_.contains(ToLower(field.name)))
        Note(change + "; values that do not fit are not stored");
      return field.type;
    }
    Note(fmt::format("column {} becomes {} (was {}){}; all files are loaded again", field.name,
                     now.ToString(), field.type.ToString(), FromFile(field.name)));
    planned_.retyped.push_back(field.name);
    return now;
  }

  std::string FromFile(const std::string& column) const {
    const auto found = because_.find(ToLower(column));
    return found == because_.end() ? "" : " (" + found->second->file.name + ")";
  }

  void Note(std::string text) { planned_.notes.push_back(std::move(text)); }

  Status AddNew() {
    if (!new_fields_.empty() && spec_.schema_policy == SchemaPolicy::kFreeze)
      return Frozen(new_fields_[0], "field");
    for (const auto& [name, file] : first_) {
      if (IsPlanned(name)) continue;
      const bool is_new = has_shape_ && Declared(name) == nullptr;
      if (is_new && spec_.schema_policy == SchemaPolicy::kFreeze)
        return Frozen(name, "column", file);
      if (is_new && spec_.schema_policy != SchemaPolicy::kEvolve) {
        Note(fmt::format(
            "{} has a column {} that the table lacks, and schema_policy is {}", file->file.name,
            name,
            spec_.schema_policy == SchemaPolicy::kDiscardRow ? "discard_row" : "discard_value"));
        continue;
      }
      const DetectedType& type = *FindIn(remembered_, name);
      if (is_new && input_.table != nullptr)
        Note(fmt::format("new column {} ({})", name, file->file.name));
      planned_.columns.push_back({.name = name, .type = Stored(type.type())});
    }
    return Ok();
  }

  Status Frozen(const std::string& name, const char* what, const FilePlan* file = nullptr) const {
    const std::string in = file == nullptr ? asset_.name.value() : file->file.name;
    return InvalidInput(
               fmt::format("{} has a new {} '{}', and schema_policy is freeze", in, what, name))
        .At(spec_.location())
        .WithHint("add the column under columns:, or choose evolve, discard_row or discard_value");
  }

  // How dates and times are written, of the declared ones and of what all files agree in.
  Status SetFormat(connect::TargetColumn& column) {
    const bool is_date = column.type.kind == TypeKind::kDate;
    const bool is_time =
        column.type.kind == TypeKind::kTimestamp || column.type.kind == TypeKind::kTimestampNtz;
    const DetectedType* const detected = FindIn(remembered_, column.name);
    const bool is_ambiguous = detected != nullptr && detected->is_ambiguous();
    if (!is_date && !is_time) {
      if (is_ambiguous && column.type.kind == TypeKind::kString && !HasDeclaredType(column.name)) {
        Note(
            fmt::format("column {} stays text: its dates could be day or month first; date_format "
                        "under from: says which",
                        column.name));
      }
      return Ok();
    }
    column.format = is_date ? spec_.files()->date_format : spec_.files()->timestamp_format;
    if (!column.format.empty() || detected == nullptr) return Ok();
    column.format = detected->format();
    if (!is_ambiguous) return Ok();
    return InvalidInput(fmt::format("{}: the dates of column {} could be day first or month first",
                                    asset_.name.value(), column.name))
        .At(spec_.location())
        .WithHint("set date_format under from:, for instance \"%d/%m/%Y\"");
  }

  // Values of folders must be of the column's type: there is no row to set aside.
  Status SetPartition(connect::TargetColumn& column) const {
    for (const FilePlan* file : input_.files) {
      for (const auto& [name, text] : file->format.partitions) {
        if (!EqualsIgnoreCase(name, column.name)) continue;
        column.is_partition = true;
        if (IsNullPartition(text) || connect::IsText(text, column)) continue;
        return InvalidInput(fmt::format("{}: the folder's value of {}: {}", file->file.name, name,
                                        data::Misfit(text, column.type)))
            .At(spec_.location())
            .WithHint("correct the column's type, or remove partitions: hive");
      }
    }
    return Ok();
  }

  // Columns that the table has and a file lacks are null: that may be a renamed column.
  void NoteMissing() {
    for (const FilePlan* file : input_.files) {
      if (file->format.layout == connect::Layout::kEmpty || file->format.is_json()) continue;
      std::vector<std::string> missing;
      for (const connect::TargetColumn& column : planned_.columns) {
        const bool is_partition = std::any_of(
            file->format.partitions.begin(), file->format.partitions.end(),
            [&](const auto& partition) { return EqualsIgnoreCase(partition.first, column.name); });
        if (file->format.Find(column.name) < 0 && !is_partition) missing.push_back(column.name);
      }
      if (missing.empty()) continue;
      if (++noted_missing_ > kMaxFilesNoted) continue;
      Note(fmt::format("{} lacks {}", file->file.name, Join(missing, ", ")));
    }
    if (noted_missing_ > kMaxFilesNoted)
      Note(fmt::format("{} more files lack columns", noted_missing_ - kMaxFilesNoted));
  }

  static constexpr int kMaxFilesNoted = 5;

  const ColumnsInput& input_;
  const project::Asset& asset_;
  const project::SourceSpec& spec_;
  const bool keeps_types_;
  Remembered remembered_;
  std::vector<std::pair<std::string, const FilePlan*>> first_;  // columns of the files
  std::map<std::string, const FilePlan*> because_;              // whose type a file has changed
  std::vector<std::string> new_fields_;
  bool has_shape_ = false;
  int noted_missing_ = 0;
  PlannedColumns planned_;
};

}  // namespace

Result<PlannedColumns> PlanColumns(const ColumnsInput& input, bool keeps_types) {
  return Planner(input, keeps_types).Run();
}

Type Stored(Type type) {
  if (type.kind == TypeKind::kTimestampNtz) type.kind = TypeKind::kTimestamp;
  for (data::Field& child : type.children) child.type = Stored(child.type);
  return type;
}

}  // namespace leat::ingest

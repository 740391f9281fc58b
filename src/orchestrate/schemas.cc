#include "orchestrate/schemas.h"

#include "data/own_columns.h"
#include "transform/model.h"

namespace leat::orchestrate {

Result<const data::Schema*> Schemas::Of(const project::Asset& asset) {
  const auto known = known_.find(asset.name);
  if (known != known_.end()) return &known->second;
  LEAT_ASSIGN(data::Schema schema, Find(asset));
  return &known_.emplace(asset.name, std::move(schema)).first->second;
}

Result<data::Schema> Schemas::Find(const project::Asset& asset) {
  const auto* model = std::get_if<project::ModelSpec>(&asset.spec);
  if (model == nullptr) {
    if (const auto stored = workspace_.StoredSchema(asset.name)) return *stored;
    data::Schema declared;
    for (const project::Column& column : asset.columns) {
      if (column.type) declared.fields.push_back({.name = column.name, .type = *column.type});
    }
    return declared;
  }
  LEAT_ASSIGN(const auto session, workspace_.NewSession());
  session->SetResolver(
      [this](const std::string& schema,
             const std::string& table) -> Result<std::optional<engine::TableSource>> {
        const project::Asset* input = workspace_.FindTable(schema, table);
        if (input == nullptr) return std::optional<engine::TableSource>();
        LEAT_ASSIGN(const data::Schema* const found, Of(*input));
        return std::optional<engine::TableSource>(
            engine::SchemaSource{.asset = input->name, .schema = *found});
      });
  auto parameters = workspace_.ParametersFor(Interval{0, 1});
  auto bound = session->Bind(model->sql, parameters);
  if (!bound.ok()) return transform::InModelFile(std::move(bound).error(), asset, model->sql);
  if (model->materialized == project::Materialization::kScd2) {
    const auto& added = data::HistoryColumns();
    bound->schema.fields.insert(bound->schema.fields.end(), added.begin(), added.end());
  }
  return std::move(bound->schema);
}

}  // namespace leat::orchestrate

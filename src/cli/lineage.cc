#include <fmt/format.h>

#include <functional>
#include <memory>

#include "base/text.h"
#include "cli/app.h"
#include "cli/assets.h"
#include "cli/bind.h"
#include "cli/command.h"
#include "cli/lineage_graph.h"
#include "cli/output.h"

namespace leat::cli {
namespace {

// The part of the graph that hangs together with one table or column.
struct Lineage {
  LineageNode target;
  std::set<AssetName> assets;
  std::set<std::pair<AssetName, AssetName>> edges;
  std::set<std::pair<LineageNode, LineageNode>> column_edges;
};

// "silver.orders" or "silver.orders.amount". Columns of models are known by their query; those of
// sources by what is read of them.
Result<LineageNode> FindTarget(const project::Project& project, const LineageGraph& graph,
                               const std::string& name) {
  auto asset = FindAsset(project, name);
  if (asset.ok()) return LineageNode{(*asset)->name, ""};
  const std::size_t dot = name.rfind('.');
  const auto owner = FindAsset(project, name.substr(0, dot));
  if (dot == std::string::npos || !owner.ok()) return std::move(asset).error();
  const AssetName& owner_name = (*owner)->name;
  const std::string column = name.substr(dot + 1);
  std::vector<std::string> known = graph.ColumnsOf(owner_name);
  for (const project::Column& declared : (*owner)->columns) known.push_back(declared.name);
  for (const std::string& candidate : known) {
    if (EqualsIgnoreCase(candidate, column)) return LineageNode{owner_name, candidate};
  }
  const LineageNode node{owner_name, column};
  if (!graph.ReadersOf(node).empty()) return node;
  return NotFound(fmt::format("{} has no column '{}' that is known", owner_name.value(), column))
      .WithHint(NearestHint(column, known));
}

void AddColumnEdges(const LineageGraph& graph, const LineageNode& node, Lineage& lineage) {
  for (const LineageNode& source : graph.SourcesOf(node))
    lineage.column_edges.insert({source, node});
}

Lineage Collect(const LineageGraph& graph, const LineageNode& target) {
  Lineage lineage{.target = target};
  std::set<LineageNode> nodes = graph.Upstream(target);
  nodes.merge(graph.Downstream(target));
  nodes.insert(target);
  for (const LineageNode& node : nodes) lineage.assets.insert(node.asset);
  if (!target.column.empty()) {
    // Between nodes that are upstream and downstream alike, every edge lies on a way through the
    // target.
    for (const LineageNode& node : nodes) {
      for (const LineageNode& source : graph.SourcesOf(node)) {
        if (nodes.contains(source)) lineage.column_edges.insert({source, node});
      }
    }
    for (const auto& [from, to] : lineage.column_edges)
      lineage.edges.insert({from.asset, to.asset});
    return lineage;
  }
  for (const LineageNode& node : nodes) {
    for (const LineageNode& source : graph.SourcesOf(node)) {
      if (nodes.contains(source)) lineage.edges.insert({source.asset, node.asset});
    }
    for (const std::string& column : graph.ColumnsOf(node.asset)) {
      AddColumnEdges(graph, {node.asset, column}, lineage);
    }
  }
  std::erase_if(lineage.column_edges, [&](const auto& edge) {
    return !lineage.edges.contains({edge.first.asset, edge.second.asset});
  });
  return lineage;
}

Json ToJson(const project::Project& project, const Lineage& lineage) {
  Json nodes = Json::array();
  for (const AssetName& name : lineage.assets) {
    const project::Asset* asset = project.Find(name);
    nodes.push_back(
        {{"asset", name.value()}, {"kind", KindOf(*asset)}, {"file", asset->location.file}});
  }
  Json edges = Json::array();
  for (const auto& [from, to] : lineage.edges) {
    edges.push_back({{"from", from.value()}, {"to", to.value()}});
  }
  const auto end = [](const LineageNode& node) {
    return Json{{"asset", node.asset.value()}, {"column", node.column}};
  };
  Json column_edges = Json::array();
  for (const auto& [from, to] : lineage.column_edges) {
    column_edges.push_back({{"from", end(from)}, {"to", end(to)}});
  }
  return {{"target", lineage.target.ToString()},
          {"nodes", nodes},
          {"edges", edges},
          {"column_edges", column_edges}};
}

data::Rows ToRows(const Lineage& lineage) {
  data::Rows rows{.schema = TextColumns({"from_asset", "from_column", "to_asset", "to_column"}),
                  .rows = {}};
  for (const auto& [from, to] : lineage.edges) {
    rows.rows.push_back({from.value(), data::Value(), to.value(), data::Value()});
  }
  for (const auto& [from, to] : lineage.column_edges) {
    rows.rows.push_back({from.asset.value(), from.column, to.asset.value(), to.column});
  }
  return rows;
}

// Lines "├─ x", children indented. What was shown before is not unfolded again.
void DrawTree(const std::function<const std::set<LineageNode>&(const LineageNode&)>& children,
              const LineageNode& node, const std::string& indent, std::set<LineageNode>& shown,
              std::string& text) {
  const std::set<LineageNode>& next = children(node);
  std::size_t index = 0;
  for (const LineageNode& child : next) {
    const bool is_last = ++index == next.size();
    const bool is_new = shown.insert(child).second;
    const bool is_folded = !is_new && !children(child).empty();
    text += indent + (is_last ? "└─ " : "├─ ") + child.ToString() +
            (is_folded ? " (see above)\n" : "\n");
    if (is_new) DrawTree(children, child, indent + (is_last ? "   " : "│  "), shown, text);
  }
}

std::string Plain(const LineageGraph& graph, const Lineage& lineage) {
  const LineageNode& target = lineage.target;
  std::string text = target.ToString() + "\n";
  const auto draw = [&](const char* title, const auto& children) {
    std::set<LineageNode> shown;
    std::string tree;
    DrawTree(children, target, "  ", shown, tree);
    text += fmt::format("\n{}\n{}", title, tree.empty() ? "  (nothing)\n" : tree);
  };
  draw("is made of", [&](const LineageNode& node) -> const auto& { return graph.SourcesOf(node); });
  draw("is read by", [&](const LineageNode& node) -> const auto& { return graph.ReadersOf(node); });
  if (!target.column.empty()) return text;
  std::string columns;
  for (const std::string& column : graph.ColumnsOf(target.asset)) {
    std::vector<std::string> sources;
    for (const LineageNode& source : graph.SourcesOf({target.asset, column})) {
      sources.push_back(source.ToString());
    }
    columns +=
        fmt::format("  {} <- {}\n", column, sources.empty() ? "(no column)" : Join(sources, ", "));
  }
  return columns.empty() ? text : text + "\ncolumns\n" + columns;
}

int RunLineage(App& app, const std::string& name) {
  const auto workspace = app.OpenWorkspace();
  if (!workspace) return kError;
  const auto bound = Bind(*workspace, SourceColumns::kStoredAndNew);
  if (!bound.ok()) return app.Fail(bound.error());
  for (const Error& error : bound->diagnostics.errors) app.Warn(error);
  const LineageGraph graph(workspace->project(), bound->bound);
  const auto target = FindTarget(workspace->project(), graph, name);
  if (!target.ok()) return app.Fail(target.error());
  const Lineage lineage = Collect(graph, *target);
  PrintReport(app, {.json = [&] { return ToJson(workspace->project(), lineage); },
                    .csv = [&] { return ToRows(lineage); },
                    .plain = [&] { return Plain(graph, lineage); }});
  return kDone;
}

}  // namespace

Command MakeLineage() {
  auto name = std::make_shared<std::string>();
  return {.name = "lineage",
          .summary = "Show what a table or column is made of, and what reads it",
          .options = {{"ASSET",
                       "",
                       "an asset, or a column of it: silver.orders.amount",
                       name.get(),
                       {},
                       true}},
          .examples = {{"leat lineage gold.daily_sales", "tables, and the table's columns"},
                       {"leat lineage gold.daily_sales.revenue",
                        "one column, from source to last reader"}},
          .run = [name](App& app) { return RunLineage(app, *name); }};
}

}  // namespace leat::cli

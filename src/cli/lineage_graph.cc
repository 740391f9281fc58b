#include "cli/lineage_graph.h"

#include <deque>

#include "project/graph.h"

namespace leat::cli {
namespace {

const std::set<LineageNode>& Neighbours(const std::map<LineageNode, std::set<LineageNode>>& edges,
                                        const LineageNode& node) {
  static const std::set<LineageNode> kNone;
  const auto found = edges.find(node);
  return found == edges.end() ? kNone : found->second;
}

}  // namespace

LineageGraph::LineageGraph(const project::Project& project,
                           const std::map<AssetName, engine::BoundQuery>& bound) {
  const project::AssetIndex index(project.assets);
  for (const project::Asset& asset : project.assets) {
    if (!std::holds_alternative<project::ModelSpec>(asset.spec)) continue;
    for (const AssetName& input : project::ModelInputs(asset, index)) {
      Add({input, ""}, {asset.name, ""});
    }
    const auto query = bound.find(asset.name);
    if (query == bound.end()) continue;
    for (const engine::ColumnLineage& column : query->second.lineage) {
      columns_[asset.name].push_back(column.column);
      for (const auto& [source, source_column] : column.sources) {
        Add({source, source_column}, {asset.name, column.column});
      }
    }
  }
}

void LineageGraph::Add(const LineageNode& from, const LineageNode& to) {
  sources_[to].insert(from);
  readers_[from].insert(to);
}

const std::set<LineageNode>& LineageGraph::SourcesOf(const LineageNode& node) const {
  return Neighbours(sources_, node);
}
const std::set<LineageNode>& LineageGraph::ReadersOf(const LineageNode& node) const {
  return Neighbours(readers_, node);
}
std::set<LineageNode> LineageGraph::Upstream(const LineageNode& node) const {
  return Reach(sources_, node);
}
std::set<LineageNode> LineageGraph::Downstream(const LineageNode& node) const {
  return Reach(readers_, node);
}

std::vector<std::string> LineageGraph::ColumnsOf(const AssetName& asset) const {
  const auto found = columns_.find(asset);
  return found == columns_.end() ? std::vector<std::string>() : found->second;
}

std::set<LineageNode> LineageGraph::Reach(const Edges& edges, const LineageNode& node) {
  std::set<LineageNode> reached;
  std::deque<LineageNode> open = {node};
  while (!open.empty()) {
    for (const LineageNode& next : Neighbours(edges, open.front())) {
      if (reached.insert(next).second) open.push_back(next);
    }
    open.pop_front();
  }
  reached.erase(node);
  return reached;
}

}  // namespace leat::cli

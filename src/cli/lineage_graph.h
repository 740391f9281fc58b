// What flows where: tables and columns of a project as a graph.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/strong.h"
#include "engine/engine.h"
#include "project/definition.h"

namespace leat::cli {

// A table, or one of its columns. Ordered by asset, then column.
struct LineageNode {
  AssetName asset;
  std::string column;  // empty: the table
  auto operator<=>(const LineageNode&) const = default;

  std::string ToString() const {
    return column.empty() ? asset.value() : asset.value() + "." + column;
  }
};

class LineageGraph {
 public:
  // `bound` tells the columns; models that are not in it have tables only.
  LineageGraph(const project::Project& project,
               const std::map<AssetName, engine::BoundQuery>& bound);

  // Direct neighbours, sorted. Tables have tables, columns have columns.
  const std::set<LineageNode>& SourcesOf(const LineageNode& node) const;
  const std::set<LineageNode>& ReadersOf(const LineageNode& node) const;

  // All nodes upstream or downstream of `node`, without it.
  std::set<LineageNode> Upstream(const LineageNode& node) const;
  std::set<LineageNode> Downstream(const LineageNode& node) const;

  // Column names of a model in the order of its query; empty when unknown.
  std::vector<std::string> ColumnsOf(const AssetName& asset) const;

 private:
  using Edges = std::map<LineageNode, std::set<LineageNode>>;
  void Add(const LineageNode& from, const LineageNode& to);
  static std::set<LineageNode> Reach(const Edges& edges, const LineageNode& node);

  Edges sources_, readers_;
  std::map<AssetName, std::vector<std::string>> columns_;
};

}  // namespace leat::cli

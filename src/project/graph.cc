#include "project/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <optional>
#include <queue>
#include <set>

#include "base/text.h"

namespace leat::project {
namespace {

constexpr char kSeedSchema[] = "seeds.";

// An edge of the graph by the indices of its assets, and where it was written.
struct Edge {
  std::size_t from = 0;  // reads …
  std::size_t to = 0;    // … this one
  Location location;
  auto Key() const { return std::pair(from, to); }
};

Error UnknownTable(const TableUse& use, const AssetIndex& index) {
  const std::string lower = ToLower(use.table);
  Error error = InvalidInput(fmt::format("there is no table '{}'", use.table)).At(use.location);
  if (lower.ends_with("_quarantine")) {
    return std::move(error).WithHint(
        "models cannot read quarantine tables; see leat quarantine show");
  }
  if (lower.find('/') != std::string::npos || lower.ends_with(".csv") ||
      lower.ends_with(".parquet")) {
    return std::move(error).WithHint("to read files, add a source: assets/bronze/NAME.yml");
  }
  // A bare name is most likely a seed's, or an asset's without its schema.
  std::vector<std::string> candidates = index.names();
  if (use.table.find('.') == std::string::npos) {
    for (const std::string& name : index.names()) {
      const std::string last = name.substr(name.rfind('.') + 1);
      if (EqualsIgnoreCase(last, use.table)) {
        return std::move(error).WithHint(fmt::format("did you mean '{}'?", name));
      }
      if (name.starts_with(kSeedSchema)) candidates.push_back(last);
    }
  }
  std::string hint = NearestHint(use.table, candidates);
  if (hint.empty()) hint = "tables are the files below assets/ and seeds/: schema.table";
  return std::move(error).WithHint(std::move(hint));
}

// Follows the edges depth first and reports one cycle per group of assets that reach each other.
class CycleFinder {
 public:
  CycleFinder(const std::vector<Asset>& assets, const std::vector<std::vector<Edge>>& edges,
              Diagnostics& diagnostics)
      : assets_(assets), edges_(edges), diagnostics_(diagnostics) {}

  // `in_cycle[i]`: whether asset i was left over by the topological sort, so that it is in a cycle
  // or behind one.
  void Report(const std::vector<bool>& left_over) {
    std::vector<bool> done(assets_.size(), false);
    for (const std::size_t start : ByName()) {
      if (!left_over[start] || done[start]) continue;
      const auto path = ShortestCycle(start);
      if (path.empty()) continue;
      for (const std::size_t member : MutuallyReachable(start)) done[member] = true;
      Add(path);
    }
  }

 private:
  std::vector<std::size_t> ByName() const {
    std::vector<std::size_t> order(assets_.size());
    for (std::size_t i = 0; i < order.size(); i++) order[i] = i;
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return assets_[a].name < assets_[b].name; });
    return order;
  }

  // The edges of the shortest way from `start` back to it; empty when there is none.
  std::vector<const Edge*> ShortestCycle(std::size_t start) const {
    std::vector<const Edge*> reached_by(assets_.size(), nullptr);
    std::deque<std::size_t> queue{start};
    while (!queue.empty()) {
      const std::size_t at = queue.front();
      queue.pop_front();
      for (const Edge& edge : edges_[at]) {
        if (reached_by[edge.to] != nullptr) continue;
        reached_by[edge.to] = &edge;
        if (edge.to != start) queue.push_back(edge.to);
      }
    }
    std::vector<const Edge*> path;
    for (const Edge* edge = reached_by[start]; edge != nullptr; edge = reached_by[edge->from]) {
      path.insert(path.begin(), edge);
      if (edge->from == start) return path;
    }
    return {};
  }

  std::vector<bool> Reachable(std::size_t start,
                              const std::vector<std::vector<std::size_t>>& next) const {
    std::vector<bool> seen(assets_.size(), false);
    std::vector<std::size_t> stack{start};
    while (!stack.empty()) {
      const std::size_t at = stack.back();
      stack.pop_back();
      if (seen[at]) continue;
      seen[at] = true;
      stack.insert(stack.end(), next[at].begin(), next[at].end());
    }
    return seen;
  }

  std::vector<std::size_t> MutuallyReachable(std::size_t start) const {
    std::vector<std::vector<std::size_t>> forward(assets_.size()), backward(assets_.size());
    for (const auto& out : edges_) {
      for (const Edge& edge : out) {
        forward[edge.from].push_back(edge.to);
        backward[edge.to].push_back(edge.from);
      }
    }
    const auto below = Reachable(start, forward);
    const auto above = Reachable(start, backward);
    std::vector<std::size_t> members;
    for (std::size_t i = 0; i < assets_.size(); i++) {
      if (below[i] && above[i]) members.push_back(i);
    }
    return members;
  }

  void Add(const std::vector<const Edge*>& path) {
    std::string names = assets_[path.front()->from].name.value();
    for (const Edge* edge : path) names += " → " + assets_[edge->to].name.value();
    const bool reads_itself = path.size() == 1;
    diagnostics_.errors.push_back(
        InvalidInput(
            (reads_itself ? "a model cannot read itself: " : "these assets read each other: ") +
            names)
            .WithHint(reads_itself ? "materialized: append or merge keeps what is there already"
                                   : "remove one of the reads")
            .At(path.front()->location));
  }

  const std::vector<Asset>& assets_;
  const std::vector<std::vector<Edge>>& edges_;
  Diagnostics& diagnostics_;
};

// Resolves the uses of every asset into edges, one per pair, and the assets' dependencies.
std::vector<std::vector<Edge>> ResolveUses(const std::vector<std::vector<TableUse>>& uses,
                                           std::vector<Asset>& assets, Diagnostics& diagnostics) {
  const AssetIndex index(assets);
  std::vector<std::vector<Edge>> edges(assets.size());
  for (std::size_t i = 0; i < assets.size(); i++) {
    std::set<AssetName> dependencies;
    for (const TableUse& use : uses[i]) {
      const Asset* target = index.Resolve(use.table);
      if (target == nullptr) {
        diagnostics.errors.push_back(UnknownTable(use, index));
        continue;
      }
      const auto to = static_cast<std::size_t>(target - assets.data());
      if (to == i && use.in_check) continue;  // a check may look at its own table
      if (to != i && !dependencies.insert(target->name).second) continue;
      edges[i].push_back({.from = i, .to = to, .location = use.location});
    }
    assets[i].dependencies.assign(dependencies.begin(), dependencies.end());
  }
  return edges;
}

}  // namespace

AssetIndex::AssetIndex(const std::vector<Asset>& assets) {
  for (const Asset& asset : assets) {
    by_name_.emplace(ToLower(asset.name.value()), &asset);
    names_.push_back(asset.name.value());
  }
}

const Asset* AssetIndex::Resolve(const std::string& table) const {
  const std::string lower = ToLower(table);
  auto found = by_name_.find(lower);
  if (found == by_name_.end() && lower.find('.') == std::string::npos) {
    found = by_name_.find(kSeedSchema + lower);
  }
  return found == by_name_.end() ? nullptr : found->second;
}

std::vector<AssetName> ModelInputs(const Asset& model, const AssetIndex& index) {
  std::set<AssetName> inputs;
  for (const engine::TableReference& table : std::get<ModelSpec>(model.spec).facts.tables) {
    if (const Asset* asset = index.Resolve(table.name)) inputs.insert(asset->name);
  }
  return {inputs.begin(), inputs.end()};
}

std::vector<Asset> OrderAssets(std::vector<ParsedAsset> parsed, Diagnostics& diagnostics) {
  std::vector<Asset> assets;
  std::vector<std::vector<TableUse>> uses;
  for (ParsedAsset& one : parsed) {
    assets.push_back(std::move(one.asset));
    uses.push_back(std::move(one.tables));
  }
  const auto edges = ResolveUses(uses, assets, diagnostics);

  // Kahn's algorithm; the queue yields the least name of what is ready.
  std::vector<std::vector<std::size_t>> readers(assets.size());
  std::vector<std::size_t> waiting_for(assets.size(), 0);
  for (const auto& out : edges) {
    for (const Edge& edge : out) {
      readers[edge.to].push_back(edge.from);
      waiting_for[edge.from]++;
    }
  }
  const auto later = [&](std::size_t a, std::size_t b) { return assets[b].name < assets[a].name; };
  std::priority_queue<std::size_t, std::vector<std::size_t>, decltype(later)> ready(later);
  for (std::size_t i = 0; i < assets.size(); i++) {
    if (waiting_for[i] == 0) ready.push(i);
  }
  std::vector<std::size_t> order;
  std::vector<bool> left_over(assets.size(), true);
  while (!ready.empty()) {
    const std::size_t at = ready.top();
    ready.pop();
    left_over[at] = false;
    order.push_back(at);
    for (const std::size_t reader : readers[at]) {
      if (--waiting_for[reader] == 0) ready.push(reader);
    }
  }
  if (order.size() < assets.size()) {
    CycleFinder(assets, edges, diagnostics).Report(left_over);
    for (std::size_t i = 0; i < assets.size(); i++) {
      if (left_over[i]) order.push_back(i);
    }
  }
  std::vector<Asset> sorted;
  for (const std::size_t at : order) sorted.push_back(std::move(assets[at]));
  return sorted;
}

}  // namespace leat::project

#include "project/selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <climits>
#include <functional>
#include <optional>
#include <unordered_map>

#include "base/text.h"

namespace leat::project {
namespace {

using AssetSet = std::set<std::size_t>;  // indices into Project::assets

// One term without its quotes: "2+tag:x+1".
struct Term {
  std::string method;  // "tag", "path", "state", or "" for names
  std::string value;
  bool is_literal = false;  // was quoted: * is no wildcard
  bool at = false;          // @x
  int upstream = 0;         // steps; INT_MAX: all
  int downstream = 0;
};

Error WrongTerm(const std::string& text) {
  return InvalidInput(fmt::format("'{}' is not a selection", text))
      .WithHint(
          "examples: silver.orders, +gold.sales, 2+gold.sales+1, @silver.orders, tag:finance, "
          "path:assets/silver, state:modified, silver.*");
}

// Splits at `is_separator` outside double quotes and leaves out empty parts.
std::vector<std::string> SplitOutsideQuotes(const std::string& text,
                                            const std::function<bool(char)>& is_separator) {
  std::vector<std::string> parts{""};
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (!quoted && is_separator(c)) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  parts.erase(std::remove(parts.begin(), parts.end(), ""), parts.end());
  return parts;
}

// "": all steps; digits: so many.
std::optional<int> ParseSteps(const std::string& digits) {
  if (digits.empty()) return INT_MAX;
  int steps = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), steps);
  if (error != std::errc() || stop != digits.data() + digits.size() || steps < 0)
    return std::nullopt;
  return steps;
}

bool AreDigits(const std::string& text) {
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isdigit(c) != 0; });
}

Result<Term> ParseTerm(const std::string& text) {
  Term term;
  std::string body = text;
  if (body.starts_with('@')) {
    term.at = true;
    body.erase(0, 1);
  } else if (const std::size_t plus = body.find('+');
             plus != std::string::npos && AreDigits(body.substr(0, plus))) {
    const auto steps = ParseSteps(body.substr(0, plus));
    if (!steps) return WrongTerm(text);
    term.upstream = *steps;
    body.erase(0, plus + 1);
  }
  if (const std::size_t plus = body.rfind('+');
      plus != std::string::npos && AreDigits(body.substr(plus + 1))) {
    const auto steps = ParseSteps(body.substr(plus + 1));
    if (!steps || term.at) return WrongTerm(text);
    term.downstream = *steps;
    body.erase(plus);
  }
  const std::size_t colon = body.find(':');
  if (colon != std::string::npos && colon < body.find('"')) {
    term.method = body.substr(0, colon);
    body.erase(0, colon + 1);
  }
  term.is_literal = body.size() >= 2 && body.front() == '"' && body.back() == '"';
  term.value = term.is_literal ? body.substr(1, body.size() - 2) : body;
  if (term.value.empty() || term.value.find('"') != std::string::npos) {
    // A name with a quote in it has it doubled, as in SQL.
    std::string undoubled;
    for (std::size_t i = 0; i < term.value.size(); i++) {
      if (term.value[i] == '"' && term.value.substr(i, 2) != "\"\"") return WrongTerm(text);
      if (term.value[i] == '"') i++;
      undoubled += term.value[i];
    }
    if (undoubled.empty()) return WrongTerm(text);
    term.value = undoubled;
  }
  return term;
}

// Whether `text` matches `pattern`, in which * stands for any text. Both lower case.
bool MatchesWildcards(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      p++;
      t++;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') p++;
  return p == pattern.size();
}

class Selector {
 public:
  Selector(const Project& project, const std::set<AssetName>& modified)
      : assets_(project.assets),
        modified_(modified),
        upstream_(assets_.size()),
        downstream_(assets_.size()) {
    std::unordered_map<AssetName, std::size_t> indices;
    for (std::size_t i = 0; i < assets_.size(); i++) indices.emplace(assets_[i].name, i);
    for (std::size_t i = 0; i < assets_.size(); i++) {
      for (const AssetName& dependency : assets_[i].dependencies) {
        const std::size_t from = indices.at(dependency);
        upstream_[i].push_back(from);
        downstream_[from].push_back(i);
      }
    }
  }

  // The union of all texts, each a union of intersections of terms.
  Result<AssetSet> SelectAny(const char* option, const std::vector<std::string>& texts) const {
    AssetSet selected;
    for (const std::string& text : texts) {
      const auto is_space = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
      const std::vector<std::string> parts = SplitOutsideQuotes(text, is_space);
      if (parts.empty()) {
        return InvalidInput(fmt::format("{} is given an empty text", option))
            .WithHint("name assets, or leave the option out; a variable of the shell may be unset");
      }
      for (const std::string& part : parts) {
        LEAT_ASSIGN(const AssetSet found, SelectAll(part));
        selected.insert(found.begin(), found.end());
      }
    }
    return selected;
  }

 private:
  Result<AssetSet> SelectAll(const std::string& text) const {
    std::optional<AssetSet> common;
    for (const std::string& part : SplitOutsideQuotes(text, [](char c) { return c == ','; })) {
      LEAT_ASSIGN(const Term term, ParseTerm(part));
      LEAT_ASSIGN(AssetSet found, SelectTerm(term));
      if (!common) {
        common = std::move(found);
      } else {
        std::erase_if(*common, [&](std::size_t asset) { return found.count(asset) == 0; });
      }
    }
    if (!common) return WrongTerm(text);
    return *common;
  }

  Result<AssetSet> SelectTerm(const Term& term) const {
    LEAT_ASSIGN(const AssetSet matched, Match(term));
    AssetSet selected = matched;
    const AssetSet above = Reach(matched, upstream_, term.upstream);
    const AssetSet below = Reach(matched, downstream_, term.at ? INT_MAX : term.downstream);
    selected.insert(above.begin(), above.end());
    selected.insert(below.begin(), below.end());
    return term.at ? Reach(selected, upstream_, INT_MAX) : selected;
  }

  // `from` and what is at most `steps` away.
  static AssetSet Reach(const AssetSet& from, const std::vector<std::vector<std::size_t>>& next,
                        int steps) {
    AssetSet reached = from;
    AssetSet frontier = from;
    for (int step = 0; step < steps && !frontier.empty(); step++) {
      AssetSet further;
      for (const std::size_t asset : frontier) {
        for (const std::size_t neighbour : next[asset]) {
          if (reached.insert(neighbour).second) further.insert(neighbour);
        }
      }
      frontier = std::move(further);
    }
    return reached;
  }

  Result<AssetSet> Match(const Term& term) const {
    if (term.method.empty()) return MatchNames(term);
    if (term.method == "tag") return MatchTags(term);
    if (term.method == "path") return MatchPaths(term);
    if (term.method == "state") {
      if (term.value == "modified") {
        return Where([&](const Asset& asset) { return modified_.count(asset.name) > 0; });
      }
      return InvalidInput(fmt::format("'state:{}' is not a selection", term.value))
          .WithHint(NearestHint(term.value, {"modified"}));
    }
    return InvalidInput(fmt::format("'{}:' is not a way to select", term.method))
        .WithHint(NearestHint(term.method, {"tag", "path", "state"}));
  }

  Result<AssetSet> MatchNames(const Term& term) const {
    const std::string wanted = ToLower(term.value);
    const bool has_wildcard = !term.is_literal && wanted.find('*') != std::string::npos;
    const auto by_rule = [&](const std::function<bool(const std::string&)>& rule) {
      return Where([&](const Asset& asset) { return rule(ToLower(asset.name.value())); });
    };
    AssetSet found;
    if (has_wildcard) {
      found = by_rule([&](const std::string& name) { return MatchesWildcards(wanted, name); });
    } else {
      found = by_rule([&](const std::string& name) { return name == wanted; });
      if (found.empty()) {
        found = by_rule([&](const std::string& name) { return name.starts_with(wanted + "."); });
      }
      if (found.empty()) {
        found = by_rule([&](const std::string& name) { return name.ends_with("." + wanted); });
      }
    }
    if (!found.empty()) return found;
    std::vector<std::string> names;
    for (const Asset& asset : assets_) names.push_back(asset.name.value());
    return Nothing(fmt::format("no asset matches '{}'", term.value), term.value, names);
  }

  Result<AssetSet> MatchTags(const Term& term) const {
    const std::string wanted = ToLower(term.value);
    const auto matches = [&](const std::string& tag) {
      const std::string lower = ToLower(tag);
      return term.is_literal ? lower == wanted : MatchesWildcards(wanted, lower);
    };
    AssetSet found = Where([&](const Asset& asset) {
      return std::any_of(asset.tags.begin(), asset.tags.end(), matches);
    });
    if (!found.empty()) return found;
    std::set<std::string> tags;
    for (const Asset& asset : assets_) tags.insert(asset.tags.begin(), asset.tags.end());
    return Nothing(fmt::format("no asset has the tag '{}'", term.value), term.value,
                   {tags.begin(), tags.end()});
  }

  Result<AssetSet> MatchPaths(const Term& term) const {
    std::string wanted = term.value;
    if (wanted.starts_with("./")) wanted.erase(0, 2);
    while (wanted.size() > 1 && wanted.ends_with('/')) wanted.pop_back();
    const bool has_wildcard = !term.is_literal && wanted.find('*') != std::string::npos;
    AssetSet found = Where([&](const Asset& asset) {
      const std::string& file = asset.location.file;
      if (has_wildcard) return MatchesWildcards(wanted, file);
      return wanted == "." || file == wanted || file.starts_with(wanted + "/");
    });
    if (!found.empty()) return found;
    std::set<std::string> paths;
    for (const Asset& asset : assets_) {
      for (std::string path = asset.location.file; !path.empty();
           path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'))) {
        paths.insert(path);
      }
    }
    return Nothing(fmt::format("no asset's file matches '{}'", term.value), wanted,
                   {paths.begin(), paths.end()});
  }

  AssetSet Where(const std::function<bool(const Asset&)>& rule) const {
    AssetSet found;
    for (std::size_t i = 0; i < assets_.size(); i++) {
      if (rule(assets_[i])) found.insert(i);
    }
    return found;
  }

  static Error Nothing(std::string message, const std::string& wanted,
                       const std::vector<std::string>& candidates) {
    Error error = InvalidInput(std::move(message));
    const std::string hint = NearestHint(wanted, candidates);
    return hint.empty() ? error : std::move(error).WithHint(hint);
  }

  const std::vector<Asset>& assets_;
  const std::set<AssetName>& modified_;
  std::vector<std::vector<std::size_t>> upstream_, downstream_;
};

// That nothing has been modified is an answer; nothing selected otherwise is a mistake.
bool AsksForModified(const std::vector<std::string>& select,
                     const std::vector<std::string>& exclude) {
  const auto names_it = [](const std::string& text) {
    return text.find("state:modified") != std::string::npos;
  };
  return std::any_of(select.begin(), select.end(), names_it) ||
         std::any_of(exclude.begin(), exclude.end(), names_it);
}

}  // namespace

Result<std::vector<AssetName>> Select(const Project& project,
                                      const std::vector<std::string>& select,
                                      const std::vector<std::string>& exclude,
                                      const std::set<AssetName>& modified) {
  const Selector selector(project, modified);
  LEAT_ASSIGN(const AssetSet selected, selector.SelectAny("--select", select));
  LEAT_ASSIGN(const AssetSet excluded, selector.SelectAny("--exclude", exclude));
  std::vector<AssetName> names;
  for (std::size_t i = 0; i < project.assets.size(); i++) {
    if (!select.empty() && selected.count(i) == 0) continue;
    if (excluded.count(i) == 0) names.push_back(project.assets[i].name);
  }
  if (names.empty() && !project.assets.empty() && !AsksForModified(select, exclude)) {
    return InvalidInput("no asset is selected")
        .WithHint(selected.empty() && !select.empty()
                      ? "no asset is all that is joined by commas"
                      : "--exclude leaves nothing of the selection");
  }
  return names;
}

}  // namespace leat::project

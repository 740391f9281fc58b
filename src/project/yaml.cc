#include "project/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/json.h"
#include "project/limits.h"

namespace leat::project {
namespace {

// Ends parsing from within yaml-cpp's callbacks; never leaves this file.
struct Abort {
  int line = 0, column = 0;
  std::string message, hint;
};

std::size_t CountNodes(const YamlNode& node) {
  std::size_t count = 1;
  for (const YamlNode& child : node.children) count += CountNodes(child);
  return count;
}

int DepthOf(const YamlNode& node) {
  int depth = 0;
  for (const YamlNode& child : node.children) depth = std::max(depth, DepthOf(child));
  return depth + 1;
}

bool BeginsCharacter(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }

// Turns yaml-cpp's marks, which count bytes, into places in the file, which count characters.
class Places {
 public:
  Places(std::string_view text, int first_line) : text_(text), first_line_(first_line) {
    line_begins_.push_back(0);
    for (std::size_t at = 0; at < text.size(); at++) {
      if (text[at] == '\n') line_begins_.push_back(at + 1);
    }
  }

  int LineOf(const YAML::Mark& mark) const { return mark.line + first_line_; }

  int ColumnOf(const YAML::Mark& mark) const {
    const auto line = static_cast<std::size_t>(mark.line);
    if (mark.line < 0 || mark.column < 0 || line >= line_begins_.size()) return mark.column + 1;
    const std::string_view before =
        text_.substr(line_begins_[line], static_cast<std::size_t>(mark.column));
    return 1 + static_cast<int>(std::count_if(before.begin(), before.end(), BeginsCharacter));
  }

 private:
  const std::string_view text_;
  const int first_line_;
  std::vector<std::size_t> line_begins_;
};

// Builds the tree from yaml-cpp's events.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const Places& places, Reporter& reporter) : places_(places), reporter_(reporter) {}

  YamlNode TakeRoot() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ == 0) return;
    Stop(mark, "a second YAML document begins here: one file holds one", "split the file at '---'");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Add(NodeAt(mark, YamlNode::Kind::kNull), anchor, mark);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = NodeAt(mark, YamlNode::Kind::kScalar);
    node.text = value;
    node.plain = tag == "?" || tag.empty();
    if (tag != "tag:yaml.org,2002:str") RefuseTag(mark, tag);
    const bool is_null = value == "null" || value == "~" || value == "Null" || value == "NULL";
    if (node.plain && is_null) node.kind = YamlNode::Kind::kNull;
    Add(std::move(node), anchor, mark);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchored_.find(anchor);
    if (found == anchored_.end()) Stop(mark, "the alias stands inside its own anchor", "");
    CountMore(mark, CountNodes(found->second));
    if (static_cast<int>(open_.size()) + DepthOf(found->second) > kMaxYamlDepth) StopTooDeep(mark);
    YamlNode copy = found->second;
    copy.key.clear();
    Add(std::move(copy), 0, mark);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    RefuseTag(mark, tag);
    Open(NodeAt(mark, YamlNode::Kind::kSequence), anchor, mark);
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    RefuseTag(mark, tag);
    Open(NodeAt(mark, YamlNode::Kind::kMap), anchor, mark);
  }
  void OnMapEnd() override { Close(); }

 private:
  struct OpenNode {
    YamlNode node;
    YAML::anchor_t anchor = 0;
    std::optional<YamlNode> key;           // of a map: read, its value not yet
    std::map<std::string, int> key_lines;  // of a map: keys so far
  };

  YamlNode NodeAt(const YAML::Mark& mark, YamlNode::Kind kind) const {
    return {.kind = kind, .line = places_.LineOf(mark), .column = places_.ColumnOf(mark)};
  }

  [[noreturn]] void Stop(const YAML::Mark& mark, std::string message, std::string hint) const {
    throw Abort{places_.LineOf(mark), places_.ColumnOf(mark), std::move(message), std::move(hint)};
  }

  [[noreturn]] void StopTooDeep(const YAML::Mark& mark) const {
    Stop(mark, fmt::format("lists and maps are nested deeper than {} levels", kMaxYamlDepth), "");
  }

  void CountMore(const YAML::Mark& mark, std::size_t count) {
    node_count_ += count;
    if (node_count_ <= kMaxYamlNodes) return;
    Stop(mark, fmt::format("the file has more than {} values, aliases counted", kMaxYamlNodes), "");
  }

  void RefuseTag(const YAML::Mark& mark, const std::string& tag) const {
    if (tag.empty() || tag == "?" || tag == "!") return;
    Stop(mark, fmt::format("YAML tags such as '{}' are not supported", tag), "remove it");
  }

  bool ExpectsKey() const {
    return !open_.empty() && open_.back().node.is_map() && !open_.back().key;
  }

  void Open(YamlNode node, YAML::anchor_t anchor, const YAML::Mark& mark) {
    CountMore(mark, 1);
    if (ExpectsKey()) {
      Stop(mark, fmt::format("a key must be text, not {}", node.KindName()),
           "text that begins with { or [ needs quotes");
    }
    if (static_cast<int>(open_.size()) >= kMaxYamlDepth) StopTooDeep(mark);
    open_.push_back({.node = std::move(node), .anchor = anchor, .key = {}, .key_lines = {}});
  }

  void Close() {
    OpenNode closed = std::move(open_.back());
    open_.pop_back();
    Attach(std::move(closed.node), closed.anchor);
  }

  void Add(YamlNode node, YAML::anchor_t anchor, const YAML::Mark& mark) {
    CountMore(mark, 1);
    if (!ExpectsKey()) return Attach(std::move(node), anchor);
    if (!node.is_scalar())
      Stop(mark, "a key must be text, not " + std::string(node.KindName()), "");
    if (anchor != 0) anchored_[anchor] = node;
    open_.back().key = std::move(node);
  }

  void Attach(YamlNode node, YAML::anchor_t anchor) {
    if (anchor != 0) anchored_[anchor] = node;
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    OpenNode& parent = open_.back();
    if (parent.node.is_map()) {
      node.key = parent.key->text;
      node.key_line = parent.key->line;
      node.key_column = parent.key->column;
      parent.key.reset();
      const auto [first, is_new] = parent.key_lines.emplace(node.key, node.key_line);
      if (!is_new) {
        reporter_.FailAtKey(
            node,
            fmt::format("key '{}' is given twice (first in line {})", node.key, first->second),
            "remove one");
        return;
      }
    }
    parent.node.children.push_back(std::move(node));
  }

  const Places& places_;
  Reporter& reporter_;
  int documents_ = 0;
  std::size_t node_count_ = 0;
  YamlNode root_;
  std::vector<OpenNode> open_;
  std::map<YAML::anchor_t, YamlNode> anchored_;
};

// Whether the content of `line` (no indentation) opens a block of literal text: "key: |", "- >-",
// "key: |2".
bool OpensBlockText(std::string_view line) {
  const std::size_t comment = line.find(" #");
  if (comment != std::string_view::npos) line = line.substr(0, comment);
  const std::size_t end = line.find_last_not_of(" \t\r");
  if (end == std::string_view::npos) return false;
  const std::size_t begin = line.find_last_of(" \t", end) + 1;  // npos + 1 is 0
  const std::string_view word = line.substr(begin, end + 1 - begin);
  if (word[0] != '|' && word[0] != '>') return false;
  return word.find_first_not_of("|>+-123456789") == std::string_view::npos;
}

// Reports every line that is indented with a tab, blocks of literal text excepted.
bool FindTabs(std::string_view text, int first_line, Reporter& reporter) {
  bool found = false;
  std::size_t block_indent = std::string_view::npos;  // of the line that opened the block
  int line_number = first_line;
  for (std::size_t at = 0; at < text.size(); line_number++) {
    const std::size_t line_end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, line_end - at);
    at = line_end + 1;
    const std::size_t spaces = std::min(line.find_first_not_of(' '), line.size());
    const std::size_t content = line.find_first_not_of(" \t\r");
    if (content == std::string_view::npos) continue;
    if (block_indent != std::string_view::npos && spaces > block_indent) continue;
    block_indent = std::string_view::npos;
    if (line[spaces] == '\t') {
      const Location place{reporter.file(), line_number, static_cast<int>(spaces) + 1};
      reporter.Fail(place, "a tab indents this line; YAML allows only spaces",
                    "replace the tab by spaces");
      found = true;
    } else if (OpensBlockText(line.substr(content))) {
      block_indent = spaces;
    }
  }
  return found;
}

}  // namespace

const char* YamlNode::KindName() const {
  switch (kind) {
    case Kind::kNull: return "nothing";
    case Kind::kScalar: return "text";
    case Kind::kSequence: return "a list";
    case Kind::kMap: return "a map";
  }
  return "nothing";
}

std::optional<bool> YamlNode::AsBoolean() const {
  if (!is_scalar() || !plain) return std::nullopt;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return std::nullopt;
}

std::optional<std::int64_t> YamlNode::AsInteger() const {
  if (!is_scalar() || !plain) return std::nullopt;
  std::int64_t value = 0;
  const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::optional<double> YamlNode::AsNumber() const {
  if (!is_scalar() || !plain || text.empty()) return std::nullopt;
  if (text.find_first_not_of("+-.0123456789eE") != std::string::npos) return std::nullopt;
  double value = 0;
  const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (error != std::errc() || stop != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

namespace {

nlohmann::ordered_json ToJson(const YamlNode& node) {
  if (node.is_list()) {
    auto array = nlohmann::ordered_json::array();
    for (const YamlNode& child : node.children) array.push_back(ToJson(child));
    return array;
  }
  if (node.is_map()) {
    auto object = nlohmann::ordered_json::object();
    for (const YamlNode& child : node.children) object[child.key] = ToJson(child);
    return object;
  }
  if (node.is_null()) return nullptr;
  if (const auto boolean = node.AsBoolean()) return *boolean;
  if (const auto integer = node.AsInteger()) return *integer;
  if (const auto number = node.AsNumber()) return *number;
  return node.text;
}

}  // namespace

data::Value YamlNode::ToValue() const {
  if (is_null()) return std::monostate{};
  if (is_list() || is_map()) return JsonText(ToJson(*this));
  if (const auto boolean = AsBoolean()) return *boolean;
  if (const auto integer = AsInteger()) return *integer;
  if (const auto number = AsNumber()) return *number;
  return text;
}

void Reporter::Fail(Location location, std::string message, std::string hint) {
  Error error = InvalidInput(std::move(message)).At(std::move(location));
  if (!hint.empty()) error = std::move(error).WithHint(std::move(hint));
  diagnostics_.errors.push_back(std::move(error));
}

void Reporter::Fail(const YamlNode& node, std::string message, std::string hint) {
  Fail(At(node), std::move(message), std::move(hint));
}

void Reporter::FailAtKey(const YamlNode& node, std::string message, std::string hint) {
  Fail(AtKey(node), std::move(message), std::move(hint));
}

void Reporter::Fail(const YamlNode& node, Error error) {
  const bool has_place = error.location().has_value();
  diagnostics_.errors.push_back(has_place ? std::move(error) : std::move(error).At(At(node)));
}

void Reporter::Fail(Error error) { diagnostics_.errors.push_back(std::move(error)); }

void Reporter::Warn(Location location, std::string message, std::string hint) {
  Error warning = InvalidInput(std::move(message)).At(std::move(location));
  if (!hint.empty()) warning = std::move(warning).WithHint(std::move(hint));
  diagnostics_.warnings.push_back(std::move(warning));
}

Location Reporter::At(const YamlNode& node) const { return {file_, node.line, node.column}; }

Location Reporter::AtKey(const YamlNode& node) const {
  if (node.key_line == 0) return At(node);
  return {file_, node.key_line, node.key_column};
}

namespace {

// A line by its number in the text, from 1.
std::string_view LineOf(std::string_view text, int line) {
  std::size_t begin = 0;
  for (int i = 1; i < line && begin != std::string_view::npos; i++) {
    const std::size_t end = text.find('\n', begin);
    begin = end == std::string_view::npos ? end : end + 1;
  }
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find('\n', begin) - begin);
}

// What is most likely meant where the syntax is wrong.
std::string HintFor(std::string_view line) {
  for (const char first : std::string_view("@*&%`!")) {
    for (const char* before : {": ", "- ", "[", ", "}) {
      const std::string begin = std::string(before) + first;
      const std::size_t at = line.find(begin);
      if (at == std::string_view::npos) continue;
      const std::string_view rest = line.substr(at + begin.size() - 1);
      const std::string_view word = rest.substr(0, rest.find_first_of(" ,]}\r"));
      return fmt::format("text that begins with {} needs quotes: \"{}\"", first, word);
    }
  }
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos && colon + 1 < line.size() && line[colon + 1] != ' ' &&
      line.find(": ") == std::string_view::npos && line.find('"') == std::string_view::npos) {
    return "a value needs a space after the colon";
  }
  return "check the indentation; text with ': ', ' #' or a bracket in it needs quotes";
}

}  // namespace

std::optional<YamlNode> ParseYaml(std::string_view text, int first_line, Reporter& reporter) {
  if (FindTabs(text, first_line, reporter)) return std::nullopt;
  std::istringstream stream{std::string(text)};
  const Places places(text, first_line);
  TreeBuilder builder(places, reporter);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.TakeRoot();
  } catch (const Abort& abort) {
    reporter.Fail({reporter.file(), abort.line, abort.column}, abort.message, abort.hint);
  } catch (const YAML::Exception& error) {
    const Location place{reporter.file(), places.LineOf(error.mark), places.ColumnOf(error.mark)};
    reporter.Fail(place, "cannot read the YAML: " + error.msg,
                  HintFor(LineOf(text, place.line - first_line + 1)));
  }
  return std::nullopt;
}

namespace {

std::size_t OffsetOfLine(std::string_view text, int line) {
  std::size_t at = 0;
  for (int i = 1; i < line; i++) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string_view::npos) return text.size();
    at = end + 1;
  }
  return at;
}

// The offset of a column, which counts characters, behind the line's begin.
std::size_t OffsetOfColumn(std::string_view text, std::size_t line_begin, int column) {
  std::size_t at = line_begin;
  for (int i = 1; i < column && at < text.size(); i++) {
    do {
      at++;
    } while (at < text.size() && !BeginsCharacter(text[at]));
  }
  return at;
}

// The indentation of a literal block whose header ("|") stands in `header_line`.
std::size_t BlockIndentation(std::string_view text, int header_line) {
  for (std::size_t at = OffsetOfLine(text, header_line + 1); at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::size_t content = text.find_first_not_of(" \r", at);
    if (content < end) return content - at;
    at = end + 1;
  }
  return 0;
}

}  // namespace

Location PlaceInScalar(const SourceText& source, const YamlNode& scalar, const Location& in_value) {
  const std::string_view text = source.text;
  Location place{source.file, scalar.line, scalar.column};
  const std::size_t begin = OffsetOfColumn(text, OffsetOfLine(text, scalar.line), scalar.column);
  if (begin >= text.size() || in_value.line == 0) return place;
  if (text[begin] == '|') {
    place.line += in_value.line;
    place.column = static_cast<int>(BlockIndentation(text, scalar.line)) + in_value.column;
    return place;
  }
  const bool quoted = text[begin] == '"' || text[begin] == '\'';
  const std::size_t content = begin + (quoted ? 1 : 0);
  if (text.substr(content, scalar.text.size()) == scalar.text) {
    place.line += in_value.line - 1;
    place.column = in_value.column;
    if (in_value.line == 1) place.column += scalar.column - 1 + (quoted ? 1 : 0);
  }
  return place;
}

}  // namespace leat::project

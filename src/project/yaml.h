// YAML as a tree of plain nodes that know their line and column. The subset people need: one
// document, maps with text keys, lists, scalars, anchors and aliases within limits; no tags, no
// merge keys.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/value.h"
#include "project/diagnostics.h"
#include "project/source_text.h"

namespace leat::project {

struct YamlNode {
  enum class Kind { kNull, kScalar, kSequence, kMap };

  Kind kind = Kind::kNull;
  std::string text;          // kScalar: the value, quotes and escapes resolved
  bool plain = false;        // kScalar: written without quotes, so it may be a number or boolean
  int line = 0, column = 0;  // from 1
  std::string key;           // within a map
  int key_line = 0, key_column = 0;
  std::vector<YamlNode> children;  // of a list or map, in the order of the file

  bool is_null() const { return kind == Kind::kNull; }
  bool is_scalar() const { return kind == Kind::kScalar; }
  bool is_list() const { return kind == Kind::kSequence; }
  bool is_map() const { return kind == Kind::kMap; }
  // "text", "a list", "a map", "nothing": for messages, never the value itself.
  const char* KindName() const;

  // The scalar's value if it is written as such (YAML 1.2 core schema).
  std::optional<bool> AsBoolean() const;
  std::optional<std::int64_t> AsInteger() const;
  std::optional<double> AsNumber() const;  // integers too
  // Null, boolean, integer, number or else text; lists and maps as JSON text.
  data::Value ToValue() const;
};

// Collects the problems of one file.
class Reporter {
 public:
  Reporter(std::string file, Diagnostics& diagnostics)
      : file_(std::move(file)), diagnostics_(diagnostics) {}

  void Fail(Location location, std::string message, std::string hint = "");
  void Fail(const YamlNode& node, std::string message, std::string hint = "");
  void FailAtKey(const YamlNode& node, std::string message, std::string hint = "");
  // Adds a library's error, at the node unless it has a place already.
  void Fail(const YamlNode& node, Error error);
  // Adds an error that has its place.
  void Fail(Error error);
  void Warn(Location location, std::string message, std::string hint = "");

  Location At(const YamlNode& node) const;
  Location AtKey(const YamlNode& node) const;
  const std::string& file() const { return file_; }

 private:
  std::string file_;
  Diagnostics& diagnostics_;
};

// Parses `text`, whose first line is `first_line` of the reporter's file. Nothing when the syntax
// is wrong or a limit is exceeded. Duplicate keys are reported and the first one is kept.
std::optional<YamlNode> ParseYaml(std::string_view text, int first_line, Reporter& reporter);

// The place in the file of a line and column within the scalar's value, for errors in SQL inside
// YAML. Exact where the value is written on one line without escapes or as a literal block (|);
// else the place where the scalar begins.
Location PlaceInScalar(const SourceText& source, const YamlNode& scalar, const Location& in_value);

}  // namespace leat::project

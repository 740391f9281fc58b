// Writes the JSON of the log: its entries and what stands beside them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "delta/actions.h"

namespace leat::delta {

// The text in quotes, with what JSON wants escaped.
void AppendString(std::string& out, std::string_view text);

// One JSON object: Key("a") then a value, in any number, then Close().
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& out) : out_(out) { out_ += '{'; }
  void Close() { out_ += '}'; }

  std::string& Key(std::string_view key) {
    if (!first_) out_ += ',';
    first_ = false;
    AppendString(out_, key);
    out_ += ':';
    return out_;
  }
  void Text(std::string_view key, std::string_view value) { AppendString(Key(key), value); }
  void Number(std::string_view key, std::int64_t value) { Key(key) += std::to_string(value); }
  void Flag(std::string_view key, bool value) { Key(key) += value ? "true" : "false"; }

  void Texts(std::string_view key, const std::vector<std::string>& values) {
    Key(key) += '[';
    for (std::size_t i = 0; i < values.size(); i++) {
      if (i > 0) out_ += ',';
      AppendString(out_, values[i]);
    }
    out_ += ']';
  }

  template <typename Map>
  void TextMap(std::string_view key, const Map& values) {
    ObjectWriter inner(Key(key));
    for (const auto& [name, value] : values) {
      if constexpr (std::is_same_v<typename Map::mapped_type, std::string>) {
        inner.Text(name, value);
      } else if (value) {
        inner.Text(name, *value);
      } else {
        inner.Key(name) += "null";
      }
    }
    inner.Close();
  }

 private:
  std::string& out_;
  bool first_ = true;
};

// The fields of an action.
void Write(ObjectWriter& action, const Protocol& protocol);
void Write(ObjectWriter& action, const Metadata& metadata);
void Write(ObjectWriter& action, const AppTransaction& transaction);
void Write(ObjectWriter& action, const DomainMetadata& domain);

}  // namespace leat::delta

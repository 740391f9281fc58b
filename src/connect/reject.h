// What a source had and a table cannot have.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace leat::connect {

// A record that is not stored: its own text, where it stood, and why.
struct Reject {
  std::string source;         // as rows name it in _leat_source
  std::int64_t position = 0;  // of a file: of its first byte in the decoded text
  std::optional<std::int64_t> line;
  std::string raw;
  std::string column;  // empty: the whole record
  std::string error;
};

}  // namespace leat::connect

// Keeps secret values out of everything that is printed, logged, stored or sent.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace leat {

// Shorter values are not replaced: they would tear holes into ordinary text and protect nothing.
constexpr std::size_t kMinSecretBytes = 4;

// Replaces each secret by "***", also where it appears percent-encoded or escaped as in JSON.
// Thread-safe after construction. Redact before shortening: a cut secret is no longer found.
class Redactor {
 public:
  Redactor() = default;
  explicit Redactor(const std::vector<std::string>& secrets);

  std::string Redact(std::string_view text) const;

 private:
  std::vector<std::string> patterns_;  // longest first
};

}  // namespace leat

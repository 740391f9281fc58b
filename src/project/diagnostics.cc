#include "project/diagnostics.h"

#include <algorithm>
#include <tuple>

namespace leat::project {
namespace {

auto SortKey(const Error& error) {
  static const Location kNowhere;
  const Location& at = error.location() ? *error.location() : kNowhere;
  return std::tie(at.file, at.line, at.column, error.message());
}

void SortUnique(std::vector<Error>& errors) {
  std::stable_sort(errors.begin(), errors.end(),
                   [](const Error& a, const Error& b) { return SortKey(a) < SortKey(b); });
  const auto same = [](const Error& a, const Error& b) { return SortKey(a) == SortKey(b); };
  errors.erase(std::unique(errors.begin(), errors.end(), same), errors.end());
}

}  // namespace

void Diagnostics::Sort() {
  SortUnique(errors);
  SortUnique(warnings);
}

}  // namespace leat::project

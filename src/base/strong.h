// Strong types: one template, a unique tag each, so that an asset name is never taken for a path.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <utility>

namespace leat {

template <typename Tag, typename T>
class Strong {
 public:
  Strong() = default;
  explicit Strong(T value) : value_(std::move(value)) {}
  const T& value() const { return value_; }
  auto operator<=>(const Strong&) const = default;

 private:
  T value_{};
};

using AssetName = Strong<struct AssetNameTag, std::string>;  // "silver.orders"
using RunId = Strong<struct RunIdTag, std::string>;          // UUID of one `leat run`
using TableVersion = Strong<struct TableVersionTag, long>;   // a Delta table's version, from 0

}  // namespace leat

template <typename Tag, typename T>
struct std::hash<leat::Strong<Tag, T>> {
  std::size_t operator()(const leat::Strong<Tag, T>& s) const { return std::hash<T>()(s.value()); }
};

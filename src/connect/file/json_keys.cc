#include "connect/file/json_keys.h"

#include <cstring>

#include "base/text.h"
#include "connect/file/json_text.h"

namespace leat::connect {
namespace {

// Of keys to be remembered beside the known ones, which another file may have in every record.
constexpr std::size_t kMaxKeys = 10'000;

// The end of a string's text, at the quote that ends it.
const char* TextEnd(const char* at, const char* end) {
  while (at < end && *at != '"') at += *at == '\\' ? 2 : 1;
  return at < end ? at : nullptr;
}

}  // namespace

void JsonKeys::Add(std::string_view name, int field) {
  if (field >= static_cast<int>(last_.size())) last_.resize(static_cast<std::size_t>(field) + 1);
  const auto [found, is_new] = numbers_.emplace(ToLower(name), fields_.size());
  if (!is_new) return;
  fields_.push_back(field);
  seen_.emplace_back();
}

void JsonKeys::BeginObject() {
  if (keys_.size() > kMaxKeys + fields_.size()) ForgetUnknown();
  object_++;
  before_ = &first_;
}

const JsonKeys::Key* JsonKeys::Next(const char* raw, const char* end) {
  Key* key = before_->next;
  if (key == nullptr || static_cast<std::size_t>(end - raw) < key->raw.size() ||
      std::memcmp(raw, key->raw.data(), key->raw.size()) != 0) {
    const char* quote = TextEnd(raw, end);
    key = quote == nullptr ? nullptr : LookUp({raw, quote + 1});
    if (key == nullptr) return nullptr;
    before_->next = key;
  }
  before_ = key;
  return key;
}

const JsonKeys::Key* JsonKeys::Earlier(const Key& key) {
  Seen& seen = seen_[key.number];
  if (seen.object == object_) return seen.key;
  seen = {object_, &key};
  if (key.field != kUnknown) last_[static_cast<std::size_t>(key.field)] = object_;
  return nullptr;
}

JsonKeys::Key* JsonKeys::LookUp(std::string_view raw) {
  const auto found = by_raw_.find(raw);
  if (found != by_raw_.end()) return found->second;
  Key key;
  key.raw = raw;
  if (!UnescapeJson(raw.substr(0, raw.size() - 1), key.name)) return nullptr;
  const auto [number, is_new] = numbers_.emplace(ToLower(key.name), seen_.size());
  if (is_new) seen_.emplace_back();
  key.number = number->second;
  if (key.number < fields_.size()) key.field = fields_[key.number];
  keys_.push_back(std::move(key));
  by_raw_.emplace(keys_.back().raw, &keys_.back());
  return &keys_.back();
}

void JsonKeys::ForgetUnknown() {
  first_.next = nullptr;
  by_raw_.clear();
  keys_.clear();
  seen_.assign(fields_.size(), {});
  std::erase_if(numbers_, [this](const auto& each) { return each.second >= fields_.size(); });
}

}  // namespace leat::connect

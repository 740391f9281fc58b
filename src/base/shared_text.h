// Texts that share memory: for what there are millions of.
#pragma once

#include <cstddef>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>

namespace leat {

// A text that never changes. Copies share it. Thread-safe as std::shared_ptr is.
class SharedText {
 public:
  SharedText() = default;
  // In memory of its own.
  SharedText(std::string_view text);
  SharedText(const std::string& text) : SharedText(std::string_view(text)) {}
  SharedText(const char* text) : SharedText(std::string_view(text)) {}

  std::string_view view() const { return {data_.get(), size_}; }
  operator std::string_view() const { return view(); }
  bool empty() const { return size_ == 0; }

  friend bool operator==(const SharedText& a, const SharedText& b) { return a.view() == b.view(); }
  friend std::ostream& operator<<(std::ostream& out, const SharedText& text) {
    return out << text.view();
  }

 private:
  friend class TextPool;

  std::shared_ptr<const char> data_;
  std::size_t size_ = 0;
};

// Makes shared texts that lie beside each other, in blocks that live as long as one of their texts.
// Not thread-safe; its texts are.
class TextPool {
 public:
  SharedText Add(std::string_view text);

 private:
  std::shared_ptr<char[]> block_;
  std::size_t used_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace leat

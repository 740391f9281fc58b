#include "base/shared_text.h"

#include <algorithm>

namespace leat {
namespace {

// Large enough to cost little per text, small enough to be kept for one.
constexpr std::size_t kMaxBlockBytes = 32 * 1024;

}  // namespace

SharedText::SharedText(std::string_view text) { *this = TextPool().Add(text); }

SharedText TextPool::Add(std::string_view text) {
  SharedText added;
  if (text.empty()) return added;
  if (text.size() > capacity_ - used_) {
    capacity_ = std::max(text.size(), std::min(2 * capacity_, kMaxBlockBytes));
    block_ = std::make_shared_for_overwrite<char[]>(capacity_);
    used_ = 0;
  }
  char* begin = block_.get() + used_;
  std::copy(text.begin(), text.end(), begin);
  used_ += text.size();
  added.data_ = std::shared_ptr<const char>(block_, begin);
  added.size_ = text.size();
  return added;
}

}  // namespace leat

#include "delta/file_list.h"

#include <algorithm>

#include "delta/limits.h"

namespace leat::delta {

const AddFile& FileList::operator[](std::size_t place) const {
  const auto end = std::upper_bound(ends_.begin(), ends_.end(), place);
  const auto block = static_cast<std::size_t>(end - ends_.begin());
  const std::size_t begin = block == 0 ? 0 : ends_[block - 1];
  return (*blocks_[block])[place - begin];
}

void FileList::Append(Block files) {
  if (files.empty()) return;
  const std::size_t size_after = size() + files.size();
  const bool joins = !blocks_.empty() && blocks_.back().use_count() == 1 &&
                     blocks_.back()->size() + files.size() <= kMaxFilesToMove;
  if (joins) {
    blocks_.back()->insert(blocks_.back()->end(), std::move_iterator(files.begin()),
                           std::move_iterator(files.end()));
    ends_.back() = size_after;
    return;
  }
  blocks_.push_back(std::make_shared<Block>(std::move(files)));
  ends_.push_back(size_after);
}

void FileList::Append(FileList files) {
  for (std::shared_ptr<Block>& block : files.blocks_) {
    ends_.push_back(size() + block->size());
    blocks_.push_back(std::move(block));
  }
}

void FileList::Tidy() {
  std::erase_if(blocks_, [](const auto& block) { return block->empty(); });
  ends_.clear();
  for (const auto& block : blocks_) ends_.push_back(size() + block->size());
}

}  // namespace leat::delta

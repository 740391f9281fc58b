// The files of a table's version.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "delta/actions.h"

namespace leat::delta {

// Files in order, in blocks: those of another list, or of several threads, come in without being
// moved one by one. Copies share the blocks. Thread-safe as std::vector is; the lists that share
// blocks may be used by different threads.
class FileList {
 public:
  using Block = std::vector<AddFile>;

  class const_iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = AddFile;
    using difference_type = std::ptrdiff_t;
    using pointer = const AddFile*;
    using reference = const AddFile&;

    const_iterator() = default;
    reference operator*() const { return *file_; }
    pointer operator->() const { return file_; }
    const_iterator& operator++() {
      if (++file_ == end_) Enter(++block_);
      return *this;
    }
    const_iterator operator++(int) { return std::exchange(*this, std::next(*this)); }
    friend bool operator==(const const_iterator& a, const const_iterator& b) {
      return a.file_ == b.file_;
    }

   private:
    friend class FileList;
    const_iterator(const std::vector<std::shared_ptr<Block>>& blocks, std::size_t block)
        : blocks_(&blocks), block_(block) {
      Enter(block);
    }
    void Enter(std::size_t block) {
      const bool is_over = block == blocks_->size();
      file_ = is_over ? nullptr : (*blocks_)[block]->data();
      end_ = is_over ? nullptr : file_ + (*blocks_)[block]->size();
    }

    const std::vector<std::shared_ptr<Block>>* blocks_ = nullptr;
    std::size_t block_ = 0;
    const AddFile* file_ = nullptr;  // null at the end
    const AddFile* end_ = nullptr;   // of the block
  };

  using value_type = AddFile;
  using size_type = std::size_t;
  using iterator = const_iterator;
  using const_reference = const AddFile&;

  FileList() = default;
  FileList(Block files) { Append(std::move(files)); }
  FileList(std::initializer_list<AddFile> files) { Append(Block(files)); }

  bool empty() const { return blocks_.empty(); }
  std::size_t size() const { return ends_.empty() ? 0 : ends_.back(); }
  const_iterator begin() const { return {blocks_, 0}; }
  const_iterator end() const { return {blocks_, blocks_.size()}; }
  // By its place from 0, which must be below size(): as long as a search among the blocks.
  const AddFile& operator[](std::size_t place) const;
  const AddFile& back() const { return blocks_.back()->back(); }
  const std::vector<std::shared_ptr<Block>>& blocks() const { return blocks_; }  // none is empty

  void Append(Block files);
  void Append(FileList files);
  // Takes the files away for which is_gone(file) is true, as it always says; other lists keep them.
  template <typename Predicate>
  void EraseIf(Predicate is_gone) {
    for (std::shared_ptr<Block>& block : blocks_) {
      if (block.use_count() == 1) {
        std::erase_if(*block, is_gone);
      } else if (std::any_of(block->begin(), block->end(), is_gone)) {
        Block kept;
        std::remove_copy_if(block->begin(), block->end(), std::back_inserter(kept), is_gone);
        block = std::make_shared<Block>(std::move(kept));
      }
    }
    Tidy();
  }

 private:
  void Tidy();  // no empty blocks, and their ends

  std::vector<std::shared_ptr<Block>> blocks_;
  std::vector<std::size_t> ends_;  // of each block: the place after its last file
};

}  // namespace leat::delta

// The positions of deleted rows in one data file. Source: PROTOCOL.md, "Deletion Vectors" and
// "Deletion Vector Format".
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "delta/actions.h"
#include "delta/log_path.h"
#include "io/environment.h"

namespace leat::delta {

// A set of row positions, from 0, in file order. Reading is thread-safe, changing is not. Movable.
class DeletionVector {
 public:
  DeletionVector();
  ~DeletionVector();
  DeletionVector(DeletionVector&&) noexcept;
  DeletionVector& operator=(DeletionVector&&) noexcept;

  // The serialized form in memory: magic number, then a 64-bit Roaring bitmap in its portable
  // format. kCorrupt: anything else, also bitmaps that contradict themselves.
  static Result<DeletionVector> Parse(std::string_view bytes);
  std::string Serialize();  // makes the bitmap compact first

  void Add(std::uint64_t row);
  void AddAll(const DeletionVector& other);
  // Those of the rows [0, row_count) that are not in the set.
  DeletionVector Complement(std::uint64_t row_count) const;
  bool Contains(std::uint64_t row) const;
  std::int64_t cardinality() const;
  // The largest position; the vector is not empty.
  std::uint64_t last() const;
  // The rows of [first, first + count) that are not in the set, as offsets from `first`, ascending.
  // `kept` has room for `count`; returns how many were written.
  std::size_t KeptRows(std::uint64_t first, std::size_t count, std::uint32_t* kept) const;

 private:
  struct Bitmap;
  explicit DeletionVector(std::unique_ptr<Bitmap> bitmap);
  std::unique_ptr<Bitmap> bitmap_;
};

// "u", "p" or "i". kCorrupt for others.
Result<DeletionVectorDescriptor::Storage> ParseDeletionVectorStorage(std::string_view text);

// Where a vector's file lies, relative to the table or, when it is elsewhere, as in the log; empty
// for inline ones. kCorrupt: not a path of the protocol's form.
Result<std::string> DeletionVectorPath(const DeletionVectorDescriptor& descriptor,
                                       std::string_view table_path);

// Reads the vector. kCorrupt naming the file: wrong checksum, size, magic or cardinality.
// kInvalidInput: its path leads out of the table and the roots.
Result<DeletionVector> ReadDeletionVector(io::FileSystem& files, const std::string& table_path,
                                          const DeletionVectorDescriptor& descriptor,
                                          const FileRoots& roots = {});

// The vector within its descriptor.
DeletionVectorDescriptor InlineDeletionVector(DeletionVector& vector);

// Puts the vectors, none of them empty, into their descriptors where they are small
// (kMaxInlineDeletionVectorBytes), the others into one new file of the table; durable when it
// returns. One descriptor each, in order.
Result<std::vector<DeletionVectorDescriptor>> WriteDeletionVectors(
    const io::Environment& environment, const std::string& table_path,
    const std::vector<DeletionVector*>& vectors);

}  // namespace leat::delta

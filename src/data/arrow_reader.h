// Reads the columns of an Arrow batch cell by cell, whatever physical layout its producer chose.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/int128.h"
#include "base/result.h"
#include "data/arrow.h"

namespace leat::data {

enum class ArrowKind {
  kBool,     // "b"
  kInt,      // any integer width, dates and timestamps in their own unit
  kDouble,   // "f", "g"
  kDecimal,  // "d:<precision>,<scale>" in 128 bits
  kString,   // text or bytes: "u", "z", "U", "Z", "vu", "vz"
  kStruct,   // "+s"
  kList,     // "+l", "+L"
  kMap,      // "+m": child(0) are the keys, child(1) the values
  kOther,    // nothing of it can be read but IsNull
};

// A view of one column: cheap to copy, valid as long as the batch. Reading as another kind than
// kind(), or a row beyond row_count(), is a programmer's mistake (assert); what a file may hold is
// checked with Find and kind(). Values of null rows are unspecified. Thread-safe.
class ArrowView {
 public:
  // The batch as a struct column. kCorrupt: the structures contradict each other.
  static Result<ArrowView> Of(const ArrowBatch& batch);

  ArrowKind kind() const { return kind_; }
  // The layout and unit, as the Arrow C data interface writes them: "tsu:UTC".
  std::string_view format() const { return schema_->format; }
  std::string_view name() const { return schema_->name == nullptr ? "" : schema_->name; }
  std::int64_t row_count() const { return row_count_; }

  bool IsNull(std::int64_t row) const;
  bool Bool(std::int64_t row) const;
  std::int64_t Int(std::int64_t row) const;
  double Double(std::int64_t row) const;
  Int128 Decimal(std::int64_t row) const;  // without the point
  int decimal_scale() const;               // digits after it
  std::string_view String(std::int64_t row) const;

  // The child's rows that belong to a row of a list or map.
  struct Range {
    std::int64_t begin = 0;
    std::int64_t end = 0;
  };
  Range Elements(std::int64_t row) const;

  // Struct: field number `index`; list: 0, the elements; map: 0, the keys, and 1, the values.
  ArrowView child(std::size_t index) const { return children_[index]; }
  std::size_t child_count() const { return children_.size(); }
  // The struct's field of that name; nothing when it is missing. kCorrupt when it is of another
  // kind.
  Result<std::optional<ArrowView>> Find(std::string_view field_name, ArrowKind expected) const;

 private:
  // How the cells lie in memory.
  enum class Layout {
    kNone,
    kBits,
    kInt8,
    kUint8,
    kInt16,
    kUint16,
    kInt32,
    kUint32,
    kInt64,
    kFloat,
    kDouble,
    kInt128,
    kOffsets32,
    kOffsets64,
    kStringViews,
  };

  static Result<ArrowView> Make(const ArrowSchema& schema, const ArrowArray& array,
                                std::int64_t parent_offset, std::int64_t row_count, int depth);
  Status SetLayout();
  Status AddChildren(int depth);
  std::int64_t OffsetAt(std::int64_t position) const;
  template <typename T>
  T At(std::int64_t position, std::size_t buffer = 1) const {
    return static_cast<const T*>(array_->buffers[buffer])[position];
  }

  const ArrowSchema* schema_ = nullptr;
  const ArrowArray* array_ = nullptr;
  std::int64_t offset_ = 0;  // of row 0 in the buffers: the array's own and its parents' offsets
  std::int64_t row_count_ = 0;
  ArrowKind kind_ = ArrowKind::kOther;
  Layout layout_ = Layout::kNone;
  std::vector<ArrowView> children_;
};

// Names for messages: "text", "a list", ....
const char* ToString(ArrowKind kind);

}  // namespace leat::data

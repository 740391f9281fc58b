// Builds Arrow columns row by row in memory: for what Leat's own readers read and for the small
// batches that it makes itself (checkpoints, samples). Layouts: booleans "b", integers "c", "s",
// "i" and "l", dates "tdD", times "tsu:", floating point "f" and "g", decimals "d:" in 128 bits,
// text "U" and bytes "Z" (64-bit offsets), "+s", "+l", "+m".
#pragma once

#include <cassert>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/int128.h"
#include "data/arrow.h"
#include "data/schema.h"

namespace leat::data {

// One column under construction. Appending to a column of another kind is a programmer's mistake
// (assert). Not thread-safe.
//
//   ArrowColumn tags = ArrowColumn::Map("tags", ArrowColumn::String("key"),
//   ArrowColumn::String("value")); tags.child(0).AppendString("k");
//   tags.child(1).AppendString("v"); tags.EndRow();   // {"k": "v"} tags.EndRow(); // {}
//   tags.AppendNull();
class ArrowColumn {
 public:
  // The layout in which this file has values of the type.
  static ArrowColumn Of(std::string name, const Type& type);
  static ArrowColumn Bool(std::string name);
  static ArrowColumn Int8(std::string name);
  static ArrowColumn Int16(std::string name);
  static ArrowColumn Int32(std::string name);
  static ArrowColumn Int64(std::string name);
  static ArrowColumn Date(std::string name);
  static ArrowColumn Timestamp(std::string name, bool in_utc);  // without a time zone if not
  static ArrowColumn Float(std::string name);
  static ArrowColumn Double(std::string name);
  static ArrowColumn Decimal(std::string name, int precision, int scale);
  static ArrowColumn String(std::string name);  // UTF-8
  static ArrowColumn Binary(std::string name);
  // The text in all rows: a dictionary of one entry. Complete as it is.
  static ArrowColumn Constant(std::string name, std::string_view text, std::int64_t row_count);
  static ArrowColumn Struct(std::string name, std::vector<ArrowColumn> fields);
  static ArrowColumn List(std::string name, ArrowColumn element);
  static ArrowColumn Map(std::string name, ArrowColumn key, ArrowColumn value);

  void AppendNull();  // of a struct: its fields get a null each
  void AppendBool(bool value);
  void AppendInt(std::int64_t value) {  // that fits; days, microseconds since 1970
    switch (kind_) {
      case Kind::kInt64: int64s_.push_back(value); break;
      case Kind::kInt32: int32s_.push_back(Narrow<std::int32_t>(value)); break;
      case Kind::kInt16: int16s_.push_back(Narrow<std::int16_t>(value)); break;
      case Kind::kInt8: int8s_.push_back(Narrow<std::int8_t>(value)); break;
      default: assert(false);
    }
    AppendValid();
  }
  void AppendReal(double value);  // Float: the nearest
  void AppendDecimal(Int128 unscaled);
  void AppendString(std::string_view value) {  // or bytes
    assert(kind_ == Kind::kString);
    text_.append(value);
    int64s_.push_back(static_cast<std::int64_t>(text_.size()));
    AppendValid();
  }
  // Struct: each field has got its value. List, map: the row's elements are the child's values
  // appended since the last row.
  void EndRow();
  // Takes the rows after the first `row_count` away again, of the children too: those of a record
  // that turned out to be bad. Rows that a struct's fields, a list's or map's elements have got
  // since its last EndRow go as well.
  void Truncate(std::int64_t row_count);
  void Reserve(std::size_t rows);

  // Struct: its fields in order; list: 0 is the element; map: 0 the key, 1 the value.
  ArrowColumn& child(std::size_t index);
  const std::string& name() const { return name_; }
  std::int64_t row_count() const { return row_count_; }

 private:
  friend ArrowBatch ToArrowBatch(std::vector<ArrowColumn> columns);
  enum class Kind {
    kBool,
    kInt8,
    kInt16,
    kInt32,
    kInt64,
    kFloat,
    kDouble,
    kDecimal,
    kString,
    kStruct,
    kList,
    kMap
  };

  ArrowColumn(Kind kind, std::string name, std::string format,
              std::vector<ArrowColumn> children = {});
  template <typename Integer>
  static Integer Narrow(std::int64_t value) {
    assert(std::in_range<Integer>(value));
    return static_cast<Integer>(value);
  }
  void AppendValid() {
    if (null_count_ > 0) AppendValidity(true);
    row_count_++;
  }
  void AppendNullBit();
  void TruncateOwn(std::int64_t row_count);
  void AppendValidity(bool valid);
  void ExportArray(ArrowArray* array) &&;
  void ExportSchema(ArrowSchema* schema) const;

  Kind kind_;
  std::string name_;
  std::string format_;
  std::int64_t row_count_ = 0;
  std::int64_t null_count_ = 0;
  bool nullable_ = true;
  std::vector<std::uint8_t> validity_;  // a bit a row, lowest first; empty before the first null
  std::vector<std::uint8_t> bits_;      // kBool
  std::vector<std::int8_t> int8s_;      // kInt8
  std::vector<std::int16_t> int16s_;    // kInt16
  std::vector<std::int32_t> int32s_;    // values of kInt32, offsets of kList and kMap
  std::vector<std::int64_t> int64s_;    // values of kInt64, offsets of kString
  std::vector<float> floats_;           // kFloat
  std::vector<double> doubles_;         // kDouble
  std::vector<Int128> decimals_;        // kDecimal
  std::string text_;                    // kString
  bool is_constant_ = false;            // kInt8: numbers of rows of the only child, a dictionary
  std::vector<ArrowColumn> children_;
};

// All columns have the same number of rows.
ArrowBatch ToArrowBatch(std::vector<ArrowColumn> columns);

}  // namespace leat::data

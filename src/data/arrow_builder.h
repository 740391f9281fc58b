// Builds Arrow columns row by row in memory: for the small batches that Leat itself makes
// (checkpoints, samples, seeds). Layouts: booleans "b", integers "i" and "l", dates "tdD", times
// "tsu:", floating point "f" and "g", decimals "d:" in 128 bits, text "U" and bytes "Z" (64-bit
// offsets), "+s", "+l", "+m".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/int128.h"
#include "data/arrow.h"

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
  static ArrowColumn Bool(std::string name);
  static ArrowColumn Int32(std::string name);
  static ArrowColumn Int64(std::string name);
  static ArrowColumn Date(std::string name);
  static ArrowColumn Timestamp(std::string name, bool in_utc);  // without a time zone if not
  static ArrowColumn Float(std::string name);
  static ArrowColumn Double(std::string name);
  static ArrowColumn Decimal(std::string name, int precision, int scale);
  static ArrowColumn String(std::string name);  // UTF-8
  static ArrowColumn Binary(std::string name);
  static ArrowColumn Struct(std::string name, std::vector<ArrowColumn> fields);
  static ArrowColumn List(std::string name, ArrowColumn element);
  static ArrowColumn Map(std::string name, ArrowColumn key, ArrowColumn value);

  void AppendNull();  // of a struct: its fields get a null each
  void AppendBool(bool value);
  void AppendInt(std::int64_t value);  // kInt32 takes what fits; days, microseconds since 1970
  void AppendReal(double value);       // Float: the nearest
  void AppendDecimal(Int128 unscaled);
  void AppendString(std::string_view value);  // or bytes
  // Struct: each field has got its value. List, map: the row's elements are the child's values
  // appended since the last row.
  void EndRow();

  // Struct: its fields in order; list: 0 is the element; map: 0 the key, 1 the value.
  ArrowColumn& child(std::size_t index);
  const std::string& name() const { return name_; }
  std::int64_t row_count() const { return row_count_; }

 private:
  friend ArrowBatch ToArrowBatch(std::vector<ArrowColumn> columns);
  enum class Kind {
    kBool,
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
  void AppendValidity(bool valid);
  void ExportArray(ArrowArray* array) &&;
  void ExportSchema(ArrowSchema* schema) const;

  Kind kind_;
  std::string name_;
  std::string format_;
  std::int64_t row_count_ = 0;
  std::int64_t null_count_ = 0;
  bool nullable_ = true;
  std::vector<std::uint8_t> validity_;  // one bit per row, least significant first
  std::vector<std::uint8_t> bits_;      // kBool
  std::vector<std::int32_t> int32s_;    // values of kInt32, offsets of kList and kMap
  std::vector<std::int64_t> int64s_;    // values of kInt64, offsets of kString
  std::vector<float> floats_;           // kFloat
  std::vector<double> doubles_;         // kDouble
  std::vector<Int128> decimals_;        // kDecimal
  std::string text_;                    // kString
  std::vector<ArrowColumn> children_;
};

// All columns have the same number of rows.
ArrowBatch ToArrowBatch(std::vector<ArrowColumn> columns);

}  // namespace leat::data

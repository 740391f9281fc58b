// Builds Arrow columns row by row in memory: for the small batches that Leat itself makes
// (checkpoints, samples, seeds). Layouts: booleans "b", integers "i" and "l", text "U" (64-bit
// offsets), "+s", "+l", "+m".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

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
  static ArrowColumn String(std::string name);  // UTF-8
  static ArrowColumn Struct(std::string name, std::vector<ArrowColumn> fields);
  static ArrowColumn List(std::string name, ArrowColumn element);
  static ArrowColumn Map(std::string name, ArrowColumn key, ArrowColumn value);

  void AppendNull();  // of a struct: its fields get a null each
  void AppendBool(bool value);
  void AppendInt(std::int64_t value);  // kInt32 takes what fits
  void AppendString(std::string_view value);
  // Struct: each field has got its value. List, map: the row's elements are the child's values
  // appended since the last row.
  void EndRow();

  // Struct: its fields in order; list: 0 is the element; map: 0 the key, 1 the value.
  ArrowColumn& child(std::size_t index);
  const std::string& name() const { return name_; }
  std::int64_t row_count() const { return row_count_; }

 private:
  friend ArrowBatch ToArrowBatch(std::vector<ArrowColumn> columns);
  enum class Kind { kBool, kInt32, kInt64, kString, kStruct, kList, kMap };

  ArrowColumn(Kind kind, std::string name, std::vector<ArrowColumn> children);
  void AppendValidity(bool valid);
  const char* format() const;
  void ExportArray(ArrowArray* array) &&;
  void ExportSchema(ArrowSchema* schema) const;

  Kind kind_;
  std::string name_;
  std::int64_t row_count_ = 0;
  std::int64_t null_count_ = 0;
  bool nullable_ = true;
  std::vector<std::uint8_t> validity_;  // one bit per row, least significant first
  std::vector<std::uint8_t> bits_;      // kBool
  std::vector<std::int32_t> int32s_;    // values of kInt32, offsets of kList and kMap
  std::vector<std::int64_t> int64s_;    // values of kInt64, offsets of kString
  std::string text_;                    // kString
  std::vector<ArrowColumn> children_;
};

// All columns have the same number of rows.
ArrowBatch ToArrowBatch(std::vector<ArrowColumn> columns);

}  // namespace leat::data

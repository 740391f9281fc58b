#include "data/arrow_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <memory>
#include <utility>

namespace leat::data {
namespace {

// Owns what one ArrowArray points to; deleted by its release callback.
struct ArrayOwner {
  std::vector<std::uint8_t> validity;
  std::vector<std::uint8_t> bits;
  std::vector<std::int8_t> int8s;
  std::vector<std::int16_t> int16s;
  std::vector<std::int32_t> int32s;
  std::vector<std::int64_t> int64s;
  std::vector<float> floats;
  std::vector<double> doubles;
  std::vector<Int128> decimals;
  std::string text;
  std::vector<const void*> buffers;
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> child_pointers;
};

struct SchemaOwner {
  std::string format;
  std::string name;
  std::vector<ArrowSchema> children;
  std::vector<ArrowSchema*> child_pointers;
};

// A consumer may have taken a child by moving it out, which clears the child's own release.
template <typename Owner, typename Structure>
void Release(Structure* structure) {
  const auto owner = std::unique_ptr<Owner>(static_cast<Owner*>(structure->private_data));
  for (Structure& child : owner->children) {
    if (child.release != nullptr) child.release(&child);
  }
  structure->release = nullptr;
}

template <typename Owner, typename Structure>
void PointToChildren(Owner& owner, Structure* structure, bool is_dictionary) {
  if (is_dictionary) {
    structure->dictionary = owner.children.data();
    return;
  }
  for (auto& child : owner.children) owner.child_pointers.push_back(&child);
  structure->n_children = static_cast<std::int64_t>(owner.child_pointers.size());
  structure->children = owner.child_pointers.data();
}

void AppendBit(std::vector<std::uint8_t>& bits, std::int64_t index, bool value) {
  if (index % 8 == 0) bits.push_back(0);
  if (value) bits.back() = static_cast<std::uint8_t>(bits.back() | (1U << (index % 8)));
}

}  // namespace

ArrowColumn::ArrowColumn(Kind kind, std::string name, std::string format,
                         std::vector<ArrowColumn> children)
    : kind_(kind),
      name_(std::move(name)),
      format_(std::move(format)),
      children_(std::move(children)) {
  if (kind_ == Kind::kString) int64s_.push_back(0);
  if (kind_ == Kind::kList || kind_ == Kind::kMap) int32s_.push_back(0);
}

ArrowColumn ArrowColumn::Bool(std::string name) { return {Kind::kBool, std::move(name), "b"}; }
ArrowColumn ArrowColumn::Int8(std::string name) { return {Kind::kInt8, std::move(name), "c"}; }
ArrowColumn ArrowColumn::Int16(std::string name) { return {Kind::kInt16, std::move(name), "s"}; }
ArrowColumn ArrowColumn::Int32(std::string name) { return {Kind::kInt32, std::move(name), "i"}; }
ArrowColumn ArrowColumn::Int64(std::string name) { return {Kind::kInt64, std::move(name), "l"}; }
ArrowColumn ArrowColumn::Date(std::string name) { return {Kind::kInt32, std::move(name), "tdD"}; }
ArrowColumn ArrowColumn::Timestamp(std::string name, bool in_utc) {
  return {Kind::kInt64, std::move(name), in_utc ? "tsu:UTC" : "tsu:"};
}
ArrowColumn ArrowColumn::Float(std::string name) { return {Kind::kFloat, std::move(name), "f"}; }
ArrowColumn ArrowColumn::Double(std::string name) { return {Kind::kDouble, std::move(name), "g"}; }
ArrowColumn ArrowColumn::Decimal(std::string name, int precision, int scale) {
  return {Kind::kDecimal, std::move(name), fmt::format("d:{},{}", precision, scale)};
}
ArrowColumn ArrowColumn::String(std::string name) { return {Kind::kString, std::move(name), "U"}; }
ArrowColumn ArrowColumn::Binary(std::string name) { return {Kind::kString, std::move(name), "Z"}; }

ArrowColumn ArrowColumn::Constant(std::string name, std::string_view text, std::int64_t row_count) {
  ArrowColumn column = Int8(std::move(name));
  column.is_constant_ = true;
  column.int8s_.assign(static_cast<std::size_t>(row_count), 0);
  column.row_count_ = row_count;
  column.children_.push_back(String(""));
  column.children_[0].AppendString(text);
  return column;
}

ArrowColumn ArrowColumn::Struct(std::string name, std::vector<ArrowColumn> fields) {
  return {Kind::kStruct, std::move(name), "+s", std::move(fields)};
}

ArrowColumn ArrowColumn::List(std::string name, ArrowColumn element) {
  std::vector<ArrowColumn> children;
  children.push_back(std::move(element));
  return {Kind::kList, std::move(name), "+l", std::move(children)};
}

ArrowColumn ArrowColumn::Map(std::string name, ArrowColumn key, ArrowColumn value) {
  key.nullable_ = false;
  std::vector<ArrowColumn> pair;
  pair.push_back(std::move(key));
  pair.push_back(std::move(value));
  ArrowColumn entries = Struct("entries", std::move(pair));
  entries.nullable_ = false;
  std::vector<ArrowColumn> children;
  children.push_back(std::move(entries));
  return {Kind::kMap, std::move(name), "+m", std::move(children)};
}

ArrowColumn ArrowColumn::Of(std::string name, const Type& type) {
  const auto child = [&](std::size_t i) {
    return Of(type.children[i].name, type.children[i].type);
  };
  switch (type.kind) {
    case TypeKind::kBoolean: return Bool(std::move(name));
    case TypeKind::kByte: return Int8(std::move(name));
    case TypeKind::kShort: return Int16(std::move(name));
    case TypeKind::kInteger: return Int32(std::move(name));
    case TypeKind::kLong: return Int64(std::move(name));
    case TypeKind::kFloat: return Float(std::move(name));
    case TypeKind::kDouble: return Double(std::move(name));
    case TypeKind::kDecimal: return Decimal(std::move(name), type.precision, type.scale);
    case TypeKind::kString: return String(std::move(name));
    case TypeKind::kBinary: return Binary(std::move(name));
    case TypeKind::kDate: return Date(std::move(name));
    case TypeKind::kTimestamp: return Timestamp(std::move(name), true);
    case TypeKind::kTimestampNtz: return Timestamp(std::move(name), false);
    case TypeKind::kArray: return List(std::move(name), child(0));
    case TypeKind::kMap: return Map(std::move(name), child(0), child(1));
    case TypeKind::kStruct: break;
  }
  std::vector<ArrowColumn> fields;
  for (std::size_t i = 0; i < type.children.size(); i++) fields.push_back(child(i));
  return Struct(std::move(name), std::move(fields));
}

ArrowColumn& ArrowColumn::child(std::size_t index) {
  if (kind_ == Kind::kMap) return children_[0].children_[index];
  return children_[index];
}

void ArrowColumn::AppendValidity(bool valid) { AppendBit(validity_, row_count_, valid); }

void ArrowColumn::AppendNullBit() {
  if (null_count_ == 0) {  // all rows before it have values
    validity_.assign(static_cast<std::size_t>((row_count_ + 7) / 8), 0xFF);
    if (row_count_ % 8 != 0)
      validity_.back() = static_cast<std::uint8_t>((1U << (row_count_ % 8)) - 1);
  }
  AppendValidity(false);
  null_count_++;
  row_count_++;
}

void ArrowColumn::AppendNull() {
  switch (kind_) {
    case Kind::kBool: AppendBit(bits_, row_count_, false); break;
    case Kind::kInt8: int8s_.push_back(0); break;
    case Kind::kInt16: int16s_.push_back(0); break;
    case Kind::kInt32: int32s_.push_back(0); break;
    case Kind::kInt64: int64s_.push_back(0); break;
    case Kind::kFloat: floats_.push_back(0); break;
    case Kind::kDouble: doubles_.push_back(0); break;
    case Kind::kDecimal: decimals_.push_back(0); break;
    case Kind::kString: int64s_.push_back(int64s_.back()); break;
    case Kind::kList:
    case Kind::kMap: int32s_.push_back(int32s_.back()); break;
    case Kind::kStruct:
      for (ArrowColumn& field : children_) field.AppendNull();
      break;
  }
  AppendNullBit();
}

void ArrowColumn::AppendBool(bool value) {
  assert(kind_ == Kind::kBool);
  AppendBit(bits_, row_count_, value);
  AppendValid();
}

void ArrowColumn::AppendReal(double value) {
  assert(kind_ == Kind::kFloat || kind_ == Kind::kDouble);
  if (kind_ == Kind::kDouble) {
    doubles_.push_back(value);
  } else {
    floats_.push_back(static_cast<float>(value));
  }
  AppendValid();
}

void ArrowColumn::AppendDecimal(Int128 unscaled) {
  assert(kind_ == Kind::kDecimal);
  decimals_.push_back(unscaled);
  AppendValid();
}

void ArrowColumn::EndRow() {
  assert(kind_ == Kind::kStruct || kind_ == Kind::kList || kind_ == Kind::kMap);
  if (kind_ == Kind::kMap) {
    ArrowColumn& entries = children_[0];
    while (entries.row_count_ < entries.children_[0].row_count_) entries.EndRow();
  }
  if (kind_ == Kind::kStruct) {
    for ([[maybe_unused]] const ArrowColumn& field : children_) {
      assert(field.row_count_ > row_count_);
    }
  } else {
    assert(std::in_range<std::int32_t>(children_[0].row_count_));
    int32s_.push_back(static_cast<std::int32_t>(children_[0].row_count_));
  }
  AppendValid();
}

void ArrowColumn::Truncate(std::int64_t row_count) {
  assert(row_count <= row_count_);
  const auto rows = static_cast<std::size_t>(row_count);
  if (kind_ == Kind::kStruct) {
    for (ArrowColumn& field : children_) field.Truncate(row_count);
  } else if (kind_ == Kind::kList || kind_ == Kind::kMap) {
    int32s_.resize(rows + 1);
    ArrowColumn& elements = children_[0];
    if (kind_ == Kind::kMap) {
      for (ArrowColumn& part : elements.children_) part.Truncate(int32s_.back());
      elements.TruncateOwn(std::min<std::int64_t>(int32s_.back(), elements.row_count_));
    } else {
      elements.Truncate(int32s_.back());
    }
  } else if (kind_ == Kind::kString) {
    int64s_.resize(rows + 1);
    text_.resize(static_cast<std::size_t>(int64s_.back()));
  }
  TruncateOwn(row_count);
}

void ArrowColumn::TruncateOwn(std::int64_t row_count) {
  const auto rows = static_cast<std::size_t>(row_count);
  int8s_.resize(std::min(rows, int8s_.size()));
  int16s_.resize(std::min(rows, int16s_.size()));
  if (kind_ == Kind::kInt32) int32s_.resize(rows);
  if (kind_ == Kind::kInt64) int64s_.resize(rows);
  floats_.resize(std::min(rows, floats_.size()));
  doubles_.resize(std::min(rows, doubles_.size()));
  decimals_.resize(std::min(rows, decimals_.size()));
  const std::size_t bytes = (rows + 7) / 8;
  const auto cut = [&](std::vector<std::uint8_t>& bits) {
    if (bits.size() < bytes || bits.empty()) return;
    bits.resize(bytes);
    if (rows % 8 != 0) bits.back() &= static_cast<std::uint8_t>((1U << (rows % 8)) - 1);
  };
  cut(bits_);
  for (std::int64_t row = row_count; null_count_ > 0 && row < row_count_; row++) {
    const auto at = static_cast<std::size_t>(row);
    if ((validity_[at / 8] >> (at % 8) & 1U) == 0) null_count_--;
  }
  cut(validity_);
  if (null_count_ == 0) validity_.clear();
  row_count_ = row_count;
}

void ArrowColumn::Reserve(std::size_t rows) {
  switch (kind_) {
    case Kind::kInt32: int32s_.reserve(rows); break;
    case Kind::kString: int64s_.reserve(rows + 1); break;
    case Kind::kInt64: int64s_.reserve(rows); break;
    case Kind::kDouble: doubles_.reserve(rows); break;
    default: break;  // small, or rare
  }
}

void ArrowColumn::ExportArray(ArrowArray* array) && {
  auto owner = std::make_unique<ArrayOwner>();
  owner->validity = std::move(validity_);
  owner->bits = std::move(bits_);
  owner->int8s = std::move(int8s_);
  owner->int16s = std::move(int16s_);
  owner->int32s = std::move(int32s_);
  owner->int64s = std::move(int64s_);
  owner->floats = std::move(floats_);
  owner->doubles = std::move(doubles_);
  owner->decimals = std::move(decimals_);
  owner->text = std::move(text_);
  owner->buffers.push_back(null_count_ == 0 ? nullptr : owner->validity.data());
  switch (kind_) {
    case Kind::kBool: owner->buffers.push_back(owner->bits.data()); break;
    case Kind::kInt8: owner->buffers.push_back(owner->int8s.data()); break;
    case Kind::kInt16: owner->buffers.push_back(owner->int16s.data()); break;
    case Kind::kInt64: owner->buffers.push_back(owner->int64s.data()); break;
    case Kind::kFloat: owner->buffers.push_back(owner->floats.data()); break;
    case Kind::kDouble: owner->buffers.push_back(owner->doubles.data()); break;
    case Kind::kDecimal: owner->buffers.push_back(owner->decimals.data()); break;
    case Kind::kString:
      owner->buffers.push_back(owner->int64s.data());
      owner->buffers.push_back(owner->text.data());
      break;
    case Kind::kInt32:
    case Kind::kList:
    case Kind::kMap: owner->buffers.push_back(owner->int32s.data()); break;
    case Kind::kStruct: break;
  }
  owner->children.resize(children_.size());
  for (std::size_t i = 0; i < children_.size(); i++) {
    std::move(children_[i]).ExportArray(&owner->children[i]);
  }
  *array = {.length = row_count_,
            .null_count = null_count_,
            .n_buffers = static_cast<std::int64_t>(owner->buffers.size()),
            .buffers = owner->buffers.data(),
            .release = &Release<ArrayOwner, ArrowArray>};
  PointToChildren(*owner, array, is_constant_);
  array->private_data = owner.release();
}

void ArrowColumn::ExportSchema(ArrowSchema* schema) const {
  auto owner = std::make_unique<SchemaOwner>();
  owner->format = format_;
  owner->name = name_;
  owner->children.resize(children_.size());
  for (std::size_t i = 0; i < children_.size(); i++) children_[i].ExportSchema(&owner->children[i]);
  *schema = {.format = owner->format.c_str(),
             .name = owner->name.c_str(),
             .flags = nullable_ ? ARROW_FLAG_NULLABLE : 0,
             .release = &Release<SchemaOwner, ArrowSchema>};
  PointToChildren(*owner, schema, is_constant_);
  schema->private_data = owner.release();
}

ArrowBatch ToArrowBatch(std::vector<ArrowColumn> columns) {
  const std::int64_t row_count = columns.empty() ? 0 : columns[0].row_count();
  ArrowColumn root = ArrowColumn::Struct("", std::move(columns));
  root.nullable_ = false;
  root.row_count_ = row_count;
  ArrowBatch batch;
  root.ExportSchema(&batch.schema);
  std::move(root).ExportArray(&batch.array);
  return batch;
}

}  // namespace leat::data

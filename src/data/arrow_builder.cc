#include "data/arrow_builder.h"

#include <fmt/format.h>

#include <cassert>
#include <memory>
#include <utility>

namespace leat::data {
namespace {

// Owns what one ArrowArray points to; deleted by its release callback.
struct ArrayOwner {
  std::vector<std::uint8_t> validity;
  std::vector<std::uint8_t> bits;
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
void PointToChildren(Owner& owner, Structure* structure) {
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

ArrowColumn& ArrowColumn::child(std::size_t index) {
  if (kind_ == Kind::kMap) return children_[0].children_[index];
  return children_[index];
}

void ArrowColumn::AppendValidity(bool valid) {
  AppendBit(validity_, row_count_, valid);
  if (!valid) null_count_++;
  row_count_++;
}

void ArrowColumn::AppendNull() {
  switch (kind_) {
    case Kind::kBool: AppendBit(bits_, row_count_, false); break;
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
  AppendValidity(false);
}

void ArrowColumn::AppendBool(bool value) {
  assert(kind_ == Kind::kBool);
  AppendBit(bits_, row_count_, value);
  AppendValidity(true);
}

void ArrowColumn::AppendInt(std::int64_t value) {
  assert(kind_ == Kind::kInt64 || (kind_ == Kind::kInt32 && std::in_range<std::int32_t>(value)));
  if (kind_ == Kind::kInt64) {
    int64s_.push_back(value);
  } else {
    int32s_.push_back(static_cast<std::int32_t>(value));
  }
  AppendValidity(true);
}

void ArrowColumn::AppendReal(double value) {
  assert(kind_ == Kind::kFloat || kind_ == Kind::kDouble);
  if (kind_ == Kind::kDouble) {
    doubles_.push_back(value);
  } else {
    floats_.push_back(static_cast<float>(value));
  }
  AppendValidity(true);
}

void ArrowColumn::AppendDecimal(Int128 unscaled) {
  assert(kind_ == Kind::kDecimal);
  decimals_.push_back(unscaled);
  AppendValidity(true);
}

void ArrowColumn::AppendString(std::string_view value) {
  assert(kind_ == Kind::kString);
  text_ += value;
  int64s_.push_back(static_cast<std::int64_t>(text_.size()));
  AppendValidity(true);
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
  AppendValidity(true);
}

void ArrowColumn::ExportArray(ArrowArray* array) && {
  auto owner = std::make_unique<ArrayOwner>();
  owner->validity = std::move(validity_);
  owner->bits = std::move(bits_);
  owner->int32s = std::move(int32s_);
  owner->int64s = std::move(int64s_);
  owner->floats = std::move(floats_);
  owner->doubles = std::move(doubles_);
  owner->decimals = std::move(decimals_);
  owner->text = std::move(text_);
  owner->buffers.push_back(null_count_ == 0 ? nullptr : owner->validity.data());
  switch (kind_) {
    case Kind::kBool: owner->buffers.push_back(owner->bits.data()); break;
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
  PointToChildren(*owner, array);
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
  PointToChildren(*owner, schema);
  schema->private_data = owner.release();
}

ArrowBatch ToArrowBatch(std::vector<ArrowColumn> columns) {
  const std::int64_t row_count = columns.empty() ? 0 : columns[0].row_count();
  ArrowColumn root = ArrowColumn::Struct("", std::move(columns));
  root.nullable_ = false;
  for (std::int64_t row = 0; row < row_count; row++) root.EndRow();
  ArrowBatch batch;
  root.ExportSchema(&batch.schema);
  std::move(root).ExportArray(&batch.array);
  return batch;
}

}  // namespace leat::data

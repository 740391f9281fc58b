#include "data/arrow_reader.h"

#include <fmt/format.h>

#include <cassert>
#include <charconv>
#include <cstring>

#include "data/limits.h"

namespace leat::data {
namespace {

Error BadBatch(const ArrowSchema& schema, std::string_view what) {
  return Corrupt(fmt::format("Arrow column '{}' of format '{}': {}",
                             schema.name == nullptr ? "" : schema.name,
                             schema.format == nullptr ? "" : schema.format, what));
}

// Dates, times, timestamps and durations are integers; only their width differs.
bool IsTemporal32(std::string_view format) {
  return format == "tdD" || format == "tts" || format == "ttm";
}

// Of a decimal in 128 bits: "d:10,2" or "d:10,2,128".
std::optional<int> ScaleOf(std::string_view format) {
  if (!format.starts_with("d:")) return std::nullopt;
  const std::size_t comma = format.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  std::string_view scale = format.substr(comma + 1);
  if (scale.ends_with(",128")) scale.remove_suffix(4);
  int digits = 0;
  const auto [end, error] = std::from_chars(scale.data(), scale.data() + scale.size(), digits);
  const bool is_scale = error == std::errc() && end == scale.data() + scale.size() && digits >= 0 &&
                        digits <= kMaxDecimalPrecision;
  return is_scale ? std::optional(digits) : std::nullopt;
}

}  // namespace

const char* ToString(ArrowKind kind) {
  switch (kind) {
    case ArrowKind::kBool: return "a boolean";
    case ArrowKind::kInt: return "an integer";
    case ArrowKind::kDouble: return "a floating-point number";
    case ArrowKind::kDecimal: return "a decimal";
    case ArrowKind::kString: return "text";
    case ArrowKind::kStruct: return "a struct";
    case ArrowKind::kList: return "a list";
    case ArrowKind::kMap: return "a map";
    case ArrowKind::kOther: return "of an unknown type";
  }
  return "of an unknown type";
}

Result<ArrowView> ArrowView::Of(const ArrowBatch& batch) {
  if (batch.array.release == nullptr || batch.schema.release == nullptr) {
    return Corrupt("the Arrow batch is empty: it was moved from or never filled");
  }
  LEAT_ASSIGN(ArrowView root, Make(batch.schema, batch.array, 0, batch.array.length, 0));
  if (root.kind() != ArrowKind::kStruct) return BadBatch(batch.schema, "a batch is a struct");
  return root;
}

Result<ArrowView> ArrowView::Make(const ArrowSchema& schema, const ArrowArray& array,
                                  std::int64_t parent_offset, std::int64_t row_count, int depth) {
  if (depth > kMaxTypeDepth) return BadBatch(schema, "nested too deeply");
  if (schema.format == nullptr) return BadBatch(schema, "it has no format");
  if (array.offset < 0 || row_count < 0 || parent_offset + row_count > array.length) {
    return BadBatch(schema, "it has fewer rows than its parent");
  }
  if (schema.n_children != array.n_children) return BadBatch(schema, "children are missing");
  ArrowView view;
  view.schema_ = &schema;
  view.array_ = &array;
  view.offset_ = array.offset + parent_offset;
  view.row_count_ = row_count;
  LEAT_TRY(view.SetLayout());
  LEAT_TRY(view.AddChildren(depth));
  return view;
}

Status ArrowView::SetLayout() {
  const std::string_view format = schema_->format;
  const auto set = [this](ArrowKind kind, Layout layout) {
    kind_ = kind;
    layout_ = layout;
  };
  std::int64_t buffers = 2;
  if (schema_->dictionary != nullptr) {
    buffers = 1;  // stays kOther
  } else if (format == "b") {
    set(ArrowKind::kBool, Layout::kBits);
  } else if (format == "c") {
    set(ArrowKind::kInt, Layout::kInt8);
  } else if (format == "C") {
    set(ArrowKind::kInt, Layout::kUint8);
  } else if (format == "s") {
    set(ArrowKind::kInt, Layout::kInt16);
  } else if (format == "S") {
    set(ArrowKind::kInt, Layout::kUint16);
  } else if (format == "i" || IsTemporal32(format)) {
    set(ArrowKind::kInt, Layout::kInt32);
  } else if (format == "I") {
    set(ArrowKind::kInt, Layout::kUint32);
  } else if (format == "l" || format == "L" ||
             (format.starts_with("t") && format.size() >= 3 && !format.starts_with("ti"))) {
    set(ArrowKind::kInt, Layout::kInt64);
  } else if (format == "f") {
    set(ArrowKind::kDouble, Layout::kFloat);
  } else if (format == "g") {
    set(ArrowKind::kDouble, Layout::kDouble);
  } else if (const auto scale = ScaleOf(format)) {
    set(ArrowKind::kDecimal, Layout::kInt128);
  } else if (format == "u" || format == "z") {
    set(ArrowKind::kString, Layout::kOffsets32);
    buffers = 3;
  } else if (format == "U" || format == "Z") {
    set(ArrowKind::kString, Layout::kOffsets64);
    buffers = 3;
  } else if (format == "vu" || format == "vz") {
    set(ArrowKind::kString, Layout::kStringViews);
    buffers = 3;
  } else if (format == "+l" || format == "+m") {
    set(format == "+l" ? ArrowKind::kList : ArrowKind::kMap, Layout::kOffsets32);
  } else if (format == "+L") {
    set(ArrowKind::kList, Layout::kOffsets64);
  } else {
    if (format == "+s") set(ArrowKind::kStruct, Layout::kNone);
    buffers = 0;
  }
  if (array_->n_buffers < buffers) return BadBatch(*schema_, "buffers are missing");
  if (row_count_ > 0 && buffers >= 2 && array_->buffers[1] == nullptr) {
    return BadBatch(*schema_, "its data buffer is missing");
  }
  return Ok();
}

Status ArrowView::AddChildren(int depth) {
  if (kind_ == ArrowKind::kStruct) {
    for (std::int64_t i = 0; i < schema_->n_children; i++) {
      LEAT_ASSIGN(ArrowView child, Make(*schema_->children[i], *array_->children[i], offset_,
                                        row_count_, depth + 1));
      children_.push_back(std::move(child));
    }
    return Ok();
  }
  if (kind_ != ArrowKind::kList && kind_ != ArrowKind::kMap) return Ok();
  if (schema_->n_children != 1) return BadBatch(*schema_, "a list has one child");
  const ArrowArray& elements = *array_->children[0];
  LEAT_ASSIGN(ArrowView child,
              Make(*schema_->children[0], elements, 0, elements.length, depth + 1));
  if (row_count_ > 0 && OffsetAt(offset_ + row_count_) > child.row_count()) {
    return BadBatch(*schema_, "its offsets point beyond its elements");
  }
  if (kind_ == ArrowKind::kList) {
    children_.push_back(std::move(child));
    return Ok();
  }
  if (child.kind() != ArrowKind::kStruct || child.child_count() != 2) {
    return BadBatch(*schema_, "a map's entries are structs of key and value");
  }
  children_ = std::move(child.children_);
  return Ok();
}

bool ArrowView::IsNull(std::int64_t row) const {
  assert(row >= 0 && row < row_count_);
  if (schema_->format[0] == 'n' && schema_->format[1] == '\0') return true;
  if (array_->null_count == 0 || array_->n_buffers == 0 || array_->buffers[0] == nullptr)
    return false;
  const std::int64_t position = offset_ + row;
  return ((At<std::uint8_t>(position / 8, 0) >> (position % 8)) & 1U) == 0;
}

bool ArrowView::Bool(std::int64_t row) const {
  assert(kind_ == ArrowKind::kBool && row >= 0 && row < row_count_);
  const std::int64_t position = offset_ + row;
  return ((At<std::uint8_t>(position / 8) >> (position % 8)) & 1U) != 0;
}

std::int64_t ArrowView::Int(std::int64_t row) const {
  assert(kind_ == ArrowKind::kInt && row >= 0 && row < row_count_);
  const std::int64_t position = offset_ + row;
  switch (layout_) {
    case Layout::kInt8: return At<std::int8_t>(position);
    case Layout::kUint8: return At<std::uint8_t>(position);
    case Layout::kInt16: return At<std::int16_t>(position);
    case Layout::kUint16: return At<std::uint16_t>(position);
    case Layout::kInt32: return At<std::int32_t>(position);
    case Layout::kUint32: return At<std::uint32_t>(position);
    default: return At<std::int64_t>(position);
  }
}

double ArrowView::Double(std::int64_t row) const {
  assert(kind_ == ArrowKind::kDouble && row >= 0 && row < row_count_);
  const std::int64_t position = offset_ + row;
  return layout_ == Layout::kFloat ? At<float>(position) : At<double>(position);
}

Int128 ArrowView::Decimal(std::int64_t row) const {
  assert(kind_ == ArrowKind::kDecimal && row >= 0 && row < row_count_);
  constexpr std::int64_t kDecimalBytes = 16;
  Int128 unscaled = 0;  // the buffer may be aligned to eight bytes only
  std::memcpy(&unscaled,
              static_cast<const char*>(array_->buffers[1]) + (offset_ + row) * kDecimalBytes,
              kDecimalBytes);
  return unscaled;
}

int ArrowView::decimal_scale() const { return ScaleOf(format()).value_or(0); }

std::int64_t ArrowView::OffsetAt(std::int64_t position) const {
  return layout_ == Layout::kOffsets32 ? At<std::int32_t>(position) : At<std::int64_t>(position);
}

std::string_view ArrowView::String(std::int64_t row) const {
  assert(kind_ == ArrowKind::kString && row >= 0 && row < row_count_);
  const std::int64_t position = offset_ + row;
  if (layout_ != Layout::kStringViews) {
    const std::int64_t begin = OffsetAt(position);
    const auto size = static_cast<std::size_t>(OffsetAt(position + 1) - begin);
    return {static_cast<const char*>(array_->buffers[2]) + begin, size};
  }
  // 16 bytes: length (4), then the text if it has at most 12 bytes, else its first 4, buffer (4),
  // offset (4).
  constexpr int kViewBytes = 16;
  constexpr int kMaxInline = 12;
  const char* view = static_cast<const char*>(array_->buffers[1]) + position * kViewBytes;
  std::int32_t parts[4];
  std::memcpy(parts, view, sizeof(parts));
  const auto size = static_cast<std::size_t>(parts[0]);
  if (parts[0] <= kMaxInline) return {view + sizeof(std::int32_t), size};
  return {static_cast<const char*>(array_->buffers[2 + parts[2]]) + parts[3], size};
}

ArrowView::Range ArrowView::Elements(std::int64_t row) const {
  assert((kind_ == ArrowKind::kList || kind_ == ArrowKind::kMap) && row >= 0 && row < row_count_);
  const std::int64_t position = offset_ + row;
  return {.begin = OffsetAt(position), .end = OffsetAt(position + 1)};
}

Result<std::optional<ArrowView>> ArrowView::Find(std::string_view field_name,
                                                 ArrowKind expected) const {
  assert(kind_ == ArrowKind::kStruct);
  for (const ArrowView& field : children_) {
    if (field.name() != field_name) continue;
    if (std::string_view(field.schema_->format) == "n") return std::optional<ArrowView>();
    if (field.kind() != expected) {
      return Corrupt(fmt::format("column '{}' is {}, expected {}", field_name,
                                 ToString(field.kind()), ToString(expected)));
    }
    return std::optional<ArrowView>(field);
  }
  return std::optional<ArrowView>();
}

}  // namespace leat::data

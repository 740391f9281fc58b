#include "connect/file/json_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "base/text.h"
#include "connect/file/json_fast.h"
#include "connect/file/json_keys.h"
#include "connect/file/json_parser.h"
#include "connect/file/json_scalar.h"
#include "connect/file/json_text.h"
#include "data/convert.h"

namespace leat::connect {
namespace {

using data::ArrowColumn;
using data::Type;
using data::TypeKind;

// Of fields in a message.
constexpr std::size_t kMaxNames = 20;

// A type with what reading it needs.
struct Node {
  explicit Node(const Type& of) : type(&of) {
    for (std::size_t i = 0; i < of.children.size(); i++) {
      children.emplace_back(of.children[i].type);
      if (of.kind == TypeKind::kStruct) keys.Add(of.children[i].name, static_cast<int>(i));
    }
  }
  const Type* type;
  std::vector<Node> children;
  JsonKeys keys;
};

// Appends values to columns. Errors of a value leave a null in its place, so that the columns stay
// of equal length until the record is given up: `misfit`, of a top-level column, and `reject`, of
// the whole record, are the first of their kind.
class Appender {
 public:
  // `names_surplus`: surplus_names is to be filled.
  explicit Appender(bool names_surplus) : names_surplus_(names_surplus) {}

  void BeginRecord(const char* end) {
    end_ = end;
    reject.clear();
    misfit.clear();
    if (has_surplus) surplus_ = {};
    has_surplus = false;
    scalars_.clear();
    surplus_names.clear();
    path_.clear();
  }
  // `format`: of dates and times in text.
  bool AppendColumn(json::value value, const TargetColumn& column, Node& node, ArrowColumn& to) {
    format_ = &column.format;
    is_closed_ = column.is_closed;
    path_.assign(1, column.name);
    const bool is_valid = Append(value, node, to, 1);
    path_.clear();
    return is_valid;
  }
  // A value under a key that the record or struct lacks.
  bool PassOver(json::value value, const JsonKeys::Key& key, int depth);
  // Tells that a key comes twice.
  bool PassOverTwin(json::value value, const JsonKeys::Key& key, const JsonKeys::Key& earlier,
                    int depth);

  std::string misfit, reject;
  bool has_surplus = false;
  std::vector<std::string> surplus_names;
  // What was passed over in this record.
  void TellSurplus(DetectedType& to);

 private:
  static constexpr std::string_view kElement{};  // in a path: of a list or a map

  bool Append(json::value value, Node& node, ArrowColumn& to, int depth);
  bool AppendObject(json::value& value, Node& node, ArrowColumn& to, int depth);
  bool AppendStruct(json::object object, Node& node, ArrowColumn& to, int depth);
  bool AppendMap(json::object object, Node& node, ArrowColumn& to, int depth);
  bool AppendArray(json::value& value, Node& node, ArrowColumn& to, int depth);
  template <typename Nested>
  bool AppendRaw(Nested nested, const Node& node, ArrowColumn& to, int depth);
  void AppendNumber(std::string_view text, const Type& type, ArrowColumn& to);
  void AppendText(std::string_view text, const Type& type, ArrowColumn& to);
  void Misfit(std::string_view text, const Type& type, ArrowColumn& to);
  std::string PathTo(std::string_view name) const;
  void NameSurplus(const std::string& name);
  void TellScalars(DetectedType& to);

  const bool names_surplus_;
  const std::string* format_ = nullptr;
  bool is_closed_ = false;  // see TargetColumn
  const char* end_ = nullptr;
  std::vector<std::string_view> path_;  // the column and the fields in it; views of types
  DetectedType surplus_;
  // Of the record itself, which are many when the table lacks a column.
  std::vector<std::pair<const JsonKeys::Key*, JsonToken>> scalars_;
  JsonWalker walker_;
  std::string scratch_;
  std::vector<std::string> map_keys_;  // of the maps that are being read, one behind another
  std::size_t map_key_count_ = 0;
};

bool Appender::Append(json::value value, Node& node, ArrowColumn& to, int depth) {
  if (depth > kMaxJsonDepth) return false;
  const Type& type = *node.type;
  const JsonToken token = CheckToken(value);
  switch (token.kind) {
    case JsonToken::Kind::kInvalid: return false;
    case JsonToken::Kind::kNull: to.AppendNull(); return true;
    case JsonToken::Kind::kNumber: AppendNumber(token.text, type, to); return true;
    case JsonToken::Kind::kString: {
      const auto text = JsonTextOf(token.text, scratch_);
      if (!text) return false;
      AppendText(*text, type, to);
      return true;
    }
    case JsonToken::Kind::kTrue:
    case JsonToken::Kind::kFalse:
      if (type.kind == TypeKind::kBoolean) {
        to.AppendBool(token.kind == JsonToken::Kind::kTrue);
      } else if (type.kind == TypeKind::kString) {
        to.AppendString(token.text);
      } else {
        Misfit(token.text, type, to);
      }
      return true;
    case JsonToken::Kind::kObject: return AppendObject(value, node, to, depth);
    case JsonToken::Kind::kArray: return AppendArray(value, node, to, depth);
  }
  return false;
}

bool Appender::AppendObject(json::value& value, Node& node, ArrowColumn& to, int depth) {
  json::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) return false;
  switch (node.type->kind) {
    case TypeKind::kStruct: return AppendStruct(object, node, to, depth);
    case TypeKind::kMap: return AppendMap(object, node, to, depth);
    default: return AppendRaw(object, node, to, depth);
  }
}

bool Appender::AppendStruct(json::object object, Node& node, ArrowColumn& to, int depth) {
  node.keys.BeginObject();
  const bool is_valid = ForEachField(object, [&](const char* raw, json::value value) {
    const JsonKeys::Key* key = node.keys.Next(raw, end_);
    if (key == nullptr) return false;
    if (const JsonKeys::Key* earlier = node.keys.Earlier(*key))
      return PassOverTwin(value, *key, *earlier, depth + 1);
    if (key->field == JsonKeys::kUnknown) return PassOver(value, *key, depth + 1);
    const auto field = static_cast<std::size_t>(key->field);
    path_.push_back(node.type->children[field].name);
    const bool is_ok = Append(value, node.children[field], to.child(field), depth + 1);
    path_.pop_back();
    return is_ok;
  });
  if (!is_valid) return false;
  for (std::size_t i = 0; i < node.children.size(); i++) {
    if (!node.keys.Has(static_cast<int>(i))) to.child(i).AppendNull();
  }
  to.EndRow();
  return true;
}

// Keys that are the same value are the same text.
std::string CanonicalKey(std::string_view text, const Type& type) {
  switch (type.kind) {
    case TypeKind::kByte:
    case TypeKind::kShort:
    case TypeKind::kInteger:
    case TypeKind::kLong:
      if (const auto value = data::ToInteger(text)) return std::to_string(*value);
      break;
    case TypeKind::kDecimal:
      if (const auto value = data::ToDecimal(text, type.precision, type.scale)) {
        return fmt::format("{}:{}", static_cast<std::int64_t>(*value >> 64),
                           static_cast<std::uint64_t>(*value));
      }
      break;
    case TypeKind::kFloat:
    case TypeKind::kDouble:
      if (const auto value = data::ToDouble(text)) return fmt::format("{}", *value + 0.0);
      break;
    case TypeKind::kBoolean:
      if (const auto value = data::ToBoolean(text)) return *value ? "true" : "false";
      break;
    case TypeKind::kDate:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampNtz:
      if (const auto value = data::ToTimestamp(text)) return std::to_string(*value);
      break;
    default: break;
  }
  return std::string(text);
}

bool Appender::AppendMap(json::object object, Node& node, ArrowColumn& to, int depth) {
  const std::size_t begin = map_key_count_;
  path_.push_back(kElement);
  const bool is_valid = ForEachField(object, [&](const char* raw, json::value value) {
    const auto key = JsonWalker::KeyText(raw, end_, scratch_);
    if (!key) return false;
    if (map_key_count_ == map_keys_.size()) map_keys_.emplace_back();
    map_keys_[map_key_count_++] = CanonicalKey(*key, *node.children[0].type);
    AppendText(*key, *node.children[0].type, to.child(0));
    return Append(value, node.children[1], to.child(1), depth + 1);
  });
  path_.pop_back();
  if (!is_valid) return false;
  const auto first = map_keys_.begin() + static_cast<std::ptrdiff_t>(begin);
  const auto last = map_keys_.begin() + static_cast<std::ptrdiff_t>(map_key_count_);
  std::sort(first, last);
  const auto twin = std::adjacent_find(first, last);
  if (twin != last && reject.empty()) reject = fmt::format("the key {} comes twice", PathTo(*twin));
  map_key_count_ = begin;
  to.EndRow();
  return true;
}

bool Appender::AppendArray(json::value& value, Node& node, ArrowColumn& to, int depth) {
  json::array array;
  if (value.get_array().get(array) != simdjson::SUCCESS) return false;
  if (node.type->kind != TypeKind::kArray) return AppendRaw(array, node, to, depth);
  path_.push_back(kElement);
  const bool is_valid = ForEachElement(array, [&](json::value element) {
    return Append(element, node.children[0], to.child(0), depth + 1);
  });
  path_.pop_back();
  if (is_valid) to.EndRow();
  return is_valid;
}

// An object or array for a column that has no fields or elements.
template <typename Nested>
bool Appender::AppendRaw(Nested nested, const Node& node, ArrowColumn& to, int depth) {
  std::string_view raw;
  if (nested.raw_json().get(raw) != simdjson::SUCCESS) return false;
  raw = TrimJson(raw);
  bool has_any = false;
  if (nested.reset().get(has_any) != simdjson::SUCCESS) return false;
  bool is_valid = true;
  if constexpr (std::is_same_v<Nested, json::object>) {
    is_valid = ForEachField(nested, [&](const char* key, json::value value) {
      return JsonWalker::KeyText(key, end_, scratch_).has_value() &&
             walker_.Walk(value, end_, nullptr, depth + 1);
    });
  } else {
    is_valid = ForEachElement(
        nested, [&](json::value value) { return walker_.Walk(value, end_, nullptr, depth + 1); });
  }
  if (!is_valid) return false;
  if (node.type->kind == TypeKind::kString) {
    to.AppendString(raw);
  } else {
    Misfit(raw, *node.type, to);
  }
  return true;
}

void Appender::AppendNumber(std::string_view text, const Type& type, ArrowColumn& to) {
  switch (type.kind) {
    case TypeKind::kByte:
    case TypeKind::kShort:
    case TypeKind::kInteger:
    case TypeKind::kLong:
    case TypeKind::kFloat:
    case TypeKind::kDouble:
    case TypeKind::kDecimal:
    case TypeKind::kString: AppendText(text, type, to); break;
    default: Misfit(text, type, to);  // 1 is no boolean, 20260101 no date
  }
}

void Appender::AppendText(std::string_view text, const Type& type, ArrowColumn& to) {
  static const std::string no_format;
  const std::string& format = path_.size() == 1 ? *format_ : no_format;
  if (!AppendTextValue(text, type, format, to)) Misfit(text, type, to);
}

void Appender::Misfit(std::string_view text, const Type& type, ArrowColumn& to) {
  to.AppendNull();
  if (misfit.empty()) misfit = fmt::format("column {}: {}", PathTo({}), data::Misfit(text, type));
}

std::string Appender::PathTo(std::string_view name) const {
  std::string path;
  const auto add = [&](std::string_view part) {
    if (part.empty()) return;
    if (!path.empty()) path += '.';
    path += part;
  };
  for (const std::string_view part : path_) add(part);
  add(name);
  return path;
}

bool Appender::PassOver(json::value value, const JsonKeys::Key& key, int depth) {
  const JsonToken token = CheckToken(value);
  const bool is_scalar =
      token.kind != JsonToken::Kind::kObject && token.kind != JsonToken::Kind::kArray;
  if (token.kind == JsonToken::Kind::kNull) return true;
  if (token.kind == JsonToken::Kind::kInvalid) return false;
  if (token.kind == JsonToken::Kind::kString && !JsonTextOf(token.text, scratch_)) return false;
  if (!key.is_storable()) {
    if (reject.empty()) {
      reject = fmt::format("has a value under {}",
                           key.name.empty() ? "an empty key" : "a key with a NUL byte");
      if (!path_.empty()) reject = fmt::format("column {}: {}", PathTo({}), reject);
    }
    return is_scalar || walker_.Walk(value, end_, nullptr, depth);
  }
  if (is_closed_ && !path_.empty()) {
    if (reject.empty()) {
      reject = fmt::format("column {}: has a value in a field that its declared type lacks ({})",
                           path_[0], PathTo(key.name));
    }
    return is_scalar || walker_.Walk(value, end_, nullptr, depth);
  }
  has_surplus = true;
  NameSurplus(key.name);
  if (is_scalar && path_.empty()) {
    scalars_.emplace_back(&key, token);
    return true;
  }
  TellScalars(surplus_);  // in the order of the record
  DetectedType* at = &surplus_;
  for (const std::string_view part : path_) {
    if (part.empty()) {
      at->AddList();
      at = &at->element();
    } else {
      at->AddStruct();
      at = &at->field(part);
    }
  }
  at->AddStruct();
  DetectedType& field = at->field(key.name);
  if (!is_scalar) return walker_.Walk(value, end_, &field, depth);
  walker_.Tell(token, field);
  return true;
}

void Appender::NameSurplus(const std::string& name) {
  if (!names_surplus_ || surplus_names.size() >= kMaxNames) return;
  const std::string path = PathTo(name);
  if (std::find(surplus_names.begin(), surplus_names.end(), path) == surplus_names.end())
    surplus_names.push_back(path);
}

void Appender::TellSurplus(DetectedType& to) {
  if (!surplus_.is_unknown()) to.Join(surplus_);
  TellScalars(to);
}

void Appender::TellScalars(DetectedType& to) {
  if (scalars_.empty()) return;
  to.AddStruct();
  for (const auto& [key, token] : scalars_) walker_.Tell(token, to.field(key->name));
  scalars_.clear();
}

bool Appender::PassOverTwin(json::value value, const JsonKeys::Key& key,
                            const JsonKeys::Key& earlier, int depth) {
  if (reject.empty()) {
    reject = key.name == earlier.name ? fmt::format("the key {} comes twice", PathTo(key.name))
                                      : fmt::format("the keys {} and {} differ only in case",
                                                    PathTo(earlier.name), PathTo(key.name));
  }
  return walker_.Walk(value, end_, nullptr, depth);
}

}  // namespace

// --- records

class JsonRecords::Impl {
 public:
  Impl(const ReadPlan& plan, const FilePlan& file) : plan_(plan), appender_(plan.reject_surplus) {
    for (const TargetColumn& column : plan.columns) nodes_.emplace_back(column.type);
    // Names that the file was seen to have come first; a column that was not seen in the part that
    // was looked at may still come, under its own name.
    for (const bool is_known : {true, false}) {
      for (std::size_t i = 0; i < plan.columns.size(); i++) {
        const int number = file.columns[i];
        if ((number != FilePlan::kMissing) != is_known) continue;
        keys_.Add(is_known ? file.format.columns[static_cast<std::size_t>(number)].first
                           : plan.columns[i].name,
                  static_cast<int>(i));
      }
    }
  }

  std::optional<JsonReason> Append(std::string_view record, bool is_utf8,
                                   std::vector<ArrowColumn>& columns) {
    const std::int64_t rows = columns.empty() ? 0 : columns[0].row_count();
    if (is_utf8 && complex_ <= kMaxComplex) {
      if (AppendSimpleRecord(record, plan_.columns, keys_, columns)) {
        if (complex_ > 0) complex_--;
        return std::nullopt;
      }
      complex_ += 2;
      for (std::size_t i = 0; i < nodes_.size(); i++) columns[i].Truncate(rows);
    }
    bad_column_ = -1;
    nulled_ = 0;
    const char* error = Read(record, columns);
    // What the table lacks is told of every record that is valid and fits otherwise.
    const bool fits = error == nullptr && appender_.reject.empty() && bad_column_ < 0;
    if (fits && appender_.has_surplus) appender_.TellSurplus(surplus_);
    const bool is_rejected = plan_.reject_surplus && appender_.has_surplus;
    if (fits && !is_rejected) {
      nulled_values_ += nulled_;
      return std::nullopt;
    }
    for (std::size_t i = 0; i < nodes_.size(); i++) columns[i].Truncate(rows);
    return Reason(error);
  }

  const ReadPlan& plan_;
  DetectedType surplus_;
  std::int64_t nulled_values_ = 0;

 private:
  const char* Read(std::string_view record, std::vector<ArrowColumn>& columns);
  bool ReadField(const char* raw, json::value value, std::vector<ArrowColumn>& columns);
  const char* NoObject(std::string_view record);
  JsonReason Reason(const char* error) const {
    if (error != nullptr) return {.column = {}, .error = error};
    if (!appender_.reject.empty()) return {.column = {}, .error = appender_.reject};
    if (bad_column_ < 0) return {.column = {}, .error = SurplusError(appender_.surplus_names)};
    return {.column = plan_.columns[static_cast<std::size_t>(bad_column_)].name,
            .error = bad_error_};
  }

  std::vector<Node> nodes_;
  JsonKeys keys_;
  JsonParser parser_;
  Appender appender_;
  const char* end_ = nullptr;
  int bad_column_ = -1;  // the first, of this record
  std::string bad_error_;
  std::int64_t nulled_ = 0;  // in this record
  // Grows with records that AppendSimpleRecord does not take, until it is not tried any more.
  static constexpr int kMaxComplex = 100;
  int complex_ = 0;
};

static const char* WhyNotValid(std::string_view record) {
  static const std::string too_deep = fmt::format("nested more than {} levels deep", kMaxJsonDepth);
  return IsNestedDeeper(record, kMaxJsonDepth) ? too_deep.c_str() : kNotValidJson;
}

// Nothing, or what is wrong with the text.
const char* JsonRecords::Impl::Read(std::string_view record, std::vector<ArrowColumn>& columns) {
  end_ = TextEnd(record);
  appender_.BeginRecord(end_);
  record = TrimJson(record);
  if (!record.starts_with('{')) return NoObject(record);
  json::document document;
  if (const char* error = parser_.Open(record, document)) return error;
  json::object object;
  if (document.get_object().get(object) != simdjson::SUCCESS) return WhyNotValid(record);
  keys_.BeginObject();
  const bool is_valid = ForEachField(
      object, [&](const char* raw, json::value value) { return ReadField(raw, value, columns); });
  if (!is_valid || !JsonParser::IsAtEnd(document)) return WhyNotValid(record);
  for (std::size_t i = 0; i < nodes_.size(); i++) {
    if (!keys_.Has(static_cast<int>(i))) columns[i].AppendNull();
  }
  return nullptr;
}

bool JsonRecords::Impl::ReadField(const char* raw, json::value value,
                                  std::vector<ArrowColumn>& columns) {
  const JsonKeys::Key* key = keys_.Next(raw, end_);
  if (key == nullptr) return false;
  if (const JsonKeys::Key* earlier = keys_.Earlier(*key))
    return appender_.PassOverTwin(value, *key, *earlier, 1);
  if (key->field == JsonKeys::kUnknown) return appender_.PassOver(value, *key, 1);
  const auto i = static_cast<std::size_t>(key->field);
  const std::int64_t rows = columns[i].row_count();
  const TargetColumn& column = plan_.columns[i];
  if (!appender_.AppendColumn(value, column, nodes_[i], columns[i])) return false;
  if (appender_.misfit.empty()) return true;
  if (plan_.bad_values_as_null) {
    columns[i].Truncate(rows);
    columns[i].AppendNull();
    nulled_++;
  } else if (bad_column_ < 0) {
    bad_column_ = static_cast<int>(i);
    bad_error_ = appender_.misfit;
  }
  appender_.misfit.clear();
  return true;
}

const char* JsonRecords::Impl::NoObject(std::string_view record) {
  JsonWalker walker;
  const char* error = parser_.OpenValue(record, [&](json::value value, const char* end) {
    return walker.Walk(value, end, nullptr, 1);
  });
  return error != nullptr ? error : "not a JSON object";
}

JsonRecords::JsonRecords(const ReadPlan& plan, const FilePlan& file)
    : impl_(std::make_unique<Impl>(plan, file)) {}
JsonRecords::JsonRecords(JsonRecords&&) noexcept = default;
JsonRecords::~JsonRecords() = default;
std::optional<JsonReason> JsonRecords::Append(std::string_view record, bool is_utf8,
                                              std::vector<ArrowColumn>& columns) {
  return impl_->Append(record, is_utf8, columns);
}
const DetectedType& JsonRecords::surplus() const { return impl_->surplus_; }
std::int64_t JsonRecords::nulled_values() const { return impl_->nulled_values_; }

bool IsUtf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

// --- cells

std::optional<std::string> AppendJsonText(std::string_view text, const Type& type,
                                          ArrowColumn& to) {
  thread_local JsonParser parser;
  Appender appender(true);
  const TargetColumn column{.name = to.name(), .type = type};
  const std::int64_t rows = to.row_count();
  Node node(type);
  const char* error = parser.OpenValue(text, [&](json::value value, const char* end) {
    appender.BeginRecord(end);
    return appender.AppendColumn(value, column, node, to);
  });
  if (error == nullptr && appender.reject.empty() && appender.misfit.empty() &&
      !appender.has_surplus)
    return std::nullopt;
  to.Truncate(rows);
  if (error != nullptr)
    return fmt::format("column {}: {}: {}", to.name(), data::Misfit(text, type), error);
  if (!appender.reject.empty()) return fmt::format("column {}: {}", to.name(), appender.reject);
  if (!appender.misfit.empty()) return appender.misfit;
  return fmt::format("column {}: has a value under a key that its type lacks ({})", to.name(),
                     Join(appender.surplus_names, ", "));
}

}  // namespace leat::connect

#include "connect/file/detected_type.h"

#include <algorithm>
#include <array>
#include <bit>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "data/convert.h"

namespace leat::connect {
namespace {

using data::Type;
using data::TypeKind;

// Orders of day, month and year in a date. What is not ISO has a day and a month of one or two
// digits. By the number of their bit; a table remembers the bits, so that numbers never change.
struct Order {
  const char* date;
  std::array<char, 3> parts;
  char separator;
};
constexpr std::array<Order, 9> kOrderForms = {{{"", {'Y', 'm', 'd'}, '-'},
                                               {"%-d/%-m/%Y", {'d', 'm', 'Y'}, '/'},
                                               {"%-m/%-d/%Y", {'m', 'd', 'Y'}, '/'},
                                               {"%Y/%-m/%-d", {'Y', 'm', 'd'}, '/'},
                                               {"%-d.%-m.%Y", {'d', 'm', 'Y'}, '.'},
                                               {"%-m.%-d.%Y", {'m', 'd', 'Y'}, '.'},
                                               {"%Y.%-m.%-d", {'Y', 'm', 'd'}, '.'},
                                               {"%-d-%-m-%Y", {'d', 'm', 'Y'}, '-'},
                                               {"%-m-%-d-%Y", {'m', 'd', 'Y'}, '-'}}};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// The end of a date of digits and two like separators, or 0.
std::size_t DateEnd(std::string_view text, char separator) {
  std::size_t at = 0;
  for (int part = 0; part < 3; part++) {
    const std::size_t begin = at;
    while (at < text.size() && IsDigit(text[at])) at++;
    if (at == begin || at - begin > 4) return 0;
    if (part < 2 && (at == text.size() || text[at++] != separator)) return 0;
  }
  return at;
}

// The strptime format of what follows a date, or nothing.
std::optional<std::string> TimeFormat(std::string_view rest) {
  if (rest.empty()) return "";
  if (rest.size() < 5 || (rest[0] != ' ' && rest[0] != 'T')) return std::nullopt;
  std::string format(1, rest[0]);
  const bool has_half = rest.ends_with('M') || rest.ends_with('m');
  format += has_half ? "%-I:%M" : "%-H:%M";
  const auto colons = std::count(rest.begin(), rest.end(), ':');
  if (colons == 2) format += ":%S";
  if (rest.find('.') != std::string_view::npos) format += ".%f";
  if (has_half) format += rest.find(' ', 1) != std::string_view::npos ? " %p" : "%p";
  return colons == 1 || colons == 2 ? std::optional(format) : std::nullopt;
}

bool IsExactly(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

}  // namespace

std::uint32_t DetectedType::PossibleNumbers(std::string_view text) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.empty()) return 0;
  const bool is_whole = std::all_of(digits.begin(), digits.end(), IsDigit);
  // A zero in front is part of a code, not of a number; so is a plus.
  if (digits.size() > 1 && digits[0] == '0' && IsDigit(digits[1])) return 0;
  if (is_whole) {
    if (text == "-0") return 0;
    const auto value = data::ToInteger(text);
    if (!value) return 0;
    return kLong | (data::ExactDouble(*value) ? kDouble : 0);
  }
  if (digits[0] == '+' || !data::ToDouble(text)) return 0;
  const bool is_number = IsDigit(digits[0]) || digits[0] == '.';
  const bool is_special = IsExactly(digits, {"NaN", "nan", "inf", "Inf", "Infinity", "infinity"});
  return is_number || is_special ? kDouble : 0;
}

std::uint32_t DetectedType::PossibleTimes(std::string_view text) {
  constexpr std::size_t kShortest = 8;  // 1/1/2026
  if (text.size() < kShortest || !IsDigit(text[0])) return 0;
  if (data::ToDate(text)) {
    const bool has_time = text.size() > 10;  // midnight
    return (has_time ? 0 : kDate) | kTime | kFirstOrder;
  }
  std::uint32_t possible = 0;
  if (data::ToTimestamp(text)) possible = kTime | kFirstOrder;
  for (std::size_t i = 1; i < kOrderForms.size(); i++) {
    const std::size_t end = DateEnd(text, kOrderForms[i].separator);
    if (end == 0) continue;
    const auto time = TimeFormat(text.substr(end));
    if (!time || !data::ToTimestamp(text, kOrderForms[i].date + *time)) continue;
    possible |= kTime | kFirstOrder << i | (time->empty() ? kDate : 0);
  }
  return possible;
}

std::uint32_t DetectedType::PossibleTexts(std::string_view text) {
  text = data::TrimBlanks(text);
  if (text.empty()) return 0;
  const char first = text[0];
  const bool may_be_number = IsDigit(first) || first == '-' || first == '.' || first == 'N' ||
                             first == 'n' || first == 'I' || first == 'i';
  std::uint32_t possible = may_be_number ? PossibleNumbers(text) : 0;
  if (possible == 0 && IsDigit(first)) possible = PossibleTimes(text);
  if (EqualsIgnoreCase(text, "true") || EqualsIgnoreCase(text, "false")) possible |= kBoolean;
  return possible;
}

void DetectedType::AddText(std::string_view text) {
  constexpr std::uint32_t kScalars = ~(kStruct | kList | kTyped);
  // The common case: one more whole number in a column of such.
  constexpr std::uint32_t kNumbers = kLong | kDouble;
  constexpr std::size_t kSafeDigits = 15;
  if ((possible_ & ~kNumbers) == 0 && possible_ != 0 && !text.empty() &&
      text.size() <= kSafeDigits && text[0] >= '1' && text[0] <= '9' &&
      std::all_of(text.begin(), text.end(), IsDigit)) {
    return;
  }
  if (possible_ == 0) return;  // text already
  Leave(PossibleTexts(text) & kScalars);
}

void DetectedType::AddJsonText(std::string_view text) {
  std::uint32_t possible = PossibleTimes(text);
  possible = (possible & kFirstOrder) != 0 ? (possible & (kDate | kTime)) | kFirstOrder : 0;
  Leave(possible);
  ForgetNested();
}

void DetectedType::AddJsonNumber(std::string_view number) {
  Leave(PossibleNumbers(number));
  ForgetNested();
}

void DetectedType::AddBoolean() {
  Leave(kBoolean);
  ForgetNested();
}

void DetectedType::AddStruct() {
  Leave(kStruct);
  ForgetNested();
}

void DetectedType::AddList() {
  Leave(kList);
  ForgetNested();
}

void DetectedType::ForgetNested() {
  if (possible_ != kStruct) fields_.clear();
  if (possible_ != kList) element_.clear();
}

DetectedType& DetectedType::field(std::string_view name) {
  for (auto& [known, type] : fields_) {
    if (known == name) return type;
  }
  for (auto& [known, type] : fields_) {
    if (EqualsIgnoreCase(known, name)) return type;
  }
  return fields_.emplace_back(name, DetectedType()).second;
}

DetectedType& DetectedType::element() {
  if (element_.empty()) element_.emplace_back();
  return element_[0];
}

void DetectedType::AddTyped(const Type& type) {
  DetectedType other;
  other.possible_ = kTyped;
  other.typed_ = type;
  Join(other);
}

void DetectedType::Join(const DetectedType& other) {
  if (other.is_unknown()) return;
  if (is_unknown()) {
    *this = other;
    return;
  }
  if (possible_ == kTyped || other.possible_ == kTyped) {
    typed_ = CommonType(type(), other.type());
    possible_ = kTyped;
    ForgetNested();
    return;
  }
  Leave(other.possible_);
  ForgetNested();
  if (possible_ == kStruct) {
    for (const auto& [name, type] : other.fields_) field(name).Join(type);
  }
  if (possible_ == kList && !other.element_.empty()) element().Join(other.element_[0]);
}

int DetectedType::order() const {
  const std::uint32_t orders = possible_ & kAllOrders;
  return std::popcount(orders) == 1 ? std::countr_zero(orders / kFirstOrder) : -1;
}

bool DetectedType::is_ambiguous() const {
  return !is_unknown() && (possible_ & kTime) != 0 && std::popcount(possible_ & kAllOrders) > 1;
}

Type DetectedType::type() const {
  if (is_unknown()) return {.kind = TypeKind::kString};
  if (possible_ == kTyped) return typed_;
  if ((possible_ & kBoolean) != 0) return {.kind = TypeKind::kBoolean};
  if ((possible_ & kLong) != 0) return {.kind = TypeKind::kLong};
  if ((possible_ & kDouble) != 0) return {.kind = TypeKind::kDouble};
  if ((possible_ & kTime) != 0 && order() >= 0) {
    return {.kind = (possible_ & kDate) != 0 ? TypeKind::kDate : TypeKind::kTimestamp};
  }
  if (possible_ == kList) {
    Type type{.kind = TypeKind::kArray};
    type.children.push_back(
        {.name = "element", .type = element_.empty() ? Type{} : element_[0].type()});
    return type;
  }
  if (possible_ == kStruct && !fields_.empty()) {
    Type type{.kind = TypeKind::kStruct};
    for (const auto& [name, field] : fields_)
      type.children.push_back({.name = name, .type = field.type()});
    return type;
  }
  return {.kind = TypeKind::kString};
}

std::string DetectedType::format() const {
  const int number = order();
  if (number <= 0 || (possible_ & kTime) == 0) return "";
  return kOrderForms[static_cast<std::size_t>(number)].date;
}

namespace {

nlohmann::ordered_json TypeToJson(const Type& type) { return type.ToString(); }

}  // namespace

std::string DetectedType::ToJson() const {
  nlohmann::ordered_json json;
  json["possible"] = possible_;
  if (possible_ == kTyped) json["type"] = TypeToJson(typed_);
  if (possible_ == kStruct) {
    json["fields"] = nlohmann::ordered_json::array();
    for (const auto& [name, type] : fields_)
      json["fields"].push_back({name, nlohmann::ordered_json::parse(type.ToJson())});
  }
  if (!element_.empty()) json["element"] = nlohmann::ordered_json::parse(element_[0].ToJson());
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<DetectedType> DetectedType::FromJson(std::string_view text) {
  const auto corrupt = [] {
    return Corrupt("what the table remembers of its files' types is damaged");
  };
  const auto json = nlohmann::ordered_json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("possible") || !json["possible"].is_number_unsigned())
    return corrupt();
  DetectedType type;
  type.possible_ = json["possible"].get<std::uint32_t>() & kAll;
  if (type.possible_ == kTyped) {
    if (!json.contains("type") || !json["type"].is_string()) return corrupt();
    LEAT_ASSIGN(type.typed_, data::ParseType(json["type"].get<std::string>()));
  }
  if (json.contains("fields") && json["fields"].is_array()) {
    for (const auto& field : json["fields"]) {
      if (!field.is_array() || field.size() != 2 || !field[0].is_string()) return corrupt();
      LEAT_ASSIGN(auto of_field, FromJson(field[1].dump()));
      type.fields_.emplace_back(field[0].get<std::string>(), std::move(of_field));
    }
  }
  if (json.contains("element")) {
    LEAT_ASSIGN(auto of_element, FromJson(json["element"].dump()));
    type.element_.push_back(std::move(of_element));
  }
  return type;
}

namespace {

bool IsInteger(TypeKind kind) {
  return kind == TypeKind::kByte || kind == TypeKind::kShort || kind == TypeKind::kInteger ||
         kind == TypeKind::kLong;
}
bool IsReal(TypeKind kind) { return kind == TypeKind::kFloat || kind == TypeKind::kDouble; }

// An integer type as the decimal that holds it.
std::optional<Type> AsDecimal(const Type& type) {
  const auto digits = [](int precision) {
    return Type{.kind = TypeKind::kDecimal, .precision = precision, .scale = 0};
  };
  switch (type.kind) {
    case TypeKind::kDecimal: return type;
    case TypeKind::kByte: return digits(3);
    case TypeKind::kShort: return digits(5);
    case TypeKind::kInteger: return digits(10);
    case TypeKind::kLong: return digits(19);
    default: return std::nullopt;
  }
}

Type CommonNumber(const Type& a, const Type& b) {
  if (IsInteger(a.kind) && IsInteger(b.kind)) return a.kind > b.kind ? a : b;
  if (IsReal(a.kind) || IsReal(b.kind)) return {.kind = TypeKind::kDouble};
  const Type x = *AsDecimal(a), y = *AsDecimal(b);
  const int scale = std::max(x.scale, y.scale);
  const int whole = std::max(x.precision - x.scale, y.precision - y.scale);
  constexpr int kMostDigits = 38;
  if (whole + scale > kMostDigits) return {.kind = TypeKind::kString};
  return {.kind = TypeKind::kDecimal, .precision = whole + scale, .scale = scale};
}

Type CommonStruct(const Type& a, const Type& b) {
  Type both = a;
  for (const data::Field& field : b.children) {
    const auto mine = std::find_if(both.children.begin(), both.children.end(), [&](const auto& f) {
      return EqualsIgnoreCase(f.name, field.name);
    });
    if (mine == both.children.end()) {
      both.children.push_back(field);
    } else {
      mine->type = CommonType(mine->type, field.type);
    }
  }
  return both;
}

}  // namespace

std::optional<TimestampUs> ToTimestampIn(std::string_view text, const std::string& format) {
  text = data::TrimBlanks(text);
  const auto known = std::find_if(kOrderForms.begin() + 1, kOrderForms.end(),
                                  [&](const Order& order) { return format == order.date; });
  if (known == kOrderForms.end()) return data::ToTimestamp(text, format);
  const std::size_t end = DateEnd(text, known->separator);
  const auto time = TimeFormat(text.substr(end));
  return time ? data::ToTimestamp(text, format + *time) : std::nullopt;
}

Type CommonType(const Type& a, const Type& b) {
  if (a == b) return a;
  const auto is_time = [](TypeKind kind) {
    return kind == TypeKind::kTimestamp || kind == TypeKind::kTimestampNtz ||
           kind == TypeKind::kDate;
  };
  const auto is_number = [](const Type& type) {
    return IsReal(type.kind) || AsDecimal(type).has_value();
  };
  if (is_time(a.kind) && is_time(b.kind)) return {.kind = TypeKind::kTimestamp};
  if (is_number(a) && is_number(b)) return CommonNumber(a, b);
  if (a.kind == b.kind && a.kind == TypeKind::kStruct) return CommonStruct(a, b);
  if (a.kind == b.kind && (a.kind == TypeKind::kArray || a.kind == TypeKind::kMap)) {
    Type both = a;
    for (std::size_t i = 0; i < both.children.size(); i++)
      both.children[i].type = CommonType(a.children[i].type, b.children[i].type);
    return both;
  }
  return {.kind = TypeKind::kString};
}

}  // namespace leat::connect

// Reads type names as users write them: SQL's, DuckDB's and Delta's spellings.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.h"
#include "data/limits.h"
#include "data/schema.h"

namespace leat::data {
namespace {

constexpr std::array<std::pair<std::string_view, TypeKind>, 35> kNames = {{
    {"boolean", TypeKind::kBoolean},
    {"bool", TypeKind::kBoolean},
    {"tinyint", TypeKind::kByte},
    {"byte", TypeKind::kByte},
    {"int1", TypeKind::kByte},
    {"smallint", TypeKind::kShort},
    {"short", TypeKind::kShort},
    {"int2", TypeKind::kShort},
    {"integer", TypeKind::kInteger},
    {"int", TypeKind::kInteger},
    {"int4", TypeKind::kInteger},
    {"bigint", TypeKind::kLong},
    {"long", TypeKind::kLong},
    {"int8", TypeKind::kLong},
    {"float", TypeKind::kFloat},
    {"real", TypeKind::kFloat},
    {"float4", TypeKind::kFloat},
    {"double", TypeKind::kDouble},
    {"float8", TypeKind::kDouble},
    {"decimal", TypeKind::kDecimal},
    {"numeric", TypeKind::kDecimal},
    {"varchar", TypeKind::kString},
    {"string", TypeKind::kString},
    {"text", TypeKind::kString},
    {"char", TypeKind::kString},
    {"blob", TypeKind::kBinary},
    {"binary", TypeKind::kBinary},
    {"bytea", TypeKind::kBinary},
    {"varbinary", TypeKind::kBinary},
    {"date", TypeKind::kDate},
    {"timestamp", TypeKind::kTimestamp},
    {"timestamptz", TypeKind::kTimestamp},
    {"datetime", TypeKind::kTimestamp},
    {"timestamp_ntz", TypeKind::kTimestampNtz},
    {"timestampntz", TypeKind::kTimestampNtz},
}};

std::vector<std::string> KnownNames() {
  std::vector<std::string> names;
  for (const auto& [name, kind] : kNames) names.emplace_back(name);
  for (const char* nested : {"struct", "array", "list", "map"}) names.emplace_back(nested);
  return names;
}

// Recursive descent over the text; each function leaves `at_` behind what it read.
class TypeParser {
 public:
  explicit TypeParser(std::string_view text) : text_(text) {}

  Result<Type> ParseAll() {
    LEAT_ASSIGN(Type type, ParseType(0));
    SkipSpace();
    if (at_ != text_.size()) return Unexpected("the end");
    return type;
  }

 private:
  // type := (name | nested) ("[]")*
  Result<Type> ParseType(int depth) {
    if (depth > kMaxTypeDepth) return InvalidInput("types are nested too deeply");
    const std::string name = ToLower(ReadWord());
    if (name.empty()) return Unexpected("a type name");
    LEAT_ASSIGN(Type type, ParseNamed(name, depth));
    while (Accept('[')) {
      if (!Accept(']')) return Unexpected("']'");
      if (++depth > kMaxTypeDepth) return InvalidInput("types are nested too deeply");
      type = Type{.kind = TypeKind::kArray, .children = {{.name = "element", .type = type}}};
    }
    return type;
  }

  Result<Type> ParseNamed(const std::string& name, int depth) {
    if (name == "struct" || name == "row") return ParseStruct(depth);
    if (name == "array" || name == "list") return ParseArray(depth);
    if (name == "map") return ParseMap(depth);
    const auto known = std::find_if(kNames.begin(), kNames.end(),
                                    [&](const auto& entry) { return entry.first == name; });
    if (known == kNames.end()) {
      return InvalidInput(
                 fmt::format("'{}' is not a type that a table can store", Shorten(name, 80)))
          .WithHint(NearestHint(name, KnownNames()));
    }
    Type type{.kind = known->second};
    if (type.kind == TypeKind::kDecimal) return ParseDecimal();
    if (name == "double") AcceptWord("precision");
    if (name == "timestamp") return ParseTimestamp();
    // varchar(20): SQL's lengths are accepted and, as in DuckDB, not enforced.
    if (type.kind == TypeKind::kString && Accept('(')) {
      LEAT_TRY(ReadNumber());
      if (!Accept(')')) return Unexpected("')'");
    }
    return type;
  }

  Result<Type> ParseDecimal() {
    Type type{.kind = TypeKind::kDecimal,
              .precision = kDefaultSqlDecimalPrecision,
              .scale = kDefaultSqlDecimalScale};
    if (!Accept('(')) return type;
    LEAT_ASSIGN(type.precision, ReadNumber());
    type.scale = 0;
    if (Accept(',')) {
      LEAT_ASSIGN(type.scale, ReadNumber());
    }
    if (!Accept(')')) return Unexpected("')'");
    if (type.precision < 1 || type.precision > kMaxDecimalPrecision ||
        type.scale > type.precision) {
      return InvalidInput(fmt::format("decimal({},{}) is out of range", type.precision, type.scale))
          .WithHint("the precision is 1 to 38, the scale 0 to the precision");
    }
    return type;
  }

  // After "timestamp": [with|without time zone]. Alone it is an instant, as Delta's timestamp is.
  Result<Type> ParseTimestamp() {
    const bool without = AcceptWord("without");
    if (!without && !AcceptWord("with")) return Type{.kind = TypeKind::kTimestamp};
    if (!AcceptWord("time") || !AcceptWord("zone")) return Unexpected("'time zone'");
    return Type{.kind = without ? TypeKind::kTimestampNtz : TypeKind::kTimestamp};
  }

  // struct(a int, "b c" text) or struct<a: int>
  Result<Type> ParseStruct(int depth) {
    LEAT_ASSIGN(const char close, ReadOpening());
    Type type{.kind = TypeKind::kStruct};
    do {
      Field field;
      LEAT_ASSIGN(field.name, ReadFieldName());
      Accept(':');
      LEAT_ASSIGN(field.type, ParseType(depth + 1));
      const bool taken =
          std::any_of(type.children.begin(), type.children.end(),
                      [&](const Field& f) { return EqualsIgnoreCase(f.name, field.name); });
      if (taken) return InvalidInput(fmt::format("the field '{}' is there twice", field.name));
      type.children.push_back(std::move(field));
    } while (Accept(','));
    if (!Accept(close)) return Unexpected(fmt::format("',' or '{}'", close));
    return type;
  }

  Result<Type> ParseArray(int depth) {
    LEAT_ASSIGN(const char close, ReadOpening());
    LEAT_ASSIGN(Type element, ParseType(depth + 1));
    if (!Accept(close)) return Unexpected(fmt::format("'{}'", close));
    return Type{.kind = TypeKind::kArray,
                .children = {{.name = "element", .type = std::move(element)}}};
  }

  Result<Type> ParseMap(int depth) {
    LEAT_ASSIGN(const char close, ReadOpening());
    LEAT_ASSIGN(Type key, ParseType(depth + 1));
    if (!Accept(',')) return Unexpected("','");
    LEAT_ASSIGN(Type value, ParseType(depth + 1));
    if (!Accept(close)) return Unexpected(fmt::format("'{}'", close));
    return Type{.kind = TypeKind::kMap,
                .children = {{.name = "key", .type = std::move(key), .nullable = false},
                             {.name = "value", .type = std::move(value)}}};
  }

  Result<char> ReadOpening() {
    if (Accept('(')) return ')';
    if (Accept('<')) return '>';
    return Unexpected("'(' or '<'");
  }

  // A word, or any text in "" or ``, with the quote doubled inside.
  Result<std::string> ReadFieldName() {
    SkipSpace();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    if (quote != '"' && quote != '`') {
      const std::string name(ReadWord());
      if (name.empty()) return Unexpected("a field name");
      return name;
    }
    std::string name;
    for (at_++; at_ < text_.size(); at_++) {
      if (text_[at_] == quote) {
        at_++;
        if (at_ >= text_.size() || text_[at_] != quote) return name;
      }
      name += text_[at_];
    }
    return Unexpected("a closing quote");
  }

  Result<int> ReadNumber() {
    SkipSpace();
    constexpr int kMaxDigits = 9;
    const std::size_t begin = at_;
    int number = 0;
    for (; at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_])) != 0; at_++) {
      if (at_ - begin >= kMaxDigits) return Unexpected("a smaller number");
      number = number * 10 + (text_[at_] - '0');
    }
    if (at_ == begin) return Unexpected("a number");
    return number;
  }

  std::string_view ReadWord() {
    SkipSpace();
    const std::size_t begin = at_;
    const auto is_word = [](char c) {
      const auto u = static_cast<unsigned char>(c);
      return u >= 0x80 || std::isalnum(u) != 0 || c == '_';
    };
    while (at_ < text_.size() && is_word(text_[at_])) at_++;
    return text_.substr(begin, at_ - begin);
  }

  bool AcceptWord(std::string_view word) {
    const std::size_t before = at_;
    if (ToLower(ReadWord()) == word) return true;
    at_ = before;
    return false;
  }

  bool Accept(char c) {
    SkipSpace();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    at_++;
    return true;
  }

  void SkipSpace() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) at_++;
  }

  Error Unexpected(const std::string& expected) const {
    return InvalidInput(fmt::format("'{}' is not a type: expected {} at position {}",
                                    Shorten(text_, 120), expected, at_ + 1))
        .WithHint(
            "write it like bigint, decimal(10,2), int[], map(varchar, int) or "
            "struct(a int, b varchar)");
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<Type> ParseType(std::string_view text) { return TypeParser(text).ParseAll(); }

}  // namespace leat::data

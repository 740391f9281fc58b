#include "connect/file/json_fast.h"

#include <bit>
#include <cstdint>
#include <cstring>

#include "connect/file/json_scalar.h"
#include "data/convert.h"

namespace leat::connect {
namespace {

using data::ArrowColumn;
using data::TypeKind;

constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
constexpr std::uint64_t kTops = 0x8080808080808080ULL;

// The top bit of the first byte that is zero, and perhaps of later ones.
std::uint64_t FirstZero(std::uint64_t bytes) { return (bytes - kOnes) & ~bytes & kTops; }

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

class Reader {
 public:
  Reader(std::string_view record, const std::vector<TargetColumn>& targets, JsonKeys& keys,
         std::vector<ArrowColumn>& columns)
      : at_(record.data()),
        end_(record.data() + record.size()),
        targets_(targets),
        keys_(keys),
        columns_(columns) {}

  bool Read() {
    keys_.BeginObject();
    SkipBlanks();
    if (!Take('{')) return false;
    SkipBlanks();
    std::size_t count = 0;
    if (!Take('}')) {
      do {
        SkipBlanks();
        if (!ReadField()) return false;
        count++;
        SkipBlanks();
      } while (Take(','));
      if (!Take('}')) return false;
    }
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\r')) at_++;
    if (at_ != end_) return false;
    if (count == targets_.size()) return true;
    for (std::size_t i = 0; i < targets_.size(); i++) {
      if (!keys_.Has(static_cast<int>(i))) columns_[i].AppendNull();
    }
    return true;
  }

 private:
  void SkipBlanks() {
    while (*at_ == ' ') at_++;
  }
  bool Take(char c) {
    if (*at_ != c) return false;
    at_++;
    return true;
  }
  bool TakeWord(std::string_view word) {
    if (std::memcmp(at_, word.data(), word.size()) != 0) return false;
    at_ += word.size();
    return true;
  }
  // Whether a value may end here; a word or number that goes on is none.
  bool IsEnd() const { return *at_ == ',' || *at_ == '}' || *at_ == ' '; }

  bool ReadField() {
    if (!Take('"')) return false;
    const JsonKeys::Key* key = keys_.Next(at_, end_);
    if (key == nullptr || key->field == JsonKeys::kUnknown || keys_.Earlier(*key) != nullptr)
      return false;
    at_ += key->raw.size();
    SkipBlanks();
    if (!Take(':')) return false;
    SkipBlanks();
    const auto field = static_cast<std::size_t>(key->field);
    return ReadValue(targets_[field], columns_[field]);
  }

  bool ReadValue(const TargetColumn& target, ArrowColumn& to) {
    switch (*at_) {
      case '"': return ReadText(target, to);
      case 'n':
        if (!TakeWord("null") || !IsEnd()) return false;
        to.AppendNull();
        return true;
      case 't':
      case 'f': {
        const bool value = *at_ == 't';
        if (target.type.kind != TypeKind::kBoolean || !TakeWord(value ? "true" : "false"))
          return false;
        if (!IsEnd()) return false;
        to.AppendBool(value);
        return true;
      }
      default: return ReadNumber(target, to);
    }
  }

  bool ReadText(const TargetColumn& target, ArrowColumn& to) {
    const char* begin = ++at_;
    while (true) {
      std::uint64_t bytes = 0;
      std::memcpy(&bytes, at_, sizeof bytes);
      const std::uint64_t controls = (bytes - kOnes * ' ') & ~bytes & kTops;
      const std::uint64_t tells =
          controls | FirstZero(bytes ^ (kOnes * '"')) | FirstZero(bytes ^ (kOnes * '\\'));
      if (tells != 0) {
        at_ += std::countr_zero(tells) / 8;
        break;
      }
      at_ += sizeof bytes;
      if (at_ >= end_) return false;
    }
    if (at_ >= end_ || *at_ != '"') return false;  // an escape or a control character
    const std::string_view text(begin, static_cast<std::size_t>(at_ - begin));
    at_++;
    if (target.type.kind == TypeKind::kString) {
      to.AppendString(text);
      return true;
    }
    return AppendTextValue(text, target.type, target.format, to);
  }

  bool ReadNumber(const TargetColumn& target, ArrowColumn& to) {
    if (target.type.kind == TypeKind::kLong && ReadInteger(to)) return true;
    const char* begin = at_;
    while (IsDigit(*at_) || *at_ == '.' || *at_ == '-' || *at_ == '+' || *at_ == 'e' || *at_ == 'E')
      at_++;
    const std::string_view text(begin, static_cast<std::size_t>(at_ - begin));
    if (!IsEnd() || !data::IsJsonNumber(text)) return false;
    switch (target.type.kind) {
      case TypeKind::kByte:
      case TypeKind::kShort:
      case TypeKind::kInteger:
      case TypeKind::kLong:
      case TypeKind::kFloat:
      case TypeKind::kDouble:
      case TypeKind::kDecimal:
      case TypeKind::kString: return AppendTextValue(text, target.type, {}, to);
      default: return false;
    }
  }

  // Up to 18 digits, which cannot overflow. False: nothing is read.
  bool ReadInteger(ArrowColumn& to) {
    constexpr std::ptrdiff_t kSafeDigits = 18;
    const bool is_negative = *at_ == '-';
    const char* begin = at_ + (is_negative ? 1 : 0);
    const char* end = begin;
    std::int64_t value = 0;
    while (IsDigit(*end) && end - begin < kSafeDigits) value = value * 10 + (*end++ - '0');
    const std::ptrdiff_t digits = end - begin;
    if (digits == 0 || (digits > 1 && *begin == '0')) return false;
    if (*end != ',' && *end != '}' && *end != ' ') return false;
    to.AppendInt(is_negative ? -value : value);
    at_ = end;
    return true;
  }

  const char* at_;
  const char* const end_;
  const std::vector<TargetColumn>& targets_;
  JsonKeys& keys_;
  std::vector<ArrowColumn>& columns_;
};

}  // namespace

bool AppendSimpleRecord(std::string_view record, const std::vector<TargetColumn>& targets,
                        JsonKeys& keys, std::vector<data::ArrowColumn>& columns) {
  static_assert(std::endian::native == std::endian::little);  // ReadText finds the first byte so
  return Reader(record, targets, keys, columns).Read();
}

}  // namespace leat::connect

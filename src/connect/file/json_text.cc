#include "connect/file/json_text.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>

namespace leat::connect {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
constexpr std::uint64_t kTops = 0x8080808080808080ULL;

// The top bit of the first byte that is `c`, and perhaps of later ones.
std::uint64_t Find(std::uint64_t bytes, char c) {
  const std::uint64_t differences = bytes ^ (kOnes * static_cast<unsigned char>(c));
  return (differences - kOnes) & ~differences & kTops;
}

// Where the first character is that `tells(bytes)` marks in eight bytes, or a place near the end.
template <typename Tells>
std::size_t Skip(std::string_view text, std::size_t at, Tells tells) {
  std::uint64_t bytes = 0;
  for (; at + sizeof bytes <= text.size(); at += sizeof bytes) {
    std::memcpy(&bytes, text.data() + at, sizeof bytes);
    if (const std::uint64_t marks = tells(bytes)) return at + std::countr_zero(marks) / 8;
  }
  return at;
}

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Four hexadecimal digits.
std::optional<std::uint32_t> CodeUnit(std::string_view digits) {
  if (digits.size() < 4) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : digits.substr(0, 4)) {
    std::uint32_t digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<std::uint32_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<std::uint32_t>(c - 'a') + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = static_cast<std::uint32_t>(c - 'A') + 10;
    } else {
      return std::nullopt;
    }
    value = value * 16 + digit;
  }
  return value;
}

void AppendUtf8(std::uint32_t point, std::string& to) {
  const auto add = [&](std::uint32_t byte) { to += static_cast<char>(byte); };
  const auto tail = [&](int shift) { add(0x80U | ((point >> shift) & 0x3FU)); };
  if (point < 0x80) {
    add(point);
  } else if (point < 0x800) {
    add(0xC0U | (point >> 6));
    tail(0);
  } else if (point < 0x10000) {
    add(0xE0U | (point >> 12));
    tail(6);
    tail(0);
  } else {
    add(0xF0U | (point >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

// `at` is behind \u; moves behind the digits, of both halves of a pair.
bool AppendCodePoint(std::string_view raw, std::size_t& at, std::string& to) {
  constexpr std::uint32_t kHigh = 0xD800, kLow = 0xDC00, kBehind = 0xE000;
  const auto unit = CodeUnit(raw.substr(at));
  if (!unit || (*unit >= kLow && *unit < kBehind)) return false;
  at += 4;
  if (*unit < kHigh || *unit >= kBehind) {
    AppendUtf8(*unit, to);
    return true;
  }
  if (raw.substr(at, 2) != "\\u") return false;
  const auto low = CodeUnit(raw.substr(at + 2));
  if (!low || *low < kLow || *low >= kBehind) return false;
  at += 6;
  AppendUtf8(0x10000 + ((*unit - kHigh) << 10) + (*low - kLow), to);
  return true;
}

}  // namespace

static_assert(std::endian::native == std::endian::little);  // Skip finds the first byte so

bool UnescapeJson(std::string_view raw, std::string& to) {
  to.clear();
  std::size_t at = 0;
  while (at < raw.size()) {
    const std::size_t escape = std::min(raw.find('\\', at), raw.size());
    to.append(raw.substr(at, escape - at));
    if (escape == raw.size()) return true;
    if (escape + 1 == raw.size()) return false;
    at = escape + 2;
    switch (raw[escape + 1]) {
      case '"':
      case '\\':
      case '/': to += raw[escape + 1]; break;
      case 'b': to += '\b'; break;
      case 'f': to += '\f'; break;
      case 'n': to += '\n'; break;
      case 'r': to += '\r'; break;
      case 't': to += '\t'; break;
      case 'u':
        if (!AppendCodePoint(raw, at, to)) return false;
        break;
      default: return false;
    }
  }
  return true;
}

bool IsNestedDeeper(std::string_view text, int depth) {
  int open = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); i++) {
    const char c = text[i];
    if (c == '"') in_string = !in_string;
    if (in_string) {
      if (c == '\\') i++;
      continue;
    }
    if ((c == '[' || c == '{') && ++open > depth) return true;
    if (c == ']' || c == '}') open--;
  }
  return false;
}

std::string_view TrimJson(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

void JsonSplitter::Split(std::string_view text, bool is_last, std::vector<Piece>& pieces) {
  // What ends or begins something within brackets.
  static constexpr auto kTells = [] {
    std::array<bool, 256> tells{};
    for (const unsigned char c : {'"', '{', '}', '[', ']'}) tells[c] = true;
    return tells;
  }();
  while (at_ < text.size()) {
    switch (state_) {
      case State::kBetween: Between(text, is_last, pieces); break;
      case State::kScalar:
        while (at_ < text.size() && !IsBlank(text[at_]) && text[at_] != ',' &&
               !kTells[static_cast<unsigned char>(text[at_])])
          at_++;
        if (at_ < text.size()) state_ = State::kEnded;
        break;
      case State::kString: SkipString(text, State::kEnded); break;
      case State::kNestedString: SkipString(text, State::kNested); break;
      case State::kEnded:
        if (IsBehindValue(text)) {
          End(pieces);
        } else {
          state_ = State::kGarbage;
        }
        break;
      case State::kGarbage:
        while (at_ < text.size() && !IsBlank(text[at_]) && text[at_] != ',' &&
               (text[at_] != ']' || layout_ != Layout::kArray))
          at_++;
        if (at_ < text.size()) End(pieces);
        break;
      case State::kNested:
        at_ = Skip(text, at_, [](std::uint64_t bytes) {
          const std::uint64_t folded = bytes | (kOnes * 0x20);  // [ as {, ] as }
          return Find(bytes, '"') | Find(folded, '{') | Find(folded, '}');
        });
        while (at_ < text.size() && !kTells[static_cast<unsigned char>(text[at_])]) at_++;
        if (at_ == text.size()) break;
        const char c = text[at_++];
        if (c == '"') {
          state_ = State::kNestedString;
        } else if (c == '{' || c == '[') {
          depth_++;
        } else if (--depth_ == 0) {
          state_ = State::kEnded;
        }
        break;
    }
    // A byte order mark that may be cut.
    if (state_ == State::kBetween && is_at_begin_ && !is_last) break;
  }
  if (is_last) Finish(pieces);
}

void JsonSplitter::Drop(std::size_t size_bytes) {
  at_ -= size_bytes;
  if (state_ != State::kBetween) begin_ -= size_bytes;
  if (needs_value_) comma_ -= std::min(comma_, size_bytes);
}

// One character where a value may begin.
void JsonSplitter::Between(std::string_view text, bool is_last, std::vector<Piece>& pieces) {
  if (is_at_begin_) {
    if (text.size() < kByteOrderMark.size() && !is_last) return;
    is_at_begin_ = false;
    if (text.starts_with(kByteOrderMark)) {
      at_ = kByteOrderMark.size();
      return;
    }
  }
  const char c = text[at_];
  if (IsBlank(c)) {
    at_++;
    return;
  }
  if (layout_ == Layout::kUnknown) {
    layout_ = c == '[' ? Layout::kArray : Layout::kValues;
    if (c == '[') {
      at_++;
      return;
    }
  }
  if (c == ',' || c == ']' || c == '}') {
    Separator(c, pieces);
  } else {
    Begin(c);
  }
}

void JsonSplitter::Separator(char c, std::vector<Piece>& pieces) {
  const bool ends_value = layout_ == Layout::kArray && needs_comma_;
  if (c == ',' && ends_value) {
    needs_comma_ = false;
    needs_value_ = true;
    comma_ = at_;
  } else if (c == ']' && layout_ == Layout::kArray) {
    if (needs_value_) pieces.push_back({comma_, 1, true});
    layout_ = Layout::kBehindArray;
    needs_value_ = needs_comma_ = false;
  } else {
    pieces.push_back({at_, 1, true});
  }
  at_++;
}

void JsonSplitter::Begin(char c) {
  begin_ = at_++;
  if (c == '"') {
    state_ = State::kString;
  } else if (c == '{' || c == '[') {
    state_ = State::kNested;
    depth_ = 1;
  } else {
    state_ = State::kScalar;
  }
}

// Whether the character may stand right behind a value, the one at begin_: values in brackets or
// quotes may touch.
bool JsonSplitter::IsBehindValue(std::string_view text) const {
  const auto is_open = [](char c) { return c == '{' || c == '[' || c == '"'; };
  const char c = text[at_];
  return IsBlank(c) || c == ',' || (c == ']' && layout_ == Layout::kArray) ||
         (is_open(c) && is_open(text[begin_]));
}

void JsonSplitter::End(std::vector<Piece>& pieces) {
  const bool is_misplaced = needs_comma_ || layout_ == Layout::kBehindArray;
  pieces.push_back({begin_, at_ - begin_, is_misplaced || state_ == State::kGarbage});
  state_ = State::kBetween;
  needs_comma_ = layout_ == Layout::kArray;
  needs_value_ = false;
}

// The document ends at at_.
void JsonSplitter::Finish(std::vector<Piece>& pieces) {
  if (state_ != State::kBetween) End(pieces);
  if (layout_ != Layout::kArray) return;
  if (needs_value_) {
    pieces.push_back({comma_, 1, true});
  } else {
    pieces.push_back({at_, 0, true});
  }
  layout_ = Layout::kBehindArray;
  needs_value_ = needs_comma_ = false;
}

void JsonSplitter::SkipString(std::string_view text, State behind) {
  while (at_ < text.size()) {
    if (!is_escaped_) {
      at_ =
          Skip(text, at_, [](std::uint64_t bytes) { return Find(bytes, '"') | Find(bytes, '\\'); });
      if (at_ == text.size()) return;
    }
    const char c = text[at_++];
    if (is_escaped_) {
      is_escaped_ = false;
    } else if (c == '\\') {
      is_escaped_ = true;
    } else if (c == '"') {
      state_ = behind;
      return;
    }
  }
}

}  // namespace leat::connect

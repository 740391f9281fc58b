// Dates and times of data/convert.h.
#include <date/tz.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <map>
#include <mutex>

#include "base/text.h"
#include "data/convert.h"

namespace leat::data {
namespace {

constexpr std::int64_t kMicrosPerMinute = 60 * kMicrosPerSecond;
constexpr int kMaxYear = 294'247;  // of a time in microseconds
constexpr int kMinYear = -290'308;

// A date and time in parts, as a text has them.
struct Parts {
  std::int64_t days = 0;     // since 1970-01-01
  std::int64_t time_us = 0;  // of the day
  std::int64_t offset_us = 0;
  bool has_zone = false;
  std::string_view zone_name;  // empty: the offset counts
};

// A cursor over a text.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool at_end() const { return at_ == text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  std::string_view rest() const { return text_.substr(at_); }
  void Advance(std::size_t count) { at_ += count; }
  bool Skip(char c) {
    if (at_end() || text_[at_] != c) return false;
    at_++;
    return true;
  }
  bool SkipIgnoringCase(std::string_view word) {
    if (!EqualsIgnoreCase(rest().substr(0, word.size()), word)) return false;
    at_ += word.size();
    return true;
  }
  // Between `least` and `most` digits; -1 if they are not there.
  int Digits(std::size_t least, std::size_t most) {
    int value = 0;
    std::size_t count = 0;
    while (count < most && !at_end() && text_[at_] >= '0' && text_[at_] <= '9') {
      value = value * 10 + (text_[at_++] - '0');
      count++;
    }
    return count < least ? -1 : value;
  }
  // The fraction of a second in microseconds, and how many digits it has; further digits must be 0.
  std::optional<std::int64_t> Fraction() {
    std::int64_t unit = kMicrosPerSecond / 10;
    std::int64_t value = 0;
    const std::size_t begin = at_;
    for (; !at_end() && text_[at_] >= '0' && text_[at_] <= '9'; at_++) {
      if (unit == 0 && text_[at_] != '0') return std::nullopt;
      value += (text_[at_] - '0') * unit;
      unit /= 10;
    }
    return at_ == begin ? std::nullopt : std::optional(value);
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

std::optional<std::int64_t> DaysOf(int year, int month, int day) {
  if (month < 1 || month > 12 || day < 1 || year < kMinYear || year > kMaxYear) return std::nullopt;
  const bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const int last = month == 2 && is_leap ? 29 : kDays[static_cast<std::size_t>(month - 1)];
  if (day > last) return std::nullopt;
  // days_from_civil of Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms".
  const std::int64_t y = month <= 2 ? year - 1 : year;
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const std::int64_t year_of_era = y - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

// YYYY-MM-DD, without the era.
std::optional<std::array<int, 3>> ReadDate(Reader& reader) {
  const bool is_negative = reader.Skip('-');
  const int year = reader.Digits(4, 6);
  if (year < 0 || !reader.Skip('-')) return std::nullopt;
  const int month = reader.Digits(2, 2);
  if (month < 0 || !reader.Skip('-')) return std::nullopt;
  const int day = reader.Digits(2, 2);
  if (day < 0) return std::nullopt;
  return std::array<int, 3>{is_negative ? -year : year, month, day};
}

// "hh:mm[:ss[.ffffff]]"
std::optional<std::int64_t> ReadTime(Reader& reader) {
  const int hour = reader.Digits(2, 2);
  if (hour < 0 || hour > 23 || !reader.Skip(':')) return std::nullopt;
  const int minute = reader.Digits(2, 2);
  if (minute < 0 || minute > 59) return std::nullopt;
  std::int64_t time = hour * kMicrosPerHour + minute * kMicrosPerMinute;
  if (!reader.Skip(':')) return time;
  const int second = reader.Digits(2, 2);
  if (second < 0 || second > 59) return std::nullopt;
  time += second * kMicrosPerSecond;
  if (!reader.Skip('.') && !reader.Skip(',')) return time;
  const auto fraction = reader.Fraction();
  return fraction ? std::optional(time + *fraction) : std::nullopt;
}

// ±hh, ±hhmm, ±hh:mm, ±hh:mm:ss
bool ReadOffset(Reader& reader, Parts& parts) {
  const bool is_negative = reader.peek() == '-';
  if (!reader.Skip('-') && !reader.Skip('+')) return false;
  const int hour = reader.Digits(2, 2);
  if (hour < 0 || hour > 23) return false;
  int minute = 0, second = 0;
  const bool has_colon = reader.Skip(':');
  if (has_colon || (reader.peek() >= '0' && reader.peek() <= '9')) {
    minute = reader.Digits(2, 2);
    if (minute < 0 || minute > 59) return false;
    if (has_colon && reader.Skip(':')) {
      second = reader.Digits(2, 2);
      if (second < 0 || second > 59) return false;
    }
  }
  parts.offset_us = hour * kMicrosPerHour + minute * kMicrosPerMinute + second * kMicrosPerSecond;
  if (is_negative) parts.offset_us = -parts.offset_us;
  parts.has_zone = true;
  return true;
}

// What follows a time: nothing, Z, an offset, or the name of a zone.
bool ReadZone(Reader& reader, Parts& parts) {
  if (reader.at_end()) return true;
  reader.Skip(' ');
  if (reader.peek() == '+' || reader.peek() == '-') return ReadOffset(reader, parts);
  const std::string_view name = reader.rest();
  if (name.empty()) return false;
  parts.has_zone = true;
  reader.Advance(name.size());
  if (EqualsIgnoreCase(name, "z") || EqualsIgnoreCase(name, "utc")) return true;
  const bool is_name = std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '/' || c == '_' || c == '-' ||
           c == '+';
  });
  // Short names stand for different zones in different places: CST, IST.
  if (!is_name || name.find('/') == std::string_view::npos) return false;
  parts.zone_name = name;
  return true;
}

// Negative years and (BC) count from 1: the year before 1 is 1 BC.
std::optional<std::int64_t> DaysOf(Reader& reader, const std::array<int, 3>& date) {
  int year = date[0];
  if (reader.rest().starts_with(" (BC)")) {
    reader.Advance(5);
    if (year <= 0) return std::nullopt;
    year = 1 - year;
  }
  return DaysOf(year, date[1], date[2]);
}

std::optional<Parts> ReadIso(std::string_view text) {
  Reader reader(text);
  const auto date = ReadDate(reader);
  if (!date) return std::nullopt;
  Parts parts;
  std::optional<std::int64_t> days = DaysOf(reader, *date);
  if (!days) return std::nullopt;
  parts.days = *days;
  if (reader.at_end()) return parts;
  if (!reader.Skip('T') && !reader.Skip(' ') && !reader.Skip('t')) return std::nullopt;
  const auto time = ReadTime(reader);
  if (!time) return std::nullopt;
  parts.time_us = *time;
  if (reader.rest().starts_with(" (BC)")) {
    days = DaysOf(reader, *date);
    if (!days) return std::nullopt;
    parts.days = *days;
  }
  if (!ReadZone(reader, parts) || !reader.at_end()) return std::nullopt;
  return parts;
}

// The zone's offset at a local time; nothing when that is no single instant.
std::optional<std::int64_t> OffsetOf(std::string_view name, std::int64_t local_us) {
  // Looking one up reads the system's time zones; the library keeps them for good.
  static std::mutex mutex;
  static std::map<std::string, const date::time_zone*, std::less<>> known;
  const date::time_zone* zone = nullptr;
  {
    const std::lock_guard lock(mutex);
    const auto found = known.find(name);
    if (found != known.end()) {
      zone = found->second;
    } else {
      try {
        zone = date::locate_zone(std::string(name));
      } catch (const std::exception&) {
        zone = nullptr;  // there is none of that name
      }
      known.emplace(name, zone);
    }
  }
  if (zone == nullptr) return std::nullopt;
  const auto info = zone->get_info(
      date::local_time<std::chrono::microseconds>{std::chrono::microseconds{local_us}});
  if (info.result != date::local_info::unique) return std::nullopt;
  return info.first.offset.count() * kMicrosPerSecond;
}

std::optional<TimestampUs> InstantOf(const Parts& parts) {
  std::int64_t local = 0;
  if (__builtin_mul_overflow(parts.days, kMicrosPerDay, &local) ||
      __builtin_add_overflow(local, parts.time_us, &local)) {
    return std::nullopt;
  }
  std::int64_t offset = parts.offset_us;
  if (!parts.zone_name.empty()) {
    const auto of_zone = OffsetOf(parts.zone_name, local);
    if (!of_zone) return std::nullopt;
    offset = *of_zone;
  }
  TimestampUs instant = 0;
  if (__builtin_sub_overflow(local, offset, &instant)) return std::nullopt;
  return instant;
}

constexpr std::array<std::string_view, 12> kMonths = {
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};
constexpr std::array<std::string_view, 7> kWeekdays = {"sunday",   "monday", "tuesday", "wednesday",
                                                       "thursday", "friday", "saturday"};

// The number of the name, by its first three letters or whole; -1 without one.
template <std::size_t N>
int ReadName(Reader& reader, const std::array<std::string_view, N>& names, bool whole) {
  for (std::size_t i = 0; i < N; i++) {
    if (reader.SkipIgnoringCase(whole ? names[i] : names[i].substr(0, 3)))
      return static_cast<int>(i);
  }
  return -1;
}

// What a format has told of a text so far.
struct Told {
  int year = 1970, month = 1, day = 1, day_of_year = 0, weekday = -1;
  int hour = 0, minute = 0, second = 0;
  std::int64_t fraction_us = 0;
  int half = -1;  // of %p: 0 AM, 1 PM
  bool is_twelve = false;
  Parts zone;
};

bool ReadInto(int& part, int value) {
  part = value;
  return value >= 0;
}

bool ReadYear(Reader& reader, Told& told, bool two_digits) {
  if (!two_digits) {
    const bool is_negative = reader.Skip('-');
    if (!ReadInto(told.year, reader.Digits(4, 6))) return false;
    if (is_negative) told.year = -told.year;
    return true;
  }
  constexpr int kFirstOf1900s = 69;  // as POSIX has it
  const int year = reader.Digits(2, 2);
  told.year = year + (year < kFirstOf1900s ? 2000 : 1900);
  return year >= 0;
}

bool ReadDirective(Reader& reader, char directive, std::size_t least, Told& told);

bool ReadAll(Reader& reader, std::string_view directives, std::string_view separators, Told& told) {
  for (std::size_t i = 0; i < directives.size(); i++) {
    if (i > 0 && !reader.Skip(separators[i - 1])) return false;
    if (!ReadDirective(reader, directives[i], 2, told)) return false;
  }
  return true;
}

bool ReadZoneDirective(Reader& reader, char directive, Told& told) {
  if (directive == 'z') {
    if (reader.SkipIgnoringCase("z")) return told.zone.has_zone = true;
    return ReadOffset(reader, told.zone);
  }
  return ReadZone(reader, told.zone) && told.zone.has_zone;
}

// `least`: digits that must be there at least.
bool ReadDirective(Reader& reader, char directive, std::size_t least, Told& told) {
  switch (directive) {
    case 'Y': return ReadYear(reader, told, false);
    case 'y': return ReadYear(reader, told, true);
    case 'm': return ReadInto(told.month, reader.Digits(least, 2));
    case 'd': return ReadInto(told.day, reader.Digits(least, 2));
    case 'e': reader.Skip(' '); return ReadInto(told.day, reader.Digits(1, 2));
    case 'b':
    case 'h': return ReadInto(told.month, ReadName(reader, kMonths, false) + 1) && told.month > 0;
    case 'B': return ReadInto(told.month, ReadName(reader, kMonths, true) + 1) && told.month > 0;
    case 'a': return ReadInto(told.weekday, ReadName(reader, kWeekdays, false));
    case 'A': return ReadInto(told.weekday, ReadName(reader, kWeekdays, true));
    case 'j': return ReadInto(told.day_of_year, reader.Digits(least == 2 ? 3 : 1, 3));
    case 'H': return ReadInto(told.hour, reader.Digits(least, 2));
    case 'I': told.is_twelve = true; return ReadInto(told.hour, reader.Digits(least, 2));
    case 'M': return ReadInto(told.minute, reader.Digits(least, 2));
    case 'S': return ReadInto(told.second, reader.Digits(least, 2));
    case 'p':
      told.half = reader.SkipIgnoringCase("am") ? 0 : reader.SkipIgnoringCase("pm") ? 1 : -1;
      return told.half >= 0;
    case 'f':
    case 'g':
    case 'n': {
      const auto fraction = reader.Fraction();
      told.fraction_us = fraction.value_or(0);
      return fraction.has_value();
    }
    case 'z':
    case 'Z': return ReadZoneDirective(reader, directive, told);
    case 'T': return ReadAll(reader, "HMS", "::", told);
    case 'R': return ReadAll(reader, "HM", ":", told);
    case 'F': return ReadAll(reader, "Ymd", "--", told);
    case 'D': return ReadAll(reader, "mdy", "//", told);
    case '%': return reader.Skip('%');
    default: return false;
  }
}

std::optional<Parts> PartsOf(Told& told) {
  constexpr int kHalfDay = 12;
  if (told.is_twelve) {
    if (told.hour < 1 || told.hour > kHalfDay) return std::nullopt;
    told.hour = told.hour % kHalfDay + (told.half == 1 ? kHalfDay : 0);
  } else if (told.half >= 0 && (told.hour / kHalfDay) != told.half) {
    return std::nullopt;  // 15:00 AM
  }
  if (told.hour > 23 || told.minute > 59 || told.second > 59) return std::nullopt;
  auto days = DaysOf(told.year, told.month, told.day);
  if (told.day_of_year > 0) {
    const auto first = DaysOf(told.year, 1, 1);
    const auto next = DaysOf(told.year + 1, 1, 1);
    if (!first || !next || *first + told.day_of_year > *next) return std::nullopt;
    days = *first + told.day_of_year - 1;
  }
  if (!days) return std::nullopt;
  constexpr std::int64_t kThursday = 4;  // 1970-01-01
  if (told.weekday >= 0 && ((*days % 7 + 7 + kThursday) % 7) != told.weekday) return std::nullopt;
  Parts parts = told.zone;
  parts.days = *days;
  parts.time_us = told.hour * kMicrosPerHour + told.minute * kMicrosPerMinute +
                  told.second * kMicrosPerSecond + told.fraction_us;
  return parts;
}

std::optional<Parts> ReadByFormat(std::string_view text, std::string_view format) {
  Reader reader(text);
  Told told;
  for (std::size_t i = 0; i < format.size(); i++) {
    if (format[i] != '%' || i + 1 == format.size()) {
      if (!reader.Skip(format[i])) return std::nullopt;
      continue;
    }
    i++;
    std::size_t least = 2;
    if (format[i] == '-' && i + 1 < format.size()) {
      least = 1;
      i++;
    }
    if (!ReadDirective(reader, format[i], least, told)) return std::nullopt;
  }
  return reader.at_end() ? PartsOf(told) : std::nullopt;
}

std::optional<std::int32_t> DateOf(const std::optional<Parts>& parts) {
  if (!parts || parts->time_us != 0 || parts->has_zone) return std::nullopt;
  return static_cast<std::int32_t>(parts->days);
}

}  // namespace

std::optional<std::int32_t> ToDate(std::string_view text) {
  return DateOf(ReadIso(TrimBlanks(text)));
}

std::optional<TimestampUs> ToTimestamp(std::string_view text) {
  const auto parts = ReadIso(TrimBlanks(text));
  return parts ? InstantOf(*parts) : std::nullopt;
}

std::optional<TimestampUs> ToTimestampNtz(std::string_view text) {
  const auto parts = ReadIso(TrimBlanks(text));
  return parts && !parts->has_zone ? InstantOf(*parts) : std::nullopt;
}

std::optional<std::int32_t> ToDate(std::string_view text, std::string_view format) {
  return DateOf(ReadByFormat(TrimBlanks(text), format));
}

std::optional<TimestampUs> ToTimestamp(std::string_view text, std::string_view format) {
  const auto parts = ReadByFormat(TrimBlanks(text), format);
  return parts ? InstantOf(*parts) : std::nullopt;
}

}  // namespace leat::data

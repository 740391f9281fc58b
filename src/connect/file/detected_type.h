// What the values of a column could be: detection without guessing. Every value strikes out the
// types that it is no value of, so the result is the same for any order and grouping of values and
// files, and a table remembers it by a number (see docs/decisions/0014).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "data/schema.h"

namespace leat::connect {

// A column, a field or the elements of a list. A semilattice: Add and Join only ever strike out.
class DetectedType {
 public:
  // A value of a delimited file: its text. A null says nothing.
  void AddText(std::string_view text);

  // A value of JSON. Texts may be dates and times in ISO 8601 form only.
  void AddJsonText(std::string_view text);
  void AddJsonNumber(std::string_view number);
  void AddBoolean();
  // An object: its fields are to be told by field(name), names compared without case.
  void AddStruct();
  DetectedType& field(std::string_view name);
  // An array: its elements are to be told by element().
  void AddList();
  DetectedType& element();
  const std::vector<std::pair<std::string, DetectedType>>& fields() const { return fields_; }
  // A value of that very type, as Parquet files have it.
  void AddTyped(const data::Type& type);

  void Join(const DetectedType& other);

  // Null for all that is known: any later value decides.
  bool is_unknown() const { return possible_ == kAll; }
  // Dates or times in a form whose day and month could be either way around.
  bool is_ambiguous() const;
  // The type in which a table stores the values; text where nothing else is certain: also for dates
  // that are ambiguous.
  data::Type type() const;
  // When type() is a date or time that is not in ISO form: the strptime format of its date, as
  // ToTimestampIn takes it.
  std::string format() const;

  // What a table's properties remember, as JSON; and back (kCorrupt).
  std::string ToJson() const;
  static Result<DetectedType> FromJson(std::string_view json);

 private:
  // Bits that are left. Dates and times: kDate and kTime, in one of the orders.
  static constexpr std::uint32_t kBoolean = 1U << 0, kLong = 1U << 1, kDouble = 1U << 2,
                                 kDate = 1U << 3, kTime = 1U << 4, kStruct = 1U << 5,
                                 kList = 1U << 6, kTyped = 1U << 7;
  static constexpr std::uint32_t kFirstOrder = 1U << 8;
  static constexpr int kOrders = 9;
  static constexpr std::uint32_t kAllOrders = ((1U << kOrders) - 1) * kFirstOrder;
  static constexpr std::uint32_t kAll = (1U << 8) - 1 + kAllOrders;

  static std::uint32_t PossibleTexts(std::string_view text);
  static std::uint32_t PossibleNumbers(std::string_view text);
  static std::uint32_t PossibleTimes(std::string_view text);
  int order() const;  // the only one left, or -1
  void Leave(std::uint32_t possible) { possible_ &= possible; }
  void ForgetNested();  // of what is neither a struct nor a list any more

  std::uint32_t possible_ = kAll;
  std::vector<std::pair<std::string, DetectedType>>
      fields_;                         // kStruct, in the order of their finding
  std::vector<DetectedType> element_;  // kList: one; none yet: all were empty
  data::Type typed_;                   // kTyped alone
};

// By a strptime format; where it is that of a date alone, a time of day may follow in any usual
// form.
std::optional<TimestampUs> ToTimestampIn(std::string_view text, const std::string& format);

// The smallest type that holds the values of both exactly, as far as types tell: long and double →
// double, decimals → the decimal of both, date and timestamp → timestamp, structs → all fields of
// both, anything else that differs → string. Commutative and associative.
data::Type CommonType(const data::Type& a, const data::Type& b);

}  // namespace leat::connect

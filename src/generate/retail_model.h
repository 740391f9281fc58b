// The chain behind the dumps: who its customers are, what they order and when. Every order is a
// pure function of seed and number, so that none has to be kept.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "generate/distributions.h"
#include "generate/random_stream.h"
#include "generate/retail.h"

namespace leat::generate {

// The only things about a customer that change.
struct CustomerState {
  std::uint8_t region = 0;
  std::uint8_t segment = 0;
  std::uint8_t email_version = 0;
};

struct Day {
  std::string date;              // 2026-01-31
  std::int64_t first_order = 0;  // index, from 0
  std::int64_t orders = 0;
  std::int64_t customers = 0;  // signed up by the end of the day: numbers 1 to `customers`
};

enum class LaterStatus : std::uint8_t { kNone, kReturned, kCancelled };

struct Order {
  std::int64_t order_id = 0;
  std::int64_t customer_id = 0;
  std::int32_t placed_second = 0;  // of its day
  std::string_view product;
  std::string_view channel;
  std::int32_t quantity = 0;
  std::int64_t amount_cents = 0;
  LaterStatus later = LaterStatus::kNone;
  std::int32_t later_days = 0;    // after which the status changes
  std::int32_t later_second = 0;  // of that day
};

// Immutable after construction.
class RetailModel {
 public:
  // Options are in range.
  explicit RetailModel(const RetailOptions& options);

  const std::vector<Day>& days() const { return days_; }

  // As of the first dump that contains the customer.
  CustomerState InitialState(std::int64_t customer_id) const;
  // Changes the state if the customer changes on that day; false for most.
  bool ChangeOnDay(std::int64_t customer_id, std::int64_t day, CustomerState& state) const;
  // Days between sign-up and the first night, for customers of the first dump.
  std::int64_t DaysBeforeStart(std::int64_t customer_id) const;
  // "name,email,region,segment"
  std::string Describe(std::int64_t customer_id, const CustomerState& state) const;

  // `index` lies within the day's orders.
  Order OrderAt(std::int64_t index, const Day& day) const;

 private:
  std::uint64_t seed_;
  std::vector<Day> days_;
  WeightedChoice regions_, segments_, products_, channels_;
  DayClock clock_;
};

}  // namespace leat::generate

#include "generate/retail_model.h"

#include <algorithm>
#include <array>

namespace leat::generate {
namespace {

// Domains of RandomStream.
enum Domain : std::uint64_t { kCustomer = 1, kChange, kOrder };

constexpr std::array<std::string_view, 4> kRegions = {"north", "south", "east", "west"};
constexpr std::array<std::uint32_t, 4> kRegionWeights = {30, 20, 28, 22};
constexpr std::array<std::string_view, 3> kSegments = {"consumer", "small_business", "enterprise"};
constexpr std::array<std::uint32_t, 3> kSegmentWeights = {78, 17, 5};
constexpr std::array<std::uint32_t, 3> kLargestQuantity = {3, 6, 12};  // by segment
constexpr std::array<std::string_view, 3> kChannels = {"web", "store", "phone"};
constexpr std::array<std::uint32_t, 3> kChannelWeights = {55, 40, 5};

struct Product {
  std::string_view name;
  std::int32_t price_cents;
  std::uint32_t weight;
};
constexpr std::array<Product, 20> kProducts = {{
    {"coffee beans 1 kg", 1'890, 90},
    {"green tea 200 g", 790, 70},
    {"olive oil 1 l", 1'250, 60},
    {"notebook A5", 450, 80},
    {"ballpoint pens 10", 690, 60},
    {"desk lamp", 3'990, 25},
    {"office chair", 18'900, 6},
    {"standing desk", 42'900, 3},
    {"monitor 27 inch", 27'900, 6},
    {"keyboard", 5'490, 20},
    {"mouse", 2'490, 28},
    {"headphones", 8'990, 16},
    {"phone charger", 1'990, 45},
    {"usb cable", 890, 60},
    {"backpack", 5'990, 18},
    {"water bottle", 1'790, 40},
    {"running shoes", 9'990, 14},
    {"rain jacket", 11'900, 10},
    {"bath towel", 1'590, 35},
    {"frying pan", 3'490, 20},
}};

// ASCII spelling beside the real one, for addresses.
struct Name {
  std::string_view display, ascii;
};
constexpr std::array<Name, 24> kFirstNames = {{
    {"Anna", "anna"},   {"Ben", "ben"},       {"Chloé", "chloe"}, {"David", "david"},
    {"Elif", "elif"},   {"Farid", "farid"},   {"Grace", "grace"}, {"Hiro", "hiro"},
    {"Ines", "ines"},   {"José", "jose"},     {"Kofi", "kofi"},   {"Lena", "lena"},
    {"Mateo", "mateo"}, {"Nadia", "nadia"},   {"Omar", "omar"},   {"Priya", "priya"},
    {"Quinn", "quinn"}, {"Rosa", "rosa"},     {"Søren", "soren"}, {"Tara", "tara"},
    {"Uma", "uma"},     {"Victor", "victor"}, {"Wen", "wen"},     {"Zoë", "zoe"},
}};
constexpr std::array<Name, 24> kLastNames = {{
    {"Adams", "adams"},   {"Bauer", "bauer"},     {"Chen", "chen"},     {"Díaz", "diaz"},
    {"Evans", "evans"},   {"Fischer", "fischer"}, {"García", "garcia"}, {"Haddad", "haddad"},
    {"Ivanov", "ivanov"}, {"Jensen", "jensen"},   {"Kim", "kim"},       {"Lopez", "lopez"},
    {"Müller", "muller"}, {"Novak", "novak"},     {"Okafor", "okafor"}, {"Patel", "patel"},
    {"Rossi", "rossi"},   {"Smith", "smith"},     {"Tanaka", "tanaka"}, {"Ueda", "ueda"},
    {"Vega", "vega"},     {"Wong", "wong"},       {"Yilmaz", "yilmaz"}, {"Zhang", "zhang"},
}};

// Percent of an ordinary day's orders. 1970-01-01, day 0, was a Thursday.
constexpr std::array<std::uint32_t, 7> kWeekdays = {95, 120, 140, 105,
                                                    85, 88,  92};  // from Thursday
constexpr std::array<std::uint32_t, 12> kMonths = {92, 85, 95,  98,  100, 98,
                                                   90, 92, 100, 104, 130, 145};
constexpr std::array<std::uint32_t, 24> kHours = {6,  3,  2,  2,  2,  4,  12, 25, 45, 60, 70, 78,
                                                  85, 80, 72, 70, 75, 88, 95, 90, 80, 60, 35, 15};

constexpr std::uint32_t kInitialCustomersPercent = 80;
constexpr std::uint32_t kChangePer10000 = 30;  // a customer's chance to change on one day
constexpr std::uint32_t kReturnedPer10000 = 400;
constexpr std::uint32_t kCancelledPer10000 = 200;
constexpr std::uint32_t kLongestReturnDays = 10;
constexpr std::uint32_t kLongestCancelDays = 2;
constexpr std::uint32_t kOldestSignupDays = 1'095;
constexpr std::int32_t kSecondsPerDay = 86'400;

WeightedChoice ProductChoice() {
  std::vector<std::uint32_t> weights;
  for (const Product& product : kProducts) weights.push_back(product.weight);
  return WeightedChoice(weights);
}

std::vector<Day> PlanDays(const RetailOptions& options) {
  std::vector<std::uint32_t> weights;
  std::vector<Day> days(static_cast<std::size_t>(options.days));
  const std::int64_t first_day = options.start / kMicrosPerDay;
  for (std::int64_t d = 0; d < options.days; d++) {
    Day& day = days[static_cast<std::size_t>(d)];
    day.date = FormatTimestamp(options.start + d * kMicrosPerDay).substr(0, 10);
    const auto month = static_cast<std::size_t>((day.date[5] - '0') * 10 + day.date[6] - '0');
    const auto weekday = static_cast<std::size_t>(((first_day + d) % 7 + 7) % 7);
    weights.push_back(kWeekdays[weekday] * kMonths[month - 1]);
  }
  const std::int64_t initial =
      std::max<std::int64_t>(1, options.customers * kInitialCustomersPercent / 100);
  const auto shares = Apportion(options.orders, weights);
  std::int64_t first_order = 0;
  for (std::int64_t d = 0; d < options.days; d++) {
    Day& day = days[static_cast<std::size_t>(d)];
    day.first_order = first_order;
    day.orders = shares[static_cast<std::size_t>(d)];
    day.customers = initial + (options.customers - initial) * (d + 1) / options.days;
    first_order += day.orders;
  }
  return days;
}

// Zipf's law with exponent 1/2 among `count` customers: the square of a uniform number, in 32-bit
// fixed point. The oldest customers buy most.
std::int64_t PickCustomer(std::uint32_t u, std::int64_t count) {
  const std::uint64_t squared = (static_cast<std::uint64_t>(u) * u) >> 32U;
  return 1 + static_cast<std::int64_t>((squared * static_cast<std::uint64_t>(count)) >> 32U);
}

}  // namespace

RetailModel::RetailModel(const RetailOptions& options)
    : seed_(options.seed),
      days_(PlanDays(options)),
      regions_(kRegionWeights),
      segments_(kSegmentWeights),
      products_(ProductChoice()),
      channels_(kChannelWeights),
      clock_(kHours) {}

CustomerState RetailModel::InitialState(std::int64_t customer_id) const {
  RandomStream random(seed_, kCustomer, static_cast<std::uint64_t>(customer_id));
  CustomerState state;
  state.region = static_cast<std::uint8_t>(regions_.Pick(random));
  state.segment = static_cast<std::uint8_t>(segments_.Pick(random));
  return state;
}

bool RetailModel::ChangeOnDay(std::int64_t customer_id, std::int64_t day,
                              CustomerState& state) const {
  RandomStream random(seed_ + static_cast<std::uint64_t>(day), kChange,
                      static_cast<std::uint64_t>(customer_id));
  if (!random.OneIn10000(kChangePer10000)) return false;
  const auto other = [&random](std::uint8_t value, std::uint32_t count) {
    return static_cast<std::uint8_t>((value + 1 + random.Below(count - 1)) % count);
  };
  switch (random.Below(3)) {
    case 0: state.region = other(state.region, kRegions.size()); break;
    case 1: state.segment = other(state.segment, kSegments.size()); break;
    default: state.email_version++; break;
  }
  return true;
}

std::int64_t RetailModel::DaysBeforeStart(std::int64_t customer_id) const {
  RandomStream random(~seed_, kCustomer, static_cast<std::uint64_t>(customer_id));
  return 1 + random.Below(kOldestSignupDays);
}

std::string RetailModel::Describe(std::int64_t customer_id, const CustomerState& state) const {
  RandomStream random(seed_ + 1, kCustomer, static_cast<std::uint64_t>(customer_id));
  const Name& first = kFirstNames[random.Below(kFirstNames.size())];
  const Name& last = kLastNames[random.Below(kLastNames.size())];
  std::string text;
  text.append(first.display).append(" ").append(last.display).append(",");
  text.append(first.ascii).append(".").append(last.ascii).append(std::to_string(customer_id));
  if (state.email_version > 0) text.append("+").append(std::to_string(state.email_version));
  text.append("@example.com,").append(kRegions[state.region]).append(",");
  text.append(kSegments[state.segment]);
  return text;
}

Order RetailModel::OrderAt(std::int64_t index, const Day& day) const {
  RandomStream random(seed_, kOrder, static_cast<std::uint64_t>(index));
  Order order;
  order.order_id = index + 1;
  order.placed_second = clock_.SecondOfEvent(index - day.first_order, day.orders, random.Next32());
  order.customer_id = PickCustomer(random.Next32(), day.customers);
  const Product& product = kProducts[products_.Pick(random)];
  order.product = product.name;
  order.channel = kChannels[channels_.Pick(random)];
  const std::uint32_t largest = kLargestQuantity[InitialState(order.customer_id).segment];
  order.quantity = static_cast<std::int32_t>(1 + random.Below(largest));
  const std::int64_t factor = LognormalFactor().At(random.Next32());
  order.amount_cents = std::max<std::int64_t>(
      1, (std::int64_t{product.price_cents} * order.quantity * factor) >> 16U);
  const std::uint32_t fate = random.Below(10'000);
  if (fate < kReturnedPer10000 + kCancelledPer10000) {
    const bool returned = fate < kReturnedPer10000;
    order.later = returned ? LaterStatus::kReturned : LaterStatus::kCancelled;
    order.later_days = static_cast<std::int32_t>(
        1 + random.Below(returned ? kLongestReturnDays : kLongestCancelDays));
    order.later_second = static_cast<std::int32_t>(random.Below(kSecondsPerDay));
  }
  return order;
}

}  // namespace leat::generate

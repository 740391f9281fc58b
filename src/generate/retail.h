// The nightly dumps of Contoso, a retail chain: customers and orders as CSV files, with defects on
// demand.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "generate/progress.h"
#include "io/environment.h"

namespace leat::generate {

constexpr std::int64_t kMaxRetailCustomers = 100'000'000;  // 3 bytes of memory each
constexpr std::int64_t kMaxRetailOrders = 1'000'000'000;
constexpr std::int64_t kMaxRetailDays = 36'500;

struct RetailOptions {
  std::string directory;  // made when missing; must not hold customers/, orders/ or truth.csv yet
  std::int64_t customers = 1'000;
  std::int64_t orders = 10'000;
  std::int64_t days = 30;
  std::uint64_t seed = 1;
  double defects = 0;  // share of orders with one defect each, 0 to 1
  TimestampUs start =
      1'767'225'600 * kMicrosPerSecond;  // 2026-01-01; the first night's date, at midnight UTC
};

// What can be wrong with an order's row. Each defective order has exactly one.
enum class DefectKind {
  kExactDuplicate,        // the row stands twice in its file
  kConflictingDuplicate,  // a second row of the same order and time with another amount
  kLate,                  // in the dump of a later night than the order's date
  kNullRequired,          // customer_id, order_ts or amount is empty
  kNegativeAmount,
  kMistypedAmount,     // "12,50x"
  kMistypedTimestamp,  // a date that does not exist, or a word
  kUnknownCustomer,    // a customer_id that no dump contains
  kRaggedRow,          // two fields missing, or one too many
};
constexpr int kDefectKindCount = 9;
// "exact_duplicate", ...: as in truth.csv.
const char* ToString(DefectKind kind);

struct RetailSummary {
  std::int64_t files = 0;          // without truth.csv
  std::int64_t customer_rows = 0;  // without headers
  std::int64_t order_rows = 0;
  std::int64_t size_bytes = 0;
  std::map<std::string, std::int64_t> defects;  // rows in truth.csv by kind
};

// Writes, for each of `days` nights,
//   customers/customers_YYYY-MM-DD.csv   customers who are new or have changed (the first night:
//   everyone) orders/orders_YYYY-MM-DD.csv         orders placed that day, then earlier orders that
//   were returned or cancelled
// and truth.csv (file,line,kind,order_id): one line per defective row; line 1 is a file's header.
//
// The same options give the same bytes on every machine. Orders without a defect are the same
// whatever `defects` is, except that a defective order is never returned or cancelled. Memory grows
// with customers, not with orders. All or nothing: the files take their names when the last one is
// durable; on any error or cancellation (kCancelled) nothing remains. kInvalidInput for options out
// of range, kAlreadyExists when data is there.
Result<RetailSummary> GenerateRetail(const io::Environment& environment,
                                     const RetailOptions& options, const ProgressCallback& progress,
                                     const io::CancelToken& cancel);

}  // namespace leat::generate

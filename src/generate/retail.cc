#include "generate/retail.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "generate/csv_file.h"
#include "generate/random_stream.h"
#include "generate/retail_model.h"
#include "io/file_system.h"

namespace leat::generate {
namespace {

constexpr std::array<const char*, kDefectKindCount> kDefectNames = {
    "exact_duplicate",    "conflicting_duplicate", "late",
    "null_required",      "negative_amount",       "mistyped_amount",
    "mistyped_timestamp", "unknown_customer",      "ragged_row"};

constexpr const char* kCustomersHeader =
    "customer_id,name,email,region,segment,signup_date,updated_at";
constexpr const char* kOrdersHeader =
    "order_id,customer_id,order_ts,product,quantity,amount,channel,status,updated_at";
constexpr const char* kTruthHeader = "file,line,kind,order_id";

// Everything is written below this folder first; hidden, so that no glob sees half of it.
constexpr const char* kStaging = ".generating";
constexpr std::array<const char*, 3> kResults = {"customers", "orders", "truth.csv"};

constexpr std::uint64_t kDefectDomain = 100;
constexpr std::uint64_t kCustomerTimeDomain = 101;
constexpr std::int64_t kLongestDelayDays = 3;
constexpr std::int64_t kUnknownCustomerBase = 9'000'000'000;
constexpr std::int32_t kSecondsPerDay = 86'400;
constexpr std::array<const char*, 3> kBadTimestamps = {"2026-02-30T10:00:00Z", "yesterday",
                                                       "13/13/2026 25:61"};

struct Defect {
  DefectKind kind;
  std::uint32_t variant;    // which column, which wrong text
  std::int64_t delay_days;  // for kLate
};

// A row of an earlier day's order that waits for its night.
struct Waiting {
  std::int64_t index;
  std::int32_t placed_day;
  bool late;  // the first row; otherwise the change of status
};

Status Validate(const RetailOptions& options) {
  const auto check = [](const char* name, std::int64_t value, std::int64_t low,
                        std::int64_t high) -> Status {
    if (value >= low && value <= high) return Ok();
    return InvalidInput(fmt::format("{} is {}, but must be {} to {}", name, value, low, high));
  };
  if (options.directory.empty()) return InvalidInput("the folder to generate into is missing");
  LEAT_TRY(check("customers", options.customers, 1, kMaxRetailCustomers));
  LEAT_TRY(check("orders", options.orders, 0, kMaxRetailOrders));
  LEAT_TRY(check("days", options.days, 1, kMaxRetailDays));
  if (!(options.defects >= 0 && options.defects <= 1)) {
    return InvalidInput(fmt::format("defects is {}, but must be 0 to 1", options.defects))
        .WithHint("0.01 makes one order in a hundred defective");
  }
  if (options.start != FloorTo(Grain::kDay, options.start)) {
    return InvalidInput("start is " + FormatTimestamp(options.start) + ", but must be a date");
  }
  return Ok();
}

// Writes one set of dumps. Used once.
class RetailWriter {
 public:
  RetailWriter(const io::Environment& environment, const RetailOptions& options,
               const ProgressCallback& progress, const io::CancelToken& cancel, CsvFile truth)
      : files_(environment.files),
        options_(options),
        progress_(progress),
        cancel_(cancel),
        model_(options),
        defect_threshold_(static_cast<std::uint64_t>(options.defects * 4294967296.0)),
        waiting_(static_cast<std::size_t>(options.days)),
        truth_(std::move(truth)) {}

  Result<RetailSummary> Run() && {
    customers_.reserve(static_cast<std::size_t>(options_.customers));
    for (std::int64_t day = 0; day < options_.days; day++) {
      LEAT_TRY(WriteCustomers(day));
      LEAT_TRY(WriteOrders(day));
    }
    LEAT_ASSIGN(const std::int64_t truth_bytes, std::move(truth_).Close());
    summary_.size_bytes += truth_bytes;
    if (progress_) progress_({options_.orders, options_.orders});
    return std::move(summary_);
  }

 private:
  const Day& DayAt(std::int64_t day) const { return model_.days()[static_cast<std::size_t>(day)]; }

  Result<CsvFile> CreateDump(const std::string& name, const char* header) {
    const std::string path = io::JoinPath(io::JoinPath(options_.directory, kStaging), name);
    return CsvFile::Create(files_, path, header);
  }
  Status FinishDump(CsvFile file, std::int64_t& row_count) {
    row_count += file.row_count();
    LEAT_ASSIGN(const std::int64_t size_bytes, std::move(file).Close());
    summary_.size_bytes += size_bytes;
    summary_.files++;
    return Ok();
  }
  Status CheckCancelled() const {
    if (cancel_.cancelled()) return Cancelled("generating was cancelled; no file remains");
    return Ok();
  }

  // Everyone on the first night; later those who changed, then those who are new.
  Status WriteCustomers(std::int64_t day) {
    const Day& today = DayAt(day);
    LEAT_ASSIGN(CsvFile file,
                CreateDump("customers/customers_" + today.date + ".csv", kCustomersHeader));
    TimestampText updated_at(today.date, 'T', "Z");
    for (std::size_t i = 0; i < customers_.size(); i++) {
      const auto id = static_cast<std::int64_t>(i) + 1;
      if (id % kRowsPerReport == 0) LEAT_TRY(CheckCancelled());
      if (!model_.ChangeOnDay(id, day, customers_[i])) continue;
      LEAT_TRY(WriteCustomer(file, id, day, updated_at));
    }
    while (static_cast<std::int64_t>(customers_.size()) < today.customers) {
      const auto id = static_cast<std::int64_t>(customers_.size()) + 1;
      if (id % kRowsPerReport == 0) LEAT_TRY(CheckCancelled());
      customers_.push_back(model_.InitialState(id));
      LEAT_TRY(WriteCustomer(file, id, day, updated_at));
    }
    return FinishDump(std::move(file), summary_.customer_rows);
  }

  Status WriteCustomer(CsvFile& file, std::int64_t id, std::int64_t day,
                       TimestampText& updated_at) {
    RandomStream random(options_.seed + static_cast<std::uint64_t>(day), kCustomerTimeDomain,
                        static_cast<std::uint64_t>(id));
    file.Integer(id);
    file.Text(model_.Describe(id, customers_[static_cast<std::size_t>(id - 1)]));
    file.Text(SignupDate(id));
    file.Text(updated_at.At(static_cast<std::int32_t>(random.Below(kSecondsPerDay))));
    return file.EndRow();
  }

  std::string SignupDate(std::int64_t id) const {
    const TimestampUs before = options_.start - model_.DaysBeforeStart(id) * kMicrosPerDay;
    const auto& days = model_.days();
    if (id <= days.front().customers) return FormatTimestamp(before).substr(0, 10);
    const auto first = std::partition_point(days.begin(), days.end(),
                                            [id](const Day& day) { return day.customers < id; });
    return first->date;
  }

  Status WriteOrders(std::int64_t day) {
    const Day& today = DayAt(day);
    const std::string name = "orders/orders_" + today.date + ".csv";
    LEAT_ASSIGN(CsvFile file, CreateDump(name, kOrdersHeader));
    TimestampText placed_at(today.date, 'T', "Z");
    for (std::int64_t i = 0; i < today.orders; i++) {
      const std::int64_t index = today.first_order + i;
      if (index % kRowsPerReport == 0) LEAT_TRY(Report(index));
      const Order order = model_.OrderAt(index, today);
      const auto defect = DefectOf(index, day);
      if (defect) {
        LEAT_TRY(WriteDefective(file, name, order, *defect, day, placed_at));
        continue;
      }
      LEAT_TRY(WriteOrder(file, order, placed_at.At(order.placed_second)));
      const std::int64_t changes_on = day + order.later_days;
      if (order.later == LaterStatus::kNone || changes_on >= options_.days) continue;
      waiting_[static_cast<std::size_t>(changes_on)].push_back(
          {index, static_cast<std::int32_t>(day), false});
    }
    LEAT_TRY(WriteWaiting(file, name, day));
    return FinishDump(std::move(file), summary_.order_rows);
  }

  Status Report(std::int64_t orders_done) const {
    if (progress_) progress_({orders_done, options_.orders});
    return CheckCancelled();
  }

  // Draws from a stream of its own, so that the other orders do not depend on the rate.
  std::optional<Defect> DefectOf(std::int64_t index, std::int64_t day) const {
    RandomStream random(options_.seed, kDefectDomain, static_cast<std::uint64_t>(index));
    if (random.Next32() >= defect_threshold_) return std::nullopt;
    auto kind = static_cast<DefectKind>(random.Below(kDefectKindCount));
    const std::int64_t nights_left = options_.days - 1 - day;
    if (kind == DefectKind::kLate && nights_left == 0) kind = DefectKind::kNullRequired;
    const std::uint32_t variant = random.Next32();
    const std::int64_t longest =
        std::max<std::int64_t>(1, std::min(nights_left, kLongestDelayDays));
    return Defect{kind, variant, 1 + variant % longest};
  }

  static Status WriteOrder(CsvFile& file, const Order& order, std::string_view placed_at) {
    file.Integer(order.order_id);
    file.Integer(order.customer_id);
    file.Text(placed_at);
    file.Text(order.product);
    file.Integer(order.quantity);
    file.Cents(order.amount_cents);
    file.Text(order.channel);
    file.Text("placed");
    file.Text(placed_at);
    return file.EndRow();
  }

  Status WriteDefective(CsvFile& file, const std::string& name, const Order& order,
                        const Defect& defect, std::int64_t day, TimestampText& clock) {
    const std::string_view placed_at = clock.At(order.placed_second);
    switch (defect.kind) {
      case DefectKind::kLate:
        waiting_[static_cast<std::size_t>(day + defect.delay_days)].push_back(
            {order.order_id - 1, static_cast<std::int32_t>(day), true});
        return Ok();
      case DefectKind::kExactDuplicate: {
        LEAT_TRY(WriteOrder(file, order, placed_at));
        LEAT_TRY(Record(file, name, defect.kind, order));
        return WriteOrder(file, order, placed_at);
      }
      case DefectKind::kConflictingDuplicate: {
        LEAT_TRY(WriteOrder(file, order, placed_at));
        LEAT_TRY(Record(file, name, defect.kind, order));
        Order other = order;
        other.amount_cents += 100 + defect.variant % 5'000;
        return WriteOrder(file, other, placed_at);
      }
      case DefectKind::kNegativeAmount: {
        LEAT_TRY(Record(file, name, defect.kind, order));
        Order negative = order;
        negative.amount_cents = -order.amount_cents;
        return WriteOrder(file, negative, placed_at);
      }
      case DefectKind::kUnknownCustomer: {
        LEAT_TRY(Record(file, name, defect.kind, order));
        Order unknown = order;
        unknown.customer_id = kUnknownCustomerBase + defect.variant % 1'000'000;
        return WriteOrder(file, unknown, placed_at);
      }
      case DefectKind::kNullRequired:
      case DefectKind::kMistypedAmount:
      case DefectKind::kMistypedTimestamp:
      case DefectKind::kRaggedRow:
        LEAT_TRY(Record(file, name, defect.kind, order));
        return WriteMangled(file, order, defect, placed_at);
    }
    return Bug("unknown kind of defect");
  }

  // The defects that change a row's text rather than its values.
  static Status WriteMangled(CsvFile& file, const Order& order, const Defect& defect,
                             std::string_view placed_at) {
    const bool null = defect.kind == DefectKind::kNullRequired;
    const std::uint32_t column = defect.variant % 3;
    file.Integer(order.order_id);
    if (null && column == 0) {
      file.Text("");
    } else {
      file.Integer(order.customer_id);
    }
    if (defect.kind == DefectKind::kMistypedTimestamp) {
      file.Text(kBadTimestamps[column]);
    } else {
      file.Text(null && column == 1 ? "" : placed_at);
    }
    file.Text(order.product);
    file.Integer(order.quantity);
    if (defect.kind == DefectKind::kMistypedAmount) {
      file.Text(fmt::format("\"{},{:02}x\"", order.amount_cents / 100, order.amount_cents % 100));
    } else if (null && column == 2) {
      file.Text("");
    } else {
      file.Cents(order.amount_cents);
    }
    file.Text(order.channel);
    const bool ragged = defect.kind == DefectKind::kRaggedRow;
    if (ragged && defect.variant % 2 == 0) return file.EndRow();
    file.Text("placed");
    file.Text(placed_at);
    if (ragged) file.Text("surplus");
    return file.EndRow();
  }

  // What comes tonight although it was placed earlier: late rows and changes of status.
  Status WriteWaiting(CsvFile& file, const std::string& name, std::int64_t day) {
    const std::vector<Waiting> rows = std::exchange(waiting_[static_cast<std::size_t>(day)], {});
    TimestampText updated_at(DayAt(day).date, 'T', "Z");
    for (const Waiting& row : rows) {
      const Day& placed_day = DayAt(row.placed_day);
      const Order order = model_.OrderAt(row.index, placed_day);
      TimestampText placed_clock(placed_day.date, 'T', "Z");
      const std::string_view placed_at = placed_clock.At(order.placed_second);
      if (row.late) {
        LEAT_TRY(Record(file, name, DefectKind::kLate, order));
        LEAT_TRY(WriteOrder(file, order, placed_at));
        continue;
      }
      file.Integer(order.order_id);
      file.Integer(order.customer_id);
      file.Text(placed_at);
      file.Text(order.product);
      file.Integer(order.quantity);
      file.Cents(order.amount_cents);
      file.Text(order.channel);
      file.Text(order.later == LaterStatus::kReturned ? "returned" : "cancelled");
      file.Text(updated_at.At(order.later_second));
      LEAT_TRY(file.EndRow());
    }
    return Ok();
  }

  // The row that comes next in `file` is defective.
  Status Record(const CsvFile& file, const std::string& name, DefectKind kind, const Order& order) {
    truth_.Text(name);
    truth_.Integer(file.line());
    truth_.Text(ToString(kind));
    truth_.Integer(order.order_id);
    summary_.defects[ToString(kind)]++;
    return truth_.EndRow();
  }

  io::FileSystem& files_;
  const RetailOptions& options_;
  const ProgressCallback& progress_;
  const io::CancelToken& cancel_;
  const RetailModel model_;
  const std::uint64_t defect_threshold_;  // of 2^32
  std::vector<CustomerState> customers_;
  std::vector<std::vector<Waiting>> waiting_;  // by day
  CsvFile truth_;
  RetailSummary summary_;
};

Status RefuseExisting(io::FileSystem& files, const std::string& directory) {
  for (const char* name : kResults) {
    const std::string path = io::JoinPath(directory, name);
    if (!files.Stat(path).ok()) continue;
    return AlreadyExists(path + " is there already")
        .WithHint("remove it or name another folder: two sets of dumps must not mix");
  }
  return Ok();
}

Result<RetailSummary> WriteStaging(const io::Environment& environment, const RetailOptions& options,
                                   const std::string& staging, const ProgressCallback& progress,
                                   const io::CancelToken& cancel) {
  for (const char* name : {"customers", "orders"}) {
    LEAT_TRY(environment.files.CreateDirectories(io::JoinPath(staging, name)));
  }
  LEAT_ASSIGN(CsvFile truth,
              CsvFile::Create(environment.files, io::JoinPath(staging, "truth.csv"), kTruthHeader));
  return RetailWriter(environment, options, progress, cancel, std::move(truth)).Run();
}

}  // namespace

const char* ToString(DefectKind kind) { return kDefectNames[static_cast<std::size_t>(kind)]; }

Result<RetailSummary> GenerateRetail(const io::Environment& environment,
                                     const RetailOptions& options, const ProgressCallback& progress,
                                     const io::CancelToken& cancel) {
  LEAT_TRY(Validate(options));
  LEAT_TRY(RefuseExisting(environment.files, options.directory));
  const std::string staging = io::JoinPath(options.directory, kStaging);
  LEAT_TRY(io::RemoveAll(staging));  // of a run that was killed
  auto summary = WriteStaging(environment, options, staging, progress, cancel);
  if (!summary.ok()) {
    const bool removed = io::RemoveAll(staging).ok();
    return removed ? std::move(summary).error()
                   : std::move(summary).error().WithHint("and remove " + staging);
  }
  for (const char* name : kResults) {
    LEAT_TRY(environment.files.Rename(io::JoinPath(staging, name),
                                      io::JoinPath(options.directory, name)));
  }
  LEAT_TRY(environment.files.SyncDirectory(options.directory));
  LEAT_TRY(io::RemoveAll(staging));
  return summary;
}

}  // namespace leat::generate

#include <fmt/format.h>

#include <memory>

#include "cli/app.h"
#include "cli/command.h"
#include "cli/execute.h"
#include "cli/output.h"
#include "cli/text_width.h"
#include "generate/flights.h"
#include "generate/retail.h"
#include "io/terminal.h"

namespace leat::cli {
namespace {

struct RetailArguments {
  std::string to = "landing";
  std::int64_t customers = 1'000;
  std::int64_t orders = 10'000;
  std::int64_t days = 30;
  std::int64_t seed = 1;
  double defects = 0;
  std::string start = "2026-01-01";
};

struct FlightsArguments {
  std::string to = "flights.csv";
  std::int64_t rows = 1'000'000;
  std::int64_t seed = 1;
  std::string start = "2001-01-01";
};

// Percentages on a terminal's error stream.
generate::ProgressCallback ShowProgress(App& app) {
  if (!app.console().IsTerminal(io::kStandardError) || app.options().quiet) return {};
  auto shown = std::make_shared<std::int64_t>(-1);
  return [&app, shown](const generate::Progress& progress) {
    if (progress.rows_total <= 0) return;
    const std::int64_t percent = progress.rows_done * 100 / progress.rows_total;
    if (percent == *shown) return;
    *shown = percent;
    const bool is_done = progress.rows_done >= progress.rows_total;
    app.Err(is_done ? "\r\x1b[K" : fmt::format("\rgenerating: {} %", percent));
  };
}

std::string Megabytes(std::int64_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

void PrintRetail(App& app, const std::string& folder, const generate::RetailSummary& made) {
  PrintReport(app, {.json =
                        [&] {
                          Json defects = Json::object();
                          for (const auto& [kind, count] : made.defects) defects[kind] = count;
                          return Json{{"path", folder},
                                      {"files", made.files},
                                      {"customer_rows", made.customer_rows},
                                      {"order_rows", made.order_rows},
                                      {"size_bytes", made.size_bytes},
                                      {"defects", defects}};
                        },
                    .csv =
                        [&] {
                          return data::Rows{.schema = TextColumns({"path", "files", "customer_rows",
                                                                   "order_rows", "size_bytes"}),
                                            .rows = {{folder, made.files, made.customer_rows,
                                                      made.order_rows, made.size_bytes}}};
                        },
                    .plain =
                        [&] {
                          std::string text = fmt::format(
                              "{} in {}: {} of customers, {} of orders, {}\n",
                              Counted(made.files, "file"), folder,
                              Counted(made.customer_rows, "row"), Counted(made.order_rows, "row"),
                              Megabytes(made.size_bytes));
                          for (const auto& [kind, count] : made.defects)
                            text += fmt::format("  {} {}\n", count, kind);
                          if (!made.defects.empty()) {
                            text += "Every defective row is listed in " +
                                    io::JoinPath(folder, "truth.csv") + "\n";
                          }
                          return text;
                        },
                    .is_remark = true});
}

int RunRetail(App& app, const RetailArguments& arguments) {
  const auto start = ParseTimestamp(arguments.start);
  if (!start.ok()) return app.Fail(Error(start.error()).WithContext("--start"));
  if (arguments.seed < 0) return app.Fail(InvalidInput("--seed must not be negative"));
  const generate::RetailOptions options{.directory = io::AbsolutePath(arguments.to),
                                        .customers = arguments.customers,
                                        .orders = arguments.orders,
                                        .days = arguments.days,
                                        .seed = static_cast<std::uint64_t>(arguments.seed),
                                        .defects = arguments.defects,
                                        .start = *start};
  const auto made =
      generate::GenerateRetail(app.environment(), options, ShowProgress(app), CancelledByUser());
  if (!made.ok()) return app.Fail(made.error());
  PrintRetail(app, arguments.to, *made);
  return kDone;
}

int RunFlights(App& app, const FlightsArguments& arguments) {
  const auto start = ParseTimestamp(arguments.start);
  if (!start.ok()) return app.Fail(Error(start.error()).WithContext("--start"));
  if (arguments.seed < 0) return app.Fail(InvalidInput("--seed must not be negative"));
  const generate::FlightsOptions options{.path = io::AbsolutePath(arguments.to),
                                         .rows = arguments.rows,
                                         .seed = static_cast<std::uint64_t>(arguments.seed),
                                         .start = *start};
  const auto made =
      generate::GenerateFlights(app.environment(), options, ShowProgress(app), CancelledByUser());
  if (!made.ok()) return app.Fail(made.error());
  PrintReport(app, {.json =
                        [&] {
                          return Json{{"path", arguments.to},
                                      {"rows", made->rows},
                                      {"size_bytes", made->size_bytes},
                                      {"days", made->days}};
                        },
                    .csv =
                        [&] {
                          return data::Rows{
                              .schema = TextColumns({"path", "rows", "size_bytes", "days"}),
                              .rows = {{arguments.to, made->rows, made->size_bytes, made->days}}};
                        },
                    .plain =
                        [&] {
                          return fmt::format("{}: {} over {}, {}\n", arguments.to,
                                             Counted(made->rows, "row"), Counted(made->days, "day"),
                                             Megabytes(made->size_bytes));
                        },
                    .is_remark = true});
  return kDone;
}

Command MakeRetail() {
  auto arguments = std::make_shared<RetailArguments>();
  RetailArguments& a = *arguments;
  return {
      .name = "retail",
      .summary = "Nightly dumps of a retail chain: customers and orders as CSV files",
      .details = "The same options give the same bytes everywhere.",
      .options = {{"--customers", "N", "customers (1000)", &a.customers},
                  {"--orders", "N", "orders (10000)", &a.orders},
                  {"--days", "N", "nights, and so dumps of each kind (30)", &a.days},
                  {"--seed", "N", "another seed, other data (1)", &a.seed},
                  {"--defects", "SHARE", "share of orders with a defect, 0 to 1 (0)", &a.defects},
                  {"--start", "DATE", "the first night (2026-01-01)", &a.start},
                  {"DIR", "", "folder for customers/, orders/ and truth.csv (landing)", &a.to}},
      .examples = {{"leat generate retail --orders 100000 --days 90 --seed 7 --defects 0.01",
                    "one order in a hundred is wrong; landing/truth.csv says which and how"}},
      .run = [arguments](App& app) { return RunRetail(app, *arguments); }};
}

Command MakeFlights() {
  auto arguments = std::make_shared<FlightsArguments>();
  FlightsArguments& a = *arguments;
  return {.name = "flights",
          .summary = "One CSV file of flights of any length, for load tests",
          .details = "The same options give the same bytes everywhere.",
          .options = {{"--rows", "N", "rows (1000000)", &a.rows},
                      {"--seed", "N", "another seed, other data (1)", &a.seed},
                      {"--start", "DATE", "the first day (2001-01-01)", &a.start},
                      {"FILE", "", "the file (flights.csv)", &a.to}},
          .examples = {{"leat generate flights --rows 50000000 /data/flights.csv", "about 2 GB"}},
          .run = [arguments](App& app) { return RunFlights(app, *arguments); }};
}

}  // namespace

Command MakeGenerate() {
  return {.name = "generate",
          .summary = "Make synthetic data for demos and tests",
          .subcommands = {MakeRetail(), MakeFlights()},
          .examples = {{"leat generate retail --customers 1000 --orders 20000 --days 30 --seed 1",
                        "input for the retail template"}}};
}

}  // namespace leat::cli

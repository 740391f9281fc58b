// TPC-H over Delta tables beside DuckDB over the same Parquet files, query by query in turn, in one
// process with equal settings: bench/run.py tpch runs this. Prints one JSON object: for each query
// the seconds of each run, of Leat and of DuckDB.
//
//   leat_tpch_bench FOLDER RUNS     FOLDER/TABLE/ with files and a log, FOLDER/queries/NN.sql
#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/text.h"
#include "duckdb.hpp"
#include "engine/engine.h"

namespace leat {
namespace {

constexpr double kMicros = 1e6;
constexpr const char* kTables[] = {"customer", "lineitem", "nation", "orders",
                                   "part",     "partsupp", "region", "supplier"};

class Bench {
 public:
  explicit Bench(std::string folder) : folder_(std::move(folder)), connection_(database_) {
    Bare(fmt::format("SET threads = {}", std::max(1U, std::thread::hardware_concurrency())));
    for (const char* table : kTables) {
      const std::string path = folder_ + "/" + table;
      Ours(fmt::format("CREATE TEMP VIEW {} AS FROM delta_scan({})", table, QuoteLiteral(path)));
      Bare(fmt::format("CREATE VIEW {} AS FROM read_parquet({})", table,
                       QuoteLiteral(path + "/*.parquet")));
    }
  }

  void Run(int runs) {
    for (const io::FileInfo& file : environment_.files.List(folder_ + "/queries").value()) {
      std::string sql = environment_.files.ReadFile(file.path).value();
      sql.erase(sql.find_last_of(';'));
      Compare(file.path, sql);
      for (int run = 0; run < runs; run++) {
        // Who goes first finds the caches as the other has left them.
        for (const bool ours : {run % 2 == 0, run % 2 != 0}) {
          const std::int64_t begun = environment_.clock.MonotonicUs();
          if (ours) {
            Visit(sql);
          } else {
            Bare(sql);
          }
          auto& [leat, duckdb] = seconds_[io::FileName(file.path)];
          (ours ? leat : duckdb)
              .push_back(static_cast<double>(environment_.clock.MonotonicUs() - begun) / kMicros);
        }
      }
    }
    std::vector<std::string> queries;
    for (const auto& [name, seconds] : seconds_) {
      queries.push_back(fmt::format(R"("{}": {{"leat": [{}], "duckdb": [{}]}})", name,
                                    fmt::join(seconds.first, ", "),
                                    fmt::join(seconds.second, ", ")));
    }
    fmt::print("{{{}}}\n", Join(queries, ", "));
  }

 private:
  data::Rows Ours(const std::string& sql) {
    auto rows = session_->Query(sql);
    if (!rows.ok()) Fail(rows.error().ToString());
    return std::move(*rows);
  }
  // By column, as DuckDB hands its rows over.
  void Visit(const std::string& sql) {
    const Status done =
        session_->Stream(sql, {}, [](const data::ArrowBatch&) -> Status { return Ok(); });
    if (!done.ok()) Fail(done.error().ToString());
  }
  duckdb::unique_ptr<duckdb::MaterializedQueryResult> Bare(const std::string& sql) {
    auto rows = connection_.Query(sql);
    if (rows->HasError()) Fail(rows->GetError());
    return rows;
  }
  // Both must have the same rows.
  void Compare(const std::string& name, const std::string& sql) {
    const std::string sum =
        fmt::format("SELECT count(*)::BIGINT, CAST(sum(hash(t)) AS VARCHAR) FROM ({}) t", sql);
    const data::Rows ours = Ours(sum);
    const auto bare = Bare(sum);
    if (std::get<std::int64_t>(ours.rows[0][0]) != bare->GetValue(0, 0).GetValue<std::int64_t>() ||
        std::get<std::string>(ours.rows[0][1]) != bare->GetValue(1, 0).ToString()) {
      Fail(name + ": the rows differ");
    }
  }
  [[noreturn]] static void Fail(const std::string& message) {
    fmt::print(stderr, "{}\n", message);
    std::exit(1);
  }

  io::Environment& environment_ = io::SystemEnvironment();
  const std::string folder_;
  const std::unique_ptr<engine::Engine> engine_ = engine::Engine::Open(environment_, {}).value();
  const std::unique_ptr<engine::Session> session_ = engine_->NewSession();
  duckdb::DuckDB database_;
  duckdb::Connection connection_;
  std::map<std::string, std::pair<std::vector<double>, std::vector<double>>> seconds_;
};

}  // namespace
}  // namespace leat

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  leat::Bench(argv[1]).Run(std::stoi(argv[2]));
  return 0;
}

// What Leat's log of Delta tables costs, without the data files: bench/run.py delta runs this
// beside the peers' scripts in this folder. Prints one JSON object.
//
//   leat_delta_bench make FOLDER COMMITS FILES     a table of so many commits of so many files each
//   leat_delta_bench checkpoint FOLDER             of its latest version
//   leat_delta_bench open FOLDER RUNS              seconds to load it and look at each file
//   leat_delta_bench commits FOLDER N              seconds of each of N durable appends of one file
//   leat_delta_bench refresh FOLDER N              seconds to see one commit of somebody else, N
//   times
#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace leat {
namespace {

constexpr double kMicros = 1e6;

delta::AddFile FileOf(const std::string& name, std::int64_t number) {
  return {
      .path = "part-" + name + ".zstd.parquet",
      .size_bytes = 1'000'000,
      .modified_ms = 1'700'000'000'000,
      .stats_json = fmt::format(
          R"({{"numRecords":1000,"minValues":{{"id":{0},"name":"a"}},"maxValues":{{"id":{1},"name":"z"}},"nullCount":{{"id":0,"name":3}}}})",
          number * 1000, number * 1000 + 999)};
}

delta::Metadata MetadataOf() {
  return {.schema = {{{.name = "id", .type = {.kind = data::TypeKind::kLong}},
                      {.name = "name", .type = {.kind = data::TypeKind::kString}}}},
          // One that is asked for is written by its own command.
          .configuration = {{"delta.checkpointInterval", "1000000"}}};
}

class Bench {
 public:
  explicit Bench(std::string folder)
      : folder_(std::move(folder)), engine_(engine::Engine::Open(environment_, {}).value()) {}

  void Make(std::int64_t commits, std::int64_t files) {
    delta::Table& table = engine_->TableAt(folder_);
    for (std::int64_t commit = 0; commit < commits; commit++) {
      delta::Transaction transaction;
      if (commit == 0) {
        transaction.metadata = MetadataOf();
      } else {
        transaction.base = table.Load().value();
      }
      transaction.info.operation = "WRITE";
      for (std::int64_t file = 0; file < files; file++) {
        const std::int64_t number = commit * files + file;
        transaction.adds.push_back(FileOf(fmt::format("{:08}-{:032x}", number, number), number));
      }
      table.Commit(std::move(transaction)).value();
    }
  }

  void Checkpoint() {
    if (!engine_->TableAt(folder_).Checkpoint().ok()) std::abort();
  }

  std::vector<double> Open(std::int64_t runs) {
    std::vector<double> seconds;
    for (std::int64_t run = 0; run < runs; run++) {
      const std::int64_t begun = environment_.clock.MonotonicUs();
      delta::Table table(environment_, engine_->parquet(), folder_);
      const auto snapshot = table.Load().value();
      std::int64_t bytes = 0;
      for (const delta::AddFile& file : snapshot->files()) bytes += file.size_bytes;
      if (bytes == 0) std::abort();
      seconds.push_back(Since(begun));
    }
    return seconds;
  }

  std::vector<double> Commits(std::int64_t count) {
    delta::Table& table = engine_->TableAt(folder_);
    std::vector<double> seconds;
    for (std::int64_t i = 0; i < count; i++) {
      const std::int64_t begun = environment_.clock.MonotonicUs();
      Append(table);
      seconds.push_back(Since(begun));
    }
    return seconds;
  }

  std::vector<double> Refresh(std::int64_t count) {
    delta::Table reader(environment_, engine_->parquet(), folder_);
    reader.Load().value();
    delta::Table writer(environment_, engine_->parquet(), folder_);
    std::vector<double> seconds;
    for (std::int64_t i = 0; i < count; i++) {
      Append(writer);
      const std::int64_t begun = environment_.clock.MonotonicUs();
      reader.Load().value();
      seconds.push_back(Since(begun));
    }
    return seconds;
  }

 private:
  void Append(delta::Table& table) {
    delta::Transaction transaction{.base = table.Load().value()};
    transaction.info.operation = "WRITE";
    transaction.adds = {FileOf(io::NewUuid(environment_.random), 1)};
    table.Commit(std::move(transaction)).value();
  }
  double Since(std::int64_t begun) const {
    return static_cast<double>(environment_.clock.MonotonicUs() - begun) / kMicros;
  }

  io::Environment& environment_ = io::SystemEnvironment();
  const std::string folder_;
  std::unique_ptr<engine::Engine> engine_;
};

int Run(const std::vector<std::string>& arguments) {
  if (arguments.size() < 2) return 2;
  const std::string& command = arguments[0];
  const auto number = [&](std::size_t i) { return std::stoll(arguments.at(i)); };
  Bench bench(arguments[1]);
  std::vector<double> seconds;
  if (command == "make") {
    bench.Make(number(2), number(3));
  } else if (command == "checkpoint") {
    bench.Checkpoint();
  } else if (command == "open") {
    seconds = bench.Open(number(2));
  } else if (command == "commits") {
    seconds = bench.Commits(number(2));
  } else if (command == "refresh") {
    seconds = bench.Refresh(number(2));
  } else {
    return 2;
  }
  fmt::print("{{\"seconds\": [{}]}}\n", fmt::join(seconds, ", "));
  return 0;
}

}  // namespace
}  // namespace leat

int main(int argc, char** argv) { return leat::Run({argv + 1, argv + argc}); }

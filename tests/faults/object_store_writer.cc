// One of many processes that write one Delta table at the same time: object_store_writers.py runs
// them and looks at what has come of it.
//
//   leat_object_store_writer TABLE WRITER COMMITS
//
// Appends a row (writer, number) with each commit. Every fourth one also takes back the row of the
// commit before it, by removing its file; writer 0 compacts the table every so often. What was
// acknowledged is printed, a line of JSON for each commit.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "delta/compaction.h"
#include "engine/engine.h"

namespace leat {
namespace {

constexpr int kTakesBackEvery = 4;
constexpr int kCompactsEvery = 5;

class Writer {
 public:
  Writer(std::string table_path, int writer)
      : path_(std::move(table_path)),
        writer_(writer),
        engine_(engine::Engine::Open(environment_, {.threads = 1}).value()),
        session_(engine_->NewSession()) {}

  Status Run(int commits) {
    for (int number = 0; number < commits; number++) {
      const bool takes_back = number % kTakesBackEvery == kTakesBackEvery - 1;
      LEAT_TRY(Commit(number, takes_back));
      if (writer_ == 0 && number % kCompactsEvery == kCompactsEvery - 1) LEAT_TRY(Compact());
    }
    return Ok();
  }

 private:
  // The row is staged once, and committed onto whatever the table is by then.
  Status Commit(int number, bool takes_back) {
    LEAT_TRY(environment_.files.CreateDirectories(path_));
    LEAT_ASSIGN(const auto written,
                session_->WriteParquet(fmt::format("SELECT {}::BIGINT AS writer, {}::BIGINT AS "
                                                   "number",
                                                   writer_, number),
                                       {}, {.directory = path_}));
    const engine::WrittenFile& file = written.files.at(0);
    LEAT_TRY(environment_.files.SyncFile(file.path));
    LEAT_TRY(environment_.files.SyncDirectory(path_));
    const delta::AddFile added =
        engine::ToAddFile(file, path_, written.schema, environment_.clock.Now());
    for (;;) {
      delta::Transaction transaction{.adds = {added}};
      transaction.info.operation = "WRITE";
      LEAT_TRY(Prepare(transaction, written.schema, takes_back));
      const bool removes = !transaction.removes.empty();
      LEAT_ASSIGN(const auto outcome, engine_->TableAt(path_).Commit(std::move(transaction)));
      const auto* committed = std::get_if<delta::Committed>(&outcome);
      if (committed == nullptr) continue;  // created, or compacted, by somebody else
      fmt::print(R"({{"version": {}, "added": [{}, {}], "removed": {}}})"
                 "\n",
                 committed->version.value(), writer_, number,
                 removes ? fmt::format("[{}, {}]", writer_, number - 1) : "null");
      last_ = added;
      return Ok();
    }
  }

  Status Prepare(delta::Transaction& transaction, const data::Schema& schema, bool takes_back) {
    const auto base = engine_->TableAt(path_).Load();
    if (!base.ok() && base.error().kind() == ErrorKind::kNotFound) {
      transaction.metadata = delta::Metadata{.id = "object-store-writers", .schema = schema};
      transaction.protocol = delta::Protocol{};
      return Ok();
    }
    if (!base.ok()) return base.error();
    transaction.base = *base;
    if (!takes_back) return Ok();
    for (const delta::AddFile& file : (*base)->files()) {
      if (file.path != last_.path) continue;  // else it was compacted, and stays
      transaction.scope = delta::ReadScope::kFiles;
      transaction.removes.push_back(delta::RemovalOf(file));
    }
    return Ok();
  }

  Status Compact() {
    const auto rewriter = engine::MakeRowRewriter(environment_, *session_);
    LEAT_ASSIGN(const auto result,
                delta::Compact(environment_, engine_->TableAt(path_), *rewriter, {}));
    if (result.version) {
      fmt::print(R"({{"version": {}, "added": null, "removed": null}})"
                 "\n",
                 result.version->value());
    }
    return Ok();
  }

  const io::Environment& environment_ = io::SystemEnvironment();
  const std::string path_;
  const int writer_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<engine::Session> session_;
  delta::AddFile last_;  // of the commit before
};

}  // namespace
}  // namespace leat

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: leat_object_store_writer TABLE WRITER COMMITS\n");
    return 2;
  }
  leat::Writer writer(argv[1], std::atoi(argv[2]));
  const leat::Status status = writer.Run(std::atoi(argv[3]));
  if (status.ok()) return 0;
  fmt::print(stderr, "{}\n", status.error().ToString());
  return 1;
}

// Many processes write one table at the same time: appends, merges, compaction, vacuum,
// checkpoints. Afterwards every version has one writer, and every row is there that a commit
// acknowledged, once.
//
//   leat_many_writers FOLDER WRITERS COMMITS RETENTION_S SEED
//
// Each writer goes on until it has made COMMITS commits. Vacuum removes files that are unused since
// RETENTION_S seconds, which must be longer than a writer may take from its data files to its
// commit.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <limits>
#include <map>
#include <random>
#include <set>

#include "base/text.h"
#include "delta/compaction.h"
#include "delta/vacuum.h"
#include "engine/engine.h"
#include "transform/publish.h"

namespace leat {
namespace {

constexpr int kRowsPerAppend = 3;
constexpr int kKeysPerWriter = 5;
constexpr std::int64_t kIdsPerWriter = 1'000'000;
constexpr std::int64_t kMillisPerSecond = 1'000;

struct Options {
  std::string folder;
  int writers = 0;
  int commits = 0;
  std::int64_t retention_s = 0;
  unsigned seed = 0;

  std::string table() const { return io::JoinPath(folder, "table"); }
  std::string journal(int writer) const {
    return io::JoinPath(folder, "writer-" + std::to_string(writer) + ".txt");
  }
};

// What all commits together must come to.
struct Ledger {
  std::map<std::int64_t, std::int64_t> rows;  // id to value
  std::map<std::int64_t, std::string> versions;
  std::map<std::string, int> operations;

  bool Claim(std::int64_t version, const std::string& by) {
    const auto [claimed, is_new] = versions.emplace(version, by);
    if (!is_new) {
      fmt::print("version {} was acknowledged to {} and to {}\n", version, claimed->second, by);
    }
    return is_new;
  }
};

std::int64_t AppendedId(int writer, int number, int row) {
  return writer * kIdsPerWriter + number * kRowsPerAppend + row;
}
std::int64_t MergedId(int writer, int number) {
  return -(writer * kKeysPerWriter + number % kKeysPerWriter) - 1;
}

// One process. Keeps a journal of what was acknowledged to it: operation, number, version.
class Writer {
 public:
  Writer(const Options& options, int number)
      : options_(options),
        number_(number),
        random_(options.seed * 1'000 + static_cast<unsigned>(number)),
        engine_(engine::Engine::Open(environment_, {.threads = 1}).value()),
        session_(engine_->NewSession()) {}

  Status Run() {
    for (int i = 0; commits_ < options_.commits; i++) LEAT_TRY(Step(i));
    return environment_.files.ReplaceFile(options_.journal(number_), journal_);
  }

 private:
  Status Step(int i) {
    const auto dice = random_() % 100;
    if (i == 0 || dice < 60) return PublishRows("append", i, transform::Append{});
    if (dice < 85) return PublishRows("merge", i, transform::MergeByKey{{"id"}});
    delta::Table& table = engine_->TableAt(options_.table());
    if (dice < 92) return Compact(table, i);
    if (dice < 96) return table.Checkpoint();
    LEAT_ASSIGN(const auto removed,
                delta::Vacuum(environment_, table,
                              {.retention_ms = options_.retention_s * kMillisPerSecond,
                               .allows_short_retention = true}));
    static_cast<void>(removed);
    return Ok();
  }

  Status PublishRows(const std::string& operation, int i, transform::PublishMode mode) {
    const std::string sql =
        operation == "append"
            ? fmt::format("select {} + r::bigint as id, {}::bigint as v from range({}) t(r)",
                          AppendedId(number_, i, 0), i, kRowsPerAppend)
            : fmt::format("select {}::bigint as id, {}::bigint as v", MergedId(number_, i), i);
    LEAT_ASSIGN(const auto written,
                session_->WriteParquet(sql, {}, {.directory = options_.table()}));
    const auto published = transform::Publish(environment_, *engine_,
                                              {.table_path = options_.table(),
                                               .schema = written.schema,
                                               .files = written.files,
                                               .mode = std::move(mode)});
    if (!published.ok() && published.error().kind() == ErrorKind::kConflict) {
      journal_ += fmt::format("conflict {} -1\n", i);  // others won, ten times
      return Ok();
    }
    if (!published.ok()) return published.error();
    Acknowledged(operation, i, *published->version);
    return Ok();
  }

  Status Compact(delta::Table& table, int i) {
    const auto rewriter = engine::MakeRowRewriter(environment_, *session_);
    LEAT_ASSIGN(const auto done, delta::Compact(environment_, table, *rewriter, {}));
    if (done.version) Acknowledged("compaction", i, *done.version);
    return Ok();
  }

  void Acknowledged(const std::string& operation, int i, TableVersion version) {
    journal_ += fmt::format("{} {} {}\n", operation, i, version.value());
    commits_++;
  }

  io::Environment& environment_ = io::SystemEnvironment();
  const Options& options_;
  const int number_;
  std::minstd_rand random_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<engine::Session> session_;
  std::string journal_;
  int commits_ = 0;
};

// In a process of its own: an engine does not survive a fork.
pid_t Start(const Options& options, int writer) {
  const pid_t child = fork();
  if (child != 0) return child;
  const Status done = Writer(options, writer).Run();
  if (!done.ok()) fmt::print("writer {}: {}\n", writer, done.error().ToString());
  std::fflush(stdout);
  _exit(done.ok() ? 0 : 1);
}

bool AllEndWell(const std::vector<pid_t>& children) {
  bool well = true;
  for (const pid_t child : children) {
    int status = 0;
    well = child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0 && well;
  }
  return well;
}

Result<bool> ReadJournal(const Options& options, int writer, Ledger& ledger) {
  LEAT_ASSIGN(const std::string journal, io::LocalFileSystem().ReadFile(options.journal(writer)));
  bool right = true;
  for (const std::string& line : Split(journal, '\n')) {
    if (line.empty()) continue;
    const auto words = Split(line, ' ');
    const int i = std::stoi(words[1]);
    ledger.operations[words[0]]++;
    if (words[0] == "conflict") continue;
    right = ledger.Claim(std::stoll(words[2]), fmt::format("writer {}: {}", writer, line)) && right;
    if (words[0] == "merge") ledger.rows[MergedId(writer, i)] = i;
    if (words[0] != "append") continue;
    for (int row = 0; row < kRowsPerAppend; row++) ledger.rows[AppendedId(writer, i, row)] = i;
  }
  return right;
}

Result<bool> RowsAreRight(engine::Session& session, const Options& options, const Ledger& ledger) {
  LEAT_ASSIGN(const data::Rows found,
              session.Query(fmt::format("select id, v from delta_scan({}) order by id",
                                        QuoteLiteral(options.table()))));
  std::map<std::int64_t, std::int64_t> rows;
  bool right = true;
  for (const auto& row : found.rows) {
    const auto id = std::get<std::int64_t>(row[0]);
    if (rows.emplace(id, std::get<std::int64_t>(row[1])).second) continue;
    fmt::print("row {} is there twice\n", id);
    right = false;
  }
  for (const auto& [id, value] : ledger.rows) {
    const auto there = rows.find(id);
    if (there != rows.end() && there->second == value) continue;
    fmt::print("row {} with {} was acknowledged and is {}\n", id, value,
               there == rows.end() ? "not there" : std::to_string(there->second));
    right = false;
  }
  if (rows.size() != ledger.rows.size()) {
    fmt::print("{} rows, and {} were acknowledged\n", rows.size(), ledger.rows.size());
    right = false;
  }
  return right;
}

// Versions without gaps, each later than the one before it; acknowledged to one writer, but for
// those in which a vacuum told what it does.
Result<bool> VersionsAreRight(delta::Table& table, const Ledger& ledger) {
  LEAT_ASSIGN(const auto history, table.History(std::numeric_limits<std::int32_t>::max()));
  bool right = true;
  std::size_t vacuums = 0;
  for (std::size_t i = 0; i < history.size(); i++) {
    const auto expected = static_cast<std::int64_t>(history.size() - 1 - i);
    const bool is_vacuum = history[i].info.operation.starts_with("VACUUM ");
    vacuums += is_vacuum ? 1 : 0;
    if (history[i].version.value() != expected || ledger.versions.contains(expected) == is_vacuum) {
      fmt::print("version {} is wrong: {}\n", expected, history[i].info.operation);
      right = false;
    }
    if (i > 0 && history[i].info.timestamp_ms >= history[i - 1].info.timestamp_ms) {
      fmt::print("version {} is not later than the one before it\n", expected + 1);
      right = false;
    }
  }
  if (history.size() != ledger.versions.size() + vacuums) {
    fmt::print("{} versions, and {} were acknowledged\n", history.size() - vacuums,
               ledger.versions.size());
    right = false;
  }
  return right;
}

// After a vacuum that keeps nothing else, the folder has the table's files and no others.
Result<bool> NothingIsLeftOver(const io::Environment& environment, delta::Table& table) {
  environment.clock.Sleep(kMicrosPerMilli * 10);
  LEAT_ASSIGN(
      const auto removed,
      delta::Vacuum(environment, table, {.retention_ms = 0, .allows_short_retention = true}));
  static_cast<void>(removed);
  LEAT_ASSIGN(const auto snapshot, table.Load());
  std::set<std::string> wanted, found;
  for (const delta::AddFile& file : snapshot->files()) wanted.insert(file.path);
  LEAT_ASSIGN(const auto entries, environment.files.List(table.path()));
  for (const io::FileInfo& entry : entries) {
    if (!entry.is_directory) found.insert(io::FileName(entry.path));
  }
  if (wanted != found) fmt::print("{} files, and {} are needed\n", found.size(), wanted.size());
  return wanted == found;
}

Result<bool> Check(const Options& options, Ledger& ledger) {
  bool right = true;
  for (int writer = 0; writer <= options.writers; writer++) {
    LEAT_ASSIGN(const bool journal_is_right, ReadJournal(options, writer, ledger));
    right = journal_is_right && right;
  }
  const io::Environment& environment = io::SystemEnvironment();
  LEAT_ASSIGN(const auto engine, engine::Engine::Open(environment, {.threads = 2}));
  const auto session = engine->NewSession();
  delta::Table& table = engine->TableAt(options.table());
  LEAT_ASSIGN(const bool versions_are_right, VersionsAreRight(table, ledger));
  LEAT_ASSIGN(const bool rows_are_right, RowsAreRight(*session, options, ledger));
  LEAT_ASSIGN(const bool nothing_is_left, NothingIsLeftOver(environment, table));
  LEAT_ASSIGN(const bool rows_stay_right, RowsAreRight(*session, options, ledger));
  return right && versions_are_right && rows_are_right && nothing_is_left && rows_stay_right;
}

int Run(const Options& options) {
  if (!io::LocalFileSystem().CreateDirectories(options.table()).ok()) return 1;
  // Writer 0 makes the table, alone.
  Options first = options;
  first.commits = 1;
  if (!AllEndWell({Start(first, 0)})) return 1;
  std::vector<pid_t> children;
  for (int writer = 1; writer <= options.writers; writer++) {
    children.push_back(Start(options, writer));
  }
  bool right = AllEndWell(children);
  Ledger ledger;
  const auto checked = Check(options, ledger);
  if (!checked.ok()) fmt::print("{}\n", checked.error().ToString());
  right = right && checked.ok() && *checked;
  for (const auto& [operation, count] : ledger.operations) fmt::print("{} {}\n", count, operation);
  fmt::print("{}: {} processes, {} versions, {} rows, seed {}\n", right ? "passed" : "FAILED",
             options.writers, ledger.versions.size(), ledger.rows.size(), options.seed);
  return right ? 0 : 1;
}

}  // namespace
}  // namespace leat

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() != 5) {
    fmt::print("usage: leat_many_writers FOLDER WRITERS COMMITS RETENTION_S SEED\n");
    return 2;
  }
  return leat::Run({.folder = words[0],
                    .writers = std::atoi(words[1].c_str()),
                    .commits = std::atoi(words[2].c_str()),
                    .retention_s = std::atoll(words[3].c_str()),
                    .seed = static_cast<unsigned>(std::atoi(words[4].c_str()))});
}

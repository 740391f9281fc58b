// Damaged tables: log entries, checkpoints and deletion vectors of tests/golden/, cut, overwritten
// or gone. The rows are those of the undamaged table, or the table is refused with an error.
//
// What has a checksum or a syntax cannot be damaged unseen, and the test insists on it: deletion
// vectors; cut files; bytes that are no UTF-8 in the log. A flipped bit that turns one valid value
// of a log entry or checkpoint into another is beyond what the format can show: there the test only
// insists on an answer. LEAT_SEED and LEAT_DAMAGE_ROUNDS (per file) repeat or lengthen a run.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "base/text.h"
#include "engine/engine.h"

namespace leat::engine {
namespace {

using Rows = std::vector<std::string>;

enum class Kind { kLogEntry, kCheckpoint, kLastCheckpoint, kDeletionVector };

std::optional<Kind> KindOf(const std::string& path) {
  const std::string name = io::FileName(path);
  const bool is_in_log = io::FileName(io::ParentPath(path)) == "_delta_log";
  if (name == "_last_checkpoint") return Kind::kLastCheckpoint;
  if (is_in_log && name.find(".checkpoint.") != std::string::npos) return Kind::kCheckpoint;
  if (is_in_log && name.ends_with(".json")) return Kind::kLogEntry;
  if (name.starts_with("deletion_vector") && name.ends_with(".bin")) return Kind::kDeletionVector;
  return std::nullopt;
}

struct Damage {
  std::string what;
  std::optional<std::string> content;  // none: the file is gone
  bool is_visible = false;             // to a careful reader
};

// One way or another of damaging a file.
class Vandal {
 public:
  explicit Vandal(std::uint64_t seed) : state_(seed) {}

  Damage Harm(Kind kind, const std::string& content) {
    switch (Below(8)) {
      case 0: return {.what = "gone", .content = std::nullopt, .is_visible = IsNeeded(kind)};
      case 1:
      case 2: return Cut(kind, content);
      case 3: return Zeroes(kind, content);
      default: return Flip(kind, content);
    }
  }

 private:
  // Knuth's MMIX generator: the same damage for the same seed.
  std::size_t Below(std::size_t size) {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return size == 0 ? 0 : (state_ >> 33U) % size;
  }
  // A table without its last entries is an earlier version of it.
  static bool IsNeeded(Kind kind) { return kind != Kind::kLogEntry; }

  Damage Cut(Kind kind, const std::string& content) {
    const std::size_t size = Below(content.size());
    // An entry cut between two lines is another entry. What follows the vectors in their file, is
    // not read.
    const bool between_lines = size == 0 || content[size] == '\n' || content[size - 1] == '\n';
    return {.what = fmt::format("cut to {} of {} bytes", size, content.size()),
            .content = content.substr(0, size),
            .is_visible = kind != Kind::kLogEntry || !between_lines};
  }
  Damage Zeroes(Kind kind, std::string content) {
    const std::size_t at = Below(content.size());
    const std::size_t count = std::min<std::size_t>(1 + Below(64), content.size() - at);
    content.replace(at, count, count, '\0');
    return {.what = fmt::format("{} zeroes at byte {}", count, at),
            .content = std::move(content),
            .is_visible = kind != Kind::kCheckpoint};
  }
  Damage Flip(Kind kind, std::string content) {
    if (content.empty()) return {.what = "nothing", .content = content, .is_visible = true};
    const std::size_t at = Below(content.size());
    const std::size_t bit = Below(8);
    const bool was_ascii = static_cast<unsigned char>(content[at]) < 0x80U;
    content[at] = static_cast<char>(static_cast<unsigned char>(content[at]) ^ (1U << bit));
    const bool is_visible = kind == Kind::kDeletionVector || kind == Kind::kLastCheckpoint ||
                            (kind == Kind::kLogEntry && was_ascii && bit == 7);
    return {.what = fmt::format("bit {} of byte {} flipped", bit, at),
            .content = std::move(content),
            .is_visible = is_visible};
  }

  std::uint64_t state_;
};

std::int64_t NumberFrom(const char* variable, std::int64_t otherwise) {
  const auto text = io::GetEnv(variable);
  return text ? std::strtoll(text->c_str(), nullptr, 10) : otherwise;
}

class DamageTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    root_ = io::MakeTemporaryDirectory("leat-damage-").value();
    const std::string command = fmt::format("tar --zstd -xf '{}/{}.tar.zst' -C '{}' 2> /dev/null",
                                            LEAT_GOLDEN_FOLDER, GetParam(), root_);
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
    table_ = io::JoinPath(io::JoinPath(root_, GetParam()), "delta");
  }
  void TearDown() override { ASSERT_TRUE(io::RemoveAll(root_).ok()); }

  // By a program that has not seen the table before.
  Result<Rows> Read() const {
    LEAT_ASSIGN(const auto engine, Engine::Open(io::SystemEnvironment(), {.threads = 1}));
    LEAT_ASSIGN(const data::Rows found,
                engine->NewSession()->Query("select r::varchar from (from delta_scan(" +
                                            QuoteLiteral(table_) + ")) r order by 1"));
    Rows rows;
    for (const auto& row : found.rows) rows.push_back(std::get<std::string>(row[0]));
    return rows;
  }

  std::vector<std::string> FilesToHarm(const std::string& folder) {
    std::vector<std::string> paths;
    for (const io::FileInfo& file : files_.List(folder).value()) {
      if (file.is_directory) {
        for (std::string& path : FilesToHarm(file.path)) paths.push_back(std::move(path));
      } else if (KindOf(file.path)) {
        paths.push_back(file.path);
      }
    }
    return paths;
  }

  void Expect(const std::string& path, const Damage& damage, const Rows& rows) {
    SCOPED_TRACE(path.substr(table_.size() + 1) + ": " + damage.what);
    const auto found = Read();
    if (!found.ok()) {
      EXPECT_NE(KindOf(path), Kind::kLastCheckpoint) << found.error().ToString();
      EXPECT_NE(found.error().kind(), ErrorKind::kBug) << found.error().ToString();
      EXPECT_FALSE(found.error().message().empty());
      counts_["refused"]++;
    } else if (*found == rows) {
      counts_["same rows"]++;
    } else {
      EXPECT_FALSE(damage.is_visible) << "other rows";
      counts_["another valid table"]++;
    }
  }

  io::FileSystem& files_ = io::LocalFileSystem();
  std::string root_, table_;
  std::map<std::string, int> counts_;
};

TEST_P(DamageTest, ShowsTheSameRowsOrIsRefused) {
  const auto seed =
      NumberFrom("LEAT_SEED", static_cast<std::int64_t>(io::SystemRandom().Next() % 100'000));
  const auto rounds = NumberFrom("LEAT_DAMAGE_ROUNDS", 1);
  SCOPED_TRACE(fmt::format("LEAT_SEED={} LEAT_DAMAGE_ROUNDS={}", seed, rounds));
  const auto rows = Read();
  ASSERT_TRUE(rows.ok()) << rows.error().ToString();
  ASSERT_FALSE(FilesToHarm(table_).empty());
  Vandal vandal(static_cast<std::uint64_t>(seed));
  for (const std::string& path : FilesToHarm(table_)) {
    const std::string content = files_.ReadFile(path).value();
    for (std::int64_t round = 0; round < rounds; round++) {
      const Damage damage = vandal.Harm(*KindOf(path), content);
      if (damage.content) {
        ASSERT_TRUE(files_.ReplaceFile(path, *damage.content).ok());
      } else {
        ASSERT_TRUE(files_.Remove(path).ok());
      }
      Expect(path, damage, *rows);
      ASSERT_TRUE(files_.ReplaceFile(path, content).ok());
    }
  }
  EXPECT_EQ(Read().value(), *rows) << "mended, it is another table";
  std::string summary = fmt::format("seed {}:", seed);
  for (const auto& [outcome, count] : counts_) summary += fmt::format(" {} {},", count, outcome);
  GTEST_LOG_(INFO) << GetParam() << ": " << summary.substr(0, summary.size() - 1);
}

INSTANTIATE_TEST_SUITE_P(
    Golden, DamageTest,
    testing::Values("basic-with-inserts-deletes-checkpoint", "basic-with-inserts-merge",
                    "corrupted-last-checkpoint-kernel", "dv-partitioned-with-checkpoint",
                    "dv-with-columnmapping", "log-replay-dv-key-cases", "multi-part-checkpoint",
                    "only-checkpoint-files", "data-skipping-basic-stats-all-types-checkpoint"),
    [](const auto& table) {
      std::string name = table.param;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

}  // namespace
}  // namespace leat::engine

// Histories made of states that come late, again, with equal times or not at all, against a model
// of few lines. LEAT_SEED and LEAT_HISTORY_ROUNDS repeat or lengthen a run.
#include "transform/history.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

namespace leat::transform {
namespace {

using testing::HasSubstr;

constexpr int kKeys = 6;
constexpr std::int64_t kTimes = 24;
constexpr std::int64_t kUnit = kMicrosPerSecond;  // between two times

std::int64_t NumberFrom(const char* variable, std::int64_t otherwise) {
  const auto text = io::GetEnv(variable);
  return text ? std::stoll(*text) : otherwise;
}

// A row of the table, or of what it should hold.
struct Row {
  int key = 0;
  std::string value;
  std::int64_t time = 0;  // of the time column
  std::int64_t from = 0;
  std::optional<std::int64_t> to;
  bool is_current = false;
  auto operator<=>(const Row&) const = default;
};
void PrintTo(const Row& row, std::ostream* out) {
  *out << fmt::format("key {} '{}' of {}: [{}, {}) {}", row.key, row.value, row.time, row.from,
                      row.to ? std::to_string(*row.to) : "open", row.is_current ? "current" : "");
}
struct State {
  std::int64_t time = 0;
  std::string value;
};
using States = std::map<int, State>;  // by key: what a model gives

class HistoryTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = io::MakeTemporaryDirectory("leat-history-").value();
    engine_ = engine::Engine::Open(environment_, {.threads = 2}).value();
    session_ = engine_->NewSession();
    seed_ = static_cast<std::uint64_t>(
        NumberFrom("LEAT_SEED", static_cast<std::int64_t>(io::SystemRandom().Next() % 1'000'000)));
    state_ = seed_;
  }
  void TearDown() override {
    session_.reset();
    engine_.reset();
    ASSERT_TRUE(io::RemoveAll(path_).ok());
  }

  Result<Published> PublishSql(const std::string& sql, const TrackHistory& mode) {
    const auto written = session_->WriteParquet(sql, {}, {.directory = path_});
    if (!written.ok()) return Bug("the test's SQL is wrong: " + written.error().ToString());
    return Publish(
        environment_, *engine_,
        {.table_path = path_, .schema = written->schema, .files = written->files, .mode = mode});
  }

  // The columns have the names that the statements of a history use themselves.
  Status PublishStates(const States& states, TrackHistory mode) {
    mode.key = {"k0"};
    std::string rows;
    for (const auto& [key, state] : states) {
      rows += fmt::format("{}({}, {}, make_timestamptz({}))", rows.empty() ? "" : ", ", key,
                          state.value == "null" ? "NULL" : "'" + state.value + "'", state.time);
    }
    const std::string sql =
        rows.empty() ? "SELECT 1::INTEGER AS k0, 'a' AS leat_file, make_timestamptz(0) AS begins "
                       "WHERE false"
                     : "SELECT k0::INTEGER AS k0, leat_file::VARCHAR AS leat_file, begins FROM "
                       "(VALUES " +
                           rows + ") AS s(k0, leat_file, begins)";
    const auto published = PublishSql(sql, mode);
    return published.ok() ? Ok() : Status(published.error());
  }

  std::vector<Row> Rows() {
    const auto found = session_->Query(
        "SELECT k0::BIGINT, coalesce(leat_file, 'null'), epoch_us(begins), epoch_us(valid_from), "
        "epoch_us(valid_to), is_current FROM delta_scan('" +
        path_ + "')");
    std::vector<Row> rows;
    for (const auto& cells : found.value().rows) {
      Row& row = rows.emplace_back();
      row.key = static_cast<int>(std::get<std::int64_t>(cells[0]));
      row.value = std::get<std::string>(cells[1]);
      row.time = std::get<std::int64_t>(cells[2]);
      row.from = std::get<std::int64_t>(cells[3]);
      if (const auto* to = std::get_if<std::int64_t>(&cells[4])) row.to = *to;
      row.is_current = std::get<bool>(cells[5]);
    }
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  static void ExpectSound(const std::vector<Row>& rows) {
    std::map<int, std::vector<Row>> by_key;
    for (const Row& row : rows) by_key[row.key].push_back(row);
    for (auto& [key, states] : by_key) {
      std::sort(states.begin(), states.end(),
                [](const Row& a, const Row& b) { return a.from < b.from; });
      for (std::size_t i = 0; i < states.size(); i++) {
        EXPECT_EQ(states[i].is_current, !states[i].to) << testing::PrintToString(states[i]);
        if (states[i].to) {
          EXPECT_LT(states[i].from, *states[i].to) << testing::PrintToString(states[i]);
        }
        if (i + 1 == states.size()) continue;
        ASSERT_TRUE(states[i].to) << testing::PrintToString(states[i]);
        EXPECT_LE(*states[i].to, states[i + 1].from) << testing::PrintToString(states[i]);
      }
    }
  }

  bool Exists() { return engine_->TableAt(path_).Load().ok(); }

  // Where a row was closed, the same values hold at its begin, unless a state of that very time
  // came later.
  static void ExpectSaysWhatItSaid(const std::vector<Row>& before, const std::vector<Row>& after) {
    for (const Row& old : before) {
      if (!old.to) continue;
      const bool holds = std::any_of(after.begin(), after.end(), [&](const Row& row) {
        return row.key == old.key && row.from <= old.from && (!row.to || *row.to > old.from);
      });
      EXPECT_TRUE(holds) << testing::PrintToString(old);
    }
  }

  // Knuth's linear congruential generator: the same states in each run of a seed.
  std::int64_t Below(std::int64_t end) {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<std::int64_t>((state_ >> 33) % static_cast<std::uint64_t>(end));
  }
  States RandomStates() {
    States states;
    for (int key = 0; key < kKeys; key++) {
      if (Below(3) == 0) continue;
      const std::int64_t value = Below(4);
      states[key] = {.time = Below(kTimes) * kUnit,
                     .value = value == 3 ? "null" : std::string(1, static_cast<char>('a' + value))};
    }
    return states;
  }

  io::Environment& environment_ = io::SystemEnvironment();
  std::string path_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<engine::Session> session_;
  std::uint64_t seed_ = 0, state_ = 0;
  const std::int64_t rounds_ = NumberFrom("LEAT_HISTORY_ROUNDS", 25);
};

// However the states are shuffled: each begins at its time and ends where the next one begins; of
// two with the same time the one that came last counts.
TEST_F(HistoryTest, StatesWithTimesStandInTheirOrderWheneverTheyCome) {
  SCOPED_TRACE(fmt::format("LEAT_SEED={} LEAT_HISTORY_ROUNDS={}", seed_, rounds_));
  std::map<int, std::map<std::int64_t, std::string>> known;
  for (std::int64_t round = 0; round < rounds_; round++) {
    const States states = RandomStates();
    for (const auto& [key, state] : states) known[key][state.time] = state.value;
    const Status published = PublishStates(states, {.time_column = "begins", .now = 99 * kUnit});
    ASSERT_TRUE(published.ok()) << published.error().ToString();
    std::vector<Row> expected;
    for (const auto& [key, by_time] : known) {
      for (auto state = by_time.begin(); state != by_time.end(); ++state) {
        const auto next = std::next(state);
        Row row{.key = key, .value = state->second, .time = state->first, .from = state->first};
        if (next == by_time.end()) {
          row.is_current = true;
        } else {
          row.to = next->first;
        }
        expected.push_back(row);
      }
    }
    std::sort(expected.begin(), expected.end());
    ASSERT_EQ(Rows(), expected) << "round " << round;
  }
}

TEST_F(HistoryTest, TheSameStatesAgainMakeNoVersion) {
  for (std::int64_t round = 0; round < 8; round++) {
    const States states = RandomStates();
    const TrackHistory mode{.time_column = "begins", .now = 99 * kUnit};
    ASSERT_TRUE(PublishStates(states, mode).ok());
    const auto version = engine_->TableAt(path_).Load().value()->version();
    ASSERT_TRUE(PublishStates(states, mode).ok());
    EXPECT_EQ(engine_->TableAt(path_).Load().value()->version(), version)
        << "LEAT_SEED=" << seed_ << " round " << round;
  }
}

// Without times, also while the clock goes back: the states follow each other as they come.
TEST_F(HistoryTest, StatesWithoutTimesFollowEachOther) {
  SCOPED_TRACE(fmt::format("LEAT_SEED={} LEAT_HISTORY_ROUNDS={}", seed_, rounds_));
  std::map<int, std::vector<std::string>> known;
  for (std::int64_t round = 0; round < rounds_; round++) {
    States states = RandomStates();
    for (auto& [key, state] : states) {
      state.time = 7;
      if (known[key].empty() || known[key].back() != state.value) known[key].push_back(state.value);
    }
    ASSERT_TRUE(PublishStates(states, {.now = Below(kTimes) * kUnit}).ok());
    const auto rows = Rows();
    ExpectSound(rows);
    for (const auto& [key, values] : known) {
      std::map<std::int64_t, std::string> in_order;
      for (const Row& row : rows) {
        if (row.key == key) in_order[row.from] = row.value;
      }
      std::vector<std::string> found;
      for (const auto& [from, value] : in_order) found.push_back(value);
      ASSERT_EQ(found, values) << "key " << key << ", round " << round;
    }
  }
}

// With deletes: close, exactly the keys of the last run are current, with the newest state that
// they were given; what was true before stays so.
TEST_F(HistoryTest, ClosedKeysComeAndGo) {
  SCOPED_TRACE(fmt::format("LEAT_SEED={} LEAT_HISTORY_ROUNDS={}", seed_, rounds_));
  std::map<int, State> current;
  for (std::int64_t round = 0; round < rounds_; round++) {
    const std::int64_t now = (kTimes / 2 + round) * kUnit;
    const States states = RandomStates();
    const auto before = Exists() ? Rows() : std::vector<Row>();
    ASSERT_TRUE(
        PublishStates(states, {.time_column = "begins", .now = now, .closes_missing = true}).ok());
    for (const auto& [key, state] : states) {
      const auto known = current.find(key);
      if (known == current.end() || state.time >= known->second.time) current[key] = state;
    }
    std::erase_if(current, [&](const auto& entry) { return !states.contains(entry.first); });
    const auto rows = Rows();
    ExpectSound(rows);
    std::map<int, State> found;
    for (const Row& row : rows) {
      if (row.is_current) found[row.key] = {row.time, row.value};
    }
    ASSERT_EQ(found.size(), states.size()) << "round " << round;
    for (const auto& [key, state] : found) {
      EXPECT_EQ(state.time, current[key].time) << "key " << key << ", round " << round;
      EXPECT_EQ(state.value, current[key].value) << "key " << key << ", round " << round;
    }
    ExpectSaysWhatItSaid(before, rows);
  }
}

TEST_F(HistoryTest, AStateWithoutATimeIsRefusedAndNothingChanges) {
  const TrackHistory mode{.key = {"k"}, .time_column = "t", .now = kUnit};
  ASSERT_TRUE(PublishSql("SELECT 1 AS k, TIMESTAMPTZ '2026-01-10' AS t", mode).ok());
  const auto version = engine_->TableAt(path_).Load().value()->version();
  for (const char* time : {"NULL", "'infinity'", "'-infinity'"}) {
    const auto wrong =
        PublishSql(fmt::format("SELECT 2 AS k, CAST({} AS TIMESTAMPTZ) AS t", time), mode);
    ASSERT_FALSE(wrong.ok()) << time;
    EXPECT_EQ(wrong.error().kind(), ErrorKind::kInvalidInput);
    EXPECT_THAT(wrong.error().message(), HasSubstr("k = 2"));
  }
  EXPECT_EQ(engine_->TableAt(path_).Load().value()->version(), version);
}

TEST_F(HistoryTest, AHistoryBeginsAnewOnlyWhenAsked) {
  const auto written = session_->WriteParquet("SELECT 1 AS k, 'a' AS v", {}, {.directory = path_});
  ASSERT_TRUE(Publish(environment_, *engine_,
                      {.table_path = path_,
                       .schema = written->schema,
                       .files = written->files,
                       .mode = ReplaceAll{}})
                  .ok());
  const auto refused = PublishSql("SELECT 1 AS k, 'b' AS v", {.key = {"k"}, .now = kUnit});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().hint(), HasSubstr("--full-refresh"));
  ASSERT_TRUE(
      PublishSql("SELECT 1 AS k, 'b' AS v", {.key = {"k"}, .now = kUnit, .begins_anew = true})
          .ok());
  const auto rows =
      session_->Query("SELECT v, is_current FROM delta_scan('" + path_ + "')").value();
  ASSERT_EQ(rows.rows.size(), 1U);
  EXPECT_EQ(std::get<std::string>(rows.rows[0][0]), "b");
}

}  // namespace
}  // namespace leat::transform

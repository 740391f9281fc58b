// Delta tables written by others (tests/golden/): their rows exactly, or a refusal that names the
// reason.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "base/text.h"
#include "engine/engine.h"

namespace leat::engine {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAreArray;

// What the cases without expected rows must come to: part of the refusal.
const std::map<std::string, std::string> kRefused = {
    {"data-reader-absolute-paths-escaped-chars", "has no metaData action"},
    {"deltalog-invalid-protocol-version", "needs the reader feature version 99"},
    {"deltalog-state-reconstruction-from-checkpoint-missing-metadata",
     "lacks the table's metadata"},
    {"deltalog-state-reconstruction-from-checkpoint-missing-protocol",
     "lacks the table's protocol"},
    {"deltalog-state-reconstruction-without-metadata", "has no metaData action"},
    {"deltalog-state-reconstruction-without-protocol", "has no protocol action"},
    {"no-delta-log-folder", "there is no Delta table at"},
    {"versions-not-contiguous", "version 1 is missing"},
};

// Logs whose data files were never written: the files that the latest version has.
const std::map<std::string, std::vector<std::string>> kFiles = {
    {"canonicalized-paths-normal-a", {}},
    {"canonicalized-paths-normal-b", {}},
    {"canonicalized-paths-special-a", {}},
    {"canonicalized-paths-special-b", {}},
    {"checkpoint", {"15"}},
    {"delete-re-add-same-file-different-transactions", {"foo", "bar"}},
    {"deltalog-commit-info", {"abc"}},
    {"log-replay-special-characters-b", {"special p@#h"}},
    {"update-deleted-directory", {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}},
};

class GoldenTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    root_ = io::MakeTemporaryDirectory("leat-golden-").value();
    const std::string command = fmt::format("tar --zstd -xf '{}/{}.tar.zst' -C '{}' 2> /dev/null",
                                            LEAT_GOLDEN_FOLDER, GetParam(), root_);
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
    folder_ = io::JoinPath(root_, GetParam());
    engine_ = Engine::Open(io::SystemEnvironment(), {.threads = 2}).value();
    session_ = engine_->NewSession();
  }
  void TearDown() override {
    session_.reset();
    engine_.reset();
    ASSERT_TRUE(io::RemoveAll(root_).ok());
  }

  std::string Table() const { return folder_ + "/delta"; }

  data::Rows Query(const std::string& sql) {
    auto rows = session_->Query(sql);
    EXPECT_TRUE(rows.ok()) << sql << ": " << rows.error().ToString();
    return rows.ok() ? std::move(*rows) : data::Rows();
  }
  std::int64_t Count(const std::string& sql) {
    const data::Rows rows = Query("select count(*) from (" + sql + ")");
    return rows.rows.empty() ? -1 : std::get<std::int64_t>(rows.rows[0][0]);
  }
  // Column names and types; INT96 has no zone in Parquet and is an instant in Delta.
  std::vector<std::string> Columns(const std::string& from) {
    std::vector<std::string> columns;
    for (const auto& row : Query("describe select * from " + from).rows) {
      std::string type = std::get<std::string>(row[1]);
      if (type == "TIMESTAMP_NS") type = "TIMESTAMP";
      columns.push_back(std::get<std::string>(row[0]) + " " + type);
    }
    return columns;
  }

  // What docs/formats/delta-golden.md says of this table.
  void ExpectRecorded(const std::string& outcome) {
    const std::string results = io::LocalFileSystem().ReadFile(LEAT_GOLDEN_RESULTS).value();
    const std::string line = fmt::format("| {} | {} |", GetParam(), outcome);
    EXPECT_THAT(results, HasSubstr("\n" + line + "\n")) << "to be added: " << line;
  }

  void ExpectSameRows(const std::string& actual, const std::string& expected) {
    EXPECT_EQ(Count("from " + actual), Count("from " + expected));
    EXPECT_EQ(Count(fmt::format("from {} except all from {}", actual, expected)), 0);
    EXPECT_EQ(Count(fmt::format("from {} except all from {}", expected, actual)), 0);
  }

  std::string root_, folder_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Session> session_;
};

TEST_P(GoldenTest, RowsAreThoseExpectedOrTheTableIsRefusedByName) {
  const std::string actual = "delta_scan(" + QuoteLiteral(Table()) + ")";
  if (GetParam().find("from-checkpoint-missing") != std::string::npos) {
    // Its entries stand in for the checkpoint, until one of them is gone.
    const auto whole = delta::Table(io::SystemEnvironment(), engine_->parquet(), Table()).Load();
    ASSERT_TRUE(whole.ok()) << whole.error().ToString();
    EXPECT_EQ((*whole)->files().size(), 11U);
    ASSERT_TRUE(
        io::LocalFileSystem().Remove(Table() + "/_delta_log/00000000000000000003.json").ok());
  }
  if (const auto refused = kRefused.find(GetParam()); refused != kRefused.end()) {
    const auto rows = session_->Query("from " + actual);
    ASSERT_FALSE(rows.ok());
    EXPECT_THAT(rows.error().message(), HasSubstr(refused->second));
    ExpectRecorded("refused: " + refused->second);
    return;
  }
  if (const auto wanted = kFiles.find(GetParam()); wanted != kFiles.end()) {
    const auto snapshot = engine_->TableAt(Table()).Load();
    ASSERT_TRUE(snapshot.ok()) << snapshot.error().ToString();
    std::vector<std::string> files;
    for (const delta::AddFile& file : (*snapshot)->files()) files.push_back(file.path);
    EXPECT_THAT(files, UnorderedElementsAreArray(wanted->second));
    ExpectRecorded(fmt::format("a log of {} files", files.size()));
    return;
  }
  const std::string expected =
      "read_parquet(" + QuoteLiteral(folder_ + "/expected/**/*.parquet") + ")";
  EXPECT_EQ(Columns(actual), Columns(expected));
  if (GetParam() == "data-reader-partition-values") {
    // Its writer stood seven hours west of UTC, which the log does not say.
    ExpectSameRows(actual, fmt::format("(select * replace (as_timestamp - interval 7 hours as "
                                       "as_timestamp) from {})",
                                       expected));
  } else {
    ExpectSameRows(actual, expected);
  }
  const std::int64_t count = Count("from " + actual);
  ExpectRecorded(fmt::format("{} {}", count, count == 1 ? "row" : "rows"));
}

// Several tables, whose rows are those of their data files with the folders' values.
class HiveTest : public GoldenTest {};

TEST_P(HiveTest, EachTableHasTheRowsOfItsFiles) {
  const auto tables = io::LocalFileSystem().List(Table()).value();
  EXPECT_EQ(tables.size(), 11U);
  for (const io::FileInfo& table : tables) {
    const auto snapshot = engine_->TableAt(table.path).Load();
    ASSERT_TRUE(snapshot.ok()) << snapshot.error().ToString();
    std::vector<std::string> files;
    for (const delta::AddFile& file : (*snapshot)->files()) {
      files.push_back(QuoteLiteral(io::JoinPath(table.path, file.path)));
    }
    std::vector<std::string> names;
    for (const std::string& name : (*snapshot)->schema().names()) {
      names.push_back(QuoteIdentifier(name));
    }
    const std::string columns = Join(names, ", ");
    ExpectSameRows(
        fmt::format("(select {} from delta_scan({}))", columns, QuoteLiteral(table.path)),
        fmt::format("(select {} from read_parquet([{}], hive_partitioning => true, "
                    "hive_types_autocast => false))",
                    columns, Join(files, ", ")));
  }
  ExpectRecorded("11 tables with the rows of their files");
}

TEST(GoldenResultsTest, NameNoTableThatIsNotThere) {
  const std::string results = io::LocalFileSystem().ReadFile(LEAT_GOLDEN_RESULTS).value();
  const auto lines = Split(results, '\n');
  const auto named = std::count_if(lines.begin(), lines.end(), [](const std::string& line) {
    return line.starts_with("| ") && !line.starts_with("| table |") && !line.starts_with("| --- |");
  });
  const auto files = io::LocalFileSystem().List(LEAT_GOLDEN_FOLDER).value();
  EXPECT_EQ(named, std::count_if(files.begin(), files.end(), [](const io::FileInfo& file) {
              return file.path.ends_with(".tar.zst");
            }));
}

std::vector<std::string> Cases() {
  std::vector<std::string> cases;
  constexpr std::string_view kEnding = ".tar.zst";
  for (const io::FileInfo& file : io::LocalFileSystem().List(LEAT_GOLDEN_FOLDER).value()) {
    const std::string name = io::FileName(file.path);
    if (name.ends_with(kEnding) && name != "hive.tar.zst") {
      cases.push_back(name.substr(0, name.size() - kEnding.size()));
    }
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Hive, HiveTest, testing::Values("hive"));
INSTANTIATE_TEST_SUITE_P(Tables, GoldenTest, testing::ValuesIn(Cases()),
                         [](const testing::TestParamInfo<std::string>& tested) {
                           std::string name = tested.param;
                           for (char& c : name) {
                             if (c == '-' || c == '.') c = '_';
                           }
                           return name;
                         });

}  // namespace
}  // namespace leat::engine

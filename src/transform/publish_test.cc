#include "transform/publish.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "delta/deletion_vector.h"

namespace leat::transform {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class PublishTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = io::MakeTemporaryDirectory("leat-publish-").value();
    engine_ = engine::Engine::Open(environment_, {.threads = 2}).value();
    session_ = engine_->NewSession();
  }
  void TearDown() override {
    session_.reset();
    engine_.reset();
    ASSERT_TRUE(io::RemoveAll(path_).ok());
  }

  Result<Published> PublishRows(const std::string& sql, PublishMode mode) {
    const auto written = session_->WriteParquet(sql, {}, {.directory = path_});
    if (!written.ok()) return Bug("the test's SQL is wrong");
    return Publish(environment_, *engine_,
                   {.table_path = path_,
                    .schema = written->schema,
                    .files = written->files,
                    .mode = std::move(mode)});
  }

  // All rows as text, sorted.
  std::vector<std::string> Rows(const std::string& columns = "*") {
    const auto rows = session_->Query("select to_json(r)::varchar from (select " + columns +
                                      " from delta_scan('" + path_ + "')) r order by 1");
    std::vector<std::string> texts;
    for (const auto& row : rows.value().rows) texts.push_back(std::get<std::string>(row[0]));
    return texts;
  }

  io::Environment& environment_ = io::SystemEnvironment();
  std::string path_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<engine::Session> session_;
};

TEST_F(PublishTest, ReplaceAllLeavesOnlyTheNewRows) {
  ASSERT_TRUE(PublishRows("select 1 as a", ReplaceAll{}).ok());
  ASSERT_TRUE(PublishRows("select 'x' as b", ReplaceAll{}).ok());
  EXPECT_THAT(Rows(), ElementsAre(R"({"b":"x"})"));
}

TEST_F(PublishTest, ReplaceAllTakesTheDecimalsOfTheNewRows) {
  ASSERT_TRUE(PublishRows("select 1.5::decimal(10,1) as a", ReplaceAll{}).ok());
  ASSERT_TRUE(PublishRows("select 1.25::decimal(10,2) as a", ReplaceAll{}).ok());
  EXPECT_THAT(Rows(), ElementsAre(R"({"a":1.25})"));
}

TEST_F(PublishTest, AppendAddsColumnsAndRefusesOtherTypes) {
  ASSERT_TRUE(PublishRows("select 1 as a", Append{}).ok());
  ASSERT_TRUE(PublishRows("select 2 as a, 'n' as b", Append{}).ok());
  EXPECT_THAT(Rows(), ElementsAre(R"({"a":1,"b":null})", R"({"a":2,"b":"n"})"));
  const auto wrong = PublishRows("select 'text' as a", Append{});
  ASSERT_FALSE(wrong.ok());
  EXPECT_THAT(wrong.error().message(), HasSubstr("column a"));
}

TEST_F(PublishTest, MergeReplacesKeysAndKeepsTheRest) {
  ASSERT_TRUE(PublishRows("select * from (values (1, 'a'), (2, 'b'), (null, 'c')) v(k, v)",
                          MergeByKey{{"k"}})
                  .ok());
  ASSERT_TRUE(PublishRows("select * from (values (2, 'B'), (null, 'C'), (3, 'D')) v(k, v)",
                          MergeByKey{{"k"}})
                  .ok());
  EXPECT_THAT(Rows(), ElementsAre(R"({"k":1,"v":"a"})", R"({"k":2,"v":"B"})", R"({"k":3,"v":"D"})",
                                  R"({"k":null,"v":"C"})"));
}

TEST_F(PublishTest, MergeKeepsColumnsThatAreCalledAsItsOwn) {
  const std::string columns = "as v(k, leat_file, leat_row, filename, t, s)";
  ASSERT_TRUE(PublishRows("select * from (values (1, 'a', 7, 'x', 1, 1), (2, 'b', 8, 'y', 2, 2)) " +
                              columns,
                          MergeByKey{{"k"}})
                  .ok());
  ASSERT_TRUE(
      PublishRows("select * from (values (2, 'B', 9, 'Y', 3, 3)) " + columns, MergeByKey{{"k"}})
          .ok());
  EXPECT_THAT(Rows(),
              ElementsAre(R"({"k":1,"leat_file":"a","leat_row":7,"filename":"x","t":1,"s":1})",
                          R"({"k":2,"leat_file":"B","leat_row":9,"filename":"Y","t":3,"s":3})"));
}

TEST_F(PublishTest, MergeRefusesAKeyThatComesTwice) {
  const auto wrong =
      PublishRows("select * from (values (1, 'a'), (1, 'b')) v(k, v)", MergeByKey{{"k"}});
  ASSERT_FALSE(wrong.ok());
  EXPECT_THAT(wrong.error().message(), HasSubstr("k = 1 comes 2 times"));
}

TEST_F(PublishTest, AnIntervalReplacesExactlyItsRows) {
  const auto day = [](const char* text) { return ParseTimestamp(text).value(); };
  ASSERT_TRUE(PublishRows("select * from (values (date '2026-01-01', 1), (date '2026-01-02', 2), "
                          "(date '2026-01-03', 3)) v(d, n)",
                          Append{})
                  .ok());
  const ReplaceInterval second{"d", {day("2026-01-02"), day("2026-01-03")}};
  for (int run = 0; run < 2; run++) {
    ASSERT_TRUE(PublishRows("select date '2026-01-02' as d, 20 as n", second).ok());
    EXPECT_THAT(Rows("n"), ElementsAre(R"({"n":1})", R"({"n":20})", R"({"n":3})"));
  }
}

TEST_F(PublishTest, ReplacedSourcesGiveWayToTheirNewRows) {
  ASSERT_TRUE(
      PublishRows("select * from (values ('a.csv', 1), ('b.csv', 2)) v(_leat_source, n)", Append{})
          .ok());
  ASSERT_TRUE(
      PublishRows("select 'a.csv' as _leat_source, 10 as n", ReplaceSources{{"a.csv"}}).ok());
  EXPECT_THAT(Rows("n"), ElementsAre(R"({"n":10})", R"({"n":2})"));
}

TEST_F(PublishTest, HistoryClosesChangedRowsAndLeavesOthersAlone) {
  const auto track = [](TimestampUs now) {
    return TrackHistory{.key = {"k"}, .time_column = "", .now = now};
  };
  const char* columns = "k, v, epoch_us(valid_from) as f, epoch_us(valid_to) as t, is_current as c";
  ASSERT_TRUE(PublishRows("select * from (values (1, 'a'), (2, 'b')) v(k, v)", track(100)).ok());
  ASSERT_TRUE(
      PublishRows("select * from (values (1, 'A'), (2, 'b'), (3, 'c')) v(k, v)", track(200)).ok());
  EXPECT_THAT(Rows(columns), ElementsAre(R"({"k":1,"v":"A","f":200,"t":null,"c":true})",
                                         R"({"k":1,"v":"a","f":100,"t":200,"c":false})",
                                         R"({"k":2,"v":"b","f":100,"t":null,"c":true})",
                                         R"({"k":3,"v":"c","f":200,"t":null,"c":true})"));
  const auto version = engine_->TableAt(path_).Load().value()->version();
  ASSERT_TRUE(
      PublishRows("select * from (values (1, 'A'), (2, 'b'), (3, 'c')) v(k, v)", track(300)).ok());
  EXPECT_EQ(Rows("k").size(), 4U);
  EXPECT_EQ(engine_->TableAt(path_).Load().value()->version(), version);
}

// Another program has deleted rows without writing their file anew: copying what stays of that file
// must not bring them back.
TEST_F(PublishTest, DeletedRowsStayDeletedWhenTheirFileIsWrittenAnew) {
  ASSERT_TRUE(PublishRows("select i as k, 'old' as v from range(6) r(i)", Append{}).ok());
  delta::Table& table = engine_->TableAt(path_);
  delta::DeletionVector deleted;
  for (const std::uint64_t row : {1U, 4U}) deleted.Add(row);
  const auto vectors = delta::WriteDeletionVectors(environment_, path_, {&deleted});
  delta::Transaction deletion{.base = table.Load().value(),
                              .scope = delta::ReadScope::kFiles,
                              .protocol = delta::Protocol{.reader_version = 3,
                                                          .writer_version = 7,
                                                          .reader_features = {"deletionVectors"},
                                                          .writer_features = {"deletionVectors"}}};
  delta::AddFile file = deletion.base->files()[0];
  deletion.removes = {delta::RemovalOf(file)};
  file.deletion_vector = vectors.value()[0];
  deletion.adds = {file};
  const auto committed = table.Commit(std::move(deletion));
  ASSERT_TRUE(committed.ok()) << committed.error().ToString();
  EXPECT_THAT(Rows("k"), ElementsAre(R"({"k":0})", R"({"k":2})", R"({"k":3})", R"({"k":5})"));
  ASSERT_TRUE(PublishRows("select 3::bigint as k, 'new' as v", MergeByKey{{"k"}}).ok());
  EXPECT_THAT(Rows(), ElementsAre(R"({"k":0,"v":"old"})", R"({"k":2,"v":"old"})",
                                  R"({"k":3,"v":"new"})", R"({"k":5,"v":"old"})"));
}

}  // namespace
}  // namespace leat::transform

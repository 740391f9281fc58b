#include "project/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "project/test_project.h"

namespace leat::project {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// bronze.a → silver.b → silver.c → gold.d; bronze.other → gold.d; gold."my table" alone.
class SelectionTest : public ProjectTest {
 protected:
  void SetUp() override {
    ProjectTest::SetUp();
    Write("assets/bronze/a.yml", "type: source\nfrom: {file: x}\ntags: [raw]\n");
    Write("assets/bronze/other.yml", "type: source\nfrom: {file: y}\n");
    Write("assets/silver/b.sql",
          "/* @leat\ntags: [raw, finance]\n@leat */\nselect * from bronze.a");
    Write("assets/silver/c.sql", "select * from silver.b");
    Write("assets/gold/d.sql",
          "/* @leat\ntags: Finance\n@leat */\nselect * from silver.c, bronze.other");
    Write("assets/gold/my table.sql", "select 1 as x");
    project_ = LoadValid();
  }

  std::vector<std::string> Selected(const std::vector<std::string>& select,
                                    const std::vector<std::string>& exclude = {}) {
    const auto names = Select(project_, select, exclude, {AssetName("silver.c")});
    if (!names.ok()) return {"error: " + names.error().message() + " | " + names.error().hint()};
    std::vector<std::string> texts;
    for (const AssetName& name : *names) texts.push_back(name.value());
    return texts;
  }

  Project project_;
};

TEST_F(SelectionTest, NamesWildcardsFoldersAndLastParts) {
  EXPECT_THAT(Selected({}), ElementsAre("bronze.a", "bronze.other", "gold.my table", "silver.b",
                                        "silver.c", "gold.d"));
  EXPECT_THAT(Selected({"Silver.B"}), ElementsAre("silver.b"));
  EXPECT_THAT(Selected({"silver.*"}), ElementsAre("silver.b", "silver.c"));
  EXPECT_THAT(Selected({"*.*b*"}), ElementsAre("gold.my table", "silver.b"));
  EXPECT_THAT(Selected({"silver"}), ElementsAre("silver.b", "silver.c"));
  EXPECT_THAT(Selected({"other"}), ElementsAre("bronze.other"));
  EXPECT_THAT(Selected({"\"gold.my table\""}), ElementsAre("gold.my table"));
}

TEST_F(SelectionTest, GraphOperators) {
  EXPECT_THAT(Selected({"+silver.c"}), ElementsAre("bronze.a", "silver.b", "silver.c"));
  EXPECT_THAT(Selected({"silver.b+"}), ElementsAre("silver.b", "silver.c", "gold.d"));
  EXPECT_THAT(Selected({"1+silver.c"}), ElementsAre("silver.b", "silver.c"));
  EXPECT_THAT(Selected({"1+silver.c+1"}), ElementsAre("silver.b", "silver.c", "gold.d"));
  EXPECT_THAT(Selected({"0+silver.c+0"}), ElementsAre("silver.c"));
  EXPECT_THAT(Selected({"@silver.c"}),
              ElementsAre("bronze.a", "bronze.other", "silver.b", "silver.c", "gold.d"));
  EXPECT_THAT(Selected({"+\"gold.my table\"+1"}), ElementsAre("gold.my table"));
}

TEST_F(SelectionTest, TagsPathsAndState) {
  EXPECT_THAT(Selected({"tag:finance"}), ElementsAre("silver.b", "gold.d"));
  EXPECT_THAT(Selected({"path:assets/silver"}), ElementsAre("silver.b", "silver.c"));
  EXPECT_THAT(Selected({"path:assets/silver/c.sql"}), ElementsAre("silver.c"));
  EXPECT_THAT(Selected({"path:./assets/*/d*"}), ElementsAre("gold.d"));
  EXPECT_THAT(Selected({"state:modified+"}), ElementsAre("silver.c", "gold.d"));
  EXPECT_THAT(Selected({"1+tag:finance"}),
              ElementsAre("bronze.a", "bronze.other", "silver.b", "silver.c", "gold.d"));
}

TEST_F(SelectionTest, UnionsIntersectionsAndExclusion) {
  EXPECT_THAT(Selected({"bronze.a gold.d"}), ElementsAre("bronze.a", "gold.d"));
  EXPECT_THAT(Selected({"bronze.a", "gold.d"}), ElementsAre("bronze.a", "gold.d"));
  EXPECT_THAT(Selected({"tag:raw,tag:finance"}), ElementsAre("silver.b"));
  EXPECT_THAT(Selected({"+gold.d"}, {"bronze silver.c"}), ElementsAre("silver.b", "gold.d"));
}

TEST_F(SelectionTest, NothingIsAnErrorUnlessItWasNotModified) {
  EXPECT_THAT(Selected({""}), ElementsAre(HasSubstr("error: --select is given an empty text")));
  EXPECT_THAT(Selected({}, {" "}), ElementsAre(HasSubstr("--exclude is given an empty text")));
  EXPECT_THAT(Selected({"tag:raw,gold.d"}), ElementsAre(HasSubstr("no asset is selected")));
  EXPECT_THAT(Selected({}, {"*"}), ElementsAre(HasSubstr("no asset is selected")));
  EXPECT_THAT(Selected({"state:modified,bronze"}), IsEmpty());
}

TEST_F(SelectionTest, WhatMatchesNothingIsAnErrorWithTheNearest) {
  EXPECT_THAT(Selected({"silver.bb"}),
              ElementsAre("error: no asset matches 'silver.bb' | did you mean 'silver.b'?"));
  EXPECT_THAT(Selected({"tag:finanse"}),
              ElementsAre("error: no asset has the tag 'finanse' | did you mean 'Finance'?"));
  EXPECT_THAT(Selected({"path:assets/silve"}),
              ElementsAre("error: no asset's file matches 'assets/silve' | did you mean "
                          "'assets/silver'?"));
  EXPECT_THAT(Selected({"state:new"}), ElementsAre(HasSubstr("'state:new' is not a selection")));
  EXPECT_THAT(Selected({"tags:x"}),
              ElementsAre("error: 'tags:' is not a way to select | did you mean 'tag'?"));
  for (const char* text : {"@silver.b+", "+", "tag:", ",", "@", "a\"b"}) {
    EXPECT_THAT(Selected({text}), ElementsAre(HasSubstr("is not a selection"))) << text;
  }
  EXPECT_THAT(Selected({}, {"nobody"}), ElementsAre(HasSubstr("no asset matches 'nobody'")));
}

}  // namespace
}  // namespace leat::project

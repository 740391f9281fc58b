#include "engine/engine_error.h"

#include <gtest/gtest.h>

namespace leat::engine {
namespace {

using Parts = std::pair<std::string, std::string>;

TEST(RewordTest, TellsTheNearestOfTheNamesThatThereAre) {
  EXPECT_EQ(Reword("Referenced column \"nam\" not found in FROM clause!\n"
                   "Candidate bindings: \"t.name\", \"t.id\""),
            (Parts{"Referenced column \"nam\" not found in FROM clause", "did you mean 'name'?"}));
  EXPECT_EQ(Reword("Could not find key \"foo\" in struct\n\nCandidate Entries: \"a\", \"b\""),
            (Parts{"Could not find key \"foo\" in struct", "among others there are: a, b"}));
  EXPECT_EQ(Reword("Table with name tt does not exist!\nDid you mean \"t\"?").second,
            "did you mean 't'?");
}

TEST(RewordTest, TellsWhatAFunctionTakes) {
  const std::string text =
      "No function matches 'f(INTEGER)'.\n\tCandidate functions:\n\tf(DATE) -> DATE\n"
      "\tf(VARCHAR) -> DATE\n";
  EXPECT_EQ(Reword(text), (Parts{"No function matches 'f(INTEGER)'.",
                                 "it takes f(DATE) -> DATE, or f(VARCHAR) -> DATE"}));
}

TEST(RewordTest, TellsTheFileAndTheLineOfACsvError) {
  EXPECT_EQ(Reword("CSV Error on Line: 3\nOriginal Line: 2,x\nCould not convert \"x\"\n\n"
                   "Possible Solution: Give another type\n\n  file = a.csv\n  delimiter = ,"),
            (Parts{"line 3 of a.csv: Could not convert \"x\"", "Give another type"}));
}

TEST(RewordTest, LeavesOutPicturesAndStacks) {
  EXPECT_EQ(Reword("Could not parse \"x\"\nx\n^\nError: Expected a number"),
            (Parts{"Could not parse \"x\": Expected a number", ""}));
  EXPECT_EQ(Reword("broken\n\nStack Trace:\n0 a\n1 b"), (Parts{"broken", ""}));
  EXPECT_EQ(Reword(""), (Parts{"", ""}));
}

}  // namespace
}  // namespace leat::engine

#include "base/redact.h"

#include <gtest/gtest.h>

namespace leat {
namespace {

TEST(RedactTest, EverySecretIsReplacedEverywhere) {
  const Redactor redactor({"hunter22", "https://hooks.example/T0/B0"});
  EXPECT_EQ(redactor.Redact("login hunter22/hunter22 at https://hooks.example/T0/B0."),
            "login ***/*** at ***.");
  EXPECT_EQ(redactor.Redact(""), "");
  EXPECT_EQ(Redactor().Redact("hunter22"), "hunter22");
}

TEST(RedactTest, ASecretThatContainsAnotherIsReplacedWhole) {
  EXPECT_EQ(Redactor({"pass", "password1"}).Redact("password1 pass"), "*** ***");
}

TEST(RedactTest, EncodedFormsAreReplacedToo) {
  const Redactor redactor({"p@ss/\"word\"\n"});
  EXPECT_EQ(redactor.Redact("postgres://u:p%40ss%2F%22word%22%0A@h"), "postgres://u:***@h");
  EXPECT_EQ(redactor.Redact("p%40ss%2f%22word%22%0a"), "***");
  EXPECT_EQ(redactor.Redact(R"({"password": "p@ss/\"word\"\n"})"), R"({"password": "***"})");
}

TEST(RedactTest, VeryShortValuesLeaveTextAlone) {
  EXPECT_EQ(Redactor({"a", "", "123"}).Redact("a banana for 123"), "a banana for 123");
}

}  // namespace
}  // namespace leat

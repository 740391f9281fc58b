#include "io/s3/s3_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace leat::io {
namespace {

using testing::HasSubstr;

S3Answer Answer(int status, const std::string& code) {
  const std::string body =
      code.empty() ? "" : "<Error><Code>" + code + "</Code><Message>words</Message></Error>";
  return ReadAnswer({.status = status, .body = body}, /*may_hide_error=*/true);
}

TEST(S3AnswerTest, WhatPassesIsRepeatedAndARefusalIsNot) {
  struct Case {
    int status;
    std::string code;
    bool is_transient;
    bool may_be_applied;  // looked at only where it is transient
    ErrorKind kind;
  };
  const std::vector<Case> cases = {
      {500, "InternalError", true, true, ErrorKind::kRetryLater},
      {500, "", true, true, ErrorKind::kRetryLater},
      {502, "", true, true, ErrorKind::kRetryLater},
      {503, "SlowDown", true, false, ErrorKind::kRetryLater},
      {504, "", true, true, ErrorKind::kRetryLater},
      {429, "", true, false, ErrorKind::kRetryLater},
      {400, "RequestTimeout", true, false, ErrorKind::kRetryLater},
      {400, "IncompleteBody", true, false, ErrorKind::kRetryLater},
      {409, "ConditionalRequestConflict", true, false, ErrorKind::kRetryLater},
      {200, "InternalError", true, true, ErrorKind::kRetryLater},
      {200, "SlowDown", true, false, ErrorKind::kRetryLater},
      {200, "AccessDenied", false, false, ErrorKind::kDenied},
      {200, "NoSuchKey", false, false, ErrorKind::kNotFound},
      {400, "InvalidArgument", false, false, ErrorKind::kInvalidInput},
      {400, "ExpiredToken", false, false, ErrorKind::kDenied},
      {401, "", false, false, ErrorKind::kDenied},
      {403, "AccessDenied", false, false, ErrorKind::kDenied},
      {404, "NoSuchBucket", false, false, ErrorKind::kNotFound},
      {405, "MethodNotAllowed", false, false, ErrorKind::kInvalidInput},
      {409, "BucketNotEmpty", false, false, ErrorKind::kConflict},
      {412, "PreconditionFailed", false, false, ErrorKind::kConflict},
      {501, "NotImplemented", false, false, ErrorKind::kInvalidInput},
      {505, "", false, false, ErrorKind::kRetryLater},
      {507, "QuotaExceeded", false, false, ErrorKind::kRetryLater},
  };
  for (const Case& c : cases) {
    const S3Answer answer = Answer(c.status, c.code);
    const std::string where = std::to_string(c.status) + (c.code.empty() ? "" : " " + c.code);
    EXPECT_FALSE(answer.ok()) << where;
    EXPECT_EQ(IsTransient(answer), c.is_transient) << where;
    if (c.is_transient) {
      EXPECT_EQ(MayBeApplied(answer), c.may_be_applied) << where;
    }
    const Error error = ToError("write", "s3://lake/a", answer);
    EXPECT_EQ(error.kind(), c.kind) << where;
    EXPECT_THAT(error.message(), HasSubstr("cannot write s3://lake/a: status " + where));
  }
}

TEST(S3AnswerTest, ABodyOfASuccessIsLookedAtOnlyWhereItMayBeAnError) {
  const HttpResponse content{.status = 200, .body = "<Error><Code>InternalError</Code></Error>"};
  EXPECT_TRUE(ReadAnswer(content, /*may_hide_error=*/false).ok()) << "the content of an object";
  EXPECT_FALSE(ReadAnswer(content, /*may_hide_error=*/true).ok());
  EXPECT_EQ(ReadAnswer({.status = 200, .body = " \n"}, true).code, "IncompleteBody");
  EXPECT_EQ(ReadAnswer({.status = 200, .body = "<Error/>"}, true).code, "UnknownError");
  EXPECT_TRUE(ReadAnswer({.status = 200, .body = "<Result/>"}, true).ok());
}

TEST(S3AnswerTest, ALongErrorOfAServerIsShortened) {
  const Error error = ToError("read", "s3://lake/a", Answer(400, std::string(100'000, 'C')));
  EXPECT_LT(error.ToString().size(), 1'000U);
  const S3Answer page =
      ReadAnswer({.status = 403, .body = "<html>" + std::string(10'000, 'x')}, false);
  EXPECT_LT(ToError("read", "s3://lake/a", page).ToString().size(), 1'000U);
}

}  // namespace
}  // namespace leat::io

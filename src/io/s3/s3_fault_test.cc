// Every request of every call goes wrong in every way, once and for good.
#include <array>

#include "io/s3/s3_test_fixture.h"
#include "io/work.h"

namespace leat::io {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

const std::string kLarge = "0123456789abcdefghijABCDEFGHIJ-end";

// A call and what it comes to: its result as text, and "" when it has failed.
struct Operation {
  std::string name;
  std::function<Result<std::string>(S3FileSystem&)> run;
};

Result<std::string> Text(const Status& status) {
  if (!status.ok()) return status.error();
  return std::string("ok");
}

Result<std::string> Text(const Result<bool>& result) {
  if (!result.ok()) return result.error();
  return std::string(*result ? "true" : "false");
}

Result<std::string> Text(const Result<FileInfo>& info) {
  if (!info.ok()) return info.error();
  return info->path + " " + std::to_string(info->size_bytes) + (info->is_directory ? "/" : "");
}

Result<std::string> ListText(S3FileSystem& files) {
  LEAT_ASSIGN(const auto entries, files.List("s3://lake/t"));
  std::string text;
  for (const FileInfo& entry : entries) text += entry.path + " ";
  return text;
}

Result<std::string> WriteText(S3FileSystem& files) {
  LEAT_ASSIGN(auto writer, files.OpenForWriting("s3://lake/w"));
  LEAT_TRY(writer->Append(kLarge));
  LEAT_ASSIGN(const std::int64_t size_bytes, writer->Close());
  return std::to_string(size_bytes);
}

Result<std::string> ReaderText(S3FileSystem& files) {
  LEAT_ASSIGN(const auto reader, files.OpenForReading("s3://lake/t/large", std::nullopt));
  std::array<char, 8> buffer{};
  LEAT_ASSIGN(const std::int64_t size_bytes, reader->ReadAt(3, buffer));
  return std::string(buffer.data(), static_cast<std::size_t>(size_bytes));
}

std::vector<Operation> Operations() {
  const std::string small = "s3://lake/t/small";
  const std::string large = "s3://lake/t/large";
  return {
      {"ReadFile", [=](S3FileSystem& f) { return f.ReadFile(large); }},
      {"ReadRange", [=](S3FileSystem& f) { return f.ReadRange(large, 5, 9); }},
      {"List", ListText},
      {"Stat a file", [=](S3FileSystem& f) { return Text(f.Stat(small)); }},
      {"Stat a folder", [](S3FileSystem& f) { return Text(f.Stat("s3://lake/t")); }},
      {"ReplaceFile", [=](S3FileSystem& f) { return Text(f.ReplaceFile(small, "new")); }},
      {"ReplaceFile, large", [=](S3FileSystem& f) { return Text(f.ReplaceFile(small, kLarge)); }},
      {"CreateFile", [](S3FileSystem& f) { return Text(f.CreateFile("s3://lake/n", "new")); }},
      {"CreateFile, empty", [](S3FileSystem& f) { return Text(f.CreateFile("s3://lake/n", "")); }},
      {"CreateFile, lost", [=](S3FileSystem& f) { return Text(f.CreateFile(small, "new")); }},
      {"Remove", [=](S3FileSystem& f) { return Text(f.Remove(small)); }},
      {"Rename", [=](S3FileSystem& f) { return Text(f.Rename(small, "s3://lake/m")); }},
      {"Rename, large", [=](S3FileSystem& f) { return Text(f.Rename(large, "s3://lake/m")); }},
      {"Writer", WriteText},
      {"Reader", ReaderText},
      {"Probe", [](S3FileSystem& f) { return Text(f.ProbeConditionalPut("s3://lake")); }},
  };
}

class S3FaultTest : public S3Test {
 protected:
  void Prepare() {
    store_.Reset();
    store_.page_size = 2;
    for (const char* key : {"t/small", "t/x/1", "t/y/1", "t/z"}) store_.Put(key, "content");
    store_.Put("t/large", kLarge);
  }

  // Runs the call on a healthy store, and returns how many requests it takes.
  int RunHealthy(const Operation& operation) {
    Prepare();
    const auto result = operation.run(*files_);
    EXPECT_TRUE(result.ok()) << operation.name << ": " << result.error().ToString();
    result_ = result.ok() ? *result : "";
    contents_ = store_.contents();
    return store_.requests();
  }

  std::string result_;  // of the healthy run
  std::map<std::string, std::string> contents_;
};

TEST_F(S3FaultTest, APassingFaultAtAnyRequestChangesNeitherResultNorContent) {
  constexpr std::array kFaults = {Fault::kError500,      Fault::kSlowDown,     Fault::kDrop,
                                  Fault::kApplyThenDrop, Fault::kApplyThen500, Fault::kCut,
                                  Fault::kHiddenError,   Fault::kConflict409,  Fault::kSkewed,
                                  Fault::kOtherRegion};
  for (const Operation& operation : Operations()) {
    const int requests = RunHealthy(operation);
    for (const Fault fault : kFaults) {
      for (int n = 1; n <= requests; n++) {
        files_ = Open();
        Prepare();
        store_.FailRequest(n, fault);
        const auto result = operation.run(*files_);
        const std::string where = operation.name + ", fault " +
                                  std::to_string(static_cast<int>(fault)) + " at " +
                                  std::to_string(n) + " of " + std::to_string(requests);
        ASSERT_TRUE(result.ok()) << where << ": " << result.error().ToString();
        EXPECT_EQ(*result, result_) << where;
        EXPECT_EQ(store_.contents(), contents_) << where;
      }
    }
  }
}

TEST_F(S3FaultTest, ALastingOutageFromAnyRequestOnEndsInAnErrorThatSaysWhatIsKnown) {
  constexpr std::array kFaults = {Fault::kError500, Fault::kSlowDown, Fault::kDrop, Fault::kCut,
                                  Fault::kApplyThenDrop};
  for (const Operation& operation : Operations()) {
    const int requests = RunHealthy(operation);
    for (const Fault fault : kFaults) {
      for (int n = 1; n <= requests; n++) {
        files_ = Open();
        Prepare();
        const auto before = store_.contents();
        store_.FailRequest(n, fault, /*lasting=*/true);
        const auto result = operation.run(*files_);
        const std::string where = operation.name + ", fault " +
                                  std::to_string(static_cast<int>(fault)) + " from " +
                                  std::to_string(n) + " of " + std::to_string(requests);
        if (operation.name == "Probe" && n == requests) continue;  // only the removal has failed
        ASSERT_FALSE(result.ok()) << where;
        const Error& error = result.error();
        EXPECT_THAT(error.kind(), AnyOf(ErrorKind::kRetryLater, ErrorKind::kOutcomeUnknown))
            << where << ": " << error.ToString();
        EXPECT_THAT(error.ToString(), HasSubstr("s3://lake")) << where;
        const bool may_say_unchanged = error.kind() == ErrorKind::kRetryLater;
        const bool has_steps = operation.name.starts_with("Rename") || operation.name == "Probe";
        if (may_say_unchanged && !has_steps) {
          EXPECT_EQ(store_.contents(), before) << where << ": " << error.ToString();
        }
      }
    }
  }
}

TEST_F(S3FaultTest, ARefusalAtAnyRequestIsNotRepeated) {
  for (const Operation& operation : Operations()) {
    const int requests = RunHealthy(operation);
    for (int n = 1; n <= requests; n++) {
      files_ = Open();
      Prepare();
      store_.FailRequest(n, Fault::kDenied, /*lasting=*/true);
      const auto result = operation.run(*files_);
      if (operation.name == "Probe" && n == requests) continue;  // only the removal has failed
      ASSERT_FALSE(result.ok()) << operation.name << " from " << n;
      EXPECT_EQ(clock_.slept_us(), 0) << operation.name << " from " << n;
      const bool is_unsure = operation.name == "CreateFile, lost" && n > 1;
      EXPECT_EQ(result.error().kind(), is_unsure ? ErrorKind::kOutcomeUnknown : ErrorKind::kDenied)
          << operation.name << " from " << n << ": " << result.error().ToString();
    }
  }
}

TEST_F(S3FaultTest, AnUploadThatFailsIsAbortedOnceTheStoreAnswersAgain) {
  Prepare();
  store_.FailRequest(2, Fault::kDenied);  // the first part
  EXPECT_FALSE(files_->ReplaceFile("s3://lake/l", kLarge).ok());
  EXPECT_FALSE(store_.HasUploads());
  EXPECT_EQ(store_.last_request().method, "DELETE");
}

TEST_F(S3FaultTest, AWriterThatHasLostAPartCompletesNothingWhateverItIsAskedFor) {
  store_.FailRequest(2, Fault::kDenied);  // the first part
  {
    const auto writer = files_->OpenForWriting("s3://lake/w");
    Status appended = Ok();
    for (int i = 0; i < 10 && appended.ok(); i++) appended = (*writer)->Append("0123456789");
    EXPECT_EQ(appended.error().kind(), ErrorKind::kDenied);
    EXPECT_FALSE((*writer)->Append("0123456789").ok());
    EXPECT_FALSE((*writer)->Close().ok());
  }
  EXPECT_TRUE(store_.contents().empty());
  EXPECT_FALSE(store_.HasUploads());
}

TEST_F(S3FaultTest, DamagedContentIsReadAgainAndNeverReturned) {
  store_.Put("d", "content");
  store_.FailRequest(1, Fault::kDamage);
  EXPECT_EQ(*files_->ReadFile("s3://lake/d"), "content");
  EXPECT_EQ(store_.requests(), 2);
  store_.FailRequest(1, Fault::kDamage, /*lasting=*/true);
  const auto damaged = files_->ReadFile("s3://lake/d");
  ASSERT_FALSE(damaged.ok());
  EXPECT_THAT(damaged.error().ToString(), HasSubstr("crc64nvme"));
  EXPECT_THAT(damaged.error().ToString(), HasSubstr("restore it"));
}

TEST_F(S3FaultTest, PausesGrowWithJitterAndEndAtTheDeadline) {
  std::vector<std::int64_t> at_us;
  store_.on_request = [&](const TestRequest&) { at_us.push_back(clock_.slept_us()); };
  store_.FailRequest(1, Fault::kError500, /*lasting=*/true);
  const auto failed = files_->ReadFile("s3://lake/a");
  EXPECT_THAT(failed.error().message(), HasSubstr("given up after 10 attempts"));
  ASSERT_EQ(at_us.size(), 10U);
  for (std::size_t i = 1; i < at_us.size(); i++) {
    EXPECT_LE(at_us[i] - at_us[i - 1], (100 * kMicrosPerMilli) << (i - 1)) << i;
  }
  S3FileSystemOptions options = Options();
  options.client.retry = {.max_attempts = 1'000'000, .deadline_us = 30 * kMicrosPerSecond};
  const std::int64_t begin_us = clock_.slept_us();
  EXPECT_FALSE(Open(std::move(options))->ReadFile("s3://lake/a").ok());
  EXPECT_LE(clock_.slept_us() - begin_us, 30 * kMicrosPerSecond);
  EXPECT_GE(clock_.slept_us() - begin_us, 10 * kMicrosPerSecond);
}

TEST_F(S3FaultTest, AServerThatAsksForPatienceGetsIt) {
  int calls = 0;
  HttpTestServer server([&](const std::string&) {
    if (calls++ > 0) return HttpTestServer::Answer("200 OK", "content");
    return HttpTestServer::Answer("503 Busy", "", "Retry-After: 7\r\n");
  });
  S3FileSystemOptions options = Options();
  options.client.config.endpoint = server.url("");
  EXPECT_EQ(*Open(std::move(options))->ReadFile("s3://lake/a"), "content");
  EXPECT_EQ(clock_.slept_us(), 7 * kMicrosPerSecond);
}

TEST_F(S3FaultTest, AStoreThatCannotBeReachedOrStallsIsWorthARetry) {
  std::string closed_url;
  {
    HttpTestServer closed([](const std::string&) { return ""; });
    closed_url = closed.url("");
  }
  S3FileSystemOptions options = Options();
  options.client.config.endpoint = closed_url;
  const auto unreachable = Open(std::move(options))->ReplaceFile("s3://lake/a", "x");
  ASSERT_FALSE(unreachable.ok());
  EXPECT_EQ(unreachable.error().kind(), ErrorKind::kRetryLater) << "nothing was sent";
  EXPECT_THAT(unreachable.error().hint(), HasSubstr("endpoint"));
  std::atomic<bool> done{false};
  HttpTestServer stalled([&](const std::string&) {
    while (!done) SystemClock().Sleep(10 * kMicrosPerMilli);
    return std::string();
  });
  S3FileSystemOptions impatient = Options();
  impatient.client.config.endpoint = stalled.url("");
  impatient.client.low_speed_seconds = 1;
  impatient.client.retry.max_attempts = 1;
  const auto slow = Open(std::move(impatient))->ReplaceFile("s3://lake/a", "x");
  done = true;
  ASSERT_FALSE(slow.ok());
  EXPECT_EQ(slow.error().kind(), ErrorKind::kOutcomeUnknown);
}

TEST_F(S3FaultTest, CancellationEndsTheCallAndSaysWhetherItMayHaveHappened) {
  CancelToken cancel;
  S3FileSystemOptions options = Options();
  options.client.cancel = &cancel;
  const auto files = Open(std::move(options));
  store_.on_request = [&](const TestRequest&) { cancel.Cancel(); };
  store_.FailRequest(1, Fault::kSlowDown, /*lasting=*/true);
  EXPECT_EQ(files->ReadFile("s3://lake/a").error().kind(), ErrorKind::kCancelled);
  EXPECT_LE(store_.requests(), 1);
  store_.FailRequest(1, Fault::kError500, /*lasting=*/true);
  const auto written = files->ReplaceFile("s3://lake/a", "x");
  EXPECT_THAT(written.error().kind(), AnyOf(ErrorKind::kOutcomeUnknown, ErrorKind::kCancelled));
}

TEST_F(S3FaultTest, StoppedWorkMakesNoFurtherAttempt) {
  const auto files = Open(Options());
  const CancelToken none;
  const auto work = std::make_shared<Work>(none);
  const WorkScope scope(work);
  store_.on_request = [&](const TestRequest&) { work->Stop(); };
  store_.FailRequest(1, Fault::kSlowDown, /*lasting=*/true);
  EXPECT_EQ(files->ReadFile("s3://lake/a").error().kind(), ErrorKind::kCancelled);
  EXPECT_EQ(store_.requests(), 1);
}

}  // namespace
}  // namespace leat::io

// The object store client against a real server.
#include "io/s3/s3_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "io/file_system_by_scheme.h"
#include "io/s3/s3_file_system.h"

namespace leat::io {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::int64_t kPartBytes = kMinPartBytes;

// One server for all tests, a bucket of its own for each.
class S3ServerTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = std::make_unique<S3Server>(LEAT_VERSITYGW); }
  static void TearDownTestSuite() { server_.reset(); }

  void SetUp() override {
    ASSERT_TRUE(server_->is_running()) << LEAT_VERSITYGW << " does not run; scripts/setup.sh "
                                       << "fetches it. It said: " << server_->log();
    static int next = 1;
    bucket_ = "bucket-" + std::to_string(next++);
    root_ = "s3://" + bucket_;
    ASSERT_TRUE(server_->MakeBucket(bucket_));
    files_ = Open(S3Server::kSecretAccessKey);
  }

  static std::unique_ptr<S3Client> Client() {
    return std::make_unique<S3Client>(server_->ClientOptions());
  }
  static std::unique_ptr<S3FileSystem> Open(const std::string& secret) {
    return std::make_unique<S3FileSystem>(S3FileSystemOptions{
        .client = server_->ClientOptions(secret),
        .part_bytes = kPartBytes,
        .multipart_threshold_bytes = kPartBytes,
        .copy = {.max_single_copy_bytes = kPartBytes, .part_bytes = kPartBytes}});
  }
  static std::string LargeContent() {
    std::string content;
    for (std::int64_t i = 0; std::ssize(content) < 2 * kPartBytes + 12'345; i++) {
      content += std::to_string(i) + "\n";
    }
    return content;
  }
  // What is left of uploads that were neither completed nor aborted.
  std::string Uploads() {
    const auto answer = Client()->Send({.method = HttpMethod::kGet,
                                        .target = {.bucket = bucket_},
                                        .action = "list the uploads of",
                                        .query = {{"uploads", ""}}});
    return answer.ok() && answer->ok() ? answer->http.body : "no answer";
  }

  static std::unique_ptr<S3Server> server_;
  std::string bucket_;
  std::string root_;
  std::unique_ptr<S3FileSystem> files_;
};

std::unique_ptr<S3Server> S3ServerTest::server_;

TEST_F(S3ServerTest, FilesAreWrittenReadListedAndRemoved) {
  for (const std::string name : {"plain.txt", "a b+c%20&=?#'\"<>.txt", "übermäßig/ключ/鍵.txt"}) {
    const std::string path = root_ + "/t/" + name;
    ASSERT_TRUE(files_->ReplaceFile(path, "0123456789").ok()) << path;
    EXPECT_EQ(*files_->ReadFile(path), "0123456789") << path;
    EXPECT_EQ(*files_->ReadRange(path, 3, 4), "3456");
    EXPECT_EQ(*files_->ReadRange(path, 8, 100), "89");
    EXPECT_EQ(*files_->ReadRange(path, 10, 1), "");
    EXPECT_EQ(files_->Stat(path)->size_bytes, 10);
  }
  std::vector<std::string> names;
  const auto entries = files_->List(root_ + "/t");
  ASSERT_TRUE(entries.ok()) << entries.error().ToString();
  for (const FileInfo& entry : *entries) names.push_back(FileName(entry.path));
  EXPECT_THAT(names, ElementsAre("a b+c%20&=?#'\"<>.txt", "plain.txt", "übermäßig"));
  EXPECT_TRUE(entries->at(2).is_directory);
  EXPECT_EQ(entries->at(1).modified_us, files_->Stat(root_ + "/t/plain.txt")->modified_us);
  EXPECT_TRUE(files_->Stat(root_ + "/t/übermäßig")->is_directory);
  EXPECT_TRUE(files_->Remove(root_ + "/t/plain.txt").ok());
  EXPECT_TRUE(files_->Remove(root_ + "/t/plain.txt").ok()) << "again";
  EXPECT_EQ(files_->ReadFile(root_ + "/t/plain.txt").error().kind(), ErrorKind::kNotFound);
  EXPECT_EQ(files_->List(root_ + "/none").error().kind(), ErrorKind::kNotFound);
  EXPECT_EQ(files_->ReadFile("s3://no-such-bucket/k").error().kind(), ErrorKind::kNotFound);
}

TEST_F(S3ServerTest, AnEmptyFileIsAFile) {
  ASSERT_TRUE(files_->ReplaceFile(root_ + "/empty", "").ok());
  EXPECT_EQ(*files_->ReadFile(root_ + "/empty"), "");
  EXPECT_EQ(*files_->ReadRange(root_ + "/empty", 0, 10), "");
  EXPECT_EQ(files_->Stat(root_ + "/empty")->size_bytes, 0);
  EXPECT_FALSE(*files_->CreateFile(root_ + "/empty", ""));
}

TEST_F(S3ServerTest, LongListingsComeInPages) {
  constexpr int kFiles = 1'050;  // a page has 1,000
  for (int i = 0; i < kFiles; i++) {
    const std::string number = std::to_string(100'000 + i);
    ASSERT_TRUE(files_->ReplaceFile(root_ + "/log/" + number, "").ok());
  }
  const auto entries = files_->List(root_ + "/log");
  ASSERT_TRUE(entries.ok()) << entries.error().ToString();
  ASSERT_EQ(entries->size(), static_cast<std::size_t>(kFiles));
  EXPECT_EQ(entries->front().path, root_ + "/log/100000");
  EXPECT_EQ(entries->back().path, root_ + "/log/101049");
}

TEST_F(S3ServerTest, LargeFilesGoInPartsAndAreCopiedInParts) {
  const std::string content = LargeContent();
  ASSERT_TRUE(files_->ReplaceFile(root_ + "/large", content).ok());
  EXPECT_EQ(*files_->ReadFile(root_ + "/large"), content);
  const Status renamed = files_->Rename(root_ + "/large", root_ + "/moved");
  ASSERT_TRUE(renamed.ok()) << renamed.error().ToString();
  EXPECT_EQ(*files_->ReadFile(root_ + "/moved"), content);
  EXPECT_EQ(files_->Stat(root_ + "/large").error().kind(), ErrorKind::kNotFound);
  ASSERT_TRUE(files_->ReplaceFile(root_ + "/ä b", "small").ok());
  EXPECT_TRUE(files_->Rename(root_ + "/ä b", root_ + "/moved").ok());
  EXPECT_EQ(*files_->ReadFile(root_ + "/moved"), "small");
  EXPECT_EQ(Uploads().find("<UploadId>"), std::string::npos);
}

TEST_F(S3ServerTest, AWriterStreamsAndAnAbandonedOneLeavesNothing) {
  const std::string content = LargeContent();
  auto writer = files_->OpenForWriting(root_ + "/w");
  for (std::size_t at = 0; at < content.size(); at += 1'000'003) {
    ASSERT_TRUE((*writer)->Append(std::string_view(content).substr(at, 1'000'003)).ok());
  }
  EXPECT_EQ(files_->Stat(root_ + "/w").error().kind(), ErrorKind::kNotFound);
  const auto size_bytes = (*writer)->Close();
  ASSERT_TRUE(size_bytes.ok()) << size_bytes.error().ToString();
  EXPECT_EQ(*size_bytes, std::ssize(content));
  EXPECT_EQ(*files_->ReadFile(root_ + "/w"), content);
  {
    auto abandoned = files_->OpenForWriting(root_ + "/abandoned");
    ASSERT_TRUE((*abandoned)->Append(content).ok());
    EXPECT_NE(Uploads().find("<UploadId>"), std::string::npos);
  }
  EXPECT_EQ(Uploads().find("<UploadId>"), std::string::npos);
  EXPECT_FALSE(files_->Stat(root_ + "/abandoned").ok());
}

TEST_F(S3ServerTest, AReaderServesThreadsAndNoticesAReplacement) {
  const std::string content = LargeContent();
  ASSERT_TRUE(files_->ReplaceFile(root_ + "/r", content).ok());
  const auto reader = files_->OpenForReading(root_ + "/r", std::nullopt);
  ASSERT_TRUE(reader.ok());
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; t++) {
    threads.emplace_back([&, t] {
      std::string buffer(100'000, '\0');
      for (int i = 0; i < 20; i++) {
        const auto at = static_cast<std::size_t>((t * 20 + i) * 123'457 % 10'000'000);
        const auto n = (*reader)->ReadAt(static_cast<std::int64_t>(at), buffer);
        if (n.ok() && buffer == content.substr(at, buffer.size())) right++;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 80);
  std::string whole(content.size(), '\0');  // in several ranges
  EXPECT_EQ(*(*reader)->ReadAt(0, whole), std::ssize(content));
  EXPECT_TRUE(whole == content);
  ASSERT_TRUE(files_->ReplaceFile(root_ + "/r", "another").ok());
  std::array<char, 10> buffer{};
  EXPECT_EQ((*reader)->ReadAt(0, buffer).error().kind(), ErrorKind::kConflict);
}

TEST_F(S3ServerTest, TheServerHonoursConditionsAndOfManyCreatorsOneWins) {
  const auto honoured = files_->ProbeConditionalPut(root_);
  ASSERT_TRUE(honoured.ok()) << honoured.error().ToString();
  EXPECT_TRUE(*honoured);
  EXPECT_TRUE(files_->List(root_)->empty()) << "the probe has cleaned up";
  constexpr int kWriters = 6;
  constexpr int kVersions = 15;
  std::array<std::atomic<int>, kVersions> winners{};
  std::vector<std::thread> threads;
  for (int t = 0; t < kWriters; t++) {
    threads.emplace_back([&] {
      for (std::size_t version = 0; version < kVersions; version++) {
        // The same content from all: only the id tells them apart.
        const auto created = files_->CreateFile(root_ + "/" + std::to_string(version), "commit");
        if (created.ok() && *created) winners[version]++;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& count : winners) EXPECT_EQ(count, 1);
  EXPECT_EQ(files_->List(root_)->size(), static_cast<std::size_t>(kVersions));
}

TEST_F(S3ServerTest, WrongKeysAreDeniedWithoutShowingThem) {
  const auto denied = Open("wrong-secret")->ReadFile(root_ + "/a");
  ASSERT_FALSE(denied.ok());
  EXPECT_EQ(denied.error().kind(), ErrorKind::kDenied);
  EXPECT_THAT(denied.error().ToString(), HasSubstr("SignatureDoesNotMatch"));
  EXPECT_EQ(denied.error().ToString().find("wrong-secret"), std::string::npos);
}

TEST_F(S3ServerTest, WhatWasAcknowledgedSurvivesAKilledServer) {
  ASSERT_TRUE(*files_->CreateFile(root_ + "/commit", "kept"));
  server_->Stop();
  const auto down = files_->ReadFile(root_ + "/commit");
  ASSERT_FALSE(down.ok());
  EXPECT_EQ(down.error().kind(), ErrorKind::kRetryLater);
  server_->Start();
  ASSERT_TRUE(server_->is_running()) << server_->log();
  files_ = Open(S3Server::kSecretAccessKey);  // it may be on another port
  EXPECT_EQ(*files_->ReadFile(root_ + "/commit"), "kept");
  EXPECT_FALSE(*files_->CreateFile(root_ + "/commit", "again"));
}

TEST_F(S3ServerTest, TheProgramsOwnFileSystemFindsTheStoreByTheEnvironment) {
  const std::string path = root_ + "/t/a";
  setenv("AWS_ENDPOINT_URL_S3", "no address", 1);
  EXPECT_EQ(OpenS3FileSystem().error().kind(), ErrorKind::kInvalidInput);
  setenv("AWS_ENDPOINT_URL_S3", server_->url().c_str(), 1);
  setenv("AWS_ACCESS_KEY_ID", S3Server::kAccessKeyId, 1);
  setenv("AWS_SECRET_ACCESS_KEY", S3Server::kSecretAccessKey, 1);
  EXPECT_TRUE(LocalAndS3FileSystem().ReplaceFile(path, "content").ok());
  EXPECT_EQ(*LocalAndS3FileSystem().ReadFile(path), "content");
  EXPECT_TRUE((*SystemS3FileSystem())->OpenForReading(path, std::nullopt).ok());
  EXPECT_EQ(Glob(LocalAndS3FileSystem(), root_ + "/*/a")->size(), 1U);
  for (const char* name : {"AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}) {
    unsetenv(name);
  }
}

}  // namespace
}  // namespace leat::io

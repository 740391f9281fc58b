#include "io/s3/s3_file_system.h"

#include <array>
#include <thread>

#include "io/s3/s3_test_fixture.h"

namespace leat::io {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;
using testing::UnorderedElementsAre;

using S3FileSystemTest = S3Test;

const std::string kLarge = "0123456789abcdefghijABCDEFGHIJ-end";

std::vector<std::string> Names(const std::vector<FileInfo>& entries) {
  std::vector<std::string> names;
  for (const FileInfo& entry : entries) {
    names.push_back(entry.path + (entry.is_directory ? "/" : ""));
  }
  return names;
}

TEST_F(S3FileSystemTest, ReadsWholeFilesAndRanges) {
  store_.Put("a/b c.txt", "0123456789");
  store_.Put("empty", "");
  const std::string path = "s3://lake/a/b c.txt";
  EXPECT_EQ(*files_->ReadFile(path), "0123456789");
  EXPECT_EQ(*files_->ReadRange(path, 2, 3), "234");
  EXPECT_EQ(*files_->ReadRange(path, 8, 100), "89");
  EXPECT_EQ(*files_->ReadRange(path, 8, INT64_MAX), "89");
  EXPECT_EQ(*files_->ReadRange(path, 10, 5), "");
  EXPECT_EQ(*files_->ReadRange(path, 1000, 5), "");
  EXPECT_EQ(*files_->ReadRange(path, 3, 0), "");
  EXPECT_EQ(*files_->ReadFile("s3://lake/empty"), "");
  EXPECT_EQ(*files_->ReadRange("s3://lake/empty", 0, 5), "");
  EXPECT_FALSE(files_->ReadRange(path, -1, 5).ok());
  for (const auto& missing : {files_->ReadFile("s3://lake/none"), files_->ReadFile("s3://sea/a"),
                              files_->ReadRange("s3://lake/none", 0, 0)}) {
    ASSERT_FALSE(missing.ok());
    EXPECT_EQ(missing.error().kind(), ErrorKind::kNotFound) << missing.error().ToString();
  }
  EXPECT_EQ(files_->ReadFile("s3://lake").error().kind(), ErrorKind::kInvalidInput);
}

TEST_F(S3FileSystemTest, ListsOneLevelAcrossPages) {
  store_.page_size = 2;
  for (const char* key : {"t/", "t/b", "t/a", "t/z/1", "t/z/2", "t/ü&<", "t/y/1", "other"}) {
    store_.Put(key, "12");
  }
  const auto entries = files_->List("s3://lake/t");
  ASSERT_TRUE(entries.ok()) << entries.error().ToString();
  EXPECT_THAT(Names(*entries), ElementsAre("s3://lake/t/a", "s3://lake/t/b", "s3://lake/t/y/",
                                           "s3://lake/t/z/", "s3://lake/t/ü&<"));
  EXPECT_EQ(entries->front().size_bytes, 2);
  EXPECT_EQ(entries->front().modified_us, kTestNow - kMicrosPerHour);
  EXPECT_THAT(Names(*files_->List("s3://lake/t/")),
              ElementsAre("s3://lake/t/a", "s3://lake/t/b", "s3://lake/t/y/", "s3://lake/t/z/",
                          "s3://lake/t/ü&<"));
  EXPECT_THAT(Names(*files_->List("s3://lake")), ElementsAre("s3://lake/other", "s3://lake/t/"));
  EXPECT_EQ(files_->List("s3://lake/none").error().kind(), ErrorKind::kNotFound);
  EXPECT_EQ(files_->List("s3://lake/t/a").error().kind(), ErrorKind::kNotFound);
  EXPECT_EQ(files_->List("s3://sea").error().kind(), ErrorKind::kNotFound);
}

TEST_F(S3FileSystemTest, StatTellsFilesFromFoldersAndAgreesWithList) {
  store_.Put("t/a", "123");
  const auto file = files_->Stat("s3://lake/t/a");
  EXPECT_EQ(file->size_bytes, 3);
  EXPECT_FALSE(file->is_directory);
  EXPECT_EQ(file->modified_us, files_->List("s3://lake/t")->front().modified_us);
  EXPECT_TRUE(files_->Stat("s3://lake/t")->is_directory);
  EXPECT_TRUE(files_->Stat("s3://lake")->is_directory);
  EXPECT_EQ(files_->Stat("s3://lake/t/").value().path, "s3://lake/t/");
  EXPECT_EQ(files_->Stat("s3://lake/none").error().kind(), ErrorKind::kNotFound);
  EXPECT_EQ(files_->Stat("s3://sea/none").error().kind(), ErrorKind::kNotFound);
  EXPECT_EQ(files_->Stat("s3://sea").error().kind(), ErrorKind::kNotFound);
}

TEST_F(S3FileSystemTest, WritesSmallAndLargeFiles) {
  EXPECT_TRUE(files_->ReplaceFile("s3://lake/s", "small").ok());
  EXPECT_TRUE(files_->ReplaceFile("s3://lake/s", "new").ok());
  EXPECT_TRUE(files_->ReplaceFile("s3://lake/e", "").ok());
  EXPECT_TRUE(files_->ReplaceFile("s3://lake/l", kLarge).ok());
  EXPECT_THAT(store_.contents(),
              UnorderedElementsAre(Pair("s", "new"), Pair("e", ""), Pair("l", kLarge)));
  EXPECT_FALSE(store_.HasUploads());
}

TEST_F(S3FileSystemTest, CreatingSucceedsOnce) {
  EXPECT_TRUE(*files_->CreateFile("s3://lake/c", "one"));
  EXPECT_FALSE(*files_->CreateFile("s3://lake/c", "two"));
  EXPECT_FALSE(*files_->CreateFile("s3://lake/c", "one")) << "another call, if the same content";
  EXPECT_EQ(*files_->ReadFile("s3://lake/c"), "one");
}

TEST_F(S3FileSystemTest, OfManyCreatorsOneWins) {
  std::atomic<int> winners{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; t++) {
    threads.emplace_back([&] {
      const auto created = files_->CreateFile("s3://lake/race", "the same");
      if (created.ok() && *created) winners++;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(winners, 1);
}

TEST_F(S3FileSystemTest, SyncingAndMakingFoldersDoesNothing) {
  EXPECT_TRUE(files_->SyncFile("s3://lake/x").ok());
  EXPECT_TRUE(files_->SyncDirectory("s3://lake").ok());
  EXPECT_FALSE(*files_->CreateDirectories("s3://lake/a/b"));
  EXPECT_TRUE(files_->CreateAllDirectories({"s3://lake/a", "s3://lake/b"}).ok());
  EXPECT_FALSE(files_->SyncFile("s3://lake").ok());
  EXPECT_FALSE(files_->CreateDirectories("/local").ok());
  EXPECT_EQ(store_.requests(), 0);
}

TEST_F(S3FileSystemTest, RemovingTakesOneRequestAndSucceedsWhenNothingIsThere) {
  for (const char* key : {"f", "full/x"}) store_.Put(key, "");
  EXPECT_TRUE(files_->Remove("s3://lake/f").ok());
  EXPECT_TRUE(files_->Remove("s3://lake/f").ok());
  EXPECT_TRUE(files_->Remove("s3://lake/full").ok()) << "a folder is no object";
  EXPECT_EQ(store_.requests(), 3);
  EXPECT_FALSE(files_->Remove("s3://lake").ok());
  EXPECT_THAT(store_.contents(), ElementsAre(Pair("full/x", "")));
}

TEST_F(S3FileSystemTest, RenamesSmallAndLargeFiles) {
  store_.Put("a/ü?+ %", "small");
  store_.Put("l", kLarge);
  store_.Put("old", "old");
  EXPECT_TRUE(files_->Rename("s3://lake/a/ü?+ %", "s3://lake/old").ok());
  EXPECT_TRUE(files_->Rename("s3://lake/l", "s3://lake/b/l").ok());
  EXPECT_TRUE(files_->Rename("s3://lake/old", "s3://lake/old").ok());
  EXPECT_THAT(store_.contents(), UnorderedElementsAre(Pair("old", "small"), Pair("b/l", kLarge)));
  EXPECT_EQ(files_->Rename("s3://lake/l", "s3://lake/x").error().kind(), ErrorKind::kNotFound);
  EXPECT_EQ(files_->Rename("s3://lake/b", "s3://lake/x").error().kind(), ErrorKind::kInvalidInput);
  EXPECT_EQ(files_->Rename("s3://lake/old", "s3://sea/x").error().kind(), ErrorKind::kNotFound);
  EXPECT_EQ(store_.contents().size(), 2U);
}

TEST_F(S3FileSystemTest, AWriterSendsPartsAndAppearsWhenItIsClosed) {
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{10}, kLarge.size()}) {
    store_.Reset();
    auto writer = files_->OpenForWriting("s3://lake/w");
    ASSERT_TRUE(writer.ok());
    for (std::size_t at = 0; at < kLarge.size(); at += step) {
      ASSERT_TRUE((*writer)->Append(std::string_view(kLarge).substr(at, step)).ok());
      EXPECT_TRUE(store_.contents().empty());
    }
    EXPECT_EQ(*(*writer)->Close(), std::ssize(kLarge));
    EXPECT_THAT(store_.contents(), ElementsAre(Pair("w", kLarge)));
    EXPECT_FALSE(store_.HasUploads());
  }
  auto exact = files_->OpenForWriting("s3://lake/w");
  EXPECT_TRUE((*exact)->Append(kLarge.substr(0, 20)).ok());
  EXPECT_EQ(*(*exact)->Close(), 20);
  auto small = files_->OpenForWriting("s3://lake/small");
  EXPECT_TRUE((*small)->Append("abc").ok());
  EXPECT_EQ(*(*small)->Close(), 3);
  auto none = files_->OpenForWriting("s3://lake/none");
  EXPECT_EQ(*(*none)->Close(), 0);
  EXPECT_THAT(store_.contents(), UnorderedElementsAre(Pair("w", kLarge.substr(0, 20)),
                                                      Pair("small", "abc"), Pair("none", "")));
}

TEST_F(S3FileSystemTest, AWriterThatIsNotClosedLeavesNothing) {
  {
    auto writer = files_->OpenForWriting("s3://lake/w");
    ASSERT_TRUE((*writer)->Append(kLarge).ok());
    EXPECT_TRUE(store_.HasUploads());
  }
  EXPECT_FALSE(store_.HasUploads());
  EXPECT_TRUE(store_.contents().empty());
}

TEST_F(S3FileSystemTest, AReaderServesManyThreadsAndNoticesAReplacement) {
  std::string content;
  for (int i = 0; i < 1000; i++) content += std::to_string(i) + ",";
  store_.Put("r", content);
  const auto reader = files_->OpenForReading("s3://lake/r", std::nullopt);
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ((*reader)->size_bytes(), std::ssize(content));
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; t++) {
    threads.emplace_back([&, t] {
      std::array<char, 100> buffer{};
      for (std::int64_t at = t; at < std::ssize(content); at += 400) {
        const auto n = (*reader)->ReadAt(at, buffer);
        const auto expected = content.substr(static_cast<std::size_t>(at), buffer.size());
        if (n.ok() && std::string_view(buffer.data(), static_cast<std::size_t>(*n)) == expected) {
          right++;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 4 * ((std::ssize(content) + 399) / 400));
  std::array<char, 10> buffer{};
  EXPECT_EQ(*(*reader)->ReadAt(std::ssize(content) - 3, buffer), 3);
  EXPECT_EQ(*(*reader)->ReadAt(std::ssize(content), buffer), 0);
  EXPECT_EQ(*(*reader)->ReadAt(-1, buffer), 0);
  store_.Put("r", "another");
  const auto changed = (*reader)->ReadAt(0, buffer);
  ASSERT_FALSE(changed.ok());
  EXPECT_EQ(changed.error().kind(), ErrorKind::kConflict);
  EXPECT_THAT(changed.error().hint(), HasSubstr("read it again"));
  EXPECT_EQ(files_->OpenForReading("s3://lake/none", std::nullopt).error().kind(),
            ErrorKind::kNotFound);
}

TEST_F(S3FileSystemTest, TheProbeFindsOutWhetherConditionsAreHonouredAndCleansUp) {
  EXPECT_TRUE(*files_->ProbeConditionalPut("s3://lake/t"));
  store_.ignores_if_none_match = true;
  EXPECT_FALSE(*files_->ProbeConditionalPut("s3://lake/t"));
  EXPECT_TRUE(store_.contents().empty());
  EXPECT_EQ(files_->ProbeConditionalPut("s3://sea/t").error().kind(), ErrorKind::kNotFound);
  HttpTestServer simple([](const std::string&) {
    return HttpTestServer::Answer("501 Not Implemented",
                                  "<Error><Code>NotImplemented</Code></Error>");
  });
  S3FileSystemOptions options = Options();
  options.client.config.endpoint = simple.url("");
  EXPECT_FALSE(*Open(std::move(options))->ProbeConditionalPut("s3://lake"));
}

TEST_F(S3FileSystemTest, NothingIsCreatedInAStoreThatIgnoresConditionsWhichItIsAskedOnce) {
  const auto open = [&] {
    S3FileSystemOptions options = Options();
    options.probes_conditional_put = true;
    return std::make_unique<S3FileSystem>(std::move(options));
  };
  auto files = open();
  EXPECT_TRUE(*files->CreateFile("s3://lake/t/1", "one"));
  EXPECT_EQ(store_.requests(), 4) << "two writes and a removal before it";
  EXPECT_FALSE(*files->CreateFile("s3://lake/t/1", "two"));
  EXPECT_EQ(store_.requests(), 5);
  store_.ignores_if_none_match = true;
  files = open();
  store_.FailRequest(1, Fault::kDenied);
  EXPECT_EQ(files->CreateFile("s3://lake/t/2", "one").error().kind(), ErrorKind::kDenied);
  for (int i = 0; i < 2; i++) {
    const auto refused = files->CreateFile("s3://lake/t/2", "one");
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().kind(), ErrorKind::kDenied);
    EXPECT_THAT(refused.error().message(), HasSubstr("ignores 'If-None-Match: *'"));
    EXPECT_THAT(refused.error().hint(), HasSubstr("conditional writes"));
  }
  EXPECT_EQ(store_.requests(), 4) << "the refusal, then one probe";
  EXPECT_THAT(store_.contents(), ElementsAre(Pair("t/1", "one")));
}

TEST_F(S3FileSystemTest, AFileOfKnownSizeIsReadWithoutBeingLookedUp) {
  store_.Put("r", "0123456789");
  const auto reader = files_->OpenForReading("s3://lake/r", 10);
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(store_.requests(), 0);
  std::array<char, 4> buffer{};
  EXPECT_EQ(*(*reader)->ReadAt(8, buffer), 2);
  EXPECT_EQ(store_.requests(), 1);
  EXPECT_EQ((*files_->OpenForReading("s3://lake/none", 10))->ReadAt(0, buffer).error().kind(),
            ErrorKind::kNotFound);
  EXPECT_EQ((*files_->OpenForReading("s3://lake/r", 11))->ReadAt(8, buffer).error().kind(),
            ErrorKind::kCorrupt);
}

TEST_F(S3FileSystemTest, ErrorsNamePathStatusCodeRequestAndWhatToDoAndNoSecret) {
  store_.FailRequest(1, Fault::kDenied);
  const auto denied = files_->ReadFile("s3://lake/a");
  ASSERT_FALSE(denied.ok());
  EXPECT_EQ(denied.error().kind(), ErrorKind::kDenied);
  EXPECT_EQ(denied.error().message(),
            "cannot read s3://lake/a: status 403 AccessDenied: the words of AccessDenied "
            "(request REQ1)");
  EXPECT_THAT(denied.error().hint(), HasSubstr("policy"));
  EXPECT_EQ(store_.requests(), 1) << "no use in trying again";
  HttpTestServer echo([](const std::string&) {
    return HttpTestServer::Answer("403 Forbidden",
                                  "<Error><Code>SignatureDoesNotMatch</Code>"
                                  "<Message>you sent test-secret</Message></Error>");
  });
  S3FileSystemOptions options = Options();
  options.client.config.endpoint = echo.url("");
  const auto echoed = Open(std::move(options))->ReadFile("s3://lake/a");
  EXPECT_THAT(echoed.error().ToString(), HasSubstr("you sent ***"));
  EXPECT_THAT(echoed.error().ToString(), HasSubstr("AWS_SECRET_ACCESS_KEY"));
  EXPECT_THAT(echoed.error().ToString(), Not(HasSubstr("test-secret")));
}

TEST_F(S3FileSystemTest, AStoreThatAnswersNonsenseIsRefused) {
  std::string answer;
  HttpTestServer server([&](const std::string&) { return answer; });
  S3FileSystemOptions options = Options();
  options.client.config.endpoint = server.url("");
  options.client.retry.max_attempts = 2;
  const auto files = Open(std::move(options));
  answer = HttpTestServer::Answer("206 Partial", "xyz", "Content-Range: bytes 5-7/100\r\n");
  EXPECT_EQ(files->ReadRange("s3://lake/a", 0, 3).error().kind(), ErrorKind::kCorrupt);
  answer = HttpTestServer::Answer("200 OK", "0123456789");
  EXPECT_EQ(*files->ReadRange("s3://lake/a", 2, 3), "234") << "ranges are ignored";
  EXPECT_EQ(files->Stat("s3://lake/a").error().kind(), ErrorKind::kCorrupt) << "no time";
  EXPECT_EQ(files->List("s3://lake/a").error().kind(), ErrorKind::kRetryLater) << "no XML";
  answer =
      HttpTestServer::Answer("200 OK", "<R><Contents><Key>a/k</Key><Size>-</Size></Contents></R>");
  EXPECT_EQ(files->List("s3://lake/a").error().kind(), ErrorKind::kCorrupt);
  answer = HttpTestServer::Answer("200 OK",
                                  "<R><IsTruncated>true</IsTruncated>"
                                  "<NextContinuationToken>t</NextContinuationToken></R>");
  EXPECT_EQ(files->List("s3://lake/a").error().kind(), ErrorKind::kCorrupt) << "no end";
  EXPECT_EQ(files->ReplaceFile("s3://lake/a", kLarge).error().kind(), ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace leat::io

#include "delta/checksum.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "delta/log_path.h"
#include "delta/table_test_fixture.h"

namespace leat::delta {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

// What Spark 4.2 with Delta 4.4 wrote; the histogram and the list of files are cut down.
constexpr const char* kSparkEntry = R"(
{"commitInfo":{"timestamp":1795275603692,"operation":"WRITE","operationParameters":{"mode":"Append","partitionBy":"[\"part\"]"},"isolationLevel":"Serializable","isBlindAppend":true,"operationMetrics":{"numFiles":"2","numOutputRows":"20","numOutputBytes":"2151"},"engineInfo":"Apache-Spark/4.2.0 Delta-Lake/4.4.0","txnId":"fa9f98fb-a2ed-42ce-95ea-05807b450d70"}}
{"metaData":{"id":"739af6f1-6588-4584-ad31-e1f52514103b","format":{"provider":"parquet","options":{}},"schemaString":"{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}},{\"name\":\"part\",\"type\":\"integer\",\"nullable\":true,\"metadata\":{}}]}","partitionColumns":["part"],"configuration":{},"createdTime":1795275603174}}
{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}
{"add":{"path":"part=0/part-00000-745065a2-8a89-4d3f-a3f1-e6513e12015e.c000.snappy.parquet","partitionValues":{"part":"0"},"size":1075,"modificationTime":1795275603581,"dataChange":true,"stats":"{\"numRecords\":10}"}}
{"add":{"path":"part=1/part-00000-445e917b-77f2-4885-9a3c-e10670b8458a.c000.snappy.parquet","partitionValues":{"part":"1"},"size":1076,"modificationTime":1795275603601,"dataChange":true,"stats":"{\"numRecords\":10}"}}
)";
constexpr const char* kSparkChecksum =
    R"({"txnId":"fa9f98fb-a2ed-42ce-95ea-05807b450d70","tableSizeBytes":2151,"numFiles":2,"numMetadata":1,"numProtocol":1,"setTransactions":[],"domainMetadata":[],"metadata":{"id":"739af6f1-6588-4584-ad31-e1f52514103b","format":{"provider":"parquet","options":{}},"schemaString":"{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}},{\"name\":\"part\",\"type\":\"integer\",\"nullable\":true,\"metadata\":{}}]}","partitionColumns":["part"],"configuration":{},"createdTime":1795275603174},"protocol":{"minReaderVersion":1,"minWriterVersion":2},"fileSizeHistogram":{"sortedBinBoundaries":[0,8192],"fileCounts":[2,0],"totalBytes":[2151,0]},"allFiles":[]})";

class ChecksumTest : public TableTest {
 protected:
  std::string PathOf(long version) const { return LogPath(ChecksumFileName(version)); }
  json Checksum(long version) {
    const auto content = local_.ReadFile(PathOf(version));
    EXPECT_TRUE(content.ok()) << "version " << version << " has no checksum";
    return content.ok() ? json::parse(*content) : json::object();
  }
  bool HasChecksum(long version) { return local_.Stat(PathOf(version)).ok(); }
  std::string LoadError() {
    const auto loaded = Open().Load();
    return loaded.ok() ? "loaded" : loaded.error().message();
  }
};

TEST_F(ChecksumTest, EachCommitSaysWhatTheTableComesTo) {
  Table table = Open();
  ASSERT_EQ(Version(table.Commit(Creation({File("a"), File("b")}))), 0);
  EXPECT_EQ(Checksum(0)["numFiles"], 2);
  Transaction append = Append(table.Load().value(), "c");
  append.app_transactions = {{.app_id = "app", .version = 7}};
  ASSERT_EQ(Version(table.Commit(std::move(append))), 1);
  ASSERT_EQ(Version(table.Commit(Overwrite(table.Load().value(), "d"))), 2);
  const json appended = Checksum(1);
  EXPECT_EQ(appended["numFiles"], 3);
  EXPECT_EQ(appended["tableSizeBytes"], 300);
  EXPECT_EQ(appended["numMetadata"], 1);
  EXPECT_EQ(appended["numProtocol"], 1);
  EXPECT_EQ(appended["setTransactions"][0]["appId"], "app");
  EXPECT_EQ(appended["domainMetadata"], json::array());
  const json overwritten = Checksum(2);
  EXPECT_EQ(overwritten["numFiles"], 1);
  EXPECT_EQ(overwritten["tableSizeBytes"], 100);
  EXPECT_EQ(overwritten["setTransactions"].size(), 1U);
  EXPECT_EQ(overwritten["txnId"], table.History(1).value()[0].info.txn_id);
  // To the letter what the log says, as Spark compares it.
  for (std::string line; const char c : ReadEntry(0)) {
    if (c != '\n') {
      line += c;
      continue;
    }
    const json action = json::parse(std::exchange(line, ""));
    if (action.contains("metaData")) {
      EXPECT_EQ(overwritten["metadata"], action["metaData"]);
    } else if (action.contains("protocol")) {
      EXPECT_EQ(overwritten["protocol"], action["protocol"]);
    }
  }
  EXPECT_EQ(LoadError(), "loaded");
}

TEST_F(ChecksumTest, SumsStayRightOverManyCommitsAndWriters) {
  Table first = Open();
  Table second = Open();
  ASSERT_EQ(Version(first.Commit(Creation())), 0);
  for (int i = 0; i < 90; i++) {
    Table& table = i % 3 == 0 ? first : second;
    const auto base = table.Load().value();
    Transaction transaction = Append(base, std::to_string(i));
    if (i % 4 == 0) transaction = Overwrite(base, std::to_string(i));
    ASSERT_EQ(Version(table.Commit(std::move(transaction))), i + 1);
    const auto fresh = Open().Load();
    ASSERT_TRUE(fresh.ok()) << fresh.error().ToString();
    EXPECT_EQ(Checksum(i + 1)["numFiles"], (*fresh)->files().size());
  }
}

TEST_F(ChecksumTest, ALogThatWasTamperedWithIsAnErrorThatNamesTheDifference) {
  Table table = Open();
  ASSERT_EQ(Version(table.Commit(Creation({File("a"), File("b")}))), 0);
  ASSERT_EQ(Version(table.Commit(Append(table.Load().value(), "c"))), 1);
  const std::string entry = ReadEntry(0);
  const auto with = [&](const std::string& old_text, const std::string& new_text) {
    std::string changed = entry;
    const std::size_t at = changed.find(old_text);
    EXPECT_NE(at, std::string::npos) << old_text;
    WriteEntry(0, changed.replace(at, old_text.size(), new_text));
    return LoadError();
  };
  EXPECT_THAT(with(R"({"add":{"path":"a")", R"({"nothing":{"path":"a")"),
              AllOf(HasSubstr("version 1 of table " + path_), HasSubstr(ChecksumFileName(1)),
                    HasSubstr("2 files instead of 3, 200 bytes instead of 300")));
  EXPECT_THAT(with(R"("size":100)", R"("size":1000)"), HasSubstr("1200 bytes instead of 300"));
  EXPECT_THAT(with(R"(\"date\")", R"(\"string\")"), HasSubstr("another schema"));
  EXPECT_THAT(with(R"("configuration":{})", R"("configuration":{"k":"v"})"),
              HasSubstr("other table properties"));
  EXPECT_THAT(with(R"("minWriterVersion":2)", R"("minWriterVersion":1)"),
              HasSubstr("another protocol"));
  EXPECT_EQ(Open().Load().error().kind(), ErrorKind::kCorrupt);
  EXPECT_EQ(with("a", "a"), "loaded");
}

TEST_F(ChecksumTest, ALostApplicationTransactionIsNoticed) {
  Table table = Open();
  Transaction creation = Creation();
  creation.app_transactions = {{.app_id = "loader", .version = 7}};
  ASSERT_EQ(Version(table.Commit(std::move(creation))), 0);
  json checksum = Checksum(0);
  checksum["setTransactions"][0]["version"] = 8;
  ASSERT_TRUE(local_.ReplaceFile(PathOf(0), checksum.dump()).ok());
  EXPECT_THAT(LoadError(), HasSubstr("another position of the application 'loader'"));
  checksum["setTransactions"] = {{{"appId", "other"}, {"version", 7}}};
  ASSERT_TRUE(local_.ReplaceFile(PathOf(0), checksum.dump()).ok());
  EXPECT_THAT(LoadError(), HasSubstr("no position of the application 'other'"));
  checksum["metadata"]["configuration"] = json::object();
  checksum.erase("setTransactions");
  ASSERT_TRUE(local_.ReplaceFile(PathOf(0), checksum.dump()).ok());
  EXPECT_EQ(LoadError(), "loaded") << "it is not required";
}

TEST_F(ChecksumTest, AChecksumThatIsBrokenOrMissingSaysNothing) {
  Table table = Open();
  ASSERT_EQ(Version(table.Commit(Creation({File("a")}))), 0);
  const std::string whole = local_.ReadFile(PathOf(0)).value();
  for (std::size_t size = 0; size < whole.size() - 1; size += 7) {
    ASSERT_TRUE(local_.ReplaceFile(PathOf(0), whole.substr(0, size)).ok());
    EXPECT_EQ(LoadError(), "loaded") << size;
  }
  for (const std::string& content :
       {std::string(whole.size(), '\0'), std::string("[]"), std::string("{}"),
        std::string(R"({"numFiles":"x"})"), std::string(R"({"metadata":7,"numFiles":99})")}) {
    ASSERT_TRUE(local_.ReplaceFile(PathOf(0), content).ok());
    EXPECT_EQ(LoadError(), "loaded") << content;
  }
  ASSERT_TRUE(local_.Remove(PathOf(0)).ok());
  EXPECT_EQ(LoadError(), "loaded");
}

TEST_F(ChecksumTest, WhatSparkWroteIsUnderstoodAndContinued) {
  WriteEntry(0, kSparkEntry);
  ASSERT_TRUE(local_.ReplaceFile(PathOf(0), kSparkChecksum).ok());
  EXPECT_EQ(LoadError(), "loaded");
  json wrong = json::parse(kSparkChecksum);
  wrong["numFiles"] = 3;
  ASSERT_TRUE(local_.ReplaceFile(PathOf(0), wrong.dump()).ok());
  EXPECT_THAT(LoadError(), HasSubstr("2 files instead of 3"));
  ASSERT_TRUE(local_.ReplaceFile(PathOf(0), kSparkChecksum).ok());
  Table table = Open();
  Transaction append = Append(table.Load().value(), "c");
  append.adds[0].partition_values = {{"part", "2"}};
  ASSERT_EQ(Version(table.Commit(std::move(append))), 1);
  const json ours = Checksum(1);
  EXPECT_EQ(ours["numFiles"], 3);
  EXPECT_EQ(ours["metadata"], json::parse(kSparkChecksum)["metadata"]);
}

TEST_F(ChecksumTest, OneThatIsThereAlreadyStays) {
  Table table = Open();
  ASSERT_EQ(Version(table.Commit(Creation())), 0);
  ASSERT_TRUE(local_.ReplaceFile(PathOf(1), "somebody else's").ok());
  ASSERT_EQ(Version(table.Commit(Append(table.Load().value(), "a"))), 1);
  EXPECT_EQ(local_.ReadFile(PathOf(1)).value(), "somebody else's");
}

TEST_F(ChecksumTest, WhatCannotBeToldForCertainIsNotWritten) {
  // A name that is there but empty would be left out by Leat.
  WriteEntry(0, R"({"protocol":{"minReaderVersion":1,"minWriterVersion":2}}
{"metaData":{"id":"x","name":"","format":{"provider":"parquet","options":{}},"schemaString":"{\"type\":\"struct\",\"fields\":[]}","partitionColumns":[],"configuration":{},"createdTime":1}}
)");
  Table renamed = Open();
  ASSERT_EQ(Version(renamed.Commit(Append(renamed.Load().value(), "a"))), 1);
  EXPECT_FALSE(HasChecksum(1));

  ASSERT_TRUE(io::RemoveAll(path_).ok());
  Table table = Open();
  ASSERT_EQ(Version(table.Commit(Creation({File("a")}))), 0);
  WriteEntry(1, R"({"remove":{"path":"a","dataChange":true}})");  // how large was it?
  ASSERT_EQ(Version(table.Commit(Append(table.Load().value(), "b"))), 2);
  EXPECT_FALSE(HasChecksum(2));
  ASSERT_EQ(table.Load().value()->files().size(), 1U) << "merged now";
  ASSERT_EQ(Version(table.Commit(Append(table.Load().value(), "c"))), 3);
  EXPECT_EQ(Checksum(3)["numFiles"], 2);
}

TEST_F(ChecksumTest, DeletionVectorsAreCountedWhereTheTableHasThem) {
  Transaction creation = Creation({File("a"), File("b")});
  creation.protocol = Protocol{.reader_version = 3,
                               .writer_version = 7,
                               .reader_features = {"deletionVectors"},
                               .writer_features = {"deletionVectors"}};
  Table table = Open();
  ASSERT_EQ(Version(table.Commit(std::move(creation))), 0);
  EXPECT_EQ(Checksum(0)["numDeletionVectorsOpt"], 0);
  Transaction update{.base = table.Load().value(), .scope = ReadScope::kWholeTable};
  update.removes = {RemovalOf(update.base->files()[0])};
  update.adds = {update.base->files()[0]};
  update.adds[0].deletion_vector =
      DeletionVectorDescriptor{.storage = DeletionVectorDescriptor::Storage::kInline,
                               .path_or_inline = "00000",
                               .size_bytes = 4,
                               .cardinality = 3};
  ASSERT_EQ(Version(table.Commit(std::move(update))), 1);
  EXPECT_EQ(Checksum(1)["numDeletionVectorsOpt"], 1);
  EXPECT_EQ(Checksum(1)["numDeletedRecordsOpt"], 3);
  EXPECT_EQ(Checksum(1)["numFiles"], 2);
  EXPECT_EQ(LoadError(), "loaded");
}

}  // namespace
}  // namespace leat::delta

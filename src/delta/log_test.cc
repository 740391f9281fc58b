// Names, paths and entries of the log.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "delta/log_entry.h"
#include "delta/log_path.h"

namespace leat::delta {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(LogPathTest, FileNamesAreReadAndOthersIgnored) {
  EXPECT_EQ(CommitFileName(7), "00000000000000000007.json");
  EXPECT_EQ(ParseLogFileName(CommitFileName(7))->version, 7);
  EXPECT_EQ(ParseLogFileName(CheckpointFileName(10))->kind, LogFileName::Kind::kCheckpoint);
  const auto part =
      ParseLogFileName("00000000000000000001.checkpoint.0000000002.0000000003.parquet");
  ASSERT_TRUE(part.has_value());
  EXPECT_EQ(part->part, 2);
  EXPECT_EQ(part->parts, 3);
  EXPECT_EQ(
      ParseLogFileName("00000000000000000002.checkpoint.6374b053-df23-479b-b2cf-c9c550132b49.json")
          ->kind,
      LogFileName::Kind::kV2Checkpoint);
  const auto compacted =
      ParseLogFileName("00000000000000000001.00000000000000000003.compacted.json");
  ASSERT_TRUE(compacted.has_value());
  EXPECT_EQ(compacted->kind, LogFileName::Kind::kCompacted);
  EXPECT_EQ(compacted->version, 1);
  EXPECT_EQ(compacted->last, 3);
  for (const char* name :
       {".00000000000000000007.json.12.0.tmp", ".00000000000000000007.json.crc", "_last_checkpoint",
        "7.json", "00000000000000000007.json.tmp", "0000000000000000000x.json",
        "-0000000000000000007.json", "00000000000000000003.00000000000000000001.compacted.json",
        "00000000000000000001.checkpoint.0000000004.0000000003.parquet",
        "99999999999999999999.json"}) {
    EXPECT_FALSE(ParseLogFileName(name).has_value()) << name;
  }
}

TEST(LogPathTest, PathsRoundTripThroughTheLogsEncoding) {
  for (const char* path :
       {"part-1.parquet", "a b/c=%20+#?.parquet", "day=2026-11-01 10:00/ü.parquet"}) {
    EXPECT_EQ(CanonicalPath(EncodePath(path), "/lake/t"), path);
  }
  EXPECT_EQ(EncodePath("c=a b%"), "c=a%20b%25");
  EXPECT_EQ(CanonicalPath("c=a%252Fb/x", "/lake/t"), "c=a%2Fb/x") << "decoded once only";
}

TEST(LogPathTest, AbsolutePathsInsideTheTableBecomeRelative) {
  EXPECT_EQ(CanonicalPath("/lake/t/a.parquet", "/lake/t"), "a.parquet");
  EXPECT_EQ(CanonicalPath("file:///lake/t/a%20b", "/lake/t"), "a b");
  EXPECT_EQ(CanonicalPath("file:/lake/t/a", "/lake/t"), "a");
  EXPECT_EQ(CanonicalPath("/lake/t2/a", "/lake/t"), "/lake/t2/a");
}

TEST(LogPathTest, PathsOutsideTheTableAreRefusedByName) {
  for (const char* text : {"/etc/passwd", "file:///etc/passwd", "file://host/share/x",
                           "s3://bucket/x", "../x", "a/../../x", "a/..", "%2e%2e/x", "a%2F..%2Fx",
                           "%73%33://bucket/x", "a%00b", "", ".", "./.", "/lake/t/../x"}) {
    const Status status = CheckInsideTable(CanonicalPath(text, "/lake/t"));
    ASSERT_FALSE(status.ok()) << text;
    EXPECT_EQ(status.error().kind(), ErrorKind::kInvalidInput);
  }
  for (const char* text : {"a..b/c", "...", "a:b", "%252e%252e/x", "day=10:00/x"}) {
    EXPECT_TRUE(CheckInsideTable(CanonicalPath(text, "/lake/t")).ok()) << text;
  }
}

TEST(LogPathTest, APlainPathNeedsNoLookAtItsForm) {
  for (const char* text :
       {"part-1.c000.parquet", "day=2026-11-01/p=a/x..parquet", "a..b", "a./b"}) {
    EXPECT_TRUE(IsPlainPath(text)) << text;
    EXPECT_EQ(CanonicalPath(text, "/lake/t"), text);
    EXPECT_EQ(UnlessEncoded(text, text), std::nullopt);
    EXPECT_TRUE(CheckInsideTable(text).ok());
  }
  for (const char* text : {"", ".", "..", "/a", "a//b", "a/../b", "a/.", ".a", "a%20b", "a b", "ü",
                           "file:/a", "s3://b/a", "a:b"}) {
    EXPECT_FALSE(IsPlainPath(text)) << text;
  }
  EXPECT_FALSE(IsPlainPath(std::string_view("a\0b", 3)));
}

TEST(LogPathTest, AnEntryTellsWhetherItsPathsNeedALook) {
  const auto has_plain_paths = [](const std::string& line) {
    return ParseLogEntry(line, "entry", "/t").value().has_plain_paths;
  };
  EXPECT_TRUE(has_plain_paths(R"({"add":{"path":"a"}})"));
  EXPECT_TRUE(has_plain_paths(R"({"remove":{"path":"../a"}})")) << "nobody reads it";
  EXPECT_FALSE(has_plain_paths("{\"add\":{\"path\":\"a\"}}\n{\"add\":{\"path\":\"../a\"}}"));
  EXPECT_FALSE(has_plain_paths(
      R"({"add":{"path":"a","deletionVector":{"storageType":"p","pathOrInlineDv":"/b","sizeInBytes":1,"cardinality":1}}})"));
}

LogEntry Full() {
  LogEntry entry;
  entry.info = CommitInfo{.timestamp_ms = 5,
                          .operation = "WRITE",
                          .operation_parameters = {{"mode", "Append"}},
                          .operation_metrics = {{"numFiles", "1"}},
                          .extra = {{"leat", "{\"run\": [1,\n 2]}"}},
                          .engine_info = "Leat",
                          .txn_id = "id-1"};
  entry.protocol = Protocol{.reader_version = 3,
                            .writer_version = 7,
                            .reader_features = {"timestampNtz"},
                            .writer_features = {"timestampNtz", "appendOnly"}};
  entry.metadata = Metadata{.id = "m",
                            .name = "n \"quoted\"\n\x01",
                            .description = "d",
                            .schema = {.fields = {{.name = "a"}}},
                            .partition_columns = {"a"},
                            .configuration = {{"delta.appendOnly", "false"}},
                            .created_ms = 9};
  entry.app_transactions = {{.app_id = "app\\é", .version = INT64_MAX, .updated_ms = 3}};
  entry.removes = {{.path = "old ü.parquet",
                    .deleted_ms = 8,
                    .data_change = false,
                    .partition_values = {{"a", std::nullopt}},
                    .size_bytes = 4}};
  entry.adds = {{.path = "a=x%/new.parquet",
                 .partition_values = {{"a", "x%"}},
                 .size_bytes = 10,
                 .modified_ms = 11,
                 .stats_json = R"({"numRecords":1})",
                 .tags = NullableTexts{{"t", "v"}},
                 .deletion_vector =
                     DeletionVectorDescriptor{
                         .path_or_inline = "x", .offset = 1, .size_bytes = 2, .cardinality = 3},
                 .base_row_id = 7,
                 .default_row_commit_version = 8,
                 .clustering_provider = "liquid"}};
  entry.removes[0].deletion_vector = DeletionVectorDescriptor{
      .storage = DeletionVectorDescriptor::Storage::kInline, .path_or_inline = "y"};
  entry.changes = {
      {.path = "_change_data/c d", .partition_values = {{"a", "x"}}, .size_bytes = 12}};
  entry.domain_metadata = {{.domain = "d", .configuration = "{\"k\":1}", .removed = true}};
  return entry;
}

TEST(LogEntryTest, ActionsThatAreNotKnownAreIgnoredWhateverTheirValues) {
  for (const char* value : {R"(["a",1])", "1", "\"text\"", "true", R"({"add":{"path":1}})", "[]"}) {
    const auto read = ParseLogEntry(std::string("{\"someNewAction\":") + value +
                                        "}\n{\"add\":{\"path\":\"a.parquet\",\"size\":1,"
                                        "\"newField\":[1],\"dataChange\":true}}\n",
                                    "0.json", "/t");
    ASSERT_TRUE(read.ok()) << value << ": " << read.error().ToString();
    EXPECT_EQ(read->adds.size(), 1U);
  }
  EXPECT_EQ(ParseLogEntry("{\"add\":[1]}\n", "0.json", "/t").error().kind(), ErrorKind::kCorrupt);
}

TEST(LogEntryTest, TypesThatAreNotSupportedAreNamedAndNoDamage) {
  for (const char* type : {"variant", "void", "geometry(4326)", "interval"}) {
    const auto read = ParseLogEntry(
        std::string(
            "{\"metaData\":{\"id\":\"x\",\"format\":{\"provider\":\"parquet\"},\"schemaString\":"
            "\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[{\\\"name\\\":\\\"v\\\",\\\"type\\\":"
            "\\\"") +
            type + "\\\",\\\"nullable\\\":true,\\\"metadata\\\":{}}]}\"}}\n",
        "0.json", "/t");
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.error().kind(), ErrorKind::kInvalidInput);
    EXPECT_THAT(read.error().message(),
                testing::AllOf(HasSubstr("column v has the type '" + std::string(type)),
                               testing::Not(HasSubstr("damaged"))));
  }
}

TEST(LogEntryTest, WhatIsWrittenIsReadBack) {
  const auto text = FormatLogEntry(Full());
  ASSERT_TRUE(text.ok()) << text.error().ToString();
  EXPECT_EQ(std::count(text->begin(), text->end(), '\n'), 8) << "one line per action";
  const auto read = ParseLogEntry(*text, "0.json", "/t");
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  const LogEntry wanted = Full();
  EXPECT_EQ(read->info->timestamp_ms, 5);
  EXPECT_EQ(read->info->operation_parameters, wanted.info->operation_parameters);
  EXPECT_EQ(read->info->operation_metrics, wanted.info->operation_metrics);
  EXPECT_EQ(read->info->extra.at("leat"), R"({"run":[1,2]})");
  EXPECT_EQ(read->info->txn_id, "id-1");
  EXPECT_EQ(read->protocol->reader_features, wanted.protocol->reader_features);
  EXPECT_EQ(read->metadata->name, wanted.metadata->name);
  EXPECT_EQ(read->metadata->schema, wanted.metadata->schema);
  EXPECT_EQ(read->metadata->configuration, wanted.metadata->configuration);
  EXPECT_EQ(read->app_transactions[0].app_id, "app\\é");
  EXPECT_EQ(read->app_transactions[0].version, INT64_MAX);
  EXPECT_EQ(read->removes[0].path, "old ü.parquet");
  EXPECT_FALSE(read->removes[0].data_change);
  EXPECT_EQ(read->removes[0].partition_values, wanted.removes[0].partition_values);
  EXPECT_EQ(read->adds[0].path, "a=x%/new.parquet");
  EXPECT_EQ(read->adds[0].partition_values, wanted.adds[0].partition_values);
  EXPECT_EQ(read->adds[0].stats_json, wanted.adds[0].stats_json);
  EXPECT_EQ(read->adds[0].tags, wanted.adds[0].tags);
  EXPECT_EQ(read->adds[0].deletion_vector, wanted.adds[0].deletion_vector);
  EXPECT_EQ(read->adds[0].base_row_id, 7);
  EXPECT_EQ(read->adds[0].default_row_commit_version, 8);
  EXPECT_EQ(*read->adds[0].clustering_provider, "liquid");
  EXPECT_EQ(read->removes[0].deletion_vector, wanted.removes[0].deletion_vector);
  EXPECT_EQ(read->changes[0].path, "_change_data/c d");
  EXPECT_EQ(read->changes[0].partition_values, wanted.changes[0].partition_values);
  EXPECT_EQ(read->domain_metadata[0].domain, "d");
  EXPECT_EQ(read->domain_metadata[0].configuration, "{\"k\":1}");
  EXPECT_TRUE(read->domain_metadata[0].removed);
}

TEST(LogEntryTest, UnknownActionsAndKeysAndNullsAreIgnored) {
  const auto entry = ParseLogEntry(
      "\n{\"later\":{\"path\":\"x\",\"deep\":[{\"a\":null}]}}\r\n"
      R"({"add":{"path":"p","partitionValues":{"a":"","b":null},"size":1,"stats":null,"clusteringProvider":"z","deletionVector":null}})",
      "0.json", "/t");
  ASSERT_TRUE(entry.ok()) << entry.error().ToString();
  ASSERT_EQ(entry->adds.size(), 1U);
  EXPECT_EQ(entry->adds[0].stats_json, "");
  EXPECT_EQ(entry->adds[0].partition_values.at("a"), std::nullopt) << "empty stands for null";
  EXPECT_EQ(entry->adds[0].partition_values.at("b"), std::nullopt);
  EXPECT_EQ(entry->adds[0].deletion_vector, std::nullopt);
}

TEST(LogEntryTest, DamageIsNamedByFileAndLine) {
  for (const char* line :
       {R"({"add":{"path":"p","size":"many"}})", R"({"add":{"size":1}})", R"({"add":{"path":7}})",
        R"({"add":{"path":"p")", R"({"add":{"path":"p"}} extra)", R"([1])", R"(garbage)",
        "\x01\xff", R"({"add":"p"})", R"({"remove":{}})",
        R"({"protocol":{"minReaderVersion":99999999999}})", R"({"metaData":{"schemaString":"{"}})",
        "{\"add\":{\"path\":\"\xff\"}}"}) {
    const auto entry =
        ParseLogEntry(std::string("{\"commitInfo\":{}}\n") + line + "\n", "7.json", "/t");
    ASSERT_FALSE(entry.ok()) << line;
    EXPECT_EQ(entry.error().kind(), ErrorKind::kCorrupt) << line;
    EXPECT_THAT(entry.error().message(), HasSubstr("7.json")) << line;
    EXPECT_THAT(entry.error().message(), HasSubstr("line 2")) << line;
  }
}

TEST(LogEntryTest, DataFilesOfAnotherFormatAreRefusedByName) {
  const auto entry = ParseLogEntry(R"({"metaData":{"format":{"provider":"orc"}}})", "7.json", "/t");
  ASSERT_FALSE(entry.ok());
  EXPECT_THAT(entry.error().message(), HasSubstr("have the format 'orc'"));
}

TEST(LogEntryTest, EveryTruncationIsAnErrorOrAPrefixOfTheActions) {
  const std::string text = FormatLogEntry(Full()).value();
  for (std::size_t size = 0; size < text.size(); size++) {
    const auto entry = ParseLogEntry(text.substr(0, size), "0.json", "/t");
    const bool at_line_end = size == 0 || text[size - 1] == '\n' || text[size] == '\n';
    EXPECT_EQ(entry.ok(), at_line_end) << size;
  }
}

TEST(LogEntryTest, AnyChangedByteIsReadOrRefusedButNeverMore) {
  const std::string text = FormatLogEntry(Full()).value();
  for (std::size_t at = 0; at < text.size(); at++) {
    for (const char c : {'\0', '"', '\\', '{', ']', ',', ':', '\n', 'n', '9', '\xff'}) {
      std::string changed = text;
      changed[at] = c;
      const auto entry = ParseLogEntry(changed, "0.json", "/t");
      EXPECT_TRUE(entry.ok() || entry.error().kind() != ErrorKind::kBug);
    }
  }
}

TEST(LogEntryTest, TextThatIsNotUtf8OrNotJsonIsRefusedBeforeItIsWritten) {
  LogEntry entry = Full();
  entry.app_transactions[0].app_id = "\xff";
  EXPECT_EQ(FormatLogEntry(entry).error().kind(), ErrorKind::kInvalidInput);
  entry = Full();
  entry.info->extra["leat"] = "{not json";
  EXPECT_EQ(FormatLogEntry(entry).error().kind(), ErrorKind::kInvalidInput);
}

TEST(LogEntryTest, CommitInfoIsFoundInACutEntry) {
  const std::string text = FormatLogEntry(Full()).value();
  const auto whole_line = text.find('\n') + 20;
  EXPECT_EQ(FindCommitInfo(text.substr(0, whole_line), "0.json").value()->operation, "WRITE");
  EXPECT_FALSE(
      FindCommitInfo("{\"add\":{\"path\":\"p\"}}\n{\"commitI", "0.json").value().has_value());
}

}  // namespace
}  // namespace leat::delta

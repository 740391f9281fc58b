// SQL and tables in object stores: against a real server, and against one that goes wrong.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>

#include "base/text.h"
#include "delta/compaction.h"
#include "delta/vacuum.h"
#include "engine/engine.h"
#include "io/file_system_by_scheme.h"
#include "io/s3/s3_file_system.h"
#include "io/s3/s3_server.h"
#include "io/s3/s3_test_store.h"
#include "io/s3/test_clock.h"

namespace leat::engine {
namespace {

using testing::HasSubstr;
using testing::Not;
using StoreFault = io::S3TestStore::Fault;

// Of which the test's data makes several, so that files go in parts.
constexpr std::int64_t kPartBytes = io::kMinPartBytes;

// An engine whose environment has the store's paths beside the disk's.
class StoreEngine {
 public:
  explicit StoreEngine(io::S3FileSystemOptions options)
      : store_(std::move(options)),
        files_(io::LocalFileSystem(), [this]() -> Result<io::FileSystem*> { return &store_; }),
        environment_{files_, io::SystemClock(), io::SystemRandom()},
        engine_(Engine::Open(environment_, {.threads = 2}).value()),
        session_(engine_->NewSession()) {}

  io::FileSystem& files() { return files_; }
  const io::Environment& environment() const { return environment_; }
  Engine& engine() { return *engine_; }
  Session& session() { return *session_; }

  // The result's values, comma by comma, or the error.
  std::string Text(const std::string& sql) {
    const auto rows = session_->Query("select concat_ws(',', *columns(*)) from (" + sql + ")");
    if (!rows.ok()) return rows.error().ToString();
    std::vector<std::string> lines;
    for (const auto& row : rows->rows) lines.push_back(std::get<std::string>(row[0]));
    return Join(lines, "\n");
  }

  // Commits the rows as new files of the table.
  void Append(const std::string& table_path, const std::string& sql) {
    auto written = session_->WriteParquet(sql, {}, {.directory = table_path});
    ASSERT_TRUE(written.ok()) << written.error().ToString();
    delta::Table& table = engine_->TableAt(table_path);
    const auto base = table.Load();
    delta::Transaction transaction;
    if (base.ok()) {
      transaction.base = *base;
    } else {
      transaction.metadata = delta::Metadata{.id = "x", .schema = written->schema};
      transaction.protocol = delta::Protocol{};
    }
    for (const WrittenFile& file : written->files) {
      transaction.adds.push_back(
          ToAddFile(file, table_path, written->schema, environment_.clock.Now()));
    }
    const auto outcome = table.Commit(std::move(transaction));
    ASSERT_TRUE(outcome.ok()) << outcome.error().ToString();
    ASSERT_TRUE(std::holds_alternative<delta::Committed>(*outcome));
  }

 private:
  io::S3FileSystem store_;
  io::FileSystemByScheme files_;
  const io::Environment environment_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Session> session_;
};

// --- a real server ---

class StoreServerTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = std::make_unique<io::S3Server>(LEAT_VERSITYGW); }
  static void TearDownTestSuite() { server_.reset(); }

  void SetUp() override {
    ASSERT_TRUE(server_->is_running()) << LEAT_VERSITYGW << " does not run; scripts/setup.sh "
                                       << "fetches it. It said: " << server_->log();
    static int next = 1;
    const std::string bucket = "engine-" + std::to_string(next++);
    ASSERT_TRUE(server_->MakeBucket(bucket));
    root_ = "s3://" + bucket;
    store_ = Open();
  }
  static std::unique_ptr<StoreEngine> Open() {
    return std::make_unique<StoreEngine>(
        io::S3FileSystemOptions{.client = server_->ClientOptions(), .part_bytes = kPartBytes});
  }
  std::string Literal(const std::string& path) const { return QuoteLiteral(root_ + path); }

  static std::unique_ptr<io::S3Server> server_;
  std::string root_;
  std::unique_ptr<StoreEngine> store_;
};

std::unique_ptr<io::S3Server> StoreServerTest::server_;

TEST_F(StoreServerTest, SqlWritesAndReadsFilesOfEachFormat) {
  const std::string rows = "select range as n, 'text ' || range as t from range(200000)";
  const std::string expected = store_->Text("select count(*), sum(n), max(t) from (" + rows + ")");
  for (const std::string name : {"csv", "json", "parquet"}) {
    const auto count = store_->session().CopyTo(rows, root_ + "/out/a." + name, name);
    ASSERT_TRUE(count.ok()) << count.error().ToString();
    EXPECT_EQ(*count, 200'000);
    const std::string from = "from read_" + name + "(" + Literal("/out/*." + name) + ")";
    EXPECT_EQ(store_->Text("select count(*), sum(n), max(t) " + from), expected) << name;
    EXPECT_EQ(store_->Text("select count(*), sum(n), max(t) from " + Literal("/out/a." + name)),
              expected);
  }
}

TEST_F(StoreServerTest, CompressedTextIsReadAhead) {
  const std::string rows = "select range as n, (hash(range) >> 2)::bigint as h from range(300000)";
  ASSERT_TRUE(store_->session().CopyTo(rows, root_ + "/a.csv.gz", "csv").ok());
  EXPECT_EQ(store_->Text("select count(*), bit_xor(h) from read_csv(" + Literal("/a.csv.gz") + ")"),
            store_->Text("select count(*), bit_xor(h) from (" + rows + ")"));
}

TEST_F(StoreServerTest, GlobsFindFilesInFoldersOfAnyDepth) {
  for (const char* path : {"/l/a.csv", "/l/x/b.csv", "/l/x/y/c.csv", "/m/d.csv"}) {
    ASSERT_TRUE(store_->files().ReplaceFile(root_ + path, "n\n1\n").ok());
  }
  const auto count = [&](const std::string& pattern) {
    return store_->Text("select count(*) from read_csv(" + Literal(pattern) + ")");
  };
  EXPECT_EQ(count("/l/*.csv"), "1");
  EXPECT_EQ(count("/*/?.csv"), "2");
  EXPECT_EQ(count("/l/**/*.csv"), "3");
  EXPECT_EQ(store_->Text("select count(*) from glob(" + Literal("/**/*.csv") + ")"), "4");
  EXPECT_THAT(count("/none/*.csv"), HasSubstr("No files found"));
}

TEST_F(StoreServerTest, WhatIsMissingOrForbiddenIsSaidWithItsPath) {
  EXPECT_THAT(store_->Text("select * from read_parquet(" + Literal("/none.parquet") + ")"),
              HasSubstr(root_ + "/none.parquet does not exist"));
  EXPECT_THAT(store_->Text("select * from delta_scan(" + Literal("/none") + ")"),
              HasSubstr("there is no Delta table at " + root_ + "/none"));
  const auto copied = store_->session().CopyTo("select 1", "s3://no-such-bucket/a.csv", "csv");
  ASSERT_FALSE(copied.ok());
  EXPECT_THAT(copied.error().ToString(), HasSubstr("NoSuchBucket"));
}

TEST_F(StoreServerTest, LargeFilesGoInPartsAndAQueryThatFailsLeavesNothing) {
  const std::string rows = "select range as n, (hash(range) >> 2)::bigint as h from range(2000000)";
  const auto written = store_->session().WriteParquet(rows, {}, {.directory = root_ + "/t"});
  ASSERT_TRUE(written.ok()) << written.error().ToString();
  EXPECT_GT(written->files.at(0).size_bytes, 2 * kPartBytes);
  EXPECT_EQ(store_->files().Stat(written->files[0].path)->size_bytes, written->files[0].size_bytes);
  EXPECT_EQ(store_->Text("select count(*), bit_xor(h) from read_parquet(" + Literal("/t/*") + ")"),
            store_->Text("select count(*), bit_xor(h) from (" + rows + ")"));
  const auto failed = store_->session().WriteParquet(
      "select if(n = 1900000, error('no more'), n) as n, h from (" + rows + ")", {},
      {.directory = root_ + "/failed"});
  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.error().message(), HasSubstr("no more"));
  EXPECT_EQ(store_->files().List(root_ + "/failed").error().kind(), ErrorKind::kNotFound);
}

TEST_F(StoreServerTest, ATableIsWrittenReadCompactedVacuumedAndReadAtItsVersions) {
  const std::string path = root_ + "/lake/t";
  for (int i = 0; i < 12; i++) {
    store_->Append(path, fmt::format("select {}::bigint as n, 'v{}' as name", i, i));
  }
  EXPECT_TRUE(store_->files().Stat(path + "/_delta_log/_last_checkpoint").ok());
  const auto other = Open();  // reads the checkpoint
  const std::string scan = "delta_scan(" + QuoteLiteral(path);
  EXPECT_EQ(other->Text("select count(*), sum(n), max(name) from " + scan + ")"), "12,66,v9");
  EXPECT_EQ(other->Text("select count(*) from " + scan + ", version => 3)"), "4");
  EXPECT_EQ(other->Text("select name from " + scan + ") where n = 7"), "v7");
  const auto rewriter = MakeRowRewriter(other->environment(), other->session());
  const auto compacted =
      delta::Compact(other->environment(), other->engine().TableAt(path), *rewriter, {});
  ASSERT_TRUE(compacted.ok()) << compacted.error().ToString();
  EXPECT_EQ(compacted->files_removed, 12U);
  EXPECT_EQ(store_->Text("select count(*), sum(n) from " + scan + ")"), "12,66");
  other->environment().clock.Sleep(2 * kMicrosPerSecond);  // the store's times are whole seconds
  const auto removed = delta::Vacuum(other->environment(), other->engine().TableAt(path),
                                     {.retention_ms = 0, .allows_short_retention = true});
  ASSERT_TRUE(removed.ok()) << removed.error().ToString();
  EXPECT_EQ(removed->size(), 12U);
  EXPECT_EQ(Open()->Text("select count(*), sum(n) from " + scan + ")"), "12,66");
}

// Tables of others, moved into the store: deletion vectors, mapped columns, checkpoints.
class GoldenInStoreTest : public StoreServerTest,
                          public testing::WithParamInterface<std::string> {};

TEST_P(GoldenInStoreTest, HasTheSameRowsThere) {
  const std::string folder = io::MakeTemporaryDirectory("leat-golden-").value();
  const std::string command = fmt::format("tar --zstd -xf '{}/{}.tar.zst' -C '{}' 2> /dev/null",
                                          LEAT_GOLDEN_FOLDER, GetParam(), folder);
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  const std::string local = folder + "/" + GetParam() + "/delta";
  for (const io::FileInfo& file : io::Glob(store_->files(), local + "/**/*").value()) {
    const std::string content = store_->files().ReadFile(file.path).value();
    ASSERT_TRUE(
        store_->files().ReplaceFile(root_ + "/t" + file.path.substr(local.size()), content).ok());
  }
  const auto scan = [](const std::string& path) {
    return "from delta_scan(" + QuoteLiteral(path) + ")";
  };
  const auto difference = [&](const std::string& a, const std::string& b) {
    return store_->Text("select count(*) from (" + scan(a) + " except all " + scan(b) + ")");
  };
  EXPECT_THAT(store_->Text("select count(*) " + scan(local)), Not("0"));
  EXPECT_EQ(difference(local, root_ + "/t"), "0");
  EXPECT_EQ(difference(root_ + "/t", local), "0");
  ASSERT_TRUE(io::RemoveAll(folder).ok());
}

INSTANTIATE_TEST_SUITE_P(Tables, GoldenInStoreTest,
                         testing::Values("dv-partitioned-with-checkpoint", "dv-with-columnmapping",
                                         "log-replay-dv-key-cases", "multi-part-checkpoint",
                                         "table-with-columnmapping-mode-id", "v2-checkpoint-json",
                                         "v2-checkpoint-parquet"),
                         [](const testing::TestParamInfo<std::string>& tested) {
                           std::string name = tested.param;
                           for (char& c : name) {
                             if (c == '-' || c == '.') c = '_';
                           }
                           return name;
                         });

// --- a server that goes wrong ---

class FaultyStoreTest : public testing::Test {
 protected:
  std::unique_ptr<StoreEngine> Open() {
    return std::make_unique<StoreEngine>(io::S3FileSystemOptions{
        .client = {.config = {.endpoint = store_.url()},
                   .credentials = io::FixedCredentials(
                       clock_, {.access_key_id = "AKID", .secret_access_key = "test-secret"}),
                   .http = io::SystemHttpClient(),
                   .clock = clock_,
                   .random = io::SystemRandom()},
        .part_bytes = 16 * 1024,
        .probes_conditional_put = false});
  }

  io::S3TestStore store_;
  io::TestClock clock_;
};

constexpr std::array kFaults = {StoreFault::kError500,      StoreFault::kDrop,
                                StoreFault::kApplyThenDrop, StoreFault::kApplyThen500,
                                StoreFault::kCut,           StoreFault::kHiddenError};
constexpr char kRows[] = "select range as n, (hash(range) >> 2)::bigint as h from range(20000)";
constexpr char kSum[] = "select count(*), sum(n), bit_xor(h) from ";

TEST_F(FaultyStoreTest, AFaultAtAnyRequestOfAWriteOrAReadChangesNoRow) {
  auto engine = Open();
  const std::string expected = engine->Text(kSum + ("(" + std::string(kRows) + ")"));
  const auto write = [&] { return engine->session().CopyTo(kRows, "s3://lake/a", "parquet"); };
  const std::string read = kSum + std::string("read_parquet('s3://lake/a')");
  ASSERT_TRUE(write().ok());
  const int writes = store_.requests();
  EXPECT_GT(writes, 5) << "in parts";
  for (const StoreFault fault : kFaults) {
    for (int n = 1; n <= writes; n++) {
      SCOPED_TRACE("write, fault " + std::to_string(static_cast<int>(fault)) + " at " +
                   std::to_string(n));
      store_.Reset();
      store_.FailRequest(n, fault);
      const auto written = write();
      ASSERT_TRUE(written.ok()) << written.error().ToString();
      EXPECT_EQ(engine->Text(read), expected);
      // One that was begun without our getting to know of it stays, without parts.
      EXPECT_TRUE(n == 1 || !store_.HasUploads());
    }
  }
  store_.FailRequest(0, StoreFault::kNone);
  engine = Open();
  EXPECT_EQ(engine->Text(read), expected);
  const int reads = store_.requests();
  for (const StoreFault fault : kFaults) {
    for (int n = 1; n <= reads; n++) {
      engine = Open();  // which has nothing cached
      store_.FailRequest(n, fault);
      EXPECT_EQ(engine->Text(read), expected) << static_cast<int>(fault) << " at " << n;
    }
  }
}

TEST_F(FaultyStoreTest, AnOutageFromAnyRequestOnIsAnErrorAndNeverFewerRows) {
  auto engine = Open();
  const auto write = [&] { return engine->session().CopyTo(kRows, "s3://lake/a", "parquet"); };
  ASSERT_TRUE(write().ok());
  const int writes = store_.requests();
  for (int n = 1; n <= writes; n++) {
    store_.Reset();
    store_.FailRequest(n, StoreFault::kDrop, /*lasting=*/true);
    EXPECT_FALSE(write().ok()) << n;
    EXPECT_TRUE(store_.contents().empty());
  }
  store_.Reset();
  ASSERT_TRUE(write().ok());
  const std::string read = kSum + std::string("read_parquet('s3://lake/a')");
  store_.FailRequest(0, StoreFault::kNone);
  engine = Open();
  const std::string expected = engine->Text(read);
  const int reads = store_.requests();
  for (int n = 1; n <= reads; n++) {
    engine = Open();
    store_.FailRequest(n, StoreFault::kDrop, /*lasting=*/true);
    EXPECT_THAT(engine->Text(read), HasSubstr("s3://lake/a")) << n;
  }
}

TEST_F(FaultyStoreTest, DataFilesOfATableAreNotLookedUpAndReadOnce) {
  auto engine = Open();
  engine->Append("s3://lake/t", "select 1::bigint as n");
  engine = Open();
  std::atomic<int> looked_up{0};
  std::atomic<int> read{0};
  store_.on_request = [&](const io::TestRequest& request) {
    if (request.key.find(".parquet") == std::string::npos) return;
    (request.method == "HEAD" ? looked_up : read)++;
  };
  EXPECT_EQ(engine->Text("select n from delta_scan('s3://lake/t')"), "1");
  EXPECT_EQ(looked_up, 0);
  const int first = read;
  EXPECT_LE(first, 2);
  EXPECT_EQ(engine->Text("select n from delta_scan('s3://lake/t')"), "1");
  EXPECT_EQ(read, first) << "kept in memory, since it never changes";
}

TEST_F(FaultyStoreTest, AFileThatIsReplacedBetweenTwoQueriesIsReadAnew) {
  auto engine = Open();
  const auto write = [&](const std::string& sql) {
    return engine->session().CopyTo(sql, "s3://lake/a", "parquet").ok();
  };
  ASSERT_TRUE(write("select 1 as n"));
  EXPECT_EQ(engine->Text("select n from read_parquet('s3://lake/a')"), "1");
  ASSERT_TRUE(write("select 2 as n"));
  EXPECT_EQ(engine->Text("select n from read_parquet('s3://lake/a')"), "2");
}

}  // namespace
}  // namespace leat::engine

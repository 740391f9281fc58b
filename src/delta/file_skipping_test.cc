#include "delta/file_skipping.h"

#include <gtest/gtest.h>

#include <limits>

namespace leat::delta {
namespace {

using data::TypeKind;

class SchemaSnapshot final : public Snapshot {
 public:
  SchemaSnapshot() {
    const auto add = [this](const char* name, const char* type) {
      metadata_.schema.fields.push_back({.name = name, .type = data::ParseType(type).value()});
    };
    add("i", "int");
    add("l", "bigint");
    add("f", "float");
    add("d", "double");
    add("s", "string");
    add("dec", "decimal(10,2)");
    add("big", "decimal(38,2)");
    add("date", "date");
    add("ts", "timestamp");
    add("b", "boolean");
    add("n", "struct(x int)");
    add("p", "int");
    add("ps", "string");
    metadata_.partition_columns = {"p", "ps"};
  }
  TableVersion version() const override { return TableVersion(0); }
  std::int64_t timestamp_ms() const override { return 0; }
  const Protocol& protocol() const override { return protocol_; }
  const Metadata& metadata() const override { return metadata_; }
  const FileList& files() const override { return files_; }
  const std::vector<RemoveFile>& tombstones() const override { return tombstones_; }
  std::optional<std::int64_t> AppVersion(const std::string&) const override { return std::nullopt; }
  const std::map<std::string, AppTransaction>& app_transactions() const override { return apps_; }
  const std::map<std::string, DomainMetadata>& domain_metadata() const override { return domains_; }

 private:
  Protocol protocol_;
  Metadata metadata_;
  std::vector<AddFile> files_;
  std::vector<RemoveFile> tombstones_;
  std::map<std::string, AppTransaction> apps_;
  std::map<std::string, DomainMetadata> domains_;
};

bool Skips(const AddFile& file, const std::string& column, Op op, std::vector<data::Value> values) {
  const SchemaSnapshot snapshot;
  return FileSkipper(snapshot, {{.column = column, .op = op, .values = std::move(values)}})
      .CanSkip(file);
}

AddFile WithStats(const std::string& min_max, const std::string& nulls = "0") {
  // {"i":MIN..MAX} is written as "i|MIN|MAX".
  const auto a = min_max.find('|');
  const auto b = min_max.find('|', a + 1);
  const std::string column = min_max.substr(0, a);
  return {.path = "f",
          .stats_json = "{\"numRecords\":10,\"minValues\":{\"" + column +
                        "\":" + min_max.substr(a + 1, b - a - 1) + "},\"maxValues\":{\"" + column +
                        "\":" + min_max.substr(b + 1) + "},\"nullCount\":{\"" + column +
                        "\":" + nulls + "}}"};
}

data::Value Int(std::int64_t value) { return value; }
data::Value Text(const char* value) { return std::string(value); }
data::Value Time(const char* value) { return data::Instant{ParseTimestamp(value).value()}; }

TEST(FileSkippingTest, IntegersSkipOutsideTheRangeOnly) {
  const AddFile file = WithStats("i|10|20");
  EXPECT_TRUE(Skips(file, "i", Op::kEqual, {Int(9)}));
  EXPECT_FALSE(Skips(file, "i", Op::kEqual, {Int(10)}));
  EXPECT_FALSE(Skips(file, "I", Op::kEqual, {Int(20)}));
  EXPECT_TRUE(Skips(file, "I", Op::kEqual, {Int(21)})) << "column names are compared without case";
  EXPECT_TRUE(Skips(file, "i", Op::kLess, {Int(10)}));
  EXPECT_FALSE(Skips(file, "i", Op::kLessOrEqual, {Int(10)}));
  EXPECT_TRUE(Skips(file, "i", Op::kGreater, {Int(20)}));
  EXPECT_FALSE(Skips(file, "i", Op::kGreaterOrEqual, {Int(20)}));
  EXPECT_TRUE(Skips(file, "i", Op::kIn, {Int(1), Int(30)}));
  EXPECT_FALSE(Skips(file, "i", Op::kIn, {Int(1), Int(15), Int(30)}));
  EXPECT_TRUE(Skips(file, "i", Op::kGreater, {data::Value(20.5)}));
  EXPECT_FALSE(Skips(file, "i", Op::kGreater, {data::Value(19.5)}));
}

TEST(FileSkippingTest, LargeIntegersCompareExactly) {
  const AddFile file = WithStats("l|9223372036854775806|9223372036854775806");
  EXPECT_TRUE(Skips(file, "l", Op::kEqual, {Int(9223372036854775807)}));
  EXPECT_TRUE(Skips(file, "l", Op::kGreaterOrEqual, {data::Value(9223372036854775808.0)}));
}

TEST(FileSkippingTest, NullsAndNullTests) {
  EXPECT_TRUE(Skips(WithStats("i|1|2", "0"), "i", Op::kIsNull, {}));
  EXPECT_FALSE(Skips(WithStats("i|1|2", "3"), "i", Op::kIsNull, {}));
  EXPECT_FALSE(Skips(WithStats("i|1|2", "9"), "i", Op::kIsNotNull, {}));
  EXPECT_TRUE(Skips(WithStats("i|null|null", "10"), "i", Op::kIsNotNull, {}));
  EXPECT_TRUE(Skips(WithStats("i|null|null", "10"), "i", Op::kEqual, {Int(1)}));
  EXPECT_TRUE(Skips(WithStats("i|1|2"), "i", Op::kEqual, {std::monostate()}));
  EXPECT_FALSE(Skips(WithStats("i|1|2"), "i", Op::kIn, {std::monostate(), Int(1)}));
}

TEST(FileSkippingTest, MissingOrBrokenStatisticsNeverSkip) {
  for (const char* stats : {"", "{", "{}", "[]", R"({"numRecords":10})", R"({"minValues":{"i":1}})",
                            R"({"minValues":{"i":"x"},"maxValues":{"i":"y"}})",
                            R"({"minValues":7,"maxValues":[],"nullCount":"a"})"}) {
    const AddFile file{.path = "f", .stats_json = stats};
    EXPECT_FALSE(Skips(file, "i", Op::kGreater, {Int(5)})) << stats;
    EXPECT_FALSE(Skips(file, "i", Op::kIsNull, {})) << stats;
  }
  EXPECT_FALSE(Skips(WithStats("i|1|2"), "none", Op::kEqual, {Int(5)}));
  EXPECT_FALSE(Skips(WithStats("i|1|2"), "i", Op::kEqual, {Text("5")}))
      << "another type of literal";
}

TEST(FileSkippingTest, AnyChangedByteOfTheStatisticsIsHarmless) {
  const AddFile good = WithStats("i|1|2");
  for (std::size_t at = 0; at < good.stats_json.view().size(); at++) {
    for (const char c : {'\0', '"', '\\', '{', ']', ',', 'n', '\xff'}) {
      std::string stats(good.stats_json.view());
      stats[at] = c;
      AddFile changed = good;
      changed.stats_json = stats;
      EXPECT_FALSE(Skips(changed, "i", Op::kEqual, {Int(1)}) &&
                   Skips(changed, "i", Op::kEqual, {Int(2)}))
          << changed.stats_json;
    }
    AddFile cut = good;
    cut.stats_json = good.stats_json.view().substr(0, at);
    EXPECT_FALSE(Skips(cut, "i", Op::kEqual, {Int(1)})) << cut.stats_json;
  }
}

TEST(FileSkippingTest, FloatingPointMaximaDoNotExcludeNan) {
  const AddFile file = WithStats("d|1.5|2.5");
  EXPECT_TRUE(Skips(file, "d", Op::kLess, {data::Value(1.5)}));
  EXPECT_TRUE(Skips(file, "d", Op::kEqual, {data::Value(3.0)}));
  EXPECT_FALSE(Skips(file, "d", Op::kGreater, {data::Value(3.0)})) << "NaN is greater";
  EXPECT_FALSE(
      Skips(file, "d", Op::kEqual, {data::Value(std::numeric_limits<double>::quiet_NaN())}));
  EXPECT_FALSE(Skips(WithStats(R"(d|"NaN"|"NaN")"), "d", Op::kLess, {data::Value(1.0)}));
  EXPECT_TRUE(Skips(WithStats(R"(d|"Infinity"|"Infinity")"), "d", Op::kLess, {data::Value(1.0)}));
  EXPECT_FALSE(Skips(WithStats("f|0.1|0.1"), "f", Op::kEqual, {data::Value(double{0.1F})}))
      << "0.1 in a float column is the float nearest to it";
}

TEST(FileSkippingTest, CutTextMayGoOnBehindItsMaximum) {
  const std::string cut(32, 'a');
  const AddFile file = WithStats("s|\"" + cut + "\"|\"" + cut + "\xEF\xBF\xBD\"");
  EXPECT_FALSE(Skips(file, "s", Op::kEqual, {Text((cut + "\xF0\x9F\x98\x80").c_str())}))
      << "sorts behind U+FFFD";
  EXPECT_FALSE(Skips(file, "s", Op::kGreater, {Text((cut + "zzz").c_str())}));
  EXPECT_TRUE(Skips(file, "s", Op::kGreater, {Text("b")}));
  EXPECT_TRUE(Skips(file, "s", Op::kLess, {Text("a")}));
  const AddFile brief = WithStats(R"(s|"b"|"d\u00e9")");
  EXPECT_TRUE(Skips(brief, "s", Op::kEqual, {Text("a")}));
  EXPECT_TRUE(Skips(brief, "s", Op::kGreater, {Text("dé")}));
  EXPECT_FALSE(Skips(brief, "s", Op::kEqual, {Text("c")}));
}

TEST(FileSkippingTest, TimesAllowForStatisticsCutToMilliseconds) {
  const AddFile file =
      WithStats(R"(ts|"2000-01-01T00:00:00.000-08:00"|"2000-01-02T00:00:00.000-08:00")");
  EXPECT_FALSE(Skips(file, "ts", Op::kEqual, {Time("2000-01-02T08:00:00.000999Z")}));
  EXPECT_TRUE(Skips(file, "ts", Op::kEqual, {Time("2000-01-02T08:00:00.001Z")}));
  EXPECT_TRUE(Skips(file, "ts", Op::kLess, {Time("2000-01-01T08:00:00Z")}));
  const AddFile old = WithStats(R"(ts|"1960-01-01T00:00:00.000Z"|"1960-01-02T00:00:00.000Z")");
  EXPECT_FALSE(Skips(old, "ts", Op::kEqual, {Time("1959-12-31T23:59:59.999500Z")}));
}

TEST(FileSkippingTest, DatesDecimalsBooleansAndNestedFields) {
  const AddFile dates = WithStats(R"(date|"2026-01-01"|"2026-01-31")");
  EXPECT_TRUE(Skips(dates, "date", Op::kGreaterOrEqual, {Text("2026-02-01")}));
  EXPECT_FALSE(Skips(dates, "date", Op::kEqual, {Text("2026-01-31")}));
  const AddFile decimals = WithStats("dec|-1.50|12.5");
  EXPECT_TRUE(Skips(decimals, "dec", Op::kGreater, {Text("12.50")}));
  EXPECT_FALSE(Skips(decimals, "dec", Op::kGreater, {Text("12.499")}));
  EXPECT_TRUE(Skips(decimals, "dec", Op::kLess, {Int(-2)}));
  const AddFile rounded = WithStats("big|0|12345678901234568");
  EXPECT_FALSE(Skips(rounded, "big", Op::kGreater, {Text("12345678901234568")}));
  EXPECT_TRUE(Skips(WithStats("b|false|false"), "b", Op::kEqual, {data::Value(true)}));
  EXPECT_FALSE(Skips(WithStats("b|false|true"), "b", Op::kEqual, {data::Value(true)}));
  const AddFile nested = WithStats(R"(n|{"x":1}|{"x":5})", R"({"x":0})");
  EXPECT_TRUE(Skips(nested, "n.x", Op::kGreater, {Int(5)}));
  EXPECT_TRUE(Skips(nested, "n.x", Op::kIsNull, {}));
  EXPECT_FALSE(Skips(nested, "n.x", Op::kEqual, {Int(5)}));
}

TEST(FileSkippingTest, PartitionValuesDecideExactly) {
  const AddFile file{.path = "f", .partition_values = {{"p", "7"}, {"ps", std::nullopt}}};
  EXPECT_TRUE(Skips(file, "p", Op::kEqual, {Int(8)}));
  EXPECT_FALSE(Skips(file, "P", Op::kEqual, {Int(7)}));
  EXPECT_TRUE(Skips(file, "p", Op::kLess, {Int(7)}));
  EXPECT_FALSE(Skips(file, "p", Op::kIn, {Int(1), Int(7)}));
  EXPECT_TRUE(Skips(file, "p", Op::kIsNull, {}));
  EXPECT_FALSE(Skips(file, "p", Op::kIsNotNull, {}));
  EXPECT_TRUE(Skips(file, "ps", Op::kEqual, {Text("x")}));
  EXPECT_TRUE(Skips(file, "ps", Op::kIsNotNull, {}));
  EXPECT_FALSE(Skips(file, "ps", Op::kIsNull, {}));
  EXPECT_FALSE(Skips({.path = "f"}, "p", Op::kEqual, {Int(7)})) << "no value recorded";
}

TEST(FileSkippingTest, OnePredicateOfAConjunctionIsEnough) {
  const SchemaSnapshot snapshot;
  AddFile file = WithStats("i|10|20");
  file.partition_values = {{"p", "7"}};
  const Predicate holds{.column = "i", .op = Op::kEqual, .values = {Int(15)}};
  const Predicate fails{.column = "p", .op = Op::kEqual, .values = {Int(8)}};
  EXPECT_FALSE(FileSkipper(snapshot, {holds}).CanSkip(file));
  EXPECT_TRUE(FileSkipper(snapshot, {holds, fails}).CanSkip(file));
  EXPECT_FALSE(FileSkipper(snapshot, {}).CanSkip(file));
}

TEST(FileSkippingTest, RowCountComesFromTheStatisticsLessTheDeletedRows) {
  AddFile file = WithStats("i|1|2");
  EXPECT_EQ(RowCount(file), 10);
  file.deletion_vector = DeletionVectorDescriptor{.cardinality = 4};
  EXPECT_EQ(RowCount(file), 6);
  EXPECT_EQ(RowCount({.path = "f"}), std::nullopt);
}

}  // namespace
}  // namespace leat::delta

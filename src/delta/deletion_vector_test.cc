#include "delta/deletion_vector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "delta/z85.h"

namespace leat::delta {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Z85Test, TheSpecificationsExampleAndRoundTrips) {
  EXPECT_EQ(EncodeZ85("\x86\x4F\xD2\x6F\xB5\x59\xF7\x5B"), "HelloWorld");
  EXPECT_EQ(DecodeZ85("HelloWorld"), "\x86\x4F\xD2\x6F\xB5\x59\xF7\x5B");
  EXPECT_EQ(DecodeZ85(EncodeZ85("abcde")), std::string("abcde\0\0\0", 8)) << "padded";
  EXPECT_EQ(DecodeZ85(""), "");
  for (const char* wrong : {"Hell", "HelloWorl", "Hell\"", "#####", "Hell\xff"}) {
    EXPECT_EQ(DecodeZ85(wrong), std::nullopt) << wrong;
  }
}

class DeletionVectorTest : public testing::Test {
 protected:
  void SetUp() override { root_ = io::MakeTemporaryDirectory("leat-vector-").value(); }
  void TearDown() override { ASSERT_TRUE(io::RemoveAll(root_).ok()); }

  static DeletionVector Of(const std::vector<std::uint64_t>& rows) {
    DeletionVector vector;
    for (const std::uint64_t row : rows) vector.Add(row);
    return vector;
  }
  static std::vector<std::uint32_t> Kept(const DeletionVector& vector, std::uint64_t first) {
    std::array<std::uint32_t, 6> kept{};
    const std::size_t size = vector.KeptRows(first, kept.size(), kept.data());
    return {kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(size)};
  }

  io::Environment& environment_ = io::SystemEnvironment();
  std::string root_;
};

TEST_F(DeletionVectorTest, TheComplementHasTheOtherRowsOfTheFile) {
  const DeletionVector complement = Of({0, 2, 3, 9}).Complement(6);
  EXPECT_EQ(complement.cardinality(), 3 + 1) << "rows beyond the file stay";
  EXPECT_THAT(Kept(complement, 0), ElementsAre(0, 2, 3));
}

// The protocol's own example: an inline vector of six rows.
TEST_F(DeletionVectorTest, TheProtocolsInlineExampleIsRead) {
  const DeletionVectorDescriptor descriptor{
      .storage = DeletionVectorDescriptor::Storage::kInline,
      .path_or_inline = "^Bg9^0rr910000000000iXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L",
      .size_bytes = 44,
      .cardinality = 6};
  const auto vector = ReadDeletionVector(environment_.files, root_, descriptor);
  ASSERT_TRUE(vector.ok()) << vector.error().ToString();
  for (const std::uint64_t row : {3U, 4U, 7U, 11U, 18U, 29U}) {
    EXPECT_TRUE(vector->Contains(row)) << row;
  }
  EXPECT_EQ(vector->last(), 29U);
}

TEST_F(DeletionVectorTest, TheProtocolsNameExamplesAreFound) {
  DeletionVectorDescriptor descriptor{.path_or_inline = "ab^-aqEH.-t@S}K{vb[*k^"};
  EXPECT_EQ(DeletionVectorPath(descriptor, "/t").value(),
            "ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin");
  descriptor.storage = DeletionVectorDescriptor::Storage::kFileByPath;
  descriptor.path_or_inline = "file:///t/x%20y.bin";
  EXPECT_EQ(DeletionVectorPath(descriptor, "/t").value(), "x y.bin");
}

TEST_F(DeletionVectorTest, KeptRowsAreThoseOfTheRangeThatAreNotDeleted) {
  const DeletionVector vector = Of({0, 2, 3, 9, 1ULL << 33});
  EXPECT_THAT(Kept(vector, 0), ElementsAre(1, 4, 5));
  EXPECT_THAT(Kept(vector, 2), ElementsAre(2, 3, 4, 5));
  EXPECT_THAT(Kept(vector, 10), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(Kept(vector, (1ULL << 33) - 1), ElementsAre(0, 2, 3, 4, 5));
  EXPECT_THAT(Kept(DeletionVector(), 0), ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST_F(DeletionVectorTest, WhatIsWrittenIsReadBack) {
  DeletionVector sparse = Of({1, 5, 1ULL << 40});
  DeletionVector dense;
  for (std::uint64_t row = 0; row < 100'000; row++) dense.Add(row * 2);
  DeletionVector run;
  for (std::uint64_t row = 10; row < 70'000; row++) run.Add(row);
  const auto written = WriteDeletionVectors(environment_, root_, {&sparse, &dense, &run});
  ASSERT_TRUE(written.ok()) << written.error().ToString();
  ASSERT_EQ(written->size(), 3U);
  EXPECT_EQ((*written)[0].storage, DeletionVectorDescriptor::Storage::kInline) << "it is small";
  EXPECT_EQ((*written)[1].offset, 1);
  EXPECT_EQ((*written)[1].cardinality, 100'000);
  EXPECT_LT((*written)[2].size_bytes, 100) << "runs are short";
  const auto read = [&](std::size_t i) {
    return ReadDeletionVector(environment_.files, root_, (*written)[i]).value();
  };
  EXPECT_TRUE(read(0).Contains(1ULL << 40));
  EXPECT_EQ(read(1).last(), 199'998U);
  EXPECT_FALSE(read(1).Contains(3));
  EXPECT_EQ(read(2).cardinality(), 69'990);
}

TEST_F(DeletionVectorTest, AnyChangedOrMissingByteOfAFileIsNoticed) {
  DeletionVector vector = Of({1, 2, 3, 100, 70'000});
  for (std::uint64_t row = 200; row < 600; row += 3) vector.Add(row);  // too many to be inline
  const DeletionVectorDescriptor descriptor =
      WriteDeletionVectors(environment_, root_, {&vector}).value()[0];
  const std::string path = io::JoinPath(root_, DeletionVectorPath(descriptor, root_).value());
  const std::string content = environment_.files.ReadFile(path).value();
  const auto damaged = [&](const std::string& changed) {
    EXPECT_TRUE(environment_.files.ReplaceFile(path, changed).ok());
    const auto read = ReadDeletionVector(environment_.files, root_, descriptor);
    if (read.ok()) return false;
    EXPECT_EQ(read.error().kind(), ErrorKind::kCorrupt) << read.error().ToString();
    EXPECT_THAT(read.error().message(), HasSubstr(io::FileName(path)));
    return true;
  };
  for (std::size_t at = 1; at < content.size(); at++) {  // byte 0 is the format's version
    std::string changed = content;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    EXPECT_TRUE(damaged(changed)) << at;
    EXPECT_TRUE(damaged(content.substr(0, at))) << at;
  }
}

// Inline vectors have no checksum.
TEST_F(DeletionVectorTest, AnyChangedByteOfABitmapIsRefusedOrStillASetOfRows) {
  DeletionVector vector = Of({1, 2, 3, 100, 70'000, 70'001, 1ULL << 34});
  for (std::uint64_t row = 200'000; row < 210'000; row += 2) vector.Add(row);
  const std::string bytes = vector.Serialize();
  for (std::size_t at = 0; at < bytes.size(); at++) {
    for (const int bit : {0x01, 0x10, 0x80, 0xff}) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ bit);
      const auto read = DeletionVector::Parse(changed);
      if (!read.ok()) continue;
      std::vector<std::uint32_t> kept(1000);
      EXPECT_LE(read->KeptRows(0, kept.size(), kept.data()), kept.size());
      EXPECT_GE(read->cardinality(), 0);
    }
    EXPECT_FALSE(DeletionVector::Parse(bytes.substr(0, at)).ok()) << at;
  }
}

TEST_F(DeletionVectorTest, ACardinalityOtherThanTheLogsIsCorrupt) {
  DeletionVector vector = Of({1, 2});
  DeletionVectorDescriptor descriptor =
      WriteDeletionVectors(environment_, root_, {&vector}).value()[0];
  descriptor.cardinality = 3;
  EXPECT_THAT(ReadDeletionVector(environment_.files, root_, descriptor).error().message(),
              HasSubstr("has 2 rows, the log says 3"));
  descriptor.size_bytes = -1;
  EXPECT_FALSE(ReadDeletionVector(environment_.files, root_, descriptor).ok());
  descriptor.size_bytes = INT32_MAX;
  EXPECT_FALSE(ReadDeletionVector(environment_.files, root_, descriptor).ok());
}

}  // namespace
}  // namespace leat::delta

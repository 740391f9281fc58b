#include "connect/file/text_input.h"

#include <gmock/gmock.h>
#include <zlib.h>
#include <zstd.h>

namespace leat::connect {
namespace {

using testing::HasSubstr;

std::string Zstd(const std::string& text) {
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 1));
  return packed;
}

std::string Gzip(const std::string& text) {
  z_stream stream = {};
  EXPECT_EQ(deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(deflateBound(&stream, text.size()), '\0');
  std::string input = text;
  stream.next_in = reinterpret_cast<unsigned char*>(input.data());
  stream.avail_in = static_cast<unsigned>(input.size());
  stream.next_out = reinterpret_cast<unsigned char*>(packed.data());
  stream.avail_out = static_cast<unsigned>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

// Hard to compress, so that a cut or a flipped bit hits data.
std::string Text() {
  std::string text;
  std::uint64_t state = 1;
  for (int i = 0; i < 1'000'000; i++) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    text += static_cast<char>('a' + (state >> 60U));
  }
  return text;
}

// Reads the file to its end.
Status ReadWhole(const std::string& path, const std::string& compression) {
  const auto size = io::LocalFileSystem().Stat(path).value().size_bytes;
  auto input = TextInput::Open(io::LocalFileSystem(),
                               {.path = path, .name = "landing/file", .size_bytes = size},
                               compression, "utf-8");
  if (!input.ok()) return std::move(input).error();
  std::string text;
  while (!(*input)->at_end()) {
    text.clear();
    LEAT_TRY((*input)->Read(100'000, text));
  }
  return Ok();
}

class CompressedFileTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { folder_ = io::MakeTemporaryDirectory("leat-compressed").value(); }
  void TearDown() override { ASSERT_TRUE(io::RemoveAll(folder_).ok()); }

  Status Check(const std::string& content) {
    const std::string path = io::JoinPath(folder_, "file");
    EXPECT_TRUE(io::LocalFileSystem().ReplaceFile(path, content).ok());
    return ReadWhole(path, GetParam());
  }
  static std::string Pack(const std::string& text) {
    return GetParam() == "gzip" ? Gzip(text) : Zstd(text);
  }

  std::string folder_;
};

TEST_P(CompressedFileTest, WholeFilesAlsoOfSeveralMembersPass) {
  EXPECT_TRUE(Check(Pack("id\n1\n")).ok());
  EXPECT_TRUE(Check(Pack("")).ok());
  EXPECT_TRUE(Check(Pack(Text())).ok());
  EXPECT_TRUE(Check(Pack(Text()) + Pack("more") + Pack(Text())).ok());
}

TEST_P(CompressedFileTest, AFileCutOffAnywhereIsRefused) {
  const std::string whole = Pack("id\n1\n") + Pack(Text());
  for (const std::size_t size :
       {std::size_t{3}, std::size_t{30}, whole.size() / 2, whole.size() - 9, whole.size() - 1}) {
    const Status status = Check(whole.substr(0, size));
    ASSERT_FALSE(status.ok()) << size;
    EXPECT_THAT(status.error().message(), HasSubstr("landing/file ends in the middle")) << size;
  }
}

TEST_P(CompressedFileTest, GarbageIsRefused) {
  const Status status = Check("no compressed data at all");
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message(), HasSubstr("landing/file is damaged"));
}

INSTANTIATE_TEST_SUITE_P(Formats, CompressedFileTest, testing::Values("gzip", "zstd"),
                         [](const auto& format) { return format.param; });

TEST(GzipTest, AFlippedBitIsNoticedByTheChecksum) {
  const std::string folder = io::MakeTemporaryDirectory("leat-compressed").value();
  std::string packed = Gzip(Text());
  packed[packed.size() / 2] = static_cast<char>(packed[packed.size() / 2] ^ 1);
  const std::string path = io::JoinPath(folder, "file");
  ASSERT_TRUE(io::LocalFileSystem().ReplaceFile(path, packed).ok());
  const Status status = ReadWhole(path, "gzip");
  ASSERT_FALSE(status.ok());
  EXPECT_TRUE(io::RemoveAll(folder).ok());
}

}  // namespace
}  // namespace leat::connect

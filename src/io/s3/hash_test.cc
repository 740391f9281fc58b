#include "io/s3/hash.h"

#include <gtest/gtest.h>

namespace leat::io {
namespace {

TEST(HashTest, Sha256MatchesThePublishedExamples) {
  // FIPS 180-2, appendix B
  EXPECT_EQ(ToHex(Sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(ToHex(Sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(HashTest, HmacMatchesRfc4231) {
  EXPECT_EQ(ToHex(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(ToHex(HmacSha256(std::string(131, '\xaa'),
                             "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HashTest, Base64MatchesRfc4648) {
  EXPECT_EQ(ToBase64(""), "");
  EXPECT_EQ(ToBase64("f"), "Zg==");
  EXPECT_EQ(ToBase64("fo"), "Zm8=");
  EXPECT_EQ(ToBase64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(ToBase64(std::string("\0\xff", 2)), "AP8=");
}

TEST(HashTest, ChecksumsMatchTheCatalogueOfCrcs) {
  // The check values of "123456789" in the catalogue of parametrised CRC algorithms.
  EXPECT_EQ(ChecksumBase64("crc32", "123456789"), ToBase64("\xCB\xF4\x39\x26"));
  EXPECT_EQ(ChecksumBase64("crc32c", "123456789"), ToBase64("\xE3\x06\x92\x83"));
  EXPECT_EQ(ChecksumBase64("crc64nvme", "123456789"), ToBase64("\xAE\x8B\x14\x86\x0A\x79\x98\x88"));
  EXPECT_EQ(ChecksumBase64("sha1", "abc"), "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=");
  EXPECT_EQ(ChecksumBase64("sha256", "abc"), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
  EXPECT_EQ(ChecksumBase64("md4", "abc"), "");
}

}  // namespace
}  // namespace leat::io

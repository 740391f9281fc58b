#include "io/s3/aws_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/s3/s3_config.h"

namespace leat::io {
namespace {

using testing::HasSubstr;
using testing::Not;

class AwsProfileTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = MakeTemporaryDirectory("leat-profile-").value();
    variables_["HOME"] = folder_;
    ASSERT_TRUE(LocalFileSystem().CreateDirectories(folder_ + "/.aws").ok());
  }
  void TearDown() override { EXPECT_TRUE(RemoveAll(folder_).ok()); }

  EnvironmentLookup lookup() {
    return [this](const std::string& name) -> std::optional<std::string> {
      const auto at = variables_.find(name);
      return at == variables_.end() ? std::nullopt : std::optional(at->second);
    };
  }
  void Write(const std::string& name, const std::string& content) {
    ASSERT_TRUE(LocalFileSystem().ReplaceFile(folder_ + "/" + name, content).ok());
  }
  Result<AwsProfile> Load() { return LoadAwsProfile(lookup(), LocalFileSystem()); }
  Result<S3Config> Config() { return LoadS3Config(lookup(), LocalFileSystem()); }

  std::string folder_;
  std::map<std::string, std::string> variables_;
};

TEST_F(AwsProfileTest, BothFilesAreReadAndTheCredentialsFileWins) {
  Write(".aws/credentials",
        "# a comment\n[other]\naws_access_key_id = NO\n\n[default]\n"
        "AWS_ACCESS_KEY_ID = id ; mine\naws_secret_access_key=a/b+c=#d\nregion=one\n");
  Write(".aws/config",
        "[default]\nregion = two\noutput = json\ns3 =\n  addressing_style = virtual\n"
        "  max_queue=5\n[ profile  other ]\nregion = three\n");
  auto profile = Load();
  ASSERT_TRUE(profile.ok()) << profile.error().ToString();
  EXPECT_EQ(profile->name, "default");
  EXPECT_EQ(profile->Find("aws_access_key_id"), "id");
  EXPECT_EQ(profile->Find("aws_secret_access_key"), "a/b+c=#d");
  EXPECT_EQ(profile->Find("region"), "one");
  EXPECT_EQ(profile->Find("s3.addressing_style"), "virtual");
  EXPECT_EQ(profile->Find("s3"), std::nullopt);
  variables_["AWS_PROFILE"] = "other";
  profile = Load();
  EXPECT_EQ(profile->Find("aws_access_key_id"), "NO");
  EXPECT_EQ(profile->Find("region"), "three");
}

TEST_F(AwsProfileTest, FilesCanBeElsewhereAndMissing) {
  EXPECT_FALSE(Load()->exists);
  variables_["AWS_SHARED_CREDENTIALS_FILE"] = folder_ + "/keys";
  variables_["AWS_CONFIG_FILE"] = folder_ + "/settings";
  Write("keys", "[default]\naws_access_key_id=k\n");
  Write("settings", "[profile default]\nregion=r\n");
  EXPECT_TRUE(Load()->exists);
  EXPECT_EQ(Load()->Find("aws_access_key_id"), "k");
  EXPECT_EQ(Load()->Find("region"), "r");
  variables_.erase("HOME");
  EXPECT_TRUE(Load()->exists);
}

TEST_F(AwsProfileTest, AnUnknownProfileIsAnErrorAndSoIsABrokenFile) {
  variables_["AWS_PROFILE"] = "nope";
  auto profile = Load();
  ASSERT_FALSE(profile.ok());
  EXPECT_EQ(profile.error().kind(), ErrorKind::kInvalidInput);
  EXPECT_THAT(profile.error().message(), HasSubstr("'nope'"));
  for (const char* broken : {"[nope]\nsecret-without-equals\n", "[nope\n"}) {
    Write(".aws/credentials", broken);
    profile = Load();
    ASSERT_FALSE(profile.ok()) << broken;
    EXPECT_THAT(profile.error().ToString(), HasSubstr("/.aws/credentials:"));
    EXPECT_THAT(profile.error().ToString(), Not(HasSubstr("secret-without")));
  }
}

TEST_F(AwsProfileTest, TheEnvironmentConfiguresTheStoreBeforeTheProfile) {
  Write(".aws/config", "[default]\nregion=eu-west-1\nendpoint_url=http://profile:9000/\n");
  EXPECT_EQ(Config()->endpoint, "http://profile:9000");
  EXPECT_EQ(Config()->region, "eu-west-1");
  EXPECT_TRUE(Config()->path_style);
  EXPECT_FALSE(Config()->use_checksums);
  variables_["AWS_DEFAULT_REGION"] = "eu-west-2";
  variables_["AWS_ENDPOINT_URL"] = "https://all.example:443/base/";
  EXPECT_EQ(Config()->endpoint, "https://all.example/base");
  EXPECT_EQ(Config()->region, "eu-west-2");
  variables_["AWS_REGION"] = "eu-west-3";
  variables_["AWS_ENDPOINT_URL_S3"] = "http://s3.example:80";
  EXPECT_EQ(Config()->endpoint, "http://s3.example");
  EXPECT_EQ(Config()->region, "eu-west-3");
  variables_["AWS_REQUEST_CHECKSUM_CALCULATION"] = "WHEN_SUPPORTED";
  EXPECT_TRUE(Config()->use_checksums);
  variables_["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true";
  EXPECT_EQ(Config()->endpoint, "");
  EXPECT_FALSE(Config()->path_style);
}

TEST_F(AwsProfileTest, SettingsThatCannotWorkAreRefused) {
  for (const char* endpoint : {"s3.example", "ftp://x", "http://", "http://user:secret@host"}) {
    variables_["AWS_ENDPOINT_URL_S3"] = endpoint;
    const auto config = Config();
    ASSERT_FALSE(config.ok()) << endpoint;
    EXPECT_EQ(config.error().kind(), ErrorKind::kInvalidInput);
    EXPECT_THAT(config.error().ToString(), Not(HasSubstr("secret")));
  }
  variables_.erase("AWS_ENDPOINT_URL_S3");
  variables_["AWS_REGION"] = "eu.evil.example/";
  EXPECT_FALSE(Config().ok());
}

TEST(S3AddressTest, BucketsAreInTheHostsNameAtAwsAndInThePathElsewhere) {
  const S3Path path{.bucket = "lake", .key = "a b/c"};
  S3Config aws{.path_style = false};
  S3Address address = AddressOf(aws, "eu-west-1", path);
  EXPECT_EQ(address.origin, "https://lake.s3.eu-west-1.amazonaws.com");
  EXPECT_EQ(address.host, "lake.s3.eu-west-1.amazonaws.com");
  EXPECT_EQ(address.path, "/a b/c");
  EXPECT_EQ(AddressOf(aws, "cn-north-1", {.bucket = "lake"}).origin,
            "https://lake.s3.cn-north-1.amazonaws.com.cn");
  EXPECT_EQ(AddressOf(aws, "eu-west-1", {.bucket = "lake"}).path, "/");
  address = AddressOf(aws, "eu-west-1", {.bucket = "my.lake", .key = "k"});
  EXPECT_EQ(address.origin, "https://s3.eu-west-1.amazonaws.com");
  EXPECT_EQ(address.path, "/my.lake/k");
  const S3Config own{.endpoint = "http://localhost:9000/base"};
  address = AddressOf(own, "us-east-1", path);
  EXPECT_EQ(address.origin, "http://localhost:9000");
  EXPECT_EQ(address.host, "localhost:9000");
  EXPECT_EQ(address.path, "/base/lake/a b/c");
  EXPECT_EQ(AddressOf(own, "us-east-1", {.bucket = "lake"}).path, "/base/lake");
}

TEST(S3PathTest, PathsAreTakenApartAndNamesThatNoStoreHasAreRefused) {
  EXPECT_EQ(ParseS3Path("s3://lake/a/b.json")->bucket, "lake");
  EXPECT_EQ(ParseS3Path("s3://lake/a/b.json")->key, "a/b.json");
  EXPECT_EQ(ParseS3Path("s3://lake")->key, "");
  EXPECT_EQ(ParseS3Path("s3://lake/a/")->key, "a");
  for (const std::string path : {"/lake/a", "s3:/lake", "s3://", "s3://ab", "s3://user:pw@host/k",
                                 "s3://la ke/k", "s3://.hidden/k", "s3://lake/a\nb"}) {
    ASSERT_FALSE(ParseS3Path(path).ok()) << path;
    EXPECT_EQ(ParseS3Path(path).error().kind(), ErrorKind::kInvalidInput);
  }
  EXPECT_FALSE(ParseS3Path("s3://lake/" + std::string(1025, 'k')).ok());
}

}  // namespace
}  // namespace leat::io

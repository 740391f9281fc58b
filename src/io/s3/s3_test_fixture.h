// A test of S3FileSystem against S3TestStore, with a clock that costs no time.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "io/s3/s3_file_system.h"
#include "io/s3/s3_test_store.h"
#include "io/s3/test_clock.h"

namespace leat::io {

class S3Test : public testing::Test {
 protected:
  using Fault = S3TestStore::Fault;

  void SetUp() override { files_ = Open(); }

  S3FileSystemOptions Options() {
    return {.client = {.config = {.endpoint = store_.url()},
                       .credentials = FixedCredentials(
                           clock_, {.access_key_id = "AKID", .secret_access_key = "test-secret"}),
                       .http = SystemHttpClient(),
                       .clock = clock_,
                       .random = SystemRandom()},
            .probes_conditional_put = false};
  }
  // Small parts, so that small content is large.
  std::unique_ptr<S3FileSystem> Open() { return Open(Options()); }
  static std::unique_ptr<S3FileSystem> Open(S3FileSystemOptions options) {
    options.part_bytes = 10;
    options.multipart_threshold_bytes = 20;
    options.copy = {.max_single_copy_bytes = 20, .part_bytes = 10};
    return std::make_unique<S3FileSystem>(std::move(options));
  }

  S3TestStore store_;
  TestClock clock_;
  std::unique_ptr<S3FileSystem> files_;
};

}  // namespace leat::io

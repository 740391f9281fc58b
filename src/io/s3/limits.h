// The limits of the object store client, all in one place.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace leat::io {

constexpr std::int64_t kMebibyte = 1024 * 1024;
constexpr std::int64_t kGibibyte = 1024 * kMebibyte;

// What S3 itself allows.
constexpr std::size_t kMaxKeyBytes = 1024;
constexpr std::int64_t kMaxSinglePutBytes = 5 * kGibibyte;
constexpr std::int64_t kMaxSingleCopyBytes = 5 * kGibibyte;
constexpr std::int64_t kMinPartBytes = 5 * kMebibyte;
constexpr int kMaxParts = 10'000;

// Larger content goes up in parts of this size. All parts but the last are equal: some stores want
// that.
constexpr std::int64_t kDefaultPartBytes = 8 * kMebibyte;
// Sent at the same time by one writer, which holds them, and the one that it fills, in memory.
constexpr std::size_t kMaxPartsUnderWay = 3;
constexpr std::int64_t kDefaultMultipartThresholdBytes = 64 * kMebibyte;
constexpr std::int64_t kCopyPartBytes = kGibibyte;

// A longer read is shared out to several requests at a time, of at least so many bytes each.
constexpr std::int64_t kMinRangeBytes = 8 * kMebibyte;
constexpr std::int64_t kMaxRangesAtOnce = 4;

// One ReadFile or ReadRange holds its answer in memory.
constexpr std::int64_t kMaxReadBytes = 8 * kGibibyte;
// Answers that are XML: a page of a listing is the largest.
constexpr std::size_t kMaxXmlBytes = 16 * kMebibyte;
constexpr int kMaxXmlDepth = 32;
constexpr int kMaxListPages = 100'000;  // of 1,000 objects each
// Of an error's text, as it is shown.
constexpr std::size_t kMaxShownErrorBytes = 300;

constexpr std::int64_t kConnectTimeoutMs = 10'000;
// A transfer that is slower than this for so long is given up and tried again.
constexpr std::int64_t kLowSpeedBytesPerSecond = 1024;
constexpr std::int64_t kLowSpeedSeconds = 30;
// The server joins the parts of an upload, or copies, before it answers.
constexpr std::int64_t kSlowOperationTimeoutMs = 600'000;

// What nobody waits for: leftovers are removed, if that is quickly done.
constexpr std::int64_t kCleanupTimeoutMs = 10'000;
constexpr int kCleanupAttempts = 3;
constexpr std::int64_t kStoppedCleanupTimeoutMs = 500;  // once the user waits for the end

// Signatures are valid for 15 minutes around the server's clock.
constexpr std::int64_t kToleratedSkewUs = 300 * kMicrosPerSecond;

// Credentials are replaced so long before they expire.
constexpr std::int64_t kRefreshBeforeExpiryUs = 300 * kMicrosPerSecond;
constexpr std::int64_t kCredentialTimeoutMs = 10'000;
constexpr std::int64_t kMetadataTimeoutMs = 1'000;  // the machine's metadata service is near
constexpr int kCredentialAttempts = 3;
constexpr std::int64_t kMaxProfileFileBytes = kMebibyte;

}  // namespace leat::io

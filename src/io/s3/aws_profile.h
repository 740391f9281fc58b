// The files in which AWS's tools keep credentials and settings: ~/.aws/credentials and
// ~/.aws/config.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "io/file_system.h"

namespace leat::io {

// Looks up an environment variable; GetEnv, or a test's.
using EnvironmentLookup = std::function<std::optional<std::string>(const std::string&)>;

// The value of the first of them that is set and not empty.
std::optional<std::string> FirstOf(const EnvironmentLookup& lookup,
                                   std::initializer_list<const char*> names);

// The settings of one profile: those of the credentials file before those of the config file. A
// nested setting has the name of both, "s3.addressing_style".
struct AwsProfile {
  std::string name;  // AWS_PROFILE, or "default"
  bool exists = false;
  std::map<std::string, std::string> settings;

  std::optional<std::string> Find(const std::string& setting) const;
};

// Files: AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE, else those below HOME; a missing file is
// an empty one. kInvalidInput when a file cannot be understood, or when AWS_PROFILE names a profile
// that neither has. Errors show places, never values.
Result<AwsProfile> LoadAwsProfile(const EnvironmentLookup& lookup, FileSystem& files);

}  // namespace leat::io

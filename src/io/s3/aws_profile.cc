#include "io/s3/aws_profile.h"

#include <vector>

#include "base/text.h"
#include "io/s3/limits.h"

namespace leat::io {
namespace {

using Settings = std::map<std::string, std::string>;

// Without the comment that a blank and a '#' or ';' begin.
std::string_view WithoutComment(std::string_view line) {
  for (std::size_t i = 1; i < line.size(); i++) {
    const bool blank_before = line[i - 1] == ' ' || line[i - 1] == '\t';
    if (blank_before && (line[i] == '#' || line[i] == ';')) return line.substr(0, i);
  }
  return line;
}

// Picks the settings of one section out of a file, line by line.
class ProfileReader {
 public:
  ProfileReader(std::string file, std::string section)
      : file_(std::move(file)), section_(std::move(section)) {}

  Status Read(std::string_view line) {
    line_++;
    const bool is_nested = line.starts_with(" ") || line.starts_with("\t");
    const std::string_view text = Trim(WithoutComment(line));
    if (text.empty() || text.starts_with("#") || text.starts_with(";")) return Ok();
    if (text.starts_with("[")) return Open(text);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return Refuse("expected 'name = value' or '[section]'");
    if (!is_here_) return Ok();
    const std::string name = ToLower(Trim(text.substr(0, equals)));
    const std::string value(Trim(text.substr(equals + 1)));
    if (!is_nested) parent_ = value.empty() ? name : "";
    const bool has_parent = is_nested && !parent_.empty();
    settings_[has_parent ? parent_ + "." + name : name] = value;
    return Ok();
  }

  bool found() const { return found_; }
  const Settings& settings() const { return settings_; }

 private:
  Status Open(std::string_view text) {
    if (!text.ends_with("]")) return Refuse("the section's name does not end with ']'");
    const std::string name(Trim(text.substr(1, text.size() - 2)));
    is_here_ = Join(Words(name), " ") == section_;
    found_ = found_ || is_here_;
    parent_.clear();
    return Ok();
  }

  static std::vector<std::string> Words(const std::string& text) {
    std::vector<std::string> words;
    for (const std::string& word : Split(text, ' ')) {
      if (!Trim(word).empty()) words.emplace_back(Trim(word));
    }
    return words;
  }

  Error Refuse(const std::string& reason) const {
    return InvalidInput(reason).At({.file = file_, .line = line_});
  }

  const std::string file_;
  const std::string section_;
  int line_ = 0;
  bool is_here_ = false;  // whether the line read last belongs to the section
  bool found_ = false;
  std::string parent_;  // the setting whose nested ones follow
  Settings settings_;
};

// Adds what the file says of the section, without replacing; whether the file has the section.
Result<bool> AddSection(FileSystem& files, const std::string& file, const std::string& section,
                        Settings& settings) {
  if (file.empty()) return false;
  const auto content = files.ReadRange(file, 0, kMaxProfileFileBytes);
  if (!content.ok() && content.error().kind() == ErrorKind::kNotFound) return false;
  if (!content.ok()) return content.error();
  ProfileReader reader(file, section);
  for (const std::string& line : Split(*content, '\n')) LEAT_TRY(reader.Read(line));
  settings.insert(reader.settings().begin(), reader.settings().end());
  return reader.found();
}

}  // namespace

std::optional<std::string> FirstOf(const EnvironmentLookup& lookup,
                                   std::initializer_list<const char*> names) {
  for (const char* name : names) {
    auto value = lookup(name);
    if (value && !value->empty()) return value;
  }
  return std::nullopt;
}

std::optional<std::string> AwsProfile::Find(const std::string& setting) const {
  const auto at = settings.find(setting);
  if (at == settings.end() || at->second.empty()) return std::nullopt;
  return at->second;
}

Result<AwsProfile> LoadAwsProfile(const EnvironmentLookup& lookup, FileSystem& files) {
  const auto home = FirstOf(lookup, {"HOME"});
  const auto file = [&](const char* variable, const char* name) {
    if (auto given = FirstOf(lookup, {variable})) return *given;
    return home ? JoinPath(*home, name) : std::string();
  };
  const auto chosen = FirstOf(lookup, {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"});
  AwsProfile profile{.name = chosen.value_or("default")};
  const std::string credentials_file = file("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials");
  const std::string config_file = file("AWS_CONFIG_FILE", ".aws/config");
  LEAT_ASSIGN(bool found, AddSection(files, credentials_file, profile.name, profile.settings));
  profile.exists = found;
  LEAT_ASSIGN(found, AddSection(files, config_file, "profile " + profile.name, profile.settings));
  profile.exists = profile.exists || found;
  if (profile.name == "default") {
    LEAT_ASSIGN(found, AddSection(files, config_file, profile.name, profile.settings));
    profile.exists = profile.exists || found;
  }
  if (chosen && !profile.exists) {
    return InvalidInput("AWS_PROFILE is '" + profile.name + "', but neither " + credentials_file +
                        " nor " + config_file + " has that profile");
  }
  return profile;
}

}  // namespace leat::io

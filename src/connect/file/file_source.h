// Finds the files of a source and tells new from known ones.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/table.h"
#include "io/environment.h"
#include "project/definition.h"

namespace leat::connect {

struct SourceFile {
  std::string path;  // absolute
  std::string name;  // as rows name it in _leat_source: relative to the project when below it
  std::int64_t size_bytes = 0;
  std::int64_t modified_us = 0;
  std::int64_t fingerprint = 0;
};

// The files that match the source's pattern, sorted by name, without fingerprints. A relative
// pattern must not lead out of the project, not even by a symbolic link (kDenied); no match is an
// empty list.
Result<std::vector<SourceFile>> FindFiles(io::FileSystem& files, const std::string& project_root,
                                          const project::FileSourceOptions& options);

// 63 bits: 31 of a hash over size and modification time, 32 of a hash over the content. See
// docs/formats. Equal high bits mean: unchanged, without reading. Different high bits with equal
// low bits mean: touched only.
std::int64_t StatFingerprint(const SourceFile& file);
Result<std::int64_t> FullFingerprint(io::FileSystem& files, const SourceFile& file,
                                     const io::CancelToken& cancel = {});
bool SameStat(std::int64_t a, std::int64_t b);
bool SameContent(std::int64_t a, std::int64_t b);

// The application id under which a table's log remembers a file.
std::string ManifestId(const std::string& file_name);

// What a load has to do, by the manifest in the table's log. `fingerprint` is set on all listed
// files.
struct FileChanges {
  std::vector<SourceFile> added;
  std::vector<SourceFile> changed;  // other content than when it was loaded
};
Result<FileChanges> FindChanges(io::FileSystem& files, std::vector<SourceFile> found,
                                const delta::Snapshot* table, const io::CancelToken& cancel = {});

}  // namespace leat::connect

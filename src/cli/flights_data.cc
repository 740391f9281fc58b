#include "cli/flights_data.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <vector>

#include "cli/limits.h"
#include "io/file_writer.h"
#include "io/machine.h"

namespace leat::cli {
namespace {

struct DataFile {
  const char* name;
  const char* folder;  // below the project, where the template's sources look
};
constexpr std::array kFiles = {DataFile{"flights-3m.parquet", "landing/flights"},
                               DataFile{"airports.csv", "landing"}};

// Where the files may be, first the most explicit.
std::vector<std::string> Candidates() {
  std::vector<std::string> folders;
  if (const auto data = io::GetEnv("LEAT_DATA")) {
    folders.push_back(io::AbsolutePath(*data));
    folders.push_back(io::JoinPath(io::AbsolutePath(*data), "flights"));
  }
  const auto program = io::ProgramPath();
  if (program.ok()) {
    const std::string folder = io::ParentPath(*program);
    folders.push_back(io::AbsolutePath(io::JoinPath(folder, "../share/leat/flights")));
    folders.push_back(io::AbsolutePath(io::JoinPath(folder, "../../.deps/data/flights")));
  }
  return folders;
}

std::optional<std::string> FindData(io::FileSystem& files) {
  for (const std::string& folder : Candidates()) {
    bool complete = true;
    for (const DataFile& file : kFiles) {
      complete &= files.Stat(io::JoinPath(folder, file.name)).ok();
    }
    if (complete) return folder;
  }
  return std::nullopt;
}

Status CopyFile(io::FileSystem& files, const std::string& from, const std::string& to) {
  LEAT_ASSIGN(auto writer, io::FileWriter::Create(files, to));
  for (std::int64_t offset = 0;; offset += kCopyChunkBytes) {
    LEAT_ASSIGN(const std::string chunk, files.ReadRange(from, offset, kCopyChunkBytes));
    if (chunk.empty()) break;
    LEAT_TRY(writer.Append(chunk));
  }
  LEAT_ASSIGN([[maybe_unused]] const std::int64_t size, std::move(writer).Close());
  return Ok();
}

}  // namespace

Status CopyFlightsData(App& app, const std::string& project) {
  io::FileSystem& files = app.environment().files;
  const auto source = FindData(files);
  std::string commands;
  for (const DataFile& file : kFiles) {
    const std::string folder = io::JoinPath(project, file.folder);
    LEAT_TRY(files.CreateDirectories(folder));
    commands += fmt::format("\n  cp package/data/{} {}/", file.name, folder);
    if (!source) continue;
    LEAT_TRY(CopyFile(files, io::JoinPath(*source, file.name), io::JoinPath(folder, file.name)));
  }
  if (source) {
    app.Detail("copied the data from " + *source);
  } else {
    app.Note(
        "The data is not on this machine. Get it from the npm package vega-datasets 3.2.1:\n"
        "  npm pack vega-datasets@3.2.1 && tar -xzf vega-datasets-3.2.1.tgz" +
        commands);
  }
  return Ok();
}

}  // namespace leat::cli

#include "targets.h"

#include <stdexcept>
#include <string>

#include "base/text.h"
#include "data/schema.h"
#include "delta/checkpoint.h"
#include "delta/deletion_vector.h"
#include "delta/log_entry.h"
#include "delta/log_path.h"
#include "delta/table.h"
#include "delta/z85.h"
#include "io/power_loss_file_system.h"

namespace leat::fuzz {
namespace {

constexpr const char* kTable = "/lake/table";

void Promise(bool kept, const std::string& what) {
  if (!kept) throw std::logic_error(what);
}

// No Parquet file is one.
class NoParquet final : public delta::ParquetHandler {
 public:
  Result<std::vector<delta::RowRange>> Ranges(const std::string& path,
                                              const std::vector<std::string>&) override {
    return Corrupt(path + " is not a Parquet file");
  }
  Status Read(const std::string& path, const delta::RowRange&, const delta::VisitRows&) override {
    return Corrupt(path + " is not a Parquet file");
  }
  Status Write(const std::string& path, data::ArrowBatch) override {
    return Denied(path + ": read only");
  }
};

void ExpectInside(const std::string& path, const std::string& text) {
  const std::string full = io::AbsolutePath(io::JoinPath(kTable, path));
  Promise(full.starts_with(std::string(kTable) + "/"), "'" + text + "' leads to " + full);
  Promise(path.find('\0') == std::string::npos, "a path has a NUL");
}

void LoadAsTable(std::string_view entry) {
  io::PowerLossFileSystem files;
  const std::string log = io::JoinPath(kTable, delta::kLogDirectory);
  static_cast<void>(files.CreateDirectories(log));
  static_cast<void>(files.CreateFile(io::JoinPath(log, delta::CommitFileName(0)), entry));
  const io::Environment environment{files, io::SystemClock(), io::SystemRandom()};
  NoParquet parquet;
  delta::Table table(environment, parquet, kTable);
  const auto loaded = table.Load();
  if (!loaded.ok()) return;
  for (const delta::AddFile& file : (*loaded)->files()) ExpectInside(file.path, file.path);
}

void ReadVector(io::FileSystem& files, const delta::DeletionVectorDescriptor& descriptor) {
  const auto read = delta::ReadDeletionVector(files, kTable, descriptor);
  Promise(!read.ok() || read->cardinality() == descriptor.cardinality,
          "a vector with another cardinality than its descriptor's was read");
}

}  // namespace

void LogEntry(std::string_view input) {
  LoadAsTable(input);
  static_cast<void>(delta::FindCommitInfo(input, "entry"));
  const auto entry = delta::ParseLogEntry(input, "entry", kTable);
  if (!entry.ok()) return;
  const auto text = delta::FormatLogEntry(*entry);
  if (!text.ok()) return;  // a name that is no UTF-8, say
  const auto again = delta::ParseLogEntry(*text, "entry", kTable);
  Promise(again.ok(), "what was written cannot be read: " + *text);
  const auto twice = delta::FormatLogEntry(*again);
  Promise(twice.ok() && *twice == *text, "written twice, it is another text: " + *text);
}

void Checkpoint(std::string_view input) {
  io::PowerLossFileSystem files;
  NoParquet parquet;
  const std::string log = io::JoinPath(kTable, delta::kLogDirectory);
  const std::string path = io::JoinPath(
      log, "00000000000000000001.checkpoint.00000000-0000-4000-8000-000000000000.json");
  static_cast<void>(files.CreateDirectories(log));
  static_cast<void>(files.CreateFile(path, input));
  static_cast<void>(delta::ReadCheckpoint(files, parquet, {path}, kTable));
}

void DeletionVector(std::string_view input) {
  auto vector = delta::DeletionVector::Parse(input);
  if (!vector.ok()) return;
  std::uint32_t kept[64];
  const std::size_t count = vector->KeptRows(0, 64, kept);
  Promise(count <= 64, "more rows are kept than there are");
  for (std::size_t i = 0; i < count; i++) {
    Promise(kept[i] < 64 && !vector->Contains(kept[i]), "a deleted row is kept");
  }
  const std::string bytes = vector->Serialize();
  const auto again = delta::DeletionVector::Parse(bytes);
  Promise(again.ok() && again->cardinality() == vector->cardinality(),
          "what was written cannot be read");
  if (vector->cardinality() == 0) return;
  Promise(vector->Contains(vector->last()), "the last row is not in the vector");
  io::PowerLossFileSystem files;
  static_cast<void>(files.CreateDirectories(kTable));
  const io::Environment environment{files, io::SystemClock(), io::SystemRandom()};
  const auto written = delta::WriteDeletionVectors(environment, kTable, {&*vector});
  Promise(written.ok(), "a vector cannot be written");
  Promise(delta::ReadDeletionVector(files, kTable, written->front()).ok(),
          "a vector that was written cannot be read");
  ReadVector(files, {.storage = delta::DeletionVectorDescriptor::Storage::kInline,
                     .path_or_inline = delta::EncodeZ85(input),
                     .size_bytes = static_cast<std::int32_t>(input.size()),
                     .cardinality = vector->cardinality()});
}

void DeletionVectorDescriptor(std::string_view input) {
  const auto lines = Split(input, '\n');
  if (lines.size() < 5) return;
  const auto storage = delta::ParseDeletionVectorStorage(lines[0]);
  if (!storage.ok()) return;
  delta::DeletionVectorDescriptor descriptor{.storage = *storage, .path_or_inline = lines[1]};
  const auto number = [](const std::string& text) {
    return std::strtoll(text.c_str(), nullptr, 10);
  };
  if (!lines[2].empty()) descriptor.offset = static_cast<std::int32_t>(number(lines[2]));
  descriptor.size_bytes = static_cast<std::int32_t>(number(lines[3]));
  descriptor.cardinality = number(lines[4]);
  io::PowerLossFileSystem files;
  static_cast<void>(files.CreateDirectories(kTable));
  const auto path = delta::DeletionVectorPath(descriptor, kTable);
  if (path.ok() && !path->empty() && delta::CheckInsideTable(*path).ok()) {
    ExpectInside(*path, lines[1]);
    static_cast<void>(files.CreateDirectories(io::ParentPath(io::JoinPath(kTable, *path))));
    static_cast<void>(files.CreateFile(io::JoinPath(kTable, *path), input));
  }
  ReadVector(files, descriptor);
}

void Path(std::string_view input) {
  const std::string path = delta::CanonicalPath(input, kTable);
  if (delta::IsPlainPath(input)) {
    const bool has_one_form = path == input && !delta::UnlessEncoded(input, path);
    Promise(has_one_form && delta::CheckInsideTable(path).ok(), "a plain path is none: " + path);
  }
  if (!delta::CheckInsideTable(path).ok()) return;
  ExpectInside(path, std::string(input));
  const std::string encoded = delta::EncodePath(path);
  Promise(delta::CanonicalPath(encoded, kTable) == path, "encoded as " + encoded + ", another");
  static_cast<void>(delta::ParseLogFileName(input));
}

void Z85(std::string_view input) {
  if (const auto bytes = delta::DecodeZ85(input)) {
    Promise(delta::EncodeZ85(*bytes) == input, "decoded and encoded, it is another text");
  }
  const auto round = delta::DecodeZ85(delta::EncodeZ85(input));
  Promise(round && round->substr(0, input.size()) == input, "encoded and decoded, other bytes");
}

void SchemaJson(std::string_view input) {
  const auto schema = data::SchemaFromDeltaJson(input);
  if (!schema.ok()) return;
  const std::string text = data::ToDeltaJson(*schema);
  const auto again = data::SchemaFromDeltaJson(text);
  Promise(again.ok(), "what was written cannot be read: " + text);
  Promise(data::ToDeltaJson(*again) == text, "written twice, it is another text: " + text);
}

}  // namespace leat::fuzz

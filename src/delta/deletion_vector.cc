#include "delta/deletion_vector.h"

#include <fmt/format.h>
#include <roaring.h>
#include <zlib.h>

#include <bit>
#include <cstring>

#include "base/text.h"
#include "delta/limits.h"
#include "delta/log_path.h"
#include "delta/z85.h"

namespace leat::delta {
namespace {

// In front of the bitmap: its portable format in 64 bits.
constexpr std::uint32_t kMagic = 1'681'511'377;
constexpr char kFileFormatVersion = 1;
constexpr std::size_t kUuidBytes = 16;
constexpr std::size_t kUuidCharacters = 20;  // in Z85
constexpr std::size_t kFrameBytes = 8;       // around a vector in a file: its size, its checksum

std::uint32_t ReadBigEndian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char c : bytes.substr(0, 4)) value = value << 8U | static_cast<unsigned char>(c);
  return value;
}

void AppendBigEndian(std::string& bytes, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xFFU);
}

std::uint32_t Checksum(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

// "6374b053-df23-479b-b2cf-c9c550132b49".
std::string FormatUuid(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", static_cast<unsigned char>(bytes[i]));
  }
  return text;
}

std::string ParseUuid(std::string_view text) {
  std::string bytes;
  std::string digits;
  for (const char c : text) {
    if (c != '-') digits += c;
  }
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

std::string FileNameOf(std::string_view uuid_bytes) {
  return fmt::format("deletion_vector_{}.bin", FormatUuid(uuid_bytes));
}

// The serialized vector out of its file, where it stands between its size and its checksum.
Result<std::string> ReadFramed(io::FileSystem& files, const std::string& path,
                               const DeletionVectorDescriptor& descriptor) {
  const std::int64_t offset = descriptor.offset.value_or(1);
  const auto size = static_cast<std::size_t>(descriptor.size_bytes);
  LEAT_ASSIGN(std::string framed,
              files.ReadRange(path, offset, static_cast<std::int64_t>(size + kFrameBytes)));
  if (framed.size() != size + kFrameBytes) {
    return Corrupt(fmt::format("it ends at byte {}, within the vector at {} of {} bytes",
                               offset + static_cast<std::int64_t>(framed.size()), offset, size));
  }
  if (ReadBigEndian(framed) != size) {
    return Corrupt(fmt::format("the vector at {} has {} bytes, the log says {}", offset,
                               ReadBigEndian(framed), size));
  }
  const std::string_view bytes = std::string_view(framed).substr(4, size);
  if (ReadBigEndian(std::string_view(framed).substr(4 + size)) != Checksum(bytes)) {
    return Corrupt(fmt::format("the vector at {} does not match its checksum", offset));
  }
  return std::string(bytes);
}

Result<std::string> ReadBytes(io::FileSystem& files, const std::string& table_path,
                              const DeletionVectorDescriptor& descriptor, const FileRoots& roots) {
  if (descriptor.size_bytes < 0 || descriptor.size_bytes > kMaxDeletionVectorBytes) {
    return Corrupt(fmt::format("its size is {} bytes", descriptor.size_bytes));
  }
  if (descriptor.storage == DeletionVectorDescriptor::Storage::kInline) {
    auto bytes = DecodeZ85(descriptor.path_or_inline);
    const auto size = static_cast<std::size_t>(descriptor.size_bytes);
    if (!bytes || bytes->size() < size) return Corrupt("its inline text is damaged");
    bytes->resize(size);  // without the padding
    return std::move(*bytes);
  }
  LEAT_ASSIGN(const std::string path, DeletionVectorPath(descriptor, table_path));
  LEAT_TRY(CheckDataPath(path, roots));
  auto bytes = ReadFramed(files, io::JoinPath(table_path, path), descriptor);
  if (!bytes.ok()) return Error(bytes.error()).WithContext(path);
  return bytes;
}

}  // namespace

struct DeletionVector::Bitmap {
  roaring64_bitmap_t* rows = nullptr;

  explicit Bitmap(roaring64_bitmap_t* bitmap) : rows(bitmap) {}
  Bitmap(const Bitmap&) = delete;
  Bitmap& operator=(const Bitmap&) = delete;
  ~Bitmap() { roaring64_bitmap_free(rows); }
};

DeletionVector::DeletionVector() : bitmap_(std::make_unique<Bitmap>(roaring64_bitmap_create())) {}
DeletionVector::DeletionVector(std::unique_ptr<Bitmap> bitmap) : bitmap_(std::move(bitmap)) {}
DeletionVector::~DeletionVector() = default;
DeletionVector::DeletionVector(DeletionVector&&) noexcept = default;
DeletionVector& DeletionVector::operator=(DeletionVector&&) noexcept = default;

Result<DeletionVector> DeletionVector::Parse(std::string_view bytes) {
  static_assert(std::endian::native == std::endian::little, "the magic number is little-endian");
  std::uint32_t magic = 0;
  if (bytes.size() < sizeof(magic)) return Corrupt("it has no magic number");
  std::memcpy(&magic, bytes.data(), sizeof(magic));
  if (magic != kMagic) return Corrupt(fmt::format("its magic number is {}", magic));
  bytes.remove_prefix(sizeof(magic));
  auto bitmap = std::make_unique<Bitmap>(
      roaring64_bitmap_portable_deserialize_safe(bytes.data(), bytes.size()));
  const char* reason = nullptr;
  if (bitmap->rows == nullptr) return Corrupt("its bitmap is cut off or damaged");
  if (!roaring64_bitmap_internal_validate(bitmap->rows, &reason)) {
    return Corrupt(fmt::format("its bitmap is damaged: {}", reason == nullptr ? "?" : reason));
  }
  return DeletionVector(std::move(bitmap));
}

std::string DeletionVector::Serialize() {
  roaring64_bitmap_run_optimize(bitmap_->rows);
  std::string bytes(sizeof(kMagic), '\0');
  std::memcpy(bytes.data(), &kMagic, sizeof(kMagic));
  bytes.resize(sizeof(kMagic) + roaring64_bitmap_portable_size_in_bytes(bitmap_->rows));
  roaring64_bitmap_portable_serialize(bitmap_->rows, bytes.data() + sizeof(kMagic));
  return bytes;
}

void DeletionVector::Add(std::uint64_t row) { roaring64_bitmap_add(bitmap_->rows, row); }

void DeletionVector::AddAll(const DeletionVector& other) {
  roaring64_bitmap_or_inplace(bitmap_->rows, other.bitmap_->rows);
}

DeletionVector DeletionVector::Complement(std::uint64_t row_count) const {
  DeletionVector complement;
  complement.AddAll(*this);
  roaring64_bitmap_flip_inplace(complement.bitmap_->rows, 0, row_count);
  return complement;
}

bool DeletionVector::Contains(std::uint64_t row) const {
  return roaring64_bitmap_contains(bitmap_->rows, row);
}

std::int64_t DeletionVector::cardinality() const {
  return static_cast<std::int64_t>(roaring64_bitmap_get_cardinality(bitmap_->rows));
}

std::uint64_t DeletionVector::last() const { return roaring64_bitmap_maximum(bitmap_->rows); }

std::size_t DeletionVector::KeptRows(std::uint64_t first, std::size_t count,
                                     std::uint32_t* kept) const {
  const std::unique_ptr<roaring64_iterator_t, decltype(&roaring64_iterator_free)> deleted(
      roaring64_iterator_create(bitmap_->rows), &roaring64_iterator_free);
  bool more = roaring64_iterator_move_equalorlarger(deleted.get(), first);
  std::size_t size = 0;
  for (std::size_t i = 0; i < count; i++) {
    if (more && roaring64_iterator_value(deleted.get()) == first + i) {
      more = roaring64_iterator_advance(deleted.get());
    } else {
      kept[size++] = static_cast<std::uint32_t>(i);
    }
  }
  return size;
}

Result<DeletionVectorDescriptor::Storage> ParseDeletionVectorStorage(std::string_view text) {
  if (text == "u") return DeletionVectorDescriptor::Storage::kFileByUuid;
  if (text == "p") return DeletionVectorDescriptor::Storage::kFileByPath;
  if (text == "i") return DeletionVectorDescriptor::Storage::kInline;
  return Corrupt(fmt::format("a deletion vector has the storage type '{}'", Shorten(text, 20)));
}

Result<std::string> DeletionVectorPath(const DeletionVectorDescriptor& descriptor,
                                       std::string_view table_path) {
  const std::string& text = descriptor.path_or_inline;
  switch (descriptor.storage) {
    case DeletionVectorDescriptor::Storage::kInline: return std::string();
    case DeletionVectorDescriptor::Storage::kFileByPath: return CanonicalPath(text, table_path);
    case DeletionVectorDescriptor::Storage::kFileByUuid: break;
  }
  if (text.size() >= kUuidCharacters) {
    const std::string prefix = text.substr(0, text.size() - kUuidCharacters);
    const auto uuid = DecodeZ85(std::string_view(text).substr(prefix.size()));
    if (uuid && uuid->size() == kUuidBytes) {
      return prefix.empty() ? FileNameOf(*uuid) : io::JoinPath(prefix, FileNameOf(*uuid));
    }
  }
  return Corrupt(
      fmt::format("a deletion vector has the name '{}', which is no UUID", Shorten(text, 80)));
}

Result<DeletionVector> ReadDeletionVector(io::FileSystem& files, const std::string& table_path,
                                          const DeletionVectorDescriptor& descriptor,
                                          const FileRoots& roots) {
  const auto in_table = [&](const Error& error) {
    return Error(error).WithContext(
        fmt::format("a deletion vector of table {} cannot be read", table_path));
  };
  auto bytes = ReadBytes(files, table_path, descriptor, roots);
  if (!bytes.ok()) return in_table(bytes.error());
  auto vector = DeletionVector::Parse(*bytes);
  if (!vector.ok()) return in_table(vector.error());
  if (vector->cardinality() != descriptor.cardinality) {
    return in_table(Corrupt(fmt::format("it has {} rows, the log says {}", vector->cardinality(),
                                        descriptor.cardinality)));
  }
  return vector;
}

DeletionVectorDescriptor InlineDeletionVector(DeletionVector& vector) {
  const std::string bytes = vector.Serialize();
  return {.storage = DeletionVectorDescriptor::Storage::kInline,
          .path_or_inline = EncodeZ85(bytes),
          .offset = std::nullopt,
          .size_bytes = static_cast<std::int32_t>(bytes.size()),
          .cardinality = vector.cardinality()};
}

Result<std::vector<DeletionVectorDescriptor>> WriteDeletionVectors(
    const io::Environment& environment, const std::string& table_path,
    const std::vector<DeletionVector*>& vectors) {
  const std::string uuid = ParseUuid(io::NewUuid(environment.random));
  std::string content(1, kFileFormatVersion);
  std::vector<DeletionVectorDescriptor> descriptors;
  for (DeletionVector* vector : vectors) {
    const std::string bytes = vector->Serialize();
    if (bytes.size() <= kMaxInlineDeletionVectorBytes) {
      descriptors.push_back(InlineDeletionVector(*vector));
      continue;
    }
    descriptors.push_back({.storage = DeletionVectorDescriptor::Storage::kFileByUuid,
                           .path_or_inline = EncodeZ85(uuid),
                           .offset = static_cast<std::int32_t>(content.size()),
                           .size_bytes = static_cast<std::int32_t>(bytes.size()),
                           .cardinality = vector->cardinality()});
    AppendBigEndian(content, static_cast<std::uint32_t>(bytes.size()));
    content += bytes;
    AppendBigEndian(content, Checksum(bytes));
    if (content.size() > static_cast<std::size_t>(kMaxDeletionVectorBytes)) {
      return InvalidInput(fmt::format("the deletion vectors of one commit of table {} take more "
                                      "than {} bytes",
                                      table_path, kMaxDeletionVectorBytes))
          .WithHint("compact the table first (leat maintain)");
    }
  }
  if (content.size() == sizeof(kFileFormatVersion)) return descriptors;  // all of them inline
  LEAT_TRY(environment.files.ReplaceFile(io::JoinPath(table_path, FileNameOf(uuid)), content));
  return descriptors;
}

}  // namespace leat::delta

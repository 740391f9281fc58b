#include "delta/actions.h"

#include <functional>

namespace leat::delta {

RemoveFile RemovalOf(const AddFile& file) {
  return {.path = file.path,
          .path_in_log = file.path_in_log,
          .data_change = true,
          .partition_values = file.partition_values,
          .size_bytes = file.size_bytes,
          .deletion_vector = file.deletion_vector,
          .base_row_id = file.base_row_id,
          .default_row_commit_version = file.default_row_commit_version};
}

bool FileKey::operator==(const FileKey& other) const {
  if (path != other.path) return false;
  if (deletion_vector == nullptr || other.deletion_vector == nullptr) {
    return deletion_vector == other.deletion_vector;
  }
  // The protocol's unique id of a vector: storage type, path or text, offset.
  return deletion_vector->storage == other.deletion_vector->storage &&
         deletion_vector->path_or_inline == other.deletion_vector->path_or_inline &&
         deletion_vector->offset == other.deletion_vector->offset;
}

std::size_t FileKeyHash::operator()(const FileKey& key) const {
  const std::size_t hash = std::hash<std::string_view>()(key.path);
  if (key.deletion_vector == nullptr) return hash;
  return hash * 31 + std::hash<std::string_view>()(key.deletion_vector->path_or_inline);
}

}  // namespace leat::delta

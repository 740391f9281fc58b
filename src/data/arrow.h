// The Arrow C data interface (https://arrow.apache.org/docs/format/CDataInterface.html), the form
// in which rows move between modules, and owners for its structures.
#pragma once

#include <cstdint>

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema** children;
  struct ArrowSchema* dictionary;
  void (*release)(struct ArrowSchema*);
  void* private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void** buffers;
  struct ArrowArray** children;
  struct ArrowArray* dictionary;
  void (*release)(struct ArrowArray*);
  void* private_data;
};

struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream*, struct ArrowSchema* out);
  int (*get_next)(struct ArrowArrayStream*, struct ArrowArray* out);
  const char* (*get_last_error)(struct ArrowArrayStream*);
  void (*release)(struct ArrowArrayStream*);
  void* private_data;
};

#endif  // ARROW_C_DATA_INTERFACE

namespace leat::data {

// Owns one struct array and its schema. Move-only; releases both.
class ArrowBatch {
 public:
  ArrowBatch() = default;
  ~ArrowBatch() { Reset(); }
  ArrowBatch(ArrowBatch&& other) noexcept { *this = static_cast<ArrowBatch&&>(other); }
  ArrowBatch& operator=(ArrowBatch&& other) noexcept {
    if (this != &other) {
      Reset();
      array = other.array;
      schema = other.schema;
      other.array.release = nullptr;
      other.schema.release = nullptr;
    }
    return *this;
  }
  ArrowBatch(const ArrowBatch&) = delete;
  ArrowBatch& operator=(const ArrowBatch&) = delete;

  std::int64_t row_count() const { return array.length; }

  ArrowArray array{};  // length rows; children are the columns
  ArrowSchema schema{};

 private:
  void Reset() {
    if (array.release != nullptr) array.release(&array);
    if (schema.release != nullptr) schema.release(&schema);
  }
};

}  // namespace leat::data

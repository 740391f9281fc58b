// The text of a file from front to back: decompressed, and in UTF-8 whatever its encoding.
#pragma once

#include <memory>
#include <string>

#include "connect/file/file_source.h"
#include "io/file_system.h"

namespace leat::connect {

// Not thread-safe. Bytes that are no text of the declared encoding become a byte that UTF-8 never
// has (0xFF), so that whoever checks the text finds the record; text in UTF-8 comes as it is, its
// byte order mark included.
class TextInput {
 public:
  virtual ~TextInput() = default;

  // `compression`: none, gzip, zstd. `encoding`: utf-8 or any name that iconv(3) knows.
  // kInvalidInput: an encoding that it does not know.
  static Result<std::unique_ptr<TextInput>> Open(io::FileSystem& files, const SourceFile& file,
                                                 const std::string& compression,
                                                 const std::string& encoding);

  // Appends the next bytes, `size_bytes` or more only for a character's rest; fewer only at the
  // end. kInvalidInput: the compressed file is damaged or was cut off.
  virtual Status Read(std::size_t size_bytes, std::string& to) = 0;
  virtual bool at_end() const = 0;
};

}  // namespace leat::connect

// Other programs.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace leat::io {

// What `sh -c command` prints on its standard output, without a line break at its end; at most 1
// MiB. Its input is empty, and its errors go where ours do. kInvalidInput: it ended with another
// code than 0, or printed too much; kCancelled: the thread's work (io/work.h) was stopped, or the
// time was over, and it was killed.
Result<std::string> OutputOf(const std::string& command, std::int64_t timeout_us);

}  // namespace leat::io

// Work on the parts of a log by several threads.
#pragma once

#include <cstddef>
#include <functional>

#include "base/result.h"

namespace leat::delta {

// Calls work(0) to work(count - 1), by the caller and up to `helpers` threads more; as many as the
// system gives. The error of the first part that fails; all parts are tried.
Status ForEachPart(std::size_t count, std::size_t helpers,
                   const std::function<Status(std::size_t)>& work);

// Threads that help the one that wants a log: as many as there are processors for work on memory
// and the local disk, more where each answer comes late.
std::size_t LogThreads(bool answers_late);

}  // namespace leat::delta

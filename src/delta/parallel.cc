#include "delta/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <system_error>
#include <thread>
#include <vector>

#include "delta/limits.h"
#include "io/work.h"

namespace leat::delta {

Status ForEachPart(std::size_t count, std::size_t helpers,
                   const std::function<Status(std::size_t)>& work) {
  std::vector<Status> statuses(count);
  std::atomic<std::size_t> next{0};
  const auto take_parts = [&, of_caller = io::CurrentWork()] {
    const io::WorkScope scope(of_caller);
    for (std::size_t i = next++; i < count; i = next++) {
      try {
        statuses[i] = work(i);
      } catch (const std::exception& e) {  // beyond the thread it would end the process
        statuses[i] = Bug(e.what());
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    try {
      while (threads.size() < helpers && threads.size() + 1 < count) {
        threads.emplace_back(take_parts);
      }
    } catch (const std::system_error&) {
      // As many as the system gives.
    }
    take_parts();
  }
  for (Status& status : statuses) LEAT_TRY(std::move(status));
  return Ok();
}

std::size_t LogThreads(bool answers_late) {
  static const std::size_t processors = std::max(1U, std::thread::hardware_concurrency());
  return answers_late ? kMaxLogThreads : std::min(kMaxLogThreads, processors - 1);
}

}  // namespace leat::delta

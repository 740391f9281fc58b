// Which process wrote a record, so that a later process can tell whether it still runs.
#pragma once

#include <string>

namespace leat::io {

struct ProcessIdentity {
  int pid = 0;
  // "<boot id>/<pid namespace>/<start time>": a recycled process id never matches. Empty: unknown.
  std::string start_token;

  bool operator==(const ProcessIdentity&) const = default;
};

enum class ProcessState {
  kRunning,
  kGone,
  kUnknown,  // it belongs to another process id namespace (a container), so nobody here can tell
};

ProcessIdentity CurrentProcess();
ProcessState StateOf(const ProcessIdentity& process);

}  // namespace leat::io

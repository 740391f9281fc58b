// Tells people about a run that has ended, by Slack-compatible webhooks.
#pragma once

#include <string>
#include <vector>

#include "base/redact.h"
#include "io/environment.h"
#include "io/http_client.h"
#include "monitor/run_summary.h"
#include "project/definition.h"

namespace leat::monitor {

// Thread-safe. Needs nothing of a sink: a dead or slow one costs at most kNotifyLimitUs and a
// warning.
class Notifier {
 public:
  // `secrets` never appear in messages or warnings; the webhooks' addresses are added to them.
  Notifier(io::Clock& clock, io::Random& random, io::HttpClient& client,
           std::vector<project::Notification> notifications,
           const std::vector<std::string>& secrets);

  // Sends the run to every sink that asked for one of its events, once each and at the same time,
  // and returns when all are done. Returns one warning per message that was lost. `cancel` ends the
  // waiting.
  std::vector<std::string> Notify(const RunSummary& run, const io::CancelToken& cancel);

 private:
  Status Send(const std::string& url, const std::string& body, const io::CancelToken& cancel);
  // Waits before the next attempt; false when there is no time for one.
  bool Pause(int attempt, std::int64_t deadline_us, const io::CancelToken& cancel);

  io::Clock& clock_;
  io::Random& random_;
  io::HttpClient& client_;
  const std::vector<project::Notification> notifications_;
  const Redactor redactor_;
};

}  // namespace leat::monitor

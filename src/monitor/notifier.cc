#include "monitor/notifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "base/text.h"
#include "monitor/limits.h"
#include "monitor/slack_message.h"

namespace leat::monitor {
namespace {

std::vector<std::string> WithAddresses(std::vector<std::string> secrets,
                                       const std::vector<project::Notification>& notifications) {
  for (const auto& [url, on] : notifications) {
    secrets.push_back(url);
    // The path is what must not be known; a server may repeat it in its answer.
    const std::size_t host = url.find("://");
    const std::size_t path = host == std::string::npos ? host : url.find('/', host + 3);
    if (path != std::string::npos) secrets.push_back(url.substr(path));
  }
  return secrets;
}

bool Wants(const project::Notification& notification, const std::vector<std::string>& events) {
  return std::any_of(events.begin(), events.end(), [&](const std::string& event) {
    return std::find(notification.on.begin(), notification.on.end(), event) !=
           notification.on.end();
  });
}

// An answer that is no success, as an error of the kind that says whether to try again.
Status Judge(const io::HttpResponse& response, const Redactor& redactor) {
  constexpr std::size_t kMaxShownBytes = 200;
  constexpr int kTooManyRequests = 429;
  if (response.status >= 200 && response.status < 300) return Ok();
  std::string answer = Shorten(redactor.Redact(Trim(response.body)), kMaxShownBytes);
  std::replace_if(
      answer.begin(), answer.end(), [](unsigned char c) { return c < ' ' || c == 127; }, ' ');
  const std::string message = fmt::format("it answered {} {}", response.status, answer);
  if (response.status >= 500 || response.status == kTooManyRequests) return RetryLater(message);
  return InvalidInput(message).WithHint("check the webhook's address in leat.yml");
}

bool IsWorthAnotherTry(const Error& error) {
  // A message that arrives twice is better than none.
  return error.kind() == ErrorKind::kRetryLater || error.kind() == ErrorKind::kOutcomeUnknown;
}

}  // namespace

Notifier::Notifier(io::Clock& clock, io::Random& random, io::HttpClient& client,
                   std::vector<project::Notification> notifications,
                   const std::vector<std::string>& secrets)
    : clock_(clock),
      random_(random),
      client_(client),
      notifications_(std::move(notifications)),
      redactor_(WithAddresses(secrets, notifications_)) {}

std::vector<std::string> Notifier::Notify(const RunSummary& run, const io::CancelToken& cancel) {
  const std::vector<std::string> events = EventsOf(run);
  std::vector<const project::Notification*> sinks;
  for (const project::Notification& notification : notifications_) {
    if (Wants(notification, events)) sinks.push_back(&notification);
  }
  std::vector<std::string> warnings;
  if (sinks.size() > kMaxSinks) {
    warnings.push_back(
        fmt::format("only the first {} of {} notifications were sent", kMaxSinks, sinks.size()));
    sinks.resize(kMaxSinks);
  }
  if (sinks.empty()) return warnings;

  const std::string body = SlackMessage(run, redactor_);
  std::vector<Status> outcomes(sinks.size());
  std::vector<std::thread> senders;
  for (std::size_t i = 0; i < sinks.size(); i++) {
    senders.emplace_back([&, i] { outcomes[i] = Send(sinks[i]->slack_url, body, cancel); });
  }
  for (std::thread& sender : senders) sender.join();
  for (std::size_t i = 0; i < sinks.size(); i++) {
    if (outcomes[i].ok()) continue;
    const Error& error = outcomes[i].error();
    const std::string hint = error.hint().empty() ? "" : "; " + error.hint();
    warnings.push_back(redactor_.Redact(fmt::format("notification {} of {} to Slack was lost: {}{}",
                                                    i + 1, sinks.size(), error.message(), hint)));
  }
  return warnings;
}

Status Notifier::Send(const std::string& url, const std::string& body,
                      const io::CancelToken& cancel) {
  const std::int64_t deadline_us = clock_.MonotonicUs() + kNotifyLimitUs;
  for (int attempt = 1;; attempt++) {
    const std::int64_t left_us = deadline_us - clock_.MonotonicUs();
    const auto response =
        client_.Post({.url = url,
                      .headers = {"Content-Type: application/json; charset=utf-8"},
                      .body = body,
                      .timeout_ms = std::max<std::int64_t>(
                          1, std::min(left_us, kNotifyAttemptUs) / kMicrosPerMilli),
                      .cancel = &cancel});
    Status outcome = response.ok() ? Judge(*response, redactor_) : Status(response.error());
    if (outcome.ok() || !IsWorthAnotherTry(outcome.error())) return outcome;
    if (attempt == kNotifyAttempts || !Pause(attempt, deadline_us, cancel)) return outcome;
  }
}

bool Notifier::Pause(int attempt, std::int64_t deadline_us, const io::CancelToken& cancel) {
  constexpr std::int64_t kSliceUs = 20 * kMicrosPerMilli;
  const std::int64_t longest_us = kNotifyFirstDelayUs << (attempt - 1);
  // Between half and all of the delay, so that many programs do not come back at the same moment.
  const auto half_us = static_cast<std::uint64_t>(longest_us / 2);
  const std::int64_t delay_us =
      longest_us / 2 + static_cast<std::int64_t>(random_.Next() % half_us);
  const std::int64_t until_us = clock_.MonotonicUs() + delay_us;
  if (until_us >= deadline_us) return false;
  while (clock_.MonotonicUs() < until_us) {
    if (cancel.cancelled()) return false;
    clock_.Sleep(std::min(kSliceUs, until_us - clock_.MonotonicUs()));
  }
  return !cancel.cancelled();
}

}  // namespace leat::monitor

// A run as a message for Slack's incoming webhooks, which Mattermost, Rocket.Chat and others take
// as well. Format: https://api.slack.com/reference/block-kit/blocks
#pragma once

#include <string>

#include "base/redact.h"
#include "monitor/run_summary.h"

namespace leat::monitor {

// The body of the request: JSON with "text" for notifications and "blocks" for the message itself.
std::string SlackMessage(const RunSummary& run, const Redactor& redactor);

}  // namespace leat::monitor

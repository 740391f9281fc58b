// Which tables Leat reads and writes: the protocol versions and features of Delta.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "delta/actions.h"

namespace leat::delta {

// kInvalidInput naming the versions or features that Leat lacks. Features that a table lists but
// does not use (generated columns without any) do not hinder.
Status CheckReadable(const Protocol& protocol, const Metadata& metadata,
                     const std::string& table_path);
Status CheckWritable(const Protocol& protocol, const Metadata& metadata,
                     const std::string& table_path);

// The protocol that a table with this metadata needs, if `current` does not do: columns of the type
// timestamp_ntz need a feature, and so do properties that switch one on. As low as it can be: the
// versions before features, as long as those imply all that is needed. What the current protocol
// implies is kept.
std::optional<Protocol> RequiredUpgrade(const Protocol& current, const Metadata& metadata);

}  // namespace leat::delta

// Which tables Leat reads and writes: the protocol versions and features of Delta.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "delta/actions.h"

namespace leat::delta {

// kInvalidInput naming the versions or features that Leat lacks. Features that a table lists but
// does not use (column mapping with mode none, constraints without any) do not hinder.
Status CheckReadable(const Protocol& protocol, const Metadata& metadata,
                     const std::string& table_path);
Status CheckWritable(const Protocol& protocol, const Metadata& metadata,
                     const std::string& table_path);

// The protocol that the table needs for this schema, if `current` does not do: a timestamp_ntz
// column needs (3,7) with the feature timestampNtz. Features that the current version implies are
// kept.
std::optional<Protocol> RequiredUpgrade(const Protocol& current, const data::Schema& schema);

}  // namespace leat::delta

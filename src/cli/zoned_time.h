// Times as people of a time zone read them.
#pragma once

#include <string>

#include "base/time.h"

namespace leat::cli {

// "2026-07-01T14:00:00+02:00" with the zone's offset at that time; with Z in UTC, in a zone that
// the system does not know, and in years of more than four digits. `zone` is an IANA name.
std::string FormatInZone(TimestampUs time, const std::string& zone);

}  // namespace leat::cli

// Time zone names, checked against the system's copy of the IANA database.
#pragma once

#include <string>

#include "base/result.h"
#include "io/file_system.h"

namespace leat::project {

// Ok for "UTC" and every zone below /usr/share/zoneinfo. kInvalidInput with the nearest name for
// others.
Status CheckTimezone(io::FileSystem& files, const std::string& name);

}  // namespace leat::project

// A hash of everything in an asset's own definition that can change its rows.
#pragma once

#include <string>
#include <string_view>

#include "project/definition.h"

namespace leat::project {

// 32 hexadecimal digits, the same on every machine. Covers: the SQL and how it is materialised,
// keys, interval grain, declared columns and checks, the text of macros that the SQL names (and
// those that they name), and the values of the variables that it uses; a source's options; a seed's
// content. Descriptions, owners, tags, retries, timeouts, places in files and the definitions of
// other assets are not part of it.
std::string Fingerprint(const Asset& asset, const Project& project, std::string_view seed_content);

}  // namespace leat::project

// The data of the flights template: too large to embed, found beside the program or fetched by the
// user.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/app.h"

namespace leat::cli {

// Copies the files to where the template's sources look for them. Searches $LEAT_DATA, then where
// `make install` and the build keep them. Tells the user how to get them when they are nowhere:
// that is no error.
Status CopyFlightsData(App& app, const std::string& project);

}  // namespace leat::cli

// Secrets of connections that stand elsewhere.
#pragma once

#include <string>

#include "base/result.h"
#include "io/environment.h"
#include "project/definition.h"

namespace leat::connect {

// The connection with the contents of its files, and the output of its commands, in its options.
// Called when it is about to be used, not when the project is read. A relative path is below
// `project_root`. Errors name the connection and the key, and never show a value; a connection that
// is broken is one.
Result<project::Connection> WithSecrets(const io::Environment& environment,
                                        const std::string& project_root,
                                        const project::Connection& connection);

}  // namespace leat::connect

// Names of columns, and of fields in them, as other programs give them.
#pragma once

#include <string>
#include <vector>

namespace leat::connect {

// What no table can have among the names of `what` ("column", "field"): "a column without a name",
// "two columns named 'a'", "columns named 'a' and 'A', which differ only in case". Empty: nothing.
std::string FaultOfNames(const std::vector<std::string>& names, const std::string& what);

}  // namespace leat::connect

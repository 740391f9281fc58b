// Fields of CSV files, as RFC 4180 has them.
#pragma once

#include <string>
#include <string_view>

namespace leat {

// In quotes where it needs them; the empty text does, to be told from null, which has none.
void AppendCsvField(std::string_view text, std::string& out);

}  // namespace leat

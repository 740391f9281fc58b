// Statistics of files as columns of a checkpoint (stats_parsed), which it may have instead of their
// JSON. Source: PROTOCOL.md, "Checkpoints" and "Per-file Statistics".
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "data/arrow_reader.h"

namespace leat::delta {

class ParsedStats {
 public:
  // Of the column add; without such a field there are none. kCorrupt: it is no struct.
  static Result<ParsedStats> Of(const data::ArrowView& add);

  // As the log would have them; empty when the row has none. Values that JSON does not have (NaN)
  // and bytes are left out: what is missing skips nothing.
  std::string Json(std::int64_t row) const;

 private:
  std::optional<data::ArrowView> column_;
};

}  // namespace leat::delta

// Limits of transform/.
#pragma once

namespace leat::transform {

// Times that a publication is computed anew after another process changed the same rows.
constexpr int kMaxPublishAttempts = 10;

}  // namespace leat::transform

// The 128-bit integer of g++ and clang.
#pragma once

namespace leat {

__extension__ typedef __int128 Int128;

}  // namespace leat

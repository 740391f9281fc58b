#!/usr/bin/env bash
# Builds the unit tests with AddressSanitizer and UndefinedBehaviorSanitizer, then with ThreadSanitizer, and runs them.
# libduckdb.so itself is not instrumented; what that hides or falsely reports is named in scripts/{lsan,tsan}.supp.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
export LSAN_OPTIONS=suppressions=$PWD/scripts/lsan.supp:print_suppressions=0
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=suppressions=$PWD/scripts/tsan.supp:second_deadlock_stack=1
# These builds precompile headers; ccache's manual asks for this trust then.
export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime

status=0
for preset in ${1:-asan tsan}; do
  echo "== unit tests with $preset"
  [ -f "build/$preset/build.ninja" ] || cmake --preset "$preset"
  ninja -C "build/$preset" ${JOBS:+-j "$JOBS"} unit_tests
  # One thread makes the sweep over all faults; thousands of tables take ThreadSanitizer long.
  filter='*'
  [ "$preset" != tsan ] || filter='-FaultSweepTest.*'
  # g++ 12's ThreadSanitizer needs the address layout that newer kernels randomise away.
  GTEST_FILTER=$filter setarch -R ctest --test-dir "build/$preset" --label-regex unit --output-on-failure -j 2 || status=1
done
exit "$status"

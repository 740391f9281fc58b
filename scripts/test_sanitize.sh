#!/usr/bin/env bash
# Builds the unit tests with AddressSanitizer and UndefinedBehaviorSanitizer and runs them; meanwhile builds those of the
# modules that several threads use with ThreadSanitizer, and runs these. With an argument, asan or tsan, only the one;
# with all, the former over every module (cmake/modules.cmake says which are left out else).
# libduckdb.so itself is not instrumented; what that hides or falsely reports is named in scripts/{lsan,tsan}.supp.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
export LSAN_OPTIONS=suppressions=$PWD/scripts/lsan.supp:print_suppressions=0
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=suppressions=$PWD/scripts/tsan.supp:second_deadlock_stack=1

# build PRESET TARGET
build() {
  echo "== building the unit tests with $1"
  [ -f "build/$1/build.ninja" ] || cmake --preset "$1"
  ninja -C "build/$1" -j "${JOBS:-$(nproc)}" "$2"
}

# run PRESET LABEL TESTS: g++ 12's ThreadSanitizer needs the address layout that newer kernels randomize away.
run() {
  echo "== unit tests with $1"
  GTEST_FILTER=$3 setarch -R ctest --test-dir "build/$1" --label-regex "$2" --output-on-failure -j 2
}

case ${1:-both} in
  asan) build asan memory_tests; run asan memory '*' ;;
  all) build asan unit_tests; run asan unit '*' ;;
  # One thread makes the sweep over all faults; thousands of tables take ThreadSanitizer long.
  tsan) build tsan thread_tests; run tsan threads '-FaultSweepTest.*' ;;
  both)
    build asan memory_tests
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    run asan memory '*' >"$log" 2>&1 &
    asan=$!
    status=0
    { build tsan thread_tests && run tsan threads '-FaultSweepTest.*'; } || status=1
    wait "$asan" || status=1
    cat "$log"
    exit "$status" ;;
  *) echo "usage: scripts/test_sanitize.sh [asan|tsan|all]" >&2; exit 2 ;;
esac

#!/usr/bin/env bash
# Runs every fuzzer for SECONDS seconds (default 20), from its corpus. What breaks a promise is left in build/fuzz/found;
# mend the cause, and put the input into fuzz/corpus, where every `make test` replays it. New inputs that only reach more
# code stay in build/fuzz/corpus. The last line is "N passed, N failed".
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly seconds=${1:-20}
readonly found=build/fuzz/found
mkdir -p "$found"
passed=0 failed=0
for corpus in fuzz/corpus/*/; do
  name=$(basename "$corpus")
  mkdir -p "build/fuzz/corpus/$name"
  log=build/fuzz/$name.log
  if build/fuzz/fuzz/fuzz_"$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=16384 -print_final_stats=1 \
      -verbosity=0 -artifact_prefix="$found/$name-" "build/fuzz/corpus/$name" "$corpus" >"$log" 2>&1; then
    passed=$((passed + 1))
    echo "passed $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs in $seconds s"
  else
    failed=$((failed + 1))
    echo "FAILED $name:"
    tail -n 30 "$log"
  fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

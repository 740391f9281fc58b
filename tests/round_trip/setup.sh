#!/usr/bin/env bash
# Installs the readers of tests/round_trip, pinned by version and SHA-256, into .deps/round-trip-venv: pyarrow, pandas and
# DuckDB from PyPI. Does nothing when all is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly here=tests/round_trip
readonly venv=$PWD/.deps/round-trip-venv

fingerprint() { cat "$here/setup.sh" "$here/requirements.txt" | sha256sum | cut -d' ' -f1; }

main() {
  mkdir -p .deps
  exec 9>.deps/round-trip.lock
  flock 9
  if [ "$(cat "$venv/round-trip.stamp" 2>/dev/null)" = "$(fingerprint)" ]; then return; fi
  echo "round trip: installing pyarrow, pandas and DuckDB into .deps/round-trip-venv" >&2
  rm -rf "$venv"
  /usr/bin/python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: \
    -r "$here/requirements.txt"
  fingerprint >"$venv/round-trip.stamp"
}

main

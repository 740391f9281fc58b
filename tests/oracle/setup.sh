#!/usr/bin/env bash
# Installs what the proofs of exactness compare with (pyarrow, delta-rs), pinned by version and SHA-256, from PyPI through
# pip into .deps/oracle-venv. Does nothing when it is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly requirements=tests/oracle/requirements.txt
readonly venv=$PWD/.deps/oracle-venv

mkdir -p .deps
exec 9>.deps/oracle.lock
flock 9
want=$(cat "$requirements" tests/oracle/setup.sh | sha256sum | cut -d" " -f1)
[ "$(cat "$venv/oracle.stamp" 2>/dev/null)" != "$want" ] || exit 0
echo "oracle: installing pyarrow and delta-rs into .deps/oracle-venv" >&2
rm -rf "$venv"
/usr/bin/python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: \
  -r "$requirements"
echo "$want" >"$venv/oracle.stamp"

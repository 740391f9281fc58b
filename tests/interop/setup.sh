#!/usr/bin/env bash
# Installs the other engines of the interoperability tests, pinned by version and SHA-256, into .deps/interop-venv:
# delta-rs and PySpark from PyPI through pip, Delta Lake's jars from Maven Central over HTTPS (by Python, which honours
# https_proxy; MAVEN_CENTRAL names a mirror). Java comes with scripts/apt-packages.txt. Does nothing when all is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly here=tests/interop
readonly venv=$PWD/.deps/interop-venv
readonly python=$venv/bin/python

fail() { echo "interop: error: $*" >&2; exit 1; }

fingerprint() { cat "$here/setup.sh" "$here"/requirements*.txt "$here/jars.txt" | sha256sum | cut -d' ' -f1; }

install_packages() {
  /usr/bin/python3 -m venv "$venv"
  local install=("$python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps)
  "${install[@]}" -r "$here/requirements-build.txt"
  # PySpark is published as source only. It is built with what was just installed, and nothing else.
  "${install[@]}" --use-pep517 --no-build-isolation --no-cache-dir -r "$here/requirements.txt"
}

# The jars go where Spark's own are, so that a session needs no --packages and no network.
install_jars() {
  local folder path sum
  folder=$("$python" -c 'import pathlib, pyspark; print(pathlib.Path(pyspark.__file__).parent / "jars")')
  sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$here/jars.txt" | while read -r path sum; do
    "$python" - "${MAVEN_CENTRAL:-https://repo1.maven.org/maven2}/$path" "$folder/${path##*/}" <<'PYTHON'
import shutil, sys, urllib.request
with urllib.request.urlopen(sys.argv[1], timeout=120) as answer, open(sys.argv[2], "wb") as file:
    shutil.copyfileobj(answer, file)
PYTHON
    echo "$sum  $folder/${path##*/}" | sha256sum --check --quiet || fail "$path does not have the pinned SHA-256"
  done
}

main() {
  mkdir -p .deps
  exec 9>.deps/interop.lock
  flock 9
  if [ "$(cat "$venv/interop.stamp" 2>/dev/null)" = "$(fingerprint)" ]; then return; fi
  command -v java >/dev/null || fail "java is missing; scripts/setup.sh installs it"
  echo "interop: installing delta-rs, Spark and Delta Lake into .deps/interop-venv" >&2
  rm -rf "$venv"
  install_packages
  install_jars
  fingerprint >"$venv/interop.stamp"
}

main

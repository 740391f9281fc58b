#!/usr/bin/env bash
# Installs what only the fuzzers need, from Debian 12: clang and its runtime. Does nothing when both are there.
set -euo pipefail

readonly packages=(clang-19 libclang-rt-19-dev)
# Of this upstream version; a newer Debian revision of it will do.
readonly version=1:19.1.7

fail() { echo "fuzz: error: $*" >&2; exit 1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; return; fi
  command -v sudo >/dev/null || fail "not root, and no sudo to become root with. Run as root: $*"
  sudo "$@"
}

missing=()
for package in "${packages[@]}"; do
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Version}' "$package" 2>/dev/null || true)
  [[ $installed == "installed $version-"* ]] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit

echo "fuzz: installing ${missing[*]} from Debian" >&2
as_root apt-get update -qq
requests=()
for package in "${missing[@]}"; do
  offered=$(apt-cache madison "$package" | cut -d'|' -f2 | tr -d ' ' | grep -m1 "^$version-") ||
    fail "$package $version is not on the mirror; Leat is fuzzed on Debian 12"
  requests+=("$package=$offered")
done
as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${requests[@]}"

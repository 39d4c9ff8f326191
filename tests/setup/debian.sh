# Sourced by the set-up scripts whose programs come from Debian: fetched with apt from the mirror that this machine
# already uses, and unpacked with their own C library. Nothing is installed, and no root rights are needed.
# shellcheck shell=bash

suite=forky

# The mirror that this machine takes Debian itself from, and the file that says so. With apt options as arguments, apt
# is asked with those.
find_mirror() {
  local component uri source format
  # shellcheck disable=SC2016 # apt fills these in, not the shell.
  format='$(COMPONENT) $(REPO_URI) $(SOURCESENTRY)'
  while read -r component uri source; do
    mirror=$uri mirror_source=${source%:*}
    [ "$component" != main ] || return 0
  done < <(apt-get "$@" indextargets --format "$format" \
    'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 2>>"$log")
  return 1
}

# unpack FRESH WHAT NEEDED PACKAGE…: fills FRESH/root with the packages and all that they depend on. WHAT names them in
# sentences; NEEDED says what to do where this machine is no Debian. Sets `root`, and `libraries` and `loader` for
# `adapt`.
unpack() {
  local fresh=$1 what=$2 needed=$3 apt=$1/apt keyring package
  shift 3
  root=$fresh/root
  if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
    fail "$needed: only on Debian can it be set up by itself."
  fi
  mkdir -p "$apt"/{state/lists/partial,cache/archives/partial,sources,empty} "$root"
  : >"$apt/status" # An empty list of installed packages: every library is fetched, the C library too.
  cat >"$apt/private.conf" <<CONF
Dir::State "$apt/state";
Dir::State::status "$apt/status";
Dir::State::lists "$apt/state/lists";
Dir::Cache "$apt/cache";
Dir::Cache::archives "$apt/cache/archives";
Acquire::AllowInsecureRepositories "false";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Get::AllowUnauthenticated "false";
APT::Sandbox::User "root";
# Hooks of the machine that tidy or index its own package lists.
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
CONF

  # Where `apt-get update` has not been run since the machine was made, apt does not know yet which mirror is which.
  if ! find_mirror; then
    apt-get -c "$apt/private.conf" -q update >>"$log" 2>&1 || true
    find_mirror -c "$apt/private.conf" || fail "$needed: apt has no Debian mirror to fetch it from (details: $log)"
  fi
  # The keyring that the machine trusts for this mirror; without one apt falls back to its own trusted keys.
  keyring=$(sed -nE 's/^Signed-By:[[:space:]]*(\/[^[:space:]]+).*/\1/Ip; s/^deb .*signed-by=(\/[^] ]+).*/\1/p' \
    "$mirror_source" | head -n 1)

  {
    printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nTargets: Packages\n' "$mirror" "$suite"
    [ -z "$keyring" ] || printf 'Signed-By: %s\n' "$keyring"
  } >"$apt/sources/tests.sources"
  cp "$apt/private.conf" "$apt/apt.conf"
  cat >>"$apt/apt.conf" <<CONF
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$apt/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "$apt/empty";
# A mirror may be a snapshot, older than the suite's Valid-Until. Signatures are checked all the same.
Acquire::Check-Valid-Until "false";
APT::Install-Recommends "false";
CONF
  try "$what cannot be set up: the package list of Debian $suite could not be fetched" \
    apt-get -c "$apt/apt.conf" -q update --error-on=any
  # patchelf is fetched along, and runs from the unpacked tree.
  try "$what cannot be set up: its packages could not be fetched from Debian $suite" \
    apt-get -c "$apt/apt.conf" -qy --download-only install "$@" patchelf
  for package in "$apt"/cache/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar -x -C "$root" ||
      fail "$what cannot be set up: $(basename "$package") could not be unpacked."
  done

  # The unpacked programs need the unpacked C library. The loader's path must be absolute: the one after the rename.
  libraries=$(dirname "$(find "$root/usr/lib" -name libc.so.6)")
  loader=$(find "$libraries" -name 'ld-linux*.so.*' | head -n 1)
}

# adapt WHAT PROGRAM VERSION: makes the program $root/PROGRAM run with its own libraries, and checks that it does, with its
# option VERSION.
adapt() {
  # --force-rpath: unlike RUNPATH, RPATH also serves the libraries that the libraries need, and what is loaded later.
  try "$1 cannot be set up: patchelf could not adapt it" \
    "$loader" --library-path "$libraries" "$root/usr/bin/patchelf" --force-rpath \
    --set-rpath "$entry/root/${libraries#"$root/"}" --set-interpreter "$entry/root/${loader#"$root/"}" "$root/$2"
  try "$1 cannot be set up: the unpacked program does not run" \
    "$loader" --library-path "$libraries" "$root/$2" "$3"
}

# tidy: removes what only the set-up needed.
tidy() {
  rm -rf "${root%/root}/apt" "$root"/usr/share/{doc,locale,man,icons,applications,lintian,bug} "$root/usr/bin/patchelf"
}

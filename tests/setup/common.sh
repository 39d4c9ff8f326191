# Sourced by the set-up scripts beside it: one cache, built atomically and under a lock.
#
# An entry of the cache is built in a temporary sibling folder and renamed into place at the end, so that an interrupted
# set-up leaves nothing half-done, and tests that run in parallel build it once.
# shellcheck shell=bash

cache=${AIEX_TESTS_CACHE:-${XDG_CACHE_HOME:-${HOME:?AIEX_TESTS_CACHE is not set, nor is it}/.cache}/aiex-tests}
[[ $cache == /* ]] || cache=$PWD/$cache

# fail SENTENCE: the script's one sentence on stderr, and a non-zero end.
fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# try SENTENCE COMMAND…: runs a step of a build with its output in the entry's log; where it fails, the sentence is what
# is seen. Explicit, because `set -e` is off inside functions that a condition calls.
try() {
  local sentence=$1
  shift
  "$@" >>"$log" 2>&1 || fail "$sentence (details: $log)"
}

# provide NAME PROBE BUILD: makes sure that the cache holds a folder NAME with the executable PROBE in it. Where it does
# not, `BUILD FRESH` fills the empty folder FRESH, which then becomes $cache/NAME. Sets `entry` to that folder.
provide() {
  local name=$1 probe=$2 build=$3 lock
  entry=$cache/$name
  [ ! -x "$entry/$probe" ] || return 0

  command -v flock >/dev/null || fail "The test tools need flock (part of util-linux) on PATH."
  mkdir -p "$cache" 2>/dev/null || fail "The cache folder $cache cannot be created; set AIEX_TESTS_CACHE to a writable folder."
  log=$cache/$name.log
  exec {lock}>"$cache/$name.lock"
  flock -w 900 "$lock" || fail "Another set-up of $name has held its lock for 15 minutes: $cache/$name.lock"
  if [ ! -x "$entry/$probe" ]; then
    # Left behind by a set-up that was killed, or an entry whose probe no longer runs.
    rm -rf "$entry" "$entry".new.*
    fresh=$(mktemp -d "$entry.new.XXXXXX")
    trap 'rm -rf "$fresh"' EXIT
    : >"$log"
    "$build" "$fresh"
    [ -x "$fresh/$probe" ] || fail "The set-up of $name made no $probe (details: $log)"
    chmod 755 "$fresh"
    mv "$fresh" "$entry"
    trap - EXIT
  fi
  exec {lock}>&-
}

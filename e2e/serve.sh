#!/usr/bin/env bash
# Tests `bin/serve` and `bin/dev` as a person uses them: they come up, stop when they are told to, and leave nothing
# behind; `bin/serve` stops as a whole when a process dies. With foreman where that is installed, and with its own loop.
source "$(dirname "$0")/../bin/lib.sh"
# Each background command gets a process group of its own; without that, bash makes it deaf to INT.
set -m

# So that coming up is a matter of seconds below.
need_rust
frontend
cargo build --release --quiet -p web -p worker -p cable
cargo build --quiet -p web

passed=0 failed=0
check() { # what, command...
  local what=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
    printf 'ok      %s\n' "$what"
  else
    failed=$((failed + 1))
    printf 'FAILED  %s\n' "$what"
    cat "$log"
  fi
}

# The processes of this run, by the storage folder in their environment.
ours() {
  local environment
  for environment in /proc/[0-9]*/environ; do
    if grep -qzxs "STORAGE_DIR=$storage" "$environment"; then
      basename "$(dirname "$environment")"
    fi
  done
}

named() { # name of a program: its process of this run
  local pid
  for pid in $(ours); do
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" != "$1" ] || echo "$pid"
  done
}

wait_for() { # what, command...
  local what=$1 tries
  shift
  for tries in $(seq 600); do
    if "$@"; then return; fi
    sleep 0.1
  done
  printf 'waited in vain for %s (%s looks)\n' "$what" "$tries" >&2
  return 1
}

says_ready() { grep -qs "Ready: http://localhost:$port" "$log"; }
all_run() { [ -n "$(named web)" ] && [ -n "$(named worker)" ] && [ -n "$(named cable)" ]; }
is_gone() { ! kill -0 "$serve" 2>/dev/null; }
none_left() { [ -z "$(ours)" ]; }
ended_with() { # status: of bin/serve
  local status=0
  wait "$serve" || status=$?
  [ "$status" = "$1" ]
}
ended_badly() { ! ended_with 0; }

free_port() {
  node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'
}

serve() { # supervisor
  storage="$(mktemp -d)"
  log="$storage/log"
  port="$(free_port)"
  STORAGE_DIR="$storage" PORT="$port" CABLE_PORT="$(free_port)" SUPERVISOR="$1" bin/serve >"$log" 2>&1 &
  serve=$!
  check "$1: comes up from an empty folder" wait_for "the page" says_ready
  check "$1: runs all three processes" wait_for "the processes" all_run
}

for supervisor in foreman loop; do
  if [ "$supervisor" = foreman ] && ! command -v foreman >/dev/null; then continue; fi

  for signal in TERM INT; do
    serve "$supervisor"
    kill "-$signal" "$serve"
    check "$supervisor: ends on $signal" wait_for "the end" is_gone
    check "$supervisor: ends cleanly on $signal" ended_with 0
    check "$supervisor: leaves no process behind" wait_for "the processes to end" none_left
  done

  serve "$supervisor"
  kill -KILL "$(named worker)"
  check "$supervisor: ends when a process dies" wait_for "the end" is_gone
  # foreman ends with the status of that process, which for a killed one is none.
  [ "$supervisor" = foreman ] || check "$supervisor: says so with its status" ended_badly
  check "$supervisor: takes the others with it" wait_for "the processes to end" none_left
done

dev() {
  storage="$(mktemp -d)"
  log="$storage/log"
  port="$(free_port)"
  STORAGE_DIR="$storage" PORT="$port" bin/dev >"$log" 2>&1 &
  serve=$!
  check "bin/dev: comes up from an empty folder" wait_for "the page" says_ready
}

dev
kill -TERM "$serve"
check "bin/dev: ends on TERM" wait_for "the end" is_gone
check "bin/dev: ends cleanly" ended_with 0
check "bin/dev: leaves no process behind" wait_for "the processes to end" none_left

printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ]

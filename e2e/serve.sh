#!/usr/bin/env bash
# Tests `bin/serve` and `bin/dev` as a person uses them: they come up, stop when they are told to, and leave nothing
# behind; `bin/serve` stops as a whole when a process dies. With foreman where that is installed, and with its own loop.
source "$(dirname "$0")/../bin/lib.sh"
# Each background command gets a process group of its own; without that, bash makes it deaf to INT.
set -m
# As may be whoever started this test, in the background of something else.
hearing=()
! env --default-signal=INT true 2>/dev/null || hearing=(env --default-signal=INT)

# So that coming up is a matter of seconds below.
need_rust
frontend
cargo build --release --quiet -p web -p worker -p cable
cargo build --release --quiet -p thrust --features "$front_features"
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
  # Only what hangs is looked for so often.
  for tries in $(seq 1800); do
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

# Not one of those that the system gives to clients and other tests, which could take it before it is listened on; and no
# two are alike.
next_port=$((10000 + RANDOM % 20000))
free_port() { # name of a variable
  while { exec 8<>"/dev/tcp/127.0.0.1/$next_port"; } 2>/dev/null; do
    exec 8>&-
    next_port=$((next_port + 1))
  done
  printf -v "$1" %s "$next_port"
  next_port=$((next_port + 1))
}

serve() { # supervisor
  storage="$(mktemp -d)"
  log="$storage/log"
  local cable
  free_port port
  free_port cable
  STORAGE_DIR="$storage" PORT="$port" CABLE_PORT="$cable" SUPERVISOR="$1" "${hearing[@]}" bin/serve >"$log" 2>&1 &
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

front() { # supervisor
  storage="$(mktemp -d)"
  log="$storage/log"
  local web cable
  free_port port
  free_port web
  free_port cable
  STORAGE_DIR="$storage" PORT="$web" HTTP_PORT="$port" CABLE_PORT="$cable" SUPERVISOR="$1" \
    "${hearing[@]}" bin/serve --front >"$log" 2>&1 &
  serve=$!
  check "$1 --front: comes up from an empty folder" wait_for "the page" says_ready
  check "$1 --front: runs the proxy, too" wait_for "the proxy" proxy_runs
  check "$1 --front: the page finds the cable at its own origin" page_names_cable
  kill -TERM "$serve"
  check "$1 --front: ends on TERM" wait_for "the end" is_gone
  check "$1 --front: ends cleanly" ended_with 0
  check "$1 --front: leaves no process behind" wait_for "the processes to end" none_left
}
page_names_cable() {
  node -e 'fetch(process.argv[1]).then((response) => response.text()).then(
    (page) => process.exit(page.includes(`name="action-cable-url" content="/cable"`) ? 0 : 1),
    () => process.exit(1),
  )' "http://localhost:$port/todos"
}

# As an operator starts it, with the file of settings and more than one worker.
production() {
  local folder web cable
  folder="$(mktemp -d)"
  storage="$folder/storage"
  log="$folder/log"
  free_port port
  free_port web
  free_port cable
  sed -e "s|^SECRET_KEY_BASE=|&$(printf '%0128d' 7)|" -e "s|^STORAGE_DIR=.*|STORAGE_DIR=$storage|" -e "s|^HTTP_PORT=.*|HTTP_PORT=$port|" \
    -e "s|^CABLE_PORT=.*|CABLE_PORT=$cable|" .env.example >"$folder/env"
  sed -i -e "s|^WEB_PORT=.*|WEB_PORT=$web|" -e "s|^TARGET_PORT=.*|TARGET_PORT=$web|" "$folder/env"
  foreman start -f Procfile.production -e "$folder/env" -m all=1,worker=2 -p "$web" -t 15 >"$log" 2>&1 &
  serve=$!
  check "Procfile.production: comes up" wait_for "the page" page_names_cable
  check "Procfile.production: runs two workers" wait_for "two workers" two_workers
  kill -TERM "$serve"
  check "Procfile.production: ends on TERM" wait_for "the end" is_gone
  check "Procfile.production: ends cleanly" ended_with 0
  check "Procfile.production: leaves no process behind" wait_for "the processes to end" none_left
  check "Procfile.production: all of them drained" all_drained
}
proxy_runs() { [ -n "$(named thrust)" ]; }
two_workers() { [ "$(named worker | wc -l)" = 2 ]; }
all_drained() { ! grep -qE 'SIGKILL|exited with code [1-9]' "$log"; }

if command -v foreman >/dev/null; then
  front foreman
  production
fi
front loop

dev() {
  storage="$(mktemp -d)"
  log="$storage/log"
  free_port port
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

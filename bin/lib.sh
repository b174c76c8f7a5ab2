# What the scripts in this folder share. Sourced, not run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# What the programs have when they are released. Where all of the workspace is built, it is built so, and only once.
suite_features=web/otel,worker/otel,cable/otel
front_features=thrust/http3
features=$suite_features,$front_features

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }

fail() { # message, hint
  printf 'error: %s\nhint: %s\n' "$1" "$2" >&2
  exit 1
}

usage_error() {
  printf 'error: unknown argument `%s`\nhint: %s --help\n' "$1" "$0" >&2
  exit 2
}

# Prints the comment at the head of the script that called, without its first line.
help() {
  sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"
}

need_rust() {
  command -v cargo >/dev/null || fail "cargo is not installed" "install Rust, https://rustup.rs"
  command -v cc >/dev/null || fail "no C compiler is installed" "apt-get install gcc"
}

need_node() {
  command -v npm >/dev/null || fail "node and npm are not installed" "install Node 20.19 or newer"
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
    fail "node is $(node --version)" "install Node 20.19 or newer"
}

# Exports what the file sets, in lines such as NAME=value, and the environment does not.
load_env() { # file
  [ -f "$1" ] || return 0
  local line name value
  while IFS= read -r line || [ -n "$line" ]; do
    [[ $line =~ ^(export[[:space:]]+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$ ]] || continue
    name=${BASH_REMATCH[2]} value=${BASH_REMATCH[3]}
    [[ ! $value =~ ^\"(.*)\"$ && ! $value =~ ^\'(.*)\'$ ]] || value=${BASH_REMATCH[1]}
    [ -n "${!name+set}" ] || export "$name=$value"
  done <"$1"
}

# Installs a folder's packages where its lock file changed since.
packages() { # folder
  if ! cmp -s "$1/package-lock.json" "$1/node_modules/.installed-lock.json"; then
    say "Installing packages of $1"
    npm ci --prefix "$1" --no-audit --no-fund --loglevel=error
    cp "$1/package-lock.json" "$1/node_modules/.installed-lock.json"
  fi
}

# Builds the frontend where one of its sources is newer than the last build.
frontend() {
  local folder=web/frontend built=web/frontend/dist/.vite/manifest.json
  need_node
  packages "$folder"
  if [ ! -e "$built" ] ||
    [ -n "$(find "$folder"/src "$folder"/*.json "$folder"/*.ts -newer "$built" -print -quit 2>/dev/null)" ]; then
    say "Building the frontend"
    npm run --silent build --prefix "$folder"
  fi
}

# Whether `GET /up` answers 200, with nothing but bash.
is_up() { # host, port
  local line
  { exec 9<>"/dev/tcp/$1/$2"; } 2>/dev/null || return 1
  printf 'GET /up HTTP/1.0\r\nHost: %s:%s\r\n\r\n' "$1" "$2" >&9
  read -r -t 5 line <&9 || line=
  exec 9>&-
  [[ $line == *" 200 "* ]]
}

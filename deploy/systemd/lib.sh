# What `install` and `uninstall` share. Sourced, not run.
set -euo pipefail

services=(trifecta-worker trifecta-cable trifecta-web trifecta-thrust)
started=(trifecta.target trifecta-{web,cable,thrust}.socket trifecta-backup.timer)

say() { printf '==> %s\n' "$*"; }

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

# Folders of the machine, or of the tree that is prepared for one.
folders() { # root
  root=${1%/}
  opt=$root/opt/trifecta
  etc=$root/etc/trifecta
  state=$root/var/lib/trifecta
  proxy_state=$root/var/lib/trifecta-thrust
  backups=$root/var/backups/trifecta
  units=$root/etc/systemd/system
}

need_root() {
  [ "$(id -u)" = 0 ] || fail "expected to be run as root, got $(id -un)" "sudo $0"
}

# Whether this is about the machine that runs, with its systemd.
is_live() {
  [ -z "$root" ] && [ -d /run/systemd/system ]
}

#!/bin/sh
# A real systemd of one user, where nothing else is: `unshare --mount --pid --fork --kill-child --mount-proc sh THIS CAM PORT`.
# Installs the service, kills it, and waits until systemd has started it again. Ends with 77 where no systemd comes up.
set -eu
cam=$1 port=$2
mount -t tmpfs tmpfs /run || exit 77
mkdir -p /run/systemd/system /run/user
mkdir -m 700 /run/user/0
export XDG_RUNTIME_DIR=/run/user/0

until_it() { # COMMAND…: five seconds at most
  n=0
  until "$@" >/dev/null 2>&1; do
    n=$((n + 1))
    [ "$n" -lt 100 ] || return 1
    sleep 0.05
  done
}
main_pid() { systemctl --user show --property=MainPID --value codex-account-manager; }
is_another() { [ "$(main_pid)" != "$1" ] && "$cam" service status; }

[ -x /lib/systemd/systemd ] || exit 77
/lib/systemd/systemd --user --log-target=null &
until_it systemctl --user show --property=Version || exit 77

"$cam" service install --port "$port"
systemctl --user is-active codex-account-manager
systemctl --user is-enabled codex-account-manager
killed=$(main_pid)
kill -9 "$killed"
until_it is_another "$killed"
echo 'started again'
"$cam" service install
"$cam" service uninstall
systemctl --user is-active codex-account-manager || true

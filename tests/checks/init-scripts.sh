#!/bin/sh
# SPDX-License-Identifier: MIT
# The service files for other init systems are shell that a shell reads; the one of System V starts, stops and restarts the daemon
# that was built, refuses a restart with settings that are wrong, and leaves nothing behind.
set -eu
services=${top_srcdir:?}/packaging/services
for file in "$services"/echotimed.*; do
	sh -n "$file"
done
command -v start-stop-daemon >/dev/null || {
	echo 'skipped: needs start-stop-daemon (dpkg, or BusyBox)'
	exit 77
}

work=$(mktemp -d)
chmod 755 "$work"
export DAEMON="$work/echotimed" CONF="$work/conf" PIDFILE="$work/pid" LOGGER="tee -a $work/log"
script=$services/echotimed.sysv
cleanup() {
	sh "$script" stop || :
	rm -rf "$work"
}
trap cleanup EXIT
cp "${ECHOTIMED:?}" "$DAEMON"
{
	[ "$(id -u)" != 0 ] || echo 'user = "65534"; group = "65534";'
	echo 'control = { path = ""; };'
	echo 'listeners = ( { service = "echo"; transport = "tcp"; address = "127.0.0.1"; port = 0; } );'
} >"$CONF"

fail() {
	echo "FAIL: $1"
	cat "$work/log"
	exit 1
}
# serves N: the daemon has been ready N times.
serves() {
	tries=0
	until [ "$(grep -c '^notice ready' "$work/log" 2>/dev/null)" = "$1" ]; do
		tries=$((tries + 1))
		[ $tries -lt 300 ] || fail "it was not ready $1 times"
		sleep 0.1
	done
}

! sh "$script" status || fail 'it runs before the start'
sh "$script" start
serves 1
sh "$script" status || fail 'it does not run'
sh "$script" start || fail 'a second start fails'
cp "$CONF" "$work/good"
echo 'nonsense' >>"$CONF"
! sh "$script" restart 2>/dev/null || fail 'a restart with wrong settings is not refused'
sh "$script" status || fail 'it was stopped for settings that are wrong'
cp "$work/good" "$CONF"
sh "$script" restart || fail 'restart fails'
serves 2
sh "$script" stop || fail 'stop fails'
! sh "$script" status || fail 'it runs after the stop'
[ ! -e "$PIDFILE" ] || fail 'the file with its number is left'

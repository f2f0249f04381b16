#!/bin/sh
# SPDX-License-Identifier: MIT
# What a newcomer does first, on machines that have nothing: `./bootstrap run`, `check` and `deb` in minimal roots of Debian's
# releases, from a clean clone (as root, with a network).
#
#   bare.sh RELEASE/CASE...      RELEASE: bookworm, trixie, ...; CASE:
#                                run     it serves, and answers a client
#                                check   all tests, as root
#                                user    all tests, as an ordinary user, who is told what to have installed
#                                deb     the Debian package
#                                root    nothing: the root alone is made (build/bare/RELEASE.tar)
#
# Says how many packages a case installed. Roots and logs stay in build/bare; a release is downloaded once. Ends with 77 where
# the mirror cannot be reached.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
work=$top/build/bare
mirror=${BARE_MIRROR:-http://deb.debian.org/debian}
mkdir -p "$work"

# The release as debootstrap makes it, once.
fetch() {
	[ ! -e "$work/$1.tar" ] || return 0
	rm -rf "$work/$1.new"
	if ! debootstrap --variant=minbase "$1" "$work/$1.new" "$mirror" >"$work/$1.log" 2>&1; then
		echo "$1: not run: $mirror does not give it ($work/$1.log)"
		exit 77
	fi
	tar -C "$work/$1.new" -cf "$work/$1.tar.new" .
	rm -rf "$work/$1.new"
	mv "$work/$1.tar.new" "$work/$1.tar"
}

# inside ROOT SCRIPT: as root of a machine whose files are ROOT, with processes and mounts of its own, that end with it.
inside() {
	unshare -m -p -f --kill-child sh -eu -c '
		root=$1
		mount --make-rprivate /
		mount --bind "$root" "$root"
		mount -t proc proc "$root/proc"
		mount -t sysfs -o ro sysfs "$root/sys"
		mount --rbind /dev "$root/dev"
		mount -t tmpfs tmpfs "$root/run"
		mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
		cp /etc/resolv.conf "$root/etc/resolv.conf"
		exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 sh -eu -c "$2"
	' sh "$1" "cd /srv/echotimed; export DEBIAN_FRONTEND=noninteractive; $2"
}

case_run='
	./bootstrap run >/srv/run.log 2>&1 &
	pid=$!
	until grep -q "notice ready" /srv/run.log; do
		kill -0 $pid || { cat /srv/run.log; exit 1; }
		sleep 1
	done
	cat /srv/run.log
	[ "$(echo hello | ncat 127.0.0.1 10007)" = hello ]
	kill $pid
	wait $pid
'
case_check='./bootstrap check'
case_user='
	useradd -m somebody
	chown -R somebody: /srv/echotimed
	as_somebody() { setpriv --reuid=somebody --regid=somebody --init-groups env HOME=/home/somebody "$@"; }
	apt-get -qq update
	! as_somebody ./bootstrap check >/srv/told 2>&1
	cat /srv/told
	install=$(sed -n "s/^As root: *apt-get install //p" /srv/told)
	apt-get -qq install -y --no-install-recommends $install
	as_somebody ./bootstrap check
'
case_deb='./bootstrap deb'

installed() {
	find "$1/var/lib/dpkg/info" -name '*.list' | wc -l
}

try() {
	root=$work/root
	log=$work/$1-$2.log
	began=$(date +%s)
	fetch "$1"
	[ "$2" != root ] || return 0
	rm -rf --one-file-system "$root"
	mkdir "$root"
	tar -C "$root" -xf "$work/$1.tar"
	git clone -q "$top" "$root/srv/echotimed"
	before=$(installed "$root")
	eval "script=\$case_$2"
	status=0
	inside "$root" "$script" >"$log" 2>&1 </dev/null || status=$?
	results=$(sed -n 's/^# \(TOTAL\|PASS\|SKIP\|FAIL\|ERROR\): */\1 /p' "$log" | tr '\n' ' ')
	printf '%-9s %-6s %s %s%d packages more than %d, %d s\n' "$1" "$2" "$([ $status = 0 ] && echo ok || echo FAILED)" \
		"$results" $(($(installed "$root") - before)) "$before" $(($(date +%s) - began))
	[ $status = 0 ] || {
		grep -aE '^(FAIL|ERROR): ' "$log" | sort -u || true
		tail -n 40 "$log"
		exit 1
	}
	rm -rf --one-file-system "$root"
}

for each; do
	try "${each%/*}" "${each#*/}"
done

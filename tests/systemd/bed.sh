#!/bin/sh
# SPDX-License-Identifier: MIT
# A test bed: this machine's own systemd, booted as process 1 of a container over a throw-away copy of this machine's files.
#
#   bed.sh hold NAME TREE...     boots, says the pid of its process 1, ends with its standard input
#   bed.sh run NAME COMMAND...   runs a command inside, as a unit of its own, and ends with its status
#
# A TREE is what `make install DESTDIR=TREE` made; it is copied over the files. Nothing is downloaded, nothing of this
# machine changes, and it takes half a second. Inside, /tmp and /run are empty and there is a network of its own, without
# cables. Needs root, systemd-nspawn and overlayfs. In one terminal, then in another, to look around:
#
#   make check-systemd && sudo tests/systemd/bed.sh hold try build/tests/systemd/installed
#   sudo tests/systemd/bed.sh run try systemctl list-sockets
set -eu

usage() {
	sed -n 's/^#  *\(bed\.sh .*\)/\1/p' "$0" >&2
	exit 64
}

[ $# -ge 2 ] || usage
verb=$1 bed=$2
shift 2
state=/run/echotimed-bed-$bed
cgroups=/sys/fs/cgroup
[ ! -d $cgroups/unified ] || cgroups=$cgroups/unified
cgroup=$cgroups/echotimed-bed-$bed

# Becomes the container. The mounts are seen by nobody else: a pure cgroup2, also where this machine mixes it with the old
# one; the copy of the files, whose changes stay in memory.
container() {
	echo $$ >"$cgroup/cgroup.procs"
	umount -R /sys/fs/cgroup
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
	mkdir -p /run/systemd/nspawn
	mount -t tmpfs -o mode=755 tmpfs /run/systemd/nspawn
	mount -t tmpfs -o mode=755 tmpfs "$state"
	root=$state/root
	mkdir "$root" "$state/upper" "$state/work"
	mount -t overlay -o "lowerdir=/,upperdir=$state/upper,workdir=$state/work" overlay "$root"

	rm -f "$root/etc/machine-id"
	systemd-id128 new >"$root/etc/machine-id"
	# Services of this machine are not started: the bed's own target wants the basis and D-Bus (for systemd-run).
	printf '%s\n' '[Unit]' Requires=basic.target After=basic.target Wants=dbus.service >"$root/etc/systemd/system/bed.target"
	rm -rf "$root"/etc/systemd/system/*.target.wants "$root"/etc/systemd/system/echotimed*
	for tree; do
		tar -C "$tree" -c . | tar -C "$root" -x --no-same-owner --keep-directory-symlink
	done
	systemd-sysusers --root="$root" >&2

	# CAP_BPF and bpf(2): without them IPAddressDeny= is left out in silence. adjtimex(2), to look; CAP_SYS_TIME, to set
	# the clock, is not given. Landlock, which an older systemd-nspawn does not know.
	exec systemd-nspawn --quiet --directory="$root" --machine="echotimed-bed-$bed" --register=no --keep-unit \
		--private-network --link-journal=no --resolv-conf=off --timezone=off --console=read-only \
		--capability=CAP_BPF,CAP_PERFMON --system-call-filter="bpf adjtimex clock_adjtime" \
		--system-call-filter="landlock_add_rule landlock_create_ruleset landlock_restrict_self" \
		--boot systemd.unit=bed.target systemd.show_status=0
}

# The bed's process 1: the only child of systemd-nspawn, while there is one.
leader() {
	read -r pid _ <"/proc/$keeper/task/$keeper/children" || [ "$pid" ] || return 1
	echo "$pid"
}

# For the tools that talk to the bed's process 1, and no others: what enters so keeps this machine's capabilities.
inside() {
	nsenter --target "$(cat "$state.pid")" --all -- "$@"
}

wait_until_up() {
	tries=0
	until leader >"$state.pid" 2>/dev/null && inside systemctl is-system-running 2>/dev/null | grep -qE 'running|degraded'; do
		tries=$((tries + 1))
		if [ $tries = 1000 ] || ! kill -0 "$keeper" 2>/dev/null; then
			echo "bed $bed did not come up" >&2
			return 1
		fi
		sleep 0.02
	done
}

# An orderly end; by force after 20 s.
end() {
	trap '' INT TERM HUP
	kill "$keeper" 2>/dev/null || :
	tries=0
	while [ -e "/proc/$keeper/exe" ]; do # not there for one that only waits to be reaped
		tries=$((tries + 1))
		[ $tries != 1000 ] || kill -9 "$(cat "$state.pid")" "$keeper"
		sleep 0.02
	done
	find "$cgroup" -depth -type d -exec rmdir {} + || :
	rm -rf "$state.pid" "$state"
}

case $verb in
container)
	container "$@"
	;;
hold)
	mkdir "$state"
	mkdir -p "$cgroup" # one of an earlier bed may be left, with nobody in it
	unshare --mount --propagation private "$0" container "$bed" "$@" </dev/null >&2 &
	keeper=$!
	trap end EXIT
	trap 'exit 1' INT TERM HUP
	wait_until_up
	cat "$state.pid"
	cat >/dev/null
	;;
run)
	inside systemd-run --quiet --pipe --wait --collect -- "$@"
	;;
*)
	usage
	;;
esac

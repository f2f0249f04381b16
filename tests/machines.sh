#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds for a machine of 32 bits, i386, with warnings as errors, and runs the unit tests on this one's processor, seccomp and all.
#
# Its libraries are Debian's, unpacked in build/machines: this machine's apt never hears of the architecture. Ends with 77 where a
# tool is missing or the mirror cannot be reached.
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
work=$top/build/machines
mirror=${MACHINES_MIRROR:-http://deb.debian.org/debian}
release=bookworm
packages=libc6-dev,libcap-ng-dev,libcmocka-dev,libconfig-dev,libgcc-s1,libjansson-dev,libmicrohttpd-dev,libseccomp-dev
packages=$packages,libsodium-dev,libsystemd-dev

# Not in the same address space as itself: test_handover maps what is handed over twice, a gigabyte each. test_probe_offset
# expects each nanosecond, and the x87 rounds otherwise.
beyond='handover probe_offset'

not_run() {
	echo "not run: $*"
	exit 77
}

for tool in mmdebstrap i686-linux-gnu-gcc; do
	command -v $tool >/dev/null || not_run "$tool is missing"
done
root=$work/i386/root
# What is fetched is complete, or it is not there.
if [ ! -d "$root" ]; then
	rm -rf "$root.new"
	mkdir -p "$work/i386"
	mmdebstrap --quiet --variant=extract --architectures=i386 --include="$packages" \
		--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr "$release" "$root.new" "$mirror" >"$root.log" 2>&1 ||
		not_run "$mirror does not give the packages of i386 ($root.log)"
	mv "$root.new" "$root"
fi

libraries=$root/usr/lib/i386-linux-gnu
cd "$work/i386"
[ -x "$top/configure" ] || (cd "$top" && ./bootstrap)
# The old kind of a path to libraries: it holds for those that libraries need, too.
[ -f Makefile ] || PKG_CONFIG_LIBDIR=$libraries/pkgconfig:$root/usr/share/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root \
	"$top/configure" -q --host=i686-linux-gnu --enable-werror CC="i686-linux-gnu-gcc --sysroot=$root" \
	LDFLAGS="-Wl,--disable-new-dtags,-rpath,$libraries,--dynamic-linker=$root/lib/ld-linux.so.2"
make -s -j "$(nproc)" --no-print-directory
# shellcheck disable=SC2086 # a list of words
exec make -s -j "$(nproc)" --no-print-directory VERBOSE=1 check \
	TESTS="\$(filter-out $(printf 'tests/unit/test_%s ' $beyond),\$(UNIT_TESTS))"

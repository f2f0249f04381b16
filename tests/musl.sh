#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds everything with musl, in build/musl, and runs the unit tests and those system tests that a static program can fail in its
# own way. Debian has no libraries for musl: they are built from Debian's sources, once, into build/musl/libraries.
#
#   musl.sh              needs musl-tools, gperf, autoconf, automake, libtool and a mirror of Debian; ends with 77 without
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
work=$top/build/musl
root=$work/libraries
mirror=${MUSL_MIRROR:-http://deb.debian.org/debian}
release=bookworm
tests='commands daytime echo_datagram echo_stream hostname inetd notify reload_names safety static unix upgrade'

not_run() {
	echo "not run: $*"
	exit 77
}

for tool in musl-gcc gperf autoreconf libtoolize apt-get dpkg-source; do
	command -v $tool >/dev/null || not_run "$tool is missing"
done

# Sources by lists of packages of our own: this machine's stay as they are.
fetch() {
	mkdir -p "$work/apt/lists/partial" "$work/sources"
	echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $release main" >"$work/apt/sources.list"
	set -- -qq -o APT::Sandbox::User=root -o Dir::Etc::SourceList="$work/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State::Lists="$work/apt/lists" -o Dir::Cache="$work/apt" "$@"
	(cd "$work/sources" && apt-get "$@" update && apt-get "$@" source --download-only \
		cmocka jansson libcap-ng libconfig libseccomp libsodium) || not_run "$mirror does not give the libraries' sources"
	for dsc in "$work"/sources/*.dsc; do
		dpkg-source --no-check -x "$dsc" "$work/sources/$(basename "$dsc" | sed 's/_.*//')" >/dev/null
	done
}

# library NAME WORD...: with the configure that it has, or makes.
library() {
	echo "library $1"
	(
		cd "$work/sources/$1"
		shift
		[ -x configure ] || autoreconf -fi >/dev/null 2>&1
		CC=musl-gcc CFLAGS="-O2 -g -isystem $root/include" \
			./configure -q --prefix="$root" --enable-static --disable-shared "$@" &&
			make -s -j "$(nproc)" MAKEINFO=true install
	) >"$work/$1.log" 2>&1 || {
		tail -n 20 "$work/$1.log"
		exit 1
	}
}

# Of cmocka, whose build wants CMake, one file is all there is.
cmocka() {
	musl-gcc -O2 -g -DHAVE_SIGNAL_H -DHAVE_STRINGS_H -DHAVE_MALLOC_H -DHAVE_CLOCK_REALTIME -DHAVE_STRUCT_TIMESPEC \
		-DHAVE_INTTYPES_H -DHAVE_STRSIGNAL -DHAVE_SIGLONGJMP -DHAVE_GCC_THREAD_LOCAL_STORAGE \
		-I"$work/sources/cmocka/include" -c "$work/sources/cmocka/src/cmocka.c" -o "$work/cmocka.o"
	ar cr "$root/lib/libcmocka.a" "$work/cmocka.o"
	cp "$work"/sources/cmocka/include/cmocka*.h "$root/include/"
	printf 'Name: cmocka\nDescription: unit tests\nVersion: 1.1\nLibs: -L%s -lcmocka\nCflags: -I%s\n' "$root/lib" \
		"$root/include" >"$root/lib/pkgconfig/cmocka.pc"
}

if ! [ -e "$work/libraries.whole" ]; then
	rm -rf "$work"
	mkdir -p "$root/include"
	fetch
	# The kernel's headers, which musl leaves to others.
	ln -s /usr/include/linux /usr/include/asm-generic "$root/include/"
	ln -s "/usr/include/$(gcc -print-multiarch)/asm" "$root/include/"
	library libcap-ng --without-python --without-python3
	library libconfig --disable-cxx
	library jansson
	library libseccomp
	library libsodium
	cmocka
	touch "$work/libraries.whole"
fi

cd "$work"
[ -x "$top/configure" ] || (cd "$top" && ./bootstrap)
[ -f Makefile ] || PKG_CONFIG_LIBDIR=$root/lib/pkgconfig "$top/configure" -q --host="$(uname -m)-linux-musl" --enable-werror \
	--enable-static-program CC=musl-gcc CFLAGS="-O2 -g -isystem $root/include"
make -s -j "$(nproc)" --no-print-directory
ls -l echotimed echoprobe echotimectl
# shellcheck disable=SC2086,SC2046 # lists of words
exec make -s -j $((3 * $(nproc))) --no-print-directory VERBOSE=1 check \
	TESTS="\$(UNIT_TESTS) $(printf 'tests/system/test_%s.py ' $tests)"

#!/bin/sh
# SPDX-License-Identifier: MIT
# A manual has every option that its program's -h prints and no other, and every exit code of the sources and no other (but
# 0 and 1, which have no names there).
set -eu
: "${top_srcdir:?}" "${top_builddir:?}" "${ECHOTIMED:?}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# compare_options PROGRAM MANUAL
compare_options() {
	"$1" -h >"$work/help"
	grep -oE '(^|[ ,[(|])--?[A-Za-z][a-z-]*' "$work/help" | grep -oE -- '-.*' | sort -u >"$work/has"
	sed -n 's/^\.It \(Fl .*\)/\1/p' "$2" | grep -oE '(Fl )+[A-Za-z][a-z-]*' | sed -e 's/^Fl Fl /--/' -e 's/^Fl /-/' |
		sort -u >"$work/says"
	diff "$work/has" "$work/says" || {
		echo "options: < ${1##*/} -h, > ${2##*/}"
		exit 1
	}
}

# compare PROGRAM MANUAL SOURCES
compare() {
	compare_options "$1" "$2"
	grep -rohE "\bEX_[A-Z]+\b" --include="*.c" "$3" | sort -u | while read -r name; do
		printf '#include <sysexits.h>\n%s\n' "$name" | ${CC:-cc} -E -P - | tail -n 1
	done | sort -u >"$work/has"
	sed -n 's/^\.It \([0-9][0-9]*\)$/\1/p' "$2" | grep -vxE '0|1' | sort -u >"$work/says"
	diff "$work/has" "$work/says" || {
		echo "exit codes: < the sources, > ${2##*/}"
		exit 1
	}
}

compare "$ECHOTIMED" "$top_srcdir/daemon/echotimed.8" "$top_srcdir/daemon"
compare "$top_builddir/echotimectl" "$top_srcdir/clients/echotimectl/echotimectl.8" "$top_srcdir/clients/echotimectl"
# Its exit codes have no names of <sysexits.h>: tests/system/test_probe_echo.py holds them.
compare_options "$top_builddir/echoprobe" "$top_srcdir/clients/echoprobe/echoprobe.1"

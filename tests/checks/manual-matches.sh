#!/bin/sh
# SPDX-License-Identifier: MIT
# echotimed(8) has every option that `echotimed -h` prints and no other, and every exit code of the sources and no other.
set -eu
manual=${top_srcdir:?}/daemon/echotimed.8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"${ECHOTIMED:?}" -h >"$work/help"
grep -oE '(^|[ ,[(|])--?[A-Za-z][a-z-]*' "$work/help" | grep -oE -- '-.*' | sort -u >"$work/has"
sed -n 's/^\.It \(Fl .*\)/\1/p' "$manual" | grep -oE '(Fl )+[A-Za-z][a-z]*' | sed -e 's/^Fl Fl /--/' -e 's/^Fl /-/' |
	sort -u >"$work/says"
diff "$work/has" "$work/says" || {
	echo 'options: < echotimed -h, > echotimed.8'
	exit 1
}

grep -rohE "\bEX_[A-Z]+\b" --include="*.c" "$top_srcdir/daemon" | sort -u | while read -r name; do
	printf '#include <sysexits.h>\n%s\n' "$name" | ${CC:-cc} -E -P - | tail -n 1
done | sort -u >"$work/has"
sed -n 's/^\.It \([0-9][0-9]*\)$/\1/p' "$manual" | grep -vx 0 | sort -u >"$work/says"
diff "$work/has" "$work/says" || {
	echo 'exit codes: < the sources, > echotimed.8'
	exit 1
}

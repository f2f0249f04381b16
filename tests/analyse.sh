#!/bin/sh
# SPDX-License-Identifier: MIT
# analyse.sh FLAG...: gcc's and clang's static analyzers (-fanalyzer, and that of scan-build) over daemon/ and clients/, with the
# preprocessor's flags of the build. Fails where one finds anything.
set -eu
: "${top_srcdir:?}"

for tool in gcc clang; do
	command -v "$tool" >/dev/null || { echo "$tool is missing"; exit 1; }
done
# -Wno-analyzer-malloc-leak: gcc 12 loses each pointer that is put into a structure or array which it knows by a pointer alone.
# "Potential leak": clang 14 does not know the attribute by which a local frees itself (base/cleanup.h).
# What leaks check-san finds.
# shellcheck disable=SC2016 # the inner shell's
one='file=$1
shift
gcc -fanalyzer -Wno-analyzer-malloc-leak -O0 -S -o /dev/null "$@" "$file" 2>&1
clang --analyze --analyzer-output text "$@" "$file" 2>&1
:'
found=$(find "$top_srcdir/daemon" "$top_srcdir/clients" -name '*.c' -print0 |
	xargs -0 -P "$(nproc)" -I{} sh -c "$one" one {} "$@" |
	grep -E ': (warning|error|fatal error): ' | grep -v 'Potential leak of memory' | sort -u) || :
[ ! "$found" ] || { echo "$found"; exit 1; }

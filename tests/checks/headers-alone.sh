#!/bin/sh
# SPDX-License-Identifier: MIT
# Each header compiles alone, and twice.
set -eu
cd "${top_srcdir:-.}"
for header in $(cd daemon && ls */*.h) $(cd clients && ls */*.h); do
	printf '#include "%s"\n#include "%s"\n' "$header" "$header" |
		${CC:-cc} -std=gnu17 -D_GNU_SOURCE -Idaemon -Iclients -I"${top_builddir:-.}" -Wall -Wextra -Werror -fsyntax-only -x c - || {
		echo "$header does not compile alone"
		exit 1
	}
done

#!/bin/sh
# SPDX-License-Identifier: MIT
# Each header compiles alone, and twice.
set -eu
cd "${top_srcdir:-.}"
for header in $(cd daemon && ls */*.h) $(cd clients && ls */*.h); do
	printf '#include "%s"\n#include "%s"\n' "$header" "$header" |
		${CC:-cc} -std=gnu17 -include "${top_builddir:?}/config.h" -Idaemon -Iclients -Wall -Wextra -Werror -fsyntax-only -x c - || {
		echo "$header does not compile alone"
		exit 1
	}
done

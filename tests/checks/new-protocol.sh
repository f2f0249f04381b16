#!/bin/sh
# SPDX-License-Identifier: MIT
# HACKING.md's example of a new protocol is true: it applies to this tree, compiles without a warning and passes its test.
set -eu
top=${top_srcdir:?}
patch=$top/tests/checks/new-protocol.patch

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
mkdir "$copy/tests"
cp -R "$top/daemon" "$copy/daemon"
cp -R "$top/tests/unit" "$copy/tests/unit"
chmod -R u+w "$copy"

patch --directory="$copy" --strip=1 --forward --fuzz=0 <"$patch"
"$top/tests/checks/layers.py" "$copy"
cd "$copy"
# shellcheck disable=SC2086 # lists of flags
${CC:-cc} -std=gnu17 -include "${top_builddir:?}/config.h" -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror \
	-Idaemon ${CMOCKA_CFLAGS-} -o test_peer tests/unit/test_peer.c daemon/base/*.c daemon/wire/*.c daemon/service/*.c \
	${LIBSECCOMP_LIBS-} ${LIBSODIUM_LIBS-} ${CMOCKA_LIBS--lcmocka}
./test_peer

# shellcheck disable=SC2016 # backquotes that are meant
if ! sed -n '/^```diff$/,/^```$/p' "$top/HACKING.md" | sed '1d;$d' | cmp - "$patch"; then
	echo 'HACKING.md shows another patch than tests/checks/new-protocol.patch'
	exit 1
fi

#!/bin/sh
# SPDX-License-Identifier: MIT
# Each example of settings says in its first line what it is for, has nothing that `echotimed -t` would say a word about,
# would listen somewhere, and is installed.
set -eu
: "${top_srcdir:?}" "${ECHOTIMED:?}"

status=0
wrong() {
	echo "$@"
	status=1
}

for file in "$top_srcdir"/conf/examples/*.conf "$top_srcdir"/conf/examples/conf.d/*.conf "$top_srcdir"/conf/examples/fleet/*; do
	name=${file#"$top_srcdir"/conf/}
	grep -v '^#!' "$file" | head -n 1 | grep -Eq '^# [A-Z].{20,}[.:,;]' || wrong "$name: no sentence about its purpose first"
	grep -qF "%D%/$name" "$top_srcdir/conf/Makefile.inc" || wrong "$name: not in conf/Makefile.inc"
done
members=$top_srcdir/conf/examples/fleet/echotimed.conf # who is ready is told by metrics
"$ECHOTIMED" -V | grep -q '^metrics: yes' || members=
for file in "$top_srcdir"/conf/examples/*.conf ${members:+"$members"}; do
	# Not of a user of this machine, which the test may run without.
	said=$("$ECHOTIMED" -t -c "$file" -o user=65534 -o group= 2>&1) || wrong "$file: $said"
	echo "$said" | grep -q '^[a-z].*/' || wrong "$file: nothing would listen: $said"
	said=$("$ECHOTIMED" -t -c "$file" -o user=65534 -o group= 2>&1 >/dev/null) || :
	[ ! "$said" ] || wrong "$file: $said"
done
exit $status

#!/bin/sh
# SPDX-License-Identifier: MIT
# A line of settings.def whose field has another type than its kind fills, or whose bounds do not fit it, does not compile.
set -eu
settings=${top_srcdir:?}/daemon/settings
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/settings"

# compiles WORDS OTHERS: settings.def with OTHERS in the place of WORDS, which must be there.
compiles() {
	grep -qF "$1" "$settings/settings.def" || {
		echo "settings.def has no '$1' any more"
		exit 1
	}
	sed "s/$1/$2/" "$settings/settings.def" >"$work/settings/settings.def"
	${CC:-cc} -std=gnu17 -include "${top_builddir:?}/config.h" -I"$work" -I"$top_srcdir/daemon" -fsyntax-only "$settings/schema.c" 2>"$work/errors"
}

compiles 'DURATION, drain_timeout_ns' 'DURATION, drain_timeout_ns' || {
	cat "$work/errors"
	exit 1
}
while IFS='|' read -r is becomes; do
	if compiles "$is" "$becomes"; then
		echo "a line with '$becomes' in the place of '$is' compiles"
		exit 1
	fi
	grep -q 'settings.def: ' "$work/errors" || {
		cat "$work/errors"
		exit 1
	}
done <<EOF
DURATION, drain_timeout_ns|INTEGER, drain_timeout_ns
INTEGER, port_offset|DURATION, port_offset
LOG_LEVEL, log.level|LOG_FORMAT, log.level
BOOL, log.sessions|INTEGER8, log.sessions
USER, user|TEXT, user
ALLOW, admission.acl.allow|NAMES, admission.acl.allow
"32", 1, 32|"32", 1, 256
"2", 1, 32|"2", 33, 32
EOF

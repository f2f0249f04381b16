#!/bin/sh
# SPDX-License-Identifier: MIT
# The units as built: `systemd-analyze verify` finds nothing, and their exposure by `systemd-analyze security` stays within
# what SECURITY.md promises, alone and with the drop-ins.
set -eu
: "${top_srcdir:?}" "${top_builddir:?}" "${ECHOTIMED:?}"

skip() {
	echo "skipped: $*"
	exit 77
}

version=$(systemd-analyze --version 2>/dev/null | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
[ "${version:-0}" -ge 252 ] || skip 'needs systemd-analyze 252 or newer (Debian: systemd)'
[ -f "$top_builddir/systemd/echotimed.service" ] || skip 'configured without units'

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
units=$work/units
mkdir "$units"
cp "$top_srcdir"/systemd/*.socket "$top_srcdir"/systemd/examples/*.socket "$units"
# The program is not where it will be installed.
for unit in "$top_builddir"/systemd/*.service; do
	sed -e "s|^\(Exec[A-Za-z]*=\)[^ ]*/echotimed |\1$ECHOTIMED |" \
		-e "s|^\(Exec[A-Za-z]*=\)[^ ]*/echotimectl |\1$top_builddir/echotimectl |" "$unit" >"$units/${unit##*/}"
done
ln -s echotimed@.service "$units/echotimed-echo-inetd@.service"

status=0
for unit in "$units"/*; do
	said=$(systemd-analyze verify --man=no --recursive-errors=no "$unit" 2>&1) || status=1
	[ -z "$said" ] || {
		echo "$said"
		status=1
	}
done

# expect HIGHEST UNIT DROP-IN...: in tenths.
expect() {
	highest=$1 unit=$2
	shift 2
	rm -rf "$work/scored"
	mkdir -p "$work/scored/$unit.d"
	cp "$units/$unit" "$work/scored"
	for dropin; do
		cp "$(find "$top_srcdir/systemd/examples" "$top_builddir/systemd/examples" -name "$dropin.conf")" "$work/scored/$unit.d"
	done
	if systemd-analyze security --offline=yes --no-pager --threshold="$highest" "$work/scored/$unit" >"$work/table" 2>&1; then
		verdict=ok
	else
		verdict="too high: at most $((highest / 10)).$((highest % 10))"
		status=1
		grep -v '✓' "$work/table"
	fi
	echo "$unit${1:+ with} $*: $(sed -n 's/.*exposure level for [^:]*: \([0-9.]*\).*/\1/p' "$work/table") ($verdict)"
}

expect 14 echotimed.service
expect 11 echotimed.service noclock
expect 5 echotimed.service isolated
expect 3 echotimed.service isolated noclock
expect 14 echotimed.service dynamic
expect 3 echotimed@.service
exit $status

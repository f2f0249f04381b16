#!/bin/sh
# SPDX-License-Identifier: MIT
# Each library that configure asks for by its Debian package is installed by bootstrap and is in the Debian package's
# Build-Depends.
set -eu
: "${top_srcdir:?}"

packages=$(grep -o '\[[a-z0-9.+-]*-dev\]' "$top_srcdir/configure.ac" | tr -d '[]' | sort -u)
[ "$packages" ] || { echo 'configure.ac names no package: this check reads it wrong'; exit 1; }
status=0
for package in $packages; do
	for file in bootstrap packaging/debian/control; do
		grep -qw -e "$package" "$top_srcdir/$file" || { echo "$file lacks $package, which configure.ac asks for"; status=1; }
	done
done
exit $status

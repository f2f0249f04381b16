#!/bin/sh
# SPDX-License-Identifier: MIT
# A packaged server for the tests to talk to, unpacked and not installed: on a machine of somebody's it would be started at boot.
#
#   unpack.sh FOLDER PACKAGE...      each with what it needs and this machine lacks, in FOLDER/PACKAGE
set -eu

folder=$1
shift
for package; do
	[ ! -e "$folder/$package" ] || continue
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	needed=$(apt-get -s -q --no-install-recommends install "$package" | sed -n 's/^Inst \([^ ]*\) .*/\1/p')
	# Installed already: a copy all the same, so that there is one place to look.
	(cd "$work" && apt-get -q download ${needed:-$package} >/dev/null 2>&1) || {
		echo "unpack.sh: $package cannot be downloaded: what needs it is not tested" >&2
		continue
	}
	mkdir -p "$folder/$package.new"
	for deb in "$work"/*.deb; do
		dpkg-deb -x "$deb" "$folder/$package.new"
	done
	mv "$folder/$package.new" "$folder/$package"
done

#!/bin/sh
# SPDX-License-Identifier: MIT
# A release tarball to Debian packages, with dpkg-buildpackage.
#
#   build-deb.sh TARBALL FOLDER      as `make deb` calls it; FOLDER is made, or emptied of earlier packages
#
# Needs what packaging/debian/control lists under Build-Depends. The tests run as a part of it, but with nocheck in DEB_BUILD_OPTIONS and DEB_BUILD_PROFILES.
set -eu

die() {
	echo "build-deb: $*" >&2
	exit 1
}

[ $# = 2 ] || die 'usage: build-deb.sh TARBALL FOLDER'
debian=$(cd "$(dirname "$0")" && pwd)/debian
tarball=$(realpath "$1")
folder=$(realpath -m "$2")
for tool in dpkg-buildpackage dh; do
	command -v $tool >/dev/null || die "$tool is missing: apt-get build-dep $(dirname "$debian")"
done

version=$(basename "$tarball" .tar.xz)
version=${version#echotimed-}
packaged=$(dpkg-parsechangelog -l "$debian/changelog" -S Version)
[ "${packaged%-*}" = "$version" ] || die "the tarball is version $version, packaging/debian/changelog says $packaged"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
cp "$tarball" "$work/echotimed_$version.orig.tar.xz"
tar -C "$work" -xf "$tarball"
cp -R "$debian" "$work/echotimed-$version/debian"
# They are in the source package, which is the same under any umask.
chmod -R u=rwX,go=rX "$work/echotimed-$version/debian"
(cd "$work/echotimed-$version" && dpkg-buildpackage --unsigned-source --unsigned-changes)

mkdir -p "$folder"
rm -f "$folder"/echotimed_* "$folder"/echotimed-dbgsym_* "$folder"/echoprobe_* "$folder"/echoprobe-dbgsym_*
mv "$work"/echotimed*_* "$work"/echoprobe*_* "$folder"

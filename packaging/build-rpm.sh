#!/bin/sh
# SPDX-License-Identifier: MIT
# A release tarball to RPM packages, with rpmbuild.
#
#   build-rpm.sh TARBALL FOLDER      as `make rpm` calls it; FOLDER is made, or emptied of earlier packages
#
# Needs what packaging/rpm/echotimed.spec lists under BuildRequires, on a system of RPM packages by their names. RPM_OPTIONS has
# more words for rpmbuild: `--without check` leaves the tests out.
set -eu

die() {
	echo "build-rpm: $*" >&2
	exit 1
}

[ $# = 2 ] || die 'usage: build-rpm.sh TARBALL FOLDER'
spec=$(cd "$(dirname "$0")" && pwd)/rpm/echotimed.spec
tarball=$(realpath "$1")
folder=$(realpath -m "$2")
command -v rpmbuild >/dev/null || die 'rpmbuild is missing: install rpm-build (Fedora) or rpm (Debian)'
version=$(basename "$tarball" .tar.xz)
version=${version#echotimed-}
grep -q "^Version: *$version\$" "$spec" || die "the tarball is version $version, packaging/rpm/echotimed.spec is another's"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
# On a system of other packages the libraries have other names (configure says which is missing), and rpmbuild's
# own scripts neither strip programs nor, with Debian's sh, compress manuals.
if [ ! -e /etc/redhat-release ] && [ ! -e /etc/SUSE-brand ]; then
	set -- --nodeps --define "__os_install_post strip %{buildroot}%{_bindir}/* %{buildroot}%{_sbindir}/*; bash /usr/lib/rpm/brp-compress"
else
	set --
fi
# shellcheck disable=SC2086 # a list of words
rpmbuild -ba --define "_topdir $work" --define "_sourcedir $(dirname "$tarball")" "$@" ${RPM_OPTIONS-} "$spec"

mkdir -p "$folder"
rm -f "$folder"/*.rpm
find "$work/RPMS" "$work/SRPMS" -name '*.rpm' -exec mv {} "$folder" \;

#!/bin/sh
# SPDX-License-Identifier: MIT
# A release of the commit that is checked out: the tarball, made in two clones and compared, its SBOM (SPDX 2.3) and the checksums
# of both. Nothing is published.
#
#   release.sh [--dry-run] [--no-distcheck] [--key KEY] [FOLDER]
#
#   --dry-run        the same of a commit that has no tag yet and is not released by NEWS.md; nothing is signed
#   --no-distcheck   without `make distcheck`, which runs the whole suite
#   --key KEY        signs the checksums by that key of GnuPG's
#   FOLDER           where all goes, build/release if not said
#
# Refuses a tree that has changes, and a version that the tag or a file says otherwise than configure.ac.
set -eu

die() {
	echo "release: $*" >&2
	exit 1
}

usage() {
	echo 'usage: release.sh [--dry-run] [--no-distcheck] [--key KEY] [FOLDER]' >&2
	exit 64
}

top=$(cd "$(dirname "$0")/.." && pwd)
dry_run='' distcheck=yes key='' folder=$top/build/release
while [ $# != 0 ]; do
	case $1 in
	--dry-run) dry_run=yes ;;
	--no-distcheck) distcheck='' ;;
	--key)
		[ $# -ge 2 ] || usage
		key=$2
		shift
		;;
	-*) usage ;;
	*)
		[ $# = 1 ] || usage
		folder=$1
		;;
	esac
	shift
done
folder=$(realpath -m "$folder")
for tool in git pkg-config sha256sum; do
	command -v $tool >/dev/null || die "$tool is missing"
done
# Clones are asked, whatever a hook that runs this is told of its own; the time is the commit's.
# shellcheck disable=SC2046 # a list of words
unset $(git rev-parse --local-env-vars) SOURCE_DATE_EPOCH

# ---- one version, of one commit ----

# agree FILE WHAT VERSION
agree() {
	[ "$3" = "$version" ] || die "$1: $2 ${3:-nothing}, configure.ac says $version"
}

cd "$top"
commit=$(git rev-parse --verify HEAD) || die "$top is no clone"
changes=$(git status --porcelain)
[ -z "$changes" ] || die "the tree has changes: $changes"

version=$(sed -n 's/^AC_INIT(\[echotimed\], \[\([^]]*\)\].*/\1/p' configure.ac)
[ "$version" ] || die 'configure.ac: AC_INIT has no version'
heading=$(sed -n 's/^## //p' NEWS.md | head -n 1)
agree NEWS.md 'the first heading is of' "${heading%% *}"
agree packaging/debian/changelog 'the first entry is of' "$(sed -n '1s/^echotimed (\(.*\)-[^-]*) .*/\1/p' packaging/debian/changelog)"
agree packaging/rpm/echotimed.spec 'Version is' "$(sed -n 's/^Version: *//p' packaging/rpm/echotimed.spec)"
for file in packaging/kubernetes/overlays/*/kustomization.yaml; do
	agree "$file" 'newTag is' "$(sed -n 's/^ *newTag: *//p' "$file")"
done
if [ ! "$dry_run" ]; then
	case $heading in
	*' ('[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]')') ;;
	*) die "NEWS.md: the first heading has no date: $heading" ;;
	esac
	tagged=$(git rev-parse -q --verify "refs/tags/v$version^{commit}") || die "there is no tag v$version"
	[ "$tagged" = "$commit" ] || die "the tag v$version is of another commit, $tagged"
fi

# ---- the tarball ----

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
name=echotimed-$version
mkdir "$work/out"

# logged COMMAND...: shows what it said if it fails.
logged() {
	"$@" >"$work/log" 2>&1 || {
		tail -n 40 "$work/log" >&2
		die "$* failed"
	}
}

# configure_clone FOLDER: what configure finds is kept from the first clone for the second.
configure_clone() {
	git clone -q --no-checkout "$top" "$1"
	git -C "$1" checkout -q "$commit"
	mkdir -p "$1/build"
	cd "$1"
	logged ./bootstrap
	cd build
	logged ../configure -q --cache-file="$work/cache"
}

(
	umask 022
	configure_clone "$work/one"
	logged make ${distcheck:+distcheck} ${distcheck:-dist}
)
(
	umask 077
	export TZ=Asia/Kathmandu LC_ALL=C
	configure_clone "$work/another/clone"
	logged make dist
)
tarball=$work/out/$name.tar.xz
mv "$work/one/build/$name.tar.xz" "$tarball"
cmp "$tarball" "$work/another/clone/build/$name.tar.xz" || die "two clones give two tarballs"

# ---- the SBOM: the tarball, and the libraries of this machine that configure found ----

checksum=$(sha256sum <"$tarball")
checksum=${checksum%% *}
libraries=$(sed -n 's/.*NEED_LIBRARY(\[[A-Z]*\], \[[^]]*\], \[\([^] ]*\).*/\1/p' configure.ac)
[ "$libraries" ] || die 'configure.ac: NEED_LIBRARY is not read'

library_packages() {
	for library in $libraries; do
		cat <<END
,
    {
      "name": "$library",
      "SPDXID": "SPDXRef-Package-$library",
      "versionInfo": "$(pkg-config --modversion "$library")",
      "downloadLocation": "NOASSERTION",
      "filesAnalyzed": false,
      "licenseConcluded": "NOASSERTION",
      "licenseDeclared": "NOASSERTION",
      "copyrightText": "NOASSERTION",
      "primaryPackagePurpose": "LIBRARY"
    }
END
	done
}

library_relationships() {
	for library in $libraries; do
		cat <<END
,
    {
      "spdxElementId": "SPDXRef-Package-echotimed",
      "relationshipType": "DEPENDS_ON",
      "relatedSpdxElement": "SPDXRef-Package-$library"
    }
END
	done
}

cat >"$work/out/$name.spdx.json" <<END
{
  "spdxVersion": "SPDX-2.3",
  "dataLicense": "CC0-1.0",
  "SPDXID": "SPDXRef-DOCUMENT",
  "name": "$name",
  "documentNamespace": "https://echotimed.example/spdx/$name-$checksum",
  "creationInfo": {
    "created": "$(TZ=UTC git log -1 --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd)",
    "creators": ["Organization: the echotimed authors", "Tool: release.sh-$version"]
  },
  "packages": [
    {
      "name": "echotimed",
      "SPDXID": "SPDXRef-Package-echotimed",
      "versionInfo": "$version",
      "packageFileName": "$name.tar.xz",
      "supplier": "Organization: the echotimed authors",
      "downloadLocation": "https://echotimed.example/releases/$name.tar.xz",
      "filesAnalyzed": false,
      "checksums": [{"algorithm": "SHA256", "checksumValue": "$checksum"}],
      "licenseConcluded": "MIT",
      "licenseDeclared": "MIT",
      "copyrightText": "$(grep '^Copyright' LICENSE)",
      "primaryPackagePurpose": "SOURCE"
    }$(library_packages)
  ],
  "relationships": [
    {
      "spdxElementId": "SPDXRef-DOCUMENT",
      "relationshipType": "DESCRIBES",
      "relatedSpdxElement": "SPDXRef-Package-echotimed"
    }$(library_relationships)
  ]
}
END

# ---- the checksums, signed ----

cd "$work/out"
sha256sum "$name.tar.xz" "$name.spdx.json" >SHA256SUMS
if [ "$key" ] && [ ! "$dry_run" ]; then
	gpg --armor --detach-sign --local-user "$key" --output SHA256SUMS.asc SHA256SUMS
fi
mkdir -p "$folder"
rm -f "$folder/SHA256SUMS.asc"
mv ./* "$folder"
cat "$folder/SHA256SUMS"

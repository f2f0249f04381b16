#!/bin/sh
# SPDX-License-Identifier: MIT
# The image of packaging/container/Containerfile, built by buildah without a registry: its base is a root of debootstrap's (as
# root, with a network). For tests/container/test_container.py it leaves the image's files in build/container/root, and what
# the image says of itself in build/container/image.json. Ends with 77 where it cannot be built here.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
out=$top/build/container
release=trixie

skip() {
	echo "skipped: $*"
	exit 77
}

[ "$(id -u)" = 0 ] || skip 'needs root (to build an image)'
for program in buildah debootstrap; do
	command -v "$program" >/dev/null || skip "needs $program (./bootstrap packages installs it)"
done
status=0
"$top/tests/bare/bare.sh" "$release/root" || status=$?
[ $status = 0 ] || exit $status

# Mounts of what fails half-way are to end with this script.
[ "${IN_MOUNTS-}" ] || IN_MOUNTS=1 exec unshare -m "$0"
mkdir -p "$out"
rm -rf "$out/run"
in_store() {
	buildah --root "$out/storage" --runroot "$out/run" --storage-driver "$driver" "$@"
}
driver=overlay
first=$(in_store from scratch 2>"$out/overlay.log") || { # on a file system that is an overlay itself
	driver=vfs
	rm -rf "$out/storage" "$out/run"
	first=$(in_store from scratch 2>"$out/vfs.log") || skip "$(tail -n 1 "$out/vfs.log")"
}

# Debian's own images do not wait for the disk at each file either.
base=localhost/echotimed-$release
if ! in_store inspect "$base" >/dev/null 2>&1; then
	in_store add -q "$first" "$top/build/bare/$release.tar" /
	echo force-unsafe-io >"$out/unsafe-io"
	in_store copy -q "$first" "$out/unsafe-io" /etc/dpkg/dpkg.cfg.d/unsafe-io
	in_store commit -q "$first" "$base"
fi
in_store rm "$first" >/dev/null

in_store build --isolation chroot --layers --pull-never --format docker --build-arg BASE="$base" \
	--ignorefile "$top/packaging/container/Containerfile.dockerignore" -f "$top/packaging/container/Containerfile" \
	-t localhost/echotimed "$top" >"$out/build.log" 2>&1 || {
	tail -n 40 "$out/build.log"
	! grep -q 'Failed to fetch\|Could not resolve\|Could not connect' "$out/build.log" || skip 'the mirror cannot be reached'
	exit 1
}
in_store inspect --type image localhost/echotimed >"$out/image.json"
container=$(in_store from localhost/echotimed)
rm -rf "$out/root"
cp -a "$(in_store mount "$container")" "$out/root"
in_store rm "$container" >/dev/null
in_store images localhost/echotimed

#!/bin/sh
# SPDX-License-Identifier: MIT
# `make install` puts every file where the directory variables say, and nothing else; `make uninstall` leaves nothing but a
# settings file that was changed.
set -eu
: "${top_builddir:?}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
wrong() {
	echo "$@"
	status=1
}

make_it() {
	env -u MAKEFLAGS -u MFLAGS -u DESTDIR make -C "$top_builddir" -s "$1" DESTDIR="$work" sbindir=/p/sbin bindir=/p/bin \
		mandir=/p/man docdir=/p/doc datadir=/p/data sysconfdir=/p/etc systemdsystemunitdir=/p/units sysusersdir=/p/users >"$work.log" 2>&1 || {
		cat "$work.log"
		exit 1
	}
	rm -f "$work.log"
}

make_it install
conf=p/etc/echotimed/echotimed.conf
for file in p/sbin/echotimed p/sbin/echotimectl p/bin/echoprobe p/man/man1/echoprobe.1 p/data/bash-completion/completions/echotimectl p/data/bash-completion/completions/echoprobe p/data/fish/vendor_completions.d/echotimed.fish p/data/fish/vendor_completions.d/echotimectl.fish p/data/fish/vendor_completions.d/echoprobe.fish p/data/zsh/site-functions/_echoprobe p/bin/echoping p/man/man1/echoping.1 p/doc/examples/monitoring/grafana.json p/doc/examples/fleet/haproxy.cfg p/data/echotimed/echoprobe.schema.json p/man/man8/echotimectl.8 p/man/man8/echotimed.8 p/man/man5/echotimed.conf.5 p/doc/examples/container.conf $conf; do
	[ -f "$work/$file" ] || wrong "not installed: $file"
done
grep -q '/p/etc/echotimed/echotimed.conf' "$work/p/man/man8/echotimed.8" || wrong 'the manual names another settings file'
other=$(cd "$work" && find . -type f ! -path './p/*')
[ ! "$other" ] || wrong "installed past the directory variables: $other"

# As an update by hand meets it: a settings file that was changed stays as it is.
echo '# mine' >>"$work/$conf"
make_it install
tail -n 1 "$work/$conf" | grep -qx '# mine' || wrong 'another make install replaced the changed settings'
make_it uninstall
left=$(cd "$work" && find . -type f -o -type l)
[ "$left" = "./$conf" ] || wrong "left by make uninstall: $left"

rm "$work/$conf"
make_it install
make_it uninstall
left=$(cd "$work" && find . ! -type d -o -path '*echotimed*' -o -path '*/doc*')
[ ! "$left" ] || wrong "left by make uninstall: $left"
exit $status

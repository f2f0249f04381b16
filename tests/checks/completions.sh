#!/bin/sh
# SPDX-License-Identifier: MIT
# The completions of echoprobe, for bash and for zsh, have every option and every test that its -h prints and no other, and the
# shells take them.
set -eu
: "${top_srcdir:?}" "${top_builddir:?}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
folder=$top_srcdir/clients/echoprobe/completion
status=0

"$top_builddir/echoprobe" -h >"$work/help"
sed -n 's/^  TEST is //p' "$work/help" | sed 's/ *([^)]*)//g' | tr -d ',' | tr ' ' '\n' | sort >"$work/tests"
# Of an option with a long name the long one is offered; the short one by zsh as well.
sed -n 's/^  \(-.*\)$/\1/p; s/^      \(--.*\)$/\1/p' "$work/help" >"$work/rows"
sed -e 's/^-\(.\), --\([a-z-]*\).*/--\2/' -e 's/^\(--*[A-Za-z0-9-]*\).*/\1/' "$work/rows" | sort -u >"$work/long"
sed -e 's/  .*//' "$work/rows" | grep -oE -- '--?[A-Za-z0-9][a-z-]*' | sort -u >"$work/all"

# same WHAT WANTED FOUND
same() {
	diff "$2" "$3" >"$work/diff" || {
		echo "$1: < echoprobe -h, > the completion"
		cat "$work/diff"
		status=1
	}
}

sed -n "/local options=/,/'\$/p" "$folder/echoprobe" | grep -oE -- '--?[A-Za-z0-9][a-z-]*' | sort -u >"$work/found"
same 'bash, options' "$work/long" "$work/found"
sed -n "s/.*local tests='\(.*\)'/\1/p" "$folder/echoprobe" | tr ' ' '\n' | sort >"$work/found"
same 'bash, tests' "$work/tests" "$work/found"
sed -n "s/^\t'\([^:]*\).*/\1/p" "$folder/_echoprobe" | sed -e 's/\[.*//' -e "s/([^)]*)//" | grep -oE -- '--?[A-Za-z0-9][a-z-]*' |
	sort -u >"$work/found"
same 'zsh, options' "$work/all" "$work/found"
sed -n 's/^tests=(\(.*\))/\1/p' "$folder/_echoprobe" | tr ' ' '\n' | sort >"$work/found"
same 'zsh, tests' "$work/tests" "$work/found"

if command -v bash >/dev/null; then
	bash -c '. "$1"; COMP_WORDS=(echoprobe --fo); COMP_CWORD=1; _echoprobe; [ "${COMPREPLY[*]}" = --format ] &&
		COMP_WORDS=(echoprobe host --format j); COMP_CWORD=3; _echoprobe; [ "${COMPREPLY[*]}" = "json jsonl" ]' - \
		"$folder/echoprobe" || {
		echo 'bash does not complete what it should'
		status=1
	}
fi
if command -v zsh >/dev/null; then
	zsh -n "$folder/_echoprobe" || status=1
fi
exit $status

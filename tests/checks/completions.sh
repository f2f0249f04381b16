#!/bin/sh
# SPDX-License-Identifier: MIT
# The completions of echoprobe for bash, zsh and fish, and those of echotimed and echotimectl for fish, have every option, test
# and command that -h prints and no other, and the shells take them.
set -eu
: "${top_srcdir:?}" "${top_builddir:?}" "${ECHOTIMED:?}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
folder=$top_srcdir/clients/echoprobe/completion
status=0

# help PROGRAM: what its -h prints, in $work/help; of that the rows of options, and each option in $work/all.
help() {
	"$1" -h >"$work/help"
	sed -n 's/^  \(-.*\)$/\1/p; s/^      \(--.*\)$/\1/p' "$work/help" >"$work/rows"
	sed -e 's/  .*//' "$work/rows" | grep -oE -- '--?[A-Za-z0-9][a-z-]*' | sort -u >"$work/all"
}

# options_for_fish FILE NAME: each option that a completion for fish has, as it is written.
options_for_fish() {
	sed -n "s/^complete -c $2 //p" "$1" | sed 's/ -d .*//' | grep -oE -- '(^| )-[sl] [^ ]+' |
		sed -e 's/^ *-s /-/' -e 's/^ *-l /--/' | sort -u
}

help "$top_builddir/echoprobe"
sed -n 's/^  TEST is //p' "$work/help" | sed 's/ *([^)]*)//g' | tr -d ',' | tr ' ' '\n' | sort >"$work/tests"
# Of an option with a long name the long one is offered; the short one by zsh and fish as well.
sed -e 's/^-\(.\), --\([a-z-]*\).*/--\2/' -e 's/^\(--*[A-Za-z0-9-]*\).*/\1/' "$work/rows" | sort -u >"$work/long"

# same WHAT WANTED FOUND
same() {
	diff "$2" "$3" >"$work/diff" || {
		echo "$1: < what -h prints, > the completion"
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

# fish_has PROGRAM FOLDER: what the file has; where there is a fish, what that offers.
fish_has() {
	name=${1##*/}
	help "$1"
	options_for_fish "$2/$name.fish" "$name" >"$work/found"
	same "fish, options of $name" "$work/all" "$work/found"
	command -v fish >/dev/null || return 0
	for start in - --; do
		env HOME="$work" XDG_CONFIG_HOME="$work" XDG_DATA_HOME="$work" PATH="${1%/*}:$PATH" fish -c \
			'set -g fish_complete_path $argv[1]; complete -C$argv[2]' -- "$2" "$name $start"
	done | sed 's/\t.*//' | sort -u >"$work/found"
	same "fish, options of $name as fish offers them" "$work/all" "$work/found"
}

fish_has "$ECHOTIMED" "$top_srcdir/daemon/completion"
sed -n 's/^SERVICE(\([a-z]*\),.*/\1/p' "$top_srcdir/daemon/service/services.def" | sort >"$work/services"
sed -n "s/^.*-a '\(echo .*\)'/\1/p" "$top_srcdir/daemon/completion/echotimed.fish" | tr ' ' '\n' | sort >"$work/found"
same 'fish, services of echotimed' "$work/services" "$work/found"

fish_has "$top_builddir/echotimectl" "$top_srcdir/clients/echotimectl/completion"
sed -n 's/^  \([a-z][a-z]*\) .*/\1/p' "$work/help" | sort >"$work/commands"
sed -n "s/.*__echotimectl_at 0' -a \([a-z]*\) .*/\1/p" "$top_srcdir/clients/echotimectl/completion/echotimectl.fish" |
	sort >"$work/found"
same 'fish, commands of echotimectl' "$work/commands" "$work/found"

fish_has "$top_builddir/echoprobe" "$folder"
sed -n 's/^set -l tests //p' "$folder/echoprobe.fish" | tr ' ' '\n' | sort >"$work/found"
same 'fish, tests' "$work/tests" "$work/found"

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

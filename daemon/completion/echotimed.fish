# SPDX-License-Identifier: MIT
# Completion of echotimed for fish: options and what they take.

complete -c echotimed -f
complete -c echotimed -s c -l config -rF -d 'the configuration'
complete -c echotimed -s o -l option -x -d 'one setting over the file\'s, KEY=VALUE'
complete -c echotimed -s t -l test -d 'check everything and say what would listen'
complete -c echotimed -s T -l dump -d 'print the effective settings as a configuration'
complete -c echotimed -l inetd -x -d 'serve the one session on the descriptor passed' \
	-a 'echo discard chargen qotd daytime time hostname tcpmux info stamp'
complete -c echotimed -l import -rF -d 'print settings for what xinetd or an inetd served'
complete -c echotimed -l schema -d 'print what settings there are, as a JSON Schema'
complete -c echotimed -s V -l version -d 'version, and what was compiled in'
complete -c echotimed -s h -l help -d 'all options'

# SPDX-License-Identifier: MIT
# Completion of echotimectl for fish: commands, options, and what the running daemon says it has.

# __echotimectl_at N [COMMAND...]: whether N words that are no options stand before, the first of them one of the commands.
function __echotimectl_at
	set -l n $argv[1]
	set -l commands $argv[2..]
	set -l words (commandline -opc)
	argparse -i 's/socket=' 'w/watch=?' json V/version h/help -- $words[2..] 2>/dev/null
	test (count $argv) -eq $n; or return
	not set -q commands[1]; or contains -- $argv[1] $commands
end

# __echotimectl_ask COMMAND KIND KEY: the value of KEY, the second member of lines of that kind, from the daemon that the words
# so far name.
function __echotimectl_ask --argument-names command kind key
	set -l socket
	set -l words (commandline -opc)
	argparse -i 's/socket=' -- $words[2..] 2>/dev/null; and set -q _flag_socket; and set socket -s $_flag_socket
	command echotimectl $socket --json $command 2>/dev/null |
		string replace -rf '^\{"kind":"'$kind'","'$key'":"([^"]*)".*' '$1'
end

complete -c echotimectl -f
complete -c echotimectl -n '__echotimectl_at 0' -a status -d 'the daemon, its listeners, its processes'
complete -c echotimectl -n '__echotimectl_at 0' -a stats -d 'every counter'
complete -c echotimectl -n '__echotimectl_at 0' -a sessions -d 'who is served, how long, how much'
complete -c echotimectl -n '__echotimectl_at 0' -a top -d 'whose sessions they are'
complete -c echotimectl -n '__echotimectl_at 0' -a limits -d 'what is refused now, why and to whom'
complete -c echotimectl -n '__echotimectl_at 0' -a kill -d 'end a session'
complete -c echotimectl -n '__echotimectl_at 0' -a drain -d 'take nothing new at a listener'
complete -c echotimectl -n '__echotimectl_at 0' -a resume -d 'serve there again'
complete -c echotimectl -n '__echotimectl_at 0' -a impair -d 'do this to its answers on purpose'
complete -c echotimectl -n '__echotimectl_at 0' -a reload -d 'take over the settings'
complete -c echotimectl -n '__echotimectl_at 1 kill' -a '(__echotimectl_ask sessions session id)' -d session
complete -c echotimectl -n '__echotimectl_at 1 drain resume impair' -a '(__echotimectl_ask status listener listener)' -d listener
for n in (seq 2 12)
	complete -c echotimectl -n "__echotimectl_at $n impair" \
		-a '{drop,duplicate,corrupt,truncate,delay,jitter,reorder,rate,close_after,seed,by}='
end
complete -c echotimectl -s s -l socket -rF -d 'where the daemon listens'
complete -c echotimectl -s w -l watch -d 'again and again'
complete -c echotimectl -l json -d 'print the answer as it comes'
complete -c echotimectl -s V -l version -d 'the version'
complete -c echotimectl -s h -l help -d 'all commands and options'

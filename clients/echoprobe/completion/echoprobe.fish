# SPDX-License-Identifier: MIT
# Completion of echoprobe for fish: tests, options and what they take, hosts, interfaces.

set -l tests echo discard chargen daytime time hostname stamp info mtu audit

complete -c echoprobe -f -a '(__fish_print_hostnames)'
complete -c echoprobe -n 'test (count (commandline -opc)) -eq 1' -a "$tests" -d test
complete -c echoprobe -s u -l udp -d 'over UDP'
complete -c echoprobe -s T -l tcp -d 'over TCP'
complete -c echoprobe -l unix -rF -d 'over a UNIX socket'
complete -c echoprobe -s p -l port -x -a "(string replace -rf '^([a-z][^\s]*)\s.*' '\$1' </etc/services)" \
	-d 'the port of hosts that have none'
complete -c echoprobe -s 4 -d IPv4
complete -c echoprobe -s 6 -d IPv6
complete -c echoprobe -s c -l count -x -d 'packets of each flow, 0: until ^C'
complete -c echoprobe -s d -l duration -x -d 'end the sending after this time'
complete -c echoprobe -s i -l interval -x -d 'between two packets'
complete -c echoprobe -l rate -x -d 'packets a second'
complete -c echoprobe -l poisson -d 'exponential gaps of that mean'
complete -c echoprobe -l burst -x -d 'packets back to back each interval'
complete -c echoprobe -s W -l timeout -x -d 'an answer after this is late'
complete -c echoprobe -l warmup -x -d 'send so many first and leave them out'
complete -c echoprobe -s s -l size -x -d 'bytes of payload'
complete -c echoprobe -l sweep -x -d 'sizes one after the other, FROM:TO:STEP'
complete -c echoprobe -l fill -x -a 'pattern zeros random' -d 'what packets hold'
complete -c echoprobe -s I -l source -x -a '(__fish_print_interfaces)' -d 'an address or interface of this host'
complete -c echoprobe -l sport -x -d 'send from this port'
complete -c echoprobe -l reconnect -d 'a connection a message'
complete -c echoprobe -l proxy -x -d 'a PROXY header first: v1 or v2 and two addresses'
complete -c echoprobe -l ask -x -d 'what hostname asks'
complete -c echoprobe -l flows -x -d 'so many, each from a port of its own'
complete -c echoprobe -l ack -x -a 'time daytime info: none' -d 'mtu: whose small answers confirm'
complete -c echoprobe -l auth -rF -d 'stamp: a file with a key'
complete -c echoprobe -l ssid -x -d 'stamp: identifier of a session'
complete -c echoprobe -l ptp -d 'stamp: time stamps of PTP'
complete -c echoprobe -l tlv -x -d 'stamp: what is asked for' \
	-a "(__fish_complete_list , 'printf %s\\\\n cos location timestamp direct followup')"
complete -c echoprobe -s t -l ttl -x -d 'TTL, or hop limit'
complete -c echoprobe -l dscp -x -d DSCP \
	-a 'BE LE CS1 CS2 CS3 CS4 CS5 CS6 CS7 AF11 AF12 AF13 AF21 AF22 AF23 AF31 AF32 AF33 AF41 AF42 AF43 VA EF'
complete -c echoprobe -l ecn -x -a 'not ect0 ect1 ce' -d ECN
complete -c echoprobe -l df -d 'never in fragments'
complete -c echoprobe -l timestamps -x -a 'auto kernel user' -d 'whose time stamps'
complete -c echoprobe -s w -l warning -x -d 'not good beyond this RTT,LOSS%'
complete -c echoprobe -s C -l critical -x -d 'likewise; the exit status is 0 within it'
complete -c echoprobe -l format -x -a 'text json jsonl csv openmetrics nagios' -d 'the report'
complete -c echoprobe -s J -d '--format json'
complete -c echoprobe -l every -x -d 'what happened in each such interval too'
complete -c echoprobe -s q -l quiet -d 'the summary only'
complete -c echoprobe -s v -l verbose -d 'a line a packet'
complete -c echoprobe -l exporter -x -d 'go on for ever, with metrics over HTTP at [ADDRESS:]PORT'
complete -c echoprobe -l expect-impair -x -d 'what the server does on purpose: SEED,KEY=PERCENT,...'
complete -c echoprobe -l i-own-this-host -d 'more than 100 packets a second to a public address'
complete -c echoprobe -l flood -d 'more than 1,000 packets a second'
complete -c echoprobe -s V -l version -d 'the version'
complete -c echoprobe -s h -l help -d 'all options'

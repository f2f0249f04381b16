#!/bin/sh
# For bird.conf beside this file: announces the addresses while the daemon is ready, looks each second, and withdraws at its own end.
#
# As a service, /etc/systemd/system/echotimed-anycast.service:
#
#   [Unit]
#   BindsTo=bird.service
#   After=bird.service echotimed.service
#   [Service]
#   ExecStart=/usr/local/sbin/anycast-ready.sh
#   Restart=always
#   [Install]
#   WantedBy=multi-user.target
#
# `echotimectl drain echo` withdraws this host within a second or two, `echotimectl resume echo` announces it again.

# Said again each time: BIRD may have been started anew.
say() {
	for protocol in echotimed4 echotimed6; do
		${BIRDC:-birdc} "$1" $protocol >/dev/null
	done
}

trap 'say disable' EXIT
trap 'exit 0' INT TERM HUP
while :; do
	if curl -fs -m 2 -o /dev/null http://127.0.0.1:9907/readyz; then say enable; else say disable; fi
	sleep 1
done

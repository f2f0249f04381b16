#!/bin/sh
# For nginx.conf beside this file, as root on the balancer before nginx starts: what members send to clients, answers and ICMP errors,
# comes to nginx, which asked in clients' names. `fleet` is the interface to the members. Run it again at will.
set -eu

sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 # for the members' other packets, as their default route
nft -f - <<'RULES'
table inet echotimed_fleet
delete table inet echotimed_fleet
table inet echotimed_fleet {
	chain to_nginx {
		type filter hook prerouting priority mangle
		iifname "fleet" meta l4proto { udp, icmp, ipv6-icmp } socket transparent 1 meta mark set 107
	}
}
RULES
for family in -4 -6; do
	ip $family rule del fwmark 107 lookup 107 2>/dev/null || :
	ip $family rule add fwmark 107 lookup 107
	ip $family route replace local default dev lo table 107
done

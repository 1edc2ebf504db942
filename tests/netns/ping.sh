#!/usr/bin/env bash
# Echo through the translator and to it, in every size that matters.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need
topology
config 'map 192.168.255.77 2001:db8:1::2' 'map 203.0.113.0/28 2001:db8:2::aa00/120' 'wkpf-strict no' >"$T/conf"
start_nat64d || finish
ip -n "$R" route add 203.0.113.0/28 dev nat64

t "a mapped IPv6 host pings IPv4" ping6 64:ff9b::8.8.8.8
t "a leased IPv6 host pings IPv4" ping6 -I 2001:db8:2::5 64:ff9b::8.8.8.8
t "IPv4 pings a mapped host" ping4 192.168.255.77
t "IPv4 pings a host of a mapped prefix" ping4 203.0.113.9
serve_udp
leased=$(hosts 5 | awk '$1 == "2001:db8:2::5" { print $2 }')
t "IPv4 pings a leased host" ping4 "$leased"
free=$(comm -23 <(printf '192.168.255.%d\n' {2..20} | sort) <(hosts 5 | awk '{ print $2 }' | sort) | head -n 1)
shows "an address that nobody holds is unreachable" "Destination Host Unreachable" ping4 "$free"

for size in 0 1 55 1000 1212 1213 1400 1432; do
	t "IPv6 pings with $size bytes" ping6 -s $size "$GOOGLE"
	t "IPv4 pings with $size bytes" ping4 -s $size 192.168.255.77
done
t "without DF, IPv4 pings with 1452 bytes, fragmented for IPv6" ping4 -M dont -s 1452 192.168.255.77
# RFC 7915-1.2: the checksum of fragmented ICMP covers what is not there.
t "a fragmented ICMPv6 message does not pass" fails ping6 -s 4000 "$GOOGLE"
t "a fragmented ICMP message does not pass" fails ping4 -M dont -s 4000 192.168.255.77

t "the daemon's own IPv6 address answers" ping6 "$OWN6"
t "the daemon's own IPv4 address answers" ping4 192.168.255.1
same "UDP to the own IPv4 address: protocol unreachable" ENOPROTOOPT \
	"$(in_server python3 "$here/udp.py" probe 192.168.255.1 9)"
same "UDP to the own IPv6 address: unknown next header" EPROTO \
	"$(in_client python3 "$here/udp.py" probe "$OWN6" 9)"
t "flood of 500 echoes, none lost" in_client ping -6 -q -n -f -c 500 -W 2 "$GOOGLE"
t "the daemon lives" alive
stops "TERM: exit status 0"
finish

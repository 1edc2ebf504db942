#!/usr/bin/env bash
# Traceroute names the hops, both ways.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need traceroute
topology
config 'map 192.168.255.77 2001:db8:1::2' >"$T/conf"
start_nat64d || finish

same "from IPv6, UDP" "2001:db8:1::1 $OWN6 64:ff9b::808:801 $GOOGLE" \
	"$(in_client traceroute -6 -n -q 1 -w 2 -m 8 "$GOOGLE" | hop_list)"
same "from IPv6, ICMP" "2001:db8:1::1 $OWN6 64:ff9b::808:801 $GOOGLE" \
	"$(in_client traceroute -6 -I -n -q 1 -w 2 -m 8 "$GOOGLE" | hop_list)"
# The IPv6 router has no mapping: its errors come from ipv4-addr (RFC 6791 with a pool of one).
same "from IPv4, UDP" "8.8.8.1 192.168.255.1 192.168.255.1 192.168.255.77" \
	"$(in_server traceroute -4 -n -q 1 -w 2 -m 8 192.168.255.77 | hop_list)"
same "from IPv4, ICMP" "8.8.8.1 192.168.255.1 192.168.255.1 192.168.255.77" \
	"$(in_server traceroute -4 -I -n -q 1 -w 2 -m 8 192.168.255.77 | hop_list)"
stops "TERM: exit status 0"
finish

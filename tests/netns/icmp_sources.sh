#!/usr/bin/env bash
# The source of ICMP errors from IPv6 routers without an IPv4 address: an address of a pool, or 192.0.0.8 with the address of
# the router in an extension.  The machine has a strict reverse path filter, so the routes of tun-setup matter.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need traceroute tcpdump
topology
more_routers
in_router sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.default.rp_filter=1
config 'map 192.168.255.77 2001:db8:1::2' 'tun-setup yes' 'icmp-source-pool 192.168.255.240/28' >"$T/conf"
start_bare
wait_for link_running nat64 || { not_ok "nat64d starts" && finish; }
routed() { ip -n "$R" route show | grep -q "^$1 dev nat64"; }

# From the server to the client: B2, B1, the router, the translator, then three IPv6-only hops.
hops() { in_server timeout 20 traceroute -4 -n -q 1 -w 2 -m 12 "$@" 192.168.255.77 | hop_list; }
apart() { tr ' ' '\n' <<<"$1" | sed -n 5,7p | grep '^192\.168\.255\.2[45][0-9]$' | sort -u | wc -l; }

first=$(hops)
shows "pool: the IPv4 part of the way" "8.8.8.1 9.9.2.1 9.9.1.1 192.168.255.1 192.168.255.2" echo "$first"
same "pool: three IPv6-only routers are three hops of it" 3 "$(apart "$first")"
same "pool: the destination is reached" 192.168.255.77 "${first##* }"
same "pool: the same hops by ICMP" "$first" "$(hops -I)"
hop=$(cut -d ' ' -f 5 <<<"$first")
shows "pool: nobody is to be found at a hop" "From 192.168.255.1 icmp_seq=1 Destination Host Unreachable" ping4 "$hop"

# Inside of the dynamic pool it needs no route of its own; outside it does.
sed -i 's|^icmp-source-pool .*|icmp-source-pool 198.51.100.0/24|' "$T/conf"
kill -HUP "$PID"
t "reload: a route to another pool" wait_for routed 198.51.100.0/24
shows "reload: hops of the other pool" " 192.168.255.1 198.51.100." hops
sed -i 's|^icmp-source-pool .*|icmp-source-pool 203.0.113.0/24|' "$T/conf"
kill -HUP "$PID"
t "reload: a route to a third" wait_for routed 203.0.113.0/24
t "reload: the route to the second is gone" fails routed 198.51.100.0/24
ip -n "$R" route del 203.0.113.0/24 dev nat64
same "without its route, strict rp_filter drops them" "8.8.8.1 9.9.2.1 9.9.1.1 192.168.255.1 * * * 192.168.255.77" "$(hops)"

sed -i 's|^icmp-source-pool .*|icmp-node-id yes|' "$T/conf"
kill -HUP "$PID"
t "icmp-node-id: a route to 192.0.0.8" wait_for routed 192.0.0.8
# The packets as hexadecimal, one in each line: length 24, class 5, type 4, IPv6, then the address.
packets() {
	tcpdump -n -x -r "$T/seen.pcap" 2>/dev/null |
		awk '/^[0-9]/ { if (n++) print ""; next } { sub(/^[^:]*: */, ""); gsub(/ /, ""); printf "%s", $0 } END { print "" }'
}
three() { [ "$(packets | wc -l)" -ge 3 ]; }

# Under AppArmor tcpdump may write to files of this ending only.
ip netns exec "$S" tcpdump -n --immediate-mode -i wan -w "$T/seen.pcap" -U 'src 192.0.0.8' </dev/null >/dev/null 2>"$T/tcpdump" &
job=$!
wait_for grep -q "listening on" "$T/tcpdump"
same "icmp-node-id: all three are 192.0.0.8" \
	"8.8.8.1 9.9.2.1 9.9.1.1 192.168.255.1 192.0.0.8 192.0.0.8 192.0.0.8 192.168.255.77" "$(hops)"
wait_for three
kill "$job" 2>/dev/null
wait "$job" 2>/dev/null

same "icmp-node-id: three messages" 3 "$(packets | wc -l)"
for router in 2001:db8:a1::1 2001:db8:a2::1; do
	name=$(python3 -c 'import ipaddress, sys; print(ipaddress.IPv6Address(sys.argv[1]).packed.hex())' "$router")
	same "icmp-node-id: a message is named $router" 1 "$(packets | grep -c "0018050400020000$name\$")"
done
same "icmp-node-id: each is named" 3 "$(packets | grep -c '001805040002000020010db8[0-9a-f]*$')"
decoded() { tcpdump -n -vv -r "$T/seen.pcap" 2>/dev/null; }
same "icmp-node-id: tcpdump finds three extension structures" 3 "$(decoded | grep -c 'ICMP Multi-Part extension v2')"
same "icmp-node-id: and their checksums right" 3 "$(decoded | grep -c 'checksum 0x.* (correct), length 28')"
if command -v tshark >/dev/null; then
	same "icmp-node-id: tshark reads class 5, type 4, 24 bytes" "5 4 24" "$(tshark -r "$T/seen.pcap" -T fields -E separator=' ' \
		-e icmp.ext.class -e icmp.ext.ctype -e icmp.ext.length 2>/dev/null | sort -u)"
else
	skip "icmp-node-id: tshark reads class 5, type 4, 24 bytes" "needs tshark"
fi
if traceroute --help 2>&1 | grep -q -- --extensions; then
	shows "icmp-node-id: traceroute -e shows it" "5/4:" in_server timeout 20 traceroute -4 -e -n -q 1 -w 2 -m 12 192.168.255.77
fi
stops "TERM: exit status 0"
finish

#!/usr/bin/env bash
# 464XLAT (RFC 6877): nat64d on an IPv6-only host, called as clatd calls Tayga, and nat64d as the provider's translator on the
# router, with routers and links with a small MTU between them; then Tayga as the provider's translator, if it is installed.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need socat ss traceroute sha256sum
topology
more_routers
clat6=2001:db8:1::c1a7
head -c 1000000 /dev/urandom >"$T/a"
head -c 900001 /dev/urandom >"$T/b"

# --- the steps of clatd ---------------------------------------------------------------------------------------------

# clatd_calls ARGUMENT...: clatd passes an empty argument instead of -d.
clatd_calls() { in_client "$NAT64D" --config "$T/clat.conf" "$@"; }

clatd_prepares() {
	cat >"$T/clat.conf" <<-END
		# Ephemeral TAYGA config file written by clatd
		# This file may be safely deleted at any time.
		tun-device clat
		prefix 64:ff9b::/96
		ipv4-addr 192.0.0.2
		map 192.0.0.1 $clat6
	END
	in_client sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv6.conf.lan.proxy_ndp=1
	ip -n "$C" -6 neighbour add proxy $clat6 dev lan
}

clatd_sets_device_up() {
	ip -n "$C" link set up dev clat
	ip -n "$C" -4 address add 192.0.0.1 dev clat
}

# A table of its own for what comes from the prefix, before that of local addresses.  What routers on the way have to say
# does not come from there and is lost, so clatd has the host keep to an MTU that fits everywhere.
clatd_routes() {
	ip -n "$C" -6 rule add prio 1 table local
	ip -n "$C" -6 rule del prio 0 table local
	ip -n "$C" -6 route add $clat6 dev clat table 49575
	ip -n "$C" -6 rule add prio 0 from 64:ff9b::/96 to $clat6 table 49575
	ip -n "$C" -4 route add default dev clat metric 2048 mtu 1260 advmss 1220
}

clatd_unroutes() {
	ip -n "$C" -6 rule add prio 0 table local
	ip -n "$C" -6 rule del prio 1 table local
	ip -n "$C" -6 rule del prio 0 table 49575
	ip -n "$C" -6 route flush table 49575
	ip -n "$C" -4 route del default
}

# As older versions do, and with v4-defaultroute-mtu=0: the host has to find out for itself.
clatd_routes_plainly() {
	ip -n "$C" -6 route add $clat6 dev clat
	ip -n "$C" -4 route add default dev clat
}

# clat_runs ARGUMENT: one point; starts it in the background, with its process ID in $clat.
clat_runs() {
	ip netns exec "$C" "$NAT64D" --config "$T/clat.conf" --nodetach "$1" </dev/null >>"$T/clat.log" 2>&1 &
	clat=$!
	t "nat64d --config F --nodetach '$1'" wait_for link_running clat "$C"
}

clat_stops() {
	PID=$clat
	stops "the host's side: TERM, exit status 0"
}

# --- the view of a program on the host ------------------------------------------------------------------------------

ping_out() { in_client ping -4 -n -c 1 -W 2 "$@" 8.8.8.8; }

# everything NAME: tests each protocol with all lengths.
everything() {
	t "$1: ping" ping_out
	t "$1: UDP" udp_in "$C" echo 8.8.8.8 5007 20 1200
	t "$1: UDP in fragments" udp_in "$C" echo 8.8.8.8 5007 10 4000
	same "$1: UDP without checksum" echo "$(wire_in "$C" nocheck 8.8.8.8 5007 500)"
	exchange "$1: TCP" "$S" TCP4-LISTEN "$C" TCP4:8.8.8.8
}

# inwards NAME: tests the host as a server; the provider has assigned an address to its CLAT.
inwards() {
	t "$1: ping" ping4 192.168.255.77
	t "$1: UDP" udp_in "$S" echo 192.168.255.77 5008 20 1200
	t "$1: UDP in fragments" udp_in "$S" echo 192.168.255.77 5008 10 4000
	same "$1: UDP without checksum" echo "$(wire_in "$S" nocheck 192.168.255.77 5008 500)"
	exchange "$1: TCP" "$C" TCP4-LISTEN "$S" TCP4:192.168.255.77
}

# learns NAME WANTED PING-SIZE: the MTU of the path to the server, and the longest datagram that crosses it without fragments.
learns() {
	forget
	shows "$1: ping is told" "mtu = $2" in_client ping -4 -n -c 3 -i 0.2 -W 1 -M "do" -s "$3" 8.8.8.8
	forget
	same "$1: the longest datagram" "$2 bytes" "$(wire_in "$C" discover 8.8.8.8 5007 1472)"
	forget
	exchange "$1: TCP" "$S" TCP4-LISTEN "$C" TCP4:8.8.8.8
}

hops() { in_client traceroute -4 -n -q 1 -w 2 -m 15 "$@" 8.8.8.8 | hop_list; }

# --- nat64d on both sides ---------------------------------------------------------------------------------------------

config "map 192.168.255.77 $clat6" >"$T/conf"
start_nat64d || finish
plat=$PID
serve_udp
clatd_prepares

t "nat64d --config F --mktun ''" clatd_calls --mktun ""
clatd_sets_device_up
clatd_routes
clat_runs ""
LOG=$T/clat.log
udp_server "$C" 5008
wait_for ping_out
t "out: ping, 1,200 bytes" ping_out -s 1200
everything "out"
inwards "in"

# doctor [OPTION...]: what nat64-host check prints on the host, in $T/found.
doctor() { in_client env NAT64D="$NAT64D" sh "$HOST" check --ignore fast-path,gro-list,softnet "$@" >"$T/found" 2>&1; }
# finds NAME LINE: one point, ok if the doctor printed such a line.
finds() { if grep -q "$2" "$T/found"; then ok "$1"; else not_ok "$1" "$(cat "$T/found")"; fi; }
doctor --target 8.8.8.8 "$T/clat.conf"
same "doctor: nothing is wrong with this host" "0 " "$? $(grep -v -e '^ok' -e '^skip' "$T/found")"
finds "doctor: it recognizes the host" "^ok    clat: this is the customer side of 464XLAT, run by clatd: 192.0.0.1 is $clat6, and another translator has prefix 64:ff9b::/96$"
same "doctor: it asks nothing that such a host does not need" "" \
	"$(grep -E ' (masquerade|forwarding-4|guard|open|allow|exposed|private|hairpin|wkp|dns64|overlap): ' "$T/found")"
ip -n "$C" -6 neighbour del proxy $clat6 dev lan
doctor "$T/clat.conf"
finds "doctor: the router cannot find the host's second address" "^FAIL  clat: no machine answers on lan for $clat6: .* => .* clatd restart$\|systemctl restart clatd$"
ip -n "$C" -6 neighbour add proxy $clat6 dev lan
ip -n "$C" -6 rule del prio 0 table 49575
doctor "$T/clat.conf"
finds "doctor: the answers do not come to the translator" "^FAIL  route: answers to $clat6, which is 192.0.0.1, lead to lan, not to clat => "
ip -n "$C" -6 rule add prio 0 from 64:ff9b::/96 to $clat6 table 49575
doctor "$T/none.conf"
finds "doctor: it names the file of the daemon that runs" "^FAIL  configuration: $T/none.conf: no such file, but a daemon runs with $T/clat.conf => .* check $T/clat.conf$"

# 1,260 bytes of IPv4 are 1,280 of IPv6, which every link carries; the provider's side lets them be cut (RFC 7915, 5.1).
# Only ICMP cannot be translated in pieces (1.2): no long ping.
narrow 1000 "$B1" "$B2"
everything "out, a link of 1,000 bytes in IPv4"
inwards "in, a link of 1,000 bytes in IPv4"
narrow 1500 "$B1" "$B2"
narrow 1280 "$A1" "$A2"
everything "out, a link of 1,280 bytes in IPv6"
inwards "in, a link of 1,280 bytes in IPv6"
narrow 1500 "$A1" "$A2"
# The first fragment would need the checksum of the whole packet: the CLAT must send an error, not drop it silently.
same "UDP without checksum in fragments is refused, and the program told" "EHOSTUNREACH from 192.0.0.2" \
	"$(wire_in "$C" nocheck 8.8.8.8 5007 3000)"
clat_stops
clatd_unroutes

clatd_routes_plainly
clat_runs -d
wait_for ping_out
# The CLAT, the host's kernel, three routers, the provider's translator: hops without an IPv4 address answer as the CLAT.
path="192.0.0.2 192.0.0.2 192.0.0.2 192.0.0.2 192.0.0.2 192.0.0.2 9.9.1.1 9.9.1.2 9.9.2.2 8.8.8.8"
same "traceroute, UDP" "$path" "$(hops)"
same "traceroute, ICMP" "$path" "$(hops -I)"
same "traceroute, TCP" "$path" "$(hops -T -p 5001)"
learns "the translators themselves" 1480 1472
narrow 1300 "$B1" "$B2"
learns "a link of 1,300 bytes in IPv4" 1300 1452
narrow 1500 "$B1" "$B2"
narrow 1400 "$A1" "$A2"
learns "a link of 1,400 bytes in IPv6" 1380 1452
narrow 1280 "$A1" "$A2"
learns "a link of 1,280 bytes in IPv6" 1260 1452
narrow 1500 "$A1" "$A2"
clat_stops

clat_runs ""
t "a device that stayed is used again" wait_for ping_out
clat_stops
doctor "$T/clat.conf"
same "doctor: a CLAT that does not run is one failure" "FAIL  service" "$(grep -o '^\(FAIL\|WARN\)  [a-z0-9-]*' "$T/found")"
t "nat64d --config F --rmtun" clatd_calls --rmtun
t "the device is gone" fails ip -n "$C" link show dev clat

# --- a router with a CLAT for its network: each IPv4 address is one of IPv6 -------------------------------------------

space "$N-phone"
join "$C" lan4 "$N-phone" lan
ip -n "$C" addr add 192.168.1.1/24 dev lan4
ip -n "$N-phone" addr add 192.168.1.7/24 dev lan
ip -n "$N-phone" route add default via 192.168.1.1
printf '%s\n' 'tun-device clat' 'prefix 64:ff9b::/96' 'ipv4-addr 192.0.0.2' 'map 192.168.1.0/24 2001:db8:2::100/120' \
	'tun-up yes' 'tun-route 2001:db8:2::100/120' >"$T/clat.conf"
in_client sysctl -qw net.ipv4.ip_forward=1
ip -n "$C" -6 route del local 2001:db8:2::/64 dev lo
clat_runs ""
ip -n "$C" -4 route replace default dev clat
t "a CLAT for a network: ping" wait_for ip netns exec "$N-phone" ping -4 -n -c 1 -W 2 8.8.8.8
doctor --target 8.8.8.8 "$T/clat.conf"
same "a CLAT for a network: the doctor finds nothing wrong" "0 " "$? $(grep -v -e '^ok' -e '^skip' "$T/found")"
finds "a CLAT for a network: it recognizes the router" "^ok    clat: .* 192.168.1.0/24 is 2001:db8:2::100/120, and"
in_client sysctl -qw net.ipv4.ip_forward=0
doctor "$T/clat.conf"
finds "a CLAT for a network: it has to forward IPv4" "^FAIL  forwarding-4"
clat_stops
PID=$plat
stops "the provider's side: TERM, exit status 0"

# --- Tayga as the provider's side -------------------------------------------------------------------------------------

tayga=${TAYGA:-$(command -v tayga)}
if [ -z "$tayga" ]; then
	skip "Tayga as the provider's side" "not installed (or TAYGA=FILE)"
	finish
fi
config "map 192.168.255.77 $clat6" >"$T/conf"
ip netns exec "$R" "$tayga" --nodetach -c "$T/conf" </dev/null >>"$T/tayga.log" 2>&1 &
plat=$!
wait_for link_exists nat64 && set_routes
clatd_prepares
clatd_calls --mktun "" 2>/dev/null && clatd_sets_device_up && clatd_routes
clat_runs ""
t "Tayga as the provider's side" wait_for ping_out
everything "out, by Tayga"
clat_stops
kill "$plat"
wait "$plat" 2>/dev/null
finish

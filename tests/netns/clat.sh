#!/usr/bin/env bash
# As clatd calls it: a customer-side translator (RFC 6877) on the client, nat64d as the provider's on the router.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need
topology
config >"$T/conf"
start_nat64d || finish
plat=$PID

cat >"$T/clat.conf" <<-END
	tun-device clat
	prefix 64:ff9b::/96
	ipv4-addr 192.0.0.2
	map 192.0.0.1 2001:db8:3::c1a7
END
in_client sysctl -qw net.ipv6.conf.all.forwarding=1
ip -n "$R" route add 2001:db8:3::/64 via 2001:db8:1::2

t "nat64d --config F --mktun" in_client "$NAT64D" --config "$T/clat.conf" --mktun
ip -n "$C" link set up dev clat
ip -n "$C" -6 route add 2001:db8:3::c1a7 dev clat
ip -n "$C" addr add 192.0.0.1 dev clat
ip -n "$C" route add default dev clat mtu 1260
ip netns exec "$C" "$NAT64D" --config "$T/clat.conf" --nodetach -d </dev/null >>"$T/clat.log" 2>&1 &
PID=$!
clat_running() { ip -n "$C" -o link show dev clat | grep -q LOWER_UP; }
t "nat64d --config F --nodetach -d" wait_for clat_running
LOG=$T/clat.log
v4() { in_client ping -4 -n -c 1 -W 2 8.8.8.8; }
t "an IPv4 program on an IPv6-only host reaches IPv4 (464XLAT)" wait_for v4
t "with 1200 bytes" in_client ping -4 -n -c 1 -W 2 -s 1200 8.8.8.8
serve_udp
t "UDP" in_client python3 "$here/udp.py" echo 8.8.8.8 5007 50 1200
t "UDP in fragments" in_client python3 "$here/udp.py" echo 8.8.8.8 5007 10 4000
stops "TERM: exit status 0"
t "nat64d --config F --rmtun" in_client "$NAT64D" --config "$T/clat.conf" --rmtun
t "the device is gone" fails ip -n "$C" link show dev clat
PID=$plat
stops "the provider's side: TERM, exit status 0"
finish

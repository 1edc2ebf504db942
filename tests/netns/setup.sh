#!/usr/bin/env bash
# Addresses and routes of the device: changed, refused, lost and restored; those of other programs are not changed.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need
topology

has_addr() { ip -n "$R" addr show dev nat64 | grep -qF " $1 "; }
has_route() { ip -n "$R" "$1" route show dev nat64 | grep -qE "^$2( |\$)"; }
pool_routed() { has_route -4 192.168.255.0/24; }
all_routed() { pool_routed && has_route -6 64:ff9b::/96; }

# reload WORDS LINE...: with these lines more; WORDS are to be in the log.
reload() {
	local words=$1 from
	shift
	from=$(since)
	config 'tun-setup yes' "$@" >"$T/conf"
	kill -HUP "$PID"
	wait_for said "$from" "$words" || echo "not said: $words"
}

# start LINE...
start() {
	config 'tun-setup yes' "$@" >"$T/conf"
	start_bare
	wait_for all_routed
}

effect='is in effect' refused='nothing is changed'
in_router sysctl -qw net.ipv4.conf.all.promote_secondaries=0 net.ipv4.conf.default.promote_secondaries=0

# With an address the kernel takes away its secondary ones, and with the last one all routes.
start 'tun-ip 192.0.2.1/32'
reload "$effect"
t "the only tun-ip gone: the routes stay" all_routed
t "and traffic passes" wait_for ping6 "$GOOGLE"
reload "$effect" 'tun-ip 192.0.2.1/24' 'tun-ip 192.0.2.2/24'
t "two of one network" has_addr 192.0.2.2/24
reload "$effect" 'tun-ip 192.0.2.2/24'
t "the first gone: the second stays" has_addr 192.0.2.2/24
t "and so do the routes" all_routed
reload "$effect" 'tun-ip 192.0.2.3/24'
t "another one instead: it is there" has_addr 192.0.2.3/24
t "and so are the routes" all_routed
reload "$effect" 'tun-ip 2001:db8:5::1/64'
reload "$effect" 'tun-ip 2001:db8:5::1/128'
t "the same IPv6 address with another length" has_addr 2001:db8:5::1/128

# A reload that is refused half-way.
ip -n "$R" addr add 10.9.9.9/32 dev nat64
ip -n "$R" route add 10.9.8.0/24 dev nat64
ip -n "$R" addr show dev nat64 >"$T/addrs"
ip -n "$R" route show dev nat64 >"$T/routes"
ip -n "$R" -6 route show dev nat64 >"$T/routes6"
reload "$refused" 'tun-ip 2001:db8:5::1/128' 'tun-ip 10.9.9.9/32' 'tun-ip 10.9.9.10/32' 'tun-route 10.9.8.0/24' \
	'tun-route 10.9.7.0/24' 'tun-route 8.8.8.0/24'
t "refused: the addresses are what they were" diff "$T/addrs" <(ip -n "$R" addr show dev nat64)
t "refused: the routes are what they were" diff "$T/routes" <(ip -n "$R" route show dev nat64)
t "refused: the IPv6 routes as well" diff "$T/routes6" <(ip -n "$R" -6 route show dev nat64)
stop_nat64d

# The link is down.
start
ip -n "$R" link set nat64 down
reload "$effect"
t "reload while the link is down: it is up" wait_for link_running nat64
t "with its routes" wait_for all_routed
t "and traffic passes" wait_for ping6 "$GOOGLE"
stop_nat64d
config >"$T/conf"
start_bare
wait_for said 0 'offload:'
t "without tun-up the link stays down" fails link_running nat64
reload "$refused" 'tun-route 8.8.8.0/24'
t "and after a refused reload that wanted it up" fails link_running nat64
stop_nat64d

# One route that cannot be set does not keep the others away.
start 'tun-ip 192.0.2.1/24' 'tun-route 10.9.7.0/24'
ip -n "$R" link set nat64 down
ip -n "$R" route add 10.9.7.0/24 dev wan
from=$(since)
ip -n "$R" link set nat64 up
t "link up again, one route taken meanwhile: said" wait_for said "$from" '10.9.7.0/24: it already exists through wan'
t "the others are there" wait_for all_routed
t "and the address" has_addr 192.0.2.1/24
t "and traffic passes" wait_for ping6 "$GOOGLE"
stop_nat64d

# A start that fails leaves a persistent device as it was.
config 'tun-setup yes' 'tun-ip 10.5.5.5/32' 'tun-route 10.77.0.0/16' 'tun-route 10.9.7.0/24' >"$T/conf"
in_router "$NAT64D" -c "$T/conf" --mktun 2>/dev/null
ip -n "$R" link set nat64 up
ip -n "$R" addr add 10.5.5.5/32 dev nat64
ip -n "$R" route add 10.77.0.0/16 dev nat64
t "a start with a route that is taken fails" fails in_router "$NAT64D" --nodetach -c "$T/conf"
t "the address given by hand stays" has_addr 10.5.5.5/32
t "the route given by hand stays" has_route -4 10.77.0.0/16
t "no other is left" fails pool_routed
ip -n "$R" link del nat64

# A crash leaves a persistent device with its routes, and a routing daemon then finds another way to the prefix.
config 'tun-setup yes' >"$T/conf"
in_router "$NAT64D" -c "$T/conf" --mktun 2>/dev/null
start
kill -9 "$PID"
wait "$PID" 2>/dev/null
ip -n "$R" -6 route add 64:ff9b::/96 via 2001:db8:1::2 dev lan metric 32
ip -n "$R" route add 192.168.255.0/24 via 8.8.8.8 dev wan metric 32
from=$(since)
start_bare
t "a start while a routing daemon has a better route: it starts" wait_for said "$from" 'nat64d: translating on '
t "its routes are there" all_routed
t "the others, too" test -n "$(ip -n "$R" -6 route show 64:ff9b::/96 dev lan)"
ip -n "$R" -6 route del 64:ff9b::/96 dev lan
t "and traffic passes when the routing daemon has noticed" wait_for ping6 "$GOOGLE"
ip -n "$R" route del 192.168.255.0/24 dev wan
stop_nat64d
ip -n "$R" link del nat64

# The kernel takes what comes to the address of the device, and to the last one of its network: no host could use them.
config 'tun-setup yes' 'tun-ip 192.168.255.2/29' | sed 's|255.0/24|255.0/29|' >"$T/conf"
rm -f "$T/data/dynamic.map"
from=$(since)
start_bare
t "an address of the device in the pool: two fewer to lease" wait_for said "$from" '0 of 4 addresses leased'
for host in 1 2 3 4; do
	t "the others are leased: host $host" wait_for ping6 -I "2001:db8:2::$host" "$GOOGLE"
done
same "and are these" "192.168.255.3 192.168.255.4 192.168.255.5 192.168.255.6" \
	"$(awk '/^[0-9]/ { print $1 }' "$T/data/dynamic.map" | sort | paste -sd " ")"
stop_nat64d
rm -f "$T/data/dynamic.map"

# What the machine needs for something else is left to it, unless tun-route names it.
leads() { ip -n "$R" route get "$1" | grep -q " dev $2 "; }
left='is left out: it is inside'
ip -n "$R" route add default via 8.8.8.8 metric 100
from=$(since)
start 'map 0.0.0.0/0 2001:db8:c::/96'
t "a map of all IPv4: the machine keeps its default route" leads 9.9.9.9 wan
t "it is said" said "$from" 'warning: tun-setup: route 0.0.0.0/0 is left out: .*write "tun-route 0.0.0.0/0"'
t "what lies in it is routed all the same" all_routed
reload "$effect" 'map 0.0.0.0/0 2001:db8:c::/96' 'tun-route 0.0.0.0/0'
t "named by tun-route: it leads into the device" leads 9.9.9.9 nat64
reload "$effect" 'map 0.0.0.0/0 2001:db8:c::/96'
t "and not any more" leads 9.9.9.9 wan
stop_nat64d
ip -n "$R" route del default via 8.8.8.8

ip -n "$R" addr add 192.168.0.1/16 dev lan
ip -n "$R" -6 route add 2001:db8:77::/64 dev lan proto ra
ip -n "$R" -6 route add 2000::/3 dev lan
prefixes=('prefix 2001:db8:1:0:64::/96' 'prefix 2001:db8:77:0:64::/96' 'prefix 2001:db8:64::/96')
from=$(since)
config 'tun-setup yes' "${prefixes[@]}" >"$T/conf"
start_bare
t "a pool in a network of the LAN" wait_for said "$from" "route 192.168.255.0/24 $left 192.168.0.0/16 on lan .*write \"tun-route 192.168.255.0/24\""
t "has no route" fails pool_routed
t "nor has what lies in the pool" fails has_route -4 192.168.255.1
t "a prefix in a network of the LAN: said" said "$from" "route 2001:db8:1:0:64::/96 $left 2001:db8:1::/64 on lan"
t "has no route" fails has_route -6 2001:db8:1:0:64::/96
t "a prefix in a network without an address: said" said "$from" "route 2001:db8:77:0:64::/96 $left 2001:db8:77::/64 on lan"
t "has no route" fails has_route -6 2001:db8:77:0:64::/96
t "one in a wide route through a tunnel has its own" wait_for has_route -6 2001:db8:64::/96
from=$(since)
reload "$effect" "${prefixes[@]}"
t "a reload says it again" said "$from" "route 192.168.255.0/24 $left"
from=$(since)
reload "$effect" "${prefixes[@]}" 'tun-route 192.168.255.0/24'
t "named by tun-route: there" wait_for pool_routed
t "and not said" fails said "$from" "route 192.168.255.0/24 $left"
t "and traffic passes" wait_for ping6 "$GOOGLE"
stop_nat64d
ip -n "$R" addr del 192.168.0.1/16 dev lan
ip -n "$R" -6 route del 2000::/3 dev lan
start
ip -n "$R" link set nat64 down
ip -n "$R" addr add 192.168.0.1/16 dev lan
from=$(since)
ip -n "$R" link set nat64 up
t "a network that is new when the link comes back: said" wait_for said "$from" "route 192.168.255.0/24 $left"
t "it keeps what is its own" fails pool_routed
t "the others are there" wait_for has_route -6 64:ff9b::/96
stop_nat64d
ip -n "$R" addr del 192.168.0.1/16 dev lan

# An address that is the daemon's and the machine's.
ip -n "$R" addr add 192.168.255.1/32 dev wan
from=$(since)
start
t "the machine has ipv4-addr: said" wait_for said "$from" 'warning: ipv4-addr: the machine has 192.168.255.1 on wan: .*name an address that no interface has'
t "traffic passes all the same" wait_for ping6 "$GOOGLE"
t "ipv6-addr is nobody's: nothing said" fails said "$from" 'ipv6-addr: the machine has'
ip -n "$R" addr del 192.168.255.1/32 dev wan
ip -n "$R" addr add "$OWN6/128" dev nat64
from=$(since)
reload "$effect"
t "the device has ipv6-addr: said at a reload" wait_for said "$from" "warning: ipv6-addr: the machine has $OWN6 on nat64: .*remove the line ipv6-addr"
t "and not of ipv4-addr any more" fails said "$from" 'ipv4-addr: the machine has'
stop_nat64d

# Who may not do it does not begin.
start
was=$(ip -n "$R" link show dev nat64 | grep -o 'qlen.*')
stop_nat64d
config 'tun-setup yes' >"$T/conf"
sed -i /data-dir/d "$T/conf"
start_bare -u nobody
wait_for all_routed
from=$(since)
sed -i '$a tun-queue 3000' "$T/conf"
kill -HUP "$PID"
t "without rights another tun-queue is refused" wait_for said "$from" 'tun-queue .*CAP_NET_ADMIN.*nothing is changed'
same "and stays" "$was" "$(ip -n "$R" link show dev nat64 | grep -o 'qlen.*')"
stop_nat64d
finish

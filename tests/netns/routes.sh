#!/usr/bin/env bash
# The route monitor knows which destinations the kernel routes back into the device, while routes are set, moved and changed.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
WATCH=${WATCH:-$(dirname "$NAT64D")/tests/linux/watch_routes}
need setpriv
[ -x "$WATCH" ] || skip_all "needs $WATCH"
topology

# watch: from here on `ask' knows.  Whoever has no right at all may do it.
watch() {
	coproc FOLLOW { exec ip netns exec "$R" setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set=-all "$WATCH" nat64 64:ff9b:: 96 2>&1; }
	follow=$FOLLOW_PID send=${FOLLOW[1]} answers=${FOLLOW[0]}
}

# ask WORD: what it says.
ask() {
	local said
	echo "$1" >&"$send"
	read -r -t 5 said <&"$answers" && echo "$said"
}

leads() { [ "$(ask "$1")" = "$2" ]; }

# six WORD...: ip -6 in the router.
six() { ip -n "$R" -6 "$@"; }

# churn VERB FIRST LAST: as many routes elsewhere, none of them near the prefix.
churn() {
	seq -f "route $1 2a00:%g::/32 via 2001:db8:1::2" "$2" "$3" | ip -n "$R" -6 -batch -
}

ip -n "$R" tuntap add dev nat64 mode tun
ip -n "$R" link set nat64 up
six route add 64:ff9b::/96 dev nat64
watch
t "a route that was there at the start" leads 64:ff9b::1 ours
t "what is not routed there" leads 64:ff9c::1 elsewhere
six route replace 64:ff9b::/96 via 2001:db8:1::2
t "moved to another device" wait_for leads 64:ff9b::1 elsewhere
six route replace 64:ff9b::/96 dev nat64
t "and back" wait_for leads 64:ff9b::1 ours
six route add 64:ff9b::a00:0/104 via 2001:db8:1::2
t "a part of it elsewhere" wait_for leads 64:ff9b::a00:1 elsewhere
t "the rest is what it was" leads 64:ff9b::1 ours
six route add blackhole 64:ff9b::1:0/112
t "a blackhole in it" wait_for leads 64:ff9b::1:1 elsewhere
six route del 64:ff9b::a00:0/104
t "that part again" wait_for leads 64:ff9b::a00:1 ours
six route add 64:ff9b::/96 via 2001:db8:1::2 metric 5
t "one with a lower metric" wait_for leads 64:ff9b::1 elsewhere
six route del 64:ff9b::/96 metric 5
t "gone again" wait_for leads 64:ff9b::1 ours
six route replace 64:ff9b::/96 via 2001:db8:1::2
wait_for leads 64:ff9b::1 elsewhere
six route replace 64:ff9b::/96 nexthop via 2001:db8:1::2 nexthop via fe80::9 dev nat64
t "one way of two" wait_for leads 64:ff9b::1 ours
six route del 64:ff9b::/96
six route add default dev nat64
t "the default route" wait_for leads 64:ff9b::1 ours
six route del default
t "and no route" wait_for leads 64:ff9b::1 elsewhere
six route add 64:ff9b::/96 dev nat64
wait_for leads 64:ff9b::1 ours
ip -n "$R" link set nat64 down
t "with the link its routes go" wait_for leads 64:ff9b::1 elsewhere
ip -n "$R" link set nat64 up
six route add 64:ff9b::/96 dev nat64
t "and come back" wait_for leads 64:ff9b::1 ours

# begin and no_more_than N: since then the routes were read at most N times; where the machine is slow or busy, so that more
# than N times 50 ms have passed, at most once in 50 ms, which is as often as it may happen at all.
begin() { began=$EPOCHREALTIME reads=$(ask reads); }
no_more_than() {
	local us=$((${EPOCHREALTIME/./} - ${began/./}))
	reads=$(($(ask reads) - reads))
	echo "$reads times in $us us"
	[ "$reads" -le $((us / 50000 + 1 > $1 ? us / 50000 + 1 : $1)) ]
}

# Routes that do not matter, as many as a border router sees change.
begin
churn add 1 9999
churn del 1 9999
t "twenty thousand changes elsewhere: the answer is what it was" leads 64:ff9b::1 ours
# Those that did not fit into the socket's buffer may have mattered.
t "and the routes are read hardly ever for them" no_more_than 5
churn add 1 9999
kill -STOP "$follow"
churn del 1 9999
six route replace 64:ff9b::/96 via 2001:db8:1::2
churn add 1 9999
kill -CONT "$follow"
t "a change that was lost among many" wait_for leads 64:ff9b::1 elsewhere
six route replace 64:ff9b::/96 dev nat64
t "a change beside ten thousand routes" wait_for leads 64:ff9b::1 ours
diag "the longest piece of work: $(ask longest) us"
begin
for _ in 1 2 3 4 5 6 7 8 9 10; do
	six route replace 64:ff9b::a00:0/104 via 2001:db8:1::2
	six route replace 64:ff9b::a00:0/104 dev nat64
done
sleep 0.3
t "a route that flaps: read hardly ever beside ten thousand" no_more_than 6
t "and right in the end" wait_for leads 64:ff9b::a00:1 ours
exec {send}>&-
wait "$follow"
ip -n "$R" link del nat64

# The daemon: a packet for nobody, whose prefix leads back to us, is translated once and no more.
circles() { [ "$(grown '4->6' routed-back)" -gt 0 ] && [ "$(grown '4->6' ok)" -eq 0 ]; }
refused() { ping4 -t 255 203.0.113.9 | grep -q 'Destination Host Unreachable'; }

cat >"$T/conf" <<-END
	tun-device nat64
	ipv4-addr 203.0.113.1
	prefix 2001:db8:46::/96
	map 203.0.113.7 2001:db8:2::7
	tun-up yes
END
start_bare
wait_for link_running nat64
ip -n "$R" route add 203.0.113.0/24 dev nat64
six route add 2001:db8:46::/96 dev nat64
ip -n "$C" -6 route add local 2001:db8:46::cb00:7100/120 dev lo
wait_for refused
mark
t "a packet for nobody, its prefix routed back by hand: refused" refused
t "and not translated at all" circles
t "the mapped host answers" wait_for ping4 203.0.113.7
six route add 2001:db8:46::cb00:7100/120 via 2001:db8:1::2
t "a host of the prefix that lives elsewhere answers" wait_for ping4 203.0.113.9
six route del 2001:db8:46::cb00:7100/120
t "its route gone: refused" wait_for refused
six route add 2001:db8:46::808:800/120 dev nat64
six route replace 2001:db8:46::/96 via 2001:db8:1::2
t "the prefix led elsewhere: it answers" wait_for ping4 203.0.113.9
six route replace 2001:db8:46::/96 dev nat64
t "and led back again: refused" wait_for refused
six route add 2001:db8:46::cb00:7100/120 via 2001:db8:1::2
sed -i 's/^prefix.*/prefix 2001:db8:47::\/96/' "$T/conf"
six route add 2001:db8:47::/96 dev nat64
kill -HUP "$PID"
t "another prefix by a reload, routed back by hand: refused" wait_for refused
ip -n "$R" link set nat64 down
ip -n "$R" link set nat64 up
ip -n "$R" route add 203.0.113.0/24 dev nat64
six route add 2001:db8:47::/96 dev nat64
t "its link down and up again: refused" wait_for refused
stop_nat64d

# A mapped host whose IPv6 address is routed into the device as well: nobody could reach it.
start_bare
wait_for link_running nat64
ip -n "$R" route replace 203.0.113.0/24 dev nat64
six route replace 2001:db8:47::/96 dev nat64
t "a mapped host answers" wait_for ping4 203.0.113.7
six route add 2001:db8:2::7 dev nat64
circling() { ping4 -t 255 203.0.113.7 | grep -q 'Destination Host Unreachable'; }
t "both its addresses routed into the device: refused" wait_for circling
mark
circling
t "and not translated at all" circles
six route del 2001:db8:2::7 dev nat64
t "it answers again" wait_for ping4 203.0.113.7
stop_nat64d

# What tun-setup has set.
sed -i 's/^tun-up/tun-setup/' "$T/conf"
start_bare
wait_for link_running nat64
ip -n "$R" route replace 203.0.113.0/24 dev nat64
t "routed back by tun-setup: refused" wait_for refused
stop_nat64d
finish

#!/usr/bin/env bash
# The device: set up, attached, made, removed, deleted, downed.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need
topology

# Processor time in one second: an idle daemon must use none.
idle() {
	local before after
	before=$(cpu_ticks)
	sleep 1
	after=$(cpu_ticks)
	[ $((after - before)) -le 3 ] || { echo "$((after - before)) ticks in a second" && return 1; }
}

config 'tun-setup yes' 'map 203.0.113.0/28 2001:db8:2::aa00/120' 'wkpf-strict no' >"$T/conf"
start_bare
t "tun-setup: the link comes up" wait_for link_running nat64
t "tun-setup: traffic passes with no further command" wait_for ping6 "$GOOGLE"
for route in 192.168.255.0/24 203.0.113.0/28; do
	shows "tun-setup: a route to $route" "$route dev nat64" ip -n "$R" route show
done
shows "tun-setup: a route to the prefix" "64:ff9b::/96 dev nat64" ip -n "$R" -6 route show
t "tun-setup: the own IPv4 address answers" ping4 192.168.255.1
ip -n "$R" link set nat64 mtu 1000
t "MTU below 1280: said to be too small for IPv6" wait_for grep -q "MTU 1000 is too small" "$LOG"
ip -n "$R" link set nat64 mtu 1500
t "MTU large enough again: traffic passes with no further command" wait_for ping6 "$GOOGLE"
kill -STOP "$PID"
ip -n "$R" link set nat64 down
ip -n "$R" link set nat64 up
kill -CONT "$PID"
t "link down and up before it could look: traffic passes with no further command" wait_for ping6 "$GOOGLE"
kill -STOP "$PID"
ip -n "$R" link set nat64 mtu 1000
ip -n "$R" link set nat64 mtu 1500
kill -CONT "$PID"
t "MTU below 1280 before it could look: traffic passes with no further command" wait_for ping6 "$GOOGLE"
# lose_unheard: the link goes down and up.  The queue of notifications is full before, so that the kernel drops those about it.
lose_unheard() {
	local i
	for ((i = 1; i <= 1000; i++)); do printf 'link set nat64 mtu %d\n' $((1500 + i % 2)); done >"$T/batch"
	kill -STOP "$PID"
	ip -n "$R" -batch "$T/batch"
	ip -n "$R" link set nat64 down
	ip -n "$R" link set nat64 up
	kill -CONT "$PID"
}
lose_unheard
t "link down and up, and the notifications were dropped: traffic passes with no further command" wait_for ping6 "$GOOGLE"
stops "TERM: exit status 0"
t "the device is gone with its daemon" fails link_exists nat64
sed -i /data-dir/d "$T/conf"
start_bare -u nobody
t "a daemon without rights: traffic passes" wait_for ping6 "$GOOGLE"
from=$(since)
lose_unheard
t "link down and up, and the notifications were dropped: it says that it needs a restart" wait_for said "$from" \
	'lost its addresses and routes'
stops "TERM: exit status 0"

config 'tun-up yes' 'tun-ip 192.0.2.1/32' 'tun-ip 2001:db8:99::1/128' 'tun-route 192.168.255.0/24' \
	'tun-route 64:ff9b::/96' >"$T/conf"
start_bare
t "tun-up, tun-ip, tun-route: traffic passes" wait_for ping6 "$GOOGLE"
shows "tun-ip: the IPv4 address" 192.0.2.1/32 ip -n "$R" addr show dev nat64
shows "tun-ip: the IPv6 address" 2001:db8:99::1/128 ip -n "$R" addr show dev nat64
stop_nat64d

# tun-mtu: a new device, an existing one, one that may not be changed.
mtu_is() { ip -n "$R" -o link show dev nat64 | grep -q " mtu $1 "; }
config 'tun-setup yes' 'tun-mtu 1400' >"$T/conf"
from=$(since)
start_bare
t "tun-mtu: a new device" wait_for mtu_is 1400
t "and traffic passes" wait_for ping6 "$GOOGLE"
t "the daemon goes by it" wait_for said "$from" 'translating on nat64: MTU 1400,'
config 'tun-setup yes' 'tun-mtu 1300' >"$T/conf"
from=$(since)
kill -HUP "$PID"
t "a changed one needs a restart" wait_for said "$from" 'a changed tun-mtu needs a restart; nothing is changed'
t "and the device keeps what it has" mtu_is 1400
stop_nat64d
config 'tun-setup yes' 'tun-mtu 9000' >"$T/conf"
t "tun-mtu: --mktun" in_router "$NAT64D" -c "$T/conf" --mktun -u root
t "sets it" mtu_is 9000
sed -i '/data-dir/d; s/9000/1400/; s/tun-setup yes/tun-up no/' "$T/conf"
shows "tun-mtu: a device that may not be changed: an error" "nat64: MTU 1400 instead of 9000 (tun-mtu): Operation not permitted (this needs root or CAP_NET_ADMIN)" \
	in_router setpriv --bounding-set=-net_admin "$NAT64D" --nodetach -c "$T/conf"
t "and it keeps its own" mtu_is 9000
config 'tun-setup yes' 'tun-mtu 1400' 'tun-route 8.8.8.0/24' >"$T/conf"
t "tun-mtu: a start that fails" fails in_router "$NAT64D" --nodetach -c "$T/conf"
t "leaves a persistent device as it was" mtu_is 9000
config 'tun-setup yes' 'tun-mtu 1400' >"$T/conf"
start_bare
t "tun-mtu: a persistent device" wait_for mtu_is 1400
stop_nat64d
in_router "$NAT64D" -c "$T/conf" --rmtun 2>/dev/null

config >"$T/conf"
for kind in "" multi_queue; do
	# shellcheck disable=SC2086 # no word is wanted for the empty kind
	ip -n "$R" tuntap add dev nat64 mode tun $kind
	start_nat64d && t "attaches to a device of ip tuntap ${kind:-(one queue)}" ping6 "$GOOGLE"
	t "--rmtun leaves it alone meanwhile" fails in_router "$NAT64D" -c "$T/conf" --rmtun
	stop_nat64d
	t "and leaves it there" link_exists nat64
	ip -n "$R" link del nat64
done

t "--mktun" in_router "$NAT64D" -c "$T/conf" --mktun
t "made a device that stays" link_exists nat64
start_nat64d && t "which the daemon uses" ping6 "$GOOGLE"
stop_nat64d
t "--rmtun" in_router "$NAT64D" -c "$T/conf" --rmtun
t "removed it" fails link_exists nat64

start_nat64d || finish
ping6 "$GOOGLE" >/dev/null
ip -n "$R" link set nat64 down
t "device down: the daemon lives" alive
t "device down: it idles" idle
ip -n "$R" link set nat64 up
set_routes
t "up again: traffic passes" wait_for ping6 "$GOOGLE"
t "idle: no processor time" idle
: >"$LOG"
ip -n "$R" link del nat64
if alive; then
	t "device deleted: no busy loop" idle
else
	ok "device deleted: the daemon has ended"
fi
t "device deleted: said at all" wait_for test -s "$LOG"
t "device deleted: said in a line or two" test "$(wc -l <"$LOG")" -le 3
stop_nat64d
finish

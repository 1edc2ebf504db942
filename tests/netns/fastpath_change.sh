#!/usr/bin/env bash
# Changes during full load on the fast path: after a reload returns, no packet is translated by earlier decisions; a device with
# a new MTU, or that is set down or up, renamed or deleted, behaves as with fast-path off.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
NAT64CTL=${NAT64CTL:-$(dirname "$NAT64D")/nat64ctl}
need iperf3 nft ss
topology
in_router nft list tables >/dev/null 2>&1 || skip_all "needs nftables"
need_fast_path
export RUNTIME_DIRECTORY=$T/run
mkdir "$T/run"
reload() { in_router "$NAT64CTL" -s "$T/run/control" reload; }

# Packets at either end are counted by nftables counters, which lose nothing under load.
# seen SPACE FAMILY NAME: prints how many packets have come from there since `watch'.
seen() {
	ip netns exec "$1" nft list table "$2" "seen$3" 2>/dev/null | sed -n 's/.*counter packets \([0-9]*\) .*/\1/p'
}
# watch SPACE FAMILY NAME ADDRESS: counts the packets that come from there.
watch() {
	ip netns exec "$1" nft "add table $2 seen$3; add chain $2 seen$3 in { type filter hook prerouting priority -300; }; add rule $2 seen$3 in $2 saddr $4 counter"
}
watch "$S" ip old 192.168.255.77
watch "$S" ip new 192.168.255.78
watch "$S" ip leased 192.168.255.0/25
watch "$C" ip6 plain 64:ff9b::808:808
watch "$C" ip6 other 2001:db8:64::808:808

load_is_below() {
	mark
	sleep 0.2
	[ "$(below '6->4')" -gt 2000 ]
}
# flood [SOURCE]: UDP and TCP at full speed from the client, and UDP from the server.
flood() {
	ip netns exec "$C" "$BLAST" send -6 "$GOOGLE" 9 -n 32 -b 1 -s 64 --unlike -t 600 ${1:+--sources "$1"} </dev/null >/dev/null 2>&1 &
	floods=$!
	disown
	ip netns exec "$S" "$BLAST" send -4 192.168.255.77 9 -n 32 -b 1 -s 64 --unlike -t 600 </dev/null >/dev/null 2>&1 &
	floods+=" $!"
	disown
	wait_for load_is_below
}
# shellcheck disable=SC2086 # a list
dry() { kill $floods 2>/dev/null; sleep 0.2; }

# stands_still SPACE FAMILY NAME: succeeds if no more packets come from there, after those already on the way.
stands_still() {
	local was
	sleep 0.05
	was=$(seen "$@")
	sleep 0.5
	same "$how: nothing more of the old kind" "$was" "$(seen "$@")"
}
came() { [ $(($(seen "$@") - before)) -gt 1000 ]; }
# goes_on SPACE FAMILY NAME
goes_on() {
	before=$(seen "$@")
	t "$how: packets of the new kind come" wait_for came "$@"
}

ip netns exec "$S" iperf3 -s </dev/null >/dev/null 2>&1 &
disown
wait_for listening "$S" -t 5201
hole "$S" 9
hole "$C" 9
BASE=('tun-queue 10000' 'icmp-errors never')
old='map 192.168.255.77 2001:db8:1::2' new='map 192.168.255.78 2001:db8:1::2'
config "${BASE[@]}" "$old" >"$T/conf"
start_nat64d || finish

# --- maps -----------------------------------------------------------------------------------------------------------

flood
how="another map"
config "${BASE[@]}" "$new" >"$T/conf"
for round in 1 2; do
	reload
	if [ $round = 2 ]; then
		stands_still "$S" ip new
		goes_on "$S" ip old
		config "${BASE[@]}" "$new" >"$T/conf"
	else
		stands_still "$S" ip old
		goes_on "$S" ip new
		config "${BASE[@]}" "$old" >"$T/conf"
	fi
	t "$how: it is in the fast path again" wait_for load_is_below
done
# --- prefixes -------------------------------------------------------------------------------------------------------

how="another prefix"
ip -n "$R" -6 route replace 2001:db8:64::/96 dev nat64
goes_on "$C" ip6 plain
config "${BASE[@]}" "$old" | sed 's|^prefix .*|prefix 2001:db8:64::/96|' >"$T/conf"
reload
stands_still "$C" ip6 plain
goes_on "$C" ip6 other
was=$(seen "$S" ip old)
sleep 0.3
same "$how: nothing goes through the one that is gone" "$was" "$(seen "$S" ip old)"
config "${BASE[@]}" "$old" >"$T/conf"
reload
stands_still "$C" ip6 other
goes_on "$C" ip6 plain
goes_on "$S" ip old
dry

# --- routes that say the same again -----------------------------------------------------------------------------------

# Like repeated router advertisements.  The route contains the prefix, so it is relevant.
how="the very same default route"
again() { ip -n "$R" -6 route replace default via 2001:db8:1::2; }
echoes() { in_client ping -6 -q -n -i 0.01 -W 2 -c "$1" "$GOOGLE"; }
again
sleep 0.3
known echoes 10
mark
echoes 200 >/dev/null &
job=$!
for _ in $(seq 20); do
	again
	sleep 0.06
done
wait $job
same "$how: all is translated below meanwhile" "200 200" "$(below '6->4') $(below '4->6')"
ip -n "$R" -6 route del default

# --- leases ---------------------------------------------------------------------------------------------------------

# A pool has two hosts; one loses its lease when its address is mapped to another host.
how="a lease that ends"
config "${BASE[@]}" | sed 's|^dynamic-pool .*|dynamic-pool 192.168.255.0/29|' >"$T/conf"
reload
flood 2001:db8:2::10
sleep 0.5
goes_on "$S" ip leased
leases=$(sed -n 's/^\(192[0-9.]*\).*/\1/p' "$T/data/dynamic.map" | sort -u)
for address in $leases; do
	watch "$S" ip "${address##*.}" "$address"
done
sleep 0.3
victim=$(for address in $leases; do echo "$(seen "$S" ip "${address##*.}") $address"; done | sort -n | tail -n 1 | sed 's/.* //')
{
	cat "$T/conf"
	echo "map $victim 2001:db8:3::1"
} >"$T/mapped"
goes_on "$S" ip "${victim##*.}"
cp "$T/conf" "$T/unmapped"
cp "$T/mapped" "$T/conf"
reload
stands_still "$S" ip "${victim##*.}"
t "$how: said" grep -q "lease $victim of .* removed: the address is mapped now" "$LOG"
others() {
	was=$(seen "$S" ip leased)
	sleep 0.3
	[ $(($(seen "$S" ip leased) - was)) -gt 100 ]
}
t "$how: other hosts go on" wait_for others
cp "$T/unmapped" "$T/conf"
reload
goes_on "$S" ip leased
dry

# --- the device -----------------------------------------------------------------------------------------------------

config "${BASE[@]}" "$old" 'map 192.168.255.79 2001:db8:1::3' >"$T/conf"
sed -i 's/icmp-errors never/icmp-errors send/' "$T/conf"
reload
flood
pings() { in_client ping -6 -q -n -c 5 -i 0.05 -W 2 "$@" "$GOOGLE"; }
how="the device's MTU"
ip -n "$R" link set nat64 mtu 1300
wait_for grep -q 'MTU 1300' "$LOG"
shows "$how: too long is told, as without" "Packet too big" in_client ping -6 -n -c 2 -W 2 -M "do" -s 1400 "$GOOGLE"
shows "$how: and likewise from IPv4" "Frag needed and DF set (mtu = 1" in_server ping -4 -n -c 2 -W 2 -M "do" -s 1400 192.168.255.77
for option in "" -R; do
	# shellcheck disable=SC2086 # no word is wanted for none
	t "$how: TCP passes${option:+, down}" timeout 20 ip netns exec "$C" iperf3 -6 -c "$GOOGLE" -n 3M $option
done
t "$how: what fits passes" wait_for pings -s 1200 # the queue may still be full of the flood
ip -n "$C" -6 route flush cache
ip -n "$R" link set nat64 mtu 1500
wait_for grep -q 'MTU 1500$' "$LOG"
t "$how: and is in the fast path" wait_for load_is_below

how="link down"
ip -n "$R" link set nat64 down
wait_for grep -q 'the link is down' "$LOG"
stands_still "$S" ip old
ip -n "$R" link set nat64 up
set_routes
t "$how: and up again: packets pass" wait_for pings
t "$how: and are in the fast path" wait_for load_is_below

how="another name"
ip -n "$R" link set nat64 down
ip -n "$R" link set nat64 name other
ip -n "$R" link set other up
ip -n "$R" route replace 192.168.255.0/24 dev other
ip -n "$R" -6 route replace 64:ff9b::/96 dev other
t "$how: said" wait_for grep -q 'was renamed to other' "$LOG"
t "$how: packets pass" wait_for pings
t "$how: and are in the fast path" wait_for load_is_below

how="deleted"
ip -n "$R" link del other
t "$how: the daemon ends" wait_for ended "$PID"
wait "$PID"
same "$how: with the status for that" 2 $?
t "$how: and says why" grep -q 'the device was deleted' "$LOG"
stands_still "$S" ip old
PID=
sed -i 's/^tun-queue.*//' "$T/conf"
start_nat64d || finish
t "$how: a new start translates" wait_for pings
t "$how: in the fast path" wait_for load_is_below
dry
stops "TERM: exit status 0"
finish

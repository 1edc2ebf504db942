#!/usr/bin/env bash
# A stranger forges 200,000 pairs of addresses while other hosts use the fast path: the hosts lose no more packets than without
# the storm, and use the fast path afterwards.  A small table only replaces its entries.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need iperf3 ss
topology
need_fast_path
NET=('map 192.168.255.77 2001:db8:1::2' 'map 10.64.0.0/14 2001:db8:2::/110' 'icmp-errors never')

ip netns exec "$S" iperf3 -s </dev/null >/dev/null 2>&1 &
disown
wait_for listening "$S" -t 5201
hole "$S" 9

# start_storm SOURCES [OPTION...]: each in its turn.
start_storm() {
	ip netns exec "$C" "$BLAST" send -6 "$GOOGLE" 9 -n "$@" -b 8 -s 64 --sources 2001:db8:2:: -t 600 \
		</dev/null >/dev/null 2>&1 &
	storm=$!
	disown
}
end_storm() {
	kill "$storm"
	wait_for gone "$storm"
}
# lost: prints how many of 200 pings in two seconds are lost.
lost() { in_client ping -6 -q -n -i 0.01 -c 200 -W 1 "$GOOGLE" | sed -n 's/^200 packets transmitted, \([0-9]*\) received.*/\1/p' | awk '{ print 200 - $1 }'; }
# mbits: prints the rate of a TCP stream of two seconds.
mbits() {
	timeout 30 ip netns exec "$C" iperf3 -6 -c "$GOOGLE" -t 2 -f m | sed -n 's/.* \([0-9]*\)\(\.[0-9]*\)\? Mbits\/sec .*receiver.*/\1/p'
}
pings() { in_client ping -6 -q -n -i 0.01 -W 2 -c "${1:-20}" "$GOOGLE"; }

declare -A loss rate
for mode in off auto "auto 1024"; do
	config "${NET[@]}" "fast-path $mode" >"$T/conf"
	start_nat64d || finish
	ip -n "$R" route replace 10.64.0.0/14 dev nat64
	wait_for pings
	[ "$mode" = off ] || t "$mode: the host is in the fast path" known pings
	# Each of 5000 pairs comes back before it is forgotten, and enters the table, which is too small for all of them.
	start_storm "$([ "$mode" = "auto 1024" ] && echo 5000 || echo 200000)"
	sleep 0.5
	mark
	loss[$mode]=$(lost)
	if [ "$mode" != off ]; then
		n=$(below '6->4')
		diag "$mode: of $(grown '6->4' ok) packets $n below, $(grown '6->4' packets) seen"
		[ "$mode" = auto ] || t "$mode: of 5000 strangers packets go below, too" test "$n" -gt 2000
	fi
	rate[$mode]=$(mbits)
	end_storm
	t "$mode: the daemon lives" alive
	diag "$mode: of 200 pings ${loss[$mode]} lost, TCP ${rate[$mode]} Mbit/s"
	if [ "$mode" != off ]; then
		t "$mode: no more pings are lost than without" test "${loss[$mode]}" -le $((loss[off] + 5))
		t "$mode: TCP is no slower than without" test $((rate[$mode] * 10)) -ge $((rate[off] * 8))
		sleep 0.3
		known pings
		mark
		pings 100 >/dev/null
		same "$mode: afterwards the host is in the fast path" "100 100" "$(below '6->4') $(below '4->6')"
	fi
	same "$mode: the kernel took all pairs" "" "$(grep 'takes no pairs' "$LOG")"
	stops "$mode: exit status 0"
done

# --- a storm of hosts that all need a lease ---------------------------------------------------------------------------

config "${NET[@]}" 'map 192.168.254.0/24 2001:db8:3::/120' | sed '/^map 10.64/d; s|^dynamic-pool.*|dynamic-pool 10.128.0.0/16|' >"$T/conf"
start_nat64d || finish
ip -n "$R" route replace 10.128.0.0/16 dev nat64
t "leases: the host is in the fast path" known pings
start_storm 200000 --rate 50000
sleep 2
n=$(lost)
t "leases: of 200 pings $n are lost" test "$n" -le $((loss[off] + 5))
end_storm
n=$(counter "$(counters)" both leases-used)
t "leases: $n hosts have one" test "$n" -gt 10000
known pings
mark
pings 100 >/dev/null
same "leases: afterwards the host is in the fast path" "100 100" "$(below '6->4') $(below '4->6')"
stops "leases: exit status 0"
finish

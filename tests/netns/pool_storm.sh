#!/usr/bin/env bash
# 50,000 packets a second from addresses that a stranger makes up, beside hosts that have a lease and hosts that want one: who
# has one loses nothing, and who comes from elsewhere gets one at once.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need ss
topology
[ -x "$BLAST" ] || skip_all "needs $BLAST"

# 2001:db8:2::/64 are hosts with a lease, 2001:db8:77::/48 come during the storm.
ip -n "$C" route add local 2001:db8:77::/48 dev lo
ip -n "$R" route add 2001:db8:77::/48 via 2001:db8:1::2
serve_udp
hole "$S" 9
storm_in() { in_client python3 "$here/storm.py" "$@"; }

# start_storm NETWORK
start_storm() {
	ip netns exec "$C" "$BLAST" send -6 "$GOOGLE" 9 -b 8 -s 64 --sources "$1" --rate 50000 -t 600 </dev/null >"$T/storm" 2>&1 &
	storm=$!
	disown
}
end_storm() {
	kill "$storm"
	wait_for gone "$storm"
}

# cost: ns of processor time that the daemon has used for each packet since the mark.
cost() {
	local now packets
	now=$(cpu_ticks)
	packets=$(($(grown '6->4' packets) + $(grown '4->6' packets)))
	echo $(((now - ticks) * 10000000 / (packets + 1)))
}
start_cost() {
	mark
	ticks=$(cpu_ticks)
}

for mode in off auto; do
	config "fast-path $mode" "lease-log 1" "tun-queue 10000" >"$T/conf"
	rm -rf "$T/data" && mkdir "$T/data"
	start_nat64d || finish
	storm_in steady 0.5 2001:db8:2::1 20 "$GOOGLE" 5007 >/dev/null

	# What a packet costs that is not of a storm: as many of one host.
	start_cost
	ip netns exec "$C" "$BLAST" send -6 "$GOOGLE" 9 -b 8 -s 64 --unlike --rate 50000 -t 3 </dev/null >/dev/null 2>&1
	calm=$(cost)
	diag "$mode: without a storm a packet costs $calm ns"

	n=0
	for net in 2001:db8:bad:1::/64 2001:db8:bad::/48 2000::/3; do
		start_cost
		start_storm "$net"
		sleep 1
		storm_in steady 6 2001:db8:2::1 20 "$GOOGLE" 5007 >"$T/steady" &
		job=$!
		sleep 0.5
		n=$((n + 1))
		read -r served took < <(storm_in newcomers "2001:db8:77:$n::1" 20 "$GOOGLE" 5007)
		wait "$job"
		end_storm
		read -r sent lost <"$T/steady"
		diag "$mode, $net: established $lost of $sent lost, $served of 20 newcomers within $took ms, a packet costs $(cost) ns," \
			"refused $(grown '6->4' pool-full)"
		same "$mode, $net: who has a lease loses no packet" 0 "$lost"
		if [ "$net" != 2000::/3 ]; then
			same "$mode, $net: each newcomer from elsewhere is served" 20 "$served"
			t "$mode, $net: within a second" test "$took" -lt 1000
		fi
	done
	diag "$mode: $(du -k "$T/data" | cut -f 1) KiB in data-dir, $(sed -n 's/^VmRSS:[[:blank:]]*//p' "/proc/$PID/status")"
	stops "$mode: exit status 0"
done

finish

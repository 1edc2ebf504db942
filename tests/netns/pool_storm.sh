#!/usr/bin/env bash
# A stranger sends 50,000 packets a second from forged addresses.  Hosts with a lease lose nothing, and new hosts of other
# networks get a lease at once.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need ss
NAT64CTL=${NAT64CTL:-$(dirname "$NAT64D")/nat64ctl}
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

# dropped: by queues, since a process had no processor in time: that of the device, and those of the cables.
dropped() {
	local n=0 device column
	device=$(in_router cat /sys/class/net/nat64/statistics/tx_dropped)
	while read -r _ column _; do n=$((n + 0x$column)); done </proc/net/softnet_stat
	echo $((n + device))
}
leases_of() { "$NAT64CTL" -s "$T/control" leases "$1" --json | sed 's/.*"ipv4": "\([0-9.]*\)", "ipv6": "\([^"]*\)".*/\2 \1/' | sort; }

for mode in off auto; do
	config "fast-path $mode" 'lease-log 1' 'tun-queue 10000' "control $T/control" >"$T/conf"
	rm -rf "$T/data" && mkdir "$T/data"
	start_nat64d || finish
	storm_in steady 0.5 2001:db8:2::1 20 "$GOOGLE" 5007 >/dev/null
	leases_of 2001:db8:2::/64 >"$T/before"
	same "$mode: twenty hosts have a lease" 20 "$(wc -l <"$T/before")"

	# What a packet costs that is not of a storm: as many of one host.
	start_cost
	ip netns exec "$C" "$BLAST" send -6 "$GOOGLE" 9 -b 8 -s 64 --unlike --rate 50000 -t 2 </dev/null >/dev/null 2>&1
	calm=$(cost)
	diag "$mode: without a storm a packet costs $calm ns"

	n=0
	for net in 2001:db8:bad:1::/64 2001:db8:bad::/48 2000::/3; do
		was=$(dropped)
		start_cost
		start_storm "$net"
		sleep 0.5
		storm_in steady 3 2001:db8:2::1 20 "$GOOGLE" 5007 >"$T/steady" &
		job=$!
		sleep 0.5
		n=$((n + 1))
		read -r served took < <(storm_in newcomers "2001:db8:77:$n::1" 20 "$GOOGLE" 5007)
		wait "$job"
		end_storm
		read -r sent lost refused <"$T/steady"
		drops=$(($(dropped) - was))
		diag "$mode, $net: established $lost of $sent lost, $served of 20 newcomers within $took ms, a packet costs $(cost) ns," \
			"refused $(grown '6->4' pool-full), dropped by queues $drops"
		same "$mode, $net: nobody who has a lease is refused" 0 "$refused"
		[ "$drops" -gt 0 ] || same "$mode, $net: nor loses a packet" 0 "$lost"
		leases_of 2001:db8:2::/64 >"$T/after"
		t "$mode, $net: nor the lease" cmp "$T/before" "$T/after"
		if [ "$net" != 2000::/3 ]; then
			same "$mode, $net: each newcomer from elsewhere is served" 20 "$served"
			[ "$drops" -gt 0 ] || t "$mode, $net: within a second" test "$took" -lt 1000
		fi
	done
	diag "$mode: $(du -k "$T/data" | cut -f 1) KiB in data-dir, $(sed -n 's/^VmRSS:[[:blank:]]*//p' "/proc/$PID/status")"
	stops "$mode: exit status 0"
done

finish

#!/usr/bin/env bash
# Both ends receive the same packets, except for IPv4 Identifications, whether the daemon or the program in the kernel
# translates: GSO packets and all kinds of single packets.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need ethtool ss
topology
need_fast_path
BASE=('map 192.168.255.77 2001:db8:1::77' 'map 192.168.255.78 2001:db8:1::2' 'icmp-errors send' 'tun-queue 10000')

wires_for_gso

fast() { echo "$(below '6->4') $(below '4->6')"; }
enough() { [ "${1% *}" -ge "$2" ] && [ "${1#* }" -ge "$2" ]; }

# drops: prints how many packets the kernel dropped because a queue was full: the backlog of a processor, or the device queue.
drops() {
	local n sum
	sum=$(in_router cat /sys/class/net/nat64/statistics/tx_dropped)
	while read -r _ n _; do sum=$((sum + 16#$n)); done </proc/net/softnet_stat
	echo "$sum"
}

# run MODE [LOSSES]: both runs, in $T/gso.MODE and $T/plain.MODE; how much went below, in $below_gso and $below_plain; how many
# packets the kernel dropped meanwhile, in $dropped.  So many GSO packets that do not arrive are sent again.
run() {
	local before
	before=$(drops)
	wait_for ping6 "$GOOGLE"
	mark
	python3 "$here/plain.py" run "$C" "$S" 1200 >"$T/plain.$1"
	below_plain=$(fast)
	mark
	python3 "$here/gso.py" run "$C" "$S" "$PID" "${2:-0}" >"$T/gso.$1" 2>"$T/again.$1"
	below_gso=$(fast)
	dropped=$(($(drops) - before))
	same "$1: none was malformed" 00 "$(grown '4->6' bad-offload)$(grown '6->4' bad-offload)"
}

config "${BASE[@]}" 'fast-path off' >"$T/conf"
start_nat64d || finish
run off
same "off: nothing goes below" "0 0 0 0" "$below_gso $below_plain"
stop_nat64d

config "${BASE[@]}" >"$T/conf"
start_nat64d || finish
run auto
diag "auto: below, 6->4 and 4->6: $below_gso of GSO packets, $below_plain of others"
t "auto: GSO packets go below" enough "$below_gso" 100
t "auto: others go below" enough "$below_plain" 200
# A busy machine sometimes loses a packet under this load: at most this many, and the kernel must have counted each.
LOSSES=5
start_load
run load $LOSSES
diag "load: the kernel dropped $dropped packets; sent again: $(paste -sd ',' "$T/again.load")"
t "load: a GSO packet is sent again only if the kernel dropped one" test "$(wc -l <"$T/again.load")" -le "$dropped"
diag "load: below, 6->4 and 4->6: $below_gso of GSO packets, $below_plain of others"
t "load: GSO packets go below" enough "$below_gso" 200
t "load: others go below" enough "$below_plain" 200
end_load
stop_nat64d

# of CASE FILE: prints the lines of CASE.
of() { awk -F '\t' -v name="$1" '$1 == name' "$2"; }
# Prints the first line of standard input for each end.
firsts() { awk -F '\t' '!seen[$2]++' | sort; }
for mode in auto load; do
	while IFS=$'\t' read -r name _ kind; do
		is=$(of "$name" "$T/gso.$mode") want=$(of "$name" "$T/gso.off")
		if [ "$kind" != all ]; then
			is=$(firsts <<<"$is") want=$(firsts <<<"$want")
		fi
		[ "$is" = "$want" ] || echo "$name" "$(diff <(echo "$want") <(echo "$is") | cut -c 1-300 | head -n 6)"
	done < <(python3 "$here/gso.py" list) >"$T/different"
	same "$mode: GSO packets come out the same, in the same order" "" "$(cat "$T/different")"
	n=$(wc -l <"$T/plain.off")
	losses=0
	[ "$mode" = auto ] || losses=$((dropped < LOSSES ? dropped : LOSSES))
	if [ -z "$(comm -13 "$T/plain.off" "$T/plain.$mode")" ] && [ "$(comm -23 "$T/plain.off" "$T/plain.$mode" | wc -l)" -le $losses ]; then
		ok "$mode: $n single packets come out the same"
	else
		not_ok "$mode: $n single packets come out the same" "$(diff "$T/plain.off" "$T/plain.$mode" | cut -c 1-300 | head -n 12)"
	fi
	t "$mode: DF is where RFC 7915 wants it" python3 "$here/plain.py" df <"$T/gso.$mode"
done
t "and there is something to look at" test "$(grep -c . "$T/plain.off")" -ge 1500
finish

#!/usr/bin/env bash
# Known traffic is translated in the kernel: it costs the daemon no time, all of it is counted, and leases whose hosts send this
# way count as in use.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need iperf3 nstat ss
topology
need_fast_path
# A busy machine may pause the daemon for a short time; make the queue long enough that nothing is lost.
BASE=('map 192.168.255.77 2001:db8:1::2' 'icmp-errors send' 'tun-queue 10000')
config "${BASE[@]}" >"$T/conf"
start_nat64d || finish

# --- echo -----------------------------------------------------------------------------------------------------------

pings6() { in_client ping -6 -q -n -i 0.002 -W 2 -c "$@" "$GOOGLE"; }
pings4() { in_server ping -4 -q -n -i 0.002 -W 2 -c "$@" 192.168.255.77; }
# The kernel sometimes sends multicast reports on the device.
bytes6() { echo $(($(grown '6->4' bytes) - 76 * $(grown '6->4' multicast-noise))); }
counted() { echo "$(grown '6->4' "$1") $(grown '4->6' "$1")"; }

known pings6 5
known pings4 5
mark
ticks=$(cpu_ticks)
t "500 pings from IPv6" pings6 500
t "500 pings from IPv4" pings4 500
ticks=$(($(cpu_ticks) - ticks))
# A flow that begins while a packet of the kernel is in the queue goes through the daemon at first, to keep the order.
waited() { [ "$(($1))" -le 1000 ] && [ "$(($1 + $(grown '6->4' multicast-noise)))" -ge 1000 ] && [ "$2" = 1000 ]; }
# shellcheck disable=SC2046 # two numbers
t "all requests and replies are translated below" waited $(counted fast-path)
same "and are among those that are ok" "1000 1000" "$(counted ok)"
same "with their bytes" "$((1000 * 104)) $((1000 * 84))" "$(bytes6) $(grown '4->6' bytes)"
t "the daemon's processor time: $ticks ticks" test "$ticks" -le 3

# --- TCP ------------------------------------------------------------------------------------------------------------

iperf_server() {
	ip netns exec "$S" iperf3 -s -p 5201 </dev/null >/dev/null 2>&1 &
	disown
	wait_for listening "$S" -t 5201
}
stream() { in_client iperf3 -6 -c "$GOOGLE" -p 5201 "$@"; }
segments() { ip netns exec "$1" nstat -az | awk '$1 ~ /^Tcp(Out|Retrans)Segs$/ { n += $2 } END { print n + 0 }'; }
iperf_server
for dir in up down; do
	option=() busy='6->4'
	[ $dir = up ] || option=(-R) busy='4->6'
	stream -n 1M "${option[@]}" >/dev/null
	out_c=$(segments "$C") out_s=$(segments "$S")
	mark
	ticks=$(cpu_ticks)
	t "a TCP stream $dir" stream -t 2 "${option[@]}"
	ticks=$(($(cpu_ticks) - ticks))
	out_c=$(($(segments "$C") - out_c)) out_s=$(($(segments "$S") - out_s))
	same "$dir: its segments are counted as they were sent, once each" "$out_c $out_s" "$(counted ok)"
	n=$(grown $busy ok) fast=$(grown $busy fast-path)
	t "$dir: of $n segments $fast are translated below" test $((fast * 100)) -ge $((n * 99))
	t "$dir: and the daemon's processor time is $ticks ticks of 200" test "$ticks" -le 10
	same "$dir: bytes are whole" 1 "$(($(grown $busy bytes) > n * 1000))"
done
same "no checksum is wrong" 0 "$(csum_errors)"
stops "TERM: exit status 0"

config "${BASE[@]}" 'fast-path off' >"$T/conf"
from=$(since)
start_nat64d || finish
t "fast-path off: it is said" wait_for said "$from" 'fast-path: off$'
mark
ticks=$(cpu_ticks)
stream -t 2 >/dev/null
ticks=$(($(cpu_ticks) - ticks))
same "fast-path off: nothing is translated below" "0 0" "$(counted fast-path)"
t "fast-path off: what it costs the daemon: $ticks ticks of 200" test "$ticks" -gt 10
config "${BASE[@]}" >"$T/conf"
from=$(since)
kill -HUP "$PID"
t "another fast-path needs a restart" wait_for said "$from" 'a changed fast-path needs a restart'
stop_nat64d

# --- UDP ------------------------------------------------------------------------------------------------------------

# The daemon, the program and again the daemon count datagrams; the sender knows how many it sent.
start_nat64d || finish
start_sink "$S" 5300
mark
blast_in "$C" send -6 "$GOOGLE" 5300 -n 32 -b 1 -s 100 --rate 60000 -t 3 >"$T/sent.5300"
wait "$job"
n=$(sent 5300)
diag "UDP: $n datagrams, $(below '6->4') of them below"
merged=$(grown both merged)
if [ "$(below '6->4')" -le 1000 ] && [ "$merged" -gt $((n / 2)) ]; then
	# On a busy machine datagrams wait for the daemon, so that it has some to merge: then it keeps UDP, as nat64d(8) says.
	skip "UDP under load is moved below" "the daemon merged $merged of them"
else
	t "UDP under load is moved below" test "$(below '6->4')" -gt 1000
fi
same "and every datagram is counted, whoever has translated it" "$n" "$(grown '6->4' ok)"
same "with its bytes" $((n * 148)) "$(bytes6)"
same "all arrive as they were sent" "$n 0 0" "$(blasted 5300 packets) $(blasted 5300 corrupt) $(blasted 5300 duplicate)"
n=$(blasted 5300 reordered)
same "and in order" 0 "$n"
idle() {
	mark
	in_client python3 "$here/udp.py" echo "$GOOGLE" 5007 20 100
	[ "$(below)" -eq 0 ]
}
serve_udp
t "and when it is over, UDP returns to the daemon" wait_for idle
stop_nat64d

# --- leases ---------------------------------------------------------------------------------------------------------

# last ADDRESS: prints when it was last used, from the lease file.
last() { awk -F '\t' -v a="$1" '$1 == a { last = $3 } END { print last }' "$T/data/dynamic.map"; }
speak() { in_client ping -6 -q -n -i 0.1 -W 2 -c "$1" -I 2001:db8:2::5 "$GOOGLE"; }

start_nat64d || finish
address=$(in_client python3 "$here/udp.py" hosts 5 "$GOOGLE" 5007 | awk '$1 == "2001:db8:2::5" { print $2 }')
known speak 3
begin=$(date +%s)
mark
speak 40 >/dev/null
same "a leased host that speaks for four seconds: all below" "40 40" "$(counted fast-path)"
same "and none by the daemon" "40 40" "$(counted ok)"
end=$(date +%s)
t "which took as long as it should" test $((end - begin)) -ge 3
sleep 2
stops "TERM: exit status 0"
is=$(last "$address")
if [ "$is" -ge $((end - 2)) ] && [ "$is" -le $((end + 2)) ]; then
	ok "the lease file knows when it has spoken last"
else
	not_ok "the lease file knows when it has spoken last" "spoke from $begin to $end, the file says $is"
fi
t "and of others, too: they have spoken before" test "$(last "$(awk -F '\t' '$2 == "2001:db8:2::1" { print $1 }' "$T/data/dynamic.map" | tail -n 1)")" -lt $((end - 2))

# Packets from IPv4 do not show that the host is active.
start_nat64d || finish
t "from IPv4 to a leased host" wait_for ping4 "$address"
stop_nat64d
finish

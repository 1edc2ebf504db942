#!/usr/bin/env bash
# Packets of a flow keep their order while their pair moves from the daemon to the program in the kernel and back.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need nstat ss
topology
need_fast_path
config 'map 192.168.255.77 2001:db8:1::2' 'map 10.64.0.0/16 2001:db8:2::/112' 'tun-queue 10000' 'icmp-errors never' >"$T/conf"
start_nat64d || finish
ip -n "$R" route replace 10.64.0.0/16 dev nat64

# start_receive NAMESPACE PORT FLOWS COUNT: starts the receiver as $job, with its output in $T/PORT.
start_receive() {
	ip netns exec "$1" python3 "$here/order.py" receive "$2" "$3" "$4" </dev/null >"$T/$2" 2>&1 &
	job=$!
	wait_for listening "$1" -u "$2"
}

# --- UDP at moderate rates, of hosts that are new, both ways --------------------------------------------------------

# waited: prints the ms in which the daemon had work but no processor.  A pair moves when the queue has had 10 ms to drain.  If
# the daemon cannot run for that long, the kernel may overtake it, and the result does not count.
waited() { awk '{ print int($2 / 1000000) }' "/proc/$PID/schedstat" 2>/dev/null || echo 0; }

# in_time NAME LATE: one point, ok if none is late.
in_time() {
	if [ "$2" != 0 ] && [ "$waited" -ge 10 ]; then
		skip "$1" "$2 late, but the daemon had to wait $waited ms for a processor"
	else
		same "$1" 0 "$2"
	fi
}
# said_in_order NAME WORDS: the same with the output of order.py.
said_in_order() { in_time "$1" "$(sed 's/^in order$/0/' <<<"$2")"; }

# flows NAME: 40 hosts to the server, 8 flows to the client, for some seconds.
flows() {
	start_receive "$S" 5011 40 80
	to_server=$job
	start_receive "$C" 5012 8 400
	waited=$(waited)
	in_client python3 "$here/order.py" send "$GOOGLE" 5011 40 80 16 1200 2001:db8:2:: &
	sender=$!
	in_server python3 "$here/order.py" send 192.168.255.77 5012 8 400 16 1200
	wait "$sender"
	wait "$to_server" "$job"
	waited=$(($(waited) - waited))
	said_in_order "$1: 40 hosts to the server, in order and once" "$(cat "$T/5011")"
	said_in_order "$1: 8 flows to the client, in order and once" "$(cat "$T/5012")"
}
flows "UDP is with the daemon"
start_load 60000
mark
flows "UDP is below"
t "UDP is below: so it is" test "$(below '4->6')" -gt 1000
end_load

# blasted_well NAME SPACE PORT SENDER...: what SENDER has sent arrives once and undamaged; how much of it late, is shown.
blasted_well() {
	local name=$1 port=$3
	start_sink "$2" "$3" 20
	shift 3
	mark
	waited=$(waited)
	"$@" >"$T/sent.$port"
	wait "$job"
	waited=$(($(waited) - waited))
	diag "$name: $(blasted "$port" packets) there, $(below) below, $(blasted "$port" reordered) late, $(blasted "$port" lost) lost; the daemon had to wait $waited ms"
	same "$name: nothing twice, nothing damaged" "0 0" "$(blasted "$port" duplicate) $(blasted "$port" corrupt)"
}
# A flow begins in the daemon; it is large enough that UDP, and the pair with it, moves to the kernel.
in_order() {
	blasted_well "$@"
	in_time "$1: none is late" "$(blasted "$3" reordered)"
}
from_client() { blast_in "$C" send -6 "$GOOGLE" 5020 -b 1 -s 100 --unlike -t 0.5 "$@"; }
from_server() { blast_in "$S" send -4 192.168.255.77 5021 -b 1 -s 100 --unlike -t 0.5 "$@"; }
for round in 1 2; do
	sleep 1.5 # UDP returns to the daemon
	in_order "64 flows begin, round $round" "$S" 5020 from_client -n 64 --rate 40000
	in_order "64 hosts begin, round $round" "$S" 5020 from_client -n 64 --rate 40000 --sources "2001:db8:2::${round}00"
	sleep 1.5
	in_order "64 flows from IPv4 begin, round $round" "$C" 5021 from_server -n 64 --rate 40000
done
# Too much for the daemon: the queue may never be empty.
blasted_well "too much for the daemon" "$S" 5020 from_client -n 64 -t 2 --sources 2001:db8:2::a00

# --- a flow of which the kernel can translate only a part -----------------------------------------------------------

known ping6 "$GOOGLE"
mark
waited=$(waited)
echoes=$(in_client python3 "$here/order.py" echo "$GOOGLE" 3000)
waited=$(($(waited) - waited))
same "echoes of which the daemon takes every fifth: all are answered" "3000 replies" "${echoes%,*}"
late=${echoes#*, }
in_time "echoes of which the daemon takes every fifth: none is late" "${late% *}"
diag "of 6000, $(below) were translated below"
t "and the program takes its part" test "$(below)" -gt 100
start_load 40000
in_order "fragments and options between others" "$S" 5023 in_client python3 "$here/order.py" mixed "$GOOGLE" 5023 3000
lost=$((3000 - $(blasted 5023 packets)))
if [ "$lost" -gt 0 ] && [ "$waited" -ge 10 ]; then
	# The queue of the device is full after 10,000 packets, and the load goes on while the daemon waits.
	skip "fragments and options between others: none is lost" "$lost lost, but the daemon had to wait $waited ms for a processor"
else
	same "fragments and options between others: none is lost" 0 "$lost"
fi
end_load

# --- TCP: no segment arrives out of order -----------------------------------------------------------------------------

# tcp_count SPACE: prints the numbers of segments out of order and of spurious retransmissions.
tcp_count() { ip netns exec "$1" nstat -az | awk '/^TcpExt(TCPOFOQueue|TCPDSACKRecv) / { n += $2 } END { print n + 0 }'; }
# Connections one after the other, each from another host, with 300 kB in either direction in pieces.
cat >"$T/tcp.py" <<'END'
import ipaddress, socket, sys, threading
mode, host, port, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
SIZE = 300000
def talk(s):
    t = threading.Thread(target=lambda: [s.sendall(bytes(3000)) for _ in range(SIZE // 3000)])
    t.start()
    left = SIZE
    while left > 0:
        got = s.recv(65536)
        if not got:
            sys.exit("too little")
        left -= len(got)
    t.join()
    s.close()
if mode == "serve":
    l = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=100)
    for _ in range(count):
        talk(l.accept()[0])
else:
    for i in range(count):
        source = (str(ipaddress.ip_address(sys.argv[5]) + i), 0) if len(sys.argv) > 5 else None
        talk(socket.create_connection((host, port), source_address=source, timeout=20))
END
# connections MODE: $late of them in all
connections() {
	late=$(($(tcp_count "$C") + $(tcp_count "$S")))
	ip netns exec "$S" python3 "$T/tcp.py" serve 0.0.0.0 5030 100 </dev/null >"$T/served" 2>&1 &
	job=$!
	wait_for listening "$S" -t 5030
	mark
	t "$1: 100 hosts begin a TCP connection" in_client python3 "$T/tcp.py" connect "$GOOGLE" 5030 100 2001:db8:2::8000
	wait "$job"
	late=$(($(tcp_count "$C") + $(tcp_count "$S") - late))
	diag "$1: below $(below) of $(($(grown '6->4' ok) + $(grown '4->6' ok))), late or twice $late"
}
connections auto
fast=$late
t "auto: they move to the program" test "$(below)" -gt 10000
stops "TERM: exit status 0"
# Packets of a process that moves to another processor may overtake each other even without nat64d.
echo 'fast-path off' >>"$T/conf"
start_nat64d || finish
ip -n "$R" route replace 10.64.0.0/16 dev nat64
connections off
t "auto: late or twice are $fast, not more than without it, $late" test "$fast" -le $((2 * late + 60))
stop_nat64d
finish

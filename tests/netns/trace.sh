#!/usr/bin/env bash
# The output of `nat64ctl trace`, and its cost: no time without a client, and no lost packet with one.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need ss
topology
# shellcheck source=tests/netns/ctl.sh
. "$here/ctl.sh"

# trace WORD...: begins one into $T/trace; it is there when this returns.
trace() {
	ip netns exec "$R" "$NAT64CTL" -s "$SOCKET" trace "$@" >"$T/trace" 2>"$T/trace.err" &
	tracing=$!
	wait_for connected
	sleep 0.2 # JSON has no line that says that it has begun
}

# traced: ends it when all has been said, and returns its status.
traced() {
	sleep 0.2
	kill -INT "$tracing" 2>/dev/null
	wait "$tracing"
}

# lines EXPRESSION: how many objects of the trace, each called it, make EXPRESSION true; all of them must be JSON.
lines() { python3 -c 'import json, sys
print(sum(1 for it in map(json.loads, open(sys.argv[1])) if eval(sys.argv[2])))' "$T/trace" "$1"; }
# first EXPRESSION: of the first object that is about a packet which is translated.
first() { python3 -c 'import json, sys
for it in map(json.loads, open(sys.argv[1])):
    if it["reason"] == "ok":
        print(eval(sys.argv[2]))
        break' "$T/trace" "$1"; }


config 'tun-setup yes' 'map 192.168.254.1 2001:db8:2::81' >"$T/conf"
start_bare
wait_for ctl status
wait_for ping6 "$GOOGLE"

# --- what stands in a line ------------------------------------------------------------------------------------------

trace --json
ping6 -s 100 "$GOOGLE" >/dev/null
ping6 -t 2 "$GOOGLE" >/dev/null
ping6 "$OWN6" >/dev/null
traced
same "Ctrl-C: exit status 0" 0 $?
same "and nothing to complain of" "" "$(cat "$T/trace.err")"
same "the keys" "after before direction packets reason time verdict" "$(first '" ".join(sorted(it))')"
same "the keys of a side" "destination destination_port length protocol source source_port" \
	"$(first '" ".join(sorted(it["before"]))')"
same "an echo request, before" "6to4 translate ok 1 64:ff9b::808:808 icmpv6 None 148" \
	"$(first '" ".join(map(str, [it["direction"], it["verdict"], it["reason"], it["packets"], it["before"]["destination"], it["before"]["protocol"], it["before"]["source_port"], it["before"]["length"]]))')"
same "and after" "8.8.8.8 icmp 128" "$(first '" ".join(map(str, [it["after"]["destination"], it["after"]["protocol"], it["after"]["length"]]))')"
same "its reply" 1 "$(lines 'it["direction"] == "4to6" and it["before"]["source"] == "8.8.8.8" and it["after"]["length"] == 148')"
same "a hop limit that ends here: rejected, with the error that went out" 1 \
	"$(lines 'it["reason"] == "ttl-exceeded" and it["verdict"] == "reject" and it["after"]["source"] == "'"$OWN6"'" and it["after"]["protocol"] == "icmpv6"')"
same "a ping of the translator itself: answered" 1 \
	"$(lines 'it["reason"] == "self-echo" and it["verdict"] == "answer" and it["after"]["destination"] == it["before"]["source"]')"

trace
in_client python3 - "$GOOGLE" <<-'PY'
	import socket, sys
	s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
	s.bind(("", 4711))
	s.sendto(b"hello", (sys.argv[1], 53))
PY
wait_for grep -q ':4711' "$T/trace"
traced
shows "for people: a head" "TIME                        DIR  VERDICT   REASON                 PACKET" head -n 1 "$T/trace"
t "and a line" grep -Eq '^20[0-9-]*T[0-9:.]*Z 6to4 translate ok +udp \[2001:db8:.*\]:4711 -> \[64:ff9b::808:808\]:53, 53 bytes => udp 192\.168\.255\.[0-9]*:4711 -> 8\.8\.8\.8:53, 33 bytes$' "$T/trace"

# A transfer that the kernel hands over in pieces of many packets.
cat >"$T/tcp.py" <<'END'
import socket, sys
if len(sys.argv) == 1:
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("8.8.8.8", 9009))
    s.listen()
    c = s.accept()[0]
    while c.recv(1 << 20):
        pass
else:
    socket.create_connection((sys.argv[1], 9009)).sendall(b"x" * (1 << 22))
END
if wait_for grep -q 'offload: ' "$LOG" && grep -q 'offload: .*TCP GSO' "$LOG" && ! grep -q 'no TCP GSO' "$LOG"; then
	ip netns exec "$S" python3 "$T/tcp.py" &
	disown
	trace --json 6to4
	t "a transfer" wait_for in_client python3 "$T/tcp.py" "$GOOGLE"
	traced
	t "its GSO packets are several packets each" test \
		"$(lines 'it.get("packets", 1) > 1 and it["before"]["length"] > 1500 and it["after"]["length"] == it["before"]["length"] - 20')" -gt 0
else
	skip "a transfer" "$(grep -o "offload: .*" "$LOG")"
fi

# --- filters --------------------------------------------------------------------------------------------------------

# only NAME WANTED WORD...: of four kinds of packets, so many lines.
only() {
	local name=$1 wanted=$2
	shift 2
	trace --json "$@"
	ping6 "$GOOGLE" >/dev/null
	ping6 -t 2 "$GOOGLE" >/dev/null
	ping4 192.168.254.1 >/dev/null
	traced
	same "trace $*: $name" "$wanted" "$(lines True)"
}
only "all of a prefix" 5 64:ff9b::/96
only "a direction" 3 6to4 64:ff9b::/96
only "the other" 2 4to6 64:ff9b::/96
only "a reason" 1 ttl-exceeded
only "a reason that no packet has" 0 pool-full
only "an address before" 2 2001:db8:2::81
only "the same host by its other address" 2 192.168.254.1
only "two words" 1 192.168.254.1 4to6
only "a prefix" 3 64:ff9b::808:0/112 2001:db8:1::/64
exits "no such reason: usage, and which there are" 2 "nosuch is not a filter (an address, a prefix, 6to4, 4to6, or a reason: ok too-short" ctl trace nosuch
exits "host bits: usage, and what is right" 2 "192.168.255.3/24 has host bits set (did you mean 192.168.255.0/24?)" ctl trace 192.168.255.3/24
exits "half an address: usage" 2 "8.8.8 is not an IPv4 address" ctl trace 8.8.8
exits "two directions: usage" 2 "more than one direction given" ctl trace 6to4 4to6

# --- the end --------------------------------------------------------------------------------------------------------

# shellcheck disable=SC2016 # the shell there expands it
head_of_it() { timeout 10 ip netns exec "$R" bash -o pipefail -c '"$0" -s "$1" trace --json | head -n 1' "$NAT64CTL" "$SOCKET" >"$T/head"; }
head_of_it &
piped=$!
sleep 0.3
for _ in 1 2 3 4; do ping6 "$GOOGLE" >/dev/null; done
wait "$piped"
same "who reads no more ends it, without a word" "0 1" "$? $(wc -l <"$T/head")"
trace --json
stop_nat64d
wait "$tracing"
same "the daemon ends: so does it, without a word" "0 " "$? $(cat "$T/trace.err")"
start_bare
wait_for ctl status

# --- the program in the kernel --------------------------------------------------------------------------------------

is_fast() { [ "$(ctl status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["fast_path"].get("active", True))')" = True ]; }
fast_packets() { ctl status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["fast_path"]["packets"])'; }
pings() { in_client ping -6 -n -q -i 0.01 -c 100 -W 2 "$1" | grep -q ' 100 received'; }
# below PINGED: of 200 packets, at least 100 pass below the daemon.
below() {
	local before
	before=$(fast_packets)
	pings "$1" && [ $(($(fast_packets) - before)) -ge 100 ]
}
if wait_for grep -q 'fast-path: ' "$LOG" && grep -q 'fast-path: on' "$LOG" && is_fast; then
	ip -n "$S" addr add 8.8.4.4/32 dev lo
	ip -n "$R" route add 8.8.4.4/32 via 8.8.8.8
	t "without a trace pings pass below the daemon" wait_for below "$GOOGLE"
	trace --json 8.8.8.8
	t "with one they come to the daemon" pings "$GOOGLE"
	t "others do not" below 64:ff9b::808:404
	traced
	same "and each of them is told of" 200 "$(lines 'it["reason"] == "ok"')"
	t "afterwards they pass below it again" wait_for below "$GOOGLE"
else
	skip "with a trace pings come to the daemon" "$(grep -o "fast-path: .*" "$LOG")"
fi

# --- too much -------------------------------------------------------------------------------------------------------

cat >"$T/flood.py" <<'END2'
import socket, sys, time
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.connect((sys.argv[1], 9))
end = time.monotonic() + 3
n = 0
while time.monotonic() < end:
    for _ in range(10):
        try: n += s.send(b"x")
        except ConnectionRefusedError: pass
    time.sleep(0.001)
print(n)
END2
trace --json 6to4
sent=$(in_client python3 "$T/flood.py" "$GOOGLE")
sleep 1.5
t "a flood of $sent packets: more than a second can tell" test "$sent" -gt 4000
traced
same "at most 1000 lines in each second" True "$(python3 -c 'import collections, json, sys
print(max(collections.Counter(json.loads(l)["time"][:19] for l in open(sys.argv[1])).values()) <= 1000)' "$T/trace")"
same "and those that are not shown are counted" True "$(python3 -c 'import json, sys
all = [json.loads(l) for l in open(sys.argv[1])]
print(sum(i.get("lost", 1) for i in all) >= int(sys.argv[2]) and any("lost" in i for i in all))' "$T/trace" "$sent")"

finish

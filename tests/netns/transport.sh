#!/usr/bin/env bash
# TCP and UDP arrive whole, both ways, in fragments too.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need socat ss sha256sum
topology
config 'map 192.168.255.77 2001:db8:1::2' >"$T/conf"
start_nat64d || finish
serve_udp

sum() { sha256sum <"$1"; }

# exchange NAME SERVER LISTEN CLIENT CONNECT: each side sends a file of its own while it receives the other's.
exchange() {
	local name=$1 server=$2 listen=$3 client=$4 connect=$5 job
	rm -f "$T"/*.got
	ip netns exec "$server" socat -t 30 "$listen:5001,reuseaddr" "OPEN:$T/a,rdonly!!CREATE:$T/b.got" </dev/null &
	job=$!
	wait_for listening "$server" -t 5001
	ip netns exec "$client" socat -t 30 "OPEN:$T/b,rdonly!!CREATE:$T/a.got" "$connect:5001" </dev/null
	wait "$job"
	same "$name: server to client" "$(sum "$T/a")" "$(sum "$T/a.got")"
	same "$name: client to server" "$(sum "$T/b")" "$(sum "$T/b.got")"
}

head -c 8388608 /dev/urandom >"$T/a"
head -c 6000001 /dev/urandom >"$T/b"
exchange "TCP from IPv6 to IPv4" "$S" TCP4-LISTEN "$C" "TCP6:[$GOOGLE]"
exchange "TCP from IPv4 to IPv6" "$C" TCP6-LISTEN "$S" TCP4:192.168.255.77

t "UDP from IPv6, 300 datagrams up to 1400 bytes" in_client python3 "$here/udp.py" echo "$GOOGLE" 5007 300 1400
t "UDP from IPv6, fragmented, 8 KiB" in_client python3 "$here/udp.py" echo "$GOOGLE" 5007 60 8192
t "UDP from IPv6, fragmented, 60,000 bytes" in_client python3 "$here/udp.py" echo "$GOOGLE" 5007 3 60000
in_client python3 "$here/udp.py" serve 5008 </dev/null >/dev/null 2>&1 &
disown
wait_for listening "$C" -u 5008
t "UDP from IPv4, 300 datagrams up to 1400 bytes" in_server python3 "$here/udp.py" echo 192.168.255.77 5008 300 1400
t "UDP from IPv4, fragmented, 8 KiB" in_server python3 "$here/udp.py" echo 192.168.255.77 5008 60 8192
t "UDP from IPv4, fragmented, 60,000 bytes" in_server python3 "$here/udp.py" echo 192.168.255.77 5008 3 60000
same "UDP to a closed IPv4 port" ECONNREFUSED "$(in_client python3 "$here/udp.py" probe "$GOOGLE" 9)"
same "UDP to a closed IPv6 port" ECONNREFUSED "$(in_server python3 "$here/udp.py" probe 192.168.255.77 9)"
stops "TERM: exit status 0"
finish

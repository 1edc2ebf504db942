#!/usr/bin/env bash
# Path-MTU discovery across narrow links on either side, and across the device itself.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need socat ss
topology
config 'map 192.168.255.77 2001:db8:1::2' >"$T/conf"
start_nat64d || finish
head -c 1048576 /dev/urandom >"$T/a"

# upload NAME SERVER LISTEN CLIENT CONNECT: one megabyte arrives, though its first full segments are too big.
upload() {
	rm -f "$T/a.got"
	ip netns exec "$2" socat -u "$3:5001,reuseaddr" "CREATE:$T/a.got" </dev/null &
	local job=$!
	wait_for listening "$2" -t 5001
	t "$1" timeout 20 ip netns exec "$4" socat -u "OPEN:$T/a,rdonly" "$5:5001"
	wait_for cmp "$T/a" "$T/a.got"
	kill "$job" 2>/dev/null
	wait "$job" 2>/dev/null
	t "$1: byte for byte" cmp "$T/a" "$T/a.got"
}

# A link of 1300 bytes behind the router, on the way to IPv4.
ip -n "$R" route replace 8.8.8.0/24 dev wan mtu lock 1300
shows "IPv6 learns of a 1300-byte IPv4 link" "mtu=1320" in_client ping -6 -n -c 2 -i 0.2 -W 1 -M "do" -s 1400 "$GOOGLE"
t "what fits it passes" ping6 -M "do" -s 1272 "$GOOGLE"
forget
upload "TCP upload from IPv6 over the 1300-byte link" "$S" TCP4-LISTEN "$C" "TCP6:[$GOOGLE]"
ip -n "$R" route replace 8.8.8.0/24 dev wan
forget

# A link of 1280 bytes on the way to IPv6.
ip -n "$R" -6 route add 2001:db8:1::2 dev lan mtu lock 1280
shows "IPv4 learns of a 1280-byte IPv6 link" "mtu = 1260" in_server ping -4 -n -c 2 -i 0.2 -W 1 -M "do" -s 1400 192.168.255.77
t "what fits it passes" ping4 -M "do" -s 1232 192.168.255.77
forget
upload "TCP upload from IPv4 over the 1280-byte link" "$C" TCP6-LISTEN "$S" TCP4:192.168.255.77
ip -n "$R" -6 route del 2001:db8:1::2
forget

# The translator itself: 20 bytes more on the IPv6 side.
shows "IPv4 learns of the translator's own MTU" "mtu = 1480" in_server ping -4 -n -c 2 -i 0.2 -W 1 -M "do" -s 1472 192.168.255.77
t "what fits it passes" ping4 -M "do" -s 1452 192.168.255.77

ip -n "$R" link set nat64 mtu 1400
new_mtu() { forget; in_server ping -4 -n -c 2 -i 0.2 -W 1 -M "do" -s 1372 192.168.255.77 | grep -q 'mtu = 1380'; }
t "a new MTU of the device is noticed" wait_for new_mtu
t "what fits it passes" ping4 -M "do" -s 1352 192.168.255.77
stops "TERM: exit status 0"
finish

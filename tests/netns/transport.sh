#!/usr/bin/env bash
# TCP and UDP arrive whole, both ways, in fragments too.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need socat ss sha256sum
topology
config 'map 192.168.255.77 2001:db8:1::2' >"$T/conf"
start_nat64d || finish
serve_udp

head -c 8388608 /dev/urandom >"$T/a"
head -c 6000001 /dev/urandom >"$T/b"
exchange "TCP from IPv6 to IPv4" "$S" TCP4-LISTEN "$C" "TCP6:[$GOOGLE]"
exchange "TCP from IPv4 to IPv6" "$C" TCP6-LISTEN "$S" TCP4:192.168.255.77

t "UDP from IPv6, 300 datagrams up to 1400 bytes" in_client python3 "$here/udp.py" echo "$GOOGLE" 5007 300 1400
t "UDP from IPv6, fragmented, 8 KiB" in_client python3 "$here/udp.py" echo "$GOOGLE" 5007 60 8192
t "UDP from IPv6, fragmented, 60,000 bytes" in_client python3 "$here/udp.py" echo "$GOOGLE" 5007 3 60000
udp_server "$C" 5008
t "UDP from IPv4, 300 datagrams up to 1400 bytes" in_server python3 "$here/udp.py" echo 192.168.255.77 5008 300 1400
t "UDP from IPv4, fragmented, 8 KiB" in_server python3 "$here/udp.py" echo 192.168.255.77 5008 60 8192
t "UDP from IPv4, fragmented, 60,000 bytes" in_server python3 "$here/udp.py" echo 192.168.255.77 5008 3 60000
same "UDP to a closed IPv4 port" ECONNREFUSED "$(in_client python3 "$here/udp.py" probe "$GOOGLE" 9)"
same "UDP to a closed IPv6 port" ECONNREFUSED "$(in_server python3 "$here/udp.py" probe 192.168.255.77 9)"
stops "TERM: exit status 0"
finish

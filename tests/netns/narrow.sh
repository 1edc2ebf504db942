#!/usr/bin/env bash
# A narrow link between two routers, first of 1300 bytes on the IPv4 side, then of 1280 bytes on the IPv6 side:
# tracepath, TCP and UDP across it, both ways, with and without the DF bit.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need tracepath socat ss sha256sum tcpdump
topology
more_routers
config 'map 192.168.255.77 2001:db8:1::2' >"$T/conf"
start_nat64d || finish
udp_server "$S" 5007
udp_server "$C" 5008
head -c 1000000 /dev/urandom >"$T/a"
head -c 900001 /dev/urandom >"$T/b"

# path NAME WANTED SPACE TRACEPATH-ARGUMENT...: what tracepath sums up.  An answer that a busy machine delays makes it
# miscount hops, so it has three tries.
path() {
	local name=$1 wanted=$2 found
	shift 2
	for _ in 1 2 3; do
		found=$(ip netns exec "$1" timeout 20 tracepath -n "${@:2}" | sed -n 's/.*Resume: //p')
		[ "$found" != "$wanted" ] || break
	done
	same "$name" "$wanted" "$found"
}

# df yes|no: does the server set the bit in what it sends?
df() { in_server sysctl -qw "net.ipv4.ip_no_pmtu_disc=$([ "$1" = no ] && echo 1 || echo 0)"; }

# transfers NAME: TCP and UDP.
transfers() {
	forget
	exchange "$1: TCP from IPv6" "$S" TCP4-LISTEN "$C" "TCP6:[$GOOGLE]"
	forget
	exchange "$1: TCP from IPv4" "$C" TCP6-LISTEN "$S" TCP4:192.168.255.77
	forget
	t "$1: UDP from IPv6" udp_in "$C" echo "$GOOGLE" 5007 20 1472
	t "$1: UDP from IPv4" udp_in "$S" echo 192.168.255.77 5008 20 1472
	t "$1: UDP from IPv6, 5,000 bytes" udp_in "$C" echo "$GOOGLE" 5007 5 5000
	t "$1: UDP from IPv4, 5,000 bytes" udp_in "$S" echo 192.168.255.77 5008 5 5000
}

# watched SPACE FILTER COMMAND...: prints how many packets of FILTER passed SPACE's narrow link meanwhile.  Under AppArmor
# tcpdump may write to files of this ending only.
watched() {
	local ns=$1 filter=$2 job
	shift 2
	: >"$T/tcpdump" # no word of the one before
	ip netns exec "$ns" tcpdump -n --immediate-mode -i mid -w "$T/seen.pcap" -U "$filter" </dev/null >/dev/null 2>"$T/tcpdump" &
	job=$!
	wait_for grep -q "listening on" "$T/tcpdump"
	"$@"
	sleep 0.2
	kill "$job" && wait "$job"
	tcpdump -n -r "$T/seen.pcap" 2>/dev/null | wc -l
}

# both_ways NAME: DF is the server's choice; IPv6 has it always, in effect.
both_ways() {
	df yes
	transfers "$1, DF"
	df no
	transfers "$1, no DF"
	df yes
	forget
}

narrow 1300 "$B1" "$B2"
path "1300 bytes of IPv4: tracepath from IPv6" "pmtu 1320 hops 8 back 8 " "$C" -6 "$GOOGLE"
path "1300 bytes of IPv4: tracepath from IPv4" "pmtu 1300 hops 8 back 8 " "$S" -4 192.168.255.77
forget
same "1300 bytes of IPv4: the longest datagram from IPv6" "1320 bytes" "$(wire_in "$C" discover "$GOOGLE" 5007 1452)"
same "1300 bytes of IPv4: the longest datagram from IPv4" "1300 bytes" "$(wire_in "$S" discover 192.168.255.77 5008 1472)"
both_ways "1300 bytes of IPv4"
df no
n=$(watched "$B1" "ip[6:2] & 0x3fff != 0" udp_in "$S" echo 192.168.255.77 5008 5 1472)
t "without DF the link sees fragments" test "${n:-0}" -gt 0
df yes
narrow 1500 "$B1" "$B2"

narrow 1280 "$A1" "$A2"
path "1280 bytes of IPv6: tracepath from IPv6" "pmtu 1280 hops 8 back 8 " "$C" -6 "$GOOGLE"
path "1280 bytes of IPv6: tracepath from IPv4" "pmtu 1260 hops 8 back 8 " "$S" -4 192.168.255.77
forget
same "1280 bytes of IPv6: the longest datagram from IPv6" "1280 bytes" "$(wire_in "$C" discover "$GOOGLE" 5007 1452)"
same "1280 bytes of IPv6: the longest datagram from IPv4" "1260 bytes" "$(wire_in "$S" discover 192.168.255.77 5008 1472)"
both_ways "1280 bytes of IPv6"
# RFC 7915-4: what has no DF bit leaves in pieces that fit any IPv6 link.
df no
n=$(watched "$A1" "ip6[6] == 44 and src net 64:ff9b::/96" udp_in "$S" echo 192.168.255.77 5008 5 1472)
t "without DF the link sees fragments" test "${n:-0}" -gt 0
n=$(watched "$A2" "icmp6[icmp6type] == 2" udp_in "$S" echo 192.168.255.77 5008 5 1472)
same "and nobody has to say that a packet is too big" 0 "$n"
stops "TERM: exit status 0"
finish

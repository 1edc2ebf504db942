#!/usr/bin/env bash
# Options of the operator, checked on the wire: rates of ICMP errors, TOS, the segment size of TCP.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need tcpdump ss
topology
configure() { config 'map 192.168.255.77 2001:db8:1::2' "$@" >"$T/conf"; }

# now LINE...: reloads the daemon with these lines.
now() {
	local before
	before=$(reloads)
	configure "$@"
	kill -HUP "$PID"
	wait_for reloaded_after "$before" || not_ok "reload with $*"
}
reloads() { grep -c 'is in effect' "$LOG"; }
reloaded_after() { [ "$(reloads)" -gt "$1" ]; }

# Sends thirty packets that all end at the translator; prints the number of errors, and the milliseconds that sending took.
thirty4() { in_server ping -4 -n -c 30 -i 0.002 -W 1 -t 2 192.168.255.77 | answered 'Time to live exceeded'; }
thirty6() { in_client ping -6 -n -c 30 -i 0.002 -W 1 -t 2 "$GOOGLE" | answered 'Hop limit'; }
answered() { awk -v error="$1" '$0 ~ error { n++ } sub(/.*, time /, "") { ms = $0 + 0 } END { print n + 0, ms + 0 }'; }
errors4() { thirty4 | cut -d ' ' -f 1; }
errors6() { thirty6 | cut -d ' ' -f 1; }

# limited NAME RATE COMMAND: one point, ok if the burst of two seconds is answered at once, and no more than the rate allows
# for the time that sending took.  Sets `errors' to the number of errors.
limited() {
	local ms most
	read -r errors ms < <("$3")
	most=$((2 * $2 + 2 + $2 * ms / 1000))
	if [ "$errors" -ge $((2 * $2)) ] && [ "$errors" -le $most ]; then
		ok "$1"
	else
		not_ok "$1" "wanted: $((2 * $2)) to $most, in $ms ms" "found:  $errors"
	fi
}

configure 'icmp-rate 100 5'
start_nat64d || finish
mark
limited "icmp-rate 100 5: ten at once to IPv4" 5 thirty4
same "icmp-rate 100 5: the others are counted" $((30 - errors)) "$(grown both icmp-suppressed)"
limited "icmp-rate 100 5: ten at once to IPv6" 5 thirty6
now 'icmp-rate 4 4'
limited "reload, icmp-rate 4 4: eight at once" 4 thirty4
limited "icmp-rate 4 4: IPv6 has a budget of its own" 4 thirty6
now 'icmp-rate 0'
mark
same "icmp-rate 0: never" 0 "$(errors4)"
same "icmp-rate 0: counted" 30 "$(grown both icmp-suppressed)"
t "icmp-rate 0: the daemon answers pings" ping4 192.168.255.1
now 'icmp-errors send'
same "icmp-errors send: all, to IPv4" 30 "$(errors4)"
same "icmp-errors send: all, to IPv6" 30 "$(errors6)"
now 'icmp-errors never'
mark
same "icmp-errors never: none, to IPv4" 0 "$(errors4)"
same "icmp-errors never: none, to IPv6" 0 "$(errors6)"
same "icmp-errors never: counted" 60 "$(grown both icmp-suppressed)"
t "icmp-errors never: the daemon answers pings" ping6 "$OWN6"
now
same "the default: all thirty" 30 "$(errors4)"

# seen SPACE DEVICE FILTER COMMAND...: prints the output of tcpdump for the first packet there while COMMAND runs.
seen() {
	local ns=$1 device=$2 filter=$3 job
	shift 3
	: >"$T/tcpdump"
	timeout 10 ip netns exec "$ns" tcpdump -n -v -l --immediate-mode -c 1 -i "$device" "$filter" </dev/null >"$T/seen" 2>"$T/tcpdump" &
	job=$!
	wait_for grep -q "listening on" "$T/tcpdump"
	"$@" >/dev/null 2>&1
	wait "$job"
	cat "$T/seen"
}

# EF with ECT(0).
to4() { seen "$S" wan 'icmp[0] == 8' in_client ping -6 -n -c 1 -W 2 -Q 0xba "$GOOGLE"; }
to6() { seen "$C" lan 'icmp6 and ip6[40] == 128' in_server ping -4 -n -c 1 -W 2 -Q 0xba 192.168.255.77; }
shows "tos copy: to IPv4" "tos 0xba" to4
shows "tos copy: to IPv6" "class 0xba" to6
now 'tos ignore'
shows "tos ignore: to IPv4, ECN is left" "tos 0x2" to4
shows "tos ignore: to IPv6, ECN is left" "class 0x02" to6
now 'tos ignore 6to4'
shows "tos ignore 6to4: to IPv4" "tos 0x2" to4
shows "tos ignore 6to4: not to IPv6" "class 0xba" to6

tcp_server "$C" 80
tcp_server "$S" 80
connect() { ip netns exec "$1" python3 -c 'import socket, sys; socket.create_connection((sys.argv[1], 80), 2)' "$2"; }
mss() { sed -n 's/.*\[\(mss [0-9]*\),.*/\1/p' <<<"$1"; }
syn4() { mss "$(seen "$S" wan "tcp[tcpflags] & tcp-syn != 0 and $1 host 8.8.8.8" connect "$2" "$3")"; }
syn6() { mss "$(seen "$C" lan "ip6[6] == 6 and ip6[53] & 2 != 0 and $1 host $GOOGLE" connect "$2" "$3")"; }
# every_syn NAME TO-IPV4 TO-IPV6: checks SYN and SYN-ACK of either side, as the other side sees them.
every_syn() {
	same "$1: SYN to IPv4" "mss $2" "$(syn4 dst "$C" "$GOOGLE")"
	same "$1: SYN and ACK to IPv4" "mss $2" "$(syn4 dst "$S" 192.168.255.77)"
	same "$1: SYN to IPv6" "mss $3" "$(syn6 src "$S" 192.168.255.77)"
	same "$1: SYN and ACK to IPv6" "mss $3" "$(syn6 src "$C" "$GOOGLE")"
}
# IPv6 hosts announce 1440 on an Ethernet, IPv4 hosts 1460.
now 'mss-clamp off'
every_syn "mss-clamp off" 1440 1460
now 'mss-clamp auto'
every_syn "mss-clamp auto" 1440 1440
now 'mss-clamp 1220'
every_syn "mss-clamp 1220" 1220 1220
now 'mss-clamp auto'
ip -n "$R" link set nat64 mtu 1400
narrow() { [ "$(syn4 dst "$C" "$GOOGLE")" = "mss 1340" ]; }
t "mss-clamp auto: a new MTU of the device is noticed" wait_for narrow
every_syn "mss-clamp auto, MTU 1400" 1340 1340
stops "TERM: exit status 0"
finish

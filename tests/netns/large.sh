#!/usr/bin/env bash
# Large DNS answers in fragments, UDP without checksum in every udp-cksum-mode, and protocols that the translator does
# not know.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need ss
topology
start() {
	config 'map 192.168.255.77 2001:db8:1::2' 'log drop' "$@" >"$T/conf"
	start_nat64d || finish
}
start

# --- DNS ----------------------------------------------------------------------------------------------------------
# dns NAME SPACE SERVER SIZE PORT BUFFER: one point, ok if dig gets SIZE bytes.
dns() {
	if ! command -v dig >/dev/null; then
		skip "$1" "needs dig"
		return
	fi
	shows "$1" "MSG SIZE  rcvd: $4" ip netns exec "$2" timeout 10 dig +tries=4 +timeout=1 +noall +comments +stats \
		+bufsize="$6" "${@:7}" -p "$5" "@$3" "$4.example." TXT
}

for ns in $C $S; do
	ip netns exec "$ns" python3 "$here/dns.py" </dev/null >/dev/null 2>&1 &
	disown
	wait_for listening "$ns" -t 54
done
for size in 500 1232 1400 1465 1600 4000; do
	dns "a DNS answer of $size bytes to IPv6, no DF" "$C" "$GOOGLE" $size 53 4096 +ignore
	forget
	mark
	# 1465 bytes fill the link of the server but not the translator's IPv6 side: the first answer is lost to an error.
	dns "a DNS answer of $size bytes to IPv6, DF" "$C" "$GOOGLE" $size 54 4096 +ignore
	[ $size -ne 1465 ] || counts "which was too big at first" '4->6' too-big
	dns "a DNS answer of $size bytes to IPv4" "$S" 192.168.255.77 $size 54 4096 +ignore
done
dns "4,000 bytes and an EDNS buffer of 1232: by TCP, to IPv6" "$C" "$GOOGLE" 4000 53 1232
dns "4,000 bytes and an EDNS buffer of 1232: by TCP, to IPv4" "$S" 192.168.255.77 4000 53 1232
dns "60,000 bytes by TCP, to IPv6" "$C" "$GOOGLE" 60000 53 4096 +tcp

# --- UDP without checksum ---------------------------------------------------------------------------------------------
nocheck() { ip netns exec "$1" timeout 5 python3 "$here/wire.py" nocheck "$2" "$3" "$4"; }
udp_server "$C" 5008
serve_udp
ip netns exec "$C" python3 "$here/wire.py" tolerate 5009 </dev/null >/dev/null 2>&1 &
disown
wait_for listening "$C" -u 5009
refused="EHOSTUNREACH from 192.168.255.1"

# mode NAME WHOLE CUT FRAGMENTS WHOLE-TOLERATED FRAGMENTS-TOLERATED: what becomes of 100 bytes, of a packet of 1,500
# bytes that the translator cuts in two, of two fragments, of 100 bytes and of two fragments to a host which accepts
# that there is no checksum.
mode() {
	same "$1: whole" "$2" "$(nocheck "$S" 192.168.255.77 5008 100)"
	same "$1: cut by the translator" "$3" "$(nocheck "$S" 192.168.255.77 5008 1472)"
	same "$1: fragments" "$4" "$(nocheck "$S" 192.168.255.77 5008 2500)"
	same "$1: whole, no checksum accepted" "$5" "$(nocheck "$S" 192.168.255.77 5009 100)"
	same "$1: fragments, no checksum accepted" "$6" "$(nocheck "$S" 192.168.255.77 5009 2500)"
	mark
	if [ "$1" = "udp-cksum-mode fwd" ]; then
		same "$1: from IPv6: sent on" echo "$(nocheck "$C" "$GOOGLE" 5007 100)"
		return
	fi
	same "$1: from IPv6: dropped" silence "$(nocheck "$C" "$GOOGLE" 5007 100)"
	counts "$1: from IPv6: counted" '6->4' udp6-zero-checksum
}

mode "udp-cksum-mode calc" echo echo "$refused" echo "$refused"
t "the log names addresses and ports" \
	grep -Eq 'udp-zero-checksum: .* UDP fragment 8\.8\.8\.8:[0-9]+ -> 192\.168\.255\.77:5008' "$LOG"
stop_nat64d
start 'udp-cksum-mode drop'
mode "udp-cksum-mode drop" "$refused" "$refused" "$refused" "$refused" "$refused"
t "the log names addresses and ports" \
	grep -Eq 'udp-zero-checksum: .* UDP 8\.8\.8\.8:[0-9]+ -> 192\.168\.255\.77:5008' "$LOG"
stop_nat64d
start 'udp-cksum-mode fwd'
mode "udp-cksum-mode fwd" silence silence silence echo echo

# --- other protocols --------------------------------------------------------------------------------------------------
names=(DCCP:33 GRE:47 ESP:50 AH:51 L2TP:115 SCTP:132 UDP-Lite:136 unassigned:253)

# carry FROM SPACE HOST SPACE FAMILY SIZE: one point for each protocol, ok if the bytes arrive as they left.
carry() {
	local job entry taken
	: >"$T/taken" # no word of the one before
	ip netns exec "$4" timeout 10 python3 "$here/wire.py" take "$5" "$6" "${names[@]#*:}" >"$T/taken" </dev/null &
	job=$!
	wait_for grep -q ready "$T/taken"
	ip netns exec "$2" timeout 5 python3 "$here/wire.py" throw "$3" "$6" "${names[@]#*:}"
	wait "$job"
	for entry in "${names[@]}"; do
		taken=$(sed -n "s/^${entry#*:}: //p" "$T/taken")
		# RFC 7915-5.1.1: to IPv6 this is an extension header, which must not stand behind a fragment header.
		if [ "$1 $entry $6" = "IPv6 AH:51 3000" ]; then
			same "AH in fragments from IPv6 is refused" nothing "$taken"
		else
			same "${entry%:*} from $1, $6 bytes" unchanged "$taken"
		fi
	done
}

mark
for size in 16 1400 3000; do
	carry IPv6 "$C" "$GOOGLE" "$S" 4 $size
	carry IPv4 "$S" 192.168.255.77 "$C" 6 $size
done
counts "refused as what it is" '6->4' fragmented-ext-header
t "the daemon lives" alive
stops "TERM: exit status 0"
finish

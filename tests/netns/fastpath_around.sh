#!/usr/bin/env bash
# Other traffic around the device while the kernel translates known traffic: traffic of the machine itself, NAT after the
# translation, and hosts that reach each other through the translator.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need iptables nstat socat sha256sum ss
topology
need_fast_path
# A second client, 2001:db8:3::/64, on a separate link.
D=$N-other
space "$D"
join "$D" lan "$R" lan2
ip -n "$D" addr add 2001:db8:d::2/64 dev lan
ip -n "$D" route add local 2001:db8:3::/64 dev lo
ip -n "$D" -6 route add default via 2001:db8:d::1
ip -n "$R" addr add 2001:db8:d::1/64 dev lan2
ip -n "$R" route add 2001:db8:3::/64 via 2001:db8:d::2
head -c 8000000 /dev/urandom >"$T/a"
head -c 7000001 /dev/urandom >"$T/b"

# most NAME: one point, ok if the kernel translated nine of ten packets since the mark.
most() {
	local ok below
	ok=$(($(grown '6->4' ok) + $(grown '4->6' ok))) below=$(below)
	t "$1: $below of $ok packets are translated below" test $((below * 10)) -ge $((ok * 9))
}
all() { "$@" | grep ' 0% packet loss'; }
ping_in() { ip netns exec "$1" ping -6 -q -n -i 0.01 -W 2 -c 10 "${@:2}"; }
# --- the machine itself ---------------------------------------------------------------------------------------------

# The machine has an address on the device, so its packets leave and arrive there.
config 'map 192.168.255.77 2001:db8:1::2' 'map 192.168.255.78 2001:db8:1::1' 'tun-queue 10000' 'wkpf-strict no' >"$T/conf"
start_nat64d || finish
how="the machine itself"
ip -n "$R" -6 route replace 64:ff9b::/96 dev nat64 src 2001:db8:1::1
t "$how: it is in the fast path" known ping_in "$R" "$GOOGLE"
t "$how: and from IPv4" known in_server ping -4 -q -n -i 0.01 -W 2 -c 10 192.168.255.78
mark
exchange "$how: TCP" "$S" TCP4-LISTEN "$R" "TCP6:[$GOOGLE]"
most "$how"
mark
exchange "$how: TCP from IPv4" "$R" TCP6-LISTEN "$S" TCP4:192.168.255.78
most "$how: from IPv4"
# To the machine's own IPv4 address, which is not translated.
t "$how: to its own IPv4 address" known ping_in "$R" 64:ff9b::808:801
ip -n "$R" -6 route replace 64:ff9b::/96 dev nat64

# --- hosts behind it, to each other -----------------------------------------------------------------------------------

how="from a leased host to another"
udp_server "$S" 5007
lease_of() {
	ip netns exec "$1" python3 -c 'import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.settimeout(2)
s.bind((sys.argv[2], 0))
s.connect((sys.argv[1], 5007))
s.send(b"who")
print(s.recv(100).decode())' "$GOOGLE" "$2"
}
# pre IPV4: prints the IPv6 address that contains it.
pre() {
	local IFS=.
	# shellcheck disable=SC2086 # four words are wanted
	set -- $1
	printf '64:ff9b::%x:%x\n' $(($1 << 8 | $2)) $(($3 << 8 | $4))
}
lease_of "$C" 2001:db8:2::5 >/dev/null
lease_d=$(lease_of "$D" 2001:db8:3::6)
there() { ping_in "$C" -I 2001:db8:2::5 "$(pre "$lease_d")"; }
t "$how: 6->4 is in the fast path" wait_for eval 'mark; there && [ "$(below "6->4")" -gt 0 ]'
mark
there >/dev/null
same "$how: 4->6, where both have a lease, the daemon does" "0 20" "$(below '4->6') $(grown '4->6' ok)"
ip -n "$C" -6 addr add 2001:db8:2::5/128 dev lo nodad
ip -n "$C" -6 route replace default via 2001:db8:1::1 src 2001:db8:2::5
exchange "$how: TCP" "$D" TCP6-LISTEN "$C" "TCP6:[$(pre "$lease_d")]"
ip -n "$C" -6 route replace default via 2001:db8:1::1
t "$how: of mapped ones, both directions are" known ping_in "$C" "$(pre 192.168.255.78)"

# --- address translation behind it ------------------------------------------------------------------------------------

how="MASQUERADE"
if in_router iptables -t nat -A POSTROUTING -o wan -j MASQUERADE 2>/dev/null; then
	peer=$(in_client python3 "$here/udp.py" hosts 1 "$GOOGLE" 5007 | awk '{ print $2 }')
	same "$how: what the server sees" 8.8.8.1 "$peer"
	t "$how: it is in the fast path" known ping_in "$C" "$GOOGLE"
	mark
	exchange "$how: TCP" "$S" TCP4-LISTEN "$C" "TCP6:[$GOOGLE]"
	most "$how"
	in_router iptables -t nat -F
	in_router iptables -A FORWARD -m conntrack --ctstate INVALID -j DROP
	mark
	exchange "$how: TCP, and connection tracking finds nothing invalid" "$S" TCP4-LISTEN "$C" "TCP6:[$GOOGLE]"
	most "$how: connection tracking"
	n=$(in_router iptables -vxnL FORWARD | awk '/INVALID/ { print $1 }')
	t "$how: hardly a packet is" test "${n:-0}" -le 5
	in_router iptables -F
else
	skip "$how" "no iptables"
fi
same "no checksum is wrong" 0 "$(csum_errors)"

# --- marks --------------------------------------------------------------------------------------------------------------

# A packet with a mark before the device has none after it, whether the daemon or the kernel translates it.
how="marks"
# no_marks: adds rules that set a mark before the device, and drop packets without it there or with it after the device.
no_marks() {
	in_router ip6tables -t mangle -A PREROUTING -i lan -j MARK --set-mark 0x42 &&
		in_router iptables -t mangle -A PREROUTING -i wan -j MARK --set-mark 0x43 &&
		in_router ip6tables -A FORWARD -i lan -m mark ! --mark 0x42 -j DROP &&
		in_router iptables -A FORWARD -i wan -m mark ! --mark 0x43 -j DROP &&
		in_router iptables -A FORWARD -i nat64 -m mark ! --mark 0 -j DROP &&
		in_router ip6tables -A FORWARD -i nat64 -m mark ! --mark 0 -j DROP
}
if no_marks 2>/dev/null; then
	t "$how: end at the device with the fast path" known ping_in "$C" "$GOOGLE"
	mark
	t "$how: none of ten packets is lost" all ping_in "$C" "$GOOGLE"
	most "$how"
	stops "$how: TERM: exit status 0"
	config 'map 192.168.255.77 2001:db8:1::2' 'fast-path off' >"$T/conf"
	start_nat64d || finish
	mark
	t "$how: and without it" all ping_in "$C" "$GOOGLE"
	same "$how: and without it: nothing is translated below" 0 "$(below)"
else
	skip "$how" "no iptables"
fi

stops "TERM: exit status 0"
finish

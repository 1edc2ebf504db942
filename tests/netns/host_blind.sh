#!/usr/bin/env bash
# nat64-host check with a working translator and a broken network: packet filters that block the machine itself, a resolver that
# does not do DNS64, a reverse path filter; and right after a start, when the kernel sends packets on the device.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need nft iptables ip6tables sysctl awk
host_topology

# finds WHAT LINE [OPTION...]: two points, ok if the doctor has such a line, and nothing else FAILs.  Its command is in `cure'.
finds() {
	local what=$1 line=$2
	shift 2
	well "$@"
	cure=$(grep -E -- "^$line" "$T/found" | head -n 1)
	if [ -n "$cure" ]; then ok "$what: found"; else not_ok "$what: found" "wanted: $line" "$(cat "$T/found")"; fi
	same "$what: one cause is one failure" 1 "$(grep -c '^FAIL' "$T/found")"
	cure=${cure##* => }
}

# rules [FILE]: nothing but the ruleset on standard input, and the rules of nat64-host.
rules() {
	in_router nft flush ruleset
	host "$HOST" up "$T/conf" >/dev/null
	in_router nft -f -
}

uplinks
config 'tun-setup yes' | sed /ipv6-addr/d >"$T/conf"

# --- right after a start ----------------------------------------------------------------------------------------------

# As on a machine that was not made for tests: addresses are tried for a second before they are used.
in_router sysctl -qw net.ipv6.conf.all.accept_dad=1 net.ipv6.conf.default.accept_dad=1 net.ipv6.conf.lan.accept_dad=1
ip -n "$R" -6 addr flush dev wan scope global
for round in 1 2 3; do
	ip -n "$R" addr del 2001:db8:1::1/64 dev lan
	ip -n "$R" addr add 2001:db8:1::1/64 dev lan
	ip -n "$R" -6 route replace 2001:db8:2::/64 via 2001:db8:1::2
	ip -n "$R" -6 route replace default via 2001:db8:1::2
	start_bare
	wait_for link_running nat64
	host "$HOST" up "$T/conf" >/dev/null
	well
	same "right after a start, $round: all is well" 0 $?
	grep -q ' ping: ' "$T/found" || not_ok "right after a start, $round: there were pings"
	grep -v '^ok' "$T/found" | while read -r line; do diag "$line"; done
	[ "$round" = 3 ] || stop_nat64d
done
in_router sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.lan.accept_dad=0
ip -n "$R" addr add 2001:db8:9::1/64 dev wan
ip -n "$R" -6 route replace default via 2001:db8:9::2
stop_nat64d
# What a new device says, and a bit more, while nothing comes back.
in_router ip6tables -A INPUT -s 64:ff9b::/96 -j DROP
start_bare
wait_for link_running nat64
host "$HOST" up "$T/conf" >/dev/null
(for _ in $(seq 30); do in_router ping -6 -n -c 1 -W 0.1 -I nat64 ff02::2 >/dev/null 2>&1; sleep 0.6; done) &
talker=$!
finds "the answer is lost, and the device is talkative" "FAIL  ping: the daemon does not answer at its own address 64:ff9b::c0a8:ff01: the answer comes, and is lost on the machine"
t "the others are told as what follows from it" grep -q "^skip  ping: .*(probably caused by a FAIL above)" "$T/found"
{ kill $talker && wait $talker; } 2>/dev/null
in_router ip6tables -F INPUT
in_router ip6tables -A OUTPUT -d 64:ff9b::c0a8:ff01 -j DROP
finds "the ping does not get out" "FAIL  ping: the daemon does not answer at its own address 64:ff9b::c0a8:ff01: nothing has reached the daemon: the kernel drops it, or the daemon is stuck"
in_router ip6tables -F OUTPUT
kill -STOP "$PID"
finds "the daemon is stuck" "FAIL  ping: .*: nothing has reached the daemon: the kernel drops it, or the daemon is stuck"
kill -CONT "$PID"

# --- what the machine itself must hear and say ------------------------------------------------------------------------

base='table inet mine { chain input { type filter hook input priority 0; policy drop; iif lo accept; ct state established,related accept; tcp dport 22 accept;'
rules <<<"$base icmpv6 type echo-request accept; }; }"
finds "an input chain without neighbour discovery" "FAIL  input: .*\(neighbor discovery\): chain input of table inet mine drops it: policy => nft insert rule inet mine input icmpv6 type nd-neighbor-solicit accept"
cured "an input chain without neighbour discovery"
rules <<<"$base icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 accept; }; }"
t "an input chain with conditions: all is well" well
rules <<<"$base meta l4proto ipv6-icmp accept; }; }"
t "an input chain that takes ICMPv6: all is well" well
rules <<<"$base ip saddr 10.0.0.0/8 accept; }; }"
finds "an input chain that trusts an IPv4 network" "FAIL  input: "
rules <<<"table inet mine { chain input { type filter hook input priority 0; meta l4proto ipv6-icmp drop; }; }"
finds "an input chain that drops ICMPv6" "FAIL  input: .*drops it: meta l4proto ipv6-icmp drop"
host sh -c "$cure"
finds "an input chain that drops the rest of ICMPv6" "FAIL  ping: .*: the answer comes, and is lost on the machine: does an input chain drop it"
rules </dev/null
in_router ip6tables -P INPUT DROP
in_router ip6tables -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
finds "ip6tables INPUT DROP" "FAIL  input: .*chain INPUT of table ip6 filter drops it: policy => ip6tables -t filter -I INPUT -p ipv6-icmp --icmpv6-type 135 -j ACCEPT"
cured "ip6tables INPUT DROP"
in_router ip6tables -F INPUT
in_router ip6tables -A INPUT -p ipv6-icmp -m hl --hl-eq 255 --icmpv6-type 135 -j ACCEPT
in_router ip6tables -A INPUT -p ipv6-icmp -m hl --hl-eq 255 --icmpv6-type 136 -j ACCEPT
in_router ip6tables -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
t "ip6tables INPUT DROP, but for neighbours of this link: all is well" well
in_router ip6tables -P INPUT ACCEPT

# upload SECONDS: bytes that the server has got of a large one by then, over a wan that is narrow.
upload() {
	timeout $(($1 + 1)) ip netns exec "$S" socat -u TCP-LISTEN:5001,reuseaddr "CREATE:$T/up" </dev/null &
	wait_for listening "$S" -t 5001
	head -c 200000 /dev/zero | timeout "$1" ip netns exec "$C" socat -u - "TCP6:[$GOOGLE]:5001" 2>/dev/null
	wait $!
	stat -c %s "$T/up" 2>/dev/null || echo 0
}
ip -n "$R" link set wan mtu 1400
forget
rules <<<'table inet mine { chain output { type filter hook output priority 0; policy drop; oif lo accept; ct state established accept; meta l4proto { tcp, udp } accept; icmpv6 type { echo-request, nd-neighbor-solicit, nd-neighbor-advert } accept; icmp type echo-request accept; }; }'
if command -v socat >/dev/null; then
	same "an output chain that drops fragmentation-needed, and a narrow wan: an upload" 0 "$(upload 3)"
fi
finds "an output chain that drops fragmentation-needed" "FAIL  output: path MTU discovery, if a link of this machine has a small MTU .*chain output of table inet mine drops it: policy => nft insert rule inet mine output icmpv6 type packet-too-big accept && nft insert rule inet mine output icmp type destination-unreachable accept"
cured "an output chain that drops fragmentation-needed"
if command -v socat >/dev/null; then
	same "an output chain that drops fragmentation-needed, and a narrow wan: the upload, after that" 200000 "$(upload 20)"
fi
rules </dev/null
in_router iptables -A OUTPUT -p icmp --icmp-type fragmentation-needed -j DROP
ip -n "$R" -6 route flush cache
# nft(8) does not show what kind of ICMP this is: one packet does.
finds "iptables OUTPUT drops fragmentation-needed" "FAIL  (output: .*|pmtu: wan has a smaller MTU \(1400\) than nat64 \(1500\), and no ICMP error reports packets that are too big)"
in_router iptables -F OUTPUT
in_router iptables -A OUTPUT -p icmp -j DROP
finds "iptables OUTPUT drops ICMP" "FAIL  output: .* => iptables -t filter -I OUTPUT -p icmp --icmp-type fragmentation-needed -j ACCEPT"
in_router iptables -F OUTPUT
rules </dev/null
well
t "a narrow wan, and large packets are told" grep -q "^ok    pmtu: wan has a smaller MTU than nat64, and ICMP errors report packets that are too big" "$T/found"
ip -n "$R" link set wan mtu 1500

# --- DNS64 ------------------------------------------------------------------------------------------------------------

if command -v dig >/dev/null || command -v host >/dev/null || command -v nslookup >/dev/null; then
	# resolver ADDRESS...: one at 2001:db8:1::1 that has these for every name.
	resolver() {
		[ -z "${RESOLVER-}" ] || kill "$RESOLVER"
		ip netns exec "$R" python3 -c 'import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.bind(("2001:db8:1::1", 53))
while True:
    q, a = s.recvfrom(512)
    end = q.index(b"\0", 12) + 5
    have = [socket.inet_pton(socket.AF_INET6, x) for x in sys.argv[1:]] if q[end - 4:end - 2] == b"\0\x1c" else []
    head = q[:2] + b"\x85\x80\0\1" + len(have).to_bytes(2, "big") + b"\0\0\0\0"
    s.sendto(head + q[12:end] + b"".join(b"\xc0\x0c\0\x1c\0\1\0\0\0\x3c\0\x10" + x for x in have), a)' "$@" </dev/null >/dev/null 2>&1 &
		RESOLVER=$!
		disown
		wait_for listening "$R" -u 53
	}
	finds "no resolver" "FAIL  dns64: the resolver 2001:db8:1::1 does not answer: it does not run there, or cannot reach" --dns64 2001:db8:1::1
	resolver 64:ff9b::c000:aa 64:ff9b::c000:ab
	well --dns64 2001:db8:1::1
	same "a DNS64: exit status 0" 0 $?
	t "a DNS64: its prefix is ours" grep -q "^ok    dns64: the resolver 2001:db8:1::1 uses prefix 64:ff9b::/96" "$T/found"
	resolver
	finds "a resolver that is no DNS64" "FAIL  dns64: the resolver 2001:db8:1::1 does not do DNS64" --dns64 2001:db8:1::1
	resolver 2001:db8:64::c000:aa
	finds "a DNS64 with another prefix" "FAIL  dns64: the resolver 2001:db8:1::1 uses another prefix: ipv4only.arpa resolves to 2001:db8:64::c000:aa" --dns64 2001:db8:1::1
	printf '%s\n' 'interface lan {' '	RDNSS 2001:db8:1::1 { AdvRDNSSLifetime 600; };' '	# RDNSS 2001:db8::53' '};' >"$T/radvd.conf"
	if [ -e /etc/radvd.conf ] || { : >/etc/radvd.conf && made=yes; } 2>/dev/null; then
		in_router sh -c "mount --bind '$T/radvd.conf' /etc/radvd.conf && exec '$HOST' check '$T/conf'" >"$T/found" 2>&1
		[ -z "${made-}" ] || rm -f /etc/radvd.conf
		same "those that radvd tells hosts about" "FAIL  dns64: the resolver 2001:db8:1::1 uses another prefix" "$(grep -o '^.* dns64: .* prefix' "$T/found")"
	fi
	kill "$RESOLVER"
else
	skip "DNS64" "there is no dig, host or nslookup"
fi
t "all is well in the end" wait_for well
finish

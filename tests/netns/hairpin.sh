#!/usr/bin/env bash
# Hairpinning (RFC 7757 section 4): hosts behind the translator reach each other by their IPv4 addresses.  A packet
# leaves the device as IPv4 and the kernel sends it straight back in.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need socat ss sha256sum traceroute
topology
# A second client, 2001:db8:3::/64, on a separate link.
D=$N-other
space "$D"
join "$D" lan "$R" lan2
ip -n "$D" addr add 2001:db8:d::2/64 dev lan
ip -n "$D" route add local 2001:db8:3::/64 dev lo
ip -n "$R" addr add 2001:db8:d::1/64 dev lan2
ip -n "$R" route add 2001:db8:3::/64 via 2001:db8:d::2
config 'wkpf-strict no' 'map 192.168.255.201 2001:db8:2::a1' 'map 192.168.255.202 2001:db8:3::a2' \
	>"$T/conf"
start_nat64d || finish
serve_udp
head -c 2000000 /dev/urandom >"$T/a"
head -c 1500001 /dev/urandom >"$T/b"

# pre IPV4: prints the IPv6 address that contains it.
pre() {
	local IFS=.
	# shellcheck disable=SC2086 # four words are wanted
	set -- $1
	printf '64:ff9b::%x:%x\n' $(($1 << 8 | $2)) $(($3 << 8 | $4))
}

gateway() { if [ "$1" = "$C" ]; then echo 2001:db8:1::1; else echo 2001:db8:d::1; fi; }

# speak SPACE ADDRESS: makes it the default source address there.  With nodad, a route can name it at once; otherwise the kernel
# first needs time for duplicate address detection.
speak() {
	ip -n "$1" -6 addr replace "$2/128" dev lo nodad
	ip -n "$1" -6 route replace default via "$(gateway "$1")" src "$2"
}

# lease_of SPACE ADDRESS: prints its IPv4 address, as the server sees it.
lease_of() {
	speak "$1" "$2"
	ip netns exec "$1" python3 - "$GOOGLE" <<-'END'
		import socket, sys
		s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
		s.settimeout(2)
		s.connect((sys.argv[1], 5007))
		s.send(b"who")
		print(s.recv(100).decode())
	END
}

ping_in() { ip netns exec "$1" ping -6 -n -c 2 -i 0.1 -W 2 "${@:2}"; }
hops_in() { ip netns exec "$1" traceroute -6 -n -q 1 -w 2 -m 9 "${@:2}" | hop_list; }

# Prints what a program learns about its datagram to a closed port: the error, its sender, and the original destination.
complaint() { wire_in "$1" complaint "$2" 9; }

# pair NAME SPACE HOST IPV4 SPACE HOST IPV4: tests everything between two hosts, in both directions.
pair() {
	local name=$1 x=$2 hx=$3 x4=$4 y=$5 hy=$6 y4=$7
	speak "$x" "$hx"
	speak "$y" "$hy"
	t "$name: ping" ping_in "$x" "$(pre "$y4")"
	t "$name: ping back" ping_in "$y" "$(pre "$x4")"
	t "$name: UDP" udp_in "$x" echo "$(pre "$y4")" 5008 30 1400
	t "$name: UDP in fragments" udp_in "$y" echo "$(pre "$x4")" 5008 5 9000
	same "$name: a closed port" "ECONNREFUSED from $(pre "$y4") about $(pre "$y4") port 9" "$(complaint "$x" "$(pre "$y4")")"
	same "$name: a closed port, back" "ECONNREFUSED from $(pre "$x4") about $(pre "$x4") port 9" "$(complaint "$y" "$(pre "$x4")")"
	exchange "$name: TCP" "$x" TCP6-LISTEN "$y" "TCP6:[$(pre "$x4")]"
	# The router forwards three times: to the device, as IPv4 back to it, and on to the host.  There is no map for its
	# IPv6 address, so its ICMP errors come from ipv4-addr.
	same "$name: traceroute" "$(gateway "$x") $OWN6 $(pre 8.8.8.1) $(pre 192.168.255.1) $(pre 192.168.255.1) $(pre "$y4")" \
		"$(hops_in "$x" "$(pre "$y4")")"
}

udp_server "$C" 5008
udp_server "$D" 5008
lc=$(lease_of "$C" 2001:db8:2::5)
ld=$(lease_of "$D" 2001:db8:3::6)
m1=192.168.255.201 m2=192.168.255.202
pair "mapped to mapped" "$C" 2001:db8:2::a1 $m1 "$D" 2001:db8:3::a2 $m2
pair "mapped to leased" "$C" 2001:db8:2::a1 $m1 "$D" 2001:db8:3::6 "$ld"
pair "leased to leased" "$C" 2001:db8:2::5 "$lc" "$D" 2001:db8:3::6 "$ld"
pair "a mapped host to itself" "$C" 2001:db8:2::a1 $m1 "$C" 2001:db8:2::a1 $m1
pair "a leased host to itself" "$C" 2001:db8:2::5 "$lc" "$C" 2001:db8:2::5 "$lc"

# A small MTU in front of the second host: the error of a router without an IPv4 address passes the translator twice.
speak "$C" 2001:db8:2::a1
speak "$D" 2001:db8:3::a2
ip -n "$R" -6 route add 2001:db8:3::a2 via 2001:db8:d::2 dev lan2 mtu lock 1400
shows "path-MTU discovery of a 1400-byte link" "mtu=1400" ping_in "$C" -M "do" -s 1440 "$(pre $m2)"
t "what fits it passes" ping_in "$C" -M "do" -s 1352 "$(pre $m2)"
ip -n "$C" -6 route flush cache
exchange "TCP across it" "$D" TCP6-LISTEN "$C" "TCP6:[$(pre $m2)]"
ip -n "$R" -6 route del 2001:db8:3::a2
ip -n "$C" -6 route flush cache

# No host has these addresses, but the kernel routes them back to the device: the packet is refused there.
ip -n "$R" route add 203.0.113.0/24 dev nat64
# crossings: prints how often packets passed the translator since the mark.
crossings() { echo $(($(grown '6->4' ok) + $(grown '4->6' ok))); }
speak "$C" 2001:db8:2::5
for hops in 255 64 6; do
	mark
	shows "a packet that would circle is refused, hop limit $hops" "Destination unreachable" \
		in_client ping -6 -n -c 1 -W 2 -t $hops "$(pre 203.0.113.7)"
	# There, and the error back.
	t "after two crossings" test "$(crossings)" -le 2
done
mark
in_client python3 "$here/wire.py" shoot "$(pre 203.0.113.7)" 9 8000
sleep 0.3
# Six fragments leave the host; the first one is answered.
t "nor do its fragments" test "$(crossings)" -le 8
t "the daemon lives" alive
stops "TERM: exit status 0"
finish

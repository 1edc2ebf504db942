#!/usr/bin/env bash
# UDP tunnels through the translator: the daemon translates their GSO packets, the program in the kernel their single packets.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need ethtool nstat socat sha256sum ss
topology
need_fast_path
head -c 8000000 /dev/urandom >"$T/a"
head -c 7000001 /dev/urandom >"$T/b"
ip -n "$C" link add tunnel type vxlan id 7 dstport 4789 local 2001:db8:1::2 remote "$GOOGLE" 2>/dev/null || skip_all "needs VXLAN"
config 'map 192.168.255.77 2001:db8:1::2' 'tun-queue 10000' >"$T/conf"
start_nat64d || finish

# Their GSO packets look like plain UDP, but their segments are those of the inner packet.
ip -n "$S" link add tunnel type vxlan id 7 dstport 4789 local 8.8.8.8 remote 192.168.255.77 udpcsum
for ns in "$C" "$S"; do
	ip -n "$ns" link set tunnel mtu 1380 up
	ip netns exec "$ns" ethtool -K tunnel tso on gso on >/dev/null 2>&1
done
ip -n "$C" addr add 10.7.7.1/24 dev tunnel
ip -n "$S" addr add 10.7.7.2/24 dev tunnel
t "what is inside passes" wait_for in_client ping -4 -q -n -c 3 -i 0.05 -W 2 10.7.7.2
exchange "TCP inside" "$S" TCP4-LISTEN "$C" TCP4:10.7.7.2
start_load 50000
mark
t "UDP is below: what is inside passes" in_client ping -4 -q -n -c 10 -i 0.02 -W 2 10.7.7.2
exchange "UDP is below: TCP inside" "$S" TCP4-LISTEN "$C" TCP4:10.7.7.2
exchange "UDP is below: TCP inside, from the server" "$C" TCP4-LISTEN "$S" TCP4:10.7.7.1
diag "from IPv4 $(below '4->6') of $(grown '4->6' ok) are translated below"
t "single packets of it go below" test "$(below '4->6')" -gt 10
end_load
same "no checksum is wrong" 0 "$(csum_errors)"
same "the daemon found none malformed" 00 "$(grown '4->6' bad-offload)$(grown '6->4' bad-offload)"
stops "TERM: exit status 0"
finish

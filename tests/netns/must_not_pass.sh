#!/usr/bin/env bash
# Packets that must not pass, with NAT44: tcp, udp and icmp of real programs to each address that no host may reach through the
# translator, and from each address that no host may forge.  A point checks the error that the sender gets, that no packet
# arrives anywhere, and that an allowed packet, which differs in nothing else, is answered.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need nft iptables ip6tables sysctl ss
host_topology
mkdir "$T/no-nft"
printf '#!/bin/sh\nexit 1\n' >"$T/no-nft/nft"
chmod +x "$T/no-nft/nft"
host() { in_router env PATH="$path" sh -c "mount --bind '$T/run' /run && exec \"\$@\"" sh "${shell[@]}" "$HOST" "$@" "$T/conf" >/dev/null 2>"$T/said" || diag "$(cat "$T/said")"; }
path=$PATH

# --- the network --------------------------------------------------------------------------------------------------------

# Hosts of the client: 2001:db8:2::/64, and 2001:db8:3::/64, which is not to be allowed.  The server is a whole internet, of
# IPv6 too, and has a private network, a denied one, and who pretends to be somebody.
in_server sysctl -qw net.ipv6.conf.all.disable_ipv6=0
ip -n "$C" route add local 2001:db8:3::/64 dev lo
ip -n "$R" route add 2001:db8:3::/64 via 2001:db8:1::2
ip -n "$R" addr add 2001:db8:9::1/64 dev wan
ip -n "$R" addr add 10.77.0.1/24 dev lan
ip -n "$R" route add default via 8.8.8.8
ip -n "$S" addr add 2001:db8:9::2/64 dev wan
ip -n "$S" -6 route add default via 2001:db8:9::1
PRIVATE=10.9.0.1 DENIED=9.9.9.9 METADATA=169.254.169.254
for address in $PRIVATE $DENIED $METADATA; do
	ip -n "$S" addr add "$address/32" dev lo
	ip -n "$R" route add "$address" via 8.8.8.8
done
ME=2001:db8:2::7 OTHER=2001:db8:2::8 MAPPED6=2001:db8:2::80 MAPPED=192.168.254.80 BARRED=2001:db8:3::5 NEWCOMER=2001:db8:3::6

# watcher SPACE, server SPACE PLACE...: what they see is in $T/seen.
watcher() {
	ip netns exec "$1" python3 "$here/must_not.py" watch </dev/null >"$T/seen.$1" 2>&1 &
	disown
	wait_for grep -q ready "$T/seen.$1"
}
server() {
	ip netns exec "$1" python3 "$here/must_not.py" serve "${@:2}" </dev/null >"$T/seen.$1-services" 2>&1 &
	disown
	wait_for grep -q ready "$T/seen.$1-services"
}
watcher "$C"
watcher "$S"
server "$C" $ME,5008 $OTHER,5008 $MAPPED6,5008
server "$S" 8.8.8.8,5008 2001:db8:9::2,5008 $PRIVATE,5008 $DENIED,5008 $METADATA,5008
server "$R" 8.8.8.1,53 8.8.8.1,5008 10.77.0.1,53 10.77.0.1,5008 127.0.0.1,5008 0.0.0.0,5009

# --- points ---------------------------------------------------------------------------------------------------------------

number=20000
# tries PROTO/PORT... TO: as must_not.py reads them, in `list', each with a number of its own.
tries() {
	local what
	list=()
	for what in "${@:1:$#-1}"; do
		number=$((number + 1))
		list+=("${what%/*},${!#},${what#*/},$number")
	done
}
ALL="tcp/5008 udp/5008 icmp/0"

# arrived NUMBER NUMBER: which of them, behind the first, have come to anybody.
arrived() {
	local n
	for ((n = $1 + 1; n <= $2; n++)); do grep -lx "$n" "$T"/seen.*; done | sed "s|.*/seen.$N-||" | sort -u | paste -s -d ' '
}

attempt() { ip netns exec "$1" python3 "$here/must_not.py" "${@:2}" 2>&1; }

# dead NAME SPACE FROM TO TRIES TOLD -- FROM TO TRIES: the first do not arrive, and the sender is told so; the last are answered.
# What is answered was sent later, the same way, so nothing of the first is still on its way.
# shellcheck disable=SC2086 # words
dead() {
	local before=$number last first said
	tries $5 "$4"
	first=("$3" "${list[@]}") last=$number
	tries ${10} "$9"
	said=$(attempt "$2" both "$6" "${first[@]}" -- "$8" "${list[@]}")
	same "$1" "$6; arrived: nowhere; $8 to $9: answer" \
		"${said%,*}; arrived: $(arrived "$before" "$last" | sed 's/^$/nowhere/'); $8 to $9: ${said#*,}"
}
# alive NAME SPACE FROM TO TRIES: answered.
# shellcheck disable=SC2086 # words
alive() {
	tries $5 "$4"
	same "$1" answer "$(attempt "$2" hope "$3" "${list[@]}")"
}
# strays NAME FROM TO -- TO: a segment of no connection comes to the last, and one that was sent before not to the first.
strays() {
	local before=$number
	number=$((number + 2))
	attempt "$S" stray "$2" "$3" $((number - 1))
	attempt "$S" stray "$2" "$5" "$number"
	wait_for grep -qx "$number" "$T/seen.$C"
	same "$1" "nowhere; then client" "$(arrived "$before" $((number - 1)) | sed 's/^$/nowhere/'); then $(arrived $((number - 1)) "$number")"
}
# told_as NAME SPACE TYPE/CODE ADDRESS: an ICMP error about a packet to ADDRESS has come to SPACE.
told_as() { t "$1" grep -qx "error $3 $4" "$T/seen.$2"; }

# behind PREFIX IPV4: within it, as the kernel writes it.
behind() {
	python3 -c 'import ipaddress, sys
print(ipaddress.IPv6Address(int(ipaddress.IPv6Address(sys.argv[1])) + int(ipaddress.IPv4Address(sys.argv[2]))))' "$@"
}
WKP=64:ff9b:: OWN=2001:db8:64::
SERVER=$GOOGLE SERVER6=2001:db8:9::2
ROUTER_WAN=$(behind $OWN 8.8.8.1) ROUTER_LAN=$(behind $OWN 10.77.0.1)
FORGED=$(behind $WKP 1.2.3.4)

write() {
	config "map $MAPPED $MAPPED6" 'tun-setup yes' "$@" | sed '/^prefix/i prefix 2001:db8:64::/96' >"$T/conf"
	[ -z "$PID" ] || { from=$(since) && kill -HUP "$PID" && wait_for said "$from" 'reload: .*in effect'; }
}
write
start_bare
wait_for link_running nat64 || { not_ok "nat64d starts" && finish; }
# lease HOST: it asks for one, and has it.
lease() {
	in_client ping -6 -n -c 1 -W 2 -I "$1" "$SERVER" >/dev/null
	wait_for grep -q "$1" "$T/data/dynamic.map"
	awk -v host="$1" '$2 == host { a = $1 } END { print a }' "$T/data/dynamic.map"
}
MY_LEASE=$(lease $ME) OTHERS_LEASE=$(lease $OTHER)

alive "nothing is up: the services of the router" "$C" $ME "$ROUTER_WAN" "$ALL"
alive "nothing is up: from IPv4, a lease" "$S" 8.8.8.8 "$MY_LEASE" "$ALL"

# --- what the rules of nat64-host keep out --------------------------------------------------------------------------------

by_rules() {
	local nets="tcp/53 udp/53 icmp/0" services="tcp/5008 udp/5008" own
	host up
	dead "$1: the router's address on the wan" "$C" $ME "$ROUTER_WAN" "$services" silence -- $ME "$ROUTER_WAN" "$nets"
	dead "$1: the same by 64:ff9b::/96" "$C" $ME "$(behind $WKP 8.8.8.1)" "$services" silence -- $ME "$(behind $WKP 8.8.8.1)" "$nets"
	dead "$1: the router's address on the LAN" "$C" $ME "$ROUTER_LAN" "$services" silence -- $ME "$ROUTER_LAN" "$nets"
	dead "$1: the broadcast address of the wan" "$C" $ME "$(behind $OWN 8.8.8.255)" "tcp/5009 udp/5009 icmp/0" silence -- $ME $SERVER "$ALL"
	dead "$1: from the wan, a source inside the prefix, to native IPv6" "$S" "$FORGED" $ME "$ALL" silence -- $SERVER6 $ME "$ALL"
	dead "$1: the same to the translator" "$S" "$FORGED" $SERVER "$ALL" silence -- $SERVER6 $SERVER "$ALL"
	dead "$1: from the LAN, a source inside the prefix" "$C" "$(behind $OWN 1.2.3.4)" $SERVER6 "$ALL" silence -- $ME $SERVER6 "$ALL"
	for own in 192.168.255.9 "$OTHERS_LEASE" 192.168.255.1; do
		ip -n "$S" addr add "$own/32" dev lo
		dead "$1: from the wan, the source $own" "$S" "$own" $MAPPED "$ALL" silence -- 8.8.8.8 $MAPPED "$ALL"
		ip -n "$S" addr del "$own/32" dev lo
	done
	dead "$1: from IPv4, a lease" "$S" 8.8.8.8 "$MY_LEASE" "$ALL" silence -- 8.8.8.8 $MAPPED "$ALL"
	dead "$1: from IPv4, a free address of the pool" "$S" 8.8.8.8 192.168.255.222 "$ALL" silence -- 8.8.8.8 $MAPPED "$ALL"
	strays "$1: from IPv4, a lease, by what belongs to no connection" 8.8.8.8 "$MY_LEASE" -- $MAPPED
	alive "$1: the host of that lease is answered" "$C" $ME $SERVER "$ALL"
	alive "$1: the router reaches it" "$R" 8.8.8.1 "$MY_LEASE" "$ALL"
}
by_rules nft

# --- what the translator refuses --------------------------------------------------------------------------------------------

for place in 127.0.0.1 0.0.0.0 0.1.2.3 $METADATA 255.255.255.255 224.0.0.1 239.1.2.3; do
	for prefix in $WKP $OWN; do
		dead "$place by $prefix/96" "$C" $ME "$(behind $prefix $place)" "$ALL" silence -- $ME "$(behind $prefix 8.8.8.8)" "$ALL"
	done
done
dead "240.0.0.1" "$C" $ME "$(behind $OWN 240.0.0.1)" "$ALL" prohibited -- $ME $SERVER "$ALL"
told_as "240.0.0.1: ICMPv6 1/1" "$C" 1/1 "$(behind $OWN 240.0.0.1)"
dead "private IPv4 by 64:ff9b::/96" "$C" $ME "$(behind $WKP $PRIVATE)" "$ALL" prohibited -- $ME "$(behind $OWN $PRIVATE)" "$ALL"
told_as "private IPv4 by 64:ff9b::/96: ICMPv6 1/1" "$C" 1/1 "$(behind $WKP $PRIVATE)"
dead "ipv4-addr" "$C" $ME "$(behind $OWN 192.168.255.1)" "tcp/5008 udp/5008" no-protocol -- $ME "$(behind $OWN 192.168.255.1)" icmp/0
told_as "ipv4-addr: ICMPv6 4/1" "$C" 4/1 "$(behind $OWN 192.168.255.1)"
dead "from IPv4, ipv4-addr" "$S" 8.8.8.8 192.168.255.1 "tcp/5008 udp/5008" no-protocol -- 8.8.8.8 192.168.255.1 icmp/0
dead "from IPv4, a link-local source" "$S" $METADATA $MAPPED "$ALL" silence -- 8.8.8.8 $MAPPED "$ALL"

# --- what the configuration denies ------------------------------------------------------------------------------------------

write 'wkpf-strict no'
alive "without deny: another host of the pool" "$C" $ME "$(behind $OWN "$OTHERS_LEASE")" "$ALL"
alive "without deny: a network" "$C" $ME "$(behind $WKP $DENIED)" "$ALL"
alive "without allow: any host" "$C" $BARRED $SERVER "$ALL"
write 'wkpf-strict no' 'deny 192.168.255.0/24' 'deny 9.9.9.0/24' 'allow 2001:db8:1::/64' 'allow 2001:db8:2::/64'
dead "deny: another host of the pool" "$C" $ME "$(behind $OWN "$OTHERS_LEASE")" "$ALL" prohibited -- $ME $SERVER "$ALL"
told_as "deny: another host of the pool: ICMPv6 1/1" "$C" 1/1 "$(behind $OWN "$OTHERS_LEASE")"
dead "deny: a network" "$C" $ME "$(behind $WKP $DENIED)" "$ALL" prohibited -- $ME $SERVER "$ALL"
told_as "deny: a network: ICMPv6 1/1" "$C" 1/1 "$(behind $WKP $DENIED)"
dead "allow: a host outside" "$C" $NEWCOMER $SERVER "$ALL" prohibited -- $ME $SERVER "$ALL"
dead "allow: a host outside that had a lease before" "$C" $BARRED $SERVER "$ALL" prohibited -- $ME $SERVER "$ALL"
told_as "allow: a host outside: ICMPv6 1/1" "$C" 1/1 $SERVER
alive "allow: a mapped host is not asked" "$C" $MAPPED6 "$(behind $OWN 8.8.8.8)" "$ALL"

# --- the same rules by iptables -----------------------------------------------------------------------------------------------

write
host down
path=$T/no-nft:$PATH
by_rules iptables
host down
stop_nat64d
finish

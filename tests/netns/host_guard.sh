#!/usr/bin/env bash
# The rules of nat64-host up, with real packets, by nft and by iptables, drop: forged sources inside a translation prefix or of
# the translator's IPv4 addresses; new connections from IPv4 to a host that only has a lease; and translated packets to the
# machine itself.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need nft iptables ip6tables sysctl awk ss
host_topology
mkdir "$T/etc" "$T/etc/default" "$T/second"

# Native IPv6 on the other side as well, and an address of IPv4 that is nobody's neighbour.
in_server sysctl -qw net.ipv6.conf.all.disable_ipv6=0
ip -n "$R" addr add 2001:db8:9::1/64 dev wan
ip -n "$S" addr add 2001:db8:9::2/64 dev wan
ip -n "$S" -6 route add default via 2001:db8:9::1
ip -n "$S" route add 192.168.254.0/23 via 8.8.8.1
ip -n "$R" route add default via 8.8.8.8

# --- the tool ---------------------------------------------------------------------------------------------------------

sed "s|^sysconfdir=.*|sysconfdir=$T/etc|; s|^lib=.*|lib=$(dirname "$HOST")/host|" "$HOST" >"$T/nat64-host"
# host COMMAND...: in the router, with a /run of its own; with iptables, where nft does not work.
host() { in_router env PATH="$path" sh -c "mount --bind '$T/run' /run && exec \"\$@\"" sh "${shell[@]}" "$T/nat64-host" "$@"; }
up() { host up "${1:-$T/conf}" >"$T/said" 2>&1 || diag "$(cat "$T/said")"; }
down() { host down "${1:-$T/conf}" >/dev/null; }
setting() { printf '%s\n' "$@" >"$T/etc/default/nat64d"; }
mkdir "$T/no-nft"
printf '#!/bin/sh\nexit 1\n' >"$T/no-nft/nft"
chmod +x "$T/no-nft/nft"
rules() { in_router sh -c 'nft -s list ruleset; iptables-save; ip6tables-save' 2>/dev/null | sed 's/^#.*//; s/\[[0-9:]*\]//'; }

# --- packets ----------------------------------------------------------------------------------------------------------

stranger() { ip netns exec "$1" python3 "$here/stranger.py" "${@:2}"; }
# passes DEVICE FROM TO: does a datagram of the client, or from IPv4 of the server, get as far as this device of the router?
# One that the router sends there itself comes behind it.
passes() {
	local ready job
	marks=$((${marks:-0} + 1))
	coproc WATCH { stranger "$R" watch "$1" "mark $marks." "end $marks."; }
	job=$WATCH_PID # gone as soon as the watcher is
	read -r ready <&"${WATCH[0]}"
	stranger "$([[ $2 == *:* ]] && echo "$C" || echo "$S")" send "$2" "$3" "mark $marks."
	stranger "$R" send :: "$([ "$1" = wan ] && echo 2001:db8:9::2 || echo "$GOOGLE")" "end $marks."
	wait "$job"
}
stopped() { ! passes "$@"; }
# opens ADDRESS: can the stranger, who is the server, get an answer there?
opens() { stranger "$S" ask "$1" 5007; }
closed() { ! opens "$1"; }

FORGED=64:ff9b::102:304 NATIVE=2001:db8:9::2

config 'map 192.168.255.80 2001:db8:2::80' 'map 192.168.254.81 2001:db8:2::81' 'tun-setup yes' >"$T/conf"
start_bare
wait_for link_running nat64 || { not_ok "nat64d starts" && finish; }
tcp_server "$C" 5007
ip -n "$R" -6 route add 2001:db8:64::/96 dev nat64
in_client ping -6 -n -c 1 -W 1 -I 2001:db8:2::7 "$GOOGLE" >/dev/null
wait_for grep -q 2001:db8:2::7 "$T/data/dynamic.map"
LEASED=$(awk '$2 == "2001:db8:2::7" { print $1 }' "$T/data/dynamic.map")
# The tables of iptables stay when they have been used.
for chain in "iptables FORWARD" "iptables INPUT" "ip6tables FORWARD" "iptables -t nat POSTROUTING" "iptables -t nat PREROUTING"; do
	# shellcheck disable=SC2086 # words
	{ in_router ${chain% *} -I ${chain##* } -j ACCEPT && in_router ${chain% *} -D ${chain##* } -j ACCEPT; } 2>/dev/null
done

# --- forged sources ---------------------------------------------------------------------------------------------------

guard() {
	setting NAT44=yes
	virgin=$(rules)
	t "$1: without a guard, a forged source reaches native IPv6" passes wan $FORGED $NATIVE
	up
	t "$1: with it, no more" stopped wan $FORGED $NATIVE
	t "$1: nor the translator" stopped nat64 $FORGED $GOOGLE
	t "$1: native IPv6 passes" passes wan 2001:db8:2::5 $NATIVE
	t "$1: so does a host to the translator" passes nat64 2001:db8:2::5 $GOOGLE
	t "$1: and the answers of the translator" ping6 "$GOOGLE"
	local once
	once=$(rules)
	up
	same "$1: up twice is as once" "$once" "$(rules)"
	setting GUARD=no
	up
	t "$1: GUARD=no lets forged sources pass" passes wan $FORGED $NATIVE
	setting GUARD=yes
	up
	t "$1: GUARD=yes is as nothing said" stopped wan $FORGED $NATIVE
	down
	same "$1: after down, everything is as it was" "$virgin" "$(rules)"
	t "$1: after down, forged sources pass" passes wan $FORGED $NATIVE
}

# Another translator with the same prefix: what it sends is not forged.  Its device is a cable here, to the client.
neighbour() {
	sed 's/nat64/second/; s/192.168.255/192.168.253/; s/::64$/::65/' "$T/conf" | grep -v '^map' >"$T/second.conf"
	up
	t "$1: from another device, the prefix is forged" stopped wan $FORGED $NATIVE
	ip -n "$R" link set lan name second
	ip -n "$R" link set second up
	up "$T/second.conf"
	t "$1: from the device of another configuration that is up, it is not" passes wan $FORGED $NATIVE
	down
	t "$1: its own guard does not stop it either" passes wan $FORGED $NATIVE
	up
	down "$T/second.conf"
	t "$1: when that is down, it is forged again" stopped wan $FORGED $NATIVE
	down
	ip -n "$R" link set second name lan
	ip -n "$R" link set lan up
	same "$1: after both, everything is as it was" "$virgin" "$(rules)"
	rm -f "$T/second.conf"
}

# Configurations whose hosts may have addresses within the prefix.
others() {
	local own=2001:db8:64::102:304
	config 'map 192.168.254.81 2001:db8:64::51' 'map 192.168.254.96/28 64:ff9b::/96' | sed 's/^prefix.*/prefix 2001:db8:64::\/96/' >"$T/other.conf"
	up "$T/other.conf"
	t "$1: own prefix: a forged source is stopped" stopped wan $own $NATIVE
	t "$1: own prefix: a mapped host within it is not" passes wan 2001:db8:64::51 $NATIVE
	t "$1: own prefix: others are not its matter" passes wan $FORGED $NATIVE
	down "$T/other.conf"
	config 'map 192.168.254.81 2001:db8:2::81' | grep -v '^dynamic-pool' >"$T/other.conf"
	up "$T/other.conf"
	t "$1: no pool, 64:ff9b::/96: a forged source to native IPv6 passes" passes wan $FORGED $NATIVE
	t "$1: no pool, 64:ff9b::/96: not to another such address" stopped nat64 $FORGED $GOOGLE
	down "$T/other.conf"
	sed -i 's/^prefix.*/prefix 2001:db8:64::\/96/' "$T/other.conf"
	up "$T/other.conf"
	t "$1: no pool, own prefix: there may be hosts within it" passes nat64 $own 2001:db8:64::808:808
	down "$T/other.conf"
}

# What nat64d will say of translatable, whether it does so now or not.
translatable() {
	printf '%s\n' '#!/bin/sh' "$NAT64D \"\$@\" || exit" "case \" \$* \" in *' --expand '*) echo 'translatable $1' ;; esac" >"$T/says"
	chmod +x "$T/says"
}
says_translatable() {
	local was=$NAT64D own=2001:db8:64::102:304
	config 'map 192.168.254.81 2001:db8:2::81' | sed 's/^prefix.*/prefix 2001:db8:64::\/96/' >"$T/other.conf"
	NAT64D=$was translatable no
	NAT64D=$T/says up "$T/other.conf"
	t "$1: translatable no: stopped" stopped wan $own $NATIVE
	NAT64D=$was translatable yes
	NAT64D=$T/says up "$T/other.conf"
	t "$1: translatable yes: passes" passes nat64 $own 2001:db8:64::808:808
	NAT64D=$was translatable "1.2.0.0/16 198.51.100.7"
	NAT64D=$T/says up "$T/other.conf"
	t "$1: translatable 1.2.0.0/16: 1.2.3.4 passes" passes nat64 $own 2001:db8:64::808:808
	t "$1: translatable 1.2.0.0/16: 1.3.3.4 does not" stopped nat64 2001:db8:64::103:304 2001:db8:64::808:808
	t "$1: translatable 1.2.0.0/16: it does to native IPv6" passes wan 2001:db8:64::103:304 $NATIVE
	NAT64D=$was
	down "$T/other.conf"
}

# --- from IPv4 --------------------------------------------------------------------------------------------------------

dnat() {
	in_router iptables -t nat -A PREROUTING -i wan -d 8.8.8.1 -p tcp --dport 5007 -j DNAT --to-destination "$LEASED"
	t "$1: what a rule of DNAT leads there passes" opens 8.8.8.1
	in_router iptables -t nat -F PREROUTING
}

inbound() {
	setting NAT44=yes
	t "$1: without up, a stranger opens a connection to a lease" opens "$LEASED"
	up
	t "$1: with it, no more" closed "$LEASED"
	t "$1: nor to a free address of the pool" closed 192.168.255.200
	t "$1: a mapped host of the pool is reached" opens 192.168.255.80
	t "$1: so is one elsewhere" opens 192.168.254.81
	t "$1: and the daemon" ping4 192.168.255.1
	t "$1: what a host has asked for comes back" in_client ping -6 -n -c 1 -W 2 -I 2001:db8:2::7 "$GOOGLE"
	t "$1: so does an error" test -n "$(in_client python3 "$here/udp.py" probe "$GOOGLE" 5999)"
	t "$1: hosts reach each other by the prefix" in_client ping -6 -n -c 1 -W 2 -I 2001:db8:2::7 64:ff9b::192.168.255.80
	dnat "$1"
	setting NAT44=yes INBOUND=yes
	up
	t "$1: INBOUND=yes lets strangers in" opens "$LEASED"
	setting INBOUND=no
	up
	t "$1: INBOUND=no does not" closed "$LEASED"
	down
	same "$1: after down, everything is as it was" "$virgin" "$(rules)"
}

# --- forged sources of IPv4 -------------------------------------------------------------------------------------------

MAPPED=192.168.255.80 MINE=192.168.255.9 ROUTER4=192.168.255.1 OF_ICMP=192.168.252.3
forged4() {
	local own
	setting NAT44=yes
	for own in $MINE $ROUTER4 $OF_ICMP; do
		t "$1: without a guard, $own may be forged" passes nat64 "$own" $MAPPED
	done
	up
	for own in $MINE $ROUTER4 $OF_ICMP; do
		t "$1: with it, $own may not" stopped nat64 "$own" $MAPPED
	done
	t "$1: others get there" passes nat64 8.8.8.8 $MAPPED
	setting GUARD=no
	up
	t "$1: GUARD=no lets forged ones of IPv4 pass" passes nat64 $MINE $MAPPED
	setting GUARD=yes
	ip -n "$R" addr add 192.168.255.14/28 dev lan
	up
	t "$1: a network of the machine in the pool is not cut off" passes nat64 $MINE $MAPPED
	t "$1: the rest of the pool is guarded" stopped nat64 192.168.255.77 $MAPPED
	ip -n "$R" addr del 192.168.255.14/28 dev lan
	down
	same "$1: after down, everything is as it was" "$virgin" "$(rules)"
}

# --- the machine itself -----------------------------------------------------------------------------------------------

OWN=64:ff9b::808:801 OWN_MAPPED=64:ff9b::c0a8:fe63
client_opens() { stranger "$C" ask "$1" "$2"; }
client_shut() { ! client_opens "$@"; }
refused() { [ "$(in_client python3 "$here/udp.py" probe "$1" "$2")" = ECONNREFUSED ]; }
local_services() {
	setting NAT44=yes
	t "$1: without up, a host reaches a service of the machine by the prefix" client_opens $OWN 5008
	t "$1: without up, it is told of a closed port" refused $OWN 5999
	up
	t "$1: with it, no more" client_shut $OWN 5008
	t "$1: nor by UDP" fails stranger "$C" tell $OWN 5008
	t "$1: nor a closed port, whose refusal would tell that there is somebody" fails refused $OWN 5999
	t "$1: the machine answers a ping" ping6 $OWN
	t "$1: and names by TCP" client_opens $OWN 53
	t "$1: and by UDP" stranger "$C" tell $OWN 53
	t "$1: a host reaches the server" client_opens $GOOGLE 5008
	t "$1: the machine reaches a host" stranger "$R" ask "$LEASED" 5007
	t "$1: also by UDP" stranger "$R" tell "$LEASED" 5010
	t "$1: from elsewhere its services are reached" stranger "$S" ask 8.8.8.1 5008
	t "$1: so is an address of its own that is mapped" client_opens $OWN_MAPPED 5008
	setting LOCAL=yes
	up
	t "$1: LOCAL=yes lets hosts in" client_opens $OWN 5008
	setting LOCAL=no
	up
	t "$1: LOCAL=no does not" client_shut $OWN 5008
	down
	same "$1: after down, everything is as it was" "$virgin" "$(rules)"
}

printf '%s\n' 'wkpf-strict no' 'icmp-source-pool 192.168.252.0/24' 'map 192.168.254.99 2001:db8:77::99' >>"$T/conf"
kill -HUP "$PID"
for address in $MINE $ROUTER4 $OF_ICMP 192.168.255.77; do ip -n "$S" addr add "$address/32" dev lo; done
ip -n "$R" addr add 192.168.254.99/32 dev lo
wait_for grep -q reload "$LOG"
serving() {
	ip netns exec "$1" python3 "$here/stranger.py" serve "${@:2}" </dev/null >/dev/null 2>&1 &
	disown
	wait_for listening "$1" -t "${!#}"
}
serving "$R" 8.8.8.1 53 5008
serving "$R" 192.168.254.99 5008
serving "$S" 8.8.8.8 5008
serving "$C" 2001:db8:2::7 5010
for backend in nft iptables; do
	path=$PATH
	[ $backend = nft ] || path=$T/no-nft:$PATH
	guard $backend
	neighbour $backend
	others $backend
	says_translatable $backend
	inbound $backend
	forged4 $backend
	local_services $backend
done

# Those who come to nft take the guard along.
path=$T/no-nft:$PATH up
path=$PATH up
same "from iptables to nft: no rule of iptables is left" "" "$(in_router sh -c 'iptables-save; ip6tables-save' | grep nat64d_)"
t "from iptables to nft: the guard stands" stopped wan $FORGED $NATIVE
path=$PATH down
same "after that, everything is as it was" "$virgin" "$(rules)"
stop_nat64d
finish

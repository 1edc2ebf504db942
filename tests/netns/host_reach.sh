#!/usr/bin/env bash
# nat64-host check: which hosts may use the translator, and what they may reach.  Each finding appears when it should, its
# command removes it, and it does not appear otherwise.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need nft iptables ss awk
host_topology
uplinks
export RUNTIME_DIRECTORY=$T/control
mkdir "$RUNTIME_DIRECTORY"
[ -x "$(dirname "$NAT64D")/nat64ctl" ] || cp "${NAT64CTL:-nat64ctl}" "$(dirname "$NAT64D")"
OWN=64:ff9b::808:801

# line WHAT LINE: one point, ok if the doctor has a line of this pattern.  Its command is in `cure' then.
line() {
	local found
	found=$(grep -E "^$2" "$T/found" | head -n 1)
	cure=${found##* => }
	if [ -n "$found" ]; then ok "$1"; else not_ok "$1" "wanted: $2" "$(cat "$T/found")"; fi
}
# quiet WHAT NAME: one point, ok if nothing of this name is left open.
quiet() { same "$1" "" "$(grep -E "^(WARN|FAIL|skip)  $2: |^ok    $2: .* => " "$T/found")"; }
# is_well WHAT [OPTION...]: one point, ok if the exit status is 0.
is_well() {
	local what=$1
	shift
	wait_for well "$@"
	same "$what: exit status 0" 0 $?
}
# ails WHAT LINE: the exit status is 1, and this is why.
ails() {
	well
	same "$1: exit status 1" 1 $?
	line "$1: found" "$2"
}
serving() {
	ip netns exec "$1" python3 "$here/stranger.py" serve "${@:2}" </dev/null >/dev/null 2>&1 &
	server=$!
	disown
	wait_for listening "$1" -t "${!#}"
}
opens() { ip netns exec "$C" python3 "$here/stranger.py" ask "$@"; }
write() {
	config 'tun-setup yes' "$@" >"$T/conf"
	touch -d '-3 seconds' "$T/conf" # or it would count as changed since, for two seconds
	kill -HUP "$PID"
	wait_for grep -q "reload: " "$LOG"
}

config 'tun-setup yes' >"$T/conf"
start_bare
wait_for link_running nat64 || { not_ok "nat64d starts" && finish; }
may_be_fast "$LOG"
host "$HOST" up "$T/conf" >/dev/null

# --- who may use it -------------------------------------------------------------------------------------------------

is_well "a healthy machine"
line "no allow: said" "ok    allow: there is no \`allow': every host that can route packets to this machine may use the translator => "
same "no allow: what to write" "{ echo 'allow 2001:db8:1::/64' && echo 'allow 2001:db8:2::/64'; } >>$T/conf && kill -HUP $PID" "$cure"
quiet "the services of the machine: nothing is open" exposed
quiet "64:ff9b::/96 holds no private network" private
quiet "64:ff9b::/96 holds no private pool" hairpin
cured "no allow"
quiet "with allow: no more" allow
line "with allow: who may" "ok    open: only hosts of 2001:db8:1::/64 2001:db8:2::/64, and hosts with a map, may use the translator"
line "with allow: the ping is from an address that may" "ok    ping: from 2001:db8:1::1 to 8.8.8.8 as 64:ff9b::808:808: answered"
t "with allow: a host is served" ping6 "$GOOGLE"

write 'allow 2001:db8:77::/64'
is_well "allow does not name the machine"
line "allow does not name the machine: not asked" "skip  ping: no ping through the translator: \`allow' names no address of the machine itself"
ip -n "$R" -6 route del 2001:db8:2::/64
ip -n "$R" -6 addr flush dev lan scope global
write
well
line "clients on the uplink: its own network" "ok    allow: .* => \{ echo 'allow 2001:db8:9::/64'; \} >>"
ip -n "$R" addr add 2001:db8:1::1/64 dev lan
ip -n "$R" -6 route replace 2001:db8:2::/64 via 2001:db8:1::2

config 'tun-setup yes' 'map 192.168.254.80 2001:db8:2::80' | sed '/^dynamic-pool/d' >"$T/conf"
well
quiet "no pool, and nobody translatable: nobody to be named" allow

# --- private networks and the pool ------------------------------------------------------------------------------------

ip -n "$R" addr add 10.1.0.1/16 dev lan
write 'wkpf-strict no' 'allow 2001:db8::/32'
is_well "private networks behind the prefix, if that is meant"
line "private networks behind the prefix: said" "ok    private: hosts reach private IPv4 through the translator, such as 10.1.0.0/16 here => "
same "private networks behind the prefix: what to write" "{ echo 'deny 10.1.0.0/16'; } >>$T/conf && kill -HUP $PID" "$cure"
t "private networks behind the prefix: they are reached" ping6 64:ff9b::10.1.0.1
cured "private networks behind the prefix"
quiet "private networks denied: no more" private
t "private networks denied: not reached" fails ping6 64:ff9b::10.1.0.1
line "hosts of the pool meet: said" "ok    hairpin: hosts of 192.168.255.0/24 reach each other through the translator => "
same "hosts of the pool meet: what to write" "{ echo 'deny 192.168.255.0/24'; } >>$T/conf && kill -HUP $PID" "$cure"
cured "hosts of the pool meet"
quiet "the pool denied: no more" hairpin
t "the pool denied: the others are served" ping6 "$GOOGLE"
ip -n "$R" addr del 10.1.0.1/16 dev lan
write 'allow 2001:db8::/32' 'deny 8.8.8.0/24'
is_well "the gateway is denied"
line "the gateway is denied: not asked" "skip  ping: no ping through the translator: the IPv4 gateway 8.8.8.8 is in a network that \`deny' names"

# --- the services of the machine --------------------------------------------------------------------------------------

LOCAL=yes host "$HOST" up "$T/conf" >/dev/null
well
quiet "its addresses are denied" exposed
write 'allow 2001:db8::/32'
is_well "no service"
quiet "no service: nothing is open" exposed
serving "$R" 0.0.0.0 53
well
quiet "DNS: nothing is open" exposed
serving "$R" 127.0.0.1 5007
well
quiet "a service at 127.0.0.1: nothing is open" exposed
serving "$R" 0.0.0.0 5008
LOCAL=yes well
same "LOCAL=yes: exit status 0" 0 $?
line "LOCAL=yes: said" "skip  exposed: hosts reach tcp 5008, udp 5008 of this machine through the translator: LOCAL=yes"
t "LOCAL=yes: so it is" opens $OWN 5008
ails "the service of the machine" "WARN  exposed: hosts reach tcp 5008, udp 5008 of this machine through the translator, at its address 8.8.8.1, and rules for the wan or the LAN do not stop them => "
cured "the service of the machine"
t "the service of the machine: shut" fails opens $OWN 5008
line "the service of the machine: said" "ok    exposed: translated packets do not reach the services of this machine, except ICMP and DNS"

# own_rules BACKEND: a machine that does NAT44 by itself.
own_rules() {
	host "$HOST" down "$T/conf" >/dev/null
	in_router nft flush ruleset
	in_router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	in_router iptables -t nat -A POSTROUTING -s 192.168.255.0/24 -o wan -j MASQUERADE 2>/dev/null
	ails "$1: rules of one's own" "WARN  exposed: "
	cured "$1: rules of one's own"
	t "$1: rules of one's own: the service is shut" fails opens $OWN 5008
	t "$1: rules of one's own: DNS is not" opens $OWN 53
	t "$1: rules of one's own: nor is a ping" ping6 $OWN
	t "$1: rules of one's own: the machine reaches its hosts" in_router ping -n -c 1 -W 2 "$LEASED"
}
in_client ping -6 -n -c 1 -W 1 -I 2001:db8:2::7 "$GOOGLE" >/dev/null
wait_for grep -q 2001:db8:2::7 "$T/data/dynamic.map"
LEASED=$(awk '$2 == "2001:db8:2::7" { a = $1 } END { print a }' "$T/data/dynamic.map")
export GUARD=no
own_rules nft
mkdir "$T/fake"
printf '#!/bin/sh\nexit 1\n' >"$T/fake/nft"
chmod +x "$T/fake/nft"
real=$(command -v nft)
own_iptables() {
	in_router "$real" flush ruleset
	PATH=$T/fake:$PATH own_rules iptables
	PATH=$T/fake:$PATH host "$HOST" up "$T/conf" >/dev/null
	in_router iptables -D INPUT -i nat64 -m conntrack --ctstate NEW -j DROP
	PATH=$T/fake:$PATH well
	line "iptables: nat64-host up is known" "ok    exposed: translated packets do not reach"
}
own_iptables
stop_nat64d
finish

#!/usr/bin/env bash
# nat64-host check: a healthy machine, and what breaks set-ups in practice, each called by its name and mended by the
# command that the finding offers.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need nft iptables ip6tables sysctl awk setpriv
host_topology
export RUNTIME_DIRECTORY=$T/control # where the daemon is asked
mkdir "$RUNTIME_DIRECTORY" "$T/clat"
NAT64CTL=${NAT64CTL:-$(dirname "$NAT64D")/nat64ctl}
[ -x "$(dirname "$NAT64D")/nat64ctl" ] || cp "$NAT64CTL" "$(dirname "$NAT64D")"

# ails WHAT NAME [TEXT]: one point, ok if the doctor finds NAME, saying TEXT.  Its command is in `cure' then.
ails() {
	local line
	well
	same "$1: exit status 1" 1 $?
	line=$(grep -E "^(FAIL|WARN)  $2: .*${3-}" "$T/found" | head -n 1)
	cure=${line##* => }
	if [ -n "$line" ]; then ok "$1: found as $2"; else not_ok "$1: found as $2 ${3-}" "$(cat "$T/found")"; fi
}

# one_failure WHAT NAME: one point, ok if nothing else has FAILed.
# illness WHAT NAME TEXT COMMAND...: COMMAND, in the router, breaks it.
one_failure() { same "$1: one cause is one failure" "FAIL  $2" "$(grep -o '^FAIL  [a-z0-9-]*' "$T/found")"; }

illness() {
	local what=$1 name=$2 text=$3
	shift 3
	in_router "$@" >/dev/null 2>&1 || { skip "$what" "$* does not work here" && return; }
	ails "$what" "$name" "$text"
	cured "$what"
}

clean_rules() {
	in_router nft flush ruleset
	host "$HOST" up "$T/conf" >/dev/null
}

# --- a healthy machine ----------------------------------------------------------------------------------------------

uplinks
config 'tun-setup yes' >"$T/conf"
start_bare
wait_for link_running nat64 || { not_ok "nat64d starts" && finish; }
may_be_fast "$LOG"
host "$HOST" up "$T/conf" >/dev/null
not_ok_lines() { grep -v -e '^ok    [a-z0-9-]*: ' -e "^skip  ${CANNOT:-none}: " -e '^skip  gro-list: .* ethtool is not installed' "$T/found"; }
well
same "a healthy machine: exit status 0" 0 $?
same "a healthy machine: every line is ok" "" "$(not_ok_lines)"
t "a healthy machine: the ping went all the way" grep -q "^ok    ping: from .* to 8.8.8.8 as 64:ff9b::808:808: answered" "$T/found"
quick() {
	local start=$SECONDS
	well && [ $((SECONDS - start)) -lt 10 ]
}
t "it takes less than ten seconds, where the machine has nothing else to do" wait_for quick
shot() { in_router sh -c 'nft list ruleset; ip addr; ip route show table all; ip -6 route show table all; cat /proc/sys/net/ipv4/conf/*/forwarding' | grep -v expires; }
before=$(shot)
well
same "it changes nothing" "$before" "$(shot)"
t "no colours but on a terminal" fails grep -q "$(printf '\033')" "$T/found"

# --- what is in effect ------------------------------------------------------------------------------------------------

touch -d "+2 seconds" "$T/conf"
ails "a file that was changed" reload "$T/conf was changed after the daemon had read it"
sleep 2.1
cured "a file that was changed"
illness "new hosts get no address" drain "nat64ctl drain on" "$NAT64CTL" -s "$RUNTIME_DIRECTORY/control" drain on

# --- forwarding -----------------------------------------------------------------------------------------------------

illness "IPv4 forwarding off" forwarding-4 "" sysctl -qw net.ipv4.ip_forward=0
illness "IPv6 forwarding off" forwarding-6 "" sysctl -qw net.ipv6.conf.all.forwarding=0
illness "one device does not forward" forwarding-4 "wan does not" sysctl -qw net.ipv4.conf.wan.forwarding=0
illness "strict reverse path filter" rp-filter "strict on nat64" sysctl -qw net.ipv4.conf.all.rp_filter=1
in_router sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.nat64.rp_filter=0

in_router sysctl -qw net.ipv6.conf.wan.accept_ra=1
ip -n "$R" -6 route replace default via 2001:db8:9::2 proto ra
illness "a default route by advertisement that will expire" accept-ra "wan forwards" true
in_router sysctl -qw net.ipv6.conf.all.forwarding=0 net.ipv6.conf.wan.accept_ra=1
ip -n "$R" -6 route flush default
ip -n "$R" -6 route add default via 2001:db8:9::2 proto ra expires 300
ails "IPv6 forwarding off, and a default route by advertisement" forwarding-6
t "IPv6 forwarding off, and a default route by advertisement: that is kept" test "${cure#sysctl -w net.ipv6.conf.wan.accept_ra=2 && }" != "$cure"
cured "IPv6 forwarding off, and a default route by advertisement"
shows "IPv6 forwarding off, and a default route by advertisement: it is still there" "via 2001:db8:9::2" in_router ip -6 route show default
ip -n "$R" -6 route flush default
in_router sysctl -qw net.ipv6.conf.wan.accept_ra=0
ip -n "$R" -6 route replace default via 2001:db8:9::2

# --- the device -----------------------------------------------------------------------------------------------------

illness "the device is down" device "is down" ip link set nat64 down
illness "an MTU below IPv6's" mtu "IPv6 needs 1280" ip link set nat64 mtu 1000
illness "an MTU below the uplink's" mtu "wan one of 1500" ip link set nat64 mtu 1400
stop_nat64d
ails "no daemon" service "no daemon uses nat64"
same "no daemon: one cause is one failure" "FAIL  service" "$(grep -o '^\(FAIL\|WARN\)  [a-z0-9-]*' "$T/found")"
t "no daemon: what depends on it is not asked" grep -q "^skip  device: not checked, and neither are addresses, routes and pings" "$T/found"
start_bare
wait_for link_running nat64
t "the daemon is back: all is well" wait_for well

# --- addresses and routes -------------------------------------------------------------------------------------------

illness "the device has the daemon's IPv4 address" addresses "192.168.255.1 is the daemon's own" ip addr add 192.168.255.1/24 dev nat64
illness "the device has the daemon's IPv6 address" addresses "$OWN6 is the daemon's own" ip addr add "$OWN6/128" dev nat64
# What is the machine's stays the machine's: the daemon gives way.
config 'tun-setup yes' | sed 's/^ipv4-addr.*/ipv4-addr 10.5.5.5/' >"$T/conf"
kill -HUP "$PID"
wait_for in_router ping -4 -n -c 1 -W 1 10.5.5.5
t "an address outside the pool: all is well" well
ip -n "$R" addr add 10.5.5.5/32 dev lan
ails "the machine has the daemon's IPv4 address" addresses "10.5.5.5 is the daemon's own \(ipv4-addr\), but lan has it too"
same "the machine has the daemon's IPv4 address: what to write instead" \
	"sed -i 's/^[[:space:]]*ipv4-addr[[:space:]].*/ipv4-addr 192.168.255.1/I' $T/conf && kill -HUP $PID" "$cure"
t "the machine has the daemon's IPv4 address: its answer does not count" grep -q "^skip  ping: the daemon at 10.5.5.5 is not pinged: the machine has that address itself" "$T/found"
t "the machine has the daemon's IPv4 address: nothing is taken from it" fails grep -q "addr del" "$T/found"
cured "the machine has the daemon's IPv4 address"
ip -n "$R" addr del 10.5.5.5/32 dev lan
ip -n "$R" addr add 192.168.255.1/32 dev lan
ails "the machine has it, and it is of the pool" addresses "192.168.255.1 is the daemon's own \(ipv4-addr\), but lan has it too"
same "the machine has it, and it is of the pool: another pool" \
	"edit $T/conf: dynamic-pool and ipv4-addr of a network that is used nowhere else, then: kill -HUP $PID" "$cure"
one_failure "the machine has it, and it is of the pool" addresses
ip -n "$R" addr del 192.168.255.1/32 dev lan
ip -n "$R" addr add "$OWN6/128" dev lan
ails "the machine has the daemon's IPv6 address" addresses "$OWN6 is the daemon's own"
same "the machine has the daemon's IPv6 address: what to write instead" "sed -i '/^[[:space:]]*ipv6-addr[[:space:]]/Id' $T/conf && kill -HUP $PID" "$cure"
t "the machine has the daemon's IPv6 address: its answer does not count" grep -q "^skip  ping: the daemon at $OWN6 is not pinged: " "$T/found"
cured "the machine has the daemon's IPv6 address"
ip -n "$R" addr del "$OWN6/128" dev lan
config 'tun-setup yes' 'tun-ip 192.168.255.1/24' >"$T/conf"
kill -HUP "$PID"
wait_for in_router ip addr show to 192.168.255.1 dev nat64
ails "the configuration gives it to the device" addresses "192.168.255.1 is the daemon's own"
same "the configuration gives it to the device: what to take out" "sed -i '/^[[:space:]]*tun-ip[[:space:]][[:space:]]*192\\.168\\.255\\.1[^0-9.]/Id' $T/conf && kill -HUP $PID" "$cure"
cured "the configuration gives it to the device"
in_router iptables -t nat -A OUTPUT -d 192.168.255.1 -j DNAT --to-destination 8.8.8.8
ails "another machine answers in the daemon's place" ping "another host answers at the daemon's own address 192.168.255.1: nothing crossed nat64"
in_router iptables -t nat -F OUTPUT
t "the daemon answers itself: all is well" well

illness "no route of the pool" route "pool 192.168.255.0/24" ip route del 192.168.255.0/24
illness "no route of the prefix" route "prefix 64:ff9b::/96 leads to wan" ip -6 route del 64:ff9b::/96 dev nat64
# Of others' routes, only those that stand exactly where ours belong are for a command to replace.
shown() { same "$1: shown, not removed" "$2 # decide which of these to keep" "$cure"; }
ip -n "$R" -6 route add 64:ff9b::808:0/112 via 2001:db8:9::2
ails "a longer route elsewhere" route "prefix 64:ff9b::/96 leads to wan"
shown "a longer route elsewhere" "ip -6 route show table all to root 64:ff9b::/96"
shows "a longer route elsewhere: the command shows it" "64:ff9b::808:0/112 via 2001:db8:9::2" host sh -c "$cure"
ip -n "$R" -6 route del 64:ff9b::808:0/112
illness "our route elsewhere" route "leads to wan" ip -6 route replace 64:ff9b::/96 via 2001:db8:9::2
ip -n "$R" -6 route add 64:ff9b::/96 via 2001:db8:9::2 metric 10
ails "a better metric elsewhere" route "leads to wan"
shown "a better metric elsewhere" "ip -6 route show table all to root 64:ff9b::/96"
ip -n "$R" -6 route del 64:ff9b::/96 metric 10
ip -n "$R" -6 route add 64:ff9b::/96 via 2001:db8:9::2 table 77
illness "another table wins" route "leads to wan" ip -6 rule add to 64:ff9b::/96 lookup 77
ip -n "$R" -6 rule del to 64:ff9b::/96 lookup 77
ip -n "$R" addr add 192.168.255.200/28 dev lan
ails "a real network in the pool" overlap "192.168.255.0/24 is in use on lan \(192.168.255.192/28\): choose another pool"
one_failure "a real network in the pool" overlap
ip -n "$R" addr del 192.168.255.200/28 dev lan
ip -n "$R" addr add 10.1.0.1/16 dev lan
well --target 10.1.0.1
t "private IPv4 behind the Well-Known Prefix: a target there is named as such" \
	grep -q "^FAIL  ping: 10.1.0.1 is not a public address, and 64:ff9b::/96 must not contain it (wkpf-strict) => the same as above$" "$T/found"
t "private IPv4 behind the Well-Known Prefix: and what is above" grep -q "^WARN  wkp: .* => echo 'wkpf-strict no' >>" "$T/found"
illness "private IPv4 behind the Well-Known Prefix" wkp "does not reach private IPv4, such as 10.1.0.0/16" true
well --target 10.1.0.1
t "with wkpf-strict no, private IPv4 is reached" grep -q "^ok    ping: .*a01:1: answered" "$T/found"
ip -n "$R" addr del 10.1.0.1/16 dev lan
ip -n "$R" -6 addr flush dev wan scope global
ip -n "$R" -6 addr flush dev lan scope global
ails "no IPv6 address" ipv6 "no IPv6 address of its own"
shows "no IPv6 address: the ping says so, too" "no IPv6 address to ping" cat "$T/found"
in_router sysctl -qw net.ipv6.conf.wan.accept_ra=1
well
t "no IPv6 address, deaf to advertisements" grep -q "^FAIL  ipv6: .* => sysctl -w net.ipv6.conf.wan.accept_ra=2" "$T/found"
in_router sysctl -qw net.ipv6.conf.wan.accept_ra=0
ip -n "$R" addr add 2001:db8:1::1/64 dev lan
ip -n "$R" -6 route replace 2001:db8:2::/64 via 2001:db8:1::2
ip -n "$R" addr add 2001:db8:9::1/64 dev wan
ip -n "$R" -6 route del default
ails "no IPv6 default route" route-6 "only hosts of networks that have a route"
ip -n "$R" -6 route replace default via 2001:db8:9::2
ip -n "$R" route del default
ails "no IPv4 default route" route-4 ""
ip -n "$R" route add default via 8.8.8.8
t "all of that mended: all is well" wait_for well

# --- what root does not fall for ------------------------------------------------------------------------------------

# The network of the LAN is the pool: its route is not for a command to remove.
ip -n "$R" addr add 192.168.255.200/24 dev lan
ip -n "$R" route del 192.168.255.0/24 dev nat64
ails "the LAN is the pool" overlap "pool 192.168.255.0/24 is in use on lan \(192.168.255.0/24\): choose another pool"
one_failure "the LAN is the pool" overlap
same "the LAN is the pool: what to write" "edit $T/conf: dynamic-pool and ipv4-addr of a network that is used nowhere else, or, if no host there needs its addresses, tun-route 192.168.255.0/24, then: kill -HUP $PID" "$cure"
ip -n "$R" addr del 192.168.255.200/24 dev lan
ip -n "$R" route replace 192.168.255.0/24 dev nat64

mv "$T/data/dynamic.map" "$T/leases"
mkfifo "$T/data/dynamic.map"
t "a FIFO in the place of the leases: not waited for" well
rm "$T/data/dynamic.map"
printf '192.168.255.9\t2001:db8::9\t%s\n' "$(date +%s)" >"$T/secret"
ln -s "$T/secret" "$T/data/dynamic.map"
well
t "a link in the place of the leases: not followed" grep -q "^ok    pool: 0 of 254 addresses leased" "$T/found"
rm "$T/data/dynamic.map"
cp "$T/conf" "$T/conf.before"
echo 'dynamic-pool 10.9.9.0/30 standby' >>"$T/conf"
kill -HUP "$PID"
ip -n "$R" route replace 10.9.9.0/30 dev nat64
for i in 1 2 3; do printf '10.9.9.%s\t2001:db8::%s\t%s\n' $i $i "$(date +%s)"; done >"$T/data/dynamic.map"
well
t "a full pool of another translator is not ours" grep -q "^ok    pool: 0 of 254 addresses leased" "$T/found"
same "and we say nothing else of pools" 1 "$(grep -c '^[a-zA-Z]* *pool: ' "$T/found")"
mv "$T/conf.before" "$T/conf"
kill -HUP "$PID"
ip -n "$R" route del 10.9.9.0/30 dev nat64
mv "$T/leases" "$T/data/dynamic.map"

# A path and a name that a shell would take for more.
odd="$T/it's \$(touch pwned); x"
mkdir "$odd"
cp "$T/conf" "$odd/conf"
check_odd() { in_router "${shell[@]}" "$HOST" check "$odd/conf"; }
check_odd >"$T/found" 2>&1
echo 'ipv4-addr 1.2.3.4' >>"$odd/conf"
check_odd >>"$T/found" 2>&1
rm "$odd/conf"
check_odd >>"$T/found" 2>&1
cures=$(sed -n 's/.* => //p' "$T/found")
t "an odd path: there are commands with it" grep -qF "it'\\''s" <<<"$cures"
while read -r cure; do (cd "$T" && host sh -c "$cure") >/dev/null 2>&1 </dev/null; done <<<"$cures"
t "an odd path: a shell takes it for a path" test ! -e "$T/pwned"
t "an odd path: and so it is" test -e "$odd/conf"
rm -rf "$odd"
cp "$NAT64D" "$T/x => rm y"
kill "$PID" && wait "$PID" 2>/dev/null
ip netns exec "$R" "$T/x => rm y" --nodetach --stdout -c "$T/conf" </dev/null >>"$LOG" 2>&1 &
PID=$!
wait_for link_running nat64
ails "a process with an odd name" service "process $PID \(x -> rm y\) uses nat64"
stop_nat64d
start_bare
wait_for link_running nat64
t "the daemon itself again: all is well" wait_for well

# --- the fast path --------------------------------------------------------------------------------------------------

fast="$T/fast" # programs that say something else
mkdir "$fast"
# instead NAME SCRIPT: it is called for program NAME, whose own place is $real in it.
instead() {
	printf '#!/bin/sh\nreal=%s\n%s\n' "$(command -v "$1")" "$2" >"$fast/$1"
	chmod +x "$fast/$1"
}
# fast_line WHAT LINE: one point, ok if the doctor has a line of this pattern.  Its command is in `cure' then.
fast_line() {
	local line
	line=$(grep -E "^$2" "$T/found" | head -n 1)
	cure=${line##* => }
	if [ -n "$line" ]; then ok "$1"; else not_ok "$1" "wanted: $2" "$(cat "$T/found")"; fi
}
passed() {
	well
	sed -n 's/^ok    fast-path: on, it has translated \([0-9]*\) packets in the kernel$/\1/p' "$T/found"
}

if [ -z "$CANNOT" ]; then
	before=$(passed)
	in_client ping -6 -n -q -i 0.05 -c 20 "$GOOGLE" >/dev/null 2>&1
	t "the fast path is on: the doctor says what it has translated" test "$(passed)" -gt "${before:-1000000}"

	if in_router ethtool -K lan rx-gro-list on >/dev/null 2>&1; then
		ails "rx-gro-list" gro-list "lan has rx-gro-list on"
		same "rx-gro-list: what to do" "ethtool -K lan rx-gro-list off" "$cure"
		cured "rx-gro-list"
		ip -n "$R" link add port type veth peer name other
		ip -n "$R" link set port addrgenmode none up
		if ip -n "$R" link add bridge type bridge 2>/dev/null; then
			ip -n "$R" link set port master bridge
			ip -n "$R" link set bridge up
			ip -n "$R" addr add 10.77.0.1/24 dev bridge
			in_router ethtool -K port rx-gro-list on
			well
			fast_line "rx-gro-list on a port of a bridge" "WARN  gro-list: port has rx-gro-list on"
			ip -n "$R" link del bridge
		else
			skip "rx-gro-list on a port of a bridge" "the kernel has no bridges"
		fi
		ip -n "$R" link del port
		mkdir "$T/no-ethtool"
		for dir in /bin /sbin /usr/bin /usr/sbin; do cp -s "$dir"/* "$T/no-ethtool" 2>/dev/null; done
		rm -f "$T/no-ethtool/ethtool"
		sed "s|^PATH=.*|PATH=$T/no-ethtool|; s|^lib=.*|lib=$(dirname "$HOST")/host|" "$HOST" >"$T/no-ethtool/nat64-host"
		in_router sh "$T/no-ethtool/nat64-host" check "$T/conf" >"$T/found" 2>&1
		fast_line "no ethtool" "skip  gro-list: not checked: ethtool is not installed"
	else
		skip "rx-gro-list" "there is no ethtool, or the kernel has none"
	fi

	# As nft(8) writes it: not every kernel has flowtables.
	instead nft "\$real \"\$@\" || exit
case \" \$* \" in *' list ruleset ') cat '$T/flowtable' ;; esac"
	flowtable() {
		printf 'table inet own {\n\tflowtable f {\n\t\thook ingress priority filter\n\t\tdevices = { %s }\n\t}\n\n\tchain c {\n\t\tflow add @f\n\t}\n}\n' "$1" >"$T/flowtable"
		PATH=$fast:$PATH well
	}
	flowtable 'lan, wan'
	same "a flowtable of others" "" "$(not_ok_lines)"
	for devices in 'lan, nat64' '"nat64", "lan"' "$(printf '"lan",\n\t\t\t    "nat64"')"; do
		flowtable "$devices"
		fast_line "our device in a flowtable: ${devices//[[:space:]]/}" "WARN  flowtable: f of table inet own contains nat64, "
		same "our device in a flowtable: what to do" "nft 'delete flowtable inet own f { devices = { \"nat64\" }; }'" "$cure"
	done
	flowtable '"lan", "nat*"'
	fast_line "our device in a flowtable, by a star" "WARN  flowtable: f of table inet own .* => edit the rules: "
	flowtable '"lan", "nat65", "xnat64"'
	same "devices with names like ours in a flowtable" "" "$(not_ok_lines)"
	rm "$fast/nft"
else
	skip "the fast path is on" "the daemon may not put its program into the kernel here"
fi

# What the machine drops.
backlog() { echo "$1" >"$T/backlog"; }
softnet() { printf '%s\n' '00001000 0000000a 00000000' "00002000 $1 00000001"; }
softnet 00000010 >"$T/softnet"
well
fast_line "packets dropped long ago" "ok    softnet: no packet dropped during this check, 26 since boot"
# drops CURE: five, between the two looks.
drops() {
	softnet 00000010 >"$T/softnet"
	softnet 00000015 >"$T/softnet.next"
	well
	same "packets dropped: exit status 1" 1 $?
	fast_line "packets dropped: found as softnet" "WARN  softnet: 5 packets dropped during this check because too many waited for a processor; 31 since boot"
	same "packets dropped: what to do" "$1" "$cure"
}
backlog 1000
drops "sysctl -w net.core.netdev_max_backlog=4000"
backlog 16000
drops "WARN  softnet: 5 packets dropped during this check because too many waited for a processor; 31 since boot"
rm "$T/backlog"
drops "edit the settings of the host of this container: multiply net.core.netdev_max_backlog by four"
echo "00000000 00000000 00000000" >"$T/softnet"

# Where it cannot be had.
stop_nat64d
ip netns exec "$R" setpriv --bounding-set -cap_39,-sys_admin "$NAT64D" --nodetach --stdout -c "$T/conf" </dev/null >>"$LOG" 2>&1 &
PID=$!
wait_for link_running nat64
well
fast_line "no right to it: the daemon's own words" "(WARN|skip)  fast-path: off, every packet passes through the daemon: its tables: not permitted \(nat64d needs CAP_BPF"
if [ -z "$CANNOT" ]; then
	well
	same "no right to it: exit status 1" 1 $?
	one="kill $PID && $NAT64D --config $T/conf"
	grep -q '^Seccomp:[[:space:]]*0' /proc/self/status &&
		same "no right to it: what to do" "edit what starts nat64d: grant CAP_BPF and CAP_NET_ADMIN at the start, allow the system call bpf, then: $one" "${cure#*: not permitted}"
	t "no right to it: what breaks packets there is not asked" fails grep -qE ' (gro-list|flowtable): ' "$T/found"
	in_router setpriv --bounding-set -cap_39 env PATH="$T/impatient:$PATH" "${shell[@]}" "$HOST" check "$T/conf" >"$T/found" 2>&1
	fast_line "a container without it" "WARN  fast-path: .*: this container has no CAP_BPF => edit the settings of the container: allow CAP_BPF and the system call bpf"
	instead awk "for last; do :; done
[ \"\$last\" != /proc/self/uid_map ] || exec echo 0 100000 65536
exec \$real \"\$@\""
	PATH=$fast:$PATH well
	fast_line "a container with users of its own" "WARN  fast-path: .*: this container has its own user namespace, .* => edit $T/conf: fast-path off, if this is acceptable, then: kill $PID && "
	rm "$fast/awk"
	instead uname 'echo 5.10.0-32-amd64'
	PATH=$fast:$PATH well
	fast_line "an old kernel" "WARN  fast-path: .*: this kernel is 5.10.0-32-amd64, and the fast path needs 6.1 => edit $T/conf: fast-path off, if this is acceptable"
	instead uname 'echo 6.1.0-40-amd64'
	PATH=$fast:$PATH well
	t "a kernel that is just new enough" fails grep -q "this kernel is" "$T/found"
	rm "$fast/uname"
	# What kernels before 6.6 may lack.
	instead timeout "\$real \"\$@\" | sed \"s|its tables: [^\\\"]*|\$(cat '$T/reason')|\""
	echo "nat64: clsact qdisc: missing in this kernel (modprobe sch_ingress)" >"$T/reason"
	PATH=$fast:$PATH well
	fast_line "a module is not there" "WARN  fast-path: .*modprobe sch_ingress"
	same "a module is not there: what to do" "modprobe -a sch_ingress cls_bpf && $one" "$cure"
	echo "nat64: clsact qdisc: an ingress qdisc occupies its place (tc qdisc del dev nat64 ingress)" >"$T/reason"
	PATH=$fast:$PATH well
	fast_line "somebody else's qdisc: shown, not removed" "WARN  fast-path: .* => tc qdisc show dev nat64 # "
	echo "something => reboot" >"$T/reason"
	PATH=$fast:$PATH well
	fast_line "a reason that could pass for a command" "WARN  fast-path: .*: something -> reboot => edit $T/conf: fast-path off"
	rm "$fast/timeout"
fi
stop_nat64d
cp "$T/conf" "$T/with"
echo 'fast-path off' >>"$T/conf"
start_bare
wait_for link_running nat64
t "fast-path off: all is well" well
fast_line "fast-path off: said" "ok    fast-path: off, as $T/conf has it"
t "fast-path off: what breaks packets there is not asked" fails grep -qE ' (gro-list|flowtable): ' "$T/found"
cp "$T/with" "$T/conf"
well
fast_line "fast-path off when the daemon was started" "(WARN|skip)  fast-path: off: the daemon was started before $T/conf was changed => kill $PID && "
stop_nat64d
well
fast_line "no daemon: the fast path is not asked about" "skip  fast-path: not checked: there is no daemon"
echo 'control off' >>"$T/conf"
start_bare
wait_for link_running nat64
t "no control socket: all is well" well
fast_line "no control socket: said" "skip  fast-path: not checked: the daemon has no control socket"
stop_nat64d
sed -i "s|^control.*|control $T/another|" "$T/conf"
start_bare
wait_for link_running nat64
t "another control socket: all is well" well
t "another control socket: it is asked" fails grep -q "not asked" "$T/found"
stop_nat64d
cp "$T/with" "$T/conf"
start_bare
wait_for link_running nat64
t "the fast path as it was: all is well" wait_for well

# --- the sandbox ------------------------------------------------------------------------------------------------------

# pretend SCRIPT: the doctor hears the daemon's answer changed by this script of sed.
pretend() {
	instead timeout "\$real \"\$@\" | sed '$1'"
	PATH=$fast:$PATH well
	rm "$fast/timeout"
}
restart_it="kill $PID && $NAT64D --config $T/conf"
if grep -q '^Seccomp:[[:space:]]*2' "/proc/$PID/status"; then
	fast_line "the sandbox: what holds" "ok    sandbox: seccomp"
	pretend 's|"landlock": [0-9]*|"landlock": 7|'
	fast_line "the sandbox: all of it" 'ok    sandbox: seccomp and Landlock \(ABI 7\) limit the daemon and its keeper$'
	pretend 's|"landlock": [0-9]*|"landlock": 0|'
	fast_line "the sandbox: a kernel without Landlock" "ok    sandbox: seccomp; without Landlock, which this kernel"
	pretend 's|"seccomp": true|"seccomp": false|'
	fast_line "the sandbox: no filter" "WARN  sandbox: no filter of system calls: this kernel or container refuses it => edit what starts nat64d: allow the system calls seccomp, landlock_create_ruleset, .*, then: kill $PID && "
	pretend 's|"helper": true|"helper": false|'
	fast_line "the sandbox: the keeper is outside" "WARN  sandbox: the keeper, which writes the lease file, has no filter of system calls => kill $PID && "
	same "the sandbox: the keeper is outside: what to do" "$restart_it" "$cure"
	pretend 's|"sandbox": {[^}]*}, ||'
	fast_line "the sandbox: a daemon that does not know it" "skip  sandbox: not checked: "
	for process in "$PID" "$(pgrep -P "$PID")"; do
		instead grep "for last; do :; done; case \$last in /proc/$process/status) \$real \"\$@\" | sed '/^Seccomp:/s/2/0/' ;; *) exec \$real \"\$@\" ;; esac"
		PATH=$fast:$PATH well
		rm "$fast/grep"
		fast_line "the sandbox: the kernel knows of none" "WARN  sandbox: the kernel shows no filter of system calls for process $process => kill $PID && "
	done
	echo 'sandbox off' >>"$T/conf"
	touch -d "-1 hour" "$T/conf"
	well
	fast_line "the sandbox: off since the start" "WARN  sandbox: auto, not off: the daemon was started before $T/conf was changed => kill $PID && "
	stop_nat64d
	start_bare
	wait_for link_running nat64
	t "the sandbox is off: all is well" wait_for well
	fast_line "the sandbox is off: said" "ok    sandbox: off, as $T/conf has it"
	stop_nat64d
	cp "$T/with" "$T/conf"
	start_bare
	wait_for link_running nat64
	t "the sandbox as it was: all is well" wait_for well
else
	skip "the sandbox" "this daemon has none here"
fi

# --- packet filters and NAT -----------------------------------------------------------------------------------------

illness "no MASQUERADE" masquerade "no MASQUERADE or SNAT hides it" nft delete table ip "$(in_router nft list tables | sed -n 's/table ip \(nat64d_.*\)/\1/p')"
host "$HOST" down "$T/conf" >/dev/null
in_router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
in_router iptables -t nat -A POSTROUTING -o nat64 -j MASQUERADE 2>/dev/null
ails "MASQUERADE on the wrong device" masquerade
export GUARD=no # these rules have none
in_router iptables -t nat -A POSTROUTING -o wan -j MASQUERADE
t "MASQUERADE -o wan will do" wait_for well
in_router iptables -t nat -F
in_router iptables -t nat -A POSTROUTING -s 192.168.0.0/16 -o wan -j SNAT --to-source 8.8.8.1
t "so will SNAT" wait_for well
in_router iptables -t nat -F
in_router nft add table ip own
in_router nft 'add chain ip own post { type nat hook postrouting priority 100; }'
in_router nft 'add rule ip own post oifname { "wan", "ppp0" } ip daddr != { 10.0.0.0/8, 192.168.0.0/16 } counter masquerade'
t "so will a rule of nft with sets" wait_for well
unset GUARD
clean_rules

illness "iptables FORWARD DROP" firewall-4 "chain FORWARD of table ip filter drops it: policy" iptables -P FORWARD DROP
clean_rules
illness "ip6tables FORWARD DROP" firewall-6 "chain FORWARD of table ip6 filter drops it: policy" ip6tables -P FORWARD DROP
clean_rules
if in_router iptables-legacy -P FORWARD DROP 2>/dev/null; then
	ails "iptables-legacy FORWARD DROP" firewall-4 "policy"
	cured "iptables-legacy FORWARD DROP"
	in_router iptables-legacy -P FORWARD ACCEPT
	in_router iptables-legacy -F
else
	skip "iptables-legacy FORWARD DROP" "the kernel has no legacy iptables"
fi

docker() {
	iptables -P FORWARD DROP
	iptables -N DOCKER-USER
	iptables -N DOCKER
	iptables -A DOCKER-USER -j RETURN
	iptables -A FORWARD -j DOCKER-USER
	iptables -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
	iptables -A FORWARD -o docker0 -j DOCKER
	iptables -A FORWARD -i docker0 ! -o docker0 -j ACCEPT
}
ufw() {
	local six
	for six in "" 6; do
		"ip${six}tables" -P FORWARD DROP
		"ip${six}tables" -N "ufw$six-before-forward"
		"ip${six}tables" -N "ufw$six-user-forward"
		"ip${six}tables" -A FORWARD -j "ufw$six-before-forward"
		"ip${six}tables" -A "ufw$six-before-forward" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
		"ip${six}tables" -A "ufw$six-before-forward" -p "$([ -z "$six" ] && echo icmp || echo ipv6-icmp)" -j ACCEPT
		"ip${six}tables" -A "ufw$six-before-forward" -j "ufw$six-user-forward"
	done
}
firewalld() {
	nft -f - <<-END
		table inet firewalld {
			chain filter_FWD_public { reject with icmpx admin-prohibited; }
			chain filter_FORWARD_ZONES {
				iifname "wan" goto filter_FWD_public
				goto filter_FWD_public
			}
			chain filter_FORWARD {
				type filter hook forward priority 10; policy accept;
				ct state { established, related } accept
				ct status dnat accept
				iifname "lo" accept
				jump filter_FORWARD_ZONES
				ct state invalid drop
				reject with icmpx admin-prohibited
			}
		}
	END
}
plain() {
	nft -f - <<-END
		table inet filter {
			chain forward {
				type filter hook forward priority 0; policy drop;
				ct state vmap { established : accept, related : accept, invalid : drop }
				iifname "lan" oifname "wan" accept
			}
		}
	END
}
export -f docker ufw firewalld plain
illness "Docker" firewall-4 "\(Docker\) drops it: policy => iptables -I DOCKER-USER" bash -c docker
clean_rules
in_router bash -c ufw 2>/dev/null
ails "ufw" firewall-4 "\(ufw\).* => ufw route allow in on nat64"
ails "ufw" firewall-6 "\(ufw\)"
# What that command does.
for tables in iptables ip6tables; do
	for chain in $(in_router "$tables" -S | sed -n 's/^-N \(ufw.*-user-forward\)/\1/p'); do
		in_router "$tables" -A "$chain" -i nat64 -j ACCEPT
		in_router "$tables" -A "$chain" -o nat64 -j ACCEPT
	done
done
t "ufw with a route rule: all is well" well
clean_rules
in_router bash -c firewalld
ails "firewalld" firewall-46 "\(firewalld\) drops it: reject"
clean_rules
illness "a policy of nft" firewall-46 "chain forward of table inet filter drops it: policy" bash -c plain
in_router nft insert rule inet filter forward meta l4proto '{ icmp, ipv6-icmp }' drop
ails "ICMP blocked" icmp-46 "path-MTU discovery"
cured "ICMP blocked"
clean_rules

# --- the guard ----------------------------------------------------------------------------------------------------------

illness "no guard" guard "hosts can forge sources in 64:ff9b::/96" nft delete table ip6 nat64d_guard
GUARD=no well
t "GUARD=no: a guard that is there" grep -q "^ok    guard: " "$T/found"
in_router nft delete table ip6 nat64d_guard
GUARD=no well
same "GUARD=no: exit status 0" 0 $?
t "GUARD=no: none is missed" grep -q "^skip  guard: sources in 64:ff9b::/96 may be forged: GUARD=no" "$T/found"
host "$HOST" down "$T/conf" >/dev/null
in_router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
in_router nft -f - <<-'END'
	table ip own { chain post { type nat hook postrouting priority 100; oifname "wan" masquerade; }; }
END
ails "rules of one's own, and no guard" guard "hosts can forge sources"
same "rules of one's own, and no guard: a rule beside them" \
	"nft 'table inet nat64_guard { chain forward { type filter hook forward priority 0; iifname != \"nat64\" ip6 saddr 64:ff9b::/96 drop; }; }'" "$cure"
cured "rules of one's own, and no guard"
clean_rules

# --- without nft ----------------------------------------------------------------------------------------------------

host "$HOST" down "$T/conf" >/dev/null
in_router nft flush ruleset
mkdir "$T/fake"
printf '#!/bin/sh\nexit 1\n' >"$T/fake/nft"
chmod +x "$T/fake/nft"
all=$PATH PATH=$T/fake:$PATH
host "$HOST" up "$T/conf" >/dev/null 2>&1
t "iptables only: a healthy machine" well
illness "iptables only: FORWARD DROP" firewall-4 "chain FORWARD of table ip filter drops it: policy" iptables -P FORWARD DROP
illness "iptables only: ip6tables FORWARD DROP" firewall-6 "" ip6tables -P FORWARD DROP
illness "iptables only: a rule that rejects" firewall-4 "drops it: .*REJECT" iptables -I FORWARD ! -i lo -j REJECT
illness "iptables only: ICMP blocked" icmp-4 "" iptables -I FORWARD -p icmp -j DROP
illness "iptables only: no guard" guard "" ip6tables -F nat64d_guard
illness "iptables only: no MASQUERADE" masquerade "" iptables -t nat -F
PATH=$all
in_router sh -c 'iptables -P FORWARD ACCEPT; ip6tables -P FORWARD ACCEPT; nft flush ruleset' 2>/dev/null
host "$HOST" down "$T/conf" >/dev/null
host "$HOST" up "$T/conf" >/dev/null
t "with nft again: all is well" well

# --- strangers ------------------------------------------------------------------------------------------------------

stop_nat64d
config 'tun-setup yes' 'prefix 2001:db8:64::/96' 'wkpf-strict no' >"$T/conf"
start_bare
wait_for link_running nat64
host "$HOST" up "$T/conf" >/dev/null
illness "an open translator" open "every host on the internet can use prefix 2001:db8:64::/96" true
t "the guard: own clients pass" ping6 2001:db8:64::808:808
in_router nft delete table inet nat64_guard
well --ignore open
same "--ignore open: exit status 0" 0 $?
t "--ignore open: said as skipped" grep -q '^skip  open: ' "$T/found"

# --- connections, live ----------------------------------------------------------------------------------------------

cp /proc/sys/net/netfilter/nf_conntrack_max "$T/max"
cp "$T/max" "$T/count"
full() { in_router sh -c "mount --bind '$T/count' /proc/sys/net/netfilter/nf_conntrack_count; mount --bind '$T/max' /proc/sys/net/netfilter/nf_conntrack_max; $1"; }
full "'$HOST' check --ignore open,softnet${CANNOT:+,$CANNOT} '$T/conf'" >"$T/found"
t "connection table full: found as conntrack" grep -q "^FAIL  conntrack: the table of connections is full" "$T/found"
cure=$(sed -n 's/^FAIL  conntrack: .* => //p' "$T/found")
full "$cure; '$HOST' check --ignore open,softnet${CANNOT:+,$CANNOT} '$T/conf'" >"$T/found"
same "connection table full: mended by its command" 0 $?

in_server iptables -A INPUT -p icmp -j DROP 2>/dev/null
well --ignore open
t "nobody answers: the hop" grep -q "^FAIL  ping: .*: translated, but no answer came back" "$T/found"
for _ in 1 2 3 4; do in_router ping -6 -n -c 1 -W 0.2 2001:db8:64::808:808; done >/dev/null 2>&1
well --ignore open
t "nobody answers, and the fast path knows the addresses: the hop" grep -q "^FAIL  ping: .*: translated, but no answer came back" "$T/found"
in_server iptables -F
ip -n "$R" route add unreachable 9.9.9.9
well --ignore open --target 9.9.9.9
t "a router says why: its words" grep -q "^FAIL  ping: .*: an ICMP error came back (From .*: .*) => traceroute -n 64:ff9b::909:909" "$T/found"
in_router ip6tables -A INPUT -s 64:ff9b::/96 -j DROP 2>/dev/null
well --ignore open
t "the answer is lost: the hop" grep -q "^FAIL  ping: .*: the answer came, was translated, and is lost on the machine" "$T/found"
in_router ip6tables -F
well --ignore open --target 169.254.9.9
t "the daemon refuses it: the hop, and why" \
	grep -q "^FAIL  ping: .*: stops at the daemon, which refused it: illegal-address (source or destination is not routable) => nat64ctl -s $T/control/control explain [0-9a-f:]* 64:ff9b::a9fe:909 icmp # shows the line that decides$" "$T/found"
in_router ip6tables -A OUTPUT -d 64:ff9b::/96 -j DROP
well --ignore open
t "the kernel keeps it: the hop" grep -q "^FAIL  ping: .*: stops before nat64" "$T/found"
in_router ip6tables -F
kill -STOP "$PID"
well --ignore open
t "the daemon is stuck: its own address is silent" grep -q "^FAIL  ping: the daemon does not answer at its own address" "$T/found"
t "the daemon is stuck: the fast path cannot be asked about" grep -q "^skip  fast-path: not checked: the daemon does not answer at $T/control/control" "$T/found"
kill -CONT "$PID"

# --- a customer-side translator ---------------------------------------------------------------------------------------

cat >"$T/clat.conf" <<-END
	tun-device clat
	prefix 64:ff9b::/96
	ipv4-addr 192.0.0.2
	map 192.0.0.1 2001:db8:3::c1a7
	tun-up yes
	tun-ip 192.0.0.1/32
	tun-route 2001:db8:3::c1a7
	tun-route 0.0.0.0/0
END
in_client sysctl -qw net.ipv6.conf.all.forwarding=1
ip -n "$R" route add 2001:db8:3::/64 via 2001:db8:1::2
RUNTIME_DIRECTORY=$T/clat ip netns exec "$C" "$NAT64D" --nodetach --stdout -c "$T/clat.conf" </dev/null >"$T/clat.log" 2>&1 &
wait_for link_running clat "$C"
in_client env PATH="$T/impatient:$PATH" sh "$HOST" check ${CANNOT:+--ignore "$CANNOT"} --target 8.8.8.8 "$T/clat.conf" >"$T/found"
same "a customer-side translator in health: exit status 0" 0 $?
same "a customer-side translator in health: every line is ok" "" "$(not_ok_lines)"
in_client sysctl -qw net.ipv6.conf.all.forwarding=0
in_client sh "$HOST" check "$T/clat.conf" >"$T/found"
t "a customer-side translator: forwarding" grep -q "^FAIL  forwarding-6" "$T/found"
t "a customer-side translator: recognized" grep -q "^ok    clat: .* 192.0.0.1 is 2001:db8:3::c1a7, and another translator has prefix 64:ff9b::/96$" "$T/found"

# --- what cannot be checked -----------------------------------------------------------------------------------------

echo 'prefixx 1' >>"$T/conf"
ails "a broken configuration" configuration "prefixx: unknown directive"
well --nonsense
same "bad usage: exit status 2" 2 $?
in_router env NAT64D=/nonexistent PATH=/usr/bin:/bin sh -c 'sed "s|^sbindir=.*|sbindir=/nonexistent|; s|^lib=.*|lib=$2/host|" "$1" >"$3/host"; sh "$3/host" check "$3/conf"' \
	sh "$HOST" "$(dirname "$HOST")" "$T" >"$T/found" 2>&1
same "no nat64d: exit status 2" "2 nat64-host: nat64d is not installed (no /nonexistent/nat64d)" "$? $(cat "$T/found")"
finish

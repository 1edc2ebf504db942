#!/usr/bin/env bash
# nat64-host check: a healthy machine, and what breaks set-ups in practice, each called by its name and mended by the
# command that the finding offers: forwarding, the device, who may use it, connections, a customer-side translator.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need nft iptables ip6tables sysctl awk
host_topology
# shellcheck source=tests/netns/doctor.sh
. "$here/doctor.sh"

# --- a healthy machine ----------------------------------------------------------------------------------------------

start_healthy
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
has_read() { "$NAT64CTL" -s "$RUNTIME_DIRECTORY/control" --json status | grep -qF 10.9.9.0/30; }
wait_for has_read
wait_for test -s "$T/data/dynamic.map" # the daemon writes it again
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

mkdir "$T/clat"
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

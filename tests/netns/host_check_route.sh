#!/usr/bin/env bash
# nat64-host check: addresses and routes that are wrong, each called by its name and mended by the command that the finding
# offers.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need nft iptables ip6tables sysctl awk
host_topology
# shellcheck source=tests/netns/doctor.sh
. "$here/doctor.sh"
start_healthy

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

# The smallest pool has one address for a host.
cp "$T/conf" "$T/conf.before"
pooled() { "$NAT64CTL" -s "$RUNTIME_DIRECTORY/control" --json status | grep -q "\"pool\": \"10.9.9.0/31\".* \"size\": $1,"; }
echo 'dynamic-pool 10.9.9.0/31 from 2001:db8:2::/48' >>"$T/conf"
kill -HUP "$PID"
wait_for pooled 1
host "$HOST" up "$T/conf" >/dev/null
t "a pool of two addresses: all is well" wait_for well
echo 'map 10.9.9.1 2001:db8:3::1' >>"$T/conf"
kill -HUP "$PID"
wait_for pooled 0
ails "a pool without an address for a host" pool "no address of 10.9.9.0/31 can be leased"
t "a pool without an address for a host: what to write" grep -q "edit $T/conf: a larger dynamic-pool, then: " <<<"$cure"
mv "$T/conf.before" "$T/conf"
kill -HUP "$PID"
wait_for fails pooled 0
host "$HOST" up "$T/conf" >/dev/null
t "that pool is gone: all is well" wait_for well

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
finish

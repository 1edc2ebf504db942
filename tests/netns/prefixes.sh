#!/usr/bin/env bash
# Several prefixes: a lease for each that a host uses, answers through the right one.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need ss
topology
config 'prefix 2001:db8:64::/96' 'prefix 2001:db8:aaaa:64::/64' 'dynamic-pool 198.51.100.0/28' \
	'map 192.168.255.77 2001:db8:1::2' >"$T/conf"
start_nat64d || finish
more_routes() {
	ip -n "$R" route add 2001:db8:64::/96 dev nat64
	ip -n "$R" route add 2001:db8:aaaa:64::/64 dev nat64
	ip -n "$R" route add 198.51.100.0/28 dev nat64
}
more_routes
serve_udp

# The sockets of `hosts' are connected: only an answer from the very address they asked reaches them.
first=$(hosts 1) || not_ok "through the first prefix"
second=$(hosts 1 2001:db8:64::808:808) || not_ok "through the second prefix"
third=$(hosts 1 2001:db8:aaaa:64:8:808:800:0) || not_ok "through the third prefix, a /64"
same "three prefixes, three leases" 3 "$(printf '%s\n' "$first" "$second" "$third" | sort -u | wc -l)"
same "the first one again" "$first" "$(hosts 1)"
same "the third one again" "$third" "$(hosts 1 2001:db8:aaaa:64:8:808:800:0)"
for lease in "$first" "$second" "$third"; do
	t "IPv4 reaches the host by ${lease#* }" ping4 "${lease#* }"
done
t "a mapped host through a second prefix" ping6 -I 2001:db8:2::7 2001:db8:64::808:808
stop_nat64d
start_nat64d || finish
more_routes
same "after a restart the first one" "$first" "$(hosts 1)"
same "after a restart the second one" "$second" "$(hosts 1 2001:db8:64::808:808)"
same "after a restart the third one" "$third" "$(hosts 1 2001:db8:aaaa:64:8:808:800:0)"
stop_nat64d

config 'map 192.168.255.77 2001:db8:2::77' 'map 192.168.255.78 2001:db8:1::2' 'wkpf-strict no' >"$T/conf"
start_nat64d || finish
t "hairpin: a mapped host reaches another by its IPv4 address" ping6 -I 2001:db8:1::2 64:ff9b::192.168.255.77
stop_nat64d

# Without a prefix hosts reach mapped addresses only, and have leases all the same.
rm -f "$T/data/dynamic.map"
config 'map 8.8.8.8 2001:db8:8::8' | grep -v '^prefix' >"$T/conf"
start_nat64d || finish
ip -n "$R" route add 2001:db8:8::8 dev nat64
t "no prefix: a mapped host is reached" ping6 2001:db8:8::8
reloads() { [ "$(grep -c 'is in effect' "$LOG")" -ge "$1" ]; }
leases() { counter "$(counters)" both leases-used; }
before=$(grep -c 'is in effect' "$LOG")
kill -HUP "$PID"
t "no prefix: a reload" wait_for reloads $((before + 1))
same "no prefix: its lease is still there" 1 "$(leases)"
echo 'prefix 64:ff9b::/96' >>"$T/conf"
kill -HUP "$PID"
t "the first prefix comes by a reload" wait_for reloads $((before + 2))
same "and the lease is of that one" 1 "$(leases)"
stop_nat64d
finish

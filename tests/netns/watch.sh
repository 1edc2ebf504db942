#!/usr/bin/env bash
# The events of `nat64ctl watch`: the device, reloads, full pools, drain and the fast path.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need ss
topology
# shellcheck source=tests/netns/ctl.sh
. "$here/ctl.sh"

# watch: begins one into $T/watch; it is there when this returns.
watch() {
	ip netns exec "$R" "$NAT64CTL" -s "$SOCKET" watch >"$T/watch" 2>"$T/watch.err" &
	watching=$!
	wait_for connected
	sleep 0.2
}

# told EVENT MEMBERS: how many such events there are so far.
told() { grep -Ec "^\{\"time\": \"20[^\"]*\.[0-9]{6}Z\", \"event\": \"$1\"$2\}\$" "$T/watch"; }
is_told() { [ "$(told "$@")" -gt 0 ]; }

# hosts FROM TO: these hosts send a ping each.
hosts() {
	local i job jobs=()
	for ((i = $1; i <= $2; i++)); do
		ping6 -W 1 -I "2001:db8:2::$i" "$GOOGLE" >/dev/null &
		jobs+=($!)
	done
	for job in "${jobs[@]}"; do wait "$job"; done
	return 0
}

small() { config 'tun-setup yes' "$@" | sed 's|^dynamic-pool .*|dynamic-pool 10.9.0.0/28|' >"$T/conf"; }

small
start_bare
wait_for ctl status
watch

ctl drain on
ctl drain on
t "drain on" wait_for is_told drain ', "on": true'
ctl drain off
t "drain off" wait_for is_told drain ', "on": false'
same "twice the same is told once" "1 1" "$(told drain ', "on": true') $(told drain ', "on": false')"

ip -n "$R" link set nat64 mtu 1400
t "another MTU" wait_for is_told link ', "up": true, "mtu": 1400'
ip -n "$R" link set nat64 down
t "the link is down" wait_for is_told link ', "up": false, "mtu": 1400'
ip -n "$R" link set nat64 mtu 1500
ip -n "$R" link set nat64 up
t "and up" wait_for is_told link ', "up": true, "mtu": 1500'

small 'nonsense 1'
ctl reload 2>/dev/null
t "a reload that is refused, and why" wait_for is_told reload ", \"ok\": false, \"error\": \"$T/conf:[0-9]+: nonsense: .*\""
small
t "a reload" ctl reload
t "is told" wait_for is_told reload ', "ok": true, "error": null'

hosts 1 11
sleep 2
same "11 of 15 addresses are leased: nothing of the pool" 0 "$(told 'pool_.*' '.*')"
hosts 12 12
t "12 are: it gets full" wait_for is_told pool_high ', "pool": "10.9.0.0/28", "used": 12, "size": 15, "from": null'
hosts 13 16
t "15 are: it is full" wait_for is_told pool_full ', "pool": "10.9.0.0/28", "used": 15, "size": 15, "from": null'
small 'map 203.0.113.9 2001:db8:2::99'
t "a reload keeps the leases" ctl reload
sleep 2
same "and each has been told once" "1 1" "$(told pool_high '.*') $(told pool_full '.*')"
config 'tun-setup yes' >"$T/conf"
t "another pool" ctl reload
hosts 1 16
sleep 2
small
t "and the small one again, which it all moves back to" ctl reload
t "is news" wait_for eval '[ "$(told pool_full ".*")" -eq 2 ]'

# --- leases in use ------------------------------------------------------------------------------------------------------

lease_keys=', "ipv4": "10.9.0.[0-9]+", "ipv6": "2001:db8:2::%s", "prefix": "64:ff9b::/96"'
use_keys=', "since": (null|"20[^"]*Z"), "last_seen": "20[^"]*Z", "confirmed": '
keys() { printf "$lease_keys" "$1"; }
t "a new lease: its times, and that it is not confirmed" \
	is_told assigned ", \"cause\": \"new\"$(keys 3), \"packets\": null, \"bytes\": null${use_keys}false"
hosts 3 3
hosts 3 3
t "its host sends again after an answer: it is confirmed" wait_for is_told confirmed "$(keys 3)${use_keys}true"
hosts 3 3
same "which is told once" 1 "$(told confirmed "$(keys 3).*")"
same "nothing is renewed within an hour" 0 "$(told renewed '.*')"

same "each line is JSON, with a time and an event" True "$(python3 -c 'import json, sys
print(all({"time", "event"} <= set(json.loads(line)) for line in open(sys.argv[1])))' "$T/watch")"
kill -INT "$watching"
wait "$watching"
same "Ctrl-C: exit status 0, without a word" "0 " "$? $(cat "$T/watch.err")"

# --- leases that were used an hour ago ------------------------------------------------------------------------------------

stop_nat64d
now=$(date +%s)
printf '10.9.0.3\t2001:db8:2::3\t%d\n10.9.0.4\t2001:db8:2::4\t%d\n# unconfirmed\n10.9.0.5\t2001:db8:2::5\t%d\n' \
	$((now - 3700)) $((now - 3500)) $((now - 7300)) >"$T/data/dynamic.map"
start_bare
wait_for ctl status
watch
hosts 3 5
hosts 3 4
t "a lease that is used again after an hour" wait_for is_told renewed "$(keys 3)${use_keys}true"
t "an unconfirmed one, too" wait_for is_told renewed "$(keys 5)${use_keys}false"
same "each is told once, and not before an hour is over" "1 0 1" \
	"$(told renewed "$(keys 3).*") $(told renewed "$(keys 4).*") $(told renewed "$(keys 5).*")"
now=$(date +%s)
printf '10.9.0.5\t2001:db8:2::5\t%d\n' "$now" | ctl import --known >/dev/null
t "what a peer has seen of our leases: it is confirmed" wait_for is_told confirmed "$(keys 5)${use_keys}true"
kill -INT "$watching"
wait "$watching"

# --- the fast path, of which the daemon hears after it has begun ------------------------------------------------------

early() {
	local i
	stop_nat64d
	start_bare
	for i in {1..200}; do
		timeout 3 ip netns exec "$R" "$NAT64CTL" -s "$SOCKET" watch >"$T/watch" 2>/dev/null
		[ $? -eq 3 ] || return 0
		sleep 0.01
	done
}
early
if is_told fast_path '.*'; then
	t "the fast path: whether there is one" is_told fast_path ', "active": (true, "reason": null|false, "reason": ".*")'
else
	skip "the fast path: whether there is one" "it was there before anybody could ask"
fi

finish

#!/usr/bin/env bash
# Ranges that stand by for another translator: known leases of them are translated, and nobody gets a new one until `promote'.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need ss setpriv
topology
# shellcheck source=tests/netns/ctl.sh
. "$here/ctl.sh"

own=10.9.0.0/29 peer=10.9.1.0/29 state=$T/data/pools.state

# pair [LINE...]: our range of 7 addresses, and one of a peer.
pair() { config 'tun-setup yes' "$@" | sed "s|^dynamic-pool .*|dynamic-pool $own\ndynamic-pool $peer standby|" >"$T/conf"; }
# begin: starts it; the kernel has the routes then.
begin() { start_bare && wait_for ctl status >/dev/null 2>&1 && wait_for link_running nat64; }
crash() {
	kill -9 "$PID"
	wait "$PID" 2>/dev/null
}
# ask HOST...: each host sends a ping.
ask() {
	local h
	for h; do ping6 -I "2001:db8:2::$h" $GOOGLE >/dev/null; done
}
# of HOST: its address. in_range PREFIX: how many leases there are.
of() { ctl leases "2001:db8:2::$1" --json | each 'it["ipv4"]'; }
in_range() { ctl leases "$1" --json | wc -l; }
# pool RANGE EXPRESSION: of its state.
pool() { ctl status --json | json "[$2 for p in it[\"pools\"] if p[\"pool\"] == \"$1\"][0]"; }
recorded() { grep -v -e '^#' -e '^$' "$state" | sort; }

# The leases of the peer, as another program has brought them: 41 was active a long time ago.
now=$(date +%s)
pair
printf '10.9.1.1\t2001:db8:2::41\t1600000000\n10.9.1.2\t2001:db8:2::42\t%s\n# clean\n' "$now" >"$T/data/dynamic.map"
begin || finish

# --- a range that stands by -----------------------------------------------------------------------------------------

same "a lease of the peer does not expire here" "10.9.1.1 10.9.1.2" "$(of 41) $(of 42)"
t "it is translated from IPv6" ping6 -I 2001:db8:2::41 $GOOGLE
t "and from IPv4" ping4 10.9.1.2
same "its host has no other lease" "10.9.1.1 1" "$(of 41) $(ctl leases 2001:db8:2::41 --json | wc -l)"
ask 1 2 3 4 5 6 7
same "new hosts get the addresses of our own range" "7 2" "$(in_range $own) $(in_range $peer)"
t "when that is full, there is none" fails ping6 -W 1 -I 2001:db8:2::8 $GOOGLE
same "explain names only our own range as full" "dynamic-pool $own: full" \
	"$(ctl explain 2001:db8:2::8 "$GOOGLE" | grep -o 'dynamic-pool [^ ]*: full' | sort -u | xargs -d '\n')"
same "nobody of the peer has made way" "10.9.1.1 10.9.1.2" "$(of 41) $(of 42)"
same "-T has the word" "dynamic-pool $peer standby" "$(in_router "$NAT64D" -T -c "$T/conf" | grep standby)"
same "status: which range stands by" "False None True None" \
	"$(pool $own 'f"""{p["standby"]} {p["revision"]}"""') $(pool $peer 'f"""{p["standby"]} {p["revision"]}"""')"
same "and so in text" "$own owner $peer standby" "$(ctl status | awk '/^10.9/ { print $1, $10 }' | xargs)"
same "the status line is about our own" "7 of 7" "$(ctl status | grep -o '[0-9]* of [0-9]* addresses leased' | sed 's/ addresses leased//')"
same "health is about our own" "7 of 7" "$(ctl health 2>/dev/null | grep -o '[0-9]* of [0-9]* addresses' | sed 's/ addresses//')"
same "so are the networks" "7" "$(ctl networks --json | each 'it["used"]' | sort -u | xargs)"
exits "a lease of the peer is not ours to release" 1 "10.9.1.1 belongs to dynamic-pool $peer, which stands by" ctl release 10.9.1.1
exits "nor to pin" 1 "belongs to dynamic-pool $peer, which stands by" ctl pin 2001:db8:2::41

# --- promote and demote -----------------------------------------------------------------------------------------------

chmod 666 "$SOCKET"
exits "promote by another user: not permitted" 1 "promote: not permitted" as_other promote $peer
exits "demote, too" 1 "demote: not permitted" as_other demote $own
exits "an address is no range" 2 "10.9.1.1 is not a range of IPv4 addresses" ctl promote 10.9.1.1
exits "nor is an IPv6 prefix" 2 "2001:db8::/32 is not a range of IPv4 addresses" ctl promote 2001:db8::/32
exits "a part of a range is none" 1 "10.9.1.0/30: no dynamic-pool has this range" ctl promote 10.9.1.0/30
exits "host bits" 2 "did you mean 10.9.1.0/29?" ctl promote 10.9.1.1/29
exits "no revision" 2 "x is not a revision" ctl promote $peer x
exits "one below zero" 2 "-1 is not a revision" ctl promote $peer -1
t "none of this has made a file" test ! -e "$state"

ip netns exec "$R" "$NAT64CTL" -s "$SOCKET" watch >"$T/watch" 2>&1 &
wait_for connected
in_client ping -6 -n -i 0.05 -c 40 -I 2001:db8:2::42 $GOOGLE >"$T/ping" &
talk=$!
in_server ping -4 -n -i 0.05 -c 40 "$(of 1)" >"$T/ping4" &
talk4=$!
sleep 0.5
before=$(ctl leases --json | each 'f"""{it["ipv4"]} {it["ipv6"]} {it["since"]}"""' | sort)
from=$(since)
same "promote says so" "$peer is promoted: new hosts get leases from it" "$(ctl promote $peer 17)"
same "it is recorded" "$peer owner 17" "$(recorded)"
same "like the lease file" "$(stat -c '%U %a' "$T/data/dynamic.map")" "$(stat -c '%U %a' "$state")"
t "in the log" said "$from" "dynamic-pool $peer: promoted, revision 17: new hosts get leases from it"
t "in watch" wait_for grep -q "\"event\": \"pool\", \"pool\": \"$peer\", \"standby\": false, \"revision\": 17}" "$T/watch"
same "in status" "False 17" "$(pool $peer 'f"""{p["standby"]} {p["revision"]}"""')"
same "no lease has changed" "$before" "$(ctl leases --json | each 'f"""{it["ipv4"]} {it["ipv6"]} {it["since"]}"""' | sort)"
wait "$talk" "$talk4"
same "conversations lose nothing" "40 received 40 received" "$(grep -ho '[0-9]* received' "$T/ping" "$T/ping4" | xargs)"
ask 8 9
same "new hosts get leases of it" "2" "$(printf '%s\n' "$(of 8)" "$(of 9)" | grep -c '^10.9.1.[3-7]$')"
ask 9
same "health counts both ranges as one pool" 14 "$(ctl health 2>/dev/null | sed -n 's/.* of \([0-9]*\) addresses.*/\1/p')"
same "the same again: ok" "$peer is promoted: new hosts get leases from it" "$(ctl promote $peer 17)"
exits "an older revision is refused" 1 "$peer: revision 12 is older than 17, which is in effect" ctl demote $peer 12
same "and nothing is changed" "$peer owner 17 False" "$(recorded) $(pool $peer 'p["standby"]')"

# Whatever happens, an address has one host.
all() { ctl leases --json | each 'it["ipv4"] + " " + it["ipv6"]' | sort; }
once() { all | cut -d ' ' -f 1 | uniq -d; }
before=$(all)
crash
begin || finish
same "kill -9: it is promoted still" "False 17" "$(pool $peer 'f"""{p["standby"]} {p["revision"]}"""')"
same "and has the leases" "$before" "$(all)"
t "a reload" ctl reload
same "keeps both" "False 17 $before" "$(pool $peer 'f"""{p["standby"]} {p["revision"]}"""') $(all)"
exits "an older revision is refused still" 1 "revision 16 is older than 17" ctl demote $peer 16

same "demote in JSON" "$peer True 18" "$(ctl demote $peer 18 --json | json 'f"""{it["pool"]} {it["standby"]} {it["revision"]}"""')"
same "no lease has changed" "$before" "$(all)"
ask 10 11 12
same "and none is new in that range" 4 "$(in_range $peer)"
t "its leases are translated" ping6 -I 2001:db8:2::8 $GOOGLE
stop_nat64d
begin || finish
same "a restart keeps that" "True 18 4" "$(pool $peer 'f"""{p["standby"]} {p["revision"]}"""') $(in_range $peer)"
same "our own range, too, can be another's" "$own stands by: no new leases come from it" "$(ctl demote $own)"
same "without a revision" "$own standby -|$peer standby 18" "$(recorded | paste -sd '|')"
same "status: all stand by" "True True" "$(pool $own 'p["standby"]') $(pool $peer 'p["standby"]')"
t "nobody gets a lease" fails ping6 -W 1 -I 2001:db8:2::13 $GOOGLE
same "the metrics say so" "1 1" "$(ctl metrics | sed -n 's/^nat64d_pool_standby{.*} //p' | xargs)"
ctl promote $own >/dev/null
same "and that it is over" "0 1" "$(ctl metrics | sed -n 's/^nat64d_pool_standby{.*} //p' | xargs)"
same "no address was given twice" "" "$(once)"

# --- the file ------------------------------------------------------------------------------------------------------------

printf '%s owner\n' $peer >>"$state"
exits "a damaged line: the reload is refused" 1 "the reload is refused" ctl reload
shows "and says where" "$state:6: a line has three words" ctl reload
same "nothing is changed" "True" "$(pool $peer 'p["standby"]')"
t "nat64d -t says it, too" fails sh -c "ip netns exec $R $NAT64D -t -c $T/conf 2>/dev/null"
printf '10.77.0.0/16 owner 3\n%s owner 20 # by hand\n' $peer >"$state"
from=$(since)
t "a file that was edited is read" ctl reload
same "and is in effect" "False 20" "$(pool $peer 'f"""{p["standby"]} {p["revision"]}"""')"
t "a range that is not configured: a warning" said "$from" "no dynamic-pool has the range 10.77.0.0/16"
same "its line stays" 1 "$(grep -c '^10.77' "$state")"
ctl demote $peer 21 >/dev/null
same "until the next change" "$peer standby 21" "$(recorded)"
stop_nat64d

# A full disk.
mkdir "$T/small"
mount -t tmpfs -o size=64k tmpfs "$T/small" || finish
trap 'umount -l "$T/small"; cleanup' EXIT
pair
sed -i "s|^data-dir.*|data-dir $T/small|" "$T/conf"
begin || finish
dd if=/dev/zero of="$T/small/fill" bs=1k 2>/dev/null
exits "a full disk: exit status 1" 1 "pools.state: No space left on device; nothing is changed" ctl promote $peer 5
same "it stands by still" "True None" "$(pool $peer 'f"""{p["standby"]} {p["revision"]}"""')"
t "no file is left" test ! -e "$T/small/pools.state.new" -a ! -e "$T/small/pools.state"
rm "$T/small/fill"
t "there is room again: it is promoted" ctl promote $peer 5
stop_nat64d

# What was reported of our own pool, of two ranges: not again when one of them is demoted.
second=10.9.2.0/29
pair
sed -i "s|^data-dir.*|&\ndynamic-pool $second|" "$T/conf"
rm -f "$T/data/dynamic.map" "$state"
begin || finish
ip netns exec "$R" "$NAT64CTL" -s "$SOCKET" watch >"$T/watch" 2>/dev/null &
watching=$!
full_lines() { said "$1" "dynamic-pool .*: full, " | wc -l; }
from=$(since)
for h in {1..14}; do ask $h; done
for h in {51..62}; do ask $h & done
wait $(jobs -p | grep -vx -e "$PID" -e "$watching")
t "two ranges are full: a warning" wait_for said "$from" "dynamic-pool $own and 1 more: full, "
t "and an event" wait_for grep -q pool_full "$T/watch"
ctl demote $own 2 >/dev/null
sleep 3
same "one is demoted, and the other is full still: neither comes again" "1 1" \
	"$(full_lines "$from") $(grep -c pool_full "$T/watch")"
kill "$watching"
stop_nat64d

# Without a directory.
pair
sed -i "/^data-dir/d" "$T/conf"
begin || finish
from=$(since)
t "without data-dir it works as well" ctl promote $peer 5
t "until a restart, says the log" said "$from" "dynamic-pool $peer: there is no data-dir, so this lasts only until a restart"
ctl reload >/dev/null
same "a reload is none" "False 5" "$(pool $peer 'f"""{p["standby"]} {p["revision"]}"""')"
stops "TERM: exit status 0"
finish

#!/usr/bin/env bash
# What an operator of pools for several customers sees: `status', `networks', `health', `watch', the counters and the metrics,
# with real hosts in each of them.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need
topology
# shellcheck source=tests/netns/ctl.sh
. "$here/ctl.sh"
ip -n "$C" route add local 2001:db8:a000::/36 dev lo
ip -n "$R" route add 2001:db8:a000::/36 via 2001:db8:1::2

pools() {
	config | sed '/^dynamic-pool 192/d'
	cat <<-END
		tun-setup yes
		allow 2001:db8:a000::/36
		dynamic-pool 10.65.0.0/28 from 2001:db8:a00a::/48 lease 60 2h share 64 3
		dynamic-pool 10.66.0.0/29 from 2001:db8:a00b::/48
		dynamic-pool 10.65.1.0/28 from 2001:db8:a00a::/48
		dynamic-pool 10.67.0.0/24
	END
}

# pings HOST...: each pings the server; those that get an answer.  twice: until they are confirmed.
pings() {
	local host
	for host; do
		in_client ping -6 -n -c 1 -W 2 -I "$host" $GOOGLE >/dev/null && echo "$host"
	done
}
twice() { in_client sh -c 'for host; do ping -6 -n -c 2 -i 0.05 -W 2 -I "$host" '$GOOGLE' >/dev/null && echo "$host"; done' - "$@"; }

of_pool() { ctl status --json | json "[it for it in it['pools'] if it['pool'] == '$1'][0]$2"; }
metric() { ctl metrics | grep -F "$1{pool=\"$2\"}" | awk '{ print $2 }'; }
checks() { ctl health 2>/dev/null | grep -E '^(ok  |FAIL)  pool: '; }

pools >"$T/conf"
start_nat64d || finish
ctl watch >"$T/watch" 2>/dev/null &

# --- status -----------------------------------------------------------------------------------------------------------

same "pools in the order of the configuration, with whom they are for" \
	"10.65.0.0/28 2001:db8:a00a::/48 10.66.0.0/29 2001:db8:a00b::/48 10.65.1.0/28 2001:db8:a00a::/48 10.67.0.0/24 None" \
	"$(ctl status --json | json '" ".join(p["pool"] + " " + str(p["from"]) for p in it["pools"])')"
same "how long their leases last: as one line says for all with the same from, or as usual" \
	"60 7200 7440 1209600 60 7200 7440 1209600" \
	"$(ctl status --json | json '" ".join(str(p["lease_min"]) + " " + str(p["lease_max"]) for p in it["pools"])')"
same "and their shares" "{'length': 64, 'leases': 3} None {'length': 64, 'leases': 3} None" \
	"$(ctl status --json | json '" ".join(str(p["share"]) for p in it["pools"])')"
same "in the table, too" "/64:3 2001:db8:a00a::/48 - 2001:db8:a00b::/48 /64:3 2001:db8:a00a::/48 - -" \
	"$(ctl status | awk '/^10\.6/ { print $9, $11 }' | xargs)"

# --- health, before anybody has come ------------------------------------------------------------------------------------

same "health: a line for those who share a pool, the two ranges together" \
	"0 of 30 addresses for 2001:db8:a00a::/48 leased,0 of 7 addresses for 2001:db8:a00b::/48 leased,0 of 255 addresses leased" \
	"$(checks | sed 's/^ok    pool: //' | paste -sd ,)"
t "health: a target, asked about for a host that is allowed" ctl health --target 8.8.8.8

# --- hosts ------------------------------------------------------------------------------------------------------------

same "each network gets its own addresses" "10.65 10.66 10.67" \
	"$(pings 2001:db8:a00a:1::1 2001:db8:a00b:1::1 2001:db8:a00c:1::1 >/dev/null; ctl leases --json | each 'it["ipv6"] + " " + it["ipv4"]' |
		sort | sed 's/.* \(10\.[0-9]*\)\..*/\1/' | xargs)"
same "networks: of which pool they hold leases, and who it is for" \
	"2001:db8:a00a::/48 10.65.0.0/28 2001:db8:a00a::/48,2001:db8:a00b::/48 10.66.0.0/29 2001:db8:a00b::/48,2001:db8:a00c::/48 10.67.0.0/24 None" \
	"$(ctl networks --json | each 'it["network"] + " " + it["pool"] + " " + str(it["from"])' | grep '/48 ' | sort | paste -sd ,)"
same "who is alone has all of the pool as his fair share, and a /64 all leases of its /48" "/48 30 /64 1" \
	"$(ctl networks 2001:db8:a00a::/48 --json | each 'it["network"][-3:] + " " + str(it["share"])' | sort | xargs)"
pings 2001:db8:a00a:1::{2..5} >/dev/null
same "a share of 3 is not exceeded" "3" "$(ctl networks 2001:db8:a00a:1::/64 --json | each 'it["network"].endswith("/64") and it["used"] or ""' | xargs)"
same "and two leases were taken back for it" "2" \
	"$(ctl status --json | json 'sum(p["displaced"] for p in it["pools"] if p["from"] == "2001:db8:a00a::/48")')"
same "which the metrics say, by pool and in all" "2 2" \
	"$(ctl metrics | awk '/^nat64d_pool_displaced_total/ { n += $2 } /^nat64d_leases_displaced_total/ { m = $2 } END { print n, m }')"

# --- who is refused -----------------------------------------------------------------------------------------------------

same "a host that is not allowed gets no answer" "" "$(pings 2001:db8:2::1)"
same "and is counted as such" 1 "$(ctl counters --json | json 'it["6to4"]["not-allowed"]')"
same "it has not asked a pool" "0 0 0 0" "$(ctl status --json | json '" ".join(str(p["refused"]) for p in it["pools"])')"
twice 2001:db8:a00b:{1..7}::1 >"$T/seven"
same "seven hosts fill the pool of seven" "7 7 7 0" \
	"$(wc -l <"$T/seven") $(of_pool 10.66.0.0/29 '["used"]') $(of_pool 10.66.0.0/29 '["confirmed"]') $(of_pool 10.66.0.0/29 '["refused"]')"
same "all have answered, and the eighth is refused, and by no other pool" "" "$(pings 2001:db8:a00b:8::1)"
same "under the reason pool-full" 1 "$(ctl counters --json | json 'it["6to4"]["pool-full"]')"
same "which the pool says, too" "1 1" "$(of_pool 10.66.0.0/29 '["refused"]') $(metric nat64d_lease_refused_total 10.66.0.0/29)"
same "the metrics: leases, and those that are confirmed" "7 7" \
	"$(metric nat64d_leases 10.66.0.0/29) $(metric nat64d_leases_confirmed 10.66.0.0/29)"
same "leases out of their place: the metrics say what status says" \
	"$(ctl status --json | json '" ".join(str(p["not_preferred"]) for p in it["pools"])')" \
	"$(for p in 10.65.0.0/28 10.66.0.0/29 10.65.1.0/28 10.67.0.0/24; do metric nat64d_leases_not_preferred $p; done | xargs)"
same "health: that pool is full, the others are not" \
	"ok,FAIL 7 of 7 addresses for 2001:db8:a00b::/48 leased, and no lease can be ended yet: new hosts get none,ok" \
	"$(checks | sed 's/^ok .*/ok/; s/^FAIL  pool:/FAIL/' | paste -sd ,)"
ctl health >/dev/null 2>&1
same "and the exit status is 1" 1 $?
wait_for grep -q pool_full "$T/watch"
same "watch: which pool is full" "10.66.0.0/29 7 7" "$(grep '"pool_full"' "$T/watch" | each 'it["pool"] + f""" {it["used"]} {it["size"]}"""')"

# --- reloads ----------------------------------------------------------------------------------------------------------

pools | sed '/a00b::/d' >"$T/conf"
ctl reload >/dev/null
same "a pool that is gone is gone everywhere" "3 0 0" \
	"$(ctl status --json | json 'len(it["pools"])') $(ctl networks 2001:db8:a00b::/48 --json | wc -l) $(ctl metrics | grep -c 10.66)"
same "and its host gets an address of those for all" "2001:db8:a00b:1::1 10.67.0.0/24" \
	"$(pings 2001:db8:a00b:1::1) $(ctl leases 2001:db8:a00b:1::1 --json | each 'it["pool"]')"
same "what was counted of the others stays" "2" "$(ctl status --json | json 'sum(p["displaced"] for p in it["pools"])')"
{
	pools | sed '/a00b::/d'
	for i in {1..20}; do echo "dynamic-pool 10.68.$i.0/30 from 2001:db8:a1$(printf %02x "$i")::/48"; done
} >"$T/conf"
ctl reload >/dev/null
same "health of many pools: those that are full, and how many are not" "ok    pool: 22 of 22 pools have room" "$(checks)"
twice 2001:db8:a105:{1..3}::1 >/dev/null
same "one is full" "FAIL  pool: 3 of 3 addresses for 2001:db8:a105::/48 leased, and no lease can be ended yet: new hosts get none,ok    pool: 21 of 22 pools have room" \
	"$(checks | paste -sd ,)"
stops "TERM: exit status 0"
finish

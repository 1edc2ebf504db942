#!/usr/bin/env bash
# explain and health: explain predicts what happens to a packet, and a query changes nothing.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need setpriv
topology
# shellcheck source=tests/netns/ctl.sh
. "$here/ctl.sh"

# tells NAME WANTED SRC DST [PROTOCOL]: one point, ok if explain prints WANTED: what decides about the packet, and the result.
tells() {
	local name=$1 wanted=$2
	shift 2
	same "$name" "$wanted" "$(ctl explain --json "$@" | json '"{verdict} {reason}".format(**it) +
		" by" + "".join(" %s:%s" % (b["what"], b["line"]) for b in it["by"]) +
		(" to {source} {destination}".format(**it["result"]) if it["result"] else "") +
		(" answer {source} {destination}".format(**it["answer"]) if it["answer"] else "") +
		(" icmp {type} {code}".format(**it["icmp"]) if it["icmp"] else "") +
		(" hairpin" if it["hairpin"] else "") + (" lease" if it["would_lease"] else "")')"
}

# refuses NAME TEXT COMMAND...: one point, ok if it prints a usage error and nothing on standard output.
refuses() {
	local name=$1 text=$2 is
	shift 2
	"$@" >"$T/stdout" 2>"$T/stderr"
	is=$?
	if [ $is -eq 2 ] && grep -qF -- "$text" "$T/stderr" && [ ! -s "$T/stdout" ]; then
		ok "$name"
	else
		not_ok "$name" "$*" "exit status $is:" "$(cat "$T/stdout" "$T/stderr")"
	fi
}

# from_host ADDRESS DESTINATION: sends one ping.
from_host() { in_client ping -6 -n -c 1 -W 1 -I "$1" "$2"; }

# proves_itself ADDRESS: the host sends again after an answer, so its lease is confirmed and a new host does not displace it.
proves_itself() {
	from_host "$1" "$GOOGLE" >/dev/null
	from_host "$1" "$GOOGLE" >/dev/null
}

config 'wkpf-strict no' 'map 192.168.255.201 2001:db8:2::a1' 'map 192.168.255.202 2001:db8:2::a2' 'tun-setup yes' \
	"map-file $T/maps" >"$T/conf"
printf '# of hosts\n\nmap 192.168.255.203 2001:db8:2::a3\n' >"$T/maps"
chown -R nobody "$T/data" "$T/run"
start_bare --user nobody
wait_for ctl status || { not_ok "nat64d starts" && finish; }

# --- a query changes nothing ----------------------------------------------------------------------------------------

ctl explain 2001:db8:2::10 "$GOOGLE" >"$T/text"
tells "a new host" "translate ok by pool:5 prefix:4 to None 8.8.8.8 answer 8.8.8.8 None lease" 2001:db8:2::10 "$GOOGLE"
for i in 1 2 3 4 5 6 7 8 9; do ctl explain "2001:db8:2::$i" "$GOOGLE" >/dev/null; done
same "no lease was taken" 0 "$(ctl status --json | json 'it["pools"][0]["used"]')"
kill -USR1 "$PID"
wait_for grep -q 'both: ' "$LOG"
same "nothing was counted" "" "$(grep -E '(6->4|4->6): packets' "$LOG" | grep -v multicast-noise)"
foretold=$(sed -n 's/.* a new lease, which would get \([0-9.]*\) .*/\1/p' "$T/text")
nobody=77 # the pool's key is random, so this may be the address of the lease
[ "$foretold" != 192.168.255.$nobody ] || nobody=78
from_host 2001:db8:2::10 "$GOOGLE" >/dev/null
tells "with a lease, which is the one foretold" \
	"translate ok by lease:5 prefix:4 to $foretold 8.8.8.8 answer 8.8.8.8 $foretold" 2001:db8:2::10 "$GOOGLE" udp
tells "to that host" "translate ok by prefix:4 lease:5 to 64:ff9b::808:808 2001:db8:2::10 answer 2001:db8:2::10 64:ff9b::808:808" \
	8.8.8.8 "$foretold"

# --- the prediction is correct --------------------------------------------------------------------------------------

tells "a map, by its line" \
	"translate ok by prefix:4 map:8 to 64:ff9b::808:808 2001:db8:2::a1 answer 2001:db8:2::a1 64:ff9b::808:808" 8.8.8.8 192.168.255.201
same "a map of map-file, by its file" "$T/maps 3" \
	"$(ctl explain 8.8.8.8 192.168.255.203 --json | json '"{file} {line}".format(**it["by"][1])')"
tells "an address that no host has" "reject no-map-destination by pool:5 icmp 3 1" 8.8.8.8 192.168.255.$nobody icmp
shows "and so it is" "Destination Host Unreachable" in_server ping -4 -n -c 1 -W 1 192.168.255.$nobody
tells "the translator itself" "answer self-echo by own:2" 8.8.8.8 192.168.255.1 icmp
t "which answers" in_server ping -4 -n -c 1 -W 1 192.168.255.1
tells "which speaks nothing but ICMP" "reject self-protocol by own:3 icmp 4 1" 2001:db8:2::10 "$OWN6" tcp
tells "a destination without a prefix" "reject no-map-destination by icmp 1 0" 2001:db8:2::10 2001:db8:9::1
tells "a source in the prefix, by what counts without a line" \
	"reject source-in-prefix by prefix:4 prefix:4 translatable:None icmp 1 5" 64:ff9b::1.1.1.1 "$GOOGLE"
tells "a protocol that the other family does not have" "drop protocol by" 2001:db8:2::10 "$GOOGLE" 1

# --- back into the device -------------------------------------------------------------------------------------------

tells "a hairpin, and who answers what" \
	"translate ok by map:8 prefix:4 to 192.168.255.201 192.168.255.202 answer 2001:db8:2::a2 64:ff9b::c0a8:ffc9 hairpin" \
	2001:db8:2::a1 64:ff9b::192.168.255.202 icmp
t "it works" from_host 2001:db8:2::a1 64:ff9b::192.168.255.202
tells "a hairpin of a new host" \
	"translate ok by pool:5 prefix:4 to None 192.168.255.202 answer 2001:db8:2::a2 None hairpin lease" \
	2001:db8:2::b1 64:ff9b::192.168.255.202
tells "a hairpin to nobody" "translate ok by lease:5 prefix:4 to $foretold 192.168.255.$nobody hairpin" \
	2001:db8:2::10 64:ff9b::192.168.255.$nobody
shows "it says where it ends" "comes back to nat64 and ends there (no-map-destination: destination has no mapping)" \
	ctl explain 2001:db8:2::10 64:ff9b::192.168.255.$nobody
shows "and there it ends" "Destination unreachable: No route" in_client ping -6 -n -c 1 -W 1 -I 2001:db8:2::10 64:ff9b::192.168.255.$nobody
ip -n "$R" route add 192.168.255.202/32 via 8.8.8.8
tells "where the kernel has another way there is none" \
	"translate ok by map:8 prefix:4 to 192.168.255.201 192.168.255.202 answer 192.168.255.202 192.168.255.201" \
	2001:db8:2::a1 64:ff9b::192.168.255.202 icmp
ip -n "$R" route del 192.168.255.202/32

# --- as trace shows it ----------------------------------------------------------------------------------------------

# Prints each packet of trace together with the output of explain for it.  The ICMP redirects that the kernel sends for a
# hairpin are not echo requests.
cat >"$T/compare.py" <<-'END'
	import json, subprocess, sys
	seen = {}
	for line in sys.stdin:
	    it = json.loads(line)
	    key = (it["before"]["source"], it["before"]["destination"])
	    seen[key] = [it["verdict"], it["reason"], it["verdict"] == "translate" and (it["after"]["source"], it["after"]["destination"])]
	for (source, destination), shown in sorted(seen.items()):
	    it = json.loads(subprocess.run([*sys.argv[1:], "explain", source, destination, "icmp", "--json"], capture_output=True).stdout)
	    said = [it["verdict"], it["reason"], bool(it["result"]) and (it["result"]["source"], it["result"]["destination"])]
	    print(shown[1] if said == shown else f"{source} -> {destination}: trace {shown}, explain {said}")
END
ip netns exec "$R" "$NAT64CTL" -s "$SOCKET" trace --json </dev/null >"$T/trace" 2>/dev/null &
tracer=$!
sleep 1
for to in "$GOOGLE" 64:ff9b::192.168.255.201 64:ff9b::192.168.255.$nobody 64:ff9b::127.0.0.1 64:ff9b::250.0.0.1 "$OWN6"; do
	from_host 2001:db8:2::10 "$to"
done >/dev/null 2>&1
from_host 2001:db8:2::a1 64:ff9b::192.168.255.202 >/dev/null 2>&1
for to in 192.168.255.201 192.168.255.66 192.168.255.1; do in_server ping -4 -n -c 1 -W 1 $to; done >/dev/null 2>&1
sleep 0.5
kill $tracer
wait $tracer 2>/dev/null
grep -v 'multicast-noise\|icmp-type' "$T/trace" | in_router python3 "$T/compare.py" "$NAT64CTL" -s "$SOCKET" | sort | uniq -c |
	sed 's/^ *//' >"$T/compared"
same "explain says of each packet what trace shows" "illegal-address no-map-destination ok reserved-destination self-echo" \
	"$(sed 's/^[0-9]* //' "$T/compared" | tr '\n' ' ' | sed 's/ $//')"
t "of a dozen packets and more" test "$(awk '{ n += $1 } END { print n }' "$T/compared")" -ge 12

# --- as things change -----------------------------------------------------------------------------------------------

ctl drain on
tells "draining: no new host" "reject draining by pool:5 prefix:4 drain:None icmp 1 3" 2001:db8:2::b1 "$GOOGLE"
tells "draining: who has a lease" "translate ok by lease:5 prefix:4 to $foretold 8.8.8.8 answer 8.8.8.8 $foretold" \
	2001:db8:2::10 "$GOOGLE"
ctl drain off
sed -i 's/^wkpf-strict no/icmp-errors never/' "$T/conf"
ctl reload >/dev/null
tells "after a reload" "drop wkp-private by prefix:4 wkpf-strict:None" 2001:db8:2::10 64:ff9b::10.1.1.1
sed -i 's|^dynamic-pool .*|dynamic-pool 192.168.255.208/31|; /^map /d' "$T/conf"
ctl reload >/dev/null
proves_itself 2001:db8:2::10
tells "a full pool" "drop pool-full by pool:5 prefix:4" 2001:db8:2::b1 "$GOOGLE"

# --- the other rules ------------------------------------------------------------------------------------------------

config 'wkpf-strict no' 'icmp-source-pool 192.168.254.0/28' 'translatable 10.1.0.0/16' 'translatable 10.2.0.0/16' \
	'map 192.168.255.201 2001:db8:2::a1' 'tun-setup yes' >"$T/conf"
ctl reload >/dev/null
tells "an address that stands for routers" "reject no-map-destination by icmp-source-pool:8 icmp 3 1" 8.8.8.8 192.168.254.3
tells "who is translatable, by the line of its network" \
	"translate ok by prefix:4 prefix:4 translatable:10 to 10.2.3.4 8.8.8.8 answer 8.8.8.8 10.2.3.4" 64:ff9b::10.2.3.4 "$GOOGLE"
tells "who is not, by the first of those lines" "reject source-in-prefix by prefix:4 prefix:4 translatable:9 icmp 1 5" \
	64:ff9b::10.3.3.4 "$GOOGLE"
tells "who claims the address of a mapped host" "reject source-in-prefix by prefix:4 map:11 prefix:4 icmp 1 5" \
	64:ff9b::192.168.255.201 "$GOOGLE"
tells "who claims one of the pool" "reject source-in-prefix by prefix:4 pool:5 prefix:4 icmp 1 5" 64:ff9b::192.168.255.66 "$GOOGLE"
shows "and it is said so" "dynamic-pool 192.168.255.0/24: contains 192.168.255.66, the IPv4 address in the source" \
	ctl explain 64:ff9b::192.168.255.66 "$GOOGLE"
tells "what would circle, by the kernel's route" "reject routed-back by prefix:4 prefix:4 translatable:10 route:None icmp 3 1" \
	8.8.8.8 10.2.3.4

# --- who may use it, and where to -----------------------------------------------------------------------------------

config 'tun-setup yes' 'allow 2001:db8:3::/48' 'allow 2001:db8:2::/64' 'deny 9.9.9.0/24' 'deny 192.168.255.201' \
	'map 192.168.255.201 2001:db8:2::a1' 'dynamic-pool 192.168.255.212/31 from 2001:db8:2::/96' 'wkpf-strict no' \
	'translatable 10.1.0.0/16' | sed 's|^dynamic-pool .*/24|dynamic-pool 192.168.255.208/31 from 2001:db8:2::/64|' >"$T/conf"
ctl reload >/dev/null
tells "a host that may, by its line" "translate ok by pool:13 allow:9 prefix:4 to None 8.8.8.8 answer 8.8.8.8 None lease" \
	2001:db8:2::10 "$GOOGLE"
tells "of the pool for other hosts" "translate ok by pool:5 allow:9 prefix:4 to None 8.8.8.8 answer 8.8.8.8 None lease" \
	2001:db8:2:0:1::10 "$GOOGLE"
proves_itself 2001:db8:2::10
tells "who has a lease is not asked again" \
	"translate ok by lease:13 prefix:4 to 192.168.255.213 8.8.8.8 answer 8.8.8.8 192.168.255.213" 2001:db8:2::10 "$GOOGLE"
tells "of pools that are full, the one that is for the host" "reject pool-full by pool:13 allow:9 prefix:4 icmp 1 3" \
	2001:db8:2::b1 "$GOOGLE"
tells "a host that may, and that no pool is for" "reject no-map-source by allow:8 prefix:4 icmp 1 5" 2001:db8:3::10 "$GOOGLE"
shows "and it is said so" "no-map-source: source has no mapping, and no dynamic-pool accepts it" \
	ctl explain 2001:db8:3::10 "$GOOGLE"
tells "a host that may not, by the first of those lines" "reject not-allowed by allow:8 prefix:4 icmp 1 1" 2001:db8:4::10 "$GOOGLE"
shows "and it is said so" "allow: none of its networks contains the host" ctl explain 2001:db8:4::10 "$GOOGLE"
tells "a translatable host that may not" "reject not-allowed by prefix:4 prefix:4 allow:8 translatable:15 icmp 3 13" 8.8.8.8 10.1.1.1
tells "whom nobody reaches, by its line" "reject denied by prefix:4 deny:10 icmp 1 1" 2001:db8:2::10 64:ff9b::9.9.9.9
shows "as it says it" "$T/conf:10: deny 9.9.9.0/24" ctl explain 2001:db8:2::10 64:ff9b::9.9.9.9
tells "a mapped host whom nobody reaches" "reject denied by prefix:4 deny:11 icmp 1 1" 2001:db8:2::10 64:ff9b::192.168.255.201
shows "and so it is" "Destination unreachable: Administratively prohibited" in_client ping -6 -n -c 1 -W 1 -I 2001:db8:2::10 \
	64:ff9b::192.168.255.201

config 'tun-setup yes' 'dynamic-pool 192.168.255.208/31' | sed '/^dynamic-pool .*\/24/d' >"$T/conf"
ctl reload >/dev/null
proves_itself 2001:db8:2::10

# --- for people, and mistakes ---------------------------------------------------------------------------------------

same "the text: which line of which file" "source       $T/conf:5: dynamic-pool 192.168.255.0/24: a new lease, which would get $foretold now
destination  $T/conf:4: prefix 64:ff9b::/96
becomes      the new lease -> 8.8.8.8
answer       8.8.8.8 -> the new lease" "$(tail -n +3 "$T/text")"
refuses "one address" "usage: explain SRC DST [PROTOCOL]" ctl explain 8.8.8.8
refuses "families mixed: the right address is named" "for IPv6 hosts the destination is 64:ff9b::808:808" \
	ctl explain 2001:db8:2::10 8.8.8.8
refuses "no address" "explain: here is not an address" ctl explain here there
refuses "no protocol, with --json" "explain: sctp is not a protocol" ctl explain 8.8.8.8 192.168.255.201 sctp --json

# --- health ---------------------------------------------------------------------------------------------------------

# health STATUS [WORD...]: one point; sets `said' to the output, which is on standard output for every status.
health() {
	local name=$1 wanted=$2 is
	shift 2
	said=$(ctl health "$@" 2>"$T/stderr")
	is=$?
	if [ $is -eq "$wanted" ]; then ok "$name"; else not_ok "$name" "exit status $is" "$said" "$(cat "$T/stderr")"; fi
}

health "health: a full pool" 1
same "and which check it was" "FAIL  pool: 1 of 1 addresses leased, and no lease can be ended yet: new hosts get none" \
	"$(grep FAIL <<<"$said")"
shows "how many failed" "nat64ctl: 1 check failed" cat "$T/stderr"
sed -i 's|^dynamic-pool .*|dynamic-pool 192.168.255.208/28|' "$T/conf"
ctl reload >/dev/null
health "health: all is well" 0 --target 8.8.8.8
same "one line for each check" "daemon drain fast-path lease-file link pool target" \
	"$(sed -n 's/^ok    \([a-z-]*\): .*/\1/p' <<<"$said" | sort | tr '\n' ' ' | sed 's/ $//')"
shows "to a target, of a host that is known" "target: a ping from 2001:db8:2::10 to 64:ff9b::808:808 passes: translated" echo "$said"
health "health: a target that the prefix must not hold" 1 --target=10.1.1.1
shows "says why" "FAIL  target: a ping from 2001:db8:2::10 to 64:ff9b::a01:101 does not pass: 64:ff9b::/96 must not" echo "$said"
health "health: no prefix leads there" 1 --target 2001:db8:9::1
refuses "a target that is none" "usage: health: 8.8.8 is not an address" ctl health --target 8.8.8
refuses "no target" "usage: health [--target ADDRESS]" ctl health --target
refuses "another word" "usage: health [--target ADDRESS]" ctl health now
ctl drain on
health "health: draining" 1
shows "says so" "FAIL  drain: on: new hosts get no lease" echo "$said"
ctl drain off
ip -n "$R" link set nat64 down
wait_for fails ctl health
health "health: the link" 1 --json
same "as JSON, one object for each check" "['link']" \
	"$(python3 -c 'import json, sys
print([c["check"] for c in map(json.loads, sys.stdin) if not c["ok"]])' <<<"$said")"
ip -n "$R" link set nat64 up
stop_nat64d
health "health: nobody there is exit status 1" 1
shows "and says so" "no process listens there" cat "$T/stderr"
finish

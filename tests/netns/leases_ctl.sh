#!/usr/bin/env bash
# What an operator asks about leases and does to them: `leases', `release', `maps', `config', `pin' and `unpin', with real
# hosts.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need setpriv
topology
NAT64CTL=${NAT64CTL:-$(dirname "$NAT64D")/nat64ctl}
export RUNTIME_DIRECTORY=$T/run
SOCKET=$T/run/control
install -D "$NAT64CTL" "$T/open/nat64ctl" # where other users get at it
mkdir "$T/run"

ctl() { in_router "$NAT64CTL" -s "$SOCKET" "$@"; }
as_other() { in_router setpriv --reuid 12345 --regid 12345 --clear-groups "$T/open/nat64ctl" -s "$SOCKET" "$@"; }

# exits NAME STATUS TEXT COMMAND...: one point; TEXT stands on standard error, and standard output is empty.
exits() {
	local name=$1 status=$2 text=$3 is
	shift 3
	"$@" >"$T/stdout" 2>"$T/stderr"
	is=$?
	if [ $is -eq "$status" ] && grep -qF -- "$text" "$T/stderr" && [ ! -s "$T/stdout" ]; then
		ok "$name"
	else
		not_ok "$name" "$*" "exit status $is, standard error:" "$(cat "$T/stderr")" "standard output:" "$(cat "$T/stdout")"
	fi
}

# each EXPRESSION: of every line of standard input, which is an object called it.
each() { python3 -c 'import json, sys
for line in sys.stdin:
    it = json.loads(line)
    print(eval(sys.argv[1]))' "$1"; }

# of ADDRESS EXPRESSION: of its lease.
of() { ctl leases "$1" --json | each "$2"; }

lease_of() { of "$1" 'it["ipv4"]'; }
listed() { ctl leases "$1" | tail -n +2 | wc -l; }

# --- leases ---------------------------------------------------------------------------------------------------------

config >"$T/conf"
start_nat64d || finish
serve_udp
same "nobody has a lease: a header" "IPV4" "$(ctl leases | awk '{ print $1 }')"
same "and nothing in JSON" "" "$(ctl leases --json)"
hosts 30 >"$T/hosts"
ping6 -c 1 -I 2001:db8:2::1 -s 100 $GOOGLE >/dev/null # once more: it has been answered before
same "30 hosts: a line each" 30 "$(ctl leases --json | wc -l)"
ctl leases --json >"$T/json"
same "JSON: the keys, in each line" \
	"age_seconds bytes_4to6 bytes_6to4 confirmed idle_seconds ipv4 ipv6 last_seen packets_4to6 packets_6to4 pool prefix since" \
	"$(each '" ".join(sorted(it))' <"$T/json" | sort -u)"
same "JSON: the addresses that the server has seen" "$(sort "$T/hosts")" \
	"$(each 'it["ipv6"] + " " + it["ipv4"]' <"$T/json" | sort)"
same "JSON: prefix and pool" "64:ff9b::/96 192.168.255.0/24" \
	"$(each 'it["prefix"] + " " + it["pool"]' <"$T/json" | sort -u)"
same "JSON: numbers are numbers, and confirmed is true or false" "int int int bool int int int" \
	"$(each '" ".join(type(it[k]).__name__ for k in sorted(it) if type(it[k]) != str)' <"$T/json" | sort -u)"
same "JSON: times are those of the ages" True "$(each 'abs(__import__("datetime").datetime.fromisoformat(it["since"][:-1] + "+00:00").timestamp() + it["age_seconds"] - __import__("time").time()) < 20' <"$T/json" | sort -u)"
same "who has sent again after an answer is confirmed" "True" "$(of 2001:db8:2::1 'it["confirmed"]')"
same "who has not, is not" "False" "$(of 2001:db8:2::2 'it["confirmed"]')"
# a datagram of udp.py, and an echo request of 100 bytes
same "packets and bytes as on the wire, each way" "2 2" "$(of 2001:db8:2::1 'f"""{it["packets_6to4"]} {it["packets_4to6"]}"""')"
before=$(of 2001:db8:2::1 'f"""{it["bytes_6to4"]} {it["bytes_4to6"]}"""')
ping6 -I 2001:db8:2::1 -s 100 $GOOGLE >/dev/null
same "an echo request of 100 bytes is one of 148 in IPv6, its reply one of 128 in IPv4" "148 128" \
	"$(of 2001:db8:2::1 "f'''{it[\"bytes_6to4\"] - ${before% *}} {it[\"bytes_4to6\"] - ${before#* }}'''")"
ctl leases >"$T/text"
same "text: a header in capitals" "IPV4 IPV6 AGE IDLE CONFIRMED PACKETS-6TO4 BYTES-6TO4 PACKETS-4TO6 BYTES-4TO6 PREFIX" \
	"$(head -n 1 "$T/text" | xargs)"
same "text: aligned, so that all lines end in the same column" 1 "$(awk '{ print match($0, / [^ ]*$/) }' "$T/text" | sort -u | wc -l)"
same "text: without tabs" "" "$(grep -P '\t' "$T/text")"

a1=$(lease_of 2001:db8:2::1)
same "an IPv4 address and the IPv6 address of its host are the same lease" "$(ctl leases "$a1" --json | each 'it["ipv6"]')" "2001:db8:2::1"
same "an address that nobody has: none" "" "$(ctl leases 192.168.255.0 --json)"
same "a prefix of hosts" 15 "$(listed 2001:db8:2::10/124 | awk '{ print $1 }')"
same "a prefix of addresses: those inside" \
	"$(each 'it["ipv4"]' <"$T/json" | awk -F. '$4 < 128' | sort)" "$(ctl leases 192.168.255.0/25 --json | each 'it["ipv4"]' | sort)"
exits "a prefix with bits behind its length: usage, and the right one" 2 "192.168.255.7/24 has bits set behind its length (192.168.255.0/24 would be right)" \
	ctl leases 192.168.255.7/24
exits "in IPv6, too" 2 "(2001:db8:2::/64 would be right)" ctl leases 2001:db8:2::7/64
exits "what is no address: usage" 2 "hosts is neither an address nor a prefix" ctl leases hosts
exits "two addresses: usage" 2 "more than one address" ctl leases 192.168.255.7 192.168.255.8
exits "an unknown order: usage" 2 "--sort takes idle, age, packets or bytes" ctl leases --sort name
exits "an order left out: usage" 2 "--sort takes idle, age, packets or bytes" ctl leases --sort
exits "a limit of nothing: usage" 2 "--limit takes a number from 1" ctl leases --limit 0
exits "an unknown option: usage" 2 "unknown option --long" ctl leases --long
exits "reverse of nothing: usage" 2 "--reverse turns what --sort has sorted" ctl leases --reverse
same "others may look, too" 30 "$(chmod 755 "$T/run" && chmod 666 "$SOCKET" && as_other leases --json | wc -l)"

for i in 1 2 3; do ping6 -c "$((i * 4))" -i 0.05 -I "2001:db8:2::$i" -s "$((1400 / i / i))" $GOOGLE >/dev/null; done
sorted() { ctl leases --sort "$@" --json | each 'it["ipv6"]' | xargs; }
same "by packets, largest first" "2001:db8:2::3 2001:db8:2::2 2001:db8:2::1" "$(sorted packets --limit 3)"
same "by bytes" "2001:db8:2::1 2001:db8:2::2 2001:db8:2::3" "$(sorted bytes --limit=3)"
same "sorted or not, they are the same lines" "$(ctl leases --json | each 'it["ipv6"], it["bytes_6to4"], it["since"]' | sort)" \
	"$(ctl leases --sort idle --json | each 'it["ipv6"], it["bytes_6to4"], it["since"]' | sort)"
same "the reverse: the least comes first" \
	"$(ctl leases --json | each 'it["bytes_6to4"] + it["bytes_4to6"]' | sort -n | xargs)" \
	"$(ctl leases --sort bytes --reverse --json | each 'it["bytes_6to4"] + it["bytes_4to6"]' | xargs)"
same "a table of five" 6 "$(ctl leases --sort idle --limit 5 | wc -l)"
same "the first five, in no order" "$(ctl leases | head -n 6 | awk '{ print $1 }')" "$(ctl leases --limit 5 | awk '{ print $1 }')"
sleep 1.1
hosts 20 >/dev/null
same "by idle: those who have been silent" "21 30" \
	"$(sorted idle --limit 10 | tr ' ' '\n' | sed 's/.*:://' | while read -r h; do echo $((16#$h)); done | sort -n | sed -n '1p;$p' | xargs)"

# --- the age survives -------------------------------------------------------------------------------------------------

since=$(of 2001:db8:2::5 'it["since"]')
kill -9 "$PID"
wait "$PID" 2>/dev/null
start_nat64d || finish
same "since when: the same after kill -9" "$since" "$(of 2001:db8:2::5 'it["since"]')"
stop_nat64d
start_nat64d || finish
same "and after a stop" "$since" "$(of 2001:db8:2::5 'it["since"]')"
ctl reload >/dev/null
same "and after a reload" "$since" "$(of 2001:db8:2::5 'it["since"]')"
finish

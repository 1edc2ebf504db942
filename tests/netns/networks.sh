#!/usr/bin/env bash
# `nat64ctl networks' with real hosts in several networks; the test counts their leases again.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need
topology
# shellcheck source=tests/netns/ctl.sh
. "$here/ctl.sh"
ip -n "$C" route add local 2001:db8:a000::/36 dev lo
ip -n "$R" route add 2001:db8:a000::/36 via 2001:db8:1::2

# ask HOST...: each asks the server once, and waits for the answer.
ask() {
	in_client python3 -c 'import socket, sys
hosts = []
for host in sys.argv[1:]:
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.bind((host, 0))
    s.settimeout(2)
    hosts.append(s)
for s in hosts:
    for i in range(5):
        s.sendto(b"who", ("'$GOOGLE'", 5007))
        try:
            s.recv(100)
            break
        except (TimeoutError, socket.timeout):
            pass
    else:
        print(s.getsockname()[0], "gets no answer")' "$@"
}

# listed [WORD...]: network, used, confirmed and unconfirmed in each line.
listed() { ctl networks "$@" --json | each 'f"""{it["network"]} {it["used"]} {it["confirmed"]} {it["unconfirmed"]}"""'; }
names() { listed "$@" | awk '{ print $1 }' | xargs; }

# counted: the same, from the leases.
counted() {
	ctl leases --json | python3 -c 'import collections, ipaddress, json, sys
used, confirmed = collections.Counter(), collections.Counter()
for line in sys.stdin:
    it = json.loads(line)
    for length in (48, 64):
        net = str(ipaddress.ip_network((it["ipv6"], length), strict=False))
        used[net] += 1
        confirmed[net] += it["confirmed"]
for net in used:
    print(net, used[net], confirmed[net], used[net] - confirmed[net])'
}
agree() { same "$1" "$(counted | sort)" "$(listed | sort)"; }

# --- several networks -------------------------------------------------------------------------------------------------

config >"$T/conf"
start_nat64d || finish
serve_udp
same "nobody has a lease: a header" "NETWORK USED CONFIRMED UNCONFIRMED FAIR-SHARE POOL FROM" "$(ctl networks | xargs)"
same "and nothing in JSON" "" "$(ctl networks --json)"
same "25 hosts in three /48s are served" "" "$(ask 2001:db8:a00a:1::{1..9} 2001:db8:a00a:2::{1..4} 2001:db8:a00b:1::{1..10} 2001:db8:2::{1..2})"
same "each network with its leases" "$(printf '2001:db8:%s\n' a00a::/48\ 13 a00a:1::/64\ 9 a00a:2::/64\ 4 a00b::/48\ 10 a00b:1::/64\ 10 2::/48\ 2 2::/64\ 2 | sort)" \
	"$(listed | cut -d' ' -f1,2 | sort)"
same "the largest first" "$(listed | awk '{ print $2 }' | sort -nr | xargs)" "$(listed | awk '{ print $2 }' | xargs)"
agree "as the leases say"
ask 2001:db8:a00a:1::{1..3} 2001:db8:2::1
same "who has sent again is confirmed" "2001:db8:a00a:1::/64 9 3 6" "$(listed | grep '^2001:db8:a00a:1::/64 ')"
agree "which is what the leases say, too"
same "the metrics: networks, and the largest of them by either kind" "3 3 10" \
	"$(for name in s _confirmed _unconfirmed; do ctl metrics | awk -v name="nat64d_pool_network$name{" 'index($0, name) == 1 { print $2 }'; done | xargs)"
same "the /48s hold what the pool has leased" "$(ctl status --json | json 'it["pools"][0]["used"]')" \
	"$(listed | awk '$1 ~ /\/48$/ { n += $2 } END { print n }')"
same "the pool, and that it is for all" "192.168.255.0/24 None" \
	"$(ctl networks --json | each 'it["pool"], it["from"]' | tr -d "(',)" | sort -u)"
shares() { ctl networks --json | each 'it["network"] + f""" {it["share"]}"""' | grep '/48 ' | sort | xargs; }
same "fair shares: two /48s with confirmed leases have half of the pool each, one without is a third beside them" \
	"2001:db8:2::/48 127 2001:db8:a00a::/48 127 2001:db8:a00b::/48 84" "$(shares)"

# --- what is asked for ------------------------------------------------------------------------------------------------

a=$(ctl leases 2001:db8:a00b:1::3 --json | each 'it["ipv4"]')
same "of an address: the networks that hold it" "2001:db8:a00b::/48 2001:db8:a00b:1::/64" "$(names 2001:db8:a00b:1::99 | tr ' ' '\n' | sort -t/ -k2 | xargs)"
same "of an IPv4 address: those of the host that has it" "$(names 2001:db8:a00b:1::3)" "$(names "$a")"
same "of a /48: it and what is within" 3 "$(listed 2001:db8:a00a::/48 | wc -l)"
same "of a /64: it and the /48 around" 2 "$(listed 2001:db8:a00a:2::/64 | wc -l)"
same "of a larger one: all within" 5 "$(listed 2001:db8:a000::/36 | wc -l)"
same "of a network that nobody is in: none" "" "$(listed 2001:db9::/32)"
exits "of an IPv4 address that nobody has: exit status 1" 1 "10.9.9.9 has no lease" ctl networks 10.9.9.9
exits "of a prefix of IPv4: usage" 2 "192.168.255.0/24 is an IPv4 prefix, but networks are IPv6" ctl networks 192.168.255.0/24
exits "of a prefix with bits behind its length: usage" 2 "(did you mean 2001:db8:a000::/36?)" ctl networks 2001:db8:a001::/36
exits "of a word: usage" 2 "me is neither an address nor a prefix" ctl networks me
exits "of two: usage" 2 "more than one address or prefix" ctl networks ::/0 ::/0
exits "an unknown order: usage" 2 "networks: --sort takes used or unconfirmed, not idle" ctl networks --sort idle
exits "a limit of nothing: usage" 2 "--limit takes a number of at least 1" ctl networks --limit 0
same "by what is not confirmed, the largest first" "10 10 10 6 4 1 1" "$(listed --sort unconfirmed | awk '{ print $4 }' | xargs)"
same "the reverse: the smallest first" "2 2 4 9 10 10 13" "$(listed --reverse | awk '{ print $2 }' | xargs)"
same "the largest of all" "2001:db8:a00a::/48" "$(names --limit 1)"
ctl networks >"$T/text"
same "text: a line each" 8 "$(wc -l <"$T/text")"
same "text: aligned, so that the pools begin in the same column" 1 "$(sed 1d "$T/text" | awk '{ print index($0, " 192.168") }' | sort -u | wc -l)"
same "text: without tabs" "" "$(grep -P '\t' "$T/text")"
same "text of the daemon itself: the same lines" "$(sort "$T/text")" "$(in_router python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(b"networks\n")
got = b""
while b := s.recv(65536): got += b
print(got.decode().split("\n", 1)[1], end="")' "$SOCKET" | sort)"

# --- leases end -------------------------------------------------------------------------------------------------------

for host in 2001:db8:a00a:2::{1..4} 2001:db8:2::{1..2}; do ctl release "$host" >/dev/null; done
same "a network whose last lease has ended is gone" "2001:db8:a00a::/48 9 2001:db8:a00a:1::/64 9" \
	"$(listed | awk '/a00a:/ { print $1, $2 }' | sort -t/ -k2 | xargs)"
agree "and the rest is right"
same "the fair share of who is left is larger" "2001:db8:a00a::/48 254 2001:db8:a00b::/48 127" "$(shares)"
ctl reload >/dev/null
agree "after a reload as well"
kill -9 "$PID"
wait "$PID" 2>/dev/null
start_nat64d || finish
agree "and after kill -9"

# --- many -------------------------------------------------------------------------------------------------------------

config 'dynamic-pool 10.64.0.0/15' >"$T/conf"
stop_nat64d
now=$(date +%s)
for i in {1..6000}; do
	printf '10.64.%d.%d\t2001:db8:%x:%x::%x\t%d\n' $((i / 256 % 256)) $((i % 256)) $((0xb000 + i % 300)) $((i / 7 % 40)) $((i + 1)) "$now"
done >"$T/data/dynamic.map"
start_nat64d || finish
agree "6000 hosts in 300 /48s"
same "each line once" "" "$(listed | awk '{ print $1 }' | sort | uniq -d)"
t "more than one slice of them" test "$(ctl networks --json | wc -c)" -gt 65536
same "the sum is what is leased" 6000 "$(listed | awk '$1 ~ /\/48$/ { n += $2 } END { print n }')"
stops "TERM: exit status 0"
finish

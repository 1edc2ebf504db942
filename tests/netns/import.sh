#!/usr/bin/env bash
# `nat64ctl export' and `nat64ctl import': leases pass from one translator to another.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need ss
topology
# shellcheck source=tests/netns/ctl.sh
. "$here/ctl.sh"

# in_file: prints how many bytes the lease file has; a rewrite is not due in this test.
in_file() { stat -c %s "$T/data/dynamic.map"; }
lease_of() { ctl leases "$1" --json | each 'it["ipv4"]'; }
holder_of() { ctl leases "$1" --json | each 'it["ipv6"]'; }

# line ADDRESS HOST [AGE [SINCE]]: prints a lease that was last used AGE seconds ago and began SINCE seconds before that.
line() { printf '# since %d\n%s\t%s\t%d\t64:ff9b::/96\n' $((now - ${3:-0} - ${4:-0})) "$1" "$2" $((now - ${3:-0})); }
taken() { echo "$*" | sed -E 's/^(.*) (.*) (.*) (.*) (.*) (.*) (.*)$/\1 records: \2 taken, \3 same, \4 renewed, \5 older, \6 ended, \7 refused/; s/^1 records/1 record/'; }

# --- export -----------------------------------------------------------------------------------------------------------

config 'prefix 2001:db8:64::/96' >"$T/conf"
start_nat64d || finish
ip -n "$R" -6 route replace 2001:db8:64::/96 dev nat64
same "export: nobody has a lease" "" "$(ctl export)"
serve_udp
hosts 20 >"$T/hosts"
ping6 -I 2001:db8:2::1 $GOOGLE >/dev/null # once more, so that it is confirmed
ping6 -I 2001:db8:2::2 2001:db8:64::808:808 >/dev/null
ctl export >"$T/export"
same "export: a line for each lease" 21 "$(grep -vc '^#' "$T/export")"
same "export: with the prefix" "20 64:ff9b::/96 1 2001:db8:64::/96" \
	"$(grep -v '^#' "$T/export" | cut -f 4 | sort | uniq -c | sort -rn | xargs)"
same "export: since when, for each" 21 "$(grep -c '^# since [0-9]*$' "$T/export")"
same "export: who is unconfirmed" 20 "$(grep -c '^# unconfirmed$' "$T/export")"
same "export: nothing else" "" "$(grep -vP '^(# since \d+|# unconfirmed|[0-9.]+\t[0-9a-f:]+\t\d+\t[0-9a-f:]+/96)$' "$T/export")"
same "export: the hosts and addresses of leases" \
	"$(ctl leases --json | each 'it["ipv4"] + " " + it["ipv6"] + " " + it["prefix"]' | sort)" \
	"$(grep -v '^#' "$T/export" | awk '{ print $1, $2, $4 }' | sort)"
same "export: in the order of addresses, if there are not more than 256" \
	"$(grep -v '^#' "$T/export" | cut -f 1 | sort -t . -n -k 4)" "$(ctl export 192.168.255.0/24 | grep -v '^#' | cut -f 1)"
one=$(sed -n 's/^2001:db8:2::7 //p' "$T/hosts")
same "export of an address" "2001:db8:2::7" "$(ctl export "$one" | grep -v '^#' | cut -f 2)"
same "export of a host: a line for each prefix" 2 "$(ctl export 2001:db8:2::2 | grep -vc '^#')"
same "export of a part" "$(ctl leases 192.168.255.64/26 --json | wc -l)" "$(ctl export 192.168.255.64/26 | grep -vc '^#')"
same "export of addresses without a pool" "" "$(ctl export 10.0.0.0/24)"
exits "export of host bits: usage" 2 "(did you mean 192.168.255.0/24?)" ctl export 192.168.255.1/24
exits "export in JSON: usage" 2 "for JSON, use leases --json" ctl export --json
same "export: others may read" 21 "$(chmod 755 "$T/run" && chmod 666 "$SOCKET" && as_other export | grep -vc '^#')"
ctl export | grep -v '^#' | sort >"$T/export"
stop_nat64d
same "export: the lines that a stop writes" "$(cat "$T/export")" "$(grep '^[0-9]' "$T/data/dynamic.map" | sort)"

now=$(date +%s)
for i in {1..6000}; do printf '10.64.%d.%d\t2001:db8:5::%x\t%d\n' $((i / 256)) $((i % 256)) "$i" "$now"; done >"$T/data/dynamic.map"
config 'dynamic-pool 10.64.0.0/16' >"$T/conf"
start_nat64d || finish
same "export of 6000 leases: each once" "6000 6000" "$(ctl export | grep -v '^#' | cut -f 1 | tee "$T/all" | wc -l) $(sort -u "$T/all" | wc -l)"
stop_nat64d

# --- import -----------------------------------------------------------------------------------------------------------

# This node owns 192.168.255.0/24 and stands by for 192.168.254.0/24.
peer=192.168.254
config "dynamic-pool $peer.0/24 standby" 'lease-log 1' 'log lease' >"$T/conf"
rm -f "$T/data/dynamic.map"
start_nat64d || finish
ip -n "$R" route replace $peer.0/24 dev nat64
now=$(date +%s)
t "before: IPv4 does not reach a host of the peer" fails in_server ping -4 -n -c 1 -W 0.3 $peer.7
line $peer.7 2001:db8:2::7 100 50 >"$T/one"
same "import of a lease" "$(taken 1 1 0 0 0 0 0)" "$(ctl import <"$T/one")"
t "IPv4 reaches the host at once" ping4 $peer.7
serve_udp
same "the host keeps its address here" "$peer.7" "$(hosts 8 | awk '$1 == "2001:db8:2::7" { print $2 }')"
same "another host gets one of our own" 192.168.255 "$(lease_of 2001:db8:2::8 | sed 's/\.[0-9]*$//')"
same "since when: as its owner says" $((now - 150)) "$(date +%s -d "$(ctl leases $peer.7 --json | each 'it["since"]')")"
same "the log tells it, with its cause" 1 "$(grep -c "lease assigned import $peer.7 2001:db8:2::7" "$LOG")"
same "so does the history" 1 "$(ctl history $peer.7 | grep -c 'assigned import')"
before=$(in_file)
same "once more: nothing is new" "$(taken 1 0 0 0 1 0 0)" "$(ctl import <"$T/one")"
ctl export >"$T/all"
same "our own export: all the same" "$(taken 8 0 8 0 0 0 0)" "$(ctl import <"$T/all")"
same "and nothing is written" "$before" "$(in_file)"
kill -9 "$PID"
wait "$PID" 2>/dev/null
start_nat64d || finish
ip -n "$R" route replace $peer.0/24 dev nat64
# Twenty clients begin to send and go on until they are disconnected.
python3 -c 'import socket, sys, time
all = []
for i in range(20):
    s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(b"import\n# since"); all.append(s)
end = time.time() + 40
left = len(all)
while time.time() < end and left:
    for s in all:
        try: s.send(b"1") if s is all[0] else None
        except BrokenPipeError: pass
    time.sleep(1)
    left = 0
    for s in all:
        s.setblocking(False)
        try: left += s.recv(1) != b""
        except BlockingIOError: left += 1
        except ConnectionResetError: pass
print(left)' "$SOCKET" >"$T/left" &
stalling=$!
wait_for connected
same "after kill -9 it is there" "2001:db8:2::7" "$(holder_of $peer.7)"
t "and reached" ping4 $peer.7

line $peer.7 2001:db8:2::77 3000 >"$T/older"
same "an older lease of the address loses" "$(taken 1 0 0 0 1 0 0)" "$(ctl import <"$T/older")"
line $peer.9 2001:db8:2::9 3000 >"$T/nine"
line $peer.9 2001:db8:2::99 2000 >>"$T/nine"
same "of two leases in one input the newer one counts" "$(taken 2 2 0 0 0 0 0)" "$(ctl import <"$T/nine")"
same "it holds the address" "2001:db8:2::99" "$(holder_of $peer.9)"
same "and the other one nothing" "" "$(lease_of 2001:db8:2::9)"
same "its end has the cause, too" 1 "$(grep -c "lease ended import $peer.9 2001:db8:2::9" "$LOG")"
t "IPv4 reaches the new holder" ping4 $peer.9
sleep 1
now=$(date +%s)
same "a later use is a renewal" "$(taken 1 0 0 1 0 0 0)" "$(line $peer.9 2001:db8:2::99 | ctl import)"

# --- what is refused ----------------------------------------------------------------------------------------------------

# refused NAME REASON: imports standard input, of which line 2 must be refused for the reason.
refused() {
	cat >"$T/in"
	exits "$1: exit status 1" 1 "line 2: $2" ctl import <"$T/in"
	same "$1: the summary" "nat64ctl: $(taken 1 0 0 0 0 0 1)" "$(tail -n 1 "$T/stderr")"
}
own8=$(lease_of 2001:db8:2::8)
refused "a foreign pool" "10.9.9.9 of 2001:db8:2::50: no dynamic-pool contains the address" < <(line 10.9.9.9 2001:db8:2::50)
refused "our own address" "192.168.255.1 of 2001:db8:2::50: the address is reserved" < <(line 192.168.255.1 2001:db8:2::50)
refused "a host that is none" "$peer.5 of 64:ff9b::1: its IPv6 address needs no lease" < <(line $peer.5 64:ff9b::1)
refused "a group" "$peer.5 of ff02::1: its IPv6 address is not a host address" < <(line $peer.5 ff02::1)
refused "a prefix of others" "$peer.5 of 2001:db8:2::50: its prefix is not configured here" < <(line $peer.5 2001:db8:2::50 | sed 's|64:ff9b::/96|2001:db8:64::/96|')
refused "an address of ours that another host has" "$own8 of 2001:db8:2::50: contradicts the lease of $own8, which 2001:db8:2::8 has here" < <(line "$own8" 2001:db8:2::50)
refused "a host that has one of our addresses" "$peer.5 of 2001:db8:2::8: contradicts the lease of $own8, which 2001:db8:2::8 has here" < <(line $peer.5 2001:db8:2::8)
event() { # NAME ADDRESS HOST
	printf '\n{"time": "%s", "event": "%s", "ipv4": "%s", "ipv6": "%s", "prefix": "64:ff9b::/96"}\n' "$(date -u +%FT%TZ)" "$@"
}
refused "the end of one of our leases" "$own8 of 2001:db8:2::8: only this nat64d ends leases of this dynamic-pool" < <(event ended "$own8" 2001:db8:2::8)
refused "garbage" '"garbage" is not an IPv4 address' < <(printf '\ngarbage\n')
refused "control characters" '"?[2J??" is not an IPv4 address' < <(printf '\n\033[2J\303\244\n')
refused "a long line" "is too long" < <(printf '\n%05000d\n' 0)
refused "half an event" "is not an event of nat64ctl watch" < <(printf '\n{"event": "assigned"}\n')
line $peer.5 2001:db8:2::50 | head -c -1 >"$T/in"
exits "a line without a newline" 1 "line 2: is cut short" ctl import <"$T/in"
same "nothing of this came of it" "" "$(lease_of 2001:db8:2::50)"
for i in {1..30}; do line 10.9.9.$i 2001:db8:2::50; done >"$T/in"
exits "many: their number" 1 "10 more like these" ctl import <"$T/in"
same "many: in JSON" "30 0 0 0 0 0 30 0 20" "$(ctl import --json <"$T/in" 2>/dev/null |
	json '" ".join(str(it[k]) for k in "records taken same renewed older ended refused clamped".split()), len(it["errors"])' | tr -d "(',)")"
same "the end of a lease of the peer" "$(taken 1 0 0 0 0 1 0)" "$(event ended $peer.9 2001:db8:2::99 | ctl import)"
same "it is gone" "" "$(holder_of $peer.9)"
same "a new one of the peer, by an event" "$(taken 1 1 0 0 0 0 0)" "$(event assigned $peer.9 2001:db8:2::9 | ctl import)"
chmod 755 "$T/run" && chmod 666 "$SOCKET"
exits "import by another user: not permitted" 1 "import: not permitted" as_other import <"$T/one"
head -c 3000000 /dev/zero | tr '\0' '\n' >"$T/much"
exits "nor with much input" 1 "import: not permitted" as_other import <"$T/much"
exits "an unknown option: usage" 2 "import [--known | --recover | --replace PREFIX]" ctl import --force <"$T/one"
if [ -e /proc/self/mem ]; then
	exits "standard input that cannot be read" 1 "standard input: Input/output error" ctl import </proc/self/mem
fi

# An old copy of data-dir: since then, the address of one host has gone to another one.
in_client ping -6 -n -c 1 -W 2 -I 2001:db8:2::60 $GOOGLE >/dev/null
own60=$(lease_of 2001:db8:2::60)
sleep 1.1
now=$(date +%s)
line "$own60" 2001:db8:2::61 >"$T/in"
exits "our own lease, from another one: refused" 1 "contradicts the lease of $own60" ctl import <"$T/in"
same "our own lease, used later than the one here: recovered" "$(taken 1 1 0 0 0 0 0)" "$(ctl import --recover <"$T/in")"
same "its host has the address" 2001:db8:2::61 "$(holder_of "$own60")"
line "$own60" 2001:db8:2::60 500 >"$T/in"
same "used earlier: it is not" "$(taken 1 0 0 0 1 0 0)" "$(ctl import --recover <"$T/in")"
ctl release "$own60" >/dev/null

# --- known, and a clock that is ahead -------------------------------------------------------------------------------------

sleep 1
now=$(date +%s)
{
	line $peer.7 2001:db8:2::7
	line $peer.8 2001:db8:2::88
	line "$own8" 2001:db8:2::8
	event ended $peer.7 2001:db8:2::7
} >"$T/in"
same "known: only what is here is renewed" "$(taken 4 0 0 2 2 0 0)" "$(ctl import --known <"$T/in")"
same "known: no lease is made" "" "$(lease_of 2001:db8:2::88)"
line $peer.10 2001:db8:2::10 -3600 >"$T/in"
from=$(since)
same "a clock that is ahead is counted" 1 "$(ctl import --json <"$T/in" | json 'it["clamped"]')"
t "the log says so" said "$from" "warning: import: the clock of a peer is 3[56][0-9][0-9] s ahead"
t "its time is now" test "$(ctl leases $peer.10 --json | each 'it["idle_seconds"]')" -lt 5
ctl import <"$T/in" >/dev/null
same "and it is said once a minute" 1 "$(said "$from" 'clock of a peer' | wc -l)"

# --- replace ------------------------------------------------------------------------------------------------------------

for i in {20..29}; do line $peer.$i 2001:db8:2::a$i 500; done >"$T/ten"
ctl import <"$T/ten" >/dev/null
sed 8,9d "$T/ten" >"$T/nine"
same "replace: what the input lacks ends" "$(taken 9 0 9 0 0 1 0)" "$(ctl import --replace $peer.16/28 <"$T/nine")"
same "it has ended" "" "$(holder_of $peer.23)"
t "others have not" test -n "$(holder_of $peer.10)"
(sed 6,7d "$T/nine"; echo bad) >"$T/in"
exits "a bad line: nothing ends" 1 "line 17: \"bad\" is not" ctl import --replace $peer.16/28 <"$T/in"
t "it is there" test -n "$(holder_of $peer.22)"
(cat "$T/nine"; line $peer.200 2001:db8:2::b200 500) >"$T/in"
exits "a lease of another network" 1 "$peer.200 of 2001:db8:2::b200: the address is not in the prefix to replace" \
	ctl import --replace $peer.16/28 <"$T/in"
same "it is not made" "" "$(holder_of $peer.200)"
line $peer.30 2001:db8:2::b1 | ctl import >/dev/null
line $peer.31 2001:db8:2::b2 | ctl import >/dev/null
line $peer.30 2001:db8:2::b3 5000 >"$T/in"
line $peer.31 2001:db8:2::8 >>"$T/in"
exits "replace: another host in the input" 1 "1 taken, 0 same, 0 renewed, 0 older, 1 ended, 1 refused" ctl import --replace $peer.30/31 <"$T/in"
same "its owner decides who has an address, even if the other was active later" 2001:db8:2::b3 "$(holder_of $peer.30)"
same "and nobody has it if the lease of its owner is refused" "" "$(holder_of $peer.31)"
ctl import --replace $peer.30/31 </dev/null >/dev/null
# Its owner has given other addresses to hosts that are active here.
now=$(date +%s)
for i in 40 41 42; do line $peer.$i 2001:db8:2::c$i; done | ctl import >/dev/null
{ line $peer.41 2001:db8:2::c40 500 && line $peer.40 2001:db8:2::c41 500; } >"$T/in"
same "replace: two hosts have exchanged their addresses" "$(taken 2 2 0 0 0 0 0)" "$(ctl import --replace $peer.40/31 <"$T/in")"
same "both have the new ones" "$peer.41 $peer.40" "$(lease_of 2001:db8:2::c40) $(lease_of 2001:db8:2::c41)"
line $peer.43 2001:db8:2::c42 500 | ctl import --replace $peer.43/32 >/dev/null
ctl import --replace $peer.42/32 </dev/null >/dev/null
same "a host has another one, and the end of its last one comes later" "$peer.43" "$(lease_of 2001:db8:2::c42)"
ctl import --replace $peer.40/30 </dev/null >/dev/null
# A client that dies after half of its input has not sent all of it.
python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
s.sendall(b"import --replace %s.16/28\n" % sys.argv[2].encode())
s.sendall(open(sys.argv[3], "rb").read())
time.sleep(0.3)' "$SOCKET" $peer <(head -n 6 "$T/nine")
sleep 0.3
same "nor if the client vanishes" 9 "$(ctl leases $peer.16/28 --json | wc -l)"
same "with nothing, all end" "0 records: 0 taken, 0 same, 0 renewed, 0 older, 9 ended, 0 refused" "$(ctl import --replace $peer.16/28 </dev/null)"
exits "replace in our own range" 1 "192.168.255.0/24: no dynamic-pool that stands by contains it" ctl import --replace 192.168.255.0/24 </dev/null
exits "replace of more than a /24: usage" 2 "its length 24 to 32" ctl import --replace $peer.0/23 </dev/null
exits "replace of host bits: usage" 2 "did you mean $peer.16/28?" ctl import --replace $peer.17/28 </dev/null

# --- hostile clients ------------------------------------------------------------------------------------------------------

wait $stalling
same "clients that send nothing more are disconnected, so is one that sends a byte a second" 0 "$(cat "$T/left")"

python3 -c 'import sys
line = b"10.9.9.9\t2001:db8::1\t1700000000\n"
for i in range(3000): sys.stdout.buffer.write(line * 1000)' >"$T/much"
rss() { awk '/^VmRSS/ { print $2 }' "/proc/$PID/status"; }
before=$(rss)
in_client ping -6 -n -i 0.01 -c 300 -I 2001:db8:2::8 $GOOGLE >"$T/ping" &
job=$!
ctl import --json <"$T/much" 2>/dev/null | json 'it["refused"]' >"$T/refused"
same "100 MB of lines are read" 3000000 "$(cat "$T/refused")"
t "and need no memory" test $(($(rss) - before)) -lt 2000
wait $job
same "while packets pass" "300 received" "$(grep -o '[0-9]* received' "$T/ping")"
stop_nat64d

# --- many leases ----------------------------------------------------------------------------------------------------------

config 'dynamic-pool 10.64.0.0/15 standby' 'fast-path off' >"$T/conf"
rm -f "$T"/data/*
start_nat64d || finish
python3 -c 'import sys, time
now = int(time.time())
for i in range(1, 100001):
    print("# since %d\n10.%d.%d.%d\t2001:db8:9:%x::%04x\t%d\t64:ff9b::/96" % (now - 9999, 64 + (i >> 16), i >> 8 & 255, i & 255, i >> 8, i & 65535, now - i % 7000))' >"$T/many"
# rounds: prints how many rounds of the loop took longer than 0.25, 0.5, 1 and 5 ms.
rounds() {
	ctl metrics | awk '/^nat64d_loop_seconds_bucket/ { split($1, le, "\""); n[le[2]] = $2 }
		END { print n["+Inf"] - n["0.00025"], n["+Inf"] - n["0.0005"], n["+Inf"] - n["0.001"], n["+Inf"] - n["0.005"] }'
}
in_client ping -6 -n -i 0.002 -c 1500 -W 1 $GOOGLE >"$T/ping" &
job=$!
sleep 0.3
before=$(rounds)
begin=${EPOCHREALTIME/./}
same "100,000 leases are taken" "$(taken 100000 100000 0 0 0 0 0)" "$(ctl import <"$T/many")"
took=$(((${EPOCHREALTIME/./} - begin) / 1000))
after=$(rounds)
diag "$took ms; rounds longer than 0.25, 0.5, 1 and 5 ms: before $before, after $after"
begin=${EPOCHREALTIME/./}
same "once more, they are the same" "$(taken 100000 0 100000 0 0 0 0)" "$(ctl import <"$T/many")"
diag "$(((${EPOCHREALTIME/./} - begin) / 1000)) ms"
wait $job
diag "$(tail -n 2 "$T/ping")"
same "packets pass meanwhile" "1500 received" "$(grep -o '[0-9]* received' "$T/ping")"
t "in less than 10 s" test $took -lt 10000
stops "TERM: exit status 0"
finish

#!/usr/bin/env bash
# Which hosts get an address from which pool and for how long, at a start, at a reload under traffic, and with the secret of the
# pools in another place; with and without the fast path.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need ss
topology
# shellcheck source=tests/netns/ctl.sh
. "$here/ctl.sh"
serve_udp
map=$T/data/dynamic.map
for net in a b c; do
	ip -n "$C" route add local "2001:db8:$net::/48" dev lo
	ip -n "$R" route add "2001:db8:$net::/48" via 2001:db8:1::2
done
# 2001:db8:a::/48 and so on are three customers.
A=2001:db8:a: B=2001:db8:b: D=2001:db8:c:

# pools LINE...: a configuration with these pools and nothing else of that kind; MORE stands in front.
MORE=""
pools() {
	config | grep -v '^dynamic-pool' >"$T/conf"
	printf '%s\n' $MORE "$@" | tr '_' ' ' >>"$T/conf"
}
start() {
	: >"$LOG"
	start_nat64d "$@" || finish
	ip -n "$R" route replace 10.9.0.0/16 dev nat64
	wait_for grep -q 'fast-path: ' "$LOG"
}
# stop: a daemon that ends otherwise than in order is a failed point.
stop() { stop_nat64d || not_ok "it ends in order, not with status $?"; }
reload() {
	from=$(since)
	kill -HUP "$PID"
	wait_for said "$from" "is in effect"
}
fresh_start() {
	stop
	rm -f "$map"* "$T"/data/leases.log*
	start
}

# asks HOST...: the IPv4 address that each speaks from, or the name of the error that comes back, in their order.
asks() {
	in_client python3 - "$GOOGLE" "$@" <<'END'
import errno, socket, sys
said = []
for host in sys.argv[2:]:
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_IPV6, 25, 1)  # IPV6_RECVERR: unreachable addresses are no secret
    s.bind((host, 0))
    s.connect((sys.argv[1], 5007))
    s.settimeout(1)
    word = "nothing"
    for _ in range(3):
        try:
            s.send(b"who")
            word = s.recv(100).decode()
            break
        except TimeoutError:
            pass
        except OSError as e:
            word = errno.errorcode[e.errno]
            break
    said.append(word)
print(*said)
END
}
# confirmed HOST...: they have leases, and have sent again after an answer.
confirmed() { asks "$@" >/dev/null && asks "$@" >/dev/null; }
removed() { tail -n "+$from" "$LOG" | sed -n 's/^nat64d: \(lease .* removed: .*\)/\1/p'; }
back() { tail -n "+$from" "$LOG" | sed -n 's/^nat64d: \(lease .* is back: .*\)/\1/p'; }
of_lease() { ctl leases --json "$1" | each "it['$2']"; }

# ping_on HOST: it pings all the time, twenty times a second; its words are in $T/pings.
ping_on() {
	ip netns exec "$C" ping -6 -n -O -i 0.05 -I "$1" "$GOOGLE" </dev/null >"$T/pings" 2>&1 &
	pinger=$!
	wait_for grep -q 'bytes from' "$T/pings"
}
ping_off() { kill -INT "$pinger" && wait "$pinger"; }
pongs() { grep -c 'bytes from' "$T/pings"; }
go_on() {
	local was
	was=$(pongs)
	wait_for eval "[ \$(pongs) -gt $((was + 5)) ]"
}
stand_still() {
	local was
	sleep 0.3
	was=$(pongs)
	sleep 0.7
	[ "$(pongs)" -eq "$was" ]
}

# --- what holds with the fast path and without, which $1 tells --------------------------------------------------------

by_source() {
	pools "dynamic-pool 10.9.1.0/28 from ${A}:/48" "dynamic-pool 10.9.2.0/28 from ${B}:/48" \
		"dynamic-pool 10.9.4.0/30 from ${A}5::/64" "dynamic-pool 10.9.5.0/30 from ${B}5::/64 share 64 2"
	fresh_start
	t "$1: each customer has a pool" grep -qE '^10\.9\.1\.[0-9]* 10\.9\.2\.[0-9]*$' <<<"$(asks ${A}:1 ${B}:1)"
	t "$1: the longest from decides" grep -qE '^10\.9\.4\.[0-9]*$' <<<"$(asks ${A}5::1)"
	same "$1: nobody's pool: ICMPv6 1/5" EACCES "$(asks ${D}:1)"
	confirmed ${A}5::1 ${A}5::2 ${A}5::3
	same "$1: the pool of a longer from is full: no shorter one steps in" EHOSTUNREACH "$(asks ${A}5::4)"
	t "$1: and a warning names it" wait_for said 1 \
		"warning: dynamic-pool 10.9.4.0/30 from ${A}5::/64: full, [0-9]+ packets? of .*nat64ctl networks.*share"
	same "$1: the others have room, and are not named" 0 "$(grep -c 'dynamic-pool 10.9.[12]' "$LOG")"
	t "$1: so does the status line" grep -q "dynamic-pool 10.9.4.0/30 from ${A}5::/64 is full" <<<"$(ctl status)"
	confirmed ${B}5::1
	sleep 1.1
	confirmed ${B}5::2
	first=$(of_lease ${B}5::1 ipv4)
	asks ${B}5::3 >/dev/null
	same "$1: a share of two: the third takes the place of the one longest idle" "1 1" \
		"$(ctl leases ${B}5::2 | grep -c "${B}5::2 ") $(ctl leases ${B}5::3 | grep -c "${B}5::3 ")"
	t "$1: which has none any more" fails ctl leases --json "$first" \| grep -q "${B}5::1\""
	same "$1: nor has it in the list" "" "$(ctl leases --json | grep -o "\"${B}5::1\"")"
	sleep 1.1
	asks ${B}5::3 >/dev/null
	address=$(of_lease ${B}5::2 ipv4)
	pools "dynamic-pool 10.9.5.0/30 from ${B}5::/64 share 64 1"
	reload
	t "$1: a share of one, by a reload: the one longest idle ends" said "$from" \
		"lease $address of ${B}5::2 removed: its network holds more leases than its share"
	same "$1: and the other one stays" "${B}5::3" "$(ctl leases --json | each 'it["ipv6"]')"
	pools "dynamic-pool 10.9.5.0/30 from ${B}5::/64 share 64 2"
	reload
	same "$1: a share of two again: it is back" "lease $address of ${B}5::2 is back: its address can be leased again" "$(back)"
}

times() {
	pools 'dynamic-pool 10.9.1.0/30 lease 2 4' 'log lease'
	fresh_start
	confirmed ${A}:1 ${B}:1 ${D}:1
	same "$1: lease 2 4: a full pool, all of it guaranteed" EHOSTUNREACH "$(asks ${A}:2)"
	t "$1: two seconds later there is an address for the next host" wait_for eval "asks ${A}:2 | grep -q '^10.9.1.'"
	t "$1: the longest idle one has ended for it" said 1 "lease ended full 10.9.1.[0-9] 2001:db8:[abc]::1 "
	t "$1: and after four nobody has any" wait_for eval '[ "$(ctl status --json | json "it[\"pools\"][0][\"used\"]")" -eq 0 ]'
	t "$1: which is told of as idle" said 1 "lease ended idle 10.9.1.[0-9] ${A}:2 "
	kill -9 "$PID"
	wait "$PID" 2>/dev/null
	start
	same "$1: a crash brings none of them back" 0 "$(ctl status --json | json 'it["pools"][0]["used"]')"
	confirmed ${A}:1
	pools 'dynamic-pool 10.9.1.0/30 lease 1h' 'log lease'
	reload
	sleep 5
	same "$1: a reload to a longer time: it goes on" "${A}:1" "$(of_lease ${A}:1 ipv6)"
	pools 'dynamic-pool 10.9.1.0/30 lease 1 2' 'log lease'
	reload
	t "$1: to one that is over already: it ends as idle" wait_for said "$from" "lease ended idle 10.9.1.[0-9] ${A}:1 "
}

moves() {
	pools "dynamic-pool 10.9.1.0/28 from ${A}:/48" 'lease-log 1'
	fresh_start
	ping_on ${A}:7
	address=$(of_lease ${A}:7 ipv4)
	pools "dynamic-pool 10.9.1.0/28 from ${B}:/48" 'lease-log 1'
	reload
	same "$1: its from moves to others under traffic: who has lost it, and why" \
		"lease $address of ${A}:7 removed: its dynamic-pool is for other hosts now" "$(removed)"
	t "$1: its packets pass no more" stand_still
	t "$1: and the history says how" wait_for eval "ctl history ${A}:7 | grep -q 'ended *reload'"
	pools "dynamic-pool 10.9.1.0/28 from ${A}:/48" 'lease-log 1'
	reload
	same "$1: it moves back: so does the lease" "lease $address of ${A}:7 is back: its address can be leased again" "$(back)"
	t "$1: and the packets pass again" go_on
	pools "dynamic-pool 10.9.1.0/28 from ${B}:/48" 'dynamic-pool 10.9.2.0/28' 'lease-log 1'
	reload
	t "$1: another pool is for it: it goes on there" go_on
	t "$1: with another address" grep -q '^10.9.2.' <<<"$(of_lease ${A}:7 ipv4)"
	ping_off
}

who_may() {
	pools 'dynamic-pool 10.9.1.0/28' 'lease-log 1'
	fresh_start
	t "$1: without allow: a line says that everybody may" said 1 'allow: not set, so every host that can route packets here'
	same "$1: once" 1 "$(grep -c 'allow: not set' "$LOG")"
	ping_on ${A}:7
	asks ${B}:1 >/dev/null
	address=$(of_lease ${A}:7 ipv4)
	pools 'dynamic-pool 10.9.1.0/28' "allow ${B}:/48" 'lease-log 1'
	reload
	same "$1: allow for others: who has lost it, and why" \
		"lease $address of ${A}:7 removed: no allow contains its host" "$(removed)"
	t "$1: its packets pass no more" stand_still
	same "$1: it is told so, by ICMPv6 1/1" EACCES "$(asks ${A}:8)"
	t "$1: IPv4 does not reach it either" fails ping4 "$address"
	t "$1: who is allowed goes on" grep -q '^10.9.1.' <<<"$(asks ${B}:1)"
	same "$1: and nothing is said of everybody" "" "$(tail -n "+$from" "$LOG" | grep 'allow: not set')"
	pools 'dynamic-pool 10.9.1.0/28' "allow ${B}:/48" "allow ${A}:/64" 'lease-log 1'
	reload
	same "$1: allow for it: it has it back" "lease $address of ${A}:7 is back: its address can be leased again" "$(back)"
	t "$1: and its packets pass" go_on
	same "$1: from the same address" "$address" "$(of_lease ${A}:7 ipv4)"
	pools 'dynamic-pool 10.9.1.0/28' 'lease-log 1'
	reload
	t "$1: the last allow is gone: the line again" said "$from" 'allow: not set, so every host that can route packets here'
	ping_off
	ctl watch </dev/null >"$T/watched" 2>&1 &
	watcher=$!
	CHILDREN+=" $watcher"
	wait_for connected
	pools 'dynamic-pool 10.9.1.0/28' "allow ${B}:/48" 'lease-log 1'
	reload
	t "$1: who watches hears of it" wait_for grep -q "\"event\": \"ended\", \"cause\": \"reload\", \"ipv4\": \"$address\"" "$T/watched"
	kill "$watcher"
	stop
}

# A start is another configuration for the leases of before.
restarts() {
	pools 'dynamic-pool 10.9.1.0/28' 'dynamic-pool 10.9.2.0/28 from 2001:db8:b::/48' 'lease-log 1'
	fresh_start
	read -r of_a of_b of_c <<<"$(asks ${A}:1 ${B}:1 ${D}:1)"
	stop
	pools 'dynamic-pool 10.9.1.0/28' "dynamic-pool 10.9.2.0/28 from ${A}:/48" 'lease-log 1' "allow ${A}:/48" "allow ${B}:/48"
	start
	t "$1: a start: who may not any more" said 1 "dynamic.map:[0-9]+: lease $of_c of ${D}:1 removed: no allow contains its host"
	t "$1: whose pool is for others" said 1 \
		"dynamic.map:[0-9]+: lease $of_b of ${B}:1 removed: its dynamic-pool is for other hosts"
	t "$1: or whom another pool is for" said 1 \
		"dynamic.map:[0-9]+: lease $of_a of ${A}:1 removed: its dynamic-pool is for other hosts"
	same "$1: nobody has a lease" 0 "$(ctl leases --json | wc -l)"
	t "$1: the history has it" wait_for eval "ctl history ${D}:1 | grep -q 'ended *reload'"
	t "$1: and the file is kept aside" grep -q "^$of_c" "$map.bad-1"
	t "$1: it can be put back" eval 'stop; cp "$map.bad-1" "$map"'
	pools 'dynamic-pool 10.9.1.0/28' "dynamic-pool 10.9.2.0/28 from ${B}:/48" 'lease-log 1'
	start
	same "$1: where it fits again, all have their leases" 3 "$(ctl leases --json | wc -l)"
	same "$1: and their addresses" "$of_a $of_b $of_c" "$(asks ${A}:1 ${B}:1 ${D}:1)"
	stop
}

# Two hosts lose their leases and have them again, without a packet in between.
aside() {
	pools 'dynamic-pool 10.9.1.0/28'
	fresh_start
	confirmed ${A}:9
	asks ${A}:8 >/dev/null
	pools 'dynamic-pool 10.9.1.0/28' "allow ${B}:/48"
	reload
	pools 'dynamic-pool 10.9.1.0/28'
	reload
	same "$1: who was confirmed is again, and nobody else" "True False" "$(of_lease ${A}:9 confirmed) $(of_lease ${A}:8 confirmed)"
	stop
}

# Each packet comes from another /64, takes the place of the one before, and is never heard again.
storm() {
	pools 'dynamic-pool 10.9.1.0/28' 'lease-log 1' 'log lease'
	fresh_start
	confirmed ${B}:1 ${B}:2
	before="$(of_lease ${B}:1 ipv4) $(of_lease ${B}:2 ipv4)"
	hole "$S" 9
	# A busy machine may stop the daemon for a moment: nothing is to be lost then.
	ip -n "$R" link set nat64 txqueuelen 10000
	in_client python3 - "$GOOGLE" 6000 <<'END'
import socket, sys
for i in range(1, int(sys.argv[2])):
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.bind(("2001:db8:a:%x::1" % i, 0))
    s.sendto(b"x", (sys.argv[1], 9))
    s.close()
END
	displaced=$(ctl status --json | json "it['pools'][0]['displaced']")
	recorded=$(counter "$(counters)" both leases-recorded)
	t "$1: a storm ends $displaced leases" test "$displaced" -gt 3000
	t "$1: $recorded of them are on record" test "$recorded" -lt 2000
	t "$1: and no more lines are in the file" test "$(wc -l <"$map")" -lt 4100
	t "$1: nor in the log" test "$(grep -c 'lease assigned' "$LOG")" -lt 2000
	t "$1: nor in the history" test "$(cat "$T"/data/leases.log* | wc -l)" -lt 4000
	t "$1: the log says how many are not" wait_for said 1 '[0-9]+ leases of full pools were not recorded: '
	same "$1: whoever had answers keeps his address" "$before" "$(asks ${B}:1 ${B}:2)"
	confirmed ${D}:1
	t "$1: who comes now gets one, which is on record" grep -q "$(of_lease ${D}:1 ipv4).${D}:1" "$map"
	same "$1: no end is told of what has no beginning" "" "$(sed -nE 's/.*lease (assigned|ended) [a-z]+ [0-9.]+ ([^ ]+) .*/\1 \2/p' "$LOG" |
		awk '$1 == "assigned" { on[$2]++ } $1 == "ended" && on[$2]-- < 1 { print $2 }')"
	stop
	start
	same "$1: after a start they have their addresses" "$before" "$(asks ${B}:1 ${B}:2)"
	stop
}

for mode in "with the fast path" "without"; do
	MORE=""
	[ "$mode" != without ] || MORE="fast-path_off"
	by_source "$mode"
	times "$mode"
	moves "$mode"
	who_may "$mode"
	restarts "$mode"
	aside "$mode"
	storm "$mode"
done

# --- many leases of two pools ---------------------------------------------------------------------------------------------

MORE="fast-path_off"
two_pools() { pools "dynamic-pool 10.10.0.0/15 from $1:/48" "dynamic-pool 10.12.0.0/15 from $2:/48"; }
two_pools "$A" "$B"
rm -f "$map"*
python3 -c '
import ipaddress, time
def leases(first, net, n, idle):
    for i in range(1, n + 1):
        print("%s\t2001:db8:%s::%x:%x\t%d" % (ipaddress.ip_address(first) + i, net, i >> 16, i & 65535, time.time() - idle))
leases("10.10.0.0", "a", 70000, 3600)
leases("10.12.0.0", "b", 10, 60)' >"$map"
start
same "all of them are there" 70010 "$(ctl status --json | json "sum(p['used'] for p in it['pools'])")"
two_pools "$B" "$A"
reload
same "each pool is for the others' hosts: all leases end" 0 "$(ctl status --json | json "sum(p['used'] for p in it['pools'])")"
two_pools "$A" "$B"
reload
same "65536 are remembered, and come back" 65536 "$(ctl status --json | json "sum(p['used'] for p in it['pools'])")"
same "those that were used last, of whichever pool" 10 "$(ctl status --json | json "it['pools'][1]['used']")"
stop

# --- the secret of the pools --------------------------------------------------------------------------------------------

MORE="fast-path_off"
key=$T/keys/pool.key
mkdir -m 755 "$T/keys"
keyed() { pools 'dynamic-pool 10.9.0.0/16' "pool-key ${1:-$key}"; }
line() { grep -n '^pool-key' "$T/conf" | cut -d: -f1; }
# refused NAME TEXT [OPTION...]: two points, ok if it does not start, says TEXT, and ends in order.
refused() {
	local name=$1 text=$2
	shift 2
	: >"$LOG"
	start_bare "$@"
	wait_for ended "$PID"
	t "$name" grep -qF -- "$text" "$LOG"
	stop_nat64d
	same "$name: exit status" 1 $?
}
hundred() { asks ${A}:{1..9}{0..9}; }
secret() { echo "$1" >"$key" && chmod "${2:-640}" "$key"; }

keyed
rm -f "$map"*
refused "a key elsewhere that is not there: file, line and remedy" \
	"$T/conf:$(line): pool-key: $key does not exist (create it: od -An -N16 -tx1 /dev/urandom | tr -d ' \\n' >$key; chgrp nat64d $key; chmod 640 $key)"
fails test -e "$key"
same "and it is not made" 0 $?
shows "-t says so, too" "pool-key: $key does not exist (" "$NAT64D" -t -c "$T/conf"
secret 0123
refused "one that is none" "$T/conf:$(line): pool-key: $key does not consist of exactly 32 hexadecimal digits"
shows "-t, too" "pool-key: $key does not consist of exactly 32 hex" "$NAT64D" -t -c "$T/conf"
secret 0123456789abcdef0123456789abcdef
chown -R nobody "$T/data" "$RUNTIME_DIRECTORY"
refused "one that the daemon's user may not read" \
	"$T/conf:$(line): pool-key: $key cannot be read by user 65534 (chgrp nat64d $key; chmod 640 $key" --user nobody
shows "-t by root tries it as that user" "cannot be read by user 65534 (" "$NAT64D" -t -c "$T/conf" --user nobody
shows "-t by somebody else cannot tell" "configuration is valid" \
	setpriv --reuid 12345 --regid 12345 --clear-groups "$NAT64D" -t -c "$T/conf" --user nobody
chgrp nogroup "$key"
start --user nobody
same "its group may: nothing is said" "" "$(grep pool-key "$LOG")"
hundred >"$T/first"
secret fedcba9876543210fedcba9876543210
chgrp nogroup "$key"
reload
t "a reload takes what the file has by now" said "$from" 'pool-key: the secret changed'
same "leases stay" "$(cat "$T/first")" "$(hundred)"
secret 0123
reload_refused() {
	from=$(since)
	kill -HUP "$PID"
	wait_for said "$from" "reload: nothing is changed"
}
reload_refused
t "one that cannot be used: the reload is refused, with file and line" said "$from" "conf:$(line): pool-key: .* 32 hexadecimal digits"
same "and so says status" "$T/conf:$(line)" "$(ctl status --json | json "it['last_reload']['error'].split(': ')[0]")"
stop
rm "$map"
secret fedcba9876543210fedcba9876543210
chgrp nogroup "$key"
start --user nobody
hundred >"$T/second"
t "with another secret the hosts have other addresses" fails cmp -s "$T/first" "$T/second"
stop
rm "$map"
secret 0123456789abcdef0123456789abcdef
start
same "a third daemon, another user, the first key: the first addresses" "$(cat "$T/first")" "$(hundred)"
stop
rm "$map"
chmod 600 "$key"
start --user nobody --chroot
same "in a chroot: root has read it before" "$(cat "$T/first")" "$(hundred)"
stop
pools "pool-key $T/keys/none"
start --user nobody --chroot
t "in a chroot, without a pool: it need not be there" said 1 'translating on nat64'
stop
keyed
rm "$map"
secret 0123456789abcdef0123456789abcdef 644
start
t "one for all to read: a warning" said 1 "warning: $T/conf:$(line): pool-key: $key is readable by other users \(chmod 640 it\)"
stop
sed -i '/^data-dir/d' "$T/conf"
chmod 640 "$key"
start
same "without data-dir: the first addresses all the same" "$(cat "$T/first")" "$(hundred)"
stop
keyed node.key
start
wait_for test -e "$T/data/node.key"
t "another name in data-dir: it is made" grep -qE '^[0-9a-f]{32}$' "$T/data/node.key"
keyed other.key
reload
t "one more, by a reload: it is made, and is another one" said "$from" 'pool-key: the secret changed'
t "in the place that was named" fails cmp -s "$T/data/node.key" "$T/data/other.key"
stop
finish

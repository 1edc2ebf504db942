#!/usr/bin/env bash
# The history of leases: all events of hosts are recorded, even if a process is killed, and `nat64ctl who' and `history' find
# them.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need setpriv ss unshare
topology
# shellcheck source=tests/netns/ctl.sh
. "$here/ctl.sh"
file=$T/data/leases.log
map=$T/data/dynamic.map


speak() { in_client ping -6 -n -c 1 -W 2 -I "$1" "$GOOGLE" >/dev/null; }
# small NET LINE...: writes a configuration with the pool NET.
small() {
	local net=$1
	shift
	config "$@" | sed "s|^dynamic-pool.*|dynamic-pool $net|"
}
# Event, cause, IPv4 and IPv6 address of the lines from number $1 on: of the history, and of the log.
events() { cat "$file" 2>/dev/null | tail -n "+${1:-1}" | cut -d ' ' -f 2-5; }
log_lines() { sed -nE 's/^nat64d: lease (assigned|ended) (.*)/\1 \2/p' "$LOG"; }
lines() { cat "$file" 2>/dev/null | wc -l; }
has_lines() { [ "$(lines)" -eq "$1" ]; }
reload() {
	local from
	from=$(since)
	kill -HUP "$PID"
	wait_for said "$from" "is in effect" >/dev/null
}
keeper() { pgrep -P "$PID" nat64d-leases; }
# A second that is over, for a time that lies between events.
moment() { sleep 1.1 && date -u +%Y-%m-%dT%H:%M:%SZ && sleep 1.1; }

# --- the records ----------------------------------------------------------------------------------------------------

config 'log lease' 'lease-log 30' >"$T/conf"
start_nat64d || finish
serve_udp
exits "before the first line nobody knows" 1 "the history is still empty" ctl who 192.168.255.9 at 2020-01-01T00:00:00Z
ctl watch >"$T/watch" &
watch=$!
wait_for sh -c "ss -xH | grep -q '$SOCKET'" # it is connected
hosts 200 | sort >"$T/before"
t "200 hosts make 200 lines" wait_for has_lines 200
same "which the user and the group of the directory may read" "$(stat -c '%U %G' "$T/data") 640" "$(stat -c '%U %G %a' "$file")"
events | awk '{ print $4, $3 }' | sort >"$T/told"
t "they name the hosts and the addresses that were answered" cmp "$T/before" "$T/told"
same "all are new" "assigned new" "$(events | cut -d ' ' -f 1,2 | sort -u)"
same "and as the format wants it" 200 \
	"$(grep -cE '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z assigned new [0-9.]+ [0-9a-f:]+ 64:ff9b::/96 - -$' "$file")"
log_lines >"$T/logged"
cut -d ' ' -f 2- "$file" >"$T/told"
t "the log says the same" cmp "$T/logged" "$T/told"
sleep 0.5
kill "$watch"
wait "$watch" 2>/dev/null
grep -c . "$T/watch" >"$T/watched"
python3 - "$file" "$T/watch" <<'END_OF_SCRIPT' >"$T/compared" 2>&1
import json, sys
want = [line.split() for line in open(sys.argv[1])]
got = [json.loads(line) for line in open(sys.argv[2])]
got = [g for g in got if g["event"] in ("assigned", "ended")]
assert len(want) == len(got), (len(want), len(got))
for w, g in zip(want, got):
    assert [g["event"], g["cause"], g["ipv4"], g["ipv6"], g["prefix"]] == w[1:6], (w, g)
    assert g["packets"] is None and g["bytes"] is None, g
END_OF_SCRIPT
same "who watches is told the same" "" "$(cat "$T/compared")"

read -r host address <"$T/before"
small 192.168.255.0/24 'log lease' 'lease-log 30' "map $address 2001:db8:3::1" >"$T/conf"
assigned=$(grep " $address " "$file" | cut -d ' ' -f 1)
between=$(moment)
reload
t "a reload that maps an address" wait_for has_lines 201
same "ends its lease" "ended map $address $host" "$(events 201)"
same "with the time of the assignment" "$assigned" "$(sed -n 201p "$file" | cut -d ' ' -f 9)"
same "and what was translated for it: one packet each way, of 48 and 28 bytes and a few" "2" "$(sed -n 201p "$file" | cut -d ' ' -f 7)"
small 192.168.254.0/29 'log lease' 'lease-log 30' >"$T/conf"
reload
t "another pool ends all others" wait_for has_lines 400
same "because of the reload" "199 ended reload" "$(events 202 | cut -d ' ' -f 1,2 | sort | uniq -c | sed 's/^ *//')"
log_lines >"$T/logged"
cut -d ' ' -f 2- "$file" >"$T/told"
t "the log still says the same" cmp "$T/logged" "$T/told"

# --- queries --------------------------------------------------------------------------------------------------------

# answers ARGUMENT...: prints IPv4, IPv6, start and end of each answer.
answers() { ctl "$@" --json | sed -E 's/[{}",]//g' | awk '{ print $2, $4, $8, $10 }'; }
ended=$(sed -n 201p "$file" | cut -d ' ' -f 1)
same "who had the address" "$address $host $assigned $ended" "$(answers who "$address" at "$between")"
same "or the host one" "$address $host $assigned $ended" "$(answers who "$host" at "$between")"
same "the first second counts" "$address $host $assigned $ended" "$(answers who "$address" at "$assigned")"
exits "the last does not" 1 "$address had no lease at $ended" ctl who "$address" at "$ended"
exits "nor does a time before the history" 1 "the history begins at $(head -n 1 "$file" | cut -d ' ' -f 1)" ctl who "$address" at 2020-01-01T00:00:00Z
exits "now nobody has it" 1 "$address has no lease" ctl who "$address"
local_time=$(TZ=Asia/Kolkata date -d "$between" '+%Y-%m-%d %H:%M:%S')
export TZ=Asia/Kolkata
same "local time, in one word" "$address $host $assigned $ended" "$(answers who "$address" at "$local_time")"
# shellcheck disable=SC2086 # two words
same "and in two" "$address $host $assigned $ended" "$(answers who "$address" at $local_time)"
unset TZ
same "another zone" "$address $host $assigned $ended" \
	"$(answers who "$address" at "$(date -d "$between" -u -d "$between 90 minutes" +%Y-%m-%dT%H:%M:%S)+01:30")"
same "as text" "IPV4 IPV6 PREFIX FROM UNTIL $address $host 64:ff9b::/96 $assigned $ended" "$(ctl who "$address" at "$between" | xargs)"
same "the history of the address" "assigned new $address $host
ended map $address $host" "$(ctl history "$address" | sed 1d | awk '{ print $2, $3, $4, $5 }')"
same "of the host, in JSON" "null 2" \
	"$(ctl --json history "$host" | python3 -c 'import json, sys; print(*[json.dumps(json.loads(l)["packets"]) for l in sys.stdin])')"
same "since a time" 200 "$(ctl history since "$between" | sed 1d | wc -l)"
same "until a time" 200 "$(ctl history until "$between" | sed 1d | wc -l)"
same "of an IPv4 prefix" "$(awk '{ split($4, a, "."); n += a[4] < 16 } END { print n }' <(grep -h 192.168.255 "$file"))" \
	"$(ctl history 192.168.255.0/28 | sed 1d | wc -l)"
same "of an IPv6 prefix" 400 "$(ctl history 2001:db8:2::/64 | sed 1d | wc -l)"
same "of none there" 0 "$(ctl history 192.0.2.0/24 | sed 1d | wc -l)"

speak 2001:db8:2::77
t "another host" wait_for has_lines 401
address=$(events 401 | awk '{ print $3 }')
since=$(tail -n 1 "$file" | cut -d ' ' -f 1)
same "has an address now" "$address 2001:db8:2::77 $since null" "$(answers who "$address")"
same "as text: still" "$address 2001:db8:2::77 64:ff9b::/96 $since still" "$(ctl who 2001:db8:2::77 | tail -n 1 | xargs)"
same "which leases says as well" "$since" "$(ctl leases "$address" --json | sed 's/.*"since": "\([^"]*\)".*/\1/')"
sleep 1.1
same "it has it a moment ago, too" "$address 2001:db8:2::77 $since null" "$(answers who "$address" at "$(date -u +%FT%TZ)")"
exits "but not before" 1 "$address had no lease" ctl who "$address" at "$between"
stop_nat64d
exits "nobody is there to ask who has it now" 3 "no process listens there" ctl who "$address"
exits "nor where the history is, at a path of one's own" 3 "no process listens there" ctl history
# With the /etc that the unit sees.
at_home() { in_router unshare -m sh -c 'mount -t tmpfs none /etc && cp "$0" /etc/nat64.conf && exec "$@"' "$T/conf" "$NAT64CTL" "$@"; }
if in_router "$NAT64D" --help | grep -q ' /etc/nat64.conf' && [ ! -S /run/nat64d/control ]; then
	same "by the configuration: it is read while the daemon is down" 401 "$(at_home history | sed 1d | wc -l)"
	same "and so is who had an address" "$host" "$(at_home who "$host" at "$between" | awk 'NR == 2 { print $2 }')"
	same "of a lease that had not ended, a warning says what is not known" \
		"nat64ctl: warning: nat64d is not running: the lease may have ended" \
		"$(at_home who "$address" at "$(date -u +%FT%TZ)" 2>&1 >/dev/null)"
fi

# --- a restart ------------------------------------------------------------------------------------------------------

start_nat64d || finish
speak 2001:db8:2::77
same "a lease that goes on after a restart has no line" 401 "$(lines)"
same "and began when it began" "$address 2001:db8:2::77 $since null" "$(answers who "$address")"
stop_nat64d
# All of it fifteen days earlier.
awk -F '\t' -v OFS='\t' -v days=$((15 * 24 * 3600)) '/^# checksum / { next } /^# since / { $0 = "# since " substr($0, 9) - days } /^[0-9]/ { $3 -= days } { print }' "$map" >"$T/map"
cat "$T/map" >"$map"
start_nat64d || finish
t "one that has ended meanwhile has one" wait_for has_lines 402
same "because nobody has used it" "ended idle $address 2001:db8:2::77" "$(events 402)"
same "with the time of its assignment" "$(date -u -d "$since 15 days ago" +%Y-%m-%dT%H:%M:%SZ)" "$(tail -n 1 "$file" | cut -d ' ' -f 9)"

speak 2001:db8:2::78
speak 2001:db8:2::79
t "two more" wait_for has_lines 404
stop_nat64d
small 192.168.253.0/29 'log lease' 'lease-log 30' >"$T/conf"
start_nat64d || finish
t "a start with another pool ends them" wait_for has_lines 406
same "as a reload would" "ended reload 2001:db8:2::78 ended reload 2001:db8:2::79" "$(events 405 | awk '{ print $1, $2, $4 }' | sort | xargs)"
same "with the time of the assignment" "$(sed -n 403,404p "$file" | cut -d ' ' -f 1 | sort | xargs)" \
	"$(sed -n 405,406p "$file" | cut -d ' ' -f 9 | sort | xargs)"
stop_nat64d
start_nat64d || finish
sleep 0.3
same "once" 406 "$(lines)"

# --- either process is killed ----------------------------------------------------------------------------------------

stop_nat64d
rm -rf "$T/data"
mkdir "$T/data"
small 172.16.0.0/18 'lease-log 30' >"$T/conf"
start_nat64d || finish
ip -n "$R" route replace 172.16.0.0/18 dev nat64
# flood: 2000 new hosts send, without waiting for answers.
flood() {
	in_client python3 - "$GOOGLE" "$1" <<-'END_OF_SCRIPT'
		import socket, sys
		for i in range(1, 2001):
		    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
		    s.bind(("2001:db8:2::%s:%x" % (sys.argv[2], i), 0))
		    s.sendto(b"x", (sys.argv[1], 9))
		    s.close()
	END_OF_SCRIPT
}
# Compares the last lines of the lease file with the history.
leased() { awk -F '\t' '!/^#/ && NF >= 3 { host[$1] = $2 } END { for (a in host) print a, host[a] }' "$map" | sort; }
assigned() { awk '$2 == "assigned" { print $4, $5 }' "$file" | sort; }
complete() { grep -vcE '^20[0-9T:-]{17}Z (assigned new|ended [a-z]+) ([0-9.]+ ){1}([0-9a-f:/]+ ){2}([0-9-]+ [0-9-]+)( 20[0-9T:-]{17}Z)?$' "$file"; }

for round in 1 2; do
	flood "$round" &
	flood=$!
	wait_for sh -c "[ \$(wc -l <'$file') -ge $(($(lines) + 300 * round)) ]"
	kill -9 "$PID"
	wait "$PID" 2>/dev/null
	PID=
	wait "$flood"
	start_nat64d || finish
	ip -n "$R" route replace 172.16.0.0/18 dev nat64
	leased >"$T/leased"
	assigned >"$T/assigned"
	t "kill -9 under load, $round: every lease that is on record is in the history" test -z "$(comm -23 "$T/leased" "$T/assigned")"
	same "once" "" "$(uniq -d "$T/assigned")"
	same "in whole lines" 0 "$(complete)"
done
from=$(since)
# Leases that began right before a kill were not answered; they may be in the history and missing from the lease file.
unheard=$(comm -13 "$T/leased" "$T/assigned" | wc -l)
diag "leases that nobody has heard of: $unheard"
for round in 3 4; do
	flood "$round" &
	flood=$!
	for _ in 1 2 3; do
		sleep 0.1
		helper=$(keeper) && [ -n "$helper" ] && kill -9 "$helper"
		wait_for keeper >/dev/null
	done
	wait "$flood"
done
all_written() { [ "$(lines)" -eq $(($(counter "$(counters)" both leases-used) + unheard)) ]; }
wait_for all_written
same "the helper is killed again and again: every lease has its line in the end" \
	$(($(counter "$(counters)" both leases-used) + unheard)) "$(lines)"
assigned >"$T/assigned"
same "once" "" "$(uniq -d "$T/assigned")"
same "in whole lines" 0 "$(complete)"
t "and the log says that there is another helper" said "$from" "the process that syncs it works again"

# --- a full disk ----------------------------------------------------------------------------------------------------

stop_nat64d
rm -rf "$T/data"
mkdir "$T/data"
mount -t tmpfs -o size=600k none "$T/data" && mounted=yes || mounted=
if [ "$mounted" ]; then
	small 192.168.255.0/24 'lease-log 30' >"$T/conf"
	start_nat64d || finish
	hosts 20 >/dev/null
	t "on a disk of 600 kB" wait_for has_lines 20
	head -c 1000000 /dev/zero >"$T/data/filler" 2>/dev/null
	from=$(since)
	hosts 60 >/dev/null
	t "that is full, the log says so" wait_for said "$from" "leases.log: cannot be written: No space left on device"
	same "and no line is cut short" "$(lines)" "$(grep -cE ' -$' "$file")"
	rm "$T/data/filler"
	t "once there is room again, all that has happened is written" wait_for has_lines 60
	t "and the log says that, too" wait_for said "$from" "leases.log: is written again"
	stop_nat64d
	umount "$T/data"
else
	skip "a full disk" "no file system can be mounted"
fi

# --- on and off -----------------------------------------------------------------------------------------------------

rm -rf "$T/data"
mkdir "$T/data"
config >"$T/conf"
start_nat64d || finish
speak 2001:db8:2::1
exits "without lease-log there is no history" 1 "lease-log is off" ctl history
exits "nor an answer about another time" 1 "lease-log is off" ctl who 192.168.255.1 at 2026-01-01T00:00:00Z
same "but one about now" 1 "$(answers who 2001:db8:2::1 | wc -l)"
t "and no file" fails test -e "$file"
config 'lease-log 1 1' >"$T/conf"
reload
speak 2001:db8:2::2
t "a reload can turn it on" wait_for has_lines 1
config >"$T/conf"
reload
speak 2001:db8:2::3
speak 2001:db8:2::4
sleep 0.3
same "and off: nothing is added" 1 "$(lines)"

# --- many lines -----------------------------------------------------------------------------------------------------

stop_nat64d
rm -rf "$T/data"
mkdir "$T/data"
lines=${HISTORY_LINES:-300000}
python3 "$here/history.py" "$T/data" "$lines" 9 "${HISTORY_QUESTIONS:-20}" >"$T/questions"
config 'lease-log 36500 2000' >"$T/conf"
start_nat64d || finish
cat "$T"/data/leases.log* >/dev/null # load the files into the page cache
# Measure processor time, because other processes may run.
TIMEFORMAT='%U %S'
while read -r kind address at answer; do
	{ time ctl who "$address" at "$at" --json >"$T/answer" 2>/dev/null; } 2>"$T/time"
	is=$(sed -E 's/[{}",]//g' "$T/answer" | awk '{ print $2, $4, $8, $10 }')
	awk -v kind="$kind" '{ printf "%s %d\n", kind, ($1 + $2) * 1000 }' "$T/time" >>"$T/times"
	[ "${is:-nobody}" = "$answer" ] || echo "$address at $at: $is instead of $answer"
done <"$T/questions" >"$T/wrong"
same "$lines lines: $(wc -l <"$T/questions") questions have the right answer" "" "$(head -n 5 "$T/wrong")"
for kind in held between never; do
	awk -v kind="$kind" '$1 == kind { n++; sum += $2; if ($2 > most) most = $2 }
		END { if (n) printf "# %s: %d answers, %d ms on average, %d ms at most\n", kind, n, sum / n, most }' "$T/times"
done
t "each within a second" test "$(awk '$2 > most { most = $2 } END { print most + 0 }' "$T/times")" -lt 1000

# --- by hand --------------------------------------------------------------------------------------------------------

before=$(lines)
config 'lease-log 36500 2000' >"$T/conf"
reload
speak 2001:db8:2::91
speak 2001:db8:2::92
t "two hosts" wait_for has_lines $((before + 2))
ctl release 2001:db8:2::91 >/dev/null
t "a lease that is released" wait_for has_lines $((before + 3))
same "has ended for that" "ended release 2001:db8:2::91" "$(tail -n 1 "$file" | cut -d ' ' -f 2,3,5)"
same "with one packet each way" 2 "$(tail -n 1 "$file" | cut -d ' ' -f 7)"
ctl pin 2001:db8:2::92 >/dev/null
t "one that is pinned" wait_for has_lines $((before + 4))
same "has ended for that" "ended pin 2001:db8:2::92" "$(tail -n 1 "$file" | cut -d ' ' -f 2,3,5)"
exits "who has a pinned address is told by its map" 1 "2001:db8:2::92 has no lease: it is mapped" ctl who 2001:db8:2::92
sleep 1.1
exits "which it has since its last lease ended, as the history says" 1 \
	"the last one ended at $(tail -n 1 "$file" | cut -d ' ' -f 1) because of a map" \
	ctl who 2001:db8:2::92 at "$(date -u +%Y-%m-%dT%H:%M:%SZ)"

# --- a damaged line -------------------------------------------------------------------------------------------------

printf '2026-11-25T14:00:00Z assigned now 192.168.254.250 2001:db8:2::9 64:ff9b::/96 - -\n' >"$T/data/leases.log.2"
damage="nat64ctl: warning: $T/data/leases.log.2: damaged at byte 0 (damaged lines of the history: 1; those that cannot be read are left out)"
same "a damaged line is reported" "$damage" "$(ctl history 2>&1 >/dev/null)"
same "by who as well" "$damage" "$(ctl who 2001:db8:2::9 at "$(date -u +%FT%TZ)" 2>&1 | tail -n 1)"
same "not by a search that does not meet it" "" "$(ctl history 192.0.2.1 2>&1 >/dev/null)"
t "and the exit status says that the rest was read" ctl history
same "which it was" $(($(cat "$file"* | wc -l) - 1)) "$(ctl history 2>/dev/null | sed 1d | wc -l)"
rm "$T/data/leases.log.2"

# --- bad words ------------------------------------------------------------------------------------------------------

config 'lease-log 1' >"$T/conf"
reload
for bad in "2026-13-01 12:00" "2026-02-29 12:00" "2026-11-25" "yesterday" "2026-11-25 24:00" "2026-11-25T14:00:00" "2026-11-25T14:00Z" "2026-11-25 14:00 x"; do
	exits "not a time: $bad" 2 "not a time" ctl who 192.168.255.7 at "$bad"
done
exits "a history since no time" 2 "usage: history" ctl history since
exits "until no time" 2 "usage: history" ctl history 192.0.2.1 until
exits "until nonsense" 2 "not a time" ctl history until soon
exits "two addresses" 2 "usage: history" ctl history 192.0.2.1 192.0.2.2
exits "since twice" 2 "usage: history" ctl history since 2026-01-01T00:00:00Z 192.0.2.1 since 2026-01-01T00:00:00Z
exits "bits behind the length" 2 "did you mean 192.0.2.0/24?" ctl history 192.0.2.1/24
exits "IPv6 bits behind the length" 2 "did you mean 2001:db8::/64?" ctl history 2001:db8::1/64
exits "no address" 2 "neither an address nor a prefix" ctl history somebody
exits "who of a prefix" 2 "is not an address" ctl who 192.0.2.0/24 at 2026-01-01T00:00:00Z
exits "now, too" 2 "is not an address" ctl who 192.0.2.0/24
exits "who without an address" 2 "who ADDRESS" ctl who
exits "who is nobody" 2 "usage: who ADDRESS [at TIME]" ctl who
exits "who at no time" 2 "usage: who ADDRESS" ctl who 192.0.2.1 at
exits "who on some day" 2 "usage: who ADDRESS" ctl who 192.0.2.1 on 2026-01-01T00:00:00Z
if setpriv --reuid 12345 --regid 12345 --clear-groups test -x "$T/open/nat64ctl" 2>/dev/null; then
	chmod 700 "$T/data"
	chmod 711 "$T/run"
	chmod 666 "$SOCKET"
	exits "whoever may not read the files" 1 "members of the group of nat64d may read" \
		in_router setpriv --reuid 12345 --regid 12345 --clear-groups "$T/open/nat64ctl" -s "$SOCKET" history
fi
finish

#!/usr/bin/env bash
# Leases: one per host, on disk before the answer, kept by restart, kill -9 and damage.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need ss
topology
config >"$T/conf"
start_nat64d || finish
serve_udp
map=$T/data/dynamic.map

# Prints the leases in the file in the format of `hosts'; the last line of an address counts.
on_disk() { awk -F '\t' '!/^#/ && NF >= 3 { host[$1] = $2 } END { for (a in host) print host[a], a }' "$map" | sort; }

hosts 200 | sort >"$T/before"
kill -9 "$PID"
wait "$PID" 2>/dev/null
same "200 hosts were answered" 200 "$(grep -vc none "$T/before")"
same "200 different addresses" 200 "$(awk '{ print $2 }' "$T/before" | sort -u | wc -l)"
on_disk >"$T/disk"
same "kill -9 straight after: 200 leases on disk" 200 "$(wc -l <"$T/disk")"
t "they are the ones that were answered" cmp "$T/before" "$T/disk"

start_nat64d || finish
read -r _ address <"$T/before"
t "right after the restart IPv4 reaches a host that has not spoken" ping4 "$address"
hosts 200 | sort >"$T/after"
t "the same addresses after kill -9" cmp "$T/before" "$T/after"

stops "TERM: exit status 0"
on_disk >"$T/disk"
t "a clean stop leaves the same leases" cmp "$T/before" "$T/disk"
start_nat64d || finish
address=$(awk 'END { print $2 }' "$T/before")
t "and IPv4 reaches them right after the start" ping4 "$address"
hosts 200 | sort >"$T/after"
t "the same addresses after a clean restart" cmp "$T/before" "$T/after"
stop_nat64d

# A new first prefix: the leases belong to the old one.
sed -i 's|^prefix|prefix 2001:db8:1:ffff::/96\n&|' "$T/conf"
: >"$LOG"
start_nat64d || finish
hosts 20 | sort >"$T/after"
same "the same addresses through the prefix they were for, which is no longer the first" 20 \
	"$(comm -12 "$T/before" "$T/after" | wc -l)"
same "and no more leases" 200 "$(counter "$(counters)" both leases-used)"
same "and no line of the file is complained of" "" "$(grep 'dynamic.map' "$LOG")"
stop_nat64d
config >"$T/conf"

cp "$T/data/dynamic.map" "$T/kept"
# Landlock knows a directory by its inode.
start_nat64d || finish
rm -rf "$T/data"
mkdir "$T/data"
t "data-dir was removed and made again: the log says that the sandbox needs a restart" \
	wait_for said 0 "sandbox: data-dir $T/data was created anew: restart nat64d"
stop_nat64d
rm -rf "$T/data"
mkdir "$T/data"
cp "$T/kept" "$T/data/dynamic.map"
config 'sandbox off' >"$T/conf"
start_nat64d || finish
rm -rf "$T/data"
mkdir "$T/data"
stops "data-dir was removed and made again: exit status 0"
on_disk >"$T/disk"
t "and all leases are in it" cmp "$T/before" "$T/disk"
config >"$T/conf"

# As Debian's package leaves it behind.
now=$(date +%s)
printf '###\n###\n# comment\n###\n192.168.255.9\t2001:db8:2::99\t%d\n192.168.255.10\t2001:db8:2::9a\t%d\n' \
	"$now" $((now - 5000)) >"$map"
start_nat64d || finish
t "a file written by Tayga is read" ping4 192.168.255.9
t "all of it" ping4 192.168.255.10
stop_nat64d
t "and kept" grep -q "192.168.255.9.*2001:db8:2::99" "$map"

printf '192.168.255.9\t2001:db8:2::99\t%d\n192.168.255.10\t2001:db8:2::9a\t%d' "$now" "$now" >"$map"
: >"$LOG"
start_nat64d || finish
t "edited by hand, with no newline at the end: the last line counts" ping4 192.168.255.10
same "and nothing is said" "" "$(grep 'dynamic.map' "$LOG")"
stop_nat64d

printf '192.168.255.9\t2001:db8:2::99\t%d\nnonsense\n192.168.255.10\t2001:db8:2::9a\t%d\n192.168.255.11\t2001:d' \
	"$now" "$now" >"$map"
: >"$LOG"
start_nat64d || finish
t "a damaged file: intact lines before the damage count" ping4 192.168.255.9
t "and those behind it" ping4 192.168.255.10
t "the bad line is reported with its number" grep -q "dynamic.map:2" "$LOG"
t "the damaged file is kept aside" grep -rq nonsense "$T/data"
stop_nat64d

# --- the log ----------------------------------------------------------------------------------------------------------

# small NET LINE...: a configuration with the pool NET, and with lines about leases.
small() {
	local net=$1
	shift
	config "$@" | sed "s|^dynamic-pool.*|dynamic-pool $net|"
}
# Event, cause, IPv4 and IPv6 address.
lease_lines() { tail -n "+$1" "$LOG" | sed -nE 's/^nat64d: lease (assigned|ended) (.*)/\1 \2/p' | cut -d ' ' -f 1-4; }
# Prints what a reload logs about leases.
reload_lines() { tail -n "+$1" "$LOG" | sed -n 's/^nat64d: \(lease .* of .*\|.* more leases .*\)/\1/p' | sort; }
reload() {
	from=$(since)
	kill -HUP "$PID"
	wait_for said "$from" "is in effect"
}
speak() { in_client ping -6 -n -c 1 -W 2 -I "$1" "$GOOGLE"; }

now=$(date +%s)
two_weeks=$((14 * 24 * 3600))
# The last but one lease has six seconds left.
printf '192.168.255.%d\t2001:db8:2::%x\t%d\n' 4 4 $((now - two_weeks - 10)) 5 5 $((now - two_weeks + 6)) \
	6 6 "$now" >"$map"
echo '# clean' >>"$map"
small 192.168.255.0/29 'log lease' >"$T/conf"
: >"$LOG"
start_nat64d || finish
same "the log: what nobody has used for two weeks ends at the start" "ended idle 192.168.255.4 2001:db8:2::4" \
	"$(lease_lines 1)"
t "or when the time has come" wait_for said 1 "lease ended idle 192.168.255.5 2001:db8:2::5 "
same "and leases that go on are not told of" 2 "$(lease_lines 1 | wc -l)"
from=$(since)
speak 2001:db8:2::77 >/dev/null
address=$(lease_lines "$from" | awk '{ print $3 }')
same "a new one" "assigned new $address 2001:db8:2::77" "$(lease_lines "$from")"
t "names the address that it has" grep -q "^$address.*2001:db8:2::77" "$map"
speak 2001:db8:2::77 >/dev/null
speak 2001:db8:2::6 >/dev/null
same "is told of once, and no other" 1 "$(lease_lines "$from" | wc -l)"
small 192.168.255.0/29 'log lease' "map $address 2001:db8:3::1" >"$T/conf"
reload
same "a reload that maps its address" "ended map $address 2001:db8:2::77" "$(lease_lines "$from")"
small 192.168.255.8/29 'log lease' >"$T/conf"
reload
same "one to another pool" "ended reload 192.168.255.6 2001:db8:2::6" "$(lease_lines "$from")"
speak 2001:db8:2::78 >/dev/null
address=$(lease_lines "$from" | awk '/assigned/ { print $3 }')
small 192.168.255.8/29 'log lease' | sed 's|^prefix.*|prefix 2001:db8:1:ffff::/96|' >"$T/conf"
reload
same "one to another prefix" "ended reload $address 2001:db8:2::78" "$(lease_lines "$from")"
small 192.168.255.0/29 >"$T/conf"
reload
speak 2001:db8:2::79 >/dev/null
same "without log lease: nothing" "" "$(lease_lines "$from")"
stop_nat64d

# Which leases survive a reload, and which come back: a pool that five hosts use in turn.
: >"$LOG"
printf '192.168.255.%d\t2001:db8:2::%x\t%d\n' 1 1 "$now" 2 2 "$now" 3 3 "$now" 9 9 "$now" 10 10 "$now" >"$map"
small 192.168.255.0/28 | sed 's|^ipv4-addr.*|ipv4-addr 192.168.254.1|' >"$T/conf"
start_nat64d || finish
cp "$T/conf" "$T/all"
echo 'map 192.168.255.2 2001:db8:3::2' >>"$T/conf"
reload
same "a map for a leased address: who has lost it, and why" \
	"lease 192.168.255.2 of 2001:db8:2::2 removed: the address is mapped now" "$(reload_lines "$from")"
cp "$T/all" "$T/conf"
reload
same "the map is gone again: who has it back" \
	"lease 192.168.255.2 of 2001:db8:2::2 is back: its address can be leased again" "$(reload_lines "$from")"
t "and the lease file has it" wait_for grep -q "^192.168.255.2.2001:db8:2::2.$now" "$map"
recorded() { on_disk | grep -qx '2001:db8:2::2 192.168.255.2'; }
echo 'map 192.168.255.2 2001:db8:3::2' >>"$T/conf"
reload
t "once more: the lease file has it no longer" wait_for fails recorded
cp "$T/all" "$T/conf"
reload
speak 2001:db8:2::2 >/dev/null
t "and a packet of its host puts it on record, long before the next rewrite" recorded
sed 's|/28|/29|' "$T/all" >"$T/conf"
reload
gone="no dynamic-pool contains the address any more"
same "the pool shrinks" "lease 192.168.255.10 of 2001:db8:2::a removed: $gone
lease 192.168.255.9 of 2001:db8:2::9 removed: $gone" "$(reload_lines "$from")"
reload
same "a reload that changes nothing: nothing" "" "$(reload_lines "$from")"
sed 's|192.168.255.0/28|192.168.253.0/28|' "$T/all" >"$T/conf"
reload
same "another pool: those that were left" "lease 192.168.255.1 of 2001:db8:2::1 removed: $gone
lease 192.168.255.2 of 2001:db8:2::2 removed: $gone
lease 192.168.255.3 of 2001:db8:2::3 removed: $gone" "$(reload_lines "$from")"
ip -n "$R" route replace 192.168.253.0/28 dev nat64
t "one of them has another by now" speak 2001:db8:2::3
{ cat "$T/all" && echo 'dynamic-pool 192.168.253.0/28'; } >"$T/conf"
reload
same "the first pool beside it: all but that one are back" 4 "$(reload_lines "$from" | grep -c 'is back')"
same "who has another keeps it" 0 "$(reload_lines "$from" | grep -c '2001:db8:2::3 ')"
sed 's|192.168.254.1|192.168.255.9|' "$T/conf" >"$T/own" && cp "$T/own" "$T/conf"
reload
same "an address becomes nat64d's own" \
	"lease 192.168.255.9 of 2001:db8:2::9 removed: the address now belongs to nat64d or to the device" "$(reload_lines "$from")"
sed 's|^prefix.*|prefix 2001:db8:1:ffff::/96|' "$T/all" >"$T/conf"
reload
t "another prefix" said "$from" "lease 192.168.255.1 of 2001:db8:2::1 removed: its prefix is gone"
stop_nat64d
: >"$LOG"
for i in {1..50}; do printf '192.168.255.%d\t2001:db8:2::%x\t%d\n' $((i + 100)) $((i + 100)) "$now"; done >"$map"
config >"$T/conf"
start_nat64d || finish
small 192.168.253.0/24 >"$T/conf"
reload
same "many: twenty, and how many more" "20 30 more leases removed like these" \
	"$(reload_lines "$from" | grep -c removed:) $(reload_lines "$from" | grep "more leases")"
config >"$T/conf"
reload
same "and back" "20 30 more leases are back like these" \
	"$(reload_lines "$from" | grep -c back:) $(reload_lines "$from" | grep "more leases")"
stop_nat64d
same "they are in the file in the end" 50 "$(grep -c "^192.168.255.1[0-9][0-9]" "$map")"
t "the file says how far it may be behind" grep -q '^# While nat64d runs, the last use .* lag by up to 10 minutes' "$map"

# One of three addresses can be reused: its two hours and four minutes are over.
printf '192.168.254.%d\t2001:db8:2::%x\t%d\n' 1 1 "$now" 2 2 $((now - 7500)) 3 3 $((now - 7300)) >"$map"
echo '# clean' >>"$map"
small 192.168.254.0/30 'log dyn' >"$T/conf"
: >"$LOG"
start_nat64d || finish
ip -n "$R" route replace 192.168.254.0/30 dev nat64
t "a full pool: a new host gets an answer" speak 2001:db8:2::80
same "the log: who has lost the address, and who has it" "ended full 192.168.254.2 2001:db8:2::2
assigned new 192.168.254.2 2001:db8:2::80" "$(lease_lines 1)"
speak 2001:db8:2::81 >/dev/null
same "who gets none is not told of" 2 "$(lease_lines 1 | wc -l)"
t "but there is a warning, with their number" wait_for said 1 'warning: dynamic-pool 192.168.254.0/30: full, [0-9]+ packets? of hosts without a lease refused'
t "and one before, that it gets full" said 1 'warning: dynamic-pool 192.168.254.0/30: 3 of 3 addresses are leased'
speak 2001:db8:2::82 >/dev/null
sleep 1.5
same "once an hour" 1 "$(grep -c 'dynamic-pool .*: full' "$LOG")"
stop_nat64d

# A flood of new hosts: the lines are limited, and so is the time that they take.
small 172.16.0.0/18 'log lease' >"$T/conf"
rm "$map"
: >"$LOG"
start_nat64d || finish
ip -n "$R" route replace 172.16.0.0/18 dev nat64
# A busy machine may pause the daemon for a short time; make the queue long enough that nothing is lost.
ip -n "$R" link set nat64 txqueuelen 10000
in_client python3 - "$GOOGLE" <<'END'
import socket, sys
for i in range(1, 6001):
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.bind(("2001:db8:2::1:%x" % i, 0))
    s.sendto(b"x", (sys.argv[1], 9))
    s.close()
END
leased() { [ "$(counter "$(counters)" both leases-used)" -ge 4000 ]; }
t "a flood of new hosts: they have leases" wait_for leased
# all_told: succeeds when the suppressed lines were counted in the log, a second later.
all_told() {
	lines=$(lease_lines 1 | wc -l)
	suppressed=$(sed -n 's/.*nat64d: \([0-9]*\) lines about leases suppressed$/\1/p' "$LOG" | awk "{ n += \$1 } END { print n + 0 }")
	used=$(counter "$(counters)" both leases-used)
	[ "$used" -eq $((lines + suppressed)) ]
}
wait_for all_told
t "a thousand of them are told of at once: $lines" test "$lines" -ge 1000
same "every lease is a line, or one that is counted as suppressed" "$used" $((lines + suppressed))
stop_nat64d
config >"$T/conf"

# --- the table is lost ----------------------------------------------------------------------------------------------

key=$T/data/pool.key
lost() { rm -f "$map"* && : >"$LOG"; }
same_addresses() { hosts 200 | sort >"$T/after" && comm -12 "$T/before" "$T/after" | wc -l; }
mode_of() { stat -c '%U %a' "$1"; }

rm -f "$key"
chown nobody "$T/data"
lost
start_nat64d || finish
wait_for test -e "$key" # the link is there before the leases are
same "the secret of the pool is made, for whom the directory belongs to" "nobody 600" "$(mode_of "$key")"
hosts 200 | sort >"$T/before"
stop_nat64d
chown -R root "$T/data"
lost
start_nat64d --chroot || finish
same "the table is lost: the same addresses, also from inside a chroot" 200 "$(same_addresses)"
stop_nat64d
lost
start_nat64d || finish
config 'map 192.168.255.50 2001:db8:3::50' >"$T/conf"
from=$(since)
kill -HUP "$PID"
t "a reload" wait_for said "$from" "is in effect"
same_addresses >/dev/null
t "keeps the secret: the same addresses, but for the one that is mapped now and what it pushed aside" \
	test "$(comm -12 "$T/before" "$T/after" | wc -l)" -ge 190
config >"$T/conf"
stop_nat64d

lost
cp -p "$key" "$T/key"
rm "$key"
start_nat64d || finish
t "the secret is lost as well: other addresses" test "$(same_addresses)" -lt 50
same "and nothing is said" "" "$(grep pool.key "$LOG")"
fails cmp -s "$key" "$T/key"
same "and there is another one" 0 $?
stop_nat64d
for odd in "echo 12 >" "ln -s $T/key" "mkfifo" "ln $T/key"; do
	lost
	rm -f "$key"
	eval "$odd $key"
	start_nat64d || finish
	t "a secret by way of ${odd%% /*}: nat64d starts and translates" ping6 "$GOOGLE"
	t "and says what to do" grep -qE "warning: $key .*\(.*\); until then hosts without a lease get other addresses" "$LOG"
	stop_nat64d
done
rm -f "$key"
cp -p "$T/key" "$key"
lost
start_nat64d || finish
same "it is put back: the first addresses" 200 "$(same_addresses)"
stop_nat64d

lost
rm "$key"
chown -R nobody "$T/data"
start_nat64d --user nobody || finish
same "as another user: it is theirs" "nobody 600" "$(mode_of "$key")"
stop_nat64d
chown root "$key"
: >"$LOG"
start_nat64d --user nobody || finish
t "a secret that is root's: they translate" ping6 "$GOOGLE"
t "and it is said whose it should be" grep -q "$key cannot be read (make user $(id -u nobody) its owner, the user of nat64d)" "$LOG"
stop_nat64d
finish

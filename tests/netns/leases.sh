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

# The file's word on who has what, as `hosts' prints it; the last line about an address counts.
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

# Another prefix in front of the only one: the leases are not its own.
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

start_nat64d || finish
rm -rf "$T/data"
mkdir "$T/data"
stops "data-dir was removed and made again: exit status 0"
on_disk >"$T/disk"
t "and all leases are in it" cmp "$T/before" "$T/disk"

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

# --- the table is lost ----------------------------------------------------------------------------------------------

key=$T/data/pool.key
lost() { rm -f "$map"* && : >"$LOG"; }
same_addresses() { hosts 200 | sort >"$T/after" && comm -12 "$T/before" "$T/after" | wc -l; }
mode_of() { stat -c '%U %a' "$1"; }

rm -f "$key"
chown nobody "$T/data"
lost
start_nat64d || finish
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
t "and it is said whose it should be" grep -q "$key cannot be read (give it to user $(id -u nobody), whom nat64d runs as)" "$LOG"
stop_nat64d
finish

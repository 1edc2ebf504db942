#!/usr/bin/env bash
# The commands of nat64ctl about leases: `leases', `release', `maps', `config', `pin' and `unpin', with real hosts.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need setpriv
topology
# shellcheck source=tests/netns/ctl.sh
. "$here/ctl.sh"

# of ADDRESS EXPRESSION: of its lease.
of() { ctl leases "$1" --json | each "$2"; }

lease_of() { of "$1" 'it["ipv4"]'; }
listed() { ctl leases "$1" | tail -n +2 | wc -l; }

# in_time HOST: HOST gets a lease now; prints what nat64ctl reports about it.
in_time() {
	local from till is
	from=$(date +%s)
	in_client ping -6 -n -c 1 -W 2 -I "$1" $GOOGLE >/dev/null || return
	till=$(date +%s)
	is=$(date +%s -d "$(of "$1" 'it["since"]')")
	[ "$is" -ge "$from" ] && [ "$is" -le "$till" ] || ! echo "$from $is $till"
}
all_in_time() {
	local i
	for i in {1..12}; do
		in_time "2001:db8:2::ff:$i" || return
		sleep 0.0$((RANDOM % 10))7
	done
}

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
if [ -c /dev/full ]; then
	same "a full disk is what is wrong, not nat64d" "nat64ctl: standard output: No space left on device" \
		"$(ctl leases --json 2>&1 >/dev/full)"
fi
# The reader has gone by then.
{
	sleep 0.3
	ctl leases --json 2>"$T/stderr"
	echo $? >"$T/status"
} | :
same "nobody reads any more: that is no trouble" "0 " "$(cat "$T/status") $(cat "$T/stderr")"

a1=$(lease_of 2001:db8:2::1)
same "an IPv4 address and the IPv6 address of its host are the same lease" "$(ctl leases "$a1" --json | each 'it["ipv6"]')" "2001:db8:2::1"
same "an address that nobody has: none" "" "$(ctl leases 192.168.255.0 --json)"
same "a prefix of hosts" 15 "$(listed 2001:db8:2::10/124 | awk '{ print $1 }')"
same "a prefix of addresses: those inside" \
	"$(each 'it["ipv4"]' <"$T/json" | awk -F. '$4 < 128' | sort)" "$(ctl leases 192.168.255.0/25 --json | each 'it["ipv4"]' | sort)"
exits "a prefix with bits behind its length: usage, and the right one" 2 "192.168.255.7/24 has host bits set (did you mean 192.168.255.0/24?)" \
	ctl leases 192.168.255.7/24
exits "in IPv6, too" 2 "(did you mean 2001:db8:2::/64?)" ctl leases 2001:db8:2::7/64
exits "what is no address: usage" 2 "hosts is neither an address nor a prefix" ctl leases hosts
exits "two addresses: usage" 2 "more than one address" ctl leases 192.168.255.7 192.168.255.8
exits "an unknown order: usage" 2 "--sort takes idle, age, packets or bytes" ctl leases --sort name
exits "an order left out: usage" 2 "--sort takes idle, age, packets or bytes" ctl leases --sort
exits "a limit of nothing: usage" 2 "--limit takes a number of at least 1" ctl leases --limit 0
exits "an unknown option: usage" 2 "unknown option --long" ctl leases --long
exits "reverse of nothing: usage" 2 "--reverse needs --sort" ctl leases --reverse
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

# --- release ----------------------------------------------------------------------------------------------------------

chmod 666 "$SOCKET"
exits "release by another user: not permitted" 1 "release: not permitted" as_other release 2001:db8:2::5
exits "release of nobody: exit status 1" 1 "192.168.255.0 has no lease" ctl release 192.168.255.0
exits "release of a prefix: usage" 2 "2001:db8:2::/64 is a prefix; give an address" ctl release 2001:db8:2::/64
exits "release of a word: usage" 2 "me is neither an address nor a prefix" ctl release me
exits "release of nothing: usage" 2 "release ADDRESS" ctl release
a5=$(lease_of 2001:db8:2::5)
same "release says who has lost what" "$a5 2001:db8:2::5 is released" "$(ctl release 2001:db8:2::5)"
same "the lease is gone" "" "$(ctl leases 2001:db8:2::5 --json)"
t "and IPv4 does not reach the host" fails ping4 "$a5"
kill -9 "$PID"
wait "$PID" 2>/dev/null
start_nat64d || finish
same "also after kill -9" "" "$(ctl leases 2001:db8:2::5 --json)"
ping6 -I 2001:db8:2::5 $GOOGLE >/dev/null
same "the host gets the address that it prefers" "$a5" "$(lease_of 2001:db8:2::5)"
same "release by the IPv4 address, in JSON" "2001:db8:2::5" "$(ctl release "$a5" --json | each 'it["ipv6"]')"

# --- maps and config --------------------------------------------------------------------------------------------------

same "no maps: a header" "IPV4 IPV6 LINE FILE" "$(ctl maps | xargs)"
config 'map 10.7.0.2 2001:db8:1::2' "map-file $T/more" >"$T/conf"
printf '# one\nmap 10.9.0.0/24 2001:db8:9::/120\n' >"$T/more"
ctl reload >/dev/null
same "maps: file and line" "10.7.0.2/32 2001:db8:1::2/128 7 $T/conf 10.9.0.0/24 2001:db8:9::/120 2 $T/more" \
	"$(ctl maps | tail -n +2 | xargs)"
same "in JSON" "10.9.0.0/24 2001:db8:9::/120 $T/more 2" \
	"$(ctl maps --json | each 'f"""{it["ipv4"]} {it["ipv6"]} {it["file"]} {it["line"]}"""' | tail -n 1)"
t "config is what -T prints" cmp <(ctl config) <(in_router "$NAT64D" -T -c "$T/conf")
same "in JSON: a directive in each line" "192.168.255.0/24" \
	"$(ctl config --json | each '(it["directive"] == "dynamic-pool" and it["value"]) or "-"' | grep -v '^-')"

# --- pin --------------------------------------------------------------------------------------------------------------

pins=$T/data/pinned.map
hosts 30 | sort >"$T/hosts"
a6=$(lease_of 2001:db8:2::6) a7=$(lease_of 2001:db8:2::7)
chmod 666 "$SOCKET"
exits "pin by another user: not permitted" 1 "pin: not permitted" as_other pin 2001:db8:2::6
exits "unpin, too" 1 "unpin: not permitted" as_other unpin 2001:db8:2::6
exits "pin of nobody: exit status 1" 1 "2001:db8:2::99 has no lease" ctl pin 2001:db8:2::99
exits "pin of a mapped host: exit status 1, and where it is mapped" 1 "2001:db8:1::2 is mapped by line 7 of $T/conf" ctl pin 2001:db8:1::2
exits "unpin of a lease: exit status 1" 1 "$a6 is not pinned" ctl unpin "$a6"
exits "unpin of a map: exit status 1" 1 "10.7.0.2 is mapped by line 7 of $T/conf, which is not a pinned map" ctl unpin 10.7.0.2
t "none of this has made a file" test ! -e "$pins"

# A conversation of many datagrams, during which its host is pinned and unpinned.
in_client ping -6 -n -i 0.05 -c 60 -I 2001:db8:2::6 $GOOGLE >"$T/ping" &
talk=$!
in_server ping -4 -n -i 0.05 -c 60 "$a6" >"$T/ping4" &
talk4=$!
sleep 0.5
same "pin: says so" "$a6 2001:db8:2::6 is pinned" "$(ctl pin "$a6")"
same "it is in the file" "map $a6 2001:db8:2::6" "$(grep -v -e '^#' -e '^$' "$pins")"
same "which is the daemon's, like the lease file" "$(stat -c '%U %a' "$T/data/dynamic.map")" "$(stat -c '%U %a' "$pins")"
same "the host leaves the leases" "" "$(ctl leases 2001:db8:2::6 --json)"
same "and is among the maps, with file and line" "$a6/32 2001:db8:2::6/128 4 $pins" "$(ctl maps | tail -n 1 | xargs)"
exits "it is no lease to release" 1 "2001:db8:2::6 is mapped by line 4 of $pins; it is not a lease" ctl release 2001:db8:2::6
exits "nor to pin again" 1 "is mapped by line 4" ctl pin "$a6"
sleep 0.5
same "unpin" "$a6 2001:db8:2::6 is a lease again" "$(ctl unpin 2001:db8:2::6)"
same "it is a lease again, with its address" "$a6" "$(lease_of 2001:db8:2::6)"
same "and no map" 2 "$(ctl maps --json | wc -l)"
wait "$talk" "$talk4"
same "a conversation loses nothing over both" "60 received" "$(grep -o '[0-9]* received' "$T/ping")"
same "nor does one from IPv4" "60 received" "$(grep -o '[0-9]* received' "$T/ping4")"

ctl pin 2001:db8:2::6 >/dev/null
ctl pin 2001:db8:2::7 --json >"$T/json"
same "pin in JSON" "$a7 2001:db8:2::7" "$(each 'it["ipv4"] + " " + it["ipv6"]' <"$T/json")"
kill -9 "$PID"
wait "$PID" 2>/dev/null
from=$(since)
start_nat64d || finish
same "after kill -9 both are maps" "$a6/32 4 $a7/32 5" "$(ctl maps | grep 'pinned.map$' | awk '{ print $1, $3 }' | xargs)"
t "and IPv4 reaches them" ping4 "$a7"
same "the lease file is not complained of" "" "$(said "$from" 'dynamic.map|pinned.map')"
hosts 30 | sort >"$T/after"
t "everybody has the address that he had" cmp "$T/hosts" "$T/after"
ctl reload >/dev/null
same "after a reload, too" 2 "$(ctl maps | grep -c 'pinned.map$')"
t "-T --expand has them" sh -c "ip netns exec $R $NAT64D -T --expand -c $T/conf | grep -qx 'map $a6 2001:db8:2::6'"
ctl unpin "$a6" >/dev/null
same "the other one moves up in the file" "$a7/32 4" "$(ctl maps | grep 'pinned.map$' | awk '{ print $1, $3 }')"
stop_nat64d
start_nat64d || finish
same "a stop keeps what was unpinned a lease" "$a6" "$(lease_of 2001:db8:2::6)"

# --- the configuration is edited at the same time -----------------------------------------------------------------

config "map $a7 2001:db8:1::2" >"$T/conf"
exits "a map for a pinned address: the reload is refused" 1 "the reload is refused" ctl reload
shows "and says where both stand" "$pins:4: map: $a7 is already mapped in $T/conf:7 (unpin it, or remove one of the two lines)" ctl reload
t "nothing is changed" ping4 "$a7"
config "map 192.168.255.2 2001:db8:2::7" >"$T/conf"
shows "so with a map for its host" "$pins:4: map: 2001:db8:2::7 is already mapped in $T/conf:7" ctl reload
t "unpinned, the reload is done" sh -c "'$NAT64CTL' -s $SOCKET unpin $a7 && '$NAT64CTL' -s $SOCKET reload"
same "and the host has its new address" "192.168.255.2/32" "$(ctl maps | tail -n 1 | awk '{ print $1 }')"
config >"$T/conf"
ctl reload >/dev/null
hosts 30 >/dev/null
a7=$(lease_of 2001:db8:2::7)
ctl pin "$a7" >/dev/null
config "map $a7 2001:db8:2::7" >"$T/conf"
t "a pin that is made a line of the configuration is fine" ctl reload
same "and belongs to that line" "7 $T/conf" "$(ctl maps | awk 'NR > 1 { print $3, $4 }')"
config >"$T/conf"
ctl reload >/dev/null
same "when the line goes, the pin is there again" "4 $pins" "$(ctl maps | awk 'NR > 1 { print $3, $4 }')"
printf 'tun-up yes\n' >>"$pins"
shows "another directive there is refused" "$pins:5: tun-up: only \`map\` is allowed in pinned.map" ctl reload
printf '# mine\nmap 10.8.0.0/24 2001:db8:8::/120\nmap %s 2001:db8:2::7\n' "$a7" >"$pins"
t "a network written there by hand is a map like any other" ctl reload
exits "which cannot be unpinned" 1 "10.8.0.1 is mapped by line 2 of $pins, which is not a pinned map" ctl unpin 10.8.0.1
ctl pin 2001:db8:2::8 >/dev/null
same "and stays when something is pinned" 3 "$(grep -c '^map' "$pins")"
printf 'map 192.168.255.0 2001:db8:2::50\n' >"$pins"
ctl reload >/dev/null
exits "the first address of a range does not become a lease" 1 "no dynamic-pool contains the address of 192.168.255.0 any more" \
	ctl unpin 192.168.255.0
a9=$(hosts 9 >/dev/null; lease_of 2001:db8:2::9)
ctl pin "$a9" >/dev/null
kill -STOP "$(pgrep -P "$PID")"
ctl unpin "$a9" >"$T/unpinned" &
sleep 0.5
config "tun-ip $a9/32" >"$T/conf"
ctl reload >/dev/null
kill -CONT "$(pgrep -P "$PID")"
wait $!
same "nor does one that belongs to the device by the time it is unpinned" "0 0" "$(grep -c "$a9" "$pins") $(ctl leases "$a9" --json | wc -l)"
same "and unpin says so" "$a9 2001:db8:2::9 is no longer pinned" "$(cat "$T/unpinned")"
stop_nat64d

# --- a reload in the middle of a list -----------------------------------------------------------------------------------

# begun RELOAD: asks for all leases, reads a little, runs RELOAD, and then the rest: how many different ones, and how many of
# them twice, or the last line.
begun() {
	python3 -c 'import collections, json, os, socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
s.sendall(b"leases --json\n")
got = s.recv(4096)
os.system(sys.argv[2])
while True:
    b = s.recv(65536)
    if not b: break
    got += b
lines = [json.loads(line) for line in got.decode().splitlines()[1:]]
if "error" in lines[-1]: print(lines[-1]["error"])
else:
    seen = collections.Counter(it["ipv4"] + it["ipv6"] for it in lines)
    print(len(seen), sum(n > 1 for n in seen.values()))' "$SOCKET" "$1"
}
config 'dynamic-pool 10.64.0.0/16' >"$T/conf"
now=$(date +%s)
for i in {1..6000}; do printf '10.64.%d.%d\t2001:db8:5::%x\t%d\n' $((i / 256)) $((i % 256)) "$i" "$now"; done >"$T/data/dynamic.map"
rm -f "$pins"
start_nat64d || finish
same "6000 leases: each once" "6000 0" "$(begun true)"
config 'dynamic-pool 10.64.0.0/15' >"$T/conf"
same "another pool has them meanwhile: each once" "6000 0" "$(begun "'$NAT64CTL' -s $SOCKET reload")"
sed -i '/10.64/d' "$T/conf"
same "they have ended meanwhile: the list says that it is not complete" \
	"a reload changed the leases in the meantime; the list is not complete" "$(begun "'$NAT64CTL' -s $SOCKET reload")"
stop_nat64d

# --- a configuration that cannot be changed -----------------------------------------------------------------------------

config | sed '/^data-dir/d' >"$T/conf"
start_nat64d || finish
ping6 -I 2001:db8:2::9 $GOOGLE >/dev/null
exits "without data-dir: exit status 1" 1 "no data-dir is configured, and it is needed for pinned.map" ctl pin 2001:db8:2::9
same "release is possible" 1 "$(ctl release 2001:db8:2::9 | wc -l)"
stop_nat64d
config | sed '/^dynamic-pool/d' >"$T/conf"
start_nat64d || finish
exits "without dynamic-pool: exit status 1" 1 "no dynamic-pool is configured" ctl pin 2001:db8:2::9
same "and nothing to list" 1 "$(ctl leases | wc -l)"
stop_nat64d

# A separate file system, which gets full.
mkdir "$T/small"
mount -t tmpfs -o size=64k tmpfs "$T/small" || finish
trap 'umount -l "$T/small"; cleanup' EXIT
config 'prefix 2001:db8:64::/96' | sed "s|^data-dir.*|data-dir $T/small|" >"$T/conf"
start_nat64d || finish
ip -n "$R" -6 route replace 2001:db8:64::/96 dev nat64
ping6 -I 2001:db8:2::1 $GOOGLE >/dev/null
ping6 -I 2001:db8:2::2 2001:db8:64::808:808 >/dev/null
exits "who speaks through another prefix than the first cannot be pinned" 1 \
	"2001:db8:2::2 uses the prefix 2001:db8:64::/96, but a map always uses the first prefix, 64:ff9b::/96" ctl pin 2001:db8:2::2
ping6 -I 2001:db8:2::2 $GOOGLE >/dev/null
exits "nor who has leases for both" 1 "2001:db8:2::2 has leases under several prefixes" ctl pin 2001:db8:2::2
same "they are listed by the address of their host" 2 "$(listed 2001:db8:2::2)"
a1=$(lease_of 2001:db8:2::1)
dd if=/dev/zero of="$T/small/fill" bs=1k 2>/dev/null
exits "a full disk: exit status 1" 1 "pinned.map: No space left on device; nothing is changed" ctl pin 2001:db8:2::1
same "it is a lease still" "$a1" "$(lease_of 2001:db8:2::1)"
t "and translated" ping4 "$a1"
t "no file is left" test ! -e "$T/small/pinned.map.new" -a ! -e "$T/small/pinned.map"
rm "$T/small/fill"
t "there is room again: it is pinned" ctl pin 2001:db8:2::1
dd if=/dev/zero of="$T/small/fill" bs=1k 2>/dev/null
exits "full again: unpin fails" 1 "No space left on device; nothing is changed" ctl unpin "$a1"
same "and it is a map still" "$a1/32" "$(ctl maps | awk 'NR > 1 { print $1 }')"
rm "$T/small/fill"
stop_nat64d

# --- the time of day --------------------------------------------------------------------------------------------------

config >"$T/conf"
start_nat64d || finish
same "a lease begins in the very second of its first packet" "" "$(all_in_time)"
stops "TERM: exit status 0"
finish

#!/usr/bin/env bash
# The lease file records which leases are confirmed: a restart, kill -9 and a file of Tayga keep this, each lease costs at most
# one more line, and nothing is logged twice.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need ss
topology
# shellcheck source=tests/netns/ctl.sh
. "$here/ctl.sh"
map=$T/data/dynamic.map

# ask FROM TO ROUNDS: hosts 2001:db8:2::FROM to 2001:db8:2::TO (hexadecimal) ask the server so many times, and wait two
# seconds for their answers; how many have got all of them.
ask() {
	in_client python3 - "$GOOGLE" "$@" <<-'END'
		import socket, sys, time
		to, first, last, rounds = sys.argv[1], int(sys.argv[2], 16), int(sys.argv[3], 16), int(sys.argv[4])
		hosts = []
		for i in range(first, last + 1):
		    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
		    s.bind(("2001:db8:2::%x" % i, 0))
		    hosts.append(s)
		got = [0] * len(hosts)
		for _ in range(rounds):
		    for s in hosts:
		        s.sendto(b"who", (to, 5007))
		    until = time.monotonic() + 2
		    for i, s in enumerate(hosts):
		        s.settimeout(max(until - time.monotonic(), 0.001))
		        try:
		            got[i] += s.recv(100) != b""
		        except TimeoutError:
		            pass
		print(sum(n == rounds for n in got))
	END
}
# Compares nat64ctl with the last line of the file for each address: the host, and whether its lease is confirmed.
told() { ctl leases --json | each 'it["ipv6"] + " " + str(it["confirmed"])' | sort; }
on_disk() {
	awk -F '\t' '!/^#/ && NF >= 3 { is[$1] = $2 " " (said == "# unconfirmed" ? "False" : "True") } { said = $0 }
		END { for (a in is) print is[a] }' "$map" | sort
}
confirmed() { ctl status --json | json 'sum(p["confirmed"] for p in it["pools"])'; }
recorded() { counter "$(counters)" both leases-recorded; }
assigned() { grep -c 'nat64d: lease assigned' "$LOG"; }

for way in off auto; do
	rm -f "$T/data"/*
	: >"$LOG"
	config 'log lease' 'lease-log 30' "fast-path $way" >"$T/conf"
	start_nat64d || finish
	[ "$way" = off ] && serve_udp
	same "fast-path $way: 30 hosts ask once" 30 "$(ask 1 1e 1)"
	same "none of them is confirmed" "30 False" "$(told | awk '{ print $2 }' | uniq -c | xargs)"
	told >"$T/before"
	on_disk >"$T/disk"
	t "which is on record" cmp "$T/before" "$T/disk"
	same "ten of them ask again" 10 "$(ask 1 a 1)"
	same "they are confirmed" 10 "$(confirmed)"
	told >"$T/before"
	on_disk >"$T/disk"
	t "and that is on record at once" cmp "$T/before" "$T/disk"
	same "with one line more for each" 40 "$(recorded)"
	ask 1 a 20 >/dev/null
	told >/dev/null # collects the packets that were translated in the kernel
	same "which is all, however often they ask" 40 "$(recorded)"

	kill -9 "$PID"
	wait "$PID" 2>/dev/null
	start_nat64d || finish
	told >"$T/after"
	t "kill -9: the same ones are confirmed" cmp "$T/before" "$T/after"
	same "and the pool says so" 10 "$(confirmed)"
	stop_nat64d
	on_disk >"$T/disk"
	t "a stop: the file has the same" cmp "$T/before" "$T/disk"
	start_nat64d || finish
	told >"$T/after"
	t "and so has the next start" cmp "$T/before" "$T/after"
	same "who was not confirmed before asks twice" 1 "$(ask b b 2)"
	same "and is confirmed" 11 "$(confirmed)"
	config 'log lease' 'lease-log 30' "fast-path $way" 'dynamic-pool 10.64.0.0/24' >"$T/conf"
	from=$(since)
	kill -HUP "$PID"
	t "a reload" wait_for said "$from" "is in effect"
	same "keeps it" 11 "$(confirmed)"
	told >"$T/before"
	kill -9 "$PID"
	wait "$PID" 2>/dev/null
	start_nat64d || finish
	told >"$T/after"
	t "also over kill -9" cmp "$T/before" "$T/after"
	stop_nat64d
	same "the log has told of each lease once" 30 "$(assigned)"
	same "and so has the history" "30 assigned" "$(cut -d ' ' -f 2 "$T/data/leases.log" | sort | uniq -c | xargs)"
done

# --- Tayga, and earlier versions --------------------------------------------------------------------------------------

# A pool of seven, and hosts who are there, as their file says.
small() { config "$@" | sed 's|^dynamic-pool.*|dynamic-pool 192.168.255.0/29|; s|^ipv4-addr.*|ipv4-addr 192.168.254.1|'; }
small 'log lease' >"$T/conf"
now=$(date +%s)
for header in '### TAYGA dynamic map database' '# prefix 64:ff9b::/96'; do
	rm -f "$T/data"/*
	echo "$header" >"$map"
	for i in {1..7}; do
		[ "${header#*TAYGA}" = "$header" ] && echo "# since $((now - 100))"
		printf '192.168.255.%d\t2001:db8:2::%d\t%d\n' "$i" "$i" "$now"
	done >>"$map"
	: >"$LOG"
	start_nat64d || finish
	same "a file with \"$header\": its hosts are confirmed" 7 "$(confirmed)"
	same "hosts that nobody has heard before get none of their addresses" 0 "$(ask 100 140 1)"
	same "no lease has ended" 0 "$(grep -c 'lease ended' "$LOG")"
	kill -9 "$PID"
	wait "$PID" 2>/dev/null
	start_nat64d || finish
	same "after kill -9 as well" "7 0" "$(confirmed) $(ask 100 140 1)"
	stop_nat64d
	same "none is marked in the file" 0 "$(grep -c '^# unconfirmed' "$map")"
done

# --- delayed records --------------------------------------------------------------------------------------------------

# A pool of 254, in which 254 hosts replace unconfirmed ones at the same time.
rm -f "$T/data"/*
: >"$LOG"
config 'log lease' 'lease-log 30' >"$T/conf"
start_nat64d || finish
same "a pool is full" 254 "$(ask 100 1fd 1)"
sleep 5
same "as many others take their places" 254 "$(ask 300 3fd 1)"
t "some of which are put off the record" wait_for said 1 '[0-9]+ leases of full pools were not recorded'
t "and not told of" test "$(assigned)" -lt 508
same "they ask again, twice" 254 "$(ask 300 3fd 2)"
same "and are confirmed" 254 "$(confirmed)"
told >"$T/before"
kill -9 "$PID"
wait "$PID" 2>/dev/null
on_disk >"$T/disk"
t "all of them are on record as such" cmp "$T/before" "$T/disk"
same "the log has told of each of them once" "254 1" \
	"$(sed -n 's/.*lease assigned new [^ ]* \(2001:db8:2::3[0-9a-f]*\) .*/\1/p' "$LOG" | sort | uniq -c | awk '{ print $1 }' | uniq -c | xargs)"
start_nat64d || finish
told >"$T/after"
t "and the next start has them" cmp "$T/before" "$T/after"
stop_nat64d
same "so has the history" "254 1" \
	"$(awk '$2 == "assigned" && $5 ~ /^2001:db8:2::3..$/ { n[$5]++ } END { for (h in n) print n[h] }' "$T/data/leases.log" | sort | uniq -c | xargs)"
finish

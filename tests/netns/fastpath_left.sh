#!/usr/bin/env bash
# However the daemon ends, it leaves nothing harmful, with a link or with a filter of tc (before Linux 6.6).  Other programs on
# the device stay and see the packets.  Two daemons do not disturb each other.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need tc
topology
need_fast_path
real=$NAT64D

# by COMMAND...: sets the command that runs nat64d from now on.
by() {
	NAT64D=$T/wrapped
	printf '#!/bin/sh\nexec %s %s "$@"\n' "$*" "$real" >"$T/wrapped"
	chmod 755 "$T/wrapped"
}
device() { ip -n "$R" tuntap add dev nat64 mode tun && ip -n "$R" link set nat64 up; }
egress() { tc -n "$R" filter show dev nat64 egress; }
filters() { egress | grep -c ' nat64d direct-action '; }
# links: prints how many programs are on the egress of the device without a filter of tc: BPF_PROG_QUERY, BPF_TCX_EGRESS.
links() {
	in_router python3 -c 'import ctypes, platform, socket, struct
attr = ctypes.create_string_buffer(struct.pack("=IIIIQI", socket.if_nametoindex("nat64"), 47, 0, 0, 0, 0).ljust(128, b"\0"), 128)
number = {"x86_64": 321}.get(platform.machine(), 280)
if ctypes.CDLL(None).syscall(number, 16, attr, 128) < 0: raise SystemExit("query")
print(struct.unpack_from("=I", attr, 24)[0])'
}
there() { echo "$(links) links, $(filters) filters"; }
# Without a daemon, no packets pass.
deaf() { fails in_client ping -6 -q -n -c 3 -i 0.05 -W 0.5 "$GOOGLE" && fails in_server ping -4 -q -n -c 3 -i 0.05 -W 0.5 192.168.255.77; }
pings() { in_client ping -6 -q -n -c "${1:-20}" -i 0.02 -W 2 "$GOOGLE"; }
start() { start_nat64d "$@" && wait_for said "$from" 'fast-path: '; }

config 'map 192.168.255.77 2001:db8:1::2' >"$T/conf"
for how in link filter; do
	if [ $how = link ]; then
		have="1 links, 0 filters" leaves="0 links, 0 filters" word='fast-path: on, 65536 pairs of addresses$'
	else
		by python3 "$here/forbid.py" EINVAL 28
		have="0 links, 1 filters" leaves=$have word='fast-path: on, 65536 pairs of addresses \(as a tc filter\)$'
	fi
	device
	from=$(since)
	start || finish
	t "$how: it is said" wait_for said "$from" "$word"
	same "$how: it is there" "$have" "$(there)"
	t "$how: packets go below" known pings 3
	stops "$how: exit status 0"
	same "$how: a stop leaves nothing" "0 links, 0 filters" "$(there)"
	t "$how: packets go nowhere then" deaf

	from=$(since)
	start || finish
	t "$how: packets go below again" known pings 3
	kill -9 "$PID"
	wait "$PID" 2>/dev/null
	same "$how: kill -9 leaves" "$leaves" "$(there)"
	sleep 0.2
	t "$how: packets of known pairs go nowhere then" deaf
	from=$(since)
	start || finish
	same "$how: the next start has its own alone" "$have" "$(there)"
	t "$how: and packets go below" known pings 3

	# A daemon that hangs.
	kill -STOP "$PID"
	sleep 0.3
	pings 3 >/dev/null
	if [ $how = link ]; then
		same "$how: a daemon that is stopped: packets of known pairs pass" 0 $?
	else
		same "$how: a daemon that is stopped: packets of known pairs wait for it" 1 $?
	fi
	kill -CONT "$PID"
	t "$how: and pass when it goes on" wait_for pings 3
	t "$how: and go below again" known pings 3
	kill -SEGV "$PID"
	wait "$PID" 2>/dev/null
	PID=
	same "$how: a crash leaves" "$leaves" "$(there)"
	config 'map 192.168.255.77 2001:db8:1::2' 'fast-path off' >"$T/conf"
	from=$(since)
	start || finish
	t "$how: with fast-path off packets pass afterwards" pings 3
	mark
	pings 20 >/dev/null
	same "$how: and none of them below" "20 20 0" "$(grown '6->4' ok) $(grown '4->6' ok) $(below)"
	stop_nat64d
	same "$how: and nothing is left" "0 links, 0 filters" "$(there)"
	config 'map 192.168.255.77 2001:db8:1::2' >"$T/conf"

	# A daemon that dropped the right to remove the filter leaves one that does nothing.
	chown -R nobody "$T/data"
	from=$(since)
	start --user nobody || finish
	t "$how: as another user: packets go below" known pings 3
	stops "$how: as another user: exit status 0"
	same "$how: as another user: a stop leaves" "$leaves" "$(there)"
	t "$how: as another user: packets go nowhere then" deaf
	chown -R root "$T/data"

	# A start that fails after the program was attached.
	mkdir "$T/nodata"
	chmod 555 "$T/nodata"
	sed "s|^data-dir.*|data-dir $T/nodata|" "$T/conf" >"$T/refused"
	from=$(since)
	t "$how: a start that is refused" fails timeout 10 ip netns exec "$R" "$NAT64D" --nodetach --stdout --user nobody -c "$T/refused"
	same "$how: leaves no more than there was" "$leaves" "$(there)"
	t "$how: and packets go nowhere" deaf
	rmdir "$T/nodata"
	ip -n "$R" link del nat64

	# Other programs before and after ours; the latter sees the packets that ours passes on.
	device
	tc -n "$R" qdisc add dev nat64 clsact
	for where in "egress pref 1" "ingress pref 1"; do
		# shellcheck disable=SC2086 # words are wanted
		tc -n "$R" filter add dev nat64 $where protocol all bpf bytecode '1,6 0 0 0'
	done
	# It drops what is longer than 500 bytes, and passes on what is not.
	tc -n "$R" filter add dev nat64 egress pref 65000 protocol all bpf da bytecode '4,128 0 0 0,37 0 1 500,6 0 0 2,6 0 0 4294967295' || finish
	others() { egress | grep -v -e ' nat64d ' -e ' bpf chain 0 $'; tc -n "$R" filter show dev nat64 ingress; }
	before=$(others)
	from=$(since)
	start || finish
	t "$how: beside others: packets go below" known pings 3
	same "$how: beside others: they are as they were" "$before" "$(others)"
	mark
	in_client ping -6 -q -n -c 10 -i 0.02 -s 400 -W 2 "$GOOGLE" >/dev/null # too long for the program
	same "$how: what it passes on passes" "0 10 10" "$(below) $(grown '6->4' ok) $(grown '4->6' ok)"
	t "$how: but where a program of others forbids it" fails in_client ping -6 -q -n -c 3 -i 0.02 -s 500 -W 1 "$GOOGLE"
	stop_nat64d
	same "$how: a stop leaves them" "$before" "$(others)"
	ip -n "$R" link del nat64
done
NAT64D=$real

# --- another daemon on the machine ------------------------------------------------------------------------------------

from=$(since)
start || finish
cat >"$T/second.conf" <<-END
	tun-device second
	ipv4-addr 192.168.254.1
	prefix 2001:db8:64::/96
	map 192.168.254.77 2001:db8:1::2
	tun-setup yes
END
ip netns exec "$R" "$real" --nodetach --stdout -c "$T/second.conf" </dev/null >"$T/second.log" 2>&1 &
second=$!
wait_for link_running second
by_second() { in_client ping -6 -q -n -c "${1:-20}" -i 0.02 -W 2 2001:db8:64::808:808; }
both_below() {
	local was
	was=$(grep -c '6->4.*fast-path' "$T/second.log")
	mark
	pings 5 && by_second 5 && [ "$(below)" -eq 10 ] && kill -USR1 $second && sleep 0.1 &&
		[ "$(grep -c '6->4.*fast-path' "$T/second.log")" -gt "$was" ]
}
t "two daemons: packets of both go below" wait_for both_below
kill -9 "$PID"
wait "$PID" 2>/dev/null
t "kill -9 of one: the other goes on" by_second
from=$(since)
start || finish
t "and is there again" known pings 3
kill $second
wait $second
same "the second ends: exit status 0" 0 $?
mark
t "and the first goes on" pings 20
same "in the fast path" 40 "$(below)"
stops "TERM: exit status 0"
finish

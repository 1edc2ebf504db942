#!/usr/bin/env bash
# Faults around the daemon: no memory, jumping clocks, small limits, a stuck log, a stopped keeper, hostile clients.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
FAULTY=${FAULTY:-$(dirname "$NAT64D")/tests/support/faulty}
need unshare pgrep
[ -x "$FAULTY" ] || skip_all "needs $FAULTY"
topology
# shellcheck source=tests/netns/ctl.sh
. "$here/ctl.sh"
unset RUNTIME_DIRECTORY

faults() { in_router python3 "$here/faults.py" "$@"; }
lines=('tun-setup yes' 'allow 2001:db8::/32' "control $SOCKET")
descriptors() { find "/proc/$PID/fd" -type l | wc -l; }
# busy SECONDS: prints the processor time that the daemon uses meanwhile, in hundredths of a second.
busy() {
	local before
	before=$(cpu_ticks)
	sleep "$1"
	echo $(($(cpu_ticks) - before))
}
rests() { alive && [ "$(busy 0.5)" -le 3 ]; }
# in_space COMMAND...: runs it as $PID in the router, in a mount namespace of its own.
in_space() {
	ip netns exec "$R" unshare -m "$@" </dev/null >>"$LOG" 2>&1 &
	PID=$!
}

# --- a keeper that is stopped: in a second daemon, because the stop waits for ten seconds ----------------------------
router "$N-stopped"
mkdir "$T/stopped"
printf '%s\n' 'tun-device nat64' 'ipv4-addr 192.0.2.1' "ipv6-addr $OWN6" 'prefix 64:ff9b::/96' 'dynamic-pool 192.0.2.0/24' \
	"data-dir $T/stopped" 'tun-setup yes' >"$T/conf.stopped"
ip netns exec "$N-stopped" "$NAT64D" --nodetach -c "$T/conf.stopped" </dev/null >"$T/log.stopped" 2>&1 &
second=$!
wait_for grep -q fast-path: "$T/log.stopped"
keeper=$(pgrep -P "$second" | head -n 1)
kill -STOP "$keeper"
kill -TERM "$second"
asked=$SECONDS
{
	until ended "$second"; do sleep 0.2; done
	echo $((SECONDS - asked)) >"$T/waited"
} &

# --- no memory -------------------------------------------------------------------------------------------------------
config "${lines[@]}" 'fast-path off' 'map 192.168.255.50 2001:db8:2::50' 'dynamic-pool 10.9.0.0/24 from 2001:db8:7::/48' \
	"map-file $T/maps" >"$T/conf"
echo 'map 192.168.255.51 2001:db8:2::51' >"$T/maps"
same "each allocation of a start fails: a line about memory, or it works" 1 "$(faults start "$T/faults" "$FAULTY" "$T/conf" |
	tee "$T/found" | wc -l)"
diag "$(cat "$T/found")"
same "each allocation of a reload fails: all of it is in effect, or nothing" 1 \
	"$(faults reload "$T/faults" "$FAULTY" "$T/conf" "$SOCKET" | tee "$T/found" | wc -l)"
diag "$(cat "$T/found")"

# --- clocks ----------------------------------------------------------------------------------------------------------
config "${lines[@]}" >"$T/conf"
serve_udp
year=31557600000000
clocks() {
	rm -f "$T/faults"
	faults set "$T/faults"
	ip netns exec "$R" env FAULTS="$T/faults" "$FAULTY" --nodetach --stdout -c "$T/conf" </dev/null >>"$LOG" 2>&1 &
	PID=$!
	wait_for ping6 "$GOOGLE"
}
clocks
had=$(hosts 5)
t "hosts are answered" fails grep -q none <<<"$had"
for years in 30 -30; do
	faults set "$T/faults" wall_us=$((years * year))
	same "the time of day jumps by $years years: the hosts keep their addresses" "$had" "$(hosts 5)"
	t "and the daemon rests" rests
done
faults set "$T/faults" wall_us=$((30 * year)) boot_us=3600000000
same "it was suspended for an hour: the hosts keep their addresses" "$had" "$(hosts 5)"
t "and the daemon rests" rests
stops "TERM: exit status 0"
clocks
same "a start 30 years before the last stop: the hosts keep their addresses" "$had" "$(hosts 5)"

# --- requests that fail ----------------------------------------------------------------------------------------------
# The daemon gets no notification after that of the last change.
from=$(since)
faults set "$T/faults" requests=1
ip -n "$R" link set nat64 mtu 1400
t "a request about a change of the link fails: it is repeated" wait_for said "$from" 'tun-device nat64: MTU 1400'

from=$(since)
while read -r number name; do
	faults set "$T/faults" reads=1 read_error="$number"
	t "a read fails, $name: traffic passes" wait_for ping6 "$GOOGLE"
done <<-END
	77 EBADFD
	14 EFAULT
	12 ENOMEM
	105 ENOBUFS
	22 EINVAL
	5 EIO
END
t "it is said" wait_for said "$from" 'failed reads: 1, the last one: File descriptor in bad state'
faults set "$T/faults" reads=1000000 read_error=12
in_client ping -6 -n -q -f -c 2000 -W 1 "$GOOGLE" >/dev/null &
job=$!
CHILDREN+=" $job"
t "each read fails: the daemon rests" rests
kill "$job"
wait "$job"
faults set "$T/faults" reads=0
t "then they succeed: traffic passes" wait_for ping6 "$GOOGLE"
t "and the log has not a line for each" test "$(said "$from" . | wc -l)" -le 5
faults set "$T/faults" reads=1000000 read_error=77
ip -n "$R" link del nat64
t "the device is deleted: said" wait_for said "$from" 'the device was deleted'
stop_nat64d
same "the device is deleted: exit status 2" 2 $?
clocks
from=$(since)
printf '%s\n' 'link del nat64' 'tuntap add dev nat64 mode tun' >"$T/batch"
ip -n "$R" -batch "$T/batch"
t "the device is deleted and created again: said" wait_for said "$from" 'the device was deleted'
stop_nat64d
same "the device is deleted and created again: exit status 2" 2 $?
clocks
t "and the next start uses that one" wait_for ping6 "$GOOGLE"
stops "TERM: exit status 0"
ip -n "$R" link del nat64

# --- limits ----------------------------------------------------------------------------------------------------------
for limit in n:20 f:0 v:20000 l:0 s:64; do
	: >"$LOG"
	ip netns exec "$R" bash -c 'ulimit "-${1%:*}" "${1#*:}" && shift && exec "$@"' bash "$limit" "$NAT64D" --nodetach \
		-c "$T/conf" </dev/null >/dev/null 2>&1 &
	PID=$!
	if [ "$limit" = v:20000 ] && [ -n "${INSTRUMENTED-}" ]; then
		skip "ulimit -v: traffic passes" "the sanitizers need more address space"
	else
		t "ulimit -$limit: traffic passes" wait_for ping6 "$GOOGLE"
	fi
	stop_nat64d
done

# --- a log that is stuck ---------------------------------------------------------------------------------------------
sed '/tun-setup/d' "$T/conf" >"$T/conf.bare" # a start that has something to warn about
mkfifo "$T/fifo"
exec 3<>"$T/fifo"
dd if=/dev/zero of="$T/fifo" bs=4096 count=1000 oflag=nonblock 2>/dev/null
ip netns exec "$R" "$NAT64D" --nodetach -c "$T/conf.bare" </dev/null >/dev/null 2>"$T/fifo" &
PID=$!
wait_for link_exists nat64
set_routes
t "nobody reads standard error: it starts" wait_for ping6 "$GOOGLE"
stops "nobody reads standard error: TERM, exit status 0"
exec 3>&-
cat >"$T/mute" <<-'END'
	import os, socket, sys, time
	s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	s.bind("/dev/log")
	c = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	c.connect("/dev/log")
	c.setblocking(False)
	try:
	    while True:
	        c.send(b"x")
	except BlockingIOError:
	    with open(sys.argv[1] + ".new", "w") as f:
	        print(os.getpid(), file=f)
	    os.rename(sys.argv[1] + ".new", sys.argv[1])
	time.sleep(3600)
END
# new_dev [null]: a /dev with little in it, for in_space.
cat >"$T/new_dev" <<-END
	mount -t tmpfs none "$T/dev" && mkdir "$T/dev/net" && touch "$T/dev/net/tun" && mount --bind /dev/net/tun "$T/dev/net/tun"
	[ "\$1" != null ] || { touch "$T/dev/null" && mount --bind /dev/null "$T/dev/null"; }
	mount --move "$T/dev" /dev
	[ "\$1" != null ] || { python3 "$T/mute" "$T/full" & until [ -e "$T/full" ]; do sleep 0.05; done; }
	shift
	exec "\$@"
END
mkdir "$T/dev"
in_space sh "$T/new_dev" null "$NAT64D" --nodetach --syslog -c "$T/conf.bare"
wait_for link_exists nat64
set_routes
t "nobody reads /dev/log: it starts" wait_for ping6 "$GOOGLE"
opened=$(descriptors)
kill "$(cat "$T/full")"
for i in 1 2 3; do
	kill -HUP "$PID"
	sleep 0.1
done
t "nobody listens at /dev/log any more: traffic passes" ping6 "$GOOGLE"
t "and the daemon rests" rests
same "and has as many descriptors, but not that of the log" $((opened - 1)) "$(descriptors)"
stops "nobody reads /dev/log: TERM, exit status 0"

# --- what a process usually has --------------------------------------------------------------------------------------
in_space sh -c "umount -l /proc; umount -l /sys; exec \"\$@\"" sh "$NAT64D" --nodetach -c "$T/conf"
t "no /proc, no /sys: traffic passes" wait_for ping6 "$GOOGLE"
stops "no /proc, no /sys: TERM, exit status 0"
in_space sh "$T/new_dev" none sh -c 'exec "$@" <&- >&- 2>&-' sh "$NAT64D" --nodetach -c "$T/conf"
t "no /dev/null and no standard stream: traffic passes" wait_for ping6 "$GOOGLE"
same "and no file of the daemon takes their places, but /" "$(stat -c %d:%i / / /)" "$(stat -L -c %d:%i "/proc/$PID/fd/"[012])"
stops "TERM: exit status 0"
for closed in '<&-' '>&-' '2>&-' '<&- >&-' '<&- 2>&-' '>&- 2>&-' '<&- >&- 2>&-'; do
	eval "ip netns exec \"\$R\" \"\$NAT64D\" --nodetach -c \"\$T/conf\" $closed &" 2>/dev/null >/dev/null
	PID=$!
	wait_for ping6 "$GOOGLE"
	same "closed $closed: only streams have the first numbers" 0 "$(readlink "/proc/$PID/fd/"[012] | grep -vc '^/dev/null$\|^pipe:\|^/')"
	stop_nat64d
done

# --- a keeper that hangs while the daemon runs -----------------------------------------------------------------------
from=$(since)
start_bare
wait_for ping6 "$GOOGLE"
wait_for ctl status
hosts 5 >/dev/null
lease_file() { ctl status --json | json "it['lease_file']['error']"; }
same "status: no error of the lease file" None "$(lease_file)"
kill -STOP "$(pgrep -P "$PID")"
hosts 6 >/dev/null
t "the keeper is stopped: said" wait_for said "$from" 'dynamic.map: the process that syncs it does not answer'
same "once" 1 "$(said "$from" 'does not answer' | wc -l)"
t "traffic passes" ping6 "$GOOGLE"
t "a new host gets a lease" fails grep -q none <<<"$(hosts 7)"
same "status" "the process that syncs it does not answer" "$(lease_file)"
shows "status in words" "dynamic.map: the process that syncs it does not answer, last written" ctl status
shows "health" "FAIL  lease-file: $T/data/dynamic.map: the process that syncs it does not answer" ctl health
kill -CONT "$(pgrep -P "$PID")"
t "it goes on: said" wait_for said "$from" 'dynamic.map: the process that syncs it works again'
same "status: no error" None "$(lease_file)"
stops "TERM: exit status 0"

# --- the device under load, and clients ------------------------------------------------------------------------------
: >"$LOG"
start_bare
wait_for ping6 "$GOOGLE"
wait_for grep -q fast-path: "$LOG"
before=$(descriptors)
in_client ping -6 -n -q -i 0.002 -c 400 -W 1 "$GOOGLE" >"$T/pings" 2>&1 &
job=$!
for ((i = 1; i <= 500; i++)); do printf 'link set nat64 mtu %d\nlink set nat64 mtu 1500\n' $((1280 + i % 200)); done >"$T/batch"
ip -n "$R" -batch "$T/batch"
wait "$job"
t "1,000 changes of the MTU: traffic passes meanwhile" grep -qE '(3[5-9][0-9]|400) received' "$T/pings"
t "and afterwards" wait_for ping6 -s 1400 "$GOOGLE"
mtu_is_known() { ctl status | grep -q 'MTU 1500'; }
t "and the daemon goes by the last one" wait_for mtu_is_known
log=$(wc -l <"$LOG")
for ((i = 1; i <= 500; i++)); do
	ip -n "$R" link set nat64 mtu $((1280 + i % 200))
	ip -n "$R" link set nat64 mtu 1450
done
mtu_is_said() { tail -n 1 "$LOG" | grep -q 'MTU 1450$'; }
t "1,000 slower ones: the log ends with the last one" wait_for mtu_is_said
t "and has not a line for each" test $(($(wc -l <"$LOG") - log)) -le 50
ip -n "$R" link set nat64 mtu 1500
space "$N-away"
ip -n "$R" link set nat64 netns "$N-away"
t "moved to another namespace: said" wait_for grep -q 'was moved to another network namespace' "$LOG"
t "and the daemon rests" rests
ip -n "$N-away" link set nat64 mtu 1400
ip -n "$N-away" link set nat64 netns "$R"
set_routes
t "moved back: traffic passes" wait_for ping6 "$GOOGLE"
faults clients "$SOCKET" 3000 >/dev/null &
job=$!
sleep 0.2
t "3,000 clients that send halves and never read: traffic passes" ping6 "$GOOGLE"
wait "$job"
answers() { ctl status; }
t "afterwards one that reads is answered" wait_for answers
are_back() { [ "$(descriptors)" -eq "$before" ]; }
t "and as many descriptors are open as before" wait_for are_back
t "and the daemon rests" rests
stops "TERM: exit status 0"

# --- the second daemon again -----------------------------------------------------------------------------------------
wait "$second"
same "the process that syncs the leases is stopped: TERM, exit status 0" 0 $?
t "and it does not wait for long" test "$(wait_for test -s "$T/waited" && cat "$T/waited")" -lt 45
same "and the leases are written" "# clean" "$(tail -n 1 "$T/stopped/dynamic.map")"
same "and no process is left" "" "$(ip netns pids "$N-stopped")"
finish

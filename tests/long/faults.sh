#!/usr/bin/env bash
# An hour of traffic, reloads and errors: the daemon needs no more memory and no more descriptors at its end.
#
# For LONG_MINUTES (60), hosts send while the configuration changes and is wrong, the keeper is killed and stopped, the disk is
# full, clients misbehave, and the device goes down and changes its MTU.  Once a second the memory and the descriptors are
# measured.  Their slopes by least squares are printed and must be zero, within what an hour may vary.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/../netns/lib.sh"
need pgrep
topology
# shellcheck source=tests/netns/ctl.sh
. "$here/ctl.sh"
unset RUNTIME_DIRECTORY
minutes=${LONG_MINUTES:-60}
[ "$minutes" -le 60 ] || minutes=60

mount -t tmpfs -o size=256k none "$T/data" || skip_all "may not mount"
config 'tun-setup yes' 'allow 2001:db8::/32' "control $SOCKET" 'dynamic-pool 10.9.0.0/24' >"$T/good"
cp "$T/good" "$T/conf"
serve_udp
start_bare
trap 'cleanup_mount' EXIT
cleanup_mount() {
	umount -l "$T/data"
	cleanup
}
wait_for ping6 "$GOOGLE"
wait_for grep -q fast-path: "$LOG"

memory() { awk '/^VmRSS/ { print $2 }' "/proc/$PID/status"; }
heap() { awk '/\[heap\]/ { here = 1 } here && /^Rss/ { print $2; exit }' "/proc/$PID/smaps"; }
descriptors() { find "/proc/$PID/fd" -type l | wc -l; }
had=$(memory)
keeper() { pgrep -P "$PID" -f nat64d-leases || pgrep -P "$PID" | head -n 1; }
reload() { kill -HUP "$PID"; }

# change N: the fault or change number N.
change() {
	case $(($1 % 14)) in
	0 | 7) { cat "$T/good" && echo "map 192.168.255.$((20 + $1 % 200)) 2001:db8:2::$1"; } >"$T/conf" ;;
	1) echo 'colour blue' >>"$T/conf" ;;
	2) { cat "$T/good" && echo 'prefix 2001:db8:64::/96'; } >"$T/conf" ;;
	3) sed '/10.9.0.0/d' "$T/good" >"$T/conf" ;;
	4) kill -KILL "$(keeper)" ;;
	5) dd if=/dev/zero of="$T/data/full" bs=64k 2>/dev/null ;;
	6) rm -f "$T/data/full" ;;
	8) in_router timeout 20 python3 "$here/faults.py" clients "$SOCKET" 600 >/dev/null ;;
	9) ip -n "$R" link set nat64 mtu $((1280 + $1 % 300)) ;;
	10) ip -n "$R" link set nat64 mtu 1500 ;;
	11) ip -n "$R" link set nat64 down && ip -n "$R" link set nat64 up ;;
	12)
		stopped=$(keeper)
		kill -STOP "$stopped"
		;;
	13) kill -CONT "$stopped" && cp "$T/good" "$T/conf" ;;
	esac 2>/dev/null
	reload
}

# traffic: hosts in turn, through the daemon and through the program in the kernel.
traffic() {
	local n=0
	while :; do
		hosts $((20 + n++ % 200)) >/dev/null 2>&1
		in_client ping -6 -n -q -f -c 200 -W 1 "$GOOGLE" >/dev/null 2>&1
	done
}
# The largest bursts come first.  Otherwise the first pages that one of them needs look like a leak later.
for host in 98 99; do
	kill -STOP "$PID"
	in_client ping -6 -n -q -I "2001:db8:2::$host" -l 1000 -c 1000 -s 1400 -W 1 "$GOOGLE" >/dev/null 2>&1
	kill -CONT "$PID"
	wait_for ping6 "$GOOGLE"
done
diag "before and after the largest bursts: $had and $(memory) KiB"
traffic &
traffic=$!
CHILDREN+=" $traffic"
disown

began=$SECONDS
ticks=$(cpu_ticks)
for ((n = 0; SECONDS - began < 60 * minutes; n++)); do
	change "$n"
	sleep 0.7
	alive || break
	echo "$((SECONDS - began)) $(memory) $(descriptors) $(heap)" >>"$T/measured"
done
t "$n faults and changes in $minutes minutes: the daemon lives" alive
kill "$traffic"
cp "$T/good" "$T/conf"
rm -f "$T/data/full"
[ -z "${stopped-}" ] || kill -CONT "$stopped" 2>/dev/null
reload
t "traffic passes" wait_for ping6 "$GOOGLE"
before=$(cpu_ticks)
sleep 5
t "and the daemon rests" test $(($(cpu_ticks) - before)) -le 10
read -r of_memory of_descriptors of_heap < <(python3 "$here/faults.py" slope "$T/measured")
diag "slope of memory: $of_memory KiB an hour, of its heap: $of_heap; of descriptors: $of_descriptors an hour"
diag "second, memory, descriptors, heap:" "$(awk -v step="$((n / 10 + 1))" 'NR % step == 1' "$T/measured")"
diag "processor time: $((before - ticks)) ticks in $((SECONDS - began)) s; lines of the log: $(wc -l <"$LOG")"
# What varies in a short run is large when it is counted for an hour.
below() { awk -v is="$1" -v most="$2" -v minutes="$minutes" 'BEGIN { exit !(is * minutes / 60 <= most) }'; }
t "memory: no more than 256 KiB in all" below "$of_memory" 256
t "its heap: no more than 64 KiB in all" below "$of_heap" 64
t "descriptors: not one more in all" below "$of_descriptors" 1
stops "TERM: exit status 0"
finish

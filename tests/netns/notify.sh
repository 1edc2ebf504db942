#!/usr/bin/env bash
# Messages to the service manager, and a daemon without rights, with a test manager that records the messages.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need setpriv
topology
heard=$T/heard

# "SECONDS MESSAGE" lines, a message of several lines joined by |; after READY=1 whether the device is up at that moment.
# While $T/deaf is there it takes nothing.
cat >"$T/manager.py" <<'END'
import os, socket, subprocess, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
while True:
    while os.path.exists(sys.argv[3]):
        time.sleep(0.05)
    text = s.recv(4096).decode().replace("\n", "|")
    if text == "filler":
        continue
    if "READY=1" in text:
        link = subprocess.run(["ip", "-o", "link", "show", "dev", "nat64"], capture_output=True, text=True).stdout
        text += "|up" if "LOWER_UP" in link else "|down"
    with open(sys.argv[2], "a") as f:
        f.write("%.6f %s\n" % (time.clock_gettime(time.CLOCK_MONOTONIC), text))
END
: >"$heard"
ip netns exec "$R" python3 "$T/manager.py" "$T/socket" "$heard" "$T/deaf" </dev/null >/dev/null 2>&1 &
disown
wait_for test -S "$T/socket"
export NOTIFY_SOCKET=$T/socket WATCHDOG_USEC=1000000

hears() { grep -qE "$1" "$heard"; }
times() { grep -cE "$1" "$heard"; }
more_than() { [ "$(times "$1")" -gt "$2" ]; }
forget_all() { : >"$heard"; }
# gap_of MESSAGE: how many milliseconds most often lie between two: the median, for a busy machine is late now and then.
gap_of() {
	awk -v message="$1" '$0 ~ message { if (n++) printf "%d\n", ($1 - last) * 1000; last = $1 }' "$heard" | sort -n |
		awk '{ gap[NR] = $1 } END { print gap[int((NR + 1) / 2)] }'
}
leaves_alone() { sleep 2 && [ "$(times "$1")" -eq "$2" ]; }
said() { grep -qF -- "$1" "$LOG"; }

config 'tun-setup yes' >"$T/conf"
now=$(date +%s)
for i in 1 2 3; do printf '192.168.255.%d\t2001:db8:2::%x\t%d\n' $((i + 10)) $i "$now"; done >"$T/data/dynamic.map"

# --- as root --------------------------------------------------------------------------------------------------------

start_bare
t "READY=1, when the device is up and the leases are loaded" wait_for hears 'READY=1\|STATUS=3 of 254 addresses leased, .*\|up$'
same "READY=1 once" 1 "$(times READY=1)"
t "READY means ready: the first packet passes" ping6 "$GOOGLE"
t "the status line tells of it within seconds" wait_for hears 'STATUS=4 of 254 addresses leased, 2 packets translated, 0 refused$'
forget_all
sleep 6
same "nothing changes: no status line" 0 "$(times STATUS=)"
t "but signs of life" wait_for more_than WATCHDOG=1 9
gap=$(gap_of WATCHDOG=1)
t "two a second: $gap ms" test "$gap" -le 600
t "and not more" test "$gap" -ge 430
in_client ping -6 -n -q -i 0.002 -c 1000 "$GOOGLE" >"$T/out"
t "a thousand packets: no more than three messages of it" test "$(times STATUS=)" -le 3
t "and their number in the end" wait_for hears 'STATUS=.* 2002 packets translated'

forget_all
kill -HUP "$PID"
t "reload: READY=1 in the end" wait_for hears READY=1
read -r stamp arrived <<<"$(sed -n 's/^\([0-9]*\)\.\([0-9]*\) RELOADING=1|MONOTONIC_USEC=\([0-9]*\)$/\3 \1\2/p' "$heard")"
age=$((${arrived:-0} - ${stamp:-0}))
t "RELOADING=1 with the monotonic time, in microseconds: it is $age old" test "${stamp:-0}" -gt 0 -a $age -ge 0 -a $age -lt 3000000
same "in this order" "RELOADING READY" "$(grep -oE 'RELOADING|READY' "$heard" | xargs)"
forget_all
echo nonsense >>"$T/conf"
kill -HUP "$PID"
t "a refused reload: READY=1 as well, and the status line tells" wait_for hears 'READY=1\|STATUS=.*; the last reload was refused'
t "RELOADING=1 before" hears 'RELOADING=1'
config 'tun-setup yes' >"$T/conf"
kill -HUP "$PID"
t "a good one: the status line forgets" wait_for hears 'READY=1\|STATUS=[^;]*$'

forget_all
ip -n "$R" link set nat64 down
t "link down: the status line says so" wait_for hears 'STATUS=the link is down, nothing is translated'
t "and the loop turns on" wait_for hears WATCHDOG=1
ip -n "$R" link set nat64 up
t "root sets it up again: traffic passes" wait_for ping6 "$GOOGLE"
kill -STOP "$PID"
sleep 0.2
count=$(times WATCHDOG=1)
t "stopped in its tracks: no sign of life" leaves_alone WATCHDOG=1 "$count"
kill -CONT "$PID"
t "going on: it is there again" wait_for more_than WATCHDOG=1 "$count"
same "root keeps its rights" 1 "$(grep -c '^CapEff:.*[1-9a-f]' "/proc/$PID/status")"
stops "stop: exit status 0"
t "STOPPING=1" hears 'STOPPING=1'
same "and in the end the status says that it is over" STATUS=stopped "$(tail -n 1 "$heard" | grep -o STATUS=.*)"

forget_all
touch "$T/deaf"
python3 - "$T/socket" <<'END'
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.setblocking(False)
try:
    for i in range(100000):
        s.sendto(b"filler", sys.argv[1])
except BlockingIOError:
    pass
END
: >"$LOG"
start_bare
t "a manager that is too busy to listen: nobody waits for it" wait_for ping6 "$GOOGLE"
rm "$T/deaf"
t "and READY=1 is not lost" wait_for hears READY=1
stop_nat64d

forget_all
config 'data-dir /nowhere' >"$T/conf"
start_bare
wait_for ended "$PID"
stop_nat64d
same "a start that fails: exit status 1" 1 $?
same "and no READY=1" 0 "$(times READY=1)"
same "its status tells the truth" "STATUS=not started; see the log" "$(tail -n 1 "$heard" | grep -o STATUS=.*)"
same "and nothing else" 0 "$(times 'STOPPING|saving')"
forget_all
echo nonsense >"$T/conf"
start_bare
wait_for ended "$PID"
stop_nat64d
same "a configuration that is wrong: likewise" "STATUS=not started; see the log" "$(tail -n 1 "$heard" | grep -o STATUS=.*)"

# --- as somebody who has no rights ----------------------------------------------------------------------------------

nothing="CapInh: 0000000000000000 CapPrm: 0000000000000000 CapEff: 0000000000000000 CapBnd: 0000000000000000 CapAmb: 0000000000000000 NoNewPrivs: 1"
rights() { grep -E '^(Cap|NoNewPrivs)' "/proc/$1/status" | tr -s '\t\n' '  ' | sed 's/ $//'; }

chown -R nobody "$T/data"
config 'tun-setup yes' >"$T/conf"
: >"$LOG"
start_bare --user nobody
t "--user: traffic passes" wait_for ping6 "$GOOGLE"
same "no capability is left, not even as a bound" "$nothing" "$(rights "$PID")"
same "nor to the process that syncs" "$nothing" "$(rights "$(pgrep -P "$PID")")"
config 'tun-setup yes' 'log drop' >"$T/conf"
kill -HUP "$PID"
t "a reload that needs no rights is in effect" wait_for said "reload: $T/conf is in effect"
config 'tun-setup yes' 'map 203.0.113.1 2001:db8:2::1' >"$T/conf"
kill -HUP "$PID"
t "one that needs them: refused, with the remedy" wait_for said "route 203.0.113.1/32 must be added to or removed from the device"
same "and nothing of it is done" "" "$(ip -n "$R" route show 203.0.113.1)"
t "and traffic passes" ping6 "$GOOGLE"
config 'tun-setup yes' 'tun-ip 192.0.2.9/32' >"$T/conf"
kill -HUP "$PID"
t "an address: refused likewise" wait_for said "address 192.0.2.9/32 must be added to or removed from the device"
config 'tun-setup yes' >"$T/conf"
forget_all
ip -n "$R" link set nat64 down
wait_for hears 'the link is down'
ip -n "$R" link set nat64 up
t "link down and up: it ends" wait_for ended "$PID"
stop_nat64d
same "with status 2, to be started anew" 2 $?
t "and says why" said "the link went down and lost its addresses and routes; nat64d cannot restore them without CAP_NET_ADMIN, which it dropped: exiting for a restart"

unset NOTIFY_SOCKET WATCHDOG_USEC
: >"$LOG"
start_bare --user nobody
wait_for ping6 "$GOOGLE"
ip -n "$R" link set nat64 down
wait_for said "the link is down"
ip -n "$R" link set nat64 up
t "without a manager: it says what to do" wait_for said "which it dropped: restart nat64d"
t "and lives" alive
stop_nat64d

config >"$T/conf"
: >"$LOG"
start_nat64d --user nobody
ip -n "$R" link set nat64 down
wait_for said "the link is down"
set_routes
t "where it was not asked to set up anything: nothing to say" ping6 "$GOOGLE"
same "nothing" 0 "$(grep -c CAP_NET_ADMIN "$LOG")"
stop_nat64d

# With one right lent to a user who never was root, as the unit does.
config 'tun-setup yes' >"$T/conf"
chmod 644 "$T/conf"
mknod "$T/tun" c 10 200 && chmod 666 "$T/tun" # as udev makes it, whatever this machine has
: >"$LOG"
# Not in_router: the process id must be that of nat64d.
# shellcheck disable=SC2016 # the shell there expands it
ip netns exec "$R" sh -c 'mount --bind "$0/tun" /dev/net/tun && exec setpriv --reuid nobody --clear-groups --inh-caps +net_admin \
	--ambient-caps +net_admin "$1" --nodetach --stdout -c "$0/conf"' "$T" "$NAT64D" </dev/null >>"$LOG" 2>&1 &
PID=$!
t "a user with CAP_NET_ADMIN: traffic passes" wait_for ping6 "$GOOGLE"
same "and the right is gone" "${nothing/CapBnd: 0000000000000000/CapBnd: any}" "$(rights "$PID" | sed 's/CapBnd: [0-9a-f]*/CapBnd: any/')"
stops "TERM: exit status 0"
finish

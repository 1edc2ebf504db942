#!/usr/bin/env bash
# Signals, detaching, the pid file, the user to become.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need
topology
config 'map-file maps' >"$T/conf"
echo 'map 192.168.255.50 2001:db8:2::50' >"$T/maps"
sed -i "s|map-file maps|map-file $T/maps|" "$T/conf"
start_nat64d || finish
ping6 "$GOOGLE" >/dev/null

t "a map of the map-file" ping4 192.168.255.50
echo 'map 192.168.255.51 2001:db8:2::51' >>"$T/maps"
kill -HUP "$PID"
t "HUP rereads the map-file" wait_for ping4 192.168.255.51
lines=$(wc -l <"$LOG")
cp "$T/conf" "$T/good"
printf '%s\n' 'map 192.168.255.52 2001:db8:2::52' 'nonsense' >>"$T/conf"
kill -HUP "$PID"
said() { [ "$(wc -l <"$LOG")" -gt "$1" ]; }
t "HUP with a bad file: says so" wait_for said "$lines"
t "and names the line" grep -q "$T/conf:9: nonsense" "$LOG"
t "and lives" alive
t "and applies nothing of it" fails ping4 -W 1 192.168.255.52
t "and keeps what was" ping4 192.168.255.51
cp "$T/good" "$T/conf"
kill -HUP "$PID"

lines=$(wc -l <"$LOG")
kill -USR1 "$PID"
t "USR1: counters to the log" wait_for said "$lines"
kill -USR2 "$PID"
t "USR2 does no harm" ping6 "$GOOGLE"
stops "INT: exit status 0" INT
start_nat64d || finish
stops "TERM: exit status 0" TERM

# ppoll() refuses more descriptors than the limit.
start_nat64d || finish
allow() { python3 -c "import resource; resource.prlimit($PID, resource.RLIMIT_NOFILE, ($1, 1000))"; }
allow 3
t "no descriptor allowed any more: traffic passes" ping6 "$GOOGLE"
ticks=$(cpu_ticks)
sleep 2
ticks=$(($(cpu_ticks) - ticks))
t "and it does not spin: $ticks ticks in 2 s" test "$ticks" -lt $(($(getconf CLK_TCK) / 4))
lines=$(wc -l <"$LOG")
kill -USR1 "$PID"
t "and obeys USR1" wait_for said "$lines"
# What looks for leaks at the end opens files.
[ "${INSTRUMENTED-}" != sanitizers ] || allow 1000
stops "and TERM: exit status 0" TERM

in_router "$NAT64D" -c "$T/conf" --pidfile "$T/pid" >"$T/out" 2>&1
same "detaching: exit status 0" 0 $?
t "detaching: the pid file is there when it returns" test -s "$T/pid"
PID=$(cat "$T/pid")
t "detaching: names the daemon" alive
set_routes
t "detached: traffic passes" wait_for ping6 "$GOOGLE"
kill -TERM "$PID"
t "detached: TERM ends it" wait_for ended "$PID"
t "detached: the pid file is gone" test ! -e "$T/pid"
in_router "$NAT64D" -c "$T/conf" --pidfile "$T/pid" <&- >&- 2>&-
same "detaching with standard input, output and error closed: exit status 0" 0 $?
PID=$(cat "$T/pid")
set_routes
t "and traffic passes" wait_for ping6 "$GOOGLE"
in_router "$NAT64D" -c "$T/conf" --pidfile "$T/pid" >"$T/out" 2>&1
same "and the pid file is locked" 1 $?
same "and nothing but a number is in it" "$PID" "$(cat "$T/pid")"
kill -TERM "$PID"
t "and TERM ends it" wait_for ended "$PID"
# From inside there is no /dev/null to open, and the pid file cannot be removed.
in_router timeout 10 "$NAT64D" -c "$T/conf" --chroot --pidfile "$T/pid" >"$T/out" 2>&1
same "detaching into a chroot: exit status 0" 0 $?
PID=$(cat "$T/pid")
t "and the daemon is in it" test "/proc/$PID/root" -ef "$T/data"
# By its numbers: what path it has depends on where it was opened, and from where one looks.
null=$(stat -c %t:%T /dev/null)
same "and it holds nothing of its caller open" "$null $null $null" \
	"$(stat -L -c %t:%T "/proc/$PID/fd/"[012] | paste -sd ' ')"
set_routes
t "and traffic passes" wait_for ping6 "$GOOGLE"
kill -TERM "$PID"
t "and TERM ends it" wait_for ended "$PID"
same "and the pid file is empty" "" "$(cat "$T/pid")"
in_router "$NAT64D" -c "$T/absent" --pidfile "$T/pid" >"$T/out" 2>&1
same "detaching with a bad configuration: exit status 1" 1 $?
mkdir -p "$T/nodir" && config >"$T/conf" && sed -i "s|^data-dir.*|data-dir $T/missing|" "$T/conf"
in_router "$NAT64D" -c "$T/conf" >"$T/out" 2>&1
same "detaching without a data-dir: exit status 1" 1 $?
PID=

config >"$T/conf"
chown -R nobody "$T/data"
start_nat64d --user nobody && t "as another user: traffic passes" ping6 "$GOOGLE"
same "as another user: the process is theirs" nobody "$(ps -o user= -p "$PID")"
t "as another user: leases are written" grep -q 2001:db8:1::2 "$T/data/dynamic.map"
stops "as another user: TERM, exit status 0"
shows "as another user who may have no process more: says what failed" \
	"$T/conf:6: data-dir: $T/data: cannot start the process that syncs the leases: Resource temporarily unavailable" \
	in_router bash -c 'ulimit -u 1 && exec timeout 10 "$@"' bash "$NAT64D" --nodetach -c "$T/conf" --user nobody
finish

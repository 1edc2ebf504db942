#!/usr/bin/env bash
# The control socket: permissions, clients that stall or send garbage, and reloads.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need setpriv ss
topology
# shellcheck source=tests/netns/ctl.sh
. "$here/ctl.sh"

# raw TEXT: sends TEXT unchanged, and prints the answer.
raw() {
	python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX); s.settimeout(5); s.connect(sys.argv[1])
try: s.sendall(sys.argv[2].encode().decode("unicode_escape").encode("latin-1"))
except BrokenPipeError: pass
s.shutdown(socket.SHUT_WR)
while True:
    try: b = s.recv(65536)
    except ConnectionResetError: break
    if not b: break
    sys.stdout.write(b.decode())' "$SOCKET" "$1"
}


# knocked: succeeds if a client is connected that the daemon has not accepted yet.
knocked() { in_router ss -Hlx src "$SOCKET" | awk '$3 > 0 { n++ } END { exit !n }'; }

has_route() { ip -n "$R" route show "$1" dev nat64 | grep -q .; }
has_route6() { ip -n "$R" -6 route show "$1" dev nat64 | grep -q .; }

# --- without a daemon -----------------------------------------------------------------------------------------------

exits "nobody listens: exit status 3" 3 "$SOCKET: no process listens there" ctl status
exits "no command: usage" 2 "no command" ctl
exits "an unknown option: usage" 2 "unknown option --nosuch" ctl --nosuch status
exits "two sockets: usage" 2 "more than one of" ctl -i b status
exits "an instance with a slash: usage" 2 "not a valid instance name" in_router "$NAT64CTL" -i a/b status
exits "an instance is its own socket" 3 "/run/nat64d-n64test/control: no process listens" in_router "$NAT64CTL" --instance=n64test status
exits "nobody listens, and an unknown command: that, too" 3 "nosuch: unknown command (try nat64ctl --help)" ctl nosuch
exits "a word with a blank: usage" 2 "not a valid argument" ctl "a b"

# --- asking ---------------------------------------------------------------------------------------------------------

config 'tun-setup yes' >"$T/conf"
python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$SOCKET"
chown -R nobody "$T/data" "$T/run"
start_bare --user nobody
t "a socket that was left behind is replaced" wait_for ctl status
same "it is the daemon's, and its group's" "nobody 660" "$(stat -c '%U %a' "$SOCKET")"
ping6 "$GOOGLE" >/dev/null
shows "status: the device" "device         nat64, link up, MTU 1500" ctl status
shows "status: no reload yet" "last reload    none" ctl status
shows "status: the pool" "192.168.255.0/24          254          1" ctl status
ctl status --json >"$T/status"
same "status --json: the keys" \
	"config_file device draining fast_path last_reload lease_file link_up mtu offloads pid pools rates sandbox since uptime_seconds version" \
	"$(json '" ".join(sorted(it))' <"$T/status")"
same "status --json: the values" "$PID nat64 True 1500 None True $T/conf" \
	"$(json '" ".join(map(str, [it["pid"], it["device"], it["link_up"], it["mtu"], it["last_reload"], it["lease_file"]["ok"], it["config_file"]]))' <"$T/status")"
same "status --json: the fast path" "True 65536 None" \
	"$(json '" ".join(map(str, [it["fast_path"]["active"], it["fast_path"]["entries"], it["fast_path"]["reason"]]))' <"$T/status")"
shows "status: the fast path" "fast path      on, 65536 entries" ctl status
same "status --json: the pools" "[{'pool': '192.168.255.0/24', 'standby': False, 'revision': None, 'from': None, 'lease_min': 7440, 'lease_max': 1209600, 'share': None, 'size': 254, 'used': 1, 'confirmed': 0, 'not_preferred': 0, 'refused': 0, 'displaced': 0}]" "$(json 'it["pools"]' <"$T/status")"
same "--json may stand anywhere" "$PID" "$(ctl --json status | json 'it["pid"]')"
shows "setup: what was asked for" "route    64:ff9b::/96" ctl setup
exits "an unknown command: usage, and which there are" 2 "nosuch: unknown command (known commands: " ctl nosuch
exits "an argument too many: usage" 2 "usage: status" ctl status now
exits "who may not connect: exit status 1" 1 "Permission denied" as_other status
chmod 666 "$SOCKET"
shows "who may connect may ask" "device         nat64" as_other status
exits "but not change anything" 1 "not permitted" as_other reload
chmod 660 "$SOCKET"
same "the daemon's own user may" "" "$(in_router setpriv --reuid nobody --clear-groups "$T/open/nat64ctl" -s "$SOCKET" reload 2>&1)"

# --- no new leases --------------------------------------------------------------------------------------------------

from=$(since)
t "drain on" ctl drain on
t "the log says so" said "$from" "drain: on"
t "a host with a lease goes on" ping6 "$GOOGLE"
new_host() { ping6 -I 2001:db8:2::99 "$GOOGLE"; }
shows "a new one is told: address unreachable" "Address unreachable" new_host
same "drain --json says how it is" "True" "$(ctl drain on --json | json 'it["draining"]')"
t "a reload" ctl reload
shows "changes nothing about it" "Address unreachable" new_host
exits "neither on nor off: usage" 2 "usage: drain on | off" ctl drain maybe
exits "no word: usage" 2 "usage: drain on | off" ctl drain
t "drain off" ctl drain off
t "the new host gets a lease" new_host

# --- the log --------------------------------------------------------------------------------------------------------

from=$(since)
lost_ping() { fails ping6 -t 2 -W 1 "$GOOGLE"; }
t "no class: no line" lost_ping
t "log icmp" ctl log icmp
t "a packet whose hop limit ends" lost_ping
t "gets a line" wait_for said "$from" "icmp 6->4 ttl-exceeded: "
same "and no other one had" 1 "$(said "$from" ttl-exceeded | wc -l)"
same "log --json: which there are now" "['drop', 'lease']" "$(ctl log lease drop drop --json | json 'sorted(it["log"])')"
t "a packet of another class" lost_ping
t "log none" ctl log none
same "has none" 1 "$(said "$from" ttl-exceeded | wc -l)"
exits "no such class: usage, and which there are" 2 "log: unknown class nosuch (give some of drop, reject, icmp, self, lease" ctl log drop nosuch
exits "none and a class" 2 "log: none cannot be combined" ctl log none drop
exits "no class at all: usage" 2 "usage: log CLASS ... | none" ctl log
t "log icmp once more" ctl log icmp
t "a reload" ctl reload
t "a packet whose hop limit ends" lost_ping
sleep 0.2
same "has none: the configuration says so" 1 "$(said "$from" ttl-exceeded | wc -l)"

# --- garbage, and clients that stall --------------------------------------------------------------------------------

same "an empty line: usage" "usage no command (try status)" "$(raw '\n')"
same "CR LF is taken" "ok" "$(raw 'status\r\n' | head -n 1)"
same "blanks and tabs" "ok" "$(raw ' \t status  \n' | head -n 1)"
same "a NUL byte: usage" "usage a request is one line of words without control characters" "$(raw 'status\x00\n')"
same "what is not ASCII: usage" "usage a request is one line of words without control characters" "$(raw 'st\xc3\xa4tus\n')"
same "no newline: usage" "usage the request does not end with a newline" "$(raw 'status')"
same "too many words: usage" "usage too many words" "$(raw "$(printf 'a %.0s' {1..70})"'\n')"
same "4096 bytes without an end: usage" "usage a request has at most 4096 bytes" "$(raw "$(printf 'x%.0s' {1..5000})")"
same "4095 bytes and a newline are read" "usage xxxx" "$(raw "$(printf 'x%.0s' {1..4095})"'\n' | head -c 10)"
same "two lines: the first is answered" 1 "$(raw 'status\nstatus\n' | grep -c '^ok$')"

# clients N COMMAND: connects N clients that send COMMAND and do not read; prints the answer to the last one.
cat >"$T/clients.py" <<'END'
import socket, sys, time
all = []
for i in range(int(sys.argv[2])):
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    try:
        s.sendall(sys.argv[3].replace("\\n", "\n").encode())
    except BrokenPipeError:
        pass # turned away already
    all.append(s)
all[-1].settimeout(5)
print(all[-1].recv(999).decode(), end="", flush=True)
open(sys.argv[4], "w")
time.sleep(60)
END
python3 "$T/clients.py" "$SOCKET" 33 "stat" "$T/there" >"$T/out" &
stalling=$!
wait_for test -e "$T/there"
same "32 clients that say half a word: one more is told so" "error too many clients; try again" "$(cat "$T/out")"
exits "and so is nat64ctl, which fails" 1 "too many clients" ctl status
t "and traffic passes" ping6 "$GOOGLE"
ticks=$(cpu_ticks)
sleep 1
t "and nothing spins" test $(($(cpu_ticks) - ticks)) -lt $(($(getconf CLK_TCK) / 4))
kill "$stalling"
wait "$stalling" 2>/dev/null
t "when they have gone, it listens again" wait_for ctl status
install -d -o 12345 "$T/others"
chmod 666 "$SOCKET"
setpriv --reuid 12345 --regid 12345 --clear-groups python3 "$T/clients.py" "$SOCKET" 33 "watch\n" "$T/others/there" >"$T/out" &
stalling=$!
wait_for test -e "$T/others/there"
same "another user takes all that it can: one more is told so" "error too many clients; try again" "$(cat "$T/out")"
exits "and another user is turned away" 1 "too many clients" as_other status
t "but root is served" ctl status
t "and may change something" ctl drain off
kill "$stalling"
wait "$stalling" 2>/dev/null
t "when it has gone, other users are served again" wait_for as_other status
chmod 660 "$SOCKET"
many() {
	local i job jobs=()
	for i in {1..40}; do
		ctl status >"$T/many.$i" 2>&1 &
		jobs+=($!)
	done
	for job in "${jobs[@]}"; do wait "$job"; done
	[ "$(cat "$T"/many.* | grep -cE '^device |too many clients')" -eq 40 ]
}
t "40 at once: each is answered or told so" many
same "and none is left" "1 0" "$(find "/proc/$PID/fd" -type l -printf '%l\n' | grep -c eventpoll) $(in_router ss -Hx state established | grep -cF "$SOCKET")"

# Another program that listens there must not control root's terminal.
cat >"$T/evil.py" <<'END'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
open(sys.argv[1] + ".there", "w")
while True:
    c = s.accept()[0]
    line = c.makefile().readline().split()
    c.sendall({"maps": b"ok\nerror: \x1b[31m\n", "history": b"ok\ndirectory /\x1b[31m\n", "status": b"ok\n\xc2\x9b31m\n"}
              .get(line[0], b"error \x1b[31m\n"))
    c.close()
END
python3 "$T/evil.py" "$T/evil" &
evil=$!
wait_for test -e "$T/evil.there"
for command in maps history status leases drain\ on "metrics --textfile $T/x.prom" "who 192.0.2.1 at 2026-11-25T14:00:00Z"; do
	# shellcheck disable=SC2086 # words
	"$NAT64CTL" -s "$T/evil" $command >"$T/out" 2>&1
	t "no control character comes through: $command" eval 'grep -q "?" "$T/out" && ! grep -qP "\x1b|\xc2\x9b" "$T/out"'
done
kill "$evil"
wait "$evil" 2>/dev/null

# --- reload: by root, with a daemon that has no rights --------------------------------------------------------------

cp "$T/conf" "$T/good"
reload() { config 'tun-setup yes' "$@" >"$T/conf" && ctl reload; }
in_router "$NAT64CTL" -s "$SOCKET" watch >"$T/watch" 2>/dev/null &
watching=$!
sleep 0.5
t "reload: nothing new" ctl reload
t "who watches hears of it" wait_for grep -Eq '^{"time": "20[^"]*\.[0-9]{6}Z", "event": "reload", "ok": true, "error": null}$' "$T/watch"
shows "status: it was done" "Z, done" ctl status
from=$(since)
config 'tun-setup yes' 'dynamic-pool 10.9.0.0/24' >"$T/conf"
reloads() { ctl metrics | grep '^nat64d_reloads_total{'; }
before=$(reloads)
t "reload check: a new pool would be accepted" ctl reload check
t "and it is not in effect" fails has_route 10.9.0.0/24
same "a check that succeeds is no reload" "$before" "$(reloads)"
exits "reload and another word" 2 "usage: reload [check]" ctl reload now
t "reload with a new pool, a prefix and a map" reload 'dynamic-pool 10.9.0.0/24' 'prefix 2001:db8:64::/96' 'map 10.8.0.1 2001:db8:2::81'
t "its route is there: the pool" has_route 10.9.0.0/24
t "its route is there: the prefix" has_route6 2001:db8:64::/96
t "its route is there: the map" has_route 10.8.0.1
t "and traffic passes: the new prefix" ping6 2001:db8:64::808:808
t "and traffic passes: the map" ping4 10.8.0.1
t "and the log says so" said "$from" "reload: $T/conf is in effect"
same "and the daemon has no right" "CapEff:	0000000000000000" "$(grep CapEff "/proc/$PID/status")"
shows "setup has it" "route    10.9.0.0/24" ctl setup
t "reload takes away again" reload 'dynamic-pool 10.9.0.0/24'
t "what only the old configuration had is gone: the prefix" fails has_route6 2001:db8:64::/96
t "and the map" fails has_route 10.8.0.1
t "and the rest is there" has_route 10.9.0.0/24
t "an address of the device" reload 'tun-ip 10.7.0.1/24' 'dynamic-pool 10.9.0.0/24'
t "it is there" grep -q 10.7.0.1/24 <(ip -n "$R" addr show dev nat64)
t "and taken away" reload 'dynamic-pool 10.9.0.0/24'
t "it is gone" fails grep -q 10.7.0.1/24 <(ip -n "$R" addr show dev nat64)
t "and the routes are still there" has_route 10.9.0.0/24
t "and traffic passes" ping6 "$GOOGLE"

# --- reload: refused ------------------------------------------------------------------------------------------------

routes() { ip -n "$R" route show dev nat64 && ip -n "$R" -6 route show dev nat64 && ip -n "$R" addr show dev nat64; }
routes >"$T/before"
unchanged() { routes | diff "$T/before" -; }
config 'tun-setup yes' 'dynamic-pool 10.6.0.0/24' 'nonsense 1' 'tun-up maybe' >"$T/conf"
exits "two mistakes: exit status 1, the first" 1 "$T/conf:9: nonsense: unknown directive" ctl reload
t "and the second" grep -qF "$T/conf:10: tun-up: maybe is neither yes nor no" "$T/stderr"
t "and what follows" grep -qxF "nat64ctl: the reload is refused; nothing is changed" "$T/stderr"
t "and nothing is on the device" unchanged
ctl reload --json >"$T/stdout" 2>/dev/null
same "--json: exit status 1" 1 $?
same "--json: each with its file and line" \
	"False [('$T/conf', 9, 'nonsense: unknown directive (see nat64.conf(5))'), ('$T/conf', 10, 'tun-up: maybe is neither yes nor no')]" \
	"$(json 'str(it["ok"]) + " " + str([(e["file"], e["line"], e["text"]) for e in it["errors"]])' <"$T/stdout")"
shows "status: it was refused, and why" "refused: $T/conf:9: nonsense" ctl status
same "status --json, too" "False" "$(ctl status --json | json 'it["last_reload"]["ok"]')"
config 'tun-setup yes' 'dynamic-pool 10.6.0.0/24' 'offload off' "tun-mtu 1400" >"$T/conf"
exits "what needs a restart: all of it" 1 "a changed offload needs a restart" ctl reload
exits "reload check tells it, too" 1 "a changed offload needs a restart" ctl reload check
t "all of it" grep -qF "a changed tun-mtu needs a restart" "$T/stderr"
t "and what was added is taken back" unchanged
ip -n "$R" route add 10.6.0.0/24 dev wan
config 'tun-setup yes' 'dynamic-pool 10.5.0.0/24' 'dynamic-pool 10.6.0.0/24' 'dynamic-pool 10.9.0.0/24' >"$T/conf"
exits "a route that somebody has: exit status 1, and which" 1 "route 10.6.0.0/24: it already exists through wan" ctl reload
t "and what was added is taken back" unchanged
ctl reload --json >"$T/stdout" 2>/dev/null
same "--json: no file" "[(None, None)]" "$(json '[(e["file"], e["line"]) for e in it["errors"]]' <"$T/stdout")"
ip -n "$R" route del 10.6.0.0/24
config "control $T/other" 'tun-setup yes' >"$T/conf"
exits "another control socket needs a restart" 1 "a changed control needs a restart" ctl reload
from=$(since)
config 'tun-setup yes' 'dynamic-pool 10.5.0.0/24' 'dynamic-pool 10.9.0.0/24' >"$T/conf"
kill -HUP "$PID"
t "SIGHUP alone: refused, and who can do it" wait_for said "$from" 'route 10.5.0.0/24 .*nat64ctl reload.*nothing is changed'
t "and nothing is on the device" unchanged
shows "who sends no more than the word gets no more than that" "dropped CAP_NET_ADMIN" raw 'reload\n'
shows "who claims to be prepared is not believed" "10.5.0.0/24 is not on the device" raw 'reload prepared\n'
t "nat64ctl does it" ctl reload
t "the route is there" has_route 10.5.0.0/24
chown 12345 "$T/conf"
config 'tun-setup yes' 'dynamic-pool 10.4.0.0/24' >"$T/conf"
exits "the configuration is somebody's: root adds nothing for it" 1 "dropped CAP_NET_ADMIN" ctl reload
t "nothing of it" fails has_route 10.4.0.0/24
chown 0 "$T/conf"
t "root's: it does" ctl reload
t "from another network namespace: the device is found where it is" \
	"$NAT64CTL" -s "$SOCKET" reload

# The kernel looks a route up by an address in it; the route that it finds may belong to another program.
ip -n "$R" route add 10.2.0.0/32 dev wan
ip -n "$R" -6 route add 2001:db8:65::/128 dev wan
t "a narrower route of somebody in a new one does no harm" reload 'dynamic-pool 10.2.0.0/24' 'prefix 2001:db8:65::/96'
t "both are there: the pool's" has_route 10.2.0.0/24
t "and the prefix's" has_route6 2001:db8:65::/96
ip -n "$R" route add 10.1.1.0/24 dev nat64
t "a route on the device that the configuration does not name" reload
t "stays" has_route 10.1.1.0/24
ip -n "$R" route del 10.1.1.0/24 dev nat64
ip -n "$R" route del 192.168.255.0/24 dev nat64
t "a route that somebody has removed: reload" reload
t "it is there again" has_route 192.168.255.0/24
ip -n "$R" link set nat64 down
from=$(since)
t "a device that is down: root sets it up again" reload 'dynamic-pool 10.2.0.0/24'
t "its routes are there" has_route 10.2.0.0/24
t "and traffic passes" wait_for ping6 "$GOOGLE"

# Several clients switch between two pools at the same time: whichever is last, device and daemon agree.
race() {
	local i job jobs=()
	for i in {1..8}; do
		config 'tun-setup yes' "dynamic-pool 10.$((30 + i % 2)).0.0/24" >"$T/conf.new" && mv "$T/conf.new" "$T/conf"
		ctl reload >>"$T/race" 2>&1 &
		jobs+=($!)
	done
	for job in "${jobs[@]}"; do wait "$job"; done
	ctl reload || return
	has_route 10.30.0.0/24 && ! has_route 10.31.0.0/24
}
t "eight reloads at once: device and daemon agree in the end" race

# The configuration changes after root read it and before the daemon reads it: a proxy writes it just before it forwards the
# reload command.
cat >"$T/between.py" <<'END'
import os, socket, sys
mine, its, conf = sys.argv[1:]
def connection():
    return socket.socket(socket.AF_UNIX)
s = connection()
s.bind(mine)
s.listen()
while True:
    c = s.accept()[0]
    request = c.recv(4096)
    if b"prepared" in request and os.path.exists(conf + ".next"):
        os.rename(conf + ".next", conf)
    d = connection()
    d.connect(its)
    d.sendall(request)
    while answer := d.recv(65536):
        c.sendall(answer)
    c.close()
END
ip netns exec "$R" python3 "$T/between.py" "$T/between" "$SOCKET" "$T/conf" </dev/null >/dev/null 2>&1 &
disown
wait_for test -S "$T/between"
t "a reload with a pool" reload 'dynamic-pool 10.40.0.0/24'
config 'tun-setup yes' 'dynamic-pool 10.41.0.0/24' >"$T/conf"
config 'tun-setup yes' 'dynamic-pool 10.40.0.0/24' >"$T/conf.next"
t "another one that is taken back before the daemon reads it" in_router "$NAT64CTL" -s "$T/between" reload
t "its route is not left behind" fails has_route 10.41.0.0/24
t "and the route of the one in effect is there" has_route 10.40.0.0/24
config 'tun-setup yes' 'dynamic-pool 10.41.0.0/24' >"$T/conf"
config 'tun-setup yes' >"$T/conf.next"
t "one that loses its pool before the daemon reads it" in_router "$NAT64CTL" -s "$T/between" reload
same "neither route is left behind" "" "$(ip -n "$R" route show root 10.40.0.0/15)"

# --- the end --------------------------------------------------------------------------------------------------------

mkdir "$T/data2"
config >"$T/conf2"
sed -i "s|^data-dir.*|data-dir $T/data2|" "$T/conf2"
ip netns exec "$S" timeout 2 "$NAT64D" --nodetach --stdout -c "$T/conf2" >"$T/second" 2>&1
t "a second daemon does not take the socket" grep -qF "another process already listens there" "$T/second"
t "and leaves it where it is" ctl status
t "no lock is left behind" test ! -e /run/nat64ctl.lock
stops "TERM: exit status 0"
t "the socket is gone" test ! -e "$SOCKET"
# A daemon that stays root does it itself; one that was started with a relative path reports the absolute one.
chown -R root "$T/run" "$T/data"
config 'tun-setup yes' >"$T/conf"
start_bare
wait_for ctl status
shows "a daemon that is root: it says so" "changes  itself" ctl setup
t "and reloads with routes" reload 'dynamic-pool 10.9.0.0/24'
t "which are there" has_route 10.9.0.0/24
t "and away again" reload
t "they are gone" fails has_route 10.9.0.0/24
stops "TERM: exit status 0"
chown -R nobody "$T/run" "$T/data"
cd "$T" || exit
ip netns exec "$R" "$NAT64D" --nodetach --stdout -c conf --user nobody </dev/null >>"$LOG" 2>&1 &
PID=$!
cd / || exit
wait_for ctl status
shows "a relative path: the whole one is told" "config   $T/conf" ctl setup
t "a relative path: reload with routes" reload 'dynamic-pool 10.9.0.0/24'
kill -STOP "$PID"
ctl reload >"$T/killed" 2>&1 &
job=$!
wait_for knocked
kill -9 "$PID"
wait "$job"
same "a daemon that is killed meanwhile: exit status 1" 1 $?
t "and why" grep -q "closed the connection without an answer" "$T/killed"
wait "$PID" 2>/dev/null
rm -f "$SOCKET"

# --- a socket that another process removes ---------------------------------------------------------------------------

config 'tun-setup yes' >"$T/conf"
mkdir "$T/home"
mv "$T/run" "$T/home/run"
chown nobody "$T/home" "$T/home/run"
RUNTIME_DIRECTORY=$T/home/run
SOCKET=$T/home/run/control
start_bare --user nobody
wait_for ctl status
rm "$SOCKET"
exits "a socket that is removed: nobody listens" 3 "no process listens there" ctl status
kill -HUP "$PID"
t "SIGHUP makes it again" wait_for ctl status
same "and it is whose it was" "nobody 660" "$(stat -c '%U %a' "$SOCKET")"
rm -r "$T/home/run"
kill -HUP "$PID"
t "and its directory, where the user may" wait_for ctl status
same "which lets in its group alone" "nobody 750" "$(stat -c '%U %a' "$T/home/run")"
rm -r "$T/home/run"
chown root "$T/home"
from=$(since)
kill -HUP "$PID"
t "where the user may not, the log says so" wait_for said "$from" "control socket: it was removed and cannot be created again: No such file or directory \(create its directory\)"
t "and traffic passes" wait_for ping6 "$GOOGLE"
install -d -o nobody "$T/home/run"
kill -HUP "$PID"
t "until somebody makes it" wait_for ctl status
rm -r "$T/home/run"
t "root reloads as the unit does" ctl --wake "$PID" reload
same "and both are there again, as they were" "nobody 750 nobody 660" "$(stat -c '%U %a' "$T/home/run" "$SOCKET" | paste -sd ' ')"
shows "who listens" "nat64d " ctl status
t "with the socket in its place nothing else happens" ctl --wake=1234567 reload
exits "no process: usage" 2 "not a process ID: x" ctl --wake x reload
stops "TERM: exit status 0"

# --- another group ---------------------------------------------------------------------------------------------------

config 'tun-setup yes' 'control-group 12346' >"$T/conf"
chmod 755 "$T/home/run"
as_member() { in_router setpriv --reuid 12345 --regid 12345 --groups 12346 "$T/open/nat64ctl" -s "$SOCKET" "$@"; }
start_bare --user nobody
wait_for ctl status
same "control-group: the socket is that group's" "nobody 12346 660" "$(stat -c '%U %g %a' "$SOCKET")"
shows "its members may ask" "device         nat64" as_member status
exits "but not change anything" 1 "not permitted" as_member reload
exits "nobody else may ask" 1 "Permission denied" as_other status
rm "$SOCKET"
kill -HUP "$PID"
wait_for ctl status
same "it is when it is made again, too" "nobody 12346 660" "$(stat -c '%U %g %a' "$SOCKET")"
config 'tun-setup yes' >"$T/conf"
exits "a changed control-group needs a restart" 1 "a changed control-group needs a restart" ctl reload
stops "TERM: exit status 0"
config 'tun-setup yes' 'control-group no-such-group' >"$T/conf"
shows "no such group: which line, and what to do" "$T/conf:8: control-group: no-such-group: no such group (create it" \
	in_router timeout 10 "$NAT64D" -n -c "$T/conf"
config 'tun-setup yes' 'control-group 12346' >"$T/conf"
chmod 644 "$T/conf"
mknod "$T/tun" c 10 200 && chmod 666 "$T/tun"
# Started like by the unit: never as root, with one capability.
# shellcheck disable=SC2016 # the shell there expands it
shows "never root, and not in the group: which line, and what to do" \
	"$T/conf:8: control-group: 12346: the user of nat64d is not a member of that group (add it" \
	in_router timeout 10 unshare -m sh -c 'mount --bind "$0/tun" /dev/net/tun && exec setpriv --reuid nobody --clear-groups \
	--inh-caps +net_admin --ambient-caps +net_admin "$1" -n -c "$0/conf"' "$T" "$NAT64D"
RUNTIME_DIRECTORY=$T/run
SOCKET=$SOCKET
mkdir "$T/run"
chown nobody "$T/run" "$T/data"

config 'control off' >"$T/conf"
start_nat64d
t "control off: no socket" test ! -e "$SOCKET"
stops "and TERM ends it"
config "control $T/mine" >"$T/conf"
start_nat64d
SOCKET=$T/mine
t "control PATH: the socket is there" ctl status
stops "and TERM ends it"
: >"$T/mine"
shows "control PATH that is a file: which line, and what" "$T/conf:7: control: $T/mine: it exists and is not a socket" \
	in_router timeout 10 "$NAT64D" -n -c "$T/conf"
rm -f "$T/mine"
shows "control PATH that the user may not make: what to do" "must be able to write to its directory" \
	in_router timeout 10 "$NAT64D" -n -c "$T/conf" --user nobody
shows "control PATH and --chroot: not both" "cannot be used with --chroot" in_router timeout 10 "$NAT64D" -n -c "$T/conf" --chroot
finish

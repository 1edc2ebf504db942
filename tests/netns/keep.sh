#!/usr/bin/env bash
# The device is kept between two processes of a service, with a test manager that stores its descriptor like systemd.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need
topology

# Starts a command with the stored descriptor when $T/go exists; kills it with the signal in $T/end; records its messages.
# It simulates a unit with FileDescriptorStoreMax=1.
cat >"$T/manager.py" <<'END'
import array, os, select, signal, socket, subprocess, sys, time
place, command = sys.argv[1], sys.argv[2:]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(place + "/socket")
kept = None
child = None
def hear(wait):
    global kept
    if not select.select([s], [], [], wait)[0]:
        return
    text, fds, _, _ = socket.recv_fds(s, 4096, 4)
    with open(place + "/heard", "a") as f:
        f.write(text.decode().replace("\n", "|") + "\n")
    if b"FDSTOREREMOVE=1" in text and kept is not None:
        os.close(kept)
        kept = None
    if b"FDSTORE=1" in text and kept is None:
        kept = fds.pop()
    for fd in fds:
        os.close(fd)
def start():
    global child
    child = os.fork()
    if child:
        return
    os.environ["NOTIFY_SOCKET"] = place + "/socket"
    if kept is not None:
        os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="tun")
        spare = os.dup(s.fileno()) if kept == 3 else kept
        os.dup2(kept, 3)
    log = os.open(place + "/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.execv(command[0], command)
while True:
    hear(0.02)
    order = None
    try:
        with open(place + "/order") as f:
            order = f.read().split()
        os.unlink(place + "/order")
    except OSError:
        continue
    if order and order[0] == "start":
        start()
    elif order and order[0] == "end":
        os.kill(child, getattr(signal, "SIG" + order[1]))
        while os.waitpid(child, os.WNOHANG) == (0, 0):
            hear(0.01)
    elif order and order[0] == "reap":
        os.waitpid(child, 0)
    elif order and order[0] == "empty" and kept is not None:
        os.close(kept)
        kept = None
    open(place + "/done", "w").close()
END
# s is 3 in a new interpreter, which is in the way of what is handed over: move it.
sed -i 's|^s.bind|s = socket.socket(fileno=os.dup(os.dup(os.dup(s.detach()))))\n&|' "$T/manager.py"
ip netns exec "$R" python3 "$T/manager.py" "$T" "$NAT64D" --nodetach --stdout -c "$T/conf" </dev/null >"$T/manager" 2>&1 &
disown
wait_for test -S "$T/socket"

# order WORD...: gives the manager a command, and waits until it is done.
order() {
	rm -f "$T/done"
	echo "$*" >"$T/order.new" && mv "$T/order.new" "$T/order"
	wait_for test -e "$T/done"
}
heard() { grep -qF -- "$1" "$T/heard"; }
ready() { heard READY=1; }
begin() {
	: >"$T/heard"
	order start
	wait_for ready && wait_for link_running nat64
}
index() { ip -n "$R" -o link show dev nat64 2>/dev/null | cut -d : -f 1; }

config 'tun-setup yes' 'map 203.0.113.7 2001:db8:2::77' 'tun-ip 192.0.2.9/32' >"$T/conf"
begin
t "the first start: traffic passes" wait_for ping6 "$GOOGLE"
t "the manager is given the device" heard "FDSTORE=1|FDNAME=tun|FDPOLL=0"
first=$(index)
t "which is marked" grep -q "made by nat64d" <(ip -n "$R" link show dev nat64)

# between NAME COMMAND...: one point, ok if the next daemon answers a ping that was sent while no daemon ran.
between() {
	local name=$1 job
	shift
	"$@"
	in_client ping -6 -n -c 1 -W 5 "$GOOGLE" >"$T/ping" 2>&1 &
	job=$!
	sleep 0.3
	begin
	wait "$job"
	t "$name: a packet has waited for the next process" grep -q ' 0% packet loss' "$T/ping"
	same "$name: it is the same device" "$first" "$(index)"
	t "$name: traffic passes" ping6 "$GOOGLE"
}
between "ended well" order end TERM
between "killed" order end KILL

config 'tun-setup yes' >"$T/conf"
order end TERM
begin
same "what the new configuration does not ask for is gone" "" "$(ip -n "$R" route show 203.0.113.7; ip -n "$R" -o addr show to 192.0.2.9)"
t "and traffic passes" ping6 "$GOOGLE"

# A failed start, after which the manager closes its descriptor.
order end TERM
echo nonsense >>"$T/conf"
order start
order reap
order empty
same "a start that fails: the device stays, with nobody at it" "$first" "$(index)"
shows "and its routes" "64:ff9b::/96 dev nat64" ip -n "$R" -6 route show
t "it is marked" grep -q "made by nat64d" <(ip -n "$R" link show dev nat64)
config 'tun-setup yes' >"$T/conf"
begin
same "the next good one has it" "$first" "$(index)"
t "and traffic passes" wait_for ping6 "$GOOGLE"

# A stored device that no longer fits the configuration.
config 'tun-setup yes' 'offload off' >"$T/conf"
order end TERM
begin
t "another header: the manager is told to forget the descriptor" heard "FDSTOREREMOVE=1|FDNAME=tun"
t "and traffic passes" wait_for ping6 "$GOOGLE"
sed 's/^tun-device .*/tun-device nat64b/' "$T/conf" >"$T/conf.new" && mv "$T/conf.new" "$T/conf"
order end TERM
: >"$T/heard"
order start
t "another name: the old device has gone" wait_for fails link_exists nat64
t "traffic passes by the new one" wait_for ping6 "$GOOGLE"
ip -n "$R" link del nat64b
order reap
: >"$T/heard"
order start
wait_for ready
t "a device that was deleted: traffic passes by a new one" wait_for ping6 "$GOOGLE"

order end TERM
order empty
t "stopped, and the manager lets go: no device is left" wait_for fails link_exists nat64b

# Link and routes that another program manages, such as a network manager.
config >"$T/conf"
: >"$T/heard"
order start
wait_for ready && set_routes
t "without tun-setup: traffic passes by routes of one's own" wait_for ping6 "$GOOGLE"
ip -n "$R" route replace 203.0.113.9 dev nat64 proto static
ip -n "$R" link set nat64 mtu 1480
order end TERM
begin
t "which outlive the process" ping6 "$GOOGLE"
shows "all of them" "203.0.113.9 " ip -n "$R" route show dev nat64
shows "and the MTU" "mtu 1480" ip -n "$R" link show dev nat64
order end TERM
order empty
wait_for fails link_exists nat64

# A device that another program made persistent is kept.
in_router ip tuntap add dev nat64 mode tun
config 'tun-setup yes' >"$T/conf"
begin
t "a device of somebody else: traffic passes" wait_for ping6 "$GOOGLE"
t "it is not marked" fails grep -q "made by nat64d" <(ip -n "$R" link show dev nat64)
order end TERM
order empty
t "and it stays" link_exists nat64
ip -n "$R" link del nat64

# A device that a failed start left is also kept after --mktun.
begin
order end KILL
order empty
t "what a crash has left is marked" grep -q "made by nat64d" <(ip -n "$R" link show dev nat64)
t "--mktun" in_router "$NAT64D" -c "$T/conf" --mktun
t "it is not marked any more" fails grep -q "made by nat64d" <(ip -n "$R" link show dev nat64)
begin
order end TERM
order empty
t "and outlives the service" link_exists nat64
finish

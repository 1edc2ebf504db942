#!/usr/bin/env bash
# Whose connection was it?  With MASQUERADE the answer takes two records: what nat64(7) says under "Who used an address" is done, with
# hosts that use the same port at the same time and one after the other.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need conntrack iptables awk python3
top=$(cd "$here/../.." && pwd)
page=$top/man/nat64.7
topology
in_router timeout 1 conntrack -E >/dev/null 2>&1
[ $? -eq 124 ] || skip_all "conntrack hears of no connections here"
iptables_masquerade
NAT64CTL=${NAT64CTL:-$(dirname "$NAT64D")/nat64ctl}
export RUNTIME_DIRECTORY=$T/run
mkdir "$T/run"
config 'lease-log 180' >"$T/conf"
start_nat64d || finish

# file PATH: what the page puts there.
file() {
	awk -f "$top/tests/tree/manual.awk" "$page" | awk -F '\t' -v path="$1" '$2 == "file" && $4 == path { print $1 }' | while read -r number; do
		awk -v block="$number" -f "$top/tests/tree/manual.awk" "$page"
	done
}
file /etc/systemd/system/nat44-log.service | sed -n 's|^ExecStart=/usr/sbin/||p' >"$T/note"
file /usr/local/sbin/who-was-it | sed "s|/var/log/nat44.log|$T/nat44.log|; s|nat64ctl -i \"\$1\"|\"$NAT64CTL\" -s \"$T/run/control\"|" >"$T/who-was-it"
t "the page has a command that notes connections" grep -q '^conntrack -E ' "$T/note"
t "and a script that joins the records" grep -q "$T/nat44.log" "$T/who-was-it"
read -ra note <"$T/note"
ip netns exec "$R" "${note[@]}" >"$T/nat44.log" 2>"$T/note.err" &
noting=$!
ask() { in_router sh "$T/who-was-it" here "$@" 2>&1; }
hosts_of() { awk '/^[0-9]/ { print $2 }'; }

# Tells who connects, as it sees them, and holds the connections until its input ends.
ip netns exec "$S" python3 -u -c 'import socket
s = socket.create_server(("8.8.8.8", 443))
held = []
while True:
    c, peer = s.accept()
    held.append(c)
    print(*peer[:2])
    c.sendall(b"x")' >"$T/peers" 2>/dev/null &
server=$!
wait_for sh -c "ip netns exec '$S' ss -Hltn | grep -q :443"
# connect HOST: from port 40000; ends when the server has answered, and resets the connection then.
connect() {
	in_client python3 -c 'import socket, struct, sys
s = socket.socket(socket.AF_INET6)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((sys.argv[1], 40000))
s.settimeout(5)
s.connect((sys.argv[2], 443))
s.recv(1)
if len(sys.argv) > 3:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
s.close()' "$@"
}
connect 2001:db8:2::1 "$GOOGLE"
connect 2001:db8:2::2 "$GOOGLE"
sleep 1.5
then=$(date -u +%Y-%m-%dT%H:%M:%SZ)
same "two hosts connect from the same port" 2 "$(wc -l <"$T/peers")"
same "and look like one" 1 "$(cut -d ' ' -f 1 "$T/peers" | sort -u | wc -l)"
same "with two ports" 2 "$(cut -d ' ' -f 2 "$T/peers" | sort -u | wc -l)"
read -r address port <"$T/peers"
other=$(awk 'NR == 2 { print $2 }' "$T/peers")
same "who had the first" 2001:db8:2::1 "$(ask "$address" "$port" "$then" | hosts_of)"
same "who had the second" 2001:db8:2::2 "$(ask "$address" "$other" "$then" | hosts_of)"
same "who had another" "" "$(ask "$address" 39999 "$then")"
same "who had it before anybody came" "" "$(ask "$address" "$port" 2020-01-01T00:00:00Z)"

# The connections end, and another host gets the first port.
in_router conntrack -D -p tcp >/dev/null 2>&1
sleep 1.1
connect 2001:db8:2::3 "$GOOGLE"
same "a third host has the port that the first had" "$address $port" "$(tail -n 1 "$T/peers")"
sleep 1.5
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
same "now it is the third's" 2001:db8:2::3 "$(ask "$address" "$port" "$now" | hosts_of)"
began=$(awk -F '[][.]' '/\[NEW\]/ { at = $2 } END { print at }' "$T/nat44.log")
began=$(date -u -d "@$began" +%Y-%m-%dT%H:%M:%SZ)
same "and was it in the second in which the connection began" 2001:db8:2::3 "$(ask "$address" "$port" "$began" | hosts_of)"
same "it was the first's then" 2001:db8:2::1 "$(ask "$address" "$port" "$then" | hosts_of)"
same "in local time, too" 2001:db8:2::1 "$(export TZ=America/Lima && ask "$address" "$port" "$(date -d "$then" '+%Y-%m-%d %H:%M:%S')" | hosts_of)"

# The lease ends, and its address becomes another's: the record goes back behind that.
sed "s|^dynamic-pool.*|dynamic-pool 192.168.254.0/24|" "$T/conf" >"$T/conf.new" && cat "$T/conf.new" >"$T/conf"
from=$(since)
kill -HUP "$PID"
wait_for said "$from" "is in effect"
sleep 1.2
same "after all leases have ended it was still the first's then" 2001:db8:2::1 "$(ask "$address" "$port" "$then" | hosts_of)"
# The notes of that time are in older files meanwhile, one of them packed.
kill "$noting" && wait "$noting" 2>/dev/null
head -n 2 "$T/nat44.log" | gzip >"$T/nat44.log.2.gz"
sed 1,2d "$T/nat44.log" >"$T/nat44.log.1"
: >"$T/nat44.log"
same "nor do rotated files change that" 2001:db8:2::1 "$(ask "$address" "$port" "$then" | hosts_of)"
same "nor whose it was later" 2001:db8:2::3 "$(ask "$address" "$port" "$began" | hosts_of)"
kill "$server" 2>/dev/null
wait "$server" 2>/dev/null
finish

#!/usr/bin/env bash
# The common walkthrough for operators: its exact configuration and its two MASQUERADE rules.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need iptables ss
topology
iptables_masquerade 2>/dev/null || skip_all "needs iptables with NAT"

cat >"$T/conf" <<-END
	tun-device nat64
	ipv4-addr 192.168.255.1
	ipv6-addr 2001:db8:1000::64
	prefix 64:ff9b::/96
	dynamic-pool 192.168.255.0/24
	data-dir /var/spool/tayga
END
# The daemon sees a /var/spool of its own: the real one may belong to a real translator.
mkdir -p "$T/spool/tayga"
cat >"$T/run" <<-END
	mount --bind "$T/spool" /var/spool && exec "\$@"
END
ip netns exec "$R" bash "$T/run" "$NAT64D" --nodetach --stdout -c "$T/conf" </dev/null >>"$LOG" 2>&1 &
PID=$!
wait_for link_exists nat64 && set_routes && wait_for link_running nat64 || not_ok "nat64d starts"

t "ping 64:ff9b::8.8.8.8" ping6 64:ff9b::8.8.8.8
serve_udp
t "UDP through both translations" in_client python3 "$here/udp.py" echo "$GOOGLE" 5007 50 1400
t "UDP in fragments through both" in_client python3 "$here/udp.py" echo "$GOOGLE" 5007 20 8192
same "the server sees the router only" "2001:db8:2::1 8.8.8.1" "$(hosts 1)"
ip -n "$R" route replace 8.8.8.0/24 dev wan mtu lock 1300
shows "ICMP errors find back through both" "mtu=1320" in_client ping -6 -n -c 2 -i 0.2 -W 1 -M "do" -s 1400 "$GOOGLE"
t "leases are where the configuration says" grep -q 2001:db8:1::2 "$T/spool/tayga/dynamic.map"
stops "TERM: exit status 0"

# On a machine that never had Tayga, started by root for another user, without a word more in the configuration, and with
# ipv6-addr that is the router's own on the LAN.  His kernel, unlike the tests', speaks from addresses that it has.
runs() {
	# shellcheck disable=SC2016 # for the inner shell
	ip netns exec "$R" bash -c 'mount -t tmpfs -o mode=755 tmpfs /var/spool && "$@"; ls -ldn /var/spool/tayga' run \
		"$NAT64D" --nodetach --stdout -c "$T/conf" -u 65534 -g 65533 </dev/null >>"$LOG" 2>&1 &
	disown
	wait_for said "$from" 'offload:'
	PID=$(ip netns pids "$R" | while read -r pid; do
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" != nat64d ] || echo "$pid"
	done | sed -n 1p)
}
over() {
	kill "$PID"
	wait_for gone "$PID"
	PID=
}
first_line() { tail -n "+$from" "$LOG" | sed -n 1p; }
in_router sysctl -qw net.ipv6.ip_nonlocal_bind=0
ip -n "$R" route replace 8.8.8.0/24 dev wan
ip -n "$R" addr add "$OWN6/64" dev lan
from=$(since)
runs
same "no tun-setup: the first line says what to add" \
	"warning: $T/conf: tun-device nat64: the link is down, nothing is translated (unless another program sets it up, add the line: tun-setup yes)" \
	"$(first_line)"
over
t "data-dir was made for the daemon's user" wait_for said "$from" '^drwxr-x--- .* 65534 65533 .* /var/spool/tayga$'

echo 'tun-setup yes' >>"$T/conf"
from=$(since)
runs
own="ipv6-addr: the machine has $OWN6 on lan: packets of other hosts are translated, but not those that the machine itself sends from it"
same "with that line, and ipv6-addr on the LAN: the first line says what to write instead" \
	"warning: $own (remove the line ipv6-addr, and nat64d uses an address inside prefix; or name an address there that no interface has)" \
	"$(first_line)"
same "nothing else is warned of, least of all by a route to that address" 1 "$(said "$from" warning: | wc -l)"
t "hosts: ping" wait_for ping6 "$GOOGLE"
t "hosts: UDP" in_client python3 "$here/udp.py" echo "$GOOGLE" 5007 50 1400
tcp_server "$S" 5008
connects() { ip netns exec "$1" python3 -c 'import socket, sys; socket.create_connection((sys.argv[1], 5008), 2, (sys.argv[2], 0))' "$GOOGLE" "$2"; }
t "hosts: TCP" connects "$C" 2001:db8:1::2
t "the router, from another address: ping" in_router ping -6 -n -c 1 -W 2 -I 2001:db8:1::1 "$GOOGLE"
t "the router, from another address: TCP" connects "$R" 2001:db8:1::1
t "the router keeps its address" ping6 "$OWN6"
over

sed -i /ipv6-addr/d "$T/conf"
from=$(since)
runs
t "obeyed: nothing is warned of" fails said "$from" warning:
t "hosts: ping" wait_for ping6 "$GOOGLE"
t "the router: ping from that address" in_router ping -6 -n -c 1 -W 2 -I "$OWN6" "$GOOGLE"
t "the router: TCP from that address" connects "$R" "$OWN6"
over
finish

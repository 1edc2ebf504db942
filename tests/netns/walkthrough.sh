#!/usr/bin/env bash
# The walkthrough that operators follow: its configuration to the letter, its two MASQUERADE rules.
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
finish

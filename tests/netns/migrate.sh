#!/usr/bin/env bash
# From Tayga to nat64d and back, with one configuration and one lease file in Debian's places: every host keeps the address
# by which IPv4 knows it.  TAYGA=FILE names a tayga that is not in PATH.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
tayga=${TAYGA:-$(command -v tayga)}
[ -n "$tayga" ] || skip_all "needs tayga (or TAYGA=FILE)"
need ss "$tayga"
topology

# Like the file of Debian's package, except for the addresses and a map.
cat >"$T/conf" <<-END
	tun-device nat64
	ipv4-addr 192.168.255.1
	prefix 2001:db8:1:ffff::/96
	dynamic-pool 192.168.255.0/24
	data-dir /var/spool/tayga
	map 192.168.255.2 2001:db8:2::f00
END
# Both see a /var/spool of their own: the real one may belong to a real translator.
mkdir -p "$T/spool/tayga"
map=$T/spool/tayga/dynamic.map
cat >"$T/run" <<-END
	mount --bind "$T/spool" /var/spool && exec "\$@"
END

# What Debian's init script does before the daemon and after it, for CONFIGURE_IFACE="yes".
iface_up() {
	in_router "$1" -c "$T/conf" --mktun
	ip -n "$R" link set nat64 up
	ip -n "$R" route add 192.168.255.0/24 dev nat64
	ip -n "$R" -6 route add 2001:db8:1:ffff::/96 dev nat64
}
iface_down() {
	ip -n "$R" link set nat64 down
	in_router "$1" -c "$T/conf" --rmtun
}

# runs PROGRAM [OPTION...]: in the background, on the device that is there.
runs() {
	ip netns exec "$R" bash "$T/run" "$@" --nodetach -c "$T/conf" </dev/null >>"$LOG" 2>&1 &
	PID=$!
	wait_for link_running nat64
}

# from PROGRAM [OPTION...]: starts it, with its device.
from() {
	iface_up "$1" >>"$LOG" 2>&1
	runs "$@"
}

# leave PROGRAM [SIGNAL]
leave() {
	stop_nat64d "${2:-TERM}"
	iface_down "$1" >>"$LOG" 2>&1
}

target=2001:db8:1:ffff::808:808
seen() { hosts "$1" $target | sort; }
mapped() { in_client ping -6 -n -c 1 -W 2 -I 2001:db8:2::f00 $target >/dev/null && ping4 192.168.255.2; }
# Who has a lease in the file since when: the comment before its line.
since_on_disk() { awk '/^# since / { t = $3 } !/^#/ { if (t) since[$1] = t; t = 0 } END { for (a in since) print a, since[a] }' "$map" | sort; }
on_disk() { awk -F '\t' '!/^#/ && NF >= 3 { host[$1] = $2 } END { for (a in host) print host[a], a }' "$map" | sort; }
# How many of the hosts in FILE were answered, each at an address of its own.
distinct() { awk '$2 != "none" { print $2 }' "$1" | sort -u | wc -l; }
# kept FILE ANOTHER: every line of FILE is in ANOTHER, which may have more.
kept() { [ -s "$1" ] && [ -z "$(comm -23 "$1" "$2")" ]; }

from "$tayga"
serve_udp
seen 30 >"$T/tayga"
same "Tayga: 30 hosts are answered, each at an address of its own" 30 "$(distinct "$T/tayga")"
t "Tayga: so is the mapped one" mapped
leave "$tayga"
on_disk >"$T/disk"
t "Tayga: the leases are in dynamic.map" cmp "$T/tayga" "$T/disk"

from "$NAT64D"
address=$(awk 'NR == 7 { print $2 }' "$T/tayga")
t "nat64d in its place: IPv4 reaches a host that has not spoken yet" ping4 "$address"
seen 30 >"$T/nat64d"
t "nat64d in its place: every host has the address it had" cmp "$T/tayga" "$T/nat64d"
t "nat64d in its place: so has the mapped one" mapped
same "nat64d in its place: no line of the lease file is complained of" "" "$(grep 'dynamic.map' "$LOG")"
seen 40 >"$T/more"
t "nat64d: ten more hosts" kept "$T/nat64d" "$T/more"
same "nat64d: at addresses of their own" 40 "$(distinct "$T/more")"
leave "$NAT64D"
same "nat64d: Tayga's thirty are confirmed, its own ten have asked but once" 10 "$(grep -c '^# unconfirmed$' "$map")"
same "nat64d: the file says since when its own ten are leased; of Tayga's it is not known" 10 "$(since_on_disk | wc -l)"

said=$(wc -l <"$LOG")
from "$tayga"
seen 40 >"$T/back"
t "back to Tayga: every host has the address it had" cmp "$T/more" "$T/back"
t "back to Tayga: so has the mapped one" mapped
leave "$tayga"
same "back to Tayga: it complains of no line" "" "$(tail -n "+$((said + 1))" "$LOG" | grep -i 'malformed')"

from "$NAT64D"
seen 50 >"$T/again"
t "nat64d again: ten more" kept "$T/more" "$T/again"
leave "$NAT64D" KILL
from "$tayga"
seen 50 >"$T/back"
t "back to Tayga after kill -9 of nat64d: every host has the address it had" cmp "$T/again" "$T/back"
leave "$tayga"

# A user of its own, who has been given Tayga's files, and Tayga as root on what is then his.
chown -R 65534:65534 "$T/spool/tayga"
from "$NAT64D" --user 65534
seen 60 >"$T/user"
t "nat64d without rights: ten more" kept "$T/again" "$T/user"
leave "$NAT64D"
from "$tayga"
seen 60 >"$T/again"
t "back to Tayga: every host has the address it had" cmp "$T/user" "$T/again"
leave "$tayga"
chown -R 0:0 "$T/spool/tayga"

# Whoever has made the device, with its routes, the other may run on it.
iface_up "$tayga" >>"$LOG" 2>&1
runs "$NAT64D"
seen 60 >"$T/device"
t "nat64d on the device that Tayga has left" cmp "$T/again" "$T/device"
leave "$NAT64D"
iface_up "$NAT64D" >>"$LOG" 2>&1
runs "$tayga"
seen 60 >"$T/device"
t "Tayga on the device that nat64d has left" cmp "$T/again" "$T/device"

# The copy of the configuration that the manual recommends: one line more does what the init script did, and Tayga, which
# does not know it, must keep the old one.
leave "$tayga"
{ cat "$T/conf" && echo 'tun-setup yes'; } >"$T/copy"
t "a copy with tun-setup is fine" in_router "$NAT64D" --test -c "$T/copy"
t "but not for Tayga" fails in_router timeout 5 "$tayga" --nodetach -c "$T/copy"
mv "$T/conf" "$T/conf.tayga" && mv "$T/copy" "$T/conf"
runs "$NAT64D"
seen 60 >"$T/device"
t "nat64d makes device and routes itself" cmp "$T/again" "$T/device"
stop_nat64d
t "and they go with it" fails link_exists nat64
mv "$T/conf.tayga" "$T/conf"

from "$tayga"
# Both at once would fight over the device: the second does not start.
shows "nat64d beside a running Tayga says so" "tun-device nat64: in use by another process (find it: pgrep -a 'tayga|nat64d')" \
	in_router timeout 5 bash "$T/run" "$NAT64D" --nodetach -c "$T/conf"
seen 60 >"$T/device"
t "and does no harm" cmp "$T/again" "$T/device"
leave "$tayga"
finish

#!/usr/bin/env bash
# Runs the tutorials of nat64(7): this test extracts each file and command from the page and runs it in the network of its
# section.  A change of a command in the page also changes this test.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need awk nft iptables ip6tables nsenter setpriv setsid ss sysctl traceroute
top=$(cd "$here/../.." && pwd)
page=$top/man/nat64.7
"$NAT64D" --help | grep -q ' /etc/nat64.conf' || skip_all "nat64d is built for another sysconfdir"
SPACES=""

# --- machines ---------------------------------------------------------------------------------------------------------

make_place
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

# The programs that the page calls, in front of the PATH.  The daemon is a copy: it runs as a user who may not see the
# build.
mkdir "$T/bin" "$T/root"
cp "$NAT64D" "$T/bin/nat64d"
cp "${NAT64CTL:-$(dirname "$NAT64D")/nat64ctl}" "$T/bin/nat64ctl"
cat >"$T/bin/journalctl" <<-END
	#!/bin/sh
	# journalctl -n NUMBER -u UNIT
	sleep 0.2
	tail -n "\$2" "$T/\$4.log"
END
printf '#!/bin/sh\nNAT64D=%s exec "%s" "$@"\n' "$T/bin/nat64d" "$HOST" >"$T/bin/nat64-host"
printf '#!/bin/sh\nUNITS=%s SBIN=%s LOGS=%s exec bash "%s" "$@"\n' "$top/contrib" "$T/bin" "$T" "$here/systemctl.sh" >"$T/bin/systemctl"
command -v ifup >/dev/null || cat >"$T/bin/ifup" <<-'END'
	#!/bin/sh
	# Replaces a missing ifup: runs the commands after pre-up and up.
	sed -n 's/^ *\(pre-\)\{0,1\}up //p' "/etc/network/interfaces.d/$1" | sh -e
END
chmod 755 "$T"/bin/*

# What a machine has to itself: /etc, /run, where services keep their state, and what the package has in /usr/share.  These mounts are seen by nobody else.
cat >"$T/hold" <<-END
	mount -t tmpfs tmpfs "$T/root" && mkdir "$T/root/etc" || exit
	cp -a /etc/. "$T/root/etc" 2>/dev/null
	rm -rf "$T/root/etc"/nat64* "$T/root/etc/sysctl.d"/*nat64* "$T/root/etc/systemd/network"/* "$T/root/etc/network"/*
	mkdir -p "$T/root/etc/network"/if-{pre-up,up,down,post-down}.d
	echo 'source /etc/network/interfaces.d/*' | install -D -m 644 /dev/stdin "$T/root/etc/network/interfaces"
	install -D -m 644 "$top/contrib/nat64d.default" "$T/root/etc/default/nat64d"
	mount --bind "$T/root/etc" /etc && mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/lib || exit
	mount -t tmpfs tmpfs /usr/share || exit
	[ ! -d /usr/local/sbin ] || mount --bind "$T/bin" /usr/local/sbin # ifup has a PATH of its own
	install -D -m 644 "$top/contrib/nat64d.sysctl" /usr/share/nat64d/90-nat64d.conf
	mknod -m 666 /run/tun c 10 200 && mount --bind /run/tun /dev/net/tun
	mount -o remount,ro /sys
	touch /run/ready
	exec sleep infinity
END

declare -A holder

# on MACHINE COMMAND...  With its root: in a chroot that of the namespace is another.
on() {
	local pid=${holder[$1]}
	shift
	nsenter -t "$pid" -m -n -r -w -- env PATH="$T/bin:$PATH" "$@"
}

# machine NAME
machine() {
	space "$N-$1"
	ip netns exec "$N-$1" bash "$T/hold" </dev/null >/dev/null 2>&1 &
	holder[$1]=$!
	disown
	wait_for on "$1" test -e /run/ready || skip_all "may not mount file systems"
}

# cable MACHINE DEVICE MACHINE DEVICE
cable() { join "$N-$1" "$2" "$N-$3" "$4"; }
# With nodad a route may name an IPv6 address at once.
address() {
	local at_once=""
	[[ $3 != *:* ]] || at_once=nodad
	ip -n "$N-$1" addr add "$3" dev "$2" $at_once
}
route() { ip -n "$N-$1" route add "${@:2}"; }

# Removes the machines of the previous section and their processes.
no_machines() {
	local ns p
	for ns in $SPACES; do
		for p in $(ip netns pids "$ns"); do
			kill -9 "$p"
		done
		ip netns del "$ns"
	done 2>/dev/null
	SPACES="" holder=()
}

# --- the page ---------------------------------------------------------------------------------------------------------

awk -f "$top/tests/tree/manual.awk" "$page" >"$T/steps" || skip_all "needs the page"
: >"$T/done"
block() { awk -v block="$1" -f "$top/tests/tree/manual.awk" "$page"; }

# kept COMMAND...: runs it, and keeps what it prints.
# shellcheck disable=SC2317 # called by t
kept() {
	"$@" >"$T/printed" 2>&1
	local is=$?
	cat "$T/printed"
	return $is
}

# neutral: replaces values that differ in each run: addresses of a pool, and times.
neutral() { sed -E 's/192\.168\.255\.[0-9]+/192.168.255.N/g; s/[0-9-]{10}T[0-9:.]{15}Z/TIME/'; }

# prints SECTION LINE: one point, ok if the last command has printed what the block at LINE of the page shows.
prints() { same "$1: what that prints" "$(block "$2" | neutral)" "$(neutral <"$T/printed")"; }

# perform SECTION: writes its files and runs its commands, each of which is one point; so is what is shown behind them.
perform() {
	local line kind machine path section command
	while IFS=$'\t' read -r line kind machine path section <&3; do
		[ "$section" = "$1" ] || continue
		echo "$line" >>"$T/done"
		case $kind in
		file) block "$line" | on "$machine" install -D -m 644 /dev/stdin "$path" ;;
		run)
			while read -r command <&4; do
				t "$section: $machine# $command" kept on "$machine" timeout 60 sh -c "$command"
			done 4< <(block "$line")
			;;
		shown) [ ! -e "$T/printed" ] || prints "$section" "$line" ;;
		*) rm -f "$T/printed" ;;
		esac
	done 3<"$T/steps"
}

# Every block that can be run was run.
all_performed() {
	same "every file and command of the page has been tried" "" \
		"$(awk -F '\t' 'NR == FNR { tried[$1] = 1; next } ($2 == "run" || $2 == "file" || $2 == "shown") && !($1 in tried) { print $1 ": " $5 }' "$T/done" "$T/steps")"
}

# --- connectivity -----------------------------------------------------------------------------------------------------

pings() { on "$1" ping -n -c 1 -W 2 "${@:2}"; }
# silent: as pings, but no answer comes.  Those that do take milliseconds here.
silent() { ! on "$1" ping -n -c 1 -W 0.5 "${@:2}"; }

# answering MACHINE: it tells whoever asks where he comes from.
answering() {
	ip netns exec "$N-$1" python3 "$here/who.py" serve 80 </dev/null >/dev/null 2>&1 &
	disown
	wait_for listening "$N-$1" -t 80
}

# asks MACHINE ADDRESS [FROM]: what it is told there.
asks() { on "$1" python3 "$here/who.py" ask "$2" 80 "${@:3}"; }

# within ADDRESS LOW HIGH
# shellcheck disable=SC2317 # called by t
within() { awk -v a="$1" -v low="$2" -v high="$3" 'function n(x, p) { split(x, p, "."); return ((p[1] * 256 + p[2]) * 256 + p[3]) * 256 + p[4] }
	BEGIN { exit !(a ~ /^[0-9.]+$/ && n(a) >= n(low) && n(a) <= n(high)) }'; }

# --- home router ------------------------------------------------------------------------------------------------------

# internet_side: what is beyond the provider.
internet_side() {
	address internet wan 203.0.113.1/24
	address internet wan 2001:db8:ffff::1/64
	address internet lo 8.8.8.8/32
	address internet lo 192.0.2.8/32
	address internet lo 2001:db8:bad::1/128
	route internet 2001:db8::/32 via 2001:db8:ffff::2
	route internet 64:ff9b::/96 via 2001:db8:ffff::2
	answering internet
}

# wan_side ROUTER
wan_side() {
	address "$1" wan 203.0.113.2/24
	address "$1" wan 2001:db8:ffff::2/64
	route "$1" default via 203.0.113.1
	route "$1" default via 2001:db8:ffff::1
	internet_side
	wait_for pings "$1" 2001:db8:ffff::1
}

home_network() {
	no_machines
	machine host
	machine router
	machine internet
	cable host lan router lan
	cable router wan internet wan
	address router lan 2001:db8:1::1/64
	for n in 2 25 80 443; do address host lan 2001:db8:1::$n/64; done
	route host default via 2001:db8:1::1 src 2001:db8:1::2
	wan_side router
	LOG=$T/nat64d.log
}

foreign=(internet -I 2001:db8:bad::1 64:ff9b::8.8.8.8)
# shellcheck disable=SC2317 # called by t
leased() { on router grep -q "$1" /var/lib/nat64d/dynamic.map; }

home_network
on router nft list tables >/dev/null 2>&1 || skip_all "needs nftables"
answering host
perform "HOME ROUTER"
same "the internet sees the router" "203.0.113.2" "$(asks host 64:ff9b::8.8.8.8)"
t "the lease is in the file that the page names" leased 2001:db8:1::2
t "the daemon answers at the address that the page names" pings host 64:ff9b::192.168.255.1
same "and is a hop by that" "2001:db8:1::1 64:ff9b::c0a8:ff01 64:ff9b::cb00:7102 64:ff9b::808:808" \
	"$(on host traceroute -6 -n -q 1 -w 2 -m 8 64:ff9b::808:808 2>/dev/null | hop_list)"
perform "TROUBLESHOOTING"
(on router timeout 3 nat64ctl trace 2001:db8:1::2 >"$T/printed" 2>&1) &
sleep 1
on host ping -n -c 1 -W 1 64:ff9b::8.8.8.8 >/dev/null
wait $!
prints TROUBLESHOOTING "$(awk -F '\t' '$5 == "TROUBLESHOOTING" && $2 == "shown" { line = $1 } END { print line }' "$T/steps")"
on router ip route add 8.8.8.8 via 203.0.113.1 mtu lock 1300
shows "hosts learn of a 1300-byte link on the way to IPv4" mtu=1320 \
	on host ping -n -c 2 -i 0.2 -W 1 -M "do" -s 1400 64:ff9b::8.8.8.8
on router ip route del 8.8.8.8
on host ip -6 route flush cache
perform "A service at home"
same "the server sees the client behind the prefix" 64:ff9b::808:808 "$(asks internet 203.0.113.2 8.8.8.8)"

# --- firewall ---------------------------------------------------------------------------------------------------------

t "without a firewall, a neighbour on the wan can use the prefix" pings "${foreign[@]}"

# guarded NAME: the rules of the page are in force.
guarded() {
	same "$1: hosts reach the internet" "203.0.113.2" "$(asks host 64:ff9b::8.8.8.8)"
	t "$1: so does the router, from an address of the wan" pings router -I 2001:db8:ffff::2 64:ff9b::8.8.8.8
	t "$1: strangers are kept out" silent "${foreign[@]}"
	silent internet -I "$2" 64:ff9b::8.8.8.8 >/dev/null
	t "$1: also if they forge an address of ours" fails leased "$2"
}
perform "nftables"
guarded nftables 2001:db8:1::771
on router nft delete table inet nat64_guard
t "without it, strangers are back" pings "${foreign[@]}"
perform "iptables"
guarded iptables 2001:db8:1::772
on router sh -c 'ip6tables -F; ip6tables -X; iptables -F'
perform "A firewall with policy drop"
guarded "policy drop" 2001:db8:1::773
t "policy drop: large answers are told" on host ping -n -c 2 -i 0.2 -W 2 -s 1400 64:ff9b::8.8.8.8
on router nft delete table inet filter

# --- NAT44 ------------------------------------------------------------------------------------------------------------

hidden() { same "$1: the internet sees the router" "203.0.113.2" "$(asks host 64:ff9b::8.8.8.8)"; }
unhidden() { t "$1: without it, no answer" silent host 64:ff9b::8.8.8.8; }
on router nft delete table ip nat64_ports
on router nat64-host down >/dev/null
unhidden "nat64-host"
perform "By nat64-host"
hidden "nat64-host"
on router nat64-host down >/dev/null
# Debian's file, as it comes.
printf '%s\n' '#!/usr/sbin/nft -f' 'flush ruleset' | on router tee /etc/nftables.conf >/dev/null
on router nft add table ip other
perform "By nftables"
hidden "nftables"
t "nftables: the rules of others stay" on router nft list table ip other
on router nft delete table ip nat64_nat44
on router systemctl start nftables
hidden "nftables, loaded as at boot"
on router nft flush ruleset
perform "By iptables"
hidden "iptables"
on router nft flush ruleset

# --- network configuration --------------------------------------------------------------------------------------------

on router systemctl stop nat64d >/dev/null
t "without tun-setup the device has gone with the daemon" fails on router ip link show dev nat64
perform "NETWORK CONFIGURATION"
if [ -x /lib/systemd/systemd-networkd ] && id systemd-network >/dev/null 2>&1; then
	# Its netdev is there at once, its routes a little later.
	perform "systemd-networkd"
	t "systemd-networkd: the internet answers" wait_for pings host 64:ff9b::8.8.8.8
	on router systemctl stop nat64d >/dev/null
	t "systemd-networkd: the device and its routes stay" on router sh -c 'ip -6 route show 64:ff9b::/96 | grep -q "dev nat64"'
	on router systemctl stop systemd-networkd
	on router ip link del nat64
else
	skip "systemd-networkd" "not installed"
	awk -F '\t' '$5 == "systemd-networkd" { print $1 }' "$T/steps" >>"$T/done"
fi
perform "ifupdown"
t "ifupdown: the internet answers" wait_for pings host 64:ff9b::8.8.8.8

# --- 464XLAT ----------------------------------------------------------------------------------------------------------

t "an IPv6-only host has no IPv4" silent host 8.8.8.8
perform "By hand"
same "464XLAT: the internet sees the router" "203.0.113.2" "$(asks host 8.8.8.8)"
t "464XLAT: IPv6 as before" pings host 2001:db8:bad::1

# --- static server maps -----------------------------------------------------------------------------------------------

home_network
answering host
route internet 198.51.100.0/24 via 203.0.113.2
perform "STATIC SERVER MAPS"
t "maps: ping" pings internet -I 192.0.2.8 198.51.100.25
t "maps: an address of the provider's network" wait_for pings internet -I 192.0.2.8 203.0.113.80
t "maps: no other address" silent internet -I 192.0.2.8 198.51.100.26
same "maps: the server sees the client behind the prefix" "2001:db8:1:64::c000:208" "$(asks internet 198.51.100.80 192.0.2.8)"
t "maps: the server reaches IPv4 as well" pings host -I 2001:db8:1::25 2001:db8:1:64::192.0.2.8
t "maps: other hosts do not" silent host -I 2001:db8:1::2 2001:db8:1:64::192.0.2.8

# --- small ISP --------------------------------------------------------------------------------------------------------

isp_network() {
	no_machines
	for name in home business router internet; do machine $name; done
	cable home lan router lan1
	cable business lan router lan2
	cable router wan internet wan
	address router lan1 2001:db8:100::1/64
	address router lan2 2001:db8:200::1/64
	address home lan 2001:db8:100::2/64
	address business lan 2001:db8:200::2/64
	address business lan 2001:db8:200::25/64
	route home default via 2001:db8:100::1
	route business default via 2001:db8:200::1 src 2001:db8:200::2
	wan_side router
	route internet 198.51.100.0/26 via 203.0.113.2
	route internet 203.0.113.64/28 via 203.0.113.2
	LOG=$T/nat64d@home.log
}
isp_network
perform "SMALL ISP"
home=2001:db8:64:1::192.0.2.8 business=2001:db8:64:2::192.0.2.8
seen=$(asks home $home)
t "ISP: a home shares public addresses ($seen)" within "$seen" 203.0.113.64 203.0.113.79
seen=$(asks business $business)
t "ISP: a business has one of its own ($seen)" within "$seen" 198.51.100.2 198.51.100.63
t "ISP: and is reached there" pings internet -I 192.0.2.8 "$seen"
t "ISP: the mail server has the same for ever" pings internet -I 192.0.2.8 198.51.100.25
t "ISP: a home cannot use the businesses' prefix" silent home $business
t "ISP: a business cannot use the homes'" silent business $home
t "ISP: strangers neither" silent internet -I 2001:db8:bad::1 $home
silent home -I 2001:db8:200::7 $business >/dev/null
t "ISP: a home cannot forge the address of a business" fails on router grep -q 2001:db8:200::7 /var/lib/nat64d/business/dynamic.map
perform "Leases"
t "ISP: the log tells how full the pool is" grep -q 'leases-used.*leases-size' "$T/nat64d@home.log"
perform "Who used an address"
LOG=$T/nat64d@home.log
on router sh -c 'echo "dynamic-pool 100.66.0.0/16" >>/etc/nat64/home.conf; systemctl restart nat64d@home'
same "ISP: leases survive another pool" 1 "$(on router grep -c 2001:db8:100::2 /var/lib/nat64d/home/dynamic.map)"
t "ISP: and homes go on" pings home $home

isp_network
perform "Customers with pools of their own"
home=2001:db8:64:3::192.0.2.8
same "customers: a home shares the address of the router" 203.0.113.2 "$(asks home $home)"
seen=$(asks business $home)
t "customers: a business has one of its own ($seen)" within "$seen" 198.51.100.1 198.51.100.63
t "customers: nobody else is served" silent internet -I 2001:db8:bad::1 $home
t "customers: what is denied is not reached" silent business "2001:db8:64:3::$seen"
t "customers: the secret is where the page says" on router test -s /var/lib/nat64d/customers/pool.key

# --- SIIT-DC ----------------------------------------------------------------------------------------------------------

data_center() {
	no_machines
	for name in server relay internet; do machine $name; done
	cable server lan relay lan
	cable relay wan internet wan
	address relay lan 2001:db8:10::1/64
	address server lan 2001:db8:10::2/64
	for n in 2001:db8:12::2 2001:db8:13::25 2001:db8:13::80 2001:db8:13::81; do
		address server lo $n/128
		route relay $n via 2001:db8:10::2
	done
	route server default via 2001:db8:10::1
	wan_side relay
	route internet 198.51.100.0/24 via 203.0.113.2
	answering server
	LOG=$T/nat64d@siit.log
}

data_center
# The last command of the section makes this server reachable.
t "SIIT-DC: not mapped yet" silent internet -I 192.0.2.8 198.51.100.81
perform "SIIT-DC"
for n in 18 80 90; do t "SIIT-DC: 198.51.100.$n" pings internet -I 192.0.2.8 198.51.100.$n; done
t "SIIT-DC: a map more, without a restart" wait_for pings internet -I 192.0.2.8 198.51.100.81
t "SIIT-DC: it was a reload" grep -q 'is in effect' "$LOG"
same "SIIT-DC: the server sees the client" "2001:db8:46::c000:208" "$(asks internet 198.51.100.80 192.0.2.8)"
t "SIIT-DC: no state was kept" fails on relay test -s /var/lib/nat64d/siit/dynamic.map

all_performed
finish

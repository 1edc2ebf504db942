#!/usr/bin/env bash
# nat64-host check with the daemon as a service: its messages, the process that uses the device, changes of the file, commands
# that survive a restart, and full pools.  systemd is simulated here; tests/system/package.sh uses the real one.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
top=$(cd "$here/../.." && pwd)
NAT64CTL=${NAT64CTL:-$(dirname "$NAT64D")/nat64ctl}
need nft sysctl awk setpriv
host_topology
mkdir -p "$T/run/systemd/system" "$T/fake" "$T/etc/nat64" "$T/unit/run" "$T/sysctl.d" "$T/units"
ln -s "$T/unit/run" "$T/run/nat64d" # where the unit's daemon is asked
chown nobody "$T/data" "$T/unit/run"
conf=$T/etc/nat64.conf
lib=$(cd "$(dirname "$HOST")/host" && pwd)

# --- a service manager ------------------------------------------------------------------------------------------------

sed "s|^sysconfdir=.*|sysconfdir=$T/etc|; s|^lib=.*|lib=$lib|; s|^example=.*|example=$top/tayga.conf.example|
	s|^sysctls=.*|sysctls=$top/contrib/nat64d.sysctl|" "$HOST" >"$T/fake/nat64-host"
# systemctl: what it knows of a unit is in $T/unit, one file for each property.
cat >"$T/fake/systemctl" <<-END
	#!/bin/sh
	cd "$T/unit" || exit
	case \$1 in
	is-active) cat State ;;
	-q) [ "\$(cat State)" = active ] ;;
	show) cat "\$3" ;;
	reload)
		"$NAT64CTL" -s "$T/unit/run/control" reload || exit
		: >StatusText
		date +@%s >StateChangeTimestamp
		;;
	daemon-reload) ! grep -qs '=CAP_BPF' "$T"/units/nat64d.service.d/* || rm -f wrapper ;;
	restart | start)
		[ ! -s MainPID ] || kill "\$(cat MainPID)" 2>/dev/null
		for _ in 1 2 3 4 5 6 7 8 9 10; do ip link show dev nat64 >/dev/null 2>&1 && sleep 0.1; done
		: >log # the expansion below takes its time
		RUNTIME_DIRECTORY=$T/unit/run \$(cat wrapper 2>/dev/null) "$NAT64D" --nodetach --stdout --user nobody -c "$conf" </dev/null >log 2>&1 &
		echo \$! >MainPID
		tries=0
		until grep -q 'translating on' log; do
			tries=\$((tries + 1))
			[ \$tries -lt 600 ] || exit 1
			sleep 0.1
		done
		echo active >State
		: >StatusText
		date +@%s >StateChangeTimestamp
		;;
	esac
END
# journalctl: what systemd says of the unit, and what the unit says itself.
cat >"$T/fake/journalctl" <<-'END'
	#!/bin/sh
	case " $* " in
	*" _SYSTEMD_UNIT=nat64d.service "*) echo "data-dir /nowhere does not exist" ;;
	*" -u "*) echo "Failed to start nat64d.service - Stateless NAT64 translator." ;;
	esac
END
chmod +x "$T"/fake/*

# host COMMAND...: in the router, with a /run and an /etc/sysctl.d and units of its own, and that manager.
host() {
	in_router env PATH="$T/fake:$T/impatient:$PATH" sh -c "mount --bind '$T/run' /run &&
		{ [ ! -d /etc/sysctl.d ] || mount --bind '$T/sysctl.d' /etc/sysctl.d; } &&
		{ [ ! -d /etc/systemd/system ] || mount --bind '$T/units' /etc/systemd/system; } && exec \"\$@\"" sh "$@"
}
well() { host "${shell[@]}" "$T/fake/nat64-host" check ${CANNOT:+--ignore "$CANNOT"} "$@" >"$T/found" 2>&1; }
set_state() { echo "$1" >"$T/unit/State"; }
main() { cat "$T/unit/MainPID"; }
start_service() {
	host systemctl restart nat64d
	# Without tun-setup nobody has set the link up yet.
	! grep -qix 'tun-setup yes' "$conf" || wait_for link_running nat64
}
stop_service() {
	kill "$(main)" && wait_for fails link_exists nat64
	: >"$T/unit/MainPID"
}

# says NAME LINE [OPTION...]: one point, ok if the doctor has exactly that line; its command is in `cure'.
says() {
	local name=$1 line=$2
	shift 2
	well "$@"
	cure=${line##* => }
	if grep -qxF -- "$line" "$T/found"; then ok "$name"; else not_ok "$name" "wanted: $line" "$(cat "$T/found")"; fi
}

uplinks
restart="systemctl restart nat64d.service" reload="systemctl reload nat64d.service"
set_state inactive

# --- without a configuration ------------------------------------------------------------------------------------------

says "no configuration: the example" "FAIL  configuration: $conf: no such file => cp $top/tayga.conf.example $conf"
echo 'tun-device tayga' >"$T/etc/tayga.conf"
says "no configuration, but Tayga's: that one" "FAIL  configuration: $conf: no such file => cp $T/etc/tayga.conf $conf"
well "$T/etc/nat64/x.conf"
t "no configuration of an instance: the example" grep -q " => cp $top/tayga.conf.example $T/etc/nat64/x.conf" "$T/found"

# --- the example, as it is --------------------------------------------------------------------------------------------

cp "$top/tayga.conf.example" "$conf"
start_service
may_be_fast "$T/unit/log"
[ -x "$(dirname "$NAT64D")/nat64ctl" ] || cp "$NAT64CTL" "$(dirname "$NAT64D")"
host "$T/fake/nat64-host" up >/dev/null
t "the example, as it is: all is well" wait_for well
diag "$(cat "$T/found")"
stop_service

# --- a service that failed --------------------------------------------------------------------------------------------

config >"$conf"
set_state failed
says "failed: the daemon's last words, and not systemd's about it" \
	"FAIL  service: no daemon uses nat64 (nat64d.service is failed), its last message: data-dir /nowhere does not exist => fix that, then: $restart"
set_state inactive
says "stopped by the operator: no words of long ago" "FAIL  service: no daemon uses nat64 (nat64d.service is inactive) => $restart"

# --- routes that last -------------------------------------------------------------------------------------------------

start_service
ip -n "$R" link set nat64 up
add="echo 'tun-setup yes' >>$conf && $reload"
says "no tun-setup: its routes are for the daemon to set, at every start" "FAIL  route: pool 192.168.255.0/24 leads to wan, not to nat64 => the same as above"
says "said once, for twice would be a mistake in the file" "FAIL  route: prefix 64:ff9b::/96 leads to wan, not to nat64 => $add"
cured "no tun-setup"
ip -n "$R" -6 route del 64:ff9b::/96
says "tun-setup, and a route has gone" "FAIL  route: prefix 64:ff9b::/96 leads to wan, not to nat64 => $reload"
cured "a route has gone"
ip -n "$R" addr add 192.168.255.1/24 dev nat64
says "the device has the daemon's address" \
	"FAIL  addresses: 192.168.255.1 is the daemon's own (ipv4-addr), but nat64 has it too: the kernel keeps its packets => ip addr del 192.168.255.1/24 dev nat64 && $reload"
cured "the device has the daemon's address"
ip -n "$R" addr add 192.168.255.1/32 dev lan
says "another device has it: it is not for us to take" "FAIL  addresses: 192.168.255.1 is the daemon's own (ipv4-addr), but lan has it too: the kernel keeps its packets => edit $conf: dynamic-pool and ipv4-addr of a network that is used nowhere else, then: $reload"
ip -n "$R" addr del 192.168.255.1/32 dev lan
ip -n "$R" -6 route add 64:ff9b::808:0/112 via 2001:db8:9::2
well --target 8.8.8.8
cure=$(sed -n 's/^FAIL  route: .* => //p' "$T/found")
same "a longer route elsewhere: is shown, and stays" "ip -6 route show table all to root 64:ff9b::/96 # decide which of these to keep" "$cure"
ip -n "$R" -6 route del 64:ff9b::808:0/112
stop_service
config 'Tun-Setup NO' >"$conf"
start_service
says "the link is down" "FAIL  device: nat64 is down => sed -i 's/^[[:space:]]*tun-setup[[:space:]].*/tun-setup yes/I' $conf && $reload"
cured "the link is down"
stop_service
printf %s "$(config)" >"$conf"
start_service
ip -n "$R" link set nat64 up
says "the last line of the file has no end" "FAIL  route: prefix 64:ff9b::/96 leads to wan, not to nat64 => echo >>$conf && $add"
cured "the last line of the file has no end"
stop_service
config >"$conf"
in_router "$NAT64D" --mktun -c "$conf" >/dev/null 2>&1
start_service
ip -n "$R" link set nat64 up
well
t "a device of somebody else's: its routes are, too" grep -qF " => ip -6 route replace 64:ff9b::/96 dev nat64" "$T/found"
kill "$(main)"
wait_for fails test -e "/proc/$(main)"
in_router "$NAT64D" --rmtun -c "$conf" >/dev/null 2>&1

in_router sysctl -qw net.ipv4.ip_forward=0
config 'tun-setup yes' >"$conf"
start_service
says "forwarding is off: as lasting as the service" \
	"FAIL  forwarding-4: the machine does not forward IPv4 => ln -sf $top/contrib/nat64d.sysctl /etc/sysctl.d/90-nat64d.conf && sysctl -p $top/contrib/nat64d.sysctl"
cured "forwarding is off"

# --- what is in effect ------------------------------------------------------------------------------------------------

echo 'prefix of nothing' >>"$conf"
t "a file that is wrong is refused" fails host systemctl reload nat64d
config 'tun-setup yes' >"$conf"
says "a reload was refused" "WARN  reload: the last reload was refused: the daemon uses the previous content of $conf => $reload || $restart"
cured "a reload was refused"
config 'prefix 2001:db8:64::/96' 'tun-setup yes' >"$conf"
touch -d "+2 seconds" "$conf"
says "another prefix since the start" "WARN  reload: $conf was changed after the daemon had read it => $reload" --ignore open,guard
sleep 2.1
cured "another prefix since the start" --ignore open,guard
# A daemon that cannot be asked: what systemd knows has to do.
config 'control off' 'tun-setup yes' >"$conf"
start_service
t "a daemon that cannot be asked: all is well" wait_for well
echo "0 of 254 addresses leased, 2 packets translated, 0 refused; the last reload was refused, see the log" >"$T/unit/StatusText"
says "its reload was refused" "WARN  reload: the last reload was refused: the daemon uses the previous content of $conf => $reload || $restart"
: >"$T/unit/StatusText"
echo @100 >"$T/unit/StateChangeTimestamp"
awk '{ printf "%.0f\n", $1 * 1e6 }' /proc/uptime >"$T/unit/StateChangeTimestampMonotonic"
t "a clock that was wrong at boot: all is well" wait_for well
echo 1 >"$T/unit/StateChangeTimestampMonotonic"
says "the other clock is the one for those without" "WARN  reload: $conf was changed after the daemon had read it => $reload"
rm "$T/unit/StateChangeTimestampMonotonic"
echo "map 192.168.255.9 2001:db8:9::9" >"$T/maps"
touch -d "-1 hour" "$T/maps"
config "map-file $T/maps" 'tun-setup yes' >"$conf"
start_service
t "a map-file of before: all is well" wait_for well
touch -d "+2 seconds" "$T/maps"
says "another map-file since the start" "WARN  reload: $T/maps was changed after the daemon had read it => $reload"
stop_service

# --- who holds the device ---------------------------------------------------------------------------------------------

config 'tun-setup yes' >"$conf"
cp "$NAT64D" "$T/tayga"
# stranger PROGRAM: it holds the device, in the router.
stranger() {
	ip netns exec "$R" "$1" --nodetach --stdout -c "$conf" </dev/null >"$T/stranger.log" 2>&1 &
	STRANGER=$!
	wait_for link_running nat64
}
stranger "$T/tayga"
set_state failed
cp "$NAT64D" "$T/openvpn"
kill "$STRANGER" && wait "$STRANGER" 2>/dev/null
stranger "$T/openvpn"
says "another program holds the device: it is not ended" "FAIL  service: process $STRANGER (openvpn) uses nat64, and is not the daemon of $conf (nat64d.service is failed) => edit $conf: tun-device NAME, one that no other program has, then: $restart"
kill "$STRANGER" && wait "$STRANGER" 2>/dev/null
stranger "$T/tayga"
says "Tayga holds the device" "FAIL  service: process $STRANGER (tayga) uses nat64, and is not the daemon of $conf (nat64d.service is failed) => kill $STRANGER && $restart"
cured "Tayga holds the device"
stop_service
wait "$STRANGER" 2>/dev/null
stranger "$NAT64D"
set_state activating
says "another nat64d holds the device" "FAIL  service: process $STRANGER (nat64d) uses nat64, and is not the daemon of $conf (nat64d.service is activating) => kill $STRANGER && $restart"
set_state inactive
says "a nat64d by hand, and a unit that nobody wants" "ok    service: process $STRANGER translates on nat64 (nat64d.service is inactive)"
kill "$STRANGER" && wait "$STRANGER" 2>/dev/null
stranger "$T/tayga"
cp "$conf" "$T/conf"
well "$T/conf"
t "Tayga holds the device, and there is no unit" grep -q "^FAIL  service: process $STRANGER (tayga) uses nat64.* => kill $STRANGER && $NAT64D --config $T/conf" "$T/found"
kill "$STRANGER" && wait "$STRANGER" 2>/dev/null

# --- where leases are kept ----------------------------------------------------------------------------------------------

echo strict >"$T/unit/ProtectSystem"
echo "/var/spool/tayga -$T/other" >"$T/unit/ReadWritePaths"
echo nobody >"$T/unit/User"
mkdir "$T/mine"
config 'tun-setup yes' >"$conf"
start_service
sed -i "s|^data-dir.*|data-dir $T/new|" "$conf"
says "data-dir elsewhere: every step at once" "FAIL  data-dir: nat64d.service may not write to $T/new => install -d -m 750 -o nobody -g nobody $T/new && mkdir -p /etc/systemd/system/nat64d.service.d && { echo '[Service]' && echo ReadWritePaths=$T/new; } >/etc/systemd/system/nat64d.service.d/nat64-data-dir.conf && systemctl daemon-reload && $restart"
sed -i "s|^data-dir.*|data-dir $T/mine|" "$conf"
says "data-dir is somebody's: it stays his" "FAIL  data-dir: nat64d.service may not write to $T/mine => edit $conf: data-dir of a directory that does not exist yet, or that belongs to nobody, then: $restart"
sed -i "s|^data-dir.*|data-dir $T/other/leases|" "$conf"
well
t "data-dir where the unit may write" fails grep "^[A-Z]* *data-dir: " "$T/found"
echo yes >"$T/unit/PrivateTmp"
sed -i "s|^data-dir.*|data-dir /tmp/leases|" "$conf"
says "data-dir in /tmp" "FAIL  data-dir: nat64d.service cannot use /tmp/leases, because home directories and common temporary directories are hidden from it => edit $conf: another data-dir, or none for the default /var/lib/nat64d, then: $restart"
rm "$T/unit/PrivateTmp" "$T/unit/ProtectSystem" "$T/unit/ReadWritePaths" "$T/unit/User"
stop_service

# --- a unit that may not have the fast path -----------------------------------------------------------------------------

# lacks WHAT LINE...: one point, ok if the doctor's command gives the unit exactly these lines.
lacks() {
	local what=$1 lines
	shift
	well
	cure=$(sed -n 's/^WARN  fast-path: off, .* => //p' "$T/found")
	lines=$(sed -n "s/.*{ echo '\[Service\]' && \(.*\); }.*/\1/p" <<<"$cure" | sed 's/ *&& */ /g; s/echo //g')
	if [ "$lines" = "$*" ]; then ok "$what"; else not_ok "$what" "wanted: $*" "$(cat "$T/found")"; fi
}

if [ -z "$CANNOT" ]; then
	config 'tun-setup yes' >"$conf"
	echo nobody >"$T/unit/User"
	echo "cap_chown cap_net_admin cap_bpf" >"$T/unit/CapabilityBoundingSet"
	echo "cap_net_admin cap_bpf" >"$T/unit/AmbientCapabilities"
	echo "bind bpf brk" >"$T/unit/SystemCallFilter"
	start_service
	well
	t "the unit's fast path is on" grep -q "^ok    fast-path: on, " "$T/found"
	stop_service
	echo "setpriv --bounding-set -cap_39,-sys_admin" >"$T/unit/wrapper"
	start_service
	lacks "the unit has all that it needs: no drop-in"
	t "the unit has all that it needs: another reason" grep -q "^WARN  fast-path: .* => edit " "$T/found"
	echo "bind brk" >"$T/unit/SystemCallFilter"
	lacks "a filter without bpf" SystemCallFilter=bpf
	echo "~bpf reboot" >"$T/unit/SystemCallFilter"
	lacks "a filter against bpf" SystemCallFilter=bpf
	echo "~reboot" >"$T/unit/SystemCallFilter"
	lacks "a filter against others"
	: >"$T/unit/SystemCallFilter"
	lacks "no filter: none is made"
	echo "cap_net_admin" >"$T/unit/AmbientCapabilities"
	lacks "the right is not lent to the user" AmbientCapabilities=CAP_BPF
	: >"$T/unit/User"
	lacks "root needs no loan"
	echo nobody >"$T/unit/User"
	echo "cap_chown cap_net_admin" >"$T/unit/CapabilityBoundingSet"
	lacks "a drop-in has taken the right away" CapabilityBoundingSet=CAP_BPF AmbientCapabilities=CAP_BPF
	same "a drop-in has taken the right away: every step at once" "mkdir -p /etc/systemd/system/nat64d.service.d && { echo '[Service]' && echo CapabilityBoundingSet=CAP_BPF && echo AmbientCapabilities=CAP_BPF; } >/etc/systemd/system/nat64d.service.d/zz-nat64-fast-path.conf && systemctl daemon-reload && $restart" "$cure"
	if [ -d /etc/systemd/system ]; then
		cured "a drop-in has taken the right away"
	else
		rm "$T/unit/wrapper"
	fi
	rm "$T/unit/User" "$T/unit/CapabilityBoundingSet" "$T/unit/AmbientCapabilities" "$T/unit/SystemCallFilter"
	stop_service
else
	skip "a unit that may not have the fast path" "the daemon may not put its program into the kernel here at all"
fi

# --- room in the pool -------------------------------------------------------------------------------------------------

# recorded SECONDS-AGO ADDRESS...: leases on record.
recorded() {
	local ago=$1 address
	shift
	for address; do printf '%s\t2001:db8:2::%x\t%s\n' "$address" "${address##*.}" "$(($(date +%s) - ago))"; done
}
pool_says() { says "$1" "$2" --ignore ping,masquerade,reload; }

config 'tun-setup yes' | sed 's|^dynamic-pool.*|dynamic-pool 192.168.255.0/30|' >"$conf"
rm -f "$T/data/dynamic.map"
start_service
# Who sends again when he was answered keeps his lease.
for n in 1 2; do in_client ping -6 -n -c 3 -i 0.2 -W 1 -I 2001:db8:2::$n "$GOOGLE" >/dev/null; done
wait_for grep -q 2001:db8:2::2 "$T/data/dynamic.map"
pool_says "a full pool" "FAIL  pool: 2 of 2 addresses leased, all to hosts active in the last two hours: none is left for another host => edit $conf: share for the networks that hold most leases (nat64ctl networks shows them), or another dynamic-pool in addition, then: $reload"
t "and so it is: the ping of the machine itself is refused" grep -q '^skip  ping: .*\(Address unreachable\|stops\)' "$T/found"
stop_service
recorded 10000 192.168.255.2 192.168.255.3 >"$T/data/dynamic.map"
start_service
pool_says "leased two hours ago: others may have them" "ok    pool: 2 of 2 addresses leased"
stop_service

# The daemon counts as well.
echo 'MAP 192.168.255.232/30 2001:db8:d::/126' >"$T/maps"
config "map-file $T/maps" 'map 192.168.255.16/29 2001:db8:9::/125' 'map 192.168.255.17 2001:db8:a::1' 'map 192.168.0.0/24 2001:db8:b::/120' \
	'map 192.168.254.64/26 2001:db8:c::/122' 'dynamic-pool 192.168.254.0/25' 'icmp-source-pool 192.168.255.240/28' 'tun-setup yes' >"$conf"
recorded 60 192.168.255.{30..219} >"$T/data/dynamic.map"
start_service
# Twice the same address, and twice the same host: the later one counts; one of long ago is none.
{
	recorded 50 192.168.255.30 | sed 's/2001:db8:2::1e/2001:db8:2::ffff/'
	recorded 50 192.168.255.220 | sed 's/2001:db8:2::dc/2001:db8:2::1f/'
	recorded 2000000 192.168.255.229
} >>"$T/data/dynamic.map"
counted=$(sed -n 's/.* \([0-9]* of [0-9]* addresses leased\).*/\1/p' "$T/unit/log")
pool_says "it counts as the daemon does: $counted" "ok    pool: $counted"
stop_service
config 'tun-setup yes' >"$conf"
recorded 60 192.168.255.{2..230} >"$T/data/dynamic.map"
start_service
pool_says "a pool almost full" "WARN  pool: 229 of 254 addresses leased to hosts active in the last two hours => edit $conf: share for the networks that hold most leases (nat64ctl networks shows them), or another dynamic-pool in addition, then: $reload"
stop_service
customers() {
	config 'tun-setup yes' 'dynamic-pool 192.168.254.0/24 from 2001:db8:3::/48' |
		sed "s|^dynamic-pool 192.168.255.*|dynamic-pool 192.168.255.0/30 from 2001:db8:2::/48$1|" >"$conf"
	recorded 700 192.168.255.{2,3} >"$T/data/dynamic.map"
	start_service
}
customers ""
pool_says "the pool of one customer is full" "FAIL  pool: 2 of 2 addresses of 192.168.255.0/30 leased, all to hosts active in the last two hours: none is left for another host => edit $conf: share for the networks that hold most leases (nat64ctl networks shows them), or another dynamic-pool in addition, then: $reload"
t "that of another one is not" grep -q "^ok    pool: 0 of 255 addresses of 192.168.254.0/24 leased" "$T/found"
stop_service
customers " lease 1m 1h"
pool_says "leases of a minute: others may have them" "ok    pool: 2 of 2 addresses of 192.168.255.0/30 leased"
stop_service
rm -f "$T/data/dynamic.map"

# --- whom to ping -----------------------------------------------------------------------------------------------------

# Its list is the daemon's: the edges of each block, and what lies beyond.
address() { echo "$(($1 >> 24)).$(($1 >> 16 & 255)).$(($1 >> 8 & 255)).$(($1 & 255))"; }
sed -n '/special\[\] = {/,/^};/s/.*{\(0x[0-9a-f]*\), \([0-9]*\)}.*/\1 \2/p' "$top/src/lib/addr.c" >"$T/special"
while read -r first bits; do
	last=$((first + (1 << (32 - bits)) - 1))
	address $((first)) && address $last
	[ $((first)) -eq 0 ] || address $((first - 1))
	[ $last -eq 4294967295 ] || address $((last + 1))
done <"$T/special" | sort -u >"$T/edges"
printf '192.0.0.9\n192.0.0.10\n' >>"$T/edges"
while read -r a; do
	global=yes
	IFS=. read -r n1 n2 n3 n4 <<<"$a"
	n=$(((n1 << 24) + (n2 << 16) + (n3 << 8) + n4))
	while read -r first bits; do
		[ $((n >> (32 - bits))) -ne $((first >> (32 - bits))) ] || global=no
	done <"$T/special"
	case $a in 192.0.0.9 | 192.0.0.10) global=yes ;; esac
	echo "$a $global"
done <"$T/edges" >"$T/wanted"
# shellcheck disable=SC2016 # for the inner shell
"${shell[@]}" -c '. "$1/common.sh"; while read -r a; do if is_global "$a"; then echo "$a yes"; else echo "$a no"; fi; done' sh "$lib" \
	<"$T/edges" >"$T/got"
t "64:ff9b::/96 must not hold: the doctor's list is the daemon's" test "$(wc -l <"$T/special")" -ge 15
same "at every edge of it" "$(cat "$T/wanted")" "$(cat "$T/got")"

start_service
for net in 198.51.100 203.0.113 192.0.2 198.18.0; do
	ip -n "$R" addr add "$net.2/24" dev wan
	ip -n "$S" addr add "$net.1/24" dev wan
	ip -n "$R" route replace default via "$net.1"
	says "the gateway $net.1 is not pinged" "skip  ping: no ping through the translator: the IPv4 gateway $net.1 is not a public address, and 64:ff9b::/96 must not contain it; give --target ADDRESS"
	ip -n "$R" addr del "$net.2/24" dev wan
done
ip -n "$R" route replace default via 8.8.8.8

# shellcheck disable=SC2016 # for the inner shell
same "a tool that is missing: the package" "nosuchtool -n # Debian: apt install nosuchtool,nosuchtool x # Debian: apt install other,sh -c" \
	"$(lib=$lib "${shell[@]}" -c '. "$lib/common.sh"; . "$lib/check.sh"
		tool "nosuchtool -n"; tool "nosuchtool x" other; tool "sh -c"' | paste -s -d ,)"
finish

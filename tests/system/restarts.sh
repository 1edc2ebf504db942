#!/usr/bin/env bash
# Downloads, datagrams and native traffic survive when the daemon of the router is restarted, killed or upgraded.
#
#   client                      router: the container        server
#   lan 2001:db8:1::2  <-----> lan 2001:db8:1::1
#       10.9.0.2                   10.9.0.1
#                                  wan 8.8.8.1    <------->  wan 8.8.8.8
#                                      2001:db8:5::1             2001:db8:5::8
#
#   RESTARTS (5), KILLS (2), UPGRADES (1), DOWNLOADS (3)     how many
#
# The table at the end is in milliseconds: the longest silence in a stream of datagrams around each event, and in an equal time
# without an event.  If STRICT is not empty, the limits apply to the 95th percentile of five or more events; the silence without
# an event is added, because the machine may be busy.  Otherwise the limit is half a second: a few events on a busy machine show
# only that no connection breaks.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
restarts=${RESTARTS:-5} kills=${KILLS:-2} upgrades=${UPGRADES:-1} downloads=${DOWNLOADS:-3}
need_container dpkg-deb python3 ping ss
make_deb
make_root
rm -rf "$ROOT"/etc/nat64* "$ROOT"/etc/systemd/system/nat64* "$ROOT"/usr/sbin/nat64* "$ROOT"/var/lib/nat64d

# The same tree with a higher version: for an upgrade, only the version and the maintainer scripts matter.
newer() {
	dpkg-deb -R "$DEB" "$T/newer" && sed -i 's/^Version: .*/&+newer/' "$T/newer/DEBIAN/control" &&
		dpkg-deb --root-owner-group -b "$T/newer" "$ROOT/root/1.deb"
}

# --- the network ----------------------------------------------------------------------------------------------------

# joined: connects the networks again if the temporary first child of nspawn got them.
joined() {
	has_netns || return
	ip -n "$C" link show dev lan || join "$C" lan "$LEADER" lan || return
	ip -n "$S" link show dev wan || join "$S" wan "$LEADER" wan
}

cables() {
	wait_for joined || return
	ip -n "$C" addr add 2001:db8:1::2/64 dev lan && ip -n "$C" addr add 10.9.0.2/24 dev lan
	ip -n "$C" -6 route add default via 2001:db8:1::1 && ip -n "$C" route add default via 10.9.0.1
	ip -n "$S" addr add 8.8.8.8/24 dev wan && ip -n "$S" addr add 2001:db8:5::8/64 dev wan
	ip -n "$S" -6 route add default via 2001:db8:5::1 && ip -n "$S" route add 10.9.0.0/24 via 8.8.8.1
}

addresses() {
	inside ip link set lan up && inside ip link set wan up
	inside ip addr add 2001:db8:1::1/64 dev lan nodad && inside ip addr add 10.9.0.1/24 dev lan
	inside ip addr add 8.8.8.1/24 dev wan && inside ip addr add 2001:db8:5::1/64 dev wan nodad
}

space "$C"
space "$S"
cp "$DEB" "$ROOT/root/0.deb"
newer >"$T/newer.log" 2>&1 || not_ok "a package of a higher version" "$(cat "$T/newer.log")"
boot cables
addresses
step "apt-get install -qy --no-install-recommends nftables /root/0.deb"
printf '%s\n' 'tun-device nat64' 'ipv4-addr 192.168.255.1' 'prefix 64:ff9b::/96' 'dynamic-pool 192.168.255.0/24' \
	'tun-setup yes' >"$ROOT/etc/nat64.conf"
inside sed -i s/^NAT44=.*/NAT44=yes/ /etc/default/nat64d
step "systemctl enable --now nat64d"

# --- the traffic ----------------------------------------------------------------------------------------------------

# Not in_client: $! must be the process ID of the program.
ip netns exec "$S" python3 "$top/tests/system/traffic.py" serve </dev/null >"$T/server" 2>&1 &
disown
wait_for listening "$S" -t 80
pings() { in_client ping -6 -n -c 1 -W 1 "$1"; }
t "a ping through the translator" wait_for pings 64:ff9b::8.8.8.8
t "and one past it" wait_for pings 2001:db8:5::8
ip netns exec "$C" python3 "$top/tests/system/traffic.py" watch "$T/result" "$downloads" </dev/null >"$T/client" 2>&1 &
traffic=$!
ip netns exec "$C" ping -6 -n -q -i 0.02 2001:db8:5::8 </dev/null >"$T/ping6" 2>&1 &
native_ping=$!
t "$downloads downloads and three streams of datagrams run" wait_for grep -q running "$T/client"
lease() { awk '$2 == "2001:db8:1::2" { print $1; exit }' "$ROOT/var/lib/nat64d/dynamic.map"; }
wait_for test -s "$ROOT/var/lib/nat64d/dynamic.map"
held=$(lease)

main() { inside systemctl show -p MainPID --value nat64d; }
is_another() {
	local pid
	pid=$(main) && [ "${pid:-0}" -gt 0 ] && [ "$pid" != "$1" ] && [ "$(inside systemctl is-active nat64d)" = active ]
}
restart() { inside systemctl restart nat64d; }
kill_it() {
	local was
	was=$(main)
	inside kill -9 "$was"
	wait_for is_another "$was"
}
version=0
upgrade() {
	version=$((1 - version))
	inside dpkg -i --force-downgrade "/root/$version.deb"
}

# event KIND COMMAND...: runs it, and records the time span in which its silence is measured.
event() {
	local kind=$1 begin
	shift
	begin=$(date +%s.%N)
	"$@" >"$T/event" 2>&1 || failed_events+=" $kind: $(tail -n 1 "$T/event")"
	sleep 1
	echo "$kind $begin $(date +%s.%N)" >>"$T/events"
}

failed_events=""
inside systemctl reset-failed nat64d 2>/dev/null
sleep 1
for ((i = 0; i < restarts; i++)); do event control sleep 0.2 && event restart restart; done
for ((i = 0; i < kills; i++)); do event control sleep 0.2 && event kill kill_it; done
for ((i = 0; i < upgrades; i++)); do event control sleep 2 && event upgrade upgrade; done
kill -INT "$native_ping"
kill "$traffic"
wait "$traffic" "$native_ping"

# --- results --------------------------------------------------------------------------------------------------------

# silences KIND: prints the longest silence of each event of that kind, in milliseconds, sorted.
silences() {
	awk -v kind="$1" '
		FNR == NR { if ($1 == kind) { from[++n] = $2; to[n] = $3 } next }
		$1 == "silence" { for (i = 1; i <= n; i++) if ($2 + $3 / 1000 >= from[i] && $2 <= to[i] && $3 > most[i]) most[i] = $3 }
		END { for (i = 1; i <= n; i++) print most[i] + 0 }' "$T/events" "$T/result" | sort -n
}

# rank PERCENT: prints that percentile of the sorted numbers on standard input.
rank() { awk -v p="$1" '{ v[NR] = $1 } END { i = int((NR * p + 99) / 100); printf "%.0f\n", v[i < 1 ? 1 : i] }'; }

line() { silences "$1" >"$T/$1.ms" && echo "$1: $(wc -l <"$T/$1.ms"), median $(rank 50 <"$T/$1.ms"), 95th percentile $(rank 95 <"$T/$1.ms"), longest $(rank 100 <"$T/$1.ms")"; }

# within KIND MOST: one point, ok if the silence of that kind is at most MOST.
within() {
	local percent=50 is limit=500 most
	[ -z "${STRICT-}" ] || limit=$2
	[ "$(wc -l <"$T/$1.ms")" -lt 5 ] || [ -z "${STRICT-}" ] || percent=95
	most=$((limit + $(rank 95 <"$T/control.ms")))
	is=$(rank $percent <"$T/$1.ms")
	t "$1: a silence of $is ms, at most $limit and the machine's own are allowed (percentile $percent)" test "$is" -le "$most"
}
of() { awk -v name="$1" -v field="$2" '$1 == name { print $field }' "$T/result"; }

same "nothing has failed" "" "$failed_events"
same "no download is broken" "$downloads" "$(of downloads 3)"
t "and they have brought something" test "$(of downloads 4)" -gt 1000000
for family in native6 native4; do
	same "$family: no packet is lost of $(of $family 2)" "$(of $family 2)" "$(of $family 3)"
done
shows "nor any of the pings" " 0% packet loss" cat "$T/ping6"
same "the lease is the one it was" "$held" "$(lease)"
for kind in control restart kill upgrade; do diag "$(line $kind)"; done
diag "translated datagrams: $(of translated 2) sent, $(of translated 3) answered"
within restart 100
within kill 300
within upgrade 300
finish

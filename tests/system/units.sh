#!/usr/bin/env bash
# The units: their exposure, and their behavior with systemd, in a container.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# The limits are scores of systemd-analyze.  They do not include InaccessiblePaths=/sys, which is tested below.
MOST_EXPOSED=1.6
FILTER=${FILTER:-$(dirname "$NAT64D")/tests/linux/filter_tc}

# --- exposure: needs neither root nor a container -------------------------------------------------------------------

# fill_in UNIT: replaces the directories, like `make install'.
fill_in() { sed 's|@sbindir@|/usr/sbin|g; s|@sysconfdir@|/etc|g; s|@pkgdatadir@|/usr/share/nat64d|g' "$top/contrib/$1.service.in"; }

# exposure UNIT: one point, ok if its exposure is within the limit.
exposure() {
	local dir out figure
	command -v systemd-analyze >/dev/null || { skip "$1: exposure" "needs systemd-analyze" && return; }
	dir=$(mktemp -d "${TMPDIR:-/tmp}/n64.XXXXXX") || exit 1
	fill_in "$1" >"$dir/${1##*/}.service"
	out=$(systemd-analyze --no-pager security --offline=true "$dir/${1##*/}.service" 2>&1)
	rm -rf "$dir"
	if [[ $out == *"nrecognized option"* ]]; then
		skip "$1: exposure" "systemd-analyze is too old: no --offline"
		return
	fi
	figure=$(sed -n 's/.*Overall exposure level for .*: \([0-9.]*\) .*/\1/p' <<<"$out")
	if awk -v is="$figure" -v most=$MOST_EXPOSED 'BEGIN { exit !(is != "" && is + 0 <= most) }'; then
		ok "$1: exposure $figure, at most $MOST_EXPOSED is allowed"
	else
		not_ok "$1: exposure ${figure:-unknown}, at most $MOST_EXPOSED is allowed" "$out"
	fi
}

exposure nat64d
exposure nat64d@
exposure nat64d-metrics@
exposure nat64d-textfile
exposure nat64d-textfile@
exposure ha/nat64d-health
exposure ha/nat64d-sync
exposure ha/nat64d-sync-check

# --- a container with the real systemd ------------------------------------------------------------------------------

# Replaces nat64-host: the units only have to call the right command in the right environment.
stand_in() {
	cat <<-'END'
		#!/bin/sh
		case $* in *--if-changed*) echo "$*" >>/run/nat64-host.asked && exit ;; esac
		echo "$*: effective $(sed -n 's/^CapEff:.//p' /proc/self/status)" >>/run/nat64-host.calls
	END
}

# Here a system call that the filter forbids kills the process, so that the test notices it.  chown is allowed, because
# the daemon tries it and works without it.
drop_in() {
	printf '%s\n' '[Service]' 'SystemCallErrorNumber=' 'SystemCallFilter=@chown' 'WatchdogSec=2'
}

install_units() {
	local unit
	rm -rf "$ROOT"/etc/nat64* "$ROOT"/etc/systemd/system/nat64d* "$ROOT/var/lib/nat64d" "$ROOT/var/spool/tayga" # of others
	install -m 755 "$NAT64D" "$ROOT/usr/sbin/nat64d"
	install -m 755 "${NAT64CTL:-$(dirname "$NAT64D")/nat64ctl}" "$ROOT/usr/sbin/nat64ctl"
	stand_in >"$ROOT/usr/sbin/nat64-host" && chmod 755 "$ROOT/usr/sbin/nat64-host"
	for unit in nat64-host nat64-host@; do fill_in $unit >"$ROOT/etc/systemd/system/$unit.service"; done
	for unit in nat64d nat64d@; do
		fill_in $unit >"$ROOT/etc/systemd/system/$unit.service"
		mkdir -p "$ROOT/etc/systemd/system/$unit.service.d"
		drop_in >"$ROOT/etc/systemd/system/$unit.service.d/test.conf"
	done
	fill_in ha/nat64d-health >"$ROOT/etc/systemd/system/nat64d-health.service"
	install -D -m 644 <(drop_in | grep -v Watchdog) "$ROOT/etc/systemd/system/nat64d-health.service.d/test.conf"
	install -D -m 755 "$top/contrib/ha/nat64d-health" "$ROOT/usr/share/nat64d/ha/nat64d-health"
	printf '#!/bin/sh\necho "nat64_pools: ${3}d"\n' >"$ROOT/usr/sbin/birdc" && chmod 755 "$ROOT/usr/sbin/birdc"
	install -D -m 644 "$top/contrib/nat64d.sysusers" "$ROOT/usr/lib/sysusers.d/nat64d.conf"
	install -D -m 644 "$top/contrib/nat64d.sysctl" "$ROOT/usr/lib/sysctl.d/90-nat64d.conf"
	install -D -m 644 "$top/contrib/nat64d.default" "$ROOT/etc/default/nat64d"
}

# base [LINE...]: a configuration, with more lines.
base() {
	printf '%s\n' 'tun-device nat64' 'ipv4-addr 192.168.255.1' "ipv6-addr $OWN6" 'prefix 64:ff9b::/96' \
		'dynamic-pool 192.168.255.0/24' 'tun-setup yes' "$@"
}

need_container
[ -x "$NAT64D" ] || leave_rest "needs $NAT64D"
make_root
install_units
boot

# --- test points ----------------------------------------------------------------------------------------------------

# Both ends are the container itself: packets from one address to the other pass the translator twice.
inside ip addr add 2001:db8:1::1/128 dev lo
inside ip addr add 8.8.8.8/32 dev lo
translates() { inside ping -6 -n -q -c 1 -W 1 -I 2001:db8:1::1 "${1:-$GOOGLE}"; }
unit=nat64d
show() { inside systemctl show -p "$1" --value "$unit"; }
main() { show MainPID; }
status_says() { [[ $(show StatusText) == *"$1"* ]]; }
journal() { inside journalctl --no-pager -o cat -u $unit; }
journal_says() { journal | grep -qF -- "$1"; }
is_up() { [ "$(show ActiveState)" = active ]; }
is_failed() { [ "$(show ActiveState)" = failed ]; }
restarted() { [ "$(show NRestarts)" -gt "$1" ] && is_up; }
lease() { awk '$2 == "2001:db8:1::1" { print $1; exit }' "$ROOT/var/lib/nat64d/dynamic.map"; }
owner() { inside stat -c %U:%G "$1"; }
conf=$ROOT/etc/nat64.conf

# again NAME COMMAND...: one point, ok if COMMAND makes systemd start the daemon again, packets pass, and the lease is
# unchanged.
again() {
	local name=$1 before
	shift
	before=$(show NRestarts)
	"$@"
	if ! wait_for restarted "$before"; then
		not_ok "$name" "not started anew" "$(journal | tail -n 15)"
	elif ! wait_for translates; then
		not_ok "$name" "started anew, but nothing passes" "$(journal | tail -n 15)"
	else
		same "$name, the lease is kept" "$held" "$(lease)"
	fi
}

# rights PID: prints the user, and the sets of capabilities.
# shellcheck disable=SC2016 # the shell inside expands it
rights() {
	inside sh -c 'stat -c %U /proc/$0 && grep -E "^(CapInh|CapPrm|CapEff|CapAmb|NoNewPrivs)" /proc/$0/status' "$1" | tr -s '\t\n' '  '
}
none="nat64d CapInh: 0000000000000000 CapPrm: 0000000000000000 CapEff: 0000000000000000 CapAmb: 0000000000000000 NoNewPrivs: 1 "

# --- nat64d.service -------------------------------------------------------------------------------------------------

same "forwarding is on after a boot" "1 1" "$(inside sysctl -n net.ipv4.ip_forward net.ipv6.conf.all.forwarding | tr '\n' ' ' | sed 's/ $//')"
inside systemctl start nat64d 2>/dev/null
t "without a configuration: failed, and stays so" is_failed
t "and the journal says why" journal_says "/etc/nat64.conf"

base >"$conf" && chmod 600 "$conf"
inside systemctl start nat64d 2>/dev/null
t "a configuration that only root may read: failed" is_failed
t "and the journal says why" journal_says "Permission denied"
chmod 644 "$conf"

t "start" inside systemctl start nat64d
t "READY means ready: the first packet passes" translates
t "the status line tells of it" wait_for status_says "1 of 254 addresses leased, 2 packets translated, 0 refused"
same "the daemon is nobody, and has no capability" "$none" "$(rights "$(main)")"
same "so is its helper" "$none" "$(rights "$(inside pgrep -P "$(main)")")"
sees() { inside nsenter -t "$(main)" -m -r "$@"; }
same "it sees nothing of /sys, control groups included" "" "$(sees ls -A /sys)"
same "nor kernel tunables" self "$(sees sh -c 'cd /proc && ls -d self sys 2>/dev/null')"
same "and the root file system is read-only" ro "$(inside cat "/proc/$(main)/mountinfo" | awk '$5 == "/" { print substr($6, 1, 2) }' | sort -u)"
same "the lease file is the daemon's" nat64d:nat64d "$(owner /var/lib/nat64d/dynamic.map)"
held=$(lease)
t "without NAT44=yes nobody calls nat64-host" fails inside test -e /run/nat64-host.calls

base 'map 192.168.255.77 2001:db8:2::77' 'log drop' >"$conf"
t "reload" inside systemctl reload nat64d
t "is in effect" wait_for journal_says "reload: /etc/nat64.conf is in effect"
before=$(main)
echo nonsense >>"$conf"
t "reload with a mistake: fails" fails inside systemctl reload nat64d
t "and the journal names the line" journal_says "/etc/nat64.conf:9: nonsense"
t "and everything goes on" translates

# as_it_was: prints the routes of the device.
device_routes() { inside ip route show dev nat64 && inside ip -6 route show dev nat64; }
main_before=$(main)
base 'map 203.0.113.7 2001:db8:2::77' 'dynamic-pool 10.9.0.0/24' 'prefix 2001:db8:64::/96' 'log drop' >"$conf"
t "reload that needs other routes: done" inside systemctl reload nat64d
shows "they are there: the map's" "203.0.113.7 dev nat64" inside ip route show
shows "and the pool's" "10.9.0.0/24 dev nat64" inside ip route show
t "and packets pass by the new prefix" translates 2001:db8:64::808:808
same "it is still the same process" "$main_before" "$(main)"
same "which has no right" "$none" "$(rights "$(main)")"
same "and the lease is kept" "$held" "$(lease)"
device_routes >"$T/routes"
base 'map 203.0.113.9 2001:db8:2::79' 'nonsense' 'tun-up maybe' >"$conf"
t "reload with two mistakes and a new route: fails" fails inside systemctl reload nat64d
t "the journal has the first" journal_says "/etc/nat64.conf:8: nonsense"
t "and the second" journal_says "/etc/nat64.conf:9: tun-up: maybe"
t "and nat64ctl has said so" journal_says "nat64ctl: the reload is refused; nothing is changed"
t "the status line tells of it" wait_for status_says "the last reload was refused, see the log"
same "nothing of it is on the device" "$(cat "$T/routes")" "$(device_routes)"
inside nat64ctl reload 2>"$T/reasons"
same "nat64ctl reload: exit status 1" 1 $?
t "and every reason" test "$(grep -c '^/etc/nat64.conf:[89]: ' "$T/reasons")" -eq 2
base 'map 203.0.113.9 2001:db8:2::79' 'offload off' >"$conf"
t "reload that needs a restart: fails" fails inside systemctl reload nat64d
t "and says what" journal_says "a changed offload needs a restart"
same "and what was added is taken back" "$(cat "$T/routes")" "$(device_routes)"
t "everything goes on" translates
base >"$conf"
t "reload that needs less: done" inside nat64ctl reload
t "and its routes are gone" fails grep -qE '203.0.113|10\.9\.' <(inside ip route show)
t "the status line forgets" wait_for fails status_says "refused,"
shows "nat64ctl status" "last reload    20" inside nat64ctl status
inside rm /run/nat64d/control
t "somebody removes the socket: reload" inside systemctl reload nat64d
t "it is there again" inside nat64ctl status
inside rm -r /run/nat64d
t "somebody removes its directory: reload" inside systemctl reload nat64d
t "both are there again" inside nat64ctl status
same "and whose they were" "nat64d:nat64d 750 nat64d:nat64d 660" "$(inside stat -c '%U:%G %a' /run/nat64d /run/nat64d/control | paste -sd ' ')"
t "and its group may ask" inside setpriv --reuid nobody --regid nat64d --clear-groups nat64ctl status
t "and once more" inside systemctl reload nat64d
t "packets pass" translates
t "a member of the group may ask" inside setpriv --reuid nobody --regid nat64d --clear-groups nat64ctl status
t "but not reload" fails inside setpriv --reuid nobody --regid nat64d --clear-groups nat64ctl reload
t "anybody else may not ask" fails inside setpriv --reuid nobody --regid nogroup --clear-groups nat64ctl status

kill_it() { inside kill -9 "$(main)"; }
stop_it() { inside kill -STOP "$(main)"; }
down_up() {
	inside ip link set nat64 down
	wait_for status_says "the link is down, nothing is translated"
	inside ip link set nat64 up
}
flap() { printf 'link set nat64 %s\n' down up | inside ip -batch -; }
narrow() {
	inside ip link set nat64 mtu 1000
	wait_for journal_says "MTU 1000"
	inside ip link set nat64 mtu 1500
}
sleep 5
t "five seconds later: no watchdog has bitten" test "$(show NRestarts)" -eq 0
inside ip link set nat64 down
sleep 3
t "the link is down for three seconds: the loop turns on, no watchdog bites" test "$(show NRestarts)" -eq 0
inside ip link set nat64 up
wait_for restarted 0
again "kill -9" kill_it
again "stopped in its tracks: the watchdog bites" stop_it
again "link down and up" down_up
t "the journal says why" journal_says "the link went down and lost its addresses and routes"
again "link down and up within an instant" flap
again "MTU below 1280 and back" narrow
again "the device deleted" inside ip link del nat64

inside systemctl stop nat64d
t "stop: nothing is left running" fails inside pgrep -x nat64d
t "the device has gone" fails inside ip link show dev nat64
same "stopped well" success "$(show Result)"

# --- leases of others -----------------------------------------------------------------------------------------------

echo NAT44=yes >"$ROOT/etc/default/nat64d"
inside chown -R root:root /var/lib/nat64d
chmod 700 "$ROOT/var/lib/nat64d"
t "leases that were root's, of a unit without a user: start" inside systemctl start nat64d
t "packets pass" translates
same "the lease is kept" "$held" "$(lease)"

# --- nat64-host.service ----------------------------------------------------------------------------------------------

# last_call: prints the arguments of nat64-host, and whether it had rights.
last_call() { inside sed 's/effective 0*[1-9a-f].*/effective/; $!d' /run/nat64-host.calls; }
calls() { inside grep -c . /run/nat64-host.calls; }
host_is() { [ "$(inside systemctl is-active nat64-host)" = "$1" ]; }
up_call="up --if-enabled /etc/nat64.conf: effective"
same "NAT44=yes: nat64-host was called, with full rights" "$up_call" "$(last_call)"
t "its unit is active" host_is active
inside systemctl restart nat64d
index() { inside cat /sys/class/net/nat64/ifindex; }
before=$(index)
echo nonsense >>"$conf"
inside systemctl restart nat64d 2>/dev/null
t "a restart that fails" is_failed
t "its status says so" status_says "not started; see the log"
same "and the device stays" "$before" "$(index)"
base >"$conf"
inside systemctl start nat64d
same "for the next start" "$before" "$(index)"
t "and packets pass" translates
inside systemctl restart nat64d
same "a restart: the device is the same" "$before" "$(index)"
inside systemctl stop nat64d
t "a stop: it has gone" fails inside ip link show dev nat64
t "and the status says that it is over" status_says stopped
echo nonsense >>"$conf"
inside systemctl start nat64d 2>/dev/null
t "a start that fails" is_failed
base >"$conf"
inside systemctl start nat64d
before=$(show NRestarts)
kill_it
wait_for restarted "$before"
same "restarted, stopped, failed, killed: nobody called nat64-host again" 1 "$(calls)"
t "and its unit is active" host_is active
echo NAT44=no >"$ROOT/etc/default/nat64d"
inside systemctl reload nat64d
reloaded() { [ "$(calls)" -eq 2 ]; }
t "a reload of the daemon goes on to it" wait_for reloaded
same "each stop asks whether its configuration has changed" "up --if-enabled --if-changed /etc/nat64.conf" "$(inside sort -u /run/nat64-host.asked)"
same "which asks NAT44 again" "$up_call" "$(last_call)"
base 'map 192.168.255.78 2001:db8:2::78' 'offload off' >"$conf"
t "a reload that the daemon refuses fails" fails inside systemctl reload nat64d
same "and does not go on to it" 2 "$(calls)"
base >"$conf"
echo NAT44=yes >"$ROOT/etc/default/nat64d"
inside systemctl stop nat64-host
same "its own stop ends it" "down --if-enabled /etc/nat64.conf: effective" "$(last_call)"
t "and not the daemon" is_up
printf '#!/bin/sh\nexit 1\n' >"$ROOT/usr/sbin/nat64-host"
inside systemctl restart nat64d
t "where it fails the daemon runs all the same" is_up
t "where it fails" host_is failed
stand_in >"$ROOT/usr/sbin/nat64-host"
inside systemctl restart nat64d
t "the next start of the daemon tries again" host_is active
inside systemctl stop nat64-host
echo NAT44=no >"$ROOT/etc/default/nat64d"
inside systemctl stop nat64d

mkdir -p "$ROOT/var/spool/tayga"
printf '192.168.255.200\t2001:db8:1::1\t%s\n' "$(date +%s)" >"$ROOT/var/spool/tayga/dynamic.map"
base 'data-dir /var/spool/tayga' >"$conf"
t "the data-dir of Tayga, root's: start" inside systemctl start nat64d
t "packets pass" translates
t "the status line counts its lease" wait_for status_says "1 of 254 addresses leased"
same "the file is the daemon's now" nat64d:nat64d "$(owner /var/spool/tayga/dynamic.map)"
inside systemctl restart nat64d
t "and a lease of Tayga outlives a restart" grep -q '^192.168.255.200.2001:db8:1::1' "$ROOT/var/spool/tayga/dynamic.map"
inside systemctl stop nat64d
inside chown -R root:root /var/spool/tayga
base >"$conf"
inside systemctl start nat64d
same "it is left alone where data-dir is another" root:root "$(owner /var/spool/tayga/dynamic.map)"

# --- nat64d@.service ------------------------------------------------------------------------------------------------

mkdir -p "$ROOT/etc/nat64"
base | sed 's/ nat64$/ nat64x/; s/192\.168\.255/192.168.254/; s/1000::64/1001::64/; s/64:ff9b::/64:ff9b:1::/' >"$ROOT/etc/nat64/x.conf"
t "an instance beside it: start" inside systemctl start nat64d@x
t "packets pass" translates 64:ff9b:1::808:808
unit=nat64d@x
same "it is nobody, and has no capability" "$none" "$(rights "$(main)")"
t "its leases are its own" wait_for inside grep -q 2001:db8:1::1 /var/lib/nat64d/x/dynamic.map
unit=nat64d
inside systemctl stop nat64d
t "nat64ctl -i asks the instance" inside nat64ctl -i x status
t "a reload of the instance" inside systemctl reload nat64d@x
t "the other one stopped: packets of the instance pass" translates 64:ff9b:1::808:808
inside systemctl start nat64d
t "and started: both do" translates
t "both" translates 64:ff9b:1::808:808
inside systemctl stop nat64d@x nat64d
t "both stopped: nothing is left running" fails inside pgrep -x nat64d

# --- nat64d-health.service ----------------------------------------------------------------------------------------------

inside systemctl start nat64d nat64d-health
unit=nat64d-health
t "nat64d-health lets BIRD announce the routes" wait_for journal_says "nat64d-health: announced"
inside nat64ctl drain on
t "and withdraws them at a drain" wait_for journal_says "nat64d-health: withdrawn: drain"
inside systemctl stop nat64d-health
same "no call was forbidden by its filter" "" "$(journal | grep -i 'SIGSYS\|status=31')"
unit=nat64d
inside systemctl stop nat64d

# --- filters that remain on the egress of the device -----------------------------------------------------------------

# left: prints the number of our filters on a persistent device.
left() { inside tc filter show dev nat64 egress | grep -c ' nat64d '; }
attach() { install -m 755 "$FILTER" "$ROOT/usr/sbin/filter_tc" && inside filter_tc nat64 attach; }
check_filter() {
	local before
	[ -x "$FILTER" ] || { skip "a filter on the egress" "needs $FILTER" && return; }
	inside nat64d --mktun -u nat64d 2>/dev/null
	attach >"$T/attach" || { skip "a filter on the egress" "$(cat "$T/attach")" && return; }
	inside systemctl start nat64d
	attach
	before=$(show NRestarts)
	kill_it
	wait_for restarted "$before"
	attach
	t "filters on a device that stays" test "$(left)" -gt 0
	inside systemctl stop nat64d
	same "a stop removes them, a kill -9 or not" 0 "$(left)"
	same "and is a good one" success "$(show Result)"
	t "and the device has not" inside nat64d --rmtun
}
check_filter
same "no call was forbidden by the filter" "" "$(journal | grep -i 'SIGSYS\|status=31')"
finish

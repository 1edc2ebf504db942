#!/usr/bin/env bash
# The units for Prometheus with systemd: one process without rights for each request, and a file that a timer writes.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
NAT64CTL=${NAT64CTL:-$(dirname "$NAT64D")/nat64ctl}
files=/var/lib/prometheus/node-exporter

need_container
[ -x "$NAT64D" ] || leave_rest "needs $NAT64D"
make_root

base() {
	printf '%s\n' 'tun-device nat64' 'ipv4-addr 192.168.255.1' "ipv6-addr $OWN6" 'prefix 64:ff9b::/96' \
		'dynamic-pool 192.168.255.0/24' 'tun-setup yes'
}

install_units() {
	local unit
	rm -rf "$ROOT"/etc/nat64* "$ROOT"/etc/systemd/system/nat64* "$ROOT/var/lib/nat64d" # of others
	install -m 755 "$NAT64D" "$NAT64CTL" "$ROOT/usr/sbin"
	for unit in nat64d nat64d@ nat64d-metrics@ nat64d-textfile nat64d-textfile@; do
		sed 's|@sbindir@|/usr/sbin|g; s|@sysconfdir@|/etc|g; /^Wants=nat64-host/d' \
			"$top/contrib/$unit.service.in" >"$ROOT/etc/systemd/system/$unit.service"
	done
	install -m 644 "$top"/contrib/nat64d-*.socket "$top"/contrib/nat64d-*.timer "$ROOT/etc/systemd/system"
	install -D -m 644 "$top/contrib/nat64d.sysusers" "$ROOT/usr/lib/sysusers.d/nat64d.conf"
	mkdir -p "$ROOT/etc/nat64"
	base >"$ROOT/etc/nat64.conf"
	base | sed 's/ nat64$/ nat64x/; s/192\.168\.255/192.168.254/; s/1000::64/1001::64/; s/64:ff9b::/64:ff9b:1::/' >"$ROOT/etc/nat64/x.conf"
	# Each nat64ctl records its user.
	mkdir -p "$ROOT/etc/systemd/system/nat64d-metrics@.service.d"
	printf '%s\n' '[Service]' "ExecStartPre=sh -c 'grep -E \"^(Uid|CapPrm|CapEff|CapBnd|NoNewPrivs)\" /proc/self/status >&2; exit 0'" 'SyslogLevel=notice' \
		>"$ROOT/etc/systemd/system/nat64d-metrics@.service.d/test.conf"
}
install_units
boot

# ask [PATH [REQUEST]]: prints the whole answer.
# shellcheck disable=SC2016 # the shell inside expands it
ask() {
	inside timeout 20 bash -c 'exec 3<>/dev/tcp/::1/9664 && printf "%s %s HTTP/1.1\r\nHost: x\r\n\r\n" "$1" "$0" >&3 && cat <&3' \
		"${1:-/metrics}" "${2:-GET}" | tr -d '\r'
}
# told NAME [PATH]: prints the value of a sample.
told() { ask "${2-}" | awk -v name="$1" '$1 == name { print $2 }'; }
is_told() { [ "$(told "$1" "${3-}")" = "$2" ]; }
in_file() { awk -v name="$1" '$1 == name { print $2 }' "$ROOT$files/$2" 2>/dev/null; }
file_says() { [ "$(in_file "$1" "$3")" = "$2" ]; }
inside ip addr add 2001:db8:1::1/128 dev lo
inside ip addr add 8.8.8.8/32 dev lo

# --- by HTTP --------------------------------------------------------------------------------------------------------

t "without a daemon: the socket" inside systemctl start nat64d-metrics.socket
same "a request: down" 0 "$(told nat64d_up)"
t "nat64d" inside systemctl start nat64d
inside ping -6 -n -q -c 4 -i 0.2 -W 1 -I 2001:db8:1::1 "$GOOGLE" >/dev/null
ask >"$T/answer"
same "a request: 200" "HTTP/1.1 200 OK" "$(head -n 1 "$T/answer")"
same "up, and four packets each way" "1 4 4" "$(awk '$1 == "nat64d_up" || /^nat64d_packets_total.*"ok"/ { print $2 }' "$T/answer" | paste -sd ' ')"
same "whole" "# EOF" "$(tail -n 1 "$T/answer")"
same "another path: 404" "HTTP/1.1 404 Not Found" "$(ask / | head -n 1)"
same "another method: 405" "HTTP/1.1 405 Method Not Allowed" "$(ask /metrics POST | head -n 1)"
same "an instance that does not run: down" 0 "$(told nat64d_up /metrics/x)"
inside systemctl start nat64d@x
same "one that does: up" 1 "$(told nat64d_up /metrics/x)"
note=$(inside journalctl --no-pager -o cat -u 'nat64d-metrics@*' | grep -E '^(Uid|Cap|NoNew)' | tr '\t' ' ' | sort -u)
t "who answers is neither root nor nat64d" fails grep -qE "^Uid: (0|$(inside id -u nat64d)) " <<<"$note"
same "and has no right" "CapBnd: 0000000000000000 CapEff: 0000000000000000 CapPrm: 0000000000000000 NoNewPrivs: 1" \
	"$(grep -v ^Uid <<<"$note" | paste -sd ' ')"
for i in 1 2 3 4 5 6 7 8; do ask >"$T/many.$i" & done
wait_for test -s "$T/many.8"
t "eight at once: each is whole" wait_for eval '[ "$(tail -qn 1 "$T"/many.? | grep -c "^# EOF$")" -eq 8 ]'
same "nothing is left of them" "" "$(inside systemctl list-units --all --plain --no-legend --state=failed 'nat64d*')"
inside systemctl stop nat64d
same "nat64d is stopped: down, and the socket is there" 0 "$(told nat64d_up)"
inside systemctl start nat64d
t "and up again" wait_for is_told nat64d_up 1
inside chmod 700 /run/nat64d
same "a directory that is shut: 503" "HTTP/1.1 503 Service Unavailable" "$(ask | head -n 1)"
t "and the journal says why" wait_for eval 'inside journalctl --no-pager -o cat -u "nat64d-metrics@*" | grep -q "Permission denied"'
inside chmod 750 /run/nat64d

# --- by a file ------------------------------------------------------------------------------------------------------

t "without the directory of node_exporter: done, and nothing happens" inside systemctl start nat64d-textfile.service
t "no file" fails test -e "$ROOT$files"
inside install -d -o games "$files" # the directory belongs to another user, as in Debian
t "the timer" inside systemctl start nat64d-textfile.timer nat64d-textfile@x.timer
t "writes a file" wait_for file_says nat64d_up 1 nat64d.prom
t "and one for the instance, with its name" wait_for file_says 'nat64d_up{translator="x"}' 1 nat64d-x.prom
same "readable for everybody" "644 644" "$(stat -c %a "$ROOT$files/nat64d.prom" "$ROOT$files/nat64d-x.prom" | paste -sd ' ')"
inside systemctl stop nat64d
t "nat64d is stopped: the next one says so" wait_for file_says nat64d_up 0 nat64d.prom
same "nothing has failed" "" "$(inside systemctl list-units --all --plain --no-legend --state=failed 'nat64d*')"
same "not a line for each time" 0 "$(inside journalctl --no-pager -o cat -u nat64d-textfile.service | grep -c -e Starting -e Finished)"
inside systemctl stop nat64d-textfile.timer nat64d-textfile@x.timer nat64d-metrics.socket nat64d@x
finish

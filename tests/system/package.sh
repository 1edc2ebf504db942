#!/usr/bin/env bash
# The package: what is in it, and how it comes, is upgraded and goes on a machine with the real systemd.
#
#   NAT64_BUILD     a directory where configure and make have run, whose `make install' shall agree with the package
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

# --- completion: needs neither root nor a container -------------------------------------------------------------------

# completed COMMAND WORD...: what bash would offer for the last of the words, without bash-completion's own functions.
completed() {
	bash -c '_init_completion() { words=("${COMP_WORDS[@]}") cword=$COMP_CWORD cur=${words[cword]} prev=${words[cword-1]}; }
		_filedir() { COMPREPLY=(a-file); }
		. "$1" && shift && COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		$(complete -p "$1" | sed "s/.*-F \([^ ]*\).*/\1/")
		echo "${COMPREPLY[@]}"' bash "$top/contrib/nat64d.bash-completion" "$@"
}

# every_option COMMAND...: the options that its --help tells of, the long ones.
every_option() { "$@" --help 2>&1 | grep -oE -- '--[a-z][a-z-]+' | sort -u | tr '\n' ' '; }
long_ones() { tr ' ' '\n' | grep '^--' | sort -u | tr '\n' ' '; }

if [ -x "$NAT64D" ]; then
	same "completion: every option of nat64d" "$(every_option "$NAT64D")" "$(completed nat64d - | long_ones)"
else
	skip "completion: every option of nat64d" "needs $NAT64D"
fi
same "completion: the commands of nat64-host" "init up down check --help" "$(completed nat64-host "")"
same "completion: the options of nat64-host init" \
	"--yes --dry-run --force --undo --lan --wan --prefix --pool --private --dns64 --announce --help" "$(completed nat64-host init -)"
same "completion: the options of nat64-host check" "--target --dns64 --ignore --help" "$(completed nat64-host check -)"
same "completion: the options of nat64-host up" "--if-enabled --help" "$(completed nat64-host up -)"
same "completion: a file after --config" a-file "$(completed nat64d --config "")"

# --- the package, as a file -----------------------------------------------------------------------------------------

need_container dpkg-deb
command -v dpkg-buildpackage >/dev/null || [ -n "${NAT64_DEB-}" ] || leave_rest "needs dpkg-buildpackage"
make_deb
ok "contrib/mkdeb builds $(basename "$DEB")"
if command -v lintian >/dev/null; then
	same "lintian finds no error and no warning" "" "$(TMPDIR=$T lintian --allow-root "$DEB" 2>&1)"
else
	skip "lintian" "not installed"
fi

# The same names, whether packed with gzip or not, and without what only Debian wants.
in_deb() {
	dpkg-deb --fsys-tarfile "$DEB" | tar -t | sed 's|^\./|/|; s|\.gz$||' |
		grep -v '/$\|README.Debian$\|/changelog$\|/copyright$' | sort
}
by_make() {
	make -s -C "$NAT64_BUILD" install DESTDIR="$T/inst" prefix=/usr sysconfdir=/etc \
		systemdsystemunitdir=/usr/lib/systemd/system >"$T/install" 2>&1 && (cd "$T/inst" && find . ! -type d | sed 's|^\.||' | sort)
}
# What the manual says is there, and is not.
elsewhere() {
	make -s -C "$NAT64_BUILD" install DESTDIR="$T/local" prefix=/usr/local sysconfdir=/etc \
		systemdsystemunitdir=/usr/local/lib/systemd/system >"$T/install" 2>&1
	grep -o "/usr/[a-z/]*nat64d[^ ']*" "$T/local/usr/local/share/man/man7/nat64.7" | sort -u | while read -r file; do
		[ -e "$T/local$file" ] || echo "$file"
	done
}
if [ -n "${NAT64_BUILD-}" ]; then
	same "make install DESTDIR= puts the same files in the same places" "$(in_deb)" "$(by_make)"
	same "make install prefix=/usr/local: every file that nat64(7) names is there" "" "$(elsewhere)"
else
	skip "make install DESTDIR=" "NAT64_BUILD does not say where it is built"
fi

# of_own_prefix: what the program and the settings name, where somebody has chosen other directories.
of_own_prefix() {
	make -s -C "$NAT64_BUILD" install DESTDIR="$T/own" prefix=/opt/own sysconfdir=/opt/own/etc \
		systemdsystemunitdir=/opt/own/systemd >"$T/install" 2>&1 &&
		sed -n 's/^\(lib\|example\|sysctls\)=//p; s/.*ln -sf \([^ ]*\).*/\1/p' \
			"$T/own/opt/own/sbin/nat64-host" "$T/own/opt/own/share/nat64d/90-nat64d.conf"
}
if [ -n "${NAT64_BUILD-}" ]; then
	named=$(of_own_prefix)
	t "make install prefix=: everything that is named is of that prefix" test "$(grep -c '^/opt/own/' <<<"$named")" -eq 4
	same "and is there" "" "$(for file in $named; do [ -e "$T/own$file" ] || echo "$file"; done)"
else
	skip "make install prefix=" "NAT64_BUILD does not say where it is built"
fi

# --- a machine on which it cannot be built ----------------------------------------------------------------------------

# missing WORDS: what mkdeb says when dpkg, of Debian 12 or 13, says that; with or without lintian, as this machine is.
missing() {
	mkdir -p "$T/bin"
	printf '#!/bin/sh\necho "dpkg-checkbuilddeps: error: %s" >&2\nexit 1\n' "$1" >"$T/bin/dpkg-checkbuilddeps"
	chmod 755 "$T/bin/dpkg-checkbuilddeps"
	PATH=$T/bin:$PATH "$top/contrib/mkdeb" "$T" 2>&1 | sed '1d; s/ lintian$//'
}
wants="build dependencies: build-essential:native check debhelper-compat (= 13) pkgconf (>= 1) | pkg-config (>= 0)"
if command -v dpkg-buildpackage >/dev/null; then
	for wants in "Unmet $wants" "unmet $wants"; do
		same "mkdeb, ${wants%% *}: one command that installs what is missing" \
			"apt-get install build-essential check debhelper-compat pkgconf" "$(missing "$wants")"
	done
else
	skip "mkdeb: one command that installs what is missing" "needs dpkg-buildpackage"
fi

# The same tree under a higher version: what an upgrade sees of it is the number and the maintainer scripts.
newer() {
	dpkg-deb -R "$DEB" "$T/newer" && sed -i 's/^Version: .*/&+newer/' "$T/newer/DEBIAN/control" &&
		dpkg-deb --root-owner-group -b "$T/newer" "$ROOT/root/newer.deb"
}

make_root
# Nobody but this test has had a hand in it, whatever NAT64_ROOT has seen.
rm -rf "$ROOT"/etc/nat64* "$ROOT"/etc/systemd/system/nat64d* "$ROOT"/usr/sbin/nat64* "$ROOT"/var/lib/nat64d
cp "$DEB" "$ROOT/root/nat64d.deb"
newer >"$T/newer.log" 2>&1 || not_ok "a package of a higher version" "$(cat "$T/newer.log")"
boot
inside ip addr add 2001:db8:1::1/128 dev lo
inside ip addr add 8.8.8.8/32 dev lo

mkdir "$ROOT/root/tree" && cp -r "$top/contrib" "$top/configure.ac" "$ROOT/root/tree"
command=$(inside /root/tree/contrib/mkdeb /root 2>&1 | sed -n '$s/^apt-get install //p')
same "mkdeb, where there is no dpkg-dev: all that it needs, and lintian" \
	"build-essential check debhelper-compat dh-sequence-installsysusers pkgconf lintian" "$command"
step "apt-get install --simulate $command"

# --- installed ------------------------------------------------------------------------------------------------------

# Both ends are the container itself: what one address says to the other goes through the translator twice.
translates() { inside ping -6 -n -q -c 1 -W 1 -I 2001:db8:1::1 "${1:-$GOOGLE}"; }
state() { inside systemctl show -p ActiveState --value "$1"; }
main() { inside systemctl show -p MainPID --value "$1"; }
lease() { awk '$2 == "2001:db8:1::1" { print $1; exit }' "$ROOT/var/lib/nat64d/$1dynamic.map"; }
base() {
	printf '%s\n' 'tun-device nat64' 'ipv4-addr 192.168.255.1' "ipv6-addr $OWN6" 'prefix 64:ff9b::/96' \
		'dynamic-pool 192.168.255.0/24' 'tun-setup yes' "$@"
}
other() { base | sed 's/ nat64$/ nat64x/; s/192\.168\.255/192.168.254/; s/1000::64/1001::64/; s/64:ff9b::/64:ff9b:1::/'; }
sysctls() { inside sysctl -n net.ipv4.ip_forward net.ipv6.conf.all.forwarding | paste -sd ' '; }

step "apt-get install -qy /root/nat64d.deb"
t "with what it recommends" inside nft list ruleset
same "nothing is started, there is no configuration" inactive "$(state nat64d)"
same "nor enabled" disabled "$(inside systemctl is-enabled nat64d)"
same "the machine does not forward because of it" "0 0" "$(sysctls)"
t "the system user is there" inside getent passwd nat64d
shows "the doctor knows the next step" "=> cp /usr/share/doc/nat64d/tayga.conf.example /etc/nat64.conf" inside nat64-host check
t "which is one" test -e "$ROOT/usr/share/doc/nat64d/tayga.conf.example"

# --- the doctor, with what systemd really says ------------------------------------------------------------------------

# finds NAME TEXT: one point, ok if a line of the doctor has that text; the command of that line is in `cure'.
finds() {
	local line
	inside nat64-host check >"$T/found" 2>&1
	line=$(grep -F -- "$2" "$T/found" | head -n 1)
	cure=${line##* => }
	if [ -n "$line" ]; then ok "the doctor: $1"; else not_ok "the doctor: $1" "wanted: $2" "$(cat "$T/found")"; fi
}

# cured NAME FINDING: one point, ok if `cure' mends it.
cured() {
	inside sh -c "$cure" >"$T/cure" 2>&1
	inside nat64-host check >"$T/found" 2>&1
	if grep -qE "^(WARN|FAIL)  $2: " "$T/found"; then
		not_ok "the doctor: $1: mended by $cure" "$(cat "$T/cure" "$T/found")"
	else
		ok "the doctor: $1: mended by $cure"
	fi
}

step "cp /usr/share/doc/nat64d/tayga.conf.example /etc/nat64.conf"
step "systemctl restart nat64d"
t "the example, as it is: packets pass" translates
finds "the example, as it is" "ok    service: process $(main nat64d) translates on nat64"
t "its addresses and routes are right" fails grep -qE "^(WARN|FAIL)  (service|reload|device|addresses|route|pool): " "$T/found"
shows "its leases are counted" "ok    pool: 1 of 254 addresses leased" cat "$T/found"

echo 'data-dir /nowhere' >>"$ROOT/etc/nat64.conf"
inside systemctl restart nat64d 2>/dev/null
finds "a start that failed: the daemon's own words" \
	"(nat64d.service is failed), its last message: /etc/nat64.conf:$(grep -c "" "$ROOT/etc/nat64.conf"): data-dir: /nowhere is on a read-only file system"
base | grep -v tun-setup >"$ROOT/etc/nat64.conf"
inside systemctl stop nat64d
# The device of the last good start has outlived the one that failed.
inside nat64d --rmtun >/dev/null 2>&1
inside systemctl start nat64d
finds "no tun-setup" "FAIL  device: nat64 is down => echo 'tun-setup yes' >>/etc/nat64.conf && systemctl reload nat64d.service"
cured "no tun-setup" "(device|route)"

base 'offload off' >"$ROOT/etc/nat64.conf"
inside systemctl reload nat64d 2>/dev/null
refused() { [[ $(inside systemctl show -p StatusText --value nat64d) == *"reload was refused"* ]]; }
wait_for refused
finds "a reload that was refused" "WARN  reload: the last reload was refused"
cured "a reload that was refused" reload
sleep 2
base 'offload off' 'map 203.0.113.8 2001:db8:2::78' >"$ROOT/etc/nat64.conf"
finds "a change that nobody has told of" "WARN  reload: /etc/nat64.conf was changed after the daemon had read it"
cured "a change that nobody has told of" reload

# As Debian's script would have started it: a service of that name.
step "systemctl stop nat64d"
cp "$ROOT/usr/sbin/nat64d" "$ROOT/usr/sbin/tayga"
printf '%s\n' '[Service]' 'ExecStart=/usr/sbin/tayga --nodetach --config /etc/nat64.conf' '[Install]' 'WantedBy=multi-user.target' \
	>"$ROOT/etc/systemd/system/tayga.service"
step "systemctl enable --now tayga"
has_device() { inside ip link show dev nat64; }
wait_for has_device
inside systemctl start nat64d 2>/dev/null
finds "Tayga still runs" \
	" (tayga) uses nat64, and is not the daemon of /etc/nat64.conf (nat64d.service is failed) => systemctl stop tayga && systemctl disable tayga && systemctl restart nat64d.service"
cured "Tayga still runs" service
same "and does not come back" disabled "$(inside systemctl is-enabled tayga)"
rm -f "$ROOT/etc/systemd/system/tayga.service" "$ROOT/usr/sbin/tayga"
inside systemctl stop nat64d
inside systemctl daemon-reload

for unit in nat64d.service nat64d@.service nat64-host.service nat64-host@.service nat64d-metrics.socket nat64d-metrics@.service \
	nat64d-textfile.service nat64d-textfile@.service nat64d-textfile.timer nat64d-textfile@.timer; do
	same "$unit is well formed" "" "$(inside systemd-analyze verify --man=no $unit 2>&1 | grep nat64d)"
done

base >"$ROOT/etc/nat64.conf"
other >"$ROOT/etc/nat64/x.conf"
other >"$ROOT/etc/nat64/idle.conf"
inside sed -i s/^NAT44=.*/NAT44=yes/ /etc/default/nat64d
step "systemctl enable --now nat64d"
t "packets pass" translates
step "systemctl enable --now nat64d@x"
t "packets of the instance pass" translates 64:ff9b:1::808:808
same "NAT44=yes: the machine forwards" "1 1" "$(sysctls)"
shows "and hides the pool" masquerade inside nft list ruleset
held=$(lease "") held_x=$(lease x/)

# --- beside rules of one's own, with the words of nat64(7) ------------------------------------------------------------

hides() { inside nft list ruleset | grep -q masquerade; }
has_file() { inside nft list table ip nat64_nat44 >/dev/null 2>&1; }
# at_boot: what the page says to have the rules of that file at each boot.
at_boot() { sed -n '/^echo .*nat44.nft.*nftables.conf$/p; /^systemctl enable .*nftables$/p' "$top/man/nat64.7"; }

inside tee /etc/nat64/nat44.nft >/dev/null <<-'END'
	table ip nat64_nat44
	delete table ip nat64_nat44
	table ip nat64_nat44 {
	}
END
step "nft -f /etc/nat64/nat44.nft"
while read -r command <&3; do step "$command"; done 3< <(at_boot)
t "nat64-host's rules are untouched" hides
step "systemctl start nftables"
t "Debian's file has flushed them" fails hides
step "nat64-host up"
t "and up has put them back" hides
t "beside those of the file" has_file
step "systemctl restart nftables"
t "a restart of nftables removes them as well" fails hides
step "systemctl stop nat64d nat64-host nftables"
step "systemctl start nftables nat64d"
t "as at boot: nat64-host's rules" hides
t "and those of the file" has_file
t "packets pass" translates
step "systemctl disable --now nftables"
inside rm /etc/nat64/nat44.nft
step "nat64-host up"

# --- upgraded -------------------------------------------------------------------------------------------------------

answers_more_than() { [ "$(grep -c icmp_seq "$T/pings")" -gt "$1" ]; }

# gap COMMAND...: the longest silence in the answers to a ping every 50 ms while it runs, in milliseconds, in $gap.
gap() {
	local job
	gap=0
	inside ping -6 -n -D -i 0.05 -I 2001:db8:1::1 $GOOGLE >"$T/pings" 2>&1 &
	job=$!
	wait_for answers_more_than 10
	"$@" >"$T/upgrade" 2>&1
	wait_for answers_more_than $(($(grep -c icmp_seq "$T/pings") + 5))
	inside pkill -INT -x ping
	wait "$job"
	gap=$(sed -n 's/^\[\([0-9.]*\)\].*icmp_seq.*/\1/p' "$T/pings" |
		awk 'NR > 1 && $1 - last > most { most = $1 - last } { last = $1 } END { printf "%d", most * 1000 }')
}

before=$(main nat64d) before_x=$(main nat64d@x)
gap inside systemctl restart nat64d
restart_gap=$gap
gap inside apt-get install -qy /root/newer.deb
shows "an upgrade" "+newer" inside dpkg-query -W nat64d
t "the daemon is another process now" test "$(main nat64d)" != "$before"
t "so is the instance" test "$(main nat64d@x)" != "$before_x"
same "what was not running still does not" inactive "$(state nat64d@idle)"
t "it cuts traffic for $gap ms, a restart for $restart_gap ms" test "$gap" -gt 0 -a "$gap" -le $((restart_gap * 2 + 500))
same "the lease is kept" "$held" "$(lease "")"
same "that of the instance, too" "$held_x" "$(lease x/)"
t "packets of the instance pass" wait_for translates 64:ff9b:1::808:808
t "the operator's /etc/default/nat64d is kept" inside grep -qx NAT44=yes /etc/default/nat64d

hides_pool() { inside nft list ruleset | grep masquerade | grep -qF 192.168.255.0/24; }
t "the pool is hidden" hides_pool
inside systemctl stop nat64d
t "after a stop of the daemon, too" hides_pool
inside systemctl start nat64d
inside sed -i s/^NAT44=.*/NAT44=no/ /etc/default/nat64d
inside systemctl reload nat64d
t "NAT44=no and a reload: it is not hidden any more" wait_for fails hides_pool
inside sed -i s/^NAT44=.*/NAT44=yes/ /etc/default/nat64d
step "systemctl restart nat64-host"
t "NAT44=yes and a restart of its unit: it is" hides_pool

# Stopped by the operator: an upgrade is no reason to start it.
inside systemctl stop nat64d@x
t "an upgrade of what is stopped" inside apt-get install -qy --reinstall /root/newer.deb
same "it stays so" inactive "$(state nat64d@x)"
inside systemctl start nat64d@x

# --- removed, purged ------------------------------------------------------------------------------------------------

inside nat64-host up /etc/nat64/idle.conf >/dev/null 2>&1
# A start that fails leaves the device of the good one before.
echo nonsense >>"$ROOT/etc/nat64/x.conf"
inside systemctl restart nat64d@x 2>/dev/null
same "a failed restart" failed "$(state nat64d@x)"
t "leaves the device" inside ip link show dev nat64x
same "and forwarding" "1 1" "$(sysctls)"
inside systemctl reset-failed nat64d@x
step "apt-get remove -qy nat64d"
t "nothing of it runs" fails inside pgrep -x nat64d
t "the devices have gone" fails inside ip link show dev nat64
t "both" fails inside ip link show dev nat64x
same "so have all rules" "" "$(inside nft list ruleset)"
same "and the forwarding that it switched on" "0 0" "$(sysctls)"
t "and its traces" test ! -e "/proc/$LEADER/root/run/nat64-host"
same "nothing has failed on the way" "" "$(inside systemctl --failed --plain --no-legend list-units 'nat64d*')"
same "the lease is kept" "$held" "$(lease "")"
t "and the configuration" test -e "$ROOT/etc/nat64.conf"

inside ln -s /usr/share/nat64d/90-nat64d.conf /etc/sysctl.d/
step "apt-get purge -qy nat64d"
t "the leases have gone" test ! -e "$ROOT/var/lib/nat64d"
same "nothing is left but what the operator wrote, and the user" "/etc/nat64 /etc/nat64.conf" \
	"$(inside find /etc /var/lib /run /usr -path /var/lib/dpkg -prune -o -path /var/lib/apt -prune -o \
		-name '*nat64*' -print | sort | paste -sd ' ')"
step "apt-get install -qy /root/nat64d.deb"
same "afterwards it is as new" "inactive disabled" "$(state nat64d) $(inside systemctl is-enabled nat64d)"
finish

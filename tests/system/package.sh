#!/usr/bin/env bash
# The package: its files, and its installation, upgrade and removal on a machine with systemd.
#
#   NAT64_BUILD     a build directory; its `make install' must install the same files as the package
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

# --- completion: needs neither root nor a container -------------------------------------------------------------------

# completed COMMAND WORD...: prints what bash offers for the last word, without the functions of bash-completion.
completed() {
	bash -c '_init_completion() { words=("${COMP_WORDS[@]}") cword=$COMP_CWORD cur=${words[cword]} prev=${words[cword-1]}; }
		_filedir() { COMPREPLY=(a-file); }
		. "$1" && shift && COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		$(complete -p "$1" | sed "s/.*-F \([^ ]*\).*/\1/")
		echo "${COMPREPLY[@]}"' bash "$top/contrib/nat64d.bash-completion" "$@"
}

# every_option COMMAND...: prints the long options in its --help.
every_option() { "$@" --help 2>&1 | grep -oE -- '--[a-z][a-z-]+' | sort -u | tr '\n' ' '; }
long_ones() { tr ' ' '\n' | grep '^--' | sort -u | tr '\n' ' '; }

if [ -x "$NAT64D" ]; then
	same "completion: every option of nat64d" "$(every_option "$NAT64D")" "$(completed nat64d - | long_ones)"
else
	skip "completion: every option of nat64d" "needs $NAT64D"
fi
same "completion: the commands of nat64-host" "init up down check --help --version" "$(completed nat64-host "")"
same "completion: the options of nat64-host init" \
	"--yes --dry-run --force --undo --lan --wan --prefix --pool --private --dns64 --announce --help" "$(completed nat64-host init -)"
same "completion: the options of nat64-host check" "--target --dns64 --ignore --help" "$(completed nat64-host check -)"
same "completion: the options of nat64-host up" "--if-enabled --if-changed --help" "$(completed nat64-host up -)"
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

# Compare names without .gz, and without the files that only Debian needs.
in_deb() {
	dpkg-deb --fsys-tarfile "$DEB" | tar -t | sed 's|^\./|/|; s|\.gz$||' |
		grep -v '/$\|README.Debian$\|/changelog$\|/copyright$\|/lintian/overrides/' | sort
}
by_make() {
	make -s -C "$NAT64_BUILD" install DESTDIR="$T/inst" prefix=/usr sysconfdir=/etc \
		systemdsystemunitdir=/usr/lib/systemd/system >"$T/install" 2>&1 && (cd "$T/inst" && find . ! -type d | sed 's|^\.||' | sort)
}
# Prints the files that the manual names and that are missing.
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

# of_own_prefix: checks the paths in the program and the settings after `configure' with other directories.
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

# missing WORDS: checks the message of mkdeb when dpkg prints WORDS (Debian 12 or 13), with or without lintian.
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

# The same tree with a higher version: for an upgrade, only the version and the maintainer scripts matter.
newer() {
	dpkg-deb -R "$DEB" "$T/newer" && sed -i 's/^Version: .*/&+newer/' "$T/newer/DEBIAN/control" &&
		dpkg-deb --root-owner-group -b "$T/newer" "$ROOT/root/newer.deb"
}

make_root
# Remove files of earlier tests from NAT64_ROOT.
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

# Both ends are the container itself: packets from one address to the other pass the translator twice.
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

# --- nat64-host check with systemd ------------------------------------------------------------------------------------

# finds NAME TEXT: one point, ok if a finding has that text; its command is in `cure'.
finds() {
	local line
	inside nat64-host check >"$T/found" 2>&1
	line=$(grep -F -- "$2" "$T/found" | head -n 1)
	cure=${line##* => }
	if [ -n "$line" ]; then ok "the doctor: $1"; else not_ok "the doctor: $1" "wanted: $2" "$(cat "$T/found")"; fi
}

# cured NAME FINDING: one point, ok if `cure' fixes it.
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
# The device of the last successful start still exists after the failed start.
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

# A service with the name that the init script of Debian would give it.
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

for unit in nat64d.service nat64d@.service nat64-host.service nat64-host@.service nat64d-metrics.socket nat64d-metrics@.service nat64d-health.service nat64d-sync.service \
	nat64d-sync-check.service nat64d-textfile.service nat64d-textfile@.service nat64d-textfile.timer nat64d-textfile@.timer; do
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

# --- with the rules of an operator, as in nat64(7) --------------------------------------------------------------------

hides() { inside nft list ruleset | grep -q masquerade; }
has_file() { inside nft list table ip nat64_nat44 >/dev/null 2>&1; }
# at_boot: runs the commands of the page that load the rules at each boot.
at_boot() { sed -n '/^echo .*nat44.nft.*nftables.conf$/p; /^systemctl enable nftables$/p' "$top/man/nat64.7"; }

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

# gap COMMAND...: sets gap to the longest time without an answer to a ping every 50 ms while it runs, in milliseconds.
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
hides_from() { inside nft list ruleset | grep masquerade | grep -qF "oifname != \"$1\""; }
inside sed -i 's/^tun-device .*/tun-device nat64new/' /etc/nat64.conf
t "another device: the daemon refuses the reload" fails inside systemctl reload nat64d
t "and the rules stay as they are" hides_from nat64
t "packets pass" translates
step "systemctl restart nat64d"
t "after a restart they are for the new device" hides_from nat64new
t "packets pass" wait_for translates
base >"$ROOT/etc/nat64.conf"
step "systemctl restart nat64d"
t "and for the old one again" hides_from nat64
t "packets pass" wait_for translates

# An upgrade must not start a service that the operator stopped.
inside systemctl stop nat64d@x
t "an upgrade of what is stopped" inside apt-get install -qy --reinstall /root/newer.deb
same "it stays so" inactive "$(state nat64d@x)"
inside systemctl start nat64d@x

# --- removed, purged ------------------------------------------------------------------------------------------------

inside nat64-host up /etc/nat64/idle.conf >/dev/null 2>&1
# A failed start leaves the device of the earlier successful start.
echo nonsense >>"$ROOT/etc/nat64/x.conf"
inside systemctl restart nat64d@x 2>/dev/null
same "a failed restart" failed "$(state nat64d@x)"
t "leaves the device" inside ip link show dev nat64x
same "and forwarding" "1 1" "$(sysctls)"
inside systemctl reset-failed nat64d@x
mkdir -p "$ROOT/var/lib/nat64-host"
touch "$ROOT/var/lib/nat64-host/init"
shows "root: apt-get remove -qy nat64d, and it names what removes the files of init" "nat64-host init --undo" \
	inside apt-get remove -qy nat64d
rm -r "$ROOT/var/lib/nat64-host"
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

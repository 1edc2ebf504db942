#!/usr/bin/env bash
# nat64-host init: what it plans on machines of many kinds, what it refuses, what it writes, that a signal at any step leaves
# nothing half done, that --undo takes all of it back, and that a host then reaches IPv4.  /etc, /run and /var/lib are the
# test's own.  systemctl is made up here; tests/system/init.sh has the real one.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
top=$(cd "$here/../.." && pwd)
need nft sysctl awk nsenter sha256sum
"$NAT64D" --help | grep -q ' /etc/nat64.conf' || skip_all "nat64d is built for another sysconfdir"
export NAT64D
# shellcheck disable=SC2206 # perhaps two words, such as busybox ash
shell=(${SHELL_UNDER_TEST:-sh})
M=$N-machine holder=""

# --- a machine ------------------------------------------------------------------------------------------------------

# fake_programs: systemctl keeps the state of a unit in /run/units, starts a real daemon if /run/real exists, and fails where
# /run/broken names the unit.  ping asks nobody, or everybody answers.  Programs that change something send a signal if
# /run/step says so: the Nth of them, which kind, and whether before or after it has done its work.
fake_programs() {
	local program
	mkdir "$T/fake" "$T/steps"
	cat >"$T/fake/systemctl" <<-END
		#!/bin/sh
		echo "\$*" >>/run/calls
		[ "\$1" != -q ] || shift
		unit=/run/units/\$2
		case \$1 in
		cat) [ ! -e /run/no-unit ] ;;
		is-active) [ -e "\$unit.active" ] ;;
		is-enabled) [ -e "\$unit.enabled" ] ;;
		enable) : >"\$unit.enabled" ;;
		disable) rm -f "\$unit.enabled" ;;
		stop)
			[ ! -e "\$unit.pid" ] || kill "\$(cat "\$unit.pid")"
			tries=0
			while [ -e "\$unit.pid" ] && kill -0 "\$(cat "\$unit.pid")" 2>/dev/null && [ \$tries -lt 40 ]; do
				tries=\$((tries + 1))
				sleep 0.05
			done
			[ ! -e /run/real ] || [ "\$2" != nat64-host.service ] || "$HOST" down --if-enabled
			rm -f "\$unit.active" "\$unit.pid"
			;;
		try-restart) [ ! -e "\$unit.active" ] || : >"\$unit.restarted" ;;
		restart | start | reload | reload-or-restart)
			grep -qsx "\$2" /run/broken && echo "Job for \$2 failed." >&2 && exit 1
			: >"\$unit.active"
			[ -e /run/real ] && [ "\$2" = nat64d.service ] || exit 0
			: >/run/units/nat64-host.service.active
			"$HOST" up --if-enabled >/run/host.log 2>&1
			mkdir -p /run/nat64d /var/lib/nat64d
			STATE_DIRECTORY=/var/lib/nat64d RUNTIME_DIRECTORY=/run/nat64d setsid "$NAT64D" --nodetach --stdout </dev/null >/run/log 2>&1 &
			echo \$! >"\$unit.pid"
			tries=0
			until grep -q 'translating on' /run/log; do
				tries=\$((tries + 1))
				[ \$tries -lt 1200 ] || exit 1
				sleep 0.05
			done
			;;
		show) [ "\$2 \$3" != "-p MainPID" ] || cat /run/units/nat64d.service.pid 2>/dev/null ;;
		esac
	END
	cat >"$T/fake/ping" <<-END
		#!/bin/sh
		[ ! -e /run/real ] || exec $(command -v ping) "\$@"
		[ -e /run/answering ]
	END
	printf '#!/bin/sh\nexit 1\n' >"$T/fake/journalctl"
	chmod 755 "$T"/fake/*
	for program in chmod cp mkdir mv rm systemctl; do
		cat >"$T/steps/$program" <<-END
			#!/bin/sh
			work() { $(PATH=$T/fake:$PATH command -v $program) "\$@"; }
			[ -e /run/step ] && [ -e /run/pid ] || { work "\$@"; exit; }
			echo >>/run/count
			read -r n signal when </run/step
			[ "\$(wc -l </run/count)" -eq "\$n" ] || { work "\$@"; exit; }
			[ "\$when" != before ] || { kill "-\$signal" "\$(cat /run/pid)"; }
			work "\$@"
			status=\$?
			[ "\$when" != after ] || { kill "-\$signal" "\$(cat /run/pid)"; }
			exit \$status
		END
	done
	chmod 755 "$T"/steps/*
}

cat_hold() {
	cat <<-END
		mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/lib && mount -t tmpfs tmpfs "$T/etc" || exit
		for name in alternatives group ld.so.cache ld.so.conf ld.so.conf.d nsswitch.conf passwd; do
			[ ! -e /etc/\$name ] || cp -a /etc/\$name "$T/etc"
		done
		mkdir "$T/etc/default" "$T/etc/sysctl.d"
		cp "$top/contrib/nat64d.default" "$T/etc/default/nat64d"
		mount --bind "$T/etc" /etc && mkdir -p /run/systemd/system /run/units && : >/run/ready
		exec sleep 600
	END
}

# on COMMAND...: on the machine.
on() { nsenter -t "$holder" -m -n -r -w -- env PATH="$T/fake:$PATH" TMPDIR="$T/tmp" "$@"; }
run() { on "${shell[@]}" "$HOST" init "$@"; }

# born SPACE: a new machine in this namespace.
born() {
	[ -z "$holder" ] || kill -9 "$holder" 2>/dev/null
	ip netns exec "$1" bash "$T/hold" </dev/null >/dev/null 2>&1 &
	holder=$!
	disown
	wait_for on test -e /run/ready || skip_all "may not mount file systems"
}

# fresh: two Ethernet devices, lan with an IPv6 network and a private IPv4 one, and wan to both internets.
fresh() {
	[ -z "$holder" ] || kill -9 "$holder" 2>/dev/null
	ip netns del "$M" 2>/dev/null
	space "$M"
	ip -n "$M" -b - <<-END
		link add lan type veth peer name lan-far
		link add wan type veth peer name wan-far
		link set lan-far addrgenmode none up
		link set wan-far addrgenmode none up
		link set lan up
		link set wan up
		addr add 203.0.113.2/24 dev wan
		addr add 192.168.1.1/24 dev lan
		addr add 2001:db8:9::2/64 dev wan nodad
		addr add 2001:db8:1::1/64 dev lan nodad
		route add default via 203.0.113.1
	END
	ip -n "$M" -6 route add default via 2001:db8:9::1
	born "$M"
}

# traces: all that init may change.
traces() {
	# shellcheck disable=SC2016 # for the other shell
	on sh -c 'find /etc /var/lib -type f -exec sha256sum {} + | sort; find /etc /var/lib /run/units ! -type f | sort; ls /run/units /run
		cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding; ls "$TMPDIR"' |
		grep -v -x -e calls -e count -e step -e pid -e '.*\.restarted' -e answering
}

# plans NAME SETUP OPTIONS WANTED...: on such a machine, each regular expression fits the plan or a file in it, or does not if
# it begins with !.  Nothing is changed.
plans() {
	local name=$1 before out want bad=""
	fresh
	on bash -c "$2"
	before=$(traces)
	# shellcheck disable=SC2086 # words
	out=$(run --dry-run $3 2>&1)
	same "$name: exit status 0" 0 $?
	shift 3
	for want; do
		if [[ $want == !* ]]; then grep -qE -- "${want#!}" <<<"$out" && bad+=" $want"; else grep -qE -- "$want" <<<"$out" || bad+=" $want"; fi
	done
	if [ -z "$bad" ]; then ok "$name: the plan"; else not_ok "$name: the plan, not as wanted:$bad" "$out"; fi
	same "$name: nothing is changed" "$before" "$(traces)"
}

# refuses NAME SETUP OPTIONS WANTED: one line on such a machine, perhaps after the plan, and nothing changed.
refuses() {
	local name=$1 before out status
	fresh
	on bash -c "$2"
	before=$(traces)
	# shellcheck disable=SC2086 # words
	out=$(run --yes $3 2>&1 </dev/null)
	status=$?
	out=$(sed '/^The plan/,/^  files/d' <<<"$out")
	same "$name: exit status 1" 1 $status
	if grep -qE -- "^nat64-host: .*$4" <<<"$out" && [ "$(wc -l <<<"$out")" -eq 1 ]; then ok "$name: one line"; else not_ok "$name: one line with $4" "$out"; fi
	same "$name: nothing is changed" "$before" "$(traces)"
}

make_place
trap cleanup EXIT
trap 'exit 130' INT TERM HUP
SPACES=$M
mkdir "$T/etc" "$T/tmp"
cat_hold >"$T/hold"
fake_programs

# --- what it plans ----------------------------------------------------------------------------------------------------

plans "two networks" "" "" 'uplink +wan, 203.0.113.2, gateway 203.0.113.1' '^allow 2001:db8:1::/64$' '!^allow 2001:db8:9' '^tun-device nat64$' \
	'^prefix 64:ff9b::/96$' '^dynamic-pool 192.168.255.0/24$' '^ipv4-addr 192.168.255.1$' '^tun-setup yes$' '/etc/nat64.conf \(new\)' 'NAT44=yes'
plans "192.168.255.0/24 is taken" "ip addr add 192.168.255.7/24 dev lan" "" '^dynamic-pool 192.168.254.0/24$' '192.168.255.0/24 is in use \(lan\)'
plans "the whole of 192.168.0.0/16 is taken" "ip route add 192.168.0.0/16 dev lan" "" '^dynamic-pool 100.127.255.0/24$'
plans "the provider has 100.64.0.0/10, too" "ip route add 192.168.0.0/16 dev lan; ip addr flush dev wan scope global; ip addr add 100.70.0.2/24 dev wan; ip route add default via 100.70.0.1; ip addr add 2001:db8:9::2/64 dev wan nodad" \
	"" '^dynamic-pool 172.31.255.0/24$'
plans "only unreachable" "ip route add unreachable 192.168.0.0/16" "" '^dynamic-pool 192.168.255.0/24$'
plans "an address of the loopback" "ip addr add 192.168.255.9/32 dev lo" "" '^dynamic-pool 192.168.254.0/24$'
plans "another table" "ip route add 192.168.255.0/25 dev wan table 7" "" '^dynamic-pool 192.168.254.0/24$'
plans "a network of libvirt that is down" "mkdir -p /etc/libvirt/qemu/networks; echo '<ip address=\"192.168.255.1\" netmask=\"255.255.255.0\">' >/etc/libvirt/qemu/networks/x.xml" \
	"" '^dynamic-pool 192.168.254.0/24$' 'is in use \(/etc/libvirt/qemu/networks/x.xml\)'
plans "a VPN for everything" "ip route add 0.0.0.0/1 dev wan; ip route add 128.0.0.0/1 dev wan; mkdir /etc/wireguard; echo 'AllowedIPs = 0.0.0.0/0' >/etc/wireguard/x.conf" \
	"" '^dynamic-pool 192.168.255.0/24$'
plans "containers" "ip link add docker0 type veth; ip link set docker0 up; ip addr add 172.17.0.1/16 dev docker0; ip addr add fd00:17::1/64 dev docker0 nodad" "" \
	'left out: docker0' '!^allow fd00:17'
plans "containers, on demand" "ip link add docker0 type veth; ip link set docker0 up; ip addr add fd00:17::1/64 dev docker0 nodad" "--lan docker0" \
	'^allow fd00:17::/64' '!^allow 2001:db8:1:'
plans "several LANs" "ip link add guest type veth; ip link set guest up; ip addr add 2001:db8:2::1/64 dev guest nodad; ip addr add fd12:3456:789a:2::1/64 dev guest nodad" "" \
	'^allow 2001:db8:1::/64' '^allow 2001:db8:2::/64' '^allow fd12:3456:789a:2::/64' 'hosts +guest: 2001:db8:2::/64, fd12:3456:789a:2::/64'
plans "a network behind a router on the LAN" "ip -6 route add 2001:db8:77::/48 via 2001:db8:1::2" "" '^allow 2001:db8:77::/48'
plans "a delegated prefix, which may change" "ip addr del 2001:db8:1::1/64 dev lan; ip addr add 2001:db8:100:1::1/64 dev lan nodad valid_lft 3000 preferred_lft 2000; ip -6 route add unreachable 2001:db8:100::/56 proto dhcp" \
	"" '^allow 2001:db8:100::/56$' '!^allow 2001:db8:100:1' 'may change' '^# The provider may replace 2001:db8:100::/56'
plans "one among the hosts" "ip link del lan; ip addr add 192.0.2.5/24 dev wan" "" '^allow 2001:db8:9::/64' 'one among the hosts'
plans "a second IPv4 uplink" "ip route add default via 192.168.1.2 dev lan metric 50; ip link add lan2 type veth peer name lan2-far; ip link set lan2-far addrgenmode none up; ip link set lan2 up; ip addr add 2001:db8:2::1/64 dev lan2 nodad" \
	"" 'lan has another default route' '^allow 2001:db8:2::/64' '!^allow 2001:db8:1:'
plans "a second IPv6 uplink, of the same route" "ip -6 route del default; ip -6 route add default nexthop via 2001:db8:9::1 dev wan nexthop via 2001:db8:1::9 dev lan" "--lan lan" '^allow 2001:db8:1::/64' 'one among the hosts'
plans "an uplink without Ethernet" "ip tuntap add ppp0 mode tun; ip link set ppp0 up; ip route del default; ip -6 route del default; ip addr add 203.0.113.77 peer 203.0.113.1 dev ppp0; ip route add default dev ppp0; ip -6 route add default dev ppp0" \
	"" 'uplink +ppp0, 203.0.113.77: ' '^allow 2001:db8:1::/64'
plans "an address of Tailscale" "ip route add 192.168.0.0/16 dev lan; ip addr add 100.101.1.2/32 dev lan" "" '^dynamic-pool 172.31.255.0/24$'
plans "a name that no command can have" "ip link add 'x\$(id)' type veth peer name x-far; ip link set x-far addrgenmode none; ip link set 'x\$(id)' addrgenmode none" "" 'left out: x\$\(id\) \(the name' '^allow 2001:db8:1::/64'
plans "NAT44 in a file that is a link" "mv /etc/default/nat64d /etc/nat64d.real; ln -s ../nat64d.real /etc/default/nat64d" "" '--- /etc/nat64d.real, one line'
plans "private targets: an own prefix" "ip -6 route add unreachable 2001:db8:1::/48" --private '^prefix 2001:db8:1:ffff::/96$' '^allow 2001:db8:1::/48'
plans "private targets: a prefix of a ULA" "ip addr add fd12:3456:789a:1::1/64 dev lan nodad" --private '^prefix fd12:3456:789a:ffff::/96$'
plans "private targets: no prefix of its own" "" --private '^prefix 64:ff9b:1::/96$' 'RFC 8215'
plans "private targets, no default route" "ip route del default" --private 'no IPv4 default route'
plans "no IPv6 default route" "ip -6 route del default" "" 'no IPv6 default route'
plans "a prefix and a pool by hand" "" "--prefix 2001:db8:1234::/96 --pool 10.9.0.0/22" '^prefix 2001:db8:1234::/96' '^dynamic-pool 10.9.0.0/22' '^ipv4-addr 10.9.0.1'
plans "a device nat64 of another program" "ip link add nat64 type veth" "" '^tun-device nat641$'
plans "many hosts" "for i in {1..100}; do ip neigh add 2001:db8:1::\$i lladdr 02:00:00:00:01:\$(printf %02x \$i) dev lan; done" "" '^dynamic-pool 192.168.252.0/22$'
plans "advertisements" "sysctl -qw net.ipv6.conf.wan.accept_ra=1; ip -6 route del default; ip -6 route add default via 2001:db8:9::1 proto ra expires 300" \
	"" 'accept_ra=2 on wan' '^net/ipv6/conf/wan/accept_ra = 2$' '/etc/sysctl.d/90-nat64d-accept-ra.conf'
plans "a configuration of its own name" "" /etc/nat64/home.conf '--- /etc/nat64/home.conf' 'nat64d@home.service'
plans "no systemd" "rmdir /run/systemd/system" "" 'there is no systemd'
plans "NAT44 is on already" "sed -i s/NAT44=no/NAT44=yes/ /etc/default/nat64d" "" '!, one line'
plans "no /etc/default/nat64d" "rm /etc/default/nat64d" "" '--- /etc/default/nat64d \(mode 644\)'

# --- what it refuses --------------------------------------------------------------------------------------------------

refuses "no IPv4 default route" "ip route del default" "" 'no IPv4 default route'
refuses "no IPv4 address" "ip addr flush dev wan scope global; ip addr add 2001:db8:9::2/64 dev wan nodad; ip route add default dev wan" "" 'wan has no IPv4 address'
refuses "no IPv6 network" "ip -6 addr flush dev lan; ip -6 addr flush dev wan" "" 'no IPv6 network for hosts'
refuses "only link-local addresses on the LAN: the uplink is not taken instead" "ip -6 addr flush dev lan scope global" "" 'lan has only link-local addresses'
refuses "no private network is free" "for net in 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10; do ip route add \$net dev lan; done" "" \
	'no private IPv4 network of /24 is free: 192.168.0.0/16 \(lan\), 100.64.0.0/10 \(lan\), 172.16.0.0/12 \(lan\), 10.0.0.0/8 \(lan\) are in use'
refuses "a configuration that is a link" "echo tun-device x >/etc/x.conf; ln -s x.conf /etc/nat64.conf" --force '/etc/nat64.conf is a symbolic link or a directory'
refuses "a configuration that is a directory" "mkdir /etc/nat64.conf" --force '/etc/nat64.conf is a symbolic link or a directory'
refuses "a configuration of somebody else" "echo tun-device x >/etc/nat64.conf" "" '/etc/nat64.conf exists.*--force'
refuses "Tayga starts at boot" ": >/run/units/tayga.enabled" "" 'Tayga starts at boot: .*: systemctl stop tayga && systemctl disable tayga'
refuses "another NAT64" "ip -6 route add 64:ff9b::/96 via 2001:db8:9::1" "" '64:ff9b::/96 leads to wan already'
refuses "no TUN device" "mount -t tmpfs tmpfs /dev/net" "" 'there is no TUN device'
refuses "/etc is read-only" "mount -o remount,bind,ro /etc" "" 'cannot write to /etc'
refuses "/var/lib is read-only" "mount -o remount,ro /var/lib" "" 'cannot write to /var/lib'
refuses "/proc/sys is read-only" "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys" "" '/proc/sys is read-only'
refuses "no unit" ": >/run/no-unit" "" 'no unit nat64d.service'
refuses "a LAN that is not there" "" "--lan nowhere" '--lan nowhere: there is no such device'
refuses "a LAN without IPv6" "ip -6 addr flush dev lan" "--lan lan" '--lan lan: it has no IPv6 address'
refuses "a wan that is not there" "" "--wan nowhere" '--wan nowhere: there is no such device'
refuses "a pool in use" "" "--pool 192.168.0.0/22" '--pool 192.168.0.0/22: 192.168.1.0/24 is in use \(lan\)'
refuses "a public pool" "" "--pool 198.18.0.0/24" 'is not private'
refuses "a pool that is none" "" "--pool 300.1.1.0/24" 'not an IPv4 network'
refuses "a pool of odd letters" "" "--pool \$(reboot)/24" 'not an IPv4 network'
refuses "a prefix that is none" "" "--prefix 2001:db8" 'not an IPv6 prefix'
refuses "a prefix of a wrong length" "" "--prefix 2001:db8:5::/97" 'refuses the planned configuration'
refuses "a prefix on the link, in capitals" "" "--prefix 2001:DB8:1:0:64::/96" 'inside 2001:db8:1::/64'
refuses "a prefix on the link" "" "--prefix 2001:db8:1:0:64::/96" 'inside 2001:db8:1::/64'
refuses "private targets by the well-known prefix" "" "--private --prefix 64:ff9b::/96" 'must not lead to private'
refuses "a configuration elsewhere" "" /root/nat64.conf 'the service reads only'
refuses "a configuration elsewhere, by a detour" "" /etc/nat64/../nat64.conf 'the service reads only'
refuses "no room for what is collected" "mount -t tmpfs -o size=8k tmpfs $T/tmp; echo full >$T/tmp/x" "" 'cannot write to .*is the disk full'
refuses "no room for the manifest" "umount /var/lib; mount -t tmpfs -o size=4k tmpfs /var/lib; echo full >/var/lib/x" "" 'cannot write to /var/lib/nat64-host; everything is as it was before'
refuses "no room for NAT44" "mount -t tmpfs -o size=4k tmpfs /etc/default; echo NAT44=no >/etc/default/nat64d" "" 'cannot write to /etc/default; everything is as it was before'
refuses "a configuration in a deeper directory" "mkdir -p /etc/nat64/sub" /etc/nat64/sub/x.conf 'the service reads only'
refuses "private targets by another spelling of that prefix" "" "--private --prefix 64:FF9B:0::/96" 'must not lead to private'
refuses "a device with an odd name" "ip link set wan down; ip link set wan name 'w\$(id)'; ip link set 'w\$(id)' up; ip route add default via 203.0.113.1" "" 'its name has other characters'
fresh
on sh -c 'echo nat64d.service >/run/broken'
before=$(traces)
shows "a service that does not start" "nat64d.service does not start: Job for nat64d.service failed.; everything is as it was before" run --yes
same "a service that does not start: nothing is changed" "$before" "$(traces)"
fresh
out=$(run </dev/null 2>&1)
same "without a terminal: exit status 1" 1 $?
same "without a terminal: one line" "nat64-host: there is no terminal to ask on: use --yes to go on, or --dry-run to see the plan" "$out"
for wrong in "--undo --yes" "--dns64 what" "--announce what" "--target 1.2.3.4" "--lan" "--pool="; do
	# shellcheck disable=SC2086 # words
	run $wrong >/dev/null 2>&1
	same "$wrong: exit status 2" 2 $?
done
on "${shell[@]}" "$HOST" up --yes >/dev/null 2>&1
same "up --yes: exit status 2" 2 $?

# answer TEXT [COMMAND]: what is typed at the question, after COMMAND; the output is in `out'.
answer() {
	out=$(on timeout 60 python3 -c 'import os, pty, sys
text = sys.argv[1]
pid, fd = pty.fork()
if not pid: os.execvp(sys.argv[3], sys.argv[3:])
seen = b""
while True:
    try: piece = os.read(fd, 4096)
    except OSError: break
    if not piece: break
    seen += piece
    if b"[y/N]" in seen and text:
        os.system(sys.argv.pop(2))
        os.write(fd, text.encode())
        text = ""
print(seen.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 255)' "$1" "${2-:}" "${shell[@]}" "$HOST" init)
}
before=$(traces)
for no in $'n\n' $'\n' $'yesno\n' $'\x04'; do
	answer "$no"
	status=$?
	same "asked, and the answer is $(printf %q "$no"): exit status 1" 1 $status
done
answer $'\x03'
same "asked, and interrupted: exit status 130" 130 $?
same "without a yes, nothing is changed" "$before" "$(traces)"
t "the question comes once" test "$(grep -c '\[y/N\]' <<<"$out")" = 1

# What appears between the plan and the answer is not replaced.
for file in /etc/nat64.conf /etc/default/nat64d; do
	fresh
	answer $'y\n' "echo '# mine' >>$file"
	same "$file was changed after the plan: exit status 1" 1 $?
	shows "$file was changed after the plan: it says so" "$file was changed after the plan was made; nothing was changed" echo "$out"
	t "$file was changed after the plan: it stays" on grep -qx '# mine' $file
	same "$file was changed after the plan: no service is started" "" "$(on ls /run/units)"
done

# --- what it writes ---------------------------------------------------------------------------------------------------

fresh
answer $'y\n'
t "yes: the configuration is there" on grep -qx 'dynamic-pool 192.168.255.0/24' /etc/nat64.conf
shows "yes: NAT44" "NAT44=yes" on grep ^NAT44 /etc/default/nat64d
same "yes: the service is enabled, and runs" "nat64d.service.active nat64d.service.enabled" "$(on ls /run/units | paste -s -d ' ')"
once=$(traces)
on rm /run/calls
run --yes >/dev/null 2>&1
same "twice is as once" "$once" "$(traces)"
# An earlier process may have been killed before the last step.
on sh -c 'echo stale >/etc/nat64.conf.nat64-host-new; mkdir /run/nat64-host-init; echo 1 >/run/nat64-host-init/pid'
run --yes >/dev/null 2>&1
same "what a killed process left is not used" "$once" "$(traces)"
shows "--undo --dry-run" "would remove /etc/nat64.conf" run --undo --dry-run
same "--undo --dry-run changes nothing" "$once" "$(traces)"
t "--undo" run --undo
same "--undo: all is as it was" "$before" "$(traces)"
shows "--undo again" "nothing to undo" run --undo

# What the operator has changed since is the operator's.
run --yes >/dev/null 2>&1
on sh -c 'echo "# mine" >>/etc/nat64.conf'
shows "a file that was changed: init does not replace it" "--force replaces it" run --yes
shows "a file that was changed: --undo says that it stays" "left as it is, because it was changed: /etc/nat64.conf" run --undo
t "a file that was changed: it stays" on grep -q mine /etc/nat64.conf
shows "a file that was changed: NAT44 is as before" NAT44=no on grep ^NAT44 /etc/default/nat64d
same "a file that was changed: the service is as before" "" "$(on sh -c 'ls /run/units | grep -v restarted')"
run --yes --force >/dev/null 2>&1
t "--force: the former configuration is kept" on sh -c 'grep -q mine /etc/nat64.conf.bak-*'
t "--force: the new one is there" on grep -qx 'dynamic-pool 192.168.255.0/24' /etc/nat64.conf
shows "--force: --undo says where the copy is" "the configuration that init replaced is /etc/nat64.conf.bak-" run --undo

# A machine whose service ran before.
fresh
on sh -c ': >/run/units/nat64d.service.active; : >/run/units/nat64d.service.enabled; : >/run/units/nat64-host.service.active
	printf "tun-device nat7\nipv4-addr 10.0.0.1\nprefix 2001:db8:7::/96\ndynamic-pool 10.0.0.0/24\n" >/etc/nat64.conf'
run --yes --force >/dev/null 2>&1
t "--force: the device stays" on grep -qx "tun-device nat7" /etc/nat64.conf
shows "a service that ran: nat64-host takes the new file" "reload nat64-host.service" on cat /run/calls
run --undo >/dev/null
t "a service that ran: --undo lets it run" on sh -c 'cd /run/units && ls nat64d.service.active nat64d.service.enabled nat64-host.service.active'
# An earlier choice stays, though another would be made now.
fresh
on ip addr add 192.168.255.7/24 dev lan
run --yes >/dev/null 2>&1
on ip addr del 192.168.255.7/24 dev lan
run --yes >/dev/null 2>&1
t "twice: an earlier pool stays" on grep -qx 'dynamic-pool 192.168.254.0/24' /etc/nat64.conf
run --yes --private >/dev/null 2>&1
t "twice: an option changes what it is about" on grep -qx 'prefix 64:ff9b:1::/96' /etc/nat64.conf
fresh
on rmdir /run/systemd/system
shows "no systemd: what to run" "nat64-host up /etc/nat64.conf && nat64d --config /etc/nat64.conf" run --yes
t "no systemd: --undo" run --undo

# --- interrupted ------------------------------------------------------------------------------------------------------

# step N SIGNAL WHEN: init, and that signal at its Nth change.  The shell that becomes init leaves its number.
step() {
	# shellcheck disable=SC2016 # for the other shell
	on sh -c 'rm -f /run/count; echo "$1" >/run/step' sh "$1 $2 $3"
	out=$(on env PATH="$T/steps:$T/fake:$PATH" --default-signal=HUP,INT,TERM sh -c 'echo $$ >/run/pid; exec "$@"' sh "${shell[@]}" "$HOST" init --yes --force 2>&1 </dev/null)
	status=$?
	on rm -f /run/step /run/pid /run/calls
}

# interrupted NAME: at each step, nothing or everything.
interrupted() {
	local n=0 signal when before bad="" rounds=(TERM INT HUP)
	before=$(traces)
	while n=$((n + 1)) && [ $n -lt 60 ]; do
		signal=${rounds[$((n % 3))]}
		when=after
		[ $((n % 2)) -eq 0 ] || when=before
		step $n "$signal" $when
		[ "$(on sh -c 'wc -l </run/count')" -ge $n ] || break
		if [ "$(traces)" = "$before" ]; then
			[ $status -eq 130 ] || bad+=" $n/$signal/$when:status=$status"
		elif { [ $status -ne 3 ] && [ $status -ne 0 ]; } || ! on grep -qs '^tun-device' /etc/nat64.conf || ! on test -e /run/units/nat64d.service.active || ! run --undo >/dev/null || [ "$(traces)" != "$before" ]; then
			bad+=" $n/$signal/$when:status=$status"
			diag "$(diff <(echo "$before") <(traces))" "$out"
			fresh
		fi
	done
	same "$1: a signal at each of $((n - 1)) steps: all or nothing" "" "$bad"
	t "$1: there were some steps" test $n -gt 8
	run --undo >/dev/null
	same "$1: --undo after all of that" "$before" "$(traces)"
}
fresh
interrupted "a new machine"
for n in 3 7 9; do
	fresh
	before=$(traces)
	step $n KILL after
	run --undo >/dev/null
	on rm -rf /run/nat64-host-init
	# shellcheck disable=SC2016 # for the other shell
	on sh -c 'rm -rf "$TMPDIR"/nat64-host.*'
	same "killed at step $n: --undo cleans up" "$before" "$(traces)"
done
fresh
before=$(traces)
for _ in 1 2 3; do run --yes >/dev/null 2>&1 & done
wait
t "three at once: one of them has done it" on grep -q '^tun-device' /etc/nat64.conf
run --undo >/dev/null
same "three at once: one --undo" "$before" "$(traces)"

# --- a host reaches IPv4 ------------------------------------------------------------------------------------------------

kill -9 "$holder" 2>/dev/null
holder=""
ip netns del "$M"
rm -rf "${T:?}/etc"
last=$T
topology
mkdir "$last/etc"
uplinks
in_router sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
T_before=$T T=$last
born "$R"
on touch /run/real
out=$(run --yes 2>&1)
status=$?
t "a real daemon: init is content, or with the fast path alone not" test "$(grep -cE '^(WARN|FAIL)' <<<"$(grep -v fast-path <<<"$out")")" = 0
[ $status -eq 0 ] || [ $status -eq 3 ] || not_ok "a real daemon: exit status" "$out"
hint=$(sed -n 's/^    ping //p' <<<"$out")
same "a real daemon: the ping to try" 64:ff9b::8.8.8.8 "$hint"
t "a real daemon: that ping, on a host" wait_for in_client ping -6 -n -c 1 -W 1 "$hint"
t "a real daemon: --undo" run --undo
same "a real daemon: forwarding is off again" "0 0" "$(in_router sysctl -n net.ipv4.ip_forward net.ipv6.conf.all.forwarding | paste -s -d ' ')"
T=$T_before
rm -rf "$last"
finish

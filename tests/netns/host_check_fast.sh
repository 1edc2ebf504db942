#!/usr/bin/env bash
# nat64-host check: the fast path and the sandbox that are off, what breaks their packets, and what the machine drops.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need nft iptables ip6tables sysctl awk setpriv
host_topology
# shellcheck source=tests/netns/doctor.sh
. "$here/doctor.sh"
start_healthy

# --- the fast path --------------------------------------------------------------------------------------------------

fast="$T/fast" # programs that say something else
mkdir "$fast"
# instead NAME SCRIPT: it is called for program NAME, whose own place is $real in it.
instead() {
	printf '#!/bin/sh\nreal=%s\n%s\n' "$(command -v "$1")" "$2" >"$fast/$1"
	chmod +x "$fast/$1"
}
# fast_line WHAT LINE: one point, ok if the doctor has a line of this pattern.  Its command is in `cure' then.
fast_line() {
	local line
	line=$(grep -E "^$2" "$T/found" | head -n 1)
	cure=${line##* => }
	if [ -n "$line" ]; then ok "$1"; else not_ok "$1" "wanted: $2" "$(cat "$T/found")"; fi
}
passed() {
	well
	sed -n 's/^ok    fast-path: on, it has translated \([0-9]*\) packets in the kernel$/\1/p' "$T/found"
}

if [ -z "$CANNOT" ]; then
	before=$(passed)
	in_client ping -6 -n -q -i 0.05 -c 20 "$GOOGLE" >/dev/null 2>&1
	t "the fast path is on: the doctor says what it has translated" test "$(passed)" -gt "${before:-1000000}"

	if in_router ethtool -K lan rx-gro-list on >/dev/null 2>&1; then
		ails "rx-gro-list" gro-list "lan has rx-gro-list on"
		same "rx-gro-list: what to do" "ethtool -K lan rx-gro-list off" "$cure"
		cured "rx-gro-list"
		ip -n "$R" link add port type veth peer name other
		ip -n "$R" link set port addrgenmode none up
		if ip -n "$R" link add bridge type bridge 2>/dev/null; then
			ip -n "$R" link set port master bridge
			ip -n "$R" link set bridge up
			ip -n "$R" addr add 10.77.0.1/24 dev bridge
			in_router ethtool -K port rx-gro-list on
			well
			fast_line "rx-gro-list on a port of a bridge" "WARN  gro-list: port has rx-gro-list on"
			ip -n "$R" link del bridge
		else
			skip "rx-gro-list on a port of a bridge" "the kernel has no bridges"
		fi
		ip -n "$R" link del port
		mkdir "$T/no-ethtool"
		for dir in /bin /sbin /usr/bin /usr/sbin; do cp -s "$dir"/* "$T/no-ethtool" 2>/dev/null; done
		rm -f "$T/no-ethtool/ethtool"
		sed "s|^PATH=.*|PATH=$T/no-ethtool|; s|^lib=.*|lib=$(dirname "$HOST")/host|" "$HOST" >"$T/no-ethtool/nat64-host"
		in_router sh "$T/no-ethtool/nat64-host" check "$T/conf" >"$T/found" 2>&1
		fast_line "no ethtool" "skip  gro-list: not checked: ethtool is not installed"
	else
		skip "rx-gro-list" "there is no ethtool, or the kernel has none"
	fi

	# As nft(8) writes it: not every kernel has flowtables.
	instead nft "\$real \"\$@\" || exit
case \" \$* \" in *' list ruleset ') cat '$T/flowtable' ;; esac"
	flowtable() {
		printf 'table inet own {\n\tflowtable f {\n\t\thook ingress priority filter\n\t\tdevices = { %s }\n\t}\n\n\tchain c {\n\t\tflow add @f\n\t}\n}\n' "$1" >"$T/flowtable"
		PATH=$fast:$PATH well
	}
	flowtable 'lan, wan'
	same "a flowtable of others" "" "$(not_ok_lines)"
	for devices in 'lan, nat64' '"nat64", "lan"' "$(printf '"lan",\n\t\t\t    "nat64"')"; do
		flowtable "$devices"
		fast_line "our device in a flowtable: ${devices//[[:space:]]/}" "WARN  flowtable: f of table inet own contains nat64, "
		same "our device in a flowtable: what to do" "nft 'delete flowtable inet own f { devices = { \"nat64\" }; }'" "$cure"
	done
	flowtable '"lan", "nat*"'
	fast_line "our device in a flowtable, by a star" "WARN  flowtable: f of table inet own .* => edit the rules: "
	flowtable '"lan", "nat65", "xnat64"'
	same "devices with names like ours in a flowtable" "" "$(not_ok_lines)"
	rm "$fast/nft"
else
	skip "the fast path is on" "the daemon may not put its program into the kernel here"
fi

# What the machine drops.
backlog() { echo "$1" >"$T/backlog"; }
softnet() { printf '%s\n' '00001000 0000000a 00000000' "00002000 $1 00000001"; }
softnet 00000010 >"$T/softnet"
well
fast_line "packets dropped long ago" "ok    softnet: no packet dropped during this check, 26 since boot"
# drops CURE: five, between the two looks.
drops() {
	softnet 00000010 >"$T/softnet"
	softnet 00000015 >"$T/softnet.next"
	well
	same "packets dropped: exit status 1" 1 $?
	fast_line "packets dropped: found as softnet" "WARN  softnet: 5 packets dropped during this check because too many waited for a processor; 31 since boot"
	same "packets dropped: what to do" "$1" "$cure"
}
backlog 1000
drops "sysctl -w net.core.netdev_max_backlog=4000"
backlog 16000
drops "WARN  softnet: 5 packets dropped during this check because too many waited for a processor; 31 since boot"
rm "$T/backlog"
drops "edit the settings of the host of this container: multiply net.core.netdev_max_backlog by four"
echo "00000000 00000000 00000000" >"$T/softnet"

# Where it cannot be had.
stop_nat64d
ip netns exec "$R" setpriv --bounding-set -cap_39,-sys_admin "$NAT64D" --nodetach --stdout -c "$T/conf" </dev/null >>"$LOG" 2>&1 &
PID=$!
wait_for link_running nat64
well
fast_line "no right to it: the daemon's own words" "(WARN|skip)  fast-path: off, every packet passes through the daemon: its tables: not permitted \(nat64d needs CAP_BPF"
if [ -z "$CANNOT" ]; then
	well
	same "no right to it: exit status 1" 1 $?
	one="kill $PID && $NAT64D --config $T/conf"
	grep -q '^Seccomp:[[:space:]]*0' /proc/self/status &&
		same "no right to it: what to do" "edit what starts nat64d: grant CAP_BPF and CAP_NET_ADMIN at the start, allow the system call bpf, then: $one" "${cure#*: not permitted}"
	t "no right to it: what breaks packets there is not asked" fails grep -qE ' (gro-list|flowtable): ' "$T/found"
	in_router setpriv --bounding-set -cap_39 env PATH="$T/impatient:$PATH" "${shell[@]}" "$HOST" check "$T/conf" >"$T/found" 2>&1
	fast_line "a container without it" "WARN  fast-path: .*: this container has no CAP_BPF => edit the settings of the container: allow CAP_BPF and the system call bpf"
	instead awk "for last; do :; done
[ \"\$last\" != /proc/self/uid_map ] || exec echo 0 100000 65536
exec \$real \"\$@\""
	PATH=$fast:$PATH well
	fast_line "a container with users of its own" "WARN  fast-path: .*: this container has its own user namespace, .* => edit $T/conf: fast-path off, if this is acceptable, then: kill $PID && "
	rm "$fast/awk"
	instead uname 'echo 5.10.0-32-amd64'
	PATH=$fast:$PATH well
	fast_line "an old kernel" "WARN  fast-path: .*: this kernel is 5.10.0-32-amd64, and the fast path needs 6.1 => edit $T/conf: fast-path off, if this is acceptable"
	instead uname 'echo 6.1.0-40-amd64'
	PATH=$fast:$PATH well
	t "a kernel that is just new enough" fails grep -q "this kernel is" "$T/found"
	rm "$fast/uname"
	# What kernels before 6.6 may lack.
	instead timeout "\$real \"\$@\" | sed \"s|its tables: [^\\\"]*|\$(cat '$T/reason')|\""
	echo "nat64: clsact qdisc: missing in this kernel (modprobe sch_ingress)" >"$T/reason"
	PATH=$fast:$PATH well
	fast_line "a module is not there" "WARN  fast-path: .*modprobe sch_ingress"
	same "a module is not there: what to do" "modprobe -a sch_ingress cls_bpf && $one" "$cure"
	echo "nat64: clsact qdisc: an ingress qdisc occupies its place (tc qdisc del dev nat64 ingress)" >"$T/reason"
	PATH=$fast:$PATH well
	fast_line "somebody else's qdisc: shown, not removed" "WARN  fast-path: .* => tc qdisc show dev nat64 # "
	echo "something => reboot" >"$T/reason"
	PATH=$fast:$PATH well
	fast_line "a reason that could pass for a command" "WARN  fast-path: .*: something -> reboot => edit $T/conf: fast-path off"
	rm "$fast/timeout"
fi
stop_nat64d
cp "$T/conf" "$T/with"
echo 'fast-path off' >>"$T/conf"
start_bare
wait_for link_running nat64
t "fast-path off: all is well" well
fast_line "fast-path off: said" "ok    fast-path: off, as $T/conf has it"
t "fast-path off: what breaks packets there is not asked" fails grep -qE ' (gro-list|flowtable): ' "$T/found"
cp "$T/with" "$T/conf"
well
fast_line "fast-path off when the daemon was started" "(WARN|skip)  fast-path: off: the daemon was started before $T/conf was changed => kill $PID && "
stop_nat64d
well
fast_line "no daemon: the fast path is not asked about" "skip  fast-path: not checked: there is no daemon"
echo 'control off' >>"$T/conf"
start_bare
wait_for link_running nat64
t "no control socket: all is well" well
fast_line "no control socket: said" "skip  fast-path: not checked: the daemon has no control socket"
stop_nat64d
sed -i "s|^control.*|control $T/another|" "$T/conf"
start_bare
wait_for link_running nat64
t "another control socket: all is well" well
t "another control socket: it is asked" fails grep -q "not asked" "$T/found"
stop_nat64d
cp "$T/with" "$T/conf"
start_bare
wait_for link_running nat64
t "the fast path as it was: all is well" wait_for well

# --- the sandbox ------------------------------------------------------------------------------------------------------

# pretend SCRIPT: the doctor hears the daemon's answer changed by this script of sed.
pretend() {
	instead timeout "\$real \"\$@\" | sed '$1'"
	PATH=$fast:$PATH well
	rm "$fast/timeout"
}
restart_it="kill $PID && $NAT64D --config $T/conf"
if grep -q '^Seccomp:[[:space:]]*2' "/proc/$PID/status"; then
	fast_line "the sandbox: what holds" "ok    sandbox: seccomp"
	pretend 's|"landlock": [0-9]*|"landlock": 7|'
	fast_line "the sandbox: all of it" 'ok    sandbox: seccomp and Landlock \(ABI 7\) limit the daemon and its keeper$'
	pretend 's|"landlock": [0-9]*|"landlock": 0|'
	fast_line "the sandbox: a kernel without Landlock" "ok    sandbox: seccomp; without Landlock, which this kernel"
	pretend 's|"seccomp": true|"seccomp": false|'
	fast_line "the sandbox: no filter" "WARN  sandbox: no filter of system calls: this kernel or container refuses it => edit what starts nat64d: allow the system calls seccomp, landlock_create_ruleset, .*, then: kill $PID && "
	pretend 's|"helper": true|"helper": false|'
	fast_line "the sandbox: the keeper is outside" "WARN  sandbox: the keeper, which writes the lease file, has no filter of system calls => kill $PID && "
	same "the sandbox: the keeper is outside: what to do" "$restart_it" "$cure"
	pretend 's|"sandbox": {[^}]*}, ||'
	fast_line "the sandbox: a daemon that does not know it" "skip  sandbox: not checked: "
	for process in "$PID" "$(pgrep -P "$PID")"; do
		instead grep "for last; do :; done; case \$last in /proc/$process/status) \$real \"\$@\" | sed '/^Seccomp:/s/2/0/' ;; *) exec \$real \"\$@\" ;; esac"
		PATH=$fast:$PATH well
		rm "$fast/grep"
		fast_line "the sandbox: the kernel knows of none" "WARN  sandbox: the kernel shows no filter of system calls for process $process => kill $PID && "
	done
	echo 'sandbox off' >>"$T/conf"
	touch -d "-1 hour" "$T/conf"
	well
	fast_line "the sandbox: off since the start" "WARN  sandbox: auto, not off: the daemon was started before $T/conf was changed => kill $PID && "
	stop_nat64d
	start_bare
	wait_for link_running nat64
	t "the sandbox is off: all is well" wait_for well
	fast_line "the sandbox is off: said" "ok    sandbox: off, as $T/conf has it"
	stop_nat64d
	cp "$T/with" "$T/conf"
	start_bare
	wait_for link_running nat64
	t "the sandbox as it was: all is well" wait_for well
else
	skip "the sandbox" "this daemon has none here"
fi
finish

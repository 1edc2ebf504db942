# Tests what a killed daemon leaves, and that it does no harm.
# shellcheck shell=bash

# attached: prints our filters on the egress of the device that tc shows.  tc does not show links, which Linux 6.6 and later use.
attached() { in_router tc filter show dev nat64 egress 2>/dev/null | grep -w nat64d; }

# Somebody else has a filter there, which matches nothing.
add_other() {
	in_router tc qdisc add dev nat64 clsact
	in_router tc filter add dev nat64 egress protocol all pref 7 handle 7 bpf bytecode '1,6 0 0 0,'
}
other() { in_router tc filter show dev nat64 egress | grep -q 'pref 7 .*bytecode'; }

# take_off: removes our filters, like a unit after a stop, with rights that the daemon has dropped.
take_off() {
	! "$NAT64D" --help | grep -q -e --rmfilter || in_router "$NAT64D" -c "$T/conf" --rmfilter
}

# received: prints how many packets the server received.
received() {
	in_server cat /proc/net/snmp | awk '$1 == "Ip:" && ++n == 1 { split($0, name) }
		$1 == "Ip:" && n == 2 { for (i in name) if (name[i] == "InReceives") print $i }'
}

# silent: succeeds if no packet is translated for a second while the client sends.
silent() {
	local before
	before=$(received)
	in_client ping -6 -n -c 10 -i 0.1 -W 0.1 "$GOOGLE" >/dev/null && return 1
	same_as "$before" "$(received)"
}

same_as() { [ "$1" = "$2" ] || { echo "the server has received $1 packets before, $2 after" && return 1; }; }

# busy: starts a sender that does not stop.
busy() {
	ip netns exec "$S" iperf3 -s -1 </dev/null >/dev/null 2>&1 &
	disown
	wait_for listening "$S" -t 5201
	timeout -s KILL 60 ip netns exec "$C" iperf3 -c "$GOOGLE" -t 50 </dev/null >/dev/null 2>&1 &
	disown
	sleep 2
}

idle() {
	local p
	for p in $(ip netns pids "$C") $(ip netns pids "$S"); do
		kill -9 "$p" 2>/dev/null
	done
}

# killed NAME: kills the daemon under load, and starts it again.
killed() {
	up || return
	t "$1: traffic passes" wait_for ping6 "$GOOGLE"
	busy
	stop_nat64d KILL
	diag "left behind on the device: $(attached | grep . || echo no filter of ours)"
	sleep 0.2
	t "$1: after kill -9 nothing is translated" silent
	idle
	up || return
	t "$1: after a restart traffic passes" wait_for ping6 "$GOOGLE"
	t "$1: with one filter at most" [ "$(attached | wc -l)" -le 1 ]
	tcp "$1: after a restart"
}

# stopped NAME: stops the daemon, and removes what it left.
stopped() {
	stops "$1: a clean stop"
	diag "left behind on the device: $(attached | grep . || echo no filter of ours)"
	t "$1: after which nothing is translated" silent
	t "$1: what is left can be removed" take_off
	same "$1: and is gone" "" "$(attached)"
	t "$1: the filter of somebody else is still there" other
}

# remains NAME: tests a persistent device, and one that disappears with the daemon.
remains() {
	config >"$T/conf"
	ip -n "$R" tuntap add dev nat64 mode tun
	add_other
	killed "$1" && stopped "$1"
	ip -n "$R" link del nat64
	up || return
	t "$1: a device of the daemon's own: traffic passes" wait_for ping6 "$GOOGLE"
	stop_nat64d KILL
	t "$1: kill -9 takes it away" wait_for fails link_exists nat64
}

# each_value: runs this and the other programs for each value of unprivileged_bpf_disabled.  The value 1 cannot be undone.
each_value() {
	local value
	for value in 2 0 1; do
		sysctl -qw kernel.unprivileged_bpf_disabled=$value
		same "unprivileged_bpf_disabled is $value" $value "$(sysctl -n kernel.unprivileged_bpf_disabled)"
		! wanted remains || remains "unprivileged_bpf_disabled=$value"
		each_program "unprivileged_bpf_disabled=$value"
	done
}

# Shared by the tests with several translators; read it after lib.sh.  The network is that of SEVERAL MACHINES in nat64(7), with
# the files of contrib/ha:
#
#   client --+-- upstream 1 --+        +-- node 1   10.1.0.0/16
#            |                |-switch-+-- node 2   10.2.0.0/16
#   server --+-- upstream 2 --+        +-- node 3   10.3.0.0/16
#
# The upstream routers do not see a node lose its link or its power, because a switch is between them, as in a machine room.
# 2001:db8:2::1 and so on are the hosts, all on the client; 8.8.8.8 is the server.
# shellcheck shell=bash disable=SC2034,SC2154 # variables are for the tests, or lib.sh's

top=$(cd "$here/../.." && pwd)
ha=$top/contrib/ha
NAT64CTL=${NAT64CTL:-$(dirname "$NAT64D")/nat64ctl}
SW=$N-switch U1=$N-up1 U2=$N-up2
NODES="1 2 3"
ROUTING=${ROUTING:-bgp}
# How many packets of BFD may be lost, one each 100 ms: more than in the files, because many tests run at the same time.
LOST=${LOST:-15}
declare -A DAEMON # the process ID of nat64d of each node

# need_nodes [TOOL...]
need_nodes() {
	need bird birdc sysctl timeout "$@"
	ip netns add "$N-probe"
	if ! ip -n "$N-probe" link add probe type bridge 2>/dev/null; then
		ip netns del "$N-probe"
		skip_all "needs the module bridge"
	fi
	ip netns del "$N-probe"
}

node() { echo "$N-node$1"; }
on_node() { ip netns exec "$(node "$1")" "${@:2}"; }
node_ctl() { on_node "$1" "$NAT64CTL" -s "$T/node$1/run/control" "${@:2}"; }

# ours NODE: rewrites a file for node 1 on standard input for this node.  The second node takes the place of the first, the third
# that of the second, and so on, so that no two nodes announce a pool with the same metric.
ours() {
	local k=$1 second=$(($1 % 3 + 1)) third=$((($1 + 1) % 3 + 1))
	sed -E "s/\b10\.1\.0\./10.@$k.0./g; s/\b10\.2\.0\./10.@$second.0./g; s/\b10\.3\.0\./10.@$third.0./g
		s/\b203\.0\.113\.1\b/203.0.113.@$k/g; s/\b203\.0\.113\.2\b/203.0.113.@$second/g; s/\b203\.0\.113\.3\b/203.0.113.@$third/g
		s/\b192\.0\.2\.11\b/192.0.2.1$k/g; s/@//g"
}

# --- the network ----------------------------------------------------------------------------------------------------

# plug SPACE DEVICE PORT: a cable to the switch.
plug() {
	join "$1" "$2" "$SW" "$3"
	ip -n "$SW" link set "$3" master switch
}

nodes_network() {
	local k
	make_place
	trap cleanup EXIT
	trap 'exit 130' INT TERM HUP
	SPACES=""
	space "$C" && space "$S" && space "$SW" && router "$U1" && router "$U2"
	ip -n "$SW" link add switch type bridge mcast_snooping 0
	ip -n "$SW" link set switch up
	ip -n "$C" route add local 2001:db8:2::/64 dev lo
	ip -n "$S" addr add 8.8.8.8/32 dev lo
	upstream 1 "$U1"
	upstream 2 "$U2"
	# The hosts choose a router by their own address, too.
	spread "$C"
	use_routers 1 2
	ip -n "$S" route add default src 8.8.8.8 nexthop via 172.16.1.1 nexthop via 172.16.2.1
	for k in $NODES; do wire_node "$k"; done
}

# use_routers NUMBER...: the hosts send through these upstream routers.
use_routers() {
	# shellcheck disable=SC2046 # a list
	ip -n "$C" -6 route replace default $(printf 'nexthop via 2001:db8:1:%s::1 ' "$@")
}

# spread SPACE: with the settings of an upstream router.
spread() { sed 's/^-//' "$ha/90-nat64-upstream.conf" | ip netns exec "$1" sysctl -qep -; }

# upstream NUMBER SPACE
upstream() {
	join "$C" "lan$1" "$2" hosts
	join "$S" "wan$1" "$2" wan
	plug "$2" lan "up$1"
	ip -n "$C" addr add "2001:db8:1:$1::2/64" dev "lan$1"
	ip -n "$2" addr add "2001:db8:1:$1::1/64" dev hosts
	ip -n "$2" route add 2001:db8:2::/64 via "2001:db8:1:$1::2"
	ip -n "$S" addr add "172.16.$1.2/30" dev "wan$1"
	ip -n "$2" addr add "172.16.$1.1/30" dev wan
	ip -n "$2" route add 8.8.8.8 via "172.16.$1.2"
	ip -n "$2" addr add "2001:db8:64::$1/64" dev lan
	ip -n "$2" addr add "192.0.2.$1/24" dev lan
	spread "$2"
}

# wire_node NODE: a new machine, without a file.
wire_node() {
	router "$(node "$1")"
	plug "$(node "$1")" lan "node$1"
	# Its link-local address is fe80::ff:fe00:NODE.
	ip -n "$(node "$1")" link set lan down
	ip -n "$(node "$1")" link set lan address "02:00:00:00:00:0$1" up
	ip -n "$(node "$1")" addr add "2001:db8:64::1$1/64" dev lan
	ip -n "$(node "$1")" addr add "192.0.2.1$1/24" dev lan
}

# --- what runs on the machines ----------------------------------------------------------------------------------------

routing_suffix() { [ "$ROUTING" = bgp ] || echo "-$ROUTING"; }

# start_bird SPACE NAME: with $T/NAME/bird.conf.
start_bird() {
	printf '%s\n' 'log stderr all;' 'debug protocols { states };' >>"$T/$2/bird.conf"
	ip netns exec "$1" bird -f -c "$T/$2/bird.conf" -s "$T/$2/bird.ctl" -P "$T/$2/bird.pid" </dev/null >>"$T/$2/bird.log" 2>&1 &
	disown
}

start_upstreams() {
	local i
	for i in 1 2; do
		mkdir -p "$T/up$i"
		sed "s/^router id .*/router id 192.0.2.$i;/; s/multiplier .*/multiplier $LOST;/" "$ha/bird-upstream$(routing_suffix).conf" >"$T/up$i/bird.conf"
		start_bird "$N-up$i" "up$i"
	done
}

# prepare_node NODE: writes its files.
prepare_node() {
	local dir=$T/node$1
	mkdir -p "$dir/data" "$dir/run" "$dir/bin"
	ours "$1" <"$ha/nat64.conf" | sed "s|^data-dir.*|data-dir $dir/data|" >"$dir/nat64.conf"
	ours "$1" <"$ha/bird-node$(routing_suffix).conf" | sed "s/multiplier .*/multiplier $LOST;/" >"$dir/bird.conf"
	printf '%s="%s"\n' SOCKET "$dir/run/control" BIRD "$dir/bird.ctl" ROUTES "8.8.8.8 2001:db8:2::1" SETTLE 1 >"$dir/health"
	sed "s|/etc/default/nat64d-health|$dir/health|g" "$ha/nat64d-health" >"$dir/bin/nat64d-health"
	ln -sf "$NAT64CTL" "$dir/bin/nat64ctl"
}

# use_nat44 NODE: NAT44 instead of public pools; the node starts later.
use_nat44() {
	local dir=$T/node$1
	{
		sed '/^protocol static nat64_pools/,/^}/d' "$dir/bird.conf"
		ours "$1" <"$ha/bird-node-nat44.conf"
	} >"$dir/bird.nat44"
	mv "$dir/bird.nat44" "$dir/bird.conf"
	on_node "$1" nft -f "$ha/nat44.nft"
	on_node "$1" sysctl -qp "$ha/90-nat64-nat44.conf"
	ours "$1" <"$ha/conntrackd.conf" | sed "s|/run/lock/conntrackd.lock|$dir/conntrackd.lock|; s|/run/conntrackd.ctl|$dir/conntrackd.ctl|
		s/Syslog on/Syslog off/" >"$dir/conntrackd.conf"
	ip netns exec "$(node "$1")" conntrackd -C "$dir/conntrackd.conf" </dev/null >"$dir/conntrackd.log" 2>&1 &
	disown
}

start_translator() {
	local dir=$T/node$1
	: >"$dir/out"
	RUNTIME_DIRECTORY=$dir/run ip netns exec "$(node "$1")" "$NAT64D" --nodetach --stdout -c "$dir/nat64.conf" </dev/null >>"$dir/out" 2>&1 &
	DAEMON[$1]=$!
	disown
	wait_for grep -q 'nat64d: translating on ' "$dir/out" || not_ok "nat64d starts on node $1" "$(cat "$dir/out")"
	cat "$dir/out" >>"$dir/log"
}

start_health() {
	PATH=$T/node$1/bin:$PATH ip netns exec "$(node "$1")" sh "$T/node$1/bin/nat64d-health" </dev/null >>"$T/node$1/health.log" 2>&1 &
	disown
}

start_routing() {
	start_bird "$(node "$1")" "node$1"
	start_health "$1"
}

start_node() {
	prepare_node "$1"
	start_translator "$1"
	start_routing "$1"
}

# --- what fails -------------------------------------------------------------------------------------------------------

kill_daemon() { kill -9 "${DAEMON[$1]}"; }
unplug() { ip -n "$SW" link set "node$1" down; }
plug_in() { ip -n "$SW" link set "node$1" up; }

# power_off NODE: it vanishes without a last packet, and its disk remains.
power_off() {
	local p
	unplug "$1"
	for p in $(ip netns pids "$(node "$1")"); do kill -9 "$p" 2>/dev/null; done
	ip netns del "$(node "$1")"
}

# power_on NODE
power_on() {
	ip -n "$SW" link del "node$1" 2>/dev/null
	wire_node "$1"
	start_node "$1"
}

# --- what the routers know --------------------------------------------------------------------------------------------

# announces SPACE NODE: the router spreads hosts over the node.
announces() { next_hops "$1" | grep -qx "$2"; }
# next_hops SPACE: prints the numbers of the nodes among which the router chooses.
next_hops() {
	local k routes
	routes=$(ip -n "$1" -6 route show 64:ff9b::/96)
	for k in $NODES; do
		[[ $routes != *"via fe80::ff:fe00:$k "* && $routes != *"via 2001:db8:64::1$k "* ]] || echo "$k"
	done
}

# spread_over NODES: both routers do so.
spread_over() {
	local up
	for up in "$U1" "$U2"; do [ "$(next_hops "$up" | paste -sd ' ')" = "$1" ] || return; done
}

# --- what the hosts notice --------------------------------------------------------------------------------------------

# start_hosts NUMBER
start_hosts() {
	ip netns exec "$S" python3 "$here/crowd.py" serve 5010 </dev/null >/dev/null 2>"$T/serve.log" &
	disown
	wait_for listening "$S" -t 5010
	mkfifo "$T/to"
	ip netns exec "$C" python3 "$here/crowd.py" hosts "$1" "$GOOGLE" 5010 <"$T/to" >"$T/noticed" 2>"$T/hosts.log" &
	disown
	exec {TO}>"$T/to"
}

# noticed NAME: prints what the hosts noticed since the last time.
noticed() {
	echo "$1" >&"$TO"
	wait_for grep -q "\"name\": \"$1\"" "$T/noticed"
	grep "\"name\": \"$1\"" "$T/noticed" | tail -n 1
}
# field NAME: of a line of `noticed' on standard input.
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

# served: every host has an address.
served() { noticed "$((++asked))" | grep -q '"silent": 0}'; }
asked=0

# below NAME LIMIT VALUE: one point.
below() {
	if [ "$3" -lt "$2" ]; then ok "$1 ($3)"; else not_ok "$1" "$3 is not below $2"; fi
}

# --- leases -----------------------------------------------------------------------------------------------------------

# leases NODE: prints "ADDRESS HOST" of each lease of its own pool.
leases() { node_ctl "$1" export "10.$1.0.0/16" | awk '!/^#/ { print $1, $2 }'; }

# replicate: each node gets the leases of the others.
replicate() {
	local from to
	for from in $NODES; do
		alive_node "$from" || continue
		node_ctl "$from" export "10.$from.0.0/16" >"$T/leases$from"
		for to in $NODES; do
			[ "$from" = "$to" ] || ! alive_node "$to" || node_ctl "$to" import <"$T/leases$from" >/dev/null
		done
	done
}
alive_node() { ! ended "${DAEMON[$1]}"; }

# all_known: each node has the leases of all, except those of a host to which it has itself given an address: a host that changes
# its node before the leases are replicated has two.
all_known() {
	local k from
	for from in $NODES; do
		for k in $NODES; do [ -z "$(unknown "$k" "$from")" ] || return; done
	done
}
# unknown NODE OWNER: prints the leases of the owner that this node lacks.
unknown() {
	{
		leases "$1" | sed 's/^/own /'
		node_ctl "$1" export "10.$2.0.0/16" | sed -n '/^[0-9]/s/^/known /p'
		leases "$2"
	} | awk '$1 == "own" { mine[$3] } $1 == "known" { known[$2, $3] } /^[0-9]/ && !($2 in mine) && !(($1, $2) in known)'
}

# leases_of HOSTS: each of so many hosts has one lease, on one node.
leases_of() {
	local k
	[ "$(for k in $NODES; do leases "$k"; done | awk '{ n += !seen[$2]++ } END { print NR, n }')" = "$1 $1" ]
}

# idle NODE: no packet passes its translator.
idle() {
	local before
	before=$(passed "$1")
	sleep 0.3
	[ "$(passed "$1")" = "$before" ]
}
passed() { on_node "$1" cat /proc/net/dev | sed -n 's/^ *nat64: *//p'; }

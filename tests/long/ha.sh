#!/usr/bin/env bash
# Three translators with 100 hosts, BIRD, etcd and conntrackd: what the hosts notice of failures.
#
# The files are those of contrib/ha, first with BGP, then with OSPF.  For each failure, the test prints how long the hosts were
# without a translator.  No host may get another address, and no connection may break, whatever fails.
# shellcheck disable=SC2154 # variables of lib.sh
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm # for etcd, which waits for the disk at each write
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/../netns/lib.sh"
# shellcheck source=tests/netns/nodes.sh
. "$here/nodes.sh"
LOST=5 # as in the files
need_nodes etcd etcdctl nft
HOSTS=${HOSTS:-100}
QUIET=${QUIET:-5} # seconds after each change
daemon=$NAT64D
declare -A ETCD

# --- etcd and nat64d-sync on each node --------------------------------------------------------------------------------

endpoints=http://192.0.2.11:2379,http://192.0.2.12:2379,http://192.0.2.13:2379

# start_etcd NODE: with the variables of etcd.default.
start_etcd() {
	local settings
	mapfile -t settings < <(sed -n '/^ETCD_INITIAL_CLUSTER=/p' "$ha/etcd.default" && sed '/^#/d; /^ETCD_INITIAL_CLUSTER=/d' "$ha/etcd.default" |
		ours "$1" | sed "s/=node1$/=node$1/")
	ip netns exec "$(node "$1")" env "${settings[@]}" etcd --data-dir "$T/node$1/etcd" </dev/null >>"$T/node$1/etcd.log" 2>&1 &
	ETCD[$1]=$!
	disown
}

sync_in() {
	local k=$1
	shift
	on_node "$k" env NODE="node$k" ETCDCTL_ENDPOINTS="$endpoints" NAT64CTL="$NAT64CTL -s $T/node$k/run/control" NAT64D="$NAT64D" \
		CONF="$T/node$k/nat64.conf" RUNTIME_DIRECTORY="$T/node$k/sync" "$@"
}
start_sync() {
	sync_in "$1" sh "$ha/nat64d-sync" run </dev/null >>"$T/node$1/sync.log" 2>&1 &
	disown
}

# start_all NODE: what the units start, in their order.
start_all() {
	local dir=$T/node$1
	prepare_node "$1"
	mkdir -p "$dir/sync"
	echo "READY=\"RUNTIME_DIRECTORY=$dir/sync $ha/nat64d-sync ready\"" >>"$dir/health"
	start_etcd "$1"
	sync_in "$1" timeout 5 sh "$ha/nat64d-sync" check >>"$dir/sync.log" 2>&1
	start_translator "$1"
	start_sync "$1"
	start_routing "$1"
}

# etcd_ports NODE drop|accept: separates the etcd and the nat64d-sync of the node from those of the others.
etcd_ports() {
	on_node "$1" nft -f - <<-END
		table inet partition
		delete table inet partition
		table inet partition {
			chain input { type filter hook input priority 0; tcp dport { 2379, 2380 } ip saddr != 192.0.2.1$1 $2; }
			chain output { type filter hook output priority 0; tcp dport { 2379, 2380 } ip daddr != 192.0.2.1$1 $2; }
		}
	END
}

# --- what the hosts notice --------------------------------------------------------------------------------------------

# twice: prints addresses with two hosts, in the leases that the nodes know.
twice() {
	local k
	for k in $NODES; do
		! alive_node "$k" || node_ctl "$k" export | awk '!/^#/ { print $1, $2 }'
	done | sort -u | awk 'seen[$1]++' | head -n 3
}

# row NAME: prints a line of the table.
row() {
	python3 -c 'import json, sys
it = json.load(sys.stdin)
print("%-5s %-34s" % tuple(sys.argv[1:]), *["%7d" % it[name] for name in
	("gap_median", "gap_95", "gap_max", "touched", "stall_max", "lost", "sent", "moved", "broken", "late")])' "$ROUTING" "$1"
}

# phase NAME LIMIT: four points about the time since the last phase, and a line of the table.
phase() {
	local now
	sleep "$QUIET"
	now=$(noticed "$1")
	table+=$(row "$1" <<<"$now")$'\n'
	same "$ROUTING: $1: no host has another address" 0 "$(field moved <<<"$now")"
	same "$ROUTING: $1: no connection is broken" 0 "$(field broken <<<"$now")"
	below "$ROUTING: $1: no host is without a translator for $2 ms" "$2" "$(field gap_max <<<"$now")"
	same "$ROUTING: $1: no address has two hosts" "" "$(twice)"
}

# new_hosts NUMBER: two hosts that no node has seen before get an answer.
new_hosts() {
	in_client ping -6 -n -c 4 -i 0.3 -W 1 -I "2001:db8:2::a:$1" "$GOOGLE" >/dev/null &&
		in_client ping -6 -n -c 4 -i 0.3 -W 1 -I "2001:db8:2::b:$1" "$GOOGLE" >/dev/null
}

# --- the failures -----------------------------------------------------------------------------------------------------

scenario() {
	local k from reach=$1 # ms until the routers have noticed a node without power
	nodes_network
	start_upstreams
	for k in $NODES; do start_all "$k"; done
	t "$ROUTING: the routers spread the hosts over all nodes" wait_for spread_over "$NODES"
	start_hosts "$HOSTS"
	t "$ROUTING: every host has an address" wait_for served
	t "$ROUTING: all nodes know all leases" wait_for all_known
	noticed start >/dev/null
	phase "nothing fails" 1000

	kill_daemon 1
	sleep 0.1
	start_translator 1
	t "$ROUTING: back" wait_for spread_over "$NODES"
	phase "kill -9 of nat64d, restart at once" 2500

	kill_daemon 2
	t "$ROUTING: kill -9: the routers avoid the node" wait_for spread_over "1 3"
	t "$ROUTING: new hosts get an address" new_hosts 1
	phase "kill -9 of nat64d" 2500
	start_translator 2
	t "$ROUTING: back" wait_for spread_over "$NODES"
	phase "it starts again" 1000

	power_off 3
	t "$ROUTING: no power: the routers avoid the node" wait_for spread_over "1 2"
	t "$ROUTING: new hosts get an address" new_hosts 2
	phase "loss of power" "$reach"
	ip -n "$SW" link del node3 2>/dev/null
	wire_node 3
	start_all 3
	t "$ROUTING: back" wait_for spread_over "$NODES"
	t "$ROUTING: it knows what happened meanwhile" wait_for all_known
	phase "power again" 1000

	unplug 1
	t "$ROUTING: no link: the routers avoid the node" wait_for spread_over "2 3"
	t "$ROUTING: new hosts get an address" new_hosts 3
	phase "loss of the link" "$reach"
	plug_in 1
	t "$ROUTING: back" wait_for spread_over "$NODES"
	t "$ROUTING: it knows what happened meanwhile" wait_for all_known
	phase "the link again" 1000

	node_ctl 2 drain on >/dev/null
	from=$(date +%s%N)
	t "$ROUTING: drain: the routers avoid the node" wait_for spread_over "1 3"
	below "$ROUTING: drain: they do so within $reach ms" "$reach" $((($(date +%s%N) - from) / 1000000))
	t "$ROUTING: no packet passes it" wait_for idle 2
	phase "drain" 1000
	node_ctl 2 drain off >/dev/null
	t "$ROUTING: back" wait_for spread_over "$NODES"
	phase "end of the drain" 1000

	for k in $NODES; do
		node_ctl "$k" drain on >/dev/null
		wait_for fails announces "$U1" "$k" && wait_for fails announces "$U2" "$k" && wait_for idle "$k"
		kill "${DAEMON[$k]}" && wait_for ended "${DAEMON[$k]}"
		start_translator "$k"
		t "$ROUTING: rolling restart: node $k is back" wait_for spread_over "$NODES"
	done
	phase "rolling restart, each after a drain" 1000

	etcd_ports 2 drop
	sleep 3
	t "$ROUTING: etcd of a node is cut off: new hosts get an address" new_hosts 4
	phase "etcd: one node is cut off" 1000
	etcd_ports 2 accept
	from=$SECONDS
	t "$ROUTING: it catches up" wait_for all_known
	diag "after $((SECONDS - from)) s"

	kill -9 "${ETCD[1]}" "${ETCD[3]}"
	sleep 2
	t "$ROUTING: etcd has failed: new hosts get an address" new_hosts 5
	phase "etcd: no quorum" 1000
	start_etcd 1
	start_etcd 3
	from=$SECONDS
	t "$ROUTING: the nodes catch up" wait_for all_known
	diag "after $((SECONDS - from)) s"
	phase "etcd again" 1000
	exec {TO}>&-
	cleanup
}

table=""
for ROUTING in ${WITH:-bgp ospf}; do
	NAT64D=$daemon
	if [ "$ROUTING" = bgp ]; then scenario 1500; else scenario 6000; fi
done
diag "gaps of all hosts in ms (median, 95th percentile, longest), how many had one, longest stall of a download, datagrams lost and"
diag "sent, hosts with another address, broken connections, and how late the test itself was:"
diag "$table"
finish

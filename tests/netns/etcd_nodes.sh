# Shared by the tests of several translators; read it after lib.sh.  Each node is a namespace with nat64d, a member of etcd, and
# nat64d-sync.  A bridge connects the nodes.
#
#   a 10.99.0.1 ---+--- b 10.99.0.2
#                  |
#                  +--- c 10.99.0.3
#
# Node a owns 10.1.0.0/16, b 10.2.0.0/16, c 10.3.0.0/16, and each stands by for the other ranges.
# shellcheck shell=bash disable=SC2034,SC2154 # variables are for the tests, or lib.sh's

NAT64CTL=${NAT64CTL:-$(dirname "$NAT64D")/nat64ctl}
SYNC=${SYNC:-$here/../../contrib/ha/nat64d-sync}
NODES="a b c"
declare -A DAEMON ETCD SYNCER
SCHEME=http ETCD_OPTIONS=()
E="" # the data of etcd, in memory if possible

index() { printf '%d' $(($(printf '%d' "'$1") - 96)); }
in_node() { ip netns exec "$N-$1" "${@:2}"; }
node_ctl() { in_node "$1" "$NAT64CTL" -s "$T/$1/run/control" "${@:2}"; }

# make_nodes: makes the namespaces, and a configuration for each node.
make_nodes() {
	local node
	make_place
	trap 'cleanup; rm -rf "$E"' EXIT
	trap 'exit 130' INT TERM HUP
	E=$(mktemp -d /dev/shm/n64.XXXXXX 2>/dev/null) || E=$T/etcd
	space "$N-lan"
	ip -n "$N-lan" link add lan type bridge
	ip -n "$N-lan" link set lan up
	for node in $NODES; do
		space "$N-$node"
		join "$N-$node" lan "$N-lan" "port-$node"
		ip -n "$N-lan" link set dev "port-$node" master lan
		ip -n "$N-$node" addr add "10.99.0.$(index "$node")/24" dev lan
		ip -n "$N-$node" route add local 2001:db8:2::/48 dev lo
		ip -n "$N-$node" addr add 8.8.8.8/32 dev lo
		mkdir -p "$T/$node/data" "$T/$node/run" "$T/$node/sync"
		configure "$node" >"$T/$node/conf"
		: >"$T/$node/log"
	done
}

# configure NODE [LINE...]: prints the configuration.
configure() {
	local other
	printf '%s\n' 'tun-device nat64' "ipv4-addr 10.0.0.1" "ipv6-addr 2001:db8:1000::$1" 'prefix 64:ff9b::/96' \
		'tun-setup yes' "data-dir $T/$1/data"
	for other in $NODES; do
		echo "dynamic-pool 10.$(index "$other").0.0/16$([ "$other" = "$1" ] || echo " standby")"
	done
	printf '%s\n' "${@:2}"
}

# start_node NODE: starts nat64d.
start_node() {
	RUNTIME_DIRECTORY=$T/$1/run ip netns exec "$N-$1" "$NAT64D" --nodetach --stdout -c "$T/$1/conf" </dev/null >>"$T/$1/log" 2>&1 &
	DAEMON[$1]=$!
	wait_for node_ctl "$1" status
}

# members: prints the list of etcd's members.
members() {
	local node
	for node in $NODES; do echo "$node=http://10.99.0.$(index "$node"):2380"; done | paste -sd ,
}

# start_etcd NODE [new|existing]
start_etcd() {
	local at
	at=10.99.0.$(index "$1")
	ip netns exec "$N-$1" etcd --name "$1" --data-dir "$E/$1" --initial-cluster "$(members)" --initial-cluster-state "${2:-new}" \
		--listen-peer-urls "http://$at:2380" --initial-advertise-peer-urls "http://$at:2380" \
		--listen-client-urls "$SCHEME://$at:2379" --advertise-client-urls "$SCHEME://$at:2379" \
		"${ETCD_OPTIONS[@]}" --log-level error </dev/null >>"$T/$1/etcd" 2>&1 &
	ETCD[$1]=$!
}

endpoints() {
	local node
	for node in $NODES; do echo "$SCHEME://10.99.0.$(index "$node"):2379"; done | paste -sd ,
}

etcdctl_of() { ETCDCTL_ENDPOINTS=$(endpoints) in_node "$1" etcdctl "${@:2}"; }

# sync_as NODE ARGUMENT...: becomes nat64d-sync.  Its name is that of the node, or $NODE_NAME.
sync_as() {
	export NODE=${NODE_NAME:-$1} ETCDCTL_ENDPOINTS RUNTIME_DIRECTORY=$T/$1/sync CONF=$T/$1/conf NAT64D INVOCATION_ID=test
	export NAT64CTL="$NAT64CTL -s $T/$1/run/control"
	ETCDCTL_ENDPOINTS=$(endpoints)
	exec ip netns exec "$N-$1" "$SYNC" "${@:2}"
}
sync_of() { (sync_as "$@"); }

# start_sync NODE
start_sync() {
	sync_as "$1" run </dev/null >>"$T/$1/synclog" 2>&1 &
	SYNCER[$1]=$!
}

# end_job PID [SIGNAL]
end_job() {
	kill -"${2:-TERM}" "$1" 2>/dev/null
	wait_for ended "$1" || kill -9 "$1"
	wait "$1" 2>/dev/null
}

# use NODE FROM TO: these hosts 2001:db8:2::N send a packet through the node.
use() {
	in_node "$1" python3 - "$2" "$3" <<-'END'
		import socket, sys
		for i in range(int(sys.argv[1]), int(sys.argv[2]) + 1):
		    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
		        s.bind((f"2001:db8:2::{i:x}", 0))
		        s.sendto(b"x", ("64:ff9b::808:808", 9))
	END
}

# each EXPRESSION: prints it for each line of standard input, which is an object called it.
each() { python3 -c 'import json, sys
for line in sys.stdin:
    it = json.loads(line)
    print(eval("(" + sys.argv[1] + ")"))' "$1"; }

# lease_at NODE HOST: prints the address of the host there.
lease_at() { node_ctl "$1" leases "$2" --json | sed 's/.*"ipv4": "\([^"]*\)".*/\1/'; }
# leases_at NODE [PREFIX]: how many.
leases_at() { node_ctl "$1" leases "${@:2}" --json | wc -l; }
# follows NODE: its nat64d-sync has imported everything, and waits for changes.
follows() { in_node "$1" pgrep -P "${SYNCER[$1]}" -f "etcdctl watch"; }

# latency N: N new hosts send a packet through node a; prints the median, the 95th percentile and the maximum of the times until
# the other nodes have their leases, in milliseconds.
latency() {
	local node jobs=()
	for node in $NODES; do
		ip netns exec "$N-$node" "$NAT64CTL" -s "$T/$node/run/control" watch >"$T/$node/watch" &
		jobs+=($!)
	done
	sleep 0.3
	for ((host = 4096; host < 4096 + $1; host++)); do use a $host $host; done
	wait_for told_to c "$1" && wait_for told_to b "$1"
	kill "${jobs[@]}"
	python3 - "$T" <<-'END'
		import datetime, json, sys
		def begun(node):
		    events = map(json.loads, open(f"{sys.argv[1]}/{node}/watch"))
		    return {e["ipv6"]: datetime.datetime.fromisoformat(e["time"][:-1]) for e in events if e.get("event") == "assigned"}
		a = begun("a")
		took = sorted((there[host] - a[host]).total_seconds() * 1000 for there in (begun("b"), begun("c")) for host in there)
		print(*(round(took[int(part * (len(took) - 1))]) for part in (0.5, 0.95, 1)))
	END
}
told_to() { [ "$(grep -c '"event": "assigned"' "$T/$1/watch")" -ge "$2" ]; }

# hosts_at NODE: prints "ADDRESS HOST" of each lease.
hosts_at() { node_ctl "$1" leases --json | sed 's/.*"ipv4": "\([^"]*\)", "ipv6": "\([^"]*\)".*/\1 \2/' | sort; }
same_leases() { [ "$(hosts_at "$1")" = "$(hosts_at "$2")" ]; }
# twice: prints the addresses that have more than one host, on all nodes together.
twice() { for node in $NODES; do hosts_at "$node"; done | sort -u | cut -d ' ' -f 1 | uniq -d; }

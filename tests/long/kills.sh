#!/usr/bin/env bash
# Three nodes with etcd whose programs are killed at random for minutes: each host keeps its address, and all nodes agree.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/../netns/lib.sh"
need etcd etcdctl timeout pgrep
# shellcheck source=tests/netns/etcd_nodes.sh
. "$here/etcd_nodes.sh"
PERIOD=${PERIOD:-480} # seconds
SEED=${SEED:-$RANDOM}
make_nodes
LOG=$T/a/synclog
hosts=$here/../long/kills.py

same_everywhere() { same_leases a b && same_leases a c; }
# tree PID: prints it and its descendants, which systemd kills together with a unit.
tree() {
	local child
	echo "$1"
	for child in $(pgrep -P "$1"); do tree "$child"; done
}
kill_job() {
	# shellcheck disable=SC2046 # a list
	kill -9 $(tree "$1") 2>/dev/null
	wait "$1" 2>/dev/null
}
rest() { sleep "$((RANDOM % 2)).$((RANDOM % 10))"; }
any_node() { node=${NODES:RANDOM % 3 * 2:1}; }

kill_etcd() {
	kill_job "${ETCD[$node]}"
	rest
	start_etcd "$node" existing
}
kill_most_of_etcd() {
	local other
	for other in $NODES; do [ "$other" = "$node" ] || kill_job "${ETCD[$other]}"; done
	rest
	for other in $NODES; do [ "$other" = "$node" ] || start_etcd "$other" existing; done
}
kill_daemon() {
	kill_job "${DAEMON[$node]}"
	rest
	start_node "$node" || not_ok "nat64d starts on $node" "$(tail -n 3 "$T/$node/log")"
}
# Other service managers than systemd leave its children running.
kill_sync() {
	if [ $((RANDOM % 2)) = 0 ]; then kill_job "${SYNCER[$node]}"; else kill -9 "${SYNCER[$node]}"; fi
	rest
	start_sync "$node"
}
# lacks NODE: prints what the hosts have seen, and the node does not know.
lacks() {
	local k
	for k in $NODES; do awk '{ has[$1] = $2 } END { for (i in has) printf "%s 2001:db8:2::%x\n", has[i], i }' "$T/$k/heard"; done |
		sort | comm -23 - <(hosts_at "$1" | sed 's/ *$//' | sort) | head -n 5
}
size_of() { awk '/^VmRSS/ { print $2 }' "/proc/${DAEMON[$1]}/status"; }

for node in $NODES; do start_etcd "$node"; done
for node in $NODES; do start_node "$node"; done
t "etcd is there" wait_for etcdctl_of a endpoint health
for node in $NODES; do start_sync "$node"; done
for node in $NODES; do wait_for follows "$node"; done
senders=()
for node in $NODES; do
	k=$(index "$node")
	in_node "$node" python3 "$hosts" hear "$T/$node/heard" &
	disown
	ip netns exec "$N-$node" python3 "$hosts" send $((k * 40)) $((k * 40 + 33)) $((k * 4096)) &
	senders+=($!)
	disown
done

diag "SEED=$SEED"
RANDOM=$SEED
end=$((SECONDS + PERIOD))
kills=0
while [ $SECONDS -lt $end ]; do
	any_node
	case $((RANDOM % 6)) in
	0 | 1 | 2) kill_daemon ;;
	3) kill_sync ;;
	4) kill_etcd ;;
	5) kill_most_of_etcd ;;
	esac
	kills=$((kills + 1))
	# Often, another one has just come back.
	[ $((RANDOM % 2)) = 0 ] || rest
done 2>/dev/null
kill "${senders[@]}"
diag "$kills kills"

begin=${EPOCHREALTIME/./}
t "all nodes have the same leases" wait_for same_everywhere
took=$(((${EPOCHREALTIME/./} - begin) / 1000))
t "after $took ms, at most 10 s" test $took -lt 10000
diag "$(leases_at a) leases"
same "no address has two hosts" "" "$(twice)"
for node in $NODES; do
	same "no host of $node has changed its address" "" "$(cut -d ' ' -f 1 "$T/$node/heard" | sort | uniq -d)"
	same "$node knows the address of each host" "" "$(lacks "$node")"
	t "nat64d on $node is not large: $(size_of "$node") kB" test "$(size_of "$node")" -lt 20000
	t "nat64d-sync on $node has not more than its processes" test "$(tree "${SYNCER[$node]}" | wc -l)" -le 16
	t "and left none of those that were killed" wait_for eval '[ "$(in_node '"$node"' pgrep -fc "dir=$T/$node/sync/work")" = 3 ]'
done
t "the logs are short" test "$(cat "$T"/?/synclog | wc -l)" -lt $((kills * 8))
finish

#!/usr/bin/env bash
# Several translators, with the files of contrib/ha: one dies, one is drained, and the hosts keep their addresses and their
# connections.  tests/long/ha.sh has more failures, and replicates the leases with etcd; here, the test does.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/nodes.sh
. "$here/nodes.sh"
need_nodes
nodes_network
start_upstreams
for k in $NODES; do start_node "$k"; done
t "both routers spread the hosts over all nodes" wait_for spread_over "$NODES"
start_hosts 60
t "every host has an address" wait_for served
for up in 1 2; do
	use_routers "$up"
	sleep 0.5
	t "both routers choose the same node for a host: through router $up, no host gets a second lease" leases_of 60
done
use_routers 1 2

replicate
t "the other nodes know the leases" all_known

# --- nat64d dies on a node --------------------------------------------------------------------------------------------

noticed quiet >/dev/null
kill_daemon 1
t "kill -9: the routers avoid the node" wait_for spread_over "2 3"
sleep 3
now=$(noticed killed)
diag "$now"
same "no host has another address" 0 "$(field moved <<<"$now")"
same "no connection is broken" 0 "$(field broken <<<"$now")"
below "no host is without a translator for a second" 1000 "$(field gap_max <<<"$now")"
replicate
start_translator 1
replicate
t "nat64d is back: so are its hosts" wait_for spread_over "$NODES"
sleep 1
now=$(noticed returned)
same "no host has another address" 0 "$(field moved <<<"$now")"
same "no connection is broken" 0 "$(field broken <<<"$now")"

# --- a drain ----------------------------------------------------------------------------------------------------------

node_ctl 2 drain on >/dev/null
from=$(date +%s%N)
t "drain: the routers avoid the node" wait_for spread_over "1 3"
below "soon: within a second on a machine that is not busy" 4000 $((($(date +%s%N) - from) / 1000000))
t "no packet passes it any more" wait_for idle 2
now=$(noticed drained)
diag "$now"
same "no host has another address" 0 "$(field moved <<<"$now")"
same "no connection is broken" 0 "$(field broken <<<"$now")"
below "no host is without a translator for half a second" 500 "$(field gap_max <<<"$now")"
node_ctl 2 drain off >/dev/null
t "the drain ends" wait_for spread_over "$NODES"

# --- a node without a way ---------------------------------------------------------------------------------------------

unplug 3
t "a node without its link: the routers notice" wait_for spread_over "1 2"
sleep 2
now=$(noticed unplugged)
diag "$now"
same "no host has another address" 0 "$(field moved <<<"$now")"
same "no connection is broken" 0 "$(field broken <<<"$now")"
below "no host is without a translator for four seconds" 4000 "$(field gap_max <<<"$now")"
shows "nat64d-health says why" "withdrawn: route: no route to" cat "$T/node3/health.log"
plug_in 3
t "and when it is back" wait_for spread_over "$NODES"
finish

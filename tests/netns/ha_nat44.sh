#!/usr/bin/env bash
# Several translators with NAT44 behind them: conntrackd replicates the connections, and they survive the loss of a node.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/nodes.sh
. "$here/nodes.sh"
need_nodes nft conntrack conntrackd
nodes_network
on_node 1 nft list tables >/dev/null 2>&1 || skip_all "needs nftables"
start_upstreams
for k in $NODES; do
	prepare_node "$k"
	use_nat44 "$k"
	start_translator "$k"
	start_routing "$k"
done
# knows NODE POOL: the kernel of the node has confirmed connections of this pool.
knows() { on_node "$1" conntrack -L -p tcp 2>/dev/null | grep -q "src=10\.$2\..* dst=203.0.113.$2 .*ASSURED"; }
leads_to() { ip -n "$U1" route get "$1" | grep -q "via $2 "; }
# unanswered NODE: prints connections that an answer has begun.
unanswered() { on_node "$1" conntrack -L 2>/dev/null | grep -E '^[^=]* src=8\.8\.8\.8 dst=203\.0\.113\.' | head -n 3; }

t "both routers spread the hosts over all nodes" wait_for spread_over "$NODES"
start_hosts 30
t "every host has an address" wait_for served
replicate
wait_for knows 1 1
for k in 2 3; do t "node $k knows the connections of node 1" wait_for knows "$k" 1; done
sleep 1
noticed quiet >/dev/null

power_off 1
t "a node loses its power: the routers avoid it" wait_for spread_over "2 3"
sleep 4
now=$(noticed dark)
diag "$now"
same "the server sees all hosts with the same address" 0 "$(field moved <<<"$now")"
same "no connection is broken" 0 "$(field broken <<<"$now")"
below "no host is without a translator for four seconds" 4000 "$(field gap_max <<<"$now")"
below "no download stands still for eight seconds" 8000 "$(field stall_max <<<"$now")"
t "the public address of its pool is on the next node" wait_for leads_to 203.0.113.1 192.0.2.13
for k in 2 3; do same "node $k keeps no connection that it cannot translate" "" "$(unanswered "$k")"; done
finish

#!/usr/bin/env bash
# nat64d-sync with 100,000 leases: resync, latency, partitions, compaction, a slow member of etcd, a lost disk.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/../netns/lib.sh"
need etcd etcdctl timeout
# shellcheck source=tests/netns/etcd_nodes.sh
. "$here/etcd_nodes.sh"
make_nodes
LOG=$T/b/synclog

# full NODE N: writes a lease file with N leases of the range of the node.
full() {
	python3 - "$(index "$1")" "$2" >"$T/$1/data/dynamic.map" <<-'END'
		import sys, time
		node, n = map(int, sys.argv[1:])
		for i in range(256, 256 + n):
		    print(f"10.{node}.{i >> 8}.{i & 255}\t2001:db8:2:{node}::{i:x}\t{int(time.time()) - 60}\t64:ff9b::/96")
	END
}

# has NODE N: it has N leases.  A list of all of them, again and again, would take the time that is measured.
has() { [ "$(node_ctl "$1" status --json | grep -o '"used": [0-9]*' | awk '{ n += $2 } END { print n }')" -eq "$2" ]; }
# within NAME LIMIT COMMAND...: one point, ok if it succeeds within so many seconds; the name has the time that it took.
within() {
	local name=$1 limit=$2 begin=${EPOCHREALTIME/./} took
	shift 2
	until "$@" >/dev/null 2>&1; do
		took=$(((${EPOCHREALTIME/./} - begin) / 1000))
		[ "$took" -lt $((limit * 1000)) ] || { not_ok "$name within $limit s" "$*" && return; }
		sleep 0.05
	done
	took=$(((${EPOCHREALTIME/./} - begin) / 1000))
	ok "$name: $took ms, at most $limit s"
}
said_by() { grep -qF -- "$2" "$T/$1/synclog"; }
same_everywhere() { same_leases a b && same_leases a c; }

# --- many leases ----------------------------------------------------------------------------------------------------

full a 60000
full b 40000
for node in $NODES; do start_etcd "$node"; done
for node in $NODES; do start_node "$node"; done
t "etcd is there" wait_for etcdctl_of a endpoint health
start_sync a
start_sync b
within "two nodes publish 100,000 leases, and have those of each other" 30 eval 'has a 100000 && has b 100000'
start_sync c
within "a third node gets 100,000 leases" 10 has c 100000
wait_for follows c
t "they are the same" same_everywhere
end_job "${SYNCER[c]}"
start_sync c
within "a restart of nat64d-sync, which has nothing to copy" 10 follows c

read -r median most longest < <(latency 100)
t "100 leases reach two nodes: median $median ms, 95 % within $most ms, all within $longest ms" test "$median" -lt 300
use a 8192 10191
within "2000 new hosts at once" 30 same_everywhere

# --- partitions -----------------------------------------------------------------------------------------------------

# part NODE, rejoin NODE
part() { ip -n "$N-lan" link set "port-$1" down; }
rejoin() { ip -n "$N-lan" link set "port-$1" up; }

part c
use a 20000 20099
use c 30000 30099
wait_for said_by c "etcd does not answer"
t "a node without etcd says so" said_by c "etcd does not answer"
same "and gives leases of its own range" 100 "$(leases_at c 10.3.0.0/16)"
rejoin c
within "it returns: everything is the same" 30 same_everywhere

part a
use a 21000 21099
shows "the owner of a range is away: promote, with a warning" "must not give any more" sync_of b promote 10.1.0.0/16
use b 22000 22099
rejoin a
within "the owner of before returns: it stands by" 30 said_by a "10.1.0.0/16: b is its owner"
within "everything is the same" 30 same_everywhere
same "no address has two hosts" "" "$(twice)"
t "promote on it" sync_of a promote 10.1.0.0/16
use a 23000 23009
within "everything is the same" 30 same_everywhere

# --- etcd -----------------------------------------------------------------------------------------------------------

watcher_of() { pgrep -P "${SYNCER[$1]}" -f 'etcdctl watch'; }
was=$(watcher_of c)
kill -STOP "$was"
use a 24000 24009
sleep 1
etcdctl_of a compaction "$(etcdctl_of a get x -w fields | sed -n 's/^"Revision" : //p')" >/dev/null
kill -9 "$was"
within "etcd does not have the missing revisions any more: everything is compared" 30 said_by c "has missed"
within "everything is the same" 30 same_everywhere

leader=$(etcdctl_of a endpoint status | awk -F ', ' '$5 == "true" { sub(".*//", "", $1); print $1 }')
for node in $NODES; do
	[[ $leader != 10.99.0.$(index "$node"):* ]] || slow=$node
done
kill -STOP "${ETCD[$slow]}"
use a 25000 25009
within "the leader of etcd stops: the leases arrive" 30 same_everywhere
kill -CONT "${ETCD[$slow]}"

# The owner would correct its own key.
end_job "${SYNCER[a]}"
now=$(date +%s)
printf '10.1.0.7\t2001:db8:2::7777\t%s\t64:ff9b::/96\n' $((now + 3600)) | etcdctl_of a put /nat64d/leases/10.1.0.0_24 >/dev/null
t "a lease with a time in the future" wait_for eval '[ "$(lease_at b 2001:db8:2::7777)" = 10.1.0.7 ]'
t "counts as one of now" test "$(node_ctl b leases 10.1.0.7 --json | each 'it["idle_seconds"]')" -lt 60
t "and the daemon says why" grep -E 'the clock of a peer is 3[56][0-9]+ s ahead' "$T/b/log"
start_sync a
within "it ends when its owner is back: everything is the same" 30 same_everywhere
use a 26000 26000

# --- two nodes claim the same range at the same time ----------------------------------------------------------------

for node in a c; do
	configure "$node" 'dynamic-pool 10.4.0.0/16' >"$T/$node/conf"
	node_ctl "$node" reload >/dev/null &
done
configure b 'dynamic-pool 10.4.0.0/16 standby' >"$T/b/conf"
node_ctl b reload >/dev/null
wait_for said_by a "10.4.0.0/16: " || wait_for said_by c "10.4.0.0/16: "
within "one of them stands by" 10 eval '[ "$(for node in $NODES; do sync_of "$node" status; done | grep -c "10.4.0.0/16 *owner")" -eq 1 ]'
use a 27000 27050
use c 28000 28050
within "everything is the same" 30 same_everywhere
same "no address has two hosts" "" "$(twice)"

# --- nat64d ---------------------------------------------------------------------------------------------------------

before=$(hosts_at a)
end_job "${DAEMON[a]}" KILL
start_node a
within "nat64d has crashed: everything is the same" 30 same_everywhere
same "no lease has changed" "$before" "$(hosts_at a)"

end_job "${SYNCER[a]}"
end_job "${DAEMON[a]}"
rm -rf "$T/a/data" && mkdir "$T/a/data"
t "its disk is lost: check" sync_of a check
start_node a
start_sync a
within "it gets its leases back" 60 eval '[ "$(hosts_at a)" = "$before" ]'
within "everything is the same" 30 same_everywhere
same "no address has two hosts" "" "$(twice)"
for node in $NODES; do diag "$node: $(cat "$T/$node/synclog")"; done
finish

#!/usr/bin/env bash
# nat64d-sync between three nodes with etcd: leases reach the peers, owners change, and etcd fails.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need etcd etcdctl timeout
# shellcheck source=tests/netns/etcd_nodes.sh
. "$here/etcd_nodes.sh"
make_nodes
LOG=$T/b/synclog

has_lease() { [ "$(lease_at "$1" "$2")" = "$3" ]; }
lacks_lease() { [ -z "$(lease_at "$1" "$2")" ]; }
# everywhere NAME HOST: one point, ok if each node has the lease of the host that node a has.
everywhere() {
	local address node
	address=$(lease_at a "$2")
	for node in b c; do
		wait_for has_lease "$node" "$2" "${address:-none}" || { not_ok "$1" "$node has $(lease_at "$node" "$2"), a has $address" && return; }
	done
	ok "$1"
}
said_by() { grep -qF -- "$2" "$T/$1/synclog"; }

# --- what etcdctl prints, without etcd --------------------------------------------------------------------------------

# pure PROGRAMS [FILE...]: runs them as node b, which stands by for 10.1.0.0/16; the calls of nat64ctl are in $T/pure/calls.
pure() {
	local program options=()
	for program in ranges import $1; do options+=(-f "$here/../../contrib/ha/sync/$program.awk"); done
	awk -v root=/nat64d -v dir="$T/pure" -v ctl="$T/pure/${ctl:-ctl}" -v node=b "${options[@]}" "${@:2}"
}
# follow: imports the changes that etcdctl prints, all at once.
follow() {
	local files
	rm -f "$T/pure"/change.*
	pure "etcd follow" >"$T/pure/done"
	files=$(cd "$T/pure" && compgen -G 'change.*')
	# shellcheck disable=SC2086 # a list
	[ -z "$files" ] || pure "here batch" $files
}
# key NAME REVISION VALUE: prints it in the way of etcdctl.
key() { printf '"Key" : "/nat64d/%s"\n"ModRevision" : %s\n"Value" : "%s"\n"Lease" : 0\n' "$1" "$2" "$3"; }

mkdir "$T/pure"
printf '#!/bin/sh\n[ "$1" != export ] || exec cat %s/leases\necho "$@: $(cat)" >>%s/calls\n' "$T/pure" "$T/pure" >"$T/pure/ctl"
chmod +x "$T/pure/ctl"
echo '10.1.0.0/16 standby - 0 -' >"$T/pure/ranges"
: >"$T/pure/leases"
value='10.1.2.1\t2001:db8:2::1\t1\t64:ff9b::/96\n'
key leases/10.1.2.0_24 4 "$value" | follow
same "a lease is imported" "import --replace 10.1.2.0/24: 10.1.2.1" "$(cut -f 1 "$T/pure/calls")"
same "the revision is kept" "1000000001 4" "$(cat "$T/pure/done")"
rm "$T/pure/calls"
for i in {1..100}; do key "leases/10.1.$i.0_24" 5 "10.1.$i.1\\t2001:db8:2::$i\\t1\\t64:ff9b::/96\\n"; done | follow
same "those of 100 networks are imported at once" "1 import: 10.1." "$(grep -c import "$T/pure/calls") $(grep -m 1 -o 'import: 10.1.' "$T/pure/calls")"
rm "$T/pure/calls"
printf '10.1.%d.1\t2001:db8:2::7\t1\t64:ff9b::/96\n' {1..100} >"$T/pure/leases"
for i in {1..50}; do key "leases/10.1.$i.0_24" 6 "10.1.$i.1\\t2001:db8:2::$((i % 2 ? 7 : 8))\\t1\\t64:ff9b::/96\\n"; done | follow
same "but those of networks that have lost a lease are not" "25 26" "$(grep -c 'import --replace' "$T/pure/calls") $(grep -c import "$T/pure/calls")"
rm "$T/pure/calls"
: >"$T/pure/leases"
printf '#!/bin/sh\ncat >>%s/calls\necho "1 record: 0 taken, 0 same, 0 renewed, 1 older, 0 ended, 0 refused"\n' "$T/pure" >"$T/pure/ctl2"
chmod +x "$T/pure/ctl2"
for i in 1 2; do key "leases/10.1.$i.0_24" 7 "10.1.$i.1\\t2001:db8:2::1\\t1\\n"; done | ctl=ctl2 follow
same "of two networks with leases that are older than others, once more" "2 10.1.1.1 2 10.1.2.1" \
	"$(cut -f 1 "$T/pure/calls" | sort | uniq -c | xargs)"
rm "$T/pure/calls"
key leases/10.1.2.0_24 4 "$value$value" | head -c 120 | follow
key leases/10.1.2.0_24 4 "$value$value" | head -n 3 | follow
t "nothing is imported from a line that may be cut short" test ! -e "$T/pure/calls"
for name in 10.0.258.0_24 010.1.2.0_24 10.1.2_24 10.1.2.0.0_24 10.1.2.0_24_24 "10.1.2.0_24;x" 10.1.2.0_16; do key "leases/$name" 5 ""; done >"$T/pure/dump"
follow <"$T/pure/dump"
pure "etcd here resync" "$T/pure/leases" "$T/pure/dump"
t "nor from a key of another form" test ! -e "$T/pure/calls"
key leases/10.1.2.0_24 5 "$(printf %01000000d 0)" | follow 2>"$T/pure/said"
t "a long line in a key gives a short one" test "$(wc -c <"$T/pure/said")" -lt 300
key owner/10.1.0.0_16 5 a >"$T/pure/dump"
echo 'dynamic-pool 10.1.0.0/16' >"$T/pure/conf"
: >"$T/pure/before"
key owner/10.1.0.0_16 5 "a;x" >"$T/pure/owners"
check() { awk -v root=/nat64d -v dir="$T/pure" -v node=b -f "$here/../../contrib/ha/sync/etcd.awk" -f "$here/../../contrib/ha/sync/check.awk" "$T/pure/"{conf,before} "$1"; }
same "check: another owner" "10.1.0.0/16 standby 5" "$(check "$T/pure/dump")"
same "check: an owner that is no name changes nothing" "" "$(check "$T/pure/owners")"
pure "etcd here resync" "$T/pure/leases" "$T/pure/dump"
same "an owner that has changed after a look at the roles: look again" 3 $?
key claim/b 6 5e1f >"$T/pure/dump"
pure "etcd here resync" "$T/pure/leases" "$T/pure/dump"
same "a claim to the name of this node is refused, though no event tells of it" 'mod("/nat64d/claim/b") = "6";;del /nat64d/claim/b' \
	"$(xargs cat <"$T/pure/forget" | paste -sd ';' | sed 's/;*$//')"
echo '10.1.0.0/16 own b 5 -' >"$T/pure/ranges"
key leases/10.1.2.0_24 4 "$value" >"$T/pure/dump"
pure "etcd here resync" "$T/pure/leases" "$T/pure/dump"
same "an owner recovers what it has published itself" "import --recover: 10.1.2.1" "$(cut -f 1 "$T/pure/calls")"

# In a container, a process often has the number of the one that was killed before it.
mkdir -p "$T/stale/work"
sh -c 'echo "$$ 1" >"$1/stale/work/pid"; export RUNTIME_DIRECTORY=$1/stale NODE=b INVOCATION_ID=test NAT64CTL=false; exec "$2" run' \
	sh "$T" "$SYNC" </dev/null >"$T/stale/log" 2>&1 &
stale=$!
t "a process that has the number of a killed one starts" wait_for test -s "$T/stale/id"
end_job $stale
same "and finds no other one" 0 "$(grep -c 'running already' "$T/stale/log")"
mkdir -p "$T/stale/work"
echo "1 99" >"$T/stale/work/pid"
shows "nor does another process with that number count" "it does not run" env RUNTIME_DIRECTORY="$T/stale" NODE=b INVOCATION_ID=test "$SYNC" ready

# --- leases ---------------------------------------------------------------------------------------------------------

for node in $NODES; do start_etcd "$node"; done
for node in $NODES; do start_node "$node"; done
t "etcd is there" wait_for etcdctl_of a endpoint health
shows "ready: it does not run" "it does not run" sync_of a ready
for node in $NODES; do start_sync "$node"; done
for node in $NODES; do wait_for follows "$node"; done
t "ready: it follows" wait_for sync_of a ready
t "ready, asked by a user that may read, but send no signals" setpriv --reuid 65534 --clear-groups --inh-caps +dac_override \
	--ambient-caps +dac_override env RUNTIME_DIRECTORY="$T/a/sync" INVOCATION_ID=test sh "$SYNC" ready
same "each node owns its range" "a b c" "$(etcdctl_of a get --prefix /nat64d/owner/ --print-value-only | paste -sd ' ')"

use a 1 1
everywhere "a new lease reaches the other nodes" 2001:db8:2::1
address=$(lease_at a 2001:db8:2::1)
use b 1 1
same "where the host gets the same address" "1" "$(node_ctl b leases 2001:db8:2::1 --json | each 'it["packets_6to4"]')"
in_node b ping -4 -n -c 1 -W 2 -I 8.8.8.8 "$address" >/dev/null
confirmed_at_a() { [ "$(node_ctl a leases 2001:db8:2::1 --json | each 'it["confirmed"]')" = True ]; }
t "the owner hears that the lease is in use there" wait_for confirmed_at_a
told() { etcdctl_of a get --prefix --keys-only /nat64d/seen/ | sed -n 's|^/nat64d/seen/||p' | paste -sd ' '; }
etcdctl_of b put /nat64d/seen/gone/10.1.9.0_24 "$(printf '10.1.9.9\t2001:db8:2::1\t1')" >/dev/null
etcdctl_of b put /nat64d/seen/a/10.77.0.0_24 x >/dev/null
etcdctl_of b put '/nat64d/seen/"x/10.1.9.0_24' x >/dev/null
etcdctl_of b put /nat64d/seen/c/10.2.9.0_24 "$(printf '10.2.9.9\t2001:db8:2::1\t1')" >/dev/null
end_job "${SYNCER[a]}"
start_sync a
t "what nodes have told the owner is deleted when it starts, and also what is of no use" wait_for eval '[ "$(told)" = "\"x/10.1.9.0_24 c/10.2.9.0_24" ]'
etcdctl_of b del --prefix /nat64d/seen/ >/dev/null
wait_for follows a
median=$(latency 20)
t "20 more leases reach them: median $median ms" test "${median%% *}" -lt 1000
node_ctl a release "$address" >/dev/null
t "an ended lease ends there" wait_for lacks_lease b 2001:db8:2::1
t "everywhere" wait_for lacks_lease c 2001:db8:2::1

printf '10.1.9.9\tnonsense\t1\n' | etcdctl_of a put /nat64d/leases/10.1.9.0_24 >/dev/null
t "a node says what it does not accept" wait_for said_by b "leases of a: line 1: "
printf '10.3.0.9\t2001:db8:2::99\t1\n' | etcdctl_of a put /nat64d/leases/10.1.9.0_24 >/dev/null
t "such as a lease of the range of another node" wait_for said_by b "a line of 10.1.9.0_24 is about another network: 10.3.0.9"
t "which nobody gets" lacks_lease b 2001:db8:2::99
lines=$(grep -c 'leases of a: ' "$T/b/synclog")
for i in 1 2 3; do
	printf '10.1.9.9\tnonsense\t1\n10.1.9.%d\t2001:db8:2::99\t1\n' $i | etcdctl_of a put /nat64d/leases/10.1.9.0_24 >/dev/null
	sleep 0.2
done
same "and says each of these once" "$lines" "$(grep -c 'leases of a: ' "$T/b/synclog")"
etcdctl_of a put "/nat64d/leases/10.1.9.0_24; touch $T/executed" x >/dev/null
etcdctl_of a del /nat64d/leases/10.1.9.0_24 >/dev/null
use a 2 2
everywhere "and goes on" 2001:db8:2::2
t "no key is a command" test ! -e "$T/executed"

# --- keys that another program changes --------------------------------------------------------------------------------

leases_of_a() { etcdctl_of a get --print-value-only /nat64d/leases/10.1.20.0_24; }
sorted_leases_of_a() { leases_of_a | sort; }
has_leases_of_a() { [ "$(sorted_leases_of_a)" = "$stored" ]; } # by chance, another host has an address of the network
printf '10.1.20.%d\t2001:db8:2::d%d\t%d\t64:ff9b::/96\n' 1 1 "$(date +%s)" 2 2 "$(date +%s)" | node_ctl a import >/dev/null
t "a node publishes leases" wait_for has_lease c 2001:db8:2::d2 10.1.20.2
stored=$(sorted_leases_of_a)
leases_of_a | sed 1,2d | etcdctl_of b put /nat64d/leases/10.1.20.0_24 >/dev/null
t "somebody removes one: the node publishes them again" wait_for has_leases_of_a
t "and says so" wait_for said_by a "10.1.20.0_24: another program has changed these leases in etcd"
etcdctl_of b del /nat64d/leases/10.1.20.0_24 >/dev/null
t "somebody removes all: again" wait_for has_leases_of_a
t "the other nodes have them" wait_for has_lease c 2001:db8:2::d1 10.1.20.1
revision() { etcdctl_of a get x -w fields | sed -n 's/^"Revision" : //p'; }
was=$(revision)
for _ in {1..40}; do etcdctl_of b put /nat64d/leases/10.1.20.0_24 x >/dev/null; done
t "somebody who goes on and on: once a second" eval 'wait_for has_leases_of_a; [ $(($(revision) - was)) -le 50 ]'
etcdctl_of b del /nat64d/owner/10.1.0.0_16 >/dev/null
t "somebody removes the owner: it comes back" wait_for eval '[ "$(etcdctl_of a get --print-value-only /nat64d/owner/10.1.0.0_16)" = a ]'
etcdctl_of b del --prefix /nat64d/ >/dev/null
t "everything: it comes back" wait_for has_leases_of_a
t "so do the owners" wait_for eval '[ "$(etcdctl_of a get --prefix /nat64d/owner/ --print-value-only | paste -sd " ")" = "a b c" ]'

# --- owners ---------------------------------------------------------------------------------------------------------

# owners: prints what nat64d has of 10.1.0.0/16 on each node.
owners() { for node in $NODES; do sync_of "$node" status | awk '$1 == "10.1.0.0/16" { print $2 }'; done | paste -sd ' '; }
t "promote on another node" sync_of b promote 10.1.0.0/16
same "it is the owner, and the last one stands by" "standby owner standby" "$(owners)"
wait_for follows b
use a 20 29
use b 20 29
same "so only that node gives addresses" 0 "$(node_ctl a leases --json | each 'it["ipv4"]' | grep -c '^10\.1\..*ffff')"
t "all leases are the same on both" wait_for same_leases a b
shows "promote on a node that has it says so" "this node is the owner now" sync_of b promote 10.1.0.0/16
shows "promote of an unknown range" "nat64d has no dynamic-pool with exactly this range" sync_of b promote 10.1.0.0/24
shows "demote on another node" "the owner is b" sync_of a demote 10.1.0.0/16

end_job "${SYNCER[a]}"
end_job "${DAEMON[a]}"
t "the program leaves no process" fails pgrep -f "$T/a/sync"
same "and no file but its number" "id" "$(ls "$T/a/sync")"
rm -f "$T/a/data/pools.state"
t "a node that returns asks etcd before its start" sync_of a check
same "it stands by" "10.1.0.0/16 standby" "$(cut -d ' ' -f 1,2 "$T/a/data/pools.state")"
same "in a file with the mode that nat64d gives it" 644 "$(stat -c %a "$T/a/data/pools.state")"
start_node a
start_sync a
wait_for follows a
same "the owners are as before" "standby owner standby" "$(owners)"
t "promote on it" sync_of a promote 10.1.0.0/16
same "it is the owner again" "owner standby standby" "$(owners)"

t "demote" sync_of a demote 10.1.0.0/16
same "nobody is the owner" "standby standby standby" "$(owners)"
etcdctl_of b del /nat64d/owner/10.1.0.0_16 >/dev/null
same "nor after somebody has removed the key" "standby standby standby -" "$(owners) $(sleep 1; sync_of a status | awk '$1 == "10.1.0.0/16" { print $3 }')"
t "promote" sync_of a promote 10.1.0.0/16

configure c | sed 's/^\(dynamic-pool 10.1.0.0.16\) standby/\1/' >"$T/c/conf"
node_ctl c reload >/dev/null
t "two nodes claim a range: the second one stands by and says why" wait_for said_by c "10.1.0.0/16: a is its owner"
same "the first one keeps it" "owner standby standby" "$(owners)"

etcdctl_of c put /nat64d/owner/10.1.0.0_16 "\$(touch $T/executed)" >/dev/null
t "an owner that is no name: a node says so" wait_for said_by a "10.1.0.0/16: the owner in etcd is no name of a node"
for node in $NODES; do wait_for follows "$node"; done
same "the roles are as before" "owner standby standby" "$(owners)"
lines=$(cat "$T"/*/synclog | wc -l)
sleep 1
same "each node says it once" "$lines" "$(cat "$T"/*/synclog | wc -l)"
t "no owner is a command" test ! -e "$T/executed"
t "promote corrects it" sync_of a promote 10.1.0.0/16
same "and all know the owner" "a a a" "$(for node in $NODES; do sync_of "$node" status | awk '$1 == "10.1.0.0/16" { print $3 }'; done | paste -sd ' ')"

# --- two nodes with the same name ------------------------------------------------------------------------------------

end_job "${SYNCER[a]}" KILL
t "ready: it has crashed" fails sync_of a ready
start_sync a
begin=$SECONDS
t "a node that has crashed starts again" wait_for follows a
t "at once" test $((SECONDS - begin)) -lt 4
alone() { [ "$(in_node a pgrep -fc "dir=$T/a/sync/work")" = "$1" ]; }
t "the children of the one that has crashed have ended" wait_for alone 3
end_job "${SYNCER[c]}"
end_job "${DAEMON[c]}"
rm "$T/c/data/pools.state"
configure a | sed "s|$T/a|$T/c|; s|^ipv4-addr .*|ipv4-addr 10.1.0.77|" >"$T/c/conf"
start_node c
(NODE_NAME=a sync_as c run) </dev/null >>"$T/c/synclog" 2>&1 &
SYNCER[c]=$!
t "a second node with the same name says so" wait_for said_by c "another node has the name a, too"
t "the first one, too" wait_for said_by a "another node with the name a has started"
role_at() { node_ctl "$1" status --json | grep -o '"pool": "10.1.0.0/16"[^}]*' | grep -o '"standby": [a-z]*'; }
t "the second one stands by" wait_for eval '[ "$(role_at c)" = "\"standby\": true" ]'
same "the first one does not" '"standby": false' "$(role_at a)"
use a 50 50
t "its leases reach another node" wait_for has_lease b 2001:db8:2::32 "$(lease_at a 2001:db8:2::32)"
end_job "${SYNCER[a]}" KILL
start_sync a
t "it crashes, but keeps its name" wait_for follows a
sleep 6
t "for longer than a claim lasts" follows a
same "the second one still stands by" '"standby": true' "$(role_at c)"
end_job "${SYNCER[a]}" KILL
rm "$T/a/sync/id"
end_job "${DAEMON[a]}"
t "it is gone: the second one has the name" wait_for follows c
t "and gives leases" wait_for eval '[ "$(role_at c)" = "\"standby\": false" ]'
end_job "${SYNCER[c]}"
end_job "${DAEMON[c]}"
rm "$T/c/data/pools.state"
configure c >"$T/c/conf"
start_node a
start_node c
start_sync a
start_sync c
t "the machine boots: the name of before is nobody's" wait_for follows a
t "and gives leases" wait_for eval '[ "$(role_at a)" = "\"standby\": false" ]'
wait_for follows c

# --- etcd fails -----------------------------------------------------------------------------------------------------

for node in $NODES; do end_job "${ETCD[$node]}" KILL; done
use a 40 40
t "without etcd: nat64d gives leases" has_lease a 2001:db8:2::28 "$(lease_at a 2001:db8:2::28)"
t "the node says why the others do not get them" wait_for said_by a "etcd does not answer"
shows "and so does its status" "etcd does not answer" sync_of a status
shows "it is not ready" "etcd does not answer" sync_of a ready
for node in $NODES; do start_etcd "$node"; done
everywhere "etcd is back: they get it" 2001:db8:2::28
t "and the node says so" wait_for said_by a "the leases are replicated again"
t "it is ready" sync_of a ready

# A node that has lost its watch of etcd, and whose nat64d is reloaded before etcd is back, must look at its roles again.
for node in $NODES; do end_job "${ETCD[$node]}" KILL; done
watch_of_c() { pgrep -P "${SYNCER[c]}" -x etcdctl; }
kill "$(watch_of_c)"
t "without etcd: a node has no watch" wait_for fails watch_of_c
node_ctl c reload >/dev/null
sleep 0.5
for node in $NODES; do start_etcd "$node"; done
t "etcd is back after a reload: it watches again" wait_for watch_of_c
use a 42 42
everywhere "and gets new leases" 2001:db8:2::2a

etcdctl_of a user add root:secret >/dev/null
etcdctl_of a user grant-role root root >/dev/null
etcdctl_of a auth enable >/dev/null
t "wrong credentials" wait_for eval 'use a 41 41; said_by a "etcd refuses this node"'
use a 42 42
t "translation goes on" test -n "$(lease_at a 2001:db8:2::2a)"
ETCDCTL_USER=root:secret etcdctl_of a auth disable >/dev/null
everywhere "right again: the lease arrives" 2001:db8:2::2a

# restart_sync NODE: with the variables that the caller has set.
restart_sync() {
	end_job "${SYNCER[$1]}"
	: >"$T/$1/synclog"
	start_sync "$1"
}
etcdctl_of a role add nat64d >/dev/null
etcdctl_of a role grant-permission nat64d --prefix=true readwrite /nat64d/ >/dev/null
etcdctl_of a user add nat64d:secret >/dev/null
etcdctl_of a user grant-role nat64d nat64d >/dev/null
etcdctl_of a auth enable >/dev/null
export ETCDCTL_USER=nat64d:secret
for node in $NODES; do restart_sync "$node"; done
use a 43 43
everywhere "a user that may read and write the keys of ROOT" 2001:db8:2::2b
ETCDCTL_USER=nat64d:wrong restart_sync a
t "a wrong password" wait_for said_by a "etcd refuses this node: "
ETCDCTL_USER=root:secret etcdctl_of a auth disable >/dev/null
unset ETCDCTL_USER

# certificate NAME CA DAYS: makes NAME.key and NAME.pem.
certificate() {
	openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" 2>/dev/null
	openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days "$3" -out "$1.pem" \
		-extfile <(echo subjectAltName=IP:10.99.0.1,IP:10.99.0.2,IP:10.99.0.3) 2>/dev/null
}
make_certificates() {
	local ca
	mkdir "$T/tls" && cd "$T/tls" || return
	for ca in ca other; do openssl req -x509 -newkey rsa:2048 -nodes -keyout $ca.key -out $ca.pem -days 9 -subj "/CN=$ca" 2>/dev/null || return; done
	certificate server ca 9 && certificate client ca 9 && certificate expired ca -1 && certificate foreign other 9
}
# sync_with CA CERTIFICATE: node a starts again with these.
sync_with() {
	export ETCDCTL_CACERT=$T/tls/$1.pem ETCDCTL_CERT=$T/tls/$2.pem ETCDCTL_KEY=$T/tls/$2.key
	restart_sync a
}
# once NAME TEXT: one point, ok if node a says it, and says it once, while nat64d goes on.
once() {
	wait_for said_by a "$2"
	sleep 2
	same "$1" 1 "$(grep -cF "$2" "$T/a/synclog")"
}
if ! command -v openssl >/dev/null; then
	skip "etcd with certificates" "needs openssl"
elif ! (make_certificates); then
	skip "etcd with certificates" "openssl cannot make such certificates"
else
	SCHEME=https ETCD_OPTIONS=(--cert-file "$T/tls/server.pem" --key-file "$T/tls/server.key" --client-cert-auth --trusted-ca-file "$T/tls/ca.pem")
	for node in $NODES; do end_job "${ETCD[$node]}"; done
	for node in $NODES; do start_etcd "$node"; done
	sync_with ca client
	for node in b c; do restart_sync "$node"; done
	t "certificates: etcd is there" wait_for etcdctl_of a endpoint health
	use a 44 44
	everywhere "a lease passes" 2001:db8:2::2c
	sync_with other client
	once "another authority" "etcd does not answer: x509: certificate signed by unknown authority"
	sync_with ca foreign
	once "a certificate of another authority" "maybe it refuses the certificate of this node (see etcdctl endpoint health, and the certificates in"
	sync_with ca expired
	once "an expired certificate" "etcd does not answer: the certificate $T/tls/expired.pem has expired"
	sync_with ca missing
	once "no certificate" "etcdctl cannot use a certificate: open $T/tls/missing.pem: no such file or directory (user root; see"
	use a 45 45
	t "translation goes on" test -n "$(lease_at a 2001:db8:2::2d)"
	sync_with ca client
	everywhere "the right certificate: the lease arrives" 2001:db8:2::2d
fi
same "no address has two hosts" "" "$(twice)"

finish

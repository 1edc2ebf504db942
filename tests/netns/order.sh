#!/usr/bin/env bash
# Packets of a flow leave in the order they came, once each, and so do the fragments of a datagram.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need ss
topology
config 'map 192.168.255.77 2001:db8:1::2' >"$T/conf"
start_nat64d || finish
# A busy machine may stop the daemon for a moment: nothing is to be lost then.
ip -n "$R" link set nat64 txqueuelen 10000

# start_receive NAMESPACE PORT FLOWS COUNT: the receiver's process in $job, its words in $T/PORT.
start_receive() {
	ip netns exec "$1" python3 "$here/order.py" receive "$2" "$3" "$4" </dev/null >"$T/$2" 2>&1 &
	job=$!
	wait_for listening "$1" -u "$2"
}

# start_watch NAMESPACE DEVICE FAMILY COUNT: likewise for fragments; its words in $T/watch.
start_watch() {
	: >"$T/watch" # no word of the one before
	ip netns exec "$1" python3 "$here/order.py" fragments "$2" "$3" "$4" </dev/null >"$T/watch" 2>&1 &
	watch=$!
	wait_for grep -q ready "$T/watch"
}

from_client() { in_client python3 "$here/order.py" send "$GOOGLE" "$@" 2001:db8:2::; }
from_server() { in_server python3 "$here/order.py" send 192.168.255.77 "$@"; }

# Both directions at once: what is sent in one must not push aside what goes the other way.
start_receive "$S" 5011 8 1000
to_server=$job
start_receive "$C" 5012 8 1000
to_client=$job
from_client 5011 8 1000 16 1200 &
sender=$!
from_server 5012 8 1000 16 1200
wait "$sender"
wait "$to_server" "$to_client"
same "6->4: 8 hosts, 1000 datagrams each, in order and once" "in order" "$(cat "$T/5011")"
same "4->6: 8 flows, 1000 datagrams each, in order and once" "in order" "$(cat "$T/5012")"

# Fragments that their sender made.
start_receive "$S" 5013 3 60
start_watch "$S" wan 4 180
from_client 5013 3 60 4000 8000
wait "$job" "$watch"
same "6->4: datagrams in fragments, in order and once" "in order" "$(cat "$T/5013")"
same "6->4: their fragments, in order" "$(printf 'ready\nin order')" "$(cat "$T/watch")"

# Fragments that are cut once more.
start_receive "$C" 5014 3 60
start_watch "$C" lan 6 180
from_server 5014 3 60 4000 8000
wait "$job" "$watch"
same "4->6: datagrams in fragments, in order and once" "in order" "$(cat "$T/5014")"
same "4->6: their fragments, cut again, in order" "$(printf 'ready\nin order')" "$(cat "$T/watch")"

stops "TERM: exit status 0"
finish

#!/usr/bin/env bash
# The filter on the device without tcx links: added, found again and removed, next to filters of other programs.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
FILTER=${FILTER:-$(dirname "$NAT64D")/tests/linux/filter_tc}
need tc setpriv
[ -x "$FILTER" ] || skip_all "needs $FILTER"
topology

# filter VERB...: on the device.
filter() { in_router "$FILTER" nat64 "$@"; }

qdiscs() { tc -n "$R" qdisc show dev nat64; }
egress() { tc -n "$R" filter show dev nat64 egress; }
ours() { egress | grep -c ' nat64d direct-action '; }

# other ARGUMENT...: a filter of somebody else.
other() { tc -n "$R" filter add dev nat64 "$@"; }

# others: what there is on the device that is not ours, without the heads of priorities.
others() {
	tc -n "$R" filter show dev nat64 ingress
	egress | grep -v -e ' nat64d ' -e ' bpf chain 0 $'
}

# order: the priorities, each with the kinds of its filters; ours with its name.
order() { egress | sed -n 's/.* pref \([0-9]*\) \(bpf\|u32\) chain 0 handle [^ ]* \(nat64d\)\{0,1\}.*/\1 \2 \3/p; s/.* pref \([0-9]*\) u32 chain 0 $/\1 u32/p' | sed 's/ $//' | paste -sd ,; }

# A device that has seen nobody's filter.
fresh() {
	ip -n "$R" link del nat64 2>/dev/null
	ip -n "$R" tuntap add dev nat64 mode tun
	ip -n "$R" link set nat64 up
}

fresh
found=$(filter detach)
[ $? -ne 77 ] || skip_all "$found"
same "a device without clsact: nothing to remove" 0 "$found"
t "and none was made for that" fails grep -q clsact <<<"$(qdiscs)"
t "attach" filter attach
shows "clsact is there" "qdisc clsact ffff:" qdiscs
same "the filter is there" 1 "$(ours)"
shows "for all protocols, with a priority that the kernel chose" "filter protocol all pref 49152 bpf chain 0 handle 0x1 nat64d" egress
same "not on ingress" "" "$(tc -n "$R" filter show dev nat64 ingress)"
same "detach" 1 "$(filter detach)"
same "it is gone" "" "$(egress)"
shows "clsact stays" "qdisc clsact ffff:" qdiscs
same "detach again: nothing" 0 "$(filter detach)"
t "attach where clsact is" filter attach
same "the filter is there again" 1 "$(ours)"
t "attach twice" filter attach
same "two filters" 2 "$(ours)"
same "detach removes both" 2 "$(filter detach)"
same "none is left" "" "$(egress)"

# Whatever a filter of somebody else may be like: one of them even shares our priority.
fresh
tc -n "$R" qdisc add dev nat64 clsact
nothing=(bpf bytecode '1,6 0 0 0,')
other egress pref 1 protocol ip u32 match ip protocol 17 0xff flowid 1:1
other egress pref 2 protocol all "${nothing[@]}"
other egress pref 65535 protocol all "${nothing[@]}"
other ingress protocol all "${nothing[@]}"
before=$(others)
same "filters of other people" "1 u32,2 bpf,65535 bpf" "$(order)"
same "beside them: nothing to remove" 0 "$(filter detach)"
t "beside them: attach" filter attach
same "theirs are as they were" "$before" "$(others)"
same "behind those with a low priority, before the others" "1 u32,2 bpf,65534 bpf nat64d,65535 bpf" "$(order)"
other egress pref 65534 protocol all handle 7 "${nothing[@]}"
before=$(others)
t "attach again" filter attach
same "before all those that the kernel chose" "1 u32,2 bpf,65533 bpf nat64d,65534 bpf,65534 bpf nat64d,65535 bpf" "$(order)"
same "detach: both" 2 "$(filter detach)"
same "theirs are left alone" "$before" "$(others)"
same "ours are gone" "1 u32,2 bpf,65534 bpf,65535 bpf" "$(order)"

# A start takes away what an earlier daemon has left.
fresh
filter attach
config 'fast-path off' >"$T/conf"
start_nat64d && t "packets pass" wait_for ping6 "$GOOGLE"
same "and it is gone: it was an earlier daemon's" 0 "$(ours)"
t "one that is attached later stays" filter attach
t "and is in nobody's way" ping6 "$GOOGLE"
stop_nat64d
same "a persistent device keeps it" 1 "$(ours)"

# By the daemon's own action, as the units have it at each stop.
remove() { in_router "$NAT64D" --rmfilter -c "$T/conf" 2>&1; }
filter attach
shows "--rmfilter without rights" "tun-device nat64: tc filter nat64d: Operation not permitted (this needs root or CAP_NET_ADMIN)" \
	in_router setpriv --bounding-set=-net_admin "$NAT64D" --rmfilter -c "$T/conf"
t "fails" fails in_router setpriv --bounding-set=-net_admin "$NAT64D" --rmfilter -c "$T/conf"
same "and the filters are there still" 2 "$(ours)"
same "--rmfilter" "nat64d: tun-device nat64: tc filter nat64d removed" "$(remove)"
same "they are gone" 0 "$(ours)"
same "again: not a word" "0" "$(remove && echo $?)"
echo nonsense >>"$T/conf"
same "nor about mistakes of the configuration" "0" "$(remove && echo $?)"

# What cannot be done.
fresh
filter attach
shows "no rights: detach" "Operation not permitted" filter drop detach
same "and the filter is there still" 1 "$(ours)"
shows "no rights: attach" "nat64: clsact qdisc: not permitted (this needs root or CAP_NET_ADMIN)" filter drop attach
fresh
same "no rights and no filter: nothing to remove" 0 "$(filter drop detach)"
tc -n "$R" qdisc add dev nat64 ingress
other ingress protocol all "${nothing[@]}"
shows "an ingress qdisc in the place of clsact: attach" \
	"nat64: clsact qdisc: an ingress qdisc occupies its place (tc qdisc del dev nat64 ingress)" filter attach
same "detach: nothing" 0 "$(filter detach)"
shows "it stays" "qdisc ingress ffff:" qdiscs
shows "and its filter" "bytecode" tc -n "$R" filter show dev nat64 ingress
ip -n "$R" link del nat64
config >"$T/conf"
same "no such device: --rmfilter says nothing" "0" "$(remove && echo $?)"
shows "no such device: attach" "the device no longer exists" filter attach
same "no such device: detach" 0 "$(filter detach)"
finish

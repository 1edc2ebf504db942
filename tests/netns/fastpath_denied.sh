#!/usr/bin/env bash
# If there is no fast path because of missing rights, the kernel, or a filter of system calls, one line reports it, and the
# daemon works without it.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need setpriv socat sha256sum ss unshare
topology
need_fast_path
real=$NAT64D
NAT64D=$T/wrapped
head -c 1000000 /dev/urandom >"$T/a"
head -c 1000001 /dev/urandom >"$T/b"

# by COMMAND...: sets the command that runs nat64d from now on.
by() {
	printf '#!/bin/sh\nexec %s %s "$@"\n' "$*" "$real" >"$T/wrapped"
	chmod 755 "$T/wrapped"
}
words() { sed -n "$1,\$s/^nat64d: \(fast-path: .*\)/\1/p" "$LOG"; }

# denied NAME WORDS [tcp]: ok if the only message about it matches WORDS, an extended regular expression, and traffic passes
# through the daemon.
denied() {
	local name=$1 from said
	from=$(since)
	start_nat64d || return
	wait_for said "$from" 'fast-path: '
	said=$(words "$from")
	if [[ $said =~ ^"fast-path: off, nat64d translates every packet itself: "$2$ && $said != *$'\n'* ]]; then
		ok "$name: one line"
	else
		not_ok "$name: one line" "wanted: $2" "found:  $said"
	fi
	mark
	t "$name: pings" in_client ping -6 -q -n -i 0.01 -W 2 -c 20 "$GOOGLE"
	[ $# -eq 2 ] || exchange "$name: TCP" "$S" TCP4-LISTEN "$C" "TCP6:[$GOOGLE]"
	same "$name: all by the daemon" 0 "$(below)"
	stops "$name: exit status 0"
}

forbid="python3 $here/forbid.py"
right='not permitted \(nat64d needs CAP_BPF and CAP_NET_ADMIN at the start, and its container or system call filter must allow bpf\)'
config 'map 192.168.255.77 2001:db8:1::2' >"$T/conf"

by "$forbid EPERM all"
denied "bpf is forbidden" "its tables: $right" tcp
by "$forbid ENOSYS all"
denied "a kernel without bpf" "its tables: this kernel does not support bpf"
by "$forbid EPERM 5"
denied "programs are forbidden" "its program: $right"
by "$forbid ENOMEM 0"
denied "no memory for tables" "its tables: Cannot allocate memory"
by "$forbid EPERM 28"
denied "links are forbidden" "attaching it to the device: $right"
by "$forbid EPERM 10"
denied "no program can be tried" 'its self-test failed: Operation not permitted'
by "$forbid EINVAL 26"
denied "a kernel that takes no batches" 'its self-test failed: Invalid argument'
by "setpriv --bounding-set=-bpf,-sys_admin"
denied "without CAP_BPF" "its tables: $right" tcp
by "setpriv --bounding-set=-bpf,-sys_admin prlimit --memlock=0"
denied "nor memory to lock" "its tables: $right"

# fine NAME [OPTION...]: ok if it is on and the kernel translates packets.
fine() {
	local name=$1 from
	shift
	from=$(since)
	start_nat64d "$@" || return
	wait_for said "$from" 'fast-path: '
	same "$name: it is on" "fast-path: on, 65536 pairs of addresses" "$(words "$from")"
	t "$name: packets go below" known ping6 "$GOOGLE"
	stops "$name: exit status 0"
}
by "setpriv --bounding-set=-all,+bpf,+net_admin,+dac_override"
fine "with CAP_BPF and CAP_NET_ADMIN"
by "prlimit --memlock=0"
fine "without memory to lock"
by ""
chown -R nobody "$T/data"
fine "as another user, who has no rights" --user nobody
same "and it said nothing of pairs" "" "$(grep 'takes no pairs' "$LOG")"

# --- a separate user namespace ----------------------------------------------------------------------------------------

config 'tun-setup yes' 'tun-ip 2001:db8:77::1/64' | sed '/^data-dir/d' >"$T/conf"
cat >"$T/inside" <<-END
	ip link set lo up
	sysctl -qw net.ipv6.conf.default.accept_dad=0
	"$real" --nodetach --stdout -c "$T/conf" >"$T/inside.log" 2>&1 &
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		sleep 0.2
		ping -6 -n -c 3 -i 0.1 -W 1 $OWN6 && break
	done
	kill %1
	wait %1
	echo "status \$?"
END
if unshare -Urn true 2>/dev/null; then
	out=$(timeout 20 unshare -Urn bash "$T/inside" 2>&1)
	same "in a namespace of users: one line" "off, nat64d translates every packet itself: its tables: not permitted" \
		"$(sed -n 's/^nat64d: fast-path: \(.*not permitted\) .*/\1/p' "$T/inside.log")"
	t "in a namespace of users: it answers" grep -q ' 0% packet loss' <<<"$out"
	t "in a namespace of users: exit status 0" grep -q '^status 0' <<<"$out"
else
	skip "in a namespace of users" "may not make one"
fi
finish

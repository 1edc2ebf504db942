#!/usr/bin/env bash
# The process keeps nothing of its caller, and hides its data from other processes: descriptors, memory, core dumps.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need setpriv
topology
config >"$T/conf"
mkdir "$T/outside"

# started COMMAND...: runs it in the router, a daemon that detaches, and sets PID.
started() {
	in_router timeout 10 "$@" >"$T/out" 2>&1 || return 1
	PID=$(cat "$T/pid")
	alive
}
keeper() { pgrep -P "$PID"; }
clean() { [ -z "$(foreign "$1")" ]; }

# What a process holds open that is a file of this test, or somebody else's pipe.
foreign() {
	find "/proc/$1/fd" -type l -printf '%l\n' | grep -E "^($T/(outside|a|b|c)|pipe:)" | sort | paste -sd ' '
}

# --- detached ---------------------------------------------------------------------------------------------------------

# A script that captures output reads until the last copy of its pipe is closed.
mkfifo "$T/pipe"
timeout 10 cat "$T/pipe" >/dev/null &
reader=$!
exec 5>"$T/pipe"
started "$NAT64D" -c "$T/conf" --pidfile "$T/pid" >&5 2>&5
same "detaching: exit status 0" 0 $?
exec 5>&-
wait "$reader"
same "a script that captures its output goes on" 0 $?
# The pipe by which it has told that it runs is closed a moment after that.
wait_for clean "$PID"
same "the daemon holds nothing of its caller" "" "$(foreign "$PID")"
same "nor does the process that syncs" "" "$(foreign "$(keeper)")"
set_routes
t "traffic passes" wait_for ping6 "$GOOGLE"
stop_nat64d

touch "$T/a" "$T/b" "$T/c"
# shellcheck disable=SC2016 # the shell there expands it
started bash -c 'exec "$@" 3<"$0/a" 7<"$0/outside" 250<"$0/b"' "$T" "$NAT64D" -c "$T/conf" --chroot --pidfile "$T/pid"
same "into a chroot: exit status 0" 0 $?
wait_for clean "$PID"
same "nothing leads out of it" "" "$(foreign "$PID")"
same "nor from the process that syncs" "" "$(foreign "$(keeper)")"
stop_nat64d

# --- in the foreground ------------------------------------------------------------------------------------------------

# up COMMAND...: runs it in the router, a daemon in the foreground whose process id is that of the command.
up() {
	ip netns exec "$R" "$@" </dev/null >>"$LOG" 2>&1 3<"$T/a" 4<"$T/b" 5<"$T/c" 6<"$T/outside" &
	PID=$!
	wait_for keeper
}
up "$NAT64D" --nodetach -c "$T/conf"
same "in the foreground: nothing is left open either" "" "$(foreign "$PID")"
stop_nat64d
# shellcheck disable=SC2016 # the shell there expands it
up sh -c 'export LISTEN_PID=$$ LISTEN_FDS=2 && exec "$@"' sh "$NAT64D" --nodetach -c "$T/conf"
same "what a service manager hands over stays" "$T/a $T/b" "$(foreign "$PID")"
same "but not with the process that syncs" "" "$(foreign "$(keeper)")"
stop_nat64d
up env LISTEN_PID=1 LISTEN_FDS=2 "$NAT64D" --nodetach -c "$T/conf"
same "what it has handed to another process does not" "" "$(foreign "$PID")"
stop_nat64d
# A configuration from a descriptor of the caller is read first.
# shellcheck disable=SC2016 # the shell there expands it
up bash -c 'exec "$@" 9<"$0"' "$T/conf" "$NAT64D" --nodetach -c /dev/fd/9
t "the configuration comes from a descriptor: it runs" alive
same "which is closed then" "" "$(find "/proc/$PID/fd" -lname "$T/conf")"
same "no core dump of it" "Max core file size 0 0" "$(sed -n 's/^\(Max core file size\) *\([0-9a-z]*\) *\([0-9a-z]*\).*/\1 \2 \3/p' "/proc/$PID/limits")"
stop_nat64d

# --- another process of the same user ---------------------------------------------------------------------------------

# peek PID: what user nobody can have of it: the names of what opens.
peek() {
	local file
	for file in maps mem environ fd/0; do
		# shellcheck disable=SC2016 # the shell there expands it
		setpriv --reuid nobody --clear-groups sh -c ': <"$0"' "/proc/$1/$file" 2>/dev/null && echo "$file"
	done | paste -sd ' '
}

chown -R nobody "$T/data"
chmod 644 "$T/conf"
setpriv --reuid nobody --clear-groups sleep 60 &
other=$!
is_nobodys() { [ "$(stat -c %U "/proc/$1/environ")" = nobody ]; }
wait_for is_nobodys $other
same "nobody sees the memory of a process of nobody's" "maps mem environ fd/0" "$(peek $other)"
kill $other
mknod "$T/tun" c 10 200 && chmod 666 "$T/tun" # as udev makes it, whatever this machine has
# As the unit starts it: never root, with one right.
# shellcheck disable=SC2016 # the shell there expands it
up sh -c 'mount --bind "$0/tun" /dev/net/tun && exec setpriv --reuid nobody --clear-groups --inh-caps +net_admin \
	--ambient-caps +net_admin "$1" --nodetach --stdout -c "$0/conf"' "$T" "$NAT64D"
# What `up' has waited for may have been mount, which is a child of PID as well.
wait_for link_exists nat64
set_routes
t "a user with CAP_NET_ADMIN: traffic passes" wait_for ping6 "$GOOGLE"
same "but not that of nat64d" "" "$(peek "$PID")"
same "nor that of the process that syncs" "" "$(peek "$(keeper)")"
stops "TERM: exit status 0"
start_nat64d --user nobody
t "--user: traffic passes" ping6 "$GOOGLE"
same "and nobody sees its memory" "" "$(peek "$PID")"
same "nor that of the process that syncs" "" "$(peek "$(keeper)")"
stops "TERM: exit status 0"

# --- core dumps -------------------------------------------------------------------------------------------------------

# dumped COMMAND...: runs it in the router without a limit on core files, and kills it with SIGABRT once $T/go exists.
dumped() {
	rm -f "$T/go" "$T"/core* # the kernel never dumps over a file
	(ulimit -c unlimited && cd "$T" && exec ip netns exec "$R" python3 "$here/killed.py" "$T/go" "$@") >"$T/killed" 2>>"$LOG" </dev/null &
	killer=$!
}
has_child() { PID=$(pgrep -P "$killer"); }

dumped sleep 60
touch "$T/go" && wait $killer
if [ "$(cat "$T/killed")" = "signal 6, core dumped" ]; then
	chmod 1777 "$T"
	# shellcheck disable=SC2016 # the shell there expands it
	dumped sh -c 'mount --bind "$0/tun" /dev/net/tun && exec setpriv --reuid nobody --clear-groups --inh-caps +net_admin \
		--ambient-caps +net_admin "$1" --nodetach --stdout -c "$0/conf"' "$T" "$NAT64D"
	wait_for has_child && wait_for link_exists nat64 && wait_for keeper
	set_routes
	t "traffic passes" wait_for ping6 "$GOOGLE"
	same "no memory of it gets into a core file that root makes" 00000000 "$(cat "/proc/$PID/coredump_filter")"
	same "nor of the process that syncs" 00000000 "$(cat "/proc/$(keeper)/coredump_filter")"
	where=$(python3 "$here/secrets.py" "$PID" "$T/data/pool.key")
	t "the secret of the pool is in memory" grep -q both <<<"$where"
	same "and no copy is left on the stack, or as text" "" "$(grep -E 'stack|text' <<<"$where")"
	touch "$T/go" && wait $killer
	same "ABRT: no core is dumped" "signal 6" "$(tail -n 1 "$T/killed")"
else
	skip "core dumps" "this machine dumps none: $(cat "$T/killed")"
fi
finish

#!/usr/bin/env bash
# The sandbox: what it shows, what still works in it, kernels that lack parts of it, and, in a build with the command test-call,
# that forbidden calls fail in the daemon and in the keeper.
# shellcheck disable=SC2317 # functions for wait_for and t
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need setpriv ss unshare nsenter
# built WITH: succeeds if configure has set this for the daemon.
built() { grep -qs "^#define $1 1" "$(dirname "$NAT64D")/config.h"; }
! built SANDBOX_UNFIT || skip_all "built with tools that need other system calls"
topology
# shellcheck source=tests/netns/ctl.sh
. "$here/ctl.sh"
mkdir "$T/maps"
: >"$LOG"
real=$NAT64D

keeper() { pgrep -P "$PID"; }
# state PROCESS: prints what the kernel shows about it.
state() { sed -n 's/^\(NoNewPrivs\|Seccomp\):[[:space:]]*/\1 /p' "/proc/$1/status" | paste -sd ' '; }
box() { ctl status --json | json "it['sandbox']"; }
says_line() { ctl status | sed -n 's/^sandbox *//p'; }
# under LINE...: starts the daemon with these lines, and sets FROM.
under() {
	FROM=$(since)
	config 'map-file '"$T/maps/file" 'lease-log 30' "$@" >"$T/conf"
	# shellcheck disable=SC2119 # no options
	start_nat64d && wait_for ctl status
}
violations() { said "$FROM" 'forbidden system call'; }

# --- what it shows ----------------------------------------------------------------------------------------------------

echo 'map 192.168.255.70 2001:db8:1::70' >"$T/maps/file"
under || finish
inside="NoNewPrivs 1 Seccomp 2"
serve_udp
same "the daemon has a filter" "$inside" "$(state "$PID")"
same "the keeper too" "$inside" "$(state "$(keeper)")"
whole=$(box)
abi=$(ctl status --json | json "it['sandbox']['landlock']")
same "status: all is in effect" "{'mode': 'auto', 'seccomp': True, 'landlock': $abi, 'helper': True}" "$whole"
if [ "$abi" -gt 0 ]; then
	same "in words" "seccomp, Landlock ABI $abi" "$(says_line)"
	same "nothing is said to be missing" "" "$(said "$FROM" 'sandbox: ')"
else
	skip "in words" "this kernel has no Landlock"
	skip "nothing is said to be missing" "this kernel has no Landlock"
fi
t "traffic passes" ping6 "$GOOGLE"

# --- what still works -------------------------------------------------------------------------------------------------

# replace FILE: puts standard input in its place, as editors do.
replace() { cat >"$1.new" && mv "$1.new" "$1"; }
maps() { ctl maps | awk '{ print $1 }' | paste -sd ' '; }
{ cat "$T/conf" && echo 'map 192.168.255.77 2001:db8:1::77'; } | replace "$T/conf"
t "a reload after the configuration was replaced" ctl reload
shows "and it is in effect" 192.168.255.77 maps
echo 'map 192.168.255.71 2001:db8:1::71' | replace "$T/maps/file"
t "a reload after the map-file was replaced" ctl reload
shows "and it is in effect" 192.168.255.71 maps
echo 'no such line' | replace "$T/maps/file"
t "a reload that is refused" fails ctl reload
echo 'map 192.168.255.71 2001:db8:1::71' | replace "$T/maps/file"
t "and one that is accepted" ctl reload

hosts 3 >"$T/leases"
lease=$(sed -n '1s/.* //p' "$T/leases")
while read -r words; do
	# shellcheck disable=SC2086 # words
	t "nat64ctl $words" ctl $words
done <<-END
	config
	counters --explain
	drain on
	drain off
	explain 2001:db8:1::2 $GOOGLE
	history
	leases
	leases --json
	log lease
	log none
	maps
	metrics --openmetrics
	networks
	who $lease
	pin $lease
	unpin $lease
	demote 192.168.255.0/24 1
	promote 192.168.255.0/24 2
	release $lease
	setup
	status
	top -n 3
END
ctl health >/dev/null 2>&1
timeout 1 ip netns exec "$R" "$NAT64CTL" -s "$SOCKET" watch >/dev/null 2>&1
timeout 1 ip netns exec "$R" "$NAT64CTL" -s "$SOCKET" trace >/dev/null 2>&1
t "the daemon goes on" alive
same "no call was forbidden" "" "$(violations)"

before=$(keeper)
kill -9 "$before"
another() { [ -n "$(keeper)" ] && [ "$(keeper)" != "$before" ]; }
hosts 9 >/dev/null
t "the keeper was killed: there is another one" wait_for another
wait_for [ "$(state "$(keeper)")" = "$inside" ]
same "which has a filter" "$inside" "$(state "$(keeper)")"
same "and status knows" "$whole" "$(box)"
on_record() { [ "$(grep -c '^192' "$T/data/dynamic.map")" -ge 9 ]; }
t "which writes leases" wait_for on_record

rm "$SOCKET"
kill -HUP "$PID"
t "the control socket was removed: a reload makes it again" wait_for ctl status
stops "TERM: exit status 0"
t "the lease file was rewritten" grep -q '^192.*2001:db8:2::9' "$T/data/dynamic.map"
same "no call was forbidden" "" "$(violations)"

# A directory of the same name is another one to Landlock.
if [ "$abi" -gt 0 ]; then
	under
	mv "$T/data" "$T/old"
	cp -r "$T/old" "$T/data"
	hosts 12 >/dev/null
	t "data-dir was made anew: one line asks for a restart" wait_for said "$FROM" 'data-dir .*anew: restart'
	sleep 2.2
	same "one line" 1 "$(said "$FROM" 'anew: restart' | wc -l)"
	t "packets pass" ping6 "$GOOGLE"
	stop_nat64d
	# The root of each tmpfs has the same inode number.
	mount_data() { nsenter -t "$1" -m -r mount -t tmpfs none "$T/data"; }
	rm -rf "$T/old"
	mkdir "$T/tmpfs"
	mv "$T/data/"* "$T/tmpfs/"
	FROM=$(since)
	ip netns exec "$R" unshare -m sh -c 'mount -t tmpfs none "$1" && exec "$0" --nodetach --stdout -c "$2"' "$NAT64D" "$T/data" \
		"$T/conf" </dev/null >>"$LOG" 2>&1 &
	PID=$!
	wait_for said "$FROM" 'translating on' && set_routes && wait_for link_running nat64
	mount_data "$PID"
	hosts 12 >/dev/null
	t "another file system is mounted on data-dir: one line asks for a restart" wait_for said "$FROM" 'data-dir .*anew: restart'
	stop_nat64d
	mv "$T/tmpfs/"* "$T/data/"
	under
	hosts 12 >/dev/null
	on_record_all() { [ "$(grep -c '^192' "$T/data/dynamic.map")" -ge 12 ]; }
	t "after the restart leases are written" wait_for on_record_all
	same "no call was forbidden" "" "$(violations)"
	stop_nat64d
else
	for name in one two three four five six; do skip "data-dir was made anew: $name" "this kernel has no Landlock"; done
fi

# The service of the log is restarted, with another socket.
mkdir "$T/dev"
listen() {
	python3 -c 'import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
with open(sys.argv[2], "ab", 0) as f:
    while True:
        f.write(s.recv(9999) + b"\n")' "$T/dev/log" "$1" </dev/null >/dev/null 2>&1 &
	logger=$!
	CHILDREN+=" $logger"
	wait_for test -S "$T/dev/log"
}
listen "$T/first"
FROM=$(since)
# shellcheck disable=SC2016 # the shell there expands it
ip netns exec "$R" unshare -m sh -c 'for node in net/tun null urandom random; do
		mkdir -p "$(dirname "$0/$node")" && touch "$0/$node" && mount --bind "/dev/$node" "$0/$node"
	done
	mount --rbind "$0" /dev && exec "$1" --nodetach --syslog -c "$2"' "$T/dev" "$NAT64D" "$T/conf" </dev/null >>"$LOG" 2>&1 &
PID=$!
wait_for link_exists nat64 && set_routes
t "syslog: it is told of the start" wait_for grep -q 'translating on' "$T/first"
kill "$logger"
wait "$logger" 2>/dev/null
rm "$T/dev/log"
listen "$T/second"
ctl log reject >/dev/null
kill -HUP "$PID"
t "syslog was restarted: it is told of what follows" wait_for grep -q 'nat64d' "$T/second"
stops "TERM: exit status 0"
same "no call was forbidden" "" "$(cat "$T/first" "$T/second" | grep 'forbidden system call')"

under 'tun-setup yes'
ip -n "$R" link del nat64
t "the device was deleted: the daemon ends or waits" wait_for said "$FROM" 'nat64.*(deleted|gone|removed|lost|no longer)'
same "no call was forbidden" "" "$(violations)"
stop_nat64d

# --- the directive ----------------------------------------------------------------------------------------------------

under 'sandbox off'
same "off: no filter" "Seccomp 0" "$(state "$PID" | grep -o 'Seccomp.*')"
same "off: status" "{'mode': 'off', 'seccomp': False, 'landlock': 0" "$(box | sed "s/, 'helper.*//")"
same "off: in words" off "$(says_line)"
sed -i 's/^sandbox off/sandbox auto/' "$T/conf"
shows "a change needs a restart" restart sh -c 'exec "$@" 2>&1' sh ip netns exec "$R" "$NAT64CTL" -s "$SOCKET" reload
stop_nat64d
if [ "$abi" -gt 0 ]; then
	under 'sandbox strict'
	same "strict: all of it" "${whole/auto/strict}" "$(box)"
	t "strict: traffic passes" ping6 "$GOOGLE"
	stops "strict: TERM: exit status 0"
else
	for name in all traffic stop; do skip "strict: $name" "this kernel has no Landlock"; done
fi

# --- kernels that lack it ---------------------------------------------------------------------------------------------

# lacking WHAT ERROR: from now on, the daemon runs in such a kernel.
lacking() {
	printf '#!/bin/sh\nexec python3 %s %s %s %s "$@"\n' "$here/lacks.py" "$1" "$2" "$real" >"$T/wrapped"
	chmod 755 "$T/wrapped"
	NAT64D=$T/wrapped
}

# partly NAME STATUS LINE: one line says what is missing, status agrees, and traffic passes.
partly() {
	under || return
	same "$1: status" "$2" "$(box)"
	same "$1: in words" "$3" "$(says_line)"
	if [ -n "$4" ]; then
		same "$1: one line" 1 "$(said "$FROM" 'sandbox: ' | grep -cE "$4")"
		same "$1: no other" "" "$(said "$FROM" 'sandbox: ' | grep -vE "$4")"
	fi
	t "$1: traffic passes" ping6 "$GOOGLE"
	stops "$1: TERM: exit status 0"
}

# refused NAME: with `sandbox strict', the daemon does not start.
refused() {
	FROM=$(since)
	config 'sandbox strict' >"$T/conf"
	start_bare
	wait_for ended "$PID"
	wait "$PID"
	same "$1: strict: exit status 1" 1 $?
	shows "$1: strict: and why" "sandbox: incomplete" said "$FROM" 'sandbox: '
	PID=
}

lacking seccomp ENOSYS
partly "no seccomp" "{'mode': 'auto', 'seccomp': False, 'landlock': $abi, 'helper': False}" "Landlock ABI $abi" "seccomp: Function not implemented"
refused "no seccomp"
while read -r error words; do
	lacking landlock "$error"
	partly "Landlock: $error" "{'mode': 'auto', 'seccomp': True, 'landlock': 0, 'helper': True}" "seccomp" "Landlock: $words"
done <<-'END'
	ENOSYS this kernel has none
	EOPNOTSUPP it was not enabled at boot \(lsm=\)
	EPERM a container or a filter of system calls forbids it
END
refused "no Landlock"
lacking both ENOSYS
partly "neither" "{'mode': 'auto', 'seccomp': False, 'landlock': 0, 'helper': False}" "off" "seccomp: .*Landlock: "
refused "neither"
if [ "$abi" -gt 3 ]; then
	lacking rights EINVAL
	partly "Landlock that creates nothing" "{'mode': 'auto', 'seccomp': True, 'landlock': 0, 'helper': True}" "seccomp" "Landlock: "
	lacking newer EINVAL
	partly "Landlock that claims a newer ABI than it has" "{'mode': 'auto', 'seccomp': True, 'landlock': 3, 'helper': True}" "seccomp, Landlock ABI 3" ""
fi
NAT64D=$real

# --- forbidden calls --------------------------------------------------------------------------------------------------

under || finish
if ctl test-call 2>&1 | grep -q 'unknown command'; then
	skip "forbidden calls" "built without --enable-sandbox-test"
	finish
fi

# Each try and the system call that its line names.  Landlock says nothing.
tries="exec execve|inet-socket socket|read-outside|write-outside|bpf bpf|ptrace ptrace|mount mount|kill kill"

# fails_by NAME: the answer to test-call.
fails_by() {
	case $(ctl test-call "$@" 2>&1) in
	"1 Operation not permitted" | "13 Permission denied") return 0 ;;
	esac
	ctl test-call "$@" 2>&1
	return 1
}

while read -r -d '|' name call; do
	if [ -z "$call" ] && [ "$abi" -eq 0 ]; then
		skip "$name" "this kernel has no Landlock"
		continue
	fi
	for where in "" helper; do
		words="${where:+$where }$name"
		FROM=$(since)
		if built SANDBOX_KILL && [ -n "$call" ]; then
			old=$(keeper)
			ctl test-call $where "$name" >/dev/null 2>&1
			if [ -z "$where" ]; then
				wait_for ended "$PID"
				wait "$PID"
				same "$words: it is killed by SIGSYS" $((128 + 31)) $?
				PID=
				t "$words: one line names $call" said "$FROM" "sandbox: nat64d .*forbidden system call $call "
				under
			else
				other() { [ -n "$(keeper)" ] && [ "$(keeper)" != "$old" ]; }
				t "$words: the keeper is killed" wait_for ended "$old"
				hosts 9 >/dev/null
				t "$words: one line names $call" wait_for said "$FROM" "sandbox: the keeper .*forbidden system call $call "
				t "$words: another keeper follows" wait_for other
				ctl test-call $where nothing >/dev/null 2>&1 # the new one has answered
			fi
		else
			# shellcheck disable=SC2086 # none or one word
			t "$words: fails" fails_by $where "$name"
			[ -n "$call" ] || continue
			who=nat64d
			[ -z "$where" ] || who="the keeper"
			t "$words: one line names $call" wait_for said "$FROM" "sandbox: $who .*forbidden system call $call "
			ctl test-call $where "$name" >/dev/null 2>&1
			sleep 1.2
			same "$words: only one" 1 "$(said "$FROM" "forbidden system call $call " | wc -l)"
		fi
	done
done <<<"$tries|"
t "nothing was written outside" fails test -e /tmp/nat64d.test-call
t "traffic passes" ping6 "$GOOGLE"
stops "TERM: exit status 0"
if ! built SANDBOX_KILL; then
	under 'sandbox strict'
	ctl test-call exec >/dev/null 2>&1
	wait_for ended "$PID"
	wait "$PID"
	same "strict: a forbidden call kills it" $((128 + 31)) $?
	PID=
	t "strict: the line names it" said "$FROM" 'sandbox: nat64d .*forbidden system call execve '
fi
finish

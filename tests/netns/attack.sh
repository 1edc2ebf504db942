#!/usr/bin/env bash
# Clients that stall, flood, disconnect and send garbage at the same time delay no packet, and the daemon uses no more memory.
#
# A datagram passes the translator each millisecond and comes back.  Periods with and without the clients alternate, and the
# best one of each kind counts: other load on this machine disturbs only some of them, but the clients would disturb all.  If
# that is allowed, both ends and the daemon get a higher priority than the clients, which would otherwise take processor time
# from the daemon; this test is not about that.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need python3 chrt
topology
# shellcheck source=tests/netns/ctl.sh
. "$here/ctl.sh"
SPAN=${SPAN:-1} # seconds of each
TURNS=${TURNS:-4}


# A long list to ask for.
python3 -c 'import sys, time
for i in range(60000):
    print("10.9.%d.%d\t2001:db8:7::%x:%x\t%d" % (1 + i // 250, 1 + i % 250, i >> 8, i & 255, time.time()))' >"$T/data/dynamic.map"
config 'tun-setup yes' 'fast-path off' | sed 's|^dynamic-pool .*|dynamic-pool 10.9.0.0/16|' >"$T/conf"
start_bare
wait_for ctl status
first=""
! chrt -r 1 true 2>/dev/null || first="chrt -r 1"
[ -z "$first" ] || chrt -r -p 2 "$PID"
# shellcheck disable=SC2086 # words
ip netns exec "$S" $first python3 "$here/attack.py" echo 8.8.8.8 7007 &
disown
# shellcheck disable=SC2086
probe() { in_client $first python3 "$here/attack.py" probe "$GOOGLE" 7007 "$SPAN"; }
rss() { awk '/^VmRSS:/ { print $2 }' "/proc/$PID/status"; }
wait_for probe >/dev/null

# turns: writes lines "KIND PERCENTILE MAXIMUM LOST" to $T/turns.
turns() {
	local i attacking
	: >"$T/turns"
	for ((i = 0; i < TURNS; i++)); do
		echo "quiet $(probe)" >>"$T/turns"
		ip netns exec "$R" chrt -i 0 python3 "$here/attack.py" attack "$SOCKET" $((SPAN + 1)) >>"$T/attacks" &
		attacking=$!
		sleep 0.3
		echo "attacked $(probe)" >>"$T/turns"
		wait "$attacking"
	done
}

# best KIND COLUMN: prints the lowest value.
best() { awk -v kind="$1" -v column="$2" '$1 == kind && (n == "" || $column < n) { n = $column } END { print n }' "$T/turns"; }

# undisturbed: succeeds if the best percentile and the best maximum with the clients are at most 1 ms above those without.
undisturbed() {
	local column
	for column in 2 3; do
		[ "$(best attacked $column)" -le $(($(best quiet $column) + 1000)) ] || return
	done
}

# If a packet takes this long even in the best quiet period, the machine is too busy to measure a millisecond.
too_busy() { [ "$(best quiet 3)" -gt 5000 ]; }

before=$(rss)
for _ in 1 2 3; do
	turns
	undisturbed && break
done
echo "# us: quiet 99.9th percentile $(best quiet 2), maximum $(best quiet 3); attacked $(best attacked 2), $(best attacked 3);" \
	"steps of the clients, and failed: $(paste -sd ',' "$T/attacks")"
if undisturbed || ! too_busy; then
	t "no packet waits a millisecond longer" undisturbed
else
	skip "no packet waits a millisecond longer" "the machine is too busy to say"
fi
same "none is lost" 0 "$(best attacked 4)"
t "the clients did what they could" test "$(awk '{ n += $1 } END { print n }' "$T/attacks")" -gt 1000
after=$(rss)
# 32 clients with 64 KiB each, and memory that the C library keeps.
t "memory: $before KiB, $after KiB afterwards" test "$after" -lt $((before + 4096))
turns
again=$(rss)
t "and after as much again $again KiB" test "$again" -lt $((after + 256))
t "it listens" wait_for ctl status
t "and traffic passes" ping6 "$GOOGLE"
stops "TERM: exit status 0"

finish

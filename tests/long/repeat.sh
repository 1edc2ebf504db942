#!/usr/bin/env bash
# The tests that depend on time, repeated on a busy machine.
#
# They run LONG_ROUNDS (20) times, with two processes per processor that only use it: a test that passes by luck does not pass
# that often.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/../netns/lib.sh"
rounds=${LONG_ROUNDS:-20}
export CK_DEFAULT_TIMEOUT=${CK_DEFAULT_TIMEOUT:-300}
tests=(daemon/check_log lease/check_leasecrash lib/check_ratelimit daemon/check_service netns/order.sh netns/signals.sh netns/notify.sh netns/leases.sh
	netns/knobs.sh netns/large.sh netns/narrow.sh netns/host.sh netns/icmp_sources.sh)
SPACES=""
make_place
LOG=""
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

# Programs are in the directory of the daemon, scripts in that of this script.
built=$(cd "$(dirname "$NAT64D")" && pwd)
command_of() {
	case $1 in
	*.sh) echo "bash $here/../$1" ;;
	*) echo "$built/tests/$1" ;;
	esac
}

for ((i = 0; i < 2 * $(nproc); i++)); do
	(while :; do :; done) &
	CHILDREN+=" $!"
	disown
done

# one TEST: runs it with its output in $T/said; returns 1 if a point failed or the test did not finish.
one() {
	# shellcheck disable=SC2046 # words
	timeout 600 $(command_of "$1") </dev/null >"$T/said" 2>&1 && ! grep -q '^not ok' "$T/said" && grep -q '^1\.\.' "$T/said"
}

# repeat TEST: one point; each failure is printed.
repeat() {
	local bad=0 n
	for ((n = 1; n <= rounds; n++)); do
		if ! one "$1"; then
			bad=$((bad + 1))
			diag "$1, round $n: $(grep -A 12 '^not ok' "$T/said" || tail -n 5 "$T/said")"
		fi
		! grep -q '^1\.\.0 # SKIP' "$T/said" || break
	done
	if grep -q '^1\.\.0 # SKIP' "$T/said"; then
		skip "$1" "$(sed -n 's/^1\.\.0 # SKIP //p' "$T/said")"
	else
		same "$1: $rounds times on a busy machine, no failure" 0 $bad
	fi
}

for test in "${tests[@]}"; do
	case $test in
	*/check_*) [ -x "$built/tests/$test" ] || { skip "$test" "is not built: the Check library is missing" && continue; } ;;
	esac
	repeat "$test"
done
finish

#!/usr/bin/env bash
# The program in the kernel compared with the translator, by millions of random packets.
#
# It runs for LONG_MINUTES (30) with a new seed each time.  A difference prints the seed to repeat it:
# tests/linux/check_fastpath -s SEED -n 1000
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/../netns/lib.sh"
minutes=${LONG_MINUTES:-30}
packets=1000000

check=$(cd "$(dirname "$NAT64D")" && pwd)/tests/linux/check_fastpath
[ -x "$check" ] || skip_all "needs $check (make check)"
SPACES=""
make_place
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

"$check" -n 1 >"$T/said" 2>&1
! grep -q '^1\.\.0' "$T/said" || skip_all "$(sed -n 's/^1\.\.0 # SKIP //p' "$T/said")"

# Each configuration gets at most 400 packets, and the next seed.
seed=$((($(date +%s) % 1000000) * 1000000))
rounds=0
rc=0
end=$((SECONDS + minutes * 60))
while [ $rc -eq 0 ] && [ $SECONDS -lt $end ]; do
	"$check" -n $packets -s $seed >"$T/said" 2>&1
	rc=$?
	rounds=$((rounds + 1))
	seed=$((seed + packets))
done
diag "$rounds million packets"
[ $rc -eq 0 ] || diag "$(grep -v '^ok' "$T/said" | tail -n 12)"
same "after $minutes minutes nothing differs" 0 $rc
finish

#!/usr/bin/env bash
# Every call of the lease files and the history fails, or is the last one before a process is killed.
export CRASH_STEP=1
program=$(dirname "$NAT64D")/tests/lease/check_crashpoints
[ -x "$program" ] || { echo "1..0 # SKIP the Check library is missing" && exit 0; }
exec "$program"

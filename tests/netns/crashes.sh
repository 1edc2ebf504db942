#!/usr/bin/env bash
# A daemon that crashes repeatedly slows its restarts down, and does not fill the log.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need
topology
config 'tun-setup yes' >"$T/conf"
mkdir "$T/run"
export RUNTIME_DIRECTORY=$T/run

# The line about the fast path appears when it is loaded; a short run may end before that.
lines() { grep -vc fast-path: "$LOG"; }
# lines_of COMMAND...: prints how many lines it adds to the log.
lines_of() {
	local before
	before=$(lines)
	"$@" >/dev/null
	echo $(($(lines) - before))
}
life() { start_bare && wait_for link_running nat64 && wait_for ping6 "$GOOGLE" && stop_nat64d "$1"; }

told=$(lines_of life KILL)
t "the first process tells of itself" test "$told" -ge 2
for _ in 1 2 3 4 5 6 7 8 9; do life KILL; done
same "ten crashes: the next process says so" 1 "$(life KILL; grep -c '10 crashes in a row' "$LOG")"
same "those that follow within a minute say nothing" "0 0 0" "$(lines_of life KILL) $(lines_of life KILL) $(lines_of life KILL)"
# Measure from one start to the next, because the first one may have been delayed.
began=$(date +%s%N)
life KILL
life KILL
t "and leave a second between them" test $((($(date +%s%N) - began) / 1000000)) -ge 1000

# Simulate that a minute has passed.
read -r count started said <"$T/run/crashes"
echo "$count $started $((said - 61))" >"$T/run/crashes"
t "a minute later one tells of itself again" test "$(lines_of life KILL)" -ge "$told"
t "with how many there were" grep -q '16 crashes in a row' "$LOG"
echo "$count $((started - 61)) $said" >"$T/run/crashes"
same "one that lived for a minute: all is told as at first" "$told" "$(lines_of life KILL)"
life TERM
t "a good end: the crashes are forgotten" test ! -e "$T/run/crashes"
same "and all is told" "$told" "$(lines_of life KILL)"
echo nonsense >>"$T/conf"
start_bare
wait_for ended "$PID"
stop_nat64d
t "a start that fails is not one of them" test ! -e "$T/run/crashes"
unset RUNTIME_DIRECTORY
finish

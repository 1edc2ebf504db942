#!/usr/bin/env bash
# Restarts: hosts keep their addresses, however often the daemon is killed.
#
# The daemon is killed fifty times LONG_ROUNDS (20) while new and old hosts send.  A host that got an answer at an address keeps
# the address, and no other host gets it.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/../netns/lib.sh"
need ss
topology
rounds=$((50 * ${LONG_ROUNDS:-20}))
config >"$T/conf"
serve_udp
: >"$T/known"

# learn: adds $T/said to the known addresses; returns 1 and prints the differences if a host has another address than before.
learn() {
	: >"$T/known.new"
	grep -v none "$T/said" | awk -v out="$T/known.new" 'FILENAME != "-" { known[$1] = $2; next }
		$1 in known && known[$1] != $2 { print $1 " had " known[$1] " and has " $2; bad = 1 }
		{ known[$1] = $2 }
		END { for (host in known) print host, known[host] >out; exit bad }' "$T/known" -
	local status=$?
	mv "$T/known.new" "$T/known"
	return $status
}

moved="" failed_starts=0
for ((round = 0; round < rounds; round++)); do
	: >"$LOG"
	start_nat64d >"$T/start" || { failed_starts=$((failed_starts + 1)) && diag "round $round: $(cat "$T/start")"; }
	udp_in "$C" within 0.8 $((20 + round % 220)) "$GOOGLE" 5007 >"$T/said" 2>/dev/null &
	job=$!
	sleep "0.$(printf %03d $((RANDOM % 600)))"
	# Every fifth daemon is stopped cleanly.
	if [ $((round % 5)) -eq 4 ]; then stop_nat64d TERM; else stop_nat64d KILL; fi
	wait "$job"
	moved+=$(learn) || diag "round $round: $moved"
done
same "$rounds restarts: it has come up each time" 0 $failed_starts
same "$rounds restarts: no host has another address" "" "$moved"
start_nat64d || finish
hosts 239 | sort >"$T/said"
t "hosts have been answered in between" test "$(wc -l <"$T/known")" -gt 20
same "nor has it at the end" "" "$(learn)"
same "nor have two hosts the same" "" "$(awk '{ print $2 }' "$T/known" | sort | uniq -d)"
same "and all are answered" "239 0" "$(grep -vc none "$T/said") $(grep -c none "$T/said")"
stops "TERM: exit status 0"
finish

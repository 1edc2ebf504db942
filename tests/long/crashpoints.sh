#!/usr/bin/env bash
# Every call of the lease files and the history fails, or is the last one before a process is killed or the power fails.
#
# One process for each processor, or CRASH_PARTS of them, tests its part of the points.
# shellcheck source=tests/support/tap.sh
. "$(dirname "$0")/../support/tap.sh"
program=$(dirname "$NAT64D")/tests/lease/check_crashpoints
[ -x "$program" ] || { echo "1..0 # SKIP the Check library is missing" && exit 0; }
parts=${CRASH_PARTS:-$(nproc)}
said=$(mktemp -d) || exit 1
trap 'rm -r "$said"' EXIT

ldd "$program" 2>&1 | sed 's/^/# /'
pids=()
for ((part = 1; part <= parts; part++)); do
	CK_DEFAULT_TIMEOUT=3000 CRASH_STEP=1 CRASH_PART=$part/$parts "$program" >"$said/$part" 2>&1 &
	pids+=("$!")
done
trap 'kill "${pids[@]}"; exit 130' INT TERM HUP
for ((part = 1; part <= parts; part++)); do
	wait "${pids[part - 1]}"
	report $? "part $part of $parts: $(grep -c '^ok' "$said/$part") kinds of points pass" "$(grep -v '^ok' "$said/$part")"
done

# Each kind of points: all parts together have tested all of them.
sums() {
	sed -n 's/^# \(.*\): \([0-9]*\) of \([0-9]*\) points$/\1:\2:\3/p' "$said"/* |
		awk -F: '{ done[$1] += $2; all[$1] = $3 } END { for (k in all) printf "%d %d %s\n", done[k], all[k], k }' | sort -k 3
}
total=0
while read -r tested all kind; do
	[ "$all" -gt 0 ] && [ "$tested" -eq "$all" ]
	report $? "$kind: $tested of $all points"
	total=$((total + tested))
done < <(sums)
[ "$total" -gt 0 ]
report $? "$total points in all"
finish

#!/bin/sh
# coverage.sh NAME LEAST SOURCE... - prints a table of the lines and branches (outcomes of conditions) of each source that the
# tests ran, and the sum as NAME.  Fails if they ran less than LEAST percent of the lines.  Run it in the directory of the
# objects; $srcdir is the top of the source tree.
name=$1
least=$2
shift 2
for f; do
	case $f in
	*.c) gcov -b -n -o "${f%/*}" "${srcdir:-.}/$f" 2>/dev/null | sed "s|^|$f |" ;;
	esac
done | awk -v name="$name" -v least="$least" '
	function share(taken, n) { return n ? sprintf("%6.2f %% of %4d", 100 * taken / n, n) : "        none" }
	{
		source = $1
		sub(/^[^ ]* /, "")
	}
	/^File/ { mine = index($0, source) }
	mine && !(source in branches) && /^(Lines executed|Taken at least once):/ {
		split($0, part, /[:%]/)
		of = $NF
		taken = int(part[2] * of / 100 + 0.5)
		if (/^Lines/) {
			lines[source] = of
			run[source] = taken
			order[++n] = source
		} else {
			branches[source] = of
			went[source] = taken
		}
	}
	END {
		for (i = 1; i <= n; i++) {
			s = order[i]
			printf "%-22s lines %s   branches %s\n", s, share(run[s], lines[s]), share(went[s], branches[s])
			all += lines[s]
			all_run += run[s]
			ways += branches[s]
			ways_went += went[s]
		}
		printf "%-22s lines %s   branches %s\n\n", name, share(all_run, all), share(ways_went, ways)
		if (all == 0 || 100 * all_run < least * all) {
			printf "%s: the tests must run %s %% of the lines\n", name, least
			exit 1
		}
	}'

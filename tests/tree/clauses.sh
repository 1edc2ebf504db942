#!/bin/sh
# tests/tree/CLAUSES and the tests agree: every row it names exists, every row of the translator's tables proves a clause of
# it, no name stands twice, and what an RFC demands has a row or a deviation.
#
# A row is "program: name": its name is the first string of a row of a table whose struct begins with `name', or, with
# () behind it, that of a START_TEST.  "netns/x: name" is a point of tests/netns/x.sh.  A * stands for anything.
srcdir=${srcdir:-.}
tests=$srcdir/tests

# The programs whose every row must prove a clause.
must="check_packet check_header check_icmp check_reply check_xlat check_xlat_4to6 check_xlat_6to4 check_xlat_error
	check_addr check_map check_csum check_clauses"

awk -v must="$must" '
	function point(ok, name, why) {
		printf "%s %d - %s%s\n", ok ? "ok" : "not ok", ++points, name, ok ? "" : ":"
		if (!ok)
			printf "%s", why
		failed += !ok
	}
	function escaped(s) { gsub(/[][()+?.|^$\\{}\/]/, "\\\\&", s); gsub(/\*/, ".*", s); return "^" s "$" }

	# Marks what WHAT stands for as proven; how many rows that are.
	function prove(what,    re, row, n) {
		if (what !~ /\*/) {
			proven[what] = 1
			return what in rows
		}
		re = escaped(what)
		for (row in rows)
			if (row ~ re) {
				proven[row] = 1
				n++
			}
		return n
	}
	function add(name) {
		if (rows[program ": " name]++ && program in all)
			twice = twice "#   " program ": " name "\n"
	}
	BEGIN {
		n = split(must, list)
		for (i = 1; i <= n; i++)
			all[list[i]] = 1
	}

	FNR == 1 {
		program = FILENAME
		sub(/.*\/tests\//, "", program)
		sub(/\.[a-z]+$/, "", program)
		if (program !~ /^netns\//)
			sub(/.*\//, "", program)
		if (program == "conf_rows")
			program = "check_conf"
		is_netns = program ~ /^netns\//
		is_clauses = program == "CLAUSES"
		table = 0
	}

	# --- the namespace tests: whatever is quoted may be the name of a point
	is_netns {
		n = split($0, word, "\"")
		for (i = 2; i <= n; i += 2)
			rows[program ": " word[i]] = 1
		next
	}

	# --- the clauses
	is_clauses && (/^#/ || /^$/) { next }
	is_clauses && /^    / { next }
	is_clauses && /^\tdeviation: ./ { deviation[clauses] = 1; deviations[rfc]++; next }
	is_clauses && /^\t[a-z0-9_\/]+: ./ {
		ref[++refs] = substr($0, 2)
		of[refs] = clauses
		next
	}
	is_clauses && $3 ~ /^(MUST|SHOULD|MAY|own)$/ && NF > 3 && /^[a-z0-9]/ {
		rfc = $1
		clause[++clauses] = $0
		strength[clauses] = $3
		if (!(rfc in seen)) {
			seen[rfc] = 1
			order[++rfcs] = rfc
		}
		count[rfc, $3]++
		total[$3]++
		next
	}
	is_clauses { odd = odd "#   line " FNR ": " $0 "\n"; next }

	# --- the tables of the C tests
	/^(static const )?struct( [a-z0-9_]+)? \{$/ {
		tag = $(NF - 1) == "struct" ? "-" : $(NF - 1)
		named[tag] = 0
	}
	/^\tconst char \*name[,;]/ { named[tag] = 1 }
	/^\tconst struct rig_row \*row;/ { named[tag] = 0 }
	/\[\] = \{$/ { table = named[/^}/ ? tag : $4] }
	/^};/ { table = 0 }
	table && /^\t\{"/ || /^\tROW\("/ { split($0, word, "\""); add(word[2]) }
	/^START_TEST\(/ { split($0, word, /[()]/); add(word[2] "()") }

	END {
		for (i = 1; i <= refs; i++) {
			if (!prove(ref[i]))
				missing = missing "#   " ref[i] "\n"
			rows_of[of[i]]++
		}
		for (row in proven)
			proofs++
		for (row in rows)
			if ((substr(row, 1, index(row, ":") - 1) in all) && !(row in proven) && row !~ /\(\)$/)
				loose = loose "#   " row "\n"
		for (i = 1; i <= clauses; i++)
			if (!rows_of[i] && !deviation[i])
				bare = bare "#   " clause[i] "\n"

		point(odd == "" && clauses > 0, "CLAUSES is well formed", odd)
		point(twice == "", "no two rows of a program have the same name", twice)
		point(missing == "", "every row that CLAUSES names exists", missing)
		point(loose == "", "every row of the translator proves a clause", loose)
		point(bare == "", "every clause has a row or a deviation", bare)
		for (i = 1; i <= rfcs; i++)
			printf "# %-5s %3d MUST %3d SHOULD %3d MAY %3d own %3d deviations\n", order[i], count[order[i], "MUST"],
				count[order[i], "SHOULD"], count[order[i], "MAY"], count[order[i], "own"], deviations[order[i]]
		printf "# all   %3d MUST %3d SHOULD %3d MAY %3d own: %d clauses, proven by %d rows and tests in %d references\n", total["MUST"],
			total["SHOULD"], total["MAY"], total["own"], clauses, proofs, refs
		printf "1..%d\n", points
		exit failed > 0
	}' "$tests/support/rig.h" "$tests"/*/check_*.c "$tests/conf/conf_rows.h" "$tests"/netns/*.sh "$tests/tree/CLAUSES"

#!/bin/sh
# tests/tree/CLAUSES and the tests agree: every row that it names exists, every row of the translator's tables proves one of its
# clauses, no name occurs twice, and every requirement of an RFC has a row or a deviation.  With --table, this script prints
# the clauses with the rows that prove them.
#
# A row is "program: name": its name is the first string of a row of a table whose struct begins with `name', or, with
# () after it, that of a START_TEST.  "netns/x: name" is a point of tests/netns/x.sh.
srcdir=${srcdir:-.}
tests=$srcdir/tests

# Each row of these programs must prove a clause.
must="check_packet check_header check_icmp check_reply check_xlat check_xlat_4to6 check_xlat_6to4 check_xlat_error
	check_xlat_policy check_addr check_map check_csum check_clauses"

awk -v must="$must" -v table_wanted="${1-}" '
	function point(ok, name, why) {
		printf "%s %d - %s%s\n", ok ? "ok" : "not ok", ++points, name, ok ? "" : ":"
		if (!ok)
			printf "%s", why
		failed += !ok
	}
	function escaped(s) { gsub(/[][()+?.|^$\\{}\/]/, "\\\\&", s); gsub(/\*/, ".*", s); return s }
	function program_of(row) { return substr(row, 1, index(row, ":") - 1) }
	function add(name,    word) {
		if (rows[program ": " name]++ && program in all)
			twice = twice "#   " program ": " name "\n"
		# A row begins with the clause that it proves.
		split(name, word, " ")
		named[word[1]] = named[word[1]] "\n" program ": " name
	}

	# Clause I is proven by ROW.
	function prove(i, row) {
		proven[row] = 1
		proofs_of[i] = proofs_of[i] "\t" row "\n"
	}

	# Returns how many rows of the tests match RE; all of them prove clause I.
	function prove_matching(i, re,    row, n) {
		for (row in rows)
			if (row ~ re) {
				prove(i, row)
				n++
			}
		return n + 0
	}

	# A reference without a program is to rows of the clause itself, or, where it is a test or begins with a clause, to
	# rows of any program.
	function prove_reference(i, ref,    re, any, word) {
		if (ref in rows) {
			prove(i, ref)
			return 1
		}
		re = escaped(ref) "$"
		if (ref ~ /^(check_|netns\/)[a-z0-9_]+: /)
			return prove_matching(i, "^" re)
		any = "^check_[a-z0-9_]+: "
		if (prove_matching(i, any escaped(tag[i] " ") re))
			return 1
		split(ref, word, /[ :]/)
		sub(/-[^-]*$/, "", word[1])
		return (word[1] in seen || word[1] == "rules" || ref ~ /\(\)$/) && prove_matching(i, any re)
	}

	# The rows that a clause names prove it; if it demands only one thing, naming them is optional.
	function prove_named(i,    row, n, j) {
		n = split(named[tag[i]], row, "\n")
		for (j = 2; j <= n; j++)
			if (demands[tag[i]] == 1)
				prove(i, row[j])
			else
				proven[row[j]] = 1
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

	# --- the namespace tests: every quoted text may be the name of a point
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
	is_clauses && /^\t[^ \t]/ {
		n = split(substr($0, 2), part, " [|] ")
		for (i = 1; i <= n; i++) {
			ref[++refs] = part[i]
			of[refs] = clauses
		}
		next
	}
	is_clauses && $3 ~ /^(MUST|SHOULD|MAY|own)$/ && NF > 3 && /^[a-z0-9]/ {
		rfc = $1
		clause[++clauses] = $0
		tag[clauses] = $2 == "-" ? rfc : (rfc == "own" ? "rules" : rfc) "-" $2
		demands[tag[clauses]]++
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
		struct = $(NF - 1) == "struct" ? "-" : $(NF - 1)
		has_name[struct] = 0
	}
	/^\tconst char \*name[,;]/ { has_name[struct] = 1 }
	/^\tconst struct rig_row \*row;/ { has_name[struct] = 0 }
	/\[\] = \{$/ { table = has_name[/^}/ ? struct : $4] }
	/^};/ { table = 0 }
	table && /^\t\{"/ || /^\tROW\("/ { split($0, word, "\""); add(word[2]) }
	/^START_TEST\(/ { split($0, word, /[()]/); add(word[2] "()") }

	END {
		for (i = 1; i <= clauses; i++)
			prove_named(i)
		for (i = 1; i <= refs; i++)
			if (!prove_reference(of[i], ref[i]))
				missing = missing "#   " ref[i] "\n"
		for (row in proven)
			proofs++
		for (row in rows)
			if (program_of(row) in all && !(row in proven) && row !~ /\(\)$/)
				loose = loose "#   " row "\n"
		for (i = 1; i <= clauses; i++) {
			if (table_wanted)
				printf "%s\n%s", clause[i], proofs_of[i]
			if (proofs_of[i] == "" && !deviation[i])
				bare = bare "#   " clause[i] "\n"
		}
		if (table_wanted)
			exit

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

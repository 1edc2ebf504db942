#!/bin/sh
# Checks three rules: the files of a folder do not call each other in a circle; no function is public only for tests; only the
# file that a comment names writes a member of struct daemon.
srcdir=${srcdir:-.}
nm=${NM:-nm}
folders="lib packet map lease linux daemon ctl" # conf and xlat call back through their tables
for_tests=" main routes_take_news routes_take_dump " # messages that no kernel sends on demand
for_tests="$for_tests fastpath_load fastpath_attach " # the daemon does this in another process

n=0
status=0

report() { # WHY-NOT NAME
	n=$((n + 1))
	if [ -z "$1" ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2: $1"
		status=1
	fi
}

# Prints the global symbols of folder $1, or of all folders; each line begins with the name of the object.
symbols() {
	(cd "$srcdir" && find "src/$1" -name '*.c') | while read -r source; do
		object=${source%.c}.o
		[ ! -f "$object" ] || "$nm" -g "$object" | sed "s|^|$object |"
	done
}

if ! [ -f src/daemon/main.o ] || ! command -v "$nm" >/dev/null; then
	echo "1..0 # SKIP no objects or no nm"
	exit 0
fi

plan=$(echo "$folders" | wc -w)
echo "1..$((plan + 2))"

# Finds the objects that need a symbol of another object in their folder; tsort(1) reports circles.
for folder in $folders; do
	circle=$(symbols "$folder" | awk '
		$(NF - 1) == "U" { user[++uses] = $1; used[uses] = $NF; next }
		{ owner[$NF] = $1 }
		END {
			for (i = 1; i <= uses; i++)
				if (used[i] in owner && owner[used[i]] != user[i])
					print user[i], owner[used[i]]
		}' | sort -u | tsort 2>&1 >/dev/null | tr '\n' ' ')
	report "$circle" "no files of $folder call each other in a circle"
done

idle=$(symbols '' | awk -v for_tests="$for_tests" '
	$(NF - 1) == "U" { used[$NF] = 1; next }
	$(NF - 1) == "T" && !index(for_tests, " " $NF " ") { defined[$NF] = 1 }
	END {
		for (name in defined)
			if (!(name in used))
				print name
	}' | tr '\n' ' ')
report "$idle" "no function is public for tests alone"

# If the comment of a member names no file, only functions of another folder may write it.
strays=$(cd "$srcdir/src/daemon" && awk '
	FILENAME == "daemon.h" {
		if (/^struct daemon \{/)
			inside = 1
		else if (/^\};/)
			inside = 0
		if (inside && match($0, /[a-z_]+(\[[A-Z_]+\])?;[ \t]*\/\* [a-z_]+\.c/)) {
			member = substr($0, RSTART, RLENGTH)
			file = member
			sub(/[;[].*/, "", member)
			sub(/.*\/\* /, "", file)
			owner[member] = file
		}
		next
	}
	{
		text = $0
		while (match(text, /d->[a-z_]+[][a-z_.>0-9-]*[ \t]*(=[^=]|[-+|&]=|\+\+|--)/)) {
			member = substr(text, RSTART + 3, RLENGTH)
			sub(/[^a-z_].*/, "", member)
			writes++
			if (owner[member] != FILENAME)
				print FILENAME ":" FNR ": " member
			text = substr(text, RSTART + RLENGTH)
		}
	}
	END {
		if (writes < 20)
			print "too few writes found"
	}' daemon.h [a-z]*.c | tr '\n' ' ')
report "$strays" "each member of struct daemon is written by its owner"
exit "$status"

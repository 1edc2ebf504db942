#!/bin/sh
# Inside a folder no files call each other in a circle, and each member of struct daemon is written by the file that its
# comment names.
srcdir=${srcdir:-.}
nm=${NM:-nm}
folders="lib packet map lease linux daemon ctl" # conf and xlat call back through their tables

plan=$(echo "$folders" | wc -w)
echo "1..$((plan + 1))"
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

# Which object needs a symbol that another object of its folder has; tsort(1) complains of what it cannot order.
for folder in $folders; do
	name="no files of $folder call each other in a circle"
	if ! ls "src/$folder"/*.o >/dev/null 2>&1 || ! command -v "$nm" >/dev/null; then
		n=$((n + 1))
		echo "ok $n - $name # SKIP no objects or no nm"
		continue
	fi
	circle=$(for source in "$srcdir/src/$folder"/*.c; do
		object=$(basename "$source" .c)
		[ ! -f "src/$folder/$object.o" ] || "$nm" -g "src/$folder/$object.o" | sed "s|^|$object |"
	done | awk '
		$(NF - 1) == "U" { user[++uses] = $1; used[uses] = $NF; next }
		{ owner[$NF] = $1 }
		END {
			for (i = 1; i <= uses; i++)
				if (used[i] in owner && owner[used[i]] != user[i])
					print user[i], owner[used[i]]
		}' | sort -u | tsort 2>&1 >/dev/null | tr '\n' ' ')
	report "$circle" "$name"
done

# A member whose comment names no file is written by functions of another folder alone.
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

#!/bin/sh
# The folders of src/ and include/ are layers: a file may include headers of its own folder and of lower ones, but no private
# header of another folder.  Headers of a folder must not include each other in a circle.  The folder for the system knows only
# bytes and addresses, not their meaning.
srcdir=${srcdir:-.}
folders="lib packet map xlat conf lease linux daemon ctl"

cd "$srcdir" || exit 1
# shellcheck disable=SC2046 # names without blanks
grep -H '^#[[:space:]]*include[[:space:]]*"' $(find include src -name '*.[ch]' | sort) | awk -v folders="$folders" '
	function point(ok, name, why) {
		printf "%s %d - %s%s\n", ok ? "ok" : "not ok", ++points, name, ok ? "" : ":" why
		failed += !ok
	}
	function folder_of(path, part) { split(path, part, "/"); return part[2] }
	# True if the headers that FILE includes lead back to a header that is being visited.
	function circle(file, i, n, list, found) {
		if (state[file] == "open")
			return " " file
		if (state[file])
			return ""
		state[file] = "open"
		n = split(uses[file], list, " ")
		for (i = 1; i <= n && found == ""; i++)
			found = circle(list[i])
		state[file] = "done"
		return found == "" ? "" : found " <- " file
	}
	BEGIN {
		n = split(folders, order, " ")
		for (i = 1; i <= n; i++)
			rank[order[i]] = i
		boundary["lib"] = boundary["packet"] = boundary["linux"] = 1
	}
	{
		file = $0
		sub(/:.*/, "", file)
		header = $0
		sub(/^[^"]*"/, "", header)
		sub(/".*/, "", header)
		own = folder_of(file)
		if (!(file in seen)) {
			seen[file] = 1
			files[++count] = file
			if (!(own in rank))
				bad[file] = bad[file] " (its folder is not in the list)"
		}
		if (header == "config.h")
			next
		if (header ~ /^\.\./) {
			bad[file] = bad[file] " " header " (private to another folder)"
			next
		}
		if (header !~ /\//) { # in the same directory
			target = "src/" own "/" header
			if (file !~ /^src\//)
				bad[file] = bad[file] " " header " (not public)"
		} else {
			target = "include/" header
			other = folder_of(target)
			if (!(other in rank) || rank[other] > rank[own] || (own == "linux" && !(other in boundary)))
				bad[file] = bad[file] " " header
		}
		if (target ~ /\.h$/)
			uses[file] = uses[file] " " target
	}
	END {
		for (i = 1; i <= count; i++)
			point(bad[files[i]] == "", files[i] " includes its own layer and lower ones only", bad[files[i]])
		for (i = 1; i <= count; i++)
			if (files[i] ~ /\.h$/) {
				loop = circle(files[i])
				if (loop != "")
					loops = loops loop ";"
			}
		point(loops == "", "no headers include each other in a circle", loops)
		printf "1..%d\n", points
		exit failed > 0
	}'

# Gives nat64d the changes that follow.awk has left in files, the oldest first.  Only the last change of a key counts.

BEGIN {
	read_ranges()
	for (i = 1; i < ARGC; i++)
		ARGV[i] = dir "/" ARGV[i]
}

FNR == 1 {
	kind = $1
	key = $2
	source = $3
	if (kind == "leases" && is_key(key))
		value[key] = ""
	next
}
kind == "leases" { value[key] = value[key] $0 "\n" }
kind == "seen" { seen[source] = seen[source] $0 "\n" }

END {
	if (failed)
		exit 1
	for (key in value)
		keys++
	if (keys > few)
		read_here(value)
	for (key in value)
		if (keys > few)
			take_over(key, value[key])
		else
			replace(key, value[key])
	import_new()
	replace_again()
	for (source in seen) {
		put("seen", seen[source])
		import("--known", "seen", source)
	}
}

# Gives lease lines to nat64d.  They are complete in a file before nat64ctl reads them: if nat64d saw only the beginning of the
# lines of a key, it would end the other leases.

function put(file, lines) { printf "%s", lines > (dir "/" file) }

# give(OPTIONS, FILE): returns the exit status of nat64ctl, whose answer is in the file answer.
function give(options, file)
{
	file = dir "/" file
	if (close(file) != 0)
		fail(file ": it cannot be written")
	return system("exec <" file " && rm " file " && exec " ctl " import " options " >" dir "/answer 2>&1")
}

# import(OPTIONS, FILE, SOURCE): prints what nat64d has refused.
function import(options, file, source,    status, line)
{
	status = give(options, file)
	while (status != 0 && (getline line < (dir "/answer")) > 0)
		print "nat64d-sync: leases of " source ": " line > "/dev/stderr"
	close(dir "/answer")
	if (status > 1)
		fail("the leases of " source " are not imported")
}

function replace(key, lines)
{
	put("import", lines)
	import("--replace " prefix_of(key), "import", owner_of(key))
}

# is_about(KEY, LINES): whether all leases are of the key.  A node may not tell of ranges that it does not own.
function is_about(key, lines,    line, n, i)
{
	n = split(lines, line, "\n")
	for (i = 1; i <= n; i++)
		if (line[i] ~ /^[^#]/ && key_of(substr(line[i], 1, index(line[i], "\t") - 1)) != key) {
			print "nat64d-sync: leases of " owner_of(key) ": not accepted, because a line of " key " is about another network: " \
				substr(line[i], 1, 100) > "/dev/stderr"
			return 0
		}
	return 1
}

function fail(why)
{
	print "nat64d-sync: " why > "/dev/stderr"
	failed = 1
	exit 1
}

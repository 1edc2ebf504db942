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

# import(OPTIONS, FILE, SOURCE): prints what nat64d has refused.  Sets OLDER if something was older than what nat64d has.
function import(options, file, source,    status, line, more)
{
	status = give(options, file)
	older = 0
	while ((getline line < (dir "/answer")) > 0) {
		if (line ~ / [1-9][0-9]* older,/)
			older = 1
		if (status > 1 || status == 1 && (line ~ /^line / || more))
			more = complain(source, line) || more
	}
	close(dir "/answer")
	if (status > 1)
		fail("the leases of " source " are not imported")
}

# complain(SOURCE, REASON): prints the reason, and returns 1, if this program has not printed it before.  After 1000 of them it is
# silent.
function complain(source, reason,    text, line)
{
	text = source ": " reason
	sub(/: line [0-9]+: /, ": ", text)
	while ((getline line < (dir "/refused")) > 0)
		if (!(line in refused)) {
			refused[line]
			refusals++
		}
	close(dir "/refused")
	if (text in refused || refusals >= 1000)
		return 0
	print text >> (dir "/refused")
	close(dir "/refused")
	print "nat64d-sync: leases of " source ": " reason > "/dev/stderr"
	return 1
}

function replace(key, lines)
{
	put("import", lines)
	import("--replace " prefix_of(key), "import", owner_of(key))
	replaced++
	if (older)
		again[key] = lines
}

# replace_again(): if a lease was older than another one of the same host, that one may have ended since.
function replace_again(    key)
{
	for (key in again)
		if (replaced > 1)
			replace(key, again[key])
}

# is_about(KEY, LINES): whether all leases are of the key.  A node may not tell of ranges that it does not own.
function is_about(key, lines,    line, n, i)
{
	n = split(lines, line, "\n")
	for (i = 1; i <= n; i++)
		if (line[i] ~ /^[^#]/ && key_of(substr(line[i], 1, index(line[i], "\t") - 1)) != key) {
			complain(owner_of(key), "not accepted, because a line of " key " is about another network: " substr(line[i], 1, 100))
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

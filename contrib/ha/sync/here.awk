# The leases of this node.

BEGIN { few = 8 } # keys: if there are more, it is faster to read the whole range

# read_here(KEYS): sets here[KEY] to the lines of each key in the array, and perhaps those of others.
function read_here(keys,    key, n, i)
{
	for (key in keys)
		n[range_of[key]]++
	for (key in keys)
		if (n[range_of[key]] <= few)
			read_export(prefix_of(key))
	for (i in n)
		if (n[i] > few)
			read_export(prefix_of(name[i]))
}

# read_export(PREFIX): the kinds of awk show the status of a command in different ways, so the shell adds a line.  If nat64d does
# not answer, the next cycle of the shell says so.
function read_export(prefix,    command, line, complete)
{
	command = ctl " export " prefix " 2>/dev/null && echo complete"
	while ((command | getline line) > 0)
		if (line == "complete")
			complete = 1
		else
			add_here(line)
	close(command)
	if (!complete) {
		failed = 1
		exit 1
	}
}

function add_here(line,    key)
{
	comments = comments line "\n"
	if (line ~ /^#/)
		return
	key = key_of(substr(line, 1, index(line, "\t") - 1))
	if (key != "")
		here[key] = here[key] comments
	comments = ""
}

# only_adds(OLD, NEW): whether the new lines have all leases of the old ones.
function only_adds(old, new,    line, field, lease, n, i)
{
	n = split(new, line, "\n")
	for (i = 1; i <= n; i++)
		if (split(line[i], field, "\t") >= 4)
			lease[field[1] " " field[2] " " field[4]]
	n = split(old, line, "\n")
	for (i = 1; i <= n; i++)
		if (split(line[i], field, "\t") >= 4 && !((field[1] " " field[2] " " field[4]) in lease))
			return 0
	return 1
}

# take_over(KEY, LINES): makes the leases of the key those of its owner.  What can be imported in one go waits for import_new().
function take_over(key, lines)
{
	if (only_adds(here[key], lines)) {
		put("new", lines)
		new = 1
	} else
		replace(key, lines)
}

function import_new()
{
	if (new)
		import("", "new", "other nodes")
}

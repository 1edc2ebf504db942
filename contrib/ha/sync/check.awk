# Reads the configuration of nat64d (the file conf), the file pools.state (before) and the owners in etcd, and prints pools.state
# as it has to be: this node stands by for each range of which another node became the owner later.

FILENAME == (dir "/conf") {
	if ($1 == "dynamic-pool")
		stands_by[$2] = /^[^ ]+ [^ ]+( .*)? standby( |$)/
	next
}
FILENAME == (dir "/before") {
	lines++
	line[lines] = $0
	if ($0 !~ /^#/ && NF == 3) {
		line_of[$1] = lines
		stands_by[$1] = $2 == "standby"
		since[$1] = $3
	}
	next
}

function take(kind, key, value, from,    range)
{
	range = key
	sub(/_/, "/", range)
	if (kind != "owner" || !(range in stands_by) || stands_by[range] || !is_owner(value) || value == node || changed <= since[range] + 0)
		return
	if (!(range in line_of))
		line_of[range] = ++lines
	line[line_of[range]] = range " standby " changed
}

END {
	for (i = 1; i <= lines; i++)
		print line[i]
}

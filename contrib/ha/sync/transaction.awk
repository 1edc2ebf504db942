# Reads keys, and writes their leases as transactions of etcdctl txn to files, whose names it prints.  A transaction succeeds only
# while this node is the owner of the ranges, and no other has its name.  Its first change is the key of this node, see follow.awk.
# It has no more than etcd accepts by default, 128 keys and 1.5 MB.

BEGIN { read_ranges() }

is_key($1) { wanted[$1] }

# add(KEY): adds the key to the current transaction.
function add(key,    path, lines)
{
	path = root "/seen/" node "/" key
	if (publishes(key)) {
		path = root "/leases/" key
		conditions[range_of[key]]
	}
	lines = here[key]
	gsub(/\t/, "\\t", lines)
	gsub(/\n/, "\\n", lines)
	changes = changes (lines != "" ? "put " path " \"" lines "\"\n" : "del " path "\n")
	keys++
}

function finish(    file, i)
{
	file = dir "/transaction." ++transactions
	print "val(\"" root "/node/" node "\") = \"" id "\"" > file
	for (i in conditions)
		print "mod(\"" root "/owner/" name[i] "\") = \"" revision_of[i] "\"" > file
	print "\nput " root "/node/" node " " id "\n" changes "\n\n" > file
	if (close(file) != 0)
		exit 1
	print file
	split("", conditions)
	changes = ""
	keys = 0
}

END {
	read_here(wanted)
	for (key in wanted) {
		add(key)
		if (keys == 100 || length(changes) > 600000)
			finish()
	}
	if (keys > 0)
		finish()
}

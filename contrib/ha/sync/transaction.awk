# Reads lines "key KEY", then lease lines, and writes the leases of these keys as transactions of etcdctl txn to files, whose
# names it prints.  A transaction succeeds only while this node is the owner of the ranges, and has no more keys than etcd accepts
# by default: 20 full keys are 1 MB.

BEGIN { read_ranges() }

$1 == "failed" {
	failed = 1
	exit 1
}
$1 == "key" { wanted[$2] = is_key($2) }
/^# / { comments = comments $0 "\\n" }
/^[0-9]/ {
	key = key_of($1)
	if (wanted[key]) {
		gsub(/\t/, "\\t")
		value[key] = value[key] comments $0 "\\n"
	}
	comments = ""
}

# add(KEY): adds the key to the current transaction.
function add(key,    path)
{
	path = root "/seen/" node "/" key
	if (publishes(key)) {
		path = root "/leases/" key
		conditions[range_of[key]]
	}
	changes = changes (value[key] != "" ? "put " path " \"" value[key] "\"\n" : "del " path "\n")
	keys++
}

function finish(    file, i)
{
	file = dir "/transaction." ++transactions
	for (i in conditions)
		print "mod(\"" root "/owner/" name[i] "\") = \"" revision_of[i] "\"" > file
	print "\n" changes "\n\n" > file
	if (close(file) != 0)
		exit 1
	print file
	split("", conditions)
	changes = ""
	keys = 0
}

END {
	if (failed)
		exit 1
	for (key in wanted) {
		if (wanted[key])
			add(key)
		if (keys == 20)
			finish()
	}
	if (keys > 0)
		finish()
}

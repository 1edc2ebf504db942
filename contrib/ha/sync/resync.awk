# Compares all leases of this node (the file leases) with all keys in etcd (the file dump), and imports what is different.
# It writes the keys that this node must publish to the file publish, the names of transactions that delete keys to the file forget,
# and the revision of etcd to the file revision.  The exit status is 3 if the owner of a range has changed since the shell has looked.

BEGIN { read_ranges() }

FILENAME == (dir "/leases") {
	add_here($0)
	next
}

# rough(TEXT): returns the lines without the time of the assignment, and with the last time to 10000 s.
function rough(text,    line, field, n, i, out)
{
	n = split(text, line, "\n")
	for (i = 1; i <= n; i++)
		if (line[i] !~ /^# since/) {
			split(line[i] "\t\t\t", field, "\t")
			out = out field[1] " " field[2] " " int(field[3] / 10000) " " field[4] "\n"
		}
	return out
}

function take(kind, key, value, from)
{
	if (kind == "owner" && is_later(key)) {
		failed = 3
		exit
	}
	if (!is_key(key)) {
		if (kind == "seen" && from == node)
			obsolete["seen/" from "/" key] = changed
		if (kind == "claim" && key == node && value != id)
			obsolete["claim/" key] = changed
		return
	}
	if (kind == "seen" && role_of(key) == "own") {
		put("seen", value)
		seen = 1
		obsolete["seen/" from "/" key] = changed
	}
	if (kind == "leases") {
		stored[key] = 1
		if (rough(value) != rough(here[key]))
			settle(key, value)
	}
}

# settle(KEY, VALUE): the leases in etcd are others than those here.
function settle(key, value)
{
	if (publishes(key))
		publish[key] = 1
	if (role_of(key) == "own") {
		put("recovered", value)
		recovered = 1
	}
	if (imports(key) && is_about(key, value))
		take_over(key, value)
}

# recover(): gives nat64d its own leases of etcd, which it lacks if its disk was replaced.  It is normal that nat64d refuses some,
# because they have changed since.
function recover(    line)
{
	if (give("--recover", "recovered") > 1)
		fail("the leases of this node are not imported")
	while ((getline line < (dir "/answer")) > 0)
		if (line ~ / [1-9][0-9]* taken,/)
			print "nat64d-sync: nat64d lacked leases of its own, which etcd had: " line > "/dev/stderr"
	close(dir "/answer")
}

# forget(): writes transactions that delete what other nodes have told the owner, because nat64d has it now.  So nothing remains of
# a node that does not exist any more.  What this node has told of a range that it has no more is deleted, too.  So is a claim of
# another node to the name of this one, because a claim before the revision of the dump is not among the changes that follow.
function forget(    path, conditions, changes, n)
{
	for (path in obsolete)
		if (path ~ /^(seen\/[A-Za-z0-9.-]+\/[0-9.]+_[0-9]+|claim\/[A-Za-z0-9.-]+)$/) {
			conditions = conditions "mod(\"" root "/" path "\") = \"" obsolete[path] "\"\n"
			changes = changes "del " root "/" path "\n"
			if (++n % 100 == 0) {
				forget_now(conditions, changes)
				conditions = changes = ""
			}
		}
	if (conditions != "")
		forget_now(conditions, changes)
}

function forget_now(conditions, changes,    file)
{
	file = dir "/transaction." ++transactions
	print conditions "\n" changes "\n\n" > file
	close(file)
	print file > (dir "/forget")
}

# What etcd lacks: leases that this node has not published yet, and leases that their owner has ended.  A range without an
# owner in etcd, which may be empty after a repair, ends no lease.
END {
	if (failed)
		exit failed
	for (key in here)
		if (key in stored)
			continue
		else if (publishes(key))
			publish[key] = 1
		else if (imports(key) && owner_of(key) != "-")
			replace(key, "")
	import_new()
	replace_again()
	if (recovered)
		recover()
	if (seen)
		import("--known", "seen", "other nodes")
	forget()
	for (key in publish)
		print key > (dir "/publish")
	print revision > (dir "/revision")
}

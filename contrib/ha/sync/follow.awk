# Reads the events of etcdctl watch -w fields, and leaves each change that concerns nat64d in a file for batch.awk.  It prints the
# number of the last file and the revision of etcd after each event.  A change of an owner or of the name of this node ends it,
# because the shell must look at them again.

BEGIN {
	read_ranges()
	out = dir "/dirty"
	serial = 1000000000
}

function take(kind, key, value, from)
{
	if (kind == "owner" && is_later(key) || kind == "node" && key == node && value != id) {
		failed = 1
		exit
	}
	if (kind == "node" && key == node)
		mine = changed
	if (kind == "claim" && key == node && value != "")
		tell("claimed")
	if (!is_key(key))
		return
	if (kind == "leases" && publishes(key) && changed != mine)
		repair(key)
	if (kind == "leases" && imports(key) && is_about(key, value))
		leave(kind, key, value, owner_of(key))
	if (kind == "seen" && role_of(key) == "own" && from != node && value != "")
		leave(kind, key, value, from)
}

# leave(): the names of the files have the same length, so that the shell finds them in their order.
function leave(kind, key, value, from,    file)
{
	file = sprintf("%s/change.%.0f", dir, ++serial)
	printf "%s %s %s\n%s", kind, key, from, value > file
	if (close(file) != 0)
		fail(file ": it cannot be written")
}

# repair(): another program has written a key of this node, perhaps by mistake.  The transactions of this node begin with a key
# that shows who made them.  The file repair makes the shell wait, so that two programs do not overwrite each other all the time.
function repair(key)
{
	if (changed != said_at && !(key in said))
		print "nat64d-sync: " key ": another program has changed these leases in etcd; this node publishes them again" > "/dev/stderr"
	said_at = changed
	said[key]
	print key > (dir "/repair")
	close(dir "/repair")
	tell(key)
}

function tell(word)
{
	print word > out
	close(out)
}

# The last line of each event.
/^"Lease" : / {
	printf "%.0f %s\n", serial, changed
	fflush()
}

END { tell(failed ? "again" : "unfollowed") }

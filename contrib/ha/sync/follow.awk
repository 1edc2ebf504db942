# Reads the events of etcdctl watch -w fields, and gives the leases to nat64d.  The file revision always has the last revision
# that nat64d has.  A change of an owner ends it, because the shell must look at the roles again.

BEGIN {
	read_ranges()
	out = dir "/dirty"
}

function take(kind, key, value, from)
{
	if (kind == "owner" && is_later(key)) {
		failed = 1
		exit
	}
	if (kind == "leases" && is_key(key) && imports(key) && is_about(key, value))
		replace(key, value)
	if (kind == "seen" && is_key(key) && role_of(key) == "own" && from != node) {
		put("import", value)
		import("--known", "import", from)
	}
}

# The last line of each event.
/^"Lease" : / {
	print changed > (dir "/revision")
	close(dir "/revision")
}

END { print failed ? "again" : "unfollowed" > out }

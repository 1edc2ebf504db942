# Reads the events of nat64ctl watch, and prints the keys whose leases have changed.

BEGIN { read_ranges() }

/"event": "(assigned|confirmed|renewed|ended)"/ {
	match($0, /"ipv4": "[0-9.]+/)
	key = key_of(substr($0, RSTART + 9, RLENGTH - 9))
	if (key != "" && is_news()) {
		print key
		fflush()
	}
}

# is_news(): whether other nodes do not know it yet: of a foreign range, this node tells only which leases are in use here.
function is_news()
{
	return publishes(key) || role_of(key) == "standby" && /"event": "(confirmed|renewed)"/ && !/"cause": "import"/
}

# Lost events, or ranges that may have changed.
/^[{]"time": "[^"]*", ("lost":|"event": "(pool|reload)")/ { print "again"; fflush() }
END { print "again" }

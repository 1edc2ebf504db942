# Reads what etcdctl -w fields prints, and calls the function take(KIND, KEY, VALUE, FROM) of the program for each key.  The line
# of the value is complete only if another one follows: etcdctl may have been stopped in the middle of it.
#
#   ROOT/owner/10.1.0.0_16        take("owner", "10.1.0.0_16", "NODE" or "NODE NEXT")
#   ROOT/node/NODE                take("node", "NODE", the number of its process)
#   ROOT/claim/NODE               take("claim", "NODE", the number of another process)
#   ROOT/leases/10.1.2.0_24       take("leases", "10.1.2.0_24", the lines of its leases)
#   ROOT/seen/NODE/10.1.2.0_24    take("seen", "10.1.2.0_24", the lines of its leases on NODE, NODE)

/^"Revision" : / { revision = $3 }
/^"ModRevision" : / { changed = $3 }
/^"Key" : / {
	n = split(substr(unquoted(), length(root) + 2), part, "/")
	kind = n == (part[1] == "seen" ? 3 : 2) ? part[1] : ""
}
/^"Value" : / { value = unquoted() }
/^"Lease" : / { take(kind, part[n], value, part[2]) }

# is_owner(TEXT): whether it is the value of an owner: one name, or two.
function is_owner(text) { return text ~ /^[A-Za-z0-9.-]+( [A-Za-z0-9.-]+)?$/ }

# unquoted(): returns the text of a line `"Key" : "text"`.  Lease lines have no other special characters.
function unquoted(    text)
{
	text = substr($0, index($0, " : ") + 4)
	text = substr(text, 1, length(text) - 1)
	gsub(/\\n/, "\n", text)
	gsub(/\\t/, "\t", text)
	return text
}

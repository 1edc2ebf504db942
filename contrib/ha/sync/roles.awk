# Joins the answer of nat64ctl status --json, cut before each brace, with the keys ROOT/owner/ in etcd.  For each range, prints
# "RANGE HERE OWNER REVISION NEXT": whether nat64d stands by for it ("standby") or not ("owner"), which node owns it, the
# revision of this, and the node that wants to be the next owner; "-" is nobody.
# The owner "?" means that the value of the key is no name.

function take(kind, key, value, from,    word)
{
	if (kind != "owner")
		return
	split((is_owner(value) ? value : "?") " -", word, " ")
	owner[key] = word[1]
	next_owner[key] = word[2]
	revision_of[key] = changed
}

/^[{]"pool": "[0-9.]+\/[0-9]+"/ {
	range = $2
	gsub(/[",]/, "", range)
	here[range] = /"standby": true/ ? "standby" : "owner"
}

END {
	for (range in here) {
		key = range
		sub(/\//, "_", key)
		print range, here[range], (key in owner) ? owner[key] " " revision_of[key] " " next_owner[key] : "- 0 -"
	}
}

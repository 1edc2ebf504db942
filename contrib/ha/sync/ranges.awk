# The ranges of this node, and their keys in etcd: 10.1.2.0_24 for the leases of 10.1.2.0/24.  A range has one key for each /24 in
# it; a range longer than /24 has a single key.

function number(addr,    byte)
{
	split(addr, byte, ".")
	return ((byte[1] * 256 + byte[2]) * 256 + byte[3]) * 256 + byte[4]
}

# size_of(LENGTH): the number of addresses of a prefix.  busybox has no powers.
function size_of(length_,    n)
{
	for (n = 1; length_ < 32; length_++)
		n *= 2
	return n
}

# read_ranges(): reads the lines "RANGE ROLE OWNER REVISION NEXT" of the file ranges.
function read_ranges(    line, field, part)
{
	while ((getline line < (dir "/ranges")) > 0) {
		split(line, field, " ")
		split(field[1], part, "/")
		ranges++
		first[ranges] = number(part[1])
		size[ranges] = size_of(part[2])
		name[ranges] = part[1] "_" part[2]
		role[ranges] = field[2]
		owner[ranges] = field[3]
		revision_of[ranges] = field[4]
	}
	close(dir "/ranges")
}

# key_of(ADDR): returns the key of the address, and remembers the range of the key; "" if no range contains the address.
function key_of(addr,    net, at, i)
{
	net = addr
	sub(/[0-9]+$/, "0_24", net)
	if (net in range_of)
		return net
	at = number(addr)
	for (i = 1; i <= ranges; i++)
		if (at >= first[i] && at < first[i] + size[i]) {
			net = size[i] < 256 ? name[i] : net
			range_of[net] = i
			return net
		}
	return ""
}

# is_key(TEXT): whether it is a key of one of the ranges.  Other programs can write anything to etcd, so only the usual form of an
# address counts: nat64ctl would refuse 10.0.258.0 or 010.1.2.0.
function is_key(text,    part, byte, i)
{
	if (split(text, part, "_") != 2 || split(part[1], byte, ".") != 4)
		return 0
	for (i = 1; i <= 4; i++)
		if (byte[i] !~ /^(0|[1-9][0-9]?[0-9]?)$/ || byte[i] > 255)
			return 0
	return key_of(part[1]) == text
}

function role_of(key) { return role[range_of[key]] }
function owner_of(key) { return owner[range_of[key]] }
function publishes(key) { return role_of(key) == "own" || role_of(key) == "leaving" }
function imports(key) { return role_of(key) == "standby" || role_of(key) == "heir" }


# prefix_of(KEY): 10.1.2.0/24 of 10.1.2.0_24.
function prefix_of(key)
{
	sub(/_/, "/", key)
	return key
}

# is_later(NAME): whether the owner of this range has changed since the shell has looked.
function is_later(key,    i)
{
	for (i = 1; i <= ranges; i++)
		if (name[i] == key && changed > revision_of[i])
			return 1
	return 0
}

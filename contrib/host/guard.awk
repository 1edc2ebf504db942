# Prints what the guard needs from one configuration, from the lines of facts.awk: "device NAME"; "drop PREFIX", sources that
# may come only from that device; "both PREFIX PREFIX", a source and a destination that are both inside prefixes and not
# translated; "pass PREFIX", sources inside a prefix that belong to real hosts.  With guard=no, it prints nothing to drop.
# It needs ipv6.awk.

# embed(I, IPV4): returns the IPv6 network of an IPv4 network in prefix number I (RFC 6052, section 2.2).
function embed(i, four,    out, byte, n, bits, text) {
	out = substr(digits[i], 1, long[i] / 4)
	split(address_of(four), byte, ".")
	for (n = 1; n <= 4; n++) {
		if (length(out) == 16)
			out = out "00"
		out = out sprintf("%02x", byte[n])
	}
	bits = long[i] + length_of(four)
	if (long[i] < 96 && bits > 64)
		bits += 8
	while (length(out) < 32)
		out = out "0"
	for (n = 1; n < 32; n += 4)
		text = text (n > 1 ? ":" : "") substr(out, n, 4)
	return text "/" bits
}

$1 == "=" && $2 == "tun-device" { print "device " $3 }
$1 == "=" && $2 == "dynamic-pool" { pooled = 1 }
$1 == "=" && $2 == "translatable" { translatable = substr($0, length("= translatable ") + 1) }
$1 == "=" && $2 == "prefix" {
	prefix[++prefixes] = $3
	digits[prefixes] = hex(address_of($3))
	begins[substr($3, 1, index($3, ":"))] = 1
	long[prefixes] = length_of($3)
	well_known = well_known || $3 == "64:ff9b::/96"
}
$1 == "=M" { mapped[++maps] = $3 }

END {
	if (!translatable)
		translatable = pooled || well_known ? "no" : "yes"
	# nat64d looks up maps before prefixes, so a mapped IPv6 address inside a prefix belongs to a host.
	for (m = 1; m <= maps && prefixes; m++) {
		bits = length_of(mapped[m])
		if (bits >= 16 && !(substr(mapped[m], 1, index(mapped[m], ":")) in begins))
			continue # a fast test that is enough for most maps
		own = hex(address_of(mapped[m]))
		for (i = 1; i <= prefixes; i++)
			if (shares(own, digits[i], bits < long[i] ? bits : long[i])) {
				print "pass " mapped[m]
				break
			}
	}
	nets = translatable ~ /^(yes|no)$/ ? 0 : split(translatable, net, " ")
	for (i = 1; i <= prefixes; i++) {
		if (translatable == "yes")
			print "pass " prefix[i]
		for (n = 1; n <= nets; n++)
			print "pass " embed(i, net[n] (net[n] ~ /\// ? "" : "/32"))
		if (guard == "no" || translatable == "yes")
			continue
		if (pooled && translatable == "no")
			print "drop " prefix[i]
		else
			for (n = 1; n <= prefixes; n++)
				print "both " prefix[i] " " prefix[n]
	}
}

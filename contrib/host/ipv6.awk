# Arithmetic on IPv6 prefixes, in hexadecimal digits.

# hex(A): returns the 32 digits of an IPv6 address.
function hex(a,    part, left, right, gap, word, n, i, out, tail, byte) {
	if (a ~ /\./) {
		n = match(a, /[0-9.]+$/)
		split(substr(a, n), byte, ".")
		a = substr(a, 1, n - 1) sprintf("%x:%x", byte[1] * 256 + byte[2], byte[3] * 256 + byte[4])
	}
	left = a; right = ""
	if (gap = index(a, "::")) {
		left = substr(a, 1, gap - 1)
		right = substr(a, gap + 2)
	}
	n = split(left, word, ":")
	for (i = 1; i <= n; i++)
		out = out substr("0000" word[i], length(word[i]) + 1)
	n = split(right, word, ":")
	for (i = 1; i <= n; i++)
		tail = tail substr("0000" word[i], length(word[i]) + 1)
	while (length(out tail) < 32)
		out = out "0000"
	return out tail
}

function length_of(prefix) {
	return substr(prefix, index(prefix, "/") + 1) + 0
}

function address_of(prefix) {
	return substr(prefix, 1, index(prefix, "/") - 1)
}

# shares(A, B, BITS): true if the first BITS bits of these digits are equal.
function shares(a, b, bits,    whole, rest, x, y) {
	whole = int(bits / 4)
	if (substr(a, 1, whole) != substr(b, 1, whole))
		return 0
	rest = 2 ^ (4 - bits % 4)
	x = index("0123456789abcdef", substr(a, whole + 1, 1)) - 1
	y = index("0123456789abcdef", substr(b, whole + 1, 1)) - 1
	return rest == 16 || int(x / rest) == int(y / rest)
}

# Filters the output of `nat64d --print --expand'.  The output is used in rules and commands that root runs, so each line must
# match exactly what is expected; "=! DIRECTIVE" replaces a line that does not.  A map becomes "=M IPv4/LENGTH IPv6/LENGTH",
# and any other line becomes "= LINE".

function is_number(s, largest) {
	return s ~ /^[0-9]+$/ && length(s) <= 3 && s + 0 <= largest
}

function is_ipv4(s,    part, i) {
	if (s !~ /^[0-9.]+$/ || split(s, part, ".") != 4)
		return 0
	for (i = 1; i <= 4; i++)
		if (!is_number(part[i], 255))
			return 0
	return 1
}

function is_ipv6(s) {
	return s ~ /^[0-9a-f:.]+$/ && s ~ /:.*:/ && length(s) <= 45
}

function is_prefix(s, six,    part) {
	if (split(s, part, "/") != 2)
		return 0
	return six ? is_ipv6(part[1]) && is_number(part[2], 128) : is_ipv4(part[1]) && is_number(part[2], 32)
}

function is_either(s) {
	return is_prefix(s, 0) || is_prefix(s, 1) || is_ipv4(s) || is_ipv6(s)
}

function all_prefixes(    i) {
	for (i = 2; i <= NF; i++)
		if (!is_prefix($i, 0) && !is_ipv4($i))
			return 0
	return NF > 1
}

# is_time(S): true if S is the time of a lease.
function is_time(s) {
	return s ~ /^[0-9]+[smhd]?$/ && length(s) <= 11
}

# is_pool(): true if the line is a prefix and options, each followed by its values.
function is_pool(    i) {
	if (!is_prefix($2, 0))
		return 0
	for (i = 3; i <= NF;)
		if ($i == "standby")
			i++
		else if ($i == "from" && is_prefix($(i + 1), 1))
			i += 2
		else if ($i == "lease" && is_time($(i + 1)))
			i += is_time($(i + 2)) ? 3 : 2
		else if ($i == "share" && is_number($(i + 1), 128) && $(i + 2) ~ /^[0-9]+$/)
			i += 3
		else
			return 0
	return 1
}

# is_fine(): checks the directives that the scripts use.
function is_fine() {
	if ($1 == "tun-device")
		return NF == 2 && $2 ~ /^[A-Za-z0-9._-]+$/ && length($2) <= 15 && $2 !~ /^\.\.?$/
	if ($1 == "ipv4-addr")
		return NF == 2 && is_ipv4($2)
	if ($1 == "ipv6-addr")
		return NF == 2 && is_ipv6($2)
	if ($1 == "prefix")
		return NF == 2 && is_prefix($2, 1)
	if ($1 == "dynamic-pool")
		return is_pool()
	if ($1 == "icmp-source-pool")
		return NF == 2 && is_prefix($2, 0)
	if ($1 == "allow")
		return NF == 2 && is_prefix($2, 1)
	if ($1 == "deny")
		return NF == 2 && (is_prefix($2, 0) || is_ipv4($2))
	if ($1 == "tun-ip" || $1 == "tun-route")
		return is_either($2)
	if ($1 == "translatable")
		return NF == 2 && $2 ~ /^(yes|no)$/ || all_prefixes()
	if ($1 == "wkpf-strict" || $1 == "tun-setup")
		return NF == 2 && $2 ~ /^(yes|no)$/
	if ($1 == "data-dir")
		return $0 ~ /^data-dir \/[^\001-\037\177]*$/
	if ($1 == "control")
		return $0 ~ /^control (off|\/[^\001-\037\177]*)$/
	if ($1 == "fast-path")
		return $0 ~ /^fast-path (off|auto( [0-9]+)?)$/
	if ($1 == "#")
		return $0 ~ /^# [^\001-\037\177]*$/
	return 1
}

$1 == "map" {
	four = $2 ($2 ~ /\// ? "" : "/32")
	six = $3 ($3 ~ /\// ? "" : "/128")
	print NF == 3 && is_prefix(four, 0) && is_prefix(six, 1) ? "=M " four " " six : "=! map"
	next
}

$1 == "dynamic-pool" && is_fine() {
	print "= " $1 " " $2
	if (NF > 2)
		print "= # " $0
	next
}

{ print is_fine() ? "= " $0 : "=! " ($1 ~ /^[a-z0-9-]+$/ ? $1 : "line") }

# Evaluates the rules on standard input for packets.  For each packet, it prints one line for each chain at its hook,
# "VERDICT tool family table chain RULE", separated by tabs.  VERDICT is accept, drop, or nat.
#
# It reads `nft list ruleset' and, after a line "@save FAMILY TOOL", `iptables-save'.  Before these, each packet is a line
# "@packet FAM HOOK IIF OIF SADDR DADDR PROTO STATE [ICMP]"; FAM is 4 or 6, and "?" is an unknown value.  A condition on an
# unknown value is assumed to match in a rule that accepts, and not to match in a rule that drops: the author of the rules
# probably considered this traffic.  A rule with a condition of an unknown kind is ignored; with ICMP, the condition counts as
# one on an unknown value.  ICMP is the kind of an ICMP packet: "too-big" (the default), or "solicit" or "advert" (neighbor
# discovery).  RULE has no comment, except that of nat64-host.

BEGIN {
	FS = "\n"
	number_of_bases = 0
}

function add_base(at, key, policy) {
	base[++number_of_bases] = key
	hooked[number_of_bases] = at
	default_verdict[key] = policy
}

# --- reading --------------------------------------------------------------------------------------------------------

/^@packet / {
	packet[++packets] = substr($0, 9)
	next
}

/^@save / {
	split($0, word, " ")
	saved = 1
	save_family = word[2]
	save_tool = word[3]
	next
}

saved && /^\*/ {
	table = substr($0, 2)
	next
}

saved && /^:/ {
	split(substr($0, 2), word, " ")
	key = save_tool "\t" save_family "\t" table "\t" word[1]
	if (tolower(word[1]) != "postrouting" || table == "nat")
		add_base(tolower(word[1]), key, tolower(word[2]))
	next
}

saved && /^-A / {
	split($0, word, " ")
	key = save_tool "\t" save_family "\t" table "\t" word[2]
	sub(/^-A [^ ]+ */, "")
	if (/--comment "?nat64d_/)
		shown[key, rules[key] + 1] = $0
	gsub(/--comment ("([^"\\]|\\.)*"|[^ ]+)/, "")
	rule[key, ++rules[key]] = $0
	from_save[key, rules[key]] = 1
	next
}

saved { next }

/^table / {
	split($0, word, " ")
	family = word[2]
	table = word[3]
	next
}

/^\tchain / {
	split($0, word, " ")
	chain = word[2]
	tool = "nft"
	# iptables-nft made this table, so only iptables should change its rules.
	if (family ~ /^ip6?$/ && table ~ /^(filter|nat|mangle|raw|security)$/ && chain ~ /^[A-Z]+$/)
		tool = family == "ip6" ? "ip6tables" : "iptables"
	key = tool "\t" family "\t" table "\t" chain
	chain_key[family, table, chain] = key
	next
}

/^\t}/ { chain = "" }

/^\t\ttype [a-z]+ hook / {
	split($0, word, " ")
	if (word[4] != "postrouting" || word[2] == "nat")
		add_base(word[4], key, /policy drop/ ? "drop" : "accept")
	next
}

/^\t\t/ && chain != "" {
	gsub(/ comment "([^"\\]|\\.)*"/, "")
	gsub(/log( prefix "[^"]*"| level [a-z]+| flags [a-z ,]+| group [0-9]+)*/, "")
	sub(/^\t\t/, "")
	gsub(/[{},]/, " & ")
	rule[key, ++rules[key]] = $0
}

# --- matching: 0 no, 1 possibly, 2 yes ------------------------------------------------------------------------------

function number(a,    part) {
	split(a, part, /[.\/]/)
	return ((part[1] * 256 + part[2]) * 256 + part[3]) * 256 + part[4]
}

function within4(address, prefix,    slash, bits) {
	slash = index(prefix, "/")
	bits = slash ? substr(prefix, slash + 1) : 32
	return int(number(address) / 2 ^ (32 - bits)) == int(number(prefix) / 2 ^ (32 - bits))
}

function one_address(value, candidate) {
	if (candidate ~ /^(0\.0\.0\.0|::)\/0$/)
		return 2
	if (value == "?" || candidate ~ /^@/)
		return 1
	if (value ~ /:/)
		return value == candidate ? 2 : 1
	return within4(value, candidate) ? 2 : 0
}

function one_device(value, candidate) {
	gsub(/"/, "", candidate)
	if (value == "?")
		return candidate == dev ? 0 : 1
	if (candidate ~ /[*+]$/)
		return index(value, substr(candidate, 1, length(candidate) - 1)) == 1 ? 2 : 0
	return value == candidate ? 2 : 0
}

function one_proto(candidate) {
	if (candidate ~ /^(icmp|icmpv6|ipv6-icmp|1|58)$/)
		return proto == "icmp" ? 2 : 0
	if (candidate ~ /^(tcp|6)$/)
		return proto == "tcp" ? 2 : 0
	return candidate == "all" ? 2 : 0
}

function one_value(kind, candidate) {
	if (kind == "iif")
		return one_device(iif, candidate)
	if (kind == "oif")
		return one_device(oif, candidate)
	if (kind == "saddr")
		return one_address(saddr, candidate)
	if (kind == "daddr")
		return one_address(daddr, candidate)
	if (kind == "proto")
		return one_proto(candidate)
	if (kind == "state")
		return tolower(candidate) == state ? 2 : 0
	return candidate ~ icmp_names ? 2 : 0
}

# values(KIND): matches one value or a set that begins at word `at', and moves `at' after it.  A map leaves its verdict in
# `mapped'.
function values(kind,    best, m, negated, is_map, last) {
	mapped = ""
	if (word_at[at] == "!=" || word_at[at] == "==")
		negated = word_at[at++] == "!="
	if (word_at[at] == "vmap")
		is_map = at++
	best = 0
	last = at
	if (word_at[at] == "{")
		while (++last <= words && word_at[last] != "}")
			;
	else
		while (word_at[last + 1] == ",")
			last += 2
	for (; at <= last; at++) {
		if (word_at[at] ~ /^[{},]$/)
			continue
		m = one_value(kind, word_at[at])
		if (is_map && m == 2)
			mapped = word_at[at + 2] (word_at[at + 3] ~ /^[,}]$/ ? "" : " " word_at[at + 3])
		best = m > best ? m : best
		if (is_map)
			while (at < last && word_at[at + 1] !~ /^[,}]$/)
				at++
	}
	if (is_map)
		return mapped == "" ? 0 : best
	return negated && best != 1 ? 2 - best : best
}

function kind_of(w, next_word) {
	if (w ~ /^(iif|oif)(name)?$/)
		return substr(w, 1, 3)
	if (w ~ /^ip6?$/ && next_word ~ /^[sd]addr$/)
		return next_word
	if (w == "ip" && next_word == "protocol" || w == "ip6" && next_word == "nexthdr" || w == "l4proto")
		return "proto"
	if (w == "ct" && next_word == "state")
		return "state"
	if (w ~ /^icmp(v6)?$/ && next_word == "type")
		return "type"
	return ""
}

# nft_rule(KEY): sets `target' and returns whether the conditions match (0, 1 or 2).
function nft_rule(    w, kind, m, how) {
	how = 2
	for (at = 1; at <= words;) {
		w = word_at[at]
		if (w == "meta" || w == "counter") {
			at++
			continue
		}
		if (w == "packets" || w == "bytes") {
			at += 2
			continue
		}
		if (w ~ /^(accept|drop|reject|return|masquerade|snat|jump|goto)$/) {
			target = w (w ~ /^(jump|goto)$/ ? " " word_at[at + 1] : "")
			return how
		}
		if (w ~ /^(tcp|udp|th|sctp)$/ && proto == "icmp")
			return 0
		if (w ~ (fam == 6 ? "^(ip|icmp)$" : "^(ip6|icmpv6)$"))
			return 0
		kind = kind_of(w, word_at[at + 1])
		if (kind == "" && lenient) {
			how = how < 1 ? how : 1
			at++
			continue
		}
		if (kind == "" || kind == "type" && proto != "icmp")
			return 0
		at += w ~ /^(ip6?|ct|icmp|icmpv6)$/ ? 2 : 1
		m = values(kind)
		how = m < how ? m : how
		if (mapped != "") {
			target = mapped
			return how
		}
	}
	return 0
}

function save_kind(w) {
	if (w == "-i" || w == "-o")
		return w == "-i" ? "iif" : "oif"
	if (w == "-s" || w == "-d")
		return w == "-s" ? "saddr" : "daddr"
	if (w == "-p")
		return "proto"
	if (w == "--ctstate" || w == "--state")
		return "state"
	return w ~ /^--icmp(v6)?-type$/ ? "type" : ""
}

function save_rule(    w, kind, m, how, negated, i, list, n, best) {
	how = 2
	for (at = 1; at <= words; at++) {
		w = word_at[at]
		if (negated = w == "!")
			w = word_at[++at]
		kind = save_kind(w)
		if (w == "-m")
			at++
		else if (w == "-j" || w == "-g") {
			target = save_target(w, word_at[at + 1])
			return how
		} else if (kind == "" && !lenient)
			return 0
		else if (kind == "")
			how = how < 1 ? how : 1
		else {
			n = split(word_at[++at], list, ",")
			best = 0
			for (i = 1; i <= n; i++) {
				m = one_value(kind, list[i])
				best = m > best ? m : best
			}
			best = negated && best != 1 ? 2 - best : best
			how = best < how ? best : how
		}
	}
	return 0
}

function save_target(how, name) {
	if (name ~ /^(ACCEPT|DROP|REJECT|RETURN|MASQUERADE|SNAT)$/)
		return tolower(name)
	return (how == "-g" ? "goto " : "jump ") name
}

# --- evaluation of chains -------------------------------------------------------------------------------------------

function sibling(key, chain,    part) {
	split(key, part, "\t")
	if ((part[2], part[3], chain) in chain_key)
		return chain_key[part[2], part[3], chain]
	return part[1] "\t" part[2] "\t" part[3] "\t" chain
}

# walk(KEY, PERHAPS): returns the verdict of a chain, or "" if the chain ends without one.  It sets `culprit' to the rule that
# decided.  PERHAPS: the packet only possibly reaches this chain.
function walk(key, perhaps, depth,    i, how, verdict, maybe) {
	for (i = 1; i <= rules[key] && depth < 20; i++) {
		words = split(rule[key, i], word_at, /[ \t]+/)
		target = ""
		how = (key, i) in from_save ? save_rule() : nft_rule()
		if (!how || target == "")
			continue
		maybe = perhaps || how == 1
		verdict = target
		if (verdict ~ /^(jump|goto) /) {
			verdict = walk(sibling(key, substr(target, 6)), maybe, depth + 1)
			if (verdict != "")
				return verdict
			if (target ~ /^goto/ && !maybe)
				return ""
		} else if (verdict ~ /^(drop|reject)$/ && !maybe) {
			culprit = (key, i) in shown ? shown[key, i] : rule[key, i]
			return "drop"
		} else if (verdict == "accept")
			return verdict
		else if (verdict ~ /^(masquerade|snat)$/)
			return "nat"
		else if (verdict == "return" && !maybe)
			return ""
	}
	return ""
}

function set_packet(text,    field) {
	lenient = split(text, field, " ") > 8
	fam = field[1]
	hook = field[2]
	iif = field[3]
	oif = field[4]
	saddr = field[5]
	daddr = field[6]
	proto = field[7]
	state = field[8]
	if (field[9] == "solicit")
		icmp_names = "^(nd-neighbor-solicit|neighbou?r-solicitation|135)$"
	else if (field[9] == "advert")
		icmp_names = "^(nd-neighbor-advert|neighbou?r-advertisement|136)$"
	else
		icmp_names = "^(destination-unreachable|packet-too-big|fragmentation-needed|3|3/4|2|2/0)$"
}

function judge_packet(    b, part, verdict) {
	for (b = 1; b <= number_of_bases; b++) {
		split(base[b], part, "\t")
		if (hooked[b] != hook || part[2] != "inet" && part[2] != (fam == 6 ? "ip6" : "ip"))
			continue
		culprit = "policy"
		verdict = walk(base[b], 0, 0)
		print (verdict == "" ? default_verdict[base[b]] : verdict) "\t" base[b] "\t" culprit
	}
}

END {
	for (n = 1; n <= packets; n++) {
		set_packet(packet[n])
		judge_packet()
	}
}

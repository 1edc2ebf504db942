# init: what the translator gets, from the facts of init_look.sh.  An earlier choice stays where it still fits.
#
#   $device $prefix $pool $ipv4_addr   as in nat64.conf(5)
# shellcheck shell=sh disable=SC2154,SC2034 # variables of init.sh

well_known=64:ff9b::/96
local_use=64:ff9b:1::/96 # RFC 8215: for translators whose hosts reach private IPv4 addresses, too

# --- the device -----------------------------------------------------------------------------------------------------

choose_device()
{
	device=$old_device
	n=
	while [ -z "$device" ]; do
		is_link "nat64$n" || device=nat64$n
		n=$((${n:-0} + 1))
	done
}

# --- the prefix -----------------------------------------------------------------------------------------------------

# in_way6 PREFIX: the device that a part of it, or all of it, leads to now.
in_way6()
{
	ip -6 route show table all 2>/dev/null | awk -v prefix="$1" -v own="$device" "$(cat "$lib/ipv6.awk")"'
		BEGIN { digits = hex(address_of(prefix)); long = length_of(prefix) }
		{
			net = $1 ~ /^[a-z]+$/ ? $2 : $1
			if (net !~ /^[0-9a-f]*:/) next
			if (net !~ "/") net = net "/128"
			dev = "a route"
			for (i = 2; i < NF; i++) if ($i == "dev") dev = $(i + 1)
			if (dev != own && length_of(net) >= long && shares(hex(address_of(net)), digits, long)) { print dev; exit }
		}'
}

# on_link6 PREFIX: the network of a LAN that holds it, where hosts would ask for it on the link instead of the router.
on_link6()
{
	ip -6 route show table main 2>/dev/null | awk -v prefix="$1" "$(cat "$lib/ipv6.awk")"'
		$1 ~ /^[23f][0-9a-f:]*\/[0-9]+$/ && !/ via / && !/ dev lo / &&
			length_of($1) <= length_of(prefix) && shares(hex(address_of($1)), hex(address_of(prefix)), length_of($1)) { print $1; exit }'
}

# own_candidates: a /96 in the last /64 of each prefix that is delegated to the machine for good, or of its own ULA /48.
own_candidates()
{
	{
		printf '%s\n' "$nets6" | awk '$2 == "static" { print $1 }'
		printf '%s\n' "$lan6" | awk '$3 == "static" && $2 ~ /^f[cd]/ { print $2, "ula" }'
	} | awk "$(cat "$lib/ipv6.awk")"'
		NF == 2 { $1 = substr(hex(address_of($1)), 1, 12); $0 = substr($1, 1, 4) ":" substr($1, 5, 4) ":" substr($1, 9, 4) "::/48" }
		length_of($1) >= 32 && length_of($1) < 64 {
			digits = substr(hex(address_of($1)), 1, 16); whole = int(length_of($1) / 4); rest = length_of($1) % 4; out = ""
			for (i = 1; i <= 16; i++) {
				d = index("0123456789abcdef", substr(digits, i, 1)) - 1
				if (i == whole + 1 && rest) d = d - d % 2 ^ (4 - rest) + 2 ^ (4 - rest) - 1
				else if (i > whole) d = 15
				out = out sprintf("%x", d)
			}
			for (i = 1; i <= 16; i += 4) {
				word = substr(out, i, 4); sub(/^0+/, "", word)
				printf "%s:", word == "" ? "0" : word
			}
			print ":/96"
		}' | sort -u
}

# same_prefix PREFIX PREFIX: in any spelling.
same_prefix()
{
	echo "$1 $2" | awk "$(cat "$lib/ipv6.awk")"'{ exit !(length_of($1) == length_of($2) && hex(address_of($1)) == hex(address_of($2))) }'
}

choose_prefix()
{
	why_prefix="named on the command line"
	if [ -n "$prefix" ]; then
		prefix=$(printf '%s\n' "$prefix" | tr A-F a-f) # like the output of ip
		case $prefix in
		*[!0-9A-Fa-f:./]* | *:*:*/*[!0-9]*) problem "--prefix $prefix: not an IPv6 prefix" && return ;;
		*:*:*/*) ;;
		*) problem "--prefix $prefix: not an IPv6 prefix, such as 2001:db8:1:64::/96" && return ;;
		esac
		[ -z "$private" ] || ! same_prefix "$prefix" "$well_known" ||
			problem "--private: $well_known must not lead to private IPv4 addresses (RFC 6052); leave --prefix out, or name a prefix of your own"
	elif [ -n "$old_prefix" ] && { [ -z "$private" ] || [ "$old_prefix" != "$well_known" ]; } && [ -z "$force" ]; then
		prefix=$old_prefix why_prefix="as in $conf until now"
	elif [ -z "$private" ]; then
		prefix=$well_known why_prefix="the well-known one; private IPv4 addresses are not reachable by it (--private changes that)"
	else
		for one in $(own_candidates); do
			[ -n "$(in_way6 "$one")" ] || [ -n "$(on_link6 "$one")" ] || prefix=$one
		done
		why_prefix="--private: an unused part of the machine's own prefix"
		[ -n "$prefix" ] || { prefix=$local_use && why_prefix="--private: for local use (RFC 8215); this machine has no unused IPv6 network of its own that stays"; }
	fi
	used=$(in_way6 "$prefix")
	[ -z "$used" ] || problem "$prefix leads to $used already, so this network has a NAT64, or uses the prefix: see ip -6 route; --prefix names another one"
	used=$(on_link6 "$prefix")
	[ -z "$used" ] || problem "$prefix is inside $used, whose addresses hosts look for on the link: take a prefix outside of it"
}

# --- the pool -------------------------------------------------------------------------------------------------------

# in_way4 PREFIX: "NETWORK WHAT", the largest that shares addresses with it.
in_way4()
{
	printf '%s\n' "$used4" | awk -v pool="$1" "$ipv4_awk"'
		NF > 1 && overlap($1, pool) && (found == "" || len($1) < least) { found = $0; least = len($1) }
		END { if (found != "") print found }'
}

# in_use4: the largest private networks in use, in words.
in_use4()
{
	for region in 192.168.0.0/16 100.64.0.0/10 172.16.0.0/12 10.0.0.0/8; do
		in_way4 "$region"
	done | sed 's/\([^ ]*\) \(.*\)/\1 (\2)/' | in_words
}

# pool_length: a host has several IPv6 addresses at a time, so four for each that is known now, and room for as many again.
pool_length()
{
	seen=$(hosts_seen)
	routed=$(ip -6 route show table main 2>/dev/null | awk -v lans=" $lan " '/ via / && $1 != "default" { for (i = 2; i < NF; i++) if ($i == "dev" && index(lans, " " $(i + 1) " ")) n++ } END { print n + 0 }')
	awk -v hosts="$((seen + 30 * routed))" 'BEGIN { print hosts <= 60 ? 24 : hosts <= 250 ? 22 : hosts <= 1000 ? 20 : 18 }'
}

# free_pool LENGTH: from the top of private networks, where the fewest are in use.
free_pool()
{
	printf '%s\n' "$used4" | awk -v long="$1" "$ipv4_awk"'
		function text(n) { return int(n / 16777216) "." int(n / 65536) % 256 "." int(n / 256) % 256 "." n % 256 }
		NF > 1 { used[++n] = $1 }
		END {
			regions = split("192.168.0.0/16 100.64.0.0/10 172.16.0.0/12 10.0.0.0/8", region, " ")
			size = 2 ^ (32 - long)
			for (r = 1; r <= regions; r++) {
				last = number(region[r]) + 2 ^ (32 - len(region[r]))
				for (t = 1; t <= 32 && last - t * size >= number(region[r]); t++) {
					pool = text(last - t * size) "/" long
					for (i = 1; i <= n; i++) if (overlap(used[i], pool)) break
					if (i > n) { print pool; exit }
				}
			}
		}'
}

is_pool()
{
	is_ipv4 "${1%/*}" && case $1 in */[89] | */1[0-9] | */2[0-9] | */3[01]) ;; *) return 1 ;; esac
}

choose_pool()
{
	if [ -n "$pool" ]; then
		is_pool "$pool" || { problem "--pool $pool: not an IPv4 network, such as 192.168.255.0/24" && return; }
		why_pool="named on the command line"
		is_private "$pool" || problem "--pool $pool is not private, and init would hide it behind $wan_addr4: take a private network; nat64(7), SMALL ISP, explains public pools"
		used=$(in_way4 "$pool")
		[ -z "$used" ] || problem "--pool $pool: ${used%% *} is in use (${used#* })"
	elif [ -n "$old_pool" ] && [ -z "$force" ] && [ -z "$(in_way4 "$old_pool")" ]; then
		pool=$old_pool why_pool="as in $conf until now"
	else
		long=$(pool_length)
		pool=$(free_pool "$long")
		[ -n "$pool" ] || { problem "no private IPv4 network of /$long is free: $(in_use4) are in use; make one of these routes or networks smaller" && return; }
		used=$(in_way4 192.168.255.0/24)
		why_pool="no route, address or file here uses it${used:+; ${used%% *} is in use (${used#* })}"
	fi
	ipv4_addr=$(nth "$pool" 1)
	[ "$pool" != "$old_pool" ] || [ -n "$force" ] || [ -z "$old_ipv4" ] || ipv4_addr=$old_ipv4
}

# --- who may use it -------------------------------------------------------------------------------------------------

# dynamic_nets: those that a provider may exchange for others.
dynamic_nets()
{
	printf '%s\n' "$nets6" | awk '$2 == "dynamic" { print $1 }'
}

# --- all of it ------------------------------------------------------------------------------------------------------

tell_hosts()
{
	for dev in $lan; do
		tell hosts "$dev: $(printf '%s\n' "$nets6" | awk -v dev="$dev" '$3 == dev { print $1 ($2 == "dynamic" ? " (may change)" : "") }' | in_words); only these networks may use the translator (allow)"
	done
	[ -z "$one_armed" ] || tell "" "this machine is one among the hosts there: they need a route to it"
	[ -z "$left_out" ] || tell "" "left out: $left_out (--lan DEV takes one)"
	[ -z "$(dynamic_nets)" ] || tell "" "when the provider changes a prefix, hosts are refused until \`nat64-host init --force' or an edit of $conf"
}

tell_choice()
{
	if [ -n "$wan4" ]; then
		tell uplink "$wan4, $wan_addr4${gateway4:+, gateway $gateway4}: IPv4 leaves by it"
	else
		tell uplink "no IPv4 default route: hosts reach only what this machine has a route for"
	fi
	for dev in $uplinks; do
		case " $wan4 $wan6 $lan " in
		*" $dev "*) ;;
		*) tell "" "$dev has another default route: its networks may not use the translator (--lan $dev lets them)" ;;
		esac
	done
	[ -n "$wan6" ] || tell "" "no IPv6 default route: hosts reach IPv4, but nothing that has only IPv6"
	tell_hosts
	tell device "$device"
	tell prefix "$prefix: $why_prefix"
	tell pool "$pool, for the translator alone: $why_pool"
	tell address "$ipv4_addr: the translator's own, for pings and ICMP errors"
}

choose()
{
	choose_device
	choose_prefix
	choose_pool
	tell_choice
}

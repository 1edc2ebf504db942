# Questions about addresses and routes: does everything that is the translator's lead into the device?
# shellcheck shell=sh disable=SC2154 # variables of check.sh

# family ADDRESS: the option of ip(8).
family()
{
	case $1 in
	*:*) echo -6 ;;
	*) echo -4 ;;
	esac
}

# embed PREFIX IPV4: the IPv4 address in a translation prefix (RFC 6052, section 2.2).
embed()
{
	echo "$1" "$2" | awk '
		function padded(s) { return substr("0000", length(s) + 1) s }
		{
			split($1, part, "/"); left = right = part[1]; hex = ""; tail = ""
			if (!(gap = index(part[1], "::"))) { right = "" } else {
				left = substr(part[1], 1, gap - 1); right = substr(part[1], gap + 2)
			}
			n = split(left, word, ":"); for (i = 1; i <= n; i++) hex = hex padded(word[i])
			n = split(right, word, ":"); for (i = 1; i <= n; i++) tail = tail padded(word[i])
			while (length(hex tail) < 32) hex = hex "0"
			hex = substr(hex tail, 1, part[2] / 4)
			n = split($2, word, "."); for (i = 1; i <= n; i++) {
				if (length(hex) == 16) hex = hex "00"
				hex = hex sprintf("%02x", word[i])
			}
			while (length(hex) < 32) hex = hex "0"
			for (i = 1; i < 32; i += 4) printf "%s%s", substr(hex, i, 4), i < 29 ? ":" : "\n"
		}'
}

# leads_to ADDRESS: the device that the kernel sends it to, "local" if it is its own, empty if there is no route.
leads_to()
{
	ip "$(family "$1")" -o route get "$1" 2>/dev/null | sed -n '1{
		/^local/s/.*/local/p
		/^\(unreachable\|prohibit\|blackhole\)/d
		s/.* dev \([^ ]*\).*/\1/p
	}'
}

# --- addresses ------------------------------------------------------------------------------------------------------

# address_lines ADDRESS: "DEVICE ADDRESS/LENGTH" where the machine itself has it.
address_lines()
{
	ip -o addr show to "$1" 2>/dev/null | awk '{ for (i = 3; i < NF; i++) if ($i ~ /^inet6?$/) print $2, $(i + 1) }'
}

# With its address on the device goes the route that came with it: the pool needs one of its own.  A device that goes with
# the daemon takes its addresses along.
mend_address()
{
	last=$(lasting)
	echo "$2" | while read -r dev cidr; do
		if [ -z "$last" ] || [ "$dev" != "$device" ] || is_persistent; then
			printf 'ip addr del %s dev %s && ' "$cidr" "$dev"
		fi
	done
	if [ -n "$last" ]; then
		echo "$last"
		return
	fi
	for prefix in $(values dynamic-pool) $1; do
		[ "$(family "$prefix")" = "$(family "$1")" ] || continue
		[ "$prefix" = "$1" ] || printf 'ip route replace %s dev %s && ' "$prefix" "$device"
		[ "$prefix" != "$1" ] || printf 'ip %s route replace %s dev %s\n' "$(family "$1")" "$prefix" "$device"
	done
}

check_addresses()
{
	mixed=
	for directive in ipv4-addr ipv6-addr; do
		address=$(values $directive)
		found=$(address_lines "$address")
		[ -n "$found" ] || continue
		mixed=yes
		finding FAIL addresses "$address is the daemon's own ($directive), but ${found%% *} has it too: the kernel keeps its packets" \
			"$(mend_address "$address" "$found")"
	done
	[ -n "$mixed" ] || finding ok addresses "the daemon's own addresses are its alone"
}

# --- routes ---------------------------------------------------------------------------------------------------------

# mend_route ADDRESS PREFIX: a route to as much as PREFIX or less of it has to go first, and may be all that is wrong.
mend_route()
{
	last=$(lasting)
	away=
	six=$(family "$1")
	entry=$(ip "$six" route get fibmatch "$1" 2>/dev/null | sed -n 1p)
	table=$(echo "$entry" | after table)
	where="dev $device${table:+ table $table}"
	words=$(echo "$entry" | sed 's/ \(proto\|expires\|pref\|error\|cache\|scope\|src\|linkdown\|dead\|onlink\).*//')
	case ${words%% *} in
	"" | default) ;;
	unreachable | prohibit | blackhole) last= ;;
	*) length=${words%% *}
		case $length in */*) length=${length#*/} ;; *) length=128 ;; esac
		[ "$length" -lt "${2#*/}" ] || away="ip $six route del $words${table:+ table $table}" ;;
	esac
	if [ -n "$table" ]; then
		last= # other tables are not the daemon's
	elif [ -n "$away" ] && ip "$six" route show "$2" dev "$device" 2>/dev/null | has .; then
		echo "$away"
		return
	fi
	echo "${away:+$away && }${last:-ip $six route replace $2 $where}"
}

# check_lead WHAT ADDRESS PREFIX
check_lead()
{
	way=$(leads_to "$2")
	case $way in
	"$device") finding ok route "$1 leads to $device" ;;
	local) finding FAIL route "$1 is an address of the machine itself, not of the translator" "ip addr show to $3" ;;
	"") finding FAIL route "$1 has no route" "$(mend_route "$2" "$3")" ;;
	*) finding FAIL route "$1 leads to $way, not to $device" "$(mend_route "$2" "$3")" ;;
	esac
}

check_prefix_routes()
{
	for prefix in $(values prefix); do
		check_lead "prefix $prefix" "$(embed "$prefix" 8.8.8.8)" "$prefix"
	done
	for pool in $(values dynamic-pool) $(values icmp-source-pool); do
		check_lead "pool $pool" "$(nth "$pool" 2)" "$pool"
	done
}

# Of many maps, the first ones stand for all: they are written, and routed, together.
check_map_routes()
{
	printf '%s\n' "$all_maps_once" | sed -n 1,8p | while read -r four six; do
		[ -n "$six" ] || continue
		[ "$(leads_to "${six%/*}")" = "$device" ] || [ "$(leads_to "${four%/*}")" = "$device" ] ||
			echo "$four"
	done
}

check_own_routes()
{
	for directive in ipv4-addr ipv6-addr; do
		address=$(values $directive)
		# Its own finding says that it is an address of the machine.
		[ "$(leads_to "$address")" = local ] ||
			case $address in
			*:*) check_lead "$directive $address" "$address" "$address/128" ;;
			*) check_lead "$directive $address" "$address" "$address/32" ;;
			esac
	done
}

# The prefix of a customer-side translator is that of another one, and IPv4 as a whole leads into the device.
check_clat_routes()
{
	check_lead "the IPv4 internet" 8.8.8.8 0.0.0.0/0
	for prefix in $(values prefix); do
		way=$(leads_to "$(embed "$prefix" 8.8.8.8)")
		judge route "prefix $prefix of the provider has no route but $device" "prefix $prefix leads to the provider by $way" \
			"ip -6 route replace $prefix via ROUTER dev ${uplink6:-DEVICE}" [ -n "${way#"$device"}" ]
	done
}

check_routes()
{
	if [ -n "$clat" ]; then
		check_clat_routes
	else
		check_prefix_routes
		check_own_routes
	fi
	for astray in $(check_map_routes); do
		finding FAIL route "map $astray: neither side leads to $device" \
			"$(lasting_or "ip route replace $astray dev $device")"
	done
}

# --- networks that are there already --------------------------------------------------------------------------------

# real_networks: "PREFIX DEVICE" lines of what is not the translator's.
real_networks()
{
	ip -4 route show table all 2>/dev/null | awk -v own="$device" '
		$1 ~ /^(broadcast|unreachable|prohibit|blackhole|throw|multicast)$/ { next }
		{
			net = $1 ~ /^(local|anycast|nat|unicast)$/ ? $2 : $1; dev = ""
			for (i = 2; i < NF; i++) if ($i == "dev") dev = $(i + 1)
			if (net ~ /^[0-9]/ && net !~ /^127\./ && dev != "" && dev != "lo" && dev != own) print net, dev
		}' | sort -u
}

check_overlap()
{
	clash=
	for pool in $(values dynamic-pool); do
		clash=$(real_networks | awk "$ipv4_awk"'overlap($1, pool) { print $1 " of " $2; exit }' pool="$pool")
		[ -z "$clash" ] || break
	done
	if [ -n "$clash" ]; then
		finding FAIL overlap "pool $pool overlaps $clash" \
			"edit $conf: dynamic-pool and ipv4-addr of a network that is used nowhere else, then: $start"
	elif [ -n "$(values dynamic-pool)" ]; then
		finding ok overlap "no network of the machine lies in a pool"
	fi
}

# RFC 6052, section 3.1: the Well-Known Prefix is for the public internet.
check_wkp()
{
	[ -z "$clat" ] && [ "$(values wkpf-strict)" = yes ] || return 0
	values prefix | has -x '64:ff9b::/96' || return 0
	unreached=$(real_networks | sed 's/ .*//' | only_private | grep / | sed -n 1,3p | paste -s -d ' ' -)
	if [ -n "$unreached" ]; then
		finding WARN wkp "64:ff9b::/96 does not reach private IPv4, such as $unreached here (RFC 6052, section 3.1)" \
			"$(set_directive wkpf-strict no) && $(reload_command)"
	else
		finding ok wkp "64:ff9b::/96, and no private IPv4 network near by"
	fi
}

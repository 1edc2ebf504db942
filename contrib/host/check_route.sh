# Checks addresses and routes: do all networks of the translator lead to its device?
# shellcheck shell=sh disable=SC2154 # variables of check.sh

# family ADDRESS: prints the option of ip(8) for its family.
family()
{
	case $1 in
	*:*) echo -6 ;;
	*) echo -4 ;;
	esac
}

# embed PREFIX IPV4: prints the IPv6 address that contains IPV4 (RFC 6052, section 2.2).
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

# leads_to ADDRESS: prints the device of its route, "local" for an address of the machine, nothing if there is no route.
leads_to()
{
	route=$(ip "$(family "$1")" -o route get "$1" 2>/dev/null)
	route=${route%%"$newline"*}
	case $route in
	local*) echo local ;;
	unreachable* | prohibit* | blackhole*) ;;
	*) after dev "$route" ;;
	esac
}

# --- addresses ------------------------------------------------------------------------------------------------------

# address_lines ADDRESS: prints "DEVICE ADDRESS/LENGTH" if the machine itself has it.
address_lines()
{
	ip -o addr show to "$1" 2>/dev/null | awk '{ for (i = 3; i < NF; i++) if ($i ~ /^inet6?$/) print $2, $(i + 1) }'
}

# is_free ADDRESS: succeeds if this machine knows of no use of it.
is_free()
{
	case $(leads_to "$1") in
	"" | "$device" | "$uplink4") return 0 ;;
	esac
	return 1
}

# another_address: prints a free address of the pool for the daemon, nothing if none is found.
another_address()
{
	for pool in $(values dynamic-pool); do
		for n in 1 2 3; do
			another=$(nth "$pool" $n)
			if [ "$another" != "$(values ipv4-addr)" ] && overlap "$another/32" "$pool" && is_free "$another"; then
				echo "$another"
				return
			fi
		done
	done
}

# is_pooled ADDRESS: succeeds if a pool contains ADDRESS.
is_pooled()
{
	for pool in $(values dynamic-pool); do
		! overlap "$1" "$pool" || return 0
	done
	return 1
}

# another_network [POOL]: prints the command for a pool in which the machine has addresses.  tun-setup omits the route of
# such a pool unless tun-route names it.
another_network()
{
	echo "edit $file: dynamic-pool and ipv4-addr of a network that is used nowhere else${1:+, or, if no host there needs its addresses, tun-route $1}, then: $(reload_command)"
}

# give_way DIRECTIVE ADDRESS: prints the command that gives the daemon another address, because the machine has this one.
# Without ipv6-addr, the daemon has an address inside the prefix.
give_way()
{
	another=$(another_address)
	if values tun-ip | has -F -e "$2/"; then
		echo "$(drop_directive tun-ip "$2") && $(reload_command)"
	elif [ "$1" = ipv6-addr ] && stands ipv6-addr && [ -n "$(values prefix)" ]; then
		echo "$(drop_directive ipv6-addr) && $(reload_command)"
	elif [ "$1" = ipv4-addr ] && is_pooled "$2"; then
		another_network
	elif [ "$1" = ipv4-addr ] && [ -n "$another" ]; then
		echo "$(set_directive ipv4-addr "$another") && $(reload_command)"
	else
		echo "edit $file: $1 ADDRESS, one that no machine has, then: $(reload_command)"
	fi
}

# Prints the command.  Removing an address from our device also removes the route that came with it, so the command adds a
# route for the pool.  It removes no address from other devices.
mend_address()
{
	last=$(lasting)
	if values tun-ip | has -F -e "$2/" || printf '%s\n' "$3" | has -v "^$device "; then
		give_way "$1" "$2"
		return
	fi
	shift
	printf '%s\n' "$2" | while read -r dev cidr; do
		printf 'ip addr del %s dev %s && ' "$cidr" "$dev"
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

# in_clash PREFIX: succeeds if check_overlap has reported a network of the machine that contains it.
in_clash()
{
	case $1 in
	*:*) return 1 ;;
	esac
	[ -n "$clash" ] && overlap "$1" "$clash"
}

check_addresses()
{
	mixed=
	for directive in ipv4-addr ipv6-addr; do
		address=$(values $directive)
		found=$(address_lines "$address")
		[ -n "$found" ] || continue
		! in_clash "$address" || continue
		mixed=yes
		finding FAIL addresses "$address is the daemon's own ($directive), but ${found%% *} has it too: the kernel keeps its packets" \
			"$(mend_address $directive "$address" "$found")"
	done
	[ -n "$mixed" ] || finding ok addresses "only the daemon has its own addresses"
}

# --- routes ---------------------------------------------------------------------------------------------------------

# length_of_route ENTRY: prints the prefix length of its network.
length_of_route()
{
	net=${1#unreachable }
	net=${net#prohibit }
	net=${net#blackhole }
	net=${net%% *}
	case $net in
	"" | default) echo 0 ;;
	*/*) echo "${net#*/}" ;;
	*:*) echo 128 ;;
	*) echo 32 ;;
	esac
}

# is_in_the_way: succeeds if `entry' takes precedence over a route of `wanted' to our device and another program needs it: a
# longer route, the route of a network that the machine is in, a route with a better metric, or the default route if `wanted'
# is everything.
is_in_the_way()
{
	[ -n "$entry" ] || return 1
	[ "$length" -le "${wanted#*/}" ] && [ "${wanted#*/}" -gt 0 ] || return 0
	echo "$entry" | has ' proto kernel ' && return
	[ "$length" -eq "${wanted#*/}" ] && ip "$six" route show "$wanted" dev "$device" ${table:+table "$table"} 2>/dev/null | has .
}

# mend_route ADDRESS PREFIX: prints the command that adds a route to our device or replaces one for the same network.  A route
# that another program needs is only shown.
mend_route()
{
	wanted=$2
	last=$(lasting)
	six=$(family "$1")
	entry=$(ip "$six" route get fibmatch "$1" 2>/dev/null | sed -n 1p)
	table=$(after table "$entry")
	length=$(length_of_route "$entry")
	if is_in_the_way; then
		echo "ip $six route show table all to root $2 # decide which of these to keep"
		return
	fi
	[ -z "$table" ] || last= # the daemon sets routes only in the main table
	case $entry in
	unreachable* | prohibit* | blackhole*) last= ;;
	esac
	echo "${last:-ip $six route replace $2 dev $device${table:+ table $(word "$table")}}"
}

# check_lead WHAT ADDRESS PREFIX: reports whether ADDRESS leads to our device.
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
		! in_clash "$pool" || continue
		check_lead "pool $pool" "$(nth "$pool" 2)" "$pool"
	done
}

# If there are many maps, only the first ones are checked: the others are usually in the same file and routed alike.
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
		# check_addresses reports an address of the machine.
		[ "$(leads_to "$address")" = local ] || in_clash "$address" ||
			case $address in
			*:*) check_lead "$directive $address" "$address" "$address/128" ;;
			*) check_lead "$directive $address" "$address" "$address/32" ;;
			esac
	done
}

check_routes()
{
	if [ -n "$clat" ]; then
		check_clat_routes
		return
	fi
	check_prefix_routes
	check_own_routes
	for astray in $(check_map_routes); do
		finding FAIL route "map $astray: neither side leads to $device" "$(mend_route "$(nth "$astray" 0)" "$astray")"
	done
}

# --- networks of the machine ----------------------------------------------------------------------------------------

# Reports networks that overlap a pool.  If only the daemon's own address is shared, check_addresses reports it.
check_overlap()
{
	clash=
	networks=$(real_networks)
	own=$(values ipv4-addr)
	for pool in $(values dynamic-pool); do
		found=$(printf '%s\n' "$networks" | awk "$ipv4_awk"'$1 != own && overlap($1, pool) { print len($1), $1, $2 }' pool="$pool" own="$own" |
			sort -n | sed -n '1s/^[0-9]* //p')
		[ -n "$found" ] || continue
		clash=${found% *}
		finding FAIL overlap "pool $pool is in use on ${found#* } ($clash): choose another pool" "$(another_network "$pool")"
	done
	[ -n "$clash" ] || [ -z "$(values dynamic-pool)" ] || finding ok overlap "no network of the machine overlaps a pool"
}

# RFC 6052, section 3.1: the Well-Known Prefix must not contain private IPv4 addresses.
check_wkp()
{
	[ -z "$clat" ] && [ "$(values wkpf-strict)" = yes ] || return 0
	has_value prefix 64:ff9b::/96 || return 0
	unreached=$(printf '%s\n' "$networks" | sed 's/ .*//' | only_private | grep / | sed -n 1,3p | paste -s -d ' ' -)
	if [ -n "$unreached" ]; then
		finding WARN wkp "64:ff9b::/96 does not reach private IPv4, such as $unreached here (RFC 6052, section 3.1)" \
			"$(set_directive wkpf-strict no) && $(reload_command)"
	else
		finding ok wkp "64:ff9b::/96, and no private IPv4 network here"
	fi
}

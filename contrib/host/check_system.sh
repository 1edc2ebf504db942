# Checks the machine: forwarding, uplinks, the device, connection tracking.
# shellcheck shell=sh disable=SC2154,SC2034 # variables of check.sh

# --- forwarding -----------------------------------------------------------------------------------------------------

# advertised_uplinks: prints the devices whose default route came from a router advertisement.
advertised_uplinks()
{
	routes=$(ip -6 route show default proto ra 2>/dev/null)
	[ -z "$routes" ] || printf '%s\n' "$routes" | sed -n 's/.* dev \([^ ]*\).*/\1/p' | sort -u
}

# keep_routes: prints the commands to run before forwarding is switched on, which would otherwise remove a default route that
# came from a router advertisement.
keep_routes()
{
	for dev in $(advertised_uplinks); do
		[ "$(sysctl_is "ipv6/conf/$dev/accept_ra")" != 1 ] || printf 'sysctl -w %s=2 && ' "$(name_sysctl "ipv6/conf/$dev/accept_ra")"
	done
}

# switch_on SYSCTL: prints the command.  If there is a service, the setting is as permanent as the service.
switch_on()
{
	if [ -n "$unit" ] && [ -z "$clat" ] && [ -e "$sysctls" ]; then
		echo "ln -sf $(word "$sysctls") /etc/sysctl.d/90-nat64d.conf && sysctl -p $(word "$sysctls")"
	else
		echo "sysctl -w $1=1"
	fi
}

# Most customer-side translators serve programs of this machine and need no IPv4 forwarding.
check_forwarding()
{
	forwards6=$(sysctl_is ipv6/conf/all/forwarding)
	if [ "$forwards6" = 1 ]; then
		finding ok forwarding-6 "IPv6 is forwarded"
	else
		finding FAIL forwarding-6 "the machine does not forward IPv6" "$(keep_routes)$(switch_on net.ipv6.conf.all.forwarding)"
	fi
	[ -z "$clat" ] || [ "${first_map4#*/}" -lt 32 ] || return 0
	if [ "$(sysctl_is ipv4/ip_forward)" != 1 ]; then
		finding FAIL forwarding-4 "the machine does not forward IPv4" "$(switch_on net.ipv4.ip_forward)"
		return
	fi
	finding ok forwarding-4 "IPv4 is forwarded"
	for dev in $device $uplink4; do
		[ "$(sysctl_is "ipv4/conf/$dev/forwarding")" = 0 ] || continue
		finding FAIL forwarding-4 "$dev does not forward IPv4" "sysctl -w $(name_sysctl "ipv4/conf/$dev/forwarding")=1"
	done
}

# A device that forwards ignores router advertisements unless accept_ra is 2, so the default route is lost when it expires.
check_accept_ra()
{
	[ "$forwards6" = 1 ] || return 0
	for dev in $(advertised_uplinks); do
		[ "$(sysctl_is "ipv6/conf/$dev/accept_ra")" = 1 ] || continue
		finding WARN accept-ra "$dev forwards, so it ignores the advertisements that its IPv6 default route came from" \
			"sysctl -w $(name_sysctl "ipv6/conf/$dev/accept_ra")=2"
	done
}

# --- uplinks --------------------------------------------------------------------------------------------------------

# Prints the devices that would accept a default route from an advertisement if they did not forward.
deaf_to_ra()
{
	[ "$forwards6" = 1 ] || return 0
	for dev in $(ip -6 -o addr show scope link up 2>/dev/null | awk '{ print $2 }' | sort -u); do
		[ "$dev" = "$device" ] || [ "$(sysctl_is "ipv6/conf/$dev/accept_ra")" != 1 ] || echo "$dev"
	done
}

ra_command()
{
	deaf=$(deaf_to_ra | awk -v uplink="$uplink4" '$0 == uplink { found = 1 } NR == 1 { first = $0 } END { print found ? uplink : first }')
	if [ -n "$deaf" ]; then
		echo "sysctl -w $(name_sysctl "ipv6/conf/$deaf/accept_ra")=2"
	else
		echo "$1"
	fi
}

has_address6()
{
	[ -n "$(ip -6 -o addr show scope global 2>/dev/null | awk -v dev="$device" '$2 != dev && $2 != "lo"')" ]
}

# A missing default route is only a warning, because some translators do not need the internet.
check_uplinks()
{
	if has_address6; then
		finding ok ipv6 "the machine has an IPv6 address"
	else
		finding FAIL ipv6 "the machine has no IPv6 address of its own" \
			"$(ra_command "ip -6 addr add ADDRESS/64 dev DEVICE, an address of your own network")"
	fi
	if [ -n "$uplink6" ]; then
		finding ok route-6 "the IPv6 default route uses $uplink6"
	else
		finding WARN route-6 "no IPv6 default route: only hosts of networks that have a route can use the translator" \
			"$(ra_command "ip -6 route add default via ROUTER dev DEVICE")"
	fi
	if [ -n "$uplink4" ]; then
		finding ok route-4 "the IPv4 default route uses $uplink4"
	elif [ -z "$clat" ]; then # its own IPv4 route is checked with the device
		finding WARN route-4 "no IPv4 default route: the IPv4 internet is out of reach" \
			"ip -4 route add default via ROUTER dev DEVICE"
	fi
}

# --- the device -----------------------------------------------------------------------------------------------------

# link_is FLAG: succeeds if the device has a flag such as UP or LOWER_UP, in the line that check_device has read.
link_is()
{
	case $link_line in
	*[\<,]"$1"[,\>]*) ;;
	*) return 1 ;;
	esac
}

check_device()
{
	link_line=$(ip -o link show dev "$device" 2>/dev/null)
	if ! [ -e "/proc/sys/net/ipv4/conf/$device" ] || [ -z "$link_line" ]; then
		finding FAIL device "there is no $device" "$start"
		return 1
	elif ! link_is UP; then
		finding FAIL device "$device is down" "$(lasting_or "ip link set $device up")"
	elif ! link_is LOWER_UP; then
		finding FAIL device "$device has no carrier: no daemon is attached to it" "$start"
	else
		finding ok device "$device is up"
	fi
}

# Translation makes a packet 20 bytes longer or shorter.  If the MTU of the device is at least that of the uplink, it is never
# the smallest on the path.  This sets `mtu' and `mtu4', that of the uplink, also for ping_large.
check_mtu()
{
	mtu=$(after mtu "$link_line")
	mtu4=
	[ -z "$uplink4" ] || mtu4=$(after mtu "$(ip -o link show dev "$uplink4" 2>/dev/null)")
	if [ "$mtu" -lt 1280 ]; then
		narrow=${mtu4:-1500}
		[ "$narrow" -ge 1280 ] || narrow=1280
		finding FAIL mtu "$device has an MTU of $mtu, and IPv6 needs 1280" "ip link set $device mtu $narrow"
	elif [ "$mtu" -lt "${mtu4:-0}" ] && [ -z "$clat" ]; then
		finding WARN mtu "$device has an MTU of $mtu and $uplink4 one of $mtu4: packets are rejected or fragmented unnecessarily" \
			"ip link set $device mtu $mtu4"
	elif [ "${mtu4:-1500}" -lt 1260 ]; then
		finding WARN mtu "$uplink4 has an MTU of $mtu4, below 1260: IPv6 hosts cannot send packets that small, so IPv4 packets are fragmented"
	else
		finding ok mtu "$device $mtu${mtu4:+, $uplink4 $mtu4}"
	fi
}

# The kernel uses the larger one of the two values, so 2 (loose) overrides 1 (strict).
check_rp_filter()
{
	strictest=$(sysctl_is ipv4/conf/all/rp_filter)
	own=$(sysctl_is "ipv4/conf/$device/rp_filter")
	[ "${own:-0}" -le "${strictest:-0}" ] || strictest=$own
	if [ "${strictest:-0}" = 1 ]; then
		finding WARN rp-filter "strict on $device: translated packets from addresses without a route to it are dropped" \
			"sysctl -w $(name_sysctl "ipv4/conf/$device/rp_filter")=2"
	else
		finding ok rp-filter "not strict on $device"
	fi
}

# --- connection tracking --------------------------------------------------------------------------------------------

# MASQUERADE fails for new connections if the table is full.
check_conntrack()
{
	count=$(sysctl_is netfilter/nf_conntrack_count)
	max=$(sysctl_is netfilter/nf_conntrack_max)
	[ "${max:-0}" -gt 0 ] && [ -n "$count" ] || return 0
	judge conntrack "the table of connections is full: $count of $max" "$count connections of $max" \
		"sysctl -w net.netfilter.nf_conntrack_max=$((max * 4))" [ "$count" -lt $((max * 9 / 10)) ]
}

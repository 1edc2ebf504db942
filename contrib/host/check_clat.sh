# Checks a customer-side translator (464XLAT): is this machine one, and do the answers of the provider's translator reach it?
# shellcheck shell=sh disable=SC2154,SC2034 # variables of check.sh

# is_clat: succeeds for a customer-side translator.  Its prefix belongs to another translator.  It has no pool, and it maps
# addresses of this machine, or of a network that this machine is in.  192.0.0.0/29 is reserved for such machines (RFC 7335).
is_clat()
{
	[ -z "$(values dynamic-pool)" ] && [ -n "$first_map4" ] && [ -n "$(values prefix)" ] || return 1
	! overlap "$first_map4" 192.0.0.0/29 || return 0
	! has_value tun-route 0.0.0.0/0 || return 0
	near=$(ip -4 -o route get "${first_map4%/*}" 2>/dev/null | sed -n 1p)
	case $near in
	local*) return 0 ;;
	'' | *" via "* | *" dev $device "* | *" dev ${uplink4:-$device} "*) return 1 ;;
	esac
	way=$(provider_link)
	[ -n "$way" ] && [ "$way" != "$device" ]
}

# is_by_clatd: succeeds if clatd(8) wrote the configuration; clatd then also starts the daemon and sets its routes.
is_by_clatd()
{
	sed -n 1p "$conf" | has '^# Ephemeral TAYGA config file written by .*clatd'
}

# clatd_command: prints the command that sets everything up again.
clatd_command()
{
	if [ -d /run/systemd/system ]; then
		echo "systemctl restart clatd"
	else
		echo "service clatd restart"
	fi
}

# provider_link: prints the device that leads to the provider's translator.
provider_link()
{
	leads_to "$(embed "$(first_of prefix)" 8.8.8.8)"
}

# --- routes -----------------------------------------------------------------------------------------------------------

# answers_lead_to ADDRESS: prints the device that gets packets from the provider's translator to ADDRESS.  clatd adds a rule
# for only these packets, so that other packets to ADDRESS, which may be an address of the machine, stay with the machine.
answers_lead_to()
{
	mark=$(after fwmark "$(ip -6 rule show 2>/dev/null | grep -F " to $1 ")")
	ip -6 -o route get "$1" from "$(embed "$(first_of prefix)" 8.8.8.8)" iif "$link" ${mark:+mark "$mark"} 2>/dev/null |
		sed -n '1s/.* dev \([^ ]*\).*/\1/p'
}

# mend_answers IPV4 IPV6: prints the command.  The machine keeps its own address, unless clatd set the rule for only the
# answers.
mend_answers()
{
	if [ -n "$clatd" ]; then
		echo "$clatd"
	elif [ "$(leads_to "${2%/*}")" = local ]; then
		echo "edit $file: map ${1%/32} ADDRESS, one of IPv6 that no machine has, then: $(reload_command)"
	else
		mend_route "${2%/*}" "$2"
	fi
}

check_answers()
{
	while read -r four six; do
		[ -n "$six" ] || continue
		way=$(answers_lead_to "${six%/*}")
		[ "$way" = "$device" ] || finding FAIL route "answers to ${six%/128}, which is ${four%/32}, lead to ${way:-no device}, not to $device" \
			"$(mend_answers "$four" "$six")"
	done <<-END
		$(printf '%s\n' "$all_maps_once" | sed -n 1,8p)
	END
}

# A customer-side translator uses the prefix of the provider's translator, and all of IPv4 leads to its device.
check_clat_routes()
{
	check_lead "the IPv4 internet" 8.8.8.8 0.0.0.0/0
	for prefix in $(values prefix); do
		way=$(leads_to "$(embed "$prefix" 8.8.8.8)")
		judge route "the provider's prefix $prefix has no route except to $device" "prefix $prefix leads to the provider by $way" \
			"ip -6 route replace $prefix via ROUTER dev $(word "${uplink6:-DEVICE}")" [ -n "${way#"$device"}" ]
	done
	link=$(provider_link)
	[ -z "${link#"$device"}" ] || check_answers
}

# --- neighbors --------------------------------------------------------------------------------------------------------

# is_on_link ADDRESS: succeeds if it is in a network of $link, so that routers there ask for it by neighbor discovery.
is_on_link()
{
	ip -6 route show match "$1" dev "$link" 2>/dev/null | grep -v -e '^default' -e ' via ' | has / &&
		! ip -o link show dev "$link" 2>/dev/null | has -e '[<,]NOARP[,>]' -e '[<,]POINTOPOINT[,>]'
}

# has_answer ADDRESS: succeeds if a router on $link that asks for it gets an answer.
has_answer()
{
	[ -z "$(address_lines "$1")" ] || return 0
	! cat /proc/[0-9]*/comm 2>/dev/null | has -x ndppd || return 0 # ndppd answers according to its own configuration
	ip -6 neigh show proxy 2>/dev/null | has -F -e "$1 dev $link " &&
		[ "$(sysctl_is "ipv6/conf/$link/proxy_ndp")$(sysctl_is ipv6/conf/all/proxy_ndp)" != 00 ]
}

# check_clat: reports the mapping.  Other checks skip what such a machine does not need, such as NAT44, allow and the guard.
check_clat()
{
	[ -n "$clat" ] || return 0
	first_map6=$(printf '%s\n' "$all_maps_once" | sed -n '1s/.* //p')
	finding ok clat "this is the customer side of 464XLAT${clatd:+, run by clatd}: ${first_map4%/32} is ${first_map6%/128}, and another translator has prefix $(values prefix | in_words)"
	link=$(provider_link)
	[ -n "${link#"$device"}" ] && [ "${first_map6#*/}" = 128 ] && is_on_link "${first_map6%/*}" || return 0
	judge clat "no machine answers on $link for ${first_map6%/*}: packets from the provider do not arrive" \
		"routers on $link find ${first_map6%/*}" \
		"${clatd:-sysctl -w $(name_sysctl "ipv6/conf/$link/proxy_ndp")=1 && ip -6 neighbour replace proxy ${first_map6%/*} dev $(word "$link")}" \
		has_answer "${first_map6%/*}"
}

# init --announce: router advertisements that tell hosts the prefix (PREF64, RFC 8781) and the resolver (RDNSS, RFC 8106), and
# DHCPv4 option 108 (RFC 8925) where dnsmasq gives out IPv4 addresses.
# shellcheck shell=sh disable=SC2154,SC2034 # variables of init.sh

radvd_file=/etc/radvd.conf
dnsmasq_file=/etc/dnsmasq.d/nat64d.conf

# radvd_version: of the program, or of the package that apt would install.
radvd_version()
{
	if have radvd; then
		radvd --version 2>&1 | sed -n 's/^Version: *\([0-9.]*\).*/\1/p'
	elif have apt-cache; then
		apt-cache policy radvd 2>/dev/null | sed -n 's/^ *Candidate: *\([0-9]*:\)\{0,1\}\([0-9.]*\).*/\2/p'
	fi
}

# is_old VERSION: it does not know nat64prefix.
is_old()
{
	echo "$1" | awk -F. '{ exit !($1 < 2 || $1 == 2 && $2 < 20) }'
}

# --- radvd ----------------------------------------------------------------------------------------------------------

# nets_of DEVICE: its networks in which hosts can make addresses; those of the moment, `::/64' to radvd, where they may change.
nets_of()
{
	if printf '%s\n' "$lan6" | has "^$1 .*/64 dynamic$"; then
		echo ::/64
	else
		{
			ip -6 route show dev "$1" table main 2>/dev/null | awk '$1 ~ /^([23]|f[cd])[0-9a-f:]*\/64$/ && !/ via /{ print $1 }'
			[ "${new_address%% *}" != "$1" ] || new_network
		} | sort -u
	fi
}

radvd_lines()
{
	for dev in $lan; do
		echo "interface $dev {"
		echo "	AdvSendAdvert on;"
		nets_of "$dev" | sed 's/.*/	prefix & { };/'
		[ -z "$resolver_address" ] || echo "	RDNSS $resolver_address { };"
		echo "	nat64prefix $prefix { };"
		echo "};"
	done
}

radvd_text()
{
	echo "# Made by nat64-host init.  radvd.conf(5) explains each line."
	radvd_lines
}

# other_announcer DEVICE: who sends router advertisements there already.
other_announcer()
{
	file=$(network_file_of "$1")
	if [ -n "$file" ] && cat "$file" "/etc/systemd/network/${file##*/}.d"/*.conf 2>/dev/null | has -iE '^[[:space:]]*IPv6SendRA=(yes|true|1|on)'; then
		echo "systemd-networkd ($file)"
	elif grep -hvE '^[[:space:]]*#' /etc/dnsmasq.conf /etc/dnsmasq.d/*.conf 2>/dev/null | has -E '^[[:space:]]*(enable-ra|dhcp-range=.*\<(ra-only|slaac|ra-names|ra-stateless|ra-advrouter)\>)'; then
		echo "dnsmasq"
	elif ip -6 route show default dev "$1" 2>/dev/null | has ' proto ra '; then
		echo "another router, $(ip -6 route show default dev "$1" | sed -n 's/.*via \([^ ]*\).*/\1/p' | sed -n 1p)"
	fi
}

announce_plan()
{
	[ -n "$service" ] || { problem "--announce: this needs systemd, which starts radvd" && return; }
	[ -n "$dns64" ] || resolver_address=$(resolver_before | sed -n 1p)
	version=$(radvd_version)
	if [ -n "$version" ] && is_old "$version"; then
		problem "--announce radvd: radvd $version cannot announce the prefix (PREF64); that takes 2.20 or newer, which Debian 13 has"
		return
	fi
	for dev in $lan; do
		other=$(other_announcer "$dev")
		[ -z "$other" ] || { problem "--announce radvd: $other sends router advertisements on $dev already, and two would contradict each other; let it announce PREF64 $prefix${resolver_address:+ and RDNSS $resolver_address}" && return; }
		[ -n "$(nets_of "$dev")" ] ||
			problem "--announce radvd: $dev has no /64, and hosts make addresses in a /64 only"
	done
	need_package radvd radvd
	if exists "$radvd_file" && ! is_ours "$radvd_file" && ! radvd_text | cmp -s - "$radvd_file"; then
		problem "--announce radvd: $radvd_file exists, and init did not make it; leave out --announce, and add to $radvd_file: $(radvd_lines | tr -s '\t\n' ' ')"
		return
	fi
	radvd_text >"$stage/radvd.conf"
	if have radvd; then
		wrong=$(radvd --logmethod stderr_clean --configtest --config "$stage/radvd.conf" 2>&1) ||
			problem "radvd refuses the planned configuration: $(printf '%s\n' "$wrong" | sed "s|$stage/||" | first_line)"
	fi
	want_file "$radvd_file" <"$stage/radvd.conf"
	want_service radvd.service enable
	want_service radvd.service restart
	tell announce "radvd on $lan: the prefix (PREF64)${resolver_address:+, the resolver (RDNSS)} and $(for dev in $lan; do nets_of "$dev"; done | sort -u | sed 's|^::/64$|the networks of the device|' | in_words)"
	plan_option_108
}

# --- DHCPv4 ---------------------------------------------------------------------------------------------------------

dnsmasq_settings()
{
	for file in /etc/dnsmasq.conf /etc/dnsmasq.d/*; do
		case $file in
		"$dnsmasq_file" | *.dpkg-*) ;;
		*) [ ! -f "$file" ] || sed 's/#.*//; s/[[:space:]]*=[[:space:]]*/=/; s/^[[:space:]]*//' "$file" ;;
		esac
	done
}

# range_devices: the device that each IPv4 dhcp-range leads to.
range_devices()
{
	dnsmasq_settings | sed -n 's/^dhcp-range=//p' | grep -oE '([0-9]{1,3}\.){3}[0-9]{1,3}' | awk -F. '!seen[$1 "." $2 "." $3]++' | while read -r start; do
		ip -4 -o route get "$start" 2>/dev/null | sed -n 's/.* dev \([^ ]*\).*/\1/p'
	done | sort -u
}

# is_read: Debian's scripts name the directory on the command line.
is_read()
{
	dnsmasq_settings | has '^conf-dir=/etc/dnsmasq\.d' || grep -qs '^CONFIG_DIR=/etc/dnsmasq\.d' /etc/default/dnsmasq
}

# plan_option_108: hosts that can do without IPv4 give it up.  It counts for all networks of dnsmasq, so all must be ours.
plan_option_108()
{
	have dnsmasq && systemctl -q is-active dnsmasq.service 2>/dev/null || return 0
	ranges=$(range_devices)
	[ -n "$ranges" ] || return 0
	if dnsmasq_settings | has -E '^dhcp-option(-force)?=.*(^|,|=)(option:)?108,'; then
		tell DHCPv4 "dnsmasq sends option 108 already"
		return
	fi
	for dev in $ranges; do
		case " $lan " in
		*" $dev "*) ;;
		*)
			tell DHCPv4 "dnsmasq serves $dev as well, where no translator is: no option 108"
			return
			;;
		esac
	done
	is_read || { tell DHCPv4 "dnsmasq does not read /etc/dnsmasq.d: no option 108" && return; }
	cat <<-END | want_file "$dnsmasq_file" || exit
		# Made by nat64-host init: hosts that can do without IPv4 give it up for half an hour at a time (RFC 8925).
		dhcp-option=108,1800i
	END
	want_service dnsmasq.service restart
	tell DHCPv4 "dnsmasq tells hosts that can do without IPv4 to give it up (option 108)"
}

announce_check()
{
	if systemctl -q is-active radvd.service; then
		echo "ok    announce: radvd announces $prefix${resolver_address:+ and $resolver_address} on $lan"
	else
		echo "FAIL  announce: radvd does not run: journalctl -u radvd"
		return 1
	fi
}

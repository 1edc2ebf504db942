# init --dns64: a resolver that gives names without IPv6 addresses one in our prefix, at an address that survives a reboot.
#
#   $resolver_address   where the hosts ask
#   $new_address        "DEVICE ADDRESS/LENGTH" if the machine gets that address from us, by the file $address_file
#
# The configurations are those of contrib/dns64, which explain each line, with one address instead of two.
# shellcheck shell=sh disable=SC2154,SC2034 # variables of init.sh

unbound_file=/etc/unbound/unbound.conf.d/nat64d.conf
bind_file=/etc/bind/nat64d.conf
bind_dropin=/etc/systemd/system/named.service.d/nat64d.conf
examples=${example%/*}/dns64

# first_line: of standard input, if it has one, as part of a message.
first_line()
{
	plain "$(sed -n 1p)"
}

# --- the address ----------------------------------------------------------------------------------------------------

# address_file_of MANAGER DEVICE: the file by which that manager gives the device one more address.
address_file_of()
{
	case $1 in
	networkd)
		network_file=$(network_file_of "$2")
		[ -z "$network_file" ] || echo "/etc/systemd/network/$(basename "$network_file").d/nat64d.conf"
		;;
	NetworkManager) echo /etc/NetworkManager/dispatcher.d/90-nat64d ;;
	ifupdown)
		! grep -qsE '^[[:space:]]*source(-directory)?[[:space:]]+(/etc/network/)?interfaces\.d' /etc/network/interfaces ||
			echo /etc/network/interfaces.d/nat64d
		;;
	esac
}

# address_file_text MANAGER DEVICE ADDRESS/LENGTH
address_file_text()
{
	case $1 in
	networkd) printf '# Made by nat64-host init: the resolver of the hosts answers there.\n[Network]\nAddress=%s\n' "$3" ;;
	NetworkManager)
		cat <<-END
			#!/bin/sh
			# Made by nat64-host init: the resolver of the hosts answers there.
			case \$1:\$2 in
			$2:up | $2:reapply | $2:dhcp4-change | $2:dhcp6-change) ip -6 address replace $3 dev $2 ;;
			esac
		END
		;;
	ifupdown)
		cat <<-END
			# Made by nat64-host init: the resolver of the hosts answers there.
			iface $2 inet6 manual
				up ip -6 address replace $3 dev $2
				down ip -6 address del $3 dev $2 2>/dev/null || true
		END
		;;
	esac
}

# address_of_file FILE: "ADDRESS/LENGTH", if init made the file.
address_of_file()
{
	! is_ours "$1" || grep -oE 'f[cd][0-9a-f:]*/64' "$1" | sed -n 1p
}

# unique_local: ::64 in a new network (RFC 4193).
unique_local()
{
	od -An -N5 -tx1 /dev/urandom | tr -d ' \n' | sed 's|\(..\)\(....\)\(....\)|fd\1:\2:\3::64/64\n|'
}

# new_network: that of $new_address.
new_network()
{
	echo "${new_address#* }" | sed 's|::64/64$|::/64|'
}

# resolver_before: the address of the resolver that an earlier init has configured.
resolver_before()
{
	! is_ours "$unbound_file" || sed -n 's/^ *interface: \(.*:.*\)/\1/p' "$unbound_file" | grep -v '^::1$'
	! is_ours "$bind_file" || sed -n 's/.*listen-on-v6 { ::1; \([^;]*\); };/\1/p' "$bind_file"
}

# choose_address: one that the machine has for good, or a new one that does not depend on the provider.  What an earlier init
# has added stays in its file.
choose_address()
{
	new_address=''
	address_file=$(address_file_of "$manager" "${lan%% *}")
	made_before=$([ -z "$address_file" ] || address_of_file "$address_file")
	resolver_address=$(printf '%s\n' "$lan6" | sed -n '/ static$/{s/^[^ ]* \([^ /]*\).*/\1/p;q}')
	if [ -z "$made_before" ] && [ -n "$resolver_address" ]; then
		why_address="a static address of this machine"
		return
	elif [ -n "$one_armed" ]; then
		problem "--dns64: ${lan%% *} has no static IPv6 address, and hosts that have another router find no new one here: give it a static address of that network first"
		return
	elif [ -z "$address_file" ]; then
		problem "--dns64: all IPv6 addresses of ${lan%% *} change with the prefix of the provider, and init cannot add a static one in a file of its own (who configures the device: $manager); add one first"
		return
	fi
	new_address="${lan%% *} ${made_before:-$(unique_local)}"
	resolver_address=${new_address#* } resolver_address=${resolver_address%/*}
	why_address="a new static address of ${new_address%% *}"
	mode=644
	[ "$manager" != NetworkManager ] || mode=755
	address_file_text "$manager" "${new_address%% *}" "${new_address#* }" | want_file "$address_file" $mode || exit
}

# add_address: the manager does it at the next boot.
add_address()
{
	[ -n "${new_address-}" ] || return 0
	[ -n "$(device_of "${new_address#* }")" ] || echo "${new_address#* }" >"$stage/address"
	ip -6 address replace "${new_address#* }" dev "${new_address%% *}"
}

# device_of ADDRESS/LENGTH
device_of()
{
	ip -6 -o address show to "${1%/*}" 2>/dev/null | awk '{ print $2; exit }'
}

# remove_address ADDRESS/LENGTH
remove_address()
{
	dev=$(device_of "$1")
	[ -z "$dev" ] || ip -6 address del "$1" dev "$dev"
}

# remove_addresses: "SHA256  PATH" lines on standard input: the addresses in those files, before the files go.
remove_addresses()
{
	cut -c 67- | grep -E '/(90-)?nat64d(\.conf)?$' | grep -E '^/etc/(systemd/network|network|NetworkManager)/' | while read -r file; do
		address=$(address_of_file "$file")
		[ -z "$address" ] || remove_address "$address"
	done
}

# --- what is there already ------------------------------------------------------------------------------------------

# port_holder PROGRAM: another program that has port 53 at an address of the resolver: at all addresses, or at the same one.
# The stub of systemd-resolved, 127.0.0.53, and a bridge for virtual machines are no obstacle.
port_holder()
{
	{ ss -Hlnup 'sport = :53' && ss -Hlntp 'sport = :53'; } 2>/dev/null | awk -v own="$1" -v address="$resolver_address" -v lans=" $lan lo " '
		{
			place = $4; sub(/:53$/, "", place); gsub(/[][]/, "", place)
			dev = place; if (!sub(/.*%/, "", dev)) dev = ""
			sub(/%.*/, "", place)
			program = match($0, /"[^"]*"/) ? substr($0, RSTART + 1, RLENGTH - 2) : "a program"
			if (program == own || dev != "" && !index(lans, " " dev " ")) next
			if (place ~ /^(\*|0\.0\.0\.0|::|127\.0\.0\.1|::1)$/ || place == address) { print program, place; exit }
		}'
}

need_port()
{
	holder=$(port_holder "$1")
	[ -z "$holder" ] ||
		problem "--dns64 $dns64: ${holder%% *} has port 53 (at ${holder#* }) already; stop it first$(case ${holder%% *} in unbound | named | dnsmasq) echo " (systemctl disable --now ${holder%% *})" ;; esac), or configure DNS64 there (examples: $examples)"
}

# clients: the networks whose hosts may ask: those that may use the translator, and that of the new address.
clients()
{
	{
		printf '%s\n' "$nets6" | cut -d ' ' -f 1
		[ -z "$new_address" ] || new_network
	} | grep : | sort -u
}

# not_mapped: IPv4 addresses that lead nowhere behind the prefix, "PREFIX" lines.  RFC 6052, section 3.1, keeps private ones
# out of the well-known prefix; a prefix with private targets is for them.
not_mapped()
{
	[ -n "$private" ] || printf '%s\n' 10.0.0.0/8 100.64.0.0/10 172.16.0.0/12 192.168.0.0/16 198.18.0.0/15
	printf '%s\n' 0.0.0.0/8 169.254.0.0/16 192.0.2.0/24 192.88.99.0/24 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3
}

# --- unbound --------------------------------------------------------------------------------------------------------

unbound_text()
{
	cat <<-END
		# Made by nat64-host init.  $examples/unbound.conf explains each line.
		server:
		    module-config: "dns64 validator iterator"
		    dns64-prefix: $prefix
		    interface: $resolver_address
		    interface: 127.0.0.1
		    interface: ::1
		    ip-freebind: yes
	END
	clients | sed 's/.*/    access-control: & allow/'
	not_mapped | sed 's/^/    private-address: /'
	echo "    private-address: ::ffff:0:0/96"
	[ -n "$wan6" ] || cat <<-END
		    # This machine has no IPv6 default route: IPv6 addresses of the internet lead nowhere.
		    dns64-synthall: yes
	END
}

# unbound_others: what decides the same things in other files, "FILE:LINE: TEXT" lines.
unbound_others()
{
	for file in /etc/unbound/unbound.conf /etc/unbound/unbound.conf.d/*.conf; do
		[ ! -f "$file" ] || [ "$file" = "$unbound_file" ] || echo "$file"
	done | while read -r file; do
		grep -nE '^[[:space:]]*(interface|ip-address|port|module-config|dns64-prefix|dns64-synthall|access-control|private-address|interface-automatic|view|access-control-view):' "$file" |
			sed "s|^\([0-9]*\):[[:space:]]*|$file:\1: |"
	done
}

# unbound_check: the whole configuration with our file in it, before that is in its place.
unbound_check()
{
	{
		grep -vE '^[[:space:]]*include(-toplevel)?:.*/unbound\.conf\.d/' /etc/unbound/unbound.conf
		for file in /etc/unbound/unbound.conf.d/*.conf; do
			[ ! -f "$file" ] || [ "$file" = "$unbound_file" ] || echo "include-toplevel: \"$file\""
		done
		echo "include-toplevel: \"$stage/unbound.part\""
	} >"$stage/unbound.conf"
	unbound_text >"$stage/unbound.part"
	unbound-checkconf "$stage/unbound.conf" 2>&1
}

plan_unbound()
{
	need_package unbound unbound
	need_package unbound-checkconf unbound
	have unbound && have unbound-checkconf || return 0
	if ! grep -qsE '^[[:space:]]*include(-toplevel)?:.*/etc/unbound/unbound\.conf\.d/\*\.conf' /etc/unbound/unbound.conf; then
		problem "--dns64 unbound: /etc/unbound/unbound.conf does not include /etc/unbound/unbound.conf.d/*.conf, so a file of our own has no effect; $examples/unbound.conf has the lines to add by hand"
		return
	fi
	others=$(unbound_others | first_line)
	if [ -n "$others" ]; then
		problem "--dns64 unbound: unbound is configured already ($others), and init does not mix its lines with those; $examples/unbound.conf has the lines to add by hand"
		return
	fi
	need_port unbound
	wrong=$(unbound_check) || problem "unbound refuses the planned configuration: $(printf '%s\n' "$wrong" | sed "s|$stage/||" | first_line)"
	unbound_text | want_file "$unbound_file" || exit
	want_service unbound.service enable
	want_service unbound.service restart
}

# --- BIND -----------------------------------------------------------------------------------------------------------

# statements FILE: of named, without comments, in one line.
statements()
{
	sed 's,//.*,,; s/#.*//' "$1" 2>/dev/null | tr -s '[:space:]' ' ' | sed 's,/\*[^*]*\*/,,g; s/^ //; s/ $//; s/  */ /g'
}

# bind_includes: the other files that named.conf reads; 1 if it does more than that.
bind_includes()
{
	statements /etc/bind/named.conf | grep -qE '^(include "/etc/bind/named\.conf\.[a-z0-9-]+"; ?)+$' || return
	statements /etc/bind/named.conf | tr ';' '\n' | sed -n 's/^ *\(include ".*"\)$/\1;/p' | grep -v 'named\.conf\.options"'
}

# are_debians: the options are those that the package came with.
are_debians()
{
	[ "$(statements "$1" | sed -E 's/(directory "[^"]*"|dnssec-validation auto|listen-on-v6 \{ any; \}|auth-nxdomain no); ?//g')" = "options { };" ]
}

# The address has the DNS64 for the hosts; the machine itself gets plain answers.
bind_text()
{
	excluded="::ffff:0:0/96;"
	[ -n "$wan6" ] || excluded="!our-hosts; any; /* This machine has no IPv6 default route. */"
	cat <<-END
		// Made by nat64-host init, which starts named with this file in the place of named.conf:
		// $bind_dropin.
		// $examples/named.conf.options explains each line.  Zones of your own: named.conf.local.

		acl our-hosts {
		$(clients | sed 's/.*/    &;/')
		};

		options {
		    directory "/var/cache/bind";
		    listen-on { 127.0.0.1; };
		    listen-on-v6 { ::1; $resolver_address; };
		    recursion yes;
		    allow-query { localhost; our-hosts; };
		    allow-recursion { localhost; our-hosts; };
		    allow-query-cache { localhost; our-hosts; };
		    dnssec-validation auto;
		    dns64 $prefix {
		        clients { our-hosts; };
		        mapped {
		            192.0.0.170/31;
		$({ not_mapped && printf '%s\n' 127.0.0.0/8 192.0.0.0/24; } | sed 's/.*/            !&;/')
		            any;
		        };
		        exclude { $excluded };
		        recursive-only yes;
		        break-dnssec no;
		    };
		};

		$(bind_includes)
	END
}

# bind_command: how the package's unit starts named.
bind_command()
{
	unit_file=$(systemctl show -p FragmentPath --value named.service 2>/dev/null)
	[ -n "$unit_file" ] && sed -n 's/^ExecStart=//p' "$unit_file" | tail -n 1
}

# bind_dropins: other files that change how named starts.
bind_dropins()
{
	for file in $(systemctl show -p DropInPaths --value named.service 2>/dev/null); do
		[ "$file" = "$bind_dropin" ] || grep -l '^ExecStart=' "$file"
	done
}

plan_bind()
{
	need_package named bind9
	need_package named-checkconf bind9-utils
	have named && have named-checkconf || return 0
	start=$(bind_command)
	by_hand="$examples/named.conf.options has the lines to add by hand"
	if [ ! -f /etc/bind/named.conf.options ] || [ -z "$start" ]; then
		problem "--dns64 bind: this needs named as Debian has it, in /etc/bind and with the unit named.service; $by_hand"
	elif ! bind_includes >/dev/null; then
		problem "--dns64 bind: /etc/bind/named.conf does more than to include files; $by_hand"
	elif ! are_debians /etc/bind/named.conf.options; then
		problem "--dns64 bind: named is configured already (/etc/bind/named.conf.options), and init does not change that; $by_hand"
	elif [ -n "$(bind_dropins)" ] || echo "$start $(sed -n 's/^OPTIONS=//p' /etc/default/named 2>/dev/null)" | has -E '(^|[ "])-[ct]'; then
		problem "--dns64 bind: named is started in a way of its own ($(bind_dropins | first_line | sed 's/^$/\/etc\/default\/named/')); $by_hand"
	else
		need_port named
		bind_text >"$stage/named.conf"
		wrong=$(named-checkconf "$stage/named.conf" 2>&1) ||
			problem "named refuses the planned configuration: $(printf '%s\n' "$wrong" | sed "s|$stage/named.conf|$bind_file|" | first_line)"
		want_file "$bind_file" <"$stage/named.conf"
		printf '# Made by nat64-host init: the options of named cannot be extended by a file, so it reads ours instead.\n[Service]\nExecStart=\nExecStart=%s -c %s\n' \
			"$start" "$bind_file" | want_file "$bind_dropin" || exit
		want_service named.service enable
		want_service named.service restart
	fi
}

# --- the plan and the check -----------------------------------------------------------------------------------------

# tell_firewall: what keeps hosts from asking, where its own program says whether it runs.
tell_firewall()
{
	if have ufw && ufw status 2>/dev/null | has '^Status: active'; then
		for dev in $lan; do
			tell firewall "ufw must let the hosts ask, unless it does already: ufw allow in on $dev to any port 53"
		done
	elif have firewall-cmd && firewall-cmd -q --state 2>/dev/null; then
		tell firewall "firewalld must let the hosts ask, unless it does already: firewall-cmd --permanent --add-service=dns --zone=$(firewall-cmd --get-zone-of-interface="${lan%% *}" 2>/dev/null) && firewall-cmd --reload"
	fi
}

dns64_plan()
{
	new_address='' resolver_address='' why_address=''
	[ -n "$service" ] || { problem "--dns64: this needs systemd, which starts the resolver; $examples has configurations to copy" && return; }
	have dig || have host || have nslookup || need_package dig bind9-dnsutils
	choose_address
	[ -n "$resolver_address" ] || return 0
	"plan_$dns64"
	tell DNS64 "$dns64 at $resolver_address, $why_address; only for $(clients | in_words)"
	[ -n "$wan6" ] || tell DNS64 "no IPv6 default route: names that have IPv6 addresses get one in the prefix as well"
	tell_firewall
}

# dns64_check: what the resolver makes of ipv4only.arpa, whose IPv4 addresses never change (RFC 7050).
dns64_check()
(
	# shellcheck source=contrib/host/check_dns.sh
	. "$lib/check_dns.sh"
	# shellcheck source=contrib/host/check_ping.sh
	. "$lib/check_ping.sh"
	# shellcheck source=contrib/host/check_route.sh
	. "$lib/check_route.sh"
	wanted=$(shortened "$(embed "$prefix" 192.0.0.170)")
	tries=0
	while [ $tries -lt 4 ]; do
		tries=$((tries + 1))
		if answer=$(ask "$resolver_address" ipv4only.arpa) && [ -n "$answer" ]; then
			if printf '%s\n' "$answer" | has -ixF "$wanted"; then
				echo "ok    dns64: $dns64 at $resolver_address leads hosts to $prefix (ipv4only.arpa is $wanted)"
				return 0
			fi
			echo "FAIL  dns64: $dns64 at $resolver_address leads hosts elsewhere: ipv4only.arpa is $(plain "$(printf '%s\n' "$answer" | sed -n 1p)")"
			return 1
		fi
		sleep 1
	done
	# unbound answers this name without asking another server.
	if ask "$resolver_address" localhost >/dev/null; then
		echo "WARN  dns64: $dns64 answers at $resolver_address, but does not find ipv4only.arpa: it cannot reach the name servers of the internet now (is the machine offline, or is port 53 filtered?), so DNS64 could not be tested; later: dig AAAA ipv4only.arpa @$resolver_address"
		return 1
	fi
	echo "FAIL  dns64: $dns64 does not answer at $resolver_address: journalctl -u $([ "$dns64" = bind ] && echo named || echo unbound)"
	return 1
)

# say_resolver: at the end.
say_resolver()
{
	[ -z "$dns64" ] || echo "Names work, too, if the host asks the resolver $resolver_address$([ -n "$announce" ] && echo ", which radvd announces" || echo " (RDNSS, DHCPv6, or its /etc/resolv.conf)")."
}

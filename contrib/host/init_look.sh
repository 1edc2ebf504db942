# init: the facts of the machine.  Everything here only reads.
#
#   $wan4 $wan6       the devices of the default routes
#   $uplinks          these and those of all other default routes, as words
#   $wan_addr4 $gateway4  the IPv4 address that the machine has on the internet side, and its gateway
#   $reachable4       an IPv4 address to ping through the translator
#   $lan              the devices with the hosts, as words
#   $lan6             "DEVICE ADDRESS/LENGTH static|dynamic" lines: IPv6 addresses of the machine there
#   $nets6            "PREFIX static|dynamic DEVICE" lines: IPv6 networks of the hosts, which may use the translator
#   $used4            "PREFIX WHAT" lines: IPv4 networks that are in use, or that a file of the machine names
#   $old_device $old_prefix $old_pool $old_ipv4    of the configuration that is there already, if it is valid
#   $service $host_service    the units for $conf; empty without systemd
# shellcheck shell=sh disable=SC2154,SC2034 # variables of init.sh

manifest=/var/lib/nat64-host/init

# --- devices --------------------------------------------------------------------------------------------------------

# links: every device except the loopback, one a line.
links()
{
	ip -o link show 2>/dev/null | awk -F ': ' '{ sub(/@[^@]*$/, "", $2); if ($2 != "lo" && $2 ~ /^[A-Za-z0-9._:-]+$/) print $2 }'
}

# odd_links: devices whose names init cannot write into files and commands.
odd_links()
{
	ip -o link show 2>/dev/null | awk -F ': ' '{ sub(/@[^@]*$/, "", $2); if ($2 !~ /^[A-Za-z0-9._:-]+$/) { gsub(/[^!-~]/, "?", $2); print $2 } }'
}

is_link()
{
	links | has -x -F -e "$1"
}

# is_of_containers DEVICE: a bridge that a program makes for its containers or virtual machines.
is_of_containers()
{
	case $1 in
	veth* | ve-* | docker* | virbr* | lxcbr* | lxdbr* | incusbr* | podman* | cni* | flannel* | cali* | kube* | vnet* | tap[0-9]*) return 0 ;;
	br-*) echo "$1" | has '^br-[0-9a-f]\{12\}$' ;;
	*) return 1 ;;
	esac
}

is_ethernet()
{
	ip -o link show dev "$1" 2>/dev/null | has 'link/ether'
}

# is_in_vrf DEVICE: its routes are in another table than those of the translator.
is_in_vrf()
{
	ip -d -o link show dev "$1" 2>/dev/null | has vrf_slave
}

# has_only_link_local DEVICE: it is up, and could be the LAN of hosts if it had an address.  The port of a bridge is not.
has_only_link_local()
{
	! ip -o link show dev "$1" 2>/dev/null | has ' master ' && [ -n "$(ip -6 -o addr show dev "$1" scope link 2>/dev/null)" ]
}

# addresses6 DEVICE: "DEVICE ADDRESS/LENGTH static|dynamic" lines of what hosts may use to reach the machine.
addresses6()
{
	ip -6 -o addr show dev "$1" scope global 2>/dev/null | awk -v dev="$1" '
		/ (temporary|deprecated|dadfailed)/ { next }
		{ print dev, $4, / dynamic/ ? "dynamic" : "static" }'
}

# network_file_of DEVICE: the file by which systemd-networkd configures it.
network_file_of()
{
	sed -n 's/^NETWORK_FILE=//p' "/run/systemd/netif/links/$(cat "/sys/class/net/$1/ifindex" 2>/dev/null)" 2>/dev/null
}

# manager_of DEVICE: the program that gives it its addresses.
manager_of()
{
	index=$(cat "/sys/class/net/$1/ifindex" 2>/dev/null)
	if grep -qs '^ADMIN_STATE=configur' "/run/systemd/netif/links/$index"; then
		echo networkd
	elif grep -qs '^managed=true' "/run/NetworkManager/devices/$index"; then
		echo NetworkManager
	elif cat /etc/network/interfaces /etc/network/interfaces.d/* 2>/dev/null | has "^[[:space:]]*iface[[:space:]]*$1[[:space:]]"; then
		echo ifupdown
	else
		echo unknown
	fi
}

# --- uplinks and LANs -----------------------------------------------------------------------------------------------

look_at_uplinks()
{
	wan4=${wan:-$(after dev "$(ip -4 route show default 2>/dev/null)")}
	wan6=${wan:-$(after dev "$(ip -6 route show default 2>/dev/null)")}
	uplinks=${wan:-$({ ip -4 route show default && ip -6 route show default; } 2>/dev/null | grep -oE ' dev [^ ]+' | cut -d ' ' -f 3 | sort -u | paste -s -d ' ' -)}
	[ -z "$wan" ] || is_link "$wan" || { problem "--wan $wan: there is no such device" && return; }
	for dev in "$wan4" "$wan6"; do
		[ -z "$dev" ] || is_link "$dev" || { problem "$(plain "$dev") is the device of a default route, but its name has other characters than letters, digits, \`.', \`_', \`:' and \`-': rename it first" && return; }
	done
	gateway4=$(after via "$(ip -4 route show default ${wan:+dev "$wan"} 2>/dev/null)")
	is_ipv4 "$gateway4" || gateway4= # an IPv6 gateway
	wan_addr4=$([ -z "$wan4" ] || ip -4 -o addr show dev "$wan4" scope global 2>/dev/null | awk '{ sub("/.*", "", $4); print $4; exit }')
	if [ -z "$wan4" ]; then
		[ -n "$private" ] ||
			problem "there is no IPv4 default route, so translated packets cannot leave for the internet (--wan DEV names the device, --private does without)"
	elif [ -z "$wan_addr4" ]; then
		problem "$wan4 has no IPv4 address, so translated packets cannot leave by it"
	fi
}

# look_at_lans: those that --lan names; else each Ethernet device with an IPv6 network of its own that is no uplink; else the
# uplink itself, where this machine is one among the hosts.  That is not assumed if another device could have the hosts: the
# neighbors on the uplink may be strangers.
look_at_lans()
{
	lan='' left_out='' one_armed='' bare=''
	if [ -n "$lans" ]; then
		for dev in $lans; do
			is_link "$dev" || { problem "--lan $dev: there is no such device" && continue; }
			! is_in_vrf "$dev" || { problem "--lan $dev: it is in a VRF, and the translator is not" && continue; }
			[ -n "$(addresses6 "$dev")" ] || { problem "--lan $dev: it has no IPv6 address that hosts could use; give it one of your own network" && continue; }
			lan=$lan${lan:+ }$dev
		done
	else
		for dev in $(links); do
			case " $uplinks $old_device " in
			*" $dev "*) continue ;;
			esac
			if [ -z "$(addresses6 "$dev")" ]; then
				is_of_containers "$dev" || ! is_ethernet "$dev" || ! has_only_link_local "$dev" || bare=$bare${bare:+ }$dev
			elif is_of_containers "$dev" || ! is_ethernet "$dev" || is_in_vrf "$dev"; then
				left_out=$left_out${left_out:+ }$dev
			else
				lan=$lan${lan:+ }$dev
			fi
		done
		odd=$(odd_links | grep -v -x -F -e "$wan4" -e "$wan6" | paste -s -d ' ' -)
		[ -z "$odd" ] || left_out="$left_out${left_out:+ }$odd (the name has unusual characters)"
		if [ -z "$lan$bare$odd" ]; then
			for dev in $wan6 $wan4; do
				[ -n "$lan" ] || ! is_link "$dev" || ! is_ethernet "$dev" || [ -z "$(addresses6 "$dev")" ] || lan=$dev
			done
		fi
	fi
	for dev in $lan; do
		case " $uplinks " in
		*" $dev "*) one_armed=yes ;;
		esac
	done
	lan6=$(for dev in $lan; do addresses6 "$dev"; done)
	manager=unknown
	[ -z "$lan" ] || manager=$(manager_of "${lan%% *}")
	nets6=$(networks6)
	lan_addr6=$(printf '%s\n' "$lan6" | sort -k 3,3r | sed -n '1s/^[^ ]* \([^ /]*\).*/\1/p') # a static one first
	[ -z "$lans" ] || [ -n "$lan" ] || return
	if [ ! -e /proc/net/if_inet6 ]; then
		problem "the kernel has no IPv6 (is it disabled by ipv6.disable=1?)"
	elif [ -z "$lan" ] && [ -n "$bare" ]; then
		problem "no IPv6 network for hosts: $bare has only link-local addresses; give it an address of your own network, or name the device with the hosts by --lan DEV"
	elif [ -z "$lan" ] || [ -z "$nets6" ]; then
		problem "no IPv6 network for hosts: no Ethernet device has a global or unique local IPv6 address${left_out:+ (left out: $left_out; --lan takes one)}; give one to the LAN first"
	fi
}

# networks6: "PREFIX static|dynamic DEVICE": networks on the LAN devices, those behind routers there, or the larger prefix that
# was delegated to this machine and holds them.  A prefix is dynamic if only addresses with a lifetime are in it.
networks6()
{
	{
		printf '%s\n' "$lan6" | sed 's/^/A /'
		ip -6 route show table main 2>/dev/null | sed 's/^/R /'
	} | awk -v lans=" $lan " -v uplinks=" $uplinks " "$(cat "$lib/ipv6.awk")"'
		function is_net(p) { return p ~ /^([23]|f[cd])[0-9a-f:]*\/[0-9]+$/ && length_of(p) >= 16 }
		function holds(p, q) { return length_of(p) <= length_of(q) && shares(hex(address_of(p)), hex(address_of(q)), length_of(p)) }
		$1 == "A" { if (NF == 4) kind[$3] = $4; next }
		$2 ~ /^(unreachable|blackhole|prohibit)$/ {
			if (is_net($3)) large[$3] = / proto (dhcp|ra) / ? "dynamic" : "static"
			next
		}
		is_net($2) {
			dev = ""; via = 0
			for (i = 3; i < NF; i++) { if ($i == "dev") dev = $(i + 1); if ($i == "via") via = 1 }
			if (!index(lans, " " dev " ") || via && index(uplinks, " " dev " ")) next
			net[$2] = dev
			if (/ expires /) expires[$2]
		}
		END {
			for (n in net) {
				for (a in kind) if (holds(n, a)) seen[n, kind[a]]
				all[n] = (n, "static") in seen || !(n in expires) && !((n, "dynamic") in seen) ? "static" : "dynamic"
			}
			for (p in large) for (n in net) if (holds(p, n)) {
				all[p] = large[p] == "dynamic" || all[n] == "dynamic" ? "dynamic" : "static"
				net[p] = net[n]
				break
			}
			for (n in all) {
				inside = 0
				for (p in all) if (p != n && holds(p, n)) inside = 1
				if (!inside) print n, all[n], net[n]
			}
		}' | sort
}

# --- IPv4 that is in use ---------------------------------------------------------------------------------------------

# files4: files of other programs that name IPv4 networks, which may not be up at this moment.
files4()
{
	for file in /etc/network/interfaces /etc/network/interfaces.d/* /etc/systemd/network/*.network /etc/systemd/network/*.netdev \
		/etc/netplan/*.yaml /etc/NetworkManager/system-connections/* /etc/docker/daemon.json /etc/libvirt/qemu/networks/*.xml \
		/etc/containers/networks/*.json /etc/cni/net.d/* /etc/wireguard/*.conf /etc/openvpn/*.conf /etc/dnsmasq.conf /etc/dnsmasq.d/* \
		/etc/dhcp/dhcpd.conf /etc/kea/*.conf /etc/default/lxc-net /etc/tayga.conf "$sysconfdir/nat64.conf" "$sysconfdir"/nat64/*.conf; do
		[ ! -f "$file" ] || [ "$file" = "$conf" ] || echo "$file"
	done
}

# A network without a length is taken for a /24.  An aggregate that is only unreachable is no use of an address.
used_networks4()
{
	ip -4 route show table all 2>/dev/null | awk -v own="${old_device:-nothing/}" '
		$1 ~ /^(broadcast|multicast)$/ { next }
		{
			refused = $1 ~ /^(unreachable|prohibit|blackhole|throw)$/
			net = $1 ~ /^[a-z]+$/ && $1 != "default" ? $2 : $1; dev = ""
			for (i = 2; i < NF; i++) if ($i == "dev") dev = $(i + 1)
			if (net !~ /^[0-9]/ || net ~ /^127\./ || dev == own) next
			long = net ~ "/" ? substr(net, index(net, "/") + 1) + 0 : 32
			if (long < 8 || refused && long <= 16) next
			print net, dev == "" ? "a route" : dev
		}'
	files4 | while read -r file; do
		grep -v '^[[:space:]]*[#;]' "$file" 2>/dev/null | grep -oE '[0-9]{1,3}(\.[0-9]{1,3}){3}(/[0-9]{1,2})?' | awk -v file="$file" '
			/^(0|127|22[4-9]|23[0-9]|24[0-9]|25[0-9])\./ { next }
			{
				split($1, part, "/")
				long = part[2] == "" ? 24 : part[2] + 0
				if (long >= 8 && long <= 32) print part[1] "/" long, file
			}'
	done
	# Tailscale takes addresses of its peers from the whole network, and has routes to some of them only.
	ip -4 -o addr show 2>/dev/null | awk '$4 ~ /^100\.(6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\.[0-9.]+(\/32)?$/ { print "100.64.0.0/10", $2 }'
	! echo "${wan_addr4:-0.0.0.0}" | awk "$ipv4_awk"'{ exit !within($1, "100.64.0.0/10") }' || echo "100.64.0.0/10 the provider, whose address $wan4 has"
}

# hosts_seen: how many neighbors the machine knows on its LANs.
hosts_seen()
{
	for dev in $lan; do
		ip neigh show dev "$dev" 2>/dev/null
	done | sed -n 's/.* lladdr \([^ ]*\).*/\1/p' | sort -u | wc -l
}

# --- what is there already -------------------------------------------------------------------------------------------

# look_at_conf: what an earlier configuration has decided, which stays unless the command line says otherwise.
look_at_conf()
{
	old_device='' old_prefix='' old_pool='' old_ipv4=''
	[ -f "$conf" ] || return 0
	read_conf || { device='' && return; }
	old_device=$device
	old_prefix=$(values prefix | sed -n 1p)
	old_pool=$(values dynamic-pool | sed -n 1p)
	old_ipv4=$(values ipv4-addr)
}

look_at_service()
{
	service='' host_service='' instance=''
	case $conf in
	"$sysconfdir/nat64.conf") ;;
	"$sysconfdir"/nat64/*/*) problem "$conf: the service reads only $sysconfdir/nat64.conf and $sysconfdir/nat64/NAME.conf" && return ;;
	"$sysconfdir"/nat64/?*.conf) instance=@$(basename "$conf" .conf) ;;
	*) problem "$conf: the service reads only $sysconfdir/nat64.conf and $sysconfdir/nat64/NAME.conf" ;;
	esac
	case $instance in
	*[!A-Za-z0-9_@-]*) problem "$conf: the name may have letters, digits, _ and - only" ;;
	esac
	[ -d /run/systemd/system ] && have systemctl || return 0
	if systemctl cat "nat64d$instance.service" >/dev/null 2>&1; then
		service=nat64d$instance.service host_service=nat64-host$instance.service
	else
		problem "systemd has no unit nat64d$instance.service: install the package, or run make install"
	fi
}

# look_at_others: other translators.
look_at_others()
{
	tayga=
	for comm in /proc/[0-9]*/comm; do
		[ "$(cat "$comm" 2>/dev/null)" != tayga ] || ! in_this_network "${comm%/comm}" || tayga="runs on this machine"
	done
	[ -n "$tayga" ] || [ -z "$service" ] || ! systemctl -q is-enabled tayga >/dev/null 2>&1 || tayga="starts at boot"
	[ -z "$tayga" ] || problem "Tayga $tayga: nat64(7), COMING FROM TAYGA, takes over its leases; to begin from scratch instead: systemctl stop tayga && systemctl disable tayga"
	! grep -qs '^jool ' /proc/modules || problem "the kernel module jool, which is a NAT64, too, is loaded: modprobe -r jool"
}

in_this_network()
{
	[ "$(readlink "$1/ns/net")" = "$(readlink /proc/self/ns/net)" ]
}

# is_writable DIRECTORY: or the nearest one above it that exists.
is_writable()
{
	place=$1
	while [ ! -e "$place" ]; do
		place=$(dirname "$place")
	done
	[ -d "$place" ] && [ -w "$place" ] && ! is_mounted_ro "$place"
}

# is_mounted_ro DIRECTORY: root may write everywhere, says a shell that does not ask the file system.
is_mounted_ro()
{
	df -P "$1" 2>/dev/null | awk 'NR == 2 { print $NF }' | {
		read -r mount && awk -v mount="$mount" '$2 == mount { options = $4 } END { exit options !~ /^ro(,|$)/ }' /proc/mounts
	}
}

look_at_rights()
{
	{ [ -c /dev/net/tun ] && (: </dev/net/tun) 2>/dev/null; } ||
		problem "there is no TUN device (/dev/net/tun cannot be opened): modprobe tun, or let the container have it"
	(: >>/proc/sys/net/ipv4/ip_forward) 2>/dev/null ||
		problem "/proc/sys is read-only, so this machine cannot be told to forward packets; is this a container without that right?"
	for place in "$(dirname "$conf")" "$sysconfdir/default" "$(dirname "$manifest")"; do
		is_writable "$place" || { problem "cannot write to $place: is it read-only?" && break; }
	done
	have nft || have iptables-restore || need_package nft nftables
	have ping || need_package ping iputils-ping
	need_package sha256sum coreutils
}

# choose_target: an address on the internet that answers, or else the gateway.
choose_target()
{
	reachable4=
	if [ -n "$private" ]; then
		reachable4=$gateway4
	elif have ping && ping -4 -n -c 1 -W 1 8.8.8.8 >/dev/null 2>&1; then
		reachable4=8.8.8.8
	elif [ -n "$gateway4" ] && is_global "$gateway4"; then
		reachable4=$gateway4
	fi
}

look()
{
	find_nat64d
	look_at_service
	look_at_conf
	look_at_uplinks
	look_at_lans
	look_at_others
	look_at_rights
	choose_target
	used4=$(used_networks4 | sort -u)
}

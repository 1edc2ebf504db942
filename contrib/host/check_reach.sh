# Checks which hosts may use the translator, and what they may reach.
# shellcheck shell=sh disable=SC2154,SC2034 # variables of check.sh

# --- who may use it -------------------------------------------------------------------------------------------------

# takes_strangers: succeeds if hosts without a map are translated.
takes_strangers()
{
	[ -z "$(values dynamic-pool)" ] || return 0
	case $(values translatable) in
	no) return 1 ;;
	"") ! has_value prefix 64:ff9b::/96 ;;
	esac
}

# client_networks: prints the IPv6 networks in the routing table.  Networks on the uplink count only if there is no other.
client_networks()
{
	ip -6 route show 2>/dev/null | awk -v own="$device" -v up="$uplink6" '
		$1 !~ /^([23]|f[cd])[0-9a-f:]*\/[0-9]+$/ { next }
		{
			dev = ""
			for (i = 2; i < NF; i++) if ($i == "dev") dev = $(i + 1)
			if (dev == own || dev == "lo" || dev == "") next
			if (dev != up) net[$1]
			else if (/ proto kernel /) near[$1]
		}
		END {
			for (n in net) { print n; found = 1 }
			if (!found) for (n in near) print n
		}' | sort | sed -n 1,8p
}

# allow_command: prints the command for the networks that this machine knows; the operator must check the list.
allow_command()
{
	clients=$(client_networks | paste -s -d ' ' -)
	if [ -n "$clients" ]; then
		echo "$(add_directives allow "$clients") && $(reload_command)"
	else
		echo "edit $file: allow PREFIX for each network of IPv6 whose hosts may use it, then: $(reload_command)"
	fi
}

# check_open reports hosts on the internet; this check is about every host that can route packets here.
check_allow()
{
	[ -z "$clat" ] && [ -z "$(values allow)" ] && [ "$opened" != yes ] && takes_strangers || return 0
	finding ok allow "there is no \`allow': every host that can route packets to this machine may use the translator" "$(allow_command)"
}

# --- what they may reach --------------------------------------------------------------------------------------------

# is_strict: succeeds if no prefix may contain an address that is not public.
is_strict()
{
	[ "$(values wkpf-strict)" = yes ] || return 1
	case $(values prefix) in
	"" | 64:ff9b::/96) ;;
	*) return 1 ;;
	esac
}

# undenied: prints those IPv4 addresses and networks of standard input that hosts can reach by a prefix and no `deny' contains.
undenied()
{
	strict=
	! is_strict || strict=yes
	awk -v strict="$strict" -v all="$(row_of deny)" "$ipv4_awk"'
		BEGIN { n = split(all, net, " ") }
		{
			open = !(strict && special($1))
			for (i = 1; i <= n; i++) if (within($1, net[i])) open = 0
			if (open) print $1
		}'
}

# is_denied ADDRESS: succeeds if a network of `deny' contains ADDRESS.
is_denied()
{
	[ -n "$(values deny)" ] && [ -z "$(echo "$1" | awk -v all="$(row_of deny)" "$ipv4_awk"'
		BEGIN { n = split(all, net, " ") }
		{ for (i = 1; i <= n; i++) if (within($1, net[i])) next; print }')" ]
}

# services: prints "tcp PORT" for each service that listens at all addresses of this machine, without sockets of clients.
services()
{
	ss -Hlntu 2>/dev/null | awk '
		$5 !~ /^(\*|0\.0\.0\.0):[0-9]+$/ { next }
		{ port = $5; sub(/.*:/, "", port); port += 0 }
		port == 53 || $1 == "udp" && (port == 68 || port >= 32768) { next }
		!seen[$1, port]++ { print $1 == "tcp" ? 0 : 1, port, $1 " " port }' | sort -k 1,1n -k 2,2n | cut -d ' ' -f 3-
}

# own_ipv4: prints the addresses of the machine that hosts may reach by a prefix.
own_ipv4()
{
	ip -4 -o addr show 2>/dev/null | awk -v dev="$device" '$2 != dev { sub("/.*", "", $4); print $4 }' |
		grep -v -e '^127\.' -e '^169\.254\.' | undenied
}

# is_closed: succeeds if the rules of nat64-host, or others, drop packets from our device.
is_closed()
{
	printf '%s\n' "$ruleset" | awk -v dev="$device" '
		/^table / { ours = $3 ~ /^nat64d_/ && $3 != "nat64d_guard" }
		/^\tchain / { input = ours && $2 == "input"; mine = 0 }
		input && index($0, "iifname != \"" dev "\" accept") { mine = 1 }
		mine && /^\t\tdrop$/ { found = 1 }
		index($0, "-A INPUT -i " dev " ") == 1 && /-j nat64d_[A-Za-z0-9_]*_l$/ { chain = $NF }
		chain != "" && index($0, "-A " chain " ") == 1 && /-j DROP$/ { found = 1 }
		END { exit !found }' || is_dropped "4 input $device ? ? ? tcp new"
}

# local_command: prints `nat64-host up' if that is in use; otherwise, a rule in addition to those of the operator.
local_command()
{
	if [ "$(setting NAT44)" = yes ] || printf '%s\n' "$ruleset" | has -e 'nat64d_'; then
		echo "$(word "$0") up $file"
	elif have_nft; then
		echo "nft 'table ip nat64_local { chain input { type filter hook input priority 0; iifname != \"$device\" accept; ct state established,related accept; ip protocol icmp accept; udp dport 53 accept; tcp dport 53 accept; drop; }; }'"
	else
		echo "iptables -I INPUT -i $device -m conntrack --ctstate NEW -j DROP && iptables -I INPUT -i $device -p icmp -j ACCEPT" \
			"&& iptables -I INPUT -i $device -p udp --dport 53 -j ACCEPT && iptables -I INPUT -i $device -p tcp --dport 53 -j ACCEPT"
	fi
}

# Translated packets come from the device, so rules for the wan or the LAN do not match them.
check_exposed()
{
	[ -z "$clat" ] && [ -n "$(values prefix)" ] || return 0
	if is_closed; then
		finding ok exposed "translated packets do not reach the services of this machine, except ICMP and DNS"
		return
	fi
	have ss || { finding skip exposed "the services of this machine are not checked: ss is not installed" && return; }
	at=$(own_ipv4 | sed -n 1,3p | in_words)
	heard=$(services | sed -n 1,5p | in_words)
	if [ -z "$at" ] || [ -z "$heard" ]; then
		finding ok exposed "this machine has no service that hosts reach through the translator"
	elif [ "$(setting LOCAL)" = yes ]; then
		finding skip exposed "hosts reach $heard of this machine through the translator: LOCAL=yes"
	else
		finding WARN exposed "hosts reach $heard of this machine through the translator, at its address $at, and rules for the wan or the LAN do not stop them" \
			"$(local_command)"
	fi
}

# Reaching private networks of this machine may be intended, so this is not a warning.
check_private()
{
	[ -z "$clat" ] && [ -n "$(values prefix)" ] || return 0
	near=$(printf '%s\n' "$networks" | sed 's/ .*//' | grep / | only_private | sort -u | undenied | sed -n 1,8p | paste -s -d ' ' -)
	[ -n "$near" ] || return 0
	finding ok private "hosts reach private IPv4 through the translator, such as $near here" \
		"$(add_directives deny "$near") && $(reload_command)"
}

check_hairpin()
{
	[ -z "$clat" ] && [ -n "$(values prefix)" ] || return 0
	met=$(values dynamic-pool | undenied | paste -s -d ' ' -)
	[ -n "$met" ] || return 0
	finding ok hairpin "hosts of $met reach each other through the translator" "$(add_directives deny "$met") && $(reload_command)"
}

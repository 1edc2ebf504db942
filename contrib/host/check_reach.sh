# Questions about what hosts may reach through the translator, and which of them: what the configuration and the rules leave open.
# shellcheck shell=sh disable=SC2154,SC2034 # variables of check.sh

# --- who may use it -------------------------------------------------------------------------------------------------

# takes_strangers: hosts that nobody has named are translated.
takes_strangers()
{
	[ -z "$(values dynamic-pool)" ] || return 0
	case $(values translatable) in
	no) return 1 ;;
	"") ! values prefix | has -x '64:ff9b::/96' ;;
	esac
}

# client_networks: of IPv6, as this machine knows them; what lies beyond the uplink is no client of ours, unless all are there.
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

# allow_command: who is meant is the operator's to say; these are known.
allow_command()
{
	clients=$(client_networks | paste -s -d ' ' -)
	if [ -n "$clients" ]; then
		echo "$(add_directives allow "$clients") && $(reload_command)"
	else
		echo "edit $file: allow PREFIX for each network of IPv6 whose hosts may use it, then: $(reload_command)"
	fi
}

# Whom the uplink leaves out is said before; that anybody on the internet may use it, too.
check_allow()
{
	[ -z "$clat" ] && [ -z "$(values allow)" ] && [ "$opened" != yes ] && takes_strangers || return 0
	finding ok allow "there is no \`allow': whoever can route to this machine may use the translator" "$(allow_command)"
}

# --- what they may reach --------------------------------------------------------------------------------------------

# is_strict: none of the prefixes may hold an address that is not of the public internet.
is_strict()
{
	[ "$(values wkpf-strict)" = yes ] && ! values prefix | has -v -x '64:ff9b::/96'
}

# undenied: of the IPv4 addresses and networks on standard input, those that some prefix lets hosts reach, and no `deny' holds.
undenied()
{
	strict=
	! is_strict || strict=yes
	awk -v strict="$strict" -v all="$(values deny | paste -s -d ' ' -)" "$ipv4_awk"'
		BEGIN { n = split(all, net, " ") }
		{
			open = !(strict && special($1))
			for (i = 1; i <= n; i++) if (within($1, net[i])) open = 0
			if (open) print $1
		}'
}

# is_denied ADDRESS
is_denied()
{
	[ -n "$(values deny)" ] && [ -z "$(echo "$1" | awk -v all="$(values deny | paste -s -d ' ' -)" "$ipv4_awk"'
		BEGIN { n = split(all, net, " ") }
		{ for (i = 1; i <= n; i++) if (within($1, net[i])) next; print }')" ]
}

# services: those of this machine that hear what is for any of its addresses, "tcp PORT"; not what only waits for answers.
services()
{
	ss -Hlntu 2>/dev/null | awk '
		$5 !~ /^(\*|0\.0\.0\.0):[0-9]+$/ { next }
		{ port = $5; sub(/.*:/, "", port); port += 0 }
		port == 53 || $1 == "udp" && (port == 68 || port >= 32768) { next }
		!seen[$1, port]++ { print $1 == "tcp" ? 0 : 1, port, $1 " " port }' | sort -k 1,1n -k 2,2n | cut -d ' ' -f 3-
}

# own_ipv4: addresses of the machine that hosts may reach by a prefix.
own_ipv4()
{
	ip -4 -o addr show 2>/dev/null | awk -v dev="$device" '$2 != dev { sub("/.*", "", $4); print $4 }' |
		grep -v -e '^127\.' -e '^169\.254\.' | undenied
}

# is_closed: by the rules of nat64-host, or by any others that drop what comes from our device.
is_closed()
{
	printf '%s\n' "$ruleset" | awk -v dev="$device" '
		/^table / { ours = $3 ~ /^nat64d_/ && $3 != "nat64d_guard" }
		/^\tchain / { input = ours && $2 == "input"; mine = 0 }
		input && index($0, "iifname != \"" dev "\" accept") { mine = 1 }
		mine && /^\t\tdrop$/ { found = 1 }
		index($0, "-A INPUT -i " dev " ") == 1 && /-j nat64d_[A-Za-z0-9_]*_l$/ { chain = $NF }
		chain != "" && index($0, "-A " chain " ") == 1 && /-j DROP$/ { found = 1 }
		END { exit !found }' || fate 4 input "$device" "?" "?" "?" tcp new | has '^drop'
}

# local_command: where nat64-host is in use, its own; elsewhere, a rule beside those of the operator.
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

# To rules for the wan or the LAN, what was translated comes from neither.
check_exposed()
{
	[ -z "$clat" ] && [ -n "$(values prefix)" ] || return 0
	if is_closed; then
		finding ok exposed "what was translated does not reach the services of this machine, but for ICMP and DNS"
		return
	fi
	have ss || { finding skip exposed "not asked which services this machine has: ss is not installed" && return; }
	at=$(own_ipv4 | sed -n 1,3p | in_words)
	heard=$(services | sed -n 1,5p | in_words)
	if [ -z "$at" ] || [ -z "$heard" ]; then
		finding ok exposed "this machine has no service that hosts reach through the translator"
	elif [ "$(setting LOCAL)" = yes ]; then
		finding skip exposed "hosts reach $heard of this machine through the translator: LOCAL=yes"
	else
		finding WARN exposed "hosts reach $heard of this machine through the translator, by its address $at, past rules for the wan or the LAN" \
			"$(local_command)"
	fi
}

# Private networks near by, which some mean to be reached.
check_private()
{
	[ -z "$clat" ] && [ -n "$(values prefix)" ] || return 0
	near=$(real_networks | sed 's/ .*//' | grep / | only_private | sort -u | undenied | sed -n 1,8p | paste -s -d ' ' -)
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

# Rules: one nftables table, or iptables chains with one comment, for each configuration, and the guard for all of them.  Each
# set is replaced in one step.  MASQUERADE hides the pools.  Packets from IPv4 reach a host of a pool only as answers.  Only
# the translator may send from its IPv4 addresses.  Translated packets do not reach services of the machine itself.
# shellcheck shell=sh disable=SC2154 # variables of updown.sh

# shellcheck source=contrib/host/guard.sh
. "$lib/guard.sh" || exit 1

# Networks that may have a route back to a mapped host; packets to them are not hidden.
inside="10.0.0.0/8 100.64.0.0/10 172.16.0.0/12 192.168.0.0/16"

choose_backend()
{
	if have_nft; then
		backend=nft
	elif have iptables-restore && have iptables-save; then
		backend=iptables
	else
		die "neither nft nor iptables is installed (Debian: apt install nftables); nothing was changed"
	fi
}

# own_rules: sets the variables from which the rules of this configuration are made.
own_rules()
{
	pools=$(values dynamic-pool)
	private=$(all_maps | only_private)
	reachable=
	[ -z "$pools" ] || [ "$(setting INBOUND)" = yes ] || reachable=$(reachable_in_pools)
	closed=
	[ "$(setting LOCAL)" = yes ] || closed=yes
	served=$(all_maps | sed -n 's|/32 .*||p')
	forged=
	[ "$(setting GUARD)" = no ] || forged=$(values dynamic-pool && values ipv4-addr && values icmp-source-pool)
	spared=$(in_use "$forged")
	guarded=$(guard_facts)
}

no_rules()
{
	pools='' private='' reachable='' closed='' served='' forged='' spared='' guarded=''
}

# in_use PREFIXES: prints the networks of the machine that overlap these.  The rules spare them, so that a mistake in a
# configuration cuts no host off; check reports the mistake.  After a change of tun-device, the earlier device of this
# configuration can still have its routes.
in_use()
{
	earlier=$(sed -n 's/^device //p' "$mine/guard" 2>/dev/null)
	real_networks | awk -v all="$(echo "$1" | paste -s -d ' ' -)" -v earlier="$earlier" "$ipv4_awk"'
		BEGIN { n = split(all, prefix, " ") }
		$2 == earlier { next }
		{ for (i = 1; i <= n; i++) if (overlap($1, prefix[i])) { print $1; break } }' | sort -u
}

# reachable_in_pools: prints the addresses in the pools that accept new connections: mapped hosts and the daemon.
reachable_in_pools()
{
	{
		values ipv4-addr
		all_maps | awk -v pools="$(echo "$pools" | paste -s -d ' ' -)" "$ipv4_awk"'
			BEGIN { n = split(pools, pool, " ") }
			{ for (i = 1; i <= n; i++) if (overlap($1, pool[i])) { print $1; break } }'
	} | sort -u
}

# summary: prints one line about the rules.
summary()
{
	if [ -z "$pools$private" ]; then
		done="no pool and no private map, so no MASQUERADE"
	else
		done="MASQUERADE ($backend) for $(printf '%s\n' "$pools" "$private" | sed '/^$/d' | sed -n 1,5p | paste -s -d ' ' -)"
	fi
	[ -z "$reachable" ] || done="$done; new connections from IPv4 to mapped hosts only"
	[ -z "$closed" ] || done="$done; from $device, only ICMP and DNS to the machine itself"
	own=$(printf '%s\n' "$guarded" | sed -n 's/^drop //p' | paste -s -d ' ' -)
	echo "$done${own:+; only the translator sends from $own}"
}

# listed: joins the lines of standard input with commas.
listed()
{
	paste -s -d , -
}

# backend_in FILE: prints the backend that FILE names; fails if it names none.
backend_in()
{
	grep -x -e nft -e iptables "$1" 2>/dev/null
}

# --- nftables -------------------------------------------------------------------------------------------------------

# nft_set NAME: prints a set of the prefixes on standard input, which may overlap.
nft_set()
{
	echo "set $1 { type ipv4_addr; flags interval; auto-merge; elements = { $(listed) }; }"
}

# Only packets that leave by other devices are hidden: hosts behind the translator keep their addresses towards each other.
nft_postrouting()
{
	echo "chain postrouting { type nat hook postrouting priority srcnat; policy accept;"
	for pool in $pools; do
		echo "ip saddr $pool oifname != \"$device\" masquerade"
	done
	[ -z "$private" ] || echo "ip saddr @maps ip daddr != { $(echo "$inside" | tr ' ' '\n' | listed) } oifname != \"$device\" masquerade"
	echo "}"
}

# nft_forward: drops packets to the pools that are not answers.  Answers to hidden packets are established.
nft_forward()
{
	echo "chain forward { type filter hook forward priority filter; policy accept;"
	echo "oifname != \"$device\" accept"
	echo "iifname \"$device\" accept"
	echo "ct status dnat accept"
	echo "ip daddr @reachable accept"
	for pool in $pools; do
		echo "ip daddr $pool ct state invalid,new drop"
	done
	echo "}"
}

# nft_guard4: only the translator may send from its IPv4 addresses.  Packets to the machine itself pass, so that a mistake
# cannot lock out the administrator.
nft_guard4()
{
	[ -z "$spared" ] || printf '%s\n' "$spared" | nft_set spared
	printf '%s\n' "$forged" | nft_set own
	echo "chain guard { type filter hook forward priority filter; policy accept;"
	echo "iifname \"$device\" accept"
	[ -z "$spared" ] || echo "ip saddr @spared accept"
	echo "ip saddr @own drop"
	echo "}"
}

# nft_input: accepts answers to the machine itself, even if connections are not tracked, and packets to an address of the
# machine for which there is a map.
nft_input()
{
	[ -z "$served" ] || printf '%s\n' "$served" | nft_set served
	echo "chain input { type filter hook input priority filter; policy accept;"
	echo "iifname != \"$device\" accept"
	echo "ct state { established, related, untracked } accept"
	echo "ct status dnat accept"
	echo "ip protocol icmp accept"
	echo "udp dport 53 accept"
	echo "tcp dport 53 accept"
	[ -z "$served" ] || echo "ip daddr @served accept"
	echo "drop"
	echo "}"
}

# nft_own: replaces the table, or removes it if there are no rules.  The first line makes the `delete' succeed if there is no
# table.
nft_own()
{
	echo "table ip $name"
	echo "delete table ip $name"
	[ -n "$pools$private$closed$forged" ] || return 0
	echo "table ip $name {"
	[ -z "$private" ] || printf '%s\n' "$private" | nft_set maps
	[ -z "$reachable" ] || printf '%s\n' "$reachable" | nft_set reachable
	[ -z "$pools$private" ] || nft_postrouting
	[ -z "$reachable" ] || nft_forward
	[ -z "$forged" ] || nft_guard4
	[ -z "$closed" ] || nft_input
	echo "}"
}

nft_replace()
{
	{ nft_own && { [ "$home" != nft ] || nft_guard; }; } | nft -f -
}

# --- iptables -------------------------------------------------------------------------------------------------------

# iptables_each CHAIN -s|-d JUMP [PREFIX...]: prints a rule with $note for each prefix.
iptables_each()
{
	chain=$1 side=$2 jump=$3
	shift 3
	for prefix; do
		echo "-A $chain $side $prefix $note -j $jump"
	done
}

# A separate chain: packets that return from it continue with the rules of other programs.
iptables_nat()
{
	[ -n "$pools$private" ] || return 0
	note="-m comment --comment $name"
	echo ":$name - [0:0]"
	echo "-A POSTROUTING ! -o $device $note -j $name"
	iptables_each "$name" -s MASQUERADE $pools
	for prefix in $private; do
		for net in $inside; do
			echo "-A $name -s $prefix -d $net $note -j RETURN"
		done
		echo "-A $name -s $prefix $note -j MASQUERADE"
	done
}

# Insert before the rules of other programs, because those may accept.
iptables_filter()
{
	[ -n "$reachable" ] || return 0
	note="-m comment --comment $name"
	echo ":$name - [0:0]"
	echo "-I FORWARD ! -i $device -o $device $note -j $name"
	echo "-A $name -m conntrack --ctstate DNAT,ESTABLISHED,RELATED,UNTRACKED $note -j RETURN"
	iptables_each "$name" -d RETURN $reachable
	iptables_each "$name" -d DROP $pools
}

iptables_guard4()
{
	[ -n "$forged" ] || return 0
	note="-m comment --comment $name"
	echo ":${name}_g - [0:0]"
	echo "-I FORWARD ! -i $device $note -j ${name}_g"
	iptables_each "${name}_g" -s RETURN $spared
	iptables_each "${name}_g" -s DROP $forged
}

iptables_input()
{
	[ -n "$closed" ] || return 0
	note="-m comment --comment $name"
	echo ":${name}_l - [0:0]"
	echo "-I INPUT -i $device $note -j ${name}_l"
	echo "-A ${name}_l -m conntrack --ctstate DNAT,ESTABLISHED,RELATED,UNTRACKED $note -j RETURN"
	echo "-A ${name}_l -p icmp $note -j RETURN"
	echo "-A ${name}_l -p udp --dport 53 $note -j RETURN"
	echo "-A ${name}_l -p tcp --dport 53 $note -j RETURN"
	iptables_each "${name}_l" -d RETURN $served
	echo "-A ${name}_l $note -j DROP"
}

# iptables_leftover COMMAND TABLE HOOK CHAIN: prints the commands that remove our chain and the rules that jump to it.
iptables_leftover()
{
	saved=$("$1-save" -t "$2")
	printf '%s\n' "$saved" | sed -n "/^-A $3 .*-j $4\$/s/^-A/-D/p"
	! printf '%s\n' "$saved" | has "^:$4 " || printf '%s\n' "-F $4" "-X $4"
}

# iptables_table TABLE LINES...: prints the input for iptables-restore; nothing if there are no lines.
iptables_table()
{
	table=$1
	shift
	lines=$(printf '%s\n' "$@" | sed '/^$/d')
	[ -z "$lines" ] || printf '*%s\n%s\nCOMMIT\n' "$table" "$lines"
}

# iptables_commit COMMAND TEXT: passes TEXT to COMMAND-restore, unless it is empty.
iptables_commit()
{
	[ -z "$2" ] || printf '%s\n' "$2" | "$1-restore" --noflush -w
}

iptables_replace()
{
	iptables_commit iptables "$(
		iptables_table nat "$(iptables_leftover iptables nat POSTROUTING "$name")" "$(iptables_nat)"
		iptables_table filter "$(iptables_leftover iptables filter FORWARD "$name")" \
			"$(iptables_leftover iptables filter FORWARD "${name}_g")" "$(iptables_leftover iptables filter INPUT "${name}_l")" \
			"$(iptables_filter)" "$(iptables_guard4)" "$(iptables_input)"
	)"
}

# --- both -----------------------------------------------------------------------------------------------------------

# replace_rules: replaces the rules by those that own_rules or no_rules has set.
replace_rules()
{
	set_guard
	guard_begins
	home=$(guard_home)
	"${backend}_replace" && { [ "$backend,$home" = nft,nft ] || "${home}_guard_alone"; }
}

add_rules()
{
	# If the last up used iptables and this one uses nft, the iptables rules must go.
	new=$backend
	[ "$(backend_in "$mine/backend" || echo "$new")" = "$new" ] || remove_rules || return
	backend=$new
	guard_moves || return
	own_rules
	echo "$backend" >"$mine/backend"
	replace_rules && printf '%s\n' "$guarded" >"$mine/guard"
}

remove_rules()
{
	backend=$(backend_in "$mine/backend") || return 0
	no_rules
	replace_rules
}

# MASQUERADE: one nftables table, or iptables rules with one comment, for each configuration, replaced at one go.
# shellcheck shell=sh disable=SC2154 # variables of updown.sh

# Networks that may have a route back to a mapped host: to them it keeps its address.
inside="10.0.0.0/8 100.64.0.0/10 172.16.0.0/12 192.168.0.0/16"

choose_backend()
{
	if have_nft; then
		backend=nft
	elif have iptables-restore && have iptables-save; then
		backend=iptables
	else
		die "neither nft nor iptables is there (Debian: apt install nftables); nothing was changed"
	fi
}

private_maps()
{
	all_maps | only_private
}

summary()
{
	if [ -z "$(values dynamic-pool)$(private_maps)" ]; then
		echo "no pool and no private map, so no MASQUERADE"
	else
		# shellcheck disable=SC2046 # one line
		echo "MASQUERADE ($backend) for" $(values dynamic-pool) $(private_maps | sed -n 1,5p)
	fi
}

# listed: the lines of standard input with commas between.
listed()
{
	paste -s -d , -
}

# --- nftables -------------------------------------------------------------------------------------------------------

# nft_set NAME: the prefixes of standard input, which may overlap.
nft_set()
{
	echo "set $1 { type ipv4_addr; flags interval; auto-merge; elements = { $(listed) }; }"
}

nft_rules()
{
	[ -z "$2" ] || echo "$2" | nft_set maps
	echo "chain postrouting { type nat hook postrouting priority srcnat; policy accept;"
	# Only what leaves for IPv4: hosts behind the translator that speak to each other keep their addresses.
	for pool in $1; do
		echo "ip saddr $pool oifname != \"$device\" masquerade"
	done
	[ -z "$2" ] || echo "ip saddr @maps ip daddr != { $(echo "$inside" | tr ' ' '\n' | listed) } oifname != \"$device\" masquerade"
	echo "}"
}

# nft_replace [POOLS MAPS]: without any, the table goes.  Naming it first makes removing it no mistake.
nft_replace()
{
	{
		echo "table ip $name"
		echo "delete table ip $name"
		if [ -n "$1$2" ]; then
			echo "table ip $name {"
			nft_rules "$1" "$2"
			echo "}"
		fi
	} | nft -f -
}

# --- iptables -------------------------------------------------------------------------------------------------------

# A chain of its own: what returns from it goes on to the rules of others.
iptables_rules()
{
	note="-m comment --comment $name"
	echo ":$name - [0:0]"
	echo "-A POSTROUTING ! -o $device $note -j $name"
	for pool in $1; do
		echo "-A $name -s $pool $note -j MASQUERADE"
	done
	for prefix in $2; do
		for net in $inside; do
			echo "-A $name -s $prefix -d $net $note -j RETURN"
		done
		echo "-A $name -s $prefix $note -j MASQUERADE"
	done
}

# iptables_leftover: the commands that remove our chain and what leads to it.
iptables_leftover()
{
	saved=$(iptables-save -t nat)
	echo "$saved" | sed -n "/^-A POSTROUTING .*-j $name\$/s/^-A/-D/p"
	! echo "$saved" | has "^:$name " || printf '%s\n' "-F $name" "-X $name"
}

iptables_replace()
{
	old=$(iptables_leftover)
	new=
	[ -z "$1$2" ] || new=$(iptables_rules "$1" "$2")
	[ -n "$old$new" ] || return 0
	printf '*nat\n%s\n%s\nCOMMIT\n' "$old" "$new" | sed '/^$/d' | iptables-restore --noflush -w
}

# --- both -----------------------------------------------------------------------------------------------------------

add_rules()
{
	# Whoever has come to nft since the last up has rules of iptables to lose.
	[ ! -f "$mine/backend" ] || [ "$(cat "$mine/backend")" = "$backend" ] || remove_rules || return
	echo "$backend" >"$mine/backend"
	"${backend}_replace" "$(values dynamic-pool)" "$(private_maps)"
}

remove_rules()
{
	[ -f "$mine/backend" ] || return 0
	"$(cat "$mine/backend")_replace" "" ""
}

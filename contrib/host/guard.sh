# The guard: only a translator may send packets whose source is inside a translation prefix.  All configurations that are up
# share one table of nftables or one chain of ip6tables, because they may share a prefix.  Each up and down makes it again from
# the facts of all of them.
#
#   $mine/guard                the facts of one configuration, from guard.awk
#   $space/guard-backend       the current backend of the guard: nft or iptables
# shellcheck shell=sh disable=SC2154 # variables of updown.sh

guard_name=nat64d_guard

guard_facts()
{
	printf '%s\n' "$reading" | awk -v guard="$(setting GUARD)" -f "$lib/ipv6.awk" -f "$lib/guard.awk"
}

# guard_lines: prints the facts of all configurations that are up; ours are in `guarded'.  Only root can write the files, but
# unexpected lines are removed anyway.
guard_lines()
{
	{
		for other in "$space"/nat64d_*/guard; do
			[ ! -f "$other" ] || [ "$other" = "$mine/guard" ] || cat "$other"
		done
		[ -z "$guarded" ] || printf '%s\n' "$guarded"
	} | grep -x -e 'device [A-Za-z0-9._-]\{1,15\}' -e 'drop [0-9a-f:./]*' -e 'both [0-9a-f:./]* [0-9a-f:./]*' \
		-e 'pass [0-9a-f:./]*' | sort -u
}

# set_guard: sets `guard' to all facts, and `wanted' to yes if there is anything to drop.
set_guard()
{
	guard=$(guard_lines)
	wanted=$(printf '%s\n' "$guard" | sed -n 's/^\(drop\|both\) .*/yes/p' | sed -n 1p)
}

guards()
{
	printf '%s\n' "$guard" | sed -n "s/^$1 //p"
}

# nft_guard: prints nothing if there is no guard and none is wanted, because the kernel may lack nftables for IPv6.
nft_guard()
{
	[ -n "$wanted" ] || [ -e "$space/guard-backend" ] || return 0
	echo "table ip6 $guard_name"
	echo "delete table ip6 $guard_name"
	[ -n "$wanted" ] || return 0
	echo "table ip6 $guard_name {"
	[ -z "$(guards pass)" ] || echo "set pass { type ipv6_addr; flags interval; auto-merge; elements = { $(guards pass | listed) }; }"
	echo "chain forward { type filter hook forward priority filter; policy accept;"
	echo "iifname { $(guards device | sed 's/.*/"&"/' | listed) } accept"
	[ -z "$(guards pass)" ] || echo "ip6 saddr @pass accept"
	guards drop | sed 's/.*/ip6 saddr & drop/'
	guards both | sed 's/\(.*\) \(.*\)/ip6 saddr \1 ip6 daddr \2 drop/'
	echo "}"
	echo "}"
}

iptables_guard_rules()
{
	[ -n "$wanted" ] || return 0
	note="-m comment --comment $guard_name"
	echo ":$guard_name - [0:0]"
	echo "-I FORWARD $note -j $guard_name"
	guards device | sed "s/.*/-A $guard_name -i & $note -j RETURN/"
	guards pass | sed "s/.*/-A $guard_name -s & $note -j RETURN/"
	guards drop | sed "s/.*/-A $guard_name -s & $note -j DROP/"
	guards both | sed "s/\(.*\) \(.*\)/-A $guard_name -s \1 -d \2 $note -j DROP/"
}

iptables_guard_leftover()
{
	iptables_leftover ip6tables filter FORWARD "$guard_name"
}

iptables_guard_alone()
{
	rules=$(iptables_guard_rules)
	[ -n "$rules" ] || [ -e "$space/guard-backend" ] || return 0
	if ! have ip6tables-restore || ! have ip6tables-save; then
		say "ip6tables is missing, so the guard cannot be added (GUARD=no in $sysconfdir/default/nat64d omits it)" >&2
		return 1
	fi
	iptables_commit ip6tables "$(iptables_table filter "$(iptables_guard_leftover)" "$rules")"
}

nft_guard_alone()
{
	nft_guard | nft -f -
}

# --- the backend of the guard ---------------------------------------------------------------------------------------

# guard_home: prints the backend that has the guard or will have it.
guard_home()
{
	backend_in "$space/guard-backend" || echo "$backend"
}

# guard_moves: removes the guard from its old backend if the backend has changed since the last up.
guard_moves()
{
	case $(guard_home) in
	"$backend") return 0 ;;
	nft) printf '%s\n' "table ip6 $guard_name" "delete table ip6 $guard_name" | nft -f - ;;
	*) iptables_commit ip6tables "$(iptables_table filter "$(iptables_guard_leftover)")" ;;
	esac && rm -f "$space/guard-backend"
}

# guard_begins: records the backend before the guard is added, so that the next down removes it even after a failure.
guard_begins()
{
	[ -z "$wanted" ] || [ -e "$space/guard-backend" ] || echo "$backend" >"$space/guard-backend"
}

# guard_ends: removes the record when no guard is wanted.
guard_ends()
{
	[ -n "$wanted" ] || rm -f "$space/guard-backend"
}

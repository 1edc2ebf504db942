# The guard: nobody but a translator sends from a translation prefix.  All configurations that are up share it, in one table of
# nftables or one chain of ip6tables, since they may share a prefix: it is made anew from what each of them wants of it.
#
#   $mine/guard                one configuration, as guard.awk has it
#   $space/guard-backend       where the guard is now: nft or iptables
# shellcheck shell=sh disable=SC2154 # variables of updown.sh

guard_name=nat64d_guard

guard_facts()
{
	printf '%s\n' "$reading" | awk -v guard="$(setting GUARD)" -f "$lib/ipv6.awk" -f "$lib/guard.awk"
}

# guard_lines: of all configurations that are up, ours as `guarded' has it.  The files are root's; still, no line of another
# kind gets through.
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

# set_guard: all that is wanted, and whether there is anything to drop.
set_guard()
{
	guard=$(guard_lines)
	wanted=$(printf '%s\n' "$guard" | sed -n 's/^\(drop\|both\) .*/yes/p' | sed -n 1p)
}

guards()
{
	printf '%s\n' "$guard" | sed -n "s/^$1 //p"
}

# nft_guard: nothing where no guard is wanted nor was, for then the kernel need not even have tables of IPv6.
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
		say "ip6tables is missing, so there can be no guard (GUARD=no in $sysconfdir/default/nat64d goes without)" >&2
		return 1
	fi
	iptables_commit ip6tables "$(iptables_table filter "$(iptables_guard_leftover)" "$rules")"
}

nft_guard_alone()
{
	nft_guard | nft -f -
}

# --- where it is ----------------------------------------------------------------------------------------------------

# guard_home: where it is, or will be.
guard_home()
{
	backend_in "$space/guard-backend" || echo "$backend"
}

# guard_moves: whoever has come to another backend since the last up takes the guard along.
guard_moves()
{
	case $(guard_home) in
	"$backend") return 0 ;;
	nft) printf '%s\n' "table ip6 $guard_name" "delete table ip6 $guard_name" | nft -f - ;;
	*) iptables_commit ip6tables "$(iptables_table filter "$(iptables_guard_leftover)")" ;;
	esac && rm -f "$space/guard-backend"
}

# guard_begins: remembered before it is there, so that whatever happens, the next down removes it.
guard_begins()
{
	[ -z "$wanted" ] || [ -e "$space/guard-backend" ] || echo "$backend" >"$space/guard-backend"
}

# guard_ends: forgotten where none is wanted any more.
guard_ends()
{
	[ -n "$wanted" ] || rm -f "$space/guard-backend"
}

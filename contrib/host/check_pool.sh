# Checks the leases: does the pool have an address for a new host?
# shellcheck shell=sh disable=SC2154,SC2034 # variables of check.sh

guarantee=7440 # seconds that a lease is safe after its last packet; include/map/pool.h has these three
behind=600     # seconds: maximum age of the record of a lease in use
keep=1209600

# roles: prints "POOL true" or "POOL false", for each pool of the running daemon: whether it stands by.
roles()
{
	set -f
	IFS='{},'
	named=
	for part in $told; do
		case $part in
		*'"pool": "'*) named=${part#*'"pool": "'} ;;
		*'"standby": '*) [ -z "$named" ] || echo "${named%\"} ${part#*'"standby": '}" ;;
		*) named= ;;
		esac
	done
	unset IFS
	set +f
}

# pool_groups: prints "GUARANTEE KEEP POOL..." lines, one for all pools with the same hosts, without those that stand by.
pool_groups()
{
	{
		values '# dynamic-pool'
		echo roles
		roles
		echo end
		values dynamic-pool
	} | awk -v guarantee=$guarantee -v keep=$keep '
		function seconds(t) { return t * (t ~ /m$/ ? 60 : t ~ /h$/ ? 3600 : t ~ /d$/ ? 86400 : 1) }
		$1 == "end" { plain = 1; next }
		$1 == "roles" { role = 1; next }
		role && !plain { standby[$1] = $2 == "true"; next }
		!plain {
			standby[$1] = / standby( |$)/
			for (i = 2; i < NF; i++) {
				if ($i == "from") from[$1] = $(i + 1)
				if ($i == "lease") { low[$1] = seconds($(i + 1)); high[$1] = $(i + 2) ~ /^[0-9]/ ? seconds($(i + 2)) : 0 }
			}
			next
		}
		{
			who = from[$1]
			if ($1 in low) { safe[who] = low[$1]; kept[who] = high[$1] }
			if (standby[$1]) next
			if (!(who in pools)) order[++n] = who
			pools[who] = pools[who] " " $1
		}
		END {
			for (i = 1; i <= n; i++) {
				who = order[i]
				least = who in safe ? safe[who] : guarantee
				most = kept[who] ? kept[who] : keep
				print least, (most < least ? least : most) pools[who]
			}
		}'
}

# pool_size POOLS: prints how many addresses they can lease: all except the first of each and those with another use.
pool_size()
{
	pools=$1
	{
		printf '%s\n' "$pools" | tr ' ' '\n' | sed 's|/.*||'
		values ipv4-addr
		values icmp-source-pool
		printf '%s\n' "$all_maps_once" | sed 's/ .*//'
	} | awk -v pools="$pools" "$ipv4_awk"'
		BEGIN { n = split(pools, pool, " ") }
		NF {
			for (i = 1; i <= n; i++)
				if (overlap($1, pool[i])) {
					net = len($1) > len(pool[i]) ? $1 : pool[i]
					printf "%.0f %.0f\n", number(net), 2 ^ (32 - len(net))
				}
		}' | sort -k 1,1n -k 2,2nr | awk -v pools="$pools" "$ipv4_awk"'
		BEGIN { n = split(pools, pool, " "); for (i = 1; i <= n; i++) size += 2 ^ (32 - len(pool[i])) }
		$1 >= end { size -= $2; end = $1 + $2 }
		END { printf "%.0f\n", size }'
}

# record: prints the file of leases.  The owner of its directory is not trusted and may put a link or a FIFO there: this
# function follows no link and does not block, and the checks show only numbers from the file.
record()
{
	leases=$(values data-dir)/dynamic.map
	[ -f "$leases" ] && [ ! -L "$leases" ] || return
	if dd --help 2>&1 | has nofollow; then
		dd if="$leases" iflag=nofollow,nonblock bs=65536 2>/dev/null
	elif have timeout; then
		timeout 5 cat "$leases" 2>/dev/null
	fi
}

# leases GUARANTEE KEEP POOLS: prints how many leases of the file on standard input are in these pools, and how many of them
# are still guaranteed.  The last line of an address, or of a host and its prefix, counts.
leases()
{
	awk -v now="$(date +%s)" -v held=$(($1 + behind)) -v kept=$(($2 + behind)) -v pools="$3" "$ipv4_awk"'
		BEGIN { pooled = split(pools, pool, " ") }
		function ours(a, i) {
			for (i = 1; i <= pooled; i++) if (within(a, pool[i])) return 1
			return 0
		}
		/^#/ || NF < 3 { next }
		{
			host = $2 " " $4
			if (host in at) delete last[at[host]]
			if ($1 in of) delete at[of[$1]]
			at[host] = $1; of[$1] = host; last[$1] = $3
		}
		END {
			for (a in last) if (ours(a)) { n += now - last[a] <= kept; safe += now - last[a] <= held }
			print n + 0, safe + 0
		}'
}

check_drain()
{
	case $told in
	*'"draining": true'*) finding WARN drain "new hosts get no address, because of \`nat64ctl drain on'" "$(word "$(dirname "$nat64d")/nat64ctl") -s $(word "$socket") drain off" ;;
	esac
}

check_pool()
{
	[ -n "$(values dynamic-pool)" ] && [ -f "$(values data-dir)/dynamic.map" ] || return 0
	groups=$(pool_groups)
	[ -n "$groups" ] || return 0
	while read -r safe longest pools; do
		check_pools "$safe" "$longest" "$pools"
	done <<-END
		$groups
	END
}

# check_pools GUARANTEE KEEP POOLS: reports whether this group of pools is full.
check_pools()
{
	size=$(pool_size "$3")
	used=$(record | leases "$@")
	held=${used#* }
	used=${used% *}
	of=
	case $groups in
	*"$newline"*) of=" of $3" ;;
	esac
	recent="the last two hours"
	[ "$1" -eq $guarantee ] || recent="the last $1 seconds"
	larger="edit $file: share for the networks that hold most leases (nat64ctl networks shows them), or another dynamic-pool in addition, then: $(reload_command)"
	if [ "$size" -eq 0 ]; then
		finding FAIL pool "no address of $3 can be leased: each is the first one, ipv4-addr, mapped or in icmp-source-pool" \
			"edit $file: a larger dynamic-pool, then: $(reload_command)"
	elif [ "$held" -ge "$size" ]; then
		finding FAIL pool "$held of $size addresses$of leased, all to hosts active in $recent: none is left for another host" "$larger"
	elif [ $((held * 10)) -ge $((size * 9)) ]; then
		finding WARN pool "$held of $size addresses$of leased to hosts active in $recent" "$larger"
	else
		finding ok pool "$used of $size addresses$of leased"
	fi
}

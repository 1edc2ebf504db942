# Questions about the leases: is there room for a new host?
# shellcheck shell=sh disable=SC2154,SC2034 # variables of check.sh

guarantee=7440 # seconds that a lease is safe after its last packet; include/map/pool.h has these three
behind=600     # the record of a lease in use is never older
keep=1209600

# pool_size: how many addresses the pools have to give: all but the first of each, and those that belong to others.
pool_size()
{
	pools=$(values dynamic-pool | paste -s -d ' ' -)
	{
		values dynamic-pool | sed 's|/.*||'
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

# record: the file of leases.  Whose directory it is may put a link, a FIFO or anything else there: no link is followed, nothing
# is waited for, and nothing of it is shown but numbers.
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

# leases: of the file on standard input, how many there are, and how many of them cannot be taken back yet.  Of an address, or a host and its prefix,
# the last line counts.
leases()
{
	awk -v now="$(date +%s)" -v held=$((guarantee + behind)) -v kept=$((keep + behind)) '
		/^#/ || NF < 3 { next }
		{
			host = $2 " " $4
			if (host in at) delete last[at[host]]
			if ($1 in of) delete at[of[$1]]
			at[host] = $1; of[$1] = host; last[$1] = $3
		}
		END {
			for (a in last) { n += now - last[a] <= kept; safe += now - last[a] <= held }
			print n + 0, safe + 0
		}'
}

check_drain()
{
	case $told in
	*'"draining": true'*) finding WARN drain "new hosts get no address, since somebody has said \`nat64ctl drain on'" "$(word "$(dirname "$nat64d")/nat64ctl") -s $(word "$socket") drain off" ;;
	esac
}

check_pool()
{
	[ -n "$(values dynamic-pool)" ] && [ -f "$(values data-dir)/dynamic.map" ] || return 0
	size=$(pool_size)
	used=$(record | leases)
	held=${used#* }
	used=${used% *}
	larger="edit $file: a larger dynamic-pool, or another one beside it, then: $(reload_command)"
	if [ "$held" -ge "$size" ]; then
		finding FAIL pool "$held of $size addresses leased, all to hosts of the last two hours: there is none for another host" "$larger"
	elif [ $((held * 10)) -ge $((size * 9)) ]; then
		finding WARN pool "$held of $size addresses leased to hosts of the last two hours" "$larger"
	else
		finding ok pool "$used of $size addresses leased"
	fi
}

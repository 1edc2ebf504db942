# Checks DNS64: do the resolvers of the hosts synthesize addresses inside the prefix?
# shellcheck shell=sh disable=SC2154 # variables of check.sh

# told_resolvers: prints the resolver of --dns64, or else those that radvd announces to hosts.
told_resolvers()
{
	if [ -n "$dns64" ]; then
		echo "$dns64"
	elif [ -e /etc/radvd.conf ]; then
		sed -n 's/#.*//; s/^[[:space:]]*RDNSS[[:space:]]\([0-9A-Fa-f:. 	]*\).*/\1/p' /etc/radvd.conf 2>/dev/null | tr -s '[:space:]' '\n' | grep :
	fi
}

# ask RESOLVER NAME: prints the IPv6 addresses of NAME, one per line.  Returns 2 if there is no answer.
ask()
{
	if have dig; then
		asked=$(dig +noall +answer +time=1 +tries=2 AAAA "$2" "@$1" 2>/dev/null) || return 2
		printf '%s\n' "$asked" | awk '$4 == "AAAA" { print $5 }'
	elif have host; then
		asked=$(host -W 1 -R 2 -t AAAA "$2" "$1" 2>/dev/null) || return 2
		printf '%s\n' "$asked" | sed -n 's/.* has IPv6 address //p'
	else
		asked=$(nslookup -timeout=1 -retry=2 -type=AAAA "$2" "$1" 2>/dev/null) || return 2
		printf '%s\n' "$asked" | awk -v name="$2" 'index($0, name) { found = 1 } found && /AAAA|^Address/ { print $NF }'
	fi
}

# The IPv4 addresses of ipv4only.arpa never change (RFC 7050), so the synthesized addresses show the prefix of the DNS64.
check_resolver()
{
	if ! answer=$(ask "$1" ipv4only.arpa); then
		finding FAIL dns64 "the resolver $1 does not answer: it does not run there, or cannot reach the name servers of the internet"
		return
	fi
	for prefix in $(values prefix); do
		! printf '%s\n' "$answer" | has -ixF "$(shortened "$(embed "$prefix" 192.0.0.170)")" || {
			finding ok dns64 "the resolver $1 uses prefix $prefix"
			return
		}
	done
	if [ -z "$answer" ]; then
		finding FAIL dns64 "the resolver $1 does not do DNS64: hosts get no address inside the prefix"
	else
		finding FAIL dns64 "the resolver $1 uses another prefix: ipv4only.arpa resolves to $(plain "$(printf '%s\n' "$answer" | sed -n 1p)")"
	fi
}

check_dns64()
{
	[ -z "$clat" ] || return 0
	for resolver in $(told_resolvers); do
		if have dig || have host || have nslookup; then
			check_resolver "$resolver"
		else
			finding skip dns64 "the resolver $resolver was not checked: no dig, host or nslookup (Debian: apt install bind9-dnsutils)"
			return
		fi
	done
}

# Questions about DNS64: are hosts told addresses that lead to the translator?
# shellcheck shell=sh disable=SC2154 # variables of check.sh

# told_resolvers: those that radvd tells hosts about, unless --dns64 names one.
told_resolvers()
{
	if [ -n "$dns64" ]; then
		echo "$dns64"
	else
		sed -n 's/#.*//; s/^[[:space:]]*RDNSS[[:space:]]\([0-9A-Fa-f:. 	]*\).*/\1/p' /etc/radvd.conf 2>/dev/null | tr -s '[:space:]' '\n' | grep :
	fi
}

# ask RESOLVER NAME: its IPv6 addresses, one a line.  2 if there is no answer.
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

# The name whose IPv4 addresses never change (RFC 7050): what a DNS64 makes of them tells its prefix.
check_resolver()
{
	if ! answer=$(ask "$1" ipv4only.arpa); then
		finding FAIL dns64 "the resolver $1 does not answer"
		return
	fi
	for prefix in $(values prefix); do
		! printf '%s\n' "$answer" | has -ixF "$(shortened "$(embed "$prefix" 192.0.0.170)")" || {
			finding ok dns64 "the resolver $1 leads hosts to prefix $prefix"
			return
		}
	done
	if [ -z "$answer" ]; then
		finding FAIL dns64 "the resolver $1 is no DNS64: hosts get no address that leads to the translator"
	else
		finding FAIL dns64 "the resolver $1 leads hosts to another prefix: ipv4only.arpa is $(plain "$(printf '%s\n' "$answer" | sed -n 1p)") there"
	fi
}

check_dns64()
{
	[ -z "$clat" ] || return 0
	for resolver in $(told_resolvers); do
		if have dig || have host || have nslookup; then
			check_resolver "$resolver"
		else
			finding skip dns64 "the resolver $resolver was not asked: no dig, host or nslookup (Debian: apt install bind9-dnsutils)"
			return
		fi
	done
}

# Questions that only a live packet answers: where does a ping through the translator stop?
# shellcheck shell=sh disable=SC2154,SC2034 # variables of check.sh

# try ADDRESS: one ping; what was said about it is in `said'.
try()
{
	said=$(ping "$(family "$1")" -n -c 1 -W 1 "$1" 2>&1)
}

# crossings: packets to the daemon and from it, so far.
crossings()
{
	ip -s -o link show dev "$device" 2>/dev/null | awk '
		{
			for (i = 1; i <= NF; i++) {
				if ($i == "RX:") rx = NR_field(i)
				if ($i == "TX:") tx = NR_field(i)
			}
			print tx, rx
		}
		# The packets are the second number behind the next backslash.
		function NR_field(i) {
			while ($i !~ /\\$/ && i < NF) i++
			return $(i + 2)
		}'
}

# complaint: what an ICMP error said.
complaint()
{
	printf '%s\n' "$said" | sed -n 's/.*\(From [^ ]*\).*\(Destination [A-Za-z ]*\|Packet [A-Za-z ]*\|Time to live exceeded\|Administratively prohibited\|No route\|Address unreachable\|.*ailed policy\).*/ (\1: \2)/p' | sed -n 1p
}

counters_hint()
{
	[ -z "$daemon" ] || echo "kill -USR1 $daemon, and read its log: which packets it refused, and why"
}

# stopped WHAT TX RX: where, by how often the device was crossed while nothing came back.
stopped()
{
	case $2,$3 in
	0,*) finding FAIL ping "$1: stops before $device: the kernel did not send it there" "ip route get ${1##* }" ;;
	1,0) finding FAIL ping "$1: stops at the daemon, which refused it" "$(counters_hint)" ;;
	1,1) finding FAIL ping "$1: translated, but no answer came back" "$(tool "tcpdump -n -i $(word "${uplink4:-any}") icmp")" ;;
	2,1) finding FAIL ping "$1: the answer stops at the daemon, which refused it" "$(counters_hint)" ;;
	2,2) finding FAIL ping "$1: the answer came, was translated, and is lost on the machine" "$(tool "nft list ruleset" nftables)" ;;
	*) finding FAIL ping "$1: no answer; too much other traffic to see where it stops" "$(tool "tcpdump -n -i $device icmp or icmp6")" ;;
	esac
}

# moved: packets to the daemon and from it since `before', "TO FROM".
moved()
{
	echo "$before $(crossings)" | awk '{ print $3 - $1, $4 - $2 }'
}

# An answer is the daemon's only if something has crossed the device: the machine may have the address itself, or send it
# somewhere else.
ping_own()
{
	address=$(values "$1")
	before=$(crossings)
	if [ "$(leads_to "$address")" = local ]; then
		finding skip ping "not the daemon at $address: the machine has that address itself, and would answer"
	elif try "$address"; then
		case $(moved) in
		0* | *" 0") finding FAIL ping "somebody else answers at the daemon's own address $address: nothing crossed $device" "ip route get $address" ;;
		*) finding ok ping "the daemon answers at $address" ;;
		esac
	else
		finding FAIL ping "the daemon does not answer at its own address $address" "ip route get $address"
	fi
}

# ping_through WHAT ADDRESS
ping_through()
{
	before=$(crossings)
	if try "$2"; then
		finding ok ping "$1: answered"
		return
	fi
	error=$(complaint)
	if [ -n "$error" ]; then
		finding FAIL ping "$1: an ICMP error came back$error" "$(tool "traceroute -n $2")"
		return
	fi
	moved=$(moved)
	stopped "$1" "${moved% *}" "${moved#* }"
}

# source_of ADDRESS: from where the machine would ask.
source_of()
{
	ip -6 -o route get "$1" 2>/dev/null | after src
}

# shortened ADDRESS: as one writes it, which the kernel knows best.
shortened()
{
	short=$(ip -6 -o route get "$1" 2>/dev/null | cut -d ' ' -f 1)
	echo "${short:-$1}"
}

# far_end: whom to ping, an IPv4 address, or why nobody.
far_end()
{
	far=${target:-$gateway4}
	why=
	if [ -n "$target" ]; then
		return 0
	elif ! is_ipv4 "$far"; then
		why="there is no IPv4 gateway"
	elif echo "$far" | has '^169\.254\.'; then
		why="the IPv4 gateway $far has a link-local address, which is never translated"
	elif [ "$(values wkpf-strict)" = yes ] && values prefix | sed -n 1p | has -x '64:ff9b::/96' && ! is_global "$far"; then
		why="the IPv4 gateway $far is not of the public internet, and 64:ff9b::/96 must not hold it"
	fi
	[ -z "$why" ]
}

ping_prefix()
{
	prefix=$(values prefix | sed -n 1p)
	[ -n "$prefix" ] || return 0
	if ! far_end; then
		finding skip ping "not through the translator: $why; give --target ADDRESS"
		return
	fi
	address=$(shortened "$(embed "$prefix" "$far")")
	from=$(source_of "$address")
	case $from in
	"" | fe80:* | ::1) finding FAIL ping "the machine has no IPv6 address to ask $address from" "ip -6 addr show scope global" ;;
	*) ping_through "from $from to $far as $address" "$address" ;;
	esac
}

check_ping()
{
	if ! have ping; then
		finding skip ping "ping is not installed (Debian: apt install iputils-ping)"
	elif [ -n "$clat" ]; then
		ping_own ipv4-addr
		[ -z "$target" ] || ping_through "from the machine to $target" "$target"
	else
		ping_own ipv6-addr
		ping_own ipv4-addr
		ping_prefix
	fi
}

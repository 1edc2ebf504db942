# Checks with live packets: does a ping through the translator succeed, and if not, where does it stop?
# shellcheck shell=sh disable=SC2154,SC2034 # variables of check.sh

large_enough=160 # bytes: the daemon itself translates a ping of this size; the fast path would bypass the device counters

speaker= # a source address to use instead of the one that the kernel selects

# try ADDRESS: sends one ping; sets `said' to the output.
try()
{
	said=$(ping "$(family "$1")" ${speaker:+-I "$speaker"} -n -c 1 -W 1 -s $large_enough "$1" 2>&1)
}

burst=8 # pings per test; other packets on the device in that second must be fewer than half of them

# try_hard ADDRESS: succeeds if one of `burst' pings is answered.  One ping is not enough to count packets, because a new
# device also sends router solicitations and multicast reports.
try_hard()
{
	said=$(
		n=0
		while [ $n -lt $burst ]; do
			ping "$(family "$1")" ${speaker:+-I "$speaker"} -n -c 1 -W 1 -s $large_enough "$1" 2>&1 &
			n=$((n + 1))
		done
		wait
	)
	printf '%s\n' "$said" | has 'bytes from'
}

# crossings: prints the numbers of packets to the daemon and from it.
crossings()
{
	side='' from='' to=''
	set -f
	# shellcheck disable=SC2046 # words
	set -- $(ip -s -o link show dev "$device" 2>/dev/null)
	set +f
	while [ $# -gt 2 ]; do
		# The number of packets is the second number after the next backslash.
		case $side,$1 in
		*,RX: | *,TX:) side=$1 ;;
		RX:,*\\) from=$3 side= ;;
		TX:,*\\) to=$3 side= ;;
		esac
		shift
	done
	echo "$to $from"
}

# complaint: prints the ICMP error in the output of ping.
complaint()
{
	printf '%s\n' "$said" | sed -n 's/.*\(From [^ ]*\).*\(Destination [A-Za-z ]*\|Packet [A-Za-z ]*\|Time to live exceeded\|Administratively prohibited\|No route\|Address unreachable\|.*ailed policy\).*/ (\1: \2)/p' | sed -n 1p
}

counters_hint()
{
	[ -z "$daemon" ] || echo "kill -USR1 $daemon, and read in its log which packets it refused, and why"
}

# refused WHAT FROM TO: reports a packet that the daemon refuses.
refused()
{
	asked=$(explain_command "$2" "$3")
	fault ping "$1 stops at the daemon, which refused it$(refusal "$2" "$3")" "${asked:-$(counters_hint)}"
}

# stopped WHAT TX RX FROM TO: reports where a ping stops.  TX and RX say how often it crossed the device to and from the daemon.
stopped()
{
	answer=$(peer_answer "$4" "$5")
	case $2,$3 in
	0,0) fault ping "$1: stops before $device: the kernel did not send it there" "ip route get ${1##* }" ;;
	1,0) refused "$1:" "$4" "$5" ;;
	1,1) fault ping "$1: translated, but no answer came back" "$(tool "tcpdump -n -i $(word "${uplink4:-any}") icmp")" ;;
	2,1) refused "$1: the answer" "${answer% *}" "${answer#* }" ;;
	2,2) fault ping "$1: the answer came, was translated, and is lost on the machine" "$(tool "nft list ruleset" nftables)" ;;
	*) fault ping "$1: no answer; too much other traffic to see where it stops" "$(tool "tcpdump -n -i $device icmp or icmp6")" ;;
	esac
}

# moved: prints how often each ping since `before' crossed the device, "TO FROM"; "?" if there is too much other traffic.
moved()
{
	echo "$before $(crossings) $burst" | awk '
		function times(n, t) { t = int((n + $5 / 4) / $5); return n - t * $5 < $5 / 2 ? t : "?" }
		{ print times($3 - $1), times($4 - $2) }'
}

# crossed: succeeds if any packet crossed the device in both directions since `before'.
crossed()
{
	# shellcheck disable=SC2046,SC2086 # words
	set -- $before $(crossings)
	[ $# -eq 4 ] && [ "$3" -gt "$1" ] && [ "$4" -gt "$2" ]
}

# silent ADDRESS: reports where a ping to the daemon's own address stops.
silent()
{
	at="the daemon does not answer at its own address $1"
	case $(moved) in
	0*) fault ping "$at: nothing has reached the daemon: the kernel drops it, or the daemon is stuck" "ip route get $1" ;;
	'1 0') fault ping "$at: it reaches the daemon, and nothing comes back" "$(counters_hint)" ;;
	'1 1') fault ping "$at: the answer comes, and is lost on the machine: does an input chain drop it?" "$(tool "nft list ruleset" nftables)" ;;
	*) fault ping "$at" "ip route get $1" ;;
	esac
}

# An answer comes from the daemon only if packets crossed the device: the machine may have the address itself, or route it
# elsewhere.
ping_own()
{
	address=$(values "$1")
	before=$(crossings)
	if [ "$1" = ipv6-addr ] && ! ready "$address"; then
		fault ping "the machine has no IPv6 address to ping $address from" "ip -6 addr show scope global"
	elif [ "$(leads_to "$address")" = local ]; then
		finding skip ping "the daemon at $address is not pinged: the machine has that address itself and would answer"
	elif try "$address" || { before=$(crossings) && try_hard "$address"; }; then
		if crossed; then
			finding ok ping "the daemon answers at $address"
		else
			fault ping "another host answers at the daemon's own address $address: nothing crossed $device" "ip route get $address"
		fi
	else
		silent "$address"
	fi
}

# ping_through WHAT ADDRESS: sends a ping to ADDRESS through the translator.
ping_through()
{
	before=$(crossings)
	if try "$2" || { before=$(crossings) && try_hard "$2"; }; then
		finding ok ping "$1: answered"
		[ -n "$clat" ] || ping_large "$2"
		return
	fi
	from=${speaker:-$(source_of "$2")}
	error=$(complaint)
	if [ -n "$error" ]; then
		ours=$(refusal "$from" "$2")
		fault ping "$1: an ICMP error came back$error$ours" "$([ -n "$ours" ] && explain_command "$from" "$2" || tool "traceroute -n $2")"
		return
	fi
	moved=$(moved)
	stopped "$1" "${moved% *}" "${moved#* }" "$from" "$2"
}

# source_of ADDRESS: prints the source address of packets to ADDRESS.
source_of()
{
	after src "$(ip "$(family "$1")" -o route get "$1" 2>/dev/null)"
}

# has_source ADDRESS: sets `source' to the source address of packets to ADDRESS, and succeeds if it is global.
has_source()
{
	source=$(source_of "$1")
	case $source in
	"" | fe80:* | ::1) return 1 ;;
	esac
}

# ready ADDRESS: succeeds if the machine has a source address.  It waits for tentative addresses, up to three seconds.
ready()
{
	for nap in 1 1 1; do
		! has_source "$1" || return 0
		ip -6 -o addr show scope global tentative 2>/dev/null | has inet6 || break
		sleep $nap
	done
	has_source "$1"
}

# ping_large ADDRESS: if the wan has a smaller MTU than the device, this machine must send the ICMP error.
ping_large()
{
	[ "$((${mtu4:-65535} + 20))" -lt "$mtu" ] || return 0
	said=$(ping -6 ${speaker:+-I "$speaker"} -n -c 3 -i 0.3 -W 1 -M "do" -s $((mtu - 48)) "$1" 2>&1)
	case $said in
	*oo" "big* | *oo" "long* | *"bytes from"*) finding ok pmtu "$uplink4 has a smaller MTU than $device, and ICMP errors report packets that are too big" ;;
	*" 0 received"*)
		fault pmtu "$uplink4 has a smaller MTU ($mtu4) than $device ($mtu), and no ICMP error reports packets that are too big: does an output chain drop it?" \
			"$(tool "nft list ruleset" nftables)"
		;;
	esac
}

# shortened ADDRESS: prints the address in its short form, as the kernel prints it.
shortened()
{
	short=$(ip -6 -o route get "$1" 2>/dev/null)
	short=${short%%[ "$newline"]*}
	echo "${short:-$1}"
}

# is_kept_out ADDRESS: succeeds if the prefix must not contain it.
is_kept_out()
{
	[ "$(values wkpf-strict)" = yes ] && [ "$(first_of prefix)" = 64:ff9b::/96 ] && ! is_global "$1"
}

# allowed_of ADDRESSES: prints the first of them that may use the translator.
allowed_of()
{
	allowing=$(row_of allow)
	if [ -z "$allowing" ]; then
		printf '%s\n' "${1%%"$newline"*}"
		return
	fi
	printf '%s\n' "$1" | awk -v all="$allowing" "$(cat "$lib/ipv6.awk")"'
		BEGIN { n = split(all, net, " ") }
		NF && !found {
			for (i = 1; i <= n; i++)
				if (shares(hex($1), hex(address_of(net[i])), length_of(net[i]))) {
					found = $1
					break
				}
		}
		END { if (found) print found }'
}

# own_addresses: prints the global IPv6 addresses of the machine.
own_addresses()
{
	ip -6 -o addr show scope global 2>/dev/null | awk -v dev="$device" '$2 != dev { sub("/.*", "", $4); print $4 }'
}

# choose_speaker: sets `speaker' to a source address that may use the translator, if `source' may not and the machine has one.
choose_speaker()
{
	speaker=
	from=$(allowed_of "$source")
	[ -n "$from" ] || { speaker=$(allowed_of "$(own_addresses)") && from=$speaker; }
}

# far_end: sets `far' to the IPv4 address to ping, or `why' to the reason that there is none.
far_end()
{
	far=${target:-$gateway4}
	why=
	if [ -n "$target" ]; then
		return 0
	elif ! is_ipv4 "$far"; then
		why="there is no IPv4 gateway"
	elif [ "${far#169.254.}" != "$far" ]; then
		why="the IPv4 gateway $far has a link-local address, which is never translated"
	elif is_kept_out "$far"; then
		why="the IPv4 gateway $far is not a public address, and 64:ff9b::/96 must not contain it"
	elif is_denied "$far"; then
		why="the IPv4 gateway $far is in a network that \`deny' names"
	fi
	[ -z "$why" ]
}

ping_prefix()
{
	prefix=$(first_of prefix)
	[ -n "$prefix" ] || return 0
	if ! far_end; then
		finding skip ping "no ping through the translator: $why; give --target ADDRESS"
		return
	elif is_kept_out "$far"; then
		fault ping "$far is not a public address, and 64:ff9b::/96 must not contain it (wkpf-strict)" \
			"$(set_directive wkpf-strict no) && $(reload_command)"
		return
	fi
	address=$(shortened "$(embed "$prefix" "$far")")
	has_source "$address" || return 0 # ping_own has reported that
	choose_speaker
	if [ -z "$from" ]; then
		finding skip ping "no ping through the translator: \`allow' names no address of the machine itself"
	else
		ping_through "from $from to $far as $address" "$address"
	fi
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

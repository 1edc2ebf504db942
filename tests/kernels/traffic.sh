# Traffic of every kind between the client and the server, with checks for errors during it.
# shellcheck shell=bash disable=SC2154 # variables of guest.sh and lib.sh

seconds=2

# offload SPACE DEVICE FEATURE on|off
offload() { ip netns exec "$1" ethtool -K "$2" "$3" "$4" >/dev/null 2>&1; }

# as_cables: switches checksum offload off on the router, so that receivers verify the checksums.  With it, veth devices skip
# the check, and the test would not notice a wrong checksum.
as_cables() {
	offload "$R" lan tx off
	offload "$R" wan tx off
}

# links trains|single|merged: TCP arrives at the router as GSO packets of the sender, as segments with complete checksums, or
# merged by GRO like from a network card.
links() {
	local tx=off gro=off
	[ "$1" != trains ] || tx=on
	[ "$1" != merged ] || gro=on
	offload "$C" lan tx $tx
	offload "$S" wan tx $tx
	[ $tx = off ] || { offload "$C" lan tso on && offload "$S" wan tso on; }
	offload "$R" lan gro $gro
	offload "$R" wan gro $gro
}

# packets DEVICE rx|tx: prints the packet counter of the router's device.
packets() { in_router cat "/sys/class/net/$1/statistics/$2_packets"; }
arrived() { echo $(($(packets lan rx) + $(packets wan rx))); }

# iperf NAME [OPTION...]: one point, ok if data arrive; the amount is printed.
iperf() {
	local name=$1 out
	shift
	ip netns exec "$S" iperf3 -s -1 </dev/null >/dev/null 2>&1 &
	disown
	wait_for listening "$S" -t 5201
	if out=$(timeout 60 ip netns exec "$C" iperf3 -c "$GOOGLE" -t $seconds "$@" 2>&1 </dev/null) &&
		awk '/receiver/ && $5 > 0 { found = 1 } END { exit !found }' <<<"$out"; then
		ok "$name"
		diag "$(awk '/receiver/ { $1 = $2 = ""; line = $0 } END { print line }' <<<"$out")"
	else
		not_ok "$name" "$out"
	fi
}

pings() {
	local size
	for size in 0 56 1400; do
		t "$1: ping of $size bytes" ping6 -s $size "$GOOGLE"
		t "$1: ping of $size bytes to a mapped host" ping4 -s $size 192.168.255.77
	done
}

# tcp NAME: tests both directions, and prints how much the daemon has read.
tcp() {
	local before read
	before=$(arrived) read=$(packets nat64 tx)
	iperf "$1: TCP up"
	iperf "$1: TCP down" -R
	before=$(($(arrived) - before)) read=$(($(packets nat64 tx) - read))
	diag "of $before packets that came to the router the daemon has read $read"
	[ "$fast" = no ] || t "$1: the kernel translates most of it" [ "$((read * 2))" -lt "$before" ]
}

udp() {
	iperf "$1: UDP up" -u -b 20M -l 1200
	iperf "$1: UDP down" -R -u -b 20M -l 1200
	iperf "$1: small UDP up, as fast as it goes" -u -b 0 -l 64
	iperf "$1: UDP in fragments up" -u -b 20M -l 3000
}

# mtu MTU SPACE DEVICE SPACE DEVICE: sets the MTU of a link.
mtu() {
	ip -n "$2" link set "$3" mtu "$1"
	ip -n "$4" link set "$5" mtu "$1"
	forget
}

# told SPACE MTU [4|6]: succeeds if a sender there has learned the MTU.
told() { ip -n "$1" "-${3-4}" route show cache | grep -q "mtu $2"; }

# The host announces a larger MSS than its link allows, so that the other end learns the MTU only from ICMP errors.

# narrow_exit NAME: a small MTU towards the server, so that the errors of the router reach the client through the daemon.
narrow_exit() {
	mtu 1400 "$R" wan "$S" wan
	ip -n "$S" route change default via 8.8.8.1 advmss 1460
	ip -n "$S" route change 8.8.8.0/24 dev wan advmss 1460
	exchange "$1: an exit of 1400 bytes" "$S" TCP4-LISTEN "$C" "TCP6:[$GOOGLE]"
	t "$1: the client knows the MTU of the exit" told "$C" 1420 6
	iperf "$1: TCP up to an exit of 1400 bytes"
	ip -n "$S" route change default via 8.8.8.1
	ip -n "$S" route change 8.8.8.0/24 dev wan
	mtu 1500 "$R" wan "$S" wan
}

# narrow_lan NAME: a small MTU towards the client.
narrow_lan() {
	mtu 1400 "$C" lan "$R" lan
	ip -n "$C" -6 route change default via 2001:db8:1::1 advmss 1440
	exchange "$1: a network of 1400 bytes" "$S" TCP4-LISTEN "$C" "TCP6:[$GOOGLE]"
	t "$1: the server knows the MTU of the network" told "$S" 1380
	iperf "$1: TCP down to a network of 1400 bytes" -R
	ip -n "$C" -6 route change default via 2001:db8:1::1
	mtu 1500 "$C" lan "$R" lan
	shows "$1: a packet that no longer fits is refused" "mtu = 1480" in_server ping -4 -n -c 1 -W 2 -M "do" -s 1472 192.168.255.77
	forget
}

# masquerade on|off
masquerade() {
	if [ "$1" = on ]; then
		in_router nft 'table ip nat { chain post { type nat hook postrouting priority 100; oifname "wan" masquerade; }; }'
	else
		in_router nft delete table ip nat
	fi
}

# bad_checksums SPACE: prints how many packets it has refused because of a checksum.
bad_checksums() {
	ip netns exec "$1" cat /proc/net/snmp /proc/net/snmp6 | awk '
		$1 ~ /:$/ && $1 == last { for (i = 2; i <= NF; i++) if (counts($1, name[i])) sum += $i }
		$1 ~ /CsumErrors$/ { sum += $2 }
		{ last = $1; split($0, name) }
		function counts(proto, name) { return name == "InCsumErrors" || proto == "Tcp:" && name == "InErrs" }
		END { print sum + 0 }'
}

no_bad_checksums() {
	local space all=""
	for space in "$C" "$R" "$S"; do
		all+=" $(bad_checksums "$space")"
	done
	same "$1: no wrong checksum at client, router, server" " 0 0 0" "$all"
}

# up: starts nat64d as the user nobody with that configuration, and prints its message about the fast path.
up() {
	: >"$LOG"
	chown -R nobody "$T/data"
	start_nat64d --user nobody --group nogroup || return
	diag "$(grep -i fast.path "$LOG" || echo "not a word about a fast path")"
}

# traffic NAME [LINE...]: runs all traffic tests, with LINEs added to the configuration.
traffic() {
	local name=$1 kind
	shift
	config 'map 192.168.255.77 2001:db8:2::7' "$@" >"$T/conf"
	up || return
	for kind in trains single merged; do
		links $kind
		tcp "$name, $kind"
		udp "$name, $kind"
	done
	links trains
	pings "$name"
	narrow_exit "$name"
	narrow_lan "$name"
	masquerade on
	pings "$name, MASQUERADE"
	tcp "$name, MASQUERADE"
	udp "$name, MASQUERADE"
	narrow_exit "$name, MASQUERADE"
	masquerade off
	stops "$name: a clean stop"
	no_bad_checksums "$name"
}

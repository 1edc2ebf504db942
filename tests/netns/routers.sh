#!/usr/bin/env bash
# traceroute and mtr through two routers on each side, both ways: every hop answers, by the right address.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need traceroute mtr ss
topology
more_routers
# The routers of the first round have maps, but for the translator's own machine.
config 'map 192.168.255.77 2001:db8:1::2' 'map 192.168.255.101 2001:db8:a1::1' 'map 192.168.255.102 2001:db8:a2::1' \
	>"$T/conf"
start_nat64d || finish
tcp_server "$C" 80
tcp_server "$S" 80

traceroute_in() { ip netns exec "$1" timeout 20 traceroute -n -q 1 -w 2 -m 12 "${@:2}" | hop_list; }
mtr_in() {
	ip netns exec "$1" timeout 20 mtr -n --report --report-wide -c 2 -i 0.2 -G 1 "${@:2}" |
		awk '$1 ~ /^[0-9]+\.\|--/ { print $2 }' | paste -sd ' '
}

# every_way NAME HOPS SPACE FAMILY HOST: by each tool and each kind of packet that it knows.
every_way() {
	same "$1: traceroute, UDP" "$2" "$(traceroute_in "$3" "$4" "$5")"
	same "$1: traceroute -I" "$2" "$(traceroute_in "$3" "$4" -I "$5")"
	same "$1: traceroute -T" "$2" "$(traceroute_in "$3" "$4" -T -p 80 "$5")"
	same "$1: traceroute -T to a closed port" "$2" "$(traceroute_in "$3" "$4" -T -p 81 "$5")"
	same "$1: traceroute -F with 1400 bytes" "$2" "$(traceroute_in "$3" "$4" -F "$5" 1400)"
	same "$1: mtr" "$2" "$(mtr_in "$3" "$4" "$5")"
	same "$1: mtr --udp" "$2" "$(mtr_in "$3" "$4" --udp "$5")"
	same "$1: mtr --tcp" "$2" "$(mtr_in "$3" "$4" --tcp -P 80 "$5")"
}

# 64:ff9b:: before 9.9.1.1, 9.9.1.2, 9.9.2.2, 8.8.8.8.
every_way "from IPv6" "2001:db8:1::1 2001:db8:a1::2 2001:db8:a2::2 $OWN6 64:ff9b::909:101 64:ff9b::909:102 64:ff9b::909:202 $GOOGLE" \
	"$C" -6 "$GOOGLE"
every_way "from IPv4" "8.8.8.1 9.9.2.1 9.9.1.1 192.168.255.1 192.168.255.1 192.168.255.102 192.168.255.101 192.168.255.77" \
	"$S" -4 192.168.255.77
stop_nat64d

# RFC 6791: routers without a map share a pool of addresses, each one's always the same.
config 'map 192.168.255.77 2001:db8:1::2' 'icmp-source-pool 198.51.100.0/24' >"$T/conf"
start_nat64d || finish
ip -n "$R" route add 198.51.100.0/24 dev nat64
first=$(traceroute_in "$S" -4 192.168.255.77)
shows "with icmp-source-pool: the IPv4 part" "8.8.8.1 9.9.2.1 9.9.1.1 192.168.255.1 198.51.100." echo "$first"
same "with icmp-source-pool: three distinct hops" 3 "$(tr ' ' '\n' <<<"$first" | grep '^198\.51\.100\.' | sort -u | wc -l)"
same "with icmp-source-pool: the same ones by ICMP" "$first" "$(traceroute_in "$S" -4 -I 192.168.255.77)"
same "with icmp-source-pool: the same ones by mtr" "$first" "$(mtr_in "$S" -4 192.168.255.77)"
stops "TERM: exit status 0"
finish

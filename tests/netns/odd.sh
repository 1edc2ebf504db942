#!/usr/bin/env bash
# Odd packets from nmap, hping3 and ping, and invalid packets: the answers are those of the rules, and the daemon survives.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need ss nmap hping3
topology
config 'map 192.168.255.77 2001:db8:1::2' 'icmp-errors send' >"$T/conf"
start_nat64d || finish
# A router that forwards source routes: the translator has to refuse them itself.
in_router sysctl -qw net.ipv4.conf.all.accept_source_route=1 net.ipv4.conf.wan.accept_source_route=1
udp_server "$C" 5008
tcp_server "$C" 80
tcp_server "$S" 80
mapped=192.168.255.77
ping4 $mapped >/dev/null
before=$(healthy)
memory() { awk '/^VmRSS/ { print $2 }' "/proc/$PID/status"; }
was=$(memory)

# --- byte by byte: each of them once, and the answer ----------------------------------------------------------------
mark
mapfile -t said < <(in_router python3 "$here/odd.py" nat64)
mapfile -t wanted <<-'END'
	IPv4: header checksum: nothing
	IPv4: header length 4: nothing
	IPv4: longer than it is: nothing
	IPv4: shorter than its header: nothing
	IPv4: trailing bytes: passed
	version 5: nothing
	IPv4: cut within the header: nothing
	IPv4: TTL 0: nothing
	IPv4: TTL 1: 11/0
	IPv4: TTL 1, a later fragment: nothing
	IPv4: loose source route: 3/5
	IPv4: strict source route: 3/5
	IPv4: source route at its end: passed
	IPv4: record route, time stamp: passed
	IPv4: options that run over: passed
	IPv4: ping of death: nothing
	IPv4: fragment of 13 bytes: nothing
	IPv4: TCP in fragments of 8 bytes: nothing
	IPv4: the second of them: passed
	IPv4: UDP in fragments of 8 bytes: passed
	IPv4: the second overlaps: passed
	IPv4: empty UDP fragment: nothing
	IPv4: DF and MF: passed
	IPv4: UDP checksum 1: passed
	IPv4: UDP length 9000: passed
	IPv4: no UDP checksum, UDP length 9000: nothing
	IPv4: ICMP checksum: nothing
	IPv4: ICMP of 4 bytes: nothing
	IPv4: ICMP timestamp request: nothing
	IPv4: redirect: nothing
	IPv4: an error about an error: nothing
	IPv4: error that quotes nothing: nothing
	IPv4: fragmented echo: nothing
	IPv4: IGMP: nothing
	IPv4: ICMPv6: nothing
	IPv4: protocol 253, empty: passed
	IPv4: from loopback: nothing
	IPv4: from broadcast: nothing
	IPv4: from multicast: nothing
	IPv4: land: 3/13
	IPv4: TCP to ipv4-addr: 3/2
	IPv4: to nobody's lease: 3/1
	IPv6: longer than it is: nothing
	IPv6: cut within the header: nothing
	IPv6: hop limit 0: nothing
	IPv6: hop limit 1: 3/0
	IPv6: a chain of all that is skipped: passed
	IPv6: routing header, a segment left: 4/0 43
	IPv6: the same behind 8 bytes: 4/0 51
	IPv6: extension header that runs over: nothing
	IPv6: 100 extension headers: passed
	IPv6: extension header in a fragment: 1/1
	IPv6: atomic fragment: passed
	IPv6: fragment of 13 bytes: nothing
	IPv6: ping of death: nothing
	IPv6: overlapping fragment: passed
	IPv6: no next header: passed
	IPv6: ICMPv4: nothing
	IPv6: no UDP checksum: nothing
	IPv6: from loopback: nothing
	IPv6: from an IPv4-mapped address: nothing
	IPv6: to a private IPv4 address: 1/1
	IPv6: to nowhere: 1/0
	IPv6: TCP to ipv6-addr: 4/1 6
END
for i in "${!wanted[@]}"; do
	same "${wanted[i]}" "${wanted[i]}" "${said[i]-}"
done
same "no more, no less" "${#wanted[@]}" "${#said[@]}"
now=$(counters)
for reason in too-short=3 bad-version=1 bad-header-length=1 bad-ip-checksum=1 bad-fragment=2 bad-l4-header=4 \
	illegal-address=3 wkp-private=1 self-protocol=1 ttl-exceeded=2 ttl-zero=1 no-map-destination=1 source-route=2 \
	protocol=2 bad-icmp-checksum=1 icmp-fragment=1 icmp-type=2 icmp-nested=1 bad-quote=1; do
	same "counted, IPv4: $reason" "${reason#*=}" "$(counter "$now" '4->6' "${reason%=*}")"
done
for reason in too-short=2 bad-fragment=2 bad-ext-header=1 illegal-address=2 wkp-private=1 self-protocol=1 \
	ttl-exceeded=1 ttl-zero=1 no-map-destination=1 routing-header=2 fragmented-ext-header=1 protocol=1 \
	udp6-zero-checksum=1; do
	same "counted, IPv6: $reason" "${reason#*=}" "$(counter "$now" '6->4' "${reason%=*}")"
done

# --- nmap ---------------------------------------------------------------------------------------------------------
# scan SPACE OPTION...: lines of "PORT STATE".
scan() {
	ip netns exec "$1" timeout 20 nmap -n -Pn -T5 --max-retries 2 --initial-rtt-timeout 100ms --max-rtt-timeout 150ms "${@:2}" |
		awk '/^[0-9]/ { print $1, $2 } /^Not shown/ { print $3, $4 }' | paste -sd ' '
}

same "nmap -sS from IPv4" "79/tcp closed 80/tcp open" "$(scan "$S" -sS -p 79,80 $mapped)"
same "nmap -sA from IPv4" "79/tcp unfiltered 80/tcp unfiltered" "$(scan "$S" -sA -p 79,80 $mapped)"
same "nmap -sU from IPv4" "5008/udp open 5009/udp closed" "$(scan "$S" -sU -p 5008,5009 $mapped)"
same "nmap -sS from IPv6" "79/tcp closed 80/tcp open" "$(scan "$C" -6 -sS -p 79,80 "$GOOGLE")"
# An open port is silent to the others; asking only the closed one saves the wait.
for kind in X N F M; do
	same "nmap -s$kind from IPv4" "79/tcp closed" "$(scan "$S" -s$kind -p 79 $mapped)"
	same "nmap -s$kind from IPv6" "79/tcp closed" "$(scan "$C" -6 -s$kind -p 79 "$GOOGLE")"
done
same "nmap --badsum from IPv4: no answer" "80/tcp filtered" "$(scan "$S" -sS --badsum --max-retries 0 -p 80 $mapped)"
same "nmap --badsum from IPv6: no answer" "80/tcp filtered" "$(scan "$C" -6 -sS --badsum --max-retries 0 -p 80 "$GOOGLE")"
for option in R T U; do
	same "nmap --ip-options $option: passes without" "79/tcp closed 80/tcp open" \
		"$(scan "$S" -sS --ip-options $option -p 79,80 $mapped)"
done
mark
shows "nmap, loose source route: 3/5" "type/code 3/5" in_server timeout 20 nmap -n -Pn -T5 --max-retries 0 \
	--ip-options '\x83\x07\x04\x09\x09\x09\x09\x00' -sS -p 80 $mapped
counts "counted as what it is" '4->6' source-route
# The checksum of a TCP header of which 8 bytes are here cannot be adjusted.
mark
same "nmap -f, 8 bytes of TCP: does not pass" "80/tcp filtered" "$(scan "$S" -sS -f --max-retries 0 -p 80 $mapped)"
counts "counted as a header cut short" '4->6' bad-l4-header
same "nmap --mtu 24: passes" "79/tcp closed 80/tcp open" "$(scan "$S" -sS --mtu 24 --data-length 40 -p 79,80 $mapped)"
mark
same "nmap --ttl 2" "80/tcp filtered" "$(scan "$S" -sS --ttl 2 -p 80 $mapped)"
counts "ends at the translator" '4->6' ttl-exceeded
same "nmap -sO of ipv4-addr: 3/2 to all but ICMP" "255 closed 1 open" "$(scan "$S" -sO 192.168.255.1)"
same "nmap -sO of ipv6-addr: 4/1 to all but ICMPv6 and extension headers" \
	"250 closed 0 open|filtered 43 open|filtered 44 open|filtered 58 open 59 open|filtered 60 open|filtered" \
	"$(scan "$C" -6 -sO "$OWN6")"
# The host itself sends the error for protocols that it does not support.
closed=$(scan "$S" -sO $mapped | sed 's/ closed.*//')
t "nmap -sO through it from IPv4" test "${closed:-0}" -gt 200
closed=$(scan "$C" -6 -sO "$GOOGLE" | sed 's/ closed.*//')
t "nmap -sO through it from IPv6" test "${closed:-0}" -gt 200

# --- hping3 ---------------------------------------------------------------------------------------------------------
hping() { in_server timeout 10 hping3 -n -c 1 -i u100000 "$@" 2>&1; }

shows "hping3, every flag that is answered" "flags=RA" hping -F -P -U -X -Y -p 79 $mapped
shows "hping3, UDP in fragments of 16 bytes" "1 packets received" hping -2 -p 5008 -d 600 -f $mapped
shows "hping3, TTL 2" "ip=192.168.255.1" hping -S -p 80 -t 2 $mapped
mark
hping -1 -C 13 $mapped >/dev/null
hping -1 -C 17 $mapped >/dev/null
same "hping3, ICMP timestamp and mask requests: dropped" 2 "$(grown '4->6' icmp-type)"
mark
in_server timeout 10 hping3 -q -n -S -p ++1 --rand-source -c 1000 -i u500 $mapped >/dev/null 2>&1
# Some of the sources may not pass, and the kernel in between drops some others.
n=$(grown '4->6' packets)
t "hping3 --rand-source: they reach the translator" test "$n" -gt 500

# --- ping ---------------------------------------------------------------------------------------------------------
for host in $mapped 192.168.255.1; do
	t "ping -R $host" ping4 -R "$host"
	t "ping -T tsonly $host" ping4 -T tsonly "$host"
	t "ping -T tsandaddr $host" ping4 -T tsandaddr "$host"
done
same "the answer of a host comes without the options" "" "$(ping4 -R $mapped | grep -o 'RR:.*')"
t "ping with a TOS and a pattern" ping4 -Q 0xff -p ff00 -s 33 $mapped

t "the daemon lives" alive
same "as many descriptors and leases as before" "$before" "$(healthy)"
t "no more memory" test $(($(memory) - was)) -lt 512
t "traffic passes" ping6 "$GOOGLE"
stops "TERM: exit status 0"
finish

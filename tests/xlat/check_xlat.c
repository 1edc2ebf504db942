/* check_xlat - rules for both directions: own addresses, mapping, hairpinning, leases, answers, and
 * random packets. */
#include "support/rig.h"
#include "support/run.h"
#include "support/shortened.h"
#include "lib/wire.h"

#include <stdio.h>
#include <string.h>

#define OWN       "own4 192.0.2.254; own6 2001:db8:ffff::64; mtu 1500;"
#define MAP       "map 203.0.113.0/24 2001:db8:1::/120;"
#define MAPS_ONLY OWN MAP
#define WKP       OWN MAP "prefix 64:ff9b::/96;"
#define POOL      RIG_SETUP ";pool 10.77.0.0/28"
#define SMALL     RIG_SETUP ";pool 10.77.0.0/30"
#define TWO       OWN MAP "prefix 2001:db8:64::/96; prefix 2001:db8:65::/96; pool 10.77.0.0/28"
#define LOCAL     RIG_SETUP ";map 169.254.7.0/24 2001:db8:7::/120"
#define INSIDE    RIG_SETUP ";own4 203.0.113.84"
#define NEWHOST   "s=2001:db8:5::1"

static const struct rig_row own_rows[] = {
	{"rules-2.2 echo to ipv4-addr", NULL, "4 d=192.0.2.254 | echo n=33", REASON_SELF_ECHO,
	 "4 s=192.0.2.254 d=198.51.100.7 id=* | reply n=33"},
	{"rules-2.2 echo to ipv6-addr", NULL, "6r d=2001:db8:ffff::64 | echo n=33",
	 REASON_SELF_ECHO, "6 s=2001:db8:ffff::64 d=2001:db8:1::5 | reply n=33"},
	{"rules-2.2 echo without payload", NULL, "4 d=192.0.2.254 | echo n=0", REASON_SELF_ECHO,
	 "4 s=192.0.2.254 d=198.51.100.7 id=* | reply n=0"},
	{"rules-2.2 echo with options", NULL, "4 d=192.0.2.254 opts=01010101 | echo",
	 REASON_SELF_ECHO, "4 s=192.0.2.254 d=198.51.100.7 id=* | reply"},
	{"rules-2.2 echo with extension headers", NULL, "6r d=2001:db8:ffff::64 | hbh | dst | echo",
	 REASON_SELF_ECHO, "6 s=2001:db8:ffff::64 d=2001:db8:1::5 | reply"},
	{"rules-2.2 echo of 1500 bytes", NULL, "4 df d=192.0.2.254 | echo n=1472", REASON_SELF_ECHO,
	 "4 s=192.0.2.254 d=198.51.100.7 id=* | reply n=1472"},
	{"rules-2.2 echo of 1500 bytes, IPv6", NULL, "6r d=2001:db8:ffff::64 | echo n=1452",
	 REASON_SELF_ECHO, "6 s=2001:db8:ffff::64 d=2001:db8:1::5 | reply n=1452"},
	{"rules-2.2 TTL 1 is enough for us", NULL, "4 d=192.0.2.254 ttl=1 | echo", REASON_SELF_ECHO,
	 "4 s=192.0.2.254 d=198.51.100.7 id=* | reply"},
	{"rules-2.2 hop limit 1 is enough for us", NULL, "6r d=2001:db8:ffff::64 hop=1 | echo",
	 REASON_SELF_ECHO, "6 s=2001:db8:ffff::64 d=2001:db8:1::5 | reply"},
	{"rules-2.2 echo from a host without mapping", NULL,
	 "6r s=2001:db8:dead::1 d=2001:db8:ffff::64 | echo", REASON_SELF_ECHO,
	 "6 s=2001:db8:ffff::64 d=2001:db8:dead::1 | reply"},
	{"rules-2.4 echo with wrong checksum", NULL, "4 d=192.0.2.254 | echo bad",
	 REASON_ICMP_CHECKSUM, NULL},
	{"rules-2.4 echo with wrong checksum, IPv6", NULL, "6r d=2001:db8:ffff::64 | echo bad",
	 REASON_ICMP_CHECKSUM, NULL},
	{"rules-2.5 fragmented echo", NULL, "4 d=192.0.2.254 | part 0 800 | echo n=2000",
	 REASON_ICMP_FRAGMENT, NULL},
	{"rules-2.2 UDP to ipv4-addr", NULL, "4 d=192.0.2.254 | udp", REASON_SELF_PROTO,
	 "answer 3 2 0"},
	{"rules-2.2 TCP to ipv4-addr", NULL, "4 d=192.0.2.254 | tcp", REASON_SELF_PROTO,
	 "answer 3 2 0"},
	{"rules-2.2 UDP to ipv6-addr", NULL, "6r d=2001:db8:ffff::64 | udp", REASON_SELF_PROTO,
	 "answer 4 1 6"},
	{"4443-3.4 UDP to ipv6-addr behind an extension header", NULL,
	 "6r d=2001:db8:ffff::64 | hbh | udp", REASON_SELF_PROTO, "answer 4 1 40"},
	{"rules-9 later fragment to ipv4-addr: no answer", NULL,
	 "4 d=192.0.2.254 | part 800 80 | udp n=999", REASON_SELF_PROTO, NULL},
	{"rules-2.2 echo reply to ipv4-addr", NULL, "4 d=192.0.2.254 | reply", REASON_SELF_OTHER,
	 NULL},
	{"rules-2.2 echo reply to ipv6-addr", NULL, "6r d=2001:db8:ffff::64 | reply",
	 REASON_SELF_OTHER, NULL},
	{"rules-2.2 ICMP error to ipv4-addr", NULL,
	 "4 d=192.0.2.254 | icmp 3 1 0 | 4r s=192.0.2.254 | udp", REASON_SELF_OTHER, NULL},
	{"rules-2.2 ICMP error to ipv6-addr", NULL,
	 "6r d=2001:db8:ffff::64 | icmp 1 0 0 | 6 s=2001:db8:ffff::64 | udp", REASON_SELF_OTHER,
	 NULL},
	{"rules-2.2 timestamp to ipv4-addr", NULL, "4 d=192.0.2.254 | icmp 13 0 0 n=12",
	 REASON_SELF_OTHER, NULL},
	{"rules-1.4 echo from 127.0.0.1", NULL, "4 s=127.0.0.1 d=192.0.2.254 | echo",
	 REASON_BAD_ADDRESS, NULL},
	{"rules-1.4 echo from multicast", NULL, "4 s=224.0.0.1 d=192.0.2.254 | echo",
	 REASON_BAD_ADDRESS, NULL},
	{"rules-2.2 error to us about us is not answered", NULL,
	 "4 s=192.0.2.254 d=192.0.2.254 | udp", REASON_SELF_PROTO, NULL},
};

static const struct rig_row address_rows[] = {
	{"rules-1.4 from 0.0.0.0", NULL, "4 s=0.0.0.0 | udp", REASON_BAD_ADDRESS, NULL},
	{"rules-1.4 from 0.255.255.255", NULL, "4 s=0.255.255.255 | udp", REASON_BAD_ADDRESS, NULL},
	{"rules-1.4 from 127.0.0.1", NULL, "4 s=127.0.0.1 | udp", REASON_BAD_ADDRESS, NULL},
	{"rules-1.4 from 169.254.1.1", NULL, "4 s=169.254.1.1 | udp", REASON_BAD_ADDRESS, NULL},
	{"rules-1.4 from 224.0.0.1", NULL, "4 s=224.0.0.1 | udp", REASON_BAD_ADDRESS, NULL},
	{"rules-1.4 from 239.255.255.255", NULL, "4 s=239.255.255.255 | udp", REASON_BAD_ADDRESS,
	 NULL},
	{"rules-1.4 from 255.255.255.255", NULL, "4 s=255.255.255.255 | udp", REASON_BAD_ADDRESS,
	 NULL},
	{"rules-1.4 to 0.0.0.0", NULL, "4 d=0.0.0.0 | udp", REASON_BAD_ADDRESS, NULL},
	{"rules-1.4 to 127.255.255.255", NULL, "4 d=127.255.255.255 | udp", REASON_BAD_ADDRESS,
	 NULL},
	{"rules-1.4 to 169.254.169.254", NULL, "4 d=169.254.169.254 | tcp", REASON_BAD_ADDRESS,
	 NULL},
	{"rules-1.4 to 225.1.1.1", NULL, "4 d=225.1.1.1 | udp", REASON_BAD_ADDRESS, NULL},
	{"rules-1.4 to 255.255.255.255", NULL, "4 d=255.255.255.255 | udp", REASON_BAD_ADDRESS,
	 NULL},
	{"rules-1.4 TTL 1 to 225.1.1.1: no error", NULL, "4 ttl=1 d=225.1.1.1 | udp",
	 REASON_BAD_ADDRESS, NULL},
	{"rules-1.4 mDNS", NULL, "4 d=224.0.0.251 ttl=255 | udp", REASON_NOISE, NULL},
	{"rules-1.4 IGMP report", NULL, "4 d=224.0.0.22 ttl=1 p=2 | data 16", REASON_NOISE, NULL},
	{"rules-1.4 SSDP", NULL, "4 d=239.255.255.250 ttl=1 | udp", REASON_NOISE, NULL},
	{"rules-1.4 from 126.255.255.255 passes", NULL, "4 s=126.255.255.255 | udp", REASON_OK,
	 "6 s=2001:db8:64::7eff:ffff hop=63 | udp"},
	{"rules-1.4 from 1.0.0.0 passes", NULL, "4 s=1.0.0.0 | udp", REASON_OK,
	 "6 s=2001:db8:64::100:0 hop=63 | udp"},
	{"rules-1.4 from 223.255.255.255 passes", NULL, "4 s=223.255.255.255 | udp", REASON_OK,
	 "6 s=2001:db8:64::dfff:ffff hop=63 | udp"},
	{"rules-1.4 from 169.253.0.1 passes", NULL, "4 s=169.253.0.1 | udp", REASON_OK,
	 "6 s=2001:db8:64::a9fd:1 hop=63 | udp"},
	{"rules-1.4 from ::", NULL, "6r s=:: | udp", REASON_BAD_ADDRESS, NULL},
	{"rules-1.4 from ::1", NULL, "6r s=::1 | udp", REASON_BAD_ADDRESS, NULL},
	{"rules-1.4 from fe80::1", NULL, "6r s=fe80::1 | udp", REASON_BAD_ADDRESS, NULL},
	{"rules-1.4 from febf::1", NULL, "6r s=febf::1 | udp", REASON_BAD_ADDRESS, NULL},
	{"rules-1.4 from ff02::1", NULL, "6r s=ff02::1 | udp", REASON_BAD_ADDRESS, NULL},
	{"rules-1.4 from an IPv4-mapped address", NULL, "6r s=::ffff:9.9.9.9 | udp",
	 REASON_BAD_ADDRESS, NULL},
	{"rules-1.4 to ::", NULL, "6r d=:: | udp", REASON_BAD_ADDRESS, NULL},
	{"rules-1.4 to ::1", NULL, "6r d=::1 | udp", REASON_BAD_ADDRESS, NULL},
	{"rules-1.4 to fe80::1", NULL, "6r d=fe80::1 | udp", REASON_BAD_ADDRESS, NULL},
	{"rules-1.4 to ff0e::1", NULL, "6r d=ff0e::1 | udp", REASON_BAD_ADDRESS, NULL},
	{"rules-1.4 to an IPv4-mapped address", NULL, "6r d=::ffff:9.9.9.9 | udp",
	 REASON_BAD_ADDRESS, NULL},
	{"rules-1.4 router solicitation", NULL, "6r s=fe80::1 d=ff02::2 hop=255 | icmp 133 0 0",
	 REASON_NOISE, NULL},
	{"rules-1.4 listener report from ::", NULL,
	 "6r s=:: d=ff02::16 hop=1 | hbh | icmp 143 0 0 n=20", REASON_NOISE, NULL},
	{"rules-1.4 mDNS over IPv6", NULL, "6r s=fe80::1 d=ff02::fb hop=255 | udp", REASON_NOISE,
	 NULL},
	{"rules-1.4 to 127.0.0.1 through the prefix", NULL, "6r d=2001:db8:64::7f00:1 | udp",
	 REASON_BAD_ADDRESS, NULL},
	{"rules-1.4 to 224.0.0.1 through the prefix", NULL, "6r d=2001:db8:64::e000:1 | udp",
	 REASON_BAD_ADDRESS, NULL},
	{"rules-1.4 to 255.255.255.255 through the prefix", NULL,
	 "6r d=2001:db8:64::ffff:ffff | udp", REASON_BAD_ADDRESS, NULL},
	{"rules-1.4 to 0.0.0.0 through the prefix", NULL, "6r d=2001:db8:64:: | udp",
	 REASON_BAD_ADDRESS, NULL},
	{"6052-3.1 private source, strict", WKP, "4 s=10.0.0.1 | udp", REASON_WKP_PRIVATE,
	 "answer 3 13 0"},
	{"6052-3.1 shared address space, strict", WKP, "4 s=100.64.0.1 | udp", REASON_WKP_PRIVATE,
	 "answer 3 13 0"},
	{"6052-3.1 documentation, strict", WKP, "4 | udp", REASON_WKP_PRIVATE, "answer 3 13 0"},
	{"7915-4.4 private source, strict: no answer to an error", WKP,
	 "4 s=10.0.0.1 d=203.0.113.5 | icmp 3 1 0 | 4r s=203.0.113.5 d=10.0.0.1 | udp",
	 REASON_QUOTE_NO_MAP, NULL},
	{"7915-5.4 private destination, strict: TCP fails at once", WKP,
	 "6r d=64:ff9b::192.168.1.1 | tcp fl=2", REASON_WKP_PRIVATE, "answer 1 1 0"},
	{"6052-3.1 global source, strict", WKP, "4 s=8.8.8.8 | udp", REASON_OK,
	 "6 s=64:ff9b::808:808 hop=63 | udp"},
	{"6052-3.1 private destination, strict", WKP, "6r d=64:ff9b::a00:1 | udp",
	 REASON_WKP_PRIVATE, "answer 1 1 0"},
	{"rules-1.4 240/4 through the prefix is refused", NULL, "6r d=2001:db8:64::240.0.0.1 | udp",
	 REASON_RESERVED_DST, "answer 1 1 0"},
	{"rules-1.4 255.255.255.254 through the prefix is refused", NULL,
	 "6r d=2001:db8:64::255.255.255.254 | udp", REASON_RESERVED_DST, "answer 1 1 0"},
	{"rules-1.4 240/4 from IPv4 through the prefix is refused", NULL, "4 d=240.0.0.1 | udp",
	 REASON_RESERVED_DST, "answer 3 13 0"},
	{"rules-1.4 239.x through the prefix is no destination at all", NULL,
	 "6r d=2001:db8:64::239.0.0.1 | udp", REASON_BAD_ADDRESS, NULL},
	{"rules-1.4 240/4 that a map names", RIG_SETUP ";map 240.0.0.0/24 2001:db8:24::/120",
	 "6r d=2001:db8:64::240.0.0.1 | udp", REASON_OK, "4r d=240.0.0.1 ttl=63 id=* | udp"},
	{"rules-1.4 240/4 that a pool names", RIG_SETUP ";pool 240.0.1.0/24",
	 "6r d=2001:db8:64::240.0.1.1 | udp", REASON_OK, "4r d=240.0.1.1 ttl=63 id=* | udp"},
	{"rules-1.4 link-local that a map names, 4->6", LOCAL, "4 d=169.254.7.9 | udp", REASON_OK,
	 "6 d=2001:db8:7::9 hop=63 | udp"},
	{"rules-1.4 link-local that a map names, TTL 1", LOCAL, "4 d=169.254.7.9 ttl=1 | udp",
	 REASON_TTL, "answer 11 0 0"},
	{"rules-1.4 link-local that a map names, 6->4", LOCAL, "6r s=2001:db8:7::9 | udp",
	 REASON_OK, "4r s=169.254.7.9 ttl=63 id=* | udp"},
	{"rules-1.4 link-local that a map names, hairpin", LOCAL,
	 "6r d=2001:db8:64::169.254.7.9 | udp", REASON_OK, "4r d=169.254.7.9 ttl=63 id=* | udp"},
	{"rules-1.4 link-local that a map names, in a quote", LOCAL,
	 "4 d=169.254.7.9 | icmp 3 1 0 | 4r s=169.254.7.9 | udp", REASON_OK,
	 "6 d=2001:db8:7::9 hop=63 | icmp 1 0 0 | 6r s=2001:db8:7::9 | udp"},
	{"rules-1.4 link-local beside the map", LOCAL, "4 d=169.254.8.9 | udp", REASON_BAD_ADDRESS,
	 NULL},
	{"rules-1.4 link-local beside the map, through the prefix", LOCAL,
	 "6r d=2001:db8:64::169.254.8.9 | udp", REASON_BAD_ADDRESS, NULL},
	{"rules-1.4 a map of everything does not mean link-local",
	 OWN "map 0.0.0.0/0 2001:db8:c::/96", "4 s=9.9.9.9 d=169.254.7.9 | udp", REASON_BAD_ADDRESS,
	 NULL},
	{"rules-1.4 link-local ipv4-addr", RIG_SETUP ";own4 169.254.7.1", "4 d=169.254.7.1 | echo",
	 REASON_SELF_ECHO, "4 s=169.254.7.1 d=198.51.100.7 id=* | reply"},
	{"rules-1.4 free link-local address of a pool", RIG_SETUP ";pool 169.254.7.0/24",
	 "4 d=169.254.7.9 | udp", REASON_NO_MAP_DST, "answer 3 1 0"},
	{"6052-3.1 global destination, strict", WKP, "6r d=64:ff9b::808:808 | udp", REASON_OK,
	 "4r d=8.8.8.8 ttl=63 id=* | udp"},
	{"6052-3.1 private source, wkpf-strict no", WKP "wkpf no", "4 s=10.0.0.1 | udp", REASON_OK,
	 "6 s=64:ff9b::a00:1 hop=63 | udp"},
	{"6052-3.1 private destination, wkpf-strict no", WKP "wkpf no", "6r d=64:ff9b::a00:1 | udp",
	 REASON_OK, "4r d=10.0.0.1 ttl=63 id=* | udp"},
	{"8215-3 private in the local-use prefix", OWN MAP "prefix 64:ff9b:1::/48",
	 "4 s=10.0.0.1 | udp", REASON_OK, "6 s=64:ff9b:1:a00:0:100:: hop=63 | udp"},
	{"6052-3.1 private in a network-specific prefix", NULL, "4 s=10.0.0.1 | udp", REASON_OK,
	 "6 s=2001:db8:64::a00:1 hop=63 | udp"},
};

#define EMBED OWN MAP "prefix "
static const struct rig_row map_rows[] = {
	{"6052-2.4 /32", EMBED "2001:db8::/32", "4 s=192.0.2.33 | udp", REASON_OK,
	 "6 s=2001:db8:c000:221:: hop=63 | udp"},
	{"6052-2.4 /40", EMBED "2001:db8:100::/40", "4 s=192.0.2.33 | udp", REASON_OK,
	 "6 s=2001:db8:1c0:2:21:: hop=63 | udp"},
	{"6052-2.4 /48", EMBED "2001:db8:122::/48", "4 s=192.0.2.33 | udp", REASON_OK,
	 "6 s=2001:db8:122:c000:2:2100:: hop=63 | udp"},
	{"6052-2.4 /56", EMBED "2001:db8:122:300::/56", "4 s=192.0.2.33 | udp", REASON_OK,
	 "6 s=2001:db8:122:3c0:0:221:: hop=63 | udp"},
	{"6052-2.4 /64", EMBED "2001:db8:122:344::/64", "4 s=192.0.2.33 | udp", REASON_OK,
	 "6 s=2001:db8:122:344:c0:2:2100:: hop=63 | udp"},
	{"6052-2.4 /96", EMBED "2001:db8:122:344::/96", "4 s=192.0.2.33 | udp", REASON_OK,
	 "6 s=2001:db8:122:344::192.0.2.33 hop=63 | udp"},
	{"6052-2.2 /32 back, suffix ignored", EMBED "2001:db8::/32",
	 "6r d=2001:db8:c000:221:1:2:3:4 s=2001:db8:1::5 | udp", REASON_OK,
	 "4r d=192.0.2.33 ttl=63 id=* | udp"},
	{"6052-2.2 /40 back, u octet ignored", EMBED "2001:db8:100::/40",
	 "6r d=2001:db8:1c0:2:ff21::7 | udp", REASON_OK, "4r d=192.0.2.33 ttl=63 id=* | udp"},
	{"6052-2.2 /48 back", EMBED "2001:db8:122::/48", "6r d=2001:db8:122:c000:2:2100:: | udp",
	 REASON_OK, "4r d=192.0.2.33 ttl=63 id=* | udp"},
	{"6052-2.2 /56 back", EMBED "2001:db8:122:300::/56", "6r d=2001:db8:122:3c0:0:221:: | udp",
	 REASON_OK, "4r d=192.0.2.33 ttl=63 id=* | udp"},
	{"6052-2.2 /64 back, u octet ignored", EMBED "2001:db8:122:344::/64",
	 "6r d=2001:db8:122:344:42c0:2:2100:: | udp", REASON_OK,
	 "4r d=192.0.2.33 ttl=63 id=* | udp"},
	{"7757-3.3 unequal suffix 4->6", RIG_SETUP ";map 10.0.0.0/24 2001:db8:2::/64",
	 "4 d=10.0.0.5 | udp", REASON_OK, "6 d=2001:db8:2:0:500:: hop=63 | udp"},
	{"7757-3.3 unequal suffix 6->4, rest ignored", RIG_SETUP ";map 10.0.0.0/24 2001:db8:2::/64",
	 "6r s=2001:db8:2:0:5ab:1:2:3 | udp", REASON_OK, "4r s=10.0.0.5 ttl=63 id=* | udp"},
	{"7757-3.3 host to a whole IPv6 network, 6->4", RIG_SETUP ";map 10.0.0.7 2001:db8:2::/64",
	 "6r s=2001:db8:2::1234 | udp", REASON_OK, "4r s=10.0.0.7 ttl=63 id=* | udp"},
	{"7757-3.3 host to a whole IPv6 network, 4->6", RIG_SETUP ";map 10.0.0.7 2001:db8:2::/64",
	 "4 d=10.0.0.7 | udp", REASON_OK, "6 d=2001:db8:2:: hop=63 | udp"},
	{"7757-3.3 suffix that is not on a byte", RIG_SETUP ";map 10.0.0.0/29 2001:db8:2::/61",
	 "4 d=10.0.0.5 | udp", REASON_OK, "6 d=2001:db8:2:5:: hop=63 | udp"},
	{"7757-3.3 longest match 4->6", RIG_SETUP ";map 203.0.113.5 2001:db8:9::9", "4 | udp",
	 REASON_OK, "6 d=2001:db8:9::9 hop=63 | udp"},
	{"7757-3.3 longest match leaves its neighbour", RIG_SETUP ";map 203.0.113.5 2001:db8:9::9",
	 "4 d=203.0.113.6 | udp", REASON_OK, "6 d=2001:db8:1::6 hop=63 | udp"},
	{"7757-3.3 each side by itself", RIG_SETUP ";map 203.0.113.5 2001:db8:9::9", "6r | udp",
	 REASON_OK, "4r ttl=63 id=* | udp"},
	{"7757-3.3 longest match 6->4", RIG_SETUP ";map 10.9.9.9 2001:db8:1::5", "6r | udp",
	 REASON_OK, "4r s=10.9.9.9 ttl=63 id=* | udp"},
	{"7757-3.2 map of all IPv4", OWN "map 0.0.0.0/0 2001:db8:c::/96",
	 "4 s=9.9.9.9 d=8.8.8.8 | udp", REASON_OK,
	 "6 s=2001:db8:c::909:909 d=2001:db8:c::808:808 hop=63 | udp"},
	{"rules-1.2 map inside the prefix goes before it, 4->6",
	 RIG_SETUP ";map 198.51.100.7 2001:db8:64::1:1", "6r d=2001:db8:64::1:1 | udp", REASON_OK,
	 "4r d=198.51.100.7 ttl=63 id=* | udp"},
	{"rules-1.2 ipv4-addr in a mapped network is no host's, 6->4", INSIDE,
	 "6r s=2001:db8:1::54 | udp", REASON_NO_MAP_SRC, "answer 1 5 0"},
	{"rules-1.2 ipv4-addr in a mapped network is no host's, destination", INSIDE,
	 "6r s=2001:db8:1::5 d=2001:db8:1::54 | udp", REASON_NO_MAP_DST, "answer 1 0 0"},
	{"rules-1.2 our errors from a mapped network come from us", INSIDE,
	 "4 s=203.0.113.84 d=203.0.113.5 | icmp 11 0 0 | 4r s=203.0.113.5 d=9.9.9.9 | udp",
	 REASON_OK,
	 "6 s=2001:db8:64::203.0.113.84 hop=63 | icmp 3 0 0 | 6r d=2001:db8:64::9.9.9.9 | udp"},
	{"rules-1.2 ipv6-addr in a mapped network is no host's", RIG_SETUP ";own6 2001:db8:1::77",
	 "6r s=2001:db8:1::77 | icmp 3 0 0 | 6 | udp", REASON_OK,
	 "4r s=192.0.2.254 ttl=63 id=* | icmp 11 0 0 | 4 id=0 | udp"},
	{"rules-1.5 6->4 destination without mapping", NULL, "6r d=2001:db8:dead::1 | udp",
	 REASON_NO_MAP_DST, "answer 1 0 0"},
	{"rules-1.5 6->4 destination beside the prefix", NULL, "6r d=2001:db8:64::1:0:0 | udp",
	 REASON_NO_MAP_DST, "answer 1 0 0"},
	{"rules-1.5 6->4 source without mapping", NULL, "6r s=2001:db8:dead::1 | udp",
	 REASON_NO_MAP_SRC, "answer 1 5 0"},
	{"rules-1.5 6->4 source without mapping, TCP quoted untouched", NULL,
	 "6r s=2001:db8:dead::1 tc=3 flow=77 hop=9 | dst | tcp n=1300", REASON_NO_MAP_SRC,
	 "answer 1 5 0"},
	{"rules-1.5 4->6 destination without mapping", MAPS_ONLY, "4 s=203.0.113.9 d=9.9.9.9 | udp",
	 REASON_NO_MAP_DST, "answer 3 1 0"},
	{"rules-1.5 4->6 source without mapping", MAPS_ONLY, "4 s=9.9.9.9 | udp", REASON_NO_MAP_SRC,
	 "answer 3 13 0"},
	{"rules-1.5 4->6 unleased pool address as destination", POOL, "4 d=10.77.0.9 | udp",
	 REASON_NO_MAP_DST, "answer 3 1 0"},
	{"rules-1.5 4->6 unleased pool address as source", POOL, "4 s=10.77.0.9 | udp",
	 REASON_NO_MAP_SRC, "answer 3 13 0"},
	{"rules-1.5 4->6 our answer about an unleased pool address finds back", POOL,
	 "4 s=192.0.2.254 | icmp 3 1 0 | 4r d=10.77.0.9 | udp", REASON_OK,
	 "6 s=2001:db8:64::192.0.2.254 hop=63 | icmp 1 0 0 | 6r d=2001:db8:64::10.77.0.9 | udp"},
	{"rules-1.5 no answer to an ICMP error", MAPS_ONLY,
	 "4 d=9.9.9.9 | icmp 3 1 0 | 4r s=9.9.9.9 | udp", REASON_NO_MAP_DST, NULL},
	{"rules-1.5 no answer to a later fragment", NULL,
	 "6r d=2001:db8:dead::1 | part 800 80 | udp n=999", REASON_NO_MAP_DST, NULL},
	{"rules-1.5 an answer to an echo reply", NULL, "6r d=2001:db8:dead::1 | reply",
	 REASON_NO_MAP_DST, "answer 1 0 0"},
	{"rules-1.5 an answer to a first fragment", NULL,
	 "6r d=2001:db8:dead::1 | part 0 80 | udp n=999", REASON_NO_MAP_DST, "answer 1 0 0"},
};

static const struct rig_row hairpin_rows[] = {
	{"7757-4 both mapped: source through the prefix", NULL, "4 s=203.0.113.9 | udp", REASON_OK,
	 "6 s=2001:db8:64::203.0.113.9 hop=63 | udp"},
	{"7757-4 echo", NULL, "4 s=203.0.113.9 | echo", REASON_OK,
	 "6 s=2001:db8:64::203.0.113.9 hop=63 | echo"},
	{"rules-1.3 no prefix: source by its map", MAPS_ONLY, "4 s=203.0.113.9 | udp", REASON_OK,
	 "6 s=2001:db8:1::9 hop=63 | udp"},
	{"7757-4 the way there", NULL, "6r d=2001:db8:64::203.0.113.9 | udp", REASON_OK,
	 "4r d=203.0.113.9 ttl=63 id=* | udp"},
	{"7757-4 to itself", NULL, "4 s=203.0.113.5 | udp", REASON_OK,
	 "6 s=2001:db8:64::203.0.113.5 hop=63 | udp"},
	{"7757-4 error about it: roles swapped in the quote", NULL,
	 "4 s=203.0.113.9 | icmp 3 3 0 | 4r d=203.0.113.9 | udp", REASON_OK,
	 "6 s=2001:db8:64::203.0.113.9 hop=63 | icmp 1 4 0 | 6r d=2001:db8:64::203.0.113.9 | udp"},
	{"7757-4 error about it from a router between", NULL,
	 "4 | icmp 11 0 0 | 4r d=203.0.113.9 | udp", REASON_OK,
	 "6 hop=63 | icmp 3 0 0 | 6r d=2001:db8:64::203.0.113.9 | udp"},
	{"7757-4 error that a mapped host sends", NULL,
	 "6r d=2001:db8:64::203.0.113.9 | icmp 1 4 0 | 6 s=2001:db8:64::203.0.113.9 | udp",
	 REASON_OK, "4r d=203.0.113.9 ttl=63 id=* | icmp 3 3 0 | 4 id=0 s=203.0.113.9 | udp"},
	{"7757-4 several prefixes: the first", TWO, "4 s=203.0.113.9 | udp", REASON_OK,
	 "6 s=2001:db8:64::203.0.113.9 hop=63 | udp"},
	{"rules-1.2 map answers through the first prefix", TWO, "4 | udp", REASON_OK,
	 "6 hop=63 | udp"},
	{"rules-1.1 second prefix is understood", TWO, "6r d=2001:db8:65::909:909 | udp", REASON_OK,
	 "4r d=9.9.9.9 ttl=63 id=* | udp"},
};

/* The setup of README: the Well-Known Prefix and a pool; and SIIT with another prefix. */
#define NAT64 "own4 10.77.0.1; own6 64:ff9b::10.77.0.1; prefix 64:ff9b::/96; pool 10.77.0.0/28;"
#define OWNED OWN MAP "prefix 2001:db8:64::/96; pool 10.77.0.0/28; source 10.78.0.0/28;"
#define SOME  OWNED "translatable 198.51.100.0/24; translatable 198.18.0.7/32"

static const struct rig_row claim_rows[] = {
	{"rules-1.6 forged source, NAT64", NAT64, "6 s=64:ff9b::1.2.3.4 d=64:ff9b::9.9.9.9 | udp",
	 REASON_SRC_IN_PREFIX, "answer 1 5 0"},
	{"rules-1.6 forged source, TCP", NAT64,
	 "6 s=64:ff9b::1.2.3.4 d=64:ff9b::9.9.9.9 | tcp fl=2", REASON_SRC_IN_PREFIX,
	 "answer 1 5 0"},
	{"rules-1.6 forged source, echo", NAT64, "6 s=64:ff9b::1.2.3.4 d=64:ff9b::9.9.9.9 | echo",
	 REASON_SRC_IN_PREFIX, "answer 1 5 0"},
	{"rules-1.6 forged source, later fragment", NAT64,
	 "6 s=64:ff9b::1.2.3.4 d=64:ff9b::9.9.9.9 | part 80 80 | udp n=999", REASON_SRC_IN_PREFIX,
	 NULL},
	{"rules-1.6 forged source, ESP", NAT64,
	 "6 s=64:ff9b::1.2.3.4 d=64:ff9b::9.9.9.9 p=50 | data 40", REASON_SRC_IN_PREFIX,
	 "answer 1 5 0"},
	{"rules-1.6 a private source is forged first of all", NAT64,
	 "6 s=64:ff9b::10.1.2.3 d=64:ff9b::9.9.9.9 | udp", REASON_SRC_IN_PREFIX, "answer 1 5 0"},
	{"rules-1.6 a source that may never be stays silent", NAT64,
	 "6 s=64:ff9b::127.0.0.1 d=64:ff9b::9.9.9.9 | udp", REASON_BAD_ADDRESS, NULL},
	{"rules-1.6 the destination is judged first", NAT64,
	 "6 s=64:ff9b::1.2.3.4 d=64:ff9b::10.9.9.9 | udp", REASON_WKP_PRIVATE, "answer 1 1 0"},
	{"rules-1.6 ipv6-addr of its own making is no source", NAT64,
	 "6 s=64:ff9b::10.77.0.1 d=64:ff9b::9.9.9.9 | udp", REASON_SRC_IN_PREFIX, NULL},
	{"rules-1.6 but our errors pass", NAT64 MAP,
	 "6r s=64:ff9b::10.77.0.1 d=64:ff9b::9.9.9.9 | icmp 3 0 0 | 6 s=64:ff9b::9.9.9.9 | udp",
	 REASON_OK, "4r s=10.77.0.1 d=9.9.9.9 ttl=63 id=* | icmp 11 0 0 | 4 id=0 s=9.9.9.9 | udp"},
	{"rules-1.6 a free address of the pool", OWNED, "6r s=2001:db8:64::10.77.0.9 | udp",
	 REASON_SRC_IN_PREFIX, "answer 1 5 0"},
	{"rules-1.6 a free address of the pool, translatable", OWNED "translatable yes",
	 "6r s=2001:db8:64::10.77.0.9 | udp", REASON_SRC_IN_PREFIX, "answer 1 5 0"},
	{"rules-1.6 a mapped address, translatable", OWNED "translatable yes",
	 "6r s=2001:db8:64::203.0.113.9 | udp", REASON_SRC_IN_PREFIX, "answer 1 5 0"},
	{"rules-1.6 ipv4-addr, translatable", OWNED "translatable yes",
	 "6r s=2001:db8:64::192.0.2.254 | udp", REASON_SRC_IN_PREFIX, "answer 1 5 0"},
	{"rules-1.6 icmp-source-pool, translatable", OWNED "translatable yes",
	 "6r s=2001:db8:64::10.78.0.3 | udp", REASON_SRC_IN_PREFIX, "answer 1 5 0"},
	{"rules-1.6 192.0.0.8 with icmp-node-id, translatable",
	 RIG_SETUP ";nodeid yes; translatable yes", "6r s=2001:db8:64::192.0.0.8 | udp",
	 REASON_SRC_IN_PREFIX, "answer 1 5 0"},
	{"rules-1.6 translatable yes", OWNED "translatable yes", "6r s=2001:db8:64::9.9.9.9 | udp",
	 REASON_OK, "4r s=9.9.9.9 ttl=63 id=* | udp"},
	{"rules-1.6 translatable no", RIG_SETUP ";translatable no",
	 "6r s=2001:db8:64::9.9.9.9 | udp", REASON_SRC_IN_PREFIX, "answer 1 5 0"},
	{"rules-1.6 in translatable's network", SOME,
	 "6r s=2001:db8:64::198.51.100.99 d=2001:db8:64::9.9.9.9 | udp", REASON_OK,
	 "4r s=198.51.100.99 d=9.9.9.9 ttl=63 id=* | udp"},
	{"rules-1.6 in translatable's second network", SOME, "6r s=2001:db8:64::198.18.0.7 | udp",
	 REASON_OK, "4r s=198.18.0.7 ttl=63 id=* | udp"},
	{"rules-1.6 beside translatable's networks", SOME, "6r s=2001:db8:64::198.18.0.8 | udp",
	 REASON_SRC_IN_PREFIX, "answer 1 5 0"},
	{"rules-1.6 to a mapped host (CLAT, SIIT server)", NAT64 MAP,
	 "6r s=64:ff9b::9.9.9.9 d=2001:db8:1::5 | udp", REASON_OK,
	 "4r s=9.9.9.9 d=203.0.113.5 ttl=63 id=* | udp"},
	{"rules-1.6 to a mapped host, as ipv4-addr", OWNED,
	 "6r s=2001:db8:64::192.0.2.254 d=2001:db8:1::5 | udp", REASON_SRC_IN_PREFIX,
	 "answer 1 5 0"},
	{"rules-1.6 to a mapped host, from icmp-source-pool", OWNED,
	 "6r s=2001:db8:64::10.78.0.3 d=2001:db8:1::5 | udp", REASON_SRC_IN_PREFIX, "answer 1 5 0"},
	{"rules-1.6 to a mapped host, a free address of the pool", OWNED,
	 "6r s=2001:db8:64::10.77.0.9 d=2001:db8:1::5 | udp", REASON_SRC_IN_PREFIX, "answer 1 5 0"},
	{"rules-1.6 to a mapped host, from a mapped one: a hairpin", OWNED,
	 "6r s=2001:db8:64::203.0.113.9 d=2001:db8:1::5 | udp", REASON_OK,
	 "4r s=203.0.113.9 d=203.0.113.5 ttl=63 id=* | udp"},
	{"rules-1.6 ipv6-addr outside every prefix", OWNED, "6r s=2001:db8:ffff::64 | udp",
	 REASON_SRC_IN_PREFIX, NULL},
	{"rules-1.6 an error that quotes a packet to ipv6-addr", NAT64,
	 "6 s=64:ff9b::1.2.3.4 d=64:ff9b::8.8.8.8 | icmp 1 4 0 | 6 s=64:ff9b::8.8.8.8 "
	 "d=64:ff9b::10.77.0.1 | udp",
	 REASON_QUOTE_NO_MAP, NULL},
	{"rules-1.6 a map inside the prefix is a map", OWNED "map 198.51.100.9 2001:db8:64::1:1",
	 "6r s=2001:db8:64::1:1 | udp", REASON_OK, "4r s=198.51.100.9 ttl=63 id=* | udp"},
	{"rules-1.6 an error about a packet of its receiver", NAT64 MAP,
	 "6r s=64:ff9b::9.9.9.1 d=64:ff9b::9.9.9.9 | icmp 3 0 0 | 6 s=64:ff9b::9.9.9.9 "
	 "d=2001:db8:1::5 | udp",
	 REASON_OK, "4r s=9.9.9.1 d=9.9.9.9 ttl=63 id=* | icmp 11 0 0 | 4 id=0 s=9.9.9.9 | udp"},
	{"rules-1.6 an error of a private router", NAT64 MAP,
	 "6r s=64:ff9b::192.168.1.1 d=64:ff9b::9.9.9.9 | icmp 3 0 0 | 6 s=64:ff9b::9.9.9.9 "
	 "d=2001:db8:1::5 | udp",
	 REASON_OK,
	 "4r s=192.168.1.1 d=9.9.9.9 ttl=63 id=* | icmp 11 0 0 | 4 id=0 s=9.9.9.9 | udp"},
	{"rules-1.6 an error in the name of another: from us", OWNED "source 10.78.0.7/32",
	 "6r s=2001:db8:64::10.77.0.9 | icmp 3 0 0 | 6 | udp", REASON_OK,
	 "4r s=10.78.0.7 ttl=63 id=* | icmp 11 0 0 | 4 id=0 | udp"},
	{"rules-1.6 an error about a packet of somebody else", NAT64 MAP,
	 "6r s=64:ff9b::9.9.9.1 d=64:ff9b::9.9.9.9 | icmp 3 0 0 | 6 s=64:ff9b::8.8.8.8 "
	 "d=2001:db8:1::5 | udp",
	 REASON_QUOTE_OTHER, NULL},
	{"rules-1.6 an error about strangers: nothing of ours", NAT64,
	 "6r s=2001:db8:5::1 d=64:ff9b::9.9.9.9 | icmp 2 0 1300 | 6 s=64:ff9b::9.9.9.9 "
	 "d=64:ff9b::8.8.8.8 | tcp",
	 REASON_QUOTE_NO_MAP, NULL},
	{"rules-1.6 an error about a packet of a CLAT's host", NAT64 MAP,
	 "6r s=2001:db8:5::1 d=2001:db8:1::5 | icmp 2 0 1300 | 6 s=2001:db8:1::5 "
	 "d=64:ff9b::8.8.8.8 | tcp",
	 REASON_OK,
	 "4r s=10.77.0.1 d=203.0.113.5 ttl=63 id=* | icmp 3 4 1280 | 4 id=0 s=203.0.113.5 "
	 "d=8.8.8.8 | tcp"},
	{"rules-1.6 an error about a packet to a translatable host", SOME,
	 "6r s=2001:db8:5::1 d=2001:db8:64::9.9.9.9 | icmp 1 4 0 | 6 s=2001:db8:64::9.9.9.9 "
	 "d=2001:db8:64::198.51.100.7 | udp",
	 REASON_OK, "*"},
};

#define CLAT OWN "prefix 2001:db8:64::/96; map 192.0.0.1 2001:db8:c::1;"
#define BACK "route6 2001:db8:64::/96 here"
static const struct rig_row circle_rows[] = {
	{"rules-1.7 NAT64: neither end is known", NAT64, "4 s=9.9.9.9 d=8.8.8.8 | udp",
	 REASON_NO_MAP_DST, "answer 3 1 0"},
	{"rules-1.7 neither end is known, own prefix with a pool", OWNED,
	 "4 s=9.9.9.9 d=8.8.8.8 | udp", REASON_NO_MAP_DST, "answer 3 1 0"},
	{"rules-1.7 error between strangers", NAT64,
	 "4 s=9.9.9.1 d=8.8.8.8 | icmp 3 1 0 | 4r s=8.8.8.8 d=9.9.9.9 | udp", REASON_NO_MAP_DST,
	 NULL},
	{"rules-1.7 to a translatable host elsewhere", SOME, "4 s=9.9.9.9 d=198.51.100.99 | udp",
	 REASON_OK, "6 s=2001:db8:64::9.9.9.9 d=2001:db8:64::198.51.100.99 hop=63 | udp"},
	{"rules-1.7 to a translatable host, routed back", SOME ";" BACK,
	 "4 s=9.9.9.9 d=198.51.100.99 | udp", REASON_ROUTED_BACK, "answer 3 1 0"},
	{"rules-1.7 CLAT: out", CLAT, "4 s=192.0.0.1 d=8.8.8.8 | udp", REASON_OK,
	 "6 s=2001:db8:c::1 d=2001:db8:64::8.8.8.8 hop=63 | udp"},
	{"rules-1.7 CLAT: out, the prefix routed elsewhere",
	 CLAT "route6 ::/0 away; route6 2001:db8:c::/64 here", "4 s=192.0.0.1 d=8.8.8.8 | udp",
	 REASON_OK, "6 s=2001:db8:c::1 d=2001:db8:64::8.8.8.8 hop=63 | udp"},
	{"rules-1.7 CLAT: in", CLAT "route6 2001:db8:c::/64 here",
	 "6r s=2001:db8:64::8.8.8.8 d=2001:db8:c::1 | udp", REASON_OK,
	 "4r s=8.8.8.8 d=192.0.0.1 ttl=63 id=* | udp"},
	{"rules-1.7 a mapped source, routed back", RIG_SETUP ";" BACK,
	 "4 s=203.0.113.9 d=9.9.9.9 | udp", REASON_ROUTED_BACK, "answer 3 1 0"},
	{"rules-1.7 SIIT-DC: an unmapped address of the routed network", RIG_SETUP ";" BACK,
	 "4 s=9.9.9.9 d=203.0.114.9 ttl=255 | echo", REASON_ROUTED_BACK, "answer 3 1 0"},
	{"rules-1.7 the longest route decides",
	 RIG_SETUP ";" BACK "; route6 2001:db8:64::cb00:7200/120 away",
	 "4 s=9.9.9.9 d=203.0.114.9 | udp", REASON_OK,
	 "6 s=2001:db8:64::9.9.9.9 d=2001:db8:64::203.0.114.9 hop=63 | udp"},
	{"rules-1.7 a default route into the device", RIG_SETUP ";route6 ::/0 here",
	 "4 s=9.9.9.9 d=203.0.114.9 | udp", REASON_ROUTED_BACK, "answer 3 1 0"},
	{"rules-1.7 a mapped destination that is routed back",
	 RIG_SETUP ";route6 2001:db8:1::/64 here", "4 | udp", REASON_ROUTED_BACK, "answer 3 1 0"},
	{"rules-1.7 an error that is routed back", RIG_SETUP ";" BACK,
	 "4 s=203.0.113.9 d=9.9.9.9 | icmp 3 1 0 | 4r s=9.9.9.9 d=203.0.113.9 | udp",
	 REASON_ROUTED_BACK, NULL},
	{"rules-1.7 hairpinning is no circle", RIG_SETUP ";" BACK, "4 s=203.0.113.9 | udp",
	 REASON_OK, "6 s=2001:db8:64::203.0.113.9 hop=63 | udp"},
	{"rules-1.7 a host is reached as ever", RIG_SETUP ";" BACK, "4 | udp", REASON_OK,
	 "6 hop=63 | udp"},
};

#define CLAMP        RIG_BASE "mss auto; mtu "
#define MSS(hex)     "fl=2 opts=0204" hex "0402080a"
#define MSS_ACK(hex) "fl=0x12 opts=010204" hex "000000"
/* TCP segments with an MSS: 05b4 is 1460, 05a0 1440, 053c 1340, 0514 1300, 04c4 1220. */
static const struct rig_row mss_rows[] = {
	{"own mss-clamp off, 4->6", NULL, "4 | tcp " MSS("ffff"), REASON_OK,
	 "6 hop=63 | tcp " MSS("ffff")},
	{"own mss-clamp off, 6->4", NULL, "6r | tcp " MSS("ffff"), REASON_OK,
	 "4r ttl=63 id=* | tcp " MSS("ffff")},
	{"9293-3.7.1 auto, 4->6", CLAMP "1500", "4 df | tcp " MSS("05b4"), REASON_OK,
	 "6 hop=63 | tcp " MSS("05a0")},
	{"9293-3.7.1 auto, 6->4", CLAMP "1500", "6r | tcp " MSS("05b4"), REASON_OK,
	 "4r ttl=63 id=* | tcp " MSS("05a0")},
	{"9293-3.7.1 auto, at the limit", CLAMP "1500", "6r | tcp " MSS("05a0"), REASON_OK,
	 "4r ttl=63 id=* | tcp " MSS("05a0")},
	{"9293-3.7.1 auto, SYN and ACK, 4->6", CLAMP "1500", "4 | tcp " MSS_ACK("05b4"), REASON_OK,
	 "6 hop=63 | tcp " MSS_ACK("05a0")},
	{"9293-3.7.1 auto, SYN and ACK, 6->4", CLAMP "1500", "6r | tcp " MSS_ACK("05b4"), REASON_OK,
	 "4r ttl=63 id=* | tcp " MSS_ACK("05a0")},
	{"9293-3.7.1 auto, MTU 1400, 4->6", CLAMP "1400", "4 | tcp " MSS("05b4"), REASON_OK,
	 "6 hop=63 | tcp " MSS("053c")},
	{"9293-3.7.1 auto, MTU 1400, 6->4", CLAMP "1400", "6r | tcp " MSS_ACK("05b4"), REASON_OK,
	 "4r ttl=63 id=* | tcp " MSS_ACK("053c")},
	{"9293-3.7.1 auto, MTU 1280", CLAMP "1280", "4 | tcp " MSS("05b4"), REASON_OK,
	 "6 hop=63 | tcp " MSS("04c4")},
	{"9293-3.7.1 auto, MTU 1000: IPv4 carries less", CLAMP "1000", "4 | tcp " MSS("05b4"),
	 REASON_OK, "6 hop=63 | tcp " MSS("03c0")},
	{"9293-3.7.1 auto, MTU 9000: nothing to do", CLAMP "9000", "4 | tcp " MSS("05b4"),
	 REASON_OK, "6 hop=63 | tcp " MSS("05b4")},
	{"9293-3.7.1 auto, MTU 9000", CLAMP "9000", "6r | tcp " MSS("2308"), REASON_OK,
	 "4r ttl=63 id=* | tcp " MSS("22ec")},
	{"own mss-clamp 1300, 4->6", RIG_SETUP ";mss 1300", "4 | tcp " MSS("05b4"), REASON_OK,
	 "6 hop=63 | tcp " MSS("0514")},
	{"own mss-clamp 1300, 6->4", RIG_SETUP ";mss 1300", "6r | tcp " MSS_ACK("05b4"), REASON_OK,
	 "4r ttl=63 id=* | tcp " MSS_ACK("0514")},
	{"own mss-clamp 1300 is not the limit of the MTU", RIG_BASE "mtu 9000;mss 1300",
	 "6r | tcp " MSS("05b4"), REASON_OK, "4r ttl=63 id=* | tcp " MSS("0514")},
	{"own mss-clamp 1300, never raised", RIG_SETUP ";mss 1300", "4 | tcp " MSS("0218"),
	 REASON_OK, "6 hop=63 | tcp " MSS("0218")},
	{"9293-3.7.1 auto, no SYN", CLAMP "1500", "4 | tcp fl=0x10 opts=0204ffff", REASON_OK,
	 "6 hop=63 | tcp fl=0x10 opts=0204ffff"},
	{"9293-3.7.1 auto, no option", CLAMP "1500", "4 | tcp fl=2 n=0", REASON_OK,
	 "6 hop=63 | tcp fl=2 n=0"},
	{"9293-3.7.1 auto, through extension headers", CLAMP "1500",
	 "6r | hbh | dst | tcp " MSS("05b4"), REASON_OK, "4r ttl=63 id=* | tcp " MSS("05a0")},
	{"9293-3.7.1 auto, behind IPv4 options", CLAMP "1500", "4 opts=01010101 | tcp " MSS("05b4"),
	 REASON_OK, "6 hop=63 | tcp " MSS("05a0")},
	{"9293-3.7.1 auto, atomic fragment", CLAMP "1500", "6r | frag id=9 | tcp " MSS("05b4"),
	 REASON_OK, "4r id=9 ttl=63 | tcp " MSS("05a0")},
	{"9293-3.7.1 auto, a later fragment is data", CLAMP "1500", "4 | part 24 80 | tcp n=200",
	 REASON_OK, "6 hop=63 | part 24 80 | tcp n=200"},
	{"9293-3.7.1 auto, a fragment that looks like a SYN is data", CLAMP "1500",
	 "4 p=6 off=800 | hex 000100020000000000000000600200000000000002040ff0ff", REASON_OK,
	 "6 hop=63 | frag off=800 nh=6 | hex 000100020000000000000000600200000000000002040ff0ff"},
	{"7757-4 auto, hairpin", CLAMP "1500", "4 s=203.0.113.9 | tcp " MSS("05b4"), REASON_OK,
	 "6 s=2001:db8:64::203.0.113.9 hop=63 | tcp " MSS("05a0")},
	{"7757-4 auto, hairpin, the way there", CLAMP "1500",
	 "6r d=2001:db8:64::203.0.113.9 | tcp " MSS("05b4"), REASON_OK,
	 "4r d=203.0.113.9 ttl=63 id=* | tcp " MSS("05a0")},
	{"7915-4.3 auto, a quoted SYN stays as it was sent", CLAMP "1500",
	 "4 | icmp 11 0 0 | 4r | tcp " MSS("05b4"), REASON_OK,
	 "6 hop=63 | icmp 3 0 0 | 6r | tcp " MSS("05b4")},
	{"7915-5.3 auto, a quoted SYN stays as it was sent, 6->4", CLAMP "1500",
	 "6r | icmp 3 0 0 | 6 | tcp " MSS("05b4"), REASON_OK,
	 "4r ttl=63 id=* | icmp 11 0 0 | 4 id=0 | tcp " MSS("05b4")},
	{"9293-3.7.1 auto, a refused SYN is quoted as it came", CLAMP "1500",
	 "4 ttl=1 | tcp " MSS("05b4"), REASON_TTL, "answer 11 0 0"},
	{"9293-3.7.1 auto, UDP", CLAMP "1500", "4 | udp n=40", REASON_OK, "6 hop=63 | udp n=40"},
};

#define NEVER RIG_SETUP ";errors never"
static const struct rig_row errors_rows[] = {
	{"own icmp-errors never: TTL", NEVER, "4 ttl=1 | udp", REASON_TTL, NULL},
	{"own icmp-errors never: hop limit", NEVER, "6r hop=1 | udp", REASON_TTL, NULL},
	{"own icmp-errors never: no mapping", NEVER, "6r d=2001:db8:dead::1 | udp",
	 REASON_NO_MAP_DST, NULL},
	{"own icmp-errors never: too big", NEVER, "6r | udp n=1453", REASON_TOO_BIG, NULL},
	{"own icmp-errors never: to ourselves", NEVER, "4 d=192.0.2.254 | udp", REASON_SELF_PROTO,
	 NULL},
	{"own icmp-errors never: echo is answered", NEVER, "4 d=192.0.2.254 | echo",
	 REASON_SELF_ECHO, "4 s=192.0.2.254 d=198.51.100.7 id=* | reply"},
	{"own icmp-errors never: errors of others pass", NEVER, "4 | icmp 11 0 0 | 4r | udp",
	 REASON_OK, "6 hop=63 | icmp 3 0 0 | 6r | udp"},
};

static const struct {
	const struct rig_row *row;
	int rows;
} tables[] = {
	{own_rows, ROWS(own_rows)},     {address_rows, ROWS(address_rows)},
	{map_rows, ROWS(map_rows)},     {hairpin_rows, ROWS(hairpin_rows)},
	{claim_rows, ROWS(claim_rows)}, {circle_rows, ROWS(circle_rows)},
	{mss_rows, ROWS(mss_rows)},     {errors_rows, ROWS(errors_rows)},
};

START_TEST(rows)
{
	rig_check_rows(tables[_i].row, tables[_i].rows);
}
END_TEST

static struct rig rig;

/* Sends TEXT, and formats the IPv4 address that its host leases. */
static void lease_by(const char *text, char *addr)
{
	uint8_t b[CRAFT_MAX];

	ck_assert_int_eq(rig_send_text(&rig, text), REASON_OK);
	rig_output(&rig, 0, b);
	snprintf(addr, 20, "%u.%u.%u.%u", b[12], b[13], b[14], b[15]);
}

START_TEST(lease_is_used_both_ways)
{
	char addr[20], in[200], out[200];

	rig_open(&rig, POOL);
	lease_by("6r " NEWHOST " | udp", addr);
	ck_assert_uint_eq(pool_used(rig.x.pool), 1);
	ck_assert_ptr_nonnull(rig.out.record);
	ck_assert(pool_covers(rig.x.pool, rig.out.record->addr));
	snprintf(in, sizeof(in), "4 d=%s | tcp", addr);
	rig_expect(&rig, in, REASON_OK, "6 d=2001:db8:5::1 hop=63 | tcp");
	snprintf(out, sizeof(out), "4r s=%s ttl=63 id=* | tcp", addr);
	rig_expect(&rig, "6r " NEWHOST " | tcp", REASON_OK, out);
	snprintf(in, sizeof(in), "4 d=%s | icmp 3 1 0 | 4r s=%s | udp", addr, addr);
	rig_expect(&rig, in, REASON_OK,
		   "6 d=2001:db8:5::1 hop=63 | icmp 1 0 0 | 6r " NEWHOST " | udp");
	snprintf(in, sizeof(in), "4 s=%s | udp", addr); /* hairpin: from a lease to a map */
	snprintf(out, sizeof(out), "6 s=2001:db8:64::%s hop=63 | udp", addr);
	rig_expect(&rig, in, REASON_OK, out);
	snprintf(in, sizeof(in), "4 s=203.0.113.9 d=%s | udp", addr); /* from a map to a lease */
	rig_expect(&rig, in, REASON_OK,
		   "6 s=2001:db8:64::203.0.113.9 d=2001:db8:5::1 hop=63 | udp");
	ck_assert_uint_eq(pool_used(rig.x.pool), 1);
	rig_close(&rig);
}
END_TEST

/* Marks the lease as stored, like the daemon. */
static void put_on_record(void)
{
	if (!rig.out.record)
		return;
	pool_record(rig.out.record, rig.out.record->last);
}

START_TEST(lease_is_reported_when_new_confirmed_or_stale)
{
	static const struct {
		int seconds; /* after the first packet */
		bool back;
		bool record;
	} row[] = {{0, false, false},   {1, true, false},    {2, false, true},
		   {3, true, false},    {4, false, false},   {601, false, false},
		   {602, false, true},  {603, false, false}, {1203, true, false},
		   {1204, false, true}, {1205, true, false}};
	char in[100], addr[20];
	int i;

	rig_open(&rig, POOL);
	lease_by("6r " NEWHOST " | udp", addr);
	ck_assert_ptr_nonnull(rig.out.record);
	put_on_record();
	for (i = 0; i < ROWS(row); i++) {
		rig.now = 1000000 + row[i].seconds * 1000;
		snprintf(in, sizeof(in), "4 d=%s | udp", addr);
		rig_expect(&rig, row[i].back ? in : "6r " NEWHOST " | udp", REASON_OK, "*");
		ck_assert_msg((rig.out.record != NULL) == row[i].record, "after %d s: %d",
			      row[i].seconds, rig.out.record != NULL);
		put_on_record();
	}
	rig_close(&rig);
}
END_TEST

/* A lease that is not stored yet is reported again. */
START_TEST(lease_is_not_claimed_by_others)
{
	char a[20], in[200];

	rig_open(&rig, POOL);
	lease_by("6r s=2001:db8:5::1 | udp", a);
	snprintf(in, sizeof(in), "6r s=2001:db8:64::%s d=2001:db8:1::5 | udp", a);
	rig_expect(&rig, in, REASON_SRC_IN_PREFIX, "answer 1 5 0");
	snprintf(in, sizeof(in), "6r s=2001:db8:64::%s | udp", a);
	rig_expect(&rig, in, REASON_SRC_IN_PREFIX, "answer 1 5 0");
	rig_close(&rig);
}
END_TEST

START_TEST(lease_not_on_record_is_reported_again)
{
	rig_open(&rig, POOL);
	rig_expect(&rig, "6r " NEWHOST " | udp", REASON_OK, "*");
	ck_assert_ptr_nonnull(rig.out.record);
	rig_expect(&rig, "6r " NEWHOST " | udp", REASON_OK, "*");
	ck_assert_ptr_nonnull(rig.out.record);
	rig_close(&rig);
}
END_TEST

/* Only packets of the host itself renew a lease; a scan from IPv4, or another host, does not. */
START_TEST(only_its_host_renews_a_lease)
{
	char a[20], b[20], from4[5][100];
	int32_t last;
	int i;

	rig_open(&rig, POOL);
	lease_by("6r s=2001:db8:5::1 | udp", a);
	lease_by("6r s=2001:db8:5::2 | udp", b);
	ck_assert_str_ne(a, b);
	put_on_record();
	snprintf(from4[0], sizeof(from4[0]), "4 d=%s | udp", a);
	snprintf(from4[1], sizeof(from4[1]), "4 s=%s d=%s | udp", a, b);
	snprintf(from4[2], sizeof(from4[2]), "4 s=%s d=%s | udp", b, a);
	snprintf(from4[3], sizeof(from4[3]), "4 s=%s d=%s | udp", a, a);
	snprintf(from4[4], sizeof(from4[4]), "4 d=%s | icmp 3 1 0 | 4r s=%s | udp", a, a);
	last = pool_next(rig.x.pool, NULL)->last;
	rig.now += 7000000;
	for (i = 0; i < ROWS(from4); i++) {
		rig_expect(&rig, from4[i], REASON_OK, "*");
		ck_assert_ptr_null(rig.out.record);
		ck_assert_int_eq(pool_next(rig.x.pool, NULL)->last, last);
	}
	rig_expect(&rig, "6r s=2001:db8:5::1 | udp", REASON_OK, "*");
	ck_assert_ptr_nonnull(rig.out.record);
	ck_assert_int_eq(pool_next(rig.x.pool, NULL)->last, last + 7000);
	rig_close(&rig);
}
END_TEST

/* A lease is confirmed when its host sends after a packet from IPv4 was translated to it.  Packets
 * that are refused, or go to another host, do not count. */
START_TEST(answer_and_packet_confirm_a_lease)
{
	char a[20], b[20], in[200];
	const struct lease *l;

	rig_open(&rig, POOL);
	lease_by("6r s=2001:db8:5::1 | udp", a);
	l = rig.out.record;
	lease_by("6r s=2001:db8:5::2 | udp", b);
	snprintf(in, sizeof(in), "4 d=%s ttl=1 | udp", a);
	rig_expect(&rig, in, REASON_TTL, "*");
	snprintf(in, sizeof(in), "4 d=%s | udp", b);
	rig_expect(&rig, in, REASON_OK, "*");
	rig_expect(&rig, "6r s=2001:db8:5::1 | udp", REASON_OK, "*");
	ck_assert(!l->answered && !l->confirmed);
	snprintf(in, sizeof(in), "4 d=%s | udp", a);
	rig_expect(&rig, in, REASON_OK, "*");
	ck_assert(l->answered && !l->confirmed);
	rig_expect(&rig, "6r s=2001:db8:5::1 hop=1 | udp", REASON_TTL, "*");
	ck_assert(!l->confirmed);
	rig_expect(&rig, "6r s=2001:db8:5::1 | udp", REASON_OK, "*");
	ck_assert(l->confirmed);
	rig_close(&rig);
}
END_TEST

/* A scan of the whole pool every 7000 s used to keep all leases forever. */
START_TEST(scan_from_ipv4_takes_no_pool_away)
{
	char in[100];

	rig_open(&rig, SMALL);
	for (unsigned host = 1; host < 100; host++) {
		snprintf(in, sizeof(in), "6r s=2001:db8:5::%x | udp", host);
		rig_expect(&rig, in, REASON_OK, "*");
		for (int round = 0; round < 2; round++) {
			rig.now += 7000000;
			for (unsigned to = 0; to < 4; to++) {
				snprintf(in, sizeof(in), "4 d=10.77.0.%u | udp", to);
				rig_send_text(&rig, in);
			}
		}
	}
	rig_close(&rig);
}
END_TEST

/* A packet of a new host that is refused for another reason must not take an address. */
static const struct {
	const char *in;
	enum reason why;
} leaseless[] = {
	{"6r " NEWHOST " hop=1 | udp", REASON_TTL},
	{"6r " NEWHOST " hop=0 | udp", REASON_TTL_ZERO},
	{"6r " NEWHOST " | udp zero", REASON_UDP_ZERO6},
	{"6r " NEWHOST " | part 0 80 | udp n=999 zero", REASON_UDP_ZERO6},
	{"6r " NEWHOST " | rt left=1 | udp", REASON_ROUTING_HDR},
	{"6r " NEWHOST " | frag | dst | udp", REASON_FRAG_EXT_HDR},
	{"6r " NEWHOST " p=1 | data 40", REASON_PROTOCOL},
	{"6r " NEWHOST " | udp n=1453", REASON_TOO_BIG},
	{"6r " NEWHOST " | echo bad", REASON_ICMP_CHECKSUM},
	{"6r " NEWHOST " | part 0 80 | echo n=999", REASON_ICMP_FRAGMENT},
	{"6r " NEWHOST " d=2001:db8:dead::1 | udp", REASON_NO_MAP_DST},
	{"6r " NEWHOST " d=2001:db8:64::7f00:1 | udp", REASON_BAD_ADDRESS},
	{"6r " NEWHOST " d=ff02::1 | udp", REASON_NOISE},
	{"6r " NEWHOST " | udp bad", REASON_BAD_L4_CSUM},
	{"6r " NEWHOST " | tcp bad", REASON_BAD_L4_CSUM},
	{"6r " NEWHOST " | tcp ck=0", REASON_BAD_L4_CSUM},
	{"6r " NEWHOST " | hbh | frag | tcp n=99 bad", REASON_BAD_L4_CSUM},
	{"6r " NEWHOST " | udp n=20 ulen=60", REASON_BAD_L4_CSUM},
	{"6r " NEWHOST " | udp n=20 ulen=7", REASON_BAD_L4_CSUM},
	{"6r " NEWHOST " p=6 | data 19", REASON_BAD_L4},
	{"6r " NEWHOST " p=17 | data 7", REASON_BAD_L4},
	{"6r " NEWHOST " | icmp 135 0 0 n=16", REASON_ICMP_TYPE},
	{"6r " NEWHOST " | icmp 130 0 0 n=16", REASON_ICMP_TYPE},
	{"6r " NEWHOST " | icmp 1 5 0 | 6 | udp", REASON_ICMP_TYPE},
	{"6r " NEWHOST " | icmp 4 0 2 | 6 | udp", REASON_ICMP_POINTER},
	{"6r " NEWHOST " | icmp 1 0 0 | 6 d=2001:db8:5::1 | udp", REASON_QUOTE_NO_MAP},
	{"6r " NEWHOST " | icmp 1 0 0 n=30", REASON_QUOTE_BAD},
	{"6r " NEWHOST " | icmp 1 0 0 | 6 | udp", REASON_OK}, /* from ipv4-addr [6791] */
	{"6r " NEWHOST " d=2001:db8:ffff::64 | echo", REASON_SELF_ECHO},
	{"6r " NEWHOST " d=2001:db8:ffff::64 | udp", REASON_SELF_PROTO},
	{"6r | icmp 1 0 0 | 6 d=2001:db8:5::1 | udp", REASON_QUOTE_NO_MAP},
	{"6r s=2001:db8:64::1:1 | icmp 1 0 0 | 6 d=2001:db8:5::1 | udp", REASON_QUOTE_NO_MAP},
};

START_TEST(bad_packet_takes_no_lease)
{
	rig_open(&rig, POOL);
	rig_expect(&rig, leaseless[_i].in, leaseless[_i].why, "*");
	ck_assert_msg(pool_used(rig.x.pool) == 0, "%s: took a lease", leaseless[_i].in);
	ck_assert_ptr_null(rig.out.record);
	rig_close(&rig);
}
END_TEST

/* A refused packet does not renew a lease either. */
START_TEST(refused_packet_does_not_touch)
{
	struct ip6 host = {{0x20, 0x01, 0x0d, 0xb8, 0, 5, [15] = 1}};
	struct lease *l;
	int32_t last;

	rig_open(&rig, POOL);
	rig_expect(&rig, "6r " NEWHOST " | udp", REASON_OK, "*");
	l = pool_find6(rig.x.pool, &host, 0);
	ck_assert_ptr_nonnull(l);
	last = l->last;
	rig.now += 60000;
	rig_expect(&rig, "6r " NEWHOST " hop=1 | udp", REASON_TTL, "answer 3 0 0");
	ck_assert_int_eq(l->last, last);
	rig_expect(&rig, "6r " NEWHOST " | udp", REASON_OK, "*");
	ck_assert_int_eq(l->last, last + 60);
	rig_close(&rig);
}
END_TEST

START_TEST(full_pool)
{
	char in[100];
	unsigned i, n = 0;

	rig_open(&rig, SMALL);
	for (i = 1; i < 10; i++) {
		snprintf(in, sizeof(in), "6r s=2001:db8:5::%x | udp", i);
		if (i <= pool_size(rig.x.pool))
			rig_expect(&rig, in, REASON_OK, "*");
		else
			rig_expect(&rig, in, REASON_POOL_FULL, "answer 1 3 0");
		n += rig.out.record != NULL;
	}
	ck_assert_uint_eq(n, pool_size(rig.x.pool));
	rig_expect(&rig, "6r s=2001:db8:5::1 | udp", REASON_OK, "*");
	rig_expect(&rig, "6r s=2001:db8:5::99 | reply", REASON_POOL_FULL, "answer 1 3 0");
	rig_expect(&rig, "6r s=2001:db8:5::99 | part 80 80 | udp n=999", REASON_POOL_FULL, NULL);
	rig_expect(&rig, "6r s=2001:db8:5::99 | icmp 1 0 0 | 6 | udp", REASON_OK, "*");
	rig.now += (POOL_GUARANTEE + 2) * 1000;
	rig_expect(&rig, "6r s=2001:db8:5::99 | udp", REASON_OK, "*");
	ck_assert_ptr_nonnull(rig.out.record);
	rig_close(&rig);
}
END_TEST

/* A host with a lease continues; one without is refused as if the pool were full. */
START_TEST(draining)
{
	rig_open(&rig, POOL);
	rig_expect(&rig, "6r s=2001:db8:5::1 | udp", REASON_OK, "*");
	xlat_set_draining(&rig.x, true);
	rig_expect(&rig, "6r s=2001:db8:5::1 | udp", REASON_OK, "*");
	rig_expect(&rig, "6r s=2001:db8:5::2 | udp", REASON_DRAINING, "answer 1 3 0");
	rig_expect(&rig, "6r s=2001:db8:5::2 | reply", REASON_DRAINING, "answer 1 3 0");
	rig_expect(&rig, "6r s=2001:db8:5::2 | part 80 80 | udp n=999", REASON_DRAINING, NULL);
	rig_expect(&rig, "6r s=2001:db8:5::2 hop=1 | udp", REASON_TTL, "answer 3 0 0");
	rig_expect(&rig, "6r s=2001:db8:5::2 | icmp 1 0 0 | 6 | udp", REASON_OK, "*");
	ck_assert_uint_eq(pool_used(rig.x.pool), 1);
	xlat_configure(&rig.x, &rig.conf, rig.maps, rig.x.pool, rig.x.ratelimit);
	rig_expect(&rig, "6r s=2001:db8:5::2 | udp", REASON_DRAINING, "answer 1 3 0");
	xlat_set_draining(&rig.x, false);
	rig_expect(&rig, "6r s=2001:db8:5::2 | udp", REASON_OK, "*");
	rig_close(&rig);
}
END_TEST

START_TEST(lease_per_prefix)
{
	char a[20], b[20], in[300], out[300];

	rig_open(&rig, TWO);
	lease_by("6r " NEWHOST " d=2001:db8:64::909:909 | udp", a);
	lease_by("6r " NEWHOST " d=2001:db8:65::909:909 | udp", b);
	ck_assert_str_ne(a, b);
	ck_assert_uint_eq(pool_used(rig.x.pool), 2);
	snprintf(in, sizeof(in), "4 s=9.9.9.9 d=%s | udp", a);
	rig_expect(&rig, in, REASON_OK, "6 s=2001:db8:64::909:909 d=2001:db8:5::1 hop=63 | udp");
	snprintf(in, sizeof(in), "4 s=9.9.9.9 d=%s | udp", b);
	rig_expect(&rig, in, REASON_OK, "6 s=2001:db8:65::909:909 d=2001:db8:5::1 hop=63 | udp");
	snprintf(in, sizeof(in), "4 s=8.8.8.8 d=%s | icmp 11 0 0 | 4r s=%s d=9.9.9.9 | udp", b, b);
	rig_expect(&rig, in, REASON_OK,
		   "6 s=2001:db8:65::808:808 d=2001:db8:5::1 hop=63 | icmp 3 0 0 |"
		   "6r s=2001:db8:5::1 d=2001:db8:65::909:909 | udp");
	snprintf(out, sizeof(out),
		 "4r s=%s d=9.9.9.9 ttl=63 id=* | icmp 3 3 0 | 4 id=0 s=9.9.9.9 d=%s | udp", b, b);
	rig_expect(&rig,
		   "6r " NEWHOST " d=2001:db8:65::909:909 | icmp 1 4 0 | 6 s=2001:db8:65::909:909 "
		   "d=2001:db8:5::1 | udp",
		   REASON_OK, out);
	ck_assert_uint_eq(pool_used(rig.x.pool), 2);
	rig_close(&rig);
}
END_TEST

/* The limits of answers per /32, per /64 and over all [4443-2.4f]. */
START_TEST(rate_limit)
{
	static const char *const in[] = {"4 s=198.51.100.7 ttl=1 | udp",
					 "6r s=2001:db8:1::5 hop=1 | udp"};
	static const char *const other[] = {"4 s=198.51.100.8 ttl=1 | udp",
					    "6r s=2001:db8:2::5 hop=1 | udp"};
	static const char *const near[] = {NULL, "6r s=2001:db8:1::6 hop=1 | udp"};
	const char *answer = _i ? "answer 3 0 0" : "answer 11 0 0";
	int i;

	rig_open(&rig, RIG_SETUP ";rate 5");
	for (i = 0; i < 10; i++) {
		rig_expect(&rig, in[_i], REASON_TTL, i < 5 ? answer : NULL);
		ck_assert_uint_eq(rig.out.suppressed, i >= 5);
	}
	if (near[_i])
		rig_expect(&rig, near[_i], REASON_TTL, NULL);
	rig_expect(&rig, other[_i], REASON_TTL, answer);
	ck_assert(!rig.out.suppressed);
	rig.now += 1000;
	rig_expect(&rig, in[_i], REASON_TTL, answer);
	rig_expect(&rig, _i ? "6r hop=0 | udp" : "4 ttl=0 | udp", REASON_TTL_ZERO, NULL);
	ck_assert(!rig.out.suppressed);
	rig_close(&rig);
}
END_TEST

/* Forged sources that exhaust the budget of other errors do not affect path MTU discovery, and vice
 * versa. */
START_TEST(too_big_has_its_own_budget)
{
	static const char *const small[] = {"4 s=198.18.0.9 ttl=1 | udp",
					    "6r s=2001:db8:9::5 hop=1 | udp"};
	static const char *const big[] = {"4 df | udp n=1460", "6r | udp n=1460"};
	static const char *const answer[] = {"answer 3 4 1480", "answer 2 0 1500"};
	char text[80];

	rig_open(&rig, RIG_SETUP ";rate 5 20");
	for (int i = 1; i < 100; i++) {
		snprintf(text, sizeof(text),
			 _i ? "6r s=2001:db8:%d::5 hop=1 | udp" : "4 s=198.18.0.%d ttl=1 | udp", i);
		rig_expect(&rig, text, REASON_TTL, "*");
	}
	ck_assert(rig.out.suppressed);
	for (int i = 0; i < 5; i++)
		rig_expect(&rig, big[_i], REASON_TOO_BIG, answer[_i]);
	rig_expect(&rig, big[_i], REASON_TOO_BIG, NULL);
	rig_expect(&rig, small[!_i], REASON_TTL, "*");
	ck_assert(!rig.out.suppressed);
	rig_close(&rig);
}
END_TEST

/* icmp-errors with a rate; how many of ten errors are sent. */
static const struct {
	const char *setup;
	int sent;
} choices[] = {
	{RIG_SETUP ";errors limit;rate 3", 3}, {RIG_SETUP ";errors limit;rate 0", 0},
	{RIG_SETUP ";errors send;rate 3", 10}, {RIG_SETUP ";errors send;rate 0", 10},
	{RIG_SETUP ";errors never;rate 3", 0}, {RIG_SETUP ";errors never;rate 100", 0},
};

START_TEST(errors_limited_or_not)
{
	for (int six = 0; six < 2; six++) {
		rig_open(&rig, choices[_i].setup);
		for (int i = 0; i < 10; i++) {
			rig_expect(&rig, six ? "6r hop=1 | udp" : "4 ttl=1 | udp", REASON_TTL,
				   i >= choices[_i].sent ? NULL
				   : six                 ? "answer 3 0 0"
							 : "answer 11 0 0");
			ck_assert_uint_eq(rig.out.suppressed, i >= choices[_i].sent);
			rig_expect(&rig, six ? "6r hop=0 | udp" : "4 ttl=0 | udp", REASON_TTL_ZERO,
				   NULL);
			ck_assert(!rig.out.suppressed); /* none was due */
			rig_expect(&rig,
				   six ? "6r d=2001:db8:ffff::64 | echo" : "4 d=192.0.2.254 | echo",
				   REASON_SELF_ECHO, "*");
			ck_assert(!rig.out.suppressed);
		}
		rig_close(&rig);
	}
}
END_TEST

/* The errors of a router with a lease have the leased address.  A router without a lease gets none
 * for its errors. */
START_TEST(leased_router_has_its_address)
{
	char addr[20], out[100];

	rig_open(&rig, POOL ";source 10.77.0.8/29");
	pool_reserve(rig.x.pool, &rig.conf.icmp_source); /* as the daemon does */
	lease_by("6r " NEWHOST " | udp", addr);
	snprintf(out, sizeof(out), "4r s=%s ttl=63 id=* | icmp 11 0 0 | 4 id=0 | udp", addr);
	rig_expect(&rig, "6r " NEWHOST " | icmp 3 0 0 | 6 | udp", REASON_OK, out);
	rig_close(&rig);
	rig_open(&rig, POOL ";source 10.77.0.8/32");
	rig_expect(&rig, "6r " NEWHOST " | icmp 3 0 0 | 6 | udp", REASON_OK,
		   "4r s=10.77.0.8 ttl=63 id=* | icmp 11 0 0 | 4 id=0 | udp");
	ck_assert_uint_eq(pool_used(rig.x.pool), 0);
	rig_close(&rig);
}
END_TEST

/* Random packets. */

static uint64_t seed;

static unsigned rnd(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

#define MIRROR OWN MAP "map 198.51.100.0/24 2001:db8:64::c633:6400/120;mtu 9000;offlink 9000"

static const char *const l4[] = {"udp", "tcp", "echo", "reply", "udp", "tcp"};

/* Makes a random payload of at most MAX bytes, as text: a transport message, other bytes, or an
 * error about a packet from host DST. */
static void random_payload(char *to, size_t size, const char *dst, bool error, unsigned max)
{
	bool six = strchr(dst, ':');

	if (error)
		snprintf(to, size, "icmp %d %u 0 | %s s=%s | %s n=%u", six ? 3 : 11, rnd(2),
			 six ? "6" : "4r", dst, l4[rnd(6)], rnd(max < 460 ? max : 460));
	else
		snprintf(to, size, "%s n=%u", l4[rnd(6)], rnd(max));
}

static void random_packet(char *to, size_t size, bool six, unsigned max)
{
	char payload[200], part[60] = "", dst[40];

	snprintf(dst, sizeof(dst), six ? "2001:db8:64::c633:64%02x" : "203.0.113.%u", rnd(256));
	random_payload(payload, sizeof(payload), dst, rnd(5) == 0, max);
	if (rnd(4) == 0) {
		snprintf(payload, sizeof(payload), "%s n=%u", rnd(2) ? "udp" : "tcp",
			 200 + rnd(max));
		snprintf(part, sizeof(part), "part %u %u id=%u |", rnd(10) * 8, 64 + rnd(8) * 8,
			 rnd(65536));
	}
	if (six)
		snprintf(to, size, "6r s=2001:db8:1::%x d=%s tc=%u hop=%u %s %s %s", rnd(256), dst,
			 rnd(256), 3 + rnd(253), rnd(4) ? "|" : "| hbh | dst n=1 |", part, payload);
	else
		snprintf(to, size, "4 s=198.51.100.%u d=%s tos=%u ttl=%u id=%u %s %s | %s %s",
			 rnd(256), dst, rnd(256), 3 + rnd(253), rnd(65536), rnd(2) ? "df" : "",
			 rnd(4) ? "" : "opts=0101010101010101", part, payload);
}

/* Each valid packet is translated to a valid one. */
START_TEST(random_valid)
{
	static uint8_t b[CRAFT_MAX];
	char in[400];
	int i;

	seed = 20240917u + (unsigned)_i;
	rig_open(&rig, RIG_SETUP);
	for (i = 0; i < 60000; i++) {
		enum reason why;
		unsigned f;

		random_packet(in, sizeof(in), _i, 1300);
		why = rig_send_text(&rig, in);
		ck_assert_msg(why == REASON_OK, "%s: %s", in, reason_table[why].name);
		for (f = 0; f < rig.out.outputs; f++) {
			size_t len = rig_output(&rig, f, b);
			const char *bad = craft_fault(b, len, false);

			ck_assert_msg(!bad, "%s: output %u: %s", in, f, bad);
			ck_assert_msg(len <= 1500, "%s: output %u: %zu bytes", in, f, len);
		}
	}
	rig_close(&rig);
}
END_TEST

/* Both ways: payload, addresses, traffic class, protocol and fragment stay; the TTL is lower by
 * two. */
START_TEST(random_round_trip)
{
	static uint8_t once[CRAFT_MAX], first[CRAFT_MAX], twice[CRAFT_MAX];
	size_t head = _i ? 40 : 20, len, first_len;
	char in[400];
	int i;

	seed = 99 + (unsigned)_i;
	rig_open(&rig, MIRROR);
	for (i = 0; i < 60000; i++) {
		unsigned skip;

		random_packet(in, sizeof(in), _i, 1300);
		ck_assert_int_eq(rig_send_text(&rig, in), REASON_OK);
		first_len = rig.input.len;
		memcpy(first, rig.input.b, first_len);
		ck_assert_uint_eq(rig.out.outputs, 1);
		len = rig_output(&rig, 0, once);
		ck_assert_msg(rig_send(&rig, once, len) == REASON_OK, "%s: back", in);
		ck_assert_uint_eq(rig.out.outputs, 1);
		len = rig_output(&rig, 0, twice);
		skip = _i ? (strstr(in, "hbh") ? 24 : 0) : (first[0] & 15u) * 4 - 20;
		ck_assert_msg(len + skip == first_len, "%s: length", in);
		if (_i)
			ck_assert_msg(memcmp(first + 8, twice + 8, 32) == 0, "%s: addresses", in);
		else
			ck_assert_msg(memcmp(first + 12, twice + 12, 8) == 0, "%s: addresses", in);
		ck_assert_msg(twice[_i ? 7 : 8] + 2 == first[_i ? 7 : 8], "%s: TTL", in);
		ck_assert_msg(_i || twice[1] == first[1], "%s: TOS", in);
		ck_assert_msg(!_i || memcmp(twice, first, 4) == 0, "%s: traffic class", in);
		if (!strstr(in, "icmp")) /* its quote has a new Identification and checksum */
			ck_assert_msg(memcmp(twice + head, first + head + skip, len - head) == 0,
				      "%s: payload", in);
	}
	rig_close(&rig);
}
END_TEST

/* Corrects the checksums after a mutation, so that it passes the first checks. */
static void reseal(uint8_t *b, size_t len)
{
	bool six = b[0] >> 4 == 6;
	size_t head = six ? 40 : (b[0] & 15u) * 4u;

	if (!six && head <= len)
		craft_seal4(b);
	if (head + 8 > len || b[six ? 6 : 9] != (six ? 58 : 1))
		return;
	put16(b + head + 2, 0);
	put16(b + head + 2, ~craft_l4_sum(b + (six ? 8 : 12), b + (six ? 24 : 16), six ? 16 : 4,
					  six ? 58 : 1, b + head, len - head));
}

static size_t mutate(uint8_t *b, size_t len)
{
	unsigned n = 1 + rnd(4);

	while (n--)
		b[rnd(3) ? rnd((unsigned)len < 80 ? (unsigned)len : 80) : rnd((unsigned)len)] =
			(uint8_t)rnd(256);
	if (rnd(6) == 0)
		len = rnd((unsigned)len + 1);
	if (len >= 40 && rnd(4)) {
		if (b[0] >> 4 == 6)
			put16(b + 4, (unsigned)len - 40);
		else
			put16(b + 2, (unsigned)len);
	}
	if (len >= 20 && rnd(8))
		reseal(b, len);
	return len;
}

/* The checksum of a mutated TCP or UDP payload may be wrong, as before. */
static bool excused(const char *fault, const uint8_t *b)
{
	unsigned proto = b[0] >> 4 == 6 ? b[6] : b[9];

	return strcmp(fault, "transport checksum") == 0 && (proto == 6 || proto == 17);
}

START_TEST(random_mutations)
{
	static const char *const setup[] = {POOL, TWO, MIRROR, POOL ";udp fwd;wkpf no",
					    RIG_SETUP ";nodeid yes;mss auto;tos 4to6;tos 6to4"};
	static uint8_t b[CRAFT_MAX], got[CRAFT_MAX];
	char in[400];
	int i, ok = 0;

	seed = 31337u * (unsigned)(_i + 1);
	rig_open(&rig, setup[_i]);
	for (i = 0; i < SHORTENED(100000); i++) {
		enum reason why;
		unsigned f;
		size_t len;

		random_packet(in, sizeof(in), rnd(2), 400);
		len = mutate(b, craft(b, in, NULL));
		why = rig_send(&rig, b, len);
		ok += why == REASON_OK;
		ck_assert_msg(why == REASON_OK || why == REASON_SELF_ECHO ||
				      memcmp(rig.packet, b, len) == 0,
			      "%d: %s: refused and changed: %s", i, in, reason_table[why].name);
		ck_assert(why != REASON_OK || rig.out.outputs > 0);
		for (f = 0; f < rig.out.outputs; f++) {
			const char *bad = craft_fault(got, rig_output(&rig, f, got), _i == 3);

			ck_assert_msg(!bad || excused(bad, got), "%d: %s: %s: %s", i, in,
				      reason_table[why].name, bad);
		}
	}
	ck_assert_int_gt(ok, SHORTENED(10000));
	rig_close(&rig);
}
END_TEST

START_TEST(random_garbage)
{
	static uint8_t b[CRAFT_MAX], got[CRAFT_MAX];
	int i;

	seed = 4711;
	rig_open(&rig, POOL);
	for (i = 0; i < 200000; i++) {
		size_t len = rnd(200), n;
		unsigned f;

		for (n = 0; n < len; n++)
			b[n] = (uint8_t)rnd(256);
		if (len)
			b[0] = rnd(2) ? (uint8_t)(0x45 + rnd(3)) : (uint8_t)(0x60 + rnd(16));
		rig_send(&rig, b, len);
		for (f = 0; f < rig.out.outputs; f++) {
			const char *bad = craft_fault(got, rig_output(&rig, f, got), false);

			ck_assert_msg(!bad || excused(bad, got), "garbage %d: %s", i, bad);
		}
	}
	rig_close(&rig);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("xlat");
	TCase *c = tcase_create("xlat"), *random = tcase_create("random");

	tcase_set_timeout(random, 600);
	tcase_add_loop_test(c, rows, 0, ROWS(tables));
	tcase_add_test(c, lease_is_used_both_ways);
	tcase_add_test(c, lease_is_reported_when_new_confirmed_or_stale);
	tcase_add_test(c, lease_not_on_record_is_reported_again);
	tcase_add_test(c, answer_and_packet_confirm_a_lease);
	tcase_add_test(c, lease_is_not_claimed_by_others);
	tcase_add_test(c, only_its_host_renews_a_lease);
	tcase_add_test(c, scan_from_ipv4_takes_no_pool_away);
	tcase_add_loop_test(c, bad_packet_takes_no_lease, 0, ROWS(leaseless));
	tcase_add_test(c, refused_packet_does_not_touch);
	tcase_add_test(c, full_pool);
	tcase_add_test(c, draining);
	tcase_add_test(c, lease_per_prefix);
	tcase_add_loop_test(c, rate_limit, 0, 2);
	tcase_add_loop_test(c, too_big_has_its_own_budget, 0, 2);
	tcase_add_loop_test(c, errors_limited_or_not, 0, ROWS(choices));
	tcase_add_test(c, leased_router_has_its_address);
	tcase_add_loop_test(random, random_valid, 0, 2);
	tcase_add_loop_test(random, random_round_trip, 0, 2);
	tcase_add_loop_test(random, random_mutations, 0, 5);
	tcase_add_test(random, random_garbage);
	suite_add_tcase(s, c);
	suite_add_tcase(s, random);
	return run_suite(s);
}

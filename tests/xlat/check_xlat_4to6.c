/* check_xlat_4to6 - IPv4 to IPv6: header, options, fragments, size, transport checksums. */
#include "support/rig.h"
#include "support/run.h"
#include "lib/wire.h"

#include <stdio.h>
#include <string.h>

#define MTU1280 RIG_BASE "mtu 1280"
#define MTU1400 RIG_BASE "mtu 1400"
#define OFF1400 RIG_BASE "mtu 1500; offlink 1400"
#define OFF9000 RIG_BASE "mtu 1500; offlink 9000"
#define DROP0   RIG_BASE "mtu 1500; udp drop"
#define FWD0    RIG_BASE "mtu 1500; udp fwd"

static const struct rig_row header_rows[] = {
	{"7915-4.1 plain UDP", NULL, "4 df | udp", REASON_OK, "6 hop=63 | udp"},
	{"7915-4.1 plain TCP", NULL, "4 df | tcp", REASON_OK, "6 hop=63 | tcp"},
	{"7915-4.1 traffic class copied from TOS", NULL, "4 df tos=0xb8 | udp", REASON_OK,
	 "6 tc=0xb8 hop=63 | udp"},
	{"7915-4.1 TOS 0xff, ECN included", NULL, "4 df tos=0xff | udp", REASON_OK,
	 "6 tc=0xff hop=63 | udp"},
	{"7915-4.1 TOS 1", NULL, "4 df tos=1 | udp", REASON_OK, "6 tc=1 hop=63 | udp"},
	{"7915-4.1 identification is not carried without a fragment", NULL, "4 df id=0xbeef | udp",
	 REASON_OK, "6 hop=63 | udp"},
	{"8021-4 no atomic fragment although DF is clear", NULL, "4 id=0xbeef | udp", REASON_OK,
	 "6 hop=63 | udp"},
	{"7915-4.1 reserved flag ignored", NULL, "4 rf | udp", REASON_OK, "6 hop=63 | udp"},
	{"7915-4.1 empty UDP payload", NULL, "4 | udp n=0", REASON_OK, "6 hop=63 | udp n=0"},
	{"7915-4.1 odd UDP payload", NULL, "4 | udp n=1", REASON_OK, "6 hop=63 | udp n=1"},
	{"7915-4.1 odd TCP payload", NULL, "4 | tcp n=333", REASON_OK, "6 hop=63 | tcp n=333"},
	{"7915-4.1 TCP without payload", NULL, "4 | tcp n=0", REASON_OK, "6 hop=63 | tcp n=0"},
	{"7915-4.1 TCP with options", NULL, "4 | tcp n=12 doff=8", REASON_OK,
	 "6 hop=63 | tcp n=12 doff=8"},
	{"1812-5.3.1 TTL 255", NULL, "4 ttl=255 | udp", REASON_OK, "6 hop=254 | udp"},
	{"1812-5.3.1 TTL 3", NULL, "4 ttl=3 | udp", REASON_OK, "6 hop=2 | udp"},
	{"1812-5.3.1 TTL 2 leaves as 1", NULL, "4 ttl=2 | udp", REASON_OK, "6 hop=1 | udp"},
	{"1812-5.3.1 TTL 1", NULL, "4 ttl=1 | udp", REASON_TTL, "answer 11 0 0"},
	{"1812-5.3.1 TTL 1, TCP", NULL, "4 ttl=1 df | tcp n=900", REASON_TTL, "answer 11 0 0"},
	{"7915-4.1 TTL 1, echo", NULL, "4 ttl=1 | echo", REASON_TTL, "answer 11 0 0"},
	{"1812-5.3.1 TTL 1, echo reply counts as ordinary", NULL, "4 ttl=1 | reply", REASON_TTL,
	 "answer 11 0 0"},
	{"1812-4.3.2.7 TTL 1, error behind AH: no answer", NULL,
	 "4 ttl=1 | ah | icmp 3 1 0 | 4r | udp", REASON_TTL, NULL},
	{"1812-5.3.1 TTL 1, AH", NULL, "4 ttl=1 | ah | udp", REASON_TTL, "answer 11 0 0"},
	{"1812-5.3.1 TTL 0", NULL, "4 ttl=0 | udp", REASON_TTL_ZERO, NULL},
	{"1812-4.3.2.3 error with 527 quoted bytes is whole", NULL, "4 ttl=1 | udp n=499",
	 REASON_TTL, "answer 11 0 0"},
	{"1812-4.3.2.3 error with 548 quoted bytes is whole", NULL, "4 ttl=1 | udp n=520",
	 REASON_TTL, "answer 11 0 0"},
	{"1812-4.3.2.3 error cut to 576", NULL, "4 ttl=1 | udp n=521", REASON_TTL, "answer 11 0 0"},
};

#define TOS_IGNORED RIG_SETUP "; tos 4to6"
static const struct rig_row tos_rows[] = {
	{"7915-4.1 TOS ignored", TOS_IGNORED, "4 tos=0xb8 | udp", REASON_OK, "6 hop=63 | udp"},
	{"3168-5 TOS ignored, ECT(0) kept", TOS_IGNORED, "4 tos=0xba | udp", REASON_OK,
	 "6 tc=2 hop=63 | udp"},
	{"3168-5 TOS ignored, ECT(1) kept", TOS_IGNORED, "4 tos=0xb9 | tcp", REASON_OK,
	 "6 tc=1 hop=63 | tcp"},
	{"3168-5 TOS ignored, CE kept", TOS_IGNORED, "4 tos=0xff | echo", REASON_OK,
	 "6 tc=3 hop=63 | echo"},
	{"7915-4.1 TOS ignored in fragments", TOS_IGNORED, "4 tos=0xb9 | part 0 80 | udp n=999",
	 REASON_OK, "6 tc=1 hop=63 | part 0 80 | udp n=999"},
	{"7915-4.3 TOS ignored in an error and in its quote", TOS_IGNORED,
	 "4 tos=0xc1 | icmp 11 0 0 | 4r tos=0xba ttl=0 | udp", REASON_OK,
	 "6 tc=1 hop=63 | icmp 3 0 0 | 6r tc=2 hop=0 | udp"},
	{"7915-4.1 TOS ignored the other way only", RIG_SETUP "; tos 6to4", "4 tos=0xb8 | udp",
	 REASON_OK, "6 tc=0xb8 hop=63 | udp"},
	{"1812-4.3.2.5 TOS ignored: our own error has one", TOS_IGNORED, "4 tos=0xb8 ttl=1 | udp",
	 REASON_TTL, "answer 11 0 0"},
	{"1812-4.3.2.5 TOS ignored: our own echo reply has that of the request", TOS_IGNORED,
	 "4 d=192.0.2.254 tos=0xb8 | echo", REASON_SELF_ECHO,
	 "4 s=192.0.2.254 d=198.51.100.7 tos=0xb8 id=* | reply"},
};

static const struct rig_row option_rows[] = {
	{"7915-4.1 no-operation options skipped", NULL, "4 opts=01010101 | udp", REASON_OK,
	 "6 hop=63 | udp"},
	{"7915-4.1 end of options", NULL, "4 opts=00000000 | udp", REASON_OK, "6 hop=63 | udp"},
	{"7915-4.1 record route skipped", NULL, "4 opts=0707040000000000 | udp", REASON_OK,
	 "6 hop=63 | udp"},
	{"7915-4.1 router alert skipped", NULL, "4 opts=94040000 | udp", REASON_OK,
	 "6 hop=63 | udp"},
	{"7915-4.1 40 bytes of options", NULL,
	 "4 opts=01010101010101010101010101010101010101010101010101010101010101010101010101010101 "
	 "| tcp",
	 REASON_OK, "6 hop=63 | tcp"},
	{"7915-4.1 unexpired loose source route", NULL, "4 opts=830704c633640a00 | udp",
	 REASON_SOURCE_ROUTE, "answer 3 5 0"},
	{"7915-4.1 unexpired strict source route", NULL, "4 opts=890704c633640a00 | udp",
	 REASON_SOURCE_ROUTE, "answer 3 5 0"},
	{"7915-4.1 expired loose source route", NULL, "4 opts=830708c633640a00 | udp", REASON_OK,
	 "6 hop=63 | udp"},
	{"7915-4.1 expired strict source route", NULL, "4 opts=890708c633640a00 | udp", REASON_OK,
	 "6 hop=63 | udp"},
	{"rules-3 pointer equal to length is unexpired", NULL, "4 opts=830707c633640a00 | udp",
	 REASON_SOURCE_ROUTE, "answer 3 5 0"},
	{"7915-4.1 source route behind no-operations", NULL,
	 "4 opts=010101830704010203040000 | udp", REASON_SOURCE_ROUTE, "answer 3 5 0"},
	{"7915-4.1 source route behind record route", NULL,
	 "4 opts=07070400000000830704010203040000 | udp", REASON_SOURCE_ROUTE, "answer 3 5 0"},
	{"791-3.1 source route behind end of options is none", NULL,
	 "4 opts=00830704c633640a | udp", REASON_OK, "6 hop=63 | udp"},
	{"7915-4.1 source route hidden in another option's data is none", NULL,
	 "4 opts=4408830704010203 | udp", REASON_OK, "6 hop=63 | udp"},
	{"7915-4.1 source route and TTL 1", NULL, "4 ttl=1 opts=830704c633640a00 | udp", REASON_TTL,
	 "answer 11 0 0"},
	{"7915-4.1 source route in an ICMP error is not answered", NULL,
	 "4 opts=830704c633640a00 | icmp 3 1 0 | 4r | udp", REASON_SOURCE_ROUTE, NULL},
	{"7915-4.1 source route in a later fragment is not answered", NULL,
	 "4 opts=830704c633640a00 | part 800 800 | udp n=3000", REASON_SOURCE_ROUTE, NULL},
};

static const struct rig_row protocol_rows[] = {
	{"rules-3 protocol 0", NULL, "4 p=0 | data 40", REASON_PROTOCOL, NULL},
	{"rules-3 protocol 43", NULL, "4 p=43 | data 40", REASON_PROTOCOL, NULL},
	{"rules-3 protocol 44", NULL, "4 p=44 | data 40", REASON_PROTOCOL, NULL},
	{"rules-3 protocol 58, ICMPv6 in IPv4", NULL, "4 p=58 | data 40", REASON_PROTOCOL, NULL},
	{"rules-3 protocol 60", NULL, "4 p=60 | data 40", REASON_PROTOCOL, NULL},
	{"rules-3 protocol 2, IGMP", NULL, "4 p=2 | data 8", REASON_PROTOCOL, NULL},
	{"rules-3 ESP untouched", NULL, "4 p=50 | data 61", REASON_OK, "6 hop=63 p=50 | data 61"},
	{"rules-3 AH untouched", NULL, "4 p=51 | data 64", REASON_OK, "6 hop=63 p=51 | data 64"},
	{"rules-3 SCTP untouched", NULL, "4 p=132 | data 64", REASON_OK,
	 "6 hop=63 p=132 | data 64"},
	{"rules-3 GRE untouched", NULL, "4 p=47 | data 64", REASON_OK, "6 hop=63 p=47 | data 64"},
	{"rules-3 DCCP untouched", NULL, "4 p=33 | data 64", REASON_OK, "6 hop=63 p=33 | data 64"},
	{"rules-3 UDP-Lite untouched", NULL, "4 p=136 | data 64", REASON_OK,
	 "6 hop=63 p=136 | data 64"},
	{"rules-3 IPv4 in IPv4 untouched", NULL, "4 p=4 | data 64", REASON_OK,
	 "6 hop=63 p=4 | data 64"},
	{"rules-3 protocol 59", NULL, "4 p=59 | data 3", REASON_OK, "6 hop=63 p=59 | data 3"},
	{"rules-3 protocol 255", NULL, "4 p=255 | data 1", REASON_OK, "6 hop=63 p=255 | data 1"},
	{"rules-3 no payload at all", NULL, "4 p=50 | data 0", REASON_OK, "6 hop=63 p=50 | data 0"},
	{"rules-3 protocol 253 as fragment", NULL, "4 p=253 | part 64 64 | data 200", REASON_OK,
	 "6 hop=63 | part 64 64 nh=253 | data 200"},
	{"rules-2.1 TCP header cut", NULL, "4 p=6 | data 19", REASON_BAD_L4, NULL},
	{"rules-2.1 UDP header cut", NULL, "4 p=17 | data 7", REASON_BAD_L4, NULL},
	{"rules-2.1 ICMP header cut", NULL, "4 p=1 | data 7", REASON_BAD_L4, NULL},
	{"rules-2.1 no UDP header", NULL, "4 p=17 | data 0", REASON_BAD_L4, NULL},
};

/* need = 40 + payload; udp n= N gives an IPv4 packet of N + 28 and an IPv6 packet of N + 48. */
static const struct rig_row size_rows[] = {
	{"rules-3 DF, IPv6 1499 of 1500", NULL, "4 df | udp n=1451", REASON_OK,
	 "6 hop=63 | udp n=1451"},
	{"rules-3 DF, IPv6 1500 of 1500", NULL, "4 df | udp n=1452", REASON_OK,
	 "6 hop=63 | udp n=1452"},
	{"rules-3 DF, IPv6 1501 of 1500", NULL, "4 df | udp n=1453", REASON_TOO_BIG,
	 "answer 3 4 1480"},
	{"rules-3 DF, IPv4 1500 of 1500", NULL, "4 df | tcp n=1460", REASON_TOO_BIG,
	 "answer 3 4 1480"},
	{"rules-3 DF, MTU 1280: 1280", MTU1280, "4 df | udp n=1232", REASON_OK,
	 "6 hop=63 | udp n=1232"},
	{"rules-3 DF, MTU 1280: 1281", MTU1280, "4 df | udp n=1233", REASON_TOO_BIG,
	 "answer 3 4 1260"},
	{"rules-3 DF, MTU 1400: 1401", MTU1400, "4 df | tcp n=1341", REASON_TOO_BIG,
	 "answer 3 4 1380"},
	{"rules-3 DF, MTU 1400: 1400", MTU1400, "4 df | tcp n=1340", REASON_OK,
	 "6 hop=63 | tcp n=1340"},
	{"rules-3 DF, echo too big", NULL, "4 df | echo n=1453", REASON_TOO_BIG, "answer 3 4 1480"},
	{"rules-3 DF, echo reply too big", NULL, "4 df | reply n=1453", REASON_TOO_BIG,
	 "answer 3 4 1480"},
	{"rules-3 DF, ESP too big", NULL, "4 df p=50 | data 1461", REASON_TOO_BIG,
	 "answer 3 4 1480"},
	{"rules-3 DF, options do not count", NULL, "4 df opts=01010101 | udp n=1452", REASON_OK,
	 "6 hop=63 | udp n=1452"},
	{"rules-3 DF fragment, not a multiple of 8", NULL, "4 df | part 0 1452 | udp n=4000",
	 REASON_BAD_FRAGMENT, NULL},
	{"rules-3 DF fragment, 1496 of 1500", NULL, "4 df | part 0 1448 | udp n=4000", REASON_OK,
	 "6 hop=63 | part 0 1448 | udp n=4000"},
	{"rules-3 DF fragment, 1504 of 1500", NULL, "4 df | part 0 1456 | udp n=4000",
	 REASON_TOO_BIG, "answer 3 4 1472"},
	{"rules-3 DF last fragment, 1500 of 1500", NULL, "4 df | part 1448 1452 | udp n=2892",
	 REASON_OK, "6 hop=63 | part 1448 1452 | udp n=2892"},
	{"1812-4.3.2.7 DF last fragment, 1501 of 1500: no answer", NULL,
	 "4 df | part 1448 1453 | udp n=2893", REASON_TOO_BIG, NULL},
	{"rules-3 DF fragment with options", NULL, "4 df opts=01010101 | part 0 1448 | udp n=4000",
	 REASON_OK, "6 hop=63 | part 0 1448 | udp n=4000"},
	{"7915-4.1 IPv6 1280, DF clear, whole", NULL, "4 | udp n=1232", REASON_OK,
	 "6 hop=63 | udp n=1232"},
	{"7915-4.1 IPv6 1279, DF clear, whole", NULL, "4 | udp n=1231", REASON_OK,
	 "6 hop=63 | udp n=1231"},
	{"7915-4.1 IPv6 1281, DF clear, two pieces", NULL, "4 | udp n=1233", REASON_OK,
	 "6 hop=63 | part 0 1232 | udp n=1233; 6 hop=63 | part 1232 9 | udp n=1233"},
	{"7915-4.1 IPv4 1500, DF clear, two pieces", NULL, "4 tos=3 id=0xfedc | tcp n=1460",
	 REASON_OK,
	 "6 tc=3 hop=63 | part 0 1232 id=0xfedc | tcp n=1460;"
	 "6 tc=3 hop=63 | part 1232 248 id=0xfedc | tcp n=1460"},
	{"7915-4.1 payload 2464, two full pieces", NULL, "4 | udp n=2456", REASON_OK,
	 "6 hop=63 | part 0 1232 | udp n=2456; 6 hop=63 | part 1232 1232 | udp n=2456"},
	{"7915-4.1 payload 2465, three pieces", NULL, "4 | udp n=2457", REASON_OK,
	 "6 hop=63 | part 0 1232 | udp n=2457; 6 hop=63 | part 1232 1232 | udp n=2457;"
	 "6 hop=63 | part 2464 1 | udp n=2457"},
	{"7915-4.1 ICMP echo fragmented here", NULL, "4 | echo n=1400", REASON_OK,
	 "6 hop=63 | part 0 1232 | echo n=1400; 6 hop=63 | part 1232 176 | echo n=1400"},
	{"7915-4.1 ESP fragmented here", NULL, "4 p=50 | data 1300", REASON_OK,
	 "6 hop=63 p=44 | part 0 1232 nh=50 | data 1300;"
	 "6 hop=63 p=44 | part 1232 68 nh=50 | data 1300"},
	{"7915-4 offlink-mtu 1400: 1400 whole", OFF1400, "4 | udp n=1352", REASON_OK,
	 "6 hop=63 | udp n=1352"},
	{"7915-4 offlink-mtu 1400: pieces fit it, multiple of 8", OFF1400, "4 | udp n=1353",
	 REASON_OK, "6 hop=63 | part 0 1352 | udp n=1353; 6 hop=63 | part 1352 9 | udp n=1353"},
	{"rules-3 offlink-mtu beyond the device: device counts", OFF9000, "4 | udp n=1453",
	 REASON_OK, "6 hop=63 | part 0 1448 | udp n=1453; 6 hop=63 | part 1448 13 | udp n=1453"},
	{"rules-3 offlink-mtu beyond the device: 1500 whole", OFF9000, "4 | udp n=1452", REASON_OK,
	 "6 hop=63 | udp n=1452"},
	{"7915-4.1 UDP without checksum, computed before it is cut", NULL, "4 | udp n=1400 zero",
	 REASON_OK, "6 hop=63 | part 0 1232 | udp n=1400; 6 hop=63 | part 1232 176 | udp n=1400"},
};

static const struct rig_row fragment_rows[] = {
	{"7915-4.1 first fragment", NULL, "4 id=0xabcd | part 0 800 | udp n=2000", REASON_OK,
	 "6 hop=63 | part 0 800 id=0xabcd | udp n=2000"},
	{"7915-4.1 middle fragment", NULL, "4 | part 800 800 | udp n=2000", REASON_OK,
	 "6 hop=63 | part 800 800 | udp n=2000"},
	{"7915-4.1 last fragment", NULL, "4 | part 1600 408 | udp n=2000", REASON_OK,
	 "6 hop=63 | part 1600 408 | udp n=2000"},
	{"7915-4.1 first fragment of TCP", NULL, "4 | part 0 800 | tcp n=2000", REASON_OK,
	 "6 hop=63 | part 0 800 | tcp n=2000"},
	{"7915-4.1 last fragment of one byte", NULL, "4 | part 1600 1 | udp n=1593", REASON_OK,
	 "6 hop=63 | part 1600 1 | udp n=1593"},
	{"7915-4.1 last fragment at the far end", NULL, "4 off=65512 | data 3", REASON_OK,
	 "6 hop=63 p=44 | frag off=65512 nh=59 | data 3"},
	{"7915-4.1 last fragment shorter than a UDP header", NULL, "4 p=17 off=8 | data 3",
	 REASON_OK, "6 hop=63 p=44 | frag off=8 nh=17 | data 3"},
	{"7915-4.1 TTL and TOS of a fragment", NULL, "4 tos=9 ttl=9 | part 800 800 | udp n=2000",
	 REASON_OK, "6 tc=9 hop=8 | part 800 800 | udp n=2000"},
	{"7915-4.1 fragment of 1280 as IPv6", NULL, "4 | part 0 1232 | udp n=4000", REASON_OK,
	 "6 hop=63 | part 0 1232 | udp n=4000"},
	{"7915-4.1 fragment of 1288: two pieces, both with MF", NULL,
	 "4 | part 0 1240 | udp n=4000", REASON_OK,
	 "6 hop=63 | part 0 1232 | udp n=4000; 6 hop=63 | part 1232 8 | udp n=4000"},
	{"7915-4.1 middle fragment cut again", NULL, "4 id=1 | part 1480 1480 | udp n=4000",
	 REASON_OK,
	 "6 hop=63 | part 1480 1232 id=1 | udp n=4000; 6 hop=63 | part 2712 248 id=1 | udp n=4000"},
	{"7915-4.1 last fragment cut again, MF only on the first", NULL,
	 "4 | part 1480 1300 | udp n=2772", REASON_OK,
	 "6 hop=63 | part 1480 1232 | udp n=2772; 6 hop=63 | part 2712 68 | udp n=2772"},
	{"rules-2.1 fragment beyond 65535", NULL, "4 p=50 off=65528 | data 16", REASON_BAD_FRAGMENT,
	 NULL},
	{"rules-2.1 non-last fragment not a multiple of 8", NULL, "4 p=50 mf | data 12",
	 REASON_BAD_FRAGMENT, NULL},
	{"7915-1.2 ICMP, first fragment", NULL, "4 | part 0 800 | echo n=2000",
	 REASON_ICMP_FRAGMENT, NULL},
	{"7915-1.2 ICMP, later fragment", NULL, "4 | part 800 800 | echo n=2000",
	 REASON_ICMP_FRAGMENT, NULL},
	{"7915-1.2 ICMP, last fragment", NULL, "4 | part 1600 408 | echo n=2000",
	 REASON_ICMP_FRAGMENT, NULL},
	{"rules-2.1 first fragment without a whole UDP header", NULL, "4 p=17 mf | data 0",
	 REASON_BAD_L4, NULL},
	{"rules-2.1 first fragment without a whole TCP header", NULL, "4 p=6 mf | data 16",
	 REASON_BAD_L4, NULL},
	{"1812-4.3.2.7 TTL 1 of a later fragment: no answer", NULL,
	 "4 ttl=1 | part 800 800 | udp n=2000", REASON_TTL, NULL},
	{"1812-4.3.2.7 TTL 1 of a first fragment: answered", NULL,
	 "4 ttl=1 | part 0 800 | udp n=2000", REASON_TTL, "answer 11 0 0"},
	{"rules-3 fragment of IGMP", NULL, "4 p=2 off=80 | data 8", REASON_PROTOCOL, NULL},
};

static const struct rig_row udp_rows[] = {
	{"7915-4.5 no checksum, calc", NULL, "4 | udp n=31 zero", REASON_OK, "6 hop=63 | udp n=31"},
	{"7915-4.5 no checksum, calc, empty", NULL, "4 | udp n=0 zero", REASON_OK,
	 "6 hop=63 | udp n=0"},
	{"7915-4.5 no checksum, calc, first fragment", NULL, "4 | part 0 800 | udp n=2000 zero",
	 REASON_UDP_ZERO, "answer 3 13 0"},
	{"7915-4.5 no checksum, calc, later fragment", NULL, "4 | part 800 800 | udp n=2000 zero",
	 REASON_OK, "6 hop=63 | part 800 800 | udp n=2000 zero"},
	{"7915-4.5 no checksum, drop", DROP0, "4 | udp zero", REASON_UDP_ZERO, "answer 3 13 0"},
	{"7915-4.5 no checksum, drop, first fragment", DROP0, "4 | part 0 800 | udp n=2000 zero",
	 REASON_UDP_ZERO, "answer 3 13 0"},
	{"7915-4.5 no checksum, drop, later fragment", DROP0, "4 | part 800 800 | udp n=2000 zero",
	 REASON_OK, "6 hop=63 | part 800 800 | udp n=2000 zero"},
	{"7915-4.5 checksum, drop", DROP0, "4 | udp", REASON_OK, "6 hop=63 | udp"},
	{"6935-5 no checksum, fwd", FWD0, "4 | udp zero", REASON_OK, "6 hop=63 | udp zero"},
	{"6935-5 no checksum, fwd, first fragment", FWD0, "4 | part 0 800 | udp n=2000 zero",
	 REASON_OK, "6 hop=63 | part 0 800 | udp n=2000 zero"},
	{"6935-5 checksum, fwd", FWD0, "4 | udp", REASON_OK, "6 hop=63 | udp"},
	{"6935-5 no checksum, fwd, fragmented here", FWD0, "4 | udp n=1400 zero", REASON_OK,
	 "6 hop=63 | part 0 1232 | udp n=1400 zero; 6 hop=63 | part 1232 176 | udp n=1400 zero"},
	{"7915-4.5 no checksum and TTL 1: TTL first", DROP0, "4 ttl=1 | udp zero", REASON_TTL,
	 "answer 11 0 0"},
};

static const struct rig_row malformed_rows[] = {
	{"rules-2.1 empty", NULL, "hex ", REASON_TOO_SHORT, NULL},
	{"rules-2.1 one byte", NULL, "hex 45", REASON_TOO_SHORT, NULL},
	{"rules-2.1 19 bytes", NULL, "hex 45000013000000004011000001020304010203", REASON_TOO_SHORT,
	 NULL},
	{"rules-2.1 version 5", NULL, "4 ver=5 | udp", REASON_BAD_VERSION, NULL},
	{"rules-2.1 version 0", NULL, "4 ver=0 | udp", REASON_BAD_VERSION, NULL},
	{"rules-2.1 version 15", NULL, "4 ver=15 | udp", REASON_BAD_VERSION, NULL},
	{"rules-2.1 IHL 4", NULL, "4 ihl=4 | udp", REASON_BAD_IHL, NULL},
	{"rules-2.1 IHL 0", NULL, "4 ihl=0 | udp", REASON_BAD_IHL, NULL},
	{"rules-2.1 IHL beyond the packet", NULL, "4 ihl=15 | data 20", REASON_BAD_IHL, NULL},
	{"rules-2.1 IHL one word beyond the packet", NULL, "4 ihl=6 p=50 | data 3", REASON_BAD_IHL,
	 NULL},
	{"rules-2.1 IHL as long as the packet", NULL, "4 opts=01010101 p=50 | data 0", REASON_OK,
	 "6 hop=63 p=50 | data 0"},
	{"rules-2.1 IHL beyond a packet that is cut", NULL, "4 ihl=15 len=41 | data 20",
	 REASON_TOO_SHORT, NULL},
	{"rules-2.1 total length below the header", NULL, "4 len=19 | udp", REASON_TOO_SHORT, NULL},
	{"rules-2.1 total length 0", NULL, "4 len=0 | udp", REASON_TOO_SHORT, NULL},
	{"rules-2.1 total length one beyond", NULL, "4 len=45 | udp n=16", REASON_TOO_SHORT, NULL},
	{"rules-2.1 total length 65535", NULL, "4 len=65535 | udp n=16", REASON_TOO_SHORT, NULL},
	{"rules-2.1 header checksum wrong", NULL, "4 ck=0x1234 | udp", REASON_BAD_CHECKSUM, NULL},
	{"rules-2.1 header checksum 0", NULL, "4 ck=0 | udp", REASON_BAD_CHECKSUM, NULL},
	{"791-3.1 option of length 0", NULL, "4 opts=07000000 | udp", REASON_OK, "6 hop=63 | udp"},
	{"791-3.1 option of length 1", NULL, "4 opts=07010000 | udp", REASON_OK, "6 hop=63 | udp"},
	{"791-3.1 option longer than the area", NULL, "4 opts=07280400 | udp", REASON_OK,
	 "6 hop=63 | udp"},
	{"791-3.1 option type in the last byte", NULL, "4 opts=01010107 | udp", REASON_OK,
	 "6 hop=63 | udp"},
};

static const struct rig_row echo_rows[] = {
	{"7915-4.2 echo request", NULL, "4 df | echo", REASON_OK, "6 hop=63 | echo"},
	{"7915-4.2 echo reply", NULL, "4 df | reply", REASON_OK, "6 hop=63 | reply"},
	{"7915-4.2 echo without payload", NULL, "4 | echo n=0", REASON_OK, "6 hop=63 | echo n=0"},
	{"7915-4.2 echo, 1 byte", NULL, "4 | echo n=1", REASON_OK, "6 hop=63 | echo n=1"},
	{"7915-4.2 echo reply, odd", NULL, "4 | reply n=57", REASON_OK, "6 hop=63 | reply n=57"},
	{"7915-4.2 echo, identifier and sequence kept", NULL, "4 | echo id=0xffff seq=0xfffe",
	 REASON_OK, "6 hop=63 | echo id=0xffff seq=0xfffe"},
	{"7915-4.2 echo of 1232 bytes", NULL, "4 df | echo n=1232", REASON_OK,
	 "6 hop=63 | echo n=1232"},
	{"rules-2.4 echo with wrong checksum", NULL, "4 | echo bad", REASON_ICMP_CHECKSUM, NULL},
	{"rules-2.4 echo reply with wrong checksum", NULL, "4 | reply bad", REASON_ICMP_CHECKSUM,
	 NULL},
	{"rules-2.4 echo with checksum 0", NULL, "4 | echo zero", REASON_ICMP_CHECKSUM, NULL},
};

static const struct {
	const char *name;
	const struct rig_row *row;
	int rows;
} tables[] = {
	{"header", header_rows, ROWS(header_rows)},
	{"tos", tos_rows, ROWS(tos_rows)},
	{"options", option_rows, ROWS(option_rows)},
	{"protocols", protocol_rows, ROWS(protocol_rows)},
	{"size", size_rows, ROWS(size_rows)},
	{"fragments", fragment_rows, ROWS(fragment_rows)},
	{"udp", udp_rows, ROWS(udp_rows)},
	{"malformed", malformed_rows, ROWS(malformed_rows)},
	{"echo", echo_rows, ROWS(echo_rows)},
};

START_TEST(rows)
{
	rig_check_rows(tables[_i].row, tables[_i].rows);
}
END_TEST

START_TEST(every_tos_and_ttl)
{
	static struct rig r;
	char in[100], out[100];
	int i;

	rig_open(&r, NULL);
	for (i = 0; i < 256; i++) {
		snprintf(in, sizeof(in), "4 tos=%d | udp", i);
		snprintf(out, sizeof(out), "6 tc=%d hop=63 | udp", i);
		rig_expect(&r, in, REASON_OK, out);
		snprintf(in, sizeof(in), "4 ttl=%d | udp", i);
		snprintf(out, sizeof(out), "6 hop=%d | udp", i - 1);
		if (i > 1)
			rig_expect(&r, in, REASON_OK, out);
	}
	rig_close(&r);
}
END_TEST

/* All values of a payload word, among them those whose checksum is 0 in one of the families [768,
 * 8200-8.1]. */
START_TEST(every_checksum)
{
	static const char *const kind[] = {"udp", "tcp", "udp zero"};
	static struct rig r;
	char in[100], out[100];
	int i;

	rig_open(&r, NULL);
	for (i = 0; i < 65536; i++) {
		snprintf(in, sizeof(in), "4 | %s n=3 w=%d", kind[_i], i);
		snprintf(out, sizeof(out), "6 hop=63 | %.3s n=3 w=%d", kind[_i], i);
		rig_expect(&r, in, REASON_OK, out);
	}
	rig_close(&r);
}
END_TEST

/* Every protocol number passes unchanged, except those that are refused or translated. */
START_TEST(every_protocol)
{
	static struct rig r;
	char in[100], out[100];
	int i;

	rig_open(&r, NULL);
	for (i = 3; i < 256; i++) {
		if (strchr("\006\021\053\054\072\074", i))
			continue;
		snprintf(in, sizeof(in), "4 p=%d | data 77", i);
		snprintf(out, sizeof(out), "6 hop=63 p=%d | data 77", i);
		rig_expect(&r, in, REASON_OK, out);
	}
	rig_close(&r);
}
END_TEST

START_TEST(trailing_bytes_are_cut_off)
{
	static const char *const in[] = {"4 | udp n=5", "4 df | tcp n=1440", "4 | echo n=9",
					 "4 | part 800 80 | udp n=2000"};
	static const char *const out[] = {"6 hop=63 | udp n=5", "6 hop=63 | tcp n=1440",
					  "6 hop=63 | echo n=9",
					  "6 hop=63 | part 800 80 | udp n=2000"};

	rig_expect_trailing(in[_i], out[_i]);
}
END_TEST

/* A packet cut at any byte is shorter than its length field. */
START_TEST(truncated_anywhere)
{
	static const char *const in[] = {"4 opts=01010101 | udp", "4 | tcp", "4 | echo",
					 "4 | icmp 3 1 0 | 4r | udp"};

	rig_expect_truncated(in[_i], 24, REASON_BAD_IHL);
}
END_TEST

/* The longest datagram in the smallest fragments. */
START_TEST(longest_packet)
{
	static struct rig r;
	static uint8_t b[CRAFT_MAX], whole[CRAFT_MAX], want[CRAFT_MAX];
	unsigned i, at = 0;
	size_t len;

	rig_open(&r, MTU1280);
	ck_assert_int_eq(rig_send_text(&r, "4 | udp n=65507"), REASON_OK);
	for (i = 0; i < r.out.outputs; i++) {
		len = rig_output(&r, i, b);
		ck_assert_msg(!craft_fault(b, len, false), "%s", craft_fault(b, len, false));
		ck_assert_uint_le(len, 1280);
		ck_assert_uint_eq(get16(b + 42) & 0xfff8, at);
		ck_assert_uint_eq(get16(b + 42) & 1, i + 1 < r.out.outputs);
		memcpy(whole + at, b + 48, len - 48);
		at += (unsigned)len - 48;
	}
	/* IPv6 cannot carry a UDP length of 65515 in one packet of the crafter, but its payload
	 * fits */
	len = craft(want, "6 hop=63 | udp n=65507", NULL);
	ck_assert_uint_eq(at, len - 40);
	ck_assert_mem_eq(whole, want + 40, at);
	rig_close(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("xlat_4to6");
	TCase *c = tcase_create("4to6");

	tcase_set_timeout(c, 300);
	tcase_add_loop_test(c, rows, 0, ROWS(tables));
	tcase_add_test(c, every_tos_and_ttl);
	tcase_add_loop_test(c, every_checksum, 0, 3);
	tcase_add_test(c, every_protocol);
	tcase_add_loop_test(c, trailing_bytes_are_cut_off, 0, 4);
	tcase_add_loop_test(c, truncated_anywhere, 0, 4);
	tcase_add_test(c, longest_packet);
	suite_add_tcase(s, c);
	return run_suite(s);
}

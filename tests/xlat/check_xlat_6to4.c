/* check_xlat_6to4 - IPv6 to IPv4: header, extension headers, fragments, size, identification,
 * checksums. */
#include "support/rig.h"
#include "support/run.h"
#include "lib/wire.h"

#include <stdio.h>
#include <string.h>

#define MTU1280 RIG_BASE "mtu 1280"
#define MTU1400 RIG_BASE "mtu 1400"
#define MTU9000 RIG_BASE "mtu 9000"
#define FWD0    RIG_BASE "mtu 1500; udp fwd"

static const struct rig_row header_rows[] = {
	{"7915-5.1 plain UDP", NULL, "6r | udp", REASON_OK, "4r ttl=63 id=* | udp"},
	{"7915-5.1 plain TCP", NULL, "6r | tcp", REASON_OK, "4r ttl=63 id=* | tcp"},
	{"7915-5.1 TOS copied from traffic class", NULL, "6r tc=0xb8 | udp", REASON_OK,
	 "4r tos=0xb8 ttl=63 id=* | udp"},
	{"7915-5.1 traffic class 0xff", NULL, "6r tc=0xff | udp", REASON_OK,
	 "4r tos=0xff ttl=63 id=* | udp"},
	{"7915-5.1 flow label is lost", NULL, "6r flow=0xfffff tc=0x81 | udp", REASON_OK,
	 "4r tos=0x81 ttl=63 id=* | udp"},
	{"7915-5.1 empty UDP", NULL, "6r | udp n=0", REASON_OK, "4r ttl=63 id=* | udp n=0"},
	{"7915-5.1 odd UDP", NULL, "6r | udp n=77", REASON_OK, "4r ttl=63 id=* | udp n=77"},
	{"7915-5.1 odd TCP", NULL, "6r | tcp n=1", REASON_OK, "4r ttl=63 id=* | tcp n=1"},
	{"8200-3 hop limit 255", NULL, "6r hop=255 | udp", REASON_OK, "4r ttl=254 id=* | udp"},
	{"8200-3 hop limit 2 leaves as 1", NULL, "6r hop=2 | udp", REASON_OK,
	 "4r ttl=1 id=* | udp"},
	{"8200-3 hop limit 1", NULL, "6r hop=1 | udp", REASON_TTL, "answer 3 0 0"},
	{"8200-3 hop limit 1, echo", NULL, "6r hop=1 | echo", REASON_TTL, "answer 3 0 0"},
	{"8200-3 hop limit 1, echo reply counts as ordinary", NULL, "6r hop=1 | reply", REASON_TTL,
	 "answer 3 0 0"},
	{"8200-3 hop limit 0", NULL, "6r hop=0 | udp", REASON_TTL_ZERO, NULL},
	{"4443-2.4c error of 1280 quotes 1232 whole", NULL, "6r hop=1 | udp n=1184", REASON_TTL,
	 "answer 3 0 0"},
	{"4443-2.4c error cut to 1280", NULL, "6r hop=1 | udp n=1185", REASON_TTL, "answer 3 0 0"},
	{"4443-2.4e hop limit 1, later fragment: no answer", NULL,
	 "6r hop=1 | part 800 80 | udp n=999", REASON_TTL, NULL},
	{"4443-2.4e hop limit 1, ICMP error: no answer", NULL, "6r hop=1 | icmp 1 0 0 | 6 | udp",
	 REASON_TTL, NULL},
	{"4443-2.4e hop limit 1, unknown ICMP error: no answer", NULL,
	 "6r hop=1 | icmp 100 0 0 n=60", REASON_TTL, NULL},
};

#define TOS_IGNORED RIG_SETUP "; tos 6to4"
static const struct rig_row tos_rows[] = {
	{"7915-5.1 traffic class ignored", TOS_IGNORED, "6r tc=0xb8 | udp", REASON_OK,
	 "4r ttl=63 id=* | udp"},
	{"3168-5 traffic class ignored, ECT(0) kept", TOS_IGNORED, "6r tc=0xba | udp", REASON_OK,
	 "4r tos=2 ttl=63 id=* | udp"},
	{"3168-5 traffic class ignored, ECT(1) kept", TOS_IGNORED, "6r tc=0xb9 flow=77 | tcp",
	 REASON_OK, "4r tos=1 ttl=63 id=* | tcp"},
	{"3168-5 traffic class ignored, CE kept", TOS_IGNORED, "6r tc=0xff | echo", REASON_OK,
	 "4r tos=3 ttl=63 id=* | echo"},
	{"7915-5.1 traffic class ignored in fragments", TOS_IGNORED,
	 "6r tc=0xb9 | part 0 80 | udp n=999", REASON_OK,
	 "4r tos=1 ttl=63 | part 0 80 | udp n=999"},
	{"7915-5.3 traffic class ignored in an error and in its quote", TOS_IGNORED,
	 "6r tc=0xc1 | icmp 3 0 0 | 6 tc=0xba hop=0 | udp", REASON_OK,
	 "4r tos=1 ttl=63 id=* | icmp 11 0 0 | 4 id=0 tos=2 ttl=0 | udp"},
	{"7915-5.1 traffic class ignored the other way only", RIG_SETUP "; tos 4to6",
	 "6r tc=0xb8 | udp", REASON_OK, "4r tos=0xb8 ttl=63 id=* | udp"},
};

static const struct rig_row chain_rows[] = {
	{"7915-5.1 hop-by-hop skipped", NULL, "6r | hbh | udp", REASON_OK, "4r ttl=63 id=* | udp"},
	{"7915-5.1 destination options skipped", NULL, "6r | dst | udp", REASON_OK,
	 "4r ttl=63 id=* | udp"},
	{"7915-5.1 long destination options skipped", NULL, "6r | dst n=30 | tcp", REASON_OK,
	 "4r ttl=63 id=* | tcp"},
	{"7915-5.1 routing header, segments left 0, skipped", NULL, "6r | rt n=2 | udp", REASON_OK,
	 "4r ttl=63 id=* | udp"},
	{"7915-5.1 hop-by-hop, routing, destination skipped", NULL,
	 "6r | hbh | rt n=2 | dst n=1 | udp", REASON_OK, "4r ttl=63 id=* | udp"},
	{"7915-5.1 hop-by-hop, destination, routing, destination", NULL,
	 "6r | hbh | dst | rt n=2 | dst n=1 | echo", REASON_OK, "4r ttl=63 id=* | echo"},
	{"7915-5.1 ten destination options", NULL,
	 "6r | dst | dst | dst | dst | dst | dst | dst | dst | dst | dst | udp", REASON_OK,
	 "4r ttl=63 id=* | udp"},
	{"7915-5.1 routing header with a segment left", NULL, "6r | rt n=2 left=1 | udp",
	 REASON_ROUTING_HDR, "answer 4 0 43"},
	{"7915-5.1 routing header, 255 segments left", NULL, "6r | rt n=2 left=255 type=4 | udp",
	 REASON_ROUTING_HDR, "answer 4 0 43"},
	{"7915-5.1 pointer behind a hop-by-hop header", NULL, "6r | hbh n=1 | rt left=1 | udp",
	 REASON_ROUTING_HDR, "answer 4 0 59"},
	{"7915-5.1 pointer behind two headers", NULL, "6r | hbh | dst n=2 | rt left=1 | udp",
	 REASON_ROUTING_HDR, "answer 4 0 75"},
	{"7915-5.1 second routing header", NULL, "6r | rt | rt left=3 | udp", REASON_ROUTING_HDR,
	 "answer 4 0 51"},
	{"4443-2.4e segments left in an ICMP error: no answer", NULL,
	 "6r | rt left=1 | icmp 1 0 0 | 6 | udp", REASON_ROUTING_HDR, NULL},
	{"4443-2.4e segments left and an error that a fragment header hides: no answer", NULL,
	 "6r | rt left=1 | frag | dst | icmp 1 1 0 | 6 | udp", REASON_ROUTING_HDR, NULL},
	{"4443-2.4e error behind a fragment header and options: no answer", NULL,
	 "6r | frag | dst | icmp 1 4 0 | 6 | udp", REASON_FRAG_EXT_HDR, NULL},
	{"4443-2.4e first fragment of options and an error: no answer", NULL,
	 "6r | part 0 80 | dst | icmp 1 4 0 | 6 | udp n=99", REASON_FRAG_EXT_HDR, NULL},
	{"4443-2.4e hop limit 1, error behind AH: no answer", NULL,
	 "6r hop=1 | ah | icmp 1 4 0 | 6 | udp", REASON_TTL, NULL},
	{"4443-2.4e hop limit 1, redirect behind AH: no answer", NULL,
	 "6r hop=1 | ah | icmp 137 0 0 n=32", REASON_TTL, NULL},
	{"4443-2.4e hop limit 1, echo behind AH", NULL, "6r hop=1 | ah | echo", REASON_TTL,
	 "answer 3 0 0"},
	{"4443-2.4e error behind AH that is too big: no answer", NULL,
	 "6r | ah | icmp 1 4 0 | 6 | udp n=1400", REASON_TOO_BIG, NULL},
	{"4443-2.4e error behind AH to nowhere: no answer", NULL,
	 "6r d=2001:db8:dead::1 | ah | icmp 1 4 0 | 6 | udp", REASON_NO_MAP_DST, NULL},
	{"4443-2.4e error behind AH to ipv6-addr: no answer", NULL,
	 "6r d=2001:db8:ffff::64 | ah | icmp 1 4 0 | 6 | udp", REASON_SELF_PROTO, NULL},
	{"7915-5.1 routing header behind the fragment header", NULL, "6r | frag | rt left=0 | udp",
	 REASON_FRAG_EXT_HDR, "answer 1 1 0"},
	{"7915-5.1.1 fragment header, then destination options", NULL,
	 "6r | part 0 48 | dst | udp n=400", REASON_FRAG_EXT_HDR, "answer 1 1 0"},
	{"7915-5.1.1 fragment header, then hop-by-hop", NULL, "6r | frag | hbh | udp",
	 REASON_FRAG_EXT_HDR, "answer 1 1 0"},
	{"7915-5.1.1 fragment header, then fragment header", NULL, "6r | frag | frag | udp",
	 REASON_FRAG_EXT_HDR, "answer 1 1 0"},
	{"7915-5.1.1 fragment header, then AH", NULL, "6r | frag | ah | udp", REASON_FRAG_EXT_HDR,
	 "answer 1 1 0"},
	{"7915-5.1.1 fragment header, then ESP", NULL, "6r | part 0 80 nh=50 | data 200", REASON_OK,
	 "4r ttl=63 p=50 | part 0 80 | data 200"},
	{"4443-2.4e later fragment of an extension header: no answer", NULL,
	 "6r | frag off=800 nh=60 | data 64", REASON_FRAG_EXT_HDR, NULL},
	{"7915-5.1 AH without fragment is a protocol", NULL, "6r p=51 | data 40", REASON_OK,
	 "4r ttl=63 id=* p=51 | data 40"},
	{"rules-4 chain ends inside hop-by-hop", NULL, "6r p=0 | hex 11", REASON_BAD_CHAIN, NULL},
	{"rules-4 chain ends at hop-by-hop", NULL, "6r p=0 | data 0", REASON_BAD_CHAIN, NULL},
	{"rules-4 extension header longer than the packet", NULL, "6r | dst el=40 | udp",
	 REASON_BAD_CHAIN, NULL},
	{"rules-4 extension header one unit longer than the packet", NULL,
	 "6r | dst el=4 | udp n=16", REASON_BAD_CHAIN, NULL},
	{"rules-4 second header truncated", NULL, "6r | hbh nh=43 | hex 1101", REASON_BAD_CHAIN,
	 NULL},
	{"rules-4 routing header truncated, segments left", NULL, "6r p=43 | hex 11010001",
	 REASON_BAD_CHAIN, NULL},
	{"rules-4 fragment header truncated", NULL, "6r p=44 | hex 11000000000000",
	 REASON_BAD_CHAIN, NULL},
	{"rules-4 no next header", NULL, "6r p=59 | data 0", REASON_OK,
	 "4r ttl=63 id=* p=59 | data 0"},
	{"rules-4 no next header with bytes", NULL, "6r p=59 | data 9", REASON_OK,
	 "4r ttl=63 id=* p=59 | data 9"},
	{"rules-4 no next header behind destination options", NULL, "6r | dst nh=59 | data 9",
	 REASON_OK, "4r ttl=63 id=* p=59 | data 9"},
};

static const struct rig_row protocol_rows[] = {
	{"rules-4 protocol 1, ICMPv4 in IPv6", NULL, "6r p=1 | data 40", REASON_PROTOCOL, NULL},
	{"rules-4 protocol 1 behind hop-by-hop", NULL, "6r | hbh nh=1 | data 40", REASON_PROTOCOL,
	 NULL},
	{"rules-4 ESP untouched", NULL, "6r p=50 | data 61", REASON_OK,
	 "4r ttl=63 id=* p=50 | data 61"},
	{"rules-4 SCTP untouched", NULL, "6r p=132 | data 61", REASON_OK,
	 "4r ttl=63 id=* p=132 | data 61"},
	{"rules-4 GRE untouched", NULL, "6r p=47 | data 61", REASON_OK,
	 "4r ttl=63 id=* p=47 | data 61"},
	{"rules-4 DCCP untouched", NULL, "6r p=33 | data 61", REASON_OK,
	 "4r ttl=63 id=* p=33 | data 61"},
	{"rules-4 IPv6 in IPv6 untouched", NULL, "6r p=41 | data 61", REASON_OK,
	 "4r ttl=63 id=* p=41 | data 61"},
	{"rules-4 mobility header is an unknown protocol", NULL, "6r p=135 | data 61", REASON_OK,
	 "4r ttl=63 id=* p=135 | data 61"},
	{"rules-4 empty ESP", NULL, "6r p=50 | data 0", REASON_OK, "4r ttl=63 id=* p=50 | data 0"},
	{"rules-2.1 TCP header cut", NULL, "6r p=6 | data 19", REASON_BAD_L4, NULL},
	{"rules-2.1 UDP header cut", NULL, "6r p=17 | data 7", REASON_BAD_L4, NULL},
	{"rules-2.1 ICMPv6 header cut", NULL, "6r p=58 | data 7", REASON_BAD_L4, NULL},
};

/* udp n= N gives an IPv6 packet of N + 48 and an IPv4 packet of N + 28. */
static const struct rig_row size_rows[] = {
	{"7915-5.1 IPv4 1259: DF clear", NULL, "6r | udp n=1231", REASON_OK,
	 "4r ttl=63 id=* | udp n=1231"},
	{"7915-5.1 IPv4 1260: DF clear", NULL, "6r | udp n=1232", REASON_OK,
	 "4r ttl=63 id=* | udp n=1232"},
	{"7915-5.1 IPv4 1261: DF set", NULL, "6r | udp n=1233", REASON_OK,
	 "4r df ttl=63 id=* | udp n=1233"},
	{"7915-5.1 IPv4 1280: DF set", NULL, "6r | tcp n=1240", REASON_OK,
	 "4r df ttl=63 id=* | tcp n=1240"},
	{"7915-5.1 the IPv4 length decides, not the IPv6 one", NULL, "6r | dst n=20 | udp n=1232",
	 REASON_OK, "4r ttl=63 id=* | udp n=1232"},
	{"7915-5.1 IPv6 1500 of 1500", NULL, "6r | udp n=1452", REASON_OK,
	 "4r df ttl=63 id=* | udp n=1452"},
	{"rules-4 IPv6 1501 of 1500", NULL, "6r | udp n=1453", REASON_TOO_BIG, "answer 2 0 1500"},
	{"rules-4 IPv6 1281 of 1280", MTU1280, "6r | udp n=1233", REASON_TOO_BIG,
	 "answer 2 0 1280"},
	{"rules-4 IPv6 1280 of 1280", MTU1280, "6r | udp n=1232", REASON_OK,
	 "4r ttl=63 id=* | udp n=1232"},
	{"rules-4 IPv6 1401 of 1400", MTU1400, "6r | tcp n=1341", REASON_TOO_BIG,
	 "answer 2 0 1400"},
	{"rules-4 too big by its extension headers", NULL, "6r | dst n=30 | udp n=1205",
	 REASON_TOO_BIG, "answer 2 0 1500"},
	{"rules-4 fragment, IPv6 1504 of 1500", NULL, "6r | part 0 1456 | udp n=4000",
	 REASON_TOO_BIG, "answer 2 0 1500"},
	{"4443-2.4 later fragment too big: no answer", NULL, "6r | part 1456 1456 | udp n=4000",
	 REASON_TOO_BIG, NULL},
	{"rules-4 fragment, IPv6 1496 of 1500", NULL, "6r | part 0 1448 | udp n=4000", REASON_OK,
	 "4r ttl=63 | part 0 1448 | udp n=4000"},
	{"7915-5.1 large fragment has DF clear", MTU9000, "6r | part 0 4000 | udp n=8000",
	 REASON_OK, "4r ttl=63 | part 0 4000 | udp n=8000"},
	{"rules-4 MTU 9000", MTU9000, "6r | udp n=8952", REASON_OK,
	 "4r df ttl=63 id=* | udp n=8952"},
	{"rules-4 MTU 9000, one more", MTU9000, "6r | udp n=8953", REASON_TOO_BIG,
	 "answer 2 0 9000"},
};

static const struct rig_row fragment_rows[] = {
	{"7915-5.1.1 first fragment", NULL, "6r | part 0 800 id=0xabcd | udp n=2000", REASON_OK,
	 "4r ttl=63 id=0xabcd | part 0 800 | udp n=2000"},
	{"7915-5.1.1 low 16 bits of the identification", NULL,
	 "6r | part 0 800 id=0x98765432 | udp n=2000", REASON_OK,
	 "4r ttl=63 id=0x5432 | part 0 800 | udp n=2000"},
	{"7915-5.1.1 middle fragment", NULL, "6r | part 800 800 | udp n=2000", REASON_OK,
	 "4r ttl=63 | part 800 800 | udp n=2000"},
	{"7915-5.1.1 last fragment", NULL, "6r | part 1600 408 | udp n=2000", REASON_OK,
	 "4r ttl=63 | part 1600 408 | udp n=2000"},
	{"7915-5.1.1 first fragment of TCP", NULL, "6r | part 0 800 | tcp n=2000", REASON_OK,
	 "4r ttl=63 | part 0 800 | tcp n=2000"},
	{"7915-5.1.1 fragment behind hop-by-hop", NULL, "6r | hbh | part 0 800 | udp n=2000",
	 REASON_OK, "4r ttl=63 | part 0 800 | udp n=2000"},
	{"7915-5.1.1 fragment behind destination options and routing", NULL,
	 "6r | dst | rt | part 800 800 | udp n=2000", REASON_OK,
	 "4r ttl=63 | part 800 800 | udp n=2000"},
	{"7915-5.1.1 reserved bits ignored", NULL, "6r | part 800 800 res=6 | udp n=2000",
	 REASON_OK, "4r ttl=63 | part 800 800 | udp n=2000"},
	{"6946-4 atomic fragment is whole: UDP", NULL, "6r | frag id=0x10203 | udp", REASON_OK,
	 "4r ttl=63 id=0x203 | udp"},
	{"6946-4 atomic fragment is whole: echo", NULL, "6r | frag id=7 | echo n=9", REASON_OK,
	 "4r ttl=63 id=7 | echo n=9"},
	{"6946-4 atomic fragment is whole: TCP of 1480", NULL, "6r | frag id=7 | tcp n=1432",
	 REASON_OK, "4r ttl=63 id=7 | tcp n=1432"},
	{"6946-4 atomic fragment, ICMP error", NULL, "6r | frag id=7 | icmp 1 4 0 | 6 | udp",
	 REASON_OK, "4r ttl=63 id=7 | icmp 3 3 0 | 4 id=0 | udp"},
	{"7915-1.2 ICMPv6, first fragment", NULL, "6r | part 0 800 | echo n=2000",
	 REASON_ICMP_FRAGMENT, NULL},
	{"7915-1.2 ICMPv6, later fragment", NULL, "6r | part 800 800 | echo n=2000",
	 REASON_ICMP_FRAGMENT, NULL},
	{"rules-4 not a multiple of 8", NULL, "6r | frag mf nh=50 | data 12", REASON_BAD_FRAGMENT,
	 NULL},
	{"rules-4 beyond 65535", NULL, "6r | frag off=65528 nh=50 | data 8", REASON_BAD_FRAGMENT,
	 NULL},
	{"rules-4 beyond 65535 by far", NULL, "6r | frag off=65528 nh=50 | data 800",
	 REASON_BAD_FRAGMENT, NULL},
	{"791-2.3 datagram that would not fit IPv4 whole", NULL,
	 "6r | frag off=65520 nh=50 | data 8", REASON_OK, "4r ttl=63 off=65520 p=50 | data 8"},
	{"7915-5.1.1 fragment near the end", NULL, "6r | frag off=65504 nh=50 | data 11", REASON_OK,
	 "4r ttl=63 off=65504 p=50 | data 11"},
	{"rules-2.1 first fragment without a whole UDP header", NULL, "6r | frag mf nh=17 | data 0",
	 REASON_BAD_L4, NULL},
	{"rules-2.1 first fragment without a whole TCP header", NULL, "6r | frag mf nh=6 | data 16",
	 REASON_BAD_L4, NULL},
	{"rules-4 fragment of protocol 1", NULL, "6r | frag off=80 nh=1 | data 16", REASON_PROTOCOL,
	 NULL},
};

static const struct rig_row udp_rows[] = {
	{"8200-8.1 no checksum", NULL, "6r | udp zero", REASON_UDP_ZERO6, NULL},
	{"6935-5 no checksum, fwd", FWD0, "6r | udp zero", REASON_OK, "4r ttl=63 id=* | udp zero"},
	{"6935-5 no checksum, fwd, first fragment", FWD0, "6r | part 0 800 id=7 | udp n=2000 zero",
	 REASON_OK, "4r ttl=63 id=7 | part 0 800 | udp n=2000 zero"},
	{"6935-5 checksum, fwd", FWD0, "6r | udp", REASON_OK, "4r ttl=63 id=* | udp"},
	{"8200-8.1 no checksum, first fragment", NULL, "6r | part 0 800 | udp n=2000 zero",
	 REASON_UDP_ZERO6, NULL},
	{"8200-8.1 no checksum, later fragment", NULL, "6r | part 800 800 | udp n=2000 zero",
	 REASON_OK, "4r ttl=63 | part 800 800 | udp n=2000 zero"},
	{"8200-8.1 no checksum behind hop-by-hop", NULL, "6r | hbh | udp zero", REASON_UDP_ZERO6,
	 NULL},
};

static const struct rig_row malformed_rows[] = {
	{"rules-2.1 39 bytes", NULL,
	 "hex 600000000000114020010db800010000000000000000000520010db80064000000000000010203",
	 REASON_TOO_SHORT, NULL},
	{"rules-2.1 version 4 in an IPv6 packet", NULL, "6r ver=4 | udp", REASON_BAD_IHL, NULL},
	{"rules-2.1 version 7", NULL, "6r ver=7 | udp", REASON_BAD_VERSION, NULL},
	{"rules-2.1 payload length one beyond", NULL, "6r len=25 | udp n=16", REASON_TOO_SHORT,
	 NULL},
	{"rules-2.1 payload length 65535", NULL, "6r len=65535 | udp n=16", REASON_TOO_SHORT, NULL},
	{"rules-2.1 payload length 0 with a payload behind", NULL, "6r len=0 | udp n=16",
	 REASON_BAD_L4, NULL},
};

static const struct rig_row echo_rows[] = {
	{"7915-5.2 echo request", NULL, "6r | echo", REASON_OK, "4r ttl=63 id=* | echo"},
	{"7915-5.2 echo reply", NULL, "6r | reply", REASON_OK, "4r ttl=63 id=* | reply"},
	{"7915-5.2 echo without payload", NULL, "6r | echo n=0", REASON_OK,
	 "4r ttl=63 id=* | echo n=0"},
	{"7915-5.2 echo, 1 byte", NULL, "6r | echo n=1", REASON_OK, "4r ttl=63 id=* | echo n=1"},
	{"7915-5.2 echo reply, odd", NULL, "6r | reply n=57", REASON_OK,
	 "4r ttl=63 id=* | reply n=57"},
	{"7915-5.2 echo, identifier and sequence kept", NULL, "6r | echo id=0xffff seq=0xfffe",
	 REASON_OK, "4r ttl=63 id=* | echo id=0xffff seq=0xfffe"},
	{"7915-5.2 echo, large", NULL, "6r | echo n=1452", REASON_OK,
	 "4r df ttl=63 id=* | echo n=1452"},
	{"rules-2.4 echo with wrong checksum", NULL, "6r | echo bad", REASON_ICMP_CHECKSUM, NULL},
	{"rules-2.4 echo reply with wrong checksum", NULL, "6r | reply bad", REASON_ICMP_CHECKSUM,
	 NULL},
	{"rules-2.4 echo with checksum 0", NULL, "6r | echo zero", REASON_ICMP_CHECKSUM, NULL},
};

static const struct {
	const char *name;
	const struct rig_row *row;
	int rows;
} tables[] = {
	{"header", header_rows, ROWS(header_rows)},
	{"tos", tos_rows, ROWS(tos_rows)},
	{"chain", chain_rows, ROWS(chain_rows)},
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

START_TEST(every_class_and_hop_limit)
{
	static struct rig r;
	char in[100], out[100];
	int i;

	rig_open(&r, NULL);
	for (i = 0; i < 256; i++) {
		snprintf(in, sizeof(in), "6r tc=%d flow=0xabcde | udp", i);
		snprintf(out, sizeof(out), "4r tos=%d ttl=63 id=* | udp", i);
		rig_expect(&r, in, REASON_OK, out);
		snprintf(in, sizeof(in), "6r hop=%d | udp", i);
		snprintf(out, sizeof(out), "4r ttl=%d id=* | udp", i - 1);
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
	static struct rig r;
	char in[100], out[100];
	int i;

	rig_open(&r, NULL);
	for (i = 0; i < 65536; i++) {
		snprintf(in, sizeof(in), "6r | %s n=3 w=%d", _i ? "tcp" : "udp", i);
		snprintf(out, sizeof(out), "4r id=* ttl=63 | %s n=3 w=%d", _i ? "tcp" : "udp", i);
		rig_expect(&r, in, REASON_OK, out);
	}
	rig_close(&r);
}
END_TEST

START_TEST(every_protocol)
{
	static struct rig r;
	char in[100], out[100];
	int i;

	rig_open(&r, NULL);
	for (i = 2; i < 256; i++) {
		if (strchr("\006\021\053\054\072\074", i))
			continue;
		snprintf(in, sizeof(in), "6r p=%d | data 77", i);
		snprintf(out, sizeof(out), "4r id=* ttl=63 p=%d | data 77", i);
		rig_expect(&r, in, REASON_OK, out);
	}
	rig_close(&r);
}
END_TEST

START_TEST(trailing_bytes_are_cut_off)
{
	static const char *const in[] = {"6r | udp n=5", "6r | dst | tcp n=1424", "6r | echo n=9",
					 "6r | part 800 80 | udp n=2000"};
	static const char *const out[] = {
		"4r ttl=63 id=* | udp n=5", "4r df ttl=63 id=* | tcp n=1424",
		"4r ttl=63 id=* | echo n=9", "4r ttl=63 | part 800 80 | udp n=2000"};

	rig_expect_trailing(in[_i], out[_i]);
}
END_TEST

START_TEST(truncated_anywhere)
{
	static const char *const in[] = {"6r | hbh | rt | dst | udp", "6r | tcp",
					 "6r | frag | echo", "6r | icmp 1 0 0 | 6 | udp"};

	rig_expect_truncated(in[_i], 0, REASON_TOO_SHORT);
}
END_TEST

/* The same with a correct payload length: the cut is in the header chain, in the transport header,
 * or not noticed. */
START_TEST(chain_cut_anywhere)
{
	static struct rig r;
	static uint8_t b[CRAFT_MAX];
	size_t len, n;

	rig_open(&r, NULL);
	len = craft(b, "6r | hbh n=1 | rt n=2 | dst | frag | udp n=0", NULL);
	ck_assert_uint_eq(len, 40 + 16 + 24 + 8 + 8 + 8);
	for (n = 40; n < len; n++) {
		enum reason why, want = n < 96 ? REASON_BAD_CHAIN : REASON_BAD_L4;

		put16(b + 4, (unsigned)n - 40);
		why = rig_send(&r, b, n);
		ck_assert_msg(why == want, "rules-4 chain cut to %zu: %s", n,
			      reason_table[why].name);
		ck_assert_uint_eq(r.out.outputs, 0);
	}
	rig_close(&r);
}
END_TEST

/* As in RFC 7739: an Identification does not repeat soon for a pair of addresses, and one pair
 * reveals nothing about another. */
START_TEST(identification)
{
	static struct rig r;
	static uint8_t seen[65536], b[CRAFT_MAX];
	unsigned i, id, last = 0, steps = 0;

	rig_open(&r, NULL);
	for (i = 0; i < 10000; i++) {
		ck_assert_int_eq(rig_send_text(&r, "6r | udp"), REASON_OK);
		rig_output(&r, 0, b);
		id = get16(b + 4);
		ck_assert_msg(!seen[id], "7739-5 identification %u again after %u packets", id, i);
		seen[id] = 1;
	}
	for (i = 1; i < 64; i++) {
		char text[100];

		snprintf(text, sizeof(text), "6r s=2001:db8:1::%x | udp", i);
		ck_assert_int_eq(rig_send_text(&r, text), REASON_OK);
		rig_output(&r, 0, b);
		id = get16(b + 4);
		steps += id - last < 3;
		last = id;
	}
	ck_assert_msg(steps < 8, "7739-3 identifications of different pairs follow each other");
	rig_close(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("xlat_6to4");
	TCase *c = tcase_create("6to4");

	tcase_set_timeout(c, 300);
	tcase_add_loop_test(c, rows, 0, ROWS(tables));
	tcase_add_test(c, every_class_and_hop_limit);
	tcase_add_loop_test(c, every_checksum, 0, 2);
	tcase_add_test(c, every_protocol);
	tcase_add_loop_test(c, trailing_bytes_are_cut_off, 0, 4);
	tcase_add_loop_test(c, truncated_anywhere, 0, 4);
	tcase_add_test(c, chain_cut_anywhere);
	tcase_add_test(c, identification);
	suite_add_tcase(s, c);
	return run_suite(s);
}

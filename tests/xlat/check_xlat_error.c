/* check_xlat_error - ICMP errors in both directions: types, pointers, MTUs, the quoted packet, RFC
 * 4884 extensions, sources. */
#include "support/rig.h"
#include "support/run.h"
#include "lib/wire.h"

#include <stdio.h>
#include <string.h>

#define WKP                                                                        \
	"own4 192.0.2.254; own6 2001:db8:ffff::64; prefix 64:ff9b::/96; mtu 1500;" \
	"map 203.0.113.0/24 2001:db8:1::/120"
#define MAPS_ONLY                                             \
	"own4 192.0.2.254; own6 2001:db8:ffff::64; mtu 1500;" \
	"map 203.0.113.0/24 2001:db8:1::/120; map 198.51.100.7 2001:db8:64::c633:6407"
#define MTU1400 RIG_BASE "mtu 1400"
#define MTU9000 RIG_BASE "mtu 9000"

static const struct rig_row quote4_rows[] = {
	{"7915-4.2 host unreachable about UDP", NULL, "4 | icmp 3 1 0 | 4r ttl=5 | udp n=60",
	 REASON_OK, "6 hop=63 | icmp 1 0 0 | 6r hop=5 | udp n=60"},
	{"7915-4.3 about TCP", NULL, "4 | icmp 3 1 0 | 4r | tcp n=61", REASON_OK,
	 "6 hop=63 | icmp 1 0 0 | 6r | tcp n=61"},
	{"7915-4.3 TOS and TTL 0 of the quote", NULL,
	 "4 tos=1 | icmp 11 0 0 | 4r tos=9 ttl=0 | udp", REASON_OK,
	 "6 tc=1 hop=63 | icmp 3 0 0 | 6r tc=9 hop=0 | udp"},
	{"7915-4.3 TTL 255 of the quote", NULL, "4 | icmp 11 0 0 | 4r ttl=255 | udp", REASON_OK,
	 "6 hop=63 | icmp 3 0 0 | 6r hop=255 | udp"},
	{"7915-4.3 TTL 1 of the quote", NULL, "4 | icmp 11 1 0 | 4r ttl=1 | udp", REASON_OK,
	 "6 hop=63 | icmp 3 1 0 | 6r hop=1 | udp"},
	{"7915-4.3 quoted options skipped", NULL, "4 | icmp 3 1 0 | 4r opts=01010101 | udp",
	 REASON_OK, "6 hop=63 | icmp 1 0 0 | 6r | udp"},
	{"7915-4.2 unused word is zeroed", NULL, "4 | icmp 3 1 0x7700ffff | 4r | udp", REASON_OK,
	 "6 hop=63 | icmp 1 0 0 | 6r | udp"},
	{"792 8 bytes of TCP", NULL, "4 | icmp 3 1 0 cut=28 | 4r | tcp n=1000", REASON_OK,
	 "6 hop=63 | icmp 1 0 0 cut=48 | 6r | tcp n=1000"},
	{"792 8 bytes of UDP", NULL, "4 | icmp 3 1 0 cut=28 | 4r | udp n=1000", REASON_OK,
	 "6 hop=63 | icmp 1 0 0 cut=48 | 6r | udp n=1000"},
	{"792 8 bytes of ESP", NULL, "4 | icmp 3 1 0 cut=28 | 4r p=50 | data 80", REASON_OK,
	 "6 hop=63 | icmp 1 0 0 cut=48 | 6r p=50 | data 80"},
	{"7915-4.3 about UDP without checksum", NULL, "4 | icmp 3 3 0 cut=28 | 4r | udp n=99 zero",
	 REASON_OK, "6 hop=63 | icmp 1 4 0 cut=48 | 6r | udp n=99 zero"},
	{"7915-4.3 about an echo request", NULL, "4 | icmp 3 1 0 | 4r | echo n=31", REASON_OK,
	 "6 hop=63 | icmp 1 0 0 | 6r | echo n=31"},
	{"7915-4.3 about an echo reply", NULL, "4 | icmp 3 1 0 | 4r | reply n=31", REASON_OK,
	 "6 hop=63 | icmp 1 0 0 | 6r | reply n=31"},
	{"7915-4.3 8 bytes of an echo request", NULL, "4 | icmp 11 0 0 cut=28 | 4r | echo n=56",
	 REASON_OK, "6 hop=63 | icmp 3 0 0 cut=48 | 6r | echo n=56"},
	{"7915-4.3 about a first fragment", NULL,
	 "4 | icmp 3 1 0 | 4r id=9 | part 0 400 | udp n=999", REASON_OK,
	 "6 hop=63 | icmp 1 0 0 | 6r | part 0 400 id=9 | udp n=999"},
	{"7915-4.3 about a later fragment", NULL, "4 | icmp 3 1 0 | 4r | part 80 400 | udp n=999",
	 REASON_OK, "6 hop=63 | icmp 1 0 0 | 6r | part 80 400 | udp n=999"},
	{"7915-4.3 about a later fragment of an echo request", NULL,
	 "4 | icmp 3 1 0 | 4r | part 80 400 | echo n=999", REASON_OK,
	 "6 hop=63 | icmp 1 0 0 | 6r | part 80 400 | echo n=999"},
	{"7915-4.3 type and code of a fragmented echo request", NULL,
	 "4 | icmp 11 0 0 cut=22 | 4r | part 0 400 | echo n=999", REASON_OK,
	 "6 hop=63 | icmp 3 0 0 cut=50 | 6r | part 0 400 | echo n=999"},
	{"7915-4.3 8 bytes of a first fragment", NULL,
	 "4 | icmp 11 1 0 cut=28 | 4r | part 0 400 | tcp n=999", REASON_OK,
	 "6 hop=63 | icmp 3 1 0 cut=56 | 6r | part 0 400 | tcp n=999"},
	{"7915-4.3 quoted DF packet larger than any MTU", NULL,
	 "4 | icmp 3 4 1400 cut=28 | 4r df | tcp n=8000", REASON_OK,
	 "6 hop=63 | icmp 2 0 1420 cut=48 | 6r | tcp n=8000"},
	{"7915-4.3 no fragments of a quoted large packet", NULL,
	 "4 | icmp 3 1 0 cut=100 | 4r | tcp n=8000", REASON_OK,
	 "6 hop=63 | icmp 1 0 0 cut=120 | 6r | tcp n=8000"},
	{"7915-4.3 an error in an error", NULL, "4 | icmp 3 1 0 | 4r | icmp 3 1 0 | 4 | udp",
	 REASON_ICMP_NESTED, NULL},
	{"7915-4.3 timestamp in an error", NULL, "4 | icmp 3 1 0 | 4r | icmp 13 0 0 n=12",
	 REASON_ICMP_NESTED, NULL},
	{"rules-8 quoted protocol 58", NULL, "4 | icmp 3 1 0 | 4r p=58 | data 40", REASON_QUOTE_BAD,
	 NULL},
	{"rules-8 quoted IGMP", NULL, "4 | icmp 3 1 0 | 4r p=2 | data 40", REASON_QUOTE_BAD, NULL},
	{"rules-8 quoted version 6", NULL, "4 | icmp 3 1 0 | 6r | udp", REASON_QUOTE_BAD, NULL},
	{"rules-8 quoted version 5", NULL, "4 | icmp 3 1 0 | 4r ver=5 | udp", REASON_QUOTE_BAD,
	 NULL},
	{"rules-8 an error that quotes the packet of another", NULL,
	 "4 d=203.0.113.6 | icmp 3 1 0 | 4r s=203.0.113.5 | udp", REASON_QUOTE_OTHER, NULL},
	{"rules-8 too big that quotes the packet of another", NULL,
	 "4 d=203.0.113.6 | icmp 3 4 1300 | 4r s=203.0.113.5 | tcp", REASON_QUOTE_OTHER, NULL},
	{"rules-8 an error that quotes what its receiver got", NULL, "4 | icmp 3 1 0 | 4 | udp",
	 REASON_QUOTE_OTHER, NULL},
	{"rules-8 quoted header cut inside its own length", NULL,
	 "4 | icmp 3 1 0 cut=28 | 4r opts=01010101010101010101010101010101 | udp", REASON_QUOTE_BAD,
	 NULL},
	{"rules-8 quoted header that claims 60 bytes, 28 are there", NULL,
	 "4 | icmp 3 1 0 cut=28 | 4r ihl=15 len=100 | udp", REASON_QUOTE_BAD, NULL},
	{"rules-8 quoted header whole, nothing behind it", NULL,
	 "4 | icmp 3 1 0 cut=36 | 4r opts=01010101010101010101010101010101 | udp", REASON_OK,
	 "6 hop=63 | icmp 1 0 0 cut=40 | 6r | udp"},
	{"rules-8 quoted IHL 4", NULL, "4 | icmp 3 1 0 | 4r ihl=4 | udp", REASON_QUOTE_BAD, NULL},
	{"rules-8 quoted total length below the header", NULL, "4 | icmp 3 1 0 | 4r len=8 | udp",
	 REASON_QUOTE_BAD, NULL},
	{"rules-8 nothing quoted", NULL, "4 | icmp 3 1 0 n=0", REASON_QUOTE_BAD, NULL},
	{"rules-8 quoted header checksum is not looked at", NULL,
	 "4 | icmp 3 1 0 | 4r ck=0x1234 | udp", REASON_OK, "6 hop=63 | icmp 1 0 0 | 6r | udp"},
	{"rules-8 quoted source without mapping", MAPS_ONLY,
	 "4 | icmp 3 1 0 | 4r s=203.0.114.5 | udp", REASON_QUOTE_NO_MAP, NULL},
	{"rules-8 quoted destination without mapping", MAPS_ONLY,
	 "4 | icmp 3 1 0 | 4r d=9.9.9.9 | udp", REASON_QUOTE_NO_MAP, NULL},
	{"rules-2.4 wrong checksum", NULL, "4 | icmp 3 1 0 bad | 4r | udp", REASON_ICMP_CHECKSUM,
	 NULL},
	{"rules-2.5 fragmented error", NULL, "4 | part 0 40 | icmp 3 1 0 | 4r | udp n=200",
	 REASON_ICMP_FRAGMENT, NULL},
	{"4443-2.4c 1280 bytes at most: 1232 quoted, whole", NULL,
	 "4 | icmp 3 1 0 | 4r | udp n=1184", REASON_OK, "6 hop=63 | icmp 1 0 0 | 6r | udp n=1184"},
	{"4443-2.4c 1280 bytes at most: cut by one", NULL, "4 | icmp 3 1 0 | 4r | udp n=1185",
	 REASON_OK, "6 hop=63 | icmp 1 0 0 cut=1232 | 6r | udp n=1185"},
	{"4443-2.4c 1280 bytes at most: cut", NULL, "4 df | icmp 3 1 0 | 4r | udp n=1440",
	 REASON_OK, "6 hop=63 | icmp 1 0 0 cut=1232 | 6r | udp n=1440"},
	{"rules-2.1 bytes behind the quoted packet's length are no part of it", NULL,
	 "4 | icmp 3 1 0 pad=100 | 4r | udp n=20", REASON_OK,
	 "6 hop=63 | icmp 1 0 0 | 6r | udp n=20"},
};

static const struct rig_row quote6_rows[] = {
	{"7915-5.2 no route about UDP", NULL, "6r | icmp 1 0 0 | 6 hop=5 | udp n=60", REASON_OK,
	 "4r ttl=63 id=* | icmp 3 1 0 | 4 id=0 ttl=5 | udp n=60"},
	{"7915-5.3 about TCP", NULL, "6r | icmp 1 4 0 | 6 | tcp n=61", REASON_OK,
	 "4r ttl=63 id=* | icmp 3 3 0 | 4 id=0 | tcp n=61"},
	{"7915-5.3 class and hop limit 0 of the quote", NULL,
	 "6r tc=7 | icmp 3 0 0 | 6 tc=9 hop=0 | udp", REASON_OK,
	 "4r tos=7 ttl=63 id=* | icmp 11 0 0 | 4 id=0 tos=9 ttl=0 | udp"},
	{"7915-5.3 quoted extension headers skipped", NULL,
	 "6r | icmp 1 4 0 | 6 | hbh | dst n=2 | rt | udp", REASON_OK,
	 "4r ttl=63 id=* | icmp 3 3 0 | 4 id=0 | udp"},
	{"7915-5.3 DF of a quote of 1260", NULL, "6r | icmp 1 4 0 cut=100 | 6 | udp n=1232",
	 REASON_OK, "4r ttl=63 id=* | icmp 3 3 0 cut=80 | 4 id=0 | udp n=1232"},
	{"7915-5.3 DF of a quote of 1261", NULL, "6r | icmp 1 4 0 cut=100 | 6 | udp n=1233",
	 REASON_OK, "4r ttl=63 id=* | icmp 3 3 0 cut=80 | 4 df id=0 | udp n=1233"},
	{"7915-5.2 unused word is zeroed", NULL, "6r | icmp 1 0 0x00778899 | 6 | udp", REASON_OK,
	 "4r ttl=63 id=* | icmp 3 1 0 | 4 id=0 | udp"},
	{"7915-5.3 8 bytes of TCP", NULL, "6r | icmp 1 4 0 cut=48 | 6 | tcp n=999", REASON_OK,
	 "4r ttl=63 id=* | icmp 3 3 0 cut=28 | 4 id=0 | tcp n=999"},
	{"7915-5.3 about an echo request", NULL, "6r | icmp 1 0 0 | 6 | echo n=31", REASON_OK,
	 "4r ttl=63 id=* | icmp 3 1 0 | 4 id=0 | echo n=31"},
	{"7915-5.3 about an echo reply", NULL, "6r | icmp 3 0 0 | 6 | reply n=31", REASON_OK,
	 "4r ttl=63 id=* | icmp 11 0 0 | 4 id=0 | reply n=31"},
	{"7915-5.3 about UDP without checksum", NULL, "6r | icmp 1 4 0 | 6 | udp zero", REASON_OK,
	 "4r ttl=63 id=* | icmp 3 3 0 | 4 id=0 | udp zero"},
	{"7915-5.3 about a first fragment", NULL,
	 "6r | icmp 3 1 0 | 6 | part 0 400 id=0x10009 | udp n=999", REASON_OK,
	 "4r ttl=63 id=* | icmp 11 1 0 | 4 id=9 | part 0 400 | udp n=999"},
	{"7915-5.3 about a later fragment", NULL, "6r | icmp 1 0 0 | 6 | part 80 400 | udp n=999",
	 REASON_OK, "4r ttl=63 id=* | icmp 3 1 0 | 4 | part 80 400 | udp n=999"},
	{"7915-5.3 about a later fragment of an echo request", NULL,
	 "6r | icmp 1 0 0 | 6 | part 80 400 | echo n=999", REASON_OK,
	 "4r ttl=63 id=* | icmp 3 1 0 | 4 | part 80 400 | echo n=999"},
	{"7915-5.3 type and code of a fragmented echo request", NULL,
	 "6r | icmp 3 0 0 cut=50 | 6 | part 0 400 | echo n=999", REASON_OK,
	 "4r ttl=63 id=* | icmp 11 0 0 cut=22 | 4 | part 0 400 | echo n=999"},
	{"7915-5.3 about an atomic fragment", NULL, "6r | icmp 1 0 0 | 6 | frag id=5 | udp n=60",
	 REASON_OK, "4r ttl=63 id=* | icmp 3 1 0 | 4 id=5 | udp n=60"},
	{"7915-5.3 an error in an error", NULL, "6r | icmp 1 0 0 | 6 | icmp 1 0 0 | 6r | udp",
	 REASON_ICMP_NESTED, NULL},
	{"7915-5.3 neighbour solicitation in an error", NULL,
	 "6r | icmp 1 0 0 | 6 | icmp 135 0 0 n=16", REASON_ICMP_NESTED, NULL},
	{"rules-8 an error that quotes the packet of another, IPv6", NULL,
	 "6r d=2001:db8:64::9.9.9.9 | icmp 1 4 0 | 6 | udp", REASON_QUOTE_OTHER, NULL},
	{"rules-8 too big that quotes the packet of another, IPv6", NULL,
	 "6r d=2001:db8:64::9.9.9.9 | icmp 2 0 1300 | 6 | tcp", REASON_QUOTE_OTHER, NULL},
	{"rules-8 an error that quotes what its receiver got, IPv6", NULL,
	 "6r | icmp 1 4 0 | 6 s=2001:db8:64::9.9.9.9 | udp", REASON_QUOTE_OTHER, NULL},
	{"7915-5.2 too big about a fragment: its header counts", NULL,
	 "6r | icmp 2 0 1400 | 6 | part 0 800 id=9 | udp n=2000", REASON_OK,
	 "4r ttl=63 id=* | icmp 3 4 1372 cut=548 | 4 id=9 | part 0 800 | udp n=2000"},
	{"7915-5.2 too big about a later fragment", NULL,
	 "6r | icmp 2 0 1400 cut=100 | 6 | part 800 800 id=9 | udp n=2000", REASON_OK,
	 "4r ttl=63 id=* | icmp 3 4 1372 cut=72 | 4 id=9 | part 800 800 | udp n=2000"},
	{"7915-5.2 too big about a fragment, larger than the device", NULL,
	 "6r | icmp 2 0 9000 cut=100 | 6 | part 0 800 id=9 | udp n=2000", REASON_OK,
	 "4r ttl=63 id=* | icmp 3 4 1472 cut=72 | 4 id=9 | part 0 800 | udp n=2000"},
	{"7915-5.2 too big about an atomic fragment", NULL,
	 "6r | icmp 2 0 1400 | 6 | frag id=9 | udp", REASON_OK,
	 "4r ttl=63 id=* | icmp 3 4 1380 | 4 id=9 | udp"},
	{"7915-5.2 too big about a fragment, below what IPv4 has", NULL,
	 "6r | icmp 2 0 90 cut=100 | 6 | part 0 800 id=9 | udp n=2000", REASON_OK,
	 "4r ttl=63 id=* | icmp 3 4 68 cut=72 | 4 id=9 | part 0 800 | udp n=2000"},
	{"rules-8 quoted protocol 1", NULL, "6r | icmp 1 0 0 | 6 p=1 | data 40", REASON_QUOTE_BAD,
	 NULL},
	{"rules-8 quoted version 4", NULL, "6r | icmp 1 0 0 | 4 | udp n=60", REASON_QUOTE_BAD,
	 NULL},
	{"rules-8 quoted fragment header and extension header", NULL,
	 "6r | icmp 1 0 0 | 6 | part 0 48 | dst | udp n=400", REASON_QUOTE_BAD, NULL},
	{"rules-8 quoted routing header with segments left", NULL,
	 "6r | icmp 1 0 0 | 6 | rt left=1 | udp", REASON_QUOTE_BAD, NULL},
	{"rules-8 quoted chain cut", NULL, "6r | icmp 1 0 0 cut=52 | 6 | hbh n=2 | udp",
	 REASON_QUOTE_BAD, NULL},
	{"rules-8 nothing quoted, IPv6", NULL, "6r | icmp 1 0 0 n=0", REASON_QUOTE_BAD, NULL},
	{"rules-8 quoted source without mapping, IPv6", NULL,
	 "6r | icmp 1 0 0 | 6 s=2001:db8:dead::1 | udp", REASON_QUOTE_NO_MAP, NULL},
	{"rules-8 quoted destination without mapping, IPv6", NULL,
	 "6r | icmp 1 0 0 | 6 d=2001:db8:dead::1 | udp", REASON_QUOTE_NO_MAP, NULL},
	{"rules-2.4 wrong checksum, IPv6", NULL, "6r | icmp 1 0 0 bad | 6 | udp",
	 REASON_ICMP_CHECKSUM, NULL},
	{"1812-4.3.2.3 576 bytes at most: whole", NULL, "6r | icmp 1 0 0 | 6 | udp n=520",
	 REASON_OK, "4r ttl=63 id=* | icmp 3 1 0 | 4 id=0 | udp n=520"},
	{"1812-4.3.2.3 576 bytes at most: cut by one", NULL, "6r | icmp 1 0 0 | 6 | udp n=521",
	 REASON_OK, "4r ttl=63 id=* | icmp 3 1 0 cut=548 | 4 id=0 | udp n=521"},
	{"1812-4.3.2.3 576 bytes at most: cut", NULL, "6r | icmp 1 0 0 | 6 | udp n=1184", REASON_OK,
	 "4r ttl=63 id=* | icmp 3 1 0 cut=548 | 4 id=0 | udp n=1184"},
	{"8200-5 error behind extension headers", NULL,
	 "6r | hbh | dst | icmp 1 0 0 | 6 | udp n=60", REASON_OK,
	 "4r ttl=63 id=* | icmp 3 1 0 | 4 id=0 | udp n=60"},
};

static const struct rig_row source_rows[] = {
	{"6791-3 router in no prefix: ipv4-addr", NULL,
	 "6r s=2001:db8:dead::1 | icmp 3 0 0 | 6 | udp", REASON_OK,
	 "4r s=192.0.2.254 ttl=63 id=* | icmp 11 0 0 | 4 id=0 | udp"},
	{"6791-3 router in no prefix, too big", NULL,
	 "6r s=2001:db8:dead::1 | icmp 2 0 1300 | 6 | udp", REASON_OK,
	 "4r s=192.0.2.254 ttl=63 id=* | icmp 3 4 1280 | 4 id=0 | udp"},
	{"6791-3 router inside the prefix", NULL,
	 "6r s=2001:db8:64::0909:0909 | icmp 3 0 0 | 6 | udp", REASON_OK,
	 "4r s=9.9.9.9 ttl=63 id=* | icmp 11 0 0 | 4 id=0 | udp"},
	{"6791-3 mapped router", NULL, "6r s=2001:db8:1::9 | icmp 3 0 0 | 6 | udp", REASON_OK,
	 "4r s=203.0.113.9 ttl=63 id=* | icmp 11 0 0 | 4 id=0 | udp"},
	{"6791-3 only errors: echo reply of an unmapped host", NULL,
	 "6r s=2001:db8:dead::1 | reply", REASON_NO_MAP_SRC, "answer 1 5 0"},
	{"7915-4.1 error from another router goes through the prefix", NULL,
	 "4 s=10.9.8.7 | icmp 11 0 0 | 4r | udp", REASON_OK,
	 "6 s=2001:db8:64::0a09:0807 hop=63 | icmp 3 0 0 | 6r | udp"},
	{"6791-3 no prefix: ipv6-addr", MAPS_ONLY, "4 s=10.9.8.7 | icmp 11 0 0 | 4r | udp",
	 REASON_OK, "6 s=2001:db8:ffff::64 hop=63 | icmp 3 0 0 | 6r | udp"},
	{"7915-4.1 error from 127.0.0.1", NULL, "4 s=127.0.0.1 | icmp 11 0 0 | 4r | udp", REASON_OK,
	 "6 s=2001:db8:64::7f00:1 hop=63 | icmp 3 0 0 | 6r | udp"},
	{"7915-4.1 error from 0.0.0.0", NULL, "4 s=0.0.0.0 | icmp 11 0 0 | 4r | udp", REASON_OK,
	 "6 s=2001:db8:64:: hop=63 | icmp 3 0 0 | 6r | udp"},
	{"7915-4.1 error from 169.254.1.1", NULL, "4 s=169.254.1.1 | icmp 3 4 1400 | 4r | udp",
	 REASON_OK, "6 s=2001:db8:64::a9fe:101 hop=63 | icmp 2 0 1420 | 6r | udp"},
	{"7915-4.1 echo reply from 127.0.0.1", NULL, "4 s=127.0.0.1 | reply", REASON_BAD_ADDRESS,
	 NULL},
	{"7915-4.1 error to 127.0.0.1", NULL, "4 d=127.0.0.1 | icmp 11 0 0 | 4r | udp",
	 REASON_BAD_ADDRESS, NULL},
	{"6052-3.1 error from a private router, strict well-known prefix", WKP,
	 "4 s=10.0.0.1 | icmp 11 0 0 | 4r d=8.8.8.8 | udp", REASON_OK,
	 "6 s=64:ff9b::0a00:1 hop=63 | icmp 3 0 0 | 6r d=64:ff9b::808:808 | udp"},
	{"6052-3.1 echo reply from a private host, strict well-known prefix", WKP,
	 "4 s=10.0.0.1 | reply", REASON_WKP_PRIVATE, "answer 3 13 0"},
	{"rules-1.4 error from fe80::1", NULL, "6r s=fe80::1 | icmp 3 0 0 | 6 | udp",
	 REASON_BAD_ADDRESS, NULL},
};

#define ROUTER  "s=2001:db8:dead::1"
#define SOURCE  RIG_BASE "mtu 1500; source 198.18.0.9/32"
#define NODE_ID RIG_BASE "mtu 1500; nodeid yes"
/* The sources for errors of routers without an IPv4 address. */
static const struct rig_row stand_in_rows[] = {
	{"6791-3.2 pool: no route", SOURCE, "6r " ROUTER " | icmp 1 0 0 | 6 | udp", REASON_OK,
	 "4r s=198.18.0.9 ttl=63 id=* | icmp 3 1 0 | 4 id=0 | udp"},
	{"6791-3.2 pool: too big", SOURCE, "6r " ROUTER " | icmp 2 0 1300 | 6 | udp", REASON_OK,
	 "4r s=198.18.0.9 ttl=63 id=* | icmp 3 4 1280 | 4 id=0 | udp"},
	{"6791-3.2 pool: time exceeded", SOURCE, "6r " ROUTER " | icmp 3 0 0 | 6 | udp", REASON_OK,
	 "4r s=198.18.0.9 ttl=63 id=* | icmp 11 0 0 | 4 id=0 | udp"},
	{"6791-3.2 pool: parameter problem", SOURCE, "6r " ROUTER " | icmp 4 0 0 | 6 | udp",
	 REASON_OK, "4r s=198.18.0.9 ttl=63 id=* | icmp 12 0 0 | 4 id=0 | udp"},
	{"6791-3.2 pool: extensions are carried as ever", SOURCE,
	 "6r " ROUTER " | icmp 3 0 0 pad=128 ext=20 | 6 | udp n=64", REASON_OK,
	 "4r s=198.18.0.9 ttl=63 id=* | icmp 11 0 0 pad=128 ext=20 | 4 id=0 | udp n=64"},
	{"6791-3.1 pool: a mapped router has its own address", SOURCE,
	 "6r s=2001:db8:1::9 | icmp 3 0 0 | 6 | udp", REASON_OK,
	 "4r s=203.0.113.9 ttl=63 id=* | icmp 11 0 0 | 4 id=0 | udp"},
	{"6791-3.1 pool: a router inside the prefix has its own address", SOURCE,
	 "6r s=2001:db8:64::0909:0909 | icmp 3 0 0 | 6 | udp", REASON_OK,
	 "4r s=9.9.9.9 ttl=63 id=* | icmp 11 0 0 | 4 id=0 | udp"},
	{"6791-3.1 pool: ipv6-addr is ipv4-addr", SOURCE,
	 "6r s=2001:db8:ffff::64 | icmp 3 0 0 | 6 | udp", REASON_OK,
	 "4r s=192.0.2.254 ttl=63 id=* | icmp 11 0 0 | 4 id=0 | udp"},
	{"6791-3.1 pool: a private router in the strict well-known prefix has its own address",
	 WKP "; source 198.18.0.9/32",
	 "6r s=64:ff9b::a00:1 d=64:ff9b::808:808 | icmp 3 0 0 | 6 s=64:ff9b::808:808 | udp",
	 REASON_OK, "4r s=10.0.0.1 d=8.8.8.8 ttl=63 id=* | icmp 11 0 0 | 4 id=0 s=8.8.8.8 | udp"},
	{"1812-5.3.7 pool: a router whose IPv4 address may never be routed", SOURCE,
	 "6r s=2001:db8:64::7f00:1 | icmp 3 0 0 | 6 | udp", REASON_OK,
	 "4r s=198.18.0.9 ttl=63 id=* | icmp 11 0 0 | 4 id=0 | udp"},
	{"6791-3 pool: only errors", SOURCE, "6r " ROUTER " | reply", REASON_NO_MAP_SRC,
	 "answer 1 5 0"},
	{"own pool: our own errors come from ipv4-addr", SOURCE, "4 ttl=1 | udp", REASON_TTL,
	 "answer 11 0 0"},
	{"own pool: nobody is to be found there", SOURCE, "4 d=198.18.0.9 | echo",
	 REASON_NO_MAP_DST, "answer 3 1 0"},
	{"own pool: its neighbors are found", SOURCE, "4 d=198.18.0.8 | echo", REASON_OK,
	 "6 d=2001:db8:64::198.18.0.8 hop=63 | echo"},
	{"own pool: nobody speaks from there", SOURCE, "4 s=198.18.0.9 | echo", REASON_NO_MAP_SRC,
	 "answer 3 13 0"},
	{"own pool: but errors arrive from there (hairpin)", SOURCE,
	 "4 s=198.18.0.9 | icmp 11 0 0 | 4r d=203.0.113.9 | udp", REASON_OK,
	 "6 s=2001:db8:64::198.18.0.9 hop=63 | icmp 3 0 0 | 6r d=2001:db8:64::203.0.113.9 | udp"},
	{"own pool around ipv4-addr: it answers", RIG_SETUP "; source 192.0.2.0/24",
	 "4 d=192.0.2.254 | echo", REASON_SELF_ECHO, "4 s=192.0.2.254 d=198.51.100.7 id=* | reply"},
	{"own pool around ipv4-addr: nobody else does", RIG_SETUP "; source 192.0.2.0/24",
	 "4 d=192.0.2.253 | echo", REASON_NO_MAP_DST, "answer 3 1 0"},
	{"v6only-source-4.1 not for a parameter problem", NODE_ID,
	 "6r " ROUTER " | icmp 4 0 0 | 6 | udp", REASON_OK,
	 "4r s=192.0.2.254 ttl=63 id=* | icmp 12 0 0 | 4 id=0 | udp"},
	{"v6only-source-4.1 not for an unknown next header", NODE_ID,
	 "6r " ROUTER " | icmp 4 1 6 | 6 | udp", REASON_OK,
	 "4r s=192.0.2.254 ttl=63 id=* | icmp 3 2 0 | 4 id=0 | udp"},
	{"v6only-source-4.1 not for a mapped router", NODE_ID,
	 "6r s=2001:db8:1::9 | icmp 3 0 0 pad=128 ext=20 | 6 | udp n=64", REASON_OK,
	 "4r s=203.0.113.9 ttl=63 id=* | icmp 11 0 0 pad=128 ext=20 | 4 id=0 | udp n=64"},
	{"v6only-source-4.1 not for a router inside the prefix", NODE_ID,
	 "6r s=2001:db8:64::0909:0909 | icmp 1 0 0 | 6 | udp", REASON_OK,
	 "4r s=9.9.9.9 ttl=63 id=* | icmp 3 1 0 | 4 id=0 | udp"},
	{"v6only-source-4.1 not for a private router in the strict well-known prefix",
	 WKP "; nodeid yes",
	 "6r s=64:ff9b::a00:1 d=64:ff9b::808:808 | icmp 3 0 0 | 6 s=64:ff9b::808:808 | udp",
	 REASON_OK, "4r s=10.0.0.1 d=8.8.8.8 ttl=63 id=* | icmp 11 0 0 | 4 id=0 s=8.8.8.8 | udp"},
	{"v6only-source-4.1 not for ipv6-addr", NODE_ID,
	 "6r s=2001:db8:ffff::64 | icmp 3 0 0 | 6 | udp", REASON_OK,
	 "4r s=192.0.2.254 ttl=63 id=* | icmp 11 0 0 | 4 id=0 | udp"},
	{"v6only-source-4.1 not for an echo reply", NODE_ID, "6r " ROUTER " | reply",
	 REASON_NO_MAP_SRC, "answer 1 5 0"},
	{"7600-4.8 nobody is to be found at 192.0.0.8", NODE_ID, "4 d=192.0.0.8 | udp",
	 REASON_NO_MAP_DST, "answer 3 1 0"},
	{"7600-4.8 without icmp-node-id 192.0.0.8 is an address like others", NULL,
	 "4 s=203.0.113.9 d=192.0.0.8 | udp", REASON_OK,
	 "6 s=2001:db8:1::9 d=2001:db8:64::192.0.0.8 hop=63 | udp"},
	{"v6only-source-4.1 an error from 192.0.0.8 arrives, its extension as it is",
	 WKP "; nodeid yes", "4 s=192.0.0.8 | icmp 11 0 0 pad=128 ext=28 | 4r d=8.8.8.8 | udp n=64",
	 REASON_OK,
	 "6 s=64:ff9b::192.0.0.8 hop=63 | icmp 3 0 0 pad=128 ext=28 | 6r d=64:ff9b::808:808 |"
	 "udp n=64"},
};

/* Quotes of 92 bytes (UDP n=64) as IPv4, 112 as IPv6; n=200: 228 and 248. */
static const struct rig_row extension_rows[] = {
	{"4884-4 3/1: padded quote", NULL, "4 | icmp 3 1 0 pad=128 ext=20 | 4r | udp n=64",
	 REASON_OK, "6 hop=63 | icmp 1 0 0 pad=128 ext=20 | 6r | udp n=64"},
	{"4884-4 3/1: cut quote grows and is padded to 8", NULL,
	 "4 | icmp 3 1 0 cut=128 ext=20 | 4r | udp n=200", REASON_OK,
	 "6 hop=63 | icmp 1 0 0 cut=148 pad=152 ext=20 | 6r | udp n=200"},
	{"4884-4 11/0", NULL, "4 | icmp 11 0 0 cut=128 ext=8 | 4r | udp n=200", REASON_OK,
	 "6 hop=63 | icmp 3 0 0 cut=148 pad=152 ext=8 | 6r | udp n=200"},
	{"4884-4 12/0 has a length field, 4/0 has none: left out", NULL,
	 "4 | icmp 12 0 0 cut=128 ext=8 | 4r | udp n=200", REASON_OK,
	 "6 hop=63 | icmp 4 0 0 cut=148 | 6r | udp n=200"},
	{"4884-4 3/2 becomes 4/1, which has no length field", NULL,
	 "4 | icmp 3 2 0 cut=128 ext=8 | 4r | udp n=200", REASON_OK,
	 "6 hop=63 | icmp 4 1 6 cut=148 | 6r | udp n=200"},
	{"4884-4 3/4 carries none across", NULL, "4 | icmp 3 4 1400 cut=128 ext=8 | 4r | udp n=200",
	 REASON_OK, "6 hop=63 | icmp 2 0 1420 cut=148 | 6r | udp n=200"},
	{"4884-5 short quote that fills its length field with zeros", NULL,
	 "4 | icmp 11 0 0 pad=200 ext=12 | 4r | udp n=4", REASON_OK,
	 "6 hop=63 | icmp 3 0 0 pad=128 ext=12 | 6r | udp n=4"},
	{"4884-5 length beyond the message: no extensions", NULL,
	 "4 | icmp 11 0 0 lf=255 | 4r | udp n=64", REASON_OK,
	 "6 hop=63 | icmp 3 0 0 | 6r | udp n=64"},
	{"4884-5 length as long as the message: no extensions", NULL,
	 "4 | icmp 11 0 0 cut=128 lf=32 | 4r | udp n=200", REASON_OK,
	 "6 hop=63 | icmp 3 0 0 cut=148 | 6r | udp n=200"},
	{"4884-5 length below 128: padded", NULL, "4 | icmp 11 0 0 pad=92 ext=12 | 4r | udp n=64",
	 REASON_OK, "6 hop=63 | icmp 3 0 0 pad=128 ext=12 | 6r | udp n=64"},
	{"4884-5 length one word beyond the message: no extensions", NULL,
	 "4 | icmp 11 0 0 cut=128 lf=33 | 4r | udp n=200", REASON_OK,
	 "6 hop=63 | icmp 3 0 0 cut=148 | 6r | udp n=200"},
	{"4884-5 length one word beyond the message, IPv6: no extensions", NULL,
	 "6r | icmp 3 0 0 cut=128 lf=17 | 6 | udp n=200", REASON_OK,
	 "4r ttl=63 id=* | icmp 11 0 0 cut=108 | 4 id=0 | udp n=200"},
	{"4884-5 length below any header: not trusted", NULL,
	 "4 | icmp 11 0 0 lf=1 | 4r | udp n=64", REASON_OK,
	 "6 hop=63 | icmp 3 0 0 | 6r | udp n=64"},
	{"4884-5 length below any header, IPv6: not trusted", NULL,
	 "6r | icmp 3 0 0 lf=5 | 6 | udp n=64", REASON_OK,
	 "4r ttl=63 id=* | icmp 11 0 0 | 4 id=0 | udp n=64"},
	{"4884-5 length below 128, an extension of 4 bytes: padded", NULL,
	 "4 | icmp 11 0 0 pad=92 ext=4 | 4r | udp n=64", REASON_OK,
	 "6 hop=63 | icmp 3 0 0 pad=128 ext=4 | 6r | udp n=64"},
	{"4884-5 length below 128, no room for an extension: not trusted", NULL,
	 "4 | icmp 11 0 0 pad=92 ext=3 | 4r | udp n=64", REASON_OK,
	 "6 hop=63 | icmp 3 0 0 | 6r | udp n=64"},
	{"4884-5 length of 28 and no extension: not trusted", NULL,
	 "4 | icmp 11 0 0 lf=7 | 4r | udp n=200", REASON_OK,
	 "6 hop=63 | icmp 3 0 0 | 6r | udp n=200"},
	{"4884-5 length of 124 and no extension: not trusted", NULL,
	 "4 | icmp 3 1 0 lf=31 | 4r | udp n=200", REASON_OK,
	 "6 hop=63 | icmp 1 0 0 | 6r | udp n=200"},
	{"4884-5 length of 48 and no extension, IPv6: not trusted", NULL,
	 "6r | icmp 3 0 0 lf=6 | 6 | udp n=200", REASON_OK,
	 "4r ttl=63 id=* | icmp 11 0 0 | 4 id=0 | udp n=200"},
	{"4884-5 length of 120 and no extension, IPv6: not trusted", NULL,
	 "6r | icmp 1 4 0 lf=15 | 6 | udp n=200", REASON_OK,
	 "4r ttl=63 id=* | icmp 3 3 0 | 4 id=0 | udp n=200"},
	{"4884-3 length of 128: whatever follows is an extension", NULL,
	 "4 | icmp 11 0 0 lf=32 | 4r opts=01010101 | udp n=200", REASON_OK,
	 "6 hop=63 | icmp 3 0 0 lf=18 | 6r | udp n=200"},
	{"4884-3 length of 152, IPv6: whatever follows is an extension", NULL,
	 "6r | icmp 3 0 0 lf=19 | 6 | udp n=200", REASON_OK,
	 "4r ttl=63 id=* | icmp 11 0 0 lf=33 | 4 id=0 | udp n=200"},
	{"4443-2.4c quote cut for the extension's sake", NULL,
	 "4 df | icmp 3 1 0 cut=1000 ext=400 | 4r | udp n=1400", REASON_OK,
	 "6 hop=63 | icmp 1 0 0 cut=832 ext=400 | 6r | udp n=1400"},
	{"4443-2.4c quote cut to a multiple of 8", NULL,
	 "4 df | icmp 3 1 0 cut=1000 ext=404 | 4r | udp n=1400", REASON_OK,
	 "6 hop=63 | icmp 1 0 0 cut=824 ext=404 | 6r | udp n=1400"},
	{"4443-2.4c quote cut to 128", NULL, "4 df | icmp 3 1 0 cut=300 ext=1104 | 4r | udp n=1400",
	 REASON_OK, "6 hop=63 | icmp 1 0 0 cut=128 ext=1104 | 6r | udp n=1400"},
	{"4443-2.4c extension that does not fit is left out whole", NULL,
	 "4 df | icmp 3 1 0 cut=300 ext=1105 | 4r | udp n=1400", REASON_OK,
	 "6 hop=63 | icmp 1 0 0 cut=320 | 6r | udp n=1400"},
	{"4884-4 1/0: padded quote", NULL, "6r | icmp 1 0 0 pad=128 ext=20 | 6 | udp n=64",
	 REASON_OK, "4r ttl=63 id=* | icmp 3 1 0 pad=128 ext=20 | 4 id=0 | udp n=64"},
	{"4884-4 1/4: cut quote shrinks to below 128", NULL,
	 "6r | icmp 1 4 0 cut=128 ext=20 | 6 | udp n=200", REASON_OK,
	 "4r ttl=63 id=* | icmp 3 3 0 cut=108 pad=128 ext=20 | 4 id=0 | udp n=200"},
	{"4884-4 3/0: whole quote of an odd length", NULL,
	 "6r | icmp 3 0 0 pad=256 ext=20 | 6 | udp n=201", REASON_OK,
	 "4r ttl=63 id=* | icmp 11 0 0 pad=232 ext=20 | 4 id=0 | udp n=201"},
	{"4884-4 2/0 carries none", NULL, "6r | icmp 2 0 1300 pad=128 | 6 | udp n=64", REASON_OK,
	 "4r ttl=63 id=* | icmp 3 4 1280 | 4 id=0 | udp n=64"},
	{"4884-4 4/0 carries none", NULL, "6r | icmp 4 0 0 pad=128 | 6 | udp n=64", REASON_OK,
	 "4r ttl=63 id=* | icmp 12 0 0 | 4 id=0 | udp n=64"},
	{"1812-4.3.2.3 quote cut for the extension's sake", NULL,
	 "6r | icmp 1 0 0 cut=1000 ext=20 | 6 | udp n=1180", REASON_OK,
	 "4r ttl=63 id=* | icmp 3 1 0 cut=528 ext=20 | 4 id=0 | udp n=1180"},
	{"1812-4.3.2.3 quote cut to a multiple of 4", NULL,
	 "6r | icmp 1 0 0 cut=1000 ext=22 | 6 | udp n=1180", REASON_OK,
	 "4r ttl=63 id=* | icmp 3 1 0 cut=524 ext=22 | 4 id=0 | udp n=1180"},
	{"1812-4.3.2.3 quote cut to 128", NULL, "6r | icmp 1 0 0 cut=400 ext=420 | 6 | udp n=1180",
	 REASON_OK, "4r ttl=63 id=* | icmp 3 1 0 cut=128 ext=420 | 4 id=0 | udp n=1180"},
	{"1812-4.3.2.3 extension that does not fit is left out whole", NULL,
	 "6r | icmp 1 0 0 cut=1000 ext=424 | 6 | udp n=1180", REASON_OK,
	 "4r ttl=63 id=* | icmp 3 1 0 cut=548 | 4 id=0 | udp n=1180"},
	{"4884-5 length beyond the message, IPv6: no extensions", NULL,
	 "6r | icmp 3 0 0 lf=255 | 6 | udp n=64", REASON_OK,
	 "4r ttl=63 id=* | icmp 11 0 0 | 4 id=0 | udp n=64"},
	{"4884-5 length below 128, IPv6: padded", NULL,
	 "6r | icmp 3 0 0 pad=112 ext=12 | 6 | udp n=64", REASON_OK,
	 "4r ttl=63 id=* | icmp 11 0 0 pad=128 ext=12 | 4 id=0 | udp n=64"},
};

static const struct rig_row query_rows[] = {
	{"7915-4.2 timestamp", NULL, "4 | icmp 13 0 0 n=12", REASON_ICMP_TYPE, NULL},
	{"7915-4.2 timestamp reply", NULL, "4 | icmp 14 0 0 n=12", REASON_ICMP_TYPE, NULL},
	{"7915-4.2 information", NULL, "4 | icmp 15 0 0", REASON_ICMP_TYPE, NULL},
	{"7915-4.2 address mask", NULL, "4 | icmp 17 0 0 n=4", REASON_ICMP_TYPE, NULL},
	{"7915-4.2 address mask reply", NULL, "4 | icmp 18 0 0 n=4", REASON_ICMP_TYPE, NULL},
	{"7915-4.2 router advertisement", NULL, "4 | icmp 9 0 0 n=8", REASON_ICMP_TYPE, NULL},
	{"7915-4.2 router solicitation", NULL, "4 | icmp 10 0 0", REASON_ICMP_TYPE, NULL},
	{"7915-5.2 listener query", NULL, "6r | icmp 130 0 0 n=16", REASON_ICMP_TYPE, NULL},
	{"7915-5.2 listener report", NULL, "6r | icmp 131 0 0 n=16", REASON_ICMP_TYPE, NULL},
	{"7915-5.2 router solicitation", NULL, "6r | icmp 133 0 0", REASON_ICMP_TYPE, NULL},
	{"7915-5.2 router advertisement", NULL, "6r | icmp 134 0 0 n=8", REASON_ICMP_TYPE, NULL},
	{"7915-5.2 neighbour solicitation", NULL, "6r | icmp 135 0 0 n=16", REASON_ICMP_TYPE, NULL},
	{"7915-5.2 neighbour advertisement", NULL, "6r | icmp 136 0 0 n=16", REASON_ICMP_TYPE,
	 NULL},
	{"7915-5.2 redirect", NULL, "6r | icmp 137 0 0 n=32", REASON_ICMP_TYPE, NULL},
	{"7915-5.2 extended echo", NULL, "6r | icmp 160 0 0 n=32", REASON_ICMP_TYPE, NULL},
};

static const struct {
	const struct rig_row *row;
	int rows;
} tables[] = {
	{quote4_rows, ROWS(quote4_rows)},       {quote6_rows, ROWS(quote6_rows)},
	{source_rows, ROWS(source_rows)},       {query_rows, ROWS(query_rows)},
	{extension_rows, ROWS(extension_rows)}, {stand_in_rows, ROWS(stand_in_rows)},
};

START_TEST(rows)
{
	rig_check_rows(tables[_i].row, tables[_i].rows);
}
END_TEST

/* Returns the source of an error from router I of network NET. */
static uint32_t source_of(struct rig *r, unsigned net, unsigned i)
{
	uint8_t b[CRAFT_MAX];
	char in[100];

	snprintf(in, sizeof(in), "6r s=2001:db8:dead:%x::%x | icmp 3 0 0 | 6 | udp", net, i);
	ck_assert_int_eq(rig_send_text(r, in), REASON_OK);
	rig_output(r, 0, b);
	return get32(b + offsetof(struct ip4_hdr, src));
}

/* Different routers in a traceroute have different addresses, and a router always the same
 * [6791-3.2]. */
START_TEST(source_pool_spreads)
{
	static struct rig r, restarted;
	unsigned seen[256] = {0}, distinct = 0, i;

	rig_open(&r, RIG_BASE "source 198.18.7.0/24");
	rig_open(&restarted, RIG_BASE "source 198.18.7.0/24");
	restarted.x.ipid.key.k0 ^= 1;
	for (i = 0; i < 1000; i++) {
		uint32_t a = source_of(&r, i % 10, i);

		ck_assert_uint_eq(a >> 8, 0xc61207);
		ck_assert_uint_eq(source_of(&r, i % 10, i), a);
		ck_assert_uint_eq(source_of(&restarted, i % 10, i), a);
		distinct += seen[a & 255]++ == 0;
	}
	ck_assert_uint_gt(distinct, 230); /* 256 (1 - e^(-1000/256)) = 251 are expected */
	for (i = 0; i < 256; i++)
		ck_assert_uint_lt(seen[i], 20);
	rig_close(&r);
	rig_close(&restarted);
}
END_TEST

/* Uses all addresses of a pool of any size, and no others. */
START_TEST(source_pool_lengths)
{
	static struct rig r;
	char setup[200];
	uint32_t any = 0, all = UINT32_MAX;
	unsigned i;

	snprintf(setup, sizeof(setup), RIG_BASE "source 64.0.0.0/%d", _i);
	rig_open(&r, setup);
	for (i = 0; i < 200; i++) {
		uint32_t a = source_of(&r, 0, i);

		any |= a;
		all &= a;
	}
	ck_assert_uint_eq(all, 0x40000000);
	ck_assert_uint_eq(any, 0x40000000 | ~addr_mask4((unsigned)_i));
	rig_close(&r);
}
END_TEST

/* Overwrites the end of the ICMP error at B with the extension HEX, and corrects its checksum. */
static void put_extension(uint8_t *b, size_t len, const char *hex)
{
	bool six = b[0] >> 4 == 6;
	size_t head = six ? 40 : 20, n = strlen(hex) / 2, alen = six ? 16 : 4;
	unsigned v;

	for (size_t i = 0; i < n; i++) {
		ck_assert_int_eq(sscanf(hex + 2 * i, "%2x", &v), 1);
		b[len - n + i] = (uint8_t)v;
	}
	put16(b + head + 2, 0);
	put16(b + head + 2, ~craft_l4_sum(b + head - 2 * alen, b + head - alen, alen, six ? 58 : 1,
					  b + head, len - head));
}

#define NAME       \
	"00180504" \
	"00020000" \
	"20010db8dead00000000000000000001"
#define NAMED "2000ce79" NAME
#define MPLS       \
	"2000ddf4" \
	"00080101" \
	"00010101"
/* Errors from ROUTER and their translations; IN_EXT and OUT_EXT are the extensions after them. */
static const struct {
	const char *name, *in, *in_ext, *out, *out_ext;
} named_rows[] = {
	{"v6only-source-4.2 1/0", "icmp 1 0 0 | 6 | udp n=64", "",
	 "icmp 3 1 0 pad=128 ext=28 | 4 id=0 | udp n=64", NAMED},
	{"v6only-source-4.2 1/1", "icmp 1 1 0 | 6 | udp n=64", "",
	 "icmp 3 10 0 pad=128 ext=28 | 4 id=0 | udp n=64", NAMED},
	{"v6only-source-4.2 1/3", "icmp 1 3 0 | 6 | tcp", "",
	 "icmp 3 1 0 pad=128 ext=28 | 4 id=0 | tcp", NAMED},
	{"v6only-source-4.2 1/4", "icmp 1 4 0 | 6 | echo", "",
	 "icmp 3 3 0 pad=128 ext=28 | 4 id=0 | echo", NAMED},
	{"v6only-source-4.2 2/0, its MTU beside the length", "icmp 2 0 1300 | 6 | udp n=64", "",
	 "icmp 3 4 1280 pad=128 ext=28 | 4 id=0 | udp n=64", NAMED},
	{"v6only-source-4.2 2/0 with a full quote", "icmp 2 0 1500 | 6 | udp n=1184", "",
	 "icmp 3 4 1480 cut=520 ext=28 | 4 id=0 | udp n=1184", NAMED},
	{"v6only-source-4.2 2/0, whatever stands behind its quote",
	 "icmp 2 0 1280 pad=128 ext=12 lf=0 | 6 | udp n=64", MPLS,
	 "icmp 3 4 1260 pad=128 ext=28 | 4 id=0 | udp n=64", NAMED},
	{"v6only-source-4.2 3/0", "icmp 3 0 0 | 6 | udp n=64", "",
	 "icmp 11 0 0 pad=128 ext=28 | 4 id=0 | udp n=64", NAMED},
	{"v6only-source-4.2 3/1", "icmp 3 1 0 | 6 | udp n=64", "",
	 "icmp 11 1 0 pad=128 ext=28 | 4 id=0 | udp n=64", NAMED},
	{"4884-3 name: the least quote", "icmp 3 0 0 cut=48 | 6 | udp n=64", "",
	 "icmp 11 0 0 cut=28 pad=128 ext=28 | 4 id=0 | udp n=64", NAMED},
	{"4884-3 name: a quote of 128 needs no padding", "icmp 3 0 0 | 6 | udp n=100", "",
	 "icmp 11 0 0 ext=28 | 4 id=0 | udp n=100", NAMED},
	{"4884-3 name: a longer quote is padded to a word", "icmp 3 0 0 | 6 | udp n=101", "",
	 "icmp 11 0 0 pad=132 ext=28 | 4 id=0 | udp n=101", NAMED},
	{"1812-4.3.2.3 name: a quote that just fits", "icmp 3 0 0 | 6 | udp n=492", "",
	 "icmp 11 0 0 ext=28 | 4 id=0 | udp n=492", NAMED},
	{"1812-4.3.2.3 name: a quote longer by a byte is cut", "icmp 3 0 0 | 6 | udp n=493", "",
	 "icmp 11 0 0 cut=520 ext=28 | 4 id=0 | udp n=493", NAMED},
	{"1812-4.3.2.3 name: a full quote is cut", "icmp 3 0 0 | 6 | udp n=1184", "",
	 "icmp 11 0 0 cut=520 ext=28 | 4 id=0 | udp n=1184", NAMED},
	{"v6only-source-4.2 behind another object", "icmp 3 0 0 pad=128 ext=12 | 6 | udp n=64",
	 MPLS, "icmp 11 0 0 pad=128 ext=36 | 4 id=0 | udp n=64",
	 "2000cc6e"
	 "00080101"
	 "00010101" NAME},
	{"v6only-source-4.2 behind another object, a full quote",
	 "icmp 1 0 0 cut=1000 ext=12 | 6 | udp n=1184", MPLS,
	 "icmp 3 1 0 cut=512 ext=36 | 4 id=0 | udp n=1184",
	 "2000cc6e"
	 "00080101"
	 "00010101" NAME},
	{"v6only-source-4.2 behind a header without objects",
	 "icmp 3 0 0 pad=128 ext=4 | 6 | udp n=64", "2000dfff",
	 "icmp 11 0 0 pad=128 ext=28 | 4 id=0 | udp n=64", NAMED},
	{"v6only-source-4.2 instead of what has no version",
	 "icmp 3 0 0 pad=128 ext=12 | 6 | udp n=64",
	 "1000edf4"
	 "00080101"
	 "00010101",
	 "icmp 11 0 0 pad=128 ext=28 | 4 id=0 | udp n=64", NAMED},
	{"v6only-source-4.2 instead of what has a wrong checksum",
	 "icmp 3 0 0 pad=128 ext=12 | 6 | udp n=64",
	 "2000ddf5"
	 "00080101"
	 "00010101",
	 "icmp 11 0 0 pad=128 ext=28 | 4 id=0 | udp n=64", NAMED},
	{"v6only-source-4.2 instead of half an object", "icmp 3 0 0 pad=128 ext=6 | 6 | udp n=64",
	 "200000000008", "icmp 11 0 0 pad=128 ext=28 | 4 id=0 | udp n=64", NAMED},
	{"4884-5 name: a length that is not trusted: none", "icmp 3 0 0 lf=255 | 6 | udp n=64", "",
	 "icmp 11 0 0 pad=128 ext=28 | 4 id=0 | udp n=64", NAMED},
};

START_TEST(node_id)
{
	static uint8_t in[CRAFT_MAX], want[CRAFT_MAX], got[CRAFT_MAX];
	static struct rig r;
	char text[400];
	const char *name = named_rows[_i].name;
	size_t len, n;

	rig_open(&r, NODE_ID);
	snprintf(text, sizeof(text), "6r " ROUTER " | %s", named_rows[_i].in);
	len = craft(in, text, NULL);
	put_extension(in, len, named_rows[_i].in_ext);
	ck_assert_msg(rig_send(&r, in, len) == REASON_OK && r.out.outputs == 1, "%s: refused",
		      name);
	n = rig_output(&r, 0, got);
	snprintf(text, sizeof(text), "4r s=192.0.0.8 ttl=63 | %s", named_rows[_i].out);
	len = craft(want, text, NULL);
	put_extension(want, len, named_rows[_i].out_ext);
	memcpy(want + 4, got + 4, 2); /* identification */
	craft_seal4(want);
	ck_assert_msg(n == len && n <= 576, "%s: %zu bytes, not %zu", name, n, len);
	for (n = 0; n < len; n++)
		ck_assert_msg(got[n] == want[n], "%s: byte %zu is %02x, not %02x", name, n, got[n],
			      want[n]);
	rig_close(&r);
}
END_TEST

/* An extension of LEN bytes is kept while the quote has at least 128 bytes, and then replaced by
 * the name. */
START_TEST(node_id_sizes)
{
	static uint8_t in[CRAFT_MAX], got[CRAFT_MAX];
	static struct rig r;
	char text[200];

	rig_open(&r, NODE_ID);
	for (unsigned ext = 8; ext <= 600; ext += 4) {
		unsigned after = ext + 24 <= 420 ? ext + 24 : 28, quote = 548 - after;
		size_t len, n;
		uint8_t *at;

		snprintf(text, sizeof(text),
			 "6r " ROUTER " | icmp 3 0 0 cut=600 ext=%u | 6 | udp n=1184", ext);
		len = craft(in, text, NULL);
		at = in + len - ext;
		put32(at, 0x20000000);
		put32(at + 4, (ext - 4) << 16 | 0x0101);
		put_extension(in, len, "");
		ck_assert_int_eq(rig_send(&r, in, len), REASON_OK);
		n = rig_output(&r, 0, got);
		ck_assert_msg(n == 28 + quote + after, "%u: %zu bytes", ext, n);
		ck_assert_msg(got[25] == quote / 4, "%u: length field %u", ext, got[25]);
		ck_assert_msg(craft_sum(0, got + 28 + quote, after) == 0xffff, "%u: sum", ext);
		ck_assert_msg(memcmp(got + n - 16, in + 8, 16) == 0, "%u: name", ext);
		ck_assert_ptr_null(craft_fault(got, n, false));
	}
	rig_close(&r);
}
END_TEST

/* A second copy of the tables of sections 6 and 7 of nat64-rules(7). */
struct type_row {
	int type, first, last, to_type, to_code;
	unsigned rest; /* the four bytes of the input, and of the output */
	unsigned to_rest;
};

static const struct type_row types4[] = {
	{3, 0, 1, 1, 0, 0, 0},       {3, 2, 2, 4, 1, 0, 6},   {3, 3, 3, 1, 4, 0, 0},
	{3, 4, 4, 2, 0, 1400, 1420}, {3, 5, 8, 1, 0, 0, 0},   {3, 9, 10, 1, 1, 0, 0},
	{3, 11, 12, 1, 0, 0, 0},     {3, 13, 13, 1, 1, 0, 0}, {3, 15, 15, 1, 1, 0, 0},
	{11, 0, 255, 3, -1, 0, 0},   {12, 0, 0, 4, 0, 0, 0},  {12, 2, 2, 4, 0, 0, 0},
};

static const struct type_row types6[] = {
	{1, 0, 0, 3, 1, 0, 0},  {1, 1, 1, 3, 10, 0, 0},        {1, 2, 3, 3, 1, 0, 0},
	{1, 4, 4, 3, 3, 0, 0},  {2, 0, 255, 3, 4, 1300, 1280}, {3, 0, 255, 11, -1, 0, 0},
	{4, 0, 0, 12, 0, 0, 0}, {4, 1, 1, 3, 2, 0, 0},
};

static const struct type_row *find_type(bool six, int type, int code)
{
	const struct type_row *t = six ? types6 : types4;
	int i, n = six ? ROWS(types6) : ROWS(types4);

	for (i = 0; i < n; i++)
		if (t[i].type == type && t[i].first <= code && code <= t[i].last)
			return &t[i];
	return NULL;
}

/* Sends an error of TYPE and CODE through R, and compares with section 6 or 7 of nat64-rules(7). */
static const char *type_differs(struct rig *r, bool six, int type, int code)
{
	const struct type_row *t = find_type(six, type, code);
	char in[200], out[200];

	snprintf(in, sizeof(in),
		 six ? "6r | icmp %d %d %u | 6 | udp" : "4 | icmp %d %d %u | 4r | udp", type, code,
		 t ? t->rest : 0);
	if (!t)
		return rig_differs(r, rig_send_text(r, in), REASON_ICMP_TYPE, NULL);
	snprintf(out, sizeof(out),
		 six ? "4r ttl=63 id=* | icmp %d %d %u | 4 id=0 | udp"
		     : "6 hop=63 | icmp %d %d %u | 6r | udp",
		 t->to_type, t->to_code < 0 ? code : t->to_code, t->to_rest);
	return rig_differs(r, rig_send_text(r, in), REASON_OK, out);
}

static bool is_echo(bool six, int type)
{
	return six ? type == 128 || type == 129 : type == 0 || type == 8;
}

START_TEST(every_type_and_code)
{
	static struct rig r;
	bool six = _i;
	int type, code;

	rig_open(&r, NULL);
	for (type = 0; type < 256; type++) {
		for (code = 0; code < 256; code++) {
			const char *bad =
				is_echo(six, type) ? NULL : type_differs(&r, six, type, code);

			ck_assert_msg(!bad, "rules-%d %d/%d: %s", six ? 7 : 6, type, code, bad);
		}
	}
	rig_close(&r);
}
END_TEST

static int pointer4(unsigned p)
{
	static const int to[20] = {0,  1,  4, 4, -1, -1, -1, -1, 7,  6,
				   -1, -1, 8, 8, 8,  8,  24, 24, 24, 24};

	return p < 20 ? to[p] : -1;
}

static int pointer6(unsigned p)
{
	static const int to[8] = {0, 1, -1, -1, 2, 2, 9, 8};

	if (p < 8)
		return to[p];
	return p < 24 ? 12 : p < 40 ? 16 : -1;
}

START_TEST(every_pointer_4to6)
{
	static struct rig r;
	unsigned p, code;

	rig_open(&r, NULL);
	for (p = 0; p < 256; p++) {
		for (code = 0; code <= 2; code += 2) {
			int to = pointer4(p);
			char in[100], out[100];
			const char *bad;

			snprintf(in, sizeof(in), "4 | icmp 12 %u %u | 4r | udp", code, p << 24);
			snprintf(out, sizeof(out), "6 hop=63 | icmp 4 0 %d | 6r | udp", to);
			bad = rig_differs(&r, rig_send_text(&r, in),
					  to < 0 ? REASON_ICMP_POINTER : REASON_OK,
					  to < 0 ? NULL : out);
			ck_assert_msg(!bad, "7915-4.2 pointer %u: %s", p, bad);
		}
	}
	rig_close(&r);
}
END_TEST

START_TEST(every_pointer_6to4)
{
	static const unsigned huge[] = {0x7fffffff, 0x80000000, 0x80000001, 0xffffffff, 0x10000,
					0x100,      0x01000000, 0x06000000, 0xfffffff8};
	static struct rig r;
	unsigned i;

	rig_open(&r, NULL);
	for (i = 0; i < 256 + (unsigned)ROWS(huge); i++) {
		unsigned p = i < 256 ? i : huge[i - 256];
		int to = pointer6(p);
		char in[100], out[100];
		const char *bad;

		snprintf(in, sizeof(in), "6r | icmp 4 0 %u | 6 | udp", p);
		snprintf(out, sizeof(out), "4r ttl=63 id=* | icmp 12 0 %u | 4 id=0 | udp",
			 (unsigned)to << 24);
		bad = rig_differs(&r, rig_send_text(&r, in),
				  to < 0 ? REASON_ICMP_POINTER : REASON_OK, to < 0 ? NULL : out);
		ck_assert_msg(!bad, "7915-5.2 pointer %u: %s", p, bad);
	}
	rig_close(&r);
}
END_TEST

static const struct {
	const char *name, *setup;
	unsigned m, quoted, to; /* QUOTED, 4->6: total length of the quoted packet; 6->4: 0 */
} mtu_rows[] = {
	{"7915-4.2 1480", NULL, 1480, 1500, 1500},
	{"7915-4.2 1479", NULL, 1479, 1500, 1499},
	{"7915-4.2 device smaller than announced", NULL, 1500, 1500, 1500},
	{"7915-4.2 9000", NULL, 9000, 9001, 1500},
	{"7915-4.2 65535", NULL, 65535, 1500, 1500},
	{"7915-4.2 1261", NULL, 1261, 1500, 1281},
	{"7915-4.2 1260", NULL, 1260, 1500, 1280},
	{"7915-4.2 1259: never below 1280", NULL, 1259, 1500, 1280},
	{"7915-4.2 68", NULL, 68, 1500, 1280},
	{"7915-4.2 1", NULL, 1, 1500, 1280},
	{"7915-4.2 MTU 1400", MTU1400, 1400, 1500, 1400},
	{"7915-4.2 MTU 9000", MTU9000, 8000, 8500, 8020},
	{"1191-7.1 no MTU, quoted 1500", NULL, 0, 1500, 1512},
	{"1191-7.1 no MTU, quoted 1493", NULL, 0, 1493, 1512},
	{"1191-7.1 no MTU, quoted 1492", NULL, 0, 1492, 1280},
	{"1191-7.1 no MTU, quoted 1006", NULL, 0, 1006, 1280},
	{"1191-7.1 no MTU, quoted 68", NULL, 0, 68, 1280},
	{"1191-7.1 no MTU, quoted 28", NULL, 0, 28, 1280},
	{"1191-7.1 no MTU, quoted 4353, MTU 9000", MTU9000, 0, 4353, 4372},
	{"1191-7.1 no MTU, quoted 4352, MTU 9000", MTU9000, 0, 4352, 2022},
	{"1191-7.1 no MTU, quoted 2003, MTU 9000", MTU9000, 0, 2003, 2022},
	{"1191-7.1 no MTU, quoted 2002, MTU 9000", MTU9000, 0, 2002, 1512},
	{"1191-7.1 no MTU, quoted 65535, MTU 9000", MTU9000, 0, 65535, 9000},
	{"7915-5.2 1500", NULL, 1500, 0, 1480},
	{"7915-5.2 1499", NULL, 1499, 0, 1479},
	{"7915-5.2 1501", NULL, 1501, 0, 1480},
	{"7915-5.2 1520", NULL, 1520, 0, 1480},
	{"7915-5.2 9000", NULL, 9000, 0, 1480},
	{"7915-5.2 65536", NULL, 65536, 0, 1480},
	{"7915-5.2 2^31", NULL, 0x80000000, 0, 1480},
	{"7915-5.2 2^32 - 1", NULL, 0xffffffff, 0, 1480},
	{"7915-5.2 1280", NULL, 1280, 0, 1260},
	{"7915-5.2 1279 is legal", NULL, 1279, 0, 1259},
	{"7915-5.2 576 is legal", NULL, 576, 0, 556},
	{"7915-5.2 88", NULL, 88, 0, 68},
	{"7915-5.2 MTU 1400", MTU1400, 1500, 0, 1380},
	{"7915-5.2 MTU 9000", MTU9000, 8000, 0, 7980},
};

START_TEST(mtu)
{
	static struct rig r;
	unsigned m = mtu_rows[_i].m, quoted = mtu_rows[_i].quoted, to = mtu_rows[_i].to;
	char in[200], out[200];
	const char *bad;

	rig_open(&r, mtu_rows[_i].setup);
	if (to == 1512 && r.x.mtu < to)
		to = r.x.mtu; /* plateau 1492 + 20, limited by the device */
	if (quoted) {
		snprintf(in, sizeof(in), "4 | icmp 3 4 %u cut=28 | 4r p=50 len=%u | data 8", m,
			 quoted);
		snprintf(out, sizeof(out),
			 "6 hop=63 | icmp 2 0 %u cut=48 | 6r p=50 len=%u | data 8", to,
			 quoted - 20);
	} else {
		snprintf(in, sizeof(in), "6r | icmp 2 0 %u | 6 | udp", m);
		snprintf(out, sizeof(out), "4r ttl=63 id=* | icmp 3 4 %u | 4 id=0 | udp", to);
	}
	bad = rig_differs(&r, rig_send_text(&r, in), REASON_OK, out);
	rig_close(&r);
	ck_assert_msg(!bad, "%s: %s", mtu_rows[_i].name, bad);
}
END_TEST

/* An MTU below the header length must not wrap around. */
START_TEST(tiny_mtu_6to4)
{
	static struct rig r;
	static uint8_t b[CRAFT_MAX];
	unsigned m;

	rig_open(&r, NULL);
	for (m = 0; m < 100; m++) {
		char in[100];

		snprintf(in, sizeof(in), "6r | icmp 2 0 %u | 6 | udp", m);
		if (rig_send_text(&r, in) != REASON_OK)
			continue;
		rig_output(&r, 0, b);
		ck_assert_msg(get32(b + 24) <= 80, "7915-5.2 MTU %u becomes %u", m, get32(b + 24));
	}
	rig_close(&r);
}
END_TEST

/* Quoted packets cut at every byte.  IN is the packet, HEAD the length of its IP header, CSUM the
 * offset of the checksum; OUT and OUT_HEAD describe the result. */
static const struct {
	const char *in, *out;
	size_t head, out_head, csum, len;
	bool icmp;
} cut_rows[] = {
	{"4 | icmp 3 1 0 cut=%zu | 4r | udp n=9", "6 hop=63 | icmp 1 0 0 cut=%zu | 6r | udp n=9",
	 20, 40, 6, 17, false},
	{"4 | icmp 3 1 0 cut=%zu | 4r | tcp n=9", "6 hop=63 | icmp 1 0 0 cut=%zu | 6r | tcp n=9",
	 20, 40, 16, 29, false},
	{"4 | icmp 3 1 0 cut=%zu | 4r | echo n=9", "6 hop=63 | icmp 1 0 0 cut=%zu | 6r | echo n=9",
	 20, 40, 2, 17, true},
	{"4 | icmp 3 1 0 cut=%zu | 4r | part 0 80 | udp n=900",
	 "6 hop=63 | icmp 1 0 0 cut=%zu | 6r | part 0 80 | udp n=900", 20, 48, 6, 80, false},
	{"4 | icmp 3 1 0 cut=%zu | 4r p=50 | data 33",
	 "6 hop=63 | icmp 1 0 0 cut=%zu | 6r p=50 | data 33", 20, 40, 99, 33, false},
	{"4 | icmp 3 1 0 cut=%zu | 4r | part 80 80 | tcp n=900",
	 "6 hop=63 | icmp 1 0 0 cut=%zu | 6r | part 80 80 | tcp n=900", 20, 48, 99, 80, false},
	{"6r | icmp 1 0 0 cut=%zu | 6 | udp n=9",
	 "4r ttl=63 id=* | icmp 3 1 0 cut=%zu | 4 id=0 | udp n=9", 40, 20, 6, 17, false},
	{"6r | icmp 1 0 0 cut=%zu | 6 | tcp n=9",
	 "4r ttl=63 id=* | icmp 3 1 0 cut=%zu | 4 id=0 | tcp n=9", 40, 20, 16, 29, false},
	{"6r | icmp 1 0 0 cut=%zu | 6 | reply n=9",
	 "4r ttl=63 id=* | icmp 3 1 0 cut=%zu | 4 id=0 | reply n=9", 40, 20, 2, 17, true},
	{"6r | icmp 1 0 0 cut=%zu | 6 | hbh | dst | udp n=9",
	 "4r ttl=63 id=* | icmp 3 1 0 cut=%zu | 4 id=0 | udp n=9", 56, 20, 6, 17, false},
	{"6r | icmp 1 0 0 cut=%zu | 6 | part 0 80 | udp n=900",
	 "4r ttl=63 id=* | icmp 3 1 0 cut=%zu | 4 | part 0 80 | udp n=900", 48, 20, 6, 80, false},
};

START_TEST(quote_cut_anywhere)
{
	static struct rig r;
	const char *bad;
	char in[200], out[200];
	size_t cut;

	rig_open(&r, NULL);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	for (cut = 0; cut <= cut_rows[_i].head + cut_rows[_i].len; cut++) {
		size_t l4 = cut - cut_rows[_i].head;
		bool whole = cut >= cut_rows[_i].head && !(cut_rows[_i].icmp && l4 == 0);
		enum reason why;

		if (whole && l4 == cut_rows[_i].csum + 1)
			continue; /* half of a checksum */
		snprintf(in, sizeof(in), cut_rows[_i].in, cut);
		snprintf(out, sizeof(out), cut_rows[_i].out, cut_rows[_i].out_head + l4);
		why = rig_send_text(&r, in);
		if (!whole) {
			ck_assert_msg(why != REASON_OK && !r.out.outputs, "rules-8 %s: translated",
				      in);
			continue;
		}
		bad = rig_differs(&r, why, REASON_OK, out);
		ck_assert_msg(!bad, "rules-8 %s: %s", in, bad);
	}
#pragma GCC diagnostic pop
	rig_close(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("xlat_error");
	TCase *c = tcase_create("error");

	tcase_set_timeout(c, 300);
	tcase_add_loop_test(c, rows, 0, ROWS(tables));
	tcase_add_test(c, source_pool_spreads);
	tcase_add_loop_test(c, source_pool_lengths, 8, 33);
	tcase_add_loop_test(c, node_id, 0, ROWS(named_rows));
	tcase_add_test(c, node_id_sizes);
	tcase_add_loop_test(c, every_type_and_code, 0, 2);
	tcase_add_test(c, every_pointer_4to6);
	tcase_add_test(c, every_pointer_6to4);
	tcase_add_loop_test(c, mtu, 0, ROWS(mtu_rows));
	tcase_add_test(c, tiny_mtu_6to4);
	tcase_add_loop_test(c, quote_cut_anywhere, 0, ROWS(cut_rows));
	suite_add_tcase(s, c);
	return run_suite(s);
}

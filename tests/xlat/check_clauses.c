/* check_clauses - clauses of the RFCs that the tables per direction do not cover: details of
 * headers, ICMP, addresses, our own address, operator settings, order, and loops. */
#include "support/rig.h"
#include "support/run.h"
#include "lib/wire.h"

#include <stdio.h>
#include <string.h>

#define OWN  "own4 192.0.2.254; own6 2001:db8:ffff::64; mtu 1500;"
#define MAP  "map 203.0.113.0/24 2001:db8:1::/120;"
#define WKP  OWN MAP "prefix 64:ff9b::/96;"
#define ALL4 RIG_SETUP ";map 0.0.0.0/0 2001:db8:c::/96"

static const struct rig_row header_rows[] = {
	{"7915-4.1 source route without an address, pointer within its length", NULL,
	 "4 opts=83030300 | udp", REASON_SOURCE_ROUTE, "answer 3 5 0"},
	{"791-3.1 source route too short for a pointer is none", NULL, "4 opts=83020000 | udp",
	 REASON_OK, "6 hop=63 | udp"},
	{"791-3.1 options without an end marker", NULL, "4 opts=0707040000000001 | udp", REASON_OK,
	 "6 hop=63 | udp"},
	{"7915-4.1 a fragment with options loses them", NULL,
	 "4 opts=01010101 | part 800 800 | udp n=2000", REASON_OK,
	 "6 hop=63 | part 800 800 | udp n=2000"},
	{"7915-4.1 AH as a fragment", NULL, "4 p=51 off=80 | data 8", REASON_OK,
	 "6 hop=63 p=44 | frag off=80 nh=51 | data 8"},
	{"7915-4.1 identification 0 of a fragment is carried", NULL,
	 "4 id=0 | part 800 800 | udp n=2000", REASON_OK,
	 "6 hop=63 | part 800 800 id=0 | udp n=2000"},
	{"7915-4.1 protocol 58 as a later fragment", NULL, "4 p=58 off=80 | data 8",
	 REASON_PROTOCOL, NULL},
	{"7915-4 DF fragment that fits is not cut at 1280", NULL, "4 df | part 0 1400 | udp n=4000",
	 REASON_OK, "6 hop=63 | part 0 1400 | udp n=4000"},
	{"7915-4 DF set, 1281 to the device's MTU: whole", NULL, "4 df | udp n=1233", REASON_OK,
	 "6 hop=63 | udp n=1233"},
	{"7915-5.1 first of two routing headers with segments left", NULL,
	 "6r | rt left=1 | rt left=2 | udp", REASON_ROUTING_HDR, "answer 4 0 43"},
	{"7915-5.1 segments left counts before what the fragment header hides", NULL,
	 "6r | rt left=1 | frag | dst | udp", REASON_ROUTING_HDR, "answer 4 0 43"},
	{"7915-5.1 segments left in a later fragment: no answer", NULL,
	 "6r | rt left=1 | part 800 80 | udp n=2000", REASON_ROUTING_HDR, NULL},
	{"7915-5.1 hop-by-hop that is not first is skipped", NULL, "6r | dst | hbh | udp",
	 REASON_OK, "4r ttl=63 id=* | udp"},
	{"7915-5.1.1 two fragment headers", NULL, "6r | frag | part 0 80 | udp n=400",
	 REASON_FRAG_EXT_HDR, "answer 1 1 0"},
	{"7915-5.1.1 reserved byte of the fragment header ignored", NULL,
	 "6r p=44 | hex 11ff0328000000070001020304050607", REASON_OK,
	 "4r ttl=63 off=808 id=7 p=17 | hex 0001020304050607"},
	{"8200-8.1 no checksum in an atomic fragment", NULL, "6r | frag | udp zero",
	 REASON_UDP_ZERO6, NULL},
	{"8200-4.7 no next header as a fragment", NULL, "6r | frag off=80 nh=59 | data 8",
	 REASON_OK, "4r ttl=63 off=80 p=59 | data 8"},
	{"8200-4.5 first fragment with the ESP it begins", NULL, "6r | frag mf nh=50 | data 16",
	 REASON_OK, "4r ttl=63 mf p=50 | data 16"},
};

static const struct rig_row udp_rows[] = {
	{"768 no checksum, UDP length below its header", NULL, "4 | udp n=8 ulen=7 zero",
	 REASON_BAD_L4, NULL},
	{"768 no checksum, UDP length beyond the packet", NULL, "4 | udp n=8 ulen=17 zero",
	 REASON_BAD_L4, NULL},
};

static const struct rig_row icmp_rows[] = {
	{"792 code of an echo is kept, 4->6", NULL, "4 | echo c=5", REASON_OK,
	 "6 hop=63 | echo c=5"},
	{"792 code of an echo is kept, 6->4", NULL, "6r | reply c=9", REASON_OK,
	 "4r ttl=63 id=* | reply c=9"},
	{"1191-4 high half of the MTU word is ignored", NULL, "4 | icmp 3 4 0x77770578 | 4r | udp",
	 REASON_OK, "6 hop=63 | icmp 2 0 1420 | 6r | udp"},
	{"792 only the first byte of the word is the pointer", NULL,
	 "4 | icmp 12 0 0x0c0000ff | 4r | udp", REASON_OK, "6 hop=63 | icmp 4 0 8 | 6r | udp"},
	{"7915-5.2 pointer of 4/1 is dropped", NULL, "6r | icmp 4 1 40 | 6 | udp", REASON_OK,
	 "4r ttl=63 id=* | icmp 3 2 0 | 4 id=0 | udp"},
	{"4443-3.2 code of a packet too big is ignored", NULL, "6r | icmp 2 1 1300 | 6 | udp",
	 REASON_OK, "4r ttl=63 id=* | icmp 3 4 1280 | 4 id=0 | udp"},
	{"4443-3.2 code 255 of a packet too big is ignored", NULL, "6r | icmp 2 255 1500 | 6 | udp",
	 REASON_OK, "4r ttl=63 id=* | icmp 3 4 1480 | 4 id=0 | udp"},
	{"4443-2.4b unknown informational type", NULL, "6r | icmp 200 0 0 n=8", REASON_ICMP_TYPE,
	 NULL},
	{"4443-2.4a unknown error type", NULL, "6r | icmp 100 0 0 | 6 | udp", REASON_ICMP_TYPE,
	 NULL},
	{"1812-4.3.2.1 unknown ICMPv4 type", NULL, "4 | icmp 200 0 0 n=8", REASON_ICMP_TYPE, NULL},
	{"7915-4.2 datagram conversion error, type 31", NULL, "4 | icmp 31 0 0 | 4r | udp",
	 REASON_ICMP_TYPE, NULL},
	{"7915-4.3 payload length follows the quoted packet's growth", NULL,
	 "4 | icmp 3 1 0 | 4r | part 0 400 | udp n=999", REASON_OK,
	 "6 hop=63 len=456 | icmp 1 0 0 | 6r | part 0 400 | udp n=999"},
	{"7915-5.3 total length follows the quoted packet's shrinking", NULL,
	 "6r | icmp 1 0 0 | 6 | dst n=2 | part 0 400 | udp n=999", REASON_OK,
	 "4r ttl=63 id=* len=448 | icmp 3 1 0 | 4 | part 0 400 | udp n=999"},
	{"7915-4.3 quoted source route makes the quote untranslatable", NULL,
	 "4 | icmp 3 5 0 | 4r opts=830704c633640a00 | udp", REASON_QUOTE_BAD, NULL},
	{"rules-8 quoted illegal source", NULL, "4 | icmp 3 1 0 | 4r s=127.0.0.1 | udp",
	 REASON_QUOTE_NO_MAP, NULL},
	{"rules-8 quoted illegal destination", NULL, "4 | icmp 3 1 0 | 4r d=224.0.1.1 | udp",
	 REASON_QUOTE_NO_MAP, NULL},
	{"rules-8 quoted multicast destination, IPv6", NULL, "6r | icmp 1 0 0 | 6 d=ff0e::1 | udp",
	 REASON_QUOTE_NO_MAP, NULL},
	{"rules-8 quoted illegal source, IPv6", NULL, "6r | icmp 1 0 0 | 6 s=fe80::1 | udp",
	 REASON_QUOTE_NO_MAP, NULL},
	{"4884-5.5 extension without a length field is taken for quoted bytes", NULL,
	 "4 | icmp 11 0 0 cut=128 ext=12 lf=0 | 4r | udp n=600", REASON_OK,
	 "6 hop=63 | icmp 3 0 0 cut=148 ext=12 lf=0 | 6r | udp n=600"},
	{"4884-4 largest length field, 255 words", NULL,
	 "4 | icmp 11 0 0 cut=1020 ext=8 | 4r | udp n=1400", REASON_OK,
	 "6 hop=63 | icmp 3 0 0 cut=1040 ext=8 | 6r | udp n=1400"},
	{"1812-4.3.2.3 extension longer than the whole message is left out", NULL,
	 "6r | icmp 1 0 0 pad=128 ext=600 | 6 | udp n=64", REASON_OK,
	 "4r ttl=63 id=* | icmp 3 1 0 | 4 id=0 | udp n=64"},
	{"4443-2.4e error about a packet with a wrong ICMP checksum: no answer", NULL,
	 "6r | icmp 1 0 0 bad | 6 | udp", REASON_ICMP_CHECKSUM, NULL},
};

static const struct rig_row address_rows[] = {
	{"7915-4.1 error from 255.255.255.255", NULL,
	 "4 s=255.255.255.255 | icmp 11 0 0 | 4r | udp", REASON_BAD_ADDRESS, NULL},
	{"7915-4.1 error from a multicast address", NULL, "4 s=224.1.1.1 | icmp 11 0 0 | 4r | udp",
	 REASON_BAD_ADDRESS, NULL},
	{"7915-4.1 ICMP too short to tell its type from 127.0.0.1", NULL,
	 "4 s=127.0.0.1 p=1 | data 0", REASON_BAD_ADDRESS, NULL},
	{"6052-3.1 quoted private address, strict", WKP,
	 "4 s=8.8.8.8 | icmp 11 0 0 | 4r d=10.0.0.1 | udp", REASON_QUOTE_NO_MAP, NULL},
	{"6052-3.1 quoted private address, strict, 6->4", WKP,
	 "6r d=64:ff9b::808:808 | icmp 1 0 0 | 6 s=64:ff9b::a00:1 | udp", REASON_QUOTE_NO_MAP,
	 NULL},
	{"6052-3.1 private address through the second prefix", WKP "prefix 2001:db8:64::/96",
	 "4 s=10.0.0.1 | udp", REASON_OK, "6 s=2001:db8:64::a00:1 hop=63 | udp"},
	{"6052-3.1 error of a private router in the well-known prefix, 6->4", WKP,
	 "6r s=64:ff9b::a00:1 d=64:ff9b::808:808 | icmp 3 0 0 | 6 s=64:ff9b::808:808 | udp",
	 REASON_OK, "4r s=10.0.0.1 d=8.8.8.8 ttl=63 id=* | icmp 11 0 0 | 4 id=0 s=8.8.8.8 | udp"},
	{"rules-1.4 map that gives an illegal destination", ALL4, "6r d=2001:db8:c::7f00:1 | udp",
	 REASON_BAD_ADDRESS, NULL},
	{"rules-1.4 map that gives an illegal source", ALL4, "6r s=2001:db8:c::e000:1 | udp",
	 REASON_BAD_ADDRESS, NULL},
	{"rules-1.1 ipv6-addr as a source speaks as ipv4-addr in errors", NULL,
	 "6r s=2001:db8:ffff::64 | icmp 3 0 0 | 6 | udp", REASON_OK,
	 "4r s=192.0.2.254 ttl=63 id=* | icmp 11 0 0 | 4 id=0 | udp"},
	{"rules-1.1 ipv6-addr as a source of anything else is forged", NULL,
	 "6r s=2001:db8:ffff::64 | udp", REASON_SRC_IN_PREFIX, NULL},
	{"rules-1.1 so is an echo reply, which would hit whom the request names", NULL,
	 "6r s=2001:db8:ffff::64 | reply", REASON_SRC_IN_PREFIX, NULL},
	{"rules-8 an error about a packet to ipv6-addr", NULL,
	 "6r s=2001:db8:64::9.9.9.9 | icmp 1 4 0 | 6 d=2001:db8:ffff::64 | udp",
	 REASON_QUOTE_NO_MAP, NULL},
	{"7757-4 error of a mapped router between hairpinned hosts", NULL,
	 "4 s=203.0.113.77 | icmp 11 0 0 | 4r d=203.0.113.9 | udp", REASON_OK,
	 "6 s=2001:db8:64::203.0.113.77 hop=63 | icmp 3 0 0 | 6r d=2001:db8:64::203.0.113.9 |"
	 "udp"},
	{"7757-4 only the source mapped: by its map", NULL, "4 s=203.0.113.9 d=9.9.9.9 | udp",
	 REASON_OK, "6 s=2001:db8:1::9 d=2001:db8:64::909:909 hop=63 | udp"},
	{"7757-3.3.1 map before the prefix, 4->6", RIG_SETUP ";map 10.1.2.3 2001:db8:7::3",
	 "4 d=10.1.2.3 | udp", REASON_OK, "6 d=2001:db8:7::3 hop=63 | udp"},
	{"7757-3.3.1 neither map: both through the prefix", NULL, "4 s=9.9.9.9 d=8.8.8.8 | udp",
	 REASON_OK, "6 s=2001:db8:64::909:909 d=2001:db8:64::808:808 hop=63 | udp"},
	{"7757-3.3.2 neither map: both through the prefix", NULL,
	 "6r s=2001:db8:64::909:909 d=2001:db8:64::808:808 | udp", REASON_OK,
	 "4r s=9.9.9.9 d=8.8.8.8 ttl=63 id=* | udp"},
	{"7757-3.3.2 both mapped", NULL, "6r s=2001:db8:1::1 d=2001:db8:1::2 | udp", REASON_OK,
	 "4r s=203.0.113.1 d=203.0.113.2 ttl=63 id=* | udp"},
	{"6052-2.2 /32 suffix and u octet are written as zero", OWN MAP "prefix 2001:db8::/32",
	 "4 s=255.0.255.1 | udp", REASON_OK, "6 s=2001:db8:ff00:ff01:: hop=63 | udp"},
	{"8215-3 any address in the local-use prefix, 6->4", OWN MAP "prefix 64:ff9b:1::/48",
	 "6r d=64:ff9b:1:a00:0:100:: | udp", REASON_OK, "4r d=10.0.0.1 ttl=63 id=* | udp"},
	{"8215-3 a /96 inside the local-use prefix", OWN MAP "prefix 64:ff9b:1:fffe::/96",
	 "4 s=192.168.0.1 | udp", REASON_OK, "6 s=64:ff9b:1:fffe::192.168.0.1 hop=63 | udp"},
};

static const struct rig_row own_rows[] = {
	{"1812-4.3.2.5 echo reply has the TOS of its request", NULL,
	 "4 d=192.0.2.254 tos=0x28 | echo", REASON_SELF_ECHO,
	 "4 s=192.0.2.254 d=198.51.100.7 tos=0x28 id=* | reply"},
	{"4443-4.2 echo reply returns identifier, sequence and data", NULL,
	 "6r d=2001:db8:ffff::64 | echo id=0xabcd seq=0x8001 n=301", REASON_SELF_ECHO,
	 "6 s=2001:db8:ffff::64 d=2001:db8:1::5 | reply id=0xabcd seq=0x8001 n=301"},
	{"792 echo reply returns identifier, sequence and data", NULL,
	 "4 d=192.0.2.254 | echo id=0xabcd seq=0x8001 n=301", REASON_SELF_ECHO,
	 "4 s=192.0.2.254 d=198.51.100.7 id=* | reply id=0xabcd seq=0x8001 n=301"},
	{"rules-2.2 unexpired source route to ipv4-addr", NULL,
	 "4 d=192.0.2.254 opts=830704c633640a00 | echo", REASON_SOURCE_ROUTE, "answer 3 5 0"},
	{"8200-4.4 segments left to ipv6-addr: the type is unknown", NULL,
	 "6r d=2001:db8:ffff::64 | rt left=1 | echo", REASON_ROUTING_HDR, "answer 4 0 42"},
	{"8200-4.4 segments left to ipv6-addr behind another header", NULL,
	 "6r d=2001:db8:ffff::64 | hbh n=1 | rt type=4 n=2 left=1 | udp", REASON_ROUTING_HDR,
	 "answer 4 0 58"},
	{"8200-4.4 no segments left to ipv6-addr", NULL,
	 "6r d=2001:db8:ffff::64 | rt type=9 | echo", REASON_SELF_ECHO,
	 "6 s=2001:db8:ffff::64 d=2001:db8:1::5 | reply"},
	{"rules-2.2 no next header to ipv6-addr", NULL, "6r d=2001:db8:ffff::64 p=59 | data 0",
	 REASON_SELF_OTHER, NULL},
	{"rules-2.2 protocol 59 to ipv4-addr", NULL, "4 d=192.0.2.254 p=59 | data 0",
	 REASON_SELF_PROTO, "answer 3 2 0"},
	{"rules-2.1 ICMP header cut to ipv4-addr", NULL, "4 d=192.0.2.254 p=1 | hex 0800f7ff",
	 REASON_BAD_L4, NULL},
	{"rules-2.1 ICMPv6 header cut to ipv6-addr", NULL, "6r d=2001:db8:ffff::64 p=58 | data 3",
	 REASON_BAD_L4, NULL},
	{"4443-2.4e redirect to ipv6-addr", NULL, "6r d=2001:db8:ffff::64 | icmp 137 0 0 n=32",
	 REASON_SELF_OTHER, NULL},
};

static const struct {
	const struct rig_row *row;
	int rows;
} tables[] = {
	{header_rows, ROWS(header_rows)},   {udp_rows, ROWS(udp_rows)},
	{icmp_rows, ROWS(icmp_rows)},       {own_rows, ROWS(own_rows)},
	{address_rows, ROWS(address_rows)},
};

START_TEST(rows)
{
	rig_check_rows(tables[_i].row, tables[_i].rows);
}
END_TEST

static struct rig rig;

/* [7915-4, 5]: packets of a flow leave in order, and all fragments of one before those of the
 * next. */
START_TEST(flow_leaves_in_its_order)
{
	static uint8_t b[CRAFT_MAX];
	unsigned i, f, at, number;
	char in[100];

	rig_open(&rig, NULL);
	for (i = 0; i < 300; i++) {
		size_t n = i * 41 % 3000, piece;

		snprintf(in, sizeof(in), "4 id=%u | udp n=%zu", i, n + 2);
		ck_assert_int_eq(rig_send_text(&rig, in), REASON_OK);
		for (f = 0, at = 0; f < rig.out.outputs; f++, at += (unsigned)piece) {
			size_t len = rig_output(&rig, f, b);
			bool whole = rig.out.outputs == 1;

			piece = len - (whole ? 40 : 48);
			number = whole ? i : get32(b + 44);
			ck_assert_msg(whole || (get16(b + 42) & 0xfff8u) == at,
				      "piece %u of packet %u", f, i);
			ck_assert_uint_eq(number, i);
		}
		ck_assert_uint_eq(at, n + 10);
	}
	rig_close(&rig);
}
END_TEST

/* [7915-4.4, 5.4]: sends all errors, none, or as many as the rate allows. */
START_TEST(errors_are_sent_limited_or_never)
{
	static const struct {
		enum icmp_errors how;
		unsigned sent;
		bool suppressed;
	} row[] = {{ICMP_ERRORS_SEND, 10, false},
		   {ICMP_ERRORS_LIMIT, 3, true},
		   {ICMP_ERRORS_NEVER, 0, true}};
	static const char *const in[] = {"4 ttl=1 | udp", "6r hop=1 | udp"};
	unsigned i, sent = 0;

	rig_open(&rig, RIG_SETUP ";rate 3");
	rig.conf.icmp_errors = row[_i / 2].how;
	for (i = 0; i < 10; i++) {
		rig_expect(&rig, in[_i % 2], REASON_TTL, "*");
		sent += rig.out.outputs;
	}
	ck_assert_uint_eq(sent, row[_i / 2].sent);
	ck_assert((rig.out.suppressed > 0) == row[_i / 2].suppressed);
	rig_expect(&rig, _i % 2 ? "6r d=2001:db8:ffff::64 | echo" : "4 d=192.0.2.254 | echo",
		   REASON_SELF_ECHO, "*");
	ck_assert_uint_eq(rig.out.outputs, 1); /* an answer to ping is not an error */
	rig_close(&rig);
}
END_TEST

/* [7915-4.1, 5.1]: the DSCP may differ between the families, but ECN describes the path
 * [3168-5]. */
START_TEST(tos_ignored)
{
	char in[100], out[100];
	unsigned i;

	rig_open(&rig, NULL);
	rig.conf.tos_ignore_4to6 = rig.conf.tos_ignore_6to4 = true;
	for (i = 0; i < 256; i++) {
		snprintf(in, sizeof(in), "4 tos=%u | udp", i);
		snprintf(out, sizeof(out), "6 tc=%u hop=63 | udp", i & 3);
		rig_expect(&rig, in, REASON_OK, out);
		snprintf(in, sizeof(in), "6r tc=%u | udp", i);
		snprintf(out, sizeof(out), "4r tos=%u ttl=63 id=* | udp", i & 3);
		rig_expect(&rig, in, REASON_OK, out);
	}
	rig_close(&rig);
}
END_TEST

/* [7757-4]: a packet that loops through the translator loses one hop in each direction.  When no
 * hop is left, an error is sent. */
START_TEST(hairpin_costs_a_hop_each_way)
{
	static uint8_t b[CRAFT_MAX];
	unsigned turns = 0;
	enum reason why;
	size_t len;

	rig_open(&rig, NULL);
	len = craft(b, "6r d=2001:db8:64::203.0.113.9 hop=64 | udp", NULL);
	while ((why = rig_send(&rig, b, len)) == REASON_OK) {
		turns++;
		ck_assert_uint_eq(rig.out.outputs, 1);
		len = rig_output(&rig, 0, b);
		ck_assert_uint_eq(b[b[0] >> 4 == 4 ? 8 : 7], 64 - turns);
		if (b[0] >> 4 == 4)
			continue;
		/* the receiver sends it back at once */
		memcpy(b + 8, "\x20\x01\x0d\xb8\0\x01\0\0\0\0\0\0\0\0\0\x05", 16);
		memcpy(b + 24, "\x20\x01\x0d\xb8\0\x64\0\0\0\0\0\0\xcb\0\x71\x09", 16);
	}
	ck_assert_int_eq(why, REASON_TTL);
	ck_assert_uint_eq(turns, 63);
	rig_close(&rig);
}
END_TEST

/* [6052-3.1]: a lease stores the prefix that its host used; addresses that this prefix must not
 * carry are refused. */
START_TEST(lease_of_the_well_known_prefix_gets_nothing_private)
{
	char in[100], addr[20];
	uint8_t b[CRAFT_MAX];

	rig_open(&rig, WKP "pool 10.77.0.0/28");
	rig_expect(&rig, "6r s=2001:db8:5::1 d=64:ff9b::808:808 | udp", REASON_OK, "*");
	rig_output(&rig, 0, b);
	snprintf(addr, sizeof(addr), "%u.%u.%u.%u", b[12], b[13], b[14], b[15]);
	snprintf(in, sizeof(in), "4 s=10.0.0.1 d=%s | udp", addr);
	rig_expect(&rig, in, REASON_WKP_PRIVATE, "answer 3 13 0");
	snprintf(in, sizeof(in), "4 s=8.8.8.8 d=%s | udp", addr);
	rig_expect(&rig, in, REASON_OK, "6 s=64:ff9b::808:808 d=2001:db8:5::1 hop=63 | udp");
	rig_close(&rig);
}
END_TEST

/* [1812-4.3.2.3, 4443-2.4c]: an error quotes the packet without bytes that the link appended. */
START_TEST(trailing_bytes_are_not_quoted)
{
	static uint8_t b[CRAFT_MAX], got[CRAFT_MAX];
	size_t len = craft(b, _i ? "6r hop=1 | udp n=5" : "4 ttl=1 | udp n=5", NULL);

	rig_open(&rig, NULL);
	memset(b + len, 0xff, 40);
	ck_assert_int_eq(rig_send(&rig, b, len + 40), REASON_TTL);
	ck_assert_uint_eq(rig.out.outputs, 1);
	ck_assert_uint_eq(rig_output(&rig, 0, got), len + (_i ? 48 : 28));
	ck_assert_mem_eq(got + (_i ? 48 : 28), b, len);
	rig_close(&rig);
}
END_TEST

/* [768]: bytes beyond the UDP length are not part of the datagram. */
START_TEST(missing_checksum_covers_the_udp_length)
{
	static uint8_t b[CRAFT_MAX];

	rig_open(&rig, NULL);
	rig_expect(&rig, "4 | udp n=9 ulen=14 zero", REASON_OK, "*");
	ck_assert_uint_eq(rig_output(&rig, 0, b), 40 + 17);
	ck_assert_uint_eq(craft_l4_sum(b + 8, b + 24, 16, 17, b + 40, 14), 0xffff);
	rig_close(&rig);
}
END_TEST

/* [7915-4.5]: if a datagram is dropped because it has no checksum, the log line describes the
 * datagram. */
START_TEST(no_checksum_is_an_event)
{
	ck_assert_int_eq(reason_table[REASON_UDP_ZERO].class, CLASS_DROP);
	ck_assert_int_eq(reason_table[REASON_UDP_ZERO6].class, CLASS_DROP);
	ck_assert_int_ne(reason_table[REASON_FRAG_EXT_HDR].class, CLASS_NONE); /* [7915-5.1.1] */
}
END_TEST

/* [7915-5.1]: a translator without a rate limit sends all errors. */
START_TEST(no_rate_without_a_limit)
{
	struct ratelimit *limit;

	rig_open(&rig, RIG_SETUP ";rate 1");
	limit = rig.x.ratelimit;
	rig.x.ratelimit = NULL;
	rig_expect(&rig, "4 ttl=1 | udp", REASON_TTL, "answer 11 0 0");
	rig_expect(&rig, "4 ttl=1 | udp", REASON_TTL, "answer 11 0 0");
	rig.x.ratelimit = limit;
	rig_close(&rig);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("clauses");
	TCase *c = tcase_create("clauses");

	tcase_add_loop_test(c, rows, 0, ROWS(tables));
	tcase_add_test(c, flow_leaves_in_its_order);
	tcase_add_loop_test(c, errors_are_sent_limited_or_never, 0, 6);
	tcase_add_test(c, tos_ignored);
	tcase_add_test(c, hairpin_costs_a_hop_each_way);
	tcase_add_test(c, lease_of_the_well_known_prefix_gets_nothing_private);
	tcase_add_loop_test(c, trailing_bytes_are_not_quoted, 0, 2);
	tcase_add_test(c, missing_checksum_covers_the_udp_length);
	tcase_add_test(c, no_checksum_is_an_event);
	tcase_add_test(c, no_rate_without_a_limit);
	suite_add_tcase(s, c);
	return run_suite(s);
}

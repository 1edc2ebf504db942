/* check_packet - checks the parser with IPv4 and IPv6 packets, whole and quoted. */
#include "packet/packet.h"
#include "support/craft.h"
#include "support/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct facts {
	const char *name, *in;
	unsigned tos, ttl, proto, off, id;
	bool df, mf, frag_hdr;
	size_t l4_at, l4_len, proto_at;
	enum reason header;
	size_t header_at;
};

static const struct facts facts[] = {
	{"791-3.1 UDP", "4 tos=7 ttl=9 id=5 df | udp n=3", 7, 9, 17, 0, 5, true, false, false, 20,
	 11, 9, REASON_OK, 0},
	{"791-3.1 options", "4 opts=0101010101010101 | tcp n=3", 0, 64, 6, 0, 0x1234, false, false,
	 false, 28, 23, 9, REASON_OK, 0},
	{"791-3.1 first fragment", "4 | part 0 80 | udp n=999", 0, 64, 17, 0, 0x1234, false, true,
	 false, 20, 80, 9, REASON_OK, 0},
	{"791-3.1 last fragment", "4 | part 960 47 | udp n=999", 0, 64, 17, 960, 0x1234, false,
	 false, false, 20, 47, 9, REASON_OK, 0},
	{"791-3.1 highest offset", "4 off=65512 p=50 | data 3", 0, 64, 50, 65512, 0x1234, false,
	 false, false, 20, 3, 9, REASON_OK, 0},
	{"7915-4.1 loose source route", "4 opts=830704c633640a00 | udp n=0", 0, 64, 17, 0, 0x1234,
	 false, false, false, 28, 8, 9, REASON_SOURCE_ROUTE, 0},
	{"7915-4.1 expired source route", "4 opts=830708c633640a00 | udp n=0", 0, 64, 17, 0, 0x1234,
	 false, false, false, 28, 8, 9, REASON_OK, 0},
	{"8200-3 UDP", "6 tc=0xb7 flow=0xfffff hop=9 | udp n=3", 0xb7, 9, 17, 0, 0, false, false,
	 false, 40, 11, 6, REASON_OK, 0},
	{"8200-4 chain", "6 | hbh n=1 | rt n=2 | dst | udp n=3", 0, 64, 17, 0, 0, false, false,
	 false, 88, 11, 80, REASON_OK, 0},
	{"8200-4.5 first fragment", "6 | hbh | part 0 80 id=0x12345678 | udp n=999", 0, 64, 17, 0,
	 0x12345678, false, true, true, 56, 80, 48, REASON_OK, 0},
	{"8200-4.5 last fragment", "6 | part 960 47 | udp n=999", 0, 64, 17, 960, 0x1234, false,
	 false, true, 48, 47, 40, REASON_OK, 0},
	{"6946-4 atomic fragment", "6 | frag id=3 | udp n=1", 0, 64, 17, 0, 3, false, false, true,
	 48, 9, 40, REASON_OK, 0},
	{"8200-4.4 segments left", "6 | hbh | rt left=1 | udp n=1", 0, 64, 17, 0, 0, false, false,
	 false, 56, 9, 48, REASON_ROUTING_HDR, 51},
	{"8200-4.7 no next header", "6 p=59 | data 5", 0, 64, 59, 0, 0, false, false, false, 40, 5,
	 6, REASON_OK, 0},
	{"4303-2 ESP ends the chain", "6 | dst nh=50 | data 5", 0, 64, 50, 0, 0, false, false,
	 false, 48, 5, 40, REASON_OK, 0},
};

static uint8_t buf[CRAFT_MAX];

static void check_facts(const struct facts *f, bool quoted)
{
	struct packet p;
	size_t len = craft(buf, f->in, NULL);
	uint8_t *b = malloc(len);

	memcpy(b, buf, len);
	ck_assert_msg(packet_parse(&p, b, len, quoted) == REASON_OK, "%s: refused", f->name);
	ck_assert_msg(p.header == f->header, "%s: header", f->name);
	if (f->header == REASON_ROUTING_HDR)
		ck_assert_msg(p.header_at == f->header_at, "%s: pointer %zu", f->name, p.header_at);
	ck_assert_msg(p.family == b[0] >> 4, "%s: family", f->name);
	ck_assert_msg(p.tos == f->tos && p.ttl == f->ttl, "%s: tos, ttl", f->name);
	ck_assert_msg(p.whole.p == b && p.whole.len == len, "%s: whole", f->name);
	if (f->header == REASON_OK || p.family == 4) {
		ck_assert_msg(p.proto == f->proto, "%s: proto %u", f->name, p.proto);
		ck_assert_msg(p.df == f->df && p.mf == f->mf && p.frag_hdr == f->frag_hdr,
			      "%s: flags", f->name);
		ck_assert_msg(p.frag_off == f->off, "%s: offset %u", f->name, p.frag_off);
		ck_assert_msg(p.id == f->id || (p.family == 6 && !f->frag_hdr), "%s: id", f->name);
		ck_assert_msg(p.l4.p == b + f->l4_at && p.l4.len == f->l4_len, "%s: l4", f->name);
		ck_assert_msg(p.l4_stated == f->l4_len, "%s: l4 as stated", f->name);
		ck_assert_msg(p.proto_at == f->proto_at, "%s: proto at %zu", f->name, p.proto_at);
	}
	if (p.family == 4)
		ck_assert_msg(p.src4 == get32(b + 12) && p.dst4 == get32(b + 16), "%s: addresses",
			      f->name);
	else
		ck_assert_msg(memcmp(&p.src6, b + 8, 16) == 0 && memcmp(&p.dst6, b + 24, 16) == 0,
			      "%s: addresses", f->name);
	free(b);
}

START_TEST(parsed)
{
	check_facts(&facts[_i], false);
	check_facts(&facts[_i], true);
}
END_TEST

/* A quote may be cut anywhere after its headers, and its parts stay inside; a cut packet is always
 * rejected. */
START_TEST(cut_anywhere)
{
	const struct facts *f = &facts[_i];
	size_t len = craft(buf, f->in, NULL), n;

	for (n = 0; n < len; n++) {
		uint8_t *b = malloc(n ? n : 1);
		struct packet p;
		enum reason why;

		memcpy(b, buf, n);
		ck_assert_msg(packet_parse(&p, b, n, false) != REASON_OK, "%s cut to %zu", f->name,
			      n);
		why = packet_parse(&p, b, n, true);
		if (n < (buf[0] >> 4 == 4 ? 20u : 40u))
			ck_assert_msg(why != REASON_OK, "%s: quote cut to %zu", f->name, n);
		if (n >= f->l4_at && f->header == REASON_OK) {
			ck_assert_msg(why == REASON_OK, "%s: quote cut to %zu", f->name, n);
			ck_assert_msg(p.l4.p == b + f->l4_at && p.l4.len == n - f->l4_at,
				      "%s: l4 cut to %zu", f->name, n);
			ck_assert_msg(p.l4_stated == f->l4_len, "%s: stated, cut to %zu", f->name,
				      n);
		}
		if (why == REASON_OK)
			ck_assert_msg(p.l4.p >= b && p.l4.p + p.l4.len <= b + n, "%s: outside",
				      f->name);
		free(b);
	}
}
END_TEST

static const struct {
	const char *name, *in;
	bool quoted;
	enum reason why;
} refusals[] = {
	{"rules-2.1 version", "4 ver=7 | udp", false, REASON_BAD_VERSION},
	{"rules-2.1 IHL", "4 ihl=4 | udp", false, REASON_BAD_IHL},
	{"rules-2.1 IHL in a quote", "4 ihl=4 | udp", true, REASON_BAD_IHL},
	{"rules-2.1 checksum", "4 ck=1 | udp", false, REASON_BAD_CHECKSUM},
	{"rules-8 checksum of a quote", "4 ck=1 | udp", true, REASON_OK},
	{"rules-2.1 length", "4 len=99 | udp", false, REASON_TOO_SHORT},
	{"rules-8 length of a quote", "4 len=99 | udp", true, REASON_OK},
	{"rules-2.1 length below the header", "4 len=19 | udp", false, REASON_TOO_SHORT},
	{"rules-2.1 length below the header in a quote", "4 len=19 | udp", true, REASON_TOO_SHORT},
	{"rules-2.1 IHL beyond the length", "4 len=23 opts=01010101 | udp", false, REASON_BAD_IHL},
	{"rules-2.1 IHL beyond the length in a quote", "4 len=23 opts=01010101 | udp", true,
	 REASON_BAD_IHL},
	{"rules-2.1 payload length", "6 len=99 | udp", false, REASON_TOO_SHORT},
	{"rules-8 payload length of a quote", "6 len=99 | udp", true, REASON_OK},
	{"rules-4 chain", "6 | dst el=9 | udp", false, REASON_BAD_CHAIN},
	{"rules-4 chain behind the payload length", "6 len=8 | dst n=1 | udp", false,
	 REASON_BAD_CHAIN},
	{"rules-4 fragment", "6 | frag mf nh=50 | data 9", false, REASON_BAD_FRAGMENT},
	{"rules-4 far fragment", "6 | frag off=65528 nh=50 | data 9", false, REASON_BAD_FRAGMENT},
	{"rules-2.1 far IPv4 fragment", "4 off=65528 p=50 | data 9", false, REASON_BAD_FRAGMENT},
	{"rules-2.1 IPv4 fragment", "4 mf p=50 | data 9", false, REASON_BAD_FRAGMENT},
};

START_TEST(refused)
{
	struct packet p;
	size_t len = craft(buf, refusals[_i].in, NULL);
	enum reason why = packet_parse(&p, buf, len, refusals[_i].quoted);

	ck_assert_msg(why == refusals[_i].why, "%s: %s", refusals[_i].name, reason_table[why].name);
}
END_TEST

static const struct {
	const char *in;
	int type;
	bool error, sum_ok;
} icmps[] = {
	{"4 | echo", 8, false, true},
	{"4 | reply n=1", 0, false, true},
	{"4 | icmp 3 1 0 | 4r | udp", 3, true, true},
	{"4 | icmp 4 0 0 | 4r | udp", 4, true, true},
	{"4 | icmp 5 0 0 | 4r | udp", 5, true, true},
	{"4 | icmp 11 0 0 | 4r | udp n=7", 11, true, true},
	{"4 | icmp 12 0 0 bad | 4r | udp", 12, true, false},
	{"4 | icmp 13 0 0 n=12", 13, false, true},
	{"4 | echo bad", 8, false, false},
	{"6 | echo n=3", 128, false, true},
	{"6 | reply bad", 129, false, false},
	{"6 | icmp 1 0 0 | 6r | udp", 1, true, true},
	{"6 | icmp 127 0 0 n=9", 127, true, true},
	{"6 | icmp 133 0 0 n=9", 133, false, true},
	{"6 | hbh | dst | icmp 4 0 0 n=9", 4, true, true},
	{"4 | udp", -1, false, true},
	{"6 p=1 | hex 0800f7ff00000000", -1, false, true},
	{"4 | part 80 80 | echo n=999", -1, false, true},
};

START_TEST(icmp)
{
	struct packet p;
	size_t len = craft(buf, icmps[_i].in, NULL);

	ck_assert_msg(packet_parse(&p, buf, len, false) == REASON_OK, "%s", icmps[_i].in);
	ck_assert_msg(packet_icmp_type(&p) == icmps[_i].type, "%s: type %d", icmps[_i].in,
		      packet_icmp_type(&p));
	if (icmps[_i].type < 0)
		return;
	ck_assert_msg(packet_is_icmp_error(&p) == icmps[_i].error, "%s: error", icmps[_i].in);
	ck_assert_msg(packet_icmp_checksum_ok(&p) == icmps[_i].sum_ok, "%s: checksum",
		      icmps[_i].in);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("packet");
	TCase *c = tcase_create("packet");

	tcase_add_loop_test(c, parsed, 0, ROWS(facts));
	tcase_add_loop_test(c, cut_anywhere, 0, ROWS(facts));
	tcase_add_loop_test(c, refused, 0, ROWS(refusals));
	tcase_add_loop_test(c, icmp, 0, ROWS(icmps));
	suite_add_tcase(s, c);
	return run_suite(s);
}

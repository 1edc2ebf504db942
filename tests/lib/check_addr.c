/* check_addr - the examples of [6052-2.4], and the boundaries of every address class. */
#include <arpa/inet.h>
#include <string.h>

#include "lib/addr.h"
#include "lib/addr_text.h"
#include "lib/wire.h"
#include "support/random.h"
#include "support/run.h"

#define IP4(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (c) << 8 | (d))

static const struct {
	const char *name;
	struct prefix6 prefix;
	struct ip6 whole; /* with 192.0.2.33 embedded */
} embed[] = {
	{"6052-2.4: /32",
	 {{{0x20, 0x01, 0x0d, 0xb8}}, 32},
	 {{0x20, 0x01, 0x0d, 0xb8, 192, 0, 2, 33}}},
	{"6052-2.4: /40",
	 {{{0x20, 0x01, 0x0d, 0xb8, 0x01}}, 40},
	 {{0x20, 0x01, 0x0d, 0xb8, 0x01, 192, 0, 2, 0, 33}}},
	{"6052-2.4: /48",
	 {{{0x20, 0x01, 0x0d, 0xb8, 0x01, 0x22}}, 48},
	 {{0x20, 0x01, 0x0d, 0xb8, 0x01, 0x22, 192, 0, 0, 2, 33}}},
	{"6052-2.4: /56",
	 {{{0x20, 0x01, 0x0d, 0xb8, 0x01, 0x22, 0x03}}, 56},
	 {{0x20, 0x01, 0x0d, 0xb8, 0x01, 0x22, 0x03, 192, 0, 0, 2, 33}}},
	{"6052-2.4: /64",
	 {{{0x20, 0x01, 0x0d, 0xb8, 0x01, 0x22, 0x03, 0x44}}, 64},
	 {{0x20, 0x01, 0x0d, 0xb8, 0x01, 0x22, 0x03, 0x44, 0, 192, 0, 2, 33}}},
	{"6052-2.4: /96",
	 {{{0x20, 0x01, 0x0d, 0xb8, 0x01, 0x22, 0x03, 0x44}}, 96},
	 {{0x20, 0x01, 0x0d, 0xb8, 0x01, 0x22, 0x03, 0x44, 0, 0, 0, 0, 192, 0, 2, 33}}},
	{"6052-2.4: well-known prefix",
	 {{{0x00, 0x64, 0xff, 0x9b}}, 96},
	 {{0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, 192, 0, 2, 33}}},
};

START_TEST(embed_example)
{
	struct ip6 a;

	memset(&a, 0xff, sizeof(a));
	addr_embed(&a, &embed[_i].prefix, IP4(192, 0, 2, 33));
	ck_assert_msg(ip6_equal(&a, &embed[_i].whole), "%s", embed[_i].name);
	ck_assert_msg(addr_extract(&a, &embed[_i].prefix) == IP4(192, 0, 2, 33), "%s: back",
		      embed[_i].name);
}
END_TEST

START_TEST(embed_and_back)
{
	for (int turn = 0; turn < 10000; turn++) {
		struct prefix6 p = {.len = embed[_i].prefix.len};
		uint32_t addr = random_next();
		struct ip6 a;

		random_fill(&p.addr, sizeof(p.addr));
		p.addr.b[8] = 0;
		addr_clean6(&p.addr, p.len);
		addr_embed(&a, &p, addr);
		ck_assert_msg(addr_extract(&a, &p) == addr, "%s: %08x", embed[_i].name, addr);
		ck_assert_msg(addr_in6(&a, &p), "%s: %08x", embed[_i].name, addr);
		ck_assert_msg(a.b[8] == 0, "%s: u octet", embed[_i].name);
	}
}
END_TEST

/* [6052-2.2]: extraction ignores the u octet and the suffix, and uses every other bit after the
 * prefix. */
START_TEST(extract_bits)
{
	const struct prefix6 *p = &embed[_i].prefix;
	unsigned seen = 0;

	for (unsigned bit = p->len; bit < 128; bit++) {
		struct ip6 a = embed[_i].whole;

		a.b[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
		if (addr_extract(&a, p) != IP4(192, 0, 2, 33))
			seen++;
		else
			ck_assert_msg(bit / 8 == 8 || bit >= p->len + 32u, "%s: bit %u",
				      embed[_i].name, bit);
	}
	ck_assert_msg(seen == 32, "%s: %u bits", embed[_i].name, seen);
}
END_TEST

START_TEST(embed_lengths)
{
	static const unsigned good[] = {32, 40, 48, 56, 64, 96};

	for (unsigned len = 0, i = 0; len <= 255; len++) {
		bool ok = i < 6 && len == good[i];

		i += ok;
		ck_assert_msg(addr_embed_len_ok(len) == ok, "/%u", len);
	}
}
END_TEST

/* Blocks by first and last address: the result for addresses inside, and for the two neighbors. */
struct block {
	const char *name;
	uint32_t first, last;
	bool global, passes; /* the results inside */
	bool below, above;   /* are the neighbors global? */
};

static const struct block blocks[] = {
	{"0/8", 0, IP4(0, 255, 255, 255), false, false, false, true},
	{"10/8", IP4(10, 0, 0, 0), IP4(10, 255, 255, 255), false, true, true, true},
	{"100.64/10", IP4(100, 64, 0, 0), IP4(100, 127, 255, 255), false, true, true, true},
	{"127/8", IP4(127, 0, 0, 0), IP4(127, 255, 255, 255), false, false, true, true},
	{"169.254/16", IP4(169, 254, 0, 0), IP4(169, 254, 255, 255), false, false, true, true},
	{"172.16/12", IP4(172, 16, 0, 0), IP4(172, 31, 255, 255), false, true, true, true},
	{"192.0.0/24, low", IP4(192, 0, 0, 0), IP4(192, 0, 0, 8), false, true, true, true},
	{"192.0.0.9 and 192.0.0.10", IP4(192, 0, 0, 9), IP4(192, 0, 0, 10), true, true, false,
	 false},
	{"192.0.0/24, high", IP4(192, 0, 0, 11), IP4(192, 0, 0, 255), false, true, true, true},
	{"192.0.1/24", IP4(192, 0, 1, 0), IP4(192, 0, 1, 255), true, true, false, false},
	{"192.0.2/24", IP4(192, 0, 2, 0), IP4(192, 0, 2, 255), false, true, true, true},
	{"192.31.196/24", IP4(192, 31, 196, 0), IP4(192, 31, 196, 255), true, true, true, true},
	{"192.52.193/24", IP4(192, 52, 193, 0), IP4(192, 52, 193, 255), true, true, true, true},
	{"192.88.99/24", IP4(192, 88, 99, 0), IP4(192, 88, 99, 255), false, true, true, true},
	{"192.168/16", IP4(192, 168, 0, 0), IP4(192, 168, 255, 255), false, true, true, true},
	{"192.175.48/24", IP4(192, 175, 48, 0), IP4(192, 175, 48, 255), true, true, true, true},
	{"198.18/15", IP4(198, 18, 0, 0), IP4(198, 19, 255, 255), false, true, true, true},
	{"198.51.100/24", IP4(198, 51, 100, 0), IP4(198, 51, 100, 255), false, true, true, true},
	{"203.0.113/24", IP4(203, 0, 113, 0), IP4(203, 0, 113, 255), false, true, true, true},
	{"224/4", IP4(224, 0, 0, 0), IP4(239, 255, 255, 255), false, false, true, false},
	{"240/4", IP4(240, 0, 0, 0), IP4(255, 255, 255, 254), false, true, false, false},
	{"255.255.255.255", UINT32_MAX, UINT32_MAX, false, false, false, false},
};

START_TEST(block_edges)
{
	const struct block *b = &blocks[_i];

	for (int i = 0; i < 100; i++) {
		uint32_t a = i == 0 ? b->first : b->last;

		if (i > 1)
			a = b->first + random_below(b->last - b->first + 1);
		ck_assert_msg(addr_is_global4(a) == b->global, "%s: global %08x", b->name, a);
		ck_assert_msg(addr_passes4(a) == b->passes, "%s: passes %08x", b->name, a);
	}
	if (b->first > 0)
		ck_assert_msg(addr_is_global4(b->first - 1) == b->below, "%s: below", b->name);
	if (b->last < UINT32_MAX)
		ck_assert_msg(addr_is_global4(b->last + 1) == b->above, "%s: above", b->name);
}
END_TEST

static const struct {
	const char *name;
	uint32_t addr;
	bool passes;
} edges4[] = {
	{"1.0.0.0", IP4(1, 0, 0, 0), true},
	{"126.255.255.255", IP4(126, 255, 255, 255), true},
	{"128.0.0.0", IP4(128, 0, 0, 0), true},
	{"169.253.255.255", IP4(169, 253, 255, 255), true},
	{"169.255.0.0", IP4(169, 255, 0, 0), true},
	{"223.255.255.255", IP4(223, 255, 255, 255), true},
	{"224.0.0.0", IP4(224, 0, 0, 0), false},
	{"239.255.255.255", IP4(239, 255, 255, 255), false},
	{"240.0.0.0", IP4(240, 0, 0, 0), true},
};

START_TEST(passes4)
{
	ck_assert_msg(addr_passes4(edges4[_i].addr) == edges4[_i].passes, "%s", edges4[_i].name);
}
END_TEST

static const struct {
	const char *name;
	struct ip6 addr;
	bool passes;
} rows6[] = {
	{"::", {{0}}, false},
	{"::1", {{[15] = 1}}, false},
	{"::2", {{[15] = 2}}, true},
	{"::1:0", {{[13] = 1}}, true},
	{"fe7f:ff..", {{0xfe, 0x7f, 0xff}}, true},
	{"fe80::", {{0xfe, 0x80}}, false},
	{"fe80::1", {{0xfe, 0x80, [15] = 1}}, false},
	{"febf:ff..", {{0xfe, 0xbf, 0xff}}, false},
	{"fec0::", {{0xfe, 0xc0}}, true},
	{"fc00::1", {{0xfc, [15] = 1}}, true},
	{"feff::", {{0xfe, 0xff}}, true},
	{"ff00::", {{0xff}}, false},
	{"ff02::1", {{0xff, 2, [15] = 1}}, false},
	{"ffff::", {{0xff, 0xff}}, false},
	{"::ffff:0:0", {{[10] = 0xff, [11] = 0xff}}, false},
	{"::ffff:192.0.2.1", {{[10] = 0xff, 0xff, 192, 0, 2, 1}}, false},
	{"::fffe:192.0.2.1", {{[10] = 0xff, 0xfe, 192, 0, 2, 1}}, true},
	{"::1:ffff:192.0.2.1", {{[9] = 1, 0xff, 0xff, 192, 0, 2, 1}}, true},
	{"64:ff9b::8.8.8.8", {{0, 0x64, 0xff, 0x9b, [12] = 8, 8, 8, 8}}, true},
	{"2001:db8::1", {{0x20, 0x01, 0x0d, 0xb8, [15] = 1}}, true},
};

START_TEST(passes6)
{
	ck_assert_msg(addr_passes6(&rows6[_i].addr) == rows6[_i].passes, "%s", rows6[_i].name);
}
END_TEST

static bool naive_in(const struct ip6 *a, const struct prefix6 *p)
{
	for (unsigned bit = 0; bit < p->len; bit++)
		if (((a->b[bit / 8] ^ p->addr.b[bit / 8]) >> (7 - bit % 8)) & 1)
			return false;
	return true;
}

START_TEST(prefix_membership)
{
	for (unsigned len = 0; len <= 128; len++) {
		struct prefix6 p = {.len = (uint8_t)len};

		random_fill(&p.addr, sizeof(p.addr));
		addr_clean6(&p.addr, len);
		for (unsigned bit = len; bit < 128; bit++)
			ck_assert_msg(!(p.addr.b[bit / 8] >> (7 - bit % 8) & 1), "/%u: bit %u", len,
				      bit);
		for (unsigned bit = 0; bit < 128; bit++) {
			struct ip6 a = p.addr;

			a.b[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
			ck_assert_msg(addr_in6(&a, &p) == naive_in(&a, &p), "/%u: bit %u", len,
				      bit);
		}
	}
}
END_TEST

START_TEST(clean_keeps)
{
	struct ip6 a, b;

	random_fill(&a, sizeof(a));
	for (unsigned len = 0; len <= 128; len++) {
		struct prefix6 p = {a, (uint8_t)len};

		b = a;
		addr_clean6(&b, len);
		ck_assert_msg(naive_in(&b, &p), "/%u", len);
	}
}
END_TEST

START_TEST(masks4)
{
	struct prefix4 all = {0, 0}, host = {IP4(192, 0, 2, 1), 32};

	ck_assert_uint_eq(addr_mask4(0), 0);
	ck_assert_uint_eq(addr_mask4(1), 0x80000000);
	ck_assert_uint_eq(addr_mask4(24), 0xffffff00);
	ck_assert_uint_eq(addr_mask4(32), UINT32_MAX);
	ck_assert(addr_in4(UINT32_MAX, &all));
	ck_assert(addr_in4(IP4(192, 0, 2, 1), &host));
	ck_assert(!addr_in4(IP4(192, 0, 2, 0), &host));
}
END_TEST

START_TEST(well_known_prefix)
{
	struct prefix6 p = {{{0x00, 0x64, 0xff, 0x9b}}, 96};

	ck_assert(addr_is_wkp(&p));
	p.len = 64;
	ck_assert(!addr_is_wkp(&p));
	p.len = 96;
	p.addr.b[5] = 1; /* 64:ff9b:1::/48 is for local use [8215] */
	ck_assert(!addr_is_wkp(&p));
}
END_TEST

static const struct {
	const char *name;
	uint32_t addr;
	bool multicast, noise;
} multi4[] = {
	{"multicast? 223.255.255.255", IP4(223, 255, 255, 255), false, false},
	{"multicast? 224.0.0.0", IP4(224, 0, 0, 0), true, true},
	{"multicast? 224.0.0.22, IGMP", IP4(224, 0, 0, 22), true, true},
	{"multicast? 224.0.0.251, mDNS", IP4(224, 0, 0, 251), true, true},
	{"multicast? 224.0.0.255", IP4(224, 0, 0, 255), true, true},
	{"multicast? 224.0.1.0", IP4(224, 0, 1, 0), true, false},
	{"multicast? 239.255.255.249", IP4(239, 255, 255, 249), true, false},
	{"multicast? 239.255.255.250, SSDP", IP4(239, 255, 255, 250), true, true},
	{"multicast? 239.255.255.251", IP4(239, 255, 255, 251), true, false},
	{"multicast? 239.255.255.255", IP4(239, 255, 255, 255), true, false},
	{"multicast? 240.0.0.0", IP4(240, 0, 0, 0), false, false},
	{"multicast? 255.255.255.255", UINT32_MAX, false, false},
};

START_TEST(multicast4)
{
	ck_assert_msg(addr_is_multicast4(multi4[_i].addr) == multi4[_i].multicast, "%s",
		      multi4[_i].name);
	ck_assert_msg(addr_is_noise4(multi4[_i].addr) == multi4[_i].noise, "%s: noise",
		      multi4[_i].name);
}
END_TEST

static const struct {
	const char *name;
	struct ip6 addr;
	bool noise;
} noise6[] = {
	{"noise? fe80::1", {{0xfe, 0x80, [15] = 1}}, false},
	{"noise? feff::", {{0xfe, 0xff}}, false},
	{"noise? ff01::1", {{0xff, 1, [15] = 1}}, false},
	{"noise? ff02::2, RS", {{0xff, 2, [15] = 2}}, true},
	{"noise? ff02::16, MLD", {{0xff, 2, [15] = 0x16}}, true},
	{"noise? ff02::fb, mDNS", {{0xff, 2, [15] = 0xfb}}, true},
	{"noise? ff05::2", {{0xff, 5, [15] = 2}}, false},
	{"noise? ff0e::1", {{0xff, 14, [15] = 1}}, false},
};

START_TEST(noise_6)
{
	ck_assert_msg(addr_is_noise6(&noise6[_i].addr) == noise6[_i].noise, "%s", noise6[_i].name);
}
END_TEST

static const struct {
	struct prefix a, b;
	bool covers;
} pairs[] = {
	{{4, 24, IP4(192, 0, 2, 0), {{0}}}, {4, 24, IP4(192, 0, 2, 0), {{0}}}, true},
	{{4, 24, IP4(192, 0, 2, 0), {{0}}}, {4, 25, IP4(192, 0, 2, 128), {{0}}}, true},
	{{4, 25, IP4(192, 0, 2, 0), {{0}}}, {4, 24, IP4(192, 0, 2, 0), {{0}}}, false},
	{{4, 24, IP4(192, 0, 2, 0), {{0}}}, {4, 24, IP4(192, 0, 3, 0), {{0}}}, false},
	{{4, 0, 0, {{0}}}, {4, 32, IP4(192, 0, 2, 1), {{0}}}, true},
	{{4, 0, 0, {{0}}}, {6, 96, 0, {{0}}}, false},
	{{6, 32, 0, {{0x20, 1}}}, {6, 128, 0, {{0x20, 1, [15] = 1}}}, true},
	{{6, 32, 0, {{0x20, 1}}}, {6, 128, 0, {{0x20, 2}}}, false},
};

START_TEST(covers)
{
	const struct prefix *a = &pairs[_i].a, *b = &pairs[_i].b;
	char one[ADDR_TEXT], other[ADDR_TEXT];

	ck_assert_msg(addr_covers(a, b) == pairs[_i].covers, "%s and %s", addr_text_prefix(one, a),
		      addr_text_prefix(other, b));
}
END_TEST

/* Compares with the C library. */
START_TEST(text4)
{
	for (uint32_t i = 0; i < 20000; i++) {
		uint32_t a = i < 1000 ? i * 0x01010101u : random_next();
		char text[ADDR_TEXT], want[INET_ADDRSTRLEN];
		uint8_t wire[4];

		put32(wire, a);
		inet_ntop(AF_INET, wire, want, sizeof(want));
		ck_assert_str_eq(addr_text4(text, a), want);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("addr");
	TCase *t = tcase_create("addr");

	tcase_add_loop_test(t, embed_example, 0, ROWS(embed));
	tcase_add_loop_test(t, embed_and_back, 0, ROWS(embed));
	tcase_add_loop_test(t, extract_bits, 0, ROWS(embed));
	tcase_add_test(t, embed_lengths);
	tcase_add_loop_test(t, block_edges, 0, ROWS(blocks));
	tcase_add_loop_test(t, passes4, 0, ROWS(edges4));
	tcase_add_loop_test(t, passes6, 0, ROWS(rows6));
	tcase_add_test(t, prefix_membership);
	tcase_add_test(t, clean_keeps);
	tcase_add_test(t, masks4);
	tcase_add_test(t, well_known_prefix);
	tcase_add_loop_test(t, multicast4, 0, ROWS(multi4));
	tcase_add_loop_test(t, noise_6, 0, ROWS(noise6));
	tcase_add_loop_test(t, covers, 0, ROWS(pairs));
	tcase_add_test(t, text4);
	suite_add_tcase(s, t);
	return run_suite(s);
}

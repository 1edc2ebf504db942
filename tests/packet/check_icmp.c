/* check_icmp - compares types, codes, pointers and MTUs with a second copy of the tables of RFC
 * 7915. */
#include "packet/icmp.h"
#include "support/run.h"

#include <stdio.h>
#include <string.h>

struct want {
	int type, first, last, to_type, to_code; /* to_code -1: unchanged */
	enum icmp_rest rest;
	enum icmp_extend extend;
};

static const struct want want4[] = {
	{3, 0, 1, 1, 0, REST_ZERO, EXT_CARRIED},     {3, 2, 2, 4, 1, REST_NEXT_HEADER, EXT_ENDS},
	{3, 3, 3, 1, 4, REST_ZERO, EXT_CARRIED},     {3, 5, 8, 1, 0, REST_ZERO, EXT_CARRIED},
	{3, 9, 10, 1, 1, REST_ZERO, EXT_CARRIED},    {3, 11, 12, 1, 0, REST_ZERO, EXT_CARRIED},
	{3, 13, 13, 1, 1, REST_ZERO, EXT_CARRIED},   {3, 15, 15, 1, 1, REST_ZERO, EXT_CARRIED},
	{11, 0, 255, 3, -1, REST_ZERO, EXT_CARRIED}, {12, 0, 0, 4, 0, REST_POINTER, EXT_ENDS},
	{12, 2, 2, 4, 0, REST_POINTER, EXT_ENDS},
};

static const struct want want6[] = {
	{1, 0, 0, 3, 1, REST_ZERO, EXT_CARRIED},     {1, 1, 1, 3, 10, REST_ZERO, EXT_CARRIED},
	{1, 2, 3, 3, 1, REST_ZERO, EXT_CARRIED},     {1, 4, 4, 3, 3, REST_ZERO, EXT_CARRIED},
	{3, 0, 255, 11, -1, REST_ZERO, EXT_CARRIED}, {4, 0, 0, 12, 0, REST_POINTER, EXT_NONE},
	{4, 1, 1, 3, 2, REST_ZERO, EXT_NONE},
};

static const struct want *find(const struct want *w, int n, int type, int code)
{
	int i;

	for (i = 0; i < n; i++)
		if (w[i].type == type && w[i].first <= code && code <= w[i].last)
			return &w[i];
	return NULL;
}

static void compare(const struct icmp_row *got, const struct want *w, int type, int code)
{
	int to;

	ck_assert_msg(!got == !w, "%d/%d: %s", type, code, got ? "a row" : "no row");
	if (!w)
		return;
	to = got->to_code == ICMP_SAME_CODE ? code : got->to_code;
	ck_assert_msg(got->to_type == w->to_type && to == (w->to_code < 0 ? code : w->to_code),
		      "%d/%d becomes %d/%d", type, code, got->to_type, to);
	ck_assert_msg(got->rest == w->rest, "%d/%d: rest", type, code);
	ck_assert_msg(got->extend == w->extend, "4884-4 %d/%d: extensions", type, code);
}

START_TEST(every_type_4to6)
{
	int type, code;

	for (type = 0; type < 256; type++)
		for (code = 0; code < 256; code++)
			if (!(type == 3 && code == 4))
				compare(icmp_find_4to6((uint8_t)type, (uint8_t)code),
					find(want4, ROWS(want4), type, code), type, code);
}
END_TEST

START_TEST(every_type_6to4)
{
	int type, code;

	for (type = 0; type < 256; type++)
		for (code = 0; code < 256; code++)
			if (type != 2)
				compare(icmp_find_6to4((uint8_t)type, (uint8_t)code),
					find(want6, ROWS(want6), type, code), type, code);
}
END_TEST

START_TEST(too_big)
{
	const struct icmp_row *r4 = icmp_find_4to6(3, 4), *r6 = icmp_find_6to4(2, 0);

	ck_assert(r4 && r4->to_type == 2 && r4->to_code == 0 && r4->rest == REST_MTU);
	ck_assert(r4->extend != EXT_CARRIED);
	ck_assert(r6 && r6->to_type == 3 && r6->to_code == 4 && r6->rest == REST_MTU);
	ck_assert(r6->extend != EXT_CARRIED);
}
END_TEST

START_TEST(echo)
{
	int t;

	for (t = -1; t < 256; t++) {
		ck_assert_int_eq(icmp_echo_4to6(t), t == 8 ? 128 : t == 0 ? 129 : -1);
		ck_assert_int_eq(icmp_echo_6to4(t), t == 128 ? 8 : t == 129 ? 0 : -1);
	}
}
END_TEST

START_TEST(every_pointer)
{
	static const int to6[20] = {0,  1,  4, 4, -1, -1, -1, -1, 7,  6,
				    -1, -1, 8, 8, 8,  8,  24, 24, 24, 24};
	static const int to4[8] = {0, 1, -1, -1, 2, 2, 9, 8};
	static const uint32_t huge[] = {0x80000000, 0x80000001, 0x7fffffff, 0xffffffff, 0xfffffff8,
					0x10000,    0x10008,    0x100,      0x80000008};
	uint32_t p;
	int i;

	for (p = 0; p < 4096; p++) {
		ck_assert_msg(icmp_pointer_4to6(p) == (p < 20 ? to6[p] : -1), "7915-4.2 %u", p);
		ck_assert_msg(icmp_pointer_6to4(p) == (p < 8    ? to4[p]
						       : p < 24 ? 12
						       : p < 40 ? 16
								: -1),
			      "7915-5.2 %u", p);
	}
	for (i = 0; i < ROWS(huge); i++) {
		ck_assert_msg(icmp_pointer_4to6(huge[i]) == -1, "7915-4.2 %x", huge[i]);
		ck_assert_msg(icmp_pointer_6to4(huge[i]) == -1, "7915-5.2 %x", huge[i]);
	}
}
END_TEST

/* The largest plateau of RFC 1191 below LEN, at least 68. */
static uint32_t naive_plateau(uint32_t len)
{
	static const uint32_t p[] = {68,   296,  508,   1006,  1492, 2002,
				     4352, 8166, 17914, 32000, 65535};
	uint32_t best = 68;
	int i;

	for (i = 0; i < ROWS(p); i++)
		if (p[i] < len)
			best = p[i];
	return best;
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

START_TEST(mtu_4to6)
{
	static const uint32_t device[][2] = {{1500, 1500}, {1280, 1280}, {9000, 9000},
					     {1400, 1500}, {1500, 1400}, {65535, 65535}};
	uint32_t m, d;

	for (d = 0; d < 6; d++) {
		uint32_t mtu4 = device[d][0], mtu6 = device[d][1];

		for (m = 0; m < 65536; m++) {
			uint32_t n = m ? m : 68, got = icmp_mtu_4to6(m, 0, mtu4, mtu6), zero;
			uint32_t want = least(least(n + 20, mtu6), mtu4 + 20);

			ck_assert_msg(got == (want < 1280 ? 1280 : want), "7915-4.2 MTU %u: %u", m,
				      got);
			want = least(least(naive_plateau(m) + 20, mtu6), mtu4 + 20);
			zero = icmp_mtu_4to6(0, m, mtu4, mtu6);
			ck_assert_msg(zero == (want < 1280 ? 1280 : want),
				      "1191-7.1 quoted length %u: %u", m, zero);
		}
	}
}
END_TEST

START_TEST(mtu_6to4)
{
	static const uint32_t huge[] = {0x10000, 0x7fffffff, 0x80000000, 0xffffffff};
	uint32_t m;
	int i;

	for (m = 88; m < 65536; m++)
		ck_assert_msg(icmp_mtu_6to4(m, false, 1500, 1500) == least(m - 20, 1480),
			      "7915-5.2 %u", m);
	for (m = 0; m < 88; m++)
		ck_assert_msg(icmp_mtu_6to4(m, false, 1500, 1500) <= 68, "7915-5.2 %u wraps around",
			      m);
	for (i = 0; i < ROWS(huge); i++)
		ck_assert_msg(icmp_mtu_6to4(huge[i], false, 1500, 1500) == 1480, "7915-5.2 %u",
			      huge[i]);
	ck_assert_uint_eq(icmp_mtu_6to4(9000, false, 1400, 1500), 1400);
	ck_assert_uint_eq(icmp_mtu_6to4(9000, false, 1500, 1400), 1380);
	ck_assert_uint_eq(icmp_mtu_6to4(1000, false, 1500, 1400), 980);
	for (m = 96; m < 65536; m++)
		ck_assert_msg(icmp_mtu_6to4(m, true, 1500, 1500) == least(m - 28, 1472),
			      "7915-5.2 %u of a fragment", m);
	for (m = 0; m < 96; m++)
		ck_assert_msg(icmp_mtu_6to4(m, true, 1500, 1500) == 68,
			      "7915-5.2 %u of a fragment wraps around", m);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("icmp");
	TCase *c = tcase_create("icmp");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, every_type_4to6);
	tcase_add_test(c, every_type_6to4);
	tcase_add_test(c, too_big);
	tcase_add_test(c, echo);
	tcase_add_test(c, every_pointer);
	tcase_add_test(c, mtu_4to6);
	tcase_add_test(c, mtu_6to4);
	suite_add_tcase(s, c);
	return run_suite(s);
}

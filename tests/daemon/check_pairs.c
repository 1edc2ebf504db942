/* check_pairs - which pairs are selected, how often, and how many. */
#include <string.h>

#include "../../src/daemon/pairs.h"
#include "support/run.h"

static const struct siphash_key key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
static struct pairs *pairs;

static void start(void)
{
	pairs = pairs_new(&key);
	ck_assert_ptr_nonnull(pairs);
}

static void stop(void)
{
	pairs_free(pairs);
}

/* A packet of pair number I arrives. */
static bool comes(uint32_t i, uint64_t era, int64_t now)
{
	uint8_t addrs[32] = {0x20, 0x01};

	memcpy(addrs + 12, &i, sizeof(i));
	return pairs_want(pairs, addrs, sizeof(addrs), era, now);
}

/* Packets that arrive one after the other, with one table. */
static const struct row {
	const char *name;
	uint32_t pair;
	uint64_t era;
	int64_t now;
	bool want;
} rows[] = {
	{"once is not enough", 1, 7, 1000, false},
	{"the second packet", 1, 7, 1000, true},
	{"told already", 1, 7, 1000, false},
	{"told already", 1, 7, 1099, false},
	{"another pair", 2, 7, 1099, false},
	{"its second packet", 2, 7, 1099, true},
	{"told already, with another pair in between", 1, 7, 1099, false},
	{"the program has dropped it", 1, 7, 1000 + PAIRS_AGAIN, true},
	{"told again", 1, 7, 1000 + PAIRS_AGAIN, false},
	{"told again", 1, 7, 999 + 2 * PAIRS_AGAIN, false},
	{"dropped again", 1, 7, 1000 + 2 * PAIRS_AGAIN, true},
	{"told", 1, 7, 1250, false},
	{"dropped, with packets in between", 1, 7, 1000 + 3 * PAIRS_AGAIN, true},
	{"told", 1, 7, 1301, false},
	{"another era: new", 1, 8, 1301, false},
	{"another era, again", 1, 8, 1301, true},
	{"another era, told", 1, 8, 1302, false},
	{"an hour later", 1, 8, 3600000, true},
	{"24 days and more later", 1, 8, 3600000 + (INT64_C(1) << 31), false},
	{"another packet after that", 1, 8, 3600000 + (INT64_C(1) << 31) + PAIRS_AGAIN, true},
};

START_TEST(in_turn)
{
	for (int i = 0; i < ROWS(rows); i++)
		ck_assert_msg(comes(rows[i].pair, rows[i].era, rows[i].now) == rows[i].want,
			      "row %d: %s", i, rows[i].name);
}
END_TEST

/* The same bytes are different pairs in different families. */
START_TEST(by_length)
{
	static const uint8_t addrs[32] = {1, 2, 3, 4, 5, 6, 7, 8};

	ck_assert(!pairs_want(pairs, addrs, 8, 0, 1));
	ck_assert(!pairs_want(pairs, addrs, 32, 0, 1));
	ck_assert(pairs_want(pairs, addrs, 8, 0, 1));
	ck_assert(!pairs_want(pairs, addrs, 8, 0, 1));
	ck_assert(pairs_want(pairs, addrs, 32, 0, 1));
}
END_TEST

static unsigned storm(uint32_t from, uint32_t n, int64_t now)
{
	unsigned told = 0;

	for (uint32_t i = from; i < from + n; i++)
		told += comes(i, 0, now);
	return told;
}

START_TEST(few_in_a_millisecond)
{
	unsigned told;

	ck_assert_uint_eq(storm(0, 100, 5), 0);
	told = storm(0, 100, 5);
	ck_assert_uint_eq(told, PAIRS_PER_MS);
	ck_assert_uint_eq(storm(0, 100, 5), 0);
	told += storm(0, 100, 6); /* refused pairs are selected with a later packet */
	ck_assert_uint_eq(told, 2 * PAIRS_PER_MS);
	told += storm(0, 100, 7) + storm(0, 100, 8);
	ck_assert_uint_le(told, 100);
	ck_assert_uint_ge(told, 96); /* a few may share a place in the table */
}
END_TEST

/* A sender of forged sources uses each pair once, so none is selected. */
START_TEST(forged)
{
	unsigned told = 0;

	for (uint32_t ms = 0; ms < 200; ms++)
		told += storm(1000 * ms, 1000, ms);
	ck_assert_uint_eq(told, 0);
	ck_assert(!comes(0, 0, 200));
	ck_assert(comes(0, 0, 200)); /* a genuine pair is still selected */
}
END_TEST

START_TEST(nothing)
{
	pairs_free(NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pairs");
	TCase *t = tcase_create("pairs");

	tcase_add_checked_fixture(t, start, stop);
	tcase_add_test(t, in_turn);
	tcase_add_test(t, by_length);
	tcase_add_test(t, few_in_a_millisecond);
	tcase_add_test(t, forged);
	tcase_add_test(t, nothing);
	suite_add_tcase(s, t);
	return run_suite(s);
}

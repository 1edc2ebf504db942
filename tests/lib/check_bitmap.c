/* check_bitmap - compares with an array of bool. */
#include <stdbool.h>
#include <stdlib.h>

#include "lib/bitmap.h"
#include "support/random.h"
#include "support/run.h"

static const uint32_t sizes[] = {1, 2, 63, 64, 65, 4095, 4096, 4097, 5000, 262144, 300000};

static uint32_t naive_next(const bool *set, uint32_t n, uint32_t from)
{
	for (; from < n; from++)
		if (!set[from])
			return from;
	return BITMAP_NONE;
}

static void set_some(struct bitmap *b, bool *set, uint32_t n)
{
	uint32_t first = random_below(n), last = first + random_below(n - first), fresh = 0;

	for (uint32_t i = first; i <= last; i++) {
		fresh += !set[i];
		set[i] = true;
	}
	ck_assert_uint_eq(bitmap_set_range(b, first, last), fresh);
}

START_TEST(random_changes)
{
	uint32_t n = sizes[_i];
	struct bitmap *b = bitmap_new(n);
	bool *set = calloc(n, sizeof(*set));

	for (int turn = 0; turn < 3000; turn++) {
		uint32_t i = random_below(n), what = random_below(100);

		if (what == 0)
			set_some(b, set, n);
		else if (what < 50)
			bitmap_set(b, i), set[i] = true;
		else
			bitmap_clear(b, i), set[i] = false;
		i = random_below(n);
		ck_assert_msg(bitmap_has(b, i) == set[i], "%u: has %u", n, i);
		ck_assert_msg(bitmap_next_clear(b, i) == naive_next(set, n, i), "%u: from %u", n,
			      i);
	}
	bitmap_free(b);
	free(set);
}
END_TEST

/* A search finds the only gap in a full set from every position before it, and nothing after it. */
START_TEST(one_gap)
{
	uint32_t n = sizes[_i];
	struct bitmap *b = bitmap_new(n);

	ck_assert_uint_eq(bitmap_set_range(b, 0, n - 1), n);
	ck_assert_uint_eq(bitmap_next_clear(b, 0), BITMAP_NONE);
	for (int turn = 0; turn < 200; turn++) {
		uint32_t gap = turn ? random_below(n) : n - 1, from = random_below(n);

		bitmap_clear(b, gap);
		ck_assert_uint_eq(bitmap_next_clear(b, 0), gap);
		ck_assert_uint_eq(bitmap_next_clear(b, from), from <= gap ? gap : BITMAP_NONE);
		bitmap_set(b, gap);
		ck_assert_uint_eq(bitmap_next_clear(b, 0), BITMAP_NONE);
	}
	bitmap_free(b);
}
END_TEST

START_TEST(filled_one_by_one)
{
	uint32_t n = sizes[_i];
	struct bitmap *b = bitmap_new(n);

	for (uint32_t i = 0; i < n; i++) {
		ck_assert_uint_eq(bitmap_next_clear(b, 0), i);
		bitmap_set(b, i);
	}
	ck_assert_uint_eq(bitmap_next_clear(b, 0), BITMAP_NONE);
	bitmap_free(b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("bitmap");
	TCase *t = tcase_create("bitmap");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, random_changes, 0, ROWS(sizes));
	tcase_add_loop_test(t, one_gap, 0, ROWS(sizes));
	tcase_add_loop_test(t, filled_one_by_one, 0, ROWS(sizes));
	suite_add_tcase(s, t);
	return run_suite(s);
}

/* check_memory - makes each allocation of the core fail once: the caller must report it and leak
 * nothing.  Linked with --wrap for malloc, calloc and realloc. */
#include <stdlib.h>
#include <string.h>

#include "lib/bitmap.h"
#include "lib/ratelimit.h"
#include "lib/lpm.h"
#include "map/map.h"
#include "map/pool.h"
#include "support/run.h"
#include "support/plain_pool.h"

static int left; /* allocations until one fails; 0: none fails */
static bool failed;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

/* For assertions in between, because Check allocates too. */
static int hold(void)
{
	int n = left;

	left = 0;
	return n;
}

static bool fails(void)
{
	if (left == 0 || --left > 0)
		return false;
	failed = true;
	return true;
}

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

static const struct siphash_key key = {1, 2};

static bool try_lpm(void)
{
	struct lpm *t = lpm_new(32);
	bool ok;

	if (!t)
		return false;
	/* three lengths: the longest adds a marker for each, so that sealing has to grow the table
	 * too */
	for (unsigned i = 1; i < 100; i++) {
		uint8_t a[4] = {10, (uint8_t)i, 1, 0}, b[4] = {(uint8_t)(i | 1), i & 1 ? 0 : 128};

		lpm_add(t, a, 24, i);
		lpm_add(t, b, i & 1 ? 8 : 16, i);
	}
	ok = lpm_seal(t) == 0;
	lpm_free(t);
	return ok;
}

static bool try_map(void)
{
	struct map_table *t = map_table_new();
	size_t other;
	bool ok = true;

	if (!t)
		return false;
	for (unsigned i = 0; i < 40; i++) {
		struct prefix6 p = {{{0x20, 1, 0x0d, 0xb8, (uint8_t)i}}, 40};
		struct map m = {{(10u << 24) + (i << 8), (uint8_t)(24 + i % 2)},
				{{{0x20, 1, 0x0d, 0xb9, (uint8_t)i}}, (uint8_t)(64 + i % 2)}};

		ok &= map_add_prefix(t, &p);
		ok &= map_add(t, &m, &other) == MAP_ADDED;
	}
	ok &= map_seal(t) == 0;
	map_table_free(t);
	return ok;
}

static bool try_pool(void)
{
	static const struct prefix4 range[] = {{0x0a000000, 24}, {0x0a010000, 20}};
	struct pool *p = plain_pool(range, 2, &key);

	if (!p)
		return false;
	pool_free(p);
	return true;
}

/* Restores the newest lease first, so that sorting is needed; if it fails, the order stays. */
static bool try_sort(void)
{
	static const struct prefix4 range = {0x0a000000, 24};
	int n = hold();
	struct pool *p = plain_pool(&range, 1, &key);
	bool ok;

	ck_assert_ptr_nonnull(p);
	for (int32_t i = 1; i < 50; i++) {
		struct ip6 host = {{0x20, 1, [15] = (uint8_t)i}};

		ck_assert_ptr_nonnull(pool_restore(p, &host, 0, 0x0a000000u + (uint32_t)i, -i));
	}
	left = n;
	ok = pool_sort(p) == 0;
	hold();
	ck_assert_int_eq(pool_next(p, NULL)->last, ok ? -1 : -49);
	ck_assert_uint_eq(pool_used(p), 49);
	pool_free(p);
	return ok;
}

static bool try_ratelimit(void)
{
	static const struct ratelimit_conf conf = {10, 10, 10, 10};
	struct ratelimit *t = ratelimit_new(&conf, &key);

	if (!t)
		return false;
	ratelimit_free(t);
	return true;
}

static bool try_bitmap(void)
{
	struct bitmap *b = bitmap_new(1 << 20);

	if (!b)
		return false;
	bitmap_free(b);
	return true;
}

static const struct {
	const char *name;
	bool (*try)(void);
	int allocations; /* minimum number */
} rows[] = {
	{"lpm: new, add, grow, seal", try_lpm, 6},
	{"map: new, add, grow, seal", try_map, 16},
	{"pool: new", try_pool, 8},
	{"pool: sort", try_sort, 1},
	{"ratelimit: new", try_ratelimit, 1},
	{"bitmap: new", try_bitmap, 2},
};

START_TEST(every_allocation_fails_once)
{
	int n;

	for (n = 1;; n++) {
		bool ok;

		left = n;
		failed = false;
		ok = rows[_i].try();
		hold();
		ck_assert_msg(ok == !failed, "%s: allocation %d: %s", rows[_i].name, n,
			      ok ? "nobody noticed" : "refused for nothing");
		if (!failed)
			break;
	}
	ck_assert_msg(n > rows[_i].allocations, "%s: only %d allocations", rows[_i].name, n - 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("memory");
	TCase *c = tcase_create("memory");

	tcase_add_loop_test(c, every_allocation_fails_once, 0, ROWS(rows));
	suite_add_tcase(s, c);
	return run_suite(s);
}

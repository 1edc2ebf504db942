/* check_pool - checks which address a host gets, and how long it keeps it. */
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "map/pool.h"
#include "support/random.h"
#include "support/run.h"
#include "support/plain_pool.h"

#define IP4(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (c) << 8 | (d))

static const struct siphash_key key = {0x1122334455667788, 0x99aabbccddeeff00};
static const struct prefix4 net24 = {IP4(192, 168, 255, 0), 24};
static const struct prefix4 net30 = {IP4(10, 0, 0, 0), 30};

static struct ip6 host(uint32_t n)
{
	struct ip6 a = {{0x20, 0x01, 0x0d, 0xb8}};

	for (int i = 0; i < 4; i++)
		a.b[12 + i] = (uint8_t)(n >> (24 - 8 * i));
	return a;
}

static struct pool *new_pool(const struct prefix4 *range, size_t n)
{
	struct pool *p = plain_pool(range, n, &key);

	ck_assert_ptr_nonnull(p);
	return p;
}

static struct lease *assign(struct pool *p, uint32_t n, int32_t now)
{
	struct ip6 h = host(n);

	return pool_assign(p, &h, 0, now);
}

static struct lease *find(const struct pool *p, uint32_t n)
{
	struct ip6 h = host(n);

	return pool_find6(p, &h, 0);
}

static struct lease *restore(struct pool *p, uint32_t n, uint32_t addr, int32_t last)
{
	struct ip6 h = host(n);

	return pool_restore(p, &h, 0, addr, last);
}

/* The host of L gets an answer and sends again. */
static struct lease *confirm(struct pool *p, struct lease *l)
{
	ck_assert_ptr_nonnull(l);
	pool_answer(l);
	pool_touch(p, l, l->last);
	return l;
}

static void reserve(struct pool *p, uint32_t addr, uint8_t len)
{
	struct prefix4 prefix = {addr, len};

	pool_reserve(p, &prefix);
}

/* --- sizes --- */

static const struct {
	const char *name;
	struct prefix4 range[3];
	size_t n, size; /* SIZE: addresses that can be leased */
} sizes[] = {
	{"/31: one address", {{IP4(10, 0, 0, 0), 31}}, 1, 1},
	{"/30", {{IP4(10, 0, 0, 0), 30}}, 1, 3},
	{"/26: one word", {{IP4(10, 0, 0, 0), 26}}, 1, 63},
	{"/24", {{IP4(10, 0, 0, 0), 24}}, 1, 255},
	{"/20", {{IP4(10, 0, 0, 0), 20}}, 1, 4095},
	{"two ranges", {{IP4(10, 0, 0, 0), 30}, {IP4(10, 0, 1, 0), 31}}, 2, 4},
	{"the end of the address space", {{IP4(255, 255, 255, 0), 24}}, 1, 255},
	{"three, not in order",
	 {{IP4(192, 168, 0, 0), 28}, {IP4(10, 0, 0, 0), 31}, {IP4(172, 16, 0, 0), 25}},
	 3,
	 15 + 1 + 127},
};

static bool is_network_address(int row, uint32_t addr)
{
	for (size_t i = 0; i < sizes[row].n; i++)
		if (addr == sizes[row].range[i].addr)
			return true;
	return false;
}

static bool in_ranges(int row, uint32_t addr)
{
	for (size_t i = 0; i < sizes[row].n; i++)
		if (addr_in4(addr, &sizes[row].range[i]))
			return true;
	return false;
}

START_TEST(fill_up)
{
	struct pool *p = new_pool(sizes[_i].range, sizes[_i].n);

	ck_assert_msg(pool_size(p) == sizes[_i].size, "%s", sizes[_i].name);
	for (uint32_t i = 0; i < sizes[_i].size; i++) {
		struct lease *l;

		l = assign(p, i, 0);
		ck_assert_msg(l, "%s: lease %u", sizes[_i].name, i);
		ck_assert_msg(in_ranges(_i, l->addr) && !is_network_address(_i, l->addr),
			      "%s: %08x", sizes[_i].name, l->addr);
		ck_assert(!l->on_record);
		ck_assert_uint_eq(pool_used(p), i + 1);
	}
	ck_assert_ptr_null(assign(p, 1000000, 0));
	for (uint32_t i = 0; i < sizes[_i].size;
	     i++) /* each host is found in both ways, so no address is leased twice */
		ck_assert_ptr_eq(pool_find4(p, find(p, i)->addr), find(p, i));
	pool_free(p);
}
END_TEST

START_TEST(covers)
{
	struct pool *p = new_pool(sizes[_i].range, sizes[_i].n);

	for (size_t i = 0; i < sizes[_i].n; i++) {
		uint32_t first = sizes[_i].range[i].addr;
		uint32_t last = first | ~addr_mask4(sizes[_i].range[i].len);

		ck_assert_msg(pool_covers(p, first) && pool_covers(p, last), "%s", sizes[_i].name);
		ck_assert_msg(pool_covers(p, first - 1) == in_ranges(_i, first - 1), "%s",
			      sizes[_i].name);
		ck_assert_msg(pool_covers(p, last + 1) == in_ranges(_i, last + 1), "%s",
			      sizes[_i].name);
	}
	ck_assert(!pool_covers(p, IP4(8, 8, 8, 8)));
	pool_free(p);
}
END_TEST

START_TEST(absurd_sizes)
{
	static const struct prefix4 all = {0, 0};

	ck_assert_ptr_null(plain_pool(&all, 1, &key));
	ck_assert_ptr_null(plain_pool(&all, 0, &key));
	pool_free(NULL);
}
END_TEST

/* --- which address --- */

static const struct siphash_key secret = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

/* The preferred address depends only on host and secret: not on the key, the time or earlier
 * hosts. */
START_TEST(preferred_is_stable)
{
	static const struct siphash_key other_key = {7, 8};
	static const struct prefix4 big = {IP4(10, 0, 0, 0), 12};
	struct pool *a = new_pool(&big, 1), *b = plain_pool(&big, 1, &other_key);
	unsigned same = 0;

	pool_set_secret(a, &secret);
	pool_set_secret(b, &secret);
	for (uint32_t i = 0; i < 1000; i++)
		assign(a, i, 5);
	for (uint32_t i = 1000; i-- > 0;)
		same += find(a, i)->addr == assign(b, i, 99)->addr;
	ck_assert_uint_ge(same, 998); /* two hosts may prefer the same address out of a million */
	pool_free(a);
	pool_free(b);
}
END_TEST

/* A new release must give hosts the same addresses.  Values computed by another program. */
static const struct {
	struct siphash_key secret;
	uint32_t addr;
} fixed[] = {
	{{0, 0}, IP4(192, 168, 255, 78)},
	{{0x0706050403020100, 0x0f0e0d0c0b0a0908}, IP4(192, 168, 255, 221)},
};

START_TEST(preferred_is_fixed)
{
	struct pool *p = new_pool(&net24, 1);
	struct ip6 h = {{0x20, 0x01, 0x0d, 0xb8, [15] = 1}};

	pool_set_secret(p, &fixed[_i].secret);
	ck_assert_uint_eq(pool_assign(p, &h, 0, 0)->addr, fixed[_i].addr);
	pool_free(p);
}
END_TEST

/* The hosts below MANY that get the address of host 0 in an empty pool. */
#define MANY 4096

static void find_rivals(const struct siphash_key *known, bool rival[MANY])
{
	uint32_t wanted = 0;

	for (uint32_t i = 0; i < MANY; i++) {
		struct pool *p = new_pool(&net24, 1);
		uint32_t addr;

		if (known)
			pool_set_secret(p, known);
		addr = assign(p, i, 0)->addr;
		wanted = i == 0 ? addr : wanted;
		rival[i] = addr == wanted;
		pool_free(p);
	}
}

/* Without the secret, an attacker cannot choose hosts that prefer the same address.  Hosts that
 * prefer one address under one secret prefer different addresses under another. */
START_TEST(preferred_is_secret)
{
	static const struct siphash_key none = {0, 0};
	static bool guess[MANY], rival[MANY];
	unsigned guessed = 0, right = 0;

	find_rivals(&none, guess);
	find_rivals(_i == 0 ? &secret : NULL, rival);
	for (unsigned i = 1; i < MANY; i++) {
		guessed += guess[i];
		right += guess[i] && rival[i];
	}
	ck_assert_uint_ge(guessed, 8);
	ck_assert_uint_le(right, 2);
}
END_TEST

/* A lease keeps its address if its host prefers another one under a new secret. */
START_TEST(secret_moves_no_lease)
{
	struct pool *p = new_pool(&net24, 1);
	uint32_t addr[100];

	for (uint32_t i = 0; i < 100; i++)
		addr[i] = assign(p, i, 0)->addr;
	pool_set_secret(p, &secret);
	for (uint32_t i = 0; i < 100; i++)
		ck_assert(find(p, i) == pool_find4(p, addr[i]));
	pool_free(p);
}
END_TEST

START_TEST(next_free_and_wrap)
{
	struct pool *p = new_pool(&net24, 1);
	struct ip6 h = host(1);
	uint32_t addr = pool_assign(p, &h, 0, 0)->addr;

	for (unsigned prefix = 1; prefix < 255; prefix++) {
		addr = addr == IP4(192, 168, 255, 255) ? IP4(192, 168, 255, 1) : addr + 1;
		ck_assert_uint_eq(pool_assign(p, &h, prefix, 0)->addr, addr);
	}
	ck_assert_ptr_null(pool_assign(p, &h, 255, 0));
	pool_free(p);
}
END_TEST

START_TEST(lease_is_per_prefix)
{
	struct pool *p = new_pool(&net24, 1);
	struct ip6 h = host(1);
	struct lease *a = pool_assign(p, &h, 0, 0), *b = pool_assign(p, &h, 1, 0);
	struct lease *c = pool_assign(p, &h, 65535, 0);

	ck_assert(a != b && b != c && a->addr != b->addr);
	ck_assert_ptr_eq(pool_find6(p, &h, 0), a);
	ck_assert_ptr_eq(pool_find6(p, &h, 1), b);
	ck_assert_ptr_eq(pool_find6(p, &h, 65535), c);
	ck_assert_ptr_null(pool_find6(p, &h, 2));
	pool_free(p);
}
END_TEST

/* --- a full pool --- */

static const struct {
	const char *name;
	int32_t last, now;
	bool ends;
} guarantees[] = {
	{"the same moment", 100, 100, false},
	{"a moment before its guarantee ends", 100, 100 + POOL_GUARANTEE - 1, false},
	{"the last moment of its guarantee", 100, 100 + POOL_GUARANTEE, false},
	{"a moment after", 100, 100 + POOL_GUARANTEE + 1, true},
	{"used before the clock began", -POOL_GUARANTEE, 0, false},
	{"and a moment earlier", -POOL_GUARANTEE - 1, 0, true},
	{"used an age before the clock began", INT32_MIN, INT32_MAX, true},
	{"used in the future", INT32_MAX, INT32_MIN, false},
};

START_TEST(guarantee)
{
	struct pool *p = new_pool(&net30, 1);
	struct lease *l;

	for (uint32_t i = 0; i < 3; i++)
		confirm(p, restore(p, i, IP4(10, 0, 0, 1) + i,
				   i == 1 ? guarantees[_i].last : INT32_MAX));
	ck_assert_int_eq(pool_sort(p), 0);
	l = assign(p, 9, guarantees[_i].now);
	ck_assert_msg((l != NULL) == guarantees[_i].ends, "%s", guarantees[_i].name);
	ck_assert_msg((find(p, 1) == NULL) == guarantees[_i].ends, "%s", guarantees[_i].name);
	if (l)
		ck_assert_uint_eq(l->addr, IP4(10, 0, 0, 2));
	ck_assert_uint_eq(pool_used(p), 3);
	pool_free(p);
}
END_TEST

START_TEST(longest_idle_goes_first)
{
	struct pool *p = new_pool(&net24, 1);

	for (uint32_t i = 0; i < 255; i++)
		confirm(p, assign(p, i, (int32_t)i));
	for (uint32_t i = 0; i < 255; i += 2) /* every second host sends again */
		pool_touch(p, find(p, i), 1000);
	for (uint32_t i = 1; i < 255; i += 2) {
		uint32_t addr = find(p, i)->addr;
		struct lease *l = confirm(p, assign(p, 1000 + i, 1000 + POOL_GUARANTEE));

		ck_assert_uint_eq(l->addr, addr);
		ck_assert_ptr_null(find(p, i));
	}
	ck_assert_ptr_null(assign(p, 5000, 1000 + POOL_GUARANTEE));
	ck_assert_ptr_nonnull(assign(p, 5000, 1001 + POOL_GUARANTEE));
	ck_assert_ptr_null(find(p, 0));
	pool_free(p);
}
END_TEST

static bool was_ended(const struct pool *p, uint32_t n, uint32_t addr)
{
	struct ip6 h = host(n);
	struct lease l;

	return pool_ended(p, &l) && ip6_equal(&l.host, &h) && l.addr == addr && l.prefix == 0;
}

/* pool_ended() reports the lease that the last call ended, and nothing else. */
START_TEST(tells_what_it_ended)
{
	struct pool *p = new_pool(&net30, 1);
	struct lease l;

	ck_assert(!pool_ended(p, &l));
	for (uint32_t i = 1; i <= 3; i++)
		confirm(p, restore(p, i, IP4(10, 0, 0, i), (int32_t)i));
	confirm(p, restore(p, 4, IP4(10, 0, 0, 3),
			   3)); /* a restored lease replaces it: not reported */
	ck_assert(!pool_ended(p, &l));
	ck_assert_ptr_null(assign(p, 9, 1));
	ck_assert(!pool_ended(p, &l));
	ck_assert_ptr_nonnull(assign(p, 9, 2 + POOL_GUARANTEE));
	ck_assert(was_ended(p, 1, IP4(10, 0, 0, 1)));
	ck_assert_ptr_null(assign(p, 8, 2 + POOL_GUARANTEE));
	ck_assert(!pool_ended(p, &l));
	ck_assert_uint_eq(pool_expire(p, POOL_KEEP + 3, 1), 1);
	ck_assert(was_ended(p, 2, IP4(10, 0, 0, 2)));
	ck_assert_uint_eq(pool_expire(p, POOL_KEEP + 3, 1), 0);
	ck_assert(!pool_ended(p, &l));
	ck_assert_ptr_nonnull(assign(p, 8, POOL_KEEP + 3)); /* there is room again */
	ck_assert(!pool_ended(p, &l));
	pool_free(p);
}
END_TEST

/* While there is room, no lease ends, however long it is idle. */
START_TEST(room_before_taking_back)
{
	struct pool *p = new_pool(&net30, 1);

	assign(p, 1, 0);
	assign(p, 2, 0);
	assign(p, 3, POOL_KEEP);
	ck_assert(find(p, 1) && find(p, 2) && find(p, 3));
	pool_free(p);
}
END_TEST

/* --- reserving --- */

START_TEST(reserve_sizes)
{
	struct pool *p = new_pool(&net24, 1);

	reserve(p, IP4(192, 168, 255, 0), 32); /* the network address, again */
	ck_assert_uint_eq(pool_size(p), 255);
	reserve(p, IP4(192, 168, 255, 1), 32);
	reserve(p, IP4(192, 168, 255, 1), 32);
	ck_assert_uint_eq(pool_size(p), 254);
	reserve(p, IP4(192, 168, 254, 0), 24); /* outside the range */
	reserve(p, IP4(192, 169, 0, 0), 24);
	ck_assert_uint_eq(pool_size(p), 254);
	reserve(p, IP4(192, 168, 255, 128), 25);
	ck_assert_uint_eq(pool_size(p), 126);
	reserve(p, 0, 0); /* all addresses */
	ck_assert_uint_eq(pool_size(p), 0);
	ck_assert_ptr_null(assign(p, 1, INT32_MAX));
	ck_assert_ptr_null(assign(p, 1, 0));
	ck_assert(pool_covers(p, IP4(192, 168, 255, 7)));
	pool_free(p);
}
END_TEST

START_TEST(reserve_evicts)
{
	static const struct prefix4 range[2] = {{IP4(10, 0, 0, 0), 24}, {IP4(10, 9, 0, 0), 24}};
	static const uint8_t lens[] = {32, 31, 28, 25, 24, 16, 8, 0};

	for (int i = 0; i < ROWS(lens); i++) {
		struct prefix4 prefix = {IP4(10, 9, 0, 64) & addr_mask4(lens[i]), lens[i]};
		struct pool *p = new_pool(range, 2);
		size_t stay = 0, cursor = 0;
		struct lease *l;

		for (uint32_t n = 0; n < 400; n++)
			stay += !addr_in4(assign(p, n, 0)->addr, &prefix);
		pool_reserve(p, &prefix);
		ck_assert_msg(pool_used(p) == stay, "/%u", lens[i]);
		while ((l = pool_walk(p, &cursor)))
			ck_assert_msg(!addr_in4(l->addr, &prefix), "/%u", lens[i]);
		while ((l = assign(p, (uint32_t)++cursor + 10000, 0)))
			ck_assert_msg(!addr_in4(l->addr, &prefix), "/%u", lens[i]);
		ck_assert_msg(pool_used(p) == pool_size(p), "/%u", lens[i]);
		pool_free(p);
	}
}
END_TEST

/* --- putting back --- */

START_TEST(restore_conflicts)
{
	struct pool *p = new_pool(&net24, 1);
	struct lease *l = restore(p, 1, IP4(192, 168, 255, 10), -50);

	ck_assert(l && l->last == -50 && l->saved == -50 && l->on_record);
	ck_assert_ptr_null(restore(p, 2, IP4(192, 168, 255, 0), 0)); /* reserved */
	ck_assert_ptr_null(restore(p, 2, IP4(192, 168, 254, 9), 0)); /* in no range */
	ck_assert_ptr_null(restore(p, 1, IP4(192, 168, 255, 0), 0)); /* the old lease stays */
	ck_assert_ptr_nonnull(find(p, 1));

	restore(p, 2, IP4(192, 168, 255, 10), 0); /* another host gets the address */
	ck_assert_ptr_null(find(p, 1));
	ck_assert_uint_eq(find(p, 2)->addr, IP4(192, 168, 255, 10));
	restore(p, 2, IP4(192, 168, 255, 11), 0); /* the host gets another address */
	ck_assert_ptr_null(pool_find4(p, IP4(192, 168, 255, 10)));
	ck_assert_uint_eq(pool_used(p), 1);
	restore(p, 3, IP4(192, 168, 255, 12), 0);
	restore(p, 2, IP4(192, 168, 255, 12), 7); /* both at the same time */
	ck_assert_uint_eq(pool_used(p), 1);
	ck_assert_ptr_null(find(p, 3));
	restore(p, 2, IP4(192, 168, 255, 12), 9); /* the same again, later */
	ck_assert_uint_eq(pool_used(p), 1);
	ck_assert_int_eq(find(p, 2)->last, 9);
	pool_free(p);
}
END_TEST

START_TEST(sorted_after_restore)
{
	static const struct prefix4 range = {IP4(10, 0, 0, 0), 20};
	struct pool *p = new_pool(&range, 1);
	struct lease *l = NULL;
	int32_t before = INT32_MAX;
	size_t seen = 0;

	ck_assert_int_eq(pool_sort(p), 0);
	for (uint32_t i = 1; i < 4000; i++)
		restore(p, i, IP4(10, 0, 0, 0) + i, (int32_t)random_below(1000) - 500);
	ck_assert_int_eq(pool_sort(p), 0);
	ck_assert_int_eq(pool_sort(p), 0);
	for (; (l = pool_next(p, l)); seen++) {
		ck_assert_int_le(l->last, before);
		before = l->last;
	}
	ck_assert_uint_eq(seen, 3999);
	pool_free(p);
}
END_TEST

/* --- ending --- */

START_TEST(expire_edges)
{
	struct pool *p = new_pool(&net24, 1);

	assign(p, 1, 0);
	assign(p, 2, 1);
	assign(p, 3, 2);
	assign(p, 4, 1000);
	ck_assert_uint_eq(pool_expire(p, POOL_KEEP, 100), 0); /* exactly 14 days: kept */
	ck_assert_uint_eq(pool_expire(p, POOL_KEEP + 1, 100), 1);
	ck_assert(!find(p, 1) && find(p, 2));
	ck_assert_uint_eq(pool_expire(p, POOL_KEEP + 3, 1), 1); /* limited by the budget */
	ck_assert(!find(p, 2) && find(p, 3));
	ck_assert_uint_eq(pool_expire(p, POOL_KEEP + 3, 0), 0);
	ck_assert_uint_eq(pool_expire(p, POOL_KEEP + 3, 100), 1);
	ck_assert_uint_eq(pool_expire(p, INT32_MAX, 100), 1);
	ck_assert_uint_eq(pool_expire(p, INT32_MAX, 100), 0);
	ck_assert_uint_eq(pool_used(p), 0);
	pool_free(p);
}
END_TEST

/* A walk visits each lease that stays exactly once, while others begin and end before and after the
 * cursor. */
START_TEST(walk_survives_changes)
{
	struct pool *p = new_pool(&net24, 1);
	unsigned seen[100] = {0};
	struct lease *l;
	size_t cursor = 0;

	for (uint32_t i = 0; i < 200; i++)
		assign(p, i, i < 100 ? 1000 : 0);
	for (uint32_t turn = 0; (l = pool_walk(p, &cursor)); turn++) {
		for (uint32_t i = 0; i < 100; i++)
			seen[i] += l == find(p, i);
		pool_expire(p, POOL_KEEP + 1, 1);
		assign(p, 1000 + turn % 300, 1001);
		pool_touch(p, l, 1002);
		if (turn % 10 == 0)
			ck_assert_int_eq(pool_sort(p), 0);
		ck_assert_uint_lt(turn, 1000);
	}
	for (int i = 0; i < 100; i++)
		ck_assert_msg(seen[i] == 1, "host %d: %u times", i, seen[i]);
	pool_free(p);
}
END_TEST

/* While the tables grow, all leases are found after each doubling, and after most have ended. */
START_TEST(many)
{
	static const struct prefix4 range = {IP4(10, 0, 0, 0), 8};
	struct pool *p = new_pool(&range, 1);

	for (uint32_t i = 0; i < 70000; i++) {
		ck_assert_ptr_nonnull(assign(p, i, (int32_t)(i / 10)));
		if ((i & (i - 1)) == 0)
			for (uint32_t j = 0; j <= i; j++)
				ck_assert_ptr_eq(pool_find4(p, find(p, j)->addr), find(p, j));
	}
	ck_assert_uint_eq(pool_expire(p, POOL_KEEP + 6900, 100000), 69000);
	for (uint32_t i = 0; i < 70000; i++)
		ck_assert_int_eq(find(p, i) != NULL, i >= 69000);
	ck_assert_uint_eq(pool_used(p), 1000);
	pool_free(p);
}
END_TEST

START_TEST(lease_is_small)
{
	ck_assert_uint_le(sizeof(struct lease), 96);
}
END_TEST

START_TEST(end_on_demand)
{
	struct pool *p = new_pool(&net30, 1);
	struct lease *l = assign(p, 1, 0);
	uint32_t addr = l->addr;

	pool_end(p, l);
	ck_assert(!find(p, 1) && !pool_find4(p, addr));
	ck_assert_uint_eq(pool_used(p), 0);
	ck_assert_uint_eq(assign(p, 1, 0)->addr, addr);
	pool_free(p);
}
END_TEST

START_TEST(unreserve)
{
	struct pool *p = new_pool(&net30, 1);

	reserve(p, IP4(10, 0, 0, 2), 32);
	ck_assert_uint_eq(pool_size(p), 2);
	ck_assert_ptr_null(restore(p, 1, IP4(10, 0, 0, 2), 0));
	pool_unreserve(p, IP4(10, 0, 0, 2));
	ck_assert_uint_eq(pool_size(p), 3);
	confirm(p, restore(p, 1, IP4(10, 0, 0, 2), 0));
	pool_unreserve(p, IP4(10, 0, 0, 2)); /* leased, not reserved */
	pool_unreserve(p, IP4(10, 0, 1, 2)); /* in no range */
	ck_assert_uint_eq(pool_size(p), 3);
	ck_assert_ptr_nonnull(find(p, 1));
	for (uint32_t i = 2; i <= 3; i++)
		ck_assert_ptr_nonnull(assign(p, i, 0));
	ck_assert_ptr_null(assign(p, 4, 0));
	pool_free(p);
}
END_TEST

/* A walk that was interrupted continues in another pool, to which the leases were moved in the same
 * order. */
START_TEST(walk_goes_on_elsewhere)
{
	struct pool *p = new_pool(&net24, 1), *q = new_pool(&net24, 1);
	struct lease *l, *last = NULL;
	size_t cursor = 0;
	uint32_t seen = 0;

	for (uint32_t i = 0; i < 100; i++)
		assign(p, i, (int32_t)i);
	for (uint32_t i = 0; i < 100; i += 3)
		pool_end(p, find(p, i));
	for (; seen < 30; seen++)
		last = pool_walk(p, &cursor);
	for (size_t all = 0; (l = pool_walk(p, &all));)
		pool_move(q, l, 0);
	cursor = pool_place(q, pool_find6(q, &last->host, 0));
	while (pool_walk(q, &cursor))
		seen++;
	ck_assert_uint_eq(seen, pool_used(p));
	pool_free(p);
	pool_free(q);
}
END_TEST

/* --- the beginning of a lease, and its confirmation --- */

START_TEST(since_assigned)
{
	struct pool *p = new_pool(&net24, 1);
	struct lease *l = assign(p, 1, -5);

	ck_assert_int_eq(l->since, -5);
	pool_touch(p, l, 100);
	ck_assert_int_eq(l->since, -5);
	ck_assert_int_eq(restore(p, 2, IP4(192, 168, 255, 9), 7)->since, POOL_UNKNOWN);
	pool_free(p);
}
END_TEST

static struct pool_range range_of(const struct pool *p, size_t i)
{
	struct pool_range r;

	pool_range(p, i, &r);
	return r;
}

/* Events in order: 's' the host sends, 'a' it gets an answer. */
static const struct {
	const char *events;
	bool answered, confirmed;
} courses[] = {
	{"", false, false},     {"s", false, false},  {"sss", false, false},
	{"a", true, false},     {"saa", true, false}, {"as", true, true},
	{"sas", true, true},    {"sasa", true, true}, {"asasass", true, true},
	{"aaaaas", true, true},
};

START_TEST(confirms)
{
	struct pool *p = new_pool(&net24, 1);
	struct lease *l = assign(p, 1, 0), *other = assign(p, 2, 0);

	for (const char *e = courses[_i].events; *e; e++)
		if (*e == 's')
			pool_touch(p, l, 0);
		else
			pool_answer(l);
	ck_assert_msg(l->answered == courses[_i].answered, "%s", courses[_i].events);
	ck_assert_msg(l->confirmed == courses[_i].confirmed, "%s", courses[_i].events);
	ck_assert(!other->answered && !other->confirmed);
	ck_assert_uint_eq(range_of(p, 0).confirmed, courses[_i].confirmed);
	ck_assert_uint_eq(pool_expire(p, POOL_KEEP + 1, 2), 2);
	ck_assert_uint_eq(range_of(p, 0).confirmed, 0);
	ck_assert(!assign(p, 1, 0)->confirmed); /* in the same memory */
	pool_free(p);
}
END_TEST

/* A refusal is counted at the range of the preferred address. */
START_TEST(refused_is_counted_once)
{
	static const struct prefix4 two[] = {{IP4(10, 0, 0, 0), 30}, {IP4(10, 0, 1, 0), 30}};
	struct pool *p = new_pool(two, 2);
	uint64_t before;

	for (uint32_t i = 0; i < 6; i++)
		ck_assert_ptr_nonnull(assign(p, i, 0));
	ck_assert_uint_eq(range_of(p, 0).refused + range_of(p, 1).refused, 0);
	for (uint32_t i = 0; i < 100; i++)
		ck_assert_ptr_null(assign(p, 100 + i, 0));
	ck_assert_uint_eq(range_of(p, 0).refused + range_of(p, 1).refused, 100);
	ck_assert_uint_gt(range_of(p, 0).refused, 20); /* by chance, but the key is fixed */
	ck_assert_uint_gt(range_of(p, 1).refused, 20);
	before = range_of(p, 0).refused;
	for (uint32_t i = 0; i < 10; i++)
		ck_assert_ptr_null(assign(p, 100, 0));
	before = range_of(p, 0).refused - before;
	ck_assert_msg(before == 0 || before == 10, "one host is refused in two ranges");
	ck_assert_uint_eq(range_of(p, 0).displaced + range_of(p, 1).displaced, 0);
	pool_free(p);
}
END_TEST

START_TEST(displaced_is_counted_where_it_was)
{
	static const struct prefix4 two[] = {{IP4(10, 0, 0, 0), 31}, {IP4(10, 0, 1, 0), 31}};
	struct pool *p = new_pool(two, 2);

	restore(p, 1, IP4(10, 0, 0, 1), 0);
	restore(p, 2, IP4(10, 0, 1, 1), 1);
	ck_assert_ptr_nonnull(assign(p, 3, POOL_GUARANTEE + 1));
	ck_assert_uint_eq(range_of(p, 0).displaced, 1);
	ck_assert_uint_eq(range_of(p, 1).displaced, 0);
	ck_assert_uint_eq(pool_expire(p, POOL_KEEP + POOL_GUARANTEE + 2, 9), 2);
	restore(p, 4, IP4(10, 0, 1, 1), 0);
	restore(p, 5, IP4(10, 0, 1, 1), 0);
	reserve(p, IP4(10, 0, 1, 0), 31); /* none of these took an address from another host */
	ck_assert_uint_eq(range_of(p, 0).displaced, 1);
	ck_assert_uint_eq(range_of(p, 1).displaced, 0);
	pool_free(p);
}
END_TEST

/* Moving a lease keeps all of its data. */
START_TEST(moves_whole)
{
	struct pool *p = new_pool(&net24, 1), *q = new_pool(&net24, 1);
	struct lease *l = assign(p, 1, 10), *moved;

	pool_answer(l);
	pool_touch(p, l, 20);
	l->packets[0] = 4;
	l->bytes[1] = 5;
	moved = pool_move(q, l, 0);
	ck_assert_ptr_eq(moved, find(q, 1));
	ck_assert_int_eq(moved->since, 10);
	ck_assert_int_eq(moved->last, 20);
	ck_assert(moved->answered && moved->confirmed && !moved->on_record);
	ck_assert(moved->packets[0] == 4 && moved->bytes[1] == 5);
	ck_assert_uint_eq(range_of(q, 0).confirmed, 1);
	moved = pool_move(q, assign(p, 2, 30), 0);
	ck_assert(!moved->answered && !moved->confirmed && moved->since == 30);
	ck_assert_uint_eq(range_of(q, 0).confirmed, 1);
	pool_free(p);
	pool_free(q);
}
END_TEST

static struct pool_network only_network(const struct pool *p)
{
	struct pool_network n;
	size_t cursor = 0;

	ck_assert(pool_network(p, &cursor, &n));
	ck_assert(pool_network(p, &cursor, &n)); /* the /48, then the /64 */
	return n;
}

/* A restored confirmed lease is counted as before in every counter. */
START_TEST(confirmed_comes_back)
{
	struct pool *p = new_pool(&net24, 1);
	struct lease *l = restore(p, 1, IP4(192, 168, 255, 9), 5);
	struct ip6 h = l->host;

	ck_assert(!l->confirmed);
	restore(p, 2, IP4(192, 168, 255, 10), 3);
	for (int again = 0; again < 2; again++) {
		l = pool_restore_confirmed(p, &h, 0, IP4(192, 168, 255, 9), 5);
		ck_assert(l->confirmed);
		ck_assert_uint_eq(range_of(p, 0).confirmed, 1);
		ck_assert_uint_eq(only_network(p).confirmed, 1);
		ck_assert_uint_eq(only_network(p).used, 2);
	}
	pool_record(l, l->last);
	ck_assert_int_eq(pool_sort(p), 0);
	pool_answer(l);
	pool_touch(p, l, 20);
	ck_assert(!pool_outdated(l, 20));
	pool_end(p, l);
	ck_assert_uint_eq(range_of(p, 0).confirmed, 0);
	ck_assert_uint_eq(only_network(p).confirmed, 0);
	pool_free(p);
}
END_TEST

/* The confirmation makes the stored record outdated exactly once, also in another pool. */
START_TEST(confirmation_outdates_a_record_once)
{
	struct pool *p = new_pool(&net24, 1), *q = new_pool(&net24, 1);
	struct lease *l = assign(p, 1, 10);

	ck_assert(pool_outdated(l, 10));
	pool_record(l, 10);
	pool_answer(l);
	ck_assert(!pool_outdated(l, 10));
	pool_touch(p, l, 11);
	ck_assert(pool_outdated(l, 11));
	l = pool_move(q, l, 0);
	ck_assert(pool_outdated(l, 11));
	pool_record(l, 11);
	ck_assert(!pool_outdated(l, 11));
	ck_assert(!pool_outdated(pool_move(p, l, 0), 11));
	pool_answer(l);
	pool_touch(q, l, 12);
	ck_assert(!pool_outdated(l, 12));
	ck_assert(!pool_outdated(l, 11 + POOL_RESTAMP - 1));
	ck_assert(pool_outdated(l, 11 + POOL_RESTAMP));
	pool_free(p);
	pool_free(q);
}
END_TEST

START_TEST(counts_stay_with_their_range)
{
	static const struct prefix4 before[] = {{IP4(10, 0, 0, 0), 31}, {IP4(10, 0, 1, 0), 31}};
	static const struct prefix4 after[] = {
		{IP4(10, 0, 2, 0), 31}, {IP4(10, 0, 1, 0), 31}, {IP4(10, 0, 0, 0), 30}};
	struct pool *p = new_pool(before, 2), *q = new_pool(after, 3);

	restore(p, 1, IP4(10, 0, 1, 1), 0);
	ck_assert_ptr_nonnull(assign(p, 2, POOL_GUARANTEE));
	ck_assert_ptr_nonnull(assign(p, 3, POOL_GUARANTEE + 1));
	for (uint32_t i = 10; i < 60; i++)
		ck_assert_ptr_null(assign(p, i, POOL_GUARANTEE + 1));
	pool_take_counts(q, p);
	ck_assert_uint_eq(range_of(q, 0).refused, 0); /* it is larger than in P */
	ck_assert_uint_gt(range_of(q, 1).refused, 0);
	ck_assert_uint_eq(range_of(q, 1).refused, range_of(p, 1).refused);
	ck_assert_uint_eq(range_of(q, 1).displaced, 1);
	ck_assert_uint_eq(range_of(q, 2).refused, 0);
	pool_free(p);
	pool_free(q);
}
END_TEST

/* With more addresses than leases, reserving iterates over the leases. */
START_TEST(reserve_evicts_by_walking)
{
	static const struct prefix4 net16 = {IP4(10, 9, 0, 0), 16};
	struct pool *p = new_pool(&net16, 1);

	for (uint32_t i = 1; i <= 20; i++)
		ck_assert_ptr_nonnull(restore(p, i, IP4(10, 9, i * 12, 1), 0));
	reserve(p, IP4(10, 9, 64, 0), 18);
	for (uint32_t i = 1; i <= 20; i++) {
		bool inside = i * 12 >= 64 && i * 12 < 128;

		ck_assert_msg(!find(p, i) == inside, "lease %u", i);
	}
	ck_assert_uint_eq(pool_used(p), 15);
	ck_assert_uint_eq(pool_size(p), 65535 - 16384);
	pool_free(p);
}
END_TEST

/* --- restored leases beyond a share --- */

/* Five restored hosts of one /64 with the seconds of their last use, and one of the next /64. */
START_TEST(trims)
{
	static const int32_t last[] = {5, 1, 3, 2, 4};
	struct pool_conf c = pool_plain(net24);
	struct ip6 a = host(1), b = host(1), h;
	struct pool *p;

	c.share_len = 64;
	c.share = 2;
	b.b[7] = 1;
	p = pool_new(&c, 1, &key);
	ck_assert(pool_has_share(p, &a));
	for (uint32_t i = 0; i < 5; i++)
		ck_assert_ptr_nonnull(restore(p, i, net24.addr + 1 + i, last[i]));
	ck_assert_ptr_nonnull(pool_restore(p, &b, 0, net24.addr + 6, 0));
	ck_assert_int_eq(pool_sort(p), 0);
	ck_assert_uint_eq(pool_trim(p, NULL, NULL), 3);
	for (uint32_t i = 0; i < 5; i++)
		ck_assert_msg(!find(p, i) == (last[i] <= 3), "%u", i);
	ck_assert(pool_find6(p, &b, 0));
	ck_assert_uint_eq(pool_trim(p, NULL, NULL), 0);
	ck_assert_uint_eq(range_of(p, 0).displaced, 0);
	h = host(9);
	ck_assert(!pool_has_share(p, &h) && pool_has_share(p, &b));
	pool_free(p);
}
END_TEST

/* --- memory shared with the kernel program --- */

#define SHARED 3

static union fastpath_element shared[SHARED];

static struct pool *new_shared(void)
{
	struct pool *p = new_pool(&net24, 1);

	memset(shared, 0, sizeof(shared));
	pool_share(p, shared, SHARED);
	return p;
}

/* The kernel program counts N packets of 100 bytes in direction DIR for element I. */
static void count_below(unsigned i, int dir, uint64_t n)
{
	shared[i].lease.packets[dir] += n;
	shared[i].lease.bytes[dir] += 100 * n;
}

START_TEST(first_leases_are_shared)
{
	struct pool *p = new_shared();

	for (uint32_t i = 0; i < SHARED + 2; i++)
		ck_assert_int_eq(pool_shared(p, assign(p, i, 0)), i < SHARED ? (long)i : -1);
	pool_share(p, NULL, 0);
	for (uint32_t i = 0; i < SHARED + 2; i++) {
		ck_assert_int_eq(pool_shared(p, find(p, i)), -1);
		ck_assert(!pool_gather(p, find(p, i), 1));
	}
	pool_free(p);
}
END_TEST

/* A lease was used and stored at 1000; at NOW its element has these counts. */
static const struct {
	const char *name;
	uint64_t to6, to4;
	int32_t now, last;
	bool outdated;
	bool before, confirmed; /* answered before; confirmed now */
} gathers[] = {
	{"nothing", 0, 0, 2000, 1000, false, false, false},
	{"nothing, answered before", 0, 0, 2000, 1000, false, true, false},
	{"only what came for it", 7, 0, 2000, 1000, false, false, false},
	{"again only what came for it", 7, 0, 2000, 1000, false, true, false},
	{"sent after the answer", 0, 1, 1001, 1001, true, true, true},
	{"both after the answer", 5, 3, 1001, 1001, true, true, true},
	{"sent, on record", 0, 1, 1000 + POOL_RESTAMP - 1, 1000 + POOL_RESTAMP - 1, false, false,
	 false},
	{"sent, record out of date", 0, 1, 1000 + POOL_RESTAMP, 1000 + POOL_RESTAMP, true, false,
	 false},
	{"both, in an order that is not known", 5, 3, 1001, 1001, false, false, false},
	{"very much", 1, UINT64_C(1) << 40, 1001, 1001, false, false, false},
};

START_TEST(gather)
{
	struct pool *p = new_shared();
	struct lease *l = assign(p, 1, 1000);

	pool_record(l, 1000);
	l->packets[0] = l->packets[1] = l->bytes[0] = l->bytes[1] = 10;
	l->answered = gathers[_i].before;
	count_below(0, 0, gathers[_i].to6);
	count_below(0, 1, gathers[_i].to4);
	ck_assert_msg(pool_gather(p, l, gathers[_i].now) == gathers[_i].outdated, "%s",
		      gathers[_i].name);
	for (int again = 0; again < 2; again++) { /* counters are gathered only once */
		ck_assert_msg(l->last == gathers[_i].last, "%s: %d", gathers[_i].name, l->last);
		ck_assert_uint_eq(l->packets[0], 10 + gathers[_i].to6);
		ck_assert_uint_eq(l->packets[1], 10 + gathers[_i].to4);
		ck_assert_uint_eq(l->bytes[0], 10 + 100 * gathers[_i].to6);
		ck_assert_uint_eq(l->bytes[1], 10 + 100 * gathers[_i].to4);
		ck_assert(l->answered == (gathers[_i].before || gathers[_i].to6 > 0));
		ck_assert_msg(l->confirmed == gathers[_i].confirmed, "%s", gathers[_i].name);
		ck_assert(!pool_gather(p, l, 1000000));
	}
	pool_free(p);
}
END_TEST

/* A host that sends through the kernel program is not the longest idle one. */
START_TEST(gathered_is_not_idle)
{
	struct pool *p = new_shared();
	struct lease *a = assign(p, 1, 0), *b = assign(p, 2, 10);

	ck_assert_ptr_eq(pool_next(p, NULL), b);
	count_below(0, 1, 1);
	pool_gather(p, a, 20);
	ck_assert_ptr_eq(pool_next(p, NULL), a);
	ck_assert_uint_eq(pool_expire(p, POOL_KEEP + 15, 9), 1);
	ck_assert(find(p, 1) && !find(p, 2));
	pool_free(p);
}
END_TEST

static void expire(struct pool *p)
{
	ck_assert_uint_eq(pool_expire(p, POOL_KEEP + 1, 1), 1);
}

static void take_address(struct pool *p)
{
	ck_assert_ptr_nonnull(restore(p, 99, find(p, 1)->addr, 0));
}

static void reserve_address(struct pool *p)
{
	reserve(p, find(p, 1)->addr, 32);
}

static void fill(struct pool *p)
{
	for (uint32_t i = 1000; find(p, 1); i++)
		ck_assert_ptr_nonnull(assign(p, i, POOL_GUARANTEE + 1));
}

static void (*const ends[])(struct pool *p) = {expire, take_address, reserve_address, fill};

/* However a lease ends, its element becomes invalid, and no later lease inherits its counters. */
START_TEST(end_is_seen_below)
{
	struct pool *p = new_shared();
	struct lease *l = assign(p, 1, 0);

	shared[0].lease.generation = UINT32_MAX;
	shared[1].lease.generation = 5;
	count_below(0, 0, 4);
	count_below(0, 1, 4);
	ck_assert_int_eq(pool_shared(p, l), 0);
	ends[_i](p);
	ck_assert_ptr_null(find(p, 1));
	ck_assert_uint_eq(shared[0].lease.generation, 0);
	ck_assert_uint_eq(shared[1].lease.generation, 5);
	for (int dir = 0; dir < FASTPATH_DIRS; dir++) {
		ck_assert_uint_eq(shared[0].lease.packets[dir], 0);
		ck_assert_uint_eq(shared[0].lease.bytes[dir], 0);
	}
	pool_free(p);
}
END_TEST

/* The next lease in the same memory has the next generation, and its counters start at 0. */
START_TEST(place_is_used_again)
{
	struct pool *p = new_shared();
	struct lease *l = assign(p, 1, 0);
	uint32_t before = shared[0].lease.generation;

	l->packets[0] = l->bytes[1] = 5;
	expire(p);
	l = assign(p, 2, 0);
	ck_assert_int_eq(pool_shared(p, l), 0);
	ck_assert_uint_ne(shared[0].lease.generation, before);
	ck_assert(!l->packets[0] && !l->packets[1] && !l->bytes[0] && !l->bytes[1]);
	pool_free(p);
}
END_TEST

static double cpu_seconds(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

#define CUSTOMERS 20000

/* One pool and one map per customer: reserving must be fast, because the daemon does not translate
 * packets during a reload. */
START_TEST(reserves_in_many_ranges)
{
	struct prefix4 *range = calloc(CUSTOMERS, sizeof(*range));
	double before = cpu_seconds();
	struct pool *p;

	ck_assert_ptr_nonnull(range);
	for (uint32_t i = 0; i < CUSTOMERS; i++)
		range[i] = (struct prefix4){0x0a000000 + i * 16, 29};
	p = new_pool(range, CUSTOMERS);
	ck_assert_uint_eq(pool_size(p), CUSTOMERS * 7);
	for (uint32_t i = 0; i < CUSTOMERS; i++) {
		pool_reserve(p, &(struct prefix4){0x0a000000 + i * 16 + 7, 32});
		pool_reserve(p, &(struct prefix4){0x0a000000 + i * 16 + 8, 32});
	}
	ck_assert_uint_eq(pool_size(p), CUSTOMERS * 6);
	ck_assert_msg(cpu_seconds() - before < 0.3, "took %.1f s", cpu_seconds() - before);
	pool_reserve(p, &(struct prefix4){0x0a000000, 25}); /* eight ranges */
	ck_assert_uint_eq(pool_size(p), (CUSTOMERS - 8) * 6);
	pool_reserve(p, &(struct prefix4){0, 0});
	ck_assert_uint_eq(pool_size(p), 0);
	pool_free(p);
	free(range);
}
END_TEST

/* --- ranges that stand by --- */

static const struct prefix4 own_range = {IP4(10, 0, 0, 0), 30}, peer_range = {IP4(10, 0, 1, 0), 29};

/* Returns a pool of three addresses, beside seven ones that stand by. */
static struct pool *new_pair(void)
{
	struct pool_conf conf[2] = {pool_plain(own_range), pool_plain(peer_range)};
	struct pool *p;

	conf[1].standby = true;
	p = pool_new(conf, 2, &key);
	ck_assert_ptr_nonnull(p);
	return p;
}

START_TEST(standby_is_not_assigned)
{
	struct pool *p = new_pair();

	ck_assert(!pool_stands_by(p, own_range.addr + 1));
	ck_assert(pool_stands_by(p, peer_range.addr) && pool_stands_by(p, peer_range.addr + 7));
	ck_assert(!pool_stands_by(p, peer_range.addr + 8));
	ck_assert_ptr_nonnull(restore(p, 100, peer_range.addr + 1, -1000000));
	for (uint32_t n = 0; n < 3; n++)
		ck_assert(!pool_stands_by(p, confirm(p, assign(p, n, 0))->addr));
	ck_assert_ptr_null(assign(p, 3, 1)); /* only the addresses of the peer are free */
	ck_assert_ptr_nonnull(assign(p, 3, POOL_GUARANTEE + 1)); /* not for the older lease of it */
	ck_assert_uint_eq(find(p, 100)->addr, peer_range.addr + 1);
	pool_free(p);
}
END_TEST

/* The addresses of both groups are in one table, but each group has its own counters. */
START_TEST(standby_is_known)
{
	struct pool *p = new_pair();
	struct pool_range own, peer;
	struct lease *l = restore(p, 100, peer_range.addr + 5, -10);

	ck_assert_ptr_nonnull(assign(p, 1, 0));
	ck_assert_ptr_eq(pool_find4(p, peer_range.addr + 5), l);
	confirm(p, l);
	ck_assert_int_eq(l->last, -10);
	pool_touch(p, l, 7);
	ck_assert_int_eq(l->last, 7);
	pool_range(p, 0, &own);
	pool_range(p, 1, &peer);
	ck_assert(!own.standby && peer.standby);
	ck_assert_uint_eq(own.group_used, 1);
	ck_assert_uint_eq(own.group_size, 3);
	ck_assert_uint_eq(peer.group_used, 1);
	ck_assert_uint_eq(peer.group_size, 7);
	ck_assert_uint_eq(peer.confirmed, 1);
	for (uint32_t n = 0; n < 7; n++) /* no other address counts as the preferred one here */
		restore(p, 100 + n, peer_range.addr + 1 + n, 7);
	pool_range(p, 1, &peer);
	ck_assert_uint_eq(peer.not_preferred, 0);
	pool_set_secret(p, &(struct siphash_key){1, 2});
	pool_range(p, 1, &peer);
	ck_assert_uint_eq(peer.not_preferred, 0);
	pool_free(p);
}
END_TEST

START_TEST(standby_does_not_expire)
{
	struct pool *p = new_pair();
	struct ip6 h = host(100);

	restore(p, 100, peer_range.addr + 1, -POOL_FOREVER / 2);
	restore(p, 1, own_range.addr + 1, 0);
	ck_assert_int_eq(pool_keep(p, &h, peer_range.addr + 1), POOL_FOREVER);
	ck_assert_int_eq(pool_keep(p, &h, own_range.addr + 1), POOL_KEEP);
	ck_assert_uint_eq(pool_expire(p, POOL_KEEP + 1, 9), 1);
	ck_assert_ptr_null(find(p, 1));
	ck_assert_ptr_nonnull(find(p, 100));
	pool_free(p);
}
END_TEST

/* The owner may serve a host from a pool for more hosts than another of its pools. */
START_TEST(standby_has_the_hosts_of_its_from)
{
	struct pool_conf conf[3] = {pool_plain(own_range), pool_plain(peer_range),
				    pool_plain((struct prefix4){IP4(10, 0, 2, 0), 29})};
	struct ip6 in = host(1), out = in;
	struct pool *p;

	out.b[3] = 0;
	conf[1].standby = conf[2].standby = true;
	conf[2].from = (struct prefix6){{{0x20, 0x01, 0x0d, 0xb8}}, 32};
	conf[0].from = conf[2].from;
	p = pool_new(conf, 3, &key);
	ck_assert_int_eq(pool_fits(p, &in, peer_range.addr + 1), POOL_FITS);
	ck_assert_int_eq(pool_fits(p, &out, peer_range.addr + 1), POOL_FITS);
	ck_assert_int_eq(pool_fits(p, &in, peer_range.addr), POOL_RESERVED);
	ck_assert_int_eq(pool_fits(p, &in, IP4(10, 0, 2, 1)), POOL_FITS);
	ck_assert_int_eq(pool_fits(p, &out, IP4(10, 0, 2, 1)), POOL_OF_OTHERS);
	ck_assert(pool_serves(p, &in) && !pool_serves(p, &out));
	ck_assert(pool_serves_from(p, &in, conf[0].range.addr));
	ck_assert(!pool_serves_from(p, &in, conf[1].range.addr)); /* it only keeps leases */
	ck_assert(!pool_serves_from(p, &out, conf[0].range.addr));
	ck_assert_ptr_null(pool_assign(p, &out, 0, 0));
	pool_free(p);
	conf[1].standby = false; /* for all hosts; for IN, that of OWN_RANGE is longer */
	for (int promoted = 0; promoted < 2; promoted++) {
		conf[1].promoted = promoted;
		p = pool_new(conf, 3, &key);
		ck_assert_int_eq(pool_fits(p, &in, peer_range.addr + 1),
				 promoted ? POOL_FITS : POOL_OF_OTHERS);
		ck_assert_int_eq(pool_fits(p, &out, peer_range.addr + 1), POOL_FITS);
		ck_assert(addr_in4(pool_assign(p, &in, 0, 0)->addr, &own_range));
		pool_free(p);
	}
}
END_TEST

/* A network holds as many leases of a peer as that peer has given to it. */
START_TEST(standby_has_no_shares)
{
	struct pool_conf conf[2] = {pool_plain(own_range), pool_plain(peer_range)};
	struct pool_network n;
	size_t cursor = 0;
	struct pool *p;

	conf[1].standby = true;
	for (int i = 0; i < 2; i++) {
		conf[i].share = 2;
		conf[i].share_len = 64;
	}
	p = pool_new(conf, 2, &key);
	for (uint32_t i = 0; i < 7; i++)
		ck_assert_ptr_nonnull(restore(p, i, peer_range.addr + 1 + i, 0));
	ck_assert_uint_eq(pool_trim(p, NULL, NULL), 0);
	ck_assert(!pool_network(p, &cursor, &n));
	ck_assert_ptr_nonnull(assign(p, 10, 0));
	ck_assert_ptr_nonnull(assign(p, 11, 0));
	ck_assert_uint_eq(pool_used(p), 9);
	ck_assert_ptr_nonnull(assign(p, 12, 0)); /* the third of its network ends the first */
	ck_assert_uint_eq(pool_used(p), 9);
	cursor = 0;
	ck_assert(pool_network(p, &cursor, &n));
	ck_assert_uint_eq(n.used, 2);
	pool_free(p);
}
END_TEST

/* A network that had its share of each of two owners keeps its leases when one takes over. */
START_TEST(promoted_keeps_what_is_beyond_the_share)
{
	struct pool_conf conf[2] = {pool_plain(own_range), pool_plain(peer_range)};

	for (int i = 0; i < 2; i++) {
		conf[i].share = 2;
		conf[i].share_len = 64;
	}
	for (int promoted = 0; promoted < 2; promoted++) {
		struct pool *p;

		conf[1].promoted = promoted;
		p = pool_new(conf, 2, &key);
		for (uint32_t n = 0; n < 4; n++)
			restore(p, n, (n < 2 ? own_range : peer_range).addr + 1 + n % 2, 0);
		ck_assert_uint_eq(pool_trim(p, NULL, NULL), promoted ? 0 : 2);
		ck_assert_uint_eq(pool_used(p), promoted ? 4 : 2);
		ck_assert_ptr_nonnull(assign(p, 9, 1)); /* for one more, one ends */
		ck_assert_uint_eq(pool_used(p), promoted ? 4 : 2);
		pool_free(p);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pool");
	TCase *t = tcase_create("pool");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, fill_up, 0, ROWS(sizes));
	tcase_add_loop_test(t, covers, 0, ROWS(sizes));
	tcase_add_test(t, absurd_sizes);
	tcase_add_test(t, preferred_is_stable);
	tcase_add_loop_test(t, preferred_is_fixed, 0, ROWS(fixed));
	tcase_add_loop_test(t, preferred_is_secret, 0, 2);
	tcase_add_test(t, secret_moves_no_lease);
	tcase_add_test(t, next_free_and_wrap);
	tcase_add_test(t, lease_is_per_prefix);
	tcase_add_loop_test(t, guarantee, 0, ROWS(guarantees));
	tcase_add_test(t, longest_idle_goes_first);
	tcase_add_test(t, tells_what_it_ended);
	tcase_add_test(t, room_before_taking_back);
	tcase_add_test(t, reserve_sizes);
	tcase_add_test(t, reserve_evicts);
	tcase_add_test(t, reserve_evicts_by_walking);
	tcase_add_test(t, restore_conflicts);
	tcase_add_test(t, sorted_after_restore);
	tcase_add_test(t, expire_edges);
	tcase_add_test(t, walk_survives_changes);
	tcase_add_test(t, many);
	tcase_add_test(t, lease_is_small);
	tcase_add_test(t, end_on_demand);
	tcase_add_test(t, unreserve);
	tcase_add_test(t, walk_goes_on_elsewhere);
	tcase_add_test(t, since_assigned);
	tcase_add_loop_test(t, confirms, 0, ROWS(courses));
	tcase_add_test(t, refused_is_counted_once);
	tcase_add_test(t, displaced_is_counted_where_it_was);
	tcase_add_test(t, moves_whole);
	tcase_add_test(t, confirmed_comes_back);
	tcase_add_test(t, confirmation_outdates_a_record_once);
	tcase_add_test(t, counts_stay_with_their_range);
	tcase_add_test(t, trims);
	tcase_add_test(t, first_leases_are_shared);
	tcase_add_loop_test(t, gather, 0, ROWS(gathers));
	tcase_add_test(t, gathered_is_not_idle);
	tcase_add_loop_test(t, end_is_seen_below, 0, ROWS(ends));
	tcase_add_test(t, place_is_used_again);
	tcase_add_test(t, reserves_in_many_ranges);
	tcase_add_test(t, standby_is_not_assigned);
	tcase_add_test(t, standby_is_known);
	tcase_add_test(t, standby_does_not_expire);
	tcase_add_test(t, standby_has_the_hosts_of_its_from);
	tcase_add_test(t, standby_has_no_shares);
	tcase_add_test(t, promoted_keeps_what_is_beyond_the_share);
	suite_add_tcase(s, t);
	return run_suite(s);
}

/* check_map - compares maps with a list and bit-by-bit copying [7757]; checks conflicts and
 * overlaps. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "map/map.h"
#include "support/random.h"
#include "support/run.h"

static bool bit_of(const struct ip6 *a, unsigned bit)
{
	return a->b[bit / 8] >> (7 - bit % 8) & 1;
}

static struct ip6 naive_to6(const struct map *m, uint32_t a)
{
	struct ip6 r = m->p6.addr;

	for (unsigned i = 0; i < 32u - m->p4.len; i++)
		if (a >> (31 - m->p4.len - i) & 1)
			r.b[(m->p6.len + i) / 8] |= (uint8_t)(0x80 >> (m->p6.len + i) % 8);
	return r;
}

static uint32_t naive_to4(const struct map *m, const struct ip6 *a)
{
	uint32_t r = m->p4.addr;

	for (unsigned i = 0; i < 32u - m->p4.len; i++)
		if (bit_of(a, m->p6.len + i))
			r |= (uint32_t)1 << (31 - m->p4.len - i);
	return r;
}

static struct map random_map(unsigned l4, unsigned l6)
{
	struct map m = {.p4 = {random_next() & addr_mask4(l4), (uint8_t)l4},
			.p6 = {.len = (uint8_t)l6}};

	random_fill(&m.p6.addr, sizeof(m.p6.addr));
	addr_clean6(&m.p6.addr, l6);
	return m;
}

/* [7757-3.3] for every valid pair of lengths. */
START_TEST(suffix_bits)
{
	unsigned l4 = (unsigned)_i;

	for (unsigned l6 = 0; l6 <= 96 + l4; l6++) {
		for (int turn = 0; turn < 10; turn++) {
			struct map m = random_map(l4, l6);
			uint32_t a = m.p4.addr | (random_next() & ~addr_mask4(l4));
			struct ip6 out, want = naive_to6(&m, a), noise;

			memset(&out, 0xff, sizeof(out));
			map_to6(&m, a, &out);
			ck_assert_msg(ip6_equal(&out, &want), "/%u to /%u", l4, l6);
			ck_assert_msg(map_to4(&m, &out) == a, "/%u to /%u and back", l4, l6);
			random_fill(&noise, sizeof(noise));
			ck_assert_msg(map_to4(&m, &noise) == naive_to4(&m, &noise), "/%u from /%u",
				      l4, l6);
		}
	}
}
END_TEST

#define IP4(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (c) << 8 | (d))
#define DB8(x, y)                                    \
	{                                            \
		{                                    \
			0x20, 0x01, 0x0d, 0xb8, x, y \
		}                                    \
	}

/* The table of [7757-3.3] and more rows. */
static const struct {
	const char *name;
	struct map map;
	uint32_t a4;
	struct ip6 a6;
} examples[] = {
	{"7757: host to host",
	 {{IP4(192, 0, 2, 1), 32}, {{{0x20, 0x01, 0x0d, 0xb8, 0xaa, 0xaa}}, 128}},
	 IP4(192, 0, 2, 1),
	 DB8(0xaa, 0xaa)},
	{"7757: /32 to /127 leaves a bit zero",
	 {{IP4(192, 0, 2, 2), 32}, {{{0x20, 0x01, 0x0d, 0xb8, 0xbb, 0xbb, [15] = 0}}, 127}},
	 IP4(192, 0, 2, 2),
	 {{0x20, 0x01, 0x0d, 0xb8, 0xbb, 0xbb, [15] = 0}}},
	{"7757: /28 to /124",
	 {{IP4(192, 0, 2, 16), 28}, {{{0x20, 0x01, 0x0d, 0xb8, 0xcc, 0xcc}}, 124}},
	 IP4(192, 0, 2, 27),
	 {{0x20, 0x01, 0x0d, 0xb8, 0xcc, 0xcc, [15] = 11}}},
	{"7757: /26 to /64",
	 {{IP4(192, 0, 2, 128), 26}, {{{0x20, 0x01, 0x0d, 0xb8, 0xdd, 0xdd}}, 64}},
	 IP4(192, 0, 2, 128 + 33),
	 {{0x20, 0x01, 0x0d, 0xb8, 0xdd, 0xdd, 0, 0, 33 << 2}}},
	{"7757: the whole of IPv4 to a /96",
	 {{0, 0}, {{{0x00, 0x64, 0xff, 0x9b}}, 96}},
	 IP4(8, 8, 4, 4),
	 {{0x00, 0x64, 0xff, 0x9b, [12] = 8, 8, 4, 4}}},
};

START_TEST(example)
{
	struct ip6 out;

	map_to6(&examples[_i].map, examples[_i].a4, &out);
	ck_assert_msg(ip6_equal(&out, &examples[_i].a6), "%s", examples[_i].name);
	ck_assert_msg(map_to4(&examples[_i].map, &out) == examples[_i].a4, "%s: back",
		      examples[_i].name);
}
END_TEST

static struct map_table *new_table(const struct map *m, size_t n)
{
	struct map_table *t = map_table_new();
	size_t other;

	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(map_add(t, &m[i], &other), MAP_ADDED);
	ck_assert_int_eq(map_seal(t), 0);
	return t;
}

START_TEST(empty)
{
	struct map_table *t = new_table(NULL, 0);
	struct ip6 a = DB8(0, 1);

	ck_assert_ptr_null(map_find4(t, IP4(192, 0, 2, 1)));
	ck_assert_ptr_null(map_find6(t, &a));
	ck_assert_int_eq(map_find_prefix(t, &a), -1);
	ck_assert_uint_eq(map_count(t), 0);
	ck_assert_uint_eq(map_prefix_count(t), 0);
	map_table_free(t);
	map_table_free(NULL);
}
END_TEST

static const struct map_conflict {
	const char *name;
	struct map map;
	enum map_added added;
	size_t other;
} conflicts[] = {
	/* added to one table in this order */
	{"first", {{IP4(10, 0, 0, 0), 24}, {DB8(0, 1), 120}}, MAP_ADDED, 0},
	{"second", {{IP4(10, 0, 1, 0), 24}, {DB8(0, 2), 120}}, MAP_ADDED, 0},
	{"7757-3.2: the same IPv4 prefix",
	 {{IP4(10, 0, 1, 0), 24}, {DB8(0, 3), 120}},
	 MAP_SAME4,
	 1},
	{"7757-3.2: the same IPv6 prefix",
	 {{IP4(10, 0, 3, 0), 24}, {DB8(0, 1), 120}},
	 MAP_SAME6,
	 0},
	{"the very same", {{IP4(10, 0, 0, 0), 24}, {DB8(0, 1), 120}}, MAP_SAME4, 0},
	{"neither half of a refused map stays",
	 {{IP4(10, 0, 3, 0), 24}, {DB8(0, 3), 120}},
	 MAP_ADDED,
	 0},
	{"same addresses, other lengths", {{IP4(10, 0, 0, 0), 25}, {DB8(0, 1), 121}}, MAP_ADDED, 0},
	{"7757-3.2: same IPv6 prefix, other suffix length",
	 {{IP4(10, 0, 9, 0), 25}, {DB8(0, 1), 120}},
	 MAP_SAME6,
	 0},
};

START_TEST(conflict)
{
	struct map_table *t = map_table_new();
	size_t n = 0;

	for (int i = 0; i < ROWS(conflicts); i++) {
		size_t other = 0;
		enum map_added added = map_add(t, &conflicts[i].map, &other);

		ck_assert_msg(added == conflicts[i].added, "%s", conflicts[i].name);
		ck_assert_msg(other == conflicts[i].other, "%s: %zu", conflicts[i].name, other);
		if (added == MAP_ADDED) {
			ck_assert_mem_eq(map_at(t, n), &conflicts[i].map, sizeof(struct map));
			ck_assert_uint_eq(map_index(t, map_at(t, n)), n);
			n++;
		}
		ck_assert_uint_eq(map_count(t), n);
	}
	map_table_free(t);
}
END_TEST

static const struct map crossed[] = {
	{{IP4(10, 0, 0, 0), 8}, {DB8(0xa, 0), 40}},    /* 0 */
	{{IP4(10, 1, 0, 0), 16}, {DB8(0xb, 0), 48}},   /* 1: in 0 by IPv4 */
	{{IP4(10, 1, 2, 3), 32}, {DB8(0xc, 0), 128}},  /* 2: in 1 by IPv4 */
	{{IP4(192, 0, 2, 0), 24}, {DB8(0xa, 7), 104}}, /* 3: in 0 by IPv6 */
	{{IP4(11, 0, 0, 0), 8}, {DB8(0xd, 0), 48}},    /* 4: alone */
	{{IP4(11, 0, 0, 1), 32},
	 {DB8(0xb, 0), 64}}, /* 5: in 4 by IPv4, which comes first; in 1 by IPv6 */
};

START_TEST(longest_on_each_side)
{
	static const uint8_t inside[] = {0, 1, 2, 3, 4, 5};
	struct map_table *t = new_table(crossed, ROWS(crossed));

	for (int i = 0; i < ROWS(inside); i++) {
		ck_assert_msg(map_find4(t, crossed[i].p4.addr) == map_at(t, inside[i]), "%d", i);
		ck_assert_msg(map_find6(t, &crossed[i].p6.addr) ==
				      map_at(t, i == 1 ? 5 : inside[i]),
			      "%d", i);
	}
	ck_assert_ptr_eq(map_find4(t, IP4(10, 1, 2, 4)), map_at(t, 1));
	ck_assert_ptr_eq(map_find4(t, IP4(10, 2, 0, 0)), map_at(t, 0));
	ck_assert_ptr_null(map_find4(t, IP4(12, 0, 0, 0)));
	map_table_free(t);
}
END_TEST

START_TEST(overlap)
{
	static const long around[] = {-1, 0, 1, 0, -1, 4};
	struct map_table *t = new_table(crossed, ROWS(crossed));

	for (int i = 0; i < ROWS(around); i++)
		ck_assert_msg(map_overlap(t, (size_t)i) == around[i], "map %d: %ld", i,
			      map_overlap(t, (size_t)i));
	map_table_free(t);
}
END_TEST

/* A prefix with the length of a map is inside it; a longer map inside a prefix is not around it. */
START_TEST(prefix_overlap)
{
	static const struct prefix6 list[] = {
		{{{0x00, 0x64, 0xff, 0x9b}}, 96}, /* 0: alone */
		{DB8(0xa, 0), 48},                /* 1: in map 0 */
		{DB8(0xa, 0), 64},                /* 2: in 1 and map 0 */
		{DB8(0xc, 0), 40},                /* 3: only a longer map in it */
		{DB8(0xd, 0), 48},                /* 4: is map 4 */
	};
	static const long nested[] = {-1, -1, 1, -1, -1}, around[] = {-1, 0, 0, -1, 4};
	struct map_table *t = map_table_new();
	size_t other;

	for (int i = 0; i < ROWS(crossed); i++)
		ck_assert_int_eq(map_add(t, &crossed[i], &other), MAP_ADDED);
	for (int i = 0; i < ROWS(list); i++)
		ck_assert(map_add_prefix(t, &list[i]));
	ck_assert_int_eq(map_seal(t), 0);
	for (size_t i = 0; i < ROWS(list); i++) {
		ck_assert_int_eq(map_prefix_overlap(t, i), nested[i]);
		ck_assert_int_eq(map_around_prefix(t, i), around[i]);
	}
	map_table_free(t);
}
END_TEST

START_TEST(prefixes)
{
	static const struct prefix6 list[] = {
		{{{0x00, 0x64, 0xff, 0x9b}}, 96},
		{DB8(1, 0), 40},
		{DB8(1, 2), 48},
	};
	static const struct {
		struct ip6 a;
		int prefix;
	} rows[] = {
		{{{0x00, 0x64, 0xff, 0x9b, [15] = 1}}, 0},
		{{{0x00, 0x64, 0xff, 0x9b, [11] = 1}}, -1},
		{DB8(1, 1), 1},
		{DB8(1, 2), 2},
		{DB8(2, 2), -1},
	};

	for (int n = 1; n <= ROWS(list); n++) {
		struct map_table *t = map_table_new();

		for (int i = 0; i < n; i++)
			ck_assert(map_add_prefix(t, &list[i]));
		for (int i = 0; i < n; i++)
			ck_assert(!map_add_prefix(t, &list[i]));
		ck_assert_int_eq(map_seal(t), 0);
		ck_assert_uint_eq(map_prefix_count(t), (size_t)n);
		for (int i = 0; i < n; i++)
			ck_assert_mem_eq(map_prefix_at(t, (size_t)i), &list[i], sizeof(list[i]));
		for (int i = 0; n == ROWS(list) && i < ROWS(rows); i++)
			ck_assert_msg(map_find_prefix(t, &rows[i].a) == rows[i].prefix, "row %d",
				      i);
		ck_assert_int_eq(map_find_prefix(t, &rows[0].a), 0);
		ck_assert_int_eq(map_find_prefix(t, &rows[1].a), -1);
		map_table_free(t);
	}
}
END_TEST

static const struct map *naive_find4(const struct map_table *t, uint32_t a)
{
	const struct map *best = NULL;

	for (size_t i = 0; i < map_count(t); i++)
		if (addr_in4(a, &map_at(t, i)->p4) &&
		    (!best || map_at(t, i)->p4.len > best->p4.len))
			best = map_at(t, i);
	return best;
}

static const struct map *naive_find6(const struct map_table *t, const struct ip6 *a)
{
	const struct map *best = NULL;

	for (size_t i = 0; i < map_count(t); i++)
		if (addr_in6(a, &map_at(t, i)->p6) &&
		    (!best || map_at(t, i)->p6.len > best->p6.len))
			best = map_at(t, i);
	return best;
}

START_TEST(random_table)
{
	for (int turn = 0; turn < 20; turn++) {
		struct map_table *t = map_table_new();
		size_t other;

		for (int i = 0; i < 400; i++) {
			unsigned l4 = random_below(33);
			struct map m = random_map(l4, random_below(97 + l4));

			m.p4.addr &= ~addr_mask4(6); /* makes many overlap */
			memset(&m.p6.addr, 0, m.p6.len < 24 ? 1 : 3);
			map_add(t, &m, &other);
		}
		ck_assert_int_eq(map_seal(t), 0);
		for (int i = 0; i < 2000; i++) {
			const struct map *near = map_at(t, random_below((uint32_t)map_count(t)));
			uint32_t a4 = near->p4.addr ^ random_next() >> random_below(32);
			struct ip6 a6;

			map_to6(near, random_next(), &a6);
			a6.b[random_below(16)] ^= (uint8_t)random_below(4);
			ck_assert_ptr_eq(map_find4(t, a4), naive_find4(t, a4));
			ck_assert_ptr_eq(map_find6(t, &a6), naive_find6(t, &a6));
		}
		map_table_free(t);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("map");
	TCase *t = tcase_create("map");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, suffix_bits, 0, 33);
	tcase_add_loop_test(t, example, 0, ROWS(examples));
	tcase_add_test(t, empty);
	tcase_add_test(t, conflict);
	tcase_add_test(t, longest_on_each_side);
	tcase_add_test(t, overlap);
	tcase_add_test(t, prefix_overlap);
	tcase_add_test(t, prefixes);
	tcase_add_test(t, random_table);
	suite_add_tcase(s, t);
	return run_suite(s);
}

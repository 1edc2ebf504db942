/* check_lpm - compares longest-prefix matches with a linear search over a list. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/lpm.h"
#include "support/random.h"
#include "support/run.h"

struct naive {
	uint8_t key[16];
	unsigned len;
	uint32_t value;
};

static bool matches(const struct naive *e, const uint8_t *key)
{
	for (unsigned bit = 0; bit < e->len; bit++)
		if (((key[bit / 8] ^ e->key[bit / 8]) >> (7 - bit % 8)) & 1)
			return false;
	return true;
}

static uint32_t naive_find(const struct naive *list, size_t n, const uint8_t *key, unsigned below)
{
	const struct naive *best = NULL;

	for (size_t i = 0; i < n; i++)
		if (list[i].len < below && (!best || list[i].len > best->len) &&
		    matches(&list[i], key))
			best = &list[i];
	return best ? best->value : LPM_NONE;
}

static void clean(uint8_t *key, unsigned len)
{
	for (unsigned bit = len; bit < 128; bit++)
		key[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
}

/* Makes a key similar to one of the N at LIST, which gives nested and overlapping prefixes, and
 * lookups that almost match. */
static void near_key(uint8_t *key, const struct naive *list, size_t n, unsigned bits)
{
	const uint8_t *other;

	random_fill(key, 16);
	if (n == 0 || random_below(8) == 0)
		return;
	other = list[random_below((uint32_t)n)].key;
	for (unsigned bit = 0, keep = random_below(bits + 1); bit < keep; bit++) {
		uint8_t mask = (uint8_t)(0x80 >> bit % 8);

		key[bit / 8] = (uint8_t)((key[bit / 8] & ~mask) | (other[bit / 8] & mask));
	}
}

/* The number of prefixes in a table, and of different lengths. */
static const struct {
	const char *name;
	unsigned bits, prefixes, lengths;
} tables[] = {
	{"32: none", 32, 0, 1},           {"32: one", 32, 1, 33},
	{"32: two lengths", 32, 50, 2},   {"32: few", 32, 20, 33},
	{"32: many", 32, 600, 33},        {"32: three lengths", 32, 300, 3},
	{"128: none", 128, 0, 1},         {"128: one", 128, 1, 129},
	{"128: two lengths", 128, 50, 2}, {"128: few", 128, 20, 129},
	{"128: many", 128, 600, 129},     {"128: seven lengths", 128, 300, 7},
};

static size_t fill(struct lpm *t, struct naive *list, int row)
{
	unsigned bits = tables[row].bits, choice[129];
	size_t n = 0;

	for (unsigned i = 0; i < tables[row].lengths; i++)
		choice[i] = random_below(bits + 1);
	for (unsigned i = 0; i < tables[row].prefixes; i++) {
		struct naive e = {.len = choice[random_below(tables[row].lengths)], .value = i};
		uint32_t there = LPM_NONE;

		near_key(e.key, list, n, bits);
		clean(e.key, e.len);
		for (size_t j = 0; j < n; j++)
			if (list[j].len == e.len && !memcmp(list[j].key, e.key, 16))
				there = list[j].value;
		ck_assert_uint_eq(lpm_find_exact(t, e.key, e.len), there);
		ck_assert_uint_eq(lpm_add(t, e.key, e.len, i), there);
		if (there == LPM_NONE)
			list[n++] = e;
	}
	return n;
}

START_TEST(random_table)
{
	struct naive list[600];

	for (int turn = 0; turn < 20; turn++) {
		struct lpm *t = lpm_new(tables[_i].bits);
		size_t n = fill(t, list, _i);

		ck_assert_int_eq(lpm_seal(t), 0);
		for (unsigned i = 0; i < 500 + n; i++) {
			unsigned below = random_below(tables[_i].bits + 2);
			uint8_t key[16];

			near_key(key, list, n, tables[_i].bits);
			if (i < n)
				memcpy(key, list[i].key, 16);
			ck_assert_msg(lpm_find(t, key) == naive_find(list, n, key, 129),
				      "%s: turn %d, look-up %u", tables[_i].name, turn, i);
			ck_assert_msg(lpm_find_shorter(t, key, below) ==
					      naive_find(list, n, key, below),
				      "%s: turn %d, look-up %u shorter than %u", tables[_i].name,
				      turn, i, below);
		}
		lpm_free(t);
	}
}
END_TEST

/* One prefix of every length, each inside the previous one: the deepest nesting. */
START_TEST(nested)
{
	unsigned bits = _i ? 128 : 32;
	struct lpm *t = lpm_new(bits);
	uint8_t key[16], deep[16];

	random_fill(deep, sizeof(deep));
	for (unsigned len = 0; len <= bits; len++) {
		memcpy(key, deep, sizeof(key));
		clean(key, len);
		ck_assert_uint_eq(lpm_add(t, key, len, len), LPM_NONE);
	}
	ck_assert_int_eq(lpm_seal(t), 0);
	ck_assert_uint_eq(lpm_find(t, deep), bits);
	for (unsigned bit = 0; bit < bits; bit++) {
		memcpy(key, deep, sizeof(key));
		key[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
		ck_assert_msg(lpm_find(t, key) == bit, "differs in bit %u", bit);
		ck_assert_uint_eq(lpm_find_shorter(t, deep, bit), bit ? bit - 1 : LPM_NONE);
	}
	lpm_free(t);
}
END_TEST

/* A marker without a longer match must not hide the shorter prefix around it. */
START_TEST(misleading_marker)
{
	static const uint8_t host[4] = {10, 1, 2, 3}, other[4] = {10, 1, 2, 4}, net[4] = {10};
	struct lpm *t = lpm_new(32);

	lpm_add(t, net, 8, 8);
	lpm_add(t, (const uint8_t[4]){11}, 16, 16);
	lpm_add(t, (const uint8_t[4]){12}, 24, 24);
	lpm_add(t, host, 32, 32);
	ck_assert_int_eq(lpm_seal(t), 0);
	ck_assert_uint_eq(lpm_find(t, host), 32);
	ck_assert_uint_eq(lpm_find(t, other), 8);
	lpm_free(t);
}
END_TEST

START_TEST(default_route)
{
	static const uint8_t zero[16] = {0};
	unsigned bits = _i ? 128 : 32;
	struct lpm *t = lpm_new(bits);
	uint8_t key[16];

	ck_assert_uint_eq(lpm_add(t, zero, 0, 42), LPM_NONE);
	ck_assert_uint_eq(lpm_add(t, zero, bits, 43), LPM_NONE);
	ck_assert_uint_eq(lpm_add(t, zero, 0, 44), 42);
	ck_assert_int_eq(lpm_seal(t), 0);
	random_fill(key, sizeof(key));
	ck_assert_uint_eq(lpm_find(t, key), 42);
	ck_assert_uint_eq(lpm_find(t, zero), 43);
	ck_assert_uint_eq(lpm_find_shorter(t, zero, bits), 42);
	ck_assert_uint_eq(lpm_find_shorter(t, zero, 0), LPM_NONE);
	lpm_free(t);
}
END_TEST

/* Tables are equal independent of the order of adding, but only if no prefix or value differs. */
START_TEST(equal)
{
	static const uint8_t net[3][4] = {{10}, {10, 1}, {10, 1, 2}};
	static const struct {
		const char *name;
		unsigned n, len[3], order[3];
		uint32_t value[3];
		bool equal;
	} rows[] = {
		{"the same", 3, {8, 16, 24}, {0, 1, 2}, {1, 2, 3}, true},
		{"another order", 3, {8, 16, 24}, {2, 0, 1}, {1, 2, 3}, true},
		{"one less", 2, {8, 16, 24}, {0, 1}, {1, 2, 3}, false},
		{"another one less", 2, {8, 16, 24}, {0, 2}, {1, 2, 3}, false},
		{"none", 0, {8, 16, 24}, {0}, {1, 2, 3}, false},
		{"another value", 3, {8, 16, 24}, {0, 1, 2}, {1, 2, 4}, false},
		{"another length", 3, {8, 16, 25}, {0, 1, 2}, {1, 2, 3}, false},
	};
	struct lpm *first = NULL;

	for (int i = 0; i < ROWS(rows); i++) {
		struct lpm *t = lpm_new(32);

		for (unsigned j = 0; j < rows[i].n; j++) {
			unsigned k = rows[i].order[j];

			lpm_add(t, net[k], rows[i].len[k], rows[i].value[k]);
		}
		ck_assert_int_eq(lpm_seal(t), 0);
		first = first ? first : t;
		ck_assert_msg(lpm_equal(first, t) == rows[i].equal, "%s", rows[i].name);
		ck_assert_msg(lpm_equal(t, first) == rows[i].equal, "%s, reversed", rows[i].name);
		ck_assert(lpm_equal(t, t));
		if (t != first)
			lpm_free(t);
	}
	lpm_free(first);
}
END_TEST

/* Sealing 100,000 prefixes of all lengths takes almost no time; under a sanitizer or valgrind, more
 * time is allowed. */
START_TEST(many)
{
	struct lpm *t = lpm_new(128);
	static uint8_t key[100000][16];

	for (uint32_t i = 0; i < 100000; i++) {
		unsigned len = 32 + i % 97;

		random_fill(key[i], 16);
		clean(key[i], len);
		lpm_add(t, key[i], len, i);
	}
	ck_assert_int_eq(lpm_seal(t), 0);
	for (uint32_t i = 0; i < 100000; i++)
		ck_assert_uint_ne(lpm_find(t, key[i]), LPM_NONE);
	lpm_free(t);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lpm");
	TCase *t = tcase_create("lpm");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, random_table, 0, ROWS(tables));
	tcase_add_loop_test(t, nested, 0, 2);
	tcase_add_test(t, misleading_marker);
	tcase_add_loop_test(t, default_route, 0, 2);
	tcase_add_test(t, equal);
	tcase_add_test(t, many);
	suite_add_tcase(s, t);
	return run_suite(s);
}

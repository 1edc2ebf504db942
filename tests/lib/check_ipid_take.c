/* check_ipid_take - taking several Identifications at once gives the same as one at a time, and
 * pairs use the right counter.
 *
 * check_ipid checks the requirements of RFC 7739. */
#include <string.h>

#include "lib/ipid.h"
#include "support/random.h"
#include "support/run.h"

static struct ipid one, many;

static void start(void)
{
	memset(&one, 0, sizeof(one));
	random_fill(&one.key, sizeof(one.key));
	random_fill(one.counter, sizeof(one.counter));
	many = one;
}

static uint16_t take_slowly(uint32_t src, uint32_t dst, unsigned n)
{
	uint16_t first = 0;

	for (unsigned i = 0; i < n; i++) {
		uint16_t id = ipid_take(&one, src, dst, 1);

		first = i ? first : id;
		ck_assert_uint_eq(id, (uint16_t)(first + i));
	}
	return first;
}

START_TEST(as_one_by_one)
{
	start();
	for (int round = 0; round < 20000; round++) {
		uint32_t src = random_below(40), dst = random_below(40);
		unsigned n = 1 + random_below(random_below(100) ? 8 : 1000);

		ck_assert_uint_eq(ipid_take(&many, src, dst, n), take_slowly(src, dst, n));
	}
	ck_assert_mem_eq(&one, &many, sizeof(one));
}
END_TEST

static const struct {
	const char *name;
	unsigned n;
	uint16_t step;
} rows[] = {
	{"none", 0, 0},
	{"one", 1, 1},
	{"as many as a UDP GSO packet has at most", 128, 128},
	{"up to the end of the range", 0xffff, 0xffff},
	{"once around", 0x10000, 0},
	{"more than once around", 0x10005, 5},
};

/* From every state of the counter, the next value is N higher [6864-4.3: none in between]. */
START_TEST(steps)
{
	start();
	for (unsigned round = 0; round < 0x10000; round++) {
		uint16_t first = ipid_take(&many, 7, 8, rows[_i].n);
		uint16_t next = ipid_take(&many, 7, 8, 1);

		ck_assert_msg((uint16_t)(next - first) == rows[_i].step, "%s: from %u to %u",
			      rows[_i].name, first, next);
	}
}
END_TEST

static unsigned changed_counters(void)
{
	unsigned n = 0;

	for (int i = 0; i < IPID_COUNTERS; i++)
		n += one.counter[i] != many.counter[i];
	return n;
}

START_TEST(one_counter)
{
	start();
	for (int round = 0; round < 1000; round++) {
		ipid_take(&many, random_next(), random_next(), 3);
		ck_assert_uint_eq(changed_counters(), 1);
		memcpy(one.counter, many.counter, sizeof(one.counter));
	}
}
END_TEST

/* Some of 4096 values that differ in one input are equal by chance, 1 in 65536; more than 4 with a
 * probability below 10^-7. */
#define TRIES 4096

START_TEST(all_count)
{
	unsigned src = 0, dst = 0, turned = 0, key = 0;

	start();
	memset(one.counter, 0, sizeof(one.counter)); /* so that only the offsets differ */
	for (unsigned i = 0; i < TRIES; i++) {
		uint32_t a = random_next(), b = random_next();
		struct ipid other;
		uint16_t id;

		random_fill(&one.key, sizeof(one.key));
		other = one;
		other.key.k0 ^= (uint64_t)1 << i % 64;
		id = ipid_take(&one, a, b, 0);
		src += id == ipid_take(&one, a ^ 1u << i % 32, b, 0);
		dst += id == ipid_take(&one, a, b ^ 1u << i % 32, 0);
		turned += id == ipid_take(&one, b, a, 0);
		key += id == ipid_take(&other, a, b, 0);
	}
	ck_assert_msg(src <= 4, "%u of %d sources do not count", src, TRIES);
	ck_assert_msg(dst <= 4, "%u of %d destinations do not count", dst, TRIES);
	ck_assert_msg(turned <= 4, "%u of %d pairs are those the other way", turned, TRIES);
	ck_assert_msg(key <= 4, "%u of %d keys do not count", key, TRIES);
}
END_TEST

/* 60000 pairs use all of the 2048 counters, except with a probability of 10^-9. */
START_TEST(all_counters)
{
	start();
	memset(many.counter, 0, sizeof(many.counter));
	for (uint32_t i = 0; i < 60000; i++)
		ipid_take(&many, 0xcb007101, 0x08000000 + i, 1);
	for (int i = 0; i < IPID_COUNTERS; i++)
		ck_assert_msg(many.counter[i] > 0 && many.counter[i] < 80, "%d: %u pairs", i,
			      many.counter[i]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ipid_take");
	TCase *t = tcase_create("ipid_take");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, as_one_by_one);
	tcase_add_loop_test(t, steps, 0, ROWS(rows));
	tcase_add_test(t, one_counter);
	tcase_add_test(t, all_count);
	tcase_add_test(t, all_counters);
	suite_add_tcase(s, t);
	return run_suite(s);
}

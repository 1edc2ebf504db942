/* check_ratelimit - checks how many messages may leave, and when [4443-2.4f]. */
#include <stdlib.h>
#include <string.h>

#include "lib/ratelimit.h"
#include "support/random.h"
#include "support/run.h"

static const struct siphash_key key = {1, 2};

static const struct ratelimit_conf narrow = {
	.all_rate = 100, .all_burst = 50, .net_rate = 10, .net_burst = 5};

static unsigned take_of(struct ratelimit *t, unsigned budget, uint64_t net, int64_t now,
			unsigned tries)
{
	unsigned taken = 0;

	while (tries--)
		taken += ratelimit_take(t, budget, &net, 8, now);
	return taken;
}

static unsigned take(struct ratelimit *t, uint64_t net, size_t len, int64_t now, unsigned tries)
{
	unsigned taken = 0;

	while (tries--)
		taken += ratelimit_take(t, 0, &net, len, now);
	return taken;
}

static const struct {
	const char *name;
	struct ratelimit_conf conf;
	int64_t gap;       /* ms after a burst that used all tokens */
	unsigned at_first; /* of 100 messages */
	unsigned later;
} rows[] = {
	{"burst of the network", {100, 50, 10, 5}, 0, 5, 0},
	{"no token a moment before it is due", {100, 50, 10, 5}, 99, 5, 0},
	{"one token when it is due", {100, 50, 10, 5}, 100, 5, 1},
	{"one token until the next is due", {100, 50, 10, 5}, 199, 5, 1},
	{"full again after burst / rate", {100, 50, 10, 5}, 500, 5, 5},
	{"never more than full", {100, 50, 10, 5}, 100000, 5, 5},
	{"a gap of ages", {100, 50, 10, 5}, INT64_MAX / 2, 5, 5},
	{"largest rates, a gap of ages",
	 {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX},
	 INT64_MAX / 2,
	 100,
	 100},
	{"burst over all below that of the network", {10, 3, 100, 5}, 0, 3, 0},
	{"rate over all below that of the network", {10, 3, 1000, 5}, 100, 3, 1},
	{"rate 0 of the network: never", {100, 50, 0, 5}, 1000, 0, 0},
	{"rate 0 over all: never", {0, 50, 10, 5}, 1000, 0, 0},
	{"burst 0 of the network: never", {100, 50, 10, 0}, 1000, 0, 0},
	{"burst 0 over all: never", {100, 0, 10, 5}, 1000, 0, 0},
	{"more than a token per millisecond", {5000, 5000, 3000, 10}, 2, 10, 6},
};

START_TEST(burst_then_rate)
{
	struct ratelimit *t = ratelimit_new(&rows[_i].conf, &key);
	unsigned n = take(t, 7, 8, 5, 100);

	ck_assert_msg(n == rows[_i].at_first, "%s: %u at first", rows[_i].name, n);
	n = take(t, 7, 8, 5 + rows[_i].gap, 100);
	ck_assert_msg(n == rows[_i].later, "%s: %u later", rows[_i].name, n);
	ratelimit_free(t);
}
END_TEST

START_TEST(no_remainder_is_lost)
{
	struct ratelimit_conf conf = {1000, 1000, 3, 1};
	struct ratelimit *t = ratelimit_new(&conf, &key);
	unsigned n = 0;

	for (int64_t now = 0; now < 100000; now++)
		n += ratelimit_take(t, 0, "net", 4, now);
	/* a full bucket loses at most a third of a token, and each token is used as soon as it is
	 * available */
	ck_assert_uint_ge(n, 298);
	ck_assert_uint_le(n, 301);
	ratelimit_free(t);
}
END_TEST

START_TEST(networks_are_independent)
{
	struct ratelimit *t = ratelimit_new(&narrow, &key);

	ck_assert_uint_eq(take(t, 1, 8, 0, 100), 5);
	ck_assert_uint_eq(take(t, 2, 8, 0, 100), 5);
	ck_assert_uint_eq(take(t, 1, 4, 0, 100), 5); /* IPv4 is a separate network */
	ck_assert_uint_eq(take(t, 1, 8, 0, 100), 0);
	ratelimit_free(t);
}
END_TEST

START_TEST(refused_network_costs_nobody)
{
	struct ratelimit *t = ratelimit_new(&narrow, &key);

	take(t, 1, 8, 0, 100000);
	for (uint64_t net = 2; net < 11; net++)
		ck_assert_uint_eq(take(t, net, 8, 0, 5), 5);
	ck_assert_uint_eq(take(t, 11, 8, 0, 5), 0); /* 50 per second over all */
	ratelimit_free(t);
}
END_TEST

START_TEST(refused_over_all_costs_no_network)
{
	struct ratelimit_conf conf = {
		.all_rate = 10, .all_burst = 2, .net_rate = 1, .net_burst = 2};
	struct ratelimit *t = ratelimit_new(&conf, &key);

	ck_assert_uint_eq(take(t, 1, 8, 0, 2), 2);
	ck_assert_uint_eq(take(t, 2, 8, 0, 100), 0);
	ck_assert_uint_eq(take(t, 2, 8, 200, 100), 2);
	ratelimit_free(t);
}
END_TEST

START_TEST(budgets_are_independent)
{
	struct ratelimit *t = ratelimit_new(&narrow, &key);

	for (uint64_t net = 0; net < 1000; net++)
		take_of(t, 1, net, 0, 100);
	ck_assert_uint_eq(take_of(t, 1, 5000, 0, 100), 0);
	for (unsigned i = 0; i < RATELIMIT_BUDGETS; i++)
		if (i != 1)
			ck_assert_uint_eq(take_of(t, i, 0, 0, 100), 5);
	ratelimit_free(t);
}
END_TEST

/* Floods: the number of source networks, and the distribution over time. */
static const struct {
	const char *name;
	uint32_t nets, step;
} floods[] = {
	{"one network", 1, 2},
	{"as many as there are sets", 1024, 2},
	{"more than the table holds", 100000, 2},
	{"a new network each time", UINT32_MAX, 2},
	{"rare packets", 10, 400},
};

#define SECONDS 20

START_TEST(any_window)
{
	struct ratelimit *t = ratelimit_new(&narrow, &key);
	unsigned sent[SECONDS * 100] = {0}; /* per 10 ms */

	for (int64_t now = 0; now < SECONDS * 1000; now += 1 + random_below(floods[_i].step))
		for (int n = 0; n < 20; n++)
			sent[now / 10] += take(t, random_below(floods[_i].nets), 8, now, 1);
	for (int from = 0; from < ROWS(sent); from++) {
		unsigned n = 0;

		for (int to = from; to < ROWS(sent); to++) {
			n += sent[to];
			if (n >
			    narrow.all_burst + narrow.all_rate * (unsigned)(to - from + 1) / 100)
				ck_abort_msg("%s: %u from %d to %d", floods[_i].name, n, from, to);
		}
	}
	ratelimit_free(t);
}
END_TEST

/* A flood from many networks does not evict a network that keeps asking. */
START_TEST(busy_network_is_remembered)
{
	struct ratelimit_conf conf = {1000000, 1000000, 1, 3};
	struct ratelimit *t = ratelimit_new(&conf, &key);
	unsigned n = 0;

	for (int64_t now = 1; now <= 900; now++) {
		n += take(t, 1, 8, now, 1);
		for (int i = 0; i < 100; i++)
			take(t, (uint64_t)random_next() << 8, 8, now, 1);
	}
	ck_assert_uint_eq(n, 3);
	ratelimit_free(t);
}
END_TEST

START_TEST(first_moment)
{
	static const int64_t starts[] = {INT64_MIN + 1, -5, 0, 1, INT64_MAX - 1};

	for (int i = 0; i < ROWS(starts); i++) {
		struct ratelimit *t = ratelimit_new(&narrow, &key);

		ck_assert_uint_eq(take(t, 1, 8, starts[i], 100), 5);
		ratelimit_free(t);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ratelimit");
	TCase *t = tcase_create("ratelimit");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, burst_then_rate, 0, ROWS(rows));
	tcase_add_test(t, no_remainder_is_lost);
	tcase_add_test(t, networks_are_independent);
	tcase_add_test(t, budgets_are_independent);
	tcase_add_test(t, refused_network_costs_nobody);
	tcase_add_test(t, refused_over_all_costs_no_network);
	tcase_add_loop_test(t, any_window, 0, ROWS(floods));
	tcase_add_test(t, busy_network_is_remembered);
	tcase_add_test(t, first_moment);
	suite_add_tcase(s, t);
	return run_suite(s);
}

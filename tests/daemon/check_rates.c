/* check_rates - rates in the first minute, later, and after a stall. */
#include "daemon/rates.h"
#include "support/run.h"

#define NEAR 1e-6

static struct rates rates;

static struct traffic traffic(uint64_t n)
{
	return (struct traffic){.packets = {n, 2 * n}, .bytes = {100 * n, 1000 * n}};
}

static void take(int64_t ms, uint64_t n)
{
	struct traffic t = traffic(n);

	rates_take(&rates, ms, &t);
}

/* Returns the rate from IPv4 to IPv6, if N packets have been counted by now. */
static double rate(int64_t now, uint64_t n, int64_t ms)
{
	struct traffic t = traffic(n);

	return rates_over(&rates, now, &t, ms).packets[DIR_4TO6];
}

START_TEST(nothing_is_known)
{
	ck_assert_double_eq(rate(5000, 7, 1000), 0);
	take(5000, 7);
	ck_assert_double_eq(rate(5000, 7, 1000), 0);
	ck_assert_double_eq(rate(4000, 7, 1000), 0);
}
END_TEST

START_TEST(all_four)
{
	struct traffic t = traffic(30);
	struct rate r;

	take(1000, 10);
	r = rates_over(&rates, 3000, &t, 1000);
	ck_assert_double_eq_tol(r.packets[DIR_4TO6], 10, NEAR);
	ck_assert_double_eq_tol(r.packets[DIR_6TO4], 20, NEAR);
	ck_assert_double_eq_tol(r.bytes[DIR_4TO6], 1000, NEAR);
	ck_assert_double_eq_tol(r.bytes[DIR_6TO4], 10000, NEAR);
}
END_TEST

/* Counting starts at 1000 ms, with 5 packets per second. */
static const struct {
	int64_t now, span;
	double want;
} early[] = {
	{1500, 1000, 4}, /* 2 packets in half a second */
	{2000, 60000, 5}, {4000, 1000, 5}, {4000, 10000, 5}, {4000, 60000, 5}, {31000, 60000, 5},
};

START_TEST(first_minute)
{
	for (int64_t s = 0; 1000 + s * 1000 <= early[_i].now; s++)
		take(1000 + s * 1000, (uint64_t)s * 5);
	ck_assert_double_eq_tol(
		rate(early[_i].now, (uint64_t)(early[_i].now - 1000) * 5 / 1000, early[_i].span),
		early[_i].want, NEAR);
}
END_TEST

/* 100 packets per second for ten minutes, then 10, then none. */
START_TEST(spans)
{
	uint64_t n = 0;
	int64_t ms = 0;

	for (int s = 0; s < 600; s++, ms += 1000, n += 100)
		take(ms, n);
	ck_assert_double_eq_tol(rate(ms, n, 60000), 100, NEAR);
	for (int s = 0; s < 10; s++, ms += 1000, n += 10)
		take(ms, n);
	ck_assert_double_eq_tol(rate(ms, n, 1000), 10, NEAR);
	ck_assert_double_eq_tol(rate(ms, n, 10000), 10, NEAR);
	ck_assert_double_eq_tol(rate(ms, n, 60000), (50 * 100 + 10 * 10) / 60.0, NEAR);
	for (int s = 0; s < 60; s++, ms += 1000)
		take(ms, n);
	ck_assert_double_eq(rate(ms, n, 1000), 0);
	ck_assert_double_eq(rate(ms, n, 60000), 0);
}
END_TEST

/* If a span begins between two samples, it is extended to the older one. */
START_TEST(between_samples)
{
	for (int s = 0; s < 5; s++)
		take(s * 1000, (uint64_t)s * 8);
	ck_assert_double_eq_tol(rate(4500, 36, 1000), (36 - 24) / 1.5, NEAR);
}
END_TEST

/* For ten seconds no sample could be taken.  The packets of that time are spread over it. */
START_TEST(after_a_stall)
{
	for (int s = 0; s < 30; s++)
		take(s * 1000, (uint64_t)s * 10);
	take(39000, 390);
	ck_assert_double_eq_tol(rate(39000, 390, 1000), 10, NEAR);
	ck_assert_double_eq_tol(rate(39500, 395, 1000), 105 / 10.5, NEAR);
	ck_assert_double_eq_tol(rate(39500, 395, 10000), 105 / 10.5, NEAR);
	take(40000, 400);
	ck_assert_double_eq_tol(rate(40000, 400, 1000), 10, NEAR);
}
END_TEST

/* Calls more often than once a second do not shorten the time that the ring covers. */
START_TEST(reaches_back)
{
	uint64_t n = 0;

	for (int64_t ms = 0; ms <= 120000; ms += 100, n++)
		take(ms, ms <= 60000 ? n : 600);
	ck_assert_double_eq_tol(rate(120000, 600, 30000), 0, NEAR);
	ck_assert_double_eq_tol(rate(75000, 600, 60000), 0, NEAR);
}
END_TEST

START_TEST(totals)
{
	struct counters c = {.bytes = {7, 8}, .fast = {1000, 1000}};
	struct traffic t;

	c.reason[DIR_4TO6][REASON_OK] = 1;
	c.reason[DIR_4TO6][REASON_COUNT - 1] = 2;
	c.reason[DIR_6TO4][REASON_POOL_FULL] = 4;
	t = rates_total(&c);
	ck_assert_uint_eq(t.packets[DIR_4TO6], 3);
	ck_assert_uint_eq(t.packets[DIR_6TO4], 4);
	ck_assert_uint_eq(t.bytes[DIR_4TO6], 7);
	ck_assert_uint_eq(t.bytes[DIR_6TO4], 8);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rates");
	TCase *tc = tcase_create("rates");

	tcase_add_test(tc, nothing_is_known);
	tcase_add_test(tc, all_four);
	tcase_add_loop_test(tc, first_minute, 0, ROWS(early));
	tcase_add_test(tc, spans);
	tcase_add_test(tc, between_samples);
	tcase_add_test(tc, after_a_stall);
	tcase_add_test(tc, reaches_back);
	tcase_add_test(tc, totals);
	suite_add_tcase(s, tc);
	return run_suite(s);
}

/* check_metrics - the output in both formats. */
#include <stdio.h>
#include <string.h>

#include "daemon/metrics.h"
#include "support/run.h"

static struct answer out;
static struct counters counters;
static struct durations loop;
static size_t slices;

static void stop(void)
{
	answer_free(&out);
}

static void get_pool(const void *arg, size_t i, char *text, struct pool_range *r)
{
	const struct prefix4 p = {0x0a000000 + (uint32_t)i * 256, 24};

	ck_assert_ptr_eq(arg, &out);
	if (text)
		addr_text_prefix4(text, &p);
	*r = (struct pool_range){.size = 254,
				 .used = i,
				 .confirmed = 4 * i,
				 .not_preferred = 5 * i,
				 .refused = 2 * i,
				 .displaced = 3 + 6 * i,
				 .standby = i == 1,
				 .group_size = 508,
				 .group_used = 10 * i,
				 .networks = 7 * i,
				 .most_confirmed = 8 * i,
				 .most_unconfirmed = 9 * i};
}

static struct metrics plain(void)
{
	return (struct metrics){
		.version = "1.2",
		.start = 1700000000,
		.counters = &counters,
		.loop = &loop,
		.link_up = true,
		.keeps_leases = true,
		.lease_age = 17,
		.lease_errors = 2,
		.reloads_done = 4,
		.reloads_refused = 1,
		.pools = 2,
		.pool = get_pool,
		.arg = &out,
	};
}

/* Returns the complete text; each call of metrics_add() appends a slice. */
static const char *text_of(const struct metrics *m)
{
	static char whole[1 << 21];
	size_t cursor = 0, len = 0;
	bool more;

	slices = 0;
	do {
		answer_free(&out);
		more = metrics_add(m, &out, &cursor);
		ck_assert(!out.cut && out.len > 0 && out.text[out.len - 1] == '\n');
		ck_assert_uint_lt(len + out.len, sizeof(whole));
		memcpy(whole + len, out.text, out.len + 1);
		len += out.len;
		slices++;
	} while (more);
	return whole;
}

static unsigned times(const char *text, const char *what)
{
	unsigned n = 0;

	for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
		n++;
	return n;
}

static bool ends_with(const char *text, const char *end)
{
	return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

static const char *const lines[] = {
	"nat64d_up 1",
	"nat64d_build_info{version=\"1.2\"} 1",
	"nat64d_start_time_seconds 1700000000",
	"nat64d_packets_total{direction=\"6to4\",reason=\"ok\"} 12",
	"nat64d_packets_total{direction=\"4to6\",reason=\"ok\"} 0",
	"nat64d_packets_total{direction=\"4to6\",reason=\"ttl-exceeded\"} 18446744073709551615",
	"nat64d_bytes_total{direction=\"6to4\"} 34",
	"nat64d_fast_packets_total{direction=\"4to6\"} 56",
	"nat64d_icmp_sent_total 3",
	"nat64d_icmp_suppressed_total 4",
	"nat64d_write_failed_total 5",
	"nat64d_leases{pool=\"10.0.1.0/24\"} 1",
	"nat64d_pool_size{pool=\"10.0.0.0/24\"} 254",
	"nat64d_pool_standby{pool=\"10.0.0.0/24\"} 0",
	"nat64d_pool_standby{pool=\"10.0.1.0/24\"} 1",
	"nat64d_lease_refused_total{pool=\"10.0.1.0/24\"} 2",
	"nat64d_leases_confirmed{pool=\"10.0.1.0/24\"} 4",
	"nat64d_leases_not_preferred{pool=\"10.0.1.0/24\"} 5",
	"nat64d_pool_group_size{pool=\"10.0.1.0/24\"} 508",
	"nat64d_pool_group_leases{pool=\"10.0.1.0/24\"} 10",
	"nat64d_pool_networks{pool=\"10.0.1.0/24\"} 7",
	"nat64d_pool_network_confirmed{pool=\"10.0.1.0/24\"} 8",
	"nat64d_pool_network_unconfirmed{pool=\"10.0.1.0/24\"} 9",
	"nat64d_leases_displaced_total 12",
	"nat64d_pool_displaced_total{pool=\"10.0.0.0/24\"} 3",
	"nat64d_pool_displaced_total{pool=\"10.0.1.0/24\"} 9",
	"nat64d_lease_file_errors_total 2",
	"nat64d_lease_file_age_seconds 17",
	"nat64d_reloads_total{result=\"done\"} 4",
	"nat64d_reloads_total{result=\"refused\"} 1",
	"nat64d_loop_seconds_bucket{le=\"1e-05\"} 2",
	"nat64d_loop_seconds_bucket{le=\"2.5e-05\"} 3",
	"nat64d_loop_seconds_bucket{le=\"0.001\"} 3",
	"nat64d_loop_seconds_bucket{le=\"0.1\"} 4",
	"nat64d_loop_seconds_bucket{le=\"+Inf\"} 5",
	"nat64d_loop_seconds_sum 2.100021",
	"nat64d_loop_seconds_count 5",
	"nat64d_link_up 1",
	"nat64d_fast_path_active 0",
	"nat64d_draining 0",
};

static void count_some(void)
{
	counters.reason[DIR_6TO4][REASON_OK] = 12;
	counters.reason[DIR_4TO6][REASON_TTL] = UINT64_MAX;
	counters.bytes[DIR_6TO4] = 34;
	counters.fast[DIR_4TO6] = 56;
	counters.answers = 3;
	counters.suppressed = 4;
	counters.write_failed = 5;
	durations_add(&loop, 0);
	durations_add(&loop, 10);
	durations_add(&loop, 11);
	durations_add(&loop, 100000);
	durations_add(&loop, 2000000);
}

START_TEST(each_line)
{
	char line[128];
	struct metrics m = plain();

	m.openmetrics = _i % 2;
	count_some();
	snprintf(line, sizeof(line), "\n%s\n", lines[_i / 2]);
	ck_assert_msg(strstr(text_of(&m), line), "%s", line);
}
END_TEST

/* There is a line for each reason, even if the value is zero. */
START_TEST(each_reason)
{
	struct metrics m = plain();
	const char *text = text_of(&m);
	char label[64];

	for (int why = 0; why < REASON_COUNT; why++) {
		snprintf(label, sizeof(label), ",reason=\"%s\"} 0\n", reason_table[why].name);
		ck_assert_uint_eq(times(text, label), DIRS);
	}
}
END_TEST

/* Each family has its head exactly once, before its samples. */
START_TEST(heads)
{
	struct metrics m = plain();
	const char *text = text_of(&m);
	char family[64], head[96];

	ck_assert_uint_eq(times(text, "# HELP "), times(text, "# TYPE "));
	ck_assert_uint_ge(times(text, "# TYPE "), 20);
	for (const char *at = text; (at = strstr(at, "# TYPE ")); at++) {
		ck_assert_int_eq(sscanf(at, "# TYPE %60s", family), 1);
		snprintf(head, sizeof(head), "# TYPE %s ", family);
		ck_assert_uint_eq(times(text, head), 1);
		snprintf(head, sizeof(head), "# HELP %s ", family);
		ck_assert_uint_eq(times(text, head), 1);
		at = strchr(at, '\n');
		ck_assert_msg(strncmp(at + 1, family, strlen(family)) == 0, "%s", family);
	}
	ck_assert_ptr_nonnull(strstr(text, "\n# TYPE nat64d_packets_total counter\nnat64d_pack"));
	ck_assert_ptr_nonnull(strstr(text, "\n# TYPE nat64d_loop_seconds histogram\nnat64d_loop"));
	m.openmetrics = true;
	text = text_of(&m);
	ck_assert_ptr_nonnull(
		strstr(text, "\n# TYPE nat64d_packets counter\nnat64d_packets_total{"));
	ck_assert_ptr_null(strstr(text, "_total counter"));
}
END_TEST

START_TEST(end)
{
	struct metrics m = plain();

	for (int i = 0; i < 2; i++) {
		m.openmetrics = i;
		ck_assert(ends_with(text_of(&m), "\n# EOF\n"));
		ck_assert_uint_eq(times(text_of(&m), METRICS_END), 1);
	}
}
END_TEST

/* More pools than fit into one answer. */
START_TEST(many_pools)
{
	struct metrics m = plain();
	const char *text;

	m.pools = 2000;
	text = text_of(&m);
	ck_assert_uint_gt(slices, 3);
	ck_assert_uint_eq(times(text, "\nnat64d_leases{"), 2000);
	ck_assert_uint_eq(times(text, "\nnat64d_pool_size{"), 2000);
	ck_assert_uint_eq(times(text, "\nnat64d_lease_refused_total{"), 2000);
	ck_assert_uint_eq(times(text, "\nnat64d_pool_displaced_total{"), 2000);
	ck_assert_uint_eq(times(text, "# TYPE nat64d_leases "), 1);
	ck_assert_uint_eq(times(text, "\nnat64d_leases{pool=\"10.7.207.0/24\"} 1999\n"), 1);
	ck_assert(ends_with(text, "\nnat64d_draining 0\n# EOF\n"));
}
END_TEST

START_TEST(without)
{
	struct metrics m = plain();
	const char *text;

	m.pools = 0;
	m.keeps_leases = false;
	text = text_of(&m);
	ck_assert_ptr_null(strstr(text, "nat64d_lease"));
	ck_assert_ptr_null(strstr(text, "pool="));
	ck_assert(ends_with(text, "\n# EOF\n"));
}
END_TEST

START_TEST(down)
{
	metrics_down(&out, false);
	ck_assert_str_eq(out.text, "# HELP nat64d_up Whether nat64d answers.\n"
				   "# TYPE nat64d_up gauge\n"
				   "nat64d_up 0\n"
				   "# EOF\n");
}
END_TEST

/* A value equal to a bound is in its bucket, and a value larger by one is in the next bucket. */
START_TEST(bounds)
{
	struct durations h = {.sum = 0};

	for (int i = 0; i < DURATIONS; i++) {
		durations_add(&h, durations_bound[i]);
		ck_assert_uint_eq(h.n[i], i ? 2 : 1);
		durations_add(&h, durations_bound[i] + 1);
		ck_assert_uint_eq(h.n[i + 1], 1);
	}
	durations_add(&h, -5);
	ck_assert_uint_eq(h.n[0], 2);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("metrics");
	TCase *tc = tcase_create("metrics");

	tcase_add_checked_fixture(tc, NULL, stop);
	tcase_add_loop_test(tc, each_line, 0, 2 * ROWS(lines));
	tcase_add_test(tc, each_reason);
	tcase_add_test(tc, heads);
	tcase_add_test(tc, end);
	tcase_add_test(tc, many_pools);
	tcase_add_test(tc, without);
	tcase_add_test(tc, down);
	tcase_add_test(tc, bounds);
	suite_add_tcase(s, tc);
	return run_suite(s);
}

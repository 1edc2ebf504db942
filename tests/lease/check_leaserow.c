/* check_leaserow - rows about leases, and parsing them. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lease/leaserow.h"
#include "lib/clock.h"
#include "support/random.h"
#include "support/run.h"

#define NOW INT64_C(1700000000)

static struct lease_row one(void)
{
	return (struct lease_row){.addr = 0xc0a8ff11,
				  .idle = 12,
				  .age = 3600,
				  .confirmed = true,
				  .host = {{0x20, 1, 0xd, 0xb8, [15] = 7}},
				  .now = NOW,
				  .packets = {3, 4},
				  .bytes = {300, 401},
				  .prefix = "64:ff9b::/96",
				  .pool = "192.168.255.0/24"};
}

START_TEST(json)
{
	struct lease_row r = one();
	char line[LEASEROW_MAX];

	ck_assert_uint_eq(leaserow_json(line, &r), strlen(line));
	ck_assert_str_eq(line, "{\"ipv4\": \"192.168.255.17\", \"ipv6\": \"2001:db8::7\", "
			       "\"prefix\": \"64:ff9b::/96\", \"pool\": \"192.168.255.0/24\", "
			       "\"since\": \"2023-11-14T21:13:20Z\", "
			       "\"last_seen\": \"2023-11-14T22:13:08Z\", \"idle_seconds\": 12, "
			       "\"age_seconds\": 3600, \"confirmed\": true, \"packets_6to4\": 4, "
			       "\"packets_4to6\": 3, \"bytes_6to4\": 401, \"bytes_4to6\": 300}\n");
	r.age = -1;
	r.prefix = NULL;
	leaserow_json(line, &r);
	ck_assert_ptr_nonnull(strstr(line, "\"prefix\": null, "));
	ck_assert_ptr_nonnull(strstr(line, "\"since\": null, "));
	ck_assert_ptr_nonnull(strstr(line, "\"age_seconds\": null, "));
}
END_TEST

START_TEST(table)
{
	char header[LEASEROW_MAX], line[LEASEROW_MAX];
	struct lease_row r = one();

	ck_assert_uint_eq(leaserow_header(header), strlen(header));
	ck_assert_uint_eq(leaserow_text(line, &r), strlen(line));
	ck_assert_int_eq(strstr(header, "PREFIX") - header, strstr(line, "64:ff9b") - line);
	ck_assert_int_eq(strstr(header, "IPV6") - header, strstr(line, "2001:db8") - line);
	ck_assert_ptr_nonnull(strstr(line, " 1h00m "));
	ck_assert_ptr_nonnull(strstr(line, " 12s yes "));
	ck_assert_str_eq(line + strlen(line) - 14, " 64:ff9b::/96\n");
}
END_TEST

/* The longest values fit. */
START_TEST(widest)
{
	static const char wide[] = "2001:db81:db82:db83:db84:db85:db86:db87/128";
	struct lease_row r = {.addr = UINT32_MAX,
			      .idle = INT32_MAX,
			      .age = INT32_MAX,
			      .now = INT64_C(253402300799),
			      .packets = {UINT64_MAX, UINT64_MAX},
			      .bytes = {UINT64_MAX, UINT64_MAX},
			      .prefix = wide,
			      .pool = "255.255.255.255/32"};
	char line[LEASEROW_MAX];

	memset(&r.host, 0xff, sizeof(r.host));
	ck_assert_uint_lt(leaserow_json(line, &r), LEASEROW_MAX);
	ck_assert_uint_lt(leaserow_text(line, &r), LEASEROW_MAX);
}
END_TEST

static void must_be(const struct lease_row *r, const struct lease_row *back)
{
	ck_assert_uint_eq(r->addr, back->addr);
	ck_assert_mem_eq(&r->host, &back->host, sizeof(r->host));
	ck_assert_int_eq(r->idle, back->idle);
	ck_assert_int_eq(r->age, back->age);
	ck_assert_int_eq(r->now, back->now);
	ck_assert(r->confirmed == back->confirmed);
	ck_assert_mem_eq(r->packets, back->packets, sizeof(r->packets));
	ck_assert_mem_eq(r->bytes, back->bytes, sizeof(r->bytes));
	ck_assert(r->prefix ? back->prefix && strcmp(r->prefix, back->prefix) == 0 : !back->prefix);
	ck_assert_str_eq(r->pool, back->pool);
}

START_TEST(round_trip)
{
	char line[LEASEROW_MAX];

	for (int i = 0; i < 20000; i++) {
		struct lease_row r = one(), back;

		r.addr = 1 + random_below(UINT32_MAX);
		r.idle = (int32_t)random_below(1 << 24);
		r.age = random_below(4) ? (int32_t)random_below(1 << 24) : -1;
		r.confirmed = random_below(2);
		for (int b = 0; b < 16; b++)
			r.host.b[b] = random_below(3) ? (uint8_t)random_below(256) : 0;
		for (int dir = 0; dir < FASTPATH_DIRS; dir++) {
			r.packets[dir] = (uint64_t)random_below(UINT32_MAX) << random_below(32);
			r.bytes[dir] = (uint64_t)random_below(UINT32_MAX) << random_below(32);
		}
		if (!random_below(4))
			r.prefix = NULL;
		leaserow_json(line, &r);
		line[strlen(line) - 1] = '\0'; /* as the client gets it */
		ck_assert_msg(leaserow_parse(line, &back), "%d", i);
		must_be(&r, &back);
	}
}
END_TEST

static void must_have_time(const char *line, const char *key, int64_t at)
{
	char text[CLOCK_TEXT], want[80];

	snprintf(want, sizeof(want), "\"%s\": \"%s\", ", key, clock_rfc3339(text, at));
	ck_assert_msg(strstr(line, want) != NULL, "%s in %s", want, line);
}

/* Times in sequence, within the same hour or not, and before 1970, where a clock may begin. */
START_TEST(times)
{
	char line[LEASEROW_MAX];
	struct lease_row r = one();

	for (int i = 0; i < 20000; i++) {
		r.now = random_below(50) ? NOW + random_below(7200) : (int64_t)random_below(9000);
		r.idle = (int32_t)random_below(random_below(2) ? 60 : 1 << 20);
		r.age = r.idle + (int32_t)random_below(random_below(2) ? 10000 : 1 << 26);
		leaserow_json(line, &r);
		must_have_time(line, "since", r.now - r.age);
		must_have_time(line, "last_seen", r.now - r.idle);
	}
}
END_TEST

static const struct {
	const char *line;
	bool good;
} lines[] = {
	{"{\"ipv4\": \"192.0.2.1\", \"ipv6\": \"2001:db8::1\", \"last_seen\": "
	 "\"2023-11-14T22:13:08Z\"}",
	 true},
	{"{\"new\": \"x\", \"ipv4\": \"192.0.2.1\", \"ipv6\": \"2001:db8::1\", \"other\": 5, "
	 "\"more\": null, \"last_seen\": \"2023-11-14T22:13:08Z\"}",
	 true},
	{"", false},
	{"{}", false},
	{"{", false},
	{"[1]", false},
	{"ok", false},
	{"{\"ipv4\": \"192.0.2\", \"last_seen\": \"2023-11-14T22:13:08Z\"}", false},
	{"{\"ipv4\": \"192.0.2.1\", \"ipv6\": \"x\", \"last_seen\": \"2023-11-14T22:13:08Z\"}",
	 false},
	{"{\"ipv4\": \"192.0.2.1\", \"last_seen\": \"yesterday\"}", false},
	{"{\"ipv4\": \"192.0.2.1\", \"last_seen\": \"2023-11-14T22:13:08Z", false},
	{"{\"ipv4\": \"192.0.2.1\", \"last_seen\":", false},
	{"{\"ipv4\": \"192.0.2.1\", \"x\": {\"y\": 1}, \"last_seen\": \"2023-11-14T22:13:08Z\"}",
	 false},
	{"{\"ipv4\" \"192.0.2.1\"}", false},
	{"{ipv4: \"192.0.2.1\"}", false},
};

START_TEST(reads)
{
	char *line =
		strdup(lines[_i].line); /* copied, so that a sanitizer detects reads past its end */
	struct lease_row r;

	ck_assert_msg(leaserow_parse(line, &r) == lines[_i].good, "%s", lines[_i].line);
	free(line);
}
END_TEST

static const struct {
	int32_t seconds;
	const char *text;
} durations[] = {
	{-1, "-"},         {0, "0s"},
	{59, "59s"},       {60, "1m00s"},
	{3599, "59m59s"},  {3600, "1h00m"},
	{86399, "23h59m"}, {86400, "1d00h"},
	{90000, "1d01h"},  {INT32_MAX, "24855d03h"},
};

START_TEST(duration)
{
	char line[LEASEROW_MAX], age[16], idle[16];
	struct lease_row r = one();

	r.age = durations[_i].seconds;
	r.idle = 61;
	leaserow_text(line, &r);
	ck_assert_int_eq(sscanf(line, "%*s %*s %15s %15s", age, idle), 2);
	ck_assert_str_eq(age, durations[_i].text);
	ck_assert_str_eq(idle, "1m01s");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("leaserow");
	TCase *t = tcase_create("leaserow");

	tcase_add_test(t, json);
	tcase_add_test(t, table);
	tcase_add_test(t, widest);
	tcase_add_test(t, round_trip);
	tcase_add_test(t, times);
	tcase_add_loop_test(t, reads, 0, ROWS(lines));
	tcase_add_loop_test(t, duration, 0, ROWS(durations));
	suite_add_tcase(s, t);
	return run_suite(s);
}

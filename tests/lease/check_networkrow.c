/* check_networkrow - rows about networks, and parsing them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lease/networkrow.h"
#include "support/random.h"
#include "support/run.h"

static struct network_row one(void)
{
	return (struct network_row){
		.network = {{{0x20, 1, 0xd, 0xb8, 0, 9}}, 48},
		.used = 30,
		.confirmed = 4,
		.share = 84,
		.pool = "192.168.255.0/24",
		.from = "2001:db8::/32",
	};
}

START_TEST(json)
{
	struct network_row r = one();
	char line[NETWORKROW_MAX];

	ck_assert_uint_eq(networkrow_json(line, &r), strlen(line));
	ck_assert_str_eq(line, "{\"network\": \"2001:db8:9::/48\", \"pool\": \"192.168.255.0/24\", "
			       "\"from\": \"2001:db8::/32\", \"used\": 30, \"confirmed\": 4, "
			       "\"unconfirmed\": 26, \"share\": 84}\n");
	r.from = NULL;
	networkrow_json(line, &r);
	ck_assert_ptr_nonnull(strstr(line, ", \"from\": null, "));
}
END_TEST

START_TEST(table)
{
	char header[NETWORKROW_MAX], line[NETWORKROW_MAX];
	struct network_row r = one();

	ck_assert_uint_eq(networkrow_header(header), strlen(header));
	ck_assert_uint_eq(networkrow_text(line, &r), strlen(line));
	ck_assert_int_eq(strstr(header, "POOL") - header, strstr(line, "192.168") - line);
	ck_assert_int_eq(strstr(header, "FROM") - header, strstr(line, "2001:db8::/32") - line);
	ck_assert_int_eq(strstr(header, "USED") + 4 - header, strstr(line, " 30 ") + 3 - line);
	ck_assert_int_eq(strstr(header, "FAIR-SHARE") + 10 - header,
			 strstr(line, " 84 ") + 3 - line);
	r.from = NULL;
	networkrow_text(line, &r);
	ck_assert_str_eq(line + strlen(line) - 5, "   -\n");
}
END_TEST

/* The longest values fit. */
START_TEST(widest)
{
	struct network_row r = {.network.len = 128,
				.used = UINT64_MAX,
				.share = UINT64_MAX,
				.pool = "255.255.255.255/32",
				.from = "2001:db81:db82:db83:db84:db85:db86:db87/128"};
	char line[NETWORKROW_MAX];

	memset(&r.network.addr, 0xff, sizeof(r.network.addr));
	ck_assert_uint_lt(networkrow_json(line, &r), NETWORKROW_MAX);
	ck_assert_uint_lt(networkrow_text(line, &r), NETWORKROW_MAX);
}
END_TEST

START_TEST(round_trip)
{
	char line[NETWORKROW_MAX];

	for (int i = 0; i < 20000; i++) {
		struct network_row r = one(), back;

		r.network.len = (uint8_t)(1 + random_below(128));
		for (int b = 0; b < 16; b++)
			r.network.addr.b[b] = random_below(3) ? (uint8_t)random_below(256) : 0;
		r.used = random_below(UINT32_MAX);
		r.confirmed = random_below(UINT32_MAX);
		r.share = random_below(UINT32_MAX);
		if (!random_below(4))
			r.from = NULL;
		networkrow_json(line, &r);
		line[strlen(line) - 1] = '\0'; /* as the client gets it */
		ck_assert_msg(networkrow_parse(line, &back), "%d", i);
		ck_assert(prefix6_equal(&r.network, &back.network));
		ck_assert_uint_eq(r.used, back.used);
		ck_assert_uint_eq(r.confirmed, back.confirmed);
		ck_assert_uint_eq(r.share, back.share);
		ck_assert_str_eq(r.pool, back.pool);
		ck_assert(r.from ? back.from && strcmp(r.from, back.from) == 0 : !back.from);
	}
}
END_TEST

static const struct {
	const char *line;
	bool good;
} lines[] = {
	{"{\"network\": \"2001:db8::/32\", \"pool\": \"10.0.0.0/8\"}", true},
	{"{\"network\": \"2001:db8::/32\", \"pool\": \"10.0.0.0/8\", \"new\": 5}", true},
	{"{\"network\": \"2001:db8::/32\"}", false},
	{"{\"network\": \"2001:db8::\", \"pool\": \"10.0.0.0/8\"}", false},
	{"{\"network\": \"2001:db8::/\", \"pool\": \"10.0.0.0/8\"}", false},
	{"{\"network\": \"2001:db8::/129\", \"pool\": \"10.0.0.0/8\"}", false},
	{"{\"network\": \"2001:db8::/32x\", \"pool\": \"10.0.0.0/8\"}", false},
	{"{\"network\": \"10.0.0.0/8\", \"pool\": \"10.0.0.0/8\"}", false},
	{"{\"pool\": \"10.0.0.0/8\"}", false},
	{"", false},
	{"{}", false},
	{"ok", false},
};

START_TEST(reads)
{
	char *line =
		strdup(lines[_i].line); /* copied, so that a sanitizer detects reads past its end */
	struct network_row r;

	ck_assert_msg(networkrow_parse(line, &r) == lines[_i].good, "%s", lines[_i].line);
	free(line);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("networkrow");
	TCase *t = tcase_create("networkrow");

	tcase_add_test(t, json);
	tcase_add_test(t, table);
	tcase_add_test(t, widest);
	tcase_add_test(t, round_trip);
	tcase_add_loop_test(t, reads, 0, ROWS(lines));
	suite_add_tcase(s, t);
	return run_suite(s);
}

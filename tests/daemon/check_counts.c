/* check_counts - the counters as a table and as JSON, and the parser of the JSON. */
#include <stdio.h>
#include <string.h>

#include "daemon/counts.h"
#include "support/run.h"

static struct answer out;

static void stop(void)
{
	answer_free(&out);
}

static const char *text_of(const struct counters *c, bool explain)
{
	answer_free(&out);
	counts_text(&out, c, explain);
	return out.text;
}

static const char *json_of(const struct counters *c, bool explain)
{
	answer_free(&out);
	counts_json(&out, c, explain);
	return out.text;
}

static struct counters some(void)
{
	struct counters c = {.bytes = {[DIR_4TO6] = 1234}, .answers = 5, .recorded = 6};

	c.reason[DIR_6TO4][REASON_OK] = 7;
	c.reason[DIR_4TO6][REASON_TTL] = 3;
	return c;
}

/* Gives each counter a different value. */
static struct counters all(void)
{
	struct counters c;
	uint64_t *n = (uint64_t *)(void *)&c;

	for (size_t i = 0; i < sizeof(c) / sizeof(*n); i++)
		n[i] = 1000 + i;
	return c;
}

START_TEST(for_people)
{
	struct counters c = some();

	ck_assert_str_eq(text_of(&c, false),
			 "COUNTER                                6TO4                 4TO6\n"
			 "ok                                        7                    0\n"
			 "ttl-exceeded                              0                    3\n"
			 "bytes                                     0                 1234\n"
			 "\n"
			 "COUNTER                               COUNT\n"
			 "icmp_sent                                 5\n"
			 "leases_recorded                           6\n");
	ck_assert_ptr_nonnull(
		strstr(text_of(&c, true), "  3  icmp    TTL or hop limit exceeded\n"));
	ck_assert_ptr_nonnull(strstr(out.text, "  0  -       translated\n"));
}
END_TEST

/* The columns are aligned for all values. */
START_TEST(columns)
{
	struct counters c;
	size_t len = 0;

	memset(&c, 0xff, sizeof(c));
	for (const char *line = text_of(&c, false); *line != '\n'; line += len + 1) {
		len = strcspn(line, "\n");
		ck_assert_msg(len == 22 + 2 * 21, "%.*s", (int)len, line);
	}
}
END_TEST

START_TEST(zero_is_listed_in_json)
{
	struct counters c = {.answers = 0};
	char key[64];

	json_of(&c, false);
	for (int why = 0; why < REASON_COUNT; why++) {
		const char *at;

		snprintf(key, sizeof(key), "\"%s\": 0", reason_table[why].name);
		at = strstr(out.text, key);
		ck_assert_msg(at && strstr(at + 1, key), "%s, twice", key);
	}
	ck_assert_ptr_nonnull(strstr(out.text, "{\"6to4\": {\"ok\": 0, "));
	ck_assert_ptr_nonnull(strstr(out.text, "}, \"4to6\": {\"ok\": 0, "));
	ck_assert_ptr_nonnull(strstr(out.text,
				     "}, \"bytes_6to4\": 0, \"bytes_4to6\": 0, "
				     "\"fast_packets_6to4\": 0, \"fast_packets_4to6\": 0, "
				     "\"icmp_sent\": 0, \"icmp_suppressed\": 0, \"gso_read\": 0, "
				     "\"gso_written\": 0, \"merged\": 0, \"write_failed\": 0, "
				     "\"leases_recorded\": 0}\n"));
}
END_TEST

START_TEST(explained)
{
	struct counters c = some();

	json_of(&c, true);
	ck_assert_ptr_nonnull(strstr(out.text,
				     "{\"6to4\": {\"ok\": {\"count\": 7, \"class\": null, "
				     "\"text\": \"translated\"}, "));
	ck_assert_ptr_nonnull(strstr(out.text,
				     "\"ttl-exceeded\": {\"count\": 3, \"class\": \"icmp\", "
				     "\"text\": \"TTL or hop limit exceeded\"}"));
	memset(&c, 0xff, sizeof(c));
	json_of(&c, true);
	ck_assert(!out.cut);
}
END_TEST

START_TEST(read_back)
{
	struct counters c = all(), got;

	ck_assert(counts_read(&got, json_of(&c, false)));
	ck_assert_mem_eq(&got, &c, sizeof(c));
	memset(&c, 0xff, sizeof(c));
	ck_assert(counts_read(&got, json_of(&c, false)));
	ck_assert_mem_eq(&got, &c, sizeof(c));
}
END_TEST

START_TEST(other_versions)
{
	struct counters got;

	ck_assert(counts_read(&got, "{\"6to4\": {\"ok\": 3, \"of-tomorrow\": 4}, \"4to6\": "
				    "{\"ok\": 5}, \"bytes_6to4\": 6, \"new\": 7, "
				    "\"5to5\": {\"ok\": 9}, \"merged\": 8}\n"));
	ck_assert_uint_eq(got.reason[DIR_6TO4][REASON_OK], 3);
	ck_assert_uint_eq(got.reason[DIR_4TO6][REASON_OK], 5);
	ck_assert_uint_eq(got.bytes[DIR_6TO4], 6);
	ck_assert_uint_eq(got.bytes[DIR_4TO6], 0);
	ck_assert_uint_eq(got.merged, 8);
}
END_TEST

static const char *const rubbish[] = {
	"",
	"{",
	"{}",
	"hello",
	"{\"6to4\"",
	"{\"6to4\": {\"ok\": ",
	"{\"6to4\": {\"ok\": -3}}",
	"{\"6to4\": {\"ok\": 3",
	"{\"6to4\": {\"ok\": 3}",
	"{\"6to4\": {\"ok\": {\"count\": 3}}}",
	"{\"a name that is longer than any counter of any version will ever have to be\": 3}",
	"{\"bytes_6to4\": 3",
	"{\"bytes_6to4\":3}",
	"{\"bytes_6to4\": \"3\"}",
};

START_TEST(refused)
{
	struct counters got;

	ck_assert_msg(!counts_read(&got, rubbish[_i]), "%s", rubbish[_i]);
}
END_TEST

/* Every truncation is rejected. */
START_TEST(cut_short)
{
	struct counters c = all(), got;
	const char *whole = json_of(&c, false);
	size_t len = strlen(whole) - strlen("}\n");
	char *piece = strdup(whole);

	for (size_t n = 0; n <= len; n++) {
		memcpy(piece, whole, n);
		piece[n] = '\0';
		ck_assert_msg(!counts_read(&got, piece), "%s", piece);
	}
	free(piece);
}
END_TEST

START_TEST(since)
{
	struct counters was = all(), now = was, want = {.merged = 5};

	now.merged += 5;
	now.reason[DIR_6TO4][REASON_OK]++;
	want.reason[DIR_6TO4][REASON_OK] = 1;
	ck_assert(counts_since(&now, &was));
	ck_assert_mem_eq(&now, &want, sizeof(want));
	now = was;
	now.recorded--;
	ck_assert(!counts_since(&now, &was));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("counts");
	TCase *tc = tcase_create("counts");

	tcase_add_checked_fixture(tc, NULL, stop);
	tcase_add_test(tc, for_people);
	tcase_add_test(tc, columns);
	tcase_add_test(tc, zero_is_listed_in_json);
	tcase_add_test(tc, explained);
	tcase_add_test(tc, read_back);
	tcase_add_test(tc, other_versions);
	tcase_add_loop_test(tc, refused, 0, ROWS(rubbish));
	tcase_add_test(tc, cut_short);
	tcase_add_test(tc, since);
	suite_add_tcase(s, tc);
	return run_suite(s);
}

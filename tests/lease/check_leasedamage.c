/* check_leasedamage - a damaged lease file: which leases are kept, and what is reported. */
#include <stdint.h>

#include "support/leasedir.h"

#define HOLD     "192.0.2.9\t2001:db8::9\t1699999999\n"
#define MINE     "# prefix 2001:db8:64::/96\n"
#define OTHER    "# prefix 2001:db8:64:1::/96\n"
#define THIRD    "# prefix 2001:db8:64:2::/96\n"
#define MINE_IS  "# prefix 2001:db8:64::/96 checksum 2dda9092\n"
#define OTHER_IS "# prefix 2001:db8:64:1::/96 checksum 705dc824\n"
#define NONE_IS  "# prefix none checksum 40e58474\n"
#define WRONG    "# prefix 2001:db8:64:1::/96 checksum 2dda9092\n"

static const char *const records[] = {
	"192.0.2.11\t2001:db8::11\t1699999991\n",
	"# since 1699990000\n192.0.2.22\t2001:db8::22\t1699999992\n",
	"# unconfirmed\n192.0.2.44\t2001:db8::44\t1699999993\n",
	"192.0.2.77\t2001:db8::77\t1699999994\t2001:db8:64::/96\n",
	"192.0.2.88\t2001:db8::88\t1699999995\n",
};

/* A file with all records, and what is configured when it is read. */
struct text {
	const char *prefixes;
	unsigned prefix; /* index of that of the records */
	size_t head, len;
	char b[2048];
};

/* Record I must be there exactly.  No inverted bit turns the address or the host of a record into
 * that of another one. */
static void must_be_record(const struct leasedir *d, const struct text *t, int32_t i,
			   const char *what, size_t at)
{
	static const char *const addrs[] = {"192.0.2.11", "192.0.2.22", "192.0.2.44", "192.0.2.77",
					    "192.0.2.88"};
	static const uint32_t hosts[] = {0x11, 0x22, 0x44, 0x77, 0x88};
	const struct lease *l = pool_find4(d->pool, ip4(addrs[i]));
	struct ip6 host = host_no(hosts[i]);

	ck_assert_msg(l && ip6_equal(&l->host, &host) && l->prefix == t->prefix &&
			      l->saved == NOW - 9 + i && l->confirmed == (i != 2) &&
			      l->since == (i == 1 ? NOW - 10000 : POOL_UNKNOWN),
		      "%s, byte %zu: %s", what, at, addrs[i]);
}

/* Writes these LEN bytes as the lease file, and checks all records but those of the bytes FROM to
 * TO of T. */
static void keep_intact(const struct text *t, const char *text, size_t len, size_t from, size_t to,
			const char *what)
{
	struct leasedir d;
	size_t begin = t->head;

	dir_make(&d, 1);
	dir_prefixes(&d, t->prefixes);
	dir_put(&d, LEASEFILE_NAME, text, len);
	dir_open(&d);
	dir_load(&d, NOW, WALL);
	for (int32_t i = 0; i < ROWS(records); i++) {
		size_t end = begin + strlen(records[i]);

		if (from >= end || to <= begin)
			must_be_record(&d, t, i, what, from);
		begin = end;
	}
	ck_assert_msg(pool_used(d.pool) == ROWS(records) || d.said > 0,
		      "%s, byte %zu: a lease is missing", what, from);
	ck_assert_msg(d.said == 0 || d.expired > 0 || dir_has(&d, "dynamic.map.bad-1"),
		      "%s, byte %zu", what, from);
	ck_assert_msg(d.said <= 3, "%s, byte %zu: %u lines", what, from, d.said);
	dir_remove(&d);
}

/* Sets HEAD to what the daemon writes before the first lease. */
static void write_head(char *head, size_t size)
{
	struct leasedir d;
	char *text;

	dir_make(&d, 1);
	dir_begin(&d, NOW, WALL);
	dir_end(&d, NOW, WALL);
	text = dir_get(&d, LEASEFILE_NAME);
	ck_assert_ptr_nonnull(strstr(text, LEASE_CLEAN "\n"));
	snprintf(head, size, "%.*s", (int)(strstr(text, LEASE_CLEAN "\n") - text), text);
	free(text);
	dir_remove(&d);
}

/* What is before the records, and the configured prefixes. */
static const struct {
	bool head;
	const char *prefixes;
	unsigned prefix;
} heads[] = {
	{false, "0", 0}, {true, "0", 0}, {true, "01", 0}, {true, "10", 1}, {true, "120", 2},
};

static void put_text(struct text *t, int row)
{
	*t = (struct text){.prefixes = heads[row].prefixes, .prefix = heads[row].prefix};
	if (heads[row].head)
		write_head(t->b, sizeof(t->b));
	t->head = strlen(t->b);
	for (size_t i = 0; i < ROWS(records); i++)
		strcat(t->b, records[i]);
	t->len = strlen(t->b);
}

/* Each bit is inverted, other bytes are inserted at each place, and each record is there again at
 * the end.  Damage at the end of a line also concerns the next one. */
START_TEST(damage_anywhere)
{
	static const char junk[] = "\0\xff#\t 1\n";
	struct text t;
	char bad[2300];

	put_text(&t, _i);
	for (size_t at = 0; at < t.len; at++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			memcpy(bad, t.b, t.len);
			bad[at] = (char)(bad[at] ^ 1 << bit);
			keep_intact(&t, bad, t.len, at, at + 2, "a bit");
		}
		memcpy(bad, t.b, at);
		memcpy(bad + at, junk, sizeof(junk) - 1);
		memcpy(bad + at + sizeof(junk) - 1, t.b + at, t.len - at);
		keep_intact(&t, bad, t.len + sizeof(junk) - 1, at, at, "other bytes");
	}
	for (size_t i = 0; i < ROWS(records); i++) {
		snprintf(bad, sizeof(bad), "%s%s", t.b, records[i]);
		keep_intact(&t, bad, strlen(bad), t.len, t.len, "a record twice");
	}
}
END_TEST

/* The addresses and hosts of these leases differ by one bit.  Each bit of the file is inverted; no
 * damaged line ends the lease of another one, whatever their order. */
#define DENSE 9

static size_t put_dense(char *text, bool has_prefix, size_t end[DENSE])
{
	size_t len = 0;

	for (uint32_t i = 0; i < DENSE; i++) {
		struct leasetext t = {.addr = ip4("192.0.2.1") + i * 5 % DENSE,
				      .host = host_no(1 + i * 5 % DENSE),
				      .when = WALL - 9,
				      .since = i % 2 ? WALL - 100 : 0,
				      .unconfirmed = i % 3 == 1,
				      .has_prefix = has_prefix,
				      .prefix = {ip6("2001:db8:64::"), 96}};

		len += leasetext_format_checked(text + len, &t);
		end[i] = len;
	}
	return len;
}

static void must_be_dense(const struct leasedir *d, const size_t end[DENSE], size_t at)
{
	for (uint32_t i = 0; i < DENSE; i++) {
		struct ip6 host = host_no(1 + i * 5 % DENSE);
		const struct lease *l = pool_find4(d->pool, ip4("192.0.2.1") + i * 5 % DENSE);

		if (at + 1 >= (i ? end[i - 1] : 0) && at < end[i])
			continue;
		ck_assert_msg(l && ip6_equal(&l->host, &host) && l->prefix == 0 &&
				      l->saved == NOW - 9 && l->confirmed == (i % 3 != 1),
			      "byte %zu: lease %u", at, i);
	}
	ck_assert_msg(pool_used(d->pool) == DENSE || d->said > 0, "byte %zu: a lease is missing",
		      at);
}

START_TEST(dense_leases)
{
	char text[2048];
	size_t end[DENSE], len = put_dense(text, _i == 1, end);

	for (size_t bit = 0; bit < 8 * len; bit++) {
		struct leasedir d;

		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
		dir_make(&d, 1);
		dir_prefixes(&d, _i == 1 ? "01" : "0");
		dir_put(&d, LEASEFILE_NAME, text, len);
		dir_open(&d);
		dir_load(&d, NOW, WALL);
		must_be_dense(&d, end, bit / 8);
		dir_remove(&d);
		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
	}
}
END_TEST

/* A line before the records is missing, or is there twice. */
START_TEST(missing_lines)
{
	struct text t;
	char bad[2300];

	put_text(&t, _i);
	for (size_t at = 0; at < t.head;) {
		size_t end = at + strcspn(t.b + at, "\n") + 1;

		memcpy(bad, t.b, at);
		memcpy(bad + at, t.b + end, t.len - end);
		keep_intact(&t, bad, t.len - (end - at), at, end, "a missing line");
		memcpy(bad, t.b, end);
		memcpy(bad + end, t.b + at, t.len - at);
		keep_intact(&t, bad, t.len + (end - at), at, end, "a line twice");
		at = end;
	}
}
END_TEST

/* The two lines about the prefix of the lease of 192.0.2.9, and what is reported. */
#define COUNTS(prefix) "does not repeat the prefix of the line before; " prefix " counts"
static const struct {
	const char *name, *text, *prefixes;
	int prefix;       /* index among them; -1: the lease has ended */
	const char *said; /* in the first message; NULL: no message */
} pairs[] = {
	{"of the first prefix", MINE_IS MINE HOLD, "01", 0, NULL},
	{"of the second prefix", OTHER_IS OTHER HOLD, "01", 1, NULL},
	{"of no prefix", NONE_IS "# prefix none\n" HOLD, "01", 0, NULL},
	{"no longer configured", MINE_IS MINE HOLD, "1", -1,
	 "3: prefix 2001:db8:64::/96 is not configured"},
	{"after another pair", OTHER_IS OTHER MINE_IS MINE HOLD, "01", 0, NULL},
	{"before one line of an earlier version", OTHER_IS OTHER MINE HOLD, "01", 0, NULL},
	{"after one line of an earlier version", OTHER MINE_IS MINE HOLD, "01", 0, NULL},
	{"twice", MINE_IS MINE_IS MINE HOLD, "01", 0, NULL},

	{"disagree: the checksum", MINE_IS OTHER HOLD, "10", 1, "2: " COUNTS("2001:db8:64::/96")},
	{"disagree: configured", MINE_IS OTHER HOLD, "0", 0, "2: " COUNTS("2001:db8:64::/96")},
	{"disagree: only the other one is configured", MINE_IS OTHER HOLD, "1", 0,
	 "2: " COUNTS("2001:db8:64:1::/96")},
	{"disagree: neither is configured", MINE_IS OTHER HOLD, "2", -1,
	 "2: " COUNTS("2001:db8:64::/96")},
	{"disagree: none", MINE_IS "# prefix none\n" HOLD, "10", 1,
	 "2: " COUNTS("2001:db8:64::/96")},
	{"disagree: one instead of none", NONE_IS OTHER HOLD, "01", 0, "2: " COUNTS("none")},
	{"a wrong checksum", WRONG MINE HOLD, "10", 1, "1: does not fit its checksum"},
	{"half a checksum", "# prefix 2001:db8:64:1::/96 checksum 705dc\n" MINE HOLD, "10", 1,
	 "1: does not fit its checksum"},
	{"no checksum", "# prefix 2001:db8:64:1::/96 checksum \n" MINE HOLD, "10", 1,
	 "1: does not fit its checksum"},
	{"not repeated", MINE_IS HOLD, "10", 1, "2: " COUNTS("2001:db8:64::/96")},
	{"not repeated, but by a comment", MINE_IS "# mine\n" HOLD, "10", 1,
	 "2: " COUNTS("2001:db8:64::/96")},
	{"not repeated, but by junk", MINE_IS "x\n" HOLD, "10", 1,
	 "2: \"x\" is not an IPv4 address"},
	{"one line", "# prefix 2001:db8:64::/96 checksum 2dda9092J" MINE HOLD, "10", 1,
	 "2: " COUNTS("2001:db8:64::/96")},
	{"something after the checksum",
	 "# prefix 2001:db8:64::/96 checksum 2dda9092 x\n" MINE HOLD, "10", 1, NULL},
	{"only the line without a checksum", MINE HOLD, "10", 1, NULL},

	/* a crash while they were written, and the next start */
	{"cut short", MINE "# prefix 2001:db8:64:1::/96 checksum 705dc8\t# cut short\n" HOLD, "10",
	 1, NULL},
	{"the second line is cut short", MINE_IS "# prefix 2001:d\t# cut short\n" MINE_IS MINE HOLD,
	 "10", 1, NULL},
	{"written once more", MINE_IS MINE_IS MINE HOLD, "10", 1, NULL},
};

START_TEST(prefix_of_a_pair)
{
	const char *text = pairs[_i].text, *name = pairs[_i].name;
	const struct ip6 host = ip6("2001:db8::9");
	struct leasedir d;
	struct lease *l;

	dir_make(&d, 1);
	dir_prefixes(&d, pairs[_i].prefixes);
	dir_put(&d, LEASEFILE_NAME, text, strlen(text));
	dir_begin(&d, NOW, WALL);
	l = pool_find4(d.pool, ip4("192.0.2.9"));
	ck_assert_msg((l == NULL) == (pairs[_i].prefix < 0), "%s", name);
	ck_assert_msg(!l || (ip6_equal(&l->host, &host) && l->prefix == pairs[_i].prefix), "%s",
		      name);
	if (pairs[_i].said)
		ck_assert_msg(d.said >= 2 && strstr(d.line[0], pairs[_i].said), "%s: %s", name,
			      d.line[0]);
	else
		ck_assert_msg(d.said == 0, "%s: %s", name, d.line[0]);
	ck_assert_msg(!l || d.said == (pairs[_i].said ? 2 : 0), "%s: %s", name, d.line[1]);
	ck_assert(dir_has(&d, "dynamic.map.bad-1") == (pairs[_i].said != NULL));
	dir_calm(&d, NOW, WALL); /* rewritten if necessary */
	dir_crash(&d);
	dir_again(&d, NOW, WALL);
	ck_assert_msg(d.said == 0, "%s, later: %s", name, d.line[0]);
	ck_assert_msg(!l || pool_find6(d.pool, &host, (unsigned)pairs[_i].prefix), "%s, later",
		      name);
	dir_remove(&d);
}
END_TEST

/* A crash cuts the file at each byte of the two lines.  What the next start appends belongs to the
 * prefix, even for an earlier version, and the start after that has nothing to report. */
START_TEST(pair_cut_anywhere)
{
	static const char text[] = OTHER_IS OTHER MINE_IS MINE;
	const size_t first = strlen(OTHER_IS OTHER);

	for (size_t cut = first; cut < sizeof(text); cut++) {
		struct leasedir d;
		struct ip6 host = ip6("2001:db8::1");
		char *now, *line;

		dir_make(&d, 1);
		dir_put(&d, LEASEFILE_NAME, text, cut);
		dir_begin(&d, NOW, WALL);
		ck_assert_msg(d.said == 0, "cut %zu: %s", cut, d.line[0]);
		dir_record(&d, dir_lease(&d, "2001:db8::1", NOW), NOW);
		dir_crash(&d);
		now = dir_get(&d, LEASEFILE_NAME);
		line = strstr(now, "\n" MINE);
		ck_assert_msg(line && !strstr(line, OTHER) && strstr(line, "2001:db8::1\t"),
			      "cut %zu: %s", cut, now);
		free(now);
		dir_prefixes(&d, "10");
		dir_again(&d, NOW, WALL);
		ck_assert_msg(d.said == 0, "cut %zu, second start: %s", cut, d.line[0]);
		ck_assert_msg(pool_find6(d.pool, &host, 1) != NULL, "cut %zu", cut);
		dir_remove(&d);
	}
}
END_TEST

/* A file of an earlier version gets its checksum at the start. */
START_TEST(one_line_becomes_two)
{
	struct leasedir d;
	char *text;

	dir_make(&d, 1);
	dir_put(&d, LEASEFILE_NAME, MINE HOLD, strlen(MINE HOLD));
	dir_begin(&d, NOW, WALL);
	ck_assert_uint_eq(d.said, 0);
	dir_calm(&d, NOW, WALL);
	text = dir_get(&d, LEASEFILE_NAME);
	ck_assert_ptr_nonnull(strstr(text, "\n" MINE_IS MINE "# checksum "));
	ck_assert_ptr_nonnull(strstr(text, HOLD));
	free(text);
	dir_remove(&d);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("leasedamage");
	TCase *t = tcase_create("leasedamage");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, damage_anywhere, 0, ROWS(heads));
	tcase_add_loop_test(t, dense_leases, 0, 2);
	tcase_add_loop_test(t, missing_lines, 1, ROWS(heads));
	tcase_add_loop_test(t, prefix_of_a_pair, 0, ROWS(pairs));
	tcase_add_test(t, pair_cut_anywhere);
	tcase_add_test(t, one_line_becomes_two);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return run_suite(suite());
}

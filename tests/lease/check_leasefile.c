/* check_leasefile - checks what is read from the lease file: its format, damage, times, and errors
 * when it is opened. */
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/leasedir.h"
#include "support/machine.h"

#define TAYGA_HEADER                                                                               \
	"###\n###\n### TAYGA dynamic map database\n###\n### You can edit this (carefully!)\n###\n" \
	"### Last written: Tue Nov 14 22:13:20 2023\n###\n###\n\n"

#define FIRST "192.0.2.1\t2001:db8::1\t1699999999\n"
#define HOLD  "192.0.2.9\t2001:db8::9\t1699999999\n"
#define MINE  "# prefix 2001:db8:64::/96\n"
#define OTHER "# prefix 2001:db8:64:1::/96\n"

static struct lease *must_hold(struct leasedir *d, const char *addr, const char *host)
{
	struct lease *l = pool_find4(d->pool, ip4(addr));
	struct ip6 a = ip6(host);

	ck_assert_msg(l != NULL, "%s is not leased", addr);
	ck_assert_msg(ip6_equal(&l->host, &a), "%s is not that of %s", addr, host);
	return l;
}

static void confirm(struct leasedir *d, struct lease *l, int32_t now)
{
	pool_answer(l);
	pool_touch(d->pool, l, now);
	ck_assert(l->confirmed);
}

START_TEST(round_trip)
{
	struct leasedir d;
	struct lease *l;
	uint32_t a, b;

	dir_make(&d, 1);
	dir_begin(&d, NOW, WALL);
	ck_assert_uint_eq(d.said, 0);
	l = dir_lease(&d, "2001:db8::1", NOW);
	a = l->addr;
	dir_record(&d, l, NOW);
	l = dir_lease(&d, "2001:db8::2", NOW + 7);
	b = l->addr;
	dir_record(&d, l, NOW + 7);
	pool_touch(d.pool, l, NOW + 9);
	ck_assert(l->on_record && l->saved == NOW + 7);
	dir_end(&d, NOW + 10, WALL + 10);

	dir_again(&d, 100, WALL + 20); /* the clock of the pool has started again */
	ck_assert_uint_eq(d.said, 0);
	ck_assert_uint_eq(pool_used(d.pool), 2);
	l = pool_find4(d.pool, a);
	ck_assert(ip6_equal(&l->host, &(struct ip6){{0x20, 1, 0xd, 0xb8, [15] = 1}}));
	ck_assert_int_eq(l->last, 100 - 20);
	ck_assert_int_eq(l->since, 100 - 20);
	l = pool_find4(d.pool, b);
	ck_assert_int_eq(l->last, 100 - 11);
	ck_assert_int_eq(l->since, 100 - 13);
	ck_assert_int_eq(l->saved, l->last);
	ck_assert(l->on_record);
	dir_remove(&d);
}
END_TEST

/* The time of the last write, by different writers and clocks. */
START_TEST(last_written)
{
	const struct timespec then[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	struct leasedir d;
	char path[128];

	dir_make(&d, 1);
	dir_put(&d, LEASEFILE_NAME, "", 0);
	dir_name(&d, LEASEFILE_NAME, path);
	ck_assert_int_eq(utimensat(AT_FDCWD, path, then, 0), 0);
	dir_begin(&d, NOW, WALL);
	ck_assert_int_eq(leasefile_written(d.f), 1000);
	dir_record(&d, dir_lease(&d, "2001:db8::1", NOW), NOW);
	ck_assert_int_eq(leasefile_written(d.f), WALL);
	dir_calm(&d, NOW + 30, WALL + 30);
	ck_assert_int_eq(leasefile_written(d.f), WALL);
	d.f->wanted = true;
	dir_calm(&d, NOW + 40, WALL + 40);
	ck_assert_int_eq(leasefile_written(d.f), WALL + 40);
	ck_assert_uint_eq(leasefile_errors(d.f), 0);
	dir_remove(&d);
}
END_TEST

static char *without_checksums(char *text)
{
	for (char *at = text; (at = strstr(at, "# checksum "));)
		memmove(at, strchr(at, '\n') + 1, strlen(strchr(at, '\n') + 1) + 1);
	return text;
}

/* Extensions of Tayga's format are in comments, since Tayga rejects a line of four columns. */
START_TEST(text_is_taygas)
{
	struct leasedir d;
	char *text;
	struct lease *l;
	char want[256];

	dir_make(&d, 1);
	dir_begin(&d, NOW, WALL);
	l = dir_lease(&d, "2001:db8::1", NOW - 5);
	pool_touch(d.pool, l, NOW - 3);
	dir_record(&d, l, NOW);
	confirm(&d, l, NOW - 2);
	dir_record(&d, l, NOW);
	text = dir_get(&d, LEASEFILE_NAME);
	snprintf(want, sizeof(want),
		 "# prefix 2001:db8:64::/96 checksum 2dda9092\n# prefix 2001:db8:64::/96\n"
		 "# since 1699999995\n# unconfirmed\n"
		 "192.0.2.%u\t2001:db8::1\t1699999997\n"
		 "# since 1699999995\n192.0.2.%u\t2001:db8::1\t1699999998\n",
		 l->addr & 0xff, l->addr & 0xff);
	ck_assert_str_eq(without_checksums(text), want);
	free(text);
	dir_remove(&d);
}
END_TEST

START_TEST(reads_what_tayga_wrote)
{
	static const char text[] = TAYGA_HEADER "192.0.2.77\t2001:db8::7\t1699999000\n"
						"192.0.2.78 \t 2001:db8::8   1699990000\r\n";
	struct leasedir d;

	dir_make(&d, 1);
	dir_put(&d, LEASEFILE_NAME, text, strlen(text));
	dir_put(&d, "dynamic.map~~", "x", 1);
	dir_begin(&d, NOW, WALL);
	ck_assert_uint_eq(d.said, 0);
	ck_assert_uint_eq(pool_used(d.pool), 2);
	must_hold(&d, "192.0.2.77", "2001:db8::7");
	must_hold(&d, "192.0.2.78", "2001:db8::8");
	ck_assert(dir_has(&d, "dynamic.map~~"));
	dir_remove(&d);
}
END_TEST

/* A line between two valid ones, and the message about it. */
static const struct {
	const char *name;
	const char *line; /* without newline */
	const char *said; /* NULL: none */
} lines[] = {
	{"empty", "", NULL},
	{"white space", " \t ", NULL},
	{"comment", "# 1.2.3.4", NULL},
	{"comment after a space", "  #", NULL},
	{"the beginning of the next line's lease", "# since 1699990000", NULL},
	{"a beginning that is not a number", "# since yesterday", NULL},
	{"the next one is not confirmed", "# unconfirmed", NULL},
	{"good", "192.0.2.9\t2001:db8::9\t1699999999", NULL},
	{"future time", "192.0.2.9\t2001:db8::9\t9999999999", NULL},
	{"the only prefix", "192.0.2.9\t2001:db8::9\t1699999999\t2001:db8:64::/96", NULL},
	{"IPv4 cut", "192.0.2\t2001:db8::9\t1699999999", "\"192.0.2\" is not an IPv4 address"},
	{"IPv4 with zeros", "192.0.2.010\t2001:db8::9\t1699999999",
	 "\"192.0.2.010\" is not an IPv4 address"},
	{"IPv6 bad", "192.0.2.9\t2001:db8::g\t1699999999",
	 "\"2001:db8::g\" is not an IPv6 address"},
	{"time with letters", "192.0.2.9\t2001:db8::9\t16999x", "\"16999x\" is not a unix time"},
	{"time negative", "192.0.2.9\t2001:db8::9\t-5", "\"-5\" is not a unix time"},
	{"time zero", "192.0.2.9\t2001:db8::9\t0", "\"0\" is not a unix time"},
	{"time beyond 64 bits", "192.0.2.9\t2001:db8::9\t99999999999999999999",
	 "\"99999999999999999999\" is not a unix time"},
	{"two columns", "192.0.2.9\t2001:db8::9",
	 "has too few columns (IPv4, IPv6 and time are expected)"},
	{"five columns", "192.0.2.9\t2001:db8::9\t1699999999\t2001:db8:64::/96\tx",
	 "has too many columns"},
	{"two lines in one", "192.0.2.9\t2001:db8::9\t1699999999192.0.2.8\t2001:db8::8\t1699999999",
	 "has too many columns"},
	{"prefix without length", "192.0.2.9\t2001:db8::9\t1699999999\t2001:db8:64::",
	 "\"2001:db8:64::\" is not an IPv6 prefix"},
	{"prefix too long", "192.0.2.9\t2001:db8::9\t1699999999\t2001:db8:64::/129",
	 "\"2001:db8:64::/129\" is not an IPv6 prefix"},
	{"prefix unknown", "192.0.2.9\t2001:db8::9\t1699999999\t2001:db8:65::/96",
	 "prefix 2001:db8:65::/96 is not configured"},
	{"no pool", "203.0.113.9\t2001:db8::9\t1699999999", "203.0.113.9 is not in a dynamic-pool"},
	{"network address", "192.0.2.0\t2001:db8::9\t1699999999",
	 "192.0.2.0 is reserved (ipv4-addr, a map, or the network address)"},
	{"reserved", "192.0.2.200\t2001:db8::9\t1699999999",
	 "192.0.2.200 is reserved (ipv4-addr, a map, or the network address)"},
	{"multicast host", "192.0.2.9\tff02::1\t1699999999",
	 "its IPv6 address is not a host address"},
	{"our own address", "192.0.2.9\t" OWN6 "\t1699999999",
	 "its IPv6 address needs no lease (it is ipv6-addr, or inside a translation prefix)"},
	{"inside the prefix", "192.0.2.9\t2001:db8:64::808:808\t1699999999",
	 "its IPv6 address needs no lease (it is ipv6-addr, or inside a translation prefix)"},
	{"next to the prefix", "192.0.2.9\t2001:db8:64::1:808:808\t1699999999", NULL},
	{"escape sequence", "\033[2J\t2001:db8::9\t1699999999", "\"?[2J\" is not an IPv4 address"},
	{"not ASCII", "\xff\xfe", "\"??\" is not an IPv4 address"},
};

START_TEST(one_line)
{
	struct leasedir d;
	char text[512], want[256];
	bool good = lines[_i].said == NULL;

	dir_make(&d, 1);
	pool_reserve(d.pool, &(struct prefix4){ip4("192.0.2.200"), 32});
	snprintf(text, sizeof(text),
		 "# a\n192.0.2.1\t2001:db8::1\t1699999999\n%s\n"
		 "192.0.2.2\t2001:db8::2\t1699999999\n",
		 lines[_i].line);
	dir_put(&d, LEASEFILE_NAME, text, strlen(text));
	dir_open(&d);
	dir_load(&d, NOW, WALL);
	must_hold(&d, "192.0.2.1", "2001:db8::1");
	must_hold(&d, "192.0.2.2", "2001:db8::2");
	ck_assert_msg(d.said == (good ? 0 : 2), "%s: %u lines, %s", lines[_i].name, d.said,
		      d.line[0]);
	if (!good) {
		snprintf(want, sizeof(want), "dynamic.map:3: %s", lines[_i].said);
		ck_assert_msg(strcmp(d.line[0], want) == 0, "%s: %s", lines[_i].name, d.line[0]);
		ck_assert_str_eq(d.line[1], "dynamic.map: 1 of 4 lines cannot be used; the file is "
					    "kept as dynamic.map.bad-1");
		ck_assert_uint_eq(pool_used(d.pool), 2);
	}
	ck_assert_msg(dir_has(&d, "dynamic.map.bad-1") == !good, "%s", lines[_i].name);
	dir_remove(&d);
}
END_TEST

START_TEST(nul_bytes)
{
	static const char text[] = "192.0.2.1\t2001:db8::1\t1699999999\n192.0.2.2\0\0\n"
				   "192.0.2.3\t2001:db8::3\t1699999999\n\0\0\0\0";
	struct leasedir d;

	dir_make(&d, 1);
	dir_put(&d, LEASEFILE_NAME, text, sizeof(text) - 1);
	dir_open(&d);
	dir_load(&d, NOW, WALL);
	ck_assert_uint_eq(pool_used(d.pool), 2);
	ck_assert_uint_eq(d.said, 3);
	ck_assert_str_eq(d.line[0], "dynamic.map:2: has NUL bytes");
	ck_assert_str_eq(d.line[1], "dynamic.map:4: has NUL bytes");
	dir_remove(&d);
}
END_TEST

/* Overlong lines, including a comment, before a valid one.  The lengths are around the limit of a
 * line and that of a piece. */
START_TEST(long_lines)
{
	static const size_t lengths[] = {159, 160, 65534, 65535, 65536, 65537, 131072, 300000};
	char *text = malloc(700000);

	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		size_t n = lengths[i];
		struct leasedir d;
		char *p = text;

		memset(p, '#', n);
		p += n;
		*p++ = '\n';
		memset(p, '1', n);
		p += n;
		p += sprintf(p, "\n192.0.2.3\t2001:db8::3\t1699999999\n");
		dir_make(&d, 1);
		dir_put(&d, LEASEFILE_NAME, text, (size_t)(p - text));
		dir_open(&d);
		dir_load(&d, NOW, WALL);
		ck_assert_msg(pool_used(d.pool) == 1, "%zu", n);
		ck_assert_msg(d.said == 2, "%zu: %u %s", n, d.said, d.line[0]);
		if (n >= 160)
			ck_assert_str_eq(d.line[0], "dynamic.map:2: is too long");
		dir_remove(&d);
	}
	free(text);
}
END_TEST

START_TEST(garbage)
{
	size_t n = 3000000;
	uint8_t *text = malloc(n);
	struct leasedir d;

	srandom((unsigned)_i);
	for (size_t i = 0; i < n; i++)
		text[i] = (uint8_t)(_i == 0 ? 0 : random());
	dir_make(&d, 1);
	dir_put(&d, LEASEFILE_NAME, text, n);
	dir_begin(&d, NOW, WALL);
	ck_assert_uint_eq(pool_used(d.pool), 0);
	/* 20 lines, "more", and the name of the copy */
	ck_assert_msg(_i == 0 ? d.said == 2 : d.said == 22, "%u", d.said);
	if (_i > 0)
		ck_assert_ptr_nonnull(strstr(d.line[20], " more lines cannot be used"));
	dir_end(&d, NOW, WALL);
	free(text);
	dir_again(&d, NOW, WALL);
	ck_assert_uint_eq(d.said, 0);
	dir_remove(&d);
}
END_TEST

/* The file is cut at every byte.  Each line before the cut is kept, and the cut line is reported.
 * The next record is not appended to the cut line. */
/* Returns true if a blank follows the IPv6 address in the last line of the CUT bytes at TEXT. */
static bool has_whole_addresses(const char *text, size_t cut)
{
	unsigned blanks = 0;

	while (cut > 0 && text[cut - 1] != '\n')
		blanks += text[--cut] == '\t';
	return blanks == 2;
}

START_TEST(cut_anywhere)
{
	static const char text[] = "# x\n192.0.2.1\t2001:db8::1\t1699999991\n"
				   "192.0.2.2\t2001:db8::2\t1699999992\n"
				   "192.0.2.3\t2001:db8::3\t1699999993\n";
	for (size_t cut = 0; cut < sizeof(text); cut++) {
		unsigned whole = 0;
		struct leasedir d;
		bool kept = cut > 4 && has_whole_addresses(text, cut);
		bool torn = cut > 4 && text[cut - 1] != '\n' && !kept;

		for (size_t i = 4; i < cut; i++)
			whole += text[i] == '\n';
		whole += kept;
		dir_make(&d, 1);
		dir_put(&d, LEASEFILE_NAME, text, cut);
		dir_begin(&d, NOW, WALL);
		ck_assert_msg(pool_used(d.pool) == whole, "cut %zu", cut);
		ck_assert_msg(d.said == (torn ? 2 : 0), "cut %zu: %s", cut, d.line[0]);
		if (torn)
			ck_assert_ptr_nonnull(strstr(d.line[0], "is cut short"));
		dir_record(&d, dir_lease(&d, "2001:db8::99", NOW), NOW);
		dir_crash(&d);
		dir_again(&d, NOW, WALL);
		ck_assert_msg(pool_used(d.pool) == whole + 1, "cut %zu, second start", cut);
		dir_remove(&d);
	}
}
END_TEST

/* The last line has no newline: an editor has omitted it, or a crash has cut the line anywhere. */
static const struct {
	const char *name, *text, *prefixes;
	int prefix;       /* index of the prefix under which 192.0.2.9 is leased; -1: not leased */
	const char *said; /* part of the first message; NULL: no message */
} tails[] = {
	{"whole", "192.0.2.9\t2001:db8::9\t1600000000", "0", 0, NULL},
	{"a digit of the time", "192.0.2.9\t2001:db8::9\t1", "0", 0, NULL},
	{"no time", "192.0.2.9\t2001:db8::9\t", "0", 0, NULL},
	{"no time, a blank", "192.0.2.9 2001:db8::9 ", "0", 0, NULL},
	{"a carriage return", "192.0.2.9\t2001:db8::9\r", "0", 0, NULL},
	{"blanks after the time", "192.0.2.9 2001:db8::9 1699999999 ", "0", 0, NULL},
	{"after a valid line", "192.0.2.8\t2001:db8::8\t1699999999\n192.0.2.9\t2001:db8::9\t16",
	 "0", 0, NULL},
	{"after the mark of a clean stop", "# clean\n192.0.2.9\t2001:db8::9\t16", "0", 0, NULL},
	{"the address moves to another host",
	 "192.0.2.9\t2001:db8::8\t1699999999\n192.0.2.9\t2001:db8::9\t16", "0", 0, NULL},
	{"the host moves", "192.0.2.8\t2001:db8::9\t1699999999\n192.0.2.9\t2001:db8::9\t16", "0", 0,
	 NULL},

	{"possibly half an IPv6 address", "192.0.2.9\t2001:db8::9", "0", -1, "is cut short"},
	{"half an IPv4 address", "192.0.2.9", "0", -1, "is cut short"},
	{"an IPv4 address", "192.0.2.9\t", "0", -1, "is cut short"},
	{"no time but a word", "192.0.2.9\t2001:db8::9\tnow", "0", -1, "is cut short"},
	{"a comment after it", "192.0.2.9\t2001:db8::9\t# mine", "0", -1, "is cut short"},
	{"no IPv6 address", "192.0.2.9\t2001:db8::g\t16", "0", -1, "is cut short"},
	{"no IPv4 address", "192.0.2\t2001:db8::9\t16", "0", -1, "is cut short"},
	{"five columns", "192.0.2.9\t2001:db8::9\t16\t2001:db8:64::/96 x", "0", -1, "is cut short"},
	{"reserved", "192.0.2.0\t2001:db8::9\t16", "0", -1, "192.0.2.0 is reserved"},
	{"of no host", "192.0.2.9\tff02::9\t16", "0", -1, "its IPv6 address is not a host address"},

	{"the prefix is named before", OTHER "192.0.2.9\t2001:db8::9\t16", "1", 0, NULL},
	{"another prefix is named before", OTHER "192.0.2.9\t2001:db8::9\t16", "0", -1,
	 "prefix 2001:db8:64:1::/96 is not configured"},
	{"with its prefix", "192.0.2.9\t2001:db8::9\t1699999999\t2001:db8:64:1::/96", "01", 1,
	 NULL},
	{"half a prefix length", "192.0.2.9\t2001:db8::9\t1699999999\t2001:db8:64:1::/9", "01", -1,
	 "is cut short"},
	{"half a prefix", "192.0.2.9\t2001:db8::9\t1699999999\t2001:db8:64:1::", "01", -1,
	 "is cut short"},
	{"a prefix that is not configured",
	 "192.0.2.9\t2001:db8::9\t1699999999\t2001:db8:64:1::/96", "0", -1, "is cut short"},
	{"possibly another prefix is missing", "192.0.2.9\t2001:db8::9\t16", "01", -1,
	 "is cut short"},
	{"the prefix was named, but there are several", MINE "192.0.2.9\t2001:db8::9\t16", "01", -1,
	 "is cut short"},
	{"there were several",
	 "192.0.2.8\t2001:db8::8\t1699999999\t2001:db8:64::/96\n192.0.2.9\t2001:db8::9\t16", "0",
	 -1, "is cut short"},
	{"there were several prefixes, and now there is one",
	 "192.0.2.8\t2001:db8::8\t1699999999\t2001:db8:64::/96\n" MINE "192.0.2.9\t2001:db8::9\t16",
	 "0", 0, NULL},

	{"blanks", "192.0.2.9\t2001:db8::9\t1699999999\n \t ", "0", 0, NULL},
	{"a comment", "192.0.2.9\t2001:db8::9\t1699999999\n# mine", "0", 0, NULL},
};

static void must_be_tail(struct leasedir *d, int row, int32_t last)
{
	struct lease *l = pool_find4(d->pool, ip4("192.0.2.9"));
	struct ip6 host = ip6("2001:db8::9");

	if (tails[row].prefix < 0) {
		ck_assert_msg(!l, "%s", tails[row].name);
		return;
	}
	ck_assert_msg(l && ip6_equal(&l->host, &host) && l->prefix == tails[row].prefix, "%s",
		      tails[row].name);
	ck_assert_msg(l->last == last, "%s: idle for %d s", tails[row].name, NOW - l->last);
	ck_assert_ptr_eq(pool_find6(d->pool, &host, l->prefix), l);
}

START_TEST(last_line_without_newline)
{
	const char *text = tails[_i].text;
	struct leasedir d;

	dir_make(&d, 1);
	dir_prefixes(&d, tails[_i].prefixes);
	dir_put(&d, LEASEFILE_NAME, text, strlen(text));
	dir_begin(&d, NOW, WALL);
	if (tails[_i].said)
		ck_assert_msg(d.said == 2 && strstr(d.line[0], tails[_i].said), "%s: %s",
			      tails[_i].name, d.line[0]);
	else
		ck_assert_msg(d.said == 0, "%s: %s", tails[_i].name, d.line[0]);
	must_be_tail(&d, _i, NOW);

	/* killed before the rewrite, with another record after the line */
	dir_record(&d, dir_lease(&d, "2001:db8::1", NOW), NOW);
	dir_crash(&d);
	dir_again(&d, NOW, WALL);
	must_be_tail(&d, _i, NOW);
	/* and after the rewrite */
	dir_calm(&d, NOW, WALL);
	dir_crash(&d);
	dir_again(&d, NOW, WALL);
	ck_assert_msg(d.said == 0, "%s: %s", tails[_i].name, d.line[0]);
	must_be_tail(&d, _i, NOW);
	dir_remove(&d);
}
END_TEST

START_TEST(last_line_wins)
{
	static const char text[] =
		"192.0.2.1\t2001:db8::1\t1699999990\n" /* the host moves */
		"192.0.2.2\t2001:db8::1\t1699999991\n"
		"192.0.2.3\t2001:db8::3\t1699999990\n" /* the address moves */
		"192.0.2.3\t2001:db8::4\t1699999991\n"
		"192.0.2.5\t2001:db8::5\t1699999000\n" /* used again */
		"192.0.2.5\t2001:db8::5\t1699999500\n"
		"192.0.2.8\t2001:db8::8\t1699999500\n" /* used again with a clock at 1970 */
		"192.0.2.8\t2001:db8::8\t5\n"
		"192.0.2.6\t2001:db8::6\t1699999000\n" /* overridden by one that has expired */
		"192.0.2.6\t2001:db8::7\t1600000000\n# clean\n";
	struct leasedir d;
	char *after;

	dir_make(&d, 1);
	dir_put(&d, LEASEFILE_NAME, text, strlen(text));
	dir_begin(&d, NOW, WALL);
	ck_assert_uint_eq(pool_used(d.pool), 4);
	ck_assert_int_eq(must_hold(&d, "192.0.2.8", "2001:db8::8")->last, NOW - 500);
	must_hold(&d, "192.0.2.2", "2001:db8::1");
	must_hold(&d, "192.0.2.3", "2001:db8::4");
	ck_assert_int_eq(must_hold(&d, "192.0.2.5", "2001:db8::5")->last, NOW - 500);
	ck_assert_uint_eq(d.said, 1);
	ck_assert_str_eq(d.line[0], "dynamic.map: 1 leases ended: they were idle for longer than "
				    "their dynamic-pool keeps them");
	ck_assert_uint_eq(d.expired, 1);
	ck_assert_uint_eq(d.last.addr, ip4("192.0.2.6"));
	ck_assert(d.last.host.b[15] == 7);
	dir_calm(&d, NOW, WALL);
	after = dir_get(&d, LEASEFILE_NAME);
	ck_assert_ptr_null(strstr(after, "192.0.2.6"));
	ck_assert_ptr_null(strstr(after, "2001:db8::3\t"));
	free(after);
	dir_remove(&d);
}
END_TEST

/* The last line of an address counts even if the configuration does not allow its lease, or if its
 * lease has expired: that of an earlier line ended when the address got another one. */
START_TEST(left_out_lease_overrides)
{
	static const char text[] = "192.0.2.9\t2001:db8::9\t1699999300\n"
				   "192.0.2.9\t2001:db8::8\t1699999400\t2001:db8:99::/96\n"
				   "192.0.2.7\t2001:db8::7\t1600000000\n"
				   "192.0.2.7\t2001:db8::6\t1699999400\t2001:db8:99::/96\n"
				   "192.0.2.5\t2001:db8::5\t1699999400\t2001:db8:99::/96\n"
				   "192.0.2.5\t2001:db8::4\t1600000000\n";
	struct leasedir d;

	dir_make(&d, 1);
	dir_put(&d, LEASEFILE_NAME, text, sizeof(text) - 1);
	dir_open(&d);
	dir_load(&d, NOW, WALL);
	ck_assert_uint_eq(pool_used(d.pool), 0);
	ck_assert_uint_eq(d.expired, 3);
	ck_assert_uint_eq(d.last.addr, ip4("192.0.2.9"));
	ck_assert(d.last.host.b[15] == 8);
	ck_assert(d.f->wanted);
	dir_remove(&d);
}
END_TEST

/* Leases that the configuration does not allow have ended.  Each address is reported once, with its
 * last line, unless it is leased or has ended before. */
START_TEST(left_out_leases_are_told)
{
	static const char text[] = "# since 1699990000\n"
				   "198.51.100.1\t2001:db8::1\t1699999000\n"
				   "198.51.100.1\t2001:db8::2\t1699999100\n"
				   "198.51.100.1\t2001:db8::2\t1699999200\n"
				   "192.0.2.9\t2001:db8::9\t1699999300\t2001:db8:99::/96\n"
				   "192.0.2.9\t2001:db8::8\t1699999400\n"
				   "198.51.100.3\t2001:db8::3\t1699999400\n"
				   "# ended 198.51.100.3\n";
	struct leasedir d;

	dir_make(&d, 1);
	dir_put(&d, LEASEFILE_NAME, text, sizeof(text) - 1);
	dir_open(&d);
	dir_load(&d, NOW, WALL);
	ck_assert_uint_eq(d.expired, 1);
	ck_assert_uint_eq(d.last.addr, ip4("198.51.100.1"));
	ck_assert(ip6_equal(&d.last.host, &(struct ip6){.b = {0x20, 1, 0xd, 0xb8, [15] = 2}}));
	ck_assert_int_eq(d.last.last, NOW - 800);
	dir_remove(&d);
}
END_TEST

/* How long a lease has been idle after a start, by its time and by how the last run ended. */
static const struct {
	const char *name;
	int64_t stamp; /* before WALL */
	bool clean;
	int32_t idle, unsaved; /* -1: it has ended */
} times[] = {
	{"clean, exact", 1000, true, 1000, 1000},
	{"clean, in the future", -1000, true, 0, 0},
	{"clean, at the end", POOL_KEEP, true, POOL_KEEP, POOL_KEEP},
	{"clean, too old", POOL_KEEP + 1, true, -1, 0},
	{"unclean, may have been used since", 1000, false, 400, 1000},
	{"unclean, not beyond now", 300, false, 0, 300},
	{"unclean, in the future", -5, false, 0, 0},
	{"unclean, at the end", POOL_KEEP + POOL_RESTAMP, false, POOL_KEEP,
	 POOL_KEEP + POOL_RESTAMP},
	{"unclean, too old", POOL_KEEP + POOL_RESTAMP + 1, false, -1, 0},
	{"unclean, ages ago", WALL - 1, false, -1, 0},
};

START_TEST(times_come_back)
{
	struct leasedir d;
	char text[128];
	struct lease *l;

	dir_make(&d, 1);
	snprintf(text, sizeof(text), "192.0.2.1\t2001:db8::1\t%lld\n%s",
		 (long long)(WALL - times[_i].stamp), times[_i].clean ? "# clean\n" : "");
	dir_put(&d, LEASEFILE_NAME, text, strlen(text));
	dir_open(&d);
	dir_load(&d, 100, WALL);
	l = pool_find4(d.pool, ip4("192.0.2.1"));
	ck_assert_msg((l == NULL) == (times[_i].idle < 0), "%s", times[_i].name);
	ck_assert_uint_eq(d.said, l ? 0 : 1);
	if (l) {
		ck_assert_msg(100 - l->last == times[_i].idle, "%s: %d", times[_i].name, l->last);
		ck_assert_msg(100 - l->saved == times[_i].unsaved, "%s", times[_i].name);
		ck_assert(l->on_record);
	}
	dir_remove(&d);
}
END_TEST

/* The times of a range that stands by are those that its owner compares, however old they are. */
START_TEST(standby_times_stay)
{
	static const char text[] = "10.9.0.1\t2001:db8::1\t1600000000\n"
				   "10.9.0.2\t2001:db8::2\t1699999900\n";
	struct pool_conf conf = pool_plain((struct prefix4){ip4("10.9.0.0"), 24});
	struct leasedir d;

	conf.standby = true;
	dir_make(&d, 1);
	pool_free(d.pool);
	d.pool = pool_new(&conf, 1, &(struct siphash_key){1, 2});
	dir_put(&d, LEASEFILE_NAME, text, sizeof(text) - 1);
	dir_open(&d);
	dir_load(&d, NOW, WALL);
	ck_assert_uint_eq(pool_used(d.pool), 2);
	ck_assert_int_eq(pool_find4(d.pool, ip4("10.9.0.1"))->last, NOW - (WALL - 1600000000));
	ck_assert_int_eq(pool_find4(d.pool, ip4("10.9.0.2"))->last, NOW - (WALL - 1699999900));
	dir_remove(&d);
}
END_TEST

/* The beginning of a lease, by what the file contains about its address.  Tayga writes no comments.
 */
static const struct {
	const char *name, *text;
	int32_t since; /* before now; -1: unknown */
} sinces[] = {
	{"not said", "192.0.2.1\t2001:db8::1\t1699999999\n", -1},
	{"in the file", "# since 1699999000\n192.0.2.1\t2001:db8::1\t1699999999\n", 1000},
	{"before this machine was started",
	 "# since 1690000000\n192.0.2.1\t2001:db8::1\t1699999999\n", 10000000},
	{"the earliest possible", "# since 1\n192.0.2.1\t2001:db8::1\t1699999999\n", 1699999999},
	{"later than its last use",
	 "# since 1699999950\n192.0.2.1\t2001:db8::1\t1699999900\n# clean\n", 100},
	{"in the future", "# since 1800000000\n192.0.2.1\t2001:db8::1\t1699999900\n# clean\n", 100},
	{"another comment in between",
	 "# since 1699999000\n# mine\n\n192.0.2.1\t2001:db8::1\t1699999999\n", 1000},
	{"with the prefix",
	 "# since 1699999000\n192.0.2.1\t2001:db8::1\t1699999999\t2001:db8:64::/96\n", 1000},
	{"not for the line after the next",
	 "# since 1699999000\n192.0.2.2\t2001:db8::2\t1699999999\n"
	 "192.0.2.1\t2001:db8::1\t1699999999\n",
	 -1},
	{"half a number, followed by text",
	 "# since 16\t# cut short\n192.0.2.1\t2001:db8::1\t1699999999\n", -1},
	{"no number", "# since \n192.0.2.1\t2001:db8::1\t1699999999\n", -1},
	{"zero", "# since 0\n192.0.2.1\t2001:db8::1\t1699999999\n", -1},
	{"beyond 64 bits", "# since 99999999999999999999\n192.0.2.1\t2001:db8::1\t1699999999\n",
	 -1},
	{"negative", "# since -5\n192.0.2.1\t2001:db8::1\t1699999999\n", -1},
	{"the last one counts",
	 "# since 1699990000\n192.0.2.1\t2001:db8::1\t1699999000\n"
	 "# since 1699999998\n192.0.2.1\t2001:db8::1\t1699999999\n",
	 2},
	{"an earlier one of the same lease",
	 "# since 1699990000\n192.0.2.1\t2001:db8::1\t1699999000\n"
	 "192.0.2.1\t2001:db8::1\t1699999999\n",
	 10000},
	{"an earlier one, before a line that is cut",
	 "# since 1699990000\n192.0.2.1\t2001:db8::1\t1699999000\n192.0.2.1\t2001:db8::1\t16",
	 10000},
	{"of a line that is cut", "# since 1699990000\n192.0.2.1\t2001:db8::1\t16", 10000},
	{"cut itself", "192.0.2.1\t2001:db8::1\t1699999000\n# since 169", -1},
	{"an earlier one of another host",
	 "# since 1699990000\n192.0.2.1\t2001:db8::2\t1699999000\n"
	 "192.0.2.1\t2001:db8::1\t1699999999\n",
	 -1},
	{"an earlier one of another address",
	 "# since 1699990000\n192.0.2.2\t2001:db8::1\t1699999000\n"
	 "192.0.2.1\t2001:db8::1\t1699999999\n",
	 -1},
};

static void must_hold_since(struct leasedir *d, int row)
{
	const struct lease *l = must_hold(d, "192.0.2.1", "2001:db8::1");
	int32_t want = sinces[row].since < 0 ? POOL_UNKNOWN : NOW - sinces[row].since;

	ck_assert_msg(l->since == want, "%s: %d", sinces[row].name, l->since);
}

/* It stays the same when another lease is recorded before a crash, and after a clean stop. */
START_TEST(since_comes_back)
{
	struct leasedir d;

	dir_make(&d, 1);
	dir_put(&d, LEASEFILE_NAME, sinces[_i].text, strlen(sinces[_i].text));
	dir_begin(&d, NOW, WALL);
	ck_assert_msg(d.said == 0, "%s: %s", sinces[_i].name, d.line[0]);
	must_hold_since(&d, _i);
	dir_record(&d, dir_lease(&d, "2001:db8::99", NOW), NOW);
	dir_crash(&d);
	dir_again(&d, NOW, WALL);
	must_hold_since(&d, _i);
	dir_end(&d, NOW, WALL);
	dir_again(&d, NOW, WALL);
	must_hold_since(&d, _i);
	dir_remove(&d);
}
END_TEST

/* What the file contains about 192.0.2.1, and whether that lease is confirmed.  Without the
 * comment, the lease is confirmed.  Other programs do not write the comment, and their hosts must
 * not be at a disadvantage. */
static const struct {
	const char *name, *text;
	bool confirmed;
} confirmations[] = {
	{"of an earlier version", MINE "# since 1699999000\n" FIRST "# clean\n", true},
	{"of Tayga", TAYGA_HEADER FIRST, true},
	{"in the file", "# unconfirmed\n" FIRST, false},
	{"in the file, after a clean stop", "# unconfirmed\n" FIRST "# clean\n", false},
	{"after the beginning", "# since 1699999000\n# unconfirmed\n" FIRST, false},
	{"with the prefix", "# unconfirmed\n192.0.2.1\t2001:db8::1\t1699999999\t2001:db8:64::/96\n",
	 false},
	{"not of the next line", "# unconfirmed\n" HOLD FIRST, true},
	{"before an ordinary comment", "# unconfirmed\n# mine\n" FIRST, true},
	{"before an empty line", "# unconfirmed\n\n" FIRST, true},
	{"before the name of the prefix", "# unconfirmed\n" MINE FIRST, true},
	{"before an end", "# unconfirmed\n# ended 192.0.2.7\n" FIRST, true},
	{"half a word", "# unconf\n" FIRST, true},
	{"cut short", "# unconfirmed\t# cut short\n" FIRST, true},
	{"more than a word", "# unconfirmed leases\n" FIRST, true},
	{"a blank after it", "# unconfirmed \n" FIRST, true},
	{"a byte is damaged", "# unconfirned\n" FIRST, true},
	{"confirmed later", "# unconfirmed\n" FIRST FIRST, true},
	{"an earlier lease was confirmed", FIRST "# unconfirmed\n" FIRST, false},
	{"another host had it, unconfirmed",
	 "# unconfirmed\n192.0.2.1\t2001:db8::2\t1699999000\n" FIRST, true},
	{"another host had it, confirmed",
	 "192.0.2.1\t2001:db8::2\t1699999000\n# unconfirmed\n" FIRST, false},
	{"had another address, unconfirmed",
	 "# unconfirmed\n192.0.2.2\t2001:db8::1\t1699999000\n" FIRST, true},
	{"had ended", FIRST "# ended 192.0.2.1\n# unconfirmed\n" FIRST, false},
	{"had ended, unconfirmed", "# unconfirmed\n" FIRST "# ended 192.0.2.1\n" FIRST, true},
	{"a line that is cut", "# unconfirmed\n192.0.2.1\t2001:db8::1\t16", false},
	{"cut when it was confirmed", "# unconfirmed\n" FIRST "192.0.2.1\t2001:db8::1\t16", true},
	{"nothing after it", FIRST "# unconfirmed\n", true},
	{"nothing after it, and no newline", FIRST "# unconfirmed", true},
	{"nothing after it, and it is cut", FIRST "# unconfi", true},
};

/* Checks that 192.0.2.9 and the lease at AT, which was appended to the original file, are
 * confirmed. */
static void must_be_confirmed(struct leasedir *d, int row, uint32_t at, const char *when)
{
	const struct lease *l = must_hold(d, "192.0.2.1", "2001:db8::1");

	ck_assert_msg(l->confirmed == confirmations[row].confirmed, "%s %s",
		      confirmations[row].name, when);
	ck_assert_msg(!pool_outdated(l, l->saved), "%s %s", confirmations[row].name, when);
	ck_assert_msg(!at || pool_find4(d->pool, at)->confirmed, "%s %s: what follows",
		      confirmations[row].name, when);
}

START_TEST(confirmed_comes_back)
{
	struct leasedir d;
	struct lease *next;
	uint32_t at;

	dir_make(&d, 1);
	dir_put(&d, LEASEFILE_NAME, confirmations[_i].text, strlen(confirmations[_i].text));
	dir_begin(&d, NOW, WALL);
	ck_assert_msg(d.said == 0, "%s: %s", confirmations[_i].name, d.line[0]);
	must_be_confirmed(&d, _i, 0, "at first");
	next = dir_lease(&d, "2001:db8::99", NOW);
	next->since = POOL_UNKNOWN;
	at = next->addr;
	confirm(&d, next, NOW);
	dir_record(&d, next, NOW);
	dir_crash(&d);
	dir_again(&d, NOW, WALL);
	must_be_confirmed(&d, _i, at, "after a crash");
	d.f->wanted = true;
	d.f->rewrite_at = NOW;
	dir_calm(&d, NOW, WALL);
	dir_crash(&d);
	dir_again(&d, NOW, WALL);
	must_be_confirmed(&d, _i, at, "after a rewrite");
	dir_end(&d, NOW, WALL);
	dir_again(&d, NOW, WALL);
	must_be_confirmed(&d, _i, at, "after a stop");
	dir_remove(&d);
}
END_TEST

/* The pool counts confirmed leases as before. */
START_TEST(confirmed_counts_again)
{
	static const char text[] = "192.0.2.1\t2001:db8::1\t1699999900\n"
				   "# unconfirmed\n192.0.2.2\t2001:db8::2\t1699999800\n"
				   "192.0.2.3\t2001:db8::3\t1699999700\n# clean\n";
	struct pool_network net;
	struct pool_range range;
	struct leasedir d;
	size_t cursor = 0;

	dir_make(&d, 1);
	dir_put(&d, LEASEFILE_NAME, text, strlen(text));
	dir_begin(&d, NOW, WALL);
	pool_range(d.pool, 0, &range);
	ck_assert(range.used == 3 && range.confirmed == 2);
	while (pool_network(d.pool, &cursor, &net))
		ck_assert(net.used == 3 && net.confirmed == 2);
	ck_assert_uint_eq(cursor, 2);
	dir_remove(&d);
}
END_TEST

/* The record of a lease that was confirmed in the meantime is the last one, even if a rewrite began
 * before. */
START_TEST(confirmed_during_a_rewrite)
{
	struct leasedir d;
	struct lease *l;

	dir_make(&d, 1);
	dir_begin(&d, NOW, WALL);
	l = dir_lease(&d, "2001:db8::1", NOW);
	dir_record(&d, l, NOW);
	d.f->wanted = true;
	while (d.f->rewrite != REWRITE_FILLED && d.f->rewrite != REWRITE_PUBLISHING) {
		if (d.f->keeper.task != LEASESYNC_IDLE)
			leasesync_wait(&d.f->keeper);
		leasefile_maintain(d.f, d.pool, d.maps, NOW, WALL);
	}
	confirm(&d, l, NOW);
	ck_assert(pool_outdated(l, NOW));
	dir_record(&d, l, NOW);
	ck_assert(!pool_outdated(l, NOW));
	dir_calm(&d, NOW, WALL);
	dir_crash(&d);
	dir_again(&d, NOW, WALL);
	ck_assert_uint_eq(pool_used(d.pool), 1);
	ck_assert(pool_next(d.pool, NULL)->confirmed);
	dir_remove(&d);
}
END_TEST

/* The longest possible record fits, also in a rewrite. */
START_TEST(longest_record)
{
	struct leasetext t = {
		.addr = UINT32_MAX,
		.when = INT64_MAX,
		.since = INT64_MAX,
		.unconfirmed = true,
		.has_prefix = true,
		.prefix.len = 128,
	};
	char out[LEASETEXT_RECORD];

	memset(&t.host, 0xff, sizeof(t.host));
	memset(&t.prefix.addr, 0xff, sizeof(t.prefix.addr));
	ck_assert_uint_le(leasetext_format(out, &t), sizeof(out));
}
END_TEST

/* A lease that was ended on request stays ended, even if the machine crashes. */
START_TEST(ended_stays_ended)
{
	static const char text[] = "192.0.2.1\t2001:db8::1\t1699999999\n# ended 192.0.2.1\n"
				   "192.0.2.2\t2001:db8::2\t1699999999\n# ended 192.0.2.3\n"
				   "# ended 192.0.2\n# ended 192.0.2.2 x\n"
				   "192.0.2.4\t2001:db8::4\t1699999999\n# ended 192.0.2.4\n"
				   "192.0.2.4\t2001:db8::5\t1699999999\n# ended 192.0.2.4";
	struct leasedir d;
	uint32_t addr;

	dir_make(&d, 1);
	dir_put(&d, LEASEFILE_NAME, text, strlen(text));
	dir_begin(&d, NOW, WALL);
	ck_assert_uint_eq(d.said, 0);
	ck_assert_uint_eq(pool_used(d.pool), 2);
	must_hold(&d, "192.0.2.2", "2001:db8::2");
	must_hold(&d, "192.0.2.4", "2001:db8::5"); /* an incomplete line ends no lease */
	dir_record(&d, dir_lease(&d, "2001:db8::9", NOW), NOW);
	addr = dir_lease(&d, "2001:db8::9", NOW)->addr;
	leasefile_append_end(d.f, dir_lease(&d, "2001:db8::9", NOW), NOW);
	ck_assert_int_eq(leasefile_commit(d.f), 0);
	dir_crash(&d);
	dir_again(&d, NOW, WALL);
	ck_assert_ptr_null(pool_find4(d.pool, addr));
	ck_assert_uint_eq(pool_used(d.pool), 2);
	dir_remove(&d);
}
END_TEST

/* An end that names another host is damaged: it ends nothing, and is reported. */
static const struct {
	const char *line;
	bool ends, reported;
} ends[] = {
	{"# ended 192.0.2.1 2001:db8::1", true, false},
	{"# ended 192.0.2.1", true, false},
	{"# ended 192.0.2.1 2001:db8::2", false, true},
	{"# ended 192.0.2.1 2001:db8::3", false, true},
	{"# ended 192.0.2.1 2001:db8::1 x", false, false},
	{"# ended 192.0.2.1 2001:db8:::1", false, false},
	{"# ended 192.0.2.3 2001:db8::1", false, false}, /* it may have ended before a rewrite */
};

START_TEST(end_of_another)
{
	struct leasedir d;
	char text[256];

	dir_make(&d, 1);
	snprintf(text, sizeof(text),
		 "192.0.2.1\t2001:db8::1\t1699999999\n192.0.2.2\t2001:db8::2\t1699999999\n%s\n",
		 ends[_i].line);
	dir_put(&d, LEASEFILE_NAME, text, strlen(text));
	dir_open(&d);
	dir_load(&d, NOW, WALL);
	must_hold(&d, "192.0.2.2", "2001:db8::2");
	ck_assert_msg(!pool_find4(d.pool, ip4("192.0.2.1")) == ends[_i].ends, "%s", ends[_i].line);
	ck_assert_msg(d.said == (ends[_i].reported ? 2 : 0), "%s: %s", ends[_i].line, d.line[0]);
	if (ends[_i].reported)
		ck_assert_ptr_nonnull(
			strstr(d.line[0], "dynamic.map:3: ends the lease 192.0.2.1 "));
	dir_remove(&d);
}
END_TEST

/* A lease that has become a map may still be in the file. */
START_TEST(what_is_a_map_is_no_lease)
{
	static const char text[] = "192.0.2.1\t2001:db8::1\t1699999999\n"
				   "192.0.2.2\t2001:db8::2\t1699999999\n"
				   "192.0.2.3\t2001:db8::4\t1699999999\n";
	const struct map maps[] = {{{ip4("192.0.2.1"), 32}, {ip6("2001:db8::1"), 128}},
				   {{ip4("192.0.2.3"), 32}, {ip6("2001:db8::3"), 128}}};
	struct leasedir d;
	size_t other;

	dir_make(&d, 1);
	for (size_t i = 0; i < ROWS(maps); i++) {
		ck_assert_int_eq(map_add(d.maps, &maps[i], &other), MAP_ADDED);
		pool_reserve(d.pool, &maps[i].p4);
	}
	ck_assert_int_eq(map_seal(d.maps), 0);
	dir_put(&d, LEASEFILE_NAME, text, strlen(text));
	dir_begin(&d, NOW, WALL);
	ck_assert_uint_eq(d.said, 2); /* about the address that is mapped to another host */
	ck_assert_str_eq(d.line[0], "dynamic.map:3: 192.0.2.3 is reserved (ipv4-addr, a map, or "
				    "the network address)");
	ck_assert_uint_eq(pool_used(d.pool), 1);
	dir_remove(&d);
}
END_TEST

/* Leases that the configuration no longer allows are named and reported as ended. */
START_TEST(who_is_not_allowed_loses_it)
{
	static const char text[] = "192.0.2.1\t2001:db8:1::1\t1699999999\n"
				   "192.0.2.2\t2001:db8:2::2\t1699999999\n";
	const struct ip6 net = ip6("2001:db8:1::");
	struct lpm *allow = lpm_new(128);
	struct leasedir d;

	ck_assert_ptr_nonnull(allow);
	ck_assert_uint_eq(lpm_add(allow, net.b, 48, 0), LPM_NONE);
	ck_assert_int_eq(lpm_seal(allow), 0);
	dir_make(&d, 1);
	pool_set_allow(d.pool, allow);
	dir_put(&d, LEASEFILE_NAME, text, strlen(text));
	dir_begin(&d, NOW, WALL);
	must_hold(&d, "192.0.2.1", "2001:db8:1::1");
	ck_assert_uint_eq(pool_used(d.pool), 1);
	ck_assert_str_eq(d.line[0], "dynamic.map:2: lease 192.0.2.2 of 2001:db8:2::2 removed: no "
				    "allow contains its host");
	ck_assert_uint_eq(d.expired, 1);
	ck_assert_uint_eq(d.last.addr, ip4("192.0.2.2"));
	ck_assert(dir_has(&d, LEASEFILE_NAME ".bad-1"));
	dir_remove(&d);
	lpm_free(allow);
}
END_TEST

/* A start that was killed before the rewrite has marked an incomplete line.  That is not reported
 * again. */
START_TEST(closed_off_line_is_passed_over)
{
	static const char text[] = "192.0.2.1\t2001:db8:1::1\t1699999\t# cut short\n"
				   "192.0.2.2\t2001:db8:1::2\t1699999999\n";
	struct leasedir d;

	dir_make(&d, 1);
	dir_put(&d, LEASEFILE_NAME, text, strlen(text));
	dir_begin(&d, NOW, WALL);
	must_hold(&d, "192.0.2.2", "2001:db8:1::2");
	ck_assert_uint_eq(pool_used(d.pool), 1);
	ck_assert_uint_eq(d.said, 0);
	dir_remove(&d);
}
END_TEST

/* A network has more leases than its share, which was larger when they were assigned. */
START_TEST(who_is_beyond_the_share_loses_it)
{
	static const char text[] = "192.0.2.1\t2001:db8:1::1\t1699998000\n"
				   "192.0.2.2\t2001:db8:1::2\t1699997000\n"
				   "192.0.2.3\t2001:db8:1::3\t1699999999\n"
				   "192.0.2.4\t2001:db8:2::4\t1699999970";
	const struct siphash_key key = {1, 2};
	struct pool_conf conf = pool_plain((struct prefix4){ip4("192.0.2.0"), 24});
	struct leasedir d;

	conf.share_len = 64;
	conf.share = 2;
	dir_make(&d, 1);
	pool_free(d.pool);
	d.pool = pool_new(&conf, 1, &key);
	ck_assert_ptr_nonnull(d.pool);
	dir_put(&d, LEASEFILE_NAME, text, strlen(text));
	dir_begin(&d, NOW, WALL);
	must_hold(&d, "192.0.2.1", "2001:db8:1::1");
	must_hold(&d, "192.0.2.3", "2001:db8:1::3");
	must_hold(&d, "192.0.2.4", "2001:db8:2::4");
	ck_assert_uint_eq(pool_used(d.pool), 3);
	ck_assert_uint_eq(d.expired, 1);
	ck_assert_uint_eq(d.last.addr, ip4("192.0.2.2"));
	ck_assert_ptr_nonnull(strstr(d.line[0], "lease 192.0.2.2 of 2001:db8:1::2 removed: its "
						"network holds more leases than its share"));
	dir_remove(&d);
}
END_TEST

/* A lease that is not on record is not written by a rewrite or a stop either, since its beginning
 * was not reported. */
START_TEST(what_is_put_off_is_not_written)
{
	struct leasedir d;
	struct lease *l;

	dir_make(&d, 1);
	dir_begin(&d, NOW, WALL);
	dir_record(&d, dir_lease(&d, "2001:db8:1::1", NOW), NOW);
	l = dir_lease(&d, "2001:db8:1::2", NOW);
	ck_assert(!l->on_record);
	dir_end(&d, NOW + 1, WALL + 1);
	dir_new_pool(&d, "192.0.2.0", 24);
	dir_begin(&d, NOW + 2, WALL + 2);
	ck_assert_uint_eq(pool_used(d.pool), 1);
	dir_remove(&d);
}
END_TEST

static char *heap(const char *text)
{
	char *copy = strdup(text);

	ck_assert_ptr_nonnull(copy);
	return copy;
}

/* The files that are replaced as a whole. */
static const struct small {
	enum lease_file which, other;
	const char *name, *temporary;
} smalls[] = {
	{LEASE_PINS, LEASE_POOLS, "pinned.map", "pinned.map.new"},
	{LEASE_POOLS, LEASE_PINS, "pools.state", "pools.state.new"},
};

static int put_small_at(struct leasedir *d, const struct small *s, const char *text, int32_t now)
{
	int err = -1;

	ck_assert(leasefile_put(d->f, s->which, heap(text), strlen(text)));
	ck_assert(!leasefile_put_done(d->f, s->which, &err));
	dir_calm(d, now, WALL + now - NOW);
	ck_assert(!leasefile_put_done(d->f, s->other, &err));
	ck_assert(leasefile_put_done(d->f, s->which, &err));
	ck_assert(!leasefile_put_done(d->f, s->which, &(int){0}));
	return err;
}

static int put_small(struct leasedir *d, const struct small *s, const char *text)
{
	return put_small_at(d, s, text, NOW);
}

static void must_have_small(const struct leasedir *d, const struct small *s, const char *text)
{
	char *is = dir_get(d, s->name);

	ck_assert_str_eq(is, text);
	free(is);
	ck_assert(!dir_has(d, s->temporary));
}

/* A small file is replaced while leases are added and their file is rewritten. */
START_TEST(small_files_are_replaced)
{
	const struct small *s = &smalls[_i];
	struct leasedir d;
	char *text;

	dir_make(&d, 1);
	dir_put(&d, s->temporary, "x", 1); /* left by a crash */
	dir_begin(&d, NOW, WALL);
	ck_assert_int_eq(put_small(&d, s, "one\n"), 0);
	must_have_small(&d, s, "one\n");
	d.f->wanted = true;
	dir_record(&d, dir_lease(&d, "2001:db8::9", NOW), NOW);
	ck_assert_int_eq(put_small(&d, s, "two\nlines\n"), 0);
	must_have_small(&d, s, "two\nlines\n");
	ck_assert_int_eq(put_small(&d, s, ""), 0);
	must_have_small(&d, s, "");
	ck_assert(leasefile_put(d.f, s->which, heap("x"), 1));
	text = heap("y");
	ck_assert(!leasefile_put(d.f, s->which, text, 1)); /* only one at a time */
	ck_assert(!leasefile_put(d.f, s->other, text, 1));
	free(text);
	dir_end(&d, NOW, WALL);
	dir_again(&d, NOW, WALL);
	ck_assert_uint_eq(pool_used(d.pool), 1);
	dir_remove(&d);
}
END_TEST

/* The keeper dies before it creates the file; that is reported unless the next one is asked
 * instead.  Or it dies while it may be renaming the file; then the next one checks. */
START_TEST(small_files_without_keeper)
{
	const struct small *s = &smalls[_i / 2];
	struct leasedir d;
	int err = -1;

	dir_make(&d, 1);
	dir_begin(&d, NOW, WALL);
	ck_assert(leasefile_put(d.f, s->which, heap("one\n"), 4));
	while (_i % 2 == 1 && d.f->small.fd < 0) { /* until it is asked to publish */
		leasefile_maintain(d.f, d.pool, d.maps, NOW, WALL);
		leasesync_wait(&d.f->keeper);
	}
	ck_assert_int_eq(kill(d.f->keeper.pid, SIGKILL), 0);
	for (int32_t now = NOW; now < NOW + 12; now++) {
		dir_calm(&d, now, WALL + now - NOW);
		usleep(20000); /* it must have exited before the next one starts */
	}
	ck_assert(leasefile_put_done(d.f, s->which, &err));
	if (_i % 2 == 0 && err != 0)
		ck_assert_int_eq(err, ECHILD);
	else
		must_have_small(&d, s, "one\n");
	ck_assert_int_eq(put_small_at(&d, s, "two\n", NOW + 12), 0);
	must_have_small(&d, s, "two\n");
	dir_remove(&d);
}
END_TEST

/* The keeper dies when it has nothing to do.  A file that is requested before anybody has noticed
 * is a task for the next one, also if the last answer was about such a file. */
START_TEST(small_files_after_an_idle_keeper)
{
	const struct small *s = &smalls[_i];
	struct leasedir d;
	int err = -1;

	dir_make(&d, 1);
	dir_begin(&d, NOW, WALL);
	ck_assert_int_eq(put_small(&d, s, "one\n"), 0);
	ck_assert(d.f->keeper.task == LEASESYNC_IDLE && d.f->keeper.file == s->which);
	ck_assert_int_eq(kill(d.f->keeper.pid, SIGKILL), 0);
	leasesync_wait(&d.f->keeper);
	ck_assert(leasefile_put(d.f, s->which, heap("two\n"), 4));
	for (int32_t now = NOW; now < NOW + 12; now++) {
		dir_calm(&d, now, WALL + now - NOW);
		usleep(20000); /* it must have exited before the next one starts */
	}
	ck_assert(leasefile_put_done(d.f, s->which, &err));
	ck_assert_int_eq(err, 0);
	must_have_small(&d, s, "two\n");
	dir_remove(&d);
}
END_TEST

/* If there is a directory in its place, the existing file stays. */
START_TEST(small_files_fail)
{
	const struct small *s = &smalls[_i];
	struct leasedir d;
	char path[128];

	dir_make(&d, 1);
	dir_begin(&d, NOW, WALL);
	dir_name(&d, s->name, path);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(put_small(&d, s, "one\n"), EISDIR);
	ck_assert(!dir_has(&d, s->temporary));
	ck_assert_int_eq(rmdir(path), 0);
	dir_name(&d, s->temporary, path);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(put_small(&d, s, "one\n"), EISDIR);
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(put_small(&d, s, "one\n"), 0);
	must_have_small(&d, s, "one\n");
	dir_remove(&d);
}
END_TEST

/* The mark of a clean stop is canceled by the next start, even if that records nothing. */
/* A lease that has expired at the start after a clean stop does not come back after a crash,
 * although the file then counts as one with inexact times. */
START_TEST(expired_stays_ended)
{
	struct leasedir d;
	char text[128];

	dir_make(&d, 1);
	snprintf(text, sizeof(text), "192.0.2.1\t2001:db8::1\t%lld\n# clean\n",
		 (long long)WALL - POOL_KEEP - 10);
	dir_put(&d, LEASEFILE_NAME, text, strlen(text));
	dir_begin(&d, NOW, WALL);
	ck_assert_uint_eq(d.expired, 1);
	dir_crash(&d);
	dir_again(&d, NOW, WALL + 10);
	ck_assert_uint_eq(pool_used(d.pool), 0);
	ck_assert_uint_eq(d.expired, 0);
	dir_remove(&d);
}
END_TEST

START_TEST(clean_mark_is_taken_back)
{
	struct leasedir d;
	struct lease *l;
	uint32_t addr;

	dir_make(&d, 1);
	dir_begin(&d, NOW, WALL);
	l = dir_lease(&d, "2001:db8::1", NOW);
	addr = l->addr;
	dir_record(&d, l, NOW);
	pool_touch(d.pool, l, NOW + 50); /* not recorded before the clean stop */
	dir_end(&d, NOW + 60, WALL + 60);
	dir_again(&d, NOW + 400, WALL + 400);
	l = pool_find4(d.pool, addr);
	ck_assert_int_eq(l->last, NOW + 50);
	dir_crash(&d);
	dir_again(&d, NOW + 1000, WALL + 1000);
	ck_assert_int_eq(pool_find4(d.pool, addr)->last, NOW + 650);
	dir_crash(&d);
	/* a second crash adds nothing to the first */
	dir_again(&d, NOW + 2000, WALL + 2000);
	ck_assert_int_eq(pool_find4(d.pool, addr)->last, NOW + 650);
	dir_remove(&d);
}
END_TEST

/* An unused lease gets older even with repeated crashes and rewrites in between. */
START_TEST(rewrites_do_not_rejuvenate)
{
	static const char text[] = "192.0.2.1\t2001:db8::1\t1699990000\nbad\n";
	struct leasedir d;

	dir_make(&d, 1);
	for (int i = 0; i < 5; i++) {
		if (i == 0)
			dir_put(&d, LEASEFILE_NAME, text, strlen(text));
		dir_again(&d, NOW, WALL);
		ck_assert_uint_eq(d.said, i == 0 ? 2 : 0);
		ck_assert_int_eq(pool_find4(d.pool, ip4("192.0.2.1"))->last,
				 NOW - 10000 + POOL_RESTAMP);
		dir_calm(&d, NOW, WALL);
		dir_crash(&d);
	}
	dir_remove(&d);
}
END_TEST

/* The seconds of the two clocks begin at different times, so WALL may increase by one at the same
 * NOW. */
START_TEST(rewrite_keeps_the_time)
{
	static const char text[] = "192.0.2.1\t2001:db8::1\t1699990000\nbad\n";
	struct leasedir d;
	char *kept;

	dir_make(&d, 1);
	dir_put(&d, LEASEFILE_NAME, text, strlen(text));
	dir_again(&d, NOW, WALL);
	dir_calm(&d, NOW, WALL + 1);
	kept = dir_get(&d, LEASEFILE_NAME);
	ck_assert_ptr_nonnull(strstr(kept, "192.0.2.1\t2001:db8::1\t1699990000\n"));
	free(kept);
	dir_remove(&d);
}
END_TEST

START_TEST(several_prefixes)
{
	struct leasedir d;
	struct ip6 host = ip6("2001:db8::1");
	struct lease *l[2];
	uint32_t addr[2];
	char *text;

	dir_make(&d, 2);
	dir_begin(&d, NOW, WALL);
	for (unsigned i = 0; i < 2; i++) {
		l[i] = pool_assign(d.pool, &host, i, NOW);
		addr[i] = l[i]->addr;
		dir_record(&d, l[i], NOW);
	}
	text = dir_get(&d, LEASEFILE_NAME);
	ck_assert_ptr_nonnull(strstr(text, "\t1700000000\t2001:db8:64::/96\n"));
	ck_assert_ptr_nonnull(strstr(text, "\t1700000000\t2001:db8:64:1::/96\n"));
	free(text);
	dir_crash(&d);
	dir_again(&d, NOW, WALL);
	for (unsigned i = 0; i < 2; i++)
		ck_assert_uint_eq(pool_find6(d.pool, &host, i)->addr, addr[i]);
	dir_end(&d, NOW, WALL);

	/* The second prefix is removed from the configuration. */
	map_table_free(d.maps);
	d.maps = prefixes_of(1);
	dir_again(&d, NOW, WALL);
	ck_assert_uint_eq(pool_used(d.pool), 1);
	ck_assert_ptr_nonnull(strstr(d.line[0], ": prefix 2001:db8:64:1::/96 is not configured"));
	dir_end(&d, NOW, WALL);

	/* It is added again while the daemon runs: each line gets its fourth column. */
	dir_again(&d, NOW, WALL);
	dir_calm(&d, NOW, WALL);
	map_table_free(d.maps);
	d.maps = prefixes_of(2);
	dir_calm(&d, NOW + 20, WALL + 20);
	text = dir_get(&d, LEASEFILE_NAME);
	ck_assert_ptr_nonnull(strstr(text, "\t2001:db8:64::/96\n"));
	free(text);
	dir_remove(&d);
}
END_TEST

/* The prefix of a line without one, by the comments before it and the configured prefixes. */

static const struct {
	const char *name, *text, *prefixes;
	int prefix;        /* index among them; -1: the line is refused */
	const char *again; /* the prefixes at a later start, */
	int later;         /* and the index of the lease's prefix then */
} whose[] = {
	{"not named: the first", HOLD, "10", 0, "01", 1},
	{"not named, one prefix", HOLD, "0", 0, "10", 1},
	{"named, one prefix", MINE HOLD, "0", 0, "10", 1},
	{"named, another one is configured first", MINE HOLD, "10", 1, "0", 0},
	{"named, another one is configured after it", MINE HOLD, "01", 0, "10", 1},
	{"named, not configured", MINE HOLD, "1", -1, NULL, 0},
	{"named twice: the last one before the line", MINE OTHER HOLD MINE, "01", 1, "1", 0},
	{"named after the line", HOLD OTHER, "01", 0, "10", 1},
	{"the line has another one",
	 MINE "192.0.2.9\t2001:db8::9\t1699999999\t2001:db8:64:1::/96\n", "01", 1, "1", 0},
	{"a comment about prefixes", "# prefix of ours\n" HOLD, "01", 0, "10", 1},
	{"a comment with more text", "# prefix 2001:db8:64:1::/96 too\n" HOLD, "01", 0, "10", 1},
	{"cut short, and marked so", "# prefix 2001:db8:64:1::/9\t# cut short\n" HOLD, "0", 0, "10",
	 1},
	{"indented", " # prefix 2001:db8:64:1::/96\n" HOLD, "01", 0, "10", 1},
};

START_TEST(lines_without_prefix)
{
	struct leasedir d;
	struct ip6 host = ip6("2001:db8::9");

	dir_make(&d, 1);
	dir_prefixes(&d, whose[_i].prefixes);
	dir_put(&d, LEASEFILE_NAME, whose[_i].text, strlen(whose[_i].text));
	dir_begin(&d, NOW, WALL);
	if (whose[_i].prefix < 0) {
		ck_assert_uint_eq(pool_used(d.pool), 0);
		ck_assert_str_eq(d.line[0],
				 "dynamic.map:2: prefix 2001:db8:64::/96 is not configured");
		dir_remove(&d);
		return;
	}
	ck_assert_msg(d.said == 0, "%s: %s", whose[_i].name, d.line[0]);
	ck_assert_msg(pool_find6(d.pool, &host, (unsigned)whose[_i].prefix) != NULL, "%s",
		      whose[_i].name);
	dir_calm(&d, NOW, WALL); /* rewritten if necessary */
	dir_crash(&d);
	dir_prefixes(&d, whose[_i].again);
	dir_again(&d, NOW, WALL);
	ck_assert_msg(d.said == 0, "%s, later: %s", whose[_i].name, d.line[0]);
	ck_assert_msg(pool_find6(d.pool, &host, (unsigned)whose[_i].later) != NULL, "%s, later",
		      whose[_i].name);
	dir_remove(&d);
}
END_TEST

/* Another prefix is inserted before the only one, after a stop or a crash. */
START_TEST(prefix_put_before)
{
	struct leasedir d;
	struct ip6 host = ip6("2001:db8::1");

	dir_make(&d, 1);
	dir_begin(&d, NOW, WALL);
	dir_record(&d, dir_lease(&d, "2001:db8::1", NOW), NOW);
	if (_i == 0)
		dir_crash(&d);
	else
		dir_end(&d, NOW, WALL);
	dir_prefixes(&d, "10");
	dir_again(&d, NOW, WALL);
	ck_assert_uint_eq(d.said, 0);
	ck_assert_ptr_nonnull(pool_find6(d.pool, &host, 1));
	ck_assert_uint_eq(pool_used(d.pool), 1);
	dir_remove(&d);
}
END_TEST

/* The line that names the prefix of the next record must not be appended to an incomplete line. */
START_TEST(prefix_behind_a_cut_line)
{
	static const char text[] = HOLD "192.0.2.10\t2001:db8::10\t16999";
	struct leasedir d;
	struct ip6 host = ip6("2001:db8::1");

	dir_make(&d, 1);
	dir_put(&d, LEASEFILE_NAME, text, strlen(text));
	dir_begin(&d, NOW, WALL);
	dir_record(&d, dir_lease(&d, "2001:db8::1", NOW), NOW);
	dir_crash(&d);
	dir_prefixes(&d, "10");
	dir_again(&d, NOW, WALL);
	ck_assert_ptr_nonnull(pool_find6(d.pool, &host, 1));
	dir_remove(&d);
}
END_TEST

/* A crash immediately after a reload, before any rewrite: old records keep their prefix, and new
 * ones have the new prefix. */
START_TEST(reload_of_the_only_prefix)
{
	struct leasedir d;
	struct ip6 before = ip6("2001:db8::1"), after = ip6("2001:db8::2");

	dir_make(&d, 1);
	dir_begin(&d, NOW, WALL);
	dir_calm(&d, NOW, WALL);
	dir_record(&d, dir_lease(&d, "2001:db8::1", NOW), NOW);
	dir_prefixes(&d, "1");
	leasefile_maintain(d.f, d.pool, d.maps, NOW, WALL);
	dir_record(&d, dir_lease(&d, "2001:db8::2", NOW), NOW);
	dir_crash(&d);
	dir_prefixes(&d, "01");
	dir_again(&d, NOW, WALL);
	ck_assert_uint_eq(d.said, 0);
	ck_assert_ptr_nonnull(pool_find6(d.pool, &before, 0));
	ck_assert_ptr_nonnull(pool_find6(d.pool, &after, 1));
	dir_remove(&d);
}
END_TEST

/* If only addresses of maps are reachable, leases have no prefix.  They do not belong to the former
 * prefix, but to the next one that is configured. */
START_TEST(records_without_any_prefix)
{
	struct leasedir d;
	struct ip6 host = ip6("2001:db8::1");

	dir_make(&d, 1);
	if (_i == 0)
		dir_put(&d, LEASEFILE_NAME, MINE, strlen(MINE));
	else
		dir_begin(&d, NOW, WALL);
	if (_i == 1)
		dir_record(&d, dir_lease(&d, "2001:db8::2", NOW), NOW);
	dir_prefixes(&d, "");
	if (_i == 0)
		dir_begin(&d, NOW, WALL);
	else
		leasefile_maintain(d.f, d.pool, d.maps, NOW, WALL);
	dir_record(&d, dir_lease(&d, "2001:db8::1", NOW), NOW);
	dir_crash(&d);
	dir_again(&d, NOW, WALL);
	ck_assert_ptr_nonnull(pool_find6(d.pool, &host, 0));
	ck_assert_uint_eq(pool_used(d.pool), 1);
	dir_end(&d, NOW, WALL);
	dir_prefixes(&d, "1");
	dir_again(&d, NOW, WALL);
	ck_assert_uint_eq(d.said, 0);
	ck_assert_ptr_nonnull(pool_find6(d.pool, &host, 0));
	dir_remove(&d);
}
END_TEST

/* As in a reload, the leases move to a pool in which they are closer together. */
static struct pool *move_pool(const struct pool *from)
{
	struct pool *to = pool_of("192.0.0.0", 20);
	const struct lease *l;
	size_t cursor = 0;

	while ((l = pool_walk(from, &cursor)))
		ck_assert_ptr_nonnull(pool_restore(to, &l->host, l->prefix, l->addr, l->last));
	return to;
}

START_TEST(reload_during_a_rewrite)
{
	const int32_t old = NOW - POOL_KEEP - 1;
	struct leasedir d;
	struct pool *moved;

	dir_make(&d, 1);
	dir_new_pool(&d, "192.0.0.0", 20);
	dir_begin(&d, NOW, WALL);
	for (uint32_t i = 0; i < 4000; i++) {
		struct ip6 host = host_no(i);

		leasefile_append(d.f, pool_assign(d.pool, &host, 0, i < 1500 ? old : NOW), NOW);
	}
	ck_assert_uint_eq(pool_expire(d.pool, NOW, UINT32_MAX), 1500);
	d.f->wanted = true;
	while (d.f->cursor == 0)
		leasefile_maintain(d.f, d.pool, d.maps, NOW, WALL);
	moved = move_pool(d.pool);
	pool_free(d.pool);
	d.pool = moved;
	dir_calm(&d, NOW, WALL);
	dir_crash(&d);

	dir_new_pool(&d, "192.0.0.0", 20);
	dir_begin(&d, NOW, WALL);
	for (uint32_t i = 1500; i < 4000; i++) {
		struct ip6 host = host_no(i);

		ck_assert_msg(pool_find6(d.pool, &host, 0) != NULL, "host %u", i);
	}
	dir_remove(&d);
}
END_TEST

/* While the file cannot be written, records wait.  The new file has them in their order, too: a
 * lease that has begun later is not before the end of the earlier one of its address. */
START_TEST(records_wait_during_a_rewrite)
{
	struct lease *l, was;
	struct leasedir d;
	int full;

	dir_make(&d, 1);
	dir_new_pool(&d, "192.0.0.0", 20);
	dir_begin(&d, NOW, WALL);
	for (uint32_t i = 0; i < 4000; i++) {
		struct ip6 host = host_no(i);

		l = pool_assign(d.pool, &host, 0, NOW);
		dir_record(&d, l, NOW);
	}
	d.f->wanted = true;
	while (d.f->cursor == 0)
		leasefile_maintain(d.f, d.pool, d.maps, NOW, WALL);
	full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(dup3(full, d.f->file.fd, O_CLOEXEC), d.f->file.fd);
	close(full);
	leasefile_append(d.f, l, NOW);
	ck_assert_int_eq(leasefile_commit(d.f), -1);
	was = *l;
	leasefile_append_end(d.f, l, NOW);
	pool_end(d.pool, l);
	l = pool_restore(d.pool, &(struct ip6){{0x20, 1}}, 0, was.addr, NOW);
	ck_assert_ptr_nonnull(l);
	leasefile_append(d.f, l, NOW);
	leasefile_commit(d.f);
	dir_calm(&d, NOW, WALL);
	ck_assert_int_eq(leasefile_trouble(d.f), 0);
	dir_crash(&d);
	dir_new_pool(&d, "192.0.0.0", 20);
	dir_begin(&d, NOW, WALL);
	ck_assert_msg(d.said == 0, "%s", d.line[0]);
	l = pool_find4(d.pool, was.addr);
	ck_assert(l && l->host.b[0] == 0x20 && l->host.b[2] == 0);
	ck_assert_uint_eq(pool_used(d.pool), 4000);
	dir_remove(&d);
}
END_TEST

/* After a reload, the file no longer contains leases that it has ended. */
START_TEST(reload_ends_a_lease)
{
	static const char rows[] = MINE HOLD "192.0.2.10\t2001:db8::10\t1699999999\n";
	struct leasedir d;
	struct pool *moved;
	char *text;

	dir_make(&d, 1);
	dir_put(&d, LEASEFILE_NAME, rows, strlen(rows));
	dir_begin(&d, NOW, WALL);
	dir_calm(&d, NOW, WALL);
	pool_reserve(d.pool, &(struct prefix4){ip4("192.0.2.9"), 32});
	moved = move_pool(d.pool);
	pool_free(d.pool);
	d.pool = moved;
	dir_calm(&d, NOW + 20, WALL + 20);
	text = dir_get(&d, LEASEFILE_NAME);
	ck_assert_ptr_nonnull(strstr(text, "192.0.2.10\t"));
	ck_assert_ptr_null(strstr(text, "192.0.2.9\t"));
	free(text);
	dir_remove(&d);
}
END_TEST

/* The part that a rewrite has already written is under a header that is no longer valid. */
START_TEST(another_prefix_during_a_rewrite)
{
	struct leasedir d;

	dir_make(&d, 1);
	dir_new_pool(&d, "192.0.0.0", 20);
	dir_begin(&d, NOW, WALL);
	for (uint32_t i = 0; i < 4000; i++) {
		struct ip6 host = host_no(i);

		leasefile_append(d.f, pool_assign(d.pool, &host, 0, NOW), NOW);
	}
	d.f->wanted = true;
	while (d.f->cursor == 0)
		leasefile_maintain(d.f, d.pool, d.maps, NOW, WALL);
	ck_assert_int_eq(d.f->rewrite, REWRITE_FILLING);
	dir_prefixes(&d, "1");
	/* until the new file has its name, but not until that is replaced again */
	leasefile_maintain(d.f, d.pool, d.maps, NOW, WALL);
	while (d.f->rewrite != REWRITE_NONE) {
		if (d.f->keeper.task != LEASESYNC_IDLE)
			leasesync_wait(&d.f->keeper);
		leasefile_maintain(d.f, d.pool, d.maps, NOW, WALL);
	}
	dir_crash(&d);

	dir_prefixes(&d, "01");
	dir_new_pool(&d, "192.0.0.0", 20);
	dir_begin(&d, NOW, WALL);
	ck_assert_uint_eq(d.f->file.lines, 4000); /* each lease once */
	for (uint32_t i = 0; i < 4000; i++) {
		struct ip6 host = host_no(i);

		ck_assert_msg(pool_find6(d.pool, &host, 1) != NULL, "host %u", i);
	}
	dir_remove(&d);
}
END_TEST

static bool has_links = true;

/* Replaces that of the C library, since not all file systems have hard links. */
int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
	if (has_links)
		return (int)syscall(SYS_linkat, from_dir, from, to_dir, to, flags);
	errno = faccessat(to_dir, to, F_OK, 0) == 0 ? EEXIST : EPERM;
	return -1;
}

START_TEST(bad_files_are_bounded)
{
	struct leasedir d;
	char text[64], *kept;

	has_links = _i == 0;
	dir_make(&d, 1);
	for (int i = 1; i <= 12; i++) {
		snprintf(text, sizeof(text), "bad %d\n", i);
		dir_put(&d, LEASEFILE_NAME, text, strlen(text));
		dir_again(&d, NOW, WALL);
		dir_calm(&d, NOW, WALL);
		dir_crash(&d);
	}
	kept = dir_get(&d, "dynamic.map.bad-1");
	ck_assert_str_eq(kept, "bad 1\n");
	free(kept);
	kept = dir_get(&d, "dynamic.map.bad-9");
	ck_assert_str_eq(kept, "bad 9\n");
	free(kept);
	kept = dir_get(&d, "dynamic.map.bad-10");
	ck_assert_str_eq(kept, "bad 12\n");
	free(kept);
	ck_assert(!dir_has(&d, "dynamic.map.bad-11"));
	dir_remove(&d);
}
END_TEST

/* Directories have the names of all copies, as if the disk were full.  The damaged file stays, with
 * new leases, until a copy can be made. */
START_TEST(no_copy_no_rewrite)
{
	static const char text[] = "192.0.2.1\t2001:db8::1\t1699999999\nbad\n";
	char name[32], path[128], *now;
	struct leasedir d;
	bool bad;

	dir_make(&d, 1);
	dir_put(&d, LEASEFILE_NAME, text, strlen(text));
	for (int i = 1; i <= 10; i++) {
		snprintf(name, sizeof(name), "dynamic.map.bad-%d", i);
		dir_name(&d, name, path);
		ck_assert_int_eq(mkdir(path, 0755), 0);
	}
	dir_begin(&d, NOW, WALL);
	ck_assert_uint_eq(d.said, 2);
	ck_assert_str_eq(d.line[1], "dynamic.map: 1 of 2 lines cannot be used, and no copy of the "
				    "file can be made: Is a directory (it is not rewritten until "
				    "there is one; leases are added to it)");
	dir_record(&d, dir_lease(&d, "2001:db8::2", NOW), NOW);
	dir_calm(&d, NOW + 100, WALL + 100);
	ck_assert_int_eq(leasefile_trouble(d.f), EISDIR);
	ck_assert_ptr_nonnull(strstr(leasefile_news(d.f, &bad), "cannot be rewritten"));
	ck_assert_int_eq(leasefile_close(d.f, d.pool, d.maps, NOW + 100, WALL + 100), -1);
	now = dir_get(&d, LEASEFILE_NAME);
	ck_assert_msg(strncmp(now, text, strlen(text)) == 0, "%s", now);
	ck_assert_ptr_nonnull(strstr(now, "2001:db8::2"));
	free(now);

	dir_again(&d, NOW, WALL);
	ck_assert_uint_eq(pool_used(d.pool), 2);
	dir_name(&d, "dynamic.map.bad-4", path);
	ck_assert_int_eq(rmdir(path), 0);
	dir_calm(&d, NOW + 100, WALL + 100);
	ck_assert_int_eq(leasefile_trouble(d.f), 0);
	ck_assert_ptr_nonnull(
		strstr(leasefile_news(d.f, &bad), "the damaged file is kept as dynamic.map.bad-4"));
	ck_assert(!bad);
	now = dir_get(&d, "dynamic.map.bad-4");
	ck_assert_msg(strncmp(now, text, strlen(text)) == 0, "%s", now);
	free(now);
	now = dir_get(&d, LEASEFILE_NAME);
	ck_assert_msg(!strstr(now, "bad\n"), "%s", now);
	free(now);
	for (int i = 1; i <= 10; i++) {
		snprintf(name, sizeof(name), "dynamic.map.bad-%d", i);
		dir_name(&d, name, path);
		if (i != 4)
			ck_assert_int_eq(rmdir(path), 0);
	}
	dir_crash(&d);
	dir_again(&d, NOW, WALL);
	ck_assert_uint_eq(d.said, 0);
	ck_assert_uint_eq(pool_used(d.pool), 2);
	dir_remove(&d);
}
END_TEST

static void make_link(const char *path)
{
	ck_assert_int_eq(symlink("dynamic.map", path), 0);
}

static void make_dir(const char *path)
{
	ck_assert_int_eq(mkdir(path, 0755), 0);
}

static void make_fifo(const char *path)
{
	ck_assert_int_eq(mkfifo(path, 0644), 0);
}

static const struct {
	const char *name;
	void (*make)(const char *path);
	const char *said;
} odd_files[] = {
	{"link", make_link,
	 "is a symbolic link, but nat64d replaces the file when it rewrites it (move the file "
	 "itself there)"},
	{"directory", make_dir, "is a directory, not a file (move it away)"},
	{"fifo", make_fifo, "is not a regular file (move it away)"},
};

START_TEST(open_refuses_odd_files)
{
	struct leasedir d;
	char path[128], err[256], want[256];

	dir_make(&d, 1);
	dir_name(&d, LEASEFILE_NAME, path);
	odd_files[_i].make(path);
	ck_assert_ptr_null(leasefile_open(d.path, d.path, err, sizeof(err)));
	snprintf(want, sizeof(want), "%s %s", path, odd_files[_i].said);
	ck_assert_str_eq(err, want);
	if (odd_files[_i].make == make_dir)
		rmdir(path);
	dir_remove(&d);
}
END_TEST

static const char *my_name(void)
{
	static char number[16];
	const struct passwd *pw = getpwuid(geteuid());

	snprintf(number, sizeof(number), "%u", (unsigned)geteuid());
	return pw ? pw->pw_name : number;
}

START_TEST(open_names_the_remedy)
{
	struct leasedir d;
	char err[256], want[512], path[128];

	dir_make(&d, 1);
	dir_name(&d, "none", path);
	ck_assert_ptr_null(leasefile_open(path, path, err, sizeof(err)));
	snprintf(want, sizeof(want), "%s does not exist (create it: install -d -o %s %s)", path,
		 my_name(), path);
	ck_assert_str_eq(err, want);
	ck_assert(leasefile_missing(path, path, NULL, err, sizeof(err)));
	ck_assert_str_eq(err, want);
	ck_assert(leasefile_missing(path, path, "somebody", err, sizeof(err)));
	ck_assert_ptr_nonnull(strstr(err, "install -d -o somebody "));
	ck_assert(!leasefile_missing(d.path, d.path, NULL, err, sizeof(err)));
	/* as after a change of the root directory, where users have no names */
	ck_assert_ptr_null(leasefile_open(path, "/d", err, sizeof(err)));
	snprintf(want, sizeof(want), "/d does not exist (create it: install -d -o %u /d)",
		 (unsigned)geteuid());
	ck_assert_str_eq(err, want);
	dir_put(&d, "none", "", 0);
	ck_assert_ptr_null(leasefile_open(path, path, err, sizeof(err)));
	snprintf(want, sizeof(want), "%s is not a directory", path);
	ck_assert_str_eq(err, want);
	dir_remove(&d);
}
END_TEST

static void become_somebody(void)
{
	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
}

static void become_root(void)
{
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
}

START_TEST(open_wants_to_write)
{
	struct leasedir d;
	char err[256], path[128], want[256];

	dir_make(&d, 1);
	dir_put(&d, LEASEFILE_NAME, "", 0);
	ck_assert_int_eq(chmod(d.path, 0555), 0);
	become_somebody();
	ck_assert_ptr_null(leasefile_open(d.path, d.path, err, sizeof(err)));
	snprintf(want, sizeof(want), "cannot be written by user %s (change its owner: chown %s /",
		 my_name(), my_name());
	ck_assert_msg(strstr(err, want) != NULL, "%s", err);
	become_root();
	ck_assert_int_eq(chmod(d.path, 0777), 0);
	dir_name(&d, LEASEFILE_NAME, path);
	ck_assert_int_eq(chmod(path, 0444), 0);
	become_somebody();
	ck_assert_ptr_null(leasefile_open(d.path, d.path, err, sizeof(err)));
	snprintf(want, sizeof(want), "dynamic.map cannot be written by user %s (chown %s /",
		 my_name(), my_name());
	ck_assert_msg(strstr(err, want) != NULL, "%s", err);
	become_root();

	/* opened as root, started as another user */
	chmod(path, 0644);
	chmod(d.path, 0555);
	if (getuid() == 0) {
		dir_open(&d);
		become_somebody();
		ck_assert_int_eq(leasefile_start(d.f), -1);
		ck_assert_int_eq(errno, EACCES);
		become_root();
	}
	chmod(d.path, 0777);
	dir_remove(&d);
}
END_TEST

/* A rewrite needs the name of its temporary file. */
START_TEST(open_wants_the_name_of_the_temporary)
{
	struct leasedir d;
	char err[256], path[128], want[256];

	dir_make(&d, 1);
	dir_name(&d, "dynamic.map.new", path);
	make_dir(path);
	ck_assert_ptr_null(leasefile_open(d.path, d.path, err, sizeof(err)));
	snprintf(want, sizeof(want),
		 "%s: dynamic.map.new is a directory, not a file (move it away)", d.path);
	ck_assert_str_eq(err, want);
	rmdir(path);
	dir_remove(&d);
}
END_TEST

/* Changing the owner would not help, even for root. */
START_TEST(open_names_what_is_immutable)
{
	static const char *const names[] = {"", LEASEFILE_NAME};
	struct leasedir d;
	char err[512], path[128], want[512];
	struct leasefile *f;

	dir_make(&d, 1);
	dir_put(&d, LEASEFILE_NAME, "", 0);
	dir_name(&d, names[_i], path);
	if (_i == 0)
		path[strlen(path) - 1] = '\0';
	ck_assert(machine_set_immutable(path, true));
	f = leasefile_open(d.path, d.path, err, sizeof(err));
	machine_set_immutable(path, false);
	ck_assert_ptr_null(f);
	snprintf(want, sizeof(want),
		 "%s cannot be written by user %s: Operation not permitted (is it immutable? check "
		 "with lsattr %s%s)",
		 path, my_name(), _i == 0 ? "-d " : "", path);
	ck_assert_str_eq(err, want);
	dir_remove(&d);
}
END_TEST

START_TEST(second_open_is_refused)
{
	struct leasedir d;
	char err[256], want[256];

	dir_make(&d, 1);
	dir_begin(&d, NOW, WALL);
	ck_assert_ptr_null(leasefile_open(d.path, d.path, err, sizeof(err)));
	snprintf(want, sizeof(want),
		 "%s is in use by another nat64d (stop it, or give each its own directory)",
		 d.path);
	ck_assert_str_eq(err, want);
	dir_end(&d, NOW, WALL);
	dir_open(&d);
	dir_remove(&d);
}
END_TEST

START_TEST(open_clears_away)
{
	struct leasedir d;

	dir_make(&d, 1);
	dir_put(&d, "dynamic.map.new", "x", 1);
	dir_open(&d);
	ck_assert(!dir_has(&d, "dynamic.map.new"));
	dir_remove(&d);
}
END_TEST

START_TEST(mode_and_owner_stay)
{
	struct leasedir d;
	struct stat st;
	char path[128];

	dir_make(&d, 1);
	dir_put(&d, LEASEFILE_NAME, "bad\n", 4);
	dir_name(&d, LEASEFILE_NAME, path);
	ck_assert_int_eq(chmod(path, 0640), 0);
	if (getuid() == 0)
		ck_assert_int_eq(chown(path, 1234, 2345), 0);
	dir_begin(&d, NOW, WALL);
	dir_end(&d, NOW, WALL);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0640);
	if (getuid() == 0)
		ck_assert(st.st_uid == 1234 && st.st_gid == 2345);
	dir_remove(&d);
}
END_TEST

static void add_rights(Suite *s)
{
	TCase *t = tcase_create("rights");

	if (machine_may(machine_root_is_root)) {
		tcase_add_test(t, open_wants_to_write);
		tcase_add_test(t, mode_and_owner_stay);
	} else {
		LEAVE_OUT(s, "open_wants_to_write", "root has not all rights here");
		LEAVE_OUT(s, "mode_and_owner_stay", "root has not all rights here");
	}
	if (machine_may(machine_sets_immutable))
		tcase_add_loop_test(t, open_names_what_is_immutable, 0, 2);
	else
		LEAVE_OUT(s, "open_names_what_is_immutable",
			  "no file in /tmp can be made immutable");
	suite_add_tcase(s, t);
}

static Suite *suite(void)
{
	Suite *s = suite_create("leasefile");
	TCase *text = tcase_create("text"), *open = tcase_create("open");

	tcase_set_timeout(text, 60);
	tcase_add_test(text, round_trip);
	tcase_add_test(text, last_written);
	tcase_add_test(text, text_is_taygas);
	tcase_add_test(text, reads_what_tayga_wrote);
	tcase_add_loop_test(text, one_line, 0, ROWS(lines));
	tcase_add_test(text, nul_bytes);
	tcase_add_test(text, long_lines);
	tcase_add_loop_test(text, garbage, 0, 4);
	tcase_add_test(text, cut_anywhere);
	tcase_add_loop_test(text, last_line_without_newline, 0, ROWS(tails));
	tcase_add_test(text, last_line_wins);
	tcase_add_test(text, left_out_leases_are_told);
	tcase_add_test(text, left_out_lease_overrides);
	tcase_add_test(text, standby_times_stay);
	tcase_add_loop_test(text, times_come_back, 0, ROWS(times));
	tcase_add_loop_test(text, since_comes_back, 0, ROWS(sinces));
	tcase_add_loop_test(text, confirmed_comes_back, 0, ROWS(confirmations));
	tcase_add_test(text, confirmed_counts_again);
	tcase_add_test(text, confirmed_during_a_rewrite);
	tcase_add_test(text, longest_record);
	tcase_add_test(text, ended_stays_ended);
	tcase_add_loop_test(text, end_of_another, 0, ROWS(ends));
	tcase_add_test(text, what_is_a_map_is_no_lease);
	tcase_add_test(text, who_is_not_allowed_loses_it);
	tcase_add_test(text, closed_off_line_is_passed_over);
	tcase_add_test(text, who_is_beyond_the_share_loses_it);
	tcase_add_test(text, what_is_put_off_is_not_written);
	tcase_add_loop_test(text, small_files_are_replaced, 0, ROWS(smalls));
	tcase_add_loop_test(text, small_files_without_keeper, 0, 2 * ROWS(smalls));
	tcase_add_loop_test(text, small_files_after_an_idle_keeper, 0, ROWS(smalls));
	tcase_add_loop_test(text, small_files_fail, 0, ROWS(smalls));
	tcase_add_test(text, clean_mark_is_taken_back);
	tcase_add_test(text, expired_stays_ended);
	tcase_add_test(text, rewrites_do_not_rejuvenate);
	tcase_add_test(text, rewrite_keeps_the_time);
	tcase_add_test(text, several_prefixes);
	tcase_add_loop_test(text, lines_without_prefix, 0, ROWS(whose));
	tcase_add_loop_test(text, prefix_put_before, 0, 2);
	tcase_add_test(text, prefix_behind_a_cut_line);
	tcase_add_loop_test(text, records_without_any_prefix, 0, 2);
	tcase_add_test(text, reload_of_the_only_prefix);
	tcase_add_test(text, reload_during_a_rewrite);
	tcase_add_test(text, records_wait_during_a_rewrite);
	tcase_add_test(text, reload_ends_a_lease);
	tcase_add_test(text, another_prefix_during_a_rewrite);
	tcase_add_loop_test(text, bad_files_are_bounded, 0, 2);
	tcase_add_test(text, no_copy_no_rewrite);
	suite_add_tcase(s, text);
	tcase_set_timeout(open, 20);
	tcase_add_loop_test(open, open_refuses_odd_files, 0, ROWS(odd_files));
	tcase_add_test(open, open_names_the_remedy);
	tcase_add_test(open, open_wants_the_name_of_the_temporary);
	tcase_add_test(open, second_open_is_refused);
	tcase_add_test(open, open_clears_away);
	suite_add_tcase(s, open);
	add_rights(s);
	return s;
}

int main(void)
{
	return run_suite(suite());
}

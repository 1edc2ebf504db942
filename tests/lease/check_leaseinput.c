/* check_leaseinput - what is read from lines of the lease file and from events. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lease/leaseinput.h"
#include "lib/addr_text.h"
#include "support/run.h"

#define LEASE       "10.1.0.1\t2001:db8::1\t1700000000\t64:ff9b::/96\n"
#define PLAIN       "10.1.0.1\t2001:db8::1\t1700000000\n"
#define LEASED      "10.1.0.1 2001:db8::1 64:ff9b::/96 1700000000"
#define KEYS        "\"ipv4\": \"10.1.0.1\", \"ipv6\": \"2001:db8::1\", \"prefix\": \"64:ff9b::/96\""
#define EVENT(name) "{\"time\": \"2023-11-14T22:13:25.123456Z\", \"event\": \"" name "\", " KEYS
#define SEEN        ", \"since\": \"2023-11-14T22:00:00Z\", \"last_seen\": \"2023-11-14T22:13:20Z\""

/* WANT has a line for each line of TEXT that is a record or bad. */
static const struct row {
	const char *name, *text, *want;
} rows[] = {
	/* lines of the lease file */
	{"a lease", LEASE, LEASED " since 0 confirmed\n"},
	{"its beginning, and unconfirmed", "# since 1699999999\n# unconfirmed\n" LEASE LEASE,
	 LEASED " since 1699999999\n" LEASED " since 0 confirmed\n"},
	{"no prefix", PLAIN, "10.1.0.1 2001:db8::1 - 1700000000 since 0 confirmed\n"},
	{"the prefix of a comment", "# prefix 2001:db8:64::/96\n" PLAIN LEASE PLAIN,
	 "10.1.0.1 2001:db8::1 2001:db8:64::/96 1700000000 since 0 confirmed\n" LEASED
	 " since 0 confirmed\n"
	 "10.1.0.1 2001:db8::1 2001:db8:64::/96 1700000000 since 0 confirmed\n"},
	{"prefix none", "# prefix 2001:db8:64::/96\n# prefix none\n" PLAIN,
	 "10.1.0.1 2001:db8::1 - 1700000000 since 0 confirmed\n"},
	{"a checksum",
	 "# prefix 2001:db8:64::/96 checksum 2dda9092\n# prefix 2001:db8:64::/96\n" PLAIN,
	 "10.1.0.1 2001:db8::1 2001:db8:64::/96 1700000000 since 0 confirmed\n"},
	{"a checksum, and another prefix",
	 "# prefix 2001:db8:64::/96 checksum 2dda9092\n# prefix 2001:db8:65::/96\n" PLAIN,
	 "bad: does not repeat the prefix of the line before\n"
	 "10.1.0.1 2001:db8::1 2001:db8:64::/96 1700000000 since 0 confirmed\n"},
	{"a wrong checksum",
	 "# prefix 2001:db8:65::/96 checksum 2dda9092\n# prefix 2001:db8:64::/96\n" PLAIN,
	 "bad: does not fit its checksum\n"
	 "10.1.0.1 2001:db8::1 2001:db8:64::/96 1700000000 since 0 confirmed\n"},
	{"another prefix later",
	 "# prefix 2001:db8:64::/96 checksum 2dda9092\n# prefix 2001:db8:64::/96\n"
	 "# prefix 2001:db8:65::/96\n" PLAIN,
	 "10.1.0.1 2001:db8::1 2001:db8:65::/96 1700000000 since 0 confirmed\n"},
	{"half a lease, closed off", "10.1.0.1\t2001:db8::1\t17\t# cut short\n" LEASE,
	 "bad: is cut short\n" LEASED " since 0 confirmed\n"},
	{"half a comment, closed off", "# since 17\t# cut short\n" LEASE,
	 LEASED " since 0 confirmed\n"},
	{"two lines in one", "# since 17\v" PLAIN LEASE,
	 "bad: is a comment and another line in one\n" LEASED " since 0 confirmed\n"},
	{"other comments", "# nat64d: IPv4 address\n\n# clean\n# in use\n# ended 10.1.0.1\n", ""},
	{"too few columns", "10.1.0.1\t2001:db8::1\n",
	 "bad: has too few columns (IPv4, IPv6 and time are expected)\n"},
	{"no address", "garbage\n", "bad: \"garbage\" is not an IPv4 address\n"},
	{"control characters", "\033[2J\n", "bad: \"?[2J\" is not an IPv4 address\n"},
	{"after a bad line, the comments before it are void", "# since 7\n# unconfirmed\nx\n" LEASE,
	 "bad: \"x\" is not an IPv4 address\n" LEASED " since 0 confirmed\n"},
	/* events */
	{"assigned, with all keys", EVENT("assigned") SEEN ", \"confirmed\": false}\n",
	 LEASED " since 1699999200\n"},
	{"confirmed", EVENT("confirmed") SEEN ", \"confirmed\": true}\n",
	 LEASED " since 1699999200 confirmed\n"},
	{"renewed", EVENT("renewed") SEEN ", \"confirmed\": true}\n",
	 LEASED " since 1699999200 confirmed\n"},
	{"assigned by an earlier version",
	 EVENT("assigned") ", \"packets\": null, \"bytes\": null}\n",
	 "10.1.0.1 2001:db8::1 64:ff9b::/96 1700000005 since 0\n"},
	{"ended: the time is that of the end",
	 EVENT("ended") SEEN ", \"packets\": 3, \"bytes\": 77}\n",
	 "10.1.0.1 2001:db8::1 64:ff9b::/96 1700000005 since 1699999200 ended\n"},
	{"the beginning is unknown", EVENT("renewed") ", \"since\": null, \"confirmed\": true}\n",
	 "10.1.0.1 2001:db8::1 64:ff9b::/96 1700000005 since 0 confirmed\n"},
	{"no prefix is configured there",
	 "{\"time\": \"2023-11-14T22:13:20Z\", \"event\": \"assigned\", \"ipv4\": \"10.1.0.1\", "
	 "\"ipv6\": \"2001:db8::1\", \"prefix\": null}\n",
	 "10.1.0.1 2001:db8::1 - 1700000000 since 0\n"},
	{"a later version has more members", EVENT("assigned") ", \"mood\": \"good\"}\n",
	 "10.1.0.1 2001:db8::1 64:ff9b::/96 1700000005 since 0\n"},
	{"another event",
	 "{\"time\": \"2023-11-14T22:13:20Z\", \"event\": \"pool_full\", \"x\": [1]}\n", ""},
	{"lost events", "{\"time\": \"2023-11-14T22:13:20Z\", \"lost\": 7}\n", ""},
	{"an event between a comment and its lease", "# since 5\n" EVENT("assigned") "}\n" LEASE,
	 "10.1.0.1 2001:db8::1 64:ff9b::/96 1700000005 since 0\n" LEASED " since 5 confirmed\n"},
#define BAD "bad: is not an event of nat64ctl watch\n"
	{"an event without addresses",
	 "{\"time\": \"2023-11-14T22:13:20Z\", \"event\": \"ended\"}\n", BAD},
	{"without a time", "{\"event\": \"ended\", " KEYS "}\n", BAD},
	{"with a prefix as address",
	 "{\"time\": \"2023-11-14T22:13:20Z\", \"event\": \"ended\", \"ipv4\": \"10.0.0.0/8\", "
	 "\"ipv6\": \"2001:db8::1\"}\n",
	 BAD},
	{"with the families exchanged",
	 "{\"time\": \"2023-11-14T22:13:20Z\", \"event\": \"ended\", \"ipv4\": \"::1\", "
	 "\"ipv6\": \"10.0.0.1\"}\n",
	 BAD},
	{"with an IPv4 prefix",
	 "{\"time\": \"2023-11-14T22:13:20Z\", \"event\": \"ended\", \"ipv4\": \"10.0.0.1\", "
	 "\"ipv6\": \"::1\", \"prefix\": \"10.0.0.0/8\"}\n",
	 BAD},
	{"with another time zone",
	 "{\"time\": \"2023-11-14T22:13:20+01:00\", \"event\": \"ended\", " KEYS "}\n", BAD},
	{"cut short", EVENT("assigned") "\n", BAD},
	{"an opening brace", "{\n", BAD},
	{"another object", "{\"a\": 1}\n", ""},
};

static void put_record(char *out, const struct leaseinput_record *r)
{
	char a4[ADDR_TEXT], a6[ADDR_TEXT], prefix[ADDR_TEXT] = "-";

	if (r->prefix.len > 0)
		addr_text_prefix6(prefix, &r->prefix);
	sprintf(out + strlen(out), "%s %s %s %lld since %lld%s%s\n", addr_text4(a4, r->addr),
		addr_text6(a6, &r->host), prefix, (long long)r->last, (long long)r->since,
		r->confirmed ? " confirmed" : "", r->ended ? " ended" : "");
}

START_TEST(test_read)
{
	const struct row *row = &rows[_i];
	struct leaseinput in = {.next.since = 0};
	char is[1024] = "";

	for (const char *at = row->text; *at;) {
		size_t len = strcspn(at, "\n");
		char *line = malloc(len + 1), why[LEASETEXT_WHY]; /* its exact size */
		struct leaseinput_record r;

		memcpy(line, at, len);
		switch (leaseinput_read(&in, line, len, &r, why)) {
		case LEASEINPUT_RECORD:
			put_record(is, &r);
			break;
		case LEASEINPUT_BAD:
			sprintf(is + strlen(is), "bad: %s\n", why);
			break;
		case LEASEINPUT_NOTHING:
			break;
		}
		free(line);
		at += len + 1;
	}
	ck_assert_msg(strcmp(is, row->want) == 0, "%s: %s", row->name, is);
}
END_TEST

START_TEST(test_nul)
{
	struct leaseinput in = {.next.since = 0};
	struct leaseinput_record r;
	char line[] = "{\"time\0\": 1}", why[LEASETEXT_WHY];

	ck_assert_int_eq(leaseinput_read(&in, line, sizeof(line) - 1, &r, why), LEASEINPUT_BAD);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("leaseinput");
	TCase *t = tcase_create("leaseinput");

	tcase_add_loop_test(t, test_read, 0, ROWS(rows));
	tcase_add_test(t, test_nul);
	suite_add_tcase(s, t);
	return run_suite(s);
}

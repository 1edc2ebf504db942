/* check_explain_words - the parser of the arguments of `explain`, and its error messages. */
#include <stdio.h>
#include <string.h>

#include "daemon/explain_words.h"
#include "support/run.h"

static const struct prefix6 wkp = {{{0x00, 0x64, 0xff, 0x9b}}, 96};

static const struct row {
	const char *words;
	unsigned family, proto; /* FAMILY 0: an error */
	const char *said;
} rows[] = {
	{"192.0.2.1 8.8.8.8", 4, 6, NULL},
	{"192.0.2.1 8.8.8.8 tcp", 4, 6, NULL},
	{"192.0.2.1 8.8.8.8 UDP", 4, 17, NULL},
	{"192.0.2.1 8.8.8.8 icmp", 4, 1, NULL},
	{"192.0.2.1 8.8.8.8 0", 4, 0, NULL},
	{"192.0.2.1 8.8.8.8 255", 4, 255, NULL},
	{"2001:db8::1 64:ff9b::8.8.8.8", 6, 6, NULL},
	{"2001:db8::1 64:ff9b::808:808 icmp", 6, 58, NULL},
	{"2001:db8::1 64:ff9b::808:808 icmpv6", 6, 58, NULL},
	{"2001:db8::1 64:ff9b::808:808 1", 6, 1, NULL},
	{"2001:db8::1 64:ff9b::808:808 256", 0, 0,
	 "usage explain: 256 is not a protocol (tcp, udp, icmp or a number from 0 to 255)\n"},
	{"2001:db8::1 64:ff9b::808:808 -1", 0, 0,
	 "usage explain: -1 is not a protocol (tcp, udp, icmp or a number from 0 to 255)\n"},
	{"2001:db8::1 64:ff9b::808:808 6x", 0, 0,
	 "usage explain: 6x is not a protocol (tcp, udp, icmp or a number from 0 to 255)\n"},
	{"2001:db8::1 64:ff9b::808:808 sctp", 0, 0,
	 "usage explain: sctp is not a protocol (tcp, udp, icmp or a number from 0 to 255)\n"},
	{"2001:db8::1 64:ff9b::808:808 99999999999999999999", 0, 0,
	 "usage explain: 99999999999999999999 is not a protocol (tcp, udp, icmp or a number from 0 "
	 "to 255)\n"},
	{"here 8.8.8.8", 0, 0,
	 "usage explain: here is not an address (like 192.0.2.1 or 2001:db8::1)\n"},
	{"192.0.2.256 8.8.8.8", 0, 0,
	 "usage explain: 192.0.2.256 is not an address (like 192.0.2.1 or 2001:db8::1)\n"},
	{"192.0.2.1 fe80::1%eth0", 0, 0,
	 "usage explain: fe80::1%eth0 is not an address (like 192.0.2.1 or 2001:db8::1)\n"},
	{"192.0.2.1 8.8.8.0/24", 0, 0, "usage explain: 8.8.8.0/24 is a prefix; give one address\n"},
	{"2001:db8::1 8.8.8.8", 0, 0,
	 "usage explain: give both addresses as in the packet that arrives, both IPv4 or both IPv6 "
	 "(for IPv6 hosts the destination is 64:ff9b::808:808)\n"},
	{"8.8.8.8 2001:db8::1", 0, 0,
	 "usage explain: give both addresses as in the packet that arrives, both IPv4 or both IPv6 "
	 "(for IPv6 hosts the source is 64:ff9b::808:808)\n"},
};

/* Returns true if A's text is exactly one line. */
static void check_said(const struct answer *a, const char *words, const char *want)
{
	const char *said = a->text ? a->text : "";

	ck_assert_msg(strcmp(said, want ? want : "") == 0, "%s: %s", words, said);
}

static void ask(struct control_request *r, char *line, const char *words)
{
	struct answer a = {.text = NULL};

	snprintf(line, CONTROL_LINE, "explain %s", words);
	ck_assert(control_parse(r, line, strlen(line), &a));
	answer_free(&a);
}

START_TEST(test_rows)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		static char line[CONTROL_LINE];
		struct control_request r = {.words = 0};
		struct answer a = {.text = NULL};
		struct sample s = {.family = 0};
		bool ok;

		ask(&r, line, rows[i].words);
		ok = explain_parse(&r, &wkp, &s, &a);
		check_said(&a, rows[i].words, rows[i].said);
		ck_assert_msg(ok == (rows[i].family != 0), "%s", rows[i].words);
		ck_assert_msg(!ok || (s.family == rows[i].family && s.proto == rows[i].proto),
			      "%s: family %u, protocol %u", rows[i].words, s.family, s.proto);
		answer_free(&a);
	}
}
END_TEST

START_TEST(test_addresses)
{
	static const struct ip6 from = {{0x20, 0x01, 0x0d, 0xb8, [15] = 1}};
	static char line[CONTROL_LINE];
	struct control_request r = {.words = 0};
	struct answer a = {.text = NULL};
	struct sample s;

	ask(&r, line, "192.0.2.1 8.8.4.4");
	ck_assert(explain_parse(&r, NULL, &s, &a));
	ck_assert_uint_eq(s.src4, 0xc0000201);
	ck_assert_uint_eq(s.dst4, 0x08080404);
	ask(&r, line, "2001:db8::1 2001:db8::1");
	ck_assert(explain_parse(&r, NULL, &s, &a));
	ck_assert(ip6_equal(&s.src6, &from) && ip6_equal(&s.dst6, &from));
	ck_assert_ptr_null(a.text);
}
END_TEST

/* Without a prefix there is no suggestion. */
START_TEST(test_no_hint)
{
	static char line[CONTROL_LINE];
	struct control_request r = {.words = 0};
	struct answer a = {.text = NULL};
	struct sample s;

	ask(&r, line, "2001:db8::1 8.8.8.8");
	ck_assert(!explain_parse(&r, NULL, &s, &a));
	ck_assert_str_eq(a.text, "usage explain: give both addresses as in the packet that "
				 "arrives, both IPv4 or both IPv6\n");
	answer_free(&a);
}
END_TEST

/* The error line about a long word is short. */
START_TEST(test_long_word)
{
	static char line[CONTROL_LINE], words[2001];
	struct control_request r = {.words = 0};
	struct answer a = {.text = NULL};
	struct sample s;

	memset(words, 'x', 1000);
	memcpy(words + 1000, " 8.8.8.8", 9);
	ask(&r, line, words);
	ck_assert(!explain_parse(&r, NULL, &s, &a));
	ck_assert_uint_lt(a.len, 200);
	answer_free(&a);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("explain_words");
	TCase *tc = tcase_create("explain_words");

	tcase_add_test(tc, test_rows);
	tcase_add_test(tc, test_addresses);
	tcase_add_test(tc, test_no_hint);
	tcase_add_test(tc, test_long_word);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}

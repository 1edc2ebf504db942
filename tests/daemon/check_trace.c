/* check_trace - which packets a filter matches, the errors in its arguments, and the line about a
 * packet. */
#include <string.h>

#include "daemon/trace.h"
#include "support/craft.h"
#include "support/run.h"

static struct trace_side look(const char *text)
{
	static uint8_t bytes[CRAFT_MAX];
	size_t len = craft(bytes, text, NULL);
	struct trace_side s;

	trace_look(&s, bytes, len, len);
	return s;
}

/* A datagram of a host with the lease of 192.168.255.3. */
static struct trace_packet datagram(void)
{
	struct trace_packet p = {
		.at = 1764180000123456, .dir = DIR_6TO4, .packets = 1, .has_after = true};

	p.before = look("6 s=2001:db8:1::2 d=64:ff9b::808:808 | udp sp=1234 dp=53 n=10");
	p.after = look("4 s=192.168.255.3 d=8.8.8.8 | udp sp=1234 dp=53 n=10");
	return p;
}

static bool read_words(struct trace_filter *f, const char *words, struct answer *a)
{
	char copy[512], *word[64];
	unsigned n = 0;

	strcpy(copy, words);
	for (char *w = strtok(copy, " "); w; w = strtok(NULL, " "))
		word[n++] = w;
	return trace_filter_read(f, word, n, a);
}

/* --- which packets match ---------------------------------------------------------------- */

static const struct want_row {
	const char *words;
	bool datagram; /* matches the datagram above */
	bool pair;     /* matches a pair with the same addresses */
} want_rows[] = {
	{"", true, true},
	{"2001:db8:1::2", true, true},
	{"64:ff9b::808:808", true, true},
	{"192.168.255.3", true, true},
	{"8.8.8.8", true, true},
	{"8.8.8.9", false, false},
	{"192.168.255.0/24", true, true},
	{"192.168.255.2/31", true, true},
	{"192.168.255.4/30", false, false},
	{"0.0.0.0/0", true, true},
	{"::/0", true, true},
	{"2001:db8:1::/64", true, true},
	{"2001:db8:1::2/127", true, true},
	{"2001:db8:1:0:0:1::/96", false, false},
	{"2001:db8:1::/64 8.8.8.8", true, true},
	{"2001:db8:1::/64 8.8.4.4", false, false},
	{"6to4", true, true},
	{"4to6", false, false},
	{"ok", true, true},
	{"ok ok 6to4 6to4 8.8.8.8", true, true},
	{"pool-full", false, false},
	{"draining 8.8.8.8", false, false},
};

START_TEST(test_want)
{
	const struct want_row *row = &want_rows[_i];
	struct trace_packet p = datagram();
	struct answer a = {.text = NULL};
	struct fastpath_key4 v4;
	struct fastpath_key6 v6;
	struct trace_filter f;

	ck_assert_msg(read_words(&f, row->words, &a), "%s: %s", row->words, a.text);
	ck_assert_ptr_null(a.text);
	ck_assert_msg(trace_filter_wants(&f, &p) == row->datagram, "%s", row->words);
	memcpy(v4.src, p.after.src, 4);
	memcpy(v4.dst, p.after.dst, 4);
	memcpy(v6.src, p.before.src, 16);
	memcpy(v6.dst, p.before.dst, 16);
	ck_assert_msg(trace_filter_wants_pair(&f, DIR_6TO4, &v4, &v6) == row->pair, "%s",
		      row->words);
}
END_TEST

/* A packet that is not translated has no other side.  A side without addresses matches no address.
 */
START_TEST(test_want_refused)
{
	struct trace_packet p = datagram(), broken = {.why = REASON_TOO_SHORT};
	struct answer a = {.text = NULL};
	struct trace_filter f;

	p.why = REASON_POOL_FULL;
	p.has_after = false;
	ck_assert(read_words(&f, "pool-full 64:ff9b::808:808", &a));
	ck_assert(trace_filter_wants(&f, &p));
	ck_assert(read_words(&f, "8.8.8.8", &a));
	ck_assert(!trace_filter_wants(&f, &p));
	ck_assert(read_words(&f, "too-short", &a));
	ck_assert(trace_filter_wants(&f, &broken));
	ck_assert(read_words(&f, "0.0.0.0/0", &a));
	ck_assert(!trace_filter_wants(&f, &broken));
}
END_TEST

static const struct wrong_row {
	const char *words, *want; /* WANT: the beginning of the answer */
} wrong_rows[] = {
	{"192.168.255.3/24",
	 "usage trace: 192.168.255.3/24 has host bits set (did you mean 192.168.255.0/24?)\n"},
	{"2001:db8::1/64",
	 "usage trace: 2001:db8::1/64 has host bits set (did you mean 2001:db8::/64?)\n"},
	{"8.8.8", "usage trace: 8.8.8 is not an IPv4 address (for example 192.0.2.1)\n"},
	{"8.8.8.8/33", "usage trace: 8.8.8.8/33: the length must be a plain number from 0 to 32\n"},
	{"8.8.8.08",
	 "usage trace: 8.8.8.08 has leading zeros, which some programs read as octal (did you "
	 "mean 8.8.8.8?)\n"},
	{"::/129", "usage trace: ::/129: the length must be a plain number from 0 to 128\n"},
	{"::g", "usage trace: ::g is not an IPv6 address (for example 2001:db8::1)\n"},
	{"nosuch",
	 "usage trace: nosuch is not a filter (an address, a prefix, 6to4, 4to6, or a reason: ok "
	 "too-short "},
	{"OK", "usage trace: OK is not a filter ("},
	{"6to4 4to6", "usage trace: more than one direction given, but a packet has only one\n"},
	{"ok pool-full", "usage trace: more than one reason given, but a packet has only one\n"},
};

START_TEST(test_wrong)
{
	const struct wrong_row *row = &wrong_rows[_i];
	struct answer a = {.text = NULL};
	struct trace_filter f;

	ck_assert_msg(!read_words(&f, row->words, &a), "%s", row->words);
	ck_assert_msg(strncmp(a.text, row->want, strlen(row->want)) == 0, "%s: %s", row->words,
		      a.text);
	ck_assert_ptr_eq(strchr(a.text, '\n'), a.text + a.len - 1);
	answer_free(&a);
}
END_TEST

/* --- lines ----------------------------------------------------------------------------------- */

#define TIME "2025-11-26T18:00:00.123456Z"

START_TEST(test_json)
{
	struct trace_packet p = datagram();
	char line[TRACE_LINE];
	size_t n = trace_format(line, &p, true);

	ck_assert_uint_eq(n, strlen(line));
	ck_assert_str_eq(line,
			 "{\"time\": \"" TIME "\", \"direction\": \"6to4\", \"verdict\": "
			 "\"translate\", \"reason\": \"ok\", \"packets\": 1, \"before\": "
			 "{\"source\": \"2001:db8:1::2\", \"destination\": \"64:ff9b::808:808\", "
			 "\"protocol\": \"udp\", \"source_port\": 1234, \"destination_port\": 53, "
			 "\"length\": 58}, \"after\": {\"source\": \"192.168.255.3\", "
			 "\"destination\": \"8.8.8.8\", \"protocol\": \"udp\", \"source_port\": "
			 "1234, \"destination_port\": 53, \"length\": 38}}\n");
}
END_TEST

START_TEST(test_json_refused)
{
	struct trace_packet p = datagram();
	char line[TRACE_LINE];

	p.has_after = false;
	p.verdict = TRACE_DROP;
	p.why = REASON_PROTOCOL;
	p.before = look("6 s=2001:db8:1::2 d=64:ff9b::808:808 p=1 | hex 00112233");
	trace_format(line, &p, true);
	ck_assert_str_eq(line,
			 "{\"time\": \"" TIME "\", \"direction\": \"6to4\", \"verdict\": \"drop\", "
			 "\"reason\": \"protocol\", \"packets\": 1, \"before\": {\"source\": "
			 "\"2001:db8:1::2\", \"destination\": \"64:ff9b::808:808\", \"protocol\": "
			 "\"icmp\", \"source_port\": null, \"destination_port\": null, \"length\": "
			 "44}, \"after\": null}\n");
	trace_look(&p.before, (const uint8_t *)"x", 1, 1);
	p.why = REASON_BAD_VERSION;
	p.dir = DIR_4TO6;
	trace_format(line, &p, true);
	ck_assert_str_eq(line,
			 "{\"time\": \"" TIME "\", \"direction\": \"4to6\", \"verdict\": \"drop\", "
			 "\"reason\": \"bad-version\", \"packets\": 1, \"before\": {\"source\": "
			 "null, \"destination\": null, \"protocol\": null, \"source_port\": null, "
			 "\"destination_port\": null, \"length\": 1}, \"after\": null}\n");
	trace_format_lost(line, p.at, 17, true);
	ck_assert_str_eq(line, "{\"time\": \"" TIME "\", \"lost\": 17}\n");
}
END_TEST

START_TEST(test_text)
{
	struct trace_packet p = datagram();
	char line[TRACE_LINE];

	trace_format(line, &p, false);
	ck_assert_str_eq(line, TIME " 6to4 translate ok                     udp "
				    "[2001:db8:1::2]:1234 -> [64:ff9b::808:808]:53, 58 bytes => "
				    "udp 192.168.255.3:1234 -> 8.8.8.8:53, 38 bytes\n");
	ck_assert_int_eq(strstr(trace_head, "PACKET") - trace_head, strstr(line, "udp") - line);
	p.why = REASON_POOL_FULL;
	p.verdict = TRACE_REJECT;
	p.after = look("6 s=2001:db8::64 d=2001:db8:1::2 | icmp 1 3 0 | 6 | udp");
	p.packets = 3;
	trace_format(line, &p, false);
	ck_assert_msg(strstr(line, " 6to4 reject    pool-full              udp "
				   "[2001:db8:1::2]:1234 -> [64:ff9b::808:808]:53, 58 bytes in 3 "
				   "packets => icmpv6 1/3 2001:db8::64 -> 2001:db8:1::2, ") != NULL,
		      "%s", line);
	trace_format_lost(line, p.at, 17, false);
	ck_assert_str_eq(line, TIME " 17 more, not shown\n");
}
END_TEST

/* The longest possible line fits. */
START_TEST(test_room)
{
	struct trace_packet p = {.at = INT64_MAX / 2, .packets = UINT32_MAX, .has_after = true};
	char line[TRACE_LINE];

	for (int i = 0; i < REASON_COUNT; i++)
		if (strlen(reason_table[i].name) > strlen(reason_table[p.why].name))
			p.why = (enum reason)i;
	p.before = (struct trace_side){.family = 6,
				       .proto = 255,
				       .has_ports = true,
				       .fragment = true,
				       .sport = 65535,
				       .dport = 65535,
				       .type = 255,
				       .code = 255,
				       .len = SIZE_MAX};
	memset(p.before.src, 0xff, sizeof(p.before.src));
	memset(p.before.dst, 0xff, sizeof(p.before.dst));
	p.after = p.before;
	for (int json = 0; json < 2; json++) {
		size_t n = trace_format(line, &p, json);

		ck_assert_uint_lt(n, TRACE_LINE - 128);
		ck_assert_int_eq(line[n - 1], '\n');
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("trace");
	TCase *t = tcase_create("trace");

	tcase_add_loop_test(t, test_want, 0, ROWS(want_rows));
	tcase_add_test(t, test_want_refused);
	tcase_add_loop_test(t, test_wrong, 0, ROWS(wrong_rows));
	tcase_add_test(t, test_json);
	tcase_add_test(t, test_json_refused);
	tcase_add_test(t, test_text);
	tcase_add_test(t, test_room);
	suite_add_tcase(s, t);
	return run_suite(s);
}

/* check_report - the text of counters and of packets in the log. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/run.h"
#include "daemon/report.h"
#include "support/plain_pool.h"

static char text[8192];

static void keep(void *arg, const char *line)
{
	(void)arg;
	ck_assert_uint_lt(strlen(text) + strlen(line) + 2, sizeof(text));
	strcat(strcat(text, line), "\n");
}

static const char *printed(const struct counters *c, const struct pool *pool)
{
	text[0] = '\0';
	report_lines(c, pool, keep, NULL);
	return text;
}

START_TEST(zero_is_silent)
{
	struct counters c = {0};

	ck_assert_str_eq(printed(&c, NULL), "");
}
END_TEST

START_TEST(counters_in_words)
{
	struct counters c = {0};

	c.reason[DIR_4TO6][REASON_OK] = 7;
	c.reason[DIR_4TO6][REASON_TTL] = 3;
	c.reason[DIR_6TO4][REASON_POOL_FULL] = UINT64_MAX;
	c.bytes[DIR_4TO6] = 1234;
	c.gso_read = 4;
	c.gso_written = 5;
	c.merged = 6;
	c.write_failed = 2;
	ck_assert_str_eq(printed(&c, NULL),
			 "4->6: packets 10, bytes 1234, ok 7, ttl-exceeded 3\n"
			 "6->4: packets 18446744073709551615, pool-full 18446744073709551615\n"
			 "both: gso-read 4, gso-written 5, merged 6, write-failed 2\n");
}
END_TEST

START_TEST(leases)
{
	struct prefix4 range = {0xc0000200, 24};
	struct siphash_key key = {1, 2};
	struct pool *pool = plain_pool(&range, 1, &key);
	struct counters c = {0};
	struct ip6 host = {{0x20, 1}};
	char size[32];

	ck_assert_ptr_nonnull(pool);
	ck_assert_ptr_nonnull(pool_assign(pool, &host, 0, 1));
	snprintf(size, sizeof(size), "leases-size %zu\n", pool_size(pool));
	ck_assert_ptr_nonnull(strstr(printed(&c, pool), "leases-used 1, "));
	ck_assert_ptr_nonnull(strstr(printed(&c, pool), size));
	pool_free(pool);
}
END_TEST

static unsigned times(const char *what)
{
	unsigned n = 0;

	for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
		n++;
	return n;
}

/* Each reason is printed in both directions. */
START_TEST(each_item)
{
	struct counters c;

	memset(&c, 0xff, sizeof(c));
	printed(&c, NULL);
	ck_assert_uint_eq(times(" ok "), DIRS);
	ck_assert_uint_ge(times(", ") + times(": "), DIRS * (REASON_COUNT + 2));
	for (int r = 0; r < REASON_COUNT; r++)
		ck_assert_uint_gt(strlen(reason_table[r].text), 0);
}
END_TEST

/* The longest possible line is complete. */
START_TEST(full_lines)
{
	struct counters c;
	char want[64];

	for (int dir = 0; dir < DIRS; dir++)
		for (int r = 0; r < REASON_COUNT; r++)
			c.reason[dir][r] = UINT64_MAX;
	c.bytes[0] = c.bytes[1] = c.answers = c.suppressed = UINT64_MAX;
	c.write_failed = c.recorded = UINT64_MAX;
	c.gso_read = c.gso_written = c.merged = UINT64_MAX;
	snprintf(want, sizeof(want), "%s 18446744073709551615\n6->4",
		 reason_table[REASON_COUNT - 1].name);
	ck_assert_ptr_nonnull(strstr(printed(&c, NULL), want));
}
END_TEST

#define IP4(len, off, ttl, proto) \
	0x45, 0, 0, len, 0, 1, 0, off, ttl, proto, 0, 0, 192, 0, 2, 1, 198, 51, 100, 17
#define IP6(len, next)                                                                            \
	0x60, 0, 0, 0, 0, len, next, 64, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, \
		0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, 192, 0, 2, 33
#define UDP 0, 53, 0x12, 0x67, 0, 8, 0, 0
#define TCP 0x12, 0x67, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 2, 0, 0, 0, 0, 0, 0

static const struct packet_row {
	const char *name;
	enum reason why;
	uint8_t bytes[64];
	size_t len;
	const char *text; /* follows the text of the reason */
} packet_rows[] = {
	{"UDP over IPv4",
	 REASON_UDP_ZERO,
	 {IP4(28, 0, 64, 17), UDP},
	 28,
	 "UDP 192.0.2.1:53 -> 198.51.100.17:4711, 28 bytes"},
	{"wrong IPv4 checksum",
	 REASON_BAD_CHECKSUM,
	 {IP4(28, 0, 64, 17), UDP},
	 28,
	 "UDP 192.0.2.1 -> 198.51.100.17, 28 bytes"},
	{"TCP over IPv6",
	 REASON_WKP_PRIVATE,
	 {IP6(20, 6), TCP},
	 60,
	 "TCP [2001:db8::1]:4711 -> [64:ff9b::c000:221]:80, 60 bytes"},
	{"ICMPv6",
	 REASON_ICMP_TYPE,
	 {IP6(8, 58), 133, 1},
	 48,
	 "ICMPv6 type 133 code 1 2001:db8::1 -> 64:ff9b::c000:221, 48 bytes"},
	{"another protocol",
	 REASON_PROTOCOL,
	 {IP4(20, 0, 64, 2)},
	 20,
	 "protocol 2 192.0.2.1 -> 198.51.100.17, 20 bytes"},
	{"a later fragment has no ports",
	 REASON_NO_MAP_DST,
	 {IP4(28, 1, 64, 17), UDP},
	 28,
	 "UDP fragment 192.0.2.1 -> 198.51.100.17, 28 bytes"},
	{"a first fragment has ports",
	 REASON_NO_MAP_DST,
	 {IP6(16, 44), 17, 0, 0, 1, 0, 0, 0, 9, UDP},
	 56,
	 "UDP fragment [2001:db8::1]:53 -> [64:ff9b::c000:221]:4711, 56 bytes"},
	{"after an extension header",
	 REASON_NO_MAP_DST,
	 {IP6(16, 60), 17, 0, 1, 4, 0, 0, 0, 0, UDP},
	 56,
	 "UDP [2001:db8::1]:53 -> [64:ff9b::c000:221]:4711, 56 bytes"},
	{"a truncated chain",
	 REASON_BAD_CHAIN,
	 {IP6(4, 60), 17, 0, 1, 4},
	 44,
	 "protocol 60 2001:db8::1 -> 64:ff9b::c000:221, 44 bytes"},
	{"half a header", REASON_TOO_SHORT, {0x45, 0, 0, 40}, 4, "4 bytes"},
	{"not IP", REASON_BAD_VERSION, {0x95}, 60, "60 bytes"},
	{"nothing", REASON_TOO_SHORT, {0}, 0, "0 bytes"},
};

/* The IPv4 header checksum is missing in the rows; adds it. */
static void add_checksum(uint8_t *ip)
{
	uint32_t sum = 0;

	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)(ip[i] << 8 | ip[i + 1]);
	sum = (sum >> 16) + (sum & 0xffff);
	sum = ~(sum + (sum >> 16)) & 0xffff;
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
}

START_TEST(packets_in_words)
{
	const struct packet_row *r = &packet_rows[_i];
	uint8_t bytes[64];
	char want[512], is[512];
	static const char *const class[] = {[CLASS_DROP] = "drop", [CLASS_REJECT] = "reject"};

	memcpy(bytes, r->bytes, sizeof(bytes));
	if (r->len >= 20 && bytes[0] == 0x45 && r->why != REASON_BAD_CHECKSUM)
		add_checksum(bytes);
	snprintf(want, sizeof(want), "%s %s %s: %s: %s", class[reason_table[r->why].class],
		 bytes[0] >> 4 == 6 ? "6->4" : "4->6", reason_table[r->why].name,
		 reason_table[r->why].text, r->text);
	report_packet(is, sizeof(is), r->why, bytes, r->len);
	ck_assert_msg(strcmp(is, want) == 0, "%s: %s", r->name, is);
}
END_TEST

/* Any bytes and any buffer size: the text fits, and is a prefix of the full text. */
START_TEST(any_bytes)
{
	char whole[512], part[512];

	srand(64);
	for (int i = 0; i < 20000; i++) {
		size_t len = (size_t)rand() % 100, room = 1 + (size_t)rand() % sizeof(part);
		uint8_t *bytes = malloc(len + 1);
		enum reason why = (enum reason)(rand() % REASON_COUNT);

		for (size_t k = 0; k < len; k++)
			bytes[k] = (uint8_t)rand();
		if (len > 0)
			bytes[0] = (uint8_t)(rand() % 2 ? 0x45 : 0x60);
		report_packet(whole, sizeof(whole), why, bytes, len);
		report_packet(part, room, why, bytes, len);
		ck_assert_uint_lt(strlen(part), room);
		ck_assert_int_eq(strncmp(whole, part, strlen(part)), 0);
		ck_assert_uint_lt(strlen(whole), 400);
		free(bytes);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("report");
	TCase *t = tcase_create("report");

	tcase_add_test(t, zero_is_silent);
	tcase_add_test(t, counters_in_words);
	tcase_add_test(t, leases);
	tcase_add_test(t, each_item);
	tcase_add_test(t, full_lines);
	tcase_add_loop_test(t, packets_in_words, 0, ROWS(packet_rows));
	tcase_add_test(t, any_bytes);
	suite_add_tcase(s, t);
	return run_suite(s);
}

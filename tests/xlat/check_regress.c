/* check_regress - packets that once triggered a bug. */
#include <stdio.h>

#include "support/rig.h"
#include "support/run.h"

#define NO_PREFIX                                               \
	"own4 192.168.255.1; own6 2001:db8:ffff::64; mtu 1500;" \
	"map 198.51.100.7 2001:db8:9::7; pool 192.168.255.0/30;"

/* Without a prefix, a host reaches only mapped addresses, but has a lease.  A packet to it from an
 * address without a map used to be embedded in the first prefix, which does not exist. */
START_TEST(test_lease_without_prefix)
{
	static struct rig r;
	const char *bad;
	enum reason why;

	rig_open(&r, NO_PREFIX);
	why = rig_send_text(&r, "6 s=2001:db8:5::5 d=2001:db8:9::7 | udp");
	ck_assert_int_eq(why, REASON_OK);

	why = rig_send_text(&r, "4 s=203.0.113.9 d=192.168.255.2 | udp");
	if (why == REASON_NO_MAP_DST) /* the other host has this address */
		why = rig_send_text(&r, "4 s=203.0.113.9 d=192.168.255.3 | udp");
	bad = rig_differs(&r, why, REASON_NO_MAP_SRC, "answer 3 13");
	ck_assert_msg(!bad, "%s", bad);
	rig_close(&r);
}
END_TEST

/* The guest of a virtual machine chooses where a checksum is written, and the kernel passes that
 * on. Written to the data offset of a TCP header, it changes the length of the header; the rig
 * compares the output's facts with its bytes. */
START_TEST(test_checksum_in_the_data_offset)
{
	static struct rig r;
	static uint8_t b[CRAFT_MAX];
	struct offload o = {.csum = CSUM_PARTIAL, .csum_offset = 12};

	rig_open(&r, NULL);
	o.csum_start = _i ? 40 : 20;
	for (unsigned w = 0; w < 65536; w += 97) {
		char text[60];
		size_t len;

		snprintf(text, sizeof(text), "%s | tcp n=24 w=%u", _i ? "6r" : "4", w);
		len = craft(b, text, NULL);
		ck_assert_int_eq(rig_send_offload(&r, b, len, &o), REASON_OK);
	}
	rig_close(&r);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("regress");
	TCase *tc = tcase_create("regress");

	tcase_add_test(tc, test_lease_without_prefix);
	tcase_add_loop_test(tc, test_checksum_in_the_data_offset, 0, 2);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}

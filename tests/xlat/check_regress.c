/* check_regress - packets that once did harm. */
#include "support/rig.h"
#include "support/run.h"

#define NO_PREFIX                                               \
	"own4 192.168.255.1; own6 2001:db8:ffff::64; mtu 1500;" \
	"map 198.51.100.7 2001:db8:9::7; pool 192.168.255.0/30;"

/* Without a prefix a host reaches mapped addresses only, yet has a lease; what came to it from an
 * address without map was embedded in the first prefix, which is not there. */
START_TEST(test_lease_without_prefix)
{
	static struct rig r;
	const char *bad;
	enum reason why;

	rig_open(&r, NO_PREFIX);
	why = rig_send_text(&r, "6 s=2001:db8:5::5 d=2001:db8:9::7 | udp");
	ck_assert_int_eq(why, REASON_OK);

	why = rig_send_text(&r, "4 s=203.0.113.9 d=192.168.255.2 | udp");
	if (why == REASON_NO_MAP_DST) /* it was the other one */
		why = rig_send_text(&r, "4 s=203.0.113.9 d=192.168.255.3 | udp");
	bad = rig_differs(&r, why, REASON_NO_MAP_SRC, "answer 3 13");
	ck_assert_msg(!bad, "%s", bad);
	rig_close(&r);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("regress");
	TCase *tc = tcase_create("regress");

	tcase_add_test(tc, test_lease_without_prefix);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}

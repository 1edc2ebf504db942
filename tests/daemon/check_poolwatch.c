/* check_poolwatch - when there are warnings about a pool that fills up. */
#include <string.h>

#include "daemon/poolwatch.h"
#include "support/run.h"

#define MINUTE 60000
#define NAME   "dynamic-pool 192.0.2.0/24 from 2001:db8::/32"
#define ADVICE                                                                                  \
	"(`nat64ctl networks` shows the leases of each network: limit them with share, or add " \
	"another dynamic-pool, and reload)"

/* A pool of 100 addresses, checked at several times. */
static const struct look {
	size_t used;
	uint64_t refused;
	int minute;
	const char *want; /* the beginning of the warning; NULL: none */
} looks[] = {
	{79, 0, 1, NULL},
	{80, 0, 2, NAME ": 80 of 100 addresses are leased; "},
	{81, 0, 3, NULL},
	{79, 0, 4, NULL},
	{80, 0, 61, NULL},
	{85, 0, 62, NAME ": 85 of 100 "},
	{75, 0, 63, NULL},
	{80, 0, 64, NULL},
	{74, 0, 65, NULL},
	{80, 0, 66, NAME ": 80 of 100 "},
	{100, 0, 67, NULL},
	{100, 1, 68, NAME ": full, 1 packet of hosts without a lease refused " ADVICE},
	{100, 9, 69, NULL},
	{100, 9, 127, NULL},
	{100, 9, 128, NAME ": full, 8 packets of hosts without a lease refused " ADVICE},
	{100, 9, 187, NULL},
	{100, 9, 188, NAME ": 100 of 100 "},
	{100, 20, 300, NAME ": full, 11 packets "},
	{10, 20, 301, NULL},
	{10, 21, 302, NULL},
	{10, 21, 361, NAME ": full, 1 packet "},
	{80, 21, 362, NULL},
	/* a reload has removed a range with many refusals */
	{80, 4, 500,
	 NAME ": 80 of 100 addresses are leased; once it is full, new hosts may be "
	      "refused " ADVICE},
	{80, 5, 501, NAME ": full, 1 packet "},
};

static const char *look_at(struct poolwatch *w, size_t used, size_t size, uint64_t refused,
			   int minute, char line[POOLWATCH_LINE])
{
	const struct poolwatch_look is = {used, size, refused};

	return poolwatch_look(w, NAME, &is, (int64_t)minute * MINUTE, line);
}

START_TEST(test_looks)
{
	struct poolwatch w = {.said = 0};
	char line[POOLWATCH_LINE];

	for (int i = 0; i < ROWS(looks); i++) {
		const struct look *l = &looks[i];
		const char *is = look_at(&w, l->used, 100, l->refused, l->minute, line);

		ck_assert_msg(!is == !l->want, "look %d: %s", i, is ? is : "nothing");
		ck_assert_msg(!is || strncmp(is, l->want, strlen(l->want)) == 0, "look %d: %s", i,
			      is);
	}
}
END_TEST

/* A pool may have no addresses, if all are reserved. */
START_TEST(test_none)
{
	struct poolwatch w = {.said = 0};
	char line[POOLWATCH_LINE];

	ck_assert_ptr_null(look_at(&w, 0, 0, 0, 1, line));
	ck_assert_ptr_nonnull(look_at(&w, 0, 0, 1, 1, line));
	ck_assert_ptr_null(look_at(&w, 0, 0, 2, 1, line));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("poolwatch");
	TCase *t = tcase_create("poolwatch");

	tcase_add_test(t, test_looks);
	tcase_add_test(t, test_none);
	suite_add_tcase(s, t);
	return run_suite(s);
}

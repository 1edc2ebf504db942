/* check_pool_same - counts how many hosts have the same address on two translators with the same
 * secret and pool, if they arrive in different orders.
 *
 * The manual quotes these numbers. */
#include <stdio.h>
#include <stdlib.h>

#include "map/pool.h"
#include "support/plain_pool.h"
#include "support/random.h"
#include "support/run.h"

#define NETS  300 /* number of /64s with hosts */
#define ORDER 10  /* number of pairs of orders */

static const struct siphash_key secret = {0x0123456789abcdef, 0xfedcba9876543210};

static const struct row {
	const char *name;
	struct prefix4 range;
	uint32_t hosts;
	double least; /* percent, for each pair of orders */
} rows[] = {
	{"10000 hosts in 100.64.0.0/10", {0x64400000, 10}, 10000, 99.7},
	{"10000 hosts in a /16", {0x0a010000, 16}, 10000, 90},
	{"2000 hosts in a /16", {0x0a010000, 16}, 2000, 97},
	{"200 hosts in a /24", {0xc0000200, 24}, 200, 35},
	{"50 hosts in a /24", {0xc0000200, 24}, 50, 75},
};

/* Interface identifiers are random or look so (RFC 7217, RFC 8981). */
static struct ip6 *make_hosts(uint32_t n)
{
	struct ip6 *host = calloc(n, sizeof(*host));

	ck_assert_ptr_nonnull(host);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t net = random_below(NETS);

		host[i] = (struct ip6){{0x20, 0x01, 0x0d, 0xb8}};
		host[i].b[6] = (uint8_t)(net >> 8);
		host[i].b[7] = (uint8_t)net;
		random_fill(host[i].b + 8, 8);
	}
	return host;
}

static void shuffle(struct ip6 *host, uint32_t n)
{
	for (uint32_t i = n - 1; i > 0; i--) {
		uint32_t k = random_below(i + 1);
		struct ip6 h = host[i];

		host[i] = host[k];
		host[k] = h;
	}
}

/* Each daemon has its own random table key. */
static struct pool *serve(const struct row *r, const struct ip6 *host)
{
	struct siphash_key key = {random_next(), random_next()};
	struct pool *p = plain_pool(&r->range, 1, &key);

	ck_assert_ptr_nonnull(p);
	pool_set_secret(p, &secret);
	for (uint32_t i = 0; i < r->hosts; i++)
		ck_assert_ptr_nonnull(pool_assign(p, &host[i], 0, (int32_t)i));
	return p;
}

static double share(const struct row *r)
{
	struct ip6 *host = make_hosts(r->hosts);
	struct pool *a = serve(r, host), *b;
	uint32_t same = 0;

	shuffle(host, r->hosts);
	b = serve(r, host);
	for (uint32_t i = 0; i < r->hosts; i++)
		same += pool_find6(a, &host[i], 0)->addr == pool_find6(b, &host[i], 0)->addr;
	pool_free(a);
	pool_free(b);
	free(host);
	return 100.0 * same / r->hosts;
}

START_TEST(same_address)
{
	const struct row *r = &rows[_i];
	double least = 100, sum = 0;

	for (int i = 0; i < ORDER; i++) {
		double is = share(r);

		least = is < least ? is : least;
		sum += is;
	}
	printf("# %s: %.2f %% have the same address on both, at least %.2f %%\n", r->name,
	       sum / ORDER, least);
	fflush(stdout);
	ck_assert_msg(least >= r->least, "%s: %.2f %%", r->name, least);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pool_same");
	TCase *t = tcase_create("pool_same");

	tcase_add_loop_test(t, same_address, 0, ROWS(rows));
	suite_add_tcase(s, t);
	return run_suite(s);
}

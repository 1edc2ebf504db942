/* check_pool_model - compares the pool with a list of leases that is searched linearly, on random
 * days. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "map/naive_pool.h"
#include "map/pool.h"
#include "support/random.h"
#include "support/run.h"
#include "support/shortened.h"

#define IP4(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (c) << 8 | (d))

static const struct siphash_key key = {0x1122334455667788, 0x99aabbccddeeff00};

#define RANGE(a, b, c, d, length) .range = {IP4(a, b, c, d), length}
#define TIMES                     .guarantee = POOL_GUARANTEE, .keep = POOL_KEEP
#define SITE1                     .from = {{{0x20, 0x01, 0x0d, 0xb8, 0, 1}}, 48}
#define SITE1_LAN2                .from = {{{0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2}}, 64}

static const struct {
	const char *name;
	struct pool_conf conf[NAIVE_POOLS];
	size_t n;
} pools[] = {
	{"/31", {{RANGE(10, 0, 0, 0, 31), TIMES}}, 1},
	{"/30", {{RANGE(10, 0, 0, 0, 30), TIMES}}, 1},
	{"/26", {{RANGE(10, 0, 0, 0, 26), TIMES}}, 1},
	{"/24", {{RANGE(192, 168, 255, 0, 24), TIMES}}, 1},
	{"/23: room for all", {{RANGE(10, 0, 0, 0, 23), TIMES}}, 1},
	{"two ranges", {{RANGE(10, 0, 0, 0, 30), TIMES}, {RANGE(10, 0, 1, 0, 31), TIMES}}, 2},
	{"the end of the addresses", {{RANGE(255, 255, 255, 0, 24), TIMES}}, 1},
	{"three, not in order",
	 {{RANGE(172, 16, 0, 0, 25), TIMES},
	  {RANGE(192, 168, 0, 0, 28), TIMES},
	  {RANGE(10, 0, 0, 0, 31), TIMES}},
	 3},
	{"short times", {{RANGE(10, 0, 0, 0, 26), .guarantee = 10, .keep = 300}}, 1},
	{"short times and room", {{RANGE(10, 0, 0, 0, 23), .guarantee = 100, .keep = 100}}, 1},
	{"shares of a /64", {{RANGE(10, 0, 0, 0, 24), TIMES, .share = 5, .share_len = 64}}, 1},
	{"shares of a /48", {{RANGE(10, 0, 0, 0, 25), TIMES, .share = 20, .share_len = 48}}, 1},
	{"shares of a /40", {{RANGE(10, 0, 0, 0, 26), TIMES, .share = 99, .share_len = 40}}, 1},
	{"shares of a /60", {{RANGE(10, 0, 0, 0, 25), TIMES, .share = 9, .share_len = 60}}, 1},
	{"shares of a host", {{RANGE(10, 0, 0, 0, 25), TIMES, .share = 1, .share_len = 128}}, 1},
	{"shares of a /126", {{RANGE(10, 0, 0, 0, 26), TIMES, .share = 2, .share_len = 126}}, 1},
	{"for some, and one of them",
	 {{RANGE(10, 0, 1, 0, 27), .guarantee = 50, .keep = 1000, SITE1_LAN2},
	  {RANGE(10, 0, 0, 0, 26), TIMES, SITE1}},
	 2},
	{"for all, some, and one of them, in several ranges",
	 {{RANGE(10, 0, 1, 0, 27), TIMES},
	  {RANGE(10, 0, 5, 0, 28), .guarantee = 50, .keep = 1000, SITE1, .share = 3,
	   .share_len = 64},
	  {RANGE(10, 0, 0, 0, 26), TIMES},
	  {RANGE(10, 0, 3, 0, 28), .guarantee = 50, .keep = 1000, SITE1, .share = 3,
	   .share_len = 64}},
	 4},
	{"one of a peer",
	 {{RANGE(10, 0, 0, 0, 26), TIMES},
	  {RANGE(10, 0, 1, 0, 27), .guarantee = 10, .keep = 300, .standby = true}},
	 2},
	{"only of peers",
	 {{RANGE(10, 0, 1, 0, 27), TIMES, .standby = true},
	  {RANGE(10, 0, 0, 0, 28), TIMES, SITE1, .standby = true}},
	 2},
	{"of peers, for all and for some, with shares",
	 {{RANGE(10, 0, 5, 0, 28), TIMES, SITE1, .share = 3, .share_len = 64, .standby = true},
	  {RANGE(10, 0, 0, 0, 26), TIMES},
	  {RANGE(10, 0, 1, 0, 27), TIMES, .standby = true},
	  {RANGE(10, 0, 3, 0, 28), TIMES, SITE1, .share = 3, .share_len = 64}},
	 4},
};

/* Most hosts are in a few networks, and a few hosts in many. */
static struct ip6 host(uint32_t n)
{
	struct ip6 a = {{0x20, 0x01, 0x0d, 0xb8, [15] = (uint8_t)n, [14] = (uint8_t)(n >> 8)}};

	if (n % 4 == 0)
		a.b[5] = (uint8_t)(n / 4 + 10);
	else if (n % 4 == 1)
		a.b[7] = (uint8_t)(n / 4);
	else
		a.b[5] = (uint8_t)(n % 3), a.b[7] = (uint8_t)(n % 5);
	return a;
}

static void set_lease(struct naive *m, const struct lease *l, uint32_t n)
{
	naive_begin(m, n, l->addr, l->last, l->since);
}

static struct lease *find(const struct pool *p, const struct naive *m, uint32_t n)
{
	return pool_find6(p, &m->lease[n].host, 0);
}

static uint32_t some_addr(const struct naive *m)
{
	const struct prefix4 *r = &m->conf[random_below((uint32_t)m->confs)].range;

	return r->addr + random_below(1u << (32 - r->len));
}

static void check_ended(const struct pool *p, const struct naive_lease *old)
{
	struct lease ended;

	ck_assert(pool_ended(p, &ended) == (old != NULL));
	if (old)
		ck_assert(ended.addr == old->addr && ip6_equal(&ended.host, &old->host));
}

/* check_pool checks which free address is chosen. */
static void try_assign(struct pool *p, struct naive *m, uint32_t n, int32_t now)
{
	const struct ip6 *h = &m->lease[n].host;
	struct naive_lease *old = NULL;
	bool serves = naive_group(m, h) >= 0, room = serves && naive_room(m, n, now, &old);
	uint32_t would = 0;
	struct lease *l;

	ck_assert(pool_serves(p, h) == serves);
	ck_assert(pool_would_assign(p, h, now, &would) == room);
	l = pool_assign(p, h, 0, now);
	ck_assert_int_eq(l != NULL, room);
	m->refused += serves && !room;
	m->displaced += room && old;
	check_ended(p, room ? old : NULL);
	if (!room)
		return;
	if (old)
		naive_end(m, old);
	ck_assert_uint_eq(l->addr, would);
	ck_assert_ptr_null(naive_at(m, l->addr));
	ck_assert(!naive_reserved(m, l->addr));
	ck_assert_int_eq(naive_group_of_range(m, (size_t)naive_range(m, l->addr)),
			 naive_group(m, h));
	ck_assert(!pool_stands_by(p, l->addr));
	set_lease(m, l, n);
}

static bool fits(const struct naive *m, const struct ip6 *h, uint32_t addr)
{
	int range = naive_range(m, addr);

	if (range < 0 || naive_reserved(m, addr))
		return false;
	if (m->conf[range].standby)
		return addr_in6(h, &m->conf[range].from);
	return naive_group_of_range(m, (size_t)range) == naive_group(m, h);
}

static void try_restore(struct pool *p, struct naive *m, uint32_t n, int32_t last)
{
	uint32_t addr = some_addr(m);
	struct lease *l = pool_restore(p, &m->lease[n].host, 0, addr, last);
	struct naive_lease *old = naive_at(m, addr);

	ck_assert_int_eq(l != NULL, fits(m, &m->lease[n].host, addr));
	if (!l)
		return;
	if (old)
		naive_end(m, old);
	if (m->lease[n].live)
		naive_end(m, &m->lease[n]);
	set_lease(m, l, n);
	ck_assert_int_eq(m->lease[n].since, POOL_UNKNOWN);
}

static void sort(struct pool *p, struct naive *m)
{
	ck_assert_int_eq(pool_sort(p), 0);
	naive_sort(m);
}

static void try_reserve(struct pool *p, struct naive *m)
{
	struct prefix4 prefix = {some_addr(m), (uint8_t)(29 + random_below(4))};

	prefix.addr &= addr_mask4(prefix.len);
	/* in the order in which the pool finds them, because networks are numbered */
	for (uint32_t a = prefix.addr; addr_in4(a, &prefix); a++) {
		struct naive_lease *l = naive_at(m, a);
		int range = naive_range(m, a);
		struct prefix4 one = {a, 32};

		pool_reserve(p, &one);
		if (l)
			naive_end(m, l);
		if (range >= 0)
			m->reserved[range][a - m->conf[range].range.addr] = true;
		if (a == UINT32_MAX)
			break;
	}
}

static void try_unreserve(struct pool *p, struct naive *m)
{
	uint32_t addr = some_addr(m);
	int range = naive_range(m, addr);

	pool_unreserve(p, addr);
	m->reserved[range][addr - m->conf[range].range.addr] = false;
}

/* Group by group, beginning with the one in which the last lease ended. */
static void try_expire(struct pool *p, struct naive *m, int32_t now)
{
	unsigned budget = random_below(5), ended = 0;
	struct naive_lease *old;

	for (size_t seen = 0; seen < m->confs && ended < budget;) {
		old = naive_oldest(m, (int)m->expiring);
		if (old && !m->conf[m->expiring].standby &&
		    (int64_t)now - old->last > m->conf[m->expiring].keep) {
			naive_end(m, old);
			ended++;
		} else {
			m->expiring = (m->expiring + 1) % m->confs;
			seen++;
		}
	}
	ck_assert_uint_eq(pool_expire(p, now, budget), ended);
}

static size_t confirmed_in(const struct naive *m, const struct pool_range *r)
{
	size_t n = 0;

	for (int i = 0; i < NAIVE_HOSTS; i++)
		n += m->lease[i].live && m->lease[i].confirmed && m->lease[i].addr >= r->first &&
		     m->lease[i].addr <= r->last;
	return n;
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

static void compare_group(const struct naive *m, const struct pool_range *r)
{
	int group = naive_group_of_range(m, (size_t)naive_range(m, r->first));
	size_t networks = 0, confirmed = 0, unconfirmed = 0;

	for (int i = 0; i < NAIVE_NETS; i++) {
		const struct naive_net *n = &m->net[i];
		size_t held;

		if (!n->live || n->parent >= 0 || n->group != group)
			continue;
		networks++;
		held = naive_held(m, n->group, i, true);
		confirmed = larger(confirmed, held);
		unconfirmed = larger(unconfirmed, naive_held(m, n->group, i, false) - held);
		ck_assert_uint_eq(r->group_size, naive_size(m, n->group));
		ck_assert_uint_eq(r->group_used, naive_held(m, n->group, -1, false));
	}
	ck_assert(r->standby == m->conf[group].standby);
	ck_assert_uint_eq(r->networks, networks);
	ck_assert_uint_eq(r->most_confirmed, confirmed);
	ck_assert_uint_eq(r->most_unconfirmed, unconfirmed);
}

static void compare_ranges(const struct pool *p, const struct naive *m)
{
	uint64_t refused = 0, displaced = 0, not_preferred = 0;
	struct lease *l;

	for (size_t i = 0; i < m->confs; i++) {
		struct pool_range r;

		pool_range(p, i, &r);
		ck_assert_uint_eq(r.confirmed, confirmed_in(m, &r));
		compare_group(m, &r);
		refused += r.refused;
		displaced += r.displaced;
		not_preferred += r.not_preferred;
	}
	ck_assert_uint_eq(refused, m->refused);
	ck_assert_uint_eq(displaced, m->displaced);
	for (size_t cursor = 0; (l = pool_walk(p, &cursor));)
		not_preferred -= !l->preferred;
	ck_assert_uint_eq(not_preferred, 0);
}

static int find_net(const struct naive *m, const struct pool_network *n)
{
	int found = -1;

	for (int i = 0; i < NAIVE_NETS; i++)
		if (m->net[i].live && m->net[i].len == n->prefix.len &&
		    ip6_equal(&m->net[i].prefix, &n->prefix.addr) &&
		    naive_held(m, m->net[i].group, i, false) == n->used &&
		    naive_held(m, m->net[i].group, i, true) == n->confirmed &&
		    naive_siblings(m, i) == n->networks)
			found = i;
	return found;
}

static void compare_networks(const struct pool *p, const struct naive *m)
{
	struct pool_network n;
	size_t all = 0;

	for (int i = 0; i < NAIVE_NETS; i++)
		all += m->net[i].live && !m->conf[m->net[i].group].standby;
	for (size_t cursor = 0; pool_network(p, &cursor, &n); all--) {
		struct pool_range r;
		int i = find_net(m, &n);

		ck_assert_int_ge(i, 0);
		ck_assert_uint_eq(n.share, naive_share(m, i));
		pool_range(p, n.range, &r);
		ck_assert(prefix6_equal(&m->conf[naive_range(m, r.first)].from,
					&m->conf[m->net[i].group].from));
	}
	ck_assert_uint_eq(all, 0);
}

static void compare_lease(const struct pool *p, const struct naive_lease *l)
{
	const struct lease *same = pool_find6(p, &l->host, 0);

	ck_assert_int_eq(same != NULL, l->live);
	if (!same)
		return;
	ck_assert_uint_eq(same->addr, l->addr);
	ck_assert_int_eq(same->last, l->last);
	ck_assert_int_eq(same->since, l->since);
	ck_assert(same->answered == l->answered);
	ck_assert(same->confirmed == l->confirmed);
	ck_assert_ptr_eq(pool_find4(p, l->addr), same);
}

/* The longest idle lease last, group by group. */
static void compare_order(const struct pool *p, struct naive *m)
{
	struct lease *l = NULL;
	uint64_t before = UINT64_MAX;
	size_t seen = 0, cursor = 0;
	int group = -1, now;

	for (; (l = pool_next(p, l)); seen++) {
		const struct naive_lease *same = naive_at(m, l->addr);

		ck_assert_ptr_nonnull(same);
		now = naive_group_of_range(m, (size_t)naive_range(m, same->addr));
		ck_assert(now != group || same->stamp < before);
		before = same->stamp;
		group = now;
	}
	ck_assert_uint_eq(seen, pool_used(p));
	while (pool_walk(p, &cursor))
		seen--;
	ck_assert_uint_eq(seen, 0);
}

static void compare(const struct pool *p, struct naive *m)
{
	size_t used = 0, size = 0;

	for (uint32_t i = 0; i < NAIVE_HOSTS; i++) {
		compare_lease(p, &m->lease[i]);
		used += m->lease[i].live;
	}
	for (size_t i = 0; i < m->confs; i++)
		for (uint32_t a = 0; a < 1u << (32 - m->conf[i].range.len); a++)
			size += !m->reserved[i][a];
	ck_assert_uint_eq(pool_size(p), size);
	ck_assert_uint_eq(pool_used(p), used);
	compare_order(p, m);
	compare_ranges(p, m);
	compare_networks(p, m);
}

static void one_turn(struct pool *p, struct naive *m, int32_t now)
{
	uint32_t n = random_below(NAIVE_HOSTS), what = random_below(1000);
	uint32_t addr = some_addr(m);

	if (what < 1)
		try_reserve(p, m);
	else if (what < 2)
		try_unreserve(p, m);
	else if (what < 20)
		try_restore(p, m, n, now);
	else if (what < 22) {
		try_restore(p, m, n, now - (int32_t)random_below(1000));
		sort(p, m);
	} else if (what < 60)
		try_expire(p, m, now);
	else if (!m->lease[n].live)
		try_assign(p, m, n, now);
	else if (what < 400) {
		pool_answer(find(p, m, n));
		m->lease[n].answered = true;
	} else {
		pool_touch(p, find(p, m, n), now);
		naive_send(m, &m->lease[n], now);
	}
	ck_assert_int_eq(pool_find4(p, addr) != NULL, naive_at(m, addr) != NULL);
}

START_TEST(random_days)
{
	static struct naive m;
	struct pool *p = pool_new(pools[_i].conf, pools[_i].n, &key);
	int32_t now = -50000;

	ck_assert_ptr_nonnull(p);
	naive_init(&m, pools[_i].conf, pools[_i].n, &key);
	for (uint32_t n = 0; n < NAIVE_HOSTS; n++)
		m.lease[n].host = host(n);
	for (int turn = 0; turn < SHORTENED(10000); turn++) {
		if (random_below(3) == 0)
			now += (int32_t)random_below(turn / SHORTENED(2000) % 2 ? 100 : 2);
		if (random_below(2000) == 0)
			now += POOL_KEEP - 5000;
		one_turn(p, &m, now);
		if (turn % 500 == 0)
			compare(p, &m);
	}
	compare(p, &m);
	pool_free(p);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pool_model");
	TCase *t = tcase_create("pool_model");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, random_days, 0, ROWS(pools));
	suite_add_tcase(s, t);
	return run_suite(s);
}

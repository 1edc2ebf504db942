/* check_pool_model - the pool against a list of leases that is searched from end to end, on random
 * days. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "map/pool.h"
#include "support/random.h"
#include "support/run.h"
#include "support/plain_pool.h"

#define IP4(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (c) << 8 | (d))

static const struct siphash_key key = {0x1122334455667788, 0x99aabbccddeeff00};

static const struct {
	struct prefix4 range[3];
	size_t n;
} pools[] = {
	{{{IP4(10, 0, 0, 0), 31}}, 1},
	{{{IP4(10, 0, 0, 0), 30}}, 1},
	{{{IP4(10, 0, 0, 0), 26}}, 1},
	{{{IP4(192, 168, 255, 0), 24}}, 1},
	{{{IP4(10, 0, 0, 0), 23}}, 1},
	{{{IP4(10, 0, 0, 0), 30}, {IP4(10, 0, 1, 0), 31}}, 2},
	{{{IP4(255, 255, 255, 0), 24}}, 1},
	{{{IP4(172, 16, 0, 0), 25}, {IP4(192, 168, 0, 0), 28}, {IP4(10, 0, 0, 0), 31}}, 3},
};

static struct ip6 host(uint32_t n)
{
	struct ip6 a = {{0x20, 0x01, 0x0d, 0xb8}};

	for (int i = 0; i < 4; i++)
		a.b[12 + i] = (uint8_t)(n >> (24 - 8 * i));
	return a;
}

static struct lease *assign(struct pool *p, uint32_t n, int32_t now)
{
	struct ip6 h = host(n);

	return pool_assign(p, &h, 0, now);
}

static struct lease *find(const struct pool *p, uint32_t n)
{
	struct ip6 h = host(n);

	return pool_find6(p, &h, 0);
}

static struct lease *restore(struct pool *p, uint32_t n, uint32_t addr, int32_t last)
{
	struct ip6 h = host(n);

	return pool_restore(p, &h, 0, addr, last);
}

#define HOSTS 400

struct naive_lease {
	uint32_t host, addr;
	int32_t last, since;
	uint64_t stamp; /* when it was used last, in turns */
	bool live, answered, confirmed;
};

struct naive {
	struct naive_lease lease[HOSTS]; /* by host */
	bool reserved[512];              /* by slot */
	uint64_t refused, displaced;
	int row;
	uint64_t turn;
};

static uint32_t naive_size(const struct naive *m)
{
	uint32_t n = 0;

	for (size_t i = 0; i < pools[m->row].n; i++)
		n += 1u << (32 - pools[m->row].range[i].len);
	return n;
}

static struct naive_lease *naive_at(struct naive *m, uint32_t addr)
{
	for (int i = 0; i < HOSTS; i++)
		if (m->lease[i].live && m->lease[i].addr == addr)
			return &m->lease[i];
	return NULL;
}

static struct naive_lease *naive_oldest(struct naive *m)
{
	struct naive_lease *best = NULL;

	for (int i = 0; i < HOSTS; i++)
		if (m->lease[i].live && (!best || m->lease[i].stamp < best->stamp))
			best = &m->lease[i];
	return best;
}

static size_t naive_used(const struct naive *m)
{
	size_t n = 0;

	for (int i = 0; i < HOSTS; i++)
		n += m->lease[i].live;
	return n;
}

static bool naive_reserved(const struct naive *m, uint32_t addr)
{
	uint32_t base = 0;

	for (size_t i = 0; i < pools[m->row].n; i++) {
		const struct prefix4 *r = &pools[m->row].range[i];

		if (addr_in4(addr, r))
			return m->reserved[base + (addr - r->addr)];
		base += 1u << (32 - r->len);
	}
	return true;
}

static uint32_t some_addr(const struct naive *m)
{
	const struct prefix4 *r = &pools[m->row].range[random_below((uint32_t)pools[m->row].n)];

	return r->addr + random_below(1u << (32 - r->len));
}

static void set_lease(struct naive *m, const struct lease *l, uint32_t n)
{
	m->lease[n] = (struct naive_lease){.host = n,
					   .addr = l->addr,
					   .last = l->last,
					   .since = l->last,
					   .stamp = ++m->turn,
					   .live = true};
}

static void try_assign(struct pool *p, struct naive *m, uint32_t n, int32_t now)
{
	struct naive_lease *old = NULL;
	struct lease *l;
	bool full = naive_used(m) == pool_size(p);

	if (full)
		old = naive_oldest(m);
	l = assign(p, n, now);
	if (full && (!old || now - old->last <= POOL_GUARANTEE)) {
		ck_assert_ptr_null(l);
		m->refused++;
		return;
	}
	ck_assert_ptr_nonnull(l);
	m->displaced += full;
	if (full) {
		ck_assert_uint_eq(l->addr, old->addr);
		old->live = false;
	}
	ck_assert_ptr_null(naive_at(m, l->addr));
	ck_assert(!naive_reserved(m, l->addr));
	set_lease(m, l, n);
}

static void try_restore(struct pool *p, struct naive *m, uint32_t n, int32_t now)
{
	uint32_t addr = some_addr(m);
	struct lease *l = restore(p, n, addr, now);
	struct naive_lease *old = naive_at(m, addr);

	ck_assert_int_eq(l == NULL, naive_reserved(m, addr));
	if (!l)
		return;
	if (old)
		old->live = false;
	set_lease(m, l, n);
	m->lease[n].since = POOL_UNKNOWN;
}

static void try_reserve(struct pool *p, struct naive *m)
{
	struct prefix4 prefix = {some_addr(m), (uint8_t)(29 + random_below(4))};
	uint32_t base = 0;

	prefix.addr &= addr_mask4(prefix.len);
	pool_reserve(p, &prefix);
	for (size_t i = 0; i < pools[m->row].n; i++) {
		const struct prefix4 *r = &pools[m->row].range[i];

		for (uint32_t s = 0; s < 1u << (32 - r->len); s++)
			if (addr_in4(r->addr + s, &prefix))
				m->reserved[base + s] = true;
		base += 1u << (32 - r->len);
	}
	for (int i = 0; i < HOSTS; i++)
		if (addr_in4(m->lease[i].addr, &prefix))
			m->lease[i].live = false;
}

static void try_expire(struct pool *p, struct naive *m, int32_t now)
{
	unsigned budget = random_below(5), ended = 0;
	struct naive_lease *old;

	while (ended < budget && (old = naive_oldest(m)) && now - old->last > POOL_KEEP) {
		old->live = false;
		ended++;
	}
	ck_assert_uint_eq(pool_expire(p, now, budget), ended);
}

static size_t confirmed_in(const struct naive *m, const struct pool_range *r)
{
	size_t n = 0;

	for (int i = 0; i < HOSTS; i++)
		n += m->lease[i].live && m->lease[i].confirmed && m->lease[i].addr >= r->first &&
		     m->lease[i].addr <= r->last;
	return n;
}

static void compare_ranges(const struct pool *p, const struct naive *m)
{
	uint64_t refused = 0, displaced = 0;

	for (size_t i = 0; i < pools[m->row].n; i++) {
		struct pool_range r;

		pool_range(p, i, &r);
		ck_assert_uint_eq(r.confirmed, confirmed_in(m, &r));
		refused += r.refused;
		displaced += r.displaced;
	}
	ck_assert_uint_eq(refused, m->refused);
	ck_assert_uint_eq(displaced, m->displaced);
}

static void compare(const struct pool *p, struct naive *m)
{
	size_t reserved = 0, seen = 0, cursor = 0;
	const struct lease *l = NULL;
	uint64_t before = UINT64_MAX;

	for (uint32_t i = 0; i < HOSTS; i++) {
		l = find(p, i);
		ck_assert_int_eq(l != NULL, m->lease[i].live);
		if (!l)
			continue;
		ck_assert_uint_eq(l->addr, m->lease[i].addr);
		ck_assert_int_eq(l->last, m->lease[i].last);
		ck_assert_int_eq(l->since, m->lease[i].since);
		ck_assert(l->answered == m->lease[i].answered);
		ck_assert(l->confirmed == m->lease[i].confirmed);
		ck_assert_ptr_eq(pool_find4(p, l->addr), l);
	}
	for (uint32_t s = 0; s < naive_size(m); s++)
		reserved += m->reserved[s];
	ck_assert_uint_eq(pool_size(p), naive_size(m) - reserved);
	ck_assert_uint_eq(pool_used(p), naive_used(m));
	for (l = NULL; (l = pool_next(p, l)); seen++) {
		const struct naive_lease *same = naive_at(m, l->addr);

		ck_assert(same && same->stamp < before);
		before = same ? same->stamp : 0;
	}
	ck_assert_uint_eq(seen, pool_used(p));
	while (pool_walk(p, &cursor))
		seen--;
	ck_assert_uint_eq(seen, 0);
	compare_ranges(p, m);
}

static void send(struct pool *p, struct naive_lease *l, uint64_t *turn, int32_t now)
{
	pool_touch(p, find(p, l->host), now);
	l->confirmed = l->confirmed || l->answered;
	if (l->last == now)
		return;
	l->last = now;
	l->stamp = ++*turn;
}

static void one_turn(struct pool *p, struct naive *m, int32_t now)
{
	uint32_t n = random_below(HOSTS), what = random_below(1000);
	uint32_t addr = some_addr(m);

	if (what < 1)
		try_reserve(p, m);
	else if (what < 50)
		try_restore(p, m, n, now);
	else if (what < 100)
		try_expire(p, m, now);
	else if (!m->lease[n].live)
		try_assign(p, m, n, now);
	else if (what < 400) {
		pool_answer(find(p, n));
		m->lease[n].answered = true;
	} else
		send(p, &m->lease[n], &m->turn, now);
	ck_assert_int_eq(pool_find4(p, addr) != NULL, naive_at(m, addr) != NULL);
}

START_TEST(random_days)
{
	static struct naive m;
	struct pool *p = plain_pool(pools[_i].range, pools[_i].n, &key);
	int32_t now = -50000;

	ck_assert_ptr_nonnull(p);
	memset(&m, 0, sizeof(m));
	m.row = _i;
	for (uint32_t i = 0, base = 0; i < pools[_i].n; i++) {
		m.reserved[base] = true;
		base += 1u << (32 - pools[_i].range[i].len);
	}
	for (int turn = 0; turn < 20000; turn++) {
		if (random_below(3) == 0)
			now += (int32_t)random_below(100);
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

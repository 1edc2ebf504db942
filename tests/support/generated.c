/* generated - makes a translator from a random configuration. */
#include "generated.h"

#include <check.h>

static void open_maps(struct generated *g)
{
	size_t other;

	g->maps = map_table_new();
	for (unsigned i = 0; i < g->model.prefixes; i++)
		ck_assert(map_add_prefix(g->maps, &g->model.prefix[i]));
	for (unsigned i = 0; i < g->model.maps; i++)
		ck_assert_int_eq(map_add(g->maps, &g->model.map[i], &other), MAP_ADDED);
	ck_assert_int_eq(map_seal(g->maps), 0);
}

static void open_translatable(struct generated *g)
{
	const struct prefix4 *p = &g->model.translatable;
	uint8_t key[4];

	g->translatable = lpm_new(32);
	model_put32(key, p->addr);
	if (p->len > 0)
		lpm_add(g->translatable, key, p->len, 0);
	ck_assert_int_eq(lpm_seal(g->translatable), 0);
	g->conf.translatable = g->translatable;
	g->conf.translatable_all = g->model.all_translatable;
}

static void open_routes(struct generated *g)
{
	const struct model *m = &g->model;

	g->routes = lpm_new(128);
	for (unsigned i = 0; i < m->routes; i++)
		lpm_add(g->routes, m->route[i].addr.b, m->route[i].len, m->routed_here[i]);
	ck_assert_int_eq(lpm_seal(g->routes), 0);
	g->x.routes6 = m->routes ? g->routes : NULL;
}

struct lpm *generated_allow(const struct model *m)
{
	struct lpm *t;

	if (m->allows == 0)
		return NULL;
	t = lpm_new(128);
	for (unsigned i = 0; i < m->allows; i++)
		lpm_add(t, m->allow[i].addr.b, m->allow[i].len, i);
	ck_assert_int_eq(lpm_seal(t), 0);
	return t;
}

struct lpm *generated_deny(const struct model *m)
{
	struct lpm *t;
	uint8_t key[4];

	if (m->denies == 0)
		return NULL;
	t = lpm_new(32);
	for (unsigned i = 0; i < m->denies; i++) {
		model_put32(key, m->deny[i].addr);
		lpm_add(t, key, m->deny[i].len, i);
	}
	ck_assert_int_eq(lpm_seal(t), 0);
	return t;
}

struct pool *generated_pool(const struct model *m, const struct siphash_key *key)
{
	struct pool_conf conf[MODEL_POOLS];
	struct pool *p;

	for (unsigned i = 0; i < m->pools; i++) {
		conf[i] = pool_plain(m->pool[i]);
		conf[i].from = m->from[i];
	}
	p = pool_new(conf, m->pools, key);
	ck_assert_ptr_nonnull(p);
	return p;
}

static void open_pool(struct generated *g)
{
	struct prefix4 own = {g->conf.own4, 32};

	g->x.pool = NULL;
	if (g->model.pools == 0)
		return;
	g->x.pool = generated_pool(&g->model, &g->x.ipid.key);
	pool_set_allow(g->x.pool, g->conf.allow);
	pool_reserve(g->x.pool, &own);
	if (g->conf.has_icmp_source)
		pool_reserve(g->x.pool, &g->conf.icmp_source);
	for (unsigned i = 0; i < g->model.maps; i++)
		pool_reserve(g->x.pool, &g->model.map[i].p4);
}

static void set_draining(struct generated *g, bool on)
{
	xlat_set_draining(&g->x, on);
	g->model.draining = on;
}

void generated_open(struct generated *g, uint64_t seed)
{
	struct ratelimit_conf rate = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};

	generate_seed(seed);
	generate_conf(&g->model, &g->conf);
	if (g->model.rate_zero)
		rate.net_rate = 0;
	g->x.conf = &g->conf;
	g->x.mtu = g->model.mtu;
	set_draining(g, false);
	g->x.ipid.key = (struct siphash_key){seed, ~seed};
	for (unsigned i = 0; i < IPID_COUNTERS; i++)
		g->x.ipid.counter[i] = (uint16_t)generate_below(65536);
	open_maps(g);
	g->x.maps = g->maps;
	g->conf.allow = g->allow = generated_allow(&g->model);
	g->conf.deny = g->deny = generated_deny(&g->model);
	open_pool(g);
	open_translatable(g);
	open_routes(g);
	g->x.ratelimit = ratelimit_new(&rate, &g->x.ipid.key);
	g->now = 1000000;
}

void generated_close(struct generated *g)
{
	ratelimit_free(g->x.ratelimit);
	pool_free(g->x.pool);
	map_table_free(g->maps);
	lpm_free(g->translatable);
	lpm_free(g->routes);
	lpm_free(g->allow);
	lpm_free(g->deny);
}

void generated_pass_time(struct generated *g)
{
	unsigned what = generate_below(100);

	if (what < 40)
		g->now += generate_below(2000);
	else if (what == 40)
		g->now += 8000000;
	else if (what == 41)
		g->now += 1000 * (int64_t)generate_below(3000);
	else if (what == 42)
		set_draining(g, true);
	else if (what < 48)
		set_draining(g, false);
}

/* active - builds everything that is derived from a configuration: the setup of the device, the
 * pool, the rate limit, and the set of relevant routes. */
#include <stdlib.h>
#include <string.h>

#include "daemon.h"

/* The kernel itself receives packets for the addresses of the device. */
static void reserve_device(struct pool *p, const struct conf *c)
{
	for (size_t i = 0; i < c->tun_ips; i++) {
		const struct prefix *a = &c->tun_ip[i];
		uint32_t broadcast = conf_broadcast(a);

		if (a->family == 4)
			pool_reserve(p, &(struct prefix4){a->addr4, 32});
		if (broadcast)
			pool_reserve(p, &(struct prefix4){broadcast, 32});
	}
}

bool active_withholds(const struct conf *c, uint32_t a)
{
	for (size_t i = 0; i < c->tun_ips; i++) {
		const struct prefix *own = &c->tun_ip[i];

		if ((own->family == 4 && own->addr4 == a) || conf_broadcast(own) == a)
			return true;
	}
	for (size_t i = 0; i < c->pools; i++)
		if (c->pool[i].range.addr == a)
			return true;
	return a == c->xlat.own4 || (c->xlat.has_icmp_source && addr_in4(a, &c->xlat.icmp_source));
}

/* Reserves the addresses that must not be leased. */
static struct pool *new_pool(const struct keys *keys, const struct conf *c,
			     const struct siphash_key *secret)
{
	struct pool *p = pool_new(c->pool, c->pools, &keys->pool);

	if (!p)
		return NULL;
	pool_set_secret(p, secret);
	pool_set_allow(p, c->allow_table);
	pool_reserve(p, &(struct prefix4){c->xlat.own4, 32});
	if (c->xlat.has_icmp_source)
		pool_reserve(p, &c->xlat.icmp_source);
	reserve_device(p, c);
	for (size_t i = 0; i < map_count(c->maps); i++)
		pool_reserve(p, &map_at(c->maps, i)->p4);
	return p;
}

static bool same_rate(const struct ratelimit_conf *a, const struct ratelimit_conf *b)
{
	return a->all_rate == b->all_rate && a->all_burst == b->all_burst &&
	       a->net_rate == b->net_rate && a->net_burst == b->net_burst;
}

static int prepare_routes(struct routes *r, const struct map_table *maps, const struct setup *s)
{
	size_t prefixes = map_prefix_count(maps), n = prefixes + map_count(maps);
	struct prefix6 *scope = calloc(n + 1, sizeof(*scope));
	int rc;

	if (!scope)
		return -1;
	for (size_t i = 0; i < n; i++)
		scope[i] = i < prefixes ? *map_prefix_at(maps, i) : map_at(maps, i - prefixes)->p6;
	rc = routes_prepare(r, scope, n, s->route, s->routes);
	free(scope);
	return rc;
}

/* Leases that were set aside may fit into a new pool. */
static bool keeps_pool(const struct active *was, const struct conf *c,
		       const struct siphash_key *old, const struct siphash_key *secret)
{
	return was && was->pool && was->aside.n == 0 && conf_same_leases(was->conf, c) &&
	       memcmp(old, secret, sizeof(*old)) == 0;
}

bool active_keeps_pool(const struct active *a)
{
	return a->conf->pools > 0 && !a->pool;
}

/* The existing pool stays, with its leases, if nothing about it is different: no packet passes
 * while leases move.  If the configured rate is unchanged, so does the existing rate limit, with
 * its history. */
static bool build(struct active *a, const struct daemon *d, const struct siphash_key *secret,
		  bool may)
{
	const struct active *was = d->active;
	const struct conf *c = a->conf;
	bool limited = was && same_rate(&was->conf->icmp_rate, &c->icmp_rate);
	bool kept = keeps_pool(was, c, &d->leases.secret, secret);

	a->setup = setup_new(c, was ? was->setup : NULL, may, d->tun);
	if (c->pools > 0 && !kept)
		a->pool = new_pool(&d->keys, c, secret);
	if (!limited)
		a->ratelimit = ratelimit_new(&c->icmp_rate, &d->keys.ratelimit);
	return a->setup && (a->pool || kept || c->pools == 0) && daemon_find_pools(a) &&
	       (a->ratelimit || limited) && prepare_routes(d->routes, c->maps, a->setup) == 0;
}

struct active *active_new(const struct daemon *d, struct conf *c, const struct siphash_key *secret,
			  bool may)
{
	struct active *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->conf = c;
	a->log = c->log;
	if (build(a, d, secret, may))
		return a;
	a->conf = NULL;
	active_free(a);
	return NULL;
}

void active_log(struct active *a, unsigned classes)
{
	a->log = classes;
}

bool active_new_pool(const struct daemon *d, const struct active *was, struct active *n)
{
	*n = *was;
	n->one = NULL;
	n->one_of = NULL;
	n->ones = 0;
	n->aside = (struct aside){.at = NULL};
	n->pool = new_pool(&d->keys, n->conf, &d->leases.secret);
	if (n->pool && daemon_find_pools(n))
		return true;
	active_free_pool(n);
	return false;
}

void active_free_pool(struct active *a)
{
	pool_free(a->pool);
	free(a->one);
	free(a->one_of);
	free(a->aside.at);
}

void active_free(struct active *a)
{
	if (!a)
		return;
	setup_free(a->setup);
	active_free_pool(a);
	ratelimit_free(a->ratelimit);
	conf_free(a->conf);
	free(a);
}

static bool is_open(const struct active *a)
{
	const struct conf *c = a->conf;

	return c->allows == 0 && (c->pools > 0 || c->xlat.translatable_all || c->translatables > 0);
}

void active_say_open(const struct active *a, const struct active *was)
{
	if (is_open(a) && !(was && is_open(was)))
		log_notice("allow: not set, so every host that can route packets here may use the "
			   "translator (name your own networks to keep others out, for example: "
			   "allow 2001:db8::/32)");
}

struct active *active_use(struct daemon *d, struct active *n)
{
	struct active *was = d->active;

	if (active_keeps_pool(n)) {
		n->pool = was->pool;
		was->pool = NULL;
		pool_set_allow(n->pool, n->conf->allow_table);
	}
	if (!n->ratelimit) {
		n->ratelimit = was->ratelimit;
		was->ratelimit = NULL;
	}
	if (was)
		daemon_keep_told(n, was);
	d->active = n;
	xlat_configure(&d->xlat, &n->conf->xlat, n->conf->maps, n->pool, n->ratelimit);
	routes_commit(d->routes, d->now);
	xlat_set_routes(&d->xlat, routes_table(d->routes));
	daemon_renew_fast(d);
	return was;
}

static void configure_xlat(struct daemon *d)
{
	const struct active *a = d->active;

	xlat_configure(&d->xlat, &a->conf->xlat, a->conf->maps, a->pool, a->ratelimit);
}

void active_use_pool(struct daemon *d, struct active *n)
{
	struct active was = *d->active;

	daemon_keep_told(n, &was);
	*d->active = *n;
	*n = was;
	configure_xlat(d);
	daemon_renew_fast(d);
}

/* If there is no memory, the routes relevant to the previous maps stay in use until the next
 * reload. */
void active_use_maps(struct daemon *d)
{
	const struct active *a = d->active;
	const struct conf *c = a->conf;

	configure_xlat(d);
	if (prepare_routes(d->routes, c->maps, a->setup) < 0)
		return;
	routes_commit(d->routes, d->now);
	xlat_set_routes(&d->xlat, routes_table(d->routes));
}

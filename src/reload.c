/* reload - decides what of a configuration can change while the daemon runs, and changes it all at
 * once.
 *
 * Whatever can fail is done first, beside the old configuration; the swap itself cannot. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon.h"
#include "service.h"

struct pool *daemon_new_pool(const struct daemon *d, const struct conf *c)
{
	struct pool *p = pool_new(c->pool, c->pools, &d->pool_key);

	if (!p)
		return NULL;
	pool_reserve(p, &(struct prefix4){c->xlat.own4, 32});
	for (size_t i = 0; i < map_count(c->maps); i++)
		pool_reserve(p, &map_at(c->maps, i)->p4);
	return p;
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* The directive of B that only a start can put into effect, or NULL. */
static const char *needs_restart(const struct daemon *d, const struct conf *b)
{
	const struct conf *a = d->conf;

	if (strcmp(a->tun_device, b->tun_device) != 0)
		return "tun-device";
	if (!same(a->data_dir, b->data_dir))
		return "data-dir";
	if (b->data_dir && !a->pools != !b->pools)
		return "dynamic-pool (the first one, or none any more)";
	return NULL;
}

/* Which prefix of TO is number I of FROM, or -1. */
static int same_prefix(const struct map_table *from, size_t i, const struct map_table *to)
{
	const struct prefix6 *p = map_prefix_at(from, i);

	for (size_t k = 0; k < map_prefix_count(to); k++) {
		const struct prefix6 *q = map_prefix_at(to, k);

		if (p->len == q->len && ip6_equal(&p->addr, &q->addr))
			return (int)k;
	}
	return -1;
}

/* Brings the leases of D that fit under C over to POOL.  0, or -1 without memory. */
static int move_leases(const struct daemon *d, const struct conf *c, struct pool *pool)
{
	const struct lease *old;
	struct lease *l;
	size_t cursor = 0;

	while ((old = pool_walk(d->pool, &cursor))) {
		int prefix = same_prefix(d->conf->maps, old->prefix, c->maps);

		if (prefix < 0)
			continue;
		l = pool_restore(pool, &old->host, (unsigned)prefix, old->addr, old->last);
		if (!l)
			continue;
		l->saved = old->saved;
		l->on_record = old->on_record;
	}
	return pool_sort(pool);
}

static int prepare(struct daemon *d, const struct conf *c, struct setup **setup, struct pool **pool,
		   char *err)
{
	snprintf(err, TUN_ERR, "out of memory");
	*pool = NULL;
	*setup = setup_new(c);
	if (!*setup)
		return -1;
	if (c->pools > 0) {
		*pool = daemon_new_pool(d, c);
		if (!*pool || (d->pool && move_leases(d, c, *pool) < 0))
			return -1;
	}
	return setup_apply(*setup, d->setup, d->tun, err);
}

static void swap(struct daemon *d, struct conf *c, struct setup *setup, struct pool *pool)
{
	size_t before = d->pool ? pool_used(d->pool) : 0, after = pool ? pool_used(pool) : 0;
	char err[TUN_ERR];

	if (setup_remove(d->setup, setup, d->tun, err) < 0)
		log_warning("%s", err);
	if (after < before)
		log_warning("%zu leases do not fit the new configuration and have ended",
			    before - after);
	d->xlat.conf = &c->xlat;
	d->xlat.maps = c->maps;
	d->xlat.pool = pool;
	setup_free(d->setup);
	conf_free(d->conf);
	pool_free(d->pool);
	d->conf = c;
	d->setup = setup;
	d->pool = pool;
	d->leases_at =
		d->now; /* the lease file must hear of the new prefixes before the next record */
}

static void reload(struct daemon *d)
{
	struct conf_diag diag = {.say = daemon_say_conf};
	struct setup *setup;
	struct pool *pool;
	const char *what;
	char err[TUN_ERR];
	struct conf *c;

	if (d->opt->chroot) {
		log_error("reload: the configuration cannot be read from inside the chroot; "
			  "restart instead");
		return;
	}
	c = conf_load(d->opt->config, getenv("STATE_DIRECTORY"), &diag);
	if (!c) {
		log_error("reload: nothing is changed");
		return;
	}
	what = needs_restart(d, c);
	if (what) {
		log_error("reload: another %s needs a restart; nothing is changed", what);
		conf_free(c);
		return;
	}
	if (prepare(d, c, &setup, &pool, err) < 0) {
		log_error("reload: %s; nothing is changed", err);
		setup_free(setup);
		pool_free(pool);
		conf_free(c);
		return;
	}
	swap(d, c, setup, pool);
	log_notice("reload: %s is in effect", c->path);
}

void daemon_reload(struct daemon *d)
{
	char state[64];
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld",
		 (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000);
	service_notify(d->notify, state);
	reload(d);
	service_notify(d->notify, "READY=1");
}

/* reload - decides what of a configuration can change while the daemon runs, and changes it all at
 * once.
 *
 * Whatever can fail is done first, beside the old configuration; the swap itself cannot. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "conf_text.h"
#include "daemon.h"
#include "sandbox.h"
#include "service.h"

/* The kernel keeps what comes to its own addresses. */
static void reserve_device(struct pool *p, const struct conf *c)
{
	for (size_t i = 0; i < c->tun_ips; i++) {
		const struct conf_addr *a = &c->tun_ip[i];
		uint32_t broadcast = conf_broadcast(a);

		if (a->family == 4)
			pool_reserve(p, &(struct prefix4){a->addr4, 32});
		if (broadcast)
			pool_reserve(p, &(struct prefix4){broadcast, 32});
	}
}

struct pool *daemon_new_pool(const struct daemon *d, const struct conf *c)
{
	struct pool *p = pool_new(c->pool, c->pools, &d->pool_key);

	if (!p)
		return NULL;
	pool_set_secret(p, &d->pool_secret);
	pool_reserve(p, &(struct prefix4){c->xlat.own4, 32});
	if (c->xlat.has_icmp_source)
		pool_reserve(p, &c->xlat.icmp_source);
	reserve_device(p, c);
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
	if (a->offload != b->offload)
		return "offload";
	if (a->tun_mtu != b->tun_mtu)
		return "tun-mtu";
	if (!same(a->data_dir, b->data_dir))
		return "data-dir";
	if (b->data_dir && !a->pools != !b->pools)
		return "dynamic-pool (the first one, or none any more)";
	return NULL;
}

/* Which prefix of TO is number I of FROM, or -1.  Where FROM has none, every lease is of the first
 * to come, as in the lease file. */
static int same_prefix(const struct map_table *from, size_t i, const struct map_table *to)
{
	if (map_prefix_count(from) == 0)
		return 0;
	for (size_t k = 0; k < map_prefix_count(to); k++)
		if (prefix6_equal(map_prefix_at(from, i), map_prefix_at(to, k)))
			return (int)k;
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

/* What a new configuration brings with it; whatever is NULL stays as it is, or goes. */
struct change {
	struct conf *conf;
	struct setup *setup;
	struct pool *pool;
	struct bucket_table *buckets; /* NULL: the rate is the same, and so is what has been sent */
};

static bool same_rate(const struct bucket_conf *a, const struct bucket_conf *b)
{
	return a->all_rate == b->all_rate && a->all_burst == b->all_burst &&
	       a->net_rate == b->net_rate && a->net_burst == b->net_burst;
}

#define NO_RIGHT                                                                        \
	"and nat64d has given up the right to see to that (CAP_NET_ADMIN): restart it " \
	"instead"

/* Whoever may not remove a route must not get as far as that: half of a configuration would be in
 * effect. */
static int refuse_changes(const struct daemon *d, const struct change *n, char *err)
{
	const struct conf_addr *route = setup_changed_route(d->setup, n->setup);
	const struct conf_addr *addr = setup_changed_addr(d->setup, n->setup);
	char text[CONF_TEXT];

	if (route || addr)
		snprintf(err, TUN_ERR, "%s %s of the device is new or gone, " NO_RIGHT,
			 route ? "route" : "address",
			 conf_format_either(text, route ? route : addr));
	else if (d->conf->tun_queue != n->conf->tun_queue)
		snprintf(err, TUN_ERR, "tun-queue is another one, " NO_RIGHT);
	else
		return 0;
	return -1;
}

static int prepare(struct daemon *d, struct change *n, char *err)
{
	const struct conf *c = n->conf;

	snprintf(err, TUN_ERR, "out of memory");
	n->setup = setup_new(c, d->setup, sandbox_may_configure(), d->tun);
	if (!n->setup)
		return -1;
	if (!sandbox_may_configure() && refuse_changes(d, n, err) < 0)
		return -1;
	if (c->pools > 0) {
		n->pool = daemon_new_pool(d, c);
		if (!n->pool || (d->pool && move_leases(d, c, n->pool) < 0))
			return -1;
	}
	if (!same_rate(&d->conf->icmp_rate, &c->icmp_rate)) {
		n->buckets = bucket_new(&c->icmp_rate, &d->bucket_key);
		if (!n->buckets)
			return -1;
	}
	if (routes_prepare(d->routes, c->maps, n->setup) < 0)
		return -1;
	return setup_apply(n->setup, d->setup, d->tun, err);
}

static void discard(struct change *n)
{
	setup_free(n->setup);
	pool_free(n->pool);
	bucket_free(n->buckets);
	conf_free(n->conf);
}

/* Why lease L has no counterpart in POOL, which may be NULL, under its new prefix; NULL: it has. */
static const char *cause_of_end(const struct lease *l, int prefix, const struct pool *pool)
{
	if (prefix < 0)
		return "no-prefix";
	if (!pool || !pool_covers(pool, l->addr))
		return "no-pool";
	return pool_find6(pool, &l->host, (unsigned)prefix) ? NULL : "reserved";
}

/* Tells the log which leases of the pool BEFORE, under OLD, do not go on. */
static void say_ended(struct daemon *d, const struct conf *old, const struct pool *before)
{
	const struct lease *l;
	size_t cursor = 0;

	while (before && (l = pool_walk(before, &cursor))) {
		int prefix = same_prefix(old->maps, l->prefix, d->conf->maps);
		const char *cause = cause_of_end(l, prefix, d->pool);

		if (cause)
			daemon_lease_ended(d, l, cause);
	}
}

static void swap(struct daemon *d, const struct change *n)
{
	struct conf *old = d->conf;
	struct pool *old_pool = d->pool;
	size_t before = d->pool ? pool_used(d->pool) : 0;
	size_t after = n->pool ? pool_used(n->pool) : 0;
	bool readdressed = setup_changed_addr(d->setup, n->setup) != NULL;
	char err[TUN_ERR];

	if (setup_remove(d->setup, n->setup, d->tun, err) < 0)
		log_warning("%s", err);
	if (after < before)
		log_warning("%zu leases do not fit the new configuration and have ended",
			    before - after);
	if (n->buckets) {
		bucket_free(d->xlat.buckets);
		d->xlat.buckets = n->buckets;
	}
	d->xlat.conf = &n->conf->xlat;
	d->xlat.maps = n->conf->maps;
	d->xlat.pool = n->pool;
	routes_commit(d->routes, d->now);
	d->xlat.routes6 = routes_table(d->routes);
	setup_free(d->setup);
	d->conf = n->conf;
	d->setup = n->setup;
	d->pool = n->pool;
	if (after < before)
		say_ended(d, old, old_pool);
	conf_free(old);
	pool_free(old_pool);
	daemon_set_queue(d);
	setup_warn(d->setup, d->conf, d->tun, daemon_say_warning, NULL);
	if (readdressed) /* the kernel takes away more than the one that is gone */
		daemon_renew_setup(d);
	d->leases_at =
		d->now; /* the lease file must hear of the new prefixes before the next record */
}

static bool reload(struct daemon *d)
{
	struct conf_diag diag = {.say = daemon_say_conf, .hurried = true};
	struct change n = {.conf = NULL};
	const char *what;
	char err[TUN_ERR];

	if (d->opt->chroot) {
		log_error("reload: the configuration cannot be read from inside the chroot; "
			  "restart instead");
		return false;
	}
	n.conf = conf_load(d->opt->config, getenv("STATE_DIRECTORY"), &diag);
	if (!n.conf) {
		log_error("reload: nothing is changed");
		return false;
	}
	what = needs_restart(d, n.conf);
	if (what) {
		log_error("reload: another %s needs a restart; nothing is changed", what);
		discard(&n);
		return false;
	}
	if (prepare(d, &n, err) < 0) {
		log_error("reload: %s; nothing is changed", err);
		discard(&n);
		return false;
	}
	swap(d, &n);
	log_notice("reload: %s is in effect", d->conf->path);
	return true;
}

void daemon_reload(struct daemon *d)
{
	char state[64];
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld",
		 (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000);
	service_notify(d->notify, state);
	d->refused = !reload(d);
	daemon_ready(d);
}

/* reload_lease - decides which leases remain valid under another configuration, reports the others,
 * and restores them when that becomes possible. */
#include <stdlib.h>

#include "lib/addr_text.h"
#include "reload_impl.h"

#define MOST_ASIDE 65536 /* number of leases, the most recently used ones: 3 MB */
#define MOST_SAID  20    /* log lines of each kind */

/* Returns prefix number I of FROM, or one of length 0 if FROM has no prefixes. */
static struct prefix6 prefix_of(const struct map_table *from, size_t i)
{
	return map_prefix_count(from) > 0 ? *map_prefix_at(from, i) : (struct prefix6){.len = 0};
}

/* Returns the index of the prefix P in TO, or -1.  A lease from a configuration without prefixes
 * belongs to the first prefix, as in the lease file. */
static int find_prefix(const struct prefix6 *p, const struct map_table *to)
{
	if (p->len == 0)
		return 0;
	for (size_t i = 0; i < map_prefix_count(to); i++)
		if (prefix6_equal(p, map_prefix_at(to, i)))
			return (int)i;
	return -1;
}

/* Returns the index of the new prefix under which L remains valid, or -1. */
static int new_prefix(const struct lease_change *n, const struct lease *l)
{
	struct prefix6 old = prefix_of(n->before->conf->maps, l->prefix);

	return find_prefix(&old, n->after->conf->maps);
}

static bool goes_on(const struct lease_change *n, const struct lease *l)
{
	int prefix = new_prefix(n, l);
	const struct lease *now = n->after->pool && prefix >= 0
					  ? pool_find6(n->after->pool, &l->host, (unsigned)prefix)
					  : NULL;

	return now && now->addr == l->addr;
}

static void move_all(struct lease_change *n)
{
	struct pool *to = n->after->pool;
	const struct lease *old;
	size_t cursor = 0;

	while (n->before->pool && (old = pool_walk(n->before->pool, &cursor))) {
		int prefix = new_prefix(n, old);

		if (!to || prefix < 0 || !pool_move(to, old, (unsigned)prefix))
			n->ended++;
	}
}

/* Returns for how many seconds the lease is kept while idle.  If no pool serves its host, the value
 * from when it was set aside applies. */
static int32_t kept_for(const struct pool *p, const struct aside_lease *l)
{
	int32_t keep = p ? pool_keep(p, &l->host, l->addr) : 0;

	return keep > 0 ? keep : l->keep;
}

/* Returns true if the lease was restored or has expired. */
static bool is_done(struct lease_change *n, const struct aside_lease *l)
{
	struct pool *to = n->after->pool;
	int prefix = find_prefix(&l->prefix, n->after->conf->maps);
	struct lease *back;

	if ((int64_t)n->now - l->last > kept_for(to, l))
		return true;
	if (!to || prefix < 0 || pool_find4(to, l->addr))
		return false;
	if (pool_find6(to, &l->host, (unsigned)prefix))
		return true; /* the host has another lease by now */
	if (!pool_stands_by(to, l->addr) && !pool_has_share(to, &l->host))
		return false;
	back = (l->confirmed ? pool_restore_confirmed
			     : pool_restore)(to, &l->host, (unsigned)prefix, l->addr, l->last);
	if (!back)
		return false;
	back->since = n->now; /* no host had it in between */
	/* The file has no record of it since it ended. */
	pool_record(back, l->last - POOL_RESTAMP);
	n->back.at[n->back.n++] = *l;
	return true;
}

static int by_last(const void *a, const void *b)
{
	const struct aside_lease *x = a, *y = b;

	return (x->last < y->last) - (x->last > y->last);
}

static void add_ended(struct lease_change *n, struct aside *a)
{
	const struct lease *l;
	size_t cursor = 0;

	while (n->before->pool && (l = pool_walk(n->before->pool, &cursor))) {
		if (goes_on(n, l))
			continue;
		a->at[a->n++] = (struct aside_lease){
			.host = l->host,
			.prefix = prefix_of(n->before->conf->maps, l->prefix),
			.addr = l->addr,
			.last = l->last,
			.confirmed = l->confirmed,
			.keep = pool_keep(n->before->pool, &l->host, l->addr),
		};
	}
}

/* If two leases have the same address, the one that was used last is restored first. */
static void set_aside(struct lease_change *n)
{
	const struct aside *waiting = &n->before->aside;
	struct aside *a = &n->after->aside;

	add_ended(n, a);
	for (size_t i = 0; i < waiting->n; i++)
		if (!is_done(n, &waiting->at[i]))
			a->at[a->n++] = waiting->at[i];
	qsort(a->at, a->n, sizeof(*a->at), by_last);
	if (a->n > MOST_ASIDE) {
		struct aside_lease *less = realloc(a->at, MOST_ASIDE * sizeof(*a->at));

		a->at = less ? less : a->at;
		a->n = MOST_ASIDE;
	}
}

/* False without memory. */
static bool trim(struct pool *p, size_t *ended)
{
	if (!p)
		return true;
	if (pool_sort(p) < 0)
		return false;
	*ended += pool_trim(p, NULL, NULL);
	return true;
}

/* From here on, all packets pass through the daemon, so the counters of leases stay as they are. */
static void settle_fast(struct daemon *d)
{
	daemon_outdate_fast(d);
	daemon_count_fast(d);
	daemon_gather_leases(d);
}

int reload_move_leases(struct daemon *d, struct active *after, struct lease_change *n)
{
	size_t waiting = d->active->aside.n;

	settle_fast(d);
	*n = (struct lease_change){.before = d->active, .after = after, .now = daemon_seconds(d)};
	if (active_keeps_pool(after))
		return 0;
	move_all(n);
	if (!trim(n->after->pool, &n->ended))
		return -1;
	if (n->before->pool && n->after->pool)
		pool_take_counts(n->after->pool, n->before->pool);
	if (n->ended + waiting > 0) {
		n->after->aside.at = calloc(n->ended + waiting, sizeof(struct aside_lease));
		n->back.at = calloc(waiting + 1, sizeof(struct aside_lease));
		if (!n->after->aside.at || !n->back.at)
			return -1;
		set_aside(n);
	}
	return n->back.n > 0 ? pool_sort(n->after->pool) : 0;
}

static enum lease_cause cause_of_end(const struct lease_change *n, uint32_t addr)
{
	return map_find4(n->after->conf->maps, addr) ? LEASE_MAP : LEASE_RELOAD;
}

static const char *why_ended(const struct lease_change *n, const struct lease *l, int prefix)
{
	const struct pool *to = n->after->pool;

	if (map_find4(n->after->conf->maps, l->addr))
		return "the address is mapped now";
	if (prefix < 0)
		return "its prefix is gone";
	switch (to ? pool_fits(to, &l->host, l->addr) : POOL_NOWHERE) {
	case POOL_NOT_ALLOWED:
		return "no allow contains its host";
	case POOL_NOWHERE:
		return "no dynamic-pool contains the address any more";
	case POOL_OF_OTHERS:
		return "its dynamic-pool is for other hosts now";
	case POOL_RESERVED:
		return "the address now belongs to nat64d or to the device";
	case POOL_FITS:
		break;
	}
	return "its network holds more leases than its share";
}

static void say_removed(const struct lease_change *n, const struct lease *l, int prefix)
{
	char a[ADDR_TEXT], b[ADDR_TEXT];

	log_notice("lease %s of %s removed: %s", addr_text4(a, l->addr), addr_text6(b, &l->host),
		   why_ended(n, l, prefix));
}

static void say_ended(struct daemon *d, const struct lease_change *n)
{
	const struct lease *l;
	size_t cursor = 0, said = 0;

	log_warning("%zu %s not fit the new configuration and %s ended", n->ended,
		    n->ended == 1 ? "lease does" : "leases do", n->ended == 1 ? "has" : "have");
	while (n->before->pool && (l = pool_walk(n->before->pool, &cursor))) {
		int prefix = new_prefix(n, l);

		if (goes_on(n, l))
			continue;
		if (said++ < MOST_SAID)
			say_removed(n, l, prefix);
		daemon_lease_removed(d, n->before->conf->maps, l, cause_of_end(n, l->addr));
	}
	if (n->ended > MOST_SAID)
		log_notice("%zu more leases removed like these", n->ended - MOST_SAID);
	daemon_commit_leases(d);
}

static struct lease *lease_of(const struct lease_change *n, const struct aside_lease *l)
{
	int prefix = find_prefix(&l->prefix, n->after->conf->maps);

	return pool_find6(n->after->pool, &l->host, (unsigned)prefix);
}

static void say_back(struct daemon *d, const struct lease_change *n)
{
	const struct aside *back = &n->back;
	char a[ADDR_TEXT], b[ADDR_TEXT];

	for (size_t i = 0; i < back->n; i++) {
		const struct aside_lease *l = &back->at[i];

		if (i < MOST_SAID)
			log_notice("lease %s of %s is back: its address can be leased again",
				   addr_text4(a, l->addr), addr_text6(b, &l->host));
		daemon_lease_began(d, lease_of(n, l), LEASE_NEW);
	}
	if (back->n > MOST_SAID)
		log_notice("%zu more leases are back like these", back->n - MOST_SAID);
}

void reload_say_leases(struct daemon *d, const struct lease_change *n)
{
	if (n->ended > 0)
		say_ended(d, n);
	say_back(d, n);
}

void reload_store_leases(struct daemon *d, const struct lease_change *n)
{
	for (size_t i = 0; i < n->back.n; i++)
		daemon_store_lease(d, lease_of(n, &n->back.at[i]));
	daemon_commit_leases(d);
}

void reload_forget_leases(struct lease_change *n)
{
	free(n->back.at);
}

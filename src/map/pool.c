/* pool - assigns addresses to hosts, and ends leases. */
#include "pool_impl.h"

#include <stdlib.h>
#include <string.h>

/* Returns the next free slot of G for a host that prefers PREFERRED, continuing from the end of G
 * to its start; BITMAP_NONE if all are taken. */
static uint32_t free_slot(const struct pool *p, const struct group *g, uint32_t preferred)
{
	uint32_t end = g->base + g->slots, slot = bitmap_next_clear(p->taken, preferred);

	if (slot >= end)
		slot = bitmap_next_clear(p->taken, g->base);
	return slot < end ? slot : BITMAP_NONE;
}

static bool get_memory(struct pool *p, const struct pool_conf *conf, size_t n)
{
	if (!pool_get_ranges(p, conf, n))
		return false;
	p->taken = bitmap_new(p->slots);
	p->withheld = bitmap_new(p->slots);
	return p->taken && p->withheld && pool_get_leases(p) && pool_get_nets(p);
}

struct pool *pool_new(const struct pool_conf *conf, size_t n, const struct siphash_key *key)
{
	struct pool *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	if (!get_memory(p, conf, n)) {
		pool_free(p);
		return NULL;
	}
	p->key = *key;
	p->addr_mul = siphash(key, "mul", 3);
	p->addr_add = siphash(key, "add", 3);
	p->secret = (struct siphash_key){siphash(key, "own0", 4), siphash(key, "own1", 4)};
	for (size_t i = 0; i < n; i++)
		pool_reserve(p, &(struct prefix4){.addr = conf[i].range.addr, .len = 32});
	return p;
}

void pool_free(struct pool *p)
{
	if (!p)
		return;
	for (int by = 0; by < TABLES; by++)
		free(p->table[by].bucket);
	pool_free_nets(p);
	bitmap_free(p->taken);
	bitmap_free(p->withheld);
	free(p->lease);
	lpm_free(p->from);
	free(p->group);
	free(p->by_slot);
	free(p->range);
	free(p);
}

/* Sets whether L has the address that the secret gives its host. */
static void judge_address(struct pool *p, struct lease *l)
{
	struct range *r = pool_range_of(p, l->addr);
	uint32_t slot = r->base + (l->addr - r->first);

	l->preferred = pool_is_preferred(p, &p->group[r->group], &l->host, slot);
	r->not_preferred += !l->preferred;
}

void pool_set_secret(struct pool *p, const struct siphash_key *secret)
{
	struct lease *l;

	p->secret = *secret;
	for (size_t i = 0; i < p->ranges; i++)
		p->range[i].not_preferred = 0;
	for (size_t cursor = 0; (l = pool_walk(p, &cursor));)
		judge_address(p, l);
}

/* Ends the leases of addresses FIRST to LAST; iterates over addresses or leases, whichever are
 * fewer. */
static void evict(struct pool *p, uint32_t first, uint32_t last)
{
	struct lease *l;

	if (last - first > p->top) {
		for (size_t cursor = 0; (l = pool_walk(p, &cursor));)
			if (l->addr >= first && l->addr <= last)
				pool_end(p, l);
		return;
	}
	for (uint32_t i = 0; i <= last - first && p->used; i++)
		if ((l = pool_find4(p, first + i)))
			pool_end(p, l);
}

void pool_reserve(struct pool *p, const struct prefix4 *prefix)
{
	uint32_t first = prefix->addr, last = prefix->addr | ~addr_mask4(prefix->len);

	for (size_t i = pool_range_from(p, first); i < p->ranges; i++) {
		struct range *r = &p->range[i];
		uint32_t from = first > r->first ? first : r->first;
		uint32_t to = last < r->last ? last : r->last;

		if (from > to)
			return;
		evict(p, from, to);
		from = r->base + (from - r->first);
		to = r->base + (to - r->first);
		bitmap_set_range(p->taken, from, to);
		from = bitmap_set_range(p->withheld, from, to);
		r->reserved += from;
		p->group[r->group].reserved += from;
		p->reserved += from;
	}
}

void pool_unreserve(struct pool *p, uint32_t addr)
{
	uint32_t slot = pool_slot_of(p, addr);
	struct range *r;

	if (slot == BITMAP_NONE || !bitmap_has(p->withheld, slot))
		return;
	r = pool_range_at(p, slot);
	bitmap_clear(p->withheld, slot);
	bitmap_clear(p->taken, slot);
	r->reserved--;
	p->group[r->group].reserved--;
	p->reserved--;
}

/* Returns the number of leases of SIDE in the network under ROOT with the most of them; 0 if there
 * is none. */
static size_t most_within(const struct pool *p, uint32_t root, enum side side)
{
	uint32_t i = pool_rank_first(&p->nets, p->nets.net[root].side[side].top);

	return p->nets.net[i].side[side].count;
}

static size_t most(const struct pool *p, const struct group *g, enum side side)
{
	size_t known = most_within(p, pool_known(p, g), side);
	size_t strange = most_within(p, pool_strangers(p, g), side);

	return known > strange ? known : strange;
}

void pool_range(const struct pool *p, size_t i, struct pool_range *out)
{
	const struct range *r = &p->range[i];
	const struct group *g = &p->group[r->group];

	*out = (struct pool_range){
		.first = r->first,
		.last = r->last,
		.size = (size_t)r->last - r->first + 1 - r->reserved,
		.used = r->used,
		.confirmed = r->confirmed,
		.not_preferred = r->not_preferred,
		.refused = r->refused,
		.displaced = r->displaced,
		.standby = g->standby,
		.group_size = pool_group_size(g),
		.group_used = pool_group_used(p, g),
		.networks = p->nets.net[pool_known(p, g)].children +
			    p->nets.net[pool_strangers(p, g)].children,
		.most_confirmed = most(p, g, CONFIRMED),
		.most_unconfirmed = most(p, g, UNCONFIRMED),
	};
}

size_t pool_which(const struct pool *p, uint32_t addr)
{
	return (size_t)(pool_range_of(p, addr) - p->range);
}

/* Both arrays are sorted by address. */
void pool_take_counts(struct pool *p, const struct pool *from)
{
	size_t k = 0;

	for (size_t i = 0; i < p->ranges; i++) {
		struct range *r = &p->range[i];

		while (k < from->ranges && from->range[k].first < r->first)
			k++;
		if (k == from->ranges || from->range[k].first != r->first ||
		    from->range[k].last != r->last)
			continue;
		r->refused += from->range[k].refused;
		r->displaced += from->range[k].displaced;
	}
}

void pool_set_allow(struct pool *p, const struct lpm *allow)
{
	p->allow = allow;
}

static bool is_for(const struct pool *p, const struct range *r, const struct ip6 *host)
{
	const struct group *g = &p->group[r->group];

	if (g->standby || r->promoted)
		return addr_in6(host, &g->from);
	return pool_group_of(p, host) == g;
}

enum pool_fit pool_fits(const struct pool *p, const struct ip6 *host, uint32_t addr)
{
	const struct range *r = pool_range_of(p, addr);

	if (p->allow && lpm_find(p->allow, host->b) == LPM_NONE)
		return POOL_NOT_ALLOWED;
	if (!r)
		return POOL_NOWHERE;
	if (!is_for(p, r, host))
		return POOL_OF_OTHERS;
	return bitmap_has(p->withheld, r->base + (addr - r->first)) ? POOL_RESERVED : POOL_FITS;
}

bool pool_serves(const struct pool *p, const struct ip6 *host)
{
	return pool_group_of(p, host) != NULL;
}

bool pool_serves_from(const struct pool *p, const struct ip6 *host, uint32_t addr)
{
	const struct range *r = pool_range_of(p, addr);

	return r && pool_group_of(p, host) == &p->group[r->group];
}

bool pool_stands_by(const struct pool *p, uint32_t addr)
{
	const struct range *r = pool_range_of(p, addr);

	return r && p->group[r->group].standby;
}

int32_t pool_keep(const struct pool *p, const struct ip6 *host, uint32_t addr)
{
	const struct group *g = pool_group_of(p, host);

	if (pool_stands_by(p, addr))
		return POOL_FOREVER;
	return g ? g->keep : 0;
}

bool pool_covers(const struct pool *p, uint32_t addr)
{
	return pool_slot_of(p, addr) != BITMAP_NONE;
}

static void end_and_tell(struct pool *p, struct lease *l)
{
	p->ended = *l;
	pool_end(p, l);
}

bool pool_ended(const struct pool *p, struct lease *out)
{
	*out = p->ended;
	return p->ended.live;
}

/* The result of looking for room for a new lease. */
struct choice {
	struct lease *ends; /* lease that must end for it; or NULL */
	uint32_t slot;
};

/* Returns the distance from FROM to SLOT, continuing from the end of G to its start. */
static uint32_t distance(const struct group *g, uint32_t from, uint32_t slot)
{
	return slot >= from ? slot - from : slot + g->slots - from;
}

/* Chooses the next slot among the free ones and the one of the lease that ends. */
static uint32_t choose_slot(const struct pool *p, const struct group *g, uint32_t preferred,
			    const struct lease *ends)
{
	uint32_t slot = free_slot(p, g, preferred), left;

	if (!ends)
		return slot;
	left = pool_slot_of(p, ends->addr);
	if (slot == BITMAP_NONE || distance(g, preferred, left) < distance(g, preferred, slot))
		return left;
	return slot;
}

/* Returns false if there is no room for HOST, which prefers PREFERRED. */
static bool choose(const struct pool *p, const struct group *g, const struct ip6 *host,
		   uint32_t preferred, int32_t now, struct choice *c)
{
	if (!pool_make_room(p, g, host, now, &c->ends))
		return false;
	c->slot = choose_slot(p, g, preferred, c->ends);
	return true;
}

static void displace(struct pool *p, struct lease *l)
{
	pool_range_of(p, l->addr)->displaced++;
	end_and_tell(p, l);
}

struct lease *pool_assign(struct pool *p, const struct ip6 *host, unsigned prefix, int32_t now)
{
	const struct group *g = pool_group_of(p, host);
	uint32_t preferred;
	struct choice c;

	p->ended.live = false;
	if (!g)
		return NULL;
	preferred = pool_preferred(p, g, host);
	if (!choose(p, g, host, preferred, now, &c)) {
		pool_range_at(p, preferred)->refused++;
		return NULL;
	}
	if (c.ends)
		displace(p, c.ends);
	return pool_begin_lease(p, host, prefix, c.slot, now, false);
}

bool pool_would_assign(const struct pool *p, const struct ip6 *host, int32_t now, uint32_t *addr)
{
	const struct group *g = pool_group_of(p, host);
	struct choice c;

	if (!g || !choose(p, g, host, pool_preferred(p, g, host), now, &c))
		return false;
	*addr = pool_slot_addr(p, c.slot);
	return true;
}

static void confirm(struct pool *p, struct lease *l)
{
	pool_net_confirm(p, l);
	pool_range_of(p, l->addr)->confirmed++;
}

void pool_touch(struct pool *p, struct lease *l, int32_t now)
{
	if (l->answered && !l->confirmed)
		confirm(p, l);
	else if (l->last == now)
		return;
	l->last = now;
	ring_renew(p->lease, IN_GROUP, &pool_lease_group(p, l)->newest, l);
	ring_renew(p->lease, IN_NET, &pool_side_of(p, l)->newest, l);
}

void pool_record(struct lease *l, int32_t saved)
{
	l->saved = saved;
	l->saved_confirmed = l->confirmed;
	l->on_record = true;
}

static struct lease *restore(struct pool *p, const struct ip6 *host, unsigned prefix, uint32_t addr,
			     int32_t last, bool confirmed)
{
	uint32_t slot = pool_slot_of(p, addr);
	struct lease *l;

	if (pool_fits(p, host, addr) != POOL_FITS)
		return NULL;
	if (bitmap_has(p->taken, slot))
		pool_end(p, pool_find4(p, addr));
	if ((l = pool_find6(p, host, prefix)))
		pool_end(p, l);
	l = pool_begin_lease(p, host, prefix, slot, last, confirmed);
	l->since = POOL_UNKNOWN;
	pool_record(l, last);
	return l;
}

struct lease *pool_restore(struct pool *p, const struct ip6 *host, unsigned prefix, uint32_t addr,
			   int32_t last)
{
	return restore(p, host, prefix, addr, last, false);
}

struct lease *pool_restore_confirmed(struct pool *p, const struct ip6 *host, unsigned prefix,
				     uint32_t addr, int32_t last)
{
	return restore(p, host, prefix, addr, last, true);
}

struct lease *pool_move(struct pool *p, const struct lease *from, unsigned prefix)
{
	struct lease *l = restore(p, &from->host, prefix, from->addr, from->last, from->confirmed);

	if (!l)
		return NULL;
	l->saved = from->saved;
	l->saved_confirmed = from->saved_confirmed;
	l->on_record = from->on_record;
	l->since = from->since;
	l->answered = from->answered;
	l->untold = from->untold;
	memcpy(l->packets, from->packets, sizeof(l->packets));
	memcpy(l->bytes, from->bytes, sizeof(l->bytes));
	return l;
}

/* Returns the longest idle lease of G if it has been idle for longer than G keeps leases, or NULL.
 * In ranges that stand by, the owner ends leases. */
static struct lease *overdue(const struct pool *p, const struct group *g, int32_t now)
{
	struct lease *l = g->standby ? NULL : pool_group_oldest(p, g);

	return l && pool_idle(l, now) > g->keep ? l : NULL;
}

unsigned pool_expire(struct pool *p, int32_t now, unsigned budget)
{
	unsigned ended = 0;
	struct lease *l;

	p->ended.live = false;
	for (uint32_t seen = 0; seen < p->groups && ended < budget;) {
		l = overdue(p, &p->group[p->expiring], now);
		if (l) {
			end_and_tell(p, l);
			ended++;
		} else {
			p->expiring = (p->expiring + 1) % p->groups;
			seen++;
		}
	}
	return ended;
}

size_t pool_used(const struct pool *p)
{
	return p->used;
}

size_t pool_size(const struct pool *p)
{
	return p->slots - p->reserved;
}

struct pool_total pool_own(const struct pool *p)
{
	struct pool_total t = {0, 0};

	for (uint32_t g = 0; g < p->groups; g++) {
		if (p->group[g].standby)
			continue;
		t.used += pool_group_used(p, &p->group[g]);
		t.size += pool_group_size(&p->group[g]);
	}
	return t;
}

/* Returns the newest lease of the first group from index I on that has leases. */
static struct lease *newest_from(const struct pool *p, uint32_t i)
{
	for (; i < p->groups; i++)
		if (p->group[i].newest != NONE)
			return &p->lease[p->group[i].newest];
	return NULL;
}

struct lease *pool_next(const struct pool *p, const struct lease *l)
{
	if (!l)
		return newest_from(p, 0);
	if (l->older[IN_GROUP] != NONE)
		return &p->lease[l->older[IN_GROUP]];
	return newest_from(p, (uint32_t)(pool_lease_group(p, l) - p->group) + 1);
}

struct lease *pool_walk(const struct pool *p, size_t *cursor)
{
	while (*cursor < p->top) {
		struct lease *l = &p->lease[++*cursor];

		if (l->live)
			return l;
	}
	return NULL;
}

size_t pool_place(const struct pool *p, const struct lease *l)
{
	return (size_t)(l - p->lease);
}

/* pool_lease - stores leases, and finds them by host and by address.
 *
 * Leases are stored densely in the order of their creation.  Both tables grow by linear hashing
 * (Litwin, 1980): one bucket with each new lease, never all at once.  Everything starts as zeroed
 * memory, so an address that was never leased uses no memory except its bit. */
#include "pool_impl.h"

#include <stdlib.h>
#include <string.h>

static uint32_t hash_host(const struct pool *p, const struct ip6 *host, unsigned prefix)
{
	uint8_t key[18];

	memcpy(key, host, 16);
	key[16] = (uint8_t)(prefix >> 8);
	key[17] = (uint8_t)prefix;
	return (uint32_t)siphash(&p->key, key, sizeof(key));
}

/* A universal hash (multiply, add, shift) is sufficient: we choose the addresses ourselves. */
static uint32_t hash_addr(const struct pool *p, uint32_t addr)
{
	return (uint32_t)((p->addr_mul * addr + p->addr_add) >> 32);
}

static uint32_t hash_of(const struct pool *p, const struct lease *l, enum by by)
{
	return by == BY_HOST ? hash_host(p, &l->host, l->prefix) : hash_addr(p, l->addr);
}

static uint32_t *bucket_of(const struct table *t, uint32_t hash)
{
	uint32_t i = hash & t->mask;

	return &t->bucket[i < t->n ? i : i & t->mask >> 1];
}

#define AHEAD 8 /* buckets are split in order, so the next leases needed are known */

/* Appends one bucket, and moves the leases that belong to it from the only bucket that can have
 * them. */
static void split_bucket(struct pool *p, enum by by)
{
	struct table *t = &p->table[by];
	uint32_t *fresh = &t->bucket[t->n], *tail = fresh, *link;

	if (t->n > t->mask)
		t->mask = 2 * t->mask + 1;
	link = &t->bucket[t->n & t->mask >> 1];
	t->n++;
	if (t->n - (uint32_t)(link - t->bucket) > AHEAD)
		__builtin_prefetch(&p->lease[link[AHEAD]]);
	while (*link != NONE) {
		uint32_t i = *link;
		uint32_t *next = &p->lease[i].chain[by];

		if (bucket_of(t, hash_of(p, &p->lease[i], by)) != fresh) {
			link = next;
			continue;
		}
		*link = *next;
		*tail = i;
		*next = NONE;
		tail = next;
	}
}

static void table_insert(struct pool *p, enum by by, uint32_t i)
{
	struct table *t = &p->table[by];
	struct lease *l = &p->lease[i];
	uint32_t *bucket;

	if (t->n < p->used)
		split_bucket(p, by);
	bucket = bucket_of(t, hash_of(p, l, by));
	l->chain[by] = *bucket;
	*bucket = i;
}

static void table_remove(struct pool *p, enum by by, uint32_t i)
{
	struct lease *l = &p->lease[i];
	uint32_t *link = bucket_of(&p->table[by], hash_of(p, l, by));

	while (*link != i)
		link = &p->lease[*link].chain[by];
	*link = l->chain[by];
}

bool pool_get_leases(struct pool *p)
{
	p->lease = calloc((size_t)p->slots + 1, sizeof(*p->lease));
	for (int by = 0; by < TABLES; by++) {
		p->table[by].bucket = calloc(p->slots, sizeof(*p->table[by].bucket));
		p->table[by].n = 1;
	}
	return p->lease && p->table[BY_HOST].bucket && p->table[BY_ADDR].bucket;
}

/* There is always a free index: one per slot. */
struct lease *pool_begin_lease(struct pool *p, const struct ip6 *host, unsigned prefix,
			       uint32_t slot, int32_t now, bool confirmed)
{
	struct range *r = pool_range_at(p, slot);
	struct group *g = &p->group[r->group];
	uint32_t i = p->unused;
	struct net_key key[LEVELS];
	struct lease *l;

	pool_net_keys(p, g, host, key);
	if (i != NONE)
		p->unused = p->lease[i].chain[BY_HOST];
	else
		i = ++p->top;
	l = &p->lease[i];
	*l = (struct lease){
		.host = *host,
		.prefix = (uint16_t)prefix,
		.addr = r->first + (slot - r->base),
		.last = now,
		.since = now,
		.live = true,
		.confirmed = confirmed,
		.preferred = pool_is_preferred(p, g, host, slot),
	};
	p->used++;
	r->used++;
	r->confirmed += confirmed;
	r->not_preferred += !l->preferred;
	table_insert(p, BY_HOST, i);
	pool_net_fetch(p, g, key);
	table_insert(p, BY_ADDR, i);
	ring_append(p->lease, IN_GROUP, &g->newest, l);
	pool_net_enter(p, g, l, key);
	bitmap_set(p->taken, slot);
	return l;
}

/* Invalidates what the kernel program knows of L, whose element may next serve another lease. */
static void outdate(struct pool *p, const struct lease *l)
{
	struct fastpath_lease *s = pool_share_of(p, l);

	if (!s)
		return;
	__atomic_store_n(&s->generation, s->generation + 1, __ATOMIC_SEQ_CST);
	for (int dir = 0; dir < FASTPATH_DIRS; dir++) {
		fastpath_write(&s->packets[dir], 0);
		fastpath_write(&s->bytes[dir], 0);
	}
}

void pool_end(struct pool *p, struct lease *l)
{
	uint32_t i = (uint32_t)(l - p->lease);
	struct range *r = pool_range_of(p, l->addr);

	table_remove(p, BY_HOST, i);
	table_remove(p, BY_ADDR, i);
	ring_remove(p->lease, IN_GROUP, &p->group[r->group].newest, l);
	pool_net_leave(p, l);
	outdate(p, l);
	bitmap_clear(p->taken, r->base + (l->addr - r->first));
	r->used--;
	r->confirmed -= l->confirmed;
	r->not_preferred -= !l->preferred;
	l->live = false;
	l->chain[BY_HOST] = p->unused;
	p->unused = i;
	p->used--;
}

struct lease *pool_find6(const struct pool *p, const struct ip6 *host, unsigned prefix)
{
	uint32_t i;

	if (p->used == 0)
		return NULL;
	i = *bucket_of(&p->table[BY_HOST], hash_host(p, host, prefix));
	for (; i != NONE; i = p->lease[i].chain[BY_HOST])
		if (ip6_equal(&p->lease[i].host, host) && p->lease[i].prefix == prefix)
			return &p->lease[i];
	return NULL;
}

struct lease *pool_find4(const struct pool *p, uint32_t addr)
{
	uint32_t i;

	if (p->used == 0)
		return NULL;
	i = *bucket_of(&p->table[BY_ADDR], hash_addr(p, addr));
	for (; i != NONE; i = p->lease[i].chain[BY_ADDR])
		if (p->lease[i].addr == addr)
			return &p->lease[i];
	return NULL;
}

/* pool - who gets which address, and who has to give it back. */
#include "pool_impl.h"

#include <stdlib.h>
#include <string.h>

/* The same as long as the secret is, so that a host gets its address again after the leases are
 * lost. */
static uint32_t preferred_slot(const struct pool *p, const struct ip6 *host)
{
	return (uint32_t)(siphash(&p->secret, host, sizeof(*host)) % p->slots);
}

/* A slot to hand out, the next one at or behind FROM, around the end; BITMAP_NONE if all are taken.
 */
static uint32_t free_slot(const struct pool *p, uint32_t from)
{
	uint32_t slot = bitmap_next_clear(p->taken, from);

	return slot == BITMAP_NONE ? bitmap_next_clear(p->taken, 0) : slot;
}

static struct lease *oldest(const struct pool *p)
{
	return &p->lease[p->lease[NONE].newer];
}

/* No overflow: times before the clock began may be far below zero. */
static int64_t idle(const struct lease *l, int32_t now)
{
	return (int64_t)now - l->last;
}

static bool get_memory(struct pool *p, const struct pool_conf *conf, size_t n)
{
	if (!pool_number_slots(p, conf, n))
		return false;
	p->taken = bitmap_new(p->slots);
	p->withheld = bitmap_new(p->slots);
	return p->taken && p->withheld && pool_get_leases(p);
}

struct pool *pool_new(const struct pool_conf *conf, size_t n, const struct siphash_key *key)
{
	struct pool *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->range = calloc(n, sizeof(*p->range));
	if (!p->range || !get_memory(p, conf, n)) {
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
	bitmap_free(p->taken);
	bitmap_free(p->withheld);
	free(p->lease);
	free(p->range);
	free(p);
}

void pool_set_secret(struct pool *p, const struct siphash_key *secret)
{
	p->secret = *secret;
}

/* Ends the leases of addresses FIRST to LAST, by the shorter of two ways. */
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

	for (size_t i = 0; i < p->ranges; i++) {
		struct range *r = &p->range[i];
		uint32_t from = first > r->first ? first : r->first;
		uint32_t to = last < r->last ? last : r->last;

		if (from > to)
			continue;
		evict(p, from, to);
		from = r->base + (from - r->first);
		to = r->base + (to - r->first);
		bitmap_set_range(p->taken, from, to);
		from = bitmap_set_range(p->withheld, from, to);
		r->reserved += from;
		p->reserved += from;
	}
}

void pool_unreserve(struct pool *p, uint32_t addr)
{
	uint32_t slot = pool_slot_of(p, addr);

	if (slot == BITMAP_NONE || !bitmap_has(p->withheld, slot))
		return;
	bitmap_clear(p->withheld, slot);
	bitmap_clear(p->taken, slot);
	pool_range_of(p, addr)->reserved--;
	p->reserved--;
}

void pool_range(const struct pool *p, size_t i, struct pool_range *out)
{
	const struct range *r = &p->range[i];

	*out = (struct pool_range){
		.first = r->first,
		.last = r->last,
		.size = (size_t)r->last - r->first + 1 - r->reserved,
		.used = r->used,
		.confirmed = r->confirmed,
		.refused = r->refused,
		.displaced = r->displaced,
	};
}

bool pool_network(const struct pool *p, size_t *cursor, struct pool_network *out)
{
	(void)p;
	(void)cursor;
	*out = (struct pool_network){.networks = 1, .share = 1};
	return false;
}

size_t pool_which(const struct pool *p, uint32_t addr)
{
	return (size_t)(pool_range_of(p, addr) - p->range);
}

/* Both rows ascend. */
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

enum pool_fit pool_fits(const struct pool *p, const struct ip6 *host, uint32_t addr)
{
	uint32_t slot = pool_slot_of(p, addr);

	if (p->allow && lpm_find(p->allow, host->b) == LPM_NONE)
		return POOL_NOT_ALLOWED;
	if (slot == BITMAP_NONE)
		return POOL_NOWHERE;
	return bitmap_has(p->withheld, slot) ? POOL_RESERVED : POOL_FITS;
}

bool pool_serves(const struct pool *p, const struct ip6 *host)
{
	(void)host;
	return p->ranges > 0;
}

int32_t pool_keep(const struct pool *p, const struct ip6 *host)
{
	return pool_serves(p, host) ? POOL_KEEP : 0;
}

bool pool_covers(const struct pool *p, uint32_t addr)
{
	return pool_slot_of(p, addr) != BITMAP_NONE;
}

static bool has_room(const struct pool *p, int32_t now)
{
	if (p->used < pool_size(p))
		return true;
	return p->used && idle(oldest(p), now) > POOL_GUARANTEE;
}

static void end_oldest(struct pool *p)
{
	p->ended = *oldest(p);
	pool_end(p, oldest(p));
}

bool pool_ended(const struct pool *p, struct lease *out)
{
	*out = p->ended;
	return p->ended.live;
}

/* The slot of who prefers PREFERRED; one that is taken is that of the oldest lease, which has to
 * end. */
static uint32_t choose_slot(const struct pool *p, uint32_t preferred)
{
	if (p->used == pool_size(p))
		return pool_slot_of(p, oldest(p)->addr);
	return free_slot(p, preferred);
}

struct lease *pool_assign(struct pool *p, const struct ip6 *host, unsigned prefix, int32_t now)
{
	uint32_t preferred = preferred_slot(p, host), slot;

	p->ended.live = false;
	if (!has_room(p, now)) {
		pool_range_at(p, preferred)->refused++;
		return NULL;
	}
	slot = choose_slot(p, preferred);
	if (bitmap_has(p->taken, slot)) {
		end_oldest(p);
		pool_range_at(p, slot)->displaced++;
	}
	return pool_begin_lease(p, host, prefix, slot, now);
}

bool pool_would_assign(const struct pool *p, const struct ip6 *host, int32_t now, uint32_t *addr)
{
	if (!has_room(p, now))
		return false;
	*addr = pool_slot_addr(p, choose_slot(p, preferred_slot(p, host)));
	return true;
}

static void confirm(struct pool *p, struct lease *l)
{
	l->confirmed = true;
	pool_range_of(p, l->addr)->confirmed++;
}

void pool_touch(struct pool *p, struct lease *l, int32_t now)
{
	if (l->answered && !l->confirmed)
		confirm(p, l);
	if (l->last == now)
		return;
	l->last = now;
	pool_list_remove(p, l);
	pool_list_append(p, l);
}

void pool_record(struct lease *l, int32_t saved)
{
	l->saved = saved;
	l->on_record = true;
}

struct lease *pool_restore(struct pool *p, const struct ip6 *host, unsigned prefix, uint32_t addr,
			   int32_t last)
{
	uint32_t slot = pool_slot_of(p, addr);
	struct lease *l;

	if (pool_fits(p, host, addr) != POOL_FITS)
		return NULL;
	if (bitmap_has(p->taken, slot))
		pool_end(p, pool_find4(p, addr));
	if ((l = pool_find6(p, host, prefix)))
		pool_end(p, l);
	l = pool_begin_lease(p, host, prefix, slot, last);
	l->since = POOL_UNKNOWN;
	pool_record(l, last);
	return l;
}

struct lease *pool_move(struct pool *p, const struct lease *from, unsigned prefix)
{
	struct lease *l = pool_restore(p, &from->host, prefix, from->addr, from->last);

	if (!l)
		return NULL;
	l->saved = from->saved;
	l->on_record = from->on_record;
	l->since = from->since;
	l->answered = from->answered;
	if (from->confirmed)
		confirm(p, l);
	memcpy(l->packets, from->packets, sizeof(l->packets));
	memcpy(l->bytes, from->bytes, sizeof(l->bytes));
	return l;
}

struct order {
	int32_t last;
	uint32_t place; /* among equals, as it was */
	uint32_t index;
};

static int by_last(const void *a, const void *b)
{
	const struct order *x = a, *y = b;

	if (x->last != y->last)
		return x->last < y->last ? -1 : 1;
	return (x->place > y->place) - (x->place < y->place);
}

static bool is_sorted(const struct pool *p)
{
	const struct lease *l = oldest(p);

	for (uint32_t n = 1; n < p->used; n++) {
		const struct lease *next = &p->lease[l->newer];

		if (next->last < l->last)
			return false;
		l = next;
	}
	return true;
}

int pool_sort(struct pool *p)
{
	struct order *order;
	struct lease *l;

	if (is_sorted(p))
		return 0;
	order = malloc(p->used * sizeof(*order));
	if (!order)
		return -1;
	l = oldest(p);
	for (uint32_t i = 0; i < p->used; i++, l = &p->lease[l->newer])
		order[i] = (struct order){l->last, i, (uint32_t)(l - p->lease)};
	qsort(order, p->used, sizeof(*order), by_last);
	p->lease[NONE].newer = p->lease[NONE].older = NONE;
	for (uint32_t i = 0; i < p->used; i++)
		pool_list_append(p, &p->lease[order[i].index]);
	free(order);
	return 0;
}

unsigned pool_expire(struct pool *p, int32_t now, unsigned budget)
{
	unsigned ended = 0;

	p->ended.live = false;
	while (ended < budget && p->used && idle(oldest(p), now) > POOL_KEEP) {
		end_oldest(p);
		ended++;
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

struct lease *pool_next(const struct pool *p, const struct lease *l)
{
	uint32_t i = l ? l->older : p->lease[NONE].older;

	return i == NONE ? NULL : &p->lease[i];
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

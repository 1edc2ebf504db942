/* pool_slots - numbers the addresses of all ranges. */
#include "pool_impl.h"

#include <stdlib.h>

static int by_address(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* Sorts by group, then by address. */
static int by_group(const void *a, const void *b)
{
	const struct range *const *x = a, *const *y = b;

	if ((*x)->group != (*y)->group)
		return (*x)->group < (*y)->group ? -1 : 1;
	return by_address(*x, *y);
}

/* Adds a range to its group, whose slots so far end at END. */
static void add_to_group(struct pool *p, struct range *r, uint32_t end)
{
	struct group *g = &p->group[r->group];
	uint32_t slots = r->last - r->first + 1;

	r->base = end;
	if (g->slots == 0) {
		g->base = end;
		g->range = (uint32_t)(r - p->range);
	}
	g->slots += slots;
}

/* Numbers the slots of the ranges in the order of ROW.  Returns false if there are too many
 * addresses. */
static bool number(struct pool *p, struct range **row)
{
	uint64_t slots = 0;

	qsort(row, p->ranges, sizeof(struct range *), by_group);
	for (size_t i = 0; i < p->ranges; i++) {
		uint64_t next = slots + row[i]->last - row[i]->first + 1;

		if (next >= BITMAP_NONE)
			return false;
		add_to_group(p, row[i], (uint32_t)slots);
		p->by_slot[i] = (uint32_t)(row[i] - p->range);
		slots = next;
	}
	p->slots = (uint32_t)slots;
	return slots > 0;
}

static bool number_all(struct pool *p)
{
	struct range **row = calloc(p->ranges, sizeof(struct range *));
	bool ok;

	for (size_t i = 0; row && i < p->ranges; i++)
		row[i] = &p->range[i];
	ok = row && number(p, row);
	free(row);
	return ok;
}

bool pool_get_ranges(struct pool *p, const struct pool_conf *conf, size_t n)
{
	p->range = calloc(n, sizeof(*p->range));
	p->by_slot = calloc(n, sizeof(*p->by_slot));
	if (n == 0 || !p->range || !p->by_slot)
		return false;
	for (size_t i = 0; i < n; i++)
		p->range[i] = (struct range){
			.first = conf[i].range.addr,
			.last = conf[i].range.addr | ~addr_mask4(conf[i].range.len),
			.promoted = conf[i].promoted,
		};
	p->ranges = n;
	if (!pool_get_groups(p, conf))
		return false;
	qsort(p->range, n, sizeof(*p->range), by_address);
	return number_all(p);
}

size_t pool_range_from(const struct pool *p, uint32_t addr)
{
	size_t lo = 0, hi = p->ranges;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (p->range[mid].last < addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct range *pool_range_of(const struct pool *p, uint32_t addr)
{
	size_t i = pool_range_from(p, addr);

	return i < p->ranges && p->range[i].first <= addr ? &p->range[i] : NULL;
}

uint32_t pool_slot_of(const struct pool *p, uint32_t addr)
{
	const struct range *r = pool_range_of(p, addr);

	return r ? r->base + (addr - r->first) : BITMAP_NONE;
}

struct range *pool_range_at(const struct pool *p, uint32_t slot)
{
	size_t lo = 0, hi = p->ranges;

	while (hi - lo > 1) {
		size_t mid = (lo + hi) / 2;

		if (slot < p->range[p->by_slot[mid]].base)
			hi = mid;
		else
			lo = mid;
	}
	return &p->range[p->by_slot[lo]];
}

uint32_t pool_slot_addr(const struct pool *p, uint32_t slot)
{
	const struct range *r = pool_range_at(p, slot);

	return r->first + (slot - r->base);
}

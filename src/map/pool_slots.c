/* pool_slots - the addresses of several ranges as one row of numbers. */
#include "pool_impl.h"

#include <stdlib.h>

static int by_address(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

bool pool_number_slots(struct pool *p, const struct pool_conf *conf, size_t n)
{
	uint64_t slots = 0;

	for (size_t i = 0; i < n; i++)
		p->range[i] = (struct range){
			.first = conf[i].range.addr,
			.last = conf[i].range.addr | ~addr_mask4(conf[i].range.len),
		};
	p->ranges = n;
	qsort(p->range, n, sizeof(*p->range), by_address);
	for (size_t i = 0; i < n; i++) {
		p->range[i].base = (uint32_t)slots;
		slots += (uint64_t)p->range[i].last - p->range[i].first + 1;
		if (slots >= BITMAP_NONE)
			return false;
	}
	p->slots = (uint32_t)slots;
	return slots > 0;
}

struct range *pool_range_of(const struct pool *p, uint32_t addr)
{
	size_t lo = 0, hi = p->ranges;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		struct range *r = &p->range[mid];

		if (addr < r->first)
			hi = mid;
		else if (addr > r->last)
			lo = mid + 1;
		else
			return r;
	}
	return NULL;
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

		if (slot < p->range[mid].base)
			hi = mid;
		else
			lo = mid;
	}
	return &p->range[lo];
}

uint32_t pool_slot_addr(const struct pool *p, uint32_t slot)
{
	const struct range *r = pool_range_at(p, slot);

	return r->first + (slot - r->base);
}

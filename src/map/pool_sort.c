/* pool_sort - restores the order of last use after leases were restored in any order. */
#include "pool_impl.h"

#include <stdlib.h>

struct order {
	int32_t last;
	uint32_t place; /* the previous position, for equal times */
	uint32_t index;
};

static int by_last(const void *a, const void *b)
{
	const struct order *x = a, *y = b;

	if (x->last != y->last)
		return x->last < y->last ? -1 : 1;
	return (x->place > y->place) - (x->place < y->place);
}

static bool is_sorted(const struct pool *p, const struct group *g)
{
	const struct lease *l = &p->lease[g->newest];

	for (; l->older[IN_GROUP] != NONE; l = &p->lease[l->older[IN_GROUP]])
		if (l->last < p->lease[l->older[IN_GROUP]].last)
			return false;
	return true;
}

static uint32_t sort(const struct pool *p, const struct group *g, struct order *order)
{
	const struct lease *l = pool_group_oldest(p, g);
	uint32_t n = pool_group_used(p, g);

	for (uint32_t i = 0; i < n; i++, l = &p->lease[l->newer[IN_GROUP]])
		order[i] = (struct order){l->last, i, (uint32_t)(l - p->lease)};
	qsort(order, n, sizeof(*order), by_last);
	return n;
}

/* Leases of a network have the same order as in its group. */
static void line_up(struct pool *p, struct group *g, const struct order *order, uint32_t n)
{
	g->newest = NONE;
	for (uint32_t i = 0; i < n; i++) {
		struct lease *l = &p->lease[order[i].index];

		ring_append(p->lease, IN_GROUP, &g->newest, l);
		pool_net_line_up(p, l);
	}
}

static bool all_sorted(const struct pool *p)
{
	for (uint32_t i = 0; i < p->groups; i++)
		if (p->group[i].newest != NONE && !is_sorted(p, &p->group[i]))
			return false;
	return true;
}

int pool_sort(struct pool *p)
{
	struct order *order;

	if (all_sorted(p))
		return 0;
	order = malloc(p->used * sizeof(*order));
	if (!order)
		return -1;
	pool_net_forget_order(p);
	for (uint32_t i = 0; i < p->groups; i++) {
		struct group *g = &p->group[i];

		if (g->newest != NONE)
			line_up(p, g, order, sort(p, g, order));
	}
	free(order);
	return 0;
}

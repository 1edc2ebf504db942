/* command_pools - takes the ranges together that are for the same hosts. */
#include <stdlib.h>
#include <string.h>

#include "commands.h"

static int by_place(const void *a, const void *b)
{
	const struct command_group *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

static int by_from(const void *a, const void *b)
{
	const struct prefix6 *x = &((const struct command_group *)a)->first->from;
	const struct prefix6 *y = &((const struct command_group *)b)->first->from;
	int order = memcmp(&x->addr, &y->addr, sizeof(x->addr));

	if (order == 0)
		order = (x->len > y->len) - (x->len < y->len);
	return order ? order : by_place(a, b);
}

/* Each range alone. */
static void fill(const struct daemon *d, struct command_group *g, size_t n)
{
	const struct pool *p = d->active->pool;
	struct pool_range r;

	for (size_t i = 0; i < n; i++) {
		g[i].first = &d->active->conf->pool[i];
		pool_range(p, pool_which(p, g[i].first->range.addr), &r);
		g[i].used = r.used;
		g[i].size = r.size;
	}
}

/* Those with the same FROM lie beside each other. */
static size_t merge(struct command_group *g, size_t n)
{
	size_t k = 0;

	for (size_t i = 1; i < n; i++) {
		if (!prefix6_equal(&g[k].first->from, &g[i].first->from)) {
			g[++k] = g[i];
			continue;
		}
		g[k].used += g[i].used;
		g[k].size += g[i].size;
	}
	return k + 1;
}

struct command_group *command_groups(const struct daemon *d, size_t *n)
{
	size_t pools = command_pools(d);
	struct command_group *g = calloc(pools + 1, sizeof(*g));

	*n = 0;
	if (!g || pools == 0)
		return g;
	fill(d, g, pools);
	qsort(g, pools, sizeof(*g), by_from);
	*n = merge(g, pools);
	qsort(g, *n, sizeof(*g), by_place);
	return g;
}

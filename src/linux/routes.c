/* routes - selects the relevant routes of the kernel, and computes a look-up table from them. */
#include <stdlib.h>
#include <string.h>

#include "lib/array.h"
#include "routes_impl.h"

static int compare_prefix(const void *a, const void *b)
{
	const struct prefix6 *x = a, *y = b;
	int order = memcmp(&x->addr, &y->addr, sizeof(x->addr));

	return order ? order : x->len - y->len;
}

/* Removes prefixes that are inside another one, so that the remaining ones do not overlap. */
static size_t drop_inner(struct prefix6 *prefix, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (kept == 0 || !addr_in6(&prefix[i].addr, &prefix[kept - 1]))
			prefix[kept++] = prefix[i];
	return kept;
}

int route_scope_set(struct route_scope *s, const struct prefix6 *of, size_t n)
{
	struct prefix6 *prefix = malloc((n + 1) * sizeof(*prefix));

	if (!prefix)
		return -1;
	for (size_t i = 0; i < n; i++)
		prefix[i] = of[i];
	qsort(prefix, n, sizeof(*prefix), compare_prefix);
	free(s->prefix);
	*s = (struct route_scope){prefix, drop_inner(prefix, n)};
	return 0;
}

/* Returns how many prefixes come before A. */
static size_t count_before(const struct route_scope *s, const struct ip6 *a)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (memcmp(&s->prefix[mid].addr, a, sizeof(*a)) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Binary search, since there may be many prefixes and very many routes. */
bool route_scope_has(const struct route_scope *s, const struct prefix6 *to)
{
	size_t i = count_before(s, &to->addr);

	return (i < s->n && addr_in6(&s->prefix[i].addr, to)) ||
	       (i > 0 && addr_in6(&to->addr, &s->prefix[i - 1]));
}

void route_list_add(struct route_list *l, const struct route6 *route)
{
	struct route6 *bigger = array_grow(l->at, l->n, sizeof(*bigger));

	if (!bigger) {
		l->broken = true;
		return;
	}
	l->at = bigger;
	l->at[l->n++] = *route;
}

/* Routes inside a prefix follow it.  Of several routes for one prefix, the effective one comes
 * first. */
static int compare_route(const void *a, const void *b)
{
	const struct route6 *x = a, *y = b;
	int order = compare_prefix(&x->to, &y->to);

	if (order)
		return order;
	if (x->local != y->local)
		return x->local ? -1 : 1;
	if (x->metric != y->metric)
		return x->metric < y->metric ? -1 : 1;
	return y->ours - x->ours;
}

/* The routes that contain the current one, from the widest to the narrowest. */
struct nest {
	const struct route6 *at[130];
	size_t n;
};

static const struct route6 *innermost(struct nest *nest, const struct route6 *route)
{
	while (nest->n > 0 && !addr_in6(&route->to.addr, &nest->at[nest->n - 1]->to))
		nest->n--;
	return nest->n > 0 ? nest->at[nest->n - 1] : NULL;
}

/* Returns true if the kernel never uses ROUTE, because another one takes precedence. */
static bool is_hidden(const struct route6 *route, const struct route6 *around)
{
	return around && (route->to.len == around->to.len || (around->local && !route->local));
}

/* Only adds entries where the result changes.  In most networks that is only the translation
 * prefix.
 */
struct lpm *route_list_table(struct route_list *l)
{
	struct lpm *table = lpm_new(128);
	struct nest nest = {.n = 0};

	if (!table)
		return NULL;
	if (l->n > 0)
		qsort(l->at, l->n, sizeof(*l->at), compare_route);
	for (size_t i = 0; i < l->n; i++) {
		const struct route6 *route = &l->at[i], *around = innermost(&nest, route);

		if (is_hidden(route, around))
			continue;
		nest.at[nest.n++] = route;
		if (route->ours != (around && around->ours))
			lpm_add(table, route->to.addr.b, route->to.len, route->ours);
	}
	if (lpm_seal(table) == 0)
		return table;
	lpm_free(table);
	return NULL;
}

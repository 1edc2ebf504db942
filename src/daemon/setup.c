/* setup - derives the routes that a configuration implies, and compares two setups. */
#include <stdlib.h>
#include <string.h>

#include "setup_impl.h"

int setup_compare(const void *a, const void *b)
{
	const struct prefix *x = a, *y = b;
	int order;

	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	if (x->family == 4)
		order = (x->addr4 > y->addr4) - (x->addr4 < y->addr4);
	else
		order = memcmp(&x->addr6, &y->addr6, sizeof(x->addr6));
	return order ? order : (x->len > y->len) - (x->len < y->len);
}

static void add4(struct setup *s, struct prefix4 p)
{
	s->route[s->routes++] = (struct prefix){.family = 4, .len = p.len, .addr4 = p.addr};
}

static void add6(struct setup *s, struct prefix6 p)
{
	s->route[s->routes++] = (struct prefix){.family = 6, .len = p.len, .addr6 = p.addr};
}

static void collect(struct setup *s, const struct conf *c)
{
	static const struct ip6 none6;

	for (size_t i = 0; i < map_prefix_count(c->maps); i++)
		add6(s, *map_prefix_at(c->maps, i));
	for (size_t i = 0; i < c->pools; i++)
		add4(s, c->pool[i].range);
	for (size_t i = 0; i < map_count(c->maps); i++)
		add4(s, map_at(c->maps, i)->p4);
	if (c->xlat.own4)
		add4(s, (struct prefix4){c->xlat.own4, 32});
	if (c->xlat.has_icmp_source)
		add4(s, c->xlat.icmp_source);
	if (c->xlat.node_id)
		add4(s, (struct prefix4){XLAT_DUMMY4, 32});
	if (!ip6_equal(&c->xlat.own6, &none6))
		add6(s, (struct prefix6){c->xlat.own6, 128});
}

bool setup_holds(const struct prefix *list, size_t n, const struct prefix *a)
{
	return n > 0 && bsearch(a, list, n, sizeof(*a), setup_compare) != NULL;
}

/* If routes that contain each other are left out, the widest is sufficient.  The default route is
 * an exception: without it, the more specific routes are still wanted. */
static bool is_left(const struct setup *s, const struct prefix *r)
{
	const struct prefix *last = s->lefts > 0 ? &s->left[s->lefts - 1] : NULL;

	return last && (setup_compare(last, r) == 0 || (last->len > 0 && addr_covers(last, r)));
}

static bool is_unwanted(const struct setup *s, const struct setup *was, bool may,
			const struct prefix *r, struct tun *t)
{
	char ignored[TUN_ERR];

	if (setup_holds(s->named, s->nameds, r))
		return false;
	if (was && setup_holds(was->route, was->routes, r) &&
	    !setup_holds(was->named, was->nameds, r))
		return false;
	if (was && !may && setup_holds(was->left, was->lefts, r))
		return true;
	return r->len == 0 || tun_elsewhere(t, r, ignored);
}

/* Chooses the routes from the sorted list.  A route inside the one chosen last is dropped. */
static void choose(struct setup *s, const struct setup *was, bool may, struct tun *t)
{
	size_t kept = 0;

	tun_look(t);
	qsort(s->route, s->routes, sizeof(*s->route), setup_compare);
	for (size_t i = 0; i < s->routes; i++) {
		struct prefix r = s->route[i];

		if ((kept > 0 && addr_covers(&s->route[kept - 1], &r)) || is_left(s, &r))
			continue;
		if (is_unwanted(s, was, may, &r, t))
			s->left[s->lefts++] = r;
		else
			s->route[kept++] = r;
	}
	s->routes = kept;
}

static void drop_repeated(struct prefix *list, size_t *n)
{
	size_t kept = 0;

	qsort(list, *n, sizeof(*list), setup_compare);
	for (size_t i = 0; i < *n; i++)
		if (kept == 0 || setup_compare(&list[kept - 1], &list[i]) != 0)
			list[kept++] = list[i];
	*n = kept;
}

static size_t copy_list(struct prefix *to, const struct prefix *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = from[i];
	drop_repeated(to, &n);
	return n;
}

struct setup *setup_new(const struct conf *c, const struct setup *was, bool may, struct tun *t)
{
	const size_t own = 4; /* our addresses, and two kinds of addresses of routers */
	size_t most =
		map_prefix_count(c->maps) + c->pools + map_count(c->maps) + own + c->tun_routes;
	struct setup *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->route = calloc(most, sizeof(*s->route));
	s->left = calloc(most, sizeof(*s->left));
	s->named = calloc(c->tun_routes + 1, sizeof(*s->named));
	s->addr = calloc(c->tun_ips + 1, sizeof(*s->addr));
	s->mark = calloc(most + c->tun_ips, sizeof(*s->mark));
	if (!s->route || !s->left || !s->named || !s->addr || !s->mark) {
		setup_free(s);
		return NULL;
	}
	s->up = c->tun_up || c->tun_setup;
	s->mtu = c->tun_mtu;
	s->nameds = copy_list(s->named, c->tun_route, c->tun_routes);
	if (c->tun_setup) {
		collect(s, c);
		choose(s, was, may, t);
	}
	for (size_t i = 0; i < s->nameds; i++)
		s->route[s->routes++] = s->named[i];
	drop_repeated(s->route, &s->routes);
	s->addrs = copy_list(s->addr, c->tun_ip, c->tun_ips);
	return s;
}

void setup_free(struct setup *s)
{
	if (!s)
		return;
	free(s->route);
	free(s->left);
	free(s->named);
	free(s->addr);
	free(s->mark);
	free(s);
}

/* Both lists are sorted.  Therefore, of the first two entries that differ, the smaller one is in
 * only one list. */
static const struct prefix *changed(const struct prefix *a, size_t an, const struct prefix *b,
				    size_t bn)
{
	size_t i = 0;

	while (i < an && i < bn && setup_compare(&a[i], &b[i]) == 0)
		i++;
	if (i < an && (i == bn || setup_compare(&a[i], &b[i]) < 0))
		return &a[i];
	return i < bn ? &b[i] : NULL;
}

const struct prefix *setup_changed_route(const struct setup *a, const struct setup *b)
{
	return changed(a->route, a->routes, b->route, b->routes);
}

const struct prefix *setup_changed_addr(const struct setup *a, const struct setup *b)
{
	return changed(a->addr, a->addrs, b->addr, b->addrs);
}

/* setup - decides which routes a configuration implies, and what changes between two. */
#include <stdlib.h>
#include <string.h>

#include "setup.h"

/* By family, address, length: what lies inside a prefix then follows it. */
static int compare(const void *a, const void *b)
{
	const struct conf_addr *x = a, *y = b;
	int order;

	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	if (x->family == 4)
		order = (x->addr4 > y->addr4) - (x->addr4 < y->addr4);
	else
		order = memcmp(&x->addr6, &y->addr6, sizeof(x->addr6));
	return order ? order : (x->len > y->len) - (x->len < y->len);
}

static bool covers(const struct conf_addr *a, const struct conf_addr *b)
{
	if (a->family != b->family || a->len > b->len)
		return false;
	if (a->family == 4)
		return addr_in4(b->addr4, &(struct prefix4){a->addr4, a->len});
	return addr_in6(&b->addr6, &(struct prefix6){a->addr6, a->len});
}

static void add4(struct setup *s, struct prefix4 p)
{
	s->route[s->routes++] = (struct conf_addr){.family = 4, .len = p.len, .addr4 = p.addr};
}

static void add6(struct setup *s, struct prefix6 p)
{
	s->route[s->routes++] = (struct conf_addr){.family = 6, .len = p.len, .addr6 = p.addr};
}

static void collect(struct setup *s, const struct conf *c)
{
	static const struct ip6 none6;

	for (size_t i = 0; i < map_prefix_count(c->maps); i++)
		add6(s, *map_prefix_at(c->maps, i));
	for (size_t i = 0; i < c->pools; i++)
		add4(s, c->pool[i]);
	for (size_t i = 0; i < map_count(c->maps); i++)
		add4(s, map_at(c->maps, i)->p4);
	if (c->xlat.own4)
		add4(s, (struct prefix4){c->xlat.own4, 32});
	if (!ip6_equal(&c->xlat.own6, &none6))
		add6(s, (struct prefix6){c->xlat.own6, 128});
}

/* One route for what lies inside another: drops what the one kept last covers. */
static void drop_covered(struct setup *s)
{
	size_t kept = 0;

	qsort(s->route, s->routes, sizeof(*s->route), compare);
	for (size_t i = 0; i < s->routes; i++)
		if (kept == 0 || !covers(&s->route[kept - 1], &s->route[i]))
			s->route[kept++] = s->route[i];
	s->routes = kept;
}

static void drop_repeated(struct setup *s)
{
	size_t kept = 0;

	qsort(s->route, s->routes, sizeof(*s->route), compare);
	for (size_t i = 0; i < s->routes; i++)
		if (kept == 0 || compare(&s->route[kept - 1], &s->route[i]) != 0)
			s->route[kept++] = s->route[i];
	s->routes = kept;
}

struct setup *setup_new(const struct conf *c)
{
	size_t most = map_prefix_count(c->maps) + c->pools + map_count(c->maps) + 2 + c->tun_routes;
	struct setup *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->route = calloc(most, sizeof(*s->route));
	if (!s->route) {
		free(s);
		return NULL;
	}
	s->up = c->tun_up || c->tun_setup;
	s->addr = c->tun_ip;
	s->addrs = c->tun_ips;
	if (c->tun_setup) {
		collect(s, c);
		drop_covered(s);
	}
	for (size_t i = 0; i < c->tun_routes; i++)
		s->route[s->routes++] = c->tun_route[i];
	drop_repeated(s);
	return s;
}

void setup_free(struct setup *s)
{
	if (!s)
		return;
	free(s->route);
	free(s);
}

static bool has_route(const struct setup *s, const struct conf_addr *r)
{
	return s && s->routes > 0 &&
	       bsearch(r, s->route, s->routes, sizeof(*s->route), compare) != NULL;
}

int setup_remove(const struct setup *was, const struct setup *s, struct tun *t, char *err)
{
	int rc = 0;

	for (size_t i = 0; i < was->routes; i++)
		if (!has_route(s, &was->route[i]) && tun_route_del(t, &was->route[i], err) < 0)
			rc = -1;
	return rc;
}

static int add_routes(const struct setup *s, const struct setup *was, struct tun *t, char *err)
{
	char ignored[TUN_ERR];

	for (size_t i = 0; i < s->routes; i++) {
		if (has_route(was, &s->route[i]) || tun_route_add(t, &s->route[i], err) == 0)
			continue;
		while (i-- > 0)
			if (!has_route(was, &s->route[i]))
				tun_route_del(t, &s->route[i], ignored);
		return -1;
	}
	return 0;
}

static bool has_addr(const struct setup *s, const struct conf_addr *a)
{
	for (size_t i = 0; s && i < s->addrs; i++)
		if (compare(&s->addr[i], a) == 0)
			return true;
	return false;
}

int setup_apply(const struct setup *s, const struct setup *was, struct tun *t, char *err)
{
	if (s->up && tun_link_up(t, err) < 0)
		return -1;
	for (size_t i = 0; i < s->addrs; i++)
		if (!has_addr(was, &s->addr[i]) && tun_addr_add(t, &s->addr[i], err) < 0)
			return -1;
	return add_routes(s, was, t, err);
}

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
	if (c->xlat.has_icmp_source)
		add4(s, c->xlat.icmp_source);
	if (c->xlat.node_id)
		add4(s, (struct prefix4){XLAT_DUMMY4, 32});
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

static void drop_repeated(struct conf_addr *list, size_t *n)
{
	size_t kept = 0;

	qsort(list, *n, sizeof(*list), compare);
	for (size_t i = 0; i < *n; i++)
		if (kept == 0 || compare(&list[kept - 1], &list[i]) != 0)
			list[kept++] = list[i];
	*n = kept;
}

struct setup *setup_new(const struct conf *c)
{
	const size_t own = 4; /* our addresses, and two kinds of those of routers */
	size_t most =
		map_prefix_count(c->maps) + c->pools + map_count(c->maps) + own + c->tun_routes;
	struct setup *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->route = calloc(most, sizeof(*s->route));
	s->addr = calloc(c->tun_ips + 1, sizeof(*s->addr));
	s->mark = calloc(most + c->tun_ips, sizeof(*s->mark));
	if (!s->route || !s->addr || !s->mark) {
		setup_free(s);
		return NULL;
	}
	s->up = c->tun_up || c->tun_setup;
	s->mtu = c->tun_mtu;
	if (c->tun_setup) {
		collect(s, c);
		drop_covered(s);
	}
	for (size_t i = 0; i < c->tun_routes; i++)
		s->route[s->routes++] = c->tun_route[i];
	drop_repeated(s->route, &s->routes);
	for (size_t i = 0; i < c->tun_ips; i++)
		s->addr[s->addrs++] = c->tun_ip[i];
	drop_repeated(s->addr, &s->addrs);
	return s;
}

void setup_free(struct setup *s)
{
	if (!s)
		return;
	free(s->route);
	free(s->addr);
	free(s->mark);
	free(s);
}

enum mark {
	UNTRIED,
	FOUND, /* it was there */
	ADDED,
};

/* One thing that a device has several of, sorted, and how it is told. */
struct list {
	const struct conf_addr *at;
	unsigned char *mark;
	size_t n;
	int (*add)(struct tun *t, const struct conf_addr *a, char *err);
	int (*del)(struct tun *t, const struct conf_addr *a, char *err);
};

static struct list addrs_of(const struct setup *s)
{
	if (!s)
		return (struct list){.n = 0};
	return (struct list){s->addr, s->mark, s->addrs, tun_addr_add, tun_addr_del};
}

static struct list routes_of(const struct setup *s)
{
	if (!s)
		return (struct list){.n = 0};
	return (struct list){s->route, s->mark + s->addrs, s->routes, tun_route_add, tun_route_del};
}

static bool has(struct list l, const struct conf_addr *a)
{
	return l.n > 0 && bsearch(a, l.at, l.n, sizeof(*a), compare) != NULL;
}

/* Removes those in WAS that NOW has not. */
static int remove_all(struct list was, struct list now, struct tun *t, char *err)
{
	int rc = 0;

	for (size_t i = was.n; i-- > 0;)
		if (!has(now, &was.at[i]) && was.del(t, &was.at[i], err) < 0)
			rc = -1;
	return rc;
}

/* Adds those in NOW that WAS has not, up to the first that cannot be had. */
static int add_all(struct list now, struct list was, struct tun *t, char *err)
{
	for (size_t i = 0; i < now.n; i++) {
		int added = has(was, &now.at[i]) ? 0 : now.add(t, &now.at[i], err);

		if (added < 0)
			return -1;
		now.mark[i] = added ? ADDED : FOUND;
	}
	return 0;
}

static bool take_back(struct list l, struct tun *t)
{
	char ignored[TUN_ERR];
	bool any = false;

	for (size_t i = l.n; i-- > 0;)
		if (l.mark[i] == ADDED) {
			l.del(t, &l.at[i], ignored);
			any = true;
		}
	return any;
}

static void restore_found(struct list l, struct tun *t)
{
	char ignored[TUN_ERR];

	for (size_t i = 0; i < l.n; i++)
		if (l.mark[i] == FOUND)
			l.add(t, &l.at[i], ignored);
}

/* With the last address of a device the kernel takes away all its routes. */
static void undo(const struct setup *s, const struct setup *was, struct tun *t)
{
	char ignored[TUN_ERR];

	take_back(routes_of(s), t);
	if (!take_back(addrs_of(s), t))
		return;
	restore_found(routes_of(s), t);
	if (was)
		setup_renew(was, t, ignored);
}

int setup_remove(const struct setup *was, const struct setup *s, struct tun *t, char *err)
{
	int rc = remove_all(routes_of(was), routes_of(s), t, err);

	if (remove_all(addrs_of(was), addrs_of(s), t, err) < 0)
		rc = -1;
	return rc;
}

/* Routes come first: they are what somebody else may have already.  A link that was down has lost
 * those of WAS. */
static int apply(struct setup *s, const struct setup *was, struct tun *t, char *err)
{
	int raised = s->up ? tun_link_up(t, err) : 0;
	const struct setup *there = raised ? NULL : was;
	char ignored[TUN_ERR];

	if (raised < 0)
		return -1;
	memset(s->mark, UNTRIED, s->addrs + s->routes);
	if (add_all(routes_of(s), routes_of(there), t, err) == 0 &&
	    add_all(addrs_of(s), addrs_of(there), t, err) == 0)
		return 0;
	undo(s, was, t);
	if (raised)
		tun_link_down(t, ignored);
	return -1;
}

/* The MTU comes before the routes, which take theirs from it. */
int setup_apply(struct setup *s, const struct setup *was, struct tun *t, char *err)
{
	unsigned mtu = tun_mtu(t);
	char ignored[TUN_ERR];

	if (s->mtu && !was && tun_mtu_set(t, s->mtu, err) < 0)
		return -1;
	if (apply(s, was, t, err) == 0)
		return 0;
	if (s->mtu && !was)
		tun_mtu_set(t, mtu, ignored);
	return -1;
}

/* ERR is written to while *FAILED is 0 only. */
static void renew_all(struct list l, struct tun *t, size_t *failed, char *err)
{
	char ignored[TUN_ERR];

	for (size_t i = 0; i < l.n; i++)
		if (l.add(t, &l.at[i], *failed ? ignored : err) < 0)
			(*failed)++;
}

size_t setup_renew(const struct setup *s, struct tun *t, char *err)
{
	size_t failed = s->up && tun_link_up(t, err) < 0;

	renew_all(addrs_of(s), t, &failed, err);
	renew_all(routes_of(s), t, &failed, err);
	return failed;
}

/* Both are sorted: of the first two that differ, the smaller one is in one list only. */
static const struct conf_addr *changed(struct list a, struct list b)
{
	size_t i = 0;

	while (i < a.n && i < b.n && compare(&a.at[i], &b.at[i]) == 0)
		i++;
	if (i < a.n && (i == b.n || compare(&a.at[i], &b.at[i]) < 0))
		return &a.at[i];
	return i < b.n ? &b.at[i] : NULL;
}

const struct conf_addr *setup_changed_route(const struct setup *a, const struct setup *b)
{
	return changed(routes_of(a), routes_of(b));
}

const struct conf_addr *setup_changed_addr(const struct setup *a, const struct setup *b)
{
	return changed(addrs_of(a), addrs_of(b));
}

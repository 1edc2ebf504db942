/* check_setup - the routes that a configuration implies, and the changes between two.  The device
 * is an array here. */
#include <string.h>

#include "support/run.h"
#include "daemon/setup.h"
#include "lib/wire.h"

#define MOST 32

/* A device that accepts everything except the address or route REFUSE, and drops its IPv4 routes
 * with its last IPv4 address as the kernel does. */
struct tun {
	struct prefix route[MOST], addr[MOST];
	unsigned routes, addrs;
	bool up;
	unsigned mtu;
	bool refuse_mtu, routed_first; /* a route came before the MTU was set */
	uint32_t refuse;
	struct prefix net[2]; /* of other interfaces; valid if the length is not 0 */
	struct prefix owned;  /* an address that some interface has */
	bool lost;            /* routes may have been lost for another reason */
};

/* A machine without conflicts. */
static struct tun machine;

static bool holds(const struct prefix *list, unsigned n, const struct prefix *a)
{
	for (unsigned i = 0; i < n; i++)
		if (memcmp(&list[i], a, sizeof(*a)) == 0)
			return true;
	return false;
}

static int put(struct prefix *list, unsigned *n, const struct prefix *a)
{
	if (holds(list, *n, a))
		return 0;
	ck_assert_uint_lt(*n, MOST);
	list[(*n)++] = *a;
	return 1;
}

static void drop(struct prefix *list, unsigned *n, const struct prefix *a)
{
	for (unsigned i = 0; i < *n; i++)
		if (memcmp(&list[i], a, sizeof(*a)) == 0) {
			list[i] = list[--*n];
			return;
		}
	ck_abort_msg("something was removed that is not there");
}

int tun_link_up(struct tun *t, char *err)
{
	bool was = t->up;

	(void)err;
	t->up = true;
	return !was;
}

int tun_link_down(struct tun *t, char *err)
{
	(void)err;
	t->up = false;
	return 0;
}

unsigned tun_mtu(const struct tun *t)
{
	return t->mtu;
}

int tun_mtu_set(struct tun *t, unsigned mtu, char *err)
{
	bool other = t->mtu != mtu;

	if (other && t->refuse_mtu) {
		strcpy(err, "refused");
		return -1;
	}
	t->routed_first |= other && t->routes > 0;
	t->mtu = mtu;
	return other;
}

static bool refuses(const struct tun *t, const struct prefix *a, char *err)
{
	if (!t->refuse || a->addr4 != t->refuse)
		return false;
	strcpy(err, "refused");
	return true;
}

int tun_addr_add(struct tun *t, const struct prefix *a, char *err)
{
	return refuses(t, a, err) ? -1 : put(t->addr, &t->addrs, a);
}

int tun_addr_del(struct tun *t, const struct prefix *a, char *err)
{
	(void)err;
	drop(t->addr, &t->addrs, a);
	if (a->family == 4 && t->addrs == 0)
		for (unsigned i = t->routes; i-- > 0;)
			if (t->route[i].family == 4)
				t->route[i] = t->route[--t->routes];
	return 0;
}

int tun_route_add(struct tun *t, const struct prefix *r, char *err)
{
	return refuses(t, r, err) ? -1 : put(t->route, &t->routes, r);
}

int tun_route_del(struct tun *t, const struct prefix *r, char *err)
{
	(void)err;
	if (t->lost && !holds(t->route, t->routes, r))
		return 0;
	drop(t->route, &t->routes, r);
	return 0;
}

bool tun_addr_has(struct tun *t, const struct prefix *a)
{
	return holds(t->addr, t->addrs, a);
}

bool tun_route_has(struct tun *t, const struct prefix *r)
{
	return holds(t->route, t->routes, r);
}

static bool lies_in(const struct prefix *a, const struct prefix *net)
{
	if (a->family != net->family || a->len < net->len)
		return false;
	if (a->family == 4)
		return addr_in4(a->addr4, &(struct prefix4){net->addr4, net->len});
	return addr_in6(&a->addr6, &(struct prefix6){net->addr6, net->len});
}

void tun_sweep(struct tun *t, tun_wanted *wanted, const void *arg)
{
	for (unsigned i = t->routes; i-- > 0;)
		if (!wanted(arg, true, &t->route[i]))
			drop(t->route, &t->routes, &t->route[i]);
	for (unsigned i = t->addrs; i-- > 0;)
		if (!wanted(arg, false, &t->addr[i]))
			drop(t->addr, &t->addrs, &t->addr[i]);
}

void tun_look(struct tun *t)
{
	(void)t;
}

bool tun_elsewhere(struct tun *t, const struct prefix *r, char *where)
{
	strcpy(where, "that on lan");
	return (t->net[0].len > 0 && lies_in(r, &t->net[0])) ||
	       (t->net[1].len > 0 && lies_in(r, &t->net[1]));
}

bool tun_owned(struct tun *t, const struct prefix *net, char *where)
{
	strcpy(where, "it on lan");
	return t->owned.len > 0 && lies_in(&t->owned, net);
}

static struct ip6 v6(uint16_t a, uint16_t b, uint16_t last)
{
	struct ip6 x = {{0}};

	put16(x.b, a);
	put16(x.b + 2, b);
	put16(x.b + 14, last);
	return x;
}

/* The configuration of the walkthrough, and three maps: inside the pool, outside of it, and inside
 * the latter. */
static struct pool_conf pool = {.range = {0xc0a8ff00, 24}};

static struct conf conf_new(bool tun_setup, uint32_t extra_map)
{
	struct conf c = {.tun_setup = tun_setup, .pool = &pool, .pools = 1};
	const struct map maps[] = {
		{{0xc0a8ff10, 32}, {v6(0x2001, 0xdb8, 1), 128}},
		{{0x0a000000, 24}, {v6(0x2001, 0xdb9, 0), 120}},
		{{0x0a000080, 25}, {v6(0x2001, 0xdba, 0), 121}},
		{{extra_map, 32}, {v6(0x2001, 0xdbb, 1), 128}},
	};
	size_t other;

	c.xlat.own4 = 0xc0a8ff01;
	c.xlat.own6 = v6(0x2001, 0xdb8, 0x64);
	c.maps = map_table_new();
	ck_assert(map_add_prefix(c.maps, &(struct prefix6){v6(0x64, 0xff9b, 0), 96}));
	for (int i = 0; i < (extra_map ? 4 : 3); i++)
		ck_assert_int_eq(map_add(c.maps, &maps[i], &other), MAP_ADDED);
	ck_assert_int_eq(map_seal(c.maps), 0);
	return c;
}

static bool has4(const struct setup *s, uint32_t addr, unsigned len)
{
	for (size_t i = 0; i < s->routes; i++)
		if (s->route[i].family == 4 && s->route[i].addr4 == addr && s->route[i].len == len)
			return true;
	return false;
}

static bool has6(const struct setup *s, struct ip6 addr, unsigned len)
{
	for (size_t i = 0; i < s->routes; i++)
		if (s->route[i].family == 6 && ip6_equal(&s->route[i].addr6, &addr) &&
		    s->route[i].len == len)
			return true;
	return false;
}

START_TEST(implied_routes)
{
	struct conf c = conf_new(true, 0);
	struct setup *s = setup_new(&c, NULL, true, &machine);

	ck_assert(s->up);
	ck_assert(has4(s, 0xc0a8ff00, 24));
	ck_assert(has4(s, 0x0a000000, 24));
	ck_assert(has6(s, v6(0x64, 0xff9b, 0), 96));
	ck_assert(has6(s, c.xlat.own6, 128));
	/* no route for what they contain, nor for the IPv6 side of a map */
	ck_assert_uint_eq(s->routes, 4);
	setup_free(s);
	map_table_free(c.maps);
}
END_TEST

START_TEST(own_address_outside)
{
	struct conf c = conf_new(true, 0);
	struct setup *s;

	c.xlat.own4 = 0xc0000002;
	c.xlat.own6 = v6(0x64, 0xff9b, 2);
	s = setup_new(&c, NULL, true, &machine);
	ck_assert(has4(s, 0xc0000002, 32));
	ck_assert_uint_eq(s->routes, 4);
	setup_free(s);
	map_table_free(c.maps);
}
END_TEST

/* Source addresses of routers' errors must be routed to the device, or rp_filter drops the errors
 * [6791]. */
START_TEST(sources_of_routers)
{
	struct conf c = conf_new(true, 0);
	struct setup *s;

	c.xlat.has_icmp_source = true;
	c.xlat.icmp_source = (struct prefix4){0xc6120000, 24};
	s = setup_new(&c, NULL, true, &machine);
	ck_assert(has4(s, 0xc6120000, 24));
	ck_assert(!has4(s, XLAT_DUMMY4, 32));
	ck_assert_uint_eq(s->routes, 5);
	setup_free(s);
	c.xlat.icmp_source = (struct prefix4){0xc0a8ff80, 28}; /* inside the pool */
	s = setup_new(&c, NULL, true, &machine);
	ck_assert_uint_eq(s->routes, 4);
	setup_free(s);
	c.xlat.has_icmp_source = false;
	c.xlat.node_id = true;
	s = setup_new(&c, NULL, true, &machine);
	ck_assert(has4(s, 0xc0000008, 32));
	ck_assert_uint_eq(s->routes, 5);
	setup_free(s);
	c.tun_setup = false;
	s = setup_new(&c, NULL, true, &machine);
	ck_assert_uint_eq(s->routes, 0);
	setup_free(s);
	map_table_free(c.maps);
}
END_TEST

START_TEST(words_only)
{
	struct conf c = conf_new(false, 0);
	struct prefix said[3] = {{.family = 4, .len = 8, .addr4 = 0x0b000000},
				 {.family = 4, .len = 16, .addr4 = 0x0b000000},
				 {.family = 4, .len = 8, .addr4 = 0x0b000000}};
	struct setup *s;

	c.tun_route = said;
	c.tun_routes = 3;
	s = setup_new(&c, NULL, true, &machine);
	ck_assert(!s->up);
	ck_assert(has4(s, 0x0b000000, 8));
	ck_assert(has4(s, 0x0b000000, 16));
	ck_assert_uint_eq(s->routes, 2);
	setup_free(s);
	map_table_free(c.maps);
}
END_TEST

START_TEST(change)
{
	struct conf a = conf_new(true, 0x0b000001), b = conf_new(true, 0x0b000002);
	struct setup *was = setup_new(&a, NULL, true, &machine),
		     *is = setup_new(&b, NULL, true, &machine);
	struct tun t = {.routes = 0};
	char err[TUN_ERR];

	ck_assert_int_eq(setup_apply(was, NULL, &t, err), 0);
	ck_assert_uint_eq(t.routes, was->routes);
	ck_assert_int_eq(setup_apply(is, was, &t, err), 0);
	ck_assert_uint_eq(t.routes, was->routes + 1);
	ck_assert_int_eq(setup_remove(was, is, &t, err), 0);
	ck_assert_uint_eq(t.routes, is->routes);
	for (unsigned i = 0; i < t.routes; i++)
		ck_assert(t.route[i].addr4 != 0x0b000001);
	setup_free(was);
	setup_free(is);
	map_table_free(a.maps);
	map_table_free(b.maps);
}
END_TEST

static void same_device(const char *name, const struct tun *a, const struct tun *b);

/* Another process makes the changes: it adds the entries first, checks them, and removes them
 * again. */
START_TEST(done_by_another)
{
	struct prefix ip = {.family = 4, .len = 24, .addr4 = 0x0c000001};
	struct conf a = conf_new(true, 0x0b000001), b = conf_new(true, 0x0b000002);
	struct setup *was, *is;
	struct tun t = {.routes = 0}, before;
	char err[TUN_ERR];

	b.tun_ip = &ip;
	b.tun_ips = 1;
	was = setup_new(&a, NULL, true, &machine);
	is = setup_new(&b, NULL, true, &machine);
	ck_assert_int_eq(setup_apply(was, NULL, &t, err), 0);
	before = t;
	ck_assert_ptr_nonnull(setup_missing(is, was, &t));
	ck_assert_int_eq(setup_apply(is, was, &t, err), 0);
	ck_assert_ptr_null(setup_missing(is, was, &t));
	drop(t.addr, &t.addrs, &ip);
	ck_assert_ptr_eq(setup_missing(is, was, &t), &is->addr[0]);
	put(t.addr, &t.addrs, &ip);
	setup_take_back(is, was, &t);
	same_device("taken back", &before, &t);
	drop(t.route, &t.routes, &was->route[0]);
	ck_assert_uint_eq(setup_restore(was, &t, err), 0);
	ck_assert_uint_eq(t.routes, before.routes);
	t.refuse = was->route[0].addr4;
	drop(t.route, &t.routes, &was->route[0]);
	ck_assert_uint_eq(setup_restore(was, &t, err), 1);
	setup_free(was);
	setup_free(is);
	map_table_free(a.maps);
	map_table_free(b.maps);
}
END_TEST

/* Routes are lost with the link, so unchanged ones are requested as well. */
START_TEST(change_while_down)
{
	struct conf a = conf_new(true, 0), b = conf_new(true, 0x0b000002);
	struct setup *was = setup_new(&a, NULL, true, &machine),
		     *is = setup_new(&b, NULL, true, &machine);
	struct tun t = {.up = false};
	char err[TUN_ERR];

	ck_assert_int_eq(setup_apply(is, was, &t, err), 0);
	ck_assert(t.up);
	ck_assert_uint_eq(t.routes, is->routes);
	setup_free(was);
	setup_free(is);
	map_table_free(a.maps);
	map_table_free(b.maps);
}
END_TEST

START_TEST(changed_addresses)
{
	struct conf a = conf_new(false, 0), b = conf_new(false, 0);
	struct prefix first[2] = {{.family = 4, .len = 32, .addr4 = 0x0c000002},
				  {.family = 4, .len = 32, .addr4 = 0x0c000001}};
	struct prefix second[2] = {{.family = 4, .len = 32, .addr4 = 0x0c000002},
				   {.family = 4, .len = 32, .addr4 = 0x0c000003}};
	struct tun t = {.routes = 0};
	struct setup *was, *is;
	char err[TUN_ERR];

	a.tun_ip = first;
	b.tun_ip = second;
	a.tun_ips = b.tun_ips = 2;
	was = setup_new(&a, NULL, true, &machine);
	is = setup_new(&b, NULL, true, &machine);
	ck_assert_int_eq(setup_apply(was, NULL, &t, err), 0);
	ck_assert_uint_eq(t.addrs, 2);
	ck_assert_int_eq(setup_apply(is, was, &t, err), 0);
	ck_assert_uint_eq(t.addrs, 3);
	ck_assert_int_eq(setup_remove(was, is, &t, err), 0);
	ck_assert_uint_eq(t.addrs, 2);
	for (unsigned i = 0; i < t.addrs; i++)
		ck_assert(t.addr[i].addr4 != 0x0c000001);
	setup_free(was);
	setup_free(is);
	map_table_free(a.maps);
	map_table_free(b.maps);
}
END_TEST

static const struct prefix foreign = {.family = 4, .len = 32, .addr4 = 0x0b000001};

/* Returns a device that has all routes of S, and an address and a route of another program. */
static struct tun busy_device(const struct setup *s)
{
	struct tun t = {.up = true};

	t.addr[t.addrs++] = foreign;
	t.route[t.routes++] = foreign;
	for (size_t i = 0; i < s->routes; i++)
		t.route[t.routes++] = s->route[i];
	return t;
}

static void same_device(const char *name, const struct tun *a, const struct tun *b)
{
	ck_assert_msg(a->up == b->up, "%s: link", name);
	ck_assert_msg(a->addrs == b->addrs, "%s: %u addresses", name, b->addrs);
	ck_assert_msg(a->routes == b->routes, "%s: %u routes", name, b->routes);
	for (unsigned i = 0; i < a->addrs; i++)
		ck_assert_msg(holds(b->addr, b->addrs, &a->addr[i]), "%s: address %u", name, i);
	for (unsigned i = 0; i < a->routes; i++)
		ck_assert_msg(holds(b->route, b->routes, &a->route[i]), "%s: route %u", name, i);
}

static const struct refusal_row {
	const char *name;
	bool reload;      /* otherwise a start */
	bool up, foreign; /* the state of the device before */
	uint32_t refuse;
} refusal_rows[] = {
	{"reload, a route", true, true, true, 0x0b000003},
	{"reload, an address", true, true, true, 0x0c000002},
	{"reload, an address, none before", true, true, false, 0x0c000002},
	{"reload, a route, link down", true, false, true, 0x0b000003},
	{"start on a persistent device, a route", false, true, true, 0x0b000003},
	{"start on a persistent device, an address", false, true, true, 0x0c000002},
	{"start on a persistent device, an address, none before", false, true, false, 0x0c000002},
	{"start on a persistent device, a route, link down", false, false, false, 0x0b000003},
};

/* A failure in the middle leaves link, addresses and routes as they were: those requested earlier,
 * those that existed already, and those of other programs. */
START_TEST(refused)
{
	const struct refusal_row *r = &refusal_rows[_i];
	struct conf a = conf_new(true, r->reload ? 0x0b000004 : 0), b = conf_new(true, 0x0b000002);
	struct prefix routes[] = {{.family = 4, .len = 32, .addr4 = 0x0b000003}, foreign};
	struct prefix addrs[] = {{.family = 4, .len = 32, .addr4 = 0x0c000001},
				 {.family = 4, .len = 32, .addr4 = 0x0c000002},
				 foreign};
	struct setup *was = setup_new(&a, NULL, true, &machine), *is;
	struct tun before = busy_device(was), t;
	char err[TUN_ERR];

	b.tun_route = routes;
	b.tun_ip = addrs;
	b.tun_routes = 2;
	b.tun_ips = 2 + r->foreign;
	is = setup_new(&b, NULL, true, &machine);
	before.up = r->up;
	before.addrs = r->foreign;
	t = before;
	t.refuse = r->refuse;
	ck_assert_int_eq(setup_apply(is, r->reload ? was : NULL, &t, err), -1);
	ck_assert_str_eq(err, "refused");
	same_device(r->name, &before, &t);
	t.refuse = 0;
	ck_assert_int_eq(setup_apply(is, r->reload ? was : NULL, &t, err), 0);
	ck_assert(t.up);
	setup_free(was);
	setup_free(is);
	map_table_free(a.maps);
	map_table_free(b.maps);
}
END_TEST

/* What was lost is requested again, as far as possible. */
START_TEST(renewal)
{
	struct conf c = conf_new(true, 0);
	struct prefix address = {.family = 4, .len = 32, .addr4 = 0x0c000001};
	struct tun t = {.refuse = 0x0a000000};
	struct setup *s;
	char err[TUN_ERR] = "";

	c.tun_ip = &address;
	c.tun_ips = 1;
	s = setup_new(&c, NULL, true, &machine);
	ck_assert_uint_eq(setup_renew(s, &t, NULL, NULL, err), 1);
	ck_assert_str_eq(err, "refused");
	ck_assert(t.up);
	ck_assert_uint_eq(t.addrs, 1);
	ck_assert_uint_eq(t.routes, s->routes - 1);
	t.refuse = 0;
	ck_assert_uint_eq(setup_renew(s, &t, NULL, NULL, err), 0);
	ck_assert_uint_eq(t.routes, s->routes);
	setup_free(s);
	map_table_free(c.maps);
}
END_TEST

/* Leftovers of an earlier process that are no longer requested are removed; the rest stays. */
START_TEST(swept)
{
	struct conf c = conf_new(true, 0);
	struct prefix address = {.family = 4, .len = 32, .addr4 = 0x0c000001};
	struct prefix old_address = {.family = 4, .len = 32, .addr4 = 0x0c000002};
	struct prefix old_route = {.family = 4, .len = 24, .addr4 = 0xcb007100};
	struct tun t = {.up = true};
	struct setup *s;
	char err[TUN_ERR];

	c.tun_ip = &address;
	c.tun_ips = 1;
	s = setup_new(&c, NULL, true, &machine);
	ck_assert_int_eq(setup_apply(s, NULL, &t, err), 0);
	put(t.route, &t.routes, &old_route);
	put(t.addr, &t.addrs, &old_address);
	setup_sweep(s, &t);
	ck_assert_uint_eq(t.routes, s->routes);
	ck_assert_uint_eq(t.addrs, 1);
	ck_assert(!holds(t.route, t.routes, &old_route));
	ck_assert(holds(t.addr, t.addrs, &address));
	setup_free(s);
	map_table_free(c.maps);
}
END_TEST

static const struct mtu_row {
	const char *name;
	unsigned asked, device;
	bool reload, refuse_mtu;
	uint32_t refuse; /* an address */
	int rc;
	unsigned left; /* the device's MTU afterwards */
} mtu_rows[] = {
	{"none asked for", 0, 1500, false, true, 0, 0, 1500},
	{"another one", 1400, 1500, false, false, 0, 0, 1400},
	{"the same, of a device that may not be changed", 1500, 1500, false, true, 0, 0, 1500},
	{"another one, of a device that may not be changed", 1400, 1500, false, true, 0, -1, 1500},
	{"a route is refused", 1400, 1500, false, false, 0x0a000000, -1, 1500},
	{"changed by hand before a reload", 1400, 1300, true, true, 0, 0, 1300},
	{"a reload that is refused", 1400, 1300, true, true, 0x0a000000, -1, 1300},
};

START_TEST(asked_mtu)
{
	const struct mtu_row *r = &mtu_rows[_i];
	struct conf a = conf_new(false, 0), b = conf_new(true, 0);
	struct setup *was = setup_new(&a, NULL, true, &machine), *is;
	struct tun t = {.mtu = r->device, .refuse_mtu = r->refuse_mtu, .refuse = r->refuse};
	char err[TUN_ERR] = "";

	b.tun_mtu = r->asked;
	is = setup_new(&b, NULL, true, &machine);
	ck_assert_msg(setup_apply(is, r->reload ? was : NULL, &t, err) == r->rc, "%s", r->name);
	ck_assert_msg(t.mtu == r->left, "%s: MTU %u", r->name, t.mtu);
	ck_assert_msg(!t.routed_first, "%s: a route first", r->name);
	ck_assert_msg((t.routes > 0) == (r->rc == 0), "%s: %u routes", r->name, t.routes);
	ck_assert_str_eq(err, r->rc < 0 ? "refused" : "");
	setup_free(was);
	setup_free(is);
	map_table_free(a.maps);
	map_table_free(b.maps);
}
END_TEST

/* --- what the machine needs for something else ----------------------------------------------- */

struct lines {
	char text[4096];
	unsigned n;
};

static void note(void *arg, const char *line)
{
	struct lines *l = arg;

	ck_assert_uint_lt(strlen(l->text) + strlen(line) + 2, sizeof(l->text));
	strcat(l->text, line);
	strcat(l->text, "\n");
	l->n++;
}

static const struct prefix all4 = {.family = 4};

/* All of IPv4 is mapped, and the machine has a default route.  Then only routes from other
 * directives inside that map are added. */
START_TEST(default_route)
{
	struct conf c = conf_new(true, 0);
	struct map_table *maps = c.maps;
	const struct map all = {{0, 0}, {v6(0x2001, 0xdbc, 0), 96}};
	struct lines said = {.n = 0};
	struct prefix named = all4;
	struct setup *s;
	size_t other;

	c.maps = map_table_new();
	ck_assert(map_add_prefix(c.maps, map_prefix_at(maps, 0)));
	ck_assert_int_eq(map_add(c.maps, &all, &other), MAP_ADDED);
	ck_assert_int_eq(map_seal(c.maps), 0);
	s = setup_new(&c, NULL, true, &machine);
	ck_assert(!has4(s, 0, 0));
	ck_assert(has4(s, 0xc0a8ff00, 24));
	ck_assert_uint_eq(s->routes, 3);
	setup_warn(s, &c, &machine, note, &said);
	ck_assert_uint_eq(said.n, 1);
	ck_assert_ptr_nonnull(strstr(said.text, "tun-setup: route 0.0.0.0/0 is left out"));
	ck_assert_ptr_nonnull(strstr(said.text, "write \"tun-route 0.0.0.0/0\""));
	setup_free(s);
	c.tun_route = &named;
	c.tun_routes = 1;
	s = setup_new(&c, NULL, true, &machine);
	ck_assert(has4(s, 0, 0));
	ck_assert_uint_eq(s->routes, 3);
	ck_assert_uint_eq(s->lefts, 0);
	setup_free(s);
	map_table_free(c.maps);
	map_table_free(maps);
}
END_TEST

static const struct net_row {
	const char *name;
	struct prefix net[2], named;
	unsigned routes; /* of 4 */
	const char *said;
} net_rows[] = {
	{"none", {{0}}, {0}, 4, ""},
	{"the pool's own",
	 {{.family = 4, .len = 24, .addr4 = 0xc0a8ff00}},
	 {0},
	 3,
	 "route 192.168.255.0/24 is left out: it is inside that on lan"},
	{"around the pool",
	 {{.family = 4, .len = 16, .addr4 = 0xc0a80000}},
	 {0},
	 3,
	 "write \"tun-route 192.168.255.0/24\""},
	{"inside the pool", {{.family = 4, .len = 25, .addr4 = 0xc0a8ff00}}, {0}, 4, ""},
	{"next to the pool", {{.family = 4, .len = 24, .addr4 = 0xc0a8fe00}}, {0}, 4, ""},
	{"around a map",
	 {{.family = 4, .len = 8, .addr4 = 0x0a000000}},
	 {0},
	 3,
	 "route 10.0.0.0/24 is left out"},
	{"around the prefix",
	 {{.family = 6, .len = 64, .addr6 = {{0, 0x64, 0xff, 0x9b}}}},
	 {0},
	 3,
	 "write \"tun-route 64:ff9b::/96\""},
	{"around ipv6-addr",
	 {{.family = 6, .len = 32, .addr6 = {{0x20, 1, 0xd, 0xb8}}}},
	 {0},
	 3,
	 "write \"tun-route 2001:db8::64/128\""},
	{"around two",
	 {{.family = 4, .len = 8, .addr4 = 0x0a000000},
	  {.family = 4, .len = 16, .addr4 = 0xc0a80000}},
	 {0},
	 2,
	 "tun-route 10.0.0.0/24"},
	{"named by tun-route",
	 {{.family = 4, .len = 16, .addr4 = 0xc0a80000}},
	 {.family = 4, .len = 24, .addr4 = 0xc0a8ff00},
	 4,
	 ""},
	{"another one named",
	 {{.family = 4, .len = 16, .addr4 = 0xc0a80000}},
	 {.family = 4, .len = 25, .addr4 = 0xc0a8ff00},
	 4,
	 "tun-route 192.168.255.0/24"},
};

START_TEST(other_networks)
{
	const struct net_row *r = &net_rows[_i];
	struct tun t = {.net = {r->net[0], r->net[1]}};
	struct prefix named = r->named;
	struct conf c = conf_new(true, 0);
	struct lines said = {.n = 0};
	struct setup *s;

	c.tun_route = &named;
	c.tun_routes = named.len > 0;
	s = setup_new(&c, NULL, true, &t);
	setup_warn(s, &c, &t, note, &said);
	ck_assert_msg(s->routes == r->routes, "%s: %zu routes", r->name, s->routes);
	ck_assert_msg((said.n > 0) == (r->said[0] != '\0'), "%s: %s", r->name, said.text);
	ck_assert_msg(strstr(said.text, r->said) != NULL, "%s: %s", r->name, said.text);
	setup_free(s);
	map_table_free(c.maps);
}
END_TEST

static void add_maps(struct conf *c, uint32_t first, unsigned n)
{
	map_table_free(c->maps);
	c->maps = map_table_new();
	for (unsigned i = 0; i < n; i++) {
		struct map m = {{first + 2 * i, 32}, {v6(0x2001, 0xdbd, (uint16_t)i), 128}};
		size_t other;

		ck_assert_int_eq(map_add(c->maps, &m, &other), MAP_ADDED);
	}
	ck_assert_int_eq(map_seal(c->maps), 0);
}

START_TEST(many_left)
{
	struct tun t = {.net = {{.family = 4, .len = 8, .addr4 = 0x0a000000}}};
	struct conf c = conf_new(true, 0);
	struct lines said = {.n = 0};
	struct setup *s;

	add_maps(&c, 0x0a000000, 12);
	s = setup_new(&c, NULL, true, &t);
	ck_assert_uint_eq(s->lefts, 12);
	setup_warn(s, &c, &t, note, &said);
	ck_assert_uint_eq(said.n, 9);
	ck_assert_ptr_nonnull(strstr(said.text, "4 more routes are left out"));
	setup_free(s);
	map_table_free(c.maps);
}
END_TEST

static const struct again_row {
	const char *name;
	bool net_before, net_now, named_before, named_now, may;
	bool there; /* the route of the pool exists after the reload */
} again_rows[] = {
	{"nothing new", false, false, false, false, true, true},
	{"the network is new: what is there stays", false, true, false, false, true, true},
	{"the network is new, without rights", false, true, false, false, false, true},
	{"still left out", true, true, false, false, true, false},
	{"the network has gone", true, false, false, false, true, true},
	{"the network has gone, without rights", true, false, false, false, false, false},
	{"named now", true, true, false, true, true, true},
	{"not named any more", true, true, true, false, true, false},
	{"named still", true, true, true, true, true, true},
};

START_TEST(left_again)
{
	const struct again_row *r = &again_rows[_i];
	struct prefix net = {.family = 4, .len = 16, .addr4 = 0xc0a80000};
	struct prefix named = {.family = 4, .len = 24, .addr4 = 0xc0a8ff00};
	struct conf c = conf_new(true, 0);
	struct tun t = {.up = true};
	struct setup *was, *is;
	char err[TUN_ERR];

	c.tun_route = &named;
	c.tun_routes = r->named_before;
	if (r->net_before)
		t.net[0] = net;
	was = setup_new(&c, NULL, true, &t);
	ck_assert_int_eq(setup_apply(was, NULL, &t, err), 0);
	t.net[0] = r->net_now ? net : (struct prefix){0};
	c.tun_routes = r->named_now;
	is = setup_new(&c, was, r->may, &t);
	ck_assert_int_eq(setup_apply(is, was, &t, err), 0);
	ck_assert_int_eq(setup_remove(was, is, &t, err), 0);
	ck_assert_msg(holds(t.route, t.routes, &named) == r->there, "%s", r->name);
	ck_assert_msg(t.routes == 3u + r->there, "%s: %u routes", r->name, t.routes);
	setup_free(was);
	setup_free(is);
	map_table_free(c.maps);
}
END_TEST

START_TEST(left_at_renewal)
{
	struct conf c = conf_new(true, 0);
	struct tun t = {.up = true, .lost = true};
	struct prefix route = {.family = 4, .len = 24, .addr4 = 0xc0a8ff00};
	struct lines said = {.n = 0};
	struct setup *s = setup_new(&c, NULL, true, &t);
	char err[TUN_ERR];

	ck_assert_int_eq(setup_apply(s, NULL, &t, err), 0);
	t.routes = 2;
	t.net[0] = (struct prefix){.family = 4, .len = 16, .addr4 = 0xc0a80000};
	for (int i = 0; i < 2; i++) { /* reported once */
		ck_assert_uint_eq(setup_renew(s, &t, note, &said, err), 0);
		ck_assert_uint_eq(said.n, 1);
		ck_assert_ptr_nonnull(strstr(said.text, "route 192.168.255.0/24 is left out"));
		ck_assert_uint_eq(t.routes, 3);
		ck_assert(!holds(t.route, t.routes, &route));
	}
	setup_free(s);
	map_table_free(c.maps);
}
END_TEST

static const struct owned_row {
	const char *name;
	struct prefix owned;
	const char *said; /* the beginning of the only line */
} owned_rows[] = {
	{"nothing", {0}, ""},
	{"another address", {.family = 4, .len = 32, .addr4 = 0xc0a8ff02}, ""},
	{"ipv4-addr",
	 {.family = 4, .len = 32, .addr4 = 0xc0a8ff01},
	 "ipv4-addr: the machine has it on lan: "},
	{"ipv6-addr",
	 {.family = 6, .len = 128, .addr6 = {{0x20, 1, 0xd, 0xb8, [15] = 0x64}}},
	 "ipv6-addr: the machine has it on lan: "},
	{"one of icmp-source-pool",
	 {.family = 4, .len = 32, .addr4 = 0xc6120007},
	 "icmp-source-pool: the machine has it on lan: "},
	{"192.0.0.8",
	 {.family = 4, .len = 32, .addr4 = XLAT_DUMMY4},
	 "icmp-node-id: the machine has it on lan: "},
	{"a tun-ip, of which the configuration has been warned about",
	 {.family = 4, .len = 32, .addr4 = 0xc6120009},
	 ""},
};

START_TEST(own_addresses)
{
	const struct owned_row *r = &owned_rows[_i];
	struct prefix ip = {.family = 4, .len = 24, .addr4 = 0xc6120009};
	struct conf c = conf_new(false, 0);
	struct tun t = {.owned = r->owned};
	struct lines said = {.n = 0};
	struct setup *s;

	c.xlat.node_id = c.xlat.has_icmp_source = true;
	c.xlat.icmp_source = (struct prefix4){0xc6120000, 24};
	c.tun_ip = &ip;
	c.tun_ips = r->owned.addr4 == ip.addr4;
	s = setup_new(&c, NULL, true, &t);
	setup_warn(s, &c, &t, note, &said);
	ck_assert_msg(said.n == (r->said[0] != '\0'), "%s: %s", r->name, said.text);
	ck_assert_msg(strncmp(said.text, r->said, strlen(r->said)) == 0, "%s: %s", r->name,
		      said.text);
	setup_free(s);
	map_table_free(c.maps);
}
END_TEST

START_TEST(named_change)
{
	static const uint32_t maps[] = {0, 0x01000000, 0xcb007101};
	struct conf c[3];
	struct setup *s[3];

	for (int i = 0; i < 3; i++) {
		c[i] = conf_new(true, maps[i]);
		s[i] = setup_new(&c[i], NULL, true, &machine);
		ck_assert_ptr_nonnull(s[i]);
	}
	for (int i = 0; i < 3; i++) {
		ck_assert_ptr_null(setup_changed_route(s[i], s[i]));
		ck_assert_ptr_null(setup_changed_addr(s[i], s[(i + 1) % 3]));
	}
	for (int i = 1; i < 3; i++) { /* added or removed, in the first or last position */
		ck_assert_uint_eq(setup_changed_route(s[0], s[i])->addr4, maps[i]);
		ck_assert_uint_eq(setup_changed_route(s[i], s[0])->addr4, maps[i]);
	}
	ck_assert_uint_eq(setup_changed_route(s[2], s[1])->addr4, maps[1]);
	for (int i = 0; i < 3; i++) {
		setup_free(s[i]);
		map_table_free(c[i].maps);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("setup");
	TCase *t = tcase_create("setup");

	tcase_add_test(t, implied_routes);
	tcase_add_test(t, own_address_outside);
	tcase_add_test(t, sources_of_routers);
	tcase_add_test(t, words_only);
	tcase_add_test(t, change);
	tcase_add_test(t, change_while_down);
	tcase_add_test(t, done_by_another);
	tcase_add_test(t, changed_addresses);
	tcase_add_loop_test(t, refused, 0, ROWS(refusal_rows));
	tcase_add_test(t, renewal);
	tcase_add_test(t, swept);
	tcase_add_loop_test(t, asked_mtu, 0, ROWS(mtu_rows));
	tcase_add_test(t, default_route);
	tcase_add_loop_test(t, other_networks, 0, ROWS(net_rows));
	tcase_add_test(t, many_left);
	tcase_add_loop_test(t, left_again, 0, ROWS(again_rows));
	tcase_add_test(t, left_at_renewal);
	tcase_add_loop_test(t, own_addresses, 0, ROWS(owned_rows));
	tcase_add_test(t, named_change);
	suite_add_tcase(s, t);
	return run_suite(s);
}

/* tun_linux_setup - sets the link state, MTU, queue, addresses and routes of a device, and formats
 * the errors. */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/array.h"
#include "lib/addr_text.h"
#include "tun_linux.h"

static const char *hint(const struct prefix *a)
{
	if (errno == EPERM)
		return " (this needs root or CAP_NET_ADMIN)";
	if (errno == ENETDOWN)
		return " (the link is down: add \"tun-up yes\")";
	if (a && a->family == 6 && (errno == EACCES || errno == EOPNOTSUPP || errno == EINVAL))
		return " (is IPv6 disabled? check sysctl net.ipv6.conf.all.disable_ipv6)";
	return "";
}

static int net_error(const struct tun *t, const char *what, const struct prefix *a, char *err)
{
	const char *advice = hint(a), *words = t->nl.why[0] ? t->nl.why : strerror(errno);
	char text[ADDR_TEXT] = "";

	if (a)
		addr_text_prefix(text, a);
	return tun_fail(err, "%s: %s%s%s: %s%s", t->link.name, what, a ? " " : "", text, words,
			advice);
}

int tun_link_up(struct tun *t, char *err)
{
	if (t->link.up)
		return 0;
	if (netlink_link_set(&t->nl, t->index, true) < 0)
		return net_error(t, "setting the link up", NULL, err);
	t->link.up = true;
	return 1;
}

int tun_link_down(struct tun *t, char *err)
{
	if (netlink_link_set(&t->nl, t->index, false) < 0)
		return net_error(t, "setting the link down", NULL, err);
	t->link.up = false;
	return 0;
}

int tun_mtu_set(struct tun *t, unsigned mtu, char *err)
{
	char what[64];

	if (t->link.mtu == mtu)
		return 0;
	snprintf(what, sizeof(what), "MTU %u instead of %u (tun-mtu)", mtu, t->link.mtu);
	if (netlink_link_mtu(&t->nl, t->index, mtu) < 0)
		return net_error(t, what, NULL, err);
	t->link.mtu = mtu;
	return 1;
}

static int queue_error(const struct tun *t, unsigned packets, char *err)
{
	char what[64];

	snprintf(what, sizeof(what), "queue of %u packets", packets);
	return net_error(t, what, NULL, err);
}

int tun_queue(struct tun *t, unsigned packets, char *err)
{
	bool restore = packets == 0;

	if (restore && !t->queue_set)
		return 0;
	if (!t->queue_set)
		t->queue_was = t->link.queue;
	if (restore)
		packets = t->queue_was;
	if (packets != t->link.queue && netlink_link_queue(&t->nl, t->index, packets) < 0)
		return queue_error(t, packets, err);
	t->link.queue = packets;
	t->queue_set = !restore;
	return 0;
}

int tun_addr_add(struct tun *t, const struct prefix *a, char *err)
{
	if (netlink_addr_add(&t->nl, t->index, a) == 0)
		return 1;
	return errno == EEXIST ? 0 : net_error(t, "address", a, err);
}

int tun_addr_del(struct tun *t, const struct prefix *a, char *err)
{
	if (netlink_addr_del(&t->nl, t->index, a) == 0 || errno == EADDRNOTAVAIL)
		return 0;
	return net_error(t, "removing address", a, err);
}

struct search {
	unsigned index;
	const struct prefix *addr;
	bool found;
};

static void compare(void *arg, unsigned index, const struct prefix *addr, const struct prefix *net)
{
	struct search *s = arg;
	struct prefix there = *addr;

	there.len = net->len;
	if (index == s->index && prefix_equal(&there, s->addr))
		s->found = true;
}

/* Returns true if the route is there.  The kernel may use another one for the same network, with a
 * better metric, such as that of a routing daemon. */
static bool has_route(struct tun *t, const struct prefix *r)
{
	struct search s = {t->index, r, false};

	return netlink_routes(&t->nl, t->index, compare, &s) == 0 && s.found;
}

int tun_route_add(struct tun *t, const struct prefix *r, char *err)
{
	char dst[ADDR_TEXT], name[IF_NAMESIZE] = "another device";
	unsigned via;

	if (netlink_route_add(&t->nl, t->index, r) == 0)
		return 1;
	if (errno != EEXIST)
		return net_error(t, "route", r, err);
	via = netlink_route_index(&t->nl, r);
	if (via == t->index || has_route(t, r))
		return 0;
	if (via > 0)
		if_indextoname(via, name);
	return tun_fail(err, "%s: route %s: it already exists through %s (remove that route first)",
			t->link.name, addr_text_prefix(dst, r), name);
}

int tun_route_del(struct tun *t, const struct prefix *r, char *err)
{
	if (netlink_route_del(&t->nl, t->index, r) == 0 || errno == ESRCH)
		return 0;
	return net_error(t, "removing route", r, err);
}

bool tun_addr_has(struct tun *t, const struct prefix *a)
{
	struct search s = {t->index, a, false};

	return netlink_addrs(&t->nl, compare, &s) == 0 && s.found;
}

static void set_bit(struct prefix *a, unsigned bit)
{
	if (a->family == 4)
		a->addr4 |= 1U << (31 - bit);
	else
		a->addr6.b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
}

/* The kernel looks up an address, and a more specific route may match it: an address of the device,
 * or a route of another program.  Therefore also tries the middle and the end of the prefix. */
bool tun_route_has(struct tun *t, const struct prefix *r)
{
	unsigned bits = r->family == 4 ? 32 : 128;
	struct prefix a = *r;

	if (netlink_route_index(&t->nl, &a) == t->index)
		return true;
	if (r->len >= bits - 1)
		return false;
	set_bit(&a, r->len);
	if (netlink_route_index(&t->nl, &a) == t->index)
		return true;
	for (unsigned bit = r->len; bit < bits - 1; bit++)
		set_bit(&a, bit);
	return netlink_route_index(&t->nl, &a) == t->index;
}

bool tun_is_way(struct tun *t, const struct prefix *a)
{
	return netlink_route_way(&t->nl, a) == t->index;
}

/* Entries to remove, collected until the dump has been read, because the socket is busy until then.
 */
struct found {
	unsigned index;
	struct prefix *at;
	size_t n;
};

static void add_found(void *arg, unsigned index, const struct prefix *addr,
		      const struct prefix *net)
{
	struct found *f = arg;
	struct prefix *bigger;
	bool local = addr->family == 6 && addr->addr6.b[0] == 0xfe && addr->addr6.b[1] == 0x80;

	if (index != f->index || local)
		return;
	bigger = array_grow(f->at, f->n, sizeof(*bigger));
	if (!bigger)
		return;
	f->at = bigger;
	f->at[f->n] = *addr;
	f->at[f->n++].len = addr == net ? addr->len : net->len;
}

void tun_sweep(struct tun *t, tun_wanted *wanted, const void *arg)
{
	struct found routes = {.index = t->index}, addrs = {.index = t->index};
	char ignored[TUN_ERR];

	netlink_routes(&t->nl, t->index, add_found, &routes);
	netlink_addrs(&t->nl, add_found, &addrs);
	for (size_t i = 0; i < routes.n; i++)
		if (!wanted(arg, true, &routes.at[i]))
			tun_route_del(t, &routes.at[i], ignored);
	for (size_t i = 0; i < addrs.n; i++)
		if (!wanted(arg, false, &addrs.at[i]))
			tun_addr_del(t, &addrs.at[i], ignored);
	free(routes.at);
	free(addrs.at);
}

void tun_look(struct tun *t)
{
	tun_nets_free(t->nets);
	t->nets = tun_nets_read(&t->nl, t->index);
}

static const char *name_of(unsigned index, char name[IF_NAMESIZE])
{
	return if_indextoname(index, name) ? name : "another interface";
}

/* A network may be known only by its route, for example from a router advertisement without
 * addresses. */
bool tun_elsewhere(struct tun *t, const struct prefix *r, char *where)
{
	char name[IF_NAMESIZE], text[ADDR_TEXT];
	struct prefix net;
	unsigned index = t->nets ? tun_nets_find(t->nets, r, &net) : 0;

	if (index == 0)
		index = netlink_route_network(&t->nl, r, &net);
	if (index == 0 || index == t->index)
		return false;
	snprintf(where, TUN_ERR, "%s on %s", addr_text_prefix(text, &net), name_of(index, name));
	return true;
}

bool tun_owned(struct tun *t, const struct prefix *net, char *where)
{
	char name[IF_NAMESIZE], text[ADDR_TEXT];
	struct prefix addr;
	unsigned index = t->nets ? tun_nets_owner(t->nets, net, &addr) : 0;

	if (index == 0)
		return false;
	if (addr.family == 4)
		addr_text4(text, addr.addr4);
	else
		addr_text6(text, &addr.addr6);
	snprintf(where, TUN_ERR, "%s on %s", text, name_of(index, name));
	return true;
}

/* tun - decides how a TUN device is had on Linux, and what is said when it cannot be had. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/addr_text.h"
#include "netlink_linux.h"
#include "linux/tun.h"
#include "tun_linux_attach.h"
#include "tun_linux_nets.h"
#include "lib/wire.h"

#define MARK "made by nat64d" /* the alias of a device that is to go when the service stops */

struct tun {
	struct tun_attached dev;
	int monitor;
	unsigned index;
	struct netlink nl;
	struct netlink_link link; /* as last seen */
	struct tun_nets *nets;    /* as last looked at, or NULL */
	bool heard_up;            /* as the monitor last said, which knows of our own doing late */
	bool moved;
	bool queue_set;
	unsigned queue_was; /* before we set it */
};

/* The kernel lets several processes share a multi-queue device and spreads the flows over them. */
static int refuse_shared(const struct tun *t, const char *name, char *err)
{
	errno = EBUSY;
	return t->link.queues > 1 ? tun_attach_error(name, err) : 0;
}

static int look_around(struct tun *t, const char *name, char *err)
{
	t->index = if_nametoindex(name);
	if (t->index == 0)
		return tun_fail(err, "tun-device %s: %s", name, strerror(errno));
	t->monitor = netlink_monitor_open(RTMGRP_LINK);
	if (t->monitor < 0 || netlink_open(&t->nl) < 0)
		return tun_fail(err, "netlink: %s", strerror(errno));
	if (netlink_link(&t->nl, t->index, &t->link) < 0)
		return tun_fail(err, "netlink: link %s: %s", name, strerror(errno));
	t->heard_up = t->link.up;
	return refuse_shared(t, name, err);
}

struct tun *tun_open(const char *name, bool offload, char *err)
{
	struct tun *t = calloc(1, sizeof(*t));

	if (!t) {
		tun_fail(err, "out of memory");
		return NULL;
	}
	t->monitor = t->nl.fd = -1;
	if (tun_attach(&t->dev, name, offload, err) == 0 && look_around(t, name, err) == 0 &&
	    tun_attach_offloads(&t->dev, name, err) == 0)
		return t;
	tun_close(t);
	return NULL;
}

struct tun *tun_reach(const char *name, char *err)
{
	struct tun *t = calloc(1, sizeof(*t));

	if (!t) {
		tun_fail(err, "out of memory");
		return NULL;
	}
	t->dev.fd = t->monitor = t->nl.fd = -1;
	t->index = if_nametoindex(name);
	if (t->index == 0)
		tun_fail(err, "tun-device %s: %s", name, strerror(errno));
	else if (netlink_open(&t->nl) < 0 || netlink_link(&t->nl, t->index, &t->link) < 0)
		tun_fail(err, "netlink: link %s: %s", name, strerror(errno));
	else
		return t;
	tun_close(t);
	return NULL;
}

/* A kept descriptor of exactly the device, with the same header or none, as tun_attach()
 * would have got it. */
static bool fits(int fd, const char *name, bool offload)
{
	unsigned features = 0;
	struct ifreq ifr;
	int wanted = IFF_TUN | IFF_NO_PI;

	if (ioctl(fd, (IOCTL_REQUEST)TUNGETIFF, &ifr) < 0 || strcmp(ifr.ifr_name, name) != 0)
		return false;
	if (offload && ioctl(fd, (IOCTL_REQUEST)TUNGETFEATURES, &features) == 0)
		wanted |= (int)(features & IFF_VNET_HDR);
	return (ifr.ifr_flags & (IFF_TUN | IFF_NO_PI | IFF_VNET_HDR)) == wanted;
}

struct tun *tun_open_kept(int fd, const char *name, bool offload)
{
	struct tun *t = fits(fd, name, offload) ? calloc(1, sizeof(*t)) : NULL;
	struct ifreq ifr;
	char ignored[TUN_ERR];

	if (!t)
		return NULL;
	t->monitor = t->nl.fd = -1;
	t->dev.fd = fd;
	t->dev.header =
		ioctl(fd, (IOCTL_REQUEST)TUNGETIFF, &ifr) == 0 && (ifr.ifr_flags & IFF_VNET_HDR);
	if (look_around(t, name, ignored) == 0 && tun_attach_offloads(&t->dev, name, ignored) == 0)
		return t;
	t->dev.fd = -1;
	tun_close(t);
	return NULL;
}

void tun_close(struct tun *t)
{
	if (!t)
		return;
	netlink_close(&t->nl);
	tun_nets_free(t->nets);
	if (t->monitor >= 0)
		close(t->monitor);
	tun_detach(&t->dev);
	free(t);
}

static int make_persistent(int fd, const char *name, uid_t uid, gid_t gid, char *err)
{
	if (uid != (uid_t)-1 && ioctl(fd, TUNSETOWNER, (unsigned long)uid) < 0)
		return tun_fail(err, "tun-device %s: owner: %s", name, strerror(errno));
	if (gid != (gid_t)-1 && ioctl(fd, TUNSETGROUP, (unsigned long)gid) < 0)
		return tun_fail(err, "tun-device %s: group: %s", name, strerror(errno));
	if (ioctl(fd, TUNSETPERSIST, 1UL) < 0)
		return tun_fail(err, "tun-device %s: %s", name, strerror(errno));
	return 0;
}

int tun_make(const char *name, unsigned mtu, uid_t uid, gid_t gid, char *err)
{
	struct tun *t = tun_open(name, false, err);
	int rc;

	if (!t)
		return -1;
	rc = mtu ? tun_mtu_set(t, mtu, err) : 0;
	if (rc >= 0)
		rc = make_persistent(t->dev.fd, name, uid, gid, err);
	if (rc >= 0 && strcmp(t->link.alias, MARK) == 0)
		netlink_link_alias(&t->nl, t->index, ""); /* it is to stay from now on */
	tun_close(t);
	return rc;
}

int tun_remove(const char *name, char *err)
{
	struct tun *t;
	int rc = 0;

	if (if_nametoindex(name) == 0)
		return 1;
	t = tun_open(name, false, err);
	if (!t)
		return -1;
	if (ioctl(t->dev.fd, TUNSETPERSIST, 0UL) < 0)
		rc = tun_fail(err, "tun-device %s: %s", name, strerror(errno));
	tun_close(t);
	return rc;
}

const char *tun_name(const struct tun *t)
{
	return t->link.name;
}

unsigned tun_index(const struct tun *t)
{
	return t->index;
}

unsigned tun_mtu(const struct tun *t)
{
	return t->link.mtu;
}

bool tun_is_up(const struct tun *t)
{
	return t->link.up;
}

unsigned tun_offloads(const struct tun *t)
{
	return t->dev.offloads;
}

int tun_fd(const struct tun *t)
{
	return t->dev.fd;
}

/* No packet has its checksum there, so the packet path refuses it under the right name. */
static const struct offload unreadable = {
	.csum = CSUM_PARTIAL, .csum_start = UINT16_MAX, .csum_offset = UINT16_MAX};

ssize_t tun_read(struct tun *t, uint8_t *packet, size_t size, struct offload *offload)
{
	size_t header = t->dev.header ? OFFLOAD_HDR : 0;
	ssize_t n = read(t->dev.fd, packet - header, size + header);

	memset(offload, 0, sizeof(*offload));
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if ((size_t)n <= header)
		return 0;
	if (header > 0 && !offload_read(offload, packet - header))
		*offload = unreadable;
	return n - (ssize_t)header;
}

int tun_write(struct tun *t, const struct batch_out *out)
{
	/* writev() only reads what it is given, but its type cannot say so */
	uint8_t *first = (uint8_t *)(uintptr_t)out->part[0].p;
	size_t header = t->dev.header ? OFFLOAD_HDR : 0;
	struct iovec part[BATCH_PARTS + 1];

	if (header > 0)
		offload_write(&out->offload, first - header);
	part[0] = (struct iovec){first - header, out->part[0].len + header};
	for (unsigned i = 1; i < out->parts; i++)
		part[i] = (struct iovec){(void *)(uintptr_t)out->part[i].p, out->part[i].len};
	if (out->parts == 1)
		return write(t->dev.fd, part[0].iov_base, part[0].iov_len) < 0 ? -1 : 0;
	return writev(t->dev.fd, part, (int)out->parts) < 0 ? -1 : 0;
}

int tun_watch_fd(const struct tun *t)
{
	return t->monitor;
}

/* The link is not in this network namespace any more.  The driver knows whether it is
 * anywhere. */
static unsigned missing(struct tun *t)
{
	struct ifreq ifr;
	bool known = t->moved;

	if (ioctl(t->dev.fd, (IOCTL_REQUEST)TUNGETIFF, &ifr) < 0)
		return TUN_GONE;
	t->moved = true;
	return known ? 0 : TUN_MOVED;
}

unsigned tun_watch(struct tun *t)
{
	struct netlink_link was = t->link;
	struct netlink_past past = netlink_monitor_drain(t->monitor, t->index, &t->heard_up);
	unsigned changes = 0;

	if (netlink_link(&t->nl, t->index, &t->link) < 0) {
		t->link = was;
		return errno == ENODEV ? missing(t) : 0;
	}
	t->heard_up = t->link.up;
	if (was.up && (past.fell || !t->link.up))
		changes |= TUN_DOWN;
	if (t->link.up && (past.fell || !was.up))
		changes |= TUN_UP;
	if (was.mtu != t->link.mtu)
		changes |= TUN_MTU;
	if (past.narrow && was.mtu >= IP6_MTU_MIN && t->link.mtu >= IP6_MTU_MIN)
		changes |= TUN_NARROWED;
	if (strcmp(was.name, t->link.name) != 0)
		changes |= TUN_RENAMED;
	return changes;
}

static const char *hint(const struct prefix *a)
{
	if (errno == EPERM)
		return " (this needs root or CAP_NET_ADMIN)";
	if (errno == ENETDOWN)
		return " (the link is down: say \"tun-up yes\")";
	if (a && a->family == 6 && (errno == EACCES || errno == EOPNOTSUPP || errno == EINVAL))
		return " (is IPv6 disabled? see sysctl net.ipv6.conf.all.disable_ipv6)";
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

static bool is_persistent(const struct tun *t)
{
	struct ifreq ifr;

	return ioctl(t->dev.fd, (IOCTL_REQUEST)TUNGETIFF, &ifr) == 0 &&
	       (ifr.ifr_flags & IFF_PERSIST);
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

bool tun_is_marked(const struct tun *t)
{
	return strcmp(t->link.alias, MARK) == 0;
}

bool tun_is_ours(const struct tun *t)
{
	return !is_persistent(t) || tun_is_marked(t);
}

void tun_mark(struct tun *t)
{
	if (netlink_link_alias(&t->nl, t->index, MARK) == 0)
		snprintf(t->link.alias, sizeof(t->link.alias), MARK);
}

bool tun_hold(int fd)
{
	struct ifreq ifr;

	if (ioctl(fd, (IOCTL_REQUEST)TUNGETIFF, &ifr) < 0)
		return false;
	return (ifr.ifr_flags & IFF_PERSIST) || ioctl(fd, TUNSETPERSIST, 1UL) == 0;
}

void tun_let_go(int fd)
{
	struct netlink_link link;
	struct netlink nl;
	struct ifreq ifr;

	if (ioctl(fd, (IOCTL_REQUEST)TUNGETIFF, &ifr) < 0 || netlink_open(&nl) < 0)
		return;
	if (netlink_link(&nl, if_nametoindex(ifr.ifr_name), &link) == 0 &&
	    strcmp(link.alias, MARK) == 0)
		ioctl(fd, TUNSETPERSIST, 0UL);
	netlink_close(&nl);
}

void tun_pass_on(struct tun *t, bool ended)
{
	if (ended && tun_is_ours(t))
		ioctl(t->dev.fd, TUNSETPERSIST, 0UL);
	t->dev.offloads = 0;
	t->queue_set = false;
}

int tun_leave(struct tun *t, char *err)
{
	return is_persistent(t) ? tun_queue(t, 0, err) : 0;
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

int tun_route_add(struct tun *t, const struct prefix *r, char *err)
{
	char dst[ADDR_TEXT], name[IF_NAMESIZE] = "another way";
	unsigned via;

	if (netlink_route_add(&t->nl, t->index, r) == 0)
		return 1;
	if (errno != EEXIST)
		return net_error(t, "route", r, err);
	via = netlink_route_index(&t->nl, r);
	if (via == t->index)
		return 0;
	if (via > 0)
		if_indextoname(via, name);
	return tun_fail(err,
			"%s: route %s: there is one already through %s (remove that one first)",
			t->link.name, addr_text_prefix(dst, r), name);
}

int tun_route_del(struct tun *t, const struct prefix *r, char *err)
{
	if (netlink_route_del(&t->nl, t->index, r) == 0 || errno == ESRCH)
		return 0;
	return net_error(t, "removing route", r, err);
}

struct search {
	unsigned index;
	const struct prefix *addr;
	bool found;
};

static void compare(void *arg, unsigned index, const struct prefix *addr, const struct prefix *net)
{
	struct search *s = arg;
	const struct prefix *a = s->addr;

	if (index == s->index && addr->family == a->family && net->len == a->len &&
	    (a->family == 4 ? addr->addr4 == a->addr4 : ip6_equal(&addr->addr6, &a->addr6)))
		s->found = true;
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

/* The kernel is asked about an address, and something narrower may have that one: an
 * address of the device, somebody's route.  Then the middle of the prefix is tried, and its
 * end. */
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

/* What the sweep has found, until the dump has been read: the socket is busy till
 * then. */
struct found {
	unsigned index;
	struct prefix *at;
	size_t n, room;
};

static void add_found(void *arg, unsigned index, const struct prefix *addr,
		      const struct prefix *net)
{
	struct found *f = arg;
	struct prefix *bigger;
	bool local = addr->family == 6 && addr->addr6.b[0] == 0xfe && addr->addr6.b[1] == 0x80;

	if (index != f->index || local)
		return;
	if (f->n == f->room) {
		f->room = f->room ? 2 * f->room : 64;
		bigger = realloc(f->at, f->room * sizeof(*bigger));
		if (!bigger) {
			f->room = f->n;
			return;
		}
		f->at = bigger;
	}
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

/* A network may be known by its route only, as one of a router advertisement that
 * gives no addresses. */
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

/* tun - opens TUN devices of Linux, reads, writes and monitors them. */
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

#include "lib/wire.h"
#include "tun_linux.h"

#define MARK "made by nat64d" /* alias of a device that must be deleted when the service stops */

static int find_link(struct tun *t, const char *name, char *err)
{
	t->index = if_nametoindex(name);
	if (t->index == 0)
		return tun_fail(err, "tun-device %s: %s", name, strerror(errno));
	if (netlink_open(&t->nl) < 0)
		return tun_fail(err, "netlink: %s", strerror(errno));
	if (netlink_link(&t->nl, t->index, &t->link) < 0)
		return tun_fail(err, "netlink: link %s: %s", name, strerror(errno));
	t->heard_up = t->link.up;
	return 0;
}

/* Checks that no other process has the device open.  The kernel lets several processes share a
 * multi-queue device, and distributes the flows among them. */
static int look_around(struct tun *t, const char *name, char *err)
{
	t->monitor = netlink_monitor_open(RTMGRP_LINK);
	if (t->monitor < 0)
		return tun_fail(err, "netlink: %s", strerror(errno));
	if (find_link(t, name, err) < 0)
		return -1;
	errno = EBUSY;
	return t->link.queues > 1 ? tun_attach_error(name, err)
				  : tun_attach_offloads(&t->dev, name, err);
}

static struct tun *new_tun(char *err)
{
	struct tun *t = calloc(1, sizeof(*t));

	if (t)
		t->dev.fd = t->monitor = t->nl.fd = -1;
	else
		tun_fail(err, "out of memory");
	return t;
}

struct tun *tun_open(const char *name, bool offload, char *err)
{
	struct tun *t = new_tun(err);

	if (t && tun_attach(&t->dev, name, offload, err) == 0 && look_around(t, name, err) == 0)
		return t;
	tun_close(t);
	return NULL;
}

struct tun *tun_reach(const char *name, char *err)
{
	struct tun *t = new_tun(err);

	if (t && find_link(t, name, err) == 0)
		return t;
	tun_close(t);
	return NULL;
}

/* Returns true if FD is a descriptor of exactly this device, with the header that tun_attach()
 * would choose. */
static bool fits(int fd, const char *name, bool offload, bool *header)
{
	unsigned features = 0;
	struct ifreq ifr;
	int wanted = IFF_TUN | IFF_NO_PI;

	if (ioctl(fd, (IOCTL_REQUEST)TUNGETIFF, &ifr) < 0 || strcmp(ifr.ifr_name, name) != 0)
		return false;
	if (offload && ioctl(fd, (IOCTL_REQUEST)TUNGETFEATURES, &features) == 0)
		wanted |= (int)(features & IFF_VNET_HDR);
	*header = wanted & IFF_VNET_HDR;
	return (ifr.ifr_flags & (IFF_TUN | IFF_NO_PI | IFF_VNET_HDR)) == wanted;
}

struct tun *tun_open_kept(int fd, const char *name, bool offload)
{
	char ignored[TUN_ERR];
	bool header;
	struct tun *t = fits(fd, name, offload, &header) ? new_tun(ignored) : NULL;

	if (!t)
		return NULL;
	t->dev.fd = fd;
	t->dev.header = header;
	if (look_around(t, name, ignored) == 0)
		return t;
	t->dev.fd = -1;
	tun_close(t);
	return NULL;
}

/* seccomp: daemon: close, ioctl */
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
		netlink_link_alias(&t->nl, t->index, ""); /* it must stay from now on */
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

unsigned tun_queue_len(const struct tun *t)
{
	return t->link.queue;
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

/* No packet contains such a checksum field, so the packet path refuses it with the right reason. */
static const struct offload unreadable = {
	.csum = CSUM_PARTIAL, .csum_start = UINT16_MAX, .csum_offset = UINT16_MAX};

/* seccomp: daemon: read */
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

/* seccomp: daemon: write, writev */
int tun_write(struct tun *t, const struct output *out)
{
	size_t header = t->dev.header ? OFFLOAD_HDR : 0;
	struct iovec part[OUTPUT_PARTS];
	int n = 1;

	if (header > 0)
		offload_write(&out->offload, out->head - header);
	part[0] = (struct iovec){out->head - header, out->head_len + header};
	if (out->parts == 1)
		return write(t->dev.fd, part[0].iov_base, part[0].iov_len) < 0 ? -1 : 0;
	/* writev() does not modify the data, but its type is not const */
	for (const struct part *at = &out->body; at; at = at->next)
		part[n++] = (struct iovec){(void *)(uintptr_t)at->p, at->len};
	return writev(t->dev.fd, part, n) < 0 ? -1 : 0;
}

int tun_watch_fd(const struct tun *t)
{
	return t->monitor;
}

bool tun_is_gone(const struct tun *t)
{
	struct ifreq ifr;

	return ioctl(t->dev.fd, (IOCTL_REQUEST)TUNGETIFF, &ifr) < 0;
}

/* The link is no longer in this network namespace.  The driver knows whether it still exists. */
static unsigned missing(struct tun *t)
{
	bool known = t->moved;

	if (tun_is_gone(t))
		return TUN_GONE;
	t->moved = true;
	return known ? 0 : TUN_MOVED;
}

/* Returns what has changed since the link was as in WAS. */
static unsigned compare(const struct tun *t, const struct netlink_link *was)
{
	const struct netlink_past *past = &t->past;
	unsigned changes = 0;

	if (was->up && (past->fell || !t->link.up))
		changes |= TUN_DOWN;
	if (t->link.up && (past->fell || !was->up))
		changes |= TUN_UP;
	if (was->mtu != t->link.mtu)
		changes |= TUN_MTU;
	if (past->narrow && was->mtu >= IP6_MTU_MIN && t->link.mtu >= IP6_MTU_MIN)
		changes |= TUN_NARROWED;
	if (past->unknown)
		changes |= TUN_UNHEARD;
	if (strcmp(was->name, t->link.name) != 0)
		changes |= TUN_RENAMED;
	return changes;
}

unsigned tun_watch(struct tun *t)
{
	struct netlink_link was = t->link;
	unsigned changes;

	netlink_monitor_drain(t->monitor, t->index, &t->heard_up, &t->past);
	if (netlink_link(&t->nl, t->index, &t->link) < 0) {
		t->unread = errno != ENODEV;
		return t->unread ? 0 : missing(t);
	}
	changes = compare(t, &was);
	t->heard_up = t->link.up;
	t->past = (struct netlink_past){.fell = false};
	t->unread = false;
	return changes;
}

bool tun_watch_again(const struct tun *t)
{
	return t->unread;
}

/* seccomp: daemon: ioctl */
static bool is_persistent(const struct tun *t)
{
	struct ifreq ifr;

	return ioctl(t->dev.fd, (IOCTL_REQUEST)TUNGETIFF, &ifr) == 0 &&
	       (ifr.ifr_flags & IFF_PERSIST);
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

/* tun - decides how a TUN device is had on Linux, and what is said when it cannot be had. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "posix.h"
#include "netlink_linux.h"
#include "tun.h"

#define CLONE_DEVICE "/dev/net/tun"

struct tun {
	int fd, monitor;
	unsigned index;
	struct netlink nl;
	struct netlink_link link; /* as last seen */
	bool moved;
};

static int fail(char *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int fail(char *err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(err, TUN_ERR, fmt, args);
	va_end(args);
	return -1;
}

static int open_clone_device(char *err)
{
	int fd = open(CLONE_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	if (errno == ENOENT)
		return fail(err, CLONE_DEVICE ": not there (modprobe tun, or mknod " CLONE_DEVICE
					      " c 10 200; a container must be given the device)");
	if (errno == ENODEV || errno == ENXIO)
		return fail(err, CLONE_DEVICE ": the kernel has no TUN driver (modprobe tun)");
	if (errno == EACCES || errno == EPERM)
		return fail(err, CLONE_DEVICE ": permission denied (run as root; a container "
					      "must be given the device)");
	return fail(err, CLONE_DEVICE ": %s", strerror(errno));
}

static int attach_error(const char *name, char *err)
{
	switch (errno) {
	case EBUSY:
	case E2BIG:
		return fail(err, "tun-device %s: in use by another process", name);
	case EPERM:
		return fail(err,
			    "tun-device %s: not permitted (run as root or with CAP_NET_ADMIN, or "
			    "let root make it with --mktun --user USER)",
			    name);
	case EINVAL:
		if (if_nametoindex(name) == 0)
			return fail(err, "tun-device %s: not a name for an interface", name);
		return fail(err,
			    "tun-device %s: an interface of that name exists and is not a TUN "
			    "device (choose another name)",
			    name);
	default:
		return fail(err, "tun-device %s: %s", name, strerror(errno));
	}
}

/* A persistent device must be attached to in the mode it was made in, one queue or several; nothing
 * but trying tells which. */
static int attach(int fd, const char *name, char *err)
{
	static const int modes[] = {0, IFF_MULTI_QUEUE};
	struct ifreq ifr;

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		memset(&ifr, 0, sizeof(ifr));
		snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
		ifr.ifr_flags = (short)(IFF_TUN | IFF_NO_PI | modes[i]);
		if (ioctl(fd, TUNSETIFF, &ifr) == 0)
			/* who had the device before may have left offloads on */
			return ioctl(fd, TUNSETOFFLOAD, 0) < 0 ? attach_error(name, err) : 0;
		if (errno != EINVAL)
			break;
	}
	return attach_error(name, err);
}

static int open_attached(const char *name, char *err)
{
	int fd = open_clone_device(err);

	if (fd < 0)
		return -1;
	if (attach(fd, name, err) == 0)
		return fd;
	close(fd);
	return -1;
}

/* The kernel lets several processes share a multi-queue device and spreads the flows over them. */
static int refuse_shared(const struct tun *t, const char *name, char *err)
{
	errno = EBUSY;
	return t->link.queues > 1 ? attach_error(name, err) : 0;
}

static int look_around(struct tun *t, const char *name, char *err)
{
	t->index = if_nametoindex(name);
	if (t->index == 0)
		return fail(err, "tun-device %s: %s", name, strerror(errno));
	t->monitor = netlink_monitor_open();
	if (t->monitor < 0 || netlink_open(&t->nl) < 0)
		return fail(err, "netlink: %s", strerror(errno));
	if (netlink_link(&t->nl, t->index, &t->link) < 0)
		return fail(err, "netlink: link %s: %s", name, strerror(errno));
	return refuse_shared(t, name, err);
}

struct tun *tun_open(const char *name, char *err)
{
	struct tun *t = calloc(1, sizeof(*t));

	if (!t) {
		fail(err, "out of memory");
		return NULL;
	}
	t->monitor = t->nl.fd = -1;
	t->fd = open_attached(name, err);
	if (t->fd >= 0 && look_around(t, name, err) == 0)
		return t;
	tun_close(t);
	return NULL;
}

void tun_close(struct tun *t)
{
	if (!t)
		return;
	netlink_close(&t->nl);
	if (t->monitor >= 0)
		close(t->monitor);
	if (t->fd >= 0)
		close(t->fd);
	free(t);
}

static int make_persistent(int fd, const char *name, uid_t uid, gid_t gid, char *err)
{
	if (uid != (uid_t)-1 && ioctl(fd, TUNSETOWNER, (unsigned long)uid) < 0)
		return fail(err, "tun-device %s: owner: %s", name, strerror(errno));
	if (gid != (gid_t)-1 && ioctl(fd, TUNSETGROUP, (unsigned long)gid) < 0)
		return fail(err, "tun-device %s: group: %s", name, strerror(errno));
	if (ioctl(fd, TUNSETPERSIST, 1UL) < 0)
		return fail(err, "tun-device %s: %s", name, strerror(errno));
	return 0;
}

int tun_make(const char *name, uid_t uid, gid_t gid, char *err)
{
	struct tun *t = tun_open(name, err);
	int rc;

	if (!t)
		return -1;
	rc = make_persistent(t->fd, name, uid, gid, err);
	tun_close(t);
	return rc;
}

int tun_remove(const char *name, char *err)
{
	struct tun *t;
	int rc = 0;

	if (if_nametoindex(name) == 0)
		return 1;
	t = tun_open(name, err);
	if (!t)
		return -1;
	if (ioctl(t->fd, TUNSETPERSIST, 0UL) < 0)
		rc = fail(err, "tun-device %s: %s", name, strerror(errno));
	tun_close(t);
	return rc;
}

const char *tun_name(const struct tun *t)
{
	return t->link.name;
}

unsigned tun_mtu(const struct tun *t)
{
	return t->link.mtu;
}

bool tun_is_up(const struct tun *t)
{
	return t->link.up;
}

int tun_fd(const struct tun *t)
{
	return t->fd;
}

ssize_t tun_read(struct tun *t, uint8_t *buf, size_t size)
{
	ssize_t n = read(t->fd, buf, size);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return n;
}

bool tun_write(struct tun *t, const struct frame *f)
{
	/* writev() only reads what it is given, but its type cannot say so */
	struct iovec part[2] = {
		{(void *)(uintptr_t)f->head, f->head_len},
		{(void *)(uintptr_t)f->body, f->body_len},
	};

	return writev(t->fd, part, f->body_len > 0 ? 2 : 1) >= 0;
}

int tun_watch_fd(const struct tun *t)
{
	return t->monitor;
}

/* The link is not in this network namespace any more.  The driver knows whether it is anywhere. */
static unsigned missing(struct tun *t)
{
	struct ifreq ifr;
	bool known = t->moved;

	if (ioctl(t->fd, (IOCTL_REQUEST)TUNGETIFF, &ifr) < 0)
		return TUN_GONE;
	t->moved = true;
	return known ? 0 : TUN_MOVED;
}

unsigned tun_watch(struct tun *t)
{
	struct netlink_link was = t->link;
	unsigned changes = 0;

	netlink_monitor_drain(t->monitor);
	if (netlink_link(&t->nl, t->index, &t->link) < 0) {
		t->link = was;
		return errno == ENODEV ? missing(t) : 0;
	}
	if (was.up != t->link.up)
		changes |= t->link.up ? TUN_UP : TUN_DOWN;
	if (was.mtu != t->link.mtu)
		changes |= TUN_MTU;
	if (strcmp(was.name, t->link.name) != 0)
		changes |= TUN_RENAMED;
	return changes;
}

static const char *addr_text(char *out, size_t size, const struct conf_addr *a)
{
	char s[INET6_ADDRSTRLEN];
	struct in_addr v4 = {htonl(a->addr4)};

	if (a->family == 4)
		inet_ntop(AF_INET, &v4, s, sizeof(s));
	else
		inet_ntop(AF_INET6, a->addr6.b, s, sizeof(s));
	snprintf(out, size, "%s/%u", s, a->len);
	return out;
}

static const char *hint(const struct conf_addr *a)
{
	if (errno == EPERM)
		return " (this needs root or CAP_NET_ADMIN)";
	if (errno == ENETDOWN)
		return " (the link is down: say \"tun-up yes\")";
	if (a && a->family == 6 && (errno == EACCES || errno == EOPNOTSUPP || errno == EINVAL))
		return " (is IPv6 disabled? see sysctl net.ipv6.conf.all.disable_ipv6)";
	return "";
}

static int net_error(const struct tun *t, const char *what, const struct conf_addr *a, char *err)
{
	const char *advice = hint(a), *words = t->nl.why[0] ? t->nl.why : strerror(errno);
	char text[64] = "";

	if (a)
		addr_text(text, sizeof(text), a);
	return fail(err, "%s: %s%s%s: %s%s", t->link.name, what, a ? " " : "", text, words, advice);
}

int tun_link_up(struct tun *t, char *err)
{
	if (t->link.up)
		return 0;
	if (netlink_link_up(&t->nl, t->index) < 0)
		return net_error(t, "setting the link up", NULL, err);
	t->link.up = true;
	return 0;
}

int tun_addr_add(struct tun *t, const struct conf_addr *a, char *err)
{
	if (netlink_addr_add(&t->nl, t->index, a) == 0 || errno == EEXIST)
		return 0;
	return net_error(t, "address", a, err);
}

int tun_addr_del(struct tun *t, const struct conf_addr *a, char *err)
{
	if (netlink_addr_del(&t->nl, t->index, a) == 0 || errno == EADDRNOTAVAIL)
		return 0;
	return net_error(t, "removing address", a, err);
}

int tun_route_add(struct tun *t, const struct conf_addr *r, char *err)
{
	char dst[64], name[IF_NAMESIZE] = "another way";
	unsigned via;

	if (netlink_route_add(&t->nl, t->index, r) == 0)
		return 0;
	if (errno != EEXIST)
		return net_error(t, "route", r, err);
	via = netlink_route_index(&t->nl, r);
	if (via == t->index)
		return 0;
	if (via > 0)
		if_indextoname(via, name);
	return fail(err, "%s: route %s: there is one already through %s (remove that one first)",
		    t->link.name, addr_text(dst, sizeof(dst), r), name);
}

int tun_route_del(struct tun *t, const struct conf_addr *r, char *err)
{
	if (netlink_route_del(&t->nl, t->index, r) == 0 || errno == ESRCH)
		return 0;
	return net_error(t, "removing route", r, err);
}

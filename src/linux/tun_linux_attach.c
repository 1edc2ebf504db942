/* tun_linux_attach - attaches to a TUN device, and enables as many offloads as the kernel supports.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "packet/offload.h"
#include "linux/tun.h"
#include "tun_linux_attach.h"

#define CLONE_DEVICE "/dev/net/tun"

/* Since Linux 6.2.  The headers may be older than the kernel. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

int tun_fail(char *err, const char *fmt, ...)
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
		return tun_fail(err, CLONE_DEVICE
				": does not exist (modprobe tun, or mknod " CLONE_DEVICE
				" c 10 200; give a container access to the device)");
	if (errno == ENODEV || errno == ENXIO)
		return tun_fail(err, CLONE_DEVICE ": the kernel has no TUN driver (modprobe tun)");
	if (errno == EACCES || errno == EPERM)
		return tun_fail(err,
				CLONE_DEVICE ": permission denied to user id %u (run as root, or "
					     "chmod 666 " CLONE_DEVICE
					     "; give a container access to the device)",
				(unsigned)geteuid());
	return tun_fail(err, CLONE_DEVICE ": %s", strerror(errno));
}

int tun_attach_error(const char *name, char *err)
{
	switch (errno) {
	case EBUSY:
	case E2BIG:
		return tun_fail(err,
				"tun-device %s: in use by another process (find it: pgrep -a "
				"'tayga|nat64d')",
				name);
	case EPERM:
		return tun_fail(err,
				"tun-device %s: not permitted (run as root or with CAP_NET_ADMIN, "
				"or create it as root with --mktun --user USER)",
				name);
	case EINVAL:
		if (if_nametoindex(name) == 0)
			return tun_fail(err, "tun-device %s: not a valid interface name", name);
		return tun_fail(err,
				"tun-device %s: an interface of that name exists and is not a TUN "
				"device (choose another name)",
				name);
	default:
		return tun_fail(err, "tun-device %s: %s", name, strerror(errno));
	}
}

/* A persistent device must be attached in the mode in which it was created, with one queue or
 * several.  Only trying shows which one. */
static int set_name(int fd, const char *name, int flags, char *err)
{
	static const int modes[] = {0, IFF_MULTI_QUEUE};
	struct ifreq ifr;

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		memset(&ifr, 0, sizeof(ifr));
		snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
		ifr.ifr_flags = (short)(IFF_TUN | IFF_NO_PI | flags | modes[i]);
		if (ioctl(fd, TUNSETIFF, &ifr) == 0)
			return 0;
		if (errno != EINVAL)
			break;
	}
	return tun_attach_error(name, err);
}

/* A previous user of the device may have set a longer header. */
static bool take_header(int fd)
{
	int size = OFFLOAD_HDR;

	return ioctl(fd, (IOCTL_REQUEST)TUNSETVNETHDRSZ, &size) == 0;
}

/* The kernel accepts a set of offloads completely or not at all, so tries the best set first. */
static unsigned take_offloads(int fd)
{
	static const struct {
		unsigned long kernel;
		unsigned ours;
	} sets[] = {
		{TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN | TUN_F_USO4 | TUN_F_USO6,
		 TUN_CSUM | TUN_TCP | TUN_ECN | TUN_UDP},
		{TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN,
		 TUN_CSUM | TUN_TCP | TUN_ECN},
		{TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6, TUN_CSUM | TUN_TCP},
		{TUN_F_CSUM, TUN_CSUM},
	};

	for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++)
		if (ioctl(fd, (IOCTL_REQUEST)TUNSETOFFLOAD, sets[i].kernel) == 0)
			return sets[i].ours;
	return 0;
}

static bool knows_header(int fd)
{
	unsigned features = 0;

	return ioctl(fd, (IOCTL_REQUEST)TUNGETFEATURES, &features) == 0 &&
	       (features & IFF_VNET_HDR);
}

int tun_attach(struct tun_attached *a, const char *name, bool header, char *err)
{
	a->offloads = 0;
	a->fd = open_clone_device(err);
	if (a->fd < 0)
		return -1;
	a->header = header && knows_header(a->fd);
	if (set_name(a->fd, name, a->header ? IFF_VNET_HDR : 0, err) == 0)
		return 0;
	tun_detach(a);
	return -1;
}

/* A previous user of the device may have left offloads enabled, so clears them in any case. */
int tun_attach_offloads(struct tun_attached *a, const char *name, char *err)
{
	if (ioctl(a->fd, TUNSETOFFLOAD, 0) < 0 || (a->header && !take_header(a->fd)))
		return tun_attach_error(name, err);
	if (a->header)
		a->offloads = take_offloads(a->fd);
	return 0;
}

void tun_detach(struct tun_attached *a)
{
	if (a->fd < 0)
		return;
	if (a->offloads)
		ioctl(a->fd, TUNSETOFFLOAD, 0);
	close(a->fd);
	a->fd = -1;
}

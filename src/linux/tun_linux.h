/* tun_linux - what the files of tun share.
 *
 * Private to the Linux shell. */
#ifndef NAT64D_TUN_LINUX_H
#define NAT64D_TUN_LINUX_H

#include "linux/tun.h"
#include "netlink_linux.h"
#include "tun_linux_attach.h"
#include "tun_linux_nets.h"

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

#endif

/* tun_linux - shared by the files that implement tun.
 *
 * Private to this folder. */
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
	struct netlink_link link; /* as of the last request */
	struct tun_nets *nets;    /* as of the last tun_look(), or NULL */
	bool heard_up; /* as of the last notification, which may be older than our own changes */
	struct netlink_past past; /* what notifications showed since the last successful request */
	bool unread;              /* the last request failed */
	bool moved;
	bool queue_set;
	unsigned queue_was; /* before we changed it */
};

#endif

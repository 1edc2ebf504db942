/* netlink - requests to the kernel about links, addresses and routes, one at a time.
 *
 * Private to this folder.  Functions that can fail return 0, or -1 with errno. */
#ifndef NAT64D_NETLINK_LINUX_H
#define NAT64D_NETLINK_LINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"

struct netlink {
	int fd;
	uint32_t seq;
	char why[128]; /* the kernel's text about the last failure, or empty */
};

struct netlink_link {
	char name[16];
	unsigned mtu;
	unsigned queue; /* packets that may wait for the driver: txqueuelen */
	bool up;
	char alias[32];  /* a note that a user or program has stored */
	unsigned queues; /* open queues of a multi-queue TUN device, else 0 */
};

int netlink_open(struct netlink *nl);
void netlink_close(struct netlink *nl);

/* Returns a non-blocking socket that becomes readable when something in GROUPS (RTMGRP_*)
 * changes.  With GROUPS 0 it gets no notifications and is only for requests. */
int netlink_monitor_open(unsigned groups);

/* States in which a link was, even if only for a short time.  Each of them removes its IPv6
 * addresses and routes. */
struct netlink_past {
	bool fell;    /* it was down */
	bool narrow;  /* its MTU was too small for IPv6 */
	bool unknown; /* the kernel has dropped notifications */
};

/* Reads all pending notifications, updates *UP to the state of link INDEX, and adds its states to
 * PAST. */
void netlink_monitor_drain(int fd, unsigned index, bool *up, struct netlink_past *past);

int netlink_link(struct netlink *nl, unsigned index, struct netlink_link *out);
int netlink_link_set(struct netlink *nl, unsigned index, bool up);
int netlink_link_queue(struct netlink *nl, unsigned index, unsigned packets);
int netlink_link_alias(struct netlink *nl, unsigned index, const char *alias);
int netlink_link_mtu(struct netlink *nl, unsigned index, unsigned bytes);

int netlink_addr_add(struct netlink *nl, unsigned index, const struct prefix *a);
int netlink_addr_del(struct netlink *nl, unsigned index, const struct prefix *a);
int netlink_route_add(struct netlink *nl, unsigned index, const struct prefix *r);
int netlink_route_del(struct netlink *nl, unsigned index, const struct prefix *r);

/* Passes each address of any link to EACH: ADDR (with length 32 or 128) and its network. */
typedef void netlink_each(void *arg, unsigned index, const struct prefix *addr,
			  const struct prefix *net);
int netlink_addrs(struct netlink *nl, netlink_each *each, void *arg);

/* Passes each route through INDEX that may come from netlink_route_add() to EACH; NET is unused. */
int netlink_routes(struct netlink *nl, unsigned index, netlink_each *each, void *arg);

/* Returns the interface whose network contains all of R, if the kernel or a router advertisement
 * added the route of that network; 0 otherwise. */
unsigned netlink_route_network(struct netlink *nl, const struct prefix *r, struct prefix *net);

/* Returns the interface through which the kernel would send packets to R's address; 0: none. */
unsigned netlink_route_way(struct netlink *nl, const struct prefix *r);

/* Returns the interface of the route for exactly the prefix R; 0 if there is no such route, or if
 * it has no interface. */
unsigned netlink_route_index(struct netlink *nl, const struct prefix *r);

#endif

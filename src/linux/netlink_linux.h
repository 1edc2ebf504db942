/* netlink - the kernel's links, addresses and routes, asked and told one at a time.
 *
 * Private to the Linux shell.  Calls that can fail return 0, or -1 with errno. */
#ifndef NAT64D_NETLINK_LINUX_H
#define NAT64D_NETLINK_LINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"

struct netlink {
	int fd;
	uint32_t seq;
	char why[128]; /* the kernel's own words about the last failure, or empty */
};

struct netlink_link {
	char name[16];
	unsigned mtu;
	unsigned queue; /* packets that may wait for the driver: txqueuelen */
	bool up;
	char alias[32];  /* what somebody has noted about it */
	unsigned queues; /* open ones of a multi-queue TUN device, else 0 */
};

int netlink_open(struct netlink *nl);
void netlink_close(struct netlink *nl);

/* A socket that never blocks, and becomes readable when something changes that GROUPS (RTMGRP_*)
 * stand for.  With 0 it hears of nothing: it is for requests. */
int netlink_monitor_open(unsigned groups);

/* What a link has been through, however short: either costs it its IPv6 addresses and routes. */
struct netlink_past {
	bool fell;   /* it went down */
	bool narrow; /* its MTU was too small for IPv6 */
};

/* Takes everything out of the socket, and follows link INDEX in *UP. */
struct netlink_past netlink_monitor_drain(int fd, unsigned index, bool *up);

int netlink_link(struct netlink *nl, unsigned index, struct netlink_link *out);
int netlink_link_set(struct netlink *nl, unsigned index, bool up);
int netlink_link_queue(struct netlink *nl, unsigned index, unsigned packets);
int netlink_link_alias(struct netlink *nl, unsigned index, const char *alias);
int netlink_link_mtu(struct netlink *nl, unsigned index, unsigned bytes);

int netlink_addr_add(struct netlink *nl, unsigned index, const struct prefix *a);
int netlink_addr_del(struct netlink *nl, unsigned index, const struct prefix *a);
int netlink_route_add(struct netlink *nl, unsigned index, const struct prefix *r);
int netlink_route_del(struct netlink *nl, unsigned index, const struct prefix *r);

/* Tells EACH of every address that any link has, ADDR (with the length 32 or 128), and of the
 * network that it lies in. */
typedef void netlink_each(void *arg, unsigned index, const struct prefix *addr,
			  const struct prefix *net);
int netlink_addrs(struct netlink *nl, netlink_each *each, void *arg);

/* Tells EACH of every route through INDEX that netlink_route_add() may have added; NET is unused.
 */
int netlink_routes(struct netlink *nl, unsigned index, netlink_each *each, void *arg);

/* The interface that has the network which R's address lies in, by a route that the kernel, or a
 * router advertisement, has made; R as a whole must lie in it.  Else 0. */
unsigned netlink_route_network(struct netlink *nl, const struct prefix *r, struct prefix *net);

/* The interface that the kernel would send by what goes to R's address; 0: none. */
unsigned netlink_route_way(struct netlink *nl, const struct prefix *r);

/* The interface of the route that has exactly the prefix R, or 0 if there is none (or it has no
 * interface). */
unsigned netlink_route_index(struct netlink *nl, const struct prefix *r);

#endif

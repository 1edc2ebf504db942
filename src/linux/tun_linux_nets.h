/* tun_linux_nets - a snapshot of the addresses of all links and of their networks.
 *
 * Private to this folder. */
#ifndef NAT64D_TUN_LINUX_NETS_H
#define NAT64D_TUN_LINUX_NETS_H

#include "lib/addr.h"
#include "netlink_linux.h"

struct tun_nets;

/* Reads the current addresses and networks.  Networks of link OWN are left out.  NULL without
 * memory or netlink. */
struct tun_nets *tun_nets_read(struct netlink *nl, unsigned own);
void tun_nets_free(struct tun_nets *n); /* NULL is fine */

/* Returns the link of the smallest network that contains all of R, or 0. */
unsigned tun_nets_find(const struct tun_nets *n, const struct prefix *r, struct prefix *net);
/* Returns a link, possibly OWN, that has an address in NET, or 0. */
unsigned tun_nets_owner(const struct tun_nets *n, const struct prefix *net, struct prefix *addr);

#endif

/* tun_linux_nets - the addresses of all links, and the networks that they lie in, as they were when
 * asked for.
 *
 * Private to the Linux shell. */
#ifndef NAT64D_TUN_LINUX_NETS_H
#define NAT64D_TUN_LINUX_NETS_H

#include "lib/addr.h"
#include "netlink_linux.h"

struct tun_nets;

/* What there is now, the networks without those of link OWN.  NULL without memory or netlink. */
struct tun_nets *tun_nets_read(struct netlink *nl, unsigned own);
void tun_nets_free(struct tun_nets *n); /* NULL is fine */

/* The link of the smallest network that all of R lies in, or 0. */
unsigned tun_nets_find(const struct tun_nets *n, const struct prefix *r, struct prefix *net);
/* A link, OWN as well, that has an address in NET, or 0. */
unsigned tun_nets_owner(const struct tun_nets *n, const struct prefix *net, struct prefix *addr);

#endif

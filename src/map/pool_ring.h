/* pool_ring - leases in the order of their last use.
 *
 * NEWER leads from the oldest lease to the newest, and from that to the oldest again.  OLDER ends
 * with the oldest.  So a lease that is used puts itself before the newest, and no other one needs
 * to be looked at.  Here for pool_touch(), which does little else: a call would cost as much. */
#ifndef NAT64D_POOL_RING_H
#define NAT64D_POOL_RING_H

#include "map/pool.h"

#define NONE 0u /* no lease, no network, no rung */

/* Each lease is in two of them.  A ring is known by its newest lease; NONE: it has none. */
enum ring {
	IN_GROUP,
	IN_NET
};

static inline uint32_t ring_oldest(const struct lease *lease, enum ring ring, uint32_t newest)
{
	return newest == NONE ? NONE : lease[newest].newer[ring];
}

/* L, one of those at LEASE, becomes the newest. */
static inline void ring_append(struct lease *lease, enum ring ring, uint32_t *newest,
			       struct lease *l)
{
	uint32_t i = (uint32_t)(l - lease);

	l->older[ring] = *newest;
	if (*newest == NONE) {
		l->newer[ring] = i;
	} else {
		l->newer[ring] = lease[*newest].newer[ring];
		lease[*newest].newer[ring] = i;
	}
	*newest = i;
}

static inline void ring_remove(struct lease *lease, enum ring ring, uint32_t *newest,
			       const struct lease *l)
{
	uint32_t older = l->older[ring];

	lease[older != NONE ? older : *newest].newer[ring] = l->newer[ring];
	if (*newest == (uint32_t)(l - lease))
		*newest = older;
	else
		lease[l->newer[ring]].older[ring] = older;
}

/* L, which is in the ring, becomes its newest. */
static inline void ring_renew(struct lease *lease, enum ring ring, uint32_t *newest,
			      struct lease *l)
{
	if (*newest == (uint32_t)(l - lease))
		return;
	if (l->older[ring] == NONE) { /* the oldest follows the newest already */
		lease[l->newer[ring]].older[ring] = NONE;
		l->older[ring] = *newest;
		*newest = (uint32_t)(l - lease);
		return;
	}
	ring_remove(lease, ring, newest, l);
	ring_append(lease, ring, newest, l);
}

#endif

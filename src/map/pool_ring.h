/* pool_ring - rings of leases in the order of their last use.
 *
 * NEWER leads from the oldest lease to the newest, and from that to the oldest again.  OLDER
 * ends at the oldest.  To make a lease the newest, only its neighbors and the old newest are
 * touched.  The functions are inline for pool_touch(), which does little else: a call would
 * double its cost. */
#ifndef NAT64D_POOL_RING_H
#define NAT64D_POOL_RING_H

#include "map/pool.h"

#define NONE 0u /* no lease, network or rung */

/* Each lease is in two rings.  A ring is identified by its newest lease; NONE if it is empty. */
enum ring {
	IN_GROUP,
	IN_NET
};

static inline uint32_t ring_oldest(const struct lease *lease, enum ring ring, uint32_t newest)
{
	return newest == NONE ? NONE : lease[newest].newer[ring];
}

/* Appends L, an element of LEASE, as the newest. */
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

/* Makes L, which is in the ring, its newest lease. */
static inline void ring_renew(struct lease *lease, enum ring ring, uint32_t *newest,
			      struct lease *l)
{
	if (*newest == (uint32_t)(l - lease))
		return;
	if (l->older[ring] == NONE) { /* the oldest already follows the newest */
		lease[l->newer[ring]].older[ring] = NONE;
		l->older[ring] = *newest;
		*newest = (uint32_t)(l - lease);
		return;
	}
	ring_remove(lease, ring, newest, l);
	ring_append(lease, ring, newest, l);
}

#endif

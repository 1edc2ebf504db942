/* pool_ring - leases in the order of their last use. */
#include "pool_impl.h"

void pool_ring_append(struct pool *p, enum ring ring, uint32_t *oldest, struct lease *l)
{
	uint32_t i = (uint32_t)(l - p->lease);
	struct lease *head;

	if (*oldest == NONE) {
		*oldest = l->newer[ring] = l->older[ring] = i;
		return;
	}
	head = &p->lease[*oldest];
	l->newer[ring] = *oldest;
	l->older[ring] = head->older[ring];
	p->lease[head->older[ring]].newer[ring] = i;
	head->older[ring] = i;
}

void pool_ring_remove(struct pool *p, enum ring ring, uint32_t *oldest, const struct lease *l)
{
	uint32_t i = (uint32_t)(l - p->lease);

	if (l->newer[ring] == i) {
		*oldest = NONE;
		return;
	}
	p->lease[l->newer[ring]].older[ring] = l->older[ring];
	p->lease[l->older[ring]].newer[ring] = l->newer[ring];
	if (*oldest == i)
		*oldest = l->newer[ring];
}

void pool_ring_renew(struct pool *p, enum ring ring, uint32_t *oldest, struct lease *l)
{
	uint32_t i = (uint32_t)(l - p->lease);

	if (*oldest == i) { /* the next one is the head, and L the last of its ring, as it lies */
		*oldest = l->newer[ring];
		return;
	}
	if (p->lease[*oldest].older[ring] == i)
		return;
	pool_ring_remove(p, ring, oldest, l);
	pool_ring_append(p, ring, oldest, l);
}

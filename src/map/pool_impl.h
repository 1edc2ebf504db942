/* pool_impl - what the files of pool share. */
#ifndef NAT64D_POOL_IMPL_H
#define NAT64D_POOL_IMPL_H

#include "lib/bitmap.h"
#include "map/pool.h"

enum by {
	BY_HOST,
	BY_ADDR,
	TABLES
};

#define NONE 0u /* no lease; also the head of the list by last use */

/* Addresses are numbered through all ranges: their slots. */
struct range {
	uint32_t first, last; /* addresses */
	uint32_t base;        /* slot of the first */
	uint32_t used;        /* leases */
	uint32_t confirmed;   /* among them */
	uint32_t reserved;
	uint64_t refused, displaced; /* as in struct pool_range */
};

struct table {
	uint32_t *bucket; /* head of a chain of leases */
	uint32_t n, mask; /* buckets in use; mask is 2^k - 1, half of it < n <= 2^k */
};

struct pool {
	struct siphash_key key;      /* of the table by host */
	struct siphash_key secret;   /* of the preferred address */
	uint64_t addr_mul, addr_add; /* the secret of the table by address */
	struct range *range;         /* ascending */
	size_t ranges;
	uint32_t slots, reserved;
	uint32_t used, top; /* leases; highest index that ever was one */
	uint32_t unused;    /* chain of indexes to use again */
	struct lease ended; /* by the last pool_assign() or pool_expire(); live, if it ended one */
	struct lease *lease;
	struct table table[TABLES];
	const struct lpm *allow;
	struct bitmap *taken;           /* slots leased or reserved */
	struct bitmap *withheld;        /* slots reserved */
	union fastpath_element *shared; /* one for each of the first leases */
	size_t shares;
};

/* Fills P's ranges from the N of CONF; false if there are none or more addresses than can be
 * numbered. */
bool pool_number_slots(struct pool *p, const struct pool_conf *conf, size_t n);

/* The range of ADDR, or NULL, and that of SLOT. */
struct range *pool_range_of(const struct pool *p, uint32_t addr);
struct range *pool_range_at(const struct pool *p, uint32_t slot);

/* The slot of ADDR, or BITMAP_NONE; the address of SLOT. */
uint32_t pool_slot_of(const struct pool *p, uint32_t addr);
uint32_t pool_slot_addr(const struct pool *p, uint32_t slot);

/* Zeroed leases and tables for all slots of P; false without memory.  pool_free() frees what there
 * is. */
bool pool_get_leases(struct pool *p);

/* A new lease of SLOT, which is free, as the one used last. */
struct lease *pool_begin_lease(struct pool *p, const struct ip6 *host, unsigned prefix,
			       uint32_t slot, int32_t now);

/* L's element of what is shared, or NULL. */
static inline struct fastpath_lease *pool_share_of(const struct pool *p, const struct lease *l)
{
	size_t i = (size_t)(l - p->lease) - 1; /* lease[NONE] is none */

	return i < p->shares ? &p->shared[i].lease : NULL;
}

/* The list by last use is a ring through lease[NONE], whose NEWER is the oldest. */
void pool_list_append(struct pool *p, struct lease *l);
void pool_list_remove(struct pool *p, const struct lease *l);

#endif

/* pool_impl - what the files of pool share. */
#ifndef NAT64D_POOL_IMPL_H
#define NAT64D_POOL_IMPL_H

#include "lib/bitmap.h"
#include "map/pool.h"
#include "pool_ring.h"

enum by {
	BY_HOST,
	BY_ADDR,
	TABLES
};

/* A range.  A slot is the number of an address, counted through all ranges: one group after
 * another, and by address within a group. */
struct range {
	uint32_t first, last;   /* addresses */
	uint32_t base;          /* slot of its first address */
	uint32_t group;         /* index of its group */
	bool promoted;          /* as in struct pool_conf */
	uint32_t used;          /* leases */
	uint32_t confirmed;     /* among them */
	uint32_t not_preferred; /* among them */
	uint32_t reserved;
	uint64_t refused, displaced; /* as in struct pool_range */
};

#define LEVELS 3 /* of networks: /48, /64, and the length of shares */

/* The ranges that serve the same hosts, and that either all stand by or all do not. */
struct group {
	struct prefix6 from;
	bool standby, promoted;  /* PROMOTED: one of the ranges is */
	int32_t guarantee, keep; /* as in struct pool_conf */
	uint32_t share;          /* maximum leases of a network of the last level; 0: unlimited */
	uint8_t levels;
	uint8_t length[LEVELS]; /* prefix lengths of its levels, ascending */
	uint32_t base, slots;   /* its first slot and number of slots */
	uint32_t reserved;      /* reserved slots */
	uint32_t range;         /* index of its first range, by address */
	uint32_t newest;        /* newest lease of its ring */
	uint32_t nets;          /* networks */
	uint32_t most_nets;     /* maximum number of networks */
};

/* Leases are of two kinds, with separate counters and rings. */
enum side {
	UNCONFIRMED,
	CONFIRMED,
	SIDES
};

/* The leases of one side in a network.  A network with smaller networks inside ranks these by
 * COUNT. */
struct net_side {
	uint32_t count; /* leases */
	union {
		uint32_t top;    /* top rung of the networks inside; NONE: none has leases */
		uint32_t newest; /* newest lease of the ring, in the last level */
	};
	uint32_t rung;       /* the rung of this network among its siblings */
	uint32_t next, prev; /* ring of the siblings on this rung, in the order of arrival */
};

enum net_table {
	BY_PREFIX,
	BY_NUMBER,
	NET_TABLES
};

/* A network that has leases.  Networks of the first level are known if they have a confirmed lease;
 * the others, which one sender may have invented, are strangers.  Each group has two roots of level
 * 0: one for known networks, one for strangers. */
struct net { /* 80 bytes */
	struct ip6 prefix;
	uint32_t parent;             /* NONE for a root */
	uint32_t group : 24;         /* index of its group */
	uint32_t level : 8;          /* a network of the last level has no networks inside */
	uint32_t number;             /* index among its siblings, from 0 without gaps */
	uint32_t children;           /* number of networks inside */
	uint32_t chain[NET_TABLES];  /* next network in the same hash bucket */
	struct net_side side[SIDES]; /* a network exists only while it has leases */
};

/* The siblings with the same number of leases of one side.  The rungs of one parent form a ring
 * that leads from the top rung to the bottom one. */
struct rung {
	uint32_t count;
	uint32_t first;        /* first network of its ring */
	uint32_t above, below; /* indexes of rungs */
};

struct nets {
	struct net *net;   /* begins with the roots, see pool_known(); net[NONE] is unused */
	struct rung *rung; /* rung[NONE] is unused */
	uint32_t *bucket[NET_TABLES];
	uint32_t mask;                /* buckets per table, minus one */
	uint32_t top, top_rung;       /* highest index ever used */
	uint32_t unused, unused_rung; /* lists of free indexes */
};

struct table {
	uint32_t *bucket; /* first lease of each chain */
	uint32_t n, mask; /* buckets in use; mask is 2^k - 1, where 2^(k-1) < n <= 2^k */
};

struct pool {
	struct siphash_key key;      /* for the tables by host and by network */
	struct siphash_key secret;   /* for preferred addresses */
	uint64_t addr_mul, addr_add; /* secret of the table by address */
	struct range *range;         /* sorted by address */
	uint32_t *by_slot;           /* indexes of ranges in the order of slots */
	size_t ranges;
	struct group *group;
	struct lpm *from; /* table of the indexes of groups that do not stand by */
	uint32_t groups;
	uint32_t expiring; /* the group with which pool_expire() continues */
	uint32_t slots, reserved;
	uint32_t used, top; /* number of leases; highest index ever used */
	uint32_t unused;    /* list of free indexes */
	struct lease ended; /* by the last pool_assign() or pool_expire(); `live' is set if there is
			       one */
	struct lease *lease;
	struct table table[TABLES];
	struct nets nets;
	const struct lpm *allow;
	struct bitmap *taken;           /* leased or reserved slots */
	struct bitmap *withheld;        /* reserved slots */
	union fastpath_element *shared; /* one element for each of the first leases */
	size_t shares;
};

/* Fills P's ranges from the N elements of CONF.  Returns false without memory, if N is 0, or if
 * there are too many addresses. */
bool pool_get_ranges(struct pool *p, const struct pool_conf *conf, size_t n);

/* Returns the index of the first range that ends at or after ADDR; the number of ranges if there is
 * none. */
size_t pool_range_from(const struct pool *p, uint32_t addr);

/* Return the range that contains ADDR, or NULL, and the range that contains SLOT. */
struct range *pool_range_of(const struct pool *p, uint32_t addr);
struct range *pool_range_at(const struct pool *p, uint32_t slot);

/* Convert an address to its slot, or BITMAP_NONE if it has none, and a slot to its address. */
uint32_t pool_slot_of(const struct pool *p, uint32_t addr);
uint32_t pool_slot_addr(const struct pool *p, uint32_t slot);

/* Groups P's ranges, which are in the order of CONF.  Returns false without memory. */
bool pool_get_groups(struct pool *p, const struct pool_conf *conf);

/* Returns the group from whose ranges HOST gets leases, or NULL. */
struct group *pool_group_of(const struct pool *p, const struct ip6 *host);

/* Returns the number of addresses of G that can be leased. */
static inline uint32_t pool_group_size(const struct group *g)
{
	return g->slots - g->reserved;
}

/* Returns the preferred slot of HOST in G.  It depends only on the secret and the ranges of G, so a
 * host gets the same address again after the leases are lost. */
uint32_t pool_preferred(const struct pool *p, const struct group *g, const struct ip6 *host);

/* Returns true unless HOST, with a lease of SLOT in G, prefers another slot.  In ranges that stand
 * by, only the owner knows that. */
static inline bool pool_is_preferred(const struct pool *p, const struct group *g,
				     const struct ip6 *host, uint32_t slot)
{
	return g->standby || slot == pool_preferred(p, g, host);
}

/* Update the rank of network I among its siblings, whose top rung is TOP, after its count of SIDE
 * has grown or shrunk by one. */
void pool_rank_raise(struct nets *n, uint32_t *top, uint32_t i, enum side side);
void pool_rank_lower(struct nets *n, uint32_t *top, uint32_t i, enum side side);

/* Add network I to the siblings with top rung TOP, or remove it.  Adding takes one step for each
 * rung below that of the network. */
void pool_rank_enter(struct nets *n, uint32_t *top, uint32_t i, enum side side);
void pool_rank_leave(struct nets *n, uint32_t *top, uint32_t i, enum side side);

/* Returns the network with the most leases among those with top rung TOP; of several, the one that
 * reached this number first.  NONE if there is none. */
static inline uint32_t pool_rank_first(const struct nets *n, uint32_t top)
{
	return n->rung[top].first;
}

/* Allocates the networks, including the roots.  Returns false without memory; pool_free_nets()
 * frees what was allocated. */
bool pool_get_nets(struct pool *p);
void pool_free_nets(struct pool *p);

/* The search key of a host's network at one level: its prefix, and a hash of it. */
struct net_key {
	struct ip6 prefix;
	uint64_t hash;
};
void pool_net_keys(const struct pool *p, const struct group *g, const struct ip6 *host,
		   struct net_key key[LEVELS]);

/* Prefetches the memory in which KEY will be looked up. */
void pool_net_fetch(const struct pool *p, const struct group *g, const struct net_key key[LEVELS]);

/* Returns the network within PARENT that counts the host of KEY: its own, or another one if the
 * maximum number of networks is reached.  NONE: a new network must be made. */
uint32_t pool_net_find(const struct pool *p, uint32_t parent, const struct net_key key[LEVELS]);

/* The same for the first level of G, among known networks and strangers. */
uint32_t pool_net_find_first(const struct pool *p, const struct group *g,
			     const struct net_key key[LEVELS]);

/* Adds a new lease L of G to the networks found by KEY, or removes it before it ends. */
void pool_net_enter(struct pool *p, const struct group *g, struct lease *l,
		    const struct net_key key[LEVELS]);
void pool_net_leave(struct pool *p, const struct lease *l);

/* Counts L, an unconfirmed lease, as confirmed in its networks. */
void pool_net_confirm(struct pool *p, struct lease *l);

/* pool_net_forget_order() empties the rings of all networks; pool_net_line_up() then appends L to
 * the ring of its network. */
void pool_net_forget_order(struct pool *p);
void pool_net_line_up(struct pool *p, struct lease *l);

/* Return the roots of G: of known networks, and of strangers. */
static inline uint32_t pool_known(const struct pool *p, const struct group *g)
{
	return 1 + (uint32_t)(g - p->group);
}

static inline uint32_t pool_strangers(const struct pool *p, const struct group *g)
{
	return pool_known(p, g) + p->groups;
}

/* Returns the group of L. */
static inline struct group *pool_lease_group(const struct pool *p, const struct lease *l)
{
	return &p->group[p->nets.net[l->net].group];
}

/* Returns the side of L's network that counts L. */
static inline struct net_side *pool_side_of(const struct pool *p, const struct lease *l)
{
	return &p->nets.net[l->net].side[l->confirmed ? CONFIRMED : UNCONFIRMED];
}

/* Returns the longest idle lease of G, or NULL. */
static inline struct lease *pool_group_oldest(const struct pool *p, const struct group *g)
{
	uint32_t i = ring_oldest(p->lease, IN_GROUP, g->newest);

	return i == NONE ? NULL : &p->lease[i];
}

static inline uint32_t pool_net_used(const struct net *net)
{
	return net->side[UNCONFIRMED].count + net->side[CONFIRMED].count;
}

/* Return the leases of G, and those of one side. */
static inline uint32_t pool_group_side(const struct pool *p, const struct group *g, enum side side)
{
	const struct net *net = p->nets.net;

	return net[pool_known(p, g)].side[side].count + net[pool_strangers(p, g)].side[side].count;
}

static inline uint32_t pool_group_used(const struct pool *p, const struct group *g)
{
	return pool_group_side(p, g, UNCONFIRMED) + pool_group_side(p, g, CONFIRMED);
}

/* The fair shares within a root or network: SIZE leases divided by COUNT networks.  A stranger's
 * network is counted in addition to all known ones. */
struct pool_division {
	uint32_t size, count;
};
struct pool_division pool_net_division(const struct pool *p, uint32_t i);

/* Allocates leases and tables for all slots of P, zeroed.  Returns false without memory;
 * pool_free() frees what was allocated. */
bool pool_get_leases(struct pool *p);

/* Makes a lease of the free slot SLOT, most recently used, confirmed or not. */
struct lease *pool_begin_lease(struct pool *p, const struct ip6 *host, unsigned prefix,
			       uint32_t slot, int32_t now, bool confirmed);

/* Finds the lease of G that must end so that HOST can have one at NOW, and stores it in *L; NULL if
 * there is room.  Returns false if HOST cannot have a lease. */
bool pool_make_room(const struct pool *p, const struct group *g, const struct ip6 *host,
		    int32_t now, struct lease **l);

/* Returns the seconds that L has been idle.  64 bits avoid an overflow: times before the clock
 * began may be far below zero. */
static inline int64_t pool_idle(const struct lease *l, int32_t now)
{
	return (int64_t)now - l->last;
}

/* Returns L's shared element, or NULL. */
static inline struct fastpath_lease *pool_share_of(const struct pool *p, const struct lease *l)
{
	size_t i = (size_t)(l - p->lease) - 1; /* lease[NONE] is unused */

	return i < p->shares ? &p->shared[i].lease : NULL;
}

#endif

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

/* Addresses are numbered through all ranges, one group after another and by address within it:
 * their slots. */
struct range {
	uint32_t first, last;   /* addresses */
	uint32_t base;          /* slot of the first */
	uint32_t group;         /* number of its group */
	uint32_t used;          /* leases */
	uint32_t confirmed;     /* among them */
	uint32_t not_preferred; /* among them */
	uint32_t reserved;
	uint64_t refused, displaced; /* as in struct pool_range */
};

#define LEVELS 3 /* of networks, one within the other */

/* The ranges for the same hosts. */
struct group {
	struct prefix6 from;
	int32_t guarantee, keep; /* as in struct pool_conf */
	uint32_t share;          /* of a network of the last level; 0: there are no shares */
	uint8_t levels;
	uint8_t length[LEVELS]; /* of its networks, ascending */
	uint32_t base, slots;   /* its first slot, and how many there are */
	uint32_t reserved;      /* among them */
	uint32_t range;         /* the first of its ranges, by address */
	uint32_t newest;        /* of the ring of its leases */
	uint32_t nets;          /* networks */
	uint32_t most_nets;     /* that it may have */
};

/* Leases are of two kinds, which are counted and lined up apart. */
enum side {
	UNCONFIRMED,
	CONFIRMED,
	SIDES
};

/* What a network has of one side.  One that has networks within it ranks them by their COUNT. */
struct net_side {
	uint32_t count; /* leases */
	union {
		uint32_t top;    /* rung of the networks within; NONE: none has any */
		uint32_t newest; /* of the ring of its leases, where there are none within */
	};
	uint32_t rung;       /* of this network, among its siblings */
	uint32_t next, prev; /* siblings on the same rung, a ring in the order of their coming */
};

enum net_table {
	BY_PREFIX,
	BY_NUMBER,
	NET_TABLES
};

/* A network that hosts with leases come from.  Of the first level some are known: those with a
 * confirmed lease.  The others, which may all be made up by one sender, are strangers.  A group has
 * a root of level 0 for either. */
struct net { /* 80 bytes */
	struct ip6 prefix;
	uint32_t parent;             /* NONE for a root */
	uint32_t group : 24;         /* number of its group */
	uint32_t level : 8;          /* the last one has no networks within */
	uint32_t number;             /* among its siblings, from 0 without gaps */
	uint32_t children;           /* networks within it */
	uint32_t chain[NET_TABLES];  /* next network in the same bucket */
	struct net_side side[SIDES]; /* a network without leases is none */
};

/* Siblings with as many leases of one side.  The rungs of one parent are a ring, from the top rung
 * by way of the bottom one. */
struct rung {
	uint32_t count;
	uint32_t first;        /* of the ring of its networks */
	uint32_t above, below; /* rungs */
};

struct nets {
	struct net *net;   /* the first ones are the roots, see pool_known(); net[NONE] is none */
	struct rung *rung; /* rung[NONE] is none */
	uint32_t *bucket[NET_TABLES];
	uint32_t mask;                /* buckets of each table, less one */
	uint32_t top, top_rung;       /* highest index that ever was one */
	uint32_t unused, unused_rung; /* chains of indexes to use again */
};

struct table {
	uint32_t *bucket; /* head of a chain of leases */
	uint32_t n, mask; /* buckets in use; mask is 2^k - 1, half of it < n <= 2^k */
};

struct pool {
	struct siphash_key key;      /* of the tables by host and by network */
	struct siphash_key secret;   /* of the preferred address */
	uint64_t addr_mul, addr_add; /* the secret of the table by address */
	struct range *range;         /* ascending */
	uint32_t *by_slot;           /* numbers of ranges, by their slots */
	size_t ranges;
	struct group *group;
	struct lpm *from; /* numbers of groups */
	uint32_t groups;
	uint32_t expiring; /* the group that pool_expire() goes on with */
	uint32_t slots, reserved;
	uint32_t used, top; /* leases; highest index that ever was one */
	uint32_t unused;    /* chain of indexes to use again */
	struct lease ended; /* by the last pool_assign() or pool_expire(); live, if it ended one */
	struct lease *lease;
	struct table table[TABLES];
	struct nets nets;
	const struct lpm *allow;
	struct bitmap *taken;           /* slots leased or reserved */
	struct bitmap *withheld;        /* slots reserved */
	union fastpath_element *shared; /* one for each of the first leases */
	size_t shares;
};

/* Fills P's ranges from the N of CONF; false without memory, if there are none, or more than can be
 * numbered. */
bool pool_get_ranges(struct pool *p, const struct pool_conf *conf, size_t n);

/* Number of the first range that ends at ADDR or behind; that of all ranges: none does. */
size_t pool_range_from(const struct pool *p, uint32_t addr);

/* The range of ADDR, or NULL, and that of SLOT. */
struct range *pool_range_of(const struct pool *p, uint32_t addr);
struct range *pool_range_at(const struct pool *p, uint32_t slot);

/* The slot of ADDR, or BITMAP_NONE; the address of SLOT. */
uint32_t pool_slot_of(const struct pool *p, uint32_t addr);
uint32_t pool_slot_addr(const struct pool *p, uint32_t slot);

/* Finds out which of P's ranges, which lie as in CONF, are for the same hosts; false without
 * memory. */
bool pool_get_groups(struct pool *p, const struct pool_conf *conf);

/* The group of HOST, or NULL. */
struct group *pool_group_of(const struct pool *p, const struct ip6 *host);

/* The addresses of G that could be leased. */
static inline uint32_t pool_group_size(const struct group *g)
{
	return g->slots - g->reserved;
}

/* The slot of G that the secret gives HOST: the same as long as the secret and the ranges of G are,
 * so that a host gets its address again after the leases are lost. */
uint32_t pool_preferred(const struct pool *p, const struct group *g, const struct ip6 *host);

/* Network I has one lease of SIDE more, or one less: its rank among its siblings, whose top rung is
 * TOP, is another one. */
void pool_rank_raise(struct nets *n, uint32_t *top, uint32_t i, enum side side);
void pool_rank_lower(struct nets *n, uint32_t *top, uint32_t i, enum side side);

/* Network I, with what it holds, comes under the top rung TOP, or leaves it.  To come takes as many
 * steps as there are rungs below its own. */
void pool_rank_enter(struct nets *n, uint32_t *top, uint32_t i, enum side side);
void pool_rank_leave(struct nets *n, uint32_t *top, uint32_t i, enum side side);

/* Which of the networks whose top rung is TOP has most leases: the first that got so many.  NONE:
 * none has any. */
static inline uint32_t pool_rank_first(const struct nets *n, uint32_t top)
{
	return n->rung[top].first;
}

/* Memory for networks, with the roots in it; false without.  pool_free_nets() frees what there is.
 */
bool pool_get_nets(struct pool *p);
void pool_free_nets(struct pool *p);

/* How the networks of a host are looked for: its prefix at each level, and a hash of that. */
struct net_key {
	struct ip6 prefix;
	uint64_t hash;
};
void pool_net_keys(const struct pool *p, const struct group *g, const struct ip6 *host,
		   struct net_key key[LEVELS]);

/* Some time after that: what KEY finds will be wanted. */
void pool_net_fetch(const struct pool *p, const struct group *g, const struct net_key key[LEVELS]);

/* The network within PARENT that counts for the host of KEY: its own, or another one where no more
 * can be told apart.  NONE: a new one, without leases so far. */
uint32_t pool_net_find(const struct pool *p, uint32_t parent, const struct net_key key[LEVELS]);

/* The same of the first level of G, be it known or a stranger. */
uint32_t pool_net_find_first(const struct pool *p, const struct group *g,
			     const struct net_key key[LEVELS]);

/* L, a lease of G that has just begun, or is about to end, and its networks, which KEY finds. */
void pool_net_enter(struct pool *p, const struct group *g, struct lease *l,
		    const struct net_key key[LEVELS]);
void pool_net_leave(struct pool *p, const struct lease *l);

/* L becomes a confirmed one of its networks. */
void pool_net_confirm(struct pool *p, struct lease *l);

/* The rings of the networks of all leases are forgotten, to be made anew: L comes next. */
void pool_net_forget_order(struct pool *p);
void pool_net_line_up(struct pool *p, struct lease *l);

/* The roots of G: of networks that are known, and of strangers. */
static inline uint32_t pool_known(const struct pool *p, const struct group *g)
{
	return 1 + (uint32_t)(g - p->group);
}

static inline uint32_t pool_strangers(const struct pool *p, const struct group *g)
{
	return pool_known(p, g) + p->groups;
}

/* The group of L. */
static inline struct group *pool_lease_group(const struct pool *p, const struct lease *l)
{
	return &p->group[p->nets.net[l->net].group];
}

/* The side of its network that L is on. */
static inline struct net_side *pool_side_of(const struct pool *p, const struct lease *l)
{
	return &p->nets.net[l->net].side[l->confirmed ? CONFIRMED : UNCONFIRMED];
}

/* The longest idle lease of G; NULL: it has none. */
static inline struct lease *pool_group_oldest(const struct pool *p, const struct group *g)
{
	uint32_t i = ring_oldest(p->lease, IN_GROUP, g->newest);

	return i == NONE ? NULL : &p->lease[i];
}

static inline uint32_t pool_net_used(const struct net *net)
{
	return net->side[UNCONFIRMED].count + net->side[CONFIRMED].count;
}

/* Leases of G, and those of SIDE. */
static inline uint32_t pool_group_side(const struct pool *p, const struct group *g, enum side side)
{
	const struct net *net = p->nets.net;

	return net[pool_known(p, g)].side[side].count + net[pool_strangers(p, g)].side[side].count;
}

static inline uint32_t pool_group_used(const struct pool *p, const struct group *g)
{
	return pool_group_side(p, g, UNCONFIRMED) + pool_group_side(p, g, CONFIRMED);
}

/* The networks within root or network I divide SIZE leases among COUNT of them: among strangers,
 * each counts beside those that are known. */
struct pool_division {
	uint32_t size, count;
};
struct pool_division pool_net_division(const struct pool *p, uint32_t i);

/* Zeroed leases and tables for all slots of P; false without memory.  pool_free() frees what there
 * is. */
bool pool_get_leases(struct pool *p);

/* A new lease of SLOT, which is free, as the one used last, CONFIRMED or not. */
struct lease *pool_begin_lease(struct pool *p, const struct ip6 *host, unsigned prefix,
			       uint32_t slot, int32_t now, bool confirmed);

/* Which lease of G has to end, so that HOST can have one at NOW: L; NULL: none has to, there is
 * room.  False: it can have none. */
bool pool_make_room(const struct pool *p, const struct group *g, const struct ip6 *host,
		    int32_t now, struct lease **l);

/* Seconds that L has been idle.  No overflow: times before the clock began may be far below zero.
 */
static inline int64_t pool_idle(const struct lease *l, int32_t now)
{
	return (int64_t)now - l->last;
}

/* L's element of what is shared, or NULL. */
static inline struct fastpath_lease *pool_share_of(const struct pool *p, const struct lease *l)
{
	size_t i = (size_t)(l - p->lease) - 1; /* lease[NONE] is none */

	return i < p->shares ? &p->shared[i].lease : NULL;
}

#endif

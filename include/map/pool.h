/* pool - the dynamic pool: which IPv6 host holds which IPv4 address, and since when it has been
 * idle.
 *
 * A lease belongs to a host and a translation prefix (by its index among the prefixes).  Everything
 * on the packet path is O(1), but for a network that becomes known (see pool_touch()), and
 * allocates nothing: all memory is reserved by pool_new() and touched only as leases come.  Time is
 * an argument: seconds of a clock that never steps (CLOCK_BOOTTIME), negative for what happened
 * before that clock began. */
#ifndef NAT64D_POOL_H
#define NAT64D_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/lpm.h"
#include "lib/siphash.h"
#include "packet/fastpath.h"

#define POOL_GUARANTEE 7440 /* seconds a lease is safe after its host's last packet: 2 h 4 min */
#define POOL_RESTAMP   600  /* seconds: the record of a lease in use is never older */
#define POOL_KEEP      (14 * 24 * 3600) /* seconds an idle lease is kept while there is room */
#define POOL_GRACE     4                /* seconds in which a new lease should be confirmed */
#define POOL_SPARE     60 /* seconds idle: a confirmed lease of a network that has too many */
#define POOL_TRIALS    16 /* one lease in so many of a network is unconfirmed in normal times, */
#define POOL_FEW       7  /* or a few of strangers' */

struct pool;

#define POOL_UNKNOWN INT32_MIN /* since when: the lease is older than what is on record of it */

/* 96 bytes.  What leases are found by, HOST to PREFIX, lies in one line of a cache, because large
 * memory comes at 16 bytes behind a page. */
struct lease {
	uint64_t packets[FASTPATH_DIRS]; /* see BYTES */
	struct ip6 host;
	uint32_t addr;      /* the IPv4 address, host order */
	uint32_t chain[2];  /* next lease in the same bucket, by host and by address */
	uint16_t prefix;    /* index of the translation prefix the host used */
	bool on_record : 1; /* has SAVED ever been set? */
	bool answered : 1;  /* a packet from IPv4 was translated to the host, see pool_answer() */
	bool confirmed : 1; /* and then the host has sent again; set by the pool only */
	bool saved_confirmed : 1; /* the value of CONFIRMED that is on record */
	bool preferred : 1;       /* ADDR is what the secret gives the host; set by the pool only */
	bool live : 1;            /* private to the pool, like CHAIN, NET, NEWER and OLDER */
	uint32_t net;             /* its network */
	int32_t last;             /* the last packet that the host sent */
	int32_t saved;            /* the value of LAST that is on record, see pool_record() */
	int32_t since;            /* when it was assigned, or POOL_UNKNOWN */
	uint32_t newer[2], older[2]; /* neighbours by LAST, in its group and in its network */
	/* translated for the host, by direction as in enum report_dir; see pool_gather() */
	uint64_t bytes[FASTPATH_DIRS];
};

/* A range of addresses, and whom it is for.  Ranges with the same FROM are one pool, and agree in
 * all that follows it. */
struct pool_conf {
	struct prefix4 range; /* clean, length 31 or less */
	struct prefix6
		from; /* the hosts that it is for: the longest one that holds a host decides */
	/* Seconds after its host's last packet that a lease is safe, and that it is kept while
	 * there is room. */
	int32_t guarantee, keep;
	/* Hosts with the same first SHARE_LEN bits hold at most SHARE leases; 0: any number. */
	uint32_t share;
	uint8_t share_len;
};

/* RANGE for all hosts, with what counts unless somebody says otherwise. */
static inline struct pool_conf pool_plain(struct prefix4 range)
{
	return (struct pool_conf){.range = range, .guarantee = POOL_GUARANTEE, .keep = POOL_KEEP};
}

/* A pool over the N ranges at CONF, which do not overlap, given back with pool_free(). KEY must be
 * secret and random: it protects the tables of hosts and networks from crafted addresses.  NULL
 * without memory. */
struct pool *pool_new(const struct pool_conf *conf, size_t n, const struct siphash_key *key);
void pool_free(struct pool *p);

/* Which address a host prefers depends on SECRET and on the ranges that are for it: whoever keeps
 * them gives a host its address again after all leases are lost, and whoever does not know SECRET
 * cannot tell which hosts prefer the same.  Leases stay, and are counted anew in
 * pool_range.not_preferred: O(n).  Without this call the secret comes of pool_new()'s KEY. */
void pool_set_secret(struct pool *p, const struct siphash_key *secret);

/* Only hosts inside a prefix of ALLOW (128-bit keys; NULL: all hosts) may have a lease, see
 * pool_fits().  Before the first lease; ALLOW is the caller's, and stays as long as the pool. */
void pool_set_allow(struct pool *p, const struct lpm *allow);

/* Could HOST have the lease of ADDR? */
enum pool_fit {
	POOL_FITS,
	POOL_NOT_ALLOWED, /* pool_set_allow() */
	POOL_NOWHERE,     /* ADDR is in no range */
	POOL_OF_OTHERS,   /* the range of ADDR is for other hosts */
	POOL_RESERVED,
};
enum pool_fit pool_fits(const struct pool *p, const struct ip6 *host, uint32_t addr);

/* Is there a range for HOST, allowed or not? */
bool pool_serves(const struct pool *p, const struct ip6 *host);

/* For how many seconds an idle lease of HOST is kept: as pool_conf.keep of its range, or 0 if it
 * has none. */
int32_t pool_keep(const struct pool *p, const struct ip6 *host);

/* The addresses of PREFIX are never handed out (ipv4-addr, mapped addresses).  A lease that holds
 * one of them is given up.  The network address of each range is reserved from the start. */
void pool_reserve(struct pool *p, const struct prefix4 *prefix);

/* Is ADDR inside one of the ranges (leased, free or reserved)? */
bool pool_covers(const struct pool *p, uint32_t addr);

/* The lease of HOST for PREFIX, or the one that holds ADDR; NULL if there is none. */
struct lease *pool_find6(const struct pool *p, const struct ip6 *host, unsigned prefix);
struct lease *pool_find4(const struct pool *p, uint32_t addr);

/* A new lease for HOST (which has none for PREFIX), at NOW, out of the ranges that are for it: the
 * preferred address (a keyed hash of HOST), else the next free one.  One lease of the same ranges
 * ends for it, see pool_ended(), if
 *
 * - HOST's network holds as many as its share allows: the longest idle one of that network;
 * - all addresses are leased: the first of these that there is.
 *   1. The longest idle one, if its guarantee has run out.  Not for a host of a known network that
 *      is not below its fair share, of which more than one lease in POOL_TRIALS is unconfirmed; nor
 *      for a stranger while strangers have more of those than one in POOL_TRIALS of the addresses
 *      and POOL_FEW.
 *   2. Of whoever has most unconfirmed leases, a known network or all strangers together (who come
 *      first where both have as many): the longest idle one of the network among them that has
 *      most, if it was assigned more than POOL_GRACE ago.
 *   3. While less than one lease in 64 and four are unconfirmed, and for a host of a network below
 *      its fair share: the longest idle confirmed one of the known network that has most of those,
 *      if it was idle for POOL_SPARE and that network keeps at least as many leases as HOST's has
 *      then.
 *   4. What 2 has found, however young, unless it is of HOST's own network.
 *
 * A network is a /48, and known while it has a confirmed lease; the others are strangers.  The fair
 * share is the number of addresses divided by that of known networks, and of HOST's own.  Where 2
 * comes to HOST's own /48, it asks the same of the /64s within it, and so on if shares are counted
 * by longer prefixes; so does 3 where HOST's /48 is not below its share, and that of a /64 is of
 * what the /48 holds.  A network that has most gives what its own largest network has.
 *
 * NULL: no range is for HOST (pool_serves()), or there is no room.  Whether HOST is allowed
 * (pool_set_allow()) is for the caller to ask. */
struct lease *pool_assign(struct pool *p, const struct ip6 *host, unsigned prefix, int32_t now);

/* Would pool_assign() find an address for HOST at NOW, and which one?  False: none.  Nothing
 * changes, no lease ends. */
bool pool_would_assign(const struct pool *p, const struct ip6 *host, int32_t now, uint32_t *addr);

/* Ends L. */
void pool_end(struct pool *p, struct lease *l);

/* The address of a lease that ADDR was before pool_reserve() can be leased again; nothing else
 * reserves it. */
void pool_unreserve(struct pool *p, uint32_t addr);

/* A packet that the host of lease L sent was translated at NOW: the lease is confirmed, if the host
 * had been sent one before.  O(1), but that a /48 becomes known with its first confirmed lease,
 * which takes a step for each number of leases that known ones have, and that is smaller. */
void pool_touch(struct pool *p, struct lease *l, int32_t now);

/* A packet from IPv4 was translated to the host of lease L. */
static inline void pool_answer(struct lease *l)
{
	if (!l->answered) /* most packets find it set, and need not write */
		l->answered = true;
}

/* From now on the first N leases, by the memory that they take, each have an element of SHARED,
 * whose generation changes with each lease that ends, and in which a program below us counts.
 * SHARED is the caller's, and stays as long as the pool; NULL with N 0. */
void pool_share(struct pool *p, union fastpath_element *shared, size_t n);

/* The number of L's element; -1: it has none. */
long pool_shared(const struct pool *p, const struct lease *l);

/* Adds to the packets and bytes of L what its element has counted, which is 0 then.  The host has
 * sent some: L was used at NOW, and is confirmed if it had been answered before (what came first
 * of packets that are gathered together is not known).  True: pool_outdated(). */
bool pool_gather(struct pool *p, struct lease *l, int32_t now);

/* Puts back a lease that was on record: HOST held ADDR for PREFIX, last used at LAST.  Any lease in
 * the way (same address, or same host and prefix) gives way, and no share counts.  NULL, and
 * nothing gives way, unless pool_fits().  Times may come in any order; call pool_sort() after the
 * last one.  Since when it held is POOL_UNKNOWN: who knows better sets it.  It is not confirmed. */
struct lease *pool_restore(struct pool *p, const struct ip6 *host, unsigned prefix, uint32_t addr,
			   int32_t last);

/* The same of a lease that was confirmed when it was put on record: it is from now on. */
struct lease *pool_restore_confirmed(struct pool *p, const struct ip6 *host, unsigned prefix,
				     uint32_t addr, int32_t last);

/* Puts into P, under PREFIX, the lease L of another pool, with its times and counts; otherwise as
 * pool_restore(). */
struct lease *pool_move(struct pool *p, const struct lease *l, unsigned prefix);

/* The caller has put L on record, as last used at SAVED, and as confirmed or not. */
void pool_record(struct lease *l, int32_t saved);

/* Is L, which is used at NOW, to be put on record (again)?  It is not yet, or its record is as old
 * as POOL_RESTAMP, or does not say that it is confirmed: that happens once. */
static inline bool pool_outdated(const struct lease *l, int32_t now)
{
	return !l->on_record || l->confirmed != l->saved_confirmed ||
	       now - l->saved >= POOL_RESTAMP;
}

/* Puts leases in the order of their last use, as pool_next() and pool_assign() go by it.  O(n log
 * n); not for the packet path.  0, or -1 without memory (order then is as restored). */
int pool_sort(struct pool *p);

/* Could HOST have one more lease without the end of another one of its share? */
bool pool_has_share(const struct pool *p, const struct ip6 *host);

/* Ends the longest idle leases of networks that hold more than their share, as where others have
 * put them back; after pool_sort().  Returns how many; each is told to ENDED (NULL: to nobody)
 * before it does. */
size_t pool_trim(struct pool *p, void (*ended)(void *arg, const struct lease *l), void *arg);

/* Ends at most BUDGET leases that have been idle at NOW for longer than their range keeps them;
 * returns how many. */
unsigned pool_expire(struct pool *p, int32_t now, unsigned budget);

/* The lease that the last pool_assign() ended, or the last one that the last pool_expire() did: a
 * copy in OUT.  False: it ended none. */
bool pool_ended(const struct pool *p, struct lease *out);

/* Leases and addresses that could be leased. */
size_t pool_used(const struct pool *p);
size_t pool_size(const struct pool *p);

/* Range number I, by address, below N of pool_new(). */
struct pool_range {
	uint32_t first, last; /* addresses */
	size_t size, used;    /* that could be leased; leases */
	size_t confirmed;     /* leases */
	size_t not_preferred; /* leases of another address than the secret gives their host */
	uint64_t refused;     /* calls of pool_assign() without room for who prefers this range */
	uint64_t displaced;   /* leases that ended for a call of pool_assign() */
	/* Of all ranges for the same hosts: addresses that could be leased; leases; how many of the
	 * largest networks, mostly /48s, have leases; and how many leases of either kind the one
	 * has that has most of them. */
	size_t group_size, group_used, networks, most_confirmed, most_unconfirmed;
};
void pool_range(const struct pool *p, size_t i, struct pool_range *out);

/* The number of the range that ADDR, which is in one, lies in. */
size_t pool_which(const struct pool *p, uint32_t addr);

#ifndef POOL_NETWORKS
#define POOL_NETWORKS (1u << 17) /* networks that are told apart */
#endif

/* A network that hosts with leases come from: a /48, a /64 within it, or one of the length by which
 * the shares of its ranges are counted. */
struct pool_network {
	struct prefix6 prefix;
	size_t range;           /* the number of a range that it leases of, see pool_range() */
	size_t used, confirmed; /* leases of its hosts in all ranges for the same hosts */
	size_t networks; /* that have leases there, within the next larger one; itself is one */
	size_t share;    /* its fair share: so many leases, at least 1 */
};

/* Iteration over the networks that survives changes in between, as pool_walk(): the first one at
 * index *CURSOR or behind, which is moved past it.  False at the end.  Beyond POOL_NETWORKS a new
 * network counts as part of another one, by chance, under whose prefix it is told. */
bool pool_network(const struct pool *p, size_t *cursor, struct pool_network *out);

/* P takes over what was refused and displaced in those ranges of FROM that it has, too. */
void pool_take_counts(struct pool *p, const struct pool *from);

/* Iteration, the leases for the hosts of one range after those of another, longest idle last among
 * them: the lease after L, or the first for NULL; NULL at the end. */
struct lease *pool_next(const struct pool *p, const struct lease *l);

/* Iteration that survives changes in between: the first lease at index *CURSOR or behind, which is
 * moved past it; NULL at the end.  A lease that stays for the whole walk is seen; one that comes or
 * goes meanwhile may be. */
struct lease *pool_walk(const struct pool *p, size_t *cursor);

/* The cursor with which pool_walk() goes on behind L.  Leases that were moved to another pool in
 * the order of a walk are walked there in the same order. */
size_t pool_place(const struct pool *p, const struct lease *l);

#endif

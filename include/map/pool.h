/* pool - the dynamic pool: which IPv6 host holds which IPv4 address, and when the host was last
 * active.
 *
 * A lease belongs to a host and a translation prefix (an index into the prefixes).  All operations
 * on the packet path are O(1), except when a network becomes known (see pool_touch()).  They
 * allocate nothing: pool_new() reserves all memory, which is touched only as leases are made.  NOW
 * is in seconds of a clock that never steps (CLOCK_BOOTTIME); times before the start of that clock
 * are negative. */
#ifndef NAT64D_POOL_H
#define NAT64D_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/lpm.h"
#include "lib/siphash.h"
#include "packet/fastpath.h"

#define POOL_GUARANTEE \
	7440 /* seconds after the host's last packet during which a lease is safe: 2 h 4 min */
#define POOL_RESTAMP 600 /* seconds: the maximum age of the stored record of a lease in use */
#define POOL_KEEP \
	(14 * 24 * 3600)       /* seconds for which an idle lease is kept while there is space */
#define POOL_FOREVER (1 << 30) /* seconds: the value of pool_keep() in a range that stands by */
#define POOL_GRACE   4         /* seconds in which a new lease should become confirmed */
#define POOL_SPARE                                                                                 \
	60 /* seconds idle after which a confirmed lease of a network with too many leases may end \
	    */
#define POOL_TRIALS 16 /* normally at most one in so many leases of a network is unconfirmed, */
#define POOL_FEW    7  /* or this few for strangers */

struct pool;

#define POOL_UNKNOWN INT32_MIN /* value of SINCE: the lease is older than its record */

/* 96 bytes.  HOST to PREFIX, the fields that lookups compare, are in one cache line, because a
 * large allocation begins 16 bytes after a page boundary. */
struct lease {
	uint64_t packets[FASTPATH_DIRS]; /* see BYTES */
	struct ip6 host;
	uint32_t addr;      /* the IPv4 address, host order */
	uint32_t chain[2];  /* next lease in the same hash bucket, by host and by address */
	uint16_t prefix;    /* index of the translation prefix that the host used */
	bool on_record : 1; /* SAVED has been set */
	bool answered : 1;  /* a packet from IPv4 was translated to the host, see pool_answer() */
	bool confirmed : 1; /* after that, the host has sent again; only the pool sets it */
	bool saved_confirmed : 1; /* the value of CONFIRMED in the stored record */
	bool preferred : 1; /* ADDR is the address that the secret gives the host; only the pool
			       sets it */
	bool live : 1;      /* private to the pool, like CHAIN, NET, NEWER and OLDER */
	uint8_t untold; /* POOL_RESTAMP seconds of use about which nobody was told; at most 255 */
	uint32_t net;   /* index of its network */
	int32_t last;   /* time of the host's last packet */
	int32_t saved;  /* the value of LAST in the stored record, see pool_record() */
	int32_t since;  /* time of the assignment, or POOL_UNKNOWN */
	uint32_t newer[2],
		older[2]; /* neighbors in the order of LAST, in the group and in the network */
	/* translated for the host, indexed by enum report_dir; see pool_gather() */
	uint64_t bytes[FASTPATH_DIRS];
};

/* A range of addresses, and the hosts that it serves.  Ranges with the same FROM form one pool and
 * have the same values in all members after PROMOTED.
 *
 * A range that stands by belongs to another translator, which assigns and ends its leases.  Here
 * its leases are only restored and used: none is assigned, expires or ends for another host, and
 * they count for no share.  Its hosts are all those in FROM, because the choice between several
 * ranges is the owner's. */
struct pool_conf {
	struct prefix4 range; /* clean, length 31 or less */
	struct prefix6 from;  /* the hosts that it serves; of several ranges that do not stand by,
				 the one with the longest FROM serves a host */
	bool standby;
	/* It stood by before: hosts that have a lease of it may keep it, even if another range now
	 * serves them, and beyond their share. */
	bool promoted;
	/* Seconds after the host's last packet during which a lease is safe, and for which it is
	 * kept while there is space. */
	int32_t guarantee, keep;
	/* Hosts that share the first SHARE_LEN bits hold at most SHARE leases; 0: unlimited. */
	uint32_t share;
	uint8_t share_len;
};

/* Returns RANGE with default settings, for all hosts. */
static inline struct pool_conf pool_plain(struct prefix4 range)
{
	return (struct pool_conf){.range = range, .guarantee = POOL_GUARANTEE, .keep = POOL_KEEP};
}

/* Returns a pool of the N ranges at CONF, which must not overlap, to be freed with pool_free();
 * NULL without memory.  KEY must be secret and random, because it protects the tables of hosts and
 * networks against crafted addresses. */
struct pool *pool_new(const struct pool_conf *conf, size_t n, const struct siphash_key *key);
void pool_free(struct pool *p);

/* Sets the secret from which, together with its ranges, a host's preferred address is computed.
 * With the same secret and ranges, a host gets the same address again after all leases are lost.
 * Without the secret, an attacker cannot know which hosts prefer the same address.  Existing leases
 * stay; pool_range.not_preferred is recounted, which is O(n).  Without this call the secret is
 * derived from the KEY of pool_new(). */
void pool_set_secret(struct pool *p, const struct siphash_key *secret);

/* Allows leases only for hosts inside a prefix of ALLOW (128-bit keys; NULL: all hosts), see
 * pool_fits().  Call it before the first lease.  The caller owns ALLOW, which must live as long as
 * the pool. */
void pool_set_allow(struct pool *p, const struct lpm *allow);

/* Whether HOST could have the lease of ADDR, or why not. */
enum pool_fit {
	POOL_FITS,
	POOL_NOT_ALLOWED, /* by pool_set_allow() */
	POOL_NOWHERE,     /* ADDR is in no range */
	POOL_OF_OTHERS,   /* the range of ADDR serves other hosts */
	POOL_RESERVED,
};
enum pool_fit pool_fits(const struct pool *p, const struct ip6 *host, uint32_t addr);

/* Returns true if a range serves HOST, even if HOST is not allowed. */
bool pool_serves(const struct pool *p, const struct ip6 *host);

/* Returns true if a new lease of HOST comes from the range of ADDR or one of the same pool, even if
 * HOST is not allowed. */
bool pool_serves_from(const struct pool *p, const struct ip6 *host, uint32_t addr);

/* Returns true if ADDR is in a range that stands by. */
bool pool_stands_by(const struct pool *p, uint32_t addr);

/* Returns for how many seconds HOST keeps an idle lease of ADDR: POOL_FOREVER if ADDR stands by,
 * else pool_conf.keep of the ranges that serve HOST, or 0 if there are none. */
int32_t pool_keep(const struct pool *p, const struct ip6 *host, uint32_t addr);

/* Never leases the addresses of PREFIX (ipv4-addr, mapped addresses).  Ends a lease that holds one
 * of them.  The network address of each range is always reserved. */
void pool_reserve(struct pool *p, const struct prefix4 *prefix);

/* Returns true if ADDR is in one of the ranges (leased, free or reserved). */
bool pool_covers(const struct pool *p, uint32_t addr);

/* Return the lease of HOST for PREFIX, or the lease of ADDR; NULL if there is none. */
struct lease *pool_find6(const struct pool *p, const struct ip6 *host, unsigned prefix);
struct lease *pool_find4(const struct pool *p, uint32_t addr);

/* Makes a lease for HOST (which has none for PREFIX) at NOW from the ranges that serve it.  It gets
 * the preferred address (a keyed hash of HOST), or else the next free one.  In two cases, one lease
 * of the same ranges ends for it, see pool_ended():
 *
 * - HOST's network has as many leases as its share: the longest idle lease of that network ends.
 * - All addresses are leased: the first lease that one of these rules finds ends.
 *   1. The longest idle lease, if its guarantee has expired.  The rule does not apply to a host
 *      of a known network that is not below its fair share and has more than one unconfirmed
 *      lease in POOL_TRIALS; nor to a stranger while strangers have more unconfirmed leases than
 *      the number of addresses divided by POOL_TRIALS, plus POOL_FEW.
 *   2. Take the holder with the most unconfirmed leases: a known network, or all strangers
 *      together (which come first if equal).  In it, the longest idle unconfirmed lease of the
 *      network with the most of them, if it was assigned more than POOL_GRACE ago.
 *   3. Only for a host of a network below its fair share, and while fewer leases are unconfirmed
 *      than the number of addresses divided by 64, plus 4: the longest idle confirmed lease of
 *      the known network with the most of them, if it has been idle for POOL_SPARE and that
 *      network keeps at least as many leases as HOST's network has then.
 *   4. The lease of rule 2 even if it is younger, unless it is of HOST's own network.
 *
 * A network is a /48.  It is known while it has a confirmed lease; otherwise its hosts are
 * strangers. The fair share is the number of addresses divided by the number of known networks,
 * including HOST's own.  If rule 2 selects HOST's own /48, it is applied to the /64s within it, and
 * to longer prefixes if shares are counted by them.  Rule 3 does the same if HOST's /48 is not
 * below its share; the fair share of a /64 is then a part of what the /48 holds.  In the selected
 * network, a lease of its own largest network ends.
 *
 * Returns NULL if no range serves HOST (pool_serves()) or there is no room.  The caller must check
 * whether HOST is allowed (pool_set_allow()). */
struct lease *pool_assign(struct pool *p, const struct ip6 *host, unsigned prefix, int32_t now);

/* Returns true if pool_assign() would find an address for HOST at NOW, and stores it in *ADDR.
 * Changes nothing and ends no lease. */
bool pool_would_assign(const struct pool *p, const struct ip6 *host, int32_t now, uint32_t *addr);

/* Ends L. */
void pool_end(struct pool *p, struct lease *l);

/* Makes an address leasable again that was the address of a lease before pool_reserve(); no other
 * reservation may cover it. */
void pool_unreserve(struct pool *p, uint32_t addr);

/* Records that a packet from the host of lease L was translated at NOW.  The lease becomes
 * confirmed if a packet had been sent to the host before.  O(1), except when the first confirmed
 * lease makes a /48 known.  Then it takes one step for each different number of leases, below that
 * of the /48, that a known network has. */
void pool_touch(struct pool *p, struct lease *l, int32_t now);

/* Records that a packet from IPv4 was translated to the host of lease L. */
static inline void pool_answer(struct lease *l)
{
	if (!l->answered) /* usually set already; saves the write */
		l->answered = true;
}

/* Gives each of the first N leases in memory an element of SHARED: its generation changes when a
 * lease ends, and the kernel program counts in it.  The caller owns SHARED, which must live as long
 * as the pool; it is NULL if N is 0. */
void pool_share(struct pool *p, union fastpath_element *shared, size_t n);

/* Returns the index of L's element, or -1 if it has none. */
long pool_shared(const struct pool *p, const struct lease *l);

/* Adds the counters of L's element to the packets and bytes of L, and resets them.  If the host has
 * sent packets, L was used at NOW, and becomes confirmed if the host had been answered before; the
 * order of packets within one call is unknown.  Returns pool_outdated(). */
bool pool_gather(struct pool *p, struct lease *l, int32_t now);

/* Restores a lease from its stored record: HOST held ADDR for PREFIX and was last active at LAST.
 * Ends leases with the same address, or the same host and prefix; ignores shares.  Returns NULL,
 * and changes nothing, unless pool_fits().  LAST may come in any order; call pool_sort() after the
 * last restored lease.  SINCE is POOL_UNKNOWN until the caller sets it.  The lease is not
 * confirmed. */
struct lease *pool_restore(struct pool *p, const struct ip6 *host, unsigned prefix, uint32_t addr,
			   int32_t last);

/* The same for a lease whose record says that it was confirmed; it is confirmed again. */
struct lease *pool_restore_confirmed(struct pool *p, const struct ip6 *host, unsigned prefix,
				     uint32_t addr, int32_t last);

/* Moves lease L of another pool into P, under PREFIX, with its times and counters; otherwise as
 * pool_restore(). */
struct lease *pool_move(struct pool *p, const struct lease *l, unsigned prefix);

/* Notes that the caller has stored the record of L, last used at SAVED, and whether L is
 * confirmed. */
void pool_record(struct lease *l, int32_t saved);

/* Returns true if the record of L, which is in use at NOW, must be stored: there is none yet, it is
 * POOL_RESTAMP old, or it does not say that L is confirmed (which happens once). */
static inline bool pool_outdated(const struct lease *l, int32_t now)
{
	return !l->on_record || l->confirmed != l->saved_confirmed ||
	       now - l->saved >= POOL_RESTAMP;
}

/* Sorts all leases by their last use, which pool_next() and pool_assign() depend on.  O(n log
 * n); not for the packet path.  Returns 0, or -1 without memory (the order is then that of
 * restoring). */
int pool_sort(struct pool *p);

/* Returns true if HOST could have one more lease without ending another one of its share. */
bool pool_has_share(const struct pool *p, const struct ip6 *host);

/* Ends the longest idle leases of networks with more leases than their share, which restoring can
 * cause, except in a pool with a promoted range: the network had its share of each range's owner,
 * and no lease ends because the owner is gone.  Call it after pool_sort().  Calls ENDED (unless
 * NULL) for each before it ends.  Returns how many ended. */
size_t pool_trim(struct pool *p, void (*ended)(void *arg, const struct lease *l), void *arg);

/* Ends at most BUDGET leases that at NOW have been idle for longer than their range keeps them.
 * Returns how many. */
unsigned pool_expire(struct pool *p, int32_t now, unsigned budget);

/* Copies the lease that the last pool_assign() ended, or the last one that the last pool_expire()
 * ended, to OUT.  Returns false if there was none. */
bool pool_ended(const struct pool *p, struct lease *out);

/* Return the number of leases, and the number of addresses that can have one. */
size_t pool_used(const struct pool *p);
size_t pool_size(const struct pool *p);

/* The same without ranges that stand by. */
struct pool_total {
	size_t used, size;
};
struct pool_total pool_own(const struct pool *p);

/* State of range I (in the order of addresses), for I below the N of pool_new(). */
struct pool_range {
	uint32_t first, last; /* addresses */
	size_t size, used;    /* leasable addresses; leases */
	size_t confirmed;     /* leases */
	size_t not_preferred; /* leases whose address is not the preferred one of their host; 0 if
				 it stands by */
	uint64_t refused; /* calls of pool_assign() that failed for hosts that prefer this range */
	uint64_t displaced; /* leases that ended for another host */
	bool standby;
	/* The same over all ranges with the same hosts and the same STANDBY: leasable addresses,
	 * leases, the number of the largest networks (usually /48s) with leases, and the highest
	 * number of confirmed and of unconfirmed leases in one of them. */
	size_t group_size, group_used, networks, most_confirmed, most_unconfirmed;
};
void pool_range(const struct pool *p, size_t i, struct pool_range *out);

/* Returns the index of the range that contains ADDR, which must be in one. */
size_t pool_which(const struct pool *p, uint32_t addr);

#ifndef POOL_NETWORKS
#define POOL_NETWORKS (1u << 17) /* maximum number of networks that are counted separately */
#endif

/* A network with leases: a /48, a /64 within it, or a network of the length by which its ranges
 * count shares.  Leases of ranges that stand by are not counted. */
struct pool_network {
	struct prefix6 prefix;
	size_t range;           /* index of one of its ranges, see pool_range() */
	size_t used, confirmed; /* leases of its hosts in all ranges that serve the same hosts */
	size_t networks; /* networks with leases in the next larger network, including this one */
	size_t share;    /* its fair share of leases, at least 1 */
};

/* Iterates over networks, and tolerates changes in between, like pool_walk().  Returns the first
 * network at index *CURSOR or later and moves *CURSOR after it; false at the end.  Beyond
 * POOL_NETWORKS, a new network counts as part of another one, chosen by a hash, and appears under
 * that prefix. */
bool pool_network(const struct pool *p, size_t *cursor, struct pool_network *out);

/* Copies the refused and displaced counters of FROM for the ranges that P has too. */
void pool_take_counts(struct pool *p, const struct pool *from);

/* Iterates over all leases, pool by pool; within a pool, from the most to the least recently used.
 * Returns the lease after L, or the first for NULL; NULL at the end. */
struct lease *pool_next(const struct pool *p, const struct lease *l);

/* Iterates over leases, and tolerates changes in between.  Returns the first lease at index *CURSOR
 * or later and moves *CURSOR after it; NULL at the end.  Visits each lease that exists during the
 * whole walk; a lease that begins or ends meanwhile may be missed. */
struct lease *pool_walk(const struct pool *p, size_t *cursor);

/* Returns the cursor with which pool_walk() continues after L.  Leases that were moved to another
 * pool in the order of a walk have the same order there. */
size_t pool_place(const struct pool *p, const struct lease *l);

#endif

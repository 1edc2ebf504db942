/* fastpath - the memory that the daemon shares with its program in the kernel.
 *
 * The program repeats the decision that the translator has made for a pair of addresses, and makes
 * none itself.  Numbers are in host byte order, addresses and checksums in network byte order.
 * Times are nanoseconds of CLOCK_BOOTTIME. */
#ifndef NAT64D_FASTPATH_H
#define NAT64D_FASTPATH_H

#include <stdint.h>

#define FASTPATH_DIRS 2 /* as in enum report_dir */
#define FASTPATH_4TO6 0
#define FASTPATH_6TO4 1

/* ns after a packet is handed to the device until it is certain to be in its queue */
#define FASTPATH_MARGIN 10000
/* ns after which a flow moves to the fast path although some of its packets may still be in the
 * queue and are then overtaken; FASTPATH_SOON replaces FASTPATH_FORCE with FASTPATH_HURRY */
#define FASTPATH_FORCE 1000000000
#define FASTPATH_SOON  20000000
/* ns: with FASTPATH_WATCH, the program does nothing if the daemon has been silent for longer */
#define FASTPATH_ALIVE 100000000

#define FASTPATH_SECRETS 4
#define FASTPATH_FLOWS   16384 /* slots for flows whose packets go to the daemon; a power of 2 */
#define FASTPATH_ROOM    2048  /* bytes for the payload of one segment; a power of 2 */
#define FASTPATH_SCRATCH 4096  /* bytes of scratch memory per processor */

/* Routers may fragment IPv4 packets up to this length [7915-5.1]. */
#define FASTPATH_DF_ABOVE 1260

enum fastpath_flag {        /* bits of the control word */
	FASTPATH_UDP = 1,   /* the program translates UDP too */
	FASTPATH_WATCH = 2, /* the program may outlive the daemon: check FASTPATH_ALIVE */
	FASTPATH_HURRY = 4, /* the daemon waits for packets to take this path */
};

/* One cache line.  Element 0 of the shared array is the control word; the totals of each processor
 * follow, then the leases. */
struct fastpath_control {    /* the daemon writes it, the program reads it */
	uint32_t generation; /* pairs with another generation are outdated */
	uint32_t flags;
	uint64_t drained; /* all packets that were in the queue of the device at this time have left
			     it and have been written */
	uint64_t alive;   /* last sign of life of the daemon */
	uint64_t secret[FASTPATH_SECRETS];
	uint64_t udp_since; /* time of the last UDP packet to the daemon, if UDP no longer goes
			       there */
};

struct fastpath_totals { /* the program writes it, on its own processor */
	uint64_t packets[FASTPATH_DIRS];
	uint64_t bytes[FASTPATH_DIRS];
	uint64_t udp; /* the UDP packets among them */
	uint64_t unused[3];
};

struct fastpath_lease {
	uint32_t generation; /* the daemon changes it when the lease ends */
	uint32_t none;
	uint64_t packets[FASTPATH_DIRS]; /* the program counts */
	uint64_t bytes[FASTPATH_DIRS];
	uint64_t unused[3];
};

union fastpath_element {
	struct fastpath_control control;
	struct fastpath_totals totals;
	struct fastpath_lease lease;
};

_Static_assert(sizeof(union fastpath_element) == 64, "one line of the cache");

enum fastpath_pair_flag {      /* bits */
	FASTPATH_ECN_ONLY = 1, /* clear the DSCP */
	FASTPATH_NO_SYN = 2,   /* SYNs go to the daemon, which clamps the MSS */
};

/* Times of packets that went to the daemon and must not be overtaken. */
struct fastpath_wait {
	uint64_t passed; /* the last packet */
	uint64_t since;  /* the last packet that only the daemon can translate */
};

/* The translation of packets between two addresses. */
struct fastpath_pair {
	uint64_t tag;        /* of the key, see fastpath_tag4() */
	uint32_t generation; /* must equal that of the control word */
	uint32_t lease;      /* element of the lease; 0: none */
	uint32_t lease_generation;
	uint32_t none;
	uint64_t id;        /* 6->4: the low 16 bits are the next IPv4 Identification */
	uint16_t most;      /* maximum bytes of L4 header and payload */
	uint16_t most_free; /* the same for 4->6 without DF */
	uint16_t csum; /* the change of a pseudo-header's sum by the exchange of the addresses */
	uint16_t flags;
	/* For the time since the pair was added, and for packets that do not show their flow, such
	 * as fragments.  Packets that show their flow use the slot of that flow. */
	struct fastpath_wait wait;
};

/* 64-bit words that the other side accesses concurrently.  If the processor cannot access them
 * atomically, there is no kernel program and thus no other side. */
#define FASTPATH_WHOLE (__GCC_ATOMIC_LLONG_LOCK_FREE == 2)

static inline uint64_t fastpath_read(const uint64_t *p)
{
#if FASTPATH_WHOLE
	return __atomic_load_n(p, __ATOMIC_RELAXED);
#else
	return *p;
#endif
}

static inline void fastpath_write(uint64_t *p, uint64_t v)
{
#if FASTPATH_WHOLE
	__atomic_store_n(p, v, __ATOMIC_RELEASE);
#else
	*p = v;
#endif
}

/* Returns *P and sets it to 0. */
static inline uint64_t fastpath_take(uint64_t *p)
{
#if FASTPATH_WHOLE
	return __atomic_exchange_n(p, 0, __ATOMIC_RELAXED);
#else
	uint64_t was = *p;

	*p = 0;
	return was;
#endif
}

struct fastpath_key4 {
	uint8_t src[4], dst[4];
};

struct fastpath_key6 {
	uint8_t src[16], dst[16];
};

/* A value has the same tag at its beginning and end.  If the kernel reuses the memory of a pair
 * while a program still reads it, the program finds another tag at one of the ends, because it
 * checks the end last. */
struct fastpath_4to6 { /* value for a struct fastpath_key4 */
	struct fastpath_pair pair;
	struct fastpath_key6 to;
	uint64_t tag;
};

struct fastpath_6to4 { /* value for a struct fastpath_key6 */
	struct fastpath_pair pair;
	struct fastpath_key4 to;
	uint64_t tag;
};

/* Return a keyed hash of the key, in host words, for which an attacker cannot construct
 * collisions. */
static inline uint64_t fastpath_tag4(const uint32_t key[2], const uint64_t *secret)
{
	return (key[0] + secret[0]) * (key[1] + secret[1]);
}

static inline uint64_t fastpath_tag6(const uint64_t key[4], const uint64_t *secret)
{
	return (key[0] + secret[0]) * (key[1] + secret[1]) +
	       (key[2] + secret[2]) * (key[3] + secret[3]);
}

#endif

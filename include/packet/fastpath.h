/* fastpath - the memory that the daemon shares with its program in the kernel, and what the program
 * has been told about pairs of addresses.
 *
 * The program repeats what the translator has decided for two addresses, and knows nothing else.
 * Numbers are in the byte order of this machine, addresses and checksums in that of the network.
 * Times are nanoseconds of CLOCK_BOOTTIME. */
#ifndef NAT64D_FASTPATH_H
#define NAT64D_FASTPATH_H

#include <stdint.h>

#define FASTPATH_DIRS 2 /* 0: 4->6, 1: 6->4, as in enum report_dir */

/* A packet that was handed to the device so many ns ago lies in its queue. */
#define FASTPATH_MARGIN 10000
/* Under load the queue may never be empty: so many ns later the pair moves all the same. */
#define FASTPATH_FORCE 100000000
/* With FASTPATH_WATCH the program does nothing when the daemon has been silent for so many ns. */
#define FASTPATH_ALIVE 100000000

enum fastpath_flag {        /* of the control word; bits */
	FASTPATH_UDP = 1,   /* UDP is translated here, too */
	FASTPATH_WATCH = 2, /* the program may outlive the daemon: look whether it lives */
};

/* One line of the cache.  Element 0 of the shared array is the control word, then come the totals
 * of each processor, then the leases. */
struct fastpath_control {    /* written by the daemon, read by the program */
	uint32_t generation; /* pairs of another one are not current any more */
	uint32_t flags;
	uint64_t drained; /* all that was in the queue of the device at this time has left it, and
			     has been written */
	uint64_t alive;   /* when the daemon was last seen to live */
	uint64_t unused[5];
};

struct fastpath_totals { /* written by the program, on its own processor */
	uint64_t packets[FASTPATH_DIRS];
	uint64_t bytes[FASTPATH_DIRS];
	uint64_t udp; /* packets among them */
	uint64_t unused[3];
};

struct fastpath_lease {
	uint32_t generation; /* by the daemon: a lease that ends, or begins, has another one */
	uint32_t none;
	uint64_t packets[FASTPATH_DIRS]; /* by the program */
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
	FASTPATH_ECN_ONLY = 1, /* DSCP is cleared */
	FASTPATH_NO_SYN = 2,   /* the daemon clamps the MSS */
};

/* What becomes of the packets between two addresses. */
struct fastpath_pair {
	uint32_t generation; /* of the control word */
	uint32_t lease;      /* its element; 0: none */
	uint32_t lease_generation;
	uint32_t none;
	uint64_t id;        /* 6->4: its low 16 bits are the next IPv4 Identification */
	uint16_t most;      /* bytes of L4 header and payload that fit */
	uint16_t most_free; /* the same, 4->6 without DF */
	uint16_t csum;      /* what exchanging the addresses adds to the sum of a pseudo-header */
	uint16_t flags;
	uint64_t passed; /* when a packet has last gone to the daemon */
	uint64_t since;  /* when the pair has begun to wait for the queue to be empty */
};

/* Words of 64 bits that the other side reads or writes meanwhile.  Where the processor cannot do it
 * in one piece there is no program, and the other side is nobody. */
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

/* What *P was; it is 0 then. */
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

struct fastpath_4to6 { /* the value of a struct fastpath_key4 */
	struct fastpath_pair pair;
	struct fastpath_key6 to;
};

struct fastpath_6to4 { /* the value of a struct fastpath_key6 */
	struct fastpath_pair pair;
	struct fastpath_key4 to;
};

#endif

/* fastpath - the memory that the daemon shares with its program in the kernel, and what the program
 * has been told about pairs of addresses.
 *
 * The program repeats what the translator has decided for two addresses, and knows nothing else.
 * Numbers are in the byte order of this machine, addresses and checksums in that of the network.
 * Times are nanoseconds of CLOCK_BOOTTIME. */
#ifndef NAT64D_FASTPATH_H
#define NAT64D_FASTPATH_H

#include <stdint.h>

#define FASTPATH_DIRS 2 /* as in enum report_dir */
#define FASTPATH_4TO6 0
#define FASTPATH_6TO4 1

/* A packet that was handed to the device so many ns ago lies in its queue. */
#define FASTPATH_MARGIN 10000
/* Under load some packets of a flow may always be in the queue: so many ns later the flow moves all
 * the same, and they are overtaken; the second one with FASTPATH_HURRY. */
#define FASTPATH_FORCE 1000000000
#define FASTPATH_SOON  20000000
/* With FASTPATH_WATCH the program does nothing when the daemon has been silent for so many ns. */
#define FASTPATH_ALIVE 100000000

#define FASTPATH_SECRETS 4
#define FASTPATH_FLOWS   16384 /* places for flows whose packets go to the daemon; a power of 2 */
#define FASTPATH_ROOM    2048  /* bytes for the payload of one segment; a power of 2 */
#define FASTPATH_SCRATCH 4096  /* bytes for the program, on each processor */

/* IPv4 packets up to this length may be fragmented by routers [7915-5.1]. */
#define FASTPATH_DF_ABOVE 1260

enum fastpath_flag {        /* of the control word; bits */
	FASTPATH_UDP = 1,   /* UDP is translated here, too */
	FASTPATH_WATCH = 2, /* the program may outlive the daemon: look whether it lives */
	FASTPATH_HURRY = 4, /* the daemon wants to see what comes through this way */
};

/* One line of the cache.  Element 0 of the shared array is the control word, then come the totals
 * of each processor, then the leases. */
struct fastpath_control {    /* written by the daemon, read by the program */
	uint32_t generation; /* pairs of another one are not current any more */
	uint32_t flags;
	uint64_t drained; /* all that was in the queue of the device at this time has left it, and
			     has been written */
	uint64_t alive;   /* when the daemon was last seen to live */
	uint64_t secret[FASTPATH_SECRETS];
	uint64_t udp_since; /* when the last UDP went to the daemon, if it does not any more */
};

struct fastpath_totals { /* written by the program, on its own processor */
	uint64_t packets[FASTPATH_DIRS];
	uint64_t bytes[FASTPATH_DIRS];
	uint64_t udp; /* packets among them */
	uint64_t unused[3];
};

struct fastpath_lease {
	uint32_t generation; /* by the daemon: it is another one when the lease has ended */
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

/* When packets that other packets must not overtake went to the daemon. */
struct fastpath_wait {
	uint64_t passed; /* the last one */
	uint64_t since;  /* the last one that only the daemon can translate */
};

/* What becomes of the packets between two addresses. */
struct fastpath_pair {
	uint64_t tag;        /* of the key, see fastpath_tag4() */
	uint32_t generation; /* of the control word */
	uint32_t lease;      /* its element; 0: none */
	uint32_t lease_generation;
	uint32_t none;
	uint64_t id;        /* 6->4: its low 16 bits are the next IPv4 Identification */
	uint16_t most;      /* bytes of L4 header and payload that fit */
	uint16_t most_free; /* the same, 4->6 without DF */
	uint16_t csum;      /* what exchanging the addresses adds to the sum of a pseudo-header */
	uint16_t flags;
	/* Since the pair was told; and of packets that do not show their flow, such as fragments.
	 * What shows its flow waits in the place of that flow. */
	struct fastpath_wait wait;
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

/* A value ends with the tag that it begins with: while the kernel gives the memory of a pair to
 * another one, a program that still reads it finds another tag at one end at least, since it looks
 * there last. */
struct fastpath_4to6 { /* the value of a struct fastpath_key4 */
	struct fastpath_pair pair;
	struct fastpath_key6 to;
	uint64_t tag;
};

struct fastpath_6to4 { /* the value of a struct fastpath_key6 */
	struct fastpath_pair pair;
	struct fastpath_key4 to;
	uint64_t tag;
};

/* A keyed hash of the key, in words of this machine: nobody can make two keys with the same. */
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

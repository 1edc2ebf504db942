/* fastpath_shot - packets between two addresses that the program in the kernel knows.  It must take
 * some of them, may take others, and must not take the rest. */
#ifndef NAT64D_TESTS_FASTPATH_SHOT_H
#define NAT64D_TESTS_FASTPATH_SHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/fastpath.h"

#define SHOT_MAX   3712 /* maximum bytes that the kernel accepts for a test run */
#define SHOT_KINDS 72   /* at least the number of kinds, plus two */

/* Two addresses, and the pair that the program has for them. */
struct shot_pair {
	unsigned family; /* 4 or 6, of the arriving packet */
	struct fastpath_key4 v4;
	struct fastpath_key6 v6;
	struct fastpath_pair told;
};

struct shot {
	const struct shot_pair *pair;
	uint8_t b[SHOT_MAX + 64];
	size_t len, head; /* bytes: total; IP header */
	uint8_t proto;
	unsigned seg;  /* of a GSO packet, or 0 */
	uint32_t wire; /* the length on the wire, as the kernel counts it */
};

enum shot_fate {
	SHOT_ALL,   /* the program must take each one that the translator considers plain */
	SHOT_SOME,  /* it must take at least one */
	SHOT_MAY,   /* it may take them */
	SHOT_NEVER, /* it must not take any, even if the translator translates it */
};

struct shot_kind {
	const char *name;
	unsigned proto; /* PROTO_TCP, PROTO_UDP, or PROTO_ICMP for an echo of either family */
	bool train;
	unsigned families; /* 4, 6, or 0: both */
	enum shot_fate fate;
	void (*change)(struct shot *s); /* called before the checksums are set; may be NULL */
	void (*spoil)(struct shot *s);  /* called after that; may be NULL */
};

extern const struct shot_kind shot_kinds[];
extern const unsigned shot_kinds_n;

/* Creates a random packet of kind K between the addresses of PAIR.  False if there is none. */
bool shot_make(struct shot *s, const struct shot_kind *k, const struct shot_pair *pair);

/* Gives the packet at P, of LEN bytes, the right Ethertype in bytes 12 and 13, where the kernel
 * reads it.  These bytes are part of the source address.  Valid checksums stay valid, and invalid
 * ones stay invalid. */
void shot_shape(uint8_t *p, size_t len);

/* Replaces the addresses of the packet at P by those of PAIR, in the same way. */
void shot_readdress(uint8_t *p, size_t len, const struct shot_pair *pair);

#endif

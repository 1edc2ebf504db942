/* fastpath_shot - packets between two addresses of which the program in the kernel has been told:
 * those that it is for, those that are nothing for it, and those in between. */
#ifndef NAT64D_TESTS_FASTPATH_SHOT_H
#define NAT64D_TESTS_FASTPATH_SHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/fastpath.h"

#define SHOT_MAX   3712 /* bytes that the kernel takes for a trial */
#define SHOT_KINDS 72   /* no less than there are, and two */

/* Who speaks to whom, and what the program has been told of it. */
struct shot_pair {
	unsigned family; /* 4 or 6, as the packet arrives */
	struct fastpath_key4 v4;
	struct fastpath_key6 v6;
	struct fastpath_pair told;
};

struct shot {
	const struct shot_pair *pair;
	uint8_t b[SHOT_MAX + 64];
	size_t len, head; /* bytes: all; of the IP header */
	uint8_t proto;
	unsigned seg;  /* of a GSO packet, or 0 */
	uint32_t wire; /* what the kernel says that it counts as */
};

enum shot_fate {
	SHOT_ALL,   /* the program must take every one that the translator finds plain */
	SHOT_SOME,  /* it must take one at least */
	SHOT_MAY,   /* it may take them */
	SHOT_NEVER, /* it must not, whatever the translator makes of them */
};

struct shot_kind {
	const char *name;
	unsigned proto; /* PROTO_TCP, PROTO_UDP, or PROTO_ICMP for an echo of either family */
	bool train;
	unsigned families; /* 4, 6, or 0: both */
	enum shot_fate fate;
	void (*change)(struct shot *s); /* before the checksums are written; NULL: nothing */
	void (*spoil)(struct shot *s);  /* and afterwards */
};

extern const struct shot_kind shot_kinds[];
extern const unsigned shot_kinds_n;

/* A random packet of kind K between the addresses of PAIR.  False: there is none. */
bool shot_make(struct shot *s, const struct shot_kind *k, const struct shot_pair *pair);

/* Bytes 12 and 13 of the LEN bytes at P, a part of its source, become what the kernel takes for the
 * right ethertype there, and checksums stay as right as they were. */
void shot_shape(uint8_t *p, size_t len);

/* The addresses of the packet at P become those of PAIR, in the same way. */
void shot_readdress(uint8_t *p, size_t len, const struct shot_pair *pair);

#endif

/* ipid - IPv4 Identifications that do not repeat soon and that an attacker cannot guess [7739,
 * 6864]. */
#ifndef NAT64D_IPID_H
#define NAT64D_IPID_H

#include <stdint.h>

#include "lib/siphash.h"

#define IPID_COUNTERS 2048 /* must be a power of two */

struct ipid {
	struct siphash_key key;          /* secret and random */
	uint16_t counter[IPID_COUNTERS]; /* private; the caller fills it with random values first */
};

/* Returns the first of N consecutive Identifications for packets from SRC to DST. */
uint16_t ipid_take(struct ipid *t, uint32_t src, uint32_t dst, unsigned n);

#endif

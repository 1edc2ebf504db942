/* ipid - IPv4 Identifications that do not repeat soon and that others cannot guess [7739, 6864].
 */
#ifndef NAT64D_IPID_H
#define NAT64D_IPID_H

#include <stdint.h>

#include "lib/siphash.h"

#define IPID_COUNTERS 2048 /* a power of two */

struct ipid {
	struct siphash_key key;          /* secret and random */
	uint16_t counter[IPID_COUNTERS]; /* private; start with random values */
};

/* The first of N Identifications in a row for packets from SRC to DST. */
uint16_t ipid_take(struct ipid *t, uint32_t src, uint32_t dst, unsigned n);

#endif

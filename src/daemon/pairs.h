/* pairs - which pairs of addresses the program in the kernel is told of: those of which packets
 * come again and again.
 *
 * A stranger who forges sources makes as many pairs as he likes, but each has to come twice, and no
 * more than PAIRS_PER_MS are told. */
#ifndef NAT64D_PAIRS_H
#define NAT64D_PAIRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/siphash.h"

#define PAIRS_PER_MS 32
/* A pair that still comes to us so many ms after it was told has been forgotten below. */
#define PAIRS_AGAIN 100

struct pairs;

struct pairs *pairs_new(const struct siphash_key *key); /* NULL without memory */
void pairs_free(struct pairs *p);                       /* NULL is fine */

/* A packet with the N bytes of addresses at ADDRS (8 or 32) has come, at NOW (ms).  True: the
 * program should be told.  ERA: with another one all is new. */
bool pairs_want(struct pairs *p, const void *addrs, size_t n, uint64_t era, int64_t now);

#endif

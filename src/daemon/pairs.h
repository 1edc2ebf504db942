/* pairs - selects the address pairs that the program in the kernel is told: those with recurring
 * packets.
 *
 * A sender that forges source addresses can produce any number of pairs.  But a pair must recur
 * before it is selected, and at most PAIRS_PER_MS are selected per millisecond. */
#ifndef NAT64D_PAIRS_H
#define NAT64D_PAIRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/siphash.h"

#define PAIRS_PER_MS 32
/* If packets of a pair still reach the daemon so many ms after the program was told, the program
 * has dropped the pair. */
#define PAIRS_AGAIN 100

struct pairs;

struct pairs *pairs_new(const struct siphash_key *key); /* NULL without memory */
void pairs_free(struct pairs *p);                       /* NULL is fine */

/* A packet with the N bytes of addresses at ADDRS (8 or 32) arrived at NOW (ms).  Returns true if
 * the program should be told about this pair.  A pair with another ERA counts as new. */
bool pairs_want(struct pairs *p, const void *addrs, size_t n, uint64_t era, int64_t now);

#endif

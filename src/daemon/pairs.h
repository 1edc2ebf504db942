/* pairs - selects the address pairs that are given to the program in the kernel: those with
 * recurring packets.
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
/* If packets of a pair still reach the daemon so many ms after the pair was given to the program,
 * the program has dropped it. */
#define PAIRS_AGAIN 100

struct pairs;

struct pairs *pairs_new(const struct siphash_key *key); /* NULL without memory */
void pairs_free(struct pairs *p);                       /* NULL is fine */

/* A packet arrived at NOW (ms); ADDRS are its source and destination address, together N bytes (8
 * or 32).  Returns true if this pair should be given to the program.  A pair with another ERA
 * counts as new. */
bool pairs_want(struct pairs *p, const void *addrs, size_t n, uint64_t era, int64_t now);

#endif

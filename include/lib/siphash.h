/* siphash - SipHash-2-4, the keyed hash of all tables that remote hosts can fill. */
#ifndef NAT64D_SIPHASH_H
#define NAT64D_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
	uint64_t k0, k1;
};

/* Returns the 64-bit SipHash-2-4 of LEN bytes at P under KEY, equal to the authors' reference
 * code. */
uint64_t siphash(const struct siphash_key *key, const void *p, size_t len);

#endif

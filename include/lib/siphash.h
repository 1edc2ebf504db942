/* siphash - SipHash-2-4, the keyed hash of every table that strangers can fill. */
#ifndef NAT64D_SIPHASH_H
#define NAT64D_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
	uint64_t k0, k1;
};

/* The 64-bit SipHash-2-4 of LEN bytes at P under KEY, as its authors' reference gives it. */
uint64_t siphash(const struct siphash_key *key, const void *p, size_t len);

#endif

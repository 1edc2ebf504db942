/* random - pseudo-random numbers that are the same in every run (xorshift64*, Vigna 2016). */
#ifndef NAT64D_TESTS_RANDOM_H
#define NAT64D_TESTS_RANDOM_H

#include <stddef.h>
#include <stdint.h>

static uint64_t random_state = 0x2545f4914f6cdd1d;

static inline uint32_t random_next(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)(random_state * 0x2545f4914f6cdd1d >> 32);
}

/* Returns a number from 0 to N-1. */
static inline uint32_t random_below(uint32_t n)
{
	return (uint32_t)((uint64_t)random_next() * n >> 32);
}

static inline void random_fill(void *p, size_t len)
{
	for (uint8_t *b = p; len; len--)
		*b++ = (uint8_t)random_next();
}

#endif

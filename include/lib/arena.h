/* arena - memory that is allocated piece by piece and freed from its end. */
#ifndef NAT64D_ARENA_H
#define NAT64D_ARENA_H

#include <stddef.h>
#include <stdint.h>

#define ARENA_LINE 64 /* bytes of a cache line; each piece begins at a multiple */

struct arena {
	uint8_t *bytes; /* belongs to the owner of the arena */
	size_t size, used;
};

static inline size_t arena_left(const struct arena *a)
{
	return a->size - a->used;
}

/* Allocates LEN bytes; at least ARENA_LINE more bytes must be left. */
static inline uint8_t *arena_take(struct arena *a, size_t len)
{
	uint8_t *at = a->bytes + a->used;

	at += -(uintptr_t)at % ARENA_LINE;
	a->used = (size_t)(at - a->bytes) + len;
	return at;
}

/* Frees all pieces from FROM on. */
static inline void arena_release(struct arena *a, const uint8_t *from)
{
	a->used = (size_t)(from - a->bytes);
}

#endif

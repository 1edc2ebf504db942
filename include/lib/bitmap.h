/* bitmap - a set of the numbers 0 to n-1 that finds the next missing number in a few steps.
 *
 * Each level above the bits has one bit for each full word of the level below.  A new set is zeroed
 * memory that is not touched yet, so a large sparse set uses little memory. */
#ifndef NAT64D_BITMAP_H
#define NAT64D_BITMAP_H

#include <stdbool.h>
#include <stdint.h>

#define BITMAP_NONE UINT32_MAX

struct bitmap;

/* Returns an empty set for the numbers 0 to N-1 (N at least 1), to be freed with bitmap_free();
 * NULL without memory. */
struct bitmap *bitmap_new(uint32_t n);
void bitmap_free(struct bitmap *b);

bool bitmap_has(const struct bitmap *b, uint32_t i);
void bitmap_set(struct bitmap *b, uint32_t i);
void bitmap_clear(struct bitmap *b, uint32_t i);

/* Adds FIRST to LAST, one word at a time.  Returns how many of them were not in the set. */
uint32_t bitmap_set_range(struct bitmap *b, uint32_t first, uint32_t last);

/* Returns the lowest number >= FROM that is not in the set, or BITMAP_NONE.  FROM must be below
 * N. */
uint32_t bitmap_next_clear(const struct bitmap *b, uint32_t from);

#endif

/* bitmap - a set of the numbers 0 to n-1 that finds the next number not in it in a few steps.
 *
 * Above the bits stand levels of summaries, a bit for each full word below.  A new set is zeroed
 * memory that nobody has touched yet: a large set that is sparsely used costs little. */
#ifndef NAT64D_BITMAP_H
#define NAT64D_BITMAP_H

#include <stdbool.h>
#include <stdint.h>

#define BITMAP_NONE UINT32_MAX

struct bitmap;

/* An empty set that can hold 0 to N-1 (N from 1), given back with bitmap_free(); NULL without
 * memory. */
struct bitmap *bitmap_new(uint32_t n);
void bitmap_free(struct bitmap *b);

bool bitmap_has(const struct bitmap *b, uint32_t i);
void bitmap_set(struct bitmap *b, uint32_t i);
void bitmap_clear(struct bitmap *b, uint32_t i);

/* Sets FIRST to LAST, a word at a time; returns how many of them were clear. */
uint32_t bitmap_set_range(struct bitmap *b, uint32_t first, uint32_t last);

/* The lowest number from FROM (below N) on that is not in the set, or BITMAP_NONE. */
uint32_t bitmap_next_clear(const struct bitmap *b, uint32_t from);

#endif

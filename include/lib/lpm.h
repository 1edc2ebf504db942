/* lpm - longest-prefix match for keys of 32 or 128 bits.
 *
 * A table is filled, sealed and then only read.  A lookup is a binary search over the prefix
 * lengths in use, with one hash probe per step.  Its cost depends on the number of different
 * lengths (at most 7 steps for 128 of them), not on the number of prefixes. */
#ifndef NAT64D_LPM_H
#define NAT64D_LPM_H

#include <stdbool.h>
#include <stdint.h>

#define LPM_NONE UINT32_MAX

struct lpm;

/* Returns a new, empty table for keys of BITS bits (32 or 128), to be freed with lpm_free(); NULL
 * without memory. */
struct lpm *lpm_new(unsigned bits);
void lpm_free(struct lpm *t);

/* Adds the prefix of LEN bits at KEY (BITS/8 bytes, network order, clean) with VALUE, which must
 * not be LPM_NONE.  Returns LPM_NONE if it was added.  If the table already has this prefix,
 * returns its value and changes nothing.  Without memory, the table becomes unusable and lpm_seal()
 * fails. */
uint32_t lpm_add(struct lpm *t, const uint8_t *key, unsigned len, uint32_t value);

/* Returns the value of exactly this prefix, or LPM_NONE.  Only before lpm_seal(). */
uint32_t lpm_find_exact(const struct lpm *t, const uint8_t *key, unsigned len);

/* Prepares the table for lookups; nothing can be added afterwards.  Returns 0, or -1 without
 * memory. */
int lpm_seal(struct lpm *t);

/* Returns true if two sealed tables with keys of the same width give the same answer for every key.
 * May return false if they give the same answers but contain different prefixes. */
bool lpm_equal(const struct lpm *a, const struct lpm *b);

/* Returns the value of the longest prefix that contains KEY, or LPM_NONE. */
uint32_t lpm_find(const struct lpm *t, const uint8_t *key);

/* Returns the value of the longest prefix shorter than LEN that contains KEY, or LPM_NONE.  Finds
 * overlaps; makes one probe for each length in use. */
uint32_t lpm_find_shorter(const struct lpm *t, const uint8_t *key, unsigned len);

#endif

/* lpm - longest-prefix match for keys of 32 or 128 bits.
 *
 * Built once, then sealed and only read.  A look-up is a binary search over the prefix lengths in
 * use, one hash probe per step: its cost depends on how many different lengths there are (at most 7
 * steps for 128 of them), never on how many prefixes. */
#ifndef NAT64D_LPM_H
#define NAT64D_LPM_H

#include <stdbool.h>
#include <stdint.h>

#define LPM_NONE UINT32_MAX

struct lpm;

/* A new, empty table for keys of BITS bits (32 or 128), to be given back with lpm_free(); NULL
 * without memory. */
struct lpm *lpm_new(unsigned bits);
void lpm_free(struct lpm *t);

/* Adds the prefix of LEN bits at KEY (BITS/8 bytes, network order, clean) with VALUE (not
 * LPM_NONE). Returns LPM_NONE when added; the value that stands there when this very prefix was
 * added before (nothing changes then).  Without memory the table is broken and lpm_seal() fails. */
uint32_t lpm_add(struct lpm *t, const uint8_t *key, unsigned len, uint32_t value);

/* The value that was added with this very prefix, or LPM_NONE.  Before lpm_seal() only. */
uint32_t lpm_find_exact(const struct lpm *t, const uint8_t *key, unsigned len);

/* Makes the table ready for look-ups; nothing may be added afterwards.  0, or -1 without memory. */
int lpm_seal(struct lpm *t);

/* Two sealed tables of keys as wide: do they have the same answer for every key?  False may mean
 * that they are only written down in other prefixes. */
bool lpm_equal(const struct lpm *a, const struct lpm *b);

/* The value of the longest prefix that holds KEY, or LPM_NONE. */
uint32_t lpm_find(const struct lpm *t, const uint8_t *key);

/* The value of the longest prefix shorter than LEN that holds KEY, or LPM_NONE.  For finding
 * overlaps: costs a probe per length in use. */
uint32_t lpm_find_shorter(const struct lpm *t, const uint8_t *key, unsigned len);

#endif

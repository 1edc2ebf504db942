/* map - explicit address mappings [7757] and translation prefixes [6052].
 *
 * A table is filled, sealed and then only read.  The cost of a lookup does not depend on the number
 * of maps. */
#ifndef NAT64D_MAP_H
#define NAT64D_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"

/* An explicit address mapping: 128 - p6.len >= 32 - p4.len [7757-3.2]. */
struct map {
	struct prefix4 p4;
	struct prefix6 p6;
};

static inline bool map_equal(const struct map *a, const struct map *b)
{
	return prefix4_equal(&a->p4, &b->p4) && prefix6_equal(&a->p6, &b->p6);
}

enum map_added {
	MAP_ADDED,
	MAP_SAME4, /* another map has the same IPv4 prefix [7757-3.2] */
	MAP_SAME6, /* another map has the same IPv6 prefix */
};

struct map_table;

/* Returns a new, empty table, to be freed with map_table_free(); NULL without memory. */
struct map_table *map_table_new(void);
void map_table_free(struct map_table *t);

/* Adds a translation prefix.  The first one is used where a mapped host writes to an IPv4 address
 * without a map.  Returns false, and adds nothing, if the table already has this prefix. */
bool map_add_prefix(struct map_table *t, const struct prefix6 *p);

/* Adds a map.  If the result is not MAP_ADDED, nothing was added, and *OTHER is the index (in the
 * order of adding) of the conflicting map. */
enum map_added map_add(struct map_table *t, const struct map *m, size_t *other);

/* Prepares the table for lookups.  Returns 0, or -1 if memory was short now or in an earlier
 * map_add(). */
int map_seal(struct map_table *t);

/* Returns the index of the next shorter map that contains map I, on the IPv4 side or else on the
 * IPv6 side; -1 if there is none.  Overlapping maps are valid, but the user is warned.  Only for
 * sealed tables; not for the packet path. */
long map_overlap(const struct map_table *t, size_t i);

/* The same for translation prefix I: map_prefix_overlap() returns the next shorter prefix that
 * contains it, map_around_prefix() the longest map that contains it; -1 if there is none. */
long map_prefix_overlap(const struct map_table *t, size_t i);
long map_around_prefix(const struct map_table *t, size_t i);

/* Returns the index (in the order of adding) of P, which the table has.  Only before map_seal(). */
size_t map_prefix_index(const struct map_table *t, const struct prefix6 *p);

size_t map_count(const struct map_table *t);
const struct map *map_at(const struct map_table *t, size_t i);
/* Returns the index of M, which must be a map of T, in constant time. */
size_t map_index(const struct map_table *t, const struct map *m);
size_t map_prefix_count(const struct map_table *t);
const struct prefix6 *map_prefix_at(const struct map_table *t, size_t i);

/* Return the longest map that contains A, or NULL. */
const struct map *map_find4(const struct map_table *t, uint32_t a);
const struct map *map_find6(const struct map_table *t, const struct ip6 *a);

/* Returns the index of the longest translation prefix that contains A, or -1. */
int map_find_prefix(const struct map_table *t, const struct ip6 *a);

/* Translate A by M [7757-3.3]: copy the suffix bits; the remaining bits are zero (4->6) or ignored
 * (6->4). */
void map_to6(const struct map *m, uint32_t a, struct ip6 *out);
uint32_t map_to4(const struct map *m, const struct ip6 *a);

#endif

/* map - explicit address mappings [7757] and translation prefixes [6052], and the look-ups in them.
 *
 * A table is filled, sealed, and then only read.  The cost of a look-up does not depend on how many
 * maps there are. */
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

enum map_added {
	MAP_ADDED,
	MAP_SAME4, /* another map has this very IPv4 prefix [7757-3.2] */
	MAP_SAME6, /* another map has this very IPv6 prefix */
};

struct map_table;

/* A new, empty table, given back with map_table_free(); NULL without memory. */
struct map_table *map_table_new(void);
void map_table_free(struct map_table *t);

/* Adds a translation prefix; the first one added is the one through which maps answer.  False
 * if this very prefix is there already (nothing is added then). */
bool map_add_prefix(struct map_table *t, const struct prefix6 *p);

/* Adds a map.  Unless MAP_ADDED, nothing is added and *OTHER is the index (in order of adding) of
 * the map that stands in the way. */
enum map_added map_add(struct map_table *t, const struct map *m, size_t *other);

/* Makes the table ready for look-ups.  0, or -1 if memory was short now or at any map_add before.
 */
int map_seal(struct map_table *t);

/* The index of the next shorter map around map I, on the IPv4 side or else on the IPv6 side, or -1:
 * overlapping maps are legal but deserve a warning.  Sealed tables only; not for the packet path.
 */
long map_overlap(const struct map_table *t, size_t i);

/* The same for translation prefix I: the next shorter prefix around it; and the longest map that
 * holds all of it.  -1: none. */
long map_prefix_overlap(const struct map_table *t, size_t i);
long map_around_prefix(const struct map_table *t, size_t i);

/* The index (in order of adding) of P, a prefix that is there already.  Before map_seal(). */
size_t map_prefix_index(const struct map_table *t, const struct prefix6 *p);

size_t map_count(const struct map_table *t);
const struct map *map_at(const struct map_table *t, size_t i);
/* The index of M, which is one of T's own; no cost grows with how many there are. */
size_t map_index(const struct map_table *t, const struct map *m);
size_t map_prefix_count(const struct map_table *t);
const struct prefix6 *map_prefix_at(const struct map_table *t, size_t i);

/* The longest map that holds A, or NULL. */
const struct map *map_find4(const struct map_table *t, uint32_t a);
const struct map *map_find6(const struct map_table *t, const struct ip6 *a);

/* The index of the longest translation prefix that holds A, or -1. */
int map_find_prefix(const struct map_table *t, const struct ip6 *a);

/* The other side of A under M [7757-3.3]: suffix bits are carried over, what is left is zero (4->6)
 * or ignored (6->4). */
void map_to6(const struct map *m, uint32_t a, struct ip6 *out);
uint32_t map_to4(const struct map *m, const struct ip6 *a);

#endif

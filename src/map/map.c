/* map - finds the explicit map or translation prefix of an address, and translates by maps
 * [7757-3]. */
#include "map/map.h"

#include <stdlib.h>

#include "lib/array.h"
#include "lib/lpm.h"
#include "lib/wire.h"

struct map_table {
	struct map *map;
	struct prefix6 *prefix;
	size_t maps, prefixes;
	struct lpm *by4, *by6, *by_prefix;
	bool broken; /* an allocation failed */
};

struct map_table *map_table_new(void)
{
	struct map_table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->by4 = lpm_new(32);
	t->by6 = lpm_new(128);
	t->by_prefix = lpm_new(128);
	if (t->by4 && t->by6 && t->by_prefix)
		return t;
	map_table_free(t);
	return NULL;
}

void map_table_free(struct map_table *t)
{
	if (!t)
		return;
	lpm_free(t->by4);
	lpm_free(t->by6);
	lpm_free(t->by_prefix);
	free(t->map);
	free(t->prefix);
	free(t);
}

bool map_add_prefix(struct map_table *t, const struct prefix6 *p)
{
	struct prefix6 *array;

	if (lpm_find_exact(t->by_prefix, p->addr.b, p->len) != LPM_NONE)
		return false;
	array = array_grow(t->prefix, t->prefixes, sizeof(*array));
	if (!array) {
		t->broken = true;
		return true;
	}
	t->prefix = array;
	lpm_add(t->by_prefix, p->addr.b, p->len, (uint32_t)t->prefixes);
	t->prefix[t->prefixes++] = *p;
	return true;
}

size_t map_prefix_index(const struct map_table *t, const struct prefix6 *p)
{
	return lpm_find_exact(t->by_prefix, p->addr.b, p->len);
}

enum map_added map_add(struct map_table *t, const struct map *m, size_t *other)
{
	struct map *array;
	uint8_t a4[4];
	uint32_t i;

	put32(a4, m->p4.addr);
	if ((i = lpm_find_exact(t->by4, a4, m->p4.len)) != LPM_NONE) {
		*other = i;
		return MAP_SAME4;
	}
	if ((i = lpm_find_exact(t->by6, m->p6.addr.b, m->p6.len)) != LPM_NONE) {
		*other = i;
		return MAP_SAME6;
	}
	array = array_grow(t->map, t->maps, sizeof(*array));
	if (!array || t->maps >= LPM_NONE) {
		t->broken = true;
		return MAP_ADDED;
	}
	t->map = array;
	lpm_add(t->by4, a4, m->p4.len, (uint32_t)t->maps);
	lpm_add(t->by6, m->p6.addr.b, m->p6.len, (uint32_t)t->maps);
	t->map[t->maps++] = *m;
	return MAP_ADDED;
}

int map_seal(struct map_table *t)
{
	if (t->broken)
		return -1;
	if (lpm_seal(t->by4) < 0 || lpm_seal(t->by6) < 0)
		return -1;
	return lpm_seal(t->by_prefix);
}

static long index_or_none(uint32_t i)
{
	return i == LPM_NONE ? -1 : (long)i;
}

long map_overlap(const struct map_table *t, size_t i)
{
	const struct map *m = &t->map[i];
	uint8_t a4[4];
	uint32_t around;

	put32(a4, m->p4.addr);
	around = lpm_find_shorter(t->by4, a4, m->p4.len);
	if (around == LPM_NONE)
		around = lpm_find_shorter(t->by6, m->p6.addr.b, m->p6.len);
	return index_or_none(around);
}

long map_prefix_overlap(const struct map_table *t, size_t i)
{
	const struct prefix6 *p = &t->prefix[i];

	return index_or_none(lpm_find_shorter(t->by_prefix, p->addr.b, p->len));
}

long map_around_prefix(const struct map_table *t, size_t i)
{
	const struct prefix6 *p = &t->prefix[i];

	return index_or_none(lpm_find_shorter(t->by6, p->addr.b, p->len + 1u));
}

size_t map_count(const struct map_table *t)
{
	return t->maps;
}

const struct map *map_at(const struct map_table *t, size_t i)
{
	return &t->map[i];
}

size_t map_index(const struct map_table *t, const struct map *m)
{
	return (size_t)(m - t->map);
}

size_t map_prefix_count(const struct map_table *t)
{
	return t->prefixes;
}

const struct prefix6 *map_prefix_at(const struct map_table *t, size_t i)
{
	return &t->prefix[i];
}

const struct map *map_find4(const struct map_table *t, uint32_t a)
{
	uint8_t key[4];
	uint32_t i;

	if (t->maps == 0)
		return NULL;
	put32(key, a);
	i = lpm_find(t->by4, key);
	return i == LPM_NONE ? NULL : &t->map[i];
}

const struct map *map_find6(const struct map_table *t, const struct ip6 *a)
{
	uint32_t i;

	if (t->maps == 0)
		return NULL;
	i = lpm_find(t->by6, a->b);
	return i == LPM_NONE ? NULL : &t->map[i];
}

int map_find_prefix(const struct map_table *t, const struct ip6 *a)
{
	uint32_t i;

	if (t->prefixes == 1) /* the common case; a comparison is faster than a hash probe */
		return addr_in6(a, &t->prefix[0]) ? 0 : -1;
	i = lpm_find(t->by_prefix, a->b);
	return i == LPM_NONE ? -1 : (int)i;
}

/* A suffix of up to 32 bits can begin at any bit, so it is in at most five bytes. */
#define WINDOW 5

void map_to6(const struct map *m, uint32_t a, struct ip6 *out)
{
	unsigned at = m->p6.len / 8u;
	uint64_t suffix = ((uint64_t)a << 32) << m->p4.len; /* left-aligned */
	struct ip6 r = m->p6.addr;

	suffix >>= m->p6.len % 8;
	for (unsigned i = 0; i < WINDOW && at + i < sizeof(r.b); i++)
		r.b[at + i] |= (uint8_t)(suffix >> (56 - 8 * i));
	*out = r;
}

uint32_t map_to4(const struct map *m, const struct ip6 *a)
{
	unsigned at = m->p6.len / 8u;
	uint64_t window = 0;

	for (unsigned i = 0; i < WINDOW && at + i < sizeof(a->b); i++)
		window |= (uint64_t)a->b[at + i] << (56 - 8 * i);
	window <<= m->p6.len % 8;
	return m->p4.addr | (uint32_t)((window >> 32) >> m->p4.len);
}

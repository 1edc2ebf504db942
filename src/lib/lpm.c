/* lpm - binary search over prefix lengths in one hash table (Waldvogel, Varghese, Turner and
 * Plattner, 1997).
 *
 * A prefix leaves a marker at each shorter length where the search has to learn that a longer match
 * may exist.  Every entry, marker or prefix, has the value of the longest prefix that contains it,
 * so the search never backtracks. */
#include "lib/lpm.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define LENGTHS 129 /* 0 to 128 */

/* A key of either width, left-aligned, so that both use the same code. */
struct key {
	uint64_t hi, lo;
};

struct entry { /* 32 bytes: a probe usually touches one cache line */
	struct key key;
	uint32_t value; /* LPM_NONE in a marker that is in no prefix */
	uint8_t len;
	bool used;
};

struct level {
	struct key mask;
	uint8_t len;
};

struct lpm {
	unsigned bytes;              /* of a key as passed by the caller */
	unsigned levels;             /* lengths in use */
	unsigned shift;              /* 64 - log2 of the table's size */
	bool broken;                 /* an allocation failed */
	size_t size, n;              /* slots and entries of the table */
	struct entry *table;         /* open addressing; at most half full */
	struct level level[LENGTHS]; /* ascending; made by lpm_seal() */
	bool in_use[LENGTHS];
};

static struct key mask_of(unsigned len)
{
	struct key m = {0, 0};

	if (len > 0)
		m.hi = len >= 64 ? UINT64_MAX : UINT64_MAX << (64 - len);
	if (len > 64)
		m.lo = UINT64_MAX << (128 - len);
	return m;
}

static struct key masked(struct key k, struct key mask)
{
	return (struct key){k.hi & mask.hi, k.lo & mask.lo};
}

static inline uint64_t load64(const uint8_t *p)
{
	return (uint64_t)p[0] << 56 | (uint64_t)p[1] << 48 | (uint64_t)p[2] << 40 |
	       (uint64_t)p[3] << 32 | (uint64_t)p[4] << 24 | (uint64_t)p[5] << 16 |
	       (uint64_t)p[6] << 8 | (uint64_t)p[7];
}

static inline struct key load_key(const struct lpm *t, const uint8_t *p)
{
	uint8_t four[8] = {0};

	if (t->bytes == 16)
		return (struct key){load64(p), load64(p + 8)};
	memcpy(four, p, 4);
	return (struct key){load64(four), 0};
}

/* Returns the first slot to look at.  The keys come from the configuration, so the hash needs no
 * secret. */
static size_t place(const struct lpm *t, struct key k, unsigned len)
{
	uint64_t h = (k.hi + len) * 0x9e3779b97f4a7c15;

	h = (h ^ h >> 32 ^ k.lo) * 0xd6e8feb86659fd93;
	h = (h ^ h >> 32) * 0xd6e8feb86659fd93;
	return (size_t)(h >> t->shift);
}

/* Returns the entry of this prefix, or the empty slot for it. */
static struct entry *probe(const struct lpm *t, struct key k, unsigned len)
{
	size_t i = place(t, k, len);

	for (;; i = (i + 1) & (t->size - 1)) {
		struct entry *e = &t->table[i];

		if (!e->used || (e->key.hi == k.hi && e->key.lo == k.lo && e->len == len))
			return e;
	}
}

struct lpm *lpm_new(unsigned bits)
{
	struct lpm *t = calloc(1, sizeof(*t));

	if (t)
		t->bytes = bits / 8;
	return t;
}

void lpm_free(struct lpm *t)
{
	if (!t)
		return;
	free(t->table);
	free(t);
}

static int grow(struct lpm *t)
{
	size_t old_size = t->size;
	struct entry *old = t->table;
	struct entry *table = calloc(old_size ? 2 * old_size : 16, sizeof(*table));

	if (!table)
		return -1;
	t->table = table;
	t->size = old_size ? 2 * old_size : 16;
	t->shift = old_size ? t->shift - 1 : 60;
	for (size_t i = 0; i < old_size; i++)
		if (old[i].used)
			*probe(t, old[i].key, old[i].len) = old[i];
	free(old);
	return 0;
}

/* Adds an entry if the table does not have it.  Returns the existing entry, or NULL if it was
 * added. Marks the table as broken without memory. */
static const struct entry *insert(struct lpm *t, struct key k, unsigned len, uint32_t value)
{
	struct entry *e;

	if (2 * (t->n + 1) > t->size && grow(t) < 0) {
		t->broken = true;
		return NULL;
	}
	e = probe(t, k, len);
	if (e->used)
		return e;
	*e = (struct entry){.key = k, .value = value, .len = (uint8_t)len, .used = true};
	t->n++;
	return NULL;
}

uint32_t lpm_add(struct lpm *t, const uint8_t *key, unsigned len, uint32_t value)
{
	const struct entry *there = insert(t, load_key(t, key), len, value);

	if (there)
		return there->value;
	t->in_use[len] = true;
	return LPM_NONE;
}

uint32_t lpm_find_exact(const struct lpm *t, const uint8_t *key, unsigned len)
{
	const struct entry *e;

	if (t->n == 0)
		return LPM_NONE;
	e = probe(t, load_key(t, key), len);
	return e->used ? e->value : LPM_NONE;
}

static int by_position(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->key.hi != y->key.hi)
		return x->key.hi < y->key.hi ? -1 : 1;
	if (x->key.lo != y->key.lo)
		return x->key.lo < y->key.lo ? -1 : 1;
	return (x->len > y->len) - (x->len < y->len);
}

static bool holds(const struct entry *outer, const struct entry *inner)
{
	struct key k = masked(inner->key, mask_of(outer->len));

	return outer->len <= inner->len && k.hi == outer->key.hi && k.lo == outer->key.lo;
}

/* Returns the value of the longest of the DEPTH nested prefixes at AROUND (shortest first) that is
 * at most LEN bits long. */
static uint32_t best_of(const struct entry *const *around, unsigned depth, unsigned len)
{
	while (depth && around[depth - 1]->len > len)
		depth--;
	return depth ? around[depth - 1]->value : LPM_NONE;
}

/* Adds the markers that lead lpm_find() to the length of prefix E, which lies inside the DEPTH
 * prefixes at AROUND. */
static void add_markers(struct lpm *t, const struct entry *e, const struct entry *const *around,
			unsigned depth)
{
	unsigned lo = 0, hi = t->levels;

	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;
		const struct level *l = &t->level[mid];

		if (l->len == e->len)
			return;
		if (l->len > e->len) {
			hi = mid;
			continue;
		}
		insert(t, masked(e->key, l->mask), l->len, best_of(around, depth, l->len));
		lo = mid + 1;
	}
}

/* In the order of keys, shorter lengths first, each prefix follows the prefixes that contain it. */
static void mark_all(struct lpm *t, struct entry *sorted, size_t n)
{
	const struct entry *around[LENGTHS];
	unsigned depth = 0;

	qsort(sorted, n, sizeof(*sorted), by_position);
	for (size_t i = 0; i < n && !t->broken; i++) {
		while (depth && !holds(around[depth - 1], &sorted[i]))
			depth--;
		add_markers(t, &sorted[i], around, depth);
		around[depth++] = &sorted[i];
	}
}

static void list_levels(struct lpm *t)
{
	for (unsigned len = 0; len < LENGTHS; len++)
		if (t->in_use[len])
			t->level[t->levels++] =
				(struct level){.mask = mask_of(len), .len = (uint8_t)len};
}

int lpm_seal(struct lpm *t)
{
	struct entry *sorted;
	size_t n = 0;

	list_levels(t);
	if (t->broken)
		return -1;
	if (t->levels < 2)
		return 0;
	sorted = malloc(t->n * sizeof(*sorted));
	if (!sorted)
		return -1;
	for (size_t i = 0; i < t->size; i++)
		if (t->table[i].used)
			sorted[n++] = t->table[i];
	mark_all(t, sorted, n);
	free(sorted);
	return t->broken ? -1 : 0;
}

/* The same prefixes produce the same markers, and the same entries give the same answers. */
bool lpm_equal(const struct lpm *a, const struct lpm *b)
{
	if (a->n != b->n || memcmp(a->in_use, b->in_use, sizeof(a->in_use)) != 0)
		return false;
	for (size_t i = 0; i < a->size; i++) {
		const struct entry *mine = &a->table[i], *other;

		if (!mine->used)
			continue;
		other = probe(b, mine->key, mine->len);
		if (!other->used || other->value != mine->value)
			return false;
	}
	return true;
}

uint32_t lpm_find(const struct lpm *t, const uint8_t *key)
{
	unsigned lo = 0, hi = t->levels;
	uint32_t best = LPM_NONE;
	struct key k;

	if (hi == 0)
		return LPM_NONE;
	k = load_key(t, key);
	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;
		const struct level *l = &t->level[mid];
		const struct entry *e = probe(t, masked(k, l->mask), l->len);

		if (e->used) {
			best = e->value;
			lo = mid + 1;
		} else {
			hi = mid;
		}
	}
	return best;
}

uint32_t lpm_find_shorter(const struct lpm *t, const uint8_t *key, unsigned len)
{
	struct key k = load_key(t, key);

	for (unsigned i = t->levels; i-- > 0;) {
		const struct level *l = &t->level[i];
		const struct entry *e;

		if (l->len >= len)
			continue;
		e = probe(t, masked(k, l->mask), l->len);
		if (e->used)
			return e->value; /* also correct for a marker */
	}
	return LPM_NONE;
}

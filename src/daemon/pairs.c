/* pairs - a small hash table of recent pairs.  A pair may overwrite another; that one is entered
 * again with its next packet. */
#include "pairs.h"

#include <stdlib.h>
#include <string.h>

#define PLACES    16384
#define ADDRS_MAX 32

struct place {
	uint32_t tag;
	uint32_t at : 31; /* ms, when it was given to the program */
	uint32_t told : 1;
};

struct pairs {
	struct siphash_key key;
	struct place place[PLACES];
	int64_t ms;
	unsigned left; /* number that may still be selected in this millisecond */
	/* The most recent pair.  Until UNTIL it needs no look-up, since it was just given to the
	 * program. */
	struct {
		uint8_t addrs[ADDRS_MAX];
		size_t n;
		uint64_t era;
		int64_t until;
	} last;
};

struct pairs *pairs_new(const struct siphash_key *key)
{
	struct pairs *p = calloc(1, sizeof(*p));

	if (p)
		p->key = *key;
	return p;
}

void pairs_free(struct pairs *p)
{
	free(p);
}

static uint64_t hash(const struct pairs *p, const void *addrs, size_t n, uint64_t era)
{
	uint8_t bytes[ADDRS_MAX + sizeof(era)];

	memcpy(bytes, addrs, n);
	memcpy(bytes + n, &era, sizeof(era));
	return siphash(&p->key, bytes, n + sizeof(era));
}

static bool is_last(const struct pairs *p, const void *addrs, size_t n, uint64_t era, int64_t now)
{
	return now < p->last.until && n == p->last.n && era == p->last.era &&
	       memcmp(addrs, p->last.addrs, n) == 0;
}

static void make_last(struct pairs *p, const void *addrs, size_t n, uint64_t era, int64_t until)
{
	memcpy(p->last.addrs, addrs, n);
	p->last.n = n;
	p->last.era = era;
	p->last.until = until;
}

static bool may_tell(struct pairs *p, int64_t now)
{
	if (p->ms != now) {
		p->ms = now;
		p->left = PAIRS_PER_MS;
	}
	if (p->left == 0)
		return false;
	p->left--;
	return true;
}

static uint32_t age(const struct place *place, int64_t now)
{
	return ((uint32_t)now - place->at) & 0x7fffffff;
}

bool pairs_want(struct pairs *p, const void *addrs, size_t n, uint64_t era, int64_t now)
{
	struct place *place;
	uint64_t h;
	uint32_t tag;

	if (is_last(p, addrs, n, era, now))
		return false;
	h = hash(p, addrs, n, era);
	place = &p->place[h % PLACES];
	tag = (uint32_t)(h >> 32);
	if (place->tag != tag) {
		*place = (struct place){.tag = tag};
		return false;
	}
	if (place->told && age(place, now) < PAIRS_AGAIN) {
		make_last(p, addrs, n, era, now + PAIRS_AGAIN - age(place, now));
		return false;
	}
	if (!may_tell(p, now))
		return false;
	place->told = 1;
	place->at = (uint32_t)now & 0x7fffffff;
	return true;
}

/* ratelimit - refills token buckets, and replaces buckets when there are too many networks. */
#include "lib/ratelimit.h"

#include <stdlib.h>
#include <string.h>

/* 4096 networks in 96 KiB: more than can have used tokens at the same time under a sensible overall
 * rate, but small enough for the second-level cache.  Four ways keep a few networks of the same set
 * from replacing each other. */
#define SETS 1024
#define WAYS 4

#define TOKEN 1000 /* units per token: a rate of n per second is n units per millisecond */

struct bucket {
	uint64_t id;    /* of the network; 0: empty */
	uint64_t level; /* units, see TOKEN */
	int64_t when;   /* the time at which LEVEL was right */
};

struct ratelimit {
	struct ratelimit_conf conf;
	struct siphash_key key;
	struct bucket all[RATELIMIT_BUDGETS];
	struct bucket set[SETS][WAYS];
};

struct ratelimit *ratelimit_new(const struct ratelimit_conf *conf, const struct siphash_key *key)
{
	struct ratelimit *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->conf = *conf;
	t->key = *key;
	for (unsigned i = 0; i < RATELIMIT_BUDGETS; i++)
		t->all[i].level = (uint64_t)conf->all_burst * TOKEN;
	return t;
}

void ratelimit_free(struct ratelimit *t)
{
	free(t);
}

/* Refills B up to NOW.  RATE must not be 0.  A gap that is long enough to fill any bucket skips the
 * multiplication, which could overflow. */
static void refill(struct bucket *b, uint32_t rate, uint32_t burst, int64_t now)
{
	uint64_t full = (uint64_t)burst * TOKEN, gap;

	if (now <= b->when)
		return;
	gap = (uint64_t)now - (uint64_t)b->when;
	b->when = now;
	if (gap > (full - b->level) / rate)
		b->level = full;
	else
		b->level += gap * rate;
}

/* Returns the bucket of network ID: its own, an empty one, or the least recently used one. */
static struct bucket *claim(struct ratelimit *t, uint64_t id, int64_t now)
{
	struct bucket *set = t->set[(id >> 32) % SETS], *pick = set;

	for (struct bucket *b = set; b < set + WAYS; b++) {
		if (b->id == id)
			return b;
		if (pick->id != 0 && (b->id == 0 || b->when < pick->when))
			pick = b;
	}
	*pick = (struct bucket){
		.id = id,
		.level = (uint64_t)t->conf.net_burst * TOKEN,
		.when = now,
	};
	return pick;
}

/* A network has a different id in each budget. */
static uint64_t identify(const struct ratelimit *t, unsigned budget, const void *net, size_t len)
{
	uint8_t id[1 + RATELIMIT_NET_MAX] = {(uint8_t)budget};

	memcpy(id + 1, net, len);
	return siphash(&t->key, id, 1 + len) | 1;
}

bool ratelimit_take(struct ratelimit *t, unsigned budget, const void *net, size_t len, int64_t now)
{
	const struct ratelimit_conf *c = &t->conf;
	struct bucket *all = &t->all[budget], *b;

	if (c->all_rate == 0 || c->net_rate == 0)
		return false;
	refill(all, c->all_rate, c->all_burst, now);
	if (all->level < TOKEN)
		return false;
	b = claim(t, identify(t, budget, net, len), now);
	refill(b, c->net_rate, c->net_burst, now);
	if (b->level < TOKEN)
		return false;
	b->level -= TOKEN;
	all->level -= TOKEN;
	return true;
}

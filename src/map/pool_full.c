/* pool_full - chooses the lease that ends when all addresses are in use.
 *
 * A host that sends again after an answer exists; a lease without this confirmation may come from a
 * forged source address.  Therefore a network that fills a group loses its own leases: an
 * unconfirmed lease of the network with the most of them ends.  All strangers count as one network,
 * because one sender may have invented them.  A confirmed lease ends only for a network below its
 * fair share. */
#include "pool_impl.h"

#include <stddef.h>

/* The host that needs a lease, and the networks that will count it.  NET[0] is their root; after
 * the first NONE, all are NONE. */
struct seeker {
	const struct pool *p;
	const struct group *g;
	uint32_t net[LEVELS + 1];
	int32_t now;
};

static struct seeker seek(const struct pool *p, const struct group *g, const struct ip6 *host,
			  int32_t now)
{
	struct seeker s = {.p = p, .g = g, .now = now};
	struct net_key key[LEVELS];

	pool_net_keys(p, g, host, key);
	s.net[1] = pool_net_find_first(p, g, key);
	s.net[0] = s.net[1] == NONE ? pool_strangers(p, g) : p->nets.net[s.net[1]].parent;
	for (unsigned level = 1; level < g->levels && s.net[level] != NONE; level++)
		s.net[level + 1] = pool_net_find(p, s.net[level], key);
	return s;
}

static const struct net *net_at(const struct seeker *s, unsigned level)
{
	return &s->p->nets.net[s->net[level]];
}

/* Returns the longest idle lease of SIDE in NET, a network of the last level. */
static struct lease *oldest_of(const struct pool *p, const struct net *net, enum side side)
{
	uint32_t i = ring_oldest(p->lease, IN_NET, net->side[side].newest);

	return i == NONE ? NULL : &p->lease[i];
}

/* Returns the longest idle lease of SIDE in the largest network of the last level within network I,
 * which must have one. */
static struct lease *first_of(const struct pool *p, uint32_t i, enum side side)
{
	const struct net *net = &p->nets.net[i];

	while (net->level < p->group[net->group].levels)
		net = &p->nets.net[pool_rank_first(&p->nets, net->side[side].top)];
	return oldest_of(p, net, side);
}

/* Returns the network within network I with the most leases of SIDE, or NONE. */
static uint32_t largest(const struct seeker *s, uint32_t i, enum side side)
{
	return pool_rank_first(&s->p->nets, s->p->nets.net[i].side[side].top);
}

/* Returns true if L has had POOL_GRACE to be answered and confirmed. */
static bool is_late(const struct seeker *s, const struct lease *l)
{
	return l->since == POOL_UNKNOWN || (int64_t)s->now - l->since > POOL_GRACE;
}

/* Returns true if the seeker's network below LEVEL has less than its fair share. */
static bool is_below(const struct seeker *s, unsigned level)
{
	struct pool_division d = pool_net_division(s->p, s->net[level]);

	return (uint64_t)pool_net_used(net_at(s, level + 1)) * d.count < d.size;
}

/* Returns true if the seeker's network, or strangers if it is one, has too many unconfirmed leases;
 * it must then lose one of these, unless it is below its share. */
static bool has_its_own(const struct seeker *s)
{
	const struct net *net = net_at(s, 1);

	if (s->net[0] == pool_strangers(s->p, s->g))
		return net_at(s, 0)->side[UNCONFIRMED].count >
		       pool_group_size(s->g) / POOL_TRIALS + POOL_FEW;
	return !is_below(s, 0) && net->side[UNCONFIRMED].count > pool_net_used(net) / POOL_TRIALS;
}

static struct lease *over_share(const struct seeker *s)
{
	const struct net *net = net_at(s, s->g->levels);
	struct lease *a = oldest_of(s->p, net, UNCONFIRMED);
	struct lease *b = oldest_of(s->p, net, CONFIRMED);

	if (s->g->share == 0 || pool_net_used(net) < s->g->share)
		return NULL;
	return !b || (a && a->last < b->last) ? a : b;
}

static struct lease *past_guarantee(const struct seeker *s)
{
	struct lease *l = pool_group_oldest(s->p, s->g);

	if (!l || pool_idle(l, s->now) <= s->g->guarantee || has_its_own(s))
		return NULL;
	return l;
}

struct choice {
	struct lease *l; /* NULL: none */
	bool own;        /* in the seeker's own network of the last level */
};

static struct choice of_others(const struct seeker *s, uint32_t i)
{
	return (struct choice){first_of(s->p, i, UNCONFIRMED), false};
}

/* Returns the longest idle unconfirmed lease of the network below LEVEL that has the most.  If that
 * is the seeker's own network, repeats the search within it. */
static struct choice of_largest(const struct seeker *s, unsigned level)
{
	for (; level < s->g->levels; level++) {
		uint32_t from = largest(s, s->net[level], UNCONFIRMED);

		if (from == NONE)
			return (struct choice){NULL, false};
		if (from != s->net[level + 1])
			return of_others(s, from);
	}
	return (struct choice){oldest_of(s->p, net_at(s, level), UNCONFIRMED), true};
}

/* At the top, compares the known networks with all strangers together. */
static struct choice unconfirmed(const struct seeker *s)
{
	uint32_t strangers = pool_strangers(s->p, s->g);
	uint32_t known = largest(s, pool_known(s->p, s->g), UNCONFIRMED);
	const struct net *net = s->p->nets.net;
	uint32_t most = net[known].side[UNCONFIRMED].count; /* 0 for NONE */

	if (net[strangers].side[UNCONFIRMED].count < most)
		return known == s->net[1] ? of_largest(s, 1) : of_others(s, known);
	if (net[strangers].side[UNCONFIRMED].count == 0)
		return (struct choice){NULL, false};
	return strangers == s->net[0] ? of_largest(s, 0) : of_others(s, strangers);
}

/* Returns the longest idle lease of the network within network I with the most confirmed leases, if
 * the lease is unused for POOL_SPARE, and the seeker's network OWN still has fewer leases with one
 * more. */
static struct lease *spare_of(const struct seeker *s, uint32_t i, const struct net *own)
{
	uint32_t from = largest(s, i, CONFIRMED);
	struct lease *l;

	if (from == NONE || pool_net_used(&s->p->nets.net[from]) <= pool_net_used(own) + 1)
		return NULL;
	l = first_of(s->p, from, CONFIRMED);
	return pool_idle(l, s->now) >= POOL_SPARE ? l : NULL;
}

/* Takes the first level at which the seeker's network is below its fair share.  Returns NULL while
 * many leases are unconfirmed, because one of those can end instead. */
static struct lease *spare(const struct seeker *s)
{
	if (pool_group_side(s->p, s->g, UNCONFIRMED) >= pool_group_size(s->g) / 64 + 4)
		return NULL;
	for (unsigned level = 0; level < s->g->levels; level++)
		if (is_below(s, level))
			return spare_of(s, level ? s->net[level] : pool_known(s->p, s->g),
					net_at(s, level + 1));
	return NULL;
}

/* Order: an unconfirmed lease past POOL_GRACE, a confirmed lease, an unconfirmed lease that may
 * still become confirmed. */
static struct lease *gives_way(const struct seeker *s)
{
	struct lease *l = past_guarantee(s);
	struct choice c;

	if (l)
		return l;
	c = unconfirmed(s);
	if (c.l && is_late(s, c.l))
		return c.l;
	l = spare(s);
	if (l)
		return l;
	return c.own ? NULL : c.l;
}

bool pool_make_room(const struct pool *p, const struct group *g, const struct ip6 *host,
		    int32_t now, struct lease **l)
{
	bool full = pool_group_used(p, g) >= pool_group_size(g);
	struct seeker s;

	*l = NULL;
	if (!full && g->share == 0)
		return true;
	s = seek(p, g, host, now);
	*l = over_share(&s);
	if (!*l && full)
		*l = gives_way(&s);
	return *l || !full;
}

bool pool_has_share(const struct pool *p, const struct ip6 *host)
{
	const struct group *g = pool_group_of(p, host);
	struct seeker s;

	if (!g || g->share == 0)
		return true;
	s = seek(p, g, host, 0);
	return !over_share(&s);
}

static size_t trim(struct pool *p, const struct group *g,
		   void (*ended)(void *arg, const struct lease *l), void *arg)
{
	uint32_t next = ring_oldest(p->lease, IN_GROUP, g->newest);
	uint32_t n = pool_group_used(p, g);
	size_t trimmed = 0;

	for (; n > 0; n--) {
		struct lease *l = &p->lease[next];

		next = l->newer[IN_GROUP];
		if (pool_net_used(&p->nets.net[l->net]) <= g->share)
			continue;
		if (ended)
			ended(arg, l);
		pool_end(p, l);
		trimmed++;
	}
	return trimmed;
}

size_t pool_trim(struct pool *p, void (*ended)(void *arg, const struct lease *l), void *arg)
{
	size_t trimmed = 0;

	for (uint32_t i = 0; i < p->groups; i++)
		if (p->group[i].share > 0 && !p->group[i].promoted)
			trimmed += trim(p, &p->group[i], ended, arg);
	return trimmed;
}

/* pool_full - which lease has to end where there is no room for another one.
 *
 * A host that has sent again after it was answered is one; a lease that was only asked for may be a
 * forger's.  So who fills a group takes from himself: a network below its fair share may take from
 * the one that holds most, and any other one has no more to give than what is its own. */
#include "pool_impl.h"

#include <stddef.h>

/* Who wants a lease, and the networks that will count it: NET[0] is the root of G; those behind the
 * first that is NONE are, too. */
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

	s.net[0] = (uint32_t)(pool_root(p, g) - p->nets.net);
	for (unsigned level = 0; level < g->levels && s.net[level] != NONE; level++)
		s.net[level + 1] = pool_net_find(p, s.net[level], host);
	return s;
}

static const struct net *net_at(const struct seeker *s, unsigned level)
{
	return &s->p->nets.net[s->net[level]];
}

static struct lease *lease_at(const struct pool *p, uint32_t i)
{
	return i == NONE ? NULL : &p->lease[i];
}

/* The longest idle lease of the largest network of the last level within network I. */
static struct lease *first_of(const struct pool *p, uint32_t i, enum side side)
{
	const struct net *net = &p->nets.net[i];

	while (net->level < p->group[net->group].levels)
		net = &p->nets.net[pool_rank_first(&p->nets, net->side[side].first)];
	return lease_at(p, net->side[side].first);
}

/* Which network within that of LEVEL holds most leases of SIDE; NONE: none has any. */
static uint32_t largest(const struct seeker *s, unsigned level, enum side side)
{
	return pool_rank_first(&s->p->nets, net_at(s, level)->side[side].first);
}

/* Has L had its time to be answered and confirmed? */
static bool is_late(const struct seeker *s, const struct lease *l)
{
	return l->since == POOL_UNKNOWN || (int64_t)s->now - l->since > POOL_GRACE;
}

/* Does the seeker's network within that of LEVEL hold less than its fair share? */
static bool is_below(const struct seeker *s, unsigned level)
{
	const struct net *parent = net_at(s, level);
	uint64_t used = pool_net_used(net_at(s, level + 1));

	return used * parent->children < pool_net_size(s->g, parent);
}

/* Is the seeker's network at its share, and more than a few of its leases are unconfirmed?  Then
 * those have to do. */
static bool has_its_own(const struct seeker *s)
{
	const struct net *net = net_at(s, 1);

	return !is_below(s, 0) && net->side[UNCONFIRMED].count > pool_net_used(net) / POOL_TRIALS;
}

static struct lease *over_share(const struct seeker *s)
{
	const struct net *net = net_at(s, s->g->levels);
	struct lease *a = lease_at(s->p, net->side[UNCONFIRMED].first);
	struct lease *b = lease_at(s->p, net->side[CONFIRMED].first);

	if (s->g->share == 0 || pool_net_used(net) < s->g->share)
		return NULL;
	return !b || (a && a->last < b->last) ? a : b;
}

static struct lease *past_guarantee(const struct seeker *s)
{
	struct lease *l = lease_at(s->p, s->g->oldest);

	if (!l || pool_idle(l, s->now) <= s->g->guarantee || has_its_own(s))
		return NULL;
	return l;
}

/* Of the network that holds most unconfirmed leases; one's own get their time. */
static struct lease *unconfirmed(const struct seeker *s, unsigned level)
{
	uint32_t from = largest(s, level, UNCONFIRMED);
	struct lease *l;

	if (from == NONE)
		return NULL;
	l = first_of(s->p, from, UNCONFIRMED);
	return from != s->net[level + 1] || is_late(s, l) ? l : NULL;
}

/* Of the network that holds most confirmed leases, if the seeker's has less even with one more. */
static struct lease *spare(const struct seeker *s, unsigned level)
{
	uint32_t from = largest(s, level, CONFIRMED);
	struct lease *l;

	if (from == NONE ||
	    pool_net_used(&s->p->nets.net[from]) <= pool_net_used(net_at(s, level + 1)) + 1)
		return NULL;
	l = first_of(s->p, from, CONFIRMED);
	return pool_idle(l, s->now) >= POOL_SPARE ? l : NULL;
}

/* Within the largest network that keeps the seeker's below its share. */
static struct lease *from_others(const struct seeker *s)
{
	struct lease *l;

	for (unsigned level = 0; level < s->g->levels; level++)
		if (is_below(s, level)) {
			l = unconfirmed(s, level);
			return l ? l : spare(s, level);
		}
	return NULL;
}

static struct lease *from_itself(const struct seeker *s)
{
	struct lease *l = lease_at(s->p, net_at(s, s->g->levels)->side[UNCONFIRMED].first);

	return l && is_late(s, l) ? l : NULL;
}

static struct lease *gives_way(const struct seeker *s)
{
	struct lease *l = past_guarantee(s);

	if (!l)
		l = from_others(s);
	return l ? l : from_itself(s);
}

bool pool_make_room(const struct pool *p, const struct group *g, const struct ip6 *host,
		    int32_t now, struct lease **l)
{
	bool full = pool_net_used(pool_root(p, g)) >= pool_group_size(g);
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

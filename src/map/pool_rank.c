/* pool_rank - finds the network with the most leases in a few steps.
 *
 * Networks with the same number of leases share a rung (a frequency list: Shah, Mitra and Matani,
 * 2010). One lease more or less moves a network to the next rung, which is made if it does not
 * exist. A rung exists only while it has networks, so there are never more rungs than networks on
 * them. */
#include "pool_impl.h"

static uint32_t new_rung(struct nets *n, uint32_t count)
{
	uint32_t r = n->unused_rung;

	if (r != NONE)
		n->unused_rung = n->rung[r].above;
	else
		r = ++n->top_rung;
	n->rung[r] = (struct rung){.count = count, .above = r, .below = r};
	return r;
}

/* Inserts rung R directly below ABOVE in the ring. */
static void link_below(struct nets *n, uint32_t r, uint32_t above)
{
	uint32_t below = n->rung[above].below;

	n->rung[r].above = above;
	n->rung[r].below = below;
	n->rung[above].below = r;
	n->rung[below].above = r;
}

/* Removes the empty rung R from the ring with top rung TOP. */
static void drop_rung(struct nets *n, uint32_t *top, uint32_t r)
{
	struct rung *rung = &n->rung[r];

	if (*top == r)
		*top = rung->below == r ? NONE : rung->below;
	n->rung[rung->above].below = rung->below;
	n->rung[rung->below].above = rung->above;
	rung->above = n->unused_rung;
	n->unused_rung = r;
}

static void step_on(struct nets *n, uint32_t r, uint32_t i, enum side side)
{
	struct net_side *s = &n->net[i].side[side], *first;
	struct rung *rung = &n->rung[r];

	s->rung = r;
	if (rung->first == NONE) {
		rung->first = s->next = s->prev = i;
		return;
	}
	first = &n->net[rung->first].side[side];
	s->next = rung->first;
	s->prev = first->prev;
	n->net[first->prev].side[side].next = i;
	first->prev = i;
}

static void step_off(struct nets *n, uint32_t *top, uint32_t i, enum side side)
{
	struct net_side *s = &n->net[i].side[side];
	struct rung *rung = &n->rung[s->rung];

	if (s->next == i) {
		drop_rung(n, top, s->rung);
		return;
	}
	n->net[s->next].side[side].prev = s->prev;
	n->net[s->prev].side[side].next = s->next;
	if (rung->first == i)
		rung->first = s->next;
}

/* Returns the rung of COUNT between the neighbors ABOVE and BELOW, making it if needed.  One of
 * them may be NONE, the end of the ring. */
static uint32_t rung_between(struct nets *n, uint32_t *top, uint32_t above, uint32_t below,
			     uint32_t count)
{
	uint32_t r;

	if (above != NONE && n->rung[above].count == count)
		return above;
	if (below != NONE && n->rung[below].count == count)
		return below;
	r = new_rung(n, count);
	if (*top != NONE)
		link_below(n, r, above != NONE ? above : n->rung[*top].above);
	if (above == NONE)
		*top = r;
	return r;
}

void pool_rank_raise(struct nets *n, uint32_t *top, uint32_t i, enum side side)
{
	struct net_side *s = &n->net[i].side[side];
	uint32_t was = s->count > 0 ? s->rung : NONE, above, r;

	if (was == NONE)
		above = *top == NONE ? NONE : n->rung[*top].above;
	else
		above = was == *top ? NONE : n->rung[was].above;
	s->count++;
	r = rung_between(n, top, above, was, s->count);
	if (was != NONE)
		step_off(n, top, i, side);
	step_on(n, r, i, side);
}

void pool_rank_lower(struct nets *n, uint32_t *top, uint32_t i, enum side side)
{
	struct net_side *s = &n->net[i].side[side];
	uint32_t was = s->rung, below = n->rung[was].below, r = NONE;

	if (below == *top) /* wraps around the end */
		below = NONE;
	s->count--;
	if (s->count > 0)
		r = rung_between(n, top, was, below, s->count);
	step_off(n, top, i, side);
	if (r != NONE)
		step_on(n, r, i, side);
}

void pool_rank_enter(struct nets *n, uint32_t *top, uint32_t i, enum side side)
{
	uint32_t count = n->net[i].side[side].count, below = NONE;
	uint32_t above = *top == NONE ? NONE : n->rung[*top].above; /* the bottom rung */

	if (count == 0)
		return;
	while (above != NONE && n->rung[above].count < count) {
		below = above;
		above = above == *top ? NONE : n->rung[above].above;
	}
	step_on(n, rung_between(n, top, above, below, count), i, side);
}

void pool_rank_leave(struct nets *n, uint32_t *top, uint32_t i, enum side side)
{
	if (n->net[i].side[side].count > 0)
		step_off(n, top, i, side);
}

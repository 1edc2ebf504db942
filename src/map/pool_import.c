/* pool_import - compares a report about a lease with the leases that are here. */
#include "map/pool_import.h"

#include <stddef.h>

#include "pool_impl.h"

static bool is_same(const struct lease *l, const struct pool_report *r)
{
	return l->addr == r->addr && l->prefix == r->prefix && ip6_equal(&l->host, &r->host);
}

static struct pool_judgement refuse(enum pool_refusal why, struct lease *against)
{
	return (struct pool_judgement){.verdict = POOL_REFUSE, .refusal = why, .lease = against};
}

static struct pool_judgement decide(enum pool_verdict verdict, struct lease *l)
{
	return (struct pool_judgement){.verdict = verdict, .lease = l};
}

/* Returns true if REPORT says more than L about the same lease. */
static bool says_more(const struct lease *l, const struct pool_report *r)
{
	return r->last > l->last || (r->confirmed && !l->confirmed) ||
	       (r->since != POOL_UNKNOWN && l->since == POOL_UNKNOWN);
}

/* Returns true if REPORT is newer than L, another lease of the address or the host.  If both were
 * used at the same time, the one that began later has replaced the other. */
static bool wins(const struct pool_report *r, const struct lease *l)
{
	return r->last != l->last ? r->last > l->last : r->since > l->since;
}

/* Returns true if REPORT ends L, another lease of its address or of its host: it is newer, or it is
 * what the owner of the range of both addresses says. */
static bool overrules(const struct pool *p, const struct pool_report *r, const struct lease *l)
{
	return wins(r, l) ||
	       (r->replaces && pool_range_of(p, l->addr) == pool_range_of(p, r->addr));
}

/* A lease that would expire at once is not taken. */
static bool is_over(const struct pool *p, const struct pool_report *r, int32_t now)
{
	return (int64_t)now - r->last > p->group[pool_range_of(p, r->addr)->group].keep;
}

/* The following functions judge a report for which HOLDER has the address, and MINE belongs to the
 * host; NULL: none. */

/* L is the lease that is reported.  STANDBY: of a range that stands by. */
static struct pool_judgement judge_same(const struct pool_report *r, struct lease *l, bool standby)
{
	if (says_more(l, r))
		return decide(POOL_RENEW, l);
	return decide(standby && r->last < l->last ? POOL_OLDER : POOL_SAME, l);
}

static struct pool_judgement judge_end(const struct pool_report *r, struct lease *holder)
{
	if (!holder)
		return decide(POOL_SAME, NULL);
	return decide(is_same(holder, r) && r->last >= holder->last ? POOL_ENDED : POOL_OLDER,
		      holder);
}

/* Returns true if L stays although REPORT contradicts it. */
static bool resists(const struct pool *p, const struct pool_report *r, const struct lease *l)
{
	return l && (r->last <= l->last || pool_stands_by(p, l->addr));
}

/* We have made all three, one after the other, so a later use shows which is true. */
static struct pool_judgement recover(const struct pool *p, const struct pool_report *r,
				     struct lease *holder, struct lease *mine)
{
	if (resists(p, r, holder) || resists(p, r, mine))
		return decide(POOL_OLDER, NULL);
	return (struct pool_judgement){.verdict = POOL_TAKE, .loser = {holder, mine}};
}

static struct pool_judgement judge_own(const struct pool *p, const struct pool_report *r,
				       struct lease *holder, struct lease *mine, int32_t now)
{
	if (r->recovers && (holder || mine))
		return recover(p, r, holder, mine);
	if (holder)
		return refuse(POOL_ADDRESS_TAKEN, holder);
	if (mine)
		return refuse(POOL_HOST_HAS, mine);
	return decide(is_over(p, r, now) ? POOL_OLDER : POOL_TAKE, NULL);
}

static struct pool_judgement judge_standby(const struct pool *p, const struct pool_report *r,
					   struct lease *holder, struct lease *mine)
{
	if (mine && !pool_stands_by(p, mine->addr))
		return refuse(POOL_HOST_HAS, mine);
	if ((holder && !overrules(p, r, holder)) || (mine && !overrules(p, r, mine)))
		return decide(POOL_OLDER, NULL);
	return (struct pool_judgement){.verdict = POOL_TAKE, .loser = {holder, mine}};
}

struct pool_judgement pool_judge(const struct pool *p, const struct pool_report *r, int32_t now)
{
	struct lease *holder = pool_find4(p, r->addr);
	struct lease *mine = pool_find6(p, &r->host, r->prefix);
	bool standby = pool_stands_by(p, r->addr);

	if (pool_fits(p, &r->host, r->addr) != POOL_FITS)
		return refuse(POOL_UNFIT, NULL);
	if (holder && holder == mine && !r->ended)
		return judge_same(r, mine, standby);
	if (r->known)
		return decide(POOL_OLDER, NULL);
	if (r->ended)
		return standby ? judge_end(r, holder) : refuse(POOL_OWNER_ENDS, holder);
	return standby ? judge_standby(p, r, holder, mine) : judge_own(p, r, holder, mine, now);
}

struct lease *pool_take(struct pool *p, const struct pool_report *r)
{
	struct lease *l = (r->confirmed ? pool_restore_confirmed
					: pool_restore)(p, &r->host, r->prefix, r->addr, r->last);

	if (l)
		l->since = r->since;
	return l;
}

void pool_renew(struct pool *p, struct lease *l, const struct pool_report *r)
{
	if (l->since == POOL_UNKNOWN)
		l->since = r->since;
	if (r->confirmed)
		pool_answer(l);
	if (r->confirmed || r->last > l->last)
		pool_touch(p, l, r->last > l->last ? r->last : l->last);
}

/* pool_group - groups ranges that serve the same hosts, and finds the group of a host. */
#include "pool_impl.h"

#include <stdlib.h>

/* The levels are /48, /64 and the length by which shares are counted; levels longer than that are
 * not needed then.  Ranges that stand by have no shares. */
static void set_levels(struct group *g, const struct pool_conf *c)
{
	static const uint8_t usual[] = {48, 64};

	g->share = c->standby ? 0 : c->share;
	for (size_t i = 0; i < sizeof(usual) && (g->share == 0 || usual[i] < c->share_len); i++)
		g->length[g->levels++] = usual[i];
	if (g->share > 0)
		g->length[g->levels++] = c->share_len;
}

static void new_group(struct pool *p, const struct pool_conf *c)
{
	struct group *g = &p->group[p->groups++];

	g->from = c->from;
	g->standby = c->standby;
	g->guarantee = c->guarantee;
	g->keep = c->keep;
	set_levels(g, c);
}

/* STANDBY finds the groups that stand by, as P->from finds the others. */
static bool get_groups(struct pool *p, const struct pool_conf *conf, struct lpm *standby)
{
	for (size_t i = 0; i < p->ranges; i++) {
		const struct prefix6 *from = &conf[i].from;
		uint32_t known = lpm_add(conf[i].standby ? standby : p->from, from->addr.b,
					 from->len, p->groups);

		if (known == LPM_NONE) {
			known = p->groups;
			new_group(p, &conf[i]);
		}
		p->range[i].group = known;
		p->group[known].promoted |= conf[i].promoted;
	}
	return lpm_seal(p->from) == 0 && lpm_seal(standby) == 0;
}

bool pool_get_groups(struct pool *p, const struct pool_conf *conf)
{
	struct lpm *standby = lpm_new(128);
	bool ok;

	p->group = calloc(p->ranges, sizeof(*p->group));
	p->from = lpm_new(128);
	ok = p->group && p->from && standby && get_groups(p, conf, standby);
	lpm_free(standby);
	return ok;
}

struct group *pool_group_of(const struct pool *p, const struct ip6 *host)
{
	uint32_t i = lpm_find(p->from, host->b);

	return i == LPM_NONE ? NULL : &p->group[i];
}

uint32_t pool_preferred(const struct pool *p, const struct group *g, const struct ip6 *host)
{
	return g->base + (uint32_t)(siphash(&p->secret, host, sizeof(*host)) % g->slots);
}

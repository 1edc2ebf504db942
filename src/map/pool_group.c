/* pool_group - groups ranges that serve the same hosts, and finds the group of a host. */
#include "pool_impl.h"

#include <stdlib.h>

/* The levels are /48, /64 and the length by which shares are counted; levels longer than that are
 * not needed then. */
static void set_levels(struct group *g, const struct pool_conf *c)
{
	static const uint8_t usual[] = {48, 64};

	for (size_t i = 0; i < sizeof(usual) && (c->share == 0 || usual[i] < c->share_len); i++)
		g->length[g->levels++] = usual[i];
	if (c->share > 0)
		g->length[g->levels++] = c->share_len;
	g->share = c->share;
}

static void new_group(struct pool *p, const struct pool_conf *c)
{
	struct group *g = &p->group[p->groups++];

	g->from = c->from;
	g->guarantee = c->guarantee;
	g->keep = c->keep;
	set_levels(g, c);
}

bool pool_get_groups(struct pool *p, const struct pool_conf *conf)
{
	p->group = calloc(p->ranges, sizeof(*p->group));
	p->from = lpm_new(128);
	if (!p->group || !p->from)
		return false;
	for (size_t i = 0; i < p->ranges; i++) {
		const struct prefix6 *from = &conf[i].from;
		uint32_t known = lpm_add(p->from, from->addr.b, from->len, p->groups);

		if (known == LPM_NONE) {
			known = p->groups;
			new_group(p, &conf[i]);
		}
		p->range[i].group = known;
	}
	return lpm_seal(p->from) == 0;
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

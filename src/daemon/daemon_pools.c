/* daemon_pools - decides when who watches hears that a pool gets full, or is. */
#include <stdlib.h>

#include "commands.h"
#include "lib/addr_text.h"

#define HIGH 80 /* per cent */
#define LOW  75 /* below it both are news again */

enum { /* bits of what has been told of a pool */
	TOLD_HIGH = 1,
	TOLD_FULL = 2,
};

static const struct prefix4 *find_prefix(const struct conf *c, const struct pool_range *r)
{
	const struct pool_conf *p = c->pool;

	while (p->range.addr != r->first)
		p++;
	return &p->range;
}

static void tell(const struct daemon *d, const char *event, const struct pool_range *r)
{
	char text[ADDR_TEXT];

	daemon_watch(d, event, ", \"pool\": \"%s\", \"used\": %zu, \"size\": %zu",
		     addr_text_prefix4(text, find_prefix(d->active->conf, r)), r->used, r->size);
}

static void look(const struct daemon *d, const struct pool_range *r, uint8_t *told)
{
	if (r->used * 100 < r->size * LOW)
		*told = 0;
	if (r->size == 0)
		return;
	if (!(*told & TOLD_HIGH) && r->used * 100 >= r->size * HIGH) {
		*told |= TOLD_HIGH;
		tell(d, "pool_high", r);
	}
	if (!(*told & TOLD_FULL) && r->used == r->size) {
		*told |= TOLD_FULL;
		tell(d, "pool_full", r);
	}
}

void daemon_watch_pools(struct daemon *d)
{
	struct active *a = d->active;
	struct pool_range r;

	for (size_t i = 0; a->pool && i < a->conf->pools; i++) {
		pool_range(a->pool, i, &r);
		look(d, &r, &a->told[i]);
	}
}

/* Both rows ascend. */
void daemon_keep_told(struct active *n, const struct active *was)
{
	struct pool_range r, old;
	size_t k = 0;

	for (size_t i = 0; n->pool && was->pool && i < n->conf->pools; i++) {
		pool_range(n->pool, i, &r);
		for (; k < was->conf->pools; k++) {
			pool_range(was->pool, k, &old);
			if (old.first >= r.first)
				break;
		}
		if (k < was->conf->pools && old.first == r.first && old.last == r.last)
			n->told[i] = was->told[k];
	}
}

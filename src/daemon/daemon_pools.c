/* daemon_pools - groups ranges into pools, and reports pools that are almost full or full to the
 * log and to `watch`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "lib/addr_text.h"

#define HIGH 80 /* percent */
#define LOW  75 /* percent; below it, both events are reported again */

enum { /* bits: what was reported about a pool */
	TOLD_HIGH = 1,
	TOLD_FULL = 2,
};

/* --- grouping */

struct place {
	const struct pool_conf *range;
	size_t number;
};

/* Compares two pools by the `from` and the role of their ranges. */
static int compare_pools(const struct prefix6 *a, bool a_standby, const struct prefix6 *b,
			 bool b_standby)
{
	int order = memcmp(&a->addr, &b->addr, sizeof(a->addr));

	if (order == 0)
		order = (a->len > b->len) - (a->len < b->len);
	return order ? order : (int)a_standby - (int)b_standby;
}

static int by_pool(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int order = compare_pools(&x->range->from, x->range->standby, &y->range->from,
				  y->range->standby);

	return order ? order : (x->number > y->number) - (x->number < y->number);
}

static void add_range(struct active *a, const struct place *p)
{
	struct one_pool *last = a->ones > 0 ? &a->one[a->ones - 1] : NULL;

	if (!last || compare_pools(&a->conf->pool[last->first].from, last->standby, &p->range->from,
				   p->range->standby) != 0) {
		last = &a->one[a->ones++];
		last->first = p->number;
		last->standby = p->range->standby;
	}
	last->ranges++;
	a->one_of[p->number] = a->ones - 1;
}

bool daemon_find_pools(struct active *a)
{
	size_t n = a->conf->pools;
	struct place *place = calloc(n + 1, sizeof(*place));

	a->one = calloc(n + 1, sizeof(*a->one));
	a->one_of = calloc(n + 1, sizeof(*a->one_of));
	if (place && a->one && a->one_of) {
		for (size_t i = 0; i < n; i++)
			place[i] = (struct place){&a->conf->pool[i], i};
		qsort(place, n, sizeof(*place), by_pool);
		for (size_t i = 0; i < n; i++)
			add_range(a, &place[i]);
	}
	free(place);
	return place && a->one && a->one_of;
}

void daemon_count_pools(struct active *a)
{
	struct pool_range r;

	for (size_t i = 0; i < a->ones; i++) {
		a->one[i].size = a->one[i].used = 0;
		a->one[i].refused = 0;
	}
	for (size_t i = 0; i < a->conf->pools; i++) {
		struct one_pool *one = &a->one[a->one_of[i]];

		pool_range(a->pool, pool_which(a->pool, a->conf->pool[i].range.addr), &r);
		one->size += r.size;
		one->used += r.used;
		one->refused += r.refused;
	}
}

char *daemon_pool_name(const struct active *a, const struct one_pool *one,
		       char out[DAEMON_POOL_NAME])
{
	const struct pool_conf *first = &a->conf->pool[one->first];
	char range[ADDR_TEXT], from[ADDR_TEXT], more[32] = "";

	addr_text_prefix4(range, &first->range);
	if (one->ranges > 1)
		snprintf(more, sizeof(more), " and %zu more", one->ranges - 1);
	snprintf(out, DAEMON_POOL_NAME, "dynamic-pool %s%s%s%s", range, more,
		 first->from.len ? " from " : "",
		 first->from.len ? addr_text_prefix6(from, &first->from) : "");
	return out;
}

/* --- reports */

static void tell(const struct daemon *d, const char *event, const struct one_pool *one)
{
	const struct pool_conf *first = &d->active->conf->pool[one->first];
	char range[ADDR_TEXT], from[ADDR_TEXT];
	const char *quote = first->from.len ? "\"" : "";

	daemon_watch(d, event, ", \"pool\": \"%s\", \"used\": %zu, \"size\": %zu, \"from\": %s%s%s",
		     addr_text_prefix4(range, &first->range), one->used, one->size, quote,
		     first->from.len ? addr_text_prefix6(from, &first->from) : "null", quote);
}

static void tell_watchers(const struct daemon *d, struct one_pool *one)
{
	if (one->used * 100 < one->size * LOW)
		one->told = 0;
	if (one->size == 0)
		return;
	if (!(one->told & TOLD_HIGH) && one->used * 100 >= one->size * HIGH) {
		one->told |= TOLD_HIGH;
		tell(d, "pool_high", one);
	}
	if (!(one->told & TOLD_FULL) && one->used == one->size) {
		one->told |= TOLD_FULL;
		tell(d, "pool_full", one);
	}
}

static void warn(const struct daemon *d, struct one_pool *one)
{
	const struct poolwatch_look look = {one->used, one->size, one->refused};
	char line[POOLWATCH_LINE], name[DAEMON_POOL_NAME];

	if (poolwatch_look(&one->watch, daemon_pool_name(d->active, one, name), &look, d->now,
			   line))
		log_warning("%s", line);
}

void daemon_watch_pools(struct daemon *d)
{
	struct active *a = d->active;

	if (!a->pool)
		return;
	daemon_count_pools(a);
	for (size_t i = 0; i < a->ones; i++) {
		if (a->one[i].standby)
			continue; /* its owner does that */
		tell_watchers(d, &a->one[i]);
		warn(d, &a->one[i]);
	}
}

/* Both arrays are sorted by pool.  The roles are those when the pools were found: `promote` and
 * `demote` change the ranges of the configuration afterwards. */
void daemon_keep_told(struct active *n, const struct active *was)
{
	size_t k = 0;

	for (size_t i = 0; i < n->ones; i++) {
		const struct one_pool *old = NULL;
		int order = 1;

		for (; k < was->ones && order > 0; k += order > 0) {
			old = &was->one[k];
			order = compare_pools(&n->conf->pool[n->one[i].first].from,
					      n->one[i].standby, &was->conf->pool[old->first].from,
					      old->standby);
		}
		if (order != 0)
			continue;
		n->one[i].told = old->told;
		n->one[i].watch = old->watch;
	}
}

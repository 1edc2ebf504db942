/* command_networks - answers `networks`, in slices that do not delay packets for long. */
#include <stdlib.h>

#include "commands.h"
#include "lease/networkrow.h"
#include "lib/addr_text.h"

#define NOWHERE SIZE_MAX

/* A client's request. */
struct listing {
	bool json, any;       /* ANY: list all networks */
	struct prefix wanted; /* always IPv6 */
	size_t pool_of;       /* the range whose texts are in POOL and FROM */
	bool for_all;
	char pool[ADDR_TEXT], from[ADDR_TEXT];
};

/* Returns true if N contains the requested prefix, or is inside it. */
static bool is_wanted(const struct listing *s, const struct pool_network *n)
{
	const struct prefix p = {.family = 6, .len = n->prefix.len, .addr6 = n->prefix.addr};

	return s->any || addr_covers(&p, &s->wanted) || addr_covers(&s->wanted, &p);
}

/* Returns the index in the configuration of the range that begins with FIRST. */
static size_t find_range(const struct conf *c, uint32_t first)
{
	size_t i = 0;

	while (c->pool[i].range.addr != first)
		i++;
	return i;
}

/* All ranges for the same hosts are named after the first of them in the configuration. */
static void name_pool(const struct daemon *d, struct listing *s, size_t range)
{
	const struct active *a = d->active;
	const struct pool_conf *first;
	struct pool_range r;

	pool_range(a->pool, range, &r);
	first = &a->conf->pool[a->one[a->one_of[find_range(a->conf, r.first)]].first];
	addr_text_prefix4(s->pool, &first->range);
	addr_text_prefix6(s->from, &first->from);
	s->for_all = first->from.len == 0;
	s->pool_of = range;
}

static void add_row(const struct daemon *d, struct listing *s, const struct pool_network *n,
		    struct answer *a)
{
	struct network_row r = {.network = n->prefix,
				.used = n->used,
				.confirmed = n->confirmed,
				.share = n->share};
	char line[NETWORKROW_MAX];

	if (s->pool_of != n->range)
		name_pool(d, s, n->range);
	r.pool = s->pool;
	r.from = s->for_all ? NULL : s->from;
	answer_put(a, line, (s->json ? networkrow_json : networkrow_text)(line, &r));
}

/* Returns true if there may be more. */
static bool add_some(const struct daemon *d, struct listing *s, struct answer *a)
{
	int64_t end = clock_us() + COMMAND_SLICE_US;
	struct pool_network n;

	for (unsigned i = 1; a->len < COMMAND_SLICE_LEN; i++) {
		if (!pool_network(d->active->pool, &a->cursor, &n))
			return false;
		if (is_wanted(s, &n))
			add_row(d, s, &n, a);
		if (i % COMMAND_CLOCK_EACH == 0 && clock_us() >= end)
			break;
	}
	return true;
}

/* After a reload the networks belong to another pool and have another order. */
static bool more_networks(void *arg, struct answer *a)
{
	const struct daemon *d = arg;
	struct listing *s = a->state;

	if (a->epoch != d->reload.changes && a->cursor > 0) {
		answer_add(a, s->json ? "{\"error\": \"%s\"}\n" : "error: %s\n", COMMAND_LOST);
		return false;
	}
	if (a->epoch != d->reload.changes)
		s->pool_of = NOWHERE;
	a->epoch = d->reload.changes;
	return d->active->pool && add_some(d, s, a);
}

/* --- arguments ---------------------------------------------------------------------------- */

/* Replaces an IPv4 address by the host that has it.  False if no host has it; A then has a message.
 */
static bool find_host(const struct daemon *d, const char *word, struct prefix *p, struct answer *a)
{
	const struct lease *l = d->active->pool ? pool_find4(d->active->pool, p->addr4) : NULL;

	if (!l) {
		answer_add(a, "error %.100s has no lease\n", word);
		return false;
	}
	*p = (struct prefix){.family = 6, .len = 128, .addr6 = l->host};
	return true;
}

/* False if WORD is wrong; A then has the reason. */
static bool read_wanted(const struct daemon *d, const char *word, struct prefix *p,
			struct answer *a)
{
	bool one;

	if (!command_read_place(word, p, &one, a))
		return false;
	if (p->family == 6)
		return true;
	if (one)
		return find_host(d, word, p, a);
	answer_add(a, "usage %.100s is an IPv4 prefix, but networks are IPv6\n", word);
	return false;
}

void command_networks(void *arg, const struct control_request *r, struct answer *a)
{
	const struct daemon *d = arg;
	struct listing *s = calloc(1, sizeof(*s));
	char header[NETWORKROW_MAX];

	if (!s) {
		answer_add(a, "error out of memory\n");
		return;
	}
	a->state = s;
	s->json = r->json;
	s->any = r->words == 1;
	s->pool_of = NOWHERE;
	if (!s->any && !read_wanted(d, r->word[1], &s->wanted, a))
		return;
	answer_add(a, "ok\n");
	if (!s->json)
		answer_put(a, header, networkrow_header(header));
	a->more = more_networks;
	a->epoch = d->reload.changes;
}

/* command_leases - answers `leases` and `export`, in slices that do not delay packets for long. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "lease/leaserow.h"
#include "lease/leasetext.h"
#include "lib/addr_text.h"

#define NOWHERE SIZE_MAX
#define FEW_LEN 24 /* a prefix of this length or longer is listed address by address */

/* A client's request, and the position in the list. */
struct listing {
	bool json, lines; /* the format: JSON, lines of the lease file, or a table */
	bool one;         /* a single address was given, not a prefix */
	bool few;         /* visit each address of WANTED, in their order */
	bool any;         /* list all leases */
	struct prefix wanted;
	uint32_t addr; /* address and host of the last lease that was visited */
	struct ip6 host;
	int64_t now; /* unix time */
	size_t prefix_of, pool_of;
	char prefix[ADDR_TEXT], pool[ADDR_TEXT]; /* the texts of PREFIX_OF and POOL_OF */
};

static bool is_wanted(const struct listing *s, const struct lease *l)
{
	const struct prefix4 p4 = {s->wanted.addr4, s->wanted.len};
	const struct prefix6 p6 = {s->wanted.addr6, s->wanted.len};

	if (s->any)
		return true;
	return s->wanted.family == 4 ? addr_in4(l->addr, &p4) : addr_in6(&l->host, &p6);
}

/* --- iteration ------------------------------------------------------------------------------ */

/* Finds the next lease of a single address: an IPv4 address has one lease, an IPv6 address one for
 * each prefix. */
static struct lease *next_of_one(const struct daemon *d, const struct listing *s, size_t *cursor)
{
	const struct pool *p = d->active->pool;
	struct lease *l;

	if (s->wanted.family == 4)
		return (*cursor)++ == 0 ? pool_find4(p, s->wanted.addr4) : NULL;
	do {
		l = pool_find6(p, &s->wanted.addr6, (unsigned)(*cursor)++);
	} while (!l && *cursor < map_prefix_count(d->active->conf->maps));
	return l;
}

/* Visits at most 256 addresses, where a walk might have to visit millions of leases. */
static struct lease *next_of_few(const struct daemon *d, const struct listing *s, size_t *cursor)
{
	const size_t addresses = (size_t)1 << (32 - s->wanted.len);
	struct lease *l = NULL;

	while (!l && *cursor < addresses)
		l = pool_find4(d->active->pool, s->wanted.addr4 + (uint32_t)(*cursor)++);
	return l;
}

static struct lease *next_lease(const struct daemon *d, struct listing *s, size_t *cursor)
{
	struct lease *l = s->one   ? next_of_one(d, s, cursor)
			  : s->few ? next_of_few(d, s, cursor)
				   : pool_walk(d->active->pool, cursor);

	if (!l)
		return NULL;
	s->addr = l->addr;
	s->host = l->host;
	return l;
}

/* A reload has moved the leases to another pool, in the same order.  False if the lease that was
 * visited last has ended, so that its position is unknown. */
static bool go_on(const struct daemon *d, struct listing *s, struct answer *a)
{
	const struct pool *p = d->active->pool;
	const struct lease *l = p ? pool_find4(p, s->addr) : NULL;

	a->epoch = d->reload.changes;
	s->prefix_of = s->pool_of = NOWHERE;
	if (s->one || s->few || a->cursor == 0)
		return true;
	if (!l || !ip6_equal(&l->host, &s->host))
		return false;
	a->cursor = pool_place(p, l);
	return true;
}

/* --- rows ----------------------------------------------------------------------------------- */

static const char *prefix_text(const struct daemon *d, struct listing *s, const struct lease *l)
{
	const struct map_table *maps = d->active->conf->maps;

	if (l->prefix >= map_prefix_count(maps))
		return NULL;
	if (s->prefix_of != l->prefix)
		addr_text_prefix6(s->prefix, map_prefix_at(maps, l->prefix));
	s->prefix_of = l->prefix;
	return s->prefix;
}

static const char *pool_text(const struct daemon *d, struct listing *s, const struct lease *l)
{
	size_t i = pool_which(d->active->pool, l->addr);

	if (s->pool_of != i)
		command_range(d, i, s->pool);
	s->pool_of = i;
	return s->pool;
}

static void add_row(const struct daemon *d, struct listing *s, const struct lease *l,
		    struct answer *a)
{
	int32_t now = daemon_seconds(d);
	struct lease_row r = {.addr = l->addr,
			      .idle = now > l->last ? now - l->last : 0,
			      .age = l->since == POOL_UNKNOWN ? -1 : now - l->since,
			      .confirmed = l->confirmed,
			      .host = l->host,
			      .now = s->now,
			      .prefix = prefix_text(d, s, l),
			      .pool = pool_text(d, s, l)};
	char line[LEASEROW_MAX];

	memcpy(r.packets, l->packets, sizeof(r.packets));
	memcpy(r.bytes, l->bytes, sizeof(r.bytes));
	answer_put(a, line, (s->json ? leaserow_json : leaserow_text)(line, &r));
}

/* The line always names the prefix, because a peer may have other prefixes or another order of
 * them.  A lease that was put off is left out, since it may last only some milliseconds. */
static void add_line(const struct daemon *d, const struct lease *l, struct answer *a)
{
	const struct map_table *maps = d->active->conf->maps;
	struct leasetext t = {.addr = l->addr,
			      .host = l->host,
			      .when = daemon_unix_time(d, l->last),
			      .since = daemon_unix_time(d, l->since),
			      .unconfirmed = !l->confirmed,
			      .has_prefix = map_prefix_count(maps) > 0};
	char line[LEASETEXT_RECORD];

	if (!l->on_record || (t.has_prefix && l->prefix >= map_prefix_count(maps)))
		return;
	if (t.has_prefix)
		t.prefix = *map_prefix_at(maps, l->prefix);
	answer_put(a, line, leasetext_format(line, &t));
}

static void add_lease(struct daemon *d, struct listing *s, struct lease *l, struct answer *a)
{
	daemon_gather_lease(d, l);
	if (s->lines)
		add_line(d, l, a);
	else
		add_row(d, s, l, a);
}

/* --- slices ----------------------------------------------------------------------------------- */

/* Returns true if there may be more. */
static bool add_some(struct daemon *d, struct listing *s, struct answer *a)
{
	int64_t end = clock_us() + COMMAND_SLICE_US;
	struct lease *l = NULL;

	for (unsigned i = 1; a->len < COMMAND_SLICE_LEN; i++) {
		l = next_lease(d, s, &a->cursor);
		if (!l)
			break;
		if (is_wanted(s, l))
			add_lease(d, s, l, a);
		if (i % COMMAND_CLOCK_EACH == 0 && clock_us() >= end)
			break;
	}
	daemon_commit_leases(d);
	return l != NULL;
}

static bool more_leases(void *arg, struct answer *a)
{
	struct daemon *d = arg;
	struct listing *s = a->state;

	if (a->epoch != d->reload.changes && !go_on(d, s, a)) {
		answer_add(a, s->json ? "{\"error\": \"%s\"}\n" : "error: %s\n", COMMAND_LOST);
		return false;
	}
	s->now = daemon_unix_time(d, daemon_seconds(d));
	return d->active->pool && add_some(d, s, a);
}

/* Begins a list of the leases in the prefix or address that R names; of all, if it names none.
 * Returns NULL if there is nothing to list; A then has the reason. */
static struct listing *begin(struct daemon *d, const struct control_request *r, struct answer *a)
{
	struct listing *s = calloc(1, sizeof(*s));

	if (!s) {
		answer_add(a, "error out of memory\n");
		return NULL;
	}
	a->state = s;
	s->any = r->words == 1;
	s->prefix_of = s->pool_of = NOWHERE;
	if (!s->any && !command_read_place(r->word[1], &s->wanted, &s->one, a))
		return NULL;
	a->more = more_leases;
	a->epoch = d->reload.changes;
	return s;
}

void command_leases(void *arg, const struct control_request *r, struct answer *a)
{
	struct listing *s = begin(arg, r, a);
	char header[LEASEROW_MAX];

	if (!s)
		return;
	s->json = r->json;
	answer_add(a, "ok\n");
	if (!s->json)
		answer_put(a, header, leaserow_header(header));
}

void command_export(void *arg, const struct control_request *r, struct answer *a)
{
	struct listing *s;

	if (r->json) {
		answer_add(a, "usage export [ADDRESS | PREFIX] (for JSON, use leases --json)\n");
		return;
	}
	s = begin(arg, r, a);
	if (!s)
		return;
	s->lines = true;
	s->few = s->wanted.family == 4 && s->wanted.len >= FEW_LEN;
	answer_add(a, "ok\n");
}

/* command_history - answers `who`: which host has an address now; and `history`: where the client
 * finds the history of leases. */
#include <string.h>

#include "commands.h"
#include "lib/addr_text.h"

static void add_holder(const struct daemon *d, const struct lease *l, bool json, struct answer *a)
{
	const struct map_table *maps = d->active->conf->maps;
	struct lease_event e = {
		.addr = l->addr,
		.host = l->host,
		.since = daemon_unix_time(d, l->since),
	};
	char line[LEASEEVENT_MAX];

	if (l->prefix < map_prefix_count(maps))
		e.prefix = *map_prefix_at(maps, l->prefix);
	answer_put(a, line, (json ? leaseevent_held_json : leaseevent_held_text)(line, &e));
}

/* Adds the leases of P, which is an address.  Returns how many there are. */
static unsigned add_holders(const struct daemon *d, const struct prefix *p, bool json,
			    struct answer *a)
{
	const struct pool *pool = d->active->pool;
	const struct lease *l;
	unsigned n = 0;

	if (p->family == 4) {
		l = pool_find4(pool, p->addr4);
		if (l)
			add_holder(d, l, json, a);
		return l != NULL;
	}
	for (unsigned i = 0; i == 0 || i < map_prefix_count(d->active->conf->maps); i++) {
		l = pool_find6(pool, &p->addr6, i);
		if (!l)
			continue;
		add_holder(d, l, json, a);
		n++;
	}
	return n;
}

static bool is_mapped(const struct daemon *d, const struct prefix *p)
{
	const struct map_table *maps = d->active->conf->maps;

	return p->family == 4 ? map_find4(maps, p->addr4) : map_find6(maps, &p->addr6);
}

void command_who(void *arg, const struct control_request *r, struct answer *a)
{
	const struct daemon *d = arg;
	struct answer rows = {.text = NULL};
	struct prefix p;
	bool one;

	if (!command_read_place(r->word[1], &p, &one, a))
		return;
	if (!one)
		answer_add(a, "usage %.100s is not an address\n", r->word[1]);
	else if (d->active->pool && add_holders(d, &p, r->json, &rows) > 0)
		answer_add(a, "ok\n%s%.*s", r->json ? "" : LEASEEVENT_HELD, (int)rows.len,
			   rows.text);
	else
		answer_add(a, "error %.100s has no lease%s\n", r->word[1],
			   is_mapped(d, &p) ? ": it is mapped" : "");
	answer_free(&rows);
}

void command_history(void *arg, const struct control_request *r, struct answer *a)
{
	const struct daemon *d = arg;
	const struct conf *c = d->active->conf;

	if (c->lease_days == 0) {
		answer_add(a, "error there is no history: lease-log is off\n");
		return;
	}
	if (!r->json) {
		answer_add(a, "ok\ndirectory %s\ndays      %u\nmegabytes %u\n", c->data_dir,
			   c->lease_days, c->lease_megabytes);
		return;
	}
	answer_add(a, "ok\n{\"directory\": ");
	answer_json(a, c->data_dir);
	answer_add(a, ", \"days\": %u, \"megabytes\": %u}\n", c->lease_days, c->lease_megabytes);
}

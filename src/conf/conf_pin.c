/* conf_pin - reads pinned.map, and changes the pins while the daemon runs. */
#include <stdlib.h>

#include "conf_impl.h"
#include "lib/addr_text.h"

#define HEADER                                                                            \
	"# Maps that `nat64ctl pin' made from leases; nat64d reads them after the maps\n" \
	"# of the configuration and rewrites this file.  `nat64ctl unpin' removes a "     \
	"line.\n"                                                                         \
	"\n" /* if it is damaged, the next line is not taken for a part of the comment */
#define HEADER_LINES 3
#define LINE_TOP     72 /* bytes of a line: "map 255.255.255.255 " and 39 more */

void conf_read_pins(struct conf_reader *r)
{
	r->conf->first_pin = map_count(r->conf->maps);
	r->in_pins = true;
	conf_read_kept(r, CONF_PINS, &r->conf->pin_file);
	r->in_pins = false;
}

/* --- changes while the daemon runs
 * ------------------------------------------------------------- */

static bool is_host(const struct map *m)
{
	return m->p4.len == 32 && m->p6.len == 128;
}

size_t conf_find_pin(const struct conf *c, const struct map *m)
{
	size_t i = map_index(c->maps, m);

	return i >= c->first_pin && is_host(m) ? i : CONF_NO_PIN;
}

/* Returns pin I of the set after CHANGE, or NULL after the last one. */
static const struct map *pin_at(const struct conf *c, const struct conf_change *change, size_t i)
{
	size_t at = c->first_pin + i;

	at += change->less <= at;
	if (at < map_count(c->maps))
		return map_at(c->maps, at);
	return at == map_count(c->maps) ? change->more : NULL;
}

static size_t put_pin(char *out, const struct map *m)
{
	char a[ADDR_TEXT], b[ADDR_TEXT];

	if (is_host(m))
		return (size_t)snprintf(out, 2 * LINE_TOP, "map %s %s\n", addr_text4(a, m->p4.addr),
					addr_text6(b, &m->p6.addr));
	return (size_t)snprintf(out, 2 * LINE_TOP, "map %s %s\n", addr_text_prefix4(a, &m->p4),
				addr_text_prefix6(b, &m->p6));
}

char *conf_pin_text(const struct conf *c, const struct conf_change *change, size_t *len)
{
	size_t room = sizeof(HEADER) + (map_count(c->maps) - c->first_pin + 3) * LINE_TOP;
	char *text = malloc(room);
	const struct map *m;

	if (!text)
		return NULL;
	*len = (size_t)snprintf(text, room, HEADER);
	for (size_t i = 0; (m = pin_at(c, change, i)); i++)
		*len += put_pin(text + *len, m);
	return text;
}

static struct map_table *changed_maps(const struct conf *c, const struct conf_change *change)
{
	struct map_table *t = map_table_new();
	size_t other;

	if (!t)
		return NULL;
	for (size_t i = 0; i < map_prefix_count(c->maps); i++)
		map_add_prefix(t, map_prefix_at(c->maps, i));
	for (size_t i = 0; i < map_count(c->maps); i++)
		if (i != change->less)
			map_add(t, map_at(c->maps, i), &other);
	if (change->more)
		map_add(t, change->more, &other);
	if (map_seal(t) == 0)
		return t;
	map_table_free(t);
	return NULL;
}

/* Makes room for the line number of one more map. */
static bool more_lines(struct conf_seen *seen)
{
	unsigned *at = realloc(seen->at, (seen->n + 1) * sizeof(*at));

	if (at)
		seen->at = at;
	return at;
}

struct map_table *conf_change_pins(struct conf *c, const struct conf_change *change)
{
	struct conf_seen *seen = conf_seen(c, "map");
	struct map_table *before = c->maps, *after = NULL;

	if (more_lines(seen))
		after = changed_maps(c, change);
	if (!after)
		return NULL;
	c->maps = after;
	seen->n = map_count(after);
	for (size_t i = c->first_pin; i < seen->n; i++)
		seen->at[i] = (unsigned)(HEADER_LINES + 1 + i - c->first_pin);
	return before;
}

/* conf_map - explicit address mappings: which ones may coexist [7757-3.2], and the messages about
 * conflicts. */
#include <stdio.h>

#include "conf_text.h"

#define MAPS_SAID 20 /* a thousand nested maps need no thousand messages */

/* Formats the place of map I: "on line 7", or "in FILE:7" if it is in another file than the current
 * one. */
static const char *map_place(const struct conf_reader *r, size_t i, char *buf, size_t size)
{
	struct conf_place place = conf_place(r->conf, "map", i);
	char text[CONF_SHORT];

	if (place.file == r->file)
		snprintf(buf, size, "on line %u", place.line);
	else
		snprintf(buf, size, "in %s:%u", conf_short(text, place.file), place.line);
	return buf;
}

/* Link-local addresses are translated if the configuration names them. */
static bool passes_somewhere4(const struct prefix4 *p)
{
	uint32_t last = p->addr | ~addr_mask4(p->len), middle = p->addr;

	if (p->len < 32)
		middle |= UINT32_C(1) << (31 - p->len);
	return addr_passes4(p->addr) || addr_passes4(last) || addr_passes4(middle) ||
	       conf_is_link_local4(p);
}

static bool passes_somewhere6(const struct prefix6 *p)
{
	struct ip6 last = p->addr, middle = p->addr;

	for (unsigned i = p->len; i < 128; i++)
		last.b[i / 8] |= (uint8_t)(0x80 >> i % 8);
	if (p->len < 128)
		middle.b[p->len / 8] |= (uint8_t)(0x80 >> p->len % 8);
	return addr_passes6(&p->addr) || addr_passes6(&last) || addr_passes6(&middle);
}

static bool map_ok(struct conf_reader *r, char **arg, const struct map *m)
{
	unsigned suffix4 = 32u - m->p4.len, suffix6 = 128u - m->p6.len;

	if (suffix6 < suffix4) /* [7757-3.2] */
		return conf_error(r,
				  "%s has %u host bits, but %s has only %u (use an IPv6 length of "
				  "at most %u)",
				  arg[0], suffix4, arg[1], suffix6, 128 - suffix4);
	if (passes_somewhere4(&m->p4) && passes_somewhere6(&m->p6))
		return true;
	return conf_error(r, "%s is not routable (map an address that a host can have)",
			  passes_somewhere4(&m->p4) ? arg[1] : arg[0]);
}

bool conf_set_map(struct conf_reader *r, char **arg)
{
	static const struct conf_want want4 = {.family = 4, .length = LENGTH_OR_NOT},
				      want6 = {.family = 6, .length = LENGTH_OR_NOT};
	struct prefix a4, a6;
	char place[CONF_PLACE];
	enum map_added added;
	struct map m;
	size_t other;
	bool ok;

	if (conf_is_addr(arg[0], 6) && conf_is_addr(arg[1], 4))
		return conf_error(r, "the IPv4 side comes first (did you mean `map %s %s`?)",
				  arg[1], arg[0]);
	ok = conf_parse_addr(r, arg[0], &want4, &a4);
	ok &= conf_parse_addr(r, arg[1], &want6, &a6);
	m = (struct map){{a4.addr4, a4.len}, {a6.addr6, a6.len}};
	if (!ok || !map_ok(r, arg, &m))
		return false;
	added = map_add(r->conf->maps, &m, &other);
	if (added != MAP_ADDED && r->in_pins && map_equal(map_at(r->conf->maps, other), &m))
		return false; /* the user has copied the pin into the configuration: drop it */
	if (added != MAP_ADDED)
		return conf_error(r, "%s is already mapped %s%s", arg[added == MAP_SAME6],
				  map_place(r, other, place, sizeof(place)),
				  r->in_pins ? " (unpin it, or remove one of the two lines)" : "");
	if (!r->in_map_file && !r->in_pins)
		r->conf->own_maps++;
	return true;
}

void conf_print_map(const struct conf_out *out)
{
	const struct conf *c = out->conf;
	size_t maps = out->expanded ? map_count(c->maps) : c->own_maps;
	char a[ADDR_TEXT], b[ADDR_TEXT];

	for (size_t i = out->from; i < maps && i - out->from < out->maps; i++) {
		const struct map *m = map_at(c->maps, i);

		conf_put(out, "%s %s",
			 m->p4.len == 32 ? addr_text4(a, m->p4.addr) : addr_text_prefix4(a, &m->p4),
			 m->p6.len == 128 ? addr_text6(b, &m->p6.addr)
					  : addr_text_prefix6(b, &m->p6));
	}
}

/* Makes the next messages refer to map I. */
static void point_to_map(struct conf_reader *r, size_t i)
{
	conf_point_at(r, "map", i);
	r->file = conf_place(r->conf, "map", i).file;
}

void conf_point_to_map(struct conf_reader *r, const struct map *m)
{
	point_to_map(r, map_index(r->conf->maps, m));
}

static void check_overlap(struct conf_reader *r, size_t i, size_t around)
{
	const struct map *in = map_at(r->conf->maps, i), *out = map_at(r->conf->maps, around);
	char a[ADDR_TEXT], b[ADDR_TEXT], place[CONF_PLACE];

	point_to_map(r, i);
	map_place(r, around, place, sizeof(place));
	if (in->p4.len > out->p4.len && addr_in4(in->p4.addr, &out->p4))
		conf_warn(r, "%s is inside %s %s (the longer prefix wins)",
			  addr_text_prefix4(a, &in->p4), addr_text_prefix4(b, &out->p4), place);
	else
		conf_warn(r, "%s is inside %s %s (the longer prefix wins)",
			  addr_text_prefix6(a, &in->p6), addr_text_prefix6(b, &out->p6), place);
}

/* Reports how many of the FOUND problems had no message. */
static void say_more(struct conf_reader *r, size_t found, const char *name, const char *what)
{
	if (found <= MAPS_SAID)
		return;
	conf_point(r, 0, name);
	conf_warn(r, "%zu more %s", found - MAPS_SAID, what);
}

static void check_overlaps(struct conf_reader *r)
{
	const struct map_table *t = r->conf->maps;
	size_t found = 0;

	for (size_t i = 0; i < map_count(t); i++) {
		long around = map_overlap(t, i);

		if (around >= 0 && found++ < MAPS_SAID)
			check_overlap(r, i, (size_t)around);
	}
	say_more(r, found, "map", "maps are inside another map");
}

static void check_link_local(struct conf_reader *r)
{
	const struct map_table *t = r->conf->maps;
	size_t found = 0;
	char text[ADDR_TEXT];

	for (size_t i = 0; i < map_count(t); i++) {
		const struct prefix4 *p = &map_at(t, i)->p4;

		if (!conf_is_link_local4(p) || found++ >= MAPS_SAID)
			continue;
		point_to_map(r, i);
		conf_warn(r, "%s " LINK_LOCAL, addr_text_prefix4(text, p));
	}
	say_more(r, found, "map", "maps are link-local");
}

static void check_prefix(struct conf_reader *r, size_t i)
{
	const struct map_table *t = r->conf->maps;
	const struct prefix6 *p = map_prefix_at(t, i);
	long around = map_around_prefix(t, i), other = map_prefix_overlap(t, i);
	char a[ADDR_TEXT], b[ADDR_TEXT], place[CONF_PLACE];

	conf_point_at(r, "prefix", i);
	addr_text_prefix6(a, p);
	if (around >= 0)
		conf_warn(
			r,
			"%s is inside map %s %s, which takes precedence: no IPv4 host is reachable "
			"through it (use a prefix outside the map)",
			a, addr_text_prefix6(b, &map_at(t, (size_t)around)->p6),
			map_place(r, (size_t)around, place, sizeof(place)));
	else
		conf_warn(r, "%s is inside %s on line %u (the longer prefix wins)", a,
			  addr_text_prefix6(b, map_prefix_at(t, (size_t)other)),
			  conf_line_of(r, "prefix", (size_t)other));
}

static void check_prefixes(struct conf_reader *r)
{
	const struct map_table *t = r->conf->maps;
	size_t found = 0;

	for (size_t i = 0; i < map_prefix_count(t); i++)
		if ((map_around_prefix(t, i) >= 0 || map_prefix_overlap(t, i) >= 0) &&
		    found++ < MAPS_SAID)
			check_prefix(r, i);
	say_more(r, found, "prefix", "prefixes are inside another prefix or a map");
}

/* Reports the first map that overlaps icmp-source-pool: an address would belong to both a host and
 * a router. */
static void check_icmp_source(struct conf_reader *r)
{
	const struct prefix4 *p = &r->conf->xlat.icmp_source;
	char text[ADDR_TEXT], place[CONF_PLACE];

	for (size_t i = 0; r->conf->xlat.has_icmp_source && i < map_count(r->conf->maps); i++) {
		const struct prefix4 *q = &map_at(r->conf->maps, i)->p4;

		if (!addr_in4(p->addr, q) && !addr_in4(q->addr, p))
			continue;
		conf_point_first(r, "icmp-source-pool");
		conf_error(r, "overlaps map %s %s (use addresses that no host has)",
			   addr_text_prefix4(text, q), map_place(r, i, place, sizeof(place)));
		return;
	}
}

void conf_check_maps(struct conf_reader *r)
{
	check_overlaps(r);
	check_link_local(r);
	check_prefixes(r);
	check_icmp_source(r);
}

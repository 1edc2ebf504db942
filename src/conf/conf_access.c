/* conf_access - the directives `allow` (IPv6 hosts that may use the translator) and `deny` (IPv4
 * addresses that no host can reach through it), and their consistency with the rest of the file. */
#include <stdlib.h>
#include <string.h>

#include "conf_text.h"
#include "lib/wire.h"

/* Adds a prefix with value N, its index in the order of the file, to a table of either family. */
static bool add(struct conf_reader *r, struct lpm **table, unsigned bits, const uint8_t *key,
		unsigned len, size_t n, uint32_t *there)
{
	if (!*table)
		*table = lpm_new(bits);
	if (!*table) {
		r->no_memory = true;
		return false;
	}
	*there = lpm_add(*table, key, len, (uint32_t)n);
	return *there == LPM_NONE;
}

static bool complain_twice(struct conf_reader *r, const char *s, uint32_t there)
{
	return !r->no_memory &&
	       conf_error(r, "%s is already on line %u", s, conf_line_of(r, r->row->name, there));
}

bool conf_set_allow(struct conf_reader *r, char **arg)
{
	struct conf *c = r->conf;
	struct prefix6 p, *array;
	uint32_t there;

	if (!conf_parse_hosts(r, arg[0], &p))
		return false;
	if (!add(r, &c->allow_table, 128, p.addr.b, p.len, c->allows, &there))
		return complain_twice(r, arg[0], there);
	array = conf_grow(r, c->allow, c->allows, sizeof(*array));
	if (!array)
		return false;
	c->allow = array;
	c->allow[c->allows++] = p;
	return true;
}

void conf_print_allow(const struct conf_out *out)
{
	char text[ADDR_TEXT];

	for (size_t i = 0; i < out->conf->allows; i++)
		conf_put(out, "%s", addr_text_prefix6(text, &out->conf->allow[i]));
}

bool conf_take_deny(struct conf_reader *r, const char *s, const struct prefix *a)
{
	struct conf *c = r->conf;
	uint32_t there;
	uint8_t key[4];

	put32(key, a->addr4);
	if (!add(r, &c->deny_table, 32, key, a->len, c->denies, &there))
		return complain_twice(r, s, there);
	return conf_append4(r, &c->deny, &c->denies, &(struct prefix4){a->addr4, a->len});
}

void conf_print_deny(const struct conf_out *out)
{
	char text[ADDR_TEXT];

	for (size_t i = 0; i < out->conf->denies; i++)
		conf_put(out, "%s", addr_text_prefix4(text, &out->conf->deny[i]));
}

static void seal(struct conf_reader *r, struct lpm *table)
{
	if (table && lpm_seal(table) < 0)
		r->no_memory = true;
}

static void warn_inside(struct conf_reader *r, const char *name, size_t i, uint32_t around,
			const char *inner, const char *outer)
{
	conf_point_at(r, name, i);
	conf_warn(r, "%s is inside %s on line %u (one of the two is enough)", inner, outer,
		  conf_line_of(r, name, around));
}

static void check_allows_apart(struct conf_reader *r)
{
	const struct conf *c = r->conf;
	char a[ADDR_TEXT], b[ADDR_TEXT];

	for (size_t i = 0; i < c->allows; i++) {
		const struct prefix6 *p = &c->allow[i];
		uint32_t around = lpm_find_shorter(c->allow_table, p->addr.b, p->len);

		if (around != LPM_NONE)
			warn_inside(r, "allow", i, around, addr_text_prefix6(a, p),
				    addr_text_prefix6(b, &c->allow[around]));
	}
}

static void check_denies_apart(struct conf_reader *r)
{
	const struct conf *c = r->conf;
	char a[ADDR_TEXT], b[ADDR_TEXT];
	uint8_t key[4];

	for (size_t i = 0; i < c->denies; i++) {
		const struct prefix4 *p = &c->deny[i];
		uint32_t around;

		put32(key, p->addr);
		around = lpm_find_shorter(c->deny_table, key, p->len);
		if (around != LPM_NONE)
			warn_inside(r, "deny", i, around, addr_text_prefix4(a, p),
				    addr_text_prefix4(b, &c->deny[around]));
	}
}

/* A set of networks that quickly finds whether a network overlaps one of them: TABLE finds a
 * network around it, and FIRST finds a network that begins inside it. */
struct nets {
	struct lpm *table;
	struct ip6 *first; /* first address of each, sorted */
	size_t n;
};

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct ip6));
}

/* Builds the set from N networks that are STRIDE bytes apart, beginning at FROM. */
static bool nets_new(struct nets *s, const struct prefix6 *from, size_t n, size_t stride)
{
	const char *at = (const char *)from;

	*s = (struct nets){lpm_new(128), calloc(n + 1, sizeof(*s->first)), n};
	if (!s->table || !s->first)
		return false;
	for (size_t i = 0; i < n; i++) {
		struct prefix6 p;

		memcpy(&p, at + i * stride, sizeof(p));
		s->first[i] = p.addr;
		lpm_add(s->table, p.addr.b, p.len, (uint32_t)i);
	}
	qsort(s->first, n, sizeof(*s->first), compare);
	return lpm_seal(s->table) == 0;
}

static void nets_free(struct nets *s)
{
	lpm_free(s->table);
	free(s->first);
}

static bool nets_share(const struct nets *s, const struct prefix6 *p)
{
	size_t low = 0, high = s->n;

	if (lpm_find(s->table, p->addr.b) != LPM_NONE)
		return true;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(&s->first[middle], &p->addr) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < s->n && addr_in6(&s->first[low], p);
}

/* Returns the prefix of the IPv4-translatable IPv6 addresses for P under PREFIX [6052-2.2]. */
static struct prefix6 embed(const struct prefix6 *prefix, const struct prefix4 *p)
{
	unsigned len = prefix->len + p->len;
	struct prefix6 out;

	if (prefix->len <= 64 && len > 64)
		len += 8; /* skip the u octet */
	addr_embed(&out.addr, prefix, p->addr);
	out.len = (uint8_t)len;
	return out;
}

/* Gets network I (from 0) of the translatable IPv4 networks; returns false if there are no more. */
static bool translatable_at(const struct conf *c, size_t i, struct prefix4 *p)
{
	if (c->xlat.translatable_all) {
		*p = (struct prefix4){0, 0};
		return i == 0;
	}
	if (i >= c->translatables)
		return false;
	*p = c->translatable[i];
	return true;
}

/* Builds the set of the IPv6 addresses of translatable hosts. */
static bool nets_translated(struct nets *s, const struct conf *c)
{
	size_t prefixes = map_prefix_count(c->maps),
	       most = c->xlat.translatable_all ? 1 : c->translatables;
	struct prefix6 *hosts = calloc(prefixes * most + 1, sizeof(*hosts));
	struct prefix4 p;
	size_t n = 0;
	bool ok;

	for (size_t i = 0; hosts && translatable_at(c, i, &p); i++)
		for (size_t k = 0; k < prefixes; k++)
			hosts[n++] = embed(map_prefix_at(c->maps, k), &p);
	ok = nets_new(s, hosts, n, sizeof(*hosts)) && hosts;
	free(hosts);
	return ok;
}

/* Warns about each `allow` whose hosts get neither a pool address nor a translation. */
static void check_allows_served(struct conf_reader *r, const struct nets *pools,
				const struct nets *translated)
{
	const struct conf *c = r->conf;
	char text[ADDR_TEXT];

	for (size_t i = 0; i < c->allows; i++) {
		const struct prefix6 *p = &c->allow[i];

		if (nets_share(pools, p) || nets_share(translated, p))
			continue;
		conf_point_at(r, "allow", i);
		conf_warn(r,
			  "no dynamic-pool serves hosts of %s, and none of them is translatable "
			  "(add `dynamic-pool IPV4/LENGTH from %s`, or remove this line: hosts "
			  "with a map need no allow)",
			  addr_text_prefix6(text, p), text);
	}
}

/* All lines of a pool have the same `from`, so only its first line, which is in the table, is
 * checked. */
static void check_pools_allowed(struct conf_reader *r, const struct nets *allowed,
				const struct nets *pools)
{
	const struct conf *c = r->conf;
	char text[ADDR_TEXT];

	for (size_t i = 0; i < c->pools; i++) {
		const struct prefix6 *from = &c->pool[i].from;

		if (nets_share(allowed, from) ||
		    lpm_find_shorter(pools->table, from->addr.b, from->len + 1u) != i)
			continue;
		conf_point_at(r, "dynamic-pool", i);
		addr_text_prefix6(text, from);
		conf_error(r,
			   "no allow line includes a host of %s (add `allow %s`, change from, or "
			   "remove this line)",
			   text, text);
	}
}

static bool is_translatable_allowed(const struct conf *c, const struct nets *allowed,
				    const struct prefix4 *p)
{
	for (size_t k = 0; k < map_prefix_count(c->maps); k++) {
		struct prefix6 q = embed(map_prefix_at(c->maps, k), p);

		if (nets_share(allowed, &q))
			return true;
	}
	return map_prefix_count(c->maps) == 0;
}

static void check_translatables_allowed(struct conf_reader *r, const struct nets *allowed)
{
	const struct conf *c = r->conf;
	char text[ADDR_TEXT], hosts[ADDR_TEXT];
	struct prefix4 p;
	struct prefix6 q;

	for (size_t i = 0; conf_first(r, "translatable") && translatable_at(c, i, &p); i++) {
		if (is_translatable_allowed(c, allowed, &p))
			continue;
		q = embed(map_prefix_at(c->maps, 0), &p);
		conf_point_at(r, "translatable", i);
		conf_warn(r,
			  "no allow line includes a host of %s, whose IPv6 address would be in %s "
			  "(add `allow %s`)",
			  addr_text_prefix4(text, &p), addr_text_prefix6(hosts, &q), hosts);
	}
}

/* If a line of a directive was rejected, the hosts that it would have covered are unknown. */
static bool is_whole(const struct conf_reader *r, const char *name)
{
	return !conf_seen(r->conf, name)->refused;
}

static void check_sense(struct conf_reader *r, const struct nets *allowed, const struct nets *pools)
{
	struct nets translated;

	check_pools_allowed(r, allowed, pools);
	if (!is_whole(r, "translatable"))
		return;
	check_translatables_allowed(r, allowed);
	if (!is_whole(r, "dynamic-pool"))
		return;
	if (nets_translated(&translated, r->conf))
		check_allows_served(r, pools, &translated);
	else
		r->no_memory = true;
	nets_free(&translated);
}

/* Checks `allow` against the pools and the translatable networks. */
static void check_rest(struct conf_reader *r)
{
	const struct conf *c = r->conf;
	const struct prefix6 *from = c->pool ? &c->pool->from : NULL;
	struct nets allowed, pools;
	bool ok = nets_new(&allowed, c->allow, c->allows, sizeof(*c->allow));

	ok = nets_new(&pools, from, c->pools, sizeof(*c->pool)) && ok;
	if (ok)
		check_sense(r, &allowed, &pools);
	r->no_memory |= !ok;
	nets_free(&allowed);
	nets_free(&pools);
}

void conf_check_access(struct conf_reader *r)
{
	struct conf *c = r->conf;

	seal(r, c->allow_table);
	seal(r, c->deny_table);
	c->xlat.allow = c->allow_table;
	c->xlat.deny = c->deny_table;
	if (r->no_memory)
		return;
	check_allows_apart(r);
	check_denies_apart(r);
	if (c->allows > 0 && is_whole(r, "allow") && is_whole(r, "prefix"))
		check_rest(r);
}

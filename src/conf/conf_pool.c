/* conf_pool - the directive `dynamic-pool`: its ranges of addresses, and the settings that its
 * lines share.
 *
 * Lines with the same `from` form one pool, even if some of them stand by: `promote` makes these a
 * part of it. */
#include <stdlib.h>

#include "conf_pool.h"
#include "lib/lpm.h"
#include "lib/wire.h"

/* While the file is being read, lease times and share are 0 if the line does not set them. */
static bool has_lease(const struct pool_conf *p)
{
	return p->guarantee > 0;
}

static bool has_share(const struct pool_conf *p)
{
	return p->share > 0;
}

static bool range_ok(struct conf_reader *r, const char *s, const struct prefix4 *p)
{
	if (p->len > 31)
		return conf_error(r,
				  "%s is too small: its first address is never leased (use for "
				  "example a /24)",
				  s);
	if (!conf_is_link_local4(p))
		return conf_check_pool4(r, s, p, "192.168.255.0/24");
	conf_warn(r, "%s " LINK_LOCAL, s);
	return true;
}

static bool set_range(struct conf_reader *r, const char *s, struct pool_conf *p)
{
	static const struct conf_want want = {.family = 4, .length = LENGTH_NEEDED, .example = 24};
	struct prefix a;

	if (conf_is_pool_word(s))
		return conf_error(r, "the address range comes before %s (dynamic-pool %s)", s,
				  r->row->syntax);
	if (!conf_parse_addr(r, s, &want, &a))
		return false;
	p->range = (struct prefix4){a.addr4, a.len};
	return range_ok(r, s, &p->range);
}

/* A share limits each network of one length inside `from`.  A network that contains all of `from`
 * is the only one, so a share for it has no use. */
static bool share_fits(struct conf_reader *r, const struct pool_conf *p)
{
	char text[ADDR_TEXT];

	if (!has_share(p) || p->share_len >= p->from.len)
		return true;
	return conf_error(
		r, "share %u: all hosts of %s are in one /%u (use a length of at least %u)",
		p->share_len, addr_text_prefix6(text, &p->from), p->share_len, p->from.len);
}

bool conf_set_dynamic_pool(struct conf_reader *r, char **arg)
{
	struct conf *c = r->conf;
	struct pool_conf p = {.share = 0}, *array;
	bool ok = set_range(r, arg[0], &p);

	if (!conf_is_pool_word(arg[0]))
		ok = conf_set_pool_words(r, arg + 1, &p) && ok;
	if (!ok || !share_fits(r, &p))
		return false;
	array = conf_grow(r, c->pool, c->pools, sizeof(*array));
	if (!array)
		return false;
	c->pool = array;
	c->pool[c->pools++] = p;
	return true;
}

void conf_print_dynamic_pool(const struct conf_out *out)
{
	char range[ADDR_TEXT], from[ADDR_TEXT], lease[CONF_LEASE_TEXT], share[CONF_SHARE_TEXT];

	for (size_t i = 0; i < out->conf->pools; i++) {
		const struct pool_conf *p = &out->conf->pool[i];
		bool plain = p->guarantee == POOL_GUARANTEE && p->keep == POOL_KEEP;

		conf_put(out, "%s%s%s%s%s%s%s%s", addr_text_prefix4(range, &p->range),
			 out->conf->role[i].word ? " standby" : "", p->from.len ? " from " : "",
			 p->from.len ? addr_text_prefix6(from, &p->from) : "", plain ? "" : " ",
			 plain ? "" : conf_lease_text(lease, p), p->share ? " " : "",
			 p->share ? conf_share_text(share, p) : "");
	}
}

/* The later of the two lines is reported as the error. */
static void complain_overlap(struct conf_reader *r, size_t i, size_t k)
{
	const struct pool_conf *pool = r->conf->pool;
	size_t first = i < k ? i : k, later = i < k ? k : i;
	char a[ADDR_TEXT], b[ADDR_TEXT];

	conf_point_at(r, "dynamic-pool", later);
	conf_error(r, "%s overlaps %s on line %u (remove one of them, or make one smaller)",
		   addr_text_prefix4(a, &pool[later].range),
		   addr_text_prefix4(b, &pool[first].range),
		   conf_line_of(r, "dynamic-pool", first));
}

static void complain_twice(struct conf_reader *r, size_t i, size_t first)
{
	char text[ADDR_TEXT];

	conf_point_at(r, "dynamic-pool", i);
	conf_error(r, "%s is already on line %u (remove one of the lines)",
		   addr_text_prefix4(text, &r->conf->pool[i].range),
		   conf_line_of(r, "dynamic-pool", first));
}

/* Checks that no two ranges overlap. */
static void check_apart(struct conf_reader *r, struct lpm *ranges)
{
	const struct conf *c = r->conf;
	uint32_t other;
	uint8_t key[4];

	for (size_t i = 0; i < c->pools; i++) {
		put32(key, c->pool[i].range.addr);
		other = lpm_add(ranges, key, c->pool[i].range.len, (uint32_t)i);
		if (other != LPM_NONE)
			complain_twice(r, i, other);
	}
	r->no_memory |= lpm_seal(ranges) < 0;
	for (size_t i = 0; i < c->pools && !r->no_memory; i++) {
		put32(key, c->pool[i].range.addr);
		other = lpm_find_shorter(ranges, key, c->pool[i].range.len);
		if (other != LPM_NONE)
			complain_overlap(r, i, other);
	}
}

#define NO_LINE SIZE_MAX

/* The state of a pool is stored in the element of its first line. */
struct group {
	size_t first;
	size_t lease, share; /* index of the line that sets it, or NO_LINE */
	uint64_t addresses;  /* for hosts: all except the first one of each range */
};

static bool same_lease(const struct pool_conf *a, const struct pool_conf *b)
{
	return a->guarantee == b->guarantee && a->keep == b->keep;
}

static bool same_share(const struct pool_conf *a, const struct pool_conf *b)
{
	return a->share_len == b->share_len && a->share == b->share;
}

static void complain_differs(struct conf_reader *r, size_t i, const char *says, size_t k,
			     const char *other)
{
	conf_point_at(r, "dynamic-pool", i);
	conf_error(
		r,
		"%s, but line %u says %s (lines with the same `from` form one pool: set it on one "
		"line, or the same on each)",
		says, conf_line_of(r, "dynamic-pool", k), other);
}

static void add_lease(struct conf_reader *r, struct group *g, size_t i)
{
	const struct pool_conf *pool = r->conf->pool;
	char a[CONF_LEASE_TEXT], b[CONF_LEASE_TEXT];

	if (g->lease == NO_LINE)
		g->lease = i;
	else if (!same_lease(&pool[i], &pool[g->lease]))
		complain_differs(r, i, conf_lease_text(a, &pool[i]), g->lease,
				 conf_lease_text(b, &pool[g->lease]));
}

static void add_share(struct conf_reader *r, struct group *g, size_t i)
{
	const struct pool_conf *pool = r->conf->pool;
	char a[CONF_SHARE_TEXT], b[CONF_SHARE_TEXT];

	if (g->share == NO_LINE)
		g->share = i;
	else if (!same_share(&pool[i], &pool[g->share]))
		complain_differs(r, i, conf_share_text(a, &pool[i]), g->share,
				 conf_share_text(b, &pool[g->share]));
}

static void add_line(struct conf_reader *r, struct group *group, struct lpm *froms, size_t i)
{
	const struct pool_conf *p = &r->conf->pool[i];
	uint32_t first = lpm_add(froms, p->from.addr.b, p->from.len, (uint32_t)i);
	struct group *g = &group[first == LPM_NONE ? i : first];

	group[i] = (struct group){(size_t)(g - group), NO_LINE, NO_LINE, 0};
	g->addresses += ~addr_mask4(p->range.len);
	if (has_lease(p))
		add_lease(r, g, i);
	if (has_share(p))
		add_share(r, g, i);
}

static void check_share(struct conf_reader *r, const struct group *g)
{
	const struct pool_conf *p;

	if (g->share == NO_LINE || r->conf->pool[g->share].share <= g->addresses)
		return;
	p = &r->conf->pool[g->share];
	conf_point_at(r, "dynamic-pool", g->share);
	conf_error(
		r,
		"share %u %u: the pool has only %llu addresses for hosts (use a smaller number, or "
		"remove share)",
		p->share_len, p->share, (unsigned long long)g->addresses);
}

/* A source address inside a translation prefix means an IPv4 host, which gets no lease. */
static void check_from(struct conf_reader *r, size_t i)
{
	const struct map_table *maps = r->conf->maps;
	const struct prefix6 *from = &r->conf->pool[i].from;
	char a[ADDR_TEXT], b[ADDR_TEXT];

	for (size_t k = 0; k < map_prefix_count(maps); k++) {
		const struct prefix6 *p = map_prefix_at(maps, k);

		if (from->len < p->len || !addr_in6(&from->addr, p))
			continue;
		conf_point_at(r, "dynamic-pool", i);
		conf_error(r,
			   "hosts of %s get no lease: prefix %s on line %u makes them IPv4 hosts "
			   "(use the network that your hosts are in)",
			   addr_text_prefix6(a, from), addr_text_prefix6(b, p),
			   conf_line_of(r, "prefix", k));
		return;
	}
}

/* Copies the settings that any line of the pool makes to line I. */
static void complete(struct conf *c, const struct group *g, size_t i)
{
	const struct pool_conf plain = pool_plain(c->pool[i].range);
	const struct pool_conf *lease = g->lease == NO_LINE ? &plain : &c->pool[g->lease];
	const struct pool_conf *share = g->share == NO_LINE ? &plain : &c->pool[g->share];

	c->pool[i].guarantee = lease->guarantee;
	c->pool[i].keep = lease->keep;
	c->pool[i].share_len = share->share_len;
	c->pool[i].share = share->share;
}

/* After a rejected line the size of its pool is unknown, so the shares are not checked. */
static void check_groups(struct conf_reader *r, struct group *group, struct lpm *froms)
{
	struct conf *c = r->conf;

	for (size_t i = 0; i < c->pools; i++)
		add_line(r, group, froms, i);
	for (size_t i = 0; i < c->pools && !conf_seen(c, "dynamic-pool")->refused; i++)
		check_share(r, &group[i]);
	for (size_t i = 0; i < c->pools; i++)
		check_from(r, i);
	for (size_t i = 0; i < c->pools; i++)
		complete(c, &group[group[i].first], i);
}

void conf_check_pools(struct conf_reader *r)
{
	size_t n = r->conf->pools;
	struct lpm *ranges = n ? lpm_new(32) : NULL, *froms = n ? lpm_new(128) : NULL;
	struct group *group = n ? calloc(n, sizeof(*group)) : NULL;

	if (ranges && froms && group) {
		check_apart(r, ranges);
		check_groups(r, group, froms);
	}
	r->no_memory |= n && (!ranges || !froms || !group || lpm_seal(froms) < 0);
	lpm_free(ranges);
	lpm_free(froms);
	free(group);
}

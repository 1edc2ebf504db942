/* conf_pool - dynamic pools: which ranges of addresses are one, and what each of its lines holds
 * for all.
 *
 * Lines with the same `from' are one pool. */
#include "conf_pool.h"

/* Until the end of the file the times and the share of a range are 0 if its own line has none. */
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
		return conf_error(
			r,
			"%s has no room: its first address is never given away (for example a /24)",
			s);
	if (!conf_is_link_local4(p))
		return conf_check_pool4(r, s, p, "192.168.255.0/24");
	conf_warn(r, "%s " LINK_LOCAL, s);
	return true;
}

/* Is P apart from every other pool? */
static bool range_apart(struct conf_reader *r, const char *s, const struct prefix4 *p)
{
	char text[ADDR_TEXT];

	for (size_t i = 0; i < r->conf->pools; i++) {
		const struct prefix4 *q = &r->conf->pool[i].range;

		if (!addr_in4(p->addr, q) && !addr_in4(q->addr, p))
			continue;
		if (p->addr == q->addr && p->len == q->len)
			return conf_error(r, "%s is there already, in line %u", s,
					  conf_line_of(r, "dynamic-pool", i));
		return conf_error(r, "%s overlaps %s in line %u (leave one of them out)", s,
				  addr_text_prefix4(text, q), conf_line_of(r, "dynamic-pool", i));
	}
	return true;
}

static bool set_range(struct conf_reader *r, const char *s, struct pool_conf *p)
{
	static const struct conf_want want = {.family = 4, .length = LENGTH_NEEDED, .example = 24};
	struct prefix a;

	if (conf_is_pool_word(s))
		return conf_error(r, "the addresses come before %s (dynamic-pool %s)", s,
				  r->row->syntax);
	if (!conf_parse_addr(r, s, &want, &a))
		return false;
	p->range = (struct prefix4){a.addr4, a.len};
	return range_ok(r, s, &p->range) && range_apart(r, s, &p->range);
}

/* A share of a network that holds all hosts of the pool is no share. */
static bool share_fits(struct conf_reader *r, const struct pool_conf *p)
{
	char text[ADDR_TEXT];

	if (!has_share(p) || p->share_len >= p->from.len)
		return true;
	return conf_error(
		r, "share %u: all hosts of %s are of one /%u (take a length of at least %u)",
		p->share_len, addr_text_prefix6(text, &p->from), p->share_len, p->from.len);
}

static bool same_lease(const struct pool_conf *a, const struct pool_conf *b)
{
	return a->guarantee == b->guarantee && a->keep == b->keep;
}

static bool same_share(const struct pool_conf *a, const struct pool_conf *b)
{
	return a->share_len == b->share_len && a->share == b->share;
}

#define DIFFERS                                                                              \
	"%s, but line %u says %s (lines with the same `from` are one pool: say it once, or " \
	"alike)"

/* Does line number I, which is of the same pool, say the same as P? */
static bool agrees(struct conf_reader *r, const struct pool_conf *p, size_t i)
{
	const struct pool_conf *q = &r->conf->pool[i];
	unsigned line = conf_line_of(r, "dynamic-pool", i);
	char a[CONF_LEASE_TEXT], b[CONF_LEASE_TEXT], x[CONF_SHARE_TEXT], y[CONF_SHARE_TEXT];
	bool ok = true;

	if (has_lease(p) && has_lease(q) && !same_lease(p, q))
		ok = conf_error(r, DIFFERS, conf_lease_text(a, p), line, conf_lease_text(b, q));
	if (has_share(p) && has_share(q) && !same_share(p, q))
		ok = conf_error(r, DIFFERS, conf_share_text(x, p), line, conf_share_text(y, q));
	return ok;
}

/* The first line of the pool of P that says what HAS asks for, before number N; N: none. */
static size_t first_with(const struct conf *c, const struct pool_conf *p, size_t n,
			 bool (*has)(const struct pool_conf *))
{
	size_t i = 0;

	while (i < n && !(prefix6_equal(&c->pool[i].from, &p->from) && has(&c->pool[i])))
		i++;
	return i;
}

static bool all_agree(struct conf_reader *r, const struct pool_conf *p)
{
	const struct conf *c = r->conf;
	size_t lease = first_with(c, p, c->pools, has_lease);
	size_t share = first_with(c, p, c->pools, has_share);
	bool ok = lease == c->pools || agrees(r, p, lease);

	return (share == c->pools || share == lease || agrees(r, p, share)) && ok;
}

bool conf_set_dynamic_pool(struct conf_reader *r, char **arg)
{
	struct conf *c = r->conf;
	struct pool_conf p = {.share = 0}, *array;
	bool ok = set_range(r, arg[0], &p);

	if (!conf_is_pool_word(arg[0]))
		ok = conf_set_pool_words(r, arg + 1, &p) && ok;
	if (!ok || !share_fits(r, &p) || !all_agree(r, &p))
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

		conf_put(out, "%s%s%s%s%s%s%s", addr_text_prefix4(range, &p->range),
			 p->from.len ? " from " : "",
			 p->from.len ? addr_text_prefix6(from, &p->from) : "", plain ? "" : " ",
			 plain ? "" : conf_lease_text(lease, p), p->share ? " " : "",
			 p->share ? conf_share_text(share, p) : "");
	}
}

/* The addresses of the pool of P that a host can have: all but the first one of each range. */
static uint64_t count_addresses(const struct conf *c, const struct pool_conf *p)
{
	uint64_t n = 0;

	for (size_t i = 0; i < c->pools; i++)
		if (prefix6_equal(&c->pool[i].from, &p->from))
			n += ~addr_mask4(c->pool[i].range.len);
	return n;
}

/* Line number I is the one that says the share of its pool. */
static void check_share(struct conf_reader *r, size_t i)
{
	const struct pool_conf *p = &r->conf->pool[i];
	uint64_t n = count_addresses(r->conf, p);

	if (p->share <= n)
		return;
	conf_point_at(r, "dynamic-pool", i);
	conf_error(
		r,
		"share %u %u: hosts can have at most %llu of the pool's addresses (take less, or "
		"leave share out)",
		p->share_len, p->share, (unsigned long long)n);
}

/* Whatever any line of the pool says holds for line number I as well: first_with() finds the same
 * one for each, completed or not. */
static void complete(struct conf *c, size_t i)
{
	struct pool_conf *p = &c->pool[i];
	size_t lease = first_with(c, p, c->pools, has_lease);
	size_t share = first_with(c, p, c->pools, has_share);

	p->guarantee = lease < c->pools ? c->pool[lease].guarantee : POOL_GUARANTEE;
	p->keep = lease < c->pools ? c->pool[lease].keep : POOL_KEEP;
	if (share == c->pools)
		return;
	p->share_len = c->pool[share].share_len;
	p->share = c->pool[share].share;
}

/* What a line that was refused would have added is not known. */
void conf_check_pools(struct conf_reader *r)
{
	struct conf *c = r->conf;

	for (size_t i = 0; i < c->pools && !conf_seen(c, "dynamic-pool")->refused; i++)
		if (first_with(c, &c->pool[i], i + 1, has_share) == i)
			check_share(r, i);
	for (size_t i = 0; i < c->pools; i++)
		complete(c, i);
}

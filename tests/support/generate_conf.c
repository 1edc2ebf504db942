/* generate_conf - random configurations. */
#include "generate_impl.h"

#include <string.h>

static void clean(uint8_t *a, unsigned bits, unsigned len)
{
	for (unsigned i = len; i < bits; i++)
		a[i / 8] &= (uint8_t) ~(1u << (7 - i % 8));
}

static uint32_t clean4(uint32_t a, unsigned len)
{
	return len ? a >> (32 - len) << (32 - len) : 0;
}

static struct prefix6 random_prefix(void)
{
	static const uint8_t lens[] = {32, 40, 48, 56, 64, 96};
	struct prefix6 p = {{{0x20, 0x01, 0x0d, 0xb8}}, 0};

	p.len = PICK(lens);
	generate_fill(p.addr.b + 4, 8);
	if (percent(40)) { /* short prefixes that contain others */
		p.addr.b[4] = 0;
		p.addr.b[5] = (uint8_t)generate_below(2);
	}
	p.addr.b[8] = 0;
	clean(p.addr.b, 128, p.len);
	return p;
}

static bool has_prefix(const struct model *m, const struct prefix6 *p)
{
	for (unsigned i = 0; i < m->prefixes; i++)
		if (m->prefix[i].len == p->len && model_same6(&m->prefix[i].addr, &p->addr))
			return true;
	return false;
}

static void generate_prefixes(struct model *m)
{
	static const struct prefix6 wkp = {{{0x00, 0x64, 0xff, 0x9b}}, 96};
	static const struct prefix6 local = {{{0x00, 0x64, 0xff, 0x9b, 0, 1}}, 48}; /* [8215] */
	static const uint8_t counts[] = {0, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 4};
	unsigned n = PICK(counts);

	for (m->prefixes = 0; m->prefixes < n;) {
		struct prefix6 p = percent(40) ? wkp : percent(15) ? local : random_prefix();

		if (!has_prefix(m, &p))
			m->prefix[m->prefixes++] = p;
	}
}

static const uint32_t nets4[] = {
	0xcb007100, /* 203.0.113.0 */
	0x08080800, /* 8.8.8.0 */
	0x0a010200, /* 10.1.2.0 */
	0xc0a8ff00, /* 192.168.255.0 */
	0x5db8d800, /* 93.184.216.0 */
};

static struct map random_map(const struct model *m)
{
	struct map e = {{0, 0}, {{{0x20, 0x01, 0x0d, 0xb8, 0xff}}, 0}};
	unsigned least;

	e.p4.len = (uint8_t)(percent(70) ? 24 + generate_below(9) : generate_below(33));
	e.p4.addr = clean4(PICK(nets4) + generate_below(256), e.p4.len);
	generate_fill(e.p6.addr.b + 5, 11);
	if (m->maps && percent(40)) { /* inside or around another map */
		const struct map *o = &m->map[generate_below(m->maps)];

		e.p6.addr = o->p6.addr;
		e.p4.addr = clean4(o->p4.addr | generate_below(4), e.p4.len);
		e.p6.addr.b[15] |= (uint8_t)generate_below(4);
	} else if (m->prefixes && percent(20)) { /* inside a translation prefix */
		model_embed(&m->prefix[generate_below(m->prefixes)], e.p4.addr, &e.p6.addr);
	}
	least = percent(50) ? 0 : generate_below(97);
	e.p6.len = (uint8_t)(96 + e.p4.len - (least > 64 ? least - 64 : 0));
	if (percent(20))
		e.p6.len = (uint8_t)(40 + generate_below(e.p6.len - 39u));
	clean(e.p6.addr.b, 128, e.p6.len);
	return e;
}

static bool map_fits(const struct model *m, const struct map *e)
{
	for (unsigned i = 0; i < m->maps; i++) {
		const struct map *o = &m->map[i];

		if (o->p4.len == e->p4.len && o->p4.addr == e->p4.addr)
			return false;
		if (o->p6.len == e->p6.len && model_same6(&o->p6.addr, &e->p6.addr))
			return false;
	}
	return e->p6.len <= 96u + e->p4.len;
}

static void generate_maps(struct model *m)
{
	unsigned n = percent(30) ? 0 : generate_below(MODEL_MAPS + 1);

	m->maps = 0;
	for (unsigned i = 0; i < n; i++) {
		struct map e = random_map(m);

		if (map_fits(m, &e))
			m->map[m->maps++] = e;
	}
}

static void generate_pools(struct model *m)
{
	m->pools = percent(60);
	m->pool[0].len = (uint8_t)(27 + generate_below(5));
	m->pool[0].addr =
		clean4(percent(50) ? 0xc0a8ff00 + generate_below(64) : 0x0a090800, m->pool[0].len);
	if (!m->pools || percent(70))
		return;
	m->pools = 2;
	m->pool[1] = (struct prefix4){0x2d100000 + 8 * generate_below(4), 29};
}

static void generate_own(struct model *m, struct xlat_conf *c)
{
	c->own4 = percent(50) && m->pools ? m->pool[0].addr + 1 : 0xc0000201;
	c->own6 = (struct ip6){{0x20, 0x01, 0x0d, 0xb8, 0x10, [15] = 0x64}};
	if (m->prefixes && percent(30))
		model_embed(&m->prefix[0], c->own4, &c->own6);
}

static unsigned random_mtu(void)
{
	static const unsigned usual[] = {1280, 1280, 1281, 1287, 1288, 1300, 1400, 1472,
					 1480, 1492, 1500, 1500, 1500, 4000, 9000};

	return percent(80) ? PICK(usual) : 1280 + generate_below(7721);
}

static void generate_options(const struct model *m, struct xlat_conf *c)
{
	c->wkpf_strict = percent(60);
	c->udp_zero = percent(60) ? UDP_ZERO_CALC : percent(50) ? UDP_ZERO_FWD : UDP_ZERO_DROP;
	c->tos_ignore_4to6 = percent(25);
	c->tos_ignore_6to4 = percent(25);
	c->icmp_errors = percent(60)   ? ICMP_ERRORS_LIMIT
			 : percent(80) ? ICMP_ERRORS_SEND
				       : ICMP_ERRORS_NEVER;
	c->has_icmp_source = percent(30);
	c->icmp_source.len = (uint8_t)(24 + generate_below(9));
	c->icmp_source.addr = clean4(0x0a141e00 + generate_below(256), c->icmp_source.len);
	if (m->pools && percent(20)) /* a part of the pool */
		c->icmp_source = (struct prefix4){m->pool[0].addr + (1u << (31 - m->pool[0].len)),
						  (uint8_t)(m->pool[0].len + 1)};
	c->node_id = percent(20);
	c->mss_clamp = percent(50)   ? MSS_OFF
		       : percent(60) ? MSS_AUTO
				     : (int)(500 + generate_below(1000));
}

static void generate_translatable(struct model *m)
{
	m->all_translatable = percent(40);
	if (m->all_translatable || percent(50))
		return;
	m->translatable.len = (uint8_t)(8 + generate_below(25));
	m->translatable.addr = clean4(generate_any4(m), m->translatable.len);
}

static bool has_route(const struct model *m, const struct prefix6 *p)
{
	for (unsigned i = 0; i < m->routes; i++)
		if (m->route[i].len == p->len && model_same6(&m->route[i].addr, &p->addr))
			return true;
	return false;
}

/* Routes for whole prefixes and maps, for parts of them, and the default route. */
static void generate_routes(struct model *m)
{
	unsigned n = percent(50) ? 0 : generate_below(MODEL_ROUTES + 1);

	for (unsigned i = 0; i < n; i++) {
		struct prefix6 p = {{{0}}, 0};

		if (m->prefixes && percent(70))
			p = m->prefix[generate_below(m->prefixes)];
		else if (m->maps && percent(70))
			p = m->map[generate_below(m->maps)].p6;
		if (m->prefixes && percent(20)) {
			p.addr = generate_embedded(m, generate_any4(m));
			p.len = (uint8_t)(100 + generate_below(29));
			clean(p.addr.b, 128, p.len);
		}
		if (has_route(m, &p))
			continue;
		m->routed_here[m->routes] = percent(60);
		m->route[m->routes++] = p;
	}
}

/* Some of the hosts that need a lease, some inside a prefix, or all. */
static struct prefix6 random_allow(const struct model *m)
{
	struct prefix6 p = {generate_host6(m), 0};

	if (percent(10))
		p.len = 0;
	else if (percent(60))
		p.len = (uint8_t)(122 + generate_below(7));
	else {
		p.addr = generate_embedded(m, generate_any4(m));
		p.len = (uint8_t)(32 + generate_below(97));
	}
	clean(p.addr.b, 128, p.len);
	return p;
}

static void generate_allow(struct model *m)
{
	unsigned n = percent(60) ? 0 : 1 + generate_below(MODEL_NETS);

	for (unsigned i = 0; i < n; i++) {
		struct prefix6 p = random_allow(m);

		if (i == 0 || p.len != m->allow[0].len || !model_same6(&p.addr, &m->allow[0].addr))
			m->allow[m->allows++] = p;
	}
}

/* Pools for all hosts, for some, two lines that form one pool, or one for some of another's
 * hosts. */
static void generate_from(struct model *m)
{
	for (unsigned i = 0; i < m->pools; i++)
		if (percent(40))
			m->from[i] = random_allow(m);
	if (percent(30))
		m->from[1] = m->from[0];
}

static void generate_deny(struct model *m)
{
	unsigned n = percent(70) ? 0 : 1 + generate_below(MODEL_NETS);

	for (unsigned i = 0; i < n; i++) {
		struct prefix4 p = {0, (uint8_t)(percent(90) ? 12 + generate_below(21) : 0)};

		p.addr = clean4(generate_any4(m), p.len);
		if (i == 0 || p.len != m->deny[0].len || p.addr != m->deny[0].addr)
			m->deny[m->denies++] = p;
	}
}

void generate_conf(struct model *m, struct xlat_conf *c)
{
	memset(m, 0, sizeof(*m));
	memset(c, 0, sizeof(*c));
	m->conf = c;
	generate_prefixes(m);
	generate_maps(m);
	generate_pools(m);
	generate_own(m, c);
	generate_options(m, c);
	m->mtu = random_mtu();
	m->rate_zero = percent(15);
	c->offlink_mtu = percent(70) ? 1280 : random_mtu();
	generate_translatable(m);
	generate_routes(m);
	generate_allow(m);
	generate_deny(m);
	generate_from(m);
}

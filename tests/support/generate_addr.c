/* generate_addr - random addresses, most of which occur in the configuration. */
#include "generate_impl.h"

static uint32_t odd4(void)
{
	static const uint32_t odd[] = {
		0x00000000, 0x00010203, 0x7f000001, 0xa9fe0101, 0xe0000001, 0xe00000fb, 0xeffffffa,
		0xe8010101, 0xffffffff, 0xf0000001, 0xc0000009, 0xc0586301, 0xc0000008, 0x64400001,
	};

	return PICK(odd);
}

/* Near the first or last address of a special block. */
static uint32_t edge4(void)
{
	static const uint32_t edges[] = {
		0x00ffffff, 0x0affffff, 0x643fffff, 0x647fffff, 0x7effffff, 0x7fffffff, 0xa9fdffff,
		0xa9feffff, 0xac0fffff, 0xac1fffff, 0xc0000008, 0xc000000a, 0xc00000ff, 0xc00001ff,
		0xc00002ff, 0xc05862ff, 0xc05863ff, 0xc0a7ffff, 0xc0a8ffff, 0xc611ffff, 0xc613ffff,
		0xc63363ff, 0xc63364ff, 0xcb0070ff, 0xcb0071ff, 0xdfffffff, 0xefffffff, 0xfffffffe,
	};

	return PICK(edges) + generate_below(2);
}

uint32_t generate_world4(void)
{
	static const uint32_t some[] = {0x08080808, 0x01010101, 0xc6336407,
					0x5db8d822, 0x0a050505, 0xac100001};

	if (percent(60))
		return PICK(some);
	return percent(20) ? edge4() : generate_next();
}

/* Returns the IPv4 address of a host on the IPv6 side. */
uint32_t generate_host4(const struct model *m)
{
	unsigned what = generate_below(4);

	if (m->maps && what < 2) {
		const struct prefix4 *p = &m->map[generate_below(m->maps)].p4;

		return p->len == 32 ? p->addr : p->addr | generate_next() >> p->len;
	}
	if (m->leases && what == 2)
		return m->lease[generate_below(m->leases)].addr;
	if (m->pools && what == 3) {
		const struct prefix4 *p = &m->pool[generate_below(m->pools)];

		return p->addr + generate_below(1u << (32 - p->len));
	}
	return generate_world4();
}

uint32_t generate_any4(const struct model *m)
{
	unsigned what = generate_below(100);

	if (what < 3)
		return odd4();
	if (what < 6)
		return m->conf->own4;
	if (what < 8)
		return m->conf->icmp_source.addr | generate_next() >> m->conf->icmp_source.len % 32;
	return what < 40 ? generate_host4(m) : generate_world4();
}

static struct ip6 odd6(void)
{
	static const struct ip6 odd[] = {
		{{0}},
		{{[15] = 1}},
		{{0xfe, 0x80, [15] = 1}},
		{{0xff, 0x02, [15] = 2}},
		{{0xff, 0x0e, [15] = 2}},
		{{[10] = 0xff, [11] = 0xff, [12] = 8, [15] = 8}},
		{{0x20, 0x01, 0x0d, 0xb8, 0xee, [15] = 2}},
		{{0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 1, [12] = 8, [15] = 8}},
	};

	return PICK(odd);
}

struct ip6 generate_embedded(const struct model *m, uint32_t a)
{
	struct ip6 r = odd6();
	const struct prefix6 *p;

	if (m->prefixes == 0)
		return r;
	p = &m->prefix[generate_below(m->prefixes)];
	model_embed(p, a, &r);
	if (percent(10)) /* the translator ignores u octet and suffix */
		r.b[p->len == 96 ? 4 : 8] = (uint8_t)generate_next();
	if (p->len <= 64 && percent(20))
		r.b[15] = (uint8_t)generate_next();
	return r;
}

/* Returns a host on the IPv6 side. */
struct ip6 generate_host6(const struct model *m)
{
	struct ip6 a = {{0x20, 0x01, 0x0d, 0xb8, 0x77}};
	unsigned what = generate_below(4);

	if (m->maps && what < 2) {
		const struct map *e = &m->map[generate_below(m->maps)];

		generate_fill(a.b, 16);
		for (unsigned i = 0; i < e->p6.len; i++) {
			uint8_t one = (uint8_t)(1u << (7 - i % 8));

			a.b[i / 8] = (uint8_t)((a.b[i / 8] & ~one) | (e->p6.addr.b[i / 8] & one));
		}
		return a;
	}
	if (m->leases && what == 2)
		return m->lease[generate_below(m->leases)].host;
	a.b[15] = (uint8_t)generate_below(GENERATE_HOSTS);
	a.b[5] = percent(20); /* another /48, another /64 */
	a.b[7] = percent(20);
	return a;
}

struct ip6 generate_any6(const struct model *m)
{
	unsigned what = generate_below(100);

	if (what < 4)
		return odd6();
	if (what < 7)
		return m->conf->own6;
	return what < 60 ? generate_host6(m) : generate_embedded(m, generate_any4(m));
}

/* model_addr - addresses bit by bit, and linear searches of lists [6052, 7757]. */
#include "model.h"

#include <string.h>

static bool bit(const uint8_t *a, unsigned i)
{
	return a[i / 8] >> (7 - i % 8) & 1;
}

static void set_bit(uint8_t *a, unsigned i, bool on)
{
	uint8_t one = (uint8_t)(1u << (7 - i % 8));

	a[i / 8] = (uint8_t)(on ? a[i / 8] | one : a[i / 8] & ~one);
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (bit(a, i) != bit(b, i))
			return false;
	return true;
}

bool model_holds4(const struct prefix4 *p, uint32_t a)
{
	uint8_t x[4], y[4];

	model_put32(x, p->addr);
	model_put32(y, a);
	return same_bits(x, y, p->len);
}

bool model_holds6(const struct prefix6 *p, const struct ip6 *a)
{
	return same_bits(p->addr.b, a->b, p->len);
}

bool model_same6(const struct ip6 *a, const struct ip6 *b)
{
	return same_bits(a->b, b->b, 128);
}

/* --- classes of addresses -------------------------------------------------------------------- */

struct net {
	uint8_t a, b, c, d, len;
};

static bool in_nets(uint32_t a, const struct net *n, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct prefix4 p = {(uint32_t)n[i].a << 24 | (uint32_t)n[i].b << 16 |
					    (uint32_t)n[i].c << 8 | n[i].d,
				    n[i].len};

		if (model_holds4(&p, a))
			return true;
	}
	return false;
}

#define IN(a, table) in_nets(a, table, sizeof(table) / sizeof(*(table)))

bool model_names4(const struct model *m, uint32_t a)
{
	for (unsigned i = 0; i < m->pools; i++)
		if (model_holds4(&m->pool[i], a))
			return true;
	return model_find_map4(m, a) != NULL;
}

static bool means_link_local(const struct model *m, uint32_t a)
{
	const struct map *e = model_find_map4(m, a);

	for (unsigned i = 0; i < m->pools; i++)
		if (model_holds4(&m->pool[i], a))
			return true;
	return (m->conf && a == m->conf->own4) || (e && e->p4.len >= 16);
}

bool model_passes4(const struct model *m, uint32_t a)
{
	static const struct net never[] = {
		{0, 0, 0, 0, 8},   {127, 0, 0, 0, 8},        {169, 254, 0, 0, 16},
		{224, 0, 0, 0, 4}, {255, 255, 255, 255, 32},
	};

	return !IN(a, never) || (a >> 16 == 0xa9fe && means_link_local(m, a));
}

/* The rows "Globally Reachable: False" of the IANA registry, plus multicast and 240/4. */
bool model_is_global(uint32_t a)
{
	static const struct net exceptions[] = {{192, 0, 0, 9, 32}, {192, 0, 0, 10, 32}};
	static const struct net local[] = {
		{0, 0, 0, 0, 8},      {10, 0, 0, 0, 8},     {100, 64, 0, 0, 10},
		{127, 0, 0, 0, 8},    {169, 254, 0, 0, 16}, {172, 16, 0, 0, 12},
		{192, 0, 0, 0, 24},   {192, 0, 2, 0, 24},   {192, 88, 99, 0, 24},
		{192, 168, 0, 0, 16}, {198, 18, 0, 0, 15},  {198, 51, 100, 0, 24},
		{203, 0, 113, 0, 24}, {224, 0, 0, 0, 4},    {240, 0, 0, 0, 4},
	};

	return IN(a, exceptions) || !IN(a, local);
}

bool model_passes6(const struct ip6 *a)
{
	static const struct prefix6 never[] = {
		{{{0}}, 128},                       /* :: */
		{{{[15] = 1}}, 128},                /* ::1 */
		{{{0xfe, 0x80}}, 10},               /* fe80::/10 */
		{{{0xff}}, 8},                      /* ff00::/8 */
		{{{[10] = 0xff, [11] = 0xff}}, 96}, /* ::ffff:0:0/96 */
	};

	for (unsigned i = 0; i < 5; i++)
		if (model_holds6(&never[i], a))
			return false;
	return true;
}

/* --- prefixes and maps ----------------------------------------------------------------------- */

/* Returns the position of bit I of an IPv4 address after a prefix of LEN bits [6052-2.2]; skips
 * bits 64 to 71. */
static unsigned place(unsigned len, unsigned i)
{
	unsigned at = len + i;

	return len <= 64 && at >= 64 ? at + 8 : at;
}

void model_embed(const struct prefix6 *p, uint32_t a, struct ip6 *out)
{
	uint8_t x[4];

	model_put32(x, a);
	*out = p->addr;
	for (unsigned i = 0; i < 32; i++)
		set_bit(out->b, place(p->len, i), bit(x, i));
}

uint32_t model_extract(const struct prefix6 *p, const struct ip6 *a)
{
	uint8_t x[4] = {0};

	for (unsigned i = 0; i < 32; i++)
		set_bit(x, i, bit(a->b, place(p->len, i)));
	return model_get32(x);
}

/* [6052-3.1] */
bool model_may_carry(const struct model *m, unsigned prefix, uint32_t a)
{
	static const struct ip6 wkp = {{0x00, 0x64, 0xff, 0x9b}};
	const struct prefix6 *p = &m->prefix[prefix];

	if (!m->conf->wkpf_strict || p->len != 96 || !model_same6(&p->addr, &wkp))
		return true;
	return model_is_global(a);
}

const struct map *model_find_map4(const struct model *m, uint32_t a)
{
	const struct map *best = NULL;

	for (unsigned i = 0; i < m->maps; i++)
		if (model_holds4(&m->map[i].p4, a) && (!best || m->map[i].p4.len > best->p4.len))
			best = &m->map[i];
	return best;
}

const struct map *model_find_map6(const struct model *m, const struct ip6 *a)
{
	const struct map *best = NULL;

	for (unsigned i = 0; i < m->maps; i++)
		if (model_holds6(&m->map[i].p6, a) && (!best || m->map[i].p6.len > best->p6.len))
			best = &m->map[i];
	return best;
}

/* Returns the index of the longest prefix that contains A, or -1. */
int model_find_prefix(const struct model *m, const struct ip6 *a)
{
	int best = -1;

	for (unsigned i = 0; i < m->prefixes; i++)
		if (model_holds6(&m->prefix[i], a) &&
		    (best < 0 || m->prefix[i].len > m->prefix[best].len))
			best = (int)i;
	return best;
}

/* [7757-3.3]: copies the suffix bits after the other prefix. */
void model_map_6(const struct map *e, uint32_t a, struct ip6 *out)
{
	uint8_t x[4];

	model_put32(x, a);
	*out = e->p6.addr;
	for (unsigned i = e->p4.len; i < 32; i++)
		set_bit(out->b, e->p6.len + i - e->p4.len, bit(x, i));
}

uint32_t model_map_4(const struct map *e, const struct ip6 *a)
{
	uint8_t x[4];

	model_put32(x, e->p4.addr);
	for (unsigned i = e->p4.len; i < 32; i++)
		set_bit(x, i, bit(a->b, e->p6.len + i - e->p4.len));
	return model_get32(x);
}

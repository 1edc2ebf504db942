/* generate - random packets: their headers, and random damage. */
#include "generate_impl.h"

#include <string.h>

#include "random.h"

void generate_seed(uint64_t seed)
{
	random_state = (seed + 1) * 0x9e3779b97f4a7c15;
	if (random_state == 0)
		random_state = 1;
	for (int i = 0; i < 8; i++)
		random_next();
}

uint32_t generate_below(uint32_t n)
{
	return random_below(n);
}

uint32_t generate_next(void)
{
	return random_next();
}

void generate_fill(void *p, size_t len)
{
	random_fill(p, len);
}

/* --- headers --------------------------------------------------------------------------------- */

struct cut { /* a fragment */
	size_t off;
	bool mf, is_one;
};

static struct cut cut_payload(struct build *b, unsigned chance)
{
	struct cut c = {0, false, percent(chance)};
	size_t n;

	if (!c.is_one)
		return c;
	if (percent(70)) {
		c.off = percent(40) ? 0 : 8 * (size_t)generate_below(percent(95) ? 200 : 8192);
		c.mf = percent(60);
	}
	n = b->n;
	if (percent(3)) { /* the end of the largest datagram */
		c.off = (65528 - n) / 8 * 8 + 8 * generate_below(2);
		c.mf = false;
	}
	if (c.mf && percent(95)) /* all fragments except the last have multiples of 8 */
		n = n / 8 * 8;
	b->n = n;
	return c;
}

static size_t put_options4(uint8_t *o)
{
	static const uint8_t kinds[] = {0, 1, 1, 1, 7, 68, 131, 137, 148, 130};
	size_t n = 4 * generate_below(11), at = 0;

	generate_fill(o, 40);
	while (at < n) {
		uint8_t kind = PICK(kinds);
		unsigned len = 3 + 4 * generate_below(4);

		o[at] = kind;
		if (at + 2 < 40 && kind > 1) {
			o[at + 1] = (uint8_t)(percent(95) ? len : generate_below(45));
			o[at + 2] = (uint8_t)(percent(60) ? len + 1 : generate_below(24));
		}
		at += kind > 1 ? len : 1;
	}
	return n;
}

static uint8_t random_ttl(const struct build *b)
{
	unsigned what = generate_below(100);

	if (b->sound || what > 5)
		return (uint8_t)(2 + generate_below(254));
	return (uint8_t)(what < 2 ? 0 : 1);
}

static size_t put_header4(struct build *b, uint8_t *p, const struct cut *c)
{
	size_t options = percent(15) ? put_options4(p + 20) : 0, header = 20 + options;
	size_t most = 65535 - header;

	if (b->n > most)
		b->n = most;
	p[0] = (uint8_t)(0x40 | header / 4);
	p[1] = (uint8_t)generate_next();
	model_put16(p + 2, (unsigned)(header + b->n));
	model_put16(p + 4, generate_next() & 0xffff);
	model_put16(p + 6, (unsigned)(c->off / 8 % 8192) | (c->mf ? 0x2000u : 0) |
				   (percent(c->is_one ? 10 : 50) ? 0x4000u : 0));
	p[8] = random_ttl(b);
	p[9] = (uint8_t)b->proto;
	model_put16(p + 10, 0);
	memcpy(p + 12, b->src, 4);
	memcpy(p + 16, b->dst, 4);
	model_put16(p + 10, model_checksum(model_sum(p, header)));
	memcpy(p + header, b->l4, b->n);
	return header + b->n;
}

/* Adds an extension header and stores its number in *NEXT; returns the offset of the next
 * header. */
static size_t put_ext_hdr(struct build *b, uint8_t *p, size_t at, size_t *next)
{
	static const uint8_t kinds[] = {0, 43, 60, 60};
	size_t len = percent(80) ? 8 : 8 * (1 + generate_below(5));
	uint8_t kind = PICK(kinds);

	generate_fill(p + at, len);
	p[at + 1] = (uint8_t)(len / 8 - 1);
	if (kind == 43 && (b->sound || percent(70)))
		p[at + 3] = 0;
	if (!b->sound && percent(2))
		p[at + 1] = (uint8_t)generate_next();
	p[*next] = kind;
	*next = at;
	return at + len;
}

static size_t put_frag_hdr(struct build *b, uint8_t *p, size_t at, size_t *next,
			   const struct cut *c)
{
	generate_fill(p + at, 8);
	model_put16(p + at + 2, (unsigned)(c->off & 0xfff8) | c->mf | (generate_next() & 6));
	p[*next] = 44;
	*next = at;
	at += 8;
	while (!b->sound && percent(4))
		at = put_ext_hdr(b, p, at, next);
	return at;
}

static size_t put_header6(struct build *b, uint8_t *p, const struct cut *c)
{
	size_t at = 40, next = 6, most;

	generate_fill(p, 40);
	p[0] = (uint8_t)(0x60 | p[0] % 16);
	p[7] = random_ttl(b);
	memcpy(p + 8, b->src, 16);
	memcpy(p + 24, b->dst, 16);
	for (unsigned n = percent(20) ? 1 + generate_below(3) : 0; n; n--)
		at = put_ext_hdr(b, p, at, &next);
	if (c->is_one)
		at = put_frag_hdr(b, p, at, &next, c);
	p[next] = (uint8_t)b->proto;
	most = 65535 + 40 - at;
	if (b->n > most)
		b->n = most;
	model_put16(p + 4, (unsigned)(at - 40 + b->n));
	memcpy(p + at, b->l4, b->n);
	return at + b->n;
}

size_t generate_build(struct build *b, uint8_t *p, unsigned depth)
{
	bool icmp;
	struct cut c;

	generate_addresses(b);
	if (b->from)
		memcpy(b->src, b->from, sizeof(b->src));
	do {
		b->n = 0;
		generate_transport(b, depth);
	} while (b->n > 65000 && depth > 0); /* leaves room for an error about it */
	icmp = b->proto == 1 || b->proto == 58;
	c = cut_payload(b, icmp && b->family == 4 ? 3 : 20);
	if (icmp && b->family == 6 && percent(85))
		c.off = c.mf = 0;
	return b->family == 4 ? put_header4(b, p, &c) : put_header6(b, p, &c);
}

/* --- damage ---------------------------------------------------------------------------------- */

static void seal(uint8_t *p, size_t n)
{
	size_t header = (p[0] & 15u) * 4;

	if (p[0] / 16 != 4 || header < 20 || header > n)
		return;
	model_put16(p + 10, 0);
	model_put16(p + 10, model_checksum(model_sum(p, header)));
}

/* Corrects the ICMP checksum of P, if P is ICMP without options or extension headers. */
static void seal_icmp(uint8_t *p, size_t n)
{
	unsigned long sum = 0;
	size_t at = p[0] / 16 == 4 ? 20 : 40;

	if (n < at + 4 || n > 65535 || (at == 20 ? p[0] != 0x45 || p[9] != 1 : p[6] != 58))
		return;
	if (at == 40)
		sum = model_sum(p + 8, 32) + n - 40 + 58;
	model_put16(p + at + 2, 0);
	model_put16(p + at + 2, model_checksum(sum + model_sum(p + at, n - at)));
}

static size_t lengthen(uint8_t *p, size_t n)
{
	size_t more = generate_below(40);

	generate_fill(p + n, more);
	return n + more;
}

static size_t break_once(uint8_t *p, size_t n)
{
	static const uint8_t values[] = {0, 1, 2, 0x7f, 0x80, 0xff};
	size_t near = percent(60) ? 48 : percent(80) ? 150 : n;
	size_t at = generate_below((uint32_t)(near < n ? near : n));
	unsigned what = generate_below(10);

	if (what < 4)
		p[at] = (uint8_t)(p[at] ^ 1u << generate_below(8));
	else if (what < 6)
		p[at] = PICK(values);
	else if (what == 6)
		p[at] = (uint8_t)generate_next();
	else if (what == 7)
		return percent(50) ? at + 1 : n - generate_below(n < 9 ? (uint32_t)n : 9);
	else if (what == 8 && n < 65000)
		return lengthen(p, n);
	else if (n > 6)
		model_put16(
			p + (p[0] / 16 == 4 ? 2 : 4),
			(unsigned)(percent(70) ? n - 40 + generate_below(80) : generate_next()) &
				0xffff);
	return n;
}

static struct build whole;

static void begin(const struct model *m, unsigned family, bool sound)
{
	memset(&whole, 0, offsetof(struct build, l4));
	whole.m = m;
	whole.family = family;
	whole.sound = sound;
}

size_t generate_packet(const struct model *m, unsigned family, uint8_t *p)
{
	size_t n;

	if (percent(1)) { /* random bytes */
		n = generate_below(200);
		generate_fill(p, n);
		if (n)
			p[0] = (uint8_t)(percent(50) ? 0x45 : 0x60);
		return n;
	}
	begin(m, family, percent(40));
	n = generate_build(&whole, p, 0);
	if (whole.sound || percent(70))
		return n;
	for (unsigned i = 1 + generate_below(3); i && n; i--)
		n = break_once(p, n);
	if (n && percent(80)) {
		seal_icmp(p, n);
		seal(p, n);
	}
	return n;
}

size_t generate_sound(const struct model *m, unsigned family, uint8_t *p)
{
	begin(m, family, true);
	return generate_build(&whole, p, 0);
}

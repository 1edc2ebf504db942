/* generate_l4 - random TCP, UDP and ICMP, and packets quoted in errors. */
#include "generate_impl.h"

#include <string.h>

static void put_address(struct build *b, uint8_t *to, bool host)
{
	struct ip6 a;

	if (b->family == 4) {
		model_put32(to, b->sound ? (host ? generate_host4(b->m) : generate_world4())
				: host ? (percent(80) ? generate_host4(b->m) : generate_any4(b->m))
				       : generate_any4(b->m));
		return;
	}
	if (host)
		a = b->sound || percent(80) ? generate_host6(b->m) : generate_any6(b->m);
	else
		a = b->sound || percent(85)
			    ? generate_embedded(b->m,
						b->sound ? generate_world4() : generate_any4(b->m))
			    : generate_any6(b->m);
	memcpy(to, a.b, 16);
}

/* The host is on the IPv6 side; a quoted packet came from the destination of its error. */
void generate_addresses(struct build *b)
{
	bool from_host = (b->family == 6) != b->quoted;

	put_address(b, b->src, from_host);
	put_address(b, b->dst, !from_host);
}

static unsigned long pseudo(const struct build *b)
{
	size_t n = b->family == 4 ? 4 : 16;

	return model_sum(b->src, n) + model_sum(b->dst, n) + b->n + b->proto;
}

static void put_checksum(struct build *b, size_t at, bool with_pseudo)
{
	unsigned c;

	if (b->n < at + 2)
		return;
	model_put16(b->l4 + at, 0);
	c = model_checksum((with_pseudo ? pseudo(b) : 0) + model_sum(b->l4, b->n));
	if (b->proto == 17 && c == 0)
		c = 0xffff;
	model_put16(b->l4 + at, c);
	if (!b->sound && percent(4))
		model_put16(b->l4 + at, percent(40)   ? 0
					: percent(50) ? 0xffff
						      : generate_next() & 0xffff);
}

/* Lengths are usually short, often near a limit, rarely long. */
static size_t random_length(const struct build *b)
{
	const unsigned near[] = {548,
				 576,
				 1208,
				 1220,
				 1232,
				 1240,
				 1248,
				 1260,
				 1272,
				 1280,
				 b->m->mtu,
				 b->m->conf->offlink_mtu,
				 b->m->mtu - 20,
				 b->m->mtu - 40,
				 b->m->mtu - 48};
	unsigned what = generate_below(200);

	if (what < 130)
		return generate_below(80);
	if (what < 190)
		return PICK(near) - 24 + generate_below(48);
	if (what < 199)
		return generate_below(3000);
	return generate_below(66000);
}

static void fill(struct build *b, size_t from, size_t n)
{
	if (percent(5))
		memset(b->l4 + from, percent(50) ? 0 : 0xff, n);
	else
		generate_fill(b->l4 + from, n);
	b->n = from + n;
}

static void put_tcp(struct build *b)
{
	size_t options = percent(60) ? 4 * generate_below(11) : 0, at = 20;

	fill(b, 0, 20 + options + random_length(b));
	b->l4[12] = (uint8_t)((20 + options) / 4 << 4);
	b->l4[13] = percent(50) ? 0x02 : (uint8_t)generate_next();
	while (at < 20 + options) {
		static const uint8_t kinds[] = {0, 1, 1, 1, 2, 2, 2, 3, 4, 5, 8, 30};
		uint8_t kind = PICK(kinds), len = kind == 2 ? 4 : (uint8_t)(2 + generate_below(9));

		b->l4[at] = kind;
		if (kind > 1 && at + 1 < b->n)
			b->l4[at + 1] = percent(97) ? len : (uint8_t)generate_next();
		if (kind == 2 && at + 3 < b->n)
			model_put16(b->l4 + at + 2, percent(60) ? 1100 + generate_below(500)
								: generate_next() & 0xffff);
		at += kind > 1 ? len : 1;
	}
	if (!b->sound && percent(3))
		b->l4[12] = (uint8_t)generate_next();
	put_checksum(b, 16, true);
}

static void put_udp(struct build *b)
{
	fill(b, 0, 8 + random_length(b));
	model_put16(b->l4 + 4, (unsigned)b->n & 0xffff);
	if (!b->sound && percent(5))
		model_put16(b->l4 + 4, generate_below(2 * (uint32_t)b->n) & 0xffff);
	put_checksum(b, 6, true);
	if (!b->sound && percent(b->family == 4 ? 20 : 3))
		model_put16(b->l4 + 6, 0);
}

static void put_echo(struct build *b)
{
	bool request = percent(50);

	fill(b, 0, 8 + random_length(b));
	if (percent(3))
		memset(b->l4, 0, b->n);
	if (b->family == 4)
		b->l4[0] = request ? 8 : 0;
	else
		b->l4[0] = request ? 128 : 129;
	if (percent(90))
		b->l4[1] = 0;
	put_checksum(b, 2, b->family == 6);
}

/* Sets a longer length in the packet at P, of which only the beginning exists. */
static void state_length(uint8_t *p)
{
	static const unsigned lengths[] = {65535, 65516, 65515, 65514, 32001, 32000, 8167,
					   8166,  4353,  4352,  2003,  2002,  31999, 1493,
					   1492,  1491,  1280,  297,   296};

	model_put16(p + (p[0] / 16 == 4 ? 2 : 4), PICK(lengths));
}

/* Writes the body of an error, and the length field if extensions follow. */
static void put_quote(struct build *b, unsigned depth)
{
	static struct build room[4];
	struct build *q = &room[depth];
	size_t unit = b->family == 4 ? 4 : 8, n, ext;

	memset(q, 0, offsetof(struct build, l4));
	q->m = b->m;
	q->family = b->family;
	if (!b->sound && percent(2))
		q->family = 10 - b->family;
	q->quoted = !b->quoted;
	if (q->family == b->family &&
	    (b->sound || percent(85))) /* the receiver of the error sent it */
		q->from = b->dst;
	q->sound = b->sound || percent(70);
	n = generate_build(q, b->l4 + 8, depth + 1);
	if (percent(5))
		state_length(b->l4 + 8);
	if (percent(50)) {
		size_t most = percent(60) ? 100 : 600;

		if (n > most)
			n = most;
		if (percent(30) && n > 20)
			n = 20 + generate_below((uint32_t)n - 20);
	}
	b->n = 8 + n;
	if (percent(50))
		return;
	while (n < (percent(80) ? 128u : 40u) || n % unit)
		b->l4[8 + n++] = 0;
	ext = percent(70) ? 4 * generate_below(20) : generate_below(600);
	generate_fill(b->l4 + 8 + n, ext);
	if (percent(70) && ext >= 8) {
		model_put16(b->l4 + 8 + n + 4, (unsigned)(ext - 4)); /* one object */
		model_put32(b->l4 + 8 + n, 0x20000000);
		model_put16(b->l4 + 8 + n + 2, model_checksum(model_sum(b->l4 + 8 + n, ext)));
	}
	b->l4[b->family == 4 ? 5 : 4] = (uint8_t)(percent(90) ? n / unit : generate_next());
	b->n = 8 + n + ext;
}

static void put_error(struct build *b, unsigned depth)
{
	static const uint8_t types4[] = {3, 3, 3, 3, 11, 11, 12, 12, 4, 5};
	static const uint8_t types6[] = {1, 1, 1, 2, 2, 3, 3, 4, 4, 100};

	b->n = 8;
	generate_fill(b->l4, 8);
	memset(b->l4 + 4, 0, 2);
	b->l4[0] = b->family == 4 ? PICK(types4) : PICK(types6);
	b->l4[1] = (uint8_t)(percent(70)   ? generate_below(4)
			     : percent(90) ? generate_below(18)
					   : generate_next());
	model_put32(b->l4 + 4, percent(15)   ? generate_next()
			       : percent(10) ? 0
			       : percent(50) ? generate_below(48)
			       : percent(20) ? 60 + generate_below(40)
					     : generate_below(10000));
	if (b->family == 4 && b->l4[0] == 12)
		b->l4[4] = (uint8_t)generate_below(24);
	if (percent(3)) {
		b->n = 8 + generate_below(30);
		generate_fill(b->l4 + 8, 30);
	} else {
		put_quote(b, depth);
	}
	put_checksum(b, 2, b->family == 6);
}

static void put_other_icmp(struct build *b)
{
	static const uint8_t types4[] = {6, 9, 10, 13, 14, 17, 18, 40};
	static const uint8_t types6[] = {130, 133, 134, 135, 136, 137, 143, 200, 5, 127};

	fill(b, 0, 8 + generate_below(40));
	b->l4[0] = b->family == 4 ? PICK(types4) : PICK(types6);
	put_checksum(b, 2, b->family == 6);
}

/* Puts the payload after an AH. */
static void put_ah(struct build *b)
{
	size_t len = 12 + 4 * (size_t)generate_below(6);

	memmove(b->l4 + len, b->l4, b->n);
	generate_fill(b->l4, len);
	b->l4[0] = (uint8_t)b->proto;
	b->l4[1] = (uint8_t)(percent(95) ? len / 4 - 2 : generate_next());
	b->proto = 51;
	b->n += len;
}

static void put_transport(struct build *b, unsigned depth)
{
	static const uint8_t others[] = {0,  2,  4,  41, 43, 44,  47,  50,  51,  58,
					 59, 60, 33, 1,  89, 132, 136, 255, 103, 135};
	unsigned what = generate_below(100);

	b->proto = b->family == 4 ? 1 : 58;
	if (what < 20) {
		put_echo(b);
	} else if (what < 50 && depth < 3 && !(b->sound && b->quoted)) {
		put_error(b, depth);
	} else if (what < 54 && !b->sound) {
		put_other_icmp(b);
	} else if (what < 75) {
		b->proto = 17;
		put_udp(b);
	} else if (what < 93) {
		b->proto = 6;
		put_tcp(b);
	} else {
		b->proto = b->sound ? 47 : percent(90) ? PICK(others) : generate_next() & 255;
		fill(b, 0, random_length(b));
	}
}

void generate_transport(struct build *b, unsigned depth)
{
	put_transport(b, depth);
	while (depth == 0 && !b->sound && percent(3))
		put_ah(b);
}

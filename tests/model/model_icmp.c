/* model_icmp - ICMP errors: the tables of sections 6 and 7 of nat64-rules(7), the quoted packet,
 * and extensions. */
#include "model.h"

#include <string.h>

enum rest {
	EMPTY,
	NEXT_HEADER, /* a pointer to that field of the IPv6 header */
	POINTER,
	MTU,
};

struct told { /* the translation of an error */
	int type, code;
	enum rest rest;
	bool has_length; /* the message has the length field of RFC 4884 ... */
	bool carries;    /* ... and so has its translation */
};

static bool say(struct told *t, int type, int code, enum rest rest)
{
	t->type = type;
	t->code = code;
	t->rest = rest;
	return true;
}

static bool unreachable_4to6(struct told *t, unsigned code)
{
	switch (code) {
	case 2:
		return say(t, 4, 1, NEXT_HEADER);
	case 3:
		return say(t, 1, 4, EMPTY);
	case 4:
		return say(t, 2, 0, MTU);
	case 9:
	case 10:
	case 13:
	case 15:
		return say(t, 1, 1, EMPTY);
	case 0:
	case 1:
	case 5:
	case 6:
	case 7:
	case 8:
	case 11:
	case 12:
		return say(t, 1, 0, EMPTY);
	default:
		return false;
	}
}

static bool tell_4to6(struct told *t, unsigned type, unsigned code)
{
	bool told = false;

	if (type == 3)
		told = unreachable_4to6(t, code);
	else if (type == 11)
		told = say(t, 3, (int)code, EMPTY);
	else if (type == 12 && (code == 0 || code == 2))
		told = say(t, 4, 0, POINTER);
	t->has_length = type == 3 || type == 11 || type == 12; /* [4884-4] */
	t->carries = t->type == 1 || t->type == 3;
	return told;
}

static bool unreachable_6to4(struct told *t, unsigned code)
{
	static const int to[] = {1, 10, 1, 1, 3};

	return code < 5 && say(t, 3, to[code], EMPTY);
}

static bool tell_6to4(struct told *t, unsigned type, unsigned code)
{
	bool told = false;

	if (type == 1)
		told = unreachable_6to4(t, code);
	else if (type == 2) /* any code [4443-3.2] */
		told = say(t, 3, 4, MTU);
	else if (type == 3)
		told = say(t, 11, (int)code, EMPTY);
	else if (type == 4 && code == 0)
		told = say(t, 12, 0, POINTER);
	else if (type == 4 && code == 1)
		told = say(t, 3, 2, EMPTY);
	t->has_length = type == 1 || type == 3; /* [4884-4] */
	t->carries = t->has_length;
	return told;
}

static int pointer_4to6(unsigned p)
{
	if (p >= 16 && p <= 19)
		return 24;
	if (p >= 12 && p <= 15)
		return 8;
	return p == 0 ? 0 : p == 1 ? 1 : p == 2 || p == 3 ? 4 : p == 8 ? 7 : p == 9 ? 6 : -1;
}

static int pointer_6to4(uint32_t p)
{
	if (p >= 24 && p <= 39)
		return 16;
	if (p >= 8 && p <= 23)
		return 12;
	return p == 0 ? 0 : p == 1 ? 1 : p == 4 || p == 5 ? 2 : p == 6 ? 9 : p == 7 ? 8 : -1;
}

static unsigned smallest(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

static unsigned plateau(unsigned total)
{
	static const unsigned p[] = {65535, 32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296};

	for (unsigned i = 0; i < 10; i++)
		if (p[i] < total)
			return p[i];
	return 68;
}

static unsigned mtu_4to6(const struct model *m, unsigned said, unsigned total)
{
	unsigned mtu = smallest((said ? said : plateau(total)) + 20, m->mtu, m->mtu + 20);

	return mtu < 1280 ? 1280 : mtu;
}

/* For a fragment, the IPv6 packet is 28 bytes longer than the IPv4 packet, for others 20. */
static unsigned mtu_6to4(const struct model *m, uint32_t said, bool fragment)
{
	unsigned longer = fragment ? 28 : 20;

	if (said < 68 + longer) /* the minimum of IPv4 */
		return 68;
	return smallest(said - longer, m->mtu, m->mtu - longer);
}

/* Writes the four bytes after the checksum; returns false for a pointer to a field that the other
 * header does not have. */
static bool write_rest(const struct model *m, const struct model_view *v, const struct told *t,
		       const struct model_view *quote, uint8_t *rest)
{
	const uint8_t *was = v->start + v->l4 + 4;
	bool from4 = v->family == 4;
	int p;

	memset(rest, 0, 4);
	if (t->rest == NEXT_HEADER)
		rest[3] = 6;
	if (t->rest == MTU)
		model_put32(rest,
			    from4 ? mtu_4to6(m, model_get16(was + 2), model_get16(quote->start + 2))
				  : mtu_6to4(m, model_get32(was), model_is_fragment(quote)));
	if (t->rest != POINTER)
		return true;
	p = from4 ? pointer_4to6(was[0]) : pointer_6to4(model_get32(was));
	if (p >= 0)
		rest[from4 ? 3 : 0] = (uint8_t)p;
	return p >= 0;
}

/* --- the quoted packet ----------------------------------------------------------------------- */

static bool addresses_pass(const struct model *m, const struct model_view *q)
{
	if (q->family == 4)
		return model_passes4(m, q->src4) && model_passes4(m, q->dst4);
	return model_passes6(&q->src6) && model_passes6(&q->dst6);
}

static bool header_passes(const struct model_view *q)
{
	if (q->source_route || q->segments_left_at || q->ext_in_frag)
		return false;
	if (q->family == 6)
		return q->proto != 1;
	return q->proto != 0 && q->proto != 43 && q->proto != 44 && q->proto != 58 &&
	       q->proto != 60 && q->proto != 2;
}

static enum reason view_quote(struct model *m, const struct model_view *v, const uint8_t *p,
			      size_t n, struct model_view *q, struct model_pair *to)
{
	enum reason why;

	if (model_view(q, p, n, true) || q->family != v->family || !header_passes(q))
		return REASON_QUOTE_BAD;
	if (!addresses_pass(m, q))
		return REASON_QUOTE_NO_MAP;
	if (v->family == 4)
		why = model_map_4to6(m, q, true, false, to);
	else
		why = model_map_6to4(m, q, true, false, 0, to);
	if (why)
		return REASON_QUOTE_NO_MAP;
	if (v->family == 4 ? v->dst4 != q->src4 : !model_same6(&v->dst6, &q->src6))
		return REASON_QUOTE_OTHER;
	return q->off == 0 && model_is_icmp(q) && model_echo(q) < 0 ? REASON_ICMP_NESTED
								    : REASON_OK;
}

/* Writes all available bytes of the quoted packet, translated.  Returns their number. */
static size_t write_quote(const struct model *m, const struct model_view *q,
			  const struct model_pair *to, uint8_t *at)
{
	size_t header;

	if (q->family == 4)
		header = model_write6(m, q, to, at, q->ttl, q->l4_stated);
	else
		header = model_write4(m, q, to, at, q->ttl, q->l4_stated, 0);
	memcpy(at + header, q->start + q->l4, q->l4_len);
	model_transport(q, to, at + header, q->l4_len);
	return header + q->l4_len;
}

/* --- extensions [4884] ----------------------------------------------------------------------- */

/* Returns where the quote in a body of N bytes ends and extensions begin; N if there are none.  A
 * quote that is too short for extensions has some anyway if a header of version 2 is there. */
static size_t quote_end(const struct model_view *v, const struct told *t, size_t n)
{
	const uint8_t *rest = v->start + v->l4 + 4;
	size_t stated = v->family == 4 ? rest[1] * 4u : rest[0] * 8u;
	size_t least = v->family == 4 ? 28 : 48; /* a header and 8 bytes */

	if (!t->has_length || stated < least || stated > n)
		return n;
	if (stated < 128 && (n - stated < 4 || rest[4 + stated] / 16 != 2))
		return n;
	return stated;
}

/* Returns true for objects of whole words up to the end [4884-8], with a correct checksum or
 * none. */
static bool is_sound(const uint8_t *ext, size_t n)
{
	size_t at = 4;

	if (n < 4 || ext[0] / 16 != 2)
		return false;
	while (at < n) {
		size_t len = at + 4 <= n ? model_get16(ext + at) : 0;

		if (len < 4 || len % 4 || at + len > n)
			return false;
		at += len;
	}
	return model_get16(ext + 2) == 0 || model_checksum(model_sum(ext, n)) == 0;
}

/* Appends the node identification object to valid extensions, if there is room for both
 * [draft-ietf-intarea-extended-icmp-nodeid]. */
static size_t name_node(uint8_t *ext, size_t n, size_t room, const struct ip6 *node)
{
	uint8_t *object;
	unsigned c;

	if (!is_sound(ext, n) || n + 24 > room)
		n = 4;
	object = ext + n;
	model_put32(ext, 0x20000000);
	model_put16(object, 24);
	object[2] = 5; /* class: node identification; C-Type: address */
	object[3] = 4;
	model_put16(object + 4, 2); /* IPv6 */
	model_put16(object + 6, 0);
	memcpy(object + 8, node->b, 16);
	c = model_checksum(model_sum(ext, n + 24));
	model_put16(ext + 2, c ? c : 0xffff);
	return n + 24;
}

struct body {
	uint8_t b[70000];
	size_t n;      /* total length */
	size_t padded; /* length of the quote if extensions follow; otherwise 0 */
};

/* Fits the quote in BODY and the N bytes of extensions at EXT into ROOM bytes; the quote keeps at
 * least 128. */
static void fit_body(struct body *body, const uint8_t *ext, size_t n, size_t room, size_t unit)
{
	size_t quote = body->n;

	if (n == 0 || n + 128 > room) {
		body->n = quote < room ? quote : room;
		return;
	}
	while (quote < 128 || quote % unit)
		body->b[quote++] = 0;
	while (quote + n > room)
		quote -= unit;
	memcpy(body->b + quote, ext, n);
	body->n = quote + n;
	body->padded = quote;
}

static void write_icmp(const struct model_view *v, const struct told *t, const struct body *body,
		       const struct model_pair *to, uint8_t *icmp)
{
	unsigned long sum = 0;

	icmp[0] = (uint8_t)t->type;
	icmp[1] = (uint8_t)t->code;
	model_put16(icmp + 2, 0);
	if (body->padded && v->family == 4)
		icmp[4] = (uint8_t)(body->padded / 8);
	if (body->padded && v->family == 6)
		icmp[5] = (uint8_t)(body->padded / 4);
	memcpy(icmp + 8, body->b, body->n);
	if (v->family == 4)
		sum = model_pseudo6(&to->src6, &to->dst6) + 8 + body->n + 58;
	model_put16(icmp + 2, model_checksum(sum + model_sum(icmp, 8 + body->n)));
}

static void write_body(struct model *m, const struct model_view *v, const struct told *t,
		       const struct model_view *q, const struct model_pair *quote_to,
		       const struct model_pair *to, struct body *body)
{
	static uint8_t ext[70000];
	const uint8_t *p = v->start + v->l4 + 8;
	size_t n = v->l4_len - 8, end = quote_end(v, t, n);
	size_t room = v->family == 4 ? 1280 - 48 : 576 - 28;

	body->padded = 0;
	body->n = write_quote(m, q, quote_to, body->b);
	n -= end;
	memcpy(ext, p + end, n);
	if (to->named)
		n = name_node(ext, n, room - 128, &v->src6);
	fit_body(body, ext, t->carries || to->named ? n : 0, room, v->family == 4 ? 8 : 4);
}

enum reason model_error(struct model *m, const struct model_view *v, const uint8_t *chosen,
			struct model_pair *to, struct model_out *out)
{
	static struct body body;
	const uint8_t *icmp = v->start + v->l4;
	struct told t = {0};
	struct model_view q;
	struct model_pair quote_to;
	bool from4 = v->family == 4, told;
	uint8_t *at = out->bytes;
	enum reason why;

	if (v->l4_len < 8)
		return REASON_BAD_L4;
	if (!model_icmp_checksum_right(v))
		return REASON_ICMP_CHECKSUM;
	told = from4 ? tell_4to6(&t, icmp[0], icmp[1]) : tell_6to4(&t, icmp[0], icmp[1]);
	if (!told)
		return REASON_ICMP_TYPE;
	why = from4 ? model_map_4to6(m, v, false, true, to)
		    : model_map_6to4(m, v, false, true, model_get32(chosen + 12), to);
	if (why ||
	    (why = view_quote(m, v, icmp + 8, quote_end(v, &t, v->l4_len - 8), &q, &quote_to)))
		return why;
	if (!write_rest(m, v, &t, &q, at + (from4 ? 44 : 24)))
		return REASON_ICMP_POINTER;

	write_body(m, v, &t, &q, &quote_to, to, &body);
	write_icmp(v, &t, &body, to, at + (from4 ? 40 : 20));
	if (from4)
		model_write6(m, v, to, at, v->ttl - 1u, 8 + body.n);
	else
		model_write4(m, v, to, at, v->ttl - 1u, 8 + body.n, model_get16(chosen + 4));
	out->end[out->outputs++] = (from4 ? 48 : 28) + body.n;
	return REASON_OK;
}

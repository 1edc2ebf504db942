/* segment - the visible effects of the kernel's tcp_gso_segment() and udp_gso_segment(). */
#include "segment.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "craft.h"

static unsigned get(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static void put(uint8_t *p, unsigned long v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

void segments_open(struct segments *s)
{
	s->bytes = malloc(SEGMENTS_BYTES);
	s->n = 0;
	ck_assert_ptr_nonnull(s->bytes);
}

void segments_close(struct segments *s)
{
	free(s->bytes);
}

uint8_t *segments_at(const struct segments *s, unsigned i, size_t *len)
{
	size_t start = i ? s->end[i - 1] : 0;

	*len = s->end[i] - start;
	return s->bytes + start;
}

static uint8_t *append(struct segments *s, const uint8_t *head, size_t head_len,
		       const uint8_t *body, size_t body_len)
{
	size_t start = s->n ? s->end[s->n - 1] : 0;
	uint8_t *to = s->bytes + start;

	ck_assert_uint_lt(s->n, SEGMENTS);
	ck_assert_uint_le(start + head_len + body_len, SEGMENTS_BYTES);
	memcpy(to, head, head_len);
	if (body_len)
		memcpy(to + head_len, body, body_len);
	s->end[s->n++] = start + head_len + body_len;
	return to;
}

static void fix_ip(uint8_t *p, size_t len, unsigned number)
{
	if (p[0] >> 4 == 4) {
		put(p + 2, len);
		put(p + 4, get(p + 4) + number);
		craft_seal4(p);
	} else {
		put(p + 4, len - 40);
	}
}

static void fix_tcp(uint8_t *tcp, size_t off, bool last, const struct offload *o)
{
	unsigned long seq = (unsigned long)get(tcp + 4) << 16 | get(tcp + 6);

	seq += off;
	put(tcp + 4, seq >> 16);
	put(tcp + 6, seq);
	if (!last)
		tcp[13] &= (uint8_t)~0x09;
	if (off && o->ecn != GSO_ACCECN)
		tcp[13] &= (uint8_t)~0x80;
}

/* A partial checksum contributes the sum of the pseudo-header; WAS and IS correct its length. */
static void complete(uint8_t *p, size_t len, const struct offload *o, size_t was, size_t is)
{
	uint8_t *field = p + o->csum_start + o->csum_offset;
	unsigned sum = get(field);

	sum += ~(unsigned)was & 0xffff;
	sum += (unsigned)is;
	sum = (sum & 0xffff) + (sum >> 16);
	put(field, 0);
	sum = craft_sum(sum, p + o->csum_start, len - o->csum_start);
	sum = ~sum & 0xffff;
	put(field, sum || o->csum_offset != 6 ? sum : 0xffff); /* UDP has no zero */
}

static void cut(struct segments *s, const uint8_t *p, size_t len, const struct offload *o)
{
	size_t header =
		o->csum_start + (o->gso == GSO_UDP ? 8u : (p[o->csum_start + 12] >> 4) * 4u);
	size_t off, n, payload = len - header;
	unsigned number = 0;

	for (off = 0; off < payload; off += n, number++) {
		uint8_t *to;
		size_t l4;

		n = payload - off < o->seg ? payload - off : o->seg;
		l4 = header + n - o->csum_start;
		to = append(s, p, header, p + header + off, n);
		fix_ip(to, header + n, number);
		if (o->gso == GSO_UDP)
			put(to + o->csum_start + 4, l4);
		else
			fix_tcp(to + o->csum_start, off, off + n == payload, o);
		complete(to, header + n, o, len - o->csum_start, l4);
	}
}

void segments_add(struct segments *s, const uint8_t *p, size_t len, const struct offload *o)
{
	uint8_t *to;

	if (o && o->gso) {
		ck_assert_int_eq(o->csum, CSUM_PARTIAL);
		ck_assert_uint_gt(o->seg, 0);
		cut(s, p, len, o);
		return;
	}
	to = append(s, p, len, NULL, 0);
	if (o && o->csum == CSUM_PARTIAL)
		complete(to, len, o, 0, 0);
}

struct offload segments_glue(uint8_t *p, size_t len, size_t l4_at, unsigned proto, size_t seg)
{
	size_t alen = p[0] >> 4 == 4 ? 4 : 16, l4_len = len - l4_at;
	const uint8_t *src = p + (alen == 4 ? 12 : 8);
	struct offload o = {.csum = CSUM_PARTIAL,
			    .csum_start = (uint16_t)l4_at,
			    .csum_offset = proto == 6 ? 16 : 6};

	put(p + l4_at + o.csum_offset, craft_l4_sum(src, src + alen, alen, proto, NULL, 0));
	put(p + l4_at + o.csum_offset, craft_sum((unsigned)l4_len, p + l4_at + o.csum_offset, 2));
	if (seg == 0)
		return o;
	o.seg = (uint16_t)seg;
	o.gso = proto == 17 ? GSO_UDP : alen == 4 ? GSO_TCP4 : GSO_TCP6;
	o.header = (uint16_t)(l4_at + (proto == 17 ? 8u : (p[l4_at + 12] >> 4) * 4u));
	return o;
}

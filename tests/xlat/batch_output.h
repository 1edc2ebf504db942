/* batch_output - makes outputs in the form that the translator passes to a batch, and checks that
 * the batch returns the same packets. */
#ifndef NAT64D_TESTS_BATCH_OUTPUT_H
#define NAT64D_TESTS_BATCH_OUTPUT_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xlat/batch.h"
#include "support/craft.h"
#include "support/facts.h"
#include "support/random.h"
#include "support/segment.h"
#include "lib/arena.h"
#include "lib/wire.h"

#define LONGEST 70000 /* maximum bytes of one output in the arena */

struct spec {    /* all zero: a UDP datagram over IPv4 with DF=1, without payload */
	bool is; /* marks used elements of tables */
	bool six, tcp, nodf, alone;
	uint8_t proto; /* if not 0: a protocol other than TCP and UDP */
	uint8_t tos, ttl, host;
	uint16_t id, sport, dport;
	uint32_t seq, ack;
	uint8_t flags;
	uint16_t window, urgent;
	uint8_t opts;     /* length of the TCP options, a multiple of 4 */
	uint8_t opt;      /* value of each option byte */
	size_t n;         /* payload bytes */
	uint8_t csum;     /* enum csum_state */
	uint16_t seg;     /* for a GSO packet */
	size_t body;      /* the last bytes, which are in the body */
	bool more, later; /* a fragment: with MF set, or with an offset */
	bool zero;        /* UDP: no checksum */
	bool corrupt;     /* one bit of the payload is wrong */
};

static inline size_t put_ip(uint8_t *p, const struct spec *s, size_t l4_len, unsigned proto)
{
	bool fragment = s->more || s->later;
	size_t size = !s->six ? 20 : fragment ? 48 : 40;

	memset(p, 0, size);
	if (!s->six) {
		p[0] = 0x45;
		p[1] = s->tos;
		put16(p + 2, (unsigned)(size + l4_len));
		put16(p + 4, s->id);
		put16(p + 6, (s->nodf ? 0 : 0x4000u) | (s->more ? 0x2000u : 0) | s->later);
		p[8] = s->ttl;
		p[9] = (uint8_t)proto;
		put32(p + 12, 0xc6336407);
		put32(p + 16, 0xcb007100u + s->host);
		craft_seal4(p);
		return size;
	}
	p[0] = (uint8_t)(0x60 | s->tos >> 4);
	p[1] = (uint8_t)(s->tos << 4);
	put16(p + 4, (unsigned)(size - 40 + l4_len));
	p[6] = fragment ? 44 : (uint8_t)proto;
	p[7] = s->ttl;
	memcpy(p + 8, "\x20\x01\x0d\xb8\x00\x64", 6);
	p[23] = 7;
	memcpy(p + 24, "\x20\x01\x0d\xb8\x00\x01", 6);
	p[39] = s->host;
	if (fragment) {
		p[40] = (uint8_t)proto;
		put16(p + 42, s->later * 8u | s->more);
		put16(p + 46, s->id);
	}
	return size;
}

static inline size_t put_l4(uint8_t *p, const struct spec *s)
{
	size_t size = s->tcp ? 20u + s->opts : 8;

	memset(p, 0, size);
	put16(p, s->sport);
	put16(p + 2, s->dport);
	if (!s->tcp) {
		put16(p + 4, (unsigned)(size + s->n));
		return size;
	}
	put32(p + 4, s->seq);
	put32(p + 8, s->ack);
	p[12] = (uint8_t)(size / 4 << 4);
	p[13] = s->flags;
	put16(p + 14, s->window);
	put16(p + 18, s->urgent);
	memset(p + 20, s->opt, s->opts);
	return size;
}

static inline void put_checksum(uint8_t *p, size_t ip, size_t len, const struct spec *s)
{
	size_t alen = s->six ? 16 : 4;
	uint8_t *src = p + (s->six ? 8 : 12), *field = p + ip + (s->tcp ? 16 : 6);
	unsigned sum;

	sum = ~craft_l4_sum(src, src + alen, alen, s->tcp ? 6 : 17, p + ip, len - ip) & 0xffff;
	put16(field, !sum && !s->tcp ? 0xffff : sum);
	if (s->zero)
		put16(field, 0);
}

/* Makes the output S in A.  Its bytes start at any address, because parity must not matter. */
static inline struct output output_make(struct arena *a, const struct spec *s)
{
	uint8_t *p = arena_take(a, LONGEST) + OFFLOAD_HDR + random_below(2);
	unsigned proto = s->proto ? s->proto : s->tcp ? 6 : 17;
	size_t ip, l4, len;
	struct output o = {.head = p, .alone = s->alone, .segments = 1};

	ck_assert_uint_le(a->used, a->size);
	ip = s->six ? (s->more || s->later ? 48 : 40) : 20;
	l4 = put_l4(p + ip, s);
	len = ip + l4 + s->n;
	put_ip(p, s, l4 + s->n, proto);
	random_fill(p + ip + l4, s->n);
	if (s->csum == CSUM_PARTIAL)
		o.offload = segments_glue(p, len, ip, proto, s->seg);
	else
		put_checksum(p, ip, len, s);
	if (s->csum != CSUM_PARTIAL)
		o.offload.csum = s->csum;
	if (s->corrupt)
		p[ip + l4 + random_below((uint32_t)s->n)] ^= (uint8_t)(1u << random_below(8));
	/* the arena is contiguous, so the rest is in the right place */
	o.head_len = (uint32_t)(len - s->body);
	o.body = (struct part){.p = p + o.head_len, .len = (uint32_t)s->body};
	o.len = (uint32_t)len;
	o.parts = s->body ? 2 : 1;
	if (o.offload.gso)
		o.segments = (uint16_t)((s->n + s->seg - 1u) / s->seg);
	o.family = s->six ? 6 : 4;
	o.proto = (uint8_t)proto;
	o.ip = (uint8_t)ip;
	o.fragment = s->more || s->later;
	o.l4 = s->proto || o.fragment ? 0 : (uint8_t)l4;
	arena_release(a, p + len);
	return o;
}

struct sink { /* the outputs of a batch */
	struct segments got;
	unsigned outs;
	char text[200]; /* number of segments in each output, as far as they fit */
	uint8_t *last;  /* head of the last output */
};

static inline void sink_check(const struct output *out, const uint8_t *p)
{
	const struct offload *o = &out->offload;
	bool six = p[0] >> 4 == 6;

	ck_assert_uint_le(out->parts, OUTPUT_PARTS);
	ck_assert_uint_le(out->len, 65535);
	if (o->gso == GSO_NONE)
		return;
	ck_assert_uint_eq(six ? get16(p + 4) + 40u : get16(p + 2), out->len);
	ck_assert_uint_eq(o->csum_start, six ? 40 : 20);
	ck_assert_uint_le(o->header, out->head_len);
	ck_assert_uint_gt(out->len - o->header, o->seg);
	ck_assert_uint_le(out->segments, o->gso == GSO_UDP ? 128 : 65535);
	ck_assert(o->gso != GSO_UDP || get16(p + o->csum_start + 4) == out->len - o->csum_start);
	ck_assert(six || craft_sum(0, p, 20) == 0xffff);
}

static inline void sink_take(struct sink *s, const struct output *out)
{
	static uint8_t bytes[70000];
	unsigned before = s->got.n;
	size_t len = out->head_len, used = strlen(s->text);
	const char *bad = facts_fault(out);

	ck_assert_msg(!bad, "%s", bad);
	memcpy(bytes, out->head, out->head_len);
	for (const struct part *at = &out->body; at && at->len; at = at->next) {
		memcpy(bytes + len, at->p, at->len);
		len += at->len;
	}
	ck_assert_uint_eq(len, out->len);
	sink_check(out, bytes);
	segments_add(&s->got, bytes, len, &out->offload);
	ck_assert_uint_eq(s->got.n - before, out->segments);
	/* outputs are in the arena in the order of arrival, so this is the order of the first
	 * packets */
	ck_assert_msg(!s->last || out->head > s->last, "overtaken");
	s->last = out->head;
	s->outs++;
	snprintf(s->text + used, sizeof(s->text) - used, "%s%u", used ? "," : "", out->segments);
}

/* Takes everything out of B. */
static inline void sink_drain(struct sink *s, struct batch *b)
{
	const struct output *out;

	while ((out = batch_next(b)))
		sink_take(s, out);
}

struct key { /* identifies packets that must stay in order */
	uint8_t b[48];
};

/* Returns the key of packet P after BARRIERS fragments, which no packet may pass.  Counts P as a
 * barrier if it is a fragment. */
static inline struct key key_of(const uint8_t *p, unsigned *barriers)
{
	bool six = p[0] >> 4 == 6, fragment = six ? p[6] == 44 : get16(p + 6) & 0x3fff;
	uint8_t proto = !six ? p[9] : fragment ? p[40] : p[6];
	struct key k = {{p[0] >> 4, proto}};

	if (proto != 6 && proto != 17)
		return k;
	memcpy(k.b + 2, p + (six ? 8 : 12), six ? 32 : 8);
	if (fragment)
		k.b[34] = (uint8_t)++ * barriers;
	else
		memcpy(k.b + 36, p + (six ? 40 : 20), 4);
	put16(k.b + 40, *barriers);
	return k;
}

/* Clears what may differ: the IPv4 Identification, and the choice between the two zeros of a
 * checksum. */
static inline void blank(uint8_t *p, size_t len)
{
	size_t tcp = p[0] >> 4 == 6 ? 40 : 20;

	if (tcp == 20) {
		ck_assert_uint_eq(craft_sum(0, p, 20), 0xffff);
		put16(p + 4, 0);
		put16(p + 10, 0);
	}
	if ((tcp == 20 ? p[9] : p[6]) == 6 && len >= tcp + 20 && get16(p + tcp + 16) == 0xffff)
		put16(p + tcp + 16, 0);
}

static inline void list_keys(const struct segments *s, struct key *keys)
{
	unsigned barriers = 0;
	size_t len;

	for (unsigned i = 0; i < s->n; i++) {
		uint8_t *p = segments_at(s, i, &len);

		keys[i] = key_of(p, &barriers);
		blank(p, len);
	}
}

/* Checks that GOT has the packets of WANT, in the same order within each flow.  Changes both. */
static inline void compare_flows(const char *name, const struct segments *want,
				 const struct segments *got)
{
	static struct key want_key[SEGMENTS], got_key[SEGMENTS];
	static bool used[SEGMENTS];

	list_keys(want, want_key);
	list_keys(got, got_key);
	memset(used, 0, sizeof(used));
	ck_assert_msg(want->n == got->n, "%s: %u packets, not %u", name, got->n, want->n);
	for (unsigned i = 0; i < got->n; i++) {
		size_t a_len, b_len;
		uint8_t *a = segments_at(got, i, &a_len), *b;
		unsigned j = 0;

		while (j < want->n &&
		       (used[j] || memcmp(&got_key[i], &want_key[j], sizeof(*got_key)) != 0))
			j++;
		ck_assert_msg(j < want->n, "%s: packet %u of no flow", name, i);
		b = segments_at(want, j, &b_len);
		ck_assert_msg(a_len == b_len && memcmp(a, b, a_len) == 0, "%s: packet %u", name, j);
		used[j] = true;
	}
}

#endif

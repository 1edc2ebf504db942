/* facts - checks the facts stored with an outgoing packet against its bytes, because no later stage
 * parses them.  Naive, and shares nothing with src/. */
#ifndef NAT64D_TESTS_FACTS_H
#define NAT64D_TESTS_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/output.h"

struct facts {
	size_t len, ip, l4;
	unsigned family, proto;
	bool fragment;
};

static inline unsigned facts_word(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* Parses a packet of which HAVE bytes are at P. */
static inline struct facts facts_ip(const uint8_t *p, size_t have)
{
	struct facts f = {.family = p[0] >> 4};

	if (f.family == 4) {
		f.ip = p[0] == 0x45 ? 20 : 0;
		f.len = facts_word(p + 2);
		f.proto = p[9];
		f.fragment = (facts_word(p + 6) & 0x3fff) != 0;
		return f;
	}
	f.ip = 40;
	f.len = 40 + facts_word(p + 4);
	f.proto = p[6];
	if (f.proto != 44 || have < 48)
		return f;
	f.ip = 48;
	f.proto = p[40];
	f.fragment = true;
	return f;
}

/* Returns the length of the TCP or UDP header after F, if it is well formed. */
static inline size_t facts_l4(const struct facts *f, const uint8_t *p)
{
	size_t len;

	if (f->fragment || (f->proto != 6 && f->proto != 17))
		return 0;
	len = f->proto == 17 ? 8 : (p[f->ip + 12] >> 4) * 4u;
	return len < (f->proto == 17 ? 8u : 20u) || f->ip + len > f->len ? 0 : len;
}

/* Returns what is wrong with O, or NULL. */
static inline const char *facts_fault(const struct output *o)
{
	struct facts f;
	size_t parts = 1, len = o->head_len;

	if (o->head_len < (o->family == 4 ? 20 : 40))
		return "no IP header in its head";
	f = facts_ip(o->head, o->head_len);
	if (o->family != f.family || o->proto != f.proto || o->ip != f.ip)
		return "another IP header";
	if (o->len != f.len || o->fragment != f.fragment)
		return "another length, or a fragment";
	if (!o->fragment && (o->head_len < f.ip + o->l4 || o->l4 != facts_l4(&f, o->head)))
		return "another L4 header";
	for (const struct part *at = &o->body; at && o->parts > 1; at = at->next, parts++) {
		if (at->len == 0)
			return "an empty part";
		len += at->len;
	}
	if (o->parts != parts || o->len != len)
		return "other parts";
	if (o->offload.csum == CSUM_PARTIAL &&
	    (o->offload.csum_start != o->ip || o->offload.csum_offset != (o->proto == 6 ? 16 : 6)))
		return "a checksum elsewhere";
	if (o->offload.gso && (o->offload.csum != CSUM_PARTIAL ||
			       o->offload.header != o->ip + o->l4 || o->offload.seg == 0))
		return "a GSO packet of something else";
	len = o->len - o->ip - o->l4;
	if (o->segments !=
	    (o->offload.gso ? (len + o->offload.seg - 1) / o->offload.seg : (size_t)1))
		return "another number of segments";
	return o->offload.gso && o->segments < 2 ? "a GSO packet of one segment" : NULL;
}

#endif

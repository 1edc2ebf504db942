/* fuzz_check - segments the translator's outputs like a device, and checks each resulting
 * packet. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xlat/batch.h"
#include "lib/csum.h"
#include "packet/header.h"
#include "packet/gso.h"

#include "support/facts.h"
#include "fuzz_check.h"

void fuzz_expect(bool holds, const char *what, const char *file, int line)
{
	if (holds)
		return;
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

static uint64_t pseudo_sum(const struct packet *p)
{
	uint64_t sum = csum_pseudo((uint32_t)p->l4_stated, p->proto);

	if (p->family == 4)
		return p->proto == PROTO_ICMP ? 0 : sum + csum_addrs4(p->src4, p->dst4);
	return sum + csum_addrs6(&p->src6, &p->dst6);
}

/* Returns the offset of the checksum in P's transport header, or 0 if it has none that we know. */
static size_t csum_offset(const struct packet *p)
{
	if (p->proto == PROTO_TCP && p->l4.len >= sizeof(struct tcp_hdr))
		return offsetof(struct tcp_hdr, csum);
	if (p->proto == PROTO_UDP && p->l4.len >= sizeof(struct udp_hdr))
		return offsetof(struct udp_hdr, csum);
	if (packet_is_icmp(p) && p->l4.len >= sizeof(struct icmp_hdr))
		return offsetof(struct icmp_hdr, csum);
	return 0;
}

static bool l4_right(const struct packet *p)
{
	size_t at = csum_offset(p);

	if (at == 0 || (p->proto == PROTO_UDP && get16(p->l4.p + at) == 0))
		return false;
	return csum_fold(pseudo_sum(p) + csum_sum(p->l4.p, p->l4.len)) == 0xffff;
}

/* Makes the checksum at AT in PACKET partial, as O describes. */
static void fix_partial(const struct packet *p, uint8_t *packet, size_t at, struct offload *o)
{
	o->csum_start = (uint16_t)(p->l4.p - packet);
	o->csum_offset = (uint16_t)(at - o->csum_start);
	put16(packet + at, csum_fold(pseudo_sum(p)));
}

void fuzz_fix_checksums(uint8_t *packet, size_t len, struct offload *o)
{
	struct packet p;
	size_t ihl, at;

	if (len >= sizeof(struct ip4_hdr) && packet[0] >> 4 == 4) {
		ihl = (packet[0] & 15u) * 4;
		if (ihl < sizeof(struct ip4_hdr) || ihl > len)
			return;
		put16(packet + 10, 0);
		put16(packet + 10, csum_finish(csum_sum(packet, ihl)));
	}
	if (packet_parse(&p, packet, len, false) != REASON_OK || packet_is_fragment(&p))
		return;
	at = csum_offset(&p);
	if (at == 0 || (p.proto == PROTO_UDP && get16(p.l4.p + at) == 0))
		return;
	at += (size_t)(p.l4.p - packet);
	if (o->csum == CSUM_PARTIAL && o->csum_start == 0) {
		fix_partial(&p, packet, at, o);
		return;
	}
	put16(packet + at, 0);
	put16(packet + at, csum_udp(csum_finish(pseudo_sum(&p) + csum_sum(p.l4.p, p.l4.len))));
}

uint8_t *fuzz_bytes(size_t len)
{
	uint8_t *bytes = malloc(len ? len : 1);

	EXPECT(bytes != NULL);
	return bytes;
}

static bool input_right(const struct input *in)
{
	size_t at = csum_offset(&in->p);

	if (in->p.csum != CSUM_PARTIAL)
		return l4_right(&in->p);
	return get16(in->p.l4.p + at) % 0xffff == csum_fold(pseudo_sum(&in->p)) % 0xffff;
}

void fuzz_parse(struct input *in)
{
	in->parsed = packet_parse(&in->p, in->taken, in->len, false);
	if (in->parsed == REASON_OK)
		in->parsed = packet_take_offload(&in->p, in->taken, &in->offload);
	in->right = in->parsed == REASON_OK && input_right(in);
}

uint8_t *fuzz_flatten(const struct output *o)
{
	uint8_t *bytes = fuzz_bytes(o->len);
	size_t len = o->head_len;

	EXPECT(facts_fault(o) == NULL);
	memcpy(bytes, o->head, o->head_len);
	for (const struct part *at = &o->body; at && at->len; at = at->next) {
		memcpy(bytes + len, at->p, at->len);
		len += at->len;
	}
	return bytes;
}

static void parse_wire(struct packet *p, const uint8_t *bytes, size_t len)
{
	enum reason why = packet_parse(p, bytes, len, false);

	/* In IPv4 an AH may be in a fragment; the parser knows that we refuse that from IPv6. */
	EXPECT(why == REASON_OK || (why == REASON_FRAG_EXT_HDR && p->family == 6));
	if (why == REASON_OK)
		EXPECT(p->whole.len == len);
}

uint8_t *fuzz_cut(const struct gso_packet *t, const uint8_t *flat, size_t off, size_t n,
		  size_t *len)
{
	size_t start = (size_t)(t->l4 - flat), header = start + t->header;
	uint8_t *bytes = fuzz_bytes(header + n);

	memcpy(bytes, flat, start);
	gso_header(t, off, n, bytes + start);
	if (n)
		memcpy(bytes + header, flat + header + off, n);
	*len = header + n;
	header_put_len(bytes, *len);
	gso_complete(bytes + start, t->header, t->proto, (struct span){bytes + header, n});
	return bytes;
}

/* Returns false if P, or another fragment of it, may contain an ICMP error. */
static bool may_be_answered(const struct packet *p)
{
	struct packet end = *p;

	if (p->frag_off != 0)
		return false;
	return packet_go_to_end(&end) ? !packet_is_icmp_error(&end) : !packet_is_fragment(&end);
}

/* The checksum of an echo reply is correct if that of the request is correct, for which we trust
 * the device. */
static bool is_vouched_echo(const struct input *in, enum reason why)
{
	return why == REASON_SELF_ECHO && in->p.csum == CSUM_VOUCHED && !in->right;
}

static void check_answer(const struct input *in, const struct output *o, enum reason why)
{
	struct packet p;
	uint8_t *bytes = fuzz_flatten(o);

	EXPECT(o->offload.gso == GSO_NONE && o->offload.csum != CSUM_PARTIAL);
	parse_wire(&p, bytes, o->len);
	EXPECT(p.family == in->bytes[0] >> 4);
	EXPECT(packet_is_icmp(&p));
	EXPECT(l4_right(&p) || is_vouched_echo(in, why));
	if (p.family == 4)
		EXPECT(p.dst4 == get32(in->bytes + 12) && p.src4 == in->x->conf->own4);
	else
		EXPECT(memcmp(&p.dst6, in->bytes + 8, 16) == 0 &&
		       ip6_equal(&p.src6, &in->x->conf->own6));
	if (why != REASON_SELF_ECHO) {
		EXPECT(packet_is_icmp_error(&p));
		EXPECT(p.whole.len <= (p.family == 4 ? 576 : 1280));
		EXPECT(in->parsed != REASON_OK || may_be_answered(&in->p));
	}
	free(bytes);
}

/* The position in the sequence of outputs. */
struct walk {
	const struct input *in;
	uint32_t next;    /* the next expected fragment offset */
	uint32_t l4;      /* bytes so far */
	unsigned packets; /* so far; all fragments of a packet count once */
	unsigned pieces;
	bool open; /* the last packet was a fragment with more to come */
};

/* For a packet that was not fragmented before or after: its transport checksum is right if it
 * was right before.  ICMP checksums are verified, unless the device verified or should complete
 * them. */
static void check_whole(const struct input *in, const struct packet *p)
{
	bool seen = packet_is_icmp(&in->p) && in->p.csum != CSUM_VOUCHED;

	if (packet_is_fragment(&in->p) || packet_is_fragment(p))
		return;
	if (in->right || seen)
		EXPECT(l4_right(p));
}

static void check_wire(struct walk *w, const uint8_t *bytes, size_t len)
{
	const struct input *in = w->in;
	struct packet p;

	parse_wire(&p, bytes, len);
	EXPECT(len <= in->x->mtu);
	EXPECT(p.family == (in->p.family == 4 ? 6 : 4));
	EXPECT(p.ttl == in->p.ttl - 1);
	if (!w->open)
		w->next = in->p.frag_off;
	EXPECT(p.frag_off == w->next);
	w->next += (uint32_t)p.l4.len;
	w->l4 += (uint32_t)p.l4.len;
	w->open = p.mf;
	w->packets += !p.mf || in->p.mf;
	w->pieces++;
	check_whole(in, &p);
}

static void check_output(struct walk *w, const struct output *o)
{
	uint8_t *flat = fuzz_flatten(o), *bytes;
	struct gso_packet t;
	size_t n, len;

	EXPECT(o->offload.csum != CSUM_VOUCHED || w->in->p.csum == CSUM_VOUCHED);
	if (o->offload.csum != CSUM_PARTIAL) {
		EXPECT(o->offload.gso == GSO_NONE);
		check_wire(w, flat, o->len);
		free(flat);
		return;
	}
	t = output_gso(o);
	t.l4 = flat + o->ip;
	for (size_t off = 0; off == 0 || off < t.payload; off += n) {
		n = o->offload.gso ? min_size(t.payload - off, o->offload.seg) : t.payload;
		bytes = fuzz_cut(&t, flat, off, n, &len);
		check_wire(w, bytes, len);
		free(bytes);
		if (n == 0)
			break;
	}
	free(flat);
}

/* Sends all outputs through a batch as well, which may merge the outputs of a GSO packet again. */
static void check_batch(const struct xlat_out *out, unsigned pieces)
{
	static struct batch *batch;
	static struct ipid ipid;
	const struct output *o;
	unsigned sent = 0;

	if (!batch)
		batch = batch_new(&(struct siphash_key){1, 2}, &ipid);
	EXPECT(batch != NULL);
	batch_allow(batch, BATCH_TCP | BATCH_UDP);
	for (unsigned i = 0; i < out->outputs; i++)
		EXPECT(batch_add(batch, &out->output[i]));
	for (; (o = batch_next(batch)); sent += o->segments)
		EXPECT(facts_fault(o) == NULL);
	EXPECT(sent == pieces);
}

/* A source may use an IPv4 address inside a prefix only if it is translatable or writes to a mapped
 * host [rules-1.6].  No source may use our address. */
static void check_claim(const struct input *in)
{
	const struct xlat *x = in->x;
	int prefix = map_find_prefix(x->maps, &in->p.src6);

	if (in->p.family == 4 || packet_is_icmp_error(&in->p))
		return;
	EXPECT(!ip6_equal(&in->p.src6, &x->conf->own6));
	if (prefix < 0 || map_find6(x->maps, &in->p.src6) || map_find6(x->maps, &in->p.dst6))
		return;
	EXPECT(xlat_is_translatable(
		x->conf, addr_extract(&in->p.src6, map_prefix_at(x->maps, (size_t)prefix))));
}

/* No packet reaches a denied address; every host without a map is allowed, except a source inside a
 * prefix that writes to a mapped host [rules-1.8, 1.9]. */
static void check_policy(const struct input *in, const struct xlat_out *out)
{
	const struct xlat *x = in->x;

	if (in->p.family == 4)
		return;
	if (x->conf->deny)
		EXPECT(lpm_find(x->conf->deny,
				out->output[0].head + offsetof(struct ip4_hdr, dst)) == LPM_NONE);
	if (!x->conf->allow || packet_is_icmp_error(&in->p) || map_find6(x->maps, &in->p.src6))
		return;
	if (map_find_prefix(x->maps, &in->p.src6) < 0 || !map_find6(x->maps, &in->p.dst6))
		EXPECT(lpm_find(x->conf->allow, in->p.src6.b) != LPM_NONE);
}

void fuzz_check_translated(const struct input *in, const struct xlat_out *out)
{
	struct walk w = {.in = in};
	size_t headers = in->p.seg ? in->p.l4_header * (out->packets - 1) : 0;

	EXPECT(in->parsed == REASON_OK);
	check_claim(in);
	check_policy(in, out);
	EXPECT(in->offload.gso == GSO_NONE || in->offload.seg > 0);
	EXPECT(out->outputs >= 1 && out->outputs <= XLAT_OUTPUTS && !out->answers);
	for (unsigned i = 0; i < out->outputs; i++) /* the device's header is written there */
		memset(out->output[i].head - OFFLOAD_HDR, 0xee, OFFLOAD_HDR);
	for (unsigned i = 0; i < out->outputs; i++)
		check_output(&w, &out->output[i]);
	EXPECT(w.open == in->p.mf);
	/* The length may change only in ICMP errors, because of the quote. */
	if (!packet_is_icmp_error(&in->p))
		EXPECT(w.l4 == in->p.l4.len + headers);
	if (!in->p.mf)
		EXPECT(w.packets == out->packets);
	check_batch(out, w.pieces);
}

/* A refused packet is unchanged, except for a partial checksum that was completed, a GSO packet's
 * checksum that was made partial, and the end of a GSO packet if that was translated separately. */
static void check_untouched(const struct input *in, const uint8_t *packet,
			    const struct xlat_out *out)
{
	size_t len = in->len;

	if (out->has_last) { /* before it: its headers and the device's header */
		len = in->p.whole.len - (in->p.l4.len - in->p.l4_header) % in->p.seg;
		len -= XLAT_HEADROOM + (size_t)(in->p.l4.p - in->p.whole.p) + in->p.l4_header;
	}
	EXPECT(len == 0 || memcmp(packet, in->taken, len) == 0);
	if (in->offload.csum != CSUM_PARTIAL && in->offload.gso == GSO_NONE)
		EXPECT(len == 0 || memcmp(packet, in->bytes, len) == 0);
}

/* The last segment of a GSO packet that is too big is a single packet that fits. */
static unsigned check_last(const struct input *in, const struct xlat_out *out)
{
	struct walk w = {.in = in};

	EXPECT(in->p.seg > 0 && out->last != REASON_TOO_BIG && out->last != REASON_BAD_OFFLOAD);
	if (out->last != REASON_OK)
		return 0;
	EXPECT(out->outputs > 0);
	check_output(&w, &out->output[out->outputs - 1]);
	EXPECT(w.packets == 1 && !w.open);
	EXPECT(w.l4 == in->p.l4_header + (in->p.l4.len - in->p.l4_header) % in->p.seg);
	return 1;
}

void fuzz_check_refused(const struct input *in, const uint8_t *packet, const struct xlat_out *out,
			enum reason why)
{
	unsigned translated = 0;

	if (why != REASON_SELF_ECHO)
		check_untouched(in, packet, out);
	EXPECT(!out->has_last || why == REASON_TOO_BIG);
	EXPECT(out->answers <= 1u + out->has_last);
	if (out->has_last)
		translated = check_last(in, out);
	EXPECT(out->outputs == out->answers + translated);
	for (unsigned i = 0; i < out->answers; i++)
		check_answer(in, &out->output[i], why);
}

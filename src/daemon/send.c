/* send - stops using a feature once the device has refused it, and splits GSO packets then.
 *
 * The kernel announces its features when the device is opened, but some packets may be refused
 * nevertheless. */
#include <errno.h>
#include <string.h>

#include "lib/csum.h"
#include "packet/header.h"
#include "daemon/log.h"
#include "daemon/send.h"

#define HEADER_MAX (sizeof(struct ip6_hdr) + TCP_HEADER_MAX)

struct segment { /* OUT points to the other members, so do not copy this */
	struct output out;
	struct part part[OUTPUT_PARTS];
	uint8_t head[OFFLOAD_HDR + HEADER_MAX];
};

/* Sets the payload of S to the N bytes at offset OFF of the payload of FROM. */
static void put_payload(struct segment *s, const struct output *from, size_t off, size_t n)
{
	size_t header = (size_t)from->ip + from->l4;
	struct part first = {from->head + header, &from->body, from->head_len - (uint32_t)header};
	struct part *to = &s->out.body;

	for (const struct part *at = &first; n > 0; at = at->next) {
		size_t len;

		if (off >= at->len) {
			off -= at->len;
			continue;
		}
		len = min_size(at->len - off, n);
		if (s->out.parts > 1) {
			to->next = &s->part[s->out.parts];
			to = &s->part[s->out.parts];
		}
		*to = (struct part){.p = at->p + off, .len = (uint32_t)len};
		s->out.parts++;
		off = 0;
		n -= len;
	}
}

static void complete_checksum(struct output *o, uint8_t *l4)
{
	uint64_t sum = 0;
	size_t at = 0;

	for (const struct part *part = &o->body; part; part = part->next) {
		sum += csum_sum_at(part->p, part->len, at);
		at += part->len;
	}
	gso_complete_sum(l4, o->l4, o->proto, sum);
	o->offload = (struct offload){.csum = CSUM_VOUCHED};
}

static void put_ip(uint8_t *at, const struct output *out, unsigned i, size_t len)
{
	struct ip4_hdr *ip = (void *)at;

	memcpy(at, out->head, out->ip);
	if (out->family == 4)
		put16(ip->id, get16(ip->id) + i);
	header_put_len(at, len);
}

/* Builds segment I of OUT in the way the kernel does.  OUT is a GSO packet, or a packet with a
 * partial checksum, which is its own only segment.  The IPv4 Identification is that of the GSO
 * packet plus I.  The checksum is partial, or complete if COMPLETE.  The payload is referenced, not
 * copied. */
static void cut(struct segment *s, const struct output *out, unsigned i, bool complete)
{
	struct gso_packet t = output_gso(out);
	size_t off = i * (size_t)out->offload.seg, header = (size_t)out->ip + out->l4;
	size_t n = out->offload.gso ? min_size(out->offload.seg, t.payload - off) : t.payload;
	uint8_t *at = s->head + OFFLOAD_HDR, *l4 = at + out->ip;

	put_ip(at, out, i, header + n);
	gso_header(&t, off, n, l4);
	s->out = *out;
	s->out.head = at;
	s->out.head_len = (uint32_t)header;
	s->out.len = (uint32_t)(header + n);
	s->out.body = (struct part){0};
	s->out.parts = 1;
	put_payload(s, out, off, n);
	output_leave(&s->out, 0, 0);
	if (complete)
		complete_checksum(&s->out, l4);
}

static unsigned kind_of(const struct offload *o)
{
	return o->gso == GSO_UDP ? BATCH_UDP : BATCH_TCP;
}

/* Returns true if the remaining work on a packet must be done here. */
static bool is_ours(const struct send *s, const struct offload *o)
{
	if (o->gso)
		return !(s->gso & kind_of(o));
	return o->csum == CSUM_PARTIAL && !s->partial;
}

static void send_segments(struct send *s, const struct output *out)
{
	bool complete = !s->partial;
	struct segment segment;

	for (unsigned i = 0; i < out->segments; i++) {
		cut(&segment, out, i, complete);
		send_out(s, &segment.out);
	}
}

/* The device has refused O.  Stops using the feature; false if O uses none. */
static bool give_up(struct send *s, const struct offload *o)
{
	if (!o->gso && o->csum != CSUM_PARTIAL)
		return false;
	if (!o->gso) {
		s->partial = false;
		log_warning("offload: the kernel refuses partial checksums: nat64d computes all "
			    "checksums from now on");
		return true;
	}
	s->gso &= ~kind_of(o);
	batch_allow(s->batch, s->gso);
	log_warning("offload: the kernel refuses GSO packets of %s: nat64d sends their segments "
		    "one by one from now on",
		    o->gso == GSO_UDP ? "UDP" : "TCP");
	return true;
}

void send_out(struct send *s, const struct output *out)
{
	if (is_ours(s, &out->offload)) {
		send_segments(s, out);
		return;
	}
	if (tun_write(s->tun, out) == 0) {
		s->counters->gso_written += out->offload.gso != GSO_NONE;
		return;
	}
	if (errno == EINVAL && give_up(s, &out->offload))
		send_segments(s, out);
	else
		s->counters->write_failed += out->segments;
}

void send_start(struct send *s)
{
	unsigned offloads = tun_offloads(s->tun);

	s->partial = offloads & TUN_CSUM;
	s->gso = (offloads & TUN_TCP ? BATCH_TCP : 0u) | (offloads & TUN_UDP ? BATCH_UDP : 0u);
	batch_allow(s->batch, s->gso);
}

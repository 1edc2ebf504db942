/* send - decides what a device is not trusted with any more once it has refused it, and how a GSO
 * packet is cut up then.
 *
 * A kernel says what it can do when the device is opened, but not for every kind of packet that it
 * may be given. */
#include <errno.h>
#include <string.h>

#include "lib/csum.h"
#include "packet/header.h"
#include "daemon/log.h"
#include "daemon/send.h"
#include "packet/gso.h"

/* Where TCP or UDP begins in OUT, and what a segment's header is made from.  False: not that. */
static bool find_header(const struct batch_out *out, struct gso_packet *t)
{
	const struct offload *o = &out->offload;
	size_t room = out->part[0].len, start = o->csum_start;

	if (o->csum != CSUM_PARTIAL || room <= start || room > out->len)
		return false;
	t->l4 = out->part[0].p + start;
	t->cwr_stays = o->ecn == GSO_ACCECN;
	t->proto = PROTO_TCP;
	t->header = sizeof(struct udp_hdr);
	if (o->csum_offset == gso_csum_at(PROTO_UDP))
		t->proto = PROTO_UDP;
	else if (o->csum_offset != gso_csum_at(PROTO_TCP) || room - start < sizeof(struct tcp_hdr))
		return false;
	else
		t->header = (size_t)(t->l4[offsetof(struct tcp_hdr, doff)] >> 4) * 4;
	t->payload = out->len - start - t->header;
	return t->header > gso_csum_at(t->proto) && start + t->header <= room &&
	       start + t->header <= SEND_HEADER;
}

/* Lets TO point to the N bytes of FROM's parts from byte OFF on. */
static void put_parts(struct batch_out *to, const struct batch_out *from, size_t off, size_t n)
{
	for (unsigned i = 0; i < from->parts && n > 0; i++) {
		struct span part = from->part[i];
		size_t len;

		if (!span_take(&part, off)) {
			off -= part.len;
			continue;
		}
		off = 0;
		len = min_size(part.len, n);
		if (len > 0)
			to->part[to->parts++] = (struct span){part.p, len};
		n -= len;
	}
}

/* The sum of all parts of OUT but the first, its headers. */
static uint64_t sum_payload(const struct batch_out *out)
{
	uint64_t sum = 0;
	size_t at = 0;

	for (unsigned i = 1; i < out->parts; i++) {
		sum += csum_sum_at(out->part[i].p, out->part[i].len, at);
		at += out->part[i].len;
	}
	return sum;
}

static void complete_checksum(struct batch_out *out, const struct gso_packet *t, uint8_t *l4)
{
	gso_complete_sum(l4, t->header, t->proto, sum_payload(out));
	out->offload = (struct offload){.csum = CSUM_VOUCHED};
}

static void put_ip(uint8_t *at, const struct batch_out *out, unsigned i, size_t len)
{
	struct ip4_hdr *ip = (void *)at;

	memcpy(at, out->part[0].p, out->offload.csum_start);
	if (at[0] >> 4 == 4)
		put16(ip->id, get16(ip->id) + i);
	header_put_len(at, len);
}

bool send_cut(const struct batch_out *out, unsigned i, bool complete, struct send_segment *s)
{
	const struct offload *o = &out->offload;
	uint8_t *at = s->head + OFFLOAD_HDR;
	struct gso_packet t;
	size_t header, off, n;

	if (!find_header(out, &t))
		return false;
	off = o->gso ? i * (size_t)o->seg : 0;
	if (off > t.payload || (i > 0 && off == t.payload))
		return false;
	n = o->gso && o->seg ? min_size(o->seg, t.payload - off) : t.payload;
	header = o->csum_start + t.header;
	put_ip(at, out, i, header + n);
	gso_header(&t, off, n, at + o->csum_start);
	s->out = (struct batch_out){.parts = 1, .segments = 1, .len = header + n};
	s->out.offload.csum = CSUM_PARTIAL;
	s->out.offload.csum_start = o->csum_start;
	s->out.offload.csum_offset = o->csum_offset;
	s->out.part[0] = (struct span){at, header};
	put_parts(&s->out, out, header + off, n);
	if (complete)
		complete_checksum(&s->out, &t, at + o->csum_start);
	return true;
}

static unsigned kind_of(const struct offload *o)
{
	return o->gso == GSO_UDP ? BATCH_UDP : BATCH_TCP;
}

/* Must what is left to be done about a packet be done here? */
static bool is_ours(const struct send *s, const struct offload *o)
{
	if (o->gso)
		return !(s->gso & kind_of(o));
	return o->csum == CSUM_PARTIAL && !s->partial;
}

static void send_pieces(struct send *s, const struct batch_out *out)
{
	bool complete = !s->partial;
	struct send_segment piece;

	for (unsigned i = 0; i < out->segments; i++)
		if (send_cut(out, i, complete, &piece))
			send_out(s, &piece.out);
		else
			s->counters->write_failed++;
}

/* The device has refused O.  False: there was nothing in it to refuse. */
static bool give_up(struct send *s, const struct offload *o)
{
	if (!o->gso && o->csum != CSUM_PARTIAL)
		return false;
	if (!o->gso) {
		s->partial = false;
		log_warning("offload: the kernel refuses partial checksums: from now on all are "
			    "computed here");
		return true;
	}
	s->gso &= ~kind_of(o);
	batch_allow(s->batch, s->gso);
	log_warning("offload: the kernel refuses GSO packets of %s: from now on those are sent "
		    "one by one",
		    o->gso == GSO_UDP ? "UDP" : "TCP");
	return true;
}

void send_out(void *arg, const struct batch_out *out)
{
	struct send *s = arg;

	if (is_ours(s, &out->offload)) {
		send_pieces(s, out);
		return;
	}
	if (tun_write(s->tun, out) == 0) {
		s->counters->gso_written += out->offload.gso != GSO_NONE;
		return;
	}
	if (errno == EINVAL && give_up(s, &out->offload))
		send_pieces(s, out);
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

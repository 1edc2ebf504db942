/* packet_offload - decides whether what a device left to be done fits the packet.  What comes from
 * the kernel is trusted to mean well, not to be right. */
#include "packet/packet.h"

#include "lib/csum.h"

#define PROTO_SCTP 132 /* its checksum is a CRC [9260-6.8] */

static size_t l4_at(const struct packet *p)
{
	return (size_t)(p->l4.p - p->whole.p);
}

/* Bytes of P's TCP or UDP header, or 0: it is neither, only a part of it, or malformed. */
static size_t header_len(const struct packet *p)
{
	size_t len;

	if (packet_is_fragment(p))
		return 0;
	if (p->proto == PROTO_UDP)
		return p->l4.len < sizeof(struct udp_hdr) ? 0 : sizeof(struct udp_hdr);
	if (p->proto != PROTO_TCP || p->l4.len < sizeof(struct tcp_hdr))
		return 0;
	len = (size_t)(p->l4.p[offsetof(struct tcp_hdr, doff)] >> 4) * 4;
	return len < sizeof(struct tcp_hdr) || len > p->l4.len ? 0 : len;
}

/* Where in its L4 part P has its own checksum; 0: nowhere that we know. */
static size_t csum_at(const struct packet *p)
{
	if (p->proto == PROTO_TCP)
		return offsetof(struct tcp_hdr, csum);
	if (p->proto == PROTO_UDP)
		return offsetof(struct udp_hdr, csum);
	return packet_is_icmp(p) ? offsetof(struct icmp_hdr, csum) : 0;
}

/* Is the partial checksum P's own, and not that of something inside it? */
static bool is_own(const struct packet *p, const struct offload *o)
{
	return o->csum_start == l4_at(p) && o->csum_offset == csum_at(p);
}

/* Does what is said about the checksum hold for the whole of P's own L4 part? */
static bool is_about_whole(const struct packet *p)
{
	return csum_at(p) && !packet_is_fragment(p);
}

/* Completes a partial checksum of whatever kind, to the end that the IP header states.  Which
 * protocol's it is cannot be known inside a tunnel: 0xffff for 0 is right for all, and a must for
 * UDP.  P's own is then right by construction; an inner one says nothing of the outer. */
static enum reason complete(struct packet *p, uint8_t *bytes, const struct offload *o)
{
	size_t start = o->csum_start, at = start + o->csum_offset;
	uint64_t sum;

	if (start < l4_at(p) || at + 2 > p->whole.len || p->proto == PROTO_SCTP)
		return REASON_BAD_OFFLOAD;
	sum = csum_sum(bytes + start, p->whole.len - start);
	put16(bytes + at, csum_udp(csum_finish(sum)));
	p->l4_header = header_len(p); /* a sum that is not P's own may have hit the data offset */
	if (is_own(p, o) && is_about_whole(p))
		p->csum = CSUM_VOUCHED;
	return REASON_OK;
}

static enum reason take_csum(struct packet *p, uint8_t *bytes, const struct offload *o)
{
	if (o->csum == CSUM_VOUCHED && is_about_whole(p))
		p->csum = CSUM_VOUCHED;
	if (o->csum != CSUM_PARTIAL)
		return REASON_OK;
	if (!p->l4_header || !is_own(p, o))
		return complete(p, bytes, o);
	p->csum = CSUM_PARTIAL;
	return REASON_OK;
}

/* A UDP GSO packet without a checksum is not to get one here. */
static bool fits_udp(const struct packet *p, const struct offload *o)
{
	const struct udp_hdr *udp = (const void *)p->l4.p;

	return get16(udp->len) == p->l4.len && (o->csum == CSUM_PARTIAL || get16(udp->csum) != 0);
}

/* Is P, whose header is complete, of the kind that O's GSO packet is? */
static bool fits_kind(const struct packet *p, const struct offload *o)
{
	switch (o->gso) {
	case GSO_TCP4:
		return p->family == 4 && p->proto == PROTO_TCP;
	case GSO_TCP6:
		return p->family == 6 && p->proto == PROTO_TCP;
	case GSO_UDP:
		return p->proto == PROTO_UDP && fits_udp(p, o);
	default:
		return false;
	}
}

static void put_pseudo(const struct packet *p, uint8_t *l4)
{
	uint64_t sum = csum_pseudo((uint32_t)p->l4.len, p->proto);

	sum += p->family == 4 ? csum_addrs4(p->src4, p->dst4) : csum_addrs6(&p->src6, &p->dst6);
	put16(l4 + csum_at(p), csum_fold(sum));
}

/* A complete checksum of a GSO packet is that of no packet: it is made partial.  One behind a
 * fragment header, be it atomic, cannot be: its segments would all have the same identification. */
static enum reason take_gso(struct packet *p, uint8_t *bytes, const struct offload *o)
{
	if (!p->l4_header || p->frag_hdr || o->seg == 0 || !fits_kind(p, o))
		return REASON_BAD_OFFLOAD;
	if (o->csum == CSUM_PARTIAL && !is_own(p, o))
		return REASON_BAD_OFFLOAD;
	if (p->l4.len - p->l4_header <= o->seg)
		return take_csum(p, bytes, o);
	p->seg = o->seg;
	p->ecn = o->ecn;
	if (o->csum != CSUM_PARTIAL)
		put_pseudo(p, bytes + l4_at(p));
	p->csum = CSUM_PARTIAL;
	return REASON_OK;
}

enum reason packet_take_offload(struct packet *p, uint8_t *bytes, const struct offload *o)
{
	p->l4_header = header_len(p);
	if (!o)
		return REASON_OK;
	return o->gso ? take_gso(p, bytes, o) : take_csum(p, bytes, o);
}

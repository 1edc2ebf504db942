/* packet_offload - checks that the device's offload information fits the packet.
 *
 * The kernel is assumed to be benign, but its information may not fit the packet. */
#include "packet/packet.h"

#include "lib/csum.h"

#define PROTO_SCTP 132 /* uses a CRC as its checksum [9260-6.8] */

static size_t l4_at(const struct packet *p)
{
	return (size_t)(p->l4.p - p->whole.p);
}

/* Returns the length of P's TCP or UDP header, or 0 for other protocols, fragments and malformed
 * headers. */
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

/* Returns the offset of P's own checksum in its L4 part, or 0 if it has none that we know. */
static size_t csum_at(const struct packet *p)
{
	if (p->proto == PROTO_TCP)
		return offsetof(struct tcp_hdr, csum);
	if (p->proto == PROTO_UDP)
		return offsetof(struct udp_hdr, csum);
	return packet_is_icmp(p) ? offsetof(struct icmp_hdr, csum) : 0;
}

/* Returns true if the partial checksum is P's own, not that of a packet inside it. */
static bool is_own(const struct packet *p, const struct offload *o)
{
	return o->csum_start == l4_at(p) && o->csum_offset == csum_at(p);
}

/* Returns true if the checksum information covers P's own L4 part completely. */
static bool is_about_whole(const struct packet *p)
{
	return csum_at(p) && !packet_is_fragment(p);
}

/* Completes a partial checksum of any kind, up to the end of the packet given by its IP header.
 * Inside a tunnel the protocol is unknown: writing 0 as 0xffff is correct for all protocols and
 * required for UDP.  P's own checksum is then correct by construction; an inner one says nothing
 * about the outer. */
static enum reason complete(struct packet *p, uint8_t *bytes, const struct offload *o)
{
	size_t start = o->csum_start, at = start + o->csum_offset;
	uint64_t sum;

	if (start < l4_at(p) || at + 2 > p->whole.len || p->proto == PROTO_SCTP)
		return REASON_BAD_OFFLOAD;
	sum = csum_sum(bytes + start, p->whole.len - start);
	put16(bytes + at, csum_udp(csum_finish(sum)));
	p->l4_header = header_len(
		p); /* a checksum that is not P's own may have overwritten the data offset */
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

/* A UDP GSO packet without a checksum must not get one here. */
static bool fits_udp(const struct packet *p, const struct offload *o)
{
	const struct udp_hdr *udp = (const void *)p->l4.p;

	return get16(udp->len) == p->l4.len && (o->csum == CSUM_PARTIAL || get16(udp->csum) != 0);
}

/* Returns true if P, whose header is complete, has the protocol and family of O's GSO type. */
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

/* A GSO packet with a complete checksum is converted to a partial one, because no single packet has
 * that checksum.  A GSO packet after a fragment header, even an atomic one, is rejected: all its
 * segments would have the same Identification. */
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

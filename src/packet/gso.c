/* gso - writes the header of a part of a GSO packet, as the kernel's segmentation does, and
 * completes partial checksums. */
#include "packet/gso.h"

#include "lib/csum.h"

/* Changes the length in the folded, not complemented sum of a pseudo-header.  The result is never
 * 0, as in a new computation: a sum of words that are not all zero does not fold to 0. */
static uint16_t exchange_len(uint16_t sum, size_t was, size_t now)
{
	uint16_t minus = (uint16_t)~csum_fold(csum_pseudo((uint32_t)was, 0));

	return csum_fold(sum + (uint64_t)minus + csum_pseudo((uint32_t)now, 0));
}

static void put_tcp(const struct gso_packet *t, size_t off, size_t n, uint8_t *at)
{
	struct tcp_hdr *h = (void *)at;

	put32(h->seq, get32(h->seq) + (uint32_t)off);
	if (off + n < t->payload)
		h->flags &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	if (off > 0 && !t->cwr_stays) /* [3168-6.1.2] */
		h->flags &= (uint8_t)~TCP_CWR;
}

void gso_header(const struct gso_packet *t, size_t off, size_t n, uint8_t *at)
{
	uint8_t *csum = at + gso_csum_at(t->proto);

	memcpy(at, t->l4, t->header);
	put16(csum, exchange_len(get16(csum), t->header + t->payload, t->header + n));
	if (t->proto == PROTO_TCP)
		put_tcp(t, off, n, at);
	else
		put16(at + offsetof(struct udp_hdr, len), (unsigned)(t->header + n));
}

void gso_complete_sum(uint8_t *l4, size_t header, uint8_t proto, uint64_t payload_sum)
{
	uint16_t csum = csum_finish(csum_sum(l4, header) + payload_sum);

	put16(l4 + gso_csum_at(proto), proto == PROTO_UDP ? csum_udp(csum) : csum);
}

void gso_complete(uint8_t *l4, size_t header, uint8_t proto, struct span payload)
{
	gso_complete_sum(l4, header, proto, csum_sum(payload.p, payload.len));
}

/* header - writes IP headers; the callers decide the contents. */
#include "packet/header.h"

#include "lib/csum.h"
#include "lib/wire.h"

void header_put4(uint8_t *at, const struct header4 *h)
{
	struct ip4_hdr ip = {.ver_ihl = 0x45, .tos = h->tos, .ttl = h->ttl, .proto = h->proto};

	put16(ip.len, h->len);
	put16(ip.id, h->id);
	put16(ip.frag, h->frag);
	put32(ip.src, h->src);
	put32(ip.dst, h->dst);
	put16(ip.csum, csum_finish(csum_sum(&ip, sizeof(ip))));
	memcpy(at, &ip, sizeof(ip));
}

void header_put6(uint8_t *at, const struct header6 *h)
{
	struct ip6_hdr ip = {.next = h->next, .hop = h->hop};

	put32(ip.ver_tc_flow, 6u << 28 | (uint32_t)h->tc << 20);
	put16(ip.plen, h->plen);
	memcpy(ip.src, h->src, sizeof(ip.src));
	memcpy(ip.dst, h->dst, sizeof(ip.dst));
	memcpy(at, &ip, sizeof(ip));
}

void header_put_frag(uint8_t *at, uint8_t next, uint32_t off, bool mf, uint32_t id)
{
	struct frag_hdr f = {.next = next};

	put16(f.off, off | (mf ? FRAG_MF : 0));
	put32(f.id, id);
	memcpy(at, &f, sizeof(f));
}

static void put_len4(uint8_t *at, size_t len)
{
	struct ip4_hdr *ip = (void *)at;

	put16(ip->len, (unsigned)len);
	put16(ip->csum, 0);
	put16(ip->csum, csum_finish(csum_sum(at, (ip->ver_ihl & 0x0fu) * 4u)));
}

void header_put_len(uint8_t *at, size_t len)
{
	if (at[0] >> 4 == 4)
		put_len4(at, len);
	else
		put16(at + offsetof(struct ip6_hdr, plen),
		      (unsigned)(len - sizeof(struct ip6_hdr)));
}

/* batch_header - which packets have headers that allow them to be merged, and what the header of
 * the GSO packet then is. */
#include "batch_impl.h"

#include "lib/csum.h"
#include "packet/header.h"
#include "packet/gso.h"

#define IP4_VER_IHL 0x45 /* version 4, no options: xlat writes none */

/* What GRO leaves alone as well: it changes the state of a connection, or means one packet. */
#define TCP_NEVER (TCP_SYN | TCP_RST | TCP_URG | TCP_CWR)
#define TCP_ENDS  (TCP_FIN | TCP_PSH)

/* Is PROTO one that neither is TCP or UDP nor has them behind it? */
static bool is_other(uint8_t proto)
{
	switch (proto) {
	case PROTO_TCP:
	case PROTO_UDP:
	case PROTO_HOPOPTS:
	case PROTO_ROUTING:
	case PROTO_FRAGMENT:
	case PROTO_DSTOPTS:
		return false;
	default:
		return true;
	}
}

static bool has_ports(const struct look *k, const struct frame *f)
{
	return (k->proto == PROTO_TCP || k->proto == PROTO_UDP) && f->head_len >= k->ip + 4u;
}

static enum look_kind look_ip4(struct look *k, const struct frame *f)
{
	const struct ip4_hdr *ip = (const void *)f->head;

	if (f->head_len < sizeof(*ip))
		return LOOK_UNKNOWN;
	k->ip = sizeof(*ip);
	k->proto = ip->proto;
	if (is_other(ip->proto))
		return LOOK_OTHER;
	if (ip->ver_ihl != IP4_VER_IHL || get16(ip->frag) & (IP4_MF | IP4_OFF_MASK) ||
	    !has_ports(k, f))
		return LOOK_UNKNOWN;
	return get16(ip->len) == frame_len(f) && !f->alone ? LOOK_MERGE : LOOK_ALONE;
}

static enum look_kind look_ip6(struct look *k, const struct frame *f)
{
	const struct ip6_hdr *ip = (const void *)f->head;
	const struct frag_hdr *frag = (const void *)(ip + 1);
	uint8_t last;

	if (f->head_len < sizeof(*ip))
		return LOOK_UNKNOWN;
	k->ip = sizeof(*ip);
	k->proto = last = ip->next;
	if (last == PROTO_FRAGMENT && f->head_len >= sizeof(*ip) + sizeof(*frag))
		last = frag->next;
	if (is_other(last))
		return LOOK_OTHER;
	if (!has_ports(k, f))
		return LOOK_UNKNOWN;
	return sizeof(*ip) + get16(ip->plen) == frame_len(f) && !f->alone ? LOOK_MERGE : LOOK_ALONE;
}

static enum look_kind look_tcp(struct look *k, const struct frame *f)
{
	const struct tcp_hdr *tcp = (const void *)(f->head + k->ip);
	size_t room = f->head_len - k->ip, size;

	if (room < sizeof(*tcp))
		return LOOK_ALONE;
	size = (tcp->doff >> 4) * 4u;
	if (size < sizeof(*tcp) || size > room || tcp->flags & TCP_NEVER)
		return LOOK_ALONE;
	k->header = (uint16_t)(k->ip + size);
	k->ends = tcp->flags & TCP_ENDS;
	return LOOK_MERGE;
}

/* A datagram without checksum must not get one. */
static enum look_kind look_udp(struct look *k, const struct frame *f)
{
	const struct udp_hdr *udp = (const void *)(f->head + k->ip);

	if (f->head_len < k->ip + sizeof(*udp) || get16(udp->len) != frame_len(f) - k->ip)
		return LOOK_ALONE;
	if (f->offload.csum != CSUM_PARTIAL && get16(udp->csum) == 0)
		return LOOK_ALONE;
	k->header = (uint16_t)(k->ip + sizeof(*udp));
	return LOOK_MERGE;
}

static bool gso_ok(const struct look *k, const struct offload *o)
{
	return o->gso == gso_type_of(k->proto, look_family(k)) && o->csum == CSUM_PARTIAL &&
	       o->ecn == 0 && o->seg != 0 && o->seg < k->payload;
}

static enum look_kind look_offload(struct look *k, const struct frame *f)
{
	const struct offload *o = &f->offload;

	k->payload = (uint32_t)(frame_len(f) - k->header);
	k->seg = o->gso ? o->seg : (uint16_t)k->payload;
	if (k->payload == 0)
		return LOOK_ALONE;
	if (o->csum == CSUM_PARTIAL &&
	    (o->csum_start != k->ip || o->csum_offset != gso_csum_at(k->proto)))
		return LOOK_ALONE;
	return o->gso == GSO_NONE || gso_ok(k, o) ? LOOK_MERGE : LOOK_ALONE;
}

struct look batch_look(const struct frame *f)
{
	struct look k = {.kind = LOOK_UNKNOWN};

	if (f->head_len == 0)
		return k;
	k.kind = (uint8_t)(f->head[0] >> 4 == 4 ? look_ip4(&k, f) : look_ip6(&k, f));
	if (k.kind == LOOK_MERGE)
		k.kind = (uint8_t)(k.proto == PROTO_TCP ? look_tcp(&k, f) : look_udp(&k, f));
	if (k.kind == LOOK_MERGE)
		k.kind = (uint8_t)look_offload(&k, f);
	return k;
}

/* Are bytes FROM to TO - 1 the same? */
static inline bool same(const uint8_t *a, const uint8_t *b, size_t from, size_t to)
{
	return memcmp(a + from, b + from, to - from) == 0;
}

bool batch_same_flow(const struct frame *a, const struct look *ka, const struct frame *b,
		     const struct look *kb)
{
	if (ka->ip != kb->ip || ka->proto != kb->proto)
		return false;
	if (ka->ip == sizeof(struct ip4_hdr)) /* addresses and ports stand side by side */
		return same(a->head, b->head, offsetof(struct ip4_hdr, src), 24);
	return same(a->head, b->head, offsetof(struct ip6_hdr, src), 44);
}

/* All that stands in every segment alike: not the length, the Identification, the checksum. */
static bool same_ip(const uint8_t *a, const uint8_t *b, size_t ip)
{
	if (ip == sizeof(struct ip6_hdr))
		return same(a, b, 0, offsetof(struct ip6_hdr, plen)) &&
		       same(a, b, offsetof(struct ip6_hdr, next), offsetof(struct ip6_hdr, src));
	return same(a, b, 0, offsetof(struct ip4_hdr, len)) &&
	       same(a, b, offsetof(struct ip4_hdr, frag), offsetof(struct ip4_hdr, csum));
}

/* SIZE: of B's header.  A's has the same one if the data offset is the same. */
static bool same_tcp(const uint8_t *a, const uint8_t *b, size_t size, size_t held)
{
	const struct tcp_hdr *ta = (const void *)a, *tb = (const void *)b;

	return get32(tb->seq) == (uint32_t)(get32(ta->seq) + held) &&
	       same(a, b, offsetof(struct tcp_hdr, ack), offsetof(struct tcp_hdr, flags)) &&
	       ((ta->flags ^ tb->flags) & ~TCP_ENDS) == 0 &&
	       same(a, b, offsetof(struct tcp_hdr, window), offsetof(struct tcp_hdr, csum)) &&
	       same(a, b, offsetof(struct tcp_hdr, urgent), size);
}

bool batch_same_header(const struct frame *a, const struct frame *b, const struct look *k,
		       size_t held)
{
	if (!same_ip(a->head, b->head, k->ip))
		return false;
	return k->proto == PROTO_UDP ||
	       same_tcp(a->head + k->ip, b->head + k->ip, (size_t)(k->header - k->ip), held);
}

/* The addresses end the IP header in both families. */
static uint64_t pseudo_sum(const uint8_t *head, const struct look *k, size_t l4_len)
{
	size_t addrs = k->ip == sizeof(struct ip4_hdr) ? 8 : 32;

	return csum_sum(head + k->ip - addrs, addrs) + csum_pseudo((uint32_t)l4_len, k->proto);
}

bool batch_checksum_ok(const struct frame *f, const struct look *k)
{
	size_t in_head = f->head_len - k->ip;
	uint64_t sum = pseudo_sum(f->head, k, in_head + f->body_len);

	sum += csum_sum(f->head + k->ip, in_head);
	if (f->body_len)
		sum += csum_sum_at(f->body, f->body_len, in_head);
	return csum_finish(sum) == 0;
}

void batch_put_headers(struct frame *f, const struct look *k, size_t len, unsigned id)
{
	uint8_t *l4 = f->head + k->ip;
	size_t l4_len = len - k->ip;

	if (look_family(k) == 4)
		put16(f->head + offsetof(struct ip4_hdr, id), id);
	header_put_len(f->head, len);
	if (k->proto == PROTO_UDP)
		put16(((struct udp_hdr *)(void *)l4)->len, (unsigned)l4_len);
	else
		((struct tcp_hdr *)(void *)l4)->flags |= k->ends;
	put16(l4 + gso_csum_at(k->proto), csum_fold(pseudo_sum(f->head, k, l4_len)));
}

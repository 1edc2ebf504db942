/* batch_header - decides from headers which packets can be merged, and writes the header of a GSO
 * packet. */
#include "batch_impl.h"

#include "lib/csum.h"
#include "packet/header.h"
#include "packet/gso.h"

/* GRO does not merge these either: they change the state of a connection, or apply to one
 * packet. */
#define TCP_NEVER (TCP_SYN | TCP_RST | TCP_URG | TCP_CWR)
#define TCP_ENDS  (TCP_FIN | TCP_PSH)

static const uint8_t *l4_of(const struct output *o)
{
	return o->head + o->ip;
}

/* A datagram without a checksum must not get one.  The length must be that of the UDP header. */
static bool is_plain_udp(const struct output *o)
{
	const struct udp_hdr *udp = (const void *)l4_of(o);

	return get16(udp->len) == o->len - o->ip &&
	       (o->offload.csum == CSUM_PARTIAL || get16(udp->csum) != 0);
}

static bool is_plain_tcp(const struct output *o)
{
	return !(((const struct tcp_hdr *)(const void *)l4_of(o))->flags & TCP_NEVER);
}

enum merge_kind batch_kind(const struct output *o)
{
	if (o->proto != PROTO_TCP && o->proto != PROTO_UDP)
		return MERGE_OTHER;
	if (o->fragment)
		return MERGE_UNKNOWN;
	if (o->alone || o->l4 == 0 || output_payload(o) == 0 || o->offload.ecn != 0)
		return MERGE_NEVER;
	if (o->proto == PROTO_UDP ? !is_plain_udp(o) : !is_plain_tcp(o))
		return MERGE_NEVER;
	return MERGE_MAYBE;
}

uint8_t batch_ends(const struct output *o)
{
	if (o->proto == PROTO_UDP)
		return 0;
	return ((const struct tcp_hdr *)(const void *)l4_of(o))->flags & TCP_ENDS;
}

/* Returns true if bytes FROM to TO - 1 are equal. */
static inline bool same(const uint8_t *a, const uint8_t *b, size_t from, size_t to)
{
	return memcmp(a + from, b + from, to - from) == 0;
}

bool batch_same_flow(const struct output *a, const struct output *b)
{
	if (a->family != b->family || a->proto != b->proto)
		return false;
	if (a->family == 4) /* addresses and ports are adjacent */
		return same(a->head, b->head, offsetof(struct ip4_hdr, src), 24);
	return same(a->head, b->head, offsetof(struct ip6_hdr, src), 44);
}

/* Compares all fields that are equal in every segment: not the length, Identification and
 * checksum. */
static bool same_ip(const uint8_t *a, const uint8_t *b, unsigned family)
{
	if (family == 6)
		return same(a, b, 0, offsetof(struct ip6_hdr, plen)) &&
		       same(a, b, offsetof(struct ip6_hdr, next), offsetof(struct ip6_hdr, src));
	return same(a, b, 0, offsetof(struct ip4_hdr, len)) &&
	       same(a, b, offsetof(struct ip4_hdr, frag), offsetof(struct ip4_hdr, csum));
}

/* SIZE is the length of B's header; A's is equal if the data offsets are equal. */
static bool same_tcp(const uint8_t *a, const uint8_t *b, size_t size, size_t held)
{
	const struct tcp_hdr *ta = (const void *)a, *tb = (const void *)b;

	return get32(tb->seq) == (uint32_t)(get32(ta->seq) + held) &&
	       same(a, b, offsetof(struct tcp_hdr, ack), offsetof(struct tcp_hdr, flags)) &&
	       ((ta->flags ^ tb->flags) & ~TCP_ENDS) == 0 &&
	       same(a, b, offsetof(struct tcp_hdr, window), offsetof(struct tcp_hdr, csum)) &&
	       same(a, b, offsetof(struct tcp_hdr, urgent), size);
}

bool batch_same_header(const struct output *a, const struct output *b, size_t held)
{
	if (!same_ip(a->head, b->head, a->family))
		return false;
	return a->proto == PROTO_UDP || same_tcp(l4_of(a), l4_of(b), b->l4, held);
}

/* The addresses are at the end of the IP header in both families. */
static uint64_t pseudo_sum(const struct output *o)
{
	size_t addrs = o->family == 4 ? 8 : 32;

	return csum_sum(l4_of(o) - addrs, addrs) + csum_pseudo(o->len - o->ip, o->proto);
}

bool batch_checksum_ok(const struct output *o)
{
	size_t in_head = o->head_len - o->ip;
	uint64_t sum = pseudo_sum(o) + csum_sum(l4_of(o), in_head);

	if (o->body.len)
		sum += csum_sum_at(o->body.p, o->body.len, in_head);
	return csum_finish(sum) == 0;
}

void batch_put_headers(struct output *o, uint8_t ends, unsigned id)
{
	uint8_t *l4 = o->head + o->ip;

	if (o->family == 4)
		put16(o->head + offsetof(struct ip4_hdr, id), id);
	header_put_len(o->head, o->len);
	if (o->proto == PROTO_UDP)
		put16(((struct udp_hdr *)(void *)l4)->len, o->len - o->ip);
	else
		((struct tcp_hdr *)(void *)l4)->flags |= ends;
	put16(l4 + gso_csum_at(o->proto), csum_fold(pseudo_sum(o)));
}

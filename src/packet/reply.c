/* reply - decides when an ICMP error may be sent, and writes the messages of the translator
 * itself. */
#include "packet/reply.h"

#include "lib/csum.h"
#include "packet/header.h"
#include "lib/wire.h"

#define OWN_TTL       64
#define ERROR_TOS     0xc0 /* internetwork control [1812-4.3.2.5] */
#define ERROR_HEADER4 (sizeof(struct ip4_hdr) + sizeof(struct icmp_hdr))
#define ERROR_HEADER6 (sizeof(struct ip6_hdr) + sizeof(struct icmp_hdr))

static bool is_from_us(const struct packet *p, const struct reply_own *own)
{
	return p->family == 4 ? p->src4 == own->own4 : ip6_equal(&p->src6, &own->own6);
}

/* Returns true if P is an ICMP error or redirect [4443-2.4e.1, 2.4e.2], or cannot be excluded to be
 * one. Looks at what AH or a fragment header hides, although the translator ignores that.  A
 * fragment need not contain the whole message.  If a packet that is not a fragment ends too early,
 * it hides nothing more. */
static bool may_be_error(const struct packet *p)
{
	struct packet end = *p;

	if (!packet_go_to_end(&end))
		return packet_is_fragment(&end);
	if (end.family == 6 && packet_icmp_type(&end) == ICMP6_REDIRECT)
		return true;
	return packet_is_icmp_error(&end);
}

static bool is_host4(uint32_t a)
{
	return addr_passes4(a) || addr_is_link_local4(a);
}

/* [1812-4.3.2.7] counts class E as a source that is not a single host. */
static bool is_between_hosts(const struct packet *p)
{
	if (p->family == 4)
		return is_host4(p->src4) && !addr_is_reserved4(p->src4) && is_host4(p->dst4);
	return addr_passes6(&p->src6) && addr_passes6(&p->dst6);
}

bool reply_allowed(const struct packet *p, const struct reply_own *own)
{
	return p->frag_off == 0 && is_between_hosts(p) && !is_from_us(p, own) && !may_be_error(p);
}

static void put_icmp(uint8_t *at, struct icmp_answer what, uint32_t rest)
{
	struct icmp_hdr icmp = {.type = what.type, .code = what.code};

	put32(icmp.rest, rest);
	memcpy(at, &icmp, sizeof(icmp));
}

static void put_icmp_checksum(uint8_t *icmp, uint64_t sum)
{
	put16(icmp + offsetof(struct icmp_hdr, csum), csum_finish(sum));
}

static size_t error4(uint8_t *out, const struct packet *p, const struct reply_own *own,
		     struct icmp_answer what, uint32_t rest, uint16_t id)
{
	size_t quote = min_size(p->whole.len, REPLY_MAX4 - ERROR_HEADER4);
	size_t len = ERROR_HEADER4 + quote;
	uint8_t *icmp = out + sizeof(struct ip4_hdr);

	memcpy(out + ERROR_HEADER4, p->whole.p, quote);
	put_icmp(icmp, what, rest);
	put_icmp_checksum(icmp, csum_sum(icmp, len - sizeof(struct ip4_hdr)));
	header_put4(out, &(struct header4){
				 .tos = ERROR_TOS,
				 .ttl = OWN_TTL,
				 .proto = PROTO_ICMP,
				 .len = (uint16_t)len,
				 .id = id,
				 .src = own->own4,
				 .dst = p->src4,
			 });
	return len;
}

static size_t error6(uint8_t *out, const struct packet *p, const struct reply_own *own,
		     struct icmp_answer what, uint32_t rest)
{
	size_t quote = min_size(p->whole.len, REPLY_MAX6 - ERROR_HEADER6);
	size_t payload = sizeof(struct icmp_hdr) + quote;
	uint8_t *icmp = out + sizeof(struct ip6_hdr);

	memcpy(out + ERROR_HEADER6, p->whole.p, quote);
	put_icmp(icmp, what, rest);
	put_icmp_checksum(icmp, csum_sum(icmp, payload) + csum_addrs6(&own->own6, &p->src6) +
					csum_pseudo((uint32_t)payload, PROTO_ICMPV6));
	header_put6(out, &(struct header6){
				 .hop = OWN_TTL,
				 .next = PROTO_ICMPV6,
				 .plen = (uint16_t)payload,
				 .src = &own->own6,
				 .dst = &p->src6,
			 });
	return sizeof(struct ip6_hdr) + payload;
}

size_t reply_error(uint8_t *out, const struct packet *p, const struct reply_own *own,
		   struct icmp_answer what, uint32_t rest, uint16_t id)
{
	if (p->family == 4)
		return error4(out, p, own, what, rest, id);
	return error6(out, p, own, what, rest);
}

static void put_echo_header4(uint8_t *at, const struct packet *p, uint16_t id)
{
	header_put4(at, &(struct header4){
				.tos = p->tos,
				.ttl = OWN_TTL,
				.proto = PROTO_ICMP,
				.len = (uint16_t)(sizeof(struct ip4_hdr) + p->l4.len),
				.id = id,
				.src = p->dst4,
				.dst = p->src4,
			});
}

static void put_echo_header6(uint8_t *at, const struct packet *p)
{
	header_put6(at, &(struct header6){
				.tc = p->tos,
				.hop = OWN_TTL,
				.next = PROTO_ICMPV6,
				.plen = (uint16_t)p->l4.len,
				.src = &p->dst6,
				.dst = &p->src6,
			});
}

size_t reply_echo(const struct packet *p, uint8_t *l4, uint16_t id)
{
	uint8_t *at = l4 + offsetof(struct icmp_hdr, csum), old_type = l4[0];
	uint8_t type = p->family == 4 ? (uint8_t)ICMP4_ECHO_REPLY : (uint8_t)ICMP6_ECHO_REPLY;
	/* The sum of the pseudo-header does not change when its addresses are swapped. */
	uint16_t csum = csum_update(get16(at), (uint64_t)old_type << 8, (uint64_t)type << 8);

	l4[0] = type;
	if (p->family == 4) {
		csum_put_icmp4(at, csum, l4, p->l4.len);
		put_echo_header4(l4 - sizeof(struct ip4_hdr), p, id);
		return sizeof(struct ip4_hdr) + p->l4.len;
	}
	put16(at, csum);
	put_echo_header6(l4 - sizeof(struct ip6_hdr), p);
	return sizeof(struct ip6_hdr) + p->l4.len;
}

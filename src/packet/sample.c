/* sample - writes valid minimal packets. */
#include "packet/sample.h"

#include "lib/csum.h"
#include "lib/wire.h"
#include "packet/header.h"

#define TTL 64

struct payload {
	size_t len;
	size_t csum_at; /* 0: no checksum */
	bool pseudo;    /* the checksum covers the addresses */
};

static struct payload put_tcp(uint8_t *at)
{
	struct tcp_hdr tcp = {.doff = sizeof(tcp) / 4 << 4, .flags = TCP_SYN};

	memcpy(at, &tcp, sizeof(tcp));
	return (struct payload){sizeof(tcp), offsetof(struct tcp_hdr, csum), true};
}

static struct payload put_udp(uint8_t *at)
{
	struct udp_hdr udp = {.len = {0, sizeof(udp)}};

	memcpy(at, &udp, sizeof(udp));
	return (struct payload){sizeof(udp), offsetof(struct udp_hdr, csum), true};
}

static struct payload put_echo(uint8_t *at, unsigned family)
{
	struct icmp_hdr icmp = {.type = family == 4 ? (uint8_t)ICMP4_ECHO : (uint8_t)ICMP6_ECHO};

	memcpy(at, &icmp, sizeof(icmp));
	return (struct payload){sizeof(icmp), offsetof(struct icmp_hdr, csum), family == 6};
}

/* Writes an IPv6 extension header with nothing after it. */
static struct payload put_other(uint8_t *at)
{
	static const uint8_t bytes[8] = {PROTO_NONE};

	memcpy(at, bytes, sizeof(bytes));
	return (struct payload){sizeof(bytes), 0, false};
}

static struct payload put_payload(uint8_t *at, const struct sample *s)
{
	if (s->proto == PROTO_TCP)
		return put_tcp(at);
	if (s->proto == PROTO_UDP)
		return put_udp(at);
	if (s->proto == (s->family == 4 ? PROTO_ICMP : PROTO_ICMPV6))
		return put_echo(at, s->family);
	return put_other(at);
}

static void put_checksum(uint8_t *l4, const struct payload *p, const struct sample *s)
{
	uint64_t sum = csum_sum(l4, p->len);

	if (p->csum_at == 0)
		return;
	if (p->pseudo)
		sum += csum_pseudo((uint32_t)p->len, s->proto) +
		       (s->family == 4 ? csum_addrs4(s->src4, s->dst4)
				       : csum_addrs6(&s->src6, &s->dst6));
	put16(l4 + p->csum_at,
	      s->proto == PROTO_UDP ? csum_udp(csum_finish(sum)) : csum_finish(sum));
}

size_t sample_write(uint8_t at[SAMPLE_MAX], const struct sample *s)
{
	size_t ip = s->family == 4 ? sizeof(struct ip4_hdr) : sizeof(struct ip6_hdr);
	struct payload p = put_payload(at + ip, s);

	put_checksum(at + ip, &p, s);
	if (s->family == 4)
		header_put4(at, &(struct header4){.ttl = TTL,
						  .proto = s->proto,
						  .len = (uint16_t)(ip + p.len),
						  .frag = IP4_DF,
						  .src = s->src4,
						  .dst = s->dst4});
	else
		header_put6(at, &(struct header6){.hop = TTL,
						  .next = s->proto,
						  .plen = (uint16_t)p.len,
						  .src = &s->src6,
						  .dst = &s->dst6});
	return ip + p.len;
}

/* packet - checks that bytes are an IPv4 or IPv6 packet, and reads its headers. */
#include "packet/packet.h"

#include "lib/csum.h"

enum ip4_option { /* [791-3.1] */
	OPT_END = 0,
	OPT_NOP = 1,
	OPT_LSRR = 131,
	OPT_SSRR = 137,
};

/* Returns true if the options contain an unexpired source route: its pointer, the third byte, is
 * not beyond its end [7915-4.1].  A malformed option ends the search; options are not translated
 * anyway. */
static bool has_source_route(struct span opts)
{
	const uint8_t *o;

	while ((o = span_take(&opts, 1)) && *o != OPT_END) {
		const uint8_t *rest;
		size_t len;

		if (*o == OPT_NOP)
			continue;
		if (opts.len < 1 || opts.p[0] < 2)
			return false;
		len = opts.p[0];
		rest = span_take(&opts, len - 1);
		if (!rest)
			return false;
		if ((*o == OPT_LSRR || *o == OPT_SSRR) && len >= 3 && rest[1] <= len)
			return true;
	}
	return false;
}

/* A fragment must end within 65535 bytes.  Its length must be a multiple of 8, unless it is the
 * last one. */
static enum reason check_fragment(const struct packet *p)
{
	if (p->frag_off + p->l4_stated > IP_LEN_MAX)
		return REASON_BAD_FRAGMENT;
	if (p->mf && p->l4_stated % 8 != 0)
		return REASON_BAD_FRAGMENT;
	return REASON_OK;
}

static void read_fields4(struct packet *p, const struct ip4_hdr *h)
{
	unsigned frag = get16(h->frag);

	p->family = 4;
	p->tos = h->tos;
	p->ttl = h->ttl;
	p->proto = h->proto;
	p->proto_at = offsetof(struct ip4_hdr, proto);
	p->df = frag & IP4_DF;
	p->mf = frag & IP4_MF;
	p->frag_off = (frag & IP4_OFF_MASK) * 8;
	p->id = get16(h->id);
	p->src4 = get32(h->src);
	p->dst4 = get32(h->dst);
}

static enum reason parse4(struct packet *p, struct span s, bool quoted)
{
	const uint8_t *start = s.p;
	const struct ip4_hdr *h = span_take(&s, sizeof(*h));
	size_t hlen, total;
	const uint8_t *opts;

	if (!h)
		return REASON_TOO_SHORT;
	hlen = (h->ver_ihl & 0x0fu) * 4u;
	total = get16(h->len);
	if (hlen < sizeof(*h))
		return REASON_BAD_IHL;
	if (total < sizeof(*h) || (!quoted && total > s.len + sizeof(*h)))
		return REASON_TOO_SHORT;
	if (hlen > total)
		return REASON_BAD_IHL;
	if (!quoted && csum_fold(csum_sum(start, hlen)) != 0xffff)
		return REASON_BAD_CHECKSUM;

	if (s.len > total - sizeof(*h))
		s.len = total - sizeof(*h);
	p->whole = (struct span){start, s.len + sizeof(*h)};
	read_fields4(p, h);
	p->l4_stated = total - hlen;
	opts = span_take(&s, hlen - sizeof(*h));
	if (!opts) /* happens only in a quote, which may end inside the header */
		return REASON_TOO_SHORT;
	p->l4 = s;
	if (has_source_route((struct span){opts, hlen - sizeof(*h)}))
		p->header = REASON_SOURCE_ROUTE;
	return check_fragment(p);
}

static bool is_ext_hdr(uint8_t next)
{
	return next == PROTO_HOPOPTS || next == PROTO_ROUTING || next == PROTO_DSTOPTS ||
	       next == PROTO_FRAGMENT || next == PROTO_AH;
}

/* Returns the length of extension header E of type PROTO, which is not a fragment header. */
static size_t ext_hdr_len(uint8_t proto, const uint8_t *e)
{
	if (proto == PROTO_AH) /* [4302-2.2] */
		return (e[1] + 2u) * 4u;
	return (e[1] + 1u) * 8u; /* [8200-4.3, 4.4, 4.6] */
}

/* Skips an extension header that is not a fragment header. */
static enum reason skip_ext_hdr(struct packet *p, struct span *s)
{
	const uint8_t *e = s->p;
	size_t at = (size_t)(e - p->whole.p);

	if (s->len < 8 || !span_take(s, ext_hdr_len(p->proto, e)))
		return REASON_BAD_CHAIN;
	if (p->proto == PROTO_ROUTING && e[3] != 0 && p->header == REASON_OK) {
		p->header = REASON_ROUTING_HDR;
		p->header_at = at + 3;
	}
	p->proto = e[0];
	p->proto_at = at;
	return REASON_OK;
}

static enum reason read_frag_hdr(struct packet *p, struct span *s)
{
	size_t at = (size_t)(s->p - p->whole.p);
	const struct frag_hdr *f = span_take(s, sizeof(*f));

	if (!f)
		return REASON_BAD_CHAIN;
	p->frag_hdr = true;
	p->frag_off = get16(f->off) & 0xfff8u;
	p->mf = get16(f->off) & FRAG_MF;
	p->id = get32(f->id);
	p->proto = f->next;
	p->proto_at = at + offsetof(struct frag_hdr, next);
	if (is_ext_hdr(p->proto) && p->header == REASON_OK)
		p->header = REASON_FRAG_EXT_HDR;
	return REASON_OK;
}

/* Follows the extension headers to the payload, but skips none after a fragment header
 * [7915-5.1.1]. */
static enum reason read_chain(struct packet *p, struct span *s)
{
	enum reason why;

	while (p->proto == PROTO_HOPOPTS || p->proto == PROTO_ROUTING || p->proto == PROTO_DSTOPTS)
		if ((why = skip_ext_hdr(p, s)))
			return why;
	return p->proto == PROTO_FRAGMENT ? read_frag_hdr(p, s) : REASON_OK;
}

static void read_fields6(struct packet *p, const struct ip6_hdr *h)
{
	p->family = 6;
	p->tos = (uint8_t)(get16(h->ver_tc_flow) >> 4);
	p->ttl = h->hop;
	p->proto = h->next;
	p->proto_at = offsetof(struct ip6_hdr, next);
	memcpy(&p->src6, h->src, sizeof(p->src6));
	memcpy(&p->dst6, h->dst, sizeof(p->dst6));
}

static enum reason parse6(struct packet *p, struct span s, bool quoted)
{
	const uint8_t *start = s.p;
	const struct ip6_hdr *h = span_take(&s, sizeof(*h));
	size_t payload;
	enum reason why;

	if (!h)
		return REASON_TOO_SHORT;
	payload = get16(h->plen);
	if (!quoted && payload > s.len)
		return REASON_TOO_SHORT;
	if (s.len > payload)
		s.len = payload;

	p->whole = (struct span){start, s.len + sizeof(*h)};
	read_fields6(p, h);
	if ((why = read_chain(p, &s)))
		return why;
	p->l4 = s;
	p->l4_stated = payload - (size_t)(s.p - start - (ptrdiff_t)sizeof(*h));
	return check_fragment(p);
}

enum reason packet_parse(struct packet *p, const uint8_t *bytes, size_t len, bool quoted)
{
	struct span s = {bytes, len};

	memset(p, 0, sizeof(*p));
	if (len == 0)
		return REASON_TOO_SHORT;
	switch (bytes[0] >> 4) {
	case 4:
		return parse4(p, s, quoted);
	case 6:
		return parse6(p, s, quoted);
	default:
		return REASON_BAD_VERSION;
	}
}

/* In IPv4 only AH can precede the payload; all other protocol numbers are payloads. */
static bool may_go_on(const struct packet *p)
{
	return p->family == 6 ? is_ext_hdr(p->proto) : p->proto == PROTO_AH;
}

bool packet_go_to_end(struct packet *p)
{
	while (p->frag_off == 0 && may_go_on(p)) {
		bool frag = p->proto == PROTO_FRAGMENT, mf = p->mf;

		if (frag ? read_frag_hdr(p, &p->l4) : skip_ext_hdr(p, &p->l4))
			return false;
		p->mf = p->mf || mf; /* fragments can contain fragments */
	}
	return p->frag_off == 0;
}

int packet_icmp_type(const struct packet *p)
{
	if (!packet_is_icmp(p) || p->frag_off != 0 || p->l4.len < 1)
		return -1;
	return p->l4.p[0];
}

bool packet_is_icmp_error(const struct packet *p)
{
	int type = packet_icmp_type(p);

	if (!packet_is_icmp(p))
		return false;
	if (type < 0)
		return true;
	if (p->family == 6) /* [4443-2.1]: the high bit is clear in errors */
		return type < 128;
	return type == ICMP4_UNREACH || type == ICMP4_QUENCH || type == ICMP4_REDIRECT ||
	       type == ICMP4_TIME_EXCEEDED || type == ICMP4_PARAM_PROBLEM;
}

static uint64_t sum_pseudo(const struct packet *p, size_t len)
{
	uint64_t addrs =
		p->family == 4 ? csum_addrs4(p->src4, p->dst4) : csum_addrs6(&p->src6, &p->dst6);

	return addrs + csum_pseudo((uint32_t)len, p->proto);
}

/* The pseudo-header of UDP uses the length in the UDP header [768, 8200-8.1]. */
bool packet_l4_checksum_ok(const struct packet *p)
{
	const struct udp_hdr *udp = (const void *)p->l4.p;
	size_t len = p->l4.len;

	if (p->csum != CSUM_WHOLE || packet_is_fragment(p))
		return true;
	if (p->proto == PROTO_UDP) {
		len = get16(udp->len);
		if (get16(udp->csum) == 0)
			return true;
		if (len < sizeof(*udp) || len > p->l4.len)
			return false;
	} else if (p->proto != PROTO_TCP) {
		return true;
	}
	return csum_fold(csum_sum(p->l4.p, len) + sum_pseudo(p, len)) == 0xffff;
}

bool packet_icmp_checksum_ok(const struct packet *p)
{
	uint64_t sum;

	if (p->csum == CSUM_VOUCHED)
		return true;
	sum = csum_sum(p->l4.p, p->l4.len);
	if (p->family == 6) /* [4443-2.3]; ICMPv4 has no pseudo-header */
		sum += csum_addrs6(&p->src6, &p->dst6) +
		       csum_pseudo((uint32_t)p->l4.len, PROTO_ICMPV6);
	return csum_fold(sum) == 0xffff;
}

/* xlat_4to6 - the rules for packets from IPv4 to IPv6 [7915-4]; has the same structure as
 * xlat_6to4.c. */
#include "packet/header.h"
#include "packet/icmp.h"
#include "packet/reply.h"
#include "xlat_job.h"

/* [7915-4.1]: protocols that exist only in the other family. */
static enum reason refuse(const struct packet *p)
{
	switch (p->proto) {
	case PROTO_HOPOPTS:
	case PROTO_IGMP:
	case PROTO_ROUTING:
	case PROTO_FRAGMENT:
	case PROTO_ICMPV6:
	case PROTO_DSTOPTS:
		return REASON_PROTOCOL;
	default:
		return p->header;
	}
}

static enum reason embed(struct xlat_job *j, struct xlat_end *end, unsigned prefix, uint32_t a,
			 struct ip6 *out)
{
	xlat_note_prefix(end, prefix);
	if (!xlat_may_embed(j->x, prefix, a))
		return REASON_WKP_PRIVATE;
	j->prefix = prefix;
	addr_embed(out, map_prefix_at(j->x->maps, prefix), a);
	return REASON_OK;
}

/* Embeds A in the first translation prefix that may carry it. */
static enum reason embed_first(struct xlat_job *j, struct xlat_end *end, uint32_t a,
			       struct ip6 *out, enum reason none)
{
	unsigned n = (unsigned)map_prefix_count(j->x->maps), i;

	for (i = 0; i < n; i++)
		if (embed(j, end, i, a, out) == REASON_OK)
			return REASON_OK;
	return n ? REASON_WKP_PRIVATE : none;
}

/* Translates A by its map or lease; returns false if it has neither.  Our own address stays our
 * own, even inside a mapped network. */
static bool map_known(const struct xlat_job *j, struct xlat_end *end, uint32_t a, struct ip6 *out,
		      struct lease **lease)
{
	const struct map *m = a == j->x->conf->own4 ? NULL : map_find4(j->x->maps, a);

	*lease = NULL;
	if (m) {
		end->by = BY_MAP;
		map_to6(m, a, out);
		return true;
	}
	if (!j->x->pool || !(*lease = pool_find4(j->x->pool, a)))
		return false;
	end->by = BY_LEASE;
	*out = (*lease)->host;
	return true;
}

/* Returns true for pool and icmp-source-pool addresses without a lease (except ipv4-addr). */
static bool is_unleased(const struct xlat *x, struct xlat_end *end, uint32_t a)
{
	if (a == x->conf->own4)
		return false;
	if (xlat_is_for_routers(x->conf, a))
		end->by = BY_ROUTERS;
	else if (x->pool && pool_covers(x->pool, a))
		end->by = BY_POOL;
	else
		return false;
	return true;
}

/* Translates the peer A.  If the host has a map or lease and A has one too, A is embedded in the
 * prefix, so that the answer comes back through the translator [7757-4]. */
static enum reason map_peer(struct xlat_job *j, uint32_t a, bool host_known, struct ip6 *out,
			    bool *known)
{
	struct xlat_end *end = &j->peer;

	*known = map_known(j, end, a, out, &j->lease_src);
	if (*known && !(host_known && map_prefix_count(j->x->maps)))
		return REASON_OK;
	if (!*known && !j->outer && is_unleased(j->x, end, a))
		return REASON_NO_MAP_SRC;
	if (!j->lease_dst || map_prefix_count(j->x->maps) == 0)
		return embed_first(j, end, a, out, REASON_NO_MAP_SRC);
	return embed(j, end, j->lease_dst->prefix, a, out);
}

/* Any router may be the source of an error, even with an invalid address [7915-4.1]. */
static void map_router(struct xlat_job *j, uint32_t a, struct ip6 *out)
{
	if (map_prefix_count(j->x->maps))
		addr_embed(out, map_prefix_at(j->x->maps, j->prefix), a);
	else
		*out = j->x->conf->own6;
}

/* Returns true if the kernel routes A into our own device. */
static bool comes_back(const struct xlat *x, const struct ip6 *a)
{
	return x->routes6 && lpm_find(x->routes6, a->b) == 1;
}

/* For two ends that are both reached through a prefix, checks whether the host may be
 * IPv4-translatable. Errors reach it even if it may not use the translator, because routers send
 * them. */
static enum reason check_translatable(const struct xlat_job *j, uint32_t host, uint32_t peer)
{
	const struct xlat_conf *conf = j->x->conf;

	if (!xlat_is_translatable(conf, host) && !xlat_is_translatable(conf, peer))
		return REASON_NO_MAP_DST;
	return j->is_error || xlat_is_allowed(conf, &j->dst6) ? REASON_OK : REASON_NOT_ALLOWED;
}

/* Prevents loops: a host that is found only through a prefix must be routed elsewhere than into our
 * device.  A host with a lease has sent packets to us, so its route is right. */
static enum reason check_way(const struct xlat_job *j, uint32_t host, bool host_known,
			     uint32_t peer, bool peer_known)
{
	enum reason why = REASON_OK;

	if (!host_known && !peer_known)
		why = check_translatable(j, host, peer);
	if (why)
		return why;
	return !j->lease_dst && comes_back(j->x, &j->dst6) ? REASON_ROUTED_BACK : REASON_OK;
}

/* HOST is the destination, or the source of a quoted packet; PEER is the other end. */
static enum reason map_pair(struct xlat_job *j, uint32_t host, uint32_t peer, struct ip6 *host6,
			    struct ip6 *peer6)
{
	bool known = map_known(j, &j->host, host, host6, &j->lease_dst), peer_known;
	enum reason why;

	if (j->lease_dst)
		j->prefix = j->lease_dst->prefix;
	if (!known) {
		if (is_unleased(j->x, &j->host, host))
			return REASON_NO_MAP_DST;
		if (addr_is_reserved4(host))
			return REASON_RESERVED_DST;
		if ((why = embed_first(j, &j->host, host, host6, REASON_NO_MAP_DST)))
			return why;
	}
	why = map_peer(j, peer, known, peer6, &peer_known);
	if (why && j->is_error)
		map_router(j, peer, peer6);
	else if (why)
		return why;
	return j->outer ? REASON_OK : check_way(j, host, known, peer, peer_known);
}

static enum reason map(struct xlat_job *j)
{
	const struct packet *p = &j->p;

	if (j->outer)
		return map_pair(j, p->src4, p->dst4, &j->src6, &j->dst6);
	return map_pair(j, p->dst4, p->src4, &j->dst6, &j->src6);
}

/* [7915-4]: with DF, a packet that does not fit is an error; without DF it is fragmented. */
static enum reason fit(struct xlat_job *j)
{
	const struct packet *p = &j->p;
	unsigned mtu = xlat_mtu6(j->x);
	size_t header = sizeof(struct ip6_hdr), l4 = packet_l4_len(p), limit;

	if (packet_is_fragment(p))
		header += sizeof(struct frag_hdr);
	if (p->df) {
		j->mtu = (uint32_t)(mtu - (header - sizeof(struct ip4_hdr)));
		return header + l4 > mtu ? REASON_TOO_BIG : REASON_OK;
	}
	limit = xlat_fragment_limit(j->x);
	if (header + l4 > limit)
		j->limit = limit;
	return REASON_OK;
}

static enum reason rest(const struct xlat_job *j, const struct icmp_row *row,
			const struct packet *quote, uint32_t *rest)
{
	const uint8_t *from = j->p.l4.p + offsetof(struct icmp_hdr, rest);
	uint32_t len = get16(quote->whole.p + offsetof(struct ip4_hdr, len));
	int pointer;

	*rest = 0;
	switch (row->rest) {
	case REST_ZERO:
		return REASON_OK;
	case REST_NEXT_HEADER:
		*rest = offsetof(struct ip6_hdr, next);
		return REASON_OK;
	case REST_MTU:
		*rest = icmp_mtu_4to6(get16(from + 2), len, xlat_mtu4(j->x), xlat_mtu6(j->x));
		return REASON_OK;
	case REST_POINTER:
		break;
	}
	pointer = icmp_pointer_4to6(from[0]);
	if (pointer < 0)
		return REASON_ICMP_POINTER;
	*rest = (uint32_t)pointer;
	return REASON_OK;
}

static void put6(const struct xlat_job *j, uint8_t next, size_t payload, uint8_t *at)
{
	header_put6(at, &(struct header6){
				.tc = xlat_tos(&j->p, j->x->conf->tos_ignore_4to6),
				.hop = j->outer ? j->p.ttl : (uint8_t)(j->p.ttl - 1),
				.next = next,
				.plen = (uint16_t)payload,
				.src = &j->src6,
				.dst = &j->dst6,
			});
}

/* Writes N payload bytes from OFF of this packet as a fragment.  LEFT is the number of payload
 * bytes from OFF to the end. */
static size_t put_fragment(const struct xlat_job *j, size_t off, size_t n, size_t left, uint8_t *at)
{
	put6(j, PROTO_FRAGMENT, sizeof(struct frag_hdr) + n, at);
	header_put_frag(at + sizeof(struct ip6_hdr), xlat_proto(&j->p),
			j->p.frag_off + (uint32_t)off, left > 0 || j->p.mf, j->p.id);
	return OUT_HEADER_MAX;
}

/* Adds a fragment header only to fragments, never to a complete packet [8021]. */
static size_t header(const struct xlat_job *j, size_t payload, uint8_t *at)
{
	if (packet_is_fragment(&j->p))
		return put_fragment(j, 0, payload, 0, at);
	put6(j, xlat_proto(&j->p), payload, at);
	return sizeof(struct ip6_hdr);
}

/* Returns the payload bytes per fragment, except the last. */
static size_t fragment_len(const struct xlat_job *j)
{
	return (j->limit - OUT_HEADER_MAX) / 8 * 8;
}

/* Sends bytes FROM to LEN of the payload at L4 (LEN bytes in total) as fragments. */
static void emit_fragments(struct xlat_job *j, const uint8_t *l4, size_t from, size_t len)
{
	size_t most = fragment_len(j), off, n;

	for (off = from; off < len; off += n) {
		uint8_t *at = xlat_scratch(j->out, OUT_HEADER_MAX);

		n = min_size(most, len - off);
		put_fragment(j, off, n, len - off - n, at);
		xlat_add(j, OUT_HEADER_MAX, at, OUT_HEADER_MAX, l4 + off, n);
	}
}

/* Sends one segment with N payload bytes from OFF of a packet with a partial checksum.  Completes
 * the checksum, because the device cannot do that for fragments. */
static void emit_segment(struct xlat_job *j, const struct gso_packet *t, size_t off, size_t n)
{
	uint8_t *at = xlat_scratch(j->out, OUT_HEADER_MAX + t->header), *l4 = at + OUT_HEADER_MAX;
	struct span payload = {t->l4 + t->header + off, n};
	size_t len = t->header + n, first = fragment_len(j);

	gso_header(t, off, n, l4);
	gso_complete(l4, t->header, t->proto, payload);
	if (sizeof(struct ip6_hdr) + len <= j->limit) {
		at = l4 - sizeof(struct ip6_hdr);
		put6(j, t->proto, len, at);
		xlat_add(j, sizeof(struct ip6_hdr), at, sizeof(struct ip6_hdr) + t->header,
			 payload.p, n);
		return;
	}
	put_fragment(j, 0, first, len - first, at);
	xlat_add(j, OUT_HEADER_MAX, at, OUT_HEADER_MAX + t->header, payload.p, first - t->header);
	emit_fragments(j, t->l4 + off, first, len);
}

/* Sends each segment separately, with the Identifications that the sender's kernel would have used.
 * Leaves no work to the device. */
static void emit_segments(struct xlat_job *j, const uint8_t *l4)
{
	struct gso_packet t = xlat_gso(&j->p, l4);
	size_t seg = j->p.seg ? j->p.seg : t.payload, off, n;

	j->p.csum = CSUM_WHOLE;
	for (off = 0; off < t.payload; off += n) {
		n = min_size(seg, t.payload - off);
		emit_segment(j, &t, off, n);
		j->p.id = (j->p.id + 1) & 0xffff;
	}
}

static void emit(struct xlat_job *j, uint8_t *l4)
{
	size_t len;

	if (j->limit && j->p.csum == CSUM_PARTIAL) {
		emit_segments(j, l4);
		return;
	}
	if (j->limit) {
		emit_fragments(j, l4, 0, j->p.l4.len);
		return;
	}
	len = packet_is_fragment(&j->p) ? OUT_HEADER_MAX : sizeof(struct ip6_hdr);
	header(j, j->p.l4.len, l4 - len);
	xlat_add(j, len, l4 - len, len + j->p.l4.len, NULL, 0);
}

const struct xlat_dir xlat_dir_4to6 = {
	.message_max = REPLY_MAX6,
	.header_len = sizeof(struct ip6_hdr),
	.extend_unit = 8, /* [4884-4.4] */
	.extend_at = offsetof(struct icmp_hdr, rest),
	.from_unit = 4, /* [4884-4.1] */
	.from_at = offsetof(struct icmp_hdr, rest) + 1,
	.echo = icmp_echo_4to6,
	.error = icmp_find_4to6,
	.refuse = refuse,
	.map = map,
	.fit = fit,
	.rest = rest,
	.header = header,
	.emit = emit,
};

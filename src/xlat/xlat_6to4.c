/* xlat_6to4 - the rules for packets from IPv6 to IPv4 [7915-5]; has the same structure as
 * xlat_4to6.c. */
#include "packet/header.h"
#include "packet/icmp.h"
#include "packet/reply.h"
#include "xlat_job.h"

#define DF_ABOVE (unsigned)FASTPATH_DF_ABOVE /* the kernel program uses the same limit */

/* [7915-5.1]: protocols that exist only in the other family. */
static enum reason refuse(const struct packet *p)
{
	return p->proto == PROTO_ICMP ? REASON_PROTOCOL : p->header;
}

/* Extracts the IPv4 address from A inside translation prefix PREFIX. */
static enum reason extract(const struct xlat_job *j, unsigned prefix, const struct ip6 *a,
			   uint32_t *out)
{
	*out = addr_extract(a, map_prefix_at(j->x->maps, prefix));
	if (!xlat_passes4(j->x, *out))
		return REASON_BAD_ADDRESS;
	return xlat_may_embed(j->x, prefix, *out) ? REASON_OK : REASON_WKP_PRIVATE;
}

/* Translates A by its map; returns false if it has none.  A map that would give ipv4-addr does not
 * count, because that address is ours only. */
static bool map_known(const struct xlat_job *j, struct xlat_end *end, const struct ip6 *a,
		      uint32_t *out)
{
	const struct map *m = map_find6(j->x->maps, a);

	if (!m)
		return false;
	*out = map_to4(m, a);
	if (*out == j->x->conf->own4)
		return false;
	end->by = BY_MAP;
	return true;
}

/* Translates the peer by its map, or through a prefix, which is then the prefix in use. */
static enum reason map_peer(struct xlat_job *j, const struct ip6 *a, uint32_t *out, bool *mapped)
{
	enum reason why;
	int prefix;

	*mapped = map_known(j, &j->peer, a, out);
	if (*mapped)
		return xlat_passes4(j->x, *out) ? REASON_OK : REASON_BAD_ADDRESS;
	prefix = map_find_prefix(j->x->maps, a);
	if (prefix < 0)
		return REASON_NO_MAP_DST;
	j->prefix = (unsigned)prefix;
	xlat_note_prefix(&j->peer, (unsigned)prefix);
	why = extract(j, j->prefix, a, out);
	if (!why && addr_is_reserved4(*out) && !xlat_names4(j->x, *out))
		return REASON_RESERVED_DST;
	return why;
}

/* Returns the owner of A if it belongs to us, to a known host or to the pool; no other host may
 * claim it. */
static enum xlat_by taken_by(const struct xlat *x, uint32_t a)
{
	if (a == x->conf->own4)
		return BY_OWN;
	if (xlat_is_for_routers(x->conf, a))
		return BY_ROUTERS;
	if (map_find4(x->maps, a))
		return BY_MAP;
	return x->pool && pool_covers(x->pool, a) ? BY_POOL : BY_NOTHING;
}

/* Checks whether A, the IPv4 address that a source inside a prefix claims, is genuine.  Such a
 * source may write to any host with an explicit map; mapped hosts do so by hairpinning.  It may not
 * claim an address with a lease, which only we know, so such a source is forged.  For other
 * destinations, no other check would stop a forged source.  A quoted packet went the other way:
 * PEER sent it to A. */
static enum reason check_claim(struct xlat_job *j, uint32_t a, uint32_t peer, bool peer_mapped)
{
	const struct xlat_conf *conf = j->x->conf;
	enum xlat_by taken = taken_by(j->x, a);
	bool ok;

	j->host.taken = (uint8_t)taken;
	if (taken != BY_NOTHING)
		ok = peer_mapped && taken == BY_MAP;
	else
		ok = peer_mapped || xlat_is_translatable(conf, a) ||
		     (j->outer && xlat_is_translatable(conf, peer));
	return ok ? REASON_OK : REASON_SRC_IN_PREFIX;
}

/* Returns true if HOST, which has neither map nor lease, may use the translator.  Routers may
 * always send errors, and a quoted packet has already passed. */
static bool is_allowed(const struct xlat_job *j, const struct ip6 *host)
{
	return j->is_error || j->outer || xlat_is_allowed(j->x->conf, host);
}

/* Only our own errors have our own address as source.  Our other answers need no translation, and a
 * quoted packet was never addressed to us. */
static enum reason map_own(struct xlat_job *j, uint32_t *out)
{
	j->host.by = BY_OWN;
	*out = j->x->conf->own4;
	return j->is_error ? REASON_OK : REASON_SRC_IN_PREFIX;
}

/* Tries our own address, then a map, a lease and a prefix.  Only the prefix depends on PEER, the
 * other end. */
static enum reason map_host(struct xlat_job *j, const struct ip6 *a, uint32_t *out, uint32_t peer,
			    bool peer_mapped)
{
	enum reason why, claim;
	int prefix;

	if (ip6_equal(a, &j->x->conf->own6))
		return map_own(j, out);
	if (map_known(j, &j->host, a, out))
		return xlat_passes4(j->x, *out) ? REASON_OK : REASON_BAD_ADDRESS;
	if (j->x->pool && (j->lease_src = pool_find6(j->x->pool, a, j->prefix))) {
		j->host.by = BY_LEASE;
		*out = j->lease_src->addr;
		return REASON_OK;
	}
	prefix = map_find_prefix(j->x->maps, a);
	if (prefix < 0)
		return is_allowed(j, a) ? REASON_NO_MAP_SRC : REASON_NOT_ALLOWED;
	xlat_note_prefix(&j->host, (unsigned)prefix);
	why = extract(j, (unsigned)prefix, a, out);
	if (why == REASON_BAD_ADDRESS)
		return why;
	claim = check_claim(j, *out, peer, peer_mapped);
	if (!claim && !peer_mapped && !is_allowed(j, a))
		return REASON_NOT_ALLOWED;
	return claim ? claim : why;
}

/* Returns the same pool address for a router every time, so that traceroute shows distinct hops
 * [6791-3.2]. */
static uint32_t source_of(const struct prefix4 *pool, const struct ip6 *router)
{
	static const struct siphash_key fixed = {0, 0};
	uint32_t h = (uint32_t)siphash(&fixed, router, sizeof(*router));

	return pool->addr | (h & ~addr_mask4(pool->len));
}

/* Returns true if an error of this type may name its router [xlat-v6only-source-4.1]. */
static bool names_router(const struct packet *p)
{
	int type = packet_icmp_type(p);

	return type == ICMP6_UNREACH || type == ICMP6_TOO_BIG || type == ICMP6_TIME_EXCEEDED;
}

/* Any router may be the source of an error, because the quoted packet shows that a host has sent to
 * it.  If the router has no IPv4 address, or that of another host, the error has one of our
 * addresses as source [6791]. */
static void map_router(struct xlat_job *j, enum reason why, uint32_t *out)
{
	const struct xlat_conf *conf = j->x->conf;

	if ((why == REASON_WKP_PRIVATE || why == REASON_SRC_IN_PREFIX) &&
	    taken_by(j->x, *out) == BY_NOTHING)
		return;
	j->name_router = conf->node_id && names_router(&j->p);
	if (j->name_router)
		*out = XLAT_DUMMY4;
	else if (conf->has_icmp_source)
		*out = source_of(&conf->icmp_source, &j->p.src6);
	else
		*out = conf->own4;
}

/* Returns true if no host may reach A.  Costs nothing without a `deny'. */
static bool is_denied(const struct xlat_job *j, uint32_t a)
{
	const struct xlat_conf *conf = j->x->conf;

	return conf->deny && !j->outer && xlat_find_denied(conf, a) != LPM_NONE;
}

/* HOST is the source, or the destination of a quoted packet; PEER is the other end. */
static enum reason map_pair(struct xlat_job *j, const struct ip6 *host, const struct ip6 *peer,
			    uint32_t *host4, uint32_t *peer4)
{
	bool mapped;
	enum reason why = map_peer(j, peer, peer4, &mapped);

	if (why)
		return why;
	if (is_denied(j, *peer4))
		return REASON_DENIED;
	why = map_host(j, host, host4, *peer4, mapped);
	if (why && j->is_error) {
		map_router(j, why, host4);
		return REASON_OK;
	}
	if (why == REASON_NO_MAP_SRC && !j->outer && j->x->pool && pool_serves(j->x->pool, host)) {
		j->wants_lease = true;
		j->host.by = BY_POOL;
		return REASON_OK;
	}
	return why;
}

static enum reason map(struct xlat_job *j)
{
	const struct packet *p = &j->p;

	if (j->outer)
		return map_pair(j, &p->dst6, &p->src6, &j->dst4, &j->src4);
	return map_pair(j, &p->src6, &p->dst6, &j->src4, &j->dst4);
}

static unsigned min_mtu(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* [7915-5.1]: routers must not fragment IPv6 packets. */
static enum reason fit(struct xlat_job *j)
{
	const struct packet *p = &j->p;
	unsigned mtu4 = xlat_mtu4(j->x), mtu6 = xlat_mtu6(j->x);
	size_t header = p->whole.len - p->l4.len, l4 = packet_l4_len(p);

	j->mtu = min_mtu(mtu4 + 20, mtu6);
	if (sizeof(struct ip4_hdr) + l4 > mtu4 || header + l4 > mtu6)
		return REASON_TOO_BIG;
	return REASON_OK;
}

static enum reason rest(const struct xlat_job *j, const struct icmp_row *row,
			const struct packet *quote, uint32_t *rest)
{
	uint32_t from = get32(j->p.l4.p + offsetof(struct icmp_hdr, rest));
	int pointer;

	*rest = 0;
	switch (row->rest) {
	case REST_ZERO:
	case REST_NEXT_HEADER:
		return REASON_OK;
	case REST_MTU:
		*rest = icmp_mtu_6to4(from, packet_is_fragment(quote), xlat_mtu4(j->x),
				      xlat_mtu6(j->x));
		return REASON_OK;
	case REST_POINTER:
		break;
	}
	pointer = icmp_pointer_6to4(from);
	if (pointer < 0)
		return REASON_ICMP_POINTER;
	*rest = (uint32_t)pointer << 24;
	return REASON_OK;
}

/* [7915-5.1]: routers may fragment a packet with a fragment header, even an atomic one, and a short
 * packet. */
static bool wants_df(const struct packet *p, size_t l4_len)
{
	return !p->frag_hdr && sizeof(struct ip4_hdr) + l4_len > DF_ABOVE;
}

/* L4_LEN is that of the packet, or of the first segment of a GSO packet. */
static uint16_t flags(const struct packet *p, size_t l4_len)
{
	unsigned f = p->frag_off / 8;

	if (p->mf)
		f |= IP4_MF;
	if (wants_df(p, l4_len))
		f |= IP4_DF;
	return (uint16_t)f;
}

static uint16_t ipid(const struct xlat_job *j, size_t payload)
{
	if (j->p.frag_hdr)
		return (uint16_t)j->p.id;
	if (j->outer)
		return 0;
	return ipid_take(&j->x->ipid, j->src4, j->dst4, (unsigned)xlat_segments(&j->p, payload));
}

/* A quoted packet may have been longer than the maximum of IPv4. */
static size_t header(const struct xlat_job *j, size_t payload, uint8_t *at)
{
	size_t len = min_size(sizeof(struct ip4_hdr) + payload, IP_LEN_MAX);
	size_t first = j->p.seg ? min_size(payload, packet_l4_len(&j->p)) : payload;

	header_put4(at, &(struct header4){
				.tos = xlat_tos(&j->p, j->x->conf->tos_ignore_6to4),
				.ttl = j->outer ? j->p.ttl : (uint8_t)(j->p.ttl - 1),
				.proto = xlat_proto(&j->p),
				.len = (uint16_t)len,
				.id = ipid(j, payload),
				.frag = flags(&j->p, first),
				.src = j->src4,
				.dst = j->dst4,
			});
	return sizeof(struct ip4_hdr);
}

/* Returns how many of the LEFT payload bytes of P go under one header.  Splits at the maximum
 * length of IPv4, and where DF would differ between segments. */
static size_t part_len(const struct packet *p, size_t left)
{
	size_t most = IP_LEN_MAX - sizeof(struct ip4_hdr) - p->l4_header, full, last;

	if (p->seg == 0 || left <= p->seg)
		return left;
	full = min_size(left, most) / p->seg * p->seg;
	last = left - full;
	if (last == 0 || left > most ||
	    wants_df(p, p->l4_header + last) != wants_df(p, packet_l4_len(p)))
		return full;
	return left;
}

static void emit_parts(struct xlat_job *j, const uint8_t *l4)
{
	const size_t ip_len = sizeof(struct ip4_hdr);
	struct gso_packet t = xlat_gso(&j->p, l4);
	size_t off, n;

	for (off = 0; off < t.payload; off += n) {
		uint8_t *at = xlat_scratch(j->out, ip_len + t.header);

		n = part_len(&j->p, t.payload - off);
		if (n == 0) /* a segment longer than IPv4 allows; fit() refuses it */
			return;
		gso_header(&t, off, n, at + ip_len);
		header(j, t.header + n, at);
		xlat_add(j, ip_len, at, ip_len + t.header, l4 + t.header + off, n);
	}
}

static void emit(struct xlat_job *j, uint8_t *l4)
{
	uint8_t *at = l4 - sizeof(struct ip4_hdr);
	size_t payload = j->p.l4.len - j->p.l4_header;
	struct output *o;

	if (part_len(&j->p, payload) < payload) {
		emit_parts(j, l4);
		return;
	}
	header(j, j->p.l4.len, at);
	o = xlat_add(j, sizeof(struct ip4_hdr), at, sizeof(struct ip4_hdr) + j->p.l4.len, NULL, 0);
	o->alone = j->p.frag_hdr;
}

const struct xlat_dir xlat_dir_6to4 = {
	.message_max = REPLY_MAX4,
	.header_len = sizeof(struct ip4_hdr),
	.extend_unit = 4, /* [4884-4.1] */
	.extend_at = offsetof(struct icmp_hdr, rest) + 1,
	.from_unit = 8, /* [4884-4.4] */
	.from_at = offsetof(struct icmp_hdr, rest),
	.echo = icmp_echo_6to4,
	.error = icmp_find_6to4,
	.refuse = refuse,
	.map = map,
	.fit = fit,
	.rest = rest,
	.header = header,
	.emit = emit,
};

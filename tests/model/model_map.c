/* model_map - leases in a list, and the addresses of a packet on the other side [7757]. */
#include "model.h"

#include <string.h>

#define NAMELESS4 0xc0000008 /* 192.0.0.8 [7600-4.8] */

/* --- leases ---------------------------------------------------------------------------------- */

static struct model_lease *lease_of_host(struct model *m, const struct ip6 *host, unsigned prefix)
{
	for (unsigned i = 0; i < m->leases; i++)
		if (model_same6(&m->lease[i].host, host) && m->lease[i].prefix == prefix)
			return &m->lease[i];
	return NULL;
}

static struct model_lease *lease_of_addr(struct model *m, uint32_t a)
{
	for (unsigned i = 0; i < m->leases; i++)
		if (m->lease[i].addr == a)
			return &m->lease[i];
	return NULL;
}

static bool in_pool(const struct model *m, uint32_t a)
{
	for (unsigned i = 0; i < m->pools; i++)
		if (model_holds4(&m->pool[i], a))
			return true;
	return false;
}

/* Never leased: the network address of a pool, our own address, those for routers, and mapped
 * ones. */
static bool may_lease(const struct model *m, uint32_t a)
{
	if (m->conf->has_icmp_source && model_holds4(&m->conf->icmp_source, a))
		return false;
	for (unsigned i = 0; i < m->pools; i++)
		if (a == m->pool[i].addr)
			return false;
	return in_pool(m, a) && a != m->conf->own4 && !model_find_map4(m, a);
}

/* Returns the length of the longest FROM that contains HOST; -1: no pool serves HOST. */
static int longest_from(const struct model *m, const struct ip6 *host)
{
	int longest = -1;

	for (unsigned i = 0; i < m->pools; i++)
		if (model_holds6(&m->from[i], host) && m->from[i].len > longest)
			longest = m->from[i].len;
	return longest;
}

/* Returns whether HOST may have A.  If its pools are full, pools with a shorter FROM are not
 * used. */
static bool may_have(const struct model *m, const struct ip6 *host, uint32_t a)
{
	for (unsigned i = 0; i < m->pools; i++)
		if (model_holds4(&m->pool[i], a))
			return model_holds6(&m->from[i], host) &&
			       m->from[i].len == longest_from(m, host) && may_lease(m, a);
	return false;
}

static unsigned lease_room(const struct model *m, const struct ip6 *host)
{
	unsigned n = 0;

	for (unsigned i = 0; i < m->pools; i++)
		for (uint32_t k = 0; k < 1u << (32 - m->pool[i].len); k++)
			n += may_have(m, host, m->pool[i].addr + k);
	return n;
}

/* Counts of leases in the pools for HOST. */
struct rivals {
	unsigned all, unconfirmed;
	bool old; /* the guarantee of one lease has expired */
};

static struct rivals find_rivals(const struct model *m, const struct ip6 *host, int32_t now)
{
	struct rivals r = {0};

	for (unsigned i = 0; i < m->leases; i++) {
		const struct model_lease *l = &m->lease[i];

		if (!may_have(m, host, l->addr))
			continue;
		r.all++;
		r.unconfirmed += !l->confirmed;
		r.old = r.old || now - l->last > 7440;
	}
	return r;
}

/* A lease of a confirmed host does not end at once. */
static bool may_end(const struct model_lease *l, int32_t now)
{
	return !l->confirmed || now - l->last >= 60;
}

/* The pools for HOST are full.  The translator chooses which lease ends: that of CHOSEN.  It must
 * choose one if a guarantee has expired and no lease could be forged. */
static bool take_back(struct model *m, const struct ip6 *host, int32_t now, uint32_t chosen)
{
	const struct rivals r = find_rivals(m, host, now);
	struct model_lease *l = lease_of_addr(m, chosen);

	if (l && may_have(m, host, chosen) && may_end(l, now)) {
		*l = m->lease[--m->leases];
		return true;
	}
	return r.old && r.unconfirmed == 0;
}

enum reason model_lease(struct model *m, const struct model_view *v, struct model_pair *to,
			int32_t now, uint32_t chosen)
{
	struct model_lease *l;

	if (!to->wants_lease)
		return REASON_OK;
	if (!model_l4_checksum_right(v))
		return REASON_BAD_L4_CSUM;
	if (m->draining)
		return REASON_DRAINING;
	if (find_rivals(m, &v->src6, now).all == lease_room(m, &v->src6) &&
	    !take_back(m, &v->src6, now, chosen))
		return REASON_POOL_FULL;
	l = &m->lease[m->leases];
	memset(l, 0, sizeof(*l));
	l->host = v->src6;
	l->prefix = to->prefix;
	if (may_have(m, &v->src6, chosen) && !lease_of_addr(m, chosen))
		l->addr = chosen;
	l->last = now;
	l->turn = ++m->turn;
	m->leases++;
	to->lease[0] = l;
	to->src4 = l->addr;
	return REASON_OK;
}

void model_touch(struct model *m, const struct model_pair *to, int32_t now, struct model_out *out)
{
	struct model_lease *l = to->lease[0];
	bool confirms;

	if (!l)
		return;
	confirms = l->answered && !l->confirmed;
	l->confirmed = l->confirmed || confirms;
	if (l->last != now) {
		l->last = now;
		l->turn = ++m->turn;
	}
	if (l->on_record && !confirms && now - l->saved < 600)
		return;
	out->record = true;
	l->on_record = true;
	l->saved = now;
}

/* --- IPv4 to IPv6 ---------------------------------------------------------------------------- */

static bool by_map_or_lease(struct model *m, uint32_t a, struct ip6 *out, struct model_lease **l)
{
	const struct map *e = a == m->conf->own4 ? NULL : model_find_map4(m, a);

	*l = e ? NULL : lease_of_addr(m, a);
	if (e)
		model_map_6(e, a, out);
	else if (*l)
		*out = (*l)->host;
	return e || *l;
}

/* Returns true for addresses without a host: a free lease, a source address for routers without
 * one. */
static bool is_nobody(const struct model *m, uint32_t a)
{
	if (a == m->conf->own4)
		return false;
	if (m->conf->has_icmp_source && model_holds4(&m->conf->icmp_source, a))
		return true;
	return in_pool(m, a) || (m->conf->node_id && a == NAMELESS4);
}

/* Through the first prefix that may carry A.  With a lease, only its own prefix is possible. */
static enum reason by_prefix(const struct model *m, uint32_t a, const struct model_lease *l,
			     unsigned *prefix, struct ip6 *out, enum reason none)
{
	if (m->prefixes == 0)
		return none;
	for (unsigned i = 0; i < m->prefixes; i++) {
		if (l && l->prefix != i)
			continue;
		if (!model_may_carry(m, i, a))
			continue;
		*prefix = i;
		model_embed(&m->prefix[i], a, out);
		return REASON_OK;
	}
	return REASON_WKP_PRIVATE;
}

static bool is_translatable(const struct model *m, uint32_t a)
{
	if (m->all_translatable)
		return true;
	return m->translatable.len > 0 && model_holds4(&m->translatable, a);
}

/* Section 1.9 of nat64-rules(7): whether the host A may use the translator. */
static bool is_allowed(const struct model *m, const struct ip6 *a)
{
	for (unsigned i = 0; i < m->allows; i++)
		if (model_holds6(&m->allow[i], a))
			return true;
	return m->allows == 0;
}

/* Section 1.8: whether A is denied. */
static bool is_denied(const struct model *m, uint32_t a)
{
	for (unsigned i = 0; i < m->denies; i++)
		if (model_holds4(&m->deny[i], a))
			return true;
	return false;
}

/* The longest route decides. */
static bool is_routed_here(const struct model *m, const struct ip6 *a)
{
	int best = -1;

	for (unsigned i = 0; i < m->routes; i++)
		if (model_holds6(&m->route[i], a) &&
		    (best < 0 || m->route[i].len > m->route[best].len))
			best = (int)i;
	return best >= 0 && m->routed_here[best];
}

/* HOST is on the IPv6 side; PEER is its other end. */
static enum reason pair_4to6(struct model *m, uint32_t host, uint32_t peer, bool quoted, bool error,
			     struct ip6 *host6, struct ip6 *peer6, struct model_pair *to)
{
	struct model_lease **host_lease = &to->lease[1], **peer_lease = &to->lease[0];
	bool host_known = by_map_or_lease(m, host, host6, host_lease);
	bool peer_known = by_map_or_lease(m, peer, peer6, peer_lease);
	enum reason why = REASON_OK;

	if (*host_lease)
		to->prefix = (*host_lease)->prefix;
	if (!host_known && is_nobody(m, host))
		return REASON_NO_MAP_DST;
	if (!host_known && host >= 0xf0000000)
		return REASON_RESERVED_DST;
	if (!host_known && (why = by_prefix(m, host, NULL, &to->prefix, host6, REASON_NO_MAP_DST)))
		return why;

	if (peer_known && host_known && m->prefixes > 0) /* [7757-4] hairpinning */
		why = by_prefix(m, peer, *host_lease, &to->prefix, peer6, REASON_NO_MAP_SRC);
	else if (!peer_known && !quoted &&
		 is_nobody(m, peer)) /* a quoted packet was sent to this address */
		why = REASON_NO_MAP_SRC;
	else if (!peer_known)
		why = by_prefix(m, peer, *host_lease, &to->prefix, peer6, REASON_NO_MAP_SRC);
	if (why && !error)
		return why;
	if (why && m->prefixes) /* [7915-4.1]: a router with an invalid address */
		model_embed(&m->prefix[to->prefix], peer, peer6);
	else if (why)
		*peer6 = m->conf->own6;
	if (quoted)
		return REASON_OK;
	/* Section 1.7 of nat64-rules(7). */
	if (!host_known && !peer_known && !is_translatable(m, host) && !is_translatable(m, peer))
		return REASON_NO_MAP_DST;
	if (!host_known && !peer_known && !error && !is_allowed(m, host6))
		return REASON_NOT_ALLOWED;
	return !*host_lease && is_routed_here(m, host6) ? REASON_ROUTED_BACK : REASON_OK;
}

enum reason model_map_4to6(struct model *m, const struct model_view *v, bool quoted, bool error,
			   struct model_pair *to)
{
	memset(to, 0, sizeof(*to));
	if (quoted)
		return pair_4to6(m, v->src4, v->dst4, true, false, &to->src6, &to->dst6, to);
	return pair_4to6(m, v->dst4, v->src4, false, error, &to->dst6, &to->src6, to);
}

/* --- IPv6 to IPv4 ---------------------------------------------------------------------------- */

static enum reason by_extraction(const struct model *m, int prefix, const struct ip6 *a,
				 uint32_t *out)
{
	*out = model_extract(&m->prefix[prefix], a);
	if (!model_passes4(m, *out))
		return REASON_BAD_ADDRESS;
	return model_may_carry(m, (unsigned)prefix, *out) ? REASON_OK : REASON_WKP_PRIVATE;
}

/* If the map of a host gives our own address, the host has no address. */
static const struct map *usable_map(const struct model *m, const struct ip6 *a)
{
	const struct map *e = model_find_map6(m, a);

	return e && model_map_4(e, a) == m->conf->own4 ? NULL : e;
}

static enum reason by_map(const struct model *m, const struct map *e, const struct ip6 *a,
			  uint32_t *out)
{
	*out = model_map_4(e, a);
	return model_passes4(m, *out) ? REASON_OK : REASON_BAD_ADDRESS;
}

/* Returns a router's address from icmp-source-pool: any, but the same each time [6791]. */
static uint32_t pooled_router(struct model *m, const struct ip6 *a, uint32_t chosen)
{
	for (unsigned i = 0; i < m->routers; i++)
		if (model_same6(&m->router[i].addr, a))
			return m->router[i].as;
	if (!model_holds4(&m->conf->icmp_source, chosen))
		return 0;
	if (m->routers < MODEL_ROUTERS) {
		m->router[m->routers].addr = *a;
		m->router[m->routers++].as = chosen;
	}
	return chosen;
}

/* Returns true if A is ours, or that of a host that is or may become known. */
static bool is_taken(const struct model *m, uint32_t a)
{
	return a == m->conf->own4 || model_names4(m, a) || (m->conf->node_id && a == NAMELESS4) ||
	       (m->conf->has_icmp_source && model_holds4(&m->conf->icmp_source, a));
}

static void name_router(struct model *m, const struct model_view *v, enum reason why,
			uint32_t chosen, struct model_pair *to)
{
	uint8_t type = v->start[v->l4];

	if ((why == REASON_WKP_PRIVATE || why == REASON_SRC_IN_PREFIX) && !is_taken(m, to->src4))
		return; /* the embedded address is usable */
	to->named = m->conf->node_id && type >= 1 && type <= 3;
	if (to->named)
		to->src4 = NAMELESS4;
	else if (m->conf->has_icmp_source)
		to->src4 = pooled_router(m, &v->src6, chosen);
	else
		to->src4 = m->conf->own4;
}

/* Section 1.6 of nat64-rules(7): the source claims IPv4 address CLAIMED and writes to PEER; for a
 * quoted packet it is the destination. */
static bool may_claim(struct model *m, uint32_t claimed, uint32_t peer, bool peer_mapped,
		      bool quoted)
{
	bool ours = claimed == m->conf->own4 || (m->conf->node_id && claimed == NAMELESS4) ||
		    (m->conf->has_icmp_source && model_holds4(&m->conf->icmp_source, claimed));

	if (ours)
		return false;
	if (model_find_map4(m, claimed)) /* hairpinning */
		return peer_mapped;
	if (in_pool(m, claimed))
		return false;
	return peer_mapped || is_translatable(m, claimed) || (quoted && is_translatable(m, peer));
}

static enum reason host_6to4(struct model *m, const struct ip6 *a, const struct ip6 *peer6,
			     uint32_t peer, bool quoted, bool error, struct model_pair *to,
			     uint32_t *out)
{
	bool peer_mapped = usable_map(m, peer6) != NULL;
	const struct map *e = usable_map(m, a);
	bool may = quoted || error || is_allowed(m, a);
	int prefix = model_find_prefix(m, a);
	enum reason why;

	if (model_same6(a, &m->conf->own6)) {
		*out = m->conf->own4;
		return error && !quoted ? REASON_OK : REASON_SRC_IN_PREFIX;
	}
	if (e)
		return by_map(m, e, a, out);
	to->lease[0] = m->pools ? lease_of_host(m, a, to->prefix) : NULL;
	if (to->lease[0]) {
		*out = to->lease[0]->addr;
		return REASON_OK;
	}
	if (prefix < 0)
		return may ? REASON_NO_MAP_SRC : REASON_NOT_ALLOWED;
	why = by_extraction(m, prefix, a, out);
	if (why == REASON_BAD_ADDRESS)
		return why;
	if (!may_claim(m, *out, peer, peer_mapped, quoted))
		return REASON_SRC_IN_PREFIX;
	return may || peer_mapped ? why : REASON_NOT_ALLOWED;
}

static enum reason peer_6to4(struct model *m, const struct ip6 *a, struct model_pair *to,
			     uint32_t *out)
{
	const struct map *e = usable_map(m, a);
	int prefix = model_find_prefix(m, a);
	enum reason why;

	if (e)
		return by_map(m, e, a, out);
	if (prefix < 0)
		return REASON_NO_MAP_DST;
	to->prefix = (unsigned)prefix;
	why = by_extraction(m, prefix, a, out);
	return !why && *out >= 0xf0000000 && !model_names4(m, *out) ? REASON_RESERVED_DST : why;
}

enum reason model_map_6to4(struct model *m, const struct model_view *v, bool quoted, bool error,
			   uint32_t chosen, struct model_pair *to)
{
	enum reason why;

	memset(to, 0, sizeof(*to));
	if (quoted) {
		why = peer_6to4(m, &v->src6, to, &to->src4);
		return why ? why
			   : host_6to4(m, &v->dst6, &v->src6, to->src4, true, error, to, &to->dst4);
	}
	if ((why = peer_6to4(m, &v->dst6, to, &to->dst4)))
		return why;
	if (is_denied(m, to->dst4))
		return REASON_DENIED;
	why = host_6to4(m, &v->src6, &v->dst6, to->dst4, false, error, to, &to->src4);
	if (why && error) {
		name_router(m, v, why, chosen, to);
		return REASON_OK;
	}
	to->wants_lease = why == REASON_NO_MAP_SRC && longest_from(m, &v->src6) >= 0;
	return to->wants_lease ? REASON_OK : why;
}

/* xlat_pair - finds packets whose translation holds for all others between the same addresses, so
 * that a cache of decisions can translate those. */
#include "lib/csum.h"
#include "xlat_job.h"

static bool is_bare(const struct packet *p)
{
	size_t header = (size_t)(p->l4.p - p->whole.p);

	return header == (p->family == 4 ? sizeof(struct ip4_hdr) : sizeof(struct ip6_hdr)) &&
	       !packet_is_fragment(p);
}

/* If both ends of a packet from IPv4 have leases, the decision depends on both, but a cache entry
 * can follow the end of only one.  The last segment of an oversized GSO packet follows an ICMP
 * error. */
static bool is_plain(const struct xlat_job *j)
{
	const struct packet *p = &j->p;

	if (!is_bare(p) || j->limit || j->out->answers || (p->family == 4 && j->lease_src))
		return false;
	return j->fix == FIX_UPDATE || j->fix == FIX_UDP || j->fix == FIX_ECHO;
}

void xlat_note_pair(const struct xlat_job *j)
{
	const struct packet *p = &j->p;
	struct xlat_pair *pair = &j->out->pair;
	bool to6 = p->family == 4;

	j->out->plain = is_plain(j);
	if (!j->out->plain)
		return;
	put32(pair->v4.src, to6 ? p->src4 : j->src4);
	put32(pair->v4.dst, to6 ? p->dst4 : j->dst4);
	memcpy(pair->v6.src, to6 ? &j->src6 : &p->src6, sizeof(pair->v6.src));
	memcpy(pair->v6.dst, to6 ? &j->dst6 : &p->dst6, sizeof(pair->v6.dst));
}

/* Returns the difference of the pseudo-header sums of the two families. */
static uint16_t difference(const struct xlat_pair *pair, bool to6)
{
	uint64_t v4 = csum_sum(&pair->v4, sizeof(pair->v4));
	uint64_t v6 = csum_sum(&pair->v6, sizeof(pair->v6));
	uint16_t old = csum_fold(to6 ? v4 : v6), csum;

	put16((uint8_t *)&csum, csum_fold((uint16_t)~old + (uint64_t)csum_fold(to6 ? v6 : v4)));
	return csum;
}

static void tell_4to6(const struct xlat *x, struct fastpath_pair *pair)
{
	unsigned mtu = xlat_mtu6(x), limit = xlat_fragment_limit(x);

	pair->most = (uint16_t)(mtu - sizeof(struct ip6_hdr));
	pair->most_free = (uint16_t)(limit - sizeof(struct ip6_hdr));
	pair->flags = x->conf->tos_ignore_4to6 ? FASTPATH_ECN_ONLY : 0;
}

static void tell_6to4(struct xlat *x, const struct xlat_pair *of, struct fastpath_pair *pair)
{
	unsigned by4 = xlat_mtu4(x) - (unsigned)sizeof(struct ip4_hdr);
	unsigned by6 = xlat_mtu6(x) - (unsigned)sizeof(struct ip6_hdr);

	pair->most = pair->most_free = (uint16_t)(by4 < by6 ? by4 : by6);
	/* half the number space away from those that we use for the pair */
	pair->id = ipid_take(&x->ipid, get32(of->v4.src), get32(of->v4.dst), 1) + 0x8000u;
	pair->flags = x->conf->tos_ignore_6to4 ? FASTPATH_ECN_ONLY : 0;
}

void xlat_tell(struct xlat *x, unsigned family, const struct xlat_out *out,
	       struct fastpath_pair *pair)
{
	*pair = (struct fastpath_pair){.csum = difference(&out->pair, family == 4)};
	if (family == 4)
		tell_4to6(x, pair);
	else
		tell_6to4(x, &out->pair, pair);
	if (x->conf->mss_clamp != MSS_OFF)
		pair->flags |= FASTPATH_NO_SYN;
}

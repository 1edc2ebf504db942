/* xlat - the order in which a packet is checked, decided and finally written, for both
 * directions. */
#include "xlat/xlat.h"

#include "lib/csum.h"
#include "packet/icmp.h"
#include "packet/mss.h"
#include "packet/reply.h"
#include "xlat_job.h"

bool xlat_is_for_routers(const struct xlat_conf *conf, uint32_t a)
{
	if (conf->has_icmp_source && addr_in4(a, &conf->icmp_source))
		return true;
	return conf->node_id && a == XLAT_DUMMY4;
}

uint32_t xlat_find_translatable(const struct xlat_conf *conf, uint32_t a)
{
	uint8_t key[4];

	put32(key, a);
	return conf->translatable ? lpm_find(conf->translatable, key) : LPM_NONE;
}

bool xlat_is_translatable(const struct xlat_conf *conf, uint32_t a)
{
	return conf->translatable_all || xlat_find_translatable(conf, a) != LPM_NONE;
}

uint32_t xlat_find_allowed(const struct xlat_conf *conf, const struct ip6 *host)
{
	return lpm_find(conf->allow, host->b);
}

bool xlat_is_allowed(const struct xlat_conf *conf, const struct ip6 *host)
{
	return !conf->allow || xlat_find_allowed(conf, host) != LPM_NONE;
}

uint32_t xlat_find_denied(const struct xlat_conf *conf, uint32_t a)
{
	uint8_t key[4];

	put32(key, a);
	return lpm_find(conf->deny, key);
}

bool xlat_names4(const struct xlat *x, uint32_t a)
{
	return map_find4(x->maps, a) || (x->pool && pool_covers(x->pool, a));
}

static bool means_link_local(const struct xlat *x, uint32_t a)
{
	const struct map *m = map_find4(x->maps, a);

	if (a == x->conf->own4 || (m && m->p4.len >= 16))
		return true;
	return x->pool && pool_covers(x->pool, a);
}

bool xlat_passes4(const struct xlat *x, uint32_t a)
{
	return addr_passes4(a) || (addr_is_link_local4(a) && means_link_local(x, a));
}

bool xlat_addrs_pass(const struct xlat *x, const struct packet *p)
{
	if (p->family == 4)
		return xlat_passes4(x, p->src4) && xlat_passes4(x, p->dst4);
	return addr_passes6(&p->src6) && addr_passes6(&p->dst6);
}

bool xlat_may_embed(const struct xlat *x, unsigned prefix, uint32_t a)
{
	if (!x->conf->wkpf_strict || addr_is_global4(a))
		return true;
	return !addr_is_wkp(map_prefix_at(x->maps, prefix));
}

uint8_t *xlat_scratch(struct xlat_out *out, size_t len)
{
	return arena_take(out->scratch, OFFLOAD_HDR + len) + OFFLOAD_HDR;
}

struct output *xlat_add(struct xlat_job *j, size_t ip, uint8_t *head, size_t head_len,
			const uint8_t *body, size_t body_len)
{
	const struct packet *p = &j->p;
	struct output *o = &j->out->output[j->out->outputs++];

	*o = (struct output){.head = head,
			     .body = {.p = body, .len = (uint32_t)body_len},
			     .head_len = (uint32_t)head_len,
			     .len = (uint32_t)(head_len + body_len),
			     .parts = body_len ? 2 : 1,
			     .segments = 1,
			     .family = p->family == 4 ? 6 : 4,
			     .proto = xlat_proto(p),
			     .ip = (uint8_t)ip,
			     .l4 = (uint8_t)p->l4_header,
			     .fragment = ip == OUT_HEADER_MAX || packet_is_fragment(p)};
	if (o->fragment)
		return o;
	if (p->csum == CSUM_PARTIAL)
		output_leave(o, (unsigned)p->seg, p->ecn);
	else
		o->offload.csum = (uint8_t)p->csum;
	return o;
}

void xlat_add_icmp(struct xlat_out *out, unsigned family, uint8_t *head, size_t len)
{
	out->output[out->outputs++] = (struct output){
		.head = head,
		.head_len = (uint32_t)len,
		.len = (uint32_t)len,
		.parts = 1,
		.segments = 1,
		.family = (uint8_t)family,
		.proto = family == 4 ? PROTO_ICMP : PROTO_ICMPV6,
		.ip = family == 4 ? sizeof(struct ip4_hdr) : sizeof(struct ip6_hdr),
	};
}

/* Refuses the addresses of section 1.4 of nat64-rules(7).  An ICMPv4 error from a router with such
 * an address passes, for troubleshooting [7915-4.1]. */
static enum reason check_addresses4(const struct xlat *x, const struct packet *p)
{
	if (addr_is_noise4(p->dst4))
		return REASON_NOISE;
	if (!xlat_passes4(x, p->dst4))
		return REASON_BAD_ADDRESS;
	if (xlat_passes4(x, p->src4))
		return REASON_OK;
	if (packet_icmp_type(p) < 0 || !packet_is_icmp_error(p))
		return REASON_BAD_ADDRESS;
	return addr_is_multicast4(p->src4) || p->src4 == UINT32_MAX ? REASON_BAD_ADDRESS
								    : REASON_OK;
}

static enum reason check_addresses(const struct xlat *x, const struct packet *p)
{
	if (p->family == 4)
		return check_addresses4(x, p);
	if (addr_is_noise6(&p->dst6))
		return REASON_NOISE;
	return xlat_addrs_pass(x, p) ? REASON_OK : REASON_BAD_ADDRESS;
}

static bool is_for_us(const struct xlat_job *j)
{
	if (j->p.family == 4)
		return j->p.dst4 == j->x->conf->own4;
	return ip6_equal(&j->p.dst6, &j->x->conf->own6);
}

/* Handles packets to our own address: answers echo requests, section 2.2 of nat64-rules(7). */
static enum reason serve(struct xlat_job *j, uint8_t *l4)
{
	const struct packet *p = &j->p;
	uint16_t id;
	size_t len;

	if (p->header)
		return p->header;
	if (p->proto == PROTO_NONE && p->family == 6)
		return REASON_SELF_OTHER;
	if (!packet_is_icmp(p))
		return REASON_SELF_PROTO;
	if (packet_is_fragment(p))
		return REASON_ICMP_FRAGMENT;
	if (p->l4.len < sizeof(struct icmp_hdr))
		return REASON_BAD_L4;
	if (packet_icmp_type(p) != (p->family == 4 ? (uint8_t)ICMP4_ECHO : (uint8_t)ICMP6_ECHO))
		return REASON_SELF_OTHER;
	if (!packet_icmp_checksum_ok(p))
		return REASON_ICMP_CHECKSUM;
	if (!j->out)
		return REASON_SELF_ECHO;

	id = p->family == 4 ? ipid_take(&j->x->ipid, p->dst4, p->src4, 1) : 0;
	len = reply_echo(p, l4, id);
	xlat_add_icmp(j->out, p->family, l4 + p->l4.len - len, len);
	j->out->answers++;
	return REASON_SELF_ECHO;
}

static enum reason check_ttl(const struct packet *p)
{
	if (p->ttl == 0)
		return REASON_TTL_ZERO;
	return p->ttl == 1 ? REASON_TTL : REASON_OK;
}

static enum reason check_udp(struct xlat_job *j)
{
	const struct udp_hdr *udp = (const void *)j->p.l4.p;
	size_t len;

	j->fix = FIX_UDP;
	if (j->outer || j->p.csum == CSUM_PARTIAL || get16(udp->csum) != 0)
		return REASON_OK;
	if (j->p.family == 6 && j->x->conf->udp_zero != UDP_ZERO_FWD)
		return REASON_UDP_ZERO6;
	switch (j->x->conf->udp_zero) {
	case UDP_ZERO_FWD:
		j->fix = FIX_NONE;
		return REASON_OK;
	case UDP_ZERO_CALC:
		if (packet_is_fragment(&j->p))
			return REASON_UDP_ZERO;
		len = get16(udp->len);
		if (len < sizeof(*udp) || len > j->p.l4.len)
			return REASON_BAD_L4;
		j->fix = FIX_UDP_CALC;
		return REASON_OK;
	case UDP_ZERO_DROP:
		break;
	}
	return REASON_UDP_ZERO;
}

static enum reason check_echo(struct xlat_job *j)
{
	int type = j->dir->echo(packet_icmp_type(&j->p));

	if (type < 0)
		return j->outer ? REASON_ICMP_NESTED : REASON_ICMP_TYPE;
	if (!j->outer && !packet_icmp_checksum_ok(&j->p))
		return REASON_ICMP_CHECKSUM;
	j->new_type = (uint8_t)type;
	j->fix = packet_is_fragment(&j->p) ? FIX_TYPE : FIX_ECHO;
	return REASON_OK;
}

/* Returns true if the payload has LEN bytes of header.  A quoted packet may end anywhere. */
static bool l4_has(const struct xlat_job *j, size_t len)
{
	return j->outer || j->p.l4.len >= len;
}

enum reason xlat_check_l4(struct xlat_job *j)
{
	const struct packet *p = &j->p;

	j->fix = FIX_NONE;
	if (p->frag_off != 0)
		return REASON_OK;
	if (packet_is_icmp(p)) {
		j->csum_at = offsetof(struct icmp_hdr, csum);
		return l4_has(j, sizeof(struct icmp_hdr)) ? check_echo(j) : REASON_BAD_L4;
	}
	if (p->proto == PROTO_TCP) {
		j->csum_at = offsetof(struct tcp_hdr, csum);
		j->fix = FIX_UPDATE;
		return l4_has(j, sizeof(struct tcp_hdr)) ? REASON_OK : REASON_BAD_L4;
	}
	if (p->proto == PROTO_UDP) {
		j->csum_at = offsetof(struct udp_hdr, csum);
		return l4_has(j, sizeof(struct udp_hdr)) ? check_udp(j) : REASON_BAD_L4;
	}
	return REASON_OK;
}

/* Sums the addresses of both pseudo-headers, before and after translation. */
static void sum_addrs(const struct xlat_job *j, uint64_t *old, uint64_t *new)
{
	const struct packet *p = &j->p;

	if (p->family == 4) {
		*old = csum_addrs4(p->src4, p->dst4);
		*new = csum_addrs6(&j->src6, &j->dst6);
	} else {
		*old = csum_addrs6(&p->src6, &p->dst6);
		*new = csum_addrs4(j->src4, j->dst4);
	}
}

/* ICMPv6 has a pseudo-header, ICMPv4 does not. */
static uint16_t echo_checksum(const struct xlat_job *j, uint8_t old_type, uint16_t csum)
{
	uint64_t old, new, pseudo = csum_pseudo((uint32_t)j->p.l4_stated, PROTO_ICMPV6);

	sum_addrs(j, &old, &new);
	old = j->p.family == 6 ? old + pseudo : 0;
	new = j->p.family == 4 ? new + pseudo : 0;
	return csum_update(csum, old + ((uint64_t)old_type << 8),
			   new + ((uint64_t)j->new_type << 8));
}

static uint16_t udp_checksum(const struct xlat_job *j, const uint8_t *l4)
{
	uint64_t old, new;
	uint16_t len = get16(l4 + offsetof(struct udp_hdr, len));

	sum_addrs(j, &old, &new);
	return csum_udp(csum_finish(csum_sum(l4, len) + new + csum_pseudo(len, PROTO_UDP)));
}

/* A partial checksum is the sum itself, not its complement. */
static uint16_t update_checksum(const struct xlat_job *j, uint16_t csum)
{
	uint16_t flip = j->p.csum == CSUM_PARTIAL ? 0xffff : 0;
	uint64_t old, new;

	sum_addrs(j, &old, &new);
	return csum_update(csum ^ flip, old, new) ^ flip;
}

void xlat_fix_l4(const struct xlat_job *j, uint8_t *l4, size_t len)
{
	uint8_t *at = l4 + j->csum_at, old_type;
	uint16_t csum;

	if (j->fix == FIX_NONE || len == 0)
		return;
	old_type = l4[0];
	if (j->fix == FIX_ECHO || j->fix == FIX_TYPE)
		l4[0] = j->new_type;
	if (j->fix == FIX_TYPE || len < j->csum_at + sizeof(csum))
		return;
	csum = get16(at);
	if (j->fix == FIX_ECHO && j->p.family == 6 && !j->outer)
		csum_put_icmp4(at, echo_checksum(j, old_type, csum), l4, len);
	else if (j->fix == FIX_ECHO)
		put16(at, echo_checksum(j, old_type, csum));
	else if (j->fix == FIX_UPDATE || j->p.csum == CSUM_PARTIAL)
		put16(at, update_checksum(j, csum));
	else if (j->fix == FIX_UDP_CALC)
		put16(at, udp_checksum(j, l4));
	else if (csum != 0) /* a quoted datagram without a checksum does not get one */
		put16(at, csum_udp(update_checksum(j, csum)));
}

/* Takes the lease that map() found missing, after all other checks.  A damaged packet takes none:
 * it may name a host that does not exist. */
static enum reason claim_lease(struct xlat_job *j)
{
	if (!j->wants_lease)
		return REASON_OK;
	if (!packet_l4_checksum_ok(&j->p))
		return REASON_BAD_L4_CSUM;
	if (j->x->draining)
		return REASON_DRAINING;
	if (!j->out)
		return xlat_find_room(j) ? REASON_OK : REASON_POOL_FULL;
	j->lease_src = pool_assign(j->x->pool, &j->p.src6, j->prefix, j->now);
	if (!j->lease_src)
		return REASON_POOL_FULL;
	j->src4 = j->lease_src->addr;
	return REASON_OK;
}

/* Only the host itself keeps its lease in use; otherwise a scan from IPv4 would keep all leases
 * forever. */
static void use_lease(struct xlat_job *j, struct lease *l)
{
	if (!l)
		return;
	pool_touch(j->x->pool, l, j->now);
	if (pool_outdated(l, j->now))
		j->out->record = l;
}

/* Returns the largest MSS with which no segment has to be fragmented on either side. */
static unsigned most_mss(const struct xlat *x)
{
	const unsigned ip4 = sizeof(struct ip4_hdr), ip6 = sizeof(struct ip6_hdr);
	unsigned by4 = xlat_mtu4(x) - ip4, by6 = xlat_mtu6(x) - ip6;

	if (x->conf->mss_clamp != MSS_AUTO)
		return (unsigned)x->conf->mss_clamp;
	return (by4 < by6 ? by4 : by6) - (unsigned)sizeof(struct tcp_hdr);
}

static void clamp_mss(const struct xlat_job *j, uint8_t *l4)
{
	if (j->x->conf->mss_clamp != MSS_OFF && j->p.proto == PROTO_TCP && j->p.frag_off == 0)
		mss_clamp(l4, j->p.l4.len, most_mss(j->x), j->p.csum == CSUM_PARTIAL);
}

static enum reason translate_plain(struct xlat_job *j, uint8_t *l4)
{
	enum reason why;

	if ((why = j->dir->map(j)) || (why = j->dir->fit(j)) || (why = xlat_check_l4(j)) ||
	    (why = claim_lease(j)))
		return why;
	if (!j->out)
		return REASON_OK;
	xlat_fix_l4(j, l4, j->p.l4.len);
	clamp_mss(j, l4);
	j->dir->emit(j, l4);
	xlat_note_pair(j);
	return REASON_OK;
}

static enum reason translate_payload(struct xlat_job *j, uint8_t *l4)
{
	enum reason why = j->is_error ? xlat_error(j) : translate_plain(j, l4);

	if (why || !j->out)
		return why;
	j->out->lease = j->p.family == 6 ? j->lease_src : j->lease_dst;
	if (j->p.family == 6)
		use_lease(j, j->lease_src);
	else if (j->lease_dst)
		pool_answer(j->lease_dst);
	return REASON_OK;
}

static enum reason translate(struct xlat_job *j, uint8_t *l4)
{
	enum reason why;

	if ((why = check_addresses(j->x, &j->p)))
		return why;
	if (is_for_us(j))
		return serve(j, l4);
	if ((why = check_ttl(&j->p)) || (why = j->dir->refuse(&j->p)))
		return why;
	if (packet_is_icmp(&j->p) && packet_is_fragment(&j->p))
		return REASON_ICMP_FRAGMENT;
	j->is_error = packet_is_icmp_error(&j->p);
	return translate_payload(j, l4);
}

/* The packet at PACKET is too big.  If it is a GSO packet, its last segment may fit. */
static void translate_last(struct xlat_job *j, uint8_t *packet, int64_t now)
{
	struct xlat_out *out = j->out;
	uint8_t *l4 = xlat_take_last(j, packet);

	if (!l4)
		return;
	out->packets--;
	out->bytes -= j->p.whole.len;
	out->has_last = true;
	out->last_packet = j->p.whole;
	out->last = translate_payload(j, l4);
	if (out->last)
		xlat_answer(j, out->last, now);
}

void xlat_start(struct xlat *x, const struct ipid *ipid)
{
	*x = (struct xlat){.ipid = *ipid};
}

void xlat_configure(struct xlat *x, const struct xlat_conf *conf, const struct map_table *maps,
		    struct pool *pool, struct ratelimit *ratelimit)
{
	x->conf = conf;
	x->maps = maps;
	x->pool = pool;
	x->ratelimit = ratelimit;
}

void xlat_set_routes(struct xlat *x, const struct lpm *routes6)
{
	x->routes6 = routes6;
}

void xlat_set_mtu(struct xlat *x, unsigned mtu)
{
	x->mtu = mtu;
}

void xlat_set_draining(struct xlat *x, bool on)
{
	x->draining = on;
}

static void begin(struct xlat_job *j, struct xlat *x, struct xlat_out *out, int64_t now)
{
	memset(j, 0, offsetof(struct xlat_job, p));
	j->x = x;
	j->out = out;
	j->now = (int32_t)(now / 1000);
}

static const struct xlat_dir *direction(const struct packet *p)
{
	return p->family == 4 ? &xlat_dir_4to6 : &xlat_dir_6to4;
}

enum reason xlat_ask(struct xlat *x, const uint8_t *packet, size_t len, int64_t now,
		     struct xlat_job *j)
{
	enum reason why;

	*j = (struct xlat_job){.x = NULL};
	begin(j, x, NULL, now);
	if ((why = packet_parse(&j->p, packet, len, false)))
		return why;
	j->dir = direction(&j->p);
	return translate(j, NULL);
}

enum reason xlat_packet(struct xlat *x, uint8_t *packet, size_t len, const struct offload *offload,
			int64_t now, struct xlat_out *out)
{
	struct xlat_job j;
	enum reason why;

	begin(&j, x, out, now);
	out->outputs = 0;
	out->record = out->lease = NULL;
	out->plain = false;
	out->packets = 1;
	out->bytes = len;
	out->has_last = false;
	out->answers = out->suppressed = 0;
	if ((why = packet_parse(&j.p, packet, len, false)) ||
	    (why = packet_take_offload(&j.p, packet, offload)))
		return why;
	out->packets = (unsigned)xlat_segments(&j.p, j.p.l4.len);
	out->bytes += (out->packets - 1) * ((size_t)(j.p.l4.p - packet) + j.p.l4_header);
	j.dir = direction(&j.p);
	why = translate(&j, packet + (j.p.l4.p - packet));
	if (why && why != REASON_SELF_ECHO)
		xlat_answer(&j, why, now);
	if (why == REASON_TOO_BIG)
		translate_last(&j, packet, now);
	return why;
}

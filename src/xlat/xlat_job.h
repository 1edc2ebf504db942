/* xlat_job - one packet on its way through the translator: what the spine, the error translation
 * and the two directions share.
 *
 * Decide first, write last: nothing is written before xlat_fix_l4(), after which nothing refuses.
 * But for the last segment of a GSO packet that is too big: its headers are written where it lies,
 * and then it is decided about like a packet that came by itself.
 */
#ifndef NAT64D_XLAT_JOB_H
#define NAT64D_XLAT_JOB_H

#include "packet/icmp.h"
#include "packet/packet.h"
#include "packet/gso.h"
#include "xlat/explain.h"
#include "xlat/xlat.h"

#define OUT_HEADER_MAX (sizeof(struct ip6_hdr) + sizeof(struct frag_hdr))

struct xlat_job;

/* What differs by nature between the directions. */
struct xlat_dir {
	size_t message_max;        /* longest ICMP error on the other side, IP header included */
	size_t header_len;         /* IP header on the other side, without fragment header */
	size_t extend_unit;        /* [4884-3]: unit of the length field on the other side ... */
	size_t extend_at;          /* ... and its place in an ICMP header */
	size_t from_unit, from_at; /* the same on this side */

	int (*echo)(int type);
	const struct icmp_row *(*error)(uint8_t type, uint8_t code);

	/* May the header be translated: protocol, options, extension headers? */
	enum reason (*refuse)(const struct packet *p);
	/* Finds the addresses on the other side; for an error's packet, or the one it quotes, by
	 * their own rules. */
	enum reason (*map)(struct xlat_job *j);
	/* Does it fit, whole or in fragments? */
	enum reason (*fit)(struct xlat_job *j);
	/* The four bytes behind the checksum of an error about QUOTE, unless they have no
	 * counterpart. */
	enum reason (*rest)(const struct xlat_job *j, const struct icmp_row *row,
			    const struct packet *quote, uint32_t *rest);
	/* Writes the header for PAYLOAD bytes to AT and returns its length. */
	size_t (*header)(const struct xlat_job *j, size_t payload, uint8_t *at);
	/* Sends the payload at L4 (writable, and so is the room of a header in front), in pieces if
	 * it must. */
	void (*emit)(struct xlat_job *j, uint8_t *l4);
};

enum l4_fix { /* what has to be done to the payload */
	FIX_NONE,
	FIX_UPDATE,   /* checksum: exchange the addresses */
	FIX_UDP,      /* the same, but zero is sent as 0xffff */
	FIX_UDP_CALC, /* there was none: compute it */
	FIX_ECHO,     /* exchange type and pseudo-header */
	FIX_TYPE,     /* exchange the type: the checksum covers what is not there */
};

/* What has decided about one end of a packet: notes of map(), which nothing is decided by. */
struct xlat_end {
	uint8_t by;      /* enum xlat_by */
	uint8_t taken;   /* the same: whose the IPv4 address is that it claims through a prefix */
	uint16_t prefix; /* the number of that translation prefix */
};

struct xlat_job {
	struct xlat *x;
	struct xlat_out *out; /* NULL: it is only asked about, so nothing is taken or written */
	const struct xlat_dir *dir;
	const struct xlat_job *outer; /* of a quoted packet: the error that quotes it */
	int32_t now;                  /* seconds */
	bool is_error;                /* p is an ICMP error */
	bool name_router; /* decided by map(): its source cannot be named but in an extension */

	/* decided by map() */
	struct xlat_end
		host; /* the end on the IPv6 side, or the one that a quoted packet has there */
	struct xlat_end peer; /* the end that is IPv4's */
	bool wants_lease;     /* the source is to get a lease */
	unsigned prefix;      /* the translation prefix in use */
	struct lease *lease_src, *lease_dst;
	/* decided by fit() */
	uint32_t mtu; /* with REASON_TOO_BIG: what to announce */
	size_t limit; /* 4->6: longest packet that may leave whole; 0: any */
	/* decided by xlat_check_l4() */
	enum l4_fix fix;
	uint8_t csum_at, new_type;

	/* not zeroed for each packet, which would cost 6 % of its time */
	struct packet p;       /* by packet_parse() */
	uint32_t src4, dst4;   /* by map(), after 6->4 */
	struct ip6 src6, dst6; /* by map(), after 4->6 */
};

static inline void xlat_note_prefix(struct xlat_end *end, unsigned prefix)
{
	end->by = BY_PREFIX;
	end->prefix = (uint16_t)prefix; /* a configuration has no more */
}

/* The device's MTU to either family; IPv6 never sees less than its minimum. */
static inline unsigned xlat_mtu4(const struct xlat *x)
{
	return x->mtu;
}

static inline unsigned xlat_mtu6(const struct xlat *x)
{
	return x->mtu < IP6_MTU_MIN ? IP6_MTU_MIN : x->mtu;
}

/* The longest IPv6 packet that an IPv4 packet without DF becomes [7915-4].  XLAT_OUTPUTS counts on
 * IP6_MTU_MIN. */
static inline unsigned xlat_fragment_limit(const struct xlat *x)
{
	unsigned mtu = xlat_mtu6(x), limit = x->conf->offlink_mtu;

	if (limit > mtu)
		limit = mtu;
	return limit < IP6_MTU_MIN ? IP6_MTU_MIN : limit;
}

/* The protocol of P's payload in the other family. */
static inline uint8_t xlat_proto(const struct packet *p)
{
	if (!packet_is_icmp(p))
		return p->proto;
	return p->family == 4 ? PROTO_ICMPV6 : PROTO_ICMP;
}

/* What becomes of P's TOS or traffic class: ECN belongs to the path and is always kept [3168]. */
static inline uint8_t xlat_tos(const struct packet *p, bool ignore)
{
	return ignore ? p->tos & TOS_ECN : p->tos;
}

/* Does A stand for routers that IPv4 cannot name? */
bool xlat_is_for_routers(const struct xlat_conf *conf, uint32_t a);

/* The number of the network of `translatable' that A is in, or LPM_NONE. */
uint32_t xlat_find_translatable(const struct xlat_conf *conf, uint32_t a);

/* The number of the network of `allow', of which there is one, that HOST is in, or LPM_NONE. */
uint32_t xlat_find_allowed(const struct xlat_conf *conf, const struct ip6 *host);

/* May HOST, which neither a map nor a lease speaks for, use the translator? */
bool xlat_is_allowed(const struct xlat_conf *conf, const struct ip6 *host);

/* The number of the network of `deny', of which there is one, that A is in, or LPM_NONE: nobody
 * reaches it from IPv6. */
uint32_t xlat_find_denied(const struct xlat_conf *conf, uint32_t a);

/* Is A in a map or in the pool, leased or not: does the configuration name it? */
bool xlat_names4(const struct xlat *x, uint32_t a);

/* May A pass a router at all?  Link-local addresses may where the configuration means them: not
 * where a map of everything happens to hold them. */
bool xlat_passes4(const struct xlat *x, uint32_t a);

/* The same of both addresses of P. */
bool xlat_addrs_pass(const struct xlat *x, const struct packet *p);

/* May A, embedded in prefix number PREFIX, be seen on the wire [6052-3.1]? */
bool xlat_may_embed(const struct xlat *x, unsigned prefix, uint32_t a);

/* LEN bytes of the caller's scratch memory, with what an output's head needs in front. */
uint8_t *xlat_scratch(struct xlat_out *out, size_t len);

/* Adds an output that J's packet, or a part of it, becomes: HEAD begins with IP bytes of IP header
 * and fragment header, and holds the L4 header as well unless it is a later fragment.  What the
 * device has left to us about the packet is left to it. */
struct output *xlat_add(struct xlat_job *j, size_t ip, uint8_t *head, size_t head_len,
			const uint8_t *body, size_t body_len);

/* Adds an ICMP message of LEN bytes, IP header and all. */
void xlat_add_icmp(struct xlat_out *out, unsigned family, uint8_t *head, size_t len);

/* P, whose checksum is partial, as the GSO packet module sees it; its L4 header and payload are at
 * L4.
 */
struct gso_packet xlat_gso(const struct packet *p, const uint8_t *l4);

/* How many packets a payload of LEN bytes, L4 header and all, of P makes. */
size_t xlat_segments(const struct packet *p, size_t len);

/* Asks what would become of a packet that is no ICMP error, and fills J: nothing but J is written
 * to, and the source's lease is only chosen. */
enum reason xlat_ask(struct xlat *x, const uint8_t *packet, size_t len, int64_t now,
		     struct xlat_job *j);

/* Is there an address for the source of J's packet, which is to get a lease?  SRC4 is it then. */
bool xlat_find_room(struct xlat_job *j);

/* What the source of J's packet, refused for WHY, is to be sent by RFCs; type ICMP_NO_ANSWER:
 * nothing. */
struct icmp_answer xlat_due(const struct xlat_job *j, enum reason why);

/* Answers J's packet, refused for WHY at NOW (milliseconds), where RFCs want an answer and the rate
 * limit leaves one. */
void xlat_answer(struct xlat_job *j, enum reason why, int64_t now);

/* Takes the last segment of J's packet, which is at PACKET and too big, out of it, if it is a GSO
 * packet and that segment fits.  J's packet is then that segment.  Returns its L4 part, or NULL. */
uint8_t *xlat_take_last(struct xlat_job *j, uint8_t *packet);

/* Is the payload complete and its checksum one that can be carried over? Decides how. */
enum reason xlat_check_l4(struct xlat_job *j);

/* Does to the payload at L4 (LEN bytes of it are there) what xlat_check_l4() decided. */
void xlat_fix_l4(const struct xlat_job *j, uint8_t *l4, size_t len);

/* J's packet is translated: notes in its OUT if it is plain, and its addresses then. */
void xlat_note_pair(const struct xlat_job *j);

/* Translates the ICMP error in J, the packet that it quotes included, and adds its output. */
enum reason xlat_error(struct xlat_job *j);

extern const struct xlat_dir xlat_dir_4to6, xlat_dir_6to4;

#endif

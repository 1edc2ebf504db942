/* xlat_job - the state of one packet in the translator, and the functions that its files share.
 *
 * All decisions come before the first write: nothing is written before xlat_fix_l4(), and nothing
 * is refused after it.  The exception is the last segment of a GSO packet that is too big: its
 * headers are written in place, and it is then handled like a separate packet. */
#ifndef NAT64D_XLAT_JOB_H
#define NAT64D_XLAT_JOB_H

#include "packet/icmp.h"
#include "packet/packet.h"
#include "packet/gso.h"
#include "xlat/explain.h"
#include "xlat/xlat.h"

#define OUT_HEADER_MAX (sizeof(struct ip6_hdr) + sizeof(struct frag_hdr))

struct xlat_job;

/* The functions and values that differ between the two directions. */
struct xlat_dir {
	size_t message_max; /* maximum length of an ICMP error on the other side, with its IP header
			     */
	size_t header_len;  /* length of the IP header on the other side, without fragment header */
	size_t extend_unit; /* [4884-3]: unit of the length field on the other side ... */
	size_t extend_at;   /* ... and its offset in an ICMP header */
	size_t from_unit, from_at; /* the same on this side */

	int (*echo)(int type);
	const struct icmp_row *(*error)(uint8_t type, uint8_t code);

	/* Checks whether the header can be translated: protocol, options, extension headers. */
	enum reason (*refuse)(const struct packet *p);
	/* Finds the addresses on the other side.  Errors and quoted packets have their own
	 * rules. */
	enum reason (*map)(struct xlat_job *j);
	/* Checks whether the packet fits, whole or in fragments. */
	enum reason (*fit)(struct xlat_job *j);
	/* Computes the four bytes after the checksum of an error about QUOTE; refuses it if they
	 * have no counterpart. */
	enum reason (*rest)(const struct xlat_job *j, const struct icmp_row *row,
			    const struct packet *quote, uint32_t *rest);
	/* Writes the header for PAYLOAD bytes to AT and returns its length. */
	size_t (*header)(const struct xlat_job *j, size_t payload, uint8_t *at);
	/* Outputs the payload at L4, in several packets if needed.  L4 and the space for a header
	 * before it are writable. */
	void (*emit)(struct xlat_job *j, uint8_t *l4);
};

enum l4_fix { /* change of the payload */
	FIX_NONE,
	FIX_UPDATE,   /* update the checksum for the new addresses */
	FIX_UDP,      /* the same, but send zero as 0xffff */
	FIX_UDP_CALC, /* compute a missing checksum */
	FIX_ECHO,     /* update for the new type and pseudo-header */
	FIX_TYPE,     /* change only the type: the checksum covers parts that are missing */
};

/* Notes of map() for xlat_explain: what has decided about one end of a packet.  The translator does
 * not read them. */
struct xlat_end {
	uint8_t by;    /* enum xlat_by */
	uint8_t taken; /* enum xlat_by: the owner of the IPv4 address that the end claims through a
			  prefix */
	uint16_t prefix; /* index of that translation prefix */
};

struct xlat_job {
	struct xlat *x;
	struct xlat_out *out; /* NULL: only ask; take and write nothing */
	const struct xlat_dir *dir;
	const struct xlat_job *outer; /* for a quoted packet: the error that quotes it */
	int32_t now;                  /* seconds */
	bool is_error;                /* p is an ICMP error */
	bool name_router; /* decided by map(): the source has no IPv4 address and is named in an
			     extension */

	/* decided by map() */
	struct xlat_end host; /* the end on the IPv6 side, also for a quoted packet */
	struct xlat_end peer; /* the end on the IPv4 side */
	bool wants_lease;     /* the source needs a lease */
	unsigned prefix;      /* index of the translation prefix in use */
	struct lease *lease_src, *lease_dst;
	/* decided by fit() */
	uint32_t mtu; /* with REASON_TOO_BIG: the MTU to announce */
	size_t limit; /* 4->6: maximum length of a packet that is not fragmented; 0: unlimited */
	/* decided by xlat_check_l4() */
	enum l4_fix fix;
	uint8_t csum_at, new_type;

	/* the members below are not zeroed for each packet, which would take 6 % of its time */
	struct packet p;       /* set by packet_parse() */
	uint32_t src4, dst4;   /* set by map(), 6->4 */
	struct ip6 src6, dst6; /* set by map(), 4->6 */
};

static inline void xlat_note_prefix(struct xlat_end *end, unsigned prefix)
{
	end->by = BY_PREFIX;
	end->prefix = (uint16_t)prefix; /* a configuration has no more prefixes */
}

/* Return the device's MTU for each family; for IPv6, at least its minimum. */
static inline unsigned xlat_mtu4(const struct xlat *x)
{
	return x->mtu;
}

static inline unsigned xlat_mtu6(const struct xlat *x)
{
	return x->mtu < IP6_MTU_MIN ? IP6_MTU_MIN : x->mtu;
}

/* Returns the maximum length of the IPv6 packets that result from an IPv4 packet without DF
 * [7915-4].  XLAT_OUTPUTS depends on the minimum, IP6_MTU_MIN. */
static inline unsigned xlat_fragment_limit(const struct xlat *x)
{
	unsigned mtu = xlat_mtu6(x), limit = x->conf->offlink_mtu;

	if (limit > mtu)
		limit = mtu;
	return limit < IP6_MTU_MIN ? IP6_MTU_MIN : limit;
}

/* Returns the protocol of P's payload in the other family. */
static inline uint8_t xlat_proto(const struct packet *p)
{
	if (!packet_is_icmp(p))
		return p->proto;
	return p->family == 4 ? PROTO_ICMPV6 : PROTO_ICMP;
}

/* Returns the translated TOS or traffic class.  ECN describes the path and is always kept
 * [3168]. */
static inline uint8_t xlat_tos(const struct packet *p, bool ignore)
{
	return ignore ? p->tos & TOS_ECN : p->tos;
}

/* Returns true if A is a source address for errors of routers without an IPv4 address. */
bool xlat_is_for_routers(const struct xlat_conf *conf, uint32_t a);

/* Returns the index of the `translatable` network that contains A, or LPM_NONE. */
uint32_t xlat_find_translatable(const struct xlat_conf *conf, uint32_t a);

/* Returns the index of the `allow` network that contains HOST, or LPM_NONE.  There must be an
 * `allow`. */
uint32_t xlat_find_allowed(const struct xlat_conf *conf, const struct ip6 *host);

/* Returns true if HOST, which has neither map nor lease, may use the translator. */
bool xlat_is_allowed(const struct xlat_conf *conf, const struct ip6 *host);

/* Returns the index of the `deny` network that contains A, which no IPv6 host may reach, or
 * LPM_NONE.  There must be a `deny`. */
uint32_t xlat_find_denied(const struct xlat_conf *conf, uint32_t a);

/* Returns true if the configuration names A: A is in a map, or in the pool with or without a
 * lease. */
bool xlat_names4(const struct xlat *x, uint32_t a);

/* Returns true if a router may forward A.  Link-local addresses count if the configuration names
 * them, but not through a map of 0.0.0.0/0. */
bool xlat_passes4(const struct xlat *x, uint32_t a);

/* Returns true if a router may forward both addresses of P. */
bool xlat_addrs_pass(const struct xlat *x, const struct packet *p);

/* Returns true if A may appear on the wire embedded in prefix PREFIX [6052-3.1]. */
bool xlat_may_embed(const struct xlat *x, unsigned prefix, uint32_t a);

/* Returns LEN bytes of the caller's scratch memory, with the space that an output needs before its
 * head. */
uint8_t *xlat_scratch(struct xlat_out *out, size_t len);

/* Adds an output made from J's packet or a part of it.  HEAD begins with IP bytes of IP header and
 * fragment header, followed by the L4 header, except in a later fragment.  The offload work of the
 * received packet is left to the device. */
struct output *xlat_add(struct xlat_job *j, size_t ip, uint8_t *head, size_t head_len,
			const uint8_t *body, size_t body_len);

/* Adds an ICMP message of LEN bytes, including its IP header. */
void xlat_add_icmp(struct xlat_out *out, unsigned family, uint8_t *head, size_t len);

/* Returns P, whose checksum is partial, in the form that gso.h takes; its L4 header and payload are
 * at L4. */
struct gso_packet xlat_gso(const struct packet *p, const uint8_t *l4);

/* Returns the number of packets for LEN bytes of L4 header and payload of P. */
size_t xlat_segments(const struct packet *p, size_t len);

/* Decides what would happen to a packet that is not an ICMP error, and fills J.  Writes only to J;
 * chooses a lease for the source, but does not take it. */
enum reason xlat_ask(struct xlat *x, const uint8_t *packet, size_t len, int64_t now,
		     struct xlat_job *j);

/* Returns true if there is an address for the source of J's packet, which needs a lease, and stores
 * it in SRC4. */
bool xlat_find_room(struct xlat_job *j);

/* Returns the ICMP error that RFCs require for J's packet, which was refused for WHY; type
 * ICMP_NO_ANSWER: none. */
struct icmp_answer xlat_due(const struct xlat_job *j, enum reason why);

/* Sends the ICMP error for J's packet, which was refused for WHY, at NOW (milliseconds), if one is
 * due and the rate limit allows it. */
void xlat_answer(struct xlat_job *j, enum reason why, int64_t now);

/* J's packet at PACKET is too big.  If it is a GSO packet and its last segment fits, cuts that
 * segment off and makes it J's packet.  Returns its L4 part, or NULL. */
uint8_t *xlat_take_last(struct xlat_job *j, uint8_t *packet);

/* Checks that the payload is complete and its checksum can be updated, and decides how. */
enum reason xlat_check_l4(struct xlat_job *j);

/* Applies the decision of xlat_check_l4() to the payload at L4, of which LEN bytes are present. */
void xlat_fix_l4(const struct xlat_job *j, uint8_t *l4, size_t len);

/* Notes in OUT whether J's packet, which was translated, is plain, and its addresses. */
void xlat_note_pair(const struct xlat_job *j);

/* Translates the ICMP error in J with the packet that it quotes, and adds the output. */
enum reason xlat_error(struct xlat_job *j);

extern const struct xlat_dir xlat_dir_4to6, xlat_dir_6to4;

#endif

/* xlat - the translator: a packet goes in, a reason and zero or more packets come out.
 *
 * Nothing here logs, sends, reads a clock or touches a global. */
#ifndef NAT64D_XLAT_H
#define NAT64D_XLAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/arena.h"
#include "lib/ratelimit.h"
#include "lib/ipid.h"
#include "lib/lpm.h"
#include "map/map.h"
#include "packet/fastpath.h"
#include "packet/offload.h"
#include "packet/output.h"
#include "map/pool.h"
#include "packet/reason.h"

enum udp_zero { /* what to do with a UDP datagram over IPv4 that has no checksum [7915-4.5] */
	UDP_ZERO_CALC,
	UDP_ZERO_DROP,
	UDP_ZERO_FWD,
};

enum icmp_errors { /* the ICMP errors that we generate ourselves */
	ICMP_ERRORS_LIMIT,
	ICMP_ERRORS_SEND,
	ICMP_ERRORS_NEVER,
};

#define MSS_OFF  0
#define MSS_AUTO (-1) /* what the smaller of both sides carries */

/* What the operator chose; never changes in place. */
struct xlat_conf {
	uint32_t own4;    /* ipv4-addr */
	struct ip6 own6;  /* ipv6-addr */
	bool wkpf_strict; /* [6052-3.1] */
	/* The IPv4-translatable hosts [6052-3.3], which speak through a prefix as who they are: all
	 * or those in the table (32-bit keys, the value is the network's number in the
	 * configuration; NULL: none). */
	bool translatable_all;
	const struct lpm *translatable;
	/* Hosts that may take a lease, or speak as who they are: those in the table (128-bit keys,
	 * the value is the number of the network in the configuration; NULL: all). */
	const struct lpm *allow;
	/* IPv4 destinations that nobody reaches from IPv6 (32-bit keys; likewise; NULL: none). */
	const struct lpm *deny;
	enum udp_zero udp_zero;
	unsigned offlink_mtu; /* bytes; IPv4 without DF is fragmented to this [7915-4] */
	bool tos_ignore_4to6; /* clear DSCP, keep ECN [7915-4.1] */
	bool tos_ignore_6to4; /* the same [7915-5.1] */
	enum icmp_errors icmp_errors;
	bool has_icmp_source;
	struct prefix4 icmp_source; /* sources for errors of routers that IPv4 cannot name [6791] */
	bool node_id;               /* such errors come from 192.0.0.8 and say who sent them */
	int mss_clamp;              /* bytes, MSS_OFF or MSS_AUTO */
};

#define XLAT_DUMMY4 0xc0000008u /* 192.0.0.8 [7600-4.8], with node_id */

/* Is A an IPv4-translatable host [6052-3.3]? */
bool xlat_is_translatable(const struct xlat_conf *conf, uint32_t a);

struct xlat {
	const struct xlat_conf *conf;
	const struct map_table *maps;
	struct pool *pool; /* NULL: no dynamic pool */
	/* which IPv6 destinations the kernel routes: value 1 into our own device, 0 elsewhere;
	 * NULL: not known (treated as elsewhere) */
	const struct lpm *routes6;
	struct ratelimit *ratelimit; /* for generated ICMP errors */
	unsigned mtu;                /* of the device, both families */
	bool draining;               /* no host gets a new lease */
	struct ipid ipid;
};

/* Nobody else writes to a struct xlat, but for batch, which takes numbers out of IPID.  What it is
 * given stays the caller's, and must stay until X is given another.  IPID, whose numbers are
 * random, is copied. */
void xlat_start(struct xlat *x, const struct ipid *ipid);
void xlat_configure(struct xlat *x, const struct xlat_conf *conf, const struct map_table *maps,
		    struct pool *pool, struct ratelimit *ratelimit);
void xlat_set_routes(struct xlat *x, const struct lpm *routes6);
void xlat_set_mtu(struct xlat *x, unsigned mtu);
/* Whether hosts without a lease are refused (REASON_DRAINING); those with one go on.  Lasts beyond
 * xlat_configure(). */
void xlat_set_draining(struct xlat *x, bool on);

#define XLAT_HEADROOM 64    /* writable bytes wanted in front of every packet */
#define XLAT_OUTPUTS  128   /* most packets that one can become */
#define XLAT_SCRATCH  20480 /* most bytes that are taken for headers and messages */

/* The addresses of a translated packet on both sides. */
struct xlat_pair {
	struct fastpath_key4 v4;
	struct fastpath_key6 v6;
};

struct xlat_out {
	struct arena *scratch; /* the caller's, with XLAT_SCRATCH bytes left */
	struct lease *record;  /* a lease that is new or whose record is out of date, to be put on
				  record before the outputs leave; NULL: none */
	unsigned packets;      /* on the wire that the returned reason is about */
	size_t bytes;          /* of theirs, with the headers of each */
	/* The last segment of a GSO packet that is too big may be short enough to pass.  That
	 * packet is translated, or refused, by itself, for the reason LAST. */
	bool has_last;
	enum reason last;
	struct span last_packet; /* as it came, if it is refused */
	unsigned suppressed;     /* ICMP errors that were due but that the rate limit forbade */
	unsigned answers;        /* outputs that go back to the source */
	/* Of a packet that is translated: the lease of the host that sent or receives it. */
	struct lease *lease;
	/* A packet with nothing to decide but its addresses: TCP, UDP with a checksum, or an echo,
	 * with a bare IP header, that leaves unfragmented and is the first output.  So do all
	 * like it between the same addresses, if they fit [xlat_tell()]. */
	bool plain;
	struct xlat_pair pair; /* if it is plain */
	unsigned outputs;
	struct output output[XLAT_OUTPUTS]; /* in PACKET's buffer or in SCRATCH */
};

/* Translates the LEN bytes at PACKET, in front of which XLAT_HEADROOM bytes may be overwritten, at
 * NOW (milliseconds of the clock of pool.h, which pool.h sees in seconds).  OFFLOAD: what the
 * device left to be done about it; NULL: nothing.  Fills OUT's outputs, valid until PACKET or
 * OUT's scratch is used again.  REASON_OK: translated, PACKET's bytes are overwritten.
 * REASON_SELF_ECHO: answered. Otherwise refused: PACKET is untouched, but for a checksum that was
 * partial and is complete now, and for the end of a packet of which OUT has the last segment; OUT
 * may hold an ICMP error for its source. */
enum reason xlat_packet(struct xlat *x, uint8_t *packet, size_t len, const struct offload *offload,
			int64_t now, struct xlat_out *out);

/* What the program in the kernel is told of OUT's packet, which is plain and of FAMILY: all that
 * holds for every plain packet of the pair, but for generations and lease. */
void xlat_tell(struct xlat *x, unsigned family, const struct xlat_out *out,
	       struct fastpath_pair *pair);

#endif
